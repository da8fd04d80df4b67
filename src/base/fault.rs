//! What can go wrong with a vendor call, sorted by what to do about it.

use std::fmt;
use std::time::Duration;

/// Why a call failed. The class alone decides whether and when it is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// No answer, a 5xx answer or a broken connection: the same call may work later.
    Transient,
    /// The vendor, or our own budget, asks for patience.
    Throttled,
    /// The credentials are wrong or may not do this.
    Denied,
    /// The object named by the call does not exist.
    Missing,
    /// The natural key belongs to another object already.
    Taken,
    /// The vendor understood the call and will not do it as it stands.
    Refused,
    /// This installation of the vendor does not offer what the call asks for, whatever it says.
    Unsupported,
    /// The answer cannot be understood: not the documented shape, or not the vendor at all.
    Broken,
    /// The server's certificate is not trusted.
    Untrusted,
}

impl Class {
    /// The metric label and log field of this class.
    pub fn label(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Throttled => "throttled",
            Self::Denied => "denied",
            Self::Missing => "missing",
            Self::Taken => "taken",
            Self::Refused => "refused",
            Self::Unsupported => "unsupported",
            Self::Broken => "broken",
            Self::Untrusted => "untrusted",
        }
    }
}

/// Whether the vendor may have acted on the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The request never left: nothing can have happened.
    NotSent,
    /// The request may have been carried out although its answer is missing or cannot be understood.
    Unknown,
    /// The vendor answered, and the answer says that nothing was done.
    Answered,
}

/// A failed vendor call.
///
/// `detail` is one sentence for people. It is built from our own words and the vendor's message, shortened, and with every secret
/// of the call and of the credentials blotted out; bodies, headers and query strings never enter it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub struct Fault {
    /// What to do about it.
    pub class: Class,
    /// The vendor operation, such as `list_accounts`; one of a small fixed set.
    pub operation: &'static str,
    /// One sentence for people, free of secrets.
    pub detail: String,
    /// How long the vendor asks us to wait, when it said so.
    pub retry_after: Option<Duration>,
    /// Whether the vendor may have acted.
    pub delivery: Delivery,
    /// The vendor's own code (HTTP status, or the one in the body when they differ).
    pub code: Option<u16>,
    /// It is about one part of the vendor's system, such as one portal of several: it says nothing about calls to the others.
    pub contained: bool,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.detail)
    }
}

impl Fault {
    /// A fault that the vendor answered; refine it with the `with_…` methods.
    pub fn new(class: Class, operation: &'static str, detail: impl Into<String>) -> Self {
        Self {
            class,
            operation,
            detail: detail.into(),
            retry_after: None,
            delivery: Delivery::Answered,
            code: None,
            contained: false,
        }
    }

    /// The same fault, with what is known about its delivery.
    #[must_use]
    pub fn with_delivery(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    /// The same fault, with the vendor's code.
    #[must_use]
    pub fn with_code(mut self, code: u16) -> Self {
        self.code = Some(code);
        self
    }

    /// The same fault, with the pause that the vendor asked for.
    #[must_use]
    pub fn with_retry_after(mut self, pause: Option<Duration>) -> Self {
        self.retry_after = pause;
        self
    }
}
