//! The keys of an API server of ours: an authority, a serving and an administrator's certificate, and the key that signs service
//! account tokens. They stay with the data: a client made before a restart goes on working after it.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use serde_json::json;

use super::ClusterError;

/// The names and addresses under which pods and people know the API server; 10.0.0.1 is the first address of its service range.
const SERVER_NAMES: [&str; 7] = [
    "127.0.0.1",
    "10.0.0.1",
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
];

/// Makes `dir` with all keys in it, unless it is there.
pub(super) fn ensure(dir: &Path) -> Result<(), ClusterError> {
    if dir.is_dir() {
        return Ok(());
    }
    // In one step, so that a start that was cut short leaves no half of a set behind.
    let half = dir.with_extension("new");
    if half.is_dir() {
        std::fs::remove_dir_all(&half).map_err(ClusterError::file(&half))?;
    }
    make_dir(&half)?;
    make(&half)?;
    std::fs::rename(&half, dir).map_err(ClusterError::file(dir))
}

/// Writes the kubeconfig of an administrator, readable by us alone.
pub(super) fn write_kubeconfig(keys: &Path, port: u16, path: &Path) -> Result<(), ClusterError> {
    let file = |name: &str| keys.join(name);
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "provost",
        "contexts": [{"name": "provost", "context": {"cluster": "provost", "user": "admin"}}],
        "clusters": [{"name": "provost", "cluster": {
            "server": format!("https://127.0.0.1:{port}"),
            "certificate-authority": file("ca.crt"),
        }}],
        "users": [{"name": "admin", "user": {
            "client-certificate": file("admin.crt"),
            "client-key": file("admin.key"),
        }}],
    });
    // Every JSON text is YAML.
    write(path, &config.to_string())
}

/// Makes a folder that only we may read.
pub(super) fn make_dir(dir: &Path) -> Result<(), ClusterError> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(ClusterError::file(dir))
}

fn make(dir: &Path) -> Result<(), ClusterError> {
    let mut authority = params("provost-authority", &[])?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages.push(KeyUsagePurpose::KeyCertSign);
    let key = KeyPair::generate()?;
    write(&dir.join("ca.crt"), &authority.self_signed(&key)?.pem())?;
    let authority = Issuer::new(authority, key);

    let mut server = params("kube-apiserver", &SERVER_NAMES)?;
    server.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
    write_pair(dir, "apiserver", &server, &authority)?;

    let mut admin = params("admin", &[])?;
    // The group that may do all: RBAC binds it to cluster-admin by itself.
    admin.distinguished_name.push(DnType::OrganizationName, "system:masters");
    admin.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
    write_pair(dir, "admin", &admin, &authority)?;

    let tokens = KeyPair::generate()?;
    write(&dir.join("service-account.pub"), &tokens.public_key_pem())?;
    write(&dir.join("service-account.key"), &tokens.serialize_pem())
}

fn params(name: &str, subjects: &[&str]) -> Result<CertificateParams, ClusterError> {
    let mut params = CertificateParams::new(subjects.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages.push(KeyUsagePurpose::DigitalSignature);
    Ok(params)
}

fn write_pair(
    dir: &Path,
    name: &str,
    params: &CertificateParams,
    authority: &Issuer<'_, KeyPair>,
) -> Result<(), ClusterError> {
    let key = KeyPair::generate()?;
    write(&dir.join(format!("{name}.crt")), &params.signed_by(&key, authority)?.pem())?;
    write(&dir.join(format!("{name}.key")), &key.serialize_pem())
}

/// Writes a file that only we may read.
fn write(path: &Path, text: &str) -> Result<(), ClusterError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(ClusterError::file(path))
}
