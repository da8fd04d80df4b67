//! `provost reconcile`: the operator looks, and what it found is told.

use provost::myintranetapps::sim::Change;
use serde_json::json;

use super::{assert_says, document, run};
use crate::stage::Stage;

#[tokio::test]
async fn waiting_ends_when_the_operator_has_looked() {
    let mut stage = Stage::connected().await;
    stage.account("generalco", json!({"packageId": "93"})).await;
    stage.ready("generalco").await;
    stage.vendor.edit("generalco", Change { package_id: Some("1".into()), ..Change::default() }).unwrap();
    // Everything behind the AdminApi is read again, and then the object compared with it.
    for object in ["adminapi/vendor", "tenantaccount/generalco"] {
        let ran = run(&stage, &["reconcile", object, "--wait"]).await;
        assert_says(&ran.said.ok(), &[&format!("{object} looked at: Ready=True ")]);
    }
    assert_eq!(stage.only_account().package_id.as_deref(), Some("93"));

    let asked = document(run(&stage, &["reconcile", "tenantaccounts", "generalco", "-o", "json", "--dry-run"]).await);
    assert_eq!((&asked["objects"][0]["result"], &asked["objects"][0]["dryRun"]), (&json!("asked for"), &json!(true)));

    // With nobody there, it does not wait for ever.
    stage.stop_operator().await;
    let ran = run(&stage, &["reconcile", "tenantaccount/generalco", "--wait", "--timeout", "100ms"]).await;
    assert_says(&ran.said.stdout, &["tenantaccount/generalco not seen: nobody looked at it in time"]);
    assert_says(&ran.said.refused(), &["1 of 1 not looked at", "`provost explain`"]);
}
