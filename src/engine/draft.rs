//! Draft: what an object has recorded about itself, in the form that a plan needs; one for the loop and for previews.

use std::collections::BTreeMap;
use std::time::Duration;

use kube::core::object::{HasSpec, HasStatus};
use kube::{Resource, ResourceExt};

use super::announcement::Announcement;
use super::condition::{DRIFTED, SYNCED, holds};
use super::deed::Begun;
use super::kind::Kind;
use super::plan::Situation;
use super::policy::{APPROVE, EXTERNAL_ID, Effective, FINALIZER, PENDING_CREATE};
use super::state::State;
use super::status::NotKept;

/// The owned parts of a [`Situation`].
pub struct Draft {
    /// What was last sent of the fields that cannot be read back.
    pub remembered: BTreeMap<String, String>,
    /// The id, once known.
    pub external_id: Option<String>,
    /// The object is known under this id only from the annotation.
    pub first_sight: bool,
    /// A create was announced, and its outcome never recorded.
    pub announced: bool,
    /// The present step of an announced create may have been carried out.
    pub uncertain: bool,
    /// What the announcement has to say to have that step taken again, and not those before it.
    pub again: Option<String>,
    /// The id of the external object that another object owned while this one waited in line.
    pub awaited: Option<String>,
    /// What was switched off when an earlier object with this natural key was deleted.
    pub tombstone: Option<String>,
    /// This generation of the spec was converged before.
    pub settled: bool,
    /// Drift that was reported and kept before: path and wanted value.
    pub reported: Vec<(String, String)>,
    /// The natural key in words.
    pub natural_key: String,
    /// The approval that was used already.
    pub last_approved: Option<String>,
    /// What was sent and the vendor does not keep.
    pub not_kept: BTreeMap<String, NotKept>,
    /// What is done once, and was begun for the external object of this id.
    pub begun: BTreeMap<String, Begun>,
}

impl Draft {
    /// What `object` has recorded, when its id is `external_id`.
    pub fn new<K: Kind>(object: &K::Object, external_id: Option<String>, tombstone: Option<String>) -> Self {
        let status = object.status();
        let generation = object.meta().generation.unwrap_or_default();
        let recorded = status.and_then(|status| status.external_id.as_deref());
        let other = recorded.is_some_and(|recorded| external_id.as_deref() != Some(recorded));
        // Our own record of an id takes the announcement away: where both stand, a person named what a lost answer was about.
        let named = annotation::<K>(object, EXTERNAL_ID).is_some() && annotation::<K>(object, PENDING_CREATE).is_some();
        let announcement = annotation::<K>(object, PENDING_CREATE).map(Announcement::read);
        let converged = |condition| status.is_some_and(|status| holds(&status.conditions, condition));
        let drifted = status.filter(|status| holds(&status.conditions, DRIFTED));
        let reported = drifted.and_then(|status| status.plan.as_ref()).into_iter().flat_map(|plan| &plan.changes);
        Self {
            remembered: status.map(|status| status.applied.clone()).unwrap_or_default(),
            first_sight: other || named || !object.finalizers().iter().any(|name| name == FINALIZER),
            announced: announced::<K>(object),
            uncertain: announcement.as_ref().is_some_and(|announcement| !announcement.is_again()),
            again: announcement.filter(|announcement| announcement.recorded.is_some()).map(|standing| standing.again()),
            awaited: status.and_then(|status| status.awaited_id.clone()),
            tombstone,
            settled: status.is_some_and(|status| status.observed_generation == generation)
                && (converged(SYNCED) || converged(DRIFTED)),
            reported: reported.map(|change| (change.field.clone(), change.to.clone())).collect(),
            begun: begun::<K>(object, external_id.as_deref()),
            natural_key: K::natural_key(object.spec()),
            external_id,
            last_approved: status.and_then(|status| status.last_approved.clone()),
            not_kept: status.map(|status| status.not_kept.clone()).unwrap_or_default(),
        }
    }

    /// Whether the object has this id already, and not from the annotation alone.
    pub fn has(&self, external_id: &str) -> bool {
        self.external_id.as_deref() == Some(external_id) && !self.first_sight
    }

    /// What a plan depends on.
    pub fn situation<'s, K: Kind>(
        &'s self,
        object: &'s K::Object,
        policy: Effective,
        wanted: &'s State,
    ) -> Situation<'s> {
        Situation {
            identity: K::IDENTITY,
            fields: K::FIELDS,
            policy,
            wanted,
            remembered: &self.remembered,
            natural_key: &self.natural_key,
            id_form: K::ID_FORM,
            external_id: self.external_id.as_deref(),
            first_sight: self.first_sight,
            announced: self.announced,
            uncertain: self.uncertain,
            again: self.again.as_deref(),
            recreate: K::RECREATE,
            lag: K::LAG,
            absent_for: Duration::MAX,
            removed: false,
            awaited: self.awaited.as_deref(),
            tombstone: self.tombstone.as_deref(),
            settled: self.settled,
            reported: &self.reported,
            not_kept: &self.not_kept,
            begun: &self.begun,
            last_approved: self.last_approved.as_deref(),
            approved: annotation::<K>(object, APPROVE).filter(|hash| Some(*hash) != self.last_approved.as_deref()),
            uid: object.meta().uid.as_deref().unwrap_or_default(),
            generation: object.meta().generation.unwrap_or_default(),
        }
    }
}

/// The marks of deeds that were begun for the external object of this id; those of another one say nothing about it.
pub fn begun<K: Kind>(object: &K::Object, external_id: Option<&str>) -> BTreeMap<String, Begun> {
    let marks = object.status().into_iter().flat_map(|status| &status.begun);
    // Of a renewal it matters to all.
    let ours = marks
        .filter(|(group, mark)| K::RENEWS.contains(&group.as_str()) || Some(mark.external_id.as_str()) == external_id);
    ours.map(|(group, mark)| (group.clone(), mark.clone())).collect()
}

/// An annotation that is not blank.
pub fn annotation<'o, K: Kind>(object: &'o K::Object, name: &str) -> Option<&'o str> {
    object.annotations().get(name).map(String::as_str).filter(|value| !value.is_empty())
}

/// Whether a create is announced, and its outcome not recorded.
pub fn announced<K: Kind>(object: &K::Object) -> bool {
    annotation::<K>(object, PENDING_CREATE).is_some()
}

/// The id that an object has recorded: in the annotation, or else in its status, which speaks of an earlier external object while a create
/// is announced.
pub fn recorded_id<K: Kind>(object: &K::Object) -> Option<&str> {
    let stored = object.status().filter(|_| !announced::<K>(object));
    annotation::<K>(object, EXTERNAL_ID).or_else(|| stored?.external_id.as_deref())
}
