//! Report: one place that turns the end of a pass into conditions, an Event and the time of the next look. Pure.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::condition::{DRIFTED, Judgement, READY, RECONCILING, STALLED, SYNCED, stamp};
use super::diff::{Change, Effect};
use super::kind::{Aspect, Invalid, Unready};
use super::plan::Hold;
use super::reason::Reason;
use crate::base::fault::{Class, Fault};

/// The conditions that the engine judges; all others are a kind's.
const OURS: [&str; 5] = [READY, SYNCED, DRIFTED, RECONCILING, STALLED];

/// Why a pass ended before it was through.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The spec cannot be carried out.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Something that the spec names is missing or not ready; a watch brings the object back.
    #[error("{message}")]
    Waiting {
        /// What is missing.
        reason: Reason,
        /// One sentence.
        message: String,
    },
    /// The plan is held.
    #[error("{}", .0.message)]
    Held(Hold),
    /// Time will tell, and how much of it is known.
    #[error("{message}")]
    Later {
        /// What is waited for.
        reason: Reason,
        /// One sentence.
        message: String,
        /// When to look again.
        pause: Duration,
    },
    /// A vendor call failed.
    #[error(transparent)]
    Vendor(#[from] Fault),
    /// A Kubernetes call failed.
    #[error(transparent)]
    Kubernetes(#[from] super::kubernetes::Error),
}

/// What a pass came to.
#[derive(Debug)]
pub enum Outcome {
    /// The vendor matches the spec, now that this was done (nothing, mostly).
    Settled(Settled),
    /// One step of several is done, and what comes next is shown before it is done.
    Stepped {
        /// What was done.
        deed: Reason,
        /// What is still to do.
        message: String,
    },
    /// The pass ended early.
    Stopped(Stop),
}

/// A pass after which the vendor matches the spec.
#[derive(Debug, Default)]
pub struct Settled {
    /// What was done, for the Event; none when nothing was.
    pub deed: Option<Reason>,
    /// Changed values that no longer have an effect.
    pub idle: Vec<Change>,
    /// Why the object is not ready all the same.
    pub unready: Option<Unready>,
    /// It could not be compared, so whether it matches is not known.
    pub unread: bool,
}

/// When to look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// When something changes, or at the next resync.
    Wait,
    /// After a pause.
    After(Duration),
}

impl Stop {
    /// The reason in the conditions.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Invalid(_) => Reason::Invalid,
            Self::Waiting { reason, .. } | Self::Later { reason, .. } => *reason,
            Self::Held(hold) => hold.reason,
            Self::Vendor(fault) => match fault.class {
                Class::Transient => Reason::Unavailable,
                Class::Throttled => Reason::Throttled,
                Class::Denied => Reason::Denied,
                Class::Missing => Reason::ExternalObjectGone,
                Class::Taken => Reason::KeyTaken,
                Class::Refused => Reason::Refused,
                Class::Unsupported => Reason::Unsupported,
                Class::Broken => Reason::AnswerNotUnderstood,
                Class::Untrusted => Reason::CertificateNotTrusted,
            },
            Self::Kubernetes(_) => Reason::KubernetesUnavailable,
        }
    }

    /// The sentence in the conditions: what is wrong, and the way out where the cause does not say it itself.
    pub fn told(&self) -> String {
        let Self::Vendor(fault) = self else { return self.to_string() };
        let way_out = match fault.class {
            Class::Transient | Class::Throttled => "it is tried again by itself",
            // Without a code it is our own sentence, which says what to do.
            _ if fault.code.is_none() => return self.to_string(),
            Class::Denied => "see whether the credentials of the AdminApi are right, and may do this",
            Class::Unsupported => {
                "take it out of the spec, or use an installation that offers it; it is tried again now and then"
            }
            Class::Refused => "correct what the vendor objects to; it is tried again now and then",
            Class::Broken => {
                "see whether the URL of the AdminApi is right, and its server well; it is tried again now and then"
            }
            // Whoever made these knows the object, and has said what to do.
            Class::Missing | Class::Taken | Class::Untrusted => return self.to_string(),
        };
        format!("{self}; {way_out}")
    }

    /// Whether only a person can help. (It is tried again all the same, slowly.)
    pub fn needs_a_person(&self) -> bool {
        match self {
            Self::Held(hold) => hold.reason != Reason::Unavailable,
            Self::Invalid(_) => true,
            // What is there already and not done yet speaks for itself.
            Self::Waiting { reason, .. } => !matches!(reason, Reason::AdminApiNotReady | Reason::ReferenceNotReady),
            Self::Vendor(fault) => !matches!(fault.class, Class::Transient | Class::Throttled),
            Self::Kubernetes(_) | Self::Later { .. } => false,
        }
    }
}

impl Outcome {
    /// The word for metrics and logs.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Settled(Settled { deed: Some(deed), .. }) | Self::Stepped { deed, .. } => *deed,
            Self::Settled(Settled { unready: Some(_), .. }) => Reason::Unready,
            Self::Settled(Settled { idle, .. }) if !idle.is_empty() => Reason::CreateOnlyChanged,
            Self::Settled(_) => Reason::Converged,
            Self::Stopped(stop) => stop.reason(),
        }
    }

    /// The word for metrics that says whether it went well.
    pub fn result(&self) -> &'static str {
        match self {
            Self::Settled(_) | Self::Stepped { .. } => "success",
            Self::Stopped(Stop::Waiting { .. } | Stop::Held(_) | Stop::Later { .. }) => "waiting",
            Self::Stopped(Stop::Invalid(_) | Stop::Vendor(_) | Stop::Kubernetes(_)) => "error",
        }
    }

    /// All conditions to store in place of `before`: the engine's own, and between them the kind's. Without `aspects` nothing was seen in
    /// this pass, and what was last seen of them still stands.
    pub fn conditions(
        &self,
        before: &[Condition],
        aspects: Option<&[Aspect]>,
        generation: i64,
        now: Timestamp,
    ) -> Vec<Condition> {
        let mut judgements = self.judgements();
        let place = judgements.len().min(2);
        let fresh = aspects.into_iter().flatten().cloned().map(Judgement::from);
        judgements.splice(place..place, fresh);
        let mut conditions = stamp(before, &judgements, generation, now);
        if aspects.is_none() {
            let kept = before.iter().filter(|condition| !OURS.contains(&condition.type_.as_str())).cloned();
            conditions.splice(place..place, kept);
        }
        conditions
    }

    /// The engine's own conditions, in the order in which they are shown.
    pub fn judgements(&self) -> Vec<Judgement> {
        match self {
            Self::Settled(settled) => settled.judgements(),
            Self::Stepped { deed, message } => vec![
                Judgement::new(READY, false, deed.word(), message.clone()),
                Judgement::new(SYNCED, false, deed.word(), message.clone()),
                Judgement::new(RECONCILING, true, deed.word(), message.clone()),
            ],
            Self::Stopped(Stop::Held(hold)) if hold.reason == Reason::Paused => {
                // Neither under way nor stuck: somebody wants it so.
                let judge = |condition, holds: Option<bool>| {
                    Judgement::new(condition, holds, hold.reason.word(), hold.message.clone())
                };
                vec![judge(READY, Some(false)), judge(SYNCED, None)]
            }
            Self::Stopped(Stop::Held(hold)) if accepted(hold.reason) => {
                let message = hold.message.as_str();
                vec![
                    Judgement::new(READY, true, hold.reason.word(), message),
                    Judgement::new(SYNCED, false, hold.reason.word(), message),
                    Judgement::new(DRIFTED, true, hold.reason.word(), message),
                ]
            }
            Self::Stopped(stop) => {
                let (reason, message) = (stop.reason().word(), stop.told());
                let synced = match stop {
                    Stop::Held(_) => Some(false),
                    _ => None,
                };
                let trend = if stop.needs_a_person() { STALLED } else { RECONCILING };
                vec![
                    Judgement::new(READY, false, reason, message.clone()),
                    Judgement::new(SYNCED, synced, reason, message.clone()),
                    Judgement::new(trend, true, reason, message),
                ]
            }
        }
    }
}

impl Settled {
    fn judgements(&self) -> Vec<Judgement> {
        let (reason, message) = settled_words(&self.idle);
        let synced = Judgement::new(SYNCED, true, reason.word(), message);
        let Some(Unready { reason, message, passing }) = &self.unready else {
            let ready = Judgement::new(READY, true, Reason::Converged.word(), "the vendor matches the spec");
            return vec![ready, synced];
        };
        let trend = if *passing { RECONCILING } else { STALLED };
        let judge = |condition, holds: Option<bool>| Judgement::new(condition, holds, reason, message.clone());
        let synced = if self.unread { judge(SYNCED, None) } else { synced };
        vec![judge(READY, Some(false)), synced, judge(trend, Some(true))]
    }
}

/// Differences that somebody chose to live with do not make an object unready.
fn accepted(reason: Reason) -> bool {
    matches!(reason, Reason::DriftReported | Reason::Observed)
}

fn settled_words(idle: &[Change]) -> (Reason, String) {
    debug_assert!(idle.iter().all(|change| change.effect == Effect::NoEffect));
    if idle.is_empty() {
        return (Reason::Converged, "every managed field is as the spec says".to_owned());
    }
    let paths: Vec<&str> = idle.iter().map(|change| change.path.as_str()).collect();
    let message = format!(
        "{} changed since the object was created; the vendor takes it only then, so the change has no effect",
        paths.join(", ")
    );
    (Reason::CreateOnlyChanged, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(outcome: &Outcome) -> Vec<(&'static str, Option<bool>)> {
        outcome.judgements().into_iter().map(|judgement| (judgement.condition, judgement.holds)).collect()
    }

    #[test]
    fn what_passes_by_itself_is_reconciling_and_what_does_not_is_stalled() {
        let fault = |class| Outcome::Stopped(Stop::Vendor(Fault::new(class, "update_account", "no")));
        for class in [Class::Transient, Class::Throttled] {
            assert!(types(&fault(class)).contains(&(RECONCILING, Some(true))), "{class:?}");
        }
        let lasting = [Class::Denied, Class::Missing, Class::Taken, Class::Refused, Class::Unsupported, Class::Broken];
        for class in lasting {
            assert!(types(&fault(class)).contains(&(STALLED, Some(true))), "{class:?}");
            assert!(types(&fault(class)).contains(&(READY, Some(false))), "{class:?}");
        }
    }

    #[test]
    fn what_a_vendor_says_comes_with_a_way_out() {
        let told = |class, code: Option<u16>| {
            let fault = Fault::new(class, "update_account", "no");
            Stop::Vendor(code.map_or(fault.clone(), |code| fault.with_code(code))).told()
        };
        for class in [Class::Transient, Class::Throttled] {
            assert_eq!(told(class, None), "update_account: no; it is tried again by itself");
        }
        let words = [
            (Class::Denied, "credentials"),
            (Class::Refused, "correct"),
            (Class::Unsupported, "installation"),
            (Class::Broken, "URL"),
        ];
        for (class, word) in words {
            assert!(told(class, Some(400)).contains(word), "{class:?}");
            assert_eq!(told(class, None), "update_account: no");
        }
    }

    #[test]
    fn what_matches_and_is_not_well_is_synced_and_unready() {
        for (passing, trend) in [(true, RECONCILING), (false, STALLED)] {
            let unready = Unready { reason: "InErrorState", message: "it is broken".into(), passing };
            let outcome = Outcome::Settled(Settled { unready: Some(unready), ..Settled::default() });
            assert_eq!(types(&outcome), [(READY, Some(false)), (SYNCED, Some(true)), (trend, Some(true))]);
            let ready = &outcome.judgements()[0];
            assert_eq!((ready.reason, ready.message.as_str()), ("InErrorState", "it is broken"));
            assert_eq!(outcome.reason(), Reason::Unready);
        }
    }

    #[test]
    fn what_could_not_be_read_may_match_or_not() {
        let unready = Unready { reason: "Creating", message: "it is being made".into(), passing: true };
        let outcome = Outcome::Settled(Settled { unready: Some(unready), unread: true, ..Settled::default() });
        assert_eq!(types(&outcome), [(READY, Some(false)), (SYNCED, None), (RECONCILING, Some(true))]);
    }

    #[test]
    fn reported_drift_is_ready_and_drifted() {
        let hold = Hold { reason: Reason::DriftReported, message: "emailAdmin differs".into() };
        let outcome = Outcome::Stopped(Stop::Held(hold));
        assert_eq!(types(&outcome), [(READY, Some(true)), (SYNCED, Some(false)), (DRIFTED, Some(true))]);
    }
}
