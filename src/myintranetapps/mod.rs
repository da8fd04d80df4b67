//! MyIntranetApps (Boss Insights): tenant accounts and the health of their app connections.

pub mod client;
pub mod health;
pub mod lists;
pub mod sim;
pub mod tenant_account;
pub mod wire;

use tokio::time::Instant;

use crate::base::access::Access;
use crate::base::endpoint::Endpoint;
use crate::base::fault::Fault;
use crate::base::secret::Secret;
use crate::engine::kind::Vendor;

/// The vendor.
pub struct MyIntranetApps;

impl Vendor for MyIntranetApps {
    const NAME: &'static str = client::VENDOR;
    const BLOCK: &'static str = "myIntranetApps";
    type Settings = client::Config;
    type Client = client::Client;

    fn endpoints() -> &'static [Endpoint] {
        client::ENDPOINTS
    }

    fn connect(settings: &client::Config, access: Access) -> Result<client::Client, Fault> {
        Ok(client::Client::new(settings, access)?)
    }

    fn realm(client: &client::Client) -> Secret {
        client.realm()
    }

    async fn check(client: &client::Client, fresh_after: Instant) -> Result<(), Fault> {
        // The list that every account needs anyway proves address and credentials too.
        client.account_by(fresh_after, |_| ()).await
    }
}
