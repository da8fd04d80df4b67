//! The client of the CRM-2 Administrative API, and of what lies beside it: one session for all objects of an AdminApi, and its calls.
//!
//! | file | what is in it |
//! | --- | --- |
//! | `session` | the domain and the token of every call |
//! | [`call`] | a call as data |
//! | [`answer`] | how answers are read, whatever they are wrapped in |
//! | [`endpoints`] | the table of all calls |
//! | the others | the calls of one part of the API each |
//!
//! Each call goes through [`Client::send`]. No text of an error decides anything (contract 1.4).

pub mod answer;
pub mod call;
pub mod domain;
pub mod endpoints;
mod session;

use std::sync::Arc;

use crate::base::access::Access;
use crate::base::fault::Fault;
use crate::base::secret::Secret;
use crate::http::{Answer, SetupError};

pub use crate::crm2::config::Config;
pub use answer::{read_list, read_nothing, read_object, read_optional, read_value, read_wrapped};
pub use call::Call;
pub use endpoints::ENDPOINTS;

use session::Session;

/// The vendor's name in metrics and logs.
pub const VENDOR: &str = "CRM-2";

/// A client with one set of credentials. Clones share connections, limits and the token.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    session: Session,
    own_user_id: Option<String>,
}

impl Client {
    /// A client for the API at `config` with the credentials of `access`. Calls nobody.
    ///
    /// # Errors
    /// When the address, a credential or the CA bundle is unusable; the error names it and says what to do.
    pub fn new(config: &Config, access: Access) -> Result<Self, SetupError> {
        let session = Session::new(config, &access)?;
        Ok(Self(Arc::new(Inner { session, own_user_id: config.own_user_id.clone() })))
    }

    /// The domain at its server: whatever the token, the same domain is the same account.
    pub fn realm(&self) -> Secret {
        Secret::new(format!("{}\n{}", self.0.session.address(), self.client_domain().to_lowercase()))
    }

    /// The domain that all calls are about.
    pub fn client_domain(&self) -> &str {
        self.0.session.client_domain()
    }

    /// The user id of the token's own user, where the AdminApi says it.
    pub fn own_user_id(&self) -> Option<&str> {
        self.0.own_user_id.as_deref()
    }

    /// Makes a call with the session's token, and once more with a newer one if that was refused; `read` makes sense of the answer.
    ///
    /// # Errors
    /// Those of `read` and the transport, and of the trade for a temporary token that comes before it.
    pub async fn send<T>(
        &self,
        call: &Call,
        read: impl Fn(&Answer) -> Result<T, Fault> + Send + Sync,
    ) -> Result<T, Fault> {
        self.0.session.send(call, read).await
    }

    /// Proves that the permanent token is alive, and that its user may administer the domain: nothing else tells that the domain of the
    /// AdminApi is the token's own (trap 16).
    ///
    /// # Errors
    /// [`Class::Denied`](crate::base::fault::Class::Denied) when it is not, or may not; else the fault of the call.
    pub async fn check(&self) -> Result<(), Fault> {
        self.0.session.validate().await?;
        self.activity_types().await.map(|_| ())
    }
}

#[cfg(test)]
pub(crate) mod tests;
