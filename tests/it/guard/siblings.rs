//! References between managed objects: what is missing or not ready is waited for, and nothing of it is needed to delete.

use provost::cli::kubernetes;
use provost::engine::admin_api::AdminApi;
use provost::engine::registry::{KindRow, Tables};
use serde_json::{Value as Json, json};
use tokio::sync::OnceCell;

use crate::stage::{API, Conditioned, Stage, client_with_kinds};
use crate::workshop::part::{Part, ROW};
use crate::workshop::sim::{Options, Simulator};
use crate::workshop::tables_of;
use crate::workshop::tool::Tool;

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
    stage.apply(&part("handle", "drill")).await;
    let object = waits(&stage, "handle", "ReferenceNotReady").await;
    assert!(object.message("Ready").contains("is being deleted"), "{}", object.message("Ready"));
    assert_eq!(stage.vendor.tools().len(), 1);
}
