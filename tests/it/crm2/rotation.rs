//! Rotation: the permanent token of the AdminApi, reset once for each request; where the new one goes, and what is left when its answer is lost.

use k8s_openapi::api::core::v1::Secret;
use provost::crm2::sim::options::answers::ResetTokenShape;
use provost::crm2::sim::{Options, Simulator};
use provost::sim::trouble::{Act, Order};
use serde_json::{Value as Json, json};

use super::{DOMAIN, example};
use crate::log;
use crate::objects::{Objects, assert_kstatus, is, message};
use crate::stage::{CREDENTIALS, Stage};
use crate::tap;

const KIND: &str = "CrmDomain";

/// A stage on which a domain asks for nothing yet.
async fn stage(options: Options) -> (Stage<Simulator>, Objects) {
    let stage = Stage::crm2(options, &[KIND]).await;
    let domains = stage.objects(KIND);
    (stage, domains)
}

/// A domain with nothing but this request.
fn asking(request: &str) -> Json {
    let fields = json!({
        "emailNotifications": null, "emailsToPoll": null, "activityTypes": null, "tokenRotation": {"request": request},
    });
    example(KIND, "acme", fields)
}

/// How often the token was reset.
fn resets(stage: &Stage<Simulator>) -> u64 {
    stage.vendor.effect(&format!("{DOMAIN} token reset"))
}

/// Whether the AdminApi's Secret has the token in force.
async fn is_stored(stage: &Stage<Simulator>) -> bool {
    let secret = stage.api::<Secret>().get(CREDENTIALS).await.unwrap();
    let stored = &secret.data.unwrap()["authToken"].0;
    stage.credentials()["authToken"].as_str().unwrap().as_bytes() == stored
}

/// Contract 2.1 and trap 15: one reset for each value, whatever shape its answer has; the new token is written and works; no other place is told.
#[tokio::test]
async fn the_token_is_reset_once_for_each_request() {
    for shape in [ResetTokenShape::Object, ResetTokenShape::String, ResetTokenShape::Bare] {
        let mut options = Options::default();
        options.answers.reset_token_shape = shape;
        options.behaviour.reset_ends_temporary = shape == ResetTokenShape::Bare;
        let (stage, domains) = stage(options).await;
        // A request that is there from the start is one.
        stage.apply(&asking("2026-11-21")).await;
        let object = domains.ready("acme").await;
        assert_kstatus(&object);
        assert!(is(&object, "TokenRotated", "True", "Rotated"), "{object:#?}");
        assert_eq!(object.data["status"]["rotation"]["request"], "2026-11-21");
        assert!(is_stored(&stage).await);
        domains.looked_at("acme").await;
        assert_eq!(resets(&stage), 1, "{shape:?}");
        // Left out and written again, it is the same request; another one is another.
        domains.edit("acme", json!({"tokenRotation": null})).await;
        domains.ready("acme").await;
        domains.edit("acme", json!({"tokenRotation": {"request": "2026-11-21"}})).await;
        domains.ready("acme").await;
        assert_eq!(resets(&stage), 1, "{shape:?}");
        domains.edit("acme", json!({"tokenRotation": {"request": "2026-12-21"}})).await;
        domains.until("acme", |object| is(object, "TokenRotated", "True", "Rotated")).await;
        assert_eq!((resets(&stage), is_stored(&stage).await), (2, true), "{shape:?}");
        stage.api_ready().await;

        let token = stage.credentials()["authToken"].as_str().unwrap().to_owned();
        let told = |call: &&tap::Call| !call.path.contains("/secrets/") && call.says(&token);
        assert_eq!(stage.tap.calls_since(0).iter().filter(told).count(), 0, "the token stands elsewhere");
        assert!(!log::text().contains(&token) && !stage.metrics().await.contains(&token));
    }
}

#[tokio::test]
async fn nothing_is_reset_before_its_successor_has_a_place() {
    let (stage, domains) = stage(Options::default()).await;
    stage.patch::<Secret>(CREDENTIALS, json!({"immutable": true})).await;
    stage.apply(&asking("1")).await;
    let object = domains.unready("acme", "SecretNotWritable").await;
    assert!(message(&object, "Ready").contains("spec.tokenRotation.request"), "{}", message(&object, "Ready"));
    assert!(is(&object, "TokenRotated", "False", "RotationPending"), "{object:#?}");
    assert_eq!(stage.vendor.journal().count("reset_token"), 0);
}

/// Contract 2.1: the answer is lost, and with it the new token. What happened and what to do is said; then it goes on, and there is no second reset.
#[tokio::test]
async fn a_lost_answer_says_where_the_new_token_is() {
    for restarts in [false, true] {
        let (mut stage, domains) = stage(Options::default()).await;
        stage.vendor.trouble().place(Order::next_of("reset_token", Act::LoseAnswer));
        stage.apply(&asking("1")).await;
        if restarts {
            let reset =
                |entries: &[provost::sim::journal::Entry]| entries.iter().any(|entry| entry.operation == "reset_token");
            stage.in_time(stage.vendor.journal().wait_for(reset)).await;
            stage.kill_operator().await;
            stage.start_operator().await;
        }
        let object = domains.unready("acme", "RenewalUnfinished").await;
        let said = message(&object, "Ready");
        for part in ["tokenRotation.request", "My Account", CREDENTIALS] {
            assert!(said.contains(part), "{said}");
        }
        stage.write_secret(CREDENTIALS, stage.credentials()).await;
        let object = domains.ready("acme").await;
        assert!(is(&object, "TokenRotated", "True", "Rotated"), "{object:#?}");
        assert_eq!((resets(&stage), stage.vendor.journal().performed("reset_token")), (1, 1), "{restarts}");
    }
}

/// Another key of the Secret says nothing of the token: what did not arrive is made all the same.
#[tokio::test]
async fn a_note_in_the_secret_is_no_new_token() {
    let (mut stage, domains) = stage(Options::default()).await;
    stage.vendor.trouble().place(Order::next_of("reset_token", Act::CutBefore));
    stage.apply(&asking("1")).await;
    let asked = |entries: &[provost::sim::journal::Entry]| entries.iter().any(|entry| entry.operation == "reset_token");
    stage.in_time(stage.vendor.journal().wait_for(asked)).await;
    stage.kill_operator().await;
    let before = resets(&stage);
    stage.write_secret(CREDENTIALS, json!({"note": "of somebody"})).await;
    stage.start_operator().await;
    let object = domains.ready("acme").await;
    assert!(is(&object, "TokenRotated", "True", "Rotated"), "{object:#?}");
    assert_eq!((before, resets(&stage), is_stored(&stage).await), (0, 1, true));
}

/// The old token lives, so that nothing was done: the call is made again.
#[tokio::test]
async fn a_reset_that_did_not_arrive_is_made() {
    let (stage, domains) = stage(Options::default()).await;
    stage.vendor.trouble().place(Order::next_of("reset_token", Act::CutBefore));
    stage.apply(&asking("1")).await;
    domains.ready("acme").await;
    assert_eq!((resets(&stage), is_stored(&stage).await), (1, true));
}
