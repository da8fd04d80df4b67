//! Grants: which of the manifests may use an AdminApi of another namespace, asked of its owner's word as the operator does.

use std::collections::{BTreeMap, HashMap};

use k8s_openapi::api::core::v1::Namespace;
use kube::api::Api;
use serde_json::Value as Json;

use super::input::{Document, Item, Key};
use super::sources::Sources;
use crate::engine::admin_api::AllowedNamespaces;
use crate::engine::grant::{permits, refusal};
use crate::engine::kubernetes::call;
use crate::engine::reason::Reason;
use crate::engine::report::Stop;

/// The labels of a namespace.
pub type Labels = BTreeMap<String, String>;

/// Why a namespace may not use an AdminApi: reason and message.
type Refusal = (Reason, String);

/// What was found out about each namespace and each AdminApi of another one that it names.
pub struct Grants(BTreeMap<(String, Key), Option<Refusal>>);

impl Grants {
    /// Finds out about all `items`. `labels` are those of namespaces among the manifests.
    pub async fn read(
        sources: &Sources,
        admin_apis: &BTreeMap<Key, Document>,
        labels: &HashMap<String, Labels>,
        items: &[Item],
    ) -> Self {
        let mut grants = BTreeMap::new();
        for item in items {
            let (namespace, key) = (item.document.namespace.clone(), item.admin_api());
            if namespace == key.0 || grants.contains_key(&(namespace.clone(), key.clone())) {
                continue;
            }
            let manifest = admin_apis.get(&key).map(|document| &document.object);
            let refused = ask(sources, manifest, labels, &namespace, &key).await.err();
            let refused = refused.map(|stop| (stop.reason(), stop.to_string()));
            grants.insert((namespace, key), refused);
        }
        Self(grants)
    }

    /// That this object may use its AdminApi, as far as its owner is concerned.
    ///
    /// # Errors
    /// It may not, or nobody knows.
    pub fn check(&self, item: &Item) -> Result<(), Stop> {
        match self.0.get(&(item.document.namespace.clone(), item.admin_api())) {
            Some(Some((reason, message))) => Err(Stop::Waiting { reason: *reason, message: message.clone() }),
            _ => Ok(()),
        }
    }
}

async fn ask(
    sources: &Sources,
    manifest: Option<&Json>,
    labels: &HashMap<String, Labels>,
    namespace: &str,
    key: &Key,
) -> Result<(), Stop> {
    let no = || refusal(namespace, &(key.0.as_str().into(), key.1.as_str().into()));
    let allowed: Option<AllowedNamespaces> = match manifest {
        Some(manifest) => serde_json::from_value(manifest["spec"]["allowedNamespaces"].clone()).unwrap_or_default(),
        None => match sources.admin_api(key).await {
            Ok(found) => found.spec.allowed_namespaces,
            // What is missing and what is not granted look the same from another namespace.
            Err(Stop::Waiting { .. }) => return Err(no()),
            Err(stop) => return Err(stop),
        },
    };
    if permits(allowed.as_ref(), None) {
        return Ok(());
    }
    let labels = match (labels.get(namespace), &sources.cluster) {
        (Some(labels), _) => Some(labels.clone()),
        (None, Some(client)) => {
            let found = call(Api::<Namespace>::all(client.clone()).get_metadata_opt(namespace)).await?;
            found.map(|found| found.metadata.labels.unwrap_or_default())
        }
        (None, None) => None,
    };
    if permits(allowed.as_ref(), labels.as_ref()) { Ok(()) } else { Err(no()) }
}
