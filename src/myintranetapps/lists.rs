//! The lists that all objects of one AdminApi share, indexed for those who look for one account in them.

use std::collections::{BTreeMap, HashMap};

use crate::myintranetapps::wire::{Account, AccountUpdate, Connection};

/// All accounts of the caller, by key and by subdomain.
///
/// When the vendor repeats a key, its first row counts; when it repeats a subdomain, the smallest key does, which is the oldest account.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    by_key: BTreeMap<String, Account>,
    keys_by_subdomain: HashMap<String, String>,
}

impl Accounts {
    /// The account with this key.
    pub fn by_key(&self, key: &str) -> Option<&Account> {
        self.by_key.get(key)
    }

    /// The account with this subdomain, in upper or lower case.
    pub fn by_subdomain(&self, subdomain: &str) -> Option<&Account> {
        self.by_key.get(self.keys_by_subdomain.get(&subdomain.to_ascii_lowercase())?)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// All of them, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.by_key.values()
    }

    /// Adds an account, unless there is one with its key.
    pub(crate) fn add(&mut self, account: Account) {
        if self.by_key.contains_key(&account.key) {
            return;
        }
        if !account.subdomain.is_empty() {
            let owner = self
                .keys_by_subdomain
                .entry(account.subdomain.to_ascii_lowercase())
                .or_insert_with(|| account.key.clone());
            if account.key < *owner {
                owner.clone_from(&account.key);
            }
        }
        self.by_key.insert(account.key.clone(), account);
    }

    /// Shows what an update has changed.
    pub(crate) fn apply(&mut self, update: &AccountUpdate) {
        let Some(account) = self.by_key.get_mut(update.account_key()) else { return };
        if update.change().package_id.is_some() {
            account.package_id.clone_from(&update.change().package_id);
        }
        if update.change().email_admin.is_some() {
            account.email_admin.clone_from(&update.change().email_admin);
        }
    }
}

impl FromIterator<Account> for Accounts {
    fn from_iter<I: IntoIterator<Item = Account>>(accounts: I) -> Self {
        let mut all = Self::default();
        accounts.into_iter().for_each(|account| all.add(account));
        all
    }
}

/// Connections by account, each account's in a fixed order.
#[derive(Debug, Clone, Default)]
pub struct Connections {
    by_account: HashMap<String, Vec<Connection>>,
}

impl Connections {
    /// The connections of one account.
    pub fn of(&self, account_key: &str) -> &[Connection] {
        self.by_account.get(account_key).map_or(&[], Vec::as_slice)
    }

    /// How many there are over all accounts.
    pub fn len(&self) -> usize {
        self.by_account.values().map(Vec::len).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them, in no particular order of accounts.
    pub fn iter(&self) -> impl Iterator<Item = &Connection> {
        self.by_account.values().flatten()
    }

    /// Puts these in the place of an account's connections.
    pub(crate) fn replace(&mut self, account_key: &str, connections: Vec<Connection>) {
        if connections.is_empty() {
            self.by_account.remove(account_key);
        } else {
            self.by_account.insert(account_key.to_owned(), connections);
        }
    }
}

impl FromIterator<Connection> for Connections {
    fn from_iter<I: IntoIterator<Item = Connection>>(connections: I) -> Self {
        let mut by_account: HashMap<String, Vec<Connection>> = HashMap::new();
        for connection in connections {
            by_account.entry(connection.account_key.clone()).or_default().push(connection);
        }
        by_account.values_mut().for_each(|rows| rows.sort());
        Self { by_account }
    }
}
