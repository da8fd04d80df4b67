//! Acting as a service account: a kubeconfig with a token of it, for a program that is to have the rights that it has in a pod.

use std::io::Write;
use std::path::Path;

use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Client;
use kube::api::{Api, PostParams};
use kube::config::Kubeconfig;
use serde_json::json;
use tempfile::NamedTempFile;

use crate::cli::Failure;
use crate::engine::kubernetes::call;

/// How long the token is good for, in seconds: longer than anybody watches a demonstration.
const GOOD_FOR: i64 = 7 * 24 * 3600;

/// Writes a kubeconfig for the same server as `admin`'s, with a token of a service account instead of its keys. Only we can read it, and it
/// is removed when it is dropped.
///
/// # Errors
/// Kubernetes gives no token, or the file cannot be written.
pub async fn kubeconfig(
    admin: &Path,
    client: &Client,
    namespace: &str,
    name: &str,
    folder: &Path,
) -> Result<NamedTempFile, Failure> {
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), namespace);
    let request: TokenRequest =
        serde_json::from_value(json!({"spec": {"audiences": [], "expirationSeconds": GOOD_FOR}}))?;
    let made = call(accounts.create_token_request(name, &PostParams::default(), &request)).await;
    let made = made.map_err(|error| format!("there is no token for the ServiceAccount {namespace}/{name}: {error}"))?;
    let token = made.status.and_then(|status| status.token).ok_or("Kubernetes made a token and does not show it")?;
    let mut config = serde_json::to_value(Kubeconfig::read_from(admin)?)?;
    for user in config["users"].as_array_mut().into_iter().flatten() {
        user["user"] = json!({"token": token});
    }
    for context in config["contexts"].as_array_mut().into_iter().flatten() {
        context["context"]["namespace"] = json!(namespace);
    }
    let mut file = NamedTempFile::with_prefix_in("kubeconfig-", folder)?;
    // Every JSON text is YAML.
    file.write_all(config.to_string().as_bytes())?;
    Ok(file)
}
