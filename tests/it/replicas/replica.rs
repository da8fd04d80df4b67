//! Replica: the program `provost run` as a process of its own, with what it says.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use provost::sim::journal::Intent;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::harness::DEADLINE;
use crate::stage::Stage;

/// Times for tests: long enough for a busy machine to renew, short enough to wait for.
pub const TERMS: [&str; 6] =
    ["--lease-duration-seconds", "11", "--renew-deadline-seconds", "6", "--retry-period-seconds", "1"];

/// A running replica. Dropping it kills it.
pub struct Replica {
    pub name: String,
    child: Child,
    log: Arc<watch::Sender<Vec<Json>>>,
}

impl Replica {
    /// Starts one for a stage, with an identity and short times.
    pub fn start(stage: &Stage, name: &str) -> Self {
        Self::start_with(stage, stage.kubeconfig(), name, &TERMS)
    }

    /// The same with another way to Kubernetes and flags of the test's own.
    pub fn start_with(stage: &Stage, kubeconfig: &Path, name: &str, flags: &[&str]) -> Self {
        Self::start_in(&stage.namespace, kubeconfig, name, flags)
    }

    /// The same without a stage.
    pub fn start_in(namespace: &str, kubeconfig: &Path, name: &str, flags: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_provost"));
        command.args(["run", "--watch-namespace", namespace, "--namespace", namespace, "--identity", name]);
        command.args(["--admin-address", "127.0.0.1:0", "--log", "info,provost=debug"]).args(flags);
        command.env("PROVOST_DRAIN_SECONDS", "50").env("KUBECONFIG", kubeconfig);
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().unwrap();
        let log = Arc::new(watch::Sender::new(Vec::new()));
        let (mut lines, lined) = (BufReader::new(child.stderr.take().unwrap()).lines(), log.clone());
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                // The last words of a process that fails are for people.
                let line = serde_json::from_str(&line).unwrap_or_else(|_| Json::from(line));
                lined.send_modify(|log| log.push(line));
            }
        });
        Self { name: name.to_owned(), child, log }
    }

    /// Waits until it has said a message, and returns the line.
    #[track_caller]
    pub fn said(&self, message: &str) -> impl Future<Output = Json> {
        let (caller, mut log) = (std::panic::Location::caller(), self.log.subscribe());
        let (name, message) = (self.name.clone(), message.to_owned());
        async move {
            let says = |line: &&Json| line["message"] == message.as_str();
            let said = tokio::time::timeout(DEADLINE, log.wait_for(|log| log.iter().any(|line| says(&line)))).await;
            match said {
                Ok(log) => log.unwrap().iter().find(says).cloned().unwrap(),
                Err(_) => panic!("{name} never said {message:?} at {caller}"),
            }
        }
    }

    /// Waits until it leads, and returns when that was.
    #[track_caller]
    pub fn leads(&self) -> impl Future<Output = String> {
        let said = self.said("leads");
        async move { time(&said.await) }
    }

    /// Whether it has said a message so far.
    pub fn has_said(&self, message: &str) -> bool {
        self.log.borrow().iter().any(|line| line["message"] == message)
    }

    /// Everything it said, as text.
    pub fn text(&self) -> String {
        self.log.borrow().iter().map(|line| format!("{} {line}\n", self.name)).collect()
    }

    /// The operation and the time of each of its vendor calls of a sort that it has the end of.
    pub fn calls(&self, intent: Intent) -> Vec<(String, String)> {
        let log = self.log.borrow();
        let calls = log.iter().filter(|line| line["message"] == "vendor call finished");
        let calls = calls.filter(|line| line["write"] == (intent == Intent::Write) && line["outcome"] == "ok");
        calls.map(|line| (line["operation"].as_str().unwrap().to_owned(), time(line))).collect()
    }

    /// The operations of its vendor writes that worked.
    pub fn wrote(&self) -> Vec<String> {
        self.calls(Intent::Write).into_iter().map(|(operation, _)| operation).collect()
    }

    /// What its admin server answers at a path.
    pub async fn admin(&self, path: &str) -> (u16, String) {
        let address = self.said("starting").await["admin"].as_str().unwrap().to_owned();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = http.get(format!("http://{address}{path}")).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Waits until it has ended.
    pub async fn ended(&mut self) -> ExitStatus {
        let ended = tokio::time::timeout(DEADLINE, self.child.wait()).await;
        ended.unwrap_or_else(|_| panic!("{} does not end:\n{}", self.name, self.text())).unwrap()
    }

    /// Waits until it has ended, however long that takes.
    pub async fn ended_some_day(&mut self) {
        self.child.wait().await.unwrap();
    }

    /// Ends it as a power failure would.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }
}

impl Drop for Replica {
    #[allow(clippy::print_stderr, reason = "the test harness shows it beside the failure")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.text());
        }
    }
}

/// When a line was said. All replicas of a test have one clock.
pub fn time(line: &Json) -> String {
    line["timestamp"].as_str().unwrap().to_owned()
}
