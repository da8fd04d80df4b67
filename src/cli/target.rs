//! Target: which cluster and which objects a command means, in every spelling that kubectl takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use kube::api::{Api, DynamicObject, ListParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::ApiResource;
use kube::{Client, Config, ResourceExt};
use serde::Serialize;

use super::{Failure, kubernetes, say};
use crate::engine::kubernetes::{Error, call};
use crate::engine::registry::Tables;

/// How alike two names are before one is offered for the other.
const ALIKE: f64 = 0.75;

/// Which cluster.
#[derive(Debug, Clone, Default, Args)]
pub struct ClusterArgs {
    /// The kubeconfig file. Default: KUBECONFIG, else ~/.kube/config, else the pod's own service account
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig. Default: its current one
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
}

impl ClusterArgs {
    /// A client for that cluster.
    ///
    /// # Errors
    /// There is no such kubeconfig or context, or it makes no sense.
    pub async fn client(&self) -> Result<Client, Failure> {
        let options = KubeConfigOptions { context: self.context.clone(), ..KubeConfigOptions::default() };
        let config = match (&self.kubeconfig, &self.context) {
            (None, None) => return kubernetes::infer().await,
            (Some(file), _) => {
                let read = Kubeconfig::read_from(file)
                    .map_err(|error| format!("the kubeconfig {} cannot be read: {error}", file.display()))?;
                Config::from_custom_kubeconfig(read, &options).await
            }
            (None, Some(_)) => Config::from_kubeconfig(&options).await,
        };
        let config = config.map_err(|error| format!("the kubeconfig cannot be used: {error}"))?;
        kubernetes::client(kubernetes::tuned(config))
    }
}

/// How a command prints what it has to say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For people, with everything
    Wide,
    /// One JSON document, for programs
    Json,
    /// The same as YAML
    Yaml,
}

impl Format {
    /// Prints a document, or the text for people, which is asked whether everything is wanted.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn print(self, document: &impl Serialize, text: impl FnOnce(bool) -> String) -> Result<(), Failure> {
        let told = match self {
            Self::Text => text(false),
            Self::Wide => text(true),
            Self::Json => serde_json::to_string_pretty(document)? + "\n",
            Self::Yaml => serde_yaml::to_string(document)?,
        };
        Ok(say(&told)?)
    }
}

/// A kind that can be named.
#[derive(Debug, Clone)]
pub struct Named {
    /// How the API server serves it.
    pub resource: ApiResource,
    /// Everything that it may be called, in lower case.
    names: Vec<String>,
}

impl Named {
    /// What kubectl calls an object of it, such as `tenantaccount/generalco`.
    pub fn object(&self, name: &str) -> String {
        format!("{}/{name}", self.resource.kind.to_lowercase())
    }

    /// The API of its objects in a namespace, or in all.
    pub fn api(&self, client: &Client, namespace: Option<&str>) -> Api<DynamicObject> {
        match namespace {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &self.resource),
            None => Api::all_with(client.clone(), &self.resource),
        }
    }
}

/// Every kind of the tables, AdminApi first.
pub fn kinds(tables: &Tables) -> Vec<Named> {
    let named =
        |definition: k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition| {
            let (group, names) = (definition.spec.group, definition.spec.names);
            let version = definition.spec.versions.into_iter().next().map(|version| version.name).unwrap_or_default();
            let short = names.short_names.into_iter().flatten().chain(names.singular);
            let plain: Vec<String> =
                short.chain([names.kind.clone(), names.plural.clone()]).map(|name| name.to_lowercase()).collect();
            let full = |name: &String| [name.clone(), format!("{name}.{group}"), format!("{name}.{version}.{group}")];
            let all = plain.iter().flat_map(full).collect();
            let api_version = format!("{group}/{version}");
            Named {
                names: all,
                resource: ApiResource { api_version, group, version, kind: names.kind, plural: names.plural },
            }
        };
    kubernetes::definitions(tables).into_iter().map(named).collect()
}

/// The kind of this name.
///
/// # Errors
/// There is none; what it may have meant.
pub fn kind<'k>(kinds: &'k [Named], name: &str) -> Result<&'k Named, Failure> {
    let wanted = name.to_lowercase();
    if let Some(found) = kinds.iter().find(|kind| kind.names.contains(&wanted)) {
        return Ok(found);
    }
    let closest = closest(&wanted, kinds.iter().map(|kind| kind.resource.kind.as_str()));
    let hint = closest.map_or_else(
        || {
            let all: Vec<&str> = kinds.iter().map(|kind| kind.resource.kind.as_str()).collect();
            format!("there are {}", all.join(", "))
        },
        |kind| format!("did you mean {kind}?"),
    );
    Err(format!("{name:?} is no kind of Provost; {hint}").into())
}

/// The kind and the name of an object that stands as `KIND/NAME` or `KIND NAME`.
///
/// # Errors
/// The words are neither.
pub fn object<'k>(kinds: &'k [Named], words: &[String]) -> Result<(&'k Named, String), Failure> {
    let split = match words {
        [word] => word.split_once('/').map(|(kind, name)| (kind, name.to_owned())),
        [kind, name] if !kind.contains('/') && !name.contains('/') => Some((kind.as_str(), name.clone())),
        _ => None,
    };
    let told = words.join(" ");
    let (word, name) = split.filter(|(_, name)| !name.is_empty()).ok_or_else(|| {
        format!("{told:?} names no object; say KIND/NAME or KIND NAME, such as tenantaccount/generalco")
    })?;
    Ok((kind(kinds, word)?, name))
}

/// The object of this kind and name.
///
/// # Errors
/// There is none, with what may have been meant; or it may not be read.
pub async fn fetch(client: &Client, kind: &Named, namespace: &str, name: &str) -> Result<DynamicObject, Failure> {
    let api = kind.api(client, Some(namespace));
    match call(api.get_opt(name)).await {
        Ok(Some(object)) => Ok(object),
        Ok(None) => Err(missing(client, kind, namespace, name).await),
        Err(error) => Err(refused(&error, "get", kind, Some(namespace))),
    }
}

/// What to say of an object that is not there.
async fn missing(client: &Client, kind: &Named, namespace: &str, name: &str) -> Failure {
    let what = format!("there is no {} {namespace}/{name}", kind.resource.kind);
    let listed = match call(kind.api(client, Some(namespace)).list(&ListParams::default())).await {
        Ok(listed) => listed,
        Err(error) if error.is_missing() => return undefined(kind),
        Err(_) => return format!("{what}; see whether the name and the namespace (-n) are right").into(),
    };
    let names: Vec<String> = listed.iter().map(ResourceExt::name_any).collect();
    if let Some(meant) = closest(name, names.iter().map(String::as_str)) {
        return format!("{what}; did you mean {}?", kind.object(meant)).into();
    }
    // Who may not list everywhere is told no more.
    let everywhere = call(kind.api(client, None).list(&ListParams::default())).await;
    let elsewhere = everywhere.into_iter().flatten().find(|other| other.name_any() == name);
    match elsewhere.and_then(|other| other.namespace()) {
        Some(other) => format!("{what}; there is one in the namespace {other}: add -n {other}").into(),
        None => format!("{what}; `kubectl get {} -A` shows those that exist", kind.resource.plural).into(),
    }
}

/// What to say of a kind whose definition is not installed.
fn undefined(kind: &Named) -> Failure {
    format!(
        "the cluster knows no {}; install Provost's definitions: `kubectl apply -f crds/`, or the Helm chart",
        kind.resource.plural
    )
    .into()
}

/// What to say of a call that Kubernetes refused.
pub fn refused(error: &Error, verb: &str, kind: &Named, namespace: Option<&str>) -> Failure {
    let plural = &kind.resource.plural;
    let scope = namespace.map_or_else(|| "-A".to_owned(), |namespace| format!("-n {namespace}"));
    if error.is_forbidden() {
        let ask = format!("kubectl auth can-i {verb} {plural}.{} {scope}", kind.resource.group);
        return format!("you may not {verb} {plural}: {error}; whoever grants rights can, and `{ask}` tells").into();
    }
    if error.is_missing() {
        return undefined(kind);
    }
    format!("cannot {verb} {plural}: {error}").into()
}

/// Which of these was probably meant, if any.
pub fn closest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |known: &str| strsim::jaro_winkler(&word.to_lowercase(), &known.to_lowercase());
    let best = known.map(|known| (likeness(known), known)).max_by(|one, other| one.0.total_cmp(&other.0));
    best.filter(|(likeness, _)| *likeness >= ALIKE).map(|(_, known)| known)
}

/// Vendors' and manifests' texts must not move the cursor of who reads them.
pub fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::TABLES;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn an_object_is_named_as_for_kubectl() {
        let kinds = kinds(&TABLES);
        let spellings = [
            vec!["tenantaccount/one"],
            vec!["TenantAccount/one"],
            vec!["tenantaccounts", "one"],
            vec!["tenantaccounts.provost.dev/one"],
            vec!["TENANTACCOUNTS.v1alpha1.provost.dev", "one"],
        ];
        for spelling in spellings {
            let (kind, name) = object(&kinds, &words(&spelling)).unwrap();
            assert_eq!((kind.resource.plural.as_str(), name.as_str()), ("tenantaccounts", "one"), "{spelling:?}");
            assert_eq!(kind.object(&name), "tenantaccount/one");
        }
    }

    #[test]
    fn what_names_no_object_is_told_with_a_way_out() {
        let kinds = kinds(&TABLES);
        let told = |spelling: &[&str]| object(&kinds, &words(spelling)).err().unwrap().to_string();
        assert!(told(&["tenantacount/one"]).ends_with("did you mean TenantAccount?"));
        assert!(told(&["pods/one"]).contains("there are AdminApi, TenantAccount"), "{}", told(&["pods/one"]));
        for nothing in [vec!["tenantaccount"], vec!["tenantaccount/"], vec!["a/b", "c"]] {
            assert!(told(&nothing).contains("KIND/NAME"), "{nothing:?}");
        }
    }

    #[test]
    fn only_what_is_alike_is_offered() {
        assert_eq!(closest("generalc", ["generalco", "other"].into_iter()), Some("generalco"));
        assert_eq!(closest("zzz", ["generalco", "other"].into_iter()), None);
    }
}
