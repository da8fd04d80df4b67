//! Sources: where Secrets, ConfigMaps and AdminApis come from: the manifests first, then the cluster if there is one.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use k8s_openapi::ByteString;
use kube::Client;
use kube::api::Api;
use serde_json::Value as Json;

use super::input::{Item, Key};
use crate::base::access::{Observer, Unobserved};
use crate::base::secret::{FingerprintKey, Secret, scrub};
use crate::cli::manifests::SecretManifest;
use crate::cli::run::KEY_SECRET;
use crate::engine::admin_api::AdminApi;
use crate::engine::content;
use crate::engine::file::digest_of;
use crate::engine::kind::{Content, File, FileSource};
use crate::engine::kubernetes::{call, read_config_map, read_secret};
use crate::engine::preview::SecretSource;
use crate::engine::reason::Reason;
use crate::engine::reference::Sort;
use crate::engine::report::Stop;

/// Everything that manifests refer to.
pub struct Sources {
    secrets: HashMap<Key, SecretManifest>,
    config_maps: HashMap<Key, Json>,
    /// The cluster, when it is to be asked for what is missing.
    pub cluster: Option<Client>,
    /// Sees each call of the clients that are made with these.
    pub observer: Arc<dyn Observer>,
    /// The values that were handed out, to be blotted out of what is printed.
    used: Mutex<Vec<Secret>>,
}

/// The data of a Secret or a ConfigMap.
type Data = BTreeMap<String, Vec<u8>>;

impl Sources {
    /// What the manifests have, and the cluster behind it.
    pub fn new(
        secrets: HashMap<Key, SecretManifest>,
        config_maps: HashMap<Key, Json>,
        cluster: Option<Client>,
    ) -> Self {
        Self { secrets, config_maps, cluster, observer: Arc::new(Unobserved), used: Mutex::default() }
    }

    /// An AdminApi that is not among the manifests.
    ///
    /// # Errors
    /// It is nowhere, or cannot be read.
    pub async fn admin_api(&self, key: &Key) -> Result<AdminApi, Stop> {
        let missing = |message| Stop::Waiting { reason: Reason::AdminApiMissing, message };
        let Some(client) = &self.cluster else {
            return Err(missing(
                "it is not among the manifests; add it, or read it from the cluster with --cluster".to_owned(),
            ));
        };
        let found = call(Api::namespaced(client.clone(), &key.0).get_opt(&key.1)).await?;
        found.ok_or_else(|| missing("it is neither among the manifests nor in the cluster; add it".to_owned()))
    }

    /// All values of a Secret, for the field that refers to it; `needs` says what for.
    ///
    /// # Errors
    /// It is nowhere, or cannot be read.
    pub async fn secret(&self, field: &str, namespace: &str, name: &str, needs: &str) -> Result<Data, Stop> {
        if let Some(secret) = self.secrets.get(&(namespace.to_owned(), name.to_owned())) {
            let text = secret.text.iter().map(|(key, value)| (key.clone(), value.expose().as_bytes().to_vec()));
            return Ok(text.chain(secret.binary.clone()).collect());
        }
        let found = match &self.cluster {
            Some(client) => read_secret(client, namespace, name).await?.map(|content| content.data),
            None => None,
        };
        found
            .ok_or_else(|| self.missing(Reason::SecretMissing, field, &format!("the Secret {namespace}/{name}"), needs))
    }

    /// One key of a ConfigMap, for the field that refers to it.
    ///
    /// # Errors
    /// It is nowhere, lacks the key, or cannot be read.
    pub async fn config_map(&self, field: &str, namespace: &str, name: &str, key: &str) -> Result<Vec<u8>, Stop> {
        let object = format!("the ConfigMap {namespace}/{name}");
        let mut data = match (self.config_maps.get(&(namespace.to_owned(), name.to_owned())), &self.cluster) {
            (Some(manifest), _) => data(manifest),
            (None, Some(client)) => {
                let content = read_config_map(client, namespace, name).await?.map(|content| content.data);
                content.ok_or_else(|| self.missing(Reason::SecretMissing, field, &object, &with_key(key)))?
            }
            (None, None) => return Err(self.missing(Reason::SecretMissing, field, &object, &with_key(key))),
        };
        data.remove(key).ok_or_else(|| lacking(field, &object, key))
    }

    /// One key of a Secret, for the field that refers to it.
    ///
    /// # Errors
    /// It is nowhere, lacks the key, or cannot be read.
    pub async fn secret_key(&self, field: &str, namespace: &str, name: &str, key: &str) -> Result<Vec<u8>, Stop> {
        let mut data = self.secret(field, namespace, name, &with_key(key)).await?;
        data.remove(key).ok_or_else(|| lacking(field, &format!("the Secret {namespace}/{name}"), key))
    }

    /// `text` without the values that were handed out.
    pub fn scrub(&self, text: &str) -> String {
        scrub(text, self.used.lock().unwrap_or_else(PoisonError::into_inner).iter())
    }

    fn hide(&self, value: Secret) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).push(value);
    }

    fn missing(&self, reason: Reason, field: &str, object: &str, needs: &str) -> Stop {
        let message = match &self.cluster {
            None => format!(
                "spec.{field}: {object} is not among the manifests; add it{needs}, or read it from the cluster with --cluster"
            ),
            Some(_) => {
                format!("spec.{field}: {object} is neither among the manifests nor in the cluster; create it{needs}")
            }
        };
        Stop::Waiting { reason, message }
    }
}

impl SecretSource for Sources {
    fn value<'a>(
        &'a self,
        field: &'a str,
        namespace: &'a str,
        name: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Secret, Stop>> {
        async move {
            let value = self.secret_key(field, namespace, name, key).await?;
            let value = String::from_utf8(value).map_err(|_| Stop::Waiting {
                reason: Reason::SecretKeyMissing,
                message: format!(
                    "spec.{field}: key {key} of the Secret {namespace}/{name} is not text; write UTF-8 there"
                ),
            })?;
            let value = Secret::new(value);
            self.hide(value.clone());
            Ok(value)
        }
        .boxed()
    }

    fn digest<'a>(
        &'a self,
        field: &'a str,
        namespace: &'a str,
        file: &'a FileSource,
    ) -> BoxFuture<'a, Result<String, Stop>> {
        async move {
            let content = match file.key() {
                Some((Sort::ConfigMap, key)) => self.config_map(field, namespace, &key.name, &key.key).await?,
                Some((_, key)) => self.secret_key(field, namespace, &key.name, &key.key).await?,
                None => {
                    let File { digest, content } = content::remote(field, file)?;
                    if let Content::Url(url) = content {
                        self.hide(url);
                    }
                    return Ok(digest);
                }
            };
            Ok(digest_of(&content))
        }
        .boxed()
    }
}

fn with_key(key: &str) -> String {
    format!(" with the key {key}")
}

fn lacking(field: &str, object: &str, key: &str) -> Stop {
    Stop::Waiting {
        reason: Reason::SecretKeyMissing,
        message: format!("spec.{field}: {object} has no key {key}; add it"),
    }
}

/// The data of a ConfigMap's manifest.
fn data(manifest: &Json) -> Data {
    let text = manifest["data"].as_object().into_iter().flatten();
    let text = text.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.as_bytes().to_vec())));
    let binary = manifest["binaryData"].as_object().into_iter().flatten().filter_map(|(key, value)| {
        let bytes: ByteString = serde_json::from_value(value.clone()).ok()?;
        Some((key.clone(), bytes.0))
    });
    text.chain(binary).collect()
}

/// The key of the installation's fingerprints; none, with a note if that matters, when it cannot be read.
pub async fn fingerprint_key(
    client: &Client,
    namespace: &str,
    items: &[Item],
) -> (Option<FingerprintKey>, Vec<String>) {
    if items.iter().all(|item| item.document.stored.is_none()) {
        return (None, Vec::new());
    }
    let why = match read_secret(client, namespace, KEY_SECRET).await {
        Ok(Some(mut content)) => match content.data.remove("key").filter(|key| key.len() >= 32) {
            Some(key) => return (Some(FingerprintKey::new(&key)), Vec::new()),
            None => "it has no key of 32 bytes or more".to_owned(),
        },
        Ok(None) => "it does not exist (is --operator-namespace right?)".to_owned(),
        Err(error) => error.to_string(),
    };
    let remembers = |item: &&Item| {
        let applied = item.document.stored.as_ref().and_then(|stored| stored["status"]["applied"].as_object());
        applied.into_iter().flatten().any(|(_, value)| value.as_str().is_some_and(|value| value.starts_with("fp1:")))
    };
    let count = items.iter().filter(remembers).count();
    let note = format!(
        "secret values that cannot be read back count as unchanged (objects: {count}); they could only be compared with the key in the \
         Secret {namespace}/{KEY_SECRET}, and {why}"
    );
    (None, Some(note).filter(|_| count > 0).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::manifests::{Identity, Place};

    fn key() -> Key {
        ("ns".to_owned(), "papers".to_owned())
    }

    fn secret(text: &str) -> SecretManifest {
        SecretManifest {
            place: Place { file: "a.yaml".into(), document: 1, line: 1, item: None },
            identity: Identity {
                api_version: "v1".to_owned(),
                kind: "Secret".to_owned(),
                namespace: None,
                name: "papers".to_owned(),
            },
            text: BTreeMap::from([("manual".to_owned(), Secret::new(text))]),
            binary: BTreeMap::from([("photo".to_owned(), vec![0, 255])]),
        }
    }

    async fn digest(sources: &Sources, file: Json) -> Result<String, String> {
        let file: FileSource = serde_json::from_value(file).unwrap();
        sources.digest("source", "ns", &file).await.map_err(|stop| stop.to_string())
    }

    #[tokio::test]
    async fn files_come_from_manifests() {
        let maps = json!({"data": {"manual": "turn left"}, "binaryData": {"photo": "AP8="}});
        let (secrets, maps) = (HashMap::from([(key(), secret("turn right"))]), HashMap::from([(key(), maps)]));
        let sources = Sources::new(secrets, maps, None);
        let at = |sort: &str, key: &str| json!({sort: {"name": "papers", "key": key}});
        for (file, content) in [
            (at("configMapRef", "manual"), &b"turn left"[..]),
            (at("configMapRef", "photo"), &[0, 255]),
            (at("secretRef", "manual"), b"turn right"),
            (at("secretRef", "photo"), &[0, 255]),
        ] {
            assert_eq!(digest(&sources, file).await, Ok(digest_of(content)));
        }
        let lacking = digest(&sources, at("configMapRef", "film")).await.unwrap_err();
        assert!(lacking.contains("spec.source: the ConfigMap ns/papers has no key film"), "{lacking}");
        let missing = digest(&sources, json!({"configMapRef": {"name": "else", "key": "x"}})).await.unwrap_err();
        assert!(missing.contains("spec.source: the ConfigMap ns/else is not among the manifests"), "{missing}");
    }

    #[tokio::test]
    async fn a_url_is_not_fetched_and_not_told() {
        let sources = Sources::new(HashMap::new(), HashMap::new(), None);
        let url = "https://x.example/a.zip?signature=planted-7Q";
        let file = json!({"url": url, "sha256": "AB".repeat(32)});
        assert_eq!(digest(&sources, file).await, Ok(format!("sha256:{}", "ab".repeat(32))));
        assert_eq!(sources.scrub(&format!("cannot fetch {url}")), "cannot fetch ***");
    }
}
