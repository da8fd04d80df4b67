//! Deployed: the operator as a Deployment would run it: with its flags and variables, and with the rights of its service account. Only the
//! addresses are this machine's.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Container, EnvVar, PodSpec};
use kube::ResourceExt;
use tokio::process::Command;

/// The flag with the address that only a pod has, and its variable.
const ADDRESS: (&str, &str) = ("--admin-address", "PROVOST_ADMIN_ADDRESS");

/// What a pod's template says of the program it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// The namespace of the pods.
    pub namespace: String,
    /// Their service account.
    pub service_account: String,
    arguments: Vec<String>,
    variables: BTreeMap<String, String>,
}

impl Deployed {
    /// What `deployment` says of its first container.
    ///
    /// # Errors
    /// As [`Deployed::of_pod`].
    pub fn of(deployment: &Deployment) -> Result<Self, String> {
        let (name, namespace) = (deployment.name_any(), deployment.namespace().unwrap_or_default());
        let pod = deployment.spec.template.spec.as_ref();
        let pod = pod.ok_or_else(|| format!("the Deployment {namespace}/{name} has no pod"))?;
        Self::of_pod(&format!("{name}-0"), &namespace, pod)
    }

    /// What a pod of this name says of its first container. The address to serve at is left out.
    ///
    /// # Errors
    /// It has none, or a variable is one that only a kubelet can tell.
    pub fn of_pod(name: &str, namespace: &str, pod: &PodSpec) -> Result<Self, String> {
        let container = pod.containers.first().ok_or_else(|| format!("the pod {namespace}/{name} has no container"))?;
        let mut variables = BTreeMap::new();
        for variable in container.env.iter().flatten() {
            let value = expanded(&value(variable, namespace, name)?, &variables);
            variables.insert(variable.name.clone(), value);
        }
        let arguments = arguments(container, &variables);
        variables.remove(ADDRESS.1);
        let service_account = pod.service_account_name.clone().unwrap_or_else(|| "default".to_owned());
        Ok(Self { namespace: namespace.to_owned(), service_account, arguments, variables })
    }

    /// The process: `program`, as the container runs it, with another way to Kubernetes.
    pub fn command(&self, program: &Path, kubeconfig: &Path) -> Command {
        let mut command = Command::new(program);
        // As in a container, nothing comes from whoever starts it.
        command.args(&self.arguments).env_clear().envs(&self.variables);
        command.env("KUBECONFIG", kubeconfig).stdin(Stdio::null());
        command
    }
}

fn value(variable: &EnvVar, namespace: &str, pod: &str) -> Result<String, String> {
    let Some(source) = &variable.value_from else { return Ok(variable.value.clone().unwrap_or_default()) };
    match source.field_ref.as_ref().map(|field| field.field_path.as_str()) {
        Some("metadata.namespace") => Ok(namespace.to_owned()),
        Some("metadata.name") => Ok(pod.to_owned()),
        _ => Err(format!("the variable {} takes its value from what there is only in a pod", variable.name)),
    }
}

fn arguments(container: &Container, variables: &BTreeMap<String, String>) -> Vec<String> {
    let (mut kept, mut skip) = (Vec::new(), false);
    // What runs a container is the image's matter, so its command is not looked at.
    for argument in container.args.iter().flatten() {
        let argument = expanded(argument, variables);
        if std::mem::replace(&mut skip, argument == ADDRESS.0) || skip {
            continue;
        }
        if !argument.starts_with(&format!("{}=", ADDRESS.0)) {
            kept.push(argument);
        }
    }
    kept
}

/// As a kubelet does it: `$(NAME)` is the variable's value, or stays as it is when there is none; `$$` is one dollar.
fn expanded(text: &str, variables: &BTreeMap<String, String>) -> String {
    let (mut done, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('$') {
        done.push_str(before);
        let named = after.strip_prefix('(').and_then(|inner| inner.split_once(')'));
        rest = match (after.strip_prefix('$'), named) {
            (Some(after), _) => {
                done.push('$');
                after
            }
            (None, Some((name, after))) if variables.contains_key(name) => {
                done.push_str(&variables[name]);
                after
            }
            _ => {
                done.push('$');
                after
            }
        };
    }
    done + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployed(container: serde_json::Value) -> Result<Deployed, String> {
        let deployment = json!({
            "metadata": {"name": "provost", "namespace": "own"},
            "spec": {"selector": {}, "template": {"spec": {"serviceAccountName": "keeper", "containers": [container]}}},
        });
        Deployed::of(&serde_json::from_value(deployment).unwrap())
    }

    #[test]
    fn a_process_is_started_as_the_container_would_be_at_an_address_of_this_machine() {
        let field = |path| json!({"fieldRef": {"fieldPath": path}});
        let deployed = deployed(json!({
            "name": "provost",
            "args": ["run", "--identity=$(POD)", "--admin-address=0.0.0.0:8080", "--admin-address", "0.0.0.0:1", "--log=$$(POD)$(NONE)$"],
            "env": [
                {"name": "POD", "valueFrom": field("metadata.name")},
                {"name": "PROVOST_NAMESPACE", "valueFrom": field("metadata.namespace")},
                {"name": "PROVOST_ADMIN_ADDRESS", "value": "0.0.0.0:8080"},
                {"name": "PROVOST_CHANGE_LOG", "value": "$(POD).log"},
            ],
        }));
        let deployed = deployed.unwrap();
        assert_eq!((deployed.namespace.as_str(), deployed.service_account.as_str()), ("own", "keeper"));
        assert_eq!(deployed.arguments, ["run", "--identity=provost-0", "--log=$(POD)$(NONE)$"]);
        let command = deployed.command(Path::new("/provost"), Path::new("/kubeconfig"));
        let command = command.as_std();
        let variables: Vec<_> =
            command.get_envs().map(|(name, value)| (name.to_str(), value.unwrap().to_str())).collect();
        let expected = [
            ("KUBECONFIG", "/kubeconfig"),
            ("POD", "provost-0"),
            ("PROVOST_CHANGE_LOG", "provost-0.log"),
            ("PROVOST_NAMESPACE", "own"),
        ];
        assert_eq!(variables, expected.map(|(name, value)| (Some(name), Some(value))));
    }

    #[test]
    fn a_variable_that_only_a_pod_has_is_named() {
        let from = json!({"secretKeyRef": {"name": "s", "key": "k"}});
        let error = deployed(json!({"name": "provost", "env": [{"name": "TOKEN", "valueFrom": from}]})).unwrap_err();
        assert!(error.contains("TOKEN"), "{error}");
    }
}
