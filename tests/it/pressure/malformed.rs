//! AdminApis that their schema should not have let in, and addresses where something else is.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use provost::cli::cluster::{Cluster, Settings, Source};
use provost::cli::kubernetes;
use provost::engine::admin_api::AdminApi;
use provost::kinds::TABLES;
use provost::myintranetapps::sim::Options;
use provost::sim::server::Listen;
use serde_json::json;

use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::ApiResource;

use crate::harness::{DEADLINE, await_object, scratch, source};
use crate::stage::{API, Conditioned, Stage, admin_api};

/// Our definitions as an older or newer version may have left them: any AdminApi goes.
fn loosened() -> Vec<CustomResourceDefinition> {
    let loosen = |definition: CustomResourceDefinition| {
        let mut json = serde_json::to_value(definition).unwrap();
        if json["spec"]["names"]["kind"] == "AdminApi" {
            let spec = &mut json["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
            *spec = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        }
        serde_json::from_value(json).unwrap()
    };
    kubernetes::definitions(&TABLES).into_iter().map(loosen).collect()
}

#[tokio::test]
async fn an_admin_api_that_cannot_be_read_says_so_itself() {
    let dir = scratch("malformed-api-");
    let source = source();
    if matches!(source, Source::Existing(_)) {
        return;
    }
    let settings = Settings { dir: dir.path().join("data"), port: 0, keep: true };
    let cluster = Cluster::start(source, settings).await.unwrap();
    let client = cluster.client().await.unwrap();
    kubernetes::install(&client, &loosened()).await.unwrap();
    let mut stage = Stage::on(cluster.kubeconfig(), client.clone(), Listen::default(), Options::default()).await;
    stage.connect().await;
    stage.start_operator().await;
    stage.account("generalco", json!({})).await;
    stage.ready("generalco").await;
    stage.vendor.trouble().clear();

    let untyped: Api<DynamicObject> =
        Api::namespaced_with(client, &stage.namespace, &ApiResource::erase::<AdminApi>(&()));
    let spoil = Patch::Merge(json!({"spec": {"limits": {"concurrency": "many"}}}));
    untyped.patch(API, &PatchParams::default(), &spoil).await.unwrap();
    let told = |object: Option<&DynamicObject>| {
        let conditions = object.and_then(|object| object.data.pointer("/status/conditions")?.as_array());
        let ready = conditions.into_iter().flatten().find(|condition| condition["type"] == "Ready");
        ready.is_some_and(|ready| ready["reason"] == "Malformed" && ready["status"] == "False")
    };
    await_object(untyped.clone(), API, told, DEADLINE).await.unwrap();
    stage.edit("generalco", json!({"packageId": "94"})).await;
    stage.unready("generalco", "AdminApiNotReady").await;

    let mend = Patch::Merge(json!({"spec": {"limits": {"concurrency": 3}}}));
    untyped.patch(API, &PatchParams::default(), &mend).await.unwrap();
    stage.api_ready().await;
    stage.ready("generalco").await;
}

#[tokio::test]
async fn another_place_on_the_same_server_is_a_wrong_address() {
    let mut stage = Stage::bare(Options::default()).await;
    stage.connect().await;
    stage.apply(&admin_api(&format!("{}/elsewhere", stage.vendor.url()))).await;
    stage.start_operator().await;
    let api = stage.api_unready("WrongAddress").await;
    assert!(api.is("Reachable", "False", "WrongAddress") && api.is("Stalled", "True", "WrongAddress"), "{api:#?}");
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_is_not_trusted() {
    let mut stage = Stage::behind(Listen { tls: true, ..Listen::default() }, Options::default()).await;
    stage.connect().await;
    stage.start_operator().await;
    let api = stage.api_unready("CertificateNotTrusted").await;
    assert!(api.is("Reachable", "False", "CertificateNotTrusted"), "{api:#?}");
}
