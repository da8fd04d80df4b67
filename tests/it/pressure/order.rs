//! More work than the limits let through: who goes first.

use provost::sim::journal::Outcome;
use provost::sim::trouble::{Act, Order, Target};
use serde_json::{Value as Json, json};

use super::{limited, make, names, relimit};
use crate::stage::{CREDENTIALS, Stage};

/// With a backlog of creations at the vendor's door, an edit goes before nearly all of them.
async fn edit_behind_a_backlog(limits: Json) {
    let mut stage = Stage::bare(Default::default()).await;
    stage.write_secret(CREDENTIALS, stage.credentials()).await;
    stage.apply(&limited(&stage, json!({}))).await;
    stage.start_operator().await;
    stage.account("generalco", json!({"packageId": "93"})).await;
    stage.ready("generalco").await;
    relimit(&stage, limits).await;
    stage.api_ready().await;
    // So that those who come later find the line as long as it gets.
    stage.vendor.trouble().place(Order::every(Target::Writes, Act::Delay { millis: 50 }));
    let backlog = names(60);
    make(&stage, &backlog, &json!({})).await;
    let made =
        |entries: &[provost::sim::journal::Entry]| entries.iter().any(|entry| entry.operation == "create_account");
    stage.in_time(stage.vendor.journal().wait_for(made)).await;
    let before = stage.vendor.journal().count("create_account");
    stage.edit("generalco", json!({"packageId": "94"})).await;
    stage.vendor_got("update_account", Outcome::Answered).await;
    let passed = stage.vendor.journal().count("create_account") - before;
    assert!(passed <= 12, "{passed} creations went first");
    stage.vendor.trouble().clear();
    stage.vendor.trouble().release();
}

#[tokio::test]
async fn an_edit_goes_first_when_the_number_of_calls_under_way_is_the_limit() {
    edit_behind_a_backlog(json!({"concurrency": 2})).await;
}

#[tokio::test]
async fn an_edit_goes_first_when_the_calls_per_second_are_the_limit() {
    edit_behind_a_backlog(json!({"requestsPerSecond": 10, "burst": 1})).await;
}

#[tokio::test]
async fn an_edit_made_before_the_vendor_has_answered_goes_before_what_waited_longer() {
    let mut stage = Stage::bare(Default::default()).await;
    stage.write_secret(CREDENTIALS, stage.credentials()).await;
    stage.apply(&limited(&stage, json!({"concurrency": 1}))).await;
    stage.start_operator().await;
    // The last by name, too.
    stage.account("zulu", json!({"packageId": "93"})).await;
    stage.ready("zulu").await;
    stage.stop_operator().await;
    make(&stage, &names(40), &json!({})).await;
    stage.vendor.trouble().place(Order::next_of("list_accounts", Act::Hold));
    stage.vendor.trouble().place(Order::every(Target::Writes, Act::Delay { millis: 50 }));
    stage.start_operator().await;
    stage.vendor_got("list_accounts", Outcome::Held).await;
    let before = stage.vendor.journal().count("create_account");
    stage.edit("zulu", json!({"packageId": "94"})).await;
    // One that is made after it is seen after it.
    stage.account("later", json!({"adminApi": {"name": "none"}})).await;
    stage.unready("later", "AdminApiMissing").await;
    stage.vendor.trouble().release();
    stage.vendor_got("update_account", Outcome::Answered).await;
    let passed = stage.vendor.journal().count("create_account") - before;
    assert!(passed <= 12, "{passed} creations went first");
    stage.vendor.trouble().clear();
}
