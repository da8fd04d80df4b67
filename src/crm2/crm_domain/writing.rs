//! Writing: carrying out changes of a client domain's settings, and taking back what was set.
//!
//! What is about to be set is noted first, since an answer may be lost; a refusal takes the note back.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::fields::{
    Domain, NAMES, NOTIFICATIONS, OTHERS, PASSWORD, REMOVE, keeps_notifications, listed, mailbox_password,
    mailbox_path, others,
};
use super::spec::{CrmDomainSpec, DomainFacts, Mailbox, Written};
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;
use crate::crm2::client::Client;
use crate::crm2::client::domain::Mail;
use crate::crm2::wire::activity_type::is_built_in;
use crate::crm2::wire::mail::same_user;
use crate::engine::diff::{Change, Shown};
use crate::engine::kind::Wanted;

/// Everything that a domain has, as it is now.
///
/// # Errors
/// The fault of any of the three reads.
pub async fn look(client: &Client) -> Result<Domain, Fault> {
    let (notifications, mailboxes, activity_types) =
        tokio::try_join!(client.notifications(), client.mailboxes(), client.activity_types())?;
    Ok(Domain { notifications, mailboxes, activity_types })
}

/// Carries out the changes: mailboxes, then the account of notifications, then activity types.
///
/// # Errors
/// The first fault; repeating it all does no harm. A mailbox that is refused does not keep the other mailboxes from being set.
pub async fn update(client: &Client, wanted: &Wanted<'_, CrmDomainSpec>, facts: &mut DomainFacts) -> Result<(), Fault> {
    set_mailboxes(client, wanted, facts).await?;
    if wanted.changes(OTHERS) {
        for user in others(wanted.spec, &look(client).await?) {
            client.remove_mailbox(&user).await?;
            facts.written.mailboxes.retain(|own| !same_user(own, &user));
        }
    }
    if wanted.changes(REMOVE) {
        client.remove_notifications().await?;
        facts.written.notifications = None;
    } else if wanted.changes.iter().any(|change| change.path.starts_with(NOTIFICATIONS)) {
        set_notifications(client, wanted, facts).await?;
    }
    match wanted.changes.iter().find(|change| change.path == NAMES) {
        Some(change) => set_types(client, change, &mut facts.written).await,
        None => Ok(()),
    }
}

async fn set_mailboxes(
    client: &Client,
    wanted: &Wanted<'_, CrmDomainSpec>,
    facts: &mut DomainFacts,
) -> Result<(), Fault> {
    let mut refused = None;
    for mailbox in listed(wanted.spec) {
        let path = mailbox_path(&mailbox.user);
        if !wanted.changes.iter().any(|change| change.path.starts_with(&path)) {
            continue;
        }
        match set_mailbox(client, wanted, mailbox, facts).await {
            Err(fault) if matches!(fault.class, Class::Refused | Class::Taken) => refused = refused.or(Some(fault)),
            outcome => outcome?,
        }
    }
    refused.map_or(Ok(()), Err)
}

async fn set_mailbox(
    client: &Client,
    wanted: &Wanted<'_, CrmDomainSpec>,
    mailbox: &Mailbox,
    facts: &mut DomainFacts,
) -> Result<(), Fault> {
    let password = password(wanted, &mailbox_password(&mailbox.user), "add_mailbox")?;
    // The vendor's own spelling of the user is the key of a change.
    let known = facts.observed.iter().flat_map(|observed| &observed.mailboxes);
    let known = known.map(|shown| shown.user.clone()).find(|shown| same_user(shown, &mailbox.user));
    let user = known.as_deref().unwrap_or(&mailbox.user);
    let mail = Mail { user, password, host: &mailbox.host, protocol: &mailbox.protocol };
    let is_noted = facts.written.mailboxes.iter().any(|own| same_user(own, user));
    if !is_noted {
        facts.written.mailboxes.push(user.to_owned());
    }
    let outcome = client.set_mailbox(mail, known.is_some()).await;
    if !is_noted && outcome.as_ref().is_err_and(|fault| fault.delivery != Delivery::Unknown) {
        facts.written.mailboxes.pop();
    }
    outcome.map_err(|fault| Fault { detail: format!("mailbox {}: {}", mailbox.user, fault.detail), ..fault })
}

async fn set_notifications(
    client: &Client,
    wanted: &Wanted<'_, CrmDomainSpec>,
    facts: &mut DomainFacts,
) -> Result<(), Fault> {
    let account = wanted.spec.email_notifications.as_ref().and_then(|notifications| notifications.account());
    let Some((user, host, protocol)) = account else { return Ok(()) };
    let mail = Mail { user, password: password(wanted, PASSWORD, "set_notifications")?, host, protocol };
    let is_one = facts.observed.as_ref().is_some_and(|observed| observed.notifications.is_some());
    let before = facts.written.notifications.replace(user.to_owned());
    let outcome = client.set_notifications(mail, is_one).await;
    if outcome.as_ref().is_err_and(|fault| fault.delivery != Delivery::Unknown) {
        facts.written.notifications = before;
    }
    outcome.map_err(|fault| Fault { detail: format!("emailNotifications: {}", fault.detail), ..fault })
}

/// A password that goes with every change of its account: what a change without it would do to it is not known (contract 2.5).
fn password<'w>(wanted: &Wanted<'w, CrmDomainSpec>, path: &str, operation: &'static str) -> Result<&'w Secret, Fault> {
    wanted.secrets.get(path).ok_or_else(|| {
        Fault::new(Class::Refused, operation, format!("spec.{path} was not read")).with_delivery(Delivery::NotSent)
    })
}

async fn set_types(client: &Client, change: &Change, written: &mut Written) -> Result<(), Fault> {
    let (from, to) = (names(&change.from), names(&change.to));
    for name in to.difference(&from) {
        let is_new = !is_built_in(name) && !written.activity_types.contains(name);
        if is_new {
            written.activity_types.push(name.clone());
        }
        let outcome = client.add_activity_type(name).await;
        if is_new && outcome.as_ref().is_err_and(|fault| fault.delivery != Delivery::Unknown) {
            written.activity_types.pop();
        }
        outcome?;
    }
    for name in from.difference(&to) {
        client.remove_activity_type(name).await?;
        written.activity_types.retain(|own| own != name);
    }
    Ok(())
}

fn names(shown: &Shown) -> BTreeSet<String> {
    let Shown::Plain(Json::Array(names)) = shown else { return BTreeSet::new() };
    names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

/// Removes what is left of what was written, and nothing else.
///
/// # Errors
/// The first fault; repeating it does no harm.
pub async fn take_back(client: &Client, written: &Written) -> Result<(), Fault> {
    let domain = look(client).await?;
    if keeps_notifications(written, &domain) {
        client.remove_notifications().await?;
    }
    let is_ours = |user: &&String| written.mailboxes.iter().any(|own| same_user(own, user));
    let users = domain.mailboxes.iter().filter_map(|mailbox| mailbox.mail_user.as_ref());
    for user in users.filter(is_ours) {
        client.remove_mailbox(user).await?;
    }
    for name in written.activity_types.iter().filter(|name| domain.activity_types.contains(*name)) {
        client.remove_activity_type(name).await?;
    }
    Ok(())
}
