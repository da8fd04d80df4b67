//! Election: what a standby does about the Lease that it read. Pure; the clock is an argument, and nobody else's clock counts.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::ResourceExt;
use tokio::time::Instant;

use crate::base::clock::precisely_now;

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Write this, which makes us the holder unless somebody writes first.
    Claim(Box<Lease>),
    /// Somebody holds it, and may do so until then.
    Wait(Instant),
}

struct Seen {
    version: Option<String>,
    held: bool,
    expires: Instant,
}

/// One process's view of the election.
pub struct Election {
    identity: String,
    duration: Duration,
    seen: Option<Seen>,
    epoch: u64,
}

impl Election {
    /// Of a process with this unique identity, that holds the Lease for `duration`.
    pub fn new(identity: String, duration: Duration) -> Self {
        Self { identity, duration, seen: None, epoch: 0 }
    }

    /// What to do about the Lease, read a moment before `now`; none when there is none.
    pub fn judge(&mut self, read: Option<Lease>, now: Instant) -> Step {
        let Some(lease) = read else {
            return match &self.seen {
                // Somebody deleted it, and its holder may not know yet.
                Some(seen) if seen.held && now < seen.expires => Step::Wait(seen.expires),
                _ => self.claim(Lease::default(), self.epoch + 1),
            };
        };
        let holder = holder(&lease).map(str::to_owned);
        let expires = match &self.seen {
            Some(seen) if seen.version == lease.resource_version() => seen.expires,
            _ => now + duration(&lease).max(self.duration),
        };
        self.seen = Some(Seen { version: lease.resource_version(), held: holder.is_some(), expires });
        self.epoch = self.epoch.max(epoch(&lease));
        match holder {
            // The answer to our own claim was lost.
            Some(holder) if holder == self.identity => self.claim(lease, self.epoch),
            Some(_) if now < expires => Step::Wait(expires),
            _ => self.claim(lease, self.epoch + 1),
        }
    }

    /// Whether a Lease is ours.
    pub fn is_ours(&self, lease: &Lease) -> bool {
        holder(lease) == Some(self.identity.as_str())
    }

    fn claim(&self, mut lease: Lease, epoch: u64) -> Step {
        let now = Some(MicroTime(precisely_now()));
        let seconds = i32::try_from(self.duration.as_secs()).unwrap_or(i32::MAX);
        lease.spec = Some(LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: Some(seconds),
            lease_transitions: Some(i32::try_from(epoch).unwrap_or(i32::MAX)),
            acquire_time: now.clone(),
            renew_time: now,
            ..lease.spec.unwrap_or_default()
        });
        Step::Claim(Box::new(lease))
    }
}

/// A Lease that we hold, held on to.
pub fn renewed(mut lease: Lease) -> Lease {
    if let Some(spec) = &mut lease.spec {
        spec.renew_time = Some(MicroTime(precisely_now()));
    }
    lease
}

/// A Lease that we held, for whoever comes first.
pub fn released(mut lease: Lease) -> Lease {
    if let Some(spec) = &mut lease.spec {
        spec.holder_identity = None;
        // As others write it who release one: even who does not know an empty holder waits no longer than this.
        spec.lease_duration_seconds = Some(1);
        spec.renew_time = Some(MicroTime(precisely_now()));
    }
    lease
}

/// Who holds a Lease; none when it was released.
pub fn holder(lease: &Lease) -> Option<&str> {
    lease.spec.as_ref()?.holder_identity.as_deref().filter(|holder| !holder.is_empty())
}

/// How often a Lease was taken: the number of its present term.
pub fn epoch(lease: &Lease) -> u64 {
    let transitions = lease.spec.as_ref().and_then(|spec| spec.lease_transitions);
    transitions.and_then(|transitions| u64::try_from(transitions).ok()).unwrap_or_default()
}

fn duration(lease: &Lease) -> Duration {
    let seconds = lease.spec.as_ref().and_then(|spec| spec.lease_duration_seconds);
    Duration::from_secs(seconds.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or_default())
}
