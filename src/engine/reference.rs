//! References: which object uses which AdminApi, Secret and ConfigMap, so that a change of one brings back exactly its users.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use super::queue::Item;

/// Something that objects refer to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// What it is.
    pub sort: Sort,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

/// What can be referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sort {
    /// An AdminApi.
    AdminApi,
    /// A Secret that is read.
    Secret,
    /// A ConfigMap that is read.
    ConfigMap,
    /// A Secret that is written.
    Published,
    /// A managed object of this kind.
    Object(&'static str),
}

impl Target {
    /// The target of a reference from an object in `namespace`.
    pub fn new(sort: Sort, namespace: &str, name: &str) -> Self {
        Self { sort, namespace: namespace.into(), name: name.into() }
    }
}

#[derive(Default)]
struct Index {
    used_by: HashMap<Item, Vec<Target>>,
    users_of: HashMap<Target, HashSet<Item>>,
    versions: HashMap<Target, String>,
}

/// The index, both ways, with the last seen resourceVersion of each referenced Secret and ConfigMap.
#[derive(Default)]
pub struct References(RwLock<Index>);

impl References {
    /// Replaces what `item` refers to.
    pub fn set(&self, item: &Item, targets: Vec<Target>) {
        let mut index = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if index.used_by.get(item) == Some(&targets) {
            return;
        }
        index.drop_uses(item);
        // Thousands refer to the same few: they share one copy of the names.
        let known = |target| index.users_of.get_key_value(&target).map_or(target, |(known, _)| known.clone());
        let targets: Vec<Target> = targets.into_iter().map(known).collect();
        for target in &targets {
            index.users_of.entry(target.clone()).or_default().insert(item.clone());
        }
        if !targets.is_empty() {
            index.used_by.insert(item.clone(), targets);
        }
    }

    /// Forgets an object that is gone.
    pub fn remove(&self, item: &Item) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).drop_uses(item);
    }

    /// What `item` refers to.
    pub fn used_by(&self, item: &Item) -> Vec<Target> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).used_by.get(item).cloned().unwrap_or_default()
    }

    /// Who refers to `target`.
    pub fn users(&self, target: &Target) -> Vec<Item> {
        let index = self.0.read().unwrap_or_else(PoisonError::into_inner);
        index.users_of.get(target).map(|users| users.iter().cloned().collect()).unwrap_or_default()
    }

    /// Whether anybody refers to `target`.
    pub fn is_used(&self, target: &Target) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).users_of.contains_key(target)
    }

    /// The objects of these namespaces that refer to an AdminApi of another one.
    pub fn strangers(&self, namespaces: &HashSet<Arc<str>>) -> Vec<Item> {
        let index = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut strangers = Vec::new();
        for (target, users) in index.users_of.iter().filter(|(target, _)| target.sort == Sort::AdminApi) {
            let stranger = |user: &&Item| user.namespace != target.namespace && namespaces.contains(&user.namespace);
            strangers.extend(users.iter().filter(stranger).cloned());
        }
        strangers
    }

    /// How many of those that `counts` refer to `target`, by kind.
    pub fn count(&self, target: &Target, counts: impl Fn(&Item) -> bool) -> HashMap<&'static str, usize> {
        let index = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut by_kind = HashMap::new();
        for item in index.users_of.get(target).into_iter().flatten().filter(|item| counts(item)) {
            *by_kind.entry(item.kind).or_default() += 1;
        }
        by_kind
    }

    /// Notes the version of a referenced Secret or ConfigMap (none: it is gone); returns its users if that is news.
    pub fn observed(&self, target: &Target, version: Option<&str>) -> Vec<Item> {
        let mut index = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Some(users) = index.users_of.get(target) else { return Vec::new() };
        if index.versions.get(target).map(String::as_str) == version {
            return Vec::new();
        }
        let users = users.iter().cloned().collect();
        match version {
            Some(version) => index.versions.insert(target.clone(), version.to_owned()),
            None => index.versions.remove(target),
        };
        users
    }

    /// Notes the version at which we read or wrote a referenced Secret or ConfigMap ourselves: that is no news to anybody, but its later
    /// change or disappearance is.
    pub fn learned(&self, target: &Target, version: &str) {
        let mut index = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let number = |version: &str| version.parse::<u64>().unwrap_or_default();
        // The watch may have seen a later one while we read this one.
        let later = index.versions.get(target).is_some_and(|known| number(known) > number(version));
        if index.users_of.contains_key(target) && !later {
            index.versions.insert(target.clone(), version.to_owned());
        }
    }

    /// The last seen version of a referenced Secret or ConfigMap.
    pub fn version(&self, target: &Target) -> Option<String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).versions.get(target).cloned()
    }

    /// The referenced targets of a sort in `namespace` (all namespaces if none): what a fresh list must contain, or they are gone.
    pub fn targets(&self, sort: Sort, namespace: Option<&str>) -> Vec<Target> {
        let index = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let within = |target: &&Target| namespace.is_none_or(|namespace| *target.namespace == *namespace);
        index.users_of.keys().filter(|target| target.sort == sort).filter(within).cloned().collect()
    }
}

impl Index {
    fn drop_uses(&mut self, item: &Item) {
        for target in self.used_by.remove(item).unwrap_or_default() {
            if let Some(users) = self.users_of.get_mut(&target) {
                users.remove(item);
                if users.is_empty() {
                    self.users_of.remove(&target);
                    self.versions.remove(&target);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str) -> Item {
        Item { kind: "T", namespace: "ns".into(), name: name.into() }
    }

    #[test]
    fn a_change_brings_back_exactly_the_users_and_only_once() {
        let (references, secret) = (References::default(), Target::new(Sort::Secret, "ns", "s"));
        references.set(&item("a"), vec![secret.clone()]);
        references.set(&item("b"), vec![Target::new(Sort::Secret, "ns", "other")]);
        assert_eq!(references.observed(&secret, Some("1")), [item("a")]);
        assert!(references.observed(&secret, Some("1")).is_empty());
        assert_eq!(references.observed(&secret, None), [item("a")]);
        references.set(&item("a"), vec![]);
        assert!(references.observed(&secret, Some("2")).is_empty());
        references.set(&item("a"), vec![secret.clone()]);
        references.observed(&secret, Some("12"));
        references.learned(&secret, "9");
        assert_eq!(references.version(&secret).as_deref(), Some("12"));
        references.set(&item("a"), vec![]);
        assert_eq!(references.version(&secret), None);
    }

    #[test]
    fn strangers_are_those_from_elsewhere() {
        let references = References::default();
        references.set(&item("at home"), vec![Target::new(Sort::AdminApi, "ns", "x")]);
        references.set(&item("abroad"), vec![Target::new(Sort::AdminApi, "other", "x")]);
        assert_eq!(references.strangers(&HashSet::from(["ns".into()])), [item("abroad")]);
        assert!(references.strangers(&HashSet::from(["other".into()])).is_empty());
    }

    #[test]
    fn removal_leaves_nothing_behind() {
        let (references, api) = (References::default(), Target::new(Sort::AdminApi, "ns", "x"));
        references.set(&item("a"), vec![api.clone()]);
        assert_eq!(references.count(&api, |_| true)["T"], 1);
        assert!(references.count(&api, |_| false).is_empty());
        references.remove(&item("a"));
        assert!(references.users(&api).is_empty() && references.targets(Sort::AdminApi, None).is_empty());
    }
}
