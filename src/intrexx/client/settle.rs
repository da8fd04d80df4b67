//! Settle: the time until a portal of several nodes shows what was written to it (contract, trap 35). Without it, what is late would look
//! like what the vendor does not keep.

use std::future::Future;
use std::time::Duration;

use tokio::time::sleep;

use crate::base::fault::Fault;

/// How long to wait, time after time, for a change to be shown.
const UNTIL_SHOWN: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(3)];

/// Reads what was just changed until `shown` holds of it, or patience ends, and gives back what was read last; none when it cannot be read.
/// What it comes to is for the next look to judge.
pub(super) async fn settled<T, F>(read: impl Fn() -> F, shown: impl Fn(&T) -> bool) -> Option<T>
where
    F: Future<Output = Result<T, Fault>>,
{
    for pause in UNTIL_SHOWN {
        let found = read().await.ok()?;
        if shown(&found) {
            return Some(found);
        }
        sleep(pause).await;
    }
    read().await.ok()
}
