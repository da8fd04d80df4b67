//! Telemetry: one line a thing worth knowing, as text for people or JSON for machines.

use std::fs::File;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The log level or filter cannot be understood.
#[derive(Debug, thiserror::Error)]
#[error(
    "the log level {0:?} is neither a level (error, warn, info, debug, trace) nor a filter such as info,provost=debug"
)]
pub struct BadFilter(String);

/// Starts logging to standard error, or to `file`, for the whole process. A second call changes nothing.
///
/// # Errors
/// `filter` makes no sense.
pub fn start(format: LogFormat, filter: &str, file: Option<File>) -> Result<(), BadFilter> {
    // Last, and so not to be overruled: below an error, kube-client logs whole bodies that it cannot decode, Secrets among them.
    let filter = EnvFilter::try_new(format!("{filter},kube_client=error")).map_err(|_| BadFilter(filter.to_owned()))?;
    match file {
        Some(file) => install(format, filter, Mutex::new(file)),
        None => install(format, filter, std::io::stderr),
    }
    Ok(())
}

fn install<W>(format: LogFormat, filter: EnvFilter, writer: W)
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(false);
    // Whoever logs already (a test, say) goes on doing so.
    let started = match format {
        LogFormat::Text => builder.compact().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    drop(started);
}
