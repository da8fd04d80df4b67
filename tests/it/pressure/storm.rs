//! A vendor that fails every call for a while.

use provost::engine::admin_api::AdminApi;
use provost::myintranetapps::tenant_account::TenantAccount;
use provost::sim::trouble::{Act, Order, Target};
use serde_json::json;

use super::{all_ready, edit_all, healthy_neighbour, make, names};
use crate::stage::{API, Conditioned, Stage};

const MANY: usize = 100;

/// Calls that open a breaker, as many as were on their way beside them, and two probes.
const FEW: usize = 16 + 2;

async fn storm(act: Act, reason: &'static str) {
    let stage = Stage::connected().await;
    let names = names(MANY);
    make(&stage, &names, &json!({"packageId": "93"})).await;
    all_ready(&stage, &names).await;
    let neighbour = healthy_neighbour(&stage).await;
    stage.resynced(&names[0]).await;

    stage.vendor.trouble().place(Order::every(Target::Any, act));
    let (mark, begun) = (stage.tap.mark(), stage.vendor.journal().last());
    edit_all(&stage, &names, &json!({"packageId": "94"})).await;
    // It speaks once a probe has failed too.
    let api = stage.api_unready(reason).await;
    assert!(api.is("Reconciling", "True", reason), "{api:#?}");
    stage.edit("neighbour", json!({"packageId": "5"})).await;
    stage.ready("neighbour").await;
    assert_eq!(neighbour.account_by_subdomain("neighbour").unwrap().package_id.as_deref(), Some("5"));
    // In the storm nobody's wish makes a call.
    stage.delete::<TenantAccount>(&names[0]).await;
    stage.account("late", json!({})).await;
    let late = stage.until("late", |late: &TenantAccount| late.metadata.uid.is_some()).await;
    // What kstatus and Argo CD go by: no generation was observed, so it is in progress.
    assert_eq!((late.observed(), late.conditions().len()), (-1, 0));
    let edited = stage.until(&names[1], |_: &TenantAccount| true).await;
    assert!(edited.observed() < edited.metadata.generation.unwrap(), "{edited:#?}");

    let calls = stage.vendor.journal().since(begun).len();
    assert!(calls <= FEW, "{calls}");
    let writes = stage.tap.writes_since(mark);
    let about = |what: &str| -> Vec<_> {
        let stormy = writes.iter().filter(|call| call.path.contains(what) && !call.path.contains("neighbour"));
        stormy.map(|call| (call.path.clone(), call.body.to_string())).collect()
    };
    assert!(about("tenantaccounts").is_empty(), "{:#?}", about("tenantaccounts"));
    let own = about(&format!("adminapis/{API}/status"));
    let conditions: Vec<_> = own.iter().filter(|(_, body)| body.contains("conditions")).collect();
    assert_eq!(conditions.len(), 1, "{own:#?}");

    // Once it is over, all go on by themselves, and no call is made twice.
    stage.vendor.trouble().clear();
    stage.api_ready().await;
    all_ready(&stage, &names[1..]).await;
    stage.ready("late").await;
    stage.gone::<TenantAccount>(&names[0]).await;
    let updates = stage.vendor.journal().select(|entry| entry.operation == "update_account" && entry.performed);
    assert_eq!(updates.len(), MANY);
}

#[tokio::test]
async fn a_vendor_that_falls_over_is_left_alone_until_it_is_up() {
    storm(Act::answer(503), "Unavailable").await;
}

#[tokio::test]
async fn a_vendor_that_asks_for_patience_without_saying_how_much_gets_it() {
    storm(Act::answer(429), "Throttled").await;
}

#[tokio::test]
async fn a_vendor_that_says_how_much_patience_it_wants_gets_as_much() {
    storm(Act::busy(429, 2), "Throttled").await;
}

#[tokio::test]
async fn a_vendor_that_hangs_up_is_left_alone() {
    storm(Act::CutBefore, "Unavailable").await;
}

#[tokio::test]
async fn somebody_who_asks_need_not_wait_for_the_next_probe() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({"packageId": "93"})).await;
    stage.ready("generalco").await;
    // The vendor asks for an hour.
    stage.vendor.trouble().place(Order::next(Target::Writes, Act::busy(429, 3600)));
    stage.edit("generalco", json!({"packageId": "94"})).await;
    stage.api_unready("Throttled").await;
    stage.looked_at::<AdminApi>(API).await;
    stage.ready("generalco").await;
    assert_eq!(stage.only_account().package_id.as_deref(), Some("94"));
}

/// The trouble of one object is not everybody's.
#[tokio::test]
async fn one_object_that_fails_for_ever_holds_up_nobody() {
    let stage = Stage::connected().await;
    for name in ["bad", "good"] {
        stage.account(name, json!({"packageId": "93"})).await;
        stage.ready(name).await;
    }
    stage.vendor.trouble().place(Order::every(Target::Operation("update_account".to_owned()), Act::answer(500)));
    stage.edit("bad", json!({"packageId": "94"})).await;
    let failed = |entries: &[provost::sim::journal::Entry]| {
        entries.iter().filter(|entry| entry.operation == "update_account").count() >= 3
    };
    stage.in_time(stage.vendor.journal().wait_for(failed)).await;
    for _ in 0..3 {
        stage.looked_at::<TenantAccount>("good").await;
    }
    stage.api_ready().await;
    stage.unready("bad", "Unavailable").await;
}
