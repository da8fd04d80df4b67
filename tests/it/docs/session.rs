//! Session: what a reader has who follows a page: a shell whose variables last, kubectl, helm and the program, and a cluster with the
//! demo's vendors, operator and objects, or, where the page says `<!-- session: empty cluster -->`, with nothing.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use futures::StreamExt;
use kube::Client;
use kube::api::{Api, PostParams};
use provost::cli::cluster::{Cluster, Settings};
use provost::cli::kubernetes;
use provost::kinds::TABLES;
use provost::myintranetapps::sim::options::Environment;
use provost::sim::simulated::Simulated;
use provost::{adeptia, crm2, intrexx, myintranetapps};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command as Program};

use super::blocks::tool;
use super::console::Command;
use super::page::{Page, all, page};
use crate::harness::{DEADLINE, chain, namespace, root, scratch, source};
use crate::objects::Objects;
use crate::process::Process;
use crate::tap::Tap;

/// How many pages are followed at once.
const AT_ONCE: usize = 2;

/// What a page says that needs a cluster of its own, without definitions and operator.
const EMPTY: &str = "<!-- session: empty cluster -->";

/// Commands that no test runs, and why. One that ends in a blank stands for all that begin so.
const NOT_RUN: &[(&str, &str)] = &[
    ("make ", "builds the released program, or runs the tests that this one is among"),
    ("docker ", "needs a container engine"),
    ("cosign ", "needs a registry with the image"),
    ("helm uninstall provost --namespace provost-system", "waits for the Job of the check, which needs a node"),
    ("kubectl --namespace provost-system logs job/provost-uninstall-check", "needs that Job"),
    ("kubectl kustomize . | kubectl apply --server-side -f -", "needs the file that the page shows before"),
];

/// Commands that go on until they are told to stop, and what they say once they are at work.
const STAY: &[(&str, &str)] = &[("provost run", "leads"), ("target/release/provost run", "leads")];

/// A cluster on which pages are followed.
struct Ground {
    cluster: Cluster,
    client: Client,
}

impl Ground {
    async fn start() -> Self {
        let settings = Settings { dir: scratch("docs-apiserver-").keep(), port: 0, keep: false };
        let cluster = Cluster::start(source(), settings).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
        let client = cluster.client().await.unwrap();
        Self { cluster, client }
    }

    /// The same with our definitions.
    async fn with_kinds() -> Self {
        let ground = Self::start().await;
        kubernetes::install(&ground.client, &kubernetes::definitions(&TABLES)).await.unwrap();
        let own: k8s_openapi::api::core::v1::Namespace =
            serde_json::from_value(json!({"metadata": {"name": "provost-system"}})).unwrap();
        Api::all(ground.client.clone()).create(&PostParams::default(), &own).await.unwrap();
        ground
    }
}

/// The demo's vendors, operator and objects.
struct Demo {
    _vendors: Vec<(&'static str, Box<dyn Simulated>)>,
    operator: Process,
}

impl Demo {
    async fn start(ground: &Ground, namespace: &str) -> Self {
        let seed_connections = Some(Environment::Production);
        let accounts = myintranetapps::sim::Options { seed_connections, ..Default::default() };
        let vendors: Vec<(&'static str, Box<dyn Simulated>)> = vec![
            ("myIntranetApps", Box::new(myintranetapps::sim::Simulator::start(accounts).await.unwrap())),
            ("intrexx", Box::new(intrexx::sim::Simulator::start(Default::default()).await.unwrap())),
            ("crm2", Box::new(crm2::sim::Simulator::start(Default::default()).await.unwrap())),
            ("adeptiaConnect", Box::new(adeptia::sim::Simulator::start(Default::default()).await.unwrap())),
        ];
        let namespaces = [namespace.to_owned()];
        let operator = Process::start(ground.cluster.kubeconfig(), TABLES, &namespaces, Tap::default()).await;
        let documents = examples();
        for document in &documents {
            let mut document = document.clone();
            for (block, vendor) in &vendors {
                if let Some(url) = document.pointer_mut(&format!("/spec/{block}/url")) {
                    *url = vendor.url().into();
                }
            }
            kubernetes::apply(&ground.client, namespace, &document).await.unwrap();
        }
        for row in TABLES.kinds {
            let objects = Objects::of(row, ground.client.clone(), namespace);
            for document in documents.iter().filter(|document| document["kind"] == row.kind) {
                let name = document["metadata"]["name"].as_str().unwrap();
                objects.until(name, |object| ready(&object.data)).await;
            }
        }
        Self { _vendors: vendors, operator }
    }
}

fn ready(object: &Json) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

/// Every manifest of the examples.
fn examples() -> Vec<Json> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(root().join("deploy/examples")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let documents = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).unwrap();
        text.split("\n---\n").map(|text| serde_yaml::from_str(text).unwrap()).collect::<Vec<Json>>()
    };
    files.iter().flat_map(documents).collect()
}

/// A reader's shell.
struct Session {
    /// Its folder, which looks like the repository after a build and while `provost demo --dir demo` runs.
    folder: tempfile::TempDir,
    environment: Vec<(&'static str, String)>,
}

/// What a command said, standard error after standard output, and its status.
struct Ran {
    status: i32,
    output: String,
}

impl Session {
    fn start(cluster: &Cluster, namespace: &str, idle: &str) -> Self {
        let folder = scratch("docs-session-");
        let path = folder.path();
        let link = |target: &Path, name: &str| std::os::unix::fs::symlink(target, path.join(name)).unwrap();
        for name in ["deploy", "crds", "charts", "docs", "src"] {
            link(&root().join(name), name);
        }
        for name in ["bin", "demo", "target/release"] {
            std::fs::create_dir_all(path.join(name)).unwrap();
        }
        link(&root().join("target/apiserver"), "target/apiserver");
        let program = Path::new(env!("CARGO_BIN_EXE_provost"));
        link(program, "target/release/provost");
        link(program, "bin/provost");
        link(program, "bin/kubectl-provost");
        link(&tool("helm"), "bin/helm");
        link(&tool("promtool"), "bin/promtool");
        // One without a folder is on the PATH already.
        if cluster.kubectl().is_absolute() {
            link(&cluster.kubectl(), "bin/kubectl");
        }
        let kubeconfig = path.join("demo/kubeconfig");
        let text = std::fs::read_to_string(cluster.kubeconfig()).unwrap();
        let mut config: Json = serde_yaml::from_str(&text).unwrap();
        config["contexts"][0]["context"]["namespace"] = namespace.into();
        std::fs::write(&kubeconfig, config.to_string()).unwrap();
        let environment = vec![
            ("KUBECONFIG", kubeconfig.display().to_string()),
            ("KUBECACHEDIR", path.join("cache").display().to_string()),
            ("HOME", path.display().to_string()),
            // A second operator would take a hand in the objects of other pages.
            ("PROVOST_WATCH_NAMESPACES", idle.to_owned()),
            ("PROVOST_NAMESPACE", namespace.to_owned()),
            ("PROVOST_ADMIN_ADDRESS", "127.0.0.1:0".to_owned()),
        ];
        Self { folder, environment }
    }

    /// A program that runs a command in the shell, after which the next one finds its variables and its folder.
    fn program(&self, text: &str) -> Program {
        let state = self.folder.path().join("state");
        let (state, folder) = (state.display(), self.folder.path().display());
        // `set -a`: what a reader sets without `export` is there for the next command as well.
        let script = format!(
            "cd '{folder}'; PATH='{folder}/bin':$PATH; [ ! -f '{state}' ] || . '{state}'\n\
             trap 'status=$?; {{ export -p | grep -v \" PWD=\"; echo \"cd \\\"$PWD\\\"\"; }} >\"{state}.new\"; mv \"{state}.new\" \"{state}\"; exit $status' EXIT\n\
             set -a\n{text}\n"
        );
        let mut program = Program::new("sh");
        program.arg("-c").arg(script).envs(self.environment.iter().map(|(name, value)| (*name, value)));
        program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        program
    }

    async fn run(&self, text: &str) -> Ran {
        let running = self.program(text).output();
        let Ok(output) = tokio::time::timeout(2 * DEADLINE, running).await else {
            return Ran { status: -1, output: "it does not end".to_owned() };
        };
        let output = output.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran { status: output.status.code().unwrap_or(-1), output: text(&output.stdout) + &text(&output.stderr) }
    }

    /// Runs a command as a page shows it, and says what is not as the page says.
    async fn follow(&self, command: &Command) -> Result<(), String> {
        let text = command.text.as_str();
        if NOT_RUN.iter().any(|(listed, _)| means(listed, text)) {
            return Ok(());
        }
        if let Some((_, word)) = STAY.iter().find(|(listed, _)| means(listed, text)) {
            return self.stay(command, word).await;
        }
        let begun = tokio::time::Instant::now();
        loop {
            let ran = self.run(text).await;
            let missing = command.missing(&ran.output);
            if ran.status == command.status && missing.is_empty() {
                return Ok(());
            }
            // The operator works meanwhile: whoever only looks, looks again. Nothing tells when: what a command waits for may be in
            // Kubernetes, at a vendor or in the operator.
            if !command.looks() || begun.elapsed() > DEADLINE {
                let (place, wanted, status, output) = (&command.place, command.status, ran.status, ran.output);
                return Err(format!(
                    "{place}: $ {text}\nends with {status} (shown: {wanted}), and does not say {missing:?}:\n{output}"
                ));
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }

    /// Starts what goes on until it is told to stop, waits until it is at work, and stops it as Ctrl-C would.
    async fn stay(&self, command: &Command, word: &str) -> Result<(), String> {
        let mut child = self.program(&format!("exec {} 2>&1", bare(&command.text))).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = String::new();
        let waiting = async {
            while let Ok(Some(line)) = lines.next_line().await {
                said.push_str(&line);
                said.push('\n');
                if line.contains(word) {
                    return true;
                }
            }
            false
        };
        let at_work = tokio::time::timeout(DEADLINE, waiting).await.unwrap_or(false);
        let missing = command.missing(&said);
        if !at_work || !missing.is_empty() {
            return Err(format!("{}: $ {}\ndoes not say {word:?}, {missing:?}:\n{said}", command.place, command.text));
        }
        interrupt(&child);
        // Its last words are read, so that it is not held up by a full pipe.
        while let Ok(Some(_)) = lines.next_line().await {}
        let status = tokio::time::timeout(DEADLINE, child.wait()).await.map_err(|_| "it does not stop".to_owned())?;
        let status = status.unwrap();
        if status.success() { Ok(()) } else { Err(format!("{}: it ends with {status}", command.place)) }
    }
}

/// Whether a command is one that is listed so.
fn means(listed: &str, text: &str) -> bool {
    if listed.ends_with(' ') { text.starts_with(listed) } else { bare(text) == listed }
}

/// A command without the remark behind it.
fn bare(text: &str) -> &str {
    text.split(" # ").next().unwrap_or(text).trim()
}

fn interrupt(child: &Child) {
    let pid = child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
    rustix::process::kill_process(pid.unwrap(), rustix::process::Signal::INT).unwrap();
}

/// Follows a page from its first command to its last, and says what is not as it says.
async fn follow(page: &Page, shared: &Ground) -> Vec<String> {
    let commands = match Command::all(page) {
        Ok(commands) => commands,
        Err(problem) => return vec![problem],
    };
    let empty = page.text.lines().any(|line| line == EMPTY);
    if commands.is_empty() {
        let told = empty.then(|| format!("{}: a session without a command", page.path));
        return told.into_iter().collect();
    }
    let own = if empty { Some(Ground::start().await) } else { None };
    let ground = own.as_ref().unwrap_or(shared);
    let namespaces = [namespace(&ground.client).await, namespace(&ground.client).await];
    let demo = if empty { None } else { Some(Demo::start(ground, &namespaces[0]).await) };
    let session = Session::start(&ground.cluster, &namespaces[0], &namespaces[1]);
    let mut told = Vec::new();
    for command in &commands {
        if let Err(problem) = session.follow(command).await {
            told.push(problem);
            // What follows builds on it.
            break;
        }
    }
    if let Some(demo) = demo {
        demo.operator.stop().await;
    }
    if let Some(own) = own {
        own.cluster.stop().await;
    }
    told
}

/// `DOCS_PAGE=docs/security.md` has that page followed alone.
#[tokio::test]
#[allow(clippy::disallowed_methods, reason = "a test has no command line to be told by")]
async fn every_command_is_run() {
    let ground = Ground::with_kinds().await;
    let only = std::env::var("DOCS_PAGE").unwrap_or_default();
    let pages: Vec<_> = all().into_iter().filter(|page| page.path.contains(&only)).collect();
    let told: Vec<_> =
        futures::stream::iter(&pages).map(|page| follow(page, &ground)).buffer_unordered(AT_ONCE).collect().await;
    ground.cluster.stop().await;
    let told = told.concat();
    assert!(told.is_empty(), "\n{}\n", told.join("\n\n"));
}

#[test]
fn what_is_not_run_is_shown_somewhere() {
    let commands: Vec<_> = all().iter().flat_map(|page| Command::all(page).unwrap_or_default()).collect();
    let listed = NOT_RUN.iter().chain(STAY).map(|(listed, _)| *listed);
    let shown = |listed: &&str| commands.iter().any(|command| means(listed, &command.text));
    let idle: Vec<_> = listed.filter(|listed| !shown(listed)).collect();
    assert!(idle.is_empty(), "no page shows {idle:?}");
}

#[tokio::test]
async fn a_planted_defect_ends_a_session() {
    let ground = Ground::start().await;
    let namespace = namespace(&ground.client).await;
    let session = Session::start(&ground.cluster, &namespace, &namespace);
    let run = async |text: &str| {
        let commands = Command::all(&page(&format!("```console\n{text}\n```\n"))).unwrap();
        let mut result = Ok(());
        for command in &commands {
            result = result.and(session.follow(command).await);
        }
        result.err().unwrap_or_default()
    };
    assert_eq!(run("$ WORD=well\n$ mkdir x && cd x\n$ echo $WORD; pwd\nwell\n.../x").await, "");
    assert_eq!(run("$ kubectl create configmap a\nconfigmap/a created").await, "");
    assert_eq!(run("$ provost plan -f nowhere.yaml   # exits with 1: no such file").await, "");
    assert_eq!(run("$ helm version\nversion").await, "");
    for (text, expected) in [
        ("$ echo well\nill", "[\"ill\"]"),
        ("$ kubectl create configmap a", "already exists"),
        ("$ echo well   # exits with 2", "shown: 2"),
        ("$ provoke", "not found"),
    ] {
        let told = run(text).await;
        assert!(told.contains(expected) && told.contains("docs/planted.md:2"), "{text}: {told}");
    }
    ground.cluster.stop().await;
}
