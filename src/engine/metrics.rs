//! Metrics: one registry handed around, labels from closed sets, and what each object contributes counted when it is asked for.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge as Level};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::queue::{Item, Lane};
use super::reason::Reason;
use super::watch::Key;
use crate::base::access::{Call, Observer};
use crate::base::breaker::State;
use crate::base::fault::Class;

/// A metric that a kind adds: one series per object, or several.
#[derive(Debug, Clone, Copy)]
pub struct GaugeSpec {
    /// The name, without the prefix `provost_`.
    pub name: &'static str,
    /// What it says.
    pub help: &'static str,
    /// Series of this name with equal labels are added up.
    pub summed: bool,
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

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PassLabels {
    kind: &'static str,
    reason: &'static str,
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
struct BreakerLabels {
    namespace: String,
    name: String,
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    r#type: &'static str,
    outcome: &'static str,
}

/// What one object contributes.
#[derive(Debug, Clone, Default, PartialEq)]
struct Contribution {
    ready: &'static str,
    reason: &'static str,
    gauges: Vec<Gauge>,
}

type Contributions = Arc<Mutex<HashMap<Item, Contribution>>>;

/// Everything that is measured.
pub struct Metrics {
    registry: Registry,
    passes: Family<PassLabels, Counter>,
    pass_seconds: Family<KindLabels, Histogram>,
    calls: Family<CallLabels, Counter>,
    call_seconds: Family<OperationLabels, Histogram>,
    call_waits: Family<VendorLabels, Histogram>,
    log_ins: Family<LogInLabels, Counter>,
    interruptions: Family<InterruptionLabels, Counter>,
    breakers: Family<BreakerLabels, Level>,
    events: Family<EventLabels, Counter>,
    depth: Family<LaneLabels, Level>,
    queue_waits: Family<LaneLabels, Histogram>,
    running: Level,
    leader: Level,
    writes: Family<KindLabels, Counter>,
    contributions: Contributions,
}

fn vendor_buckets() -> Histogram {
    Histogram::new([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0])
}

impl Metrics {
    /// A registry with every metric of the engine and of the kinds.
    pub fn new(gauges: impl IntoIterator<Item = &'static GaugeSpec>) -> Self {
        let mut registry = Registry::with_prefix("provost");
        let contributions = Contributions::default();
        let mut specs = BTreeMap::new();
        specs.extend(gauges.into_iter().map(|spec| (spec.name, *spec)));
        let metrics = Self {
            passes: Family::default(),
            pass_seconds: Family::new_with_constructor(vendor_buckets),
            calls: Family::default(),
            call_seconds: Family::new_with_constructor(vendor_buckets),
            call_waits: Family::new_with_constructor(vendor_buckets),
            log_ins: Family::default(),
            interruptions: Family::default(),
            breakers: Family::default(),
            events: Family::default(),
            depth: Family::default(),
            queue_waits: Family::new_with_constructor(vendor_buckets),
            running: Level::default(),
            leader: Level::default(),
            writes: Family::default(),
            contributions: contributions.clone(),
            registry: Registry::default(),
        };
        metrics.register(&mut registry);
        registry.register_collector(Box::new(Objects { contributions, specs }));
        Self { registry, ..metrics }
    }

    fn register(&self, registry: &mut Registry) {
        registry.register("reconciles", "Passes over an object, by what they came to", self.passes.clone());
        registry.register_with_unit(
            "reconcile_duration",
            "Time of one pass, vendor calls included",
            Unit::Seconds,
            self.pass_seconds.clone(),
        );
        registry.register("vendor_requests", "Calls to a vendor, by outcome", self.calls.clone());
        registry.register_with_unit(
            "vendor_request_duration",
            "Time of one call to a vendor, waiting for our own limits included",
            Unit::Seconds,
            self.call_seconds.clone(),
        );
        registry.register("queue_depth", "Objects that wait for their turn, by lane", self.depth.clone());
        registry.register("queue_running", "Objects that are being looked at", self.running.clone());
        registry.register("leader", "1 while this process may write at vendors, else 0", self.leader.clone());
        registry.register("status_writes", "Status patches sent to Kubernetes", self.writes.clone());
        self.register_pressure(registry);
    }

    fn register_pressure(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "vendor_request_wait",
            "How long calls to a vendor waited for our own limits",
            Unit::Seconds,
            self.call_waits.clone(),
        );
        registry.register("vendor_log_ins", "Log-ins at a vendor, by outcome", self.log_ins.clone());
        registry.register(
            "admin_api_interruptions",
            "How often the calls to an AdminApi were stopped until it had proven itself, by reason",
            self.interruptions.clone(),
        );
        registry.register(
            "admin_api_breaker",
            "Whether calls to an AdminApi leave (closed), are stopped (open), or one finds out (probing): 1 for the one that is so",
            self.breakers.clone(),
        );
        registry.register("events", "Events about objects, published or dropped", self.events.clone());
        registry.register_with_unit(
            "queue_wait",
            "How long objects waited for their turn once they were due, by lane",
            Unit::Seconds,
            self.queue_waits.clone(),
        );
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

    /// Counts one pass.
    pub fn passed(&self, kind: &'static str, reason: Reason, elapsed: Duration) {
        self.passes.get_or_create(&PassLabels { kind, reason: reason.word() }).inc();
        self.pass_seconds.get_or_create(&KindLabels { kind }).observe(elapsed.as_secs_f64());
    }

    /// Counts one status patch.
    pub fn status_written(&self, kind: &'static str) {
        self.writes.get_or_create(&KindLabels { kind }).inc();
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

    /// Shows the breaker of every AdminApi that has one, and of no other.
    pub fn breakers(&self, all: impl IntoIterator<Item = (Key, State)>) {
        self.breakers.clear();
        for ((namespace, name), present) in all {
            for state in State::ALL {
                let (namespace, name) = (namespace.to_string(), name.to_string());
                let labels = BreakerLabels { namespace, name, state: state.label() };
                self.breakers.get_or_create(&labels).set(i64::from(state == present));
            }
        }
    }

    /// Shows the queue.
    pub fn queue(&self, depth: impl Fn(Lane) -> usize, running: usize) {
        for lane in Lane::ALL {
            self.depth.get_or_create(&LaneLabels { lane: lane.label() }).set(depth(lane) as i64);
        }
        self.running.set(running as i64);
    }

    /// Shows whether this process leads.
    pub fn leads(&self, leads: bool) {
        self.leader.set(i64::from(leads));
    }

    /// Replaces what `item` contributes. `gauges` none: what it contributed before stays.
    pub fn contribute(&self, item: &Item, ready: &'static str, reason: &'static str, gauges: Option<Vec<Gauge>>) {
        let mut all = self.contributions.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = all.entry(item.clone()).or_default();
        (mine.ready, mine.reason) = (ready, reason);
        if let Some(gauges) = gauges {
            mine.gauges = gauges;
        }
    }

    /// The same from a Ready condition, whose words become labels only if they are of the closed sets that labels come from: the engine's
    /// reasons, and `own`, the kind's.
    pub fn contribute_ready(
        &self,
        item: &Item,
        ready: &Condition,
        own: &[(&'static str, &'static str)],
        gauges: Option<Vec<Gauge>>,
    ) {
        let status = match ready.status.as_str() {
            "True" => "True",
            "False" => "False",
            _ => "Unknown",
        };
        let known = Reason::ALL.iter().map(|known| known.word()).chain(own.iter().map(|(word, _)| *word));
        let reason = { known }.find(|known| *known == ready.reason);
        self.contribute(item, status, reason.unwrap_or("Other"), gauges);
    }

    /// Replaces one value of what an object contributes, once it contributes anything.
    pub fn set_gauge(&self, item: &Item, gauge: Gauge) {
        if let Some(mine) = self.contributions.lock().unwrap_or_else(PoisonError::into_inner).get_mut(item) {
            mine.gauges.retain(|known| known.name != gauge.name);
            mine.gauges.push(gauge);
        }
    }

    /// Drops what an object contributed.
    pub fn forget(&self, item: &Item) {
        self.contributions.lock().unwrap_or_else(PoisonError::into_inner).remove(item);
    }
}

impl Observer for Metrics {
    fn finished(&self, call: &Call<'_>) {
        let labels = CallLabels {
            vendor: call.vendor,
            operation: call.operation,
            access: if call.write { "write" } else { "read" },
            outcome: call.fault.map_or("success", |fault| fault.class.label()),
        };
        self.calls.get_or_create(&labels).inc();
        let labels = OperationLabels { vendor: call.vendor, operation: call.operation };
        self.call_seconds.get_or_create(&labels).observe(call.elapsed.as_secs_f64());
        self.call_waits.get_or_create(&VendorLabels { vendor: call.vendor }).observe(call.waited.as_secs_f64());
    }

    fn logged_in(&self, vendor: &'static str, fault: Option<Class>) {
        let outcome = fault.map_or("success", Class::label);
        self.log_ins.get_or_create(&LogInLabels { vendor, outcome }).inc();
    }
}

/// Counts the objects and adds up their own metrics at the moment of asking.
#[derive(Debug)]
struct Objects {
    contributions: Contributions,
    specs: BTreeMap<&'static str, GaugeSpec>,
}

type Series = BTreeMap<Vec<(&'static str, String)>, f64>;

impl Objects {
    fn series(&self) -> (Series, BTreeMap<&'static str, Series>) {
        let (mut objects, mut own) = (Series::new(), BTreeMap::<_, Series>::new());
        let all = self.contributions.lock().unwrap_or_else(PoisonError::into_inner);
        for (item, mine) in all.iter() {
            let labels = [("kind", item.kind), ("ready", mine.ready), ("reason", mine.reason)];
            *objects.entry(labels.map(|(name, value)| (name, value.to_owned())).to_vec()).or_default() += 1.0;
            for gauge in &mine.gauges {
                let Some(spec) = self.specs.get(gauge.name) else { continue };
                let mut labels = Vec::new();
                if !spec.summed {
                    labels = vec![("namespace", item.namespace.to_string()), ("name", item.name.to_string())];
                }
                labels.extend(gauge.labels.iter().cloned());
                *own.entry(gauge.name).or_default().entry(labels).or_default() += gauge.value;
            }
        }
        (objects, own)
    }
}

impl Collector for Objects {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let (objects, own) = self.series();
        write(&mut encoder, "objects", "Managed objects, by kind and by their Ready condition", &objects)?;
        for (name, spec) in &self.specs {
            write(&mut encoder, name, spec.help, own.get(name).unwrap_or(&Series::new()))?;
        }
        Ok(())
    }
}

fn write(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, series: &Series) -> Result<(), fmt::Error> {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (labels, value) in series {
        ConstGauge::new(*value).encode(metric.encode_family(labels)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPECS: &[GaugeSpec] = &[
        GaugeSpec { name: "things", help: "Things", summed: true },
        GaugeSpec { name: "trouble", help: "Trouble", summed: false },
    ];

    fn gauge(name: &'static str, value: f64) -> Gauge {
        Gauge { name, labels: vec![("sort", "x".to_owned())], value }
    }

    #[test]
    fn objects_contribute_and_stop_when_they_go() {
        let metrics = Metrics::new(SPECS);
        let item = |name: &str| Item { kind: "T", namespace: "ns".into(), name: name.into() };
        for name in ["a", "b"] {
            let gauges = vec![gauge("things", 2.0), gauge("trouble", 1.0)];
            metrics.contribute(&item(name), "True", "Converged", Some(gauges));
        }
        let text = metrics.encode().expect("text");
        assert!(text.contains("provost_objects{kind=\"T\",ready=\"True\",reason=\"Converged\"} 2"), "{text}");
        assert!(text.contains("provost_things{sort=\"x\"} 4"), "{text}");
        assert!(text.contains("provost_trouble{namespace=\"ns\",name=\"b\",sort=\"x\"} 1"), "{text}");
        metrics.forget(&item("b"));
        let text = metrics.encode().expect("text");
        assert!(text.contains("provost_things{sort=\"x\"} 2") && !text.contains("name=\"b\""), "{text}");
    }
}
