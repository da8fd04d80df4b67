//! Conflict: what an object does whose external object belongs to another one, and how it comes to it when that one goes.

use kube::api::Api;
use kube::core::DeserializeGuard;
use kube::core::object::{HasSpec, HasStatus};
use kube::{Resource, ResourceExt};

use super::claim::{Owner, Stake};
use super::draft::{announced, recorded_id};
use super::kind::{Identity, Kind, Managed};
use super::kubernetes::call;
use super::pass::Pass;
use super::plan::Hold;
use super::policy::{FINALIZER, Management, effective};
use super::queue::Item;
use super::reason::Reason;
use super::report::Stop;
use super::settle::admin_api_key;
use super::sibling::scoped_key;
use super::watch::Key;

/// What an object has to say for itself; nothing when it holds nothing and only observes, or is a run. Of one that is not granted its AdminApi only
/// what it came to hold while it was counts, and that is no match for who holds the same with a grant.
pub fn stake<K: Kind>(namespace: &str, object: &K::Object, granted: impl FnOnce(&Key) -> bool) -> Option<Stake> {
    if K::IDENTITY == Identity::Run {
        // The same may be done for several objects, once for each.
        return None;
    }
    let spec = object.spec();
    let external_id = recorded_id::<K>(object).map(str::to_owned);
    let finalized = object.finalizers().iter().any(|name| name == FINALIZER);
    let held = finalized && (external_id.is_some() || announced::<K>(object));
    if !held && observes::<K>(object) {
        return None;
    }
    let stored = object.status().and_then(|status| status.external_id.as_deref());
    let same = stored.is_some() && stored == external_id.as_deref();
    let admin_api = admin_api_key(namespace, spec);
    let granted = granted(&admin_api);
    if !(granted || (held && same)) {
        return None;
    }
    let meta = object.meta();
    Some(Stake {
        admin_api,
        natural_key: scoped_key::<K>(namespace, spec),
        held,
        // Our own record of an id takes the announcement away, and comes before the status.
        verified: held && granted && (same || (stored.is_none() && !announced::<K>(object)) || external_id.is_none()),
        external_id,
        deleting: meta.deletion_timestamp.is_some(),
        created: meta.creation_timestamp.as_ref().map_or(i64::MAX, |time| time.0.as_second()),
        uid: meta.uid.clone().unwrap_or_default(),
    })
}

fn observes<K: Kind>(object: &K::Object) -> bool {
    effective(object.spec().policy(), object.annotations(), K::DELETIONS).management == Management::Observe
}

/// Stops a pass whose external object belongs to another object: from here on nothing of it may be written.
///
/// # Errors
/// It does.
pub fn stand_back<K: Kind>(pass: &mut Pass<'_, K>) -> Result<(), Stop> {
    match pass.engine.claims.owner(&pass.item()) {
        Some(owner) => Err(conflict(pass, owner)),
        None => Ok(()),
    }
}

/// Makes sure that nobody else comes to hold the external object (the one of `external_id`, where an id is known) from here on.
///
/// # Errors
/// Somebody does.
pub fn seize<K: Kind>(pass: &mut Pass<'_, K>, external_id: Option<&str>) -> Result<(), Stop> {
    pass.engine.claims.seize(&pass.item(), external_id).map_err(|owner| conflict(pass, owner))
}

fn conflict<K: Kind>(pass: &mut Pass<'_, K>, owner: Owner) -> Stop {
    let Item { kind, namespace, name } = &owner.item;
    let key = K::natural_key(pass.spec());
    let held = match &owner.external_id {
        Some(id) => format!(", which has it as {id:?}"),
        None => String::new(),
    };
    let message = format!(
        "{key} is also that of {kind} {namespace}/{name}{held}, and an external object has one owner; remove one of the two, or set \
         policy.management: Observe in this one to only look"
    );
    pass.awaits = Some(owner.external_id);
    // Somebody else's: nothing of it is ours to show.
    pass.seen = None;
    Stop::Held(Hold { reason: Reason::Conflict, message })
}

/// The object that takes the external object over when this one goes: it waited in line for this very id, and still wants it, as
/// Kubernetes itself says now.
///
/// # Errors
/// Kubernetes gives no clear answer.
pub async fn heir<K: Kind>(pass: &Pass<'_, K>, external_id: &str) -> Result<Option<Item>, Stop> {
    for item in pass.engine.claims.line(&pass.item()) {
        let api: Api<DeserializeGuard<K::Object>> = Api::namespaced(pass.engine.client.clone(), &item.namespace);
        // One that cannot be read cannot say that it still wants it.
        let Some(DeserializeGuard(Ok(other))) = call(api.get_opt(&item.name)).await? else { continue };
        let waits = other.status().is_some_and(|status| status.awaited_id.as_deref() == Some(external_id));
        let granted = |admin_api: &Key| pass.engine.granted(&item.namespace, admin_api);
        let wants = stake::<K>(&item.namespace, &other, granted).is_some_and(|stake| {
            !stake.deleting && stake.natural_key == scoped_key::<K>(pass.namespace(), pass.spec())
        });
        if waits && wants && !observes::<K>(&other) {
            return Ok(Some(item));
        }
    }
    Ok(None)
}
