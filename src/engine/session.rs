//! Session: a vendor with its types erased once, and the clients of the connected AdminApis, each shared by all its objects.

use std::any::Any;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use futures::future::BoxFuture;
use jiff::Timestamp;
use kube::core::schema::{OptionalEnum, StructuralSchemaRewriter};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value as Json;
use tokio::time::Instant;

use super::kind::{SecretKey, Vendor};
use super::malformed;
use super::reason::Reason;
use super::tombstone::Tombstones;
use super::watch::Key;
use crate::base::access::Access;
use crate::base::breaker::{Breaker, State};
use crate::base::clock::now;
use crate::base::endpoint::Endpoint;
use crate::base::fault::{Class, Fault};
use crate::base::secret::Secret;

/// A vendor's client with its type erased.
pub type AnyClient = Arc<dyn Any + Send + Sync>;

/// One row of the table of vendors.
#[derive(Clone, Copy)]
pub struct VendorRow {
    /// [`Vendor::NAME`].
    pub name: &'static str,
    /// [`Vendor::BLOCK`].
    pub block: &'static str,
    /// The schema of [`Vendor::Settings`].
    pub schema: fn() -> schemars::Schema,
    /// [`Vendor::secrets`]; nothing when the block cannot be read.
    pub secrets: fn(&Json) -> Vec<(&'static str, SecretKey)>,
    /// [`Vendor::connect`].
    pub connect: fn(&Json, Access) -> Result<AnyClient, Fault>,
    /// [`Vendor::realm`].
    pub realm: fn(&AnyClient) -> Option<Secret>,
    /// [`Vendor::caution`].
    pub caution: fn(&AnyClient) -> Option<&'static str>,
    /// [`Vendor::check`].
    pub check: fn(AnyClient, Instant) -> BoxFuture<'static, Result<(), Fault>>,
    /// [`Vendor::endpoints`].
    pub endpoints: fn() -> &'static [Endpoint],
}

impl VendorRow {
    /// The row of a vendor.
    pub const fn of<V: Vendor>() -> Self {
        Self {
            name: V::NAME,
            block: V::BLOCK,
            schema: block_schema::<V::Settings>,
            secrets: |settings| {
                let settings: Option<V::Settings> = malformed::read(settings).ok();
                let named = settings.iter().flat_map(V::secrets);
                named.map(|(path, key)| (path, key.clone())).collect()
            },
            connect: |settings, access| {
                let settings: V::Settings = malformed::read(settings).map_err(|misfit| {
                    Fault::new(Class::Refused, "connect", misfit.below(&format!("spec.{}", V::BLOCK)).to_string())
                })?;
                Ok(Arc::new(V::connect(&settings, access)?))
            },
            realm: |client| client.downcast_ref::<V::Client>().map(V::realm),
            caution: |client| client.downcast_ref::<V::Client>().and_then(V::caution),
            check: |client, fresh_after| {
                Box::pin(async move {
                    match client.downcast_ref::<V::Client>() {
                        Some(client) => V::check(client, fresh_after).await,
                        None => Err(Fault::new(Class::Broken, "connect", "the session belongs to another vendor")),
                    }
                })
            },
            endpoints: V::endpoints,
        }
    }
}

/// The structural schema of a vendor's block.
fn block_schema<T: JsonSchema>() -> schemars::Schema {
    let settings = SchemaSettings::openapi3().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let settings = settings.with_transform(StructuralSchemaRewriter).with_transform(OptionalEnum);
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.remove("title");
    schema
}

/// The vendor whose block an AdminApi's spec has.
pub fn vendor_of(vendors: &'static [VendorRow], blocks: &BTreeMap<String, Json>) -> Option<&'static VendorRow> {
    vendors.iter().find(|row| blocks.contains_key(row.block))
}

/// What to say when there is none.
pub fn no_vendor(vendors: &'static [VendorRow]) -> String {
    let blocks: Vec<&str> = vendors.iter().map(|row| row.block).collect();
    format!("spec has no vendor's block that this version of Provost knows; add one of {}", blocks.join(", "))
}

/// A connected AdminApi.
pub struct Session {
    /// The vendor.
    pub vendor: &'static VendorRow,
    /// Its client.
    pub client: AnyClient,
    /// Fingerprint of everything the client was built from.
    pub print: String,
    /// Stops its calls when they cannot succeed.
    pub breaker: Arc<Breaker>,
    /// Fingerprints of the credentials, by their keys.
    pub credentials: BTreeMap<String, String>,
    /// Fingerprint of the account that the credentials belong to: equal for two AdminApis of one account.
    pub realm: String,
    /// What was switched off when its object was deleted, by kind and natural key.
    pub tombstones: Arc<Tombstones>,
    fresh_after: RwLock<Instant>,
    proven: RwLock<Timestamp>,
}

impl Session {
    /// A session whose data must be read from now on.
    pub fn new(
        vendor: &'static VendorRow,
        client: AnyClient,
        print: String,
        credentials: BTreeMap<String, String>,
        realm: String,
        breaker: Arc<Breaker>,
        tombstones: Arc<Tombstones>,
    ) -> Self {
        Self {
            vendor,
            client,
            print,
            credentials,
            realm,
            breaker,
            tombstones,
            fresh_after: RwLock::new(Instant::now()),
            proven: RwLock::new(now()),
        }
    }

    /// The instant after which shared data must have been read to serve an ordinary look: the start of the last resync.
    pub fn fresh_after(&self) -> Instant {
        *self.fresh_after.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a resync, since the client was just proven by a read that began at `begun`: what was read before that no longer serves.
    pub fn refresh(&self, begun: Instant) {
        *self.fresh_after.write().unwrap_or_else(PoisonError::into_inner) = begun;
        *self.proven.write().unwrap_or_else(PoisonError::into_inner) = now();
    }

    /// When the vendor last answered and took the credentials.
    pub fn proven(&self) -> Timestamp {
        *self.proven.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The typed client.
    pub fn client<V: Vendor>(&self) -> Option<V::Client> {
        self.client.downcast_ref::<V::Client>().cloned()
    }

    /// The id behind a tombstone of this account.
    pub fn tombstone(&self, key: &str) -> Option<String> {
        self.tombstones.get(key, &self.realm)
    }
}

/// How an AdminApi stands.
#[derive(Clone)]
pub enum Standing {
    /// Its objects can be worked on.
    Connected(Arc<Session>),
    /// They cannot, for this reason. A session that worked before is kept, to let go of objects when only the credentials are gone.
    Disconnected {
        /// The reason.
        reason: Reason,
        /// One sentence.
        message: String,
        /// Since when they cannot.
        since: Instant,
        /// The last session.
        last: Option<Arc<Session>>,
    },
}

/// The standing of every AdminApi that was looked at.
#[derive(Default)]
pub struct Sessions {
    standings: RwLock<HashMap<Key, Standing>>,
    /// Those that are disconnected on the word of one object's call, before their own check had its say.
    accused: RwLock<HashSet<Key>>,
}

impl Sessions {
    /// How an AdminApi stands; none before its first look.
    pub fn get(&self, key: &Key) -> Option<Standing> {
        self.standings.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Its session, connected or last.
    pub fn session(&self, key: &Key) -> Option<Arc<Session>> {
        match self.get(key)? {
            Standing::Connected(session) => Some(session),
            Standing::Disconnected { last, .. } => last,
        }
    }

    /// Changes its standing, on its own word.
    pub fn set(&self, key: &Key, standing: Standing) {
        self.accused.write().unwrap_or_else(PoisonError::into_inner).remove(key);
        self.standings.write().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), standing);
    }

    /// Changes its standing until it had its own say, which [`Sessions::set`] tells.
    pub fn accuse(&self, key: &Key, standing: Standing) {
        self.accused.write().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
        self.standings.write().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), standing);
    }

    /// Whether its own check is still to have its say.
    pub fn is_accused(&self, key: &Key) -> bool {
        self.accused.read().unwrap_or_else(PoisonError::into_inner).contains(key)
    }

    /// How the breaker of each AdminApi stands that has a session.
    pub fn breakers(&self) -> Vec<(Key, State)> {
        let all = self.standings.read().unwrap_or_else(PoisonError::into_inner);
        let session = |standing: &Standing| match standing {
            Standing::Connected(session) => Some(session.clone()),
            Standing::Disconnected { last, .. } => last.clone(),
        };
        all.iter().filter_map(|(key, standing)| Some((key.clone(), session(standing)?.breaker.state()))).collect()
    }

    /// Forgets one that is gone.
    pub fn remove(&self, key: &Key) {
        self.accused.write().unwrap_or_else(PoisonError::into_inner).remove(key);
        self.standings.write().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}
