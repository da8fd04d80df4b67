//! Chain: what an object depends on, link by link, each with its state. Of Secrets only that they exist is asked; no value is ever read.

use std::collections::BTreeSet;
use std::fmt::Debug;

use futures::future::BoxFuture;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{Api, DynamicObject};
use kube::{Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use crate::cli::selection::ready;
use crate::cli::target::Named;
use crate::engine::connection::KIND as ADMIN_API;
use crate::engine::kubernetes::{Error, call};
use crate::engine::registry::Tables;

/// Nobody refers to more than so many, one behind the other.
const DEEPEST: usize = 4;

/// One thing that an object depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// How far it is from the object: 1 for what the object itself names.
    pub depth: usize,
    /// Its kind.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// How it stands.
    pub state: LinkState,
    /// The reason of its condition Ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// How a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum LinkState {
    /// There, and ready.
    Ok,
    /// There, and not ready.
    NotReady,
    /// There, and being deleted.
    Deleting,
    /// Not there.
    Missing,
    /// Nobody can tell.
    Unknown,
}

impl Link {
    /// Whether nothing depends on it in vain.
    pub fn holds(&self) -> bool {
        self.state == LinkState::Ok
    }

    fn new(depth: usize, kind: &str, namespace: &str, name: &str, state: LinkState) -> Self {
        let text = str::to_owned;
        Self {
            depth,
            kind: text(kind),
            namespace: text(namespace),
            name: text(name),
            state,
            reason: None,
            message: None,
        }
    }

    fn saying(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }
}

/// Follows what an object names.
pub struct Follower<'a> {
    /// The cluster.
    pub client: &'a Client,
    /// The kinds that there are.
    pub kinds: &'a [Named],
    /// The tables.
    pub tables: &'a Tables,
    seen: BTreeSet<(String, String, String)>,
    links: Vec<Link>,
}

impl<'a> Follower<'a> {
    /// One that has followed nothing yet.
    pub fn new(client: &'a Client, kinds: &'a [Named], tables: &'a Tables) -> Self {
        Self { client, kinds, tables, seen: BTreeSet::new(), links: Vec::new() }
    }

    /// Everything that an object depends on, each before what it depends on itself.
    pub async fn follow(mut self, kind: &Named, object: &DynamicObject) -> Vec<Link> {
        self.below(kind, object, 1).await;
        self.links
    }

    fn below<'b>(&'b mut self, kind: &'b Named, object: &'b DynamicObject, depth: usize) -> BoxFuture<'b, ()> {
        Box::pin(async move {
            if depth > DEEPEST {
                return;
            }
            let namespace = object.namespace().unwrap_or_default();
            let manifest = serde_json::to_value(object).unwrap_or_default();
            let row = self.tables.kind(&kind.resource.kind);
            for sibling in row.map(|row| (row.siblings)(&manifest)).unwrap_or_default() {
                self.object(sibling.kind, &namespace, &sibling.name, depth).await;
            }
            let admin_api = &object.data["spec"]["adminApi"];
            if let Some(name) = admin_api["name"].as_str() {
                let owner = admin_api["namespace"].as_str().unwrap_or(&namespace).to_owned();
                self.object(ADMIN_API, &owner, name, depth).await;
            }
            let mut named = Vec::new();
            content(&object.data["spec"], &mut named);
            for (sort, name) in named {
                self.content(sort, &namespace, &name, depth).await;
            }
        })
    }

    /// A link is told once, where it is named first.
    fn is_new(&mut self, kind: &str, namespace: &str, name: &str) -> bool {
        self.seen.insert((kind.to_owned(), namespace.to_owned(), name.to_owned()))
    }

    async fn object(&mut self, kind: &str, namespace: &str, name: &str, depth: usize) {
        let Some(named) = self.kinds.iter().find(|named| named.resource.kind == kind) else { return };
        if !self.is_new(kind, namespace, name) {
            return;
        }
        let link = |state| Link::new(depth, kind, namespace, name, state);
        match call(named.api(self.client, Some(namespace)).get_opt(name)).await {
            Ok(Some(object)) => {
                self.links.push(judged(link(LinkState::Ok), &object));
                self.below(named, &object, depth + 1).await;
            }
            Ok(None) => self.links.push(link(LinkState::Missing).saying("it does not exist")),
            Err(error) => self.links.push(unreadable(link(LinkState::Unknown), &error)),
        }
    }

    async fn content(&mut self, sort: Sort, namespace: &str, name: &str, depth: usize) {
        if !self.is_new(sort.word(), namespace, name) {
            return;
        }
        let link = |state| Link::new(depth, sort.word(), namespace, name, state);
        let exists = match sort {
            Sort::Secret => exists::<Secret>(self.client, namespace, name).await,
            Sort::ConfigMap => exists::<ConfigMap>(self.client, namespace, name).await,
        };
        self.links.push(match exists {
            Ok(true) => link(LinkState::Ok),
            Ok(false) => link(LinkState::Missing).saying("it does not exist"),
            Err(error) => unreadable(link(LinkState::Unknown), &error),
        });
    }
}

async fn exists<R>(client: &Client, namespace: &str, name: &str) -> Result<bool, Error>
where
    R: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
{
    let api: Api<R> = Api::namespaced(client.clone(), namespace);
    Ok(call(api.get_metadata_opt(name)).await?.is_some())
}

fn judged(mut link: Link, object: &DynamicObject) -> Link {
    let status = json!({"status": object.data["status"]});
    let known = ready(&status);
    link.state = match known {
        _ if object.metadata.deletion_timestamp.is_some() => LinkState::Deleting,
        Some(("True", ..)) => LinkState::Ok,
        Some(_) => LinkState::NotReady,
        None => LinkState::Unknown,
    };
    match known {
        Some((_, reason, message)) => {
            link.reason = Some(reason.to_owned());
            link.message = Some(message.to_owned()).filter(|message| !link.holds() && !message.is_empty());
            link
        }
        None => link.saying("no operator has looked at it yet"),
    }
}

fn unreadable(link: Link, error: &Error) -> Link {
    let words = if error.is_forbidden() { "you may not read it".to_owned() } else { error.to_string() };
    link.saying(words)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Secret,
    ConfigMap,
}

impl Sort {
    fn word(self) -> &'static str {
        match self {
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
        }
    }
}

/// The Secrets and ConfigMaps that a spec reads. Where it publishes to is no dependency.
fn content(spec: &Json, found: &mut Vec<(Sort, String)>) {
    let fields = spec.as_object().into_iter().flatten();
    for (field, value) in fields {
        let sort = match field.as_str() {
            "secretRef" => Some(Sort::Secret),
            "configMapRef" => Some(Sort::ConfigMap),
            _ => None,
        };
        match (sort, value["name"].as_str()) {
            (Some(sort), Some(name)) => found.push((sort, name.to_owned())),
            _ if field.starts_with("write") => {}
            _ => content(value, found),
        }
    }
    for entry in spec.as_array().into_iter().flatten() {
        content(entry, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spec_reads_is_found_wherever_it_stands() {
        let spec = json!({
            "adminPassword": {"secretRef": {"name": "admin", "key": "password"}},
            "writeConnectionTo": {"secretRef": {"name": "published"}},
            "files": [{"configMapRef": {"name": "files", "key": "a"}}],
            "tls": {"caBundle": {"configMapRef": {"name": "ca", "key": "ca.crt"}}},
        });
        let mut found = Vec::new();
        content(&spec, &mut found);
        let names: BTreeSet<_> = found.iter().map(|(sort, name)| (sort.word(), name.as_str())).collect();
        assert_eq!(names, BTreeSet::from([("Secret", "admin"), ("ConfigMap", "files"), ("ConfigMap", "ca")]));
    }
}
