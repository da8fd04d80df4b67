//! The simulator over real HTTP, through a plain HTTP client and never through ours.

mod access;
mod contacts;
mod control;
mod forms;
mod mail;
mod sources;
mod tokens;
mod types;
mod users;

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use crate::crm2::sim::{Contact, Options, Simulator};

const DOMAIN: &str = "acme.example";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const FORM: &str = "application/x-www-form-urlencoded";

/// A simulator, and one who calls it as the owner of its domain.
struct Bench {
    sim: Simulator,
    http: Client,
    domain: String,
    token: String,
}

/// What came back.
#[derive(Debug)]
struct Reply {
    status: u16,
    content_type: String,
    allow: Option<String>,
    text: String,
}

impl Reply {
    async fn of(response: Response) -> Self {
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (content_type, allow) = (header("content-type").unwrap_or_default(), header("allow"));
        Self { status: response.status().as_u16(), content_type, allow, text: response.text().await.unwrap() }
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The body of a call that did what was asked.
    #[track_caller]
    fn good(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// What the usual envelope of such a call has in it.
    #[track_caller]
    fn value(&self) -> Value {
        self.good()["result"]["resultValue"].clone()
    }

    /// Status and message of one that did not.
    #[track_caller]
    fn refusal(&self) -> (u16, String) {
        (self.status, self.json()["error"].as_str().unwrap().to_owned())
    }
}

fn refused(status: u16, message: &str) -> (u16, String) {
    (status, message.to_owned())
}

async fn bench() -> Bench {
    bench_with(|_| {}).await
}

async fn bench_with(change: impl FnOnce(&mut Options)) -> Bench {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let mut options = Options::default();
    change(&mut options);
    let sim = Simulator::start(options).await.unwrap();
    let http = Client::builder().no_proxy().build().unwrap();
    Bench { sim, http, domain: DOMAIN.to_owned(), token: TOKEN.to_owned() }
}

/// Name and value of each parameter.
type Pairs<'a> = &'a [(&'a str, &'a str)];

impl Bench {
    /// The parameters with the two that every call has.
    fn whole(&self, params: Pairs<'_>) -> Vec<(String, String)> {
        let both = [("clientDomain", self.domain.as_str()), ("authToken", self.token.as_str())];
        let given = both.iter().chain(params).filter(|(_, value)| !value.is_empty());
        given.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.sim.url()))
    }

    async fn get(&self, path: &str, params: Pairs<'_>) -> Reply {
        Reply::of(self.request(Method::GET, path).query(&self.whole(params)).send().await.unwrap()).await
    }

    async fn post(&self, path: &str, params: Pairs<'_>) -> Reply {
        self.form(Method::POST, path, params).await
    }

    async fn put(&self, path: &str, params: Pairs<'_>) -> Reply {
        self.form(Method::PUT, path, params).await
    }

    async fn delete(&self, path: &str, params: Pairs<'_>) -> Reply {
        Reply::of(self.request(Method::DELETE, path).query(&self.whole(params)).send().await.unwrap()).await
    }

    /// Any call with its parameters in a form, as curl sends them.
    async fn form(&self, method: Method, path: &str, params: Pairs<'_>) -> Reply {
        Reply::of(self.form_request(method, path, params).send().await.unwrap()).await
    }

    fn form_request(&self, method: Method, path: &str, params: Pairs<'_>) -> reqwest::RequestBuilder {
        let request = self.request(method, path).header("content-type", FORM);
        request.body(encoded(&self.whole(params)))
    }

    async fn raw(&self, method: Method, path: &str, content_type: &str, body: String) -> Reply {
        let request = self.request(method, path).header("content-type", content_type).body(body);
        Reply::of(request.send().await.unwrap()).await
    }

    async fn validate(&self, token: &str) -> Reply {
        let body = json!({ "authToken": token }).to_string();
        self.raw(Method::POST, "/oauth/validate", "application/json", body).await
    }

    /// A new temporary token.
    async fn temporary(&self) -> String {
        let body = encoded(&[("authToken".to_owned(), self.token.clone())]);
        let reply = self.raw(Method::POST, "/oauth/temp-token", FORM, body).await;
        reply.good()["authToken"].as_str().unwrap().to_owned()
    }

    /// Makes a user with a contact, and returns the contact's id.
    async fn user(&self, user_id: &str) -> String {
        let params = [
            ("firstName", "Grace"),
            ("lastName", "Hopper"),
            ("emailAddress", user_id),
            ("userId", user_id),
            ("userIdType", "GOOGLE_APPS"),
        ];
        let made = self.post("/admin/user-contact", &params).await.value();
        made["contactId"].as_str().unwrap().to_owned()
    }

    /// A contact as the server has it.
    #[track_caller]
    fn contact(&self, id: &str) -> Contact {
        self.sim.domain(&self.domain).unwrap().contact(id).unwrap().clone()
    }

    /// One of the `/_sim/` calls.
    async fn control(&self, method: &str, path: &str) -> Reply {
        Reply::of(self.request(method.parse().unwrap(), &format!("/_sim/{path}")).send().await.unwrap()).await
    }
}

/// Names and values as a form has them.
fn encoded(pairs: &[(String, String)]) -> String {
    let mut url = reqwest::Url::parse("http://form").unwrap();
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}
