//! Cases, offline. The integration tests hold the same cases against the API server.

use serde::Deserialize;

use super::*;

const CRD: &str = include_str!("testdata/crd.yaml");
const CASES: &str = include_str!("testdata/cases.yaml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    case: String,
    #[serde(default)]
    spec: Value,
    old: Option<Value>,
    #[serde(default)]
    object: Value,
    #[serde(default)]
    problems: Vec<String>,
}

fn crd() -> CustomResourceDefinition {
    serde_yaml::from_str(CRD).unwrap()
}

fn widget(spec: &Value) -> Value {
    json!({"apiVersion": "test.provost.dev/v1", "kind": "Widget", "metadata": {"name": "a"}, "spec": spec})
}

/// A JSON merge patch, as far as the cases need it.
fn merge(target: &mut Value, patch: &Value) {
    let Some(fields) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    for (name, value) in fields {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(name);
        } else if target.get(name).is_some_and(Value::is_object) {
            merge(&mut target[name], value);
        } else {
            target[name] = value.clone();
        }
    }
}

fn texts(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn every_case_has_the_problems_that_it_says() {
    let cases: Vec<Case> = serde_yaml::from_str(CASES).unwrap();
    let mut wrong = Vec::new();
    for case in &cases {
        let mut object = widget(&case.spec);
        if !case.object.is_null() {
            merge(&mut object, &case.object);
        }
        let old = case.old.as_ref().map(widget);
        let found = texts(&validate(&crd(), "v1", &object, old.as_ref()));
        if found != case.problems {
            wrong.push(format!("{}:\n  expected {:#?}\n  found {found:#?}", case.case, case.problems));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn versions_that_are_not_served_are_told() {
    let object = widget(&json!({"subdomain": "acme"}));
    for version in ["v0", "v2"] {
        let found = texts(&validate(&crd(), version, &object, None));
        assert_eq!(found, [format!("apiVersion: widgets.test.provost.dev has no version {version}; it has v1")]);
    }
}

#[test]
fn a_value_of_the_wrong_type_or_in_the_wrong_place_is_not_shown() {
    let spec = json!({"subdomain": {"password": "hunter22"}, "password": "hunter22", "policy": "hunter22"});
    let found = texts(&validate(&crd(), "v1", &widget(&spec), None));
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(!found.concat().contains("hunter22"), "{found:?}");
}

#[test]
fn long_values_are_cut() {
    let found = texts(&validate(&crd(), "v1", &widget(&json!({"subdomain": "acme", "url": "ü".repeat(500)})), None));
    assert!(found[0].contains(&format!("{}… is not", "ü".repeat(59))), "{found:?}");
}

#[test]
fn a_rule_that_cannot_be_run_here_is_told_and_not_passed_over() {
    let mut crd = serde_json::to_value(crd()).unwrap();
    let spec = "/spec/versions/0/schema/openAPIV3Schema/properties/spec";
    crd.pointer_mut(spec).unwrap()["x-kubernetes-validations"] =
        json!([{"rule": "self.nonsense("}, {"rule": "nobody(self)"}]);
    let crd: CustomResourceDefinition = serde_json::from_value(crd).unwrap();
    let found = texts(&validate(&crd, "v1", &widget(&json!({"subdomain": "acme"})), None));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found
            .iter()
            .all(|problem| problem.starts_with("spec: the rule `") && problem.contains("cannot be checked here"))
    );
}

#[test]
fn what_is_no_object_is_told() {
    assert_eq!(texts(&validate(&crd(), "v1", &json!([1]), None)), ["this is not an object"]);
}
