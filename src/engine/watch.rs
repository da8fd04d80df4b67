//! Watch: a pruned copy of what Kubernetes holds of a kind, kept up to date, and word of each change.
//!
//! kube-runtime's `watcher` does the watching. The store is ours for three reasons: a relist updates it in place instead of filling a
//! second one beside it, it can be fed by one watch per namespace, and a relist tells about the objects that vanished meanwhile.

use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures::StreamExt;
use kube::api::Api;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use super::kubernetes::prune;
use crate::base::clock::jitter;

/// How long we wait at least before we list again what a watch was refused for.
const RELIST: Duration = Duration::from_secs(1);

/// How long we wait at most before we try to watch again.
const LONGEST: Duration = Duration::from_secs(10);

/// Which namespaces we look at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Namespaces {
    /// All of them.
    #[default]
    All,
    /// These.
    Only(Vec<String>),
}

impl Namespaces {
    /// The scopes to watch: one for the whole cluster, or one a namespace.
    pub fn scopes(&self) -> Vec<Option<String>> {
        match self {
            Self::All => vec![None],
            Self::Only(names) => names.iter().cloned().map(Some).collect(),
        }
    }
}

/// Namespace and name.
pub type Key = (Arc<str>, Arc<str>);

/// The key of an object.
pub fn key_of(object: &impl ResourceExt) -> Key {
    (object.namespace().unwrap_or_default().into(), object.name_any().into())
}

/// The stored objects of one kind.
pub struct Store<O>(RwLock<HashMap<Key, Arc<O>>>);

impl<O> Default for Store<O> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<O> Store<O> {
    /// One object.
    pub fn get(&self, key: &Key) -> Option<Arc<O>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn insert(&self, key: Key, object: Arc<O>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(key, object);
    }

    fn remove(&self, key: &Key) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// Drops what a fresh list of `scope` does not have, and says what that was.
    fn drop_missing(&self, scope: Option<&str>, listed: &HashSet<Key>) -> Vec<Key> {
        let mut objects = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let within = |key: &&Key| scope.is_none_or(|namespace| *key.0 == *namespace);
        let missing: Vec<Key> = objects.keys().filter(within).filter(|key| !listed.contains(*key)).cloned().collect();
        missing.iter().for_each(|key| drop(objects.remove(key)));
        missing
    }
}

/// What a watch tells.
pub enum Change<O> {
    /// The object is new or different.
    Applied(Key, Arc<O>),
    /// The object is gone.
    Deleted(Key),
    /// What exists in the scope is about to be told anew.
    Listing,
    /// Everything that exists in the scope has been told.
    Listed,
}

/// Watches one scope for ever, keeps `store` in step and tells `tell` of each change. `listed` turns true after the first full list.
///
/// An API server that is down, or a kind that is not installed yet, is waited for with growing pauses.
pub async fn watch_scope<O>(
    client: Client,
    scope: Option<String>,
    store: Option<Arc<Store<O>>>,
    mut tell: impl FnMut(Change<O>),
    listed: watch::Sender<bool>,
) where
    O: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
    O: Resource<Scope = k8s_openapi::NamespaceResourceScope>,
{
    let api = api_of::<O>(client, scope.as_deref());
    let start = || watcher(api.clone(), watcher::Config::default()).modify(prune).boxed();
    let mut events = start();
    let mut seen = HashSet::new();
    let (mut complained, mut pauses) = (false, Pauses::default());
    while let Some(event) = events.next().await {
        pauses.heard(&event);
        match event {
            Ok(watcher::Event::Init) => {
                seen.clear();
                tell(Change::Listing);
            }
            Ok(event @ (watcher::Event::InitApply(_) | watcher::Event::Apply(_))) => {
                let initial = matches!(event, watcher::Event::InitApply(_));
                let (watcher::Event::InitApply(object) | watcher::Event::Apply(object)) = event else { continue };
                let (key, object) = (key_of(&object), Arc::new(object));
                if initial {
                    seen.insert(key.clone());
                }
                if let Some(store) = &store {
                    store.insert(key.clone(), object.clone());
                }
                tell(Change::Applied(key, object));
            }
            Ok(watcher::Event::Delete(object)) => {
                let key = key_of(&object);
                if let Some(store) = &store {
                    store.remove(&key);
                }
                tell(Change::Deleted(key));
            }
            Ok(watcher::Event::InitDone) => {
                let vanished = store.iter().flat_map(|store| store.drop_missing(scope.as_deref(), &seen));
                vanished.for_each(|key| tell(Change::Deleted(key)));
                seen = HashSet::new();
                complained = false;
                listed.send_replace(true);
                tell(Change::Listed);
            }
            Err(error) if is_refused_as_late(&error) => {
                tokio::time::sleep(jitter(RELIST, 1.0)).await;
                events = start();
            }
            Err(error) => {
                complain::<O>(&mut complained, scope.as_deref(), &error);
                pauses.pause().await;
            }
        }
    }
}

/// Says it once per outage.
fn complain<O: Resource<DynamicType = ()>>(complained: &mut bool, scope: Option<&str>, error: &watcher::Error) {
    if std::mem::replace(complained, true) {
        tracing::debug!(kind = %O::kind(&()), %error, "still cannot watch");
    } else {
        let scope = scope.unwrap_or("all namespaces");
        tracing::warn!(kind = %O::kind(&()), scope, %error, "cannot watch, will keep trying");
    }
}

/// The pauses of one watch after failures. They grow until it works again, and that a list begins does not mean that: kube-runtime's own
/// (`default_backoff`) would start anew with each list that fails.
#[derive(Default)]
pub(super) struct Pauses(watcher::DefaultBackoff);

impl Pauses {
    /// Takes into account what the watch told.
    pub(super) fn heard<O>(&mut self, event: &Result<watcher::Event<O>, watcher::Error>) {
        if matches!(event, Ok(watcher::Event::InitDone | watcher::Event::Apply(_) | watcher::Event::Delete(_))) {
            *self = Self::default();
        }
    }

    fn next(&mut self) -> Duration {
        self.0.next().map_or(RELIST, |pause| pause.min(LONGEST))
    }

    /// Waits after a failure.
    pub(super) async fn pause(&mut self) {
        tokio::time::sleep(self.next()).await;
    }
}

fn api_of<O>(client: Client, scope: Option<&str>) -> Api<O>
where
    O: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
{
    match scope {
        Some(namespace) => Api::namespaced(client, namespace),
        None => Api::all(client),
    }
}

/// Whether a watch was refused because it came too late. kube-runtime lists again only when a running watch is told so; refused at its
/// start, it would ask for the same for ever.
fn is_refused_as_late(error: &watcher::Error) -> bool {
    matches!(error, watcher::Error::WatchStartFailed(kube::Error::Api(status)) if status.code == 410)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_a_list_is_through() {
        let mut pauses = Pauses::default();
        for _ in 0..8 {
            pauses.heard::<()>(&Ok(watcher::Event::Init));
            pauses.next();
        }
        assert_eq!(pauses.next(), LONGEST);
        pauses.heard::<()>(&Ok(watcher::Event::InitDone));
        assert!(pauses.next() < Duration::from_secs(2));
    }
}
