//! Reconcile: the loop. One pass over one object, in nine steps; each is a module of its own, and most are pure.
//!
//! 1. *guard*: an object that cannot be decoded becomes a condition of its own
//! 2. *policy*: what may be done at all; letting go without touching the vendor ends here, and so does a pause
//! 3. *settle*: AdminApi, siblings, Secrets and files; what is missing is waited for by watch
//! 4. *desired*: spec → state
//! 5. *find*: what the vendor has
//! 6. *plan*: what to do
//! 7. *apply*: do it, and look again
//! 8. *outcome*: status, Event, metrics
//! 9. *next*: when to look again
//!
//! A pass is never dropped half-way (the queue spawns it and waits for it when stopping), so that a call and the record of its answer
//! stay together. What could not be recorded is kept in `Memory` and recorded by the next pass; the call is not repeated.

use kube::Resource;
use tokio::time::Instant;

use super::adoption;
use super::apply;
use super::conflict::stand_back;
use super::content;
use super::diff::{Change, Effect, diff};
use super::dispose::dispose;
use super::expiry;
use super::kind::{Found, Identity, Kind};
use super::kubernetes::{Written, record_created, write_secret};
use super::pass::Pass;
use super::plan::{self, Action, Claim, Hold, Plan};
use super::policy::{APPROVE, EXTERNAL_ID, Management, PAUSED};
use super::reason::Reason;
use super::reference::{Sort, Target};
use super::renewal;
use super::report::{Outcome, Settled, Stop};
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
    match result.unwrap_or_else(|stop| End::Report(Outcome::Stopped(stop))) {
        // Who may not write any more has nothing to report either: what stopped the pass is no trouble for whoever goes on.
        End::Report(_) if !pass.engine.gate.is_open() => End::Quiet,
        end => end,
    }
}

async fn converge<K: Kind>(pass: &mut Pass<'_, K>) -> Result<End, Stop> {
    paused(pass)?;
    if expiry::expire(pass).await? {
        return Ok(End::Quiet);
    }
    stand_back(pass)?;
    let link = match refer(pass) {
        // Applied together, an object may be seen before what it names: each kind has a watch of its own.
        Err(Stop::Waiting { reason, .. }) if may_lag(reason) && !std::mem::replace(&mut pass.memory.waited, true) => {
            return Ok(End::Soon);
        }
        link => link.map_err(|stop| renewal::explain(pass, stop))?,
    };
    let Some(link) = link else { return Ok(End::Quiet) };
    let exists = pass.external_id().is_some();
    let printed = content::look::<K>(pass.engine, pass.namespace(), pass.spec(), exists).await?;
    pass.names(printed);
    record_id(pass).await?;
    agree(pass, &link).await.map_err(|stop| renewal::soon(pass, stop))
}

/// Everything of other objects that the spec needs but the Secrets, and what is wanted by it.
fn refer<K: Kind>(pass: &mut Pass<'_, K>) -> Result<Option<Link<K>>, Stop> {
    pass.siblings = if is_over::<K>(pass.external_id().as_deref()) {
        settle::known_siblings::<K>(pass.engine, pass.namespace(), pass.spec())
    } else {
        settle::siblings::<K>(pass.engine, pass.namespace(), pass.spec())?
    };
    pass.wanted = K::desired(pass.spec(), &pass.siblings)?;
    settle::link::<K>(pass.engine, pass.namespace(), pass.spec())
}

/// Whether an object of this id is a run that is over: whatever it referred to may be gone.
pub fn is_over<K: Kind>(external_id: Option<&str>) -> bool {
    K::IDENTITY == Identity::Run && !K::RECREATE && external_id.is_some()
}

fn may_lag(reason: Reason) -> bool {
    matches!(reason, Reason::AdminApiMissing | Reason::NotGranted | Reason::ReferenceMissing)
}

/// Finds, plans and applies, until the vendor agrees or the plan is held.
async fn agree<K: Kind>(pass: &mut Pass<'_, K>, link: &Link<K>) -> Result<End, Stop> {
    let mut looked_again = false;
    let (mut just_taken, mut just_made) = (false, false);
    // Each step leads to the next at once; more than these means that something at the vendor moves as we do.
    for _ in 0..MOST_STEPS {
        let found = pass.find(link).await?;
        let draft = pass.draft(link);
        let mut situation = pass.situation(&draft);
        if just_made && situation.policy.management == Management::Plan {
            // Who lets an object be made lets it be made as the plan showed it, in as many calls as that takes.
            situation.policy.management = Management::Enforce;
        }
        let plan = plan::converge(&situation, &found);
        pass.plan = Some(plan.clone());
        if let Some(hold) = plan.hold {
            if matches!(hold.reason, Reason::AlreadyExists | Reason::IdentityDiffers) {
                // Somebody else's: nothing of it is ours to show.
                pass.seen = None;
            }
            return Err(pass.held(hold));
        }
        if plan.is_something() && adoption::only_looks(pass, link, &plan, just_taken) {
            return Ok(End::Report(adoption::shown(pass, &plan)));
        }
        if plan.is_something() && !pass.may_write(link) {
            return Ok(End::Quiet);
        }
        if plan.action == Action::Create && K::IDENTITY != Identity::Chosen && !looked_again {
            // Nothing at the vendor refuses a second one: that there is none must be true now.
            looked_again = true;
            pass.memory.look_after = Some(Instant::now());
            continue;
        }
        let approval = pass.situation(&draft).approved.map(str::to_owned);
        match plan.action {
            Action::Create | Action::Run => {
                apply::create(pass, link).await?;
                just_made = true;
            }
            Action::Adopt { external_id, claim: Claim::Revived } if draft.has(&external_id) => {
                apply::revive(pass, link, &external_id).await?;
                just_taken = false;
            }
            Action::Adopt { external_id, claim } => {
                if claim == Claim::Revived && !apply::is_buried(pass, link, &external_id).await? {
                    continue;
                }
                apply::adopt(pass, &external_id, claim).await?;
                if claim == Claim::Revived {
                    // It is yet to be switched on, and one approval is for both.
                    continue;
                }
                just_taken = matches!(claim, Claim::Annotated | Claim::HandedOver | Claim::Policy);
            }
            Action::Update => update(pass, link, &plan, approval.as_deref()).await?,
            Action::Nothing if matches!(found, Found::Unreadable(_)) => return Ok(unread(pass)),
            Action::Nothing | Action::Release | Action::Disable | Action::Delete => return settled(pass).await,
        }
        use_up(pass, approval);
    }
    Err(Stop::Vendor(restless(pass.plan.as_ref())))
}

/// Sends the changes. What has to wait for a deed was approved all the same: what is begun of it goes on, and the rest is another plan.
async fn update<K: Kind>(
    pass: &mut Pass<'_, K>,
    link: &Link<K>,
    plan: &Plan,
    approval: Option<&str>,
) -> Result<(), Stop> {
    let updated = apply::update(pass, link, &plan.changes).await;
    if matches!(updated, Err(Stop::Later { .. })) {
        use_up(pass, approval.map(str::to_owned));
    }
    updated
}

/// An approval is good for one time. One that fits nothing when nothing is to be done is not kept for later either.
fn use_up<K: Kind>(pass: &mut Pass<'_, K>, approval: Option<String>) {
    if pass.policy.management == Management::Plan && approval.is_some() {
        pass.memory.approved = approval;
    }
}

/// The end of a pass that found the external object, and could not compare it.
fn unread<K: Kind>(pass: &Pass<'_, K>) -> End {
    let deed = pass.deeds.first().map(|(deed, _)| *deed);
    let unready = pass.seen.as_ref().and_then(|seen| seen.unready.clone());
    End::Report(Outcome::Settled(Settled { deed, unready, unread: true, ..Settled::default() }))
}

/// What is left to do once the vendor agrees.
async fn settled<K: Kind>(pass: &mut Pass<'_, K>) -> Result<End, Stop> {
    publish(pass).await?;
    if let Some(fault) = pass.seen.as_ref().and_then(|seen| seen.incomplete.clone()) {
        return Err(Stop::Vendor(fault));
    }
    let approval = pass.annotation(APPROVE).filter(|hash| Some(*hash) != pass.last_approved()).map(str::to_owned);
    use_up(pass, approval);
    let deed = pass.deeds.first().map(|(deed, _)| *deed);
    let unready = pass.seen.as_ref().and_then(|seen| seen.unready.clone());
    Ok(End::Report(Outcome::Settled(Settled { deed, idle: idle(pass), unready, unread: false })))
}

/// An id that could not be recorded before is recorded first of all.
///
/// # Errors
/// It cannot be recorded now either.
pub async fn record_id<K: Kind>(pass: &mut Pass<'_, K>) -> Result<(), Stop> {
    if let (None, Some(id)) = (pass.annotation(EXTERNAL_ID), pass.memory.external_id.clone()) {
        pass.object = record_created(&pass.engine.client, &pass.object, &id).await?;
        pass.recorded = Some(id);
    }
    Ok(())
}

/// Stops at a pause.
///
/// # Errors
/// The object is paused.
pub fn paused<K: Kind>(pass: &Pass<'_, K>) -> Result<(), Stop> {
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

fn restless(plan: Option<&Plan>) -> Fault {
    let paths: Vec<&str> = plan.into_iter().flat_map(|plan| &plan.changes).map(|change| change.path.as_str()).collect();
    let detail = format!(
        "what the vendor shows changes with every change that is sent: {}; leave it out of the spec to have it left alone",
        paths.join(", ")
    );
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
