//! Interruption: what an AdminApi's breaker means for its objects.
//!
//! When the breaker of a client opens, its AdminApi counts as disconnected at once, so that no object begins anything; the AdminApi alone
//! finds out when it is over, and brings its objects back then. What an object wanted to send meanwhile was not sent, and is nobody's failure.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::connection::item_of;
use super::context::Engine;
use super::queue::Lane;
use super::reason::Reason;
use super::report::{Outcome, Stop};
use super::session::{Session, Standing};
use super::watch::Key;
use crate::base::breaker::{Breaker, State};
use crate::base::fault::{Class, Delivery, Fault};

/// How long the status of an AdminApi alone speaks of an outage. After that each object that is not as it should be says so itself.
const PATIENCE: Duration = Duration::from_secs(120);

/// The sentence of an object that waits for its AdminApi.
pub fn not_connected(key: &Key, reason: Reason, message: &str) -> Stop {
    let message = format!("the AdminApi {} is not connected ({reason}): {message}", key.1);
    Stop::Waiting { reason: Reason::AdminApiNotReady, message }
}

/// Whether a disconnection for this reason is likely to end by itself.
pub fn is_passing(reason: Reason) -> bool {
    matches!(reason, Reason::Unavailable | Reason::Throttled)
}

/// What a check's fault comes to: when the breaker kept the check back, the fault that opened it (not sent), and in any case when to ask
/// again.
pub fn explain(breaker: &Breaker, fault: Fault) -> Fault {
    match breaker.tripped() {
        Some((cause, until)) => {
            let left = until.saturating_duration_since(Instant::now());
            cause.with_delivery(fault.delivery).with_retry_after(Some(left.max(Duration::from_secs(1))))
        }
        None => fault,
    }
}

impl Engine {
    /// The breaker for a client of this AdminApi.
    pub fn breaker(self: &Arc<Self>, admin_api: &Key) -> Arc<Breaker> {
        let (engine, key) = (Arc::downgrade(self), admin_api.clone());
        Arc::new(Breaker::new(Box::new(move |breaker, state| {
            if let Some(engine) = engine.upgrade() {
                engine.turned(&key, breaker, state);
            }
        })))
    }

    fn turned(&self, key: &Key, breaker: &Breaker, state: State) {
        let Some(Standing::Connected(session)) = self.sessions.get(key) else { return };
        // The client before this one may still have calls under way.
        if state != State::Open || !std::ptr::eq(session.breaker.as_ref(), breaker) {
            return;
        }
        let Some((fault, until)) = breaker.tripped() else { return };
        let pause = until.saturating_duration_since(Instant::now());
        let reason = Stop::Vendor(fault.clone()).reason();
        self.metrics.interrupted(session.vendor.name, reason);
        tracing::warn!(namespace = %key.0, name = %key.1, %reason, %fault, "calls to this AdminApi stop until it has proven itself");
        self.doubt(key, reason, &fault, session);
        if fault.class == Class::Denied {
            // The Secret may have changed, which mends it at once; and its status has to say so now.
            self.enqueue(item_of(key), None, Lane::Edit);
        } else {
            self.enqueue_after(item_of(key), None, Lane::Edit, pause);
        }
    }

    /// A call of one of its objects was refused for its credentials: no other object may try before the AdminApi has proven itself.
    pub fn suspect(&self, admin_api: &Key, fault: &Fault) {
        if let Some(Standing::Connected(session)) = self.sessions.get(admin_api) {
            self.doubt(admin_api, Reason::Denied, fault, session);
            self.enqueue(item_of(admin_api), None, Lane::Edit);
        }
    }

    /// Takes an AdminApi for disconnected until it has proven itself.
    fn doubt(&self, admin_api: &Key, reason: Reason, fault: &Fault, session: Arc<Session>) {
        let (message, since) = (fault.to_string(), Instant::now());
        self.sessions.accuse(admin_api, Standing::Disconnected { reason, message, since, last: Some(session) });
        self.suspects.lock().unwrap_or_else(PoisonError::into_inner).insert(admin_api.clone());
    }

    /// The end of a pass, when the breaker kept its call back: then its object waits for the AdminApi as all others do.
    pub fn waiting(&self, admin_api: &Key, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Stopped(Stop::Vendor(fault)) if fault.delivery == Delivery::NotSent => {
                let breaker = self.sessions.session(admin_api).map(|session| session.breaker.clone());
                match breaker.and_then(|breaker| breaker.tripped()) {
                    Some((cause, _)) => {
                        let (message, stop) = (cause.to_string(), Stop::Vendor(cause));
                        Outcome::Stopped(not_connected(admin_api, stop.reason(), &message))
                    }
                    // It closed meanwhile: that was the breaker's no, not the vendor's.
                    None if fault.class == Class::Denied => {
                        Outcome::Stopped(Stop::Vendor(Fault { class: Class::Transient, ..fault }))
                    }
                    None => Outcome::Stopped(Stop::Vendor(fault)),
                }
            }
            outcome => outcome,
        }
    }

    /// Whether the AdminApi is away for a while that is too short for thousands of objects to speak of.
    pub fn is_briefly_away(&self, admin_api: &Key) -> bool {
        matches!(self.sessions.get(admin_api), Some(Standing::Disconnected { reason, since, .. })
            if is_passing(reason) && since.elapsed() < PATIENCE)
    }
}
