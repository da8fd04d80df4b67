//! Coming in, and what the product tells of itself.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::adeptia::sim::answer::{Cause, Done, LOGIN_FORM, Refusal};
use crate::adeptia::sim::calls::Call;
use crate::adeptia::sim::fields::Sent;

const HOURS_A_DAY: i64 = 24;

/// 2.1: a token for a user who is active.
pub fn login(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let (options, body) = (call.options(), call.take_sent());
    let sent = Sent::of(&options, &body, "the body")?;
    let (name, password) = (sent.needed_text("username")?, sent.needed_text("password")?);
    let Some(id) = call.store.lets_in(name, password) else {
        return Err(Refusal::new(Cause::Stranger, "the user name or the password is wrong"));
    };
    let days = options.server.token_days;
    let until = call.store.state.now().checked_add(SignedDuration::from_hours(HOURS_A_DAY * i64::from(days)));
    let token = call.store.state.open(id, until.unwrap_or(Timestamp::MAX), options.server.one_token);
    Ok(Done::Plain(json!({"tokenExpiresDays": days, "ACCESS_TOKEN": token})))
}

/// 2.21
pub fn about(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let about = json!({
        "productName": "Adeptia Connect",
        "productVersion": call.store.options.server.version(),
        "edition": "Enterprise",
        "installationDate": "19 Oct, 2018",
        "expiryDate": "8 Oct, 2119",
    });
    Ok(Done::Entity("aboutInformation", about))
}

/// Where a redirect leads to.
pub fn form(_: &mut Call<'_>) -> Result<Done, Refusal> {
    Ok(Done::Page(LOGIN_FORM))
}
