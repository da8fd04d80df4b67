//! Tap: sits between an operator and Kubernetes, notes every call, and spoils those that it is told to.
//!
//! What it sees is what the operator sends, before the real API server decides on it. Watches pass unnoted: they have no end. How they can
//! be disturbed is told in `watches`.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::http::{Method, Request, Response};
use futures::FutureExt;
use futures::future::BoxFuture;
use kube::client::Body;
use serde_json::{Value as Json, json};
use tokio::sync::watch;
use tower::{BoxError, Layer, Service};

use crate::changes::Changes;
use crate::watches::Watches;

/// One call of the operator to Kubernetes.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: Method,
    pub path: String,
    /// The body; null when there is none.
    pub body: Json,
    pub fate: Fate,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is on its way.
    Underway,
    /// Kubernetes answered with this status.
    Answered(u16),
    /// The tap answered instead, and Kubernetes never saw it.
    Refused(u16),
    /// Kubernetes never saw it, and no answer ever comes.
    Hung,
    /// Kubernetes carried it out, and no answer ever comes.
    AnswerHung,
    /// Kubernetes carried it out, and the connection broke.
    AnswerLost,
    /// It waits for [`Tap::release`].
    Held,
}

/// What to do with a call.
#[derive(Debug, Clone, Copy)]
pub enum Act {
    /// Answer this status; Kubernetes never sees the call.
    Refuse(u16),
    /// Never answer; Kubernetes never sees the call.
    Hang,
    /// Let Kubernetes carry it out, and never answer.
    HangAnswer,
    /// Let Kubernetes carry it out, then break the connection instead of answering.
    LoseAnswer,
    /// Wait for [`Tap::release`], then go on as if nothing had been.
    Hold,
}

impl Call {
    /// Whether it changes something, as far as its method tells.
    pub fn is_write(&self) -> bool {
        self.method != Method::GET
    }

    /// Whether it patches an object's status.
    pub fn is_status(&self) -> bool {
        self.is_write() && self.path.ends_with("/status")
    }

    /// Whether it publishes an Event.
    pub fn is_event(&self) -> bool {
        self.is_write() && self.path.contains("/events")
    }

    /// The value that it gives to an annotation.
    pub fn annotates(&self, annotation: &str) -> Option<&str> {
        self.body["metadata"]["annotations"][annotation].as_str()
    }

    /// Whether its body has `text` anywhere.
    pub fn says(&self, text: &str) -> bool {
        self.body.to_string().contains(text)
    }
}

struct Order {
    fits: Box<dyn Fn(&Call) -> bool + Send>,
    /// So many of them pass unharmed first.
    skip: u32,
    times: u32,
    act: Act,
}

/// The calls of one operator after the other. Clones share them.
#[derive(Clone)]
pub struct Tap {
    calls: Arc<watch::Sender<Vec<Call>>>,
    orders: Arc<Mutex<Vec<Order>>>,
    releases: Arc<watch::Sender<u64>>,
    /// The watches of the operator.
    pub watches: Watches,
    /// What the operator records of its writes at vendors.
    pub changes: Changes,
}

impl Default for Tap {
    fn default() -> Self {
        Self {
            calls: Arc::new(watch::Sender::new(Vec::new())),
            orders: Arc::default(),
            releases: Arc::new(watch::Sender::new(0)),
            watches: Watches::default(),
            changes: Changes::default(),
        }
    }
}

impl Tap {
    /// Does `act` to the next call that fits.
    pub fn next(&self, act: Act, fits: impl Fn(&Call) -> bool + Send + 'static) {
        self.times(1, act, fits);
    }

    /// Does `act` to so many of the next calls that fit.
    pub fn times(&self, times: u32, act: Act, fits: impl Fn(&Call) -> bool + Send + 'static) {
        self.place(Order { fits: Box::new(fits), skip: 0, times, act });
    }

    /// Does `act` to the how-manieth of the next calls that fit, counted from 1.
    pub fn nth(&self, nth: u32, act: Act, fits: impl Fn(&Call) -> bool + Send + 'static) {
        self.place(Order { fits: Box::new(fits), skip: nth - 1, times: 1, act });
    }

    /// Whether an order waits still.
    pub fn has_orders(&self) -> bool {
        !self.orders.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Forgets all orders.
    pub fn clear(&self) {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn place(&self, order: Order) {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).push(order);
    }

    /// Lets go of every call that is held now.
    pub fn release(&self) {
        self.releases.send_modify(|count| *count += 1);
    }

    /// How many calls there were: a mark for [`Tap::writes_since`].
    pub fn mark(&self) -> usize {
        self.calls.borrow().len()
    }

    /// The writes after a mark.
    pub fn writes_since(&self, mark: usize) -> Vec<Call> {
        self.calls.borrow()[mark..].iter().filter(|call| call.is_write()).cloned().collect()
    }

    /// All calls after a mark.
    pub fn calls_since(&self, mark: usize) -> Vec<Call> {
        self.calls.borrow()[mark..].to_vec()
    }

    /// Waits until a call after a mark fits.
    pub async fn wait_for_since(&self, mark: usize, fits: impl Fn(&Call) -> bool) {
        let mut changes = self.calls.subscribe();
        changes.wait_for(|calls| calls[mark..].iter().any(&fits)).await.unwrap();
    }

    /// Waits until a call fits, and returns the first.
    pub async fn wait_for(&self, fits: impl Fn(&Call) -> bool) -> Call {
        let mut changes = self.calls.subscribe();
        let calls = changes.wait_for(|calls| calls.iter().any(&fits)).await.unwrap();
        calls.iter().find(|call| fits(call)).cloned().unwrap()
    }

    fn begin(&self, call: Call) -> usize {
        let mut place = 0;
        self.calls.send_modify(|calls| {
            place = calls.len();
            calls.push(call);
        });
        place
    }

    fn end(&self, place: usize, fate: Fate) {
        self.calls.send_modify(|calls| calls[place].fate = fate);
    }

    fn sentence(&self, call: &Call) -> Option<Act> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let place = orders.iter().position(|order| (order.fits)(call))?;
        if orders[place].skip > 0 {
            orders[place].skip -= 1;
            return None;
        }
        let act = orders[place].act;
        orders[place].times -= 1;
        if orders[place].times == 0 {
            orders.remove(place);
        }
        Some(act)
    }
}

impl<S> Layer<S> for Tap {
    type Service = Tapped<S>;

    fn layer(&self, inner: S) -> Tapped<S> {
        Tapped { inner, tap: self.clone() }
    }
}

/// A Kubernetes client's service with a tap on it.
pub struct Tapped<S> {
    inner: S,
    tap: Tap,
}

/// What comes back.
pub type Answer = Response<axum::body::Body>;

impl<S, B> Service<Request<Body>> for Tapped<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError>,
    S::Future: Send + 'static,
    B: axum::body::HttpBody<Data = axum::body::Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Answer;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Answer, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let uri = request.uri();
        let watch = uri.query().is_some_and(|query| query.split('&').any(|part| part == "watch=true"));
        let (method, path, body) = (request.method().clone(), uri.path().to_owned(), request.body().try_clone());
        // Nothing is sent before this future is awaited.
        let answer = self.inner.call(request);
        let answer = async move { Ok(answer.await?.map(axum::body::Body::new)) };
        let tap = self.tap.clone();
        if watch {
            return async move { tap.watches.pass(path, answer).await }.boxed();
        }
        async move {
            let bytes = match body {
                Some(body) => body.collect_bytes().await?,
                None => axum::body::Bytes::new(),
            };
            let body = serde_json::from_slice(&bytes).unwrap_or_default();
            tap.pass(Call { method, path, body, fate: Fate::Underway }, answer).await
        }
        .boxed()
    }
}

impl Tap {
    async fn pass(
        &self,
        call: Call,
        answer: impl Future<Output = Result<Answer, BoxError>>,
    ) -> Result<Answer, BoxError> {
        let act = self.sentence(&call);
        let place = self.begin(call);
        match act {
            Some(Act::Refuse(status)) => {
                self.end(place, Fate::Refused(status));
                return Ok(refusal(status));
            }
            Some(Act::Hang) => {
                self.end(place, Fate::Hung);
                return futures::future::pending().await;
            }
            Some(Act::HangAnswer) => {
                answer.await?;
                self.end(place, Fate::AnswerHung);
                return futures::future::pending().await;
            }
            Some(Act::LoseAnswer) => {
                answer.await?;
                self.end(place, Fate::AnswerLost);
                return Err("the connection broke".into());
            }
            Some(Act::Hold) => {
                let mut releases = self.releases.subscribe();
                self.end(place, Fate::Held);
                releases.changed().await?;
            }
            None => {}
        }
        let answer = answer.await?;
        self.end(place, Fate::Answered(answer.status().as_u16()));
        Ok(answer)
    }
}

/// An answer that is not Kubernetes' own.
pub fn refusal(status: u16) -> Answer {
    let reason = match status {
        409 => "Conflict",
        410 => "Expired",
        _ => "InternalError",
    };
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status, "reason": reason,
        "message": "refused by the test",
    });
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(body.to_string().into()).unwrap()
}
