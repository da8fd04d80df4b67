//! Tests of the client; the trap numbers are those of the contract's section 4.

use super::Client;
use crate::adeptia::config::Config;
use crate::http::tests::access;

/// A client of the server at this address.
pub(crate) fn client_of(url: &str) -> Client {
    Client::new(&Config::new(url), access(&[("username", "adminuser@adeptia.example"), ("password", "P@ssw0rd")]))
        .unwrap()
}
