//! Sends one vendor call, once.
//!
//! What it guarantees:
//! - **A write leaves only by leave.** The gate is asked right before each write goes out, after all waiting is over; a refusal is a
//!   fault with [`Delivery::NotSent`].
//! - **It never repeats a call.** Neither it nor the library below tries again; whoever knows whether a call may be repeated does so.
//! - **Credentials go to the configured origin only.** Redirects are followed by hand, to the same scheme, host and port, with method
//!   and body kept, at most three times. A write that is answered with 302 may have been done, and does not follow it; whoever
//!   knows what a vendor means by 302 reads it as an answer ([`Request::reads_redirect`]).
//! - **It ends.** Connecting, waiting for a place, and the call as a whole have deadlines, and an answer has a size limit. Content that is
//!   streamed may take as long as it moves.
//! - **It holds little.** Of content that is streamed, in or out, a few chunks are in memory. What has not left whole was not carried out.
//! - **It tells nobody what was said.** Logs have vendor, operation, status and time; faults quote the vendor with secrets blotted out.
//! - **A vendor that cannot serve is left alone.** The [`Breaker`] of the [`Access`] is asked before each call and told its outcome; while
//!   it is open, calls fail at once and also those stop that still wait for a place.
//!
//! TLS always verifies: against the system's authorities plus the CA bundle of the [`Access`]. A proxy is used for HTTPS when
//! `HTTPS_PROXY` names one (`NO_PROXY` excepts hosts); no other setting of the surroundings counts.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use tokio::io::AsyncWrite;

use crate::base::access::{Access, Gate, Observer};
use crate::base::breaker::Breaker;
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;
use crate::http::answer::{Answer, is_unauthorized};
use crate::http::budget::Budget;
use crate::http::connection::{self, Spilled};
use crate::http::progress::Progress;
use crate::http::redact::Redactor;
use crate::http::request::{Intent, Patience, Request};
use crate::http::setup::SetupError;
use crate::http::trace::Trace;

const MOST_REDIRECTS: usize = 3;

/// How long calls may take, and how much may come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// For name lookup, TCP and TLS together.
    pub connect: Duration,
    /// For a whole call about one object.
    pub call: Duration,
    /// For a whole call with one large answer.
    pub list: Duration,
    /// For a whole call during which the vendor works.
    pub long: Duration,
    /// For content that is streamed to move on, in place of a deadline for the call.
    pub stall: Duration,
    /// For a whole call that streams, however well it goes.
    pub transfer: Duration,
    /// Bytes of an answer's body, unpacked.
    pub answer: usize,
    /// Bytes of a body that goes to a sink, or is fetched.
    pub file: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            call: Duration::from_secs(30),
            list: Duration::from_secs(120),
            long: Duration::from_secs(600),
            stall: Duration::from_secs(60),
            transfer: Duration::from_secs(4 * 3600),
            answer: 64 << 20,
            file: 2 << 30,
        }
    }
}

/// The way to one vendor's API with one set of credentials. Clones share connections, limits and pauses.
#[derive(Clone)]
pub struct Transport(Arc<Inner>);

struct Inner {
    vendor: &'static str,
    base: Url,
    client: Client,
    headers: HeaderMap,
    bounds: Bounds,
    budget: Budget,
    breaker: Arc<Breaker>,
    gate: Arc<dyn Gate>,
    observer: Arc<dyn Observer>,
    redactor: Redactor,
}

impl Transport {
    /// The way to `base`, which [`parse_url`](crate::http::parse_url) has checked.
    ///
    /// `headers` go with every call and are treated as secrets; a [`Request`] can add its own.
    ///
    /// # Errors
    /// When the CA bundle, a header or the proxy is unusable, or TLS cannot be set up.
    pub fn new(
        vendor: &'static str,
        base: Url,
        access: &Access,
        headers: &[(&'static str, Secret)],
        bounds: Bounds,
    ) -> Result<Self, SetupError> {
        let client = connection::client(access, bounds, |builder| builder)?;
        let secrets = access.credentials.values().chain(access.named.values());
        let redactor = Redactor::new(secrets.chain(headers.iter().map(|(_, value)| value)));
        let mut always = HeaderMap::new();
        always.insert(ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in headers {
            let problem = "it holds a character that a header cannot carry";
            add_header(&mut always, name, value).ok_or(SetupError::Credential { key: name, problem })?;
        }
        Ok(Self(Arc::new(Inner {
            vendor,
            base,
            client,
            headers: always,
            bounds,
            budget: Budget::new(&access.limits),
            breaker: access.breaker.clone(),
            gate: access.gate.clone(),
            observer: access.observer.clone(),
            redactor,
        })))
    }

    /// Sends one call and lets `read` make sense of the answer, whatever its status. The outcome of `read` is the outcome of the
    /// call, for the observer too.
    ///
    /// Dropping the future abandons the call, which may have reached the vendor by then; the observer is told so of a write.
    ///
    /// # Errors
    /// Those of `read`, and these of the transport:
    /// [`Class::Refused`] not sent, when the gate says no; [`Class::Throttled`] not sent, when our limits ask for patience; not sent, of
    /// the class that opened it, when the breaker is open; [`Class::Transient`] not sent, when there is no connection;
    /// [`Class::Transient`] with unknown delivery for writes, when the connection breaks or the deadline passes; [`Class::Refused`] for
    /// a redirect elsewhere; [`Class::Untrusted`] for a certificate that is not trusted; [`Class::Broken`] for an answer too large, or
    /// redirects without end.
    pub async fn send<T>(&self, request: Request, read: impl FnOnce(&Answer) -> Result<T, Fault>) -> Result<T, Fault> {
        self.told(&request, None, read).await
    }

    /// Sends one call, and writes the body of an answer that is a success into `sink` as it comes; the answer that `read` sees then has
    /// none. Any other answer is read whole, and leaves the sink alone. After a fault the sink may have a part.
    ///
    /// # Errors
    /// Those of [`Transport::send`], and [`Class::Transient`] when the sink takes no more.
    pub async fn send_into<T>(
        &self,
        request: Request,
        sink: &mut (dyn AsyncWrite + Send + Unpin),
        read: impl FnOnce(&Answer) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.told(&request, Some(sink), read).await
    }

    async fn told<T>(
        &self,
        request: &Request,
        sink: Option<&mut (dyn AsyncWrite + Send + Unpin)>,
        read: impl FnOnce(&Answer) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut trace = Trace::begin(self.0.vendor, self.0.observer.as_ref(), request);
        let outcome = self.0.attempt(request, sink, read, &mut trace).await;
        trace.finish(outcome.as_ref().err());
        outcome
    }
}

impl Inner {
    /// Waits for leave, and makes one call with it.
    async fn attempt<T>(
        &self,
        request: &Request,
        sink: Option<&mut (dyn AsyncWrite + Send + Unpin)>,
        read: impl FnOnce(&Answer) -> Result<T, Fault>,
        trace: &mut Trace<'_>,
    ) -> Result<T, Fault> {
        let reads = request.intent == Intent::Read;
        let place = tokio::select! {
            biased;
            fault = self.refusal(request.operation, reads) => return Err(fault),
            place = self.budget.admit(request.operation) => place?,
        };
        trace.admitted();
        let leave = self.breaker.admit(request.operation, reads)?;
        let outcome = self.call(request, sink, trace).await.and_then(|answer| read(&answer));
        drop(place);
        match &outcome {
            // Whoever sent it logs in anew, and that tells.
            Err(fault) if request.renewable && is_unauthorized(fault) => drop(leave),
            Err(Fault { contained: true, .. }) => drop(leave),
            outcome => leave.settle(outcome.as_ref().map(|_| ())),
        }
        outcome
    }

    /// Waits until the breaker does not let this call out, if it ever comes to that.
    async fn refusal(&self, operation: &'static str, reads: bool) -> Fault {
        loop {
            // Listening before looking, or a turn between the two would be missed.
            let turned = self.breaker.turned();
            tokio::pin!(turned);
            turned.as_mut().enable();
            match self.breaker.refusal(operation, reads) {
                Some(fault) => return fault,
                None => turned.await,
            }
        }
    }

    async fn call(
        &self,
        request: &Request,
        sink: Option<&mut (dyn AsyncWrite + Send + Unpin)>,
        trace: &mut Trace<'_>,
    ) -> Result<Answer, Fault> {
        let redactor = self.redactor.with(request.secrets.iter().chain(request.headers.iter().map(|(_, value)| value)));
        let url = request.url(&self.base)?;
        let headers = self.headers_of(request)?;
        let limit = match request.patience {
            Patience::Call => self.bounds.call,
            Patience::List => self.bounds.list,
            Patience::Long => self.bounds.long,
        };
        let progress = Progress::begin(&self.bounds, limit);
        let exchange = async {
            let response = self.exchange(request, url, headers, &redactor, &progress, trace).await?;
            self.receive(request, response, sink, &redactor, &progress).await
        };
        tokio::select! {
            biased;
            outcome = exchange => outcome,
            reason = progress.too_long() => {
                Err(cut_off(Fault::new(Class::Transient, request.operation, reason), request, &progress))
            }
        }
    }

    fn headers_of(&self, request: &Request) -> Result<HeaderMap, Fault> {
        let mut headers = self.headers.clone();
        for (name, value) in &request.headers {
            add_header(&mut headers, name, value).ok_or_else(|| {
                request.not_sent(Class::Broken, format!("the header {name} holds a character that it cannot carry"))
            })?;
        }
        if let Some(content_type) = &request.body.content_type {
            let value = HeaderValue::from_str(content_type).map_err(|_| {
                request.not_sent(Class::Broken, "the content type holds a character that a header cannot carry")
            })?;
            headers.insert(CONTENT_TYPE, value);
        }
        Ok(headers)
    }

    /// Sends the call, and again wherever the same server says that it should have gone instead, up to the head of the answer.
    async fn exchange(
        &self,
        request: &Request,
        mut url: Url,
        headers: HeaderMap,
        redactor: &Redactor,
        progress: &Progress,
        trace: &mut Trace<'_>,
    ) -> Result<Response, Fault> {
        for _ in 0..=MOST_REDIRECTS {
            let call = self.client.request(request.method.clone(), url.clone()).headers(headers.clone());
            let call = request.body.attach(call, progress).and_then(RequestBuilder::build);
            let call = call.map_err(|_| request.not_sent(Class::Broken, "the request cannot be built"))?;
            if request.intent == Intent::Write {
                let admitted = self.gate.admit_write(request.operation);
                admitted.map_err(|why| request.not_sent(Class::Refused, why))?;
            }
            trace.leaves();
            let response = self.client.execute(call).await;
            let response = response.map_err(|error| self.lost(request, redactor, progress, &error))?;
            progress.answered();
            trace.answered(&response, redactor);
            match redirect_of(request, redactor, &url, &response)? {
                Some(elsewhere) => url = elsewhere,
                None => return Ok(response),
            }
        }
        let detail = format!("more than {MOST_REDIRECTS} redirects");
        Err(Fault::new(Class::Broken, request.operation, detail).with_delivery(request.unanswered()))
    }

    async fn receive(
        &self,
        request: &Request,
        mut response: Response,
        sink: Option<&mut (dyn AsyncWrite + Send + Unpin)>,
        redactor: &Redactor,
        progress: &Progress,
    ) -> Result<Answer, Fault> {
        let mut body = Vec::new();
        let outcome = match sink.filter(|_| response.status().is_success()) {
            Some(sink) => connection::pour(&mut response, sink, self.bounds.file, progress).await,
            None => connection::collect(&mut response, &mut body, self.bounds.answer).await,
        };
        outcome.map_err(|spilled| {
            let fault = match spilled {
                Spilled::Cut(error) => return self.lost(request, redactor, progress, &error),
                Spilled::TooLarge(most) => {
                    let detail = format!("the answer is larger than {most} bytes");
                    Fault::new(Class::Broken, request.operation, detail)
                }
                Spilled::Sink(error) => {
                    let detail = format!("what came cannot be written to where it should go: {error}");
                    Fault::new(Class::Transient, request.operation, detail)
                }
            };
            fault.with_code(response.status().as_u16()).with_delivery(request.unanswered())
        })?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        Ok(Answer {
            operation: request.operation,
            intent: request.intent,
            status,
            headers,
            body,
            redactor: redactor.clone(),
        })
    }

    /// The fault of a call without a complete answer.
    fn lost(&self, request: &Request, redactor: &Redactor, progress: &Progress, error: &reqwest::Error) -> Fault {
        let broken = connection::broken(error, self.base.host_str().unwrap_or_default(), redactor);
        let fault = Fault::new(broken.class, request.operation, broken.detail);
        if broken.never_was {
            return fault.with_delivery(Delivery::NotSent);
        }
        cut_off(fault, request, progress)
    }
}

/// The fault of a call that ended without an answer: nothing was done when its content had not left whole.
fn cut_off(fault: Fault, request: &Request, progress: &Progress) -> Fault {
    if progress.may_have_arrived() {
        return fault.with_delivery(request.unanswered());
    }
    let detail =
        format!("{}; only a part of the content was sent, as when it is more than a server takes", fault.detail);
    Fault { detail, ..fault }.with_delivery(Delivery::NotSent)
}

/// Adds a header whose value stays out of logs; none when the name or the value cannot be a header's.
fn add_header(headers: &mut HeaderMap, name: &str, value: &Secret) -> Option<()> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    let mut value = HeaderValue::from_str(value.expose()).ok()?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Some(())
}

/// Where an answer sends the call: none when it is the answer itself.
fn redirect_of(request: &Request, redactor: &Redactor, from: &Url, response: &Response) -> Result<Option<Url>, Fault> {
    let status = response.status();
    // 303 says "done, and the result is over there": following it would repeat a write, or turn it into a read.
    let moved = [
        StatusCode::MOVED_PERMANENTLY,
        StatusCode::FOUND,
        StatusCode::TEMPORARY_REDIRECT,
        StatusCode::PERMANENT_REDIRECT,
    ];
    if !moved.contains(&status) || (request.reads_redirect && status == StatusCode::FOUND) {
        return Ok(None);
    }
    // Web applications answer a form with 302 once they have acted on it; the others come from in front of the application.
    let delivery = if status == StatusCode::FOUND { request.unanswered() } else { Delivery::Answered };
    let fault = |class, detail: String| {
        Fault::new(class, request.operation, detail).with_code(status.as_u16()).with_delivery(delivery)
    };
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let Some(mut to) = location.and_then(|location| from.join(location).ok()) else {
        return Err(fault(Class::Broken, "a redirect that does not say where to".into()));
    };
    if to.origin() != from.origin() || !matches!(to.scheme(), "http" | "https") {
        let host = redactor.quote(to.host_str().unwrap_or("nowhere"), 100);
        return Err(fault(
            Class::Refused,
            format!("redirected to another server ({host}), which does not get our credentials"),
        ));
    }
    if status == StatusCode::FOUND && request.intent == Intent::Write {
        let detail = "redirected with 302, which may come after the deed, so the call is not sent again; \
                      let the address of the API be the one that it redirects to";
        return Err(fault(Class::Broken, detail.into()));
    }
    // A user name in the address would replace our credentials. Neither call fails for a URL that has a host.
    let _ = to.set_username("");
    let _ = to.set_password(None);
    Ok(Some(to))
}
