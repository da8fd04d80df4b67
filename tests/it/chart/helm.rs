//! The real helm against one of the tests' API servers, with a home of its own.

use std::sync::atomic::{AtomicU32, Ordering};

use provost::cli::cluster::Cluster;
use tempfile::TempDir;

use crate::harness::{Said, root, say, scratch, tool};

/// A helm with a home of its own, which knows no repository and no plugin.
pub struct Helm<'c> {
    home: TempDir,
    cluster: &'c Cluster,
    files: AtomicU32,
}

impl<'c> Helm<'c> {
    /// For one API server.
    pub fn new(cluster: &'c Cluster) -> Self {
        Self { home: scratch("helm-"), cluster, files: AtomicU32::new(0) }
    }

    /// Runs it.
    pub async fn run(&self, arguments: &[&str]) -> Said {
        let mut command = tool("helm");
        command.args(arguments).env("KUBECONFIG", self.cluster.kubeconfig());
        for place in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(place, self.home.path().join(place));
        }
        say(command, "").await
    }

    /// Writes a file of values, and returns its path.
    pub fn values(&self, text: &str) -> String {
        let path = self.home.path().join(format!("values-{}.yaml", self.files.fetch_add(1, Ordering::Relaxed)));
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A place for files, which goes with it.
    pub fn folder(&self) -> &std::path::Path {
        self.home.path()
    }
}

/// The chart in this repository.
pub fn chart() -> &'static str {
    static PATH: std::sync::LazyLock<String> =
        std::sync::LazyLock::new(|| root().join("charts/provost").to_str().unwrap().to_owned());
    &PATH
}
