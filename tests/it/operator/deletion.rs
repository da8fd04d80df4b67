//! What deletion does at the vendor, and what it needs for that; and that nothing is stuck for ever.

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::{Resource, ResourceExt};
use provost::engine::admin_api::AdminApi;
use provost::myintranetapps::sim::Options;
use provost::myintranetapps::tenant_account::TenantAccount;
use provost::sim::trouble::{Act, Order, Target};
use serde_json::json;

use crate::stage::{API, CREDENTIALS, Conditioned, Stage, external_id};
use crate::tap;

const PAUSED: &str = "provost.dev/paused";
const ABANDON: &str = "provost.dev/abandon";

/// A stage with one account that matches its spec.
async fn settled(fields: serde_json::Value) -> Stage {
    let stage = Stage::connected().await;
    stage.account("generalco", fields).await;
    stage.ready("generalco").await;
    stage
}

/// Brings in an operator that never saw the AdminApi connected, since its credentials are gone.
async fn without_credentials(stage: &mut Stage) {
    stage.stop_operator().await;
    stage.delete::<Secret>(CREDENTIALS).await;
    stage.start_operator().await;
    stage.api_unready("CredentialsMissing").await;
}

#[tokio::test]
async fn by_default_the_account_is_switched_off_once_and_kept() {
    let stage = settled(json!({})).await;
    let key = stage.only_account().key;
    stage.delete::<TenantAccount>("generalco").await;
    stage.gone::<TenantAccount>("generalco").await;
    assert!(!stage.only_account().active);
    let update = json!({"action": "update_account", "account_key": key, "active": "0"});
    assert_eq!(stage.vendor_writes()[1..], [("update_account", update)]);
    stage.in_time(stage.tap.wait_for(|call| call.is_event() && call.body["reason"] == "Disabled")).await;
}

#[tokio::test]
async fn an_orphan_needs_no_admin_api_and_writes_nothing() {
    let mut stage = settled(json!({"policy": {"deletion": "Orphan"}})).await;
    let before = stage.only_account();
    without_credentials(&mut stage).await;
    let seen = stage.vendor.journal().last();
    stage.delete::<TenantAccount>("generalco").await;
    stage.gone::<TenantAccount>("generalco").await;
    assert_eq!((stage.only_account(), stage.vendor.journal().since(seen)), (before, vec![]));
}

#[tokio::test]
async fn an_orphan_goes_though_it_is_paused_and_its_admin_api_is_gone() {
    let mut stage = settled(json!({"policy": {"deletion": "Orphan"}})).await;
    stage.annotate::<TenantAccount>("generalco", PAUSED, Some("true")).await;
    stage.unready("generalco", "Paused").await;
    stage.stop_operator().await;
    stage.patch::<AdminApi>(API, json!({"metadata": {"finalizers": null}})).await;
    stage.delete::<AdminApi>(API).await;
    stage.start_operator().await;
    stage.delete::<TenantAccount>("generalco").await;
    stage.gone::<TenantAccount>("generalco").await;
    assert!(stage.only_account().active);
}

#[tokio::test]
async fn a_paused_object_waits() {
    let stage = settled(json!({})).await;
    stage.annotate::<TenantAccount>("generalco", PAUSED, Some("true")).await;
    stage.unready("generalco", "Paused").await;
    // An edit waits as well.
    stage.edit("generalco", json!({"packageId": "94"})).await;
    stage.unready("generalco", "Paused").await;
    stage.delete::<TenantAccount>("generalco").await;
    let waiting =
        |account: &TenantAccount| account.meta().deletion_timestamp.is_some() && account.is("Ready", "False", "Paused");
    let account = stage.until("generalco", waiting).await;
    assert!(account.message("Ready").contains(PAUSED));
    stage.looked_at::<TenantAccount>("generalco").await;
    assert_eq!(stage.vendor_writes().len(), 1);

    stage.annotate::<TenantAccount>("generalco", PAUSED, None).await;
    stage.gone::<TenantAccount>("generalco").await;
    assert!(!stage.only_account().active);
}

#[tokio::test]
async fn a_pause_ends_where_it_began() {
    let stage = settled(json!({})).await;
    stage.annotate::<TenantAccount>("generalco", PAUSED, Some("true")).await;
    stage.unready("generalco", "Paused").await;
    stage.annotate::<TenantAccount>("generalco", PAUSED, None).await;
    let account = stage.ready("generalco").await;
    assert_eq!((account.condition("Stalled"), stage.vendor_writes().len()), (None, 1));
}

#[tokio::test]
async fn a_blocked_deletion_says_so_and_can_be_abandoned_by_uid_only() {
    let mut stage = settled(json!({})).await;
    without_credentials(&mut stage).await;
    let seen = stage.vendor.journal().last();
    stage.delete::<TenantAccount>("generalco").await;
    let account = stage.unready("generalco", "DeletionBlocked").await;
    let uid = account.metadata.uid.clone().unwrap();
    let message = account.message("Ready");
    assert!(message.contains(&format!("{ABANDON}: {uid}")) && message.contains(API), "{message}");

    // A template could carry this value into every object; a uid it cannot.
    stage.annotate::<TenantAccount>("generalco", ABANDON, Some("true")).await;
    let account = stage.looked_at::<TenantAccount>("generalco").await;
    assert!(account.is("Ready", "False", "DeletionBlocked"));
    stage.annotate::<TenantAccount>("generalco", ABANDON, Some(&uid)).await;
    stage.gone::<TenantAccount>("generalco").await;
    assert!(stage.only_account().active);
    assert_eq!(stage.vendor.journal().since(seen), []);
}

#[tokio::test]
async fn a_blocked_deletion_goes_on_when_the_credentials_are_back() {
    let mut stage = settled(json!({})).await;
    without_credentials(&mut stage).await;
    stage.delete::<TenantAccount>("generalco").await;
    stage.unready("generalco", "DeletionBlocked").await;
    stage.write_secret(CREDENTIALS, stage.credentials()).await;
    stage.gone::<TenantAccount>("generalco").await;
    assert!(!stage.only_account().active);
}

#[tokio::test]
async fn what_was_never_created_just_goes() {
    let mut stage = Stage::bare(Options::default()).await;
    stage.start_operator().await;
    stage.account("generalco", json!({})).await;
    let account = stage.unready("generalco", "AdminApiMissing").await;
    assert!(account.message("Ready").contains(API), "{}", account.message("Ready"));
    stage.delete::<TenantAccount>("generalco").await;
    stage.gone::<TenantAccount>("generalco").await;
    assert_eq!(stage.vendor.journal().last(), 0);
}

#[tokio::test]
async fn an_announced_creation_is_looked_for_before_letting_go() {
    for made in [true, false] {
        let mut stage = Stage::connected().await;
        let announces = |call: &tap::Call| call.annotates("provost.dev/pending-create").is_some();
        let records = |call: &tap::Call| call.annotates("provost.dev/external-id").is_some();
        if made {
            stage.tap.next(tap::Act::Hang, records);
        } else {
            stage.tap.next(tap::Act::HangAnswer, announces);
        }
        stage.account("generalco", json!({})).await;
        let hung = [tap::Fate::Hung, tap::Fate::AnswerHung];
        stage.in_time(stage.tap.wait_for(|call| hung.contains(&call.fate))).await;
        stage.kill_operator().await;
        stage.delete::<TenantAccount>("generalco").await;
        stage.start_operator().await;
        stage.gone::<TenantAccount>("generalco").await;
        let active: Vec<_> = stage.vendor.accounts().iter().map(|account| account.active).collect();
        assert_eq!(active, if made { vec![false] } else { vec![] });
        assert_eq!(stage.vendor.journal().count("create_account"), u64::from(made));
    }
}

#[tokio::test]
async fn deletion_waits_for_a_vendor_that_is_away() {
    let stage = settled(json!({})).await;
    stage.vendor.trouble().place(Order::every(Target::Writes, Act::answer(503)));
    stage.delete::<TenantAccount>("generalco").await;
    stage.unready("generalco", "Unavailable").await;
    assert!(stage.only_account().active);
    stage.vendor.trouble().clear();
    stage.gone::<TenantAccount>("generalco").await;
    assert!(!stage.only_account().active);
}

#[tokio::test]
async fn an_account_that_is_gone_already_lets_its_object_go() {
    let stage = settled(json!({})).await;
    stage.vendor.remove_account("generalco").unwrap();
    stage.delete::<TenantAccount>("generalco").await;
    stage.gone::<TenantAccount>("generalco").await;
    assert_eq!(stage.vendor.journal().count("create_account"), 1);
    // It is looked for again before that is believed, and nothing is said to be switched off.
    assert_eq!(stage.vendor.journal().count("update_account"), 2);
    let told =
        |call: &tap::Call| call.is_event() && call.body["reason"] == "Deleted" && call.says("nothing was switched off");
    stage.in_time(stage.tap.wait_for(told)).await;
}

#[tokio::test]
async fn an_account_that_was_purged_while_it_was_off_can_be_made_anew() {
    for list_inactive in [true, false] {
        let stage = Stage::connected_to(Options { list_inactive, ..Options::default() }).await;
        stage.account("generalco", json!({})).await;
        let key = external_id(&stage.ready("generalco").await).unwrap().to_owned();
        stage.delete::<TenantAccount>("generalco").await;
        stage.gone::<TenantAccount>("generalco").await;
        stage.vendor.remove_account("generalco").unwrap();
        stage.account("generalco", json!({})).await;
        stage.unready("generalco", "ExternalObjectGone").await;

        // The way out that the message names.
        stage.delete::<TenantAccount>("generalco").await;
        stage.gone::<TenantAccount>("generalco").await;
        stage.account("generalco", json!({})).await;
        stage.ready("generalco").await;
        assert_ne!(stage.only_account().key, key, "listInactive {list_inactive}");
    }
}

#[tokio::test]
async fn what_is_switched_off_while_new_credentials_are_proven_is_taken_up_again() {
    let stage = settled(json!({})).await;
    let key = stage.only_account().key;
    // The first look of the new session hangs, and what is read through the old one does not.
    stage.vendor.trouble().place(Order::every(Target::Operation("list_accounts".to_owned()), Act::Hold).times(1));
    let mut credentials = stage.credentials();
    credentials["note"] = json!("other");
    stage.write_secret(CREDENTIALS, credentials).await;
    stage.vendor_got("list_accounts", provost::sim::journal::Outcome::Held).await;
    stage.delete::<TenantAccount>("generalco").await;
    stage.gone::<TenantAccount>("generalco").await;
    stage.vendor.trouble().release();
    stage.account("generalco", json!({})).await;
    let account = stage.ready("generalco").await;
    assert_eq!(external_id(&account), Some(key.as_str()));
    assert!(stage.only_account().active);
}

#[tokio::test]
async fn an_admin_api_in_use_stays_until_its_objects_are_gone() {
    let stage = settled(json!({})).await;
    stage.delete::<AdminApi>(API).await;
    let api = stage.api_unready("InUse").await;
    assert_eq!(api.finalizers(), ["provost.dev/in-use"]);
    assert!(api.message("Ready").contains('1'), "{}", api.message("Ready"));
    stage.delete::<TenantAccount>("generalco").await;
    stage.gone::<TenantAccount>("generalco").await;
    stage.gone::<AdminApi>(API).await;
    assert!(!stage.only_account().active);
}

/// What a namespace's deletion does, in two of its orders: no two runs of the real one need agree.
#[tokio::test]
async fn a_namespace_can_be_emptied_in_any_order() {
    for accounts_last in [true, false] {
        let stage = Stage::connected().await;
        for name in ["one", "two", "three"] {
            stage.account(name, json!({"writeConnectionTo": {"secretRef": {"name": name}}})).await;
            stage.ready(name).await;
        }
        let api = async {
            stage.delete::<Secret>(CREDENTIALS).await;
            stage.api_unready("CredentialsMissing").await;
            stage.delete::<AdminApi>(API).await;
        };
        let accounts = async {
            for name in ["one", "two", "three"] {
                stage.delete::<Secret>(name).await;
                stage.delete::<TenantAccount>(name).await;
            }
        };
        if accounts_last {
            api.await;
            accounts.await;
        } else {
            accounts.await;
            api.await;
        }
        for name in ["one", "two", "three"] {
            stage.gone::<TenantAccount>(name).await;
        }
        stage.gone::<AdminApi>(API).await;
        let active: Vec<_> = stage.vendor.accounts().iter().map(|account| account.active).collect();
        assert_eq!(active, [false, false, false]);
    }
}

#[tokio::test]
async fn an_object_that_comes_back_takes_up_its_old_account() {
    for (list_inactive, restarted) in [(true, false), (false, false), (true, true), (false, true)] {
        let mut stage = Stage::connected_to(Options { list_inactive, ..Options::default() }).await;
        stage.account("generalco", json!({"packageId": "93"})).await;
        let key = external_id(&stage.ready("generalco").await).unwrap().to_owned();
        stage.delete::<TenantAccount>("generalco").await;
        stage.gone::<TenantAccount>("generalco").await;
        assert!(!stage.only_account().active);
        if restarted {
            stage.restart_operator().await;
        }
        stage.account("generalco", json!({"packageId": "94", "active": true})).await;
        let account = stage.ready("generalco").await;
        assert_eq!(external_id(&account), Some(key.as_str()), "listInactive {list_inactive}, restarted {restarted}");
        let made = stage.only_account();
        assert_eq!((made.active, made.package_id.as_deref()), (true, Some("94")));
        assert_eq!(stage.vendor.journal().count("create_account"), 1);

        // The next deletion is as good as the first.
        stage.delete::<TenantAccount>("generalco").await;
        stage.gone::<TenantAccount>("generalco").await;
        assert!(!stage.only_account().active);
    }
}

#[tokio::test]
async fn an_object_that_comes_back_without_saying_so_is_active_all_the_same() {
    for list_inactive in [true, false] {
        let stage = Stage::connected_to(Options { list_inactive, ..Options::default() }).await;
        stage.account("generalco", json!({})).await;
        stage.ready("generalco").await;
        stage.delete::<TenantAccount>("generalco").await;
        stage.gone::<TenantAccount>("generalco").await;
        stage.account("generalco", json!({})).await;
        stage.ready("generalco").await;
        // Absent means "active at creation", and this is its creation as far as anybody can tell.
        assert!(stage.only_account().active, "listInactive {list_inactive}");
    }
}

#[tokio::test]
async fn an_orphan_that_comes_back_is_a_stranger() {
    let stage = settled(json!({"policy": {"deletion": "Orphan"}})).await;
    stage.delete::<TenantAccount>("generalco").await;
    stage.gone::<TenantAccount>("generalco").await;
    stage.account("generalco", json!({})).await;
    stage.unready("generalco", "AlreadyExists").await;
    assert_eq!(stage.vendor_writes().len(), 1);
}

#[tokio::test]
async fn a_spec_that_cannot_converge_can_still_be_deleted() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({"adminPassword": {"secretRef": {"name": "none", "key": "none"}}})).await;
    stage.unready("generalco", "SecretMissing").await;
    stage.delete::<TenantAccount>("generalco").await;
    stage.gone::<TenantAccount>("generalco").await;
    assert!(stage.vendor.accounts().is_empty());
}

/// Has an account switched off for its deletion, and the power fail before it is let go.
async fn half_deleted() -> (Stage, String) {
    let mut stage = settled(json!({})).await;
    let key = stage.only_account().key;
    let releases = |call: &tap::Call| call.is_write() && call.body["metadata"]["finalizers"] == json!([]);
    stage.tap.next(tap::Act::Hang, releases);
    stage.delete::<TenantAccount>("generalco").await;
    stage.in_time(stage.tap.wait_for(|call| call.fate == tap::Fate::Hung)).await;
    assert!(!stage.only_account().active);
    stage.kill_operator().await;
    (stage, key)
}

/// What the operator keeps in mind of what it switched off.
async fn switched_off(stage: &Stage) -> Vec<String> {
    let notes = stage.api::<ConfigMap>().get(&format!("{API}.provost-disabled")).await.unwrap();
    notes.data.unwrap_or_default().into_values().collect()
}

#[tokio::test]
async fn what_becomes_an_orphan_after_it_was_switched_off_is_not_taken_up_again() {
    for connected in [true, false] {
        let (mut stage, key) = half_deleted().await;
        assert!(switched_off(&stage).await[0].starts_with(&key));
        stage.edit("generalco", json!({"policy": {"deletion": "Orphan"}})).await;
        if !connected {
            stage.delete::<Secret>(CREDENTIALS).await;
        }
        stage.start_operator().await;
        stage.gone::<TenantAccount>("generalco").await;
        assert_eq!(switched_off(&stage).await, [""; 0]);
        stage.write_secret(CREDENTIALS, stage.credentials()).await;
        stage.account("generalco", json!({})).await;
        stage.unready("generalco", "AlreadyExists").await;
        assert!(!stage.only_account().active);
    }
}

#[tokio::test]
async fn an_orphan_forgets_nothing_that_is_not_its_own() {
    let (mut stage, key) = half_deleted().await;
    stage.start_operator().await;
    stage.gone::<TenantAccount>("generalco").await;
    // The id is one that somebody typed, and that nobody has looked at.
    let mut typed = crate::stage::account("generalco", json!({"policy": {"deletion": "Orphan"}}));
    typed["metadata"]["annotations"] = json!({"provost.dev/external-id": key, PAUSED: "true"});
    typed["metadata"]["finalizers"] = json!(["provost.dev/finalizer"]);
    stage.apply(&typed).await;
    stage.unready("generalco", "Paused").await;
    stage.delete::<TenantAccount>("generalco").await;
    stage.gone::<TenantAccount>("generalco").await;
    assert!(switched_off(&stage).await[0].starts_with(&key));
}
