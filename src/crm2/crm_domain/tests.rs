//! Tests of the parts that need no vendor.

use serde_json::{Value as Json, json};

use super::fields::{Domain, at_stake, is_left, mailbox_password, seen, wanted};
use super::spec::{CrmDomainSpec, Written};
use super::{Domains, replies};
use crate::crm2::wire::mail::MailAccount;
use crate::engine::diff::diff;
use crate::engine::kind::Kind;
use crate::engine::state::{State, Value};

fn spec(fields: Json) -> CrmDomainSpec {
    let mut spec = json!({"adminApi": {"name": "crm2"}});
    for (field, value) in fields.as_object().unwrap() {
        spec[field] = value.clone();
    }
    serde_json::from_value(spec).unwrap()
}

fn mailbox(user: &str) -> Json {
    json!({"user": user, "host": "pop.googlemail.com", "protocol": "gimap", "password": {"secretRef": {"name": "mail", "key": "a"}}})
}

fn notifications() -> Json {
    json!({"user": "notify@acme.example", "host": "smtp.gmail.com", "protocol": "smtp",
        "password": {"secretRef": {"name": "mail", "key": "a"}}})
}

fn account(user: &str, host: &str, protocol: &str) -> MailAccount {
    serde_json::from_value(json!({"mailUser": user, "mailHost": host, "mailStoreProtocol": protocol})).unwrap()
}

fn domain(notifications: Option<MailAccount>, mailboxes: Vec<MailAccount>, types: &[&str]) -> Domain {
    Domain { notifications, mailboxes, activity_types: types.iter().map(|&name| name.to_owned()).collect() }
}

/// Path and values of what differs, where nothing was ever sent.
fn differences(spec: &CrmDomainSpec, domain: &Domain) -> Vec<(String, String, String)> {
    let changes = diff(Domains::FIELDS, &wanted(spec).unwrap(), &seen(spec, domain), &Default::default());
    changes.into_iter().map(|change| (change.path, change.from.text(), change.to.text())).collect()
}

fn row(path: &str, from: &str, to: &str) -> (String, String, String) {
    (path.to_owned(), from.to_owned(), to.to_owned())
}

#[test]
fn a_bare_domain_lacks_everything_that_the_spec_says() {
    let spec = spec(json!({
        "emailNotifications": notifications(),
        "emailsToPoll": {"mailboxes": [mailbox("Support@acme.example")]},
        "activityTypes": {"names": ["PINNED", "NOTE"]},
    }));
    let found = differences(&spec, &domain(None, vec![], &["EMAIL", "OLD"]));
    assert_eq!(
        found,
        [
            row("activityTypes.names", r#"["NOTE"]"#, r#"["NOTE","PINNED"]"#),
            row("emailNotifications.host", "null", r#""smtp.gmail.com""#),
            row("emailNotifications.protocol", "null", r#""smtp""#),
            row("emailNotifications.user", "null", r#""notify@acme.example""#),
            row("emailsToPoll.mailboxes.support@acme.example.host", "null", r#""pop.googlemail.com""#),
            row("emailsToPoll.mailboxes.support@acme.example.protocol", "null", r#""gimap""#),
        ]
    );
    assert_eq!(at_stake(&spec, &domain(None, vec![], &["PINNED", "OLD"])), None, "nothing of it would be written over");
}

/// Traps 7 and 13: types in upper case, and addresses without it.
#[test]
fn what_differs_in_its_case_alone_is_no_difference() {
    let spec = spec(json!({
        "emailNotifications": notifications(),
        "emailsToPoll": {"mailboxes": [mailbox("support@acme.example")], "authoritative": true},
        "activityTypes": {"names": ["PINNED"], "authoritative": true},
    }));
    let there = domain(
        Some(account("Notify@Acme.example", "SMTP.gmail.com", "SMTP")),
        vec![account("Support@Acme.example", "pop.googlemail.com", "GIMAP")],
        &["EMAIL", "NOTE", "PINNED", "TASK"],
    );
    assert_eq!(differences(&spec, &there), []);
}

#[test]
fn who_has_the_say_removes_the_others_but_for_what_every_domain_has() {
    let polled = |authoritative: bool| {
        spec(json!({
            "emailsToPoll": {"mailboxes": [], "authoritative": authoritative},
            "activityTypes": {"names": [], "authoritative": authoritative},
        }))
    };
    let there = domain(None, vec![account("Old@acme.example", "x", "imaps")], &["EMAIL", "NOTE", "OLD", "TASK"]);
    assert_eq!(differences(&polled(false), &there), []);
    assert_eq!(at_stake(&polled(false), &there), None);
    let found = differences(&polled(true), &there);
    assert_eq!(
        found,
        [row("activityTypes.names", r#"["OLD"]"#, "[]"), row("emailsToPoll.others", r#"["Old@acme.example"]"#, "[]")]
    );
    let stake = at_stake(&polled(true), &there).unwrap();
    assert_eq!(stake, "remove the mailboxes Old@acme.example, remove the activity types OLD");
}

#[test]
fn notifications_are_removed_only_where_the_spec_says_so() {
    let there = domain(Some(account("notify@acme.example", "smtp.gmail.com", "smtp")), vec![], &[]);
    assert_eq!(differences(&spec(json!({})), &there), []);
    let remove = spec(json!({"emailNotifications": {"remove": true}}));
    assert_eq!(differences(&remove, &there), [row("emailNotifications.remove", "false", "true")]);
    assert_eq!(at_stake(&remove, &there).unwrap(), "remove the notifications' account notify@acme.example");
    assert_eq!(differences(&remove, &domain(None, vec![], &[])), []);
}

#[test]
fn what_the_vendor_does_not_show_is_what_was_sent() {
    let spec = spec(json!({"emailsToPoll": {"mailboxes": [mailbox("a@acme.example")]}}));
    let silent: MailAccount = serde_json::from_value(json!({"mailUser": "a@acme.example"})).unwrap();
    let state = seen(&spec, &domain(None, vec![silent], &[]));
    assert_eq!(state.get("emailsToPoll.mailboxes.a@acme.example.host"), None);
}

#[test]
fn passwords_are_fields_by_the_user_of_their_mailbox() {
    let spec = spec(json!({
        "emailNotifications": notifications(), "emailsToPoll": {"mailboxes": [mailbox("A@acme.example"), mailbox("b@acme.example")]},
    }));
    let paths: Vec<String> = Domains::secrets(&spec).into_iter().map(|(path, _)| path.into_owned()).collect();
    assert_eq!(
        paths,
        [
            "emailNotifications.password",
            "emailsToPoll.mailboxes.a@acme.example.password",
            "emailsToPoll.mailboxes.b@acme.example.password"
        ]
    );
    let (path, print) = (mailbox_password("A@acme.example"), Value::Secret("fp".to_owned()));
    let mut state = State::new();
    state.insert(&path, print);
    let changes = diff(Domains::FIELDS, &state, &State::new(), &[(path, "fp".to_owned())].into());
    assert_eq!(changes, [], "what was sent is remembered");
}

#[test]
fn one_mailbox_listed_twice_is_refused() {
    let spec = spec(json!({"emailsToPoll": {"mailboxes": [mailbox("a@acme.example"), mailbox("A@acme.example")]}}));
    let invalid = wanted(&spec).unwrap_err();
    assert_eq!(invalid.field, "emailsToPoll.mailboxes[1].user");
}

#[test]
fn what_is_left_is_what_was_written_and_is_still_there() {
    let written = Written {
        notifications: Some("notify@acme.example".to_owned()),
        mailboxes: vec!["a@acme.example".to_owned()],
        activity_types: vec!["PINNED".to_owned()],
    };
    let other = account("other@acme.example", "x", "smtp");
    assert!(!is_left(&written, &domain(Some(other.clone()), vec![other], &["OLD"])));
    assert!(is_left(&written, &domain(Some(account("Notify@acme.example", "x", "smtp")), vec![], &[])));
    assert!(is_left(&written, &domain(None, vec![account("A@acme.example", "x", "imaps")], &[])));
    assert!(is_left(&written, &domain(None, vec![], &["PINNED"])));
}

#[test]
fn replies_arrive_when_their_mailbox_is_polled() {
    let notify = account("notify@acme.example", "smtp.gmail.com", "smtp");
    let reason = |domain: Domain| replies(&domain).map(|aspect| (aspect.holds, aspect.reason));
    assert_eq!(reason(domain(None, vec![], &[])), None);
    assert_eq!(reason(domain(Some(notify.clone()), vec![], &[])), Some((false, "NotPolled")));
    let polled = account("Notify@acme.example", "pop.googlemail.com", "gimap");
    assert_eq!(reason(domain(Some(notify), vec![polled], &[])), Some((true, "Polled")));
}
