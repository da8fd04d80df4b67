//! Connections that can be cut: HTTP servers have no way to hang up on a caller without answering, and real networks do.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// The handle by which the one who serves a request cuts its connection.
#[derive(Clone, Default)]
pub(super) struct Line(Arc<AtomicBool>);

impl Line {
    /// From now on nothing more is written: the next attempt fails and the connection closes without a further byte.
    pub fn cut(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn check(&self) -> io::Result<()> {
        if self.0.load(Ordering::Acquire) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl Connected<IncomingStream<'_, Exchange>> for Line {
    fn connect_info(stream: IncomingStream<'_, Exchange>) -> Self {
        stream.io().line.clone()
    }
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// One accepted connection, plain or TLS.
pub(super) struct Wire {
    io: Box<dyn Duplex>,
    line: Line,
}

impl Wire {
    fn new(io: impl Duplex + 'static) -> Self {
        Self { io: Box::new(io), line: Line::default() }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.line.check()?;
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.line.check()?;
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.line.check()?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.line.check()?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// Accepts connections. TLS handshakes run beside each other, so that a slow caller holds up nobody.
pub(super) struct Exchange {
    tcp: TcpListener,
    tls: Option<TlsAcceptor>,
    handshakes: JoinSet<Option<(Wire, SocketAddr)>>,
}

impl Exchange {
    pub fn new(tcp: TcpListener, tls: Option<TlsAcceptor>) -> Self {
        Self { tcp, tls, handshakes: JoinSet::new() }
    }

    fn admit(&mut self, tcp: TcpStream, peer: SocketAddr) -> Option<(Wire, SocketAddr)> {
        // Small answers should not wait for Nagle; that it can't be set is no reason to refuse the caller.
        tcp.set_nodelay(true).ok();
        let Some(tls) = self.tls.clone() else {
            return Some((Wire::new(tcp), peer));
        };
        self.handshakes.spawn(async move { tls.accept(tcp).await.ok().map(|tls| (Wire::new(tls), peer)) });
        None
    }
}

impl Listener for Exchange {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            tokio::select! {
                accepted = self.tcp.accept() => match accepted {
                    Ok((tcp, peer)) => {
                        if let Some(admitted) = self.admit(tcp, peer) {
                            return admitted;
                        }
                    }
                    // Out of file descriptors, most likely: trying again at once would only spin.
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                },
                Some(done) = self.handshakes.join_next() => {
                    if let Ok(Some(admitted)) = done {
                        return admitted;
                    }
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}
