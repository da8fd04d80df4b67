//! Who may come in, where the server answers, and what its journal keeps.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;

use super::{Reply, bench, bench_with, portal_body};
use crate::intrexx::sim::options::answers::TokenStyle;
use crate::intrexx::sim::{Options, Simulator};
use crate::sim::journal::Intent;
use crate::sim::server::Listen;

#[tokio::test]
async fn the_token_is_handed_out_in_five_forms() {
    for style in [TokenStyle::Raw, TokenStyle::Padded, TokenStyle::Quoted, TokenStyle::Token, TokenStyle::AccessToken] {
        let mut bench = bench_with(|options| options.answers.token_style = style).await;
        bench.token.clear();
        let reply = bench.post("/auth", json!({"name": "iaa-admin", "password": "battery-staple"})).await;
        assert_eq!(reply.status, 200);
        let (content_type, token) = match style {
            TokenStyle::Raw => ("text/plain", reply.text.clone()),
            TokenStyle::Padded => {
                assert!(reply.text.starts_with(' ') && reply.text.ends_with('\n'));
                ("text/plain", reply.text.trim().to_owned())
            }
            TokenStyle::Quoted => ("application/json", reply.json().as_str().unwrap().to_owned()),
            TokenStyle::Token => ("application/json", reply.json()["token"].as_str().unwrap().to_owned()),
            TokenStyle::AccessToken => ("application/json", reply.json()["access_token"].as_str().unwrap().to_owned()),
        };
        assert_eq!(reply.content_type, content_type);
        assert_eq!(token.split('.').count(), 3);
        bench.token = token;
        assert_eq!(bench.get("/portals").await.status, 200);
    }
}

#[tokio::test]
async fn others_are_refused() {
    for status in [401, 403] {
        let mut bench = bench_with(|options| options.answers.denied_status = status).await;
        for body in [
            json!({"name": "iaa-admin", "password": "wrong"}),
            json!({"name": "stranger", "password": "battery-staple"}),
        ] {
            let refusal = (status, "the name or the password is wrong".to_owned());
            assert_eq!(bench.post("/auth", body).await.refusal(), refusal);
        }
        bench.token = "no.good.token".to_owned();
        assert_eq!(bench.get("/portals").await.status, status);
        bench.token.clear();
        assert_eq!(bench.get("/portals").await.status, status);
        assert_eq!(bench.put("/admin-api/license", json!({"key": "IAA-LICENSE-0001"})).await.status, status);
    }
}

#[tokio::test]
async fn the_key_is_name_and_not_username() {
    let bench = bench().await;
    let reply = bench.post("/auth", json!({"username": "iaa-admin", "password": "battery-staple"})).await;
    assert_eq!(reply.refusal(), (400, "name is required".to_owned()));
    let garbled = bench.request(Method::POST, "/auth").body("{\"name\":").send().await.unwrap();
    assert_eq!(Reply::of(garbled).await.refusal(), (400, "the body is not valid JSON".to_owned()));
}

#[tokio::test]
async fn tokens_end_with_their_time_or_with_the_servers_secret() {
    let mut bench = bench_with(|options| options.server.token_seconds = 600).await;
    bench.sim.advance(SignedDuration::from_secs(590));
    assert_eq!(bench.get("/portals").await.status, 200);
    bench.sim.advance(SignedDuration::from_secs(10));
    assert_eq!(bench.get("/portals").await.status, 401);
    bench.login().await;
    bench.sim.restart(false);
    assert_eq!(bench.get("/portals").await.status, 200);
    bench.sim.restart(true);
    assert_eq!(bench.get("/portals").await.status, 401);
}

#[tokio::test]
async fn logins_are_limited_by_address_and_minute() {
    for retry_after in [true, false] {
        let bench = bench_with(|options| {
            options.server.auth_limit = 3;
            options.server.retry_after = retry_after;
        })
        .await;
        let login = json!({"name": "iaa-admin", "password": "battery-staple"});
        let wrong = json!({"name": "iaa-admin", "password": "wrong"});
        assert_eq!(bench.post("/auth", wrong).await.status, 401);
        assert_eq!(bench.post("/auth", login.clone()).await.status, 200);
        let request = bench.request(Method::POST, "/auth").body(login.to_string());
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 429);
        let told = response.headers().get("retry-after").map(|value| value.to_str().unwrap());
        assert_eq!(told, retry_after.then_some("60"));
        assert_eq!(bench.get("/portals").await.status, 200);
        bench.sim.advance(SignedDuration::from_secs(60));
        assert_eq!(bench.post("/auth", login).await.status, 200);
    }
}

#[tokio::test]
async fn without_a_licence_nothing_works_but_to_install_it() {
    for status in [403, 402] {
        let bench = bench_with(|options| {
            options.server.unlicensed = true;
            options.server.unlicensed_status = status;
        })
        .await;
        assert_eq!(bench.get("/portals").await.status, status);
        assert_eq!(bench.get("/sales/settings").await.status, status);
        let install = |body| bench.put("/admin-api/license", body);
        assert_eq!(install(json!({"key": "another"})).await.status, 400);
        assert_eq!(install(json!({})).await.refusal(), (400, "key is required".to_owned()));
        assert_eq!(install(json!({"license": "IAA-LICENSE-0001"})).await.status, 200);
        assert_eq!(install(json!({"key": "IAA-LICENSE-0001"})).await.status, 200);
        assert_eq!(bench.get("/portals").await.status, 200);
    }
}

#[tokio::test]
async fn before_version_11_there_is_no_such_licence() {
    let bench = bench_with(|options| {
        options.server.license_endpoint = false;
        options.server.unlicensed = true;
    })
    .await;
    assert_eq!(bench.put("/admin-api/license", json!({"key": "IAA-LICENSE-0001"})).await.status, 404);
    assert_eq!(bench.get("/portals").await.status, 200);
}

#[tokio::test]
async fn it_can_answer_below_a_path_only() {
    let bench = bench_with(|options| options.server.base_path = "irma/".to_owned()).await;
    assert_eq!(bench.sim.url(), format!("{}/irma", bench.sim.origin()));
    assert_eq!(bench.get("/portals").await.status, 200);
    let outside = bench.http.get(format!("{}/portals", bench.sim.origin())).bearer_auth(&bench.token);
    assert_eq!(outside.send().await.unwrap().status(), 404);
    let similar = bench.http.get(format!("{}/irmaportals", bench.sim.origin())).bearer_auth(&bench.token);
    assert_eq!(similar.send().await.unwrap().status(), 404);
    assert_eq!(bench.get("/").await.location.as_deref(), Some("/irma/swagger-ui/"));
}

#[tokio::test]
async fn it_can_move_every_call_elsewhere() {
    let mut bench = bench_with(|options| {
        options.server.base_path = "/irma".to_owned();
        options.server.redirect = Some("v2".to_owned());
    })
    .await;
    let reply = bench.post("/auth?x=1", json!({})).await;
    assert_eq!((reply.status, reply.location.as_deref()), (301, Some("/irma/v2/auth?x=1")));
    let reply = bench.post("/v2/auth", json!({"name": "iaa-admin", "password": "battery-staple"})).await;
    bench.token = reply.text;
    assert_eq!(bench.post("/portals", portal_body("hr")).await.status, 301);
    assert_eq!(bench.sim.objects().len(), 1);
    assert_eq!(bench.post("/v2/portals", portal_body("hr")).await.status, 201);
    let seen: Vec<_> = bench.sim.journal().all().iter().map(|entry| (entry.operation, entry.intent)).skip(3).collect();
    assert_eq!(seen, [("redirected", Intent::Write), ("create_portal", Intent::Write)]);
}

#[tokio::test]
async fn paths_have_their_methods_only() {
    let bench = bench().await;
    for (method, path, allowed) in [
        (Method::PUT, "/sales/settings", "GET, PATCH"),
        (Method::DELETE, "/sales/mailservices/1", "GET, PATCH"),
        (Method::GET, "/sales/users", "POST"),
        (Method::GET, "/sales/groups", "POST"),
        (Method::PATCH, "/sales/groups/3", "GET, DELETE"),
        (Method::DELETE, "/templates", "GET, POST"),
        (Method::GET, "/admin-api/license", "PUT"),
        (Method::HEAD, "/portals", "GET, POST"),
    ] {
        let response = bench.request(method.clone(), path).send().await.unwrap();
        assert_eq!(response.status(), 405, "{method} {path}");
        assert_eq!(response.headers()["allow"], allowed, "{method} {path}");
    }
    for path in ["/sales", "/sales/nothing", "/sales/scheduler/job", "/auth/x", "/templates/settings"] {
        assert_eq!(bench.get(path).await.status, 404, "{path}");
    }
    assert_eq!(bench.sim.journal().count("unknown"), 13);
}

#[tokio::test]
async fn the_description_needs_no_token() {
    let mut bench = bench().await;
    bench.token.clear();
    assert_eq!(bench.get("/").await.location.as_deref(), Some("/swagger-ui/"));
    assert!(bench.get("/swagger-ui/").await.content_type.starts_with("text/html"));
    let paths = bench.get("/openapi.json").await.good()["paths"].clone();
    let calls: usize = paths.as_object().unwrap().values().map(|path| path.as_object().unwrap().len()).sum();
    assert_eq!(calls, 53);
    assert!(paths["/{portal}/applications"]["patch"]["requestBody"]["content"]["multipart/form-data"].is_object());
}

#[tokio::test]
async fn bodies_of_reads_are_passed_over() {
    let bench = bench().await;
    let request = bench.request(Method::GET, "/sales/webserver").body("  \n ");
    assert_eq!(request.send().await.unwrap().status(), 200);
    let id = bench.sim.portal("sales").unwrap().id;
    let request = bench.request(Method::DELETE, &format!("/portals/{id}")).body("{}");
    assert_eq!(request.send().await.unwrap().status(), 204);
}

#[tokio::test]
async fn the_journal_knows_reads_from_writes_and_no_secret() {
    let bench = bench().await;
    bench.post("/portals", portal_body("hr")).await.good();
    bench.patch("/hr/mobile", json!({"api_key": "mobile-secret"})).await.good();
    bench.post("/hr/licenses", json!({"key": "LICENCE-SECRET", "count": 1})).await.good();
    bench.delete("/hr/licenses/LICENCE-SECRET").await.good();
    bench.delete("/hr/licenses/ANOTHER%2DSECRET").await;
    bench.get("/hr/licenses").await.good();
    let seen: Vec<_> =
        bench.sim.journal().all().iter().map(|entry| (entry.operation, entry.intent, entry.performed)).collect();
    assert_eq!(
        seen,
        [
            ("authenticate", Intent::Read, true),
            ("create_portal", Intent::Write, true),
            ("change_mobile_key", Intent::Write, true),
            ("add_license", Intent::Write, true),
            ("delete_license", Intent::Write, true),
            ("delete_license", Intent::Write, false),
            ("list_licenses", Intent::Read, true),
        ]
    );
    let shown = bench.control("GET", "journal").await.text;
    for secret in ["battery-staple", "database-secret", "mobile-secret", "SECRET", &bench.token] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(shown.contains("/hr/licenses/***"));
}

#[tokio::test]
async fn two_servers_share_nothing() {
    let (one, mut other) = (bench().await, bench().await);
    one.post("/portals", portal_body("hr")).await.good();
    assert_eq!(other.get("/hr/settings").await.status, 404);
    other.token.clone_from(&one.token);
    assert_eq!(other.get("/portals").await.status, 401);
}

#[tokio::test]
async fn it_serves_tls_when_told() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let sim = Simulator::start_on(Listen { tls: true, port: 0 }, Options::default()).await.unwrap();
    let authority = reqwest::Certificate::from_pem(sim.ca_pem().unwrap().as_bytes()).unwrap();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([authority]).build().unwrap();
    let response = http.get(format!("{}/openapi.json", sim.url())).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let stranger = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(stranger.get(sim.url()).send().await.is_err());
    sim.stop().await;
}
