//! Details: what no list tells, and only a call for each object does. Remembered from one list to the next, so that a resync costs one call
//! for each portal and not one for each object; one of them, in turn, is read with each list, so that what changes is seen in the end.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::intrexx::address::Address;

/// Details of the objects of all portals. Clones share them.
pub struct Details<T>(Arc<Mutex<HashMap<String, Known<T>>>>);

/// Those of one portal, by id in upper case.
struct Known<T> {
    details: BTreeMap<String, T>,
    /// Whose turn it was last.
    last: String,
}

impl<T> Clone for Details<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Details<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone> Details<T> {
    /// What was last read of an object.
    pub fn get(&self, portal: &str, id: &str) -> Option<T> {
        self.lock().get(portal)?.details.get(&id.to_ascii_uppercase()).cloned()
    }

    /// Remembers what was read.
    pub fn learn(&self, Address { portal, id }: &Address, detail: T) {
        let mut all = self.lock();
        let known =
            all.entry(portal.clone()).or_insert_with(|| Known { details: BTreeMap::new(), last: String::new() });
        known.details.insert(id.to_ascii_uppercase(), detail);
    }

    /// Forgets what was read: it is not so any more.
    pub fn forget(&self, Address { portal, id }: &Address) {
        if let Some(known) = self.lock().get_mut(portal) {
            known.details.remove(&id.to_ascii_uppercase());
        }
    }

    /// Whose turn it is to be read again in this portal, of those that are known. What the portal does not list any more is forgotten.
    pub fn turn<'a>(&self, portal: &str, listed: impl Iterator<Item = &'a str> + Clone) -> Option<Address> {
        let mut all = self.lock();
        let known = all.get_mut(portal)?;
        let ids: std::collections::BTreeSet<String> = { listed.clone() }.map(str::to_ascii_uppercase).collect();
        known.details.retain(|id, _| ids.contains(id));
        let after = (Bound::Excluded(&known.last), Bound::Unbounded);
        let next = known.details.range::<String, _>(after).next().or_else(|| known.details.iter().next())?.0.clone();
        known.last.clone_from(&next);
        let written = { listed }.find(|id| id.eq_ignore_ascii_case(&next))?;
        Some(Address::new(portal, written))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_known_has_a_turn_and_who_is_gone_is_forgotten() {
        let details = Details::default();
        for id in ["b", "A", "c"] {
            details.learn(&Address::new("sales", id), id.to_owned());
        }
        let turn = |listed: &[&str]| details.turn("sales", listed.iter().copied()).map(|address| address.id);
        let turns: Vec<_> = (0..4).filter_map(|_| turn(&["a", "B", "c", "d"])).collect();
        assert_eq!(turns, ["a", "B", "c", "a"]);
        assert_eq!(turn(&["a", "c"]), Some("c".to_owned()));
        assert_eq!((details.get("sales", "b"), details.get("sales", "C")), (None, Some("c".to_owned())));
        assert_eq!((turn(&[]), details.turn("hr", ["a"].into_iter())), (None, None));
        details.learn(&Address::new("sales", "a"), "new".to_owned());
        details.forget(&Address::new("sales", "A"));
        assert_eq!(details.get("sales", "a"), None);
    }
}
