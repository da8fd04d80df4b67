//! The `/_sim/` calls of this vendor: what people do in the product's own administration, and what happens to servers.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use axum::routing::{any, delete, get, post};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::base::secret::MASK;
use crate::intrexx::sim::answer::{Place, respond};
use crate::intrexx::sim::portal::Condition;
use crate::intrexx::sim::{Installation, NoSuchPortal, gate};
use crate::sim::control::{Complaint, Params, pretty};

/// What `GET /_sim/` says about these calls.
pub(super) const HELP: &str = "\
Calls for this vendor. PORTAL is a portal's technical name; jobs, mail services and users are named by id or by name.

GET    /_sim/state                                what the server holds, without secrets
ANY    /_sim/api/CALL                             any call of the API, done by hand in the product's own administration: needs no
                                                  token, no licence and no running portal, and is not in the journal
POST   /_sim/portals                              make a portal by hand       name=NAME [displayName=] [baseUrl=]
POST   /_sim/portals/PORTAL                       change it                   [displayName=] [baseUrl=] [iaaPassword=] [known=]
                                                                              [condition=RUNNING|STOPPED|UNKNOWN]
                                                                              [importResult=] [importWarning=]
DELETE /_sim/portals/PORTAL                       remove it
POST   /_sim/portals/PORTAL/restart               restart its service         [seconds=N]
POST   /_sim/portals/PORTAL/jobs/JOB              change what no call can     [running=SECONDS] [fails=] [message=] [system=]
                                                                              [paused=]
POST   /_sim/portals/PORTAL/mailservices/SERVICE  break or mend it            [error=TEXT, blank mends]
DELETE /_sim/portals/PORTAL/mailservices/SERVICE  remove it, as no call can
POST   /_sim/portals/PORTAL/users/USER            lock or unlock it           locked=BOOL
DELETE /_sim/templates/TEMPLATE                   remove it, as no call can
POST   /_sim/licenses                             change a licence            key=KEY [validUntil=DATE] [total=N]
POST   /_sim/restart                              restart the Administration API: it knows all portals then
                                                                              [newSecret=BOOL, which ends all tokens]
POST   /_sim/clock                                move the clock on           advanceSeconds=N

For instance:
  curl -X POST 'http://HOST:PORT/_sim/portals?name=sales'
  curl -X PATCH -d '{\"session_timeout_sek\": 60}' http://HOST:PORT/_sim/api/sales/settings
  curl -X POST 'http://HOST:PORT/_sim/portals/sales?condition=STOPPED'
";

/// What is masked wherever it stands in the state.
const SECRETS: [&str; 7] =
    ["password", "iaa_password", "database_password", "mobile_key", "api_key", "key", "iaa_license"];

/// What of the state is nobody's business.
const INNER: [&str; 3] = ["signing_secret", "auth_calls", "stale"];

/// The calls.
pub(super) fn router(installation: Installation) -> Router {
    Router::new()
        .route("/_sim/state", get(state))
        .route("/_sim/api/{*call}", any(by_hand))
        .route("/_sim/portals", post(add_portal))
        .route("/_sim/portals/{portal}", post(edit_portal).delete(remove_portal))
        .route("/_sim/portals/{portal}/restart", post(restart_portal))
        .route("/_sim/portals/{portal}/jobs/{job}", post(edit_job))
        .route("/_sim/portals/{portal}/mailservices/{service}", post(edit_mail).delete(remove_mail))
        .route("/_sim/portals/{portal}/users/{user}", post(edit_user))
        .route("/_sim/templates/{template}", delete(remove_template))
        .route("/_sim/licenses", post(edit_license))
        .route("/_sim/restart", post(restart))
        .route("/_sim/clock", post(advance))
        .with_state(installation)
}

impl From<NoSuchPortal> for Complaint {
    fn from(error: NoSuchPortal) -> Self {
        Self::missing(error.to_string())
    }
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
                } else if key == "licenses"
                    && let Value::Object(shares) = value
                {
                    // A portal's shares are by key: only the numbers of seats are left.
                    *value = shares.values().cloned().collect();
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
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut store = installation.lock();
    let result = gate::by_hand(&mut store, &method, &format!("/{call}"), &headers, &body);
    let place = Place { origin: installation.origin(), base: "" };
    let response = respond(&store.options, &place, result);
    drop(store);
    installation.wake();
    response
}

async fn add_portal(State(installation): State<Installation>, mut params: Params) -> Result<Response, Complaint> {
    let name = params.required("name")?;
    let (display_name, base_url) = (params.text("displayName"), params.text("baseUrl"));
    params.finish()?;
    let mut store = installation.lock();
    let portal = store.add_portal(&name);
    portal.display_name = display_name.unwrap_or(std::mem::take(&mut portal.display_name));
    portal.base_url = base_url.unwrap_or(std::mem::take(&mut portal.base_url));
    Ok(pretty(&json!({"id": portal.id, "name": portal.name})))
}

async fn edit_portal(
    State(installation): State<Installation>,
    Path(name): Path<String>,
    mut params: Params,
) -> Result<Response, Complaint> {
    let texts = ["displayName", "baseUrl", "iaaPassword", "importResult", "importWarning"].map(|key| params.text(key));
    let [display_name, base_url, iaa_password, import_result, import_warning] = texts;
    let known = params.flag("known")?;
    let condition = match params.text("condition").as_deref() {
        None => None,
        Some("RUNNING") => Some(Condition::Running),
        Some("STOPPED") => Some(Condition::Stopped),
        Some("UNKNOWN") => Some(Condition::Unknown),
        Some(_) => return Err(Complaint::bad("condition is RUNNING, STOPPED or UNKNOWN")),
    };
    params.finish()?;
    let mut store = installation.lock();
    let portal = store.portal(&name).ok_or(NoSuchPortal(name))?;
    for (property, value) in [
        (&mut portal.display_name, display_name),
        (&mut portal.base_url, base_url),
        (&mut portal.iaa_password, iaa_password),
    ] {
        if let Some(value) = value {
            *property = value;
        }
    }
    for (property, value) in [(&mut portal.import_result, import_result), (&mut portal.import_warning, import_warning)]
    {
        if let Some(value) = value {
            *property = Some(value).filter(|value| !value.is_empty());
        }
    }
    portal.known = known.unwrap_or(portal.known);
    portal.condition = condition.unwrap_or(portal.condition);
    Ok(done())
}

fn done() -> Response {
    pretty(&json!({"done": true}))
}

async fn remove_portal(
    State(installation): State<Installation>,
    Path(name): Path<String>,
) -> Result<Response, Complaint> {
    if installation.lock().remove_portal(&name) { Ok(done()) } else { Err(NoSuchPortal(name).into()) }
}

async fn restart_portal(
    State(installation): State<Installation>,
    Path(name): Path<String>,
    mut params: Params,
) -> Result<Response, Complaint> {
    let takes = SignedDuration::from_secs(params.parsed("seconds")?.unwrap_or(0));
    params.finish()?;
    installation.lock().restart_portal(&name, takes).ok_or(NoSuchPortal(name))?;
    Ok(done())
}

async fn edit_job(
    State(installation): State<Installation>,
    Path((name, job)): Path<(String, String)>,
    mut params: Params,
) -> Result<Response, Complaint> {
    let running: Option<i64> = params.parsed("running")?;
    let (fails, system, paused) = (params.flag("fails")?, params.flag("system")?, params.flag("paused")?);
    let message = params.text("message");
    params.finish()?;
    let mut store = installation.lock();
    let now = store.state.now();
    let portal = store.portal(&name).ok_or(NoSuchPortal(name))?;
    let job = portal.job(&job).ok_or_else(|| Complaint::missing("the portal has no such job"))?;
    if let Some(seconds) = running {
        job.running_until = Some(now + SignedDuration::from_secs(seconds));
        job.last_execution = Some(now);
    }
    for (property, value) in [(&mut job.fails, fails), (&mut job.system, system), (&mut job.paused, paused)] {
        *property = value.unwrap_or(*property);
    }
    job.last_message = message.or(job.last_message.take());
    Ok(done())
}

async fn edit_mail(
    State(installation): State<Installation>,
    Path((name, service)): Path<(String, String)>,
    mut params: Params,
) -> Result<Response, Complaint> {
    let error = params.required("error")?;
    params.finish()?;
    let mut store = installation.lock();
    let portal = store.portal(&name).ok_or(NoSuchPortal(name))?;
    let service = portal.mail_service(&service).ok_or_else(no_service)?;
    service.error = Some(error).filter(|error| !error.is_empty());
    Ok(done())
}

fn no_service() -> Complaint {
    Complaint::missing("the portal has no such mail service")
}

async fn remove_mail(
    State(installation): State<Installation>,
    Path((name, service)): Path<(String, String)>,
) -> Result<Response, Complaint> {
    let mut store = installation.lock();
    let portal = store.portal(&name).ok_or(NoSuchPortal(name))?;
    let id = portal.mail_service(&service).ok_or_else(no_service)?.id.clone();
    portal.mail.retain(|service| service.id != id);
    Ok(done())
}

async fn edit_user(
    State(installation): State<Installation>,
    Path((name, user)): Path<(String, String)>,
    mut params: Params,
) -> Result<Response, Complaint> {
    let locked = params.flag("locked")?.ok_or_else(|| Complaint::bad("the parameter locked is missing"))?;
    params.finish()?;
    let mut store = installation.lock();
    let portal = store.portal(&name).ok_or(NoSuchPortal(name))?;
    portal.user(&user).ok_or_else(|| Complaint::missing("the portal has no such user"))?.locked = locked;
    Ok(done())
}

async fn remove_template(
    State(installation): State<Installation>,
    Path(name): Path<String>,
) -> Result<Response, Complaint> {
    let mut store = installation.lock();
    let templates = &mut store.state.templates;
    let place = templates.iter().position(|template| template.name == name);
    templates.remove(place.ok_or_else(|| Complaint::missing("there is no such template"))?);
    Ok(done())
}

async fn edit_license(State(installation): State<Installation>, mut params: Params) -> Result<Response, Complaint> {
    let key = params.required("key")?;
    let (valid_until, total) = (params.parsed("validUntil")?, params.parsed("total")?);
    params.finish()?;
    let mut store = installation.lock();
    let license = store.state.licenses.iter_mut().find(|license| license.key == key);
    let license = license.ok_or_else(|| Complaint::missing("there is no such licence"))?;
    license.valid_until = valid_until.or(license.valid_until);
    license.total = total.unwrap_or(license.total);
    Ok(done())
}

async fn restart(State(installation): State<Installation>, mut params: Params) -> Result<Response, Complaint> {
    let new_secret = params.flag("newSecret")?.unwrap_or(false);
    params.finish()?;
    installation.lock().restart(new_secret);
    Ok(done())
}

async fn advance(State(installation): State<Installation>, mut params: Params) -> Result<Response, Complaint> {
    let seconds =
        params.parsed("advanceSeconds")?.ok_or_else(|| Complaint::bad("the parameter advanceSeconds is missing"))?;
    params.finish()?;
    installation.lock().state.advance(SignedDuration::from_secs(seconds));
    installation.wake();
    let now = installation.lock().state.now();
    Ok(pretty(&json!({ "now": now })))
}
