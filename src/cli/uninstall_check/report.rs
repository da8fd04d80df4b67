//! Report: what is there, and what of it stands in the way of uninstalling. Pure.

use std::collections::BTreeMap;

use kube::ResourceExt;
use kube::api::DynamicObject;
use serde::Serialize;
use serde_json::Value as Json;

use super::Allowed;
use crate::engine::admin_api::IN_USE;
use crate::engine::condition::READY;
use crate::engine::permit::DELETIONS_HELD;
use crate::engine::policy::{
    Deletion, EXTERNAL_ID, Effective, FINALIZER, Management, PENDING_CREATE, Policy, effective,
};
use crate::engine::registry::KindRow;

/// What was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Of this form.
    pub version: u32,
    /// Whether nothing stands in the way that is not allowed.
    pub safe: bool,
    /// What does.
    pub refused: Vec<&'static str>,
    /// Where we looked; none: everywhere.
    pub namespaces: Option<Vec<String>>,
    /// Every managed object.
    pub objects: Vec<Told>,
    /// Every AdminApi.
    pub admin_apis: Vec<AdminApiEntry>,
    /// Kinds without a definition.
    pub missing: Vec<String>,
}

/// A managed object.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    pub kind: &'static str,
    pub namespace: String,
    pub name: String,
    /// The vendor's id, as far as one is on record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// What its deletion does at the vendor.
    pub on_deletion: Effect,
    /// Why that is not done at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits: Option<Wait>,
    /// Whether its deletion waits for an operator.
    pub finalizer: bool,
    /// The Secret that goes with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publishes: Option<String>,
    /// Set when it is being deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleting: Option<Deleting>,
}

/// What the deletion of an object does at the vendor, while an operator runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// The external object is deleted.
    Delete,
    /// It is switched off.
    Disable,
    /// It is left as it is.
    Leave,
    /// Nothing was made.
    None,
}

/// Why a deletion is not carried out at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Wait {
    /// The object is paused.
    Paused,
    /// Somebody has to approve it.
    Approval,
    /// The object cannot be read.
    Malformed,
}

/// A deletion that is under way.
#[derive(Debug, Serialize)]
pub struct Deleting {
    /// The reason of the condition Ready; empty before the first look.
    pub reason: String,
    /// Its message.
    pub message: String,
}

/// An AdminApi.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AdminApiEntry {
    pub namespace: String,
    pub name: String,
    /// The vendor, once it was connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// The objects that use it, by its status.
    pub objects: i64,
    /// Whether its deletion waits for an operator.
    pub finalizer: bool,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// Why its guard holds deletions, while it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
}

impl Told {
    /// What an object of a kind is to this report.
    pub fn of(row: &'static KindRow, object: &DynamicObject) -> Self {
        let policy = object.data.pointer("/spec/policy").cloned().unwrap_or_default();
        let policy: Policy = serde_json::from_value(policy).unwrap_or_default();
        let policy = effective(&policy, object.annotations(), row.deletions);
        let annotation = |name| object.annotations().get(name).filter(|value: &&String| !value.is_empty());
        let external_id = annotation(EXTERNAL_ID).cloned();
        let finalizer = object.finalizers().iter().any(|name| name == FINALIZER);
        let made = finalizer && (external_id.is_some() || annotation(PENDING_CREATE).is_some());
        let on_deletion = match policy.deletion {
            _ if !made => Effect::None,
            Deletion::Delete => Effect::Delete,
            Deletion::Disable => Effect::Disable,
            Deletion::Orphan | Deletion::Unknown => Effect::Leave,
        };
        let deleting = object.metadata.deletion_timestamp.is_some().then(|| {
            let (_, reason, message) = condition(object, READY).unwrap_or_default();
            Deleting { reason, message }
        });
        let publishes = object.data.pointer("/spec/writeConnectionTo/secretRef/name").and_then(Json::as_str);
        Self {
            kind: row.kind,
            namespace: object.namespace().unwrap_or_default(),
            name: object.name_any(),
            external_id,
            on_deletion,
            waits: waits(row, object, &policy).filter(|_| matches!(on_deletion, Effect::Delete | Effect::Disable)),
            finalizer,
            publishes: publishes.map(str::to_owned),
            deleting,
        }
    }
}

fn waits(row: &KindRow, object: &DynamicObject, policy: &Effective) -> Option<Wait> {
    if serde_json::to_value(object).is_ok_and(|manifest| (row.judge)(&manifest).is_err()) {
        return Some(Wait::Malformed);
    }
    if policy.paused {
        return Some(Wait::Paused);
    }
    (policy.management == Management::Plan).then_some(Wait::Approval)
}

impl AdminApiEntry {
    /// What an AdminApi is to this report.
    pub fn of(object: &DynamicObject) -> Self {
        let status = &object.data["status"];
        Self {
            namespace: object.namespace().unwrap_or_default(),
            name: object.name_any(),
            vendor: status["vendor"].as_str().map(str::to_owned),
            objects: status["managedObjects"]["total"].as_i64().unwrap_or_default(),
            finalizer: object.finalizers().iter().any(|name| name == IN_USE),
            deleting: object.metadata.deletion_timestamp.is_some(),
            // With another status it tells of an acknowledgement that cannot be read.
            held: condition(object, DELETIONS_HELD)
                .filter(|(status, ..)| status == "True")
                .map(|(.., message)| message),
        }
    }
}

/// Status, reason and message of a condition.
fn condition(object: &DynamicObject, name: &str) -> Option<(String, String, String)> {
    let conditions = object.data.pointer("/status/conditions").and_then(Json::as_array)?;
    let found = conditions.iter().find(|condition| condition["type"] == name)?;
    let text = |field: &str| found[field].as_str().unwrap_or_default().to_owned();
    Some((text("status"), text("reason"), text("message")))
}

/// What stands in the way, and is not allowed. An AdminApi that nothing needs is configuration, and no loss.
pub fn unallowed(objects: &[Told], admin_apis: &[AdminApiEntry], allowed: &[Allowed]) -> Vec<&'static str> {
    let there = !objects.is_empty() || admin_apis.iter().any(|api| api.finalizer);
    let going = objects.iter().any(|object| object.deleting.is_some())
        || admin_apis.iter().any(|api| (api.deleting && api.finalizer) || api.held.is_some());
    let found = [(there, Allowed::Objects, "objects"), (going, Allowed::Deletions, "deletions")];
    found.into_iter().filter(|(is, what, _)| *is && !allowed.contains(what)).map(|(_, _, word)| word).collect()
}

/// The objects of one kind in one namespace, counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub objects: usize,
    pub deleted: usize,
    pub disabled: usize,
    pub left: usize,
    pub nothing: usize,
    pub waiting: usize,
    pub finalizers: usize,
}

impl Report {
    /// The objects of each kind in each namespace.
    pub fn counts(&self) -> BTreeMap<(&str, &str), Count> {
        let mut counts: BTreeMap<(&str, &str), Count> = BTreeMap::new();
        for object in &self.objects {
            counts.entry((&object.namespace, object.kind)).or_default().add(object);
        }
        counts
    }

    /// All of them.
    pub fn total(&self) -> Count {
        let mut total = Count::default();
        self.objects.iter().for_each(|object| total.add(object));
        total
    }
}

impl Count {
    fn add(&mut self, object: &Told) {
        self.objects += 1;
        match object.on_deletion {
            Effect::Delete => self.deleted += 1,
            Effect::Disable => self.disabled += 1,
            Effect::Leave => self.left += 1,
            Effect::None => self.nothing += 1,
        }
        self.waiting += usize::from(object.waits.is_some());
        self.finalizers += usize::from(object.finalizer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::TABLES;
    use serde_json::json;

    fn object(metadata: Json, policy: Json) -> DynamicObject {
        let mut object = json!({
            "apiVersion": "provost.dev/v1alpha1", "kind": "TenantAccount",
            "metadata": {"name": "a", "namespace": "team", "finalizers": [FINALIZER], "annotations": {EXTERNAL_ID: "7"}},
            "spec": {"adminApi": {"name": "v"}, "name": "A", "subdomain": "a", "emailAdmin": "a@a.example", "policy": policy},
        });
        for (field, value) in metadata.as_object().unwrap() {
            object["metadata"][field] = value.clone();
        }
        serde_json::from_value(object).unwrap()
    }

    fn told(metadata: Json, policy: Json) -> Told {
        Told::of(TABLES.kind("TenantAccount").unwrap(), &object(metadata, policy))
    }

    #[test]
    fn a_deletion_does_what_the_policy_says_and_nothing_where_nothing_was_made() {
        let effect = |metadata, policy| told(metadata, policy).on_deletion;
        assert_eq!(effect(json!({}), json!({})), Effect::Disable);
        assert_eq!(effect(json!({}), json!({"deletion": "Orphan"})), Effect::Leave);
        assert_eq!(effect(json!({}), json!({"management": "Observe"})), Effect::Leave);
        assert_eq!(effect(json!({"annotations": {}}), json!({})), Effect::None);
        assert_eq!(effect(json!({"annotations": {PENDING_CREATE: "x.1"}}), json!({})), Effect::Disable);
        assert_eq!(effect(json!({"finalizers": []}), json!({})), Effect::None);
    }

    #[test]
    fn what_waits_says_for_what() {
        let waits = |metadata, policy| told(metadata, policy).waits;
        assert_eq!(waits(json!({}), json!({})), None);
        let paused = json!({"annotations": {EXTERNAL_ID: "7", "provost.dev/paused": "true"}});
        assert_eq!(waits(paused.clone(), json!({})), Some(Wait::Paused));
        assert_eq!(waits(json!({}), json!({"management": "Plan"})), Some(Wait::Approval));
        // Letting go waits for nothing.
        assert_eq!(waits(paused, json!({"deletion": "Orphan"})), None);
        let mut broken = object(json!({}), json!({}));
        broken.data["spec"]["subdomain"] = json!(7);
        assert_eq!(Told::of(TABLES.kind("TenantAccount").unwrap(), &broken).waits, Some(Wait::Malformed));
    }

    #[test]
    fn what_is_being_deleted_says_how_far_it_got() {
        let mut going = object(json!({"deletionTimestamp": "2026-01-01T00:00:00Z"}), json!({}));
        going.data["status"] =
            json!({"conditions": [{"type": READY, "reason": "DeletionHeld", "message": "the guard holds it"}]});
        let told = Told::of(TABLES.kind("TenantAccount").unwrap(), &going);
        assert_eq!(told.deleting.unwrap().reason, "DeletionHeld");
    }

    fn admin_api(finalizers: Json, held: bool) -> AdminApiEntry {
        let status = if held { "True" } else { "False" };
        let conditions = json!([{"type": DELETIONS_HELD, "status": status, "message": "3 wait"}]);
        let object = json!({
            "apiVersion": "provost.dev/v1alpha1", "kind": "AdminApi",
            "metadata": {"name": "v", "namespace": "team", "finalizers": finalizers},
            "spec": {}, "status": {"conditions": conditions},
        });
        AdminApiEntry::of(&serde_json::from_value(object).unwrap())
    }

    #[test]
    fn only_what_is_allowed_may_be_left_behind() {
        let (idle, used) = (admin_api(json!([]), false), admin_api(json!([IN_USE]), false));
        assert_eq!(unallowed(&[], &[idle], &[]), Vec::<&str>::new());
        assert_eq!(unallowed(&[], &[used], &[]), ["objects"]);
        assert_eq!(unallowed(&[told(json!({}), json!({}))], &[], &[]), ["objects"]);
        let held = [admin_api(json!([IN_USE]), true)];
        let going = || [told(json!({"deletionTimestamp": "2026-01-01T00:00:00Z"}), json!({}))];
        assert_eq!(unallowed(&going(), &[], &[]), ["objects", "deletions"]);
        assert_eq!(unallowed(&going(), &held, &[Allowed::Objects]), ["deletions"]);
        assert_eq!(unallowed(&[], &held, &[Allowed::Objects]), ["deletions"]);
        assert_eq!(unallowed(&going(), &held, &[Allowed::Objects, Allowed::Deletions]), Vec::<&str>::new());
    }

    #[test]
    fn objects_are_counted_by_namespace_and_kind() {
        let objects = vec![
            told(json!({}), json!({})),
            told(json!({"name": "b"}), json!({"deletion": "Orphan"})),
            told(json!({"namespace": "other", "finalizers": []}), json!({})),
        ];
        let (refused, missing) = (Vec::new(), Vec::new());
        let report =
            Report { version: 1, safe: false, refused, namespaces: None, objects, admin_apis: Vec::new(), missing };
        let counts = report.counts();
        let team = Count { objects: 2, disabled: 1, left: 1, finalizers: 2, ..Count::default() };
        assert_eq!(counts[&("team", "TenantAccount")], team);
        assert_eq!(counts[&("other", "TenantAccount")], Count { objects: 1, nothing: 1, ..Count::default() });
        assert_eq!(report.total().objects, 3);
    }
}
