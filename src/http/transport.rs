//! Sends one vendor call, once.
//!
//! What it guarantees:
//! - **A write leaves only by leave.** The gate is asked right before each write goes out, after all waiting is over; a refusal is a
//!   fault with [`Delivery::NotSent`].
//! - **It never repeats a call.** Neither it nor the library below tries again; whoever knows whether a call may be repeated does so.
//! - **Credentials go to the configured origin only.** Redirects are followed by hand, to the same scheme, host and port, with method
//!   and body kept, at most three times. A write that is answered with 302 may have been done, and does not follow it.
//! - **It ends.** Connecting, waiting for a place, and the call as a whole have deadlines, and an answer has a size limit.
//! - **It tells nobody what was said.** Logs have vendor, operation, status and time; faults quote the vendor with secrets blotted out.
//! - **A vendor that cannot serve is left alone.** The [`Breaker`] of the [`Access`] is asked before each call and told its outcome; while
//!   it is open, calls fail at once and also those stop that still wait for a place.
//!
//! TLS always verifies: against the system's authorities plus the CA bundle of the [`Access`]. A proxy is used for HTTPS when
//! `HTTPS_PROXY` names one (`NO_PROXY` excepts hosts); no other setting of the surroundings counts.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Client, Response, StatusCode, Url, redirect, retry};
use tokio::time::timeout;

use crate::base::access::{Access, Gate, Observer};
use crate::base::breaker::Breaker;
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;
use crate::http::answer::{Answer, is_unauthorized};
use crate::http::budget::Budget;
use crate::http::redact::Redactor;
use crate::http::request::{Intent, Patience, Request};
use crate::http::setup::{self, SetupError};
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
    /// Bytes of an answer's body, unpacked.
    pub answer: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            call: Duration::from_secs(30),
            list: Duration::from_secs(120),
            long: Duration::from_secs(600),
            answer: 64 << 20,
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
    /// The way to `base`, which [`setup::parse_url`] has checked.
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
        let client = client(access, bounds)?;
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
        let mut trace = Trace::begin(self.0.vendor, self.0.observer.as_ref(), &request);
        let outcome = self.0.attempt(&request, read, &mut trace).await;
        trace.finish(outcome.as_ref().err());
        outcome
    }
}

impl Inner {
    /// Waits for leave, and makes one call with it.
    async fn attempt<T>(
        &self,
        request: &Request,
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
        let outcome = self.call(request, trace).await.and_then(|answer| read(&answer));
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

    async fn call(&self, request: &Request, trace: &mut Trace<'_>) -> Result<Answer, Fault> {
        let redactor = self.redactor.with(request.secrets.iter().chain(request.headers.iter().map(|(_, value)| value)));
        let url = request.url(&self.base)?;
        let headers = self.headers_of(request)?;
        let limit = match request.patience {
            Patience::Call => self.bounds.call,
            Patience::List => self.bounds.list,
            Patience::Long => self.bounds.long,
        };
        match timeout(limit, self.exchange(request, url, headers, redactor, trace)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let detail = format!("no complete answer within {} s", limit.as_secs());
                Err(Fault::new(Class::Transient, request.operation, detail).with_delivery(request.unanswered()))
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

    /// Sends the call, and again wherever the same server says that it should have gone instead.
    async fn exchange(
        &self,
        request: &Request,
        mut url: Url,
        headers: HeaderMap,
        redactor: Redactor,
        trace: &mut Trace<'_>,
    ) -> Result<Answer, Fault> {
        for _ in 0..=MOST_REDIRECTS {
            let call = self.client.request(request.method.clone(), url.clone()).headers(headers.clone());
            let call = if request.body.content_type.is_some() { call.body(request.body.content.clone()) } else { call };
            let call = call.build().map_err(|_| request.not_sent(Class::Broken, "the request cannot be built"))?;
            if request.intent == Intent::Write {
                let admitted = self.gate.admit_write(request.operation);
                admitted.map_err(|why| request.not_sent(Class::Refused, why))?;
            }
            trace.leaves();
            let response = self.client.execute(call).await.map_err(|error| self.lost(request, &redactor, &error))?;
            trace.answered(&response, &redactor);
            match redirect_of(request, &redactor, &url, &response)? {
                Some(elsewhere) => url = elsewhere,
                None => return self.receive(request, response, redactor).await,
            }
        }
        let detail = format!("more than {MOST_REDIRECTS} redirects");
        Err(Fault::new(Class::Broken, request.operation, detail).with_delivery(request.unanswered()))
    }

    async fn receive(&self, request: &Request, mut response: Response, redactor: Redactor) -> Result<Answer, Fault> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.lost(request, &redactor, &error))? {
            if body.len() + chunk.len() > self.bounds.answer {
                let detail = format!("the answer is larger than {} bytes", self.bounds.answer);
                return Err(Fault::new(Class::Broken, request.operation, detail)
                    .with_code(response.status().as_u16())
                    .with_delivery(request.unanswered()));
            }
            body.extend_from_slice(&chunk);
        }
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        Ok(Answer { operation: request.operation, intent: request.intent, status, headers, body, redactor })
    }

    /// The fault of a call without a complete answer.
    fn lost(&self, request: &Request, redactor: &Redactor, error: &reqwest::Error) -> Fault {
        // The error's own text has the URL, whose query may be confidential; its innermost source has the cause and no more.
        let cause = innermost(error).map_or_else(|| "the connection broke".to_owned(), ToString::to_string);
        let cause = redactor.quote(&cause, 200);
        let host = self.base.host_str().unwrap_or_default();
        if !error.is_connect() {
            let detail = format!("the connection to {host} broke: {cause}");
            return Fault::new(Class::Transient, request.operation, detail).with_delivery(request.unanswered());
        }
        match innermost(error).and_then(|cause| cause.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidCertificate(_)) => {
                let detail = format!(
                    "the certificate of {host} is not trusted ({cause}); a private authority goes into the CA bundle"
                );
                request.not_sent(Class::Untrusted, detail)
            }
            _ => request.not_sent(Class::Transient, format!("no connection to {host}: {cause}")),
        }
    }
}

fn client(access: &Access, bounds: Bounds) -> Result<Client, SetupError> {
    let mut builder = Client::builder()
        .user_agent(concat!("provost/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(bounds.connect)
        // Servers drop idle connections after about 5 s (Apache's default). A write on one that is just being dropped is a write of
        // unknown outcome, so ours are given up a little earlier.
        .pool_idle_timeout(Duration::from_secs(4))
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(retry::never())
        .no_proxy();
    #[expect(
        clippy::disallowed_methods,
        reason = "HTTPS_PROXY is a convention of whoever opens connections, not a setting of ours"
    )]
    let proxy = setup::proxy(|name| std::env::var(name).ok())?;
    if let Some(proxy) = proxy {
        builder = builder.proxy(proxy);
    }
    if let Some(bundle) = &access.ca_bundle {
        builder = builder.tls_certs_merge(setup::certificates(bundle)?);
    }
    builder.build().map_err(|error| {
        let problem = innermost(&error).map_or_else(|| error.to_string(), ToString::to_string);
        // Our own certificates are the only ones whose faults end the set-up; those of the system are passed over.
        if access.ca_bundle.is_some() { SetupError::CaBundle { problem } } else { SetupError::Tls { problem } }
    })
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
    if !moved.contains(&status) {
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

/// The cause at the end of an error's chain, looking into I/O errors, whose chain leaves out what they wrap.
fn innermost<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let mut cause = error.source()?;
    loop {
        let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        match wrapped.map(|inner| inner as &(dyn Error + 'static)).or_else(|| cause.source()) {
            Some(deeper) => cause = deeper,
            None => return Some(cause),
        }
    }
}
