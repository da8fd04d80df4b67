//! What GitOps programs make of our objects: kstatus, Argo CD and Flux judge every version that a real operator writes, and what `deploy/`
//! has for them is held against their own definitions.

mod fixtures;
mod journeys;
mod judge;
mod manifests;
mod prune;
mod recorder;

use serde_json::Value as Json;

use judge::{Verdict, Word};

/// What an object is, as far as others have to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It is being deleted, whatever it waits for.
    Deleting,
    /// The operator has not looked at this generation of its spec.
    Unseen,
    /// Something is under way, or will be tried again by itself.
    Working,
    /// Somebody wants nothing to be done.
    Paused,
    /// A plan waits for its approval.
    Unapproved,
    /// Only a person can help.
    Stuck,
    /// An AdminApi that works, and whose guard holds deletions.
    Holding,
    /// It is as its spec says, or differs only as its policy allows.
    Ready,
}

/// THE table: what each program says. docs/gitops.md shows it.
pub const TABLE: [(Standing, &str, &str, &str, &str); 8] = {
    use Standing::{Deleting, Holding, Paused, Ready, Stuck, Unapproved, Unseen, Working};
    [
        (Deleting, "it is being deleted", "Terminating", "Progressing", "InProgress"),
        (Unseen, "its spec was just changed", "InProgress", "Progressing", "InProgress"),
        (Working, "`Reconciling`", "InProgress", "Progressing", "InProgress"),
        (Paused, "`Ready` is False: `Paused`", "InProgress", "Suspended", "InProgress"),
        (Unapproved, "`Ready` is False: `AwaitingApproval`, `PlanStale`", "Failed", "Suspended", "InProgress"),
        (Stuck, "`Stalled`, for any other reason", "Failed", "Degraded", "Failed"),
        (Holding, "an AdminApi with `DeletionsHeld`", "Current", "Degraded", "Failed"),
        (Ready, "`Ready` is True", "Current", "Healthy", "Current"),
    ]
};

/// What an object is. It reads the conditions as their documentation has them, and shares nothing with those who judge.
pub fn standing(object: &Json) -> Standing {
    let condition = |name: &str| {
        let conditions = object["status"]["conditions"].as_array();
        conditions.into_iter().flatten().find(|condition| condition["type"] == name)
    };
    let holds = |name: &str| condition(name).is_some_and(|condition| condition["status"] == "True");
    let reason = condition("Ready").map(|ready| ready["reason"].as_str().unwrap_or_default()).unwrap_or_default();
    match reason {
        _ if object["metadata"]["deletionTimestamp"].is_string() => Standing::Deleting,
        _ if object["status"]["observedGeneration"] != object["metadata"]["generation"] => Standing::Unseen,
        "Paused" => Standing::Paused,
        "AwaitingApproval" | "PlanStale" => Standing::Unapproved,
        _ if holds("Stalled") => Standing::Stuck,
        _ if holds("Reconciling") => Standing::Working,
        _ if !holds("Ready") => panic!("neither ready, nor at work, nor stuck, nor paused: {object:#}"),
        _ if holds("DeletionsHeld") => Standing::Holding,
        _ => Standing::Ready,
    }
}

/// Holds one version of an object against the table, and against what may never be said of it.
#[track_caller]
fn hold(object: &Json, verdict: &Verdict) -> Standing {
    let standing = standing(object);
    let (_, _, kstatus, argo, flux) = TABLE.into_iter().find(|(row, ..)| *row == standing).unwrap();
    let said = (verdict.kstatus.as_str(), verdict.argo.status.as_str(), verdict.flux.as_str());
    assert_eq!(said, (kstatus, argo, flux), "{standing:?}: {verdict:#?} of {object:#}");
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    if !matches!(standing, Standing::Deleting | Standing::Unseen) {
        for condition in conditions.filter(|condition| judged_anew(condition)) {
            assert_eq!(condition["observedGeneration"], object["metadata"]["generation"], "{condition} of {object:#}");
        }
    }
    // Whoever reads a word that is not good has to find out why.
    let Word { status, message } = &verdict.argo;
    assert!(status == "Healthy" || !message.is_empty(), "{verdict:#?} of {object:#}");
    standing
}

/// What a kind says of what it saw holds for the generation that it was seen for.
fn judged_anew(condition: &Json) -> bool {
    ["Ready", "Synced", "Reconciling", "Stalled", "Drifted"].iter().any(|name| condition["type"] == *name)
}
