//! Monitoring: what the operator shows, and the alerts, the dashboard and the runbook that are made of it, in the eyes of Prometheus' own tools.

mod exposition;
mod promql;
mod promtool;
mod rules;
mod runbook;

use std::collections::BTreeMap;

use provost::engine::metrics::table::{ALL, OF_ADMIN_APIS, Sort};
use provost::kinds::TABLES;

/// Every metric that there should be, as its samples are called without what a histogram adds: its labels, and whether it is a histogram.
fn documented() -> BTreeMap<String, (Vec<&'static str>, Sort)> {
    let rows = ALL.iter().map(|row| (row.name(), (row.labels.to_vec(), row.sort)));
    let gauges = TABLES.kinds.iter().flat_map(|row| row.gauges).chain(OF_ADMIN_APIS);
    let gauges = gauges.map(|spec| (format!("provost_{}", spec.name), (spec.all_labels(), Sort::Gauge)));
    rows.chain(gauges).collect()
}

/// The metric that a sample or a query means, and what labels it has.
fn meant(name: &str) -> Option<(String, Vec<&'static str>)> {
    let all = documented();
    let histogram = || {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part))?;
        let (labels, _) = all.get(base).filter(|(_, sort)| *sort == Sort::Histogram)?;
        let bound = name.ends_with("_bucket").then_some("le");
        Some((base.to_owned(), labels.iter().copied().chain(bound).collect()))
    };
    let plain = all.get(name).filter(|(_, sort)| *sort != Sort::Histogram);
    plain.map(|(labels, _)| (name.to_owned(), labels.clone())).or_else(histogram)
}
