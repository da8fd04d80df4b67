//! The `/_sim/` calls of this vendor: what people do in the product's own pages, and what happens to servers.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use axum::routing::{any, get, post};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::base::secret::MASK;
use crate::crm2::sim::answer::respond;
use crate::crm2::sim::domain::Login;
use crate::crm2::sim::gate::{Arrival, by_hand};
use crate::crm2::sim::store::Store;
use crate::crm2::sim::{Installation, NoSuchDomain};
use crate::sim::control::{Complaint, Params, pretty};

/// What `GET /_sim/` says about these calls.
pub(super) const HELP: &str = "\
Calls for this vendor.

GET    /_sim/state                what the server holds, without secrets
ANY    /_sim/api/CALL             any call of the API, done by hand in the product's own pages as the domain's owner: needs no
                                  token, takes parameters from query, form or JSON, and is not in the journal
                                                                              [clientDomain=NAME] and the call's own
POST   /_sim/domains              make a client domain by hand                name=NAME
POST   /_sim/contacts/ID          let activities hang on a contact            activities=N
GET    /_sim/my-account           what a user finds under \"My Account\": the permanent token
                                                                              [userId=ID] [userIdType=TYPE]
POST   /_sim/my-account/reset     reset that token there                      [userId=ID] [userIdType=TYPE]
POST   /_sim/clock                move the clock on                           advanceSeconds=N

Without clientDomain and userId: the domain that is there from the start, and its owner.

For instance:
  curl -X POST 'http://HOST:PORT/_sim/api/admin/activity-type?activityType=pinned'
  curl -X DELETE 'http://HOST:PORT/_sim/api/admin/email-notifications'
  curl -X POST 'http://HOST:PORT/_sim/my-account/reset'
";

/// What is masked wherever it stands in the state.
const SECRETS: [&str; 3] = ["password", "token", "token_secret"];

/// The calls.
pub(super) fn router(installation: Installation) -> Router {
    Router::new()
        .route("/_sim/state", get(state))
        .route("/_sim/api/{*call}", any(hand))
        .route("/_sim/domains", post(add_domain))
        .route("/_sim/contacts/{contact}", post(edit_contact))
        .route("/_sim/my-account", get(my_account))
        .route("/_sim/my-account/reset", post(reset))
        .route("/_sim/clock", post(advance))
        .with_state(installation)
}

impl From<NoSuchDomain> for Complaint {
    fn from(error: NoSuchDomain) -> Self {
        Self::missing(error.to_string())
    }
}

async fn state(State(installation): State<Installation>) -> Response {
    let store = installation.lock();
    let mut shown = serde_json::to_value(&store.state).unwrap_or_default();
    shown["now"] = json!(store.state.now());
    mask(&mut shown);
    pretty(&shown)
}

fn mask(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Object(fields) => {
            for (key, value) in fields {
                let blank = value.as_str().is_some_and(str::is_empty);
                if SECRETS.contains(&key.as_str()) && !blank {
                    *value = json!(MASK);
                } else {
                    mask(value);
                }
            }
        }
        _ => {}
    }
}

async fn hand(
    State(installation): State<Installation>,
    Path(call): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut store = installation.lock();
    let arrival = Arrival { method: &method, uri: &uri, headers: &headers, body: &body };
    let result = by_hand(&mut store, &arrival, &format!("/{call}"));
    respond(&store.options.answers, result)
}

async fn add_domain(State(installation): State<Installation>, mut params: Params) -> Result<Response, Complaint> {
    let name = params.required("name")?;
    params.finish()?;
    let owner = installation.lock().add_domain(&name).owner.key();
    Ok(pretty(&json!({"name": name, "owner": owner})))
}

async fn edit_contact(
    State(installation): State<Installation>,
    Path(id): Path<String>,
    mut params: Params,
) -> Result<Response, Complaint> {
    let activities =
        params.parsed("activities")?.ok_or_else(|| Complaint::bad("the parameter activities is missing"))?;
    params.finish()?;
    let mut store = installation.lock();
    let contact = store.state.domains.iter_mut().find_map(|domain| domain.contact(&id));
    contact.ok_or_else(|| Complaint::missing("there is no such contact"))?.activities = activities;
    Ok(pretty(&json!({"done": true})))
}

/// The login that the parameters name; the owner's when they name none.
fn login(store: &Store, mut params: Params) -> Result<Login, Complaint> {
    let (user_id, user_id_type) = (params.text("userId"), params.text("userIdType"));
    params.finish()?;
    let Some(user_id) = user_id else {
        let name = store.options.server.client_domain.clone();
        return Ok(store.owner().ok_or(NoSuchDomain(name))?.clone());
    };
    let login = Login { user_id_type: user_id_type.unwrap_or_else(|| "GOOGLE_APPS".to_owned()), user_id };
    let known = store.state.domains.iter().any(|domain| domain.contact_of(&login).is_some());
    if known { Ok(login) } else { Err(Complaint::missing("there is no such user")) }
}

async fn my_account(State(installation): State<Installation>, params: Params) -> Result<Response, Complaint> {
    let mut store = installation.lock();
    let login = login(&store, params)?;
    let token = store.state.token_of(&login);
    Ok(pretty(&json!({"userId": login.user_id, "userIdType": login.user_id_type, "authToken": token})))
}

async fn reset(State(installation): State<Installation>, params: Params) -> Result<Response, Complaint> {
    let mut store = installation.lock();
    let login = login(&store, params)?;
    let ends_temporary = store.options.behaviour.reset_ends_temporary;
    let token = store.reset(&login, ends_temporary);
    Ok(pretty(&json!({"userId": login.user_id, "userIdType": login.user_id_type, "authToken": token})))
}

async fn advance(State(installation): State<Installation>, mut params: Params) -> Result<Response, Complaint> {
    let seconds =
        params.parsed("advanceSeconds")?.ok_or_else(|| Complaint::bad("the parameter advanceSeconds is missing"))?;
    params.finish()?;
    let mut store = installation.lock();
    store.state.advance(SignedDuration::from_secs(seconds));
    Ok(pretty(&json!({ "now": store.state.now() })))
}
