//! Urgency: how a call ranks among those that wait for the same vendor, or for Kubernetes. It goes with the task, so that no signature between has to carry it.

use std::future::Future;

tokio::task_local! {
    static RANK: u8;
}

/// Runs `future` with this rank; 0 goes first. Tasks that it spawns do not inherit it.
pub async fn within<F: Future>(rank: u8, future: F) -> F::Output {
    RANK.scope(rank, future).await
}

/// The rank of the running task; 0 outside of [`within`]: what is fetched for all is as urgent as its most urgent reader.
pub fn rank() -> u8 {
    RANK.try_with(|rank| *rank).unwrap_or(0)
}
