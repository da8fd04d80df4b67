//! Fields: what a spec wants of a client domain, and what the vendor shows of it, path by path.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::rotation;
use super::spec::{CrmDomainSpec, DomainFacts, Mailbox, ObservedAccount, ObservedDomain, Written};
use crate::crm2::wire::activity_type::{is_built_in, upper};
use crate::crm2::wire::mail::{MailAccount, key, same_user};
use crate::engine::kind::Invalid;
use crate::engine::state::{Access, Field, State};

/// The group of all mail accounts: a mailbox is polled before notifications are sent in its name, so one call sets both.
const MAIL: &str = "mail";
/// The group of the activity types.
const TYPES: &str = "activityTypes";
/// The group of the permanent token.
pub const ROTATION: &str = "tokenRotation";
/// What a create does not carry.
pub const LATER: &[&str] = &[MAIL, TYPES];

/// What paths of the account of notifications begin with.
pub const NOTIFICATIONS: &str = "emailNotifications.";
/// That it is to be removed.
pub const REMOVE: &str = "emailNotifications.remove";
/// The password of that account.
pub const PASSWORD: &str = "emailNotifications.password";
/// What paths of mailboxes begin with.
const MAILBOXES: &str = "emailsToPoll.mailboxes.";
/// The mailboxes that the spec does not list.
pub const OTHERS: &str = "emailsToPoll.others";
/// The activity types.
pub const NAMES: &str = "activityTypes.names";

const fn field(path: &'static str, access: Access, group: &'static str) -> Field {
    Field { path, access, key: false, group }
}

/// Every field. Of a mailbox, host and protocol are shown, and its password is not.
pub const FIELDS: &[Field] = &[
    field("emailNotifications.user", Access::Readable, MAIL),
    field("emailNotifications.host", Access::Readable, MAIL),
    field("emailNotifications.protocol", Access::Readable, MAIL),
    field(PASSWORD, Access::WriteOnly, MAIL),
    field(REMOVE, Access::Readable, MAIL),
    field("emailsToPoll.mailboxes.*", Access::Readable, MAIL),
    field(OTHERS, Access::Readable, MAIL),
    field(NAMES, Access::Readable, TYPES),
    field(rotation::REQUEST, Access::WriteOnly, ROTATION),
];

/// What the vendor has of a client domain.
pub struct Domain {
    /// The account of the notifications.
    pub notifications: Option<MailAccount>,
    /// The mailboxes that are polled.
    pub mailboxes: Vec<MailAccount>,
    /// The activity types, in upper case.
    pub activity_types: BTreeSet<String>,
}

/// What paths of a mailbox begin with.
pub fn mailbox_path(user: &str) -> String {
    format!("{MAILBOXES}{}.", key(user))
}

/// The path of a mailbox's password.
pub fn mailbox_password(user: &str) -> String {
    format!("{}password", mailbox_path(user))
}

/// The mailboxes that a spec lists.
pub fn listed(spec: &CrmDomainSpec) -> impl Iterator<Item = &Mailbox> {
    spec.emails_to_poll.iter().flat_map(|polled| &polled.mailboxes)
}

/// Whether mailboxes that the spec does not list are to go.
fn prunes_mailboxes(spec: &CrmDomainSpec) -> bool {
    spec.emails_to_poll.as_ref().is_some_and(|polled| polled.authoritative == Some(true))
}

/// Whether types that the spec does not list are to go.
fn prunes_types(spec: &CrmDomainSpec) -> bool {
    spec.activity_types.as_ref().is_some_and(|types| types.authoritative == Some(true))
}

/// The types that a spec lists.
fn names(spec: &CrmDomainSpec) -> Option<BTreeSet<String>> {
    spec.activity_types.as_ref().map(|types| types.names.iter().map(|name| upper(name)).collect())
}

/// What the spec wants, but for passwords.
///
/// # Errors
/// One mailbox that is listed twice.
pub fn wanted(spec: &CrmDomainSpec) -> Result<State, Invalid> {
    let mut state = State::new();
    if let Some(notifications) = &spec.email_notifications {
        state = match notifications.account() {
            None => state.with(REMOVE, true),
            Some((user, host, protocol)) => state
                .with("emailNotifications.user", user)
                .with("emailNotifications.host", host)
                .with("emailNotifications.protocol", protocol),
        };
    }
    let mut users = BTreeSet::new();
    for (at, mailbox) in listed(spec).enumerate() {
        if !users.insert(key(&mailbox.user)) {
            return Err(Invalid {
                field: format!("emailsToPoll.mailboxes[{at}].user"),
                problem: format!("{:?} is listed twice, the case of its letters aside", mailbox.user),
                way_out: "list each mailbox once".to_owned(),
            });
        }
        let path = mailbox_path(&mailbox.user);
        state = state
            .with(&format!("{path}host"), mailbox.host.as_str())
            .with(&format!("{path}protocol"), mailbox.protocol.as_str());
    }
    if prunes_mailboxes(spec) {
        state = state.with(OTHERS, Json::Array(Vec::new()));
    }
    Ok(state.maybe(NAMES, names(spec).map(list)).maybe(rotation::REQUEST, rotation::request(spec)))
}

/// What the vendor shows of what the spec is about.
pub fn seen(spec: &CrmDomainSpec, domain: &Domain) -> State {
    let mut state = State::new().with(REMOVE, domain.notifications.is_none());
    let account = spec.email_notifications.as_ref().and_then(|notifications| notifications.account());
    if let Some((user, host, protocol)) = account {
        let shown = domain.notifications.as_ref();
        let shown_user = shown.and_then(|shown| shown.mail_user.as_deref());
        state = state
            .with("emailNotifications.user", as_wanted(user, shown_user))
            .maybe("emailNotifications.host", part(host, shown, |shown| &shown.mail_host))
            .maybe("emailNotifications.protocol", part(protocol, shown, |shown| &shown.mail_store_protocol));
    }
    for mailbox in listed(spec) {
        let path = mailbox_path(&mailbox.user);
        let shown = domain.mailboxes.iter().find(|shown| shown.is_of(&mailbox.user));
        state = state
            .maybe(&format!("{path}host"), part(&mailbox.host, shown, |shown| &shown.mail_host))
            .maybe(&format!("{path}protocol"), part(&mailbox.protocol, shown, |shown| &shown.mail_store_protocol));
    }
    if prunes_mailboxes(spec) {
        state = state.with(OTHERS, list(others(spec, domain)));
    }
    state.maybe(NAMES, names(spec).map(|names| list(types(spec, domain, &names))))
}

/// A part of an account as the vendor shows it; null where there is no account, and none where the account is shown without it.
fn part(wanted: &str, account: Option<&MailAccount>, of: impl Fn(&MailAccount) -> &Option<String>) -> Option<Json> {
    match account {
        None => Some(Json::Null),
        Some(account) => of(account).as_deref().map(|shown| as_wanted(wanted, Some(shown))),
    }
}

/// What is shown, in the letters of what is wanted where the two differ in their case alone: users, hosts and protocols have none.
fn as_wanted(wanted: &str, shown: Option<&str>) -> Json {
    match shown {
        Some(shown) if same_user(wanted, shown) => Json::from(wanted),
        shown => Json::from(shown),
    }
}

/// The users of the mailboxes that the spec does not list.
pub fn others(spec: &CrmDomainSpec, domain: &Domain) -> BTreeSet<String> {
    let is_listed = |shown: &&MailAccount| listed(spec).any(|mailbox| shown.is_of(&mailbox.user));
    domain.mailboxes.iter().filter(|shown| !is_listed(shown)).filter_map(|shown| shown.mail_user.clone()).collect()
}

/// The types as far as they are the spec's matter. Those that are in every domain need not be shown to be there, and are nobody's to remove.
fn types(spec: &CrmDomainSpec, domain: &Domain, names: &BTreeSet<String>) -> BTreeSet<String> {
    let built_in = names.iter().filter(|name| is_built_in(name)).cloned();
    let shown = domain.activity_types.iter();
    let ours = shown.filter(|name| names.contains(*name) || (prunes_types(spec) && !is_built_in(name)));
    ours.cloned().chain(built_in).collect()
}

fn list(names: BTreeSet<String>) -> Vec<String> {
    names.into_iter().collect()
}

/// What carrying out the spec would write over or remove although it was there before, in words; none when there is no such thing.
pub fn at_stake(spec: &CrmDomainSpec, domain: &Domain) -> Option<String> {
    let mut stake = Vec::new();
    if let (Some(wanted), Some(MailAccount { mail_user: Some(user), .. })) =
        (&spec.email_notifications, &domain.notifications)
    {
        let deed = if wanted.account().is_some() { "write over" } else { "remove" };
        stake.push(format!("{deed} the notifications' account {user}"));
    }
    let declared = listed(spec).filter(|mailbox| domain.mailboxes.iter().any(|shown| shown.is_of(&mailbox.user)));
    stake.extend(told("write over the mailboxes", declared.map(|mailbox| mailbox.user.clone())));
    if prunes_mailboxes(spec) {
        stake.extend(told("remove the mailboxes", others(spec, domain)));
    }
    if let Some(names) = names(spec).filter(|_| prunes_types(spec)) {
        let pruned = types(spec, domain, &names).into_iter().filter(|name| !names.contains(name));
        stake.extend(told("remove the activity types", pruned));
    }
    Some(stake.join(", ")).filter(|stake| !stake.is_empty())
}

/// The mail accounts of a domain.
pub fn accounts(domain: &Domain) -> Written {
    let user = |account: &MailAccount| account.mail_user.clone();
    Written {
        notifications: domain.notifications.as_ref().and_then(user),
        mailboxes: domain.mailboxes.iter().filter_map(user).collect(),
        activity_types: Vec::new(),
    }
}

/// What of a domain somebody else had set before Provost had charge of it, and Provost did not write since.
pub fn of_others(facts: &DomainFacts, domain: &Domain) -> Domain {
    let is_one_of = |users: &[String], account: &MailAccount| users.iter().any(|user| account.is_of(user));
    let theirs = |account: &&MailAccount| {
        is_one_of(&facts.found.mailboxes, account) && !is_one_of(&facts.written.mailboxes, account)
    };
    let was_there = |account: &&MailAccount| {
        facts.written.notifications.is_none() && is_one_of(facts.found.notifications.as_slice(), account)
    };
    Domain {
        notifications: domain.notifications.as_ref().filter(was_there).cloned(),
        mailboxes: domain.mailboxes.iter().filter(theirs).cloned().collect(),
        activity_types: BTreeSet::new(),
    }
}

/// At most so many names are told.
const MOST: usize = 10;

fn told(deed: &str, names: impl IntoIterator<Item = String>) -> Option<String> {
    let mut names = names.into_iter();
    let first: Vec<String> = names.by_ref().take(MOST).collect();
    let more = names.count();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!first.is_empty()).then(|| format!("{deed} {}{more}", first.join(", ")))
}

/// Whether anything is left of what was written.
pub fn is_left(written: &Written, domain: &Domain) -> bool {
    keeps_notifications(written, domain)
        || written.mailboxes.iter().any(|user| domain.mailboxes.iter().any(|shown| shown.is_of(user)))
        || written.activity_types.iter().any(|name| domain.activity_types.contains(name))
}

/// Whether notifications are still sent with the account that was written, and not with one that somebody set since.
pub fn keeps_notifications(written: &Written, domain: &Domain) -> bool {
    let shown = domain.notifications.as_ref();
    written.notifications.as_deref().is_some_and(|user| shown.is_some_and(|shown| shown.is_of(user)))
}

/// What the status tells of a domain.
pub fn observed(domain: &Domain) -> ObservedDomain {
    let account = |shown: &MailAccount| ObservedAccount {
        user: shown.mail_user.clone().unwrap_or_default(),
        host: shown.mail_host.clone(),
        protocol: shown.mail_store_protocol.clone(),
    };
    let mut mailboxes: Vec<_> = domain.mailboxes.iter().map(account).collect();
    mailboxes.sort_by(|one, other| one.user.cmp(&other.user));
    ObservedDomain {
        notifications: domain.notifications.as_ref().map(account),
        mailboxes,
        activity_types: domain.activity_types.iter().cloned().collect(),
    }
}
