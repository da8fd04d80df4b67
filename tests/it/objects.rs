//! Objects: those of one kind, without their type, as tests that know no kind handle them.

use kube::ResourceExt;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams};
use kube::core::ApiResource;
use provost::engine::registry::KindRow;
use serde_json::{Value as Json, json};

use crate::harness::{DEADLINE, await_object};
use crate::stage::{RECONCILE_AT, fresh_token};

/// The objects of one kind in one namespace.
pub struct Objects {
    pub api: Api<DynamicObject>,
}

impl Objects {
    /// Those of this kind.
    pub fn of(row: &KindRow, client: kube::Client, namespace: &str) -> Self {
        let names = (row.crd)().spec.names;
        let resource = ApiResource {
            group: "provost.dev".to_owned(),
            version: "v1alpha1".to_owned(),
            api_version: "provost.dev/v1alpha1".to_owned(),
            kind: names.kind,
            plural: names.plural,
        };
        Self { api: Api::namespaced_with(client, namespace, &resource) }
    }

    /// Sends a merge patch.
    pub async fn patch(&self, name: &str, patch: Json) -> DynamicObject {
        self.api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap()
    }

    /// Sets an annotation, or removes it.
    pub async fn annotate(&self, name: &str, annotation: &str, value: Option<&str>) {
        self.patch(name, json!({"metadata": {"annotations": {annotation: value}}})).await;
    }

    /// Asks Kubernetes to delete an object.
    pub async fn delete(&self, name: &str) {
        self.api.delete(name, &DeleteParams::default()).await.unwrap();
    }

    /// Waits until an object is as `wanted` says.
    #[track_caller]
    pub fn until(
        &self,
        name: &str,
        wanted: impl Fn(&DynamicObject) -> bool + Send + 'static,
    ) -> impl Future<Output = DynamicObject> {
        let wanted = move |object: Option<&DynamicObject>| object.is_some_and(&wanted);
        let waiting = await_object(self.api.clone(), name, wanted, DEADLINE);
        async move { waiting.await.unwrap() }
    }

    /// Waits until an object is gone.
    #[track_caller]
    pub fn gone(&self, name: &str) -> impl Future<Output = ()> {
        let waiting = await_object(self.api.clone(), name, |object: Option<&DynamicObject>| object.is_none(), DEADLINE);
        async move {
            waiting.await;
        }
    }

    /// Asks for a look at an object, and waits until it was had.
    pub async fn looked_at(&self, name: &str) -> DynamicObject {
        let token = fresh_token();
        self.annotate(name, RECONCILE_AT, Some(&token)).await;
        self.until(name, move |object| object.data["status"]["lastHandledReconcileAt"] == token.as_str()).await
    }

    /// Changes fields of a spec; null removes one.
    pub async fn edit(&self, name: &str, fields: Json) -> DynamicObject {
        self.patch(name, json!({"spec": fields})).await
    }

    /// Waits until an object is as its present spec says.
    #[track_caller]
    pub fn ready(&self, name: &str) -> impl Future<Output = DynamicObject> {
        self.until(name, converged)
    }

    /// Waits until an object has taken over what its annotation names, and asks for the look at which it sends what is to be changed.
    pub async fn taken_over(&self, name: &str) -> DynamicObject {
        self.until(name, |object| converged(object) || is(object, "Ready", "False", "Adopted")).await;
        self.looked_at(name).await
    }

    /// Waits until an object is not ready for this reason.
    #[track_caller]
    pub fn unready(&self, name: &str, reason: &'static str) -> impl Future<Output = DynamicObject> {
        self.until(name, move |object| is(object, "Ready", "False", reason))
    }
}

/// Whether a condition of an object is so, for its present generation.
pub fn is(object: &DynamicObject, condition: &str, status: &str, reason: &str) -> bool {
    let current = object.data["status"]["observedGeneration"].as_i64() == object.metadata.generation;
    let found = self::condition(object, condition);
    current && found["status"] == status && found["reason"] == reason
}

/// Whether an object is as its present spec says.
pub fn converged(object: &DynamicObject) -> bool {
    is(object, "Ready", "True", "Converged")
}

/// What kstatus, and so Flux and Argo CD, rely on.
#[track_caller]
pub fn assert_kstatus(object: &DynamicObject) {
    let conditions = object.data["status"]["conditions"].as_array().unwrap();
    assert_eq!(object.data["status"]["observedGeneration"].as_i64(), object.metadata.generation);
    for known in conditions {
        // What a kind says of what it saw holds for the generation that it was seen for, and may be older.
        if ["Ready", "Synced", "Reconciling", "Stalled"].iter().any(|name| known["type"] == *name) {
            assert_eq!(known["observedGeneration"].as_i64(), object.metadata.generation, "{known}");
        }
        assert!(["reason", "message", "lastTransitionTime"].iter().all(|field| known[field] != ""), "{known}");
    }
    let holds = |name: &str| condition(object, name)["status"] == "True";
    let present = |name: &str| !condition(object, name).is_null();
    assert!(present("Ready") && present("Synced"), "{conditions:#?}");
    for abnormal in ["Reconciling", "Stalled"] {
        assert_eq!(present(abnormal), holds(abnormal), "{abnormal} is there only when it is so: {conditions:#?}");
    }
    assert!(!(holds("Reconciling") && holds("Stalled")), "{conditions:#?}");
    assert!(!holds("Ready") || !(holds("Reconciling") || holds("Stalled")), "{conditions:#?}");
}

/// The message of a condition; blank without it.
pub fn message(object: &DynamicObject, condition: &str) -> String {
    self::condition(object, condition)["message"].as_str().unwrap_or_default().to_owned()
}

/// The annotation of an object.
pub fn annotation<'o>(object: &'o DynamicObject, name: &str) -> Option<&'o str> {
    object.annotations().get(name).map(String::as_str)
}

/// A condition of an object; null without it.
pub fn condition(object: &DynamicObject, condition: &str) -> Json {
    let mut known = object.data["status"]["conditions"].as_array().into_iter().flatten();
    known.find(|known| known["type"] == condition).cloned().unwrap_or_default()
}
