//! References between managed objects: what is missing or not ready is waited for, and nothing of it is needed to delete.

use std::sync::Arc;

use futures::future::BoxFuture;
use provost::base::access::{Access, Limits, ReadOnly, Unobserved};
use provost::base::secret::Secret;
use provost::cli::kubernetes;
use provost::engine::admin_api::AdminApi;
use provost::engine::kind::FileSource;
use provost::engine::preview::{KNOWN_LATER, Preview, Request, SecretSource, SiblingSource};
use provost::engine::reason::Reason;
use provost::engine::registry::{KindRow, Tables};
use provost::engine::report::Stop;
use provost::engine::session::VendorRow;
use provost::engine::sibling::Resolved;
use provost::sim::simulated::Simulated;
use serde_json::{Value as Json, json};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::stage::{API, Conditioned, Stage, client_with_kinds};
use crate::tap;
use crate::workshop::part::{Part, ROW};
use crate::workshop::sim::{Options, Simulator};
use crate::workshop::tool::Tool;
use crate::workshop::{Workshop, tables_of};

const PAUSED: &str = "provost.dev/paused";

static DEFINITION: OnceCell<()> = OnceCell::const_new();

/// The workshop, with an operator of tools and their parts.
async fn workshop() -> Stage<Simulator> {
    let client = client_with_kinds().await;
    let install = || async { kubernetes::install(&client, &[(ROW.crd)()]).await.unwrap() };
    DEFINITION.get_or_init(install).await;
    let tools = tables_of(&["Tool"]);
    let kinds: Vec<KindRow> = tools.kinds.iter().copied().chain([ROW]).collect();
    let vendor = Simulator::start(Options::default()).await.unwrap();
    let mut stage = Stage::of(vendor, "workshop", Tables { kinds: kinds.leak(), ..tools }).await;
    stage.connect().await;
    stage.start_operator().await;
    stage
}

fn manifest(kind: &str, name: &str, spec: Json) -> Json {
    json!({"apiVersion": "provost.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec})
}

fn tool(name: &str) -> Json {
    manifest("Tool", name, json!({"adminApi": {"name": API}, "label": name, "material": "steel"}))
}

fn part(name: &str, tool: &str) -> Json {
    manifest("Part", name, json!({"adminApi": {"name": API}, "label": name, "tool": {"name": tool}}))
}

async fn ready(stage: &Stage<Simulator>, name: &str) -> Part {
    stage.until(name, |part: &Part| part.is("Ready", "True", "Converged")).await
}

async fn waits(stage: &Stage<Simulator>, name: &str, reason: &'static str) -> Part {
    stage.until(name, move |part: &Part| part.is("Ready", "False", reason)).await
}

fn id_of(stage: &Stage<Simulator>, label: &str) -> String {
    stage.vendor.tools().into_iter().find(|tool| tool.label == label).unwrap().id
}

#[tokio::test]
async fn one_that_is_missing_is_waited_for() {
    let stage = workshop().await;
    stage.apply(&part("handle", "drill")).await;
    let object = waits(&stage, "handle", "ReferenceMissing").await;
    let message = object.message("Ready");
    assert!(message.contains("spec.tool") && message.contains("drill"), "{message}");
    assert_eq!(stage.vendor.tools(), []);
    stage.apply(&tool("drill")).await;
    ready(&stage, "handle").await;
    let handle = stage.vendor.tools().into_iter().find(|tool| tool.label == "handle").unwrap();
    assert_eq!(handle.material, format!("of {}", id_of(&stage, "drill")));
}

#[tokio::test]
async fn all_applied_together_in_the_wrong_order_converge() {
    let stage = workshop().await;
    for name in ["one", "two", "three"] {
        stage.apply(&part(name, "drill")).await;
    }
    stage.apply(&tool("drill")).await;
    for name in ["one", "two", "three"] {
        ready(&stage, name).await;
    }
    assert_eq!(stage.vendor.tools().len(), 4);
}

#[tokio::test]
async fn one_without_an_id_is_not_ready() {
    let stage = workshop().await;
    let mut drill = tool("drill");
    drill["metadata"]["annotations"] = json!({PAUSED: "true"});
    stage.apply(&drill).await;
    stage.apply(&part("handle", "drill")).await;
    waits(&stage, "handle", "ReferenceNotReady").await;
    stage.annotate::<Tool>("drill", PAUSED, None).await;
    ready(&stage, "handle").await;
}

#[tokio::test]
async fn one_behind_another_admin_api_will_not_do() {
    let stage = workshop().await;
    let mut other = stage.api::<AdminApi>().get(API).await.unwrap();
    other.metadata = kube::api::ObjectMeta { name: Some("other".to_owned()), ..Default::default() };
    other.status = None;
    stage.api::<AdminApi>().create(&Default::default(), &other).await.unwrap();
    let mut drill = tool("drill");
    drill["spec"]["adminApi"]["name"] = json!("other");
    stage.apply(&drill).await;
    stage.until("drill", |tool: &Tool| tool.is("Ready", "True", "Converged")).await;
    stage.apply(&part("handle", "drill")).await;
    waits(&stage, "handle", "ReferenceForbidden").await;
    assert_eq!(stage.vendor.tools().len(), 1);
}

#[tokio::test]
async fn one_that_goes_is_missed_and_not_needed_to_delete() {
    let stage = workshop().await;
    stage.apply(&tool("drill")).await;
    stage.apply(&part("handle", "drill")).await;
    ready(&stage, "handle").await;
    stage.delete::<Tool>("drill").await;
    stage.gone::<Tool>("drill").await;
    waits(&stage, "handle", "ReferenceMissing").await;
    assert_eq!(stage.vendor.tools().len(), 1);
    stage.delete::<Part>("handle").await;
    stage.gone::<Part>("handle").await;
    assert_eq!(stage.vendor.tools(), []);
}

#[tokio::test]
async fn one_that_is_going_is_not_ready() {
    let stage = workshop().await;
    stage.apply(&tool("drill")).await;
    stage.until("drill", |tool: &Tool| tool.is("Ready", "True", "Converged")).await;
    stage.annotate::<Tool>("drill", PAUSED, Some("true")).await;
    stage.delete::<Tool>("drill").await;
    let goes = |tool: &Tool| tool.metadata.deletion_timestamp.is_some() && tool.is("Ready", "False", "Paused");
    stage.until("drill", goes).await;
    stage.apply(&part("handle", "drill")).await;
    let object = waits(&stage, "handle", "ReferenceNotReady").await;
    assert!(object.message("Ready").contains("is being deleted"), "{}", object.message("Ready"));
    assert_eq!(stage.vendor.tools().len(), 1);
}

/// What a plan finds of every sibling.
struct Known(Option<Resolved>);

impl SiblingSource for Known {
    fn resolve<'a>(
        &'a self,
        kind: &'a str,
        _: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<Resolved>, Stop>> {
        assert_eq!((kind, name), ("Tool", "drill"));
        let found = self.0.clone();
        Box::pin(async move { Ok(found) })
    }
}

struct NoSecrets;

impl SecretSource for NoSecrets {
    fn value<'a>(&'a self, field: &'a str, _: &'a str, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Secret, Stop>> {
        panic!("a part has no secrets, and somebody asks for {field}")
    }

    fn digest<'a>(&'a self, field: &'a str, _: &'a str, _: &'a FileSource) -> BoxFuture<'a, Result<String, Stop>> {
        panic!("a part has no files, and somebody asks for {field}")
    }
}

async fn planned(vendor: &Simulator, sibling: Option<Resolved>) -> Result<Preview, Stop> {
    let access = Access {
        credentials: vendor.credentials(),
        named: Default::default(),
        ca_bundle: None,
        limits: Limits::default(),
        breaker: Arc::default(),
        gate: Arc::new(ReadOnly),
        observer: Arc::new(Unobserved),
    };
    let row = VendorRow::of::<Workshop>();
    let mut manifest = part("handle", "drill");
    manifest["metadata"]["namespace"] = json!("ns");
    (ROW.preview)(Request {
        manifest,
        stored: None,
        client: (row.connect)(&json!({"url": vendor.url()}), access).unwrap(),
        fresh_after: Instant::now(),
        secrets: Arc::new(NoSecrets),
        key: None,
        tombstones: Arc::default(),
        siblings: Arc::new(Known(sibling)),
    })
    .await
}

#[tokio::test]
async fn a_plan_shows_an_id_that_is_yet_to_come() {
    let vendor = Simulator::start(Options::default()).await.unwrap();
    let drill = |id: &str| Resolved {
        external_id: Some(id.to_owned()),
        deleting: false,
        admin_api: Some(("ns".into(), API.into())),
    };
    let material = |preview: &Preview| {
        let change = preview.steps[0].changes.iter().find(|change| change.path == "material");
        change.unwrap().to.text()
    };
    let preview = planned(&vendor, Some(drill(KNOWN_LATER))).await.unwrap();
    assert_eq!((preview.steps[0].action.word(), preview.steps[0].hold.as_ref()), ("Create", None));
    assert!(material(&preview).contains("(known after create)"), "{preview:#?}");
    // Nothing can be behind what is not there: the vendor is not asked.
    assert_eq!(vendor.journal().last(), 0);
    let preview = planned(&vendor, Some(drill("t-7"))).await.unwrap();
    assert!(material(&preview).contains("of t-7"), "{preview:#?}");
    assert_eq!(planned(&vendor, None).await.unwrap_err().reason(), Reason::ReferenceMissing);
}

#[tokio::test]
async fn what_was_announced_is_not_searched_for_by_half_its_key() {
    let mut stage = workshop().await;
    stage.apply(&tool("drill")).await;
    stage.until("drill", |tool: &Tool| tool.is("Ready", "True", "Converged")).await;
    stage.tap.next(tap::Act::Hang, |call| call.annotates("provost.dev/external-id").is_some());
    stage.apply(&part("handle", "drill")).await;
    stage.in_time(stage.tap.wait_for(|call| call.fate == tap::Fate::Hung)).await;
    stage.kill_operator().await;
    let id = id_of(&stage, "handle");
    stage.delete::<Part>("handle").await;
    stage.patch::<Tool>("drill", json!({"metadata": {"finalizers": null}})).await;
    stage.delete::<Tool>("drill").await;
    stage.start_operator().await;
    let object = waits(&stage, "handle", "DeletionBlocked").await;
    let message = object.message("Ready");
    assert!(message.contains("spec.tool") && message.contains("provost.dev/external-id"), "{message}");
    assert!(stage.vendor.tools().iter().any(|tool| tool.id == id));

    stage.annotate::<Part>("handle", "provost.dev/external-id", Some(&id)).await;
    stage.gone::<Part>("handle").await;
    assert!(stage.vendor.tools().iter().all(|tool| tool.id != id));
}
