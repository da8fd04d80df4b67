//! `provost run`: the operator.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, ready};
use kube::Client;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::election::{Candidacy, ElectionArgs};
use super::{Failure, interrupted, kubernetes};
use crate::base::access::Gate;
use crate::base::custody;
use crate::base::secret::FingerprintKey;
use crate::engine::context::Settings;
use crate::engine::kubernetes::ensure_secret;
use crate::engine::operator::Operator;
use crate::engine::registry::Tables;
use crate::engine::watch::Namespaces;
use crate::kinds::TABLES;
use crate::ops::admin::AdminServer;
use crate::ops::change_log::Destination;
use crate::ops::lease::AlwaysHeld;
use crate::ops::telemetry::{self, LogFormat};

/// The Secret with the key under which the installation takes fingerprints of write-only values.
pub const KEY_SECRET: &str = "provost-fingerprint-key";

/// Run the operator until Ctrl-C or SIGTERM
///
/// It works on the cluster that KUBECONFIG names, or on the one it runs in. The custom resource definitions must be installed (folder crds/).
/// Of several replicas one works, the holder of a Lease; the others stand by. A replica that loses the Lease ends with status 1.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// Manage objects of these namespaces only; repeat it or separate them by commas. Default: all
    #[arg(long = "watch-namespace", env = "PROVOST_WATCH_NAMESPACES", value_delimiter = ',', value_name = "NAMESPACE")]
    pub watch_namespaces: Vec<String>,
    /// The operator's own namespace, for what belongs to the installation
    #[arg(long, env = "PROVOST_NAMESPACE", default_value = "provost-system")]
    pub namespace: String,
    /// The operator's name in Events and in the Lease, usually the pod's name
    #[arg(long, env = "PROVOST_IDENTITY", default_value = "provost")]
    pub identity: String,
    /// Where to serve /metrics, /healthz and /readyz
    #[arg(long, env = "PROVOST_ADMIN_ADDRESS", default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    pub admin_address: SocketAddr,
    /// How many objects may be worked on at once, over all AdminApis (each has a limit of its own)
    #[arg(long, env = "PROVOST_CONCURRENCY", default_value_t = 128, value_parser = clap::value_parser!(u16).range(1..))]
    pub concurrency: u16,
    /// How many seconds work under way may take to end after SIGTERM
    #[arg(long, env = "PROVOST_DRAIN_SECONDS", default_value_t = 25)]
    pub drain_seconds: u64,
    /// Where the change record goes, one JSON line for every write at a vendor: stdout, stderr, none, or a file to append to. The
    /// log goes to stderr
    #[arg(long, env = "PROVOST_CHANGE_LOG", default_value = "stdout", value_name = "stdout|stderr|none|FILE")]
    pub change_log: Destination,
    #[command(flatten)]
    #[allow(missing_docs, reason = "its fields are the flags")]
    pub election: ElectionArgs,
    /// How log lines look
    #[arg(long, env = "PROVOST_LOG_FORMAT", value_enum, default_value = "json")]
    pub log_format: LogFormat,
    /// What is logged: a level, or a filter such as info,provost=debug
    #[arg(
        long,
        env = "PROVOST_LOG",
        default_value = "info,kube_client=error,kube_runtime=error",
        value_name = "FILTER"
    )]
    pub log: String,
}

impl RunArgs {
    fn settings(&self) -> Settings {
        let namespaces = match self.watch_namespaces.as_slice() {
            [] => Namespaces::All,
            names => Namespaces::Only(names.to_vec()),
        };
        Settings {
            namespaces,
            own_namespace: self.namespace.clone(),
            identity: self.identity.clone(),
            concurrency: usize::from(self.concurrency),
            drain: Duration::from_secs(self.drain_seconds),
            ..Settings::default()
        }
    }
}

/// Runs the operator.
///
/// # Errors
/// It cannot start, or it lost the Lease.
pub async fn run(args: RunArgs) -> Result<(), Failure> {
    let terms = args.election.terms()?;
    telemetry::start(args.log_format, &args.log, None)?;
    let config = kubernetes::config().await?;
    let client = kubernetes::client(config.clone())?;
    let mut settings = args.settings();
    settings.changes = args.change_log.open().map_err(|error| {
        format!("cannot write the change record to {}: {error}; choose another --change-log", args.change_log)
    })?;
    let admin = AdminServer::bind(args.admin_address)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}; choose another --admin-address", args.admin_address))?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), admin = %admin.address()?, "starting");
    let stop = CancellationToken::new();
    let Some(terms) = terms else {
        let running = start(client, TABLES, settings, Some(admin), stop.clone()).await?;
        interrupted().await?;
        tracing::info!("told to stop");
        stop.cancel();
        running.await?;
        custody::given_back().await;
        return Ok(());
    };
    let candidacy = Candidacy::new(config, &args.namespace, &args.election, &args.identity, terms, stop.clone())?;
    let (gate, leading) = (candidacy.leadership(), candidacy.leading());
    let running = start_under(client, TABLES, settings, Some(admin), stop, gate, leading).await?;
    let lived = candidacy.live(running).await;
    custody::given_back().await;
    lived
}

/// Starts an operator that knows these vendors and kinds, as the only one; it ends some time after `stop`.
///
/// # Errors
/// The installation's own Secret can neither be read nor made.
pub async fn start(
    client: Client,
    tables: Tables,
    settings: Settings,
    admin: Option<AdminServer>,
    stop: CancellationToken,
) -> Result<JoinHandle<bool>, Failure> {
    start_under(client, tables, settings, admin, stop, Arc::new(AlwaysHeld), Box::pin(ready(()))).await
}

/// The same for one of several: it only watches until `leading` returns, and writes at vendors only while `gate` is open. It ends with
/// whether all that was under way is finished.
///
/// # Errors
/// The installation's own Secret can neither be read nor made.
pub async fn start_under(
    client: Client,
    tables: Tables,
    settings: Settings,
    admin: Option<AdminServer>,
    stop: CancellationToken,
    gate: Arc<dyn Gate>,
    leading: BoxFuture<'static, ()>,
) -> Result<JoinHandle<bool>, Failure> {
    let key = fingerprint_key(&client, &settings.own_namespace).await?;
    let operator = Operator::new(client, tables, settings, key, gate);
    let (ready, is_ready) = watch::channel(false);
    if let Some(admin) = admin {
        let engine = operator.engine();
        let stop = stop.clone();
        tokio::spawn(async move {
            if let Err(error) = admin.serve(engine, is_ready, stop).await {
                tracing::error!(%error, "the admin server ended");
            }
        });
    }
    Ok(tokio::spawn(operator.run(stop, leading, ready)))
}

async fn fingerprint_key(client: &Client, namespace: &str) -> Result<FingerprintKey, Failure> {
    let fresh = FingerprintKey::random_bytes().map_err(|_| "the operating system has no randomness")?;
    let bytes = ensure_secret(client, namespace, KEY_SECRET, "key", fresh.to_vec()).await.map_err(|error| {
        format!("cannot read or make the Secret {namespace}/{KEY_SECRET}: {error}; does the namespace exist, and may we write there?")
    })?;
    if bytes.len() < 32 {
        return Err(format!(
            "the Secret {namespace}/{KEY_SECRET} has no key of 32 bytes or more; delete it to have it made anew"
        )
        .into());
    }
    Ok(FingerprintKey::new(&bytes))
}
