//! A simulated Intrexx server with its Administration API, written from the vendor's contract alone and never from our client.
//!
//! It serves the 53 calls over real HTTP(S) on loopback, with every guess of the contract as a switch in [`Options`], and the
//! `/_sim/` calls beside them. One [`Simulator`] is one Intrexx server: portals, templates and licences of one are unknown to
//! another. What takes time follows the server's own clock, which [`Simulator::advance`] moves.

mod answer;
mod calls;
mod control;
mod cron;
mod endpoints;
mod gate;
mod input;
pub mod options;
mod portal;
mod shape;
mod simulated;
mod store;
mod token;
mod upload;
mod zip;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use axum::Router;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::base::secret::Secret;
use crate::sim::Simulation;
use crate::sim::exchange::{Asked, Operation, Vendor};
use crate::sim::journal::Journal;
use crate::sim::server::{Listen, Server, StartError};
use crate::sim::trouble::Troubles;

pub use options::Options;
pub use portal::{ADMINISTRATORS, Application, Condition, Group, Job, MailService, Portal, USERS, User};
use store::Store;
pub use store::{Fields, License, State, Template};

/// A running server. Dropping it stops it.
pub struct Simulator {
    installation: Installation,
    simulation: Simulation,
    server: Server,
    url: String,
}

/// The server has no portal of this technical name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no portal {0}")]
pub struct NoSuchPortal(pub String);

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
        installation.0.origin.get_or_init(|| server.base_url().to_owned());
        let url = format!("{}{}", server.base_url(), installation.lock().options.server.base());
        Ok(Self { installation, simulation, server, url })
    }

    /// Scheme, host, port and base path: what an `AdminApi` has as its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Scheme, host and port: where the `/_sim/` calls are.
    pub fn origin(&self) -> &str {
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
        self.installation.wake();
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
        self.installation.wake();
        Ok(())
    }

    /// How often something was done that cannot be undone, such as `sales/task/Nightly executed`; see [`State::effects`].
    pub fn effect(&self, what: &str) -> u64 {
        self.store().state.effects.get(what).copied().unwrap_or_default()
    }

    /// Changes anything behind the operator's back, and returns what `change` does. It must not use this simulator.
    pub fn edit<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.store().state);
        self.installation.wake();
        changed
    }

    /// A portal as it is now.
    pub fn portal(&self, name: &str) -> Option<Portal> {
        self.store().portal(name).cloned()
    }

    /// Makes a running portal by hand; one that exists stays as it is.
    pub fn add_portal(&self, name: &str) -> Portal {
        self.store().add_portal(name).clone()
    }

    /// Changes a portal behind the operator's back, and returns what `change` does. It must not use this simulator.
    ///
    /// # Errors
    /// When there is no such portal.
    pub fn edit_portal<T>(&self, name: &str, change: impl FnOnce(&mut Portal) -> T) -> Result<T, NoSuchPortal> {
        let changed = self.store().portal(name).map(change).ok_or_else(|| NoSuchPortal(name.to_owned()))?;
        self.installation.wake();
        Ok(changed)
    }

    /// Removes a portal behind the operator's back.
    ///
    /// # Errors
    /// When there is no such portal.
    pub fn remove_portal(&self, name: &str) -> Result<(), NoSuchPortal> {
        if self.store().remove_portal(name) { Ok(()) } else { Err(NoSuchPortal(name.to_owned())) }
    }

    /// Restarts a portal's service, which is away for `takes`: its settings take effect.
    ///
    /// # Errors
    /// When there is no such portal.
    pub fn restart_portal(&self, name: &str, takes: SignedDuration) -> Result<(), NoSuchPortal> {
        self.store().restart_portal(name, takes).ok_or_else(|| NoSuchPortal(name.to_owned()))
    }

    /// Restarts the Administration API: it knows all portals then, and with a new secret no token is good any more.
    pub fn restart(&self, new_secret: bool) {
        self.store().restart(new_secret);
    }

    /// Whether a portal lets a user in with this password.
    pub fn login(&self, portal: &str, login: &str, password: &str) -> bool {
        self.store().portal(portal).is_some_and(|portal| portal.lets_in(login, password).is_some())
    }

    /// Moves the server's clock forward (or back): for what takes time, and for tokens that age.
    pub fn advance(&self, by: SignedDuration) {
        self.store().state.advance(by);
        self.installation.wake();
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
    /// Changes whenever somebody moved the clock or the data by hand, for those who wait.
    moves: watch::Sender<()>,
    origin: OnceLock<String>,
    stop: CancellationToken,
}

impl Installation {
    fn new(options: Options, stop: CancellationToken) -> Self {
        let store = Mutex::new(Store::new(options));
        Self(Arc::new(Shared { store, moves: watch::Sender::new(()), origin: OnceLock::new(), stop }))
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.0.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Scheme, host and port.
    fn origin(&self) -> &str {
        self.0.origin.get().map_or("", String::as_str)
    }

    fn wake(&self) {
        self.0.moves.send_replace(());
    }

    fn moves(&self) -> watch::Receiver<()> {
        self.0.moves.subscribe()
    }

    async fn stopped(&self) {
        self.0.stop.cancelled().await;
    }
}

impl Vendor for Installation {
    fn operation(&self, asked: &Asked<'_>) -> Operation {
        gate::operation(&self.lock().options, asked)
    }

    fn shown_path(&self, path: &str) -> String {
        endpoints::shown(path)
    }

    fn secret_names(&self) -> &'static [&'static str] {
        &["password", "admin_password", "api_key", "key", "license", "token"]
    }

    fn secrets(&self) -> Vec<Secret> {
        let accepted = &self.lock().options.credentials;
        [&accepted.password, &accepted.license].map(|secret| Secret::new(secret.as_str())).into()
    }

    fn latency(&self) -> Duration {
        Duration::from_millis(self.lock().options.server.latency_ms.into())
    }
}
