//! Directory: what was read of the domain's contacts and their logins.
//!
//! The vendor lists the contacts that have logins (`/contacts-users`), and not the logins: those take a call for each contact, and so do its
//! names. So what was read of a contact is remembered for as long as its row in that list stays the same, and no longer than [`OWN_LIFE`] for
//! a contact that is managed. Only who is looked for without knowing the contact costs a walk over all of them; one walk serves
//! all who look, and leaves out the contacts that it knows, which it believes for [`OTHERS_LIFE`].

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::crm2::login::{Login, LoginKey};
use crate::crm2::wire::contacts::{Contact, ContactRow, folded};
use crate::http::Shared;

/// How long it may go unseen that a managed contact changed in a way that the list does not show.
pub const OWN_LIFE: Duration = Duration::from_secs(3600);
/// The same for all others, of which nothing is asked but that a login is not among theirs.
pub const OTHERS_LIFE: Duration = Duration::from_secs(24 * 3600);

/// Everything that the objects of one client share.
#[derive(Default)]
pub(super) struct Directory {
    /// The contacts that have logins.
    pub rows: Shared<Rows>,
    /// Which contacts have which login.
    pub index: Shared<Index>,
    /// The logins of each contact.
    pub logins: Memory<Vec<Login>>,
    /// Each contact.
    pub contacts: Memory<Contact>,
    /// Logins that were nowhere in the domain at some time since the client has its token: none of them can be that of the token's user.
    newcomers: Mutex<HashSet<LoginKey>>,
}

impl Directory {
    /// Notes that a login is nowhere in the domain.
    pub fn note_absence(&self, login: &LoginKey) {
        self.newcomers.lock().unwrap_or_else(PoisonError::into_inner).insert(login.clone());
    }

    /// Whether a login came into the domain later than the client's token.
    pub fn is_newcomer(&self, login: &LoginKey) -> bool {
        self.newcomers.lock().unwrap_or_else(PoisonError::into_inner).contains(login)
    }
}

/// The ids of contacts, by the login that they have.
pub(super) type Index = HashMap<LoginKey, Vec<String>>;

/// The contacts that have logins.
pub(super) struct Rows {
    begun: Instant,
    /// The state of each row, by the contact's id.
    digests: HashMap<String, u64>,
    /// Ids by address, as [`folded`] has it.
    addressed: HashMap<String, Vec<String>>,
}

/// The state of a contact's row, and when the list was asked for.
#[derive(Clone, Copy)]
pub(super) struct RowState {
    digest: u64,
    begun: Instant,
}

impl Rows {
    /// The rows of a list that was asked for at `begun`.
    pub fn new(begun: Instant, rows: Vec<ContactRow>) -> Self {
        let mut addressed: HashMap<String, Vec<String>> = HashMap::new();
        for row in &rows {
            for email in &row.emails {
                addressed.entry(folded(&email.email)).or_default().push(row.id.clone());
            }
        }
        Self { begun, digests: rows.into_iter().map(|row| (row.id, row.digest)).collect(), addressed }
    }

    /// The state of a contact's row; none when it is not listed.
    pub fn state(&self, contact_id: &str) -> Option<RowState> {
        self.digests.get(contact_id).map(|digest| RowState { digest: *digest, begun: self.begun })
    }

    /// The contacts that have one of these addresses.
    pub fn addressed(&self, addresses: &[&str]) -> BTreeSet<String> {
        addresses.iter().filter_map(|address| self.addressed.get(&folded(address))).flatten().cloned().collect()
    }

    /// All of them, with the state of their rows.
    pub fn states(&self) -> Vec<(String, RowState)> {
        self.digests.iter().map(|(id, digest)| (id.clone(), RowState { digest: *digest, begun: self.begun })).collect()
    }
}

/// One thing about each contact, by the contact's id, as it was last read.
pub(super) struct Memory<T>(Mutex<HashMap<String, Known<T>>>);

struct Known<T> {
    /// No read that began earlier is worth anything.
    since: Instant,
    /// When we last changed the contact: no row from before that speaks for what was read after it, even if it comes back.
    changed: Option<Instant>,
    /// The state of the contact's row by then.
    row: Option<u64>,
    /// None once it may be otherwise.
    value: Option<T>,
}

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Memory<T> {
    /// What was read at `fresh_after` or later.
    pub fn since(&self, contact_id: &str, fresh_after: Instant) -> Option<T> {
        self.lock().get(contact_id).filter(|known| known.since >= fresh_after)?.value.clone()
    }

    /// Whether anything is remembered, so that the list is worth a look.
    pub fn knows(&self, contact_id: &str) -> bool {
        self.lock().get(contact_id).is_some_and(|known| known.value.is_some())
    }

    /// What was read no longer ago than `life`, if the list still shows this row of the contact.
    pub fn recall(&self, contact_id: &str, row: Option<RowState>, life: Duration) -> Option<T> {
        let (all, row) = (self.lock(), row?);
        let known = all.get(contact_id)?;
        (known.row == Some(row.digest) && known.since.elapsed() < life).then(|| known.value.clone())?
    }

    /// Remembers what a read brought that began at `begun`, unless something newer is known.
    pub fn learn(&self, contact_id: &str, begun: Instant, row: Option<RowState>, value: T) {
        let mut all = self.lock();
        let before = all.get(contact_id);
        if before.is_some_and(|known| known.since > begun) {
            return;
        }
        let changed = before.and_then(|known| known.changed);
        let row = row.filter(|row| changed.is_none_or(|changed| row.begun >= changed)).map(|row| row.digest);
        all.insert(contact_id.to_owned(), Known { since: begun, changed, row, value: Some(value) });
    }

    /// Forgets a contact, and what reads will bring that have begun: it may have changed just now.
    pub fn forget(&self, contact_id: &str) {
        let now = Instant::now();
        self.lock().insert(contact_id.to_owned(), Known { since: now, changed: Some(now), row: None, value: None });
    }

    /// The contacts of which this is so, as far as is known.
    pub fn which(&self, is_so: impl Fn(&str, &T) -> bool) -> Vec<String> {
        let all = self.lock();
        let such = all.iter().filter(|(id, known)| known.value.as_ref().is_some_and(|value| is_so(id, value)));
        such.map(|(id, _)| id.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(digest: u64) -> Option<RowState> {
        Some(RowState { digest, begun: Instant::now() })
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_read_lasts_while_its_row_does_and_not_for_ever() {
        let memory = Memory::default();
        let begun = Instant::now();
        memory.learn("a", begun, row(1), "first");
        assert_eq!((memory.since("a", begun), memory.recall("a", row(1), OWN_LIFE)), (Some("first"), Some("first")));
        assert_eq!((memory.recall("a", row(2), OWN_LIFE), memory.recall("a", None, OWN_LIFE)), (None, None));
        tokio::time::advance(OWN_LIFE).await;
        assert_eq!((memory.since("a", Instant::now()), memory.recall("a", row(1), OWN_LIFE)), (None, None));
        assert_eq!(memory.recall("a", row(1), OTHERS_LIFE), Some("first"));
        // A contact that is not listed is not known to be as it was.
        memory.learn("b", begun, None, "second");
        assert_eq!((memory.recall("b", None, OWN_LIFE), memory.knows("b"), memory.knows("c")), (None, true, false));
        assert_eq!(memory.which(|id, value| id == "b" && *value == "second"), ["b"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_that_a_write_overtook_is_not_believed() {
        let memory = Memory::default();
        let begun = Instant::now();
        tokio::time::advance(Duration::from_millis(1)).await;
        memory.forget("a");
        memory.learn("a", begun, row(1), "before");
        assert!(!memory.knows("a"));
        tokio::time::advance(Duration::from_millis(1)).await;
        memory.learn("a", Instant::now(), row(1), "after");
        memory.learn("a", begun, row(1), "before");
        assert_eq!(memory.recall("a", row(1), OWN_LIFE), Some("after"));
    }

    /// Somebody puts back what we changed: the row is the one from before, and what was read in between is not what is there.
    #[tokio::test(start_paused = true)]
    async fn a_row_from_before_a_write_speaks_for_nothing_after_it() {
        let memory = Memory::default();
        let before = row(1);
        tokio::time::advance(Duration::from_millis(1)).await;
        memory.forget("a");
        for _ in 0..2 {
            memory.learn("a", Instant::now(), before, "ours");
            assert_eq!(memory.recall("a", row(1), OWN_LIFE), None);
        }
        memory.learn("a", Instant::now(), row(2), "ours");
        assert_eq!(memory.recall("a", row(2), OWN_LIFE), Some("ours"));
    }
}
