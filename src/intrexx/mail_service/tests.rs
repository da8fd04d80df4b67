//! Tests of what a mail service is compared by, and how it is judged.

use std::collections::BTreeMap;

use super::*;

fn spec(more: Json) -> MailServiceSpec {
    let mut spec = json!({"adminApi": {"name": "x"}, "portalName": "sales", "serviceName": "outgoing", "type": "Smtp", "host": "smtp"});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(spec).unwrap()
}

fn service(more: Json) -> Service {
    let mut service = json!({"id": "3F25", "name": "outgoing", "type": "SMTP", "host": "smtp"});
    service.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(service).unwrap()
}

fn status(word: &str) -> MailStatus {
    MailStatus { status: word.to_owned(), message: Some("no route to host".to_owned()), since: None }
}

fn differing(spec: &MailServiceSpec, service: &Service) -> Vec<String> {
    let wanted = MailServices::desired(spec, &Siblings::default()).unwrap();
    let seen = describe(service, spec, "sales");
    let changes = crate::engine::diff::diff(MailServices::FIELDS, &wanted, &seen, &BTreeMap::new());
    changes.into_iter().map(|change| change.path).collect()
}

fn everything() -> Json {
    json!({
        "description": "Mails to customers", "port": 587, "encryption": "StartTls", "authentication": "OAuth2", "username": "u",
        "senderAddress": "a@example.com", "senderName": "Sales", "connectionTimeoutSeconds": 30, "pollIntervalSeconds": 60,
        "folder": "INBOX", "deleteAfterFetch": false, "default": true, "active": true,
    })
}

#[test]
fn an_absent_field_is_not_managed() {
    let state = MailServices::desired(&spec(json!({})), &Siblings::default()).unwrap();
    let paths: Vec<&str> = state.iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["host", "portalName", "serviceName", "type"]);
    assert_eq!(differing(&spec(json!({})), &service(json!({"port": 25, "default": true}))), [""; 0]);
}

#[test]
fn every_field_goes_out_under_the_vendors_name_and_comes_back() {
    let spec = spec(everything());
    let sent = sent(&spec, |path| path != "serviceName");
    let expected = json!({
        "description": "Mails to customers", "type": "SMTP", "host": "smtp", "port": 587, "encryption": "STARTTLS",
        "authentication": "OAUTH2", "username": "u", "sender_address": "a@example.com", "sender_name": "Sales",
        "connection_timeout_sek": 30, "poll_interval_sek": 60, "folder": "INBOX", "delete_after_fetch": false, "default": true,
        "active": true,
    });
    assert_eq!(Json::Object(sent.clone()), expected);
    assert_eq!(differing(&spec, &service(expected.clone())), [""; 0]);
    // Every field of the schema that the vendor sets is in the table, and differs when the vendor shows something else.
    for (path, key) in WIRE.iter().filter(|(path, _)| !matches!(*path, "serviceName")) {
        let mut shown = expected.clone();
        shown[key] = json!("something else");
        assert_eq!(differing(&spec, &service(shown)), [*path]);
    }
}

#[test]
fn values_come_in_every_form() {
    let spec = spec(json!({"port": 587, "default": false, "encryption": "None", "description": ""}));
    let shown = json!({"type": "smtp", "port": "587", "default": "0", "encryption": "none", "description": null});
    assert_eq!(differing(&spec, &service(shown)), [""; 0]);
    let seen = describe(&service(json!({"encryption": "QUANTUM", "password": "***"})), &spec, "sales");
    assert_eq!(seen.get("encryption"), Some(&crate::engine::state::Value::Plain(json!("QUANTUM"))));
    assert_eq!(seen.get("password"), None);
}

#[test]
fn a_status_is_where_the_service_was_told_to_go() {
    use MailServiceState::{Running, Stopped};
    for (word, wanted, state_of, reason, passing) in [
        ("RUNNING", Some(Running), "Running", None, false),
        ("STOPPED", Some(Running), "Stopped", None, false),
        ("STARTING", Some(Running), "Running", Some("Starting"), true),
        ("STOPPING", Some(Stopped), "Stopped", Some("Stopping"), true),
        ("starting", None, "Running", None, false),
        ("ERROR", Some(Running), "Running", Some("ServiceError"), false),
        ("ERROR", None, "Running", Some("ServiceError"), false),
        ("ERROR", Some(Stopped), "ERROR", None, false),
        ("HIBERNATING", Some(Running), "HIBERNATING", None, false),
    ] {
        assert_eq!(state(&status(word), wanted), state_of, "{word}");
        let unready = unready(&status(word), wanted);
        assert_eq!(unready.as_ref().map(|unready| unready.reason), reason, "{word}");
        assert!(
            unready.is_none_or(|unready| unready.passing == passing && unready.message.contains("no route to host"))
        );
    }
    for (reason, _) in [("Starting", ()), ("Stopping", ()), ("ServiceError", ())] {
        assert!(MailServices::REASONS.iter().any(|(known, _)| *known == reason));
    }
}
