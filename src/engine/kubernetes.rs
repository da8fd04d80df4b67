//! What we write to Kubernetes, and the deadline that every call to it has.
//!
//! Every write that depends on what was read carries the resourceVersion that was read, so that a stale writer is refused. The one write
//! that must not be refused, recording the id of a new external object, depends on nothing and is retried.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder, Retryable};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::ByteString;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::{Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::history::Edit;
use super::policy::{EXTERNAL_ID, FINALIZER, PENDING_CREATE};
use crate::base::secret::{Secret as Hidden, scrub};

/// The longest that one call may take: shorter than what a lease leaves us.
const DEADLINE: Duration = Duration::from_secs(15);

/// The annotation in which `kubectl apply` keeps a copy of the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The name under which we own fields.
pub const FIELD_MANAGER: &str = "provost";

/// A Kubernetes call that did not work out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No answer in time.
    #[error("Kubernetes did not answer within {} s", DEADLINE.as_secs())]
    TimedOut,
    /// An answer, or none, with this cause.
    #[error("Kubernetes: {}", words(.0))]
    Call(Box<kube::Error>),
}

/// What the API server said, or else what went wrong before it could.
fn words(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}

impl Error {
    /// Whether the object does not exist (any more).
    pub fn is_missing(&self) -> bool {
        self.has_code(404)
    }

    /// Whether somebody else wrote first.
    pub fn is_conflict(&self) -> bool {
        self.has_code(409)
    }

    /// Whether it is not allowed, which is also what a namespace says that is going away.
    pub fn is_forbidden(&self) -> bool {
        self.has_code(403)
    }

    /// Whether Kubernetes understood, and will not do it however often it is asked.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Call(error) if matches!(error.as_ref(), kube::Error::Api(status)
            if (400..500).contains(&status.code) && ![408, 409, 429].contains(&status.code)))
    }

    /// Its words, in which none of these values is repeated, encoded or not.
    pub fn without<'s>(&self, secrets: impl Iterator<Item = &'s Hidden>) -> String {
        let encoded = |secret: &Hidden| [secret.clone(), Hidden::new(STANDARD.encode(secret.expose()))];
        let hidden: Vec<Hidden> = secrets.flat_map(encoded).collect();
        scrub(&self.to_string(), &hidden)
    }

    fn has_code(&self, code: u16) -> bool {
        matches!(self, Self::Call(error) if matches!(error.as_ref(), kube::Error::Api(status) if status.code == code))
    }
}

/// Runs one call within the deadline.
///
/// # Errors
/// The call's own, or that it took too long.
pub async fn call<T>(future: impl Future<Output = Result<T, kube::Error>>) -> Result<T, Error> {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(answer) => answer.map_err(|error| Error::Call(Box::new(error))),
        Err(_) => Err(Error::TimedOut),
    }
}

/// The custom resources that these writes are for.
pub trait Object:
    Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned
{
}
impl<O: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned> Object for O {}

/// The API for the namespace that an object lives in.
pub fn api_of<O: Object>(client: &Client, object: &O) -> Api<O> {
    Api::namespaced(client.clone(), object.meta().namespace.as_deref().unwrap_or_default())
}

/// How every patch of ours is sent.
pub fn params() -> PatchParams {
    PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() }
}

fn post() -> PostParams {
    PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() }
}

fn version(object: &impl ResourceExt) -> String {
    object.resource_version().unwrap_or_default()
}

async fn patch<O: Object>(client: &Client, object: &O, change: Json) -> Result<O, Error> {
    patch_part(client, object, None, change).await
}

async fn patch_part<O: Object>(
    client: &Client,
    object: &O,
    subresource: Option<&str>,
    change: Json,
) -> Result<O, Error> {
    let (api, name, params, change) = (api_of(client, object), object.name_any(), params(), Patch::Merge(change));
    let mut stored = match subresource {
        Some(part) => call(api.patch_subresource(part, &name, &params, &change)).await?,
        None => call(api.patch(&name, &params, &change)).await?,
    };
    prune(&mut stored);
    Ok(stored)
}

/// Drops what nobody here reads and what makes up most of an object's size. Of managedFields stays who edited the spec last.
pub fn prune(object: &mut impl ResourceExt) {
    let edited = object.meta_mut().managed_fields.take().and_then(|entries| Edit::entry(&entries));
    object.meta_mut().managed_fields = edited.map(|entry| vec![entry]);
    if object.meta().annotations.is_some() {
        object.annotations_mut().remove(LAST_APPLIED);
    }
}

fn with_finalizer<O: Object>(object: &O) -> Vec<String> {
    let mut finalizers = object.finalizers().to_vec();
    if !finalizers.iter().any(|finalizer| finalizer == FINALIZER) {
        finalizers.push(FINALIZER.to_owned());
    }
    finalizers
}

/// Announces a create: finalizer and `pending-create` in one write, refused when the object changed since it was read. The id of an
/// external object that is gone and made anew goes with the same write.
///
/// # Errors
/// Then nothing was announced, and nothing may be created.
pub async fn announce<O: Object>(client: &Client, object: &O, attempt: &str) -> Result<O, Error> {
    let change = json!({"metadata": {
        "resourceVersion": object.resource_version(),
        "finalizers": with_finalizer(object),
        "annotations": {PENDING_CREATE: attempt, EXTERNAL_ID: null},
    }});
    patch(client, object, change).await
}

/// Records what a step of an announced create returned: `before` is the announcement until now, `after` the one with it. Retried for about
/// a minute, since the step must not be done again. Others may write to the object meanwhile, but not announce a create of their own; an id
/// that they set stays.
///
/// # Errors
/// The last one, after a minute, or that the announcement is no longer ours.
pub async fn record_step<O: Object>(client: &Client, object: &O, before: &str, after: &str) -> Result<O, Error> {
    let ours = |latest: &O| {
        let standing = latest.annotations().get(PENDING_CREATE);
        standing.is_some_and(|standing| standing == before || standing == after)
    };
    let change = |standing: &O| {
        json!({"metadata": {
            "resourceVersion": standing.resource_version(),
            "finalizers": with_finalizer(standing),
            "annotations": {PENDING_CREATE: after},
        }})
    };
    persist(client, object, None, change, ours).await
}

/// Records what a step of a deed returned: a change of the status, as long as what it is about is still `ours`. Retried like
/// [`record_step`].
///
/// # Errors
/// The last one, after a minute, or that it is no longer ours.
pub async fn record_deed<O: Object>(
    client: &Client,
    object: &O,
    status: &Json,
    ours: impl Fn(&O) -> bool,
) -> Result<O, Error> {
    let change = |standing: &O| as_read(standing, status);
    persist(client, object, Some("status"), change, ours).await
}

/// Writes until it is written, starting from what others wrote meanwhile as long as that is `ours`.
async fn persist<O: Object>(
    client: &Client,
    object: &O,
    subresource: Option<&str>,
    change: impl Fn(&O) -> Json,
    ours: impl Fn(&O) -> bool,
) -> Result<O, Error> {
    let mut newer: Option<O> = None;
    let mut pauses = patience().build();
    loop {
        let standing = newer.as_ref().unwrap_or(object);
        let error = match patch_part(client, standing, subresource, change(standing)).await {
            Ok(object) => return Ok(object),
            Err(error) => error,
        };
        let Some(pause) = pauses.next().filter(|_| !error.is_missing()) else { return Err(error) };
        tokio::time::sleep(pause).await;
        if error.is_conflict()
            && let Ok(latest) = call(api_of(client, object).get(&object.name_any())).await
        {
            if !ours(&latest) {
                return Err(error);
            }
            newer = Some(latest);
        }
    }
}

/// How long we go on trying to write down what must not be lost.
pub fn patience() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(Duration::from_secs(10))
        .with_max_times(12)
        .with_jitter()
}

/// Takes back an announcement, and the finalizer that came with it, when nothing was made.
///
/// # Errors
/// Then the announcement stands, which is safe.
pub async fn retract<O: Object>(client: &Client, object: &O) -> Result<O, Error> {
    let finalizers: Vec<&String> = object.finalizers().iter().filter(|name| *name != FINALIZER).collect();
    let change = json!({"metadata": {
        "resourceVersion": object.resource_version(),
        "finalizers": finalizers,
        "annotations": {PENDING_CREATE: null},
    }});
    patch(client, object, change).await
}

/// Records the id of a new external object. Retried for about a minute, since this is the one thing that must not be lost; it depends on
/// nothing that was read, and so cannot conflict.
///
/// # Errors
/// The last one, after a minute. The announcement then still stands.
pub async fn record_created<O: Object>(client: &Client, object: &O, external_id: &str) -> Result<O, Error> {
    let change = json!({"metadata": {"annotations": {EXTERNAL_ID: external_id, PENDING_CREATE: null}}});
    (|| patch(client, object, change.clone())).retry(patience()).when(|error| !error.is_missing()).await
}

/// Writes down that an existing external object is ours.
///
/// # Errors
/// Then it is not ours yet.
pub async fn record_adopted<O: Object>(client: &Client, object: &O, external_id: &str) -> Result<O, Error> {
    let change = json!({"metadata": {
        "resourceVersion": object.resource_version(),
        "finalizers": with_finalizer(object),
        "annotations": {EXTERNAL_ID: external_id, PENDING_CREATE: null},
    }});
    patch(client, object, change).await
}

/// Adds a finalizer to an object that lacks it.
///
/// # Errors
/// Then it is not there.
pub async fn hold<O: Object>(client: &Client, object: &O, finalizer: &str) -> Result<O, Error> {
    let mut finalizers = object.finalizers().to_vec();
    finalizers.push(finalizer.to_owned());
    let change = json!({"metadata": {"resourceVersion": object.resource_version(), "finalizers": finalizers}});
    patch(client, object, change).await
}

/// Removes a finalizer: Kubernetes may now forget the object. An object that is gone already is fine.
///
/// # Errors
/// Then the object stays.
pub async fn release<O: Object>(client: &Client, object: &O, finalizer: &str) -> Result<(), Error> {
    let finalizers: Vec<&String> = object.finalizers().iter().filter(|name| *name != finalizer).collect();
    let change = json!({"metadata": {"resourceVersion": object.resource_version(), "finalizers": finalizers}});
    match patch(client, object, change).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_missing() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Patches the status subresource.
///
/// # Errors
/// Then the status is as it was.
pub async fn write_status<O: Object>(client: &Client, object: &O, status: Json) -> Result<O, Error> {
    patch_part(client, object, Some("status"), json!({"status": status})).await
}

/// The same, refused when the object changed since it was read.
///
/// # Errors
/// Then the status is as it was.
pub async fn write_status_as_read<O: Object>(client: &Client, object: &O, status: Json) -> Result<O, Error> {
    patch_part(client, object, Some("status"), as_read(object, &status)).await
}

fn as_read(object: &impl ResourceExt, status: &Json) -> Json {
    json!({"metadata": {"resourceVersion": object.resource_version()}, "status": status})
}

/// Asks Kubernetes to delete this very object as it was read.
///
/// # Errors
/// It stays, or somebody changed it meanwhile.
pub async fn delete<O: Object>(client: &Client, object: &O) -> Result<(), Error> {
    let preconditions = Preconditions { uid: object.uid(), resource_version: object.resource_version() };
    let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
    match call(api_of(client, object).delete(&object.name_any(), &params)).await {
        Err(error) if !error.is_missing() => Err(error),
        _ => Ok(()),
    }
}

/// The decoded content of a Secret or ConfigMap, and the version it was read at.
pub struct Content {
    /// Values by key.
    pub data: BTreeMap<String, Vec<u8>>,
    /// The resourceVersion.
    pub version: String,
}

impl Content {
    fn of(secret: Secret) -> Self {
        Self {
            version: secret.resource_version().unwrap_or_default(),
            data: secret.data.unwrap_or_default().into_iter().map(|(key, value)| (key, value.0)).collect(),
        }
    }

    /// The values that are text.
    pub fn texts(self) -> BTreeMap<String, Hidden> {
        let text = |(key, value): (String, Vec<u8>)| Some((key, Hidden::new(String::from_utf8(value).ok()?)));
        self.data.into_iter().filter_map(text).collect()
    }
}

/// Reads a Secret; none when it does not exist.
///
/// # Errors
/// When Kubernetes gives no clear answer.
pub async fn read_secret(client: &Client, namespace: &str, name: &str) -> Result<Option<Content>, Error> {
    let found = call(Api::<Secret>::namespaced(client.clone(), namespace).get_opt(name)).await?;
    Ok(found.map(Content::of))
}

/// Reads a ConfigMap; none when it does not exist.
///
/// # Errors
/// When Kubernetes gives no clear answer.
pub async fn read_config_map(client: &Client, namespace: &str, name: &str) -> Result<Option<Content>, Error> {
    let found = call(Api::<ConfigMap>::namespaced(client.clone(), namespace).get_opt(name)).await?;
    Ok(found.map(|map| {
        let version = map.resource_version().unwrap_or_default();
        let text = map.data.unwrap_or_default().into_iter().map(|(key, value)| (key, value.into_bytes()));
        let binary = map.binary_data.unwrap_or_default().into_iter().map(|(key, value)| (key, value.0));
        Content { version, data: text.chain(binary).collect() }
    }))
}

/// The labels and annotations of those who put back what they have elsewhere, and what they are called.
const KEEPERS: [(&str, &str); 5] = [
    ("kustomize.toolkit.fluxcd.io/name", "the Flux Kustomization"),
    ("helm.toolkit.fluxcd.io/name", "the Flux HelmRelease"),
    ("meta.helm.sh/release-name", "the Helm release"),
    ("argocd.argoproj.io/tracking-id", "the Argo CD application"),
    ("argocd.argoproj.io/instance", "the Argo CD application"),
];

/// Tries whether keys of a Secret can be written, without writing any. Who keeps it, a controller or a tool for Git, if anybody does.
///
/// # Errors
/// They cannot, or Kubernetes gives no clear answer.
pub async fn try_secret(client: &Client, namespace: &str, name: &str) -> Result<Option<String>, Error> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let params = PatchParams { dry_run: true, ..params() };
    let change = Patch::Merge(json!({"data": {"provost.trial": ByteString(b"trial".to_vec())}}));
    let tried = call(api.patch(name, &params, &change)).await?;
    let owner = tried.owner_references().iter().find(|owner| owner.controller == Some(true));
    let owner = owner.map(|owner| format!("the {} {}", owner.kind, owner.name));
    let marked = |(mark, what): &(&str, &str)| {
        let name = tried.labels().get(*mark).or_else(|| tried.annotations().get(*mark))?;
        Some(format!("{what} {}", name.split(':').next().unwrap_or_default()))
    };
    Ok(owner.or_else(|| KEEPERS.iter().find_map(marked)))
}

/// Writes these keys of a Secret, whosever it is, and leaves its other keys as they are. One that is gone is made with these alone. What it
/// holds then.
///
/// # Errors
/// Then it may be as it was.
pub async fn write_secret_keys(
    client: &Client,
    namespace: &str,
    name: &str,
    keys: &BTreeMap<&'static str, Hidden>,
) -> Result<Content, Error> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let value =
        |(key, value): (&&'static str, &Hidden)| ((*key).to_owned(), ByteString(value.expose().as_bytes().to_vec()));
    let data: BTreeMap<String, ByteString> = keys.iter().map(value).collect();
    match call(api.patch(name, &params(), &Patch::Merge(json!({"data": data})))).await {
        Err(error) if error.is_missing() => {
            let mut secret = Secret { data: Some(data), ..Secret::default() };
            secret.metadata.name = Some(name.to_owned());
            call(api.create(&post(), &secret)).await.map(Content::of)
        }
        written => written.map(Content::of),
    }
}

/// Whose Secret was met, and its version.
pub enum Written {
    /// Ours, and its data are now as they should be.
    Ours(String),
    /// Somebody else's, and left alone.
    Foreign(String),
}

/// Writes a Secret of ours, so that its data are exactly `data`. A Secret of that name that belongs to somebody else is left alone.
///
/// # Errors
/// Then it may be as it was.
pub async fn write_secret<O: Object>(
    client: &Client,
    owner: &O,
    name: &str,
    data: &BTreeMap<&'static str, String>,
) -> Result<Written, Error> {
    let api: Api<Secret> = Api::namespaced(client.clone(), owner.meta().namespace.as_deref().unwrap_or_default());
    let wanted: BTreeMap<String, ByteString> =
        data.iter().map(|(key, value)| ((*key).to_owned(), ByteString(value.clone().into_bytes()))).collect();
    let owner_reference = owner.controller_owner_ref(&());
    match call(api.get_opt(name)).await? {
        None => {
            let mut secret = Secret { data: Some(wanted), ..Secret::default() };
            secret.metadata.name = Some(name.to_owned());
            secret.metadata.owner_references = owner_reference.map(|reference| vec![reference]);
            Ok(Written::Ours(version(&call(api.create(&post(), &secret)).await?)))
        }
        Some(found) => {
            let foreign = Written::Foreign(version(&found));
            let Some(ours) = owner_reference else { return Ok(foreign) };
            // Kind and name, not uid: what an earlier object of our name left behind, and nobody has collected yet, is ours too.
            let same = |other: &&OwnerReference| {
                other.controller == Some(true)
                    && (&other.api_version, &other.kind, &other.name) == (&ours.api_version, &ours.kind, &ours.name)
            };
            let Some(present) = found.owner_references().iter().find(same) else { return Ok(foreign) };
            if found.data.as_ref() == Some(&wanted) && present.uid == ours.uid {
                return Ok(Written::Ours(version(&found)));
            }
            let keys = found.data.iter().flat_map(BTreeMap::keys);
            let mut change: BTreeMap<&str, Json> = keys.map(|key| (key.as_str(), Json::Null)).collect();
            change.extend(wanted.iter().map(|(key, value)| (key.as_str(), json!(value))));
            let metadata = json!({"resourceVersion": found.resource_version(), "ownerReferences": [ours]});
            let body = json!({"metadata": metadata, "data": change});
            Ok(Written::Ours(version(&call(api.patch(name, &params(), &Patch::Merge(body))).await?)))
        }
    }
}

/// The data of a Secret of the installation, which is made with `fresh` if it does not exist yet.
///
/// # Errors
/// When it can neither be read nor made.
pub async fn ensure_secret(
    client: &Client,
    namespace: &str,
    name: &str,
    key: &str,
    fresh: Vec<u8>,
) -> Result<Vec<u8>, Error> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let mut secret =
        Secret { data: Some(BTreeMap::from([(key.to_owned(), ByteString(fresh.clone()))])), ..Secret::default() };
    secret.metadata.name = Some(name.to_owned());
    // Two replicas may start at once: whoever loses the race reads what the winner made.
    let error = match call(api.create(&post(), &secret)).await {
        Ok(_) => return Ok(fresh),
        // A namespace that is going away says so even of what is there.
        Err(error) if error.is_conflict() || error.is_forbidden() => error,
        Err(error) => return Err(error),
    };
    let Some(stored) = call(api.get_opt(name)).await? else { return Err(error) };
    Ok(stored.data.unwrap_or_default().remove(key).map_or_else(Vec::new, |value| value.0))
}

/// Sets or removes (`None`) one key of a ConfigMap that belongs to `owner`, making the ConfigMap if need be.
///
/// # Errors
/// Then it is as it was.
pub async fn write_config_key<O: Object>(
    client: &Client,
    owner: &O,
    name: &str,
    key: &str,
    value: Option<&str>,
) -> Result<(), Error> {
    let namespace = owner.meta().namespace.as_deref().unwrap_or_default();
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    let body = json!({"data": {key: value}});
    match (call(api.patch(name, &params(), &Patch::Merge(&body))).await, value) {
        (Err(error), Some(value)) if error.is_missing() => {
            let data = BTreeMap::from([(key.to_owned(), value.to_owned())]);
            let mut made = ConfigMap { data: Some(data), ..ConfigMap::default() };
            made.metadata.name = Some(name.to_owned());
            made.metadata.owner_references = owner.owner_ref(&()).map(|reference| vec![reference]);
            call(api.create(&post(), &made)).await.map(drop)
        }
        (Err(error), None) if error.is_missing() => Ok(()),
        (other, _) => other.map(drop),
    }
}
