//! The ground that every vendor's simulator stands on: a real HTTP(S) server on loopback, a journal of all requests, and trouble on
//! order.
//!
//! A simulator is written from its vendor's contract alone. Neither it nor anything here may name a vendor's client or wire types,
//! `engine` or `http`: a misreading shared by client and simulator would make a wrong client pass. It may name `base`.
//!
//! To build one: implement [`exchange::Vendor`], give its routes to [`Simulation::router`] together with its own `/_sim/` routes,
//! start a [`server::Server`] on the result, and implement [`simulated::Simulated`] for the handle.

pub mod basic;
pub mod control;
pub mod exchange;
pub mod journal;
mod line;
mod mask;
pub mod multipart;
pub mod server;
pub mod simulated;
mod tls;
pub mod trouble;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::{Router, middleware};
use tokio_util::sync::CancellationToken;

use crate::sim::exchange::{Desk, Vendor};
use crate::sim::journal::Journal;
use crate::sim::trouble::Troubles;

/// What one running simulator has besides its vendor's own state. Clones share it.
#[derive(Clone, Default)]
pub struct Simulation {
    /// Every request that reached the vendor's routes.
    pub journal: Journal,
    /// What shall go wrong.
    pub troubles: Troubles,
    /// Cancelled when the server stops: answers held or delayed are cut then.
    pub stop: CancellationToken,
}

impl Simulation {
    /// `routes` as the vendor's own, journaled and open to trouble, beside the generic `/_sim/` calls and those in `control`.
    ///
    /// `help` is what `GET /_sim/` says about the calls in `control`; the generic ones are described before it.
    pub fn router(&self, vendor: Arc<dyn Vendor>, routes: Router, control: Router, help: &str) -> Router {
        let desk = Desk::new(vendor, self.clone());
        // The exchange has read the body by then, within a limit of its own.
        let routes = routes.layer(DefaultBodyLimit::disable());
        let routes = routes.layer(middleware::from_fn_with_state(desk, exchange::exchange));
        // As a fallback rather than merged: merging would leave out requests that fit no route of the vendor, which are exactly
        // those that a journal must show.
        control::router(self.journal.clone(), self.troubles.clone(), help).merge(control).fallback_service(routes)
    }
}
