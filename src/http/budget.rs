//! How hard one AdminApi may be pressed: places and pace, and who of those that wait has them next.
//!
//! Whoever waits is served by rank ([`urgency`]), those of one rank in the order in which they came; every [`OLDEST`]th turn is that of whoever
//! waits longest, so that nobody starves. Only the one whose turn it is watches the clock.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::base::access::Limits;
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::urgency;

/// How long a call waits for our own limits before it goes back to its queue, where it holds up nothing.
const PATIENCE: Duration = Duration::from_secs(30);

/// Every so many turns, the one that waits longest has it.
const OLDEST: u64 = 8;

pub(crate) struct Budget {
    pace: Option<RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Nanos>>>,
    line: Mutex<Line>,
    /// Told whenever it may be somebody else's turn.
    moved: Notify,
}

/// Who waits, and how many places are free.
struct Line {
    free: u32,
    came: u64,
    served: u64,
    /// By rank, then by arrival.
    waiting: BTreeSet<(u8, u64)>,
}

/// A place among the calls under way; dropping it makes it free again.
pub(crate) struct Place<'a>(&'a Budget);

/// A place in the line; dropping it leaves the line.
struct Stand<'a> {
    budget: &'a Budget,
    ticket: (u8, u64),
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        let pace = limits.requests_per_second.map(|mean| {
            let quota = Quota::per_second(mean).allow_burst(limits.burst);
            RateLimiter::direct_with_clock(quota, TokioClock(Instant::now()))
        });
        let line = Line { free: limits.concurrency.get(), came: 0, served: 0, waiting: BTreeSet::new() };
        Self { pace, line: Mutex::new(line), moved: Notify::new() }
    }

    /// A place for one call, once it is its turn.
    ///
    /// # Errors
    /// [`Class::Throttled`], not sent, after half a minute of waiting for a place or for the pace.
    pub(crate) async fn admit(&self, operation: &'static str) -> Result<Place<'_>, Fault> {
        let stand = self.stand(urgency::rank());
        let limit = Instant::now() + PATIENCE;
        match timeout_at(limit, stand.wait()).await {
            Ok(()) => Ok(Place(self)),
            Err(_) => {
                let why = "too many calls wait for our own limits of this AdminApi (spec.limits)";
                Err(Fault::new(Class::Throttled, operation, why).with_delivery(Delivery::NotSent))
            }
        }
    }

    fn stand(&self, rank: u8) -> Stand<'_> {
        let mut line = self.line();
        line.came += 1;
        let ticket = (rank, line.came);
        line.waiting.insert(ticket);
        Stand { budget: self, ticket }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What somebody who waits has to do next.
enum Turn {
    Served,
    /// It is their turn, once the pace allows it.
    At(Instant),
    NotYet,
}

impl Stand<'_> {
    async fn wait(&self) {
        loop {
            // Listening before looking, or a move between the two would be missed.
            let moved = self.budget.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            match self.turn() {
                Turn::Served => return,
                Turn::At(at) => {
                    // Somebody of a higher rank may come meanwhile.
                    let _ = timeout_at(at, moved).await;
                }
                Turn::NotYet => moved.await,
            }
        }
    }

    fn turn(&self) -> Turn {
        let mut line = self.budget.line();
        if line.free == 0 || line.next() != Some(self.ticket) {
            return Turn::NotYet;
        }
        if let Some(pace) = &self.budget.pace
            && let Err(early) = pace.check()
        {
            return Turn::At(Instant::now() + early.wait_time_from(pace.clock().now()));
        }
        line.free -= 1;
        line.served += 1;
        line.waiting.remove(&self.ticket);
        Turn::Served
    }
}

impl Line {
    fn next(&self) -> Option<(u8, u64)> {
        if self.served % OLDEST == OLDEST - 1 {
            self.waiting.iter().min_by_key(|(_, came)| *came).copied()
        } else {
            self.waiting.first().copied()
        }
    }
}

impl Drop for Stand<'_> {
    fn drop(&mut self) {
        self.budget.line().waiting.remove(&self.ticket);
        self.budget.moved.notify_waiters();
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.line().free += 1;
        self.0.moved.notify_waiters();
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
    use std::sync::Arc;

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
        while budget.line().waiting.len() < ranks.len() {
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
        assert!(impatient.is_err() && budget.line().waiting.is_empty());
        assert!(urgency::within(3, budget.admit("test")).await.is_ok());
    }
}
