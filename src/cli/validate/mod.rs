//! Whether the API server would take a manifest, told without one.
//!
//! In the API server's own order: nulls that mean nothing are dropped and defaults filled in, then the object is compared with
//! the structural schema of its CustomResourceDefinition (unknown fields are mistakes, as for kubectl), then the schema's CEL
//! rules run. Unlike the API server, which runs no rule on an object that does not fit its schema, the rules on the sound parts
//! run all the same, so that one look tells everything.
//!
//! Left to the API server: rules with `optionalOldSelf`, the matching of `oldSelf` by key in lists of type map (here it is by
//! position), leave for old mistakes that an update does not touch, admission, quota, and the rarer formats (`format.rs` has the
//! list).

mod defaults;
mod format;
mod list;
mod message;
mod path;
mod schema;

use std::fmt;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionVersion,
};
use kube::core::cel::{ErrorKind, ValidationError, Validator};
use serde_json::{Value, json};

use path::{Path, Step};

/// One thing that is wrong with an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The field, such as `spec.connections[0].name`; empty for the object as a whole.
    pub path: String,
    /// What is wrong with it and, where it is known, the way out.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.path, self.message) }
    }
}

/// A problem on its way out: where it is as steps, and whether rules that read that place have nothing to go by.
struct Finding {
    at: Path,
    message: String,
    blocks_rules: bool,
}

impl Finding {
    fn new(at: Path, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), blocks_rules: false }
    }

    fn blocking(self, blocks_rules: bool) -> Self {
        Self { blocks_rules, ..self }
    }
}

/// Everything that the API server would refuse about `object`, sorted by field; nothing when it would take it.
///
/// `version` is that of `crd` to compare with. With `old`, the object is an update of it, and the rules about changes run too.
/// `status` is not looked at where it is a subresource: the API server ignores it in a manifest.
pub fn validate(crd: &CustomResourceDefinition, version: &str, object: &Value, old: Option<&Value>) -> Vec<Problem> {
    let found = find_version(crd, version).and_then(|served| {
        let schema = served.schema.as_ref().and_then(|schema| schema.open_api_v3_schema.as_ref());
        let schema = serde_json::to_value(schema).ok().filter(Value::is_object);
        let schema =
            schema.ok_or_else(|| problem("apiVersion", format!("{version} of {} has no schema", name(crd))))?;
        Ok((served, schema))
    });
    let (served, schema) = match found {
        Ok(found) => found,
        Err(problem) => return vec![problem],
    };
    let (mut new, mut old) = (object.clone(), old.cloned());
    let Some(fields) = new.as_object_mut() else {
        return vec![problem("", "this is not an object".to_owned())];
    };
    if served.subresources.as_ref().is_some_and(|sub| sub.status.is_some()) {
        fields.remove("status");
        let status = old.as_ref().and_then(|old| old.get("status"));
        fields.extend(status.map(|status| ("status".to_owned(), status.clone())));
    }
    for object in [Some(&mut new), old.as_mut()].into_iter().flatten() {
        if object["metadata"].is_null() {
            object["metadata"] = json!({});
        }
        defaults::fill(object, &schema);
    }
    check(crd, version, schema, &new, old.as_ref())
}

fn check(
    crd: &CustomResourceDefinition,
    version: &str,
    mut schema: Value,
    new: &Value,
    old: Option<&Value>,
) -> Vec<Problem> {
    let mut problems = check_type(crd, version, new);
    let mut findings = schema::check(&schema, new);
    list::check(&schema, new, &Path::default(), &mut findings);

    schema::remove_rules(&mut schema, &|rule| rule["optionalOldSelf"] == json!(true));
    for finding in findings.iter().filter(|finding| finding.blocks_rules) {
        schema::remove_rules_along(&mut schema, finding.at.steps());
    }
    if let Err(errors) = Validator::new().validate(&schema, new, old) {
        problems.extend(errors.into_iter().map(broken_rule));
    }
    problems.extend(findings.into_iter().map(|finding| problem(&finding.at.to_string(), finding.message)));
    problems.sort();
    problems.dedup();
    problems
}

fn problem(path: &str, message: String) -> Problem {
    Problem { path: path.to_owned(), message }
}

fn name(crd: &CustomResourceDefinition) -> String {
    format!("{}.{}", crd.spec.names.plural, crd.spec.group)
}

fn find_version<'a>(
    crd: &'a CustomResourceDefinition,
    version: &str,
) -> Result<&'a CustomResourceDefinitionVersion, Problem> {
    let served = || crd.spec.versions.iter().filter(|candidate| candidate.served);
    served().find(|candidate| candidate.name == version).ok_or_else(|| {
        let known = served().map(|candidate| candidate.name.as_str()).collect::<Vec<_>>().join(", ");
        problem("apiVersion", format!("{} has no version {version}; it has {known}", name(crd)))
    })
}

/// Whether the object says of itself that it is what it is compared with.
fn check_type(crd: &CustomResourceDefinition, version: &str, object: &Value) -> Vec<Problem> {
    let api_version = format!("{}/{version}", crd.spec.group);
    [("apiVersion", &api_version), ("kind", &crd.spec.names.kind)]
        .into_iter()
        .filter(|(field, expected)| object[*field].as_str() != Some(expected.as_str()))
        .map(|(field, expected)| problem(field, format!("must be {expected}")))
        .collect()
}

fn broken_rule(error: ValidationError) -> Problem {
    let message = match error.kind {
        ErrorKind::ValidationFailure => error.message,
        // The rule, not the object, is at fault, or beyond what can be told here: say so rather than let it pass.
        _ => format!("the rule `{}` cannot be checked here ({})", error.rule, error.message),
    };
    Problem { path: error.field_path, message }
}

/// The schema of the field that `step` leads to, if it has one.
fn child<'a>(schema: &'a Value, step: &Step) -> Option<&'a Value> {
    match step {
        Step::Item(_) => schema.get("items"),
        Step::Field(name) => {
            let property = schema.get("properties").and_then(|properties| properties.get(name));
            property.or_else(|| schema.get("additionalProperties").filter(|schema| schema.is_object()))
        }
    }
}

#[cfg(test)]
mod tests;
