//! Tests of the queue, and what it promises under any load.

use proptest::prelude::*;

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
fn who_begins_to_work_late_counts_the_waits_from_then_in_the_same_order() {
    let fill = |queue: &mut Queue, start: Instant| {
        for (seconds, name) in (0..).zip(["b", "a", "c"]) {
            queue.add(item(name), tenant(name), Lane::First, start + Duration::from_secs(seconds));
        }
        queue.add(item("e"), tenant("a"), Lane::Edit, start + Duration::from_secs(9));
    };
    let start = Instant::now();
    let (mut queue, mut same) = (Queue::new(9, 9), Queue::new(9, 9));
    fill(&mut queue, start);
    fill(&mut same, start);
    let later = start + Duration::from_secs(600);
    queue.restart_waits(later);
    assert!(queue.present(later).shares.iter().all(|(_, waiting, waited)| *waiting > 0 && waited.is_zero()));
    let now = later + Duration::from_secs(2);
    let (first, lane, waited) = queue.take(now).expect("e");
    assert_eq!((&*first.name, lane, waited), ("e", Lane::Edit, Duration::from_secs(2)));
    queue.done(&first, now);
    let (first, ..) = same.take(now).expect("e");
    same.done(&first, now);
    assert_eq!(order(&mut queue, now), order(&mut same, now));
}

#[test]
fn one_item_never_runs_twice_at_once_and_is_not_lost() {
    let (now, mut queue) = (Instant::now(), Queue::new(9, 9));
    queue.add(item("a"), None, Lane::Resync, now);
    let (taken, ..) = queue.take(now).expect("a");
    queue.add(item("a"), None, Lane::Edit, now);
    assert!(queue.take(now).is_none());
    queue.done(&taken, now);
    assert_eq!(queue.take(now).map(|(item, lane, _)| (item.name.to_string(), lane)), Some(("a".into(), Lane::Edit)));
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
    assert_eq!(queue.shares.len(), 1);
    queue.drop_limit(&tenant("a"));
    assert!(queue.shares.is_empty() && queue.by_age.is_empty());
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

#[test]
fn namespaces_of_a_tenant_take_turns() {
    let (now, mut queue) = (Instant::now(), Queue::new(9, 9));
    let in_namespace = |namespace: &str, name: &str| Item { kind: "T", namespace: namespace.into(), name: name.into() };
    for number in 0..3 {
        queue.add(in_namespace("crowded", &format!("c{number}")), tenant("a"), Lane::Resync, now);
    }
    queue.add(in_namespace("quiet", "q"), tenant("a"), Lane::Resync, now);
    assert_eq!(order(&mut queue, now), ["c0", "q", "c1", "c2"]);
}

#[test]
fn an_item_that_moves_up_keeps_its_age() {
    let (now, mut queue) = (Instant::now(), Queue::new(1, 1));
    queue.add(item("old"), None, Lane::Resync, now);
    queue.add(item("old"), None, Lane::Edit, now + Duration::from_secs(1));
    let (_, lane, waited) = queue.take(now + Duration::from_secs(5)).expect("old");
    assert_eq!((lane, waited), (Lane::Edit, Duration::from_secs(5)));
    assert_eq!((queue.depth(Lane::Edit), queue.depth(Lane::Resync)), (0, 0));
}

#[test]
fn a_tenant_at_its_limit_leaves_its_turns_to_others() {
    let (now, mut queue) = (Instant::now(), Queue::new(100, 1));
    for number in 0..20 {
        queue.add(item(&format!("a{number}")), tenant("a"), Lane::Edit, now);
        queue.add(item(&format!("b{number}")), tenant("b"), Lane::Resync, now);
    }
    queue.set_limit(&tenant("b"), 20);
    let taken: Vec<_> = std::iter::from_fn(|| queue.take(now)).map(|(item, ..)| item.name[..1].to_owned()).collect();
    assert_eq!((taken.len(), taken.iter().filter(|name| *name == "a").count()), (21, 1));
}

/// A queue with one server, and how long everything in it has waited.
struct Load {
    queue: Queue,
    now: Instant,
    came: HashMap<Item, usize>,
    /// How many waited before each turn.
    lengths: Vec<usize>,
    number: usize,
}

impl Default for Load {
    fn default() -> Self {
        let queue = Queue::new(1, 1);
        Self { queue, now: Instant::now(), came: HashMap::new(), lengths: Vec::new(), number: 0 }
    }
}

impl Load {
    fn add(&mut self, lane: Lane, who: usize) {
        let item = item(&format!("i{}", self.number));
        self.number += 1;
        self.came.insert(item.clone(), self.lengths.len());
        self.queue.add(item, tenant(&format!("t{who}")), lane, self.now);
    }

    /// One turn; false when nobody waits.
    fn serve(&mut self) -> Result<bool, TestCaseError> {
        self.lengths.push(self.came.len());
        let Some((item, ..)) = self.queue.take(self.now) else { return Ok(false) };
        let came = self.came.remove(&item).expect("came");
        let (waited, ideal) = (self.lengths.len() - came, self.lengths[came..].iter().max().copied().unwrap_or(0));
        prop_assert!(waited <= 2 * ideal + 20, "waited {waited} turns in a queue of {ideal}");
        self.queue.done(&item, self.now);
        Ok(true)
    }
}

proptest! {
    /// What the module promises: with any backlog and any stream of edits nobody waits for more than twice the turns that it takes to serve
    /// all who wait; and nothing is lost.
    #[test]
    fn nobody_waits_longer_than_twice_the_ideal(
        backlog in 0usize..300,
        stream in prop::collection::vec((0usize..4, 0u8..4, 0u8..3), 1..600),
    ) {
        let mut load = Load::default();
        for number in 0..backlog {
            load.add(Lane::Resync, number % 3);
        }
        for (count, lane, who) in stream {
            // Mostly edits: the worst for a backlog.
            let lane = if lane == 3 { Lane::First } else { Lane::Edit };
            (0..count).for_each(|_| load.add(lane, usize::from(who)));
            load.serve()?;
        }
        while load.serve()? {}
        prop_assert!(load.came.is_empty() && load.queue.by_age.is_empty());
        prop_assert!(Lane::ALL.iter().all(|lane| load.queue.depth(*lane) == 0));
    }

    /// Whatever is done to it, the queue never has an item twice, never exceeds a limit, and gives back everything that was not forgotten.
    #[test]
    fn it_loses_nothing_and_doubles_nothing(steps in prop::collection::vec((0u8..6, 0u8..12, 0u8..4), 1..300)) {
        let (mut now, mut queue) = (Instant::now(), Queue::new(4, 2));
        let mut running: Vec<Item> = Vec::new();
        let mut wanted = std::collections::BTreeSet::new();
        for (step, which, lane) in steps {
            let (name, lane) = (item(&format!("i{which}")), Lane::ALL[lane as usize]);
            let owner = tenant(&format!("t{}", which % 3));
            match step {
                0 | 1 => {
                    queue.add(name.clone(), owner, lane, now);
                    wanted.insert(name);
                }
                2 => {
                    queue.add_at(name.clone(), owner, lane, now + Duration::from_secs(u64::from(which)));
                    wanted.insert(name);
                }
                3 => {
                    now += Duration::from_secs(1);
                    if let Some((taken, ..)) = queue.take(now) {
                        prop_assert!(!running.contains(&taken));
                        wanted.remove(&taken);
                        running.push(taken);
                    }
                }
                4 => {
                    if let Some(done) = running.pop() {
                        queue.done(&done, now);
                    }
                }
                _ => {
                    queue.forget(&name);
                    wanted.remove(&name);
                }
            }
            prop_assert!(queue.running() == running.len() && running.len() <= 4);
        }
        for done in running.drain(..) {
            queue.done(&done, now);
        }
        now += Duration::from_secs(60);
        while let Some((taken, ..)) = queue.take(now) {
            prop_assert!(wanted.remove(&taken), "{taken:?} was not asked for");
            queue.done(&taken, now);
        }
        prop_assert!(wanted.is_empty(), "{wanted:?} never came");
    }
}

#[test]
fn what_waits_is_told_by_lane_and_by_tenant() {
    let (now, mut queue) = (Instant::now(), Queue::new(9, 1));
    queue.add(item("a1"), tenant("a"), Lane::Resync, now);
    queue.add(item("a2"), tenant("a"), Lane::Edit, now + Duration::from_secs(2));
    queue.add(item("b1"), tenant("b"), Lane::Resync, now + Duration::from_secs(4));
    queue.take(now + Duration::from_secs(4));
    let present = queue.present(now + Duration::from_secs(5));
    assert_eq!((present.depths, present.running), ([0, 0, 0, 2], 1));
    let mut shares = present.shares;
    shares.sort();
    let waits = |name, count, seconds| (tenant(name), count, Duration::from_secs(seconds));
    assert_eq!(shares, [waits("a", 1, 5), waits("b", 1, 1)]);
}
