//! Courier: fetches and delivers files of servers other than the vendor's, at addresses that users name.
//!
//! What it guarantees:
//! - **No credential of the vendor goes there**, and neither the vendor's budget nor its breaker counts these calls.
//! - **What is fetched is what was meant.** Nobody sees a file before its SHA-256 is the expected one.
//! - **Nothing stays behind.** Files are kept on disk without a name, two at a time for each AdminApi.
//! - **HTTPS only**, or HTTP to this very machine; a redirect stays with the scheme. Proxy and CA bundle are those of the AdminApi.
//! - **The address is a secret**, except for its host.

use std::sync::Arc;

use reqwest::header::LOCATION;
use reqwest::{Client, Method, Response, StatusCode, Url};

use super::body::Body;
use super::connection::{self, Spilled};
use super::progress::Progress;
use super::redact::Redactor;
use super::request::Intent;
use super::setup::{self, SetupError};
use super::source::Source;
use super::spool::{Room, Spool};
use super::transport::Bounds;
use crate::base::access::{Access, Gate};
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;

const MOST_REDIRECTS: usize = 5;

/// Files of one AdminApi that are on disk at the same time.
const FILES: usize = 2;

/// The way to other servers. Clones share connections and room.
#[derive(Clone)]
pub struct Courier {
    client: Client,
    bounds: Bounds,
    gate: Arc<dyn Gate>,
    room: Room,
}

impl Courier {
    /// A courier that trusts whom `access` trusts.
    ///
    /// # Errors
    /// When the CA bundle or the proxy is unusable, or TLS cannot be set up.
    pub fn new(access: &Access, bounds: Bounds) -> Result<Self, SetupError> {
        // A file is to arrive as it is stored, or its digest would be another one.
        let client = connection::client(access, bounds, reqwest::ClientBuilder::no_gzip)?;
        Ok(Self { client, bounds, gate: access.gate.clone(), room: Room::new(FILES) })
    }

    /// An empty file, to be filled by [`Transport::send_into`](super::Transport::send_into).
    ///
    /// # Errors
    /// Not sent: [`Class::Throttled`] when others hold theirs for too long, [`Class::Transient`] when there can be no file.
    pub async fn spool(&self, operation: &'static str) -> Result<Spool, Fault> {
        self.room.spool(operation).await
    }

    /// Fetches a file, and checks that its digest is `digest`: `sha256:` and hexadecimal digits.
    ///
    /// # Errors
    /// Not sent, since nothing has gone to the vendor yet: [`Class::Refused`] for an address that cannot be used, an answer that says no, a
    /// file too large, and another digest than expected; [`Class::Transient`] when another try may help; those of [`Courier::spool`].
    pub async fn fetch(&self, operation: &'static str, url: &Secret, digest: &str) -> Result<Source, Fault> {
        let errand = Errand::new(self, operation, Intent::Read, url)?;
        let mut spool = self.spool(operation).await?;
        let progress = Progress::begin(&self.bounds, self.bounds.list);
        let fetch = async {
            let mut response = errand.exchange(Method::GET, &Body::empty(), &progress).await?;
            let poured = connection::pour(&mut response, &mut spool, self.bounds.file, &progress).await;
            poured.map_err(|spilled| errand.spilled(spilled))
        };
        errand.in_time(fetch, &progress).await?;
        let (source, sum) = spool.finish(operation).await?;
        let found = format!("sha256:{sum}");
        if !found.eq_ignore_ascii_case(digest) {
            let detail = format!(
                "the file at {} has the digest {found}, and {digest} is expected; one of the two is to be corrected",
                errand.host
            );
            return Err(errand.fault(Class::Refused, detail));
        }
        Ok(source)
    }

    /// Puts `content` at an address (HTTP `PUT`), once.
    ///
    /// # Errors
    /// [`Class::Refused`] not sent, for an address that cannot be used and when the gate says no; [`Class::Refused`] for an answer that says
    /// no; [`Class::Transient`] when another try may help, of unknown delivery when the answer did not come.
    pub async fn deliver(
        &self,
        operation: &'static str,
        url: &Secret,
        content_type: &'static str,
        content: Source,
    ) -> Result<(), Fault> {
        let errand = Errand::new(self, operation, Intent::Write, url)?;
        let progress = Progress::begin(&self.bounds, self.bounds.list);
        let body = Body::stream(content_type, content);
        errand.in_time(errand.exchange(Method::PUT, &body, &progress), &progress).await.map(drop)
    }
}

/// One file to be fetched or delivered.
struct Errand<'a> {
    courier: &'a Courier,
    operation: &'static str,
    intent: Intent,
    url: Url,
    host: String,
    redactor: Redactor,
}

impl<'a> Errand<'a> {
    fn new(courier: &'a Courier, operation: &'static str, intent: Intent, address: &Secret) -> Result<Self, Fault> {
        let url = setup::parse_file_url(address.expose()).map_err(|error| {
            Fault::new(Class::Refused, operation, error.to_string()).with_delivery(Delivery::NotSent)
        })?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let parts = url.password().into_iter().chain(url.query()).chain([url.path()]).map(Secret::new);
        let parts: Vec<Secret> = parts.filter(|part| part.expose() != "/").collect();
        let redactor = Redactor::new(parts.iter().chain([address]));
        Ok(Self { courier, operation, intent, url, host, redactor })
    }

    /// Makes the call, follows where it is sent on to, and gives an answer that is a success.
    async fn exchange(&self, method: Method, body: &Body, progress: &Progress) -> Result<Response, Fault> {
        let mut url = self.url.clone();
        for _ in 0..=MOST_REDIRECTS {
            let call = self.courier.client.request(method.clone(), url.clone());
            let call = match &body.content_type {
                Some(content_type) => call.header(reqwest::header::CONTENT_TYPE, content_type.as_ref()),
                None => call,
            };
            let call = body.attach(call, progress).and_then(reqwest::RequestBuilder::build);
            let call = call.map_err(|_| self.not_sent(Class::Broken, "the request cannot be built".into()))?;
            if self.intent == Intent::Write {
                let admitted = self.courier.gate.admit_write(self.operation);
                admitted.map_err(|why| self.not_sent(Class::Refused, why))?;
            }
            let response = self.courier.client.execute(call).await.map_err(|error| self.lost(&error, progress))?;
            progress.answered();
            if response.status().is_success() {
                return Ok(response);
            }
            url = self.elsewhere(&url, &response)?;
        }
        Err(self.fault(Class::Refused, format!("{} redirects without end", self.host)))
    }

    /// Where an answer that is no success sends the call.
    fn elsewhere(&self, from: &Url, response: &Response) -> Result<Url, Fault> {
        let status = response.status();
        let moved = [
            StatusCode::MOVED_PERMANENTLY,
            StatusCode::FOUND,
            StatusCode::TEMPORARY_REDIRECT,
            StatusCode::PERMANENT_REDIRECT,
        ];
        let code = status.as_u16();
        if !moved.contains(&status) {
            let later = status.is_server_error() || matches!(code, 408 | 429);
            let class = if later { Class::Transient } else { Class::Refused };
            return Err(self.fault(class, format!("{} answered {code}", self.host)).with_code(code));
        }
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let to = location.and_then(|location| from.join(location).ok());
        let detail = match to {
            Some(to) if to.scheme() == from.scheme() && setup::parse_file_url(to.as_str()).is_ok() => {
                // What is delivered is confidential, and its owner named this server and no other.
                if self.intent == Intent::Read || to.origin() == from.origin() {
                    return Ok(to);
                }
                format!("{} redirects to another server, which does not get the content", self.host)
            }
            Some(to) => {
                format!("{} redirects to an address of the scheme {}, which is not followed", self.host, to.scheme())
            }
            None => format!("{} redirects and does not say where to", self.host),
        };
        Err(self.fault(Class::Refused, detail).with_code(code))
    }

    async fn in_time<T>(
        &self,
        errand: impl Future<Output = Result<T, Fault>>,
        progress: &Progress,
    ) -> Result<T, Fault> {
        tokio::select! {
            biased;
            outcome = errand => outcome,
            reason = progress.too_long() => Err(self.unanswered(Class::Transient, format!("{}: {reason}", self.host), progress)),
        }
    }

    fn lost(&self, error: &reqwest::Error, progress: &Progress) -> Fault {
        let broken = connection::broken(error, &self.host, &self.redactor);
        // Of the classes of a vendor's fault, this server may only have those that say nothing about the AdminApi.
        let class = if broken.class == Class::Untrusted { Class::Refused } else { broken.class };
        if broken.never_was {
            self.not_sent(class, broken.detail)
        } else {
            self.unanswered(class, broken.detail, progress)
        }
    }

    fn spilled(&self, spilled: Spilled) -> Fault {
        match spilled {
            Spilled::Cut(error) => {
                let broken = connection::broken(&error, &self.host, &self.redactor);
                self.fault(Class::Transient, broken.detail)
            }
            Spilled::TooLarge(most) => {
                self.fault(Class::Refused, format!("the file at {} is larger than {most} bytes", self.host))
            }
            Spilled::Sink(error) => {
                let detail = format!("the file at {} cannot be kept meanwhile: {error}", self.host);
                self.fault(Class::Transient, detail)
            }
        }
    }

    /// A call that is over without having done anything.
    fn fault(&self, class: Class, detail: String) -> Fault {
        match self.intent {
            Intent::Read => self.not_sent(class, detail),
            Intent::Write => Fault::new(class, self.operation, detail),
        }
    }

    /// A call that may have arrived.
    fn unanswered(&self, class: Class, detail: String, progress: &Progress) -> Fault {
        match self.intent {
            Intent::Write if progress.may_have_arrived() => {
                Fault::new(class, self.operation, detail).with_delivery(Delivery::Unknown)
            }
            Intent::Read | Intent::Write => self.not_sent(class, detail),
        }
    }

    fn not_sent(&self, class: Class, detail: String) -> Fault {
        Fault::new(class, self.operation, detail).with_delivery(Delivery::NotSent)
    }
}

#[cfg(test)]
mod tests;
