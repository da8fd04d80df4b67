//! Operation: what an object goes through, from the start that it needs to the end that it must have, whatever happened between.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, ListParams};
use provost::engine::policy::Deletion;
use provost::sim::simulated::External;
use serde_json::{Value as Json, json};

use crate::objects::annotation;
use crate::testbed::Bed;
use crate::testbed::scene::{Arrival, EXTERNAL_ID, PENDING_CREATE, Scene};

/// What the external objects of this name are set to, without the name and without ids: whatever else is there is the same for every name.
pub fn values(scene: &Scene, name: &str) -> Vec<Json> {
    let anonymous = |external: &External| {
        let values = external.values.to_string().replace(name, "NAME");
        // An id is long enough to be nothing else.
        let values = if external.id.len() > 9 { values.replace(&external.id, "0") } else { values };
        serde_json::from_str(&values).unwrap()
    };
    scene.externals(name).iter().map(anonymous).collect()
}

/// What an object goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Create,
    Adopt,
    Update,
    Disable,
    Revive,
    Delete,
    Orphan,
}

impl Operation {
    pub const ALL: [Self; 7] =
        [Self::Create, Self::Adopt, Self::Update, Self::Disable, Self::Revive, Self::Delete, Self::Orphan];

    /// Whether a kind can go through it.
    pub fn suits(self, bed: &Bed) -> bool {
        match self {
            Self::Create | Self::Orphan => true,
            // Of a run nothing stays that could be taken over.
            Self::Adopt => bed.lasts(),
            Self::Update => bed.can_be_edited(),
            Self::Disable | Self::Revive => bed.allows(Deletion::Disable),
            Self::Delete => bed.allows(Deletion::Delete),
        }
    }

    /// Whether the object is gone at its end.
    pub fn ends(self) -> bool {
        matches!(self, Self::Disable | Self::Delete | Self::Orphan)
    }

    fn deletion(self) -> &'static str {
        match self {
            Self::Disable | Self::Revive => "Disable",
            Self::Delete => "Delete",
            Self::Create | Self::Adopt | Self::Update | Self::Orphan => "Orphan",
        }
    }

    /// Brings an object to where the operation begins.
    pub async fn prepare(self, scene: &Scene, name: &str) {
        scene.clear();
        if self == Self::Create {
            return;
        }
        scene.stage.apply(&scene.manifest(name, json!({"deletion": self.deletion()}))).await;
        scene.arrived(name).await;
        // What came after that first look is over when a second one is.
        scene.looked_at(name).await;
        if matches!(self, Self::Revive | Self::Adopt) {
            scene.delete(name).await;
            scene.gone(name).await;
        }
        if self == Self::Disable {
            // Made by the first deletion and patched by the others: here each is the first.
            let notes = Api::<ConfigMap>::namespaced(scene.stage.client.clone(), &scene.stage.namespace);
            notes.delete_collection(&DeleteParams::default(), &ListParams::default()).await.unwrap();
        }
    }

    /// Begins it, as a person does.
    pub async fn begin(self, scene: &Scene, name: &str) {
        let mut manifest = scene.manifest(name, json!({"deletion": self.deletion()}));
        match self {
            Self::Create | Self::Revive => scene.stage.apply(&manifest).await,
            Self::Adopt => {
                manifest["metadata"]["annotations"] = json!({EXTERNAL_ID: scene.externals(name)[0].id});
                scene.stage.apply(&manifest).await;
            }
            Self::Update => {
                scene.patch(name, json!({"spec": (scene.bed.edit)()})).await;
            }
            Self::Disable | Self::Delete | Self::Orphan => scene.delete(name).await,
        }
    }

    /// Waits for its end.
    pub async fn end(self, scene: &Scene, name: &str) -> Arrival {
        if self.ends() {
            scene.gone(name).await;
            Arrival::Unaided
        } else {
            scene.arrived(name).await
        }
    }

    /// What must be so at its end: `like` is the external object after an undisturbed run, none if there was none.
    pub async fn check(self, scene: &Scene, name: &str, arrival: Arrival, like: Option<&Json>) {
        let externals = scene.externals(name);
        assert_eq!(values(scene, name), like.cloned().into_iter().collect::<Vec<_>>(), "the vendor's side");
        let effects = scene.effects(name).unwrap_or(1);
        // A person who has a create made anew has its first step made anew too.
        let most = if arrival == Arrival::Advised { 2 } else { 1 };
        assert!(effects <= most, "what cannot be undone was done {effects} times");
        if self.ends() {
            return;
        }
        let object = scene.api.get(name).await.unwrap();
        assert_eq!(annotation(&object, PENDING_CREATE), None, "no create is pending");
        let id = object.data["status"]["externalId"].as_str();
        assert!(id.is_some() && annotation(&object, EXTERNAL_ID) == id, "{id:?}");
        // Of some runs nothing is left that could have an id.
        assert!(externals.iter().all(|external| Some(external.id.as_str()) == id), "{externals:?}");
        assert_eq!(object.finalizers().len(), 1, "{:?}", object.finalizers());
        // A second pass has nothing to do, and says only that it was had.
        scene.assert_silent(name).await;
        scene.let_go(name).await;
    }
}
