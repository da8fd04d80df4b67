//! Workshop: a vendor that exists for the tests alone, and is as awkward as the real ones: it makes doubles, lists late, deletes later,
//! and has members that nobody can search for.

pub mod client;
pub mod errand;
pub mod member;
pub mod part;
pub mod sign;
pub mod sim;
pub mod tool;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use provost::base::access::Access;
use provost::base::endpoint::Endpoint;
use provost::base::fault::Fault;
use provost::base::secret::Secret;
use provost::engine::kind::{SecretKey, Vendor};
use provost::engine::registry::{KindRow, Tables};
use provost::engine::session::VendorRow;
use provost::kinds;
use tokio::time::Instant;

/// The vendor.
pub struct Workshop;

impl Vendor for Workshop {
    const NAME: &'static str = "Workshop";
    const BLOCK: &'static str = "workshop";
    type Settings = client::Settings;
    type Client = client::Client;

    fn endpoints() -> &'static [Endpoint] {
        &[]
    }

    fn secrets(settings: &client::Settings) -> Vec<(&'static str, &SecretKey)> {
        settings.badge.iter().map(|badge| ("badge", &badge.secret_ref)).collect()
    }

    fn connect(settings: &client::Settings, access: Access) -> Result<client::Client, Fault> {
        Ok(client::Client::new(settings, access)?)
    }

    fn realm(client: &client::Client) -> Secret {
        client.realm()
    }

    async fn check(client: &client::Client, fresh_after: Instant) -> Result<(), Fault> {
        client.tool_by(fresh_after, |_| ()).await
    }
}

/// The kinds of this vendor.
const KINDS: [KindRow; 4] = [
    KindRow::of::<tool::Tools>("Tool"),
    KindRow::of::<member::Members>("Member"),
    KindRow::of::<errand::Errands>("Errand"),
    KindRow::of::<sign::Signs>("Sign"),
];

/// The tables of the program, and this vendor's rows beside.
pub fn tables() -> &'static Tables {
    static ALL: OnceLock<Tables> = OnceLock::new();
    ALL.get_or_init(|| {
        let vendors: Vec<VendorRow> =
            kinds::TABLES.vendors.iter().copied().chain([VendorRow::of::<Workshop>()]).collect();
        let kinds: Vec<KindRow> = kinds::TABLES.kinds.iter().copied().chain(KINDS).collect();
        Tables { vendors: vendors.leak(), kinds: kinds.leak() }
    })
}

/// The same, with these kinds alone: an operator has a watch for each.
pub fn tables_of(kinds: &[&str]) -> Tables {
    let kinds: Vec<KindRow> = tables().kinds.iter().filter(|row| kinds.contains(&row.kind)).copied().collect();
    Tables { vendors: tables().vendors, kinds: kinds.leak() }
}
