//! Every request that a simulator got, in order: what tests assert on, and what people look at.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

/// Entries kept. Older ones go, a tenth at a time, so that a simulator left running does not eat the machine's memory.
const KEPT: usize = 50_000;

/// Whether the vendor's contract says that an operation changes something. Verbs do not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Intent {
    /// Looks only.
    Read,
    /// Changes something, or might.
    Write,
}

/// How far an exchange got. Only the last five are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// Being served.
    Underway,
    /// Waiting before it is served, by order or by the simulator's latency.
    Delayed,
    /// Served, and the answer held back by order.
    Held,
    /// The vendor's own answer went out.
    Answered,
    /// By order, another answer went out and the vendor did nothing.
    Replaced,
    /// By order, served, and its answer spoilt (garbage, or cut in the middle).
    Spoilt,
    /// The connection was cut: [`Entry::performed`] tells whether the vendor did something before.
    Cut,
    /// The caller hung up before the answer was ready.
    CallerGone,
}

impl Outcome {
    /// Whether nothing more will happen to the exchange.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Underway | Self::Delayed | Self::Held)
    }
}

/// One request and what became of it. Free of secrets.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Counts from 1 over the simulator's life.
    pub seq: u64,
    /// When it arrived.
    pub at: Timestamp,
    /// The HTTP method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query, decoded, with secrets masked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<(String, String)>,
    /// The vendor's operation, or the simulator's word for a request that is none.
    pub operation: &'static str,
    /// Read or write, as the contract says.
    pub intent: Intent,
    /// The body with secrets masked: JSON as it is, a form as an object, anything else described by a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// How far it got.
    pub outcome: Outcome,
    /// Whether the vendor did what was asked. Stays true when the answer is lost afterwards.
    pub performed: bool,
    /// The HTTP status that went out, or would have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The vendor's own code, which can differ from the HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The vendor's message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The requests of one simulator. Clones share it.
#[derive(Clone)]
pub struct Journal(Arc<watch::Sender<Book>>);

#[derive(Default)]
struct Book {
    entries: Vec<Entry>,
    counts: BTreeMap<&'static str, u64>,
    last: u64,
}

impl Default for Journal {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Book::default())))
    }
}

impl Journal {
    /// All requests, oldest first.
    pub fn all(&self) -> Vec<Entry> {
        self.select(|_| true)
    }

    /// Those that the contract calls writes, oldest first.
    pub fn writes(&self) -> Vec<Entry> {
        self.select(|entry| entry.intent == Intent::Write)
    }

    /// Those of one operation, oldest first.
    pub fn of(&self, operation: &str) -> Vec<Entry> {
        self.select(|entry| entry.operation == operation)
    }

    /// Those after the one numbered `seq`, oldest first.
    pub fn since(&self, seq: u64) -> Vec<Entry> {
        self.select(|entry| entry.seq > seq)
    }

    /// Those that `wanted` takes, oldest first.
    pub fn select(&self, wanted: impl FnMut(&&Entry) -> bool) -> Vec<Entry> {
        self.0.borrow().entries.iter().filter(wanted).cloned().collect()
    }

    /// The number of the latest request; 0 before the first. A mark for [`Journal::since`].
    pub fn last(&self) -> u64 {
        self.0.borrow().last
    }

    /// How many requests each operation got, over the simulator's life.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.0.borrow().counts.clone()
    }

    /// How many requests one operation got, over the simulator's life.
    pub fn count(&self, operation: &str) -> u64 {
        self.0.borrow().counts.get(operation).copied().unwrap_or(0)
    }

    /// How many requests of one operation did what they asked for.
    pub fn performed(&self, operation: &str) -> usize {
        self.0.borrow().entries.iter().filter(|entry| entry.performed && entry.operation == operation).count()
    }

    /// Waits until `enough` holds of the requests so far, and returns them. Looks again at each change, never by the clock.
    ///
    /// `enough` must not use this journal: it runs while the journal is locked.
    pub async fn wait_for(&self, mut enough: impl FnMut(&[Entry]) -> bool) -> Vec<Entry> {
        let mut changes = self.0.subscribe();
        // The sender lives in `self`, so waiting can only end with success.
        match changes.wait_for(|book| enough(&book.entries)).await {
            Ok(book) => book.entries.clone(),
            Err(_) => self.all(),
        }
    }

    /// Waits until a request of `operation` is at `outcome`, and returns the first such one.
    pub async fn wait_until(&self, operation: &str, outcome: Outcome) -> Option<Entry> {
        let wanted = |entry: &Entry| entry.operation == operation && entry.outcome == outcome;
        self.wait_for(|entries| entries.iter().any(wanted)).await.into_iter().find(wanted)
    }

    /// Takes up a request; its number is given by the journal.
    pub(super) fn begin(&self, mut entry: Entry) -> u64 {
        let mut seq = 0;
        self.0.send_modify(|book| {
            book.last += 1;
            seq = book.last;
            entry.seq = seq;
            *book.counts.entry(entry.operation).or_default() += 1;
            if book.entries.len() >= KEPT {
                book.entries.drain(..KEPT / 10);
            }
            book.entries.push(entry);
        });
        seq
    }

    /// Changes what is known of a request; nothing happens when it was dropped already.
    pub(super) fn update(&self, seq: u64, change: impl FnOnce(&mut Entry)) {
        self.0.send_modify(|book| {
            if let Ok(place) = book.entries.binary_search_by_key(&seq, |entry| entry.seq) {
                change(&mut book.entries[place]);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(operation: &'static str, intent: Intent) -> Entry {
        Entry {
            seq: 0,
            at: Timestamp::UNIX_EPOCH,
            method: "POST".into(),
            path: "/".into(),
            query: Vec::new(),
            operation,
            intent,
            body: None,
            outcome: Outcome::Underway,
            performed: false,
            status: None,
            code: None,
            note: None,
        }
    }

    #[test]
    fn counts_and_selects() {
        let journal = Journal::default();
        let first = journal.begin(entry("list", Intent::Read));
        let second = journal.begin(entry("create", Intent::Write));
        journal.update(second, |entry| entry.performed = true);
        assert_eq!((first, second, journal.last()), (1, 2, 2));
        assert_eq!(journal.writes().len(), 1);
        assert_eq!(journal.since(first), journal.of("create"));
        assert_eq!((journal.count("list"), journal.count("nothing")), (1, 0));
        assert_eq!((journal.performed("create"), journal.performed("list")), (1, 0));
        assert_eq!(journal.counts().len(), 2);
    }

    #[test]
    fn forgets_the_oldest_but_not_their_number() {
        let journal = Journal::default();
        for _ in 0..=KEPT {
            journal.begin(entry("list", Intent::Read));
        }
        assert_eq!(journal.all().len(), KEPT - KEPT / 10 + 1);
        assert_eq!(journal.count("list"), KEPT as u64 + 1);
        journal.update(1, |_| panic!("the first entry is gone"));
        journal.update(journal.last(), |entry| entry.outcome = Outcome::Answered);
        assert_eq!(journal.all().last().map(|entry| entry.outcome), Some(Outcome::Answered));
    }

    #[tokio::test]
    async fn waiting_ends_with_the_change_that_satisfies_it() {
        let journal = Journal::default();
        let seq = journal.begin(entry("create", Intent::Write));
        let (found, ()) = tokio::join!(journal.wait_until("create", Outcome::Held), async {
            journal.begin(entry("list", Intent::Read));
            journal.update(seq, |entry| entry.outcome = Outcome::Held);
        });
        assert_eq!(found.map(|entry| entry.seq), Some(seq));
    }
}
