//! Progress: what is being listed and how many calls that took, on a terminal.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::base::access::{Call, Observer};

/// Between two words about how far it got.
const BEAT: Duration = Duration::from_millis(200);

/// Counts calls, and tells of them on a terminal.
pub struct Progress {
    terminal: bool,
    state: Mutex<State>,
}

struct State {
    what: String,
    calls: u64,
    told: Instant,
}

impl Progress {
    /// Nothing has happened yet.
    pub fn new() -> Self {
        let state = State { what: "connecting".to_owned(), calls: 0, told: Instant::now() };
        Self { terminal: std::io::stderr().is_terminal(), state: Mutex::new(state) }
    }

    /// What is done from now on.
    pub fn begin(&self, what: String) {
        let mut state = self.lock();
        state.what = what;
        self.tell(&mut state);
    }

    /// Takes its words off the terminal.
    pub fn end(&self) {
        if self.terminal {
            // With standard error gone there is nobody left to tell.
            drop(write!(std::io::stderr(), "\r\u{1b}[K"));
        }
    }

    fn tell(&self, state: &mut State) {
        state.told = Instant::now();
        if self.terminal {
            drop(write!(std::io::stderr(), "\r\u{1b}[K{} ({} calls)", state.what, state.calls));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Progress {
    fn finished(&self, _: &Call<'_>) {
        let mut state = self.lock();
        state.calls += 1;
        if state.told.elapsed() >= BEAT {
            self.tell(&mut state);
        }
    }
}
