//! Prune: what happens when Git loses many objects at once, and what a program of GitOps sees of what the operator writes. docs/gitops.md
//! tells it with the words that are seen here.

use kube::ResourceExt;
use kube::api::{Api, DynamicObject, ListParams};
use provost::myintranetapps::tenant_account::TenantAccount;
use serde_json::{Value as Json, json};

use super::judge::Judge;
use super::recorder::admin_apis;
use super::{Standing, hold};
use crate::harness::{DEADLINE, await_object, kubectl, root};
use crate::objects::{is, message};
use crate::stage::{API, Stage, account};

const COUNT: usize = 30;

/// What a repository has: so many accounts, with the mark by which they are pruned.
fn repository(names: &[String]) -> String {
    let manifest = |name: &String| {
        let mut manifest = account(name, json!({}));
        manifest["metadata"]["labels"] = json!({"tenant": "customers"});
        manifest
    };
    names.iter().map(|name| format!("---\n{}\n", manifest(name))).collect()
}

/// Brings the cluster to what the repository has, as a program of GitOps does: what is in it is applied, and what left it is deleted.
async fn sync(stage: &Stage, names: &[String]) -> String {
    let prune = "--prune-allowlist=provost.dev/v1alpha1/TenantAccount";
    let arguments =
        ["apply", "-n", &stage.namespace, "-f", "-", "--prune", "-l", "tenant=customers", prune, "--wait=false"];
    kubectl(&arguments, &repository(names)).await.ok()
}

fn accounts(stage: &Stage) -> Api<TenantAccount> {
    stage.api()
}

async fn admin_api_until(stage: &Stage, wanted: impl Fn(&DynamicObject) -> bool + Send + 'static) -> DynamicObject {
    let api = admin_apis(stage.client.clone(), &stage.namespace);
    let wanted = move |object: Option<&DynamicObject>| object.is_some_and(&wanted);
    await_object(api, API, wanted, DEADLINE).await.unwrap()
}

async fn judged(object: &DynamicObject) -> (Standing, String) {
    let object = serde_json::to_value(object).unwrap();
    let verdict = Judge::start().await.ask(&object).await;
    (hold(&object, &verdict), verdict.argo.message)
}

/// A message as the docs have it: with the names of their example, and without the hour.
fn as_told(stage: &Stage, message: &str) -> String {
    let message = message.replace(&format!("{}/{API}", stage.namespace), "customers/myintranetapps");
    let (before, rest) = message.split_once(" until ").unwrap();
    let (_, after) = rest.split_once('"').unwrap();
    format!("{before} until 2026-11-23T09:00:00Z\"{after}")
}

#[tokio::test]
async fn a_mass_prune_is_held_and_goes_on_when_it_is_acknowledged() {
    let stage = Stage::connected().await;
    let names: Vec<String> = (0..COUNT).map(|number| format!("customer-{number:02}")).collect();
    sync(&stage, &names).await;
    for name in &names {
        stage.ready(name).await;
    }

    // Somebody empties the folder but for two.
    let said = sync(&stage, &names[..2]).await;
    assert_eq!(said.lines().filter(|line| line.ends_with("pruned")).count(), COUNT - 2, "{said}");
    let held = |object: &DynamicObject| message(object, "DeletionsHeld").starts_with("18 deletions wait:");
    let api = admin_api_until(&stage, held).await;
    assert_eq!(stage.vendor.accounts().iter().filter(|account| !account.active).count(), 10);
    let (standing, shown) = judged(&api).await;
    assert_eq!(standing, Standing::Holding);
    let told = as_told(&stage, &message(&api, "DeletionsHeld"));
    let docs = std::fs::read_to_string(root().join("docs/gitops.md")).unwrap();
    assert!(docs.contains(&told) && shown.contains("18 deletions wait"), "docs/gitops.md does not say: {told}");

    let objects = stage.objects("TenantAccount");
    let left = accounts(&stage).list(&ListParams::default()).await.unwrap();
    let waiting: Vec<String> =
        left.iter().filter(|object| object.metadata.deletion_timestamp.is_some()).map(ResourceExt::name_any).collect();
    assert_eq!(waiting.len(), 18);
    for name in &waiting {
        let object = objects.unready(name, "DeletionHeld").await;
        assert_eq!(judged(&object).await, (Standing::Deleting, "Pending deletion".to_owned()));
    }

    // One of them should not have gone: it is let go without a word to the vendor, and comes back out of Git as it was.
    let mistaken = &waiting[0];
    let key = stage.vendor.account_by_subdomain(mistaken).unwrap().key;
    let orphan = r#"{"spec":{"policy":{"deletion":"Orphan"}}}"#;
    kubectl(&["patch", "-n", &stage.namespace, "tenantaccount", mistaken, "--type=merge", "-p", orphan], "").await.ok();
    stage.gone::<TenantAccount>(mistaken).await;
    let again = account(mistaken, json!({"policy": {"adoption": "IfExists"}}));
    kubectl(&["apply", "-n", &stage.namespace, "-f", "-"], &again.to_string()).await.ok();
    let back = objects.taken_over(mistaken).await;
    assert!(is(&back, "Ready", "True", "Converged"), "{back:#?}");
    let found = stage.vendor.account_by_subdomain(mistaken).unwrap();
    assert_eq!((found.key, found.active), (key, true));

    // So does one that was switched off, whatever its policy says of what exists already.
    let mistaken = names[2..].iter().find(|name| !waiting.contains(name)).unwrap();
    let manifest = account(mistaken, json!({"active": true}));
    assert!(!stage.vendor.account_by_subdomain(mistaken).unwrap().active);
    kubectl(&["apply", "-n", &stage.namespace, "-f", "-"], &manifest.to_string()).await.ok();
    stage.ready(mistaken).await;
    assert!(stage.vendor.account_by_subdomain(mistaken).unwrap().active);

    // The others are meant.
    let acknowledge = "provost.dev/acknowledge-deletions=17 until 2100-01-01T00:00:00Z";
    kubectl(&["annotate", "-n", &stage.namespace, "adminapi", API, acknowledge], "").await.ok();
    for name in &waiting[1..] {
        stage.gone::<TenantAccount>(name).await;
    }
    assert_eq!(stage.vendor.accounts().iter().filter(|account| !account.active).count(), 26);
    let api = admin_api_until(&stage, |object| message(object, "DeletionsHeld").is_empty()).await;
    assert_eq!(judged(&api).await.0, Standing::Ready);
}

/// Neither of the two ways to apply takes away what the operator wrote, and neither finds a difference.
#[tokio::test]
async fn what_the_operator_writes_is_no_difference_from_git() {
    let stage = Stage::connected().await;
    let manifest = account("generalco", json!({"packageId": "93"})).to_string();
    let in_namespace = ["-n", stage.namespace.as_str(), "-f", "-"];
    for way in [&["--server-side", "--field-manager=argocd-controller"][..], &[]] {
        let apply = [&["apply"][..], way, &in_namespace].concat();
        kubectl(&apply, &manifest).await.ok();
        let before = stage.ready("generalco").await;
        assert!(before.annotations().contains_key("provost.dev/external-id"), "{before:#?}");
        let diff = [&["diff"][..], way, &in_namespace].concat();
        let said = kubectl(&diff, &manifest).await;
        assert!(said.success, "{}{}", said.stdout, said.stderr);
        kubectl(&apply, &manifest).await.ok();
        let after = stage.looked_at::<TenantAccount>("generalco").await;
        let kept = |object: &TenantAccount| {
            (object.annotations().get("provost.dev/external-id").cloned(), object.finalizers().to_vec())
        };
        assert_eq!((kept(&after), after.metadata.generation), (kept(&before), before.metadata.generation));
        stage.delete::<TenantAccount>("generalco").await;
        stage.gone::<TenantAccount>("generalco").await;
    }
    assert_eq!(stage.vendor.journal().count("create_account"), 1);
}

/// A spec is the user's alone: nothing of it belongs to the operator.
#[tokio::test]
async fn the_operator_owns_no_field_of_a_spec() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({"packageId": "93"})).await;
    stage.ready("generalco").await;
    let object = stage.objects("TenantAccount").api.get("generalco").await.unwrap();
    let owners = object.metadata.managed_fields.unwrap();
    let of_spec = |owner: &k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry| {
        let fields: Json = serde_json::to_value(&owner.fields_v1).unwrap();
        fields.get("f:spec").is_some()
    };
    let owners: Vec<_> =
        owners.iter().filter(|owner| of_spec(owner)).filter_map(|owner| owner.manager.clone()).collect();
    assert!(!owners.is_empty() && owners.iter().all(|owner| owner != "provost"), "{owners:?}");
}
