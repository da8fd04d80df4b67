//! Kubernetes that goes away and comes back, and objects that its schema should not have let in.

use std::path::Path;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams};
use kube::core::ApiResource;
use provost::cli::cluster::{Cluster, Settings, Source};
use provost::cli::kubernetes;
use provost::kinds::TABLES;
use provost::myintranetapps::sim::{Change, Options};
use provost::myintranetapps::tenant_account::TenantAccount;
use provost::sim::journal::Outcome;
use provost::sim::server::Listen;
use provost::sim::trouble::{Act, Order};
use serde_json::{Value as Json, json};

use crate::harness::{DEADLINE, await_object, scratch, source};
use crate::stage::{Stage, account, external_id};

/// An API server of this test's own, with `definitions` installed; none where there is only somebody else's.
async fn own_cluster(dir: &Path, definitions: &[CustomResourceDefinition]) -> Option<Cluster> {
    let source = source();
    if matches!(source, Source::Existing(_)) {
        return None;
    }
    let settings = Settings { dir: dir.join("data"), port: 0, keep: true };
    let cluster = Cluster::start(source, settings).await.unwrap();
    kubernetes::install(&cluster.client().await.unwrap(), definitions).await.unwrap();
    Some(cluster)
}

async fn stage_on(cluster: &Cluster) -> Stage {
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

/// Our definitions as an older or newer version may have left them: any spec goes.
fn loosened() -> Vec<CustomResourceDefinition> {
    let loosen = |definition: CustomResourceDefinition| {
        let mut json = serde_json::to_value(definition).unwrap();
        if json["spec"]["names"]["kind"] == "TenantAccount" {
            let spec = &mut json["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
            *spec = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        }
        serde_json::from_value(json).unwrap()
    };
    kubernetes::definitions(&TABLES).into_iter().map(loosen).collect()
}

fn untyped(stage: &Stage) -> Api<DynamicObject> {
    Api::namespaced_with(stage.client.clone(), &stage.namespace, &ApiResource::erase::<TenantAccount>(&()))
}

/// Waits until an object that may not have our type has the condition Ready with this reason.
async fn ready_reason(stage: &Stage, name: &str, reason: &'static str) -> Json {
    let ready = |object: &DynamicObject| -> Option<Json> {
        let conditions = object.data.pointer("/status/conditions")?.as_array()?;
        conditions.iter().find(|condition| condition["type"] == "Ready").cloned()
    };
    let told = move |object: Option<&DynamicObject>| {
        object.and_then(ready).is_some_and(|condition| condition["reason"] == reason)
    };
    let object = await_object(untyped(stage), name, told, DEADLINE).await.unwrap();
    ready(&object).unwrap()
}

#[tokio::test]
async fn one_malformed_object_spoils_nothing_but_itself() {
    let dir = scratch("malformed-");
    let Some(cluster) = own_cluster(dir.path(), &loosened()).await else { return };
    let mut stage = stage_on(&cluster).await;
    stage.account("bad", json!({"subdomain": ["not", "a", "text"]})).await;
    stage.account("empty", json!({"name": null})).await;
    stage.account("good", json!({})).await;
    stage.ready("good").await;
    let condition = ready_reason(&stage, "bad", "Malformed").await;
    assert_eq!(condition["status"], "False");
    assert!(condition["message"].as_str().unwrap().contains("Expected a string"), "{condition}");
    ready_reason(&stage, "empty", "Malformed").await;

    // Nor does it stop an operator that starts, or an object that was well once.
    let params = PatchParams::default();
    untyped(&stage).patch("good", &params, &Patch::Merge(json!({"spec": {"packageId": 93}}))).await.unwrap();
    ready_reason(&stage, "good", "Malformed").await;
    stage.restart_operator().await;
    stage.account("late", json!({})).await;
    stage.ready("late").await;

    // Mended, they are objects like any other.
    stage.apply(&account("bad", json!({}))).await;
    stage.ready("bad").await;
    untyped(&stage).patch("good", &params, &Patch::Merge(json!({"spec": {"packageId": "93"}}))).await.unwrap();
    let good = stage.ready("good").await;
    assert_eq!(good.finalizers(), ["provost.dev/finalizer"]);
    assert_eq!(stage.vendor.journal().count("create_account"), 3);

    // One that is not mended can be deleted: nothing was made for it.
    untyped(&stage).delete("empty", &DeleteParams::default()).await.unwrap();
    await_object(untyped(&stage), "empty", |object: Option<&DynamicObject>| object.is_none(), DEADLINE).await;
}
