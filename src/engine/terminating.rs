//! Terminating: whether a deletion was asked for this very object, or came with the end of its namespace or of its kind. Nobody who removes
//! a namespace or a definition has thereby asked for customers to be switched off.
//!
//! It needs the right to `get` customresourcedefinitions and namespaces. Without that to the former, which only the whole cluster can give,
//! it goes by what the API server offers of a kind: one that is being removed can be created no more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{APIResourceList, ObjectMeta, Time};
use kube::api::Api;
use kube::{Client, CustomResourceExt};

use super::kubernetes::{Error, Object, call};
use crate::base::clock::now;

/// What a deletion is owed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Somebody wants this object gone.
    Wanted,
    /// Somebody wanted this object gone, and now its namespace goes as well: it follows its policy, and must not stand in the way.
    WantedEarlier,
    /// It goes because something else goes: this.
    Swept(String),
}

/// How far what the API server offers may lag behind what it stores, while it deletes many objects.
const LAG: Duration = Duration::from_secs(5);

/// Missing rights are told once in the life of a process, not for each object.
static DEFINITIONS_TOLD: AtomicBool = AtomicBool::new(false);
static NAMESPACES_TOLD: AtomicBool = AtomicBool::new(false);

/// What the deletion of `object` is owed to, by the state of its definition and of its namespace right now.
///
/// A namespace counts as staying without the right to see it.
///
/// # Errors
/// When Kubernetes gives no clear answer: then nothing may be concluded.
pub async fn cause<O: Object + CustomResourceExt>(client: &Client, object: &O) -> Result<Cause, Error> {
    cause_of::<O>(client, object.meta()).await
}

/// The same for an object of which no more than its metadata can be read.
///
/// # Errors
/// When Kubernetes gives no clear answer: then nothing may be concluded.
pub async fn cause_of<O: CustomResourceExt>(client: &Client, meta: &ObjectMeta) -> Result<Cause, Error> {
    if is_removed::<O>(client, meta).await? {
        return Ok(Cause::Swept(format!("the definition {} is being removed", O::crd_name())));
    }
    let name = meta.namespace.as_deref().unwrap_or_default();
    let namespaces: Api<Namespace> = Api::all(client.clone());
    Ok(match call(namespaces.get_metadata_opt(name)).await {
        Ok(None) => Cause::Swept(format!("the namespace {name} is gone")),
        Ok(Some(namespace)) => by_namespace(name, meta, namespace.metadata.deletion_timestamp.as_ref()),
        Err(error) if error.is_forbidden() => {
            if !NAMESPACES_TOLD.swap(true, Ordering::Relaxed) {
                tracing::warn!(%error, "cannot tell whether a namespace is being deleted, and take all to stay");
            }
            Cause::Wanted
        }
        Err(error) => return Err(error),
    })
}

/// Whether the definition of a kind is going, or gone.
async fn is_removed<O: CustomResourceExt>(client: &Client, meta: &ObjectMeta) -> Result<bool, Error> {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let error = match call(definitions.get_metadata_opt(O::crd_name())).await {
        Ok(found) => return Ok(found.is_none_or(|found| found.metadata.deletion_timestamp.is_some())),
        Err(error) if error.is_forbidden() => error,
        Err(error) => return Err(error),
    };
    if !DEFINITIONS_TOLD.swap(true, Ordering::Relaxed) {
        tracing::warn!(%error, "cannot see definitions: whether one is being removed is told by what Kubernetes offers of its kind");
    }
    // The deletion that brought us here may have come before the offer changed.
    let age = meta.deletion_timestamp.as_ref().map_or(0, |at| now().as_second().saturating_sub(at.0.as_second()));
    tokio::time::sleep(LAG.saturating_sub(Duration::from_secs(u64::try_from(age).unwrap_or(0)))).await;
    let kind = O::api_resource();
    match call(client.list_api_group_resources(&kind.api_version)).await {
        Ok(offer) => Ok(!is_offered(&offer, &kind.plural)),
        Err(error) if error.is_missing() => Ok(true),
        Err(error) => Err(error),
    }
}

/// Whether objects of a kind can be created.
fn is_offered(offer: &APIResourceList, plural: &str) -> bool {
    offer.resources.iter().any(|resource| resource.name == plural && resource.verbs.iter().any(|verb| verb == "create"))
}

/// Both times are the API server's. Whatever went in the same second went with the namespace.
fn by_namespace(name: &str, object: &ObjectMeta, going: Option<&Time>) -> Cause {
    match (&object.deletion_timestamp, going) {
        (_, None) => Cause::Wanted,
        (Some(own), Some(going)) if own.0 < going.0 => Cause::WantedEarlier,
        _ => Cause::Swept(format!("the namespace {name} is being deleted")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Time {
        Time(jiff::Timestamp::from_second(second).expect("in range"))
    }

    #[test]
    fn what_was_deleted_before_its_namespace_was_wanted_gone() {
        let object = ObjectMeta { deletion_timestamp: Some(at(100)), ..ObjectMeta::default() };
        assert_eq!(by_namespace("ns", &object, None), Cause::Wanted);
        assert_eq!(by_namespace("ns", &object, Some(&at(101))), Cause::WantedEarlier);
        for with_or_before in [100, 99] {
            assert!(matches!(by_namespace("ns", &object, Some(&at(with_or_before))), Cause::Swept(_)));
        }
    }

    #[test]
    fn a_kind_that_cannot_be_created_is_going() {
        let offer = |verbs: &[&str]| {
            let resource = serde_json::json!({"name": "things", "singularName": "thing", "namespaced": true, "kind": "Thing", "verbs": verbs});
            let part = serde_json::json!({"name": "things/status", "singularName": "", "namespaced": true, "kind": "Thing", "verbs": ["create"]});
            let list = serde_json::json!({"groupVersion": "a/v1", "resources": [resource, part]});
            serde_json::from_value::<APIResourceList>(list).expect("a list")
        };
        assert!(is_offered(&offer(&["create", "delete", "get"]), "things"));
        assert!(!is_offered(&offer(&["delete", "get", "watch"]), "things"));
        assert!(!is_offered(&offer(&["create"]), "others"));
    }
}
