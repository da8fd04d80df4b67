//! Outage: vendors that ask for patience, fail, or take other credentials from one moment to the next.

use futures::FutureExt;
use provost::engine::admin_api::AdminApi;
use provost::sim::journal::{Entry, Outcome};
use provost::sim::simulated::Simulated;
use provost::sim::trouble::{Act, Order, Target};
use serde_json::json;

use super::{any, editable, on_each};
use crate::stage::{API, CREDENTIALS};

#[tokio::test]
async fn a_vendor_that_asks_for_patience_gets_it() {
    refused_first(429).await;
}

#[tokio::test]
async fn a_vendor_that_fails_is_asked_again() {
    refused_first(503).await;
}

/// The first write of a create is answered with this status, and so is that of an update.
async fn refused_first(status: u16) {
    on_each(any, move |scene| {
        async move {
            let refuse = || Order::next(Target::Writes, Act::answer(status));
            scene.stage.vendor.trouble().place(refuse());
            scene.stage.apply(&scene.manifest("first", json!({}))).await;
            scene.arrived("first").await;
            let created = scene.values("first");
            if scene.bed.can_be_edited() {
                scene.stage.vendor.trouble().place(refuse());
                scene.patch("first", json!({"spec": (scene.bed.edit)()})).await;
                scene.arrived("first").await;
                assert_ne!(scene.values("first"), created);
            }
            assert_eq!(scene.stage.vendor.trouble().waiting(), []);
            scene.assert_silent("first").await;
        }
        .boxed()
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_given_up_and_its_outcome_looked_for() {
    on_each(editable, |scene| {
        async move {
            scene.stage.apply(&scene.manifest("first", json!({}))).await;
            scene.arrived("first").await;
            let before = scene.values("first");
            scene.stage.vendor.trouble().place(Order::next(Target::Writes, Act::Hold));
            scene.patch("first", json!({"spec": (scene.bed.edit)()})).await;
            let given_up = |entries: &[Entry]| entries.iter().any(|entry| entry.outcome == Outcome::CallerGone);
            scene.stage.in_time(scene.stage.vendor.journal().wait_for(given_up)).await;
            scene.arrived("first").await;
            assert_ne!(scene.values("first"), before);
            scene.assert_silent("first").await;
        }
        .boxed()
    })
    .await;
}

#[tokio::test]
async fn changed_credentials_are_told_and_taken_up() {
    on_each(editable, |scene| {
        async move {
            scene.stage.apply(&scene.manifest("first", json!({}))).await;
            scene.arrived("first").await;
            let before = scene.values("first");
            scene.stage.vendor.rotate_credentials();
            scene.stage.looked_at::<AdminApi>(API).await;
            scene.stage.api_unready("Denied").await;
            scene.patch("first", json!({"spec": (scene.bed.edit)()})).await;
            assert_eq!(scene.values("first"), before);
            scene.stage.write_secret(CREDENTIALS, scene.stage.credentials()).await;
            scene.stage.api_ready().await;
            scene.arrived("first").await;
            assert_ne!(scene.values("first"), before);
        }
        .boxed()
    })
    .await;
}
