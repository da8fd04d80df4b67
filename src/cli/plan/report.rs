//! Report: a plan over all manifests as data. Its JSON is an interface: `version` counts up when it changes other than by new fields.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde::Serialize;
use serde_json::Value as Json;

use super::input::{Document, Item, Key};
use crate::base::secret::MASK;
use crate::cli::manifests::{ManifestError, Place};
use crate::engine::diff::{Change, Effect, Shown};
use crate::engine::plan::{Action, Claim, Hold, Plan};
use crate::engine::preview::Preview;
use crate::engine::reason::Reason;
use crate::engine::report::Stop;

/// The version of the JSON.
const VERSION: u32 = 1;

/// The exit status when there are changes.
const CHANGES: u8 = 2;

/// What applying all manifests would come to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    version: u32,
    /// One entry for each object of a managed kind, in the order of files and documents.
    pub objects: Vec<Entry>,
    /// What is wrong with manifests, or with AdminApis that objects need.
    pub errors: Vec<Complaint>,
    /// What to know beside that.
    pub notes: Vec<String>,
    /// How many objects of each kind were passed over.
    pub skipped: BTreeMap<String, usize>,
    /// The counts.
    pub summary: Summary,
}

/// How many objects there are of each sort.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// To be created.
    pub create: usize,
    /// To be done once.
    pub run: usize,
    /// To be changed.
    pub update: usize,
    /// To be taken over, and changed where need be.
    pub adopt: usize,
    /// Being deleted, with something to do at the vendor.
    pub remove: usize,
    /// As they should be, or left as they are.
    pub unchanged: usize,
    /// Held back.
    pub held: usize,
    /// Objects that cannot be planned, and other things that are wrong.
    pub errors: usize,
}

/// What would be done about one object.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its kind.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Where its manifest stands.
    #[serde(flatten)]
    pub place: At,
    /// What would be done first; none when nobody can tell.
    pub action: Option<Act>,
    /// The vendor's id of what would be taken over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Why it may be taken over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<Taken>,
    /// The fields that would be set.
    pub changes: Vec<Line>,
    /// Differences that would stay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<Line>,
    /// Why none of it is carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<Why>,
    /// What follows once it is carried out, and is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<Then>,
    /// Why there is no plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Why>,
}

/// What would be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Act {
    /// Nothing.
    None,
    /// Make it.
    Create,
    /// Do it, once.
    Run,
    /// Change it.
    Update,
    /// Take it over.
    Adopt,
    /// Switch it off: the object is being deleted.
    Disable,
    /// Delete it: the object is being deleted.
    Delete,
    /// Let it go and leave it as it is: the object is being deleted.
    Release,
}

/// Why an external object may be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Taken {
    /// Its creation was announced, and the answer got lost.
    Announced,
    /// It was switched off when an earlier object was deleted, and will be switched on again.
    Revived,
    /// The annotation names it.
    Annotated,
    /// Another object owned it while this one waited in line, and went.
    HandedOver,
    /// policy.adoption says so.
    Policy,
}

/// Where a manifest stands.
#[derive(Debug, Clone, Serialize)]
pub struct At {
    /// The file; `-` is the standard input.
    pub file: String,
    /// The document in it, from 1.
    pub document: usize,
    /// The line that it begins in, from 1.
    pub line: usize,
}

/// One field that differs.
#[derive(Debug, Serialize)]
pub struct Line {
    /// The path below `spec`.
    pub field: String,
    /// What is there; none when there is nothing, or nobody can know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Json>,
    /// What the manifest says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Json>,
    /// Whether both are masked.
    pub secret: bool,
    /// Why it stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// A reason, one of the words in the documentation, and a sentence.
#[derive(Debug, Clone, Serialize)]
pub struct Why {
    /// The word.
    pub reason: &'static str,
    /// The sentence, with the way out.
    pub message: String,
}

/// What follows and is held.
#[derive(Debug, Serialize)]
pub struct Then {
    /// Why it is held.
    #[serde(flatten)]
    pub why: Why,
    /// The fields that differ still.
    pub changes: Vec<Line>,
}

/// Something that is wrong beside a single planned object.
#[derive(Debug, Serialize)]
pub struct Complaint {
    /// Where it stands.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub place: Option<At>,
    /// The object.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub object: Option<Object>,
    /// The field; none for the object as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong.
    #[serde(flatten)]
    pub why: Why,
}

/// An object by its names.
#[derive(Debug, Serialize)]
pub struct Object {
    /// Its kind.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// What a program that called us is to think; the worst counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    Nothing,
    Changes,
    Error,
}

impl Report {
    /// The report of manifests that could be planned.
    pub fn new(
        objects: Vec<Entry>,
        errors: Vec<Complaint>,
        notes: Vec<String>,
        skipped: BTreeMap<String, usize>,
    ) -> Self {
        let mut summary = Summary { errors: errors.len(), ..Summary::default() };
        for object in &objects {
            summary.add(object);
        }
        Self { version: VERSION, objects, errors, notes, skipped, summary }
    }

    /// The report when no vendor was asked.
    pub fn refused(errors: Vec<Complaint>) -> Self {
        Self::new(Vec::new(), errors, Vec::new(), BTreeMap::new())
    }

    /// The same, with every sentence passed through `scrub`.
    pub fn scrubbed(mut self, scrub: &dyn Fn(&str) -> String) -> Self {
        for object in &mut self.objects {
            let whys = [object.hold.as_mut(), object.then.as_mut().map(|then| &mut then.why), object.error.as_mut()];
            whys.into_iter().flatten().for_each(|why| why.message = scrub(&why.message));
        }
        self.errors.iter_mut().for_each(|error| error.why.message = scrub(&error.why.message));
        self
    }

    /// The report as one JSON document.
    ///
    /// # Errors
    /// Never, as far as we know.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// 0: nothing to do; 2: changes; 1: something is wrong.
    pub fn exit_code(&self) -> ExitCode {
        let wrong = if self.errors.is_empty() { Severity::Nothing } else { Severity::Error };
        match self.objects.iter().map(Entry::severity).fold(wrong, Ord::max) {
            Severity::Nothing => ExitCode::SUCCESS,
            Severity::Changes => ExitCode::from(CHANGES),
            Severity::Error => ExitCode::FAILURE,
        }
    }
}

impl Summary {
    fn add(&mut self, entry: &Entry) {
        let count = match (entry.action, &entry.hold) {
            (None, _) => &mut self.errors,
            (_, Some(_)) => &mut self.held,
            (Some(Act::Create), _) => &mut self.create,
            (Some(Act::Run), _) => &mut self.run,
            (Some(Act::Update), _) => &mut self.update,
            (Some(Act::Adopt), _) => &mut self.adopt,
            (Some(Act::Disable | Act::Delete), _) => &mut self.remove,
            (Some(Act::None | Act::Release), _) => &mut self.unchanged,
        };
        *count += 1;
    }
}

impl Entry {
    /// The entry of one object.
    pub fn new(item: &Item, preview: &Result<Preview, Stop>) -> Self {
        let Document { kind, namespace, name, place, .. } = &item.document;
        let mut entry = Self {
            kind: kind.clone(),
            namespace: namespace.clone(),
            name: name.clone(),
            place: place.into(),
            action: None,
            external_id: None,
            claim: None,
            changes: Vec::new(),
            kept: Vec::new(),
            hold: None,
            then: None,
            error: None,
        };
        match preview {
            Err(stop) => entry.error = Some(Why::of_stop(stop)),
            Ok(preview) => entry.fill(preview),
        }
        entry
    }

    fn fill(&mut self, preview: &Preview) {
        let Some(first) = preview.steps.first() else { return };
        self.action = Some(Act::of(&first.action));
        if let Action::Adopt { external_id, claim } = &first.action {
            self.external_id = Some(external_id.clone());
            self.claim = Some(Taken::of(*claim));
        }
        self.hold = first.hold.as_ref().map(Why::of_hold);
        for (index, step) in preview.steps.iter().enumerate() {
            match &step.hold {
                // Drift that stays is among what is kept, each field with its reason.
                Some(hold) if index > 0 && hold.reason == Reason::DriftReported => {}
                Some(hold) if index > 0 => {
                    self.then = Some(Then { why: Why::of_hold(hold), changes: lines(&step.changes) });
                }
                _ => self.changes.extend(lines(&step.changes)),
            }
        }
        // What is kept is the same before and after the other changes, or becomes so.
        let kept = preview.steps.last().map(kept).into_iter().flatten();
        self.kept =
            kept.chain(preview.idle.iter().map(|change| Line::kept(change, Reason::CreateOnlyChanged))).collect();
    }

    /// Holds it, unless it is held already: an earlier object is for the same external one.
    pub fn conflict(&mut self, natural_key: &str, first: &Document) {
        let Document { kind, namespace, name, place, .. } = first;
        let message = format!(
            "{natural_key} is also that of {kind} {namespace}/{name} ({}:{}), and an external object has one owner; remove one of the two",
            place.file.display(),
            place.line
        );
        if self.hold.is_none() {
            (self.changes, self.then) = (Vec::new(), None);
            self.hold = Some(Why { reason: Reason::Conflict.word(), message });
        }
    }

    fn severity(&self) -> Severity {
        let own = match (self.action, &self.hold) {
            (None, _) => Severity::Error,
            (_, Some(hold)) => hold.severity(),
            (Some(Act::None | Act::Release), None) => Severity::Nothing,
            (Some(_), None) => Severity::Changes,
        };
        own.max(self.then.as_ref().map_or(Severity::Nothing, |then| then.why.severity()))
    }

    /// Whether there is nothing to say about it.
    pub fn is_unchanged(&self) -> bool {
        self.action == Some(Act::None) && self.hold.is_none() && self.kept.is_empty()
    }
}

impl Act {
    fn of(action: &Action) -> Self {
        match action {
            Action::Nothing => Self::None,
            Action::Create => Self::Create,
            Action::Run => Self::Run,
            Action::Update => Self::Update,
            Action::Adopt { .. } => Self::Adopt,
            Action::Disable => Self::Disable,
            Action::Delete => Self::Delete,
            Action::Release => Self::Release,
        }
    }
}

impl Taken {
    fn of(claim: Claim) -> Self {
        match claim {
            Claim::Announced => Self::Announced,
            Claim::Revived => Self::Revived,
            Claim::Annotated => Self::Annotated,
            Claim::HandedOver => Self::HandedOver,
            Claim::Policy => Self::Policy,
        }
    }
}

impl From<&Place> for At {
    fn from(place: &Place) -> Self {
        Self { file: place.file.display().to_string(), document: place.document, line: place.line }
    }
}

fn lines(changes: &[Change]) -> Vec<Line> {
    changes.iter().map(Line::of).collect()
}

fn kept(step: &Plan) -> Vec<Line> {
    step.kept.iter().map(|change| Line::kept(change, Reason::DriftReported)).collect()
}

impl Line {
    fn of(change: &Change) -> Self {
        let value = |shown: &Shown| match shown {
            Shown::Unknown => None,
            Shown::Plain(value) => Some(value.clone()),
            Shown::Masked => Some(MASK.into()),
        };
        let secret = change.to == Shown::Masked;
        Self { field: change.path.clone(), from: value(&change.from), to: value(&change.to), secret, reason: None }
    }

    fn kept(change: &Change, reason: Reason) -> Self {
        let reason = if change.effect == Effect::Refused { Reason::ImmutableDiffers } else { reason };
        Self { reason: Some(reason.word()), ..Self::of(change) }
    }
}

impl Why {
    fn of_hold(hold: &Hold) -> Self {
        Self { reason: hold.reason.word(), message: hold.message.clone() }
    }

    fn of_stop(stop: &Stop) -> Self {
        Self { reason: stop.reason().word(), message: stop.to_string() }
    }

    /// What a hold means for who asks whether there is something to do.
    fn severity(&self) -> Severity {
        let is = |reasons: &[Reason]| reasons.iter().any(|reason| reason.word() == self.reason);
        if is(&[Reason::DriftReported, Reason::Observed]) {
            Severity::Nothing
        } else if is(&[Reason::AwaitingApproval, Reason::PlanStale, Reason::Paused]) {
            Severity::Changes
        } else {
            Severity::Error
        }
    }

    /// Whether somebody has to mend something before it goes on.
    pub fn is_error(&self) -> bool {
        self.severity() == Severity::Error
    }

    /// Whether it goes on once somebody lets it.
    pub fn waits(&self) -> bool {
        self.severity() == Severity::Changes
    }
}

impl Complaint {
    /// Something that concerns no manifest.
    pub fn general(reason: Reason, message: String) -> Self {
        Self { place: None, object: None, field: None, why: Why { reason: reason.word(), message } }
    }

    /// A manifest that could not be read; its sentence names the place.
    pub fn unreadable(error: &ManifestError) -> Self {
        let message = match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        Self::general(Reason::Malformed, message)
    }

    /// Something that is wrong with a manifest.
    pub fn of(document: &Document, reason: Reason, field: &str, message: String) -> Self {
        let Document { kind, namespace, name, place, .. } = document;
        let object = Object { kind: kind.clone(), namespace: namespace.clone(), name: name.clone() };
        Self {
            place: Some(place.into()),
            object: Some(object),
            field: Some(field.to_owned()).filter(|field| !field.is_empty()),
            why: Why { reason: reason.word(), message },
        }
    }

    /// An AdminApi that cannot be used.
    pub fn of_admin_api((namespace, name): &Key, place: Option<&Place>, stop: &Stop) -> Self {
        let object = Object {
            kind: crate::engine::connection::KIND.to_owned(),
            namespace: namespace.clone(),
            name: name.clone(),
        };
        Self { place: place.map(At::from), object: Some(object), field: None, why: Why::of_stop(stop) }
    }
}
