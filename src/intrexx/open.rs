//! Open maps: what the vendor leaves open in a spec, under its own names and with values of any type.

use std::collections::BTreeMap;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::Value as Json;

use super::wire::settings::is_masked;

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

/// The properties that the contract knows as ids of things in the portal.
const IDS: [&str; 5] = ["class_name", "connection_id", "process_id", "timer_id", "replication_source_id"];

/// The values that may be shown, which are known ids, and the names of the others: what is open may hold anything, and a secret in a script
/// or in an address looks like any other text.
pub fn shareable(values: &serde_json::Map<String, Json>) -> (OpenMap, Vec<String>) {
    let is_id = |name: &str| IDS.iter().any(|known| known.eq_ignore_ascii_case(name));
    let is_plain = |value: &Json| match value {
        Json::String(text) => !text.contains(['@', '=', ' ', '\n']) && !is_masked(text),
        other => other.is_number(),
    };
    let (shown, hidden): (OpenMap, OpenMap) =
        values.clone().into_iter().partition(|(name, value)| is_id(name) && is_plain(value));
    (shown, hidden.into_keys().collect())
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
    fn what_may_be_secret_is_named_and_not_shown() {
        let values = json!({
            "connection_id": "3F25", "CLASS_NAME": "de.example.Nightly", "timer_id": 7, "process_id": "***", "replication_source_id": {"a": 1},
            "script": "def password = \"planted\"", "authorization": "Bearer planted", "kennwort": "planted",
            "url": "https://hooks.example/planted", "parameters": {"a": "planted"}, "count": 3,
        });
        let (shown, hidden) = shareable(values.as_object().unwrap());
        assert_eq!(shown.into_keys().collect::<Vec<_>>(), ["CLASS_NAME", "connection_id", "timer_id"]);
        let rest = [
            "authorization",
            "count",
            "kennwort",
            "parameters",
            "process_id",
            "replication_source_id",
            "script",
            "url",
        ];
        assert_eq!(hidden, rest);
    }

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
