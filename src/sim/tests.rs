//! The framework under a toy vendor, over real HTTP: a counter that one call raises and another reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::routing::get;
use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::base::secret::Secret;
use crate::sim::Simulation;
use crate::sim::exchange::{Asked, Operation, Vendor};
use crate::sim::journal::{Intent, Outcome};
use crate::sim::server::{Listen, Server, StartError};
use crate::sim::trouble::{Act, Canned, Order, Target};

struct Counter;

impl Vendor for Counter {
    fn operation(&self, asked: &Asked<'_>) -> Operation {
        if asked.method == "POST" { Operation::write("raise") } else { Operation::read("look") }
    }

    fn secret_names(&self) -> &'static [&'static str] {
        &["password"]
    }

    fn secrets(&self) -> Vec<Secret> {
        vec![Secret::new("hunter22")]
    }
}

struct Toy {
    simulation: Simulation,
    server: Server,
    http: Client,
}

impl Toy {
    async fn start() -> Self {
        // As the process default for the caller; the server brings its own.
        rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
        Self::start_on(Listen::default()).await.unwrap()
    }

    async fn start_on(listen: Listen) -> Result<Self, StartError> {
        let count = Arc::new(AtomicU32::new(0));
        let raised = count.clone();
        let calls = get(move || async move { count.load(Ordering::SeqCst).to_string() })
            .post(move || async move { format!("{{\"count\": {}}}", raised.fetch_add(1, Ordering::SeqCst) + 1) });
        let simulation = Simulation::default();
        let router =
            simulation.router(Arc::new(Counter), Router::new().route("/count", calls), Router::new(), "Toy calls.\n");
        let server = Server::start(router, listen, simulation.stop.clone()).await?;
        let mut http = Client::builder().no_proxy();
        if let Some(pem) = server.ca_pem() {
            http = http.tls_certs_only([reqwest::Certificate::from_pem(pem.as_bytes()).unwrap()]);
        }
        Ok(Self { simulation, server, http: http.build().unwrap() })
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.base_url())
    }

    async fn look(&self) -> String {
        self.http.get(self.url("/count")).send().await.unwrap().text().await.unwrap()
    }

    async fn raise(&self) -> reqwest::Result<Response> {
        self.http.post(self.url("/count")).send().await
    }

    fn order(&self, act: Act) {
        self.simulation.troubles.place(Order::next_of("raise", act));
    }

    fn raised(&self) -> (Outcome, bool) {
        let entry = self.simulation.journal.of("raise").pop().unwrap();
        (entry.outcome, entry.performed)
    }

    async fn control(&self, method: &str, path: &str) -> (u16, String) {
        let request = self.http.request(method.parse().unwrap(), self.url(path));
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

#[tokio::test]
async fn a_request_is_journaled_in_full_but_for_its_secrets() {
    let toy = Toy::start().await;
    let request = toy.http.post(toy.url("/count?a=1&password=x")).json(&json!({"password": "x", "note": "hunter22"}));
    request.send().await.unwrap();
    let entry = toy.simulation.journal.all().pop().unwrap();
    assert_eq!((entry.seq, entry.method.as_str(), entry.path.as_str()), (1, "POST", "/count"));
    assert_eq!(entry.query, [("a".to_owned(), "1".to_owned()), ("password".to_owned(), "***".to_owned())]);
    assert_eq!(entry.body, Some(json!({"password": "***", "note": "***"})));
    assert_eq!((entry.operation, entry.intent, entry.outcome), ("raise", Intent::Write, Outcome::Answered));
    assert_eq!((entry.status, entry.code, entry.performed), (Some(200), Some(200), true));
}

#[tokio::test]
async fn a_request_that_fits_no_route_is_journaled_as_not_performed() {
    let toy = Toy::start().await;
    assert_eq!(toy.http.get(toy.url("/nowhere")).send().await.unwrap().status(), 404);
    let entry = toy.simulation.journal.all().pop().unwrap();
    assert_eq!((entry.path.as_str(), entry.status, entry.performed), ("/nowhere", Some(404), false));
}

#[tokio::test]
async fn a_lost_answer_is_lost_after_the_effect() {
    let toy = Toy::start().await;
    toy.order(Act::LoseAnswer);
    assert!(toy.raise().await.is_err());
    assert_eq!(toy.raised(), (Outcome::Cut, true));
    assert_eq!(toy.look().await, "1");
    assert!(toy.raise().await.is_ok());
}

#[tokio::test]
async fn a_connection_cut_before_has_no_effect() {
    let toy = Toy::start().await;
    toy.order(Act::CutBefore);
    assert!(toy.raise().await.is_err());
    assert_eq!(toy.raised(), (Outcome::Cut, false));
    assert_eq!(toy.look().await, "0");
}

#[tokio::test]
async fn a_kept_connection_can_be_cut_too() {
    let toy = Toy::start().await;
    assert_eq!(toy.look().await, "0");
    toy.order(Act::LoseAnswer);
    assert!(toy.raise().await.is_err());
    assert_eq!(toy.simulation.journal.count("raise"), 1);
    assert_eq!(toy.look().await, "1");
}

#[tokio::test]
async fn an_ordered_answer_replaces_the_vendors() {
    let toy = Toy::start().await;
    toy.order(Act::busy(429, 7));
    let response = toy.raise().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (429, "7"));
    assert_eq!(response.json::<Value>().await.unwrap(), json!({"message": "Too Many Requests"}));

    toy.order(Act::Answer(Canned { status: 503, html: true, ..Canned::default() }));
    let response = toy.raise().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()), (503, "text/html"));
    assert!(response.headers().get("retry-after").is_none());
    assert!(response.text().await.unwrap().starts_with("<html>"));

    let location = Some("/elsewhere".to_owned());
    toy.order(Act::Answer(Canned { status: 304, location, ..Canned::default() }));
    let response = toy.raise().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["location"].to_str().unwrap()), (304, "/elsewhere"));
    toy.order(Act::answer(1));
    assert_eq!(toy.raise().await.unwrap().status(), 500);
    assert_eq!(toy.raised(), (Outcome::Replaced, false));
    assert_eq!(toy.look().await, "0");
}

#[tokio::test]
async fn garbage_and_truncated_answers_come_after_the_effect() {
    let toy = Toy::start().await;
    toy.order(Act::Garbage);
    let response = toy.raise().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.json::<Value>().await.is_err());
    assert_eq!(toy.raised(), (Outcome::Spoilt, true));

    toy.order(Act::Truncate);
    let response = toy.raise().await.unwrap();
    assert_eq!((response.status().as_u16(), response.content_length()), (200, Some(12)));
    assert!(response.bytes().await.is_err());
    assert_eq!(toy.raised(), (Outcome::Spoilt, true));
    assert_eq!(toy.look().await, "2");
}

#[tokio::test]
async fn a_held_answer_comes_when_released_and_not_before() {
    let toy = Toy::start().await;
    toy.order(Act::Hold);
    let release = async {
        let held = toy.simulation.journal.wait_until("raise", Outcome::Held).await.unwrap();
        assert!(held.performed && !held.outcome.is_final());
        assert_eq!(toy.look().await, "1");
        toy.simulation.troubles.release();
    };
    let (answer, ()) = tokio::join!(toy.raise(), release);
    assert_eq!(answer.unwrap().status(), 200);
    assert_eq!(toy.raised(), (Outcome::Answered, true));
}

#[tokio::test]
async fn a_caller_that_hangs_up_while_held_is_noticed() {
    let toy = Toy::start().await;
    toy.order(Act::Hold);
    tokio::select! {
        _ = toy.raise() => panic!("the answer is held"),
        _ = toy.simulation.journal.wait_until("raise", Outcome::Held) => {}
    }
    let gone = toy.simulation.journal.wait_until("raise", Outcome::CallerGone).await.unwrap();
    assert!(gone.performed);
}

#[tokio::test]
async fn a_delayed_request_is_served_even_when_its_caller_hangs_up() {
    let toy = Toy::start().await;
    toy.order(Act::Delay { millis: 3_600_000 });
    tokio::select! {
        _ = toy.raise() => panic!("the request is delayed"),
        _ = toy.simulation.journal.wait_until("raise", Outcome::Delayed) => {}
    }
    assert_eq!(toy.look().await, "0");
    toy.simulation.troubles.release();
    toy.simulation
        .journal
        .wait_for(|entries| entries.iter().any(|entry| entry.operation == "raise" && entry.performed))
        .await;
    assert_eq!(toy.look().await, "1");
}

#[tokio::test]
async fn stopping_cuts_what_is_held_and_closes_the_port() {
    let toy = Toy::start().await;
    toy.order(Act::Hold);
    let Toy { simulation, server, http } = toy;
    let (address, url) = (server.address(), format!("{}/count", server.base_url()));
    let stop = async {
        simulation.journal.wait_until("raise", Outcome::Held).await;
        server.stop().await;
    };
    let (answer, ()) = tokio::join!(http.post(url).send(), stop);
    assert!(answer.is_err());
    assert_eq!(simulation.journal.of("raise")[0].outcome, Outcome::Cut);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn dropping_the_server_stops_it() {
    let toy = Toy::start().await;
    let stop = toy.simulation.stop.clone();
    drop(toy.server);
    assert!(stop.is_cancelled());
}

#[tokio::test]
async fn tls_is_trusted_through_its_authority_only_and_can_be_cut() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let toy = Toy::start_on(Listen { tls: true, ..Listen::default() }).await.unwrap();
    assert!(toy.server.base_url().starts_with("https://127.0.0.1:"));
    assert_eq!(toy.look().await, "0");
    toy.order(Act::LoseAnswer);
    assert!(toy.raise().await.is_err());
    assert_eq!(toy.look().await, "1");

    let stranger = Client::builder().no_proxy().build().unwrap();
    assert!(stranger.get(toy.url("/count")).send().await.is_err());
    let plain = toy.url("/count").replace("https:", "http:");
    assert!(stranger.get(plain).send().await.is_err());
    assert_eq!(toy.look().await, "1");
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error() {
    let toy = Toy::start().await;
    let listen = Listen { port: toy.server.address().port(), tls: false };
    let error = Toy::start_on(listen).await.err().unwrap();
    assert_eq!(error.to_string(), format!("cannot listen on {}", toy.server.address()));
}

#[tokio::test]
async fn control_calls_order_trouble_and_show_the_journal() {
    let toy = Toy::start().await;
    let (status, waiting) = toy.control("POST", "/_sim/trouble?do=answer&status=500&operation=raise&times=2").await;
    let waiting: Value = serde_json::from_str(&waiting).unwrap();
    assert_eq!((status, &waiting[0]["times"], &waiting[0]["do"]), (200, &json!(2), &json!("answer")));
    assert_eq!(toy.raise().await.unwrap().status(), 500);
    assert_eq!(toy.control("DELETE", "/_sim/trouble").await, (200, "[]\n".to_owned()));
    assert_eq!(toy.raise().await.unwrap().status(), 200);
    toy.look().await;

    let journal = async |query: &str| {
        let (status, text) = toy.control("GET", &format!("/_sim/journal{query}")).await;
        assert_eq!(status, 200);
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let all = journal("").await;
    assert_eq!(all["counts"], json!({"look": 1, "raise": 2}));
    assert_eq!(all["entries"].as_array().unwrap().len(), 3);
    assert_eq!(all["entries"][0]["outcome"], "replaced");
    assert_eq!(journal("?intent=write&since=1").await["entries"].as_array().unwrap().len(), 1);
    assert_eq!(journal("?operation=look").await["entries"][0]["seq"], 3);
    assert_eq!(toy.control("GET", "/_sim/journal?intent=maybe").await.0, 400);
}

#[tokio::test]
async fn control_calls_take_json_and_refuse_what_they_do_not_know() {
    let toy = Toy::start().await;
    let order = |body: &'static str| toy.http.post(toy.url("/_sim/trouble")).body(body).send();
    let accepted =
        order(r#"{"do": "delay", "millis": 5, "operation": "reads", "times": "all", "skip": null}"#).await.unwrap();
    assert_eq!(accepted.status(), 200);
    let placed = Order::every(Target::Reads, Act::Delay { millis: 5 });
    assert_eq!(toy.simulation.troubles.waiting(), [placed]);
    for wrong in [r#"{"do": "hold", "tims": 2}"#, r#"{"do": ["hold"]}"#, "[]", "do=hold"] {
        assert_eq!(order(wrong).await.unwrap().status(), 400, "{wrong}");
    }
    let (status, help) = toy.control("GET", "/_sim/").await;
    assert_eq!(status, 200);
    assert!(help.contains("/_sim/trouble/release") && help.ends_with("Toy calls.\n"));
    assert_eq!(toy.simulation.journal.all(), []);
}

#[tokio::test]
async fn release_can_be_called_over_http() {
    let toy = Toy::start().await;
    toy.order(Act::Hold);
    let release = async {
        toy.simulation.journal.wait_until("raise", Outcome::Held).await;
        assert_eq!(toy.control("POST", "/_sim/trouble/release").await.0, 200);
    };
    let (answer, ()) = tokio::join!(toy.raise(), release);
    assert_eq!(answer.unwrap().text().await.unwrap(), "{\"count\": 1}");
}
