//! A simulated opentaps CRM-2 server with its Administrative API, written from the vendor's contract alone and never from our client.
//!
//! It serves the 17 calls of that API, those of its later page, and the calls beside it by which their effects can be read, over real
//! HTTP(S) on loopback, with every guess of the contract as a switch in [`Options`], and the `/_sim/` calls beside them. One
//! [`Simulator`] is one server with several client domains; permanent tokens belong to logins and not to domains. Temporary tokens
//! follow the server's own clock, which [`Simulator::advance`] moves.

mod answer;
mod calls;
mod control;
pub mod domain;
mod endpoints;
mod gate;
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
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::base::secret::Secret;
use crate::sim::Simulation;
use crate::sim::exchange::{Asked, Operation, Vendor};
use crate::sim::journal::Journal;
use crate::sim::server::{Listen, Server, StartError};
use crate::sim::trouble::Troubles;

pub use domain::{Contact, Domain, Email, Login, MailAccount, TwitterUser};
pub use options::Options;
pub use store::State;
use store::Store;

/// A running server. Dropping it stops it.
pub struct Simulator {
    installation: Installation,
    simulation: Simulation,
    server: Server,
}

/// The server has no client domain of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no client domain {0}")]
pub struct NoSuchDomain(pub String);

impl Simulator {
    /// Starts a server on a free port of 127.0.0.1, without TLS.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        Self::start_on(Listen::default(), options).await
    }

    /// Starts a server where and how `listen` says.
    ///
    /// # Errors
    /// When the port can't be had, or the certificates can't be made.
    pub async fn start_on(listen: Listen, options: Options) -> Result<Self, StartError> {
        let simulation = Simulation::default();
        let installation = Installation::new(options, simulation.stop.clone());
        let routes = Router::new().fallback(gate::serve).with_state(installation.clone());
        let vendor = Arc::new(installation.clone());
        let router = simulation.router(vendor, routes, control::router(installation.clone()), control::HELP);
        let server = Server::start(router, listen, simulation.stop.clone()).await?;
        Ok(Self { installation, simulation, server })
    }

    /// Scheme, host and port: what an `AdminApi` has as its URL, and where the `/_sim/` calls are.
    pub fn url(&self) -> &str {
        self.server.base_url()
    }

    /// The authority that clients must trust, as PEM; none without TLS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.server.ca_pem()
    }

    /// The credentials that it accepts now, under the keys of a credentials Secret: `authToken`, the permanent token of the owner of the
    /// client domain that the options name.
    pub fn credentials(&self) -> BTreeMap<String, Secret> {
        let mut store = self.store();
        let owner = store.owner().cloned();
        let token = owner.map(|owner| store.state.token_of(&owner)).unwrap_or_default();
        BTreeMap::from([("authToken".to_owned(), Secret::new(token))])
    }

    /// Every request to the vendor's API so far. Calls of `/_sim/` are not among them.
    pub fn journal(&self) -> &Journal {
        &self.simulation.journal
    }

    /// What shall go wrong.
    pub fn trouble(&self) -> &Troubles {
        &self.simulation.troubles
    }

    /// Changes switches while it runs. What is there only from the start stays as it is. `change` must not use this simulator.
    pub fn reconfigure(&self, change: impl FnOnce(&mut Options)) {
        change(&mut self.store().options);
    }

    /// All that it holds, as plain data with secrets in it. Switches, journal and troubles are no part of it.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn snapshot(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(&self.store().state)
    }

    /// Puts back what [`Simulator::snapshot`] gave, here or on another server, its clock included.
    ///
    /// # Errors
    /// When it is no snapshot; nothing is changed then.
    pub fn restore(&self, snapshot: Value) -> Result<(), serde_json::Error> {
        self.store().state = serde_json::from_value(snapshot)?;
        Ok(())
    }

    /// How often something was done that cannot be undone, such as `acme.example token reset`; see [`State::effects`].
    pub fn effect(&self, what: &str) -> u64 {
        self.store().state.effects.get(what).copied().unwrap_or_default()
    }

    /// Changes anything behind the operator's back, and returns what `change` does. It must not use this simulator.
    pub fn edit<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.store().state)
    }

    /// A client domain as it is now.
    pub fn domain(&self, name: &str) -> Option<Domain> {
        self.store().state.domain(name).cloned()
    }

    /// Makes a client domain with an owner; one that exists stays as it is.
    pub fn add_domain(&self, name: &str) -> Domain {
        self.store().add_domain(name).clone()
    }

    /// Changes a client domain behind the operator's back, and returns what `change` does. It must not use this simulator.
    ///
    /// # Errors
    /// When there is no such domain.
    pub fn edit_domain<T>(&self, name: &str, change: impl FnOnce(&mut Domain) -> T) -> Result<T, NoSuchDomain> {
        self.store().state.domain(name).map(change).ok_or_else(|| NoSuchDomain(name.to_owned()))
    }

    /// Makes a contact by hand: `contact` with an id of its own, which is returned.
    ///
    /// # Errors
    /// When there is no such domain.
    pub fn add_contact(&self, domain: &str, contact: Contact) -> Result<String, NoSuchDomain> {
        let mut store = self.store();
        let (id, made) = (store.state.new_id(), store.state.now());
        let domain = store.state.domain(domain).ok_or_else(|| NoSuchDomain(domain.to_owned()))?;
        domain.contacts.push(Contact { id: id.clone(), made, ..contact });
        Ok(id)
    }

    /// The permanent token of a login, as its user finds it under "My Account".
    pub fn permanent_token(&self, login: &Login) -> Secret {
        Secret::new(self.store().state.token_of(login))
    }

    /// Resets the permanent token of a login by hand, under "My Account". Its temporary tokens go on, or not, as the options say.
    pub fn reset_token(&self, login: &Login) -> Secret {
        let mut store = self.store();
        let ends_temporary = store.options.behaviour.reset_ends_temporary;
        Secret::new(store.reset(login, ends_temporary))
    }

    /// Whether a token lets anyone in, be it permanent or temporary.
    pub fn lets_in(&self, token: &Secret) -> bool {
        self.store().state.bearer(token.expose()).is_some()
    }

    /// Moves the server's clock forward (or back), for tokens that age.
    pub fn advance(&self, by: SignedDuration) {
        self.store().state.advance(by);
    }

    /// The server's time.
    pub fn now(&self) -> Timestamp {
        self.store().state.now()
    }

    /// Stops it, cuts what is held or delayed, and returns when all connections are closed.
    pub async fn stop(self) {
        self.server.stop().await;
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.installation.lock()
    }
}

/// One server, shared by its calls, the `/_sim/` calls and the handle.
#[derive(Clone)]
struct Installation(Arc<Shared>);

struct Shared {
    store: Mutex<Store>,
    stop: CancellationToken,
}

impl Installation {
    fn new(options: Options, stop: CancellationToken) -> Self {
        Self(Arc::new(Shared { store: Mutex::new(Store::new(options)), stop }))
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.0.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes its time, unless the server stops.
    async fn pause(&self, time: Duration) {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = self.0.stop.cancelled() => {}
        }
    }
}

impl Vendor for Installation {
    fn operation(&self, asked: &Asked<'_>) -> Operation {
        gate::operation(&self.lock().options, asked)
    }

    fn secret_names(&self) -> &'static [&'static str] {
        &["authToken", "mailPass", "token", "tokenSecret"]
    }

    fn secrets(&self) -> Vec<Secret> {
        self.lock().state.secrets().map(Secret::new).collect()
    }

    fn latency(&self) -> Duration {
        Duration::from_millis(self.lock().options.server.latency_ms.into())
    }
}
