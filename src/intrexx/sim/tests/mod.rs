//! The simulator over real HTTP, through a plain HTTP client and never through ours.

mod access;
mod control;
mod forms;
mod imports;
mod lag;
mod licenses;
mod mail;
mod outage;
mod portals;
mod scheduler;
mod settings;
mod users;

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use crate::intrexx::sim::{Options, Simulator};

/// A simulator with a portal `sales`, and one who calls it with a good token.
struct Bench {
    sim: Simulator,
    http: Client,
    token: String,
}

/// What came back.
#[derive(Debug)]
struct Reply {
    status: u16,
    content_type: String,
    location: Option<String>,
    text: String,
}

impl Reply {
    async fn of(response: Response) -> Self {
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (content_type, location) = (header("content-type").unwrap_or_default(), header("location"));
        let status = response.status().as_u16();
        Self { status, content_type, location, text: response.text().await.unwrap() }
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The body of a call that did what was asked.
    #[track_caller]
    fn good(&self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// Status and message of one that did not.
    #[track_caller]
    fn refusal(&self) -> (u16, String) {
        (self.status, self.json()["message"].as_str().unwrap_or_default().to_owned())
    }

    /// The last segment of the Location.
    #[track_caller]
    fn id(&self) -> String {
        self.location.as_ref().unwrap().rsplit('/').next().unwrap().to_owned()
    }
}

async fn bench() -> Bench {
    bench_with(|_| {}).await
}

async fn bench_with(change: impl FnOnce(&mut Options)) -> Bench {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let mut options = Options::default();
    options.server.portals.push("sales".to_owned());
    change(&mut options);
    let sim = Simulator::start(options).await.unwrap();
    let http = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut bench = Bench { sim, http, token: String::new() };
    bench.login().await;
    bench
}

impl Bench {
    /// Takes a new token, if one is to be had in the plain form.
    async fn login(&mut self) {
        let reply = self.post("/auth", json!({"name": "iaa-admin", "password": "battery-staple"})).await;
        self.token = reply.text;
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.sim.url()));
        if self.token.is_empty() { request } else { request.bearer_auth(&self.token) }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let request = self.request(method, path);
        let request = match body {
            Some(body) => request.body(body.to_string()),
            None => request,
        };
        Reply::of(request.send().await.unwrap()).await
    }

    async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body)).await
    }

    async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, Some(body)).await
    }

    async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PATCH, path, Some(body)).await
    }

    async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }

    /// Uploads one file as the vendor's sample does.
    async fn upload(&self, method: Method, path: &str, file: &str, content: &[u8]) -> Reply {
        let request = self.request(method, path).header("content-type", "multipart/form-data; boundary=xyz");
        Reply::of(request.body(form(file, content)).send().await.unwrap()).await
    }

    /// One of the `/_sim/` calls.
    async fn control(&self, method: &str, path: &str) -> Reply {
        let request = self.http.request(method.parse().unwrap(), format!("{}/_sim/{path}", self.sim.origin()));
        Reply::of(request.send().await.unwrap()).await
    }
}

/// A zip file without entries.
const ZIP: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

fn form(file: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("--xyz\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{file}\"\r\n");
    [head.as_bytes(), b"Content-Type: application/zip\r\n\r\n", content, b"\r\n--xyz--\r\n"].concat()
}

/// The contract's example of a new portal, under another technical name if need be.
fn portal_body(name: &str) -> Value {
    json!({
        "template_path": "/opt/intrexx/orgtempl/blank/",
        "portal_path": format!("/opt/intrexx/org/{name}"),
        "portal": {
            "display_name": "Sales",
            "default_language": "en",
            "web_server_host_name": "localhost",
            "web_default_base_url": "https://sales.example.test",
            "web_connector_host": "localhost",
            "web_connector_port": 1337,
            "rest_connector_port": 8101,
            "search_configuration": {
                "server_configuration": {"url": "http://solr:8983", "base_directory": "/opt/intrexx/solr/server/solr"},
            },
        },
        "database": {
            "type": "postgresql",
            "host": "db",
            "port": 5432,
            "database_name": format!("ix{name}"),
            "user": "postgres",
            "password": "database-secret",
            "create": true,
        },
    })
}

/// The vendor's sample of a new user.
fn user_body(login: &str) -> Value {
    json!({
        "general_settings": {"first_name": "Ada", "last_name": "Lovelace", "object_name": login},
        "account": {"login_username": login, "password": "P@ssw0rd-ada"},
        "contact": {"email": {"work": "ada@example.com"}},
    })
}
