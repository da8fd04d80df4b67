//! Session: one token for all calls of a client, and what it looks like when it has run out.
//!
//! - A token is good for the days that the log-in tells (30 in every example); it is replaced six days before its end, or after half of
//!   its life where that is shorter. There is no call that refreshes one or ends it (contract 1.2).
//! - A call that is answered 401, or with the login page, has done nothing, and is made once more with a new token. The login page comes as
//!   a redirect, or as HTML with status 200 (contract 1.4).

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Serialize;

use super::VENDOR;
use super::answer::{is_login_page, read_grant};
use crate::adeptia::config::{Config, TokenIn};
use crate::base::access::Access;
use crate::base::fault::{Class, Fault};
use crate::base::secret::Secret;
use crate::http::{
    Answer, Body, Bounds, Grant, Login, Method, Request, SetupError, Ticket, Transport, Url, credential, parse_url,
};

/// A fifth of the documented 30 days.
const MARGIN: Duration = Duration::from_secs(6 * 24 * 3600);

/// The session of one client. Clones share it.
#[derive(Clone)]
pub(super) struct Session(Arc<Inner>);

struct Inner {
    transport: Transport,
    login: Login<Secret>,
    address: String,
    username: String,
    password: Secret,
    token_in: TokenIn,
}

#[derive(Serialize)]
struct Credentials<'a> {
    username: &'a str,
    password: &'a str,
}

impl Session {
    pub fn new(config: &Config, access: &Access) -> Result<Self, SetupError> {
        let url = parse_url(&config.url)?;
        let username = credential(access, "username").ok_or(SetupError::MissingCredential {
            key: "username",
            way_out: "add the login name of a user who may manage users and partners",
        })?;
        // A password may begin or end with blanks; only the line end of its file does not belong to it.
        let password = access.credentials.get("password").map(|secret| secret.expose().trim_end_matches(['\r', '\n']));
        let password = password.filter(|password| !password.is_empty()).ok_or(SetupError::MissingCredential {
            key: "password",
            way_out: "add the password of the user that the key username names",
        })?;
        let address = address(&url);
        Ok(Self(Arc::new(Inner {
            transport: Transport::new(VENDOR, url, access, &[], Bounds::default())?,
            login: Login::new(VENDOR, access.observer.clone(), MARGIN),
            address,
            username: username.expose().to_owned(),
            password: Secret::new(password),
            token_in: config.token_in.unwrap_or_default(),
        })))
    }

    /// Origin and base path.
    pub fn address(&self) -> &str {
        &self.0.address
    }

    /// The login name that the calls are made with.
    pub fn username(&self) -> &str {
        &self.0.username
    }

    /// As [`Client::send`](super::Client::send).
    pub async fn send<T>(
        &self,
        make: impl Fn() -> Result<Request, Fault> + Send + Sync,
        read: impl Fn(&Answer) -> Result<T, Fault> + Send + Sync,
    ) -> Result<T, Fault> {
        let session = self.clone();
        let log_in = move || -> BoxFuture<'static, _> { session.clone().log_in().boxed() };
        self.0.login.call(log_in, |ticket| self.attempt(ticket, &make, &read)).await
    }

    async fn attempt<T>(
        &self,
        Ticket { token, renewable }: Ticket<Secret>,
        make: &(impl Fn() -> Result<Request, Fault> + Send + Sync),
        read: &(impl Fn(&Answer) -> Result<T, Fault> + Send + Sync),
    ) -> Result<T, Fault> {
        let request = self.sign(make()?, token).reads_redirect().renewable(renewable);
        let read = |answer: &Answer| {
            let outcome = match is_login_page(answer) {
                true => Err(answer.rejection(401, Some("it sends its login page"))),
                false => read(answer),
            };
            outcome.map_err(|fault| if renewable { fault } else { self.explain(fault) })
        };
        self.0.transport.send(request, read).await
    }

    fn sign(&self, request: Request, token: Secret) -> Request {
        match self.0.token_in {
            TokenIn::Header => request.header("ACCESS_TOKEN", token),
            TokenIn::Cookie => {
                let cookie = Secret::new(format!("ACCESS_TOKEN={}", token.expose()));
                request.header("Cookie", cookie).secret(token)
            }
        }
    }

    /// What to do about a new token that is refused: headers with an underscore are dropped by many a proxy (trap 24).
    fn explain(&self, fault: Fault) -> Fault {
        if fault.class != Class::Denied || fault.code != Some(401) || self.0.token_in == TokenIn::Cookie {
            return fault;
        }
        let detail = format!(
            "{} (the log-in succeeded, so a proxy may drop the header ACCESS_TOKEN for its underscore: let it through, or set \
             spec.adeptiaConnect.tokenIn: Cookie)",
            fault.detail
        );
        Fault { detail, ..fault }
    }

    async fn log_in(self) -> Result<Grant<Secret>, Fault> {
        let inner = &self.0;
        let body = Credentials { username: &inner.username, password: inner.password.expose() };
        let request = Request::read("log_in", Method::POST).at(["rest", "login", "user"]);
        let request = request.body(Body::json("log_in", &body)?).secret(inner.password.clone()).reads_redirect();
        inner.transport.send(request, read_grant).await
    }
}

fn address(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path().trim_end_matches('/'))
}

#[cfg(test)]
mod tests;
