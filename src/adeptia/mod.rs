//! Adeptia Connect: users and partners of a company, through its REST APIs.

pub mod client;
pub mod config;
pub mod connect_partner;
pub mod connect_user;
pub mod password;
pub mod sim;
pub mod user_csv;
pub mod wire;

use tokio::time::Instant;

use crate::base::access::Access;
use crate::base::endpoint::Endpoint;
use crate::base::fault::Fault;
use crate::base::secret::Secret;
use crate::engine::kind::Vendor;

/// The vendor.
pub struct AdeptiaConnect;

impl Vendor for AdeptiaConnect {
    const NAME: &'static str = client::VENDOR;
    const BLOCK: &'static str = "adeptiaConnect";
    type Settings = config::Config;
    type Client = client::Client;

    fn endpoints() -> &'static [Endpoint] {
        client::ENDPOINTS
    }

    fn connect(settings: &config::Config, access: Access) -> Result<client::Client, Fault> {
        Ok(client::Client::new(settings, access)?)
    }

    fn realm(client: &client::Client) -> Secret {
        client.realm()
    }

    async fn check(client: &client::Client, fresh_after: Instant) -> Result<(), Fault> {
        client.check(fresh_after).await
    }
}
