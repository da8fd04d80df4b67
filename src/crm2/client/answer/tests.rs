//! Tests of the reading of answers; the trap numbers are those of the contract's section 4.

use serde_json::json;

use super::*;
use crate::base::fault::Delivery;
use crate::http::Intent;

fn answer(status: u16, body: &str) -> Answer {
    Answer::made_up(Intent::Write, status, body)
}

/// Trap 11: the envelope differs per endpoint.
#[test]
fn every_wrapping_comes_off() {
    for body in [
        r#"{"contactId":"1"}"#,
        r#"{"result":{"contactId":"1"}}"#,
        r#"{"result":{"resultValue":{"contactId":"1"}}}"#,
        r#"{"result":{"resultValue":{"contact":{"contactId":"1"}}}}"#,
    ] {
        let contact: Json = read_wrapped(&answer(200, body), "contact").unwrap();
        assert_eq!(contact, json!({"contactId": "1"}), "{body}");
    }
    for body in [r#"["A","B"]"#, r#"{"result":{"resultValue":["A","B"]}}"#, r#"{"result":["A","B"]}"#] {
        assert_eq!(read_list::<String>(&answer(200, body)).unwrap(), ["A", "B"], "{body}");
    }
}

/// Trap 12: a status of success may come with an error.
#[test]
fn an_error_is_a_failure_whatever_the_status() {
    for (body, words) in [
        (r#"{"error":"no such domain"}"#, "no such domain"),
        (r#"{"errors":["a","b"],"message":"invalid"}"#, "invalid: a; b"),
        (r#"{"errors":[{"field":"permission"}],"message":"invalid"}"#, "invalid: field: permission"),
        (r#"{"errors":{"permission":"must be one of X, Y"}}"#, "permission: must be one of X, Y"),
        (r#"{"error":{"message":"deep"},"result":{"resultValue":[]}}"#, "message: deep"),
    ] {
        for status in [200, 400] {
            let fault = read_value(&answer(status, body)).unwrap_err();
            assert!(fault.detail.contains(words), "{body}: {fault}");
            assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::Answered), "{body}");
        }
    }
    for body in
        [r#"{"error":null,"result":{"resultValue":1}}"#, r#"{"errors":[],"message":"done","result":{"resultValue":1}}"#]
    {
        assert_eq!(read_value(&answer(200, body)).unwrap(), json!(1), "{body}");
    }
}

#[test]
fn a_refusal_has_the_class_of_its_status_and_the_vendors_words() {
    for (status, body, class, words) in [
        (401, r#"{"error":"token expired"}"#, Class::Denied, "401: token expired"),
        (
            403,
            r#"{"errors":["DOMAIN_CONF"],"message":"lacking permission"}"#,
            Class::Denied,
            "403: lacking permission: DOMAIN_CONF",
        ),
        (404, "", Class::Missing, "404 and gave no reason"),
        (409, r#"{"message":"exists"}"#, Class::Taken, "409: exists"),
        (400, "<h1>Bad request</h1>", Class::Refused, "400: Bad request"),
        (400, r#"{"unfinished"#, Class::Refused, "400 and gave no reason"),
        (400, r#"{"error":"hunter22 is wrong"}"#, Class::Refused, "400: *** is wrong"),
    ] {
        let fault = read_value(&answer(status, body)).unwrap_err();
        assert_eq!(fault.class, class, "{status} {body}");
        assert!(fault.detail.ends_with(words), "{fault}");
    }
}

#[test]
fn nothing_may_be_said_in_several_ways() {
    for body in [
        r#"{"result":{"resultValue":null}}"#,
        r#"{"result":{"resultValue":{}}}"#,
        r#"{"result":{"resultValue":[]}}"#,
        "null",
    ] {
        assert_eq!(read_optional::<Json>(&answer(200, body)).unwrap(), None, "{body}");
        assert!(read_list::<Json>(&answer(200, body)).unwrap().is_empty(), "{body}");
    }
    assert_eq!(read_optional::<Json>(&answer(200, " ")).unwrap(), None);
    assert_eq!(read_list::<Json>(&answer(200, " ")).unwrap_err().class, Class::Broken);
    read_nothing(&answer(204, "")).unwrap();
}

#[test]
fn another_shape_is_no_answer() {
    for body in ["<html>log in</html>", r#"{"result":{"resultValue":"x"}}"#, r#"{"mailboxes":["a"]}"#, "7"] {
        let fault = read_list::<String>(&answer(200, body)).unwrap_err();
        assert_eq!((fault.class, fault.delivery), (Class::Broken, Delivery::Unknown), "{body}");
    }
}

#[test]
fn a_token_is_found_in_each_shape_that_is_thinkable() {
    for body in [
        r#"{"authToken":"t0ken"}"#,
        r#"{"result":{"resultValue":"t0ken"}}"#,
        r#"{"result":{"resultValue":{"authToken":"t0ken"}}}"#,
    ] {
        assert_eq!(read_token(&answer(200, body)).unwrap().expose(), "t0ken", "{body}");
    }
    for body in ["{}", r#"{"authToken":""}"#, r#"{"token":"t0ken"}"#, "[]", ""] {
        let fault = read_token(&answer(200, body)).err().unwrap();
        assert_eq!((fault.class, fault.delivery), (Class::Broken, Delivery::Unknown), "{body}");
        assert!(!fault.detail.contains("t0ken"), "{fault}");
    }
}
