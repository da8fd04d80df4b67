//! Forwarder: a way to the API server that can be cut: bytes stay away in both directions, and nobody is told.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use kube::config::Kubeconfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards connections until it is cut or dropped.
pub struct Forwarder {
    cut: watch::Sender<bool>,
    address: SocketAddr,
    _dir: tempfile::TempDir,
    kubeconfig: PathBuf,
}

impl Forwarder {
    /// A way to the API server of a kubeconfig.
    pub async fn start(kubeconfig: &Path) -> Self {
        let mut config = Kubeconfig::read_from(kubeconfig).unwrap();
        let cluster = config.clusters[0].cluster.as_mut().unwrap();
        let url: axum::http::Uri = cluster.server.as_ref().unwrap().parse().unwrap();
        let target = (url.host().unwrap().to_owned(), url.port_u16().unwrap_or(443));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        cluster.server = Some(format!("https://{address}"));
        let dir = crate::harness::scratch("forwarder-");
        let path = dir.path().join("kubeconfig");
        std::fs::write(&path, serde_json::to_string(&config).unwrap()).unwrap();
        let cut = watch::Sender::new(false);
        tokio::spawn(accept(listener, target, cut.subscribe()));
        Self { cut, address, _dir: dir, kubeconfig: path }
    }

    /// The kubeconfig for this way.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// From now on nothing gets through, and connections hang.
    pub fn cut(&self) {
        assert!(!self.cut.send_replace(true), "{} was cut before", self.address);
    }
}

async fn accept(listener: TcpListener, target: (String, u16), cut: watch::Receiver<bool>) {
    while let Ok((near, _)) = listener.accept().await {
        tokio::spawn(forward(near, target.clone(), cut.clone()));
    }
}

async fn forward(mut near: TcpStream, target: (String, u16), mut cut: watch::Receiver<bool>) {
    let copying = async {
        if let Ok(mut far) = TcpStream::connect(target).await {
            // However a connection ends, both sides see that it did.
            drop(tokio::io::copy_bidirectional(&mut near, &mut far).await);
        }
    };
    tokio::select! {
        biased;
        // An error means that the test is over.
        is_cut = cut.wait_for(|cut| *cut) => drop(is_cut),
        () = copying => return,
    }
    // Nothing is read or closed any more until the replica gives up.
    std::future::pending::<()>().await;
}
