//! What runs of the real operator show: by Prometheus' conventions, documented, complete, and without a secret.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use provost::engine::admin_api::AdminApi;
use provost::myintranetapps::sim::options::Environment;
use provost::myintranetapps::sim::{Breakage, Change, Options};
use provost::myintranetapps::tenant_account::TenantAccount;
use serde_json::json;

use super::promtool::promtool;
use super::{documented, meant};
use crate::conformance::{any, on_each};
use crate::harness::root;
use crate::stage::{API, Conditioned, RECONCILE_AT, Stage};

const CLASSIC: &str = "text/plain";
const OPEN: &str = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5";

/// The families and the samples of a classic text: each sample's name and labels.
fn read(text: &str) -> (BTreeSet<String>, Vec<(String, Vec<String>)>) {
    let families = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let families = families.map(|(name, _)| name.to_owned()).collect();
    let samples = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let Some((name, rest)) = line.split_once('{') else {
            return (line.split_once(' ').unwrap().0.to_owned(), Vec::new());
        };
        let labels = rest.split("=\"").map(|part| part.rsplit([',', '"']).next().unwrap().to_owned());
        let mut labels: Vec<String> = labels.collect();
        labels.pop();
        labels.sort();
        (name.to_owned(), labels)
    });
    (families, samples.collect())
}

/// Holds that a text has what is documented and nothing else; returns the metrics of which there are samples.
async fn hold(text: &str) -> BTreeSet<String> {
    let checked = promtool(root(), &["check", "metrics"], text).await;
    assert!(checked.success && checked.stderr.is_empty(), "{}{}\n{text}", checked.stdout, checked.stderr);
    let (families, samples) = read(text);
    let expected: BTreeSet<String> = documented().into_keys().collect();
    let strange: Vec<_> = families.difference(&expected).collect();
    assert!(strange.is_empty(), "{strange:?} are not documented");
    let mut seen = BTreeSet::new();
    for (name, labels) in samples {
        let (metric, mut expected) = meant(&name).unwrap_or_else(|| panic!("{name} is not documented"));
        expected.sort_unstable();
        // None is left out where there is nothing to say: it is empty then.
        assert_eq!(labels, expected, "{name}");
        seen.insert(metric);
    }
    seen
}

/// A stage on which there is something of everything that does not happen while all is well.
async fn trouble() -> String {
    let seeded = Options { seed_connections: Some(Environment::Production), ..Options::default() };
    let stage = Stage::connected_to(seeded).await;
    for (name, policy) in [("broken", json!({})), ("adrift", json!({"drift": "Report"})), ("mended", json!({}))] {
        stage.account(name, json!({"policy": policy, "packageId": "93"})).await;
        stage.ready(name).await;
    }
    let broken = Breakage { errors: Some(9), message: Some("planted-message-7Q".to_owned()), ..Breakage::default() };
    stage.vendor.break_connection("broken", &broken).unwrap();
    for name in ["adrift", "mended"] {
        stage.vendor.edit(name, Change { package_id: Some("8".into()), ..Change::default() }).unwrap();
    }
    stage.resynced("broken").await;
    stage.resynced("mended").await;
    stage.until("adrift", |account: &TenantAccount| account.is("Drifted", "True", "DriftReported")).await;
    stage.account("late", json!({"adminApi": {"name": "nowhere"}})).await;
    stage.unready("late", "AdminApiMissing").await;

    stage.vendor.reconfigure(|options| options.credentials.password = "planted-rotated-7Q".to_owned());
    stage.annotate::<AdminApi>(API, RECONCILE_AT, Some("now, please")).await;
    stage.api_unready("Denied").await;
    let text = stage.exposition(CLASSIC).await.1;
    let own = |metric: &str, name: &str| {
        let start = format!("{metric}{{");
        let object = format!("namespace=\"{}\",name=\"{name}\"", stage.namespace);
        let found = text.lines().find(|line| line.starts_with(&start) && line.contains(&object));
        found.unwrap_or_else(|| panic!("no {metric} of {name}\n{text}")).to_owned()
    };
    assert!(own("provost_app_connection_sync_errors", "broken").ends_with(" 9.0"));
    assert!(
        own("provost_object_unready_timestamp_seconds", "late").contains("reason=\"AdminApiMissing\",stalled=\"true\"")
    );
    assert!(own("provost_object_unready_timestamp_seconds", API).contains("kind=\"AdminApi\""));
    assert!(own("provost_object_drifted_timestamp_seconds", "adrift").contains("DriftReported"));
    assert!(own("provost_admin_api_ready", API).ends_with("vendor=\"MyIntranetApps\"} 0.0"));
    assert!(text.contains("provost_drift_corrections_total{kind=\"TenantAccount\"} "), "{text}");
    assert!(text.contains("reason=\"Denied\"} 1"), "{text}");

    let (kind, open) = stage.exposition(OPEN).await;
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0") && open.ends_with("# EOF\n"), "{kind}");
    assert!(open.contains("# UNIT provost_queue_oldest_wait_seconds seconds"), "{open}");
    assert!(!open.contains("{}"), "{open}");
    for said in [&text, &open] {
        assert!(!said.contains("planted") && !said.contains("horse"), "{said}");
    }
    text
}

#[tokio::test]
async fn every_metric_is_documented_and_every_documented_one_is_shown() {
    let texts = Arc::new(Mutex::new(vec![Box::pin(trouble()).await]));
    let kept = texts.clone();
    on_each(any, move |scene| {
        let kept = kept.clone();
        async move {
            scene.stage.apply(&scene.manifest("first", json!({}))).await;
            scene.arrived("first").await;
            let (kind, text) = scene.stage.exposition(CLASSIC).await;
            assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
            kept.lock().unwrap().push(text);
        }
        .boxed()
    })
    .await;
    let texts = texts.lock().unwrap().clone();
    let mut seen = BTreeSet::new();
    for text in &texts {
        seen.extend(hold(text).await);
    }
    let missing: Vec<String> = documented().into_keys().filter(|name| !seen.contains(name)).collect();
    assert!(missing.is_empty(), "nothing made a sample of {missing:?}");
}
