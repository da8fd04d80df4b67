//! Tests of the session over real HTTP, against a server that each test makes up.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::{Method as HttpMethod, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::*;
use crate::crm2::client::tests::{PERMANENT, client_at, with_token};
use crate::crm2::client::{Client, read_list, read_nothing};
use crate::http::tests::{Heard, Server, access};

/// The parameters of a request, wherever they stand.
fn parameters(request: &Heard) -> HashMap<String, String> {
    let form = Url::parse(&format!("form://x?{}", request.body)).unwrap();
    let query = Url::parse(&format!("form://x?{}", request.uri.query().unwrap_or_default())).unwrap();
    query.query_pairs().chain(form.query_pairs()).map(|(key, value)| (key.into_owned(), value.into_owned())).collect()
}

fn says(status: u16, body: impl ToString) -> Response {
    (StatusCode::from_u16(status).unwrap(), body.to_string()).into_response()
}

/// A vendor whose `n`-th temporary token is `temporary-n`; `let_in` says which tokens its other calls take, by path.
async fn vendor(let_in: impl Fn(&str, &str) -> u16 + Clone + Send + Sync + 'static) -> Server {
    let issued = std::sync::Arc::new(AtomicUsize::new(0));
    Server::start(move |request| {
        let given = parameters(request);
        let token = given.get("authToken").cloned().unwrap_or_default();
        match request.uri.path() {
            "/oauth/temp-token" if token == PERMANENT => {
                let n = issued.fetch_add(1, Ordering::SeqCst) + 1;
                says(200, json!({"authToken": format!("temporary-{n}")}))
            }
            "/oauth/temp-token" => says(401, json!({"error": format!("{token} is no token")})),
            path => match let_in(path, &token) {
                200 => says(200, json!({"result": {"resultValue": []}})),
                status => says(status, json!({"error": format!("{token} may not")})),
            },
        }
    })
    .await
}

fn tokens(server: &Server, path: &str) -> Vec<String> {
    let heard = server.heard();
    let mut tokens = heard
        .iter()
        .filter(|request| request.uri.path() == path)
        .map(|request| parameters(request)["authToken"].clone());
    tokens.by_ref().collect()
}

const MAILBOXES: &str = "/admin/email-to-poll";

async fn list(client: &Client) -> Result<Vec<serde_json::Value>, Fault> {
    client.send(&Call::get("list_mailboxes", &["admin", "email-to-poll"]), read_list).await
}

async fn remove(client: &Client) -> Result<(), Fault> {
    let call = Call::delete("remove_mailbox", &["admin", "email-to-poll"]).with("mailUser", "a+b@x.example");
    client.send(&call, read_nothing).await
}

/// Trap 3: what ends in access logs is a token of an hour, and not the permanent one.
#[tokio::test]
async fn calls_travel_with_a_temporary_token_and_the_domain() {
    let server = vendor(|_, token| if token.starts_with("temporary") { 200 } else { 401 }).await;
    let client = client_at(&format!("{}/admin/", server.url));
    list(&client).await.unwrap();
    list(&client).await.unwrap();
    assert_eq!(tokens(&server, MAILBOXES), ["temporary-1", "temporary-1"]);
    assert_eq!(tokens(&server, "/oauth/temp-token"), [PERMANENT]);
    for request in server.heard() {
        assert_eq!(parameters(&request)["clientDomain"], "acme.example");
        assert!(!request.uri.to_string().contains(PERMANENT));
    }
}

/// Traps 1 and 8: where the parameters of each method stand, and that an address keeps its plus sign.
#[tokio::test]
async fn parameters_stand_where_the_method_wants_them() {
    let server = vendor(|_, _| 200).await;
    let in_query = client_at(&server.url);
    let config = Config { delete_parameters: Some(DeleteParameters::Body), ..Config::new(&server.url, "acme.example") };
    let in_body = Client::new(&config, with_token()).unwrap();
    remove(&in_query).await.unwrap();
    remove(&in_body).await.unwrap();
    list(&in_query).await.unwrap();
    in_query
        .send(&Call::put("change_mailbox", &["admin", "email-to-poll"]).with("mailUser", "a+b@x.example"), read_nothing)
        .await
        .unwrap();
    let heard = server.heard();
    let of = |method: HttpMethod| heard.iter().filter(move |request| request.method == method).collect::<Vec<_>>();
    let has_query = |request: &Heard| request.uri.query().is_some();
    assert_eq!(of(HttpMethod::DELETE).iter().map(|request| has_query(request)).collect::<Vec<_>>(), [true, false]);
    assert!(of(HttpMethod::GET).iter().all(|request| has_query(request) && request.body.is_empty()));
    assert!(of(HttpMethod::PUT).iter().chain(&of(HttpMethod::POST)).all(|request| !has_query(request)));
    for request in of(HttpMethod::DELETE).iter().chain(&of(HttpMethod::PUT)) {
        let raw = format!("{} {}", request.uri.query().unwrap_or_default(), request.body);
        assert!(raw.contains("a%2Bb%40x.example"), "{raw}");
    }
}

#[tokio::test]
async fn a_refused_temporary_token_is_replaced_once() {
    let server = vendor(|_, token| if token == "temporary-1" { 401 } else { 200 }).await;
    let client = client_at(&server.url);
    list(&client).await.unwrap();
    assert_eq!(tokens(&server, MAILBOXES), ["temporary-1", "temporary-2"]);
}

/// Which status a token gets that has run out is not documented. A new one's refusal is taken at its word.
#[tokio::test]
async fn another_status_may_be_the_end_of_a_token_that_is_not_new() {
    for status in [400, 403] {
        let server = vendor(move |_, token| if token == "temporary-2" { 200 } else { status }).await;
        let client = client_at(&server.url);
        list(&client).await.unwrap_err();
        let before = tokens(&server, MAILBOXES).len();
        tokio::time::pause();
        tokio::time::advance(PATIENCE).await;
        tokio::time::resume();
        list(&client).await.unwrap();
        assert_eq!(tokens(&server, MAILBOXES)[before..], ["temporary-1", "temporary-2"], "{status}");
    }
}

/// Contract 1.3: that the Administrative API takes temporary tokens is inferred.
#[tokio::test]
async fn the_permanent_token_serves_where_temporary_ones_do_not() {
    for status in [401, 403] {
        let server = vendor(move |path, token| match path.starts_with("/admin/") && token != PERMANENT {
            true => status,
            false => 200,
        })
        .await;
        let client = client_at(&server.url);
        list(&client).await.unwrap();
        list(&client).await.unwrap();
        let used = tokens(&server, MAILBOXES);
        assert_eq!(used[used.len() - 2..], [PERMANENT, PERMANENT], "{status}: what was learned stays known");
        client.send(&Call::get("list_contacts", &["contacts-users"]), read_list::<serde_json::Value>).await.unwrap();
        assert!(tokens(&server, "/contacts-users")[0].starts_with("temporary"), "{status}");
    }
}

/// Trap 3: only an answer to the permanent token shows that it is wanted.
#[tokio::test]
async fn a_vendor_in_trouble_says_nothing_of_the_permanent_token() {
    let server = vendor(|_, token| if token == PERMANENT { 503 } else { 403 }).await;
    let client = client_at(&server.url);
    list(&client).await.unwrap_err();
    list(&client).await.unwrap_err();
    assert_eq!(tokens(&server, MAILBOXES), ["temporary-1", PERMANENT, "temporary-1", PERMANENT]);
}

#[tokio::test]
async fn a_user_without_the_permission_is_told_so_and_the_token_not_tried_at_each_call() {
    let server = vendor(|_, _| 403).await;
    let client = client_at(&server.url);
    let fault = list(&client).await.unwrap_err();
    assert_eq!((fault.class, fault.code), (Class::Denied, Some(403)));
    assert!(fault.detail.contains("DOMAIN_CONF") && fault.detail.contains("acme.example"), "{fault}");
    assert!(!fault.detail.contains(PERMANENT), "{fault}");
    list(&client).await.unwrap_err();
    assert_eq!(tokens(&server, MAILBOXES), ["temporary-1", PERMANENT, "temporary-1"]);
}

#[tokio::test]
async fn a_refused_delete_names_the_other_place_of_its_parameters() {
    let server = vendor(|_, _| 400).await;
    let fault = remove(&client_at(&server.url)).await.unwrap_err();
    assert!(fault.detail.contains("spec.crm2.deleteParameters of the AdminApi to Body"), "{fault}");
}

#[tokio::test]
async fn a_server_without_temporary_tokens_gets_the_permanent_one() {
    let server = Server::start(|request: &Heard| match request.uri.path() {
        "/oauth/temp-token" => says(404, ""),
        _ => says(200, "[]"),
    })
    .await;
    list(&client_at(&server.url)).await.unwrap();
    assert_eq!(tokens(&server, MAILBOXES), [PERMANENT]);
}

#[tokio::test]
async fn a_dead_permanent_token_is_refused_credentials_with_the_way_out() {
    let server = vendor(|_, _| 200).await;
    let config = Config::new(&server.url, "acme.example");
    let client = Client::new(&config, access(&[("authToken", "an-old-token")])).unwrap();
    let fault = list(&client).await.unwrap_err();
    assert_eq!((fault.class, fault.code), (Class::Denied, Some(401)));
    assert!(fault.detail.contains("My Account") && !fault.detail.contains("an-old-token"), "{fault}");
}

#[tokio::test]
async fn a_token_is_validated_by_itself() {
    for (body, alive) in [
        (r#"{"authenticated":true}"#, Some(true)),
        (r#"{"authenticated":"false"}"#, Some(false)),
        (r#"{"result":{"resultValue":{"authenticated":true}}}"#, Some(true)),
        (r#"{"error":"unknown token"}"#, Some(false)),
        ("{}", None),
    ] {
        let server = Server::start(move |_: &Heard| says(200, body)).await;
        let outcome = client_at(&server.url).0.session.validate().await;
        let found = match &outcome {
            Ok(()) => Some(true),
            Err(fault) if fault.class == Class::Denied && fault.code == Some(401) => Some(false),
            Err(_) => None,
        };
        assert_eq!(found, alive, "{body}");
        let request = &server.heard()[0];
        assert_eq!(
            (request.uri.to_string().as_str(), request.header("content-type")),
            ("/oauth/validate", "application/json")
        );
        assert_eq!(request.body, json!({"authToken": PERMANENT}).to_string());
    }
}
