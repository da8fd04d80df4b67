//! Looking only, and asking first.

use provost::engine::status::PlanReport;
use provost::myintranetapps::sim::{Change, NewAccount};
use provost::myintranetapps::tenant_account::TenantAccount;
use provost::sim::trouble::{Act, Order};
use serde_json::json;

use crate::stage::{Conditioned, Stage, account, external_id};

const APPROVE: &str = "provost.dev/approve";

fn plan(account: &TenantAccount) -> PlanReport {
    account.status.as_ref().unwrap().plan.clone().unwrap()
}

fn fields(account: &TenantAccount) -> Vec<String> {
    plan(account).changes.into_iter().map(|change| change.field).collect()
}

fn package(id: &str) -> Change {
    Change { package_id: Some(id.to_owned()), ..Change::default() }
}

#[tokio::test]
async fn who_observes_never_writes() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({"packageId": "93", "policy": {"management": "Observe"}})).await;
    let account = stage.unready("generalco", "NotFound").await;
    assert!(account.message("Ready").contains("subdomain generalco"), "{}", account.message("Ready"));

    let theirs = stage.vendor.add_account(NewAccount { package_id: Some("1".into()), ..NewAccount::new("generalco") });
    let theirs = theirs.unwrap();
    stage.resynced("generalco").await;
    stage.unready("generalco", "AlreadyExists").await;
    stage.annotate::<TenantAccount>("generalco", "provost.dev/external-id", Some(&theirs.key)).await;
    // Their name differs and cannot be changed; what could be is not.
    let differs = |account: &TenantAccount| external_id(account).is_some() && account.verdict("Drifted").is_some();
    stage.edit("generalco", json!({"policy": {"drift": "Report"}})).await;
    let account = stage.until("generalco", differs).await;
    let mut shown = fields(&account);
    shown.sort_unstable();
    assert_eq!(shown, ["emailAdmin", "name", "packageId"]);
    let observed = account.status.unwrap().facts.observed.unwrap();
    assert_eq!(observed.package_id.as_deref(), Some("1"));

    stage.edit("generalco", json!({"packageId": "94", "active": false})).await;
    stage.resynced("generalco").await;
    stage.delete::<TenantAccount>("generalco").await;
    stage.gone::<TenantAccount>("generalco").await;
    assert_eq!((stage.vendor_writes(), stage.only_account()), (vec![], theirs));
}

#[tokio::test]
async fn who_stops_managing_stops_writing() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({"packageId": "93"})).await;
    stage.ready("generalco").await;
    stage.edit("generalco", json!({"policy": {"management": "Observe"}})).await;
    stage.ready("generalco").await;
    stage.vendor.edit("generalco", package("1")).unwrap();
    let account = stage.resynced("generalco").await;
    assert!(account.is("Ready", "True", "Observed") && account.is("Synced", "False", "Observed"), "{account:#?}");
    assert_eq!(fields(&account), ["packageId"]);
    stage.edit("generalco", json!({"policy": {"management": "Enforce"}})).await;
    stage.ready("generalco").await;
    assert_eq!(stage.only_account().package_id.as_deref(), Some("93"));
}

#[tokio::test]
async fn a_plan_is_carried_out_as_it_was_approved_and_no_further() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({"packageId": "93", "policy": {"management": "Plan"}})).await;
    let account = stage.unready("generalco", "AwaitingApproval").await;
    let create = plan(&account);
    assert_eq!(create.action, "Create");
    let message = account.message("Ready");
    assert!(message.contains(&format!("{APPROVE}: {}", create.hash)), "{message}");
    assert_eq!(stage.vendor_writes(), []);

    stage.annotate::<TenantAccount>("generalco", APPROVE, Some("0123456789ab")).await;
    let account = stage.unready("generalco", "PlanStale").await;
    assert!(account.message("Ready").contains(&create.hash));
    assert_eq!((plan(&account).hash, stage.vendor_writes()), (create.hash.clone(), vec![]));

    stage.annotate::<TenantAccount>("generalco", APPROVE, Some(&create.hash)).await;
    let account = stage.ready("generalco").await;
    assert_eq!((account.status.as_ref().unwrap().plan.as_ref(), stage.vendor_writes().len()), (None, 1));

    // Drift asks anew, and the old approval is none for it.
    stage.vendor.edit("generalco", package("1")).unwrap();
    let account = stage.resynced("generalco").await;
    let update = plan(&account);
    assert_eq!((update.action.as_str(), fields(&account)), ("Update", vec!["packageId".to_owned()]));
    assert_ne!(update.hash, create.hash);
    assert!(account.is("Ready", "False", "PlanStale") || account.is("Ready", "False", "AwaitingApproval"));

    // Nor is an approval good for more than what it saw.
    stage.edit("generalco", json!({"packageId": "94"})).await;
    stage.annotate::<TenantAccount>("generalco", APPROVE, Some(&update.hash)).await;
    let account = stage.unready("generalco", "PlanStale").await;
    let later = plan(&account);
    assert_ne!(later.hash, update.hash);
    assert_eq!(stage.vendor_writes().len(), 1);
    stage.annotate::<TenantAccount>("generalco", APPROVE, Some(&later.hash)).await;
    stage.ready("generalco").await;
    assert_eq!(stage.only_account().package_id.as_deref(), Some("94"));
    assert_eq!(stage.vendor_writes().len(), 2);
}

#[tokio::test]
async fn an_approval_is_good_for_one_time() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({"packageId": "93"})).await;
    stage.ready("generalco").await;
    stage.edit("generalco", json!({"policy": {"management": "Plan"}})).await;
    stage.ready("generalco").await;
    stage.vendor.edit("generalco", package("1")).unwrap();
    let first = plan(&stage.resynced("generalco").await);
    stage.annotate::<TenantAccount>("generalco", APPROVE, Some(&first.hash)).await;
    stage.ready("generalco").await;
    // The very same drift again.
    stage.vendor.edit("generalco", package("1")).unwrap();
    let account = stage.resynced("generalco").await;
    assert!(account.is("Ready", "False", "AwaitingApproval"), "{account:#?}");
    assert_eq!(stage.only_account().package_id.as_deref(), Some("1"));
    assert_eq!(stage.vendor_writes().len(), 2);
    // It can be approved again.
    let second = plan(&account);
    assert_ne!(second.hash, first.hash);
    stage.annotate::<TenantAccount>("generalco", APPROVE, Some(&second.hash)).await;
    stage.ready("generalco").await;
    assert_eq!(stage.only_account().package_id.as_deref(), Some("93"));
}

#[tokio::test]
async fn an_approval_that_comes_too_late_is_none_for_later() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({"packageId": "93"})).await;
    stage.ready("generalco").await;
    stage.edit("generalco", json!({"policy": {"management": "Plan"}})).await;
    stage.ready("generalco").await;
    stage.vendor.edit("generalco", package("1")).unwrap();
    let first = plan(&stage.resynced("generalco").await);
    stage.vendor.edit("generalco", package("93")).unwrap();
    stage.resynced("generalco").await;
    stage.annotate::<TenantAccount>("generalco", APPROVE, Some(&first.hash)).await;
    stage.looked_at::<TenantAccount>("generalco").await;
    stage.vendor.edit("generalco", package("1")).unwrap();
    let account = stage.resynced("generalco").await;
    assert!(account.is("Ready", "False", "AwaitingApproval"), "{account:#?}");
    assert_ne!(plan(&account).hash, first.hash);
    assert_eq!(stage.vendor_writes().len(), 1);
}

#[tokio::test]
async fn an_approval_stands_until_its_plan_is_carried_out() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({"packageId": "93"})).await;
    stage.ready("generalco").await;
    stage.edit("generalco", json!({"packageId": "94", "policy": {"management": "Plan"}})).await;
    let update = plan(&stage.unready("generalco", "AwaitingApproval").await);
    stage.vendor.trouble().place(Order::next_of("update_account", Act::busy(429, 1)));
    stage.annotate::<TenantAccount>("generalco", APPROVE, Some(&update.hash)).await;
    stage.ready("generalco").await;
    assert_eq!(stage.only_account().package_id.as_deref(), Some("94"));
}

#[tokio::test]
async fn a_deletion_is_planned_like_anything_else() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({})).await;
    stage.ready("generalco").await;
    stage.edit("generalco", json!({"policy": {"management": "Plan"}})).await;
    stage.ready("generalco").await;
    stage.delete::<TenantAccount>("generalco").await;
    let account = stage.unready("generalco", "AwaitingApproval").await;
    let disable = plan(&account);
    assert_eq!((disable.action.as_str(), stage.vendor_writes().len()), ("Disable", 1));
    stage.annotate::<TenantAccount>("generalco", APPROVE, Some(&disable.hash)).await;
    stage.gone::<TenantAccount>("generalco").await;
    assert!(!stage.only_account().active);
}

#[tokio::test]
async fn nothing_is_switched_on_again_without_approval() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({})).await;
    stage.ready("generalco").await;
    stage.delete::<TenantAccount>("generalco").await;
    stage.gone::<TenantAccount>("generalco").await;
    let mut manifest = account("generalco", json!({"policy": {"management": "Plan"}}));
    manifest["metadata"]["annotations"] = json!({"provost.dev/external-id": stage.only_account().key});
    stage.apply(&manifest).await;
    let take = plan(&stage.unready("generalco", "AwaitingApproval").await);
    stage.annotate::<TenantAccount>("generalco", APPROVE, Some(&take.hash)).await;
    let revive = move |account: &TenantAccount| {
        let shown = account.status.as_ref().and_then(|status| status.plan.as_ref());
        shown.is_some_and(|shown| shown.hash != take.hash) && account.is("Ready", "False", "AwaitingApproval")
    };
    stage.until("generalco", revive).await;
    let account = stage.looked_at::<TenantAccount>("generalco").await;
    assert!(account.is("Ready", "False", "AwaitingApproval") && !stage.only_account().active, "{account:#?}");
    stage.annotate::<TenantAccount>("generalco", APPROVE, Some(&plan(&account).hash)).await;
    stage.ready("generalco").await;
    assert!(stage.only_account().active);
}
