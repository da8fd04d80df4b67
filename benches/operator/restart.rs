//! B11: a start with everything settled.

use std::time::Duration;

use tokio::time::Instant;

use crate::counters::{Writes, quiet};
use crate::field::Field;
use crate::process::Operator;
use crate::table::Table;

/// Starts an operator and waits for the end of its first look at everything.
pub async fn measure(field: &Field, n: usize, table: &mut Table) -> Operator {
    quiet(&field.client, Duration::from_secs(2)).await;
    let (writes, calls) = (Writes::so_far(&field.client).await, field.vendor.journal().last());
    let begun = Instant::now();
    let operator = field.operator().await;
    loop {
        let url = format!("http://{}/metrics", operator.admin);
        let text = field.http.get(url).send().await.unwrap().text().await.unwrap();
        let settled = "provost_objects{kind=\"TenantAccount\",ready=\"True\"";
        let counts = text.lines().filter(|line| line.starts_with(settled));
        let count: usize = counts.filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok()).sum();
        if count >= n {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "only {count} of {n} are Ready after a minute");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let elapsed = begun.elapsed();
    quiet(&field.client, Duration::from_secs(3)).await;
    table.note("B11", "start to the end of the first look", format!("{:.2} s", elapsed.as_secs_f64()));
    let calls = field.vendor.journal().last() - calls;
    table.aim("B11", "vendor calls of a restart", calls, "2", calls <= 2);
    let writes = Writes::so_far(&field.client).await.since(&writes);
    // One is the attempt to make the Secret of the installation, which is there already.
    let count = writes.total() - writes.of("secrets").min(1);
    table.aim("B11", "Kubernetes writes of a restart", count, "0", count == 0);
    table.note(
        "B11",
        "memory after it",
        format!("{:.1} MB ({:.1} of the file)", operator.rss(), operator.rss_of_file()),
    );
    operator
}
