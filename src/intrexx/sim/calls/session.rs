//! Coming in and going out: tokens, the Administration API's own licence, logout.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::intrexx::sim::answer::{Cause, Done, Refusal};
use crate::intrexx::sim::calls::Call;
use crate::intrexx::sim::shape::{Field, Kind, Purpose};
use crate::intrexx::sim::token;

/// The time in which logins of one address are counted.
const WINDOW: SignedDuration = SignedDuration::from_secs(60);

const LOGIN: [Field; 2] = [Field::required("name", Kind::Text), Field::required("password", Kind::Text)];
const LOGOUT: [Field; 1] = [Field::new("user_id", Kind::Int(1, i64::MAX))];
/// `license` is its name in the configuration file.
const LICENSE: [Field; 2] = [Field::new("key", Kind::Text), Field::new("license", Kind::Text)];

/// 1: a token for the one login that there is.
pub fn authenticate(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let now = call.now();
    let state = &mut call.store.state;
    state.auth_calls.retain(|call| now.duration_since(*call) < WINDOW);
    if state.auth_calls.len() >= usize::try_from(call.store.options.server.auth_limit).unwrap_or(usize::MAX) {
        let server = &call.store.options.server;
        return Err(Refusal::new(Cause::TooMany(server.retry_after.then_some(60)), "too many authentication requests"));
    }
    state.auth_calls.push(now);
    let sent = call.checked(&LOGIN, Purpose::Create)?;
    let accepted = &call.options().credentials;
    let is = |key: &str, value: &str| sent.get(key).and_then(Value::as_str) == Some(value);
    if !is("name", &accepted.username) || !is("password", &accepted.password) {
        return Err(Refusal::new(Cause::Denied, "the name or the password is wrong"));
    }
    let seconds = call.options().server.token_seconds;
    Ok(Done::Token(token::issue(&call.store.state.signing_secret, &accepted.username, now, seconds)))
}

/// 53: licenses the Administration API itself.
pub fn license(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let sent = call.checked(&LICENSE, Purpose::Change)?;
    let key = sent.get("key").or(sent.get("license")).and_then(Value::as_str);
    let key = key.ok_or_else(|| Refusal::bad("key is required"))?;
    if key != call.options().credentials.license {
        return Err(Refusal::bad("key is not a licence of the Administration API"));
    }
    call.store.state.iaa_license = Some(key.to_owned());
    Ok(Done::Changed(json!({"licensed": true})))
}

/// 22: ends the session on the portal; with a user's id, perhaps that user's.
pub fn logout(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let sent = call.checked(&LOGOUT, Purpose::Change)?;
    let user = sent.get("user_id").filter(|id| !id.is_null()).map(Value::to_string);
    if let Some(user) = user
        && call.portal()?.user(&user).is_none()
    {
        return Err(Refusal::missing("there is no such user"));
    }
    let portal = call.portal()?.name.clone();
    call.store.state.note(&portal, "logged out");
    Ok(Done::Nothing)
}
