//! The client of Adeptia Connect: one session for all objects of an AdminApi, its calls, and the lists they share.
//!
//! | file | what is in it |
//! | --- | --- |
//! | `session` | the token, and what it looks like when it has run out |
//! | [`answer`] | how answers are read, whatever form they come in |
//! | [`lists`] | lists with a limit, which are whole or say why they may not be |
//! | [`endpoints`] | the table of all calls |
//! | the others | the calls of one part of the API each |
//!
//! Each call goes through [`Client::send`]. No text of an error decides anything: no page of the vendor shows one (contract 1.4).

pub mod answer;
pub mod endpoints;
pub mod linkages;
pub mod lists;
pub mod onboarding;
pub mod partners;
mod session;
pub mod users;

use std::sync::Arc;

use tokio::time::Instant;

use crate::adeptia::config::{Config, Profile};
use crate::base::access::Access;
use crate::base::fault::Fault;
use crate::base::secret::Secret;
use crate::http::{Answer, Method, Request, SetupError};

pub use answer::{read_nothing, read_object, read_wrapped};
pub use endpoints::ENDPOINTS;
pub use lists::Listing;

use lists::Lists;
use onboarding::Imports;
use session::Session;

/// The vendor's name in metrics and logs.
pub const VENDOR: &str = "Adeptia Connect";

/// A client with one set of credentials. Clones share connections, limits, the token and the lists.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    session: Session,
    lists: Lists,
    profile: Profile,
    inactive_status: u32,
    list_limit: Option<usize>,
    imports: Imports,
}

impl Client {
    /// A client for the product at `config` with the credentials of `access`. Calls nobody.
    ///
    /// # Errors
    /// When the address, a credential or the CA bundle is unusable; the error names it and says what to do.
    pub fn new(config: &Config, access: Access) -> Result<Self, SetupError> {
        Ok(Self(Arc::new(Inner {
            session: Session::new(config, &access)?,
            lists: Lists::default(),
            profile: config.profile.unwrap_or_default(),
            inactive_status: config.inactive_status(),
            list_limit: config.list_limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)),
            imports: Imports::default(),
        })))
    }

    /// The address and the user: what one may do depends on who asks.
    pub fn realm(&self) -> Secret {
        let Inner { session, .. } = &*self.0;
        Secret::new(format!("{}\n{}", session.address(), session.username().to_lowercase()))
    }

    /// Which version of the API it is.
    pub fn profile(&self) -> Profile {
        self.0.profile
    }

    /// Whether this is the login name that we use ourselves, in upper or lower case: that user is never changed, switched off or deleted
    /// (contract 3).
    pub fn is_own_login(&self, login: &str) -> bool {
        self.0.session.username().to_lowercase() == login.trim().to_lowercase()
    }

    /// Makes a call with the session's token: `make` builds it, once for each try, and `read` makes sense of the answer.
    ///
    /// # Errors
    /// Those of `make`, `read` and the transport, and of the log-in that comes before it.
    pub async fn send<T>(
        &self,
        make: impl Fn() -> Result<Request, Fault> + Send + Sync,
        read: impl Fn(&Answer) -> Result<T, Fault> + Send + Sync,
    ) -> Result<T, Fault> {
        self.0.session.send(make, read).await
    }

    /// Proves that the product answers and takes the credentials, by asking for its name and version (contract 2.21).
    ///
    /// # Errors
    /// The fault of the call, or of the log-in before it.
    pub async fn check(&self, fresh_after: Instant) -> Result<(), Fault> {
        let client = self.clone();
        let fetch = move || async move {
            let make =
                || Ok(Request::read("get_product", Method::GET).at(["rest", "fetchproperties", "aboutinformation"]));
            match client.send(make, read_nothing).await {
                // A version without that page has taken the credentials all the same.
                Err(fault) if matches!(fault.code, Some(404 | 405)) => Ok(()),
                outcome => outcome,
            }
        };
        self.lists().proof.read(fresh_after, fetch, |()| ()).await
    }

    /// The code of a partner that is not active.
    pub fn inactive_status(&self) -> u32 {
        self.0.inactive_status
    }

    /// The most rows that the server lists at once, 0 where it has no limit of its own; none where nobody has said.
    pub(crate) fn list_limit(&self) -> Option<usize> {
        self.0.list_limit
    }

    /// Whose import is under way.
    pub(crate) fn imports(&self) -> &Imports {
        &self.0.imports
    }

    /// The copies that all objects share.
    pub(crate) fn lists(&self) -> &Lists {
        &self.0.lists
    }
}

#[cfg(test)]
pub(crate) mod tests;
