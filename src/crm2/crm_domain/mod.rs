//! CrmDomain: the settings of the client domain that an AdminApi is about.
//!
//! The domain is always there, and nobody makes or deletes it. So to create is to take it into one's charge, for which no call is made: the
//! settings come by updates. Nor is the domain found by an object that has no id yet, unless there is something in it that this object would
//! write over or remove: that is then a matter of policy.adoption. And what is deleted is what was written, as the status remembers it.
//!
//! | file | what is in it |
//! | --- | --- |
//! | `spec` | what a spec and a status say |
//! | `fields` | the fields: what is wanted, what is seen, what is at stake |
//! | `writing` | carrying out changes, and taking back |
//! | `rotation` | the reset of the permanent token |

mod fields;
mod rotation;
mod spec;
mod writing;

use std::borrow::Cow;

use serde_json::json;
use tokio::time::Instant;

use super::Crm2;
use super::client::Client;
use crate::base::fault::Fault;
use crate::engine::kind::{
    Aspect, Attempt, Created, Deed, DeedAttempt, Found, Identity, Invalid, Kind, Listed, Listing, Progress, SecretKey,
    Seen, Sought, Wanted,
};
use crate::engine::policy::{Deletion, Deletions, EXTERNAL_ID};
use crate::engine::sibling::Siblings;
use crate::engine::state::{Field, State};

pub use spec::{
    ActivityTypes, CrmDomain, CrmDomainSpec, CrmDomainStatus, DomainFacts, EmailNotifications, EmailsToPoll, Mailbox,
    ObservedAccount, ObservedDomain, Rotation, TokenRotation, Written,
};

use fields::Domain;

/// How a client domain is found, and what to call.
pub struct Domains;

impl Kind for Domains {
    type Vendor = Crm2;
    type Spec = CrmDomainSpec;
    type Facts = DomainFacts;
    type Object = CrmDomain;

    const IDENTITY: Identity = Identity::Chosen;
    // Settings that are gone are set again.
    const RECREATE: bool = true;
    const ID_FORM: &'static str = "the client domain of the AdminApi";
    const DELETIONS: Deletions = &[Deletion::Orphan, Deletion::Delete];
    const FIELDS: &'static [Field] = fields::FIELDS;
    const LATER: &'static [&'static str] = fields::LATER;
    const RENEWS: &'static [&'static str] = &[fields::ROTATION];
    const RENEWED_KEYS: &'static [&'static str] = &[rotation::KEY];
    const RENEWAL_LOST: &'static str = rotation::LOST;
    const UNLISTED: Option<&'static str> = None;
    const REASONS: &'static [(&'static str, &'static str)] = &[
        ("Polled", "The mailbox of the notifications is among those that are polled, so that replies arrive."),
        (
            "NotPolled",
            "The mailbox of the notifications is not among those that are polled: replies to notifications are lost.",
        ),
        ("Rotated", "The permanent token was reset for the request of the spec, and its successor works."),
        ("RotationPending", "The permanent token is yet to be reset for the request of the spec."),
    ];

    fn natural_key(_: &CrmDomainSpec) -> String {
        // An AdminApi is about one, and says which.
        "the client domain".to_owned()
    }

    fn secrets(spec: &CrmDomainSpec) -> Vec<(Cow<'static, str>, &SecretKey)> {
        let own = spec.email_notifications.iter().filter_map(|notifications| notifications.password.as_ref());
        let own = own.map(|source| (Cow::from(fields::PASSWORD), &source.secret_ref));
        let polled = fields::listed(spec);
        let polled =
            polled.map(|mailbox| (fields::mailbox_password(&mailbox.user).into(), &mailbox.password.secret_ref));
        own.chain(polled).collect()
    }

    fn desired(spec: &CrmDomainSpec, _: &Siblings) -> Result<State, Invalid> {
        fields::wanted(spec)
    }

    fn key(_: &CrmDomainSpec, _: &Siblings) -> Option<State> {
        Some(State::new())
    }

    async fn find(
        client: &Client,
        sought: &Sought<'_, CrmDomainSpec, DomainFacts>,
    ) -> Result<Found<Seen<DomainFacts>>, Fault> {
        let own = client.client_domain();
        if let Some(id) = sought.external_id.filter(|id| !id.eq_ignore_ascii_case(own)) {
            return Ok(Found::Unknown(format!(
                "the AdminApi is about the client domain {own}, and this object has charge of {id}; correct spec.crm2.clientDomain of the \
                 AdminApi, or the annotation {EXTERNAL_ID}"
            )));
        }
        let domain = writing::look(client).await?;
        let known = sought.facts.cloned().unwrap_or_default();
        let at_stake = match sought.external_id {
            None => fields::at_stake(sought.spec, &domain),
            Some(_) => fields::at_stake(sought.spec, &fields::of_others(&known, &domain)),
        };
        let is_there = match sought.external_id {
            None => at_stake.is_some(),
            Some(_) if sought.disposing => fields::is_left(&known.written, &domain),
            Some(_) => true,
        };
        if !is_there {
            return Ok(Found::Absent);
        }
        let facts = DomainFacts { observed: Some(fields::observed(&domain)), ..known };
        let external_id = sought.external_id.unwrap_or(own);
        let state = rotation::seen(&facts, fields::seen(sought.spec, &domain));
        let conditions = replies(&domain).into_iter().chain(rotation::judge(sought.spec, &facts)).collect();
        let mut seen = Seen { conditions, ..Seen::new(external_id, state, facts) };
        seen.at_stake = at_stake;
        Ok(Found::Present(seen))
    }

    async fn list(client: &Client, _: Instant) -> Result<Listing, Fault> {
        let own = client.client_domain();
        let domain = writing::look(client).await?;
        let spec = json!({"activityTypes": {"names": domain.activity_types}});
        Ok(Listing::whole([Listed::new(own, own, spec).remarked(accounts(&domain))]))
    }

    async fn create(
        client: &Client,
        _: &Wanted<'_, CrmDomainSpec>,
        _: Attempt<'_>,
    ) -> Result<Progress<DomainFacts>, Fault> {
        let external_id = client.client_domain().to_owned();
        let found = fields::accounts(&writing::look(client).await?);
        Ok(Progress::Done(Created { external_id, facts: DomainFacts { found, ..DomainFacts::default() } }))
    }

    async fn update(
        client: &Client,
        _: &str,
        wanted: &Wanted<'_, CrmDomainSpec>,
        facts: &mut DomainFacts,
    ) -> Result<(), Fault> {
        writing::update(client, wanted, facts).await
    }

    async fn perform(
        client: &Client,
        _: &str,
        wanted: &Wanted<'_, CrmDomainSpec>,
        facts: &mut DomainFacts,
        attempt: DeedAttempt<'_>,
    ) -> Result<Deed, Fault> {
        rotation::rotate(client, wanted.spec, facts, attempt).await
    }

    async fn delete(client: &Client, _: &str, _: &CrmDomainSpec, facts: &DomainFacts) -> Result<(), Fault> {
        writing::take_back(client, &facts.written).await
    }
}

/// The mail accounts, of which a spec cannot speak without their passwords.
fn accounts(domain: &Domain) -> Option<String> {
    let ObservedDomain { notifications, mailboxes, .. } = fields::observed(domain);
    let told = |field: &str, account: &ObservedAccount| {
        let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "?".to_owned());
        format!("{field} {} ({} at {})", account.user, part(&account.protocol), part(&account.host))
    };
    let own = notifications.iter().map(|account| told("emailNotifications", account));
    let told: Vec<String> = own.chain(mailboxes.iter().map(|account| told("emailsToPoll", account))).collect();
    (!told.is_empty()).then(|| format!("mail accounts need their passwords, and are not managed: {}", told.join("; ")))
}

/// Whether replies to notifications arrive, where there are any.
fn replies(domain: &Domain) -> Option<Aspect> {
    let user = domain.notifications.as_ref()?.mail_user.as_deref()?;
    let polled = domain.mailboxes.iter().any(|mailbox| mailbox.is_of(user));
    let (reason, message) = match polled {
        true => ("Polled", format!("the mailbox {user} of the notifications is polled")),
        false => (
            "NotPolled",
            format!(
                "replies to notifications are lost, because their mailbox {user} is not polled; list it in spec.emailsToPoll.mailboxes"
            ),
        ),
    };
    Some(Aspect { condition: "RepliesPolled", holds: polled, reason, message })
}

#[cfg(test)]
mod tests;
