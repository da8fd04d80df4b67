//! `provost uninstall-check`: what uninstalling the operator would lose or leave behind, told before it happens. It reads custom resources
//! and nothing else: no Secret, and no vendor.

mod report;
mod text;

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use futures::{StreamExt, TryStreamExt};
use kube::Client;
use kube::api::{Api, DynamicObject, ListParams};
use kube::core::ApiResource;

use super::kubernetes::each;
use super::plan::Output;
use super::{Failure, kubernetes, say};
use crate::engine::registry::Tables;
use crate::kinds::TABLES;
use report::{AdminApiEntry, Report, Told, unallowed};

/// Lists that are read at once.
const AT_ONCE: usize = 4;

/// The status when something would be lost, and nobody said that it may.
const LOSES: u8 = 2;

/// List what uninstalling Provost would lose or leave behind, and change nothing
///
/// Objects, their definitions and everything at the vendors outlive the operator; but nobody keeps them any more, and what has a finalizer
/// cannot be deleted before an operator is back. The Helm chart runs this before it uninstalls.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = HELP)]
pub struct UninstallCheckArgs {
    /// Look at objects of these namespaces only; repeat it or separate them by commas. Default: all
    #[arg(
        short,
        long = "namespace",
        visible_alias = "watch-namespace",
        env = "PROVOST_WATCH_NAMESPACES",
        value_delimiter = ',',
        value_name = "NAMESPACE"
    )]
    pub namespaces: Vec<String>,
    /// What may be left behind; repeat it or separate them by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    pub allow: Vec<Allowed>,
    /// How to print it
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
}

/// What may be left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Allowed {
    /// Objects that nobody keeps any more. They stay with their ids, and a later installation goes on with them
    Objects,
    /// Deletions that are under way or held, and end only when an operator is back
    Deletions,
}

const HELP: &str = "\
Exit status:
  0  nothing would be lost or left behind, or all of it is allowed
  2  something would
  1  nobody knows: the cluster does not answer, or lists may not be read

It needs the right to list the kinds of the group provost.dev, and no other.

Examples:
  provost uninstall-check
  provost uninstall-check -n team-a,team-b

  # they may stay: another installation takes them up
  provost uninstall-check --allow objects

  # for programs: what would be switched off or deleted if all objects were deleted
  provost uninstall-check -o json | jq -r '.objects[] | select(.onDeletion == \"disable\" or .onDeletion == \"delete\").name'

JSON (later versions of Provost may add fields; else \"version\" counts up):
  version      1
  safe         whether the exit status is 0
  refused[]    what stands in the way, and is not allowed: objects, deletions
  namespaces   those looked at; null: all
  objects[]    kind, namespace, name, externalId
    onDeletion what its deletion does at the vendor while the operator runs: delete, disable, leave, or none
               when nothing was made there
    waits      why not at once: paused, approval or malformed
    finalizer  whether its deletion hangs without an operator
    publishes  the Secret with connection details, which goes with the object
    deleting   reason, message: it is being deleted already
  adminApis[]  namespace, name, vendor, objects, finalizer, deleting, held (why deletions wait)
  missing[]    kinds whose definition is not installed";

/// Looks, and prints what it found.
///
/// # Errors
/// The cluster does not answer, or lists may not be read.
pub async fn run(args: UninstallCheckArgs) -> Result<ExitCode, Failure> {
    let client = kubernetes::infer().await?;
    let mut namespaces: Vec<String> = args.namespaces.into_iter().filter(|name| !name.is_empty()).collect();
    namespaces.sort();
    namespaces.dedup();
    let report = survey(&client, &TABLES, &namespaces, &args.allow).await?;
    let told = match args.output {
        Output::Text => text::render(&report),
        Output::Json => serde_json::to_string_pretty(&report)? + "\n",
    };
    say(&told)?;
    Ok(if report.safe { ExitCode::SUCCESS } else { ExitCode::from(LOSES) })
}

/// What is there, in all namespaces when none is named.
async fn survey(
    client: &Client,
    tables: &Tables,
    namespaces: &[String],
    allowed: &[Allowed],
) -> Result<Report, Failure> {
    let resources = kubernetes::resources(tables);
    let lists = futures::stream::iter(resources).map(async |resource| {
        let row = tables.kind(&resource.kind);
        let entry = |object: &DynamicObject| match row {
            Some(row) => Entry::Object(Told::of(row, object)),
            None => Entry::AdminApi(AdminApiEntry::of(object)),
        };
        let listed = list(client, &resource, namespaces, &entry).await?;
        Ok::<_, Failure>((resource.kind, listed))
    });
    let lists: Vec<(String, Option<Vec<Entry>>)> = lists.buffered(AT_ONCE).try_collect().await?;
    let (mut objects, mut admin_apis, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for (kind, listed) in lists {
        let Some(listed) = listed else {
            missing.push(kind);
            continue;
        };
        for entry in listed {
            match entry {
                Entry::Object(told) => objects.push(told),
                Entry::AdminApi(told) => admin_apis.push(told),
            }
        }
    }
    let namespaces = Some(namespaces.to_vec()).filter(|names| !names.is_empty());
    let refused = unallowed(&objects, &admin_apis, allowed);
    Ok(Report { version: 1, safe: refused.is_empty(), refused, namespaces, objects, admin_apis, missing })
}

/// What is kept of an object: of ten thousand whole ones, a small pod has no place for.
enum Entry {
    Object(Told),
    AdminApi(AdminApiEntry),
}

/// What there is to tell of all objects of a kind; none when its definition is not there.
async fn list(
    client: &Client,
    resource: &ApiResource,
    namespaces: &[String],
    entry: &impl Fn(&DynamicObject) -> Entry,
) -> Result<Option<Vec<Entry>>, Failure> {
    let apis: Vec<(String, Api<DynamicObject>)> = match namespaces {
        [] => vec![("all namespaces".to_owned(), Api::all_with(client.clone(), resource))],
        names => {
            let api =
                |name: &String| (format!("the namespace {name}"), Api::namespaced_with(client.clone(), name, resource));
            names.iter().map(api).collect()
        }
    };
    let mut found = Vec::new();
    for (place, api) in apis {
        match each(&api, &ListParams::default(), |object| found.push(entry(&object))).await {
            Ok(()) => {}
            Err(error) if error.is_missing() => return Ok(None),
            Err(error) if error.is_forbidden() => {
                return Err(format!(
                    "{} cannot be listed in {place}, so nobody knows what would be lost ({error}); grant the right to list the kinds of {} \
                     there, or name the namespaces to look at with --namespace",
                    resource.plural, resource.group
                )
                .into());
            }
            Err(error) => return Err(format!("{} cannot be listed in {place}: {error}", resource.plural).into()),
        }
    }
    Ok(Some(found))
}
