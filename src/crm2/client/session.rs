//! Session: the domain and a token on every call.
//!
//! - The permanent token is as good as a password, so it is traded for a temporary one, which all objects share and which is replaced after
//!   50 of its 60 minutes (contract 1.3). It leaves for three things alone: to be traded, to be checked, and to be reset.
//! - A call that is answered 401 is tried once more with a new token; that answer says that nothing was done. Which status a token that has run
//!   out gets is not documented, so that a 400 or 403 to one that is not new asks for a new one, too.
//! - That temporary tokens are taken by the Administrative API is inferred, not documented. Where they are not, which shows in that a new one is
//!   refused and the permanent one is not, its calls are made with the permanent one from then on.
//! - A server without temporary tokens gets the permanent one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::VENDOR;
use super::answer::{read_object, read_token};
use super::call::Call;
use crate::base::access::Access;
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;
use crate::base::value;
use crate::crm2::config::{Config, DeleteParameters};
use crate::http::{
    Answer, Body, Bounds, Grant, Login, Method, Request, SetupError, Ticket, Transport, Url, credential, parse_url,
};

/// How long a temporary token is good for (contract 1.3).
const LIFETIME: Duration = Duration::from_secs(3600);
/// How long before its end it is replaced.
const MARGIN: Duration = Duration::from_secs(600);
/// How old a temporary token is at least when a 400 or 403 may be its end, and how often the permanent one is tried where it is refused.
const PATIENCE: Duration = Duration::from_secs(60);

/// What to do about a permanent token that is not taken.
const FIND_TOKEN: &str =
    "the vendor shows the token in force under My Account; write it to the key authToken of the credentials Secret";

/// The session of one client. Clones share it.
#[derive(Clone)]
pub(super) struct Session(Arc<Inner>);

struct Inner {
    transport: Transport,
    login: Login<Token>,
    address: String,
    client_domain: String,
    permanent: Secret,
    deletes: DeleteParameters,
    state: Mutex<State>,
}

/// What the session has learned.
#[derive(Default)]
struct State {
    /// The Administrative API takes no temporary tokens.
    wants_permanent: bool,
    /// When the permanent token was last refused where a temporary one was.
    tried: Option<Instant>,
}

#[derive(Clone)]
struct Token {
    text: Secret,
    permanent: bool,
    issued: Instant,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToValidate<'a> {
    auth_token: &'a str,
}

#[derive(Deserialize)]
struct Validated {
    #[serde(deserialize_with = "value::flag")]
    authenticated: bool,
}

impl Session {
    pub fn new(config: &Config, access: &Access) -> Result<Self, SetupError> {
        let url = server(&config.url)?;
        let permanent = credential(access, "authToken").ok_or(SetupError::MissingCredential {
            key: "authToken",
            way_out: "add the permanent token of a user with the permission DOMAIN_CONF; the vendor shows it under My Account",
        })?;
        Ok(Self(Arc::new(Inner {
            address: format!("{}{}", url.origin().ascii_serialization(), url.path().trim_end_matches('/')),
            transport: Transport::new(VENDOR, url, access, &[], Bounds::default())?,
            login: Login::new(VENDOR, access.observer.clone(), MARGIN),
            client_domain: config.client_domain.trim().to_owned(),
            permanent,
            deletes: config.delete_parameters.unwrap_or_default(),
            state: Mutex::default(),
        })))
    }

    /// Origin and base path.
    pub fn address(&self) -> &str {
        &self.0.address
    }

    /// The domain of every call.
    pub fn client_domain(&self) -> &str {
        &self.0.client_domain
    }

    /// As [`Client::send`](super::Client::send).
    pub async fn send<T>(
        &self,
        call: &Call,
        read: impl Fn(&Answer) -> Result<T, Fault> + Send + Sync,
    ) -> Result<T, Fault> {
        if call.is_administrative() && self.state().wants_permanent {
            return self.send_with_permanent(call, read).await;
        }
        self.0.login.call(self.log_ins(), |ticket| self.attempt(ticket, call, &read)).await
    }

    /// Makes a call with the permanent token, once.
    pub async fn send_with_permanent<T>(
        &self,
        call: &Call,
        read: impl Fn(&Answer) -> Result<T, Fault> + Send + Sync,
    ) -> Result<T, Fault> {
        self.exchange(&self.0.permanent, false, call, &read).await
    }

    fn log_ins(&self) -> impl Fn() -> BoxFuture<'static, Result<Grant<Token>, Fault>> + Clone + Send + 'static {
        let session = self.clone();
        move || session.clone().log_in().boxed()
    }

    async fn attempt<T>(
        &self,
        Ticket { token, renewable }: Ticket<Token>,
        call: &Call,
        read: &(impl Fn(&Answer) -> Result<T, Fault> + Send + Sync),
    ) -> Result<T, Fault> {
        let is_new = token.permanent || token.issued.elapsed() < PATIENCE;
        let has_another = !token.permanent && call.is_administrative() && self.may_try_permanent();
        match self.exchange(&token.text, renewable || has_another, call, read).await {
            // What follows a 401 to the first try is a second one with a new temporary token.
            Err(fault) if renewable && !is_new && is_doubtful(&fault) => {
                Err(Fault { class: Class::Denied, code: Some(401), ..fault })
            }
            Err(fault) if has_another && is_refused(&fault) && !(renewable && fault.code == Some(401)) => {
                let outcome = self.send_with_permanent(call, read).await;
                let mut state = self.state();
                match &outcome {
                    Err(fault) if is_refused(fault) => state.tried = Some(Instant::now()),
                    // Neither a lost answer nor a vendor in trouble says anything of the token.
                    Err(fault) if fault.delivery != Delivery::Answered || is_passing(fault) => {}
                    _ => state.wants_permanent = true,
                }
                drop(state);
                outcome
            }
            outcome => outcome,
        }
    }

    fn may_try_permanent(&self) -> bool {
        self.state().tried.is_none_or(|tried| tried.elapsed() >= PATIENCE)
    }

    async fn exchange<T>(
        &self,
        token: &Secret,
        renewable: bool,
        call: &Call,
        read: &(impl Fn(&Answer) -> Result<T, Fault> + Send + Sync),
    ) -> Result<T, Fault> {
        let request = call.signed(&self.0.client_domain, token, self.0.deletes).renewable(renewable);
        let outcome = self.0.transport.send(request, read).await;
        outcome.map_err(|fault| self.explain(fault, call))
    }

    /// Adds what may be behind a refusal, which the vendor's words need not say.
    fn explain(&self, fault: Fault, call: &Call) -> Fault {
        let domain = &self.0.client_domain;
        let mut detail = fault.detail.clone();
        if call.is_administrative() && fault.code == Some(403) {
            detail += &format!(
                "; the token's user needs the permission DOMAIN_CONF in the domain {domain}: grant it, or correct spec.crm2.clientDomain of the \
                 AdminApi"
            );
        }
        if call.is_delete() && matches!(fault.code, Some(400 | 401 | 403)) {
            let other = match self.0.deletes {
                DeleteParameters::Query => "Body",
                DeleteParameters::Body => "Query",
            };
            detail += &format!(
                "; if other calls succeed, the server looks for the parameters of a DELETE elsewhere: set spec.crm2.deleteParameters of the \
                 AdminApi to {other}"
            );
        }
        Fault { detail, ..fault }
    }

    /// Proves that the permanent token is alive.
    pub async fn validate(&self) -> Result<(), Fault> {
        let body = Body::json("validate_token", &ToValidate { auth_token: self.0.permanent.expose() })?;
        let request = Request::read("validate_token", Method::POST).at(["oauth", "validate"]).body(body);
        self.0.transport.send(request.secret(self.0.permanent.clone()), read_validated).await
    }

    async fn log_in(self) -> Result<Grant<Token>, Fault> {
        let permanent = &self.0.permanent;
        let parameters = [("clientDomain", self.0.client_domain.as_str()), ("authToken", permanent.expose())];
        let request = Request::read("trade_token", Method::POST).at(["oauth", "temp-token"]);
        let request = request.body(Body::form(parameters)).secret(permanent.clone());
        let issued = Instant::now();
        let token = match self.0.transport.send(request, read_temporary).await? {
            Some(text) => Token { text, permanent: false, issued },
            None => Token { text: permanent.clone(), permanent: true, issued },
        };
        Ok(Grant { token, lifetime: Some(LIFETIME) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the token is what was refused, or what its user may do.
fn is_refused(fault: &Fault) -> bool {
    fault.class == Class::Denied && fault.delivery == Delivery::Answered
}

/// Whether it may be the end of the token although its status says something else.
fn is_doubtful(fault: &Fault) -> bool {
    matches!(fault.code, Some(400 | 403)) && fault.delivery == Delivery::Answered
}

/// Whether the vendor could not look at the call.
fn is_passing(fault: &Fault) -> bool {
    matches!(fault.class, Class::Transient | Class::Throttled | Class::Broken)
}

/// A temporary token; none where the server has no such thing.
fn read_temporary(answer: &Answer) -> Result<Option<Secret>, Fault> {
    match answer.status() {
        404 | 405 | 501 => Ok(None),
        _ => {
            read_token(answer).map(Some).map_err(|fault| dead(fault, matches!(answer.status(), 200 | 400 | 401 | 403)))
        }
    }
}

fn read_validated(answer: &Answer) -> Result<(), Fault> {
    let Validated { authenticated } =
        read_object(answer).map_err(|fault| dead(fault, matches!(answer.status(), 200 | 400 | 401 | 403)))?;
    if authenticated {
        return Ok(());
    }
    let fault = answer.fault(Class::Denied, "the vendor does not know the permanent token, or not any more");
    Err(dead(fault, true))
}

/// The fault of a permanent token that is refused: such a request is always of the same form, so that only its token can be wrong. The code is
/// the one that the breaker knows.
fn dead(fault: Fault, about_token: bool) -> Fault {
    match fault.class {
        Class::Denied | Class::Refused if about_token => {
            let detail = format!("{}; {FIND_TOKEN}", fault.detail);
            Fault { class: Class::Denied, code: Some(401), delivery: Delivery::Answered, detail, ..fault }
        }
        _ => fault,
    }
}

/// The server's address. The vendor writes `/admin` sometimes with it and sometimes not (contract 1.1).
fn server(text: &str) -> Result<Url, SetupError> {
    let mut url = parse_url(text)?;
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/admin").unwrap_or(path).to_owned();
    url.set_path(&path);
    Ok(url)
}

#[cfg(test)]
mod tests;
