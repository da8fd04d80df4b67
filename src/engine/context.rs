//! Context: what everything in a running operator shares, and how work is asked for.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::core::DeserializeGuard;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::admin_api::AdminApi;
use super::answers::Answers;
use super::claim::Claims;
use super::event::Events;
use super::grant::Grants;
use super::guard::Guards;
use super::metrics::{Metrics, Present, counted};
use super::prints::Prints;
use super::queue::{self, Item, Lane, Queue, Tenant, Turn};
use super::record::ChangeLog;
use super::reference::{References, Target};
use super::report::Next;
use super::session::{Sessions, VendorRow};
use super::sibling::Resolved;
use super::watch::{Key, Namespaces, Store};
use super::writer::Writers;
use crate::base::access::Gate;
use crate::base::secret::FingerprintKey;

/// How the operator runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The namespaces whose objects it manages.
    pub namespaces: Namespaces,
    /// Its own namespace, for what belongs to the installation.
    pub own_namespace: String,
    /// Its name in Events: the pod's name.
    pub identity: String,
    /// How many objects may be worked on at once, over all AdminApis.
    pub concurrency: usize,
    /// How long it may take to finish what is under way when told to stop.
    pub drain: Duration,
    /// How long it waits between two looks at the labels of a namespace that it may not watch.
    pub look: Duration,
    /// Where the writes at vendors are recorded.
    pub changes: ChangeLog,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            namespaces: Namespaces::All,
            own_namespace: "provost-system".to_owned(),
            identity: "provost".to_owned(),
            concurrency: 128,
            drain: Duration::from_secs(25),
            look: Duration::from_secs(30),
            changes: ChangeLog::default(),
        }
    }
}

/// One kind's controller, with its type erased.
pub trait Controller: Send + Sync {
    /// Watches one scope for ever.
    fn watch(self: Arc<Self>, scope: Option<String>, listed: watch::Sender<bool>) -> BoxFuture<'static, ()>;
    /// Looks at one object once. Never dropped half-way: what was begun at a vendor is seen through and recorded.
    fn reconcile(self: Arc<Self>, item: Item) -> BoxFuture<'static, Next>;
    /// Whose share of the work the object counts to, and the lane in which it should wait when something that it uses changed.
    fn standing(&self, key: &Key) -> Option<(Tenant, Lane)>;
    /// Takes into account that an object's grant may have changed, before its next pass.
    fn regrant(&self, _key: &Key) {}
    /// What is known of an object for those that refer to it; none if there is no such object.
    fn lookup(&self, _key: &Key) -> Option<Resolved> {
        None
    }
}

/// What everything shares.
pub struct Engine {
    /// The Kubernetes client.
    pub client: Client,
    /// The vendors that an AdminApi can be for.
    pub vendors: &'static [VendorRow],
    /// How it runs.
    pub settings: Settings,
    /// The connected AdminApis.
    pub sessions: Sessions,
    /// Who uses what.
    pub references: References,
    /// Which object owns which external object.
    pub claims: Claims,
    /// Fingerprints of Secrets.
    pub prints: Prints,
    /// Digests of files in Secrets and ConfigMaps.
    pub digests: Prints,
    /// The key of the fingerprints.
    pub key: FingerprintKey,
    /// The AdminApis as Kubernetes has them.
    pub admin_apis: Arc<Store<DeserializeGuard<AdminApi>>>,
    /// What was let go behind each AdminApi, and what waits.
    pub guards: Guards,
    /// Who may use what of another namespace.
    pub grants: Grants,
    /// What each vendor said last.
    pub answers: Arc<Answers>,
    /// Everything that is measured.
    pub metrics: Arc<Metrics>,
    /// Asked before each vendor write.
    pub gate: Arc<dyn Gate>,
    /// AdminApis whose credentials were refused for one of their objects, and that have to prove themselves.
    pub suspects: Mutex<HashSet<Key>>,
    /// Who writes to what of which only one may write.
    pub writers: Writers,
    queue: Mutex<Queue>,
    wake: Notify,
    pub(super) events: Events,
    controllers: Mutex<HashMap<&'static str, Arc<dyn Controller>>>,
}

impl Engine {
    /// An engine without controllers.
    pub(super) fn new(
        client: Client,
        vendors: &'static [VendorRow],
        settings: Settings,
        key: FingerprintKey,
        gate: Arc<dyn Gate>,
        metrics: Metrics,
    ) -> Arc<Self> {
        let metrics = Arc::new(metrics);
        let client = counted(client, metrics.clone());
        let queue = Queue::new(settings.concurrency, settings.concurrency);
        Arc::new(Self {
            client,
            vendors,
            settings,
            sessions: Sessions::default(),
            references: References::default(),
            claims: Claims::default(),
            prints: Prints::default(),
            digests: Prints::default(),
            key,
            admin_apis: Arc::default(),
            guards: Guards::default(),
            grants: Grants::default(),
            answers: Arc::default(),
            events: Events::new(metrics.clone()),
            metrics,
            gate,
            suspects: Mutex::default(),
            writers: Writers::default(),
            queue: Mutex::new(queue),
            wake: Notify::new(),
            controllers: Mutex::default(),
        })
    }

    /// The controller of each kind, by its name.
    pub(super) fn set_controllers(&self, controllers: HashMap<&'static str, Arc<dyn Controller>>) {
        *self.controllers.lock().unwrap_or_else(PoisonError::into_inner) = controllers;
    }

    /// The controller of a kind.
    pub(super) fn controller(&self, kind: &str) -> Option<Arc<dyn Controller>> {
        self.controllers.lock().unwrap_or_else(PoisonError::into_inner).get(kind).cloned()
    }

    /// The kind of this name, in upper or lower case, with its controller.
    pub(super) fn controller_named(&self, kind: &str) -> Option<(&'static str, Arc<dyn Controller>)> {
        let all = self.controllers.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(kind))
            .map(|(name, controller)| (*name, controller.clone()))
    }

    /// How an object stands in the queue.
    pub(super) fn turn(&self, item: &Item) -> Turn {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).turn_of(item)
    }

    /// How many objects wait for their turn.
    pub(super) fn waiting_for_a_turn(&self) -> usize {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        Lane::ALL.iter().map(|lane| queue.depth(*lane)).sum()
    }

    /// How many objects are being looked at.
    pub(super) fn running(&self) -> usize {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).running()
    }

    /// Waits until something may have become ready.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Asks for an object now.
    pub fn enqueue(&self, item: Item, tenant: Tenant, lane: Lane) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).add(item, tenant, lane, Instant::now());
        self.wake.notify_one();
    }

    /// Asks for an object after a pause.
    pub fn enqueue_after(&self, item: Item, tenant: Tenant, lane: Lane, pause: Duration) {
        let at = Instant::now() + pause;
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).add_at(item, tenant, lane, at);
        self.wake.notify_one();
    }

    /// Gives an AdminApi's share of the work a limit.
    pub fn limit(&self, tenant: &Tenant, limit: usize) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).set_limit(tenant, limit);
    }

    /// Forgets the limit of an AdminApi that is gone.
    pub fn unlimit(&self, tenant: &Tenant) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).drop_limit(tenant);
    }

    /// Forgets an object that is gone from Kubernetes.
    pub fn forget(&self, item: &Item) {
        self.references.remove(item);
        self.guards.forget(item);
        self.metrics.forget(item);
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).forget(item);
        self.call(self.writers.forget(item));
    }

    /// Asks for those whose turn to write it is. One that is gone meanwhile passes its turn on.
    fn call(&self, mut called: Vec<Item>) {
        while let Some(item) = called.pop() {
            let key = (item.namespace.clone(), item.name.clone());
            match self.controller(item.kind).and_then(|controller| controller.standing(&key)) {
                Some((tenant, _)) => self.enqueue(item, tenant, Lane::Edit),
                None => called.extend(self.writers.forget(&item)),
            }
        }
    }

    /// Asks for every object that uses `target`, in the lane that suits it, or in `at_least` if that is earlier.
    pub fn enqueue_users(&self, target: &Target, at_least: Lane) {
        self.enqueue_all(self.references.users(target), at_least);
    }

    /// One that waits after a failure goes on waiting if it is asked for in the lane of resyncs only: the beat mends nothing for it.
    pub(super) fn enqueue_all(&self, items: Vec<Item>, at_least: Lane) {
        let now = Instant::now();
        for item in items {
            let controller = self.controller(item.kind);
            let key = (item.namespace.clone(), item.name.clone());
            if let Some((tenant, own)) = controller.and_then(|controller| controller.standing(&key)) {
                let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
                if at_least != Lane::Resync || !queue.pauses(&item) {
                    queue.add(item, tenant, own.min(at_least), now);
                }
            }
        }
        self.wake.notify_one();
    }

    /// Publishes an Event in the background, if not too many wait already.
    pub fn event(&self, about: ObjectReference, reason: &str, warning: bool, note: &str) {
        self.events.add(about, reason, warning, note);
    }

    pub(super) fn take(&self) -> (Vec<(Item, Lane)>, Option<Instant>) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let mut taken = Vec::new();
        while let Some((item, lane, waited)) = queue.take(now) {
            self.metrics.queue_waited(lane, waited);
            taken.push((item, lane));
        }
        (taken, queue.next_wake())
    }

    pub(super) fn done(&self, item: &Item) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).done(item, Instant::now());
        self.wake.notify_one();
        self.call(self.writers.ended(item));
    }

    /// Counts how long objects wait from now on: nobody took any before.
    pub(super) fn restart_waits(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).restart_waits(Instant::now());
    }

    /// Brings the metrics of the queue, the lease and the breakers up to date; called when somebody asks for them. Who does not lead works
    /// on nothing, and what it would work on waits for somebody else: it shows an empty queue.
    pub fn measure(&self) {
        let leads = self.gate.is_open();
        let queue = if leads {
            self.queue.lock().unwrap_or_else(PoisonError::into_inner).present(Instant::now())
        } else {
            queue::Present::default()
        };
        self.metrics.show(Present { leads, queue, breakers: self.sessions.breakers() });
    }
}
