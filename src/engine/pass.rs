//! Pass: one object on its way through the loop, and what is remembered of it from one pass to the next.

use std::collections::BTreeMap;

use kube::Resource;
use kube::core::object::{HasSpec, HasStatus};
use tokio::time::Instant;

use super::diff::Change;
use super::draft::{self, Draft};
use super::kind::{Found, Kind, Seen, Sought};
use super::operator::Engine;
use super::plan::{Plan, Situation};
use super::policy::{EXTERNAL_ID, Effective, PENDING_CREATE, RECONCILE_AT};
use super::reason::Reason;
use super::settle::Link;
use super::state::State;
use super::status::Status;
use super::tombstone;
use crate::base::fault::Fault;

/// What is remembered of an object between passes: what is not recorded yet, and how the last passes went.
pub struct Memory<K: Kind> {
    /// Failures in a row.
    pub tries: u32,
    /// The object as our last write left it, until the watch has caught up.
    pub latest: Option<K::Object>,
    /// Shared data must be read after this instant: a write of ours may have happened, or may not.
    pub look_after: Option<Instant>,
    /// The id, until it is recorded.
    pub external_id: Option<String>,
    /// What was sent, until it is recorded.
    pub applied: BTreeMap<String, String>,
    /// What the answer to the create told, until it is recorded.
    pub facts: Option<K::Facts>,
    /// The object was created by us, and that is not recorded yet.
    pub created: bool,
    /// The announcement that this process made.
    pub attempt: Option<String>,
    /// No call under that announcement may have been carried out.
    pub attempt_is_clean: bool,
    /// What was published, to write it only when it differs: the connection details and the version of the Secret.
    pub published: Option<(BTreeMap<&'static str, String>, Option<String>)>,
}

impl<K: Kind> Default for Memory<K> {
    fn default() -> Self {
        Self {
            tries: 0,
            latest: None,
            look_after: None,
            external_id: None,
            applied: BTreeMap::new(),
            facts: None,
            created: false,
            attempt: None,
            attempt_is_clean: false,
            published: None,
        }
    }
}

/// One pass over one object.
pub struct Pass<'a, K: Kind> {
    /// What everything shares.
    pub engine: &'a Engine,
    /// The kind.
    pub kind: &'static str,
    /// The object, as new as we know it.
    pub object: K::Object,
    /// What is remembered of it.
    pub memory: &'a mut Memory<K>,
    /// The policy in force.
    pub policy: Effective,
    /// The wanted state, once known.
    pub wanted: State,
    /// What was seen last, once something was.
    pub seen: Option<Seen<K::Facts>>,
    /// The plan, once made.
    pub plan: Option<Plan>,
    /// What was done, in words, for Events: told even when the pass then stops.
    pub deeds: Vec<(Reason, String)>,
}

impl<K: Kind> Pass<'_, K> {
    /// The spec.
    pub fn spec(&self) -> &K::Spec {
        self.object.spec()
    }

    /// The namespace.
    pub fn namespace(&self) -> &str {
        self.object.meta().namespace.as_deref().unwrap_or_default()
    }

    /// An annotation.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        draft::annotation::<K>(&self.object, name)
    }

    /// The vendor's id: what was recorded in the annotation, or is not recorded yet, or stood in the status.
    pub fn external_id(&self) -> Option<String> {
        let annotated = self.annotation(EXTERNAL_ID).map(str::to_owned);
        annotated.or_else(|| self.memory.external_id.clone()).or_else(|| self.stored()?.external_id.clone())
    }

    /// The stored status.
    pub fn stored(&self) -> Option<&Status<K::Facts>> {
        self.object.status()
    }

    /// What was last sent of the fields that cannot be read back, recorded or not.
    pub fn remembered(&self) -> BTreeMap<String, String> {
        let mut remembered = self.stored().map(|status| status.applied.clone()).unwrap_or_default();
        remembered.extend(self.memory.applied.clone());
        remembered
    }

    /// Remembers that everything was sent: a create carries every field.
    pub fn sent_all(&mut self) {
        let sent = self.wanted.iter().map(|(path, value)| (path.to_owned(), value.remembered()));
        self.memory.applied.extend(sent.collect::<Vec<_>>());
    }

    /// Remembers that these changes were sent.
    pub fn sent(&mut self, changes: &[Change]) {
        for change in changes {
            if let Some(value) = self.wanted.get(&change.path) {
                self.memory.applied.insert(change.path.clone(), value.remembered());
            }
        }
    }

    /// Whether somebody asked for a look right now.
    pub fn wishes_news(&self) -> bool {
        let token = self.annotation(RECONCILE_AT);
        token.is_some() && token != self.stored().and_then(|status| status.last_handled_reconcile_at.as_deref())
    }

    /// What a plan depends on.
    pub fn situation<'s>(&'s self, draft: &'s Draft) -> Situation<'s> {
        draft.situation::<K>(&self.object, self.policy, &self.wanted)
    }

    /// The owned parts of that, with what is not recorded yet.
    pub fn draft(&self, link: &Link<K>) -> Draft {
        let attempt = self.annotation(PENDING_CREATE);
        let clean = attempt.is_some() && attempt == self.memory.attempt.as_deref() && self.memory.attempt_is_clean;
        let tombstone = link.session.tombstone(&tombstone::key(self.kind, &K::natural_key(self.spec())));
        Draft {
            remembered: self.remembered(),
            announced: attempt.is_some() && !clean,
            ..Draft::new::<K>(&self.object, self.external_id(), tombstone)
        }
    }

    /// Looks for the external object, in data as fresh as the occasion asks for.
    ///
    /// # Errors
    /// The vendor's.
    pub async fn find(&mut self, link: &Link<K>) -> Result<Found<Seen<K::Facts>>, Fault> {
        let wishes_news = self.wishes_news();
        let mut fresh_after = link.session.fresh_after();
        if wishes_news && self.seen.is_none() {
            fresh_after = Instant::now();
        }
        fresh_after = self.memory.look_after.map_or(fresh_after, |after| after.max(fresh_after));
        let external_id = self.external_id();
        let facts = self.memory.facts.as_ref().or_else(|| self.stored().map(|status| &status.facts));
        let sought =
            Sought { spec: self.spec(), external_id: external_id.as_deref(), facts, fresh_after, alone: wishes_news };
        let found = K::find(&link.client, &sought).await?;
        if let Found::Present(seen) = &found {
            self.seen = Some(seen.clone());
        }
        Ok(found)
    }
}
