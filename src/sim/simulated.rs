//! Simulated: what every vendor's simulator offers, so that demonstrations and proofs need no code for each vendor.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::base::secret::Secret;
use crate::sim::journal::Journal;
use crate::sim::trouble::Troubles;

/// A running simulator of some vendor.
pub trait Simulated: Send + Sync + 'static {
    /// Scheme, host and port: what an `AdminApi` has as its URL.
    fn url(&self) -> &str;

    /// The authority that clients must trust, as PEM; none without TLS.
    fn ca_pem(&self) -> Option<&str>;

    /// The credentials that it accepts now, under the keys of a credentials Secret.
    fn credentials(&self) -> BTreeMap<String, Secret>;

    /// Accepts other credentials from now on, and no longer the present ones.
    fn rotate_credentials(&self);

    /// Every request so far.
    fn journal(&self) -> &Journal;

    /// What shall go wrong.
    fn trouble(&self) -> &Troubles;

    /// Remembers everything that the vendor holds now. Calling the result brings it back, behind the back of whoever changed it since.
    fn keep(&self) -> PutBack;

    /// Every object that a spec may mean, the oldest first; those that are switched off too, and not those that are gone.
    fn externals(&self) -> Vec<External>;

    /// How often that was done which cannot be undone, such as a mail sent, by natural key.
    fn effects(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }
}

/// Brings back what a vendor held. May be called again.
pub type PutBack = Box<dyn Fn() + Send + Sync>;

/// One object of a vendor, seen from the inside.
#[derive(Debug, Clone, PartialEq)]
pub struct External {
    /// The managed kind that means such objects.
    pub kind: &'static str,
    /// The vendor's id.
    pub id: String,
    /// Its natural key, as a spec says it.
    pub key: String,
    /// What it is set to, in the vendor's words, readable or not: without id, key and dates.
    pub values: Json,
}

impl<S: Simulated + ?Sized> Simulated for Box<S> {
    fn url(&self) -> &str {
        (**self).url()
    }

    fn ca_pem(&self) -> Option<&str> {
        (**self).ca_pem()
    }

    fn credentials(&self) -> BTreeMap<String, Secret> {
        (**self).credentials()
    }

    fn rotate_credentials(&self) {
        (**self).rotate_credentials();
    }

    fn journal(&self) -> &Journal {
        (**self).journal()
    }

    fn trouble(&self) -> &Troubles {
        (**self).trouble()
    }

    fn keep(&self) -> PutBack {
        (**self).keep()
    }

    fn externals(&self) -> Vec<External> {
        (**self).externals()
    }

    fn effects(&self) -> BTreeMap<String, u64> {
        (**self).effects()
    }
}
