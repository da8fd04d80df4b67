//! Tests of the client; the trap numbers are those of the contract's section 4.

use super::Client;
use crate::adeptia::config::Config;
use crate::http::tests::access;

/// A client of the server at this address.
pub(crate) fn client_of(url: &str) -> Client {
    client_with(&Config::new(url))
}

/// A client with this block.
pub(crate) fn client_with(config: &Config) -> Client {
    Client::new(config, access(&[("username", "adminuser@adeptia.example"), ("password", "P@ssw0rd")])).unwrap()
}
