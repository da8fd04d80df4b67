//! Users and groups of a portal.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Reply, bench, bench_with, user_body};
use crate::intrexx::sim::options::answers::{IdStyle, Passwords};

#[tokio::test]
async fn a_users_id_comes_from_its_location_alone() {
    let bench = bench().await;
    let reply = bench.post("/sales/users", user_body("ada")).await;
    assert_eq!((reply.status, reply.location.as_deref()), (201, Some("sales/users/5")));
    let user = reply.json();
    let expected = json!({
        "id": 5,
        "guid": user["guid"],
        "general_settings": {
            "first_name": "Ada",
            "last_name": "Lovelace",
            "object_name": "ada",
            "full_name": "Ada Lovelace",
        },
        "account": {
            "login_username": "ada",
            "disabled": false,
            "account_can_be_locked": true,
            "password_expires": false,
            "must_change_password": false,
            "cannot_change_password": false,
            "locked": false,
        },
        "contact": {"email": {"work": "ada@example.com"}},
    });
    assert_eq!(user, expected);
    assert_eq!(bench.get("/sales/users/5").await.good(), expected);
    assert!(bench.sim.login("sales", "ADA", "P@ssw0rd-ada"));
    assert!(!bench.sim.login("sales", "ada", ""));
    for path in ["/sales/users/6", "/sales/users/ada", "/sales/users/-1"] {
        assert_eq!(bench.get(path).await.refusal(), (404, "there is no such user".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn the_vendors_sample_has_a_comma_too_many() {
    for (lenient, status) in [(false, 400), (true, 201)] {
        let bench = bench_with(|options| options.behaviour.lenient_json = lenient).await;
        let body = user_body("ada").to_string();
        let body = format!("{},}}", body.strip_suffix('}').unwrap());
        let reply = Reply::of(bench.request(Method::POST, "/sales/users").body(body).send().await.unwrap()).await;
        assert_eq!(reply.status, status);
    }
}

#[tokio::test]
async fn every_attribute_is_kept() {
    let bench = bench().await;
    let whole = json!({
        "general_settings": {
            "first_name": "Ada", "last_name": "Lovelace", "object_name": "ada", "middle_name": "King",
            "title": "Countess", "description": "First of all",
        },
        "account": {
            "login_username": "ada", "domain": "example", "disabled": true, "account_can_be_locked": false,
            "password_expires": true, "must_change_password": true, "cannot_change_password": true,
        },
        "contact": {
            "email": {"work": "ada@example.com", "private": "ada@example.org"},
            "phone": {"work": "1", "private": "2", "mobile": "3", "fax": "4"},
        },
        "personal_information": {
            "gender": "F", "date_of_birth": "1815-12-10", "personnel_number": "7", "entry_date": "1843-01-01",
        },
        "address": {
            "po_box": "1", "street": "St James's Square", "postal_code": "SW1", "city": "London", "state": "-",
            "country": "GB",
        },
        "custom_attributes": {"shoe_size": 38},
    });
    let told = bench.post("/sales/users", whole.clone()).await.good();
    let mut expected = whole;
    for (pointer, key, value) in [
        ("", "id", json!(5)),
        ("", "guid", told["guid"].clone()),
        ("/general_settings", "full_name", json!("Ada Lovelace")),
        ("/account", "locked", json!(false)),
    ] {
        expected.pointer_mut(pointer).unwrap()[key] = value;
    }
    assert_eq!(told, expected);
}

#[tokio::test]
async fn logins_are_taken_once_in_a_domain() {
    let bench = bench().await;
    bench.post("/sales/users", user_body("ada")).await.good();
    let taken = (409, "account.login_username is already used".to_owned());
    assert_eq!(bench.post("/sales/users", user_body("ADA")).await.refusal(), taken);
    assert_eq!(bench.post("/sales/users", user_body("administrator")).await.refusal(), taken);
    let mut elsewhere = user_body("ada");
    elsewhere["account"]["domain"] = json!("example");
    assert_eq!(bench.post("/sales/users", elsewhere).await.location.as_deref(), Some("sales/users/6"));
    let clash = json!({"account": {"domain": null}});
    assert_eq!(bench.patch("/sales/users/6", clash).await.refusal(), taken);
    assert_eq!(bench.patch("/sales/users/6", json!({"account": {"login_username": "ada2"}})).await.status, 200);
}

#[tokio::test]
async fn wrong_users_are_refused() {
    let bench = bench().await;
    for (pointer, key, value, message) in [
        ("/general_settings", "first_name", Value::Null, "general_settings.first_name must not be null"),
        ("/general_settings", "last_name", json!(""), "general_settings.last_name must be a text that is not blank"),
        ("/account", "login_username", json!(7), "account.login_username must be a text that is not blank"),
        ("/account", "disabled", json!("no"), "account.disabled must be true or false"),
        ("", "contact", json!("ada@example.com"), "contact must be an object"),
    ] {
        let mut body = user_body("ada");
        body.pointer_mut(pointer).unwrap()[key] = value;
        assert_eq!(bench.post("/sales/users", body).await.refusal(), (400, message.to_owned()));
    }
    let reply = bench.post("/sales/users", json!({"account": {"login_username": "ada"}})).await;
    assert_eq!(reply.refusal(), (400, "general_settings.first_name is required".to_owned()));
}

#[tokio::test]
async fn passwords_may_have_to_be_long() {
    for (least, status) in [(0, 201), (12, 201), (13, 422)] {
        let bench = bench_with(|options| options.behaviour.min_password_length = least).await;
        assert_eq!(bench.post("/sales/users", user_body("ada")).await.status, status);
    }
    let bench = bench_with(|options| options.behaviour.min_password_length = 8).await;
    bench.post("/sales/users", user_body("ada")).await.good();
    let reply = bench.patch("/sales/users/5", json!({"account": {"password": "short"}})).await;
    assert_eq!(reply.refusal(), (422, "account.password must have 8 characters or more".to_owned()));
    assert!(bench.sim.login("sales", "ada", "P@ssw0rd-ada"));
}

#[tokio::test]
async fn a_user_without_a_password_gets_in_by_name() {
    let bench = bench().await;
    let mut body = user_body("ada");
    body["account"].as_object_mut().unwrap().remove("password");
    bench.post("/sales/users", body).await.good();
    assert!(bench.sim.login("sales", "ada", ""));
}

#[tokio::test]
async fn a_change_goes_to_any_depth_and_leaves_the_rest() {
    for style in [Passwords::Absent, Passwords::Stars] {
        let bench = bench_with(|options| options.answers.passwords = style).await;
        let before = bench.post("/sales/users", user_body("ada")).await.good();
        let stars = (style == Passwords::Stars).then(|| json!("***"));
        assert_eq!(before["account"].get("password"), stars.as_ref());
        let after = bench.patch("/sales/users/5", json!({"account": {"password": "next-secret"}})).await.good();
        assert_eq!(after, before);
        assert!(bench.sim.login("sales", "ada", "next-secret"));
        let change = json!({"account": {"disabled": true}, "contact": {"email": {"private": "a@example.org"}}});
        let after = bench.patch("/sales/users/5", change).await.good();
        assert_eq!(after["contact"]["email"], json!({"work": "ada@example.com", "private": "a@example.org"}));
        assert!(!bench.sim.login("sales", "ada", "next-secret"));
    }
}

#[tokio::test]
async fn ids_are_numbers_or_texts() {
    for (style, id) in [(IdStyle::Number, json!(5)), (IdStyle::String, json!("5"))] {
        let bench = bench_with(|options| options.answers.id_style = style).await;
        assert_eq!(bench.post("/sales/users", user_body("ada")).await.good()["id"], id);
        let group = json!({"general_settings": {"object_name": "Editors"}});
        assert_eq!(bench.post("/sales/groups", group).await.good()["id"].is_string(), id.is_string());
        bench.put("/sales/users/5/groups/4", json!({})).await.good();
        assert_eq!(bench.get("/sales/users/5/groups").await.good()[0]["id"].is_string(), id.is_string());
    }
}

#[tokio::test]
async fn a_deleted_user_is_gone_for_good() {
    let bench = bench().await;
    bench.post("/sales/users", user_body("ada")).await.good();
    assert_eq!(bench.delete("/sales/users/5").await.status, 204);
    assert_eq!(bench.delete("/sales/users/5").await.refusal(), (404, "there is no such user".to_owned()));
    assert_eq!(bench.patch("/sales/users/5", json!({})).await.status, 404);
    assert_eq!(bench.post("/sales/users", user_body("ada")).await.id(), "6");
    for built_in in [1, 2] {
        assert_eq!(bench.delete(&format!("/sales/users/{built_in}")).await.status, 403);
    }
}

#[tokio::test]
async fn a_group_is_made_looked_at_and_deleted() {
    let bench = bench().await;
    let settings =
        json!({"object_name": "Editors", "description": "People who edit", "email": "e@example.com", "priority": 5});
    let reply = bench.post("/sales/groups", json!({ "general_settings": settings })).await;
    assert_eq!((reply.status, reply.location.as_deref()), (201, Some("sales/groups/5")));
    let group = reply.json();
    let mut expected = json!({
        "id": 5,
        "guid": group["guid"],
        "general_settings": settings,
        "member_count": 0,
        "system": false,
    });
    assert_eq!(group, expected);
    bench.post("/sales/users", user_body("ada")).await.good();
    assert_eq!(bench.put("/sales/users/6/groups/5", json!({})).await.status, 204);
    expected["member_count"] = json!(1);
    assert_eq!(bench.get("/sales/groups/5").await.good(), expected);
    assert_eq!(bench.delete("/sales/groups/5").await.status, 204);
    assert_eq!(bench.get("/sales/users/6/groups").await.good(), json!([]));
    assert_eq!(bench.delete("/sales/groups/5").await.status, 404);
    assert_eq!(bench.get("/sales/groups/5").await.refusal(), (404, "there is no such group".to_owned()));
    for built_in in [3, 4] {
        assert_eq!(bench.delete(&format!("/sales/groups/{built_in}")).await.status, 403);
        assert_eq!(bench.get(&format!("/sales/groups/{built_in}")).await.good()["system"], true);
    }
    assert_eq!(bench.post("/sales/groups", json!({})).await.status, 400);
}

#[tokio::test]
async fn group_names_are_taken_or_not() {
    for (duplicates, status) in [(false, 409), (true, 201)] {
        let bench = bench_with(|options| options.behaviour.duplicate_names = duplicates).await;
        let group = json!({"general_settings": {"object_name": "Editors"}});
        bench.post("/sales/groups", group.clone()).await.good();
        assert_eq!(bench.post("/sales/groups", group).await.status, status);
    }
}

#[tokio::test]
async fn memberships_come_and_go() {
    let bench = bench().await;
    bench.post("/sales/users", user_body("ada")).await.good();
    for _ in 0..2 {
        assert_eq!(bench.send(Method::PUT, "/sales/users/5/groups/4", None).await.status, 204);
    }
    let groups = bench.get("/sales/users/5/groups").await.good();
    assert_eq!(groups, json!([{"id": 4, "guid": groups[0]["guid"], "object_name": "Users"}]));
    assert_eq!(bench.delete("/sales/users/5/groups/4").await.status, 204);
    let again = bench.delete("/sales/users/5/groups/4").await;
    assert_eq!(again.refusal(), (404, "the user is not in this group".to_owned()));
    for (method, path) in [
        (Method::PUT, "/sales/users/5/groups/99"),
        (Method::PUT, "/sales/users/99/groups/4"),
        (Method::DELETE, "/sales/users/5/groups/99"),
        (Method::DELETE, "/sales/users/99/groups/4"),
        (Method::GET, "/sales/users/99/groups"),
    ] {
        assert_eq!(bench.send(method, path, None).await.status, 404, "{path}");
    }
}
