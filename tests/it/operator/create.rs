//! Creating without doubles: whatever gets lost, whoever dies, there is one account in the end, and it is ours.

use kube::ResourceExt;
use provost::myintranetapps::sim::{NewAccount, Options};
use provost::myintranetapps::tenant_account::TenantAccount;
use provost::sim::journal::Outcome;
use provost::sim::trouble::{Act as VendorAct, Order, Target};
use serde_json::json;

use crate::stage::{Conditioned, Stage, external_id};
use crate::tap::{Act, Call, Fate};

const EXTERNAL_ID: &str = "provost.dev/external-id";
const PENDING_CREATE: &str = "provost.dev/pending-create";

fn records_the_id(call: &Call) -> bool {
    call.annotates(EXTERNAL_ID).is_some()
}

fn announces(call: &Call) -> bool {
    call.annotates(PENDING_CREATE).is_some()
}

/// One account was made, and the object is known to be its.
#[track_caller]
fn assert_taken_up(stage: &Stage, account: &TenantAccount) {
    let made = stage.only_account();
    assert_eq!(external_id(account), Some(made.key.as_str()));
    assert_eq!(account.annotations().get(PENDING_CREATE), None);
    assert_eq!(stage.vendor.journal().performed("create_account"), 1);
}

#[tokio::test]
async fn an_account_whose_answer_was_lost_is_taken_up() {
    let stage = Stage::connected().await;
    stage.vendor.trouble().place(Order::next_of("create_account", VendorAct::LoseAnswer));
    stage.account("generalco", json!({"packageId": "93"})).await;
    let account = stage.ready("generalco").await;
    assert_taken_up(&stage, &account);
    assert_eq!(stage.vendor.journal().count("create_account"), 1);
    // Adoption is forbidden, and yet this is no adoption: the announcement says whose it is.
    stage.tap.wait_for(|call| call.is_event() && call.body["reason"] == "Created").await;
}

#[tokio::test]
async fn a_spoilt_answer_is_a_lost_answer() {
    for spoilt in [VendorAct::Garbage, VendorAct::Truncate] {
        let stage = Stage::connected().await;
        stage.vendor.trouble().place(Order::next_of("create_account", spoilt));
        stage.account("generalco", json!({})).await;
        let account = stage.ready("generalco").await;
        assert_taken_up(&stage, &account);
        assert_eq!(stage.vendor.journal().count("create_account"), 1);
    }
}

#[tokio::test]
async fn a_create_that_never_arrived_is_tried_again() {
    let stage = Stage::connected().await;
    stage.vendor.trouble().place(Order::next_of("create_account", VendorAct::CutBefore));
    stage.vendor.trouble().place(Order::next_of("create_account", VendorAct::answer(503)).after(1));
    stage.account("generalco", json!({})).await;
    let account = stage.ready("generalco").await;
    assert_taken_up(&stage, &account);
    assert_eq!(stage.vendor.journal().count("create_account"), 3);
}

#[tokio::test]
async fn killed_between_the_vendors_answer_and_our_record() {
    let mut stage = Stage::connected().await;
    stage.tap.next(Act::Hang, records_the_id);
    stage.account("generalco", json!({"active": true, "packageId": "93"})).await;
    stage.in_time(stage.tap.wait_for(|call| records_the_id(call) && call.fate == Fate::Hung)).await;
    stage.kill_operator().await;
    let orphan = stage.api::<TenantAccount>().get("generalco").await.unwrap();
    assert_eq!((external_id(&orphan), stage.vendor.accounts().len()), (None, 1));

    stage.start_operator().await;
    let account = stage.ready("generalco").await;
    assert_taken_up(&stage, &account);
    assert_eq!(stage.vendor.journal().count("create_account"), 1);
}

#[tokio::test]
async fn killed_between_the_announcement_and_the_call() {
    let mut stage = Stage::connected().await;
    stage.tap.next(Act::HangAnswer, announces);
    stage.account("generalco", json!({})).await;
    stage.in_time(stage.tap.wait_for(|call| announces(call) && call.fate == Fate::AnswerHung)).await;
    stage.kill_operator().await;
    let announced = stage.api::<TenantAccount>().get("generalco").await.unwrap();
    assert!(announced.annotations().contains_key(PENDING_CREATE));
    assert_eq!(stage.vendor_writes(), []);

    stage.start_operator().await;
    let account = stage.ready("generalco").await;
    assert_taken_up(&stage, &account);
    assert_eq!(stage.vendor.journal().count("create_account"), 1);
}

#[tokio::test]
async fn killed_while_the_vendor_works() {
    let mut stage = Stage::connected().await;
    stage.vendor.trouble().place(Order::next_of("create_account", VendorAct::Hold));
    stage.account("generalco", json!({})).await;
    stage.vendor_got("create_account", Outcome::Held).await;
    stage.kill_operator().await;
    stage.start_operator().await;
    let account = stage.ready("generalco").await;
    assert_taken_up(&stage, &account);
    assert_eq!(stage.vendor.journal().count("create_account"), 1);
}

#[tokio::test]
async fn told_to_stop_it_records_what_it_began() {
    let mut stage = Stage::connected().await;
    stage.vendor.trouble().place(Order::next_of("create_account", VendorAct::Hold));
    stage.account("generalco", json!({})).await;
    stage.vendor_got("create_account", Outcome::Held).await;
    let vendor = stage.vendor.trouble().clone();
    // The first is told to stop before the second lets the answer out.
    tokio::join!(stage.stop_operator(), async move { vendor.release() });
    let account = stage.api::<TenantAccount>().get("generalco").await.unwrap();
    assert_taken_up(&stage, &account);
}

#[tokio::test]
async fn killed_before_it_could_say_that_it_is_done() {
    let mut stage = Stage::connected().await;
    stage.tap.next(Act::Hang, |call| call.is_status() && call.path.contains("tenantaccounts"));
    stage.account("generalco", json!({"active": true})).await;
    let status = |call: &Call| call.is_status() && call.fate == Fate::Hung;
    stage.in_time(stage.tap.wait_for(status)).await;
    stage.kill_operator().await;
    stage.start_operator().await;
    let account = stage.ready("generalco").await;
    assert_taken_up(&stage, &account);
    assert_eq!(stage.vendor.journal().count("create_account"), 1);
}

#[tokio::test]
async fn a_vendor_write_is_not_repeated_because_kubernetes_fails() {
    for status in [409, 500] {
        let stage = Stage::connected().await;
        // The announcement, the id and the status, each refused a few times.
        stage.tap.times(2, Act::Refuse(status), announces);
        stage.tap.times(3, Act::Refuse(status), records_the_id);
        stage.tap.times(3, Act::Refuse(status), |call| call.is_status() && call.path.contains("tenantaccounts"));
        stage.account("generalco", json!({"active": true})).await;
        let account = stage.ready("generalco").await;
        assert_taken_up(&stage, &account);
        assert_eq!(stage.vendor_writes().len(), 1, "{status}");

        // What cannot be read back is not sent again either.
        stage.tap.times(3, Act::Refuse(status), |call| call.is_status() && call.path.contains("tenantaccounts"));
        stage.edit("generalco", json!({"active": false})).await;
        stage.ready("generalco").await;
        assert!(!stage.only_account().active);
        assert_eq!(stage.vendor_writes().len(), 2, "{status}");
    }
}

#[tokio::test]
async fn nothing_is_created_that_could_not_be_announced() {
    let stage = Stage::connected().await;
    stage.tap.times(3, Act::Refuse(500), announces);
    stage.account("generalco", json!({})).await;
    let refused = |call: &Call| announces(call) && matches!(call.fate, Fate::Answered(200));
    stage.in_time(stage.tap.wait_for(refused)).await;
    let account = stage.ready("generalco").await;
    assert_taken_up(&stage, &account);
    let writes = stage.tap.writes_since(0);
    let announced: Vec<_> = writes.iter().filter(|call| announces(call)).map(|call| call.fate).collect();
    assert_eq!(announced, [Fate::Refused(500), Fate::Refused(500), Fate::Refused(500), Fate::Answered(200)]);
}

#[tokio::test]
async fn a_strangers_subdomain_is_told_with_the_ways_out() {
    let stage = Stage::connected().await;
    stage.vendor.take_subdomain("generalco");
    stage.account("generalco", json!({})).await;
    let account = stage.unready("generalco", "KeyTaken").await;
    assert!(account.is("Stalled", "True", "KeyTaken"));
    let message = account.message("Ready");
    assert!(message.contains("subdomain generalco") && message.contains(EXTERNAL_ID), "{message}");
    // The vendor said that nothing was made, so nothing is announced any more.
    assert_eq!(account.annotations().get(PENDING_CREATE), None);
    assert_eq!(stage.vendor.journal().count("create_account"), 1);
    // Only a look that was asked for tries again at once.
    for tries in 2..4 {
        let account = stage.looked_at::<TenantAccount>("generalco").await;
        assert!(account.is("Ready", "False", "KeyTaken"));
        assert_eq!(stage.vendor.journal().count("create_account"), tries);
    }
    stage.delete::<TenantAccount>("generalco").await;
    stage.gone::<TenantAccount>("generalco").await;
    assert!(stage.vendor.accounts().is_empty());
}

#[tokio::test]
async fn an_existing_account_is_told_with_its_id_and_left_alone() {
    let stage = Stage::connected().await;
    let before = stage.vendor.add_account(NewAccount::new("generalco")).unwrap();
    stage.account("generalco", json!({})).await;
    let account = stage.unready("generalco", "AlreadyExists").await;
    let message = account.message("Ready");
    assert!(
        message.contains(&before.key) && message.contains(EXTERNAL_ID) && message.contains("IfExists"),
        "{message}"
    );
    assert_eq!(external_id(&account), None);
    // Whoever cannot have it is not shown what is in it.
    assert_eq!(account.status.as_ref().unwrap().facts.observed, None);
    stage.delete::<TenantAccount>("generalco").await;
    stage.gone::<TenantAccount>("generalco").await;
    assert_eq!((stage.vendor_writes(), stage.only_account()), (vec![], before));
}

#[tokio::test]
async fn an_adoption_looks_before_it_changes_anything() {
    for by_annotation in [true, false] {
        let stage = Stage::connected().await;
        let before = stage.vendor.add_account(NewAccount::new("generalco")).unwrap();
        // The report of the first look is held back: until it is out, nothing may be written at the vendor.
        stage.tap.next(Act::Hold, |call| call.is_status() && call.says("\"Adopted\""));
        let mut manifest = crate::stage::account("generalco", json!({"name": "generalco"}));
        if by_annotation {
            manifest["metadata"]["annotations"] = json!({EXTERNAL_ID: before.key});
        } else {
            manifest["spec"]["policy"] = json!({"adoption": "IfExists"});
        }
        stage.apply(&manifest).await;
        let report = stage.in_time(stage.tap.wait_for(|call| call.fate == Fate::Held)).await;
        let plan = &report.body["status"]["plan"];
        assert_eq!(
            (plan["action"].as_str(), plan["changes"][0]["field"].as_str()),
            (Some("Update"), Some("emailAdmin"))
        );
        assert_eq!((stage.vendor_writes(), stage.only_account()), (vec![], before.clone()));
        stage.tap.release();

        let account = stage.unready("generalco", "Adopted").await;
        let message = account.message("Ready");
        assert!(message.contains("emailAdmin") && message.contains("provost.dev/reconcile-at"), "{message}");
        assert_eq!(stage.vendor_writes(), []);
        stage.looked_at::<TenantAccount>("generalco").await;
        let account = stage.ready("generalco").await;
        assert_eq!(external_id(&account), Some(before.key.as_str()));
        assert_eq!(stage.only_account().email_admin, "cfo@generalco.example");
        assert_eq!(stage.vendor.journal().count("create_account"), 0);
    }
}

#[tokio::test]
async fn an_annotation_with_an_unknown_id_makes_nothing() {
    let stage = Stage::connected().await;
    let mut manifest = crate::stage::account("generalco", json!({}));
    manifest["metadata"]["annotations"] = json!({EXTERNAL_ID: "5a70d8fcd44aa9.76285892"});
    stage.apply(&manifest).await;
    // The vendor may just hide it: a write tells.
    stage.unready("generalco", "Adopted").await;
    stage.looked_at::<TenantAccount>("generalco").await;
    let account = stage.unready("generalco", "ExternalObjectGone").await;
    assert!(account.message("Ready").contains("5a70d8fcd44aa9.76285892"));
    assert_eq!(stage.vendor.journal().count("create_account"), 0);
}

#[tokio::test]
async fn a_status_that_was_lost_is_made_good_by_the_annotation() {
    let mut stage = Stage::connected().await;
    stage.account("generalco", json!({})).await;
    let key = external_id(&stage.ready("generalco").await).unwrap().to_owned();
    stage.stop_operator().await;
    let api = stage.api::<TenantAccount>();
    let empty = kube::api::Patch::Merge(json!({"status": null}));
    api.patch_status("generalco", &Default::default(), &empty).await.unwrap();
    stage.start_operator().await;
    let account = stage.ready("generalco").await;
    assert_eq!(account.status.unwrap().external_id, Some(key));
    assert_eq!(stage.vendor.journal().count("create_account"), 1);
}

#[tokio::test]
async fn one_account_however_often_the_answers_get_lost() {
    let stage = Stage::connected_to(Options { lose_response_after_create: true, ..Options::default() }).await;
    stage.vendor.trouble().place(Order::next_of("list_accounts", VendorAct::answer(502)).after(1).times(2));
    stage.account("generalco", json!({})).await;
    let account = stage.ready("generalco").await;
    assert_taken_up(&stage, &account);
}

#[tokio::test]
async fn a_call_that_was_never_sent_leaves_no_announcement() {
    let stage = Stage::connected().await;
    stage.account("first", json!({"packageId": "93"})).await;
    stage.ready("first").await;
    stage.tap.next(Act::Hold, announces);
    stage.account("second", json!({})).await;
    stage.in_time(stage.tap.wait_for(|call| announces(call) && call.fate == Fate::Held)).await;
    // The breaker opens between the announcement and the call.
    stage.vendor.trouble().place(Order::every(Target::Any, VendorAct::answer(401)));
    stage.edit("first", json!({"packageId": "94"})).await;
    stage.api_unready("Denied").await;
    stage.tap.release();
    let told = |account: &TenantAccount| account.is("Ready", "False", "AdminApiNotReady");
    let second = stage.until("second", told).await;
    assert_eq!(second.annotations().get(PENDING_CREATE), None);
    assert_eq!(second.finalizers(), [] as [&str; 0]);
    assert_eq!(stage.vendor.journal().count("create_account"), 1);
}

#[tokio::test]
async fn what_was_created_is_told_although_the_look_after_it_fails() {
    let stage = Stage::connected().await;
    stage.vendor.trouble().place(Order::next_of("create_account", VendorAct::Hold));
    stage.account("generalco", json!({})).await;
    stage.vendor_got("create_account", Outcome::Held).await;
    stage.vendor.trouble().place(Order::next_of("connection_health", VendorAct::answer(503)));
    stage.vendor.trouble().release();
    stage.ready("generalco").await;
    assert!(stage.vendor.trouble().waiting().is_empty());
    stage.in_time(stage.tap.wait_for(|call| call.is_event() && call.body["reason"] == "Created")).await;
}
