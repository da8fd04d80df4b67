//! Prints: what is kept of the Secrets and ConfigMaps that were read, which is never a value.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use super::reference::Target;

/// Fingerprints or digests of the values of Secrets and ConfigMaps that were read, by the version they were read at; never the values themselves.
#[derive(Default)]
pub struct Prints(Mutex<HashMap<Target, ReadAt>>);

/// The version, and the prints by key.
type ReadAt = (String, BTreeMap<String, String>);

impl Prints {
    /// That of one key at this version: none when that was not read yet, none inside when it has no such key.
    pub fn get(&self, target: &Target, version: &str, key: &str) -> Option<Option<String>> {
        let prints = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, values) = prints.get(target)?;
        (read_at == version).then(|| values.get(key).cloned())
    }

    /// Notes what was read at a version.
    pub fn set(&self, target: Target, version: String, values: BTreeMap<String, String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(target, (version, values));
    }

    /// Forgets a target that is gone.
    pub fn forget(&self, target: &Target) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(target);
    }
}
