//! Registry: the tables of vendors and kinds, with the types of kinds erased once.

use std::sync::Arc;

use futures::future::BoxFuture;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::core::object::HasSpec;
use serde_json::Value as Json;
use tokio::time::Instant;

use super::context::{Controller, Engine};
use super::controller::KindController;
use super::kind::{Identity, Invalid, Kind, Listing, Vendor};
use super::malformed::{self, Misfit};
use super::metrics::GaugeSpec;
use super::policy::Deletions;
use super::session::{AnyClient, VendorRow};
use super::sibling::{Sibling, Siblings};
use super::state::Field;
use crate::base::fault::{Class, Fault};

/// The natural key of a manifest, and what of it cannot be carried out; or why it cannot be read.
pub type Judged = Result<(String, Option<Invalid>), Misfit>;

/// One row of the table of kinds: what the engine, the command line and the generated files know of a kind.
#[derive(Clone, Copy)]
pub struct KindRow {
    /// The kind, such as `TenantAccount`.
    pub kind: &'static str,
    /// [`Vendor::NAME`] of its vendor.
    pub vendor: &'static str,
    /// Its identity class.
    pub identity: Identity,
    /// What may happen on deletion, the default first.
    pub deletions: Deletions,
    /// Whether its objects may be deleted by themselves: [`Kind::EXPIRES`].
    pub expires: bool,
    /// Its fields.
    pub fields: &'static [Field],
    /// Its own metrics.
    pub gauges: &'static [GaugeSpec],
    /// The reasons of its own conditions, with their meaning.
    pub reasons: &'static [(&'static str, &'static str)],
    /// [`Kind::ID_FORM`].
    pub id_form: &'static str,
    /// [`Kind::UNLISTED`].
    pub unlisted: Option<&'static str>,
    /// [`Kind::list`].
    pub list: fn(AnyClient, Instant) -> BoxFuture<'static, Result<Listing, Fault>>,
    /// Its custom resource definition, complete.
    pub crd: fn() -> CustomResourceDefinition,
    /// Its controller.
    pub controller: fn(Arc<Engine>, &'static str) -> Arc<dyn Controller>,
    /// What a manifest of it refers to; nothing when it cannot be read.
    pub siblings: fn(&Json) -> Vec<Sibling>,
    /// What the kind says of a manifest alone.
    pub judge: fn(&Json) -> Judged,
    /// Its plan for one manifest, without any write.
    pub preview:
        fn(super::preview::Request) -> BoxFuture<'static, Result<super::preview::Preview, super::report::Stop>>,
}

impl KindRow {
    /// The row of a kind, whose name Rust cannot read off its type in a table: it is checked against the type by a test.
    pub const fn of<K: Kind>(kind: &'static str) -> Self {
        Self {
            kind,
            vendor: K::Vendor::NAME,
            identity: K::IDENTITY,
            deletions: K::DELETIONS,
            expires: K::EXPIRES,
            fields: K::FIELDS,
            gauges: K::GAUGES,
            reasons: K::REASONS,
            id_form: K::ID_FORM,
            unlisted: K::UNLISTED,
            list: |client, fresh_after| {
                Box::pin(async move {
                    match client.downcast_ref::<<K::Vendor as Vendor>::Client>() {
                        Some(client) => K::list(client, fresh_after).await,
                        None => Err(Fault::new(Class::Broken, "list", "the session belongs to another vendor")),
                    }
                })
            },
            crd: super::crd::managed::<K>,
            controller: |engine, kind| Arc::new(KindController::<K>::new(engine, kind)),
            siblings: |manifest| {
                let object: Option<K::Object> = serde_json::from_value(manifest.clone()).ok();
                object.map(|object| K::siblings(object.spec())).unwrap_or_default()
            },
            judge: |manifest| {
                let object: K::Object = malformed::read(manifest)?;
                let spec = object.spec();
                Ok((K::natural_key(spec), K::desired(spec, &Siblings::default()).err()))
            },
            preview: |request| Box::pin(super::preview::preview::<K>(request)),
        }
    }
}

/// The tables that everything else is derived from.
#[derive(Clone, Copy)]
pub struct Tables {
    /// Every vendor.
    pub vendors: &'static [VendorRow],
    /// Every managed kind.
    pub kinds: &'static [KindRow],
}

impl Tables {
    /// The row of a kind.
    pub fn kind(&self, kind: &str) -> Option<&'static KindRow> {
        self.kinds.iter().find(|row| row.kind == kind)
    }
}
