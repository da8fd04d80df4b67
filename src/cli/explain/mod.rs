//! `provost explain`: why an object is as it is, from what the cluster and the running operator know. It asks no vendor, and reads no Secret.

mod advice;
mod chain;
mod live;
mod report;
mod text;

use std::process::ExitCode;

use clap::Args;

use super::Failure;
use super::target::{ClusterArgs, Format, fetch, kinds, object};
use crate::kinds::TABLES;
use chain::Follower;
use live::OperatorArgs;
use report::{Found, Report};

/// The exit status of an object that is not ready.
const NOT_READY: u8 = 2;

const HELP: &str = "\
Exit status:
  0  it is ready, or a reason was explained
  2  it is not
  1  an error: there is no such object, or it may not be read

It needs the right to get the object, and what it depends on as far as that is to be told. What only the running operator
knows (next look, breaker, budget, guard) it asks of the pod that holds the Lease, through the API server: that needs the
right to get leases and pods/proxy in the operator's namespace, or --operator-url. Without, the rest is told.

Examples:
  provost explain tenantaccount/generalco
  provost explain tenantaccount generalco -n team -o wide
  provost explain AwaitingApproval                # what a reason means
  provost explain tenantaccount/generalco -o json | jq -r '.dependsOn[] | select(.state != \"ok\").name'";

/// Tell why an object is as it is, what it waits for, and what to do
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct ExplainArgs {
    /// KIND/NAME or KIND NAME, as kubectl spells it; or the word of a reason
    #[arg(value_name = "KIND/NAME", num_args = 1..=2, required = true)]
    pub object: Vec<String>,
    /// The namespace. Default: the current context's
    #[arg(short, long)]
    pub namespace: Option<String>,
    /// How to print it
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Format,
    #[command(flatten)]
    #[allow(missing_docs, reason = "its fields are the flags")]
    pub operator: OperatorArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "its fields are the flags")]
    pub cluster: ClusterArgs,
}

/// Explains.
///
/// # Errors
/// There is no such object or reason, or it may not be read.
pub async fn run(args: ExplainArgs) -> Result<ExitCode, Failure> {
    if let Some(word) = reason(&args.object) {
        return explain_reason(word, args.output);
    }
    let kinds = kinds(&TABLES);
    let (kind, name) = object(&kinds, &args.object)?;
    let client = args.cluster.client().await?;
    let namespace = args.namespace.as_deref().unwrap_or(client.default_namespace()).to_owned();
    let object = fetch(&client, kind, &namespace, &name).await?;
    let (depends_on, operator) = tokio::join!(
        Follower::new(&client, &kinds, &TABLES).follow(kind, &object),
        live::ask(&client, &args.operator, kind, &namespace, &name)
    );
    let report = Report::new(&TABLES, Found { kind, object: &object, depends_on, operator });
    args.output.print(&report, |wide| text::render(&report, wide))?;
    Ok(if report.is_ready() { ExitCode::SUCCESS } else { ExitCode::from(NOT_READY) })
}

/// The word of a reason, where one is asked for.
fn reason(words: &[String]) -> Option<&str> {
    match words {
        [word] if !word.contains('/') => Some(word),
        [reason, word] if reason == "reason" => Some(word),
        _ => None,
    }
}

fn explain_reason(word: &str, output: Format) -> Result<ExitCode, Failure> {
    let Some(advice) = advice::of(&TABLES, word) else {
        let hint = advice::alike(&TABLES, word).map_or_else(
            || "docs/kinds.md has all of them; an object is named as KIND/NAME".to_owned(),
            |meant| format!("did you mean {meant}?"),
        );
        return Err(format!("{word:?} is neither KIND/NAME nor a reason; {hint}").into());
    };
    output.print(&advice, |_| {
        let (reason, meaning, steps, runbook) =
            (&advice.reason, &advice.meaning, advice.steps.join("\n"), &advice.runbook);
        format!("{reason}: {meaning}\n{steps}\n{runbook}\n")
    })?;
    Ok(ExitCode::SUCCESS)
}
