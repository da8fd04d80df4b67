//! One fetched copy of a vendor's data that serves every reader for whom it is fresh enough.
//!
//! A list call costs the same for one reader as for ten thousand, so readers say *after which instant* the data must have been read,
//! and share what fits. The rules:
//!
//! - The copy carries the instant **before** its fetch began, so it never claims to be newer than it is.
//! - A reader for whom the copy is fresh enough gets it at once, also while a fetch is under way.
//! - Otherwise the reader shares the fetch that is under way, if that began late enough, and else the next one. There is never more
//!   than one fetch under way and one waiting.
//! - A fetch runs in a task of its own: a reader that goes away takes nothing from the others.
//! - A failed fetch is told to those who waited for it, and is not kept. The copy before it stays, for readers content with it.
//! - An own write is put into the copy at once, and again into what a fetch brings that was under way meanwhile, since nobody knows
//!   whether the vendor read its data before the write or after.
//!
//! ```text
//!             fresh_after ≤ copy.begun        → the copy
//!  reader ──┬ fetch not begun yet, or
//!           │ fresh_after ≤ fetch.begun       → share the fetch
//!           ├ a fetch is under way            → share the next one
//!           └ else                            → begin one
//! ```

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::{BoxFuture, FutureExt};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::base::fault::{Class, Fault};

/// A copy of vendor data, shared by all clones of this handle. See the [module](self) for its rules.
pub struct Shared<T>(Arc<Mutex<State<T>>>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State { copy: None, age: 0, flight: None, next: None })))
    }
}

type Fetch<T> = Box<dyn FnOnce() -> BoxFuture<'static, Result<T, Fault>> + Send>;
type Amendment<T> = Arc<dyn Fn(&mut T) + Send + Sync>;
type Landing = Option<Result<(), Fault>>;

struct State<T> {
    copy: Option<Kept<T>>,
    /// Counts invalidations. Data of an earlier age serves nobody who came after.
    age: u64,
    flight: Option<Flight<T>>,
    next: Option<Next<T>>,
}

/// When data was read: both must be late enough for a reader.
#[derive(Clone, Copy)]
struct Begun {
    at: Instant,
    age: u64,
}

struct Kept<T> {
    data: T,
    begun: Begun,
}

/// The fetch under way.
struct Flight<T> {
    /// None until its task has come to run it: everybody who comes before that may share it.
    begun: Option<Begun>,
    landing: watch::Sender<Landing>,
    amendments: Vec<Amendment<T>>,
}

/// The fetch that follows the one under way.
struct Next<T> {
    fetch: Fetch<T>,
    landing: watch::Sender<Landing>,
}

impl<T: Send + 'static> Shared<T> {
    /// Reads the data as it was at `fresh_after` or later; an instant in the future counts as now.
    ///
    /// `fetch` is called only when this reader has to cause a fetch, then or after the one under way; it must bring the whole data
    /// or fail. `pick` sees the data under the lock, so it should take what it needs and return.
    ///
    /// Dropping the future ends the waiting, never the fetch. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The fault of the fetch that this reader waited for.
    pub async fn read<R, F>(
        &self,
        fresh_after: Instant,
        fetch: impl FnOnce() -> F + Send + 'static,
        pick: impl FnOnce(&T) -> R,
    ) -> Result<R, Fault>
    where
        F: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        let fetch: Fetch<T> = Box::new(move || fetch().boxed());
        let mut landing = {
            let mut state = self.lock();
            let wanted = Begun { at: fresh_after.min(Instant::now()), age: state.age };
            match &state.copy {
                Some(copy) if copy.begun.serves(wanted) => return Ok(pick(&copy.data)),
                _ => self.join(&mut state, wanted, fetch),
            }
        };
        let landed = landing.wait_for(Option::is_some).await.ok().and_then(|landing| landing.clone());
        landed.unwrap_or_else(|| Err(lost()))?;
        match &self.lock().copy {
            Some(copy) => Ok(pick(&copy.data)),
            None => Err(lost()),
        }
    }

    /// What `pick` takes from the copy as it stands, however old it is; none without a copy. Causes no fetch.
    pub fn peek<R>(&self, pick: impl FnOnce(&T) -> R) -> Option<R> {
        self.lock().copy.as_ref().map(|copy| pick(&copy.data))
    }

    /// Puts an own write into the copy, and into what the fetch under way will bring.
    ///
    /// `amendment` may run twice, on different data, which may show the write already: it must be idempotent.
    pub fn amend(&self, amendment: impl Fn(&mut T) + Send + Sync + 'static) {
        self.amend_where(|_| true, amendment);
    }

    /// Puts a part that was read by itself, beginning at `begun`, into a copy that is older; as [`amend`](Self::amend).
    pub fn refine(&self, begun: Instant, amendment: impl Fn(&mut T) + Send + Sync + 'static) {
        self.amend_where(|other| other.at < begun, amendment);
    }

    /// Makes the copy, and the fetch under way, useless for readers who come from now on.
    pub fn invalidate(&self) {
        self.lock().age += 1;
    }

    fn amend_where(&self, applies: impl Fn(Begun) -> bool, amendment: impl Fn(&mut T) + Send + Sync + 'static) {
        let mut state = self.lock();
        if let Some(copy) = state.copy.as_mut().filter(|copy| applies(copy.begun)) {
            amendment(&mut copy.data);
        }
        // A fetch that has not begun yet will see the write by itself.
        if let Some(flight) = state.flight.as_mut().filter(|flight| flight.begun.is_some_and(applies)) {
            flight.amendments.push(Arc::new(amendment));
        }
    }

    /// The landing of the fetch that will serve `wanted`.
    fn join(&self, state: &mut State<T>, wanted: Begun, fetch: Fetch<T>) -> watch::Receiver<Landing> {
        match (&state.flight, &state.next) {
            (Some(flight), _) if flight.begun.is_none_or(|begun| begun.serves(wanted)) => flight.landing.subscribe(),
            (Some(_), Some(next)) => next.landing.subscribe(),
            (Some(_), None) => {
                let (landing, waiting) = watch::channel(None);
                state.next = Some(Next { fetch, landing });
                waiting
            }
            (None, _) => {
                let (landing, waiting) = watch::channel(None);
                state.flight = Some(Flight { begun: None, landing, amendments: Vec::new() });
                tokio::spawn(self.clone().fly(fetch));
                waiting
            }
        }
    }

    /// Runs a fetch, and those that came to wait behind it.
    async fn fly(self, mut fetch: Fetch<T>) {
        loop {
            self.begin();
            // A task of its own turns a panic of the fetch into a fault; here it would leave the readers waiting for ever.
            let outcome = tokio::spawn(async move { fetch().await }).await.unwrap_or_else(|_| Err(lost()));
            match self.land(outcome) {
                Some(next) => fetch = next,
                None => return,
            }
        }
    }

    fn begin(&self) {
        let mut state = self.lock();
        let begun = Begun { at: Instant::now(), age: state.age };
        if let Some(flight) = &mut state.flight {
            flight.begun = Some(begun);
        }
    }

    /// Keeps what a fetch brought, tells those who waited, and makes the next fetch the one under way.
    fn land(&self, outcome: Result<T, Fault>) -> Option<Fetch<T>> {
        let mut state = self.lock();
        let flight = state.flight.take()?;
        let landing = match (outcome, flight.begun) {
            (Ok(mut data), Some(begun)) => {
                for amendment in &flight.amendments {
                    amendment(&mut data);
                }
                state.copy = Some(Kept { data, begun });
                Ok(())
            }
            (Ok(_), None) => Err(lost()),
            (Err(fault), _) => Err(fault),
        };
        flight.landing.send_replace(Some(landing));
        let next = state.next.take()?;
        state.flight = Some(Flight { begun: None, landing: next.landing, amendments: Vec::new() });
        Some(next.fetch)
    }

    /// A panic under the lock can only come from a reader's `pick`, which changes nothing, or from an amendment, after which the
    /// next fetch brings sound data; so the lock is taken in either case.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Begun {
    fn serves(self, wanted: Self) -> bool {
        self.at >= wanted.at && self.age >= wanted.age
    }
}

fn lost() -> Fault {
    Fault::new(Class::Transient, "shared_read", "the fetch ended without an outcome")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::sync::Semaphore;
    use tokio::task::JoinHandle;

    use super::*;

    /// A source whose fetches are counted, and end only when they are let.
    #[derive(Clone)]
    struct Source {
        shared: Shared<Vec<usize>>,
        fetches: Arc<AtomicUsize>,
        exits: Arc<Semaphore>,
        fails: bool,
    }

    impl Source {
        fn new() -> Self {
            let (fetches, exits) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
            Self { shared: Shared::default(), fetches, exits, fails: false }
        }

        /// Starts a reader that wants data from `fresh_after` on and takes its first item, the number of the fetch.
        fn reader(&self, fresh_after: Instant) -> JoinHandle<Result<usize, Fault>> {
            let source = self.clone();
            tokio::spawn(async move {
                let fetching = source.clone();
                let fetch = move || async move {
                    let number = fetching.fetches.fetch_add(1, Ordering::SeqCst) + 1;
                    fetching.exits.acquire().await.map_err(|_| lost())?.forget();
                    if fetching.fails { Err(Fault::new(Class::Denied, "test", "no")) } else { Ok(vec![number]) }
                };
                source.shared.read(fresh_after, fetch, |data| data[0]).await
            })
        }

        fn fetches(&self) -> usize {
            self.fetches.load(Ordering::SeqCst)
        }

        /// Lets one fetch end, and all that follows from it happen.
        async fn let_one_end(&self) {
            self.exits.add_permits(1);
            settle().await;
        }
    }

    /// Lets every task run until it waits. The clock is stopped, so this takes a moment of its time and none of ours.
    async fn settle() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_thousand_readers_share_one_fetch() {
        let source = Source::new();
        let readers: Vec<_> = (0..1000).map(|_| source.reader(Instant::now())).collect();
        settle().await;
        source.let_one_end().await;
        for reader in readers {
            assert_eq!(reader.await.unwrap(), Ok(1));
        }
        assert_eq!(source.fetches(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_fresh_copy_serves_at_once_and_a_stale_one_does_not() {
        let source = Source::new();
        let early = Instant::now();
        let first = source.reader(early);
        settle().await;
        source.let_one_end().await;
        assert_eq!(first.await.unwrap(), Ok(1));
        assert_eq!(source.reader(early).await.unwrap(), Ok(1));
        let second = source.reader(Instant::now());
        settle().await;
        assert_eq!(source.fetches(), 2);
        // Content with the old data, so not made to wait for the new.
        assert_eq!(source.reader(early).await.unwrap(), Ok(1));
        source.let_one_end().await;
        assert_eq!(second.await.unwrap(), Ok(2));
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_need_a_later_fetch_share_the_next_one() {
        let source = Source::new();
        let early = Instant::now();
        let first = source.reader(early);
        settle().await;
        let late: Vec<_> = (0..10).map(|_| source.reader(Instant::now())).collect();
        settle().await;
        let content = source.reader(early);
        settle().await;
        assert_eq!(source.fetches(), 1, "the next fetch waits for the one under way");
        source.let_one_end().await;
        assert_eq!((first.await.unwrap(), content.await.unwrap()), (Ok(1), Ok(1)));
        assert_eq!(source.fetches(), 2);
        source.let_one_end().await;
        for reader in late {
            assert_eq!(reader.await.unwrap(), Ok(2));
        }
        assert_eq!(source.fetches(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_future_instant_counts_as_now() {
        let source = Source::new();
        source.exits.add_permits(9);
        let read = source.reader(Instant::now() + Duration::from_secs(3600)).await.unwrap();
        assert_eq!((read, source.fetches()), (Ok(1), 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_fetch_outlives_the_reader_that_caused_it() {
        let source = Source::new();
        let (causes, shares) = (source.reader(Instant::now()), source.reader(Instant::now()));
        settle().await;
        let next = source.reader(Instant::now());
        settle().await;
        let also_next = source.reader(Instant::now());
        settle().await;
        causes.abort();
        next.abort();
        settle().await;
        source.let_one_end().await;
        source.let_one_end().await;
        assert_eq!(shares.await.unwrap(), Ok(1));
        assert_eq!(also_next.await.unwrap(), Ok(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_told_to_those_who_waited_and_not_kept() {
        let mut source = Source::new();
        let early = Instant::now();
        source.exits.add_permits(1);
        assert_eq!(source.reader(early).await.unwrap(), Ok(1));
        settle().await;
        source.fails = true;
        let failed = [source.reader(Instant::now()), source.reader(Instant::now())];
        settle().await;
        source.let_one_end().await;
        for reader in failed {
            assert_eq!(reader.await.unwrap().unwrap_err().class, Class::Denied);
        }
        source.fails = false;
        assert_eq!(source.reader(early).await.unwrap(), Ok(1));
        let again = source.reader(Instant::now());
        settle().await;
        source.let_one_end().await;
        assert_eq!(again.await.unwrap(), Ok(3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_in_a_fetch_is_a_fault_and_not_the_end() {
        let source = Source::new();
        let fetch = || async { panic!("a bug in a decoder") };
        let fault = source.shared.read(Instant::now(), fetch, |data: &Vec<usize>| data[0]).await.unwrap_err();
        assert_eq!(fault.class, Class::Transient);
        source.exits.add_permits(1);
        assert_eq!(source.reader(Instant::now()).await.unwrap(), Ok(1));
    }

    #[tokio::test(start_paused = true)]
    async fn an_own_write_shows_at_once_and_survives_the_fetch_it_overtook() {
        let source = Source::new();
        let early = Instant::now();
        source.exits.add_permits(1);
        assert_eq!(source.reader(early).await.unwrap(), Ok(1));
        settle().await;
        let under_way = source.reader(Instant::now());
        settle().await;
        source.shared.amend(|data| data[0] = 77);
        assert_eq!(source.reader(early).await.unwrap(), Ok(77));
        source.let_one_end().await;
        assert_eq!(under_way.await.unwrap(), Ok(77));
        // The fetch after it begins after the write, and is believed.
        let later = source.reader(Instant::now());
        settle().await;
        source.let_one_end().await;
        assert_eq!(later.await.unwrap(), Ok(3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_read_by_itself_does_not_replace_newer_data() {
        let source = Source::new();
        let early = Instant::now();
        settle().await;
        source.exits.add_permits(1);
        assert_eq!(source.reader(Instant::now()).await.unwrap(), Ok(1));
        source.shared.refine(early, |data| data[0] = 55);
        assert_eq!(source.reader(early).await.unwrap(), Ok(1));
        settle().await;
        source.shared.refine(Instant::now(), |data| data[0] = 66);
        assert_eq!(source.reader(early).await.unwrap(), Ok(66));
    }

    #[tokio::test(start_paused = true)]
    async fn after_an_invalidation_nobody_gets_what_was_read_before() {
        let source = Source::new();
        let early = Instant::now();
        let before = source.reader(early);
        settle().await;
        source.shared.invalidate();
        let after = source.reader(early);
        settle().await;
        source.let_one_end().await;
        source.let_one_end().await;
        assert_eq!((before.await.unwrap(), after.await.unwrap()), (Ok(1), Ok(2)));
        source.shared.invalidate();
        let once_more = source.reader(early);
        settle().await;
        source.let_one_end().await;
        assert_eq!(once_more.await.unwrap(), Ok(3));
    }
}
