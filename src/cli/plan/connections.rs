//! Connections: one client for each AdminApi, built as the operator builds it, but with a gate that lets no write through.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;
use tokio::time::Instant;

use super::input::Key;
use super::sources::Sources;
use crate::base::access::{Access, ReadOnly};
use crate::base::secret::Secret;
use crate::engine::admin_api::AdminApiSpec;
use crate::engine::credentials::unusable;
use crate::engine::kind::SecretKey;
use crate::engine::malformed;
use crate::engine::preview::SecretSource;
use crate::engine::reason::Reason;
use crate::engine::registry::Tables;
use crate::engine::report::Stop;
use crate::engine::session::{AnyClient, VendorRow, no_vendor, vendor_of};
use crate::engine::tombstone;

/// A vendor that answers.
pub struct Connected {
    /// The vendor's name.
    pub vendor: &'static str,
    /// Its client, which cannot write.
    pub client: AnyClient,
    /// What tells its account from others.
    pub realm: Secret,
    /// What the operator switched off there when its object was deleted.
    pub tombstones: Arc<BTreeMap<String, String>>,
}

/// Builds the client of the AdminApi `key`, whose manifest is `manifest` unless the cluster has it, and proves it with a read that
/// began after `begun`.
///
/// # Errors
/// Something that the AdminApi needs is missing, or the vendor cannot be used.
pub async fn connect(
    sources: &Sources,
    tables: &Tables,
    key: &Key,
    manifest: Option<&Json>,
    begun: Instant,
) -> Result<Connected, Stop> {
    let spec: AdminApiSpec = match manifest {
        Some(manifest) => malformed::read(&manifest["spec"]).map_err(|misfit| {
            let message = format!("this AdminApi cannot be read: {}; correct it", misfit.below("spec"));
            Stop::Waiting { reason: Reason::Malformed, message }
        })?,
        None => sources.admin_api(key).await?.spec,
    };
    let vendor = vendor_of(tables.vendors, &spec.vendor)
        .ok_or_else(|| Stop::Waiting { reason: Reason::Invalid, message: no_vendor(tables.vendors) })?;
    let access = access(sources, vendor, &key.0, &spec).await?;
    let client = (vendor.connect)(&spec.vendor[vendor.block], access).map_err(unusable)?;
    (vendor.check)(client.clone(), begun).await?;
    let realm = (vendor.realm)(&client).unwrap_or_else(|| Secret::new(format!("{}/{}", key.0, key.1)));
    let tombstones = match &sources.cluster {
        Some(cluster) => {
            let all = tombstone::load(cluster, &key.0, &key.1).await?;
            all.into_iter().map(|(key, tombstone)| (key, tombstone.external_id)).collect()
        }
        None => BTreeMap::new(),
    };
    Ok(Connected { vendor: vendor.name, client, realm, tombstones: Arc::new(tombstones) })
}

async fn access(sources: &Sources, vendor: &VendorRow, namespace: &str, spec: &AdminApiSpec) -> Result<Access, Stop> {
    let name = &spec.credentials.secret_ref.name;
    let data = sources.secret("credentials.secretRef", namespace, name, "").await?;
    let text = |(key, value): (String, Vec<u8>)| Some((key, Secret::new(String::from_utf8(value).ok()?)));
    Ok(Access {
        credentials: data.into_iter().filter_map(text).collect(),
        named: named(sources, vendor, namespace, spec).await?,
        ca_bundle: ca_bundle(sources, namespace, spec).await?,
        limits: spec.limits(),
        gate: Arc::new(ReadOnly),
        observer: sources.observer.clone(),
        breaker: Arc::default(),
    })
}

async fn named(
    sources: &Sources,
    vendor: &VendorRow,
    namespace: &str,
    spec: &AdminApiSpec,
) -> Result<BTreeMap<&'static str, Secret>, Stop> {
    let mut named = BTreeMap::new();
    for (path, SecretKey { name, key }) in (vendor.secrets)(&spec.vendor[vendor.block]) {
        let field = format!("{}.{path}", vendor.block);
        named.insert(path, sources.value(&field, namespace, &name, &key).await?);
    }
    Ok(named)
}

async fn ca_bundle(sources: &Sources, namespace: &str, spec: &AdminApiSpec) -> Result<Option<Vec<u8>>, Stop> {
    let Some(tls) = &spec.tls else { return Ok(None) };
    let bundle = &tls.ca_bundle;
    match (&bundle.config_map_ref, &bundle.secret_ref) {
        (Some(map), _) => {
            sources.config_map("tls.caBundle.configMapRef", namespace, &map.name, &map.key).await.map(Some)
        }
        (None, Some(secret)) => {
            sources.secret_key("tls.caBundle.secretRef", namespace, &secret.name, &secret.key).await.map(Some)
        }
        (None, None) => Ok(None),
    }
}
