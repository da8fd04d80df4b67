//! Spool: what was received, kept on disk so that it need not fit into memory. Its file has no name, and goes with the last that holds it.

use std::fs::File;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aws_lc_rs::digest;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::source::{ReadAt, Source};
use crate::base::fault::{Class, Delivery, Fault};

/// How long a call waits for others to let go of their files before it goes back to its queue.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many files there may be at the same time. Clones share it.
#[derive(Clone)]
pub(crate) struct Room(Arc<Semaphore>);

/// A file being written.
pub struct Spool {
    file: tokio::fs::File,
    length: u64,
    digest: digest::Context,
    place: OwnedSemaphorePermit,
}

/// A file that is whole. It keeps its place for as long as it is there.
struct Held {
    file: File,
    _place: OwnedSemaphorePermit,
}

impl ReadAt for Held {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }
}

impl Room {
    pub(crate) fn new(files: usize) -> Self {
        Self(Arc::new(Semaphore::new(files)))
    }

    /// An empty file.
    ///
    /// # Errors
    /// Not sent: [`Class::Throttled`] after half a minute of waiting for others, [`Class::Transient`] when there can be no file.
    pub(crate) async fn spool(&self, operation: &'static str) -> Result<Spool, Fault> {
        let Ok(Ok(place)) = timeout(PATIENCE, self.0.clone().acquire_owned()).await else {
            let detail = "other files of this AdminApi are on their way, and each takes room on the disk";
            return Err(Fault::new(Class::Throttled, operation, detail).with_delivery(Delivery::NotSent));
        };
        let file = tokio::task::spawn_blocking(tempfile::tempfile).await.map_err(io::Error::from).flatten();
        let file = file.map_err(|error| unkept(operation, &error))?;
        let digest = digest::Context::new(&digest::SHA256);
        Ok(Spool { file: tokio::fs::File::from_std(file), length: 0, digest, place })
    }
}

impl Spool {
    /// The whole file, and its SHA-256 in hexadecimal.
    ///
    /// # Errors
    /// Not sent, [`Class::Transient`]: the disk does not take it.
    pub async fn finish(mut self, operation: &'static str) -> Result<(Source, String), Fault> {
        self.file.flush().await.map_err(|error| unkept(operation, &error))?;
        let file = self.file.into_std().await;
        let sum = self.digest.finish();
        let digest = sum.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((Source::new(Held { file, _place: self.place }, self.length), digest))
    }
}

impl AsyncWrite for Spool {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let count = ready!(Pin::new(&mut this.file).poll_write(context, bytes))?;
        this.digest.update(&bytes[..count]);
        this.length += u64::try_from(count).unwrap_or_default();
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().file).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().file).poll_shutdown(context)
    }
}

fn unkept(operation: &'static str, error: &io::Error) -> Fault {
    let detail = format!(
        "a file cannot be kept meanwhile ({error}); the folder for temporary files needs room and leave to write"
    );
    Fault::new(Class::Transient, operation, detail).with_delivery(Delivery::NotSent)
}
