//! Session: one token for all calls of a client, the licence of the Administration API before anything else, and what a refusal means.
//!
//! - `POST /auth` is counted by address (contract, trap 13), so all objects share one token, which is renewed after 50 of its 60 minutes.
//! - A call that is answered 401 is tried once more with a new token (trap 14: the server may have changed what it signs with). A server
//!   may say 403 instead, which it also says about one object, and when it lacks its licence. So a 403 (and a 402) asks for a new token
//!   too, at most once a minute, and the licence is installed again with it.
//! - A portal that does not answer (502, 503, 504) is its own trouble and nobody else's (trap 19), as long as the API itself answers.
//! - From Intrexx 11 on, nothing else works before the licence is there (trap 25); before 11 there is no such call, and none is needed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Serialize;
use tokio::io::AsyncWrite;
use tokio::time::Instant;

use super::VENDOR;
use super::answer::{read_token, refusal};
use crate::base::access::Access;
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;
use crate::http::{
    Answer, Body, Bounds, Grant, Login, Method, Request, SetupError, Ticket, Transport, Url, credential, parse_url,
};
use crate::intrexx::address::RESERVED;
use crate::intrexx::config::{Config, LICENSE};

/// How long a token is good for (contract 1.3).
const LIFETIME: Duration = Duration::from_secs(3600);
/// How long before its end it is replaced.
const MARGIN: Duration = Duration::from_secs(600);
/// How often a 403 may ask for a new token.
const PATIENCE: Duration = Duration::from_secs(60);

/// Passwords that the vendor's documentation and its container set (contract, trap 15).
const PUBLIC: [&str; 3] = ["P4$$w0rD", "changeit", "NONE"];

/// The session of one client. Clones share it.
#[derive(Clone)]
pub(super) struct Session(Arc<Inner>);

struct Inner {
    transport: Transport,
    login: Login<Token>,
    address: String,
    username: String,
    password: Secret,
    license: Option<Secret>,
    state: Mutex<State>,
}

/// How long it is taken for granted that the API answers, after it did.
const EVIDENCE: Duration = Duration::from_secs(10);

/// What the session has learned.
#[derive(Default)]
struct State {
    /// The licence is in place, as far as we know.
    licensed: bool,
    /// When a 403 last asked for a new token.
    doubted: Option<Instant>,
    /// When the API itself last answered, whatever it said.
    heard: Option<Instant>,
}

/// A token, and since when it is held.
#[derive(Clone)]
struct Token {
    text: Secret,
    issued: Instant,
}

#[derive(Serialize)]
struct Credentials<'a> {
    name: &'a str,
    password: &'a str,
}

#[derive(Serialize)]
struct License<'a> {
    key: &'a str,
}

impl Session {
    pub fn new(config: &Config, access: &Access) -> Result<Self, SetupError> {
        let url = parse_url(&config.url)?;
        let username = credential(access, "username").ok_or(SetupError::MissingCredential {
            key: "username",
            way_out: "add the name of the Administration API's login (credentials.username in its admin-api.yaml)",
        })?;
        // A password may begin or end with blanks; only the line end of its file does not belong to it.
        let password = access.credentials.get("password").map(|secret| secret.expose().trim_end_matches(['\r', '\n']));
        let password = password.filter(|password| !password.is_empty()).ok_or(SetupError::MissingCredential {
            key: "password",
            way_out: "add the password of the Administration API's login (credentials.password in its admin-api.yaml)",
        })?;
        let bounds = Bounds { long: config.creation_timeout(), ..Bounds::default() };
        let address = address(&url);
        Ok(Self(Arc::new(Inner {
            transport: Transport::new(VENDOR, url, access, &[], bounds)?,
            login: Login::new(VENDOR, access.observer.clone(), MARGIN),
            address,
            username: username.expose().to_owned(),
            password: Secret::new(password),
            license: license(config, access)?,
            state: Mutex::default(),
        })))
    }

    /// Origin and base path.
    pub fn address(&self) -> &str {
        &self.0.address
    }

    /// Whether the password is a public one, or no more than the user name.
    pub fn has_public_password(&self) -> bool {
        let password = self.0.password.expose();
        PUBLIC.contains(&password) || password == self.0.username
    }

    /// As [`Client::send`](super::Client::send).
    pub async fn send<T>(
        &self,
        make: impl Fn() -> Result<Request, Fault> + Send + Sync,
        read: impl Fn(&Answer) -> Result<T, Fault> + Send + Sync,
    ) -> Result<T, Fault> {
        self.0.login.call(self.log_ins(), |ticket| self.attempt(ticket, &make, &read, None)).await
    }

    /// The same for an answer whose body goes into `sink` as it comes.
    pub async fn send_into<T>(
        &self,
        sink: &mut (dyn AsyncWrite + Send + Unpin),
        make: impl Fn() -> Result<Request, Fault> + Send + Sync,
        read: impl Fn(&Answer) -> Result<T, Fault> + Send + Sync,
    ) -> Result<T, Fault> {
        // Of two tries, one after the other, only the one that succeeds writes.
        let sink = tokio::sync::Mutex::new(sink);
        let attempt = async |ticket| self.attempt(ticket, &make, &read, Some(&mut **sink.lock().await)).await;
        self.0.login.call(self.log_ins(), attempt).await
    }

    fn log_ins(&self) -> impl Fn() -> BoxFuture<'static, Result<Grant<Token>, Fault>> + Clone + Send + 'static {
        let session = self.clone();
        move || session.clone().log_in().boxed()
    }

    async fn attempt<T>(
        &self,
        Ticket { token, renewable }: Ticket<Token>,
        make: &(impl Fn() -> Result<Request, Fault> + Send + Sync),
        read: &(impl Fn(&Answer) -> Result<T, Fault> + Send + Sync),
        sink: Option<&mut (dyn AsyncWrite + Send + Unpin)>,
    ) -> Result<T, Fault> {
        let request = token.sign(make()?).renewable(renewable);
        let portal = portal_of(&request);
        let read = |answer: &Answer| {
            let closed = portal.as_deref().filter(|_| matches!(answer.status(), 502..=504));
            if closed.is_none() && answer.status() < 500 {
                self.state().heard = Some(Instant::now());
            }
            // A 401 is what the login and the breaker take for a token that has run out.
            if renewable && matches!(answer.status(), 402 | 403) && self.doubts(&token) {
                return Err(answer.rejection(401, None));
            }
            read(answer).map_err(|fault| self.explain(fault, closed))
        };
        match sink {
            Some(sink) => self.0.transport.send_into(request, sink, read).await,
            None => self.0.transport.send(request, read).await,
        }
    }

    /// Whether a 403 to this token may be the token's fault, or the licence's. Whoever has an older token than the last doubt led to gets
    /// the newer one for nothing.
    fn doubts(&self, token: &Token) -> bool {
        let mut state = self.state();
        match state.doubted {
            Some(doubted) if token.issued <= doubted => true,
            Some(doubted) if doubted.elapsed() < PATIENCE => false,
            _ => {
                (state.licensed, state.doubted) = (false, Some(Instant::now()));
                true
            }
        }
    }

    /// Whether the API itself has not been heard of for a while.
    pub fn is_doubtful(&self) -> bool {
        self.state().heard.is_none_or(|heard| heard.elapsed() >= EVIDENCE)
    }

    fn explain(&self, fault: Fault, closed: Option<&str>) -> Fault {
        match (closed, fault.code) {
            (Some(portal), _) => {
                Fault { detail: format!("portal {portal}: {}", fault.detail), contained: true, ..fault }
            }
            (None, Some(402)) => Fault { class: Class::Denied, detail: self.unlicensed(&fault.detail), ..fault },
            (None, _) => fault,
        }
    }

    /// What to say when the Administration API wants a licence, or may want one.
    pub fn unlicensed(&self, detail: &str) -> String {
        let way_out = match &self.0.license {
            None => {
                "from Intrexx 11 on the Administration API needs a licence of its own; name its key in spec.intrexx.license"
            }
            Some(_) => {
                "it took the licence of spec.intrexx.license and does not work with it; look at that key, and at its log"
            }
        };
        format!("{detail} ({way_out})")
    }

    async fn log_in(self) -> Result<Grant<Token>, Fault> {
        let token = self.authenticate().await?;
        self.install_license(&token).await?;
        Ok(Grant { token, lifetime: Some(LIFETIME) })
    }

    /// Logs in, for nothing but to see whether the API answers and takes the credentials.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn prove(&self) -> Result<(), Fault> {
        self.authenticate().await.map(|_| ())
    }

    async fn authenticate(&self) -> Result<Token, Fault> {
        let issued = Instant::now();
        let inner = &self.0;
        let body = Credentials { name: &inner.username, password: inner.password.expose() };
        let request = Request::read("authenticate", Method::POST).at(["auth"]).body(Body::json("authenticate", &body)?);
        let text = inner.transport.send(request.secret(inner.password.clone()), read_token).await?;
        self.state().heard = Some(Instant::now());
        Ok(Token { text, issued })
    }

    /// Puts the licence in place, unless it is. It stays undone where nothing may be written, as in a plan: what needs it will tell.
    async fn install_license(&self, token: &Token) -> Result<(), Fault> {
        let Some(license) = self.0.license.as_ref().filter(|_| !self.state().licensed) else { return Ok(()) };
        let body = Body::json("license_admin_api", &License { key: license.expose() })?;
        let request = Request::write("license_admin_api", Method::PUT).at(["admin-api", "license"]).body(body);
        let request = token.sign(request).secret(license.clone());
        match self.0.transport.send(request, read_licensed).await {
            Ok(()) => self.state().licensed = true,
            Err(fault) if fault.class == Class::Refused && fault.delivery == Delivery::NotSent => {}
            Err(fault) => return Err(fault),
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Token {
    fn sign(&self, request: Request) -> Request {
        request.header("Authorization", Secret::new(format!("Bearer {}", self.text.expose())))
    }
}

/// Before Intrexx 11 there is no such call, and none is needed (contract, trap 25).
fn read_licensed(answer: &Answer) -> Result<(), Fault> {
    match answer.status() {
        404 | 405 | 501 => Ok(()),
        _ if answer.is_success() => Ok(()),
        status => {
            let fault = refusal(answer);
            let detail = format!("the licence of spec.intrexx.license is not taken: {}", fault.detail);
            // Nobody gets in without it, so it is as good as a wrong password.
            let class = if (400..500).contains(&status) && status != 429 { Class::Denied } else { fault.class };
            Err(Fault { class, detail, ..fault })
        }
    }
}

fn license(config: &Config, access: &Access) -> Result<Option<Secret>, SetupError> {
    let value = access.named.get(LICENSE).map(|secret| secret.expose().trim()).filter(|value| !value.is_empty());
    match (&config.license, value) {
        (None, _) => Ok(None),
        (Some(_), Some(value)) => Ok(Some(Secret::new(value))),
        (Some(_), None) => Err(SetupError::MissingCredential {
            key: LICENSE,
            way_out: "write the licence of the Administration API where spec.intrexx.license says, or leave that field out",
        }),
    }
}

fn address(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path().trim_end_matches('/'))
}

/// The portal that a call goes into.
fn portal_of(request: &Request) -> Option<String> {
    request.path.first().filter(|first| !RESERVED.contains(&first.as_str())).cloned()
}

#[cfg(test)]
mod tests;
