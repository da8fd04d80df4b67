//! Custody: what this process alone knows and cannot ask for again. It does not end before that is written down.

use std::sync::LazyLock;

use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

static HELD: LazyLock<TaskTracker> = LazyLock::new(TaskTracker::new);

/// Something is held for as long as this lives.
pub struct Custody {
    _token: TaskTrackerToken,
}

/// Takes something into custody.
pub fn take() -> Custody {
    Custody { _token: HELD.token() }
}

/// Waits until nothing is held.
pub async fn given_back() {
    if !HELD.is_empty() {
        tracing::error!("does not end yet: what only this process knows is not written down; do not kill it");
    }
    HELD.close();
    HELD.wait().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_end_waits_for_what_is_held() {
        let (one, other) = (take(), take());
        let mut end = Box::pin(given_back());
        assert!(futures::poll!(&mut end).is_pending());
        drop(one);
        assert!(futures::poll!(&mut end).is_pending());
        drop(other);
        end.await;
    }
}
