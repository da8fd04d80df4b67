//! A portal's scheduler and its jobs.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Bench, bench, bench_with};
use crate::intrexx::sim::options::answers::JobTypeStyle;
use crate::intrexx::sim::options::behaviour::DayFields;

fn job_body() -> Value {
    json!({
        "name": "Nightly import",
        "description": "Imports the day's orders",
        "active": true,
        "priority": 5,
        "triggers": [{"active": true, "cron": "0 30 2 ? * MON-FRI", "time_zone": "UTC", "valid_from": null, "valid_to": null}],
        "properties": {"connection_id": "3F2504E04F8911D39A0C0305E82C3301AABBCCDD"},
    })
}

/// Makes a job that must succeed, and returns its id.
async fn made(bench: &Bench, name: &str) -> String {
    let reply = bench.post("/sales/scheduler/job/task", json!({ "name": name })).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.id()
}

#[tokio::test]
async fn a_job_lives_its_life() {
    let bench = bench().await;
    let reply = bench.post("/sales/scheduler/job/data_transfer", job_body()).await;
    let path = format!("/{}", reply.location.as_ref().unwrap());
    assert_eq!((reply.status, path.starts_with("/sales/scheduler/job/")), (201, true));
    let job = reply.json();
    let mut expected = job_body();
    let next = job["next_execution"].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert!(next > bench.sim.now() && next.to_string().ends_with("T02:30:00Z"), "{next}");
    for (key, value) in [
        ("id", json!(reply.id())),
        ("type", json!("DATA_TRANSFER")),
        ("status", json!("WAITING")),
        ("last_execution", Value::Null),
        ("next_execution", job["next_execution"].clone()),
        ("last_result", Value::Null),
        ("last_message", Value::Null),
    ] {
        expected[key] = value;
    }
    assert_eq!(job, expected);
    assert_eq!(bench.get(&path).await.good(), expected);
    assert_eq!(bench.get("/sales/scheduler/jobs").await.good(), json!([expected]));

    let change = json!({"active": false, "triggers": [], "properties": {"more": 1}, "description": null});
    let changed = bench.patch(&path.to_lowercase(), change).await.good();
    for (key, value) in [
        ("active", json!(false)),
        ("triggers", json!([])),
        ("properties", json!({"connection_id": "3F2504E04F8911D39A0C0305E82C3301AABBCCDD", "more": 1})),
        ("description", json!("")),
        ("next_execution", Value::Null),
    ] {
        expected[key] = value;
    }
    assert_eq!(changed, expected);
    assert_eq!(bench.delete(&path).await.status, 204);
    for reply in [bench.get(&path).await, bench.delete(&path).await, bench.patch(&path, json!({})).await] {
        assert_eq!(reply.refusal(), (404, "there is no such job".to_owned()));
    }
}

#[tokio::test]
async fn wrong_jobs_are_refused() {
    let bench = bench().await;
    made(&bench, "a").await;
    let rule = |rule: Value| json!({"name": "b", "triggers": [rule]});
    for (body, status, message) in [
        (json!({}), 400, "name is required"),
        (json!({"name": "b", "priority": 11}), 400, "priority must be a whole number from 1 to 10"),
        (json!({"name": "a"}), 409, "there is a job of this name"),
        (rule(json!({})), 400, "cron is required"),
        (rule(json!({"cron": "30 2 ? * *"})), 422, "a cron rule has 6 or 7 fields, and this one has 5"),
        (rule(json!({"cron": "0 30 2 ? * *", "time_zone": "Mars/Olympus"})), 422, "time_zone is not known"),
        (
            rule(json!({"cron": "0 30 2 ? * *", "valid_from": "yesterday"})),
            400,
            "valid_from must be a time as in RFC 3339",
        ),
    ] {
        assert_eq!(bench.post("/sales/scheduler/job/task", body).await.refusal(), (status, message.to_owned()));
    }
    bench.post("/sales/scheduler/job/user_import", json!({"name": "a"})).await.good();
    let other = made(&bench, "b").await;
    let renamed = bench.patch(&format!("/sales/scheduler/job/{other}"), json!({"name": "a"})).await;
    assert_eq!(renamed.refusal(), (409, "there is a job of this name".to_owned()));
}

#[tokio::test]
async fn types_stand_in_the_path_in_lower_case() {
    for open in [false, true] {
        let bench = bench_with(|options| options.behaviour.open_job_types = open).await;
        for token in ["task", "data_transfer", "process_timer", "user_import", "portal_export"] {
            bench.post(&format!("/sales/scheduler/job/{token}"), json!({"name": "a"})).await.good();
        }
        let other = bench.post("/sales/scheduler/job/mqtt_listener", json!({"name": "a"})).await;
        assert_eq!(other.status, if open { 201 } else { 400 });
        let upper = bench.post("/sales/scheduler/job/TASK", json!({"name": "b"})).await;
        assert_eq!(upper.status, if open { 201 } else { 400 });
    }
    for (style, word) in [(JobTypeStyle::Upper, "DATA_TRANSFER"), (JobTypeStyle::Lower, "data_transfer")] {
        let bench = bench_with(|options| options.answers.job_type_style = style).await;
        let job = bench.post("/sales/scheduler/job/data_transfer", json!({"name": "a"})).await.good();
        assert_eq!(job["type"], word);
    }
}

#[tokio::test]
async fn the_list_may_leave_properties_out() {
    for with in [true, false] {
        let bench = bench_with(|options| options.answers.list_job_properties = with).await;
        let path = format!("/{}", bench.post("/sales/scheduler/job/task", job_body()).await.location.unwrap());
        let listed = bench.get("/sales/scheduler/jobs").await.good();
        assert_eq!(listed[0].get("properties").is_some(), with);
        assert!(bench.get(&path).await.good()["properties"]["connection_id"].is_string());
    }
}

#[tokio::test]
async fn names_are_taken_within_a_type_or_not_at_all() {
    for (duplicates, status) in [(false, 409), (true, 201)] {
        let bench = bench_with(|options| options.behaviour.duplicate_names = duplicates).await;
        made(&bench, "a").await;
        assert_eq!(bench.post("/sales/scheduler/job/task", json!({"name": "a"})).await.status, status);
    }
}

#[tokio::test]
async fn day_fields_need_a_question_mark_or_not() {
    for (day_fields, status) in [(DayFields::Strict, 422), (DayFields::Lenient, 201)] {
        let bench = bench_with(|options| options.behaviour.day_fields = day_fields).await;
        let body = json!({"name": "a", "triggers": [{"cron": "0 0 3 * * *"}]});
        assert_eq!(bench.post("/sales/scheduler/job/task", body).await.status, status);
    }
}

#[tokio::test]
async fn executing_twice_runs_twice() {
    let bench = bench_with(|options| options.server.job_seconds = 60).await;
    let (one, other) = (made(&bench, "one").await, made(&bench, "other").await);
    let execute = json!({"action": "EXECUTE", "job_ids": [one]});
    let results = bench.put("/sales/scheduler/actions", execute.clone()).await.good();
    assert_eq!(results, json!({"results": [{"id": one, "result": "OK"}]}));
    bench.put("/sales/scheduler/actions", execute).await.good();
    assert_eq!(bench.sim.effect("sales/task/one executed"), 2);
    assert_eq!(bench.sim.effect("sales/task/other executed"), 0);

    let path = format!("/sales/scheduler/job/{one}");
    let running = bench.get(&path).await.good();
    assert_eq!((&running["status"], &running["last_result"]), (&json!("RUNNING"), &Value::Null));
    assert_eq!(bench.delete(&path).await.refusal(), (409, "the job is running".to_owned()));
    bench.sim.advance(jiff::SignedDuration::from_secs(60));
    let done = bench.get(&path).await.good();
    assert_eq!((&done["status"], &done["last_result"]), (&json!("WAITING"), &json!("OK")));
    assert!(done["last_execution"].is_string());

    let all = bench.put("/sales/scheduler/actions", json!({"action": "EXECUTE", "job_ids": []})).await.good();
    assert_eq!(all["results"].as_array().unwrap().len(), 2);
    bench.put("/sales/scheduler/actions", json!({"action": "INTERRUPT", "job_ids": [other]})).await.good();
    assert_eq!(bench.delete(&format!("/sales/scheduler/job/{other}")).await.status, 204);
}

#[tokio::test]
async fn actions_change_jobs_and_nothing_when_one_is_unknown() {
    let bench = bench().await;
    let id = bench.post("/sales/scheduler/job/data_transfer", job_body()).await.id();
    let path = format!("/sales/scheduler/job/{id}");
    for (action, status, active) in [
        ("PAUSE", "PAUSED", true),
        ("RESUME", "WAITING", true),
        ("DEACTIVATE", "WAITING", false),
        ("ACTIVATE", "WAITING", true),
    ] {
        bench.put("/sales/scheduler/actions", json!({"action": action, "job_ids": [id.to_lowercase()]})).await.good();
        let job = bench.get(&path).await.good();
        assert_eq!((&job["status"], &job["active"]), (&json!(status), &json!(active)), "{action}");
        assert_eq!(job["next_execution"].is_null(), action == "PAUSE" || action == "DEACTIVATE");
    }
    let unknown = json!({"action": "EXECUTE", "job_ids": [id, "0000"]});
    assert_eq!(bench.put("/sales/scheduler/actions", unknown).await.status, 404);
    assert_eq!(bench.sim.effect("sales/data_transfer/Nightly import executed"), 0);
    assert_eq!(bench.put("/sales/scheduler/actions", json!({"action": "STOP"})).await.status, 400);
}

#[tokio::test]
async fn in_standby_nothing_fires() {
    let bench = bench().await;
    let path = format!("/{}", bench.post("/sales/scheduler/job/task", job_body()).await.location.unwrap());
    assert_eq!(bench.get("/sales/scheduler/standby").await.good(), json!({"standby": false}));
    for _ in 0..2 {
        let reply = bench.put("/sales/scheduler/standby", json!({"standby": true})).await;
        assert_eq!(reply.good(), json!({"standby": true}));
    }
    assert_eq!(bench.get("/sales/scheduler/standby").await.good(), json!({"standby": true}));
    assert_eq!(bench.get(&path).await.good()["next_execution"], Value::Null);
    let reply = bench.put("/sales/scheduler/actions", json!({"action": "EXECUTE"})).await;
    assert_eq!(reply.refusal(), (409, "the scheduler is in standby".to_owned()));
    assert_eq!(bench.put("/sales/scheduler/standby", json!({})).await.status, 400);
    assert_eq!(bench.put("/sales/scheduler/standby", json!({"standby": "yes"})).await.status, 400);
}

#[tokio::test]
async fn standby_survives_a_restart_or_not() {
    for survives in [false, true] {
        let bench = bench_with(|options| options.behaviour.standby_survives_restart = survives).await;
        bench.put("/sales/scheduler/standby", json!({"standby": true})).await.good();
        bench.control("POST", "portals/sales/restart").await.good();
        assert_eq!(bench.get("/sales/scheduler/standby").await.good(), json!({ "standby": survives }));
    }
}

#[tokio::test]
async fn the_scheduler_is_configured() {
    let bench = bench().await;
    let mut expected = json!({
        "thread_count": 10,
        "thread_priority": 5,
        "misfire_threshold_sek": 60,
        "start_delay_sek": 0,
        "history_size": 100,
    });
    assert_eq!(bench.get("/sales/scheduler/configuration").await.good(), expected);
    expected["thread_count"] = json!(20);
    let change = json!({"thread_count": 20});
    assert_eq!(bench.patch("/sales/scheduler/configuration", change).await.good(), expected);
    assert_eq!(bench.get("/sales/scheduler/configuration").await.good(), expected);
    assert_eq!(bench.patch("/sales/scheduler/configuration", json!({"thread_priority": 11})).await.status, 400);
}

#[tokio::test]
async fn jobs_of_the_product_stay() {
    let bench = bench().await;
    let id = made(&bench, "Portal export").await;
    bench.control("POST", "portals/sales/jobs/Portal%20export?system=true&fails=true&message=disk%20full").await.good();
    let path = format!("/sales/scheduler/job/{id}");
    assert_eq!(bench.delete(&path).await.refusal(), (403, "the job belongs to the product".to_owned()));
    let results = bench.put("/sales/scheduler/actions", json!({"action": "EXECUTE"})).await.good();
    assert_eq!(results["results"][0]["result"], "FAILED");
    let job = bench.get(&path).await.good();
    let seen = (&job["status"], &job["last_result"], &job["last_message"]);
    assert_eq!(seen, (&json!("ERROR"), &json!("FAILED"), &json!("disk full")));
}
