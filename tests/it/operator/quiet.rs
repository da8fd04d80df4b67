//! When nothing changes, nothing is written, and little is read.

use provost::engine::admin_api::AdminApi;
use provost::myintranetapps::sim::Options;
use provost::myintranetapps::sim::options::Environment;
use provost::myintranetapps::tenant_account::TenantAccount;
use provost::sim::journal::Entry;
use serde_json::json;

use crate::stage::{API, Stage};
use crate::tap::{Call, Fate};

const MANY: usize = 30;

fn names() -> impl Iterator<Item = String> {
    (0..MANY).map(|number| format!("account-{number}"))
}

async fn many_ready() -> Stage {
    let options = Options { seed_connections: Some(Environment::Production), ..Options::default() };
    let stage = Stage::connected_to(options).await;
    stage.write_secret("admin", json!({"password": "Initial-Passw0rd"})).await;
    for name in names() {
        let fields = json!({
            "packageId": "93", "active": true,
            "adminPassword": {"secretRef": {"name": "admin", "key": "password"}},
            "writeConnectionTo": {"secretRef": {"name": format!("{name}-details")}},
        });
        stage.account(&name, fields).await;
    }
    for name in names() {
        stage.ready(&name).await;
    }
    let counted = |api: &AdminApi| {
        let objects = api.status.as_ref().and_then(|status| status.managed_objects.as_ref());
        objects.is_some_and(|objects| objects.total == 30)
    };
    stage.until(API, counted).await;
    // The first lists after a creation show more than its answer did.
    stage.looked_at::<AdminApi>(API).await;
    for name in names() {
        stage.looked_at::<TenantAccount>(&name).await;
    }
    stage
}

/// Whether a write does nothing but answer the wish for a look.
fn is_echo(call: &Call) -> bool {
    let status = call.body["status"].as_object();
    call.is_status() && status.is_some_and(|status| status.keys().all(|key| key == "lastHandledReconcileAt"))
}

#[tokio::test]
async fn a_resync_costs_two_calls_and_no_write() {
    let stage = many_ready().await;
    let (writes, begun) = (stage.tap.mark(), stage.vendor.journal().last());
    for resync in 1..=3 {
        stage.looked_at::<AdminApi>(API).await;
        let read = |entries: &[Entry]| entries.iter().filter(|entry| entry.seq > begun).count() == 2 * resync;
        stage.in_time(stage.vendor.journal().wait_for(read)).await;
    }
    let operations: Vec<_> = stage.vendor.journal().since(begun).iter().map(|entry| entry.operation).collect();
    assert_eq!(operations, ["list_accounts", "connection_health"].repeat(3));

    for name in names() {
        stage.looked_at::<TenantAccount>(&name).await;
    }
    let writes = stage.tap.writes_since(writes);
    let other: Vec<_> = writes.iter().filter(|call| !is_echo(call)).collect();
    assert!(other.is_empty(), "{other:#?}");
    // One for each look that was asked for.
    assert_eq!(writes.len(), 3 + MANY);
    let together =
        |entry: &&Entry| entry.seq > begun && entry.operation == "connection_health" && entry.query.len() == 1;
    assert_eq!(stage.vendor.journal().select(together).len(), 3);
    assert_eq!(stage.vendor.journal().writes().len(), MANY);
}

#[tokio::test]
async fn a_new_operator_finds_everything_done() {
    let mut stage = many_ready().await;
    stage.stop_operator().await;
    let (mark, writes) = (stage.tap.mark(), stage.vendor.journal().writes().len());
    stage.start_operator().await;
    for name in names() {
        stage.looked_at::<TenantAccount>(&name).await;
    }
    let other: Vec<_> = stage.tap.writes_since(mark).into_iter().filter(|call| !is_echo(call)).collect();
    // The key of the installation is there already, which it learns by trying to make it.
    let [key] = other.as_slice() else { panic!("{other:#?}") };
    assert_eq!(
        (key.body["metadata"]["name"].as_str(), key.fate),
        (Some("provost-fingerprint-key"), Fate::Answered(409))
    );
    assert_eq!(stage.vendor.journal().writes().len(), writes);
}

#[tokio::test]
async fn a_hiccup_of_the_vendor_rewrites_no_account() {
    use provost::sim::trouble::{Act, Order, Target};
    let stage = Stage::connected().await;
    for name in ["one", "two", "three"] {
        stage.account(name, json!({})).await;
        stage.ready(name).await;
    }
    // The first list after a creation shows more than its answer did.
    for name in ["one", "two", "three"] {
        stage.resynced(name).await;
    }
    let mark = stage.tap.mark();
    stage.vendor.trouble().place(Order::every(Target::Any, Act::answer(503)));
    stage.looked_at::<AdminApi>(API).await;
    stage.api_unready("Unavailable").await;
    stage.vendor.trouble().clear();
    stage.api_ready().await;
    for name in ["one", "two", "three"] {
        stage.looked_at::<TenantAccount>(name).await;
    }
    let accounts = stage.tap.writes_since(mark).into_iter().filter(|call| call.path.contains("tenantaccounts"));
    let other: Vec<_> = accounts.filter(|call| !is_echo(call)).collect();
    assert!(other.is_empty(), "{other:#?}");
}
