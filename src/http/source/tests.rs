//! Tests of content that is streamed, out and in, over real HTTP.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::base::access::Access;
use crate::base::fault::{Class, Delivery};
use crate::http::tests::{Server, access, announced, head_of, read, start_cutting_after, transport, transport_with};
use crate::http::{Body, Bounds, Method, Patience, Request};

/// More than may be in memory, and than any buffer of a connection holds.
const LARGE: u64 = 256 << 20;

/// What may be between the two ends of a transfer: the buffers of the connection, and our own.
const BETWEEN: u64 = 32 << 20;

/// Zeroes that count how many of them were read.
struct Counted(Arc<AtomicU64>);

impl ReadAt for Counted {
    fn read_at(&self, buffer: &mut [u8], _: u64) -> io::Result<usize> {
        self.0.fetch_add(buffer.len() as u64, Ordering::SeqCst);
        Ok(buffer.len())
    }
}

fn upload(source: Source) -> Request {
    let body = Body::file("files", "a b.zip", "application/zip", source);
    Request::write("upload", Method::POST).patience(Patience::Long).body(body)
}

#[tokio::test]
async fn a_file_is_a_part_of_a_form_of_known_length() {
    let server = Server::start(|heard| heard.header("content-length").to_owned()).await;
    let length = transport(&server.url).send(upload(Source::bytes("PK content")), read).await.unwrap();
    let heard = &server.heard()[0];
    assert_eq!(length, heard.body.len().to_string());
    let boundary = heard.header("content-type").strip_prefix("multipart/form-data; boundary=").unwrap();
    let disposition = "Content-Disposition: form-data; name=\"files\"; filename=\"a b.zip\"";
    let whole = format!(
        "--{boundary}\r\n{disposition}\r\nContent-Type: application/zip\r\n\r\nPK content\r\n--{boundary}--\r\n"
    );
    assert_eq!(heard.body, whole);
}

#[tokio::test]
async fn a_text_is_a_part_beside_the_file() {
    let server = Server::start(|_| "fine").await;
    let body = Body::file("csvFile", "users.csv", "text/csv", Source::bytes("a,b")).text_part("isPartner", "true");
    transport(&server.url).send(Request::write("import", Method::POST).body(body), read).await.unwrap();
    let heard = &server.heard()[0];
    let boundary = heard.header("content-type").strip_prefix("multipart/form-data; boundary=").unwrap();
    let file =
        "Content-Disposition: form-data; name=\"csvFile\"; filename=\"users.csv\"\r\nContent-Type: text/csv\r\n\r\na,b";
    let text = "Content-Disposition: form-data; name=\"isPartner\"\r\n\r\ntrue";
    assert_eq!(heard.body, format!("--{boundary}\r\n{file}\r\n--{boundary}\r\n{text}\r\n--{boundary}--\r\n"));
}

#[tokio::test]
async fn content_without_a_form_tells_its_length_too() {
    let server = Server::start(|_| "fine").await;
    for content in ["", "content"] {
        let body = Body::stream("application/zip", Source::bytes(content));
        let request = Request::write("put", Method::PUT).body(body);
        assert_eq!(transport(&server.url).send(request, read).await, Ok("fine".into()));
        let heard = server.heard().pop().unwrap();
        assert_eq!((heard.body.as_str(), heard.header("content-type")), (content, "application/zip"));
        assert_eq!(heard.header("content-length"), content.len().to_string());
        assert_eq!(heard.header("transfer-encoding"), "");
    }
}

#[tokio::test]
async fn a_redirected_upload_is_sent_again_from_its_beginning() {
    let server = Server::start(|heard| match heard.uri.path() {
        "/new" => "fine".into_response(),
        _ => (StatusCode::MOVED_PERMANENTLY, [("location", "/new")]).into_response(),
    })
    .await;
    let content = "0123456789".repeat(20_000);
    let request = upload(Source::bytes(content.clone()));
    assert_eq!(transport(&server.url).send(request, read).await, Ok("fine".into()));
    let heard = server.heard();
    assert_eq!(heard.len(), 2);
    assert!(heard.iter().all(|heard| heard.method == "POST" && heard.body.contains(&content)));
}

#[tokio::test]
async fn a_large_upload_is_never_in_memory() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let read_so_far = Arc::new(AtomicU64::new(0));
    let handed_out = read_so_far.clone();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let length = announced(&head_of(&mut stream).await);
        let (mut received, mut ahead) = (0, 0);
        let mut buffer = vec![0; 1 << 20];
        while received < length {
            received += stream.read(&mut buffer).await.unwrap() as u64;
            ahead = ahead.max(handed_out.load(Ordering::SeqCst).saturating_sub(received));
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine").await.unwrap();
        (length, ahead)
    });
    let request = upload(Source::new(Counted(read_so_far.clone()), LARGE));
    assert_eq!(transport(&url).send(request, read).await, Ok("fine".into()));
    let (length, ahead) = server.await.unwrap();
    assert!(length > LARGE && read_so_far.load(Ordering::SeqCst) == LARGE);
    assert!(ahead < BETWEEN, "{ahead} bytes were read before they could leave");
}

/// Counts what is written to it.
struct Sunk(Arc<AtomicU64>);

impl tokio::io::AsyncWrite for Sunk {
    fn poll_write(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<io::Result<usize>> {
        self.0.fetch_add(bytes.len() as u64, Ordering::SeqCst);
        std::task::Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn poll_shutdown(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_large_answer_is_never_in_memory() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let written = Arc::new(AtomicU64::new(0));
    let arrived = written.clone();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        head_of(&mut stream).await;
        let head = format!("HTTP/1.1 200 OK\r\nx-name: big\r\ncontent-length: {LARGE}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let chunk = vec![0; 1 << 20];
        let (mut sent, mut ahead) = (0, 0);
        while sent < LARGE {
            stream.write_all(&chunk).await.unwrap();
            sent += chunk.len() as u64;
            ahead = ahead.max(sent.saturating_sub(arrived.load(Ordering::SeqCst)));
        }
        ahead
    });
    let mut sink = Sunk(written.clone());
    let name = |answer: &crate::http::Answer| Ok((answer.header("x-name").map(str::to_owned), answer.body().len()));
    let answer = transport(&url).send_into(Request::read("get", Method::GET), &mut sink, name).await;
    assert_eq!(answer, Ok((Some("big".into()), 0)));
    assert_eq!(written.load(Ordering::SeqCst), LARGE);
    let ahead = server.await.unwrap();
    assert!(ahead < BETWEEN, "{ahead} bytes had left before they were written");
}

#[tokio::test]
async fn only_a_success_goes_to_the_sink_and_no_more_than_is_allowed() {
    let server = Server::start(|heard| match heard.uri.path() {
        "/good" => (StatusCode::OK, "content"),
        _ => (StatusCode::NOT_FOUND, "no such thing"),
    })
    .await;
    let get = |path: &str| Request::read("get", Method::GET).at([path]);
    let bounds = Bounds { file: 7, ..Bounds::default() };
    let mut sink = Vec::new();
    let transport = transport_with(&server.url, &access(&[]), bounds);
    let fault = transport.send_into(get("bad"), &mut sink, read).await.unwrap_err();
    assert_eq!((fault.class, fault.detail.as_str()), (Class::Missing, "the vendor answered 404: no such thing"));
    assert!(sink.is_empty());
    assert_eq!(transport.send_into(get("good"), &mut sink, read).await, Ok(String::new()));
    assert_eq!(sink, b"content");
    let transport = transport_with(&server.url, &access(&[]), Bounds { file: 6, ..bounds });
    let fault = transport.send_into(get("good"), &mut Vec::new(), read).await.unwrap_err();
    assert_eq!((fault.class, fault.code), (Class::Broken, Some(200)));
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_no_success() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        head_of(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await.unwrap();
    });
    let outcome = transport(&url).send_into(Request::read("get", Method::GET), &mut Vec::new(), read).await;
    assert_eq!(outcome.unwrap_err().class, Class::Transient);
}

#[tokio::test]
async fn what_has_not_left_whole_was_not_done() {
    let counted = || Source::new(Counted(Arc::default()), LARGE);
    let fault = transport(&start_cutting_after(1 << 20).await).send(upload(counted()), read).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Transient, Delivery::NotSent));
    assert!(fault.detail.contains("only a part"), "{fault}");
    let small = || upload(Source::bytes("content"));
    let fault = transport(&start_cutting_after(u64::MAX).await).send(small(), read).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Transient, Delivery::Unknown));
}

#[tokio::test]
async fn a_server_that_stops_taking_ends_the_upload() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let bounds = Bounds { stall: Duration::from_millis(50), ..Bounds::default() };
    let source = Source::new(Counted(Arc::default()), LARGE);
    let fault = transport_with(&url, &access(&[]), bounds).send(upload(source), read).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Transient, Delivery::NotSent));
    assert!(fault.detail.contains("nothing has moved"), "{fault}");
}

#[tokio::test]
async fn an_upload_without_leave_never_leaves() {
    let server = Server::start(|_| "fine").await;
    let counted = Arc::new(AtomicU64::new(0));
    let access = Access { gate: Arc::new(crate::base::access::ReadOnly), ..access(&[]) };
    let source = Source::new(Counted(counted.clone()), 100);
    let fault = transport_with(&server.url, &access, Bounds::default()).send(upload(source), read).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::NotSent));
    assert_eq!((server.heard().len(), counted.load(Ordering::SeqCst)), (0, 0));
}

#[tokio::test]
async fn a_file_that_has_shrunk_is_not_sent_as_if_it_were_whole() {
    let server = Server::start(|_| "fine").await;
    let source = Source::new(Bytes::from("short"), 10);
    let fault = transport(&server.url).send(upload(source), read).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Transient, Delivery::NotSent));
    assert!(server.heard().is_empty());
}
