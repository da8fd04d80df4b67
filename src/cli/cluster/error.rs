//! Why there is no API server, with the ways out.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

/// Lines of a program's last words that are shown with its end.
const LAST_WORDS: usize = 12;

/// Why an API server is not there, or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Nothing was built and nothing else was chosen.
    #[error(
        "there is no Kubernetes API server at {}: build it with `make apiserver` (it needs Go), or set KUBEBUILDER_ASSETS to a \
         folder with etcd and kube-apiserver, or set KUBECONFIG and PROVOST_USE_EXISTING_CLUSTER=1 to use a cluster of yours",
        program.display()
    )]
    NotBuilt {
        /// Where it would be.
        program: PathBuf,
    },
    /// The folder of KUBEBUILDER_ASSETS lacks a program.
    #[error(
        "KUBEBUILDER_ASSETS is {}, and there is no {program}: fetch it with `setup-envtest use`, or unset the variable and run \
         `make apiserver`",
        dir.display()
    )]
    IncompleteAssets {
        /// The folder.
        dir: PathBuf,
        /// What it lacks.
        program: &'static str,
    },
    /// An existing cluster was chosen and its kubeconfig is not there.
    #[error("PROVOST_USE_EXISTING_CLUSTER=1 needs the kubeconfig {}: set KUBECONFIG to the one file to use", path.display())]
    NoKubeconfig {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// An existing cluster was chosen and nothing says where its kubeconfig is.
    #[error("PROVOST_USE_EXISTING_CLUSTER=1 needs a kubeconfig, and there is no home folder with one: set KUBECONFIG")]
    NoHome,
    /// A program cannot be started.
    #[error("{program} cannot be started")]
    Spawn {
        /// The program.
        program: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The end of a program cannot be awaited.
    #[error("nothing is known about {program} any more")]
    Wait {
        /// The program.
        program: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A program ended that should have gone on.
    #[error("{program} ended with {status}{}", if said.is_empty() { String::new() } else { format!(", saying:\n{said}") })]
    Ended {
        /// The program.
        program: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// Its last words, if any.
        said: String,
    },
    /// The API server does not answer.
    #[error("the API server was not ready within {} s; its logs are in {}", after.as_secs(), dir.display())]
    NotReady {
        /// How long it had.
        after: Duration,
        /// Where the logs are.
        dir: PathBuf,
    },
    /// A file of the server's folder cannot be read or written.
    #[error("{} cannot be used", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another API server runs in the folder.
    #[error("{} is in use by another API server", dir.display())]
    InUse {
        /// The folder.
        dir: PathBuf,
    },
    /// There is no free port.
    #[error("there is no free port on 127.0.0.1")]
    Port(#[source] io::Error),
    /// The keys cannot be made.
    #[error("the API server's keys cannot be made")]
    Keys(#[from] rcgen::Error),
    /// The kubeconfig cannot be used.
    #[error("the kubeconfig cannot be used")]
    Kubeconfig(#[source] Box<kube::config::KubeconfigError>),
    /// No client can be made.
    #[error("no Kubernetes client can be made")]
    Client(#[source] Box<kube::Error>),
    /// Only a server of ours can be stopped.
    #[error("this cluster was there before, so it is not stopped")]
    NotOurs,
    /// Stopping would lose the data.
    #[error("this API server does not keep its data, so it cannot be restarted: start it with `keep`")]
    NotKept,
}

impl ClusterError {
    pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |source| Self::File { path: path.to_owned(), source }
    }

    /// The same end, with the last lines of what the program said.
    pub(super) fn saying(self, output: &str) -> Self {
        match self {
            Self::Ended { program, status, .. } => {
                let lines: Vec<_> = output.lines().collect();
                let said = lines[lines.len().saturating_sub(LAST_WORDS)..].join("\n");
                Self::Ended { program, status, said }
            }
            other => other,
        }
    }
}
