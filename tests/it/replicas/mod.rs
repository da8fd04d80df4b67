//! Several replicas of the program itself, as processes of their own, on one namespace of the real API server and one vendor.
//!
//! Which of them wrote at the vendor, each one's log tells: it has a line for each of its vendor calls.

mod crowd;
mod forwarder;
mod hand_over;
mod partition;
mod replica;
mod restart;
mod start;
mod suspend;
mod takeover;

use k8s_openapi::api::coordination::v1::Lease;
use provost::myintranetapps::sim::Options;

use crate::harness::{DEADLINE, await_object};
use crate::stage::Stage;

/// A namespace with a vendor and its AdminApi, and nobody who works there yet.
async fn stage() -> Stage {
    let stage = Stage::bare(Options::default()).await;
    stage.connect().await;
    stage
}

fn holder(lease: &Lease) -> Option<&str> {
    lease.spec.as_ref()?.holder_identity.as_deref()
}

fn transitions(lease: &Lease) -> Option<i32> {
    lease.spec.as_ref()?.lease_transitions
}

/// The Lease that the replicas of a stage want.
async fn lease(stage: &Stage) -> Lease {
    stage.api::<Lease>().get("provost").await.unwrap()
}

/// Waits until the Lease is as `wanted` says.
async fn lease_until(stage: &Stage, wanted: impl Fn(&Lease) -> bool + Send + 'static) -> Lease {
    let wanted = move |lease: Option<&Lease>| lease.is_some_and(&wanted);
    await_object(stage.api::<Lease>(), "provost", wanted, DEADLINE).await.unwrap()
}
