//! Fixtures: stories of objects as YAML, a version a step, with what is said of each. `captured.yaml` is what a real
//! operator wrote.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value as Json;

use super::judge::Judge;
use super::{TABLE, hold, standing};
use crate::harness::root;

/// One version of an object, and what is said of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// What has happened.
    step: String,
    object: Json,
    kstatus: String,
    argo: String,
    /// What Argo CD's message has in it.
    #[serde(default)]
    message: String,
    flux: String,
}

fn stories() -> Vec<PathBuf> {
    let folder = root().join("tests/it/gitops/fixtures");
    let mut found: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

#[tokio::test]
async fn each_step_of_each_story_is_judged_as_it_says() {
    let mut judge = Judge::start().await;
    let mut told = std::collections::BTreeSet::new();
    for story in stories() {
        let steps: Vec<Step> = serde_yaml::from_str(&std::fs::read_to_string(&story).unwrap()).unwrap();
        for step in steps {
            let place = format!("{}: {}", story.display(), step.step);
            let verdict = judge.ask(&step.object).await;
            let said = (&verdict.kstatus, &verdict.argo.status, &verdict.flux);
            assert_eq!(said, (&step.kstatus, &step.argo, &step.flux), "{place}: {verdict:#?}");
            assert!(verdict.argo.message.contains(&step.message), "{place}: {verdict:#?}");
            hold(&step.object, &verdict);
            told.insert(standing(&step.object));
        }
    }
    // No row of the table is without a story.
    assert_eq!(told.len(), TABLE.len(), "{told:?}");
}

#[test]
fn the_docs_have_the_table() {
    let docs = std::fs::read_to_string(root().join("docs/gitops.md")).unwrap();
    for (_, what, kstatus, argo, flux) in TABLE {
        let row = format!("| {what} | {kstatus} | {argo} | {flux} |");
        assert!(docs.contains(&row), "docs/gitops.md lacks: {row}");
    }
}

/// Argo CD asks no check about an object that is being deleted; another user of it may.
#[tokio::test]
async fn the_check_itself_tells_why_a_deletion_does_not_go_on() {
    let mut judge = Judge::start().await;
    let text = std::fs::read_to_string(root().join("tests/it/gitops/fixtures/deletion.yaml")).unwrap();
    let steps: Vec<Step> = serde_yaml::from_str(&text).unwrap();
    let held = steps.iter().find(|step| step.step.contains("guard")).unwrap();
    let verdict = judge.ask(&held.object).await;
    assert_eq!(verdict.check.status, "Degraded");
    assert!(verdict.check.message.starts_with("DeletionHeld: "), "{verdict:#?}");
    assert_eq!((verdict.argo.status.as_str(), verdict.argo.message.as_str()), ("Progressing", "Pending deletion"));
}
