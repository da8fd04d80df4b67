//! Look: where the login is, and what its contact is set to; and which logins there are.

use serde_json::json;
use tokio::time::Instant;

use super::spec::{ContactDetails, CrmDomainUserSpec, DomainUserFacts, ObservedDomainUser, UserIdType};
use crate::base::fault::{Class, Delivery, Fault};
use crate::crm2::client::Client;
use crate::crm2::client::contacts::{Located, Place, Search};
use crate::crm2::login::{ID_FORM, Login, LoginKey, folded};
use crate::crm2::wire::contacts::Contact;
use crate::engine::kind::{Aspect, Found, Listed, Listing, Seen, Sought};
use crate::engine::state::State;

/// The login that an external id means.
pub fn login_of(external_id: &str) -> Result<Login, Fault> {
    Login::parse(external_id).ok_or_else(|| {
        let detail = format!("the annotation provost.dev/external-id is {external_id:?}; write {ID_FORM}");
        Fault::new(Class::Refused, "find", detail).with_delivery(Delivery::NotSent)
    })
}

/// Looks for a user. The contact where the login was last seen is asked first, then those with its address, and all others only when the
/// contact is not known.
pub async fn find(
    client: &Client,
    sought: &Sought<'_, CrmDomainUserSpec, DomainUserFacts>,
) -> Result<Found<Seen<DomainUserFacts>>, Fault> {
    let spec = sought.spec;
    let login = sought.external_id.map_or_else(|| Ok(spec.login()), login_of)?;
    let key = login.key();
    // An id that a person set names perhaps another login than the one that was known.
    let known = sought.facts.filter(|_| key == spec.login().key()).and_then(|facts| facts.contact_id.as_deref());
    let address = spec.contact.as_ref().and_then(|contact| contact.email_address.as_deref());
    let addresses: Vec<&str> = address.into_iter().chain([login.user_id.as_str()]).collect();
    let search = Search {
        login: &key,
        known: known.filter(|_| sought.external_id.is_some()),
        likely: known.or(spec.contact_id.as_deref()),
        addresses: &addresses,
        fresh_after: sought.fresh_after,
        alone: sought.alone,
    };
    let Place { contact_id, logins } = match client.locate(&search).await? {
        Located::At(place) => place,
        Located::Nowhere => return Ok(Found::Absent),
        Located::AtSeveral(contacts) => return Ok(Found::Unknown(doubled(&key, &contacts))),
    };
    let contact = match &spec.contact {
        None => None,
        Some(_) => match client.contact(&contact_id, sought.fresh_after, sought.alone).await? {
            None => return Ok(Found::Unknown(hidden(&key, &contact_id))),
            contact => contact,
        },
    };
    let id = sought.external_id.map_or_else(|| key.to_string(), str::to_owned);
    let shown = logins.iter().find(|login| login.key() == key).unwrap_or(&login);
    let others: Vec<String> =
        logins.iter().map(Login::key).filter(|other| *other != key).map(|other| other.to_string()).collect();
    let mut facts = sought.facts.cloned().unwrap_or_default();
    if facts.contact_id.as_ref().is_some_and(|before| *before != contact_id) {
        // Permissions are the contact's: what was done to another one says nothing about this one.
        facts = DomainUserFacts::default();
    }
    facts.observed = Some(observe(contact.as_ref(), &others));
    let mut seen = Seen::new(id, describe(spec, shown, &contact_id, contact.as_ref()), facts);
    seen.conditions = shared(spec, &contact_id, &others).into_iter().collect();
    seen.facts.contact_id = Some(contact_id);
    Ok(Found::Present(seen))
}

/// Every login. Its contact is named by its id, and not managed: it may have several logins, and one object alone may keep it.
///
/// # Errors
/// The fault of a call.
pub async fn list(client: &Client, fresh_after: Instant) -> Result<Listing, Fault> {
    let contacts = client.all_logins(fresh_after).await?;
    let listed = |(contact_id, login): (&String, &Login)| {
        let token = login.id_type.trim().to_ascii_uppercase();
        let spec = json!({
            "userId": login.user_id.trim(), "userIdType": UserIdType::of_token(&token), "contactId": contact_id,
        });
        Listed::new(login.key().to_string(), login.user_id.trim(), spec)
    };
    let logins = contacts.iter().flat_map(|(contact_id, logins)| logins.iter().map(move |login| (contact_id, login)));
    Ok(Listing::whole(logins.map(listed)))
}

fn doubled(key: &LoginKey, contacts: &[String]) -> String {
    format!(
        "{} contacts have the login {key}: {}; take it away from all but one of them",
        contacts.len(),
        contacts.join(", ")
    )
}

fn hidden(key: &LoginKey, contact_id: &str) -> String {
    format!(
        "contact {contact_id} has the login {key}, and CRM-2 does not show that contact; the token's user needs the permission CONTACT_VIEW"
    )
}

/// What the user is set to, in the words of the spec where the two mean the same.
fn describe(spec: &CrmDomainUserSpec, login: &Login, contact_id: &str, contact: Option<&Contact>) -> State {
    let token = login.id_type.trim().to_ascii_uppercase();
    let state = State::new()
        .with("userId", folded(&token, &login.user_id))
        .with("userIdType", UserIdType::of_token(&token))
        .with("contactId", contact_id);
    let (Some(wanted), Some(contact)) = (&spec.contact, contact) else { return state };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    state
        .with("contact.firstName", text(&contact.first_name))
        .with("contact.lastName", text(&contact.last_name))
        .with("contact.companyName", text(&contact.company_name))
        .with("contact.emailAddress", address_of(wanted, contact))
}

/// The wanted address, when the contact has it for whatever purpose and however it is written; else the one that it is written to.
fn address_of(wanted: &ContactDetails, contact: &Contact) -> String {
    let has = wanted.email_address.as_deref().filter(|address| contact.has(address));
    has.or_else(|| contact.primary()).unwrap_or_default().to_owned()
}

fn observe(contact: Option<&Contact>, others: &[String]) -> ObservedDomainUser {
    ObservedDomainUser {
        first_name: contact.and_then(|contact| contact.first_name.clone()),
        last_name: contact.and_then(|contact| contact.last_name.clone()),
        company_name: contact.and_then(|contact| contact.company_name.clone()),
        email_address: contact.and_then(Contact::primary).map(str::to_owned),
        other_logins: others.to_vec(),
    }
}

/// The condition `PermissionsShared`, where what is granted or revoked here is so for other logins too (trap 14).
fn shared(spec: &CrmDomainUserSpec, contact_id: &str, others: &[String]) -> Option<Aspect> {
    let managed = spec.granted().chain(spec.revoked()).next().is_some();
    (managed && !others.is_empty()).then(|| Aspect {
        condition: "PermissionsShared",
        holds: true,
        reason: "OtherLogins",
        message: format!(
            "contact {contact_id} has other logins too, and permissions belong to the contact: what is granted or revoked here is granted to or \
             revoked from {} as well",
            others.join(", ")
        ),
    })
}
