//! The program `provost`: reads the command line and hands over to the library.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use provost::cli;

#[tokio::main]
async fn main() -> ExitCode {
    if let Some(words) = cli::completion() {
        return if cli::say(&words).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    match cli::read() {
        Ok(line) => cli::main(line).await,
        Err(usage) => {
            // With nobody left to read it, the status still tells.
            drop(usage.print());
            // clap's own status for mistakes is 2, with which `provost plan` says that there are changes.
            if usage.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
    }
}
