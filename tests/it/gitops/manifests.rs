//! Manifests: what `deploy/argocd` and `deploy/flux` have is taken by the definitions of Argo CD and Flux themselves, field by field, and
//! by ours.

use std::path::Path;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DynamicObject, Patch, PatchParams, ValidationDirective};
use kube::core::{ApiResource, GroupVersionKind};
use provost::cli::kubernetes;
use serde_json::{Value as Json, json};
use tokio::sync::OnceCell;

use super::judge::Judge;
use crate::harness::{namespace, root};
use crate::stage::client_with_kinds;

/// The expressions of `deploy/flux`, which are the same wherever they are needed.
pub fn expressions() -> Json {
    let all: Vec<Json> = documents(&root().join("deploy/flux/provost.yaml"))
        .into_iter()
        .map(|document| document["spec"]["healthCheckExprs"].clone())
        .filter(|expressions| !expressions.is_null())
        .collect();
    assert!(all.len() == 2 && all[0] == all[1], "{all:#?}");
    all[0].clone()
}

fn documents(file: &Path) -> Vec<Json> {
    let text = std::fs::read_to_string(file).unwrap();
    let documents = text.split("\n---\n").map(|text| serde_yaml::from_str(text).unwrap());
    documents.filter(|document: &Json| !document.is_null()).collect()
}

/// Every YAML file below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A client of the shared API server, which knows the kinds of Argo CD and Flux as well.
async fn client() -> kube::Client {
    static DEFINITIONS: OnceCell<()> = OnceCell::const_new();
    let client = client_with_kinds().await;
    let install = || async {
        let folder = root().join("target/tools/crds");
        assert!(folder.is_dir(), "{} is missing; `make tools` makes it", folder.display());
        let read = |file: &std::path::PathBuf| -> CustomResourceDefinition {
            serde_yaml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
        };
        let definitions: Vec<_> = files(&folder).iter().map(read).collect();
        kubernetes::install(&client, &definitions).await.unwrap();
    };
    DEFINITIONS.get_or_init(install).await;
    client
}

/// What is wrong with a document, by the definition of its kind; every field that it does not know is.
async fn misfit(client: &kube::Client, within: &str, document: &Json) -> Option<String> {
    let of = |field: &str| document[field].as_str().unwrap();
    let (group, version) = of("apiVersion").split_once('/').unwrap_or(("", of("apiVersion")));
    let kind = GroupVersionKind::gvk(group, version, of("kind"));
    let resource = ApiResource::from_gvk(&kind);
    let mut object: DynamicObject = serde_json::from_value(document.clone()).unwrap();
    let api: Api<DynamicObject> = if kind.kind == "Namespace" {
        Api::all_with(client.clone(), &resource)
    } else {
        object.metadata.namespace = Some(within.to_owned());
        Api::namespaced_with(client.clone(), within, &resource)
    };
    let name = object.metadata.name.clone().unwrap();
    let mut params = PatchParams::apply("test").dry_run();
    params.field_validation = Some(ValidationDirective::Strict);
    api.patch(&name, &params, &Patch::Apply(&object)).await.err().map(|error| error.to_string())
}

#[tokio::test]
async fn what_is_deployed_fits_the_definitions() {
    let (client, mut judge) = (client().await, Judge::start().await);
    let namespace = namespace(&client).await;
    let mut kinds = std::collections::BTreeSet::new();
    for folder in ["deploy/argocd", "deploy/flux"] {
        for file in files(&root().join(folder)) {
            for document in documents(&file) {
                let wrong = match document["kind"].as_str().unwrap() {
                    "HelmRelease" => judge.misfit(&document).await,
                    _ => misfit(&client, &namespace, &document).await,
                };
                assert_eq!(wrong, None, "{}: {document:#}", file.display());
                kinds.insert(document["kind"].as_str().unwrap().to_owned());
            }
        }
    }
    for kind in ["Application", "ApplicationSet", "AppProject", "Kustomization", "GitRepository", "HelmRelease"] {
        assert!(kinds.contains(kind), "{kinds:?}");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_found() {
    let (client, mut judge) = (client().await, Judge::start().await);
    let namespace = namespace(&client).await;
    for (file, wrong) in [
        ("deploy/argocd/tenants.yaml", json!({"syncPolicy": {"preserveResources": true}})),
        ("deploy/flux/provost.yaml", json!({"deletionPolicy": "Wait"})),
        ("deploy/flux/provost.yaml", json!({"healthCheckExpressions": []})),
    ] {
        let mut document = documents(&root().join(file)).remove(0);
        crate::examples::change(&mut document["spec"], &wrong);
        let told = misfit(&client, &namespace, &document).await.unwrap_or_default();
        let field = wrong.as_object().unwrap().keys().next().unwrap();
        assert!(told.contains(field), "{wrong}: {told}");
    }
    let releases = documents(&root().join("deploy/flux/operator/operator.yaml"));
    let mut release = releases.into_iter().find(|document| document["kind"] == "HelmRelease").unwrap();
    release["spec"]["valuesForm"] = json!([]);
    assert!(judge.misfit(&release).await.unwrap_or_default().contains("valuesForm"));
}

/// Argo CD reads the check out of this text, under a key that is a pattern for `<group>/<kind>`.
#[test]
fn the_config_map_has_the_check_for_the_whole_group() {
    let config_map = documents(&root().join("deploy/argocd/argocd-cm.yaml")).remove(0);
    let text = config_map["data"]["resource.customizations"].as_str().unwrap();
    let customizations: Json = serde_yaml::from_str(text).unwrap();
    let check = std::fs::read_to_string(root().join("deploy/argocd/health.lua")).unwrap();
    assert_eq!(customizations, json!({"provost.dev/*": {"health.lua": check}}));
}

/// Waves: a Secret before its AdminApi, and that before what is behind it. Whatever is pruned goes the other way.
#[test]
fn what_others_need_comes_first_and_goes_last() {
    let tenant: Vec<Json> =
        files(&root().join("deploy/argocd/tenants")).iter().flat_map(|file| documents(file)).collect();
    let wave = |kind: &str| -> i64 {
        let object = tenant.iter().find(|document| document["kind"] == kind).unwrap();
        let wave = object.pointer("/metadata/annotations/argocd.argoproj.io~1sync-wave").and_then(Json::as_str);
        wave.unwrap_or("0").parse().unwrap()
    };
    assert!(wave("Secret") < wave("AdminApi") && wave("AdminApi") < wave("TenantAccount"));
    let flux = documents(&root().join("deploy/flux/provost.yaml"));
    let needs = |name: &str| {
        let object = flux.iter().find(|document| document["metadata"]["name"] == name).unwrap();
        object["spec"]["dependsOn"][0]["name"].as_str().unwrap_or_default()
    };
    assert_eq!((needs("provost-objects"), needs("provost-admin-apis")), ("provost-admin-apis", "provost-operator"));
    assert!(flux.iter().all(|document| document["spec"]["wait"] == true && document["spec"]["prune"] == true));
}

/// One check is for every kind of the group, also for those to come.
#[test]
fn the_expressions_are_for_the_whole_group() {
    let expressions = expressions();
    assert_eq!((&expressions[0]["apiVersion"], &expressions[0]["kind"]), (&json!("provost.dev/v1alpha1"), &Json::Null));
    assert_eq!(expressions[1], Json::Null);
}
