//! The `/_sim/` calls, and what the handle gives to tests.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Reply, TEMPLATE, bench, bench_with, company, linkage, parameter};
use crate::adeptia::sim::Simulator;
use crate::sim::simulated::Simulated;

const NEW: &str = "new@adeptia.example";

#[tokio::test]
async fn help_names_every_call() {
    let bench = bench().await;
    let help = bench.control("GET", "").await.text;
    for call in [
        "/_sim/state",
        "/_sim/api/CALL",
        "/_sim/partners/PARTNER",
        "/_sim/users/USER",
        "/_sim/networks",
        "/_sim/parameters",
        "/_sim/templates",
        "/_sim/logout",
        "/_sim/clock",
        "/_sim/journal",
    ] {
        assert!(help.contains(call), "{call}");
    }
}

#[tokio::test]
async fn any_call_can_be_made_by_hand() {
    let bench = bench().await;
    let url = format!("{}/_sim/api/rest/company", bench.sim.url());
    let request =
        bench.http.post(&url).header("content-type", "application/json").body(company("Walgreens").to_string());
    Reply::of(request.send().await.unwrap()).await.good();
    let listed = Reply::of(bench.http.get(format!("{url}?limit=9")).send().await.unwrap()).await.good();
    assert_eq!(listed["Company"][1]["name"], "Walgreens");
    assert_eq!(bench.http.get(format!("{url}/7")).send().await.unwrap().status(), 404);
    assert_eq!(bench.sim.journal().counts().keys().collect::<Vec<_>>(), [&"login"]);
}

#[tokio::test]
async fn partners_and_users_are_made_changed_and_removed_by_hand() {
    let bench = bench().await;
    let id = bench.control("POST", "partners?name=Walgreens").await.good()["id"].as_str().unwrap().to_owned();
    bench.control("POST", "partners/Walgreens?active=false&external=true&transactions=4").await.good();
    bench.control("POST", &format!("partners/{id}?name=Walmart")).await.good();
    let partner = bench.sim.partner("Walmart").unwrap();
    assert_eq!((partner.active, partner.enable_self_onboard, partner.transactions), (false, true, 4));
    bench.control("DELETE", "partners/Walmart").await.good();
    assert_eq!(bench.sim.partner("Walmart"), None);

    bench.control("POST", &format!("users?email={NEW}&firstName=Ada&password=P@ssw0rd")).await.good();
    bench.control("POST", &format!("users/{NEW}?lastName=Lovelace&objects=3&active=false")).await.good();
    let user = bench.sim.user(NEW).unwrap();
    assert_eq!(
        (user.first_name.as_str(), user.last_name.as_str(), user.objects, user.active),
        ("Ada", "Lovelace", 3, false)
    );
    assert_eq!(user.password.as_deref(), Some("P@ssw0rd"));
    bench.control("DELETE", &format!("users/{NEW}")).await.good();
    assert_eq!(bench.sim.user(NEW), None);

    for (method, path) in [
        ("POST", "partners/none?active=true"),
        ("DELETE", "partners/none"),
        ("DELETE", "partners/1"),
        ("POST", "users/none?active=true"),
        ("DELETE", "users/none"),
    ] {
        assert_eq!(bench.control(method, path).await.status, 404, "{path}");
    }
    for path in [
        "partners",
        "users",
        "networks?id=5",
        "parameters",
        "parameters?id=5&type=Odd",
        "templates?id=5&networks=x",
        "clock",
    ] {
        assert_eq!(bench.control("POST", path).await.status, 400, "{path}");
    }
}

#[tokio::test]
async fn networks_parameters_and_templates_are_added_by_hand() {
    let bench = bench().await;
    bench.control("POST", "networks?id=9&name=Retail").await.good();
    bench.control("POST", "parameters?id=90&network=9&type=Combo&choices=A,B&maxLength=5&unique=true").await.good();
    bench.control("POST", "templates?id=91&networks=9,1&active=false").await.good();
    bench.control("POST", "templates?id=91&active=true").await.good();
    let id = bench.partner("Walgreens").await;
    let path = format!("/rest/company/{id}");
    bench.put(&path, json!({"Company": {"partnerNetworks": [{"id": 9}]}})).await.good();
    bench.put(&path, json!({"Company": {"partnerParameter": [parameter("-0", "90", "B")]}})).await.good();
    bench.grant(&id, 91).await.good();
}

#[tokio::test]
async fn the_clock_and_the_tokens_are_moved_by_hand() {
    let bench = bench().await;
    bench.control("POST", "clock?advanceSeconds=2592001").await.good();
    assert_eq!(bench.get("/rest/user").await.status, 401);
    let bench = super::bench().await;
    bench.control("POST", "logout").await.good();
    assert_eq!(bench.get("/rest/user").await.status, 401);
}

#[tokio::test]
async fn the_state_is_shown_without_secrets() {
    let bench = bench().await;
    bench.user(NEW).await;
    let id = bench.partner("Walgreens").await;
    let rows = json!({"Company": {"partnerParameter": [parameter("-0", "11518430417330", "parameter-secret")]}});
    bench.put(&format!("/rest/company/{id}"), rows).await.good();
    let shown = bench.control("GET", "state").await.text;
    for secret in ["P@ssw0rd", "parameter-secret", &bench.token] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((&shown["users"][2]["email"], &shown["users"][2]["password"]), (&json!(NEW), &json!("***")));
    assert_eq!(shown["effects"], json!({NEW: 1}));
    assert!(shown["now"].is_string());
}

#[tokio::test]
async fn externals_are_what_a_spec_may_mean() {
    let bench = bench().await;
    let partner = bench.partner("Walgreens").await;
    let user = bench.user(NEW).await;
    let rows = json!({"Company": {"partnerParameter": [parameter("-0", "11518430417330", "parameter-secret")]}});
    bench.put(&format!("/rest/company/{partner}"), rows).await.good();
    bench.grant(&partner, TEMPLATE).await.good();
    bench.post(super::GRANT_ALL, linkage(&partner, None)).await.good();
    let conversion = json!({
        "partnerId": partner, "firstName": "Wal", "lastName": "Greens", "userId": "walgreens",
        "email": "admin@walgreens.example", "password": "P@ssw0rd",
    });
    bench.post("/rest/company/enableSelfOnbaord", conversion).await.good();
    let externals = bench.sim.externals();
    let ids: Vec<_> = externals.iter().map(|external| (external.kind, &*external.key, &*external.id)).collect();
    assert_eq!(ids, [("ConnectPartner", "Walgreens", &*partner), ("ConnectUser", NEW, &*user)]);
    let wal = json!({
        "firstName": "Wal", "lastName": "Greens", "userId": "walgreens", "company": "Walgreens", "password": "P@ssw0rd",
        "roles": [{"partner": partner.parse::<u64>().unwrap(), "role": 2, "default": true}], "active": true, "objects": 0,
    });
    let expected = json!({
        "partnerNetworks": [1],
        "primaryContact": "admin@wallgreens.com",
        "phoneNumber": "2025550101",
        "address": "",
        "country": "",
        "active": true,
        "enableSelfOnboard": true,
        "spokeCompany": false,
        "partnerParameter": [{"paramId": "11518430417330", "value": "parameter-secret"}],
        "templates": ["11535091945352"],
        "allTemplates": true,
        "users": {"admin@walgreens.example": wal},
        "transactions": 0,
    });
    assert_eq!(externals[0].values, expected);
    let expected = json!({
        "firstName": "Test", "lastName": "User", "userId": "", "company": "Adeptia", "password": "P@ssw0rd",
        "roles": [{"partner": 1, "role": 2, "default": true}], "active": true, "objects": 0,
    });
    assert_eq!(externals[1].values, expected);
    assert_eq!(bench.sim.effects(), [(NEW, 1), ("Walgreens", 1)].map(|(key, count)| (key.to_owned(), count)).into());
}

#[tokio::test]
async fn what_was_kept_can_be_put_back() {
    let bench = bench().await;
    bench.user(NEW).await;
    bench.partner("Walgreens").await;
    let put_back = bench.sim.keep();
    let before = bench.sim.externals();
    bench.control("DELETE", &format!("users/{NEW}")).await.good();
    bench.control("DELETE", "partners/Walgreens").await.good();
    assert_eq!(bench.sim.externals(), []);
    put_back();
    assert_eq!((bench.sim.externals(), bench.sim.effect(NEW)), (before, 1));
    bench.get("/rest/user").await.good();
}

#[tokio::test]
async fn a_snapshot_is_a_whole_installation() {
    let bench = bench().await;
    bench.user(NEW).await;
    let snapshot = bench.sim.snapshot().unwrap();
    let other: Simulator = bench_with(|_| {}).await.sim;
    other.restore(snapshot).unwrap();
    assert_eq!(other.externals(), bench.sim.externals());
    assert!(other.restore(json!({"users": 7})).is_err());
    let request = bench.http.request(Method::GET, format!("{}/rest/user", other.url()));
    assert_eq!(request.header("ACCESS_TOKEN", &bench.token).send().await.unwrap().status(), 200);
    assert!(other.now() <= bench.sim.now());
}
