//! Intrexx: portals and what is in them, through the Intrexx Administration API (IAA).

pub mod address;
pub mod client;
pub mod config;
pub mod portal_group;
pub mod portal_ref;
pub mod portal_user;
pub mod sim;
pub mod wire;

use tokio::time::Instant;

use crate::base::access::Access;
use crate::base::endpoint::Endpoint;
use crate::base::fault::Fault;
use crate::base::secret::Secret;
use crate::engine::kind::Vendor;

/// The vendor.
pub struct Intrexx;

impl Vendor for Intrexx {
    const NAME: &'static str = client::VENDOR;
    const BLOCK: &'static str = "intrexx";
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
