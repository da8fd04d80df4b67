//! Intrexx: its kinds, each on the real API server and in front of the simulator.

mod actions;
mod admin_api;
mod diagnosis;
mod files;
mod groups;
mod jobs;
mod mail;
mod packages;
mod portals;
mod switches;
mod templates;
mod users;

use provost::intrexx::sim::options::Server;
use provost::intrexx::sim::{Options, Simulator};
use serde_json::{Value as Json, json};

use crate::examples;
use crate::stage::{API, Stage};
use crate::workshop;

/// The portal of [`seeded`].
pub const PORTAL: &str = "sales";

/// A server as documented that has the running portal [`PORTAL`].
pub fn seeded() -> Options {
    Options { server: Server { portals: vec![PORTAL.to_owned()], ..Server::default() }, ..Options::default() }
}

impl Stage<Simulator> {
    /// A stage whose vendor is an Intrexx that behaves as `options` say, connected, with what the examples need beside their objects, and
    /// an operator of `kinds` at work.
    pub async fn intrexx(options: Options, kinds: &[&str]) -> Self {
        Self::intrexx_with(options, kinds, json!({})).await
    }

    /// The same, with more in the vendor's block of its AdminApi than the address.
    pub async fn intrexx_with(options: Options, kinds: &[&str], settings: Json) -> Self {
        let mut stage = Self::of(Simulator::start(options).await.unwrap(), "intrexx", workshop::tables_of(kinds)).await;
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

/// A kind's example under another name, in the portal [`PORTAL`], its spec changed as a merge patch does.
pub fn example(kind: &str, name: &str, fields: Json) -> Json {
    let (mut manifest, _) = examples::of(kind);
    examples::alone(&mut manifest, PORTAL);
    manifest["metadata"] = json!({"name": name});
    manifest["spec"]["adminApi"] = json!({"name": API});
    examples::change(&mut manifest["spec"], &fields);
    manifest
}
