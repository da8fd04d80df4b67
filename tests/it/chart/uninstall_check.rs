//! `provost uninstall-check` against objects that a real operator keeps.

use std::path::Path;

use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::PostParams;
use provost::engine::admin_api::AdminApi;
use provost::myintranetapps::tenant_account::TenantAccount;
use serde_json::{Value as Json, json};

use crate::harness::{Said, root, scratch};
use crate::plans::provost;
use crate::stage::{API, Conditioned, Stage};
use provost::cli::cluster::account::kubeconfig;

async fn check_as(kubeconfig: &Path, arguments: &[&str]) -> Said {
    let arguments: Vec<String> = ["uninstall-check"].iter().chain(arguments).map(ToString::to_string).collect();
    provost(root(), &arguments, Some(kubeconfig), "").await.said
}

/// The object of this name in its JSON.
fn object(checked: &Said, name: &str) -> Json {
    let report: Json = serde_json::from_str(&checked.stdout).unwrap();
    report["objects"].as_array().unwrap().iter().find(|object| object["name"] == name).cloned().unwrap()
}

async fn check(stage: &Stage, arguments: &[&str]) -> Said {
    let arguments = [&["--namespace", &stage.namespace], arguments].concat();
    check_as(stage.kubeconfig(), &arguments).await
}

#[tokio::test]
async fn where_nothing_is_managed_nothing_is_lost() {
    let stage = Stage::bare(Default::default()).await;
    let empty = check(&stage, &[]).await;
    assert_eq!(empty.status, Some(0), "{}", empty.stderr);
    assert!(empty.stdout.contains("Nothing is lost"), "{}", empty.stdout);
    // An AdminApi that nothing needs is no loss either.
    stage.connect().await;
    let idle = check(&stage, &[]).await;
    assert_eq!(idle.status, Some(0), "{}", idle.stdout);
    assert!(idle.stdout.contains(API), "{}", idle.stdout);
}

#[tokio::test]
async fn what_is_managed_stands_in_the_way_until_it_may_stay() {
    let stage = Stage::connected().await;
    stage.account("one", json!({"writeConnectionTo": {"secretRef": {"name": "one-connection"}}})).await;
    stage.account("two", json!({"policy": {"deletion": "Orphan"}})).await;
    for name in ["one", "two"] {
        stage.ready(name).await;
    }
    let text = check(&stage, &[]).await;
    assert_eq!(text.status, Some(2), "{}", text.stdout);
    for part in ["TenantAccount  2", "one-connection", "objects that would be left behind", "--allow objects"] {
        assert!(text.stdout.contains(part), "{part} is missing in {}", text.stdout);
    }
    let json = check(&stage, &["-o", "json"]).await;
    let told = object(&json, "one");
    assert_eq!((&told["onDeletion"], &told["finalizer"]), (&json!("disable"), &json!(true)), "{told}");
    assert_eq!(object(&json, "two")["onDeletion"], "leave");
    // What the Secrets hold is nobody's business here.
    let credentials = stage.credentials();
    for secret in credentials.as_object().unwrap().values().filter_map(Json::as_str) {
        for said in [&text.stdout, &text.stderr, &json.stdout, &json.stderr] {
            assert!(!said.contains(secret), "the secret is in {said}");
        }
    }
    assert!(!credentials.as_object().unwrap().is_empty());
    let allowed = check(&stage, &["--allow", "objects"]).await;
    assert_eq!(allowed.status, Some(0), "{}", allowed.stdout);
}

#[tokio::test]
async fn deletions_that_wait_have_to_be_allowed_by_themselves() {
    let stage = Stage::connected().await;
    stage.patch::<AdminApi>(API, json!({"spec": {"guard": {"maxDeletions": 0}}})).await;
    stage.account("one", json!({})).await;
    stage.ready("one").await;
    stage.delete::<TenantAccount>("one").await;
    stage.unready("one", "DeletionHeld").await;
    let held = |api: &AdminApi| api.condition("DeletionsHeld").is_some_and(|held| held.status == "True");
    stage.until(API, held).await;
    let text = check(&stage, &["--allow", "objects"]).await;
    assert_eq!(text.status, Some(2), "{}", text.stdout);
    for part in ["TenantAccount", "one: DeletionHeld", "provost.dev/acknowledge-deletions", "there are deletions that"]
    {
        assert!(text.stdout.contains(part), "{part} is missing in {}", text.stdout);
    }
    assert_eq!(check(&stage, &["--allow", "objects,deletions"]).await.status, Some(0));
}

#[tokio::test]
async fn without_the_right_to_look_nobody_says_that_nothing_is_lost() {
    let stage = Stage::bare(Default::default()).await;
    let account = ServiceAccount {
        metadata: kube::api::ObjectMeta { name: Some("blind".to_owned()), ..Default::default() },
        ..Default::default()
    };
    stage.api::<ServiceAccount>().create(&PostParams::default(), &account).await.unwrap();
    let folder = scratch("account-");
    let path = kubeconfig(stage.kubeconfig(), &stage.client, &stage.namespace, "blind", folder.path()).await.unwrap();
    let blind = check_as(path.path(), &["-n", &stage.namespace]).await;
    assert_eq!((blind.status, blind.stdout.as_str()), (Some(1), ""), "{}", blind.stderr);
    for part in ["adminapis", &stage.namespace, "blind", "grant the right to list", "--namespace"] {
        assert!(blind.stderr.contains(part), "{part} is missing in {}", blind.stderr);
    }
    let rules = json!([{"apiGroups": ["provost.dev"], "resources": ["*"], "verbs": ["list"]}]);
    for manifest in [
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "look"}, "rules": rules}),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "look"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "look"},
            "subjects": [{"kind": "ServiceAccount", "name": "blind"}],
        }),
    ] {
        stage.apply(&manifest).await;
    }
    let allowed = check_as(path.path(), &["-n", &stage.namespace]).await;
    assert_eq!(allowed.status, Some(0), "{}", allowed.stderr);
    // All namespaces are more than one.
    let everywhere = check_as(path.path(), &[]).await;
    assert_eq!(everywhere.status, Some(1));
    assert!(everywhere.stderr.contains("all namespaces"), "{}", everywhere.stderr);
}
