//! opentaps CRM-2: client domains, their mailboxes and activity types, and the users of their contacts, through its Administrative API.

pub mod client;
pub mod config;
pub mod sim;
pub mod wire;

use tokio::time::Instant;

use crate::base::access::Access;
use crate::base::endpoint::Endpoint;
use crate::base::fault::Fault;
use crate::base::secret::Secret;
use crate::engine::kind::Vendor;

/// The vendor.
pub struct Crm2;

impl Vendor for Crm2 {
    const NAME: &'static str = client::VENDOR;
    const BLOCK: &'static str = "crm2";
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

    async fn check(client: &client::Client, _: Instant) -> Result<(), Fault> {
        client.check().await
    }
}
