//! Policy: what we may do to an object, decided before anything can fail. Pure; every unknown value means the harmless one.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Annotation: the vendor's id of the object. Written right after a create, or by a person to adopt that very object.
pub const EXTERNAL_ID: &str = "provost.dev/external-id";
/// Annotation: an announced create, `<attempt>.<lease epoch>`, and between the steps of one what the last step returned.
pub const PENDING_CREATE: &str = "provost.dev/pending-create";
/// Annotation: `"true"` stops every vendor write.
pub const PAUSED: &str = "provost.dev/paused";
/// Annotation: a new value asks for a look right now.
pub const RECONCILE_AT: &str = "provost.dev/reconcile-at";
/// Annotation: approves the plan with this hash.
pub const APPROVE: &str = "provost.dev/approve";
/// Annotation: `<attempt> done` or `<attempt> again` says what became of something that is done once, where nobody else can tell.
pub const DEED: &str = "provost.dev/deed";
/// Annotation: this object's own uid lets go of an object whose deletion is blocked.
pub const ABANDON: &str = "provost.dev/abandon";
/// Annotation of an AdminApi: `<count> until <RFC 3339>` lets so many deletions go that its guard holds, until then.
pub const ACKNOWLEDGE: &str = "provost.dev/acknowledge-deletions";
/// Annotation of an AdminApi: the realm that its objects' ids may be looked for in, although they are from another one.
pub const ACCEPT_REALM: &str = "provost.dev/accept-realm";
/// The finalizer of every managed object that may exist at a vendor.
pub const FINALIZER: &str = "provost.dev/finalizer";

/// What may be done to the external object. Absent fields take the defaults named here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// Enforce (the default): converge. Plan: compute, show in status.plan, wait for approval. Observe: only look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management: Option<Management>,
    /// Never (the default): an object that exists already is a conflict that names its id. IfExists: take it over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adoption: Option<Adoption>,
    /// Correct (the default): changes made at the vendor are put back. Report: they are shown and kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
    /// What happens at the vendor when this object is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<Deletion>,
}

/// How far we go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Management {
    /// Converge.
    Enforce,
    /// Compute and show; write only what was approved.
    Plan,
    /// Only look.
    Observe,
    /// A value of another version: treated as Observe.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// What to do about an object that exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Adoption {
    /// Leave it alone and say so.
    Never,
    /// Take it over.
    IfExists,
    /// A value of another version: treated as Never.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// What to do about changes made at the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Drift {
    /// Put them back.
    Correct,
    /// Show and keep them.
    Report,
    /// A value of another version: treated as Report.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// What happens at the vendor when the object is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Deletion {
    /// The external object is deleted.
    Delete,
    /// The external object is switched off and kept.
    Disable,
    /// The external object is left as it is.
    Orphan,
    /// A value of another version: treated as Orphan.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

impl Deletion {
    /// The word in manifests.
    pub fn word(self) -> &'static str {
        match self {
            Self::Delete => "Delete",
            Self::Disable => "Disable",
            Self::Orphan | Self::Unknown => "Orphan",
        }
    }
}

/// What a kind allows to happen on deletion. The first is the default.
pub type Deletions = &'static [Deletion];

/// The policy of one object with every default filled in and every unknown value made harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effective {
    /// Enforce, Plan or Observe.
    pub management: Management,
    /// Whether an existing object may be taken over unasked.
    pub adopt: bool,
    /// Whether drift is put back.
    pub correct_drift: bool,
    /// Delete, Disable or Orphan.
    pub deletion: Deletion,
    /// No vendor writes for now.
    pub paused: bool,
}

/// The policy in force for one object.
pub fn effective(policy: &Policy, annotations: &BTreeMap<String, String>, allowed: Deletions) -> Effective {
    let management = match policy.management {
        None | Some(Management::Enforce) => Management::Enforce,
        Some(Management::Plan) => Management::Plan,
        Some(Management::Observe | Management::Unknown) => Management::Observe,
    };
    let deletion = match policy.deletion {
        // Who only looks does not switch off either.
        _ if management == Management::Observe => Deletion::Orphan,
        None => allowed.first().copied().unwrap_or(Deletion::Orphan),
        Some(wish) if allowed.contains(&wish) => wish,
        Some(_) => Deletion::Orphan,
    };
    Effective {
        management,
        adopt: policy.adoption == Some(Adoption::IfExists),
        correct_drift: matches!(policy.drift, None | Some(Drift::Correct)),
        deletion,
        paused: annotations.get(PAUSED).is_some_and(|value| value == "true"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(policy: serde_json::Value) -> Effective {
        let policy: Policy = serde_json::from_value(policy).expect("lenient");
        effective(&policy, &BTreeMap::new(), &[Deletion::Disable, Deletion::Orphan])
    }

    #[test]
    fn absent_fields_take_the_kinds_defaults() {
        let policy = read(serde_json::json!({}));
        assert_eq!(policy.management, Management::Enforce);
        assert!(!policy.adopt);
        assert!(policy.correct_drift);
        assert_eq!(policy.deletion, Deletion::Disable);
    }

    #[test]
    fn unknown_and_forbidden_values_are_harmless() {
        let policy = read(
            serde_json::json!({"management": "Obey", "adoption": "Always", "drift": "Import", "deletion": "Shred"}),
        );
        assert_eq!(policy.management, Management::Observe);
        assert!(!policy.adopt);
        assert!(!policy.correct_drift);
        assert_eq!(policy.deletion, Deletion::Orphan);
        assert_eq!(read(serde_json::json!({"deletion": "Delete"})).deletion, Deletion::Orphan);
    }

    #[test]
    fn who_only_observes_lets_go_without_a_word_to_the_vendor() {
        for management in ["Observe", "A word of another version"] {
            let policy = read(serde_json::json!({"management": management, "deletion": "Disable"}));
            assert_eq!(policy.deletion, Deletion::Orphan);
        }
    }
}
