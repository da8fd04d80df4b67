//! The envelope of every answer: `status_code` and `message`, with the payload beside them, in the style that the options say.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::myintranetapps::sim::options::{
    ConflictBody, ContentType, CountStyle, EmptyList, ErrorStateStyle, ErrorTransport, FlagStyle, NeverStyle, NoDomain,
    NumberStyle, Options, PackageStyle,
};
use crate::sim::exchange::Verdict;

/// What an action gives back when it did what was asked.
pub(super) struct Done {
    pub message: &'static str,
    pub payload: Map<String, Value>,
    pub lose: bool,
}

impl Done {
    pub fn new(message: &'static str, payload: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        let payload = payload.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Self { message, payload, lose: false }
    }
}

/// Why an action was not done: the code and the description. Descriptions name properties, never their values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub code: u16,
    pub message: String,
}

impl Refusal {
    pub fn new(code: u16, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }
}

/// The response to one call.
pub(super) fn respond(options: &Options, result: Result<Done, Refusal>) -> Response {
    let (code, message, payload, lose) = match result {
        Ok(done) => (200, done.message.to_owned(), done.payload, done.lose),
        Err(refusal) => (refusal.code, refusal.message, Map::new(), false),
    };
    let blank = code == 409 && options.conflict_body == ConflictBody::Blank;
    let status = if options.error_transport == ErrorTransport::Mirror || blank { code } else { 200 };
    let body = if blank { String::new() } else { envelope(options, code, &message, payload) };
    let content_type = match options.content_type {
        ContentType::Json => "application/json",
        ContentType::Html => "text/html; charset=UTF-8",
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, [(header::CONTENT_TYPE, content_type)], body).into_response();
    response.extensions_mut().insert(Verdict { code, note: message, lose });
    response
}

fn envelope(options: &Options, code: u16, message: &str, payload: Map<String, Value>) -> String {
    let status_code = match options.status_code_style {
        NumberStyle::Number => json!(code),
        NumberStyle::String => json!(code.to_string()),
    };
    let mut body = Map::from_iter([("status_code".to_owned(), status_code), ("message".to_owned(), json!(message))]);
    body.extend(payload);
    if options.extra_answer_fields {
        body.insert("api_version".to_owned(), json!("2"));
    }
    Value::Object(body).to_string()
}

/// A list under its key; an empty one in the style that the options say, which can be no entry at all.
pub(super) fn list(options: &Options, key: &'static str, items: Vec<Value>) -> Option<(&'static str, Value)> {
    match options.empty_list {
        EmptyList::Object if items.is_empty() => Some((key, json!({}))),
        EmptyList::Missing if items.is_empty() => None,
        _ => Some((key, Value::Array(items))),
    }
}

/// The list's `package_id` of an account that was given this package, or none.
pub(super) fn package(options: &Options, given: Option<&String>) -> Value {
    let package = given.unwrap_or(&options.default_package);
    match options.package_style {
        PackageStyle::Null => json!(given),
        PackageStyle::String => json!(package),
        // One that is no number can only be written as a text.
        PackageStyle::Number => package.parse::<u64>().map_or_else(|_| json!(package), |number| json!(number)),
    }
}

/// The list's `domain` of an account.
pub(super) fn domain(options: &Options, domain: &str) -> Value {
    if domain.is_empty() && options.no_domain == NoDomain::Null { Value::Null } else { json!(domain) }
}

/// A connection's `in_error_state`.
pub(super) fn error_state(options: &Options, in_error: bool) -> Value {
    match (options.error_state_style, options.flag_style) {
        (ErrorStateStyle::Boolean, _) => json!(in_error),
        (ErrorStateStyle::Flag, FlagStyle::String) => json!(if in_error { "1" } else { "0" }),
        (ErrorStateStyle::Flag, FlagStyle::Number) => json!(u8::from(in_error)),
    }
}

/// A connection's `last_sync_error_count`.
pub(super) fn error_count(options: &Options, count: Option<u32>) -> Value {
    match options.count_style {
        CountStyle::String => json!(count.map(|count| count.to_string())),
        CountStyle::Number => json!(count),
        CountStyle::Null => Value::Null,
    }
}

/// A date, in UTC and without saying so.
pub(super) fn date(options: &Options, time: Option<Timestamp>) -> Value {
    match (time, options.never_style) {
        (Some(time), _) => json!(time.strftime("%Y-%m-%d %H:%M:%S").to_string()),
        (None, NeverStyle::Null) => Value::Null,
        (None, NeverStyle::Zeros) => json!("0000-00-00 00:00:00"),
    }
}
