//! Credentials: what an AdminApi's client is built from, read from Secrets and ConfigMaps of its own namespace and from nowhere else.

use std::collections::BTreeMap;
use std::sync::Arc;

use kube::Resource;

use super::admin_api::{AdminApi, AdminApiSpec};
use super::context::Engine;
use super::kind::SecretKey;
use super::kubernetes::{read_config_map, read_secret};
use super::reason::Reason;
use super::reference::{Sort, Target};
use super::report::Stop;
use super::session::{Session, VendorRow, vendor_of};
use super::watch::Key;
use crate::base::access::Access;
use crate::base::breaker::Breaker;
use crate::base::fault::{Class, Fault};
use crate::base::secret::Secret;

/// What an AdminApi refers to: its credentials, its CA bundle, then what its vendor's block names.
pub fn targets(vendors: &'static [VendorRow], namespace: &str, spec: &AdminApiSpec) -> Vec<Target> {
    let mut targets = vec![Target::new(Sort::Secret, namespace, &spec.credentials.secret_ref.name)];
    if let Some(tls) = &spec.tls {
        targets
            .extend(tls.ca_bundle.config_map_ref.iter().map(|map| Target::new(Sort::ConfigMap, namespace, &map.name)));
        targets
            .extend(tls.ca_bundle.secret_ref.iter().map(|secret| Target::new(Sort::Secret, namespace, &secret.name)));
    }
    let named = vendor_of(vendors, &spec.vendor).map(|vendor| (vendor.secrets)(&spec.vendor[vendor.block]));
    let named = named.into_iter().flatten();
    targets.extend(named.map(|(_, key)| Target::new(Sort::Secret, namespace, &key.name)));
    targets
}

/// Reads the credentials, the CA bundle and what the vendor's block names, and adds the versions that were read to `read`, in the order of [`targets`].
///
/// # Errors
/// One of them does not exist.
pub async fn access(
    engine: &Engine,
    vendor: &VendorRow,
    namespace: &str,
    spec: &AdminApiSpec,
    breaker: Arc<Breaker>,
    read: &mut Vec<Option<String>>,
) -> Result<Access, Stop> {
    let name = &spec.credentials.secret_ref.name;
    let content = read_secret(&engine.client, namespace, name).await?;
    read.push(content.as_ref().map(|content| content.version.clone()));
    let content = content.ok_or_else(|| Stop::Waiting {
        reason: Reason::CredentialsMissing,
        message: format!("spec.credentials: the Secret {namespace}/{name} does not exist; create it"),
    })?;
    engine.references.learned(&Target::new(Sort::Secret, namespace, name), &content.version);
    Ok(Access {
        credentials: content.texts(),
        ca_bundle: ca_bundle(engine, namespace, spec, read).await?,
        named: named(engine, vendor, namespace, spec, read).await?,
        limits: spec.limits(),
        gate: engine.gate.clone(),
        observer: engine.metrics.clone(),
        breaker,
    })
}

async fn ca_bundle(
    engine: &Engine,
    namespace: &str,
    spec: &AdminApiSpec,
    read: &mut Vec<Option<String>>,
) -> Result<Option<Vec<u8>>, Stop> {
    let Some(tls) = &spec.tls else { return Ok(None) };
    let client = &engine.client;
    let (sort, source, content) = match (&tls.ca_bundle.config_map_ref, &tls.ca_bundle.secret_ref) {
        (Some(source), _) => ("ConfigMap", source, read_config_map(client, namespace, &source.name).await?),
        (None, Some(source)) => ("Secret", source, read_secret(client, namespace, &source.name).await?),
        (None, None) => return Ok(None),
    };
    read.push(content.as_ref().map(|content| content.version.clone()));
    if let Some(content) = &content {
        let kind = if sort == "Secret" { Sort::Secret } else { Sort::ConfigMap };
        engine.references.learned(&Target::new(kind, namespace, &source.name), &content.version);
    }
    let bundle = content.and_then(|mut content| content.data.remove(&source.key));
    bundle.map(Some).ok_or_else(|| Stop::Waiting {
        reason: Reason::SecretMissing,
        message: format!(
            "spec.tls.caBundle: the {sort} {}/{} with the key {} does not exist; create it",
            namespace, source.name, source.key
        ),
    })
}

async fn named(
    engine: &Engine,
    vendor: &VendorRow,
    namespace: &str,
    spec: &AdminApiSpec,
    read: &mut Vec<Option<String>>,
) -> Result<BTreeMap<&'static str, Secret>, Stop> {
    let mut named = BTreeMap::new();
    for (path, SecretKey { name, key }) in (vendor.secrets)(&spec.vendor[vendor.block]) {
        let content = read_secret(&engine.client, namespace, &name).await?;
        read.push(content.as_ref().map(|content| content.version.clone()));
        let place = format!("spec.{}.{path}: the Secret {namespace}/{name}", vendor.block);
        let missing =
            |what: &str| Stop::Waiting { reason: Reason::CredentialsMissing, message: format!("{place} {what}") };
        let mut content = content.ok_or_else(|| missing(&format!("does not exist; create it with the key {key}")))?;
        engine.references.learned(&Target::new(Sort::Secret, namespace, &name), &content.version);
        let value = content.data.remove(&key).ok_or_else(|| missing(&format!("has no key {key}; add it")))?;
        let value = String::from_utf8(value)
            .map_err(|_| missing(&format!("has a key {key} that is not text; write UTF-8 there")))?;
        named.insert(path, Secret::new(value));
    }
    Ok(named)
}

/// Says what a person should know about credentials that work: once for each client, so not for one that was `kept`.
pub fn caution(engine: &Engine, (namespace, name): &Key, object: &AdminApi, session: &Session, kept: bool) {
    let Some(caution) = (session.vendor.caution)(&session.client).filter(|_| !kept) else { return };
    let reason = Reason::CredentialsPublic;
    tracing::warn!(%namespace, %name, %reason, caution);
    engine.event(object.object_ref(&()), reason.word(), true, caution);
}

/// A fingerprint of everything that a client is built from.
pub fn print(
    engine: &Engine,
    vendor: &VendorRow,
    block: &serde_json::Value,
    spec: &AdminApiSpec,
    access: &Access,
) -> String {
    let mut text = format!("{}\n{block}\n{:?}\n", vendor.name, spec.limits());
    for (name, secret) in &access.credentials {
        text.push_str(&format!("{name}={}\n", engine.key.fingerprint(secret.expose().as_bytes())));
    }
    for (path, secret) in &access.named {
        text.push_str(&format!("{path}={}\n", engine.key.fingerprint(secret.expose().as_bytes())));
    }
    text.push_str(&engine.key.fingerprint(access.ca_bundle.as_deref().unwrap_or_default()));
    engine.key.fingerprint(text.as_bytes())
}

/// The fingerprints of credentials, by their keys.
pub fn prints(engine: &Engine, credentials: &BTreeMap<String, Secret>) -> BTreeMap<String, String> {
    let print = |secret: &Secret| engine.key.fingerprint(secret.expose().as_bytes());
    credentials.iter().map(|(name, secret)| (name.clone(), print(secret))).collect()
}

/// One fingerprint of these keys of credentials, of all where none is named; with the name of the key that it was taken under.
pub fn print_of(engine: &Engine, prints: &BTreeMap<String, String>, keys: &[&str]) -> String {
    let meant = |name: &String| keys.is_empty() || keys.contains(&name.as_str());
    let lines = prints.iter().filter(|(name, _)| meant(name));
    let text: String = lines.map(|(name, print)| format!("{name}={print}\n")).collect();
    format!("{}.{}", engine.key.fingerprint(text.as_bytes()), engine.key.name())
}

/// Settings and credentials that cannot work are the user's to mend, and are told without the name of a call that was never made.
pub fn unusable(fault: Fault) -> Stop {
    match fault.class {
        Class::Denied => Stop::Waiting { reason: Reason::CredentialsMissing, message: fault.detail },
        Class::Refused => Stop::Waiting { reason: Reason::Invalid, message: fault.detail },
        _ => Stop::Vendor(fault),
    }
}
