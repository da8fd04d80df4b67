//! Trace: what is known of a call while it is under way, so that its end can be told even when nobody waits for it any more.

use reqwest::Response;
use reqwest::header::HeaderMap;
use tokio::time::Instant;

use crate::base::access::{Call, Observer};
use crate::base::fault::{Class, Delivery, Fault};
use crate::http::redact::Redactor;
use crate::http::request::{Intent, Request};

/// Headers in which vendors name a call, so that their support can find it; the first that is there counts.
const REQUEST_IDS: [&str; 6] =
    ["x-request-id", "request-id", "x-correlation-id", "correlation-id", "x-amzn-requestid", "traceparent"];

/// The longest request id that is kept, in characters.
const LONGEST_ID: usize = 128;

/// One call under way. When it is dropped before [`Trace::finish`], a write that has left is told as one of unknown outcome.
pub(crate) struct Trace<'a> {
    vendor: &'static str,
    observer: &'a dyn Observer,
    operation: &'static str,
    write: bool,
    begun: Instant,
    admitted: Option<Instant>,
    left: bool,
    told: bool,
    status: Option<u16>,
    request_id: Option<String>,
}

impl<'a> Trace<'a> {
    /// A call that begins now.
    pub(crate) fn begin(vendor: &'static str, observer: &'a dyn Observer, request: &Request) -> Self {
        Self {
            vendor,
            observer,
            operation: request.operation,
            write: request.intent == Intent::Write,
            begun: Instant::now(),
            admitted: None,
            left: false,
            told: false,
            status: None,
            request_id: None,
        }
    }

    /// Waiting for our own limits is over.
    pub(crate) fn admitted(&mut self) {
        self.admitted = Some(Instant::now());
    }

    /// From now on the vendor may have it.
    pub(crate) fn leaves(&mut self) {
        self.left = true;
    }

    /// The head of an answer has arrived.
    pub(crate) fn answered(&mut self, response: &Response, redactor: &Redactor) {
        self.status = Some(response.status().as_u16());
        self.request_id = request_id(response.headers(), redactor).or_else(|| self.request_id.take());
    }

    /// The call is over.
    pub(crate) fn finish(mut self, fault: Option<&Fault>) {
        self.tell(fault);
    }

    fn tell(&mut self, fault: Option<&Fault>) {
        self.told = true;
        let (vendor, operation, write, elapsed) = (self.vendor, self.operation, self.write, self.begun.elapsed());
        let outcome = fault.map_or("ok", |fault| fault.class.label());
        tracing::debug!(vendor, operation, write, outcome, elapsed_ms = elapsed.as_millis(), "vendor call finished");
        let (status, request_id) = (self.status, self.request_id.as_deref());
        let waited = self.admitted.map_or(elapsed, |at| at - self.begun);
        self.observer.finished(&Call { vendor, operation, write, fault, status, request_id, elapsed, waited });
    }
}

impl Drop for Trace<'_> {
    fn drop(&mut self) {
        if self.write && self.left && !self.told {
            let detail = "the operator ended before the answer came";
            let fault = Fault::new(Class::Transient, self.operation, detail).with_delivery(Delivery::Unknown);
            self.tell(Some(&fault));
        }
    }
}

fn request_id(headers: &HeaderMap, redactor: &Redactor) -> Option<String> {
    let text = |name: &&str| headers.get(*name)?.to_str().ok().map(|text| redactor.quote(text, LONGEST_ID));
    REQUEST_IDS.iter().filter_map(text).find(|id| !id.is_empty())
}
