//! The way of one request: where it goes, whether it may come in, what is done, and what is answered.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::Response;

use crate::adeptia::sim::Installation;
use crate::adeptia::sim::answer::{Cause, Done, Refusal, respond};
use crate::adeptia::sim::calls::Call;
use crate::adeptia::sim::endpoints::{self, ABOUT, LOGIN, LOGIN_FORM, Match, Query};
use crate::adeptia::sim::input;
use crate::adeptia::sim::options::Options;
use crate::adeptia::sim::store::Store;
use crate::sim::exchange::{Asked, Operation};

/// The name of the header, and of the cookie, that has the token.
const TOKEN: &str = "ACCESS_TOKEN";

/// Names what a request asks for.
pub(super) fn operation(options: &Options, asked: &Asked<'_>) -> Operation {
    let harmless = asked.method == Method::GET || asked.method == Method::HEAD;
    let unknown = if harmless { Operation::read("unknown") } else { Operation::write("unknown") };
    let found = endpoints::find(options, asked.method, asked.path, &query(asked.query));
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
    let mut store = installation.lock();
    let query = query(uri.query().unwrap_or_default());
    let result = admit(&mut store, &method, uri.path(), &query, &headers, &body);
    respond(&store.options, result)
}

fn query(text: &str) -> Query {
    let uri: Option<Uri> = format!("/?{text}").parse().ok();
    let read = uri.and_then(|uri| axum::extract::Query::try_from_uri(&uri).ok());
    Query(read.map(|axum::extract::Query(pairs)| pairs).unwrap_or_default())
}

/// Lets a request in, and does what it asks for.
fn admit(
    store: &mut Store,
    method: &Method,
    path: &str,
    query: &Query,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Done, Refusal> {
    let found = endpoints::find(&store.options, method, path, query)?;
    let open = match found.endpoint.path {
        LOGIN | LOGIN_FORM => true,
        ABOUT => !store.options.server.about_needs_token,
        _ => false,
    };
    if !open {
        check_token(store, headers)?;
    }
    perform(store, &found, query, headers, body)
}

fn check_token(store: &Store, headers: &HeaderMap) -> Result<(), Refusal> {
    let server = &store.options.server;
    let given = by_header(headers)
        .filter(|_| server.accept_header)
        .or_else(|| by_cookie(headers).filter(|_| server.accept_cookie));
    let Some(given) = given else {
        return Err(Refusal::new(Cause::Denied, "there is no token"));
    };
    let now = store.state.now();
    let session = store.state.tokens.get(given).filter(|session| now < session.until);
    let user = session.and_then(|session| store.state.user(session.user)).filter(|user| user.active);
    match user {
        None => Err(Refusal::new(Cause::Denied, "the token is not valid, or not any more")),
        Some(user) if user.may_call() => Ok(()),
        Some(_) => Err(Refusal::forbidden("only a Sys Admin or an IT User may do this")),
    }
}

fn by_header(headers: &HeaderMap) -> Option<&str> {
    headers.get(TOKEN)?.to_str().ok()
}

fn by_cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    pairs.find(|(name, _)| *name == TOKEN).map(|(_, value)| value)
}

/// Does what a person does in the product's own pages: no token is asked for.
pub(super) fn by_hand(
    store: &mut Store,
    method: &Method,
    path: &str,
    query_text: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Done, Refusal> {
    let query = query(query_text);
    let found = endpoints::find(&store.options, method, path, &query)?;
    perform(store, &found, &query, headers, body)
}

fn perform(store: &mut Store, found: &Match, query: &Query, headers: &HeaderMap, body: &[u8]) -> Result<Done, Refusal> {
    let input = input::read(&store.options, found.endpoint.takes, headers, body)?;
    (found.endpoint.run)(&mut Call { store, params: &found.params, query, input })
}
