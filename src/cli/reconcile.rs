//! `provost reconcile`: has the operator look at objects now, and waits until it did.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use futures::StreamExt;
use kube::api::DynamicObject;
use kube::runtime::wait::await_condition;
use kube::{Client, ResourceExt};
use serde_json::json;

use super::selection::{FAILED, Picked, SelectionArgs, Step, StepArgs, ready, tell};
use super::{Failure, program};
use crate::base::clock::precisely_now;
use crate::engine::policy::RECONCILE_AT;

/// How many objects are waited for at once.
const AT_ONCE: usize = 64;

const HELP: &str = "\
Exit status:
  0  asked; with --wait: the operator has looked, whatever it found
  1  an error; with --wait also: it has not looked in time

Examples:
  provost reconcile tenantaccount/generalco --wait
  provost reconcile adminapi/myintranetapps       # its connection, and everything behind it
  provost reconcile -l team=sales --wait --timeout 5m";

/// Have the operator look at an object now
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct ReconcileArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "its fields are the flags")]
    pub selection: SelectionArgs,
    /// Wait until the operator has looked, and show what it found
    #[arg(long, conflicts_with = "dry_run")]
    pub wait: bool,
    /// How long to wait for an object, such as 30s or 5m
    #[arg(long, default_value = "60s", value_name = "DURATION", value_parser = duration)]
    pub timeout: Duration,
    #[command(flatten)]
    #[allow(missing_docs, reason = "its fields are the flags")]
    pub step: StepArgs,
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed: jiff::SignedDuration = text.parse().map_err(|_| "say it like 30s, 5m or 1h".to_owned())?;
    Duration::try_from(parsed).map_err(|_| "it must not be negative".to_owned())
}

/// Asks, and waits where that is wanted.
///
/// # Errors
/// Nothing fits, Kubernetes refuses it, or nobody looked in time.
pub async fn run(args: ReconcileArgs) -> Result<ExitCode, Failure> {
    let (client, namespace) = args.selection.reach().await?;
    let picked = args.selection.pick(&client, &namespace).await?;
    let token = format!("{:.6}", precisely_now());
    let (mut asked, mut steps) = (Vec::new(), Vec::new());
    for one in &picked {
        match one.annotate(&client, (RECONCILE_AT, Some(&token)), false, args.step.dry_run).await {
            Ok(_) => asked.push(one),
            // The others are looked at all the same.
            Err(failure) => steps.push(one.step(FAILED, Some(failure.to_string()), args.step.dry_run)),
        }
    }
    let failed = steps.len();
    if !args.wait {
        steps.extend(asked.iter().map(|one| one.step("asked for", None, args.step.dry_run)));
        tell(&steps, args.step.output)?;
        if failed > 0 {
            return Err(format!("{failed} of {} failed", picked.len()).into());
        }
        return Ok(ExitCode::SUCCESS);
    }
    if std::io::stderr().is_terminal() {
        let count = asked.len();
        let what = if count == 1 { "one object".to_owned() } else { format!("{count} objects") };
        // With standard error gone there is nobody left to tell.
        drop(writeln!(std::io::stderr(), "waiting for {what} to be looked at"));
    }
    // Each watch is a connection. What was looked at before its turn comes is seen at once.
    let waits: Vec<_> = asked.into_iter().map(|one| wait(&client, one, &token, args.timeout)).collect();
    let looked: Vec<Step> = futures::stream::iter(waits).buffered(AT_ONCE).collect().await;
    steps.extend(looked);
    let late = steps.iter().filter(|step| step.result != "looked at").count();
    tell(&steps, args.step.output)?;
    if late > 0 {
        let seconds = args.timeout.as_secs();
        return Err(format!(
            "{late} of {} not looked at within {seconds} s; `{} explain` tells what it waits for, and whether an operator runs",
            picked.len(),
            program()
        )
        .into());
    }
    Ok(ExitCode::SUCCESS)
}

async fn wait(client: &Client, one: &Picked, token: &str, timeout: Duration) -> Step {
    let api = one.kind.api(client, one.object.namespace().as_deref());
    let (name, token) = (one.object.name_any(), token.to_owned());
    let looked = move |object: Option<&DynamicObject>| {
        // One that is gone meanwhile was looked at, in a way.
        object.is_none_or(|object| object.data["status"]["lastHandledReconcileAt"] == token.as_str())
    };
    match tokio::time::timeout(timeout, await_condition(api, &name, looked)).await {
        Ok(Ok(Some(object))) => {
            let (object, unknown) = (json!({"status": object.data["status"]}), ("Unknown", "", ""));
            let (status, reason, message) = ready(&object).unwrap_or(unknown);
            one.step("looked at", Some(format!("Ready={status} {reason}: {message}")), false)
        }
        Ok(Ok(None)) => one.step("looked at", Some("it is gone".to_owned()), false),
        Ok(Err(error)) => one.step("not seen", Some(format!("it cannot be watched: {error}")), false),
        Err(_) => one.step("not seen", Some("nobody looked at it in time".to_owned()), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_a_duration() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        assert!(duration("soon").is_err() && duration("-1s").is_err());
    }
}
