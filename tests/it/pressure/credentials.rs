//! Credentials that are refused, with hundreds of objects that would all like to try them.

use provost::myintranetapps::sim::Options;
use provost::myintranetapps::tenant_account::TenantAccount;
use provost::sim::trouble::{Act, Order, Target};
use serde_json::json;

use super::{all_ready, edit_all, limited, make, names, relimit};
use crate::stage::{API, CREDENTIALS, Conditioned, Stage};

const MANY: usize = 300;

fn refused(stage: &Stage) -> usize {
    stage.vendor.journal().select(|entry| entry.code == Some(401)).len()
}

#[tokio::test]
async fn a_password_that_is_wrong_from_the_start_is_sent_a_handful_of_times() {
    let mut stage = Stage::bare(Options::default()).await;
    let mut wrong = stage.credentials();
    wrong["password"] = json!("planted-wrong-horse");
    stage.write_secret(CREDENTIALS, wrong).await;
    stage.apply(&limited(&stage, json!({}))).await;
    let names = names(MANY);
    make(&stage, &names, &json!({})).await;
    stage.start_operator().await;
    let api = stage.api_unready("Denied").await;
    assert!(api.is("Authenticated", "False", "Denied") && !api.message("Ready").contains("planted"), "{api:#?}");
    for name in &names {
        let account = stage.unready(name, "AdminApiNotReady").await;
        assert!(!account.message("Ready").contains("planted"), "{account:#?}");
    }
    // An edit and a wish of an object do not make it try.
    edit_all(&stage, &names[..20], &json!({"packageId": "94"})).await;
    let edited = |account: &TenantAccount| account.is("Ready", "False", "AdminApiNotReady");
    for name in &names[..20] {
        stage.until(name, edited).await;
    }
    assert!((1..=2).contains(&refused(&stage)), "{}", refused(&stage));
    assert!(!stage.metrics().await.contains("planted"));

    // It needs nobody but whoever mends the Secret.
    stage.write_secret(CREDENTIALS, stage.credentials()).await;
    all_ready(&stage, &names).await;
    assert!(refused(&stage) <= 5, "{}", refused(&stage));
    assert_eq!(stage.vendor.accounts().len(), MANY);
}

/// Revokes the password in the middle of `MANY` edits, and returns how many calls were refused.
async fn revoked_among_writes(stage: &Stage) -> usize {
    let names = names(MANY);
    make(stage, &names, &json!({"packageId": "93"})).await;
    all_ready(stage, &names).await;
    stage.vendor.trouble().place(Order::every(Target::Writes, Act::Delay { millis: 20 }));
    let half_done = stage.vendor.journal().wait_for(|entries| {
        entries.iter().filter(|entry| entry.operation == "update_account" && entry.performed).count() > 50
    });
    let edits = async {
        edit_all(stage, &names, &json!({"packageId": "94"})).await;
    };
    let revocation = async {
        half_done.await;
        stage.vendor.reconfigure(|options| options.credentials.password = "planted-rotated-horse".to_owned());
    };
    stage.in_time(async { tokio::join!(edits, revocation) }).await;
    let api = stage.api_unready("Denied").await;
    assert!(!api.message("Ready").contains("planted"), "{api:#?}");
    for name in &names {
        let told = |account: &TenantAccount| {
            ["Denied", "AdminApiNotReady"].iter().any(|reason| account.is("Ready", "False", reason))
                || account.is("Ready", "True", "Converged")
        };
        stage.until(name, told).await;
    }
    let refused = refused(stage);
    // The same Secret, written again, changes nothing; the right one mends all.
    stage.write_secret(CREDENTIALS, stage.credentials()).await;
    all_ready(stage, &names).await;
    let done = stage.vendor.accounts().into_iter().filter(|account| account.package_id.as_deref() == Some("94"));
    assert_eq!(done.count(), MANY);
    refused
}

#[tokio::test]
async fn a_password_that_is_revoked_among_writes_is_sent_by_those_under_way_and_no_other() {
    let stage = Stage::connected().await;
    let refused = revoked_among_writes(&stage).await;
    // Sixteen at most were on their way when the first answer came back; then the AdminApi looked itself.
    assert!((1..=16 + 2).contains(&refused), "{refused}");
}

#[tokio::test]
async fn with_few_calls_at_a_time_few_are_refused() {
    let stage = Stage::connected().await;
    relimit(&stage, json!({"concurrency": 3})).await;
    let refused = revoked_among_writes(&stage).await;
    assert!((1..=5).contains(&refused), "{refused}");
    let metrics = stage.metrics().await;
    let own = format!("provost_admin_api_breaker{{namespace=\"{}\",name=\"{API}\"", stage.namespace);
    assert!(metrics.contains(&format!("{own},state=\"closed\"}} 1")), "{metrics}");
    assert!(metrics.contains("provost_admin_api_interruptions_total{vendor=\"MyIntranetApps\",reason=\"Denied\"} 1"));
}
