//! Grant: which namespaces' objects may use an AdminApi. Its owner says so, at the AdminApi; nobody can take it by naming it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use futures::StreamExt;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;
use kube::api::Api;
use kube::core::{PartialObjectMeta, Selector, SelectorExt};
use kube::runtime::watcher;
use tokio::sync::watch;

use super::admin_api::{AllowedNamespaces, Grant};
use super::context::Engine;
use super::kubernetes::call;
use super::queue::{Item, Lane};
use super::reason::Reason;
use super::report::Stop;
use super::watch::{Key, Pauses};

/// Whether it was told that labels are read now and then, which is so for all namespaces or for none.
static LOOKS_TOLD: AtomicBool = AtomicBool::new(false);

/// How often we look at a namespace that we may not watch before we try to watch it again.
const LOOKS: u32 = 20;

/// The labels of a namespace.
type Labels = BTreeMap<String, String>;

/// Whether another namespace with these labels (none: they are not known) may use an AdminApi that allows `allowed`.
pub fn permits(allowed: Option<&AllowedNamespaces>, labels: Option<&Labels>) -> bool {
    let Some(allowed) = allowed else { return false };
    match (allowed.from, &allowed.selector, labels) {
        (Grant::All, ..) => true,
        (Grant::Selector, Some(selector), Some(labels)) => {
            Selector::try_from(selector.clone()).is_ok_and(|selector| selector.matches(labels))
        }
        (Grant::Selector | Grant::Same | Grant::Unknown, ..) => false,
    }
}

/// What an object is told that names an AdminApi of another namespace in vain. It must not tell whether that exists.
pub fn refusal(namespace: &str, admin_api: &Key) -> Stop {
    let (owner, name) = admin_api;
    let message = format!(
        "spec.adminApi: namespace {owner} has no AdminApi {name} that objects of namespace {namespace} may use; its owner grants that \
         with spec.allowedNamespaces"
    );
    Stop::Waiting { reason: Reason::NotGranted, message }
}

/// What grants depend on.
#[derive(Default)]
pub struct Grants {
    labels: RwLock<HashMap<Arc<str>, Labels>>,
    given: Mutex<HashMap<Key, AllowedNamespaces>>,
}

impl Grants {
    /// Notes what an AdminApi allows (none: its own namespace alone, or it is gone), and whether that is news.
    pub fn given(&self, admin_api: &Key, allowed: Option<&AllowedNamespaces>) -> bool {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if given.get(admin_api) == allowed {
            return false;
        }
        match allowed {
            Some(allowed) => given.insert(admin_api.clone(), allowed.clone()),
            None => given.remove(admin_api),
        };
        true
    }

    /// Notes the labels of a namespace, and whether that is news.
    fn labelled(&self, namespace: &Arc<str>, labels: Labels) -> bool {
        let mut known = self.labels.write().unwrap_or_else(PoisonError::into_inner);
        if known.get(namespace) == Some(&labels) {
            return false;
        }
        known.insert(namespace.clone(), labels);
        true
    }

    fn forget(&self, namespace: &str) {
        self.labels.write().unwrap_or_else(PoisonError::into_inner).remove(namespace);
    }

    fn permit(&self, allowed: Option<&AllowedNamespaces>, namespace: &str) -> bool {
        permits(allowed, self.labels.read().unwrap_or_else(PoisonError::into_inner).get(namespace))
    }
}

impl Engine {
    /// Whether objects of `namespace` may use an AdminApi. Always so within one namespace, whether or not it exists.
    pub fn granted(&self, namespace: &str, admin_api: &Key) -> bool {
        if *admin_api.0 == *namespace {
            return true;
        }
        let Some(stored) = self.admin_apis.get(admin_api) else { return false };
        stored.0.as_ref().is_ok_and(|object| self.grants.permit(object.spec.allowed_namespaces.as_ref(), namespace))
    }
}

impl Engine {
    /// Brings back objects whose grant may have changed, with what is known of their claims brought up to date at once.
    pub fn regrant(&self, items: Vec<Item>) {
        for item in &items {
            if let Some(controller) = self.controller(item.kind) {
                controller.regrant(&(item.namespace.clone(), item.name.clone()));
            }
        }
        self.enqueue_all(items, Lane::Edit);
    }
}

/// Watches the labels of namespaces (of one, if `scope` names it), and brings back the objects whose grant may depend on them.
///
/// `listed` turns true after the first list, or when it is refused: an installation that may not see namespaces works all the same, but
/// grants by label reach nobody. Any other failure is waited out, since without labels every grant by label would seem withdrawn. It needs
/// the right to `list` and `watch` namespaces, which only the whole cluster can give; where that to `get` the one namespace is all there is,
/// its labels are read now and then.
pub async fn watch(engine: Arc<Engine>, scope: Option<String>, listed: watch::Sender<bool>) {
    let api: Api<PartialObjectMeta<Namespace>> = Api::all(engine.client.clone());
    let config = watcher::Config::default();
    let config = match &scope {
        Some(name) => config.fields(&format!("metadata.name={name}")),
        None => config,
    };
    let mut events = watcher(api.clone(), config).boxed();
    let mut changed: HashSet<Arc<str>> = HashSet::new();
    let (mut complained, mut pauses) = (false, Pauses::default());
    let note = |namespace: ObjectMeta| {
        let name: Arc<str> = namespace.name.unwrap_or_default().into();
        engine.grants.labelled(&name, namespace.labels.unwrap_or_default()).then_some(name)
    };
    while let Some(event) = events.next().await {
        pauses.heard(&event);
        match event {
            Ok(watcher::Event::Init) => changed.clear(),
            // All at once when the list is through: who is concerned is found by going through everybody.
            Ok(watcher::Event::InitApply(namespace)) => changed.extend(note(namespace.metadata)),
            Ok(watcher::Event::InitDone) => {
                engine.regrant(concerned(&engine, &std::mem::take(&mut changed)));
                complained = false;
                listed.send_replace(true);
            }
            Ok(watcher::Event::Apply(namespace)) => {
                let changed: HashSet<_> = note(namespace.metadata).into_iter().collect();
                engine.regrant(concerned(&engine, &changed));
            }
            Ok(watcher::Event::Delete(namespace)) => engine.grants.forget(&namespace.name_any()),
            Err(error) if is_forbidden(&error) => {
                // One for the whole cluster can look at nothing instead; it asks again as often as the others look.
                let looks = if scope.is_some() { LOOKS } else { 1 };
                for _ in 0..looks {
                    let seen = match &scope {
                        Some(name) => call(api.get(name)).await.ok(),
                        None => None,
                    };
                    complain(&mut complained, scope.as_deref(), seen.is_some(), &error);
                    let changed: HashSet<_> = seen.and_then(|it| note(it.metadata)).into_iter().collect();
                    engine.regrant(concerned(&engine, &changed));
                    listed.send_replace(true);
                    tokio::time::sleep(engine.settings.look).await;
                }
            }
            Err(error) => {
                complain(&mut complained, scope.as_deref(), false, &error);
                pauses.pause().await;
            }
        }
    }
}

/// Says once per outage what is lost, and once for all namespaces that they are looked at instead.
fn complain(complained: &mut bool, scope: Option<&str>, seen: bool, error: &watcher::Error) {
    if std::mem::replace(complained, true) {
        return;
    }
    if !seen {
        tracing::warn!(scope = scope.unwrap_or("all"), %error, "cannot watch namespaces: grants by label reach nobody");
    } else if !LOOKS_TOLD.swap(true, Ordering::Relaxed) {
        tracing::warn!(%error, "cannot watch namespaces: their labels are read about twice a minute instead");
    }
}

/// Whether this installation may not see namespaces, as far as Kubernetes says.
fn is_forbidden(error: &watcher::Error) -> bool {
    let refused = |error: &kube::Error| matches!(error, kube::Error::Api(status) if status.code == 403);
    match error {
        watcher::Error::InitialListFailed(error) | watcher::Error::WatchStartFailed(error) => refused(error),
        watcher::Error::WatchError(status) => status.code == 403,
        _ => false,
    }
}

/// The objects of these namespaces that name an AdminApi of another one.
fn concerned(engine: &Engine, namespaces: &HashSet<Arc<str>>) -> Vec<Item> {
    if namespaces.is_empty() { Vec::new() } else { engine.references.strangers(namespaces) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn permitted(allowed: serde_json::Value, labels: Option<serde_json::Value>) -> bool {
        let allowed: Option<AllowedNamespaces> = serde_json::from_value(allowed).expect("lenient");
        let labels: Option<Labels> = labels.map(|labels| serde_json::from_value(labels).expect("labels"));
        permits(allowed.as_ref(), labels.as_ref())
    }

    #[test]
    fn nobody_else_is_granted_anything_unless_the_owner_says_so() {
        let team = || Some(json!({"team": "a"}));
        for harmless in
            [json!(null), json!({"from": "Same"}), json!({"from": "Everybody"}), json!({"from": "Selector"})]
        {
            assert!(!permitted(harmless.clone(), team()), "{harmless}");
        }
        assert!(permitted(json!({"from": "All"}), None));
        let selector = json!({"from": "Selector", "selector": {"matchLabels": {"team": "a"}}});
        assert!(permitted(selector.clone(), team()));
        assert!(!permitted(selector.clone(), Some(json!({"team": "b"}))));
        // Labels that are not known fit nothing.
        assert!(!permitted(selector, None));
        let expression = |operator: &str| {
            let requirement = json!({"key": "team", "operator": operator, "values": ["a", "c"]});
            json!({"from": "Selector", "selector": {"matchExpressions": [requirement]}})
        };
        assert!(permitted(expression("In"), team()));
        assert!(!permitted(expression("NotIn"), team()));
        assert!(!permitted(expression("Resembles"), team()));
    }

    #[test]
    fn only_a_refusal_ends_the_wait_for_labels() {
        let api = |code| kube::Error::Api(Box::new(kube::core::Status::failure("no", "No").with_code(code)));
        assert!(is_forbidden(&watcher::Error::InitialListFailed(api(403))));
        assert!(is_forbidden(&watcher::Error::WatchStartFailed(api(403))));
        for code in [401, 408, 410, 429, 500, 503] {
            assert!(!is_forbidden(&watcher::Error::InitialListFailed(api(code))), "{code}");
        }
        assert!(!is_forbidden(&watcher::Error::NoResourceVersion));
    }

    #[test]
    fn a_refusal_says_the_same_whether_or_not_there_is_anything() {
        let Stop::Waiting { reason, message } = refusal("mine", &("theirs".into(), "vendor".into())) else {
            panic!("a refusal waits for a grant");
        };
        assert_eq!(reason, Reason::NotGranted);
        assert!(message.contains("theirs") && message.contains("allowedNamespaces"), "{message}");
    }
}
