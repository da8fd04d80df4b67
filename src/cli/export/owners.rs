//! Owners: which external objects are managed already, by which object, as manifests and the cluster tell.

use std::collections::{BTreeSet, HashMap};

use kube::api::{Api, DynamicObject, ListParams};
use kube::core::ApiResource;
use kube::{Client, ResourceExt};
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::cli::Failure;
use crate::cli::kubernetes::each;
use crate::cli::manifests::Manifests;
use crate::cli::plan::input::{Key, admin_api_of};
use crate::engine::kubernetes::Error;
use crate::engine::policy::EXTERNAL_ID;
use crate::engine::registry::KindRow;

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

    /// Adds those of the cluster, in all namespaces; with rights in the AdminApi's namespace alone, those of that one. Returns the kinds of which
    /// no more could be seen.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn read(
        &mut self,
        client: &Client,
        rows: &[&'static KindRow],
        admin_api: &Key,
    ) -> Result<Vec<&'static str>, Failure> {
        let mut partly = Vec::new();
        for row in rows {
            let names = (row.crd)().spec.names;
            let resource = ApiResource {
                group: "provost.dev".to_owned(),
                version: "v1alpha1".to_owned(),
                api_version: "provost.dev/v1alpha1".to_owned(),
                kind: names.kind,
                plural: names.plural,
            };
            let everywhere: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
            let read = match self.list(&everywhere, row, admin_api).await {
                Err(error) if error.is_forbidden() => {
                    partly.push(row.kind);
                    self.list(&Api::namespaced_with(client.clone(), &admin_api.0, &resource), row, admin_api).await
                }
                read => read,
            };
            match read {
                // A cluster without this definition has none of its objects.
                Err(error) if error.is_missing() => {}
                read => read.map_err(|error| format!("the objects of {} cannot be listed: {error}", row.kind))?,
            }
        }
        Ok(partly)
    }

    async fn list(&mut self, api: &Api<DynamicObject>, row: &'static KindRow, admin_api: &Key) -> Result<(), Error> {
        each(api, &ListParams::default(), |object| {
            let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
            let whole =
                json!({"metadata": object.metadata, "spec": object.data["spec"], "status": object.data["status"]});
            self.note(row, &namespace, &name, &whole, admin_api);
        })
        .await
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
