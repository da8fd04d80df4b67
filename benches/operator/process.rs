//! Process: the operator as a program of its own, and what the kernel tells about it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

/// A running operator.
pub struct Operator {
    child: Child,
    /// Where it serves its metrics.
    pub admin: String,
}

impl Operator {
    /// Starts `program`, as the only one or as one of several, and returns when it is ready.
    pub async fn start(
        program: &Path,
        kubeconfig: &Path,
        namespace: &str,
        elected: bool,
        http: &reqwest::Client,
    ) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let admin = format!("127.0.0.1:{port}");
        let child = Command::new(program)
            .args(["run", "--admin-address", &admin, "--log", "error", "--watch-namespace", namespace])
            .arg(format!("--leader-election={elected}"))
            .env("KUBECONFIG", kubeconfig)
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let operator = Self { child, admin };
        let url = format!("http://{}/readyz", operator.admin);
        while !http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        operator
    }

    fn pid(&self) -> u32 {
        self.child.id().expect("it ended by itself")
    }

    fn megabytes(&self, key: &str) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = text.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }

    /// Memory held now, in MB.
    pub fn rss(&self) -> f64 {
        self.megabytes("VmRSS:")
    }

    /// The part of that which is pages of the program's file: the kernel may take them back.
    pub fn rss_of_file(&self) -> f64 {
        self.megabytes("RssFile:")
    }

    /// The most memory held, in MB, since the start or the last [`Operator::forget_peak`].
    pub fn peak(&self) -> f64 {
        self.megabytes("VmHWM:")
    }

    /// Starts measuring the peak anew.
    pub fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.pid()), "5").unwrap();
    }

    /// CPU time so far, in seconds, in steps of 10 ms.
    pub fn cpu(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
        (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
    }

    /// Ends it as Kubernetes does, and waits for that.
    pub async fn end(self) {
        self.signal("-TERM").await;
        self.ended().await;
    }

    /// Sends it a signal, by its name as a flag of kill.
    pub async fn signal(&self, name: &str) {
        Command::new("kill").args([name, &self.pid().to_string()]).status().await.unwrap();
    }

    /// Waits until it has ended.
    pub async fn ended(mut self) {
        self.child.wait().await.unwrap();
    }
}
