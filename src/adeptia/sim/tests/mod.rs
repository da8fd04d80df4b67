//! The simulator over real HTTP, through a plain HTTP client and never through ours.

mod access;
mod control;
mod forms;
mod imports;
mod linkages;
mod partners;
mod users;

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::adeptia::sim::{Options, Simulator};

/// A simulator, and one who calls it with a good token.
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
        (self.status, self.json()["error"]["message"].as_str().unwrap_or_default().to_owned())
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
    let http = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut bench = Bench { sim, http, token: String::new() };
    let reply = bench.login("adminuser@adeptia.example", "P@ssw0rd").await;
    bench.token = reply.good()["ACCESS_TOKEN"].as_str().unwrap().to_owned();
    bench
}

impl Bench {
    async fn login(&self, username: &str, password: &str) -> Reply {
        self.post("/rest/login/user", json!({"username": username, "password": password})).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.sim.url()));
        if self.token.is_empty() { request } else { request.header("ACCESS_TOKEN", &self.token) }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let request = self.request(method, path);
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string()),
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

    /// A PUT without a body.
    async fn press(&self, path: &str) -> Reply {
        self.send(Method::PUT, path, None).await
    }

    async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }

    /// One of the `/_sim/` calls.
    async fn control(&self, method: &str, path: &str) -> Reply {
        let request = self.http.request(method.parse().unwrap(), format!("{}/_sim/{path}", self.sim.url()));
        Reply::of(request.send().await.unwrap()).await
    }

    async fn invite(&self, email: &str) -> Reply {
        self.post(INVITE, invitation(email)).await
    }

    /// Invites somebody, and makes the user; its id.
    async fn user(&self, email: &str) -> String {
        let id = self.invite(email).await.good()["invitationId"].as_str().unwrap().parse().unwrap();
        let made = self.post("/rest/users/createuser", new_user(id)).await.good();
        made["IndigoUser"]["id"].as_str().unwrap().to_owned()
    }

    /// Makes a partner; its id.
    async fn partner(&self, name: &str) -> String {
        let made = self.post("/rest/company", company(name)).await.good();
        made["Company"]["id"].as_str().unwrap().to_owned()
    }

    async fn grant(&self, partner: &str, template: u64) -> Reply {
        self.post(GRANT_ONE, linkage(partner, Some(template))).await
    }
}

const INVITE: &str = "/rest/invitation?resourceIdentifier=users";
const GRANT_ONE: &str = "/rest/templatepartnerlinkage?isTemplate=true&resourceIdentifier=transactiontemplate";
const GRANT_ALL: &str = "/rest/templatepartnerlinkage?resourceIdentifier=company";
const TEMPLATE: u64 = 11_535_091_945_352;

/// The page's example of an invitation, to somebody.
fn invitation(email: &str) -> Value {
    json!({"Invitation": {
        "companyID": 1,
        "contactEmail": "",
        "invitationType": 300,
        "mailRecipient": email,
        "message": "Adeptia has invited you to use Adeptia Connect",
        "roleInfo": "[{\"partner\":1,\"roles\":[2],\"defaultRole\":2}]",
        "senderEmail": "adminuser@adeptia.com",
        "subject": 400,
    }})
}

/// The page's example of a new user, of an invitation.
fn new_user(invitation: u64) -> Value {
    json!({"IndigoUser": {
        "firstName": "Test", "lastName": "User", "invitationId": invitation, "password": "P@ssw0rd", "roleId": null,
    }})
}

/// The page's example of a new partner as the contract mends it, under another name.
fn company(name: &str) -> Value {
    json!({"Company": {
        "name": name,
        "partnerNetworks": [{"id": 1}],
        "primaryContact": "admin@wallgreens.com",
        "phoneNumber": "2025550101",
        "address": "",
        "country": "",
        "status": 200,
        "enableSelfOnboard": false,
        "spokeCompany": false,
    }})
}

fn parameter(row: &str, definition: &str, value: &str) -> Value {
    json!({"id": row, "paramId": {"id": definition}, "value": value})
}

fn linkage(partner: &str, template: Option<u64>) -> Value {
    let mut body = json!({"TemplatePartnerLinkage": {"partner": {"id": partner.parse::<u64>().unwrap()}}});
    if let Some(template) = template {
        body["TemplatePartnerLinkage"]["transactionTemplate"] = json!({"id": template});
    }
    body
}
