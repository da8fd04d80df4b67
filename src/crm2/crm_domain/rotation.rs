//! Rotation: the permanent token is reset once for each value of `tokenRotation.request` (contract 2.1, trap 15).
//!
//! Where the new one goes is tried before the vendor is asked, and it is written there at once: that is the engine's part. The call itself is
//! made once and not repeated, unless the old token lives: the call that ended it cannot have been carried out then. A token that was ended by a
//! call whose answer was lost is lost to us, and a person finds the new one.

use std::collections::BTreeMap;

use super::spec::{CrmDomainSpec, DomainFacts, Rotation};
use crate::base::clock::now;
use crate::base::fault::{Class, Fault};
use crate::crm2::client::Client;
use crate::engine::kind::{Aspect, Deed, DeedAttempt};
use crate::engine::state::State;

/// The path of the request.
pub const REQUEST: &str = "tokenRotation.request";
/// What is to be done when the answer to a reset was lost.
pub const LOST: &str = "find the new token at the vendor under My Account";

/// The key of the credentials that is renewed.
pub const KEY: &str = "authToken";

/// The request that a spec makes.
pub fn request(spec: &CrmDomainSpec) -> Option<&str> {
    spec.token_rotation.as_ref().map(|rotation| rotation.request.as_str())
}

/// The request that was fulfilled last.
pub fn seen(facts: &DomainFacts, state: State) -> State {
    state.maybe(REQUEST, facts.rotation.as_ref().map(|rotation| rotation.request.as_str()))
}

/// Makes one call of a reset, or proves the token that came of it.
///
/// # Errors
/// The fault of the call. Of a reset whose outcome is unknown, the next call is told so.
pub async fn rotate(
    client: &Client,
    spec: &CrmDomainSpec,
    facts: &mut DomainFacts,
    attempt: DeedAttempt<'_>,
) -> Result<Deed, Fault> {
    if attempt.recorded.is_some() || (attempt.uncertain && attempt.renewed) {
        client.validate_token().await?;
        let request = request(spec).unwrap_or_default().to_owned();
        facts.rotation = Some(Rotation { request, at: now().to_string() });
        return Ok(Deed::Done);
    }
    if attempt.uncertain {
        match client.validate_token().await {
            Err(fault) if fault.class == Class::Denied => {
                let what = format!(
                    "the old token is at its end, and nobody here was told the new one; {LOST}, and write it to the key {KEY} of the \
                     AdminApi's Secret, which is enough"
                );
                return Ok(Deed::Unclear(what));
            }
            alive => alive?,
        }
    }
    let token = client.reset_token().await?;
    Ok(Deed::Renewed(BTreeMap::from([(KEY, token)])))
}

/// Whether the request was fulfilled, where there is one.
pub fn judge(spec: &CrmDomainSpec, facts: &DomainFacts) -> Option<Aspect> {
    let request = request(spec)?;
    let done = facts.rotation.as_ref().filter(|rotation| rotation.request == request);
    let (reason, message) = match done {
        Some(Rotation { at, .. }) => {
            ("Rotated", format!("the permanent token was reset for the request {request:?} at {at}"))
        }
        None => ("RotationPending", format!("the permanent token is yet to be reset for the request {request:?}")),
    };
    Some(Aspect { condition: "TokenRotated", holds: done.is_some(), reason, message })
}
