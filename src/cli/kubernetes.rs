//! The Kubernetes client of a command, and applying manifests with it.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams};
use kube::client::ClientBuilder;
use kube::core::ApiResource;
use kube::runtime::wait::{await_condition, conditions};
use kube::{Client, Config, ResourceExt};
use serde_json::Value as Json;
use tower::{Layer, Service};

use super::Failure;
use crate::base::line::Line;
use crate::engine::crd;
use crate::engine::kubernetes::{Error, FIELD_MANAGER, call};
use crate::engine::registry::Tables;

/// How many calls may wait for an answer. Each has a connection of its own, with its buffers, and an API server that is busy answers no sooner
/// for being asked by more.
const CALLS: u32 = 32;

/// How many objects one answer to a list may hold.
const PAGE: u32 = 500;

/// How long a definition may take to be served.
const ESTABLISHED: Duration = Duration::from_secs(30);

/// The client for the cluster that the surroundings name: `KUBECONFIG`, `~/.kube/config`, or the pod's own service account.
///
/// # Errors
/// None of these is there, or it makes no sense.
pub async fn infer() -> Result<Client, Failure> {
    client(config().await?)
}

/// A client that has no more than 32 calls under way. Those that wait are served by the rank of their tasks: an edit's before those of a backlog.
///
/// # Errors
/// The configuration makes no sense.
pub fn client(config: Config) -> Result<Client, Failure> {
    let queued = Queued(Arc::new(Line::new(CALLS)));
    Ok(ClientBuilder::try_from(config)?.with_layer(&queued).build())
}

/// Hands on each object that `params` select, page by page, so that no answer is larger than a call may take.
///
/// # Errors
/// Kubernetes refuses a page, or does not answer.
pub async fn each(
    api: &Api<DynamicObject>,
    params: &ListParams,
    mut take: impl FnMut(DynamicObject),
) -> Result<(), Error> {
    let mut params = params.clone().limit(PAGE);
    loop {
        let page = call(api.list(&params)).await?;
        page.items.into_iter().for_each(&mut take);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params.continue_token = Some(token),
            None => return Ok(()),
        }
    }
}

/// Has calls wait for a place.
struct Queued(Arc<Line>);

impl<S> Layer<S> for Queued {
    type Service = QueuedService<S>;

    fn layer(&self, service: S) -> Self::Service {
        QueuedService { line: self.0.clone(), service }
    }
}

/// A service that is behind a line.
struct QueuedService<S> {
    line: Arc<Line>,
    service: S,
}

impl<R, S> Service<R> for QueuedService<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        // Nothing is sent before the answer is waited for, and that is done by the task whose rank counts.
        let (line, answer) = (self.line.clone(), self.service.call(request));
        Box::pin(async move {
            let _place = line.place(|| Ok(())).await;
            answer.await
        })
    }
}

/// The way to that cluster, for more than one client.
///
/// # Errors
/// As [`infer`].
pub async fn config() -> Result<Config, Failure> {
    let config = Config::infer().await.map_err(|error| {
        format!("no cluster: neither KUBECONFIG nor ~/.kube/config nor a service account can be used ({error})")
    })?;
    Ok(tuned(config))
}

/// Retries are ours: the client's own would repeat a call for minutes behind the back of its deadline.
pub fn tuned(mut config: Config) -> Config {
    config.default_retry = false;
    config
}

/// Every definition of the tables.
pub fn definitions(tables: &Tables) -> Vec<CustomResourceDefinition> {
    let kinds = tables.kinds.iter().map(|row| (row.crd)());
    std::iter::once(crd::admin_api(tables.vendors)).chain(kinds).collect()
}

/// Every kind of the tables as the dynamic API needs it, AdminApi first.
pub fn resources(tables: &Tables) -> Vec<ApiResource> {
    let resource = |definition: CustomResourceDefinition| {
        let (group, names) = (definition.spec.group, definition.spec.names);
        let version = definition.spec.versions.into_iter().next().map(|version| version.name).unwrap_or_default();
        let api_version = format!("{group}/{version}");
        ApiResource { group, version, api_version, kind: names.kind, plural: names.plural }
    };
    definitions(tables).into_iter().map(resource).collect()
}

/// Installs the definitions, and waits until Kubernetes serves them.
///
/// # Errors
/// One is refused, or not served in time.
pub async fn install(client: &Client, definitions: &[CustomResourceDefinition]) -> Result<(), Failure> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let params = PatchParams::apply(FIELD_MANAGER).force();
    for definition in definitions {
        let name = definition.name_any();
        call(api.patch(&name, &params, &Patch::Apply(definition))).await.map_err(|error| format!("{name}: {error}"))?;
    }
    established(client, definitions).await
}

/// Waits until Kubernetes serves these definitions.
///
/// # Errors
/// One is not served in time.
pub async fn established(client: &Client, definitions: &[CustomResourceDefinition]) -> Result<(), Failure> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    for definition in definitions {
        let name = definition.name_any();
        let established = await_condition(api.clone(), &name, conditions::is_crd_established());
        tokio::time::timeout(ESTABLISHED, established).await.map_err(|_| format!("{name} is not served in time"))??;
    }
    Ok(())
}

/// Applies one manifest as `kubectl apply --server-side` does.
///
/// # Errors
/// Kubernetes refuses it.
pub async fn apply(client: &Client, namespace: &str, manifest: &Json) -> Result<(), Failure> {
    let mut object: DynamicObject = serde_json::from_value(manifest.clone())?;
    let types = object.types.clone().ok_or("a manifest without apiVersion and kind")?;
    let (group, version) = types.api_version.split_once('/').unwrap_or(("", &types.api_version));
    let plural = format!("{}s", types.kind.to_lowercase());
    let resource = ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version: types.api_version.clone(),
        kind: types.kind.clone(),
        plural,
    };
    let namespace = object.namespace().unwrap_or_else(|| namespace.to_owned());
    object.metadata.namespace = Some(namespace.clone());
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), &namespace, &resource);
    let params = PatchParams::apply("provost-cli").force();
    let name = object.name_any();
    let applied = call(api.patch(&name, &params, &Patch::Apply(&object))).await;
    applied.map(drop).map_err(|error| format!("{} {namespace}/{name}: {error}", types.kind).into())
}
