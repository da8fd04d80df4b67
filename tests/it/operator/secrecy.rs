//! What is secret appears nowhere but in Secrets and in the calls that carry it: a vendor that repeats it in its messages included.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::api::events::v1::Event;
use kube::Api;
use kube::api::ListParams;
use provost::engine::admin_api::AdminApi;
use provost::myintranetapps::sim::options::{Credentials, Environment};
use provost::myintranetapps::sim::{Breakage, Options};
use provost::myintranetapps::tenant_account::TenantAccount;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::log;
use crate::stage::{API, CREDENTIALS, Conditioned, Stage, account, admin_api};

const PASSWORD: &str = "planted-vendor-password-7Q";
const ACCOUNT_KEY: &str = "planted0account0key.12345678";
const ADMIN_PASSWORD: &str = "planted-admin-password-8W";
const SECOND_PASSWORD: &str = "planted-admin-password-9E";

/// Everything that must not appear, in each form in which it travels.
fn planted() -> Vec<String> {
    let plain = [PASSWORD, ACCOUNT_KEY, ADMIN_PASSWORD, SECOND_PASSWORD].map(str::to_owned);
    let pair = STANDARD.encode(format!("api-admin:{PASSWORD}"));
    let encoded = plain.each_ref().map(|text| STANDARD.encode(text));
    plain.into_iter().chain(encoded).chain([pair]).collect()
}

/// A vendor that repeats in its message whatever secrets it was sent, and has no accounts. Starts on a port of its own.
async fn echo() -> (String, mpsc::UnboundedReceiver<String>) {
    let (heard, hears) = mpsc::unbounded_channel();
    let router = Router::new().fallback(answer).with_state(heard);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, hears)
}

async fn answer(State(heard): State<mpsc::UnboundedSender<String>>, headers: HeaderMap, body: Bytes) -> String {
    let body: Json = serde_json::from_slice(&body).unwrap_or_default();
    if body["action"] == "list_accounts" {
        return json!({"status_code": 200, "message": "ok", "accounts": []}).to_string();
    }
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let basic = header("authorization").replace("Basic ", "");
    let login = String::from_utf8(STANDARD.decode(&basic).unwrap()).unwrap();
    let password = body["password"].as_str().unwrap_or_default();
    let message = format!("no {password}! not for {login} ({basic}) of {}", header("account-key"));
    heard.send(message.clone()).unwrap();
    json!({"status_code": 400, "message": message}).to_string()
}

/// All objects of a kind, as Kubernetes stores them.
async fn dump<K>(stage: &Stage) -> String
where
    K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + Serialize
        + std::fmt::Debug,
{
    let api: Api<K> = stage.api();
    let objects = api.list(&ListParams::default()).await.unwrap().items;
    assert!(!objects.is_empty(), "there is nothing to look through");
    serde_json::to_string(&objects).unwrap()
}

fn options() -> Options {
    let credentials =
        Credentials { password: PASSWORD.to_owned(), account_key: ACCOUNT_KEY.to_owned(), ..Credentials::default() };
    Options { credentials, seed_connections: Some(Environment::Production), ..Options::default() }
}

#[tokio::test]
async fn planted_secrets_appear_nowhere() {
    let stage = Stage::connected_to(options()).await;
    let (url, mut heard) = echo().await;
    let mut echoing = admin_api(&url);
    echoing["metadata"]["name"] = json!("echo");
    stage.apply(&echoing).await;
    stage.write_secret("admin", json!({"password": ADMIN_PASSWORD})).await;
    let password = json!({"secretRef": {"name": "admin", "key": "password"}});

    // The vendor refuses, and repeats everything that is secret.
    let mut refused = account("echoed", json!({"adminPassword": password}));
    refused["spec"]["adminApi"]["name"] = json!("echo");
    stage.apply(&refused).await;
    let echoed = stage.unready("echoed", "Refused").await;
    let said = heard.recv().await.unwrap();
    assert!([PASSWORD, ACCOUNT_KEY, ADMIN_PASSWORD].iter().all(|secret| said.contains(secret)), "{said}");
    let message = echoed.message("Ready");
    assert!(message.contains("no ***! not for"), "{message}");

    // An account's whole life, with a connection whose error message repeats the password.
    let fields = json!({
        "adminPassword": password, "packageId": "93", "active": true,
        "writeConnectionTo": {"secretRef": {"name": "details"}},
    });
    stage.account("generalco", fields).await;
    stage.ready("generalco").await;
    let breakage = Breakage { message: Some(format!("login with {PASSWORD} failed")), ..Breakage::default() };
    stage.vendor.break_connection("generalco", &breakage).unwrap();
    let broken = stage.resynced("generalco").await;
    assert!(broken.message("ConnectionsHealthy").contains("login with *** failed"), "{broken:#?}");
    stage.write_secret("admin", json!({"password": SECOND_PASSWORD})).await;
    let told = |account: &TenantAccount| account.is("Synced", "True", "CreateOnlyChanged");
    stage.until("generalco", told).await;
    stage.edit("generalco", json!({"policy": {"management": "Plan"}, "packageId": "94"})).await;
    stage.unready("generalco", "AwaitingApproval").await;

    // Credentials that do not work, and a deletion.
    let mut wrong = stage.credentials();
    wrong["accountKey"] = json!(format!("{ACCOUNT_KEY}9"));
    stage.write_secret(CREDENTIALS, wrong).await;
    stage.api_unready("Denied").await;
    stage.write_secret(CREDENTIALS, stage.credentials()).await;
    stage.api_ready().await;
    stage.account("short-lived", json!({"adminPassword": password})).await;
    stage.ready("short-lived").await;
    stage.delete::<TenantAccount>("short-lived").await;
    stage.gone::<TenantAccount>("short-lived").await;
    // A deletion that the guard holds.
    stage.patch::<AdminApi>(API, json!({"spec": {"guard": {"maxDeletions": 0}}})).await;
    stage.account("held", json!({"adminPassword": password})).await;
    stage.ready("held").await;
    stage.delete::<TenantAccount>("held").await;
    stage.unready("held", "DeletionHeld").await;
    stage.until(API, |api: &AdminApi| api.is("DeletionsHeld", "True", "DeletionHeld")).await;
    stage.looked_at::<AdminApi>(API).await;
    stage.in_time(stage.tap.wait_for(|call| call.is_event() && call.body["reason"] == "Disabled")).await;

    let sent: Vec<String> =
        stage.tap.writes_since(0).iter().map(|call| format!("{} {}", call.path, call.body)).collect();
    let places = [
        ("TenantAccounts", dump::<TenantAccount>(&stage).await),
        ("AdminApis", dump::<AdminApi>(&stage).await),
        ("ConfigMaps", dump::<ConfigMap>(&stage).await),
        ("Events", dump::<Event>(&stage).await),
        ("the metrics", stage.metrics().await),
        ("the log", log::text()),
        ("what was written to Kubernetes", sent.join("\n")),
        ("the change record", serde_json::to_string(&stage.tap.changes.all()).unwrap()),
        ("the vendor's journal", serde_json::to_string(&stage.vendor.journal().all()).unwrap()),
    ];
    for (place, text) in places {
        for secret in planted() {
            assert!(!text.contains(&secret), "{place} tell {secret}");
        }
    }
    // The record has the vendor's refusal, with what is beside the secrets.
    let refused = stage.tap.changes.all().into_iter().find(|line| line["name"] == "echoed").unwrap();
    assert!(refused["message"].as_str().unwrap().contains("no ***! not for"), "{refused}");
    // The log would have told: it has what is beside the secrets.
    assert!(log::text().contains("login with *** failed"));
}
