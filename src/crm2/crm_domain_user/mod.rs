//! CrmDomainUser: a login of a contact in a CRM-2 domain, and what that contact may do.
//!
//! The vendor assigns ids to contacts, and shows of a contact which logins it has; so a user is told by the type and the text of the login, and
//! the contact is looked for.
//!
//! # What a look costs
//! While the contact is known: nothing of its own at a resync, as long as the one list of contacts that all objects share shows it as before
//! and it was read within the hour; else one call for its logins and, where the spec manages the contact, one for the contact. A first
//! search asks the contacts with the same address, and only then all that have logins, one call each; one walk serves all who search.

mod look;
mod permissions;
mod spec;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::Crm2;
use super::client::Client;
use super::login::{self, Login, folded};
use super::wire::contacts::{ContactFields, NewUser};
use crate::base::fault::{Class, Delivery, Fault};
use crate::engine::kind::{Attempt, Created, Found, Identity, Invalid, Kind, Listing, Progress, Seen, Sought, Wanted};
use crate::engine::policy::{Deletion, Deletions};
use crate::engine::sibling::Siblings;
use crate::engine::state::{Access, Field, State, Value};

use look::login_of;
use permissions::{GRANTED, PREFIX, REVOKED, User};

pub use spec::{
    ContactDetails, CrmDomainUser, CrmDomainUserSpec, CrmDomainUserStatus, DomainUserFacts, ObservedDomainUser,
    PermissionName, Permissions, UserIdType,
};

/// How a user is found, and what to call.
pub struct CrmDomainUsers;

const fn row(path: &'static str, access: Access, group: &'static str) -> Field {
    Field { path, access, key: false, group }
}

impl Kind for CrmDomainUsers {
    type Vendor = Crm2;
    type Spec = CrmDomainUserSpec;
    type Facts = DomainUserFacts;
    type Object = CrmDomainUser;

    const IDENTITY: Identity = Identity::Listed;
    const ID_FORM: &'static str = login::ID_FORM;
    const LAG: Duration = Duration::from_secs(10);
    const LEFT: Option<&'static str> = Some("the login and its contact stay in CRM-2");
    const DELETIONS: Deletions = &[Deletion::Disable, Deletion::Delete, Deletion::Orphan];
    const FIELDS: &'static [Field] = &[
        Field { key: true, ..row("userId", Access::Immutable, "identity") },
        Field { key: true, ..row("userIdType", Access::Immutable, "identity") },
        Field { key: true, ..row("contactId", Access::Immutable, "identity") },
        row("contact.firstName", Access::Readable, "contact"),
        row("contact.lastName", Access::Readable, "contact"),
        row("contact.companyName", Access::Readable, "contact"),
        row("contact.emailAddress", Access::Readable, "contact"),
        row("permissions.*", Access::WriteOnly, "permissions"),
    ];
    const LATER: &'static [&'static str] = &["permissions"];
    const UNLISTED: Option<&'static str> = None;
    const REASONS: &'static [(&'static str, &'static str)] =
        &[("OtherLogins", "The contact has other logins, which share its permissions.")];

    fn natural_key(spec: &CrmDomainUserSpec) -> String {
        format!("user {}", spec.login().key())
    }

    fn desired(spec: &CrmDomainUserSpec, _: &Siblings) -> Result<State, Invalid> {
        let state = State::new()
            .with("userId", folded(spec.user_id_type.token(), &spec.user_id))
            .with("userIdType", format!("{:?}", spec.user_id_type))
            .maybe("contactId", spec.contact_id.as_deref());
        let contact = spec.contact.clone().unwrap_or_default();
        let state = state
            .maybe("contact.firstName", contact.first_name)
            .maybe("contact.lastName", contact.last_name)
            .maybe("contact.companyName", contact.company_name)
            .maybe("contact.emailAddress", contact.email_address);
        let state = spec.granted().fold(state, |state, name| state.with(&format!("{PREFIX}{name}"), GRANTED));
        Ok(spec.revoked().fold(state, |state, name| state.with(&format!("{PREFIX}{name}"), REVOKED)))
    }

    fn withdrawn(path: &str, remembered: &str) -> Option<Value> {
        let was_granted = path.starts_with(PREFIX) && Value::Plain(GRANTED.into()).remembered() == remembered;
        was_granted.then(|| Value::Plain(REVOKED.into()))
    }

    fn noted(facts: &DomainUserFacts) -> BTreeMap<String, String> {
        let row = |name: &String| (format!("{PREFIX}{name}"), Value::Plain(GRANTED.into()).remembered());
        facts.granted.iter().map(row).collect()
    }

    async fn find(
        client: &Client,
        sought: &Sought<'_, CrmDomainUserSpec, DomainUserFacts>,
    ) -> Result<Found<Seen<DomainUserFacts>>, Fault> {
        look::find(client, sought).await
    }

    async fn list(client: &Client, fresh_after: Instant) -> Result<Listing, Fault> {
        look::list(client, fresh_after).await
    }

    async fn create(
        client: &Client,
        wanted: &Wanted<'_, CrmDomainUserSpec>,
        attempt: Attempt<'_>,
    ) -> Result<Progress<DomainUserFacts>, Fault> {
        let login = wanted.spec.login();
        let external_id = login.key().to_string();
        let mut facts = DomainUserFacts::default();
        match (&wanted.spec.contact_id, &wanted.spec.contact) {
            (Some(contact_id), _) => add_login(client, contact_id, &login).await?,
            (None, contact) => {
                let contact = contact.as_ref().map(ContactDetails::fields).unwrap_or_default();
                match half_made(client, &contact, attempt).await? {
                    Some(contact_id) => {
                        client.add_login(&contact_id, &login).await?;
                        facts.contact_id = Some(contact_id);
                    }
                    None => {
                        facts.contact_id = client.create_user_contact(&NewUser { login, contact }).await?;
                        facts.contact_made = true;
                    }
                }
            }
        }
        facts.contact_id = facts.contact_id.or_else(|| wanted.spec.contact_id.clone());
        Ok(Progress::Done(Created { external_id, facts }))
    }

    async fn update(
        client: &Client,
        external_id: &str,
        wanted: &Wanted<'_, CrmDomainUserSpec>,
        facts: &mut DomainUserFacts,
    ) -> Result<(), Fault> {
        let spec = wanted.spec;
        let contact_id = known_contact("change_contact", facts)?;
        if wanted.changes.iter().any(|change| change.path.starts_with(PREFIX)) {
            let (login, logins) = present(client, external_id, &contact_id).await?;
            let user = User { login: &login, contact_id: &contact_id, logins: &logins };
            return permissions::change(client, &user, spec, wanted.changes, facts).await;
        }
        let contact = spec.contact.as_ref().map(ContactDetails::fields).unwrap_or_default();
        let change = ContactFields {
            first_name: contact.first_name.filter(|_| wanted.changes("contact.firstName")),
            last_name: contact.last_name.filter(|_| wanted.changes("contact.lastName")),
            company_name: contact.company_name.filter(|_| wanted.changes("contact.companyName")),
            email_address: contact.email_address.filter(|_| wanted.changes("contact.emailAddress")),
        };
        client.change_contact(&contact_id, &change).await
    }

    async fn disable(
        client: &Client,
        external_id: &str,
        spec: &CrmDomainUserSpec,
        facts: &DomainUserFacts,
    ) -> Result<(), Fault> {
        let contact_id = known_contact("revoke_permission", facts)?;
        let (login, logins) = present(client, external_id, &contact_id).await?;
        let user = User { login: &login, contact_id: &contact_id, logins: &logins };
        permissions::revoke_granted(client, &user, spec, facts).await
    }

    async fn delete(
        client: &Client,
        external_id: &str,
        spec: &CrmDomainUserSpec,
        facts: &DomainUserFacts,
    ) -> Result<(), Fault> {
        let contact_id = known_contact("remove_user", facts)?;
        // That this is the contact that has the login is seen once more, right before anything is done that nobody can undo.
        let (login, logins) = present(client, external_id, &contact_id).await?;
        let with_contact = spec.delete_contact == Some(true);
        if with_contact && logins.len() > 1 {
            return Err(has_others(&contact_id, &login, &logins));
        }
        permissions::spare_login(client, &login, &logins, facts, with_contact)?;
        let user = User { login: &login, contact_id: &contact_id, logins: &logins };
        permissions::revoke_granted(client, &user, spec, facts).await?;
        if with_contact {
            // With its login, so that what stopped half-way is found and done again.
            client.delete_contact(&contact_id).await?;
        }
        client.remove_login(&contact_id, &login).await
    }
}

/// The contact that was seen to have the login.
fn known_contact(operation: &'static str, facts: &DomainUserFacts) -> Result<String, Fault> {
    facts.contact_id.clone().ok_or_else(|| {
        let detail = "the contact that has the login is not known; this goes on when it is found";
        Fault::new(Class::Transient, operation, detail).with_delivery(Delivery::NotSent)
    })
}

/// The login of this id as its contact has it now, and all logins of that contact.
async fn present(client: &Client, external_id: &str, contact_id: &str) -> Result<(Login, Vec<Login>), Fault> {
    let key = login_of(external_id)?.key();
    let logins = client.logins(contact_id).await?;
    match logins.iter().find(|login| login.key() == key) {
        Some(login) => Ok((login.clone(), logins)),
        None => {
            let detail = format!("contact {contact_id} has no login {key} any more");
            Err(Fault::new(Class::Missing, "list_users_of_contact", detail).with_delivery(Delivery::NotSent))
        }
    }
}

/// Gives the contact that the spec names the login, once it is known to exist: nobody knows what the vendor makes of an id that is none.
async fn add_login(client: &Client, contact_id: &str, login: &Login) -> Result<(), Fault> {
    if client.contact_now(contact_id).await?.is_none() {
        let detail = format!(
            "spec.contactId: the domain has no contact {contact_id}, or none that the AdminApi's token may see; name another one in another \
             object, or have the contact made with spec.contact"
        );
        return Err(Fault::new(Class::Refused, "add_user", detail).with_delivery(Delivery::NotSent));
    }
    client.add_login(contact_id, login).await
}

/// After a lost answer: a contact that is exactly what was to be made, but for the login. There is no second one to be made beside it.
async fn half_made(client: &Client, contact: &ContactFields, attempt: Attempt<'_>) -> Result<Option<String>, Fault> {
    let Some(address) = contact.email_address.as_deref().filter(|_| attempt.uncertain) else { return Ok(None) };
    for candidate in client.contacts_by_address(address).await? {
        if candidate.is_like(contact) && client.logins(&candidate.id).await?.is_empty() {
            return Ok(Some(candidate.id));
        }
    }
    Ok(None)
}

fn has_others(contact_id: &str, login: &Login, logins: &[Login]) -> Fault {
    let others: Vec<String> =
        logins.iter().map(Login::key).filter(|key| *key != login.key()).map(|key| key.to_string()).collect();
    let detail = format!(
        "spec.deleteContact: contact {contact_id} has other logins ({}) and is not deleted; take those away first, or set deleteContact to false",
        others.join(", ")
    );
    Fault::new(Class::Refused, "delete_contact", detail).with_delivery(Delivery::NotSent)
}

#[cfg(test)]
mod tests;
