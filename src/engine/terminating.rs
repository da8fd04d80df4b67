//! Terminating: whether a deletion was asked for this very object, or came with the end of its namespace or of its kind. Nobody who removes
//! a namespace or a definition has thereby asked for customers to be switched off.
//!
//! It needs the right to `get` customresourcedefinitions and namespaces.

use std::sync::atomic::{AtomicBool, Ordering};

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::api::Api;
use kube::{Client, CustomResourceExt};

use super::kubernetes::{Error, Object, call};

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

/// Missing rights are told once in the life of a process, not for each object.
static TOLD: AtomicBool = AtomicBool::new(false);

/// What the deletion of `object` is owed to, by the state of its definition and of its namespace right now.
///
/// Without the right to see one of them, that one counts as staying.
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
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let definition = seen(call(definitions.get_metadata_opt(O::crd_name())).await)?;
    if definition.is_some_and(|found| found.is_none_or(|found| found.metadata.deletion_timestamp.is_some())) {
        return Ok(Cause::Swept(format!("the definition {} is being removed", O::crd_name())));
    }
    let name = meta.namespace.as_deref().unwrap_or_default();
    let namespaces: Api<Namespace> = Api::all(client.clone());
    Ok(match seen(call(namespaces.get_metadata_opt(name)).await)? {
        Some(None) => Cause::Swept(format!("the namespace {name} is gone")),
        Some(Some(namespace)) => by_namespace(name, meta, namespace.metadata.deletion_timestamp.as_ref()),
        None => Cause::Wanted,
    })
}

/// Both times are the API server's. Whatever went in the same second went with the namespace.
fn by_namespace(name: &str, object: &ObjectMeta, going: Option<&Time>) -> Cause {
    match (&object.deletion_timestamp, going) {
        (_, None) => Cause::Wanted,
        (Some(own), Some(going)) if own.0 < going.0 => Cause::WantedEarlier,
        _ => Cause::Swept(format!("the namespace {name} is being deleted")),
    }
}

/// None without the right to look.
fn seen<T>(answer: Result<Option<T>, Error>) -> Result<Option<Option<T>>, Error> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_forbidden() => {
            if !TOLD.swap(true, Ordering::Relaxed) {
                tracing::warn!(%error, "cannot tell whether a namespace or a definition is being deleted, and take them to stay");
            }
            Ok(None)
        }
        Err(error) => Err(error),
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
}
