//! Operator: one process that watches, queues and works, until it is told to stop.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::{ConfigMap, ObjectReference, Secret};
use kube::Client;
use kube::core::{DeserializeGuard, PartialObjectMeta};
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::admin_api::AdminApi;
use super::connection::{Connections, KIND};
use super::metrics::Metrics;
use super::queue::{Item, Lane, Queue, Tenant};
use super::reference::{References, Sort, Target};
use super::registry::{Sessions, Tables};
use super::report::Next;
use super::settle::Prints;
use super::watch::{Change, Key, Namespaces, Store, watch_scope};
use crate::base::access::Gate;
use crate::base::clock::jitter;
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
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            namespaces: Namespaces::All,
            own_namespace: "provost-system".to_owned(),
            identity: "provost".to_owned(),
            concurrency: 128,
            drain: Duration::from_secs(25),
        }
    }
}

/// One kind's controller, with its type erased.
pub trait Controller: Send + Sync {
    /// Watches one scope for ever.
    fn watch(self: Arc<Self>, scope: Option<String>, listed: watch::Sender<bool>) -> BoxFuture<'static, ()>;
    /// Looks at one object once. Never dropped half-way: what was begun at a vendor is seen through and recorded.
    fn reconcile(self: Arc<Self>, item: Item, lane: Lane) -> BoxFuture<'static, Next>;
    /// Whose share of the work the object counts to, and the lane in which it should wait when something that it uses changed.
    fn standing(&self, key: &Key) -> Option<(Tenant, Lane)>;
}

/// What everything shares.
pub struct Engine {
    /// The Kubernetes client.
    pub client: Client,
    /// The tables of vendors and kinds.
    pub tables: Tables,
    /// How it runs.
    pub settings: Settings,
    /// The connected AdminApis.
    pub sessions: Sessions,
    /// Who uses what.
    pub references: References,
    /// Fingerprints of Secrets.
    pub prints: Prints,
    /// The key of those fingerprints.
    pub key: FingerprintKey,
    /// The AdminApis as Kubernetes has them.
    pub admin_apis: Arc<Store<DeserializeGuard<AdminApi>>>,
    /// Everything that is measured.
    pub metrics: Arc<Metrics>,
    /// Asked before each vendor write.
    pub gate: Arc<dyn Gate>,
    /// AdminApis whose credentials were refused for one of their objects, and that have to prove themselves.
    pub suspects: Mutex<HashSet<Key>>,
    queue: Mutex<Queue>,
    wake: Notify,
    events: mpsc::Sender<(Event, ObjectReference)>,
    controllers: Mutex<HashMap<&'static str, Arc<dyn Controller>>>,
}

impl Engine {
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
        self.metrics.forget(item);
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).forget(item);
    }

    /// Asks for every object that uses `target`, in the lane that suits it, or in `at_least` if that is earlier.
    pub fn enqueue_users(&self, target: &Target, at_least: Lane) {
        self.enqueue_all(self.references.users(target), at_least);
    }

    fn enqueue_all(&self, items: Vec<Item>, at_least: Lane) {
        for item in items {
            let controller = self.controllers.lock().unwrap_or_else(PoisonError::into_inner).get(item.kind).cloned();
            let key = (item.namespace.clone(), item.name.clone());
            if let Some((tenant, own)) = controller.and_then(|controller| controller.standing(&key)) {
                self.enqueue(item, tenant, own.min(at_least));
            }
        }
    }

    /// Publishes an Event in the background. Events are a courtesy: when thousands wait already, this one is dropped.
    pub fn event(&self, about: ObjectReference, reason: &str, warning: bool, note: &str) {
        let note = note[..note.floor_char_boundary(1000)].to_owned();
        let event = Event {
            type_: if warning { EventType::Warning } else { EventType::Normal },
            reason: reason.to_owned(),
            note: Some(note),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        if self.events.try_send((event, about)).is_err() {
            tracing::debug!(reason, "too many Events wait, dropped one");
        }
    }

    fn take(&self) -> (Vec<(Item, Lane)>, Option<Instant>) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let taken = std::iter::from_fn(|| queue.take(now)).map(|(item, lane, _)| (item, lane)).collect();
        (taken, queue.next_wake())
    }

    fn done(&self, item: &Item) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).done(item, Instant::now());
        self.wake.notify_one();
    }

    /// Brings the metrics of the queue up to date; called when somebody asks for them.
    pub fn measure_queue(&self) {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        self.metrics.queue(|lane| queue.depth(lane), queue.running());
    }
}

/// A running operator.
pub struct Operator {
    engine: Arc<Engine>,
    events: mpsc::Receiver<(Event, ObjectReference)>,
}

impl Operator {
    /// Puts an operator together. It does nothing before [`Operator::run`].
    pub fn new(client: Client, tables: Tables, settings: Settings, key: FingerprintKey, gate: Arc<dyn Gate>) -> Self {
        let (sender, events) = mpsc::channel(4096);
        let queue = Queue::new(settings.concurrency, settings.concurrency);
        let metrics = Metrics::new(tables.kinds.iter().flat_map(|row| row.gauges));
        let engine = Arc::new(Engine {
            client,
            tables,
            settings,
            sessions: Sessions::default(),
            references: References::default(),
            prints: Prints::default(),
            key,
            admin_apis: Arc::default(),
            metrics: Arc::new(metrics),
            gate,
            suspects: Mutex::default(),
            queue: Mutex::new(queue),
            wake: Notify::new(),
            events: sender,
            controllers: Mutex::default(),
        });
        Self { engine, events }
    }

    /// What it shares; for metrics and health.
    pub fn engine(&self) -> Arc<Engine> {
        self.engine.clone()
    }

    /// Works until `stop`, then finishes what is under way. `ready` turns true once every watch has its first full list.
    pub async fn run(self, stop: CancellationToken, ready: watch::Sender<bool>) {
        let Self { engine, events } = self;
        let watches = TaskTracker::new();
        let events = tokio::spawn(publish(engine.clone(), events));
        let mut lists = start_watches(&engine, &watches, &stop);
        for listed in &mut lists {
            tokio::select! {
                _ = listed.wait_for(|listed| *listed) => {}
                () = stop.cancelled() => break,
            }
        }
        if !stop.is_cancelled() {
            tracing::info!(kinds = engine.tables.kinds.len(), "watching, and ready to work");
            ready.send_replace(true);
        }
        let passes = TaskTracker::new();
        dispatch(&engine, &passes, &stop).await;
        passes.close();
        watches.close();
        let drained = tokio::time::timeout(engine.settings.drain, passes.wait()).await.is_ok();
        let under_way = engine.queue.lock().unwrap_or_else(PoisonError::into_inner).running();
        if drained {
            tracing::info!("stopped, nothing is under way");
        } else {
            tracing::warn!(under_way, "stopped with work under way; it is taken up again at the next start");
        }
        events.abort();
    }
}

fn start_watches(engine: &Arc<Engine>, tasks: &TaskTracker, stop: &CancellationToken) -> Vec<watch::Receiver<bool>> {
    let mut controllers: HashMap<&'static str, Arc<dyn Controller>> =
        engine.tables.kinds.iter().map(|row| (row.kind, (row.controller)(engine.clone(), row.kind))).collect();
    controllers.insert(KIND, Arc::new(Connections::new(engine.clone())));
    *engine.controllers.lock().unwrap_or_else(PoisonError::into_inner) = controllers.clone();
    let mut lists = Vec::new();
    let mut start = |future: &mut dyn FnMut(watch::Sender<bool>) -> BoxFuture<'static, ()>| {
        let (sender, receiver) = watch::channel(false);
        let (future, stop) = (future(sender), stop.clone());
        tasks.spawn(async move { stop.run_until_cancelled(future).await });
        lists.push(receiver);
    };
    for scope in engine.settings.namespaces.scopes() {
        for controller in controllers.values() {
            start(&mut |listed| controller.clone().watch(scope.clone(), listed));
        }
        start(&mut |listed| Box::pin(watch_content::<Secret>(engine.clone(), Sort::Secret, scope.clone(), listed)));
        start(&mut |listed| {
            Box::pin(watch_content::<ConfigMap>(engine.clone(), Sort::ConfigMap, scope.clone(), listed))
        });
    }
    lists
}

/// Watches Secrets or ConfigMaps as metadata, keeps only the versions of those that something refers to, and brings back their users.
async fn watch_content<R>(engine: Arc<Engine>, sort: Sort, scope: Option<String>, listed: watch::Sender<bool>)
where
    R: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + Send
        + 'static,
    PartialObjectMeta<R>: serde::de::DeserializeOwned,
{
    let mut present: Option<HashSet<Key>> = None;
    let client = engine.client.clone();
    let within = scope.clone();
    let tell = move |change: Change<PartialObjectMeta<R>>| {
        let note = |key: &Key, version: Option<&str>| {
            for sort in [sort, Sort::Published] {
                let target = Target { sort, namespace: key.0.clone(), name: key.1.clone() };
                if version.is_none() {
                    engine.prints.forget(&target);
                }
                engine.enqueue_all(engine.references.observed(&target, version), Lane::Edit);
                if sort == Sort::ConfigMap {
                    break;
                }
            }
        };
        match change {
            Change::Applied(key, object) => {
                note(&key, object.metadata.resource_version.as_deref());
                if let Some(present) = &mut present {
                    present.insert(key);
                }
            }
            Change::Deleted(key) => note(&key, None),
            Change::Listing => present = Some(HashSet::new()),
            Change::Listed => {
                let listed = present.take().unwrap_or_default();
                let published = if sort == Sort::Secret { Sort::Published } else { sort };
                let mut targets = engine.references.targets(sort, within.as_deref());
                targets.extend(engine.references.targets(published, within.as_deref()));
                for target in targets {
                    let key = (target.namespace, target.name);
                    if !listed.contains(&key) {
                        note(&key, None);
                    }
                }
            }
        }
    };
    watch_scope::<PartialObjectMeta<R>>(client, scope, None, tell, listed).await;
}

async fn dispatch(engine: &Arc<Engine>, passes: &TaskTracker, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        let (taken, wake) = engine.take();
        for (item, lane) in taken {
            passes.spawn(pass(engine.clone(), item, lane));
        }
        let pause = async {
            match wake {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = engine.wake.notified() => {}
            () = pause => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Gives an item's place back, also when its pass panics: one object that surprises us must not hold up the others.
struct Done(Arc<Engine>, Item);

impl Drop for Done {
    fn drop(&mut self) {
        self.0.done(&self.1);
    }
}

async fn pass(engine: Arc<Engine>, item: Item, lane: Lane) {
    let _done = Done(engine.clone(), item.clone());
    let controller = engine.controllers.lock().unwrap_or_else(PoisonError::into_inner).get(item.kind).cloned();
    if let Some(controller) = controller {
        let key = (item.namespace.clone(), item.name.clone());
        let next = controller.clone().reconcile(item.clone(), lane).await;
        let tenant = controller.standing(&key).map(|(tenant, _)| tenant);
        match (next, tenant) {
            (Next::Wait, _) | (_, None) => {}
            (Next::Again, Some(tenant)) => engine.enqueue(item.clone(), tenant, lane),
            (Next::After(pause), Some(tenant)) => {
                engine.enqueue_after(item.clone(), tenant, Lane::Retry, jitter(pause, 0.1));
            }
        }
    }
}

async fn publish(engine: Arc<Engine>, mut events: mpsc::Receiver<(Event, ObjectReference)>) {
    let reporter =
        Reporter { controller: "provost.dev/provost".to_owned(), instance: Some(engine.settings.identity.clone()) };
    let recorder = Recorder::new(engine.client.clone(), reporter);
    while let Some((event, about)) = events.recv().await {
        let reason = event.reason.clone();
        if let Err(error) = super::kubernetes::call(recorder.publish(&event, &about)).await {
            tracing::debug!(reason, error = %error, "could not publish an Event");
        }
    }
}
