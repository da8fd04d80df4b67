//! Controller: joins a kind's watch, the queue and the loop. Which changes are news is decided here, and what is remembered lives here.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use kube::core::DeserializeGuard;
use kube::core::object::{HasSpec, HasStatus};
use kube::{Resource, ResourceExt};
use tokio::sync::watch;
use tokio::time::Instant;

use super::announcement::Announcement;
use super::condition::SYNCED;
use super::conflict;
use super::content::Printed;
use super::context::{Controller, Engine};
use super::draft::recorded_id;
use super::expiry;
use super::kind::{Kind, Managed};
use super::malformed::{self, Shape};
use super::outcome;
use super::pass::{Memory, Pass, version_of};
use super::policy::{self, Effective, FINALIZER, PENDING_CREATE};
use super::queue::{Item, Lane, Tenant};
use super::reason::Reason;
use super::reconcile::{self, End};
use super::reference::{Sort, Target};
use super::report::{Next, Outcome, Settled, Stop};
use super::retry;
use super::settle::{admin_api_key, targets};
use super::sibling::{Resolved, Siblings};
use super::state::State;
use super::trigger::{Digests, Trigger};
use super::watch::{Change, Key, Store, watch_scope};
use crate::base::fault::{Class, Delivery};

/// How long another kind's watch may lag behind before we say that something is missing.
const GRACE: Duration = Duration::from_secs(2);

/// An object that cannot be read has no memory in which failures could be counted: it waits as after the fifth, some seconds.
const TRIES_OF_A_MALFORMED_OBJECT: u32 = 5;

/// The controller of one kind.
pub struct KindController<K: Kind> {
    engine: Arc<Engine>,
    kind: &'static str,
    store: Arc<Store<DeserializeGuard<K::Object>>>,
    /// Of the objects of which there is something to remember; boxed, since the table has room for more than it holds.
    memory: Mutex<HashMap<Key, Box<Memory<K>>>>,
    triggers: Mutex<HashMap<Key, Trigger>>,
    digests: Digests,
    /// Objects whose create waits for a person to say how it ended.
    parked: Mutex<HashSet<Key>>,
    /// Objects that were edited before their AdminApi was looked at: they go first once it was.
    early: Mutex<HashSet<Key>>,
    /// What those were told that refer to an object; nothing is kept of one that nobody refers to.
    told: Mutex<HashMap<Key, Resolved>>,
}

impl<K: Kind> KindController<K> {
    /// The controller of `kind` in one operator.
    pub fn new(engine: Arc<Engine>, kind: &'static str) -> Self {
        let (memory, triggers, parked, early, told) = Default::default();
        Self { engine, kind, store: Arc::default(), memory, triggers, parked, early, told, digests: Digests::default() }
    }

    fn item(&self, key: &Key) -> Item {
        Item { kind: self.kind, namespace: key.0.clone(), name: key.1.clone() }
    }

    fn applied(&self, key: &Key, object: &DeserializeGuard<K::Object>) {
        self.caught_up(key, object);
        // What cannot be read keeps the claim that it had.
        if let Ok(object) = &object.0 {
            self.stake(key, object);
        }
        self.tell(key, false);
        let trigger = self.digests.of(object);
        let old = self.triggers.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), trigger);
        if old.as_ref() == Some(&trigger) && !self.unparked(key, object) {
            return;
        }
        let item = self.item(key);
        if let Ok(object) = &object.0 {
            self.engine.references.set(&item, targets::<K>(&key.0, object.spec()));
            self.engine.recount(&admin_api_key(&key.0, object.spec()));
        }
        if let Some((tenant, lane)) = self.standing(key) {
            if old.is_some() && self.is_early(key, object) {
                self.early.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
            }
            self.engine.enqueue(item, tenant, if old.is_some() { Lane::Edit } else { lane });
        }
    }

    /// Whether nobody can tell yet what an object's AdminApi is like.
    fn is_early(&self, key: &Key, object: &DeserializeGuard<K::Object>) -> bool {
        let unseen = |object: &K::Object| self.engine.sessions.get(&admin_api_key(&key.0, object.spec())).is_none();
        object.0.as_ref().is_ok_and(unseen)
    }

    /// Puts an object's claim into the index.
    fn stake(&self, key: &Key, object: &K::Object) {
        let stake = conflict::stake::<K>(&key.0, object, |admin_api| self.engine.granted(&key.0, admin_api));
        self.engine.enqueue_all(self.engine.claims.set(&self.item(key), stake), Lane::Edit);
    }

    /// Notes that an object waits for its announcement to be taken away.
    fn park(&self, item: &Item) {
        let key = (item.namespace.clone(), item.name.clone());
        self.parked.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
    }

    /// Whether a person took away the announcement of a create that waits for just that.
    fn unparked(&self, key: &Key, object: &DeserializeGuard<K::Object>) -> bool {
        let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = object.annotations().get(PENDING_CREATE).map(String::as_str).map(Announcement::read);
        standing.is_none_or(|standing| standing.is_again()) && parked.remove(key)
    }

    fn deleted(&self, key: &Key) {
        let item = self.item(key);
        self.parked.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        self.early.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        self.triggers.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        let used = self.engine.references.used_by(&item);
        self.engine.forget(&item);
        self.engine.enqueue_all(self.engine.claims.set(&item, None), Lane::Edit);
        self.tell(key, true);
        for target in used.into_iter().filter(|target| target.sort == Sort::AdminApi) {
            self.engine.recount(&(target.namespace, target.name));
        }
    }

    /// Brings back those that refer to an object when what they need of it has changed.
    fn tell(&self, key: &Key, gone: bool) {
        let target = Target { sort: Sort::Object(self.kind), namespace: key.0.clone(), name: key.1.clone() };
        let resolved = self.lookup(key).filter(|_| self.engine.references.is_used(&target));
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.get(key) == resolved.as_ref() && !gone {
            return;
        }
        match resolved {
            Some(resolved) => told.insert(key.clone(), resolved),
            None => told.remove(key),
        };
        drop(told);
        self.engine.enqueue_users(&target, Lane::Edit);
    }

    /// Once the watch shows what we wrote, there is no need to keep a second copy of the object.
    fn caught_up(&self, key: &Key, stored: &DeserializeGuard<K::Object>) {
        let mut all = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(memory) = all.get_mut(key) {
            memory.catch_up(version_of(stored));
            if memory.is_blank() {
                all.remove(key);
            }
        }
    }

    async fn look(&self, item: &Item) -> Next {
        let key = (item.namespace.clone(), item.name.clone());
        let Some(stored) = self.store.get(&key) else { return Next::Wait };
        let Ok(object) = &stored.0 else { return self.report_malformed(item).await };
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner).remove(&key).unwrap_or_default();
        if memory.uid != object.uid() {
            *memory = Memory { uid: object.uid(), ..Memory::default() };
        }
        if !self.is_early(&key, &stored) {
            self.early.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
        }
        let object = newest(object, memory.latest.take());
        let next = self.pass(item, object, &mut memory).await;
        // Looked up under the lock: a change that the watch brings after that finds the memory in its place.
        let mut all = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        match self.store.get(&key).filter(|stored| stored.meta().uid == memory.uid) {
            Some(stored) => {
                memory.catch_up(version_of(&*stored));
                if !memory.is_blank() {
                    all.insert(key, memory);
                }
            }
            // An object that vanished meanwhile leaves no memory, and no metrics.
            None => self.engine.metrics.forget(item),
        }
        next
    }

    async fn report_malformed(&self, item: &Item) -> Next {
        let shape = Shape { flattened: malformed::misfit::<K::Facts>, unknown: &[SYNCED] };
        match malformed::report::<K::Object>(&self.engine, item, &shape).await {
            Ok(_) => Next::Wait,
            Err(error) => {
                tracing::debug!(kind = item.kind, name = %item.name, %error, "could not say that it is malformed, will try again");
                retry::next(&Outcome::Stopped(Stop::Kubernetes(error)), TRIES_OF_A_MALFORMED_OBJECT)
            }
        }
    }

    fn begin<'p>(&'p self, object: K::Object, memory: &'p mut Memory<K>, policy: Effective) -> Pass<'p, K> {
        Pass {
            engine: &self.engine,
            kind: self.kind,
            spec: object.spec().clone(),
            generation: object.meta().generation.unwrap_or_default(),
            object,
            memory,
            policy,
            siblings: Siblings::default(),
            printed: Printed::default(),
            wanted: State::new(),
            withdrawn: Vec::new(),
            seen: None,
            absent_for: Duration::ZERO,
            lag: K::LAG,
            plan: None,
            deeds: Vec::new(),
            recorded: None,
            awaits: None,
        }
    }

    async fn pass(&self, item: &Item, object: K::Object, memory: &mut Memory<K>) -> Next {
        let begun = Instant::now();
        let policy = policy::effective(object.spec().policy(), object.annotations(), K::DELETIONS);
        let mut pass = self.begin(object, memory, policy);
        let end = reconcile::run(&mut pass).await;
        if !pass.object.finalizers().iter().any(|name| name == FINALIZER) {
            self.engine.enqueue_all(self.engine.claims.unseize(item), Lane::Edit);
        }
        let outcome = match end {
            end @ (End::Quiet | End::Soon) => {
                memory.latest = Some(pass.object);
                return if matches!(end, End::Soon) { Next::After(GRACE) } else { Next::Wait };
            }
            End::LetGo(deed, what) => {
                outcome::let_go(item, &pass, deed, &what);
                self.engine.metrics.let_go(self.kind, deed, begun.elapsed());
                return Next::Wait;
            }
            End::Report(outcome) => self.engine.waiting(&admin_api_key(pass.namespace(), pass.spec()), outcome),
        };
        self.suspect(&pass, &outcome);
        let recorded = outcome::record(item, &mut pass, &outcome).await;
        let (latest, written) = (pass.object, pass.recorded);
        self.note(item, written);
        memory.latest = Some(latest);
        let outcome = match recorded {
            Ok(()) => outcome,
            Err(stop) => {
                tracing::debug!(kind = item.kind, name = %item.name, error = %stop, "status not written, will try again");
                Outcome::Stopped(stop)
            }
        };
        let reason = outcome.reason();
        if reason == Reason::CreateOutcomeUnknown {
            self.park(item);
        }
        self.engine.metrics.passed(self.kind, &outcome, begun.elapsed());
        let next = retry::next(&outcome, memory.tries);
        memory.tries = tries(&outcome, memory.tries);
        memory.unwell = is_unwell(&outcome).then(Instant::now);
        memory.latest.as_ref().map_or(next, |object| expiry::sooner::<K>(next, object, policy))
    }

    /// Credentials that were refused are the AdminApi's trouble first.
    fn suspect(&self, pass: &Pass<'_, K>, outcome: &Outcome) {
        if let Outcome::Stopped(Stop::Vendor(fault)) = outcome
            && fault.class == Class::Denied
            && fault.delivery != Delivery::NotSent
            // Credentials that are good for everything else are this object's trouble, and get its own pauses.
            && pass.memory.tries == 0
        {
            self.engine.suspect(&admin_api_key(pass.namespace(), pass.spec()), fault);
        }
    }

    /// The id that we recorded ourselves is no news when the watch brings it.
    fn note(&self, item: &Item, recorded: Option<String>) {
        let key = (item.namespace.clone(), item.name.clone());
        if let (Some(id), Some(known)) =
            (recorded, self.triggers.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&key))
        {
            self.digests.note(known, &id);
        }
    }
}

impl<K: Kind> Controller for KindController<K> {
    fn watch(self: Arc<Self>, scope: Option<String>, listed: watch::Sender<bool>) -> BoxFuture<'static, ()> {
        let (client, store) = (self.engine.client.clone(), self.store.clone());
        let tell = move |change| match change {
            Change::Applied(key, object) => self.applied(&key, &object),
            Change::Deleted(key) => self.deleted(&key),
            Change::Listing | Change::Listed => {}
        };
        Box::pin(watch_scope(client, scope, Some(store), tell, listed))
    }

    fn reconcile(self: Arc<Self>, item: Item) -> BoxFuture<'static, Next> {
        Box::pin(async move { self.look(&item).await })
    }

    fn standing(&self, key: &Key) -> Option<(Tenant, Lane)> {
        let object = self.store.get(key)?;
        let Ok(object) = &object.0 else { return Some((None, Lane::Edit)) };
        let observed = object.status().map_or(-1, |status| status.observed_generation);
        // What changed while nobody looked may be thousands, and waits like what is new: the edit that somebody makes now goes first.
        let changed = Some(observed) != object.meta().generation || object.meta().deletion_timestamp.is_some();
        let early = || self.early.lock().unwrap_or_else(PoisonError::into_inner).contains(key);
        let lane = match changed {
            true if early() => Lane::Edit,
            true => Lane::First,
            false => Lane::Resync,
        };
        let admin_api = admin_api_key(&key.0, object.spec());
        // Who is not granted an AdminApi takes nothing of its share either.
        Some((Some(admin_api).filter(|admin_api| self.engine.granted(&key.0, admin_api)), lane))
    }

    fn regrant(&self, key: &Key) {
        if let Some(stored) = self.store.get(key)
            && let Ok(object) = &stored.0
        {
            self.stake(key, object);
        }
    }

    fn lookup(&self, key: &Key) -> Option<Resolved> {
        let stored = self.store.get(key)?;
        let deleting = stored.meta().deletion_timestamp.is_some();
        Some(match &stored.0 {
            Ok(object) => Resolved {
                external_id: recorded_id::<K>(object).map(str::to_owned),
                deleting,
                admin_api: Some(admin_api_key(&key.0, object.spec())),
            },
            Err(_) => Resolved { external_id: None, deleting, admin_api: None },
        })
    }
}

/// Whether the external object is as it should be and not well, which is likely to pass.
fn is_unwell(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Settled(Settled { unready: Some(unready), .. }) if unready.passing)
}

/// Failures in a row, now that a pass came to this.
fn tries(outcome: &Outcome, before: u32) -> u32 {
    match outcome {
        Outcome::Stopped(Stop::Kubernetes(error)) if error.is_conflict() => before,
        Outcome::Stopped(Stop::Waiting { reason: Reason::AdminApiNotReady, .. }) => before,
        Outcome::Stopped(Stop::Vendor(_) | Stop::Kubernetes(_)) => before.saturating_add(1),
        outcome if is_unwell(outcome) => before.saturating_add(1),
        Outcome::Stopped(Stop::Held(hold)) if matches!(hold.reason, Reason::Unavailable | Reason::DeletionBlocked) => {
            before.saturating_add(1)
        }
        _ => 0,
    }
}

/// The object as new as we know it: as the watch shows it, or as our own last write left it.
pub fn newest<O: ResourceExt + Clone>(stored: &O, latest: Option<O>) -> O {
    match latest {
        // Ours may be ahead of the watch for a moment.
        Some(latest) if latest.uid() == stored.uid() && version_of(&latest) > version_of(stored) => latest,
        _ => stored.clone(),
    }
}
