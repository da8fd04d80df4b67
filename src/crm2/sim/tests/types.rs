//! Activity types and Twitter users.

use serde_json::{Value, json};

use super::{Bench, DOMAIN, bench, bench_with, refused};
use crate::crm2::sim::options::answers::ActivityTypeList;
use crate::crm2::sim::options::behaviour::{DuplicatePost, MissingDelete, TypeCase};

const TYPES: &str = "/admin/activity-type";

async fn listed(bench: &Bench) -> Value {
    bench.get(TYPES, &[]).await.value()
}

/// Trap 7: types are upper-cased by the server, whatever language it speaks.
#[tokio::test]
async fn types_are_upper_cased() {
    let bench = bench().await;
    for name in ["Pinned", "followup_email", "big-fish"] {
        assert_eq!(bench.post(TYPES, &[("activityType", name)]).await.value(), json!(name.to_uppercase()));
    }
    let names = json!(["EMAIL", "NOTE", "TASK", "PINNED", "FOLLOWUP_EMAIL", "BIG-FISH"]);
    assert_eq!(listed(&bench).await, names);
    bench.delete(TYPES, &[("activityType", "pinned")]).await.good();
    assert_eq!(listed(&bench).await, json!(["EMAIL", "NOTE", "TASK", "FOLLOWUP_EMAIL", "BIG-FISH"]));
    bench.sim.reconfigure(|options| options.behaviour.delete_type_case = TypeCase::Exact);
    let missing = refused(404, "there is no such activity type");
    assert_eq!(bench.delete(TYPES, &[("activityType", "big-fish")]).await.refusal(), missing);
    bench.delete(TYPES, &[("activityType", "BIG-FISH")]).await.good();
    assert_eq!(bench.post(TYPES, &[]).await.refusal(), refused(400, "activityType is required"));
    assert_eq!(bench.delete(TYPES, &[]).await.refusal(), refused(400, "activityType is required"));
}

#[tokio::test]
async fn types_are_listed_as_texts_or_objects() {
    let bench = bench_with(|options| options.answers.activity_type_list = ActivityTypeList::Objects).await;
    let written = bench.post(TYPES, &[("activityType", "pinned")]).await.value();
    assert_eq!(written, json!({"activityType": "PINNED"}));
    assert_eq!(listed(&bench).await[3], written);
}

#[tokio::test]
async fn built_in_types_may_stay_hidden_and_may_stay() {
    let bench = bench().await;
    bench.delete(TYPES, &[("activityType", "NOTE")]).await.good();
    assert_eq!(listed(&bench).await, json!(["EMAIL", "TASK"]));
    bench.sim.reconfigure(|options| {
        options.behaviour.removable_types = false;
        options.answers.list_built_in_types = false;
    });
    let refusal = bench.delete(TYPES, &[("activityType", "task")]).await.refusal();
    assert_eq!(refusal, refused(400, "the activity type TASK cannot be removed"));
    assert_eq!(listed(&bench).await, json!([]));
    assert_eq!(bench.sim.domain(DOMAIN).unwrap().activity_types, ["EMAIL", "TASK"]);
}

#[tokio::test]
async fn a_type_that_is_there_is_no_change_or_an_error() {
    for (posts, status) in [(DuplicatePost::Mixed, 200), (DuplicatePost::Ok, 200), (DuplicatePost::Error, 409)] {
        let bench = bench_with(|options| options.behaviour.duplicate_post = posts).await;
        assert_eq!(bench.post(TYPES, &[("activityType", "note")]).await.status, status);
        assert_eq!(listed(&bench).await, json!(["EMAIL", "NOTE", "TASK"]));
    }
}

#[tokio::test]
async fn twitter_users_are_added_listed_and_removed() {
    const TWITTER: &str = "/admin/twitter";
    let bench = bench().await;
    let ada = [("userName", "ada"), ("token", "t-1"), ("tokenSecret", "s-1")];
    assert_eq!(bench.post(TWITTER, &ada).await.value(), json!({"userName": "ada"}));
    assert_eq!(bench.get(TWITTER, &[]).await.value(), json!([{"userName": "ada"}]));
    assert_eq!(bench.post(TWITTER, &ada).await.refusal(), refused(409, "there is such a Twitter user"));
    bench.sim.reconfigure(|options| options.behaviour.duplicate_post = DuplicatePost::Ok);
    bench.post(TWITTER, &[("userName", "ADA"), ("token", "t-2"), ("tokenSecret", "s-2")]).await.good();
    assert_eq!(bench.sim.domain(DOMAIN).unwrap().twitter[0].token, "t-2");
    assert_eq!(bench.post(TWITTER, &ada[..2]).await.refusal(), refused(400, "tokenSecret is required"));
    bench.delete(TWITTER, &[("userName", "Ada")]).await.good();
    assert_eq!(bench.delete(TWITTER, &[("userName", "ada")]).await.status, 404);
    bench.sim.reconfigure(|options| options.behaviour.missing_delete = MissingDelete::Ok);
    assert_eq!(bench.delete(TWITTER, &[("userName", "ada")]).await.status, 200);
    assert_eq!(bench.delete(TYPES, &[("activityType", "NONE")]).await.status, 200);
}
