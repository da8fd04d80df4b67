//! Leadership: what this process may do at this moment, as the election left it: the gate that every vendor write asks.

use tokio::sync::watch;
use tokio::time::Instant;

use crate::base::access::Gate;

/// How this process stands. It goes from top to bottom and never back.
#[derive(Debug, Clone, PartialEq)]
enum Standing {
    Standby,
    Leading { epoch: u64, until: Instant },
    Over(Option<Lost>),
}

/// The Lease was lost.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the lease is lost: {why}; this process ends, and leaves the work to whoever holds it now")]
pub struct Lost {
    /// Why, as the second half of a sentence.
    pub why: String,
    /// When another may have it at the earliest; in the past when another may have it already.
    pub expires: Instant,
}

/// Whether this process leads.
pub struct Leadership(watch::Sender<Standing>);

impl Default for Leadership {
    fn default() -> Self {
        Self(watch::Sender::new(Standing::Standby))
    }
}

impl Leadership {
    /// Waits until this process leads. If it never does, this never returns.
    pub async fn won(&self) {
        let mut standing = self.0.subscribe();
        // The sender lives in `self`, so waiting can only end with success.
        drop(standing.wait_for(|standing| matches!(standing, Standing::Leading { .. })).await);
    }

    /// Waits until the Lease is lost. If it never is, this never returns.
    pub async fn lost(&self) -> Lost {
        let mut standing = self.0.subscribe();
        loop {
            if let Standing::Over(Some(lost)) = &*standing.borrow_and_update() {
                return lost.clone();
            }
            if standing.changed().await.is_err() {
                // As above: cannot be, and there is nothing to tell.
                std::future::pending::<()>().await;
            }
        }
    }

    /// From now on writes are admitted until `until`.
    pub(super) fn lead(&self, epoch: u64, until: Instant) {
        self.0.send_replace(Standing::Leading { epoch, until });
    }

    /// From now on no write is admitted.
    pub(super) fn end(&self, lost: Option<Lost>) {
        self.0.send_replace(Standing::Over(lost));
    }

    /// The same, if that was not said before.
    pub(super) fn end_if_open(&self, lost: impl FnOnce() -> Lost) {
        self.0.send_if_modified(|standing| {
            let open = !matches!(standing, Standing::Over(_));
            if open {
                *standing = Standing::Over(Some(lost()));
            }
            open
        });
    }
}

impl Gate for Leadership {
    fn admit_write(&self, operation: &'static str) -> Result<(), String> {
        if self.is_open() {
            return Ok(());
        }
        Err(format!("{operation} was not sent: this process does not hold the lease, and only its holder writes"))
    }

    fn is_open(&self) -> bool {
        matches!(&*self.0.borrow(), Standing::Leading { until, .. } if Instant::now() < *until)
    }

    fn epoch(&self) -> u64 {
        match &*self.0.borrow() {
            Standing::Leading { epoch, .. } => *epoch,
            Standing::Standby | Standing::Over(_) => 0,
        }
    }
}
