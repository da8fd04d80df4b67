//! Candidate: stands for election, holds the Lease once it is won, and gives it back when all work is done.

use std::future::Future;
use std::sync::Arc;

use k8s_openapi::api::coordination::v1::Lease;
use kube::ResourceExt;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::Terms;
use super::election::{Election, Step, epoch, holder, released, renewed};
use super::leadership::{Leadership, Lost};
use super::store::{Refusal, Store};
use crate::base::clock::jitter;

/// One process in the election.
pub struct Candidate<S> {
    store: S,
    election: Election,
    terms: Terms,
    leadership: Arc<Leadership>,
}

/// The Lease while it is ours.
struct Held {
    lease: Lease,
    /// When the last write of it that worked was sent.
    renewed: Instant,
}

/// The end of a term, in words.
struct Taken(String);

enum Attempt {
    Won(Box<Held>),
    Wait { until: Instant, version: Option<String> },
}

impl<S: Store> Candidate<S> {
    /// A candidate that nobody knows of before it runs. `identity` must be unique among all processes that ever ran.
    pub fn new(store: S, identity: String, terms: Terms, leadership: Arc<Leadership>) -> Self {
        Self { store, election: Election::new(identity, terms.lease), terms, leadership }
    }

    /// Takes part until the Lease is lost, which `leadership` tells, or given back. `stop` ends the candidacy of a standby, and nothing
    /// else: a Lease that is held is held until `drained`, and then released.
    pub async fn run(mut self, stop: CancellationToken, drained: CancellationToken) {
        let Some(mut held) = self.campaign(&stop).await else { return self.leadership.end(None) };
        tracing::info!(epoch = epoch(&held.lease), holder = holder(&held.lease), "leads");
        match self.keep(&mut held, &drained).await {
            Ok(()) => {
                self.leadership.end(None);
                self.release(held).await;
            }
            Err(Taken(why)) => {
                let expires = held.renewed + self.terms.lease;
                tracing::error!(why, "lost the lease");
                self.leadership.end(Some(Lost { why, expires }));
            }
        }
    }

    async fn campaign(&mut self, stop: &CancellationToken) -> Option<Box<Held>> {
        let mut complained = false;
        let mut told: Option<String> = None;
        while !stop.is_cancelled() {
            let retry = Instant::now() + jitter(self.terms.retry, 0.2);
            // Not dropped by `stop`: a claim that is under way may be carried out, and nobody would give the Lease back.
            let (until, version) = match self.attempt(&mut told).await {
                Ok(Attempt::Won(held)) => {
                    self.lead(&held);
                    return Some(held);
                }
                Ok(Attempt::Wait { until, version }) => {
                    complained = false;
                    (until.min(retry), version)
                }
                Err(error) => {
                    // Said once an outage.
                    if !std::mem::replace(&mut complained, true) {
                        tracing::warn!(%error, "cannot read or write the lease, will keep trying");
                    }
                    (retry, None)
                }
            };
            let changed = async {
                match &version {
                    Some(version) => self.store.changed(version).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = sleep_until(until) => {}
                () = changed => {}
                () = stop.cancelled() => {}
            }
        }
        None
    }

    async fn attempt(&mut self, told: &mut Option<String>) -> Result<Attempt, Refusal> {
        let read = self.call(self.store.read()).await?;
        let (version, other) =
            read.as_ref().map_or((None, None), |lease| (lease.resource_version(), holder(lease).map(str::to_owned)));
        let now = Instant::now();
        match self.election.judge(read, now) {
            Step::Wait(until) => {
                if *told != other {
                    tracing::info!(holder = other, "stands by: another process leads");
                    *told = other;
                }
                Ok(Attempt::Wait { until, version })
            }
            Step::Claim(lease) => {
                let sent = Instant::now();
                match self.call(self.store.write(&lease)).await {
                    Ok(lease) => Ok(Attempt::Won(Box::new(Held { lease, renewed: sent }))),
                    // Somebody was faster; who, the next look says.
                    Err(Refusal::Conflict | Refusal::Missing) => {
                        Ok(Attempt::Wait { until: now + self.terms.retry, version })
                    }
                    Err(error) => Err(error),
                }
            }
        }
    }

    fn lead(&self, held: &Held) {
        self.leadership.lead(epoch(&held.lease), held.renewed + self.terms.renew);
    }

    /// Renews until `drained`.
    async fn keep(&self, held: &mut Held, drained: &CancellationToken) -> Result<(), Taken> {
        let mut trouble: Option<Refusal> = None;
        let mut next = held.renewed + self.terms.retry;
        loop {
            let deadline = held.renewed + self.terms.renew;
            tokio::select! {
                () = sleep_until(next.min(deadline)) => {}
                () = drained.cancelled() => return Ok(()),
            }
            if Instant::now() >= deadline {
                let cause =
                    trouble.map_or_else(|| "this process did not get to it".to_owned(), |error| error.to_string());
                return Err(Taken(format!("it was not renewed within {} s ({cause})", self.terms.renew.as_secs())));
            }
            tokio::select! {
                result = timeout_at(deadline, self.renew(held)) => match result {
                    Ok(Ok(())) => {
                        self.lead(held);
                        trouble = None;
                        next = held.renewed + self.terms.retry;
                    }
                    Ok(Err(Ended::Taken(taken))) => return Err(taken),
                    Ok(Err(Ended::NotYet(error))) => {
                        tracing::debug!(%error, "could not renew the lease, will try again");
                        // Conflicts are over with the next write; for the rest a moment's pause.
                        let pause = if matches!(error, Refusal::Conflict) { self.terms.retry / 20 } else { self.terms.retry / 2 };
                        next = Instant::now() + pause;
                        trouble = Some(error);
                    }
                    Err(_) => trouble = Some(unanswered()),
                },
                () = drained.cancelled() => return Ok(()),
            }
        }
    }

    async fn renew(&self, held: &mut Held) -> Result<(), Ended> {
        let sent = Instant::now();
        match self.call(self.store.write(&renewed(held.lease.clone()))).await {
            Ok(lease) => {
                *held = Held { lease, renewed: sent };
                Ok(())
            }
            Err(Refusal::Conflict) => {
                // A renewal of ours whose answer was lost, a label that somebody set, or another holder.
                self.reread(held).await?;
                Err(Ended::NotYet(Refusal::Conflict))
            }
            Err(Refusal::Missing) => Err(deleted()),
            Err(error) => Err(Ended::NotYet(error)),
        }
    }

    /// Reads a Lease that was ours, which it must still be.
    async fn reread(&self, held: &mut Held) -> Result<(), Ended> {
        let read = self.call(self.store.read()).await.map_err(Ended::NotYet)?;
        let lease = read.ok_or_else(deleted)?;
        if self.election.is_ours(&lease) {
            held.lease = lease;
            return Ok(());
        }
        let why = match holder(&lease) {
            Some(other) => format!("{other} took it"),
            None => "somebody released it".to_owned(),
        };
        Err(Ended::Taken(Taken(why)))
    }

    async fn release(&self, mut held: Box<Held>) {
        loop {
            let error = match self.call(self.store.write(&released(held.lease.clone()))).await {
                Ok(_) => return tracing::info!("released the lease"),
                Err(Refusal::Conflict) => match self.reread(&mut held).await {
                    Ok(()) if Instant::now() < held.renewed + self.terms.lease => continue,
                    _ => Refusal::Conflict,
                },
                Err(error) => error,
            };
            return tracing::warn!(%error, "could not release the lease; it runs out by itself");
        }
    }

    async fn call<T>(&self, future: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
        let limit = self.terms.call();
        timeout(limit, future).await.unwrap_or_else(|_| Err(unanswered()))
    }
}

impl<S> Drop for Candidate<S> {
    /// Whoever waits for the end of a term must not wait for an election that ended by surprise.
    fn drop(&mut self) {
        self.leadership.end_if_open(|| Lost { why: "the election ended".to_owned(), expires: Instant::now() });
    }
}

/// Why a renewal did not work.
enum Ended {
    /// The term is over.
    Taken(Taken),
    /// It may work the next time.
    NotYet(Refusal),
}

fn unanswered() -> Refusal {
    Refusal::Failed("Kubernetes did not answer in time".into())
}

fn deleted() -> Ended {
    Ended::Taken(Taken("somebody deleted it".to_owned()))
}
