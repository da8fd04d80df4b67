//! Tombstones: what we switched off when its object was deleted, so that applying the object again takes up the old one instead of
//! meeting it as a stranger. Kept in a ConfigMap beside the AdminApi, since the vendor keeps no word of it.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

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

/// What was switched off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// The vendor's id.
    pub external_id: String,
    /// The realm of the session in which it was; none in those that an earlier version wrote.
    pub realm: Option<String>,
}

impl Tombstone {
    fn read(text: &str) -> Self {
        let (external_id, realm) = match text.split_once('\n') {
            Some((id, realm)) => (id, Some(realm.to_owned())),
            None => (text, None),
        };
        Self { external_id: external_id.to_owned(), realm }
    }

    fn text(&self) -> String {
        match &self.realm {
            Some(realm) => format!("{}\n{realm}", self.external_id),
            None => self.external_id.clone(),
        }
    }
}

/// Those of one AdminApi, shared by its sessions: what is written through the old one while a new one is proven is not lost on that.
#[derive(Debug, Default)]
pub struct Tombstones(RwLock<BTreeMap<String, Tombstone>>);

impl Tombstones {
    /// The ones that [`load`] read.
    pub fn new(all: BTreeMap<String, Tombstone>) -> Self {
        Self(RwLock::new(all))
    }

    /// The id behind a tombstone, if it is of this realm: an id of another account says nothing here.
    pub fn get(&self, key: &str, realm: &str) -> Option<String> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = all.get(key).filter(|found| found.realm.as_deref().is_none_or(|other| other == realm))?;
        Some(found.external_id.clone())
    }

    fn set(&self, key: &str, tombstone: Option<Tombstone>) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match tombstone {
            Some(tombstone) => all.insert(key.to_owned(), tombstone),
            None => all.remove(key),
        };
    }
}

/// All tombstones of an AdminApi, by [`key`].
///
/// # Errors
/// When Kubernetes gives no clear answer.
pub async fn load(client: &Client, namespace: &str, admin_api: &str) -> Result<BTreeMap<String, Tombstone>, Error> {
    let content = read_config_map(client, namespace, &name_of(admin_api)).await?;
    let text = |(key, value): (String, Vec<u8>)| Some((key, Tombstone::read(std::str::from_utf8(&value).ok()?)));
    Ok(content.map(|content| content.data.into_iter().filter_map(text).collect()).unwrap_or_default())
}

/// Sets or removes (`None`) one, in Kubernetes and then for the sessions of the AdminApi.
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
    let realm = Some(session.realm.clone());
    let tombstone = external_id.map(|id| Tombstone { external_id: id.to_owned(), realm });
    write_config_key(client, admin_api, &name, key, tombstone.as_ref().map(Tombstone::text).as_deref()).await?;
    session.tombstones.set(key, tombstone);
    Ok(())
}

/// Whether Kubernetes has one of `external_id` still. What a session knows may be older: it may have been read while somebody without a session
/// removed it.
///
/// # Errors
/// When Kubernetes gives no clear answer.
pub async fn stands(
    client: &Client,
    (namespace, admin_api): (&str, &str),
    session: &Session,
    key: &str,
    external_id: &str,
) -> Result<bool, Error> {
    let mut all = load(client, namespace, admin_api).await?;
    let stored = all.remove(key);
    let stands = stored.as_ref().is_some_and(|stored| stored.external_id == external_id);
    session.tombstones.set(key, stored);
    Ok(stands)
}

/// Removes one, if it is that of `external_id`. Without a session, what Kubernetes has of it is asked for.
///
/// # Errors
/// Then nothing changed.
pub async fn forget(
    client: &Client,
    admin_api: &AdminApi,
    session: Option<&Session>,
    key: &str,
    external_id: &str,
) -> Result<(), Error> {
    let name = admin_api.metadata.name.as_deref().unwrap_or_default();
    let standing = match session {
        Some(session) => session.tombstone(key),
        None => {
            let all = load(client, admin_api.metadata.namespace.as_deref().unwrap_or_default(), name).await?;
            all.get(key).map(|tombstone| tombstone.external_id.clone())
        }
    };
    if standing.as_deref() != Some(external_id) {
        return Ok(());
    }
    write_config_key(client, admin_api, &name_of(name), key, None).await?;
    session.iter().for_each(|session| session.tombstones.set(key, None));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_with_and_without_a_realm() {
        let new = Tombstone { external_id: "acc 7".to_owned(), realm: Some("r1".to_owned()) };
        assert_eq!(Tombstone::read(&new.text()), new);
        assert_eq!(Tombstone::read("acc 7"), Tombstone { realm: None, ..new });
    }

    #[test]
    fn one_of_another_realm_says_nothing() {
        let read = |text: &str| BTreeMap::from([("key".to_owned(), Tombstone::read(text))]);
        let told = |text: &str, realm: &str| Tombstones::new(read(text)).get("key", realm);
        assert_eq!(told("7\nr1", "r1").as_deref(), Some("7"));
        assert_eq!(told("7\nr1", "r2"), None);
        assert_eq!(told("7", "r2").as_deref(), Some("7"));
    }
}
