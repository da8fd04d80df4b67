//! A leader that is told to stop, or dies.

use kube::ResourceExt;
use provost::myintranetapps::tenant_account::TenantAccount;
use provost::sim::journal::Outcome;
use provost::sim::trouble::{Act, Order};
use rustix::process::Signal;
use serde_json::json;

use super::replica::{Replica, TERMS};
use super::{holder, lease, lease_until, stage, transitions};
use crate::stage::external_id;

const PENDING_CREATE: &str = "provost.dev/pending-create";

#[tokio::test]
async fn told_to_stop_it_finishes_under_its_lease_and_the_other_goes_on() {
    let stage = stage().await;
    let mut a = Replica::start(&stage, "a");
    a.leads().await;
    stage.account("one", json!({})).await;
    stage.ready("one").await;
    let b = Replica::start(&stage, "b");
    b.said("watching, and ready to work").await;
    b.said("stands by: another process leads").await;

    stage.vendor.trouble().place(Order::next_of("create_account", Act::Hold));
    stage.account("two", json!({})).await;
    stage.vendor_got("create_account", Outcome::Held).await;
    a.signal(Signal::TERM);
    a.said("told to stop").await;
    // New work is not begun.
    stage.edit("one", json!({"packageId": "93"})).await;
    // The lease is still renewed, and still its.
    for _ in 0..2 {
        let version = lease(&stage).await.resource_version();
        let renewed = lease_until(&stage, move |lease| lease.resource_version() != version).await;
        assert!(holder(&renewed).unwrap().starts_with("a_"), "{renewed:?}");
    }
    assert!(!b.has_said("leads") && !a.has_said("released the lease"));
    assert_eq!(stage.vendor.journal().count("update_account"), 0);

    stage.vendor.trouble().release();
    assert_eq!(a.ended().await.code(), Some(0));
    a.said("released the lease").await;
    b.leads().await;
    stage.ready("two").await;
    stage.ready("one").await;
    assert_eq!(a.wrote(), ["create_account", "create_account"]);
    assert_eq!(b.wrote(), ["update_account"]);
    assert_eq!(stage.vendor_writes().len(), 3);
    assert_eq!(transitions(&lease(&stage).await), Some(2));
}

#[tokio::test]
async fn a_lease_is_not_released_while_something_is_under_way() {
    let stage = stage().await;
    let flags = [TERMS.as_slice(), &["--drain-seconds", "1"]].concat();
    let mut a = Replica::start_with(&stage, stage.kubeconfig(), "a", &flags[..]);
    a.leads().await;
    stage.vendor.trouble().place(Order::next_of("create_account", Act::Hold));
    stage.account("generalco", json!({})).await;
    stage.vendor_got("create_account", Outcome::Held).await;
    a.signal(Signal::TERM);
    assert_eq!(a.ended().await.code(), Some(0));
    a.said("stopped with work under way; it is taken up again at the next start").await;
    assert!(holder(&lease(&stage).await).unwrap().starts_with("a_"));

    let b = Replica::start(&stage, "b");
    b.leads().await;
    let account = stage.ready("generalco").await;
    assert_eq!(external_id(&account), Some(stage.only_account().key.as_str()));
    assert_eq!((stage.vendor.journal().count("create_account"), b.wrote().len()), (1, 0));
}

#[tokio::test]
async fn when_the_leader_dies_the_other_takes_up_what_it_began() {
    let stage = stage().await;
    let mut a = Replica::start(&stage, "a");
    a.leads().await;
    let b = Replica::start(&stage, "b");
    b.said("stands by: another process leads").await;
    stage.vendor.trouble().place(Order::next_of("create_account", Act::Hold));
    stage.account("generalco", json!({})).await;
    stage.vendor_got("create_account", Outcome::Held).await;
    let announced = stage.api::<TenantAccount>().get("generalco").await.unwrap();
    let attempt = announced.annotations()[PENDING_CREATE].clone();
    assert!(attempt.ends_with(".1"), "the attempt {attempt:?} is of the first term");
    a.kill().await;
    // It died with the lease, so that runs out first.
    assert!(holder(&lease(&stage).await).unwrap().starts_with("a_"));
    b.leads().await;
    let account = stage.ready("generalco").await;
    assert_eq!(external_id(&account), Some(stage.only_account().key.as_str()));
    assert_eq!(account.annotations().get(PENDING_CREATE), None);
    assert_eq!((stage.vendor.journal().count("create_account"), b.wrote().len()), (1, 0));

    // The next one is announced under the second term.
    stage.vendor.trouble().place(Order::next_of("create_account", Act::Hold));
    stage.account("second", json!({})).await;
    stage.vendor_got("create_account", Outcome::Held).await;
    let announced = stage.api::<TenantAccount>().get("second").await.unwrap();
    assert!(announced.annotations()[PENDING_CREATE].ends_with(".2"), "{:?}", announced.annotations());
    stage.vendor.trouble().release();
    stage.ready("second").await;
}
