//! Source: content that need not fit into memory, read from its beginning each time it is sent.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{Stream, try_unfold};
use tokio::task::spawn_blocking;

use super::progress::Progress;

/// Bytes that are in memory at a time, for each call under way.
const CHUNK: usize = 64 << 10;

/// Content of a known length. Clones share it.
///
/// Not `Debug`: it may hold secrets.
#[derive(Clone)]
pub struct Source {
    content: Arc<dyn ReadAt>,
    length: u64,
}

/// What can be read at any place, by several readers at once.
pub(crate) trait ReadAt: Send + Sync + 'static {
    /// Reads bytes from `offset` on into `buffer`, and tells how many; none at the end. May block.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}

impl ReadAt for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, buffer, offset)
    }
}

impl ReadAt for Bytes {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.get(offset..)).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}

impl Source {
    /// Content that is in memory.
    pub fn bytes(content: impl Into<Bytes>) -> Self {
        let content = content.into();
        let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
        Self::new(content, length)
    }

    /// The first `length` bytes of `content`.
    pub(crate) fn new(content: impl ReadAt, length: u64) -> Self {
        Self { content: Arc::new(content), length }
    }

    /// How many bytes there are.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The content in chunks, each read when it is asked for. `progress` learns of each.
    pub(crate) fn chunks(&self, progress: Progress) -> impl Stream<Item = io::Result<Vec<u8>>> + Send + 'static {
        let (content, length) = (self.content.clone(), self.length);
        try_unfold(0, move |offset| {
            let (content, progress) = (content.clone(), progress.clone());
            async move {
                let left = length - offset;
                if left == 0 {
                    return Ok(None);
                }
                let size = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
                let chunk = spawn_blocking(move || chunk(content.as_ref(), offset, size)).await??;
                let offset = offset + u64::try_from(chunk.len()).unwrap_or(left);
                if offset == length {
                    progress.all_sent();
                } else {
                    progress.moved();
                }
                Ok(Some((chunk, offset)))
            }
        })
    }
}

fn chunk(content: &dyn ReadAt, offset: u64, size: usize) -> io::Result<Vec<u8>> {
    let mut chunk = vec![0; size];
    let count = content.read_at(&mut chunk, offset)?;
    if count == 0 {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the content ends before its length"));
    }
    chunk.truncate(count);
    Ok(chunk)
}

#[cfg(test)]
mod tests;
