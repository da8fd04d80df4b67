//! A vendor as plans see it: one external object at most, whose fields can be hidden, fixed, write-only or stubborn.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use crate::engine::deed::Begun;
use crate::engine::diff::remember;
use crate::engine::kind::{Found, Identity, Seen};
use crate::engine::plan::{Action, Claim, Plan, Situation};
use crate::engine::policy::{Deletion, Effective, Management};
use crate::engine::state::{Access, Field, State, Value};
use crate::engine::status::NotKept;

/// The paths of a kind with few fields; the first is its natural key.
pub const PATHS: [&str; 6] = ["key", "a", "b", "c", "more.x", "more.y"];

/// What the operator knows and what it may do.
#[derive(Debug, Clone)]
pub struct World {
    pub identity: Identity,
    pub fields: Vec<Field>,
    pub policy: Effective,
    pub wanted: State,
    pub remembered: BTreeMap<String, String>,
    pub external_id: Option<String>,
    pub first_sight: bool,
    pub announced: bool,
    pub uncertain: bool,
    pub tombstone: Option<String>,
    pub settled: bool,
    pub reported: Vec<(String, String)>,
    pub not_kept: BTreeMap<String, NotKept>,
    /// What is done once and was begun.
    pub begun: BTreeMap<String, Begun>,
    pub awaited: Option<String>,
    pub approved: Option<String>,
    /// The external object: its id, and everything about it.
    pub object: Option<(String, State)>,
    /// What the vendor does not show although others may read it.
    pub hidden: BTreeSet<&'static str>,
    /// What the vendor takes and does not change.
    pub stubborn: Option<&'static str>,
}

fn access() -> impl Strategy<Value = Access> {
    prop::sample::select(&[Access::Readable, Access::WriteOnly, Access::Immutable, Access::CreateOnly][..])
}

fn fields() -> impl Strategy<Value = Vec<Field>> {
    prop::collection::vec(access(), 4).prop_map(|accesses| {
        let rows = ["a", "b", "c", "more.*"].into_iter().zip(accesses);
        let key = Field { path: "key", access: Access::Immutable, key: true, group: "one" };
        let group = |path| if path == "c" { "two" } else { "one" };
        let field = |(path, access)| Field { path, access, key: false, group: group(path) };
        std::iter::once(key).chain(rows.map(field)).collect()
    })
}

/// Values by path: the wanted ones, some absent; a write-only field is a secret half of the time.
fn state(fields: &[Field]) -> impl Strategy<Value = State> + use<> {
    let fields = fields.to_vec();
    prop::collection::vec((prop::option::of(0..3u8), any::<bool>()), PATHS.len()).prop_map(move |drawn| {
        let mut state = State::new().with("key", "k");
        for (path, (value, secret)) in PATHS.into_iter().zip(drawn).skip(1) {
            let Some(value) = value else { continue };
            let hidden = |field: &Field| matches!(field.access, Access::WriteOnly | Access::CreateOnly);
            if secret && crate::engine::state::row(&fields, path).is_some_and(hidden) {
                state.insert_secret(path, format!("fp1:{value}"));
            } else {
                state.insert(path, Value::Plain(json!([value])));
            }
        }
        state
    })
}

fn policy() -> impl Strategy<Value = Effective> {
    let management = prop::sample::select(&[Management::Enforce, Management::Plan, Management::Observe][..]);
    let deletion = prop::sample::select(&[Deletion::Delete, Deletion::Disable, Deletion::Orphan][..]);
    (management, any::<bool>(), any::<bool>(), deletion).prop_map(|(management, adopt, correct_drift, deletion)| {
        Effective { management, adopt, correct_drift, deletion, paused: false }
    })
}

/// Any world at all, likely or not.
pub fn world() -> impl Strategy<Value = World> {
    fields().prop_flat_map(|fields| {
        let identity = prop::sample::select(&[Identity::Chosen, Identity::Listed, Identity::Blind, Identity::Run][..]);
        let id = || prop::option::of(prop::sample::select(&["1", "2"][..]).prop_map(str::to_owned));
        let object = (id(), state(&fields), any::<bool>()).prop_map(|(id, state, foreign)| {
            let state = if foreign { state.with("key", "somebody else's") } else { state };
            id.map(|id| (id, state))
        });
        let known = (id(), any::<bool>(), any::<bool>(), any::<bool>(), id(), id(), any::<bool>());
        let told = (any::<bool>(), any::<bool>());
        let quirks = (
            prop::collection::btree_set(prop::sample::select(&PATHS[1..]), 0..3),
            prop::option::weighted(0.2, prop::sample::select(&PATHS[1..])),
            prop::collection::btree_map(prop::sample::select(&PATHS[1..]), any::<bool>(), 0..2),
        );
        (Just(fields.clone()), identity, policy(), state(&fields), state(&fields), object, known, told, quirks)
            .prop_map(|(fields, identity, policy, wanted, sent, object, known, told, (hidden, stubborn, begun))| {
                let (external_id, first_sight, announced, uncertain, tombstone, awaited, settled) = known;
                let text = |(path, value): (&str, &Value)| (path.to_owned(), value.remembered());
                let reported = wanted
                    .iter()
                    .filter(|_| told.0)
                    .map(|(path, value)| (path.to_owned(), crate::engine::diff::Shown::of(value).text()));
                World {
                    identity,
                    fields,
                    policy,
                    remembered: sent.iter().filter(|_| told.1).map(text).collect(),
                    reported: reported.collect(),
                    begun: begun.into_iter().map(|(path, same)| (path.to_owned(), mark(&wanted, path, same))).collect(),
                    wanted,
                    external_id,
                    first_sight,
                    announced,
                    uncertain: announced && uncertain,
                    tombstone,
                    settled,
                    not_kept: BTreeMap::new(),
                    awaited,
                    approved: None,
                    object,
                    hidden,
                    stubborn,
                }
            })
    })
}

/// The mark of a deed that brings about what is wanted, or once did.
fn mark(wanted: &State, path: &str, same: bool) -> Begun {
    let value = wanted.get(path).map(Value::remembered).filter(|_| same).unwrap_or_else(|| "\"before\"".to_owned());
    let (recorded, credentials) = (None, None);
    let wanted = BTreeMap::from([(path.to_owned(), value)]);
    Begun { attempt: "a.0".to_owned(), external_id: "1".to_owned(), wanted, recorded, credentials }
}

impl World {
    /// What a plan is made from.
    pub fn situation(&self) -> Situation<'_> {
        Situation {
            identity: self.identity,
            fields: &self.fields,
            policy: self.policy,
            wanted: &self.wanted,
            remembered: &self.remembered,
            natural_key: "key k",
            id_form: "its id",
            external_id: self.external_id.as_deref(),
            first_sight: self.first_sight,
            announced: self.announced,
            uncertain: self.uncertain,
            again: None,
            recreate: false,
            lag: Duration::ZERO,
            absent_for: Duration::ZERO,
            removed: false,
            tombstone: self.tombstone.as_deref(),
            settled: self.settled,
            reported: &self.reported,
            not_kept: &self.not_kept,
            begun: &self.begun,
            awaited: self.awaited.as_deref(),
            last_approved: None,
            approved: self.approved.as_deref(),
            uid: "u",
            generation: 1,
        }
    }

    /// What a find brings: by the id when it is known, else by the key where the vendor can search.
    pub fn found(&self) -> Found<Seen<()>> {
        let Some((id, state)) = &self.object else { return Found::Absent };
        let sought = match &self.external_id {
            Some(known) => known == id,
            None => {
                !matches!(self.identity, Identity::Blind | Identity::Run) && state.get("key") == self.wanted.get("key")
            }
        };
        if !sought {
            return Found::Absent;
        }
        let mut shown = State::new();
        for (path, value) in state.iter() {
            let readable = crate::engine::state::row(&self.fields, path)
                .is_some_and(|field| matches!(field.access, Access::Readable | Access::Immutable));
            if readable && !self.hidden.contains(path) {
                shown.insert(path, value.clone());
            }
        }
        Found::Present(Seen::new(id.as_str(), shown, ()))
    }

    fn look_whether_it_was_kept(&mut self, plan: &Plan) {
        let Found::Present(seen) = self.found() else { return };
        for change in &plan.changes {
            let sent = self.wanted.get(&change.path).unwrap().remembered();
            let shown = seen.state.get(&change.path).map(Value::remembered);
            if let Some(shown) = shown.filter(|shown| *shown != sent) {
                self.not_kept.insert(change.path.clone(), NotKept { sent, shown });
            }
        }
    }

    /// Carries a plan out, as the loop does, and remembers what the loop remembers.
    pub fn carry_out(&mut self, plan: &Plan) {
        assert_eq!(plan.hold, None);
        match &plan.action {
            Action::Create | Action::Run => {
                self.object = Some(("new".to_owned(), self.wanted.clone()));
                self.external_id = Some("new".to_owned());
                (self.first_sight, self.announced, self.uncertain) = (false, false, false);
                self.remembered =
                    self.wanted.iter().map(|(path, value)| (path.to_owned(), value.remembered())).collect();
            }
            Action::Adopt { external_id, claim } => {
                if self.external_id.as_ref() != Some(external_id) {
                    self.remembered.clear();
                }
                self.external_id = Some(external_id.clone());
                (self.first_sight, self.announced, self.uncertain) = (false, false, false);
                if *claim == Claim::Revived {
                    self.tombstone = None;
                }
            }
            Action::Update => {
                for change in &plan.changes {
                    let value = self.wanted.get(&change.path).unwrap().clone();
                    self.remembered.insert(change.path.clone(), value.remembered());
                    if let Some((_, state)) = &mut self.object
                        && self.stubborn != Some(change.path.as_str())
                    {
                        state.insert(&change.path, value);
                    }
                }
                self.look_whether_it_was_kept(plan);
            }
            Action::Nothing => {
                if let Found::Present(seen) = self.found() {
                    self.remembered = remember(&self.fields, &self.wanted, &seen.state, &self.remembered);
                }
                self.settled = true;
            }
            Action::Disable | Action::Delete => self.object = None,
            Action::Release => {}
        }
    }
}
