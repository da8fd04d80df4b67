//! Settle: everything in Kubernetes that a spec refers to. What is missing is waited for by watch, not by trying again.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::context::Engine;
use super::interruption::{is_passing, not_connected};
use super::kind::{Kind, Managed, SecretKey, Vendor};
use super::kubernetes::read_secret;
use super::reason::Reason;
use super::reference::{Sort, Target};
use super::report::Stop;
use super::session::{Session, Standing};
use super::state::{Access, row};
use super::watch::Key;
use crate::base::secret::Secret;

/// The AdminApi of an object, connected.
pub struct Link<K: Kind> {
    /// The session.
    pub session: Arc<Session>,
    /// Its typed client.
    pub client: <K::Vendor as Vendor>::Client,
}

/// The key of the AdminApi that an object in `namespace` refers to.
pub fn admin_api_key(namespace: &str, spec: &impl Managed) -> Key {
    (namespace.into(), spec.admin_api().name.as_str().into())
}

/// Everything that an object refers to, for the index.
pub fn targets<K: Kind>(namespace: &str, spec: &K::Spec) -> Vec<Target> {
    let mut targets = vec![Target::new(Sort::AdminApi, namespace, &spec.admin_api().name)];
    targets.extend(K::secrets(spec).into_iter().map(|(_, key)| Target::new(Sort::Secret, namespace, &key.name)));
    targets.extend(K::target(spec).map(|target| Target::new(Sort::Published, namespace, &target.secret_ref.name)));
    targets
}

/// The session of the object's AdminApi; `None` if it was not looked at yet, and will bring the object back when it was.
///
/// # Errors
/// It does not exist, is for another vendor, or is not connected.
pub fn link<K: Kind>(engine: &Engine, namespace: &str, spec: &K::Spec) -> Result<Option<Link<K>>, Stop> {
    let key = admin_api_key(namespace, spec);
    if engine.admin_apis.get(&key).is_none() {
        let message = format!("the AdminApi {} does not exist in namespace {namespace}; create it", key.1);
        return Err(Stop::Waiting { reason: Reason::AdminApiMissing, message });
    }
    match engine.sessions.get(&key) {
        None => Ok(None),
        Some(Standing::Connected(session)) => open(&key, session).map(Some),
        Some(Standing::Disconnected { reason, message, .. }) => Err(not_connected(&key, reason, &message)),
    }
}

/// A link from the last session, whether connected or not: to let go of objects while only the credentials are gone.
///
/// # Errors
/// It is for another vendor, or the vendor refuses its credentials or is away.
pub fn last_link<K: Kind>(engine: &Engine, namespace: &str, spec: &K::Spec) -> Result<Option<Link<K>>, Stop> {
    let key = admin_api_key(namespace, spec);
    if let Some(Standing::Disconnected { reason, message, last: Some(_), .. }) = engine.sessions.get(&key)
        && (reason == Reason::Denied || is_passing(reason))
    {
        return Err(not_connected(&key, reason, &message));
    }
    engine.sessions.session(&key).map(|session| open(&key, session)).transpose()
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

/// The fingerprints of the object's secret fields, by path. Reads a Secret only when its version is not known yet.
///
/// A create-only field of an object that exists already is left out when its Secret is gone: nobody needs it any more.
///
/// # Errors
/// A Secret or a key that is missing.
pub async fn fingerprints<K: Kind>(
    engine: &Engine,
    namespace: &str,
    spec: &K::Spec,
    exists: bool,
) -> Result<Vec<(&'static str, String)>, Stop> {
    let mut prints = Vec::new();
    for (path, key) in K::secrets(spec) {
        let optional = exists && row(K::FIELDS, path).is_some_and(|field| field.access == Access::CreateOnly);
        match fingerprint(engine, namespace, path, key).await {
            Ok(print) => prints.push((path, print)),
            Err(Stop::Waiting { .. }) if optional => {}
            Err(stop) => return Err(stop),
        }
    }
    Ok(prints)
}

async fn fingerprint(engine: &Engine, namespace: &str, path: &str, key: &SecretKey) -> Result<String, Stop> {
    let target = Target::new(Sort::Secret, namespace, &key.name);
    if let Some(version) = engine.references.version(&target)
        && let Some(print) = engine.prints.get(&target, &version, &key.key)
    {
        return print.ok_or_else(|| missing_key(namespace, path, key));
    }
    let content = read_secret(&engine.client, namespace, &key.name).await?;
    let content = content.ok_or_else(|| missing_secret(namespace, path, key))?;
    let values: BTreeMap<String, String> =
        content.data.iter().map(|(name, value)| (name.clone(), engine.key.fingerprint(value))).collect();
    let print = values.get(&key.key).cloned();
    engine.references.learned(&target, &content.version);
    engine.prints.set(target, content.version, values);
    print.ok_or_else(|| missing_key(namespace, path, key))
}

/// The values of the object's secret fields, read just now, for a call that sends them.
///
/// # Errors
/// A Secret or a key that is missing, or a value that is not text.
pub async fn reveal<K: Kind>(
    engine: &Engine,
    namespace: &str,
    spec: &K::Spec,
) -> Result<BTreeMap<&'static str, Secret>, Stop> {
    let mut secrets = BTreeMap::new();
    for (path, key) in K::secrets(spec) {
        let content = read_secret(&engine.client, namespace, &key.name).await?;
        let mut content = content.ok_or_else(|| missing_secret(namespace, path, key))?;
        let value = content.data.remove(&key.key).ok_or_else(|| missing_key(namespace, path, key))?;
        let value = String::from_utf8(value).map_err(|_| Stop::Waiting {
            reason: Reason::SecretKeyMissing,
            message: format!("spec.{path}: key {} of the Secret {namespace}/{} is not text", key.key, key.name),
        })?;
        secrets.insert(path, Secret::new(value));
    }
    Ok(secrets)
}

fn missing_secret(namespace: &str, path: &str, key: &SecretKey) -> Stop {
    Stop::Waiting {
        reason: Reason::SecretMissing,
        message: format!(
            "spec.{path}: the Secret {namespace}/{} does not exist; create it with the key {}",
            key.name, key.key
        ),
    }
}

fn missing_key(namespace: &str, path: &str, key: &SecretKey) -> Stop {
    Stop::Waiting {
        reason: Reason::SecretKeyMissing,
        message: format!("spec.{path}: the Secret {namespace}/{} has no key {}; add it", key.name, key.key),
    }
}
