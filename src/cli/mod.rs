//! The command line: what people run, and the pieces that only it needs. It may name every other module.

pub mod approve;
pub mod cluster;
pub mod demo;
pub mod diagnosis;
pub mod election;
pub mod explain;
pub mod export;
pub mod generate;
pub mod kubernetes;
pub mod man;
pub mod manifests;
pub mod pause;
pub mod plan;
pub mod plugin;
pub mod reconcile;
pub mod run;
pub mod selection;
pub mod simulate;
pub mod target;
pub mod uninstall_check;
pub mod validate;

use std::error::Error;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// Keep objects behind vendors' admin APIs the way Kubernetes custom resources say
///
/// Provost is a Kubernetes operator. `provost demo` shows it at work on this machine, without an account anywhere.
#[derive(Debug, Parser)]
#[command(name = "provost", version, max_term_width = 110, arg_required_else_help = true)]
pub struct CommandLine {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    #[allow(missing_docs, reason = "the text stands at its arguments, where clap takes it from")]
    Run(run::RunArgs),
    #[allow(missing_docs, reason = "the text stands at its arguments, where clap takes it from")]
    Plan(plan::PlanArgs),
    #[allow(missing_docs, reason = "the text stands at its arguments, where clap takes it from")]
    Export(export::ExportArgs),
    #[allow(missing_docs, reason = "the text stands at its arguments, where clap takes it from")]
    Explain(explain::ExplainArgs),
    #[allow(missing_docs, reason = "the text stands at its arguments, where clap takes it from")]
    Approve(approve::ApproveArgs),
    #[allow(missing_docs, reason = "the text stands at its arguments, where clap takes it from")]
    Pause(pause::PauseArgs),
    #[allow(missing_docs, reason = "the text stands at its arguments, where clap takes it from")]
    Resume(pause::ResumeArgs),
    #[allow(missing_docs, reason = "the text stands at its arguments, where clap takes it from")]
    Reconcile(reconcile::ReconcileArgs),
    #[allow(missing_docs, reason = "the text stands at its arguments, where clap takes it from")]
    Demo(demo::DemoArgs),
    #[allow(missing_docs, reason = "the text stands at its arguments, where clap takes it from")]
    Diagnosis(diagnosis::DiagnosisArgs),
    #[allow(missing_docs, reason = "the text stands at its arguments, where clap takes it from")]
    Simulate(simulate::SimulateArgs),
    #[allow(missing_docs, reason = "the text stands at its arguments, where clap takes it from")]
    Generate(generate::GenerateArgs),
    #[command(name = "uninstall-check")]
    #[allow(missing_docs, reason = "the text stands at its arguments, where clap takes it from")]
    UninstallCheck(uninstall_check::UninstallCheckArgs),
    #[allow(missing_docs, reason = "the text stands at its arguments, where clap takes it from")]
    Man(man::ManArgs),
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// What this program is called by: `provost`, or `kubectl provost` where kubectl found it as a plugin.
pub fn program() -> &'static str {
    let called = std::env::args_os().next().map(PathBuf::from);
    let name = called.as_deref().and_then(Path::file_stem).and_then(OsStr::to_str);
    if name == Some("kubectl-provost") { "kubectl provost" } else { "provost" }
}

/// The command line as it is told: by the name that it was called by.
pub fn command() -> clap::Command {
    let command = CommandLine::command();
    if program() == "provost" { command } else { plugin::renamed(command) }
}

/// Reads the command line that this program was called with.
///
/// # Errors
/// It cannot be understood, or asks for help: what to print.
pub fn read() -> Result<CommandLine, clap::Error> {
    let mut command = command();
    let mut matches = command.try_get_matches_from_mut(std::env::args_os())?;
    CommandLine::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// What kubectl asks for when somebody completes `kubectl provost`; none when it does not ask.
pub fn completion() -> Option<String> {
    let mut words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    let asked = PathBuf::from(words.next()?).file_stem().is_some_and(|name| name == "kubectl_complete-provost");
    asked.then(|| plugin::complete(&words.collect::<Vec<_>>()))
}

/// Any failure on its way to the person at the terminal.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Carries out one command line. The process ends with what it returns.
pub async fn main(line: CommandLine) -> ExitCode {
    // Both HTTP clients ask rustls for its provider; one is chosen before either does.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        tracing::debug!("a TLS provider was installed before");
    }
    let result = match line.command {
        Command::Run(args) => run::run(args).await.map(|()| ExitCode::SUCCESS),
        Command::Plan(args) => plan::run(args).await,
        Command::Export(args) => export::run(args).await,
        Command::Explain(args) => explain::run(args).await,
        Command::Approve(args) => approve::run(args).await,
        Command::Pause(args) => pause::pause(args).await,
        Command::Resume(args) => pause::resume(args).await,
        Command::Reconcile(args) => reconcile::run(args).await,
        Command::Demo(args) => demo::run(args).await.map(|()| ExitCode::SUCCESS),
        Command::Diagnosis(args) => diagnosis::run(args).await,
        Command::Simulate(args) => simulate::run(args).await.map(|()| ExitCode::SUCCESS).map_err(Failure::from),
        Command::Generate(args) => generate::run(&args),
        Command::UninstallCheck(args) => uninstall_check::run(args).await,
        Command::Man(args) => man::run(&args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut CommandLine::command(), "provost", &mut script);
            say(&String::from_utf8_lossy(&script)).map(|()| ExitCode::SUCCESS).map_err(Failure::from)
        }
    };
    result.unwrap_or_else(|failure| {
        complain(failure.as_ref());
        ExitCode::FAILURE
    })
}

/// Writes to standard output.
///
/// # Errors
/// Nobody reads it any more.
pub fn say(text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// An error with its causes, each once, on standard error.
fn complain(failure: &(dyn Error + 'static)) {
    use std::io::Write;
    let mut text = failure.to_string();
    let mut cause = failure.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = error.source();
    }
    // With standard error gone there is nobody left to tell.
    drop(writeln!(anstream::stderr(), "error: {text}"));
}

/// Waits for Ctrl-C or SIGTERM.
///
/// # Errors
/// The operating system does not tell of signals.
pub async fn interrupted() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(test)]
mod fuzz;
