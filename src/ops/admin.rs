//! The admin server: metrics, whether the process lives and is ready, and what it knows of an object. It shows numbers and reasons, never
//! values.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::engine::context::Engine;
use crate::engine::inspect::inspect;

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

async fn metrics(State(shown): State<Shown>) -> Response {
    shown.engine.measure();
    match shown.engine.metrics.encode() {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
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
