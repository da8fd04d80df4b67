//! A leader that reaches the vendor and not Kubernetes.

use provost::engine::admin_api::AdminApi;
use provost::sim::journal::Intent;
use serde_json::json;

use super::forwarder::Forwarder;
use super::replica::{Replica, TERMS, time};
use super::stage;
use crate::stage::API;

const ACCOUNTS: usize = 24;

#[tokio::test]
async fn cut_off_from_kubernetes_it_stops_writing_before_another_begins() {
    let stage = stage().await;
    let way = Forwarder::start(stage.kubeconfig()).await;
    let mut a = Replica::start_with(&stage, way.kubeconfig(), "a", &TERMS);
    a.leads().await;
    let b = Replica::start(&stage, "b");
    b.said("stands by: another process leads").await;
    let names: Vec<String> = (0..ACCOUNTS).map(|number| format!("account-{number}")).collect();
    for name in &names {
        stage.account(name, json!({})).await;
    }
    for name in &names {
        stage.ready(name).await;
    }
    // More work than can be done before the lease is lost: two calls a second.
    let slow = json!({"spec": {"limits": {"requestsPerSecond": 2, "burst": 1, "concurrency": 64}}});
    stage.patch::<AdminApi>(API, slow).await;
    stage.looked_at::<AdminApi>(API).await;
    for name in &names {
        stage.edit(name, json!({"packageId": "93"})).await;
    }
    let journal = stage.vendor.journal();
    let updates = |entries: &[provost::sim::journal::Entry], least: usize| {
        entries.iter().filter(|entry| entry.operation == "update_account" && entry.performed).count() >= least
    };
    stage.in_time(journal.wait_for(|entries| updates(entries, 1))).await;
    way.cut();
    let before = journal.performed("update_account");
    // It goes on for as long as its lease lets it.
    stage.in_time(journal.wait_for(|entries| updates(entries, before + 1))).await;
    assert_eq!(a.ended().await.code(), Some(1));
    let lost = time(&a.said("lost the lease").await);
    assert!(journal.performed("update_account") < ACCOUNTS, "it had more to do");

    let leads = b.leads().await;
    for name in &names {
        stage.ready(name).await;
    }
    let (of_a, of_b) = (a.calls(Intent::Write), b.calls(Intent::Write));
    let last = of_a.last().map(|(_, time)| time.as_str()).unwrap();
    let first = of_b.first().map(|(_, time)| time.as_str()).unwrap();
    assert!(last <= lost.as_str() && lost < leads && leads.as_str() < first, "{last} {lost} {leads} {first}");
    assert_eq!(of_a.len() + of_b.len(), stage.vendor_writes().len());
    // Nothing is done twice: what the first could not write down, the second saw at the vendor.
    assert_eq!(journal.count("update_account"), ACCOUNTS as u64);
    assert_eq!(journal.count("create_account"), ACCOUNTS as u64);
}
