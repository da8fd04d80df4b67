//! Plan: what is to be done about one object, as a value that is shown and carried out alike. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lc_rs::digest;

use super::deed::Begun;
use super::diff::{Change, Effect, diff};
use super::kind::{Found, Identity, Seen};
use super::policy::{ABANDON, Deletion, EXTERNAL_ID, Effective, Management, PENDING_CREATE};
use super::reason::Reason;
use super::state::{Field, State, Value, row};
use super::status::NotKept;

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Nothing: it is as it should be.
    Nothing,
    /// Make it.
    Create,
    /// Do what is done once: [`Action::Create`] for an [`Identity::Run`].
    Run,
    /// Write down that this external object is ours.
    Adopt {
        /// The vendor's id.
        external_id: String,
        /// Why it may be taken.
        claim: Claim,
    },
    /// Send the changes.
    Update,
    /// Switch it off, then let go.
    Disable,
    /// Delete it, then let go once it is gone.
    Delete,
    /// Let go: nothing at the vendor is ours, or the policy says to leave it.
    Release,
}

/// Why an existing external object may be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// We announced its creation, and the answer got lost.
    Announced,
    /// This object's predecessor was deleted, and we switched the external object off then.
    Revived,
    /// Its id is in the annotation already.
    Annotated,
    /// Another object owned it while this one waited in line, and went.
    HandedOver,
    /// policy.adoption says so.
    Policy,
}

/// What is to be done about one object, and whether it may be done now.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What.
    pub action: Action,
    /// The fields to send, or the differences that stand in the way.
    pub changes: Vec<Change>,
    /// Differences that policy.drift leaves as they are.
    pub kept: Vec<Change>,
    /// Why not now. A held plan is only shown.
    pub hold: Option<Hold>,
}

/// Why a plan is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The reason.
    pub reason: Reason,
    /// One sentence for people, with the way out.
    pub message: String,
}

impl Action {
    /// Whether it is carried out by [`Kind::create`](super::kind::Kind::create).
    pub fn makes(&self) -> bool {
        matches!(self, Self::Create | Self::Run)
    }

    fn of_absence(identity: Identity) -> Self {
        if identity == Identity::Run { Self::Run } else { Self::Create }
    }

    /// The word in `status.plan` and on the command line.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Nothing => "Nothing",
            Self::Create => "Create",
            Self::Run => "Run",
            Self::Adopt { .. } => "Adopt",
            Self::Update => "Update",
            Self::Disable => "Disable",
            Self::Delete => "Delete",
            Self::Release => "Release",
        }
    }
}

impl Plan {
    fn of(action: Action) -> Self {
        Self { action, changes: Vec::new(), kept: Vec::new(), hold: None }
    }

    fn held(mut self, reason: Reason, message: impl Into<String>) -> Self {
        self.hold = Some(Hold { reason, message: message.into() });
        self
    }

    /// Whether carrying it out would write at the vendor or take something over.
    pub fn is_something(&self) -> bool {
        !matches!(self.action, Action::Nothing | Action::Release)
    }

    /// Binds an approval to this very plan: the object, its generation, the action and every change with what it starts from and what it
    /// leads to (by its fingerprint where it is secret). The approval before it counts too, so that none is good for two times.
    pub fn hash(&self, uid: &str, generation: i64, wanted: &State, last_approved: Option<&str>) -> String {
        let mut text = format!("{uid}\n{generation}\n{}\n{:?}\n", last_approved.unwrap_or_default(), self.action);
        for change in &self.changes {
            let to = wanted.get(&change.path).map(Value::remembered).unwrap_or_default();
            text.push_str(&format!("{}\n{}\n{to}\n", change.path, change.from.text()));
        }
        let sum = digest::digest(&digest::SHA256, text.as_bytes());
        sum.as_ref()[..6].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Everything that a plan depends on, beside what was found.
pub struct Situation<'a> {
    /// The kind's identity class.
    pub identity: Identity,
    /// The kind's fields.
    pub fields: &'a [Field],
    /// The policy in force.
    pub policy: Effective,
    /// What is wanted.
    pub wanted: &'a State,
    /// What was last sent of the fields that cannot be read back.
    pub remembered: &'a BTreeMap<String, String>,
    /// The natural key in words.
    pub natural_key: &'a str,
    /// What people are told to write as the external id.
    pub id_form: &'static str,
    /// The id, once known.
    pub external_id: Option<&'a str>,
    /// The object is known under this id only from the annotation: we never saw it before.
    pub first_sight: bool,
    /// A create was announced by an earlier pass, and its outcome never recorded.
    pub announced: bool,
    /// A call of that create may have been carried out after the last step that is recorded.
    pub uncertain: bool,
    /// What the announcement has to say to have that step taken again, and not those before it.
    pub again: Option<&'a str>,
    /// An external object that is gone is made anew.
    pub recreate: bool,
    /// How long the vendor's list may lag behind a create.
    pub lag: Duration,
    /// How long the external object has been absent, as far as is known.
    pub absent_for: Duration,
    /// We deleted the external object, so that its absence is no surprise.
    pub removed: bool,
    /// The id of the external object that another object owned while this one waited in line for it.
    pub awaited: Option<&'a str>,
    /// The id of the external object that we switched off when an earlier object with this natural key was deleted.
    pub tombstone: Option<&'a str>,
    /// This generation of the spec was converged before, so a difference is drift.
    pub settled: bool,
    /// Drift that was reported and kept before: path and wanted value.
    pub reported: &'a [(String, String)],
    /// What was sent and the vendor does not keep, by path.
    pub not_kept: &'a BTreeMap<String, NotKept>,
    /// What is done once and was begun.
    pub begun: &'a BTreeMap<String, Begun>,
    /// The approval that was used last: the same plan again, later, is another plan.
    pub last_approved: Option<&'a str>,
    /// The hash in the annotation provost.dev/approve, unless that plan was carried out already: one approval is good for one time.
    pub approved: Option<&'a str>,
    /// The object's uid, for the hash.
    pub uid: &'a str,
    /// The object's generation, for the hash.
    pub generation: i64,
}

impl Situation<'_> {
    fn only_looks(&self) -> bool {
        matches!(self.policy.management, Management::Observe | Management::Unknown)
    }
}

/// The plan for an object that is wanted.
pub fn converge<F>(at: &Situation<'_>, found: &Found<Seen<F>>) -> Plan {
    let plan = match found {
        Found::Unknown(why) => return Plan::of(Action::Nothing).held(Reason::Unavailable, why.clone()),
        Found::Absent => absent(at),
        Found::Present(seen) => present(at, seen),
        Found::Unreadable(seen) => unreadable(at, seen),
    };
    authorise(at, plan)
}

/// The plan for an object that is being deleted.
pub fn dispose<F>(at: &Situation<'_>, found: &Found<Seen<F>>) -> Plan {
    match found {
        Found::Unknown(why) => Plan::of(Action::Nothing).held(
            Reason::DeletionBlocked,
            format!(
                "the vendor cannot tell whether {} still exists: {why}; deletion goes on when it can",
                at.natural_key
            ),
        ),
        Found::Absent if !at.removed && at.external_id.is_none() && at.uncertain && at.identity == Identity::Blind => {
            Plan::of(Action::Nothing).held(
                Reason::DeletionBlocked,
                format!(
                    "the answer to creating {} was lost and the vendor cannot search; look there, then either set the annotation \
                     {EXTERNAL_ID} to {} to have it dealt with as policy.deletion says, or let go of it with the annotation \
                     {ABANDON}: {}",
                    at.natural_key, at.id_form, at.uid
                ),
            )
        }
        Found::Absent if !at.removed && too_early(at) => unconfirmed(at),
        Found::Absent => Plan::of(Action::Release),
        Found::Present(seen) | Found::Unreadable(seen) if !ours(at, seen) => Plan::of(Action::Release),
        Found::Present(_) | Found::Unreadable(_) => {
            let plan = Plan::of(match at.policy.deletion {
                Deletion::Delete => Action::Delete,
                Deletion::Disable => Action::Disable,
                Deletion::Orphan | Deletion::Unknown => Action::Release,
            });
            authorise(at, plan)
        }
    }
}

fn ours<F>(at: &Situation<'_>, seen: &Seen<F>) -> bool {
    match at.external_id {
        Some(id) => id == seen.external_id && stranger(at, seen).is_none(),
        None => at.announced && refusals(at, seen).is_empty(),
    }
}

/// The natural key of an external object that cannot be ours, because it is not the spec's.
fn stranger<F>(at: &Situation<'_>, seen: &Seen<F>) -> Option<Change> {
    let key = |change: &Change| row(at.fields, &change.path).is_some_and(|field| field.key);
    refusals(at, seen).into_iter().find(key)
}

fn refusals<F>(at: &Situation<'_>, seen: &Seen<F>) -> Vec<Change> {
    let differences = diff(at.fields, at.wanted, &seen.state, at.remembered);
    differences.into_iter().filter(|change| change.effect == Effect::Refused).collect()
}

/// Whether the object may exist although a list does not show it: it was made, or may have been, and lists can be late.
fn too_early(at: &Situation<'_>) -> bool {
    let may_exist = at.external_id.is_some() || at.uncertain;
    at.identity == Identity::Listed && may_exist && at.absent_for < at.lag
}

fn unconfirmed(at: &Situation<'_>) -> Plan {
    let what = match at.external_id {
        Some(id) => format!("the vendor does not show {id:?}"),
        None => format!("the answer to creating {} was lost, and the vendor does not show it", at.natural_key),
    };
    Plan::of(Action::Nothing).held(
        Reason::AbsenceUnconfirmed,
        format!("{what}; its list may be late, so it is read again {} s after the first time", at.lag.as_secs()),
    )
}

fn absent(at: &Situation<'_>) -> Plan {
    if too_early(at) {
        return unconfirmed(at);
    }
    match (at.external_id, at.tombstone) {
        (None, _) if at.uncertain && at.identity == Identity::Blind => Plan::of(Action::Create).held(
            Reason::CreateOutcomeUnknown,
            format!(
                "the answer to creating {} was lost and the vendor cannot search; look there, then either set the annotation \
                 {EXTERNAL_ID} to {} or {} to have it made",
                at.natural_key,
                at.id_form,
                at.again.map_or_else(
                    || format!("remove the annotation {PENDING_CREATE}"),
                    |again| format!("set the annotation {PENDING_CREATE} to '{again}'")
                )
            ),
        ),
        // Nothing is lost with it, and the absence is certain.
        (Some(_), _) if at.recreate => Plan::of(Action::of_absence(at.identity)),
        // Hidden by the vendor since we switched it off: a create would only be told that the key is taken.
        (None, Some(id)) => Plan::of(Action::Adopt { external_id: id.to_owned(), claim: Claim::Revived }),
        (None, None) => Plan::of(Action::of_absence(at.identity)),
        // A vendor may lose an object with all that was in it: that asks for no second one.
        (Some(id), _) => Plan::of(Action::of_absence(at.identity)).held(
            Reason::ExternalObjectGone,
            format!(
                "the vendor no longer shows {id:?}; if it is lost for good, delete this object and create it again to have a new one made, \
                 or set the annotation {EXTERNAL_ID} to the right id"
            ),
        ),
    }
}

/// Whose it is can be told, and no more: what was announced is taken up, and everything else waits.
fn unreadable<F>(at: &Situation<'_>, seen: &Seen<F>) -> Plan {
    let taken = |plan: &Plan| matches!(plan.action, Action::Adopt { claim: Claim::Announced, .. });
    let plan = claim(at, seen).filter(|plan| plan.hold.is_some() || taken(plan));
    plan.unwrap_or_else(|| Plan::of(Action::Nothing))
}

fn present<F>(at: &Situation<'_>, seen: &Seen<F>) -> Plan {
    claim(at, seen).unwrap_or_else(|| compare(at, seen))
}

/// What is to be settled about whose it is, before anything else.
fn claim<F>(at: &Situation<'_>, seen: &Seen<F>) -> Option<Plan> {
    if let (Some(id), Some(key)) = (at.external_id, stranger(at, seen)) {
        let message = format!(
            "{id:?} is not this object's: its {} is {} and not {}; nothing was changed there; set the annotation {EXTERNAL_ID} to the \
             right id",
            key.path,
            key.from.text(),
            key.to.text()
        );
        return Some(Plan::of(Action::Nothing).held(Reason::IdentityDiffers, message));
    }
    if at.external_id.is_none() || at.first_sight {
        let plan = take_over(at, seen);
        // Who only looks compares what it might take over, and leaves no mark that would make it the owner later.
        let takes = matches!(plan.action, Action::Adopt { claim: Claim::Annotated | Claim::Policy, .. });
        if !(takes && plan.hold.is_none() && at.only_looks()) {
            return Some(plan);
        }
    }
    let switched_off = at.tombstone == Some(seen.external_id.as_str()) && at.tombstone == at.external_id;
    if switched_off && !at.only_looks() {
        // Ours already, and still to be switched on again.
        return Some(Plan::of(Action::Adopt { external_id: seen.external_id.clone(), claim: Claim::Revived }));
    }
    None
}

fn compare<F>(at: &Situation<'_>, seen: &Seen<F>) -> Plan {
    let (refused, changes): (Vec<_>, Vec<_>) = diff(at.fields, at.wanted, &seen.state, at.remembered)
        .into_iter()
        .filter(|change| change.effect != Effect::NoEffect)
        .partition(|change| change.effect == Effect::Refused);
    let mut kept = Vec::new();
    let (stuck, mut changes): (Vec<_>, Vec<_>) =
        changes.into_iter().partition(|change| is_stuck(at, &seen.state, &change.path));
    if !at.policy.correct_drift {
        let drifted = |change: &Change| {
            !is_begun(at, change)
                && (at.settled || at.reported.iter().any(|(path, to)| *path == change.path && *to == change.to.text()))
        };
        (kept, changes) = changes.into_iter().partition(drifted);
        kept.extend(refused.into_iter().chain(stuck));
    } else if changes.is_empty() && !refused.is_empty() {
        let names: Vec<String> = refused
            .iter()
            .map(|change| format!("{} is {} and should be {}", change.path, change.from.text(), change.to.text()))
            .collect();
        let message = format!(
            "the vendor cannot change this: {}; mend it at the vendor, or set policy.drift to Report to live with it",
            names.join(", ")
        );
        return Plan { action: Action::Update, changes: refused, kept, hold: None }
            .held(Reason::ImmutableDiffers, message);
    } else if changes.is_empty() && !stuck.is_empty() {
        return not_kept(stuck);
    }
    if at.policy.management == Management::Plan && changes.iter().any(|change| is_begun(at, change)) {
        // What was approved and begun goes on first, without what came up since.
        changes.retain(|change| is_begun(at, change));
    }
    if let Some(stake) = seen.at_stake.as_ref().filter(|_| !changes.is_empty() && !at.policy.adopt) {
        let message = format!("it would {stake}, set by somebody else: set policy.adoption: IfExists if that is meant");
        return Plan { action: Action::Update, changes, kept, hold: None }.held(Reason::AlreadyExists, message);
    }
    match (changes.is_empty(), kept.is_empty()) {
        (false, _) => Plan { action: Action::Update, changes, kept, hold: None },
        (true, true) => Plan::of(Action::Nothing),
        (true, false) => {
            let message =
                format!("changed at the vendor, and left so because policy.drift is Report: {}", paths(&kept));
            Plan { action: Action::Update, changes, kept, hold: None }.held(Reason::DriftReported, message)
        }
    }
}

/// Whether bringing about this very value was begun.
fn is_begun(at: &Situation<'_>, change: &Change) -> bool {
    let wanted = at.wanted.get(&change.path).map(Value::remembered);
    wanted.is_some() && at.begun.values().any(|mark| mark.wanted.get(&change.path) == wanted.as_ref())
}

/// Whether this value was sent already, and the vendor has shown the same other one ever since.
fn is_stuck(at: &Situation<'_>, seen: &State, path: &str) -> bool {
    let (wanted, shown) = (at.wanted.get(path).map(Value::remembered), seen.get(path).map(Value::remembered));
    at.not_kept
        .get(path)
        .is_some_and(|known| Some(&known.sent) == wanted.as_ref() && Some(&known.shown) == shown.as_ref())
}

fn not_kept(stuck: Vec<Change>) -> Plan {
    let each =
        |change: &Change| format!("{} was sent as {} and is {}", change.path, change.to.text(), change.from.text());
    let message = format!(
        "the vendor took it and shows something else: {}; it is not sent again before one of the two changes: write what the vendor shows \
         into the spec, or set policy.drift to Report to live with it",
        stuck.iter().map(each).collect::<Vec<_>>().join(", ")
    );
    Plan { action: Action::Update, changes: stuck, kept: Vec::new(), hold: None }.held(Reason::NotKept, message)
}

fn take_over<F>(at: &Situation<'_>, seen: &Seen<F>) -> Plan {
    let id = &seen.external_id;
    let claim = if at.announced && refusals(at, seen).is_empty() {
        Some(Claim::Announced)
    } else if at.external_id == Some(id.as_str()) {
        Some(Claim::Annotated)
    } else if at.tombstone == Some(id.as_str()) {
        Some(Claim::Revived)
    } else if at.awaited == Some(id.as_str()) && !at.only_looks() {
        Some(Claim::HandedOver)
    } else if at.policy.adopt {
        Some(Claim::Policy)
    } else {
        None
    };
    let adopt = |claim| Plan::of(Action::Adopt { external_id: id.clone(), claim });
    match claim {
        Some(claim) => adopt(claim),
        None => adopt(Claim::Policy).held(
            Reason::AlreadyExists,
            format!(
                "{} exists already as {id:?} and was not made by this object{}; to take it over, set the annotation \
                 {EXTERNAL_ID}: {id:?} or policy.adoption: IfExists",
                at.natural_key,
                seen.at_stake.as_ref().map(|stake| format!(", which would {stake}")).unwrap_or_default()
            ),
        ),
    }
}

/// Management decides last, so that what it holds back is still shown whole.
fn authorise(at: &Situation<'_>, plan: Plan) -> Plan {
    if plan.hold.is_some() || !plan.is_something() {
        return plan;
    }
    // A lost answer is taken up whatever the policy: the write happened already, and only its record is missing.
    if matches!(plan.action, Action::Adopt { claim: Claim::Announced, .. }) {
        return plan;
    }
    match at.policy.management {
        Management::Enforce => plan,
        Management::Observe | Management::Unknown => match plan.action {
            Action::Run => {
                plan.held(Reason::NotFound, format!("{} was not run, and policy.management is Observe", at.natural_key))
            }
            Action::Create => plan
                .held(Reason::NotFound, format!("{} does not exist, and policy.management is Observe", at.natural_key)),
            Action::Adopt { .. } => plan.held(
                Reason::NotFound,
                format!(
                    "{} was switched off when its object was deleted, and policy.management is Observe",
                    at.natural_key
                ),
            ),
            _ => {
                let begun: Vec<String> = at.begun.values().map(Begun::fields).collect();
                let begun =
                    if begun.is_empty() { String::new() } else { format!("; begun before: {}", begun.join(", ")) };
                let message = format!(
                    "not as the spec says, and left so because policy.management is Observe: {}{begun}",
                    paths(&plan.changes)
                );
                plan.held(Reason::Observed, message)
            }
        },
        // Its approval was for all of it.
        Management::Plan if plan.action == Action::Update && plan.changes.iter().all(|change| is_begun(at, change)) => {
            plan
        }
        Management::Plan => {
            let hash = plan.hash(at.uid, at.generation, at.wanted, at.last_approved);
            match at.approved {
                Some(approved) if approved == hash => plan,
                Some(approved) => plan.held(
                    Reason::PlanStale,
                    format!("{approved} approves an earlier plan; look at status.plan and approve {hash}"),
                ),
                None => plan.held(
                    Reason::AwaitingApproval,
                    format!("to carry it out, set the annotation provost.dev/approve: {hash}"),
                ),
            }
        }
    }
}

fn paths(changes: &[Change]) -> String {
    changes.iter().map(|change| change.path.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
