//! Portals and templates of the server.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Bench, ZIP, bench, bench_with, portal_body};
use crate::intrexx::sim::options::answers::PortalList;
use crate::intrexx::sim::options::server::{CreateAnswer, NewPortals};
use crate::sim::journal::Outcome;

async fn listed(bench: &Bench, path: &str) -> Value {
    let portals = bench.get("/portals").await.good();
    portals.as_array().unwrap().iter().find(|portal| portal["portal_path"] == path).cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_portal_is_made_listed_and_deleted_by_its_guid() {
    let bench = bench().await;
    let reply = bench.post("/portals", portal_body("hr")).await;
    assert_eq!(reply.status, 201);
    let made = reply.json();
    assert_eq!(reply.location, Some(format!("portals/{}", made["id"].as_str().unwrap())));
    let expected = json!({
        "id": made["id"],
        "name": "hr",
        "display_name": "Sales",
        "portal_path": "/opt/intrexx/org/hr",
        "base_url": "https://sales.example.test",
        "version": "12.1.5",
        "status": "RUNNING",
    });
    assert_eq!(made, expected);
    assert_eq!(listed(&bench, "/opt/intrexx/org/hr").await, expected);
    assert_eq!(bench.get("/hr/webserver").await.good(), json!({"base_url": "https://sales.example.test"}));

    assert_eq!(bench.delete("/portals/hr").await.status, 404);
    assert_eq!(bench.delete(&format!("/portals/{}", reply.id().to_lowercase())).await.status, 204);
    assert_eq!(bench.get("/hr/webserver").await.status, 404);
    assert_eq!(bench.delete(&format!("/portals/{}", reply.id())).await.status, 404);
    assert_eq!((bench.sim.effect("hr created"), bench.sim.effect("hr deleted")), (1, 1));
}

#[tokio::test]
async fn paths_ports_and_databases_are_taken_once() {
    let bench = bench().await;
    bench.post("/portals", portal_body("hr")).await.good();
    let changed = |pointer: &str, value: Value| {
        let mut body = portal_body("it");
        body["portal"]["web_connector_port"] = json!(1338);
        body["portal"]["rest_connector_port"] = json!(8102);
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    for (body, message) in [
        (changed("/portal_path", json!("/opt/intrexx/org/hr/")), "portal_path is already used"),
        (changed("/portal_path", json!("/elsewhere/sales")), "portal_path is already used"),
        (changed("/portal/web_connector_port", json!(1337)), "a port is already used"),
        (changed("/database/database_name", json!("ixhr")), "database.database_name is already used"),
    ] {
        assert_eq!(bench.post("/portals", body).await.refusal(), (409, message.to_owned()));
    }
    let reply = bench.post("/portals", changed("/template_path", json!("/nowhere"))).await;
    assert_eq!(reply.refusal(), (404, "template_path does not exist".to_owned()));
    let reply = bench.post("/portals", changed("/portal/display_name", Value::Null)).await;
    assert_eq!(reply.refusal(), (400, "portal.display_name must not be null".to_owned()));
    assert_eq!(bench.sim.effect("it created"), 0);
    bench.post("/portals", changed("/database/create", json!(true))).await.good();
}

#[tokio::test]
async fn a_database_stays_and_a_directory_goes_unless_told_otherwise() {
    for (body, again) in [
        (json!({}), "database.database_name is already used"),
        (json!({"delete_portal_directory": false, "delete_database": true}), "portal_path is already used"),
        (json!({"delete_database": true}), ""),
    ] {
        let bench = bench().await;
        let id = bench.post("/portals", portal_body("hr")).await.id();
        bench.send(Method::DELETE, &format!("/portals/{id}"), Some(body)).await.good();
        let reply = bench.post("/portals", portal_body("hr")).await;
        if again.is_empty() {
            assert_ne!(reply.id(), id);
        } else {
            assert_eq!(reply.refusal(), (409, again.to_owned()));
        }
    }
}

#[tokio::test]
async fn a_long_create_answers_when_the_portal_is_made() {
    let bench = bench_with(|options| options.server.create_seconds = 600).await;
    let (reply, ()) = tokio::join!(bench.post("/portals", portal_body("hr")), async {
        bench.sim.journal().wait_until("create_portal", Outcome::Underway).await;
        while listed(&bench, "/opt/intrexx/org/hr").await.is_null() {}
        assert_eq!(listed(&bench, "/opt/intrexx/org/hr").await["status"], "CREATING");
        assert_eq!(bench.get("/hr/settings").await.status, 404);
        let id = listed(&bench, "/opt/intrexx/org/hr").await["id"].clone();
        assert_eq!(bench.delete(&format!("/portals/{}", id.as_str().unwrap())).await.status, 409);
        bench.sim.advance(SignedDuration::from_secs(600));
    });
    assert_eq!((reply.status, reply.json()["status"].clone()), (201, json!("RUNNING")));
    assert_eq!(bench.get("/hr/settings").await.status, 200);
}

#[tokio::test]
async fn a_create_goes_on_when_the_caller_hangs_up() {
    let bench = bench_with(|options| options.server.create_seconds = 600).await;
    let request = bench.request(Method::POST, "/portals").body(portal_body("hr").to_string());
    let call = tokio::spawn(request.send());
    while listed(&bench, "/opt/intrexx/org/hr").await.is_null() {}
    call.abort();
    call.await.unwrap_err();
    bench.sim.advance(SignedDuration::from_secs(600));
    assert_eq!(listed(&bench, "/opt/intrexx/org/hr").await["status"], "RUNNING");
    bench.sim.journal().wait_until("create_portal", Outcome::CallerGone).await;
}

#[tokio::test]
async fn a_create_can_be_promised_or_never_answered() {
    let bench = bench_with(|options| {
        options.server.create_answer = CreateAnswer::Accepted;
        options.server.create_seconds = 600;
    })
    .await;
    let reply = bench.post("/portals", portal_body("hr")).await;
    assert_eq!((reply.status, reply.location, reply.text.as_str()), (202, None, ""));
    assert_eq!(listed(&bench, "/opt/intrexx/org/hr").await["status"], "CREATING");
    bench.sim.advance(SignedDuration::from_secs(600));
    assert_eq!(listed(&bench, "/opt/intrexx/org/hr").await["status"], "RUNNING");

    let bench = bench_with(|options| options.server.create_answer = CreateAnswer::Never).await;
    let request = bench.request(Method::POST, "/portals").body(portal_body("hr").to_string());
    assert!(request.send().await.is_err());
    assert_eq!(listed(&bench, "/opt/intrexx/org/hr").await["status"], "RUNNING");
    let entry = bench.sim.journal().of("create_portal").pop().unwrap();
    assert_eq!((entry.outcome, entry.performed), (Outcome::Cut, true));
}

#[tokio::test]
async fn a_server_that_stops_leaves_nobody_waiting() {
    let bench = bench_with(|options| options.server.create_seconds = 600).await;
    let request = bench.request(Method::POST, "/portals").body(portal_body("hr").to_string());
    let call = tokio::spawn(request.send());
    while listed(&bench, "/opt/intrexx/org/hr").await.is_null() {}
    bench.sim.stop().await;
    assert!(call.await.unwrap().is_err());
}

#[tokio::test]
async fn the_administration_api_may_not_know_a_new_portal() {
    let bench = bench_with(|options| options.server.new_portals = NewPortals::AfterRestart).await;
    bench.post("/portals", portal_body("hr")).await.good();
    assert_eq!(listed(&bench, "/opt/intrexx/org/hr").await["status"], "RUNNING");
    let reply = bench.get("/hr/settings").await;
    assert_eq!(reply.refusal(), (404, "portal 'hr' is not configured".to_owned()));
    bench.control("POST", "restart").await.good();
    assert_eq!(bench.get("/hr/settings").await.status, 200);
}

#[tokio::test]
async fn the_list_may_tell_less() {
    let bench = bench_with(|options| options.answers.portal_list = PortalList::Sparse).await;
    let portal = bench.get("/portals").await.good()[0].clone();
    let keys: Vec<_> = portal.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["display_name", "id", "portal_path"]);
}

#[tokio::test]
async fn containers_refuse_portals_and_templates_and_nothing_else() {
    for status in [404, 405, 500, 501, 503] {
        let bench = bench_with(|options| options.server.containers = Some(status)).await;
        assert_eq!(bench.get("/portals").await.status, status);
        assert_eq!(bench.post("/portals", portal_body("hr")).await.status, status);
        assert_eq!(bench.delete("/portals/1").await.status, status);
        assert_eq!(bench.get("/templates").await.status, status);
        assert_eq!(bench.upload(Method::POST, "/templates", "a.zip", ZIP).await.status, status);
        assert_eq!(bench.get("/sales/settings").await.status, 200);
        assert_eq!(bench.sim.objects().len(), 1);
    }
}

#[tokio::test]
async fn names_differ_by_case_or_not() {
    for (sensitive, status) in [(true, 404), (false, 200)] {
        let bench = bench_with(|options| options.server.case_sensitive_names = sensitive).await;
        assert_eq!(bench.get("/Sales/settings").await.status, status);
    }
}

#[tokio::test]
async fn a_template_is_uploaded_listed_and_used() {
    let bench = bench().await;
    let standard = bench.get("/templates").await.good();
    assert_eq!((standard[0]["name"].clone(), standard[0]["type"].clone()), (json!("blank"), json!("STANDARD")));
    let reply = bench.upload(Method::POST, "/templates", "own.zip", ZIP).await;
    let element = json!({
        "name": "own",
        "display_name": "own",
        "description": "",
        "path": "/opt/intrexx/orgtempl/own/",
        "type": "OWN",
        "version": "12.1.5",
    });
    assert_eq!((reply.status, reply.location.as_deref()), (201, Some("templates/own")));
    assert_eq!(reply.json(), element);
    assert_eq!(bench.get("/templates").await.good()[1], element);
    let mut body = portal_body("hr");
    body["template_path"] = element["path"].clone();
    bench.post("/portals", body).await.good();
    let key = ("PortalTemplate", "own".to_owned(), "own".to_owned());
    assert!(bench.sim.objects().contains(&key));
}

#[tokio::test]
async fn a_templates_name_is_taken_once_or_not() {
    for (duplicates, status) in [(false, 409), (true, 201)] {
        let bench = bench_with(|options| options.behaviour.duplicate_names = duplicates).await;
        bench.upload(Method::POST, "/templates", "own.zip", ZIP).await.good();
        assert_eq!(bench.upload(Method::POST, "/templates", "own.zip", ZIP).await.status, status);
    }
}
