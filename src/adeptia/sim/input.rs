//! Reading bodies: JSON as a strict or a lenient server reads it, and uploads.

use axum::http::{HeaderMap, header};
use serde_json::Value;

use crate::adeptia::sim::answer::{Cause, Refusal};
use crate::adeptia::sim::endpoints::Takes;
use crate::adeptia::sim::options::Options;
use crate::sim::multipart::{self, Unreadable};

/// What a call carried.
#[derive(Default)]
pub(super) struct Input {
    /// The JSON; null when there was none.
    pub sent: Value,
    /// The texts of an upload's parts, by name.
    pub parts: Vec<(String, String)>,
}

/// Reads what a call takes of its body.
pub(super) fn read(options: &Options, takes: Takes, headers: &HeaderMap, body: &[u8]) -> Result<Input, Refusal> {
    let blank = body.trim_ascii().is_empty();
    match takes {
        Takes::Nothing => Ok(Input::default()),
        Takes::MaybeJson if blank => Ok(Input::default()),
        Takes::Json | Takes::MaybeJson => {
            if options.behaviour.strict_content_type && !is_json(headers) {
                return Err(Refusal::new(Cause::MediaType, "the Content-Type must be application/json"));
            }
            let sent = json(body, options.behaviour.strict_json)?;
            Ok(Input { sent, parts: Vec::new() })
        }
        Takes::Upload => {
            let parts = multipart::read(headers, body).map_err(unreadable)?.into_iter().map(|part| {
                let content = std::str::from_utf8(part.content);
                let content = content.map_err(|_| Refusal::bad(format!("the part {} is no text", part.name)))?;
                Ok((part.name, content.to_owned()))
            });
            Ok(Input { sent: Value::Null, parts: parts.collect::<Result<_, Refusal>>()? })
        }
    }
}

fn unreadable(error: Unreadable) -> Refusal {
    let cause = match error {
        Unreadable::Type => Cause::MediaType,
        Unreadable::Broken => Cause::Bad,
    };
    Refusal::new(cause, error.to_string())
}

fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    declared.is_some_and(|declared| declared.starts_with("application/json"))
}

fn json(body: &[u8], strict: bool) -> Result<Value, Refusal> {
    let read = match serde_json::from_slice(body) {
        Err(_) if !strict => serde_json::from_slice(&mended(body)),
        read => read,
    };
    match read {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(Refusal::bad("the body must be a JSON object")),
        Err(_) => Err(Refusal::bad("the body is not valid JSON")),
    }
}

/// `body` with what the examples of the vendor's page lack: a comma and the end of an array before the next property, and the braces at
/// the end.
fn mended(body: &[u8]) -> Vec<u8> {
    let mut kept: Vec<u8> = Vec::with_capacity(body.len());
    let mut open: Vec<u8> = Vec::new();
    let (mut in_text, mut escaped) = (false, false);
    for byte in body {
        if in_text {
            (in_text, escaped) = (escaped || *byte != b'"', !escaped && *byte == b'\\');
        } else {
            match byte {
                b'"' => {
                    in_text = true;
                    if kept.trim_ascii_end().ends_with(b"}") {
                        if open.last() == Some(&b']') {
                            kept.extend(open.pop());
                        }
                        kept.push(b',');
                    }
                }
                b'{' => open.push(b'}'),
                b'[' => open.push(b']'),
                b'}' | b']' => _ = open.pop(),
                _ => {}
            }
        }
        kept.push(*byte);
    }
    kept.extend(open.into_iter().rev());
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the vendor's page prints them.
    const CREATE: &[u8] = br#"{ "Company": { "name": "Wallgreens", "partnerNetworks": [{ "id": 1 } "status": 200 } }"#;
    const PARAMETERS: &[u8] =
        br#"{ "Company": { "partnerParameter": [{ "id": "-0", "paramId": { "id": "11518430417328" }, "value": "a\"}b" }] }"#;

    #[test]
    fn the_pages_broken_examples_are_read_by_the_lenient_only() {
        for (body, whole) in [
            (
                CREATE,
                serde_json::json!({"Company": {"name": "Wallgreens", "partnerNetworks": [{"id": 1}], "status": 200}}),
            ),
            (
                PARAMETERS,
                serde_json::json!({"Company": {"partnerParameter":
                    [{"id": "-0", "paramId": {"id": "11518430417328"}, "value": "a\"}b"}]}}),
            ),
        ] {
            assert_eq!(json(body, true).unwrap_err().message, "the body is not valid JSON");
            assert_eq!(json(body, false).unwrap(), whole);
        }
        assert!(json(b"[1]", false).is_err());
        assert!(json(b"{\"a\":", false).is_err());
    }
}
