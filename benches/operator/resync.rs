//! B1, B2, B7: what a look at everything costs when nothing has changed, and what waiting costs.

use std::time::Duration;

use crate::counters::{Writes, quiet};
use crate::field::Field;
use crate::process::Operator;
use crate::table::Table;

/// How many resyncs.
const ROUNDS: u64 = 3;

/// Three resyncs, then half a minute of nothing.
pub async fn measure(field: &Field, operator: &Operator, n: usize, table: &mut Table) {
    quiet(&field.client, Duration::from_secs(3)).await;
    let (writes, calls) = (Writes::so_far(&field.client).await, field.vendor.journal().last());
    let cpu = operator.cpu();
    for round in 0..ROUNDS {
        field.resync(&format!("round-{round}")).await;
        quiet(&field.client, Duration::from_secs(2)).await;
    }
    let cpu = (operator.cpu() - cpu) / ROUNDS as f64;
    let calls = (field.vendor.journal().last() - calls) as f64 / ROUNDS as f64;
    table.aim("B1", format!("vendor calls per resync of {n}"), format!("{calls:.1}"), "2", calls <= 2.0);
    let writes = Writes::so_far(&field.client).await.since(&writes);
    // The wish is the benchmark's, and its echo in the AdminApi's status the answer to it.
    let own = (writes.total() - 2 * ROUNDS) as f64 / ROUNDS as f64;
    table.aim("B2", "Kubernetes writes per resync", format!("{own:.1}"), "0", own == 0.0);
    let aim = 0.5 * (n as f64 / 10_000.0).max(0.1);
    table.aim("B7", "CPU per resync", format!("{cpu:.3} s"), format!("≤ {aim:.2} s"), cpu <= aim);
    let before = operator.cpu();
    tokio::time::sleep(Duration::from_secs(30)).await;
    let idle = operator.cpu() - before;
    // The kernel counts in steps of 10 ms.
    table.aim(
        "B7",
        "CPU of 30 s idle",
        format!("{:.0} ms", idle * 1000.0),
        "≤ 6 ms, or one tick of 10",
        idle <= 0.0101,
    );
}
