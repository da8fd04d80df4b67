//! Field: everything that runs beside the operator, and the objects it works on.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use futures::{StreamExt, stream};
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, ResourceExt};
use provost::cli::cluster::{Cluster, Settings, Source};
use provost::cli::kubernetes::{definitions, install};
use provost::engine::admin_api::AdminApi;
use provost::engine::condition::{READY, holds};
use provost::kinds::TABLES;
use provost::myintranetapps::sim::{Options, Simulator};
use provost::myintranetapps::tenant_account::TenantAccount;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::process::Operator;
use crate::{CONCURRENCY, LATENCY_MS, NEIGHBOUR, VENDOR, WATCHED};

/// The API server, two vendors, and clients for them.
pub struct Field {
    /// The API server.
    pub cluster: Cluster,
    /// The client of the benchmark.
    pub client: Client,
    /// The vendor with all accounts.
    pub vendor: Simulator,
    /// The vendor with few.
    pub neighbour: Simulator,
    /// For the floors' vendor calls and for metrics.
    pub http: reqwest::Client,
    program: PathBuf,
}

impl Field {
    /// Starts all of it.
    pub async fn set(program: PathBuf) -> Self {
        rustls::crypto::aws_lc_rs::default_provider().install_default().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let source = Source::detect(&|name| std::env::var(name).ok(), root).unwrap();
        let dir = std::env::temp_dir().join(format!("provost-bench-{}", std::process::id()));
        // Kept, since the server is restarted once; removed at the end.
        let cluster = Cluster::start(source, Settings { dir, port: 0, keep: true }).await.unwrap();
        let client = cluster.client().await.unwrap();
        install(&client, &definitions(&TABLES)).await.unwrap();
        let options = || Options { latency_ms: LATENCY_MS, ..Options::default() };
        let vendor = Simulator::start(options()).await.unwrap();
        let neighbour = Simulator::start(options()).await.unwrap();
        let http = reqwest::Client::builder().build().unwrap();
        let field = Self { cluster, client, vendor, neighbour, http, program };
        for name in ["provost-system", WATCHED, "floor"] {
            let api: Api<Namespace> = Api::all(field.client.clone());
            let namespace = serde_json::from_value(json!({"metadata": {"name": name}})).unwrap();
            api.create(&PostParams::default(), &namespace).await.unwrap();
        }
        field
    }

    /// Starts an operator that is the only one.
    pub async fn operator(&self) -> Operator {
        Operator::start(&self.program, self.cluster.kubeconfig(), WATCHED, false, &self.http).await
    }

    /// Starts one of several.
    pub async fn replica(&self) -> Operator {
        Operator::start(&self.program, self.cluster.kubeconfig(), WATCHED, true, &self.http).await
    }

    /// The objects of a namespace.
    pub fn accounts(&self, namespace: &str) -> Api<TenantAccount> {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// The AdminApis.
    pub fn admin_apis(&self) -> Api<AdminApi> {
        Api::namespaced(self.client.clone(), WATCHED)
    }

    /// Makes `n` objects of an AdminApi; the first is `<admin_api>-0`.
    pub async fn make(&self, namespace: &str, admin_api: &str, n: usize) {
        let api = &self.accounts(namespace);
        stream::iter(0..n)
            .for_each_concurrent(32, |i| async move {
                let account: TenantAccount = serde_json::from_value(json!({
                    "apiVersion": "provost.dev/v1alpha1", "kind": "TenantAccount",
                    "metadata": {"name": format!("{admin_api}-{i}")},
                    "spec": {
                        "adminApi": {"name": admin_api}, "name": format!("Company {i}"), "subdomain": format!("{namespace}-{i}"),
                        "emailAdmin": format!("cfo-{i}@example.com"), "packageId": "93", "active": true,
                    },
                }))
                .unwrap();
                api.create(&PostParams::default(), &account).await.unwrap();
            })
            .await;
    }

    /// Makes the AdminApi of a simulator, with its credentials.
    pub async fn connect(&self, name: &str) {
        let simulator = if name == NEIGHBOUR { &self.neighbour } else { &self.vendor };
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), WATCHED);
        let data: serde_json::Map<String, Value> =
            simulator.credentials().iter().map(|(key, value)| (key.clone(), Value::from(value.expose()))).collect();
        let secret = serde_json::from_value(json!({"metadata": {"name": name}, "stringData": data})).unwrap();
        secrets.create(&PostParams::default(), &secret).await.unwrap();
        let admin = serde_json::from_value(json!({
            "apiVersion": "provost.dev/v1alpha1", "kind": "AdminApi", "metadata": {"name": name},
            "spec": {
                "myIntranetApps": {"url": simulator.url()}, "credentials": {"secretRef": {"name": name}},
                "limits": {"concurrency": CONCURRENCY}, "resyncInterval": "1h",
            },
        }))
        .unwrap();
        self.admin_apis().create(&PostParams::default(), &admin).await.unwrap();
    }

    /// Makes the AdminApi [`VENDOR`] of all accounts.
    pub async fn connect_vendor(&self) {
        self.connect(VENDOR).await;
    }

    /// Changes the spec of an object; returns the new generation.
    pub async fn edit(&self, namespace: &str, name: &str, email: &str) -> i64 {
        let change = json!({"spec": {"emailAdmin": email}});
        let object =
            self.accounts(namespace).patch(name, &PatchParams::default(), &Patch::Merge(change)).await.unwrap();
        object.metadata.generation.unwrap()
    }

    /// Changes the specs of the first `n` objects of [`VENDOR`].
    pub async fn edit_all(&self, namespace: &str, n: usize, word: &str) {
        stream::iter(0..n)
            .for_each_concurrent(32, |i| async move {
                self.edit(namespace, &format!("{VENDOR}-{i}"), &format!("{word}-{i}@example.com")).await;
            })
            .await;
    }

    /// Waits until `n` objects of a namespace are Ready as of their present generation.
    pub async fn all_ready(&self, namespace: &str, n: usize) {
        let mut events = watcher(self.accounts(namespace), watcher::Config::default()).default_backoff().boxed();
        let mut settled = HashSet::new();
        while settled.len() < n {
            if let Ok(watcher::Event::Apply(object) | watcher::Event::InitApply(object)) = events.next().await.unwrap()
            {
                if is_ready(&object) {
                    settled.insert(object.name_any());
                } else {
                    settled.remove(&object.name_any());
                }
            }
        }
    }

    /// Asks for a resync of [`VENDOR`], and waits until its list was read.
    pub async fn resync(&self, token: &str) -> Instant {
        let api = self.admin_apis();
        let wish = json!({"metadata": {"annotations": {"provost.dev/reconcile-at": token}}});
        let begun = Instant::now();
        api.patch(VENDOR, &PatchParams::default(), &Patch::Merge(wish)).await.unwrap();
        let mut events = watcher(api, watcher::Config::default()).default_backoff().boxed();
        while let Some(event) = events.next().await {
            if let Ok(watcher::Event::Apply(object) | watcher::Event::InitApply(object)) = event
                && object.status.is_some_and(|status| status.last_handled_reconcile_at.as_deref() == Some(token))
            {
                break;
            }
        }
        begun
    }
}

/// Whether an object is Ready as of its present generation.
pub fn is_ready(object: &TenantAccount) -> bool {
    object.status.as_ref().is_some_and(|status| {
        Some(status.observed_generation) == object.metadata.generation && holds(&status.conditions, READY)
    })
}
