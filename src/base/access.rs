//! What a vendor client is built from: credentials, trust, limits, and who may stop or watch its calls.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use crate::base::breaker::Breaker;
use crate::base::fault::{Class, Fault};
use crate::base::secret::Secret;

/// Everything a vendor client needs beside the vendor's own settings.
#[derive(Clone)]
pub struct Access {
    /// The keys of the credentials Secret.
    pub credentials: BTreeMap<String, Secret>,
    /// The Secrets that the vendor's own settings name, by their path in them.
    pub named: BTreeMap<&'static str, Secret>,
    /// PEM certificates to trust beside the system's own, for servers with a private authority.
    pub ca_bundle: Option<Vec<u8>>,
    /// How hard we may press.
    pub limits: Limits,
    /// Asked before each write.
    pub gate: Arc<dyn Gate>,
    /// Told about each call.
    pub observer: Arc<dyn Observer>,
    /// Stops calls that cannot succeed.
    pub breaker: Arc<Breaker>,
}

/// How hard one AdminApi may be pressed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Mean calls per second; none means no limit of ours.
    pub requests_per_second: Option<NonZeroU32>,
    /// Calls that may come at once before the mean holds.
    pub burst: NonZeroU32,
    /// Calls under way at the same time.
    pub concurrency: NonZeroU32,
}

impl Default for Limits {
    fn default() -> Self {
        let number = |value| NonZeroU32::new(value).unwrap_or(NonZeroU32::MIN);
        Self { requests_per_second: None, burst: number(20), concurrency: number(16) }
    }
}

/// Decides whether a write may leave. Asked right before each one.
pub trait Gate: Send + Sync {
    /// # Errors
    /// The sentence that says why not.
    fn admit_write(&self, operation: &'static str) -> Result<(), String>;

    /// Whether this process may write at all. Once it may not any more, it never may again.
    fn is_open(&self) -> bool {
        true
    }

    /// The number of the term in which this process may write: a later holder of that right has a higher one. 0 where there is only ever one.
    fn epoch(&self) -> u64 {
        0
    }
}

/// Lets no write through: what `provost plan` looks at a vendor with.
pub struct ReadOnly;

impl Gate for ReadOnly {
    fn admit_write(&self, operation: &'static str) -> Result<(), String> {
        Err(format!("{operation} is a write, and this is a plan, which only reads"))
    }
}

/// One finished vendor call, for metrics and the change record.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The vendor, such as `MyIntranetApps`.
    pub vendor: &'static str,
    /// The operation, such as `list_accounts`.
    pub operation: &'static str,
    /// Whether it was declared as a write.
    pub write: bool,
    /// None when it succeeded.
    pub fault: Option<&'a Fault>,
    /// The HTTP status of its answer, once that has begun to arrive.
    pub status: Option<u16>,
    /// The name that the vendor gave the call in its answer, free of secrets.
    pub request_id: Option<&'a str>,
    /// From asking for a free place to the last byte of the answer.
    pub elapsed: Duration,
    /// How much of that went by in waiting for our own limits.
    pub waited: Duration,
}

/// Sees each vendor call once it is over.
pub trait Observer: Send + Sync {
    /// Told after each call, whatever its outcome, by the task that made it. Must not wait.
    fn finished(&self, call: &Call<'_>);
    /// Told after each log-in, whatever its outcome. Must not wait.
    fn logged_in(&self, _vendor: &'static str, _fault: Option<Class>) {}
}

/// Sees nothing.
pub struct Unobserved;

impl Observer for Unobserved {
    fn finished(&self, _: &Call<'_>) {}
}
