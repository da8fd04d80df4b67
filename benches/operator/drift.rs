//! B8: an account changed behind our back, and how long until the vendor is told to put it back.

use std::time::Duration;

use kube::api::{Patch, PatchParams};
use provost::myintranetapps::sim::Change;
use serde_json::json;

use crate::VENDOR;
use crate::field::Field;
use crate::process::Operator;
use crate::table::{Table, quantile};

/// The interval of this row; the default of 60 s would only take longer.
const INTERVAL: Duration = Duration::from_secs(10);
/// How many accounts are changed, one after the other.
const CHANGES: usize = 12;

/// Changes accounts at moments spread over the interval.
pub async fn measure(field: &Field, operator: &Operator, n: usize, table: &mut Table) {
    pace(field, &format!("{}s", INTERVAL.as_secs())).await;
    let cpu = operator.cpu();
    let (mut late, mut begun) = (Vec::new(), Vec::new());
    for i in 0..CHANGES.min(n) {
        let account = format!("bench-{i}");
        let email = field.vendor.account_by_subdomain(&account).unwrap().email_admin;
        let since = field.vendor.journal().last();
        let key = field
            .vendor
            .edit(&account, Change { email_admin: Some("drifted@example.com".to_owned()), ..Change::default() })
            .unwrap()
            .key;
        begun.push((key, email, since, jiff::Timestamp::now()));
        tokio::time::sleep(Duration::from_millis(730)).await;
    }
    for (key, email, since, at) in begun {
        let mends = |entry: &provost::sim::journal::Entry| {
            entry.seq > since
                && entry
                    .body
                    .as_ref()
                    .is_some_and(|body| body["account_key"] == key.as_str() && body["email_admin"] == email.as_str())
        };
        let entries = field.vendor.journal().wait_for(|entries| entries.iter().any(mends)).await;
        let mended = entries.iter().find(|entry| mends(entry)).unwrap();
        late.push((mended.at - at).total(jiff::Unit::Second).unwrap() - INTERVAL.as_secs_f64());
    }
    let worst = quantile(&late, 1.0);
    let list = list_time(field).await;
    let aim = 1.0 + list;
    table.aim(
        "B8",
        format!("drift mended, worst of {}, past the interval", late.len()),
        format!("{worst:+.2} s"),
        format!("≤ {aim:.2} s (list {list:.2} s + 1 s)"),
        worst <= aim,
    );
    table.note("B8", "CPU meanwhile", format!("{:.2} s", operator.cpu() - cpu));
    pace(field, "1h").await;
}

async fn pace(field: &Field, interval: &str) {
    let change = json!({"spec": {"resyncInterval": interval}});
    field.admin_apis().patch(VENDOR, &PatchParams::default(), &Patch::Merge(change)).await.unwrap();
    // The change itself brings a resync; what is measured begins after it.
    tokio::time::sleep(Duration::from_secs(3)).await;
}

/// How long the vendor takes to tell its accounts.
async fn list_time(field: &Field) -> f64 {
    let begun = tokio::time::Instant::now();
    let answer = field.vendor_call(&json!({"action": "list_accounts"})).await;
    drop(answer);
    begun.elapsed().as_secs_f64()
}
