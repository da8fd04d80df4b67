//! Conditions obey the rules of kstatus, which `kubectl wait`, Flux and Argo CD go by, whatever an object goes through.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use proptest::prelude::*;

use super::config;
use crate::base::fault::{Class, Fault};
use crate::engine::condition::{READY, RECONCILING, STALLED};
use crate::engine::diff::{Change, Effect, Shown};
use crate::engine::kind::{Aspect, Invalid, Unready};
use crate::engine::kubernetes::Error;
use crate::engine::plan::Hold;
use crate::engine::reason::Reason;
use crate::engine::report::{Outcome, Settled, Stop};

/// What kstatus makes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kstatus {
    Current,
    InProgress,
    Failed,
    Terminating,
}

/// The rules of kstatus for custom resources, in their order, from its documentation.
fn kstatus(deleting: bool, generation: i64, observed: i64, conditions: &[Condition]) -> Kstatus {
    let status = |name: &str| conditions.iter().find(|condition| condition.type_ == name).map(|found| &*found.status);
    if deleting {
        Kstatus::Terminating
    } else if observed != generation || status("Reconciling") == Some("True") {
        Kstatus::InProgress
    } else if status("Stalled") == Some("True") {
        Kstatus::Failed
    } else if matches!(status("Ready"), Some("False" | "Unknown")) {
        Kstatus::InProgress
    } else {
        Kstatus::Current
    }
}

/// One pass of a history.
#[derive(Debug, Clone)]
struct Step {
    /// The spec was edited before it.
    edited: bool,
    end: End,
    /// What the kind judged, when it saw something.
    healthy: Option<bool>,
}

/// How the pass ended, as data: an [`Outcome`] cannot be copied.
#[derive(Debug, Clone)]
enum End {
    Settled(bool),
    /// Not well: for now, or for good.
    Unready(bool),
    Stepped,
    Invalid,
    Waiting(Reason),
    Held(Reason),
    Later,
    Vendor(Class),
    Kubernetes,
}

impl End {
    fn outcome(&self) -> Outcome {
        let message = || "because".to_owned();
        let idle = Change { path: "a".into(), from: Shown::Masked, to: Shown::Masked, effect: Effect::NoEffect };
        Outcome::Stopped(match self {
            Self::Settled(clean) => {
                let idle = if *clean { Vec::new() } else { vec![idle] };
                return Outcome::Settled(Settled { idle, ..Settled::default() });
            }
            Self::Unready(passing) => {
                let unready = Some(Unready { reason: "Broken", message: message(), passing: *passing });
                return Outcome::Settled(Settled { unready, ..Settled::default() });
            }
            Self::Stepped => return Outcome::Stepped { deed: Reason::Adopted, message: message() },
            Self::Invalid => Invalid { field: "a".into(), problem: "is odd".into(), way_out: "mend it".into() }.into(),
            Self::Waiting(reason) => Stop::Waiting { reason: *reason, message: message() },
            Self::Held(reason) => Stop::Held(Hold { reason: *reason, message: message() }),
            Self::Later => Stop::Later { reason: Reason::Underway, message: message(), pause: Duration::from_secs(1) },
            Self::Vendor(class) => Fault::new(*class, "test", "no").into(),
            Self::Kubernetes => Stop::Kubernetes(Error::TimedOut),
        })
    }

    /// What the end means to whoever waits for the object, by DESIGN's words and not by the code's.
    fn meaning(&self) -> Kstatus {
        match self {
            Self::Settled(_) | Self::Held(Reason::DriftReported | Reason::Observed) => Kstatus::Current,
            Self::Stepped
            | Self::Unready(true)
            | Self::Kubernetes
            | Self::Vendor(Class::Transient | Class::Throttled)
            | Self::Waiting(Reason::AdminApiNotReady | Reason::ReferenceNotReady)
            | Self::Later
            | Self::Held(Reason::Paused | Reason::Unavailable) => Kstatus::InProgress,
            Self::Unready(false) | Self::Invalid | Self::Waiting(_) | Self::Held(_) | Self::Vendor(_) => {
                Kstatus::Failed
            }
        }
    }
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

fn step() -> impl Strategy<Value = Step> {
    let waits = prop::sample::select(
        &[
            Reason::AdminApiMissing,
            Reason::AdminApiMismatch,
            Reason::AdminApiNotReady,
            Reason::SecretMissing,
            Reason::SecretKeyMissing,
            Reason::SecretNotOurs,
            Reason::NotGranted,
            Reason::ReferenceMissing,
            Reason::ReferenceNotReady,
            Reason::ReferenceForbidden,
        ][..],
    );
    let holds = prop::sample::select(
        &[
            Reason::DriftReported,
            Reason::Observed,
            Reason::AwaitingApproval,
            Reason::PlanStale,
            Reason::ImmutableDiffers,
            Reason::IdentityDiffers,
            Reason::AlreadyExists,
            Reason::ExternalObjectGone,
            Reason::NotFound,
            Reason::CreateOutcomeUnknown,
            Reason::Paused,
            Reason::Unavailable,
            Reason::DeletionBlocked,
            Reason::DeedOutcomeUnknown,
            Reason::RenewalUnfinished,
            Reason::NotKept,
        ][..],
    );
    let end = prop_oneof![
        3 => any::<bool>().prop_map(End::Settled),
        2 => any::<bool>().prop_map(End::Unready),
        1 => Just(End::Stepped),
        1 => Just(End::Invalid),
        2 => waits.prop_map(End::Waiting),
        3 => holds.prop_map(End::Held),
        3 => prop::sample::select(&CLASSES[..]).prop_map(End::Vendor),
        1 => Just(End::Later),
        1 => Just(End::Kubernetes),
    ];
    let healthy = prop_oneof![Just(None), any::<bool>().prop_map(Some)];
    (any::<bool>(), end, healthy).prop_map(|(edited, end, healthy)| Step { edited, end, healthy })
}

fn aspects(healthy: bool) -> [Aspect; 1] {
    [Aspect { condition: "Healthy", holds: healthy, reason: "Because", message: "because".to_owned() }]
}

fn count(conditions: &[Condition], name: &str) -> usize {
    conditions.iter().filter(|condition| condition.type_ == name).count()
}

fn is_true(conditions: &[Condition], name: &str) -> bool {
    conditions.iter().any(|condition| condition.type_ == name && condition.status == "True")
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn conditions_obey_kstatus_over_any_history(history in prop::collection::vec(step(), 1..12)) {
        let (mut generation, mut stored) = (1, Vec::<Condition>::new());
        for (second, step) in (1_000..).zip(&history) {
            generation += i64::from(step.edited);
            let (now, outcome) = (Timestamp::from_second(second).unwrap(), step.end.outcome());
            let aspects = step.healthy.map(aspects);
            let after = outcome.conditions(&stored, aspects.as_ref().map(<[Aspect; 1]>::as_slice), generation, now);

            for condition in &after {
                prop_assert_eq!(count(&after, &condition.type_), 1, "{} twice", condition.type_);
                prop_assert!(!condition.reason.is_empty() && condition.message.len() <= 1024);
                let old = stored.iter().find(|old| old.type_ == condition.type_ && old.status == condition.status);
                let since = old.map_or(now, |old| old.last_transition_time.0);
                prop_assert_eq!(condition.last_transition_time.0, since, "{}", condition.type_);
                // Only what a kind judged, and could not judge anew, may speak of an earlier spec.
                let kept = condition.type_ == "Healthy" && step.healthy.is_none();
                prop_assert!(kept || condition.observed_generation == Some(generation));
            }
            prop_assert_eq!(count(&after, READY), 1);
            let (reconciling, stalled) = (is_true(&after, RECONCILING), is_true(&after, STALLED));
            prop_assert!(!(reconciling && stalled));
            prop_assert!(!is_true(&after, READY) || (!reconciling && !stalled));
            for present_only_when_true in [RECONCILING, STALLED, "Drifted"] {
                prop_assert_eq!(count(&after, present_only_when_true) == 1, is_true(&after, present_only_when_true));
            }
            prop_assert_eq!(kstatus(false, generation, generation, &after), step.end.meaning(), "{:?}", step);
            prop_assert_eq!(kstatus(false, generation + 1, generation, &after), Kstatus::InProgress);
            prop_assert_eq!(kstatus(true, generation, generation, &after), Kstatus::Terminating);
            // The same end once more changes nothing, so nothing is written.
            let later = Timestamp::from_second(second + 500).unwrap();
            let again = outcome.conditions(&after, aspects.as_ref().map(<[Aspect; 1]>::as_slice), generation, later);
            prop_assert_eq!(&again, &after);
            stored = after;
        }
    }
}
