//! Intrexx: portals and what is in them, through the Intrexx Administration API (IAA).

pub mod address;
pub mod client;
pub mod config;
pub mod cron;
pub mod import_report;
pub mod intrexx_portal;
pub mod listing;
pub mod mail_service;
pub mod open;
pub mod package_source;
pub mod portal_action;
pub mod portal_group;
pub mod portal_package;
pub mod portal_ref;
pub mod portal_template;
pub mod portal_user;
pub mod schedule;
pub mod scheduler_job;
pub mod sim;
pub mod wire;

use tokio::time::Instant;

use crate::base::access::Access;
use crate::base::endpoint::Endpoint;
use crate::base::fault::Fault;
use crate::base::secret::Secret;
use crate::engine::kind::{SecretKey, Vendor};

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

    fn secrets(settings: &config::Config) -> Vec<(&'static str, &SecretKey)> {
        settings.license.iter().map(|license| (config::LICENSE, &license.secret_ref)).collect()
    }

    fn connect(settings: &config::Config, access: Access) -> Result<client::Client, Fault> {
        Ok(client::Client::new(settings, access)?)
    }

    fn realm(client: &client::Client) -> Secret {
        client.realm()
    }

    fn caution(client: &client::Client) -> Option<&'static str> {
        client.has_public_password().then_some(
            "the password of the Administration API is one that the vendor's documentation prints, so that anybody may use it; set \
             another one in its admin-api.yaml (credentials.password), restart it, and write it to the credentials Secret",
        )
    }

    async fn check(client: &client::Client, fresh_after: Instant) -> Result<(), Fault> {
        client.check(fresh_after).await
    }
}
