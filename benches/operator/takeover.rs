//! B9: the leader goes, told to or killed, while people edit, and how long until another replica calls the vendor.

use std::time::Duration;

use tokio::time::Instant;

use crate::field::Field;
use crate::process::Operator;
use crate::table::{Table, quantile};
use crate::{VENDOR, WATCHED};

/// How often each way to go is tried.
const ROUNDS: usize = 3;
/// The time between two edits.
const BEAT: Duration = Duration::from_millis(200);

/// Replicas with the times of an election that people have who set none.
pub async fn measure(field: &Field, table: &mut Table) {
    let mut leader = field.replica().await;
    until_it_calls(field, &leader).await;
    for (what, signal, aim) in [("stopped", "-TERM", 2.0), ("killed", "-KILL", 18.0)] {
        let mut times = Vec::new();
        for round in 0..ROUNDS {
            let standby = field.replica().await;
            // Until it has seen the Lease, and a moment more, so that not every round begins at the same moment between two renewals.
            tokio::time::sleep(Duration::from_millis(4000 + 700 * round as u64)).await;
            let word = format!("{what}-{round}");
            let takeover = async {
                let begun = Instant::now();
                leader.signal(signal).await;
                until_it_calls(field, &standby).await;
                begun.elapsed().as_secs_f64()
            };
            times.push(tokio::select! {
                took = takeover => took,
                () = edits(field, &word) => unreachable!("the edits do not end"),
            });
            leader.ended().await;
            leader = standby;
        }
        let worst = quantile(&times, 1.0);
        let measured = format!("{:.2} s, worst {worst:.2} s", quantile(&times, 0.5));
        table.aim(
            "B9",
            format!("leader {what} to another's vendor call, p50 of {ROUNDS}"),
            measured,
            format!("≤ {aim} s"),
            worst <= aim,
        );
    }
    leader.end().await;
}

/// Edits one object over and over.
async fn edits(field: &Field, word: &str) {
    for number in 0.. {
        field.edit(WATCHED, &format!("{VENDOR}-0"), &format!("{word}-{number}@example.com")).await;
        tokio::time::sleep(BEAT).await;
    }
}

/// Waits until a replica has had an answer of a vendor: one that stands by has asked none.
async fn until_it_calls(field: &Field, replica: &Operator) {
    let url = format!("http://{}/metrics", replica.admin);
    loop {
        let text = field.http.get(&url).send().await.unwrap().text().await.unwrap();
        if text.lines().any(|line| line.starts_with("provost_vendor_requests_total{")) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
