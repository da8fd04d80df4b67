//! Open maps: what the vendor leaves open in a spec, under its own names and with values of any type.

use std::collections::BTreeMap;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::Value as Json;

/// Values of any type by the vendor's own names.
pub type OpenMap = BTreeMap<String, Json>;

/// The schema of an [`OpenMap`], for `#[schemars(schema_with = "…")]`: a structural schema has no other way to say "anything".
pub fn schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

/// Whether the vendor shows what is wanted: numbers and flags may come as texts, and of an object only the wanted keys count.
pub fn alike(wanted: &Json, shown: &Json) -> bool {
    match (wanted, shown) {
        (Json::Object(wanted), Json::Object(shown)) => {
            wanted.iter().all(|(key, value)| shown.get(key).is_some_and(|shown| alike(value, shown)))
        }
        (Json::Array(wanted), Json::Array(shown)) => {
            wanted.len() == shown.len() && wanted.iter().zip(shown).all(|(wanted, shown)| alike(wanted, shown))
        }
        (Json::Bool(wanted), Json::Number(_) | Json::String(_)) => {
            matches!(
                (wanted, plain(shown).to_ascii_lowercase().as_str()),
                (true, "true" | "1") | (false, "false" | "0")
            )
        }
        (Json::Number(wanted), Json::Number(shown)) => wanted == shown || wanted.as_f64() == shown.as_f64(),
        (Json::Number(_), Json::String(text)) => {
            serde_json::from_str::<Json>(text.trim()).is_ok_and(|shown| shown.is_number() && alike(wanted, &shown))
        }
        (Json::String(_), Json::Number(_)) => plain(shown) == plain(wanted),
        // A vendor that knows no difference between nothing and a blank text.
        (Json::String(text), Json::Null) => text.is_empty(),
        _ => wanted == shown,
    }
}

/// A value as people would write it down: a text without its quotes.
pub fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_meaning_in_every_type() {
        for (wanted, shown) in [
            (json!(60), json!("60")),
            (json!(60), json!(60.0)),
            (json!("60"), json!(60)),
            (json!(true), json!("TRUE")),
            (json!(false), json!(0)),
            (json!(""), Json::Null),
            (json!({"a": 1}), json!({"a": "1", "b": 2})),
            (json!(["x", 1]), json!(["x", "1"])),
        ] {
            assert!(alike(&wanted, &shown), "{wanted} {shown}");
        }
        for (wanted, shown) in [
            (json!(60), json!("60s")),
            (json!(60), json!(true)),
            (json!(true), json!(0)),
            (json!(true), json!("yes")),
            (json!(0), Json::Null),
            (json!({"a": 1}), json!({})),
            (json!(["x"]), json!(["x", "y"])),
            (json!("x"), Json::Null),
        ] {
            assert!(!alike(&wanted, &shown), "{wanted} {shown}");
        }
    }
}
