//! What the journal keeps of a request's body and query: everything but the secrets.

use axum::extract::Query;
use axum::http::Uri;
use serde_json::{Map, Value};

use crate::base::secret::{MASK, Secret, scrub};

/// Knows which names hold secrets, and which values are secrets wherever they stand.
pub(super) struct Masker<'a> {
    pub names: &'a [&'a str],
    pub values: &'a [Secret],
}

impl Masker<'_> {
    /// The body as JSON, whatever its declared type; a form as an object; anything else as a sentence about it, because a secret
    /// can't be found in what can't be read. None for an empty one.
    pub fn body(&self, body: &[u8], content_type: &str) -> Option<Value> {
        if body.is_empty() {
            return None;
        }
        if let Ok(json @ (Value::Object(_) | Value::Array(_))) = serde_json::from_slice(body) {
            return Some(self.json(json));
        }
        if content_type.starts_with("application/x-www-form-urlencoded")
            && let Ok(form) = std::str::from_utf8(body)
            && let Some(pairs) = pairs(form)
        {
            let fields = self.pairs(pairs).into_iter().map(|(name, value)| (name, Value::String(value)));
            return Some(Value::Object(fields.collect()));
        }
        let kind = if content_type.is_empty() { "no declared type" } else { content_type };
        Some(Value::String(format!("{} bytes of {kind}", body.len())))
    }

    /// The decoded pairs of a query.
    pub fn query(&self, query: &str) -> Vec<(String, String)> {
        self.pairs(pairs(query).unwrap_or_default())
    }

    /// `text` without secret values.
    pub fn text(&self, text: &str) -> String {
        scrub(text, self.values)
    }

    fn pairs(&self, pairs: Vec<(String, String)>) -> Vec<(String, String)> {
        let masked = |(name, value): (String, String)| {
            let hide = self.names_secret(&name) && !value.is_empty();
            let value = if hide { MASK.to_owned() } else { self.text(&value) };
            (name, value)
        };
        pairs.into_iter().map(masked).collect()
    }

    fn json(&self, value: Value) -> Value {
        match value {
            Value::Object(fields) => {
                Value::Object(fields.into_iter().map(|field| self.field(field)).collect::<Map<_, _>>())
            }
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.json(item)).collect()),
            Value::String(text) => Value::String(self.text(&text)),
            other => other,
        }
    }

    fn field(&self, (name, value): (String, Value)) -> (String, Value) {
        // A blank or missing secret is no secret, and that it is blank often matters.
        let blank = value.is_null() || value.as_str().is_some_and(str::is_empty);
        let value = if self.names_secret(&name) && !blank { Value::String(MASK.to_owned()) } else { self.json(value) };
        (name, value)
    }

    fn names_secret(&self, name: &str) -> bool {
        self.names.iter().any(|secret| secret.eq_ignore_ascii_case(name))
    }
}

fn pairs(encoded: &str) -> Option<Vec<(String, String)>> {
    let uri: Uri = format!("/?{encoded}").parse().ok()?;
    Query::try_from_uri(&uri).ok().map(|Query(pairs)| pairs)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";

    fn body(text: &str, content_type: &str) -> Option<Value> {
        Masker { names: &["password"], values: &[Secret::new("hunter22")] }.body(text.as_bytes(), content_type)
    }

    #[test]
    fn masks_named_fields_at_any_depth_and_known_values_anywhere() {
        let sent = r#"{"Password": "x", "a": [{"password": 7}], "note": "it is hunter22", "n": 1}"#;
        let kept = json!({"Password": "***", "a": [{"password": "***"}], "note": "it is ***", "n": 1});
        assert_eq!(body(sent, ""), Some(kept));
    }

    #[test]
    fn keeps_blank_secrets_blank() {
        assert_eq!(body(r#"{"password": ""}"#, "text/plain"), Some(json!({"password": ""})));
    }

    #[test]
    fn reads_forms_and_only_describes_what_it_cannot_read() {
        assert_eq!(body("a=b%40c&password=x", FORM), Some(json!({"a": "b@c", "password": "***"})));
        assert_eq!(body(r#"{"password": "x"#, "application/json"), Some(json!("15 bytes of application/json")));
        assert_eq!(body("", FORM), None);
    }
}
