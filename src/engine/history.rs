//! History: the last writes at the vendor for one object, as its status keeps them, and who edited the spec that asked for them. Pure.
//!
//! The change record is whole and a stream; this is its end, for whoever looks at the object. An interrupted pass may lose an entry here,
//! never the line there. A write that comes to nothing again and again is one entry, so that trying again changes no status.

use std::sync::{Arc, Mutex, PoisonError};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many entries an object keeps.
pub const KEPT: usize = 10;

/// How many fields an entry shows.
pub const FIELDS: usize = 10;

/// A value no longer than this is shown whole.
const LONGEST_VALUE: usize = 120;

/// A message no longer than this is shown whole.
const LONGEST_MESSAGE: usize = 300;

/// What a write did that was answered as done.
pub const DONE: &str = "done";

/// One write that left for the vendor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PastWrite {
    /// When it ended. Of several that came to the same nothing, the first.
    pub time: Time,
    /// The generation of the spec that it was for.
    #[serde(default)]
    pub generation: i64,
    /// Create, Run, Update, Enable, Disable or Delete.
    #[serde(default)]
    pub action: String,
    /// The vendor's operation.
    #[serde(default)]
    pub operation: String,
    /// What it did there: done, none, or unknown when the answer was lost.
    #[serde(default)]
    pub effect: String,
    /// ok, or the class of what went wrong.
    #[serde(default)]
    pub outcome: String,
    /// The code of the vendor's answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The name that the vendor gave the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The hash of the plan whose approval it was done by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<String>,
    /// Who edited the spec that it was for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_by: Option<Edit>,
    /// The fields that it was to change; the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldChange>,
    /// How many more fields there were.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_changes: u32,
}

/// One field of a write; values are JSON, `***` for secrets, and long ones are cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    /// The path below `spec`.
    pub field: String,
    /// What was there; absent when nothing was, or nobody can know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What was sent.
    pub to: String,
}

/// The last edit of a spec, as Kubernetes keeps it in managedFields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Edit {
    /// The field manager: `kubectl-edit`, `argocd-controller`, and so on.
    pub manager: String,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Time>,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl PastWrite {
    /// Whether another one says nothing more than this one: it came to nothing in the same way.
    fn covers(&self, other: &Self) -> bool {
        let what = |write: &Self| {
            (write.generation, write.action.clone(), write.operation.clone(), write.effect.clone(), write.code)
        };
        self.effect != DONE && what(self) == what(other) && self.outcome == other.outcome
    }

    /// The same, with texts and fields as bounded as a status needs them.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        self.more_changes = u32::try_from(self.changes.len().saturating_sub(FIELDS)).unwrap_or(u32::MAX);
        self.changes.truncate(FIELDS);
        for change in &mut self.changes {
            change.from = change.from.take().map(|text| cut(text, LONGEST_VALUE));
            change.to = cut(std::mem::take(&mut change.to), LONGEST_VALUE);
        }
        self.message = self.message.map(|text| cut(text, LONGEST_MESSAGE));
        self.request_id = self.request_id.map(|text| cut(text, LONGEST_VALUE));
        self
    }
}

fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most - 3));
        text.push_str("...");
    }
    text
}

/// The entries to store: those that are stored, then the new ones, and of all these the last.
pub fn joined(stored: &[PastWrite], new: Vec<PastWrite>) -> Vec<PastWrite> {
    let mut all = stored.to_vec();
    for write in new {
        let in_vain = all.iter().rev().take_while(|past| past.effect != DONE);
        if !in_vain.into_iter().any(|past| past.covers(&write)) {
            all.push(write);
        }
    }
    all.drain(..all.len().saturating_sub(KEPT));
    all
}

/// The writes of one object that its status does not have yet.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Vec<PastWrite>>>);

impl Ledger {
    /// Adds a write, as far as there is a place for it: while a vendor is away, no status takes them.
    pub fn add(&self, write: PastWrite) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *all = joined(&all, vec![write.bounded()]);
    }

    /// What was added.
    pub fn all(&self) -> Vec<PastWrite> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether nothing was.
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Forgets these, which are stored now.
    pub fn forget(&self, stored: &[PastWrite]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|write| !stored.contains(write));
    }
}

impl Edit {
    /// Of an object's managedFields, the one entry that tells who edited the spec last, without the fields.
    pub fn entry(entries: &[ManagedFieldsEntry]) -> Option<ManagedFieldsEntry> {
        let of_spec = |entry: &&ManagedFieldsEntry| {
            let fields = entry.fields_v1.as_ref().is_some_and(|fields| fields.0.get("f:spec").is_some());
            fields && entry.subresource.as_deref().unwrap_or_default().is_empty()
        };
        let last = entries.iter().filter(of_spec).max_by_key(|entry| entry.time.as_ref().map(|time| time.0))?;
        Some(ManagedFieldsEntry {
            manager: last.manager.clone(),
            time: last.time.clone(),
            ..ManagedFieldsEntry::default()
        })
    }

    /// What such an entry says.
    pub fn of(entries: Option<&[ManagedFieldsEntry]>) -> Option<Self> {
        let entry = entries?.first()?;
        Some(Self { manager: entry.manager.clone().filter(|name| !name.is_empty())?, time: entry.time.clone() })
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    fn write(second: i64, effect: &str, code: u16) -> PastWrite {
        PastWrite {
            time: Time(Timestamp::from_second(second).unwrap()),
            generation: 1,
            action: "Update".into(),
            operation: "update_account".into(),
            effect: effect.into(),
            outcome: if effect == DONE { "ok" } else { "refused" }.into(),
            code: Some(code),
            request_id: Some(format!("request-{second}")),
            message: None,
            approved: None,
            edited_by: None,
            changes: Vec::new(),
            more_changes: 0,
        }
    }

    #[test]
    fn the_last_ten_are_kept_in_order() {
        let stored: Vec<_> = (0..8).map(|second| write(second, DONE, 200)).collect();
        let all = joined(&stored, (8..12).map(|second| write(second, DONE, 200)).collect());
        assert_eq!(all.len(), KEPT);
        assert_eq!((all[0].clone(), all[9].clone()), (write(2, DONE, 200), write(11, DONE, 200)));
    }

    #[test]
    fn what_comes_to_nothing_again_is_no_news() {
        let stored = [write(1, DONE, 200), write(2, "none", 400), write(3, "none", 409)];
        assert_eq!(joined(&stored, vec![write(9, "none", 400), write(10, "none", 409)]), stored);
        // Something was done in between.
        let again = joined(&stored, vec![write(4, DONE, 200), write(5, "none", 400)]);
        assert_eq!(again.len(), 5);
        assert_eq!(joined(&again, vec![write(6, DONE, 200)]).len(), 6);
    }

    #[test]
    fn an_entry_has_bounds() {
        let long = FieldChange { field: "a".into(), from: Some("ä".repeat(500)), to: "b".repeat(500) };
        let mut entry = write(1, "none", 400);
        (entry.changes, entry.message) = (vec![long; 25], Some("c".repeat(5000)));
        let ledger = Ledger::default();
        ledger.add(entry);
        let entry = ledger.all().remove(0);
        assert_eq!((entry.changes.len(), entry.more_changes), (FIELDS, 15));
        assert!(serde_json::to_string(&entry).unwrap().len() < 4000);
        assert!(entry.changes[0].from.as_ref().unwrap().ends_with("ä..."));
        // What came meanwhile stays.
        ledger.add(write(2, DONE, 200));
        ledger.forget(&[entry]);
        assert_eq!(ledger.all().len(), 1);
    }

    #[test]
    fn the_last_edit_of_the_spec_is_whose_manager_touched_it_last() {
        let entries: Vec<ManagedFieldsEntry> = serde_json::from_value(json!([
            {"manager": "kubectl", "time": "2026-03-02T09:00:00Z", "fieldsV1": {"f:spec": {"f:name": {}}}},
            {"manager": "argocd", "time": "2026-03-02T10:00:00Z", "fieldsV1": {"f:spec": {}}},
            {"manager": "provost", "time": "2026-03-02T11:00:00Z", "fieldsV1": {"f:metadata": {}}},
            {"manager": "scale", "time": "2026-03-02T12:00:00Z", "subresource": "scale", "fieldsV1": {"f:spec": {}}},
        ]))
        .unwrap();
        let kept = Edit::entry(&entries).unwrap();
        assert!(kept.fields_v1.is_none());
        let edit = Edit::of(Some(&[kept])).unwrap();
        assert_eq!(json!(edit), json!({"manager": "argocd", "time": "2026-03-02T10:00:00Z"}));
        assert_eq!((Edit::entry(&entries[2..]), Edit::of(Some(&[])), Edit::of(None)), (None, None, None));
    }
}
