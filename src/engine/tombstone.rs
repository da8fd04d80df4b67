//! Tombstones: what we switched off when its object was deleted, so that applying the object again takes up the old one instead of
//! meeting it as a stranger. Kept in a ConfigMap beside the AdminApi, since the vendor keeps no word of it.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use kube::Client;

use super::admin_api::AdminApi;
use super::kubernetes::{Error, read_config_map, write_config_key};
use super::session::Session;

/// The name of the ConfigMap.
fn name_of(admin_api: &str) -> String {
    format!("{admin_api}.provost-disabled")
}

/// The key for an object of `kind`: the natural key may have any characters, a ConfigMap's key may not.
pub fn key(kind: &str, natural_key: &str) -> String {
    let sum = digest::digest(&digest::SHA256, natural_key.as_bytes());
    let hex: String = sum.as_ref()[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{kind}.{hex}")
}

/// All tombstones of an AdminApi: the vendor's id by [`key`].
///
/// # Errors
/// When Kubernetes gives no clear answer.
pub async fn load(client: &Client, namespace: &str, admin_api: &str) -> Result<BTreeMap<String, String>, Error> {
    let content = read_config_map(client, namespace, &name_of(admin_api)).await?;
    let text = |(key, value): (String, Vec<u8>)| Some((key, String::from_utf8(value).ok()?));
    Ok(content.map(|content| content.data.into_iter().filter_map(text).collect()).unwrap_or_default())
}

/// Sets or removes (`None`) one, in Kubernetes and then in the session.
///
/// # Errors
/// Then nothing changed.
pub async fn write(
    client: &Client,
    admin_api: &AdminApi,
    session: &Session,
    key: &str,
    external_id: Option<&str>,
) -> Result<(), Error> {
    let name = name_of(admin_api.metadata.name.as_deref().unwrap_or_default());
    write_config_key(client, admin_api, &name, key, external_id).await?;
    session.set_tombstone(key, external_id);
    Ok(())
}
