//! The `/_sim/` calls of this vendor: what people do in the product's own pages, and what happens to installations.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use axum::routing::{any, delete, get, post};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::adeptia::sim::answer::respond;
use crate::adeptia::sim::entities::{Definition, ParameterType, Template};
use crate::adeptia::sim::{Installation, gate};
use crate::base::secret::MASK;
use crate::sim::control::{Complaint, Params, pretty};

/// What `GET /_sim/` says about these calls.
pub(super) const HELP: &str = "\
Calls for this vendor. PARTNER is a partner's id or name, USER a user's id or e-mail address.

GET    /_sim/state                what the installation holds, without secrets
ANY    /_sim/api/CALL             any call of the API, done by hand in the product's own pages: needs no token, and is not in the journal
POST   /_sim/partners             make a partner by hand         name=NAME
POST   /_sim/partners/PARTNER     change it                      [name=] [active=] [external=] [transactions=N]
DELETE /_sim/partners/PARTNER     remove it
POST   /_sim/users                make a user by hand            email=EMAIL [firstName=] [lastName=] [password=]
POST   /_sim/users/USER           change it                      [firstName=] [lastName=] [active=] [objects=N] [password=]
DELETE /_sim/users/USER           remove it
POST   /_sim/networks             add a network                  id=ID name=NAME
POST   /_sim/parameters           add a parameter to a network   id=ID [network=ID] [maxLength=N] [unique=BOOL] [choices=A,B]
                                                                 [type=Text|Password|Combo|Date|Email|Url|Number|Decimal]
POST   /_sim/templates            add a template, or change it   id=ID [active=BOOL] [networks=1,2]
POST   /_sim/logout               make every token worthless
POST   /_sim/clock                move the clock on              advanceSeconds=N

For instance:
  curl -X POST 'http://HOST:PORT/_sim/partners?name=Walgreens'
  curl http://HOST:PORT/_sim/api/rest/company?limit=10
  curl -X POST 'http://HOST:PORT/_sim/users/new@adeptia.example?objects=3'
";

/// What is masked wherever it stands in the state: a parameter's value and an import's file may hold passwords.
const SECRETS: [&str; 3] = ["password", "value", "text"];

/// What of the state is nobody's business.
const INNER: [&str; 1] = ["tokens"];

/// The calls.
pub(super) fn router(installation: Installation) -> Router {
    Router::new()
        .route("/_sim/state", get(state))
        .route("/_sim/api/{*call}", any(by_hand))
        .route("/_sim/partners", post(add_partner))
        .route("/_sim/partners/{partner}", delete(remove_partner).post(edit_partner))
        .route("/_sim/users", post(add_user))
        .route("/_sim/users/{user}", delete(remove_user).post(edit_user))
        .route("/_sim/networks", post(add_network))
        .route("/_sim/parameters", post(add_parameter))
        .route("/_sim/templates", post(set_template))
        .route("/_sim/logout", post(logout))
        .route("/_sim/clock", post(advance))
        .with_state(installation)
}

async fn state(State(installation): State<Installation>) -> Response {
    let store = installation.lock();
    let mut shown = serde_json::to_value(&store.state).unwrap_or_default();
    if let Value::Object(fields) = &mut shown {
        fields.retain(|key, _| !INNER.contains(&key.as_str()));
        fields.insert("now".to_owned(), json!(store.state.now()));
    }
    mask(&mut shown);
    pretty(&shown)
}

fn mask(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Object(fields) => {
            for (key, value) in fields {
                let blank = value.is_null() || value.as_str().is_some_and(str::is_empty);
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

async fn by_hand(
    State(installation): State<Installation>,
    Path(call): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut store = installation.lock();
    let query = uri.query().unwrap_or_default();
    let result = gate::by_hand(&mut store, &method, &format!("/{call}"), query, &headers, &body);
    respond(&store.options, result)
}

fn done() -> Response {
    pretty(&json!({"done": true}))
}

fn no_partner() -> Complaint {
    Complaint::missing("there is no such partner")
}

fn no_user() -> Complaint {
    Complaint::missing("there is no such user")
}

async fn add_partner(State(installation): State<Installation>, mut params: Params) -> Result<Response, Complaint> {
    let name = params.required("name")?;
    params.finish()?;
    let id = installation.lock().state.add_partner(&name).id;
    Ok(pretty(&json!({"id": id.to_string()})))
}

async fn edit_partner(
    State(installation): State<Installation>,
    Path(partner): Path<String>,
    mut params: Params,
) -> Result<Response, Complaint> {
    let name = params.text("name");
    let (active, external) = (params.flag("active")?, params.flag("external")?);
    let transactions = params.parsed("transactions")?;
    params.finish()?;
    let mut store = installation.lock();
    let meant = |company: &&mut super::Company| company.id.to_string() == partner || company.name == partner;
    let company = store.state.companies.iter_mut().find(meant).ok_or_else(no_partner)?;
    company.name = name.unwrap_or(std::mem::take(&mut company.name));
    company.active = active.unwrap_or(company.active);
    company.enable_self_onboard = external.unwrap_or(company.enable_self_onboard);
    company.transactions = transactions.unwrap_or(company.transactions);
    Ok(done())
}

async fn remove_partner(
    State(installation): State<Installation>,
    Path(partner): Path<String>,
) -> Result<Response, Complaint> {
    let mut store = installation.lock();
    let meant = |company: &&super::Company| company.id.to_string() == partner || company.name == partner;
    let id = store.state.companies.iter().find(meant).ok_or_else(no_partner)?.id;
    store.state.remove_partner(id).map(|_| done()).ok_or_else(no_partner)
}

async fn add_user(State(installation): State<Installation>, mut params: Params) -> Result<Response, Complaint> {
    let email = params.required("email")?;
    let [first_name, last_name, password] = ["firstName", "lastName", "password"].map(|name| params.text(name));
    params.finish()?;
    let mut store = installation.lock();
    let user = store.state.add_user(&email);
    (user.first_name, user.last_name) = (first_name.unwrap_or_default(), last_name.unwrap_or_default());
    user.password = password;
    Ok(pretty(&json!({"id": user.id.to_string()})))
}

async fn edit_user(
    State(installation): State<Installation>,
    Path(user): Path<String>,
    mut params: Params,
) -> Result<Response, Complaint> {
    let [first_name, last_name, password] = ["firstName", "lastName", "password"].map(|name| params.text(name));
    let (active, objects) = (params.flag("active")?, params.parsed("objects")?);
    params.finish()?;
    let mut store = installation.lock();
    let meant = |other: &&mut super::User| other.id.to_string() == user || other.email.eq_ignore_ascii_case(&user);
    let user = store.state.users.iter_mut().find(meant).ok_or_else(no_user)?;
    for (property, value) in [(&mut user.first_name, first_name), (&mut user.last_name, last_name)] {
        if let Some(value) = value {
            *property = value;
        }
    }
    user.password = password.or(user.password.take());
    user.active = active.unwrap_or(user.active);
    user.objects = objects.unwrap_or(user.objects);
    Ok(done())
}

async fn remove_user(
    State(installation): State<Installation>,
    Path(user): Path<String>,
) -> Result<Response, Complaint> {
    let mut store = installation.lock();
    let meant = |other: &super::User| other.id.to_string() == user || other.email.eq_ignore_ascii_case(&user);
    let place = store.state.users.iter().position(meant).ok_or_else(no_user)?;
    store.state.users.remove(place);
    Ok(done())
}

fn needed<T>(name: &str, value: Option<T>) -> Result<T, Complaint> {
    value.ok_or_else(|| Complaint::bad(format!("the parameter {name} is missing")))
}

async fn add_network(State(installation): State<Installation>, mut params: Params) -> Result<Response, Complaint> {
    let id = needed("id", params.parsed("id")?)?;
    let name = params.required("name")?;
    params.finish()?;
    installation.lock().state.networks.push(super::Network { id, name });
    Ok(done())
}

async fn add_parameter(State(installation): State<Installation>, mut params: Params) -> Result<Response, Complaint> {
    let id = needed("id", params.parsed("id")?)?;
    let (network, max_length) = (params.parsed("network")?.unwrap_or(1), params.parsed("maxLength")?);
    let unique = params.flag("unique")?.unwrap_or(false);
    let choices = params.text("choices").map(|text| text.split(',').map(str::to_owned).collect()).unwrap_or_default();
    let r#type = match params.text("type") {
        None => ParameterType::Text,
        Some(word) => serde_json::from_value(json!(word))
            .map_err(|_| Complaint::bad(format!("type: there is no type {word}; GET /_sim/ lists them")))?,
    };
    params.finish()?;
    let definition = Definition { id, network, r#type, max_length, choices, unique };
    installation.lock().state.definitions.push(definition);
    Ok(done())
}

async fn set_template(State(installation): State<Installation>, mut params: Params) -> Result<Response, Complaint> {
    let id = needed("id", params.parsed("id")?)?;
    let active = params.flag("active")?;
    let networks: Option<Vec<u64>> = params
        .text("networks")
        .map(|text| text.split(',').map(str::parse).collect::<Result<_, _>>())
        .transpose()
        .map_err(|_| Complaint::bad("networks are ids, with commas between them"))?;
    params.finish()?;
    let templates = &mut installation.lock().state.templates;
    let place = templates.iter().position(|template| template.id == id).unwrap_or_else(|| {
        templates.push(Template { id, active: true, networks: vec![1] });
        templates.len() - 1
    });
    let template = &mut templates[place];
    template.active = active.unwrap_or(template.active);
    template.networks = networks.unwrap_or(std::mem::take(&mut template.networks));
    Ok(done())
}

async fn logout(State(installation): State<Installation>, params: Params) -> Result<Response, Complaint> {
    params.finish()?;
    installation.lock().state.tokens.clear();
    Ok(done())
}

async fn advance(State(installation): State<Installation>, mut params: Params) -> Result<Response, Complaint> {
    let seconds = needed("advanceSeconds", params.parsed("advanceSeconds")?)?;
    params.finish()?;
    let mut store = installation.lock();
    store.state.advance(SignedDuration::from_secs(seconds));
    Ok(pretty(&json!({"now": store.state.now()})))
}
