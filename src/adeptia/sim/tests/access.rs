//! Who comes in, and what the product tells of itself.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Reply, bench, bench_with};
use crate::adeptia::sim::options::server::{Denied, Profile};
use crate::sim::simulated::Simulated;

const PATH: &str = "/rest/user?limit=9";

#[tokio::test]
async fn a_login_gives_a_token_of_days() {
    let bench = bench().await;
    let told = bench.login("AdminUser@adeptia.example", "P@ssw0rd").await.good();
    assert_eq!(told["tokenExpiresDays"], json!(30));
    let token = told["ACCESS_TOKEN"].as_str().unwrap();
    let second = token.split_once('.').unwrap().1;
    assert!(second.len() > 1000 && token != bench.token, "{token}");
    let refused = (401, "the user name or the password is wrong".to_owned());
    assert_eq!(bench.login("adminuser@adeptia.example", "wrong").await.refusal(), refused);
    assert_eq!(bench.login("nobody@adeptia.example", "P@ssw0rd").await.refusal(), refused);
    assert_eq!(bench.post("/rest/login/user", json!({})).await.status, 400);
}

#[tokio::test]
async fn a_token_comes_by_header_or_cookie() {
    let bench = bench().await;
    let call = |header: &'static str, value: String| {
        let request = bench.http.get(format!("{}{PATH}", bench.sim.url())).header(header, value);
        async { Reply::of(request.send().await.unwrap()).await.status }
    };
    let token = bench.token.clone();
    let cookie = format!("theme=dark; ACCESS_TOKEN={token}");
    assert_eq!(call("access_token", token.clone()).await, 200);
    assert_eq!(call("cookie", cookie.clone()).await, 200);
    assert_eq!(call("authorization", format!("Bearer {token}")).await, 401);
    bench.sim.reconfigure(|options| options.server.accept_cookie = false);
    assert_eq!((call("access_token", token.clone()).await, call("cookie", cookie.clone()).await), (200, 401));
    // Trap 24: a proxy that drops names with an underscore.
    bench.sim.reconfigure(|options| {
        options.server.accept_cookie = true;
        options.server.accept_header = false;
    });
    assert_eq!((call("access_token", token).await, call("cookie", cookie).await), (401, 200));
}

#[tokio::test]
async fn tokens_age_and_can_be_ended() {
    let bench = bench_with(|options| options.server.token_days = 2).await;
    bench.sim.advance(SignedDuration::from_hours(47));
    assert_eq!(bench.get(PATH).await.status, 200);
    bench.sim.advance(SignedDuration::from_hours(1));
    assert_eq!(bench.get(PATH).await.refusal(), (401, "the token is not valid, or not any more".to_owned()));
    bench.sim.advance(SignedDuration::from_hours(-1));
    bench.sim.end_sessions();
    assert_eq!(bench.get(PATH).await.status, 401);
}

#[tokio::test]
async fn a_login_may_end_earlier_tokens() {
    for (one_token, status) in [(false, 200), (true, 401)] {
        let bench = bench_with(|options| options.server.one_token = one_token).await;
        bench.login("adminuser@adeptia.example", "P@ssw0rd").await.good();
        assert_eq!(bench.get(PATH).await.status, status);
    }
}

#[tokio::test]
async fn without_a_token_a_login_form_may_come_instead_of_an_error() {
    let mut bench = bench().await;
    bench.token.clear();
    assert_eq!(bench.get(PATH).await.refusal(), (401, "there is no token".to_owned()));

    bench.sim.reconfigure(|options| options.server.denied = Denied::LoginPage);
    let reply = bench.get(PATH).await;
    assert_eq!((reply.status, reply.content_type.as_str()), (200, "text/html; charset=utf-8"));
    assert!(reply.text.contains("<form"));
    let entry = bench.sim.journal().all().pop().unwrap();
    assert_eq!((entry.performed, entry.code), (false, Some(401)));

    bench.sim.reconfigure(|options| options.server.denied = Denied::Redirect);
    let reply = bench.get(PATH).await;
    assert_eq!((reply.status, reply.location.as_deref()), (302, Some("/login")));
    let reply = bench.get("/login").await;
    assert_eq!((reply.status, reply.text.contains("<form")), (200, true));
}

#[tokio::test]
async fn only_administrators_and_it_users_may_call() {
    let mut bench = bench().await;
    bench.sim.edit(|state| {
        let user = state.add_user("view@adeptia.example");
        user.password = Some("P@ssw0rd".to_owned());
        user.roles[0].role = 4;
    });
    let login = bench.login("view@adeptia.example", "P@ssw0rd").await.good();
    bench.token = login["ACCESS_TOKEN"].as_str().unwrap().to_owned();
    assert_eq!(bench.get(PATH).await.status, 403);
    bench.sim.edit(|state| state.users.last_mut().unwrap().roles[0].role = 2);
    assert_eq!(bench.get(PATH).await.status, 200);
    bench.sim.edit(|state| state.users.last_mut().unwrap().active = false);
    assert_eq!(bench.get(PATH).await.status, 401);
    assert_eq!(bench.login("view@adeptia.example", "P@ssw0rd").await.status, 401);
}

#[tokio::test]
async fn rotated_credentials_end_tokens_and_logins() {
    let bench = bench().await;
    bench.sim.rotate_credentials();
    assert_eq!(bench.get(PATH).await.status, 401);
    assert_eq!(bench.login("adminuser@adeptia.example", "P@ssw0rd").await.status, 401);
    let password = Simulated::credentials(&bench.sim)["password"].clone();
    assert_eq!(bench.login("adminuser@adeptia.example", password.expose()).await.status, 200);
}

#[tokio::test]
async fn the_product_tells_its_version() {
    for (profile, version) in [(Profile::Legacy, "2.7.1"), (Profile::Seed, "2.9.2"), (Profile::Current, "4.0.0")] {
        let mut bench = bench_with(|options| options.server.profile = profile).await;
        let told = bench.get("/rest/fetchproperties/aboutinformation").await.good();
        assert_eq!(told["aboutInformation"]["productVersion"], version);
        bench.token.clear();
        assert_eq!(bench.get("/rest/fetchproperties/aboutinformation").await.status, 401);
        bench.sim.reconfigure(|options| options.server.about_needs_token = false);
        assert_eq!(bench.get("/rest/fetchproperties/aboutinformation").await.status, 200);
    }
}

#[tokio::test]
async fn the_journal_has_no_password_and_no_token() {
    let bench = bench().await;
    bench.user("new@adeptia.example").await;
    let id = bench.partner("Walgreens").await;
    let row = super::parameter("-0", "11518430417330", "parameter-secret");
    bench.put(&format!("/rest/company/{id}"), json!({"Company": {"partnerParameter": [row]}})).await.good();
    let journal = serde_json::to_string(&bench.sim.journal().all()).unwrap();
    for secret in ["P@ssw0rd", "parameter-secret", &bench.token] {
        assert!(!journal.contains(secret), "{secret} in {journal}");
    }
    let login = bench.sim.journal().of("login").pop().unwrap();
    assert_eq!(login.body, Some(json!({"username": "adminuser@adeptia.example", "password": "***"})));
}

#[tokio::test]
async fn unknown_paths_are_journaled_as_such() {
    let bench = bench().await;
    assert_eq!(bench.send(Method::PATCH, "/rest/users/7", Some(Value::Null)).await.status, 405);
    assert_eq!(bench.get("/rest/nothing").await.refusal(), (404, "there is no such path".to_owned()));
    assert_eq!(bench.sim.journal().count("unknown"), 2);
}
