//! Who may come in, which operation a request is, and in what envelope the answer comes.

use serde_json::json;

use super::{Reply, bench, bench_with};
use crate::myintranetapps::sim::options::{ContentType, DeniedCode, ErrorTransport, NumberStyle};
use crate::myintranetapps::sim::{Options, Simulator};
use crate::sim::journal::Intent;
use crate::sim::server::Listen;

const KEY: &str = "5a50d8fed44aa9.76285894";

#[tokio::test]
async fn a_user_and_an_api_key_come_in_with_the_account_key() {
    let bench = bench().await;
    let api_key = Options::default().credentials.api_key;
    for (user, password) in
        [("api-admin", Some("correct-horse")), (api_key.as_str(), Some("")), (api_key.as_str(), None)]
    {
        let request = bench.http.post(bench.script()).basic_auth(user, password).header("Account-Key", KEY);
        let reply = Reply::of(request.body(r#"{"action": "list_accounts"}"#).send().await.unwrap()).await;
        assert_eq!(reply.codes(), (200, 200));
    }
}

#[tokio::test]
async fn others_are_refused_and_change_nothing() {
    let bench = bench().await;
    let body = super::create_body(json!({})).to_string();
    let tries = [
        (Some(("api-admin", "wrong")), Some(KEY), 401),
        (Some(("stranger", "correct-horse")), Some(KEY), 401),
        (Some(("api-admin", "")), Some(KEY), 401),
        (None, Some(KEY), 401),
        (Some(("api-admin", "correct-horse")), None, 403),
        (Some(("api-admin", "correct-horse")), Some("5aa2e93c0ea374.82746293"), 403),
    ];
    for (pair, key, code) in tries {
        let mut request = bench.http.post(bench.script()).body(body.clone());
        if let Some((user, password)) = pair {
            request = request.basic_auth(user, Some(password));
        }
        if let Some(key) = key {
            request = request.header("Account-Key", key);
        }
        let reply = Reply::of(request.send().await.unwrap()).await;
        assert_eq!(reply.codes(), (code, u64::from(code)));
    }
    assert_eq!(bench.sim.accounts(), []);
    assert_eq!((bench.sim.journal().count("create_account"), bench.sim.journal().performed("create_account")), (6, 0));
}

#[tokio::test]
async fn the_codes_for_the_refused_can_be_swapped() {
    let bench = bench_with(|options| {
        options.denied_credentials = DeniedCode::C403;
        options.denied_account_key = DeniedCode::C401;
    })
    .await;
    let request = || bench.http.get(bench.script());
    assert_eq!(request().send().await.unwrap().status(), 403);
    let foreign = request().basic_auth("api-admin", Some("correct-horse")).header("Account-Key", "foreign");
    assert_eq!(foreign.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn credentials_can_be_rotated_while_it_runs() {
    let bench = bench().await;
    bench.list().await;
    bench.sim.reconfigure(|options| options.credentials.password = "new-password".to_owned());
    assert_eq!(bench.post(json!({"action": "list_accounts"})).await.codes(), (401, 401));
    assert_eq!(bench.sim.credentials()["password"].expose(), "new-password");
}

#[tokio::test]
async fn errors_carry_their_code_in_http_or_only_in_the_body() {
    for (transport, status) in [(ErrorTransport::Mirror, 400), (ErrorTransport::Always200, 200)] {
        let bench = bench_with(|options| options.error_transport = transport).await;
        let reply = bench.post(json!({"action": "delete_account"})).await;
        assert_eq!(reply.codes(), (status, 400));
        assert_eq!(reply.json()["message"], "Unknown action");
        let denied = bench.http.get(bench.script()).send().await.unwrap();
        assert_eq!(denied.status().as_u16(), if status == 200 { 200 } else { 401 });
    }
}

#[tokio::test]
async fn answers_are_json_whatever_they_say_they_are() {
    for (content_type, said) in
        [(ContentType::Json, "application/json"), (ContentType::Html, "text/html; charset=UTF-8")]
    {
        let bench = bench_with(|options| options.content_type = content_type).await;
        let reply = bench.post(json!({"action": "list_accounts"})).await;
        assert_eq!(reply.content_type, said);
        assert_eq!(reply.json()["message"], "Accounts list successfully generated");
    }
}

#[tokio::test]
async fn status_code_is_a_number_or_a_text() {
    for (style, expected) in [(NumberStyle::Number, json!(200)), (NumberStyle::String, json!("200"))] {
        let bench = bench_with(|options| options.status_code_style = style).await;
        assert_eq!(bench.post(json!({"action": "list_accounts"})).await.json()["status_code"], expected);
    }
}

#[tokio::test]
async fn answers_can_have_more_fields_than_documented() {
    for extra in [false, true] {
        let bench = bench_with(|options| options.extra_answer_fields = extra).await;
        let created = bench.create(json!({})).await.json();
        assert_eq!(created.get("admin_url"), extra.then(|| json!("https://example.myintranetapps.com/admin")).as_ref());
        assert_eq!(bench.list().await.get("api_version").is_some(), extra);
    }
}

#[tokio::test]
async fn what_is_no_action_is_refused() {
    let bench = bench().await;
    for action in [json!("delete_account"), json!("connection_health"), json!("create_api_key"), json!(""), json!(7)] {
        assert_eq!(bench.post(json!({"action": action})).await.codes(), (400, 400), "{action}");
    }
    for query in ["", "action=list_accounts", "action=nothing", "action="] {
        assert_eq!(bench.get(query).await.codes(), (400, 400), "{query}");
    }
    for body in ["", "not JSON", "[]", "\"list_accounts\"", "{\"action\": \"list_accounts\""] {
        let reply = Reply::of(bench.send(body.to_owned()).await.unwrap()).await;
        assert_eq!(reply.codes(), (400, 400), "{body}");
    }
    assert_eq!(bench.sim.journal().count("unknown"), 14);
}

#[tokio::test]
async fn other_paths_and_methods_are_not_the_script() {
    let bench = bench().await;
    let elsewhere =
        Reply::of(bench.http.get(format!("{}/api/v1/accounts", bench.sim.url())).send().await.unwrap()).await;
    assert_eq!((elsewhere.status, elsewhere.content_type.as_str()), (404, "text/html; charset=utf-8"));
    assert_eq!(bench.http.delete(bench.script()).send().await.unwrap().status(), 405);
    let head = bench
        .http
        .head(format!("{}?action=embed_token", bench.script()))
        .basic_auth("api-admin", Some("correct-horse"));
    assert_eq!(head.header("Account-Key", KEY).send().await.unwrap().status(), 400);
    let seen: Vec<_> = bench.sim.journal().all().iter().map(|entry| (entry.operation, entry.intent)).collect();
    assert_eq!(seen, [("unknown", Intent::Read), ("unknown", Intent::Write), ("unknown", Intent::Read)]);
}

#[tokio::test]
async fn the_journal_knows_reads_from_writes_and_no_secret() {
    let bench = bench().await;
    let key = bench.created("generalco").await;
    bench.list().await;
    bench.update(&key, json!({"active": "0"})).await;
    bench.health("&statuses=ACTIVE").await;
    bench.get("action=embed_token").await;
    bench.post(json!({"action": "allow_url", "url": "https://a.example"})).await;
    bench.update(KEY, json!({"active": "0"})).await;
    let seen: Vec<_> =
        bench.sim.journal().all().iter().map(|entry| (entry.operation, entry.intent, entry.performed)).collect();
    assert_eq!(
        seen,
        [
            ("create_account", Intent::Write, true),
            ("list_accounts", Intent::Read, true),
            ("update_account", Intent::Write, true),
            ("connection_health", Intent::Read, true),
            ("embed_token", Intent::Write, true),
            ("allow_url", Intent::Write, true),
            ("update_account", Intent::Write, false),
        ]
    );
    let create = &bench.sim.journal().all()[0];
    assert_eq!(create.body.as_ref().unwrap()["password"], "***");
    assert_eq!(create.note.as_deref(), Some("Account successfully created"));
    for path in ["journal", "state", ""] {
        let shown = bench.control("GET", path).await.text;
        let api_key = Options::default().credentials.api_key;
        for secret in ["newadminpassword", "correct-horse", api_key.as_str(), KEY] {
            assert!(!shown.contains(secret), "{secret} in /_sim/{path}");
        }
    }
}

#[tokio::test]
async fn two_regions_share_nothing() {
    let (us, canada) = (bench().await, bench_with(|options| *options = Options::region("myintranetapps.ca")).await);
    let key = us.created("generalco").await;
    assert_eq!(canada.list().await["accounts"], json!([]));
    assert_eq!(canada.update(&key, json!({"active": "0"})).await.codes(), (404, 404));
    let reply = canada.create(json!({"subdomain": "generalco"})).await.json();
    assert_eq!(reply["account_domain"], "generalco.myintranetapps.ca");
    assert_ne!(reply["account_key"], json!(key));
}

#[tokio::test]
async fn it_serves_tls_when_told() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let sim = Simulator::start_on(Listen { tls: true, port: 0 }, Options::default()).await.unwrap();
    let authority = reqwest::Certificate::from_pem(sim.ca_pem().unwrap().as_bytes()).unwrap();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([authority]).build().unwrap();
    let response = http.get(format!("{}/_sim/state", sim.url())).send().await.unwrap();
    assert_eq!(response.status(), 200);
    sim.stop().await;
}
