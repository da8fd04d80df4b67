//! The AdminApi of a CRM-2: its token, its domain, and where the parameters of a DELETE go.

use provost::base::secret::Secret;
use provost::crm2::sim::options::behaviour::DeleteParams;
use provost::crm2::sim::{Options, Simulator};
use provost::engine::admin_api::AdminApi;
use serde_json::json;

use super::{DOMAIN, example};
use crate::log;
use crate::objects::message;
use crate::stage::{API, CREDENTIALS, Conditioned, RECONCILE_AT, Stage};

/// Contract 1.3: the permanent token is validated, and the domain is looked into with it.
#[tokio::test]
async fn a_token_that_lives_makes_it_ready_and_one_that_was_reset_does_not() {
    let stage: Stage<Simulator> = Stage::crm2(Options::default(), &[]).await;
    let api = stage.api_ready().await;
    assert_eq!(api.status.unwrap().vendor.as_deref(), Some("CRM-2"));
    let owner = stage.vendor.domain(DOMAIN).unwrap().owner;
    stage.vendor.reset_token(&owner);
    stage.looked_at::<AdminApi>(API).await;
    let api = stage.api_unready("Denied").await;
    assert!(api.message("Ready").contains("My Account"), "{}", api.message("Ready"));
    stage.write_secret(CREDENTIALS, stage.credentials()).await;
    stage.api_ready().await;
    assert_eq!(stage.vendor_writes(), []);
}

/// Trap 16: a slip of the pen names another customer's domain; the vendor's refusal is told with what to correct.
#[tokio::test]
async fn another_domain_than_the_tokens_own_is_told() {
    let mut options = Options::default();
    options.server.domains.push("acne.example".to_owned());
    let stage: Stage<Simulator> = Stage::crm2_with(options, &[], json!({"clientDomain": "acne.example"})).await;
    let api = stage.api_unready("Denied").await;
    assert!(api.message("Ready").contains("spec.crm2.clientDomain"), "{}", api.message("Ready"));
}

/// A user without DOMAIN_CONF can administer nothing.
#[tokio::test]
async fn a_user_without_the_permission_is_told() {
    let mut options = Options::default();
    options.server.owner_lacks.push("DOMAIN_CONF".to_owned());
    let stage: Stage<Simulator> = Stage::crm2(options, &[]).await;
    let api = stage.api_unready("Denied").await;
    assert!(api.message("Ready").contains("DOMAIN_CONF"), "{}", api.message("Ready"));
}

/// Trap 1: a server that reads a DELETE's parameters elsewhere is told of, and deleteParameters helps.
#[tokio::test]
async fn the_parameters_of_a_delete_go_where_the_admin_api_says() {
    let mut options = Options::default();
    options.behaviour.delete_params = DeleteParams::Body;
    let stage: Stage<Simulator> = Stage::crm2(options, &["CrmDomain"]).await;
    let domains = stage.objects("CrmDomain");
    let types = json!({"names": ["PINNED"], "authoritative": true});
    let only_types = json!({"emailNotifications": null, "emailsToPoll": null, "activityTypes": types});
    stage.given("CrmDomain", "acme", only_types).await;
    stage.vendor.edit_domain(DOMAIN, |domain| domain.activity_types.push("OLD".to_owned())).unwrap();
    domains.annotate("acme", RECONCILE_AT, Some("now")).await;
    let told = |object: &kube::api::DynamicObject| message(object, "Ready").contains("deleteParameters");
    domains.until("acme", told).await;
    stage.patch::<AdminApi>(API, json!({"spec": {"crm2": {"deleteParameters": "Body"}}})).await;
    stage.looked_at::<AdminApi>(API).await;
    domains.looked_at("acme").await;
    domains.ready("acme").await;
    assert_eq!(stage.vendor.domain(DOMAIN).unwrap().added_types().collect::<Vec<_>>(), ["PINNED"]);
}

/// Trap 3: neither token is in a log, a status or a metric, whatever is called, and the permanent one in no query.
#[tokio::test]
async fn no_token_is_told_to_anybody() {
    let stage: Stage<Simulator> = Stage::crm2(Options::default(), &["CrmDomain"]).await;
    let domains = stage.objects("CrmDomain");
    stage.apply(&example("CrmDomain", "acme", json!({"policy": {"deletion": "Delete"}}))).await;
    domains.ready("acme").await;
    let metrics = stage.metrics().await;
    domains.delete("acme").await;
    domains.gone("acme").await;
    let snapshot = stage.vendor.snapshot().unwrap();
    let issued = snapshot["temporary"].as_array().unwrap();
    let temporary: Vec<Secret> = issued.iter().map(|token| Secret::new(token["token"].as_str().unwrap())).collect();
    assert!(!temporary.is_empty(), "no temporary token was issued");
    let tokens = temporary.into_iter().chain(stage.vendor.credentials().into_values());
    let said = format!("{}{metrics}{:?}", log::text(), stage.tap.writes_since(0));
    for token in tokens {
        assert!(!said.contains(token.expose()), "a token is told");
    }
}
