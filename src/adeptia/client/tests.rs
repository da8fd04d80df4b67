//! Tests of the client over real HTTP against the simulator; the trap numbers are those of the contract's section 4.

use super::Client;
use crate::adeptia::config::{Config, Profile};
use crate::adeptia::sim::{Options, Simulator};
use crate::base::access::Access;
use crate::http::tests::access;

/// A client of the server at this address.
pub(crate) fn client_at(url: &str) -> Client {
    client_with(&Config::new(url))
}

/// A client with this block.
pub(crate) fn client_with(config: &Config) -> Client {
    Client::new(config, access(&[("username", "adminuser@adeptia.example"), ("password", "P@ssw0rd")])).unwrap()
}

/// A client of this simulator, for this version.
pub(crate) fn client_of(simulator: &Simulator, profile: Option<Profile>) -> Client {
    let access = Access { credentials: simulator.credentials(), ..access(&[]) };
    Client::new(&Config { profile, ..Config::new(simulator.url()) }, access).unwrap()
}

/// A simulator with these switches, and a client of it.
pub(crate) async fn start(change: impl FnOnce(&mut Options)) -> (Simulator, Client) {
    let mut options = Options::default();
    change(&mut options);
    let simulator = Simulator::start(options).await.unwrap();
    let client = client_of(&simulator, None);
    (simulator, client)
}
