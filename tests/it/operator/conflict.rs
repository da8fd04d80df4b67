//! Two objects for one external object: one owns it, the other one waits and writes nothing, and is next when the owner goes.

use kube::ResourceExt;
use provost::engine::admin_api::AdminApi;
use provost::myintranetapps::sim::{NewAccount, Options};
use provost::myintranetapps::tenant_account::TenantAccount;
use serde_json::{Value as Json, json};

use crate::stage::{API, Conditioned, Stage, external_id};

/// What two objects for the account `generalco` have in common.
fn fields(more: Json) -> Json {
    let mut fields = json!({"subdomain": "generalco", "name": "General Company Ltd"});
    for (field, value) in more.as_object().into_iter().flatten() {
        fields[field] = value.clone();
    }
    fields
}

/// A stage with `first`, which owns the account, and `second`, which waits in line for it.
async fn contested(first: Json, second: Json) -> Stage {
    let stage = Stage::connected().await;
    stage.account("first", fields(first)).await;
    stage.ready("first").await;
    stage.account("second", fields(second)).await;
    stage.unready("second", "Conflict").await;
    stage
}

fn awaited(account: &TenantAccount) -> Option<&str> {
    account.status.as_ref()?.awaited_id.as_deref()
}

#[tokio::test]
async fn the_one_that_holds_it_owns_it_and_the_other_never_writes() {
    let second = json!({"subdomain": "GENERALCO", "packageId": "94", "policy": {"adoption": "IfExists"}});
    let stage = contested(json!({"packageId": "93"}), second).await;
    let key = stage.only_account().key;
    let account = stage.resynced("second").await;
    let (message, owner) = (account.message("Ready"), format!("TenantAccount {}/first", stage.namespace));
    assert!(message.contains(&owner) && message.contains(&key) && message.contains("subdomain generalco"), "{message}");
    assert!(account.is("Ready", "False", "Conflict") && account.condition("Stalled").is_some());
    assert_eq!((external_id(&account), awaited(&account)), (None, Some(key.as_str())));
    assert_eq!(account.status.as_ref().unwrap().facts.observed, None);
    // Nor does the id help.
    stage.annotate::<TenantAccount>("second", "provost.dev/external-id", Some(&key)).await;
    stage.edit("second", json!({"emailAdmin": "thief@evil.example"})).await;
    assert!(stage.resynced("second").await.is("Ready", "False", "Conflict"));
    assert!(stage.resynced("first").await.is("Ready", "True", "Converged"));

    stage.delete::<TenantAccount>("second").await;
    stage.gone::<TenantAccount>("second").await;
    assert!(stage.resynced("first").await.is("Ready", "True", "Converged"));
    assert_eq!((stage.vendor_writes().len(), stage.only_account().active), (1, true));
}

#[tokio::test]
async fn of_two_that_come_at_once_the_older_owns_it() {
    let mut stage = Stage::bare(Options::default()).await;
    stage.account("first", fields(json!({}))).await;
    stage.account("second", fields(json!({}))).await;
    stage.connect().await;
    stage.start_operator().await;
    let of_age = |account: &TenantAccount| (account.creation_timestamp(), account.uid());
    let api = stage.api::<TenantAccount>();
    let (first, second) = (api.get("first").await.unwrap(), api.get("second").await.unwrap());
    let first_is_older = of_age(&first) < of_age(&second);
    let (owner, other) = if first_is_older { ("first", "second") } else { ("second", "first") };
    stage.ready(owner).await;
    stage.unready(other, "Conflict").await;
    assert_eq!(stage.vendor.journal().count("create_account"), 1);
}

#[tokio::test]
async fn who_waited_in_line_takes_over_from_an_owner_that_goes() {
    for restart in [false, true] {
        let mut stage = contested(json!({}), json!({"emailAdmin": "next@generalco.example"})).await;
        let before = stage.only_account();
        let waits = before.key.clone();
        stage.until("second", move |account| awaited(account) == Some(waits.as_str())).await;
        if restart {
            stage.stop_operator().await;
        }
        stage.delete::<TenantAccount>("first").await;
        if restart {
            stage.start_operator().await;
        }
        stage.gone::<TenantAccount>("first").await;
        stage.in_time(stage.tap.wait_for(|call| call.is_event() && call.body["reason"] == "HandedOver")).await;
        // As with any adoption, the first pass only looks.
        let account = stage.unready("second", "Adopted").await;
        assert_eq!((external_id(&account), awaited(&account)), (Some(before.key.as_str()), None));
        assert_eq!((stage.only_account(), stage.vendor_writes().len()), (before, 1));
        stage.looked_at::<TenantAccount>("second").await;
        stage.ready("second").await;
        let account = stage.only_account();
        assert_eq!((account.email_admin.as_str(), account.active), ("next@generalco.example", true));
    }
}

#[tokio::test]
async fn an_owner_that_leaves_its_account_leaves_it_to_the_next() {
    let stage = contested(json!({"policy": {"deletion": "Orphan"}}), json!({})).await;
    let key = stage.only_account().key;
    let waits = key.clone();
    stage.until("second", move |account| awaited(account) == Some(waits.as_str())).await;
    stage.delete::<TenantAccount>("first").await;
    stage.gone::<TenantAccount>("first").await;
    let has_it = key.clone();
    stage.until("second", move |account| external_id(account) == Some(has_it.as_str())).await;
    assert_eq!(stage.vendor.journal().count("create_account"), 1);
}

#[tokio::test]
async fn an_owner_that_only_looks_remains_the_owner() {
    let mut stage = contested(json!({}), json!({"policy": {"adoption": "IfExists"}})).await;
    let key = stage.only_account().key;
    stage.edit("first", json!({"policy": {"management": "Observe"}})).await;
    assert!(stage.looked_at::<TenantAccount>("first").await.is("Ready", "True", "Converged"));
    assert!(stage.looked_at::<TenantAccount>("second").await.is("Ready", "False", "Conflict"));
    stage.restart_operator().await;
    assert!(stage.looked_at::<TenantAccount>("second").await.is("Ready", "False", "Conflict"));
    stage.delete::<TenantAccount>("first").await;
    stage.gone::<TenantAccount>("first").await;
    let has_it = key.clone();
    stage.until("second", move |account| external_id(account) == Some(has_it.as_str())).await;
}

#[tokio::test]
async fn who_waits_in_line_takes_nothing_by_looking_only() {
    let stage = contested(json!({}), json!({})).await;
    let key = stage.only_account().key;
    let waits = key.clone();
    stage.until("second", move |account| awaited(account) == Some(waits.as_str())).await;
    for policy in [json!({"management": "Observe"}), json!({"management": "Observe", "adoption": "IfExists"})] {
        stage.edit("second", json!({"policy": policy})).await;
        let account = stage.looked_at::<TenantAccount>("second").await;
        assert!(!account.is("Ready", "False", "Conflict"), "{account:#?}");
        assert_eq!((external_id(&account), account.finalizers()), (None, &[][..]));
    }
    stage.edit("second", json!({"policy": {"management": "Enforce"}, "packageId": "94"})).await;
    assert!(stage.looked_at::<TenantAccount>("second").await.is("Ready", "False", "Conflict"));
    assert!(stage.looked_at::<TenantAccount>("first").await.is("Ready", "True", "Converged"));
    assert_eq!(stage.vendor_writes().len(), 1);
}

#[tokio::test]
async fn a_mistyped_id_costs_nobody_else_anything() {
    let stage = Stage::connected().await;
    for name in ["one", "two"] {
        stage.account(name, json!({})).await;
    }
    let accounts = [stage.ready("one").await, stage.ready("two").await];
    let of_age = |account: &TenantAccount| (account.creation_timestamp(), account.uid());
    let (older, younger) = if of_age(&accounts[0]) < of_age(&accounts[1]) { (0, 1) } else { (1, 0) };
    let (older, younger) = (&accounts[older], &accounts[younger]);
    let (name, own, theirs) = (older.name_any(), external_id(older), external_id(younger));
    stage.annotate::<TenantAccount>(&name, "provost.dev/external-id", theirs).await;
    stage.unready(&name, "Conflict").await;
    assert!(stage.looked_at::<TenantAccount>(&younger.name_any()).await.is("Ready", "True", "Converged"));
    // Looked at twice: that it was recorded makes it no more its own.
    assert!(stage.looked_at::<TenantAccount>(&name).await.is("Ready", "False", "Conflict"));
    stage.delete::<TenantAccount>(&younger.name_any()).await;
    stage.gone::<TenantAccount>(&younger.name_any()).await;
    let left: Vec<_> = stage.vendor.accounts().into_iter().filter(|account| account.active).collect();
    assert_eq!(left.iter().map(|account| account.key.as_str()).collect::<Vec<_>>(), [own.unwrap()]);
    stage.annotate::<TenantAccount>(&name, "provost.dev/external-id", own).await;
    stage.ready(&name).await;
}

#[tokio::test]
async fn nobody_inherits_what_the_owner_did_not_have() {
    let stage = Stage::connected().await;
    let theirs = stage.vendor.add_account(NewAccount::new("generalco")).unwrap();
    let mut ages = Vec::new();
    for name in ["first", "second"] {
        stage.account(name, fields(json!({}))).await;
        let account = stage.api::<TenantAccount>().get(name).await.unwrap();
        ages.push((account.metadata.creation_timestamp.clone().unwrap().0, account.uid(), name));
    }
    // Made within one second, the uid decides.
    ages.sort();
    let (owner, other) = (ages[0].2, ages[1].2);
    stage.unready(owner, "AlreadyExists").await;
    stage.unready(other, "Conflict").await;
    stage.delete::<TenantAccount>(owner).await;
    stage.gone::<TenantAccount>(owner).await;
    stage.unready(other, "AlreadyExists").await;
    assert_eq!((stage.vendor_writes(), stage.only_account()), (vec![], theirs));
}

#[tokio::test]
async fn two_admin_apis_of_one_account_are_one() {
    let mut stage = Stage::connected().await;
    let mut api = crate::stage::admin_api(&format!("{}/", stage.vendor.url()));
    api["metadata"]["name"] = json!("other");
    stage.apply(&api).await;
    let connected = |api: &AdminApi| api.is("Ready", "True", "Connected");
    let realm = |api: &AdminApi| api.status.as_ref().unwrap().realm.clone().unwrap();
    let other = stage.until("other", connected).await;
    let realms = (realm(&stage.until(API, connected).await), realm(&other));
    assert_eq!(realms.0, realms.1);
    let credentials = stage.credentials();
    assert!(!realms.0.contains(credentials["accountKey"].as_str().unwrap()), "{realms:?}");

    stage.account("first", fields(json!({}))).await;
    stage.ready("first").await;
    stage.account("second", fields(json!({"adminApi": {"name": "other"}, "policy": {"adoption": "IfExists"}}))).await;
    stage.unready("second", "Conflict").await;
    stage.restart_operator().await;
    assert!(stage.looked_at::<TenantAccount>("second").await.is("Ready", "False", "Conflict"));
    assert_eq!(stage.vendor_writes().len(), 1);
}
