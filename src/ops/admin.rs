//! The admin server: metrics, whether the process lives and is ready, and what it knows of an object. It shows numbers and reasons, never
//! values.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::engine::context::Engine;
use crate::engine::inspect::inspect;
use crate::engine::metrics::classic;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const CLASSIC: &str = "text/plain; version=0.0.4; charset=utf-8";

#[derive(Clone)]
struct Shown {
    engine: Arc<Engine>,
    ready: watch::Receiver<bool>,
}

/// A server that listens, and can be told to serve.
pub struct AdminServer(TcpListener);

impl AdminServer {
    /// Takes the port.
    ///
    /// # Errors
    /// The port cannot be had.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        TcpListener::bind(address).await.map(Self)
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The operating system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Serves until `stop`.
    ///
    /// # Errors
    /// The port is lost.
    pub async fn serve(
        self,
        engine: Arc<Engine>,
        ready: watch::Receiver<bool>,
        stop: CancellationToken,
    ) -> io::Result<()> {
        let router = Router::new()
            .route("/metrics", get(metrics))
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(readiness))
            .route("/objects/{kind}/{namespace}/{name}", get(object))
            .with_state(Shown { engine, ready });
        axum::serve(self.0, router).with_graceful_shutdown(stop.cancelled_owned()).await
    }
}

/// OpenMetrics for those who ask for it, as Prometheus does, else the classic text format.
async fn metrics(State(shown): State<Shown>, headers: HeaderMap) -> Response {
    shown.engine.measure();
    match shown.engine.metrics.encode() {
        Ok(text) if takes_open_metrics(&headers) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Ok(text) => ([(header::CONTENT_TYPE, CLASSIC)], classic(&text)).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn takes_open_metrics(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|accepted| accepted.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        parts.next() == Some("application/openmetrics-text") && parts.all(|part| part != "q=0")
    })
}

async fn readiness(State(shown): State<Shown>) -> (StatusCode, &'static str) {
    if *shown.ready.borrow() {
        (StatusCode::OK, "ok\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "still reading what Kubernetes has; are the CRDs installed?\n")
    }
}

async fn object(State(shown): State<Shown>, Path((kind, namespace, name)): Path<(String, String, String)>) -> Response {
    match inspect(&shown.engine, &kind, &namespace, &name) {
        Some(inspection) => Json(inspection).into_response(),
        None => (StatusCode::NOT_FOUND, "this operator sees no such object\n").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_open_metrics_gets_it_and_nobody_else() {
        let takes = |accept: &'static str| {
            takes_open_metrics(&HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]))
        };
        let prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        assert!(takes(prometheus) && takes("text/html, application/openmetrics-text"));
        assert!(!takes("text/plain;version=0.0.4;q=0.5,*/*;q=0.1") && !takes("application/openmetrics-text;q=0"));
        assert!(!takes_open_metrics(&HeaderMap::new()));
    }
}
