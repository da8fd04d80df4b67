//! The page of the metrics: each with its type, unit, labels and meaning, and what the labels say.

use std::fmt::Write;

use super::HEAD;
use crate::engine::metrics::GaugeSpec;
use crate::engine::metrics::table::{ALL, LABELS, OF_ADMIN_APIS};
use crate::engine::registry::Tables;

const COLUMNS: &str = "| metric | type | unit | labels | meaning |\n| --- | --- | --- | --- | --- |";

pub(super) fn page(tables: &Tables) -> Result<String, std::fmt::Error> {
    let mut text = format!("# Metrics\n\n<!-- {HEAD} -->\n\n{ABOUT}\n## Of Provost\n\n{COLUMNS}\n");
    for row in ALL {
        let unit = row.measure.map_or("", |measure| measure.word());
        line(&mut text, &row.name(), row.sort.word(), unit, row.labels, row.help)?;
    }
    writeln!(text, "\n## Of each AdminApi\n\n{COLUMNS}")?;
    gauges(&mut text, OF_ADMIN_APIS)?;
    for row in tables.kinds.iter().filter(|row| !row.gauges.is_empty()) {
        writeln!(text, "\n## Of {}s\n\n{COLUMNS}", row.kind)?;
        gauges(&mut text, row.gauges)?;
    }
    writeln!(text, "\n## Labels\n\n| label | says |\n| --- | --- |")?;
    for (label, says) in LABELS {
        writeln!(text, "| {label} | {says} |")?;
    }
    Ok(text)
}

fn gauges(text: &mut String, specs: &[GaugeSpec]) -> std::fmt::Result {
    for spec in specs {
        let unit = if spec.name.ends_with("_seconds") { "seconds" } else { "" };
        line(text, &format!("provost_{}", spec.name), "gauge", unit, &spec.all_labels(), spec.help)?;
    }
    Ok(())
}

fn line(text: &mut String, name: &str, sort: &str, unit: &str, labels: &[&str], help: &str) -> std::fmt::Result {
    writeln!(text, "| `{name}` | {sort} | {unit} | {} | {help}. |", labels.join(", "))
}

const ABOUT: &str = "\
Each replica serves them at `/metrics`, as OpenMetrics to those who ask for it (as Prometheus does), else in the classic text format. How to
scrape them, and the dashboard and alerts that come with Provost: [monitoring.md](monitoring.md).

- Objects, AdminApis and app connections are shown by the replica that leads. The others have seen none.
- A histogram has the series `_bucket`, `_sum` and `_count`; a series appears when there is something to count.
- Labels have few values. Series of a single object are there where a person has to know which it is, and go with the object.
- `namespace` and `name` are the object's: scrape with `honor_labels: true`, or Prometheus renames them to `exported_namespace`.
- No metric has a value of a spec, a message or a secret in it.
";
