//! Credentials that are exchanged for those of another account, where the ids of objects name something else.

use provost::engine::admin_api::AdminApi;
use provost::myintranetapps::tenant_account::TenantAccount;
use provost::sim::trouble::{Act, Order, Target};
use serde_json::json;

use crate::stage::{API, CREDENTIALS, Conditioned, Stage};

const ACCEPT: &str = "provost.dev/accept-realm";

/// Makes the vendor take another account's key, and tells the operator that key.
async fn exchange(stage: &Stage, account_key: &str) {
    stage.vendor.reconfigure(|options| options.credentials.account_key = account_key.to_owned());
    stage.write_secret(CREDENTIALS, stage.credentials()).await;
}

fn realm(api: &AdminApi) -> String {
    api.status.as_ref().unwrap().realm.clone().unwrap()
}

#[tokio::test]
async fn ids_are_not_looked_for_in_another_account_unless_somebody_says_so() {
    let mut stage = Stage::connected().await;
    stage.account("generalco", json!({"packageId": "93"})).await;
    stage.ready("generalco").await;
    let before = stage.api_ready().await;
    let first = stage.credentials()["accountKey"].as_str().unwrap().to_owned();

    exchange(&stage, "another-account-key").await;
    let api = stage.api_unready("RealmChanged").await;
    assert!(api.is("Stalled", "True", "RealmChanged") && realm(&api) == realm(&before), "{api:#?}");
    let message = api.message("Ready");
    let parts = ["spec.credentials", "(objects: 1)", "put the old ones back", "another AdminApi", ACCEPT];
    assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    assert!(!message.contains("another-account-key"), "{message}");
    stage.edit("generalco", json!({"packageId": "94"})).await;
    let account = stage.unready("generalco", "AdminApiNotReady").await;
    assert!(account.message("Ready").contains("RealmChanged"), "{}", account.message("Ready"));
    stage.restart_operator().await;
    stage.looked_at::<AdminApi>(API).await;
    stage.api_unready("RealmChanged").await;
    stage.delete::<TenantAccount>("generalco").await;
    stage.unready("generalco", "DeletionBlocked").await;
    assert_eq!(stage.vendor_writes().len(), 1);

    exchange(&stage, &first).await;
    assert_eq!(realm(&stage.api_ready().await), realm(&before));
    stage.gone::<TenantAccount>("generalco").await;
    assert_eq!(stage.vendor_writes().len(), 2);
}

#[tokio::test]
async fn another_account_is_taken_when_somebody_accepts_it_or_nothing_depends_on_it() {
    let stage = Stage::connected().await;
    let first = realm(&stage.api_ready().await);
    // An object without an id has nothing to lose.
    stage.vendor.trouble().place(Order::every(Target::Operation("create_account".to_owned()), Act::answer(400)));
    stage.account("refused", json!({"packageId": "93"})).await;
    stage.unready("refused", "Refused").await;
    exchange(&stage, "second-account-key").await;
    let moved = move |api: &AdminApi| api.is("Ready", "True", "Connected") && realm(api) != first;
    let second = realm(&stage.until(API, moved).await);
    stage.vendor.trouble().clear();

    stage.account("generalco", json!({})).await;
    stage.ready("generalco").await;
    exchange(&stage, "third-account-key").await;
    stage.annotate::<AdminApi>(API, ACCEPT, Some(&second)).await;
    let api = stage.api_unready("RealmChanged").await;
    let message = api.message("Ready").to_owned();
    let (_, offered) = message.rsplit_once(&format!("{ACCEPT}: ")).unwrap();
    assert_ne!(offered, second);
    stage.annotate::<AdminApi>(API, ACCEPT, Some(offered)).await;
    assert_eq!(realm(&stage.api_ready().await), offered);
    stage.ready("generalco").await;
    stage.annotate::<AdminApi>(API, ACCEPT, None).await;
    stage.looked_at::<AdminApi>(API).await;
    stage.api_ready().await;
}
