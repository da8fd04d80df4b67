//! B4, B12: edits, twenty a second: how long until the vendor is called and until the object is Ready, and what is written for it.

use std::collections::HashMap;
use std::time::Duration;

use futures::StreamExt;
use kube::ResourceExt;
use kube::runtime::{WatchStreamExt, watcher};
use provost::myintranetapps::sim::Simulator;
use tokio::sync::mpsc;

use crate::counters::{Writes, quiet};
use crate::field::{Field, is_ready};
use crate::table::{Table, quantile};
use crate::{LATENCY_MS, VENDOR, WATCHED};

/// The time between two edits.
const BEAT: Duration = Duration::from_millis(50);

/// Makes edits and times them.
pub struct Editor<'f> {
    /// Where.
    pub field: &'f Field,
    /// A word that no earlier edit had.
    pub word: &'f str,
    /// The vendor that is to be called.
    pub simulator: &'f Simulator,
}

/// Milliseconds from the moment before each edit was sent.
pub struct Times {
    /// Until the vendor's server had the call.
    pub called: Vec<f64>,
    /// Until a watch showed the object Ready as of that edit.
    pub ready: Vec<f64>,
}

/// In the words of the table.
pub fn milliseconds(value: f64) -> String {
    format!("{value:.1} ms")
}

impl Editor<'_> {
    /// Edits each object once, and waits until all are Ready.
    pub async fn edit(&self, names: &[String]) -> Times {
        let (sender, sent) = mpsc::unbounded_channel();
        let since = self.simulator.journal().last();
        let editing = async {
            let mut beat = tokio::time::interval(BEAT);
            for name in names {
                beat.tick().await;
                let (sender, name) = (sender.clone(), name.clone());
                let (field, email) = (self.field.accounts(WATCHED), self.email(&name));
                tokio::spawn(async move {
                    let begun = jiff::Timestamp::now();
                    let change = kube::api::Patch::Merge(serde_json::json!({"spec": {"emailAdmin": email}}));
                    let object = field.patch(&name, &kube::api::PatchParams::default(), &change).await.unwrap();
                    sender.send((name, object.metadata.generation, begun)).unwrap();
                });
            }
            drop(sender);
        };
        let ((begun, ready), ()) = tokio::join!(self.watch(names.len(), sent), editing);
        let entries = self.simulator.journal().since(since);
        let called = names.iter().map(|name| {
            let email = self.email(name);
            let is_it = |body: &serde_json::Value| body["email_admin"] == email.as_str();
            let entry = entries.iter().find(|entry| entry.body.as_ref().is_some_and(is_it)).unwrap();
            (entry.at - begun[name]).total(jiff::Unit::Millisecond).unwrap()
        });
        Times { called: called.collect(), ready }
    }

    fn email(&self, name: &str) -> String {
        format!("{}-{name}@example.com", self.word)
    }

    /// The moments of the edits by name, and the time that each took.
    async fn watch(&self, count: usize, mut sent: Sent) -> (HashMap<String, jiff::Timestamp>, Vec<f64>) {
        let api = self.field.accounts(WATCHED);
        let mut events = watcher(api, watcher::Config::default()).default_backoff().boxed();
        let (mut begun, mut expected, mut ready) = (HashMap::new(), HashMap::new(), HashMap::new());
        let mut times: Vec<f64> = Vec::new();
        let took = |from: jiff::Timestamp, to: jiff::Timestamp| (to - from).total(jiff::Unit::Millisecond).unwrap();
        while times.len() < count {
            tokio::select! {
                Some((name, generation, at)) = sent.recv() => {
                    begun.insert(name.clone(), at);
                    match ready.remove(&(name.clone(), generation)) {
                        Some(seen) => times.push(took(at, seen)),
                        None => drop(expected.insert((name, generation), at)),
                    }
                }
                Some(Ok(event)) = events.next() => {
                    let (watcher::Event::Apply(object) | watcher::Event::InitApply(object)) = event else { continue };
                    if is_ready(&object) {
                        let key = (object.name_any(), object.metadata.generation);
                        let now = jiff::Timestamp::now();
                        match expected.remove(&key) {
                            Some(at) => times.push(took(at, now)),
                            None => drop(ready.insert(key, now)),
                        }
                    }
                }
            }
        }
        (begun, times)
    }
}

type Sent = mpsc::UnboundedReceiver<(String, Option<i64>, jiff::Timestamp)>;

/// B4 and B12.
pub async fn measure(field: &Field, edits: usize, table: &mut Table) {
    let names: Vec<String> = (0..edits).map(|i| format!("{VENDOR}-{i}")).collect();
    let (writes, calls) = (Writes::so_far(&field.client).await, field.vendor.journal().last());
    let times = Editor { field, word: "edited", simulator: &field.vendor }.edit(&names).await;
    for (what, values, own, aims) in [
        ("edit to vendor call", &times.called, 0, [8.0, 25.0]),
        ("edit to Ready, added", &times.ready, LATENCY_MS, [13.0, 30.0]),
    ] {
        for (part, word, aim) in [(0.5, "p50", aims[0]), (0.99, "p99", aims[1])] {
            let value = quantile(values, part) - own as f64;
            let what = format!("{what} {word} ({edits} edits, 20/s)");
            table.aim("B4", what, milliseconds(value), format!("≤ {aim} ms"), value <= aim);
        }
    }
    quiet(&field.client, Duration::from_secs(2)).await;
    let writes = Writes::so_far(&field.client).await.since(&writes);
    let per = |count: u64| count as f64 / edits as f64;
    let calls = per(field.vendor.journal().last() - calls);
    let status = per(writes.of("tenantaccounts/status"));
    // The edits themselves are the benchmark's.
    let others = per(writes.of("tenantaccounts") - edits as u64);
    table.aim("B12", "vendor calls per edit", format!("{calls:.2}"), "1", calls <= 1.0);
    table.aim(
        "B12",
        "status patches, other patches per edit",
        format!("{status:.2}, {others:.2}"),
        "1, 0",
        status <= 1.0 && others == 0.0,
    );
    table.note("B12", "Events per edit", format!("{:.2}", per(writes.of("events"))));
}
