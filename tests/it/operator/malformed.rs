//! Objects that their schema should not have let in: each is told what is wrong with it, and stops nothing else.

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams};
use kube::core::ApiResource;
use provost::cli::kubernetes;
use provost::kinds::TABLES;
use provost::myintranetapps::tenant_account::TenantAccount;
use serde_json::{Value as Json, json};

use super::outage::{own_cluster, stage_on};
use crate::commands::{assert_says, explain, unready};
use crate::harness::{DEADLINE, await_object, scratch};
use crate::stage::{Stage, account};

/// Our definitions as an older or newer version may have left them: any spec and status goes.
fn loosened() -> Vec<CustomResourceDefinition> {
    let loosen = |definition: CustomResourceDefinition| {
        let mut json = serde_json::to_value(definition).unwrap();
        if json["spec"]["names"]["kind"] == "TenantAccount" {
            let schema = &mut json["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
            for part in ["spec", "status"] {
                schema["properties"][part] = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
            }
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
    let message = condition["message"].as_str().unwrap();
    assert_eq!(message, "this object cannot be read: spec.subdomain is a list, and must be text; correct it");
    ready_reason(&stage, "empty", "Malformed").await;
    let told = unready(explain(&stage, "tenantaccount/bad", &[]).await);
    assert_says(&told, &["is not ready: Malformed", "spec.subdomain is a list, and must be text"]);

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
    let gone = |object: Option<&DynamicObject>| object.is_none();
    await_object(untyped(&stage), "empty", gone, DEADLINE).await;

    // One that is to be left as it is goes by itself, and so does any that goes with its namespace.
    let orphan = json!({"spec": {"packageId": 93, "policy": {"deletion": "Orphan"}}});
    untyped(&stage).patch("late", &params, &Patch::Merge(orphan)).await.unwrap();
    ready_reason(&stage, "late", "Malformed").await;
    untyped(&stage).delete("late", &DeleteParams::default()).await.unwrap();
    await_object(untyped(&stage), "late", gone, DEADLINE).await;
    untyped(&stage).patch("good", &params, &Patch::Merge(json!({"spec": {"packageId": 93}}))).await.unwrap();
    ready_reason(&stage, "good", "Malformed").await;
    let namespaces: Api<Namespace> = Api::all(stage.client.clone());
    namespaces.delete(&stage.namespace, &DeleteParams::default()).await.unwrap();
    untyped(&stage).delete("good", &DeleteParams::default()).await.unwrap();
    await_object(untyped(&stage), "good", gone, DEADLINE).await;
    assert!(stage.vendor.accounts().iter().all(|account| account.active));
}

#[tokio::test]
async fn each_malformation_is_told_by_field_value_and_way_out() {
    let dir = scratch("malformations-");
    let Some(cluster) = own_cluster(dir.path(), &loosened()).await else { return };
    let stage = stage_on(&cluster).await;
    let cases = [
        (
            "deep",
            json!({"connectionHealth": {"unhealthyWhen": ["Inactive", 7]}}),
            "spec.connectionHealth.unhealthyWhen[1] is the number 7, and must be text: quote it",
        ),
        ("word", json!({"type": "Retailer"}), "spec.type is \"Retailer\", and must be one of Standard, Reseller"),
        (
            "missing",
            json!({"writeConnectionTo": {"secretRef": {}}}),
            "spec.writeConnectionTo.secretRef.name is missing",
        ),
        ("number", json!({"packageId": 93}), "spec.packageId is the number 93, and must be text: quote it"),
        (
            "plain",
            json!({"adminPassword": "planted-plain-text-3K"}),
            "spec.adminPassword is text, and must be an object",
        ),
    ];
    for (name, fields, _) in &cases {
        stage.account(name, fields.clone()).await;
    }
    for (name, _, problem) in &cases {
        let condition = ready_reason(&stage, name, "Malformed").await;
        let expected = format!("this object cannot be read: {problem}; correct it");
        assert_eq!(condition["message"], json!(expected));
    }
    assert!(!crate::log::text().contains("planted-plain-text-3K"));

    // A status that an older or newer version left says how to have it written anew; what it says works.
    stage.account("known", json!({})).await;
    stage.ready("known").await;
    let params = PatchParams::default();
    let spoilt = json!({"status": {"connections": {"total": "many"}}});
    untyped(&stage).patch_status("known", &params, &Patch::Merge(&spoilt)).await.unwrap();
    untyped(&stage).patch("known", &params, &Patch::Merge(json!({"spec": {"packageId": "93"}}))).await.unwrap();
    let condition = ready_reason(&stage, "known", "Malformed").await;
    let message = condition["message"].as_str().unwrap();
    let way_out =
        "kubectl patch tenantaccount known --subresource=status --type=merge -p '{\"status\":{\"connections\":null}}'";
    assert!(message.contains("status.connections.") && message.contains(way_out), "{message}");
    assert!(message.contains("provost.dev/abandon: "), "{message}");
    untyped(&stage)
        .patch_status("known", &params, &Patch::Merge(json!({"status": {"connections": null}})))
        .await
        .unwrap();
    stage.looked_at::<TenantAccount>("known").await;
    stage.ready("known").await;
    assert_eq!(stage.vendor.account_by_subdomain("known").unwrap().package_id.as_deref(), Some("93"));
    assert_eq!(stage.vendor.journal().count("create_account"), 1);
}

#[tokio::test]
async fn an_heir_that_cannot_be_read_holds_up_no_deletion() {
    let dir = scratch("malformed-heir-");
    let Some(cluster) = own_cluster(dir.path(), &loosened()).await else { return };
    let stage = stage_on(&cluster).await;
    stage.account("owner", json!({"subdomain": "generalco"})).await;
    stage.ready("owner").await;
    stage.account("heir", json!({"subdomain": "generalco"})).await;
    stage.unready("heir", "Conflict").await;
    let patch = Patch::Merge(json!({"spec": {"packageId": 93}}));
    untyped(&stage).patch("heir", &PatchParams::default(), &patch).await.unwrap();
    ready_reason(&stage, "heir", "Malformed").await;
    untyped(&stage).delete("owner", &DeleteParams::default()).await.unwrap();
    await_object(untyped(&stage), "owner", |found: Option<&DynamicObject>| found.is_none(), DEADLINE).await;
    assert!(!stage.only_account().active);
}
