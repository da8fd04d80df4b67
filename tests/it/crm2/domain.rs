//! CrmDomain: what is sent and when, whose it is, what is put back, and what a deletion takes away.

use kube::api::DynamicObject;
use provost::crm2::sim::domain::{Domain, MailAccount};
use provost::crm2::sim::options::answers::WriteAnswer;
use provost::crm2::sim::options::behaviour::{Partial, ValidateMailbox};
use provost::crm2::sim::{Options, Simulator};
use provost::sim::journal::Outcome;
use provost::sim::simulated::Simulated;
use provost::sim::trouble::{Act, Order, Target};
use serde_json::{Value as Json, json};

use super::{DOMAIN, example};
use crate::objects::{Objects, condition, is, message};
use crate::stage::Stage;

const KIND: &str = "CrmDomain";
const SECRET: &str = "crm2-mail";

/// A stage, and its domains.
async fn stage(options: Options) -> (Stage<Simulator>, Objects) {
    let stage = Stage::crm2(options, &[KIND]).await;
    let domains = stage.objects(KIND);
    (stage, domains)
}

/// A stage on which the domain is as the example says, with these fields.
async fn given(options: Options, fields: Json) -> (Stage<Simulator>, Objects) {
    let (stage, domains) = stage(options).await;
    stage.given(KIND, "acme", fields).await;
    (stage, domains)
}

fn domain(stage: &Stage<Simulator>) -> Domain {
    stage.vendor.domain(DOMAIN).unwrap()
}

fn edit(stage: &Stage<Simulator>, change: impl FnOnce(&mut Domain)) {
    stage.vendor.edit_domain(DOMAIN, change).unwrap();
}

fn account(user: &str) -> MailAccount {
    let text = str::to_owned;
    MailAccount {
        user: text(user),
        password: text("by-hand-secret"),
        host: text("mail.acme.example"),
        protocol: text("imaps"),
        ..MailAccount::default()
    }
}

fn polled(stage: &Stage<Simulator>) -> Vec<(String, String)> {
    domain(stage).mailboxes.into_iter().map(|mailbox| (mailbox.user, mailbox.password)).collect()
}

fn operations(stage: &Stage<Simulator>) -> Vec<&'static str> {
    stage.vendor.journal().writes().iter().map(|entry| entry.operation).collect()
}

fn mailbox(user: &str, key: &str) -> Json {
    json!({"user": user, "host": "pop.googlemail.com", "protocol": "gimap", "password": {"secretRef": {"name": SECRET, "key": key}}})
}

/// Trap 4: notifications are set by one call; mailboxes are added; and each account travels with its password.
#[tokio::test]
async fn the_example_is_sent_once() {
    let (stage, domains) = given(Options::default(), json!({})).await;
    let mut sent = operations(&stage);
    sent.sort_unstable();
    assert_eq!(sent, ["add_activity_type", "add_activity_type", "add_mailbox", "add_mailbox", "set_notifications"]);
    assert_eq!(
        polled(&stage),
        [("notify@acme.example", "notify-secret"), ("support@acme.example", "support-secret")]
            .map(|(user, password)| (user.to_owned(), password.to_owned()))
    );
    let notifications = domain(&stage).notifications.unwrap();
    assert_eq!((notifications.password.as_str(), notifications.protocol.as_str()), ("notify-secret", "smtp"));
    let object = domains.looked_at("acme").await;
    assert!(is(&object, "Ready", "True", "Converged") && is(&object, "RepliesPolled", "True", "Polled"), "{object:#?}");
    let status = &object.data["status"];
    assert_eq!(status["externalId"], DOMAIN);
    assert_eq!(status["observed"]["activityTypes"], json!(["EMAIL", "FOLLOWUP_EMAIL", "NOTE", "PINNED", "TASK"]));
    assert_eq!(operations(&stage).len(), 5, "a second look writes nothing");
}

/// Contract 2.5: what a change without the password does to it is not known, so each change has all four.
#[tokio::test]
async fn a_change_has_the_whole_account() {
    for partial in [Partial::Clear, Partial::Keep] {
        let mut options = Options::default();
        options.behaviour.partial_mailbox = partial;
        let (stage, domains) = given(options, json!({})).await;
        edit(&stage, |domain| domain.mailboxes[1].host = "elsewhere".to_owned());
        domains.looked_at("acme").await;
        domains.edit("acme", json!({"emailNotifications": {"host": "smtp.acme.example"}})).await;
        domains.ready("acme").await;
        let now = domain(&stage);
        assert_eq!(now.notifications.unwrap().password, "notify-secret", "{partial:?}");
        assert_eq!(
            (now.mailboxes[1].password.as_str(), now.mailboxes[1].host.as_str()),
            ("support-secret", "pop.googlemail.com")
        );
        let (_, body) = stage.vendor_writes().pop().unwrap();
        let names = body.to_string();
        for name in ["mailUser", "mailHost", "mailStoreProtocol", "mailPass"] {
            assert!(names.contains(name), "{names}");
        }
    }
}

#[tokio::test]
async fn a_new_password_is_sent_where_it_is_used_and_nowhere_else() {
    let (stage, domains) = given(Options::default(), json!({})).await;
    let before = operations(&stage).len();
    stage.write_secret(SECRET, json!({"notifications": "notify-secret", "support": "another-secret"})).await;
    stage.vendor_got("update_mailbox", Outcome::Answered).await;
    domains.looked_at("acme").await;
    assert_eq!(operations(&stage)[before..], ["update_mailbox"]);
    assert_eq!(polled(&stage)[1].1, "another-secret");
}

#[tokio::test]
async fn what_somebody_changed_is_put_back_and_what_is_nobodys_is_left() {
    let (stage, domains) = given(Options::default(), json!({})).await;
    edit(&stage, |domain| {
        domain.notifications = None;
        domain.mailboxes.remove(0);
        domain.mailboxes.push(account("other@acme.example"));
        domain.activity_types.retain(|name| name != "PINNED");
        domain.activity_types.push("OTHER".to_owned());
    });
    domains.looked_at("acme").await;
    domains.ready("acme").await;
    let now = domain(&stage);
    assert_eq!(now.notifications.unwrap().password, "notify-secret");
    let users: Vec<_> = now.mailboxes.iter().map(|mailbox| mailbox.user.as_str()).collect();
    assert_eq!(users, ["support@acme.example", "other@acme.example", "notify@acme.example"]);
    assert!(now.activity_types.contains(&"OTHER".to_owned()) && now.activity_types.contains(&"PINNED".to_owned()));
}

/// What is not listed is removed where the spec has the say, but for the types that came with the domain.
#[tokio::test]
async fn who_has_the_say_removes_the_others() {
    let (stage, domains) = given(Options::default(), json!({})).await;
    edit(&stage, |domain| {
        domain.mailboxes.push(account("Other+a@acme.example"));
        domain.activity_types.push("OTHER".to_owned());
    });
    let types = json!({"names": ["PINNED"], "authoritative": true});
    let polled = json!({"mailboxes": [mailbox("notify@acme.example", "notifications")], "authoritative": true});
    domains.edit("acme", json!({"activityTypes": types, "emailsToPoll": polled})).await;
    domains.ready("acme").await;
    let now = domain(&stage);
    assert_eq!(now.activity_types, ["EMAIL", "NOTE", "TASK", "PINNED"]);
    assert_eq!(now.mailboxes.iter().map(|mailbox| mailbox.user.as_str()).collect::<Vec<_>>(), ["notify@acme.example"]);
}

/// Trap 13: one mailbox, whatever the case of its letters. The vendor's own spelling is what it is changed by.
#[tokio::test]
async fn a_mailbox_is_known_whatever_the_case() {
    let mut options = Options::default();
    options.behaviour.case_sensitive = true;
    let (stage, domains) = stage(options).await;
    edit(&stage, |domain| domain.mailboxes.push(account("Support@Acme.example")));
    let mut manifest = example(KIND, "acme", json!({}));
    manifest["spec"]["policy"] = json!({"adoption": "IfExists"});
    stage.apply(&manifest).await;
    domains
        .until("acme", |object| is(object, "Ready", "True", "Converged") || is(object, "Ready", "False", "Adopted"))
        .await;
    domains.looked_at("acme").await;
    domains.ready("acme").await;
    let users: Vec<String> = polled(&stage).into_iter().map(|(user, _)| user).collect();
    assert_eq!(users, ["Support@Acme.example", "notify@acme.example"]);
    assert_eq!(polled(&stage)[0].1, "support-secret");
}

/// The domain always exists: only what would be written over or removed is a conflict, and it is told.
#[tokio::test]
async fn what_would_be_written_over_is_a_conflict_that_names_it() {
    let (stage, domains) = stage(Options::default()).await;
    edit(&stage, |domain| {
        domain.notifications = Some(account("boss@acme.example"));
        domain.mailboxes.push(account("support@acme.example"));
    });
    stage.apply(&example(KIND, "acme", json!({}))).await;
    let object = domains.until("acme", |object| is(object, "Ready", "False", "AlreadyExists")).await;
    let said = message(&object, "Ready");
    assert!(
        said.contains(
            "write over the notifications' account boss@acme.example, write over the mailboxes support@acme.example"
        ),
        "{said}"
    );
    assert_eq!(operations(&stage), Vec::<&str>::new());
    domains.edit("acme", json!({"policy": {"adoption": "IfExists"}})).await;
    domains
        .until("acme", |object| is(object, "Ready", "True", "Converged") || is(object, "Ready", "False", "Adopted"))
        .await;
    domains.looked_at("acme").await;
    domains.ready("acme").await;
    assert_eq!(domain(&stage).notifications.unwrap().user, "notify@acme.example");
}

/// So is what was there before Provost took charge, when an edit names it later.
#[tokio::test]
async fn what_was_there_before_is_not_written_over_by_an_edit_unasked() {
    let (stage, domains) = stage(Options::default()).await;
    edit(&stage, |domain| domain.mailboxes.push(account("support@acme.example")));
    stage.apply(&example(KIND, "acme", json!({"emailNotifications": null, "emailsToPoll": null}))).await;
    domains.ready("acme").await;
    let before = operations(&stage).len();
    let mailboxes =
        json!([mailbox("support@acme.example", "support"), mailbox("notify@acme.example", "notifications")]);
    domains.edit("acme", json!({"emailsToPoll": {"mailboxes": mailboxes}})).await;
    let object = domains.unready("acme", "AlreadyExists").await;
    let said = message(&object, "Ready");
    assert!(
        said.contains("write over the mailboxes support@acme.example") && said.contains("policy.adoption"),
        "{said}"
    );
    assert_eq!((operations(&stage).len(), polled(&stage)[0].1.as_str()), (before, "by-hand-secret"));
    domains.edit("acme", json!({"policy": {"adoption": "IfExists"}})).await;
    domains.ready("acme").await;
    assert_eq!(polled(&stage)[0].1, "support-secret");
    // What was written once is ours.
    domains.edit("acme", json!({"policy": {"adoption": "Never"}})).await;
    edit(&stage, |domain| domain.mailboxes[0].host = "elsewhere.example".to_owned());
    domains.looked_at("acme").await;
    domains.ready("acme").await;
    assert_eq!(domain(&stage).mailboxes[0].host, "pop.googlemail.com");
}

#[tokio::test]
async fn one_object_has_charge_of_a_domain() {
    let (stage, domains) = given(Options::default(), json!({})).await;
    let before = operations(&stage).len();
    stage
        .apply(&example(
            KIND,
            "other",
            json!({"activityTypes": {"names": ["ELSE"]}, "emailNotifications": null, "emailsToPoll": null}),
        ))
        .await;
    let object = domains.until("other", |object| is(object, "Ready", "False", "Conflict")).await;
    assert!(message(&object, "Ready").contains("acme"), "{}", message(&object, "Ready"));
    assert_eq!(operations(&stage).len(), before);
}

/// Contract 2.5: replies to notifications are lost unless their mailbox is polled.
#[tokio::test]
async fn replies_that_nobody_reads_are_warned_of() {
    let (stage, domains) = given(Options::default(), json!({"emailsToPoll": null})).await;
    let lost = |object: &DynamicObject| is(object, "RepliesPolled", "False", "NotPolled");
    let object = domains.until("acme", lost).await;
    assert!(is(&object, "Ready", "True", "Converged"), "it is a warning: {object:#?}");
    assert!(condition(&object, "RepliesPolled")["message"].as_str().unwrap().contains("spec.emailsToPoll.mailboxes"));
    edit(&stage, |domain| domain.mailboxes.push(account("Notify@acme.example")));
    domains.looked_at("acme").await;
    domains.until("acme", |object| is(object, "RepliesPolled", "True", "Polled")).await;
}

#[tokio::test]
async fn notifications_are_removed_when_the_spec_says_so_and_not_when_it_says_nothing() {
    let (stage, domains) = given(Options::default(), json!({})).await;
    domains.edit("acme", json!({"emailNotifications": null})).await;
    domains.ready("acme").await;
    assert!(domain(&stage).notifications.is_some());
    domains.edit("acme", json!({"emailNotifications": {"remove": true}})).await;
    domains.ready("acme").await;
    assert!(domain(&stage).notifications.is_none());
}

/// What somebody else set stays, also where it is of the same sort.
#[tokio::test]
async fn a_deletion_takes_back_what_was_written_and_nothing_else() {
    let (stage, domains) = stage(Options::default()).await;
    edit(&stage, |domain| {
        domain.mailboxes.push(account("other@acme.example"));
        domain.activity_types.push("PINNED".to_owned());
    });
    stage.given(KIND, "acme", json!({"policy": {"deletion": "Delete", "drift": "Report"}})).await;
    edit(&stage, |domain| domain.notifications = Some(account("boss@acme.example")));
    domains.delete("acme").await;
    domains.gone("acme").await;
    let now = domain(&stage);
    assert_eq!(now.notifications.unwrap().user, "boss@acme.example");
    assert_eq!(now.mailboxes.iter().map(|mailbox| mailbox.user.as_str()).collect::<Vec<_>>(), ["other@acme.example"]);
    assert_eq!(now.activity_types, ["EMAIL", "NOTE", "TASK", "PINNED"]);
}

#[tokio::test]
async fn a_domain_of_which_nothing_was_written_lets_go_of_its_object() {
    let nothing = json!({"emailNotifications": null, "emailsToPoll": null, "activityTypes": null, "policy": {"deletion": "Delete"}});
    let (stage, domains) = given(Options::default(), nothing).await;
    domains.delete("acme").await;
    domains.gone("acme").await;
    assert_eq!(operations(&stage), Vec::<&str>::new());
}

/// The answer to a write is lost: what it did is known for ours all the same.
#[tokio::test]
async fn what_a_lost_answer_did_is_taken_back_too() {
    let mut options = Options::default();
    options.answers.write_answer = WriteAnswer::Empty;
    let (stage, domains) = stage(options).await;
    stage.vendor.trouble().place(Order::next(Target::Operation("add_mailbox".to_owned()), Act::LoseAnswer));
    stage.given(KIND, "acme", json!({"policy": {"deletion": "Delete"}})).await;
    assert_eq!(polled(&stage).len(), 2);
    domains.delete("acme").await;
    domains.gone("acme").await;
    assert!(!domain(&stage).is_configured());
}

/// A mailbox that is refused keeps neither the others from being polled, nor its reason to itself.
#[tokio::test]
async fn a_mailbox_that_is_refused_is_named() {
    let mut options = Options::default();
    options.behaviour.validate_mailbox = ValidateMailbox::Reject;
    let (stage, domains) = stage(options).await;
    let wrong = json!({"user": "wrong@acme.example", "host": "imap.acme.example", "protocol": "imaps", "password": {"secretRef": {"name": SECRET, "key": "support"}}});
    let mailboxes = json!([wrong, mailbox("support@acme.example", "support")]);
    stage
        .apply(&example(KIND, "acme", json!({"emailNotifications": null, "emailsToPoll": {"mailboxes": mailboxes}})))
        .await;
    let object = domains.until("acme", |object| is(object, "Ready", "False", "Refused")).await;
    assert!(message(&object, "Ready").contains("mailbox wrong@acme.example"), "{}", message(&object, "Ready"));
    assert_eq!(polled(&stage), [("support@acme.example".to_owned(), "support-secret".to_owned())]);
}

/// Trap 5: the page's own protocol is accepted here; a server that refuses it is quoted, with advice.
#[tokio::test]
async fn smtps_is_sent_and_its_refusal_advises_smtp() {
    for accept in [true, false] {
        let mut options = Options::default();
        options.behaviour.accept_smtps = accept;
        let (stage, domains) = stage(options).await;
        let mut manifest = example(KIND, "acme", json!({}));
        manifest["spec"]["emailNotifications"]["protocol"] = json!("smtps");
        stage.apply(&manifest).await;
        if accept {
            domains.ready("acme").await;
            assert_eq!(domain(&stage).notifications.unwrap().protocol, "smtps");
        } else {
            let object = domains.until("acme", |object| is(object, "Ready", "False", "Refused")).await;
            assert!(message(&object, "Ready").contains("write smtp instead of smtps"), "{}", message(&object, "Ready"));
        }
    }
}

#[tokio::test]
async fn a_spec_that_contradicts_itself_is_refused_by_the_api_server() {
    let (stage, domains) = stage(Options::default()).await;
    let refused = async |fields: Json, word: &str| {
        let manifest: DynamicObject = serde_json::from_value(example(KIND, "acme", fields)).unwrap();
        let error = domains.api.create(&kube::api::PostParams::default(), &manifest).await.unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    };
    refused(json!({"emailNotifications": {"remove": true, "user": "a@acme.example"}}), "remove: true").await;
    refused(json!({"emailNotifications": {"user": "a@acme.example"}}), "either user, host, protocol and password")
        .await;
    refused(json!({"activityTypes": {"names": ["Pinned"]}}), "names").await;
    assert_eq!(stage.vendor.externals().len(), 0);
}
