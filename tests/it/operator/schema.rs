//! What the API server refuses by the schema, in words that name the field; and what kubectl shows of the kinds.

use axum::http::Request;
use kube::Client;
use serde_json::{Value as Json, json};

use crate::harness::{DEADLINE, kubectl};
use crate::stage::{API, Stage, account, admin_api, client_with_kinds};

/// Tries to apply a manifest, and returns what kubectl says to that.
async fn refused(stage: &Stage, manifest: &Json) -> String {
    let arguments = ["apply", "-n", &stage.namespace, "--server-side", "--validate=strict", "-f", "-"];
    kubectl(&arguments, &manifest.to_string()).await.refused()
}

#[track_caller]
fn assert_names(said: &str, parts: &[&str]) {
    assert!(parts.iter().all(|part| said.contains(part)), "{parts:?} are not all in: {said}");
}

#[tokio::test]
async fn a_bad_account_is_refused_by_name() {
    let stage = Stage::bare(Default::default()).await;
    let cases: [(Json, &[&str]); 16] = [
        (json!({"name": null}), &["spec.name"]),
        (json!({"name": ""}), &["spec.name"]),
        (json!({"emailAdmin": null}), &["spec.emailAdmin"]),
        (json!({"emailAdmin": "cfo.example.com"}), &["spec.emailAdmin"]),
        (json!({"subdomain": "general_co"}), &["spec.subdomain"]),
        (json!({"subdomain": "x".repeat(51)}), &["spec.subdomain"]),
        (json!({"packageId": 93}), &["spec.packageId"]),
        (json!({"packageID": "93"}), &["spec.packageID"]),
        (json!({"active": "1"}), &["spec.active"]),
        (json!({"type": "Gold"}), &["spec.type", "Standard", "Reseller"]),
        (json!({"adminApi": {}}), &["spec.adminApi.name"]),
        (json!({"adminPassword": {"secretRef": {"name": "x"}}}), &["spec.adminPassword.secretRef.key"]),
        (json!({"connectionHealth": {"statuses": ["Broken"]}}), &["spec.connectionHealth.statuses"]),
        (json!({"policy": {"management": "Obey"}}), &["spec.policy.management", "Enforce", "Plan", "Observe"]),
        (json!({"policy": {"deletion": "Delete"}}), &["spec.policy.deletion", "Disable", "Orphan"]),
        (json!({"policy": {"deletion": "Unknown"}}), &["spec.policy.deletion"]),
    ];
    for (fields, named) in cases {
        let mut manifest = account("generalco", fields.clone());
        if let Json::Object(spec) = &mut manifest["spec"] {
            spec.retain(|_, value| !value.is_null());
        }
        assert_names(&refused(&stage, &manifest).await, named);
    }
}

#[tokio::test]
async fn what_the_vendor_cannot_change_cannot_be_changed_here() {
    let stage = Stage::bare(Default::default()).await;
    let all = json!({
        "type": "Standard", "domain": "a.example", "dataShare": true, "firstName": "Jane", "lastName": "Doe",
        "environment": "sandbox",
    });
    stage.apply(&account("generalco", all)).await;
    let changes = [
        ("name", json!("Other Ltd")),
        ("subdomain", json!("other")),
        ("adminApi", json!({"name": "other"})),
        ("type", json!("Reseller")),
        ("domain", json!("b.example")),
        ("dataShare", json!(false)),
        ("firstName", json!("John")),
        ("lastName", json!("Roe")),
        ("environment", json!(null)),
    ];
    for (field, value) in changes {
        let patch = json!({"spec": {field: value}}).to_string();
        let arguments = ["patch", "-n", &stage.namespace, "tenantaccount/generalco", "--type=merge", "-p", &patch];
        assert_names(&kubectl(&arguments, "").await.refused(), &[field, "cannot be changed"]);
    }
}

#[tokio::test]
async fn a_bad_admin_api_is_refused_by_name() {
    let stage = Stage::bare(Default::default()).await;
    let cases: [(Json, &[&str]); 7] = [
        (json!({"myIntranetApps": null}), &["exactly one vendor block"]),
        (json!({"myIntranetApps": {}}), &["spec.myIntranetApps.url"]),
        (json!({"credentials": null}), &["spec.credentials"]),
        (json!({"resyncInterval": "1s"}), &["spec.resyncInterval", "between 5s and 24h"]),
        (json!({"resyncInterval": "soon"}), &["spec.resyncInterval"]),
        (json!({"limits": {"concurrency": 0}}), &["spec.limits.concurrency"]),
        (json!({"tls": {"caBundle": {}}}), &["spec.tls.caBundle", "exactly one of configMapRef and secretRef"]),
    ];
    for (fields, named) in cases {
        let mut manifest = admin_api("https://admin.myintranetapps.com");
        for (field, value) in fields.as_object().unwrap() {
            if value.is_null() {
                manifest["spec"].as_object_mut().unwrap().remove(field);
            } else {
                manifest["spec"][field] = value.clone();
            }
        }
        assert_names(&refused(&stage, &manifest).await, named);
    }
}

/// Every field that `kubectl explain --recursive` lists below `spec`, as a path.
fn fields(recursive: &str) -> Vec<String> {
    let mut path: Vec<String> = Vec::new();
    let mut found = Vec::new();
    let listed = recursive.lines().skip_while(|line| !line.starts_with("FIELDS:")).skip(1);
    for line in listed.filter(|line| line.contains('\t')) {
        let indent = line.len() - line.trim_start().len();
        path.truncate(indent / 2 - 1);
        path.push(line.split_whitespace().next().unwrap().to_owned());
        found.push(path.join("."));
    }
    found
}

/// Waits until what `kubectl explain` reads has our kinds: the API server puts it together after it serves them, and has no watch of it.
async fn published(client: &Client) {
    let ask = || Request::get("/openapi/v3/apis/provost.dev/v1alpha1").body(Vec::new()).unwrap();
    let has_all =
        |text: String| ["TenantAccount", "AdminApi"].iter().all(|kind| text.contains(&format!("v1alpha1.{kind}\"")));
    while !client.request_text(ask()).await.is_ok_and(has_all) {}
}

#[tokio::test]
async fn kubectl_explains_every_field() {
    tokio::time::timeout(DEADLINE, published(&client_with_kinds().await)).await.unwrap();
    for kind in ["tenantaccount", "adminapi"] {
        for part in ["spec", "status"] {
            let about = format!("{kind}.{part}");
            let listed = fields(&kubectl(&["explain", &about, "--recursive"], "").await.ok());
            assert!(listed.len() > 5, "{listed:?}");
            for level in levels(&listed) {
                let about = if level.is_empty() { about.clone() } else { format!("{about}.{level}") };
                let said = kubectl(&["explain", &about], "").await.ok();
                assert!(!said.contains("<no description>"), "{said}");
            }
        }
    }
}

/// The paths that have fields below them: `kubectl explain` shows those with their texts.
fn levels(fields: &[String]) -> Vec<String> {
    let mut levels: Vec<String> = fields
        .iter()
        .map(|field| field.rsplit_once('.').map(|(above, _)| above.to_owned()).unwrap_or_default())
        .collect();
    levels.sort_unstable();
    levels.dedup();
    levels
}

#[tokio::test]
async fn kubectl_shows_what_matters_in_columns() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({})).await;
    stage.ready("generalco").await;
    let get = |what: &'static str| {
        let namespace = stage.namespace.clone();
        async move { kubectl(&["get", "-n", &namespace, what, "-o", "wide"], "").await.ok() }
    };
    let table = |text: &str| -> Vec<Vec<String>> {
        text.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
    };
    let accounts = table(&get("tenantaccounts").await);
    assert_eq!(
        accounts[0],
        ["NAME", "READY", "SUBDOMAIN", "CONNECTIONS", "IN-ERROR", "HEALTHY", "REASON", "EXTERNAL-ID", "AGE"]
    );
    let key = stage.only_account().key;
    assert_eq!(accounts[1][..8], ["generalco", "True", "generalco", "0", "0", "True", "Converged", &key]);
    let apis = table(&get("adminapis").await);
    assert_eq!(apis[0], ["NAME", "VENDOR", "READY", "REASON", "OBJECTS", "AGE"]);
    assert_eq!(apis[1][..4], [API, "MyIntranetApps", "True", "Connected"]);
    let everything = get("provost").await;
    assert_names(&everything, &["adminapi.provost.dev/vendor", "tenantaccount.provost.dev/generalco"]);
}
