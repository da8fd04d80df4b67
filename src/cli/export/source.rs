//! Source: where the AdminApi and what it needs come from: manifests, the cluster, or both.

use std::collections::BTreeMap;
use std::path::PathBuf;

use kube::Client;
use tokio::time::Instant;

use super::ExportArgs;
use super::verify::{Verified, verify};
use super::write::Form;
use crate::cli::manifests::{self, Manifests};
use crate::cli::plan::Ground;
use crate::cli::plan::connections::{self, Connected};
use crate::cli::plan::input::{Input, Key};
use crate::cli::plan::sources::Sources;
use crate::cli::{Failure, kubernetes};
use crate::engine::kubernetes::call;
use crate::engine::registry::Tables;

/// Where the AdminApi is, and what is beside it.
pub struct Source {
    /// What -f has.
    pub manifests: Manifests,
    /// The cluster, where it is looked at.
    pub cluster: Option<Client>,
    /// What clients are made of.
    pub sources: Sources,
    /// The namespace of what names none.
    pub namespace: String,
    /// That namespace was chosen by somebody, and belongs into manifests.
    pub says_namespace: bool,
    /// Namespace and name of the AdminApi.
    pub admin_api: Key,
}

impl Source {
    /// Reads what -f names, and finds the AdminApi.
    ///
    /// # Errors
    /// Something cannot be read, or it is not clear which AdminApi is meant.
    pub async fn open(args: &ExportArgs, tables: &Tables) -> Result<Self, Failure> {
        let manifests = manifests::load(&args.filename).map_err(|errors| {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            errors.join("\n")
        })?;
        let cluster = match args.cluster || args.filename.is_empty() {
            true => Some(kubernetes::infer().await?),
            false => None,
        };
        if let Some(client) = &cluster {
            call(client.apiserver_version()).await?;
        }
        if args.unmanaged && cluster.is_none() {
            return Err("what is managed is known to the cluster: add --cluster to -f".into());
        }
        let inferred = cluster.as_ref().map_or("default", Client::default_namespace);
        let namespace = args.namespace.clone().unwrap_or_else(|| inferred.to_owned());
        let (input, _) = Input::sort(manifests.clone(), &namespace, tables);
        let known: Vec<Key> = input.admin_apis.keys().cloned().collect();
        let admin_api = match (&args.admin_api, known.as_slice()) {
            (Some(name), known) => {
                let mut named = known
                    .iter()
                    .filter(|key| key.1 == *name && args.namespace.as_ref().is_none_or(|own| *own == key.0));
                named.next().cloned().unwrap_or_else(|| (namespace.clone(), name.clone()))
            }
            (None, [one]) => one.clone(),
            (None, []) => return Err("there is no AdminApi among the manifests; add it to -f".into()),
            (None, several) => {
                let names: Vec<&str> = several.iter().map(|key| key.1.as_str()).collect();
                return Err(format!("-f has several AdminApis; name one with --admin-api: {}", names.join(", ")).into());
            }
        };
        let says_namespace = args.namespace.is_some() || cluster.is_some() || admin_api.0 != namespace;
        let sources = Sources::new(input.secrets, input.config_maps, cluster.clone());
        Ok(Self { manifests, cluster, sources, namespace, says_namespace, admin_api })
    }

    /// A client that cannot write, proven with a read.
    ///
    /// # Errors
    /// The AdminApi cannot be used.
    pub async fn connect(&self, tables: &Tables, begun: Instant) -> Result<Connected, Failure> {
        let (input, _) = Input::sort(self.manifests.clone(), &self.namespace, tables);
        let manifest = input.admin_apis.get(&self.admin_api).map(|document| &document.object);
        let connected = connections::connect(&self.sources, tables, &self.admin_api, manifest, begun).await;
        connected.map_err(|stop| {
            let (namespace, name) = &self.admin_api;
            format!("the AdminApi {namespace}/{name} cannot be used: {}", self.sources.scrub(&stop.told())).into()
        })
    }

    /// Plans what was exported, with the client that listed it.
    pub async fn verify(
        self,
        args: &ExportArgs,
        tables: &Tables,
        connected: Connected,
        begun: Instant,
        form: Form,
        text: String,
    ) -> Verified {
        let file = if form == Form::Json { "exported.json" } else { "exported.yaml" };
        let (exported, unreadable) = manifests::parse(&[(PathBuf::from(file), text)]);
        // What is managed already may be referred to.
        let mut all = self.manifests;
        all.objects.extend(exported.objects);
        let ground = Ground {
            cluster: self.cluster,
            // Manifests that name no namespace mean that of the AdminApi.
            namespace: self.admin_api.0.clone(),
            operator_namespace: args.operator_namespace.clone(),
            begun,
            connections: BTreeMap::from([(self.admin_api, Ok(connected))]),
        };
        verify(all, &unreadable, file, ground, tables).await
    }
}
