//! Settle: everything in Kubernetes that a spec refers to. What is missing is waited for by watch, not by trying again.

use std::sync::Arc;

use super::context::Engine;
use super::grant;
use super::interruption::not_connected;
use super::kind::{Kind, Managed, Vendor};
use super::reason::Reason;
use super::reference::{Sort, Target};
use super::report::Stop;
use super::session::{Session, Standing};
use super::sibling::{Resolved, Sibling, Siblings};
use super::watch::Key;

/// The AdminApi of an object, connected.
pub struct Link<K: Kind> {
    /// The session.
    pub session: Arc<Session>,
    /// Its typed client.
    pub client: <K::Vendor as Vendor>::Client,
}

/// The key of the AdminApi that an object in `namespace` refers to.
pub fn admin_api_key(namespace: &str, spec: &impl Managed) -> Key {
    let reference = spec.admin_api();
    (reference.namespace.as_deref().unwrap_or(namespace).into(), reference.name.as_str().into())
}

/// Everything that an object refers to, for the index.
pub fn targets<K: Kind>(namespace: &str, spec: &K::Spec) -> Vec<Target> {
    let (owner, name) = admin_api_key(namespace, spec);
    let mut targets = vec![Target { sort: Sort::AdminApi, namespace: owner, name }];
    let sibling = |sibling: Sibling| Target::new(Sort::Object(sibling.kind), namespace, &sibling.name);
    targets.extend(K::siblings(spec).into_iter().map(sibling));
    targets.extend(K::secrets(spec).into_iter().map(|(_, key)| Target::new(Sort::Secret, namespace, &key.name)));
    let keys = K::files(spec).into_iter().filter_map(|(_, file)| file.key());
    targets.extend(keys.map(|(sort, key)| Target::new(sort, namespace, &key.name)));
    targets.extend(K::target(spec).map(|target| Target::new(Sort::Published, namespace, &target.secret_ref.name)));
    targets
}

/// The session of the object's AdminApi; `None` if it was not looked at yet, and will bring the object back when it was.
///
/// # Errors
/// It does not exist, is not granted to this namespace, is for another vendor, or is not connected.
pub fn link<K: Kind>(engine: &Engine, namespace: &str, spec: &K::Spec) -> Result<Option<Link<K>>, Stop> {
    let key = admin_api_key(namespace, spec);
    reach(engine, namespace, &key)?;
    match engine.sessions.get(&key) {
        None => Ok(None),
        Some(Standing::Connected(session)) => open(&key, session).map(Some),
        Some(Standing::Disconnected { reason, message, .. }) => Err(not_connected(&key, reason, &message)),
    }
}

/// That objects of `namespace` may use an AdminApi that is there. Of another namespace's, nobody is told which of the two it lacks.
fn reach(engine: &Engine, namespace: &str, key: &Key) -> Result<(), Stop> {
    if !engine.granted(namespace, key) {
        return Err(grant::refusal(namespace, key));
    }
    if engine.admin_apis.get(key).is_none() {
        let message = format!("the AdminApi {} does not exist in namespace {namespace}; create it", key.1);
        return Err(Stop::Waiting { reason: Reason::AdminApiMissing, message });
    }
    Ok(())
}

/// Why an object that is being deleted has no link.
pub enum Unlinked {
    /// Its AdminApi was not looked at yet, or is away for a while, and will bring the object back.
    NotYet,
    /// What is in the way may pass by itself.
    ForNow(Stop),
    /// Only a person can change it.
    ForGood(Stop),
}

/// A link from the last session, whether connected or not: to let go of objects while only the credentials are gone.
///
/// # Errors
/// There is none, or the vendor refuses its credentials.
pub fn last_link<K: Kind>(engine: &Engine, namespace: &str, spec: &K::Spec) -> Result<Link<K>, Unlinked> {
    let key = admin_api_key(namespace, spec);
    reach(engine, namespace, &key).map_err(Unlinked::ForGood)?;
    match engine.sessions.get(&key) {
        None => Err(Unlinked::NotYet),
        // One object's call was refused: the AdminApi's own check brings back whoever waits for it.
        Some(Standing::Disconnected { reason: Reason::Denied, .. }) if engine.sessions.is_accused(&key) => {
            Err(Unlinked::NotYet)
        }
        Some(Standing::Disconnected { reason: Reason::Denied, message, .. }) => {
            Err(Unlinked::ForGood(not_connected(&key, Reason::Denied, &message)))
        }
        // Its end brings back whoever waits for it.
        Some(Standing::Disconnected { .. }) if engine.is_briefly_away(&key) => Err(Unlinked::NotYet),
        Some(Standing::Connected(session) | Standing::Disconnected { last: Some(session), .. }) => {
            open(&key, session).map_err(Unlinked::ForGood)
        }
        Some(Standing::Disconnected { reason, message, last: None, .. }) => {
            let stop = not_connected(&key, reason, &message);
            Err(if is_lasting(reason) { Unlinked::ForGood(stop) } else { Unlinked::ForNow(stop) })
        }
    }
}

/// Whether an AdminApi stays as it is until a person mends it.
fn is_lasting(reason: Reason) -> bool {
    use Reason::{CredentialsMissing, Invalid, Malformed, RealmChanged, Refused, SecretKeyMissing, SecretMissing};
    matches!(
        reason,
        CredentialsMissing | Invalid | Malformed | RealmChanged | Refused | SecretKeyMissing | SecretMissing
    )
}

/// The ids of the managed objects that the spec refers to.
///
/// # Errors
/// One of them is missing, has no id yet, is being deleted, or is behind another AdminApi; a watch brings the object back.
pub fn siblings<K: Kind>(engine: &Engine, namespace: &str, spec: &K::Spec) -> Result<Siblings, Stop> {
    let admin_api = admin_api_key(namespace, spec);
    let id = |sibling: Sibling| {
        let found = lookup(engine, namespace, &sibling);
        sibling.judge(namespace, &admin_api, found.as_ref()).map(|id| (sibling.path, id))
    };
    K::siblings(spec).into_iter().map(id).collect()
}

/// The ids of those that have one, going or not: for an object that is being deleted, and needs none of them.
pub fn known_siblings<K: Kind>(engine: &Engine, namespace: &str, spec: &K::Spec) -> Siblings {
    let admin_api = admin_api_key(namespace, spec);
    let id = |sibling: Sibling| {
        let found = lookup(engine, namespace, &sibling).filter(|found| found.admin_api.as_ref() == Some(&admin_api))?;
        Some((sibling.path, found.external_id?))
    };
    K::siblings(spec).into_iter().filter_map(id).collect()
}

fn lookup(engine: &Engine, namespace: &str, sibling: &Sibling) -> Option<Resolved> {
    engine.controller(sibling.kind)?.lookup(&(namespace.into(), sibling.name.as_str().into()))
}

fn open<K: Kind>(key: &Key, session: Arc<Session>) -> Result<Link<K>, Stop> {
    match session.client::<K::Vendor>() {
        Some(client) => Ok(Link { session, client }),
        None => {
            let (is, should) = (session.vendor.name, K::Vendor::NAME);
            let message = format!("the AdminApi {} is for {is}, and this kind needs one for {should}", key.1);
            Err(Stop::Waiting { reason: Reason::AdminApiMismatch, message })
        }
    }
}
