//! promtool, Prometheus' own program for looking at what it is given.

use std::path::Path;
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::harness::{DEADLINE, Said, root};

/// Runs promtool in a folder, with `input` as its standard input.
pub async fn promtool(folder: &Path, arguments: &[&str], input: &str) -> Said {
    let program = root().join("target/tools/promtool");
    assert!(program.exists(), "there is no {}: run `make tools`", program.display());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let (written, output) = tokio::join!(
        async move { stdin.write_all(input.as_bytes()).await },
        tokio::time::timeout(DEADLINE, child.wait_with_output())
    );
    let output = output.expect("promtool hangs").unwrap();
    // It does not read what it does not want.
    written.unwrap_or_default();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { success: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) }
}
