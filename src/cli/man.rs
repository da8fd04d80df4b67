//! `provost man`: the manual, from the same text as the help.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{Failure, command, say};

/// Print the manual page, or write one page a command
///
/// `provost man | man -l -` shows it; `provost man --dir DIR` writes provost.1, provost-plan.1 and so on.
#[derive(Debug, Clone, Args)]
pub struct ManArgs {
    /// Write a page for each command into this folder, which is made if need be
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
}

/// Prints or writes.
///
/// # Errors
/// The folder cannot be written.
pub fn run(args: &ManArgs) -> Result<ExitCode, Failure> {
    let Some(dir) = &args.dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command()).render(&mut page)?;
        say(&String::from_utf8_lossy(&page))?;
        return Ok(ExitCode::SUCCESS);
    };
    let written = std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(command(), dir));
    written.map_err(|error| format!("cannot write the pages into {}: {error}", dir.display()))?;
    Ok(ExitCode::SUCCESS)
}
