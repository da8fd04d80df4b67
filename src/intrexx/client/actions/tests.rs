//! Tests of the calls over real HTTP against the simulator.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode};
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;

use crate::base::fault::{Class, Delivery};
use crate::base::secret::Secret;
use crate::intrexx::client::tests::start;
use crate::intrexx::sim::{Job, Simulator};
use crate::intrexx::wire::actions::{JobAction, Logout, SearchIndex};

/// A server that takes files, and what it was sent.
#[derive(Clone)]
pub(crate) struct Shelf {
    pub(crate) url: String,
    pub(crate) taken: Arc<Mutex<Vec<(Method, HeaderMap, Bytes)>>>,
}

impl Shelf {
    /// One that answers this status.
    pub(crate) async fn start(status: StatusCode) -> Self {
        let taken: Arc<Mutex<Vec<_>>> = Arc::default();
        let shelf = taken.clone();
        let app = Router::new().fallback(async move |method: Method, headers: HeaderMap, body: Bytes| {
            shelf.lock().unwrap().push((method, headers, body));
            status
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/planted?signature=planted", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, taken }
    }

    pub(crate) fn last(&self) -> Option<(Method, HeaderMap, Bytes)> {
        self.taken.lock().unwrap().last().cloned()
    }
}

/// A job of the portal `sales`.
pub(crate) fn add_job(simulator: &Simulator, id: &str, name: &str) {
    let job = Job {
        id: id.to_owned(),
        r#type: "TASK".to_owned(),
        fields: json!({"name": name, "active": true}).as_object().cloned().unwrap(),
        system: false,
        paused: false,
        fails: false,
        running_until: None,
        last_execution: None,
        last_message: None,
        executions: 0,
    };
    simulator.edit_portal("sales", |portal| portal.jobs.push(job)).unwrap();
}

/// The method, path and body of what was last asked.
fn last(simulator: &Simulator) -> (String, String, Option<Json>) {
    let entry = simulator.journal().all().pop().unwrap();
    (entry.method, entry.path, entry.body)
}

fn asked(method: &str, path: &str, body: Option<Json>) -> (String, String, Option<Json>) {
    (method.to_owned(), path.to_owned(), body)
}

#[tokio::test]
async fn each_call_is_as_the_contract_has_it() {
    let (simulator, client) = start(|_| {}).await;
    add_job(&simulator, "A1", "nightly");
    let plugins = ["MENU".to_owned()];
    client.start_search_index("sales", &SearchIndex { action: "CREATE", plugins: &plugins }).await.unwrap();
    let body = json!({"action": "CREATE", "plugins": ["MENU"]});
    assert_eq!(last(&simulator), asked("POST", "/sales/search/index", Some(body)));
    client.start_search_index("sales", &SearchIndex { action: "OPTIMIZE", plugins: &[] }).await.unwrap();
    assert_eq!(last(&simulator), asked("POST", "/sales/search/index", Some(json!({"action": "OPTIMIZE"}))));
    client.log_out("sales", None).await.unwrap();
    assert_eq!(last(&simulator), asked("POST", "/sales/logout", None));
    client.log_out("sales", Some("1")).await.unwrap();
    let body = serde_json::to_value(Logout { user_id: "1" }).unwrap();
    assert_eq!(last(&simulator), asked("POST", "/sales/logout", Some(body)));
    let ids = ["A1".to_owned()];
    let results = client.act_on_jobs("sales", &JobAction { action: "EXECUTE", job_ids: &ids }).await.unwrap();
    assert_eq!((results[0].id.as_str(), results[0].result.as_deref()), ("A1", Some("OK")));
    let body = json!({"action": "EXECUTE", "job_ids": ["A1"]});
    assert_eq!(last(&simulator), asked("PUT", "/sales/scheduler/actions", Some(body)));
    client.install_trial_license("sales", &Secret::new("TRIAL-0001")).await.unwrap();
    let (method, path, _) = last(&simulator);
    assert_eq!((method.as_str(), path.as_str()), ("PUT", "/sales/trial-license"));
    assert!(simulator.portal("sales").unwrap().licenses.contains_key("TRIAL-0001"));
    let again = client.install_trial_license("sales", &Secret::new("TRIAL-0002")).await.unwrap_err();
    assert_eq!((again.class, again.delivery), (Class::Taken, Delivery::Answered));
    assert!(!again.to_string().contains("TRIAL-0002"), "{again}");
}

/// What is not there is the vendor's last word only when the portal is: one that the API does not know may come back with all that is in it.
#[tokio::test]
async fn a_missing_job_is_missing_and_a_missing_portal_is_not() {
    let (simulator, client) = start(|_| {}).await;
    let order = |ids| JobAction { action: "PAUSE", job_ids: ids };
    let ids = ["NONE".to_owned()];
    assert_eq!(client.act_on_jobs("sales", &order(&ids)).await.unwrap_err().class, Class::Missing);
    simulator.edit_portal("sales", |portal| portal.known = false).unwrap();
    assert_eq!(client.act_on_jobs("sales", &order(&ids)).await.unwrap_err().class, Class::Transient);
}

#[tokio::test]
async fn a_diagnosis_file_comes_whole_also_with_a_token_that_has_run_out() {
    let (simulator, client) = start(|options| options.server.diagnosis_bytes = 300_000).await;
    client.log_out("sales", None).await.unwrap();
    simulator.restart(true);
    let mut file = Vec::new();
    client.diagnosis("sales", &mut file).await.unwrap();
    assert!(file.starts_with(b"PK") && file.len() > 300_000, "{}", file.len());
    assert_eq!(file.windows(4).filter(|window| window == b"PK\x05\x06").count(), 1, "one file, once");
    assert_eq!(simulator.journal().count("get_diagnosis"), 2);
}

#[tokio::test]
async fn a_diagnosis_file_is_delivered_as_it_came_and_without_credentials() {
    let (_simulator, client) = start(|options| options.server.diagnosis_bytes = 300_000).await;
    let mut file = Vec::new();
    client.diagnosis("sales", &mut file).await.unwrap();
    let shelf = Shelf::start(StatusCode::CREATED).await;
    let length = client.deliver_diagnosis("sales", &Secret::new(shelf.url.as_str())).await.unwrap();
    let (method, headers, body) = shelf.last().unwrap();
    assert_eq!((method, usize::try_from(length).unwrap(), &body[..]), (Method::PUT, file.len(), &file[..]));
    assert_eq!(headers.get("content-type").unwrap(), "application/zip");
    assert!(headers.get("authorization").is_none());

    let refusing = Shelf::start(StatusCode::FORBIDDEN).await;
    let fault = client.deliver_diagnosis("sales", &Secret::new(refusing.url)).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::Answered));
    assert!(!fault.to_string().contains("planted"), "{fault}");
}
