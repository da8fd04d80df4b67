//! Realm: the vendor's account that an AdminApi's credentials belong to, and what its change means for objects that have ids there.

use kube::ResourceExt;

use super::admin_api::AdminApi;
use super::connection::target;
use super::context::Engine;
use super::policy::ACCEPT_REALM;
use super::queue::{Item, Lane};
use super::reason::Reason;
use super::report::Stop;
use super::session::{AnyClient, VendorRow};
use super::watch::Key;
use crate::base::secret::Secret;

/// A fingerprint of the account that a client's credentials belong to, and of the key that it was taken under: only those of one key tell
/// whether two accounts are one.
pub fn of(engine: &Engine, vendor: &VendorRow, client: &AnyClient) -> String {
    let account = (vendor.realm)(client);
    let account = account.as_ref().map_or("", Secret::expose);
    let print = engine.key.fingerprint(format!("{}\n{account}", vendor.name).as_bytes());
    format!("{print}.{}", engine.key.name())
}

/// After a restart, an AdminApi that cannot be connected still counts as the account that it was for.
pub fn recall(engine: &Engine, key: &Key, object: &AdminApi) {
    let stored = object.status.as_ref().and_then(|status| status.realm.as_ref());
    if let (Some(realm), None) = (stored, engine.sessions.session(key)) {
        engine.enqueue_all(engine.claims.set_realm(key, realm), Lane::Edit);
    }
}

/// That the ids of an AdminApi's objects mean something in `realm`: they are from there, or there are none, or somebody says so. An id of
/// one account names something else in another one, or nothing, and neither may be acted on.
///
/// # Errors
/// The objects' ids are from another account.
pub fn admit(engine: &Engine, key: &Key, object: &AdminApi, realm: &str) -> Result<(), Stop> {
    let stored = object.status.as_ref().and_then(|status| status.realm.as_deref());
    let accepted = object.annotations().get(ACCEPT_REALM).is_some_and(|accepted| accepted == realm);
    if accepted || stored.is_none_or(|stored| !differ(stored, realm)) {
        return Ok(());
    }
    let has_id = |Item { kind, namespace, name }: &Item| {
        let controller = engine.controller(kind);
        let found = controller.and_then(|controller| controller.lookup(&(namespace.clone(), name.clone())));
        found.is_some_and(|found| found.external_id.is_some())
    };
    let count = engine.references.users(&target(key)).into_iter().filter(has_id).count();
    if count == 0 {
        return Ok(());
    }
    let message = format!(
        "spec.credentials: these are for another account than the one that the ids of the objects here are from (objects: {count}); put the \
         old ones back, or make another AdminApi for the new account; to have the ids looked for in the new account all the same, set the \
         annotation {ACCEPT_REALM}: {realm}"
    );
    Err(Stop::Waiting { reason: Reason::RealmChanged, message })
}

/// Whether two realms are of two accounts. Nobody can tell when their fingerprints were taken under two keys.
pub fn differ(one: &str, other: &str) -> bool {
    let key = |realm| str::rsplit_once(realm, '.').map(|(_, key)| key);
    one != other && key(one) == key(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn realms_under_two_keys_tell_nothing() {
        assert!(differ("fp1:a.k", "fp1:b.k"));
        assert!(!differ("fp1:a.k", "fp1:a.k") && !differ("fp1:a.k", "fp1:b.other") && !differ("fp1:a", "fp1:b.k"));
    }
}
