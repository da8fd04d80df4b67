//! Vendors that cannot serve, credentials that are refused, and more work than the limits let through.

mod credentials;
mod malformed;
mod order;
mod storm;

use kube::api::{Patch, PatchParams};
use provost::engine::admin_api::AdminApi;
use provost::myintranetapps::sim::Simulator;
use provost::myintranetapps::tenant_account::TenantAccount;
use serde_json::{Value as Json, json};

use crate::stage::{API, Stage, account, admin_api};

/// The names of so many accounts.
fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("account-{number}")).collect()
}

/// The stage's AdminApi with these limits.
fn limited(stage: &Stage, limits: Json) -> Json {
    let mut manifest = admin_api(stage.vendor.url());
    manifest["spec"]["limits"] = limits;
    manifest
}

/// Makes accounts, a few at a time.
async fn make(stage: &Stage, names: &[String], fields: &Json) {
    for some in names.chunks(20) {
        let manifests: Vec<Json> = some.iter().map(|name| account(name, fields.clone())).collect();
        futures::future::join_all(manifests.iter().map(|manifest| stage.apply(manifest))).await;
    }
}

/// Changes their specs, a few at a time.
async fn edit_all(stage: &Stage, names: &[String], fields: &Json) {
    let patch = json!({"spec": fields});
    for some in names.chunks(20) {
        let edits = some.iter().map(|name| stage.patch::<TenantAccount>(name, patch.clone()));
        futures::future::join_all(edits).await;
    }
}

async fn all_ready(stage: &Stage, names: &[String]) {
    for name in names {
        stage.ready(name).await;
    }
}

/// A second vendor in the same namespace, healthy, behind the AdminApi `other`, with one account that is ready.
async fn healthy_neighbour(stage: &Stage) -> Simulator {
    let vendor = Simulator::start(Default::default()).await.unwrap();
    let mut manifest = admin_api(vendor.url());
    manifest["metadata"]["name"] = json!("other");
    stage.apply(&manifest).await;
    stage.account("neighbour", json!({"adminApi": {"name": "other"}})).await;
    stage.ready("neighbour").await;
    vendor
}

/// Changes the AdminApi's limits.
async fn relimit(stage: &Stage, limits: Json) {
    let patch = Patch::Merge(json!({"spec": {"limits": limits}}));
    stage.api::<AdminApi>().patch(API, &PatchParams::default(), &patch).await.unwrap();
}
