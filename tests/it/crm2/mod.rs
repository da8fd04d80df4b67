//! CRM-2: its kinds, each on the real API server and in front of the simulator.

mod admin_api;
mod domain;
mod rotation;
mod switches;
mod users;

use provost::crm2::sim::{Options, Simulator};
use serde_json::{Value as Json, json};

use crate::examples;
use crate::stage::{API, Stage};
use crate::workshop;

/// The domain that the simulator has from the start, and whose owner's token it lets in.
pub const DOMAIN: &str = "acme.example";

impl Stage<Simulator> {
    /// A stage whose vendor is a CRM-2 that behaves as `options` say, connected, with what the examples need beside their objects, and
    /// an operator of `kinds` at work.
    pub async fn crm2(options: Options, kinds: &[&str]) -> Self {
        Self::crm2_with(options, kinds, json!({})).await
    }

    /// The same, with more in the vendor's block of its AdminApi than address and domain.
    pub async fn crm2_with(options: Options, kinds: &[&str], settings: Json) -> Self {
        let mut stage = Self::of(Simulator::start(options).await.unwrap(), "crm2", workshop::tables_of(kinds)).await;
        stage.settings = json!({"clientDomain": DOMAIN});
        for (field, value) in settings.as_object().into_iter().flatten() {
            stage.settings[field] = value.clone();
        }
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
