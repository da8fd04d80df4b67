//! Reading bodies: JSON as a lenient or a strict server reads it, and files.

use axum::http::{HeaderMap, header};
use serde_json::Value;

use crate::intrexx::sim::answer::{Cause, Refusal};
use crate::intrexx::sim::endpoints::Takes;
use crate::intrexx::sim::options::Options;
use crate::intrexx::sim::store::Fields;
use crate::intrexx::sim::upload::{self, File};

/// What a call carried.
#[derive(Default)]
pub(super) struct Input {
    pub sent: Fields,
    pub files: Vec<File>,
}

/// Reads what a call takes of its body.
pub(super) fn read(options: &Options, takes: Takes, headers: &HeaderMap, body: &[u8]) -> Result<Input, Refusal> {
    let blank = body.trim_ascii().is_empty();
    match takes {
        Takes::Nothing => Ok(Input::default()),
        Takes::MaybeJson if blank => Ok(Input::default()),
        Takes::Json | Takes::MaybeJson => {
            if options.behaviour.strict_content_type && !may_be_json(headers) {
                return Err(Refusal::new(Cause::MediaType, "the Content-Type must be application/json"));
            }
            let sent = json(body, options.behaviour.lenient_json)?;
            Ok(Input { sent, files: Vec::new() })
        }
        Takes::Upload => {
            let files = upload::read(headers, body, options.server.upload_limit)?;
            Ok(Input { sent: Fields::new(), files })
        }
    }
}

fn may_be_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    declared.is_none_or(|declared| declared.starts_with("application/json"))
}

fn json(body: &[u8], lenient: bool) -> Result<Fields, Refusal> {
    let read = match serde_json::from_slice(body) {
        Err(_) if lenient => serde_json::from_slice(&without_trailing_commas(body)),
        read => read,
    };
    match read {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Refusal::bad("the body must be a JSON object")),
        Err(_) => Err(Refusal::bad("the body is not valid JSON")),
    }
}

fn without_trailing_commas(body: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(body.len());
    let (mut in_text, mut escaped) = (false, false);
    for byte in body {
        if in_text {
            (in_text, escaped) = (escaped || *byte != b'"', !escaped && *byte == b'\\');
        } else {
            in_text = *byte == b'"';
            if matches!(byte, b'}' | b']') && kept.trim_ascii_end().ends_with(b",") {
                kept.truncate(kept.trim_ascii_end().len() - 1);
            }
        }
        kept.push(*byte);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailing_commas_are_read_by_the_lenient_only() {
        let body = br#"{"a": [1, 2, ], "b": "x,}\",]", }"#;
        assert!(json(body, false).is_err());
        let read = json(body, true).unwrap_or_default();
        assert_eq!(Value::Object(read), serde_json::json!({"a": [1, 2], "b": "x,}\",]"}));
        assert!(json(b"{,}", true).is_ok_and(|fields| fields.is_empty()));
        assert!(json(b"[1,]", true).is_err());
    }
}
