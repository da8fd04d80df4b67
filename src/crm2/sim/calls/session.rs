//! Tokens: temporary ones, whether one is good, and another permanent one.

use crate::crm2::sim::answer::{Done, Refusal};
use crate::crm2::sim::calls::Call;

/// `POST /oauth/temp-token`: a token for a while, for a permanent one.
pub fn temporary_token(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let token = call.params.text("authToken").unwrap_or_default();
    let bearer = call.store.state.bearer(token).filter(|bearer| !bearer.temporary);
    let bearer = bearer.ok_or_else(|| Refusal::denied("authToken is not a permanent token"))?;
    let seconds = call.store.options.server.temporary_token_seconds;
    Ok(Done::TemporaryToken(call.store.state.issue(bearer.login, seconds)))
}

/// `POST /oauth/validate`: whether a token is good, of whichever kind.
pub fn validate(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let token = call.params.required("authToken")?;
    Ok(Done::Checked(call.store.state.bearer(token).is_some()))
}

/// `POST /admin/reset-token`: ends the permanent token that was sent, and tells the new one.
pub fn reset_token(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let login = call.caller.clone().ok_or_else(|| Refusal::denied("authToken is required"))?;
    let ends_temporary = call.behaviour().reset_ends_temporary;
    let token = call.store.reset(&login, ends_temporary);
    call.store.state.note(&call.domain, "token reset");
    Ok(Done::NewToken(token))
}
