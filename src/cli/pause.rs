//! `provost pause` and `provost resume`: stop every vendor write for some objects, and let it go on.

use std::process::ExitCode;

use clap::Args;

use super::Failure;
use super::selection::{FAILED, SelectionArgs, StepArgs, tell};
use crate::engine::connection::KIND as ADMIN_API;
use crate::engine::policy::PAUSED;

const PAUSE_HELP: &str = "\
A paused object is neither created, changed nor deleted at its vendor; its deletion waits, unless its policy is Orphan.

Examples:
  provost pause tenantaccount/generalco
  provost pause adminapi/myintranetapps --all
  provost pause tenantaccounts -l team=sales";

const RESUME_HELP: &str = "\
What was changed meanwhile, here or at the vendor, is dealt with at once.

Examples:
  provost resume tenantaccount/generalco
  provost resume adminapi/myintranetapps --all
  provost resume tenantaccounts -l team=sales";

/// Stop every vendor write for an object, or for many
#[derive(Debug, Clone, Args)]
#[command(after_help = PAUSE_HELP)]
pub struct PauseArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "its fields are the flags")]
    pub selection: SelectionArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "its fields are the flags")]
    pub step: StepArgs,
}

/// Let vendor writes go on that were paused
#[derive(Debug, Clone, Args)]
#[command(after_help = RESUME_HELP)]
pub struct ResumeArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "its fields are the flags")]
    pub selection: SelectionArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "its fields are the flags")]
    pub step: StepArgs,
}

/// Pauses.
///
/// # Errors
/// Nothing fits, or Kubernetes refuses it.
pub async fn pause(args: PauseArgs) -> Result<ExitCode, Failure> {
    set(&args.selection, &args.step, true).await
}

/// Resumes.
///
/// # Errors
/// Nothing fits, or Kubernetes refuses it.
pub async fn resume(args: ResumeArgs) -> Result<ExitCode, Failure> {
    set(&args.selection, &args.step, false).await
}

async fn set(selection: &SelectionArgs, step: &StepArgs, paused: bool) -> Result<ExitCode, Failure> {
    let (client, namespace) = selection.reach().await?;
    let picked = selection.pick(&client, &namespace).await?;
    let (mut steps, mut failed) = (Vec::new(), 0);
    for one in &picked {
        if one.kind.resource.kind == ADMIN_API {
            return Err("an AdminApi has no pause of its own; add --all for everything behind it".into());
        }
        let before = one.annotation(PAUSED);
        let (done, value) = match (paused, before) {
            (true, Some("true")) => {
                steps.push(one.step("unchanged", Some("it is paused already".to_owned()), step.dry_run));
                continue;
            }
            (false, None) => {
                steps.push(one.step("unchanged", Some("it is not paused".to_owned()), step.dry_run));
                continue;
            }
            (true, _) => ("paused", Some("true")),
            (false, _) => ("resumed", None),
        };
        steps.push(match one.annotate(&client, (PAUSED, value), false, step.dry_run).await {
            Ok(_) => one.step(done, None, step.dry_run),
            // The others are as urgent.
            Err(failure) => {
                failed += 1;
                one.step(FAILED, Some(failure.to_string()), step.dry_run)
            }
        });
    }
    tell(&steps, step.output)?;
    if failed > 0 {
        return Err(format!("{failed} of {} failed", picked.len()).into());
    }
    Ok(ExitCode::SUCCESS)
}
