//! A vendor that takes a value and shows another one: told, and not written again each time that it is seen.

use provost::engine::admin_api::AdminApi;
use provost::sim::simulated::Simulated;
use serde_json::json;

use crate::stage::{API, Conditioned, Stage};
use crate::workshop::sim::{Options, Simulator};
use crate::workshop::tool::Tool;

/// Has the list read again, and the tool compared with it.
async fn resynced(stage: &Stage<Simulator>) -> Tool {
    stage.looked_at::<AdminApi>(API).await;
    stage.looked_at::<Tool>("drill").await
}

#[tokio::test]
async fn what_a_vendor_does_not_keep_is_not_sent_for_ever() {
    let mut stage = Stage::workshop(Options { lower_case_colours: true, ..Options::default() }).await;
    let tool = json!({
        "apiVersion": "provost.dev/v1alpha1", "kind": "Tool", "metadata": {"name": "drill"},
        "spec": {"adminApi": {"name": API}, "label": "drill", "material": "steel", "colour": "Red"},
    });
    stage.apply(&tool).await;
    stage.until("drill", |tool: &Tool| tool.is("Ready", "True", "Converged")).await;
    let changes = |stage: &Stage<Simulator>| stage.vendor.journal().performed("change_tool");
    // Once may be somebody who changed it back, so it is sent again.
    for _ in 0..3 {
        resynced(&stage).await;
    }
    let tool = stage.until("drill", |tool: &Tool| tool.is("Ready", "False", "NotKept")).await;
    assert_eq!(changes(&stage), 2);
    let message = tool.message("Ready");
    assert!(message.contains("colour was sent as \"Red\" and is \"red\""), "{message}");
    stage.restart_operator().await;
    assert!(resynced(&stage).await.is("Ready", "False", "NotKept"));
    assert_eq!(changes(&stage), 2);

    // A value that changed since is another matter.
    stage.vendor.edit_tool("drill", |tool| tool.colour = "pink".to_owned());
    for _ in 0..3 {
        resynced(&stage).await;
    }
    stage.until("drill", |tool: &Tool| tool.is("Ready", "False", "NotKept")).await;
    assert_eq!((changes(&stage), stage.vendor.tools()[0].colour.as_str()), (4, "red"));
    stage.patch::<Tool>("drill", json!({"spec": {"colour": "Blue"}})).await;
    for _ in 0..3 {
        resynced(&stage).await;
    }
    stage.until("drill", |tool: &Tool| tool.is("Ready", "False", "NotKept")).await;
    assert_eq!(stage.vendor.tools()[0].colour, "blue");
    // And so is one that people can live with.
    let before = changes(&stage);
    stage.patch::<Tool>("drill", json!({"spec": {"policy": {"drift": "Report"}}})).await;
    assert!(resynced(&stage).await.is("Ready", "True", "DriftReported"));
    stage.patch::<Tool>("drill", json!({"spec": {"colour": "blue"}})).await;
    let tool = resynced(&stage).await;
    assert!(tool.is("Ready", "True", "Converged") && tool.status.unwrap().not_kept.is_empty());
    assert_eq!(changes(&stage), before);
}
