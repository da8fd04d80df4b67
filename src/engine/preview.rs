//! Preview: steps 2 to 6 of the loop for one manifest, without Kubernetes and without a single write: what `provost plan` shows.
//!
//! The client comes from the caller, who builds it with a gate that lets no write through.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use kube::Resource;
use kube::ResourceExt;
use kube::core::object::{HasSpec, HasStatus};
use serde_json::Value as Json;
use tokio::time::Instant;

use super::condition::{DRIFTED, SYNCED, holds};
use super::diff::{Change, Effect, Shown};
use super::kind::{Found, Kind, Managed, Sought, Vendor};
use super::plan::{self, Action, Plan, Situation};
use super::policy::{APPROVE, EXTERNAL_ID, FINALIZER, PENDING_CREATE, effective};
use super::registry::AnyClient;
use super::state::State;
use crate::base::fault::Fault;
use crate::base::secret::{FingerprintKey, Secret};

/// Where a preview gets the values of Secrets.
pub trait SecretSource: Send + Sync {
    /// One key of a Secret.
    ///
    /// # Errors
    /// One sentence that says what is missing and where to put it.
    fn value<'a>(&'a self, namespace: &'a str, name: &'a str, key: &'a str) -> BoxFuture<'a, Result<Secret, String>>;
}

/// What to preview.
pub struct Request {
    /// The object as JSON: the manifest, with the annotations, finalizers and status of the stored object if there is one.
    pub object: Json,
    /// The client of its AdminApi.
    pub client: AnyClient,
    /// The values of Secrets.
    pub secrets: Arc<dyn SecretSource>,
    /// The key of the fingerprints in the stored status.
    pub key: FingerprintKey,
    /// What was switched off when its object was deleted, by [`super::tombstone::key`].
    pub tombstones: Arc<BTreeMap<String, String>>,
}

/// What a preview came to.
pub type Preview = Result<Plan, PreviewError>;

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// The manifest, or something that it refers to.
    #[error("{0}")]
    Manifest(String),
    /// The vendor could not be asked.
    #[error(transparent)]
    Vendor(#[from] Fault),
}

/// Plans one manifest of kind `K`.
///
/// # Errors
/// The manifest cannot be carried out, or the vendor could not be asked.
pub async fn preview<K: Kind>(request: Request) -> Preview {
    let object: K::Object =
        serde_json::from_value(request.object).map_err(|error| PreviewError::Manifest(error.to_string()))?;
    let client = request
        .client
        .downcast_ref::<<K::Vendor as Vendor>::Client>()
        .ok_or_else(|| PreviewError::Manifest(format!("spec.adminApi: it is not for {}", K::Vendor::NAME)))?;
    let spec = object.spec();
    let mut wanted = K::desired(spec).map_err(|invalid| PreviewError::Manifest(invalid.to_string()))?;
    let namespace = object.namespace().unwrap_or_default();
    for (path, key) in K::secrets(spec) {
        let value = request.secrets.value(&namespace, &key.name, &key.key).await;
        let value = value.map_err(|problem| PreviewError::Manifest(format!("spec.{path}: {problem}")))?;
        wanted.insert_secret(path, request.key.fingerprint(value.expose().as_bytes()));
    }
    let status = object.status();
    let annotation = |name: &str| object.annotations().get(name).map(String::as_str).filter(|value| !value.is_empty());
    let recorded = status.and_then(|status| status.external_id.as_deref());
    let external_id = annotation(EXTERNAL_ID).or(recorded);
    let sought = Sought {
        spec,
        external_id,
        facts: status.map(|status| &status.facts),
        fresh_after: Instant::now(),
        alone: false,
    };
    let found = K::find(client, &sought).await?;
    let natural_key = K::natural_key(spec);
    let kind = K::Object::kind(&());
    let generation = object.meta().generation.unwrap_or_default();
    let remembered = status.map(|status| status.applied.clone()).unwrap_or_default();
    let converged = |name: &str| status.is_some_and(|status| holds(&status.conditions, name));
    let reported: Vec<(String, String)> = status
        .filter(|status| holds(&status.conditions, DRIFTED))
        .and_then(|status| status.plan.as_ref())
        .into_iter()
        .flat_map(|plan| &plan.changes)
        .map(|change| (change.field.clone(), change.to.clone()))
        .collect();
    let situation = Situation {
        identity: K::IDENTITY,
        fields: K::FIELDS,
        policy: effective(spec.policy(), object.annotations(), K::DELETIONS),
        wanted: &wanted,
        remembered: &remembered,
        natural_key: &natural_key,
        external_id,
        first_sight: !object.finalizers().iter().any(|name| name == FINALIZER)
            || recorded.is_some_and(|recorded| external_id != Some(recorded)),
        announced: annotation(PENDING_CREATE).is_some(),
        tombstone: request.tombstones.get(&super::tombstone::key(&kind, &natural_key)).map(String::as_str),
        settled: converged(SYNCED) || converged(DRIFTED),
        reported: &reported,
        approved: annotation(APPROVE),
        uid: object.meta().uid.as_deref().unwrap_or_default(),
        generation,
    };
    Ok(complete::<K>(&situation, &found, plan::converge(&situation, &found)))
}

/// A plan to create or to take over says what will be set, for people to read; the loop does not need that.
fn complete<K: Kind>(at: &Situation<'_>, found: &Found<super::kind::Seen<K::Facts>>, mut plan: Plan) -> Plan {
    let nothing = State::new();
    let seen = match (&plan.action, found) {
        (Action::Create, _) => &nothing,
        (Action::Adopt { .. }, Found::Present(seen)) => &seen.state,
        _ => return plan,
    };
    let changes = at.wanted.iter().filter(|(path, value)| seen.get(path) != Some(value)).map(|(path, value)| Change {
        path: path.to_owned(),
        from: seen.get(path).map_or(Shown::Unknown, Shown::of),
        to: Shown::of(value),
        effect: Effect::Set,
    });
    plan.changes = changes.collect();
    plan
}
