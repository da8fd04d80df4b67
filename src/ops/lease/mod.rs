//! Lease: whether this process may write at a vendor: leader election by a `coordination.k8s.io/v1` Lease.
//!
//! Of several replicas one holds the Lease, and only the holder works; the others watch, so that they can go on at once.
//!
//! - *No clock of another machine counts.* A standby takes a Lease when it has not seen it change for as long as it lasts, by its own
//!   monotonic clock. The times in the Lease are for people.
//! - *No write of ours can overwrite another's*: each carries the resourceVersion that was read.
//! - *The right to write ends before the Lease does.* It lasts for the renew deadline, counted from when the last renewal that worked was
//!   *sent*; a successor waits for the longer lease duration, counted from when it *saw* that renewal. What lies between is the time that a
//!   write which was just admitted has to get to the vendor: at least as long as connecting may take.
//! - *One term a process.* Whoever lost the Lease ends, even if nobody else took it; it never leads again.
//! - *Released only when nothing is under way.* While work is finished after SIGTERM the Lease is renewed; if that takes too long, the
//!   Lease is left to run out.
//! - *A Lease that is deleted* ends its holder. Standbys that saw it held wait until it would have run out before they make a new one.
//!   A replica that starts just then never saw it and makes one at once, while the former holder may still write until its next renewal is
//!   refused: nobody should delete the Lease of a replica that works.
//!
//! What this cannot prevent: a process that is stopped (SIGSTOP, a virtual machine that is moved) between the check and the send, and a call
//! that a vendor still works on when its caller's time is over, since a call may take longer than a Lease lasts. For these a create is
//! announced with its epoch: whoever finds the announcement of another epoch knows that its outcome is unknown and looks first; and a stale
//! announcement is refused by its resourceVersion.
//!
//! Rights needed, in the operator's own namespace: `get`, `create`, `update` and `watch` on `leases` of `coordination.k8s.io` (all but
//! `create` can be limited to the one name). Without `watch` a standby notices a release only when it asks, every retry period.

mod candidate;
mod election;
mod leadership;
mod store;

use std::time::Duration;

use crate::base::access::Gate;

pub use candidate::Candidate;
pub use leadership::{Leadership, Lost};
pub use store::{KubernetesLease, Refusal, Store};

/// How long a write that was just admitted may take to get to the vendor: the longest that connecting takes.
const TRAVEL: Duration = Duration::from_secs(5);

/// A lease that is always held: that of the only replica.
pub struct AlwaysHeld;

impl Gate for AlwaysHeld {
    fn admit_write(&self, _: &'static str) -> Result<(), String> {
        Ok(())
    }
}

/// How long everything about a Lease may take. All replicas should have the same; if they differ, the longer one of a holder and a
/// standby decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How long a standby waits since it last saw the Lease change before it takes it.
    pub lease: Duration,
    /// How long the holder may write since it sent its last renewal that worked.
    pub renew: Duration,
    /// How long it waits between renewals, and a standby between looks.
    pub retry: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self { lease: Duration::from_secs(15), renew: Duration::from_secs(10), retry: Duration::from_secs(2) }
    }
}

/// Times that do not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTerms {
    /// A successor could take the Lease while its holder still writes.
    #[error(
        "a lease of {} s must last at least {} s longer than the renew deadline of {} s, so that its holder's writes have reached the \
         vendor when another takes it; raise --lease-duration-seconds or lower --renew-deadline-seconds",
        .lease.as_secs(), TRAVEL.as_secs(), .renew.as_secs()
    )]
    Overlap {
        /// The lease duration.
        lease: Duration,
        /// The renew deadline.
        renew: Duration,
    },
    /// A single renewal that fails would lose the Lease.
    #[error(
        "a renew deadline of {} s must be at least twice the retry period of {} s, so that one renewal that fails does not lose the lease; \
         raise --renew-deadline-seconds or lower --retry-period-seconds", .renew.as_secs(), .retry.as_secs()
    )]
    TooFewTries {
        /// The renew deadline.
        renew: Duration,
        /// The retry period.
        retry: Duration,
    },
}

impl Terms {
    /// These times, if they fit together.
    ///
    /// # Errors
    /// Which two do not, and the way out.
    pub fn check(self) -> Result<Self, BadTerms> {
        let Self { lease, renew, retry } = self;
        match () {
            () if lease < renew.saturating_add(TRAVEL) => Err(BadTerms::Overlap { lease, renew }),
            () if renew < retry * 2 => Err(BadTerms::TooFewTries { renew, retry }),
            () => Ok(self),
        }
    }

    /// The longest that one call to Kubernetes about the Lease may take: a call that hangs leaves time for two more within the renew
    /// deadline, and is over before the Lease can be another's.
    pub fn call(&self) -> Duration {
        self.lease.saturating_sub(self.renew).min(self.renew / 3)
    }
}

#[cfg(test)]
mod tests;
