//! Outcome: the end of a pass becomes status (only when it differs), Event (on a transition), log line and metric.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Resource;
use kube::core::object::HasStatus;
use serde_json::json;

use super::condition::{DRIFTED, READY, RECONCILING, STALLED, SYNCED};
use super::deed::Begun;
use super::diff::remember;
use super::history;
use super::kind::{Kind, Seen};
use super::kubernetes::write_status;
use super::pass::Pass;
use super::plan::Action;
use super::policy::RECONCILE_AT;
use super::queue::Item;
use super::reason::Reason;
use super::report::{Outcome, Stop};
use super::settle::admin_api_key;
use super::state::{State, Value};
use super::status::{NotKept, PlanReport, Status, merge_patch};
use crate::base::clock::now;
use crate::base::fault::Class;

/// Failures in a row that an object may have before its status speaks of them. A hiccup of a vendor must not rewrite the status of thousands
/// of objects; the AdminApi's own status tells of it, and the generation that their status speaks of says that they are not done.
const PATIENCE: u32 = 3;

/// The reasons of objects that are not ready since somebody holds them up.
const ON_PURPOSE: [&str; 3] = [Reason::Paused.word(), Reason::AwaitingApproval.word(), Reason::PlanStale.word()];

/// Records what the pass came to.
///
/// # Errors
/// The status could not be written; what was to be recorded is kept in memory.
pub async fn record<K: Kind>(item: &Item, pass: &mut Pass<'_, K>, outcome: &Outcome) -> Result<(), Stop> {
    count_drift(item, pass);
    // What was done is told by the pass that did it: no other knows of it.
    for (deed, note) in std::mem::take(&mut pass.deeds) {
        say(item, pass, deed.word(), false, &note);
    }
    if is_hiccup(pass, outcome) {
        tracing::debug!(kind = item.kind, namespace = %item.namespace, name = %item.name, reason = %outcome.reason(), "will try again");
        if let Some(stored) = pass.stored().filter(|_| !pass.engine.metrics.knows(item)) {
            contribute(item, pass, &stored.conditions);
        }
        return Ok(());
    }
    let before = pass.stored().cloned();
    let told = pass.memory.ledger.all();
    let status = status(pass, outcome);
    contribute(item, pass, &status.conditions);
    let took = took(pass, &status.conditions);
    announce(item, pass, before.as_ref().map(|status| status.conditions.as_slice()), &status.conditions, outcome);
    let json = |status: &Status<K::Facts>| serde_json::to_value(status).unwrap_or_else(|_| json!({}));
    let old = || before.as_ref().map_or_else(|| json!({}), json);
    if before.as_ref() != Some(&status)
        && let Some(patch) = merge_patch(&old(), &json(&status))
    {
        pass.object = write_status(&pass.engine.client, &pass.object, patch).await?;
        pass.engine.metrics.status_written(item.kind);
    }
    pass.memory.ledger.forget(&told);
    if let Some(took) = took {
        pass.engine.metrics.became_ready(item.kind, took);
    }
    if !matches!(outcome, Outcome::Stopped(Stop::Kubernetes(_))) {
        pass.memory.applied.clear();
        pass.memory.facts = None;
        pass.memory.adopted = None;
        pass.memory.approved = None;
        pass.memory.not_kept.clear();
        let stored = pass.object.status().map(|status| status.begun.clone()).unwrap_or_default();
        pass.memory.deeds.retain(|group, _| stored.contains_key(*group));
        if pass.annotation(super::policy::EXTERNAL_ID).is_some() {
            pass.memory.external_id = None;
            if pass.annotation(super::policy::PENDING_CREATE).is_none() {
                pass.memory.attempt = None;
            }
        }
    }
    Ok(())
}

/// Says that an object was let go; it has no status any more.
pub fn let_go<K: Kind>(item: &Item, pass: &Pass<'_, K>, deed: Reason, what: &str) {
    tracing::info!(kind = item.kind, namespace = %item.namespace, name = %item.name, reason = %deed, what, "let go");
    pass.engine.event(pass.object.object_ref(&()), deed.word(), false, what);
}

fn is_hiccup<K: Kind>(pass: &Pass<'_, K>, outcome: &Outcome) -> bool {
    let away = || pass.engine.is_briefly_away(&admin_api_key(pass.namespace(), pass.spec()));
    let stays = pass.object.meta().deletion_timestamp.is_none();
    let fine = || {
        stays
            && pass.stored().is_some_and(|status| {
                status.observed_generation == pass.generation && super::condition::holds(&status.conditions, READY)
            })
    };
    match outcome {
        // Somebody wrote first: the next pass, in a moment, starts from what they wrote.
        Outcome::Stopped(Stop::Kubernetes(error)) if error.is_conflict() => true,
        Outcome::Stopped(Stop::Kubernetes(_)) => fine(),
        Outcome::Stopped(Stop::Waiting { reason: Reason::AdminApiNotReady, .. }) => away() || fine(),
        Outcome::Stopped(Stop::Later { reason: Reason::AbsenceUnconfirmed, .. }) => fine(),
        Outcome::Stopped(Stop::Vendor(fault)) => match fault.class {
            Class::Transient | Class::Throttled => away() || (stays && pass.memory.tries < PATIENCE),
            // The AdminApi proves itself first, and its own status speaks of it if it cannot.
            Class::Denied => pass.memory.tries == 0 && fine(),
            _ => false,
        },
        _ => false,
    }
}

fn status<K: Kind>(pass: &Pass<'_, K>, outcome: &Outcome) -> Status<K::Facts> {
    let mut status = pass.stored().cloned().unwrap_or_default();
    let generation = pass.generation;
    let whole = pass.seen.as_ref().filter(|seen| seen.incomplete.is_none());
    let aspects = whole.map(|seen| seen.conditions.as_slice());
    status.conditions = outcome.conditions(&status.conditions, aspects, generation, now());
    status.observed_generation = generation;
    status.external_id = pass.own_id();
    status.last_handled_reconcile_at = pass.annotation(RECONCILE_AT).map(str::to_owned);
    status.plan = pending(pass, outcome);
    status.last_approved = pass.memory.approved.clone().or(status.last_approved);
    status.applied = applied(pass, outcome);
    status.not_kept = not_kept(pass);
    status.begun = begun(pass, status.external_id.as_deref(), status.begun);
    // A status whose answer was lost may have been stored all the same.
    let mut new = pass.memory.ledger.all();
    new.retain(|write| !status.changes.contains(write));
    status.changes = history::joined(&status.changes, new);
    status.awaited_id = match &pass.awaits {
        _ if status.external_id.is_some() => None,
        Some(awaited) => awaited.clone(),
        None => status.awaited_id,
    };
    if let Some(facts) = pass.seen.as_ref().map(|seen| &seen.facts).or(pass.memory.facts.as_ref()) {
        status.facts = facts.clone();
    }
    status
}

fn pending<K: Kind>(pass: &Pass<'_, K>, outcome: &Outcome) -> Option<PlanReport> {
    let plan = pass.plan.as_ref()?;
    let shown = matches!(outcome, Outcome::Stepped { .. }) || plan.hold.is_some();
    let uid = pass.object.meta().uid.as_deref().unwrap_or_default();
    let hash = plan.hash(uid, pass.generation, &pass.wanted, pass.last_approved());
    let makes = matches!(plan.action, Action::Create | Action::Run);
    let made = makes.then(|| pass.carried());
    (shown && plan.is_something()).then(|| PlanReport::new(plan, made.as_ref(), hash))
}

fn applied<K: Kind>(pass: &Pass<'_, K>, outcome: &Outcome) -> BTreeMap<String, String> {
    let before = pass.remembered();
    match (outcome, &pass.seen) {
        (Outcome::Settled(settled), Some(Seen { state, .. })) if !settled.unread => {
            remember(K::FIELDS, &pass.wanted, state, &before)
        }
        _ => before,
    }
}

/// What still is as it was when the vendor did not keep it.
fn not_kept<K: Kind>(pass: &Pass<'_, K>) -> BTreeMap<String, NotKept> {
    let mut not_kept = pass.not_kept();
    if let Some(seen) = &pass.seen {
        let text = |state: &State, path: &str| state.get(path).map(Value::remembered);
        not_kept.retain(|path, known| {
            text(&pass.wanted, path).as_ref() == Some(&known.sent)
                && text(&seen.state, path).as_ref() == Some(&known.shown)
        });
    }
    not_kept
}

/// The marks of deeds that are not known to be done: by an answer, or because the vendor shows what they were to bring about. Those of
/// another external object say nothing about this one.
fn begun<K: Kind>(
    pass: &Pass<'_, K>,
    own_id: Option<&str>,
    stored: BTreeMap<String, Begun>,
) -> BTreeMap<String, Begun> {
    let state = pass.seen.as_ref().map(|seen| &seen.state);
    let shown = |(path, value): (&String, &String)| {
        state.and_then(|state| state.get(path)).is_some_and(|seen| seen.remembered() == *value)
    };
    let mut begun = stored;
    begun.retain(|group, mark| {
        let course = pass.memory.deeds.get(group.as_str()).filter(|course| course.attempt == mark.attempt);
        if let Some(words) = course.and_then(|course| course.step.clone()) {
            mark.recorded = Some(words);
        }
        let settled = course.is_some_and(|course| course.over) || mark.wanted.iter().all(shown);
        // An id that was typed, and not seen to be the object's own yet, takes no mark away.
        let ours = K::RENEWS.contains(&group.as_str()) || own_id.is_none_or(|own| own == mark.external_id);
        ours && !settled
    });
    begun
}

fn contribute<K: Kind>(item: &Item, pass: &Pass<'_, K>, conditions: &[Condition]) {
    let whole = pass.seen.as_ref().filter(|seen| seen.incomplete.is_none());
    let gauges = whole.map(|seen| seen.gauges.clone());
    pass.engine.metrics.contribute(item, conditions, K::REASONS, gauges);
}

/// How long an object took that is ready now and was not before. What somebody held up on purpose took no time of ours.
fn took<K: Kind>(pass: &Pass<'_, K>, after: &[Condition]) -> Option<Duration> {
    let since = match pass.stored().and_then(|status| ready_of(&status.conditions)) {
        None => pass.object.meta().creation_timestamp.as_ref()?,
        Some(before) if before.status == "True" || ON_PURPOSE.contains(&before.reason.as_str()) => return None,
        Some(before) => &before.last_transition_time,
    };
    let is_ready = ready_of(after).is_some_and(|after| after.status == "True");
    is_ready.then(|| Duration::try_from(now().duration_since(since.0)).unwrap_or_default())
}

fn ready_of(conditions: &[Condition]) -> Option<&Condition> {
    conditions.iter().find(|condition| condition.type_ == READY)
}

/// Counts what was put right although the spec, as it stands, had been carried out before.
fn count_drift<K: Kind>(item: &Item, pass: &Pass<'_, K>) {
    let carried_out = pass.stored().is_some_and(|status| {
        status.observed_generation == pass.generation && super::condition::holds(&status.conditions, SYNCED)
    });
    if carried_out && pass.deeds.iter().any(|(deed, _)| *deed == Reason::Updated) {
        pass.engine.metrics.drift_corrected(item.kind);
    }
}

fn say<K: Kind>(item: &Item, pass: &Pass<'_, K>, reason: &str, warning: bool, note: &str) {
    if warning {
        tracing::warn!(kind = item.kind, namespace = %item.namespace, name = %item.name, reason, note);
    } else {
        tracing::info!(kind = item.kind, namespace = %item.namespace, name = %item.name, reason, note);
    }
    pass.engine.event(pass.object.object_ref(&()), reason, warning, note);
}

/// An Event and a log line for every condition of weight that turned.
fn announce<K: Kind>(
    item: &Item,
    pass: &Pass<'_, K>,
    before: Option<&[Condition]>,
    after: &[Condition],
    outcome: &Outcome,
) {
    for condition in after.iter().filter(|condition| ![RECONCILING, STALLED].contains(&condition.type_.as_str())) {
        let old = before.into_iter().flatten().find(|old| old.type_ == condition.type_);
        let bad = (condition.status == "False") != (condition.type_ == DRIFTED);
        let turned = old.is_none_or(|old| old.status != condition.status || (bad && old.reason != condition.reason));
        let own = condition.type_ == SYNCED || (condition.type_ == READY && !bad);
        let first_and_fine = old.is_none() && !bad;
        if turned && !own && !first_and_fine && !matches!(outcome, Outcome::Stepped { .. }) {
            say(item, pass, &condition.reason, bad, &format!("{}: {}", condition.type_, condition.message));
        }
    }
}
