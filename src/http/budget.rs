//! How hard one AdminApi may be pressed: places and pace. Who of those that wait has them next goes by rank ([`Line`]).

use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::{Instant, timeout_at};

use crate::base::access::Limits;
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::line::{Line, Place};

/// How long a call waits for our own limits before it goes back to its queue, where it holds up nothing.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Budget {
    pace: Option<RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Nanos>>>,
    line: Line,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        let pace = limits.requests_per_second.map(|mean| {
            let quota = Quota::per_second(mean).allow_burst(limits.burst);
            RateLimiter::direct_with_clock(quota, TokioClock(Instant::now()))
        });
        Self { pace, line: Line::new(limits.concurrency.get()) }
    }

    /// A place for one call, once it is its turn.
    ///
    /// # Errors
    /// [`Class::Throttled`], not sent, after half a minute of waiting for a place or for the pace.
    pub(crate) async fn admit(&self, operation: &'static str) -> Result<Place<'_>, Fault> {
        let limit = Instant::now() + PATIENCE;
        timeout_at(limit, self.line.place(|| self.pace())).await.map_err(|_| {
            let why = "too many calls wait for our own limits of this AdminApi (spec.limits)";
            Fault::new(Class::Throttled, operation, why).with_delivery(Delivery::NotSent)
        })
    }

    fn pace(&self) -> Result<(), Instant> {
        let Some(pace) = &self.pace else { return Ok(()) };
        pace.check().map_err(|early| Instant::now() + early.wait_time_from(pace.clock().now()))
    }
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
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::base::urgency;

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

    /// The order in which calls of these ranks, which came in this order, are served, one at a time.
    async fn order(limits: Limits, ranks: &[u8]) -> Vec<u8> {
        let budget = Arc::new(Budget::new(&limits));
        let served = Arc::new(Mutex::new(Vec::new()));
        let first = budget.admit("test").await.unwrap();
        let calls: Vec<_> = ranks
            .iter()
            .map(|rank| {
                let (budget, served, rank) = (budget.clone(), served.clone(), *rank);
                tokio::spawn(urgency::within(rank, async move {
                    let _place = budget.admit("test").await.unwrap();
                    served.lock().unwrap().push(rank);
                }))
            })
            .collect();
        while budget.line.waiting() < ranks.len() {
            tokio::task::yield_now().await;
        }
        drop(first);
        for call in calls {
            call.await.unwrap();
        }
        served.lock().unwrap().clone()
    }

    #[tokio::test(start_paused = true)]
    async fn places_and_pace_go_by_rank_and_now_and_then_by_age() {
        for limits in [limits(None, 1, 1), limits(Some(2), 1, 4)] {
            assert_eq!(order(limits, &[3, 3, 0, 1, 0]).await, [0, 0, 1, 3, 3]);
            let mut ranks = vec![3];
            ranks.extend([0; 20]);
            let order = order(limits, &ranks).await;
            // The one before them all was served as the first.
            assert_eq!(order.iter().position(|rank| *rank == 3), Some(6), "{order:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_who_gives_up_holds_up_nobody() {
        let budget = Budget::new(&limits(Some(1), 1, 4));
        drop(budget.admit("test").await.unwrap());
        let impatient = tokio::time::timeout(Duration::from_millis(10), budget.admit("test")).await;
        assert!(impatient.is_err() && budget.line.waiting() == 0);
        assert!(urgency::within(3, budget.admit("test")).await.is_ok());
    }
}
