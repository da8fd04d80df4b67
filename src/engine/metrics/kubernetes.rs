//! A Kubernetes client whose calls are counted.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{Request, Response};
use kube::Client;
use kube::client::Body;
use tokio::time::Instant;
use tower::Service;

use super::Metrics;

/// `client`, with its calls counted in `metrics`. Must be called within a tokio runtime.
pub fn counted(client: Client, metrics: Arc<Metrics>) -> Client {
    let namespace = client.default_namespace().to_owned();
    Client::new(Counted { client, metrics }, namespace)
}

struct Counted {
    client: Client,
    metrics: Arc<Metrics>,
}

impl Service<Request<Body>> for Counted {
    type Response = Response<Body>;
    type Error = kube::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, kube::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), kube::Error>> {
        // Each call waits for the client by itself, in the task that makes it and whose rank counts.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (client, metrics) = (self.client.clone(), self.metrics.clone());
        Box::pin(async move {
            let (method, begun) = (label(request.method()), Instant::now());
            let answer = client.send(request).await;
            metrics.kubernetes_answered(
                method,
                answer.as_ref().ok().map(|answer| answer.status().as_u16()),
                begun.elapsed(),
            );
            answer
        })
    }
}

fn label(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    }
}
