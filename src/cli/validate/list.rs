//! Lists that say of themselves that they hold nothing twice.

use std::collections::BTreeMap;

use serde_json::Value;

use super::path::{Path, Step};
use super::{Finding, child};

/// Finds the items that stand twice in lists of type set, and those with the same keys in lists of type map.
pub(super) fn check(schema: &Value, value: &Value, at: &Path, findings: &mut Vec<Finding>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if let Some(schema) = child(schema, &Step::Field(name.clone())) {
                    check(schema, value, &at.field(name), findings);
                }
            }
        }
        Value::Array(items) => {
            check_list(schema, items, at, findings);
            let Some(schema) = schema.get("items") else { return };
            for (index, item) in items.iter().enumerate() {
                check(schema, item, &at.then(Step::Item(index)), findings);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn check_list(schema: &Value, items: &[Value], at: &Path, findings: &mut Vec<Finding>) {
    let keys: Vec<&str> = match schema.get("x-kubernetes-list-type").and_then(Value::as_str) {
        Some("set") => Vec::new(),
        Some("map") => {
            let keys = schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
            keys.into_iter().flatten().filter_map(Value::as_str).collect()
        }
        _ => return,
    };
    let mut seen = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        let identity = if keys.is_empty() {
            item.to_string()
        } else {
            keys.iter().map(|key| format!("{};", item[*key])).collect()
        };
        if let Some(first) = seen.get(&identity) {
            let what =
                if keys.is_empty() { "is".to_owned() } else { format!("has the same {} as", keys.join(" and ")) };
            let message = format!("{what} item [{first}], and every item must be another");
            findings.push(Finding::new(at.then(Step::Item(index)), message));
        } else {
            seen.insert(identity, index);
        }
    }
}
