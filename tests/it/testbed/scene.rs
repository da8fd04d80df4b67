//! Scene: a stage for one kind under test, and its objects without their types.

use std::ops::Deref;

use kube::ResourceExt;
use kube::api::DynamicObject;
use provost::cli::cluster::Cluster;
use provost::engine::admin_api::AdminApi;
use provost::sim::simulated::{External, PutBack, Simulated};
use serde_json::{Value as Json, json};

use super::Bed;
use crate::crash::step::Mark;
use crate::objects::{Objects, assert_kstatus, converged, is, message};
use crate::stage::{API, CREDENTIALS, Stage};

pub const EXTERNAL_ID: &str = "provost.dev/external-id";
pub const PENDING_CREATE: &str = "provost.dev/pending-create";

/// The reasons of objects that wait for a person to look at the vendor's side.
const PARKED: [&str; 3] = ["CreateOutcomeUnknown", "DeedOutcomeUnknown", "RenewalUnfinished"];

/// A stage for one kind.
pub struct Scene {
    pub bed: &'static Bed,
    pub stage: Stage<Box<dyn Simulated>>,
    /// The kind's objects there.
    objects: Objects,
    /// Brings back what the vendor held at first.
    at_first: PutBack,
}

/// A scene is about its objects.
impl Deref for Scene {
    type Target = Objects;

    fn deref(&self) -> &Objects {
        &self.objects
    }
}

/// How an object came to be as its spec says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// By itself.
    Unaided,
    /// It was parked with `CreateOutcomeUnknown`, and went on when a person had done what its message says.
    Advised,
    /// The same, and what the steps before had done was kept.
    Resumed,
}

impl Scene {
    /// A stage with the kind's vendor, what its example needs, an AdminApi, and an operator at work.
    pub async fn set(bed: &'static Bed) -> Self {
        Self::begin(bed, Stage::of((bed.vendor)().await, bed.block(), bed.tables()).await).await
    }

    /// The same on a cluster that the test has for itself.
    pub async fn set_on(bed: &'static Bed, cluster: &Cluster) -> Self {
        let (client, vendor) = (cluster.client().await.unwrap(), (bed.vendor)().await);
        Self::begin(bed, Stage::set(cluster.kubeconfig(), client, vendor, bed.block(), bed.tables()).await).await
    }

    async fn begin(bed: &'static Bed, mut stage: Stage<Box<dyn Simulated>>) -> Self {
        stage.settings = bed.settings();
        stage.connect().await;
        for document in bed.example().1 {
            stage.apply(&document).await;
        }
        // A scene sees more deletions in a minute than an operator's guard lets go in an hour.
        stage.patch::<AdminApi>(API, json!({"spec": {"guard": {"maxDeletions": 100_000}}})).await;
        stage.start_operator().await;
        stage.api_ready().await;
        let (objects, at_first) = (stage.objects(bed.kind), stage.vendor.keep());
        Self { bed, stage, objects, at_first }
    }

    /// The kind's example under another name, which is its natural key too, with this policy.
    pub fn manifest(&self, name: &str, policy: Json) -> Json {
        let (mut manifest, _) = self.bed.example();
        manifest["metadata"] = json!({"name": name});
        if let Some(key) = self.bed.key() {
            // An e-mail address keeps its domain.
            let domain = manifest["spec"][key].as_str().and_then(|example| example.split_once('@'));
            manifest["spec"][key] = domain.map_or_else(|| json!(name), |(_, domain)| json!(format!("{name}@{domain}")));
        }
        manifest["spec"]["adminApi"] = json!({"name": API});
        manifest["spec"]["policy"] = policy;
        if let Some(create) = manifest["spec"].get_mut("create").and_then(Json::as_object_mut) {
            // A portal has a directory, a database and ports for itself.
            create.insert("portalPath".to_owned(), json!(format!("/opt/intrexx/org/{name}")));
            create["database"]["name"] = json!(name);
            create.retain(|field, _| !matches!(field.as_str(), "webConnector" | "restConnectorPort"));
        }
        if let Some(user) = manifest.pointer_mut("/spec/external/selfOnboard") {
            // A user belongs to one partner.
            user["userId"] = json!(name);
            user["email"] = json!(format!("{name}@partner.example"));
        }
        if manifest["spec"].get("writeConnectionTo").is_some() {
            // A Secret that we write belongs to one object.
            manifest["spec"]["writeConnectionTo"] = json!({"secretRef": {"name": name}});
        }
        manifest
    }

    /// Waits until an object is as its spec says. Does what its message advises when it is parked, and asks for a look at one that was just
    /// adopted, which waits for its next turn.
    pub async fn arrived(&self, name: &str) -> Arrival {
        let waits = |object: &DynamicObject, reason| is(object, "Ready", "False", reason);
        let mut arrival = Arrival::Unaided;
        loop {
            let stands = move |object: &DynamicObject| {
                converged(object) || PARKED.iter().any(|reason| waits(object, reason)) || waits(object, "Adopted")
            };
            let object = self.until(name, stands).await;
            assert_kstatus(&object);
            if converged(&object) {
                return arrival;
            }
            if waits(&object, "Adopted") {
                self.looked_at(name).await;
                continue;
            }
            arrival = self.advised(&object).await;
            self.until(name, move |object| !PARKED.iter().any(|reason| waits(object, reason))).await;
        }
    }

    /// Does what the message of a parked object advises.
    async fn advised(&self, object: &DynamicObject) -> Arrival {
        let name = &object.name_any();
        let message = message(object, "Ready");
        if is(object, "Ready", "False", "RenewalUnfinished") {
            assert!(message.contains(CREDENTIALS), "{message}");
            self.stage.write_secret(CREDENTIALS, self.stage.credentials()).await;
            return Arrival::Resumed;
        }
        if is(object, "Ready", "False", "DeedOutcomeUnknown") {
            // Had it been done, the vendor would show it. The last thing in quotes is what to say then.
            let again = message.rsplit('\'').nth(1).unwrap();
            self.annotate(name, "provost.dev/deed", Some(again)).await;
            return Arrival::Resumed;
        }
        assert!(message.contains(EXTERNAL_ID) && message.contains(PENDING_CREATE), "{message}");
        match self.externals(name).as_slice() {
            [] => {
                let again =
                    message.split_once('\'').and_then(|(_, rest)| rest.rsplit_once('\'')).map(|(again, _)| again);
                self.annotate(name, PENDING_CREATE, again).await;
                if again.is_some() {
                    return Arrival::Resumed;
                }
            }
            [made] => self.annotate(name, EXTERNAL_ID, Some(&made.id)).await,
            doubles => panic!("{doubles:#?}"),
        }
        Arrival::Advised
    }

    /// Looks at an object again, and finds that nothing is written, except that the look was had.
    pub async fn assert_silent(&self, name: &str) {
        let mark = Mark::set(self);
        self.looked_at(name).await;
        assert_eq!(mark.vendor_writes(self), [], "writes of a second pass");
        let writes = mark.kubernetes_writes(self, name);
        // An earlier look may be written down no sooner.
        assert!(!writes.is_empty());
        let said = writes.iter().flat_map(|write| write.body["status"].as_object().unwrap().keys());
        assert!({ said }.all(|field| field == "lastHandledReconcileAt"), "{writes:#?}");
    }

    /// What the one external object with this natural key is set to; nothing for a run that leaves none.
    #[track_caller]
    pub fn values(&self, key: &str) -> Json {
        let externals = self.externals(key);
        if self.bed.key().is_none() && !self.bed.single {
            return Json::Null;
        }
        assert_eq!(externals.len(), 1, "{externals:#?}");
        externals[0].values.clone()
    }

    /// The external objects with this natural key.
    pub fn externals(&self, key: &str) -> Vec<External> {
        let named = |external: &External| self.bed.single || is_of(&external.key, key);
        let ours = |external: &External| external.kind == self.bed.kind && named(external);
        self.stage.vendor.externals().into_iter().filter(ours).collect()
    }

    /// Clears the place for an object under another name, where there is one place for all.
    pub fn clear(&self) {
        if self.bed.single {
            (self.at_first)();
        }
    }

    /// How often that was done for this natural key which cannot be undone.
    pub fn effects(&self, key: &str) -> Option<u64> {
        let effects = self.stage.vendor.effects();
        effects.iter().find(|(other, _)| is_of(other, key)).map(|(_, times)| *times)
    }

    /// Lets go of an object, and leaves the vendor's side alone.
    pub async fn let_go(&self, name: &str) {
        self.patch(name, json!({"spec": {"policy": {"deletion": "Orphan"}}})).await;
        self.delete(name).await;
        self.gone(name).await;
    }
}

/// Whether a natural key, as the vendor has it, is that of the object of this name. Of something inside something else the last element is
/// what a spec says, and of an e-mail address what is before its domain.
fn is_of(key: &str, name: &str) -> bool {
    let last = key.rsplit('/').next().unwrap_or(key);
    last.split_once('@').map_or(last, |(local, _)| local) == name
}
