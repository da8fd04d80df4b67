//! Kubernetes that goes away and comes back.

use std::path::Path;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use provost::cli::cluster::{Cluster, Settings, Source};
use provost::cli::kubernetes;
use provost::kinds::TABLES;
use provost::myintranetapps::sim::{Change, Options};
use provost::myintranetapps::tenant_account::TenantAccount;
use provost::sim::journal::Outcome;
use provost::sim::server::Listen;
use provost::sim::trouble::{Act, Order};
use serde_json::json;

use crate::harness::{scratch, source};
use crate::stage::{Stage, external_id};

/// An API server of this test's own, with `definitions` installed; none where there is only somebody else's.
pub async fn own_cluster(dir: &Path, definitions: &[CustomResourceDefinition]) -> Option<Cluster> {
    let source = source();
    if matches!(source, Source::Existing(_)) {
        return None;
    }
    let settings = Settings { dir: dir.join("data"), port: 0, keep: true };
    let cluster = Cluster::start(source, settings).await.unwrap();
    kubernetes::install(&cluster.client().await.unwrap(), definitions).await.unwrap();
    Some(cluster)
}

pub(super) async fn stage_on(cluster: &Cluster) -> Stage {
    let client = cluster.client().await.unwrap();
    let mut stage = Stage::on(cluster.kubeconfig(), client, Listen::default(), Options::default()).await;
    stage.connect().await;
    stage.start_operator().await;
    stage
}

#[tokio::test]
async fn the_operator_outlives_an_api_server() {
    let dir = scratch("outage-");
    let Some(mut cluster) = own_cluster(dir.path(), &kubernetes::definitions(&TABLES)).await else { return };
    let stage = stage_on(&cluster).await;
    stage.account("old", json!({"packageId": "93"})).await;
    stage.ready("old").await;
    // An account is made, and Kubernetes is gone before that can be written down.
    stage.vendor.trouble().place(Order::next_of("create_account", Act::Hold));
    stage.account("new", json!({})).await;
    stage.vendor_got("create_account", Outcome::Held).await;
    cluster.halt().await.unwrap();
    stage.vendor.trouble().release();
    stage.vendor.edit("old", Change { package_id: Some("1".into()), ..Change::default() }).unwrap();
    cluster.resume().await.unwrap();

    let new = stage.ready("new").await;
    assert_eq!(external_id(&new), stage.vendor.account_by_subdomain("new").map(|account| account.key).as_deref());
    assert_eq!(stage.vendor.journal().count("create_account"), 2);
    stage.resynced("old").await;
    assert_eq!(stage.vendor.account_by_subdomain("old").unwrap().package_id.as_deref(), Some("93"));
    stage.delete::<TenantAccount>("old").await;
    stage.gone::<TenantAccount>("old").await;
    assert!(!stage.vendor.account_by_subdomain("old").unwrap().active);
}
