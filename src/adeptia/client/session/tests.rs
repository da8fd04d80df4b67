//! Tests of the session: log-in, token, and every form in which a server says that it has run out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::adeptia::client::tests::client_at;
use crate::adeptia::client::{Client, read_nothing};
use crate::adeptia::config::{Config, TokenIn};
use crate::base::fault::{Class, Fault};
use crate::engine::kind::Vendor;
use crate::http::tests::{Heard, Server, access};
use crate::http::{Body, Method, Request};

/// A server whose tokens are `token-1`, `token-2`, … Only the newest is taken; `refusal` answers every other one.
async fn start(days: u32, refusal: fn() -> Response) -> Server {
    let issued = Arc::new(AtomicU32::new(0));
    Server::start(move |heard| {
        if heard.uri.path() == "/rest/login/user" {
            let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
            let answer = json!({"ACCESS_TOKEN": format!("token-{number}"), "tokenExpiresDays": days});
            return answer.to_string().into_response();
        }
        let newest = format!("token-{}", issued.load(Ordering::SeqCst));
        let given = token(heard);
        // `token-1` is dead from the beginning.
        if given == newest && newest != "token-1" { "{}".into_response() } else { refusal() }
    })
    .await
}

fn token(heard: &Heard) -> String {
    let cookie = heard.header("cookie").strip_prefix("ACCESS_TOKEN=").unwrap_or_default();
    format!("{}{cookie}", heard.header("access_token"))
}

async fn write(client: &Client) -> Result<(), Fault> {
    let make = || Ok(Request::write("test", Method::PUT).at(["rest", "x"]).body(Body::json("test", &json!({}))?));
    client.send(make, read_nothing).await
}

fn login_page() -> Response {
    "<html><form action=\"/login\"><input type=\"password\"></form></html>".into_response()
}

/// Trap 24, and contract 1.4: a token that has run out shows as 401, as a redirect to the login page, or as that page. Nothing was done
/// then, so a write is made again too, once.
#[tokio::test]
async fn a_token_that_has_run_out_is_renewed_whatever_form_that_takes() {
    let refusals: [fn() -> Response; 5] = [
        || StatusCode::UNAUTHORIZED.into_response(),
        || (StatusCode::FOUND, [("location", "/adeptia/login.jsp")]).into_response(),
        || (StatusCode::SEE_OTHER, [("location", "https://sso.example/saml")]).into_response(),
        login_page,
        || json!({"error": {"code": "401", "message": "log in"}}).to_string().into_response(),
    ];
    for (number, refusal) in refusals.into_iter().enumerate() {
        let server = start(30, refusal).await;
        write(&client_at(&server.url)).await.unwrap();
        let heard: Vec<_> = server.heard().iter().map(|heard| heard.uri.path().to_owned()).collect();
        assert_eq!(heard, ["/rest/login/user", "/rest/x", "/rest/login/user", "/rest/x"], "{number}");
    }
}

#[tokio::test]
async fn other_redirects_leave_a_write_uncertain() {
    let server = start(30, || (StatusCode::FOUND, [("location", "/done")]).into_response()).await;
    let fault = write(&client_at(&server.url)).await.unwrap_err();
    assert_eq!((fault.class, fault.code), (Class::Broken, Some(302)));
    assert_eq!(server.heard().len(), 2);
}

/// Trap 24.
#[tokio::test]
async fn the_token_travels_as_a_header_or_as_a_cookie() {
    let credentials = || access(&[("username", "a@b.example"), ("password", "P@ssw0rd")]);
    for token_in in [None, Some(TokenIn::Header), Some(TokenIn::Cookie)] {
        let server = start(30, || StatusCode::UNAUTHORIZED.into_response()).await;
        let config = Config { token_in, ..Config::new(&server.url) };
        write(&Client::new(&config, credentials()).unwrap()).await.unwrap();
        let heard = server.heard();
        let last = heard.last().unwrap();
        match token_in {
            Some(TokenIn::Cookie) => {
                assert_eq!((last.header("cookie"), last.header("access_token")), ("ACCESS_TOKEN=token-2", ""));
            }
            _ => assert_eq!((last.header("cookie"), last.header("access_token")), ("", "token-2")),
        }
    }
}

/// Trap 24: with a new token that is refused, the header's name is to blame more often than the token.
#[tokio::test]
async fn a_new_token_that_is_refused_is_explained() {
    let server = Server::start(|heard| match heard.uri.path() {
        "/rest/login/user" => "{\"ACCESS_TOKEN\": \"token-secret\", \"tokenExpiresDays\": 30}".into_response(),
        _ => (StatusCode::UNAUTHORIZED, format!("bad {}", heard.header("access_token"))).into_response(),
    })
    .await;
    let fault = write(&client_at(&server.url)).await.unwrap_err();
    assert_eq!((fault.class, fault.code), (Class::Denied, Some(401)));
    assert!(fault.detail.contains("underscore") && fault.detail.contains("tokenIn: Cookie"), "{fault}");
    assert!(!format!("{fault:?}").contains("token-secret"), "{fault:?}");
}

#[tokio::test]
async fn a_token_is_renewed_at_four_fifths_of_its_thirty_days() {
    let server = Server::start(|heard| match heard.uri.path() {
        "/rest/login/user" => "{\"ACCESS_TOKEN\": \"t\", \"tokenExpiresDays\": 30}",
        _ => "{}",
    })
    .await;
    let client = client_at(&server.url);
    let log_ins = || server.heard().iter().filter(|heard| heard.uri.path().ends_with("/login/user")).count();
    write(&client).await.unwrap();
    for (hours, expected) in [(23 * 24, 1), (25, 2)] {
        tokio::time::pause();
        tokio::time::advance(std::time::Duration::from_secs(3600 * hours)).await;
        tokio::time::resume();
        write(&client).await.unwrap();
        assert_eq!(log_ins(), expected);
    }
}

#[tokio::test]
async fn one_log_in_serves_all() {
    let server = Server::start(|heard| match heard.uri.path() {
        "/rest/login/user" => "{\"ACCESS_TOKEN\": \"t\"}",
        _ => "{}",
    })
    .await;
    let client = client_at(&server.url);
    let outcomes = futures::future::join_all((0..20).map(|_| write(&client))).await;
    assert!(outcomes.iter().all(Result::is_ok));
    let heard = server.heard();
    assert_eq!(heard.iter().filter(|heard| heard.uri.path() == "/rest/login/user").count(), 1);
    let said: Value = serde_json::from_str(&heard[0].body).unwrap();
    assert_eq!(said, json!({"username": "adminuser@adeptia.example", "password": "P@ssw0rd"}));
}

/// A version without the page about the product has let us in all the same.
#[tokio::test]
async fn the_check_needs_no_page_about_the_product() {
    for status in [200, 404, 405] {
        let server = Server::start(move |heard| match heard.uri.path() {
            "/rest/login/user" => "{\"ACCESS_TOKEN\": \"t\"}".into_response(),
            "/rest/fetchproperties/aboutinformation" => StatusCode::from_u16(status).unwrap().into_response(),
            path => panic!("{path}"),
        })
        .await;
        client_at(&server.url).check(Instant::now()).await.unwrap();
    }
    let server = Server::start(|_| StatusCode::UNAUTHORIZED).await;
    assert_eq!(client_at(&server.url).check(Instant::now()).await.unwrap_err().class, Class::Denied);
}

#[test]
fn a_realm_is_an_address_and_a_user() {
    let realm = |url: &str, username: &str| {
        let client = Client::new(&Config::new(url), access(&[("username", username), ("password", "x")])).unwrap();
        crate::adeptia::AdeptiaConnect::realm(&client).expose().to_owned()
    };
    let one = realm("https://connect.example/", "admin@a.example");
    assert_eq!(one, realm("https://CONNECT.example", "Admin@a.example"));
    assert_ne!(one, realm("https://connect.example", "other@a.example"));
    assert_ne!(one, realm("https://connect.example:8443", "admin@a.example"));
    assert!(!one.contains("password"));
}

#[test]
fn credentials_that_are_missing_are_named() {
    for (credentials, key) in
        [(vec![("password", "x")], "username"), (vec![("username", "x"), ("password", "\n")], "password")]
    {
        let Err(error) = Client::new(&Config::new("https://connect.example"), access(&credentials)) else {
            panic!("{key}")
        };
        assert!(error.to_string().contains(&format!("`{key}`")), "{error}");
    }
}
