//! B6: memory, with the vendor's list held, when all is settled and while everything is listed anew.

use std::time::Duration;

use crate::counters::quiet;
use crate::field::Field;
use crate::process::Operator;
use crate::table::Table;

/// The aim at `n` objects: 25 MB at 1,000, 60 MB at 10,000, and the line through both.
fn aim(n: usize) -> f64 {
    25.0 + (n as f64 - 1000.0) * 35.0 / 9000.0
}

/// Memory after everything was made.
pub async fn settled(field: &Field, operator: &Operator, n: usize, table: &mut Table) {
    quiet(&field.client, Duration::from_secs(10)).await;
    let (rss, file, aim) = (operator.rss(), operator.rss_of_file(), aim(n));
    table.aim(
        "B6",
        "memory settled",
        format!("{rss:.1} MB ({file:.1} of the file)"),
        format!("≤ {aim:.0} MB"),
        rss <= aim,
    );
    table.note("B6", "peak while converging", format!("{:.1} MB", operator.peak()));
}

/// The peak while everything is listed anew: a restarted API server no longer has what the watches want to go on from.
pub async fn relisted(field: &mut Field, operator: &Operator, n: usize, table: &mut Table) {
    let before = operator.rss();
    operator.forget_peak();
    field.cluster.restart().await.unwrap();
    quiet(&field.client, Duration::from_secs(8)).await;
    let (peak, after, aim) = (operator.peak(), operator.rss(), aim(n) * 1.5);
    let what = format!("peak of a relist, from {before:.1} MB to {after:.1} MB");
    table.aim("B6", what, format!("{peak:.1} MB"), format!("≤ {aim:.0} MB"), peak <= aim);
}
