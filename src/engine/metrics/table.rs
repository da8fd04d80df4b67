//! Table: every metric of the engine, as data. Registration, documentation and the test of what a run exposes start from it.

use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

use super::GaugeSpec;

/// A metric: everything about it but its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The name without what its unit and its type add.
    base: &'static str,
    /// What it is.
    pub sort: Sort,
    /// In what it is measured; none for a number of things.
    pub measure: Option<Measure>,
    /// Its labels, in the order in which they are shown.
    pub labels: &'static [&'static str],
    /// What it says: a sentence without its point.
    pub help: &'static str,
}

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// It only grows, until the process ends.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How many were how large.
    Histogram,
}

/// A base unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Seconds; of a `timestamp`, those since 1970.
    Seconds,
    /// Bytes.
    Bytes,
}

impl Row {
    /// The name as it is asked for.
    pub fn name(&self) -> String {
        let unit = self.measure.map_or(String::new(), |measure| format!("_{}", measure.word()));
        let total = if self.sort == Sort::Counter { "_total" } else { "" };
        format!("{}{unit}{total}", self.base)
    }

    /// The name as a registry wants it, which adds the rest.
    pub(super) fn base(&self) -> &'static str {
        self.base
    }

    pub(super) fn unit(&self) -> Option<Unit> {
        self.measure.map(|measure| match measure {
            Measure::Seconds => Unit::Seconds,
            Measure::Bytes => Unit::Bytes,
        })
    }
}

impl Sort {
    /// The word for documentation.
    pub fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }

    pub(super) fn metric_type(self) -> MetricType {
        match self {
            Self::Counter => MetricType::Counter,
            Self::Gauge => MetricType::Gauge,
            Self::Histogram => MetricType::Histogram,
        }
    }
}

impl Measure {
    /// The word in names.
    pub fn word(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
        }
    }
}

const fn row(sort: Sort, base: &'static str, labels: &'static [&'static str], help: &'static str) -> Row {
    Row { base, sort, measure: None, labels, help }
}

const fn counter(base: &'static str, labels: &'static [&'static str], help: &'static str) -> Row {
    row(Sort::Counter, base, labels, help)
}

const fn gauge(base: &'static str, labels: &'static [&'static str], help: &'static str) -> Row {
    row(Sort::Gauge, base, labels, help)
}

const fn histogram(base: &'static str, labels: &'static [&'static str], help: &'static str) -> Row {
    Row { measure: Some(Measure::Seconds), ..row(Sort::Histogram, base, labels, help) }
}

const fn seconds(row: Row) -> Row {
    Row { measure: Some(Measure::Seconds), ..row }
}

const fn bytes(row: Row) -> Row {
    Row { measure: Some(Measure::Bytes), ..row }
}

macro_rules! rows {
    ($($name:ident = $row:expr;)+) => {
        $(pub(super) const $name: Row = $row;)+

        /// Every metric of the engine, in the order of the documentation. Those that kinds and AdminApis add are [`GaugeSpec`]s.
        pub const ALL: &[Row] = &[$($name,)+];
    };
}

rows! {
    OBJECTS = gauge("provost_objects", &["kind", "ready", "reason"], "Managed objects and AdminApis, by their Ready condition");
    CONDITIONS = gauge(
        "provost_object_conditions", &["kind", "condition", "status", "reason"],
        "The same, by each of Ready, Synced, Drifted, Reconciling and Stalled; the last three are present only while they hold"
    );
    UNREADY = seconds(gauge(
        "provost_object_unready_timestamp", &["kind", "namespace", "name", "reason", "stalled"],
        "When an object that is not ready turned so; stalled says that it needs a person. Of each kind and reason the hundred that waited longest"
    ));
    DRIFTED = seconds(gauge(
        "provost_object_drifted_timestamp", &["kind", "namespace", "name", "reason"],
        "When the vendor's side of an object turned out to differ and policy left it so. Of each kind and reason the hundred that drifted first"
    ));
    TIME_TO_READY = histogram(
        "provost_object_time_to_ready", &["kind"],
        "How long objects took to be ready, from their creation, or from when they stopped being ready; what somebody paused or had to approve is not counted"
    );
    DRIFT_CORRECTIONS = counter(
        "provost_drift_corrections", &["kind"],
        "External objects put right although their spec had been carried out before: they were changed at the vendor, or what the spec refers to was"
    );
    PASSES = counter(
        "provost_reconciles", &["kind", "reason", "result"],
        "Looks at an object, by what they came to: success, waiting (for something else, for time or for a person) or error"
    );
    PASS_SECONDS = histogram("provost_reconcile_duration", &["kind"], "Time of one look at an object, vendor calls included");
    STATUS_WRITES = counter("provost_status_writes", &["kind"], "Status patches that Kubernetes took");
    EVENTS = counter("provost_events", &["type", "outcome"], "Events about objects: published, failed or dropped");
    CALLS = counter(
        "provost_vendor_requests", &["vendor", "operation", "access", "outcome"],
        "Calls to a vendor; the outcome is success, or the class of what went wrong"
    );
    CALL_SECONDS = histogram(
        "provost_vendor_request_duration", &["vendor", "operation", "access"],
        "Time from when a call left for the vendor, our own limits behind it, to the end of its answer"
    );
    CALL_WAITS = histogram("provost_vendor_request_wait", &["vendor"], "How long calls waited for our own limits (spec.limits)");
    LOG_INS = counter("provost_vendor_log_ins", &["vendor", "outcome"], "Log-ins at a vendor");
    API_CALLS = counter(
        "provost_admin_api_requests", &["namespace", "name", "outcome"], "Calls through an AdminApi, by outcome"
    );
    API_WAITS = seconds(counter(
        "provost_admin_api_budget_wait", &["namespace", "name"],
        "How long calls through an AdminApi waited for its own limits (spec.limits); its rate is how many wait on average"
    ));
    BREAKER = gauge(
        "provost_admin_api_breaker", &["namespace", "name", "state"],
        "Whether calls to an AdminApi leave (closed), are stopped (open), or one finds out (probing): 1 for the one that is so"
    );
    INTERRUPTIONS = counter(
        "provost_admin_api_interruptions", &["vendor", "reason"],
        "How often the calls to an AdminApi were stopped until it had proven itself"
    );
    API_DEPTH = gauge("provost_admin_api_queue_depth", &["namespace", "name"], "Objects of an AdminApi that wait for their turn");
    API_OLDEST = seconds(gauge(
        "provost_admin_api_queue_oldest_wait", &["namespace", "name"], "How long the one of them has waited that waits longest"
    ));
    DEPTH = gauge("provost_queue_depth", &["lane"], "Objects that wait for their turn, by lane: edit, first, retry or resync");
    OLDEST = seconds(gauge("provost_queue_oldest_wait", &[], "How long the one of them has waited that waits longest; 0 when none waits"));
    QUEUE_WAITS = histogram("provost_queue_wait", &["lane"], "How long objects waited for their turn once they were due");
    RUNNING = gauge("provost_queue_running", &[], "Objects that are being looked at");
    LEADER = gauge("provost_leader", &[], "1 while this process may write at vendors, else 0");
    KUBERNETES = counter(
        "provost_kubernetes_requests", &["method", "code"],
        "Calls to the Kubernetes API server without those for the Lease, by the status of the answer; none when there was no answer"
    );
    KUBERNETES_SECONDS = histogram(
        "provost_kubernetes_request_duration", &["method"], "Time of a call to the Kubernetes API server until its answer began"
    );
    BUILD = gauge("provost_build_info", &["version"], "1, for the version that runs");
    STARTED = seconds(gauge("process_start_time", &[], "When the process began, in seconds since 1970"));
    CPU = seconds(counter("process_cpu", &[], "Processor time that the process used"));
    MEMORY = bytes(gauge("process_resident_memory", &[], "Memory of the process that is in RAM"));
    FILES = gauge("process_open_fds", &[], "Files and connections that the process has open");
}

/// What each AdminApi adds.
pub const OF_ADMIN_APIS: &[GaugeSpec] = &[API_READY, LAST_CHECK, RESYNC, DELETIONS_HELD];

/// Whether an AdminApi is connected.
pub const API_READY: GaugeSpec = GaugeSpec {
    name: "admin_api_ready",
    labels: &["vendor"],
    help: "Whether an AdminApi is ready (1) or not (0)",
    summed: false,
};
/// When it was last proven.
pub const LAST_CHECK: GaugeSpec = GaugeSpec {
    name: "admin_api_last_check_timestamp_seconds",
    labels: &[],
    help: "When an AdminApi last answered and took the credentials",
    summed: false,
};
/// How often that is tried.
pub const RESYNC: GaugeSpec = GaugeSpec {
    name: "admin_api_resync_interval_seconds",
    labels: &[],
    help: "How often that is found out, and its objects are compared (spec.resyncInterval)",
    summed: false,
};
/// What waits for its guard.
pub const DELETIONS_HELD: GaugeSpec = GaugeSpec {
    name: "deletions_held",
    labels: &[],
    help: "Deletions that wait for the guard of their AdminApi",
    summed: false,
};

/// What labels say, and the values of those that have few.
pub const LABELS: &[(&str, &str)] = &[
    ("kind", "The kind, such as TenantAccount, or AdminApi"),
    ("namespace, name", "The object"),
    ("reason", "A reason of [kinds.md](kinds.md), or Other"),
    ("ready, status", "True, False or Unknown"),
    ("condition", "Ready, Synced, Drifted, Reconciling or Stalled"),
    ("stalled", "true: a person has to do something; false: it goes on by itself, or somebody paused it"),
    ("result", "success, waiting or error"),
    ("vendor", "MyIntranetApps, Intrexx, CRM-2 or Adeptia Connect"),
    ("operation", "An operation of [endpoints.md](endpoints.md)"),
    ("access", "read, or write: it may change something at the vendor"),
    (
        "outcome",
        "Of calls and log-ins: success, transient (no answer, or an error of the vendor's own), throttled, denied (credentials), missing, \
         taken, refused, unsupported, broken (not understood) or untrusted (certificate). Of Events: published, failed or dropped",
    ),
    ("state", "closed, open or probing"),
    ("lane", "edit, first (never synced), retry or resync"),
    ("type", "Normal or Warning"),
    ("method, code", "HTTP method and status; none without an answer"),
    ("version", "The version of Provost"),
    (
        "integration, environment, property",
        "The app, such as quickbooks; production or sandbox, mostly; the company within the app",
    ),
    ("in_error", "true or false, as MyIntranetApps says"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_follow_the_conventions() {
        let mut names = BTreeSet::new();
        for row in ALL {
            let name = row.name();
            assert!(names.insert(name.clone()), "{name} is there twice");
            assert_eq!(name.ends_with("_total"), row.sort == Sort::Counter, "{name}");
            assert!(name.starts_with("provost_") || name.starts_with("process_"), "{name}");
            assert!(row.help.len() > 10 && !row.help.ends_with('.'), "{name}: {}", row.help);
        }
        let known: BTreeSet<&str> = LABELS.iter().flat_map(|(labels, _)| labels.split(", ")).collect();
        for label in ALL.iter().flat_map(|row| row.labels).chain(OF_ADMIN_APIS.iter().flat_map(|spec| spec.labels)) {
            assert!(known.contains(label), "{label} is not explained");
        }
        assert_eq!(API_WAITS.name(), "provost_admin_api_budget_wait_seconds_total");
    }
}
