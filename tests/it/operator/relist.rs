//! Watches that come too late: what nobody told, the operator finds out by itself.

use provost::engine::admin_api::AdminApi;
use provost::myintranetapps::tenant_account::TenantAccount;
use serde_json::json;

use crate::stage::{API, Stage, external_id};
use crate::watches::Expiry;

async fn an_expired_watch(how: Expiry) {
    let stage = Stage::connected().await;
    for name in ["kept", "vanished"] {
        stage.account(name, json!({})).await;
        stage.ready(name).await;
    }
    stage.until(API, |api: &AdminApi| managed(api) == Some(2)).await;
    stage.tap.watches.freeze();
    stage.edit("kept", json!({"packageId": "93"})).await;
    stage.account("new", json!({})).await;
    stage.delete::<TenantAccount>("vanished").await;
    stage.patch::<TenantAccount>("vanished", json!({"metadata": {"finalizers": null}})).await;
    stage.gone::<TenantAccount>("vanished").await;
    let writes = stage.vendor_writes().len();

    stage.tap.watches.expire(how);
    stage.ready("kept").await;
    let new = stage.ready("new").await;
    let vendors = |name: &str| stage.vendor.account_by_subdomain(name).unwrap();
    assert_eq!(vendors("kept").package_id.as_deref(), Some("93"));
    assert_eq!(external_id(&new), Some(vendors("new").key.as_str()));
    // Two still, of which one is another.
    stage.until(API, |api: &AdminApi| managed(api) == Some(2)).await;
    let metrics = stage.metrics().await;
    let fine = "provost_objects{kind=\"TenantAccount\",ready=\"True\",reason=\"Converged\"} 2.0";
    assert!(metrics.lines().any(|line| line == fine), "{metrics}");
    // Whoever took the finalizer off an object let go of it: nobody was asked to switch anything off.
    assert!(vendors("vanished").active);
    assert_eq!(stage.vendor_writes().len(), writes + 2);

    // The watches after that one tell again.
    stage.edit("kept", json!({"packageId": "94"})).await;
    stage.ready("kept").await;
    stage.delete::<TenantAccount>("kept").await;
    stage.gone::<TenantAccount>("kept").await;
    stage.until(API, |api: &AdminApi| managed(api) == Some(1)).await;
}

fn managed(api: &AdminApi) -> Option<i64> {
    api.status.as_ref()?.managed_objects.as_ref().map(|objects| objects.total)
}

#[tokio::test]
async fn a_watch_that_says_it_came_too_late_is_made_good() {
    Box::pin(an_expired_watch(Expiry::Event)).await;
}

#[tokio::test]
async fn a_watch_that_is_refused_as_too_late_is_made_good() {
    Box::pin(an_expired_watch(Expiry::Refusal)).await;
}
