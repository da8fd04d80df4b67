//! `provost demo`: a Kubernetes API server, simulated vendors, the operator and the examples, all on this machine; then a table that
//! shows how everything becomes ready.

pub mod deployed;
mod operator;
pub mod vendors;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use futures::StreamExt;
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Api, DynamicObject, ListParams};
use kube::core::ApiResource;
use kube::runtime::watcher;
use kube::{Client, ResourceExt};
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::cluster::{self, Cluster, Source};
use super::{Failure, interrupted, kubernetes, manifests, say};
use crate::engine::condition::READY;
use crate::kinds::TABLES;
use crate::ops::telemetry::{self, LogFormat};
use crate::sim::simulated::Simulated;
use operator::Operator;
use vendors::{VENDORS, Vendor};

/// The namespace of the examples.
const NAMESPACE: &str = "default";
/// The operator's own.
const OWN: &str = "provost-system";
/// How long everything may take to become ready.
const PATIENCE: Duration = Duration::from_secs(120);

/// See it work: a local Kubernetes API server, simulated vendors, the operator and the examples
///
/// Nothing leaves this machine, and Ctrl-C leaves nothing behind. `make demo` builds what this needs.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// End as soon as everything is ready, with status 0; with status 1 if that takes longer than two minutes
    #[arg(long)]
    pub once: bool,
    /// The manifests to apply; vendors' addresses in them are replaced by the simulators'
    #[arg(long, default_value = "deploy/examples", value_name = "FOLDER")]
    pub examples: PathBuf,
    /// Install the operator from these manifests, such as deploy/install.yaml, with kubectl. It then runs as their Deployment says, with the
    /// rights of its service account. Default: the program's own definitions, and an administrator's rights
    #[arg(long, value_name = "FILE")]
    pub install: Option<PathBuf>,
    /// Where the API server keeps its data and the kubeconfig while the demo runs. Default: a folder in the system's temporary one
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
    /// What the operator logs, into operator.log of that folder: a level or a filter. With --install its Deployment says it
    #[arg(
        long,
        env = "PROVOST_LOG",
        default_value = "info,kube_client=error,kube_runtime=error",
        value_name = "FILTER"
    )]
    pub log: String,
}

/// What the demo has running.
struct Stage {
    cluster: Cluster,
    vendors: Vec<(&'static Vendor, Box<dyn Simulated>)>,
    client: Client,
    metrics: String,
    operator: Operator,
}

/// Runs the demo.
///
/// # Errors
/// A part does not start, an example is refused, or not everything becomes ready in time.
pub async fn run(args: DemoArgs) -> Result<(), Failure> {
    #[allow(clippy::disallowed_methods, reason = "this is where the command line reads its surroundings")]
    let source = Source::detect(&|name| std::env::var(name).ok(), Path::new("."))?;
    let temporary = || std::env::temp_dir().join(format!("provost-demo-{}", std::process::id()));
    let dir = args.dir.clone().unwrap_or_else(temporary);
    let result = play(&args, source, &dir).await;
    // A folder that was asked for keeps the operator's log; one that we chose ourselves goes.
    if args.dir.is_none() && dir.exists() {
        std::fs::remove_dir_all(&dir)?;
    }
    result
}

async fn play(args: &DemoArgs, source: Source, dir: &Path) -> Result<(), Failure> {
    // Dropping what runs already stops it, whatever it is in the middle of.
    let mut stage = tokio::select! {
        stage = set(args, source, dir) => stage?,
        pressed = interrupted() => return Ok(pressed?),
    };
    let result = tokio::select! {
        result = perform(args, &mut stage) => result,
        pressed = interrupted() => pressed.map_err(Failure::from),
    };
    let stopped = stage.operator.stop().await;
    stage.vendors.clear();
    stage.cluster.stop().await;
    result.and(stopped)
}

async fn set(args: &DemoArgs, source: Source, dir: &Path) -> Result<Stage, Failure> {
    let begun = Instant::now();
    say("Starting a Kubernetes API server ... ")?;
    std::fs::create_dir_all(dir)?;
    if args.install.is_none() {
        let log = std::fs::File::create(dir.join("operator.log"))?;
        telemetry::start(LogFormat::Text, &args.log, Some(log))?;
    }
    let settings = cluster::Settings { dir: dir.to_owned(), port: 0, keep: false };
    let cluster = Cluster::start(source, settings).await?;
    let client = cluster.client().await?;
    say(&format!("ready after {:.1} s\n", begun.elapsed().as_secs_f32()))?;
    let own = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OWN}});
    make_namespace(&client, &own).await?;
    let deployment = install(args, &cluster, &client).await?;
    let mut vendors = Vec::new();
    for vendor in VENDORS {
        let simulator = (vendor.start)().await?;
        say(&format!("Started the simulator of {} at {}\n", vendor.name, simulator.url()))?;
        vendors.push((vendor, simulator));
    }
    let (operator, metrics) = match &deployment {
        None => operator::inside(client.clone()).await?,
        Some(deployment) => operator::installed(deployment, &cluster, &client, dir).await?,
    };
    say("Started the operator\n")?;
    Ok(Stage { cluster, vendors, client, metrics, operator })
}

/// Installs the definitions, or what is to be installed instead.
async fn install(args: &DemoArgs, cluster: &Cluster, client: &Client) -> Result<Option<Deployment>, Failure> {
    let definitions = kubernetes::definitions(&TABLES);
    let Some(manifests) = &args.install else {
        kubernetes::install(client, &definitions).await?;
        say(&format!("Installed {} custom resource definitions\n", definitions.len()))?;
        return Ok(None);
    };
    let (deployment, count) = operator::apply(cluster, manifests).await?;
    kubernetes::established(client, &definitions).await?;
    say(&format!("Installed {count} manifests of {}\n", manifests.display()))?;
    Ok(Some(deployment))
}

async fn make_namespace(client: &Client, manifest: &Json) -> Result<(), Failure> {
    use k8s_openapi::api::core::v1::Namespace;
    let namespace: Namespace = serde_json::from_value(manifest.clone())?;
    let params = kube::api::PatchParams::apply("provost-cli").force();
    let api: Api<Namespace> = Api::all(client.clone());
    api.patch(&namespace.name_any(), &params, &kube::api::Patch::Apply(&namespace)).await?;
    Ok(())
}

async fn perform(args: &DemoArgs, stage: &mut Stage) -> Result<(), Failure> {
    let begun = Instant::now();
    let applied = apply_examples(&stage.client, &args.examples, &stage.vendors).await?;
    say(&format!("Applied {applied} manifests of {}\n\n", args.examples.display()))?;
    let shown = async {
        tokio::select! {
            shown = show_until_ready(&stage.client) => shown,
            ended = stage.operator.failed() => Err(ended),
        }
    };
    let shown = tokio::time::timeout(PATIENCE, shown).await;
    let count = shown.map_err(|_| format!("not everything is ready after {} s", PATIENCE.as_secs()))??;
    say(&format!("\n{count} objects ready after {:.1} s\n", begun.elapsed().as_secs_f32()))?;
    if args.once {
        return Ok(());
    }
    say(&advice(stage))?;
    tokio::select! {
        ended = stage.cluster.failed() => Err(ended.into()),
        ended = stage.operator.failed() => Err(ended),
    }
}

/// Applies every manifest of a folder, with vendors' addresses replaced by the simulators'. Returns how many.
///
/// # Errors
/// One cannot be read, or is refused.
pub async fn apply_examples(
    client: &Client,
    folder: &Path,
    vendors: &[(&Vendor, Box<dyn Simulated>)],
) -> Result<usize, Failure> {
    let manifests = manifests::load(&[folder.to_owned()])
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    for secret in &manifests.secrets {
        let data: serde_json::Map<String, Json> =
            secret.text.iter().map(|(key, value)| (key.clone(), Json::from(value.expose()))).collect();
        let object = json!({
            "apiVersion": "v1", "kind": "Secret", "stringData": data,
            "metadata": {"name": secret.identity.name, "namespace": secret.identity.namespace},
        });
        kubernetes::apply(client, NAMESPACE, &object).await?;
    }
    for manifest in &manifests.objects {
        let mut object = manifest.object.clone();
        for (vendor, simulator) in vendors {
            if let Some(url) = object.pointer_mut(&format!("/spec/{}/url", vendor.block)) {
                *url = simulator.url().into();
            }
        }
        kubernetes::apply(client, NAMESPACE, &object).await?;
    }
    Ok(manifests.secrets.len() + manifests.objects.len())
}

/// Shows a table of all objects, anew after each change, until all are ready. Returns how many there are.
async fn show_until_ready(client: &Client) -> Result<usize, Failure> {
    let apis: Vec<(ApiResource, Api<DynamicObject>)> = kubernetes::resources(&TABLES)
        .into_iter()
        .map(|kind| (kind.clone(), Api::namespaced_with(client.clone(), NAMESPACE, &kind)))
        .collect();
    let watches = apis.iter().map(|(_, api)| {
        kube::runtime::WatchStreamExt::default_backoff(watcher::watcher(api.clone(), watcher::Config::default()))
            .boxed()
    });
    let mut changes = futures::stream::select_all(watches);
    let mut last = String::new();
    loop {
        let mut rows = Vec::new();
        for (kind, api) in &apis {
            rows.extend(api.list(&ListParams::default()).await?.items.iter().map(|object| row(&kind.kind, object)));
        }
        let table = table(&rows);
        if table != last {
            redraw(&last, &table)?;
            last = table;
        }
        if !rows.is_empty() && rows.iter().all(|row| row[2] == "True") {
            return Ok(rows.len());
        }
        changes.next().await;
    }
}

fn row(kind: &str, object: &DynamicObject) -> [String; 5] {
    let conditions = object.data.pointer("/status/conditions").and_then(Json::as_array);
    let ready = conditions.into_iter().flatten().find(|condition| condition["type"] == READY);
    let text = |field: &str| ready.and_then(|ready| ready[field].as_str()).unwrap_or("-").to_owned();
    let id = object.data.pointer("/status/externalId").and_then(Json::as_str).unwrap_or("-").to_owned();
    [format!("{kind}/{}", object.name_any()), id, text("status"), text("reason"), text("message")]
}

fn table(rows: &[[String; 5]]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["OBJECT", "EXTERNAL ID", "READY", "REASON", "MESSAGE"]);
    table.add_rows(rows.iter().cloned());
    table.trim_fmt() + "\n"
}

/// On a terminal the new table takes the old one's place; elsewhere it follows it.
fn redraw(old: &str, new: &str) -> std::io::Result<()> {
    let lines = old.lines().count();
    if lines > 0 && std::io::stdout().is_terminal() {
        return say(&format!("\x1b[{lines}A\x1b[J{new}"));
    }
    say(new)
}

fn advice(stage: &Stage) -> String {
    let (kubeconfig, metrics) = (stage.cluster.kubeconfig().display(), &stage.metrics);
    let kubectl = stage.cluster.kubectl();
    let kubectl = if kubectl == Path::new("kubectl") { "kubectl".to_owned() } else { kubectl.display().to_string() };
    let vendors = stage.vendors.iter().map(|(vendor, simulator)| (vendor.advice)(simulator.url(), metrics));
    format!(
        "
It stays up until Ctrl-C. In another terminal:

  export KUBECONFIG={kubeconfig}
  alias kubectl={kubectl}
  kubectl get provost
{}
",
        vendors.collect::<String>()
    )
}
