//! Adeptia Connect: its kinds, each on the real API server and in front of the simulator.

mod admin_api;
mod conversion;
mod partners;
mod switches;
mod users;

use provost::adeptia::sim::{Options, Simulator};
use serde_json::{Value as Json, json};

use crate::examples;
use crate::stage::{API, Stage};
use crate::workshop;

/// An installation as documented that shows whether a user is active.
pub fn telling() -> Options {
    let mut options = Options::default();
    options.answers.user_status = true;
    options
}

impl Stage<Simulator> {
    /// A stage whose vendor is an Adeptia Connect that behaves as `options` say, connected, with what the examples need beside their
    /// objects, and an operator of `kinds` at work.
    pub async fn adeptia(options: Options, kinds: &[&str]) -> Self {
        Self::adeptia_with(options, kinds, json!({})).await
    }

    /// The same, with more in the vendor's block of its AdminApi than the address.
    pub async fn adeptia_with(options: Options, kinds: &[&str], settings: Json) -> Self {
        let tables = workshop::tables_of(kinds);
        let mut stage = Self::of(Simulator::start(options).await.unwrap(), "adeptiaConnect", tables).await;
        stage.settings = settings;
        stage.connect().await;
        for document in kinds.iter().flat_map(|kind| examples::of(kind).1) {
            stage.apply(&document).await;
        }
        stage.start_operator().await;
        stage
    }

    /// Applies a kind's example as [`example`] has it, and waits until it is as its spec says.
    pub async fn given(&self, kind: &str, name: &str, fields: Json) {
        self.apply(&example(kind, name, fields)).await;
        self.objects(kind).ready(name).await;
    }
}

/// A kind's example under another name, with `fields` in its spec; null takes one out.
pub fn example(kind: &str, name: &str, fields: Json) -> Json {
    let (mut manifest, _) = examples::of(kind);
    manifest["metadata"] = json!({"name": name});
    manifest["spec"]["adminApi"] = json!({"name": API});
    let spec = manifest["spec"].as_object_mut().unwrap();
    for (field, value) in fields.as_object().into_iter().flatten() {
        spec.insert(field.clone(), value.clone());
    }
    spec.retain(|_, value| !value.is_null());
    manifest
}
