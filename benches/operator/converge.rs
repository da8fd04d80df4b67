//! B3, B3b, B5: everything to do at once, from empty and after a change while the operator was down, and an edit behind it.

use std::time::Duration;

use tokio::time::Instant;

use crate::edits::{Editor, milliseconds};
use crate::field::Field;
use crate::process::Operator;
use crate::table::{Table, quantile};
use crate::{Arguments, LATENCY_MS, VENDOR, WATCHED, counters};

/// B3: from empty to Ready. The operator goes on.
pub async fn from_empty(field: &Field, arguments: &Arguments, table: &mut Table) -> Operator {
    let n = arguments.accounts;
    let floor = match arguments.wants_any(&["b3", "b3b", "b5"]) {
        true => Some(field.floor_of_creates(n).await),
        false => None,
    };
    field.make(WATCHED, VENDOR, n).await;
    field.connect_vendor().await;
    let begun = Instant::now();
    let operator = field.operator().await;
    field.all_ready(WATCHED, n).await;
    let elapsed = begun.elapsed();
    let cpu = operator.cpu();
    if let Some(floor) = floor.filter(|_| arguments.wants("b3")) {
        against_floor(table, "B3", "from empty to Ready", elapsed, floor, 1.3);
        table.note("B3", "CPU of the operator", format!("{cpu:.2} s"));
    }
    counters::quiet(&field.client, Duration::from_secs(2)).await;
    operator
}

fn against_floor(table: &mut Table, id: &'static str, what: &str, elapsed: Duration, floor: Duration, aim: f64) {
    let (elapsed, floor) = (elapsed.as_secs_f64(), floor.as_secs_f64());
    let ratio = elapsed / floor;
    let against = format!("≤ {aim:.2} of a floor of {floor:.2} s");
    table.aim(id, what, format!("{elapsed:.2} s, ratio {ratio:.2}"), against, ratio <= aim);
}

/// B3b and B5: the specs change while the operator is down. Some are not part of that, and edited while it catches up.
pub async fn after_edits(field: &Field, arguments: &Arguments, operator: Operator, table: &mut Table) -> Operator {
    let n = arguments.accounts;
    let part = n - edited(n);
    operator.end().await;
    let floor = field.floor_of_updates(n).await;
    let operator = caught_up(field, part, n, "late", 0).await.0;
    let (operator, elapsed, _) = {
        operator.end().await;
        caught_up(field, n, n, "later", 0).await
    };
    if arguments.wants("b3b") {
        against_floor(table, "B3b", "spec changed while down, to Ready", elapsed, floor, 1.1);
    }
    if !arguments.wants("b5") {
        return operator;
    }
    operator.end().await;
    let (operator, elapsed, times) = caught_up(field, part, n, "latest", edited(n)).await;
    let p99 = quantile(&times, 0.99) - LATENCY_MS as f64;
    let what = format!("{} edits behind {part} others, added p99", times.len());
    table.aim("B5", what, milliseconds(p99), "≤ 250 ms", p99 <= 250.0);
    let added: Vec<String> =
        [0.0, 0.5, 0.9].iter().map(|part| milliseconds(quantile(&times, *part) - LATENCY_MS as f64)).collect();
    table.note("B5", "the least, p50, p90 of these", added.join(", "));
    let ratio = elapsed.as_secs_f64() / floor.as_secs_f64();
    table.aim(
        "B5",
        "the longest wait there",
        format!("{elapsed:.2?}, ratio {ratio:.2}"),
        "≤ 2 of the floor",
        ratio <= 2.0,
    );
    operator
}

/// How many objects are edited while the others are a backlog.
fn edited(n: usize) -> usize {
    (n / 20).clamp(1, 100)
}

/// Changes the specs of the first `part` objects, starts an operator, edits the last `edits` as soon as it works, and waits for all.
async fn caught_up(field: &Field, part: usize, n: usize, word: &str, edits: usize) -> (Operator, Duration, Vec<f64>) {
    field.edit_all(WATCHED, part, word).await;
    let begun = Instant::now();
    let operator = field.operator().await;
    let names: Vec<String> = (n - edits..n).map(|i| format!("{VENDOR}-{i}")).collect();
    let editor = Editor { field, word, simulator: &field.vendor };
    let (times, ()) = tokio::join!(editor.edit(&names), field.all_ready(WATCHED, n));
    (operator, begun.elapsed(), times.ready)
}
