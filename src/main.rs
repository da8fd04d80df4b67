//! The program `provost`: reads the command line and hands over to the library.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use provost::cli::{self, CommandLine};

#[tokio::main]
async fn main() -> ExitCode {
    match CommandLine::try_parse() {
        Ok(line) => cli::main(line).await,
        Err(usage) => {
            // With nobody left to read it, the status still tells.
            drop(usage.print());
            // clap's own status for mistakes is 2, with which `provost plan` says that there are changes.
            if usage.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
    }
}
