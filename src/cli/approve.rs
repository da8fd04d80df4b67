//! `provost approve`: shows the plan that waits for an approval, and approves this very plan.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::Args;
use kube::ResourceExt;
use serde_json::{Value as Json, json};

use super::selection::{Picked, StepArgs, ready, tell};
use super::target::{ClusterArgs, Format, fetch, kinds, object, printable};
use super::{Failure, say};
use crate::engine::policy::APPROVE;
use crate::engine::reason::Reason;
use crate::kinds::TABLES;

const HELP: &str = "\
The plan is shown first. On a terminal you are asked; otherwise say --yes, or --hash with the hash that you have looked at.
A plan that changed since it was shown is not approved.

Examples:
  provost approve tenantaccount/generalco
  provost approve tenantaccount/generalco --hash 3b5d5c3712955042
  provost approve tenantaccount/generalco --yes -o json";

/// Approve the plan that an object waits with
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct ApproveArgs {
    /// KIND/NAME or KIND NAME, as kubectl spells it
    #[arg(value_name = "KIND/NAME", num_args = 1..=2, required = true)]
    pub object: Vec<String>,
    /// Approve the plan with this hash, and no other
    #[arg(long, value_name = "HASH")]
    pub hash: Option<String>,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// The namespace. Default: the current context's
    #[arg(short, long)]
    pub namespace: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "its fields are the flags")]
    pub cluster: ClusterArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "its fields are the flags")]
    pub step: StepArgs,
}

/// Shows, asks and approves.
///
/// # Errors
/// Nothing waits for an approval, the plan is another one, nobody said yes, or Kubernetes refuses it.
pub async fn run(args: ApproveArgs) -> Result<ExitCode, Failure> {
    let client = args.cluster.client().await?;
    let namespace = args.namespace.as_deref().unwrap_or(client.default_namespace()).to_owned();
    let kinds = kinds(&TABLES);
    let (kind, name) = object(&kinds, &args.object)?;
    let look = async || {
        Ok::<_, Failure>(Picked { kind: kind.clone(), object: fetch(&client, kind, &namespace, &name).await? })
    };
    let one = look().await?;
    let (hash, plan) = pending(&one)?;
    check(&hash, args.hash.as_deref())?;
    let quiet = matches!(args.step.output, Format::Json | Format::Yaml);
    let sure = args.yes || args.hash.is_some();
    match (quiet, sure) {
        (false, _) => say(&shown(&one, &plan))?,
        // Standard output is the document's; whoever is asked sees the plan all the same.
        (true, false) => std::io::stderr().write_all(shown(&one, &plan).as_bytes())?,
        (true, true) => {}
    }
    if !sure && !asked(&one)? {
        return Err("nothing was approved".into());
    }
    // Time went by while somebody read.
    let one = if sure { one } else { look().await? };
    check(&pending(&one)?.0, Some(&hash))?;
    one.annotate(&client, (APPROVE, Some(&hash)), true, args.step.dry_run).await?;
    let step = one.step("approved", Some(format!("plan {hash}")), args.step.dry_run);
    tell(&[step], args.step.output)?;
    Ok(ExitCode::SUCCESS)
}

/// The plan that waits, and its hash.
fn pending(one: &Picked) -> Result<(String, Json), Failure> {
    let name = one.kind.object(&one.object.name_any());
    let status = &one.object.data["status"];
    let whole = json!({"status": status});
    let (_, reason, message) = ready(&whole).unwrap_or_default();
    if status["observedGeneration"].as_i64() != one.object.metadata.generation {
        return Err(format!("the operator has not looked at the last edit of {name} yet; try again in a moment").into());
    }
    let waits = [Reason::AwaitingApproval, Reason::PlanStale].iter().any(|known| known.word() == reason);
    match status["plan"]["hash"].as_str().filter(|_| waits) {
        Some(hash) => Ok((hash.to_owned(), status["plan"].clone())),
        None if reason.is_empty() => Err(format!("nothing is known of {name} yet, so no plan of it waits").into()),
        None => {
            Err(format!("no plan of {name} waits for an approval; it says {reason}: {}", printable(message)).into())
        }
    }
}

fn check(present: &str, expected: Option<&str>) -> Result<(), Failure> {
    match expected {
        Some(expected) if expected != present => Err(format!(
            "the plan is another one now: its hash is {present}, not {expected}; look at it, and approve that one if it is right"
        )
        .into()),
        _ => Ok(()),
    }
}

/// The plan, for people.
fn shown(one: &Picked, plan: &Json) -> String {
    let text = |value: &Json| printable(value.as_str().unwrap_or_default());
    let name = one.kind.object(&one.object.name_any());
    let mut told = format!("{name}: {} (plan {})\n", text(&plan["action"]), text(&plan["hash"]));
    for change in plan["changes"].as_array().into_iter().flatten() {
        let from = change["from"].as_str().filter(|from| !from.is_empty());
        let from = from.map(|from| format!("{} → ", printable(from))).unwrap_or_default();
        told.push_str(&format!("  {}: {from}{}\n", text(&change["field"]), text(&change["to"])));
    }
    told
}

/// Asks on the terminal.
fn asked(one: &Picked) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err("nobody can be asked here; say --yes, or --hash with the hash of the plan that you mean".into());
    }
    let mut out = std::io::stderr().lock();
    write!(out, "Carry this out for {}? [y/N] ", one.kind.object(&one.object.name_any()))?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
