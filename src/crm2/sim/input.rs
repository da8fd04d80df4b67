//! Reading what a caller sent: parameters with names, from where this call takes them.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, Method, Uri, header};
use serde_json::Value;

use crate::crm2::sim::answer::Refusal;
use crate::crm2::sim::endpoints::{Endpoint, Takes};
use crate::crm2::sim::options::Behaviour;
use crate::crm2::sim::options::behaviour::{DeleteParams, WriteParams};

/// The parameters of one call.
#[derive(Debug, Default)]
pub(super) struct Params(BTreeMap<String, String>);

/// Where a call's parameters stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sources {
    query: bool,
    form: bool,
    json: bool,
}

impl Sources {
    /// Wherever a person puts them.
    pub const ALL: Self = Self { query: true, form: true, json: true };

    pub fn of(behaviour: &Behaviour, endpoint: &Endpoint) -> Self {
        if endpoint.method == Method::GET {
            return Self { query: true, form: behaviour.get_body, json: false };
        }
        if endpoint.method == Method::DELETE {
            let places = behaviour.delete_params;
            return Self { query: places != DeleteParams::Body, form: places != DeleteParams::Query, json: false };
        }
        let any = behaviour.write_params == WriteParams::Any;
        Self { query: any, form: any || endpoint.takes != Takes::Json, json: any || endpoint.takes != Takes::Form }
    }
}

impl Params {
    /// What stands where it counts; the body's come before the query's.
    pub fn read(sources: Sources, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        let mut found = BTreeMap::new();
        if sources.query {
            found.extend(pairs(uri.query().unwrap_or_default())?);
        }
        let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if sources.form && declared.starts_with("application/x-www-form-urlencoded") {
            let text = std::str::from_utf8(body).map_err(|_| unreadable())?;
            found.extend(pairs(text)?);
        }
        if sources.json && declared.starts_with("application/json") {
            found.extend(properties(body)?);
        }
        Ok(Self(found))
    }

    /// A parameter, which may be blank.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A parameter that must be there, and not blank.
    pub fn required(&self, name: &str) -> Result<&str, Refusal> {
        let value = self.text(name).filter(|value| !value.trim().is_empty());
        value.ok_or_else(|| Refusal::bad(format!("{name} is required")))
    }

    /// The parameters whose names begin so, without that beginning.
    pub fn starting(&self, prefix: &str) -> BTreeMap<String, String> {
        let found = self.0.iter().filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)));
        found.map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }
}

fn unreadable() -> Refusal {
    Refusal::bad("the parameters cannot be read")
}

/// Names and values of a form or a query. Servers are not strict about signs that ought to be escaped.
fn pairs(encoded: &str) -> Result<Vec<(String, String)>, Refusal> {
    let pairs =
        encoded.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| Ok((decode(name)?, decode(value)?))).collect()
}

fn decode(encoded: &str) -> Result<String, Refusal> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let value = digit().zip(digit()).map(|(high, low)| high * 16 + low);
                value.and_then(|value| u8::try_from(value).ok()).ok_or_else(unreadable)?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| unreadable())
}

fn properties(body: &[u8]) -> Result<Vec<(String, String)>, Refusal> {
    let Ok(Value::Object(properties)) = serde_json::from_slice(body) else {
        return Err(Refusal::bad("the body is not a JSON object"));
    };
    let text = |value| match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    };
    Ok(properties.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";

    fn read(sources: Sources, query: &str, content_type: &str, body: &str) -> BTreeMap<String, String> {
        let uri = format!("/admin/x?{query}").parse().unwrap();
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, content_type.parse().unwrap())]);
        Params::read(sources, &uri, &headers, body.as_bytes()).unwrap().0
    }

    fn told<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    #[test]
    fn parameters_count_only_where_they_are_read() {
        let form_only = Sources { query: false, form: true, json: false };
        assert_eq!(read(form_only, "a=1", FORM, "b=2"), told([("b", "2")]));
        assert_eq!(read(form_only, "a=1", "application/json", r#"{"b": 2}"#), told([]));
        let both = Sources { query: true, form: true, json: false };
        assert_eq!(
            read(both, "a=1&b=1", "application/x-www-form-urlencoded; charset=UTF-8", "b=2"),
            told([("a", "1"), ("b", "2")])
        );
        assert_eq!(
            read(Sources::ALL, "", "application/json", r#"{"a": "1", "b": 2, "c": true, "d": null}"#),
            told([("a", "1"), ("b", "2"), ("c", "true")])
        );
    }

    #[test]
    fn forms_are_decoded_as_servers_do() {
        let form = "mailUser=a%2Bb%40x.com&other=a+b@x.com&mailStoreProtocol=\"imaps\"&name=J%C3%B6&blank=&bare";
        let expected = told([
            ("mailUser", "a+b@x.com"),
            ("other", "a b@x.com"),
            ("mailStoreProtocol", "\"imaps\""),
            ("name", "J\u{f6}"),
            ("blank", ""),
            ("bare", ""),
        ]);
        assert_eq!(read(Sources::ALL, "", FORM, form), expected);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let headers = |kind: &str| HeaderMap::from_iter([(header::CONTENT_TYPE, kind.parse().unwrap())]);
        let refused = |kind: &str, body: &[u8]| {
            Params::read(Sources::ALL, &Uri::from_static("/x"), &headers(kind), body).unwrap_err().message
        };
        for form in [b"\xff".as_slice(), b"a=%4", b"a=%zz", b"a=%ff"] {
            assert_eq!(refused(FORM, form), "the parameters cannot be read");
        }
        assert_eq!(refused("application/json", b"[]"), "the body is not a JSON object");
    }
}
