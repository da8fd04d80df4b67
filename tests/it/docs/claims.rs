//! Claims: what the pages on operations say of a backup and of a lost key, done.

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, PostParams};
use provost::cli::run::KEY_SECRET;
use provost::myintranetapps::tenant_account::TenantAccount;
use serde_json::json;

use crate::stage::{API, Conditioned, Stage, external_id};
use crate::workshop::sim::Options;

#[tokio::test]
async fn a_lost_key_has_secrets_sent_once_more_and_nothing_else() {
    let mut stage = Stage::workshop(Options::default()).await;
    stage.write_secret("lock", json!({"pin": "0815-4711-pin"})).await;
    let tools = json!({
        "apiVersion": "provost.dev/v1alpha1", "kind": "Tool", "metadata": {"name": "drill"},
        "spec": {
            "adminApi": {"name": API}, "label": "drill", "material": "steel", "colour": "red",
            "pin": {"secretRef": {"name": "lock", "key": "pin"}},
        },
    });
    stage.apply(&tools).await;
    let tools = stage.objects("Tool");
    let id = tools.ready("drill").await.data["status"]["externalId"].clone();
    stage.stop_operator().await;
    stage.delete::<Secret>(KEY_SECRET).await;
    let before = stage.vendor_writes().len();

    stage.start_operator().await;
    tools.looked_at("drill").await;
    let drill = tools.ready("drill").await;
    assert_eq!(drill.data["status"]["externalId"], id);
    let writes = stage.vendor_writes();
    assert_eq!(writes.len(), before + 1, "{writes:?}");
    assert_eq!(writes[before].0, "set_pin");
    tools.looked_at("drill").await;
    assert_eq!(stage.vendor_writes().len(), before + 1);
}

#[tokio::test]
async fn a_lost_key_has_a_password_of_creation_reported_as_changed() {
    let mut stage = Stage::connected().await;
    stage.write_secret("admin", json!({"password": "Initial-Passw0rd"})).await;
    let password = json!({"secretRef": {"name": "admin", "key": "password"}});
    stage.account("generalco", json!({"adminPassword": password})).await;
    stage.ready("generalco").await;
    stage.stop_operator().await;
    stage.delete::<Secret>(KEY_SECRET).await;

    stage.start_operator().await;
    let account = stage.looked_at::<TenantAccount>("generalco").await;
    assert!(
        account.is("Ready", "True", "Converged") && account.is("Synced", "True", "CreateOnlyChanged"),
        "{account:#?}"
    );
    assert_eq!(stage.vendor_writes().len(), 1);
}

#[tokio::test]
async fn what_is_restored_with_its_annotation_and_without_status_goes_on() {
    let mut stage = Stage::connected().await;
    stage.account("generalco", json!({"packageId": "93", "active": true})).await;
    let account = stage.ready("generalco").await;
    let id = external_id(&account).unwrap().to_owned();
    stage.stop_operator().await;
    let api: Api<TenantAccount> = stage.api();
    stage.patch::<TenantAccount>("generalco", json!({"metadata": {"finalizers": null}})).await;
    api.delete("generalco", &DeleteParams::default()).await.unwrap();
    let mut restored = account;
    restored.status = None;
    restored.metadata.resource_version = None;
    restored.metadata.uid = None;
    restored.metadata.managed_fields = None;
    api.create(&PostParams::default(), &restored).await.unwrap();

    stage.start_operator().await;
    let account = stage.ready("generalco").await;
    assert_eq!((external_id(&account), account.name_any().as_str()), (Some(id.as_str()), "generalco"));
    assert_eq!(stage.only_account().key, id);
    // What cannot be read back is sent once more, and nothing is made.
    let operations: Vec<_> = stage.vendor_writes().into_iter().map(|(operation, _)| operation).collect();
    assert_eq!(operations, ["create_account", "update_account"]);
}
