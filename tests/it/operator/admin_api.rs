//! AdminApis: what is said of one that cannot be used, and that its objects go on by themselves once it can.

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use provost::engine::admin_api::AdminApi;
use provost::myintranetapps::sim::Options;
use provost::myintranetapps::tenant_account::TenantAccount;
use provost::sim::server::Listen;
use serde_json::{Value as Json, json};

use crate::stage::{API, CREDENTIALS, Conditioned, Stage, admin_api, config_map};

/// A stage with an operator and one account, and without an AdminApi.
async fn expectant(listen: Listen) -> Stage {
    let mut stage = Stage::behind(listen, Options::default()).await;
    stage.start_operator().await;
    stage.account("generalco", json!({})).await;
    stage.unready("generalco", "AdminApiMissing").await;
    stage
}

fn tls() -> Listen {
    Listen { tls: true, ..Listen::default() }
}

#[tokio::test]
async fn every_missing_part_is_named_and_its_arrival_noticed() {
    let stage = expectant(Listen::default()).await;
    stage.apply(&admin_api(stage.vendor.url())).await;
    let api = stage.api_unready("CredentialsMissing").await;
    let secret = format!("{}/{CREDENTIALS}", stage.namespace);
    assert!(api.message("Ready").contains(&secret), "{}", api.message("Ready"));
    let account = stage.unready("generalco", "AdminApiNotReady").await;
    let message = account.message("Ready");
    assert!(message.contains(API) && message.contains("CredentialsMissing"), "{message}");

    let mut part = stage.credentials();
    part.as_object_mut().unwrap().remove("accountKey");
    stage.write_secret(CREDENTIALS, part).await;
    let told =
        |api: &AdminApi| api.is("Ready", "False", "CredentialsMissing") && api.message("Ready").contains("accountKey");
    stage.until(API, told).await;

    stage.write_secret(CREDENTIALS, stage.credentials()).await;
    let api = stage.api_ready().await;
    for condition in ["Reachable", "Authenticated"] {
        assert!(api.is(condition, "True", "Connected"), "{api:#?}");
    }
    assert_eq!(api.status.as_ref().unwrap().vendor.as_deref(), Some("MyIntranetApps"));
    stage.ready("generalco").await;
}

#[tokio::test]
async fn nobody_at_the_address() {
    let stage = expectant(Listen::default()).await;
    // A port that was free a moment ago.
    let gone = provost::myintranetapps::sim::Simulator::start(Options::default()).await.unwrap();
    let url = gone.url().to_owned();
    gone.stop().await;
    stage.write_secret(CREDENTIALS, stage.credentials()).await;
    stage.apply(&admin_api(&url)).await;
    let api = stage.api_unready("Unavailable").await;
    assert!(
        api.is("Reachable", "False", "Unavailable") && api.is("Authenticated", "Unknown", "Unavailable"),
        "{api:#?}"
    );
    assert!(api.is("Reconciling", "True", "Unavailable"), "{api:#?}");

    stage.apply(&admin_api(stage.vendor.url())).await;
    stage.api_ready().await;
    stage.ready("generalco").await;
}

#[tokio::test]
async fn somebody_else_at_the_address() {
    let stage = expectant(Listen::default()).await;
    stage.write_secret(CREDENTIALS, stage.credentials()).await;
    stage.apply(&admin_api(&format!("{}/elsewhere", stage.vendor.url()))).await;
    let wrong = |api: &AdminApi| api.condition("Ready").is_some_and(|ready| ready.status == "False");
    let api = stage.until(API, wrong).await;
    assert!(api.message("Ready").contains("404"), "{}", api.message("Ready"));
    stage.unready("generalco", "AdminApiNotReady").await;
    assert!(stage.vendor.accounts().is_empty());
}

#[tokio::test]
async fn credentials_do_not_travel_in_the_clear() {
    let stage = expectant(Listen::default()).await;
    stage.write_secret(CREDENTIALS, stage.credentials()).await;
    stage.apply(&admin_api("http://admin.myintranetapps.com")).await;
    let api = stage.api_unready("Invalid").await;
    assert!(api.message("Ready").contains("https"), "{}", api.message("Ready"));
}

#[tokio::test]
async fn it_counts_its_objects() {
    let stage = Stage::connected().await;
    let total = |count: i64| {
        move |api: &AdminApi| {
            let objects = api.status.as_ref().and_then(|status| status.managed_objects.as_ref());
            objects.is_some_and(|objects| {
                objects.total == count && objects.by_kind.get("TenantAccount").copied().unwrap_or(0) == count
            })
        }
    };
    for name in ["one", "two"] {
        stage.account(name, json!({})).await;
    }
    stage.until(API, total(2)).await;
    stage.delete::<TenantAccount>("one").await;
    stage.until(API, total(1)).await;
}

#[tokio::test]
async fn one_that_was_replaced_is_another_one() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({})).await;
    stage.ready("generalco").await;
    // Nobody may hold what is to be replaced.
    stage.delete::<TenantAccount>("generalco").await;
    stage.gone::<TenantAccount>("generalco").await;
    stage.delete::<AdminApi>(API).await;
    stage.gone::<AdminApi>(API).await;
    stage.account("late", json!({})).await;
    stage.unready("late", "AdminApiMissing").await;
    stage.apply(&admin_api(stage.vendor.url())).await;
    stage.ready("late").await;
}

fn untrusted(api: &AdminApi) -> bool {
    api.condition("Ready").is_some_and(|it| it.status == "False" && it.message.contains("certificate"))
}

fn trusting(url: &str, source: Json) -> Json {
    let mut manifest = admin_api(url);
    manifest["spec"]["tls"] = json!({"caBundle": source});
    manifest
}

#[tokio::test]
async fn an_unknown_authority_is_told_and_can_be_trusted_by_config_map_or_secret() {
    for by_secret in [false, true] {
        let stage = expectant(tls()).await;
        let url = stage.vendor.url().to_owned();
        assert!(url.starts_with("https://"));
        stage.connect().await;
        let api = stage.until(API, untrusted).await;
        assert!(api.condition("Reachable").is_some_and(|it| it.status == "False"), "{api:#?}");
        assert!(api.message("Ready").contains("CA bundle"), "{}", api.message("Ready"));
        assert_eq!(stage.vendor.journal().last(), 0);

        let reference = json!({"name": "authority", "key": "ca.crt"});
        let (source, sort) = if by_secret {
            (json!({"secretRef": reference}), "Secret")
        } else {
            (json!({"configMapRef": reference}), "ConfigMap")
        };
        stage.apply(&trusting(&url, source)).await;
        let api = stage.api_unready("SecretMissing").await;
        let named = format!("{sort} {}/authority", stage.namespace);
        assert!(api.message("Ready").contains(&named), "{}", api.message("Ready"));

        let pem = json!({"ca.crt": stage.vendor.ca_pem().unwrap()});
        if by_secret {
            stage.write_secret("authority", pem).await;
        } else {
            stage.apply(&config_map("authority", pem)).await;
        }
        stage.api_ready().await;
        stage.ready("generalco").await;
    }
}

#[tokio::test]
async fn an_authority_that_changes_is_another_one() {
    let stage = expectant(tls()).await;
    let stranger = provost::myintranetapps::sim::Simulator::start_on(tls(), Options::default()).await.unwrap();
    stage.write_secret(CREDENTIALS, stage.credentials()).await;
    stage.apply(&config_map("authority", json!({"ca.crt": stranger.ca_pem().unwrap()}))).await;
    let source = json!({"configMapRef": {"name": "authority", "key": "ca.crt"}});
    stage.apply(&trusting(stage.vendor.url(), source)).await;
    stage.until(API, untrusted).await;
    stage.patch::<ConfigMap>("authority", json!({"data": {"ca.crt": stage.vendor.ca_pem().unwrap()}})).await;
    stage.api_ready().await;
    stage.ready("generalco").await;
    // A bundle that is no bundle is the user's to mend.
    stage.patch::<ConfigMap>("authority", json!({"data": {"ca.crt": "nonsense"}})).await;
    let api = stage.api_unready("Invalid").await;
    assert!(api.message("Ready").contains("caBundle") || api.message("Ready").contains("CA bundle"), "{api:#?}");
}

#[tokio::test]
async fn credentials_that_vanish_are_missed() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({})).await;
    stage.ready("generalco").await;
    stage.delete::<Secret>(CREDENTIALS).await;
    stage.api_unready("CredentialsMissing").await;
    stage.edit("generalco", json!({"packageId": "94"})).await;
    stage.unready("generalco", "AdminApiNotReady").await;
    stage.write_secret(CREDENTIALS, stage.credentials()).await;
    stage.ready("generalco").await;
    assert_eq!(stage.only_account().package_id.as_deref(), Some("94"));
}

#[tokio::test]
async fn one_that_goes_and_that_we_do_not_hold_is_told_to_those_that_name_it() {
    let mut stage = Stage::bare(Options::default()).await;
    stage.write_secret(CREDENTIALS, stage.credentials()).await;
    let mut manifest = admin_api(stage.vendor.url());
    manifest["metadata"]["finalizers"] = json!(["example.com/somebody-elses"]);
    stage.apply(&manifest).await;
    stage.delete::<AdminApi>(API).await;
    stage.account("generalco", json!({})).await;
    stage.start_operator().await;
    let account = stage.unready("generalco", "AdminApiNotReady").await;
    assert!(account.message("Ready").contains("being deleted"), "{}", account.message("Ready"));
    stage.patch::<AdminApi>(API, json!({"metadata": {"finalizers": null}})).await;
    stage.unready("generalco", "AdminApiMissing").await;
    assert_eq!(stage.vendor_writes(), []);
}
