//! B10: a vendor that refuses everything for a while, with changes pending, beside one that is well.

use std::time::Duration;

use futures::{StreamExt, stream};
use provost::sim::trouble::{Act, Order, Target};
use tokio::time::Instant;

use crate::counters::{Writes, quiet};
use crate::edits::{Editor, milliseconds};
use crate::field::Field;
use crate::table::{Table, quantile};
use crate::{Arguments, NEIGHBOUR, VENDOR, WATCHED};

/// How many objects the neighbour has.
const FEW: usize = 100;
/// The most changes that wait for the end of the storm.
const MOST: usize = 1000;

/// First the neighbour alone, then the storm of 429 beside it, then its end.
pub async fn measure(field: &Field, arguments: &Arguments, table: &mut Table) {
    let (n, pending) = (arguments.accounts, arguments.accounts.min(MOST));
    field.make(WATCHED, NEIGHBOUR, FEW).await;
    field.connect(NEIGHBOUR).await;
    field.all_ready(WATCHED, n + FEW).await;
    quiet(&field.client, Duration::from_secs(3)).await;
    let calm = edit(field, "calm", Duration::from_secs(arguments.storm)).await;
    quiet(&field.client, Duration::from_secs(3)).await;

    field.vendor.trouble().place(Order::every(Target::Any, Act::busy(429, 5)));
    let (writes, calls) = (Writes::so_far(&field.client).await, field.vendor.journal().last());
    stream::iter(0..pending)
        .for_each_concurrent(16, |i| async move {
            field.edit(WATCHED, &format!("{VENDOR}-{i}"), &format!("storm-{i}@example.com")).await;
        })
        .await;
    let rough = edit(field, "rough", Duration::from_secs(arguments.storm)).await;
    let calls = field.vendor.journal().last() - calls;
    let writes = Writes::so_far(&field.client).await.since(&writes);
    field.vendor.trouble().clear();
    let begun = Instant::now();
    field.all_ready(WATCHED, n + FEW).await;
    let recovered = begun.elapsed();

    let aim = (20 * arguments.storm).div_ceil(60);
    table.aim(
        "B10",
        format!("vendor calls in {} s of 429, {pending} pending", arguments.storm),
        calls,
        format!("≤ {aim}"),
        calls <= aim,
    );
    let healthy = rough.len() as u64;
    let ours = writes.of("tenantaccounts/status").saturating_sub(healthy) + writes.of("adminapis/status");
    table.aim("B10", "status writes because of it", ours, "≤ 1", ours <= 1);
    table.note("B10", "all writes meanwhile", writes.words());
    let (before, during) = (quantile(&calm, 0.5), quantile(&rough, 0.5));
    let against = format!("≤ 1.1 of {}", milliseconds(before));
    table.aim("B10", "the neighbour's edit to Ready, p50", milliseconds(during), against, during <= before * 1.1);
    table.note("B10", "from its end to Ready", format!("{:.2} s", recovered.as_secs_f64()));
}

/// Edits the neighbour's objects, over and over, for `length`; the times to Ready.
async fn edit(field: &Field, word: &str, length: Duration) -> Vec<f64> {
    let names: Vec<String> = (0..FEW).map(|i| format!("{NEIGHBOUR}-{i}")).collect();
    let begun = Instant::now();
    let mut times = Vec::new();
    for round in 0.. {
        let word = format!("{word}-{round}");
        times.extend(Editor { field, word: &word, simulator: &field.neighbour }.edit(&names).await.ready);
        if begun.elapsed() >= length {
            break;
        }
    }
    times
}
