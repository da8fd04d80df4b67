//! What calls that upload a zip have in common: the form, where its content comes from, and what a refusal means.

use bytes::Bytes;

use super::Client;
use crate::base::fault::{Class, Fault};
use crate::base::secret::Secret;
use crate::http::{Body, Courier};

pub use crate::http::Source;

/// The part of the form that carries a file (contract 20).
const PART: &str = "files";

impl Client {
    /// Content that is in memory.
    pub fn content(bytes: Bytes) -> Source {
        Source::bytes(bytes)
    }

    /// The content behind a URL, fetched and found to have this digest (`sha256:` and hex digits).
    ///
    /// # Errors
    /// As those of [`Courier::fetch`].
    pub async fn fetched(&self, url: &Secret, digest: &str) -> Result<Source, Fault> {
        self.courier().fetch("fetch_source", url, digest).await
    }

    /// Who fetches and delivers files of other servers.
    pub(crate) fn courier(&self) -> &Courier {
        &self.0.courier
    }
}

/// A form with the zip file `NAME.zip`.
pub(super) fn zip(name: &str, content: &Source) -> Body {
    Body::file(PART, format!("{name}.zip"), "application/zip", content.clone())
}

/// What it means when an upload of this many bytes is refused, and what to do.
pub(super) fn explain(fault: Fault, length: u64) -> Fault {
    let said = &fault.detail;
    let (class, detail) = match fault.code {
        Some(413) => (
            Class::Refused,
            format!(
                "{said}; an upload of {length} bytes is too large for the server, or for a proxy before it: raise the limit there"
            ),
        ),
        Some(400 | 415) => (fault.class, format!("{said}; the source must be the zip file of an export")),
        Some(405 | 501) => (Class::Unsupported, format!("this Intrexx does not take such uploads: {said}")),
        _ => return fault,
    };
    Fault { class, detail, ..fault }
}
