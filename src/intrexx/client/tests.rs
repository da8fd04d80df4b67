//! Tests of the client over real HTTP against the simulator; the trap numbers are those of the contract's section 4.

use tokio::time::Instant;

use super::Client;
use crate::base::access::Access;
use crate::engine::kind::{SecretKey, SecretSource};
use crate::http::tests::access;
use crate::intrexx::config::{Config, LICENSE};
use crate::intrexx::sim::{Options, Simulator};

/// What a client of this simulator is built from.
pub(crate) fn access_to(simulator: &Simulator) -> Access {
    let mut credentials = simulator.credentials();
    let license = credentials.remove("license").unwrap();
    Access { credentials, named: [(LICENSE, license)].into(), ..access(&[]) }
}

/// A block that names the licence.
pub(crate) fn config(url: &str) -> Config {
    let secret_ref = SecretKey { name: "intrexx-credentials".to_owned(), key: "license".to_owned() };
    Config { license: Some(SecretSource { secret_ref }), ..Config::new(url) }
}

/// A client of this simulator, with its credentials and its licence.
pub(crate) fn client(simulator: &Simulator) -> Client {
    Client::new(&config(simulator.url()), access_to(simulator)).unwrap()
}

/// A simulator with the portal `sales` that has these switches, and a client of it.
pub(crate) async fn start(change: impl FnOnce(&mut Options)) -> (Simulator, Client) {
    let mut options = Options::default();
    options.server.portals = vec!["sales".to_owned()];
    change(&mut options);
    let simulator = Simulator::start(options).await.unwrap();
    let client = client(&simulator);
    (simulator, client)
}

/// The names of the portals as they are now.
async fn portals(client: &Client) -> Vec<String> {
    let names =
        |portals: &crate::intrexx::wire::portals::Portals| portals.0.iter().map(|portal| portal.name.clone()).collect();
    client.portals(Instant::now(), names).await.unwrap()
}

/// Traps 12, 13 and 25: one log-in with `name`, then the licence, then everything else with the same token.
#[tokio::test]
async fn a_session_logs_in_installs_the_licence_and_goes_on() {
    let (simulator, client) = start(|options| options.server.unlicensed = true).await;
    assert_eq!(portals(&client).await, ["sales"]);
    client.check(Instant::now()).await.unwrap();
    let calls: Vec<_> = simulator.journal().all().iter().map(|entry| entry.operation).collect();
    assert_eq!(calls, ["authenticate", "license_admin_api", "list_portals", "list_portals"]);
}
