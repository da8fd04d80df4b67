//! The chart's rules for our own kinds, as named templates: what the operator may do with them, and what people may.

use std::fmt::Write;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;

use super::HEAD;
use crate::engine::admin_api::AdminApi;
use crate::engine::registry::Tables;

/// What the operator calls for each kind: it reads and watches, sets finalizers and annotations, and never makes or replaces an object.
const OPERATES: &str = "get, list, watch, patch";
const READS: &str = "get, list, watch";
const WRITES: &str = "create, update, patch, delete, deletecollection";

pub(super) fn templates(tables: &Tables) -> Result<String, std::fmt::Error> {
    let managed: Vec<String> = tables.kinds.iter().map(|row| plural(&(row.crd)())).collect();
    let expiring: Vec<String> = tables.kinds.iter().filter(|row| row.expires).map(|row| plural(&(row.crd)())).collect();
    let admin_apis = plural(&crate::engine::crd::admin_api(tables.vendors));
    let all: Vec<String> = std::iter::once(admin_apis.clone()).chain(managed.iter().cloned()).collect();
    let status: Vec<String> = all.iter().map(|resource| format!("{resource}/status")).collect();

    let mut text = format!("{{{{/* {HEAD} The rules for our own kinds, from the table of kinds. */}}}}\n");
    let mut operator = vec![rule(&all, OPERATES), rule(&status, "patch")];
    if !expiring.is_empty() {
        operator.push(format!("# Those that go by themselves once they have served.\n{}", rule(&expiring, "delete")));
    }
    define(&mut text, "objects", "The operator, wherever it manages objects.", &operator)?;
    define(&mut text, "check", "`provost uninstall-check`.", &[rule(&all, "list")])?;
    define(&mut text, "view", "People who look.", &[rule(&all, READS), rule(&status, "get")])?;
    define(
        &mut text,
        "edit",
        "People who say what is wanted: all but AdminApis, which decide where credentials go and who may use them.",
        &[rule(&managed, WRITES)],
    )?;
    define(&mut text, "admin", "People who decide about AdminApis.", &[rule(&[admin_apis], WRITES)])?;
    Ok(text)
}

fn plural(definition: &CustomResourceDefinition) -> String {
    definition.spec.names.plural.clone()
}

fn rule(resources: &[String], verbs: &str) -> String {
    let resources: String = resources.iter().fold(String::new(), |text, resource| text + "\n    - " + resource);
    let group = <AdminApi as kube::Resource>::group(&());
    format!("- apiGroups: [{group}]\n  resources:{resources}\n  verbs: [{verbs}]")
}

fn define(text: &mut String, name: &str, meaning: &str, rules: &[String]) -> std::fmt::Result {
    writeln!(
        text,
        "\n{{{{/* {meaning} */}}}}\n{{{{- define \"provost.rules.{name}\" -}}}}\n{}\n{{{{- end }}}}",
        rules.join("\n")
    )
}
