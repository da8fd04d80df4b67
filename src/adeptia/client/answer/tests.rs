//! Answers of every form that is thinkable.

use serde_json::json;

use super::*;
use crate::adeptia::wire::users::{USER, User};
use crate::base::fault::Delivery;
use crate::http::Intent;
use crate::http::fuzz::fuzz_decoder;

const ONE: &str = r#"{"IndigoUser": {"id": "11567413236623", "email": "new@adeptia.com", "userPartnerRole": [
    {"partner": {"id": 1}, "role": {"id": 2}, "user": {"id": "11567413236623"}, "defaultRole": true}]}}"#;

fn user(answer: &Answer) -> Result<User, Fault> {
    read_wrapped(answer, USER)
}

/// What is made of it, without what is only sent back.
fn told(answer: &Answer) -> Result<String, Fault> {
    let user = user(answer)?;
    Ok(format!("{:?}", (&user.id, &user.email, user.roles(), user.active())))
}

fn users(answer: &Answer) -> Result<Vec<User>, Fault> {
    read_rows(answer, USER)
}

fn grant(answer: &Answer) -> Result<Option<Duration>, Fault> {
    Ok(read_grant(answer)?.lifetime)
}

fuzz_decoder!(get_user, told, [ONE, r#"{"id": 7}"#, r#"{"IndigoUser": [{"id": 7}]}"#]);
fuzz_decoder!(
    list_users,
    users,
    [r#"{"IndigoUser": [{"id": 7}, {"id": "8"}]}"#, r#"{"IndigoUser": []}"#, r#"{"IndigoUser": {"id": 7}}"#]
);
fuzz_decoder!(
    activate_user,
    read_nothing,
    ["{}", r#"{"IndigoUser": {"id": 7}}"#, r#"{"message": "done", "status": "success"}"#]
);
fuzz_decoder!(log_in, grant, [r#"{"tokenExpiresDays": 30, "ACCESS_TOKEN": "eyJhbGciOiJIUzI1NiJ9.x.y"}"#]);

fn answer(status: u16, body: impl ToString) -> Answer {
    Answer::made_up(Intent::Write, status, body.to_string())
}

#[test]
fn rows_come_wrapped_or_bare() {
    for body in [
        json!({"IndigoUser": [{"id": 7}, {"id": "8"}]}),
        json!([{"id": 7}, {"id": "8"}]),
        json!([{"IndigoUser": {"id": 7}}, {"IndigoUser": {"id": "8"}}]),
    ] {
        let ids: Vec<_> = users(&answer(200, &body)).unwrap().into_iter().map(|user| user.id.to_string()).collect();
        assert_eq!(ids, ["7", "8"], "{body}");
    }
    for none in [json!({}), json!(null), json!({"IndigoUser": null}), json!({"users": []}), json!("[]")] {
        assert_eq!(users(&answer(200, &none)).unwrap_err().class, Class::Broken, "{none}");
    }
}

#[test]
fn a_no_is_heard_in_every_form() {
    for (status, body, class, said) in [
        (404, json!({"error": {"code": "X1", "message": "no such user"}}).to_string(), Class::Missing, "no such user"),
        (409, json!({"message": "taken"}).to_string(), Class::Taken, "taken"),
        (400, "that cannot be".to_owned(), Class::Refused, "that cannot be"),
        (400, "<html><body><h1>No</h1></body></html>".to_owned(), Class::Refused, "No"),
        (200, json!({"error": "no"}).to_string(), Class::Refused, ": no"),
        (200, json!({"Errors": [{"message": "first"}]}).to_string(), Class::Refused, "first"),
        (200, json!({"exception": {"errorMessage": "it owns objects"}}).to_string(), Class::Refused, "it owns objects"),
        (200, json!({"error": {"code": 404, "message": "gone"}}).to_string(), Class::Missing, "gone"),
        (200, json!({"error": {"code": "401", "message": "who?"}}).to_string(), Class::Denied, "who?"),
    ] {
        for fault in [user(&answer(status, &body)).unwrap_err(), read_nothing(&answer(status, &body)).unwrap_err()] {
            assert_eq!((fault.class, fault.delivery), (class, Delivery::Answered), "{status} {body}");
            assert!(fault.detail.contains(said), "{fault}");
        }
    }
    // A server that fell over may have done it all the same.
    let fault = user(&answer(500, json!({"error": {"code": 409, "message": "taken"}}))).unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Taken, Delivery::Unknown));
}

#[test]
fn what_is_expected_is_no_complaint() {
    let both = json!({"IndigoUser": {"id": 7}, "error": "the mail could not be sent"});
    assert_eq!(user(&answer(200, both)).unwrap().id.as_str(), "7");
    for harmless in
        [json!({"error": null}), json!({"error": false, "errors": []}), json!({"message": "done"}), json!({})]
    {
        read_nothing(&answer(200, harmless)).unwrap();
    }
    for harmless in ["", "done", "true"] {
        read_nothing(&answer(200, harmless)).unwrap();
    }
}

/// Nobody knows what such a write has done: it is neither a yes nor a no.
#[test]
fn a_success_that_says_something_else_leaves_a_write_uncertain() {
    for (body, said) in
        [("{\"message\": \"hm\"}", "it says: hm"), ("hm", "it says: hm"), ("<p>hm</p>", "it says: hm"), ("", "")]
    {
        let fault = user(&answer(200, body)).unwrap_err();
        assert_eq!((fault.class, fault.delivery), (Class::Broken, Delivery::Unknown), "{body}");
        assert!(fault.detail.contains(said), "{fault}");
    }
    assert_eq!(read_nothing(&answer(200, "<p>hm</p>")).unwrap_err().delivery, Delivery::Unknown);
}

#[test]
fn the_login_page_is_told_from_other_pages() {
    let form = "\n<!DOCTYPE html><form action=\"/login\"><input type=\"password\"></form>";
    assert!(is_login_page(&answer(200, form)));
    for other in [(200, "<h1>your password was changed</h1>"), (200, "{}"), (404, form), (302, ""), (200, "")] {
        assert!(!is_login_page(&answer(other.0, other.1)), "{other:?}");
    }
}

#[test]
fn the_days_of_a_token_are_read_in_any_type() {
    let lifetime = |days: Json| grant(&answer(200, json!({"ACCESS_TOKEN": "t", "tokenExpiresDays": days}))).unwrap();
    let days = |days: u64| Some(Duration::from_secs(days * 24 * 3600));
    assert_eq!((lifetime(json!(30)), lifetime(json!("1"))), (days(30), days(1)));
    for unknown in [json!(null), json!(0), json!(-1), json!("soon"), json!([])] {
        assert_eq!(lifetime(unknown.clone()), None, "{unknown}");
    }
    assert_eq!(lifetime(json!(u64::MAX)), days(3650));
    assert_eq!(grant(&answer(200, json!({"ACCESS_TOKEN": "t"}))).unwrap(), None);
}

#[test]
fn refused_credentials_are_denied_whatever_the_status() {
    for (status, body) in [(401, ""), (400, "{}"), (403, ""), (200, "{\"error\": \"wrong password\"}")] {
        let fault = grant(&answer(status, body)).unwrap_err();
        assert_eq!((fault.class, fault.code), (Class::Denied, Some(401)), "{status}");
    }
    for (status, body) in [(200, "<html>Welcome</html>"), (200, "{\"ACCESS_TOKEN\": \" \"}"), (302, ""), (200, "")] {
        let fault = grant(&answer(status, body)).unwrap_err();
        assert_eq!(fault.class, Class::Broken, "{status} {body}");
        assert!(fault.detail.contains("is the URL that of"), "{fault}");
    }
    assert_eq!(grant(&answer(500, "")).unwrap_err().class, Class::Transient);
}
