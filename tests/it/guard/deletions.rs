//! The guard: how many deletions go through, what lets more go, and that no restart forgets it.

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use kube::ResourceExt;
use provost::engine::admin_api::AdminApi;
use provost::myintranetapps::sim::Options;
use provost::myintranetapps::tenant_account::TenantAccount;
use serde_json::{Value as Json, json};

use crate::stage::{API, Conditioned, Stage, admin_api};
use crate::tap::{self, Act};

const ACKNOWLEDGE: &str = "provost.dev/acknowledge-deletions";

/// A stage whose guard is as `guard` says, with these accounts.
async fn guarded(guard: Json, names: &[&str]) -> Stage {
    let mut stage = Stage::bare(Options::default()).await;
    stage.connect().await;
    let mut manifest = admin_api(stage.vendor.url());
    if !guard.is_null() {
        manifest["spec"]["guard"] = guard;
    }
    stage.apply(&manifest).await;
    stage.start_operator().await;
    for name in names {
        stage.account(name, json!({})).await;
    }
    for name in names {
        stage.ready(name).await;
    }
    stage
}

/// Waits until so many deletions wait, as the AdminApi says.
async fn held(stage: &Stage, count: usize) -> AdminApi {
    let words = if count == 1 { "1 deletion waits:".to_owned() } else { format!("{count} deletions wait:") };
    let told = move |api: &AdminApi| {
        api.condition("DeletionsHeld").is_some_and(|it| it.status == "True" && it.message.contains(&words))
    };
    stage.until(API, told).await
}

/// Waits until no deletion waits.
async fn none_held(stage: &Stage) {
    stage.until(API, |api: &AdminApi| api.condition("DeletionsHeld").is_none()).await;
}

async fn acknowledge(stage: &Stage, value: Option<&str>) {
    stage.annotate::<AdminApi>(API, ACKNOWLEDGE, value).await;
}

fn switched_off(stage: &Stage) -> usize {
    stage.vendor.accounts().iter().filter(|account| !account.active).count()
}

/// Waits until so many of these accounts are gone, whichever.
async fn some_gone(stage: &Stage, names: &[&str], count: usize) {
    let waiting: FuturesUnordered<_> = names.iter().map(|name| stage.gone::<TenantAccount>(name)).collect();
    waiting.take(count).collect::<Vec<()>>().await;
}

/// The names of the accounts that Kubernetes still has.
async fn left(stage: &Stage) -> Vec<String> {
    let accounts = stage.api::<TenantAccount>().list(&Default::default()).await.unwrap();
    accounts.iter().map(ResourceExt::name_any).collect()
}

#[tokio::test]
async fn past_the_guard_deletions_wait_until_they_are_acknowledged() {
    let names = ["one", "two", "three", "four", "five"];
    let mut stage = guarded(json!({"maxDeletions": 2, "window": "1h"}), &names).await;
    for name in names {
        stage.delete::<TenantAccount>(name).await;
    }
    let api = held(&stage, 3).await;
    let hint = format!("{ACKNOWLEDGE}: \"3 until 20");
    assert!(api.message("DeletionsHeld").contains(&hint), "{}", api.message("DeletionsHeld"));
    assert!(api.is("DeletionsHeld", "True", "DeletionHeld") && api.is("Ready", "True", "Connected"), "{api:#?}");
    some_gone(&stage, &names, 2).await;
    assert_eq!(switched_off(&stage), 2);
    stage.in_time(stage.tap.wait_for(|call| call.is_event() && call.body["reason"] == "DeletionHeld")).await;
    let metrics = stage.metrics().await;
    let metric = format!("provost_deletions_held{{namespace=\"{}\",name=\"{API}\"}} 3", stage.namespace);
    assert!(metrics.contains(&metric), "{metrics}");
    let held_back = left(&stage).await;
    // A resync while they wait is no news.
    let mark = stage.tap.mark();
    stage.looked_at::<AdminApi>(API).await;
    let news = |call: &tap::Call| call.path.contains("/adminapis/") && !call.body["status"]["conditions"].is_null();
    assert!(!stage.tap.writes_since(mark).iter().any(news));
    for name in &held_back {
        let account = stage.unready(name, "DeletionHeld").await;
        assert!(account.is("Stalled", "True", "DeletionHeld"), "{account:#?}");
        let message = account.message("Ready");
        assert!(message.contains(ACKNOWLEDGE) && message.contains(&stage.namespace), "{message}");
        assert_eq!(account.status.unwrap().plan.unwrap().action, "Disable");
    }

    acknowledge(&stage, Some("2 until 2100-01-01T00:00:00Z")).await;
    let held_back: Vec<&str> = held_back.iter().map(String::as_str).collect();
    some_gone(&stage, &held_back, 2).await;
    held(&stage, 1).await;
    assert_eq!(switched_off(&stage), 4);
    // Given again it is the same one, for this operator and for the next.
    acknowledge(&stage, None).await;
    acknowledge(&stage, Some("2 until 2100-01-01T00:00:00Z")).await;
    stage.restart_operator().await;
    let last = left(&stage).await.remove(0);
    stage.looked_at::<TenantAccount>(&last).await;
    held(&stage, 1).await;
    stage.until(API, |api: &AdminApi| api.message("DeletionsHeld").contains("is used up")).await;
    acknowledge(&stage, Some("5 until 2001-01-01T00:00:00Z")).await;
    stage.looked_at::<TenantAccount>(&last).await;
    stage.until(API, |api: &AdminApi| api.message("DeletionsHeld").contains("has run out")).await;
    assert_eq!(switched_off(&stage), 4);

    acknowledge(&stage, Some("1 until 2100-01-01T00:00:00Z")).await;
    stage.gone::<TenantAccount>(&last).await;
    none_held(&stage).await;
    assert_eq!(switched_off(&stage), 5);
}

#[tokio::test]
async fn a_restart_forgets_nothing_that_went_through() {
    let mut stage = guarded(json!({"maxDeletions": 1, "window": "1h"}), &["one", "two"]).await;
    stage.delete::<TenantAccount>("one").await;
    stage.gone::<TenantAccount>("one").await;
    stage.kill_operator().await;
    stage.delete::<TenantAccount>("two").await;
    stage.start_operator().await;
    held(&stage, 1).await;
    assert_eq!(switched_off(&stage), 1);
}

#[tokio::test]
async fn a_permit_is_written_down_before_it_is_used() {
    let mut stage = guarded(json!({"maxDeletions": 1, "window": "1h"}), &["one", "two"]).await;
    let permit = |call: &tap::Call| call.is_status() && !call.body["status"]["guard"].is_null();
    stage.tap.next(Act::HangAnswer, permit);
    let writes = stage.vendor_writes().len();
    stage.delete::<TenantAccount>("one").await;
    stage.in_time(stage.tap.wait_for(|call| call.fate == tap::Fate::AnswerHung)).await;
    assert_eq!(stage.vendor_writes().len(), writes);
    stage.kill_operator().await;
    // Nobody knows whether it was used: the next operator takes it for used.
    stage.start_operator().await;
    held(&stage, 1).await;
    assert_eq!(switched_off(&stage), 0);
}

#[tokio::test]
async fn a_refused_status_does_not_use_up_places() {
    let stage = guarded(json!({"maxDeletions": 1, "window": "1h"}), &["one"]).await;
    let permit = |call: &tap::Call| call.is_status() && !call.body["status"]["guard"].is_null();
    stage.tap.times(3, Act::Refuse(500), permit);
    stage.delete::<TenantAccount>("one").await;
    stage.gone::<TenantAccount>("one").await;
    assert_eq!(switched_off(&stage), 1);
}

#[tokio::test]
async fn places_come_free_by_themselves() {
    let names = ["one", "two", "three"];
    let stage = guarded(json!({"maxDeletions": 1, "window": "2s"}), &names).await;
    for name in names {
        stage.delete::<TenantAccount>(name).await;
    }
    held(&stage, 2).await;
    for name in names {
        stage.gone::<TenantAccount>(name).await;
    }
    assert_eq!(switched_off(&stage), 3);
    none_held(&stage).await;
    // When all of it is old, nothing is left of it.
    stage.until(API, |api: &AdminApi| api.status.as_ref().is_some_and(|status| status.guard.is_none())).await;
}

#[tokio::test]
async fn an_acknowledgement_that_cannot_be_read_is_told() {
    let stage = guarded(json!({"maxDeletions": 0, "window": "1h"}), &["one"]).await;
    acknowledge(&stage, Some("all of them")).await;
    let told = |api: &AdminApi| api.is("DeletionsHeld", "False", "AcknowledgementInvalid");
    let api = stage.until(API, told).await;
    let message = api.message("DeletionsHeld");
    assert!(message.contains("all of them") && message.contains("<count> until <RFC 3339 time>"), "{message}");
    stage.delete::<TenantAccount>("one").await;
    let api = held(&stage, 1).await;
    assert!(api.message("DeletionsHeld").contains("all of them"), "{}", api.message("DeletionsHeld"));
    assert_eq!(switched_off(&stage), 0);
    acknowledge(&stage, Some("1 until 2100-01-01T00:00:00Z")).await;
    stage.gone::<TenantAccount>("one").await;
    none_held(&stage).await;
}

#[tokio::test]
async fn only_what_is_done_to_the_vendor_counts() {
    let stage = guarded(json!({"maxDeletions": 0, "window": "1h"}), &["edited", "orphan", "paused"]).await;
    stage.edit("edited", json!({"active": false})).await;
    stage.ready("edited").await;
    assert_eq!(switched_off(&stage), 1);
    stage.edit("orphan", json!({"policy": {"deletion": "Orphan"}})).await;
    stage.delete::<TenantAccount>("orphan").await;
    stage.gone::<TenantAccount>("orphan").await;
    // A pause comes before the guard.
    stage.annotate::<TenantAccount>("paused", "provost.dev/paused", Some("true")).await;
    stage.delete::<TenantAccount>("paused").await;
    stage.unready("paused", "Paused").await;
    stage.looked_at::<AdminApi>(API).await;
    none_held(&stage).await;
}

#[tokio::test]
async fn an_approval_is_not_used_up_by_waiting() {
    let stage = guarded(json!({"maxDeletions": 0, "window": "1h"}), &["one"]).await;
    stage.edit("one", json!({"policy": {"management": "Plan"}})).await;
    stage.ready("one").await;
    stage.delete::<TenantAccount>("one").await;
    let account = stage.unready("one", "AwaitingApproval").await;
    let hash = account.status.unwrap().plan.unwrap().hash;
    stage.annotate::<TenantAccount>("one", "provost.dev/approve", Some(&hash)).await;
    stage.unready("one", "DeletionHeld").await;
    held(&stage, 1).await;
    acknowledge(&stage, Some("1 until 2100-01-01T00:00:00Z")).await;
    stage.gone::<TenantAccount>("one").await;
    assert_eq!(switched_off(&stage), 1);
}

#[tokio::test]
async fn there_is_a_guard_without_being_asked_for() {
    let names: Vec<String> = (0..12).map(|number| format!("customer-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let stage = guarded(json!(null), &names).await;
    stage.api::<TenantAccount>().delete_collection(&Default::default(), &Default::default()).await.unwrap();
    held(&stage, 2).await;
    some_gone(&stage, &names, 10).await;
    assert_eq!(switched_off(&stage), 10);
}
