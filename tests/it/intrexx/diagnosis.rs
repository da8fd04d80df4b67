//! `provost diagnosis` with the real program.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use provost::intrexx::sim::Simulator;
use provost::sim::trouble::{Act, Order};
use serde_json::json;

use super::{PORTAL, example, seeded};
use crate::harness::{cluster, scratch};
use crate::plans::{Ran, provost};
use crate::stage::Stage;

/// `provost diagnosis` into `file.zip` of a folder.
async fn diagnosis(stage: &Stage<Simulator>, folder: &Path, portal: &str) -> Ran {
    let arguments = ["diagnosis", portal, "-n", &stage.namespace, "-o", "file.zip"].map(str::to_owned);
    provost(folder, &arguments, Some(cluster().await.kubeconfig()), "").await
}

fn names(folder: &Path) -> Vec<String> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn a_diagnosis_file_is_there_whole_and_for_its_owner_alone_or_not_at_all() {
    let stage = Stage::intrexx(seeded(), &["PortalAction"]).await;
    stage.vendor.reconfigure(|options| options.server.diagnosis_bytes = 300_000);
    stage.apply(&example("IntrexxPortal", PORTAL, json!({}))).await;
    let folder = scratch("diagnosis-");
    let folder = folder.path();
    stage.vendor.trouble().place(Order::next_of("get_diagnosis", Act::Truncate));
    let ran = diagnosis(&stage, folder, PORTAL).await;
    assert_eq!((ran.status, names(folder)), (1, vec![]), "{}", ran.said.stderr);
    assert!(ran.said.stderr.starts_with("error: get_diagnosis"), "{}", ran.said.stderr);

    let ran = diagnosis(&stage, folder, PORTAL).await;
    assert_eq!((ran.status, names(folder)), (0, vec!["file.zip".to_owned()]), "{}", ran.said.stderr);
    let file = std::fs::read(folder.join("file.zip")).unwrap();
    assert!(file.starts_with(b"PK") && file.len() > 300_000);
    assert_eq!(ran.said.stderr, format!("file.zip: {} bytes\n", file.len()));
    let mode = std::fs::metadata(folder.join("file.zip")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // What was fetched before stays when there is nothing to take its place.
    stage.vendor.trouble().place(Order::next_of("get_diagnosis", Act::answer(503)));
    let ran = diagnosis(&stage, folder, PORTAL).await;
    assert_eq!((ran.status, std::fs::read(folder.join("file.zip")).unwrap().len()), (1, file.len()));
    let ran = diagnosis(&stage, folder, "nowhere").await;
    assert!(ran.status == 1 && ran.said.stderr.contains("there is no IntrexxPortal"), "{}", ran.said.stderr);
    assert_eq!(names(folder), ["file.zip"]);
}
