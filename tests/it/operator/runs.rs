//! Runs: what is done once. Whatever gets lost, it is not done twice unless that does no harm, or a person says so.

use kube::ResourceExt;
use kube::api::DynamicObject;
use provost::engine::admin_api::AdminApi;
use provost::sim::simulated::Simulated;
use provost::sim::trouble::{Act, Order};
use serde_json::{Value as Json, json};

use crate::objects::{Objects, annotation, assert_kstatus, is, message};
use crate::stage::{API, Stage};
use crate::testbed::scene::{EXTERNAL_ID, PENDING_CREATE};
use crate::workshop::sim::{Options, Simulator};

fn errand(name: &str, fields: Json) -> Json {
    let mut manifest = json!({
        "apiVersion": "provost.dev/v1alpha1", "kind": "Errand", "metadata": {"name": name},
        "spec": {"adminApi": {"name": API}, "label": "milk"},
    });
    for (field, value) in fields.as_object().unwrap() {
        manifest["spec"][field] = value.clone();
    }
    manifest
}

async fn workshop() -> (Stage<Simulator>, Objects) {
    let stage = Stage::workshop(Options::default()).await;
    let errands = stage.objects("Errand");
    (stage, errands)
}

/// How often milk was fetched.
fn fetched(stage: &Stage<Simulator>) -> u64 {
    stage.vendor.effects().get("milk").copied().unwrap_or_default()
}

/// Has everything read again, and this errand looked at after that.
async fn resynced(stage: &Stage<Simulator>, errands: &Objects, name: &str) -> DynamicObject {
    stage.looked_at::<AdminApi>(API).await;
    errands.looked_at(name).await
}

#[tokio::test]
async fn a_run_is_done_once_whoever_looks_and_restarts() {
    let (mut stage, errands) = workshop().await;
    stage.apply(&errand("first", json!({}))).await;
    assert_kstatus(&errands.ready("first").await);
    stage.tap.wait_for(|call| call.is_event() && call.body["reason"] == "Ran").await;
    for _ in 0..2 {
        resynced(&stage, &errands, "first").await;
        stage.restart_operator().await;
    }
    resynced(&stage, &errands, "first").await;
    assert_eq!(fetched(&stage), 1);
    // The same for another object is another run, and nobody's conflict.
    stage.apply(&errand("second", json!({}))).await;
    errands.ready("second").await;
    assert_eq!(fetched(&stage), 2);
}

/// An errand whose answer was lost, and that waits for somebody.
async fn parked() -> (Stage<Simulator>, Objects) {
    let (stage, errands) = workshop().await;
    stage.vendor.trouble().place(Order::next_of("do_errand", Act::LoseAnswer));
    stage.apply(&errand("first", json!({}))).await;
    let object = errands.unready("first", "CreateOutcomeUnknown").await;
    assert_kstatus(&object);
    let message = message(&object, "Ready");
    for part in ["errand milk may have been done", "ask in the workshop", EXTERNAL_ID, PENDING_CREATE] {
        assert!(message.contains(part), "{message}");
    }
    (stage, errands)
}

#[tokio::test]
async fn a_run_of_unknown_outcome_waits_for_a_person_however_often_it_is_looked_at() {
    let (mut stage, errands) = parked().await;
    resynced(&stage, &errands, "first").await;
    stage.kill_operator().await;
    stage.start_operator().await;
    let object = resynced(&stage, &errands, "first").await;
    assert!(is(&object, "Ready", "False", "CreateOutcomeUnknown"));
    assert_eq!(fetched(&stage), 1);
    errands.annotate("first", EXTERNAL_ID, Some("done")).await;
    let object = errands.ready("first").await;
    assert_eq!((annotation(&object, PENDING_CREATE), annotation(&object, EXTERNAL_ID)), (None, Some("done")));
    assert_eq!(fetched(&stage), 1);
}

#[tokio::test]
async fn a_run_of_unknown_outcome_is_done_once_more_when_a_person_says_so() {
    let (stage, errands) = parked().await;
    errands.annotate("first", PENDING_CREATE, None).await;
    errands.ready("first").await;
    assert_eq!(fetched(&stage), 2);
}

#[tokio::test]
async fn a_run_that_never_arrived_is_done_by_itself() {
    let (stage, errands) = workshop().await;
    stage.vendor.trouble().place(Order::next_of("do_errand", Act::busy(429, 0)));
    stage.apply(&errand("first", json!({}))).await;
    errands.ready("first").await;
    assert_eq!((fetched(&stage), stage.vendor.journal().count("do_errand")), (1, 2));
}

#[tokio::test]
async fn a_run_that_may_be_repeated_is_repeated_by_itself() {
    let (stage, errands) = workshop().await;
    stage.vendor.trouble().place(Order::next_of("do_errand", Act::LoseAnswer));
    stage.apply(&errand("first", json!({"repeatable": true}))).await;
    let object = errands.ready("first").await;
    assert_eq!((fetched(&stage), annotation(&object, PENDING_CREATE)), (2, None));
}

#[tokio::test]
async fn a_run_that_was_refused_is_over_and_says_so() {
    let (stage, errands) = workshop().await;
    stage.vendor.trouble().place(Order::next_of("do_errand", Act::answer(422)));
    stage.apply(&errand("first", json!({}))).await;
    let object = errands.unready("first", "NotDone").await;
    assert_kstatus(&object);
    assert!(is(&object, "Synced", "True", "Converged") && is(&object, "Stalled", "True", "NotDone"));
    assert!(message(&object, "Ready").contains("422"), "{}", message(&object, "Ready"));
    stage.tap.wait_for(|call| call.is_event() && call.body["reason"] == "NotDone").await;
    let metrics = stage.metrics().await;
    assert!(metrics.contains("provost_objects{kind=\"Errand\",ready=\"False\",reason=\"NotDone\"} 1"), "{metrics}");
    resynced(&stage, &errands, "first").await;
    assert_eq!((fetched(&stage), stage.vendor.journal().count("do_errand")), (0, 1));
}

#[tokio::test]
async fn what_is_not_well_yet_is_looked_at_again_until_it_is() {
    let stage = Stage::workshop(Options { errand_looks: 3, ..Options::default() }).await;
    let errands = stage.objects("Errand");
    stage.apply(&errand("first", json!({}))).await;
    let object = errands.unready("first", "UnderWay").await;
    assert_kstatus(&object);
    assert!(is(&object, "Reconciling", "True", "UnderWay") && is(&object, "Synced", "True", "Converged"));
    // Nobody asks for a look.
    errands.ready("first").await;
    assert_eq!((fetched(&stage), stage.vendor.journal().count("errand")), (1, 4));
}

#[tokio::test]
async fn a_finished_object_goes_when_its_time_is_over() {
    let (stage, errands) = workshop().await;
    stage.apply(&errand("first", json!({"ttlSecondsAfterFinished": 1}))).await;
    errands.gone("first").await;
    stage.tap.wait_for(|call| call.is_event() && call.body["reason"] == "Ran").await;
    // What it said was on record before it went.
    let said = |call: &crate::tap::Call| !call.body["status"]["finishedAt"].is_null();
    assert!(stage.tap.writes_since(0).iter().any(said));
    assert_eq!(fetched(&stage), 1);
}

#[tokio::test]
async fn a_restart_forgets_no_objects_time() {
    let (mut stage, errands) = workshop().await;
    stage.apply(&errand("first", json!({}))).await;
    errands.ready("first").await;
    stage.stop_operator().await;
    errands.edit("first", json!({"ttlSecondsAfterFinished": 0})).await;
    // Nothing of the vendor is needed for it.
    stage.delete::<AdminApi>(API).await;
    stage.start_operator().await;
    errands.gone("first").await;
}

#[tokio::test]
async fn an_object_that_is_paused_or_only_observed_does_not_go_by_itself() {
    let (stage, errands) = workshop().await;
    stage.apply(&errand("first", json!({}))).await;
    errands.ready("first").await;
    errands.annotate("first", "provost.dev/paused", Some("true")).await;
    errands.edit("first", json!({"ttlSecondsAfterFinished": 0})).await;
    let object = errands.unready("first", "Paused").await;
    assert!(object.metadata.deletion_timestamp.is_none());
    errands.edit("first", json!({"policy": {"management": "Observe"}})).await;
    errands.annotate("first", "provost.dev/paused", None).await;
    errands.ready("first").await;
    errands.looked_at("first").await;
    errands.edit("first", json!({"policy": {"management": null}})).await;
    errands.gone("first").await;
    assert_eq!(fetched(&stage), 1);
}

#[tokio::test]
async fn whoever_only_observes_runs_nothing() {
    let (stage, errands) = workshop().await;
    stage.apply(&errand("first", json!({"policy": {"management": "Observe"}}))).await;
    let object = errands.unready("first", "NotFound").await;
    assert!(message(&object, "Ready").contains("was not run"), "{}", message(&object, "Ready"));
    assert_eq!((fetched(&stage), object.finalizers().len()), (0, 0));
    errands.edit("first", json!({"policy": {"management": "Plan"}})).await;
    let object = errands.unready("first", "AwaitingApproval").await;
    assert_eq!(object.data["status"]["plan"]["action"], "Run");
    assert_eq!(fetched(&stage), 0);
}
