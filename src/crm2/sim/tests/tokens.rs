//! Permanent and temporary tokens.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;

use super::{DOMAIN, TOKEN, bench, bench_with, refused};
use crate::base::secret::Secret;
use crate::crm2::sim::Login;
use crate::crm2::sim::options::answers::{Envelope, ResetTokenShape};
use crate::sim::trouble::{Act, Order};

/// Trap 15: the reset ends the caller's own credential.
#[tokio::test]
async fn a_reset_ends_the_permanent_token() {
    let mut bench = bench().await;
    let new = bench.post("/admin/reset-token", &[]).await.value()["authToken"].as_str().unwrap().to_owned();
    assert!(new.len() >= 32 && new.chars().all(|c| c.is_ascii_alphanumeric()) && new != TOKEN);
    assert_eq!(bench.get("/admin/activity-type", &[]).await.status, 401);
    let again = refused(401, "authToken is not valid, or not any more");
    assert_eq!(bench.post("/admin/reset-token", &[]).await.refusal(), again);
    assert_eq!(bench.validate(TOKEN).await.good(), json!({"authenticated": false}));
    assert_eq!(bench.validate(&new).await.good(), json!({"authenticated": true}));
    assert_eq!(bench.sim.credentials()["authToken"].expose(), new);
    bench.token = new;
    assert_eq!(bench.get("/admin/activity-type", &[]).await.status, 200);
    assert_eq!(bench.sim.effect("acme.example token reset"), 1);
}

#[tokio::test]
async fn a_new_token_is_told_in_three_shapes() {
    for shape in [ResetTokenShape::Object, ResetTokenShape::String, ResetTokenShape::Bare] {
        let bench = bench_with(|options| options.answers.reset_token_shape = shape).await;
        let told = bench.post("/admin/reset-token", &[]).await.good();
        let new = bench.sim.credentials()["authToken"].expose().to_owned();
        let expected = match shape {
            ResetTokenShape::Object => json!({"result": {"resultValue": {"authToken": new}}}),
            ResetTokenShape::String => json!({"result": {"resultValue": new}}),
            ResetTokenShape::Bare => json!({"authToken": new}),
        };
        assert_eq!(told, expected);
    }
}

/// Who loses the answer is locked out until somebody looks under "My Account".
#[tokio::test]
async fn a_reset_whose_answer_is_lost_locks_out() {
    let mut bench = bench().await;
    bench.sim.trouble().place(Order::next_of("reset_token", Act::LoseAnswer));
    let lost = bench.form_request(Method::POST, "/admin/reset-token", &[]).send().await;
    assert!(lost.is_err());
    assert_eq!(bench.post("/admin/reset-token", &[]).await.status, 401);
    assert_eq!(bench.sim.effect("acme.example token reset"), 1);
    let found = bench.control("GET", "my-account").await.good();
    assert_eq!(found["userId"], "owner@acme.example");
    bench.token = found["authToken"].as_str().unwrap().to_owned();
    assert_eq!(bench.get("/admin/activity-type", &[]).await.status, 200);
}

#[tokio::test]
async fn a_temporary_token_stands_for_its_user_for_a_while() {
    let mut bench = bench_with(|options| options.server.temporary_token_seconds = 600).await;
    let (first, second) = (bench.temporary().await, bench.temporary().await);
    assert_ne!(first, second);
    bench.token.clone_from(&first);
    assert_eq!(bench.get("/admin/activity-type", &[]).await.status, 200);
    assert_eq!(bench.get("/contacts-users", &[]).await.status, 200);
    assert_eq!(bench.validate(&second).await.good(), json!({"authenticated": true}));
    bench.sim.advance(SignedDuration::from_secs(600));
    assert_eq!(bench.get("/admin/activity-type", &[]).await.status, 401);
    assert_eq!(bench.validate(&second).await.good(), json!({"authenticated": false}));
    assert!(bench.sim.lets_in(&Secret::new(TOKEN)));
}

#[tokio::test]
async fn only_a_permanent_token_makes_others() {
    let mut bench = bench().await;
    bench.token = bench.temporary().await;
    let permanent = refused(401, "authToken must be the permanent token");
    assert_eq!(bench.post("/admin/reset-token", &[]).await.refusal(), permanent);
    let refusal = bench.post("/oauth/temp-token", &[]).await.refusal();
    assert_eq!(refusal, refused(401, "authToken is not a permanent token"));
    assert!(bench.sim.lets_in(&Secret::new(TOKEN)));

    bench.sim.reconfigure(|options| options.behaviour.temporary_on_admin = false);
    assert_eq!(bench.get("/admin/activity-type", &[]).await.refusal(), permanent);
    assert_eq!(bench.get("/contacts-users", &[]).await.status, 200);
}

#[tokio::test]
async fn temporary_tokens_outlive_a_reset_or_not() {
    for ends in [false, true] {
        let mut bench = bench_with(|options| options.behaviour.reset_ends_temporary = ends).await;
        let temporary = bench.temporary().await;
        bench.post("/admin/reset-token", &[]).await.good();
        bench.token = temporary;
        assert_eq!(bench.get("/admin/activity-type", &[]).await.status, if ends { 401 } else { 200 });
    }
}

#[tokio::test]
async fn a_token_belongs_to_a_login_and_not_to_its_contact() {
    let bench = bench().await;
    let id = bench.user("grace@acme.example").await;
    let twitter = [("contactId", id.as_str()), ("userId", "grace"), ("userIdType", "TWITTER_LOGIN")];
    bench.post("/admin/user", &twitter).await.good();
    let logins = bench.contact(&id).logins;
    let tokens: Vec<_> = logins.iter().map(|login| bench.sim.permanent_token(login)).collect();
    assert_ne!(tokens[0].expose(), tokens[1].expose());
    let new = bench.sim.reset_token(&logins[0]);
    assert!(bench.sim.lets_in(&new) && bench.sim.lets_in(&tokens[1]) && !bench.sim.lets_in(&tokens[0]));
    assert_eq!(bench.sim.permanent_token(&Login::google("owner@acme.example")).expose(), TOKEN);
}

#[tokio::test]
async fn the_calls_of_oauth_answer_bare_or_wrapped() {
    let bench = bench_with(|options| options.answers.oauth_envelope = Envelope::Wrapped).await;
    assert_eq!(bench.validate(TOKEN).await.value(), json!({"authenticated": true}));
    let reply = bench.post("/oauth/temp-token", &[]).await;
    assert!(bench.sim.lets_in(&Secret::new(reply.value()["authToken"].as_str().unwrap())));
    let not_json = bench.post("/oauth/validate", &[]).await;
    assert_eq!(not_json.refusal(), refused(400, "authToken is required"));
    assert_eq!(bench.sim.journal().of("validate_token").len(), 2);
    assert_eq!(bench.sim.domain(DOMAIN).unwrap().contacts.len(), 1);
}
