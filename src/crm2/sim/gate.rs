//! The way of one request: where it goes, whether it may come in, what is done, and what is answered.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;

use crate::crm2::sim::Installation;
use crate::crm2::sim::answer::{Done, Refusal, respond};
use crate::crm2::sim::calls::Call;
use crate::crm2::sim::domain::{DOMAIN_CONF, Login};
use crate::crm2::sim::endpoints::{self, Access, Endpoint, Match};
use crate::crm2::sim::input::{Params, Sources};
use crate::crm2::sim::options::Options;
use crate::crm2::sim::options::behaviour::ValidateMailbox;
use crate::crm2::sim::store::Store;
use crate::sim::exchange::{Asked, Operation};

/// The calls that a mail account is tried out for.
const TRIED: [&str; 3] = ["set_notifications", "add_mailbox", "update_mailbox"];

/// A request as it arrived.
pub(super) struct Arrival<'a> {
    pub method: &'a Method,
    pub uri: &'a Uri,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

/// Names what a request asks for.
pub(super) fn operation(options: &Options, asked: &Asked<'_>) -> Operation {
    let harmless = asked.method == Method::GET || asked.method == Method::HEAD;
    let unknown = if harmless { Operation::read("unknown") } else { Operation::write("unknown") };
    let found = endpoints::find(asked.method, asked.path, options.server.twitter);
    found.map_or(unknown, |found| found.endpoint.operation)
}

/// Answers one request of the vendor's API.
pub(super) async fn serve(
    State(installation): State<Installation>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let trial = trial(&installation.lock().options, &method, uri.path());
    if let Some(trial) = trial {
        installation.pause(trial).await;
    }
    let mut store = installation.lock();
    let arrival = Arrival { method: &method, uri: &uri, headers: &headers, body: &body };
    let result = admit(&mut store, &arrival);
    respond(&store.options.answers, result)
}

/// How long a mail account is tried out first; none when it is not.
fn trial(options: &Options, method: &Method, path: &str) -> Option<Duration> {
    let found = endpoints::find(method, path, options.server.twitter).ok()?;
    let slow = options.behaviour.validate_mailbox == ValidateMailbox::Delay;
    let tried = slow && TRIED.contains(&found.endpoint.operation.name);
    tried.then(|| Duration::from_millis(options.server.validation_ms.into()))
}

/// Lets a request in, and does what it asks for.
fn admit(store: &mut Store, arrival: &Arrival<'_>) -> Result<Done, Refusal> {
    let path = arrival.uri.path();
    let Match { endpoint, inner } = endpoints::find(arrival.method, path, store.options.server.twitter)?;
    let sources = Sources::of(&store.options.behaviour, endpoint);
    let params = Params::read(sources, arrival.uri, arrival.headers, arrival.body)?;
    let (domain, caller) = match endpoint.access {
        Access::Open => (String::new(), None),
        _ => {
            let (domain, caller) = enter(store, endpoint, &params)?;
            (domain, Some(caller))
        }
    };
    (endpoint.run)(&mut Call { store, params, inner, domain, caller })
}

/// Whether the bearer of a token gets into the domain that it names; the domain, and who it is.
fn enter(store: &mut Store, endpoint: &Endpoint, params: &Params) -> Result<(String, Login), Refusal> {
    let token = params.text("authToken").filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| Refusal::denied("authToken is required"))?;
    let bearer = store.state.bearer(token);
    let bearer = bearer.ok_or_else(|| Refusal::denied("authToken is not valid, or not any more"))?;
    let permanent_only = endpoint.access == Access::Permanent
        || (endpoint.access == Access::Admin && !store.options.behaviour.temporary_on_admin);
    if bearer.temporary && permanent_only {
        return Err(Refusal::denied("authToken must be the permanent token"));
    }
    let name = params.required("clientDomain")?.to_owned();
    let contact = store.state.domain(&name).and_then(|domain| domain.contact_of(&bearer.login));
    // Whether there is such a domain is nobody's business who is not in it.
    let contact = contact.ok_or_else(|| Refusal::forbidden("the user does not belong to this clientDomain"))?;
    let needed = match endpoint.access {
        Access::Holder(permission) => store.options.behaviour.contact_permissions.then_some(permission),
        Access::Admin | Access::Permanent | Access::Open => Some(DOMAIN_CONF),
    };
    match needed.filter(|permission| !contact.permissions.contains(*permission)) {
        Some(permission) => Err(Refusal::forbidden(format!("the permission {permission} is needed"))),
        None => Ok((name, bearer.login)),
    }
}

/// Does what a person does in the product's own pages: as the domain's owner, without a token and whatever that one may do.
pub(super) fn by_hand(store: &mut Store, arrival: &Arrival<'_>, path: &str) -> Result<Done, Refusal> {
    let Match { endpoint, inner } = endpoints::find(arrival.method, path, true)?;
    let params = Params::read(Sources::ALL, arrival.uri, arrival.headers, arrival.body)?;
    let name = params.text("clientDomain").unwrap_or(&store.options.server.client_domain).to_owned();
    let owner = store.state.domain(&name).map(|domain| domain.owner.clone());
    let owner = owner.ok_or_else(|| Refusal::missing("there is no such clientDomain"))?;
    (endpoint.run)(&mut Call { store, params, inner, domain: name, caller: Some(owner) })
}
