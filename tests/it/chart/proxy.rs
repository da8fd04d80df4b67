//! Proxy: a way to the API server that notes what is asked, in the words of RBAC, and whether it was let through.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use axum::http::{Method, Request, Response, Uri};
use kube::config::{KubeConfigOptions, Kubeconfig};
use reqwest::Url;
use serde_json::{Value as Json, json};
use tempfile::NamedTempFile;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::harness::DEADLINE;

/// What somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    pub verb: &'static str,
    pub group: String,
    /// With the subresource, as in a rule: `tools/status`.
    pub resource: String,
    pub namespace: Option<String>,
    pub name: Option<String>,
    pub refused: bool,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verb, group, resource, namespace, name, .. } = self;
        let (place, name) = (namespace.as_deref().unwrap_or("*"), name.as_deref().unwrap_or("*"));
        write!(f, "{verb} {resource}.{group} {place}/{name}")
    }
}

/// A running proxy. It ends with the runtime of the test.
pub struct Proxy {
    address: SocketAddr,
    seen: Seen,
}

type Seen = Arc<watch::Sender<BTreeSet<Asked>>>;

impl Proxy {
    /// A way to the API server of a kubeconfig. Who comes this way brings a token.
    pub async fn start(kubeconfig: &Path) -> Self {
        let read = Kubeconfig::read_from(kubeconfig).unwrap();
        let config = kube::Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await.unwrap();
        let trusted = config.root_cert.unwrap_or_default();
        let trusted = trusted.iter().map(|der| reqwest::Certificate::from_der(der).unwrap());
        let client = reqwest::Client::builder().no_proxy().no_gzip().http1_only().tls_certs_only(trusted);
        let (client, server) = (client.build().unwrap(), Url::parse(&config.cluster_url.to_string()).unwrap());
        let seen = Seen::default();
        let told = seen.clone();
        let forward = tower::service_fn(move |request: Request<Body>| {
            let (client, server, seen) = (client.clone(), server.clone(), told.clone());
            async move { Ok::<_, Infallible>(forward(&client, &server, &seen, request).await) }
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = axum::Router::new().fallback_service(forward);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, seen }
    }

    /// Has a kubeconfig lead here; it is one that `cluster::account` wrote.
    pub fn redirect(&self, kubeconfig: &NamedTempFile) {
        let mut config: Json = serde_json::from_slice(&std::fs::read(kubeconfig.path()).unwrap()).unwrap();
        for cluster in config["clusters"].as_array_mut().unwrap() {
            cluster["cluster"] = json!({"server": format!("http://{}", self.address)});
        }
        std::fs::write(kubeconfig.path(), config.to_string()).unwrap();
    }

    /// What was asked so far.
    pub fn seen(&self) -> BTreeSet<Asked> {
        self.seen.borrow().clone()
    }

    /// Waits until something was asked.
    pub async fn until(&self, fits: impl Fn(&Asked) -> bool) {
        let mut seen = self.seen.subscribe();
        let asked = seen.wait_for(|seen| seen.iter().any(&fits));
        tokio::time::timeout(DEADLINE, asked).await.expect("nobody asks for it").unwrap();
    }
}

async fn forward(client: &reqwest::Client, server: &Url, seen: &Seen, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let mut url = server.clone();
    url.set_path(parts.uri.path());
    url.set_query(parts.uri.query());
    let mut onward = client.request(parts.method.clone(), url);
    for header in [AUTHORIZATION, CONTENT_TYPE, axum::http::header::ACCEPT] {
        if let Some(value) = parts.headers.get(&header) {
            onward = onward.header(header, value);
        }
    }
    assert!(!parts.headers.contains_key("upgrade") && parts.headers.contains_key(HOST), "{:?}", parts.headers);
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    // A server that is gone is no answer; the client sees that the connection broke.
    let Ok(answer) = onward.body(body).send().await else {
        return Response::builder().status(502).body(Body::empty()).unwrap();
    };
    if let Some(mut asked) = asked(&parts.method, &parts.uri) {
        asked.refused = answer.status() == 403;
        seen.send_if_modified(|seen| seen.insert(asked));
    }
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        if *name != TRANSFER_ENCODING && *name != CONTENT_LENGTH {
            response = response.header(name, value);
        }
    }
    response.body(Body::from_stream(answer.bytes_stream())).unwrap()
}

/// What RBAC is asked about a request; none when it is not about resources.
fn asked(method: &Method, uri: &Uri) -> Option<Asked> {
    let segments: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
    let (group, rest) = match segments.as_slice() {
        ["api", _, rest @ ..] => ("", rest),
        ["apis", group, _, rest @ ..] => (*group, rest),
        _ => return None,
    };
    let (namespace, rest) = match rest {
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some((*namespace).to_owned()), rest),
        rest => (None, rest),
    };
    let (resource, name) = match rest {
        [] => return None,
        [resource] => ((*resource).to_owned(), None),
        [resource, name] => ((*resource).to_owned(), Some((*name).to_owned())),
        [resource, name, sub @ ..] => (format!("{resource}/{}", sub.join("/")), Some((*name).to_owned())),
    };
    let url = Url::parse("http://any").unwrap().join(uri.path_and_query()?.as_str()).unwrap();
    let parameter = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let selected =
        parameter("fieldSelector").and_then(|selector| selector.strip_prefix("metadata.name=").map(str::to_owned));
    let verb = match *method {
        Method::GET if parameter("watch").as_deref() == Some("true") => "watch",
        Method::GET if name.is_none() => "list",
        Method::GET => "get",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE if name.is_none() => "deletecollection",
        Method::DELETE => "delete",
        _ => return None,
    };
    Some(Asked { verb, group: group.to_owned(), resource, namespace, name: name.or(selected), refused: false })
}

#[test]
fn requests_are_told_in_the_words_of_rules() {
    let told = |method: Method, uri: &str| asked(&method, &uri.parse().unwrap()).map(|asked| asked.to_string());
    let is = |method, uri, words: &str| assert_eq!(told(method, uri).as_deref(), Some(words));
    is(Method::GET, "/api/v1/namespaces/a/secrets?watch=true", "watch secrets. a/*");
    is(Method::GET, "/api/v1/namespaces/a", "get namespaces. */a");
    is(Method::GET, "/api/v1/namespaces?limit=5", "list namespaces. */*");
    is(
        Method::PATCH,
        "/apis/provost.dev/v1alpha1/namespaces/a/tools/t/status?x=y",
        "patch tools/status.provost.dev a/t",
    );
    is(
        Method::GET,
        "/apis/coordination.k8s.io/v1/namespaces/a/leases?watch=true&fieldSelector=metadata.name%3Dprovost",
        "watch leases.coordination.k8s.io a/provost",
    );
    is(Method::POST, "/apis/events.k8s.io/v1/namespaces/a/events", "create events.events.k8s.io a/*");
    assert_eq!(told(Method::GET, "/version"), None);
    assert_eq!(told(Method::GET, "/apis/provost.dev/v1alpha1"), None);
}
