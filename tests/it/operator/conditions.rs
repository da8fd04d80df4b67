//! The health of app connections, in conditions, status and metrics; and which of them are asked for.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use provost::engine::admin_api::AdminApi;
use provost::myintranetapps::health::ConnectionsReport;
use provost::myintranetapps::sim::options::Environment;
use provost::myintranetapps::sim::{Breakage, ConnectionStatus, Options};
use provost::myintranetapps::tenant_account::TenantAccount;
use serde_json::json;

use crate::stage::{API, Conditioned, Stage, external_id};

const HEALTH: &str = "ConnectionsHealthy";

fn seeded() -> Options {
    Options { seed_connections: Some(Environment::Production), ..Options::default() }
}

fn errors(count: u32, message: &str) -> Breakage {
    Breakage { errors: Some(count), message: Some(message.to_owned()), ..Breakage::default() }
}

fn report(account: &TenantAccount) -> ConnectionsReport {
    account.status.as_ref().unwrap().facts.connections.clone().unwrap()
}

/// The samples of one metric that speak of this stage.
async fn samples(stage: &Stage, metric: &str) -> Vec<String> {
    let text = stage.metrics().await;
    let own = format!("namespace=\"{}\"", stage.namespace);
    text.lines().filter(|line| line.starts_with(metric) && line.contains(&own)).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_broken_connection_shows_everywhere_until_it_is_mended() {
    let stage = Stage::connected_to(seeded()).await;
    stage.account("generalco", json!({})).await;
    let account = stage.ready("generalco").await;
    assert!(account.is(HEALTH, "True", "Healthy"), "{account:#?}");
    assert_eq!((report(&account).total, report(&account).active, report(&account).in_error), (1, 1, 0));

    stage.vendor.break_connection("generalco", &errors(3, "token revoked")).unwrap();
    let account = stage.resynced("generalco").await;
    assert!(account.is(HEALTH, "False", "InErrorState"), "{account:#?}");
    let message = account.message(HEALTH);
    assert!(["quickbooks", "production", "3", "token revoked"].iter().all(|part| message.contains(part)), "{message}");
    // The account itself is as it should be.
    assert!(account.is("Ready", "True", "Converged"));
    let (item, found) = (report(&account).items[0].clone(), report(&account));
    assert_eq!((found.in_error, item.in_error, item.error_count), (1, true, 3));
    assert_eq!(item.message.as_deref(), Some("token revoked"));
    let in_error = samples(&stage, "provost_app_connection_in_error").await;
    assert!(in_error.len() == 1 && in_error[0].ends_with(" 1.0"), "{in_error:?}");
    assert!(in_error[0].contains("name=\"generalco\"") && in_error[0].contains("integration=\"quickbooks\""));
    let failures = samples(&stage, "provost_app_connection_sync_errors").await;
    assert!(failures.len() == 1 && failures[0].ends_with(" 3.0"), "{failures:?}");
    stage.in_time(stage.tap.wait_for(|call| call.is_event() && call.body["reason"] == "InErrorState")).await;

    stage.vendor.mend_connection("generalco", None).unwrap();
    let account = stage.resynced("generalco").await;
    assert!(account.is(HEALTH, "True", "Healthy"), "{account:#?}");
    // The vendor keeps the last message after recovery, and it is no trouble any more.
    assert_eq!((report(&account).in_error, report(&account).items[0].message.clone()), (0, None));
    for metric in ["provost_app_connection_in_error", "provost_app_connection_sync_errors"] {
        assert_eq!(samples(&stage, metric).await, Vec::<String>::new());
    }
    assert_eq!(stage.vendor_writes().len(), 1);
}

#[tokio::test]
async fn ten_failures_in_a_row_are_worse_than_an_error() {
    let stage = Stage::connected_to(seeded()).await;
    stage.account("generalco", json!({})).await;
    stage.ready("generalco").await;
    stage.vendor.add_connection("generalco", "xero", |_| {}).unwrap();
    let breakage = |app: &str, count| Breakage { integration: Some(app.to_owned()), ..errors(count, "no") };
    stage.vendor.break_connection("generalco", &breakage("quickbooks", 1)).unwrap();
    stage.vendor.break_connection("generalco", &breakage("xero", 10)).unwrap();
    let account = stage.resynced("generalco").await;
    assert!(account.is(HEALTH, "False", "SyncPaused"), "{account:#?}");
    assert!(account.message(HEALTH).contains("xero"), "{}", account.message(HEALTH));
    let order: Vec<_> = report(&account).items.into_iter().map(|item| item.integration).collect();
    assert_eq!(order, ["xero", "quickbooks"]);
}

#[tokio::test]
async fn a_cut_connection_matters_to_those_who_say_so() {
    let stage = Stage::connected_to(seeded()).await;
    stage.account("careless", json!({})).await;
    stage.account("careful", json!({"connectionHealth": {"unhealthyWhen": ["Inactive"]}})).await;
    for name in ["careless", "careful"] {
        stage.ready(name).await;
        let cut = Breakage { status: Some(ConnectionStatus::Inactive), ..Breakage::default() };
        stage.vendor.break_connection(name, &cut).unwrap();
    }
    let (careless, careful) = (stage.resynced("careless").await, stage.resynced("careful").await);
    assert!(careless.is(HEALTH, "True", "Healthy"), "{careless:#?}");
    assert!(careful.is(HEALTH, "False", "Inactive"), "{careful:#?}");
    assert_eq!(report(&careless).inactive, 1);
}

#[tokio::test]
async fn both_filters_are_used() {
    let stage = Stage::connected_to(seeded()).await;
    stage.account("all", json!({})).await;
    stage.account("some", json!({"connectionHealth": {"statuses": ["Active", "Pending"]}})).await;
    for name in ["all", "some"] {
        stage.ready(name).await;
        stage.vendor.add_connection(name, "xero", |connection| connection.status = ConnectionStatus::Inactive).unwrap();
    }
    let queries = |since| -> BTreeSet<Vec<(String, String)>> {
        let entries = stage.vendor.journal().since(since);
        entries.into_iter().filter(|entry| entry.operation == "connection_health").map(|entry| entry.query).collect()
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let action = pair("action", "connection_health");
    let statuses = pair("statuses", "ACTIVE,PENDING");

    // A resync asks for the connections of all accounts, once for each filter in use.
    let mark = stage.vendor.journal().last();
    stage.looked_at::<AdminApi>(API).await;
    let both = |entries: &[provost::sim::journal::Entry]| {
        entries.iter().filter(|entry| entry.seq > mark && entry.operation == "connection_health").count() == 2
    };
    stage.in_time(stage.vendor.journal().wait_for(both)).await;
    assert_eq!(queries(mark), [vec![action.clone()], vec![action.clone(), statuses.clone()]].into());

    // Whoever waits for one account asks for that account's.
    let mark = stage.vendor.journal().last();
    let some = stage.looked_at::<TenantAccount>("some").await;
    let key = pair("account_key", external_id(&some).unwrap());
    let asked: Vec<_> = queries(mark).into_iter().flatten().collect();
    assert!([&action, &statuses, &key].iter().all(|part| asked.contains(part)) && asked.len() == 3, "{asked:?}");
    let all = stage.looked_at::<TenantAccount>("all").await;
    assert_eq!((report(&all).total, report(&some).total), (2, 1));
}

#[tokio::test]
async fn a_later_synchronisation_alone_is_not_worth_a_write() {
    let stage = Stage::connected_to(seeded()).await;
    stage.account("generalco", json!({})).await;
    let before = report(&stage.ready("generalco").await);
    let mark = stage.tap.mark();
    stage.vendor.advance(SignedDuration::from_mins(50));
    stage.vendor.mend_connection("generalco", None).unwrap();
    assert_eq!(report(&stage.resynced("generalco").await), before);
    let told: Vec<_> = stage.tap.writes_since(mark).into_iter().filter(|call| call.says("lastSync")).collect();
    assert!(told.is_empty(), "{told:#?}");

    stage.vendor.advance(SignedDuration::from_mins(20));
    stage.vendor.mend_connection("generalco", None).unwrap();
    let after = report(&stage.resynced("generalco").await);
    let second = |report: &ConnectionsReport| -> jiff::Timestamp {
        report.items[0].last_sync.as_ref().unwrap().parse().unwrap()
    };
    assert!(second(&after).duration_since(second(&before)) >= SignedDuration::from_hours(1));
}
