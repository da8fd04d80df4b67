//! A Kubernetes API server on this machine, for `provost demo` and for the tests.
//!
//! It comes from one of three places ([`Source`]): the program that `make apiserver` builds, the `etcd` and `kube-apiserver` of
//! a `KUBEBUILDER_ASSETS` folder, or a cluster that is there already. The first two listen on loopback only, and end with the
//! process that started them, however that process ends.

pub mod account;
mod assets;
mod error;
mod keys;
pub(super) mod process;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

pub use error::ClusterError;
use process::{Process, first_end};

/// The longest that a start may take. A busy machine needs many times the three seconds of an idle one, and the program that we
/// build gives up by itself after three minutes, with a better message than ours.
const START_DEADLINE: Duration = Duration::from_secs(200);

/// How long a program that was asked to stop may take before it is killed. kube-apiserver waits a minute for open watches.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// Where the API server comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A cluster that is there already, by its kubeconfig. It is never started or stopped.
    Existing(PathBuf),
    /// A folder with `etcd` and `kube-apiserver`, and perhaps `kubectl`, such as `setup-envtest` fetches.
    Assets(PathBuf),
    /// The program that `make apiserver` builds: etcd and kube-apiserver in one process.
    Built(PathBuf),
}

impl Source {
    /// Chooses the source: `PROVOST_USE_EXISTING_CLUSTER=1` with `KUBECONFIG` (else `~/.kube/config`) before
    /// `KUBEBUILDER_ASSETS` before the program built below `root`, the repository's folder.
    ///
    /// # Errors
    /// When the files that the choice needs are not there; the message names the ways out.
    pub fn detect(environment: &dyn Fn(&str) -> Option<String>, root: &Path) -> Result<Self, ClusterError> {
        let set = |name: &str| environment(name).filter(|value| !value.is_empty());
        if set("PROVOST_USE_EXISTING_CLUSTER").as_deref() == Some("1") {
            let home = || set("HOME").map(|home| Path::new(&home).join(".kube/config"));
            let path = set("KUBECONFIG").map(PathBuf::from).or_else(home).ok_or(ClusterError::NoHome)?;
            return if path.is_file() { Ok(Self::Existing(path)) } else { Err(ClusterError::NoKubeconfig { path }) };
        }
        if let Some(dir) = set("KUBEBUILDER_ASSETS").map(PathBuf::from) {
            return match ["etcd", "kube-apiserver"].into_iter().find(|program| !dir.join(program).is_file()) {
                Some(program) => Err(ClusterError::IncompleteAssets { dir, program }),
                None => Ok(Self::Assets(dir)),
            };
        }
        let program = root.join("target/apiserver/provost-apiserver");
        if program.is_file() { Ok(Self::Built(program)) } else { Err(ClusterError::NotBuilt { program }) }
    }

    /// The `kubectl` that belongs to this source; the one on the `PATH` when the source has none of its own.
    pub fn kubectl(&self) -> PathBuf {
        let beside = match self {
            Self::Existing(_) => None,
            Self::Assets(dir) => Some(dir.join("kubectl")),
            Self::Built(program) => Some(program.with_file_name("kubectl")),
        };
        beside.filter(|path| path.is_file()).unwrap_or_else(|| PathBuf::from("kubectl"))
    }
}

/// How an API server of ours is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The folder for data, keys, logs and the kubeconfig. It is made when it is missing, and goes when nothing else is in it.
    pub dir: PathBuf,
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Whether the data outlives the server, for the next start on the same folder and for [`Cluster::restart`].
    pub keep: bool,
}

/// A running API server. Dropping it kills what was started; [`Cluster::stop`] ends it in good order.
pub struct Cluster {
    source: Source,
    settings: Settings,
    kubeconfig: PathBuf,
    // In the order in which they are stopped.
    processes: Vec<Process>,
    // Held while they run; `provost-apiserver` has a lock of its own.
    lock: Option<File>,
    // Whether the data in the folder is from us: after a start that failed it may be another server's, and the logs are needed.
    started: bool,
}

impl Cluster {
    /// Starts the API server, or takes the existing one, and returns when it answers.
    ///
    /// # Errors
    /// When a program cannot be started, ends early or is not ready in time; nothing is left running then.
    pub async fn start(source: Source, settings: Settings) -> Result<Self, ClusterError> {
        let dir = std::path::absolute(&settings.dir).map_err(ClusterError::file(&settings.dir))?;
        let kubeconfig = match &source {
            Source::Existing(path) => path.clone(),
            Source::Assets(_) | Source::Built(_) => dir.join("kubeconfig"),
        };
        let settings = Settings { dir, ..settings };
        let mut cluster = Self { source, settings, kubeconfig, processes: Vec::new(), lock: None, started: false };
        cluster.resume().await?;
        Ok(cluster)
    }

    /// The kubeconfig of an administrator.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The `kubectl` to use with it.
    pub fn kubectl(&self) -> PathBuf {
        self.source.kubectl()
    }

    /// A client with an administrator's rights. It belongs to the runtime that it is made in: a test makes its own.
    ///
    /// # Errors
    /// When the kubeconfig cannot be read or its keys cannot be used.
    pub async fn client(&self) -> Result<kube::Client, ClusterError> {
        client(&self.kubeconfig).await
    }

    /// Stops the API server and keeps its data, as when the control plane is away for a while. [`Cluster::resume`] brings it back.
    ///
    /// # Errors
    /// When the cluster is not ours to stop, or its data would not be kept.
    pub async fn halt(&mut self) -> Result<(), ClusterError> {
        match self.source {
            Source::Existing(_) => Err(ClusterError::NotOurs),
            Source::Assets(_) | Source::Built(_) if !self.settings.keep => Err(ClusterError::NotKept),
            Source::Assets(_) | Source::Built(_) => {
                self.end().await;
                Ok(())
            }
        }
    }

    /// Starts a halted API server again, on the same data and port. Clients made before go on working.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub async fn resume(&mut self) -> Result<(), ClusterError> {
        if !self.processes.is_empty() {
            return Ok(());
        }
        let launched = self.launch().await;
        if launched.is_err() {
            // What did start is of no use without the rest, and would pass for a running server the next time.
            self.processes.clear();
            self.lock = None;
        }
        launched
    }

    async fn launch(&mut self) -> Result<(), ClusterError> {
        match &self.source {
            Source::Existing(_) => return Ok(()),
            Source::Assets(assets) => {
                keys::make_dir(&self.settings.dir)?;
                self.lock = Some(lock(&self.settings.dir)?);
                self.settings.port = free_port(self.settings.port)?;
                assets::start(assets, &self.settings, &self.kubeconfig, &mut self.processes).await?;
            }
            Source::Built(program) => {
                keys::make_dir(&self.settings.dir)?;
                let (process, port) = start_built(program, &self.settings, &self.kubeconfig).await?;
                self.settings.port = port;
                self.processes.push(process);
            }
        }
        self.started = true;
        Ok(())
    }

    /// Stops the API server and starts it again on the data that it had, and on the same port.
    ///
    /// # Errors
    /// As [`Cluster::halt`] and [`Cluster::resume`].
    pub async fn restart(&mut self) -> Result<(), ClusterError> {
        self.halt().await?;
        self.resume().await
    }

    /// Waits until the API server ends by itself, which it should not do, and says how it ended. Never returns for an existing
    /// cluster. Safe to cancel.
    pub async fn failed(&mut self) -> ClusterError {
        first_end(&mut self.processes).await
    }

    /// Stops the API server in good order, and removes its data unless it is kept. An existing cluster stays as it is.
    pub async fn stop(mut self) {
        self.end().await;
    }

    async fn end(&mut self) {
        for process in &mut self.processes {
            process.end(STOP_GRACE).await;
        }
        self.processes.clear();
        self.lock = None;
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Each process is killed, and gone, before its data is removed.
        self.processes.clear();
        if self.started && !self.settings.keep {
            remove_data(&self.settings.dir);
        }
    }
}

/// A client for an administrator's kubeconfig. It belongs to the runtime that it is made in.
///
/// # Errors
/// When the kubeconfig cannot be read or its keys cannot be used.
pub async fn client(kubeconfig: &Path) -> Result<kube::Client, ClusterError> {
    let read = Kubeconfig::read_from(kubeconfig).map_err(|source| ClusterError::Kubeconfig(Box::new(source)))?;
    let config = kube::Config::from_custom_kubeconfig(read, &KubeConfigOptions::default())
        .await
        .map_err(|source| ClusterError::Kubeconfig(Box::new(source)))?;
    kube::Client::try_from(config).map_err(|source| ClusterError::Client(Box::new(source)))
}

/// Starts our own program and waits for its line `ready https://127.0.0.1:PORT …`. Returns the port with it.
async fn start_built(program: &Path, settings: &Settings, kubeconfig: &Path) -> Result<(Process, u16), ClusterError> {
    let mut command = Command::new(program);
    command.arg("--dir").arg(&settings.dir).arg("--kubeconfig").arg(kubeconfig);
    // By number: the bare flag asks for the parent a moment after the start, which may be too late.
    let parent = format!("--die-with-parent={}", std::process::id());
    command.args(["--port", &settings.port.to_string(), &parent]);
    if settings.keep {
        command.arg("--keep");
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = Process::spawn("provost-apiserver", &mut command)?;
    let (stdout, stderr) = process.outputs();
    let ready = async {
        let mut lines = BufReader::new(stdout?).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if let Some(rest) = line.strip_prefix("ready ") {
                return Some(port_of(rest).unwrap_or(settings.port));
            }
        }
        None
    };
    match tokio::time::timeout(START_DEADLINE, ready).await {
        Ok(Some(port)) => Ok((process, port)),
        Ok(None) => {
            let mut said = String::new();
            if let Some(mut stderr) = stderr {
                // What it said is a help, not a need: without it the exit status still tells.
                stderr.read_to_string(&mut said).await.unwrap_or_default();
            }
            Err(process.ended().await.saying(&said))
        }
        Err(_) => Err(ClusterError::NotReady { after: START_DEADLINE, dir: settings.dir.clone() }),
    }
}

/// The port in `https://127.0.0.1:6443 kubeconfig=…`.
fn port_of(ready: &str) -> Option<u16> {
    ready.split_whitespace().next()?.rsplit_once(':')?.1.parse().ok()
}

/// Takes a folder for this process alone, until the file is closed.
fn lock(dir: &Path) -> Result<File, ClusterError> {
    let path = dir.join("lock");
    let file = File::create(&path).map_err(ClusterError::file(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ClusterError::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(ClusterError::File { path, source }),
    }
}

/// `port`, or for 0 one that is free now. Another program can be faster; the server then says so.
fn free_port(port: u16) -> Result<u16, ClusterError> {
    if port != 0 {
        return Ok(port);
    }
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(ClusterError::Port)?;
    Ok(listener.local_addr().map_err(ClusterError::Port)?.port())
}

/// What the programs leave in their folder, by name: the folder may have other things, which are not ours to remove.
const DATA: [&str; 9] = [
    "lock",
    "etcd",
    "pki",
    "kubeconfig",
    "apiserver.log",
    "etcd.log",
    "kube-apiserver.log",
    "etcd.sock:0",
    "peer.sock:0",
];

/// Removes the data, as far as it is there: a rest of it harms nobody, so failures are not worth a word.
fn remove_data(dir: &Path) {
    for path in DATA.map(|name| dir.join(name)) {
        if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }.unwrap_or_default();
    }
    std::fs::remove_dir(dir).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(environment: &[(&str, &str)], root: &Path) -> Result<Source, String> {
        let find = |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Source::detect(&find, root).map_err(|error| error.to_string())
    }

    fn touch(path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }

    #[test]
    fn the_built_program_is_the_default_and_its_absence_names_the_ways_out() {
        let root = tempfile::tempdir().unwrap();
        let message = detect(&[("KUBEBUILDER_ASSETS", ""), ("KUBECONFIG", "/x")], root.path()).unwrap_err();
        for way in ["make apiserver", "KUBEBUILDER_ASSETS", "PROVOST_USE_EXISTING_CLUSTER=1"] {
            assert!(message.contains(way), "{message}");
        }
        let program = root.path().join("target/apiserver/provost-apiserver");
        touch(&program);
        let source = detect(&[], root.path()).unwrap();
        assert_eq!(source, Source::Built(program.clone()));
        assert_eq!(source.kubectl(), Path::new("kubectl"));
        touch(&program.with_file_name("kubectl"));
        assert_eq!(source.kubectl(), program.with_file_name("kubectl"));
    }

    #[test]
    fn assets_must_be_complete_but_for_kubectl() {
        let root = tempfile::tempdir().unwrap();
        let environment = [("KUBEBUILDER_ASSETS", root.path().to_str().unwrap())];
        assert!(detect(&environment, root.path()).unwrap_err().contains("no etcd"));
        touch(&root.path().join("etcd"));
        assert!(detect(&environment, root.path()).unwrap_err().contains("no kube-apiserver"));
        touch(&root.path().join("kube-apiserver"));
        assert_eq!(detect(&environment, root.path()), Ok(Source::Assets(root.path().into())));
    }

    #[test]
    fn an_existing_cluster_goes_before_all_and_needs_its_kubeconfig() {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().to_str().unwrap();
        let existing = ("PROVOST_USE_EXISTING_CLUSTER", "1");
        assert!(detect(&[existing], root.path()).unwrap_err().contains("KUBECONFIG"));
        let config = root.path().join(".kube/config");
        assert!(detect(&[existing, ("HOME", home)], root.path()).unwrap_err().contains(config.to_str().unwrap()));
        touch(&config);
        let environment = [existing, ("HOME", home), ("KUBEBUILDER_ASSETS", "/nowhere")];
        assert_eq!(detect(&environment, root.path()), Ok(Source::Existing(config)));
        // Only the documented value means yes.
        assert!(detect(&[("PROVOST_USE_EXISTING_CLUSTER", "0")], root.path()).unwrap_err().contains("make apiserver"));
    }

    #[test]
    fn the_ready_line_names_the_port() {
        assert_eq!(port_of("https://127.0.0.1:6443 kubeconfig=/a:b version=v1"), Some(6443));
        assert_eq!(port_of("yes"), None);
    }

    /// A stand-in for our program: a script that says what `body` says.
    fn script(dir: &Path, body: &str) -> Source {
        use std::os::unix::fs::PermissionsExt;
        let path = dir.join("provost-apiserver");
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Source::Built(path)
    }

    fn settings(dir: &Path) -> Settings {
        Settings { dir: dir.join("data"), port: 0, keep: true }
    }

    #[tokio::test]
    async fn a_start_that_fails_tells_what_the_program_said() {
        let root = tempfile::tempdir().unwrap();
        let source = script(root.path(), "echo starting; echo 'no such port' >&2; exit 3");
        let error = Cluster::start(source, settings(root.path())).await.err().unwrap().to_string();
        assert!(error.contains("exit status: 3") && error.contains("no such port"), "{error}");
    }

    #[tokio::test]
    async fn a_dropped_cluster_leaves_no_process_behind() {
        let root = tempfile::tempdir().unwrap();
        let source = script(root.path(), "echo ready https://127.0.0.1:1; exec sleep 600");
        let cluster = Cluster::start(source, settings(root.path())).await.unwrap();
        let pid = cluster.processes[0].pid().unwrap();
        assert!(rustix::process::test_kill_process(pid).is_ok());
        drop(cluster);
        let states = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero()));
        assert!(states.is_err() || states.unwrap().contains("zombie"));
    }

    #[tokio::test]
    async fn an_end_that_nobody_asked_for_is_told() {
        let root = tempfile::tempdir().unwrap();
        let source = script(root.path(), "echo ready https://127.0.0.1:1; exit 7");
        let mut cluster = Cluster::start(source, settings(root.path())).await.unwrap();
        assert!(cluster.failed().await.to_string().contains("exit status: 7"));
    }

    #[tokio::test]
    async fn data_that_is_not_kept_cannot_be_restarted() {
        let root = tempfile::tempdir().unwrap();
        let source = script(root.path(), "echo ready https://127.0.0.1:1; exec sleep 600");
        let mut cluster = Cluster::start(source, Settings { keep: false, ..settings(root.path()) }).await.unwrap();
        assert!(matches!(cluster.restart().await, Err(ClusterError::NotKept)));
        cluster.stop().await;
        let mut existing = Cluster::start(Source::Existing("/none".into()), settings(root.path())).await.unwrap();
        assert!(matches!(existing.restart().await, Err(ClusterError::NotOurs)));
    }
}
