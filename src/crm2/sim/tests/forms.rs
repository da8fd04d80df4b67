//! The forms of answers that the documentation leaves open.

use serde_json::{Value, json};

use super::{Bench, Pairs, bench, bench_with};
use crate::crm2::sim::options::answers::{EmptyGet, EmptyList, Envelope, ErrorShape, WriteAnswer};

const NOTIFY: &str = "/admin/email-notifications";
const POLL: &str = "/admin/email-to-poll";
const MAILBOX: Pairs<'_> = &[("mailUser", "a@x.com"), ("mailPass", "p-secret")];

#[tokio::test]
async fn nothing_set_is_told_in_four_ways() {
    for (form, status, body) in [
        (EmptyGet::Null, 200, r#"{"result":{"resultValue":null}}"#),
        (EmptyGet::Empty, 200, r#"{"result":{"resultValue":{}}}"#),
        (EmptyGet::Blank, 200, ""),
        (EmptyGet::NotFound, 404, r#"{"error":"nothing is set"}"#),
    ] {
        let bench = bench_with(|options| options.answers.empty_get = form).await;
        let reply = bench.get(NOTIFY, &[]).await;
        assert_eq!((reply.status, reply.text.as_str()), (status, body));
        bench.post(NOTIFY, MAILBOX).await.good();
        assert_eq!(bench.get(NOTIFY, &[]).await.value()["mailUser"], "a@x.com");
    }
}

#[tokio::test]
async fn an_empty_list_is_told_in_three_ways() {
    for (form, wrapped, bare) in [
        (EmptyList::Array, r#"{"result":{"resultValue":[]}}"#, "[]"),
        (EmptyList::Null, r#"{"result":{"resultValue":null}}"#, "null"),
        (EmptyList::Absent, r#"{"result":{}}"#, ""),
    ] {
        let bench = bench_with(|options| options.answers.empty_list = form).await;
        assert_eq!(bench.get(POLL, &[]).await.text, wrapped);
        bench.sim.reconfigure(|options| options.answers.admin_envelope = Envelope::Bare);
        assert_eq!(bench.get(POLL, &[]).await.text, bare);
        bench.post(POLL, MAILBOX).await.good();
        assert_eq!(bench.get(POLL, &[]).await.good()[0]["mailUser"], "a@x.com");
    }
}

/// Trap 11: what /admin/ answers may be bare, and may be nothing.
#[tokio::test]
async fn writes_answer_with_or_without_a_value() {
    let shown = json!({"mailUser": "a@x.com", "mailStoreProtocol": "", "mailHost": ""});
    for (form, envelope, body) in [
        (WriteAnswer::Value, Envelope::Wrapped, json!({"result": {"resultValue": shown}})),
        (WriteAnswer::Value, Envelope::Bare, shown.clone()),
        (WriteAnswer::Null, Envelope::Wrapped, json!({"result": {"resultValue": null}})),
        (WriteAnswer::Empty, Envelope::Wrapped, Value::Null),
    ] {
        let bench = bench_with(|options| {
            options.answers.write_answer = form;
            options.answers.admin_envelope = envelope;
        })
        .await;
        let reply = bench.post(POLL, MAILBOX).await;
        assert_eq!(reply.good(), body);
        assert_eq!(reply.text.is_empty(), form == WriteAnswer::Empty);
        assert_eq!(bench.delete(POLL, MAILBOX).await.text.is_empty(), form == WriteAnswer::Empty);
    }
}

#[tokio::test]
async fn failures_are_told_in_six_shapes() {
    let message = "mailUser is required";
    for (shape, body) in [
        (ErrorShape::Error, Some(json!({"error": message}))),
        (ErrorShape::Errors, Some(json!({"errors": [message], "message": message}))),
        (
            ErrorShape::ErrorObjects,
            Some(json!({"errors": [{"code": "invalid", "message": message}], "message": message})),
        ),
        (ErrorShape::ErrorMap, Some(json!({"errors": {"invalid": [message]}, "message": message}))),
        (ErrorShape::Empty, None),
        (ErrorShape::Html, None),
    ] {
        let bench = bench_with(|options| options.answers.error_shape = shape).await;
        let reply = bench.post(POLL, &[]).await;
        assert_eq!(reply.status, 400);
        match body {
            Some(body) => assert_eq!(reply.json(), body),
            None => assert_eq!(reply.text.is_empty(), shape == ErrorShape::Empty, "{reply:?}"),
        }
        assert_eq!(reply.content_type.starts_with("text/html"), shape == ErrorShape::Html);
    }
}

/// Trap 12: a failure may come with 200, and is one all the same.
#[tokio::test]
async fn failures_may_come_with_200() {
    let mut bench = bench_with(|options| options.answers.failures_with_200 = true).await;
    let told = async |bench: &Bench| {
        let reply = bench.delete(POLL, MAILBOX).await;
        (reply.status, reply.json())
    };
    assert_eq!(told(&bench).await, (200, json!({"error": "mailUser is not polled"})));
    let entry = bench.sim.journal().of("remove_mailbox").remove(0);
    assert_eq!((entry.status, entry.code, entry.performed), (Some(200), Some(404), false));
    bench.sim.reconfigure(|options| options.answers.error_shape = ErrorShape::Errors);
    let both = json!({"errors": ["mailUser is not polled"], "message": "mailUser is not polled"});
    assert_eq!(told(&bench).await, (200, both));
    // Without a word about it, it would be a success.
    bench.sim.reconfigure(|options| options.answers.error_shape = ErrorShape::Empty);
    assert_eq!(bench.delete(POLL, MAILBOX).await.status, 404);
    bench.token = "nobody's".to_owned();
    assert_eq!(bench.delete(POLL, MAILBOX).await.status, 401);
}

#[tokio::test]
async fn statuses_of_failures_are_switches() {
    let bench = bench_with(|options| {
        options.answers.invalid_status = 422;
        options.answers.missing_status = 410;
        options.answers.duplicate_status = 400;
    })
    .await;
    assert_eq!(bench.post(POLL, &[]).await.status, 422);
    assert_eq!(bench.delete(POLL, MAILBOX).await.status, 410);
    bench.post(POLL, MAILBOX).await.good();
    assert_eq!(bench.post(POLL, MAILBOX).await.status, 400);
}

/// Trap 18: dates among what is not documented have no zone, and are not UTC.
#[tokio::test]
async fn answers_may_have_more_fields() {
    let bench = bench_with(|options| options.answers.extra_fields = true).await;
    let id = bench.user("grace@acme.example").await;
    bench.post(POLL, MAILBOX).await.good();
    let mailbox = bench.get(POLL, &[]).await.value()[0].clone();
    assert_eq!((mailbox["_id"].as_str().unwrap().len(), &mailbox["clientDomain"]), (24, &json!("acme.example")));
    for value in [
        mailbox,
        bench.post(NOTIFY, MAILBOX).await.value(),
        bench.get("/contact", &[("contactId", &id)]).await.value()[0].clone(),
        bench.get("/contacts-users", &[]).await.good()[0].clone(),
        bench.get(&format!("/contact-users/{id}"), &[]).await.good()[0].clone(),
        bench.validate("x").await.good(),
    ] {
        assert_eq!((&value["revision"], &value["lastUpdated"]), (&json!(42), &json!("2012-11-19 20:13:29.501")));
    }
    let plain = super::bench().await;
    assert_eq!(plain.validate("x").await.good(), json!({"authenticated": false}));
}

/// Trap 19: the lists of /admin/ have no pages.
#[tokio::test]
async fn a_list_is_told_whole() {
    let bench = bench().await;
    for number in 0..250 {
        bench.post(POLL, &[("mailUser", &format!("box{number}@x.com"))]).await.good();
    }
    assert_eq!(bench.get(POLL, &[]).await.value().as_array().unwrap().len(), 250);
}
