//! Secrets that change, are missing, are wrong or are somebody else's.

use k8s_openapi::api::core::v1::Secret;
use provost::myintranetapps::sim::Options;
use provost::myintranetapps::tenant_account::TenantAccount;
use provost::sim::trouble::{Act, Order, Target};
use serde_json::{Value as Json, json};

use crate::stage::{CREDENTIALS, Conditioned, Stage};

/// Enough to see a herd, if there is one.
const MANY: usize = 30;

fn names() -> impl Iterator<Item = String> {
    (0..MANY).map(|number| format!("account-{number}"))
}

/// Calls that the vendor refused for their credentials.
fn refused_logins(stage: &Stage) -> usize {
    stage.vendor.journal().select(|entry| entry.code == Some(401)).len()
}

fn admin_password() -> Json {
    json!({"adminPassword": {"secretRef": {"name": "admin", "key": "password"}}})
}

async fn many_ready(stage: &Stage) {
    for name in names() {
        stage.account(&name, json!({"packageId": "93"})).await;
    }
    for name in names() {
        stage.ready(&name).await;
    }
}

#[tokio::test]
async fn wrong_credentials_are_tried_a_handful_of_times_whatever_the_number_of_objects() {
    let stage = Stage::connected().await;
    many_ready(&stage).await;
    let mut wrong = stage.credentials();
    wrong["password"] = json!("hunter2hunter2");
    stage.write_secret(CREDENTIALS, wrong).await;
    let api = stage.api_unready("Denied").await;
    assert!(api.is("Authenticated", "False", "Denied") && api.is("Reachable", "True", "Denied"), "{api:#?}");
    assert!(api.is("Stalled", "True", "Denied"));

    for name in names() {
        stage.edit(&name, json!({"packageId": "94"})).await;
        stage.account(&format!("{name}-late"), json!({})).await;
    }
    for name in names() {
        stage.unready(&name, "AdminApiNotReady").await;
        stage.unready(&format!("{name}-late"), "AdminApiNotReady").await;
    }
    let refused = refused_logins(&stage);
    assert!((1..=3).contains(&refused), "{refused}");

    // Nobody touches the objects again.
    stage.write_secret(CREDENTIALS, stage.credentials()).await;
    for name in names() {
        stage.ready(&name).await;
        stage.ready(&format!("{name}-late")).await;
    }
    assert!(refused_logins(&stage) - refused <= 1);
    let packages = stage.vendor.accounts().into_iter().filter(|account| account.package_id.as_deref() == Some("94"));
    assert_eq!(packages.count(), MANY);
}

#[tokio::test]
async fn credentials_that_stop_working_are_noticed_by_the_first_call_and_spare_the_others() {
    let stage = Stage::connected().await;
    many_ready(&stage).await;
    stage.vendor.reconfigure(|options| options.credentials.password = "rotated-at-the-vendor".to_owned());
    for name in names() {
        stage.edit(&name, json!({"packageId": "94"})).await;
    }
    stage.api_unready("Denied").await;
    for name in names() {
        let standing = |account: &TenantAccount| {
            account.is("Ready", "False", "Denied") || account.is("Ready", "False", "AdminApiNotReady")
        };
        stage.until(&name, standing).await;
    }
    // As many as were on their way together, at most: the AdminApi's concurrency.
    let refused = refused_logins(&stage);
    assert!((1..=16 + 3).contains(&refused), "{refused}");

    stage.write_secret(CREDENTIALS, stage.credentials()).await;
    for name in names() {
        stage.ready(&name).await;
    }
}

#[tokio::test]
async fn a_password_that_changes_after_creation_is_told_and_not_sent() {
    let mut stage = Stage::connected().await;
    stage.write_secret("admin", json!({"password": "first-password"})).await;
    stage.account("generalco", admin_password()).await;
    stage.ready("generalco").await;
    assert!(stage.vendor.admin_login("generalco", "first-password"));

    stage.write_secret("admin", json!({"password": "second-password"})).await;
    let changed = |account: &TenantAccount| account.is("Synced", "True", "CreateOnlyChanged");
    let account = stage.until("generalco", changed).await;
    assert!(account.is("Ready", "True", "Converged"));
    assert!(account.message("Synced").contains("adminPassword"), "{}", account.message("Synced"));
    stage.restart_operator().await;
    assert!(changed(&stage.resynced("generalco").await));
    assert_eq!(stage.vendor_writes().len(), 1);

    stage.write_secret("admin", json!({"password": "first-password"})).await;
    stage.until("generalco", |account: &TenantAccount| account.is("Synced", "True", "Converged")).await;
    // Once the account exists nobody needs the Secret any more.
    stage.delete::<Secret>("admin").await;
    let account = stage.resynced("generalco").await;
    assert!(account.is("Ready", "True", "Converged"), "{account:#?}");
    assert_eq!(stage.vendor_writes().len(), 1);
}

#[tokio::test]
async fn a_missing_secret_is_named_and_waited_for() {
    let stage = Stage::connected().await;
    stage.account("generalco", admin_password()).await;
    let account = stage.unready("generalco", "SecretMissing").await;
    let (message, secret) = (account.message("Ready"), format!("{}/admin", stage.namespace));
    assert!(["spec.adminPassword", &secret, "key password"].iter().all(|part| message.contains(part)), "{message}");

    stage.write_secret("admin", json!({"passwort": "misspelt"})).await;
    let account = stage.unready("generalco", "SecretKeyMissing").await;
    let message = account.message("Ready");
    assert!(["spec.adminPassword", &secret, "key password"].iter().all(|part| message.contains(part)), "{message}");
    assert_eq!(stage.vendor_writes(), []);

    stage.write_secret("admin", json!({"password": "Initial-Passw0rd"})).await;
    stage.ready("generalco").await;
    assert!(stage.vendor.admin_login("generalco", "Initial-Passw0rd"));
}

#[tokio::test]
async fn the_published_secret_is_kept_as_it_should_be() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({"writeConnectionTo": {"secretRef": {"name": "details"}}})).await;
    stage.ready("generalco").await;
    let details = stage.secret("details").await.unwrap();
    assert_eq!(details["accountKey"], stage.only_account().key);

    stage.delete::<Secret>("details").await;
    let wanted = details.clone();
    stage.secret_until("details", move |data| data.as_ref() == Some(&wanted)).await;
    stage.patch::<Secret>("details", json!({"stringData": {"accountKey": "forged", "more": "of it"}})).await;
    let wanted = details.clone();
    stage.secret_until("details", move |data| data.as_ref() == Some(&wanted)).await;
    assert_eq!(stage.vendor_writes().len(), 1);
}

#[tokio::test]
async fn somebody_elses_secret_is_left_alone() {
    let stage = Stage::connected().await;
    stage.write_secret("details", json!({"precious": "data"})).await;
    stage.account("generalco", json!({"writeConnectionTo": {"secretRef": {"name": "details"}}})).await;
    let account = stage.unready("generalco", "SecretNotOurs").await;
    assert!(account.message("Ready").contains(&format!("{}/details", stage.namespace)));
    stage.resynced("generalco").await;
    assert_eq!(stage.secret("details").await, Some(json!({"precious": "data"})));

    stage.delete::<Secret>("details").await;
    stage.ready("generalco").await;
    let key = stage.only_account().key;
    stage.secret_until("details", move |data| data.is_some_and(|data| data["accountKey"] == key)).await;
    assert_eq!(stage.vendor_writes().len(), 1);
}

#[tokio::test]
async fn an_api_key_does_as_well_as_a_password() {
    let mut stage = Stage::bare(Options::default()).await;
    let accepted = Options::default().credentials;
    stage.write_secret(CREDENTIALS, json!({"apiKey": accepted.api_key, "accountKey": accepted.account_key})).await;
    stage.apply(&crate::stage::admin_api(stage.vendor.url())).await;
    stage.start_operator().await;
    stage.account("generalco", json!({})).await;
    stage.ready("generalco").await;
}

/// The pause before a refused login is tried again must not be cut short by what happens in Kubernetes.
#[tokio::test]
async fn a_probe_of_refused_credentials_waits_its_time() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({})).await;
    stage.ready("generalco").await;
    stage.vendor.reconfigure(|options| options.credentials.password = "rotated-at-the-vendor".to_owned());
    stage.looked_at::<provost::engine::admin_api::AdminApi>(crate::stage::API).await;
    let refused = refused_logins(&stage);
    // Each of these makes the AdminApi count its objects again, two seconds later at most.
    for name in ["one", "two", "three"] {
        stage.account(name, json!({})).await;
        stage.unready(name, "AdminApiNotReady").await;
        let count = match name {
            "one" => 2,
            "two" => 3,
            _ => 4,
        };
        let counted = move |api: &provost::engine::admin_api::AdminApi| {
            api.status.as_ref().and_then(|status| status.managed_objects.as_ref()).is_some_and(|it| it.total == count)
        };
        stage.until(crate::stage::API, counted).await;
    }
    assert!(refused_logins(&stage) - refused <= 2, "{} after {refused}", refused_logins(&stage));
}

/// Credentials may do one thing and not another.
#[tokio::test]
async fn a_refused_write_is_not_repeated_because_reads_are_welcome() {
    let stage = Stage::connected().await;
    for name in ["generalco", "other"] {
        stage.account(name, json!({"packageId": "93"})).await;
        stage.ready(name).await;
    }
    stage.vendor.trouble().place(Order::every(Target::Operation("update_account".to_owned()), Act::answer(403)));
    stage.edit("generalco", json!({"packageId": "94"})).await;
    stage.unready("generalco", "Denied").await;
    stage.api_ready().await;
    let begun = stage.vendor.journal().last();
    for _ in 0..5 {
        stage.looked_at::<TenantAccount>("other").await;
    }
    let writes = stage.vendor.journal().of("update_account").len();
    let lists = stage.vendor.journal().since(begun).iter().filter(|entry| entry.operation == "list_accounts").count();
    // One for each look, and one that the suspicion asked for.
    assert!(writes <= 3 && lists <= 5 + 2, "{writes} writes, {lists} lists");
}
