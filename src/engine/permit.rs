//! Permit: the guard's word before a vendor is asked to switch something off or to delete it. What is let go is written into the AdminApi's
//! status first, one write for all that come at the same time; and the AdminApi shows what waits.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{Api, Patch};
use kube::{Resource, ResourceExt};
use serde_json::json;
use tokio::time::Instant;

use super::admin_api::{AdminApi, AdminApiStatus};
use super::condition::{Judgement, stamp};
use super::context::Engine;
use super::guard::{Answer, Shared, Shown};
use super::kubernetes::{Error, call, params};
use super::metrics::Gauge;
use super::metrics::table;
use super::plan::Hold;
use super::policy::ACKNOWLEDGE;
use super::queue::{Item, Lane};
use super::reason::Reason;
use super::report::Stop;
use super::watch::Key;
use crate::base::clock::now;

/// The condition of an AdminApi whose guard holds deletions. Present while it does, or while the acknowledgement cannot be read.
pub const DELETIONS_HELD: &str = "DeletionsHeld";

/// Asks for one deletion. `granted` is when it was let go before: one permit is good for a window, whatever number of calls it takes.
///
/// # Errors
/// [`Stop::Held`] while the guard holds it; a Kubernetes error when the permit could not be written down. Then no call may be made.
pub async fn ask(engine: &Engine, admin_api: &Key, item: &Item, granted: &mut Option<Instant>) -> Result<(), Stop> {
    let shared = engine.guards.of(admin_api);
    let window = shared.with(|guard| guard.rule().window);
    if granted.is_none_or(|at| at.elapsed() >= window) {
        let answer = shared.with(|guard| guard.ask(item, Instant::now(), now()));
        engine.recount(admin_api);
        if let Answer::Wait(message) = answer {
            return Err(Stop::Held(Hold { reason: Reason::DeletionHeld, message }));
        }
        *granted = Some(Instant::now());
    }
    let let_go = shared.with(|guard| guard.let_go());
    store(engine, admin_api, &shared, |shared| !shared.with(|guard| guard.is_saved(let_go))).await?;
    Ok(())
}

async fn store(
    engine: &Engine,
    admin_api: &Key,
    shared: &Arc<Shared>,
    needed: impl Fn(&Shared) -> bool,
) -> Result<(), Error> {
    let _turn = shared.storing.lock().await;
    if !needed(shared) {
        return Ok(());
    }
    let (let_go, status) = shared.with(|guard| (guard.let_go(), guard.status()));
    let api: Api<AdminApi> = Api::namespaced(engine.client.clone(), &admin_api.0);
    let patch = Patch::Merge(json!({"status": {"guard": &status}}));
    match call(api.patch_status(&admin_api.1, &params(), &patch)).await {
        Err(error) if !error.is_missing() => return Err(error),
        // An AdminApi that is gone has nobody left to be remembered for.
        _ => shared.with(|guard| guard.saved(let_go, status)),
    }
    engine.metrics.status_written(super::connection::KIND);
    Ok(())
}

/// Takes in an AdminApi as the watch shows it.
pub fn observe(engine: &Engine, key: &Key, object: &AdminApi) {
    let annotation = object.annotations().get(ACKNOWLEDGE).map(String::as_str);
    let stored = object.status.as_ref().and_then(|status| status.guard.as_ref());
    let name = format!("{}/{}", key.0, key.1);
    let seen = (name.as_str(), object.uid());
    engine.guards.of(key).with(|guard| guard.observe(seen, object.spec.rule(), annotation, stored, Instant::now()));
}

/// Calls those that may go now, and forgets in Kubernetes what is forgotten here.
pub async fn turn(engine: &Engine, key: &Key) {
    let shared = engine.guards.of(key);
    let due = shared.with(|guard| guard.due(Instant::now(), now()));
    engine.enqueue_all(due, Lane::Edit);
    let outdated = |shared: &Shared| shared.with(|guard| guard.is_outdated(Instant::now(), now()));
    if outdated(&shared)
        && let Err(error) = store(engine, key, &shared, outdated).await
    {
        tracing::debug!(namespace = %key.0, name = %key.1, %error, "the guard's past is stored still, and counts for longer");
    }
}

/// When [`turn`] is due again.
pub fn wake(engine: &Engine, key: &Key) -> Option<Duration> {
    engine.guards.of(key).with(|guard| guard.wake(Instant::now()))
}

/// Puts what waits into an AdminApi's conditions.
pub fn show(engine: &Engine, key: &Key, object: &AdminApi, status: &mut AdminApiStatus) {
    let judgement = match engine.guards.of(key).with(|guard| guard.shown(now())) {
        Shown::Nothing => None,
        Shown::Held(_, message) => Some(Judgement::new(DELETIONS_HELD, true, Reason::DeletionHeld.word(), message)),
        Shown::Unreadable(message) => {
            Some(Judgement::new(DELETIONS_HELD, false, Reason::AcknowledgementInvalid.word(), message))
        }
    };
    let stored = object.status.as_ref().map_or(&[][..], |status| &status.conditions);
    let generation = object.meta().generation.unwrap_or_default();
    let stamped = stamp(stored, judgement.as_slice(), generation, now());
    status.conditions.retain(|condition| condition.type_ != DELETIONS_HELD);
    status.conditions.extend(stamped);
}

/// Tells by metric what waits, and by Event when that begins, ends or changes its reason.
pub fn tell(engine: &Engine, key: &Key, object: &AdminApi, status: &AdminApiStatus) {
    let held = engine.guards.of(key).with(|guard| guard.held());
    let item = Item { kind: super::connection::KIND, namespace: key.0.clone(), name: key.1.clone() };
    engine.metrics.set_gauge(&item, Gauge { name: table::DELETIONS_HELD.name, labels: Vec::new(), value: held as f64 });
    let find = |conditions: &[Condition]| conditions.iter().find(|known| known.type_ == DELETIONS_HELD).cloned();
    let before = object.status.as_ref().and_then(|status| find(&status.conditions));
    let after = find(&status.conditions);
    let reason = |condition: &Option<Condition>| condition.as_ref().map(|condition| condition.reason.clone());
    if reason(&before) == reason(&after) {
        return;
    }
    let Some(condition) = after else {
        tracing::info!(namespace = %key.0, name = %key.1, "no deletion waits for the guard any more");
        return;
    };
    tracing::warn!(namespace = %key.0, name = %key.1, reason = condition.reason, note = condition.message, "guard");
    engine.event(object.object_ref(&()), &condition.reason, true, &condition.message);
}
