//! The real `etcd` and `kube-apiserver`, started the way envtest does: on this machine, for one test run or demo.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use axum::http::Request;
use tokio::process::Command;

use super::process::{Process, first_end};
use super::{ClusterError, DATA, START_DEADLINE, Settings, client, keys};

/// Runs beside the two programs until its standard input ends, which comes when our process is gone, however it went (they could
/// not know by themselves). Then it kills them, which costs no data that etcd has taken, and removes the folder's data unless
/// that is kept. Killing outright, because kube-apiserver waits a minute for an etcd that went first.
const WATCHDOG: &str = r#"
while read -r _; do :; done
kill -KILL "$1" "$2" 2>/dev/null
while kill -0 "$1" 2>/dev/null || kill -0 "$2" 2>/dev/null; do sleep 0.1; done
shift 2
[ "$#" = 0 ] && exit
rm -rf -- "$@"
rmdir -- "$(dirname -- "$1")"
"#;

/// Starts both programs and returns when the API server is ready, and then writes the kubeconfig. What runs is in `processes`, in
/// the order in which it is to be stopped, after a failure too.
pub(super) async fn start(
    assets: &Path,
    settings: &Settings,
    kubeconfig: &Path,
    processes: &mut Vec<Process>,
) -> Result<(), ClusterError> {
    let Settings { dir, port, keep } = settings;
    keys::ensure(&dir.join("pki"))?;
    // Where it belongs only when the server is ready: whoever waits for it may use it at once.
    let early = dir.join("pki/kubeconfig");
    keys::write_kubeconfig(&dir.join("pki"), *port, &early)?;

    let etcd = spawn("etcd", assets, dir, &etcd_flags())?;
    // etcd has its socket before long, and kube-apiserver tries again until then.
    let server = spawn("kube-apiserver", assets, dir, &server_flags(*port));
    processes.push(etcd);
    processes.insert(0, server?);
    let watchdog = watchdog(processes, dir, *keep)?;
    processes.insert(0, watchdog);

    let started = tokio::select! {
        ready = tokio::time::timeout(START_DEADLINE, ready(&early)) => match ready {
            Ok(ready) => ready,
            Err(_) => Err(ClusterError::NotReady { after: START_DEADLINE, dir: dir.clone() }),
        },
        ended = first_end(processes) => Err(ended),
    };
    match started {
        Err(ended @ ClusterError::Ended { program, .. }) => {
            // The log is a help, not a need: without it the exit status still tells.
            Err(ended.saying(&std::fs::read_to_string(log_of(dir, program)).unwrap_or_default()))
        }
        Err(other) => Err(other),
        Ok(()) => std::fs::rename(&early, kubeconfig).map_err(ClusterError::file(kubeconfig)),
    }
}

/// etcd on unix sockets, so that it is open to nobody else on this machine, and without waiting for the disk: a crash of the
/// machine loses the data of a test, which nobody misses.
fn etcd_flags() -> Vec<String> {
    let flags = [
        "--data-dir=etcd",
        // The ":0" only satisfies etcd's check of URLs. Relative, because a socket's path has about 107 characters at most.
        "--listen-client-urls=unix://etcd.sock:0",
        "--advertise-client-urls=unix://etcd.sock:0",
        "--listen-peer-urls=unix://peer.sock:0",
        "--initial-advertise-peer-urls=unix://peer.sock:0",
        "--initial-cluster=default=unix://peer.sock:0",
        "--unsafe-no-fsync",
        // A single member has no one to wait for.
        "--heartbeat-interval=10",
        "--election-timeout=100",
        "--log-level=warn",
    ];
    flags.map(str::to_owned).to_vec()
}

fn server_flags(port: u16) -> Vec<String> {
    let flags = [
        "--bind-address=127.0.0.1",
        // Else it wants a default route, which an offline machine lacks.
        "--advertise-address=127.0.0.1",
        "--etcd-servers=unix://etcd.sock:0",
        "--cert-dir=pki",
        "--tls-cert-file=pki/apiserver.crt",
        "--tls-private-key-file=pki/apiserver.key",
        "--client-ca-file=pki/ca.crt",
        "--service-account-key-file=pki/service-account.pub",
        "--service-account-signing-key-file=pki/service-account.key",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--authorization-mode=RBAC",
        "--endpoint-reconciler-type=none",
        // No controller makes the service accounts that this plugin would demand of each pod.
        "--disable-admission-plugins=ServiceAccount",
    ];
    let mut flags = flags.map(str::to_owned).to_vec();
    flags.push(format!("--secure-port={port}"));
    flags
}

fn spawn(program: &'static str, assets: &Path, dir: &Path, flags: &[String]) -> Result<Process, ClusterError> {
    let path = log_of(dir, program);
    let log = OpenOptions::new().create(true).append(true).open(&path).map_err(ClusterError::file(&path))?;
    let second = log.try_clone().map_err(ClusterError::file(&path))?;
    let assets = std::path::absolute(assets).map_err(ClusterError::file(assets))?;
    let mut command = Command::new(assets.join(program));
    command.args(flags).current_dir(dir).stdin(Stdio::null()).stdout(log).stderr(second);
    Process::spawn(program, &mut command)
}

fn log_of(dir: &Path, program: &str) -> PathBuf {
    dir.join(program).with_extension("log")
}

fn watchdog(processes: &[Process], dir: &Path, keep: bool) -> Result<Process, ClusterError> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", WATCHDOG, "provost-watchdog"]);
    command.args(processes.iter().filter_map(Process::pid).map(|pid| pid.as_raw_nonzero().to_string()));
    if !keep {
        command.args(DATA.map(|name| dir.join(name)));
    }
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    Process::spawn("the watchdog", &mut command)
}

/// Returns when the API server says that it is ready.
async fn ready(kubeconfig: &Path) -> Result<(), ClusterError> {
    let client = client(kubeconfig).await?;
    loop {
        // There is no event to wait for: it does not tell anyone that it has come up.
        tokio::time::sleep(Duration::from_millis(50)).await;
        if let Ok(request) = Request::get("/readyz").body(Vec::new())
            && client.request_text(request).await.is_ok()
        {
            return Ok(());
        }
    }
}
