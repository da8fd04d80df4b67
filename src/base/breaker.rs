//! Breaker: stops the calls of one AdminApi once they cannot succeed, and lets one read at a time find out when they can again.
//!
//! It knows answers by their class, never by vendor:
//!
//! | answers | it opens | first pause, longest |
//! | --- | --- | --- |
//! | refused credentials (401) | at the first; at the third in a row once a probe has shown that they are good for other calls | none, 30 min |
//! | may not do this (403) | at the third in a row: one alone is one object's trouble | none, 30 min |
//! | throttled | at the first | what the vendor asked for, else 2 s; 5 min |
//! | no answer, a broken connection, 5xx, not understood | at the fifth in a row | 2 s, 5 min |
//!
//! While it is open every call fails at once as not sent. After the pause one read may leave, the *probe*: its success closes the breaker, its
//! failure opens it for twice as long. The pauses go on growing when it opens again before a few calls went well, so a vendor that
//! falls over whenever it gets up is not pressed. A new client, and so a new Secret, has a new breaker.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

use super::clock::jitter;
use super::fault::{Class, Delivery, Fault};

/// Failures in a row that open it.
const FAILURES: u32 = 5;
/// Refusals in a row that open it when one of them may be one object's own trouble.
const REFUSALS: u32 = 3;
/// Successes in a row after which it starts with the shortest pause again.
const HEALTHY: u32 = 5;

/// How long nobody is asked after the `tries`-th failure in a row of this class (0 for the first), without jitter.
pub fn pause(class: Class, tries: u32, retry_after: Option<Duration>) -> Duration {
    let seconds = Duration::from_secs;
    let (first, longest) = match class {
        // Vendors lock users out who try too often.
        Class::Denied => (seconds(60), seconds(1800)),
        Class::Transient | Class::Throttled | Class::Broken | Class::Untrusted => (seconds(2), seconds(300)),
        Class::Missing | Class::Taken | Class::Refused | Class::Unsupported => (seconds(10), seconds(300)),
    };
    let own = first.saturating_mul(1 << tries.min(16)).min(longest);
    match retry_after {
        // The first time the vendor knows best; one that says the same again and again is asked less and less often.
        Some(asked) if tries == 0 => asked,
        Some(asked) => own.max(asked),
        None => own,
    }
}

/// How a breaker stands: the label of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Calls leave.
    Closed,
    /// No call leaves.
    Open,
    /// One call is under way to find out.
    Probing,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Closed, Self::Open, Self::Probing];

    /// The metric label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::Probing => "probing",
        }
    }
}

/// Told of each turn, outside of every lock: the breaker, and what it turned to. Must not block.
pub type Listener = Box<dyn Fn(&Breaker, State) + Send + Sync>;

/// The breaker of one client. Every way to the vendor that shares the credentials shares it.
#[derive(Default)]
pub struct Breaker {
    inner: Mutex<Inner>,
    turned: Notify,
    listener: Option<Listener>,
}

#[derive(Default)]
struct Inner {
    /// None while closed.
    trip: Option<Trip>,
    failures: u32,
    refusals: u32,
    successes: u32,
    /// How often it opened since things went well.
    openings: u32,
    /// A refusal turned out to be one object's own: the credentials are good for other calls.
    proven: bool,
}

struct Trip {
    fault: Fault,
    until: Instant,
    probing: bool,
}

/// Leave for one call. What became of the call has to be told; dropping it untold says nothing about the vendor.
pub struct Leave<'a> {
    breaker: &'a Breaker,
    probe: bool,
    told: bool,
}

impl Breaker {
    /// A closed breaker that tells of its turns.
    pub fn new(listener: Listener) -> Self {
        Self { listener: Some(listener), ..Self::default() }
    }

    /// Leave for a call to go out now. Only a read can be a probe: nothing is lost when it comes to nothing.
    ///
    /// # Errors
    /// The fault of the call that may not leave, of the class that opened the breaker; not sent.
    pub fn admit(&self, operation: &'static str, read: bool) -> Result<Leave<'_>, Fault> {
        let leave = |probe| Leave { breaker: self, probe, told: false };
        let mut inner = self.lock();
        match &mut inner.trip {
            None => Ok(leave(false)),
            Some(trip) if read && !trip.probing && trip.until <= Instant::now() => {
                trip.probing = true;
                drop(inner);
                self.tell(State::Probing);
                Ok(leave(true))
            }
            Some(trip) => Err(trip.refusal(operation)),
        }
    }

    /// The fault of a call that would not be let out now; none while it is closed, or when the call would be a probe.
    pub fn refusal(&self, operation: &'static str, read: bool) -> Option<Fault> {
        let inner = self.lock();
        let trip = inner.trip.as_ref()?;
        (!read || trip.probing || trip.until > Instant::now()).then(|| trip.refusal(operation))
    }

    /// What opened it, and when the next probe may leave; none while it is closed.
    pub fn tripped(&self) -> Option<(Fault, Instant)> {
        self.lock().trip.as_ref().map(|trip| (trip.fault.clone(), trip.until))
    }

    /// How it stands.
    pub fn state(&self) -> State {
        match &self.lock().trip {
            None => State::Closed,
            Some(trip) if trip.probing => State::Probing,
            Some(_) => State::Open,
        }
    }

    /// Lets the next read leave at once, as the probe: somebody asked, or something changed.
    pub fn hurry(&self) {
        if let Some(trip) = &mut self.lock().trip {
            trip.until = Instant::now();
        }
    }

    /// Waits until it turns, for those who wait for something else meanwhile.
    pub fn turned(&self) -> Notified<'_> {
        self.turned.notified()
    }

    fn settle(&self, probe: bool, outcome: Result<(), &Fault>) {
        let mut inner = self.lock();
        let before = inner.state();
        match outcome {
            Err(fault) if is_news(fault) => inner.failed(probe, fault),
            Err(Fault { delivery: Delivery::NotSent, .. }) => inner.unprobed(probe),
            // A no to what was asked is an answer, and a sign of good health.
            Ok(()) | Err(_) => inner.succeeded(probe),
        }
        let after = inner.state();
        drop(inner);
        if before != after {
            self.tell(after);
        }
    }

    fn tell(&self, state: State) {
        self.turned.notify_waiters();
        if let Some(listener) = &self.listener {
            listener(self, state);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leave<'_> {
    /// Tells what became of the call.
    pub fn settle(mut self, outcome: Result<(), &Fault>) {
        self.told = true;
        self.breaker.settle(self.probe, outcome);
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if !self.told && self.probe {
            self.breaker.lock().unprobed(true);
            self.breaker.tell(State::Open);
        }
    }
}

impl Trip {
    fn refusal(&self, operation: &'static str) -> Fault {
        let left = self.until.saturating_duration_since(Instant::now()).max(Duration::from_millis(100));
        let detail = format!("not sent, because calls fail: {}", self.fault);
        Fault::new(self.fault.class, operation, detail).with_delivery(Delivery::NotSent).with_retry_after(Some(left))
    }
}

/// Whether a fault says something about the vendor or the credentials rather than about what was asked.
fn is_news(fault: &Fault) -> bool {
    match fault.class {
        Class::Denied | Class::Throttled => fault.delivery != Delivery::NotSent,
        Class::Transient | Class::Untrusted => true,
        Class::Broken => fault.delivery != Delivery::NotSent,
        Class::Missing | Class::Taken | Class::Refused | Class::Unsupported => false,
    }
}

impl Inner {
    fn state(&self) -> State {
        match &self.trip {
            None => State::Closed,
            Some(trip) if trip.probing => State::Probing,
            Some(_) => State::Open,
        }
    }

    fn failed(&mut self, probe: bool, fault: &Fault) {
        match &mut self.trip {
            Some(_) if probe => self.open(fault),
            // It left before the breaker opened.
            Some(trip) => {
                if let Some(asked) = fault.retry_after {
                    trip.until = trip.until.max(Instant::now() + asked);
                }
            }
            None => {
                self.successes = 0;
                let enough = match fault.class {
                    Class::Throttled => true,
                    Class::Denied => {
                        self.refusals += 1;
                        self.refusals >= if self.proven || fault.code == Some(403) { REFUSALS } else { 1 }
                    }
                    _ => {
                        self.failures += 1;
                        self.failures >= FAILURES
                    }
                };
                if enough {
                    self.open(fault);
                }
            }
        }
    }

    fn open(&mut self, fault: &Fault) {
        let pause = match (fault.class, self.openings) {
            // The credentials may be good for everything else: that is found out first.
            (Class::Denied, 0) => Duration::ZERO,
            (Class::Denied, tries) => jitter(pause(fault.class, tries - 1, fault.retry_after), 0.2),
            (_, tries) => jitter(pause(fault.class, tries, fault.retry_after), 0.2),
        };
        self.openings = self.openings.saturating_add(1);
        self.trip = Some(Trip { fault: fault.clone(), until: Instant::now() + pause, probing: false });
        (self.failures, self.refusals, self.successes) = (0, 0, 0);
    }

    fn unprobed(&mut self, probe: bool) {
        if let Some(trip) = self.trip.as_mut().filter(|_| probe) {
            trip.probing = false;
        }
    }

    fn succeeded(&mut self, probe: bool) {
        (self.failures, self.refusals) = (0, 0);
        match &self.trip {
            Some(trip) if probe => {
                self.proven |= trip.fault.class == Class::Denied;
                self.trip = None;
                self.successes = 0;
            }
            // It left before the breaker opened, and says nothing about now.
            Some(_) => {}
            None => {
                self.successes = self.successes.saturating_add(1);
                if self.successes >= HEALTHY {
                    self.openings = 0;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
