//! The runbook: an entry for each alert and each reason, none for what there is not, links that lead somewhere, and commands that run.

use std::collections::BTreeSet;

use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{ObjectMeta, PostParams};
use provost::engine::reason::Reason;
use provost::kinds::TABLES;
use provost::myintranetapps::sim::Options;
use serde_json::json;

use super::rules::alerts;
use crate::harness::{kubectl, root};
use crate::stage::Stage;

fn runbook() -> String {
    std::fs::read_to_string(root().join("docs/runbook.md")).unwrap()
}

#[test]
fn every_alert_and_every_reason_has_an_entry_and_nothing_else_has() {
    let text = runbook();
    let mut entries = BTreeSet::new();
    for entry in text.split("\n### ").skip(1) {
        let (name, rest) = entry.split_once('\n').unwrap();
        assert!(entries.insert(name.to_owned()), "{name} has two entries");
        let said = rest.split("\n## ").next().unwrap().trim();
        assert!(said.len() > 30, "{name}: {said}");
    }
    let alerts = alerts().into_iter().map(|alert| alert["alert"].as_str().unwrap().to_owned());
    let own = TABLES.kinds.iter().flat_map(|row| row.reasons).map(|(word, _)| (*word).to_owned());
    let reasons = Reason::ALL.iter().map(|reason| reason.word().to_owned());
    let expected: BTreeSet<String> = alerts.chain(reasons).chain(own).collect();
    let missing: Vec<_> = expected.difference(&entries).collect();
    let stale: Vec<_> = entries.difference(&expected).collect();
    assert!(missing.is_empty() && stale.is_empty(), "missing: {missing:?}; for nothing that there is: {stale:?}");
}

#[test]
fn links_lead_to_entries() {
    let text = runbook();
    let headings = text.lines().filter_map(|line| line.strip_prefix("### "));
    let anchors: BTreeSet<String> = headings.map(str::to_lowercase).collect();
    let links: Vec<&str> = text.split("](#").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
    assert!(links.len() > 20, "{links:?}");
    for link in links {
        assert!(anchors.contains(link), "#{link} leads nowhere");
    }
}

#[tokio::test]
async fn the_commands_of_the_runbook_run() {
    let stage = Stage::connected_to(Options::default()).await;
    stage.account("generalco", json!({})).await;
    stage.ready("generalco").await;
    let metadata = ObjectMeta { name: Some("provost".to_owned()), ..ObjectMeta::default() };
    let lease = Lease { metadata, ..Lease::default() };
    stage.api::<Lease>().create(&PostParams::default(), &lease).await.unwrap();
    let (mut fenced, mut ran) = (false, 0);
    for line in runbook().lines() {
        match line {
            "```text" => fenced = true,
            "```" => fenced = false,
            command if fenced && command.starts_with("kubectl ") => {
                let command = command.replace("\"$(date +%s)\"", "7").replace("NAMESPACE", &stage.namespace);
                let command = command.replace("KIND/NAME", "tenantaccount/generalco").replace("KIND", "tenantaccount");
                let command = command.replace("NAME", "generalco").replace("NS", &stage.namespace);
                let arguments: Vec<&str> = command.split_whitespace().skip(1).collect();
                let said = kubectl(&arguments, "").await;
                assert!(said.success, "{command}: {}", said.stderr);
                // An Event may be on its way still.
                let names_it = said.stdout.contains("generalco") || command.contains(" events ");
                assert!(names_it || !command.contains("generalco"), "{command}: {}{}", said.stdout, said.stderr);
                ran += 1;
            }
            _ => {}
        }
    }
    assert!(ran >= 9, "{ran}");
    stage.ready("generalco").await;
}
