//! A server of files that is not the vendor's.

use axum::Router;
use axum::http::Uri;
use provost::engine::file::digest_of;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;

/// A zip file without entries, with a comment that makes it another one.
pub fn zip(comment: &str) -> Vec<u8> {
    let length = u16::try_from(comment.len()).unwrap();
    [b"PK\x05\x06".as_slice(), &[0; 16], &length.to_le_bytes(), comment.as_bytes()].concat()
}

/// Serves this file below every path, and gives the address.
pub async fn serve(content: Vec<u8>) -> String {
    let app = Router::new().fallback(async move |_: Uri| content.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

/// The source of a file with this content at a URL.
pub fn at(url: &str, content: &[u8]) -> Json {
    json!({"url": url, "sha256": digest_of(content).strip_prefix("sha256:").unwrap()})
}

/// The manifest of a ConfigMap with this file under the key `zip`, or of a Secret.
pub fn stored(kind: &str, name: &str, content: &[u8]) -> Json {
    use base64::Engine;
    let content = base64::engine::general_purpose::STANDARD.encode(content);
    let field = if kind == "Secret" { "data" } else { "binaryData" };
    json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, field: {"zip": content}})
}
