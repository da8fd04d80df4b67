//! Every answer, in the style that the options say.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use futures::{StreamExt, stream};
use serde_json::{Value, json};

use crate::intrexx::sim::options::Options;
use crate::intrexx::sim::options::answers::{
    Answers, CreatedBody, ErrorStyle, ImportAnswer, ListStyle, LocationStyle, Locations, TokenStyle,
};
use crate::sim::exchange::Verdict;

/// What a call gives back when it did what was asked.
pub(super) enum Done {
    /// A token for what comes next.
    Token(String),
    /// An object that was asked for.
    Object(Value),
    /// A list that was asked for, and the word for what is in it.
    List(&'static str, Vec<Value>),
    /// Something new: where it is, below the base path, when that is told, and what it is.
    Created { at: Option<String>, object: Value },
    /// A portal that is being made, by its id: answered when it is made.
    Building { id: String },
    /// A portal that will be made some time.
    Promised,
    /// Made, and nobody is told.
    Silent,
    /// An object after a change.
    Changed(Value),
    /// What a call with results of its own did.
    Results(Value),
    /// Nothing to tell.
    Nothing,
    /// A search index action that was started.
    Started,
    /// The report of an import.
    Imported { report: Value, made: bool },
    /// A file.
    File { name: String, parts: Vec<Bytes> },
    /// A page for people.
    Page(&'static str),
    /// Another place to look at.
    See(String),
}

/// Why a call was not done. Messages name what is wrong with a value, and never a secret one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub cause: Cause,
    pub message: String,
}

/// The kinds of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// Malformed.
    Bad,
    /// No token, or none that counts; a wrong name or password.
    Denied,
    /// The Administration API has no licence.
    Unlicensed,
    /// Not for this object.
    Forbidden,
    /// No such thing.
    Missing,
    /// Nothing there to delete.
    Gone,
    /// The path exists, with other methods: those of `Allow`.
    Method(&'static str),
    /// A name, login or key that somebody has.
    Taken,
    /// Not now.
    Busy,
    /// Well formed, and not acceptable to the portal.
    Refused,
    /// Too large an upload.
    TooLarge,
    /// Not a media type for this call.
    MediaType,
    /// Too many logins, and the seconds to wait when that is told.
    TooMany(Option<u32>),
    /// What the vendor's containers say.
    Container(u16),
    /// The portal refuses the Administration API.
    Gateway,
    /// The portal does not run.
    Down,
    /// The portal does not answer.
    TooSlow,
}

impl Refusal {
    pub fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self { cause, message: message.into() }
    }

    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(Cause::Bad, message)
    }

    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(Cause::Missing, message)
    }

    pub fn gone(message: impl Into<String>) -> Self {
        Self::new(Cause::Gone, message)
    }

    pub fn taken(message: impl Into<String>) -> Self {
        Self::new(Cause::Taken, message)
    }

    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Cause::Refused, message)
    }
}

impl Cause {
    /// The HTTP status, and the short word for JSON.
    fn status(self, options: &Options) -> (u16, &'static str) {
        let answers = &options.answers;
        match self {
            Self::Bad => (400, "bad_request"),
            Self::Denied => (answers.denied_status, "unauthorized"),
            Self::Unlicensed => (options.server.unlicensed_status, "not_licensed"),
            Self::Forbidden => (403, "forbidden"),
            Self::Missing => (404, "not_found"),
            Self::Gone => (answers.gone_status, "not_found"),
            Self::Method(_) => (405, "method_not_allowed"),
            Self::Taken => (answers.taken_status, "conflict"),
            Self::Busy => (409, "conflict"),
            Self::Refused => (answers.refused_status, "unprocessable"),
            Self::TooLarge => (413, "too_large"),
            Self::MediaType => (415, "unsupported_media_type"),
            Self::TooMany(_) => (429, "too_many_requests"),
            Self::Container(status) => (status, "unsupported"),
            Self::Gateway => (502, "bad_gateway"),
            Self::Down => (503, "unavailable"),
            Self::TooSlow => (504, "timeout"),
        }
    }
}

/// Where the server is, for absolute addresses and for the base path.
pub(super) struct Place<'a> {
    /// Scheme, host and port.
    pub origin: &'a str,
    /// The path below which this call came in.
    pub base: &'a str,
}

/// The response to one call. What gives back a portal that is being made is not for here.
pub(super) fn respond(options: &Options, place: &Place<'_>, result: Result<Done, Refusal>) -> Response {
    let answers = &options.answers;
    match result {
        Err(refusal) => refuse(options, &refusal),
        Ok(Done::Token(token)) => hand_out(answers, &token),
        Ok(Done::Object(value) | Done::Results(value)) => object(answers, 200, value),
        Ok(Done::List(name, items)) => list(answers, name, items),
        Ok(Done::Created { at, object }) => created(answers, place, at.as_deref(), object),
        Ok(Done::Changed(_)) if answers.write_status == 204 => empty(204),
        Ok(Done::Changed(value)) => object(answers, answers.write_status, value),
        Ok(Done::Nothing) => empty(204),
        Ok(Done::Promised) => empty(202),
        Ok(Done::Started) => empty(answers.index_status),
        Ok(Done::Imported { report, made }) => match answers.import_answer {
            ImportAnswer::Created if made => object(answers, answers.created_status, report),
            ImportAnswer::Created | ImportAnswer::Ok => object(answers, 200, report),
            ImportAnswer::Accepted => empty(202),
        },
        Ok(Done::Silent | Done::Building { .. }) => {
            let verdict = Verdict { code: 201, note: "made, and the answer is lost".to_owned(), lose: true };
            let mut response = empty(201);
            response.extensions_mut().insert(verdict);
            response
        }
        Ok(Done::File { name, parts }) => file(&name, parts),
        Ok(Done::Page(text)) => Html(text).into_response(),
        Ok(Done::See(path)) => moved(StatusCode::FOUND, &format!("{}{path}", place.base)),
    }
}

/// The answer that sends a caller elsewhere.
pub(super) fn moved(status: StatusCode, location: &str) -> Response {
    let mut response = status.into_response();
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn empty(status: u16) -> Response {
    code(status).into_response()
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn json_body(status: u16, value: &Value) -> Response {
    (code(status), [(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

fn object(answers: &Answers, status: u16, mut value: Value) -> Response {
    add_extras(answers, &mut value);
    json_body(status, &value)
}

fn add_extras(answers: &Answers, value: &mut Value) {
    if answers.extra_fields
        && let Value::Object(fields) = value
    {
        fields.insert("revision".to_owned(), json!(42));
        fields.insert("x_internal".to_owned(), json!({"node": "a", "tags": ["new", null]}));
    }
}

fn list(answers: &Answers, name: &str, mut items: Vec<Value>) -> Response {
    for item in &mut items {
        add_extras(answers, item);
    }
    match answers.list_style {
        ListStyle::Array => json_body(200, &Value::Array(items)),
        ListStyle::Wrapped => object(answers, 200, json!({ name: items })),
    }
}

fn created(answers: &Answers, place: &Place<'_>, at: Option<&str>, value: Value) -> Response {
    let mut response = match answers.created_body {
        CreatedBody::Full => object(answers, answers.created_status, value),
        CreatedBody::Empty => empty(answers.created_status),
    };
    // Nothing else tells the ids of these, so they always have it.
    let only_there = |at: &str| at.contains("/users/") || at.contains("/groups/");
    if let Some(at) = at.filter(|at| answers.locations == Locations::All || only_there(at)) {
        let location = match answers.location_style {
            LocationStyle::Relative => at.to_owned(),
            LocationStyle::Rooted => format!("{}/{at}", place.base),
            LocationStyle::Absolute => format!("{}{}/{at}", place.origin, place.base),
        };
        if let Ok(location) = HeaderValue::from_str(&location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
    }
    response
}

fn hand_out(answers: &Answers, token: &str) -> Response {
    let text = |body: String| ([(header::CONTENT_TYPE, "text/plain")], body).into_response();
    match answers.token_style {
        TokenStyle::Raw => text(token.to_owned()),
        TokenStyle::Padded => text(format!(" {token}\r\n")),
        TokenStyle::Quoted => json_body(200, &json!(token)),
        TokenStyle::Token => object(answers, 200, json!({"token": token, "type": "Bearer"})),
        TokenStyle::AccessToken => object(answers, 200, json!({"access_token": token, "token_type": "Bearer"})),
    }
}

fn file(name: &str, parts: Vec<Bytes>) -> Response {
    let length: usize = parts.iter().map(Bytes::len).sum();
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CONTENT_LENGTH, length.to_string()),
    ];
    (headers, Body::from_stream(stream::iter(parts).map(Ok::<_, std::io::Error>))).into_response()
}

fn refuse(options: &Options, refusal: &Refusal) -> Response {
    let (status, word) = refusal.cause.status(options);
    let mut response = if (200..300).contains(&status) {
        empty(status)
    } else {
        let json = |value: &Value| json_body(status, value);
        let message = &refusal.message;
        match options.answers.error_style {
            ErrorStyle::Message => json(&json!({"status": status, "error": word, "message": message, "details": []})),
            ErrorStyle::Error => json(&json!({ "error": message })),
            ErrorStyle::Detail => json(&json!({"title": word, "detail": message})),
            ErrorStyle::Text => (code(status), format!("{message}\n")).into_response(),
            ErrorStyle::Html => {
                (code(status), Html(format!("<html><body><h1>{word}</h1></body></html>\n"))).into_response()
            }
            ErrorStyle::Empty => empty(status),
        }
    };
    match refusal.cause {
        Cause::Method(allowed) => _ = response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed)),
        Cause::TooMany(Some(seconds)) => _ = response.headers_mut().insert(header::RETRY_AFTER, seconds.into()),
        _ => {}
    }
    let verdict = Verdict { code: status, note: refusal.message.clone(), lose: false };
    response.extensions_mut().insert(verdict);
    response
}
