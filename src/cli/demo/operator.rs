//! The demonstration's operator: a part of this process, or a process of its own that is installed as users install it.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use kube::Client;
use serde_json::Value as Json;
use tempfile::NamedTempFile;
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::deployed::Deployed;
use super::{Failure, OWN};
use crate::cli::cluster::process::Process;
use crate::cli::cluster::{Cluster, account};
use crate::cli::run;
use crate::engine::context::Settings;
use crate::kinds::TABLES;
use crate::ops::admin::AdminServer;

/// How long work under way may take to end.
const DRAIN: Duration = Duration::from_secs(5);

/// A running operator.
pub enum Operator {
    /// In this process, with an administrator's rights.
    Inside {
        /// Its end.
        running: JoinHandle<bool>,
        /// Tells it to stop.
        stop: CancellationToken,
    },
    /// As a Deployment runs it.
    Installed {
        /// The process.
        process: Box<Process>,
        /// Its way to Kubernetes, which goes with it.
        kubeconfig: NamedTempFile,
    },
}

/// Starts one in this process. Returns it with the address of its metrics.
///
/// # Errors
/// It cannot start.
pub async fn inside(client: Client) -> Result<(Operator, String), Failure> {
    let admin = AdminServer::bind((Ipv4Addr::LOCALHOST, 0).into()).await?;
    let metrics = format!("http://{}/metrics", admin.address()?);
    let settings = Settings { own_namespace: OWN.to_owned(), drain: DRAIN, ..Settings::default() };
    let stop = CancellationToken::new();
    let running = run::start(client, TABLES, settings, Some(admin), stop.clone()).await?;
    Ok((Operator::Inside { running, stop }, metrics))
}

/// Applies manifests with kubectl, and returns the Deployment among them and how many there are.
///
/// # Errors
/// kubectl is missing or refuses one, or there is no Deployment, or more than one.
pub async fn apply(cluster: &Cluster, manifests: &Path) -> Result<(Deployment, usize), Failure> {
    let mut command = Command::new(cluster.kubectl());
    command.args(["apply", "--server-side", "-o", "json", "-f"]).arg(manifests).env("KUBECONFIG", cluster.kubeconfig());
    let output = command.kill_on_drop(true).output().await;
    let output = output.map_err(|error| format!("{} cannot be run: {error}", cluster.kubectl().display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("kubectl apply -f {}: {}", manifests.display(), said.trim()).into());
    }
    let applied: Json = serde_json::from_slice(&output.stdout)?;
    let items = applied["items"].as_array().cloned().unwrap_or_default();
    let mut deployments = items.iter().filter(|item| item["kind"] == "Deployment");
    match (deployments.next(), deployments.next()) {
        (Some(one), None) => Ok((serde_json::from_value(one.clone())?, items.len())),
        _ => Err(format!("{} has to have one Deployment, that of the operator", manifests.display()).into()),
    }
}

/// Starts a process as a Deployment says, with what it says in files of `folder`. Returns it with the address of its metrics.
///
/// # Errors
/// It cannot start.
pub async fn installed(
    deployment: &Deployment,
    cluster: &Cluster,
    client: &Client,
    folder: &Path,
) -> Result<(Operator, String), Failure> {
    let deployed = Deployed::of(deployment)?;
    let Deployed { namespace, service_account, .. } = &deployed;
    let kubeconfig = account::kubeconfig(cluster.kubeconfig(), client, namespace, service_account, folder).await?;
    // Free now; should another program be faster, the operator says so and ends.
    let admin = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let mut command = deployed.command(&std::env::current_exe()?, kubeconfig.path());
    command.arg(format!("--admin-address={admin}"));
    let file = |name: &str| std::fs::File::create(folder.join(name));
    command.stdout(file("changes.log")?).stderr(file("operator.log")?);
    let process = Box::new(Process::spawn("the operator", &mut command)?);
    Ok((Operator::Installed { process, kubeconfig }, format!("http://{admin}/metrics")))
}

impl Operator {
    /// Waits until it ends by itself, which it should not do. Safe to cancel.
    pub async fn failed(&mut self) -> Failure {
        match self {
            // Only `stop` ends it.
            Self::Inside { .. } => std::future::pending().await,
            Self::Installed { process, .. } => process.ended().await.into(),
        }
    }

    /// Stops it in good order.
    ///
    /// # Errors
    /// It broke down.
    pub async fn stop(self) -> Result<(), Failure> {
        match self {
            Self::Inside { running, stop } => {
                stop.cancel();
                running.await?;
            }
            Self::Installed { mut process, kubeconfig } => {
                process.end(DRAIN * 2).await;
                kubeconfig.close()?;
            }
        }
        Ok(())
    }
}
