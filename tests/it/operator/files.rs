//! Files and secrets that a spec names by paths of its own: compared without being shown, followed when they change, waited for when missing.

use std::sync::Arc;

use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use provost::base::access::{Access, Limits, ReadOnly, Unobserved};
use provost::base::secret::Secret as Value;
use provost::engine::admin_api::AdminApi;
use provost::engine::file::digest_of;
use provost::engine::kind::FileSource;
use provost::engine::policy::FINALIZER;
use provost::engine::preview::{Request, SecretSource, SiblingSource};
use provost::engine::report::Stop;
use provost::engine::session::VendorRow;
use provost::engine::sibling::Resolved;
use provost::sim::journal::Entry;
use provost::sim::simulated::Simulated;
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use crate::stage::{API, Conditioned, Stage, config_map};
use crate::workshop::sim::{Options, Simulator};
use crate::workshop::tool::Tool;
use crate::workshop::{Workshop, tables_of};

fn tool(fields: Json) -> Json {
    let mut spec = json!({"adminApi": {"name": API}, "label": "drill", "material": "steel"});
    for (field, value) in fields.as_object().into_iter().flatten() {
        spec[field] = value.clone();
    }
    json!({"apiVersion": "provost.dev/v1alpha1", "kind": "Tool", "metadata": {"name": "drill"}, "spec": spec})
}

fn manual(source: &str) -> Json {
    json!({"manual": {source: {"name": "papers", "key": "manual.txt"}}})
}

fn secret(key: &str) -> Json {
    json!({"secretRef": {"name": "codes", "key": key}})
}

fn converged(tool: &Tool) -> bool {
    tool.is("Ready", "True", "Converged")
}

/// What was last sent of the manual, as the status has it.
fn applied(tool: &Tool) -> Option<&str> {
    tool.status.as_ref()?.applied.get("manual").map(String::as_str)
}

async fn ready(stage: &Stage<Simulator>) -> Tool {
    stage.until("drill", converged).await
}

/// Waits until this is what was last sent of the manual.
async fn sent(stage: &Stage<Simulator>, content: &'static [u8]) -> Tool {
    let digest = json!(digest_of(content)).to_string();
    stage.until("drill", move |tool: &Tool| converged(tool) && applied(tool) == Some(&digest)).await
}

#[tokio::test]
async fn a_file_is_sent_again_when_its_content_changes_and_not_before() {
    let mut stage = Stage::workshop(Options::default()).await;
    stage.apply(&config_map("papers", json!({"manual.txt": "turn left", "other": "x"}))).await;
    stage.apply(&tool(manual("configMapRef"))).await;
    sent(&stage, b"turn left").await;
    assert_eq!(stage.vendor.tools()[0].manual.as_deref(), Some(&b"turn left"[..]));

    stage.apply(&config_map("papers", json!({"manual.txt": "turn left", "other": "y"}))).await;
    stage.looked_at::<Tool>("drill").await;
    stage.restart_operator().await;
    stage.looked_at::<Tool>("drill").await;
    assert_eq!(stage.vendor_writes().len(), 1);

    stage.apply(&config_map("papers", json!({"manual.txt": "turn right"}))).await;
    sent(&stage, b"turn right").await;
    assert_eq!(stage.vendor.tools()[0].manual.as_deref(), Some(&b"turn right"[..]));
    let writes = stage.vendor_writes();
    assert_eq!(writes.iter().map(|(operation, _)| *operation).collect::<Vec<_>>(), ["create_tool", "change_tool"]);

    // What is no text is in binaryData.
    let mut binary = config_map("papers", json!({}));
    binary["binaryData"] = json!({"manual.txt": "AP/+"});
    stage.apply(&binary).await;
    sent(&stage, &[0, 255, 254]).await;
    assert_eq!(stage.vendor.tools()[0].manual.as_deref(), Some(&[0, 255, 254][..]));
}

#[tokio::test]
async fn a_missing_file_is_named_and_waited_for() {
    let stage = Stage::workshop(Options::default()).await;
    stage.apply(&tool(manual("configMapRef"))).await;
    let unready = |reason| stage.until("drill", move |tool: &Tool| tool.is("Ready", "False", reason));
    let object = unready("SecretMissing").await;
    let (message, place) = (object.message("Ready"), format!("the ConfigMap {}/papers", stage.namespace));
    assert!(["spec.manual", &place, "key manual.txt"].iter().all(|part| message.contains(part)), "{message}");

    stage.apply(&config_map("papers", json!({"manual.pdf": "misnamed"}))).await;
    let object = unready("SecretKeyMissing").await;
    let message = object.message("Ready");
    assert!(["spec.manual", &place, "key manual.txt"].iter().all(|part| message.contains(part)), "{message}");
    assert_eq!(stage.vendor_writes(), []);

    stage.apply(&config_map("papers", json!({"manual.txt": "turn left"}))).await;
    ready(&stage).await;
    stage.delete::<ConfigMap>("papers").await;
    unready("SecretMissing").await;

    // The same file from elsewhere is the same file.
    stage.write_secret("papers", json!({"manual.txt": "turn left"})).await;
    stage.patch::<Tool>("drill", json!({"spec": {"manual": {"configMapRef": null, "secretRef": manual("secretRef")["manual"]["secretRef"]}}})).await;
    ready(&stage).await;
    assert_eq!(stage.vendor_writes().len(), 1);
    stage.delete::<Secret>("papers").await;
    let object = unready("SecretMissing").await;
    assert!(object.message("Ready").contains("the Secret"), "{}", object.message("Ready"));
}

#[tokio::test]
async fn a_file_has_exactly_one_source() {
    let stage = Stage::workshop(Options::default()).await;
    let key = json!({"name": "papers", "key": "manual.txt"});
    let (url, sha256) = ("https://x.example/manual?signature=planted-signature-7Q", "ab".repeat(32));
    let api = stage.api::<Tool>();
    let refusal = async |source: Json| {
        let object = serde_json::from_value(tool(json!({"manual": source}))).unwrap();
        api.create(&Default::default(), &object).await.unwrap_err().to_string()
    };
    for (source, words) in [
        (json!({}), "exactly one of"),
        (json!({"configMapRef": key, "secretRef": key}), "exactly one of"),
        (json!({"configMapRef": key, "url": url, "sha256": sha256}), "exactly one of"),
        (json!({"url": url}), "url needs the sha256"),
        (json!({"configMapRef": key, "sha256": sha256}), "url needs the sha256"),
        (json!({"url": url, "sha256": "abc"}), "sha256"),
        (json!({"url": url.replace("https", "http"), "sha256": sha256}), "url must begin with https"),
        (json!({"url": "http://localhost@x.example/", "sha256": sha256}), "url must begin with https"),
    ] {
        let refused = refusal(source.clone()).await;
        assert!(refused.contains(words) && !refused.contains("planted-signature"), "{source}: {refused}");
    }

    // One that is good is told by its digest alone.
    let file = |url: &str, sha256: &str| tool(json!({"manual": {"url": url, "sha256": sha256}}));
    stage.apply(&file("http://127.0.0.1:9/manual?signature=planted-signature-7Q", &sha256.to_uppercase())).await;
    let object = stage.until("drill", |tool: &Tool| tool.is("Ready", "False", "Refused")).await;
    let status = serde_json::to_string(&object.status).unwrap();
    assert!(!status.contains("planted-signature"), "{status}");
}

#[tokio::test]
async fn a_secret_that_the_vendor_shows_is_compared_without_being_told() {
    let mut stage = Stage::workshop(Options::default()).await;
    stage.write_secret("codes", json!({"case": "planted-case-7Q", "a": "planted-a-7Q", "b": "planted-b-7Q"})).await;
    stage.apply(&tool(json!({"code": secret("case"), "spares": [secret("a"), secret("b")]}))).await;
    ready(&stage).await;
    let made = |stage: &Stage<Simulator>| {
        let tool = stage.vendor.tools().remove(0);
        (tool.code.unwrap_or_default(), tool.spares)
    };
    let (first, second) = ("planted-a-7Q".to_owned(), "planted-b-7Q".to_owned());
    assert_eq!(made(&stage), ("planted-case-7Q".to_owned(), vec![first.clone(), second]));

    // Changed at the vendor: drift, which is corrected. The order of a set is none.
    stage.vendor.edit_tool("drill", |tool| {
        tool.code = Some("stolen".to_owned());
        tool.spares.reverse();
    });
    stage.looked_at::<AdminApi>(API).await;
    stage.looked_at::<Tool>("drill").await;
    assert_eq!(made(&stage).0, "planted-case-7Q");
    assert_eq!(stage.vendor_writes().len(), 2);

    // Changed in the Secret: an update, of what is no field too.
    stage.write_secret("codes", json!({"case": "planted-case-8Q", "a": "planted-a-7Q", "b": "planted-b-8Q"})).await;
    let twice = |entries: &[Entry]| entries.iter().filter(|entry| entry.operation == "change_tool").count() == 2;
    stage.in_time(stage.vendor.journal().wait_for(twice)).await;
    stage.looked_at::<Tool>("drill").await;
    assert_eq!(made(&stage), ("planted-case-8Q".to_owned(), vec![first, "planted-b-8Q".to_owned()]));

    let object = ready(&stage).await;
    let told = format!("{}{}", serde_json::to_string(&object).unwrap(), json!(stage.tap.changes.all()));
    assert!(!told.contains("planted") && !told.contains("stolen"), "{told}");
    stage.restart_operator().await;
    stage.looked_at::<Tool>("drill").await;
    assert_eq!(stage.vendor_writes().len(), 3);
}

#[tokio::test]
async fn a_secret_in_a_vendors_own_block_is_watched_and_named() {
    let vendor =
        Simulator::start(Options { badge: Some("planted-badge-7Q".to_owned()), ..Options::default() }).await.unwrap();
    let mut stage = Stage::of(vendor, "workshop", tables_of(&["Tool"])).await;
    stage.settings = json!({"badge": {"secretRef": {"name": "badge", "key": "text"}}});
    stage.connect().await;
    stage.start_operator().await;
    let api = stage.api_unready("CredentialsMissing").await;
    let (message, place) = (api.message("Ready"), format!("the Secret {}/badge", stage.namespace));
    assert!(["spec.workshop.badge", &place, "key text"].iter().all(|part| message.contains(part)), "{message}");

    stage.write_secret("badge", json!({"word": "x"})).await;
    let wants_key = |api: &AdminApi| {
        api.is("Ready", "False", "CredentialsMissing") && api.message("Ready").contains("has no key text")
    };
    stage.until(API, wants_key).await;
    stage.write_secret("badge", json!({"text": "wrong"})).await;
    stage.api_unready("Denied").await;
    stage.write_secret("badge", json!({"text": "planted-badge-7Q"})).await;
    let api = stage.api_ready().await;
    stage.apply(&tool(json!({}))).await;
    ready(&stage).await;
    assert!(!serde_json::to_string(&api).unwrap().contains("planted-badge"));
}

/// What a preview finds of every Secret and file.
struct Papers;

impl SecretSource for Papers {
    fn value<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str, key: &'a str) -> BoxFuture<'a, Result<Value, Stop>> {
        Box::pin(async move { Ok(Value::new(format!("planted-{key}-7Q"))) })
    }

    fn digest<'a>(&'a self, field: &'a str, _: &'a str, _: &'a FileSource) -> BoxFuture<'a, Result<String, Stop>> {
        assert_eq!(field, "manual");
        Box::pin(async { Ok(digest_of(b"turn left")) })
    }
}

impl SiblingSource for Papers {
    fn resolve<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Option<Resolved>, Stop>> {
        panic!("a tool has no siblings")
    }
}

/// What would change of the one tool of the vendor.
async fn planned(vendor: &Simulator, stored: Option<Json>) -> Vec<(String, String, String)> {
    let access = Access {
        credentials: vendor.credentials(),
        named: Default::default(),
        ca_bundle: None,
        limits: Limits::default(),
        breaker: Default::default(),
        gate: Arc::new(ReadOnly),
        observer: Arc::new(Unobserved),
    };
    let mut manifest = tool(json!({"code": secret("case"), "spares": [secret("a")]}));
    manifest["spec"]["manual"] = manual("configMapRef")["manual"].clone();
    manifest["spec"]["policy"] = json!({"adoption": "IfExists"});
    manifest["metadata"]["namespace"] = json!("ns");
    let request = Request {
        manifest,
        stored,
        client: (VendorRow::of::<Workshop>().connect)(&json!({"url": vendor.url()}), access).unwrap(),
        fresh_after: Instant::now(),
        secrets: Arc::new(Papers),
        key: None,
        tombstones: Arc::default(),
        siblings: Arc::new(Papers),
    };
    let preview = (tables_of(&["Tool"]).kinds[0].preview)(request).await.unwrap();
    assert!(!format!("{preview:?}").contains("planted"), "{preview:#?}");
    let changes = preview.steps.into_iter().flat_map(|step| step.changes);
    changes.map(|change| (change.path, change.from.text(), change.to.text())).collect()
}

#[tokio::test]
async fn a_plan_compares_secrets_that_are_shown_and_digests_of_files() {
    let vendor = Simulator::start(Options::default()).await.unwrap();
    let id = vendor.add_tool("drill", "red", "steel").id;
    vendor.edit_tool("drill", |tool| {
        tool.code = Some("planted-case-7Q".to_owned());
        tool.spares = vec!["planted-a-7Q".to_owned()];
    });
    let change = |path: &str, from: &str, to: &str| (path.to_owned(), from.to_owned(), to.to_owned());
    let (left, right) = (json!(digest_of(b"turn left")).to_string(), json!(digest_of(b"turn right")).to_string());
    assert_eq!(planned(&vendor, None).await, [change("manual", "(unknown)", &left)]);

    let applied = |digest: &str| {
        json!({
            "metadata": {"uid": "u1", "generation": 1, "finalizers": [FINALIZER],
                "annotations": {"provost.dev/external-id": id}},
            "status": {"observedGeneration": 1, "conditions": [], "externalId": id, "applied": {"manual": digest}},
        })
    };
    assert_eq!(planned(&vendor, Some(applied(&left))).await, []);
    vendor.edit_tool("drill", |tool| {
        tool.code = Some("planted-stolen-7Q".to_owned());
        tool.spares = vec!["planted-b-7Q".to_owned()];
    });
    assert_eq!(
        planned(&vendor, Some(applied(&right))).await,
        [
            change("code", "***", "***"),
            change("manual", &right, &left),
            change("spares", "\"0 as wanted, 1 others\"", "1")
        ]
    );
}
