//! `provost plan`: what applying manifests would change at the vendors, told without writing anything anywhere.
//!
//! Everything that is wrong with the manifests is told together, before any vendor is asked. Then each AdminApi gets one client, whose
//! transport refuses every write, and all its objects are planned with the very code of the operator, sharing its lists.

pub(super) mod connections;
mod grants;
pub(super) mod input;
pub(super) mod report;
mod siblings;
pub(super) mod sources;
pub(super) mod text;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{ArgGroup, Args, ValueEnum};
use futures::StreamExt;
use kube::Client;
use tokio::time::Instant;

use super::manifests::{self, Manifests};
use super::target::ClusterArgs;
use super::{Failure, say};
use crate::engine::kind::Identity;
use crate::engine::kubernetes::call;
use crate::engine::preview::{Preview, Request};
use crate::engine::reason::Reason;
use crate::engine::registry::Tables;
use crate::engine::report::Stop;
use crate::engine::sibling::Sibling;
use crate::kinds::TABLES;
use connections::Connected;
use grants::Grants;
use input::{Document, Input, Item, Key};
use report::{Complaint, Entry, Report};
use siblings::{Siblings, waves};
use sources::Sources;

/// How many objects are planned at once. What a vendor can bear is said in its AdminApi, and kept by its client.
const AT_ONCE: usize = 64;

/// Show what applying manifests would change at the vendors, field by field, and change nothing
///
/// Reads manifests, checks them as the API server would (schema and CEL rules), looks at each vendor over a connection that cannot
/// write, and prints what the operator would do.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = HELP, override_usage = USAGE)]
#[command(group = ArgGroup::new("manifests").required(true).multiple(true).args(["filename", "path"]))]
pub struct PlanArgs {
    /// A file, a folder with everything in it, or - for standard input; may be repeated
    #[arg(short, long = "filename", value_name = "PATH")]
    pub filename: Vec<PathBuf>,
    /// The same, without -f
    #[arg(value_name = "PATH")]
    pub path: Vec<PathBuf>,
    /// Also read what the cluster has: Secrets, ConfigMaps and AdminApis that are not among the manifests, and the stored objects with
    /// their status. Nothing is written there either
    #[arg(long)]
    pub cluster: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "its fields are the flags")]
    pub target: ClusterArgs,
    /// The namespace of manifests that name none. Default: the kubeconfig's with --cluster, else default
    #[arg(short, long)]
    pub namespace: Option<String>,
    /// The operator's own namespace, where --cluster finds the key of its fingerprints
    #[arg(long, env = "PROVOST_NAMESPACE", default_value = "provost-system", value_name = "NAMESPACE")]
    pub operator_namespace: String,
    /// How to print the plan
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
    /// Also list the objects that are as they should be
    #[arg(short, long)]
    pub verbose: bool,
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people
    #[default]
    Text,
    /// One JSON document, for programs
    Json,
}

const USAGE: &str = "provost plan [OPTIONS] -f <PATH>...";

const HELP: &str = "\
Exit status:
  0  nothing to do; so are differences that a policy says to leave alone, which are shown
     (drift: Report, management: Observe)
  2  there are changes, to be made at once or once somebody approves them or ends a pause
  1  something is wrong: a manifest is invalid, a Secret is missing, a vendor does not answer,
     or a plan cannot be carried out (AlreadyExists, ImmutableDiffers, ...). It wins over 2

Symbols:
  + create, do once   ~ change   > take over   - switch off or delete   ! held   x error   = as it should be

Examples:
  # everything in a folder, Secrets among it
  provost plan -f deploy/

  # compared with what the cluster has, and with what the operator remembers there
  provost plan -f deploy/ --cluster

  # what kustomize would apply
  kustomize build overlays/prod | provost plan -f - --cluster

  # for programs: what would be created
  provost plan -f deploy/ -o json | jq -r '.objects[] | select(.action == \"create\").name'

JSON (later versions of Provost may add fields; else \"version\" counts up):
  version      1
  objects[]    kind, namespace, name, file, document, line
    action     create, run, update, adopt, disable, delete, release or none; null with an error
    externalId the vendor's id of what would be taken over
    claim      why it may be: announced, revived, annotated, handedOver or policy
    changes[]  field, from, to, secret. No \"from\": nothing is there, or nobody can know.
               Both are \"***\" for a secret
    kept[]     differences that stay: as changes[], with a reason
    hold       reason, message: nothing of it is carried out
    then       reason, message, changes[]: what follows, and is held
    error      reason, message: there is no plan
  errors[]     what is wrong with manifests and AdminApis: reason, message, and where
  notes[]      what else to know
  skipped      the number of objects of each other kind
  summary      create, run, update, adopt, remove, unchanged, held, errors";

/// Plans, and prints the plan.
///
/// # Errors
/// Standard output is closed.
pub async fn run(args: PlanArgs) -> Result<ExitCode, Failure> {
    let report = plan(&args, &TABLES).await;
    say(&match args.output {
        Output::Text => text::render(&report, args.verbose),
        Output::Json => report.json()?,
    })?;
    Ok(report.exit_code())
}

async fn plan(args: &PlanArgs, tables: &Tables) -> Report {
    let paths: Vec<PathBuf> = args.filename.iter().chain(&args.path).cloned().collect();
    let (manifests, unreadable) = manifests::read(&paths);
    let mut complaints: Vec<Complaint> = unreadable.iter().map(Complaint::unreadable).collect();
    let cluster = match cluster(args).await {
        Ok(cluster) => cluster,
        Err(failure) => {
            complaints.push(Complaint::general(Reason::KubernetesUnavailable, failure.to_string()));
            return Report::refused(complaints);
        }
    };
    let inferred = cluster.as_ref().map_or("default", Client::default_namespace);
    let ground = Ground {
        namespace: args.namespace.clone().unwrap_or_else(|| inferred.to_owned()),
        operator_namespace: args.operator_namespace.clone(),
        cluster,
        begun: Instant::now(),
        connections: Connections::new(),
    };
    plan_manifests(manifests, complaints, ground, tables).await
}

/// What manifests are planned against.
pub(super) struct Ground {
    /// The cluster, where it is to be looked at too.
    pub cluster: Option<Client>,
    /// The namespace of manifests that name none.
    pub namespace: String,
    /// The operator's own namespace.
    pub operator_namespace: String,
    /// Data of the vendor must have been read after this instant.
    pub begun: Instant,
    /// Clients that there are already; others are made.
    pub connections: Connections,
}

/// Plans manifests, unless something is wrong with them beside these complaints or because of them.
pub(super) async fn plan_manifests(
    manifests: Manifests,
    mut complaints: Vec<Complaint>,
    ground: Ground,
    tables: &Tables,
) -> Report {
    let Ground { cluster, namespace, operator_namespace, begun, connections } = ground;
    let (mut input, unknown) = Input::sort(manifests, &namespace, tables);
    complaints.extend(unknown);
    if let Some(client) = &cluster {
        complaints.extend(input.load_stored(client).await);
    }
    complaints.extend(input.problems());
    if !complaints.is_empty() {
        return Report::refused(complaints);
    }
    let (items, skipped) = (input.items, input.skipped);
    let (key, mut notes) = match &cluster {
        Some(client) => sources::fingerprint_key(client, &operator_namespace, &items).await,
        None => (None, Vec::new()),
    };
    let sources = Arc::new(Sources::new(input.secrets, input.config_maps, cluster));
    let siblings = Arc::new(Siblings::new(sources.cluster.clone(), input.definitions));
    let grants = Grants::read(&sources, &input.admin_apis, &input.labels, &items).await;
    let granted = items.iter().filter(|item| grants.check(item).is_ok());
    let connections = connect(connections, &sources, &input.admin_apis, granted, tables, begun).await;
    let request = |item: &Item, connected: &Connected| Request {
        manifest: item.document.object.clone(),
        stored: item.document.stored.clone(),
        client: connected.client.clone(),
        fresh_after: begun,
        secrets: sources.clone(),
        key: key.clone(),
        tombstones: connected.tombstones.clone(),
        siblings: siblings.clone(),
    };
    let look = async |item: &Item| {
        grants.check(item)?;
        preview(item, &connections, &request).await
    };
    let previews = in_order(&items, &siblings, &look).await;
    notes.extend(unread(&previews));
    let complaints = connections.iter().filter_map(|(key, connection)| {
        let place = input.admin_apis.get(key).map(|manifest| &manifest.place);
        Some(Complaint::of_admin_api(key, place, connection.as_ref().err()?))
    });
    Report::new(entries(&items, &previews, &connections), complaints.collect(), notes, skipped)
        .scrubbed(&|text| sources.scrub(text))
}

/// Previews each item after those that it refers to; the results are in the order of the items.
async fn in_order(
    items: &[Item],
    siblings: &Siblings,
    look: &impl AsyncFn(&Item) -> Result<Preview, Stop>,
) -> Vec<Result<Preview, Stop>> {
    let key = |item: &Item| (item.row.kind, item.document.namespace.clone(), item.document.name.clone());
    let places: HashMap<_, usize> = items.iter().enumerate().map(|(at, item)| (key(item), at)).collect();
    let refers = |item: &Item| {
        let named = (item.row.siblings)(&item.document.object).into_iter();
        let place = |named: Sibling| places.get(&(named.kind, item.document.namespace.clone(), named.name)).copied();
        named.filter_map(place).collect()
    };
    let refers: Vec<Vec<usize>> = items.iter().map(refers).collect();
    let mut previews: BTreeMap<usize, Result<Preview, Stop>> = BTreeMap::new();
    for wave in waves(&refers) {
        let looks = futures::stream::iter(wave).map(async |at| (at, look(&items[at]).await)).buffered(AT_ONCE);
        let found: Vec<_> = looks.collect().await;
        found.iter().for_each(|(at, preview)| siblings.planned(&items[*at], preview));
        previews.extend(found);
    }
    previews.into_values().collect()
}

/// What could not be read and does not matter to the plan, each with the number of objects.
fn unread(previews: &[Result<Preview, Stop>]) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for fault in previews.iter().flatten().filter_map(|preview| preview.incomplete.as_ref()) {
        *counts.entry(fault.to_string()).or_default() += 1;
    }
    let note = |(fault, count)| format!("what only the status needs could not be read (objects: {count}); {fault}");
    counts.into_iter().map(note).collect()
}

/// The entries of all objects; of several for one external object, all but the first are held.
fn entries(items: &[Item], previews: &[Result<Preview, Stop>], connections: &Connections) -> Vec<Entry> {
    let mut owners: HashMap<(&str, &str, &str), &Item> = HashMap::new();
    let entry = |(item, preview)| {
        let mut entry = Entry::new(item, preview);
        // The same may be done for several objects, once for each.
        if item.row.identity != Identity::Run
            && let (Ok(Preview { natural_key, .. }), Some(Ok(connected))) =
                (preview, connections.get(&item.admin_api()))
        {
            let external = (item.row.kind, connected.realm.expose(), natural_key.as_str());
            match owners.get(&external) {
                Some(first) => entry.conflict(natural_key, &first.document),
                None => drop(owners.insert(external, item)),
            }
        }
        entry
    };
    items.iter().zip(previews).map(entry).collect()
}

/// The cluster, proven to answer, when one is asked for.
async fn cluster(args: &PlanArgs) -> Result<Option<Client>, Failure> {
    if !args.cluster {
        return Ok(None);
    }
    let client = args.target.client().await?;
    call(client.apiserver_version()).await?;
    Ok(Some(client))
}

/// Clients by AdminApi.
pub(super) type Connections = BTreeMap<Key, Result<Connected, Stop>>;

/// One client for each AdminApi that an object needs, proven with a read that serves the objects too.
async fn connect<'a>(
    known: Connections,
    sources: &Sources,
    manifests: &BTreeMap<Key, Document>,
    items: impl Iterator<Item = &'a Item>,
    tables: &Tables,
    begun: Instant,
) -> Connections {
    let needed: BTreeSet<Key> = items.map(Item::admin_api).filter(|key| !known.contains_key(key)).collect();
    let connected = needed.into_iter().map(|key| async {
        let manifest = manifests.get(&key).map(|document| &document.object);
        let connected = connections::connect(sources, tables, &key, manifest, begun).await;
        (key, connected)
    });
    known.into_iter().chain(futures::future::join_all(connected).await).collect()
}

async fn preview(
    item: &Item,
    connections: &Connections,
    request: &impl Fn(&Item, &Connected) -> Request,
) -> Result<Preview, Stop> {
    let key = item.admin_api();
    let waiting = |why: &dyn std::fmt::Display| Stop::Waiting {
        reason: Reason::AdminApiNotReady,
        message: format!("the AdminApi {}/{} cannot be used: {why}", key.0, key.1),
    };
    match connections.get(&key) {
        Some(Ok(connected)) => (item.row.preview)(request(item, connected)).await,
        Some(Err(stop)) => Err(waiting(&stop.reason())),
        None => Err(waiting(&Reason::AdminApiMissing)),
    }
}
