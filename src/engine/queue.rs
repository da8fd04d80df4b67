//! The work queue: which object is looked at next. Pure; the clock is an argument, and each step costs the logarithm of what waits.
//!
//! - *Lanes*: a person's edit goes before an object never synced, that before a retry, that before a resync. One turn in [`OLDEST`] goes
//!   to whoever waits longest, whatever its lane, and a backlog does not hold up an edit.
//! - *Ageing*: one that has waited for more turns than it takes to serve all who wait is overdue; while there is such a one, only one turn in
//!   [`OLDEST`] goes by lane. So nobody waits for more than twice the turns that the whole queue takes, whatever else comes in.
//! - *Fairness*: tenants (AdminApis) that have work of equal rank take turns, each has a limit of its own on what runs at once, and within
//!   one the namespaces take turns.
//! - *Never two at once*: an object that is asked for while it runs is queued again when it is done.
//!
//! Correctness never depends on the order in which things come out.

mod share;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use share::{Share, Waiting};
use tokio::time::Instant;

/// One turn in so many is an exception: by age, or by lane while somebody is overdue.
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

/// How an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nobody asked for it.
    Idle,
    /// It waits for its turn, in this lane.
    Ready(Lane),
    /// It waits for a certain time.
    Delayed(Lane, Instant),
    /// It is being looked at.
    Running,
}

/// Who waits, and for how long.
#[derive(Debug, Default)]
pub struct Present {
    /// How many items wait in each lane.
    pub depths: [usize; Lane::ALL.len()],
    /// How many run.
    pub running: usize,
    /// Of each tenant, how many wait, and how long the one has that waits longest.
    pub shares: Vec<(Tenant, usize, Duration)>,
}

enum Place {
    Ready { seq: u64, lane: Lane },
    Delayed { at: Instant, seq: u64, lane: Lane },
    Running { again: Option<Lane>, later: Option<(Instant, Lane)> },
}

/// The queue itself.
pub struct Queue {
    places: HashMap<Item, (Tenant, Place)>,
    shares: HashMap<Tenant, Share>,
    /// For each lane, the tenants that may be served from it, by when they were served last.
    by_lane: [BTreeSet<(u64, Tenant)>; Lane::ALL.len()],
    /// The same tenants by what waits longest there.
    by_age: BTreeSet<(u64, Tenant)>,
    delayed: BTreeMap<(Instant, u64), Item>,
    seq: u64,
    ready: u64,
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
            by_lane: Default::default(),
            by_age: BTreeSet::new(),
            delayed: BTreeMap::new(),
            seq: 0,
            ready: 0,
            running: 0,
            taken: 0,
            limit,
            limit_per_tenant,
        }
    }

    /// Gives a tenant a limit of its own.
    pub fn set_limit(&mut self, tenant: &Tenant, limit: usize) {
        self.shares.entry(tenant.clone()).or_default().limit = Some(limit);
        self.index(tenant);
    }

    /// Forgets a tenant's own limit, and the tenant if it has no work.
    pub fn drop_limit(&mut self, tenant: &Tenant) {
        if let Some(share) = self.shares.get_mut(tenant) {
            share.limit = None;
        }
        self.index(tenant);
        self.drop_idle(tenant);
    }

    fn drop_idle(&mut self, tenant: &Tenant) {
        let idle = |share: &Share| share.running == 0 && share.limit.is_none() && share.is_empty();
        if self.shares.get(tenant).is_some_and(idle) {
            self.shares.remove(tenant);
        }
    }

    /// Asks for `item` now. It keeps its place if it waits in this lane or an earlier one already, and its age in any case; a pause that
    /// it keeps after a failure is not cut short by a resync.
    pub fn add(&mut self, item: Item, tenant: Tenant, lane: Lane, now: Instant) {
        match self.places.get_mut(&item) {
            Some((_, Place::Running { again, .. })) => *again = Some(again.map_or(lane, |other| other.min(lane))),
            Some((_, Place::Ready { lane: present, .. })) if *present <= lane => {}
            Some((tenant, Place::Ready { seq, lane: present })) => {
                *present = lane;
                let (tenant, seq) = (tenant.clone(), *seq);
                if let Some(share) = self.shares.get_mut(&tenant) {
                    share.promote(seq, lane);
                }
                self.index(&tenant);
            }
            Some((_, Place::Delayed { .. })) if lane == Lane::Resync => {}
            Some((_, Place::Delayed { at, seq, lane: present })) => {
                let (key, lane) = ((*at, *seq), lane.min(*present));
                self.delayed.remove(&key);
                self.make_ready(item, tenant, lane, now);
            }
            None => self.make_ready(item, tenant, lane, now),
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

    /// How an item stands.
    pub fn turn_of(&self, item: &Item) -> Turn {
        match self.places.get(item) {
            None => Turn::Idle,
            Some((_, Place::Ready { lane, .. })) => Turn::Ready(*lane),
            Some((_, Place::Delayed { at, lane, .. })) => Turn::Delayed(*lane, *at),
            Some((_, Place::Running { .. })) => Turn::Running,
        }
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
            Some((tenant, Place::Ready { seq, .. })) => {
                let (tenant, seq) = (tenant.clone(), *seq);
                self.places.remove(item);
                if self.shares.get_mut(&tenant).is_some_and(|share| share.remove(seq).is_some()) {
                    self.ready -= 1;
                }
                self.index(&tenant);
                self.drop_idle(&tenant);
            }
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
        let (tenant, lane) = self.turn()?;
        self.taken += 1;
        let share = self.shares.get_mut(&tenant)?;
        let waiting = match lane {
            Some(lane) => share.pop(lane),
            None => share.pop_oldest(),
        }?;
        share.running += 1;
        share.served = self.taken;
        self.running += 1;
        self.ready -= 1;
        self.index(&tenant);
        self.places.insert(waiting.item.clone(), (tenant, Place::Running { again: None, later: None }));
        Some((waiting.item, waiting.lane, now.saturating_duration_since(waiting.since)))
    }

    /// Whose turn it is, and from which lane; none for whatever waits longest there.
    fn turn(&self) -> Option<(Tenant, Option<Lane>)> {
        let (_, eldest) = self.by_age.first()?;
        let age = self.shares.get(eldest).and_then(Share::oldest).map_or(0, |oldest| self.taken - oldest.came);
        let overdue = age > self.ready + OLDEST;
        let exception = self.taken % OLDEST == OLDEST - 1;
        if overdue != exception {
            return Some((eldest.clone(), None));
        }
        // Tenants of equal rank take turns.
        let first = |lane: &Lane| self.by_lane[*lane as usize].first().map(|(_, tenant)| (tenant.clone(), Some(*lane)));
        Lane::ALL.iter().find_map(first)
    }

    /// Says that a taken item is done with; if it was asked for meanwhile, it waits again.
    pub fn done(&mut self, item: &Item, now: Instant) {
        if !matches!(self.places.get(item), Some((_, Place::Running { .. }))) {
            return;
        }
        let Some((tenant, Place::Running { again, later })) = self.places.remove(item) else { return };
        self.running -= 1;
        if let Some(share) = self.shares.get_mut(&tenant) {
            share.running -= 1;
        }
        self.index(&tenant);
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

    /// How many items wait in a lane.
    pub fn depth(&self, lane: Lane) -> usize {
        self.shares.values().map(|share| share.depth(lane)).sum()
    }

    /// Who waits, and for how long.
    pub fn present(&self, now: Instant) -> Present {
        let waited = |share: &Share| share.oldest().map_or(Duration::ZERO, |oldest| now - oldest.since);
        let waiting = |share: &Share| Lane::ALL.iter().map(|lane| share.depth(*lane)).sum();
        Present {
            depths: Lane::ALL.map(|lane| self.depth(lane)),
            running: self.running,
            shares: self.shares.iter().map(|(tenant, share)| (tenant.clone(), waiting(share), waited(share))).collect(),
        }
    }

    /// Counts how long the ready ones wait from `now` on, when nobody could take them before. The order in which they come out stays.
    pub fn restart_waits(&mut self, now: Instant) {
        self.shares.values_mut().for_each(|share| share.restart_waits(now));
    }

    /// How many items run.
    pub fn running(&self) -> usize {
        self.running
    }

    fn make_ready(&mut self, item: Item, tenant: Tenant, lane: Lane, now: Instant) {
        self.seq += 1;
        let (seq, came) = (self.seq, self.taken);
        self.ready += 1;
        let waiting = Waiting { item: item.clone(), lane, since: now, came };
        self.shares.entry(tenant.clone()).or_default().push(seq, waiting);
        self.index(&tenant);
        self.places.insert(item, (tenant, Place::Ready { seq, lane }));
    }

    fn make_delayed(&mut self, item: Item, tenant: Tenant, lane: Lane, at: Instant) {
        self.seq += 1;
        let seq = self.seq;
        self.delayed.insert((at, seq), item.clone());
        self.places.insert(item, (tenant, Place::Delayed { at, seq, lane }));
    }

    /// Brings the two orders of tenants up to date with what one has waiting.
    fn index(&mut self, tenant: &Tenant) {
        let Some(share) = self.shares.get_mut(tenant) else { return };
        let open = share.running < share.limit.unwrap_or(self.limit_per_tenant);
        let standing = share.standing().filter(|_| open);
        if share.indexed == standing {
            return;
        }
        for (old, put) in [(share.indexed, false), (standing, true)] {
            let Some(standing) = old else { continue };
            let change = |order: &mut BTreeSet<(u64, Tenant)>, rank: u64| {
                if put { order.insert((rank, tenant.clone())) } else { order.remove(&(rank, tenant.clone())) }
            };
            change(&mut self.by_age, standing.oldest);
            for (order, _) in self.by_lane.iter_mut().zip(standing.lanes).filter(|(_, some)| *some) {
                change(order, standing.served);
            }
        }
        share.indexed = standing;
    }
}

#[cfg(test)]
mod tests;
