//! Claim: which of several objects an external object belongs to. Two that both wrote would overwrite each other for ever. Pure.
//!
//! Two objects mean one external object when the accounts behind their AdminApis, their kinds and their natural keys agree, or when both
//! have recorded its id. It belongs to the one that holds it (has an id or an announcement on record, under our finalizer) and, among several
//! of those or when there is none, to the oldest. An id that somebody typed, and that was never found to be the object's own, is weaker than
//! one that was. One that is being deleted holds until it is gone, and so does one that only observes, or lost its grant: they may not act,
//! but what is theirs is nobody else's. Who only observes, and holds nothing, takes no part.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::digest;

use super::queue::Item;
use super::watch::Key;

/// What one object has to say for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stake {
    /// The AdminApi that it lives behind.
    pub admin_api: Key,
    /// Its natural key.
    pub natural_key: String,
    /// The id that it has recorded.
    pub external_id: Option<String>,
    /// Something at the vendor is its own, or may be.
    pub held: bool,
    /// What makes it a holder is our own record, and not an id that was typed since.
    pub verified: bool,
    /// It is being deleted.
    pub deleting: bool,
    /// When Kubernetes made it, in seconds.
    pub created: i64,
    /// Its uid, which decides between two of one age.
    pub uid: String,
}

/// The object that an external object belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Which object.
    pub item: Item,
    /// The id that it has recorded.
    pub external_id: Option<String>,
}

/// Fingerprint of what several objects may have in common.
type Group = [u8; 16];

/// What an object was about to hold: its uid, and the id, where one was known.
#[derive(Debug, PartialEq, Eq)]
struct Seized {
    uid: String,
    external_id: Option<String>,
}

impl Seized {
    /// Whether this stake shows that it came to it, or that it is about something else now.
    fn is_over(&self, stake: &Stake) -> bool {
        self.uid != stake.uid || (stake.held && (stake.verified || stake.external_id != self.external_id))
    }
}

#[derive(Default)]
struct Index {
    stakes: HashMap<Item, Stake>,
    groups: HashMap<Group, Vec<Item>>,
    realms: HashMap<Key, Arc<str>>,
    /// Objects that are about to write what makes them holders, until the watch shows it.
    seized: HashMap<Item, Seized>,
}

/// Every managed object's stake, and the account of every AdminApi.
#[derive(Default)]
pub struct Claims(RwLock<Index>);

impl Claims {
    /// Replaces the stake of an object (none: it is gone, or takes no part). Returns the objects for which another owner, or another id of
    /// the owner, follows from that, itself included.
    pub fn set(&self, item: &Item, stake: Option<Stake>) -> Vec<Item> {
        let mut index = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if index.stakes.get(item) == stake.as_ref() {
            return Vec::new();
        }
        let over = match (&stake, index.seized.get(item)) {
            (Some(stake), Some(seized)) => seized.is_over(stake),
            _ => true,
        };
        index.change(vec![(item.clone(), stake)], |index| {
            if over {
                index.seized.remove(item);
            }
        })
    }

    /// Learns which account an AdminApi's credentials belong to. Returns the objects for which another owner follows from that.
    pub fn set_realm(&self, admin_api: &Key, realm: &str) -> Vec<Item> {
        let mut index = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if index.realms.get(admin_api).is_some_and(|known| **known == *realm) {
            return Vec::new();
        }
        let within = index.stakes.iter().filter(|(_, stake)| stake.admin_api == *admin_api);
        let moved = within.map(|(item, stake)| (item.clone(), Some(stake.clone()))).collect();
        index.change(moved, |index| drop(index.realms.insert(admin_api.clone(), realm.into())))
    }

    /// The object that this one has to leave its external object to, if there is one.
    pub fn owner(&self, item: &Item) -> Option<Owner> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).owner(item, None)
    }

    /// Makes an object a holder before it writes that down, unless the external object (also the one of `external_id`) is another's. Who
    /// comes later finds it held, however old it is.
    ///
    /// # Errors
    /// Whose it is.
    pub fn seize(&self, item: &Item, external_id: Option<&str>) -> Result<(), Owner> {
        let mut index = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(owner) = index.owner(item, external_id) {
            return Err(owner);
        }
        if let Some(uid) = index.stakes.get(item).map(|stake| stake.uid.clone()) {
            index.seized.insert(item.clone(), Seized { uid, external_id: external_id.map(str::to_owned) });
        }
        Ok(())
    }

    /// Takes that back: nothing was written down. Returns the objects for which another owner follows from that.
    pub fn unseize(&self, item: &Item) -> Vec<Item> {
        let mut index = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if !index.seized.contains_key(item) {
            return Vec::new();
        }
        let stake = index.stakes.get(item).cloned();
        index.change(vec![(item.clone(), stake)], |index| drop(index.seized.remove(item)))
    }

    /// Who wants the external object of `item` as well and is not being deleted, the first in line first.
    pub fn line(&self, item: &Item) -> Vec<Item> {
        let index = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(stake) = index.stakes.get(item) else { return Vec::new() };
        let group = index.groups.get(&index.natural_group(item, stake)).into_iter().flatten();
        let wants = |other: &&Item| *other != item && index.stakes.get(*other).is_some_and(|stake| !stake.deleting);
        let mut line: Vec<Item> = group.filter(wants).cloned().collect();
        line.sort_by_key(|other| index.rank(other));
        line
    }
}

impl Index {
    /// Changes stakes, and tells for whom the owner is another one now.
    fn change(&mut self, stakes: Vec<(Item, Option<Stake>)>, also: impl FnOnce(&mut Self)) -> Vec<Item> {
        let moved: HashMap<Item, Option<Owner>> =
            stakes.iter().map(|(item, _)| (item.clone(), self.owner(item, None))).collect();
        let mut heads: HashMap<Group, Option<Owner>> = HashMap::new();
        for group in moved.keys().flat_map(|item| self.groups_of(item)) {
            heads.insert(group, self.head(&group));
        }
        for item in moved.keys() {
            self.leave(item);
        }
        also(self);
        for (item, stake) in stakes {
            let Some(stake) = stake else { continue };
            for group in self.groups_for(&item, &stake) {
                heads.entry(group).or_insert_with(|| self.head(&group));
            }
            self.join(item, stake);
        }
        let mut news: BTreeSet<Item> = BTreeSet::new();
        for (group, before) in &heads {
            let after = self.head(group);
            let members = self.groups.get(group).into_iter().flatten().filter(|member| !moved.contains_key(*member));
            let other = |head: &Option<Owner>, member: &Item| head.clone().filter(|head| head.item != *member);
            news.extend(members.filter(|member| other(before, member) != other(&after, member)).cloned());
        }
        news.extend(moved.into_iter().filter(|(item, before)| self.owner(item, None) != *before).map(|(item, _)| item));
        news.into_iter().collect()
    }

    fn head(&self, group: &Group) -> Option<Owner> {
        let item = self.groups.get(group)?.iter().min_by_key(|item| self.rank(item))?;
        Some(Owner { item: item.clone(), external_id: self.stakes.get(item)?.external_id.clone() })
    }

    /// Less is stronger.
    fn rank(&self, item: &Item) -> (u8, i64, &str) {
        let Some(stake) = self.stakes.get(item) else { return (u8::MAX, i64::MAX, "") };
        let weakness = match (self.seized.contains_key(item), stake.held, stake.verified) {
            (true, ..) | (_, true, true) => 0,
            (_, true, false) => 1,
            (_, false, _) => 2,
        };
        (weakness, stake.created, stake.uid.as_str())
    }

    fn owner(&self, item: &Item, external_id: Option<&str>) -> Option<Owner> {
        let stake = self.stakes.get(item)?;
        let wanted = external_id.map(|id| self.group(item, stake, "id", id));
        let groups = self.groups_for(item, stake).into_iter().chain(wanted);
        let heads = groups.filter_map(|group| self.head(&group)).filter(|head| head.item != *item);
        heads.filter(|head| self.rank(&head.item) < self.rank(item)).min_by_key(|head| self.rank(&head.item))
    }

    fn leave(&mut self, item: &Item) {
        for group in self.groups_of(item) {
            if let Some(members) = self.groups.get_mut(&group) {
                members.retain(|member| member != item);
                if members.is_empty() {
                    self.groups.remove(&group);
                }
            }
        }
        self.stakes.remove(item);
    }

    fn join(&mut self, item: Item, stake: Stake) {
        for group in self.groups_for(&item, &stake) {
            // Nearly always alone in it, and there are two for each object.
            self.groups.entry(group).or_insert_with(|| Vec::with_capacity(1)).push(item.clone());
        }
        self.stakes.insert(item, stake);
    }

    fn groups_of(&self, item: &Item) -> Vec<Group> {
        self.stakes.get(item).map(|stake| self.groups_for(item, stake)).unwrap_or_default()
    }

    fn groups_for(&self, item: &Item, stake: &Stake) -> Vec<Group> {
        let by_id = stake.external_id.as_ref().map(|id| self.group(item, stake, "id", id));
        [Some(self.natural_group(item, stake)), by_id].into_iter().flatten().collect()
    }

    fn natural_group(&self, item: &Item, stake: &Stake) -> Group {
        self.group(item, stake, "key", &stake.natural_key)
    }

    /// An AdminApi whose account was never known is taken for an account of its own.
    fn group(&self, item: &Item, stake: &Stake, sort: &str, name: &str) -> Group {
        let (namespace, api) = &stake.admin_api;
        let realm = self.realms.get(&stake.admin_api).map_or_else(|| format!("{namespace}/{api}"), ToString::to_string);
        let sum = digest::digest(&digest::SHA256, format!("{realm}\n{}\n{sort}\n{name}", item.kind).as_bytes());
        let mut group = Group::default();
        group.copy_from_slice(&sum.as_ref()[..16]);
        group
    }
}

#[cfg(test)]
mod tests;
