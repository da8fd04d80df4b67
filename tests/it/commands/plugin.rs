//! The program as a plugin of the real kubectl, and its manual.

use std::os::unix::fs::symlink;
use std::path::Path;

use provost::myintranetapps::sim::Options;
use serde_json::json;
use tokio::process::Command;

use super::{assert_says, run};
use crate::harness::{DEADLINE, cluster, scratch};
use crate::stage::Stage;

/// What kubectl says that finds the program on its path.
async fn kubectl(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let cluster = cluster().await;
    let mut command = Command::new(cluster.kubectl());
    command.args(arguments).env_clear().env("PATH", folder).env("KUBECONFIG", cluster.kubeconfig());
    command.env("KUBECACHEDIR", env!("CARGO_TARGET_TMPDIR")).kill_on_drop(true);
    let output = tokio::time::timeout(DEADLINE, command.output()).await.expect("kubectl hangs").unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

#[tokio::test]
async fn kubectl_finds_it_names_it_and_completes_it() {
    let stage = Stage::bare(Options::default()).await;
    stage.account("generalco", json!({})).await;
    let folder = scratch("plugin-");
    for name in ["kubectl-provost", "kubectl_complete-provost"] {
        symlink(env!("CARGO_BIN_EXE_provost"), folder.path().join(name)).unwrap();
    }
    let (listed, text) = kubectl(folder.path(), &["plugin", "list"]).await;
    assert!(listed && text.contains("kubectl-provost"), "{text}");
    let (_, help) = kubectl(folder.path(), &["provost", "explain", "--help"]).await;
    assert_says(
        &help,
        &["Usage: kubectl provost explain [OPTIONS] <KIND/NAME>", "  kubectl provost explain tenantaccount/"],
    );
    assert!(!help.lines().any(|line| line.trim_start().starts_with("provost ")), "{help}");

    let namespace = ["-n", stage.namespace.as_str()];
    let (paused, text) =
        kubectl(folder.path(), &[&["provost", "pause", "tenantaccount/generalco"], &namespace[..]].concat()).await;
    assert!(paused, "{text}");
    let (_, text) =
        kubectl(folder.path(), &[&["provost", "explain", "tenantaccount/generalco"], &namespace[..]].concat()).await;
    assert_says(&text, &["no operator has looked at it yet"]);
    let (_, text) = kubectl(folder.path(), &["__complete", "provost", "expl"]).await;
    assert_says(&text, &["explain\n", ":4"]);
}

#[tokio::test]
async fn there_is_a_page_for_each_command() {
    let stage = Stage::bare(Options::default()).await;
    let folder = scratch("man-");
    let dir = folder.path().join("man1");
    let arguments = ["man", "--dir", dir.to_str().unwrap()].map(str::to_owned);
    crate::plans::provost(folder.path(), &arguments, None, "").await.said.ok();
    for page in ["provost.1", "provost-explain.1", "provost-simulate-crm2.1"] {
        let text = std::fs::read_to_string(dir.join(page)).unwrap();
        assert!(text.contains(".TH ") && text.contains(".SH SYNOPSIS"), "{page}");
    }
    let page = crate::plans::provost(folder.path(), &["man".to_owned()], None, "").await.said.ok();
    assert_says(&page, &[".TH provost 1", "approve"]);
    // A flag that no command has is told, and changes nothing.
    assert_says(&run(&stage, &["pause", "--al"]).await.said.refused(), &["--all"]);
}
