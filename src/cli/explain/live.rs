//! Live: what only the running operator knows of an object, asked through the API server, or at an address of its own.

use std::time::Duration;

use axum::http::Request;
use clap::Args;
use k8s_openapi::api::coordination::v1::Lease;
use kube::Client;
use kube::api::Api;

use super::super::Failure;
use super::super::target::Named;
use crate::engine::inspect::Inspection;
use crate::engine::kubernetes::call;

/// How long an operator may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the operator is.
#[derive(Debug, Clone, Args)]
pub struct OperatorArgs {
    /// Ask the operator at this address, such as http://127.0.0.1:8080. Default: the pod that holds the Lease, through the API server
    #[arg(long, value_name = "URL", env = "PROVOST_OPERATOR_URL")]
    pub operator_url: Option<String>,
    /// The operator's own namespace
    #[arg(long, env = "PROVOST_NAMESPACE", default_value = "provost-system", value_name = "NAMESPACE")]
    pub operator_namespace: String,
    /// The name of the Lease, in the operator's own namespace
    #[arg(long, env = "PROVOST_LEASE_NAME", default_value = "provost", value_name = "NAME")]
    pub lease_name: String,
}

/// What the operator knows of an object.
///
/// # Errors
/// It cannot be reached, or sees no such object: one sentence that says so.
pub async fn ask(
    client: &Client,
    args: &OperatorArgs,
    kind: &Named,
    namespace: &str,
    name: &str,
) -> Result<Inspection, String> {
    let path = format!("objects/{}/{namespace}/{name}", kind.resource.kind);
    match &args.operator_url {
        Some(url) => at(&format!("{}/{path}", url.trim_end_matches('/'))).await.map_err(|error| {
            format!("the operator at {url} does not tell ({error}); see whether --operator-url is right")
        }),
        None => through(client, args, &path).await,
    }
}

async fn at(url: &str) -> Result<Inspection, Failure> {
    let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
    let answer = client.get(url).send().await.map_err(reqwest::Error::without_url)?;
    let status = answer.status();
    if !status.is_success() {
        return Err(format!("it answers {status}").into());
    }
    Ok(answer.json().await.map_err(reqwest::Error::without_url)?)
}

/// By the API server's proxy to the pod that holds the Lease. Without a port, it takes the first one that the pod declares.
async fn through(client: &Client, args: &OperatorArgs, path: &str) -> Result<Inspection, String> {
    let (namespace, lease) = (&args.operator_namespace, &args.lease_name);
    let place = format!("the Lease {namespace}/{lease}");
    let other = "say --operator-namespace or --operator-url if it is elsewhere";
    let read = call(Api::<Lease>::namespaced(client.clone(), namespace).get_opt(lease)).await;
    let found = read.map_err(|error| format!("{place} cannot be read ({error}); {other}"))?;
    let holder = found.and_then(|lease| lease.spec?.holder_identity).filter(|holder| !holder.is_empty());
    let holder = holder.ok_or_else(|| format!("nobody holds {place}, so no operator is at work; {other}"))?;
    // The name of the pod, and what tells this process from its predecessors.
    let pod = holder.rsplit_once('_').map_or(holder.as_str(), |(pod, _)| pod);
    let url = format!("/api/v1/namespaces/{namespace}/pods/{pod}/proxy/{path}");
    let request =
        Request::get(url).body(Vec::new()).map_err(|error| format!("the pod {pod} has no address: {error}"))?;
    let answer = call(client.request::<Inspection>(request)).await;
    answer.map_err(|error| {
        let hint = if error.is_forbidden() { "; it needs the right to get pods/proxy there" } else { "" };
        format!("the operator's pod {namespace}/{pod} cannot be asked ({error}){hint}; {other}")
    })
}
