//! Tests of the login over real HTTP.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::*;
use crate::base::access::{Access, Call};
use crate::base::fault::Class;
use crate::base::secret::Secret;
use crate::http::tests::{Server, access};
use crate::http::{Answer, Bounds, Method, Request, Transport, parse_url};

const PASSWORD: &str = "correct-horse-battery";

#[derive(Default)]
struct Tally(Mutex<Vec<Option<Class>>>);

impl Observer for Tally {
    fn finished(&self, _: &Call) {}

    fn logged_in(&self, _: &'static str, fault: Option<Class>) {
        self.0.lock().unwrap().push(fault);
    }
}

/// A vendor with log-in: each token is a number, and only those from `valid` on are let in.
struct Vendor {
    server: Server,
    valid: Arc<AtomicU64>,
    tally: Arc<Tally>,
}

/// A client of it.
#[derive(Clone)]
struct Client {
    transport: Transport,
    login: Login<Secret>,
    password: &'static str,
    lifetime: Option<Duration>,
}

impl Vendor {
    async fn start() -> Self {
        let (valid, issued) = (Arc::new(AtomicU64::new(1)), AtomicU64::new(0));
        let (issued, known) = (Arc::new(issued), valid.clone());
        let server = Server::start(move |heard| match heard.uri.path() {
            "/auth" if heard.header("x-password") == PASSWORD => {
                (issued.fetch_add(1, Ordering::SeqCst) + 1).to_string().into_response()
            }
            "/auth" => (StatusCode::UNAUTHORIZED, format!("no {}", heard.header("x-password"))).into_response(),
            _ if heard.header("x-token").parse::<u64>().is_ok_and(|token| token >= known.load(Ordering::SeqCst)) => {
                "fine".into_response()
            }
            _ => (StatusCode::UNAUTHORIZED, "token?").into_response(),
        });
        Self { server: server.await, valid, tally: Arc::default() }
    }

    fn client(&self, password: &'static str, lifetime: Option<Duration>) -> Client {
        let access = Access { observer: self.tally.clone(), ..access(&[]) };
        let url = parse_url(&self.server.url).unwrap();
        let transport = Transport::new("Test", url, &access, &[], Bounds::default()).unwrap();
        let login = Login::new("Test", self.tally.clone(), Duration::from_secs(30));
        Client { transport, login, password, lifetime }
    }

    fn revoke_all(&self) {
        self.valid.fetch_add(1, Ordering::SeqCst);
    }

    fn log_ins(&self) -> usize {
        let log_ins = self.server.heard().iter().filter(|heard| heard.uri.path() == "/auth").count();
        assert_eq!(self.tally.0.lock().unwrap().len(), log_ins);
        log_ins
    }

    fn calls(&self) -> usize {
        self.server.heard().len() - self.log_ins()
    }
}

fn read(answer: &Answer) -> Result<String, Fault> {
    let body = String::from_utf8_lossy(answer.body()).into_owned();
    if answer.is_success() { Ok(body) } else { Err(answer.rejection(answer.status(), Some(&body))) }
}

impl Client {
    async fn change(&self) -> Result<String, Fault> {
        let (transport, password, lifetime) = (self.transport.clone(), self.password, self.lifetime);
        let log_in = move || {
            let transport = transport.clone();
            async move {
                let request =
                    Request::read("log_in", Method::POST).at(["auth"]).header("X-Password", Secret::new(password));
                let token = transport.send(request, read).await?;
                Ok(Grant { token: Secret::new(token), lifetime })
            }
        };
        let call = |ticket: Ticket<Secret>| {
            let request = Request::write("change", Method::POST).header("X-Token", ticket.token);
            self.transport.send(request.renewable(ticket.renewable), read)
        };
        self.login.call(log_in, call).await
    }

    async fn change_many(&self, count: usize) -> Vec<Result<String, Fault>> {
        futures::future::join_all((0..count).map(|_| self.change())).await
    }
}

#[tokio::test]
async fn many_calls_share_one_log_in() {
    let vendor = Vendor::start().await;
    let client = vendor.client(PASSWORD, None);
    assert!(client.change_many(100).await.iter().all(Result::is_ok));
    assert_eq!((vendor.log_ins(), vendor.calls()), (1, 100));
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once_for_all() {
    let vendor = Vendor::start().await;
    let client = vendor.client(PASSWORD, None);
    client.change().await.unwrap();
    vendor.revoke_all();
    assert!(client.change_many(100).await.iter().all(Result::is_ok));
    assert_eq!(vendor.log_ins(), 2);
    // Nobody calls a third time.
    assert!(vendor.calls() <= 1 + 2 * 100, "{}", vendor.calls());
}

#[tokio::test]
async fn a_token_is_renewed_before_it_runs_out() {
    let vendor = Vendor::start().await;
    // Old as soon as it is issued, and good for a while.
    let client = vendor.client(PASSWORD, Some(Duration::from_nanos(2)));
    client.change().await.unwrap();
    client.change().await.unwrap();
    assert_eq!((vendor.log_ins(), vendor.calls()), (3, 2), "nobody was refused");
    let client = vendor.client(PASSWORD, Some(Duration::from_secs(3600)));
    client.change().await.unwrap();
    client.change().await.unwrap();
    assert_eq!(vendor.log_ins(), 4);
}

#[tokio::test]
async fn wrong_credentials_are_sent_once_and_open_the_breaker() {
    let vendor = Vendor::start().await;
    let client = vendor.client("wrong-horse-battery", None);
    let outcomes = client.change_many(300).await;
    assert!(outcomes.iter().all(|outcome| outcome.as_ref().is_err_and(|fault| fault.class == Class::Denied)));
    for outcome in &outcomes {
        assert!(!format!("{outcome:?}").contains("wrong-horse"), "{outcome:?}");
    }
    // The probe, which asks whether they are good for anything, is the second.
    for _ in 0..20 {
        client.change().await.unwrap_err();
    }
    assert!(vendor.log_ins() <= 2 && vendor.calls() == 0, "{} and {}", vendor.log_ins(), vendor.calls());
}

#[tokio::test]
async fn a_vendor_that_issues_useless_tokens_is_not_asked_for_ever() {
    let vendor = Vendor::start().await;
    vendor.valid.store(u64::MAX, Ordering::SeqCst);
    let client = vendor.client(PASSWORD, None);
    for _ in 0..50 {
        assert_eq!(client.change().await.unwrap_err().class, Class::Denied);
    }
    assert!(vendor.log_ins() <= 5 && vendor.calls() <= 10, "{} and {}", vendor.log_ins(), vendor.calls());
}
