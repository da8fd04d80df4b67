//! Line: a number of places, and who of those that wait has the next one.
//!
//! Whoever waits is served by rank ([`urgency`]), those of one rank in the order in which they came; every eighth turn is that of whoever
//! waits longest, so that nobody starves. Only the one whose turn it is is woken, and only that one watches the clock.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::urgency;

/// Every so many turns, the one that waits longest has it.
const OLDEST: u64 = 8;

/// A rank and the number of an arrival.
type Ticket = (u8, u64);

/// The places and those that wait for them.
pub struct Line(Mutex<State>);

struct State {
    free: u32,
    came: u64,
    served: u64,
    /// By rank, then by arrival; with the way to wake each.
    waiting: BTreeMap<Ticket, Arc<Notify>>,
}

/// One of the places; dropping it makes it free again.
pub struct Place<'a>(&'a Line);

/// Somebody who waits; dropping it leaves the line.
struct Stand<'a> {
    line: &'a Line,
    ticket: Ticket,
    called: Arc<Notify>,
}

/// What somebody who waits has to do next.
enum Turn {
    Served,
    /// It is their turn, but not before then.
    At(Instant),
    NotYet,
}

impl Line {
    /// A line for so many places, all of them free.
    pub fn new(places: u32) -> Self {
        Self(Mutex::new(State { free: places, came: 0, served: 0, waiting: BTreeMap::new() }))
    }

    /// A place, once it is the turn of the running task by its rank. Whoever has the turn asks `pace`, which takes note of a yes, and says
    /// when to ask again otherwise.
    pub async fn place(&self, pace: impl Fn() -> Result<(), Instant>) -> Place<'_> {
        let stand = self.stand(urgency::rank());
        loop {
            match stand.turn(&pace) {
                Turn::Served => return Place(self),
                Turn::At(at) => {
                    // Somebody of a higher rank may come meanwhile.
                    let _ = timeout_at(at, stand.called.notified()).await;
                }
                Turn::NotYet => stand.called.notified().await,
            }
        }
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.state().waiting.len()
    }

    fn stand(&self, rank: u8) -> Stand<'_> {
        let mut state = self.state();
        state.came += 1;
        let (ticket, called) = ((rank, state.came), Arc::new(Notify::new()));
        state.waiting.insert(ticket, called.clone());
        Stand { line: self, ticket, called }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next(&self) -> Option<Ticket> {
        if self.served % OLDEST == OLDEST - 1 {
            self.waiting.keys().min_by_key(|(_, came)| *came).copied()
        } else {
            self.waiting.keys().next().copied()
        }
    }

    /// Tells the one whose turn it is now. A call is kept for one who does not listen yet.
    fn call_next(&self) {
        if self.free > 0
            && let Some(called) = self.next().and_then(|ticket| self.waiting.get(&ticket))
        {
            called.notify_one();
        }
    }
}

impl Stand<'_> {
    fn turn(&self, pace: impl Fn() -> Result<(), Instant>) -> Turn {
        let mut state = self.line.state();
        if state.free == 0 || state.next() != Some(self.ticket) {
            return Turn::NotYet;
        }
        if let Err(at) = pace() {
            return Turn::At(at);
        }
        state.free -= 1;
        state.served += 1;
        Turn::Served
    }
}

impl Drop for Stand<'_> {
    fn drop(&mut self) {
        let mut state = self.line.state();
        state.waiting.remove(&self.ticket);
        state.call_next();
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.free += 1;
        state.call_next();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_place_that_comes_free_is_given_on_though_the_one_called_gives_up() {
        let line = Arc::new(Line::new(1));
        let first = line.place(|| Ok(())).await;
        let wait = |rank| {
            let line = line.clone();
            tokio::spawn(urgency::within(rank, async move { drop(line.place(|| Ok(())).await) }))
        };
        let (urgent, patient) = (wait(0), wait(3));
        while line.waiting() < 2 {
            tokio::task::yield_now().await;
        }
        drop(first);
        // It has been called, and has not run since.
        urgent.abort();
        assert!(patient.await.is_ok());
        assert_eq!(line.waiting(), 0);
    }

    #[tokio::test]
    async fn all_are_served_when_places_come_free_together() {
        let line = Arc::new(Line::new(3));
        let places = [line.place(|| Ok(())).await, line.place(|| Ok(())).await, line.place(|| Ok(())).await];
        let waiting: Vec<_> = (0..20)
            .map(|rank| {
                let line = line.clone();
                tokio::spawn(urgency::within(rank % 4, async move { drop(line.place(|| Ok(())).await) }))
            })
            .collect();
        while line.waiting() < 20 {
            tokio::task::yield_now().await;
        }
        drop(places);
        for one in waiting {
            one.await.unwrap();
        }
    }
}
