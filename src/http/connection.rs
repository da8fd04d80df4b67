//! What every connection of ours keeps to, and what is said when one breaks.

use std::error::Error;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, Response, redirect, retry};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::progress::Progress;
use super::redact::Redactor;
use super::setup::{self, SetupError};
use super::transport::Bounds;
use crate::base::access::Access;
use crate::base::fault::Class;

/// A client without redirects, repeats or credentials of its own, and with what `more` adds.
pub(crate) fn client(
    access: &Access,
    bounds: Bounds,
    more: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Result<Client, SetupError> {
    let mut builder = Client::builder()
        .user_agent(concat!("provost/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(bounds.connect)
        // Servers drop idle connections after about 5 s (Apache's default). A write on one that is just being dropped is a write of
        // unknown outcome, so ours are given up a little earlier.
        .pool_idle_timeout(Duration::from_secs(4))
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(retry::never())
        .no_proxy();
    #[expect(
        clippy::disallowed_methods,
        reason = "HTTPS_PROXY is a convention of whoever opens connections, not a setting of ours"
    )]
    let proxy = setup::proxy(|name| std::env::var(name).ok())?;
    if let Some(proxy) = proxy {
        builder = builder.proxy(proxy);
    }
    if let Some(bundle) = &access.ca_bundle {
        builder = builder.tls_certs_merge(setup::certificates(bundle)?);
    }
    more(builder).build().map_err(|error| {
        let problem = innermost(&error).map_or_else(|| error.to_string(), ToString::to_string);
        // Our own certificates are the only ones whose faults end the set-up; those of the system are passed over.
        if access.ca_bundle.is_some() { SetupError::CaBundle { problem } } else { SetupError::Tls { problem } }
    })
}

/// How a connection broke.
pub(crate) struct Broken {
    pub(crate) class: Class,
    pub(crate) detail: String,
    /// There was none to begin with, so that nothing can have left.
    pub(crate) never_was: bool,
}

/// How the connection to `host` broke.
pub(crate) fn broken(error: &reqwest::Error, host: &str, redactor: &Redactor) -> Broken {
    // The error's own text has the URL, whose query may be confidential; its innermost source has the cause and no more.
    let cause = innermost(error).map_or_else(|| "the connection broke".to_owned(), ToString::to_string);
    let cause = redactor.quote(&cause, 200);
    if !error.is_connect() {
        let detail = format!("the connection to {host} broke: {cause}");
        return Broken { class: Class::Transient, detail, never_was: false };
    }
    let (class, detail) = match innermost(error).and_then(|cause| cause.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(_)) => {
            let way_out = "a private authority goes into the CA bundle";
            (Class::Untrusted, format!("the certificate of {host} is not trusted ({cause}); {way_out}"))
        }
        _ => (Class::Transient, format!("no connection to {host}: {cause}")),
    };
    Broken { class, detail, never_was: true }
}

/// Why a body did not come whole.
pub(crate) enum Spilled {
    /// The connection broke.
    Cut(reqwest::Error),
    /// There is more than this many bytes of it.
    TooLarge(u64),
    /// Where it should go takes no more.
    Sink(std::io::Error),
}

/// Writes a body of up to `most` bytes into `sink`, chunk by chunk.
pub(crate) async fn pour(
    response: &mut Response,
    sink: &mut (dyn AsyncWrite + Send + Unpin),
    most: u64,
    progress: &Progress,
) -> Result<(), Spilled> {
    let mut left = most;
    while let Some(chunk) = response.chunk().await.map_err(Spilled::Cut)? {
        progress.moved();
        let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        left = left.checked_sub(length).ok_or(Spilled::TooLarge(most))?;
        sink.write_all(&chunk).await.map_err(Spilled::Sink)?;
    }
    sink.flush().await.map_err(Spilled::Sink)
}

/// Reads a body of up to `most` bytes into memory.
pub(crate) async fn collect(response: &mut Response, body: &mut Vec<u8>, most: usize) -> Result<(), Spilled> {
    while let Some(chunk) = response.chunk().await.map_err(Spilled::Cut)? {
        if body.len() + chunk.len() > most {
            return Err(Spilled::TooLarge(u64::try_from(most).unwrap_or(u64::MAX)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(())
}

/// The cause at the end of an error's chain, looking into I/O errors, whose chain leaves out what they wrap.
fn innermost<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let mut cause = error.source()?;
    loop {
        let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        match wrapped.map(|inner| inner as &(dyn Error + 'static)).or_else(|| cause.source()) {
            Some(deeper) => cause = deeper,
            None => return Some(cause),
        }
    }
}
