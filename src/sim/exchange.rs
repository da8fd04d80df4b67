//! One request from arrival to answer: journaled, made to suffer what was ordered, and otherwise given to the vendor's routes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use tokio::sync::oneshot;

use crate::base::clock::precisely_now;
use crate::base::secret::Secret;
use crate::sim::Simulation;
use crate::sim::journal::{Entry, Intent, Outcome};
use crate::sim::line::Line;
use crate::sim::mask::Masker;
use crate::sim::trouble::{Act, Canned};

/// The largest body taken. Vendors take packages of many megabytes.
const BODY_LIMIT: usize = 256 << 20;

/// What a simulator tells about its vendor's requests.
pub trait Vendor: Send + Sync + 'static {
    /// Names what is asked for, and says whether the contract calls it a write. Asked before anything is done; must not change
    /// anything.
    fn operation(&self, asked: &Asked<'_>) -> Operation;

    /// Names of body and query fields whose values are secrets, in any case.
    fn secret_names(&self) -> &'static [&'static str];

    /// Values that are secrets wherever they stand, such as the credentials that this installation accepts.
    fn secrets(&self) -> Vec<Secret>;

    /// A path as the journal may show it: for vendors that have a secret in one.
    fn shown_path(&self, path: &str) -> String {
        path.to_owned()
    }

    /// How long every request takes before it is served.
    fn latency(&self) -> Duration {
        Duration::ZERO
    }
}

/// A request as it arrived.
pub struct Asked<'a> {
    /// The HTTP method.
    pub method: &'a Method,
    /// The path, without the query.
    pub path: &'a str,
    /// The query as sent; blank when there is none.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The whole body.
    pub body: &'a [u8],
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// The contract's name for it; one of a small fixed set.
    pub name: &'static str,
    /// Read or write, as the contract says.
    pub intent: Intent,
}

impl Operation {
    /// An operation that changes nothing.
    pub const fn read(name: &'static str) -> Self {
        Self { name, intent: Intent::Read }
    }

    /// An operation that changes something.
    pub const fn write(name: &'static str) -> Self {
        Self { name, intent: Intent::Write }
    }
}

/// What a vendor's handler may attach to its response (as an extension) for the journal. Without it the HTTP status speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The vendor's own code; 2xx means that it did what was asked.
    pub code: u16,
    /// The vendor's message. Free of secrets.
    pub note: String,
    /// Whether the answer shall be lost, as a switch of the vendor's simulator says.
    pub lose: bool,
}

/// What every exchange of one simulator shares.
#[derive(Clone)]
pub(super) struct Desk {
    vendor: Arc<dyn Vendor>,
    simulation: Simulation,
}

impl Desk {
    pub fn new(vendor: Arc<dyn Vendor>, simulation: Simulation) -> Self {
        Self { vendor, simulation }
    }

    fn begin(&self, asked: &Asked<'_>, operation: Operation) -> u64 {
        let values = self.vendor.secrets();
        let masker = Masker { names: self.vendor.secret_names(), values: &values };
        let content_type = asked.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        self.simulation.journal.begin(Entry {
            seq: 0,
            at: precisely_now(),
            method: asked.method.to_string(),
            path: masker.text(&self.vendor.shown_path(asked.path)),
            query: masker.query(asked.query),
            operation: operation.name,
            intent: operation.intent,
            body: masker.body(asked.body, content_type),
            outcome: Outcome::Underway,
            performed: false,
            status: None,
            code: None,
            note: None,
        })
    }
}

/// The middleware around a vendor's routes.
///
/// The request is served in a task of its own: a real server goes on when its caller hangs up, and so must this one.
pub(super) async fn exchange(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let line = parts.extensions.get::<ConnectInfo<Line>>().map(|ConnectInfo(line)| line.clone()).unwrap_or_default();
    // A caller that breaks off in its own body asked for nothing yet: there is nothing to journal.
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or(""));
    let asked = Asked { method: &parts.method, path, query, headers: &parts.headers, body: &body };
    let operation = desk.vendor.operation(&asked);
    let seq = desk.begin(&asked, operation);

    let (reply, answer) = oneshot::channel();
    let errand = Errand { desk, seq, operation, line: line.clone(), reply };
    tokio::spawn(errand.run(Request::from_parts(parts, Body::from(body)), next));
    answer.await.unwrap_or_else(|_| {
        line.cut();
        Response::default()
    })
}

/// One request on its way through trouble and vendor.
struct Errand {
    desk: Desk,
    seq: u64,
    operation: Operation,
    line: Line,
    reply: oneshot::Sender<Response>,
}

impl Errand {
    async fn run(self, request: Request, next: Next) {
        let sentence = self.desk.simulation.troubles.sentence(self.operation.name, self.operation.intent);
        let delay = self.desk.vendor.latency() + sentence.delay;
        if !delay.is_zero() && !self.wait(delay).await {
            return self.cut();
        }
        match sentence.act {
            Some(Act::CutBefore) => return self.cut(),
            Some(Act::Answer(canned)) => {
                let response = ordered(&canned);
                self.note(|entry| entry.status = Some(response.status().as_u16()));
                return self.send(Outcome::Replaced, response);
            }
            _ => {}
        }
        let response = next.run(request).await;
        let lose = self.record(&response);
        match sentence.act {
            Some(Act::LoseAnswer) => self.cut(),
            Some(Act::Garbage) => self.send(Outcome::Spoilt, garbage()),
            Some(Act::Truncate) => self.truncate(response).await,
            Some(Act::Hold) => self.hold(response).await,
            _ if lose => self.cut(),
            _ => self.send(Outcome::Answered, response),
        }
    }

    /// Notes what the vendor made of the request, and tells whether its answer shall be lost.
    fn record(&self, response: &Response) -> bool {
        let status = response.status();
        let verdict = response.extensions().get::<Verdict>();
        let code = verdict.map_or(status.as_u16(), |verdict| verdict.code);
        self.note(|entry| {
            entry.status = Some(status.as_u16());
            entry.code = Some(code);
            entry.note = verdict.map(|verdict| verdict.note.clone());
            entry.performed = (200..300).contains(&code);
        });
        verdict.is_some_and(|verdict| verdict.lose)
    }

    /// Waits out a delay; false when the server stops meanwhile.
    async fn wait(&self, delay: Duration) -> bool {
        let mut releases = self.desk.simulation.troubles.releases();
        self.note(|entry| entry.outcome = Outcome::Delayed);
        let go_on = tokio::select! {
            () = tokio::time::sleep(delay) => true,
            _ = releases.changed() => true,
            () = self.desk.simulation.stop.cancelled() => false,
        };
        if go_on {
            self.note(|entry| entry.outcome = Outcome::Underway);
        }
        go_on
    }

    async fn hold(mut self, response: Response) {
        let mut releases = self.desk.simulation.troubles.releases();
        self.note(|entry| entry.outcome = Outcome::Held);
        tokio::select! {
            _ = releases.changed() => self.send(Outcome::Answered, response),
            () = self.reply.closed() => self.note(|entry| entry.outcome = Outcome::CallerGone),
            () = self.desk.simulation.stop.cancelled() => self.cut(),
        }
    }

    async fn truncate(self, response: Response) {
        let (parts, body) = response.into_parts();
        // Only our own handlers' bodies come here: they are in memory already.
        let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
        let half = whole.slice(..whole.len() / 2);
        let mut response = Response::from_parts(parts, broken_off(half));
        response.headers_mut().insert(header::CONTENT_LENGTH, whole.len().into());
        self.send(Outcome::Spoilt, response);
    }

    fn cut(self) {
        self.note(|entry| entry.outcome = Outcome::Cut);
        self.line.cut();
        self.reply.send(Response::default()).ok();
    }

    /// The journal knows the outcome before the caller can: who has an answer finds the whole story of it.
    fn send(self, outcome: Outcome, response: Response) {
        self.note(|entry| entry.outcome = outcome);
        let (journal, seq) = (&self.desk.simulation.journal, self.seq);
        if self.reply.send(response).is_err() {
            journal.update(seq, |entry| entry.outcome = Outcome::CallerGone);
        }
    }

    fn note(&self, change: impl FnOnce(&mut Entry)) {
        self.desk.simulation.journal.update(self.seq, change);
    }
}

fn ordered(canned: &Canned) -> Response {
    let status = StatusCode::from_u16(canned.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let reason = status.canonical_reason().unwrap_or("Trouble");
    let (content_type, body) = if canned.html {
        let title = format!("{} {reason}", status.as_u16());
        ("text/html", format!("<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"))
    } else {
        ("application/json", serde_json::json!({ "message": reason }).to_string())
    };
    let mut response = (status, [(header::CONTENT_TYPE, content_type)], body).into_response();
    if let Some(seconds) = canned.retry_after_seconds {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    if let Some(location) = canned.location.as_ref().and_then(|location| location.parse().ok()) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn garbage() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], "{\"status_code\": 200, \"mess").into_response()
}

/// A body that sends `part` and then fails, which makes the server break off the connection.
fn broken_off(part: Bytes) -> Body {
    let start = stream::iter([Ok(part)]);
    let end = stream::once(async {
        // Without a turn in between, the server would drop what it has not flushed yet, and the caller see no answer at all.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    Body::from_stream(start.chain(end))
}
