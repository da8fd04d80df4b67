//! `provost approve`: what was looked at is approved, and nothing else.

use provost::myintranetapps::tenant_account::TenantAccount;
use serde_json::json;

use super::{assert_says, document, run};
use crate::stage::Stage;

fn hash(account: &TenantAccount) -> String {
    account.status.as_ref().unwrap().plan.as_ref().unwrap().hash.clone()
}

#[tokio::test]
async fn only_the_plan_that_was_shown_is_approved() {
    let stage = Stage::connected().await;
    stage.write_secret("admin", json!({"password": "planted-password-3E"})).await;
    let password = json!({"secretRef": {"name": "admin", "key": "password"}});
    stage.account("planned", json!({"policy": {"management": "Plan"}, "adminPassword": password})).await;
    let first = hash(&stage.unready("planned", "AwaitingApproval").await);

    // Nobody is there to be asked.
    let ran = run(&stage, &["approve", "tenantaccount/planned"]).await;
    assert_says(
        &ran.said.stdout,
        &[
            &format!("tenantaccount/planned: Create (plan {first})"),
            "  adminPassword: ***\n",
            "  subdomain: \"planned\"\n",
        ],
    );
    assert!(!ran.said.stdout.contains("planted-password-3E"), "{}", ran.said.stdout);
    assert_says(&ran.said.refused(), &["say --yes, or --hash"]);

    // The plan that somebody looked at is not the one that waits now.
    stage.edit("planned", json!({"packageId": "93"})).await;
    let moved = {
        let first = first.clone();
        let told = move |account: &TenantAccount| {
            account.status.as_ref().is_some_and(|status| status.plan.as_ref().is_some_and(|plan| plan.hash != first))
        };
        hash(&stage.until("planned", told).await)
    };
    let ran = run(&stage, &["approve", "tenantaccount/planned", "--hash", &first]).await;
    assert_says(&ran.said.refused(), &["the plan is another one now", &moved]);
    // Asking changes nothing.
    let ran = run(&stage, &["approve", "tenantaccount", "planned", "--yes", "--dry-run"]).await;
    assert_says(&ran.said.ok(), &["tenantaccount/planned approved (dry run)"]);
    assert!(stage.looked_at::<TenantAccount>("planned").await.status.unwrap().plan.is_some());
    assert_eq!(stage.vendor.accounts().len(), 0);

    let done = document(run(&stage, &["approve", "tenantaccount/planned", "--hash", &moved, "-o", "json"]).await);
    assert_eq!(done["objects"][0]["result"], "approved");
    let account = stage.ready("planned").await;
    assert_eq!(stage.vendor.accounts().len(), 1);
    assert_eq!(account.status.unwrap().changes[0].approved, Some(moved));

    let ran = run(&stage, &["approve", "tenantaccount/planned", "--yes"]).await;
    assert_says(&ran.said.refused(), &["no plan of tenantaccount/planned waits for an approval; it says Converged"]);
}
