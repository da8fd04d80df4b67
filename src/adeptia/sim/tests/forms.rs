//! The forms of requests and answers.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Bench, Reply, bench, bench_with, company, invitation, linkage, new_user, parameter};
use crate::adeptia::sim::options::answers::{DeedAnswer, ErrorHttp, ErrorShape, ListWrap};
use crate::adeptia::sim::options::ids::{IdStyle, Ids};
use crate::adeptia::sim::options::server::Profile;

const MISSING: &str = "there is no such user";

async fn raw(bench: &Bench, method: Method, path: &str, content_type: &str, body: &str) -> Reply {
    let request = bench.request(method, path).header("content-type", content_type).body(body.to_owned());
    Reply::of(request.send().await.unwrap()).await
}

/// Trap 8: two examples of the vendor's page are broken JSON.
#[tokio::test]
async fn broken_examples_are_refused_unless_told_otherwise() {
    let create = r#"{ "Company": { "name": "Wallgreens", "partnerNetworks": [{ "id": 1 } "primaryContact": "admin@wallgreens.com",
        "phoneNumber": "2025550101", "address": "", "country": "", "status": 200, "enableSelfOnboard": false, "spokeCompany": false } }"#;
    let update = r#"{ "Company": { "partnerParameter": [{ "id": "-0", "paramId": { "id": "11518430417328" }, "value": "Purchase Order" },
        { "id": "-1", "paramId": { "id": "11518430417329" }, "value": "c" }] }"#;
    let bench = bench().await;
    let refused = (400, "the body is not valid JSON".to_owned());
    assert_eq!(raw(&bench, Method::POST, "/rest/company", "application/json", create).await.refusal(), refused);
    bench.sim.reconfigure(|options| options.behaviour.strict_json = false);
    let made = raw(&bench, Method::POST, "/rest/company", "application/json", create).await.good();
    assert_eq!(made["Company"]["partnerNetworks"], json!([{"id": 1}]));
    let path = format!("/rest/company/{}", made["Company"]["id"].as_str().unwrap());
    let told = raw(&bench, Method::PUT, &path, "application/json", update).await.good();
    assert_eq!(told["Company"]["partnerParameter"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn bodies_are_declared_as_json() {
    let bench = bench().await;
    let body = company("Walgreens").to_string();
    assert_eq!(raw(&bench, Method::POST, "/rest/company", "text/plain", &body).await.status, 415);
    assert_eq!(raw(&bench, Method::POST, "/rest/company", "application/json", "[1]").await.status, 400);
    bench.sim.reconfigure(|options| options.behaviour.strict_content_type = false);
    raw(&bench, Method::POST, "/rest/company", "text/plain", &body).await.good();
}

#[tokio::test]
async fn failures_have_the_shape_and_status_that_are_told() {
    let bench = bench().await;
    for (shape, body) in [
        (ErrorShape::Object, json!({"error": {"code": "NOT_FOUND", "message": MISSING}}).to_string()),
        (ErrorShape::Errors, json!({"errors": [{"code": "NOT_FOUND", "message": MISSING}]}).to_string()),
        (ErrorShape::Exception, json!({"exception": MISSING}).to_string()),
        (ErrorShape::Message, json!({"message": MISSING}).to_string()),
        (ErrorShape::Text, format!("{MISSING}\n")),
        (
            ErrorShape::Html,
            "<html><head><title>Error</title></head><body><h1>NOT_FOUND</h1></body></html>\n".to_owned(),
        ),
    ] {
        for (http, status) in [(ErrorHttp::Mirror, 404), (ErrorHttp::Ok, 200), (ErrorHttp::ServerError, 500)] {
            bench.sim.reconfigure(|options| {
                options.answers.error_shape = shape;
                options.answers.error_http = http;
            });
            let reply = bench.get("/rest/user/7").await;
            assert_eq!((reply.status, &reply.text), (status, &body), "{shape:?} {http:?}");
            let entry = bench.sim.journal().of("get_user").pop().unwrap();
            assert_eq!((entry.performed, entry.code, entry.note.as_deref()), (false, Some(404), Some(MISSING)));
        }
    }
    // A wrong password keeps its status.
    bench.sim.reconfigure(|options| options.answers.error_http = ErrorHttp::Ok);
    assert_eq!(bench.login("adminuser@adeptia.example", "wrong").await.status, 401);
    bench.sim.reconfigure(|options| options.server.wrong_password_status = 500);
    assert_eq!(bench.login("adminuser@adeptia.example", "wrong").await.status, 500);
}

#[tokio::test]
async fn statuses_of_creates_and_of_what_is_taken_are_switched() {
    let bench = bench_with(|options| {
        options.answers.created_status = 201;
        options.answers.taken_status = 422;
    })
    .await;
    assert_eq!(bench.post("/rest/company", company("Walgreens")).await.status, 201);
    assert_eq!(bench.post("/rest/company", company("Walgreens")).await.status, 422);
}

#[tokio::test]
async fn lists_are_wrapped_or_bare() {
    let bench = bench_with(|options| options.answers.list_wrap = ListWrap::Bare).await;
    assert_eq!(bench.get("/rest/user?limit=9").await.good().as_array().unwrap().len(), 2);
    assert_eq!(bench.get("/rest/company").await.good()[0]["name"], "Adeptia");
}

#[tokio::test]
async fn what_is_not_documented_is_answered_in_several_ways() {
    for (answer, status, text) in [
        (DeedAnswer::Empty, 200, ""),
        (DeedAnswer::Object, 200, "{}"),
        (DeedAnswer::Status, 200, "{\"status\":\"success\"}"),
        (DeedAnswer::Text, 200, "success"),
        (DeedAnswer::NoContent, 204, ""),
    ] {
        let bench = bench_with(|options| options.answers.deed_answer = answer).await;
        let reply = bench.press("/rest/users/activate/1").await;
        assert_eq!((reply.status, reply.text.as_str()), (status, text));
    }
}

/// Trap 12: ids as text or number, whatever the field.
#[tokio::test]
async fn every_id_can_be_written_otherwise() {
    use IdStyle::{Number, String};
    let bench = bench_with(|options| {
        options.ids = Ids {
            invitation: Number,
            user: Number,
            role_partner: String,
            role: String,
            company: Number,
            network: String,
            row: Number,
            parameter: Number,
            linkage: Number,
            linked: String,
        };
    })
    .await;
    let invitation = bench.invite("new@adeptia.example").await.good()["invitationId"].as_u64().unwrap();
    let user = bench.post("/rest/users/createuser", new_user(invitation)).await.good()["IndigoUser"].clone();
    let row = &user["userPartnerRole"][0];
    assert!(user["id"].is_u64() && row["user"]["id"].is_u64());
    assert_eq!((&row["partner"]["id"], &row["role"]["id"]), (&json!("1"), &json!("2")));
    // What it tells can be said back as it is.
    bench.put(&format!("/rest/users/{}", user["id"]), json!({ "IndigoUser": user })).await.good();

    let made = bench.post("/rest/company", company("Walgreens")).await.good();
    let id = made["Company"]["id"].as_u64().unwrap().to_string();
    assert_eq!(made["Company"]["partnerNetworks"], json!([{"id": "1"}]));
    let rows = json!({"Company": {"partnerParameter": [parameter("-0", "11518430417328", "a")]}});
    let told = bench.put(&format!("/rest/company/{id}"), rows).await.good();
    let row = &told["Company"]["partnerParameter"][0];
    assert!(row["id"].is_u64() && row["paramId"]["id"].is_u64());
    let told = bench.grant(&id, super::TEMPLATE).await.good()["TemplatePartnerLinkage"].clone();
    assert!(told["id"].is_u64());
    assert_eq!((&told["partner"]["id"], &told["transactionTemplate"]["id"]), (&json!(id), &json!("11535091945352")));
}

#[tokio::test]
async fn fields_may_come_that_nobody_knows() {
    let bench = bench_with(|options| options.answers.extra_fields = true).await;
    let told = bench.get("/rest/user/1").await.good();
    assert_eq!(told["IndigoUser"]["entityVersion"], 42);
    assert_eq!(bench.get("/rest/company").await.good()["Company"][0]["entityVersion"], 42);
    assert_eq!(bench.invite("new@adeptia.example").await.good()["entityVersion"], 42);
}

/// Trap 1: the paths that the page prints without a slash are below `/rest` too.
#[tokio::test]
async fn every_row_of_the_page_is_served() {
    let bench = bench().await;
    let user = bench.user("new@adeptia.example").await;
    let partner = bench.partner("Walgreens").await;
    let of = bench.grant(&partner, super::TEMPLATE).await.good()["TemplatePartnerLinkage"]["id"].clone();
    let of = of.as_str().unwrap();
    let whole = bench.get(&format!("/rest/user/{user}")).await.good();
    let some = Some;
    for (method, path, body) in [
        (
            Method::POST,
            "/rest/invitation?resourceIdentifier=users".to_owned(),
            some(invitation("other@adeptia.example")),
        ),
        (Method::PUT, format!("/rest/users/{user}"), some(whole)),
        (Method::GET, format!("/rest/user/{user}"), None),
        (Method::GET, "/rest/user".to_owned(), None),
        (Method::PUT, format!("/rest/users/deactivate/{user}"), some(json!({}))),
        (Method::PUT, format!("/rest/users/activate/{user}"), some(json!({}))),
        (Method::PUT, format!("/rest/users/deactivate/{user}"), None),
        (Method::PUT, format!("/rest/users/updateowner?oldUserId={user}&deleteUser=true"), some(json!({}))),
        (Method::PUT, format!("/rest/company/{partner}"), some(json!({"Company": {"name": "Walmart Corporate"}}))),
        (Method::POST, format!("/rest/company/{partner}"), some(json!({"Company": {"partnerNetworks": [{"id": 1}]}}))),
        (
            Method::DELETE,
            format!("/rest/templatepartnerlinkage/{of}?isTemplate=true&resourceIdentifier=transactiontemplate"),
            None,
        ),
        (
            Method::POST,
            "/rest/templatepartnerlinkage?resourceIdentifier=company".to_owned(),
            some(linkage(&partner, None)),
        ),
        (Method::DELETE, format!("/rest/templatepartnerlinkage/{partner}?resourceIdentifier=company"), None),
        (Method::PUT, format!("/rest/company/{partner}"), some(json!({"Company": {"status": 201}}))),
        (Method::PUT, format!("/rest/company/deletepartner/{partner}"), None),
    ] {
        let reply = bench.send(method.clone(), &path, body).await;
        assert_eq!(reply.status, 200, "{method} {path}: {reply:?}");
    }
}

#[tokio::test]
async fn all_paths_can_be_served_at_once() {
    let bench = bench_with(|options| {
        options.server.profile = Profile::Current;
        options.server.any_paths = true;
    })
    .await;
    for path in ["/rest/user", "/rest/users"] {
        let told: Value = bench.get(path).await.good();
        assert_eq!(told["IndigoUser"].as_array().unwrap().len(), 1, "{path}");
    }
    let id = bench.partner("Walgreens").await;
    bench.put(&format!("/rest/company/{id}"), json!({"Company": {"status": 201}})).await.good();
    bench.delete(&format!("/rest/company/{id}")).await.good();
}
