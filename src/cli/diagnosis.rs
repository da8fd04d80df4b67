//! `provost diagnosis`: fetches a portal's diagnosis file into a file, with the AdminApi and the Secret that the portal's object names.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use clap::Args;
use kube::api::{Api, DynamicObject};
use kube::core::ApiResource;
use kube::{Client as Cluster, ResourceExt};
use serde_json::Value as Json;
use tempfile::NamedTempFile;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;

use super::plan::connections;
use super::plan::sources::Sources;
use super::target::ClusterArgs;
use super::{Failure, interrupted};
use crate::engine::kubernetes::call;
use crate::engine::policy::EXTERNAL_ID;
use crate::intrexx::client::Client;
use crate::kinds::TABLES;

/// Between two words about how far it got.
const BEAT: Duration = Duration::from_millis(200);

/// The status that shells give a program that was interrupted.
const INTERRUPTED: u8 = 130;

const HELP: &str = "\
The file may hold passwords and personal data. Only you can read it, and it is there only once it is whole.

Exit status:
  0    the file is there
  1    there is none, and why is told
  130  it was interrupted, and there is none

Examples:
  provost diagnosis sales -o diagnosis-sales.zip
  provost diagnosis sales -n team -o /tmp/diagnosis.zip";

/// Fetch the diagnosis file of an Intrexx portal
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct DiagnosisArgs {
    /// The name of an IntrexxPortal in the cluster
    #[arg(value_name = "PORTAL")]
    pub portal: String,
    /// Where to write the file; one that is there is replaced
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// The namespace of the IntrexxPortal; otherwise that of the current context
    #[arg(short, long)]
    pub namespace: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "its fields are the flags")]
    pub cluster: ClusterArgs,
}

/// Fetches the file.
///
/// # Errors
/// The portal, its AdminApi or a Secret is missing, the vendor does not give the file, or it cannot be written.
pub async fn run(args: DiagnosisArgs) -> Result<ExitCode, Failure> {
    // First of all, so that nobody waits for a file that has no place.
    let folder = args.output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let unwritable = |error: std::io::Error| format!("cannot write {}: {error}", args.output.display());
    // Made for its owner alone, beside the place where it will be, and gone again when it does not come to that.
    let file = NamedTempFile::new_in(folder).map_err(unwritable)?;
    let cluster = args.cluster.client().await?;
    let namespace = args.namespace.as_deref().unwrap_or(cluster.default_namespace()).to_owned();
    let (client, portal) = reach(cluster, &namespace, &args.portal).await?;
    let copy = tokio::fs::File::from_std(file.reopen().map_err(unwritable)?);
    let mut sink = Counted::new(copy, &args.portal);
    let length = tokio::select! {
        fetched = fetch(&client, &portal, &mut sink) => fetched?,
        stopped = interrupted() => {
            stopped?;
            return Ok(ExitCode::from(INTERRUPTED));
        }
    };
    file.as_file().sync_all().map_err(unwritable)?;
    file.persist(&args.output).map_err(|error| unwritable(error.error))?;
    sink.tell(&format!("{}: {length} bytes", args.output.display()));
    Ok(ExitCode::SUCCESS)
}

async fn fetch(client: &Client, portal: &str, sink: &mut Counted) -> Result<u64, Failure> {
    client.diagnosis(portal, sink).await?;
    sink.file.flush().await?;
    if sink.length == 0 {
        return Err(format!("the vendor's diagnosis file of the portal {portal} is empty").into());
    }
    Ok(sink.length)
}

/// A client for the Administration API of a portal's object, and the portal's technical name there.
async fn reach(cluster: Cluster, namespace: &str, name: &str) -> Result<(Client, String), Failure> {
    let found =
        call(Api::<DynamicObject>::namespaced_with(cluster.clone(), namespace, &resource()).get_opt(name)).await?;
    let object = found.ok_or_else(|| {
        format!("there is no IntrexxPortal {namespace}/{name}; name one that `kubectl get intrexxportals` shows, or its namespace")
    })?;
    let known = [object.annotations().get(EXTERNAL_ID).map(String::as_str), object.data["spec"]["portalName"].as_str()];
    let portal = known.into_iter().flatten().find(|known| !known.is_empty());
    let portal =
        portal.ok_or_else(|| format!("the IntrexxPortal {namespace}/{name} does not say its portalName"))?.to_owned();
    let reference = &object.data["spec"]["adminApi"];
    let owner = reference["namespace"].as_str().unwrap_or(namespace).to_owned();
    let admin_api = (owner, reference["name"].as_str().unwrap_or_default().to_owned());
    let sources = Sources::new(Default::default(), Default::default(), Some(cluster));
    let unusable = |why: String| format!("the AdminApi {}/{} cannot be used: {why}", admin_api.0, admin_api.1);
    let connected = connections::connect(&sources, &TABLES, &admin_api, None::<&Json>, Instant::now()).await;
    let connected = connected.map_err(|stop| unusable(sources.scrub(&stop.told())))?;
    let client = Arc::downcast::<Client>(connected.client).map_err(|_| unusable("it is not for Intrexx".to_owned()))?;
    Ok((client.as_ref().clone(), portal))
}

fn resource() -> ApiResource {
    ApiResource {
        group: "provost.dev".to_owned(),
        version: "v1alpha1".to_owned(),
        api_version: "provost.dev/v1alpha1".to_owned(),
        kind: "IntrexxPortal".to_owned(),
        plural: "intrexxportals".to_owned(),
    }
}

/// A file that counts what is written into it, and tells of it on a terminal.
struct Counted {
    file: tokio::fs::File,
    name: String,
    length: u64,
    terminal: bool,
    told: Instant,
}

impl Counted {
    fn new(file: tokio::fs::File, name: &str) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { file, name: name.to_owned(), length: 0, terminal, told: Instant::now() }
    }

    /// Leaves a line on standard error.
    fn tell(&self, words: &str) {
        let clear = if self.terminal { "\r\u{1b}[K" } else { "" };
        // With standard error gone there is nobody left to tell.
        drop(writeln!(std::io::stderr(), "{clear}{words}"));
    }

    fn grow(&mut self, bytes: usize) {
        self.length += u64::try_from(bytes).unwrap_or_default();
        if self.terminal && self.told.elapsed() >= BEAT {
            self.told = Instant::now();
            let megabytes = self.length / 1_000_000;
            drop(write!(std::io::stderr(), "\r\u{1b}[Kdiagnosis of {}: {megabytes} MB", self.name));
        }
    }
}

impl AsyncWrite for Counted {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        let this = self.get_mut();
        let count = ready!(Pin::new(&mut this.file).poll_write(context, bytes))?;
        this.grow(count);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().file).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().file).poll_shutdown(context)
    }
}
