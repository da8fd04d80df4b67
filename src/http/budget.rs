//! How hard one AdminApi may be pressed: places, pace, and pauses that the vendor asked for.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout_at};

use crate::base::access::Limits;
use crate::base::fault::{Class, Delivery, Fault};

/// How long a call waits for our own limits before it goes back to its queue, where it holds up nothing.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Budget {
    places: Semaphore,
    pace: Option<RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Nanos>>>,
    /// Until when the vendor wants to be left alone.
    pause: Mutex<Option<Instant>>,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        let pace = limits.requests_per_second.map(|mean| {
            let quota = Quota::per_second(mean).allow_burst(limits.burst);
            RateLimiter::direct_with_clock(quota, TokioClock(Instant::now()))
        });
        let places = usize::try_from(limits.concurrency.get()).unwrap_or(Semaphore::MAX_PERMITS);
        Self { places: Semaphore::new(places.min(Semaphore::MAX_PERMITS)), pace, pause: Mutex::new(None) }
    }

    /// A place for one call, first come, first served.
    ///
    /// # Errors
    /// [`Class::Throttled`], not sent: at once during a pause that the vendor asked for, and after half a minute of waiting for a
    /// place or for the pace.
    pub(crate) async fn admit(&self, operation: &'static str) -> Result<SemaphorePermit<'_>, Fault> {
        self.respect_pause(operation)?;
        let limit = Instant::now() + PATIENCE;
        let Ok(Ok(place)) = timeout_at(limit, self.places.acquire()).await else {
            return Err(throttled(operation, "too many calls wait for an answer", None));
        };
        while let Some(pace) = &self.pace {
            let Err(early) = pace.check() else { break };
            let wait = early.wait_time_from(pace.clock().now());
            if Instant::now() + wait > limit {
                return Err(throttled(operation, "our own limit of requests per second is reached", Some(wait)));
            }
            sleep(wait).await;
        }
        // The call before us may have been told to stop while we waited.
        self.respect_pause(operation)?;
        Ok(place)
    }

    /// Keeps every call back for `pause`, because one of them was told to wait.
    pub(crate) fn hold(&self, pause: Duration) {
        let until = Instant::now() + pause;
        let mut held = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some(held.map_or(until, |before| before.max(until)));
    }

    fn respect_pause(&self, operation: &'static str) -> Result<(), Fault> {
        let held = *self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(left) =
            held.map(|until| until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
        else {
            return Ok(());
        };
        Err(throttled(operation, "the vendor asked us to pause", Some(left)))
    }
}

fn throttled(operation: &'static str, why: &str, pause: Option<Duration>) -> Fault {
    Fault::new(Class::Throttled, operation, why).with_delivery(Delivery::NotSent).with_retry_after(pause)
}

/// Time as tokio tells it, counted from a start, so that deadlines and pace stop together when a test stops the clock.
struct TokioClock(Instant);

impl Clock for TokioClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.elapsed().into()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn limits(per_second: Option<u32>, burst: u32, concurrency: u32) -> Limits {
        let number = |value| NonZeroU32::new(value).unwrap();
        Limits { requests_per_second: per_second.map(number), burst: number(burst), concurrency: number(concurrency) }
    }

    #[tokio::test(start_paused = true)]
    async fn calls_beyond_the_burst_wait_for_the_pace() {
        let budget = Budget::new(&limits(Some(2), 3, 100));
        let start = Instant::now();
        for _ in 0..3 {
            drop(budget.admit("test").await.unwrap());
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        for _ in 0..4 {
            drop(budget.admit("test").await.unwrap());
        }
        assert_eq!(start.elapsed().as_millis() / 100, 20);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_does_not_wait_for_a_place_for_ever() {
        let budget = Budget::new(&limits(None, 1, 1));
        let place = budget.admit("test").await.unwrap();
        let fault = budget.admit("test").await.err().unwrap();
        assert_eq!((fault.class, fault.delivery), (Class::Throttled, Delivery::NotSent));
        drop(place);
        assert!(budget.admit("test").await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_every_call_and_ends() {
        let budget = Budget::new(&limits(None, 1, 1));
        budget.hold(Duration::from_secs(60));
        budget.hold(Duration::from_secs(1));
        let fault = budget.admit("test").await.err().unwrap();
        assert_eq!(fault.retry_after, Some(Duration::from_secs(60)));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(budget.admit("test").await.is_ok());
    }
}
