//! `provost export`: what there is at a vendor, as the manifests that would keep it as it is.
//!
//! The kinds say what there is ([`Kind::list`](crate::engine::kind::Kind::list)), over a client that cannot write; names, references, YAML and
//! the proof that applying it changes nothing are made here, once for all kinds. No secret is read or written, and no field is exported that
//! would have one sent.

mod build;
mod fit;
mod listed;
mod name;
mod owners;
mod progress;
mod source;
mod unmanaged;
mod verify;
mod write;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{ArgGroup, Args, ValueEnum};
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use tokio::time::Instant;

use super::plan::connections::Connected;
use super::plan::input::Key;
use super::plan::text;
use super::{Failure, say};
use crate::engine::registry::{KindRow, Tables};
use crate::kinds::TABLES;
use build::{Built, Ground};
use listed::Census;
use owners::Owners;
use progress::Progress;
use source::Source;
use unmanaged::Inventory;
use write::{Form, plain};

/// The status that says that something is to be done.
const SOMETHING: u8 = 2;

/// Write manifests of what there is at a vendor, so that it can be managed from now on
///
/// Lists what the vendor of an AdminApi has, over a connection that cannot write, and prints a manifest for each external object: with
/// its id, with references to the other objects, and without any secret.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = HELP)]
#[command(group = ArgGroup::new("source").required(true).multiple(true).args(["admin_api", "filename"]))]
pub struct ExportArgs {
    /// Only these kinds, by any name that kubectl takes. Default: all kinds of the vendor
    #[arg(value_name = "KIND")]
    pub kind: Vec<String>,
    /// The AdminApi whose vendor is looked at. May be left out where -f has just one
    #[arg(long, value_name = "NAME")]
    pub admin_api: Option<String>,
    /// Manifests with the AdminApi and its Secret: a file, a folder, or - for standard input; may be repeated. Without it they come from
    /// the cluster
    #[arg(short, long, value_name = "PATH")]
    pub filename: Vec<PathBuf>,
    /// Also look at the cluster where there is -f: for what the manifests lack, and for what is managed already
    #[arg(long)]
    pub cluster: bool,
    /// The namespace of the AdminApi, and so of the manifests
    #[arg(short, long)]
    pub namespace: Option<String>,
    /// How the manifests are written; with --unmanaged also how that is told
    #[arg(short, long, value_enum)]
    pub output: Option<Output>,
    /// A folder to write to, one file for each object
    #[arg(short = 'd', long, value_name = "FOLDER", conflicts_with = "unmanaged")]
    pub output_dir: Option<PathBuf>,
    /// Replace files of that folder that have other content
    #[arg(long, requires = "output_dir")]
    pub replace: bool,
    /// What policy.management says: Observe only looks; Plan and Enforce take over what is applied
    #[arg(long, value_enum, ignore_case = true, default_value_t, value_name = "WORD")]
    pub management: Management,
    /// Plan what was exported, and end with status 2 if anything of it would change the vendor
    #[arg(long, conflicts_with = "unmanaged")]
    pub verify: bool,
    /// Export nothing: list what there is and nobody manages. -o wide and -o json also have what is managed, and by which object
    #[arg(long)]
    pub unmanaged: bool,
    /// The operator's own namespace, where --verify finds the key of its fingerprints
    #[arg(long, env = "PROVOST_NAMESPACE", default_value = "provost-system", value_name = "NAMESPACE")]
    pub operator_namespace: String,
}

/// How something is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A table, with --unmanaged
    Text,
    /// The same with everything
    Wide,
    /// Documents with comments
    Yaml,
    /// One document
    Json,
}

/// What policy.management says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Management {
    /// Only look
    #[default]
    Observe,
    /// Show changes, and wait for an approval
    Plan,
    /// Converge
    Enforce,
}

impl Management {
    fn word(self) -> &'static str {
        match self {
            Self::Observe => "Observe",
            Self::Plan => "Plan",
            Self::Enforce => "Enforce",
        }
    }
}

const HELP: &str = "\
What is exported
  Every manifest has the annotation provost.dev/external-id, so that applying it takes over that very
  object, and policy.deletion: Orphan, so that removing it again leaves the vendor's side alone. With
  policy.management: Observe, the default, applying writes nothing anywhere: edit it, look at the plan,
  and set it to Enforce when it is right. Secrets are never exported: what the vendor does not show is
  named in a comment, and is not managed until somebody adds it.
  What is managed already, as -f and the cluster tell, is not exported again.

Exit status:
  0  exported; with --verify: and its plan is empty; with --unmanaged: nothing is unmanaged
  2  with --verify: something would change; with --unmanaged: something is unmanaged
  1  something is wrong: a list could not be read whole, a kind that was asked for has no list, ...
     What could be listed is exported all the same

Examples:
  # what the vendor of an AdminApi has that is in the cluster
  provost export --admin-api myintranetapps -n customers > accounts.yaml

  # without a cluster: admin-api.yaml has the AdminApi and its Secret
  provost export -f admin-api.yaml --output-dir export/ --verify

  # some kinds
  provost export intrexxportals schedulerjobs --admin-api intrexx

  # what nobody manages
  provost export --unmanaged --admin-api intrexx -o json | jq '.objects[] | select(.managedBy == null)'";

/// Exports.
///
/// # Errors
/// The AdminApi cannot be used, the cluster does not answer, or what was exported cannot be written.
pub async fn run(args: ExportArgs) -> Result<ExitCode, Failure> {
    if !args.unmanaged && matches!(args.output, Some(Output::Text | Output::Wide)) {
        return Err("manifests are written as yaml or json; text and wide are for --unmanaged".into());
    }
    let tables = &TABLES;
    let named = named(tables, &args.kind)?;
    let progress = Arc::new(Progress::new());
    let mut source = Source::open(&args, tables).await?;
    source.sources.observer = progress.clone();
    let begun = Instant::now();
    progress.begin("connecting".to_owned());
    let connected = source.connect(tables, begun).await;
    progress.end();
    let connected = connected?;
    let rows = rows(tables, connected.vendor, &named)?;
    let mut owners = Owners::among(&source.manifests, &rows, &source.admin_api, &source.namespace);
    if let Some(cluster) = &source.cluster {
        for kind in owners.read(cluster, &rows, &source.admin_api).await? {
            let place = &source.admin_api.0;
            tell(&format!(
                "{kind}: only objects of the namespace {place} may be listed; what others manage is written too"
            ));
        }
    }
    let mut census = Census::take(&rows, &connected.client, begun, &progress).await;
    for trouble in census.errors.iter_mut().chain(&mut census.unlisted) {
        trouble.message = source.sources.scrub(&trouble.message);
    }
    // Who asked for a kind by its name is not content with a note.
    let refused = census.unlisted.iter().any(|trouble| named.iter().any(|row| row.kind == trouble.kind));
    if args.unmanaged {
        return tell_unmanaged(&args, Inventory::new(census, &owners), refused);
    }
    export(&args, tables, source, connected, begun, census, &owners, refused).await
}

fn tell_unmanaged(args: &ExportArgs, inventory: Inventory, refused: bool) -> Result<ExitCode, Failure> {
    match args.output.unwrap_or(Output::Text) {
        Output::Text => say(&inventory.table(false))?,
        Output::Wide => say(&inventory.table(true))?,
        Output::Json => say(&(serde_json::to_string_pretty(&inventory)? + "\n"))?,
        Output::Yaml => say(&serde_yaml::to_string(&inventory)?)?,
    }
    inventory.troubles().for_each(|(kind, message)| tell(&format!("{kind}: {message}")));
    Ok(match (inventory.has_errors() || refused, inventory.is_managed()) {
        (true, _) => ExitCode::FAILURE,
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::from(SOMETHING),
    })
}

#[allow(clippy::too_many_arguments, reason = "each of them is needed once, here")]
async fn export(
    args: &ExportArgs,
    tables: &Tables,
    source: Source,
    connected: Connected,
    begun: Instant,
    census: Census,
    owners: &Owners,
    refused: bool,
) -> Result<ExitCode, Failure> {
    let Census { listed, unlisted, errors } = census;
    let ground = Ground {
        admin_api: source.admin_api.clone(),
        with_namespace: source.says_namespace,
        management: args.management,
        owners,
    };
    let mut built = Built::default();
    for (row, listed) in listed {
        built.add(&ground, row, listed);
    }
    let form = if args.output == Some(Output::Json) { Form::Json } else { Form::Yaml };
    let heading = heading(&source.admin_api, args.management);
    let text = write::text(form, &heading, &built.exported)?;
    match &args.output_dir {
        Some(folder) => write::folder(form, &heading, &built.exported, folder, args.replace)?,
        None => say(&text)?,
    }
    tell(&summary(&built));
    for trouble in unlisted.iter().chain(&errors) {
        tell(&format!("{}: {}", trouble.kind, trouble.message));
    }
    if args.verify && !built.exported.is_empty() {
        let verified = source.verify(args, tables, connected, begun, form, text).await;
        if verified.is_proven() {
            tell(&format!("verified: the plan of {} objects is empty", verified.objects));
        } else {
            tell(&text::render(&verified.differs, true));
        }
        if verified.is_wrong() {
            return Ok(ExitCode::FAILURE);
        }
        if !verified.is_proven() && errors.is_empty() && !refused {
            return Ok(ExitCode::from(SOMETHING));
        }
    }
    Ok(if errors.is_empty() && !refused { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The kinds of these names.
fn named(tables: &Tables, names: &[String]) -> Result<Vec<&'static KindRow>, Failure> {
    let row = |name: &String| {
        let wanted = name.to_lowercase();
        let is_called = |row: &&&'static KindRow| {
            let definition = (row.crd)().spec;
            let words = [definition.names.kind, definition.names.plural.clone()];
            let words = words
                .into_iter()
                .chain(definition.names.singular)
                .chain(definition.names.short_names.into_iter().flatten());
            let full = format!("{}.{}", definition.names.plural, definition.group);
            words.chain([full]).any(|word| word.to_lowercase() == wanted)
        };
        let rows: Vec<&'static KindRow> = tables.kinds.iter().collect();
        rows.iter().find(is_called).copied().ok_or_else(|| {
            let all: Vec<&str> = tables.kinds.iter().map(|row| row.kind).collect();
            format!("{name:?} is no kind that Provost manages; there are {}", all.join(", ")).into()
        })
    };
    names.iter().map(row).collect()
}

/// The kinds of a vendor, or those of them that were named, in the order of the table.
fn rows(tables: &Tables, vendor: &str, named: &[&'static KindRow]) -> Result<Vec<&'static KindRow>, Failure> {
    if let Some(other) = named.iter().find(|row| row.vendor != vendor) {
        return Err(format!("{} is a kind of {}, and the AdminApi is for {vendor}", other.kind, other.vendor).into());
    }
    let wanted = |row: &&'static KindRow| named.is_empty() || named.iter().any(|named| named.kind == row.kind);
    Ok(tables.kinds.iter().filter(|row| row.vendor == vendor).filter(wanted).collect())
}

fn heading((namespace, name): &Key, management: Management) -> String {
    let then = match management {
        Management::Observe => {
            "Applying this changes nothing at the vendor: policy.management is Observe. Set it to Enforce when `provost plan` is as you want it."
        }
        Management::Plan => {
            "Applying this takes these objects over; changes wait for an approval, because policy.management is Plan."
        }
        Management::Enforce => "Applying this takes these objects over, and from then on keeps them as it says.",
    };
    format!("Exported by provost {} from the AdminApi {namespace}/{name}.\n{then}", env!("CARGO_PKG_VERSION"))
}

/// What was exported and what was not, for people.
fn summary(built: &Built) -> String {
    let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    built.exported.iter().for_each(|one| counts.entry(one.row.kind).or_default()[0] += 1);
    built.managed.iter().for_each(|(kind, count)| counts.entry(kind).or_default()[1] += count);
    built.left_out.iter().for_each(|one| counts.entry(one.kind).or_default()[2] += 1);
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["KIND", "EXPORTED", "MANAGED ALREADY", "LEFT OUT"]);
    write::flush_left(&mut table);
    for (kind, counts) in &counts {
        table.add_row(std::iter::once((*kind).to_owned()).chain(counts.map(|count| count.to_string())));
    }
    let mut text = if counts.is_empty() { "nothing was listed".to_owned() } else { table.trim_fmt() };
    for one in &built.left_out {
        let line = format!("{} {} ({}) is left out: {}", one.kind, one.title, one.external_id, one.why);
        text.push_str(&format!("\n{}", plain(&line)));
    }
    text
}

/// Tells people something, apart from the manifests.
fn tell(text: &str) {
    use std::io::Write;
    // With standard error gone there is nobody left to tell.
    drop(writeln!(anstream::stderr(), "{}", text.trim_end()));
}
