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

/// The values that may be shown, and the names of the others: those that are hidden, or may hold a secret, as far as their names and forms
/// tell. What is open may hold anything.
pub fn shareable(values: &serde_json::Map<String, Json>) -> (OpenMap, Vec<String>) {
    let (shown, hidden): (OpenMap, OpenMap) =
        values.clone().into_iter().partition(|(name, value)| !names_secret(name) && !holds_secret(value));
    (shown, hidden.into_keys().collect())
}

/// Words in the name of what is secret.
const SECRET_WORDS: [&str; 8] = ["passw", "pwd", "secret", "token", "credential", "apikey", "api_key", "private"];

fn names_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| name.contains(word)) || name.ends_with("key")
}

fn holds_secret(value: &Json) -> bool {
    match value {
        Json::String(text) => {
            let parts = text.split(['?', '&', ';', ' ', '\n']).filter_map(|part| part.split_once('='));
            let has_login = text.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
            has_login || is_masked(text) || { parts }.any(|(name, _)| names_secret(name))
        }
        Json::Object(fields) => fields.iter().any(|(name, value)| names_secret(name) || holds_secret(value)),
        Json::Array(items) => items.iter().any(holds_secret),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
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
    fn what_may_be_secret_is_named_and_not_shown() {
        let values = json!({
            "connection_id": "3F25", "url": "https://x.example/a?b=c", "keyword": "x", "count": 3, "list": ["a", {"b": 1}],
            "Password": "planted", "sshKey": "planted", "nested": {"list": [{"api_key": "planted"}]}, "hidden": "***",
            "jdbc": "jdbc:sqlserver://db;user=sa;password=planted", "proxy": "http://me:planted@proxy.example",
        });
        let (shown, hidden) = shareable(values.as_object().unwrap());
        assert_eq!(shown.into_keys().collect::<Vec<_>>(), ["connection_id", "count", "keyword", "list", "url"]);
        assert_eq!(hidden, ["Password", "hidden", "jdbc", "nested", "proxy", "sshKey"]);
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
