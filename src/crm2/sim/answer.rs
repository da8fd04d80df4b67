//! Every answer, in the style that the options say.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::{Value, json};

use crate::crm2::sim::options::Answers;
use crate::crm2::sim::options::answers::{
    ContactById, ContactWrap, EmptyGet, EmptyList, Envelope, ErrorShape, NoContact, ResetTokenShape, WriteAnswer,
};
use crate::sim::exchange::Verdict;

/// What a call gives back when it did what was asked.
pub(super) enum Done {
    /// A token for a while.
    TemporaryToken(String),
    /// Whether a token is good.
    Checked(bool),
    /// A new permanent token.
    NewToken(String),
    /// A contact that was written by a call of its own.
    Contact(Value),
    /// Contacts that were looked for.
    Contacts { found: Vec<Value>, by_id: bool },
    /// Contacts that have logins, or the logins of one.
    Users(Vec<Value>),
    /// Settings that were asked for, if there are any.
    Settings(Option<Value>),
    /// A list that was asked for.
    List(Vec<Value>),
    /// What `/admin/` wrote.
    Written(Value),
    /// The contact that `/admin/` wrote.
    WrittenContact(Value),
    /// Nothing is left to tell.
    Removed,
}

/// Why a call was not done. Messages name what is wrong with a value, and never a secret one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub cause: Cause,
    pub message: String,
}

/// The kinds of refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    /// A parameter is missing or wrong.
    Bad,
    /// No token, or none that counts.
    Denied,
    /// Not for this user, or not in this domain.
    Forbidden,
    /// No such thing.
    Missing,
    /// There is such a thing already.
    Taken,
    /// No such path: the web server answers.
    NoPath,
    /// The path exists, with other methods: those of `Allow`.
    Method(String),
}

impl Refusal {
    pub fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self { cause, message: message.into() }
    }

    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(Cause::Bad, message)
    }

    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(Cause::Denied, message)
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Cause::Forbidden, message)
    }

    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(Cause::Missing, message)
    }

    pub fn taken(message: impl Into<String>) -> Self {
        Self::new(Cause::Taken, message)
    }
}

impl Cause {
    fn status(&self, answers: &Answers) -> u16 {
        match self {
            Self::Bad => answers.invalid_status,
            Self::Denied => answers.denied_status,
            Self::Forbidden => answers.forbidden_status,
            Self::Missing => answers.missing_status,
            Self::Taken => answers.duplicate_status,
            Self::NoPath => 404,
            Self::Method(_) => 405,
        }
    }

    /// Whether it is about what was sent, and not about who sent it.
    fn is_about_the_request(&self) -> bool {
        matches!(self, Self::Bad | Self::Missing | Self::Taken)
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Bad => "invalid",
            Self::Denied => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::Missing | Self::NoPath => "notFound",
            Self::Taken => "duplicate",
            Self::Method(_) => "methodNotAllowed",
        }
    }
}

/// The response to one call.
pub(super) fn respond(answers: &Answers, result: Result<Done, Refusal>) -> Response {
    match result.and_then(|done| body(answers, done)) {
        Ok(Some(value)) => json_body(200, &value),
        Ok(None) => StatusCode::OK.into_response(),
        Err(refusal) => refuse(answers, &refusal),
    }
}

/// The body of a call that did what was asked; none for an empty one.
fn body(answers: &Answers, done: Done) -> Result<Option<Value>, Refusal> {
    let extra = |value| with_extras(answers, value);
    let extras = |values: Vec<Value>| Value::Array(values.into_iter().map(extra).collect());
    let admin = |value| Ok(Some(enveloped(answers.admin_envelope, value)));
    match done {
        Done::TemporaryToken(token) => {
            Ok(Some(enveloped(answers.oauth_envelope, extra(json!({ "authToken": token })))))
        }
        Done::Checked(good) => Ok(Some(enveloped(answers.oauth_envelope, extra(json!({ "authenticated": good }))))),
        Done::NewToken(token) => Ok(Some(match answers.reset_token_shape {
            ResetTokenShape::Object => enveloped(Envelope::Wrapped, json!({ "authToken": token })),
            ResetTokenShape::String => enveloped(Envelope::Wrapped, json!(token)),
            ResetTokenShape::Bare => json!({ "authToken": token }),
        })),
        Done::Contact(contact) => Ok(Some(enveloped(answers.contact_envelope, one(answers, extra(contact))))),
        Done::Contacts { found, .. } if found.is_empty() && answers.no_contact == NoContact::NotFound => {
            Err(Refusal::missing("there is no such contact"))
        }
        Done::Contacts { mut found, by_id } => {
            let single = by_id && answers.contact_by_id == ContactById::Object;
            let value = match found.pop_if(|_| single) {
                Some(contact) => one(answers, extra(contact)),
                None => extras(found),
            };
            Ok(Some(enveloped(answers.contact_envelope, value)))
        }
        Done::Users(users) => Ok(Some(enveloped(answers.users_envelope, extras(users)))),
        Done::Settings(Some(settings)) => admin(extra(settings)),
        Done::Settings(None) => match answers.empty_get {
            EmptyGet::Null => admin(Value::Null),
            EmptyGet::Empty => admin(json!({})),
            EmptyGet::Blank => Ok(None),
            EmptyGet::NotFound => Err(Refusal::missing("nothing is set")),
        },
        Done::List(items) if items.is_empty() => Ok(match (answers.empty_list, answers.admin_envelope) {
            (EmptyList::Array, envelope) => Some(enveloped(envelope, json!([]))),
            (EmptyList::Null, envelope) => Some(enveloped(envelope, Value::Null)),
            (EmptyList::Absent, Envelope::Wrapped) => Some(json!({"result": {}})),
            (EmptyList::Absent, Envelope::Bare) => None,
        }),
        Done::List(items) => admin(extras(items)),
        Done::Written(value) => Ok(written(answers, || extra(value))),
        Done::WrittenContact(contact) => Ok(written(answers, || one(answers, extra(contact)))),
        Done::Removed => Ok(written(answers, || Value::Null)),
    }
}

fn written(answers: &Answers, value: impl FnOnce() -> Value) -> Option<Value> {
    match answers.write_answer {
        WriteAnswer::Value => Some(enveloped(answers.admin_envelope, value())),
        WriteAnswer::Null => Some(enveloped(answers.admin_envelope, Value::Null)),
        WriteAnswer::Empty => None,
    }
}

fn enveloped(envelope: Envelope, value: Value) -> Value {
    match envelope {
        Envelope::Wrapped => json!({"result": {"resultValue": value}}),
        Envelope::Bare => value,
    }
}

/// A single contact.
fn one(answers: &Answers, contact: Value) -> Value {
    match answers.contact_wrap {
        ContactWrap::Flat => contact,
        ContactWrap::Nested => json!({ "contact": contact }),
    }
}

fn with_extras(answers: &Answers, mut value: Value) -> Value {
    if answers.extra_fields
        && let Value::Object(fields) = &mut value
    {
        fields.insert("revision".to_owned(), json!(42));
        // Two hours ahead of UTC, and without saying so.
        fields.insert("lastUpdated".to_owned(), json!("2012-11-19 20:13:29.501"));
        fields.insert("x_internal".to_owned(), json!({"node": "a", "tags": ["new", null]}));
    }
    value
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn json_body(status: u16, value: &Value) -> Response {
    (code(status), [(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

fn refuse(answers: &Answers, refusal: &Refusal) -> Response {
    let Refusal { cause, message } = refusal;
    let status = cause.status(answers);
    let told = match answers.error_shape {
        ErrorShape::Error => Some(json!({ "error": message })),
        ErrorShape::Errors => Some(json!({"errors": [message], "message": message})),
        ErrorShape::ErrorObjects => {
            Some(json!({"errors": [{"code": cause.word(), "message": message}], "message": message}))
        }
        ErrorShape::ErrorMap => Some(json!({"errors": { cause.word(): [message] }, "message": message})),
        ErrorShape::Empty | ErrorShape::Html => None,
    };
    let mut response = match told {
        _ if matches!(cause, Cause::NoPath | Cause::Method(_)) => page(status, message),
        Some(value) if answers.failures_with_200 && cause.is_about_the_request() => json_body(200, &value),
        Some(value) => json_body(status, &value),
        None if answers.error_shape == ErrorShape::Html => page(status, cause.word()),
        None => code(status).into_response(),
    };
    if let Cause::Method(allowed) = cause
        && let Ok(allowed) = HeaderValue::from_str(allowed)
    {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    // Whatever status went out, the journal knows that it was not done.
    let verdict = Verdict { code: status, note: message.clone(), lose: false };
    response.extensions_mut().insert(verdict);
    response
}

fn page(status: u16, text: &str) -> Response {
    (code(status), Html(format!("<html><body><h1>{text}</h1></body></html>\n"))).into_response()
}
