//! File: a file that a spec names, which may be large: what is compared is its digest, and its content is read when a call sends it.

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::kind::SecretKey;
use super::reference::Sort;
use crate::base::secret::Secret;

/// Where a file is: exactly one of a ConfigMap, a Secret and a URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
// A rule of the whole: the API server repeats the value of a field that breaks a rule of its own, and a URL may hold a signature.
#[x_kube(
    validation = ("[has(self.configMapRef), has(self.secretRef), has(self.url)].exists_one(given, given)", "exactly one of configMapRef, secretRef and url"),
    validation = ("has(self.url) == has(self.sha256)", "url needs the sha256 of the file, and nothing else takes one"),
    validation = (
        "!has(self.url) || self.url.startsWith('https://') || self.url.matches('^http://(localhost|127[.][0-9.]+|\\\\[::1\\\\])(:[0-9]+)?/')",
        "url must begin with https:// (http:// is for loopback only)"
    )
)]
pub struct FileSource {
    /// A key of a ConfigMap of this object's namespace: of its binaryData, or else of its data. Changes of it are followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map_ref: Option<SecretKey>,
    /// A key of a Secret of this object's namespace. Changes of it are followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretKey>,
    /// Where to fetch the file from: https, or http on the operator's own machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub url: Option<String>,
    /// The SHA-256 of the file behind the URL, in hexadecimal. A file with another one is not sent anywhere; a new one is another file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[0-9a-fA-F]{64}$"))]
    pub sha256: Option<String>,
}

impl FileSource {
    /// The key that holds the file, and whether it is a Secret's or a ConfigMap's; none for a URL.
    pub fn key(&self) -> Option<(Sort, &SecretKey)> {
        let map = self.config_map_ref.as_ref().map(|key| (Sort::ConfigMap, key));
        map.or_else(|| self.secret_ref.as_ref().map(|key| (Sort::Secret, key)))
    }

    /// The file behind a URL, as far as the spec tells; none when it is elsewhere.
    pub fn remote(&self) -> Option<File> {
        let (url, sha256) = self.url.as_ref().zip(self.sha256.as_ref())?;
        let digest = format!("{ALGORITHM}{}", sha256.to_ascii_lowercase());
        Some(File { digest, content: Content::Url(Secret::new(url.as_str())) })
    }
}

/// What a digest begins with.
const ALGORITHM: &str = "sha256:";

/// A file to send.
#[derive(Clone)]
pub struct File {
    /// `sha256:` and 64 lower-case hex digits.
    pub digest: String,
    /// What is in it.
    pub content: Content,
}

/// The content of a file, or where it is.
#[derive(Clone)]
pub enum Content {
    /// All of it.
    Bytes(Bytes),
    /// It is yet to be fetched from here, and to be compared with the digest. The URL may be signed, and is shown nowhere.
    Url(Secret),
}

impl File {
    /// The file with this content.
    pub fn of(content: Vec<u8>) -> Self {
        Self { digest: digest_of(&content), content: Content::Bytes(content.into()) }
    }
}

/// The digest of a file's content, as a state has it.
pub fn digest_of(content: &[u8]) -> String {
    let digits = digest(&SHA256, content);
    let hex: String = digits.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{ALGORITHM}{hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_the_files_sha_256() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(File::of(Vec::new()).digest, format!("sha256:{empty}"));
        let remote = FileSource {
            config_map_ref: None,
            secret_ref: None,
            url: Some("https://x.example/a.zip?signature=1".to_owned()),
            sha256: Some(empty.to_uppercase()),
        };
        assert_eq!(remote.remote().map(|file| file.digest), Some(format!("sha256:{empty}")));
        assert!(remote.key().is_none());
    }
}
