//! Connection: the controller of AdminApis. It alone reads credentials, builds clients and proves them; its objects only borrow the result.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use kube::core::DeserializeGuard;
use kube::{Resource, ResourceExt};
use tokio::sync::watch;
use tokio::time::Instant;

use super::admin_api::{AdminApi, AdminApiStatus, IN_USE, ManagedObjects};
use super::condition::{Judgement, READY, RECONCILING, STALLED, stamp};
use super::context::{Controller, Engine};
use super::controller::newest;
use super::credentials::{self, targets, unusable};
use super::interruption::{explain, is_passing};
use super::kubernetes::{Error, hold, release, write_status};
use super::malformed::{self, Shape};
use super::metrics;
use super::permit;
use super::policy::{ACCEPT_REALM, RECONCILE_AT};
use super::queue::{Item, Lane, Tenant};
use super::realm;
use super::reason::Reason;
use super::record::Witness;
use super::reference::{Sort, Target};
use super::report::{Next, Outcome, Stop};
use super::retry;
use super::session::{Session, Standing, VendorRow, no_vendor, vendor_of};
use super::status::merge_patch;
use super::tombstone::{self, Tombstones};
use super::watch::{Change, Key, watch_scope};
use crate::base::breaker;
use crate::base::clock::{jitter, now};
use crate::base::fault::{Class, Delivery, Fault};

/// The kind of an AdminApi, as an item.
pub const KIND: &str = "AdminApi";

/// The API answers.
const REACHABLE: &str = "Reachable";
/// The API takes the credentials.
const AUTHENTICATED: &str = "Authenticated";

/// How long a change of the number of objects waits for further ones before it is written.
const RECOUNT: Duration = Duration::from_secs(2);

/// What is remembered of an AdminApi between looks.
#[derive(Default)]
struct Memory {
    tries: u32,
    /// When the vendor is asked again, whatever else brings us here before.
    due: Option<Instant>,
    /// What the last look depended on: a change of it makes the next look due.
    seen: Option<Dependencies>,
    latest: Option<AdminApi>,
    /// Whose memory it is.
    uid: Option<String>,
}

/// Generation, the token of a wish to look now and the realm that is accepted, the versions of what is referred to.
type Dependencies = (Option<i64>, [Option<String>; 2], Vec<Option<String>>);

/// The controller of AdminApis.
pub struct Connections {
    engine: Arc<Engine>,
    memory: Mutex<HashMap<Key, Memory>>,
}

impl Connections {
    /// The controller of one operator.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine, memory: Mutex::default() }
    }

    fn applied(&self, key: &Key, object: &DeserializeGuard<AdminApi>) {
        let item = item_of(key);
        let tenant = Some(key.clone());
        if let Ok(object) = &object.0 {
            self.engine.references.set(&item, targets(self.engine.vendors, &key.0, &object.spec));
            realm::recall(&self.engine, key, object);
            permit::observe(&self.engine, key, object);
            if self.engine.grants.given(key, object.spec.allowed_namespaces.as_ref()) {
                self.engine.regrant(self.engine.references.users(&target(key)));
            }
            self.engine.limit(&tenant, (object.spec.limits().concurrency.get() as usize * 2).clamp(8, 128));
        }
        self.engine.enqueue(item, None, Lane::Edit);
    }

    fn deleted(&self, key: &Key) {
        self.engine.forget(&item_of(key));
        self.engine.unlimit(&Some(key.clone()));
        self.engine.sessions.remove(key);
        self.engine.guards.remove(key);
        self.engine.answers.forget(key);
        if self.engine.grants.given(key, None) {
            self.engine.regrant(self.engine.references.users(&target(key)));
        }
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        self.engine.enqueue_users(&target(key), Lane::Edit);
    }

    async fn look(&self, item: &Item) -> Next {
        let key = (item.namespace.clone(), item.name.clone());
        let Some(stored) = self.engine.admin_apis.get(&key) else { return Next::Wait };
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner).remove(&key).unwrap_or_default();
        let next = match &stored.0 {
            Ok(object) => {
                if memory.uid != object.uid() {
                    memory = Memory { uid: object.uid(), ..Memory::default() };
                    self.engine.sessions.remove(&key);
                }
                let object = newest(object, memory.latest.take());
                self.look_at(&key, object, &mut memory).await
            }
            Err(_) => self.malformed(item, &key).await,
        };
        if self.engine.admin_apis.get(&key).is_some_and(|stored| stored.uid() == memory.uid) {
            self.memory.lock().unwrap_or_else(PoisonError::into_inner).insert(key, memory);
        }
        next
    }

    /// One that cannot be read says so itself; its objects wait, and are let go with the last session.
    async fn malformed(&self, item: &Item, key: &Key) -> Next {
        let shape = Shape { flattened: |_| None, unknown: &[REACHABLE, AUTHENTICATED] };
        match malformed::report::<AdminApi>(&self.engine, item, &shape).await {
            // It is mended already, and the watch will say so.
            Ok(None) => Next::Wait,
            Ok(Some(message)) => {
                let (reason, since, last) = (Reason::Malformed, Instant::now(), self.engine.sessions.session(key));
                self.engine.sessions.set(key, Standing::Disconnected { reason, message, since, last });
                self.engine.enqueue_users(&target(key), Lane::Resync);
                Next::Wait
            }
            Err(error) => retry::next(&Outcome::Stopped(Stop::Kubernetes(error)), 0),
        }
    }

    async fn look_at(&self, key: &Key, object: AdminApi, memory: &mut Memory) -> Next {
        let object = match self.finalize(key, object).await {
            Ok(Some(object)) => object,
            Ok(None) => {
                self.leave(key);
                return Next::Wait;
            }
            Err(error) => {
                memory.tries = memory.tries.saturating_add(1);
                return retry::next(&Outcome::Stopped(Stop::Kubernetes(error)), memory.tries);
            }
        };
        let suspected = self.engine.suspects.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        let dependencies = self.dependencies(key, &object);
        let changed = memory.seen.as_ref() != Some(&dependencies);
        let due = changed || suspected || memory.due.is_none_or(|due| due <= Instant::now());
        let outcome = if due {
            let (generation, said, _) = dependencies;
            if let Some(session) = self.engine.sessions.session(key).filter(|_| changed) {
                // Somebody did something about it.
                session.breaker.hurry();
            }
            let mut read = Vec::new();
            let outcome = self.connect(key, &object, &mut read).await;
            // The versions that were read, not those that came in meanwhile: those make the next look due.
            memory.seen = Some((generation, said, read));
            memory.tries = if outcome.is_ok() { 0 } else { memory.tries.saturating_add(1) };
            let pause = match &outcome {
                // A thousand that were connected at the same start must not beat as one.
                Ok(_) if memory.due.is_none() => jitter(beat(object.spec.resync()) / 2, 1.0),
                Ok(_) => beat(object.spec.resync()),
                Err(stop) => pause_after(stop, memory.tries - 1),
            };
            memory.due = Some(Instant::now() + pause);
            Some(outcome)
        } else {
            None
        };
        permit::turn(&self.engine, key).await;
        let mut status = self.status(key, &object, outcome.as_ref());
        permit::show(&self.engine, key, &object, &mut status);
        memory.latest = self.store(key, &object, &status).await.or(Some(object));
        let due = memory.due.map_or(RECOUNT, |due| due.saturating_duration_since(Instant::now()));
        Next::After(permit::wake(&self.engine, key).map_or(due, |wake| wake.min(due)))
    }

    /// Holds an AdminApi that is wanted, and lets go of one that is not, once nothing uses it (none then). One that is going and still used
    /// goes on as it is: its objects need it to go themselves.
    async fn finalize(&self, key: &Key, object: AdminApi) -> Result<Option<AdminApi>, Error> {
        let held = object.finalizers().iter().any(|finalizer| finalizer == IN_USE);
        match (object.meta().deletion_timestamp.is_some(), held) {
            (false, true) => Ok(Some(object)),
            (false, false) => hold(&self.engine.client, &object, IN_USE).await.map(Some),
            (true, true) if self.count(key).total > 0 => Ok(Some(object)),
            (true, true) => release(&self.engine.client, &object, IN_USE).await.map(|()| None),
            (true, false) => Ok(None),
        }
    }

    /// One that goes, and that nothing of ours holds, is not connected any more. Whoever still names it after a restart has to be told.
    fn leave(&self, key: &Key) {
        if self.engine.sessions.get(key).is_some() {
            return;
        }
        let message = "it is being deleted; create it again once it is gone, or name another one".to_owned();
        let (reason, since) = (Reason::AdminApiMissing, Instant::now());
        self.engine.sessions.set(key, Standing::Disconnected { reason, message, since, last: None });
        self.engine.enqueue_users(&target(key), Lane::Resync);
    }

    fn dependencies(&self, key: &Key, object: &AdminApi) -> Dependencies {
        let targets = targets(self.engine.vendors, &key.0, &object.spec);
        let versions = targets.iter().map(|target| self.engine.references.version(target)).collect();
        let said = [RECONCILE_AT, ACCEPT_REALM].map(|annotation| object.annotations().get(annotation).cloned());
        (object.meta().generation, said, versions)
    }

    /// Reads the credentials, keeps or builds the client, and proves it with a read that starts a resync of all its objects.
    async fn connect(
        &self,
        key: &Key,
        object: &AdminApi,
        read: &mut Vec<Option<String>>,
    ) -> Result<&'static VendorRow, Stop> {
        let before = self.engine.sessions.get(key);
        let last = self.engine.sessions.session(key);
        let result = self.open(key, object, last.clone(), read).await;
        let kept = result.as_ref().ok().zip(last.as_ref()).is_some_and(|(new, old)| Arc::ptr_eq(new, old));
        let session = match result {
            Ok(session) => session,
            Err(stop) => {
                self.disconnected(key, before, last, &stop);
                return Err(stop);
            }
        };
        let vendor = session.vendor;
        credentials::caution(&self.engine, key, object, session.as_ref(), kept);
        // Known before any of its objects is worked on.
        self.engine.enqueue_all(self.engine.claims.set_realm(key, &session.realm), Lane::Edit);
        self.engine.sessions.set(key, Standing::Connected(session));
        // After an outage those that failed in it need not wait for the end of their pauses; those that were refused have to, unless the
        // credentials are new.
        let back = matches!(&before, Some(Standing::Disconnected { reason, .. }) if !kept || *reason != Reason::Denied);
        self.engine.enqueue_users(&target(key), if back { Lane::Retry } else { Lane::Resync });
        Ok(vendor)
    }

    fn disconnected(&self, key: &Key, before: Option<Standing>, last: Option<Arc<Session>>, stop: &Stop) {
        let (reason, message, now) = (reason_of(stop), stop.to_string(), Instant::now());
        let (old, since) = match before {
            Some(Standing::Disconnected { reason, since, .. }) => (Some(reason), since),
            _ => (None, now),
        };
        let (sessions, standing) = (&self.engine.sessions, Standing::Disconnected { reason, message, since, last });
        let unsent = matches!(stop, Stop::Vendor(Fault { class: Class::Denied, delivery: Delivery::NotSent, .. }));
        let accused = sessions.is_accused(key);
        if unsent && accused {
            sessions.accuse(key, standing);
            return;
        }
        sessions.set(key, standing);
        // Of a short outage its own status speaks, and no other; of a long one everything that waits for its end.
        if accused || old != Some(reason) || (is_passing(reason) && !self.engine.is_briefly_away(key)) {
            self.engine.enqueue_users(&target(key), Lane::Resync);
        }
    }

    async fn open(
        &self,
        key: &Key,
        object: &AdminApi,
        last: Option<Arc<Session>>,
        read: &mut Vec<Option<String>>,
    ) -> Result<Arc<Session>, Stop> {
        let spec = &object.spec;
        let vendor = vendor_of(self.engine.vendors, &spec.vendor)
            .ok_or_else(|| Stop::Waiting { reason: Reason::Invalid, message: no_vendor(self.engine.vendors) })?;
        let breaker = self.engine.breaker(key);
        let mut access = credentials::access(&self.engine, vendor, &key.0, spec, breaker.clone(), read).await?;
        let (metrics, changes) = (self.engine.metrics.clone(), self.engine.settings.changes.clone());
        access.observer = Arc::new(Witness::new(metrics, changes, self.engine.answers.clone(), key));
        let block = &spec.vendor[vendor.block];
        let print = credentials::print(&self.engine, vendor, block, spec, &access);
        let credentials = credentials::prints(&self.engine, &access.credentials);
        let begun = Instant::now();
        let known = last.as_ref().filter(|session| session.print == print);
        let (client, breaker) = match known {
            Some(session) => (session.client.clone(), session.breaker.clone()),
            None => ((vendor.connect)(block, access).map_err(unusable)?, breaker),
        };
        let checked = (vendor.check)(client.clone(), begun).await;
        checked.map_err(|fault| explain(&breaker, fault))?;
        let session = match known {
            Some(session) => session.clone(),
            None => {
                let realm = realm::of(&self.engine, vendor, &client);
                realm::admit(&self.engine, key, object, &realm)?;
                // Read as late as can be: what is removed before there is a session is removed in Kubernetes alone.
                let tombstones = match &last {
                    Some(last) => last.tombstones.clone(),
                    None => Arc::new(Tombstones::new(tombstone::load(&self.engine.client, &key.0, &key.1).await?)),
                };
                Arc::new(Session::new(vendor, client, print, credentials, realm, breaker, tombstones))
            }
        };
        session.refresh(begun);
        Ok(session)
    }

    fn status(
        &self,
        key: &Key,
        object: &AdminApi,
        outcome: Option<&Result<&'static VendorRow, Stop>>,
    ) -> AdminApiStatus {
        let mut status = object.status.clone().unwrap_or_default();
        status.managed_objects = Some(self.count(key));
        let Some(outcome) = outcome else { return status };
        let generation = object.meta().generation.unwrap_or_default();
        status.observed_generation = generation;
        status.last_handled_reconcile_at = object.annotations().get(RECONCILE_AT).cloned();
        if let Ok(vendor) = outcome {
            status.vendor = Some(vendor.name.to_owned());
            status.realm = self.engine.sessions.session(key).map(|session| session.realm.clone());
        }
        let mut judgements = judgements(outcome);
        if object.meta().deletion_timestamp.is_some() {
            let count = status.managed_objects.as_ref().map_or(0, |objects| objects.total);
            let message = format!("{count} objects use this AdminApi; it goes when they are gone");
            judgements.retain(|judgement| ![READY, RECONCILING, STALLED].contains(&judgement.condition));
            judgements.insert(0, Judgement::new(READY, false, Reason::InUse.word(), message.clone()));
            judgements.push(Judgement::new(RECONCILING, true, Reason::InUse.word(), message));
        }
        status.conditions = stamp(&status.conditions, &judgements, generation, now());
        status
    }

    fn count(&self, key: &Key) -> ManagedObjects {
        let by_kind: BTreeMap<String, i64> = self
            .engine
            .references
            .count(&target(key), |user| self.engine.granted(&user.namespace, key))
            .into_iter()
            .map(|(kind, count)| (kind.to_owned(), i64::try_from(count).unwrap_or(i64::MAX)))
            .collect();
        ManagedObjects { total: by_kind.values().sum(), by_kind }
    }

    /// Writes the status if it differs, with an Event when Ready turned; returns what Kubernetes stores now.
    async fn store(&self, key: &Key, object: &AdminApi, status: &AdminApiStatus) -> Option<AdminApi> {
        let ready = status.conditions.iter().find(|condition| condition.type_ == READY)?;
        metrics::show(&self.engine, key, object, status);
        permit::tell(&self.engine, key, object, status);
        let old = serde_json::to_value(&object.status).ok()?;
        let old = if old.is_null() { serde_json::json!({}) } else { old };
        let patch = merge_patch(&old, &serde_json::to_value(status).ok()?)?;
        let before = object.status.iter().flat_map(|status| &status.conditions).find(|old| old.type_ == READY);
        if before.is_none_or(|before| before.status != ready.status || before.reason != ready.reason) {
            let warning = ready.status != "True";
            self.engine.event(object.object_ref(&()), &ready.reason, warning, &ready.message);
            tracing::info!(namespace = %key.0, name = %key.1, ready = ready.status, reason = ready.reason, note = ready.message, "AdminApi");
        }
        match write_status(&self.engine.client, object, patch).await {
            Ok(stored) => {
                self.engine.metrics.status_written(KIND);
                Some(stored)
            }
            Err(error) => {
                tracing::warn!(namespace = %key.0, name = %key.1, %error, "could not write the status of an AdminApi");
                None
            }
        }
    }
}

impl Controller for Connections {
    fn watch(self: Arc<Self>, scope: Option<String>, listed: watch::Sender<bool>) -> BoxFuture<'static, ()> {
        let (client, store) = (self.engine.client.clone(), self.engine.admin_apis.clone());
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
        self.engine.admin_apis.get(key).map(|_| (None, Lane::Edit))
    }
}

impl Engine {
    /// Asks for the number of objects of an AdminApi to be written down, soon.
    pub fn recount(&self, admin_api: &Key) {
        self.enqueue_after(item_of(admin_api), None, Lane::Resync, RECOUNT);
    }
}

/// An AdminApi as an item of the queue.
pub fn item_of(key: &Key) -> Item {
    Item { kind: KIND, namespace: key.0.clone(), name: key.1.clone() }
}

/// An AdminApi as something that objects refer to.
pub fn target(key: &Key) -> Target {
    Target { sort: Sort::AdminApi, namespace: key.0.clone(), name: key.1.clone() }
}

/// The reason of an AdminApi: its check names no object that could be gone.
fn reason_of(stop: &Stop) -> Reason {
    match stop {
        Stop::Vendor(Fault { class: Class::Missing, .. }) => Reason::WrongAddress,
        stop => stop.reason(),
    }
}

/// The pause between two resyncs. A look may come later than its pause: so much shorter is this one, that nothing stays unseen for longer than
/// the interval.
fn beat(interval: Duration) -> Duration {
    interval.div_f64(1.0 + retry::LATER)
}

fn pause_after(stop: &Stop, tries: u32) -> Duration {
    let slow = Duration::from_secs(300);
    match stop {
        Stop::Vendor(fault) => breaker::pause(fault.class, tries, fault.retry_after),
        Stop::Kubernetes(_) => Duration::from_millis(500).saturating_mul(1 << tries.min(6)),
        _ => slow,
    }
}

fn judgements(outcome: &Result<&'static VendorRow, Stop>) -> Vec<Judgement> {
    let stop = match outcome {
        Ok(vendor) => {
            let (reason, message) =
                (Reason::Connected.word(), format!("{} answers and takes the credentials", vendor.name));
            let judge = |condition| Judgement::new(condition, true, reason, message.clone());
            return vec![judge(READY), judge(REACHABLE), judge(AUTHENTICATED)];
        }
        Err(stop) => stop,
    };
    let (reason, message) = (reason_of(stop).word(), stop.told());
    let class = match stop {
        Stop::Vendor(fault) => Some(fault.class),
        _ => None,
    };
    let (reachable, authenticated) = match class {
        Some(Class::Denied) => (Some(true), Some(false)),
        Some(Class::Transient | Class::Broken | Class::Untrusted | Class::Missing) => (Some(false), None),
        Some(_) => (Some(true), None),
        None => (None, None),
    };
    let trend = if stop.needs_a_person() { STALLED } else { RECONCILING };
    [(READY, Some(false)), (REACHABLE, reachable), (AUTHENTICATED, authenticated), (trend, Some(true))]
        .into_iter()
        .map(|(condition, holds)| Judgement::new(condition, holds, reason, message.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resync_is_never_later_than_its_interval() {
        let interval = Duration::from_secs(60);
        for _ in 0..1000 {
            let (first, next) = (jitter(beat(interval) / 2, 1.0), beat(interval));
            for pause in [first, next] {
                let at = jitter(pause, retry::LATER);
                assert!(at <= interval + Duration::from_micros(1) && at >= interval * 2 / 5, "{at:?}");
            }
        }
    }
}
