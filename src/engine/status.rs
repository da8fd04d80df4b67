//! The status of every managed kind, and the smallest patch that brings a stored one up to date.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::deed::Begun;
use super::diff::{Change, Shown};
use super::history::PastWrite;
use super::plan::Plan;
use super::state::{State, Value};

/// What we know of an object. Written only when it differs from what is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Status<F> {
    /// The generation of the spec that this status speaks of; -1 before the first look.
    #[serde(default = "never_observed")]
    pub observed_generation: i64,
    /// Ready, Synced and, while they hold, Drifted, Reconciling and Stalled; and the kind's own.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// The vendor's id of the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The value of the annotation provost.dev/reconcile-at that was last honoured. An object that is as it should be honours it once its
    /// AdminApi is connected: before that there is nothing to look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// What would be done, while it is not done: it waits for approval, or policy says to only report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanReport>,
    /// The hash of the plan that was last carried out because it was approved; it approves nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_approved: Option<String>,
    /// The vendor's id of the external object that another object owns, and that this one takes over when that one goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaited_id: Option<String>,
    /// What was last sent of the fields that cannot be read back: the value, or a keyed fingerprint of a secret one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub applied: BTreeMap<String, String>,
    /// Fields that the vendor took and shows otherwise, by path. They are not sent again before one of the two values changes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_kept: BTreeMap<String, NotKept>,
    /// What is done once, was begun, and is not known to be done, by its group of fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub begun: BTreeMap<String, Begun>,
    /// The last writes at the vendor, the newest last; ten of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<PastWrite>,
    /// The kind's own part.
    #[serde(flatten)]
    pub facts: F,
}

fn never_observed() -> i64 {
    -1
}

impl<F: Default> Default for Status<F> {
    fn default() -> Self {
        Self {
            observed_generation: never_observed(),
            conditions: Vec::new(),
            external_id: None,
            last_handled_reconcile_at: None,
            plan: None,
            last_approved: None,
            awaited_id: None,
            applied: BTreeMap::new(),
            not_kept: BTreeMap::new(),
            begun: BTreeMap::new(),
            changes: Vec::new(),
            facts: F::default(),
        }
    }
}

/// A value that the vendor took and shows otherwise; both as JSON, or as the keyed fingerprint of a secret one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotKept {
    /// What was sent.
    pub sent: String,
    /// What the vendor showed afterwards.
    pub shown: String,
}

/// A plan as `status.plan` shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanReport {
    /// What the annotation provost.dev/approve has to say to have this plan carried out.
    pub hash: String,
    /// Create, Adopt, Update, Disable or Delete.
    pub action: String,
    /// The fields that would change; of what is yet to be made, those that it is made with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangeReport>,
}

/// One change as `status.plan` shows it; values are JSON, `***` for secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeReport {
    /// The path below `spec`.
    pub field: String,
    /// What is there; empty when nothing is.
    pub from: String,
    /// What is wanted.
    pub to: String,
}

impl PlanReport {
    /// The report of a plan under its hash. Of one that makes something anew, `made` is what it is made with.
    pub fn new(plan: &Plan, made: Option<&State>, hash: String) -> Self {
        let set = |(path, value): (&str, &Value)| ChangeReport {
            field: path.to_owned(),
            from: String::new(),
            to: Shown::of(value).text(),
        };
        let changes = plan.changes.iter().chain(&plan.kept).map(ChangeReport::new);
        let changes = made.into_iter().flat_map(State::iter).map(set).chain(changes).collect();
        Self { hash, action: plan.action.word().to_owned(), changes }
    }
}

impl ChangeReport {
    fn new(change: &Change) -> Self {
        Self { field: change.path.clone(), from: change.from.text(), to: change.to.text() }
    }
}

/// The JSON merge patch that turns `old` into `new`; none when they are equal.
///
/// A merge patch replaces lists whole and drops a key by `null`, which is why it is computed here rather than sending `new` as it is.
pub fn merge_patch(old: &Json, new: &Json) -> Option<Json> {
    match (old, new) {
        (Json::Object(old), Json::Object(new)) => {
            let mut patch = Map::new();
            for (key, value) in new {
                match old.get(key) {
                    Some(before) => {
                        if let Some(change) = merge_patch(before, value) {
                            patch.insert(key.clone(), change);
                        }
                    }
                    None => {
                        patch.insert(key.clone(), value.clone());
                    }
                }
            }
            for key in old.keys().filter(|key| !new.contains_key(*key)) {
                patch.insert(key.clone(), Json::Null);
            }
            (!patch.is_empty()).then_some(Json::Object(patch))
        }
        (old, new) => (old != new).then(|| new.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_equal_status_needs_no_patch() {
        let status = json!({"a": {"b": [1, 2]}, "c": null});
        assert_eq!(merge_patch(&status, &status), None);
    }

    #[test]
    fn a_patch_is_as_small_as_a_merge_patch_can_be() {
        let (old, new) = (json!({"a": {"b": [1], "x": 1}, "gone": 1}), json!({"a": {"b": [1, 2], "x": 1}, "new": 2}));
        assert_eq!(merge_patch(&old, &new), Some(json!({"a": {"b": [1, 2]}, "gone": null, "new": 2})));
    }

    #[test]
    fn a_stored_status_without_a_generation_was_never_observed() {
        let status: Status<BTreeMap<String, Json>> = serde_json::from_value(json!({})).expect("lenient");
        assert_eq!(status.observed_generation, -1);
    }
}
