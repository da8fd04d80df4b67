//! A leader that is stopped in the middle of a create, and wakes up when another one leads.

use kube::ResourceExt;
use provost::sim::journal::Outcome;
use provost::sim::trouble::{Act, Order};
use rustix::process::Signal;
use serde_json::json;

use super::replica::Replica;
use super::{holder, lease, stage, transitions};
use crate::stage::external_id;

#[tokio::test]
async fn a_leader_that_slept_through_its_lease_writes_no_more_and_ends() {
    let stage = stage().await;
    let mut a = Replica::start(&stage, "a");
    a.leads().await;
    for name in ["one", "two", "three"] {
        stage.account(name, json!({})).await;
        stage.ready(name).await;
    }
    let b = Replica::start(&stage, "b");
    b.said("stands by: another process leads").await;
    stage.vendor.trouble().place(Order::next_of("create_account", Act::Hold));
    stage.account("generalco", json!({})).await;
    stage.vendor_got("create_account", Outcome::Held).await;

    a.signal(Signal::STOP);
    // Work that the sleeper will find when it wakes up, and that its successor does meanwhile.
    for name in ["one", "two", "three"] {
        stage.edit(name, json!({"packageId": "93"})).await;
    }
    b.leads().await;
    let taken_up = stage.ready("generalco").await;
    for name in ["one", "two", "three"] {
        stage.ready(name).await;
        // Something left to do for whoever believes that it still leads.
        stage.edit(name, json!({"packageId": "94"})).await;
        stage.ready(name).await;
    }
    stage.vendor.trouble().release();
    a.signal(Signal::CONT);
    assert_eq!(a.ended().await.code(), Some(1));
    let lost = a.said("lost the lease").await;
    assert!(lost["why"].as_str().is_some_and(|why| why.contains("renewed") || why.contains("took it")), "{lost}");
    assert!(a.text().contains("error: the lease is lost"), "its last words say so");

    assert_eq!(a.wrote().iter().filter(|operation| *operation != "create_account").count(), 0, "{}", a.text());
    assert_eq!(b.wrote(), ["update_account"; 6]);
    assert_eq!(
        (stage.vendor.journal().count("create_account"), stage.vendor.journal().count("update_account")),
        (4, 6)
    );
    // What the sleeper recorded late is what its successor had recorded.
    let account = stage.looked_at("generalco").await;
    assert_eq!(external_id(&account), external_id(&taken_up));
    assert_eq!(account.annotations().get("provost.dev/pending-create"), None);
    assert_eq!(stage.vendor.accounts().len(), 4);
    let lease = lease(&stage).await;
    assert!(holder(&lease).unwrap().starts_with("b_") && transitions(&lease) == Some(2), "{lease:?}");
}
