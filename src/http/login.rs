//! Login: one token for all calls of a client, for vendors that want a log-in first.
//!
//! - *One log-in at a time*, however many calls wait for it; they share its token, or its fault.
//! - *Renewed early*: a token that runs out soon is replaced before it is used. If that fails, the old one serves until it has run out.
//! - *Renewed when it is refused*: a call that is answered 401 (which says that nothing was done, so that even a write may be sent again) gets
//!   one more try with a token that is newer than the one it had, and whichever call asks first logs in for all.
//! - *Limited*: log-ins go through the client's transport, so a refused one opens the breaker, and no further one leaves before its probe.
//!
//! The log-in itself must be declared a read: it changes nothing, `provost plan` needs it, and it can be the breaker's probe. Refused
//! credentials must come out of it as [`Class::Denied`](crate::base::fault::Class::Denied), whatever status the vendor has for them.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::base::access::Observer;
use crate::base::fault::{Delivery, Fault};
use crate::http::answer::is_unauthorized;
use crate::http::shared::Shared;

/// What a log-in brought.
pub struct Grant<T> {
    /// The token, or whatever a call needs to be let in. Secrets in it belong into [`Secret`](crate::base::secret::Secret).
    pub token: T,
    /// How long it is good for, if the vendor says so.
    pub lifetime: Option<Duration>,
}

/// The token for one call.
pub struct Ticket<T> {
    /// The token.
    pub token: T,
    /// For [`Request::renewable`](crate::http::Request::renewable): true unless this is the call's last try.
    pub renewable: bool,
}

/// The log-in of one client. Clones share it.
#[derive(Clone)]
pub struct Login<T> {
    vendor: &'static str,
    observer: Arc<dyn Observer>,
    /// How long before its end a token is replaced, at most.
    margin: Duration,
    born: Instant,
    held: Shared<Held<T>>,
}

#[derive(Clone)]
struct Held<T> {
    token: T,
    begun: Instant,
    ends: Option<Instant>,
    /// From when on it is better replaced.
    old: Option<Instant>,
}

impl<T: Clone + Send + Sync + 'static> Login<T> {
    /// A login without a token yet. One is replaced `margin` before it runs out, or after half its life if that is later. Each log-in is told to `observer`.
    pub fn new(vendor: &'static str, observer: Arc<dyn Observer>, margin: Duration) -> Self {
        Self { vendor, observer, margin, born: Instant::now(), held: Shared::default() }
    }

    /// Makes a call with a token, and once more with a newer one if that was refused.
    ///
    /// `log_in` fetches a token; it runs in a task of its own and for all who wait. `call` makes one try.
    ///
    /// # Errors
    /// Those of `log_in`, and those of the last `call`.
    pub async fn call<R, L, C>(
        &self,
        log_in: impl Fn() -> L + Clone + Send + 'static,
        call: impl Fn(Ticket<T>) -> C,
    ) -> Result<R, Fault>
    where
        L: Future<Output = Result<Grant<T>, Fault>> + Send + 'static,
        C: Future<Output = Result<R, Fault>>,
    {
        let held = self.current(log_in.clone()).await?;
        match call(Ticket { token: held.token, renewable: true }).await {
            Err(fault) if is_unauthorized(&fault) => {
                let held = self.newer_than(held.begun, log_in).await?;
                call(Ticket { token: held.token, renewable: false }).await
            }
            outcome => outcome,
        }
    }

    async fn current<L>(&self, log_in: impl Fn() -> L + Clone + Send + 'static) -> Result<Held<T>, Fault>
    where
        L: Future<Output = Result<Grant<T>, Fault>> + Send + 'static,
    {
        let held = self.held_since(self.born, log_in.clone()).await?;
        if held.old.is_none_or(|old| Instant::now() < old) {
            return Ok(held);
        }
        match self.newer_than(held.begun, log_in).await {
            Err(_) if held.ends.is_some_and(|ends| Instant::now() < ends) => Ok(held),
            outcome => outcome,
        }
    }

    async fn newer_than<L>(&self, begun: Instant, log_in: impl Fn() -> L + Send + 'static) -> Result<Held<T>, Fault>
    where
        L: Future<Output = Result<Grant<T>, Fault>> + Send + 'static,
    {
        self.held_since(begun + Duration::from_nanos(1), log_in).await
    }

    async fn held_since<L>(&self, since: Instant, log_in: impl Fn() -> L + Send + 'static) -> Result<Held<T>, Fault>
    where
        L: Future<Output = Result<Grant<T>, Fault>> + Send + 'static,
    {
        let (vendor, observer, margin) = (self.vendor, self.observer.clone(), self.margin);
        let fetch = move || async move {
            let begun = Instant::now();
            let outcome = log_in().await;
            match outcome.as_ref().err() {
                Some(Fault { delivery: Delivery::NotSent, .. }) => {}
                fault => observer.logged_in(vendor, fault.map(|fault| fault.class)),
            }
            let grant = outcome?;
            let ends = grant.lifetime.map(|lifetime| begun + lifetime);
            let old = grant.lifetime.map(|lifetime| begun + lifetime - margin.min(lifetime / 2));
            Ok(Held { token: grant.token, begun, ends, old })
        };
        self.held.read(since, fetch, Clone::clone).await
    }
}

#[cfg(test)]
mod tests;
