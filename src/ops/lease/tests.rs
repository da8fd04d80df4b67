//! The election against a Lease in memory, with time that passes when told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::ResourceExt;
use proptest::prelude::*;
use tokio::sync::Notify;
use tokio::time::{Instant, advance, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::election::{Election, Step, epoch, holder, released, renewed};
use super::*;
use crate::base::clock::precisely_now;

const LEASE: Duration = Duration::from_secs(15);

/// A Lease in memory, with an API server's manners.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    lease: Option<Lease>,
    version: u64,
    /// Calls hang.
    cut: bool,
    /// Writes are carried out, and their answers lost.
    deaf: bool,
    changed: Arc<Notify>,
    writes: usize,
}

impl Memory {
    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.0.lock().unwrap())
    }

    fn lease(&self) -> Lease {
        self.with(|inner| inner.lease.clone().unwrap())
    }

    fn holder(&self) -> Option<String> {
        self.with(|inner| inner.lease.as_ref().and_then(holder).map(str::to_owned))
    }

    fn cut(&self, cut: bool) {
        self.with(|inner| inner.cut = cut);
    }

    /// Somebody else writes.
    fn put(&self, change: impl FnOnce(&mut Lease)) {
        self.with(|inner| {
            let mut lease = inner.lease.take().unwrap_or_default();
            change(&mut lease);
            inner.store(lease);
        });
    }
}

impl Inner {
    fn store(&mut self, mut lease: Lease) -> Lease {
        self.version += 1;
        lease.metadata.resource_version = Some(self.version.to_string());
        self.lease = Some(lease.clone());
        self.changed.notify_waiters();
        lease
    }
}

impl Store for Memory {
    async fn read(&self) -> Result<Option<Lease>, Refusal> {
        if self.with(|inner| inner.cut) {
            std::future::pending::<()>().await;
        }
        Ok(self.with(|inner| inner.lease.clone()))
    }

    async fn write(&self, lease: &Lease) -> Result<Lease, Refusal> {
        let (answer, hangs) = self.with(|inner| {
            if inner.cut {
                return (Err(Refusal::Missing), true);
            }
            let stored = inner.lease.as_ref().map(ResourceExt::resource_version);
            let answer = match (stored, lease.resource_version()) {
                (None, Some(_)) => Err(Refusal::Missing),
                (Some(stored), given) if stored != given => Err(Refusal::Conflict),
                _ => {
                    inner.writes += 1;
                    Ok(inner.store(lease.clone()))
                }
            };
            (answer, inner.deaf)
        });
        if hangs {
            std::future::pending::<()>().await;
        }
        answer
    }

    async fn changed(&self, version: &str) {
        let changed = self.with(|inner| inner.changed.clone());
        let notified = changed.notified();
        if self.with(|inner| inner.lease.as_ref().and_then(ResourceExt::resource_version)).as_deref() == Some(version) {
            notified.await;
        }
    }
}

/// A candidate at work.
struct Replica {
    leadership: Arc<Leadership>,
    stop: CancellationToken,
    drained: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Replica {
    fn start(store: &Memory, identity: &str) -> Self {
        Self::start_with(store, identity, Terms::default())
    }

    fn start_with(store: &Memory, identity: &str, terms: Terms) -> Self {
        let leadership = Arc::new(Leadership::default());
        let candidate = Candidate::new(store.clone(), identity.to_owned(), terms, leadership.clone());
        let (stop, drained) = (CancellationToken::new(), CancellationToken::new());
        let task = tokio::spawn(candidate.run(stop.clone(), drained.clone()));
        Self { leadership, stop, drained, task }
    }

    /// Ends it as a power failure would.
    fn kill(self) {
        self.task.abort();
    }

    async fn leads(&self) {
        timeout(Duration::from_secs(600), self.leadership.won()).await.expect("never leads");
    }

    async fn lost(&self) -> Lost {
        timeout(Duration::from_secs(600), self.leadership.lost()).await.expect("never loses")
    }
}

fn held_by(lease: &mut Lease, who: &str, seconds: i32) {
    let now = precisely_now();
    lease.spec = Some(LeaseSpec {
        holder_identity: Some(who.to_owned()),
        lease_duration_seconds: Some(seconds),
        lease_transitions: Some(7),
        renew_time: Some(MicroTime(now)),
        ..LeaseSpec::default()
    });
}

fn stored(who: &str, version: &str) -> Lease {
    let mut lease = Lease::default();
    held_by(&mut lease, who, 15);
    lease.metadata.resource_version = Some(version.to_owned());
    lease
}

#[test]
fn times_must_fit_together() {
    let terms = |lease, renew, retry| {
        let seconds = Duration::from_secs;
        Terms { lease: seconds(lease), renew: seconds(renew), retry: seconds(retry) }
            .check()
            .map_err(|bad| bad.to_string())
    };
    assert_eq!(terms(15, 10, 2), Ok(Terms::default()));
    let overlap = terms(10, 10, 2).unwrap_err();
    assert!(overlap.contains("--lease-duration-seconds") && overlap.contains("10 s"), "{overlap}");
    // A write that is admitted in the last moment may have to connect first.
    assert_eq!(TRAVEL, crate::http::transport::Bounds::default().connect);
    assert!(terms(14, 10, 2).is_err());
    assert!(terms(11, 6, 1).is_ok());
    let tries = terms(15, 10, 6).unwrap_err();
    assert!(tries.contains("--retry-period-seconds"), "{tries}");
}

#[test]
fn a_call_is_over_before_another_may_have_the_lease() {
    for (lease, renew) in [(15, 10), (11, 10), (60, 10), (8, 6)] {
        let (lease, renew) = (Duration::from_secs(lease), Duration::from_secs(renew));
        let terms = Terms { lease, renew, retry: Duration::from_secs(1) };
        assert!(renew + terms.call() <= lease && terms.call() * 3 <= renew, "{terms:?}");
    }
}

#[test]
fn the_first_makes_the_lease_with_epoch_one_and_each_further_holder_counts_up() {
    let now = Instant::now();
    let Step::Claim(first) = Election::new("a".into(), LEASE).judge(None, now) else { panic!("no claim") };
    assert_eq!((holder(&first), epoch(&first)), (Some("a"), 1));
    let mut free = released(*first);
    assert_eq!((holder(&free), epoch(&free)), (None, 1));
    free.metadata.resource_version = Some("2".into());
    free.metadata.labels = Some([("team".to_owned(), "x".to_owned())].into());
    let Step::Claim(second) = Election::new("b".into(), LEASE).judge(Some(free), now) else { panic!("no claim") };
    assert_eq!((holder(&second), epoch(&second)), (Some("b"), 2));
    assert_eq!(second.resource_version().as_deref(), Some("2"), "only just this version is replaced");
    assert_eq!(second.labels()["team"], "x", "what others set stays");
    assert_eq!(second.spec.as_ref().unwrap().lease_duration_seconds, Some(15));
}

#[test]
fn a_claim_whose_answer_was_lost_is_ours_under_the_same_epoch() {
    let mut lease = stored("a", "3");
    lease.spec.as_mut().unwrap().lease_transitions = Some(4);
    let Step::Claim(again) = Election::new("a".into(), LEASE).judge(Some(lease), Instant::now()) else { panic!() };
    assert_eq!((holder(&again), epoch(&again)), (Some("a"), 4));
}

#[test]
fn a_lease_counts_from_when_it_was_seen_to_change_and_for_the_longer_of_both_durations() {
    let (start, second) = (Instant::now(), Duration::from_secs(1));
    let mut election = Election::new("a".into(), Duration::from_secs(5));
    assert_eq!(election.judge(Some(stored("b", "1")), start), Step::Wait(start + LEASE));
    assert_eq!(election.judge(Some(stored("b", "1")), start + 14 * second), Step::Wait(start + LEASE));
    assert_eq!(election.judge(Some(stored("b", "2")), start + 14 * second), Step::Wait(start + 29 * second));
    let Step::Claim(taken) = election.judge(Some(stored("b", "2")), start + 29 * second) else { panic!("no claim") };
    assert_eq!((holder(&taken), epoch(&taken)), (Some("a"), 8));

    let mut short = stored("b", "1");
    short.spec.as_mut().unwrap().lease_duration_seconds = Some(1);
    let mut election = Election::new("a".into(), LEASE);
    assert_eq!(election.judge(Some(short), start), Step::Wait(start + LEASE));
}

#[test]
fn a_deleted_lease_is_not_made_anew_while_its_holder_may_not_know() {
    let (start, second) = (Instant::now(), Duration::from_secs(1));
    let mut election = Election::new("a".into(), LEASE);
    election.judge(Some(stored("b", "1")), start);
    assert_eq!(election.judge(None, start + second), Step::Wait(start + LEASE));
    let Step::Claim(anew) = election.judge(None, start + LEASE) else { panic!("no claim") };
    assert_eq!((epoch(&anew), anew.resource_version()), (8, None));
}

proptest! {
    /// Whatever the holder's wall clock says, it changes nothing.
    #[test]
    fn the_clock_of_another_machine_does_not_matter(minutes in -600i64..600, waited in 0u64..30) {
        let start = Instant::now();
        let mut lease = stored("b", "1");
        let skewed = precisely_now() + SignedDuration::from_mins(minutes);
        lease.spec.as_mut().unwrap().renew_time = Some(MicroTime(skewed));
        lease.spec.as_mut().unwrap().acquire_time = Some(MicroTime(skewed));
        let mut election = Election::new("a".into(), LEASE);
        election.judge(Some(lease.clone()), start);
        let step = election.judge(Some(lease), start + Duration::from_secs(waited));
        prop_assert_eq!(matches!(step, Step::Claim(_)), waited >= 15);
    }
}

#[tokio::test(start_paused = true)]
async fn one_leads_and_the_other_waits_until_it_stops_renewing() {
    let store = Memory::default();
    let a = Replica::start(&store, "a");
    a.leads().await;
    assert!(a.leadership.is_open() && a.leadership.epoch() == 1);
    let b = Replica::start(&store, "b");
    sleep(Duration::from_secs(600)).await;
    assert!(a.leadership.is_open() && !b.leadership.is_open());
    assert_eq!(b.leadership.admit_write("create_account").map_err(|why| why.contains("create_account")), Err(true));
    a.kill();
    let died = Instant::now();
    b.leads().await;
    let waited = died.elapsed();
    assert!(waited >= Duration::from_secs(13) && waited <= Duration::from_secs(18), "{waited:?}");
    assert_eq!((store.holder().as_deref(), b.leadership.epoch()), (Some("b"), 2));
}

#[tokio::test(start_paused = true)]
async fn cut_off_it_stops_writing_at_the_deadline_and_is_lost_before_another_can_lead() {
    let store = Memory::default();
    let a = Replica::start(&store, "a");
    a.leads().await;
    let begun = Instant::now();
    store.cut(true);
    let lost = a.lost().await;
    assert!(!a.leadership.is_open());
    assert!(
        begun.elapsed() >= Duration::from_secs(8) && begun.elapsed() <= Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    assert!(lost.expires > Instant::now() && lost.to_string().contains("not renewed within 10 s"), "{lost}");
    // Kubernetes back does not bring it back.
    store.cut(false);
    sleep(Duration::from_secs(60)).await;
    assert!(!a.leadership.is_open() && a.task.is_finished());
}

#[tokio::test(start_paused = true)]
async fn whoever_slept_past_the_deadline_may_not_write_even_before_it_notices() {
    let store = Memory::default();
    let a = Replica::start(&store, "a");
    a.leads().await;
    // No task gets to run in between: as after SIGSTOP and SIGCONT.
    advance(Duration::from_secs(11)).await;
    assert!(!a.leadership.is_open() && a.leadership.admit_write("update_account").is_err());
    let lost = a.lost().await;
    assert!(lost.why.contains("not renewed"), "{lost}");
}

#[tokio::test(start_paused = true)]
async fn a_renewal_whose_answer_is_lost_is_no_loss() {
    let store = Memory::default();
    let a = Replica::start(&store, "a");
    a.leads().await;
    store.with(|inner| inner.deaf = true);
    sleep(Duration::from_secs(4)).await;
    store.with(|inner| inner.deaf = false);
    sleep(Duration::from_secs(60)).await;
    assert!(a.leadership.is_open() && a.leadership.epoch() == 1);
}

#[tokio::test(start_paused = true)]
async fn a_label_that_somebody_sets_is_no_loss_and_stays() {
    let store = Memory::default();
    let a = Replica::start(&store, "a");
    a.leads().await;
    for name in ["x", "y"] {
        store.put(|lease| drop(lease.labels_mut().insert(name.to_owned(), String::new())));
        sleep(Duration::from_secs(60)).await;
    }
    assert!(a.leadership.is_open());
    assert_eq!(store.lease().labels().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn another_holder_or_a_deleted_lease_ends_it_at_the_next_renewal() {
    for deleted in [true, false] {
        let store = Memory::default();
        let a = Replica::start(&store, "a");
        a.leads().await;
        if deleted {
            store.with(|inner| inner.lease = None);
        } else {
            store.put(|lease| held_by(lease, "stranger", 15));
        }
        let lost = a.lost().await;
        assert!(lost.why.contains(if deleted { "deleted" } else { "stranger took it" }), "{lost}");
        assert!(!a.leadership.is_open());
        assert_ne!(store.holder().as_deref(), Some("a"), "it does not come back");
    }
}

#[tokio::test(start_paused = true)]
async fn told_to_stop_it_holds_the_lease_until_drained_and_then_gives_it_to_the_next_at_once() {
    let store = Memory::default();
    let a = Replica::start(&store, "a");
    a.leads().await;
    let b = Replica::start(&store, "b");
    sleep(Duration::from_secs(5)).await;
    a.stop.cancel();
    sleep(Duration::from_secs(60)).await;
    assert!(a.leadership.is_open() && !b.leadership.is_open(), "what is under way may still write");
    let begun = Instant::now();
    a.drained.cancel();
    a.task.await.unwrap();
    assert!(!a.leadership.is_open());
    b.leads().await;
    assert!(begun.elapsed() < Duration::from_millis(100), "{:?}", begun.elapsed());
    assert_eq!(b.leadership.epoch(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_release_gets_through_a_conflict() {
    let store = Memory::default();
    let a = Replica::start(&store, "a");
    a.leads().await;
    store.put(|lease| drop(lease.labels_mut().insert("x".to_owned(), String::new())));
    a.drained.cancel();
    a.task.await.unwrap();
    let lease = store.lease();
    assert_eq!((holder(&lease), lease.labels().len()), (None, 1));
}

#[tokio::test(start_paused = true)]
async fn a_release_never_takes_what_is_anothers() {
    let store = Memory::default();
    let a = Replica::start(&store, "a");
    a.leads().await;
    store.put(|lease| held_by(lease, "stranger", 15));
    a.drained.cancel();
    a.task.await.unwrap();
    assert_eq!(store.holder().as_deref(), Some("stranger"));
}

#[tokio::test(start_paused = true)]
async fn a_standby_that_is_told_to_stop_leaves_the_lease_alone() {
    let store = Memory::default();
    let a = Replica::start(&store, "a");
    a.leads().await;
    let b = Replica::start(&store, "b");
    sleep(Duration::from_secs(1)).await;
    b.stop.cancel();
    timeout(Duration::from_secs(1), b.task).await.expect("it waits for nothing").unwrap();
    assert_eq!(store.holder().as_deref(), Some("a"));
}

#[tokio::test(start_paused = true)]
async fn an_election_that_ends_by_surprise_ends_the_term() {
    let store = Memory::default();
    let a = Replica::start(&store, "a");
    a.leads().await;
    a.task.abort();
    let lost = a.lost().await;
    assert!(!a.leadership.is_open() && lost.why.contains("ended"), "{lost}");
}

#[tokio::test(start_paused = true)]
async fn of_many_that_want_a_free_lease_one_gets_it() {
    let store = Memory::default();
    let a = Replica::start(&store, "a");
    a.leads().await;
    let others: Vec<Replica> = (0..5).map(|number| Replica::start(&store, &format!("b{number}"))).collect();
    sleep(Duration::from_secs(5)).await;
    a.drained.cancel();
    sleep(Duration::from_secs(60)).await;
    assert_eq!(others.iter().filter(|other| other.leadership.is_open()).count(), 1);
    assert!(others.iter().all(|other| !other.task.is_finished()), "the rest stand by");
}

#[tokio::test(start_paused = true)]
async fn a_standby_outlives_an_outage_of_kubernetes() {
    let store = Memory::default();
    store.cut(true);
    let a = Replica::start(&store, "a");
    sleep(Duration::from_secs(600)).await;
    assert!(!a.leadership.is_open() && !a.task.is_finished());
    store.cut(false);
    a.leads().await;
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_renewed_no_more_often_than_it_must() {
    let store = Memory::default();
    let a = Replica::start(&store, "a");
    a.leads().await;
    let before = store.with(|inner| inner.writes);
    sleep(Duration::from_secs(20)).await;
    let writes = store.with(|inner| inner.writes) - before;
    assert!((9..=10).contains(&writes), "{writes}");
    assert_ne!(renewed(store.lease()), store.lease(), "each renewal is a change that standbys see");
}
