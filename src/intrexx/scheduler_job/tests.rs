//! Tests of what a job is compared by, and what its status tells.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::engine::state::Value;

fn spec(more: Json) -> SchedulerJobSpec {
    let mut spec =
        json!({"adminApi": {"name": "x"}, "portalName": "sales", "type": "data_transfer", "jobName": "Nightly"});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(spec).unwrap()
}

fn job(more: Json) -> Job {
    let mut job = json!({"id": "3F25", "name": "Nightly", "type": "DATA_TRANSFER"});
    job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(job).unwrap()
}

fn differing(spec: &SchedulerJobSpec, job: &Job) -> Vec<String> {
    let (wanted, seen) = (SchedulerJobs::desired(spec, &Siblings::default()).unwrap(), describe(job, spec, "sales"));
    let changes = crate::engine::diff::diff(SchedulerJobs::FIELDS, &wanted, &seen, &BTreeMap::new());
    changes.into_iter().map(|change| change.path).collect()
}

#[test]
fn an_absent_field_is_not_managed() {
    let state = SchedulerJobs::desired(&spec(json!({})), &Siblings::default()).unwrap();
    let paths: Vec<&str> = state.iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["jobName", "portalName", "type"]);
    assert_eq!(
        differing(&spec(json!({})), &job(json!({"active": false, "priority": 9, "properties": {"a": 1}}))),
        [""; 0]
    );
}

#[test]
fn a_portal_of_another_name_holds_another_job() {
    let siblings: Siblings = [("portal".to_owned(), "hr".to_owned())].into_iter().collect();
    let mut spec = spec(json!({"portal": {"name": "main"}}));
    spec.portal_name = None;
    let wanted = SchedulerJobs::desired(&spec, &siblings).unwrap();
    assert_eq!(wanted.get("portalName"), Some(&Value::Plain(json!("hr"))));
    assert!(SchedulerJobs::natural_key(&spec).contains("IntrexxPortal main"));
}

#[test]
fn only_what_the_spec_says_is_compared_and_in_every_form() {
    let spec = spec(json!({
        "description": "", "active": true, "priority": 5,
        "triggers": [{"cron": "0 30 2 ? * MON-FRI"}, {"cron": "0 0 12 * * ?", "timeZone": "UTC"}],
        "properties": {"count": 3, "flag": true, "nested": {"a": 1}},
    }));
    let shown = json!({
        "type": "data_transfer", "active": "1", "priority": "5", "description": null,
        "triggers": [
            {"cron": "0 0 12 * * ?", "time_zone": "UTC", "active": true, "valid_from": null},
            {"cron": "0 30 2 ? * mon-fri", "time_zone": "Europe/Berlin", "revision": 1},
        ],
        "properties": {"count": "3", "flag": 1, "nested": {"a": 1, "b": 2}, "other": "x"},
    });
    assert_eq!(differing(&spec, &job(shown.clone())), [""; 0]);
    for (key, value, path) in [
        ("description", json!("x"), "description"),
        ("active", json!(false), "active"),
        ("priority", json!(4), "priority"),
        ("triggers", json!([]), "triggers"),
        ("properties", json!({"flag": true, "nested": {"a": 1}}), "properties.count"),
        ("properties", json!({"count": 4, "flag": true, "nested": {"a": 1}}), "properties.count"),
        ("type", json!("TASK"), "type"),
    ] {
        let mut shown = shown.clone();
        shown[key] = value;
        assert_eq!(differing(&spec, &job(shown)), [path]);
    }
}

/// Trap 30.
#[test]
fn a_rule_that_the_vendor_would_take_and_never_run_is_invalid() {
    let spec = spec(json!({"triggers": [{"cron": "0 0 1 * * ?"}, {"cron": "0 0 1 31 2 ?"}]}));
    let invalid = SchedulerJobs::desired(&spec, &Siblings::default()).unwrap_err();
    assert_eq!(invalid.field, "triggers[1].cron");
}

fn observed(more: Json) -> ObservedJob {
    observe(&job(more), None)
}

#[test]
fn times_of_execution_alone_wait_for_an_hour() {
    let shown = |next: &str, last: &str, status: &str| {
        job(json!({"status": status, "next_execution": next, "last_execution": last, "last_result": "OK"}))
    };
    let before = observe(&shown("2026-11-22T10:00:00Z", "2026-11-22T09:00:00Z", "WAITING"), None);
    let near = shown("2026-11-22T10:59:00Z", "2026-11-22T09:59:00Z", "WAITING");
    assert_eq!(observe(&near, Some(&before)), before);
    for far in [
        shown("2026-11-22T11:00:00Z", "2026-11-22T09:00:00Z", "WAITING"),
        shown("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z", "WAITING"),
        shown("2026-11-22T10:10:00Z", "2026-11-22T09:10:00Z", "ERROR"),
    ] {
        assert_eq!(observe(&far, Some(&before)), observe(&far, None));
    }
    let never = observed(json!({"status": "WAITING", "last_result": "OK"}));
    assert_eq!(observe(&near, Some(&never)), observe(&near, None));
}

#[test]
fn a_failed_run_is_a_condition_until_a_run_goes_well() {
    assert_eq!(last_run(&observed(json!({"status": "WAITING"}))), None);
    assert_eq!(last_run(&observed(json!({"last_result": "PERHAPS"}))), None);
    let failed = observed(json!({"status": "ERROR", "last_result": "failed", "last_message": "no such table"}));
    let condition = last_run(&failed).unwrap();
    assert_eq!((condition.holds, condition.reason), (false, "RunFailed"));
    assert_eq!(condition.message, "the last run failed: no such table");
    // A run under way has no result yet.
    let running = observe(&job(json!({"status": "RUNNING"})), Some(&failed));
    assert_eq!(last_run(&running), Some(condition));
    let well = observe(&job(json!({"status": "WAITING", "last_result": "OK"})), Some(&running));
    assert!(last_run(&well).is_some_and(|condition| condition.holds));
}

#[test]
fn a_masked_property_is_no_value() {
    let spec = spec(json!({"properties": {"script": "x"}}));
    assert_eq!(differing(&spec, &job(json!({"properties": {"script": "***"}}))), ["properties.script"]);
    let shown = describe(&job(json!({"properties": {"script": "***"}})), &spec, "sales");
    assert_eq!(shown.get("properties.script"), None);
}
