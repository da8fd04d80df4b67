//! Process: an operator that runs inside the test as it would in a pod: with a runtime, a Kubernetes client and an admin server of its
//! own, so that it can be stopped in good order, or killed.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use kube::client::ClientBuilder;
use kube::config::{KubeConfigOptions, Kubeconfig};
use provost::cli::{kubernetes, run};
use provost::engine::context::Settings;
use provost::engine::registry::Tables;
use provost::engine::watch::Namespaces;
use provost::ops::admin::AdminServer;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::harness::DEADLINE;
use crate::tap::Tap;

/// A running operator.
pub struct Process {
    runtime: Runtime,
    stop: CancellationToken,
    running: JoinHandle<bool>,
    admin: SocketAddr,
}

impl Process {
    /// Starts an operator of these kinds that looks at some namespaces, through a tap. The first is its own.
    pub async fn start(kubeconfig: &Path, tables: Tables, namespaces: &[String], tap: Tap) -> Self {
        let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = threads.unwrap();
        let (stop, read) = (CancellationToken::new(), Kubeconfig::read_from(kubeconfig).unwrap());
        let settings = Settings {
            namespaces: Namespaces::Only(namespaces.to_vec()),
            own_namespace: namespaces[0].clone(),
            drain: DEADLINE,
            changes: tap.changes.log(),
            ..Settings::default()
        };
        let told = stop.clone();
        let starting = runtime.spawn(async move {
            let config = kube::Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await.unwrap();
            let client = ClientBuilder::try_from(kubernetes::tuned(config)).unwrap().with_layer(&tap).build();
            let admin = AdminServer::bind((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
            let address = admin.address().unwrap();
            (run::start(client, tables, settings, Some(admin), told).await.unwrap(), address)
        });
        let (running, admin) = starting.await.unwrap();
        Self { runtime, stop, running, admin }
    }

    /// Where its admin server is.
    pub fn url(&self) -> String {
        format!("http://{}", self.admin)
    }

    /// What it serves at /metrics to who accepts this: the type of the content, and the content.
    pub async fn exposition(&self, accept: &str) -> (String, String) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let call = client.get(format!("{}/metrics", self.url())).header("accept", accept);
        let answer = call.send().await.unwrap().error_for_status().unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (kind, answer.text().await.unwrap())
    }

    /// Stops it as SIGTERM does, and returns when it has ended.
    pub async fn stop(self) {
        self.stop.cancel();
        self.running.await.unwrap();
        end(self.runtime, DEADLINE).await;
    }

    /// Ends every task at its next await, finished or not, and returns when none is left.
    pub async fn kill(self) {
        end(self.runtime, DEADLINE).await;
    }

    /// Ends it without waiting for that.
    pub fn abandon(self) {
        self.runtime.shutdown_background();
    }
}

async fn end(runtime: Runtime, deadline: Duration) {
    tokio::task::spawn_blocking(move || runtime.shutdown_timeout(deadline)).await.unwrap();
}
