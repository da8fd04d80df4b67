//! Input: the manifests, sorted by what they are for, each with what the cluster stores of it; and what is wrong with them.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures::StreamExt;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, DynamicObject};
use kube::core::ApiResource;
use serde_json::Value as Json;

use super::grants::Labels;
use super::report::Complaint;
use crate::cli::kubernetes::definitions;
use crate::cli::manifests::{Manifest, Manifests, Place, SecretManifest};
use crate::cli::validate::validate;
use crate::engine::connection;
use crate::engine::kubernetes::{Error, call};
use crate::engine::reason::Reason;
use crate::engine::registry::{KindRow, Tables};

/// Our own group: a kind of it that is not known is a mistake, and no other operator's business.
const GROUP: &str = "provost.dev";

/// How many stored objects are read at once.
const AT_ONCE: usize = 16;

/// Namespace and name.
pub type Key = (String, String);

/// A manifest of one of our kinds.
pub struct Document {
    /// Where it stands.
    pub place: Place,
    /// Its kind.
    pub kind: String,
    /// Its namespace, its own or the default.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The manifest, with the namespace.
    pub object: Json,
    /// What the cluster stores under that name.
    pub stored: Option<Json>,
    version: String,
    /// Its place among all documents.
    order: usize,
}

/// A manifest of a managed kind.
pub struct Item {
    /// The manifest.
    pub document: Document,
    /// Its kind.
    pub row: &'static KindRow,
}

impl Item {
    /// The AdminApi that it names.
    pub fn admin_api(&self) -> Key {
        admin_api_of(&self.document.object, &self.document.namespace)
    }
}

/// The AdminApi that an object of `namespace` names.
pub fn admin_api_of(object: &Json, namespace: &str) -> Key {
    let reference = &object["spec"]["adminApi"];
    let text = |field: &str| reference[field].as_str();
    (text("namespace").unwrap_or(namespace).to_owned(), text("name").unwrap_or_default().to_owned())
}

/// All manifests by what they are for.
pub struct Input {
    /// What is to be planned, in the order of files and documents.
    pub items: Vec<Item>,
    /// The AdminApis.
    pub admin_apis: BTreeMap<Key, Document>,
    /// The Secrets.
    pub secrets: HashMap<Key, SecretManifest>,
    /// The ConfigMaps.
    pub config_maps: HashMap<Key, Json>,
    /// The labels of the namespaces.
    pub labels: HashMap<String, Labels>,
    /// How many objects of each other kind there are.
    pub skipped: BTreeMap<String, usize>,
    /// The definitions of our kinds, by kind.
    pub definitions: HashMap<String, CustomResourceDefinition>,
    seen: HashSet<(String, Key)>,
}

impl Input {
    /// Sorts manifests; those without a namespace are in `namespace`. Also returns what is wrong with kinds and names.
    pub fn sort(manifests: Manifests, namespace: &str, tables: &Tables) -> (Self, Vec<Complaint>) {
        let definitions = definitions(tables).into_iter().map(|crd| (crd.spec.names.kind.clone(), crd)).collect();
        let mut input = Self {
            items: Vec::new(),
            admin_apis: BTreeMap::new(),
            secrets: HashMap::new(),
            config_maps: HashMap::new(),
            labels: HashMap::new(),
            skipped: BTreeMap::new(),
            definitions,
            seen: HashSet::new(),
        };
        let mut complaints = Vec::new();
        for secret in manifests.secrets {
            let namespace = secret.identity.namespace.clone().unwrap_or_else(|| namespace.to_owned());
            input.secrets.insert((namespace, secret.identity.name.clone()), secret);
        }
        for (order, manifest) in manifests.objects.into_iter().enumerate() {
            complaints.extend(input.add(manifest, order, namespace, tables).err().map(|complaint| *complaint));
        }
        (input, complaints)
    }

    fn add(
        &mut self,
        manifest: Manifest,
        order: usize,
        namespace: &str,
        tables: &Tables,
    ) -> Result<(), Box<Complaint>> {
        let Manifest { place, identity, mut object } = manifest;
        let namespace = identity.namespace.clone().unwrap_or_else(|| namespace.to_owned());
        let key = (namespace.clone(), identity.name.clone());
        if identity.api_version == "v1" && identity.kind == "ConfigMap" {
            self.config_maps.insert(key, object);
            return Ok(());
        }
        if identity.api_version == "v1" && identity.kind == "Namespace" {
            let labels = serde_json::from_value(object["metadata"]["labels"].clone()).unwrap_or_default();
            self.labels.insert(identity.name.clone(), labels);
        }
        if identity.group() != GROUP {
            *self.skipped.entry(identity.kind).or_default() += 1;
            return Ok(());
        }
        object["metadata"]["namespace"] = namespace.clone().into();
        let (version, kind, name) = (identity.version().to_owned(), identity.kind, identity.name);
        let document = Document { place, kind, namespace, name, object, stored: None, version, order };
        if !self.seen.insert((document.kind.clone(), key.clone())) {
            let message =
                "an earlier manifest is for the same object, with its namespace left out here or there".to_owned();
            return Err(Complaint::of(&document, Reason::Malformed, "metadata.namespace", message).into());
        }
        match tables.kind(&document.kind) {
            Some(row) => self.items.push(Item { document, row }),
            None if document.kind == connection::KIND => drop(self.admin_apis.insert(key, document)),
            None => {
                let mut known: Vec<&str> = self.definitions.keys().map(String::as_str).collect();
                known.sort_unstable();
                let message = format!("there is no kind {} in {GROUP}; there are {}", document.kind, known.join(", "));
                return Err(Complaint::of(&document, Reason::Malformed, "kind", message).into());
            }
        }
        Ok(())
    }

    /// Reads what the cluster stores of each of our manifests. Returns what could not be read.
    pub async fn load_stored(&mut self, client: &Client) -> Vec<Complaint> {
        let definitions = &self.definitions;
        let documents = self.items.iter_mut().map(|item| &mut item.document).chain(self.admin_apis.values_mut());
        let read = futures::stream::iter(documents).map(|document| async {
            match stored(client, definitions, document).await {
                Ok(stored) => document.stored = stored,
                Err(error) => {
                    let message = format!("what the cluster stores of it cannot be read: {error}");
                    return Some(Complaint::of(document, Reason::KubernetesUnavailable, "", message));
                }
            }
            None
        });
        read.buffered(AT_ONCE).filter_map(|complaint| async { complaint }).collect().await
    }

    /// Everything that the API server would refuse, in the order of files and documents.
    pub fn problems(&self) -> Vec<Complaint> {
        let mut documents: Vec<&Document> = self.items.iter().map(|item| &item.document).collect();
        documents.extend(self.admin_apis.values());
        documents.sort_by_key(|document| document.order);
        let problems = |document: &&Document| {
            let definition = self.definitions.get(&document.kind);
            let validate = |crd| validate(crd, &document.version, &document.object, document.stored.as_ref());
            definition.map(validate).unwrap_or_default()
        };
        let complain = |document| {
            let problems = problems(&document).into_iter();
            problems.map(|problem| Complaint::of(document, Reason::Invalid, &problem.path, problem.message))
        };
        documents.into_iter().flat_map(complain).collect()
    }
}

async fn stored(
    client: &Client,
    definitions: &HashMap<String, CustomResourceDefinition>,
    document: &Document,
) -> Result<Option<Json>, Error> {
    match definitions.get(&document.kind) {
        Some(definition) => stored_object(client, definition, &document.namespace, &document.name).await,
        None => Ok(None),
    }
}

/// What the cluster stores under this name of one of our kinds.
///
/// # Errors
/// It cannot be read.
pub async fn stored_object(
    client: &Client,
    definition: &CustomResourceDefinition,
    namespace: &str,
    name: &str,
) -> Result<Option<Json>, Error> {
    let version = definition.spec.versions.first().map(|version| version.name.clone()).unwrap_or_default();
    let resource = ApiResource {
        group: GROUP.to_owned(),
        api_version: format!("{GROUP}/{version}"),
        version,
        kind: definition.spec.names.kind.clone(),
        plural: definition.spec.names.plural.clone(),
    };
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
    let found = call(api.get_opt(name)).await?;
    Ok(found.and_then(|object| serde_json::to_value(object).ok()))
}
