//! Progress: how far a call has come, and when it has taken too long.
//!
//! A call that carries what fits into memory has a deadline. One that streams has none that fits every size: it ends when nothing has
//! moved for a while, and after a very long time in any case; once all of it has left, the answer has the usual deadline.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::transport::Bounds;

/// The progress of one call. Clones share it.
#[derive(Clone)]
pub(crate) struct Progress(Arc<Mutex<State>>);

struct State {
    /// For an answer, once the call has left.
    answer: Duration,
    /// For anything to move in a stream.
    stall: Duration,
    /// The end in any case.
    last: Instant,
    ends: Instant,
    /// Why it ends then.
    reason: String,
    may_have_arrived: bool,
}

impl Progress {
    /// A call that begins now, and whose answer may take `answer`.
    pub(crate) fn begin(bounds: &Bounds, answer: Duration) -> Self {
        let now = Instant::now();
        Self(Arc::new(Mutex::new(State {
            answer,
            stall: bounds.stall,
            last: now + bounds.transfer,
            ends: now + answer,
            reason: late(answer),
            may_have_arrived: true,
        })))
    }

    /// Content is about to be sent, from its beginning.
    pub(crate) fn sends(&self) {
        self.change(|state| state.may_have_arrived = false);
        self.moved();
    }

    /// Some of a stream has moved.
    pub(crate) fn moved(&self) {
        self.change(|state| state.end_in(state.stall, format!("nothing has moved for {} s", state.stall.as_secs())));
    }

    /// All content has been handed to the connection.
    pub(crate) fn all_sent(&self) {
        self.change(|state| {
            state.may_have_arrived = true;
            state.end_in(state.answer, late(state.answer));
        });
    }

    /// An answer has begun to arrive.
    pub(crate) fn answered(&self) {
        self.change(|state| state.may_have_arrived = true);
    }

    /// Whether the vendor may have all of the call. What it has a part of it cannot carry out: the length was announced.
    pub(crate) fn may_have_arrived(&self) -> bool {
        self.change(|state| state.may_have_arrived)
    }

    /// Waits until the call has taken too long, and says why.
    pub(crate) async fn too_long(&self) -> String {
        loop {
            let (ends, reason) = self.change(|state| (state.ends, state.reason.clone()));
            if ends <= Instant::now() {
                return reason;
            }
            sleep_until(ends).await;
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn end_in(&mut self, pause: Duration, reason: String) {
        self.ends = Instant::now() + pause;
        self.reason = reason;
        if self.last < self.ends {
            self.ends = self.last;
            self.reason = "it goes on for too long".to_owned();
        }
    }
}

fn late(answer: Duration) -> String {
    format!("no complete answer within {} s", answer.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds() -> Bounds {
        let seconds = Duration::from_secs;
        Bounds { stall: seconds(10), transfer: seconds(100), ..Bounds::default() }
    }

    async fn step(progress: &Progress, seconds: u64) {
        let ended = tokio::time::timeout(Duration::from_secs(seconds), progress.too_long()).await;
        assert_eq!(ended.ok(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_does_not_stream_ends_at_its_deadline() {
        let begun = Instant::now();
        let progress = Progress::begin(&bounds(), Duration::from_secs(30));
        assert_eq!(progress.too_long().await, "no complete answer within 30 s");
        assert_eq!(begun.elapsed(), Duration::from_secs(30));
        assert!(progress.may_have_arrived());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_may_take_long_while_it_moves() {
        let progress = Progress::begin(&bounds(), Duration::from_secs(30));
        progress.sends();
        for _ in 0..6 {
            step(&progress, 9).await;
            progress.moved();
        }
        assert!(!progress.may_have_arrived());
        progress.all_sent();
        step(&progress, 29).await;
        assert_eq!(progress.too_long().await, "no complete answer within 30 s");
        progress.sends();
        assert_eq!(progress.too_long().await, "nothing has moved for 10 s");
        assert!(!progress.may_have_arrived());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_drips_ends_as_well() {
        let begun = Instant::now();
        let progress = Progress::begin(&bounds(), Duration::from_secs(30));
        while begun.elapsed() < Duration::from_secs(91) {
            progress.moved();
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        progress.moved();
        assert_eq!(progress.too_long().await, "it goes on for too long");
        assert_eq!(begun.elapsed(), Duration::from_secs(100));
    }
}
