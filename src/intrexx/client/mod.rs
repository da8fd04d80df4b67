//! The client of the Intrexx Administration API (IAA): one session for all objects of an AdminApi, its calls, and the lists they share.
//!
//! | file | what is in it |
//! | --- | --- |
//! | `session` | the token, the licence, and what a refusal means |
//! | [`answer`] | how answers are read, whatever form they come in |
//! | [`lists`] | copies that all objects share, for the installation and for each portal |
//! | `settle` | waiting until a change is shown |
//! | [`endpoints`] | the table of all calls |
//! | the others | the calls of one part of the API each |
//!
//! Each call goes through [`Client::send`]. Success and failure are told by the HTTP status alone: no text of an error decides anything
//! (contract 1.5).

pub mod actions;
pub mod answer;
pub mod applications;
pub mod details;
pub mod endpoints;
mod licenses;
mod lifecycle;
mod listed;
pub mod lists;
pub mod mail;
pub mod portals;
pub mod scheduler;
mod session;
pub mod settings;
mod settle;
pub mod templates;
pub mod uploads;
pub mod users;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::base::access::Access;
use crate::base::fault::Fault;
use crate::base::secret::Secret;
use crate::http::{Answer, Bounds, Courier, Request, SetupError};

pub use crate::intrexx::config::Config;
pub use answer::{read_created, read_created_id, read_json, read_list, read_nothing, read_optional};
pub use endpoints::ENDPOINTS;
pub use lists::PerPortal;

use lists::Lists;
use session::Session;

/// The vendor's name in metrics and logs.
pub const VENDOR: &str = "Intrexx";

/// A client with one set of credentials. Clones share connections, limits, the token and the lists.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    session: Session,
    lists: Lists,
    courier: Courier,
    administrators: Vec<String>,
    creation_timeout: Duration,
}

impl Client {
    /// A client for the API at `config` with the credentials of `access`. Calls nobody.
    ///
    /// # Errors
    /// When the address, a credential or the CA bundle is unusable; the error names it and says what to do.
    pub fn new(config: &Config, access: Access) -> Result<Self, SetupError> {
        let session = Session::new(config, &access)?;
        let courier = Courier::new(&access, Bounds::default())?;
        Ok(Self(Arc::new(Inner {
            session,
            lists: Lists::default(),
            courier,
            administrators: config.administrators(),
            creation_timeout: config.creation_timeout(),
        })))
    }

    /// The installation: one address has one login, and so one account.
    pub fn realm(&self) -> Secret {
        Secret::new(self.0.session.address())
    }

    /// Whether the password is one that everybody knows (contract, trap 15).
    pub fn has_public_password(&self) -> bool {
        self.0.session.has_public_password()
    }

    /// Makes a call with the session's token: `make` builds it, once for each try, and `read` makes sense of the answer.
    ///
    /// # Errors
    /// Those of `make`, `read` and the transport, and of the log-in and the licence that come before it. A portal that does not answer is
    /// [`Class::Transient`](crate::base::fault::Class::Transient) and named.
    pub async fn send<T>(
        &self,
        make: impl Fn() -> Result<Request, Fault> + Send + Sync,
        read: impl Fn(&Answer) -> Result<T, Fault> + Send + Sync,
    ) -> Result<T, Fault> {
        let outcome = self.0.session.send(make, read).await;
        if outcome.as_ref().is_err_and(|fault| fault.contained) && self.0.session.is_doubtful() {
            // Whether it is that portal alone: a failure of this call is one of the whole API, and is counted as such.
            let _ = self.listing(Instant::now(), |_| ()).await;
        }
        outcome
    }

    /// How long the server may go on with making a portal.
    pub fn creation_timeout(&self) -> Duration {
        self.0.creation_timeout
    }

    /// The copies that all objects share.
    pub(crate) fn lists(&self) -> &Lists {
        &self.0.lists
    }

    /// Whether the Administration API enters its portals as the user of this login name, in upper or lower case: what would lock it out is
    /// not to be done to that user (contract, traps 16 and 17).
    pub fn is_administrator(&self, login: &str) -> bool {
        self.0.administrators.iter().any(|own| own.to_lowercase() == login.to_lowercase())
    }
}

#[cfg(test)]
pub(crate) mod tests;
