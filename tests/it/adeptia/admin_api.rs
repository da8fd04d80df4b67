//! The AdminApi of an Adeptia Connect: how it is let in, and what it says when it is not.

use provost::adeptia::sim::options::server::Denied;
use provost::adeptia::sim::{Options, Simulator};
use provost::engine::admin_api::AdminApi;
use serde_json::json;

use super::telling;
use crate::stage::{API, Conditioned, Stage};

/// Trap 24: a proxy that drops headers with an underscore lets nobody in, and the AdminApi says what to do about it.
#[tokio::test]
async fn a_dropped_header_is_explained_and_a_cookie_helps() {
    let mut options = Options::default();
    options.server.accept_header = false;
    let stage: Stage<Simulator> = Stage::adeptia(options, &[]).await;
    let api = stage.api_unready("Denied").await;
    assert!(api.message("Ready").contains("tokenIn: Cookie"), "{}", api.message("Ready"));
    stage.patch::<AdminApi>(API, json!({"spec": {"adeptiaConnect": {"tokenIn": "Cookie"}}})).await;
    let api = stage.api_ready().await;
    assert_eq!(api.status.unwrap().vendor.as_deref(), Some("Adeptia Connect"));
    assert_eq!(stage.vendor_writes(), []);
}

/// Contract 1.4: tokens that have ended show as 401, as the login page or as a redirect to it, and nobody notices.
#[tokio::test]
async fn tokens_that_end_are_replaced_unnoticed() {
    for denied in [Denied::Unauthorized, Denied::LoginPage, Denied::Redirect] {
        let mut options = telling();
        options.server.denied = denied;
        let stage: Stage<Simulator> = Stage::adeptia(options, &["ConnectUser"]).await;
        stage.given("ConnectUser", "new", json!({})).await;
        let users = stage.objects("ConnectUser");
        stage.vendor.end_sessions();
        users.edit("new", json!({"firstName": "Tess"})).await;
        users.ready("new").await;
        assert_eq!(stage.vendor.user("new@adeptia.example").unwrap().first_name, "Tess");
        assert_eq!(stage.vendor.journal().count("login"), 2, "{denied:?}");
    }
}

#[tokio::test]
async fn wrong_credentials_are_told_and_not_tried_again_and_again() {
    let mut options = Options::default();
    options.server.wrong_password_status = 403;
    let stage: Stage<Simulator> = Stage::adeptia(options, &[]).await;
    stage.api_ready().await;
    stage.vendor.reconfigure(|options| options.credentials.password = "planted-other-7Q".to_owned());
    stage.vendor.end_sessions();
    stage.looked_at::<AdminApi>(API).await;
    let api = stage.api_unready("Denied").await;
    assert!(!api.message("Ready").contains("P@ssw0rd"), "{}", api.message("Ready"));
}
