//! Mail services of a portal.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Bench, bench, bench_with};
use crate::intrexx::sim::options::answers::Passwords;
use crate::intrexx::sim::options::behaviour::NewMailService;

fn service_body() -> Value {
    json!({
        "name": "outgoing",
        "description": "Mail of the portal",
        "type": "SMTP",
        "host": "smtp.example.com",
        "port": 587,
        "encryption": "STARTTLS",
        "authentication": "PASSWORD",
        "username": "sales@example.com",
        "password": "mail-secret",
        "sender_address": "sales@example.com",
        "sender_name": "Sales",
        "connection_timeout_sek": 30,
        "default": true,
        "active": true,
    })
}

async fn made(bench: &Bench, body: Value) -> String {
    let reply = bench.post("/sales/mailservices", body).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    format!("/{}", reply.location.unwrap())
}

fn password(bench: &Bench) -> Option<String> {
    bench.sim.portal("sales").unwrap().mail[0].password.clone()
}

#[tokio::test]
async fn a_service_is_added_listed_and_changed() {
    let bench = bench().await;
    let reply = bench.post("/sales/mailservices", service_body()).await;
    assert_eq!(reply.location, Some(format!("sales/mailservices/{}", reply.id())));
    let mut expected = service_body();
    expected.as_object_mut().unwrap().remove("password");
    expected["id"] = json!(reply.id());
    assert_eq!(reply.json(), expected);
    assert_eq!(bench.get("/sales/mailservices").await.good(), json!([expected]));
    let path = format!("/sales/mailservices/{}", reply.id());
    expected["port"] = json!(465);
    expected["encryption"] = json!("TLS");
    assert_eq!(bench.patch(&path, json!({"port": "465", "encryption": "TLS"})).await.good(), expected);
    assert_eq!(bench.get(&path.to_lowercase()).await.good(), expected);
    assert_eq!(bench.get("/sales/mailservices/0").await.status, 404);
    assert_eq!(bench.patch("/sales/mailservices/0", json!({})).await.status, 404);
}

#[tokio::test]
async fn a_password_stays_until_it_is_replaced_or_cleared() {
    for style in [Passwords::Absent, Passwords::Stars] {
        let bench = bench_with(|options| options.answers.passwords = style).await;
        let path = made(&bench, service_body()).await;
        let told = |service: &Value| service.get("password").map(|password| password.as_str().unwrap().to_owned());
        let stars = (style == Passwords::Stars).then(|| "***".to_owned());
        assert_eq!(told(&bench.get(&path).await.good()), stars);
        bench.patch(&path, json!({"port": 25})).await.good();
        assert_eq!(password(&bench).as_deref(), Some("mail-secret"));
        bench.patch(&path, json!({"password": "next-secret"})).await.good();
        assert_eq!(password(&bench).as_deref(), Some("next-secret"));
        assert_eq!(told(&bench.patch(&path, json!({"password": null})).await.good()), None);
        assert_eq!(password(&bench), None);
    }
}

#[tokio::test]
async fn ports_follow_from_type_and_encryption() {
    let bench = bench().await;
    for (r#type, encryption, port) in [
        ("SMTP", "NONE", 25),
        ("SMTP", "STARTTLS", 587),
        ("SMTP", "TLS", 465),
        ("IMAP", "NONE", 143),
        ("IMAP", "TLS", 993),
        ("POP3", "STARTTLS", 110),
        ("POP3", "TLS", 995),
    ] {
        let name = format!("{type} {encryption}");
        let body = json!({"name": name, "type": r#type, "host": "mail.example.com", "encryption": encryption});
        assert_eq!(bench.post("/sales/mailservices", body).await.good()["port"], port, "{name}");
    }
}

#[tokio::test]
async fn wrong_services_are_refused() {
    let bench = bench().await;
    let path = made(&bench, service_body()).await;
    let without = |key: &str| {
        let mut body = service_body();
        body["name"] = json!("another");
        body.as_object_mut().unwrap().remove(key);
        body
    };
    let with = |key: &str, value: Value| {
        let mut body = without("nothing");
        body[key] = value;
        body
    };
    for (body, status) in [
        (without("name"), 400),
        (without("type"), 400),
        (without("host"), 400),
        (with("type", json!("EXCHANGE")), 400),
        (with("port", json!(70000)), 400),
        (with("name", json!("outgoing")), 409),
    ] {
        assert_eq!(bench.post("/sales/mailservices", body).await.status, status);
    }
    made(&bench, without("nothing")).await;
    assert_eq!(bench.patch(&path, json!({"name": "another"})).await.status, 409);
    assert_eq!(bench.patch(&path, json!({"name": "outgoing"})).await.status, 200);
}

#[tokio::test]
async fn one_service_is_the_standard_one() {
    let bench = bench().await;
    let first = made(&bench, service_body()).await;
    let mut body = service_body();
    body["name"] = json!("second");
    let second = made(&bench, body).await;
    assert_eq!(bench.get(&first).await.good()["default"], false);
    bench.patch(&first, json!({"default": true})).await.good();
    assert_eq!(bench.get(&second).await.good()["default"], false);
}

#[tokio::test]
async fn names_are_taken_or_not() {
    for (duplicates, status) in [(false, 409), (true, 201)] {
        let bench = bench_with(|options| options.behaviour.duplicate_names = duplicates).await;
        made(&bench, service_body()).await;
        assert_eq!(bench.post("/sales/mailservices", service_body()).await.status, status);
    }
}

#[tokio::test]
async fn a_new_service_runs_or_not() {
    for (new, word) in [(NewMailService::Stopped, "STOPPED"), (NewMailService::Running, "RUNNING")] {
        let bench = bench_with(|options| options.behaviour.new_mail_service = new).await;
        let path = made(&bench, service_body()).await;
        assert_eq!(bench.get(&format!("{path}/status")).await.good()["status"], word);
    }
}

#[tokio::test]
async fn starting_and_stopping_take_a_while() {
    let bench = bench_with(|options| options.server.mail_transition_seconds = 5).await;
    let path = format!("{}/status", made(&bench, service_body()).await);
    for (wish, first, then) in [("RUNNING", "STARTING", "RUNNING"), ("STOPPED", "STOPPING", "STOPPED")] {
        let status = bench.put(&path, json!({ "status": wish })).await.good();
        assert_eq!((&status["status"], &status["message"]), (&json!(first), &Value::Null));
        assert!(status["since"].is_string());
        assert_eq!(bench.put(&path, json!({ "status": wish })).await.good(), status);
        bench.sim.advance(SignedDuration::from_secs(5));
        assert_eq!(bench.get(&path).await.good()["status"], then);
    }
    assert_eq!(bench.put(&path, json!({"status": "STARTING"})).await.status, 400);
    assert_eq!(bench.put("/sales/mailservices/0/status", json!({"status": "RUNNING"})).await.status, 404);
    assert_eq!(bench.get("/sales/mailservices/0/status").await.status, 404);
}

#[tokio::test]
async fn a_broken_service_says_why() {
    let bench = bench().await;
    let path = format!("{}/status", made(&bench, service_body()).await);
    bench.control("POST", "portals/sales/mailservices/outgoing?error=login%20failed").await.good();
    assert_eq!(bench.get(&path).await.good()["status"], "STOPPED");
    let status = bench.put(&path, json!({"status": "RUNNING"})).await.good();
    assert_eq!((&status["status"], &status["message"]), (&json!("ERROR"), &json!("login failed")));
    bench.control("POST", "portals/sales/mailservices/outgoing?error=").await.good();
    assert_eq!(bench.get(&path).await.good()["status"], "RUNNING");
    bench.control("DELETE", "portals/sales/mailservices/outgoing").await.good();
    assert_eq!(bench.get(&path).await.status, 404);
}
