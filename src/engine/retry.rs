//! Retry: when to look again. No error is final; they only get slow. Pure, but for the jitter that the caller adds.

use std::time::Duration;

use super::reason::Reason;
use super::report::{Next, Outcome, Stop};
use crate::base::fault::Class;

/// First and longest pause of a doubling row.
struct Pace(Duration, Duration);

impl Pace {
    const fn seconds(first: u64, longest: u64) -> Self {
        Self(Duration::from_secs(first), Duration::from_secs(longest))
    }

    fn pause(&self, tries: u32) -> Duration {
        self.0.saturating_mul(1 << tries.min(20)).min(self.1)
    }
}

/// When to look again after `outcome`, the `tries`-th failure in a row (0 for the first).
pub fn next(outcome: &Outcome, tries: u32) -> Next {
    match outcome {
        Outcome::Settled { .. } => Next::Wait,
        Outcome::Stepped { .. } => Next::Again,
        Outcome::Stopped(stop) => match stop {
            // Nothing but an edit, a watch or the resync can change these.
            Stop::Invalid(_) | Stop::Waiting { .. } => Next::Wait,
            Stop::Held(hold) if matches!(hold.reason, Reason::Unavailable | Reason::DeletionBlocked) => {
                Next::After(Pace::seconds(5, 300).pause(tries))
            }
            Stop::Held(_) => Next::Wait,
            Stop::Kubernetes(_) => Next::After(Pace(Duration::from_millis(250), Duration::from_secs(60)).pause(tries)),
            Stop::Vendor(fault) => {
                let pace = match fault.class {
                    Class::Transient => Pace::seconds(1, 300),
                    Class::Throttled => Pace::seconds(5, 300),
                    Class::Broken | Class::Missing | Class::Untrusted => Pace::seconds(10, 1800),
                    Class::Denied | Class::Taken | Class::Refused => Pace::seconds(30, 3600),
                };
                Next::After(pace.pause(tries).max(fault.retry_after.unwrap_or_default()))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::fault::Fault;

    fn pause(fault: Fault, tries: u32) -> Duration {
        match next(&Outcome::Stopped(Stop::Vendor(fault)), tries) {
            Next::After(pause) => pause,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn pauses_double_up_to_a_ceiling_and_never_end() {
        let fault = || Fault::new(Class::Transient, "list_accounts", "down");
        assert_eq!(pause(fault(), 0), Duration::from_secs(1));
        assert_eq!(pause(fault(), 3), Duration::from_secs(8));
        assert_eq!(pause(fault(), u32::MAX), Duration::from_secs(300));
    }

    #[test]
    fn the_vendors_own_wish_counts() {
        let fault =
            Fault::new(Class::Throttled, "list_accounts", "slow").with_retry_after(Some(Duration::from_secs(90)));
        assert_eq!(pause(fault, 0), Duration::from_secs(90));
    }
}
