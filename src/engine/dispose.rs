//! Dispose: the loop for an object that is being deleted. What needs no vendor goes first, and needs nothing else either.

use kube::api::Api;
use kube::{Resource, ResourceExt};
use tokio::time::Instant;

use super::apply;
use super::conflict::heir;
use super::deed::Begun;
use super::kind::Kind;
use super::kubernetes::{call, release};
use super::pass::Pass;
use super::permit;
use super::plan::{self, Action, Hold};
use super::policy::{ABANDON, Deletion, EXTERNAL_ID, FINALIZER, PENDING_CREATE};
use super::queue::Item;
use super::reason::Reason;
use super::reconcile::{End, paused, record_id};
use super::report::Stop;
use super::settle::{self, Unlinked, admin_api_key};
use super::sibling::Sibling;
use super::terminating::{self, Cause};

/// Looks after a deletion are no more than these in one pass.
const LOOKS: usize = 3;

/// Failures in a row after which an object is let go that its namespace waits for.
const PATIENCE: u32 = 3;

/// Carries out the deletion policy, and lets the object go once that is done.
///
/// # Errors
/// Something stands in the way; the object stays.
pub async fn dispose<K: Kind>(pass: &mut Pass<'_, K>) -> Result<End, Stop> {
    if !pass.object.finalizers().iter().any(|name| name == FINALIZER) {
        return Ok(End::Quiet);
    }
    if let Some(owner) = pass.engine.claims.owner(&pass.item()) {
        let Item { kind, namespace, name } = owner.item;
        let what = format!("what is at the vendor belongs to {kind} {namespace}/{name}, and is left as it is");
        return let_go(pass, Reason::Orphaned, what).await;
    }
    let id = pass.external_id();
    let nothing_there = id.is_none() && pass.annotation(PENDING_CREATE).is_none();
    let left = id.map_or_else(|| "nothing was made at the vendor".to_owned(), |id| format!("{id:?} is left as it is"));
    if nothing_there || matches!(pass.policy.deletion, Deletion::Orphan | Deletion::Unknown) {
        if let (Deletion::Orphan, Some(id)) = (pass.policy.deletion, pass.own_id()) {
            // The policy was another one when it was switched off.
            apply::forget(pass, &id).await?;
        }
        return let_go(pass, Reason::Orphaned, left).await;
    }
    if pass.annotation(ABANDON).is_some_and(|uid| Some(uid) == pass.object.meta().uid.as_deref()) {
        return let_go(pass, Reason::Orphaned, "abandoned, as the annotation says".to_owned()).await;
    }
    let cause = terminating::cause(&pass.engine.client, &pass.object).await?;
    if let Cause::Swept(why) = cause {
        return let_go(pass, Reason::Orphaned, format!("{left}, since nobody asked for its deletion: {why}")).await;
    }
    paused(pass)?;
    let (stop, for_good) = match carry_out(pass).await {
        Ok(end) => return Ok(end),
        Err(blocked) => blocked,
    };
    if cause == Cause::WantedEarlier && (for_good || (is_stuck(&stop) && pass.memory.tries >= PATIENCE)) {
        return let_go(pass, Reason::Orphaned, format!("{left}, since its namespace waits for it: {stop}")).await;
    }
    Err(stop)
}

/// What waiting will hardly change. A guard's hold, a pause and a plan to approve are not among it: somebody wants those.
fn is_stuck(stop: &Stop) -> bool {
    matches!(
        stop.reason(),
        Reason::DeletionBlocked
            | Reason::Denied
            | Reason::Refused
            | Reason::AnswerNotUnderstood
            | Reason::AdminApiNotReady
    )
}

/// What went wrong, and whether only a person can change it.
type Blocked = (Stop, bool);

async fn carry_out<K: Kind>(pass: &mut Pass<'_, K>) -> Result<End, Blocked> {
    let link = match settle::last_link::<K>(pass.engine, pass.namespace(), pass.spec()) {
        Ok(link) => link,
        Err(Unlinked::NotYet) => return Ok(End::Quiet),
        Err(Unlinked::ForNow(stop)) => return Err((blocked(pass, &stop), false)),
        Err(Unlinked::ForGood(stop)) => return Err((blocked(pass, &stop), true)),
    };
    know(pass).map_err(|stop| (blocked(pass, &stop), true))?;
    remove(pass, &link).await.map_err(|stop| (stop, false))
}

/// What tells the external object from others has to be known before anything is done to it.
fn know<K: Kind>(pass: &mut Pass<'_, K>) -> Result<(), Stop> {
    pass.siblings = settle::known_siblings::<K>(pass.engine, pass.namespace(), pass.spec());
    // What else is wrong with the spec is no matter any more.
    pass.wanted = K::desired(pass.spec(), &pass.siblings)
        .or_else(|invalid| K::key(pass.spec(), &pass.siblings).ok_or(invalid))?;
    if pass.external_id().is_some() {
        return Ok(());
    }
    // Without an id it is searched for by what may be made of the ids of these.
    let unknown = K::siblings(pass.spec()).into_iter().find(|sibling| pass.siblings.id(&sibling.path).is_none());
    unknown.map_or(Ok(()), |Sibling { path, kind, name }| {
        let message = format!(
            "what may have been made is searched for by the id of the {kind} {name} that spec.{path} names, and that is not known; set the \
             annotation {EXTERNAL_ID} to the id of what was made"
        );
        Err(Stop::Waiting { reason: Reason::ReferenceMissing, message })
    })
}

/// Whether the object is still there and waits for us, as Kubernetes itself says now. What the watch tells may be older than our own letting go, or
/// than another leader's, and since then the external object may be somebody else's.
async fn waits_for_us<K: Kind>(pass: &Pass<'_, K>) -> Result<bool, Stop> {
    let api: Api<K::Object> = Api::namespaced(pass.engine.client.clone(), pass.namespace());
    let present = call(api.get_metadata_opt(&pass.object.name_any())).await?;
    Ok(present.is_some_and(|present| {
        present.metadata.uid == pass.object.meta().uid && present.finalizers().iter().any(|name| name == FINALIZER)
    }))
}

async fn remove<K: Kind>(pass: &mut Pass<'_, K>, link: &settle::Link<K>) -> Result<End, Stop> {
    if !waits_for_us(pass).await? {
        return Ok(End::Quiet);
    }
    record_id(pass).await?;
    let mut missed = false;
    for _ in 0..LOOKS {
        let found = pass.find(link).await?;
        let draft = pass.draft(link);
        let plan = plan::dispose(&pass.situation(&draft), &found);
        pass.plan = Some(plan.clone());
        let id = pass.seen.as_ref().map(|seen| seen.external_id.clone()).unwrap_or_default();
        let writes = matches!(plan.action, Action::Disable | Action::Delete);
        if writes && let Some(Item { kind, namespace, name }) = heir(pass, &id).await? {
            let what = format!("{id:?} is left to {kind} {namespace}/{name}, which waited for it");
            return let_go(pass, Reason::HandedOver, what).await;
        }
        if let Some(hold) = plan.hold {
            return Err(pass.held(hold));
        }
        if writes {
            if !pass.may_write(link) {
                return Ok(End::Quiet);
            }
            permitted(pass).await?;
        }
        match plan.action {
            Action::Disable => {
                if apply::disable(pass, link, &id).await? {
                    return let_go(pass, Reason::Disabled, format!("{id:?} is switched off")).await;
                }
                if std::mem::replace(&mut missed, true) {
                    apply::forget(pass, &id).await?;
                    let what = format!("nothing was switched off: behind these credentials the vendor has no {id:?}");
                    return let_go(pass, Reason::Deleted, what).await;
                }
                // That the vendor did not find it once is no proof.
                pass.memory.look_after = Some(Instant::now());
            }
            Action::Delete => apply::delete(pass, link, &id).await?,
            _ => {
                if let Some(id) = &draft.external_id {
                    apply::forget(pass, id).await?;
                }
                let what =
                    draft.external_id.map_or_else(|| "nothing is there".to_owned(), |id| format!("{id:?} is gone"));
                return let_go(pass, Reason::Deleted, what).await;
            }
        }
    }
    let uid = pass.object.meta().uid.as_deref().unwrap_or_default();
    let message = format!(
        "the vendor took the deletion and shows the object still; delete it there, or, to leave it there, set the annotation {ABANDON}: \
         {uid}"
    );
    Err(Stop::Held(Hold { reason: Reason::DeletionBlocked, message }))
}

/// Waits for the AdminApi's guard. A plan that it holds is shown.
async fn permitted<K: Kind>(pass: &mut Pass<'_, K>) -> Result<(), Stop> {
    let admin_api = admin_api_key(pass.namespace(), pass.spec());
    let item = pass.item();
    let answer = permit::ask(pass.engine, &admin_api, &item, &mut pass.memory.permitted).await;
    if let (Err(Stop::Held(hold)), Some(plan)) = (&answer, &mut pass.plan) {
        plan.hold = Some(hold.clone());
    }
    answer
}

fn blocked<K: Kind>(pass: &Pass<'_, K>, stop: &Stop) -> Stop {
    let uid = pass.object.meta().uid.as_deref().unwrap_or_default();
    let message = format!(
        "the vendor's side cannot be dealt with: {stop}; mend that, or let go of the object with the annotation {ABANDON}: {uid} and \
         leave the vendor's side alone"
    );
    Stop::Held(Hold { reason: Reason::DeletionBlocked, message })
}

async fn let_go<K: Kind>(pass: &mut Pass<'_, K>, deed: Reason, what: String) -> Result<End, Stop> {
    let left = K::LEFT.filter(|_| matches!(deed, Reason::Disabled | Reason::Orphaned) && pass.external_id().is_some());
    let begun: Vec<String> = pass.begun().values().map(Begun::fields).collect();
    let begun = Some(begun.join(", ")).filter(|begun| !begun.is_empty());
    let unknown = begun.map(|begun| format!("what became of {begun}, which was begun, is not known"));
    let further = [left.map(str::to_owned), unknown].into_iter().flatten();
    let what = further.fold(what, |what, more| format!("{what}; {more}"));
    release(&pass.engine.client, &pass.object, FINALIZER).await?;
    Ok(End::LetGo(deed, what))
}
