//! The way of one request: where it goes, whether it may come in, what is done, and what is answered when.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::intrexx::sim::Installation;
use crate::intrexx::sim::answer::{Cause, Done, Place, Refusal, moved, respond};
use crate::intrexx::sim::calls::{Call, not_configured, portals};
use crate::intrexx::sim::endpoints::{self, AUTHENTICATE, ENDPOINTS, Endpoint, LICENSE_IAA, Match};
use crate::intrexx::sim::input::{self, Input};
use crate::intrexx::sim::options::Options;
use crate::intrexx::sim::options::server::Server;
use crate::intrexx::sim::portal::Condition;
use crate::intrexx::sim::store::Store;
use crate::intrexx::sim::token;
use crate::sim::exchange::{Asked, Operation};

/// Where a path leads.
enum Way<'a> {
    /// To a call: its path, and what stands before it.
    Here { base: String, rest: &'a str },
    /// To another address.
    Moved(String),
    /// Nowhere.
    Nowhere,
}

fn way<'a>(server: &Server, path: &'a str) -> Way<'a> {
    let base = server.base();
    let below = |base: &str| path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let Some(rest) = below(&base) else {
        return Way::Nowhere;
    };
    let Some(prefix) = server.redirected() else {
        return Way::Here { base, rest };
    };
    let target = format!("{base}{prefix}");
    match below(&target) {
        Some(rest) => Way::Here { base: target, rest },
        None => Way::Moved(format!("{target}{rest}")),
    }
}

/// Names what a request asks for.
pub(super) fn operation(options: &Options, asked: &Asked<'_>) -> Operation {
    let harmless = asked.method == Method::GET || asked.method == Method::HEAD;
    let unknown = if harmless { Operation::read("unknown") } else { Operation::write("unknown") };
    match way(&options.server, asked.path) {
        Way::Here { rest, .. } => endpoints::find(asked.method, rest).map_or(unknown, |found| found.endpoint.operation),
        Way::Moved(_) => Operation { name: "redirected", ..unknown },
        Way::Nowhere => unknown,
    }
}

/// Answers one request of the vendor's API.
pub(super) async fn serve(
    State(installation): State<Installation>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (base, id) = {
        let mut store = installation.lock();
        let (base, rest) = match way(&store.options.server, uri.path()) {
            Way::Here { base, rest } => (base, rest),
            Way::Moved(path) => {
                let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
                return moved(StatusCode::MOVED_PERMANENTLY, &format!("{path}{query}"));
            }
            Way::Nowhere => {
                let place = Place { origin: installation.origin(), base: "" };
                return respond(&store.options, &place, Err(endpoints::no_path()));
            }
        };
        let place = Place { origin: installation.origin(), base: &base };
        match admit(&mut store, &method, rest, &headers, &body) {
            Ok(Done::Building { id }) => (base, id),
            result => return respond(&store.options, &place, result),
        }
    };
    let done = installation.built(&id).await;
    let place = Place { origin: installation.origin(), base: &base };
    respond(&installation.lock().options, &place, Ok(done))
}

impl Installation {
    /// Waits until a portal is made, and gives what is answered then.
    async fn built(&self, id: &str) -> Done {
        let mut moves = self.moves();
        loop {
            let wait = {
                let store = self.lock();
                if let Some(done) = portals::built(&store, id, false) {
                    return done;
                }
                let portal = store.state.portals.iter().find(|portal| portal.id == id);
                let ready_at = portal.and_then(|portal| portal.ready_at).unwrap_or(Timestamp::MIN);
                ready_at.duration_since(store.state.now())
            };
            let wait = std::time::Duration::try_from(wait).unwrap_or_default();
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = moves.changed() => {}
                () = self.stopped() => return Done::Silent,
            }
        }
    }
}

/// Lets a request in, and does what it asks for.
fn admit(store: &mut Store, method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> Result<Done, Refusal> {
    let Match { endpoint, mut params } = endpoints::find(method, path)?;
    let number = endpoint.number;
    if number == LICENSE_IAA && !store.options.server.license_endpoint {
        return Err(endpoints::no_path());
    }
    if number > AUTHENTICATE {
        check_token(store, headers)?;
        let licensed = store.state.iaa_license.is_some() || !store.options.server.license_endpoint;
        if number != LICENSE_IAA && !licensed {
            return Err(Refusal::new(Cause::Unlicensed, "the Administration API is not licensed"));
        }
        if let Some(status) = store.options.server.containers
            && (2..=6).contains(&number)
        {
            return Err(Refusal::new(Cause::Container(status), "not available in this deployment"));
        }
        if endpoint.path.starts_with("/{portal}")
            && let Some(name) = params.first_mut()
        {
            *name = enter(store, name)?;
        }
    }
    let input = input::read(&store.options, endpoint.takes, headers, body)?;
    perform(store, endpoint, &params, input, false)
}

fn check_token(store: &Store, headers: &HeaderMap) -> Result<(), Refusal> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given =
        given.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, given)) = given else {
        return Err(Refusal::new(Cause::Denied, "there is no token"));
    };
    if token::is_good(&store.state.signing_secret, given, store.state.now()) {
        Ok(())
    } else {
        Err(Refusal::new(Cause::Denied, "the token is not valid, or not any more"))
    }
}

/// Whether the Administration API gets into a portal; its name as it is written there.
fn enter(store: &mut Store, name: &str) -> Result<String, Refusal> {
    let now = store.state.now();
    let portal = store.portal(name).filter(|portal| portal.known && !portal.is_being_made(now));
    let portal = portal.ok_or_else(|| not_configured(name))?;
    if portal.condition == Condition::Unknown {
        return Err(Refusal::new(Cause::TooSlow, format!("portal '{name}' does not answer")));
    }
    if portal.status(now) != Condition::Running.word() {
        return Err(Refusal::new(Cause::Down, format!("portal '{name}' does not run")));
    }
    if !portal.lets_iaa_in() {
        return Err(Refusal::new(
            Cause::Gateway,
            format!("portal '{name}' refuses the login of the Administration API"),
        ));
    }
    Ok(portal.name.clone())
}

/// Does what a person does in the product's own administration: no token, no licence, no container, no delay.
pub(super) fn by_hand(
    store: &mut Store,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Done, Refusal> {
    let Match { endpoint, params } = endpoints::find(method, path)?;
    let input = input::read(&store.options, endpoint.takes, headers, body)?;
    match perform(store, endpoint, &params, input, true)? {
        Done::Building { id } => Ok(portals::built(store, &id, true).unwrap_or(Done::Nothing)),
        done => Ok(done),
    }
}

fn perform(
    store: &mut Store,
    endpoint: &Endpoint,
    params: &[String],
    input: Input,
    by_hand: bool,
) -> Result<Done, Refusal> {
    let Input { sent, files } = input;
    let lag = if by_hand { 0 } else { store.options.server.read_lag_ms };
    let changes = endpoint.method == Method::PUT || endpoint.method == Method::PATCH;
    let before = if changes && lag > 0 { shown_before(store, endpoint, params) } else { None };
    let done = (endpoint.run)(&mut Call { store, params, sent, files, by_hand })?;
    if let Some((path, value)) = before {
        let until = store.state.now() + SignedDuration::from_millis(lag.into());
        store.state.keep_stale(path, value, until);
    }
    if endpoint.method != Method::GET || by_hand {
        return Ok(done);
    }
    let path = canonical(endpoint.path, params);
    Ok(match done {
        Done::Object(value) => Done::Object(store.state.seen(&path, value)),
        // Elements of other lists have paths of their own, and are looked up one by one.
        Done::List(name, items) if name == "groups" => match store.state.seen(&path, Value::Array(items)) {
            Value::Array(items) => Done::List(name, items),
            _ => Done::List(name, Vec::new()),
        },
        done => done,
    })
}

/// What GET shows of the thing that a call is about to change, and where.
fn shown_before(store: &mut Store, changing: &Endpoint, params: &[String]) -> Option<(String, Value)> {
    const INTO_GROUP: &str = "/{portal}/users/{user-id}/groups/{group-id}";
    const GROUPS: &str = "/{portal}/users/{user-id}/groups";
    let shown_at = if changing.path == INTO_GROUP { GROUPS } else { changing.path };
    let reading = ENDPOINTS.iter().find(|other| other.path == shown_at && other.method == Method::GET)?;
    let Input { sent, files } = Input::default();
    let path = canonical(shown_at, params);
    match (reading.run)(&mut Call { store, params, sent, files, by_hand: false }).ok()? {
        Done::Object(value) => Some((path, value)),
        Done::List(_, items) => Some((path, Value::Array(items))),
        _ => None,
    }
}

/// A path with its texts in place; ids are compared without case.
fn canonical(pattern: &str, params: &[String]) -> String {
    let mut params = params.iter();
    let mut first = true;
    let fill = |segment: &str| {
        if !segment.starts_with('{') {
            return segment.to_owned();
        }
        let param = params.next().cloned().unwrap_or_default();
        if std::mem::take(&mut first) { param } else { param.to_ascii_uppercase() }
    };
    pattern.trim_matches('/').split('/').map(fill).collect::<Vec<_>>().join("/")
}
