//! `provost pause` and `provost resume`: one object, those with a label, and all behind an AdminApi.

use kube::ResourceExt;
use provost::myintranetapps::tenant_account::TenantAccount;
use serde_json::json;

use super::{assert_says, document, run};
use crate::stage::{Stage, account};

async fn paused(stage: &Stage) -> Vec<String> {
    let accounts = stage.api::<TenantAccount>().list(&Default::default()).await.unwrap();
    let paused = |account: &&TenantAccount| account.annotations().contains_key("provost.dev/paused");
    accounts.iter().filter(paused).map(ResourceExt::name_any).collect()
}

#[tokio::test]
async fn nothing_is_written_until_it_is_resumed() {
    let stage = Stage::connected().await;
    for (name, team) in [("one", "sales"), ("two", "sales"), ("three", "support")] {
        let mut manifest = account(name, json!({}));
        manifest["metadata"]["labels"] = json!({"team": team});
        stage.apply(&manifest).await;
        stage.ready(name).await;
    }
    assert_says(&run(&stage, &["pause", "tenantaccount/one", "--dry-run"]).await.said.ok(), &["one paused (dry run)"]);
    assert!(paused(&stage).await.is_empty());

    assert_eq!(run(&stage, &["pause", "tenantaccount/one"]).await.said.ok(), "tenantaccount/one paused\n");
    stage.unready("one", "Paused").await;
    stage.edit("one", json!({"packageId": "93"})).await;
    stage.unready("one", "Paused").await;
    let writes = stage.vendor_writes().len();
    assert_says(&run(&stage, &["pause", "tenantaccount/one"]).await.said.ok(), &["unchanged: it is paused already"]);
    assert_eq!(run(&stage, &["resume", "tenantaccount/one"]).await.said.ok(), "tenantaccount/one resumed\n");
    stage.ready("one").await;
    assert_eq!(stage.vendor_writes().len(), writes + 1);
    assert_says(&run(&stage, &["resume", "tenantaccount/one"]).await.said.ok(), &["unchanged: it is not paused"]);

    run(&stage, &["pause", "tenantaccounts", "-l", "team=sales"]).await.said.ok();
    assert_eq!(paused(&stage).await, ["one", "two"]);
    run(&stage, &["resume", "-l", "team in (sales)"]).await.said.ok();
    assert!(paused(&stage).await.is_empty());
    let all = document(run(&stage, &["pause", "adminapi/vendor", "--all", "-o", "json"]).await);
    assert_eq!((all["objects"].as_array().unwrap().len(), paused(&stage).await.len()), (3, 3));
    run(&stage, &["resume", "adminapi/vendor", "--all"]).await.said.ok();
    assert!(paused(&stage).await.is_empty());
}

#[tokio::test]
async fn what_cannot_be_paused_is_told() {
    let stage = Stage::connected().await;
    let told = async |arguments: &[&str]| run(&stage, arguments).await.said.refused();
    assert_says(&told(&["pause", "adminapi/vendor"]).await, &["add --all for everything behind it"]);
    assert_says(&told(&["pause", "adminapi/vendor", "--all"]).await, &["no object fits"]);
    assert_says(&told(&["pause", "tenantaccounts", "-l", "team=none"]).await, &["no object fits"]);
    assert_says(&told(&["pause", "tenantaccount/one", "-l", "team=none"]).await, &["with -l name a kind"]);
    assert_says(&told(&["pause"]).await, &["KIND/NAME"]);
}
