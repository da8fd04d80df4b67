//! Kubernetes that goes away under two replicas, and comes back with its data.

use std::path::Path;
use std::time::Duration;

use provost::cli::cluster::{Cluster, Settings, Source};
use provost::cli::kubernetes;
use provost::kinds::TABLES;
use provost::myintranetapps::sim::Options;
use provost::myintranetapps::tenant_account::TenantAccount;
use provost::sim::journal::Outcome;
use provost::sim::server::Listen;
use provost::sim::trouble::{Act, Order};
use serde_json::json;

use super::replica::{Replica, TERMS};
use crate::harness::{scratch, source};
use crate::stage::{Stage, external_id};

/// Runs a replica, and another one whenever it ends, as Kubernetes does with a pod.
async fn supervise(namespace: String, kubeconfig: std::path::PathBuf, name: &'static str) {
    loop {
        let mut replica = Replica::start_in(&namespace, &kubeconfig, name, &TERMS);
        replica.ended_some_day().await;
        // A pod that ends is not started again at once either.
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn own_cluster(dir: &Path) -> Option<Cluster> {
    let source = source();
    if matches!(source, Source::Existing(_)) {
        return None;
    }
    let cluster = Cluster::start(source, Settings { dir: dir.join("data"), port: 0, keep: true }).await.unwrap();
    kubernetes::install(&cluster.client().await.unwrap(), &kubernetes::definitions(&TABLES)).await.unwrap();
    Some(cluster)
}

#[tokio::test]
async fn replicas_go_on_when_kubernetes_is_back() {
    let dir = scratch("replicas-");
    let Some(mut cluster) = own_cluster(dir.path()).await else { return };
    let client = cluster.client().await.unwrap();
    let stage = Stage::on(cluster.kubeconfig(), client, Listen::default(), Options::default()).await;
    stage.connect().await;
    let mut replicas = tokio::task::JoinSet::new();
    for name in ["a", "b"] {
        replicas.spawn(supervise(stage.namespace.clone(), cluster.kubeconfig().to_owned(), name));
    }
    stage.account("old", json!({})).await;
    stage.ready("old").await;
    // The vendor makes one, and nobody can write that down.
    stage.vendor.trouble().place(Order::next_of("create_account", Act::Hold));
    stage.account("new", json!({})).await;
    stage.vendor_got("create_account", Outcome::Held).await;
    cluster.halt().await.unwrap();
    stage.vendor.trouble().release();
    cluster.resume().await.unwrap();

    let new = stage.ready("new").await;
    assert_eq!(external_id(&new), stage.vendor.account_by_subdomain("new").map(|account| account.key).as_deref());
    stage.edit("old", json!({"packageId": "93"})).await;
    stage.account("late", json!({})).await;
    stage.ready("late").await;
    stage.ready("old").await;
    stage.delete::<TenantAccount>("late").await;
    stage.gone::<TenantAccount>("late").await;
    assert_eq!(stage.vendor.journal().count("create_account"), 3);
    assert_eq!(stage.vendor.accounts().len(), 3);
    assert!(!stage.vendor.account_by_subdomain("late").unwrap().active);
    replicas.shutdown().await;
}
