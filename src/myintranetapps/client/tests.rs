//! Tests of the client against what the vendor contract says and suspects; the trap numbers are those of its section 4.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::base::access::ReadOnly;
use crate::http::Intent;
use crate::http::tests::{Heard, Server, access, deserted, start_cutting};
use crate::myintranetapps::wire::{AccountChange, AccountType, ConnectionStatus};

const OWN_KEY: &str = "5a50d8fed44aa9.76285894";
const KEY: &str = "5a70d8fcd44aa9.76285892";

fn credentials() -> Access {
    access(&[("username", "api-admin"), ("password", "correct-horse"), ("accountKey", OWN_KEY)])
}

fn client(url: &str) -> Client {
    Client::new(&Config { url: url.to_owned() }, credentials()).unwrap()
}

/// A client whose vendor answers everything like this, and that vendor.
async fn answered(status: u16, body: impl Into<String>) -> (Client, Server) {
    let (status, body) = (StatusCode::from_u16(status).unwrap(), body.into());
    let server = Server::start(move |_| (status, Html(body.clone()))).await;
    (client(&server.url), server)
}

fn new_account() -> NewAccount {
    NewAccount {
        name: "General Company Ltd".into(),
        subdomain: "GeneralCo".into(),
        email_admin: "cfo@example.com".into(),
        package_id: Some("93".into()),
        active: true,
        password: Some(Secret::new("Initial-Passw0rd")),
        account_type: AccountType::Standard,
        domain: None,
        data_share: Some(true),
        first_name: None,
        last_name: None,
        environment: None,
    }
}

fn created() -> String {
    json!({"status_code": 200, "message": "Account successfully created", "account_key": KEY, "subdomain": "generalco",
        "account_domain": "generalco.myintranetapps.com", "name": "General Company Ltd", "admin_email": "cfo@example.com"})
    .to_string()
}

fn listed() -> String {
    json!({"status_code": 200, "message": "Accounts list successfully generated", "accounts": [
        {"name": "General Company Ltd", "key": KEY, "subdomain": "generalco", "domain": "", "package_id": "93",
         "email_admin": "cfo@example.com"}]})
    .to_string()
}

fn connection(account: &str, status: &str) -> Value {
    json!({"integration": "quickbooks", "property": "Boss Widgets Inc", "expires": "2021-11-05 19:02:23",
        "created": "2021-11-05 18:02:23", "status": status, "environment": "production", "last_sync": "2022-05-02 04:05:59",
        "last_sync_error": "2022-01-20 04:05:50", "last_sync_error_count": "0",
        "last_sync_error_message": "warning: failed to make request to quickbooks, code:200", "active": true,
        "name": "testborrower", "account_key": account, "in_error_state": false})
}

fn health(rows: &[Value]) -> String {
    json!({"status_code": 200, "message": "Connection health generated", "count": rows.len(), "connections": rows})
        .to_string()
}

fn update(change: AccountChange) -> AccountUpdate {
    AccountUpdate::new(KEY, change).unwrap()
}

fn off() -> AccountUpdate {
    update(AccountChange { active: Some(false), ..AccountChange::default() })
}

fn body(heard: &Heard) -> Value {
    serde_json::from_str(&heard.body).unwrap()
}

/// Trap 1, 2 and 12: a creation has no action and everything else has one; flags are strings; no password is a blank one.
#[tokio::test]
async fn only_a_creation_has_no_action() {
    let (client, server) = answered(200, created()).await;
    client.create_account(&new_account()).await.unwrap();
    client.create_account(&NewAccount { password: None, package_id: None, ..new_account() }).await.unwrap();
    client.update_account(&off()).await.unwrap();
    let change =
        AccountChange { package_id: Some("9".into()), active: Some(true), email_admin: Some("a@example.com".into()) };
    client.update_account(&update(change)).await.unwrap();
    client.check().await.unwrap();
    let bodies: Vec<Value> = server.heard().iter().map(body).collect();
    assert_eq!(
        bodies[0],
        json!({"name": "General Company Ltd", "package_id": "93", "active": "1", "email_admin": "cfo@example.com",
            "password": "Initial-Passw0rd", "subdomain": "GeneralCo", "type": "standard", "datashare": "1"})
    );
    assert_eq!((&bodies[1]["password"], bodies[1].get("package_id")), (&json!(""), None));
    assert_eq!(bodies[2], json!({"action": "update_account", "account_key": KEY, "active": "0"}));
    assert_eq!(
        bodies[3],
        json!({"action": "update_account", "account_key": KEY, "package_id": "9", "active": "1", "email_admin": "a@example.com"})
    );
    assert_eq!(bodies[4], json!({"action": "list_accounts"}));
    assert!(server.heard().iter().all(|heard| heard.method == "POST" && heard.uri.path() == "/app/api.php"));
    assert_eq!(AccountUpdate::new(KEY, AccountChange::default()), None);
}

/// Trap 3 and 11: the key goes by two names, and the header keeps the caller's.
#[tokio::test]
async fn the_header_has_our_key_and_the_body_the_accounts() {
    let (client, server) = answered(200, created()).await;
    let account = client.create_account(&new_account()).await.unwrap();
    assert_eq!((account.account_key.as_str(), account.subdomain.as_str()), (KEY, "generalco"));
    assert_eq!(account.account_domain.as_deref(), Some("generalco.myintranetapps.com"));
    assert_eq!(account.admin_email.as_deref(), Some("cfo@example.com"));
    client.update_account(&off()).await.unwrap();
    for heard in server.heard() {
        assert_eq!(heard.header("account-key"), OWN_KEY);
        assert_eq!(heard.header("authorization"), basic_authorization("api-admin", "correct-horse").expose());
    }
    let own = AccountUpdate::new(OWN_KEY, off().change().clone()).unwrap();
    let fault = client.update_account(&own).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery, server.heard().len()), (Class::Refused, Delivery::NotSent, 2));
}

/// Trap 4 and 15: the two codes can differ in both directions, and neither the body nor its type need be what they should.
#[tokio::test]
async fn success_takes_both_codes() {
    let page = "<html><body>502 Bad Gateway</body></html>";
    let cases: &[(u16, &str, Class, Delivery, u16)] = &[
        (200, r#"{"status_code":409,"message":"taken"}"#, Class::Taken, Delivery::Answered, 409),
        (200, r#"{"status_code":"409","message":"taken"}"#, Class::Taken, Delivery::Answered, 409),
        (200, r#"{"status_code":409,"message":{"subdomain":["taken"]}}"#, Class::Taken, Delivery::Answered, 409),
        (409, "", Class::Taken, Delivery::Answered, 409),
        (409, "{}", Class::Taken, Delivery::Answered, 409),
        (409, page, Class::Taken, Delivery::Answered, 409),
        (400, r#"{"status_code":409}"#, Class::Taken, Delivery::Answered, 409),
        (200, r#"{"status_code":404}"#, Class::Missing, Delivery::Answered, 404),
        (200, r#"{"status_code":400,"message":"no name"}"#, Class::Refused, Delivery::Answered, 400),
        (200, r#"{"status_code":401}"#, Class::Denied, Delivery::Answered, 401),
        (403, page, Class::Denied, Delivery::Answered, 403),
        (200, r#"{"status_code":500}"#, Class::Transient, Delivery::Unknown, 500),
        (500, r#"{"status_code":200}"#, Class::Transient, Delivery::Unknown, 500),
        (401, r#"{"status_code":200}"#, Class::Denied, Delivery::Answered, 401),
        (502, page, Class::Transient, Delivery::Unknown, 502),
        (200, page, Class::Broken, Delivery::Unknown, 200),
        (200, "", Class::Broken, Delivery::Unknown, 200),
        (200, r#"[{"status_code":200}]"#, Class::Broken, Delivery::Unknown, 200),
        (200, r#"{"status_code":200,"accou"#, Class::Broken, Delivery::Unknown, 200),
        (200, r#"{"message":"fine"}"#, Class::Broken, Delivery::Unknown, 200),
        (200, r#"{"status_code":{},"account_key":"x"}"#, Class::Broken, Delivery::Unknown, 200),
        (200, r#"{"status_code":200,"message":"fine"}"#, Class::Broken, Delivery::Unknown, 200),
        (200, r#"{"status_code":200,"account_key":""}"#, Class::Broken, Delivery::Unknown, 200),
        (200, r#"{"status_code":200,"account_key":null}"#, Class::Broken, Delivery::Unknown, 200),
    ];
    for (status, body, class, delivery, code) in cases {
        let (client, _server) = answered(*status, *body).await;
        let fault = client.create_account(&new_account()).await.unwrap_err();
        assert_eq!((fault.class, fault.delivery, fault.code), (*class, *delivery, Some(*code)), "{status} {body}");
    }
    for body in [created(), created().replace("200", "\"200\""), format!("\u{feff}\n{}", created())] {
        let (client, _server) = answered(200, body).await;
        assert!(client.create_account(&new_account()).await.is_ok());
    }
}

/// Trap 18: what the vendor says about a password is not repeated.
#[tokio::test]
async fn an_echoed_password_stays_hidden() {
    let said = json!({"status_code": 400, "message": format!("<b>bad</b> password Initial-Passw0rd for api-admin:correct-horse\n{OWN_KEY}")});
    let (client, _server) = answered(200, said.to_string()).await;
    let fault = client.create_account(&new_account()).await.unwrap_err();
    assert_eq!(fault.detail, "the vendor answered 400: bad password *** for ***:*** ***");
    let shown = format!("{fault:?}");
    assert!(!shown.contains("Passw0rd") && !shown.contains("correct-horse") && !shown.contains(OWN_KEY), "{shown}");
}

#[tokio::test]
async fn lost_calls_say_whether_they_may_have_arrived() {
    let fault = client(&start_cutting().await).create_account(&new_account()).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Transient, Delivery::Unknown));
    let fault = client(&deserted().await).create_account(&new_account()).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Transient, Delivery::NotSent));
}

#[tokio::test]
async fn a_plan_lists_with_post_and_writes_nothing() {
    let server = Server::start(|_| listed()).await;
    let access = Access { gate: Arc::new(ReadOnly), ..credentials() };
    let client = Client::new(&Config { url: server.url.clone() }, access).unwrap();
    client.check().await.unwrap();
    let faults =
        [client.create_account(&new_account()).await.unwrap_err(), client.update_account(&off()).await.unwrap_err()];
    assert!(faults.iter().all(|fault| fault.delivery == Delivery::NotSent));
    assert_eq!(server.heard().len(), 1);
}

#[test]
fn accounts_are_read_in_all_their_forms_and_found_both_ways() {
    let list = json!({"status_code": "200", "accounts": [
        {"name": "B", "key": "5b", "subdomain": "Twice", "domain": null, "package_id": 9, "email_admin": null},
        {"name": "A", "key": "5a", "subdomain": "twice", "domain": "www.a.example", "package_id": "", "extra": [1]},
        {"name": "A again", "key": "5a", "subdomain": "other"},
        {"key": "50708840445459.76285892", "subdomain": null},
    ]});
    let accounts = read_accounts(&Answer::made_up(Intent::Read, 200, list.to_string())).unwrap();
    assert_eq!(accounts.len(), 3);
    let keys: Vec<&str> = accounts.iter().map(|account| account.key.as_str()).collect();
    assert_eq!(keys, ["50708840445459.76285892", "5a", "5b"]);
    assert_eq!(accounts.by_subdomain("TWICE").unwrap().key, "5a");
    assert_eq!(accounts.by_key("5a").unwrap().domain.as_deref(), Some("www.a.example"));
    assert_eq!(accounts.by_key("5b").unwrap().package_id.as_deref(), Some("9"));
    assert!(accounts.by_subdomain("").is_none() && accounts.by_subdomain("other").is_none());
}

/// An odd list is a fault, because "there are none" leads to a creation.
#[test]
fn an_odd_list_never_reads_as_empty() {
    for accounts in ["[]", "{}"] {
        let body = format!(r#"{{"status_code":200,"accounts":{accounts}}}"#);
        assert!(read_accounts(&Answer::made_up(Intent::Read, 200, body)).unwrap().is_empty());
    }
    assert!(
        read_accounts(&Answer::made_up(Intent::Read, 200, r#"{"status_code":200,"message":"none"}"#))
            .unwrap()
            .is_empty()
    );
    for accounts in [
        "null",
        "false",
        "\"\"",
        "{\"error\":1}",
        "[{}]",
        "[null]",
        "[[]]",
        r#"[{"key":"","subdomain":"a"}]"#,
        r#"[{"key":"a b","subdomain":"a"}]"#,
        r#"[{"key":"a"}]"#,
        r#"[{"key":50708840445459.76285892,"subdomain":"a"}]"#,
    ] {
        let body = format!(r#"{{"status_code":200,"accounts":{accounts}}}"#);
        let fault = read_accounts(&Answer::made_up(Intent::Read, 200, body)).err();
        assert_eq!(fault.map(|fault| fault.class), Some(Class::Broken), "{accounts}");
    }
    let contradiction = r#"{"status_code":200,"count":2,"connections":[]}"#;
    assert!(read_connections(&Answer::made_up(Intent::Read, 200, contradiction), None, StatusFilter::all()).is_err());
}

/// Trap 5 to 9: times without a zone, counts as text or null, and a message that outlives its error.
#[test]
fn connections_are_read_in_all_their_forms() {
    let mut odd = connection(KEY, "inactive");
    for (name, value) in [
        ("property", json!("")),
        ("expires", json!("0000-00-00 00:00:00")),
        ("last_sync", Value::Null),
        ("last_sync_error_count", json!(10)),
        ("in_error_state", json!("1")),
        ("last_sync_error_message", json!(format!("token hunter22 <i>{}</i>", "x".repeat(500)))),
        ("active", json!("whatever")),
    ] {
        odd[name] = value;
    }
    let mut bare = connection(KEY, "PAUSED");
    bare["last_sync_error_count"] = Value::Null;
    bare["last_sync_error_message"] = Value::Null;
    let rows = health(&[connection(KEY, "ACTIVE"), odd, bare]);
    let read = read_connections(&Answer::made_up(Intent::Read, 200, rows), None, StatusFilter::all()).unwrap();
    let plain = &read[0];
    assert_eq!(plain.created.unwrap().to_string(), "2021-11-05T18:02:23Z");
    assert_eq!((plain.error_count, plain.in_error, plain.status == ConnectionStatus::Active), (0, false, true));
    assert!(plain.error_message.as_deref().unwrap().starts_with("warning: failed"));
    assert_eq!((plain.property.as_deref(), plain.account_name.as_str()), (Some("Boss Widgets Inc"), "testborrower"));
    let odd = &read[1];
    assert_eq!((odd.error_count, odd.in_error, odd.status == ConnectionStatus::Inactive), (10, true, true));
    assert_eq!((odd.property.as_ref(), odd.expires, odd.last_sync), (None, None, None));
    let message = odd.error_message.as_deref().unwrap();
    assert!(message.starts_with("token *** xxx") && message.chars().count() == 200, "{message}");
    assert_eq!(read[2].status, ConnectionStatus::Other("PAUSED".into()));
    assert_eq!((read[2].error_count, read[2].error_message.as_ref()), (0, None));
}

#[tokio::test]
async fn readers_of_accounts_share_one_call_and_see_own_writes() {
    let server = Server::start(|heard| match heard.body.as_str() {
        list if list.contains("list_accounts") => json!({"status_code": 200, "accounts": []}).to_string(),
        _ => created(),
    })
    .await;
    let client = client(&server.url);
    let start = Instant::now();
    let readers = (0..100).map(|_| client.account_by(start, Accounts::len));
    assert!(futures::future::join_all(readers).await.into_iter().all(|length| length == Ok(0)));
    client.create_account(&new_account()).await.unwrap();
    let change = AccountChange { email_admin: Some("new@example.com".into()), ..AccountChange::default() };
    client.update_account(&update(change)).await.unwrap();
    let account =
        client.account_by(start, |accounts| accounts.by_subdomain("generalco").cloned()).await.unwrap().unwrap();
    assert_eq!((account.key.as_str(), account.package_id.as_deref()), (KEY, Some("93")));
    assert_eq!(account.email_admin.as_deref(), Some("new@example.com"));
    assert_eq!(server.heard().len(), 3);
}

#[tokio::test]
async fn after_an_uncertain_creation_nobody_trusts_the_old_list() {
    let exists = Arc::new(AtomicBool::new(false));
    let seen = exists.clone();
    let server = Server::start(move |heard| -> Response {
        if !heard.body.contains("list_accounts") {
            seen.store(true, Ordering::SeqCst);
            return (StatusCode::BAD_GATEWAY, Html("<h1>oops</h1>")).into_response();
        }
        if seen.load(Ordering::SeqCst) { listed() } else { json!({"status_code": 200, "accounts": {}}).to_string() }
            .into_response()
    })
    .await;
    let client = client(&server.url);
    let start = Instant::now();
    assert_eq!(client.account_by(start, Accounts::len).await, Ok(0));
    client.create_account(&new_account()).await.unwrap_err();
    assert_eq!(client.account_by(start, Accounts::len).await, Ok(1));
}

#[tokio::test]
async fn connections_are_shared_by_filter_and_refined_by_account() {
    let server = Server::start(|heard| {
        // Filters by nothing but the account, as a vendor might that does not know the word.
        let rows = match heard.uri.query().unwrap_or_default().contains("account_key=") {
            true => vec![connection(KEY, "PENDING"), connection("other", "ACTIVE"), connection(KEY, "ACTIVE")],
            false => vec![connection(KEY, "ACTIVE"), connection("other", "INACTIVE"), connection("other", "ACTIVE")],
        };
        health(&rows)
    })
    .await;
    let client = client(&server.url);
    let start = Instant::now();
    let some = StatusFilter::of(&[ConnectionStatus::Pending, ConnectionStatus::Active]);
    let everything =
        StatusFilter::of(&[ConnectionStatus::Pending, ConnectionStatus::Active, ConnectionStatus::Inactive]);
    assert_eq!((everything, StatusFilter::of([])), (StatusFilter::all(), StatusFilter::all()));
    assert_eq!(client.connections(&some, start, Connections::len).await, Ok(2));
    assert_eq!(client.connections(&StatusFilter::all(), start, Connections::len).await, Ok(3));
    assert_eq!(client.connections_of(KEY, &some).await.unwrap().len(), 2);
    let of = |key: &'static str| move |all: &Connections| all.of(key).len();
    assert_eq!(client.connections(&some, start, of(KEY)).await, Ok(2));
    assert_eq!(client.connections(&some, start, of("other")).await, Ok(1));
    assert_eq!(client.connections(&some, start, of("nobody")).await, Ok(0));
    let queries: Vec<String> =
        server.heard().iter().map(|heard| heard.uri.query().unwrap_or_default().to_owned()).collect();
    assert_eq!(
        queries,
        [
            "action=connection_health&statuses=ACTIVE%2CPENDING",
            "action=connection_health",
            "action=connection_health&account_key=5a70d8fcd44aa9.76285892&statuses=ACTIVE%2CPENDING",
        ]
    );
}

#[test]
fn the_script_is_added_to_the_address() {
    let script = |url: &str| Config { url: url.to_owned() }.script().map(|url| url.to_string());
    for url in [
        "https://admin.example",
        "https://admin.example/",
        "https://admin.example/app/api.php",
        "https://admin.example/app/api.php/",
    ] {
        assert_eq!(script(url).unwrap(), "https://admin.example/app/api.php");
    }
    assert_eq!(script("https://proxy.example/mia").unwrap(), "https://proxy.example/mia/app/api.php");
    assert!(script("http://admin.example").is_err());
}

#[test]
fn missing_credentials_are_named() {
    let config = Config { url: "https://admin.example".into() };
    let new = |pairs: &[(&str, &str)]| {
        Client::new(&config, access(pairs)).err().map(|error| error.to_string()).unwrap_or_default()
    };
    let key = ("accountKey", OWN_KEY);
    assert_eq!(new(&[key, ("apiKey", "sk_1.x\n")]), "");
    assert_eq!(new(&[key, ("username", "u"), ("password", "p ")]), "");
    for (pairs, named) in [
        (&[("username", "u"), ("password", "p")][..], "`accountKey`"),
        (&[("accountKey", " \n"), ("apiKey", "k")], "`accountKey`"),
        (&[key], "apiKey"),
        (&[key, ("username", "u")], "`password`"),
        (&[key, ("password", "p")], "`username`"),
        (&[key, ("username", "u"), ("apiKey", "k")], "`apiKey`"),
        (&[key, ("username", "u:v"), ("password", "p")], "colon"),
        (&[("accountKey", "5a\n50"), ("apiKey", "k")], "`accountKey`"),
    ] {
        let error = new(pairs);
        assert!(error.contains(named), "{named}: {error}");
    }
}

#[test]
fn an_api_key_stands_where_the_user_name_does() {
    let basic = |pairs: &[(&str, &str)]| authorization(&access(pairs)).unwrap().expose().to_owned();
    assert_eq!(basic(&[("apiKey", "sk_1.x\n")]), basic_authorization("sk_1.x", "").expose());
    assert_eq!(basic(&[("username", "u\n"), ("password", " p \r\n")]), basic_authorization("u", " p ").expose());
}

#[test]
fn endpoints_are_one_row_each() {
    let mut operations: Vec<&str> = ENDPOINTS.iter().map(|endpoint| endpoint.operation).collect();
    operations.sort_unstable();
    operations.dedup();
    assert_eq!(operations.len(), ENDPOINTS.len());
}

fn junk() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("0000-00-00 00:00:00")),
        Just(json!(200)),
    ];
    let name = prop_oneof![
        Just("accounts"),
        Just("connections"),
        Just("count"),
        Just("key"),
        Just("account_key"),
        Just("subdomain"),
        Just("created"),
        Just("in_error_state"),
        Just("last_sync_error_count"),
        Just("0"),
    ];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())),
        ]
    })
}

proptest! {
    #[test]
    fn junk_is_a_fault_or_a_list_but_never_a_panic(accounts in junk(), bytes in any::<Vec<u8>>(), status in 200u16..600) {
        let body = json!({"status_code": 200, "accounts": accounts, "connections": accounts, "account_key": accounts});
        for body in [body.to_string().into_bytes(), accounts.to_string().into_bytes(), bytes] {
            let answer = Answer::made_up(Intent::Write, status, body);
            if let Ok(read) = read_accounts(&answer) {
                prop_assert_eq!(read.is_empty(), accounts == json!([]) || accounts == json!({}));
            }
            let _ = read_connections(&answer, None, StatusFilter::all());
            let _ = read_created(&answer);
        }
    }
}

/// A list that lost most of its accounts is believed when the vendor says so twice.
#[tokio::test]
async fn a_list_cut_short_is_doubted_once() {
    let (whole, short) = (accounts_of(20), accounts_of(2));
    let answers = Arc::new(std::sync::Mutex::new(vec![short.clone(), short, whole]));
    let server = Server::start(move |_| answers.lock().unwrap().pop().unwrap()).await;
    let client = Client::new(&Config { url: server.url.clone() }, credentials()).unwrap();
    let count = |client: Client| async move { client.account_by(Instant::now(), Accounts::len).await };
    assert_eq!(count(client.clone()).await.unwrap(), 20);
    let fault = count(client.clone()).await.unwrap_err();
    assert_eq!(fault.class, Class::Broken);
    assert!(fault.detail.contains("18 of 20"), "{fault}");
    assert_eq!(count(client).await.unwrap(), 2);
}

fn accounts_of(count: usize) -> String {
    let account =
        |i| json!({"name": "n", "key": format!("key-{i}"), "subdomain": format!("s{i}"), "email_admin": "a@b"});
    let all: Vec<Value> = (0..count).map(account).collect();
    json!({"status_code": 200, "message": "", "accounts": all}).to_string()
}
