//! Secrecy: a planted secret appears in no status, Event, log line, metric, plan, change record or journal.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::api::events::v1::Event;
use kube::Api;
use kube::api::{DynamicObject, ListParams};
use provost::engine::admin_api::AdminApi;
use provost::sim::simulated::Simulated;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{any, on_each};
use crate::log;
use crate::objects::is;
use crate::testbed::scene::Scene;

/// The example's Secrets with values of their own, which are returned.
async fn plant(scene: &Scene) -> Vec<String> {
    let mut planted = Vec::new();
    for mut secret in scene.bed.example().1.into_iter().filter(|document| document["kind"] == "Secret") {
        for (key, value) in secret["stringData"].as_object_mut().unwrap() {
            let text = format!("planted-{}-{key}-7Q", scene.bed.block());
            *value = json!(text);
            planted.push(text);
        }
        scene.stage.apply(&secret).await;
    }
    let credentials = scene.stage.vendor.credentials();
    let secret = credentials.iter().filter(|(key, _)| *key != "username").map(|(_, value)| value.expose().to_owned());
    planted.extend(secret);
    let encoded: Vec<String> = planted.iter().map(|text| STANDARD.encode(text)).collect();
    planted.extend(encoded);
    planted
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

#[tokio::test]
async fn planted_secrets_appear_nowhere() {
    on_each(any, |scene| {
        async move {
            let planted = plant(scene).await;
            // A run is planned before it is done, and anything else again when it is edited.
            let planned = |object: &DynamicObject| is(object, "Ready", "False", "AwaitingApproval");
            scene.stage.apply(&scene.manifest("first", json!({"management": "Plan"}))).await;
            scene.until("first", planned).await;
            scene.patch("first", json!({"spec": {"policy": {"management": null}}})).await;
            scene.arrived("first").await;
            if scene.bed.can_be_edited() {
                scene.patch("first", json!({"spec": {"policy": {"management": "Plan"}}})).await;
                scene.patch("first", json!({"spec": (scene.bed.edit)()})).await;
                scene.until("first", planned).await;
                scene.patch("first", json!({"spec": {"policy": {"management": null}}})).await;
                scene.arrived("first").await;
            }

            let all = ListParams::default();
            let objects: Vec<Json> = scene
                .api
                .list(&all)
                .await
                .unwrap()
                .items
                .iter()
                .map(|object| serde_json::to_value(object).unwrap())
                .collect();
            let (apis, notes): (Api<AdminApi>, Api<ConfigMap>) = (scene.stage.api(), scene.stage.api());
            let events: Api<Event> = scene.stage.api();
            let sent: Vec<String> =
                scene.stage.tap.writes_since(0).iter().map(|call| format!("{} {}", call.path, call.body)).collect();
            let places = [
                ("the objects", text(&objects)),
                ("the AdminApis", text(&apis.list(&all).await.unwrap().items)),
                ("the ConfigMaps", text(&notes.list(&all).await.unwrap().items)),
                ("the Events", text(&events.list(&all).await.unwrap().items)),
                ("the metrics", scene.stage.metrics().await),
                ("the log", log::text()),
                ("what was written to Kubernetes", sent.join("\n")),
                ("the change record", text(&scene.stage.tap.changes.all())),
                ("the vendor's journal", text(&scene.stage.vendor.journal().all())),
            ];
            for (place, said) in places {
                assert!(!said.is_empty(), "nothing was looked through in {place}");
                for secret in &planted {
                    assert!(!said.contains(secret), "{place} tell {secret}");
                }
            }
        }
        .boxed()
    })
    .await;
}
