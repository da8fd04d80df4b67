//! Reconcile: the loop. One pass over one object, in nine steps; each is a module of its own, and most are pure.
//!
//! 1. *guard*: an object that cannot be decoded becomes a condition of its own
//! 2. *policy*: what may be done at all; letting go without touching the vendor ends here, and so does a pause
//! 3. *settle*: AdminApi and Secrets; what is missing is waited for by watch
//! 4. *desired*: spec → state
//! 5. *find*: what the vendor has
//! 6. *plan*: what to do
//! 7. *apply*: do it, and look again
//! 8. *outcome*: status, Event, metrics
//! 9. *next*: when to look again
//!
//! A pass is never dropped half-way (the queue spawns it and waits for it when stopping), so that a call and the record of its answer
//! stay together. What could not be recorded is kept in `Memory` and recorded by the next pass; the call is not repeated.

use kube::{Resource, ResourceExt};
use tokio::time::Instant;

use super::apply;
use super::diff::{Change, Effect, diff};
use super::draft::Draft;
use super::kind::{Found, Identity, Kind, Managed, Seen};
use super::kubernetes::{Written, record_created, release, write_secret};
use super::pass::Pass;
use super::plan::{self, Action, Claim, Hold, Plan};
use super::policy::{ABANDON, Deletion, EXTERNAL_ID, FINALIZER, Management, PAUSED, PENDING_CREATE};
use super::reason::Reason;
use super::reference::{Sort, Target};
use super::report::{Outcome, Stop};
use super::settle::{self, Link};
use crate::base::fault::{Class, Fault};

/// The most steps of one pass: adopt, revive, look again, create, update, and a last look, with some to spare.
const MOST_STEPS: usize = 8;

/// How a pass ended.
pub enum End {
    /// With something to report.
    Report(Outcome),
    /// The object is let go: there is nobody left to report to. What was done, for the Event.
    LetGo(Reason, String),
    /// Nothing can be said yet; something that is under way brings the object back.
    Quiet,
    /// Nothing can be said yet; look again in a moment.
    Soon,
}

/// Steps 2 to 7.
pub async fn run<K: Kind>(pass: &mut Pass<'_, K>) -> End {
    let result =
        if pass.object.meta().deletion_timestamp.is_some() { dispose(pass).await } else { converge(pass).await };
    result.unwrap_or_else(|stop| End::Report(Outcome::Stopped(stop)))
}

async fn converge<K: Kind>(pass: &mut Pass<'_, K>) -> Result<End, Stop> {
    paused(pass)?;
    pass.wanted = K::desired(pass.spec(), &pass.siblings)?;
    let link = match settle::link::<K>(pass.engine, pass.namespace(), pass.spec()) {
        // Applied together, an object may be seen before its AdminApi: each kind has a watch of its own.
        Err(Stop::Waiting { reason: Reason::AdminApiMissing, .. })
            if !std::mem::replace(&mut pass.memory.waited, true) =>
        {
            return Ok(End::Soon);
        }
        link => link?,
    };
    let Some(link) = link else { return Ok(End::Quiet) };
    let exists = pass.external_id().is_some();
    for (path, print) in settle::fingerprints::<K>(pass.engine, pass.namespace(), pass.spec(), exists).await? {
        pass.wanted.insert_secret(path, print);
    }
    record_id(pass).await?;
    agree(pass, &link).await
}

/// Finds, plans and applies, until the vendor agrees or the plan is held.
async fn agree<K: Kind>(pass: &mut Pass<'_, K>, link: &Link<K>) -> Result<End, Stop> {
    let mut before: Option<Plan> = None;
    let mut looked_again = false;
    // Each step leads to the next at once; more than these means that something at the vendor moves as we do.
    for _ in 0..MOST_STEPS {
        let found = pass.find(link).await?;
        if let Found::Present(seen) = &found
            && revived(pass, link, seen).await?
        {
            continue;
        }
        let draft = pass.draft(link);
        let plan = plan::converge(&pass.situation(&draft), &found);
        pass.plan = Some(plan.clone());
        if let Some(hold) = plan.hold {
            if matches!(hold.reason, Reason::AlreadyExists | Reason::IdentityDiffers) {
                // Somebody else's: nothing of it is ours to show.
                pass.seen = None;
            }
            return Err(pass.held(hold));
        }
        if before.as_ref() == Some(&plan) && plan.is_something() {
            return Err(Stop::Vendor(not_kept(Some(&plan))));
        }
        if plan.action == Action::Create && K::IDENTITY != Identity::Chosen && !looked_again {
            // Nothing at the vendor refuses a second one: that there is none must be true now.
            looked_again = true;
            pass.memory.look_after = Some(Instant::now());
            continue;
        }
        approved(pass, &plan, &draft);
        before = Some(plan.clone());
        match plan.action {
            Action::Create => apply::create(pass, link).await?,
            Action::Adopt { external_id, claim } => {
                let adopted = apply::adopt(pass, &external_id, claim).await?;
                if matches!(claim, Claim::Policy | Claim::Annotated) {
                    return Ok(End::Report(first_sight(pass, link, adopted).await?));
                }
            }
            Action::Update => apply::update(pass, link, &plan.changes).await?,
            Action::Nothing | Action::Release | Action::Disable | Action::Delete => return settled(pass).await,
        }
    }
    Err(Stop::Vendor(not_kept(before.as_ref())))
}

/// What is left to do once the vendor agrees.
async fn settled<K: Kind>(pass: &mut Pass<'_, K>) -> Result<End, Stop> {
    publish(pass).await?;
    if let Some(fault) = pass.seen.as_ref().and_then(|seen| seen.incomplete.clone()) {
        return Err(Stop::Vendor(fault));
    }
    let deed = pass.deeds.first().map(|(deed, _)| *deed);
    Ok(End::Report(Outcome::Settled { deed, idle: idle(pass) }))
}

/// Switches on again what an earlier object's deletion switched off, once it is ours. True if that was done.
async fn revived<K: Kind>(pass: &mut Pass<'_, K>, link: &Link<K>, seen: &Seen<K::Facts>) -> Result<bool, Stop> {
    let draft = pass.draft(link);
    let ours = draft.external_id.as_ref() == Some(&seen.external_id) && !draft.first_sight;
    if !ours || draft.tombstone != draft.external_id || pass.policy.management == Management::Observe {
        return Ok(false);
    }
    apply::revive(pass, link, &seen.external_id).await?;
    Ok(true)
}

/// An approval that is used is used up.
fn approved<K: Kind>(pass: &mut Pass<'_, K>, plan: &Plan, draft: &Draft) {
    if pass.policy.management == Management::Plan && plan.is_something() {
        let situation = pass.situation(draft);
        pass.memory.approved = situation.approved.map(str::to_owned).or_else(|| pass.memory.approved.clone());
    }
}

/// The first pass after an adoption only looks, and shows what the next one will change.
async fn first_sight<K: Kind>(pass: &mut Pass<'_, K>, link: &Link<K>, deed: Reason) -> Result<Outcome, Stop> {
    let found = pass.find(link).await?;
    let draft = pass.draft(link);
    let plan = plan::converge(&pass.situation(&draft), &found);
    let paths: Vec<&str> = plan.changes.iter().map(|change| change.path.as_str()).collect();
    let id = pass.external_id().unwrap_or_default();
    let message = if paths.is_empty() {
        format!("took over {id:?}, which is as the spec says")
    } else {
        format!("took over {id:?}; to be changed next: {}", paths.join(", "))
    };
    pass.plan = Some(plan);
    Ok(Outcome::Stepped { deed, message })
}

/// An id that could not be recorded before is recorded first of all.
async fn record_id<K: Kind>(pass: &mut Pass<'_, K>) -> Result<(), Stop> {
    if let (None, Some(id)) = (pass.annotation(EXTERNAL_ID), pass.memory.external_id.clone()) {
        pass.object = record_created(&pass.engine.client, &pass.object, &id).await?;
        pass.recorded = Some(id);
    }
    Ok(())
}

fn paused<K: Kind>(pass: &Pass<'_, K>) -> Result<(), Stop> {
    if !pass.policy.paused {
        return Ok(());
    }
    let message = format!("nothing is written at the vendor while the annotation {PAUSED} is true");
    Err(Stop::Held(Hold { reason: Reason::Paused, message }))
}

fn idle<K: Kind>(pass: &Pass<'_, K>) -> Vec<Change> {
    let Some(seen) = &pass.seen else { return Vec::new() };
    let changes = diff(K::FIELDS, &pass.wanted, &seen.state, &pass.remembered());
    changes.into_iter().filter(|change| change.effect == Effect::NoEffect).collect()
}

fn not_kept(plan: Option<&Plan>) -> Fault {
    let paths: Vec<&str> = plan.into_iter().flat_map(|plan| &plan.changes).map(|change| change.path.as_str()).collect();
    let detail = format!("the vendor took the change and shows the old value still: {}", paths.join(", "));
    Fault::new(Class::Broken, "update", detail)
}

/// Writes the connection details into the Secret that the spec names, when they or the Secret changed.
async fn publish<K: Kind>(pass: &mut Pass<'_, K>) -> Result<(), Stop> {
    let (Some(target), Some(seen)) = (K::target(pass.spec()), &pass.seen) else { return Ok(()) };
    let Some(details) = K::publish(&seen.external_id, &seen.facts) else { return Ok(()) };
    let name = target.secret_ref.name.clone();
    let watched = Target::new(Sort::Published, pass.namespace(), &name);
    let version = pass.engine.references.version(&watched);
    if version.is_some() && pass.memory.published.as_ref() == Some(&(details.clone(), version)) {
        return Ok(());
    }
    let written = write_secret(&pass.engine.client, &pass.object, &name, &details).await?;
    let (Written::Ours(version) | Written::Foreign(version)) = &written;
    // Its disappearance is news, whosever it is.
    pass.engine.references.learned(&watched, version);
    let Written::Ours(version) = written else {
        let message = format!(
            "the Secret {}/{name} exists and does not belong to this object; delete it or name another one",
            pass.namespace()
        );
        return Err(Stop::Waiting { reason: Reason::SecretNotOurs, message });
    };
    pass.memory.published = Some((details, Some(version)));
    Ok(())
}

async fn dispose<K: Kind>(pass: &mut Pass<'_, K>) -> Result<End, Stop> {
    if !pass.object.finalizers().iter().any(|name| name == FINALIZER) {
        return Ok(End::Quiet);
    }
    let id = pass.external_id();
    let nothing_there = id.is_none() && pass.annotation(PENDING_CREATE).is_none();
    if nothing_there || matches!(pass.policy.deletion, Deletion::Orphan | Deletion::Unknown) {
        let what =
            id.map_or_else(|| "nothing was made at the vendor".to_owned(), |id| format!("{id:?} is left as it is"));
        return let_go(pass, Reason::Orphaned, what).await;
    }
    if pass.annotation(ABANDON).is_some_and(|uid| Some(uid) == pass.object.meta().uid.as_deref()) {
        return let_go(pass, Reason::Orphaned, "abandoned, as the annotation says".to_owned()).await;
    }
    paused(pass)?;
    let Some(link) = settle::last_link::<K>(pass.engine, pass.namespace(), pass.spec())? else {
        return Err(blocked(pass));
    };
    record_id(pass).await?;
    // A spec that cannot be carried out must not stand in the way of deletion.
    pass.wanted = K::desired(pass.spec(), &pass.siblings).unwrap_or_default();
    for _ in 0..3 {
        let found = pass.find(&link).await?;
        let draft = pass.draft(&link);
        let plan = plan::dispose(&pass.situation(&draft), &found);
        pass.plan = Some(plan.clone());
        if let Some(hold) = plan.hold {
            return Err(pass.held(hold));
        }
        approved(pass, &plan, &draft);
        let id = pass.seen.as_ref().map(|seen| seen.external_id.clone()).unwrap_or_default();
        match plan.action {
            Action::Disable => {
                let deed = apply::disable(pass, &link, &id).await?;
                return let_go(pass, deed, format!("{id:?} is switched off")).await;
            }
            Action::Delete => apply::delete(pass, &link, &id).await?,
            _ => {
                let what =
                    draft.external_id.map_or_else(|| "nothing is there".to_owned(), |id| format!("{id:?} is gone"));
                return let_go(pass, Reason::Deleted, what).await;
            }
        }
    }
    let message = "the vendor took the deletion and shows the object still".to_owned();
    Err(Stop::Held(Hold { reason: Reason::DeletionBlocked, message }))
}

fn blocked<K: Kind>(pass: &Pass<'_, K>) -> Stop {
    let (uid, name) = (pass.object.meta().uid.as_deref().unwrap_or_default(), &pass.spec().admin_api().name);
    let message = format!(
        "the AdminApi {name} was never connected since the operator started, so the vendor's side cannot be dealt with; mend it, or let \
         go of the object with the annotation {ABANDON}: {uid} and leave the vendor's side alone"
    );
    Stop::Held(Hold { reason: Reason::DeletionBlocked, message })
}

async fn let_go<K: Kind>(pass: &mut Pass<'_, K>, deed: Reason, what: String) -> Result<End, Stop> {
    release(&pass.engine.client, &pass.object, FINALIZER).await?;
    Ok(End::LetGo(deed, what))
}
