//! The AdminApi of an Intrexx: its licence, its make, and credentials that are no secret.

use std::pin::pin;

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::events::v1::Event;
use kube::runtime::{WatchStreamExt, watcher};
use provost::engine::admin_api::AdminApi;
use provost::intrexx::sim::Simulator;
use serde_json::json;

use super::seeded;
use crate::stage::{API, CREDENTIALS, Conditioned, Stage};

/// Trap 25: without its licence the Administration API does nothing, and the AdminApi says what to do; with one it is installed first.
#[tokio::test]
async fn a_licence_is_asked_for_and_installed() {
    let mut options = seeded();
    options.server.unlicensed = true;
    let stage: Stage<Simulator> = Stage::intrexx(options, &[]).await;
    let api = stage.api_unready("Denied").await;
    assert!(api.message("Ready").contains("spec.intrexx.license"), "{}", api.message("Ready"));

    let license = json!({"secretRef": {"name": CREDENTIALS, "key": "license"}});
    stage.patch::<AdminApi>(API, json!({"spec": {"intrexx": {"license": license}}})).await;
    stage.api_ready().await;
    assert_eq!(stage.vendor_writes(), [("license_admin_api", json!({"key": "***"}))]);
    stage.looked_at::<AdminApi>(API).await;
    assert_eq!(stage.vendor.journal().count("license_admin_api"), 1);
}

/// Trap 1: the vendor's containers have no list of portals, and are well.
#[tokio::test]
async fn an_installation_without_a_list_of_portals_is_ready() {
    let mut options = seeded();
    options.server.containers = Some(503);
    let stage: Stage<Simulator> = Stage::intrexx(options, &[]).await;
    let api = stage.api_ready().await;
    assert_eq!(api.status.unwrap().vendor.as_deref(), Some("Intrexx"));
    assert_eq!(stage.vendor_writes(), []);
}

/// Trap 15: a documented password works, and is warned of without being shown.
#[tokio::test]
async fn a_password_that_everybody_knows_is_warned_of() {
    let mut options = seeded();
    options.credentials.password = "changeit".to_owned();
    let stage: Stage<Simulator> = Stage::intrexx(options, &[]).await;
    stage.api_ready().await;
    let events = watcher(stage.api::<Event>(), watcher::Config::default()).applied_objects();
    let warned = events.try_filter(|event| std::future::ready(event.reason.as_deref() == Some("CredentialsPublic")));
    let event = stage.in_time(async { pin!(warned).next().await.unwrap().unwrap() }).await;
    assert_eq!((event.type_.as_deref(), event.regarding.unwrap().kind.as_deref()), (Some("Warning"), Some("AdminApi")));
    assert!(!event.note.unwrap().contains("changeit"));
}
