//! Selection: the objects that a command steers, and how an annotation of theirs is set.

use clap::Args;
use futures::future::try_join_all;
use kube::api::{DynamicObject, ListParams, Patch, PatchParams};
use kube::{Client, ResourceExt};
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::Failure;
use super::kubernetes::each;
use super::target::{ClusterArgs, Format, Named, fetch, kind, kinds, object, printable, refused};
use crate::engine::connection::KIND as ADMIN_API;
use crate::engine::kubernetes::{call, prune};
use crate::kinds::TABLES;

/// The name under which annotations are set here.
pub const FIELD_MANAGER: &str = "provost-cli";

/// What is said of an object with which nothing could be done.
pub const FAILED: &str = "failed";

/// Which objects.
#[derive(Debug, Clone, Args)]
pub struct SelectionArgs {
    /// One object: KIND/NAME or KIND NAME, as kubectl spells it. With -l: a kind, or nothing for every kind
    #[arg(value_name = "KIND/NAME", num_args = 0..=2)]
    pub object: Vec<String>,
    /// All objects behind the AdminApi that is named
    #[arg(long, conflicts_with = "selector")]
    pub all: bool,
    /// The objects with these labels, as for kubectl
    #[arg(short = 'l', long, value_name = "LABELS")]
    pub selector: Option<String>,
    /// The namespace. Default: the current context's
    #[arg(short, long)]
    pub namespace: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "its fields are the flags")]
    pub cluster: ClusterArgs,
}

/// How it is done, and told.
#[derive(Debug, Clone, Args)]
pub struct StepArgs {
    /// Ask Kubernetes whether it would take the change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How to print what was done
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Format,
}

/// An object that was picked.
pub struct Picked {
    /// Its kind.
    pub kind: Named,
    /// The object.
    pub object: DynamicObject,
}

/// What was done to one object.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Its kind.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// One word: what was done.
    pub result: &'static str,
    /// What else there is to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Nothing was changed: it was only asked.
    pub dry_run: bool,
}

impl SelectionArgs {
    /// The client and the namespace that are meant.
    ///
    /// # Errors
    /// There is no cluster.
    pub async fn reach(&self) -> Result<(Client, String), Failure> {
        let client = self.cluster.client().await?;
        let namespace = self.namespace.as_deref().unwrap_or(client.default_namespace()).to_owned();
        Ok((client, namespace))
    }

    /// Picks the objects.
    ///
    /// # Errors
    /// Nothing fits, or it may not be read.
    pub async fn pick(&self, client: &Client, namespace: &str) -> Result<Vec<Picked>, Failure> {
        let kinds = kinds(&TABLES);
        let picked = match (&self.selector, self.all) {
            (Some(selector), _) => {
                let wanted = match self.object.as_slice() {
                    [] => kinds.iter().filter(|kind| kind.resource.kind != ADMIN_API).cloned().collect(),
                    [word] if !word.contains('/') => vec![kind(&kinds, word)?.clone()],
                    _ => return Err("with -l name a kind, or nothing for every kind".into()),
                };
                let params = ListParams::default().labels(selector);
                list(client, wanted, Some(namespace), &params).await?
            }
            (None, true) => {
                let (admin_api, name) = object(&kinds, &self.object)?;
                if admin_api.resource.kind != ADMIN_API {
                    let kind = &admin_api.resource.kind;
                    return Err(format!(
                        "--all is for what is behind an AdminApi, and this is a {kind}; leave --all out"
                    )
                    .into());
                }
                behind(client, &kinds, &fetch(client, admin_api, namespace, &name).await?, namespace).await?
            }
            (None, false) => {
                let (kind, name) = object(&kinds, &self.object)?;
                let found = fetch(client, kind, namespace, &name).await?;
                vec![Picked { kind: kind.clone(), object: found }]
            }
        };
        if picked.is_empty() {
            return Err("no object fits; see `kubectl get provost -A`".into());
        }
        Ok(picked)
    }
}

/// Every object of every kind that names this AdminApi.
async fn behind(
    client: &Client,
    kinds: &[Named],
    admin_api: &DynamicObject,
    namespace: &str,
) -> Result<Vec<Picked>, Failure> {
    let granted = admin_api.data["spec"]["allowedNamespaces"]["from"].as_str().unwrap_or("Same");
    let scope = (granted == "Same").then_some(namespace);
    let managed = kinds.iter().filter(|kind| kind.resource.kind != ADMIN_API).cloned().collect();
    let mut all = list(client, managed, scope, &ListParams::default()).await?;
    let name = admin_api.name_any();
    all.retain(|picked| {
        let named = &picked.object.data["spec"]["adminApi"];
        let owner = named["namespace"].as_str().map(str::to_owned).or(picked.object.namespace());
        named["name"] == name.as_str() && owner.as_deref() == Some(namespace)
    });
    Ok(all)
}

async fn list(
    client: &Client,
    kinds: Vec<Named>,
    namespace: Option<&str>,
    params: &ListParams,
) -> Result<Vec<Picked>, Failure> {
    let lists = kinds.into_iter().map(|kind| async move {
        let mut all = Vec::new();
        // Who steers an object needs neither who edited it nor what was applied last.
        let take = |mut object: DynamicObject| {
            prune(&mut object);
            all.push(Picked { kind: kind.clone(), object });
        };
        let listed = each(&kind.api(client, namespace), params, take).await;
        listed.map_err(|error| refused(&error, "list", &kind, namespace))?;
        Ok::<_, Failure>(all)
    });
    Ok(try_join_all(lists).await?.into_iter().flatten().collect())
}

impl Picked {
    /// An annotation.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.object.annotations().get(name).map(String::as_str)
    }

    /// Sets an annotation, or removes it. `as_read` refuses it when the object changed since it was read.
    ///
    /// # Errors
    /// Kubernetes refuses it.
    pub async fn annotate(
        &self,
        client: &Client,
        (name, value): (&str, Option<&str>),
        as_read: bool,
        dry_run: bool,
    ) -> Result<DynamicObject, Failure> {
        let namespace = self.object.namespace().unwrap_or_default();
        let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), dry_run, ..PatchParams::default() };
        let mut change = json!({"metadata": {"annotations": {name: value}}});
        if as_read {
            change["metadata"]["resourceVersion"] = self.object.resource_version().into();
        }
        let api = self.kind.api(client, Some(&namespace));
        let name = self.object.name_any();
        call(api.patch(&name, &params, &Patch::Merge(&change))).await.map_err(|error| {
            if error.is_missing() {
                return format!("{} is gone meanwhile", self.kind.object(&name)).into();
            }
            if error.is_conflict() && as_read {
                return format!("{} changed meanwhile; look at it again", self.kind.object(&name)).into();
            }
            refused(&error, "patch", &self.kind, Some(&namespace))
        })
    }

    /// What was done to it.
    pub fn step(&self, result: &'static str, message: Option<String>, dry_run: bool) -> Step {
        Step {
            kind: self.kind.resource.kind.clone(),
            namespace: self.object.namespace().unwrap_or_default(),
            name: self.object.name_any(),
            result,
            message,
            dry_run,
        }
    }
}

/// Prints what was done: one line an object, as kubectl does.
///
/// # Errors
/// Standard output is closed.
pub fn tell(steps: &[Step], format: Format) -> Result<(), Failure> {
    format.print(&json!({"version": 1, "objects": steps}), |wide| {
        let line = |step: &Step| {
            let dry = if step.dry_run { " (dry run)" } else { "" };
            let place = if wide { format!(" -n {}", step.namespace) } else { String::new() };
            let message = step.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
            let name = format!("{}/{}", step.kind.to_lowercase(), step.name);
            format!("{}\n", printable(&format!("{name}{place} {}{dry}{message}", step.result)))
        };
        steps.iter().map(line).collect()
    })
}

/// Status, reason and message of the condition Ready.
pub fn ready(object: &Json) -> Option<(&str, &str, &str)> {
    let conditions = object["status"]["conditions"].as_array()?;
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready")?;
    let text = |field: &str| ready[field].as_str().unwrap_or_default();
    Some((text("status"), text("reason"), text("message")))
}
