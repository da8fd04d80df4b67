//! Expiry: objects that are deleted in Kubernetes by themselves once they have served. Nothing follows from it at the vendor.
//!
//! When that is follows from the spec and from the facts on record, so a restart forgets nothing. Beside the end of an acknowledgement it is
//! the one decision that the wall clock takes: both times are shown to people.

use std::time::Duration;

use jiff::Timestamp;
use kube::Resource;
use kube::core::object::{HasSpec, HasStatus};

use super::kind::Kind;
use super::kubernetes::delete;
use super::pass::Pass;
use super::policy::{Effective, Management};
use super::report::{Next, Stop};
use crate::base::clock::now;

/// No timer is set for longer than this: when it ends, another one is.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Deletes the object in Kubernetes if its time has come. One that is paused stays, and so does one that only looks.
///
/// # Errors
/// Kubernetes did not take it, or somebody changed the object meanwhile.
pub async fn expire<K: Kind>(pass: &Pass<'_, K>) -> Result<bool, Stop> {
    if left::<K>(&pass.object, pass.policy, now()) != Some(Duration::ZERO) {
        return Ok(false);
    }
    delete(&pass.engine.client, &pass.object).await?;
    tracing::info!(kind = pass.kind, namespace = pass.namespace(), name = %pass.item().name, "its time is over, deleted");
    Ok(true)
}

/// The earlier one of `next` and the time at which the object expires.
pub fn sooner<K: Kind>(next: Next, object: &K::Object, policy: Effective) -> Next {
    match (left::<K>(object, policy, now()).map(|left| left.min(LONGEST)), next) {
        (Some(left), Next::After(pause)) => Next::After(pause.min(left)),
        (Some(left), Next::Wait) => Next::After(left),
        (None, next) => next,
    }
}

/// How long an object has left; none when it does not expire.
fn left<K: Kind>(object: &K::Object, policy: Effective, now: Timestamp) -> Option<Duration> {
    let stays = policy.paused || policy.management == Management::Observe || object.meta().deletion_timestamp.is_some();
    if !K::EXPIRES || stays {
        return None;
    }
    let due = K::expiry(object.spec(), &object.status()?.facts)?;
    Some(Duration::try_from(due.duration_since(now)).unwrap_or(Duration::ZERO))
}
