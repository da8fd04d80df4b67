//! A simulated Adeptia Connect with the users' and partners' part of its REST API, written from the vendor's contract alone and never from
//! our client.
//!
//! It serves the calls of the contract over real HTTP(S) on loopback, in the three profiles of the vendor's versions, with every guess of
//! the contract as a switch in [`Options`], and the `/_sim/` calls beside them. What takes time follows the installation's own clock, which
//! [`Simulator::advance`] moves.

mod answer;
mod calls;
mod control;
mod csv;
mod endpoints;
mod entities;
mod fields;
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

use crate::base::secret::Secret;
use crate::sim::Simulation;
use crate::sim::exchange::{Asked, Operation, Vendor};
use crate::sim::journal::Journal;
use crate::sim::server::{Listen, Server, StartError};
use crate::sim::trouble::Troubles;

pub use entities::{
    Company, Definition, Import, ImportState, Invitation, Linkage, Network, Parameter, ParameterType, Role, Template,
    User,
};
pub use options::Options;
pub use store::State;
use store::Store;

/// A running installation. Dropping it stops it.
pub struct Simulator {
    installation: Installation,
    simulation: Simulation,
    server: Server,
}

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
        let simulation = Simulation::default();
        let installation = Installation::new(options);
        let routes = Router::new().fallback(gate::serve).with_state(installation.clone());
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

    /// The credentials that it accepts now, under the keys of a credentials Secret.
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

    /// All that it holds, as plain data with secrets in it. Switches, journal and troubles are no part of it.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn snapshot(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(&self.store().state)
    }

    /// Puts back what [`Simulator::snapshot`] gave, here or on another installation, its clock included.
    ///
    /// # Errors
    /// When it is no snapshot; nothing is changed then.
    pub fn restore(&self, snapshot: Value) -> Result<(), serde_json::Error> {
        self.store().state = serde_json::from_value(snapshot)?;
        Ok(())
    }

    /// How often something was done that cannot be undone, such as an invitation to an address; see [`State::effects`].
    pub fn effect(&self, what: &str) -> u64 {
        self.store().state.effects.get(what).copied().unwrap_or_default()
    }

    /// Changes anything behind the operator's back, and returns what `change` does. It must not use this simulator.
    pub fn edit<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.store().state)
    }

    /// A partner as it is now, by its name.
    pub fn partner(&self, name: &str) -> Option<Company> {
        self.store().state.company_named(name).cloned()
    }

    /// A user as it is now, by its e-mail address.
    pub fn user(&self, email: &str) -> Option<User> {
        self.store().state.user_at(email).cloned()
    }

    /// Whether it lets a user in with this password, by e-mail address or user id.
    pub fn login(&self, name: &str, password: &str) -> bool {
        self.store().lets_in(name, password).is_some()
    }

    /// Makes every token worthless.
    pub fn end_sessions(&self) {
        self.store().state.tokens.clear();
    }

    /// Moves the installation's clock forward (or back): for imports, and for tokens that age.
    pub fn advance(&self, by: SignedDuration) {
        self.store().state.advance(by);
    }

    /// The installation's time.
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

/// One installation, shared by its calls, the `/_sim/` calls and the handle.
#[derive(Clone)]
struct Installation(Arc<Mutex<Store>>);

impl Installation {
    fn new(options: Options) -> Self {
        Self(Arc::new(Mutex::new(Store::new(options))))
    }

    /// What it holds now: whoever looks finds what the clock has brought about meanwhile.
    fn lock(&self) -> MutexGuard<'_, Store> {
        let mut store = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        store.settle();
        store
    }
}

impl Vendor for Installation {
    fn operation(&self, asked: &Asked<'_>) -> Operation {
        gate::operation(&self.lock().options, asked)
    }

    /// `value` is that of a parameter, which may be of the type Password.
    fn secret_names(&self) -> &'static [&'static str] {
        &["password", "ACCESS_TOKEN", "value"]
    }

    fn secrets(&self) -> Vec<Secret> {
        vec![Secret::new(self.lock().options.credentials.password.as_str())]
    }

    fn latency(&self) -> Duration {
        Duration::from_millis(self.lock().options.server.latency_ms.into())
    }
}
