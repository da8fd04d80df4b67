//! How long a take-over takes, from the end of one leader to the next one's first vendor call. A measurement, run by hand:
//! `cargo test --test it replicas::takeover -- --ignored --nocapture`.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use tokio::time::Instant;

use super::replica::Replica;
use super::stage;

const ROUNDS: usize = 3;

/// The time until the vendor gets a call after `signal`, with the times that people have who set none.
async fn takeover(signal: Signal) -> Duration {
    let stage = stage().await;
    let mut a = Replica::start_with(&stage, stage.kubeconfig(), "a", &[]);
    a.leads().await;
    stage.account("generalco", json!({})).await;
    stage.ready("generalco").await;
    let b = Replica::start_with(&stage, stage.kubeconfig(), "b", &[]);
    b.said("watching, and ready to work").await;
    b.said("stands by: another process leads").await;
    let last = stage.vendor.journal().last();
    let begun = Instant::now();
    a.signal(signal);
    stage.in_time(stage.vendor.journal().wait_for(|entries| entries.iter().any(|entry| entry.seq > last))).await;
    let took = begun.elapsed();
    a.ended().await;
    b.leads().await;
    took
}

#[tokio::test]
#[ignore = "a measurement, which says nothing on a busy machine"]
#[allow(clippy::print_stderr, reason = "a measurement is printed")]
async fn takeover_times() {
    for (what, signal) in [("stopped", Signal::TERM), ("killed", Signal::KILL)] {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            times.push(takeover(signal).await);
        }
        times.sort();
        eprintln!("leader {what}: median {:.2?}, worst {:.2?}", times[ROUNDS / 2], times[ROUNDS - 1]);
    }
}
