//! The program `provost`: reads the command line and hands over to the library.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    provost::cli::main(provost::cli::CommandLine::parse()).await
}
