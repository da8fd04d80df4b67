//! The demonstration, installed as users install it: from deploy/install.yaml, with the rights that are in it.

use tokio::process::Command;

use crate::harness::{root, scratch, source};
use provost::cli::cluster::Source;

#[tokio::test]
async fn the_demo_runs_from_the_manifests_that_users_install() {
    if matches!(source(), Source::Existing(_)) {
        return;
    }
    let dir = scratch("demo-");
    let mut command = Command::new(env!("CARGO_BIN_EXE_provost"));
    let folder = dir.path().join("data");
    command.args(["demo", "--once", "--install", "deploy/install.yaml", "--dir"]).arg(&folder).current_dir(root());
    // It has a deadline of its own, and says what is missing when that passes.
    let output = command.kill_on_drop(true).output().await.unwrap();
    let (said, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let log = std::fs::read_to_string(folder.join("operator.log")).unwrap_or_default();
    assert!(output.status.success(), "{said}{complaint}{log}");
    assert!(said.contains("manifests of deploy/install.yaml") && said.contains("objects ready after"), "{said}");
    // A change record is there of what was made at the vendors.
    let changes = std::fs::read_to_string(folder.join("changes.log")).unwrap();
    assert!(changes.lines().any(|line| line.contains("TenantAccount")), "{changes}");
    assert!(!log.contains("forbidden"), "{log}");
    // And nothing that opens a door.
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("kubeconfig")), "{left:?}");
}
