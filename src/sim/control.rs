//! The `/_sim/` calls that every simulator has, for people with curl and for tests in other processes. No credentials: the server
//! listens on loopback only.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Serialize;
use serde_json::{Value, json};

use crate::sim::journal::{Entry, Intent, Journal};
use crate::sim::trouble::{Act, Canned, Order, Target, Troubles};

const HELP: &str = "\
Calls to watch and disturb this simulator. Parameters go into the query or into a JSON object, as you like.

GET    /_sim/                 this text
GET    /_sim/journal          every request, in order    [since=SEQ] [operation=NAME] [intent=read|write]
GET    /_sim/trouble          the orders that wait
POST   /_sim/trouble          order some                 do=cutBefore|loseAnswer|hold|garbage|truncate
                                                         do=answer&status=503 [retryAfterSeconds=N] [html=true]
                                                                              [location=URL]
                                                         do=delay&millis=N
                              for the next request, or   [operation=NAME|any|reads|writes] [times=N|all] [skip=N]
DELETE /_sim/trouble          forget the orders
POST   /_sim/trouble/release  let out what is held, end delays
";

/// Why a `/_sim/` call was not done: the status and one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint(pub StatusCode, pub String);

impl Complaint {
    /// The call itself is wrong.
    pub fn bad(sentence: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, sentence.into())
    }

    /// What it names does not exist.
    pub fn missing(sentence: impl Into<String>) -> Self {
        Self(StatusCode::NOT_FOUND, sentence.into())
    }
}

impl IntoResponse for Complaint {
    fn into_response(self) -> Response {
        (self.0, format!("{}\n", self.1)).into_response()
    }
}

/// `value` as JSON that people can read.
pub fn pretty(value: &impl Serialize) -> Response {
    match serde_json::to_string_pretty(value) {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text + "\n").into_response(),
        Err(error) => Complaint(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// The parameters of a `/_sim/` call, from its query and from its body when that is a JSON object.
///
/// Take out what the call knows and then [`Params::finish`], so that a misspelt name is refused rather than ignored.
#[derive(Debug, Default)]
pub struct Params(BTreeMap<String, String>);

impl Params {
    /// Takes out a text.
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// Takes out a text that must be there.
    ///
    /// # Errors
    /// When it is not.
    pub fn required(&mut self, name: &str) -> Result<String, Complaint> {
        self.text(name).ok_or_else(|| Complaint::bad(format!("the parameter {name} is missing")))
    }

    /// Takes out a value that has a text form, such as a number.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn parsed<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<Option<T>, Complaint> {
        let read = |text: String| text.parse().map_err(|error| Complaint::bad(format!("{name}: {error}")));
        self.text(name).map(read).transpose()
    }

    /// Takes out a yes or no, written `true`, `false`, `1` or `0`.
    ///
    /// # Errors
    /// When it is there and is none of these.
    pub fn flag(&mut self, name: &str) -> Result<Option<bool>, Complaint> {
        match self.text(name).as_deref() {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(Complaint::bad(format!("{name} is true or false"))),
        }
    }

    /// # Errors
    /// When a parameter is left that nobody took.
    pub fn finish(self) -> Result<(), Complaint> {
        match self.0.into_keys().next() {
            None => Ok(()),
            Some(name) => Err(Complaint::bad(format!("this call knows no parameter {name}"))),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = Complaint;

    async fn from_request(request: Request, state: &S) -> Result<Self, Complaint> {
        let Query(mut params) = Query::<BTreeMap<String, String>>::try_from_uri(request.uri())
            .map_err(|error| Complaint::bad(error.body_text()))?;
        let body = Bytes::from_request(request, state).await.map_err(|error| Complaint::bad(error.body_text()))?;
        if !body.trim_ascii().is_empty() {
            let Ok(Value::Object(fields)) = serde_json::from_slice(&body) else {
                return Err(Complaint::bad("the body must be a JSON object; or put the parameters into the query"));
            };
            for (name, value) in fields {
                match value {
                    Value::Null => {}
                    Value::String(text) => _ = params.insert(name, text),
                    Value::Bool(_) | Value::Number(_) => _ = params.insert(name, value.to_string()),
                    _ => return Err(Complaint::bad(format!("{name} must be a text, a number or a yes or no"))),
                }
            }
        }
        Ok(Self(params))
    }
}

/// The generic calls. `help` is added to what `GET /_sim/` says.
pub(super) fn router(journal: Journal, troubles: Troubles, help: &str) -> Router {
    let help = format!("{HELP}\n{help}");
    let say = get(move || async move { help });
    let trouble = get(waiting).post(place).delete(clear);
    Router::new()
        .route("/_sim", say.clone())
        .route("/_sim/", say)
        .route("/_sim/journal", get(show_journal).with_state(journal))
        .route("/_sim/trouble", trouble.with_state(troubles.clone()))
        .route("/_sim/trouble/release", post(release).with_state(troubles))
}

async fn show_journal(State(journal): State<Journal>, mut params: Params) -> Result<Response, Complaint> {
    let since = params.parsed("since")?.unwrap_or(0);
    let operation = params.text("operation");
    let intent = match params.text("intent").as_deref() {
        None => None,
        Some("read") => Some(Intent::Read),
        Some("write") => Some(Intent::Write),
        Some(_) => return Err(Complaint::bad("intent is read or write")),
    };
    params.finish()?;
    let entries = journal.select(|entry| {
        entry.seq > since
            && operation.as_ref().is_none_or(|name| name == entry.operation)
            && intent.is_none_or(|intent| intent == entry.intent)
    });
    Ok(pretty(&Shown { counts: journal.counts(), entries }))
}

/// The journal as people read it: a type, because an ad-hoc object would sort each entry's fields by name.
#[derive(Serialize)]
struct Shown {
    counts: BTreeMap<&'static str, u64>,
    entries: Vec<Entry>,
}

async fn waiting(State(troubles): State<Troubles>) -> Response {
    pretty(&troubles.waiting())
}

async fn place(State(troubles): State<Troubles>, params: Params) -> Result<Response, Complaint> {
    troubles.place(order(params)?);
    Ok(pretty(&troubles.waiting()))
}

async fn clear(State(troubles): State<Troubles>) -> Response {
    troubles.clear();
    pretty(&troubles.waiting())
}

async fn release(State(troubles): State<Troubles>) -> Response {
    troubles.release();
    pretty(&json!({ "released": true }))
}

fn order(mut params: Params) -> Result<Order, Complaint> {
    let act = match params.required("do")?.as_str() {
        "cutBefore" => Act::CutBefore,
        "loseAnswer" => Act::LoseAnswer,
        "hold" => Act::Hold,
        "garbage" => Act::Garbage,
        "truncate" => Act::Truncate,
        "delay" => Act::Delay { millis: params.parsed("millis")?.ok_or_else(|| Complaint::bad("delay needs millis"))? },
        "answer" => Act::Answer(Canned {
            status: status(&mut params)?,
            retry_after_seconds: params.parsed("retryAfterSeconds")?,
            location: params.text("location"),
            html: params.flag("html")?.unwrap_or(false),
        }),
        other => return Err(Complaint::bad(format!("no such trouble: {other}; GET /_sim/ lists them"))),
    };
    let target = params.text("operation").map_or(Target::Any, |text| Target::parse(&text));
    let skip = params.parsed("skip")?.unwrap_or(0);
    let times = match params.text("times").as_deref() {
        None => Some(1),
        Some("all") => None,
        Some(text) => Some(text.parse().map_err(|_| Complaint::bad("times is a number, or all"))?),
    };
    params.finish()?;
    Ok(Order { target, skip, times, act })
}

fn status(params: &mut Params) -> Result<u16, Complaint> {
    let status = params.parsed("status")?.ok_or_else(|| Complaint::bad("answer needs a status"))?;
    // A 1xx status is no answer: the caller would go on waiting for one.
    if (200..1000).contains(&status) { Ok(status) } else { Err(Complaint::bad("status is a number from 200 to 999")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params<const N: usize>(pairs: [(&str, &str); N]) -> Params {
        Params(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    #[test]
    fn orders_are_read_whole() {
        let read =
            order(params([("do", "answer"), ("status", "429"), ("retryAfterSeconds", "3"), ("html", "1")])).unwrap();
        let canned = Canned { status: 429, retry_after_seconds: Some(3), location: None, html: true };
        assert_eq!(read, Order::next(Target::Any, Act::Answer(canned)));

        let read = order(params([("do", "hold"), ("operation", "writes"), ("times", "all"), ("skip", "2")])).unwrap();
        assert_eq!(read, Order::every(Target::Writes, Act::Hold).after(2));

        let read = order(params([("do", "delay"), ("millis", "7"), ("operation", "list"), ("times", "4")])).unwrap();
        assert_eq!(read, Order::next_of("list", Act::Delay { millis: 7 }).times(4));
    }

    #[test]
    fn wrong_orders_are_refused_with_a_reason() {
        let refused = |params| order(params).unwrap_err().1;
        assert_eq!(refused(params([])), "the parameter do is missing");
        assert_eq!(refused(params([("do", "delay")])), "delay needs millis");
        assert_eq!(refused(params([("do", "answer"), ("status", "100")])), "status is a number from 200 to 999");
        assert_eq!(refused(params([("do", "hold"), ("time", "2")])), "this call knows no parameter time");
        assert_eq!(refused(params([("do", "hold"), ("times", "two")])), "times is a number, or all");
        assert!(refused(params([("do", "explode")])).starts_with("no such trouble: explode"));
    }
}
