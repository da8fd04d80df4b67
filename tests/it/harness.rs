//! What tests against a Kubernetes API server share: the server, a client and a namespace each, kubectl, and waiting.

use std::fmt::Debug;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, ObjectMeta, PostParams};
use kube::runtime::wait::{Condition, await_condition};
use kube::{Client, Resource};
use provost::cli::cluster::{Cluster, Settings, Source};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::sync::OnceCell;

/// Long enough for the busiest machine: it ends a test that would otherwise hang, and is no part of what a test says.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// The one API server of this process. It is not stopped by us (a static is never dropped): it ends, and removes its data, when
/// it sees that this process is gone.
static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where API servers of tests come from.
#[allow(clippy::disallowed_methods, reason = "tests have no command line to be configured by")]
pub fn source() -> Source {
    Source::detect(&|name| std::env::var(name).ok(), root()).unwrap_or_else(|error| panic!("{error}"))
}

/// A folder for this process alone, below the build's own folder for tests. It goes with what is in it.
pub fn scratch(prefix: &str) -> tempfile::TempDir {
    tempfile::Builder::new().prefix(prefix).tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// The shared API server, started by the first who asks.
pub async fn cluster() -> &'static Cluster {
    let start = || async {
        // The API server removes the folder when it ends, which is after us.
        let dir = scratch("apiserver-").keep();
        Cluster::start(source(), Settings { dir, port: 0, keep: false }).await
    };
    CLUSTER.get_or_try_init(start).await.unwrap_or_else(|error| panic!("{}", chain(&error)))
}

/// A client of the shared API server for this test: a client belongs to the runtime that it is made in, and each test has its own.
pub async fn client() -> Client {
    cluster().await.client().await.unwrap_or_else(|error| panic!("{}", chain(&error)))
}

/// A fresh namespace.
pub async fn namespace(client: &Client) -> String {
    let metadata = ObjectMeta { generate_name: Some("it-".to_owned()), ..ObjectMeta::default() };
    let namespace = Namespace { metadata, ..Namespace::default() };
    let created = Api::all(client.clone()).create(&PostParams::default(), &namespace).await.unwrap();
    created.metadata.name.unwrap()
}

/// What a program said.
#[derive(Debug)]
pub struct Said {
    pub success: bool,
    /// None when a signal ended it.
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    /// Its standard output, after a success.
    #[track_caller]
    pub fn ok(self) -> String {
        assert!(self.success, "{}{}", self.stdout, self.stderr);
        self.stdout
    }

    /// What it complained about, after a failure.
    #[track_caller]
    pub fn refused(self) -> String {
        assert!(!self.success, "it went through: {}", self.stdout);
        self.stderr
    }
}

/// Runs kubectl against the shared API server, with `input` as its standard input.
pub async fn kubectl(arguments: &[&str], input: &str) -> Said {
    let cluster = cluster().await;
    kubectl_on(cluster, arguments, input).await
}

/// The same against another API server.
pub async fn kubectl_on(cluster: &Cluster, arguments: &[&str], input: &str) -> Said {
    let mut command = Command::new(cluster.kubectl());
    command.args(arguments).env("KUBECONFIG", cluster.kubeconfig());
    // Else it would fill a cache in the home folder with what it learns about servers of a minute's life.
    command.env("KUBECACHEDIR", env!("CARGO_TARGET_TMPDIR"));
    say(command, input).await
}

/// A program that `make tools` builds: `helm`, `promtool` or `gitops`.
pub fn tool(name: &str) -> Command {
    let path = root().join("target/tools").join(name);
    assert!(path.is_file(), "there is no {}: build it with `make tools`", path.display());
    Command::new(path)
}

/// Runs a program to its end, with `input` as its standard input.
pub async fn say(mut command: Command, input: &str) -> Said {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let (written, output) = tokio::join!(
        async move { stdin.write_all(input.as_bytes()).await },
        tokio::time::timeout(DEADLINE, child.wait_with_output())
    );
    let output = output.unwrap_or_else(|_| panic!("it hangs: {command:?}")).unwrap();
    // A program that refuses its arguments does not read its input.
    written.unwrap_or_default();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said {
        success: output.status.success(),
        status: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// Waits, by a watch, until an object is as `condition` says, and returns it. `condition` sees `None` while there is no object.
///
/// # Panics
/// When `deadline` passes; the message shows the object as it is then.
#[track_caller]
pub fn await_object<K>(
    api: Api<K>,
    name: &str,
    condition: impl Condition<K> + Send + 'static,
    deadline: Duration,
) -> impl Future<Output = Option<K>>
where
    K: Resource + Clone + Debug + DeserializeOwned + Serialize + Send + 'static,
{
    let caller = std::panic::Location::caller();
    let name = name.to_owned();
    async move {
        match tokio::time::timeout(deadline, await_condition(api.clone(), &name, condition)).await {
            Ok(object) => object.unwrap(),
            Err(_) => panic!("waited {deadline:?} at {caller}; it is {}", shown(api.get_opt(&name).await.unwrap())),
        }
    }
}

/// An object as a failed test shows it.
fn shown<K: Resource + Serialize>(object: Option<K>) -> String {
    let object = object.map(|mut object| {
        object.meta_mut().managed_fields = None;
        object
    });
    serde_json::to_string_pretty(&object).unwrap()
}

/// An error with its causes.
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
