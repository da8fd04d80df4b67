//! `make bench`: the operator as a whole, as its own process, against the local API server and a simulator with 50 ms latency.
//!
//! Machines are shared and noisy, so an absolute time says little. Beside each time stands that of a *floor* measured in the same run: a bare loop that
//! makes just the same vendor calls and Kubernetes writes at the same concurrency, and nothing else. Counts are exact and need no floor.
//!
//! `make bench ARGS="--accounts 10000"` for another size.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark stops at the first surprise, and prints"
)]

use std::process::Stdio;
use std::time::Duration;

use clap::Parser;
use futures::{StreamExt, stream};
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
use tokio::process::{Child, Command};
use tokio::time::Instant;

const CONCURRENCY: usize = 64;
const LATENCY_MS: u64 = 50;

#[derive(Parser)]
struct Arguments {
    /// How many TenantAccounts
    #[arg(long, default_value_t = 1000)]
    accounts: usize,
    /// How many edits to time, 20 a second
    #[arg(long, default_value_t = 200)]
    edits: usize,
    /// What cargo passes to benchmarks
    #[arg(long, hide = true)]
    bench: bool,
}

/// Everything that runs beside the operator.
struct Field {
    cluster: Cluster,
    client: Client,
    vendor: Simulator,
    http: reqwest::Client,
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let field = Field::set().await;
    let n = arguments.accounts;
    println!(
        "{n} TenantAccounts, vendor latency {LATENCY_MS} ms, concurrency {CONCURRENCY}; a ratio compares with the floor of the same run\n"
    );
    let floor = field.floor(n).await;
    field.make("bench", n).await;
    field.connect().await;
    let begun = Instant::now();
    let mut operator = field.operator().await;
    field.drive(&arguments, &operator, begun, floor).await;
    operator.end().await;
    field.restart(n).await;
    field.cluster.stop().await;
}

struct Operator {
    child: Child,
    admin: String,
}

impl Operator {
    fn number(&self, file: &str, key: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id().unwrap())).unwrap();
        let line = text.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    fn rss_mb(&self) -> f64 {
        self.number("status", "VmRSS:") as f64 / 1024.0
    }

    fn peak_mb(&self) -> f64 {
        self.number("status", "VmHWM:") as f64 / 1024.0
    }

    fn cpu(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id().unwrap())).unwrap();
        let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
        // Ticks of 10 ms, user and system.
        (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
    }

    async fn end(&mut self) {
        let pid = self.child.id().unwrap().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().await.unwrap();
        self.child.wait().await.unwrap();
    }
}

impl Field {
    async fn set() -> Self {
        rustls::crypto::aws_lc_rs::default_provider().install_default().unwrap();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let source = Source::detect(&|name| std::env::var(name).ok(), root).unwrap();
        let dir = std::env::temp_dir().join(format!("provost-bench-{}", std::process::id()));
        let cluster = Cluster::start(source, Settings { dir, port: 0, keep: false }).await.unwrap();
        let client = cluster.client().await.unwrap();
        install(&client, &definitions(&TABLES)).await.unwrap();
        let options = Options { latency_ms: LATENCY_MS, ..Options::default() };
        let vendor = Simulator::start(options).await.unwrap();
        let http = reqwest::Client::builder().build().unwrap();
        let field = Self { cluster, client, vendor, http };
        for name in ["provost-system", "bench", "floor"] {
            field.namespace(name).await;
        }
        field
    }

    async fn namespace(&self, name: &str) {
        let api: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(self.client.clone());
        let namespace = serde_json::from_value(json!({"metadata": {"name": name}})).unwrap();
        api.create(&PostParams::default(), &namespace).await.unwrap();
    }

    fn accounts(&self, namespace: &str) -> Api<TenantAccount> {
        Api::namespaced(self.client.clone(), namespace)
    }

    async fn make(&self, namespace: &str, n: usize) {
        let api = self.accounts(namespace);
        stream::iter(0..n)
            .for_each_concurrent(32, |i| {
                let api = api.clone();
                let namespace = namespace.to_owned();
                async move {
                    let account: TenantAccount = serde_json::from_value(json!({
                        "apiVersion": "provost.dev/v1alpha1", "kind": "TenantAccount",
                        "metadata": {"name": format!("account-{i}")},
                        "spec": {
                            "adminApi": {"name": "vendor"}, "name": format!("Company {i}"), "subdomain": format!("{namespace}-{i}"),
                            "emailAdmin": format!("cfo-{i}@example.com"), "packageId": "93", "active": true,
                        },
                    }))
                    .unwrap();
                    api.create(&PostParams::default(), &account).await.unwrap();
                }
            })
            .await;
    }

    async fn connect(&self) {
        let secrets: Api<k8s_openapi::api::core::v1::Secret> = Api::namespaced(self.client.clone(), "bench");
        let data: serde_json::Map<String, Value> =
            self.vendor.credentials().iter().map(|(key, value)| (key.clone(), Value::from(value.expose()))).collect();
        let secret = serde_json::from_value(json!({"metadata": {"name": "vendor"}, "stringData": data})).unwrap();
        secrets.create(&PostParams::default(), &secret).await.unwrap();
        let api: Api<AdminApi> = Api::namespaced(self.client.clone(), "bench");
        let admin = serde_json::from_value(json!({
            "apiVersion": "provost.dev/v1alpha1", "kind": "AdminApi", "metadata": {"name": "vendor"},
            "spec": {
                "myIntranetApps": {"url": self.vendor.url()}, "credentials": {"secretRef": {"name": "vendor"}},
                "limits": {"concurrency": CONCURRENCY}, "resyncInterval": "1h",
            },
        }))
        .unwrap();
        api.create(&PostParams::default(), &admin).await.unwrap();
    }

    async fn operator(&self) -> Operator {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let admin = format!("127.0.0.1:{port}");
        let child = Command::new(env!("CARGO_BIN_EXE_provost"))
            .args(["run", "--admin-address", &admin, "--log", "warn", "--watch-namespace", "bench"])
            .env("KUBECONFIG", self.cluster.kubeconfig())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let operator = Operator { child, admin };
        let url = format!("http://{}/readyz", operator.admin);
        while !self.http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        operator
    }

    /// The same writes and calls in a bare loop: announce, create, record, status.
    async fn floor(&self, n: usize) -> Duration {
        self.make("floor", n).await;
        let api = self.accounts("floor");
        let credentials = self.vendor.credentials();
        let begun = Instant::now();
        stream::iter(0..n)
            .for_each_concurrent(CONCURRENCY, |i| {
                let (api, credentials) = (api.clone(), credentials.clone());
                async move {
                    let name = format!("account-{i}");
                    let patch = |body: Value| Patch::Merge(body);
                    let params = PatchParams::default();
                    let announced = json!({"metadata": {"finalizers": ["provost.dev/bench"], "annotations": {"provost.dev/pending-create": "x"}}});
                    api.patch(&name, &params, &patch(announced)).await.unwrap();
                    let body = json!({"name": "n", "active": "1", "email_admin": "a@b.c", "password": "", "subdomain": format!("bare-{i}"), "type": "standard"});
                    let answer = self
                        .http
                        .post(format!("{}/app/api.php", self.vendor.url()))
                        .basic_auth(credentials["username"].expose(), Some(credentials["password"].expose()))
                        .header("Account-Key", credentials["accountKey"].expose())
                        .json(&body)
                        .send()
                        .await
                        .unwrap();
                    assert!(answer.status().is_success());
                    let id = answer.json::<Value>().await.unwrap()["account_key"].clone();
                    let recorded = json!({"metadata": {"annotations": {"provost.dev/external-id": id, "provost.dev/pending-create": null}}});
                    api.patch(&name, &params, &patch(recorded)).await.unwrap();
                    let condition = |kind: &str| json!({"type": kind, "status": "True", "reason": "Converged", "message": "the vendor matches the spec", "lastTransitionTime": "2026-11-22T00:00:00Z", "observedGeneration": 1});
                    let status = json!({"status": {"observedGeneration": 1, "externalId": id, "conditions": [condition("Ready"), condition("Synced")]}});
                    api.patch_status(&name, &params, &patch(status)).await.unwrap();
                }
            })
            .await;
        begun.elapsed()
    }

    /// Waits until `n` objects satisfy `is`.
    async fn wait(&self, n: usize, is: impl Fn(&TenantAccount) -> bool) {
        let mut events = watcher(self.accounts("bench"), watcher::Config::default()).default_backoff().boxed();
        let mut settled = std::collections::HashSet::new();
        while settled.len() < n {
            if let Ok(watcher::Event::Apply(object) | watcher::Event::InitApply(object)) = events.next().await.unwrap()
                && is(&object)
            {
                settled.insert(object.name_any());
            }
        }
    }

    /// Writes to custom resources and Events so far, from the API server's own counters.
    async fn writes(&self) -> u64 {
        let request = http_get("/metrics");
        let text = self.client.request_text(request).await.unwrap();
        text.lines()
            .filter(|line| line.starts_with("apiserver_request_total{"))
            .filter(|line| {
                ["tenantaccounts", "adminapis", "events", "secrets", "configmaps"]
                    .iter()
                    .any(|kind| line.contains(&format!("resource=\"{kind}\"")))
            })
            .filter(|line| {
                ["POST", "PATCH", "PUT", "APPLY", "DELETE"]
                    .iter()
                    .any(|verb| line.contains(&format!("verb=\"{verb}\"")))
            })
            .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() as u64)
            .sum()
    }

    async fn resync(&self, token: &str) {
        let api: Api<AdminApi> = Api::namespaced(self.client.clone(), "bench");
        let wish = json!({"metadata": {"annotations": {"provost.dev/reconcile-at": token}}});
        api.patch("vendor", &PatchParams::default(), &Patch::Merge(wish)).await.unwrap();
        let mut events = watcher(api, watcher::Config::default()).default_backoff().boxed();
        while let Some(event) = events.next().await {
            if let Ok(watcher::Event::Apply(object) | watcher::Event::InitApply(object)) = event
                && object.status.is_some_and(|status| status.last_handled_reconcile_at.as_deref() == Some(token))
            {
                return;
            }
        }
    }

    async fn drive(&self, arguments: &Arguments, operator: &Operator, begun: Instant, floor: Duration) {
        let n = arguments.accounts;
        self.wait(n, |object| object.status.as_ref().is_some_and(|status| holds(&status.conditions, READY))).await;
        let converged = begun.elapsed();
        let calls = self.vendor.journal().counts();
        println!(
            "empty to Ready                {:>8.2} s   floor {:.2} s   ratio {:.2}",
            converged.as_secs_f64(),
            floor.as_secs_f64(),
            converged.as_secs_f64() / floor.as_secs_f64()
        );
        println!(
            "  operator CPU {:.2} s, RSS {:.0} MB (peak {:.0} MB); vendor calls since start {:?}",
            operator.cpu(),
            operator.rss_mb(),
            operator.peak_mb(),
            calls
        );
        tokio::time::sleep(Duration::from_secs(4)).await;
        let (writes, calls, cpu) = (self.writes().await, self.vendor.journal().last(), operator.cpu());
        for round in ["1", "2", "3"] {
            self.resync(round).await;
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        // Six writes are ours: the wish, and its echo in the AdminApi's status, three times.
        println!(
            "resync                        {:>8.1} vendor calls, {:.1} Kubernetes writes, {:.3} s CPU each",
            (self.vendor.journal().last() - calls) as f64 / 3.0,
            (self.writes().await - writes - 6) as f64 / 3.0,
            (operator.cpu() - cpu) / 3.0
        );
        let latencies = self.edits(arguments.edits.min(n)).await;
        println!(
            "edit to Ready, added to vendor {:>7.1} ms median, {:.1} ms p99 ({} edits, 20/s)",
            quantile(&latencies, 0.5) - LATENCY_MS as f64,
            quantile(&latencies, 0.99) - LATENCY_MS as f64,
            latencies.len()
        );
        println!("settled                       {:>8.0} MB RSS, {:.0} MB peak", operator.rss_mb(), operator.peak_mb());
    }

    async fn edits(&self, edits: usize) -> Vec<f64> {
        let api = self.accounts("bench");
        let (sender, mut sent) = tokio::sync::mpsc::unbounded_channel();
        let calls = self.vendor.journal().last();
        let editor = async {
            let mut beat = tokio::time::interval(Duration::from_millis(50));
            for i in 0..edits {
                beat.tick().await;
                let (api, sender) = (api.clone(), sender.clone());
                tokio::spawn(async move {
                    let change = json!({"spec": {"emailAdmin": format!("edited-{i}@example.com")}});
                    let begun = Instant::now();
                    let object = api
                        .patch(&format!("account-{i}"), &PatchParams::default(), &Patch::Merge(change))
                        .await
                        .unwrap();
                    sender.send((object.name_any(), object.metadata.generation, begun)).unwrap();
                });
            }
            drop(sender);
        };
        let watch = async {
            let mut events = watcher(api.clone(), watcher::Config::default()).default_backoff().boxed();
            let (mut ready, mut times) = (std::collections::HashMap::new(), Vec::new());
            let mut pending: std::collections::HashMap<String, Instant> = std::collections::HashMap::new();
            while times.len() < edits {
                tokio::select! {
                    Some((name, generation, begun)) = sent.recv() => {
                        match ready.remove(&(name.clone(), generation)) {
                            Some(at) => times.push(Instant::duration_since(&at, begun).as_secs_f64() * 1000.0),
                            None => { pending.insert(name, begun); }
                        }
                    }
                    Some(event) = events.next() => {
                        if let Ok(watcher::Event::Apply(object)) = event
                            && object.status.as_ref().is_some_and(|status| Some(status.observed_generation) == object.metadata.generation && holds(&status.conditions, READY))
                        {
                            let name = object.name_any();
                            match pending.remove(&name) {
                                Some(begun) => times.push(begun.elapsed().as_secs_f64() * 1000.0),
                                None => { ready.insert((name, object.metadata.generation), Instant::now()); }
                            }
                        }
                    }
                }
            }
            times
        };
        let (times, ()) = tokio::join!(watch, editor);
        println!("  vendor calls per edit {:.2}", (self.vendor.journal().last() - calls) as f64 / edits as f64);
        times
    }

    async fn restart(&self, n: usize) {
        let (writes, calls) = (self.writes().await, self.vendor.journal().last());
        let mut operator = self.operator().await;
        let begun = Instant::now();
        loop {
            let text = self.http.get(format!("http://{}/metrics", operator.admin)).send().await;
            let text = match text {
                Ok(answer) => answer.text().await.unwrap(),
                Err(_) => String::new(),
            };
            let settled = format!("provost_objects{{kind=\"TenantAccount\",ready=\"True\",reason=\"Converged\"}} {n}");
            if text.contains(&settled) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        println!(
            "restart, {n} settled           {:>7.2} s to the end of the first resync, {} vendor calls, {} Kubernetes writes",
            begun.elapsed().as_secs_f64(),
            self.vendor.journal().last() - calls,
            // One is the attempt to make the Secret of the installation, which is there already.
            self.writes().await - writes - 1
        );
        operator.end().await;
    }
}

fn http_get(path: &str) -> http::Request<Vec<u8>> {
    http::Request::get(path).body(Vec::new()).unwrap()
}

fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * part).round() as usize]
}
