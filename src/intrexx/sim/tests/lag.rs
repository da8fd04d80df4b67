//! A distributed portal, whose reads lag behind its writes.

use jiff::SignedDuration;
use serde_json::json;

use super::{Bench, bench_with, user_body};

async fn lagging() -> Bench {
    bench_with(|options| options.server.read_lag_ms = 60_000).await
}

fn later(bench: &Bench) {
    bench.sim.advance(SignedDuration::from_secs(60));
}

#[tokio::test]
async fn old_values_are_told_for_a_while() {
    let bench = lagging().await;
    let before = bench.get("/sales/settings").await.good();
    let after = bench.patch("/sales/settings", json!({"session_timeout_sek": 60})).await.good();
    assert_ne!(after, before);
    assert_eq!(bench.get("/sales/settings").await.good(), before);
    bench.patch("/sales/settings", json!({"session_timeout_sek": 90})).await.good();
    assert_eq!(bench.get("/sales/settings").await.good(), before);
    later(&bench);
    assert_eq!(bench.get("/sales/settings").await.good()["session_timeout_sek"], 90);
}

#[tokio::test]
async fn changes_show_one_after_the_other() {
    let bench = lagging().await;
    let change = |seconds: u32| bench.patch("/sales/settings", json!({ "session_timeout_sek": seconds }));
    let told = || async { bench.get("/sales/settings").await.good()["session_timeout_sek"].clone() };
    change(60).await.good();
    bench.sim.advance(SignedDuration::from_secs(40));
    change(90).await.good();
    assert_eq!(told().await, 1200);
    bench.sim.advance(SignedDuration::from_secs(30));
    assert_eq!(told().await, 60);
    later(&bench);
    assert_eq!(told().await, 90);
}

#[tokio::test]
async fn elements_of_lists_lag_and_new_ones_do_not() {
    let bench = lagging().await;
    let job = bench.post("/sales/scheduler/job/task", json!({"name": "a"})).await.id();
    let mail = json!({"name": "out", "type": "SMTP", "host": "smtp.example.com"});
    let mail = bench.post("/sales/mailservices", mail).await.id();
    let seen = || async {
        let jobs = bench.get("/sales/scheduler/jobs").await.good();
        let services = bench.get("/sales/mailservices").await.good();
        (jobs[0]["priority"].clone(), services[0]["port"].clone(), jobs.as_array().unwrap().len())
    };
    assert_eq!(seen().await, (json!(5), json!(25), 1));
    bench.patch(&format!("/sales/scheduler/job/{}", job.to_lowercase()), json!({"priority": 1})).await.good();
    bench.patch(&format!("/sales/mailservices/{mail}"), json!({"port": 26})).await.good();
    bench.post("/sales/scheduler/job/task", json!({"name": "b"})).await.good();
    assert_eq!(seen().await, (json!(5), json!(25), 2));
    assert_eq!(bench.get(&format!("/sales/scheduler/job/{job}")).await.good()["priority"], 5);
    later(&bench);
    assert_eq!(seen().await, (json!(1), json!(26), 2));
}

#[tokio::test]
async fn memberships_lag_too() {
    let bench = lagging().await;
    bench.post("/sales/users", user_body("ada")).await.good();
    bench.put("/sales/users/5/groups/4", json!({})).await.good();
    assert_eq!(bench.get("/sales/users/5/groups").await.good(), json!([]));
    later(&bench);
    assert_eq!(bench.get("/sales/users/5/groups").await.good()[0]["id"], 4);
}

#[tokio::test]
async fn what_people_change_shows_at_once() {
    let bench = lagging().await;
    let http = bench.http.patch(format!("{}/_sim/api/sales/settings", bench.sim.origin()));
    http.body("{\"session_timeout_sek\": 60}").send().await.unwrap();
    assert_eq!(bench.get("/sales/settings").await.good()["session_timeout_sek"], 60);
}
