//! Recorder: every version of every object of a kind in a namespace, as a watch tells them, none left out.

use futures::StreamExt;
use kube::api::{Api, DynamicObject, ListParams, WatchEvent, WatchParams};
use kube::core::ApiResource;
use serde_json::Value as Json;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What is recorded of one kind.
pub struct Recorder {
    versions: watch::Receiver<Vec<Json>>,
    recording: JoinHandle<()>,
}

impl Recorder {
    /// Records from now on.
    pub async fn start(api: &Api<DynamicObject>) -> Self {
        let now = api.list(&ListParams::default().limit(1)).await.unwrap().metadata.resource_version.unwrap();
        let mut events = api.watch(&WatchParams::default(), &now).await.unwrap().boxed();
        let (sender, versions) = watch::channel(Vec::new());
        let recording = tokio::spawn(async move {
            while let Some(event) = events.next().await {
                // What is told of a deletion is the last version once more, and of nothing that is still there.
                if let WatchEvent::Added(object) | WatchEvent::Modified(object) = event.unwrap() {
                    sender.send_modify(|versions| versions.push(version(object)));
                }
            }
        });
        Self { versions, recording }
    }

    /// All versions up to this one, which an API server has told of already.
    pub async fn up_to(mut self, resource_version: &str) -> Vec<Json> {
        let there = |versions: &Vec<Json>| {
            versions.iter().any(|version| version["metadata"]["resourceVersion"] == resource_version)
        };
        let versions = self.versions.wait_for(there).await.expect("the watch ended").clone();
        self.recording.abort();
        versions
    }
}

fn version(mut object: DynamicObject) -> Json {
    object.metadata.managed_fields = None;
    serde_json::to_value(object).unwrap()
}

/// AdminApis of a namespace, without their type.
pub fn admin_apis(client: kube::Client, namespace: &str) -> Api<DynamicObject> {
    let resource = ApiResource::erase::<provost::engine::admin_api::AdminApi>(&());
    Api::namespaced_with(client, namespace, &resource)
}
