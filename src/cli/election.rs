//! The leader election of `provost run`: its flags, and the life of a replica that takes part in it.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use kube::{Client, Config};
use tokio::task::JoinHandle;
use tokio::time::timeout_at;
use tokio_util::sync::CancellationToken;

use super::{Failure, interrupted};
use crate::base::access::Gate;
use crate::ops::lease::{BadTerms, Candidate, KubernetesLease, Leadership, Terms};

/// How replicas agree on the one that works.
#[derive(Debug, Clone, clap::Args)]
pub struct ElectionArgs {
    /// Whether to work only while holding the Lease; false only where nothing ever starts a second replica
    #[arg(
        long,
        env = "PROVOST_LEADER_ELECTION",
        default_value_t = true,
        action = clap::ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_name = "true|false"
    )]
    pub leader_election: bool,
    /// The name of the Lease, in the operator's own namespace
    #[arg(long, env = "PROVOST_LEASE_NAME", default_value = "provost", value_name = "NAME")]
    pub lease_name: String,
    /// How long another replica waits for a sign of life of the leader before it takes over
    #[arg(long, env = "PROVOST_LEASE_DURATION_SECONDS", default_value_t = 15, value_name = "SECONDS",
          value_parser = clap::value_parser!(u16).range(1..))]
    pub lease_duration_seconds: u16,
    /// How long the leader may write without having renewed the Lease; at least 5 s shorter than the lease duration
    #[arg(long, env = "PROVOST_RENEW_DEADLINE_SECONDS", default_value_t = 10, value_name = "SECONDS",
          value_parser = clap::value_parser!(u16).range(1..))]
    pub renew_deadline_seconds: u16,
    /// How often the leader renews the Lease, and the others look at it
    #[arg(long, env = "PROVOST_RETRY_PERIOD_SECONDS", default_value_t = 2, value_name = "SECONDS",
          value_parser = clap::value_parser!(u16).range(1..))]
    pub retry_period_seconds: u16,
}

impl ElectionArgs {
    /// The times of the election; none when there is none.
    ///
    /// # Errors
    /// They do not fit together.
    pub fn terms(&self) -> Result<Option<Terms>, BadTerms> {
        let seconds = |value: u16| Duration::from_secs(u64::from(value));
        let terms = Terms {
            lease: seconds(self.lease_duration_seconds),
            renew: seconds(self.renew_deadline_seconds),
            retry: seconds(self.retry_period_seconds),
        };
        if self.leader_election { terms.check().map(Some) } else { Ok(None) }
    }
}

/// The candidacy of this process.
pub struct Candidacy {
    leadership: Arc<Leadership>,
    /// Begins the candidacy.
    warm: CancellationToken,
    /// Ends the candidacy of a standby, and the operator.
    stop: CancellationToken,
    /// Ends the holding of the Lease.
    drained: CancellationToken,
    task: JoinHandle<()>,
}

impl Candidacy {
    /// A candidacy for the Lease `namespace/name`, with a Kubernetes client for that alone. It begins when [`Candidacy::leading`] is
    /// awaited: whoever has not seen yet what there is to do must not keep others from doing it.
    ///
    /// # Errors
    /// No client can be made, or there is no randomness for a name that no other process has.
    pub fn new(
        mut config: Config,
        namespace: &str,
        args: &ElectionArgs,
        identity: &str,
        terms: Terms,
        stop: CancellationToken,
    ) -> Result<Self, Failure> {
        // A new connection must not outlast the call that needs it.
        config.connect_timeout = Some(terms.call());
        let store = KubernetesLease::new(Client::try_from(config)?, namespace, &args.lease_name);
        let leadership = Arc::new(Leadership::default());
        let candidate = Candidate::new(store, unique(identity)?, terms, leadership.clone());
        let (warm, drained) = (CancellationToken::new(), CancellationToken::new());
        let (begun, ended, released) = (warm.clone(), stop.clone(), drained.clone());
        let task = tokio::spawn(async move {
            ended.run_until_cancelled(begun.cancelled()).await;
            candidate.run(ended, released).await;
        });
        Ok(Self { leadership, warm, stop, drained, task })
    }

    /// Begins, and returns when this process leads.
    pub fn leading(&self) -> BoxFuture<'static, ()> {
        let (warm, leadership) = (self.warm.clone(), self.leadership.clone());
        Box::pin(async move {
            warm.cancel();
            leadership.won().await;
        })
    }

    /// What this process may do.
    pub fn leadership(&self) -> Arc<Leadership> {
        self.leadership.clone()
    }

    /// Lives until told to stop, or until the Lease is lost. `running` is the operator.
    ///
    /// Told to stop, the operator finishes what is under way while the Lease is renewed; then the Lease is released. If the time for that
    /// runs out, it is not: what is still under way must have ended before another process goes on.
    ///
    /// # Errors
    /// The Lease is lost. What was under way had until its end to be finished.
    pub async fn live(self, mut running: JoinHandle<bool>) -> Result<(), Failure> {
        let lost = tokio::select! {
            told = interrupted() => {
                told?;
                tracing::info!("told to stop");
                None
            }
            lost = self.leadership.lost() => Some(lost),
            // It ends by itself when it may not write any more, a moment before the election says so.
            ended = &mut running => {
                if self.leadership.is_open() {
                    return Err(ended.map_or_else(Failure::from, |_| "the operator ended by itself".into()));
                }
                return Err(self.leadership.lost().await.into());
            }
        };
        self.stop.cancel();
        let lost = match lost {
            Some(lost) => lost,
            None => tokio::select! {
                drained = &mut running => {
                    if drained? {
                        self.drained.cancel();
                        self.task.await?;
                    }
                    return Ok(());
                }
                lost = self.leadership.lost() => lost,
            },
        };
        // Whoever is about to take over waits until then.
        drop(timeout_at(lost.expires, running).await);
        Err(lost.into())
    }
}

/// A name that no other process ever has: a restarted one must not take the Lease of its former self for its own.
fn unique(identity: &str) -> Result<String, Failure> {
    let mut bytes = [0; 6];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| "the operating system has no randomness")?;
    Ok(format!("{identity}_{}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}
