//! Tests of fetching and delivering over real HTTP.

use std::path::PathBuf;

use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::*;
use crate::base::access::ReadOnly;
use crate::http::tests::{Server, access, deserted, read, start_cutting, start_cutting_after, transport};
use crate::http::{Method, Request};

/// `printf content | sha256sum`.
const DIGEST: &str = "sha256:ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73";

fn courier() -> Courier {
    Courier::new(&access(&[("password", "correct-horse")]), Bounds::default()).unwrap()
}

async fn fetch(url: String, digest: &str) -> Result<Source, Fault> {
    courier().fetch("fetch", &Secret::new(url), digest).await
}

/// What would be sent of a source.
async fn content(source: Source) -> String {
    let server = Server::start(|heard| heard.body.clone()).await;
    let request = Request::write("echo", Method::POST).body(Body::stream("text/plain", source));
    transport(&server.url).send(request, read).await.unwrap()
}

/// A server that has a file, and sends on to it in several ways.
async fn files() -> Server {
    let elsewhere = Server::start(|_| "content").await.url;
    Server::start(move |heard| {
        let to = |place: String| (StatusCode::FOUND, [("location", place)]).into_response();
        match heard.uri.path() {
            "/file" => "content".into_response(),
            "/moved" => to("/file?planted=1".into()),
            "/far" => to(format!("{elsewhere}/other")),
            "/up" => to("https://localhost:1/file".into()),
            "/out" => to("http://files.example/file".into()),
            "/ftp" => to("file:///etc/passwd".into()),
            "/round" => to("/round".into()),
            "/busy" => (StatusCode::SERVICE_UNAVAILABLE, "planted").into_response(),
            _ => (StatusCode::FORBIDDEN, "planted").into_response(),
        }
    })
    .await
}

#[tokio::test]
async fn a_file_is_fetched_without_credentials() {
    let server = files().await;
    for path in ["file?signature=planted", "moved", "far"] {
        let source = fetch(format!("{}/{path}", server.url), DIGEST).await.unwrap();
        assert_eq!(source.length(), 7);
        // Twice, as after a redirect.
        assert_eq!(content(source.clone()).await, "content");
        assert_eq!(content(source).await, "content");
    }
    assert!(server.heard().iter().all(|heard| heard.header("authorization").is_empty()));
}

#[tokio::test]
async fn another_digest_is_named_with_the_one_expected() {
    let other = format!("sha256:{}", "0".repeat(64));
    let fault = fetch(format!("{}/file", files().await.url), &other).await.err().unwrap();
    assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::NotSent));
    assert!(fault.detail.contains(DIGEST) && fault.detail.contains(&other), "{fault}");
}

#[tokio::test]
async fn what_cannot_be_fetched_says_why_and_keeps_the_address_to_itself() {
    let url = files().await.url;
    let at = |path: &str| format!("{url}/{path}?signature=planted");
    let nowhere = format!("{}/planted", deserted().await);
    let cut = format!("{}/planted", start_cutting().await);
    for (url, class, word) in [
        (at("none"), Class::Refused, "answered 403"),
        (at("busy"), Class::Transient, "answered 503"),
        (at("up"), Class::Refused, "scheme https"),
        (at("out"), Class::Refused, "not followed"),
        (at("ftp"), Class::Refused, "scheme file"),
        (at("round"), Class::Refused, "without end"),
        (nowhere, Class::Transient, "no connection"),
        (cut, Class::Transient, "broke"),
        ("http://files.example/planted".into(), Class::Refused, "clear text"),
        ("file:///planted".into(), Class::Refused, "host"),
        ("planted".into(), Class::Refused, "https://"),
    ] {
        let fault = fetch(url, DIGEST).await.err().unwrap();
        assert_eq!((fault.class, fault.delivery), (class, Delivery::NotSent), "{fault}");
        assert!(fault.detail.contains(word), "{word}: {fault}");
        assert!(!format!("{fault:?}").contains("planted"), "{fault:?}");
    }
}

#[tokio::test]
async fn a_file_without_end_is_cut_off() {
    let server = files().await;
    let bounds = Bounds { file: 6, ..Bounds::default() };
    let courier = Courier::new(&access(&[]), bounds).unwrap();
    let fault = courier.fetch("fetch", &Secret::new(format!("{}/file", server.url)), DIGEST).await.err().unwrap();
    assert_eq!((fault.class, fault.detail.contains("larger than 6 bytes")), (Class::Refused, true), "{fault}");
}

/// The files without a name that this process has open and are as long as `length`.
fn open_files(length: u64) -> Vec<PathBuf> {
    let entries = std::fs::read_dir("/proc/self/fd").unwrap().map(|entry| entry.unwrap().path());
    let ours = |path: &PathBuf| {
        let gone = std::fs::read_link(path).is_ok_and(|target| target.to_string_lossy().ends_with("(deleted)"));
        gone && std::fs::metadata(path).is_ok_and(|file| file.len() == length)
    };
    entries.filter(ours).collect()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_goes_with_the_last_that_holds_it() {
    const LENGTH: u64 = 123_457;
    let server = Server::start(|_| "x".repeat(123_457)).await;
    let wrong = fetch(server.url.clone(), DIGEST).await;
    assert!(wrong.is_err() && open_files(LENGTH).is_empty());
    let mut spool = courier().spool("test").await.unwrap();
    transport(&server.url).send_into(Request::read("get", Method::GET), &mut spool, read).await.unwrap();
    let (source, _) = spool.finish("test").await.unwrap();
    let other = source.clone();
    drop(source);
    assert_eq!(open_files(LENGTH).len(), 1);
    drop(other);
    assert!(open_files(LENGTH).is_empty());
}

#[tokio::test(start_paused = true)]
async fn only_so_many_files_are_kept_at_a_time() {
    let courier = courier();
    let mut held = Vec::new();
    for _ in 0..FILES {
        held.push(courier.spool("test").await.unwrap().finish("test").await.unwrap().0);
    }
    let fault = courier.spool("test").await.err().unwrap();
    assert_eq!((fault.class, fault.delivery), (Class::Throttled, Delivery::NotSent));
    held.pop();
    assert!(courier.spool("test").await.is_ok());
}

#[tokio::test]
async fn content_is_delivered_once_and_to_the_named_server_only() {
    let other = Server::start(|_| "mine now").await;
    let target = format!("{}/stolen", other.url);
    let server = Server::start(move |heard| match heard.uri.path() {
        "/there" => "fine".into_response(),
        "/moved" => (StatusCode::TEMPORARY_REDIRECT, [("location", "/there".to_owned())]).into_response(),
        "/far" => (StatusCode::TEMPORARY_REDIRECT, [("location", target.clone())]).into_response(),
        _ => StatusCode::FORBIDDEN.into_response(),
    })
    .await;
    let deliver = async |courier: Courier, path: &str| {
        let url = Secret::new(format!("{}/{path}?signature=planted", server.url));
        courier.deliver("deliver", &url, "application/zip", Source::bytes("content")).await
    };
    for path in ["there", "moved"] {
        assert_eq!(deliver(courier(), path).await, Ok(()));
        let heard = server.heard().pop().unwrap();
        assert_eq!((heard.method.as_str(), heard.uri.path(), heard.body.as_str()), ("PUT", "/there", "content"));
        assert_eq!((heard.header("content-length"), heard.header("content-type")), ("7", "application/zip"));
        assert_eq!(heard.header("authorization"), "");
    }
    for path in ["far", "none"] {
        let fault = deliver(courier(), path).await.unwrap_err();
        assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::Answered));
        assert!(!format!("{fault:?}").contains("planted"));
    }
    assert!(other.heard().is_empty());
    let before = server.heard().len();
    let access = Access { gate: Arc::new(ReadOnly), ..access(&[]) };
    let fault = deliver(Courier::new(&access, Bounds::default()).unwrap(), "there").await.unwrap_err();
    assert_eq!((fault.class, fault.delivery, server.heard().len()), (Class::Refused, Delivery::NotSent, before));
    let cut = Secret::new(start_cutting_after(u64::MAX).await);
    let fault = courier().deliver("deliver", &cut, "application/zip", Source::bytes("content")).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Transient, Delivery::Unknown));
}
