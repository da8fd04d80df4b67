//! What only one may write to at a time: the others wait for their turn, hold nobody up meanwhile, and are served in their order.

use provost::engine::admin_api::AdminApi;
use provost::sim::journal::{Entry, Outcome};
use provost::sim::simulated::Simulated;
use provost::sim::trouble::{Act, Order};
use serde_json::{Value as Json, json};

use crate::objects::Objects;
use crate::stage::{API, Stage};
use crate::workshop::sim::{Options, Simulator};

/// The manifest of a tool on a bench, named as its label.
fn tool(label: &str, bench: &str) -> Json {
    json!({
        "apiVersion": "provost.dev/v1alpha1", "kind": "Tool", "metadata": {"name": label},
        "spec": {"adminApi": {"name": API}, "label": label, "material": "steel", "colour": "red", "bench": bench},
    })
}

/// A workshop behind an AdminApi whose objects share two places, one of which a held call takes.
async fn stage() -> (Stage<Simulator>, Objects) {
    let stage = Stage::workshop(Options::default()).await;
    stage.patch::<AdminApi>(API, json!({"spec": {"limits": {"concurrency": 2}}})).await;
    stage.api_ready().await;
    stage.looked_at::<AdminApi>(API).await;
    let tools = stage.objects("Tool");
    (stage, tools)
}

/// Waits until so many requests of an operation have come, the last of them is held, and no other one is.
async fn only_held(stage: &Stage<Simulator>, operation: &'static str, count: usize) -> Entry {
    let held = move |entries: &[Entry]| {
        let came: Vec<_> = entries.iter().filter(|entry| entry.operation == operation).collect();
        came.len() >= count && came[count - 1].outcome == Outcome::Held
    };
    let entries = stage.in_time(stage.vendor.journal().wait_for(held)).await;
    let came: Vec<_> = entries.into_iter().filter(|entry| entry.operation == operation).collect();
    assert_eq!(came.len(), count, "{came:#?}");
    assert!(came[..count - 1].iter().all(|entry| entry.outcome.is_final()), "{came:#?}");
    came[count - 1].clone()
}

fn labels(stage: &Stage<Simulator>) -> Vec<Json> {
    let created = stage.vendor.journal().of("create_tool").into_iter();
    created.map(|entry| entry.body.unwrap()["label"].clone()).collect()
}

#[tokio::test]
async fn of_one_bench_they_are_made_one_after_the_other_and_others_go_on() {
    let (stage, tools) = stage().await;
    stage.vendor.trouble().place(Order::next_of("create_tool", Act::Hold));
    stage.apply(&tool("a", "left")).await;
    only_held(&stage, "create_tool", 1).await;
    for (label, bench) in [("b", "left"), ("c", "left"), ("d", "right")] {
        stage.apply(&tool(label, bench)).await;
    }
    // One place is left for all three: the two that wait do not hold it.
    tools.ready("d").await;
    assert_eq!(labels(&stage), ["a", "d"]);

    stage.vendor.trouble().place(Order::next_of("create_tool", Act::Hold));
    stage.vendor.trouble().release();
    tools.ready("a").await;
    only_held(&stage, "create_tool", 3).await;
    // Whoever comes later waits behind those who are there.
    stage.apply(&tool("e", "left")).await;
    stage.apply(&tool("f", "right")).await;
    tools.ready("f").await;
    stage.vendor.trouble().place(Order::next_of("create_tool", Act::Hold));
    stage.vendor.trouble().release();
    only_held(&stage, "create_tool", 5).await;
    stage.vendor.trouble().release();
    tools.ready("e").await;
    assert_eq!(labels(&stage), ["a", "d", "b", "f", "c", "e"]);
}

#[tokio::test]
async fn changes_and_deletions_wait_too_and_one_that_goes_meanwhile_holds_nobody_up() {
    let (stage, tools) = stage().await;
    for label in ["a", "b", "c", "d"] {
        stage.apply(&tool(label, "left")).await;
        tools.ready(label).await;
    }
    stage.vendor.trouble().place(Order::next_of("change_tool", Act::Hold));
    tools.edit("a", json!({"colour": "blue"})).await;
    only_held(&stage, "change_tool", 1).await;
    tools.edit("b", json!({"colour": "blue"})).await;
    tools.delete("c").await;
    tools.edit("d", json!({"colour": "green"})).await;
    stage.apply(&tool("z", "right")).await;
    tools.ready("z").await;
    assert_eq!(stage.vendor.journal().count("delete_tool"), 0);
    only_held(&stage, "change_tool", 1).await;
    // The next in line is let go, and is never heard of again.
    tools.edit("b", json!({"policy": {"deletion": "Orphan"}})).await;
    tools.delete("b").await;
    tools.gone("b").await;

    stage.vendor.trouble().release();
    tools.gone("c").await;
    tools.ready("d").await;
    let colours: Vec<_> = stage.vendor.tools().into_iter().map(|tool| (tool.label, tool.colour)).collect();
    let expected = [("a", "blue"), ("b", "red"), ("d", "green"), ("z", "red")];
    assert_eq!(colours, expected.map(|(label, colour)| (label.to_owned(), colour.to_owned())));
}
