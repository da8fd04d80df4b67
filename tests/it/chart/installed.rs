//! An API server with the chart installed by helm, and the program as the chart runs it: with the flags, the variables and the rights of a pod
//! of the chart.

use std::path::Path;
use std::process::Stdio;

use k8s_openapi::api::apps::v1::Deployment;
use kube::Client;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use provost::cli::cluster::{Cluster, Settings, Source, account};
use provost::cli::demo::deployed::Deployed;
use provost::cli::kubernetes;
use provost::kinds::TABLES;
use serde_json::json;
use tempfile::{NamedTempFile, TempDir};
use tokio::process::{Child, Command};

use super::helm::Helm;
use super::proxy::Proxy;
use crate::harness::{DEADLINE, await_object, scratch, source};

/// The namespace and the name of the release.
pub const OWN: &str = "provost-system";
pub const RELEASE: &str = "provost";

/// A cluster that the test has for itself; none when tests run on somebody's.
pub async fn cluster() -> Option<(Cluster, TempDir)> {
    let source = source();
    if matches!(source, Source::Existing(_)) {
        return None;
    }
    let dir = scratch("chart-");
    let settings = Settings { dir: dir.path().join("data"), port: 0, keep: false };
    Some((Cluster::start(source, settings).await.unwrap(), dir))
}

/// Installs a chart, and waits until its definitions are served.
pub async fn install(helm: &Helm<'_>, client: &Client, chart: &str, values: &str) {
    let file = helm.values(values);
    let arguments = ["install", RELEASE, chart, "-n", OWN, "--create-namespace", "-f", &file];
    let said = helm.run(&arguments).await.ok();
    assert!(said.contains("STATUS: deployed"), "{said}");
    kubernetes::established(client, &kubernetes::definitions(&TABLES)).await.unwrap();
}

/// The Deployment of the release.
pub async fn deployment(client: &Client) -> Deployment {
    Api::namespaced(client.clone(), OWN).get(RELEASE).await.unwrap()
}

/// A way to Kubernetes for the service account of a pod, through a proxy that notes what it asks.
pub async fn way(
    cluster: &Cluster,
    client: &Client,
    deployed: &Deployed,
    proxy: &Proxy,
    folder: &Path,
) -> NamedTempFile {
    let Deployed { namespace, service_account, .. } = deployed;
    let kubeconfig =
        account::kubeconfig(cluster.kubeconfig(), client, namespace, service_account, folder).await.unwrap();
    proxy.redirect(&kubeconfig);
    kubeconfig
}

/// The program as a container runs it.
pub fn command(deployed: &Deployed, way: &NamedTempFile) -> Command {
    let mut command = deployed.command(Path::new(env!("CARGO_BIN_EXE_provost")), way.path());
    command.kill_on_drop(true);
    command
}

/// A running operator, with what it says.
pub struct Running {
    child: Child,
    log: std::path::PathBuf,
}

impl Running {
    /// Starts it as the chart's Deployment says.
    pub fn start(deployed: &Deployed, way: &NamedTempFile, folder: &Path) -> Self {
        let (said, log) = tempfile::Builder::new().prefix("log-").tempfile_in(folder).unwrap().keep().unwrap();
        let mut command = command(deployed, way);
        let child = command.arg("--admin-address=127.0.0.1:0").stdout(Stdio::null()).stderr(said).spawn().unwrap();
        Self { child, log }
    }

    /// What it said so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Stops it.
    pub async fn stop(mut self) {
        self.child.kill().await.unwrap();
    }
}

impl Drop for Running {
    #[allow(clippy::print_stderr, reason = "the test harness shows it beside the failure")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.log());
        }
    }
}

/// The objects of a kind of ours in a namespace.
pub fn objects(client: &Client, namespace: &str, kind: &str) -> Api<DynamicObject> {
    let resource = kubernetes::resources(&TABLES).into_iter().find(|resource| resource.kind == kind).unwrap();
    Api::namespaced_with(client.clone(), namespace, &resource)
}

/// Waits until an object is ready, for its present generation.
pub async fn ready(api: &Api<DynamicObject>, name: &str) -> DynamicObject {
    let is_ready = |object: Option<&DynamicObject>| {
        object.is_some_and(|object| {
            let conditions = object.data["status"]["conditions"].as_array();
            let ready = conditions.into_iter().flatten().any(|it| it["type"] == "Ready" && it["status"] == "True");
            ready && object.data["status"]["observedGeneration"].as_i64() == object.metadata.generation
        })
    };
    await_object(api.clone(), name, is_ready, DEADLINE).await.unwrap()
}

/// Waits until an object is gone.
pub async fn gone(api: &Api<DynamicObject>, name: &str) {
    await_object(api.clone(), name, |object: Option<&DynamicObject>| object.is_none(), DEADLINE).await;
}

/// Changes fields of a spec.
pub async fn edit(api: &Api<DynamicObject>, name: &str, spec: serde_json::Value) {
    api.patch(name, &PatchParams::default(), &Patch::Merge(json!({"spec": spec}))).await.unwrap();
}
