//! The work queue: which object is looked at next. Pure; the clock is an argument.
//!
//! - *Lanes*: a person's edit goes before an object never synced, that before a retry, that before a resync. Every [`OLDEST`]th turn goes
//!   to whoever waits longest, whatever its lane, so nothing starves and a backlog, however old, does not hold up an edit.
//! - *Fairness*: tenants (AdminApis) that have work of equal rank take turns, and each has a limit of its own on what runs at once.
//! - *Never two at once*: an object that is asked for while it runs is queued again when it is done.
//!
//! Correctness never depends on the order in which things come out.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

/// Every so many turns, the one that waits longest has it.
pub const OLDEST: u64 = 8;

/// Why an object is looked at. Earlier lanes go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Somebody changed it, or something that it depends on.
    Edit,
    /// It was never synced.
    First,
    /// The last look failed.
    Retry,
    /// It is time to look again.
    Resync,
}

impl Lane {
    /// Every lane, first to last.
    pub const ALL: [Self; 4] = [Self::Edit, Self::First, Self::Retry, Self::Resync];

    /// The metric label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Edit => "edit",
            Self::First => "first",
            Self::Retry => "retry",
            Self::Resync => "resync",
        }
    }
}

/// One object in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Item {
    /// The kind, such as `TenantAccount`.
    pub kind: &'static str,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

/// Whose share of the work an item counts to: an AdminApi's namespace and name, or nobody's.
pub type Tenant = Option<(Arc<str>, Arc<str>)>;

enum Place {
    Ready { seq: u64, lane: Lane },
    Delayed { at: Instant, seq: u64, lane: Lane },
    Running { again: Option<Lane>, later: Option<(Instant, Lane)> },
}

struct Waiting {
    item: Item,
    seq: u64,
    since: Instant,
}

#[derive(Default)]
struct Share {
    lanes: [VecDeque<Waiting>; 4],
    running: usize,
    limit: Option<usize>,
}

/// The queue itself.
pub struct Queue {
    places: HashMap<Item, (Tenant, Place)>,
    shares: HashMap<Tenant, Share>,
    turns: VecDeque<Tenant>,
    delayed: BTreeMap<(Instant, u64), Item>,
    seq: u64,
    running: usize,
    taken: u64,
    limit: usize,
    limit_per_tenant: usize,
}

impl Queue {
    /// An empty queue that lets `limit` items run at once, and `limit_per_tenant` of one tenant unless it has a limit of its own.
    pub fn new(limit: usize, limit_per_tenant: usize) -> Self {
        Self {
            places: HashMap::new(),
            shares: HashMap::new(),
            turns: VecDeque::new(),
            delayed: BTreeMap::new(),
            seq: 0,
            running: 0,
            taken: 0,
            limit,
            limit_per_tenant,
        }
    }

    /// Gives a tenant a limit of its own.
    pub fn set_limit(&mut self, tenant: &Tenant, limit: usize) {
        self.share(tenant).limit = Some(limit);
    }

    /// Forgets a tenant's own limit, and the tenant if it has no work.
    pub fn drop_limit(&mut self, tenant: &Tenant) {
        if let Some(share) = self.shares.get_mut(tenant) {
            share.limit = None;
        }
        self.drop_idle(tenant);
    }

    fn drop_idle(&mut self, tenant: &Tenant) {
        let idle =
            |share: &Share| share.running == 0 && share.limit.is_none() && share.lanes.iter().all(VecDeque::is_empty);
        if self.shares.get(tenant).is_some_and(idle) {
            self.shares.remove(tenant);
            self.turns.retain(|other| other != tenant);
        }
    }

    /// Asks for `item` now. It keeps its place if it waits in this lane or an earlier one already; a pause that it keeps after a failure
    /// is not cut short by a resync.
    pub fn add(&mut self, item: Item, tenant: Tenant, lane: Lane, now: Instant) {
        match self.places.get_mut(&item) {
            Some((_, Place::Running { again, .. })) => *again = Some(again.map_or(lane, |other| other.min(lane))),
            Some((_, Place::Ready { lane: present, .. })) if *present <= lane => {}
            Some((_, Place::Delayed { .. })) if lane == Lane::Resync => {}
            Some((_, Place::Delayed { at, seq, lane: present })) => {
                let (key, lane) = ((*at, *seq), lane.min(*present));
                self.delayed.remove(&key);
                self.make_ready(item, tenant, lane, now);
            }
            _ => self.make_ready(item, tenant, lane, now),
        }
    }

    /// Asks for `item` at `at`, unless it is asked for sooner already.
    pub fn add_at(&mut self, item: Item, tenant: Tenant, lane: Lane, at: Instant) {
        match self.places.get_mut(&item) {
            Some((_, Place::Ready { .. })) => {}
            Some((_, Place::Running { later, .. })) => {
                *later = Some(later.map_or((at, lane), |other| if other.0 <= at { other } else { (at, lane) }));
            }
            Some((_, Place::Delayed { at: present, .. })) if *present <= at => {}
            Some((_, Place::Delayed { at: present, seq, .. })) => {
                let key = (*present, *seq);
                self.delayed.remove(&key);
                self.make_delayed(item, tenant, lane, at);
            }
            None => self.make_delayed(item, tenant, lane, at),
        }
    }

    /// Whether an item waits for a certain time.
    pub fn pauses(&self, item: &Item) -> bool {
        matches!(self.places.get(item), Some((_, Place::Delayed { .. })))
    }

    /// Forgets an item that no longer exists; if it runs, it will not run again.
    pub fn forget(&mut self, item: &Item) {
        match self.places.get_mut(item) {
            Some((_, Place::Running { again, later })) => (*again, *later) = (None, None),
            Some((_, Place::Delayed { at, seq, .. })) => {
                let key = (*at, *seq);
                self.delayed.remove(&key);
                self.places.remove(item);
            }
            // Its entry in the lane is skipped when its turn comes.
            Some((_, Place::Ready { .. })) => drop(self.places.remove(item)),
            None => {}
        }
    }

    /// The next item to look at, with its lane and how long it waited. It counts as running until [`Queue::done`].
    pub fn take(&mut self, now: Instant) -> Option<(Item, Lane, Duration)> {
        while let Some(entry) = self.delayed.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let item = entry.remove();
            if let Some((tenant, Place::Delayed { lane, .. })) = self.places.remove(&item) {
                self.make_ready(item, tenant, lane, now);
            }
        }
        if self.running >= self.limit {
            return None;
        }
        let oldest = self.taken % OLDEST == OLDEST - 1;
        let (turn, lane) = self.best(now, oldest)?;
        self.taken += 1;
        let tenant = self.turns.remove(turn)?;
        self.turns.push_back(tenant.clone());
        let share = self.share(&tenant);
        let waiting = share.lanes[lane as usize].pop_front()?;
        share.running += 1;
        self.running += 1;
        self.places.insert(waiting.item.clone(), (tenant, Place::Running { again: None, later: None }));
        Some((waiting.item, lane, now.saturating_duration_since(waiting.since)))
    }

    /// Says that a taken item is done with; if it was asked for meanwhile, it waits again.
    pub fn done(&mut self, item: &Item, now: Instant) {
        if !matches!(self.places.get(item), Some((_, Place::Running { .. }))) {
            return;
        }
        let Some((tenant, Place::Running { again, later })) = self.places.remove(item) else { return };
        self.running -= 1;
        self.share(&tenant).running -= 1;
        match (again, later) {
            (Some(lane), _) => self.make_ready(item.clone(), tenant, lane, now),
            (None, Some((at, lane))) => self.make_delayed(item.clone(), tenant, lane, at),
            (None, None) => self.drop_idle(&tenant),
        }
    }

    /// When a delayed item becomes ready next.
    pub fn next_wake(&self) -> Option<Instant> {
        self.delayed.keys().next().map(|(at, _)| *at)
    }

    /// How many items wait in a lane. (Skipped entries count until their turn.)
    pub fn depth(&self, lane: Lane) -> usize {
        self.shares.values().map(|share| share.lanes[lane as usize].len()).sum()
    }

    /// How many items run.
    pub fn running(&self) -> usize {
        self.running
    }

    fn share(&mut self, tenant: &Tenant) -> &mut Share {
        if !self.shares.contains_key(tenant) {
            self.turns.push_back(tenant.clone());
        }
        self.shares.entry(tenant.clone()).or_default()
    }

    fn make_ready(&mut self, item: Item, tenant: Tenant, lane: Lane, now: Instant) {
        self.seq += 1;
        let seq = self.seq;
        self.share(&tenant).lanes[lane as usize].push_back(Waiting { item: item.clone(), seq, since: now });
        self.places.insert(item, (tenant, Place::Ready { seq, lane }));
    }

    fn make_delayed(&mut self, item: Item, tenant: Tenant, lane: Lane, at: Instant) {
        self.seq += 1;
        let seq = self.seq;
        self.delayed.insert((at, seq), item.clone());
        self.places.insert(item, (tenant, Place::Delayed { at, seq, lane }));
    }

    /// The position in `turns` of the tenant to serve, and the lane to serve it from: by lane, or by age if `oldest`.
    fn best(&mut self, now: Instant, oldest: bool) -> Option<(usize, Lane)> {
        let mut best: Option<(Duration, usize, Lane)> = None;
        for (turn, tenant) in self.turns.iter().enumerate() {
            let Some(share) = self.shares.get_mut(tenant) else { continue };
            if share.running >= share.limit.unwrap_or(self.limit_per_tenant) {
                continue;
            }
            for lane in Lane::ALL {
                let waiting = &mut share.lanes[lane as usize];
                while let Some(head) = waiting.front() {
                    match self.places.get(&head.item) {
                        Some((_, Place::Ready { seq, .. })) if *seq == head.seq => break,
                        _ => drop(waiting.pop_front()),
                    }
                }
                let Some(head) = waiting.front() else { continue };
                let age = now.saturating_duration_since(head.since);
                // Tenants of equal rank take turns: the first in the row stays the best.
                let better =
                    |(most, _, first): &(Duration, usize, Lane)| if oldest { age > *most } else { lane < *first };
                if best.as_ref().is_none_or(better) {
                    best = Some((age, turn, lane));
                }
            }
        }
        best.map(|(_, turn, lane)| (turn, lane))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str) -> Item {
        Item { kind: "T", namespace: "ns".into(), name: name.into() }
    }

    fn tenant(name: &str) -> Tenant {
        Some(("ns".into(), name.into()))
    }

    fn order(queue: &mut Queue, now: Instant) -> Vec<String> {
        let mut order = Vec::new();
        while let Some((item, ..)) = queue.take(now) {
            order.push(item.name.to_string());
            queue.done(&item, now);
        }
        order
    }

    #[test]
    fn edits_go_first_and_within_a_lane_the_first_come() {
        let (now, mut queue) = (Instant::now(), Queue::new(9, 9));
        for (name, lane) in [("r1", Lane::Resync), ("r2", Lane::Resync), ("n", Lane::First), ("e", Lane::Edit)] {
            queue.add(item(name), None, lane, now);
        }
        assert_eq!(order(&mut queue, now), ["e", "n", "r1", "r2"]);
    }

    #[test]
    fn one_item_never_runs_twice_at_once_and_is_not_lost() {
        let (now, mut queue) = (Instant::now(), Queue::new(9, 9));
        queue.add(item("a"), None, Lane::Resync, now);
        let (taken, ..) = queue.take(now).expect("a");
        queue.add(item("a"), None, Lane::Edit, now);
        assert!(queue.take(now).is_none());
        queue.done(&taken, now);
        assert_eq!(
            queue.take(now).map(|(item, lane, _)| (item.name.to_string(), lane)),
            Some(("a".into(), Lane::Edit))
        );
    }

    #[test]
    fn moving_up_a_lane_leaves_no_second_entry() {
        let (now, mut queue) = (Instant::now(), Queue::new(9, 9));
        queue.add(item("a"), None, Lane::Resync, now);
        queue.add(item("a"), None, Lane::Edit, now);
        assert_eq!(order(&mut queue, now), ["a"]);
    }

    #[test]
    fn tenants_take_turns_and_keep_to_their_limits() {
        let (now, mut queue) = (Instant::now(), Queue::new(9, 2));
        for name in ["a1", "a2", "a3"] {
            queue.add(item(name), tenant("a"), Lane::Resync, now);
        }
        queue.add(item("b1"), tenant("b"), Lane::Resync, now);
        let names: Vec<_> = std::iter::from_fn(|| queue.take(now)).map(|(item, ..)| item.name.to_string()).collect();
        assert_eq!(names, ["a1", "b1", "a2"]);
        queue.done(&item("a1"), now);
        assert_eq!(queue.take(now).map(|(item, ..)| item.name.to_string()), Some("a3".into()));
    }

    #[test]
    fn a_backlog_holds_up_no_edit_and_does_not_starve() {
        let (start, mut queue) = (Instant::now(), Queue::new(1, 1));
        for i in 0..100 {
            queue.add(item(&format!("resync-{i}")), None, Lane::Resync, start);
        }
        let (mut edits, mut resyncs) = (0, 0);
        for second in 1..=80 {
            let now = start + Duration::from_secs(second);
            queue.add(item(&format!("edit-{second}")), None, Lane::Edit, now);
            let (taken, lane, _) = queue.take(now).expect("work");
            if lane == Lane::Edit {
                edits += 1;
            } else {
                resyncs += 1;
            }
            queue.done(&taken, now);
        }
        assert_eq!((edits, resyncs), (70, 10));
    }

    #[test]
    fn a_resync_does_not_cut_a_pause_short() {
        let (now, mut queue) = (Instant::now(), Queue::new(9, 9));
        queue.add_at(item("a"), None, Lane::Retry, now + Duration::from_secs(60));
        queue.add(item("a"), None, Lane::Resync, now);
        assert!(queue.take(now).is_none());
        queue.add(item("a"), None, Lane::Retry, now);
        assert!(queue.take(now).is_some());
    }

    #[test]
    fn a_tenant_without_work_or_limit_is_forgotten() {
        let (now, mut queue) = (Instant::now(), Queue::new(9, 9));
        queue.set_limit(&tenant("a"), 3);
        queue.add(item("a1"), tenant("a"), Lane::Edit, now);
        let (taken, ..) = queue.take(now).expect("a1");
        queue.done(&taken, now);
        assert_eq!(queue.turns.len(), 1);
        queue.drop_limit(&tenant("a"));
        assert!(queue.turns.is_empty() && queue.shares.is_empty());
    }

    #[test]
    fn delays_end_and_the_sooner_wish_wins() {
        let (now, mut queue) = (Instant::now(), Queue::new(9, 9));
        let soon = now + Duration::from_secs(1);
        queue.add_at(item("a"), None, Lane::Retry, now + Duration::from_secs(60));
        queue.add_at(item("a"), None, Lane::Retry, soon);
        assert_eq!(queue.next_wake(), Some(soon));
        assert!(queue.take(now).is_none());
        queue.add(item("a"), None, Lane::Edit, now);
        assert_eq!(queue.next_wake(), None);
        assert_eq!(order(&mut queue, now), ["a"]);
    }

    #[test]
    fn a_forgotten_item_does_not_come_back() {
        let (now, mut queue) = (Instant::now(), Queue::new(9, 9));
        queue.add(item("a"), None, Lane::Edit, now);
        queue.add_at(item("b"), None, Lane::Retry, now);
        queue.forget(&item("a"));
        queue.forget(&item("b"));
        assert!(queue.take(now).is_none());
        assert_eq!(queue.running(), 0);
    }
}
