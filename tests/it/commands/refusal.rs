//! What is told when an object, a right, a definition or a cluster is missing.

use kube::config::Kubeconfig;
use provost::myintranetapps::sim::Options;
use serde_json::json;

use super::{assert_says, run};
use crate::harness::{root, scratch};
use crate::plans::provost;
use crate::stage::Stage;

#[tokio::test]
async fn an_object_that_is_not_there_is_told_with_what_may_be_meant() {
    let stage = Stage::bare(Options::default()).await;
    stage.account("generalco", json!({})).await;
    let told = async |arguments: &[&str]| run(&stage, arguments).await.said.refused();
    for command in ["explain", "pause", "resume", "reconcile", "approve"] {
        assert_says(&told(&[command, "tenantaccount/generalc"]).await, &["did you mean tenantaccount/generalco?"]);
        assert_says(&told(&[command, "tenantacount/generalco"]).await, &["did you mean TenantAccount?"]);
        assert_says(&told(&[command, "tenantaccount/zzz"]).await, &["`kubectl get tenantaccounts -A`"]);
    }
    let arguments = ["explain", "tenantaccount/generalco", "-n", "default"].map(str::to_owned);
    let ran = provost(root(), &arguments, Some(stage.kubeconfig()), "").await;
    assert_says(&ran.said.refused(), &["there is one in the namespace "]);
}

#[tokio::test]
async fn who_has_no_right_is_told_which_one_is_missing() {
    let stage = Stage::bare(Options::default()).await;
    stage.account("generalco", json!({})).await;
    let mut kubeconfig = Kubeconfig::read_from(stage.kubeconfig()).unwrap();
    for user in &mut kubeconfig.auth_infos {
        user.auth_info.as_mut().unwrap().impersonate = Some("nobody@example.com".to_owned());
    }
    let folder = scratch("refusal-");
    let file = folder.path().join("nobody.yaml");
    std::fs::write(&file, serde_yaml::to_string(&kubeconfig).unwrap()).unwrap();
    let file = file.to_str().unwrap();
    for command in ["explain", "pause", "resume", "reconcile", "approve"] {
        // As for a plugin of kubectl, the kubeconfig is a flag.
        let ran = run(&stage, &[command, "tenantaccount/generalco", "--kubeconfig", file]).await;
        let ask = format!("`kubectl auth can-i get tenantaccounts.provost.dev -n {}`", stage.namespace);
        assert_says(&ran.said.refused(), &["you may not get tenantaccounts", "nobody@example.com", &ask]);
    }
    let ran = run(&stage, &["pause", "-l", "a=b", "--kubeconfig", file]).await;
    assert_says(&ran.said.refused(), &["you may not list "]);
    let ran = run(&stage, &["explain", "tenantaccount/generalco", "--context", "nowhere"]).await;
    assert_says(&ran.said.refused(), &["the kubeconfig cannot be used", "nowhere"]);
    let ran = run(&stage, &["explain", "tenantaccount/generalco", "--kubeconfig", "/nowhere"]).await;
    assert_says(&ran.said.refused(), &["/nowhere cannot be read"]);
}
