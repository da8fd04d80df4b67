//! Listing: what is in the portals of an installation, for the kinds that live there.

use std::future::Future;

use futures::{StreamExt, stream};
use serde_json::Value as Json;
use tokio::time::Instant;

use super::address::Address;
use super::client::Client;
use super::portal_ref::PATH;
use crate::base::fault::Fault;
use crate::engine::kind::{Listed, Listing, Reference};

/// How many portals are looked into at once.
const ABREAST: usize = 8;

/// What `look` finds in each portal that the installation lists. One that cannot be looked into is a gap.
///
/// # Errors
/// The fault of the list of portals.
pub async fn in_portals<F>(
    client: &Client,
    fresh_after: Instant,
    look: impl Fn(Client, String) -> F,
) -> Result<Listing, Fault>
where
    F: Future<Output = Result<Vec<Listed>, Fault>> + Send,
{
    let mut portals: Vec<String> =
        client.portals(fresh_after, |portals| portals.0.iter().map(|portal| portal.name.clone()).collect()).await?;
    portals.sort();
    let looks: Vec<_> = portals.iter().map(|portal| look(client.clone(), portal.clone())).collect();
    let found: Vec<_> = stream::iter(looks).buffered(ABREAST).collect().await;
    let mut listing = Listing::default();
    for (portal, found) in portals.iter().zip(found) {
        listing.add(&format!("the portal {portal}"), found);
    }
    Ok(listing)
}

/// Something in a portal, of this vendor's id and name. Its spec names the portal by an IntrexxPortal where there is one.
pub fn in_portal(portal: &str, id: &str, name: &str, mut spec: Json) -> Listed {
    spec["portalName"] = portal.into();
    let address = Address::new(portal, id).to_string();
    Listed::new(address, format!("{portal}/{name}"), spec).referring(Reference {
        at: String::new(),
        by_id: "portalName",
        by_name: PATH,
        kind: "IntrexxPortal",
        external_id: portal.to_owned(),
    })
}
