//! Conditions: made in this one place, for every kind. Pure.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use super::kind::Aspect;

/// The summary.
pub const READY: &str = "Ready";
/// The vendor matched the spec when last seen.
pub const SYNCED: &str = "Synced";
/// The vendor differs from the spec, and policy leaves it so. Present only when true.
pub const DRIFTED: &str = "Drifted";
/// Work is under way or will be tried again. Present only when true.
pub const RECONCILING: &str = "Reconciling";
/// Nothing will change until somebody does something. Present only when true.
pub const STALLED: &str = "Stalled";

/// A message no longer than this fits beside others into an object and on a screen.
const LONGEST_MESSAGE: usize = 1024;

/// One condition before it is stamped with times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The condition's type.
    pub condition: &'static str,
    /// True, False, or none for Unknown.
    pub holds: Option<bool>,
    /// One word.
    pub reason: &'static str,
    /// One sentence.
    pub message: String,
}

impl Judgement {
    /// A judgement of one of the engine's own conditions.
    pub fn new(
        condition: &'static str,
        holds: impl Into<Option<bool>>,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { condition, holds: holds.into(), reason, message: message.into() }
    }
}

impl From<Aspect> for Judgement {
    fn from(aspect: Aspect) -> Self {
        Self::new(aspect.condition, aspect.holds, aspect.reason, aspect.message)
    }
}

/// The conditions to store. The transition time moves only when the status does; everything else keeps still, so that equal
/// judgements give an equal list and nothing has to be written.
pub fn stamp(before: &[Condition], judgements: &[Judgement], generation: i64, now: Timestamp) -> Vec<Condition> {
    judgements
        .iter()
        .map(|judgement| {
            let status = match judgement.holds {
                Some(true) => "True",
                Some(false) => "False",
                None => "Unknown",
            };
            let same = before.iter().find(|old| old.type_ == judgement.condition && old.status == status);
            Condition {
                type_: judgement.condition.to_owned(),
                status: status.to_owned(),
                reason: judgement.reason.to_owned(),
                message: shorten(&judgement.message),
                observed_generation: Some(generation),
                last_transition_time: same.map_or(Time(now), |old| old.last_transition_time.clone()),
            }
        })
        .collect()
}

/// Whether the condition is stored as true.
pub fn holds(conditions: &[Condition], condition: &str) -> bool {
    conditions.iter().any(|stored| stored.type_ == condition && stored.status == "True")
}

fn shorten(message: &str) -> String {
    if message.len() <= LONGEST_MESSAGE {
        return message.to_owned();
    }
    let end = message.floor_char_boundary(LONGEST_MESSAGE - 3);
    format!("{}...", &message[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn the_transition_time_moves_only_with_the_status() {
        let first = stamp(&[], &[Judgement::new(READY, false, "Unavailable", "down")], 1, at(100));
        let again = stamp(&first, &[Judgement::new(READY, false, "Throttled", "slow")], 2, at(200));
        assert_eq!(again[0].last_transition_time, first[0].last_transition_time);
        assert_eq!((again[0].reason.as_str(), again[0].observed_generation), ("Throttled", Some(2)));
        let flipped = stamp(&again, &[Judgement::new(READY, true, "Converged", "")], 2, at(300));
        assert_eq!(flipped[0].last_transition_time, Time(at(300)));
    }

    #[test]
    fn equal_judgements_give_an_equal_list() {
        let judgements = [Judgement::new(READY, true, "Converged", ""), Judgement::new(SYNCED, None, "NotTried", "x")];
        let first = stamp(&[], &judgements, 3, at(1));
        assert_eq!(stamp(&first, &judgements, 3, at(999)), first);
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let cut = shorten(&"ä".repeat(2000));
        assert!(cut.len() <= LONGEST_MESSAGE && cut.ends_with("..."));
    }
}
