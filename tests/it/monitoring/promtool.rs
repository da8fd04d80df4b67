//! promtool, Prometheus' own program for looking at what it is given.

use std::path::Path;

use crate::harness::{Said, say, tool};

/// Runs promtool in a folder, with `input` as its standard input.
pub async fn promtool(folder: &Path, arguments: &[&str], input: &str) -> Said {
    let mut command = tool("promtool");
    command.args(arguments).current_dir(folder);
    say(command, input).await
}
