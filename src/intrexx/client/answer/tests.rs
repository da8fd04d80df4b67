//! Tests of the readers: every form has one meaning, and what nobody would send has none.

use serde_json::Value;

use super::*;
use crate::http::fuzz::fuzz_decoder;
use crate::http::{Body, Intent, Method, Request};
use crate::intrexx::client::Client;
use crate::intrexx::client::tests::{start, user};
use crate::intrexx::sim::options::answers::{CreatedBody, IdStyle, LocationStyle, Locations};
use crate::intrexx::wire::portals::Portal;

fn answer(status: u16, body: &str) -> Answer {
    Answer::made_up(Intent::Read, status, body)
}

async fn create(client: &Client, path: &str, body: &Value) -> Option<String> {
    let make = || Ok(Request::write("test", Method::POST).at(path.split('/')).body(Body::json("test", body)?));
    client.send(make, read_created).await.unwrap()
}

/// Traps 9 and 28: the id is the last element of Location in all its forms, or the body's, as a number or a text.
#[tokio::test]
async fn the_id_of_what_was_made_is_read_in_every_form() {
    for (style, base, redirect) in [
        (LocationStyle::Relative, "", None),
        (LocationStyle::Rooted, "/irma", None),
        (LocationStyle::Absolute, "/irma", Some("/v2".to_owned())),
    ] {
        for (body, status) in [(CreatedBody::Full, 201), (CreatedBody::Empty, 200)] {
            let (_simulator, client) = start(|options| {
                options.server.base_path = base.to_owned();
                options.server.redirect.clone_from(&redirect);
                options.answers.location_style = style;
                options.answers.created_body = body;
                options.answers.created_status = status;
            })
            .await;
            assert_eq!(create(&client, "sales/users", &user("ada")).await.as_deref(), Some("5"), "{style:?} {body:?}");
        }
    }
    let mail = serde_json::json!({"name": "out", "type": "SMTP", "host": "mail.example"});
    for ids in [IdStyle::Number, IdStyle::String] {
        let (simulator, client) = start(|options| {
            options.answers.locations = Locations::Users;
            options.answers.id_style = ids;
        })
        .await;
        let id = create(&client, "sales/mailservices", &mail).await.unwrap();
        assert_eq!(id, simulator.portal("sales").unwrap().mail[0].id);
    }
}

#[test]
fn a_location_of_a_collection_has_no_id() {
    for (location, id) in [
        ("sales/users/7", Some("7")),
        ("/irma/sales/users/7/", Some("7")),
        ("https://iaa.example:4242/sales/scheduler/job/3F2504E0?x=1", Some("3F2504E0")),
        ("sales/users", None),
        ("/sales/users/", None),
        ("https://iaa.example/", None),
        ("7", None),
        ("", None),
    ] {
        assert_eq!(id_of_location(location).as_deref(), id, "{location}");
    }
    assert_eq!(read_created_id(&answer(201, r#"{"id": 7}"#)).as_deref(), Some("7"));
    assert_eq!(read_created_id(&answer(201, r#"{"id": "7"}"#)).as_deref(), Some("7"));
    for body in ["", "{}", r#"{"id": null}"#, r#"{"id": ""}"#, "[7]", "7"] {
        assert_eq!(read_created_id(&answer(201, body)), None, "{body}");
    }
}

#[test]
fn an_odd_answer_is_never_an_empty_list() {
    let list = |body: &str| read_list::<u8>(&answer(200, body)).ok();
    assert_eq!(list("[]"), Some(vec![]));
    assert_eq!(list("[1, 2]"), Some(vec![1, 2]));
    assert_eq!(list(r#"{"jobs": [1], "revision": 42}"#), Some(vec![1]));
    assert_eq!(list(r#"{"jobs": []}"#), Some(vec![]));
    for body in
        ["", "null", "{}", "7", r#""x""#, r#"{"jobs": null}"#, r#"{"jobs": [], "groups": []}"#, r#"{"jobs": ["x"]}"#]
    {
        assert_eq!(list(body), None, "{body}");
    }
    assert!(read_list::<u8>(&answer(204, "")).is_err());
    assert_eq!(read_list::<u8>(&answer(404, "[]")).unwrap_err().class, Class::Missing);
}

#[test]
fn any_success_is_a_success() {
    for status in [200, 201, 202, 204] {
        read_nothing(&answer(status, "")).unwrap();
        assert_eq!(read_optional::<u8>(&answer(status, " ")).unwrap(), None);
        assert_eq!(read_optional::<u8>(&answer(status, "7")).unwrap(), Some(7));
    }
    assert_eq!(read_optional::<u8>(&answer(200, "x")).unwrap_err().class, Class::Broken);
    for (status, class) in [(404, Class::Missing), (409, Class::Taken), (422, Class::Refused), (500, Class::Transient)]
    {
        assert_eq!(read_nothing(&answer(status, "")).unwrap_err().class, class);
        assert_eq!(read_optional::<u8>(&answer(status, "7")).unwrap_err().class, class);
    }
}

fn token(answer: &Answer) -> Result<String, Fault> {
    read_token(answer).map(|token| token.expose().to_owned())
}

fn portals(answer: &Answer) -> Result<Vec<Portal>, Fault> {
    read_list(answer)
}

fuzz_decoder!(
    authenticate,
    token,
    [r#""eyJ.eyJ.sig""#, r#"{"token": "eyJ.eyJ.sig"}"#, r#"{"access_token": "eyJ.eyJ.sig"}"#]
);
fuzz_decoder!(
    list_portals,
    portals,
    [
        r#"[{"id": "3F2504E04F8911D39A0C0305E82C3301AABBCCDD", "name": "sales", "display_name": "Sales",
            "portal_path": "/opt/intrexx/org/sales", "base_url": "https://sales.example.test", "version": "12.1.5",
            "status": "RUNNING"}]"#,
        r#"{"portals": [{"id": "3F25", "display_name": "Sales", "portal_path": "C:\\intrexx\\org\\sales"}]}"#,
    ]
);
fuzz_decoder!(created, read_created, [r#"{"id": 7}"#, r#"{"id": "3F25", "name": "x"}"#]);
