//! Siblings: what the objects that manifests refer to resolve to: other manifests, planned before, and then what the cluster has.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use serde_json::Value as Json;

use super::input::{Item, Key, admin_api_of, stored_object};
use crate::engine::plan::Action;
use crate::engine::policy::EXTERNAL_ID;
use crate::engine::preview::{KNOWN_LATER, Preview, SiblingSource};
use crate::engine::report::Stop;
use crate::engine::sibling::Resolved;

/// Everything that a manifest can refer to.
pub struct Siblings {
    planned: Mutex<HashMap<(String, Key), Resolved>>,
    cluster: Option<Client>,
    definitions: HashMap<String, CustomResourceDefinition>,
}

impl Siblings {
    /// Nothing is planned yet; `cluster` is asked for what is not among the manifests.
    pub fn new(cluster: Option<Client>, definitions: HashMap<String, CustomResourceDefinition>) -> Self {
        Self { planned: Mutex::default(), cluster, definitions }
    }

    /// Notes what a manifest's plan came to.
    pub fn planned(&self, item: &Item, preview: &Result<Preview, Stop>) {
        let recorded = [&item.document.object].into_iter().chain(&item.document.stored).find_map(recorded_id);
        let resolved = Resolved {
            external_id: recorded.or_else(|| preview.as_ref().ok().and_then(to_be)),
            ..resolved(item.document.stored.as_ref().unwrap_or(&item.document.object), &item.document.namespace)
        };
        let key = (item.document.namespace.clone(), item.document.name.clone());
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        planned.insert((item.row.kind.to_owned(), key), resolved);
    }
}

impl SiblingSource for Siblings {
    fn resolve<'a>(
        &'a self,
        kind: &'a str,
        namespace: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<Resolved>, Stop>> {
        async move {
            let key = (kind.to_owned(), (namespace.to_owned(), name.to_owned()));
            let planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
            match (planned, &self.cluster, self.definitions.get(kind)) {
                (None, Some(client), Some(definition)) => {
                    let found = stored_object(client, definition, namespace, name).await?;
                    Ok(found
                        .map(|object| Resolved { external_id: recorded_id(&object), ..resolved(&object, namespace) }))
                }
                (planned, ..) => Ok(planned),
            }
        }
        .boxed()
    }
}

/// Everything but the id.
fn resolved(object: &Json, namespace: &str) -> Resolved {
    let (owner, name) = admin_api_of(object, namespace);
    Resolved {
        external_id: None,
        deleting: !object["metadata"]["deletionTimestamp"].is_null(),
        admin_api: Some((owner.into(), name.into())),
    }
}

fn recorded_id(object: &Json) -> Option<String> {
    let id =
        object["metadata"]["annotations"][EXTERNAL_ID].as_str().or_else(|| object["status"]["externalId"].as_str());
    id.filter(|id| !id.is_empty()).map(str::to_owned)
}

/// The id that an object will have once its plan is carried out; none when it is held.
fn to_be(preview: &Preview) -> Option<String> {
    let step = preview.steps.iter().find(|step| step.hold.is_none())?;
    match &step.action {
        Action::Adopt { external_id, .. } => Some(external_id.clone()),
        Action::Create | Action::Run => Some(KNOWN_LATER.to_owned()),
        _ => None,
    }
}

/// An order in which each item comes after those that it refers to, as groups that can be planned together. `refers[i]` are the items
/// that the i-th refers to. Items that refer to each other in a circle come last, and find each other unplanned.
pub fn waves(refers: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut done = vec![false; refers.len()];
    let mut waves = Vec::new();
    loop {
        let ready = |at: &usize| !done[*at] && refers[*at].iter().all(|other| done[*other]);
        let mut wave: Vec<usize> = (0..refers.len()).filter(ready).collect();
        if wave.is_empty() {
            wave = (0..refers.len()).filter(|at| !done[*at]).collect();
        }
        if wave.is_empty() {
            return waves;
        }
        wave.iter().for_each(|at| done[*at] = true);
        waves.push(wave);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_referred_to_comes_first() {
        assert_eq!(waves(&[vec![], vec![], vec![]]), [[0, 1, 2]]);
        assert_eq!(waves(&[vec![1], vec![2], vec![]]), [[2], [1], [0]]);
        assert_eq!(waves(&[vec![1], vec![0], vec![]]), [vec![2], vec![0, 1]]);
        assert_eq!(waves(&[vec![0]]), [[0]]);
        assert_eq!(waves(&[]), Vec::<Vec<usize>>::new());
    }
}
