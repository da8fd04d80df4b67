//! Alerts and dashboard for a Prometheus and a Grafana without the chart: plain copies of what is in it.

use super::HEAD;

/// By their paths.
pub(super) fn copies() -> [(String, String); 2] {
    let alerts = include_str!("../../../charts/provost/files/alerts.yaml");
    let dashboard = include_str!("../../../charts/provost/files/dashboard.json");
    [
        ("deploy/monitoring/alerts.yaml".to_owned(), format!("# {HEAD}\n{alerts}")),
        ("deploy/monitoring/dashboard.json".to_owned(), dashboard.to_owned()),
    ]
}
