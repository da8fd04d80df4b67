//! A simulated MyIntranetApps installation, written from the vendor's contract alone and never from our client.
//!
//! It serves `/app/api.php` over real HTTP(S) on loopback, with every guess of the contract as a switch in [`Options`], and the
//! `/_sim/` calls beside it. One [`Simulator`] is one region's installation: keys, accounts and subdomains of one are unknown to
//! another.

mod actions;
mod answer;
mod api;
mod control;
mod input;
pub mod options;
mod simulated;
mod store;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use jiff::{SignedDuration, Timestamp};

use crate::base::secret::Secret;
use crate::sim::Simulation;
use crate::sim::exchange::{Asked, Operation, Vendor};
use crate::sim::journal::Journal;
use crate::sim::server::{Listen, Server, StartError};
use crate::sim::trouble::Troubles;

pub use options::Options;
use store::Store;
pub use store::{Account, Breakage, Change, Connection, ConnectionStatus, NewAccount};

/// A running installation. Dropping it stops it.
pub struct Simulator {
    installation: Installation,
    simulation: Simulation,
    server: Server,
}

/// The account that a call names, by subdomain or key, does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no account {0}, neither by subdomain nor by key")]
pub struct NoSuchAccount(pub String);

/// Why an account could not be made by hand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the subdomain {0} is taken")]
pub struct Taken(pub String);

impl Simulator {
    /// Starts an installation on a free port of 127.0.0.1, without TLS.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        Self::start_on(Listen::default(), options).await
    }

    /// Starts an installation where and how `listen` says.
    ///
    /// # Errors
    /// When the port can't be had, or the certificates can't be made.
    pub async fn start_on(listen: Listen, options: Options) -> Result<Self, StartError> {
        let installation = Installation(Arc::new(Mutex::new(Store::new(options))));
        let simulation = Simulation::default();
        let script = get(api::script).post(api::script);
        let routes = Router::new().route(api::SCRIPT, script).fallback(api::not_found).with_state(installation.clone());
        let vendor = Arc::new(installation.clone());
        let router = simulation.router(vendor, routes, control::router(installation.clone()), control::HELP);
        let server = Server::start(router, listen, simulation.stop.clone()).await?;
        Ok(Self { installation, simulation, server })
    }

    /// Scheme, host and port: what an `AdminApi` has as its URL.
    pub fn url(&self) -> &str {
        self.server.base_url()
    }

    /// The authority that clients must trust, as PEM; none without TLS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.server.ca_pem()
    }

    /// The user's credentials that it accepts now, under the keys of a credentials Secret.
    pub fn credentials(&self) -> BTreeMap<String, Secret> {
        self.store().options.credentials.of_user()
    }

    /// Every request to the vendor's API so far. Calls of `/_sim/` are not among them.
    pub fn journal(&self) -> &Journal {
        &self.simulation.journal
    }

    /// What shall go wrong.
    pub fn trouble(&self) -> &Troubles {
        &self.simulation.troubles
    }

    /// Changes switches while it runs, such as the credentials that it accepts. `change` must not use this simulator.
    pub fn reconfigure(&self, change: impl FnOnce(&mut Options)) {
        change(&mut self.store().options);
    }

    /// All accounts, oldest first, inactive ones too.
    pub fn accounts(&self) -> Vec<Account> {
        self.store().accounts().cloned().collect()
    }

    /// The account of a subdomain, whatever its case.
    pub fn account_by_subdomain(&self, subdomain: &str) -> Option<Account> {
        self.store().accounts().find(|account| account.subdomain.eq_ignore_ascii_case(subdomain)).cloned()
    }

    /// Makes an account by hand, as a person in the vendor's portal would.
    ///
    /// # Errors
    /// When the subdomain is taken.
    pub fn add_account(&self, new: NewAccount) -> Result<Account, Taken> {
        let mut store = self.store();
        if store.is_taken(&new.subdomain) { Err(Taken(new.subdomain)) } else { Ok(store.add(new)) }
    }

    /// Changes an account, by subdomain or key, behind the operator's back.
    ///
    /// # Errors
    /// When there is no such account.
    pub fn edit(&self, account: &str, change: Change) -> Result<Account, NoSuchAccount> {
        self.store().change(account, change).ok_or_else(|| NoSuchAccount(account.to_owned()))
    }

    /// Removes an account with all it has, which no call of the API can.
    ///
    /// # Errors
    /// When there is no such account.
    pub fn remove_account(&self, account: &str) -> Result<Account, NoSuchAccount> {
        self.store().remove(account).ok_or_else(|| NoSuchAccount(account.to_owned()))
    }

    /// Gives a subdomain to another customer of the vendor: taken, and not in our list.
    pub fn take_subdomain(&self, subdomain: impl Into<String>) {
        self.store().options.taken_subdomains.push(subdomain.into());
    }

    /// Whether the account's built-in user `admin` gets in with `password`.
    pub fn admin_login(&self, account: &str, password: &str) -> bool {
        self.store().admin_login(account, password)
    }

    /// The connections of one account, or of all.
    ///
    /// # Errors
    /// When an account is named that does not exist.
    pub fn connections(&self, account: Option<&str>) -> Result<Vec<Connection>, NoSuchAccount> {
        let store = self.store();
        let key = account.map(|account| key_of(&store, account)).transpose()?;
        let fits = |connection: &&Connection| key.as_ref().is_none_or(|key| *key == connection.account_key);
        Ok(store.connections.iter().filter(fits).cloned().collect())
    }

    /// Adds a connection to an account: an active one of `integration`, made and synchronised now, and then what `shape` makes
    /// of it. `shape` must not use this simulator.
    ///
    /// # Errors
    /// When there is no such account.
    pub fn add_connection(
        &self,
        account: &str,
        integration: &str,
        shape: impl FnOnce(&mut Connection),
    ) -> Result<Connection, NoSuchAccount> {
        self.installation.add_connection(account, integration, shape)
    }

    /// Breaks connections of an account, and returns how many.
    ///
    /// # Errors
    /// When there is no such account.
    pub fn break_connection(&self, account: &str, breakage: &Breakage) -> Result<usize, NoSuchAccount> {
        let mut store = self.store();
        let key = key_of(&store, account)?;
        Ok(store.break_connections(&key, breakage))
    }

    /// Lets connections of an account (all, or one app's) synchronise well again, and returns how many.
    ///
    /// # Errors
    /// When there is no such account.
    pub fn mend_connection(&self, account: &str, integration: Option<&str>) -> Result<usize, NoSuchAccount> {
        let mut store = self.store();
        let key = key_of(&store, account)?;
        Ok(store.mend_connections(&key, integration))
    }

    /// Uses up an embed token, and returns the key of the account that it opens; none when it is unknown, used or too old.
    pub fn use_embed_token(&self, token: &str) -> Option<String> {
        self.store().use_token(token)
    }

    /// The sites that may embed the widgets, each with its environment's word.
    pub fn allowed_urls(&self) -> Vec<(String, &'static str)> {
        self.store().allowed_urls.iter().map(|(url, environment)| (url.clone(), environment.word())).collect()
    }

    /// Moves the installation's clock forward (or back), for tokens that age and dates that differ.
    pub fn advance(&self, by: SignedDuration) {
        self.store().advance(by);
    }

    /// The installation's time.
    pub fn now(&self) -> Timestamp {
        self.store().now()
    }

    /// Stops it, cuts what is held or delayed, and returns when all connections are closed.
    pub async fn stop(self) {
        self.server.stop().await;
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.installation.lock()
    }
}

/// The data of one installation, shared by the script, the `/_sim/` calls and the handle.
#[derive(Clone)]
struct Installation(Arc<Mutex<Store>>);

impl Installation {
    fn lock(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add_connection(
        &self,
        account: &str,
        integration: &str,
        shape: impl FnOnce(&mut Connection),
    ) -> Result<Connection, NoSuchAccount> {
        let mut store = self.lock();
        let owner = store.find(account).cloned().ok_or_else(|| NoSuchAccount(account.to_owned()))?;
        let mut connection = Connection::new(&owner, integration, owner.environment.unwrap_or_default(), store.now());
        shape(&mut connection);
        store.connections.push(connection.clone());
        Ok(connection)
    }
}

impl Vendor for Installation {
    fn operation(&self, asked: &Asked<'_>) -> Operation {
        api::operation(asked)
    }

    fn secret_names(&self) -> &'static [&'static str] {
        &["password", "token"]
    }

    fn secrets(&self) -> Vec<Secret> {
        let accepted = &self.lock().options.credentials;
        [&accepted.password, &accepted.api_key, &accepted.account_key].map(|secret| Secret::new(secret.as_str())).into()
    }

    fn latency(&self) -> Duration {
        Duration::from_millis(self.lock().options.latency_ms)
    }
}

fn key_of(store: &Store, account: &str) -> Result<String, NoSuchAccount> {
    store.find(account).map(|account| account.key.clone()).ok_or_else(|| NoSuchAccount(account.to_owned()))
}
