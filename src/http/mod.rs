//! Talking HTTP to a vendor: one transport per AdminApi, and reads that its objects share.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`transport`] | sends one call: gate, budget, deadline, redirects, size limit. Never repeats a call on its own |
//! | [`login`] | one token for all calls of a client: one log-in at a time, renewed early, and once when it is refused |
//! | [`request`], [`body`] | a call as data: operation, read or write, path, headers, and what it carries |
//! | [`answer`] | what came back, and the rules that turn it into a [`Fault`](crate::base::fault::Fault) |
//! | [`setup`] | checks an address, credentials and trust before the first call |
//! | [`source`], [`spool`] | content larger than memory: read while it is sent, kept on disk while it is not |
//! | [`courier`] | files of other servers, which get none of the vendor's credentials |
//! | [`shared`] | one fetched copy that serves every reader for whom it is fresh enough |
//!
//! Guarantees of the layer: a write leaves only after the gate has let it, exactly once; credentials go to the configured origin and
//! nowhere else; nothing of a body, a header or a query string reaches a log; every secret is blotted out of a fault.
//!
//! This layer names [`base`](crate::base) only, never Kubernetes, the engine or a vendor.

mod budget;
mod connection;
mod progress;
mod redact;
mod trace;

pub mod answer;
pub mod body;
pub mod courier;
pub mod login;
pub mod request;
pub mod setup;
pub mod shared;
pub mod source;
pub mod spool;
pub mod transport;

pub use reqwest::Url;

pub use answer::{Answer, classify};
pub use body::Body;
pub use courier::Courier;
pub use login::{Grant, Login, Ticket};
pub use request::{Intent, Method, Patience, Request, basic_authorization};
pub use setup::{SetupError, credential, parse_url};
pub use shared::Shared;
pub use source::Source;
pub use spool::Spool;
pub use transport::{Bounds, Transport};

#[cfg(test)]
pub(crate) mod fuzz;
#[cfg(test)]
pub(crate) mod tests;
