//! Changes made at the vendor: put back, or shown and kept, as the policy says; never touched where the spec says nothing.

use provost::engine::status::ChangeReport;
use provost::myintranetapps::sim::{Change, Options};
use provost::myintranetapps::tenant_account::TenantAccount;
use serde_json::json;

use crate::stage::{Conditioned, Stage, external_id};

fn email(address: &str) -> Change {
    Change { email_admin: Some(address.to_owned()), ..Change::default() }
}

fn package(id: &str) -> Change {
    Change { package_id: Some(id.to_owned()), ..Change::default() }
}

fn name(name: &str) -> Change {
    Change { name: Some(name.to_owned()), ..Change::default() }
}

fn changes(account: &TenantAccount) -> Vec<ChangeReport> {
    account.status.as_ref().unwrap().plan.as_ref().map(|plan| plan.changes.clone()).unwrap_or_default()
}

fn change(field: &str, from: &str, to: &str) -> ChangeReport {
    ChangeReport { field: field.to_owned(), from: format!("{from:?}"), to: format!("{to:?}") }
}

#[tokio::test]
async fn drift_is_put_back_by_one_call_with_the_drifted_fields_only() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({"packageId": "93", "active": true})).await;
    let account = stage.ready("generalco").await;
    stage.vendor.edit("generalco", Change { package_id: Some("1".into()), ..email("thief@evil.example") }).unwrap();

    let account = (stage.resynced("generalco").await, account).0;
    assert!(account.is("Ready", "True", "Converged"), "{account:#?}");
    let made = stage.only_account();
    assert_eq!((made.package_id.as_deref(), made.email_admin.as_str()), (Some("93"), "cfo@generalco.example"));
    let update = json!({
        "action": "update_account", "account_key": external_id(&account).unwrap(),
        "package_id": "93", "email_admin": "cfo@generalco.example",
    });
    assert_eq!(stage.vendor_writes()[1..], [("update_account", update)]);
    stage.tap.wait_for(|call| call.is_event() && call.body["reason"] == "Updated").await;
}

#[tokio::test]
async fn a_field_that_the_spec_does_not_name_is_left_alone() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({})).await;
    stage.ready("generalco").await;
    stage.vendor.edit("generalco", package("77")).unwrap();

    let account = stage.resynced("generalco").await;
    assert!(account.is("Ready", "True", "Converged"), "{account:#?}");
    let observed = account.status.unwrap().facts.observed.unwrap();
    assert_eq!(observed.package_id.as_deref(), Some("77"));
    assert_eq!(stage.vendor_writes().len(), 1);
}

#[tokio::test]
async fn under_report_drift_is_shown_and_kept_until_the_policy_changes() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({"packageId": "93", "policy": {"drift": "Report"}})).await;
    stage.ready("generalco").await;
    stage.vendor.edit("generalco", email("new@generalco.example")).unwrap();

    let account = stage.resynced("generalco").await;
    assert!(account.is("Drifted", "True", "DriftReported"), "{account:#?}");
    assert!(account.is("Ready", "True", "DriftReported") && account.is("Synced", "False", "DriftReported"));
    assert!(account.message("Drifted").contains("emailAdmin"), "{}", account.message("Drifted"));
    let drift = change("emailAdmin", "new@generalco.example", "cfo@generalco.example");
    assert_eq!(changes(&account), std::slice::from_ref(&drift));

    // Another field's edit is carried out, and takes nothing else with it.
    stage.edit("generalco", json!({"packageId": "94"})).await;
    stage.until("generalco", |account: &TenantAccount| account.is("Drifted", "True", "DriftReported")).await;
    let account = stage.resynced("generalco").await;
    assert_eq!(changes(&account), [drift]);
    let made = stage.only_account();
    assert_eq!((made.package_id.as_deref(), made.email_admin.as_str()), (Some("94"), "new@generalco.example"));
    let [_, (_, update)] = stage.vendor_writes().try_into().unwrap();
    assert_eq!((update.get("email_admin"), &update["package_id"]), (None, &json!("94")));

    // A new operator knows it from the status.
    stage.edit("generalco", json!({"policy": {"drift": "Correct"}})).await;
    let account = stage.ready("generalco").await;
    assert_eq!((account.condition("Drifted"), changes(&account)), (None, Vec::new()));
    assert_eq!(stage.only_account().email_admin, "cfo@generalco.example");
}

#[tokio::test]
async fn reported_drift_survives_a_restart() {
    let mut stage = Stage::connected().await;
    stage.account("generalco", json!({"policy": {"drift": "Report"}})).await;
    stage.ready("generalco").await;
    stage.vendor.edit("generalco", email("new@generalco.example")).unwrap();
    stage.resynced("generalco").await;
    stage.restart_operator().await;
    let account = stage.looked_at::<TenantAccount>("generalco").await;
    assert!(account.is("Drifted", "True", "DriftReported"), "{account:#?}");
    assert_eq!(stage.only_account().email_admin, "new@generalco.example");
}

#[tokio::test]
async fn drift_that_goes_away_by_itself_is_forgotten() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({"policy": {"drift": "Report"}})).await;
    stage.ready("generalco").await;
    stage.vendor.edit("generalco", email("new@generalco.example")).unwrap();
    stage.resynced("generalco").await;
    stage.vendor.edit("generalco", email("cfo@generalco.example")).unwrap();
    let account = stage.resynced("generalco").await;
    assert!(account.is("Ready", "True", "Converged") && account.is("Synced", "True", "Converged"), "{account:#?}");
    assert_eq!((account.condition("Drifted"), changes(&account)), (None, Vec::new()));
}

#[tokio::test]
async fn what_the_vendor_cannot_change_is_told_and_never_sent() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({"packageId": "93"})).await;
    stage.ready("generalco").await;
    stage.vendor.edit("generalco", Change { package_id: Some("1".into()), ..name("Specific Company Ltd") }).unwrap();

    let account = stage.resynced("generalco").await;
    assert!(account.is("Ready", "False", "ImmutableDiffers"), "{account:#?}");
    assert!(account.is("Stalled", "True", "ImmutableDiffers") && account.is("Synced", "False", "ImmutableDiffers"));
    let message = account.message("Ready");
    assert!(message.contains("name") && message.contains("Specific Company Ltd"), "{message}");
    assert_eq!(changes(&account), [change("name", "Specific Company Ltd", "generalco Ltd")]);
    // What it can change is put back all the same.
    assert_eq!(stage.only_account().package_id.as_deref(), Some("93"));
    let [_, (_, update)] = stage.vendor_writes().try_into().unwrap();
    assert_eq!((update.get("name"), &update["package_id"]), (None, &json!("93")));

    stage.vendor.edit("generalco", name("generalco Ltd")).unwrap();
    let account = stage.resynced("generalco").await;
    assert!(account.is("Ready", "True", "Converged"), "{account:#?}");
    assert_eq!((account.condition("Stalled"), stage.vendor_writes().len()), (None, 2));
}

#[tokio::test]
async fn a_name_that_differs_can_be_lived_with() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({"policy": {"drift": "Report"}})).await;
    stage.ready("generalco").await;
    stage.vendor.edit("generalco", name("Specific Company Ltd")).unwrap();
    let account = stage.resynced("generalco").await;
    assert!(account.is("Ready", "True", "DriftReported"), "{account:#?}");
    assert_eq!(stage.vendor_writes().len(), 1);
}

#[tokio::test]
async fn an_account_that_was_switched_off_is_noticed_only_where_the_list_hides_it() {
    for list_inactive in [true, false] {
        let stage = Stage::connected_to(Options { list_inactive, ..Options::default() }).await;
        stage.account("generalco", json!({"active": true})).await;
        let account = stage.ready("generalco").await;
        stage.vendor.edit("generalco", Change { active: Some(false), ..Change::default() }).unwrap();
        stage.resynced("generalco").await;
        assert_eq!(stage.only_account().active, !list_inactive);
        let writes = stage.vendor_writes();
        assert_eq!(writes.len(), if list_inactive { 1 } else { 2 }, "{writes:?}");
        if !list_inactive {
            let (_, update) = &writes[1];
            assert_eq!((&update["account_key"], &update["active"]), (&json!(external_id(&account)), &json!("1")));
            assert!(stage.resynced("generalco").await.is("Ready", "True", "Converged"));
            assert_eq!(stage.vendor_writes().len(), 2);
        }
    }
}

#[tokio::test]
async fn an_account_that_the_vendor_lost_is_not_made_anew() {
    for active in [json!(true), json!(null)] {
        let stage = Stage::connected().await;
        stage.account("generalco", json!({"active": active})).await;
        let key = external_id(&stage.ready("generalco").await).unwrap().to_owned();
        stage.vendor.remove_account("generalco").unwrap();
        let account = stage.resynced("generalco").await;
        assert!(account.is("Ready", "False", "ExternalObjectGone"), "{account:#?}");
        let message = account.message("Ready");
        assert!(message.contains(&key) && message.contains("provost.dev/external-id"), "{message}");
        assert_eq!(stage.vendor.journal().count("create_account"), 1);
    }
}
