//! The examples become accounts, with everything that they say and nothing beside.

use std::fs;

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use provost::engine::admin_api::AdminApi;
use provost::myintranetapps::sim::Options;
use provost::myintranetapps::tenant_account::TenantAccount;
use serde_json::json;

use crate::harness::{kubectl, root};
use crate::stage::{API, Conditioned, Stage, admin_api, external_id};

/// The example manifests of this vendor, with nothing changed but its address.
fn examples(url: &str) -> String {
    let files = ["00-admin-apis.yaml", "10-tenant-account.yaml"];
    let read = |file| fs::read_to_string(root().join("deploy/examples").join(file)).unwrap();
    let text = files.map(read).join("---\n");
    let ours = |document: &&str| !document.contains("intrexx");
    let text = text.split("---\n").filter(ours).collect::<Vec<_>>().join("---\n");
    assert_eq!(text.matches("https://admin.myintranetapps.com").count(), 1);
    text.replace("https://admin.myintranetapps.com", url)
}

#[tokio::test]
async fn the_examples_converge_as_they_are() {
    let mut stage = Stage::bare(Options::default()).await;
    let manifests = examples(stage.vendor.url());
    kubectl(&["apply", "-n", &stage.namespace, "--validate=strict", "-f", "-"], &manifests).await.ok();
    stage.start_operator().await;
    let waited = ["wait", "-n", &stage.namespace, "--for=condition=Ready", "--timeout=60s", "tenantaccount/generalco"];
    kubectl(&waited, "").await.ok();
    let account = stage.ready("generalco").await;

    let made = stage.only_account();
    assert_eq!((made.name.as_str(), made.subdomain.as_str()), ("General Company Ltd", "generalco"));
    assert_eq!((made.email_admin.as_str(), made.package_id.as_deref()), ("cfo@example.com", Some("93")));
    assert_eq!((made.active, made.r#type.as_str(), made.datashare), (true, "standard", true));
    assert!(stage.vendor.admin_login("generalco", "Initial-Passw0rd"));
    let writes: Vec<_> = stage.vendor_writes().into_iter().map(|(operation, _)| operation).collect();
    assert_eq!(writes, ["create_account"]);

    assert_eq!(external_id(&account), Some(made.key.as_str()));
    assert_eq!(account.annotations().get("provost.dev/pending-create"), None);
    assert_eq!(account.finalizers(), ["provost.dev/finalizer"]);
    let conditions: Vec<_> = account.conditions().iter().map(|it| (it.type_.as_str(), it.status.as_str())).collect();
    assert_eq!(conditions, [("Ready", "True"), ("Synced", "True"), ("ConnectionsHealthy", "True")]);
    assert!(account.conditions().iter().all(|it| it.observed_generation == Some(1)));
    let status = account.status.as_ref().unwrap();
    assert_eq!(Some(status.observed_generation), account.metadata.generation);
    assert_eq!(status.external_id.as_deref(), Some(made.key.as_str()));
    assert_eq!(status.plan, None);
    let observed = status.facts.observed.as_ref().unwrap();
    assert_eq!(observed.account_domain.as_deref(), Some("generalco.myintranetapps.com"));
    assert_eq!((observed.listed, observed.package_id.as_deref()), (true, Some("93")));

    let secret = stage.api::<Secret>().get("generalco-account").await.unwrap();
    let expected = json!({"accountKey": made.key, "accountDomain": "generalco.myintranetapps.com"});
    assert_eq!(stage.secret("generalco-account").await, Some(expected));
    let [owner] = secret.owner_references() else { panic!("{:?}", secret.owner_references()) };
    assert_eq!((owner.kind.as_str(), Some(&owner.uid)), ("TenantAccount", account.metadata.uid.as_ref()));
}

#[tokio::test]
async fn the_spec_stays_its_writers_alone() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({"packageId": "93"})).await;
    let account = stage.ready("generalco").await;
    let ours: Vec<_> =
        account.managed_fields().iter().filter(|entry| entry.manager.as_deref() == Some("provost")).collect();
    assert!(!ours.is_empty());
    for entry in ours {
        let fields = serde_json::to_value(&entry.fields_v1).unwrap();
        assert_eq!(fields.get("f:spec"), None, "{fields}");
    }
}

#[tokio::test]
async fn what_the_spec_leaves_out_is_the_vendors_to_choose() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({})).await;
    stage.ready("generalco").await;
    let [(_, body)] = stage.vendor_writes().try_into().unwrap();
    let mut sent: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    sent.sort_unstable();
    assert_eq!(sent, ["active", "email_admin", "name", "password", "subdomain", "type"]);
    assert!(!stage.only_account().has_password);
}

#[tokio::test]
async fn a_change_of_the_spec_reaches_the_vendor_once_and_alone() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({"packageId": "93", "active": true})).await;
    stage.ready("generalco").await;
    stage.edit("generalco", json!({"packageId": "94", "active": false})).await;
    let account = stage.ready("generalco").await;
    stage.looked_at::<TenantAccount>("generalco").await;
    let made = stage.only_account();
    assert_eq!((made.package_id.as_deref(), made.active), (Some("94"), false));
    let key = external_id(&account).unwrap();
    let update = json!({"action": "update_account", "account_key": key, "package_id": "94", "active": "0"});
    assert_eq!(stage.vendor_writes()[1..], [("update_account", update)]);
}

#[tokio::test]
async fn regions_share_nothing() {
    let mut one = Stage::bare(Options::default()).await;
    let other = Stage::bare(Options::region("myintranetapps.ca")).await;
    one.connect().await;
    let mut second = admin_api(other.vendor.url());
    second["metadata"]["name"] = json!("canada");
    one.apply(&second).await;
    one.account("generalco", json!({"writeConnectionTo": {"secretRef": {"name": "us"}}})).await;
    let mut twin = crate::stage::account("generalco", json!({"writeConnectionTo": {"secretRef": {"name": "ca"}}}));
    twin["metadata"]["name"] = json!("generalco-ca");
    twin["spec"]["adminApi"]["name"] = json!("canada");
    one.apply(&twin).await;
    one.start_operator().await;
    let (here, there) = (one.ready("generalco").await, one.ready("generalco-ca").await);

    let (american, canadian) = (one.only_account(), other.only_account());
    assert_ne!(american.key, canadian.key);
    assert_eq!(external_id(&here), Some(american.key.as_str()));
    assert_eq!(external_id(&there), Some(canadian.key.as_str()));
    let domain = |secret: serde_json::Value| secret["accountDomain"].as_str().unwrap().to_owned();
    assert_eq!(domain(one.secret("us").await.unwrap()), "generalco.myintranetapps.com");
    assert_eq!(domain(one.secret("ca").await.unwrap()), "generalco.myintranetapps.ca");
    // Switching one off leaves its namesake alone.
    one.delete::<TenantAccount>("generalco").await;
    one.gone::<TenantAccount>("generalco").await;
    assert!(!one.only_account().active && other.only_account().active);
    one.looked_at::<AdminApi>(API).await;
    one.looked_at::<TenantAccount>("generalco-ca").await;
    assert!(other.only_account().active);
}
