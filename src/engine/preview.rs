//! Preview: steps 2 to 6 of the loop for one manifest, without a single write, and again for what each step would lead to: what
//! `provost plan` shows.
//!
//! The client comes from the caller, who builds it with a gate that lets no write through. What Kubernetes stores of the object, if it
//! does, comes from the caller too.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use kube::core::object::{HasSpec, HasStatus};
use kube::{Resource, ResourceExt};
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::content::{Printed, is_spent};
use super::deed::is_of_admin_api;
use super::diff::{Change, Effect, Shown, diff, withdraw};
use super::draft::{Draft, annotation, recorded_id};
use super::kind::{FileSource, Found, Kind, Managed, Seen, Sought, Vendor};
use super::malformed;
use super::plan::{self, Action, Claim, Hold, Plan};
use super::policy::{ABANDON, APPROVE, Deletion, Effective, FINALIZER, Management, PAUSED, PENDING_CREATE, effective};
use super::reason::Reason;
use super::reconcile::is_over;
use super::report::Stop;
use super::session::AnyClient;
use super::settle::admin_api_key;
use super::sibling::{Resolved, Siblings, scoped_key};
use super::state::State;
use super::status::Status;
use super::tombstone;
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::{FingerprintKey, Secret};

/// The annotations that the operator or a person keeps at a stored object, and that no manifest has to repeat.
const OURS: &str = "provost.dev/";

/// The most steps that one object can take: adopt, revive, update, and a last one that is held, with some to spare.
const MOST_STEPS: usize = 6;

/// Where a preview gets what Secrets and ConfigMaps hold.
pub trait SecretSource: Send + Sync {
    /// One key of a Secret, for the field of the spec that is called `field`.
    ///
    /// # Errors
    /// [`Stop::Waiting`] with one sentence that says what is missing and where to put it, or why it cannot be read.
    fn value<'a>(
        &'a self,
        field: &'a str,
        namespace: &'a str,
        name: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Secret, Stop>>;

    /// The digest of a file, for the field of the spec that is called `field`. Nothing is fetched from a URL.
    ///
    /// # Errors
    /// As for [`SecretSource::value`].
    fn digest<'a>(
        &'a self,
        field: &'a str,
        namespace: &'a str,
        file: &'a FileSource,
    ) -> BoxFuture<'a, Result<String, Stop>>;
}

/// The id of an object that is yet to be made.
pub const KNOWN_LATER: &str = "(known after create)";

/// Where a preview gets what other managed objects are known by.
pub trait SiblingSource: Send + Sync {
    /// An object of the same namespace; none if there is none. One that the same plan is about to make has the id [`KNOWN_LATER`].
    ///
    /// # Errors
    /// It cannot be read.
    fn resolve<'a>(
        &'a self,
        kind: &'a str,
        namespace: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<Resolved>, Stop>>;
}

/// What to preview.
pub struct Request {
    /// The manifest, with its namespace.
    pub manifest: Json,
    /// The stored object of that name, if there is one and it could be looked at.
    pub stored: Option<Json>,
    /// The client of its AdminApi.
    pub client: AnyClient,
    /// Data of the vendor must have been read after this instant. One instant for many previews lets them share their reads.
    pub fresh_after: Instant,
    /// What Secrets and ConfigMaps hold.
    pub secrets: Arc<dyn SecretSource>,
    /// The key of the fingerprints in the stored status. Without it, a secret that was sent before counts as unchanged.
    pub key: Option<FingerprintKey>,
    /// What was switched off when its object was deleted, by [`tombstone::key`].
    pub tombstones: Arc<BTreeMap<String, String>>,
    /// The objects that the manifest refers to.
    pub siblings: Arc<dyn SiblingSource>,
}

/// What applying a manifest would come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// The natural key in words: two objects that have it in common behind one AdminApi mean the same external object.
    pub natural_key: String,
    /// What would be done, one after the other; never empty, and only the last one is ever held. That of an object which is as it
    /// should be is one [`Action::Nothing`].
    pub steps: Vec<Plan>,
    /// Differences that stay because the vendor takes those fields at creation only.
    pub idle: Vec<Change>,
    /// What only the status needs, such as the health of connections, could not be read.
    pub incomplete: Option<Fault>,
}

impl Preview {
    fn of(natural_key: String, steps: Vec<Plan>) -> Self {
        Self { natural_key, steps, idle: Vec::new(), incomplete: None }
    }
}

/// Previews one manifest of kind `K`.
///
/// # Errors
/// The manifest cannot be carried out, something that it refers to is missing, or the vendor could not be asked.
pub async fn preview<K: Kind>(request: Request) -> Result<Preview, Stop> {
    let object = object::<K>(&request)?;
    let client = request.client.downcast_ref::<<K::Vendor as Vendor>::Client>().ok_or_else(|| Stop::Waiting {
        reason: Reason::AdminApiMismatch,
        message: format!(
            "the AdminApi {} is for another vendor, and this kind needs one for {}",
            object.spec().admin_api().name,
            K::Vendor::NAME
        ),
    })?;
    let kind = K::Object::kind(&());
    let key = scoped_key::<K>(&object.namespace().unwrap_or_default(), object.spec());
    let tombstone = request.tombstones.get(&tombstone::key(&kind, &key)).cloned();
    let draft = Draft::new::<K>(&object, recorded_id::<K>(&object).map(str::to_owned), tombstone);
    let policy = effective(object.spec().policy(), object.annotations(), K::DELETIONS);
    let same = |status: &&Status<K::Facts>| status.external_id.is_none() || status.external_id == draft.external_id;
    let facts = object.status().filter(same).map(|status| &status.facts);
    let mut look = Look::<K> {
        request: &request,
        client,
        object: &object,
        policy,
        draft,
        siblings: Siblings::default(),
        key: key_of(&request)?,
        printed: Printed::default(),
        wanted: State::new(),
        withdrawn: Vec::new(),
        facts,
    };
    if object.meta().deletion_timestamp.is_some() {
        let plan = look.dispose().await?;
        return Ok(Preview::of(look.draft.natural_key, vec![plan]));
    }
    let siblings = look.resolve().await?.into_iter();
    look.siblings = if is_over::<K>(look.draft.external_id.as_deref()) {
        siblings.filter_map(Result::ok).collect()
    } else {
        siblings.collect::<Result<_, Stop>>()?
    };
    look.wanted = K::desired(object.spec(), &look.siblings)?;
    look.add_content().await?;
    look.converge().await
}

/// The installation's key; without it one that is good for comparing what the vendor shows with what is wanted, and for nothing stored.
fn key_of(request: &Request) -> Result<FingerprintKey, Stop> {
    let fresh = || FingerprintKey::random_bytes().map(|bytes| FingerprintKey::new(&bytes));
    request.key.clone().map_or_else(fresh, Ok).map_err(|_| {
        Stop::Vendor(Fault::new(Class::Transient, "plan", "no randomness").with_delivery(Delivery::NotSent))
    })
}

/// The object as Kubernetes would store it once the manifest was applied.
fn object<K: Kind>(request: &Request) -> Result<K::Object, Stop> {
    let merged = merged(request.manifest.clone(), request.stored.as_ref());
    let mut object: K::Object = malformed::read(&merged).map_err(|misfit| Stop::Waiting {
        reason: Reason::Malformed,
        message: format!("this object cannot be read: {misfit}; correct it"),
    })?;
    let spec = |object: &K::Object| serde_json::to_value(object).ok().map(|mut json| json["spec"].take());
    object.meta_mut().generation = Some(match &request.stored {
        None => 1,
        Some(stored) => {
            let before: Option<K::Object> = serde_json::from_value(stored.clone()).ok();
            let same = before.is_some_and(|before| spec(&before) == spec(&object));
            // Kubernetes counts the generation up when the spec changes, and at nothing else that a manifest says.
            stored["metadata"]["generation"].as_i64().unwrap_or_default() + i64::from(!same)
        }
    });
    Ok(object)
}

/// The manifest, with what only the stored object has. A manifest's own status is ignored, as Kubernetes does.
fn merged(mut manifest: Json, stored: Option<&Json>) -> Json {
    let nothing = json!({});
    let stored = stored.unwrap_or(&nothing);
    manifest["status"] = stored["status"].clone();
    if manifest["status"].is_null()
        && let Some(fields) = manifest.as_object_mut()
    {
        fields.remove("status");
    }
    let (metadata, before) = (&mut manifest["metadata"], &stored["metadata"]);
    for field in ["uid", "resourceVersion", "creationTimestamp", "deletionTimestamp"] {
        metadata[field] = before[field].clone();
    }
    let kept = before["annotations"].as_object().into_iter().flatten().filter(|(name, _)| name.starts_with(OURS));
    for (name, value) in kept {
        if metadata["annotations"][name].is_null() {
            metadata["annotations"][name] = value.clone();
        }
    }
    let mut finalizers = metadata["finalizers"].as_array().cloned().unwrap_or_default();
    let more = before["finalizers"].as_array().into_iter().flatten().filter(|name| !finalizers.contains(name)).cloned();
    let more: Vec<Json> = more.collect();
    finalizers.extend(more);
    metadata["finalizers"] = Json::Array(finalizers);
    manifest
}

/// One object, looked at.
struct Look<'a, K: Kind> {
    request: &'a Request,
    client: &'a <K::Vendor as Vendor>::Client,
    object: &'a K::Object,
    policy: Effective,
    draft: Draft,
    siblings: Siblings,
    /// The key of this preview's fingerprints.
    key: FingerprintKey,
    printed: Printed,
    wanted: State,
    /// What of it only undoes what the spec has no value for any more, by path.
    withdrawn: Vec<String>,
    facts: Option<&'a K::Facts>,
}

impl<K: Kind> Look<'_, K> {
    /// The ids of the objects that the spec refers to, each as the loop would judge it.
    async fn resolve(&self) -> Result<Vec<Result<(String, String), Stop>>, Stop> {
        let namespace = self.object.namespace().unwrap_or_default();
        let admin_api = admin_api_key(&namespace, self.object.spec());
        let mut resolved = Vec::new();
        for sibling in K::siblings(self.object.spec()) {
            let found = self.request.siblings.resolve(sibling.kind, &namespace, &sibling.name).await?;
            let id = sibling.judge(&namespace, &admin_api, found.as_ref());
            resolved.push(id.map(|id| (sibling.path, id)));
        }
        Ok(resolved)
    }

    async fn find(&self) -> Result<Found<Seen<K::Facts>>, Stop> {
        if self.siblings.iter().any(|(_, id)| id == KNOWN_LATER) {
            // Nothing can be behind what is not there.
            return Ok(match self.draft.external_id {
                None => Found::Absent,
                Some(_) => Found::Unknown("what the spec refers to is yet to be made".to_owned()),
            });
        }
        let sought = Sought {
            spec: self.object.spec(),
            external_id: self.draft.external_id.as_deref(),
            facts: self.facts,
            fresh_after: self.request.fresh_after,
            alone: false,
            disposing: self.object.meta().deletion_timestamp.is_some(),
            siblings: &self.siblings,
            prints: &self.printed.secrets,
            digests: &self.printed.files,
            key: &self.key,
        };
        Ok(K::find(self.client, &sought).await?)
    }

    fn plan(&self, found: &Found<Seen<K::Facts>>) -> Plan {
        let situation = self.draft.situation::<K>(self.object, self.policy, &self.wanted);
        let plan = plan::converge(&situation, found);
        // A hash binds the uid, which an object has only once it is stored, and the fingerprints of secrets that it sends.
        let secret = plan.changes.iter().any(|change| change.to == Shown::Masked);
        let unknowable = situation.uid.is_empty() || (secret && self.request.key.is_none());
        let hold = match plan.hold {
            None if self.policy.paused && plan.is_something() => Some(paused()),
            None if plan.action == Action::Run && self.draft.uncertain => Some(uncertain()),
            None if !plan.is_something() => unreadable(found),
            Some(hold) if unknowable && matches!(hold.reason, Reason::AwaitingApproval | Reason::PlanStale) => {
                let message = "policy.management is Plan: once this is applied, status.plan has the hash to approve";
                Some(Hold { reason: Reason::AwaitingApproval, message: message.to_owned() })
            }
            hold => hold,
        };
        Plan { hold, ..plan }
    }

    /// The fingerprints and digests of what the spec names. As in the loop, what was only needed to create the object may be gone since.
    async fn add_content(&mut self) -> Result<(), Stop> {
        let namespace = self.object.namespace().unwrap_or_default();
        let (sources, exists) = (&self.request.secrets, self.draft.external_id.is_some());
        let is_spent = |path: &str| exists && is_spent::<K>(path);
        for (path, key) in K::secrets(self.object.spec()) {
            match sources.value(&path, &namespace, &key.name, &key.key).await {
                Ok(value) => {
                    let print = self.key.fingerprint(value.expose().as_bytes());
                    if let (None, Some(sent)) = (&self.request.key, self.draft.remembered.get_mut(path.as_ref())) {
                        // Nobody can tell what was sent before: it counts as unchanged.
                        sent.clone_from(&print);
                    }
                    self.printed.secrets.insert(path.into_owned(), print);
                }
                Err(Stop::Waiting { .. }) if is_spent(&path) => {}
                Err(stop) => return Err(stop),
            }
        }
        for (path, file) in K::files(self.object.spec()) {
            match sources.digest(path, &namespace, file).await {
                Ok(digest) => drop(self.printed.files.insert(path, digest)),
                Err(Stop::Waiting { .. }) if is_spent(path) => {}
                Err(stop) => return Err(stop),
            }
        }
        self.wanted.insert_printed(K::FIELDS, &self.printed);
        Ok(())
    }

    /// Plans, takes the plan for carried out, and plans again, until nothing is left or a plan is held.
    async fn converge(mut self) -> Result<Preview, Stop> {
        let mut found = self.find().await?;
        let (idle, incomplete) = (self.idle(&found), incomplete(&found));
        let mut steps: Vec<Plan> = Vec::new();
        while steps.len() < MOST_STEPS {
            self.withdraw(&found);
            let plan = self.plan(&found);
            if plan.action == Action::Nothing && plan.hold.is_none() && !steps.is_empty() {
                break;
            }
            let (held, action) = (plan.hold.is_some(), plan.action.clone());
            steps.push(self.shown(plan));
            if held {
                break;
            }
            if self.policy.management == Management::Plan {
                // One approval is good for one step.
                self.draft.last_approved = annotation::<K>(self.object, APPROVE).map(str::to_owned);
            }
            match action {
                Action::Adopt { external_id, claim } => {
                    self.take_over(external_id, claim);
                    found = self.find().await?;
                }
                Action::Update => self.carry_out(&mut found, steps.last()),
                Action::Nothing | Action::Create | Action::Run | Action::Disable | Action::Delete | Action::Release => {
                    break;
                }
            }
        }
        let foreign = |hold: &Hold| matches!(hold.reason, Reason::AlreadyExists | Reason::IdentityDiffers);
        if steps.iter().filter_map(|step| step.hold.as_ref()).any(foreign) {
            // Nothing of what is somebody else's is ours to show.
            return Ok(Preview::of(self.draft.natural_key, steps));
        }
        Ok(Preview { natural_key: self.draft.natural_key, steps, idle, incomplete })
    }

    /// Wants undone what was last sent to this very external object, and has no value in the spec any more.
    fn withdraw(&mut self, found: &Found<Seen<K::Facts>>) {
        for path in std::mem::take(&mut self.withdrawn) {
            self.wanted.remove(&path);
        }
        if let Found::Present(seen) = found {
            let mut remembered = K::noted(&seen.facts);
            remembered.extend(self.draft.remembered.clone());
            self.withdrawn = withdraw(K::FIELDS, &mut self.wanted, &remembered, K::withdrawn);
        }
    }

    /// What is recorded once an external object is taken over.
    fn take_over(&mut self, external_id: String, claim: Claim) {
        let recorded = self.object.status().and_then(|status| status.external_id.as_ref());
        if recorded != Some(&external_id) {
            // What was sent to another one says nothing about this one.
            self.draft.remembered.retain(|path, _| is_of_admin_api::<K>(path));
            self.draft.begun.retain(|group, _| K::RENEWS.contains(&group.as_str()));
            self.draft.not_kept.clear();
            self.facts = None;
        }
        self.draft.external_id = Some(external_id);
        (self.draft.first_sight, self.draft.announced, self.draft.uncertain) = (false, false, false);
        if claim == Claim::Revived {
            self.draft.tombstone = None;
        }
    }

    /// What the vendor will show once these changes were sent.
    fn carry_out(&self, found: &mut Found<Seen<K::Facts>>, sent: Option<&Plan>) {
        let Found::Present(seen) = found else { return };
        for change in sent.into_iter().flat_map(|plan| &plan.changes) {
            if let Some(value) = self.wanted.get(&change.path) {
                seen.state.insert(&change.path, value.clone());
            }
        }
    }

    /// For people to read, a plan to create says what will be set, now or once it is let.
    fn shown(&self, plan: Plan) -> Plan {
        let waits = |hold: &Hold| matches!(hold.reason, Reason::AwaitingApproval | Reason::PlanStale | Reason::Paused);
        if !plan.action.makes() || !plan.hold.as_ref().is_none_or(waits) {
            return plan;
        }
        let set = |(path, value): (&str, _)| Change {
            path: path.to_owned(),
            from: Shown::Unknown,
            to: Shown::of(value),
            effect: Effect::Set,
        };
        Plan { changes: self.wanted.iter().map(set).collect(), ..plan }
    }

    fn idle(&self, found: &Found<Seen<K::Facts>>) -> Vec<Change> {
        let Found::Present(seen) = found else { return Vec::new() };
        let differences = diff(K::FIELDS, &self.wanted, &seen.state, &self.draft.remembered);
        differences.into_iter().filter(|change| change.effect == Effect::NoEffect).collect()
    }

    /// What will happen at the vendor to an object that is being deleted already, whatever the manifest says.
    async fn dispose(&mut self) -> Result<Plan, Stop> {
        let ours = self.object.finalizers().iter().any(|name| name == FINALIZER);
        let known = self.draft.external_id.is_some() || annotation::<K>(self.object, PENDING_CREATE).is_some();
        let kept = matches!(self.policy.deletion, Deletion::Orphan | Deletion::Unknown);
        let abandoned =
            annotation::<K>(self.object, ABANDON).is_some_and(|uid| Some(uid) == self.object.meta().uid.as_deref());
        if !ours || !known || kept || abandoned {
            return Ok(Plan { action: Action::Release, changes: Vec::new(), kept: Vec::new(), hold: None });
        }
        self.siblings = self.resolve().await?.into_iter().filter_map(Result::ok).collect();
        self.wanted = K::desired(self.object.spec(), &self.siblings).unwrap_or_default();
        let found = self.find().await?;
        let mut plan = plan::dispose(&self.draft.situation::<K>(self.object, self.policy, &self.wanted), &found);
        if self.policy.paused && plan.hold.is_none() && plan.is_something() {
            plan.hold = Some(paused());
        }
        Ok(plan)
    }
}

fn incomplete<F>(found: &Found<Seen<F>>) -> Option<Fault> {
    match found {
        Found::Present(seen) => seen.incomplete.clone(),
        Found::Unreadable(_) | Found::Absent | Found::Unknown(_) => None,
    }
}

/// What cannot be compared is not as it should be either.
fn unreadable<F>(found: &Found<Seen<F>>) -> Option<Hold> {
    let Found::Unreadable(seen) = found else { return None };
    let message = seen.unready.as_ref().map(|unready| unready.message.clone()).unwrap_or_default();
    Some(Hold { reason: Reason::Unavailable, message })
}

/// Whether a run may be repeated is for the kind to say, once it is asked to.
fn uncertain() -> Hold {
    let message = "it was begun, and its answer was lost: the operator repeats it where that does no harm, and else its condition Ready \
                   says what to look for";
    Hold { reason: Reason::CreateOutcomeUnknown, message: message.to_owned() }
}

fn paused() -> Hold {
    Hold {
        reason: Reason::Paused,
        message: format!("nothing is written at the vendor while the annotation {PAUSED} is true"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_object_adds_what_no_manifest_has_to_say() {
        let manifest = json!({
            "metadata": {"name": "a", "uid": "made up", "annotations": {"provost.dev/approve": "new", "team": "x"}},
            "spec": {}, "status": {"externalId": "made up"},
        });
        let stored = json!({
            "metadata": {
                "name": "a", "uid": "u1", "finalizers": [FINALIZER],
                "annotations": {"provost.dev/approve": "old", "provost.dev/external-id": "7", "kubectl.kubernetes.io/x": "y"},
            },
            "status": {"externalId": "7"},
        });
        let both = merged(manifest.clone(), Some(&stored));
        assert_eq!(both["metadata"]["uid"], "u1");
        assert_eq!(both["metadata"]["finalizers"], json!([FINALIZER]));
        assert_eq!(
            both["metadata"]["annotations"],
            json!({"provost.dev/approve": "new", "provost.dev/external-id": "7", "team": "x"})
        );
        assert_eq!(both["status"]["externalId"], "7");
        let alone = merged(manifest, None);
        assert!(alone.get("status").is_none() && alone["metadata"]["uid"].is_null());
    }
}
