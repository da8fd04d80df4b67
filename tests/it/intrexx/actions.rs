//! PortalAction: what is done once in a portal, whatever gets lost.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use k8s_openapi::api::events::v1::Event;
use kube::api::{DynamicObject, ListParams, PostParams};
use provost::engine::admin_api::AdminApi;
use provost::intrexx::sim::{Job, Simulator};
use provost::sim::journal::Outcome;
use provost::sim::trouble::{Act, Order};
use serde_json::{Value as Json, json};

use super::{PORTAL, example, seeded};
use crate::log;
use crate::objects::{Objects, assert_kstatus, is, message};
use crate::stage::{API, Stage};

const KIND: &str = "PortalAction";
const EXTERNAL_ID: &str = "provost.dev/external-id";

async fn stage() -> (Stage<Simulator>, Objects) {
    let stage = Stage::intrexx(seeded(), &[KIND]).await;
    let job = |id: &str, name: &str| Job {
        id: id.to_owned(),
        r#type: "TASK".to_owned(),
        fields: json!({"name": name, "active": true}).as_object().cloned().unwrap(),
        system: false,
        paused: false,
        fails: false,
        running_until: None,
        last_execution: None,
        last_message: None,
        executions: 0,
    };
    stage.vendor.edit_portal(PORTAL, |portal| portal.jobs.extend([job("A1", "nightly"), job("B2", "weekly")])).unwrap();
    let actions = stage.objects(KIND);
    (stage, actions)
}

/// A manifest of an action in place of the example's.
fn action(name: &str, fields: Json) -> Json {
    let mut manifest = example(KIND, name, json!({"rebuildSearchIndex": null, "ttlSecondsAfterFinished": null}));
    manifest["spec"].as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
    manifest
}

fn execute() -> Json {
    json!({"jobs": {"action": "EXECUTE", "jobs": [{"id": "a1"}]}})
}

fn executions(stage: &Stage<Simulator>) -> Vec<u64> {
    stage.vendor.portal(PORTAL).unwrap().jobs.iter().map(|job| job.executions).collect()
}

/// Has everything read again, and this action looked at after that.
async fn resynced(stage: &Stage<Simulator>, actions: &Objects, name: &str) -> DynamicObject {
    stage.looked_at::<AdminApi>(API).await;
    actions.looked_at(name).await
}

#[tokio::test]
async fn the_example_is_done_once_over_resyncs_and_restarts() {
    let (mut stage, actions) = stage().await;
    stage.apply(&example(KIND, "first", json!({}))).await;
    let object = actions.ready("first").await;
    assert_kstatus(&object);
    assert!(is(&object, "Complete", "True", "Accepted"), "{object:?}");
    assert!(message(&object, "Complete").contains("in the background"), "{}", message(&object, "Complete"));
    let status = &object.data["status"];
    assert!(status["startedAt"].is_string() && status["finishedAt"].is_string(), "{status}");
    resynced(&stage, &actions, "first").await;
    stage.restart_operator().await;
    resynced(&stage, &actions, "first").await;
    assert_eq!(stage.vendor.portal(PORTAL).unwrap().index_actions, ["CREATE"]);
}

#[tokio::test]
async fn an_execution_is_not_repeated_after_a_power_failure_in_its_middle() {
    let (mut stage, actions) = stage().await;
    stage.vendor.trouble().place(Order::next_of("run_job_action", Act::Hold));
    stage.apply(&action("first", execute())).await;
    stage.vendor.journal().wait_until("run_job_action", Outcome::Held).await.unwrap();
    stage.kill_operator().await;
    stage.vendor.trouble().release();
    stage.start_operator().await;
    let object = actions.unready("first", "CreateOutcomeUnknown").await;
    assert_kstatus(&object);
    let said = message(&object, "Ready");
    assert!(["last execution of a1", EXTERNAL_ID, "not done twice"].iter().all(|part| said.contains(part)), "{said}");
    resynced(&stage, &actions, "first").await;
    assert_eq!(executions(&stage), [1, 0]);
    actions.annotate("first", EXTERNAL_ID, Some("done")).await;
    assert!(is(&actions.ready("first").await, "Complete", "True", "Completed"));
    assert_eq!(executions(&stage), [1, 0]);
}

#[tokio::test]
async fn an_execution_whose_answer_was_lost_waits_and_other_actions_go_on() {
    let (stage, actions) = stage().await;
    for name in ["run_job_action", "start_search_index"] {
        stage.vendor.trouble().place(Order::next_of(name, Act::LoseAnswer));
    }
    stage.apply(&action("first", execute())).await;
    actions.unready("first", "CreateOutcomeUnknown").await;
    assert_eq!(executions(&stage), [1, 0]);
    stage.apply(&example(KIND, "second", json!({}))).await;
    actions.ready("second").await;
    assert_eq!(stage.vendor.portal(PORTAL).unwrap().index_actions, ["CREATE", "CREATE"]);
}

#[tokio::test]
async fn each_action_is_done_as_its_spec_says() {
    let (stage, actions) = stage().await;
    for (name, fields) in [
        ("execute", execute()),
        ("pause", json!({"jobs": {"action": "PAUSE", "jobs": [{"id": "B2"}]}})),
        ("deactivate", json!({"jobs": {"action": "DEACTIVATE", "all": true}})),
        ("logout", json!({"logout": {}})),
        ("logout-user", json!({"logout": {"userId": "1"}})),
        ("index", json!({"rebuildSearchIndex": {"action": "UPDATE", "plugins": ["MENU", "SHARE"]}})),
    ] {
        stage.apply(&action(name, fields)).await;
        assert_kstatus(&actions.ready(name).await);
    }
    let status = actions.looked_at("execute").await.data["status"].clone();
    assert_eq!(status["results"], json!([{"id": "A1", "result": "OK"}]));
    let portal = stage.vendor.portal(PORTAL).unwrap();
    let jobs: Vec<_> = portal.jobs.iter().map(|job| (job.executions, job.paused, &job.fields["active"])).collect();
    assert_eq!(jobs, [(1, false, &json!(false)), (0, true, &json!(false))]);
    let bodies =
        |operation| stage.vendor.journal().of(operation).into_iter().map(|entry| entry.body).collect::<Vec<_>>();
    assert_eq!(bodies("logout"), [None, Some(json!({"user_id": 1}))]);
    assert_eq!(bodies("start_search_index"), [Some(json!({"action": "UPDATE", "plugins": ["MENU", "SHARE"]}))]);
}

#[tokio::test]
async fn a_refused_action_has_failed_and_is_not_tried_again() {
    let (stage, actions) = stage().await;
    stage.vendor.edit_portal(PORTAL, |portal| portal.standby = true).unwrap();
    stage.apply(&action("first", execute())).await;
    let object = actions.unready("first", "Rejected").await;
    assert_kstatus(&object);
    assert!(is(&object, "Failed", "True", "Rejected") && is(&object, "Stalled", "True", "Rejected"));
    assert!(message(&object, "Failed").contains("standby"), "{}", message(&object, "Failed"));
    stage.tap.wait_for(|call| call.is_event() && call.body["reason"] == "Rejected").await;
    stage.vendor.edit_portal(PORTAL, |portal| portal.standby = false).unwrap();
    resynced(&stage, &actions, "first").await;
    assert_eq!((executions(&stage), stage.vendor.journal().count("run_job_action")), (vec![0, 0], 1));
}

#[tokio::test]
async fn a_finished_action_goes_when_its_time_is_over() {
    let (stage, actions) = stage().await;
    stage.apply(&action("first", json!({"logout": {}, "ttlSecondsAfterFinished": 1}))).await;
    actions.gone("first").await;
    assert_eq!(stage.vendor.journal().performed("logout"), 1);
}

/// A server that takes files; its address, and what it was sent.
async fn shelf() -> (String, Arc<Mutex<Vec<Bytes>>>) {
    let taken: Arc<Mutex<Vec<Bytes>>> = Arc::default();
    let shelf = taken.clone();
    let app = axum::Router::new().fallback(async move |body: Bytes| shelf.lock().unwrap().push(body));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/planted-path-7Q?signature=planted-query-7Q", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, taken)
}

#[tokio::test]
async fn keys_and_addresses_appear_nowhere() {
    let (stage, actions) = stage().await;
    let (url, taken) = shelf().await;
    stage.write_secret("planted", json!({"url": url, "good": "TRIAL-planted-7Q", "bad": "bad7Q!"})).await;
    let from = |key: &str| json!({"secretRef": {"name": "planted", "key": key}});
    stage.apply(&action("bad", json!({"installTrialLicense": {"key": from("bad")}}))).await;
    actions.unready("bad", "Rejected").await;
    stage.apply(&action("good", json!({"installTrialLicense": {"key": from("good")}}))).await;
    stage.apply(&action("collect", json!({"collectDiagnosis": {"uploadTo": from("url")}}))).await;
    actions.ready("good").await;
    let object = actions.ready("collect").await;
    let length = taken.lock().unwrap().last().unwrap().len();
    assert!(message(&object, "Complete").contains(&format!("{length} bytes")), "{}", message(&object, "Complete"));
    // Nobody needs them any more.
    stage.delete::<k8s_openapi::api::core::v1::Secret>("planted").await;
    assert!(is(&actions.looked_at("good").await, "Ready", "True", "Converged"));

    let all = ListParams::default();
    let objects = serde_json::to_string(&actions.api.list(&all).await.unwrap().items).unwrap();
    let events = serde_json::to_string(&stage.api::<Event>().list(&all).await.unwrap().items).unwrap();
    let sent = stage.tap.writes_since(0).into_iter().filter(|call| !call.path.contains("/secrets"));
    let sent: Vec<String> = sent.map(|call| format!("{} {}", call.path, call.body)).collect();
    for (place, said) in [
        ("the objects", objects),
        ("the Events", events),
        ("the metrics", stage.metrics().await),
        ("the log", log::text()),
        ("what was written to Kubernetes", sent.join("\n")),
        ("the change record", serde_json::to_string(&stage.tap.changes.all()).unwrap()),
        ("the vendor's journal", serde_json::to_string(&stage.vendor.journal().all()).unwrap()),
    ] {
        assert!(!said.is_empty(), "nothing was looked through in {place}");
        for secret in ["planted-path-7Q", "planted-query-7Q", "TRIAL-planted-7Q", "bad7Q!"] {
            assert!(!said.contains(secret), "{place} tell {secret}");
        }
    }
}

#[tokio::test]
async fn what_is_done_once_cannot_be_changed_and_says_one_thing() {
    let (stage, actions) = stage().await;
    let refused = async |manifest: Json| {
        let object: DynamicObject = serde_json::from_value(manifest).unwrap();
        actions.api.create(&PostParams::default(), &object).await.unwrap_err().to_string()
    };
    for (fields, word) in [
        (json!({}), "exactly one of rebuildSearchIndex"),
        (json!({"logout": {}, "rebuildSearchIndex": {"action": "CREATE"}}), "exactly one of rebuildSearchIndex"),
        (json!({"jobs": {"action": "EXECUTE"}}), "all: true"),
        (json!({"jobs": {"action": "EXECUTE", "all": true, "jobs": [{"id": "A1"}]}}), "all: true"),
        (json!({"jobs": {"action": "PAUSE", "jobs": [{}]}}), "exactly one of job and id"),
        (json!({"jobs": {"action": "SHUFFLE", "all": true}}), "EXECUTE"),
    ] {
        let said = refused(action("bad", fields)).await;
        assert!(said.contains(word), "{said}");
    }
    stage.apply(&action("first", execute())).await;
    actions.ready("first").await;
    for (patch, word) in [
        (json!({"jobs": {"action": "PAUSE"}}), "cannot be changed"),
        (json!({"jobs": null, "logout": {}}), "cannot be changed"),
        (json!({"portalName": "hr"}), "cannot be changed"),
    ] {
        let patch = kube::api::Patch::Merge(json!({"spec": patch}));
        let said = actions.api.patch("first", &Default::default(), &patch).await.unwrap_err().to_string();
        assert!(said.contains(word), "{said}");
    }
    assert_eq!(executions(&stage), [1, 0]);
}
