//! Retry: when to look again. No error is final; they only get slow. Pure, but for the jitter that the caller adds.

use std::time::Duration;

use super::reason::Reason;
use super::report::{Next, Outcome, Settled, Stop};
use crate::base::fault::Class;

/// How much later than asked a look may come, as a part of its pause: many that wait must not come back at once.
pub const LATER: f64 = 0.1;

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
        Outcome::Settled(Settled { unready: Some(unready), .. }) if unready.passing => {
            Next::After(Pace::seconds(1, 30).pause(tries))
        }
        Outcome::Settled(_) | Outcome::Stepped { .. } => Next::Wait,
        Outcome::Stopped(stop) => match stop {
            // Nothing but an edit, a watch or the resync can change these.
            Stop::Invalid(_) | Stop::Waiting { .. } => Next::Wait,
            Stop::Held(hold) if matches!(hold.reason, Reason::Unavailable | Reason::DeletionBlocked) => {
                Next::After(Pace::seconds(5, 300).pause(tries))
            }
            Stop::Held(_) => Next::Wait,
            Stop::Later { pause, .. } => Next::After(*pause),
            Stop::Kubernetes(_) => Next::After(Pace(Duration::from_millis(250), Duration::from_secs(60)).pause(tries)),
            Stop::Vendor(fault) => {
                let pace = match fault.class {
                    Class::Transient => Pace::seconds(1, 300),
                    Class::Throttled => Pace::seconds(5, 300),
                    Class::Broken | Class::Missing | Class::Untrusted => Pace::seconds(10, 1800),
                    Class::Denied | Class::Taken | Class::Refused | Class::Unsupported => Pace::seconds(30, 3600),
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
    use crate::engine::kind::{Invalid, Unready};
    use crate::engine::kubernetes::Error;
    use crate::engine::plan::Hold;

    fn pause(fault: Fault, tries: u32) -> Duration {
        match next(&Outcome::Stopped(Stop::Vendor(fault)), tries) {
            Next::After(pause) => pause,
            other @ Next::Wait => panic!("{other:?}"),
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

    const CLASSES: [Class; 9] = [
        Class::Transient,
        Class::Throttled,
        Class::Denied,
        Class::Missing,
        Class::Taken,
        Class::Refused,
        Class::Unsupported,
        Class::Broken,
        Class::Untrusted,
    ];

    fn stopped(stop: Stop) -> Outcome {
        Outcome::Stopped(stop)
    }

    fn held(reason: Reason) -> Outcome {
        stopped(Stop::Held(Hold { reason, message: String::new() }))
    }

    /// Every end of a pass that only time can mend, with the longest pause that it may come to.
    fn mended_by_time() -> Vec<(String, Outcome, Duration)> {
        let minutes = |minutes| Duration::from_mins(minutes);
        let mut rows = vec![
            ("Kubernetes".to_owned(), stopped(Stop::Kubernetes(Error::TimedOut)), minutes(1)),
            ("unknown".to_owned(), held(Reason::Unavailable), minutes(5)),
            ("deletion".to_owned(), held(Reason::DeletionBlocked), minutes(5)),
        ];
        let (reason, message) = ("Starting", String::new());
        let unready = Some(Unready { reason, message, passing: true });
        let unwell = Outcome::Settled(Settled { unready, ..Settled::default() });
        rows.push(("unready".to_owned(), unwell, Duration::from_secs(30)));
        rows.extend(CLASSES.map(|class| {
            let longest = match class {
                Class::Transient | Class::Throttled => minutes(5),
                Class::Broken | Class::Missing | Class::Untrusted => minutes(30),
                Class::Denied | Class::Taken | Class::Refused | Class::Unsupported => minutes(60),
            };
            (class.label().to_owned(), stopped(Stop::Vendor(Fault::new(class, "test", "no"))), longest)
        }));
        rows
    }

    #[test]
    fn no_failure_is_final_and_none_is_tried_faster_than_before() {
        for (name, outcome, longest) in mended_by_time() {
            let mut before = Duration::ZERO;
            for tries in (0..100).chain([u32::MAX - 1, u32::MAX]) {
                let Next::After(pause) = next(&outcome, tries) else {
                    panic!("{name} is not tried again after {tries} failures")
                };
                assert!(pause >= before && !pause.is_zero(), "{name} gets faster at {tries}: {before:?}, {pause:?}");
                before = pause;
            }
            assert_eq!(before, longest, "{name}");
        }
    }

    /// A watch, an edit or the resync brings these back: asking in between could only find the same.
    #[test]
    fn only_what_something_else_brings_back_waits() {
        let invalid = Invalid { field: "name".into(), problem: "is blank".into(), way_out: "set it".into() };
        let brought_back = |outcome: &Outcome| next(outcome, 3) == Next::Wait;
        assert!(brought_back(&stopped(Stop::Invalid(invalid))));
        let lasting = Unready { reason: "Failed", message: String::new(), passing: false };
        for unready in [None, Some(lasting)] {
            assert!(brought_back(&Outcome::Settled(Settled { unready, ..Settled::default() })));
        }
        for reason in Reason::ALL.iter().copied() {
            assert!(brought_back(&stopped(Stop::Waiting { reason, message: String::new() })), "{reason}");
            let by_time = matches!(reason, Reason::Unavailable | Reason::DeletionBlocked);
            assert_eq!(brought_back(&held(reason)), !by_time, "{reason}");
        }
    }

    #[test]
    fn a_vendors_wish_for_patience_is_never_undercut() {
        for class in CLASSES {
            for (tries, wish) in [(0, 7), (3, 7), (0, 3600), (u32::MAX, 3600), (0, 0)] {
                let wish = Duration::from_secs(wish);
                let fault = Fault::new(class, "test", "no");
                let asked = fault.clone().with_retry_after(Some(wish));
                assert_eq!(pause(asked, tries), pause(fault, tries).max(wish), "{class:?}");
            }
        }
    }
}
