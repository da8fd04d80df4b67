//! Tests of the transport over real HTTP, against a server that each test makes up.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method as HttpMethod, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::base::access::{Access, Call, Gate, Limits, Observer, ReadOnly, Unobserved};
use crate::base::breaker::Breaker;
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;

/// A request as a made-up server has heard it.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) method: HttpMethod,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A made-up server: where it is, and what it has heard.
pub(crate) struct Server {
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Server {
    pub(crate) async fn start<R: IntoResponse>(answer: impl Fn(&Heard) -> R + Clone + Send + Sync + 'static) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let journal = heard.clone();
        let app = Router::new().fallback(async move |method, uri, headers, body: Bytes| {
            let request = Heard { method, uri, headers, body: String::from_utf8(body.to_vec()).unwrap() };
            let response = answer(&request).into_response();
            journal.lock().unwrap().push(request);
            response
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, heard }
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

/// A server that takes one request after the other and hangs up on each.
pub(crate) async fn start_cutting() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
        }
    });
    url
}

/// The head of a request, once that has come.
pub(crate) async fn head_of(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap().to_ascii_lowercase()
}

/// The length that the head of a request announces.
pub(crate) fn announced(head: &str) -> u64 {
    head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap()
}

/// A server that reads this many bytes of the first request's content, or all that there is, and hangs up.
pub(crate) async fn start_cutting_after(bytes: u64) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let length = announced(&head_of(&mut stream).await);
        tokio::io::copy(&mut (&mut stream).take(bytes.min(length)), &mut tokio::io::sink()).await.unwrap();
    });
    url
}

/// An address at which nobody listens.
pub(crate) async fn deserted() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// Lets every write through.
pub(crate) struct Open;

impl Gate for Open {
    fn admit_write(&self, _: &'static str) -> Result<(), String> {
        Ok(())
    }
}

pub(crate) fn access(credentials: &[(&str, &str)]) -> Access {
    let credentials: BTreeMap<_, _> =
        credentials.iter().map(|(key, value)| ((*key).to_owned(), Secret::new(*value))).collect();
    Access {
        credentials,
        named: BTreeMap::new(),
        ca_bundle: None,
        limits: Limits::default(),
        gate: Arc::new(Open),
        observer: Arc::new(Unobserved),
        breaker: Arc::default(),
    }
}

pub(crate) fn transport_with(url: &str, access: &Access, bounds: Bounds) -> Transport {
    let headers = [("Authorization", basic_authorization("api-admin", "correct-horse"))];
    Transport::new("Test", parse_url(url).unwrap(), access, &headers, bounds).unwrap()
}

pub(crate) fn transport(url: &str) -> Transport {
    transport_with(url, &access(&[("username", "api-admin"), ("password", "correct-horse")]), Bounds::default())
}

/// Success gives the body; everything else is a rejection with the body as its reason.
pub(crate) fn read(answer: &Answer) -> Result<String, Fault> {
    let body = String::from_utf8_lossy(answer.body()).into_owned();
    if answer.is_success() { Ok(body) } else { Err(answer.rejection(answer.status(), Some(&body))) }
}

fn write() -> Request {
    Request::write("change", Method::POST).body(Body::json("change", &"x").unwrap())
}

#[tokio::test]
async fn a_call_arrives_as_it_was_made() {
    let server = Server::start(|_| "fine").await;
    let request = write().at(["a b"]).query("q", "1&2").header("X-Extra", Secret::new("extra"));
    assert_eq!(transport(&server.url).send(request, read).await, Ok("fine".into()));
    let heard = &server.heard()[0];
    assert_eq!((heard.method.as_str(), heard.uri.to_string().as_str()), ("POST", "/a%20b?q=1%262"));
    assert_eq!(
        (heard.body.as_str(), heard.header("content-type"), heard.header("x-extra")),
        ("\"x\"", "application/json", "extra")
    );
    assert_eq!(heard.header("authorization"), "Basic YXBpLWFkbWluOmNvcnJlY3QtaG9yc2U=");
    assert_eq!(heard.header("accept"), "application/json");
}

#[tokio::test]
async fn a_write_without_leave_never_leaves() {
    let server = Server::start(|_| "fine").await;
    let access = Access { gate: Arc::new(ReadOnly), ..access(&[]) };
    let transport = transport_with(&server.url, &access, Bounds::default());
    let fault = transport.send(write(), read).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::NotSent));
    assert!(transport.send(Request::read("list", Method::POST), read).await.is_ok());
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn a_refused_connection_is_a_call_not_sent() {
    let fault = transport(&deserted().await).send(write(), read).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Transient, Delivery::NotSent));
}

#[tokio::test]
async fn an_answer_cut_off_leaves_a_write_uncertain() {
    let transport = transport(&start_cutting().await);
    let fault = transport.send(write(), read).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Transient, Delivery::Unknown));
    let fault = transport.send(Request::read("list", Method::GET), read).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Transient, Delivery::Answered));
}

#[tokio::test]
async fn a_server_that_never_answers_meets_a_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let bounds = Bounds { call: Duration::from_millis(50), ..Bounds::default() };
    let fault = transport_with(&url, &access(&[]), bounds).send(write(), read).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Transient, Delivery::Unknown));
}

#[tokio::test]
async fn a_vendor_that_asks_for_patience_gets_it() {
    let server = Server::start(|_| (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "900")], "slow down")).await;
    let transport = transport(&server.url);
    let fault = transport.send(write(), read).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery, fault.code), (Class::Throttled, Delivery::Answered, Some(429)));
    assert_eq!(fault.retry_after, Some(Duration::from_secs(900)));
    let held = transport.send(Request::read("list", Method::GET), read).await.unwrap_err();
    assert_eq!((held.class, held.delivery), (Class::Throttled, Delivery::NotSent));
    assert!(held.retry_after.is_some());
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn after_the_first_refusal_nobody_who_waits_is_sent() {
    let server = Server::start(|heard| (StatusCode::UNAUTHORIZED, heard.header("authorization").to_owned())).await;
    for limits in [
        Limits { concurrency: NonZeroU32::MIN, ..Limits::default() },
        Limits { requests_per_second: Some(NonZeroU32::MIN), burst: NonZeroU32::MIN, ..Limits::default() },
    ] {
        let before = server.heard().len();
        let access = Access { limits, ..access(&[("password", "correct-horse")]) };
        let transport = transport_with(&server.url, &access, Bounds::default());
        // None waits for the pace, which would let the last out after 49 s.
        let calls = futures::future::join_all((0..50).map(|_| transport.send(write(), read)));
        let outcomes = tokio::time::timeout(Duration::from_secs(40), calls).await.unwrap();
        assert_eq!(server.heard().len() - before, 1);
        let not_sent = outcomes.iter().filter(|outcome| {
            outcome.as_ref().is_err_and(|fault| (fault.class, fault.delivery) == (Class::Denied, Delivery::NotSent))
        });
        assert_eq!(not_sent.count(), 49);
        assert!(!format!("{outcomes:?}").contains("YXBpLWFkbWlu"), "{:?}", outcomes[1]);
    }
}

#[tokio::test]
async fn a_server_that_keeps_falling_over_is_left_alone() {
    let answered = Server::start(|_| (StatusCode::BAD_GATEWAY, "down")).await;
    let cut = start_cutting().await;
    let missing = deserted().await;
    for url in [&answered.url, &cut, &missing] {
        let breaker = Arc::new(Breaker::default());
        let transport = transport_with(url, &Access { breaker: breaker.clone(), ..access(&[]) }, Bounds::default());
        for _ in 0..4 {
            transport.send(write(), read).await.unwrap_err();
            assert!(breaker.tripped().is_none());
        }
        transport.send(write(), read).await.unwrap_err();
        assert!(breaker.tripped().is_some(), "{url}");
        let fault = transport.send(Request::read("list", Method::GET), read).await.unwrap_err();
        assert_eq!((fault.class, fault.delivery), (Class::Transient, Delivery::NotSent));
        assert!(fault.detail.contains("calls fail"), "{fault}");
    }
    assert_eq!(answered.heard().len(), 5);
}

#[tokio::test]
async fn a_no_to_one_call_is_no_sign_of_ill_health() {
    let server = Server::start(|heard| StatusCode::from_u16(heard.uri.path()[1..].parse().unwrap()).unwrap()).await;
    let transport = transport(&server.url);
    for _ in 0..10 {
        for status in [500, 502, 400, 403, 503, 504, 404, 403, 409, 500, 422] {
            let _ = transport.send(write().at([status.to_string()]), read).await;
        }
    }
    assert_eq!(server.heard().len(), 110);
}

#[tokio::test]
async fn a_redirect_on_the_same_server_keeps_method_body_and_credentials() {
    for status in [301, 307, 308] {
        let server = Server::start(move |heard| match heard.uri.path() {
            "/new" => "fine".into_response(),
            _ => (StatusCode::from_u16(status).unwrap(), [("location", "/new")]).into_response(),
        })
        .await;
        assert_eq!(transport(&server.url).send(write(), read).await, Ok("fine".into()), "{status}");
        let heard = server.heard();
        assert_eq!((heard[1].method.as_str(), heard[1].body.as_str()), ("POST", "\"x\""));
        assert_eq!(heard[1].header("authorization"), heard[0].header("authorization"));
    }
}

/// Lets the first write through and no other.
#[derive(Default)]
struct Once(AtomicUsize);

impl Gate for Once {
    fn admit_write(&self, _: &'static str) -> Result<(), String> {
        if self.0.fetch_add(1, Ordering::SeqCst) == 0 { Ok(()) } else { Err("leadership is lost".into()) }
    }
}

#[tokio::test]
async fn a_write_that_302_may_have_carried_out_is_not_sent_again() {
    let server = Server::start(|heard| match heard.uri.path() {
        "/new" => "fine".into_response(),
        _ => (StatusCode::FOUND, [("location", "/new")]).into_response(),
    })
    .await;
    let transport = transport(&server.url);
    let fault = transport.send(write(), read).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery, fault.code), (Class::Broken, Delivery::Unknown, Some(302)));
    assert_eq!(server.heard().len(), 1);
    assert_eq!(transport.send(Request::read("list", Method::GET), read).await, Ok("fine".into()));
}

/// Nothing follows a 302 that is read as an answer, and the reader sees where it leads.
#[tokio::test]
async fn a_302_is_an_answer_for_whoever_reads_it() {
    let server = Server::start(|_| (StatusCode::FOUND, [("location", "/login")])).await;
    for request in [write(), Request::read("list", Method::GET)] {
        let read = |answer: &Answer| Ok((answer.status(), answer.header("location").map(str::to_owned)));
        let answer = transport(&server.url).send(request.reads_redirect(), read).await;
        assert_eq!(answer, Ok((302, Some("/login".to_owned()))));
    }
    assert_eq!(server.heard().len(), 2);
}

#[tokio::test]
async fn a_redirected_write_needs_leave_again() {
    let server = Server::start(|_| (StatusCode::TEMPORARY_REDIRECT, [("location", "/new")])).await;
    let access = Access { gate: Arc::new(Once::default()), ..access(&[]) };
    let fault = transport_with(&server.url, &access, Bounds::default()).send(write(), read).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::NotSent));
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn a_redirect_to_another_server_is_not_followed() {
    let other = Server::start(|_| "mine now").await;
    let target = other.url.clone();
    let server =
        Server::start(move |_| (StatusCode::PERMANENT_REDIRECT, [("location", format!("{target}/?token=x"))])).await;
    let fault = transport(&server.url).send(write(), read).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery, fault.code), (Class::Refused, Delivery::Answered, Some(308)));
    assert!(!fault.to_string().contains("token"), "{fault}");
    assert!(other.heard().is_empty());
}

#[tokio::test]
async fn redirects_end() {
    let server = Server::start(|_| (StatusCode::TEMPORARY_REDIRECT, [("location", "/again")])).await;
    let fault = transport(&server.url).send(write(), read).await.unwrap_err();
    assert_eq!(fault.class, Class::Broken);
    assert_eq!(server.heard().len(), 4);
    for (status, location) in [(303, Some("/result")), (307, None)] {
        let server = Server::start(move |_| {
            let mut response = Response::new(axum::body::Body::empty());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            if let Some(location) = location {
                response.headers_mut().insert("location", location.parse().unwrap());
            }
            response
        })
        .await;
        let fault = transport(&server.url).send(write(), read).await.unwrap_err();
        assert_eq!((fault.class, server.heard().len()), (Class::Broken, 1), "{status}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let server = Server::start(|_| "x".repeat(5000)).await;
    let bounds = Bounds { answer: 4999, ..Bounds::default() };
    let fault = transport_with(&server.url, &access(&[]), bounds).send(write(), read).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Broken, Delivery::Unknown));
    let bounds = Bounds { answer: 5000, ..bounds };
    assert!(transport_with(&server.url, &access(&[]), bounds).send(write(), read).await.is_ok());
}

#[tokio::test]
async fn a_secret_that_the_vendor_echoes_stays_hidden() {
    let server = Server::start(|heard| {
        let said =
            format!("no {} {} {:?} {}", heard.uri, heard.header("authorization"), heard.header("x-extra"), heard.body);
        (StatusCode::BAD_REQUEST, said)
    })
    .await;
    let request = write()
        .query("key", "planted-query")
        .header("X-Extra", Secret::new("planted-header"))
        .body(Body::form([("password", "planted body/1")]))
        .secret(Secret::new("planted body/1"))
        .secret(Secret::new("planted-query"));
    let fault = transport(&server.url).send(request, read).await.unwrap_err();
    let shown = format!("{fault} {fault:?}");
    for secret in ["planted", "correct-horse", "YXBpLWFkbWluOmNvcnJlY3QtaG9yc2U"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains("the vendor answered 400: no /?key=***"), "{shown}");
}

#[tokio::test]
async fn nothing_that_was_said_reaches_the_log() {
    let server = Server::start(|_| (StatusCode::BAD_REQUEST, "planted-answer")).await;
    let transport = transport(&server.url);
    let _ = transport.send(write(), read).await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone()).finish();
    // With one subscriber alone, tracing asks the thread that comes by first whether a line is wanted, and other tests run beside
    // this one; with two, it asks the subscribers.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let guard = tracing::subscriber::set_default(subscriber);
    let request =
        write().at(["planted-path"]).query("key", "planted-query").header("X-Extra", Secret::new("planted-header"));
    let fault = transport.send(request.body(Body::raw("text/plain", b"planted-body".to_vec())), read).await;
    drop(guard);
    assert!(fault.is_err());
    let said = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(said.contains("vendor call finished") && said.contains("refused"), "{said}");
    assert!(!said.contains("planted") && !said.contains("YXBpLWFkbWlu"), "{said}");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[derive(Default)]
struct Tally(Mutex<Vec<(&'static str, bool, Option<Class>)>>);

impl Observer for Tally {
    fn finished(&self, call: &Call<'_>) {
        self.0.lock().unwrap().push((call.operation, call.write, call.fault.map(|fault| fault.class)));
    }
}

#[tokio::test]
async fn the_observer_learns_what_the_reader_made_of_the_answer() {
    let server = Server::start(|_| "{\"status_code\":409}").await;
    let tally = Arc::new(Tally::default());
    let transport = transport_with(&server.url, &Access { observer: tally.clone(), ..access(&[]) }, Bounds::default());
    transport.send(Request::read("list", Method::GET), read).await.unwrap();
    transport.send(write(), |answer| Err::<(), _>(answer.rejection(409, None))).await.unwrap_err();
    assert_eq!(*tally.0.lock().unwrap(), [("list", false, None), ("change", true, Some(Class::Taken))]);
}

/// What the observer was told of writes: delivery of the fault, status, request id.
type Told = (Option<Delivery>, Option<u16>, Option<String>);

#[derive(Default)]
struct Notes(Mutex<Vec<Told>>);

impl Observer for Notes {
    fn finished(&self, call: &Call<'_>) {
        let delivery = call.fault.map(|fault| fault.delivery);
        self.0.lock().unwrap().push((delivery, call.status, call.request_id.map(str::to_owned)));
    }
}

#[tokio::test]
async fn the_observer_learns_the_vendors_name_for_the_call_without_secrets() {
    let server = Server::start(|heard| match heard.uri.path() {
        "/one" => [("x-request-id", "r-1")].into_response(),
        "/other" => [("x-correlation-id", "c-1"), ("x-request-id", " ")].into_response(),
        "/echo" => (StatusCode::BAD_REQUEST, [("request-id", "for correct-horse")]).into_response(),
        "/moved" => (StatusCode::PERMANENT_REDIRECT, [("location", "/one")]).into_response(),
        _ => [("x-unknown", "1")].into_response(),
    })
    .await;
    let notes = Arc::new(Notes::default());
    let credentials = access(&[("password", "correct-horse")]);
    let transport = transport_with(&server.url, &Access { observer: notes.clone(), ..credentials }, Bounds::default());
    for path in ["one", "other", "echo", "moved", "none"] {
        let _ = transport.send(write().at([path]), read).await;
    }
    let id = |text: &str| Some(text.to_owned());
    assert_eq!(
        *notes.0.lock().unwrap(),
        [
            (None, Some(200), id("r-1")),
            (None, Some(200), id("c-1")),
            (Some(Delivery::Answered), Some(400), id("for ***")),
            (None, Some(200), id("r-1")),
            (None, Some(200), None),
        ]
    );
}

#[tokio::test]
async fn the_observer_learns_of_a_write_that_nobody_waits_for_any_more() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let notes = Arc::new(Notes::default());
    let transport = transport_with(&url, &Access { observer: notes.clone(), ..access(&[]) }, Bounds::default());
    for request in [write(), Request::read("list", Method::GET)] {
        let (mut call, arrived) = (Box::pin(transport.send(request, read)), listener.accept());
        tokio::select! {
            _ = &mut call => panic!("nobody answers"),
            _ = arrived => {}
        }
    }
    let gated = Access { observer: notes.clone(), gate: Arc::new(ReadOnly), ..access(&[]) };
    let gated = transport_with(&url, &gated, Bounds::default());
    gated.send(write(), read).await.unwrap_err();
    assert_eq!(
        *notes.0.lock().unwrap(),
        [(Some(Delivery::Unknown), None, None), (Some(Delivery::NotSent), None, None)]
    );
}

#[tokio::test]
async fn no_more_calls_are_under_way_than_allowed() {
    static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);
    let app = Router::new().fallback(async || {
        let others = UNDER_WAY.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        UNDER_WAY.fetch_sub(1, Ordering::SeqCst);
        others.to_string()
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let limits = Limits { concurrency: NonZeroU32::MIN, ..Limits::default() };
    let transport = transport_with(&url, &Access { limits, ..access(&[]) }, Bounds::default());
    let calls = (0..20).map(|_| transport.send(Request::read("list", Method::GET), read));
    for others in futures::future::join_all(calls).await {
        assert_eq!(others, Ok("0".into()));
    }
}

#[test]
fn what_cannot_work_is_said_before_the_first_call() {
    let new = |access: &Access, header: &str| {
        let headers = [("X-Key", Secret::new(header))];
        Transport::new("Test", parse_url("https://vendor.example").unwrap(), access, &headers, Bounds::default()).err()
    };
    let junk = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    for bundle in ["", "nonsense", junk] {
        let access = Access { ca_bundle: Some(bundle.into()), ..access(&[]) };
        assert!(matches!(new(&access, "fine"), Some(SetupError::CaBundle { .. })), "{bundle}");
    }
    assert!(matches!(new(&access(&[]), "two\nlines"), Some(SetupError::Credential { key: "X-Key", .. })));
}

#[tokio::test]
async fn a_certificate_counts_when_the_bundle_has_its_authority() {
    let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(issued.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![issued.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ =
                    stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n\r\nfine").await;
                let _ = stream.shutdown().await;
            }
        }
    });
    let fault = transport_with(&url, &access(&[]), Bounds::default()).send(write(), read).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Untrusted, Delivery::NotSent));
    assert!(fault.detail.contains("CA bundle"), "{fault}");
    let trusting = Access { ca_bundle: Some(issued.cert.pem().into_bytes()), ..access(&[]) };
    assert_eq!(transport_with(&url, &trusting, Bounds::default()).send(write(), read).await, Ok("fine".into()));
}
