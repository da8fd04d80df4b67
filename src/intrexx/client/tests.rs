//! Tests of the client over real HTTP against the simulator; the trap numbers are those of the contract's section 4.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Client, read_nothing};
use crate::base::access::Access;
use crate::base::fault::Fault;
use crate::engine::kind::{SecretKey, SecretSource};
use crate::http::tests::access;
use crate::http::{Body, Method, Request};
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

/// The technical names of the portals as they are now.
pub(crate) async fn portals(client: &Client) -> Result<Vec<String>, Fault> {
    client.portals(Instant::now(), |portals| portals.0.iter().map(|portal| portal.name.clone()).collect()).await
}

/// The operations that were called, in order.
pub(crate) fn called(simulator: &Simulator) -> Vec<&'static str> {
    simulator.journal().all().iter().map(|entry| entry.operation).collect()
}

/// A call of any kind.
pub(crate) async fn call(client: &Client, method: Method, path: &str, body: Option<Value>) -> Result<(), Fault> {
    let make = || {
        let request = if method == Method::GET {
            Request::read("test", method.clone())
        } else {
            Request::write("test", method.clone())
        };
        let request = request.at(path.split('/'));
        Ok(match &body {
            Some(body) => request.body(Body::json("test", body)?),
            None => request,
        })
    };
    client.send(make, read_nothing).await
}

/// A user as the vendor's sample has one.
pub(crate) fn user(login: &str) -> Value {
    json!({
        "general_settings": {"first_name": "Ada", "last_name": "Lovelace"},
        "account": {"login_username": login, "password": "P@ssw0rd-ada"},
    })
}
