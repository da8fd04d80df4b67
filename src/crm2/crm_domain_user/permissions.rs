//! Permissions: what is granted and revoked, and what may not be, lest the operator lock itself out (contract 2.4 and 3).
//!
//! Nothing shows them. What was granted and revoked is kept among the facts: written down as granted before the call, since its answer may be
//! lost, and struck out when the vendor says no.

use super::spec::{CrmDomainUserSpec, DomainUserFacts};
use crate::base::fault::{Class, Delivery, Fault};
use crate::crm2::client::Client;
use crate::crm2::client::users::{CONTACT_VIEW, DOMAIN_CONF};
use crate::crm2::login::Login;
use crate::engine::diff::{Change, Shown};

/// The path of every permission among the fields.
pub const PREFIX: &str = "permissions.";
/// The value of a permission that is granted.
pub const GRANTED: &str = "Granted";
/// The value of a permission that is revoked.
pub const REVOKED: &str = "Revoked";

/// A user of whom the contact has been read just now.
pub struct User<'a> {
    /// The login, as the vendor writes it.
    pub login: &'a Login,
    /// The contact that has it.
    pub contact_id: &'a str,
    /// All logins of that contact.
    pub logins: &'a [Login],
}

/// Carries out the changes. One that the vendor refuses keeps none of the others back.
pub async fn change(
    client: &Client,
    user: &User<'_>,
    spec: &CrmDomainUserSpec,
    changes: &[Change],
    facts: &mut DomainUserFacts,
) -> Result<(), Fault> {
    unambiguous(client, user).await?;
    let mut refused = Ok(());
    for change in changes {
        let Some(name) = change.path.strip_prefix(PREFIX) else { continue };
        let done = match &change.to {
            Shown::Plain(value) if value == GRANTED => grant(client, user, name, facts).await,
            _ => {
                let field = if spec.revoked().any(|revoked| revoked == name) { "revoked" } else { "granted" };
                revoke(client, user, name, facts).await.map_err(|fault| of_field(fault, field, name))
            }
        };
        match done {
            Err(fault) if fault.class == Class::Refused => refused = refused.and(Err(fault)),
            done => done?,
        }
    }
    // The look that follows wants news of this contact, and not of all.
    client.forget(user.contact_id);
    refused
}

/// Revokes everything that was granted, by the facts, or is granted by the spec: its call may have been carried out before anybody noted it.
pub async fn revoke_granted(
    client: &Client,
    user: &User<'_>,
    spec: &CrmDomainUserSpec,
    facts: &DomainUserFacts,
) -> Result<(), Fault> {
    let mut granted: Vec<&str> = facts.granted.iter().map(String::as_str).chain(spec.granted()).collect();
    granted.sort_unstable();
    granted.dedup();
    if !granted.is_empty() {
        unambiguous(client, user).await?;
    }
    for name in granted {
        guard(client, user.logins, facts, name).map_err(|fault| of_field(fault, "granted", name))?;
        match client.revoke(user.login, name).await {
            // One that was never granted, because there is none of this name.
            Err(fault) if fault.class == Class::Refused && !facts.granted.iter().any(|granted| granted == name) => {}
            done => done.map_err(|fault| of_field(fault, "granted", name))?,
        }
    }
    Ok(())
}

async fn grant(client: &Client, user: &User<'_>, name: &str, facts: &mut DomainUserFacts) -> Result<(), Fault> {
    let before = facts.granted.clone();
    let was_revoked = facts.revoked.iter().any(|revoked| revoked == name);
    put(&mut facts.granted, name);
    facts.revoked.retain(|revoked| revoked != name);
    let done = client.grant(user.login, name).await;
    if done.as_ref().is_err_and(|fault| fault.delivery != Delivery::Unknown) {
        facts.granted = before;
        if was_revoked {
            put(&mut facts.revoked, name);
        }
    }
    done.map_err(|fault| of_field(fault, "granted", name))
}

async fn revoke(client: &Client, user: &User<'_>, name: &str, facts: &mut DomainUserFacts) -> Result<(), Fault> {
    guard(client, user.logins, facts, name)?;
    client.revoke(user.login, name).await?;
    facts.granted.retain(|granted| granted != name);
    put(&mut facts.revoked, name);
    Ok(())
}

fn put(names: &mut Vec<String>, name: &str) {
    if let Err(at) = names.binary_search_by(|known| known.as_str().cmp(name)) {
        names.insert(at, name.to_owned());
    }
}

/// The call says nothing of the type of the user id: with two that are called the same, it may mean either.
async fn unambiguous(client: &Client, user: &User<'_>) -> Result<(), Fault> {
    let namesakes = client.namesakes(user.login, user.contact_id).await?;
    if namesakes.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "spec.permissions: contact {} has a login with the user id {} too, of another type, and CRM-2's call for permissions names the user \
         id alone; take one of the two logins away, or leave permissions out",
        namesakes.join(", "),
        user.login.user_id
    );
    Err(refused("grant_permission", detail))
}

/// Refuses to revoke what all of this is done with from whom the operator's token may belong to.
fn guard(client: &Client, logins: &[Login], facts: &DomainUserFacts, name: &str) -> Result<(), Fault> {
    let why = match client.is_own(logins) {
        Some(true) if [DOMAIN_CONF, CONTACT_VIEW].contains(&name) => {
            "this is the contact of the AdminApi's own user (spec.crm2.ownUserId), who needs it to give anything back; leave it out of this \
             object"
                .to_owned()
        }
        None if name == DOMAIN_CONF && !is_somebody_else(facts) => format!(
            "whether this is the user whose token the AdminApi has is not known, and such a user could not be given it back; {SAY_WHO}"
        ),
        _ => return Ok(()),
    };
    Err(refused("revoke_permission", why))
}

/// Refuses to take away what may be the operator's own login.
///
/// # Errors
/// [`Class::Refused`], not sent.
pub fn spare_login(
    client: &Client,
    login: &Login,
    logins: &[Login],
    facts: &DomainUserFacts,
    with_contact: bool,
) -> Result<(), Fault> {
    let endangered = if with_contact { logins } else { std::slice::from_ref(login) };
    match client.is_own(endangered) {
        Some(false) => Ok(()),
        Some(true) => Err(refused(
            "remove_user",
            "this is the AdminApi's own user (spec.crm2.ownUserId), whose login is never taken away".to_owned(),
        )),
        None if is_somebody_else(facts) => Ok(()),
        None => Err(refused(
            "remove_user",
            format!(
                "whether this is the user whose token the AdminApi has is not known, and such a login is never taken away; {SAY_WHO}"
            ),
        )),
    }
}

const SAY_WHO: &str = "name that user in spec.crm2.ownUserId of the AdminApi";

/// Whether the user cannot be the operator's own, who has [`DOMAIN_CONF`]: it was taken away from the contact, and calls succeed still; or the
/// contact was made with the operator's token, and was not given it since.
fn is_somebody_else(facts: &DomainUserFacts) -> bool {
    let has = |names: &[String]| names.iter().any(|name| name == DOMAIN_CONF);
    has(&facts.revoked) || (facts.contact_made && !has(&facts.granted))
}

fn of_field(fault: Fault, field: &str, name: &str) -> Fault {
    let detail = format!("spec.permissions.{field}: {name}: {}", fault.detail);
    Fault { detail, ..fault }
}

fn refused(operation: &'static str, detail: String) -> Fault {
    Fault::new(Class::Refused, operation, detail).with_delivery(Delivery::NotSent)
}
