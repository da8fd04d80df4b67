//! Metrics: one registry handed around, labels from closed sets, and what each object contributes counted when it is asked for.
//!
//! The names, labels and meanings are in [`table`]. What belongs to one object goes with that object.

mod admin_api;
mod classic;
mod collector;
mod kubernetes;
mod objects;
mod process;
pub mod table;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

pub use self::admin_api::show;
pub use self::classic::classic;
use self::collector::Collected;
pub use self::kubernetes::counted;
use self::table::Row;
use super::queue::{self, Item, Lane};
use super::reason::Reason;
use super::report::Outcome;
use super::watch::Key;
use crate::base::access::{Call, Observer};
use crate::base::breaker::State;
use crate::base::fault::{Class, Delivery};

/// A metric that a kind adds: one series per object, or several.
#[derive(Debug, Clone, Copy)]
pub struct GaugeSpec {
    /// The name, without the prefix `provost_`.
    pub name: &'static str,
    /// Its labels, beside `namespace` and `name` of the object.
    pub labels: &'static [&'static str],
    /// What it says: a sentence without its point.
    pub help: &'static str,
    /// Series of this name with equal labels are added up; then there is no label of the object.
    pub summed: bool,
}

impl GaugeSpec {
    /// Every label that a series of it has.
    pub fn all_labels(&self) -> Vec<&'static str> {
        let own: &[&str] = if self.summed { &[] } else { &["namespace", "name"] };
        own.iter().chain(self.labels).copied().collect()
    }
}

/// One value of a kind's metric. The engine adds `namespace` and `name` of the object unless the metric is summed.
#[derive(Debug, Clone, PartialEq)]
pub struct Gauge {
    /// The name in a [`GaugeSpec`].
    pub name: &'static str,
    /// Further labels.
    pub labels: Vec<(&'static str, String)>,
    /// The value.
    pub value: f64,
}

/// What is measured at the moment of asking.
#[derive(Debug, Default)]
pub struct Present {
    /// Whether this process may write at vendors.
    pub leads: bool,
    /// The queue.
    pub queue: queue::Present,
    /// How the breaker of each AdminApi stands that has one.
    pub breakers: Vec<(Key, State)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PassLabels {
    kind: &'static str,
    reason: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    vendor: &'static str,
    operation: &'static str,
    access: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    vendor: &'static str,
    operation: &'static str,
    access: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LaneLabels {
    lane: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VendorLabels {
    vendor: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LogInLabels {
    vendor: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InterruptionLabels {
    vendor: &'static str,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    r#type: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    method: &'static str,
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MethodLabels {
    method: &'static str,
}

/// Everything that is measured.
pub struct Metrics {
    registry: Registry,
    passes: Family<PassLabels, Counter>,
    pass_seconds: Family<KindLabels, Histogram>,
    times_to_ready: Family<KindLabels, Histogram>,
    drift_corrections: Family<KindLabels, Counter>,
    calls: Family<CallLabels, Counter>,
    call_seconds: Family<OperationLabels, Histogram>,
    call_waits: Family<VendorLabels, Histogram>,
    log_ins: Family<LogInLabels, Counter>,
    interruptions: Family<InterruptionLabels, Counter>,
    events: Family<EventLabels, Counter>,
    queue_waits: Family<LaneLabels, Histogram>,
    writes: Family<KindLabels, Counter>,
    answers: Family<AnswerLabels, Counter>,
    answer_seconds: Family<MethodLabels, Histogram>,
    collected: Arc<Mutex<Collected>>,
}

fn moments() -> Histogram {
    Histogram::new([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0])
}

/// What people wait for.
fn stretches() -> Histogram {
    Histogram::new([1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0])
}

impl Metrics {
    /// A registry with every metric of the engine, of the AdminApis and of the kinds.
    pub fn new(gauges: impl IntoIterator<Item = &'static GaugeSpec>) -> Self {
        let specs: BTreeMap<_, _> =
            gauges.into_iter().chain(table::OF_ADMIN_APIS).map(|spec| (spec.name, *spec)).collect();
        let mut metrics = Self {
            registry: Registry::default(),
            passes: Family::default(),
            pass_seconds: Family::new_with_constructor(moments),
            times_to_ready: Family::new_with_constructor(stretches),
            drift_corrections: Family::default(),
            calls: Family::default(),
            call_seconds: Family::new_with_constructor(moments),
            call_waits: Family::new_with_constructor(moments),
            log_ins: Family::default(),
            interruptions: Family::default(),
            events: Family::default(),
            queue_waits: Family::new_with_constructor(moments),
            writes: Family::default(),
            answers: Family::default(),
            answer_seconds: Family::new_with_constructor(moments),
            collected: Arc::new(Mutex::new(Collected::new(specs))),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        put(registry, table::TIME_TO_READY, self.times_to_ready.clone());
        put(registry, table::DRIFT_CORRECTIONS, self.drift_corrections.clone());
        put(registry, table::PASSES, self.passes.clone());
        put(registry, table::PASS_SECONDS, self.pass_seconds.clone());
        put(registry, table::STATUS_WRITES, self.writes.clone());
        put(registry, table::EVENTS, self.events.clone());
        put(registry, table::CALLS, self.calls.clone());
        put(registry, table::CALL_SECONDS, self.call_seconds.clone());
        put(registry, table::CALL_WAITS, self.call_waits.clone());
        put(registry, table::LOG_INS, self.log_ins.clone());
        put(registry, table::INTERRUPTIONS, self.interruptions.clone());
        put(registry, table::QUEUE_WAITS, self.queue_waits.clone());
        put(registry, table::KUBERNETES, self.answers.clone());
        put(registry, table::KUBERNETES_SECONDS, self.answer_seconds.clone());
        registry.register_collector(Box::new(collector::Collector(self.collected.clone())));
    }

    /// The OpenMetrics text of everything.
    ///
    /// # Errors
    /// When a metric cannot be written as text.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }

    fn collected(&self) -> MutexGuard<'_, Collected> {
        self.collected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one pass that ended with an outcome.
    pub fn passed(&self, kind: &'static str, outcome: &Outcome, elapsed: Duration) {
        self.count_pass(kind, outcome.reason(), outcome.result(), elapsed);
    }

    /// Counts one pass that let its object go.
    pub fn let_go(&self, kind: &'static str, deed: Reason, elapsed: Duration) {
        self.count_pass(kind, deed, "success", elapsed);
    }

    fn count_pass(&self, kind: &'static str, reason: Reason, result: &'static str, elapsed: Duration) {
        self.passes.get_or_create(&PassLabels { kind, reason: reason.word(), result }).inc();
        self.pass_seconds.get_or_create(&KindLabels { kind }).observe(elapsed.as_secs_f64());
    }

    /// Counts one status patch.
    pub fn status_written(&self, kind: &'static str) {
        self.writes.get_or_create(&KindLabels { kind }).inc();
    }

    /// Counts one external object that was put right although nobody had edited its object.
    pub fn drift_corrected(&self, kind: &'static str) {
        self.drift_corrections.get_or_create(&KindLabels { kind }).inc();
    }

    /// Notes how long an object took to be ready.
    pub fn became_ready(&self, kind: &'static str, after: Duration) {
        self.times_to_ready.get_or_create(&KindLabels { kind }).observe(after.as_secs_f64());
    }

    /// Notes how long an object waited in the queue.
    pub fn queue_waited(&self, lane: Lane, waited: Duration) {
        self.queue_waits.get_or_create(&LaneLabels { lane: lane.label() }).observe(waited.as_secs_f64());
    }

    /// Counts one interruption of an AdminApi.
    pub fn interrupted(&self, vendor: &'static str, reason: Reason) {
        self.interruptions.get_or_create(&InterruptionLabels { vendor, reason: reason.word() }).inc();
    }

    /// Counts what became of an Event: published, failed or dropped.
    pub fn event(&self, warning: bool, outcome: &'static str) {
        let r#type = if warning { "Warning" } else { "Normal" };
        self.events.get_or_create(&EventLabels { r#type, outcome }).inc();
    }

    /// Counts one call to Kubernetes by the status of its answer; none when there was no answer.
    pub fn kubernetes_answered(&self, method: &'static str, status: Option<u16>, elapsed: Duration) {
        let code = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        self.answers.get_or_create(&AnswerLabels { method, code }).inc();
        self.answer_seconds.get_or_create(&MethodLabels { method }).observe(elapsed.as_secs_f64());
    }

    /// Counts one call through an AdminApi. It is shown once that AdminApi contributes anything, and goes with it.
    pub fn called(&self, admin_api: &Key, call: &Call<'_>) {
        let outcome = outcome(call);
        self.collected().through.entry(admin_api.clone()).or_default().add(outcome, call.waited);
    }

    /// Shows how things are now.
    pub fn show(&self, present: Present) {
        self.collected().present = present;
    }

    /// Replaces what `item` contributes by what its conditions say. `own` are the reasons of its kind. `gauges` none: what it contributed
    /// before stays.
    pub fn contribute(
        &self,
        item: &Item,
        conditions: &[Condition],
        own: &[(&'static str, &'static str)],
        gauges: Option<Vec<Gauge>>,
    ) {
        self.collected().contributions.set(item, conditions, own, gauges);
    }

    /// Whether an object contributes anything.
    pub fn knows(&self, item: &Item) -> bool {
        self.collected().contributions.has(item)
    }

    /// Replaces one value of what an object contributes, once it contributes anything.
    pub fn set_gauge(&self, item: &Item, gauge: Gauge) {
        self.collected().contributions.set_gauge(item, gauge);
    }

    /// Drops what an object contributed.
    pub fn forget(&self, item: &Item) {
        self.collected().forget(item);
    }
}

fn put(registry: &mut Registry, row: Row, metric: impl Metric) {
    match row.unit() {
        Some(unit) => registry.register_with_unit(row.base(), row.help, unit, metric),
        None => registry.register(row.base(), row.help, metric),
    }
}

fn outcome(call: &Call<'_>) -> &'static str {
    call.fault.map_or("success", |fault| fault.class.label())
}

impl Observer for Metrics {
    fn finished(&self, call: &Call<'_>) {
        let Call { vendor, operation, .. } = *call;
        let access = if call.write { "write" } else { "read" };
        self.calls.get_or_create(&CallLabels { vendor, operation, access, outcome: outcome(call) }).inc();
        self.call_waits.get_or_create(&VendorLabels { vendor }).observe(call.waited.as_secs_f64());
        // What never left says nothing about how fast the vendor is.
        if call.fault.is_none_or(|fault| fault.delivery != Delivery::NotSent) {
            let elapsed = call.elapsed.saturating_sub(call.waited);
            self.call_seconds
                .get_or_create(&OperationLabels { vendor, operation, access })
                .observe(elapsed.as_secs_f64());
        }
    }

    fn logged_in(&self, vendor: &'static str, fault: Option<Class>) {
        let outcome = fault.map_or("success", Class::label);
        self.log_ins.get_or_create(&LogInLabels { vendor, outcome }).inc();
    }
}

#[cfg(test)]
mod tests;
