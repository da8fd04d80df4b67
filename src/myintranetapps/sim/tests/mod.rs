//! The simulator over real HTTP, through a plain HTTP client and never through ours.

mod access;
mod accounts;
mod connections;
mod control;
mod disturbance;

use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::myintranetapps::sim::{Options, Simulator};

/// A simulator and one who calls it with the right credentials.
struct Bench {
    sim: Simulator,
    http: Client,
}

/// What came back.
#[derive(Debug)]
struct Reply {
    status: u16,
    content_type: String,
    text: String,
}

impl Reply {
    async fn of(response: Response) -> Self {
        let status = response.status().as_u16();
        let content_type =
            response.headers().get("content-type").map_or("", |value| value.to_str().unwrap()).to_owned();
        Self { status, content_type, text: response.text().await.unwrap() }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {}", self.text))
    }

    /// HTTP status and the body's code.
    fn codes(&self) -> (u16, u64) {
        (self.status, self.json()["status_code"].as_u64().unwrap())
    }
}

async fn bench() -> Bench {
    bench_with(|_| {}).await
}

async fn bench_with(change: impl FnOnce(&mut Options)) -> Bench {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let mut options = Options::default();
    change(&mut options);
    let sim = Simulator::start(options).await.unwrap();
    Bench { sim, http: Client::builder().no_proxy().build().unwrap() }
}

impl Bench {
    fn script(&self) -> String {
        format!("{}/app/api.php", self.sim.url())
    }

    /// Sends a raw body with the right credentials and without a content type, as the vendor's samples do.
    async fn send(&self, body: String) -> reqwest::Result<Response> {
        let request = self.http.post(self.script()).basic_auth("api-admin", Some("correct-horse"));
        request.header("Account-Key", "5a50d8fed44aa9.76285894").body(body).send().await
    }

    async fn post(&self, body: Value) -> Reply {
        Reply::of(self.send(body.to_string()).await.unwrap()).await
    }

    async fn get(&self, query: &str) -> Reply {
        let request =
            self.http.get(format!("{}?{query}", self.script())).basic_auth("api-admin", Some("correct-horse"));
        Reply::of(request.header("Account-Key", "5a50d8fed44aa9.76285894").send().await.unwrap()).await
    }

    /// The documented create body, with `over` laid over it; a null takes a property out.
    async fn create(&self, over: Value) -> Reply {
        self.post(create_body(over)).await
    }

    /// Creates an account that must succeed, and returns its key.
    async fn created(&self, subdomain: &str) -> String {
        let reply = self.create(json!({ "subdomain": subdomain })).await;
        assert_eq!(reply.codes(), (200, 200), "{reply:?}");
        reply.json()["account_key"].as_str().unwrap().to_owned()
    }

    async fn list(&self) -> Value {
        let reply = self.post(json!({"action": "list_accounts"})).await;
        assert_eq!(reply.codes(), (200, 200));
        reply.json()
    }

    async fn update(&self, key: &str, over: Value) -> Reply {
        let mut body = json!({"action": "update_account", "account_key": key});
        lay_over(&mut body, over);
        self.post(body).await
    }

    async fn health(&self, query: &str) -> Value {
        let reply = self.get(&format!("action=connection_health{query}")).await;
        assert_eq!(reply.codes(), (200, 200), "{reply:?}");
        reply.json()
    }

    async fn control(&self, method: &str, path: &str) -> Reply {
        let request = self.http.request(method.parse().unwrap(), format!("{}/_sim/{path}", self.sim.url()));
        Reply::of(request.send().await.unwrap()).await
    }
}

fn create_body(over: Value) -> Value {
    let mut body = json!({
        "name": "new client name",
        "package_id": "9",
        "active": "1",
        "email_admin": "newaccountadmin@email.com",
        "password": "newadminpassword",
        "subdomain": "example",
        "type": "standard",
        "datashare": "1",
    });
    lay_over(&mut body, over);
    body
}

fn lay_over(body: &mut Value, over: Value) {
    let properties = body.as_object_mut().unwrap();
    for (name, value) in over.as_object().unwrap() {
        if value.is_null() {
            properties.remove(name);
        } else {
            properties.insert(name.clone(), value.clone());
        }
    }
}
