//! Operator: one process that watches, queues and works, until it is told to stop.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::Client;
use kube::core::PartialObjectMeta;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{Connections, KIND};
use super::context::{Controller, Engine, Settings};
use super::grant;
use super::metrics::Metrics;
use super::queue::{Item, Lane};
use super::reference::{Sort, Target};
use super::registry::Tables;
use super::report::Next;
use super::retry;
use super::watch::{Change, Key, watch_scope};
use crate::base::access::Gate;
use crate::base::clock::jitter;
use crate::base::secret::FingerprintKey;
use crate::base::urgency;

/// A running operator.
pub struct Operator {
    engine: Arc<Engine>,
    tables: Tables,
}

impl Operator {
    /// Puts an operator together. It does nothing before [`Operator::run`].
    pub fn new(client: Client, tables: Tables, settings: Settings, key: FingerprintKey, gate: Arc<dyn Gate>) -> Self {
        let metrics = Metrics::new(tables.kinds.iter().flat_map(|row| row.gauges));
        let engine = Engine::new(client, tables.vendors, settings, key, gate, metrics);
        Self { engine, tables }
    }

    /// What it shares; for metrics and health.
    pub fn engine(&self) -> Arc<Engine> {
        self.engine.clone()
    }

    /// Watches at once, works from when `leading` returns until `stop` or until the gate closes, then finishes what is under way. `ready`
    /// turns true once every watch has its first full list. Returns whether all that was under way is finished.
    pub async fn run(
        self,
        stop: CancellationToken,
        leading: impl Future<Output = ()> + Send,
        ready: watch::Sender<bool>,
    ) -> bool {
        let Self { engine, tables } = self;
        let watches = TaskTracker::new();
        let announcer = engine.clone();
        let events = tokio::spawn(async move {
            announcer.events.publish(announcer.client.clone(), announcer.settings.identity.clone()).await;
        });
        let mut lists = start_watches(&engine, &tables, &watches, &stop);
        for listed in &mut lists {
            tokio::select! {
                _ = listed.wait_for(|listed| *listed) => {}
                () = stop.cancelled() => break,
            }
        }
        if !stop.is_cancelled() {
            tracing::info!(kinds = tables.kinds.len(), "watching, and ready to work");
            ready.send_replace(true);
        }
        tokio::select! {
            () = leading => {}
            () = stop.cancelled() => {}
        }
        let passes = TaskTracker::new();
        engine.restart_waits();
        dispatch(&engine, &passes, &stop).await;
        passes.close();
        watches.close();
        let drained = tokio::time::timeout(engine.settings.drain, passes.wait()).await.is_ok();
        let under_way = engine.running();
        if drained {
            tracing::info!("stopped, nothing is under way");
        } else {
            tracing::warn!(under_way, "stopped with work under way; it is taken up again at the next start");
        }
        events.abort();
        drained
    }
}

fn start_watches(
    engine: &Arc<Engine>,
    tables: &Tables,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> Vec<watch::Receiver<bool>> {
    let mut controllers: HashMap<&'static str, Arc<dyn Controller>> =
        tables.kinds.iter().map(|row| (row.kind, (row.controller)(engine.clone(), row.kind))).collect();
    controllers.insert(KIND, Arc::new(Connections::new(engine.clone())));
    engine.set_controllers(controllers.clone());
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
        start(&mut |listed| Box::pin(grant::watch(engine.clone(), scope.clone(), listed)));
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
                    engine.digests.forget(&target);
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
    while !stop.is_cancelled() && engine.gate.is_open() {
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
            () = engine.woken() => {}
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
    let controller = engine.controller(item.kind);
    if let Some(controller) = controller {
        let key = (item.namespace.clone(), item.name.clone());
        let rank = Lane::ALL.iter().position(|other| *other == lane).and_then(|rank| u8::try_from(rank).ok());
        let next = urgency::within(rank.unwrap_or(u8::MAX), controller.clone().reconcile(item.clone())).await;
        let tenant = controller.standing(&key).map(|(tenant, _)| tenant);
        match (next, tenant) {
            (Next::Wait, _) | (_, None) => {}
            (Next::After(pause), Some(tenant)) => {
                engine.enqueue_after(item.clone(), tenant, Lane::Retry, jitter(pause, retry::LATER));
            }
        }
    }
}
