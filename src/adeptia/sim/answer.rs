//! Every answer, in the style that the options say.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::{Value, json};

use crate::adeptia::sim::options::Options;
use crate::adeptia::sim::options::answers::{Answers, DeedAnswer, ErrorHttp, ErrorShape, ListWrap};
use crate::adeptia::sim::options::server::Denied;
use crate::sim::exchange::Verdict;

/// What a call gives back when it did what was asked.
pub(super) enum Done {
    /// An answer as it is.
    Plain(Value),
    /// A word.
    Word(String),
    /// An object in the wrapper of its class.
    Entity(&'static str, Value),
    /// The same, of something new.
    Created(&'static str, Value),
    /// A list of objects of one class.
    List(&'static str, Vec<Value>),
    /// Something whose answer is not documented.
    Deed,
    /// A page for people.
    Page(&'static str),
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
    /// Malformed, or not acceptable.
    Bad,
    /// A wrong name or password.
    Stranger,
    /// No token, or none that counts.
    Denied,
    /// Not for this object, or not in this edition.
    Forbidden,
    /// No such thing.
    Missing,
    /// The path exists, with other methods: those of `Allow`.
    Method(&'static str),
    /// A name or an address that somebody has.
    Taken,
    /// Not as things are.
    Conflict,
    /// Not a media type for this call.
    MediaType,
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

    pub fn taken(message: impl Into<String>) -> Self {
        Self::new(Cause::Taken, message)
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(Cause::Conflict, message)
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Cause::Forbidden, message)
    }
}

impl Cause {
    /// The HTTP status, and the short word for JSON.
    fn status(self, options: &Options) -> (u16, &'static str) {
        match self {
            Self::Bad => (400, "BAD_REQUEST"),
            Self::Stranger => (options.server.wrong_password_status, "LOGIN_FAILED"),
            Self::Denied => (401, "UNAUTHORIZED"),
            Self::Forbidden => (403, "FORBIDDEN"),
            Self::Missing => (404, "NOT_FOUND"),
            Self::Method(_) => (405, "METHOD_NOT_ALLOWED"),
            Self::Taken => (options.answers.taken_status, "ALREADY_EXISTS"),
            Self::Conflict => (409, "CONFLICT"),
            Self::MediaType => (415, "UNSUPPORTED_MEDIA_TYPE"),
        }
    }
}

/// The login form, as a browser would see it.
pub(super) const LOGIN_FORM: &str = "<!DOCTYPE html>\n<html><head><title>Adeptia Connect</title></head><body>\
     <form method=\"post\" action=\"/login\"><input name=\"username\"><input name=\"password\" type=\"password\"></form></body></html>\n";

/// Where the login form is.
pub(super) const LOGIN_PATH: &str = "/login";

/// The response to one call.
pub(super) fn respond(options: &Options, result: Result<Done, Refusal>) -> Response {
    let answers = &options.answers;
    match result {
        Err(refusal) => refuse(options, &refusal),
        Ok(Done::Plain(value)) => json_body(200, &extended(answers, value)),
        Ok(Done::Word(word)) => word.into_response(),
        Ok(Done::Entity(class, value)) => json_body(200, &wrapped(answers, class, value)),
        Ok(Done::Created(class, value)) => json_body(answers.created_status, &wrapped(answers, class, value)),
        Ok(Done::List(class, items)) => list(answers, class, items),
        Ok(Done::Deed) => deed(answers.deed_answer),
        Ok(Done::Page(text)) => Html(text).into_response(),
    }
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn json_body(status: u16, value: &Value) -> Response {
    (code(status), [(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

fn wrapped(answers: &Answers, class: &str, value: Value) -> Value {
    json!({ class: extended(answers, value) })
}

fn extended(answers: &Answers, mut value: Value) -> Value {
    if answers.extra_fields
        && let Value::Object(fields) = &mut value
    {
        fields.insert("entityVersion".to_owned(), json!(42));
        fields.insert("createdBy".to_owned(), json!({"id": "127000000001", "tags": [null]}));
    }
    value
}

fn list(answers: &Answers, class: &str, items: Vec<Value>) -> Response {
    let items: Vec<Value> = items.into_iter().map(|item| extended(answers, item)).collect();
    match answers.list_wrap {
        ListWrap::Wrapped => json_body(200, &json!({ class: items })),
        ListWrap::Bare => json_body(200, &Value::Array(items)),
    }
}

fn deed(answer: DeedAnswer) -> Response {
    match answer {
        DeedAnswer::Empty => StatusCode::OK.into_response(),
        DeedAnswer::Object => json_body(200, &json!({})),
        DeedAnswer::Status => json_body(200, &json!({"status": "success"})),
        DeedAnswer::Text => "success".into_response(),
        DeedAnswer::NoContent => StatusCode::NO_CONTENT.into_response(),
    }
}

fn refuse(options: &Options, refusal: &Refusal) -> Response {
    let (status, word) = refusal.cause.status(options);
    let mut response = match (refusal.cause, options.server.denied) {
        (Cause::Denied, Denied::LoginPage) => Html(LOGIN_FORM).into_response(),
        (Cause::Denied, Denied::Redirect) => {
            (StatusCode::FOUND, [(header::LOCATION, LOGIN_PATH)], Html(LOGIN_FORM)).into_response()
        }
        (Cause::Denied | Cause::Stranger, _) => failure(&options.answers, status, word, &refusal.message),
        _ => {
            let status = match options.answers.error_http {
                ErrorHttp::Mirror => status,
                ErrorHttp::Ok => 200,
                ErrorHttp::ServerError => 500,
            };
            failure(&options.answers, status, word, &refusal.message)
        }
    };
    if let Cause::Method(allowed) = refusal.cause {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    }
    response.extensions_mut().insert(Verdict { code: status, note: refusal.message.clone(), lose: false });
    response
}

fn failure(answers: &Answers, status: u16, word: &str, message: &str) -> Response {
    let json = |value: &Value| json_body(status, value);
    match answers.error_shape {
        ErrorShape::Object => json(&json!({"error": {"code": word, "message": message}})),
        ErrorShape::Errors => json(&json!({"errors": [{"code": word, "message": message}]})),
        ErrorShape::Exception => json(&json!({ "exception": message })),
        ErrorShape::Message => json(&json!({ "message": message })),
        ErrorShape::Text => (code(status), format!("{message}\n")).into_response(),
        ErrorShape::Html => {
            let page = format!("<html><head><title>Error</title></head><body><h1>{word}</h1></body></html>\n");
            (code(status), Html(page)).into_response()
        }
    }
}
