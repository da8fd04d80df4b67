//! Watches: those of an operator behind a tap, which can be frozen, so that it hears of nothing, and then ended as Kubernetes does it when a
//! watch comes too late: what happened meanwhile is not told any more.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, BodyDataStream, Bytes};
use futures::StreamExt;
use futures::stream::unfold;
use serde_json::json;
use tokio::sync::watch;
use tower::BoxError;

use crate::tap::{Answer, refusal};

/// How a watch ends that comes too late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// The running watch tells it as an event.
    Event,
    /// The running watch ends, and the next one is refused.
    Refusal,
}

#[derive(Clone, Copy, Default)]
struct State {
    frozen: bool,
    expired: u64,
    how: Option<Expiry>,
}

/// The watches. Clones share them.
#[derive(Clone)]
pub struct Watches {
    state: Arc<watch::Sender<State>>,
    /// Which watches were refused since the last expiry.
    refused: Arc<Mutex<HashSet<String>>>,
}

impl Default for Watches {
    fn default() -> Self {
        Self { state: Arc::new(watch::Sender::new(State::default())), refused: Arc::default() }
    }
}

impl Watches {
    /// From now on nothing comes through.
    pub fn freeze(&self) {
        self.state.send_modify(|state| state.frozen = true);
    }

    /// Ends every watch that runs; what it had not told, nobody tells.
    pub fn expire(&self, how: Expiry) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.state.send_modify(|state| *state = State { frozen: false, expired: state.expired + 1, how: Some(how) });
    }

    /// Lets a watch through for as long as nobody minds.
    pub async fn pass(
        &self,
        path: String,
        answer: impl Future<Output = Result<Answer, BoxError>>,
    ) -> Result<Answer, BoxError> {
        let state = self.state.subscribe();
        let born = state.borrow().expired;
        if state.borrow().how == Some(Expiry::Refusal)
            && self.refused.lock().unwrap_or_else(PoisonError::into_inner).insert(path)
        {
            return Ok(refusal(410));
        }
        let (parts, body) = answer.await?.into_parts();
        let events = Events { data: Some(body.into_data_stream()), state, born };
        Ok(Answer::from_parts(parts, Body::from_stream(unfold(events, Events::next))))
    }
}

struct Events {
    data: Option<BodyDataStream>,
    state: watch::Receiver<State>,
    born: u64,
}

impl Events {
    async fn next(mut self) -> Option<(Result<Bytes, axum::Error>, Self)> {
        loop {
            let state = *self.state.borrow_and_update();
            let data = self.data.as_mut()?;
            if state.expired > self.born {
                self.data = None;
                return (state.how == Some(Expiry::Event)).then(|| (Ok(expired()), self));
            }
            let chunk = async { if state.frozen { std::future::pending().await } else { data.next().await } };
            tokio::select! {
                biased;
                changed = self.state.changed() => changed.ok()?,
                chunk = chunk => return Some((chunk?, self)),
            }
        }
    }
}

/// What Kubernetes says in a watch whose resourceVersion it does not remember any more.
fn expired() -> Bytes {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "Expired", "code": 410,
        "message": "too old resource version: 1 (2)",
    });
    format!("{}\n", json!({"type": "ERROR", "object": status})).into()
}
