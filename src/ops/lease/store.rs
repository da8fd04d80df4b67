//! Store: where the Lease is kept.

use std::error::Error;
use std::future::{Future, pending};

use futures::StreamExt;
use futures::stream::BoxStream;
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Api, PostParams, WatchEvent, WatchParams};
use kube::{Client, ResourceExt};
use tokio::sync::Mutex;

/// Why the Lease was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is not as it was when it was read.
    #[error("somebody else wrote it first")]
    Conflict,
    /// It does not exist (any more).
    #[error("it does not exist")]
    Missing,
    /// No answer, or an answer that says neither of these.
    #[error(transparent)]
    Failed(Box<dyn Error + Send + Sync>),
}

/// Keeps one Lease. Calls may be dropped, and may have been carried out then.
pub trait Store: Send + Sync {
    /// The Lease as it is now, never as it was; none when there is none.
    fn read(&self) -> impl Future<Output = Result<Option<Lease>, Refusal>> + Send;

    /// Makes the Lease (when it has no resourceVersion), or replaces the one of just that version. Returns it as it is stored.
    fn write(&self, lease: &Lease) -> impl Future<Output = Result<Lease, Refusal>> + Send;

    /// Returns when the Lease may not be of this version any more. It may never return: whoever waits here looks by the clock as well.
    fn changed(&self, version: &str) -> impl Future<Output = ()> + Send;
}

/// A Lease in Kubernetes.
pub struct KubernetesLease {
    api: Api<Lease>,
    name: String,
    /// The watch, which outlives a look: each new one would be a new connection.
    events: Mutex<Option<BoxStream<'static, kube::Result<WatchEvent<Lease>>>>>,
}

impl KubernetesLease {
    /// The Lease of this name, through a client that serves nothing else: no other traffic may hold up a renewal.
    pub fn new(client: Client, namespace: &str, name: &str) -> Self {
        Self { api: Api::namespaced(client, namespace), name: name.to_owned(), events: Mutex::default() }
    }
}

impl Store for KubernetesLease {
    async fn read(&self) -> Result<Option<Lease>, Refusal> {
        self.api.get_opt(&self.name).await.map_err(refusal)
    }

    async fn write(&self, lease: &Lease) -> Result<Lease, Refusal> {
        let params = PostParams { field_manager: Some("provost".to_owned()), ..PostParams::default() };
        if lease.resource_version().is_some() {
            return self.api.replace(&self.name, &params, lease).await.map_err(refusal);
        }
        let mut lease = lease.clone();
        lease.metadata.name = Some(self.name.clone());
        self.api.create(&params, &lease).await.map_err(refusal)
    }

    async fn changed(&self, version: &str) {
        let mut events = self.events.lock().await;
        if events.is_none() {
            let params = WatchParams::default().fields(&format!("metadata.name={}", self.name)).timeout(60);
            *events = self.api.watch(&params, version).await.ok().map(StreamExt::boxed);
        }
        while let Some(Ok(event)) =
            futures::future::OptionFuture::from(events.as_mut().map(StreamExt::next)).await.flatten()
        {
            match event {
                WatchEvent::Bookmark(_) => {}
                WatchEvent::Error(_) => break,
                WatchEvent::Added(_) | WatchEvent::Modified(_) | WatchEvent::Deleted(_) => return,
            }
        }
        // A watch is a courtesy: whoever waits looks by the clock as well, and then watches anew.
        *events = None;
        drop(events);
        pending::<()>().await;
    }
}

fn refusal(error: kube::Error) -> Refusal {
    match &error {
        kube::Error::Api(status) if status.code == 409 => Refusal::Conflict,
        kube::Error::Api(status) if status.code == 404 => Refusal::Missing,
        _ => Refusal::Failed(Box::new(error)),
    }
}
