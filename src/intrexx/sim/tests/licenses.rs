//! Licences of a portal.

use serde_json::{Value, json};

use super::{bench, bench_with};
use crate::intrexx::sim::options::behaviour::LicenseScope;

const KEY: &str = "LICENSE-KEY-0001";

#[tokio::test]
async fn a_licence_is_added_listed_and_deleted_by_its_key() {
    let bench = bench().await;
    assert_eq!(bench.get("/sales/licenses").await.good(), json!([]));
    let reply = bench.post("/sales/licenses", json!({"key": KEY, "count": 25})).await;
    assert_eq!((reply.status, &reply.location), (201, &None));
    let element = json!({
        "key": KEY,
        "count": 25,
        "total": 100,
        "type": "PORTAL_SERVER",
        "name": "Intrexx Portal Server",
        "valid_until": null,
        "trial": false,
        "status": "VALID",
    });
    assert_eq!(reply.json(), element);
    assert_eq!(bench.get("/sales/licenses").await.good(), json!([element]));
    let again = bench.post("/sales/licenses", json!({"key": KEY, "count": 1})).await;
    assert_eq!(again.refusal(), (409, "the licence is already there".to_owned()));
    assert_eq!(bench.delete(&format!("/sales/licenses/{KEY}")).await.status, 204);
    assert_eq!(bench.delete(&format!("/sales/licenses/{KEY}")).await.status, 404);
    assert_eq!(bench.get("/sales/licenses").await.good(), json!([]));
}

#[tokio::test]
async fn wrong_licences_are_refused() {
    let bench = bench().await;
    for (body, status) in [
        (json!({}), 400),
        (json!({"key": "short"}), 422),
        (json!({"key": KEY, "count": -1}), 400),
        (json!({"key": KEY, "count": "many"}), 400),
    ] {
        assert_eq!(bench.post("/sales/licenses", body).await.status, status);
    }
    bench.post("/sales/licenses", json!({ "key": KEY })).await.good();
    assert_eq!(bench.get("/sales/licenses").await.good()[0]["count"], 0);
}

#[tokio::test]
async fn a_key_is_one_segment_of_the_path() {
    let bench = bench().await;
    bench.post("/sales/licenses", json!({"key": "ABC/DEF+GHI=="})).await.good();
    assert_eq!(bench.delete("/sales/licenses/ABC/DEF+GHI==").await.status, 404);
    assert_eq!(bench.delete("/sales/licenses/ABC%2FDEF%2BGHI%3D%3D").await.status, 204);
}

#[tokio::test]
async fn seats_for_one_portal_are_taken_from_the_others() {
    let bench = bench().await;
    bench.sim.add_portal("hr");
    bench.post("/sales/licenses", json!({"key": KEY, "count": 80})).await.good();
    bench.post("/hr/licenses", json!({"key": KEY, "count": 50})).await.good();
    assert_eq!(bench.get("/sales/licenses").await.good()[0]["count"], 50);
    bench.delete(&format!("/sales/licenses/{KEY}")).await.good();
    let reply = bench.post("/sales/licenses", json!({"key": KEY, "count": 101})).await;
    assert_eq!(reply.refusal(), (422, "count is more than the licence has".to_owned()));
}

#[tokio::test]
async fn the_list_has_the_portals_licences_or_the_servers() {
    for (scope, counts) in [(LicenseScope::Portal, vec![]), (LicenseScope::Server, vec![json!(0)])] {
        let bench = bench_with(|options| options.behaviour.license_scope = scope).await;
        bench.sim.add_portal("hr");
        bench.post("/sales/licenses", json!({"key": KEY, "count": 5})).await.good();
        let listed = bench.get("/hr/licenses").await.good();
        let seen: Vec<Value> = listed.as_array().unwrap().iter().map(|license| license["count"].clone()).collect();
        assert_eq!(seen, counts);
        assert_eq!(bench.delete(&format!("/hr/licenses/{KEY}")).await.status, 404);
    }
}

#[tokio::test]
async fn licences_end_and_are_overused() {
    let bench = bench().await;
    bench.post("/sales/licenses", json!({"key": KEY, "count": 25})).await.good();
    let soon = bench.sim.now().to_zoned(jiff::tz::TimeZone::UTC).date().tomorrow().unwrap();
    for (change, status) in [
        (format!("validUntil={soon}"), "EXPIRING"),
        ("validUntil=2020-01-01".to_owned(), "EXPIRED"),
        ("validUntil=2999-01-01".to_owned(), "VALID"),
        ("total=10".to_owned(), "VIOLATED"),
    ] {
        bench.control("POST", &format!("licenses?key={KEY}&{change}")).await.good();
        assert_eq!(bench.get("/sales/licenses").await.good()[0]["status"], status, "{change}");
    }
}

#[tokio::test]
async fn a_trial_is_used_once() {
    let bench = bench().await;
    let trial = bench.put("/sales/trial-license", json!({"key": "TRIAL-KEY-0001"})).await.good();
    assert_eq!((&trial["trial"], &trial["name"]), (&json!(true), &json!("Trial")));
    assert!(trial["valid_until"].is_string());
    assert_eq!(bench.get("/sales/licenses").await.good(), json!([trial]));
    let again = bench.put("/sales/trial-license", json!({"key": "TRIAL-KEY-0002"})).await;
    assert_eq!(again.refusal(), (409, "the trial licence was already used".to_owned()));
    assert_eq!(bench.sim.effect("sales trial licence installed"), 1);
    assert_eq!(bench.put("/sales/trial-license", json!({"key": "x"})).await.status, 422);
    assert_eq!(bench.put("/sales/trial-license", json!({})).await.status, 400);
}
