//! Share: what one tenant has waiting, in two orders: by lane with namespaces in turn, and by age.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;

use super::{Item, Lane};

/// An item that waits for its turn.
pub(super) struct Waiting {
    pub(super) item: Item,
    pub(super) lane: Lane,
    pub(super) since: Instant,
    /// How many turns there had been when it came.
    pub(super) came: u64,
}

/// What one tenant has waiting and running.
#[derive(Default)]
pub(super) struct Share {
    /// By age: the number under which it came.
    waiting: BTreeMap<u64, Waiting>,
    lanes: [Rota; Lane::ALL.len()],
    pub(super) running: usize,
    pub(super) limit: Option<usize>,
    /// The turn in which it was served last.
    pub(super) served: u64,
    /// As what the queue has it in its orders.
    pub(super) indexed: Option<Standing>,
}

/// How a share stands among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) oldest: u64,
    pub(super) served: u64,
    /// In which lanes somebody waits.
    pub(super) lanes: [bool; Lane::ALL.len()],
}

/// One lane: a row for each namespace, and whose turn it is. Rows keep the numbers of those that left otherwise; they are passed over.
#[derive(Default)]
struct Rota {
    rows: HashMap<Arc<str>, VecDeque<u64>>,
    turns: VecDeque<Arc<str>>,
    waiting: usize,
}

impl Share {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn depth(&self, lane: Lane) -> usize {
        self.lanes[lane as usize].waiting
    }

    pub(super) fn oldest(&self) -> Option<&Waiting> {
        self.waiting.first_key_value().map(|(_, waiting)| waiting)
    }

    /// None when nothing waits.
    pub(super) fn standing(&self) -> Option<Standing> {
        let (oldest, _) = self.waiting.first_key_value()?;
        let lanes = Lane::ALL.map(|lane| self.depth(lane) > 0);
        Some(Standing { oldest: *oldest, served: self.served, lanes })
    }

    pub(super) fn push(&mut self, seq: u64, waiting: Waiting) {
        self.lanes[waiting.lane as usize].push(seq, &waiting.item.namespace);
        self.waiting.insert(seq, waiting);
    }

    /// Counts how long they wait from `now` on; their order stays.
    pub(super) fn restart_waits(&mut self, now: Instant) {
        self.waiting.values_mut().for_each(|waiting| waiting.since = now);
    }

    /// Moves one that waits to another lane; its age stays.
    pub(super) fn promote(&mut self, seq: u64, lane: Lane) {
        if let Some(waiting) = self.waiting.get_mut(&seq) {
            self.lanes[waiting.lane as usize].left();
            waiting.lane = lane;
            self.lanes[lane as usize].push(seq, &waiting.item.namespace);
        }
    }

    pub(super) fn remove(&mut self, seq: u64) -> Option<Waiting> {
        let waiting = self.waiting.remove(&seq)?;
        self.lanes[waiting.lane as usize].left();
        Some(waiting)
    }

    pub(super) fn pop_oldest(&mut self) -> Option<Waiting> {
        let (seq, _) = self.waiting.first_key_value()?;
        self.remove(*seq)
    }

    /// The next one of a lane: that of the namespace whose turn it is.
    pub(super) fn pop(&mut self, lane: Lane) -> Option<Waiting> {
        let waiting = &self.waiting;
        let there = |seq: &u64| waiting.get(seq).is_some_and(|waiting| waiting.lane == lane);
        let seq = self.lanes[lane as usize].next(there)?;
        self.remove(seq)
    }
}

impl Rota {
    fn push(&mut self, seq: u64, namespace: &Arc<str>) {
        let row = self.rows.entry(namespace.clone()).or_insert_with(|| {
            self.turns.push_back(namespace.clone());
            VecDeque::new()
        });
        row.push_back(seq);
        self.waiting += 1;
    }

    /// Takes the number of the first that is still there.
    fn next(&mut self, there: impl Fn(&u64) -> bool) -> Option<u64> {
        while let Some(namespace) = self.turns.pop_front() {
            let Some(row) = self.rows.get_mut(&namespace) else { continue };
            let found = std::iter::from_fn(|| row.pop_front()).find(&there);
            if row.is_empty() {
                self.rows.remove(&namespace);
            } else {
                self.turns.push_back(namespace);
            }
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn left(&mut self) {
        self.waiting -= 1;
        if self.waiting == 0 {
            self.rows.clear();
            self.turns.clear();
        }
    }
}
