//! What the API server does to an object before it looks at it: nulls that mean nothing go, defaults come.

use serde_json::Value;

use super::child;
use super::path::Step;

/// Drops the nulls of fields that are not nullable, and fills in the defaults of fields that are then absent. A default is filled
/// in itself: `policy: {}` as a default brings the defaults of the fields below.
pub(super) fn fill(value: &mut Value, schema: &Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, value| !value.is_null() || keeps_null(child(schema, &Step::Field(name.clone()))));
            let properties = schema.get("properties").and_then(Value::as_object);
            for (name, property) in properties.into_iter().flatten() {
                if let Some(default) = property.get("default").filter(|default| !default.is_null()) {
                    fields.entry(name.clone()).or_insert_with(|| default.clone());
                }
            }
            for (name, value) in fields {
                if let Some(schema) = child(schema, &Step::Field(name.clone())) {
                    fill(value, schema);
                }
            }
        }
        Value::Array(items) => {
            let Some(schema) = schema.get("items") else { return };
            for item in items {
                fill(item, schema);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A null that nobody describes stays, to be told as an unknown field.
fn keeps_null(schema: Option<&Value>) -> bool {
    schema.is_none_or(|schema| schema.get("nullable").and_then(Value::as_bool) == Some(true))
}
