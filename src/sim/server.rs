//! Serving a router on loopback, plain or with TLS, until told to stop.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::sim::line::{Exchange, Line};
use crate::sim::tls;

pub use crate::sim::tls::TlsError;

/// Where and how to listen. Always on 127.0.0.1: the `/_sim/` calls ask for no credentials.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::Args)]
pub struct Listen {
    /// Port on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Serve HTTPS, with a certificate of an authority made for this run
    #[arg(long)]
    pub tls: bool,
}

/// Why a simulator could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or may not be used.
    #[error("cannot listen on {address}")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// No certificate, no TLS.
    #[error("cannot set up TLS")]
    Tls(#[from] TlsError),
}

/// A running server. Dropping it stops it without waiting; [`Server::stop`] waits.
pub struct Server {
    address: SocketAddr,
    base_url: String,
    ca_pem: Option<String>,
    stop: CancellationToken,
    serving: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts serving `router`, and returns once callers can connect. Cancelling `stop` stops it as dropping does.
    ///
    /// # Errors
    /// When the port can't be had, or the certificates can't be made.
    pub async fn start(router: Router, listen: Listen, stop: CancellationToken) -> Result<Self, StartError> {
        let asked = SocketAddr::from((Ipv4Addr::LOCALHOST, listen.port));
        let refused = |source| StartError::Listen { address: asked, source };
        let tcp = TcpListener::bind(asked).await.map_err(refused)?;
        let address = tcp.local_addr().map_err(refused)?;
        let identity = if listen.tls { Some(tls::identity()?) } else { None };
        let (acceptor, ca_pem) = identity.map(|identity| (identity.acceptor, identity.ca_pem)).unzip();

        let service = router.into_make_service_with_connect_info::<Line>();
        let serve =
            axum::serve(Exchange::new(tcp, acceptor), service).with_graceful_shutdown(stop.clone().cancelled_owned());
        let serving = tokio::spawn(async move {
            if let Err(error) = serve.await {
                tracing::error!(%error, %address, "a simulator stopped serving");
            }
        });
        let scheme = if ca_pem.is_some() { "https" } else { "http" };
        Ok(Self { address, base_url: format!("{scheme}://{address}"), ca_pem, stop, serving: Some(serving) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Scheme, host and port, without a trailing slash.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The authority that clients must trust, as PEM; none without TLS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// Stops accepting, cuts what is held or delayed, lets other answers out, and returns when all connections are closed.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(serving) = self.serving.take()
            && let Err(error) = serving.await
        {
            tracing::error!(%error, "a simulator ended badly");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
