//! Owners: which external objects are managed already, by which object, as manifests and the cluster tell.

use std::collections::{BTreeSet, HashMap};

use kube::api::{Api, DynamicObject, ListParams};
use kube::core::ApiResource;
use kube::{Client, ResourceExt};
use serde::Serialize;
use serde_json::Value as Json;

use crate::cli::Failure;
use crate::cli::manifests::Manifests;
use crate::cli::plan::input::{Key, admin_api_of};
use crate::engine::kubernetes::call;
use crate::engine::policy::EXTERNAL_ID;
use crate::engine::registry::KindRow;

/// How many objects are read with one call.
const PAGE: u32 = 500;

/// An object that keeps an external one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Every object behind one AdminApi, and the names of all objects of the same kinds.
#[derive(Default)]
pub struct Owners {
    by_id: HashMap<(&'static str, String), Owner>,
    names: HashMap<&'static str, BTreeSet<(String, String)>>,
}

impl Owners {
    /// Those that are among manifests; what names no namespace is in `namespace`.
    pub fn among(manifests: &Manifests, rows: &[&'static KindRow], admin_api: &Key, namespace: &str) -> Self {
        let mut owners = Self::default();
        for manifest in &manifests.objects {
            let row = rows.iter().find(|row| row.kind == manifest.identity.kind);
            let namespace = manifest.identity.namespace.as_deref().unwrap_or(namespace);
            if let Some(row) = row.filter(|_| manifest.identity.group() == "provost.dev") {
                owners.note(row, namespace, &manifest.identity.name, &manifest.object, admin_api);
            }
        }
        owners
    }

    /// Adds those of the cluster, in all namespaces.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn read(&mut self, client: &Client, rows: &[&'static KindRow], admin_api: &Key) -> Result<(), Failure> {
        for row in rows {
            let names = (row.crd)().spec.names;
            let resource = ApiResource {
                group: "provost.dev".to_owned(),
                version: "v1alpha1".to_owned(),
                api_version: "provost.dev/v1alpha1".to_owned(),
                kind: names.kind,
                plural: names.plural,
            };
            let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
            let mut params = ListParams::default().limit(PAGE);
            loop {
                let page = match call(api.list(&params)).await {
                    // A cluster without this definition has none of its objects.
                    Err(error) if error.is_missing() => break,
                    page => page.map_err(|error| format!("the objects of {} cannot be listed: {error}", row.kind))?,
                };
                for object in page.items {
                    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
                    self.note(row, &namespace, &name, &serde_json::to_value(&object)?, admin_api);
                }
                match page.metadata.continue_.filter(|token| !token.is_empty()) {
                    Some(token) => params = params.continue_token(&token),
                    None => break,
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, row: &'static KindRow, namespace: &str, name: &str, object: &Json, admin_api: &Key) {
        self.names.entry(row.kind).or_default().insert((namespace.to_owned(), name.to_owned()));
        let annotation = object["metadata"]["annotations"][EXTERNAL_ID].as_str().filter(|id| !id.is_empty());
        let id = annotation.or_else(|| object["status"]["externalId"].as_str());
        if let Some(id) = id.filter(|_| admin_api_of(object, namespace) == *admin_api) {
            let owner = Owner { namespace: namespace.to_owned(), name: name.to_owned() };
            self.by_id.entry((row.kind, id.to_owned())).or_insert(owner);
        }
    }

    /// The object that keeps the external one of this id.
    pub fn of(&self, kind: &'static str, external_id: &str) -> Option<&Owner> {
        self.by_id.get(&(kind, external_id.to_owned()))
    }

    /// The names that objects of a kind have in a namespace.
    pub fn names(&self, kind: &str, namespace: &str) -> BTreeSet<String> {
        let all = self.names.get(kind).into_iter().flatten();
        all.filter(|(place, _)| place == namespace).map(|(_, name)| name.clone()).collect()
    }
}
