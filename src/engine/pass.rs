//! Pass: one object on its way through the loop, and what is remembered of it from one pass to the next.

use std::collections::BTreeMap;
use std::time::Duration;

use kube::core::object::HasStatus;
use kube::{Resource, ResourceExt};
use tokio::time::Instant;

use super::adoption::Shown;
use super::announcement::Announcement;
use super::content::Printed;
use super::context::Engine;
use super::deed::{self, Begun, Course};
use super::diff::{Change, withdraw};
use super::draft::{self, Draft};
use super::history::Ledger;
use super::kind::{Found, Kind, Seen, Sought};
use super::plan::{Action, Hold, Plan, Situation};
use super::policy::{EXTERNAL_ID, Effective, PENDING_CREATE, RECONCILE_AT};
use super::queue::Item;
use super::reason::Reason;
use super::report::Stop;
use super::settle::Link;
use super::sibling::{Siblings, scoped_key};
use super::state::{State, Value, row};
use super::status::{NotKept, Status};
use super::tombstone;
use crate::base::fault::Fault;

/// The longest time without a look while an absence is to be confirmed.
const BETWEEN: Duration = Duration::from_secs(30);

/// What is remembered of an object between passes: what is not recorded yet, and how the last passes went.
pub struct Memory<K: Kind> {
    /// Whose memory it is: an object deleted and made again under the same name starts with none.
    pub uid: Option<String>,
    /// Failures in a row.
    pub tries: u32,
    /// A missing AdminApi was given a moment to be seen.
    pub waited: bool,
    /// The object as our last write left it, until the watch has caught up.
    pub latest: Option<K::Object>,
    /// Shared data must be read after this instant: a write of ours may have happened, or may not.
    pub look_after: Option<Instant>,
    /// The id, until it is recorded.
    pub external_id: Option<String>,
    /// What was sent, until it is recorded.
    pub applied: BTreeMap<String, String>,
    /// What the answers to own writes told, until it is recorded.
    pub facts: Option<K::Facts>,
    /// The id that was taken over, until it is recorded: what was sent to another one before says nothing about it.
    pub adopted: Option<String>,
    /// The external object was switched off for the deletion of this one; that is not done twice.
    pub disabled: bool,
    /// When the AdminApi's guard let this object's deletion go.
    pub permitted: Option<Instant>,
    /// The approval that was used, until it is recorded.
    pub approved: Option<String>,
    /// What was sent, by path, until a look shows whether the vendor keeps it.
    pub tried: BTreeMap<String, Try>,
    /// What the vendor did not keep, until it is recorded.
    pub not_kept: BTreeMap<String, NotKept>,
    /// The plan that was shown after an adoption, and is not carried out before somebody could see it.
    pub shown: Option<Shown>,
    /// The last wish for a look right now, and when it was first seen.
    pub wish: Option<(String, Instant)>,
    /// The announcement that this process made.
    pub attempt: Option<String>,
    /// No call under that announcement may have been carried out.
    pub attempt_is_clean: bool,
    /// No call of its present step may have been carried out.
    pub step_is_clean: bool,
    /// What its last step returned, until it is recorded.
    pub step: Option<String>,
    /// How its deeds go, by group of fields, until no mark of them stands.
    pub deeds: BTreeMap<&'static str, Course>,
    /// Since when the external object of this id, or of none yet, was absent in every look.
    pub absent: Option<(Option<String>, Instant)>,
    /// When the external object was last seen to be unwell, and likely to get well by itself.
    pub unwell: Option<Instant>,
    /// The external object was deleted for the deletion of this one.
    pub removed: bool,
    /// What was published, to write it only when it differs: the connection details and the version of the Secret.
    pub published: Option<(BTreeMap<&'static str, String>, Option<String>)>,
    /// The writes at the vendor that the status does not show yet.
    pub ledger: Ledger,
}

impl<K: Kind> Default for Memory<K> {
    fn default() -> Self {
        Self {
            uid: None,
            tries: 0,
            waited: false,
            latest: None,
            look_after: None,
            external_id: None,
            applied: BTreeMap::new(),
            facts: None,
            adopted: None,
            disabled: false,
            permitted: None,
            approved: None,
            tried: BTreeMap::new(),
            not_kept: BTreeMap::new(),
            shown: None,
            wish: None,
            attempt: None,
            attempt_is_clean: false,
            step_is_clean: false,
            step: None,
            deeds: BTreeMap::new(),
            absent: None,
            unwell: None,
            removed: false,
            published: None,
            ledger: Ledger::default(),
        }
    }
}

impl<K: Kind> Memory<K> {
    /// The object in Kubernetes is at `version`: a copy of ours that is no newer is dropped.
    pub fn catch_up(&mut self, version: Option<u64>) {
        self.latest = self.latest.take().filter(|latest| version_of(latest) > version);
    }

    /// Whether there is nothing to remember, so that thousands of settled objects cost nothing.
    pub fn is_blank(&self) -> bool {
        // Every field by name: a new one has to be thought of here.
        let Self {
            uid: _,
            tries: 0,
            waited: false,
            latest: None,
            look_after: None,
            external_id: None,
            applied,
            facts: None,
            adopted: None,
            disabled: false,
            permitted: None,
            approved: None,
            tried,
            not_kept,
            shown: None,
            wish: None,
            attempt: None,
            attempt_is_clean: _,
            step_is_clean: _,
            step: None,
            deeds,
            absent: None,
            unwell: None,
            removed: false,
            published: None,
            ledger,
        } = self
        else {
            return false;
        };
        applied.is_empty() && tried.is_empty() && not_kept.is_empty() && deeds.is_empty() && ledger.is_empty()
    }
}

/// Versions are compared as the numbers that they are by contract since Kubernetes 1.35, and always were in practice.
pub fn version_of(object: &impl ResourceExt) -> Option<u64> {
    object.meta().resource_version.as_ref().and_then(|version| version.parse().ok())
}

/// A value that was sent to a vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Try {
    /// The value.
    pub sent: String,
    /// When.
    pub at: Instant,
    /// It was sent before that already, and missed.
    pub again: bool,
    /// What was shown instead.
    pub missed: Option<String>,
}

/// One pass over one object.
pub struct Pass<'a, K: Kind> {
    /// What everything shares.
    pub engine: &'a Engine,
    /// The kind.
    pub kind: &'static str,
    /// The object, as new as we know it.
    pub object: K::Object,
    /// Its spec when the pass began. An edit that comes in meanwhile is for the next pass.
    pub spec: K::Spec,
    /// The generation of that spec.
    pub generation: i64,
    /// What is remembered of it.
    pub memory: &'a mut Memory<K>,
    /// The policy in force.
    pub policy: Effective,
    /// The ids of the managed objects that the spec refers to, once known.
    pub siblings: Siblings,
    /// The fingerprints and digests of what the spec names, once known.
    pub printed: Printed,
    /// The wanted state, once known.
    pub wanted: State,
    /// What of it only undoes what the spec has no value for any more, by path.
    pub withdrawn: Vec<String>,
    /// What was seen last, once something was.
    pub seen: Option<Seen<K::Facts>>,
    /// How long that has been absent, as far as this process knows.
    pub absent_for: Duration,
    /// How long the vendor's list may lag behind a create.
    pub lag: Duration,
    /// The plan, once made.
    pub plan: Option<Plan>,
    /// What was done, in words, for Events: told even when the pass then stops.
    pub deeds: Vec<(Reason, String)>,
    /// The id that this pass recorded.
    pub recorded: Option<String>,
    /// The id of the external object that another object owns (none yet, perhaps), when that stopped this pass.
    pub awaits: Option<Option<String>>,
}

impl<K: Kind> Pass<'_, K> {
    /// The spec.
    pub fn spec(&self) -> &K::Spec {
        &self.spec
    }

    /// The object, as the queue and the indexes know it.
    pub fn item(&self) -> Item {
        let name = self.object.meta().name.as_deref().unwrap_or_default();
        Item { kind: self.kind, namespace: self.namespace().into(), name: name.into() }
    }

    /// The namespace.
    pub fn namespace(&self) -> &str {
        self.object.meta().namespace.as_deref().unwrap_or_default()
    }

    /// An annotation.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        draft::annotation::<K>(&self.object, name)
    }

    /// The announced create, if there is one.
    pub fn announcement(&self) -> Option<Announcement> {
        self.annotation(PENDING_CREATE).map(Announcement::read)
    }

    /// Whether the announcement that stands was made by this process, if one stands.
    fn announced_here(&self) -> Option<bool> {
        self.announcement().map(|standing| self.memory.attempt.as_ref() == Some(&standing.attempt))
    }

    /// The vendor's id: what was recorded in the annotation, or is not recorded yet, or stood in the status. That of the status is an
    /// earlier external object's while a create is announced.
    pub fn external_id(&self) -> Option<String> {
        let recorded = draft::recorded_id::<K>(&self.object).map(str::to_owned);
        self.annotation(EXTERNAL_ID).map(str::to_owned).or_else(|| self.memory.external_id.clone()).or(recorded)
    }

    /// The id that was found to be the object's own: recorded by us, or seen under it by a plan that does not doubt it. One that somebody
    /// typed is not, until then; what was known before stays.
    pub fn own_id(&self) -> Option<String> {
        let (id, stored) = (self.external_id()?, self.stored().and_then(|status| status.external_id.as_ref()));
        let ours = [self.recorded.as_ref(), self.memory.adopted.as_ref(), self.memory.external_id.as_ref()];
        let takes = self.plan.as_ref().is_some_and(|plan| matches!(plan.action, Action::Adopt { .. }));
        let seen = self.seen.as_ref().filter(|_| !takes).map(|seen| &seen.external_id);
        let known = ours.into_iter().chain([stored, seen]).flatten().any(|own| *own == id);
        if known { Some(id) } else { stored.cloned() }
    }

    /// The stored status.
    pub fn stored(&self) -> Option<&Status<K::Facts>> {
        self.object.status()
    }

    /// What was last sent of the fields that cannot be read back, recorded or not.
    pub fn remembered(&self) -> BTreeMap<String, String> {
        let relevant = self.relevant().is_some();
        let applied = self.stored().into_iter().flat_map(|status| &status.applied);
        let kept = applied.filter(|(path, _)| relevant || deed::is_of_admin_api::<K>(path));
        let mut remembered: BTreeMap<String, String> = kept.map(|(path, sent)| (path.clone(), sent.clone())).collect();
        remembered.extend(self.memory.applied.clone());
        remembered
    }

    /// The stored status, unless it speaks of another external object than the one taken over since.
    fn relevant(&self) -> Option<&Status<K::Facts>> {
        let other =
            |status: &&Status<K::Facts>| self.memory.adopted.is_none() || status.external_id == self.memory.adopted;
        self.stored().filter(other)
    }

    /// The facts as last known of the external object of this id.
    pub fn facts(&self) -> Option<&K::Facts> {
        let before = self.seen.as_ref().map(|seen| &seen.facts).or(self.memory.facts.as_ref());
        before.or_else(|| {
            // A status that speaks of another external object says nothing about this one.
            let id = self.external_id();
            let status = self.relevant().filter(|status| status.external_id.is_none() || status.external_id == id);
            status.map(|status| &status.facts)
        })
    }

    /// Takes over what the answer to a write told.
    pub fn learn(&mut self, facts: K::Facts) {
        if let Some(seen) = &mut self.seen {
            seen.facts = facts.clone();
        }
        self.memory.facts = Some(facts);
    }

    /// What was sent and the vendor does not keep, recorded or not.
    pub fn not_kept(&self) -> BTreeMap<String, NotKept> {
        let mut not_kept = self.relevant().map(|status| status.not_kept.clone()).unwrap_or_default();
        not_kept.extend(self.memory.not_kept.clone());
        not_kept
    }

    /// The approval that was used last, recorded or not.
    pub fn last_approved(&self) -> Option<&str> {
        self.memory.approved.as_deref().or_else(|| self.stored()?.last_approved.as_deref())
    }

    /// Takes account of what the spec names, as it was looked at or read last: what is a field of the kind is wanted so.
    pub fn names(&mut self, printed: Printed) {
        self.wanted.insert_printed(K::FIELDS, &printed);
        self.printed.secrets.extend(printed.secrets);
        self.printed.files.extend(printed.files);
    }

    /// Wants undone what was last sent to this very external object, and has no value in the spec any more.
    fn withdraw(&mut self) {
        self.keep();
        let mut remembered = self.facts().map(K::noted).unwrap_or_default();
        remembered.extend(self.remembered());
        self.withdrawn = withdraw(K::FIELDS, &mut self.wanted, &remembered, K::withdrawn);
    }

    /// Wants nothing undone.
    fn keep(&mut self) {
        for path in std::mem::take(&mut self.withdrawn) {
            self.wanted.remove(&path);
        }
    }

    /// What is done once, was begun for this very external object and is not known to be done, recorded or not.
    pub fn begun(&self) -> BTreeMap<String, Begun> {
        let mut begun = draft::begun::<K>(&self.object, self.external_id().as_deref());
        for (group, course) in &self.memory.deeds {
            let mark = begun.get_mut(*group).filter(|mark| mark.attempt == course.attempt);
            match (mark, course.over) {
                (Some(_), true) => drop(begun.remove(*group)),
                (Some(mark), false) => mark.recorded = course.step.clone().or(mark.recorded.take()),
                (None, _) => {}
            }
        }
        begun
    }

    /// Remembers that everything was sent that a create carries.
    pub fn sent_all(&mut self) {
        let carried = self.carried();
        let sent = carried.iter().map(|(path, value)| (path.to_owned(), value.remembered()));
        self.memory.applied.extend(sent);
    }

    /// What of the wanted state a create carries.
    pub fn carried(&self) -> State {
        let mut carried = State::new();
        for (path, value) in self.wanted.iter().filter(|(path, _)| deed::is_carried::<K>(path)) {
            carried.insert(path, value.clone());
        }
        carried
    }

    /// Remembers that these changes were sent.
    pub fn sent(&mut self, changes: &[Change]) {
        for change in changes {
            if let Some(value) = self.wanted.get(&change.path) {
                self.memory.applied.insert(change.path.clone(), value.remembered());
                let sent = value.remembered();
                let before = self.memory.tried.remove(&change.path).filter(|before| before.sent == sent);
                let missed = before.and_then(|before| before.missed);
                self.memory
                    .tried
                    .insert(change.path.clone(), Try { sent, at: Instant::now(), again: missed.is_some(), missed });
            }
        }
    }

    /// When somebody asked for a look right now, if that wish is still open.
    fn wish(&mut self) -> Option<Instant> {
        let token = self.annotation(RECONCILE_AT)?.to_owned();
        if self.stored().and_then(|status| status.last_handled_reconcile_at.as_ref()) == Some(&token) {
            return None;
        }
        match &self.memory.wish {
            Some((known, since)) if *known == token => Some(*since),
            _ => {
                let now = Instant::now();
                self.memory.wish = Some((token, now));
                Some(now)
            }
        }
    }

    /// Whether this pass may write at the vendor: never two at once where the kind says that only one may. Otherwise its end is due, and the
    /// object comes back when its turn has come.
    pub fn may_write(&self, link: &Link<K>) -> bool {
        let writer = K::writer(self.external_id().as_deref(), self.spec(), &self.siblings);
        writer.is_none_or(|writer| self.engine.writers.admit(&self.item(), &link.session.realm, &writer))
    }

    /// What a plan depends on.
    pub fn situation<'s>(&'s self, draft: &'s Draft) -> Situation<'s> {
        Situation {
            generation: self.generation,
            absent_for: self.absent_for,
            removed: self.memory.removed,
            lag: self.lag,
            ..draft.situation::<K>(&self.object, self.policy, &self.wanted)
        }
    }

    /// The owned parts of that, with what is not recorded yet.
    pub fn draft(&self, link: &Link<K>) -> Draft {
        let here = self.announced_here();
        let tombstone =
            link.session.tombstone(&tombstone::key(self.kind, &scoped_key::<K>(self.namespace(), self.spec())));
        let stored = Draft::new::<K>(&self.object, self.external_id(), tombstone);
        let just_taken = self.memory.adopted.is_some() && self.memory.adopted == stored.external_id;
        Draft {
            remembered: self.remembered(),
            announced: here.is_some_and(|here| !(here && self.memory.attempt_is_clean)),
            uncertain: stored.uncertain && here.is_some_and(|here| !(here && self.memory.step_is_clean)),
            first_sight: stored.first_sight && !just_taken,
            last_approved: self.last_approved().map(str::to_owned),
            not_kept: self.not_kept(),
            begun: self.begun(),
            ..stored
        }
    }

    /// Looks for the external object, in data as fresh as the occasion asks for.
    ///
    /// # Errors
    /// The vendor's.
    pub async fn find(&mut self, link: &Link<K>) -> Result<Found<Seen<K::Facts>>, Fault> {
        let wish = self.wish();
        let wishes_news = wish.is_some() || self.memory.unwell.is_some();
        let external_id = self.external_id();
        self.memory.absent.take_if(|(id, _)| *id != external_id);
        self.lag = K::lag(&link.client);
        let now = Instant::now();
        // Until the second look is due, each look is at what there is by then: waiting for a slow create ends when it shows.
        let second_look = self.memory.absent.as_ref().map(|(_, since)| (*since + self.lag).min(now));
        let news = [wish, self.memory.look_after, self.memory.unwell, second_look];
        let fresh_after = news.into_iter().flatten().fold(link.session.fresh_after(), Instant::max);
        let sought = Sought {
            spec: self.spec(),
            external_id: external_id.as_deref(),
            facts: self.facts(),
            fresh_after,
            alone: wishes_news,
            disposing: self.object.meta().deletion_timestamp.is_some(),
            siblings: &self.siblings,
            prints: &self.printed.secrets,
            digests: &self.printed.files,
            key: &self.engine.key,
        };
        let found = K::find(&link.client, &sought).await?;
        self.keep();
        match &found {
            Found::Present(seen) | Found::Unreadable(seen) => {
                debug_assert!(knows_the_words_of::<K>(seen), "a reason that is not in Kind::REASONS: {seen:?}");
                self.seen = Some(seen.clone());
                self.memory.absent = None;
                if matches!(found, Found::Present(_)) {
                    self.withdraw();
                    self.weigh(&seen.state, fresh_after);
                }
            }
            Found::Absent => {
                let (_, since) = self.memory.absent.get_or_insert_with(|| (external_id, Instant::now()));
                // What was read is at least as new as what was asked for.
                self.absent_for = fresh_after.saturating_duration_since(*since);
            }
            Found::Unknown(_) => {}
        }
        Ok(found)
    }

    /// Sees what became of what was sent, in data read at `read` or later. That a copy shows what was sent proves nothing when it is older
    /// than the write: own writes are put into it. Once may be somebody who changed it back; twice the same is the vendor.
    fn weigh(&mut self, seen: &State, read: Instant) {
        for (path, mut tried) in std::mem::take(&mut self.memory.tried) {
            match seen.get(&path).map(Value::remembered) {
                // What is done once is not done again to see.
                Some(shown)
                    if shown != tried.sent
                        && (row(K::FIELDS, &path).is_some_and(|field| deed::is_once::<K>(field.group))
                            || (tried.again && tried.missed.as_ref() == Some(&shown))) =>
                {
                    self.memory.not_kept.insert(path, NotKept { sent: tried.sent, shown });
                }
                Some(shown) if shown != tried.sent => {
                    tried.missed = Some(shown);
                    self.memory.tried.insert(path, tried);
                }
                Some(_) if read < tried.at => drop(self.memory.tried.insert(path, tried)),
                _ => {}
            }
        }
    }

    /// A plan that is held, as the end of the pass: one that only waits for a second look at an absence comes back when it is due.
    pub fn held(&self, hold: Hold) -> Stop {
        let Hold { reason, message } = hold;
        match (&self.memory.absent, reason) {
            (Some((_, since)), Reason::AbsenceUnconfirmed) => {
                let pause = (*since + self.lag).saturating_duration_since(Instant::now()).min(BETWEEN);
                Stop::Later { reason, message, pause }
            }
            _ => Stop::Held(Hold { reason, message }),
        }
    }
}

/// Whether every reason that the kind gave is a word of its own list.
fn knows_the_words_of<K: Kind>(seen: &Seen<K::Facts>) -> bool {
    let given = seen.conditions.iter().map(|aspect| aspect.reason);
    let given = given.chain(seen.unready.iter().map(|unready| unready.reason));
    { given }.all(|reason| K::REASONS.iter().any(|(known, _)| *known == reason))
}
