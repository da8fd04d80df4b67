//! Trouble on order: what tests and people ask to go wrong, and for which requests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;

use crate::sim::journal::Intent;

/// Which requests an order is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Target {
    /// Every request.
    Any,
    /// Those that the contract calls reads.
    Reads,
    /// Those that the contract calls writes.
    Writes,
    /// Those of one operation, by the name that the journal shows.
    Operation(String),
}

impl Target {
    /// Reads `any`, `reads`, `writes` or the name of an operation.
    pub fn parse(text: &str) -> Self {
        match text {
            "any" => Self::Any,
            "reads" => Self::Reads,
            "writes" => Self::Writes,
            operation => Self::Operation(operation.to_owned()),
        }
    }

    fn matches(&self, operation: &str, intent: Intent) -> bool {
        match self {
            Self::Any => true,
            Self::Reads => intent == Intent::Read,
            Self::Writes => intent == Intent::Write,
            Self::Operation(name) => name == operation,
        }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "do", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Act {
    /// Cut the connection before anything is done.
    CutBefore,
    /// Do what was asked, then cut the connection instead of answering.
    LoseAnswer,
    /// Do nothing and answer this.
    Answer(Canned),
    /// Wait, then go on. Combines with another order for the same request, and ends early by [`Troubles::release`].
    Delay {
        /// How long to wait before doing what was asked.
        millis: u64,
    },
    /// Do what was asked, then hold the answer until [`Troubles::release`].
    Hold,
    /// Do what was asked, then answer 200 with a body that looks like JSON and is not.
    Garbage,
    /// Do what was asked, then break off in the middle of the answer's body.
    Truncate,
}

impl Act {
    /// Do nothing and answer this status with a short JSON body.
    pub fn answer(status: u16) -> Self {
        Self::Answer(Canned { status, ..Canned::default() })
    }

    /// Do nothing and answer this status with a `Retry-After`.
    pub fn busy(status: u16, retry_after_seconds: u32) -> Self {
        Self::Answer(Canned { status, retry_after_seconds: Some(retry_after_seconds), ..Canned::default() })
    }
}

/// An answer that is not the vendor's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Canned {
    /// The HTTP status; one that can't be sent becomes 500.
    pub status: u16,
    /// The `Retry-After` header, in seconds.
    pub retry_after_seconds: Option<u32>,
    /// The `Location` header, for redirects.
    pub location: Option<String>,
    /// Whether the body is a web server's error page rather than JSON.
    pub html: bool,
}

/// One order. Orders are served in the sequence in which they were placed; one that is used up goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Which requests it is for.
    pub target: Target,
    /// How many of them pass unharmed first.
    pub skip: u32,
    /// How many of them it is for after those; none means all.
    pub times: Option<u32>,
    /// What goes wrong with them.
    #[serde(flatten)]
    pub act: Act,
}

impl Order {
    /// For the next request that fits.
    pub fn next(target: Target, act: Act) -> Self {
        Self { target, skip: 0, times: Some(1), act }
    }

    /// For the next request of one operation.
    pub fn next_of(operation: &str, act: Act) -> Self {
        Self::next(Target::Operation(operation.to_owned()), act)
    }

    /// For every request that fits, until the orders are cleared.
    pub fn every(target: Target, act: Act) -> Self {
        Self { target, skip: 0, times: None, act }
    }

    /// The same order, for this many requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// The same order, after this many requests passed unharmed.
    #[must_use]
    pub fn after(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }
}

/// The orders of one simulator. Clones share them.
#[derive(Clone)]
pub struct Troubles(Arc<Inner>);

struct Inner {
    orders: Mutex<VecDeque<Order>>,
    releases: watch::Sender<u64>,
}

impl Default for Troubles {
    fn default() -> Self {
        Self(Arc::new(Inner { orders: Mutex::default(), releases: watch::Sender::new(0) }))
    }
}

/// What the orders say about one request.
pub(super) struct Sentence {
    pub delay: Duration,
    pub act: Option<Act>,
}

impl Troubles {
    /// Adds an order behind those that wait.
    pub fn place(&self, order: Order) {
        if order.times != Some(0) {
            self.orders().push_back(order);
        }
    }

    /// The orders that wait, with what is left of each.
    pub fn waiting(&self) -> Vec<Order> {
        self.orders().iter().cloned().collect()
    }

    /// Forgets all orders. Answers that are held stay held.
    pub fn clear(&self) {
        self.orders().clear();
    }

    /// Lets out every answer that is held now, and ends every delay under way.
    pub fn release(&self) {
        self.0.releases.send_modify(|count| *count += 1);
    }

    /// What to do with this request: all delays that fit it, and the first other order that does.
    ///
    /// Each order that fits counts the request, whether or not an earlier one strikes, so that "the third one" means the same
    /// thing whatever else is ordered. Only an order that strikes is used up.
    pub(super) fn sentence(&self, operation: &str, intent: Intent) -> Sentence {
        let mut sentence = Sentence { delay: Duration::ZERO, act: None };
        self.orders().retain_mut(|order| {
            if !order.target.matches(operation, intent) {
                return true;
            }
            if order.skip > 0 {
                order.skip -= 1;
                return true;
            }
            match order.act {
                Act::Delay { millis } => sentence.delay += Duration::from_millis(millis),
                _ if sentence.act.is_some() => return true,
                _ => sentence.act = Some(order.act.clone()),
            }
            order.times = order.times.map(|times| times - 1);
            order.times != Some(0)
        });
        sentence
    }

    /// A receiver that changes with the next release.
    pub(super) fn releases(&self) -> watch::Receiver<u64> {
        self.0.releases.subscribe()
    }

    fn orders(&self) -> MutexGuard<'_, VecDeque<Order>> {
        self.0.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(troubles: &Troubles, operation: &str, intent: Intent) -> Option<Act> {
        troubles.sentence(operation, intent).act
    }

    #[test]
    fn orders_strike_what_they_name_as_often_as_they_say() {
        let troubles = Troubles::default();
        troubles.place(Order::next_of("create", Act::LoseAnswer).times(2));
        assert_eq!(struck(&troubles, "list", Intent::Read), None);
        assert_eq!(struck(&troubles, "create", Intent::Write), Some(Act::LoseAnswer));
        assert_eq!(struck(&troubles, "create", Intent::Write), Some(Act::LoseAnswer));
        assert_eq!(struck(&troubles, "create", Intent::Write), None);
        assert_eq!(troubles.waiting(), []);
    }

    #[test]
    fn orders_strike_in_turn_after_those_they_let_pass() {
        let troubles = Troubles::default();
        troubles.place(Order::next(Target::Writes, Act::CutBefore).after(1));
        troubles.place(Order::next(Target::Any, Act::Garbage));
        assert_eq!(struck(&troubles, "create", Intent::Write), Some(Act::Garbage));
        assert_eq!(struck(&troubles, "list", Intent::Read), None);
        assert_eq!(struck(&troubles, "update", Intent::Write), Some(Act::CutBefore));
    }

    #[test]
    fn delays_add_to_another_order_and_standing_orders_stay_until_cleared() {
        let troubles = Troubles::default();
        troubles.place(Order::every(Target::Any, Act::Delay { millis: 5 }));
        troubles.place(Order::every(Target::Reads, Act::Truncate));
        for _ in 0..3 {
            let sentence = troubles.sentence("list", Intent::Read);
            assert_eq!((sentence.delay, sentence.act), (Duration::from_millis(5), Some(Act::Truncate)));
        }
        troubles.clear();
        assert_eq!(struck(&troubles, "list", Intent::Read), None);
    }

    #[test]
    fn an_order_for_no_request_is_none() {
        let troubles = Troubles::default();
        troubles.place(Order::next(Target::Any, Act::Hold).times(0));
        assert_eq!(troubles.waiting(), []);
    }
}
