//! The account that sends notifications, and the mailboxes that are polled.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Bench, DOMAIN, Pairs, bench, bench_with, refused};
use crate::crm2::sim::MailAccount;
use crate::crm2::sim::options::behaviour::{DuplicatePost, MissingDelete, MissingPut, Partial, ValidateMailbox};

const NOTIFY: &str = "/admin/email-notifications";
const POLL: &str = "/admin/email-to-poll";

const ACCOUNT: Pairs<'_> = &[
    ("mailUser", "notify@acme.example"),
    ("mailPass", "mail-secret"),
    ("mailStoreProtocol", "smtp"),
    ("mailHost", "smtp.gmail.com"),
];

const MAILBOX: Pairs<'_> = &[
    ("mailUser", "support@acme.example"),
    ("mailPass", "poll-secret"),
    ("mailStoreProtocol", "gimap"),
    ("mailHost", "pop.googlemail.com"),
];

fn notifications(bench: &Bench) -> Option<MailAccount> {
    bench.sim.domain(DOMAIN).unwrap().notifications
}

fn mailbox(bench: &Bench) -> MailAccount {
    bench.sim.domain(DOMAIN).unwrap().mailbox("support@acme.example").unwrap().clone()
}

/// Trap 4: POST and PUT both set the account that sends.
#[tokio::test]
async fn the_sending_account_is_set_by_post_and_by_put() {
    for method in [Method::POST, Method::PUT] {
        let bench = bench().await;
        let shown = json!({
            "mailUser": "notify@acme.example", "mailStoreProtocol": "smtp", "mailHost": "smtp.gmail.com",
        });
        assert_eq!(bench.form(method.clone(), NOTIFY, ACCOUNT).await.value(), shown);
        assert_eq!(bench.get(NOTIFY, &[]).await.value(), shown);
        let other = [("mailUser", "other@acme.example"), ("mailPass", "other-secret")];
        bench.form(method, NOTIFY, &other).await.good();
        let set = notifications(&bench).unwrap();
        assert_eq!((set.user.as_str(), set.password.as_str()), ("other@acme.example", "other-secret"));
        bench.delete(NOTIFY, &[]).await.good();
        assert!(notifications(&bench).is_none());
        assert_eq!(bench.delete(NOTIFY, &[]).await.refusal(), refused(404, "nothing is set"));
        bench.sim.reconfigure(|options| options.behaviour.missing_delete = MissingDelete::Ok);
        assert_eq!(bench.delete(NOTIFY, &[]).await.status, 200);
    }
}

/// Trap 4: for mailboxes they differ.
#[tokio::test]
async fn mailboxes_are_added_by_post_and_changed_by_put() {
    let bench = bench().await;
    assert_eq!(bench.put(POLL, MAILBOX).await.refusal(), refused(404, "mailUser is not polled"));
    bench.post(POLL, MAILBOX).await.good();
    assert_eq!(bench.post(POLL, MAILBOX).await.refusal(), refused(409, "mailUser is polled already"));
    bench.put(POLL, &[("mailUser", "support@acme.example"), ("mailPass", "new-secret")]).await.good();
    assert_eq!(mailbox(&bench).password, "new-secret");
    bench.post(POLL, ACCOUNT).await.good();
    let shown = json!([
        {"mailUser": "support@acme.example", "mailStoreProtocol": "gimap", "mailHost": "pop.googlemail.com"},
        {"mailUser": "notify@acme.example", "mailStoreProtocol": "smtp", "mailHost": "smtp.gmail.com"},
    ]);
    assert_eq!(bench.get(POLL, &[]).await.value(), shown);
    bench.delete(POLL, &[("mailUser", "support@acme.example")]).await.good();
    assert_eq!(bench.delete(POLL, &[("mailUser", "support@acme.example")]).await.status, 404);
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        assert_eq!(bench.form(method, POLL, &[]).await.refusal(), refused(400, "mailUser is required"));
    }
}

#[tokio::test]
async fn doubles_may_overwrite_and_changes_may_create() {
    let bench = bench_with(|options| {
        options.behaviour.duplicate_post = DuplicatePost::Ok;
        options.behaviour.missing_put = MissingPut::Create;
        options.behaviour.missing_delete = MissingDelete::Ok;
    })
    .await;
    bench.put(POLL, MAILBOX).await.good();
    bench.post(POLL, &[("mailUser", "support@acme.example"), ("mailHost", "imap.gmail.com")]).await.good();
    let overwritten = mailbox(&bench);
    assert_eq!((overwritten.host.as_str(), overwritten.password.as_str()), ("imap.gmail.com", ""));
    assert_eq!(bench.sim.domain(DOMAIN).unwrap().mailboxes.len(), 1);
    bench.delete(POLL, &[("mailUser", "none@acme.example")]).await.good();
}

/// Passwords go in, and never come out.
#[tokio::test]
async fn passwords_are_never_told() {
    let bench = bench_with(|options| options.answers.extra_fields = true).await;
    let replies = [
        bench.post(NOTIFY, ACCOUNT).await,
        bench.get(NOTIFY, &[]).await,
        bench.post(POLL, MAILBOX).await,
        bench.put(POLL, MAILBOX).await,
        bench.get(POLL, &[]).await,
    ];
    assert!(replies.iter().all(|reply| reply.status == 200 && !reply.text.contains("-secret")), "{replies:?}");
    assert_eq!(
        (notifications(&bench).unwrap().password, mailbox(&bench).password),
        ("mail-secret".into(), "poll-secret".into())
    );
}

#[tokio::test]
async fn what_is_left_out_stays_or_is_cleared() {
    for (partial, kept) in [(Partial::Keep, true), (Partial::Clear, false)] {
        let bench = bench_with(|options| options.behaviour.partial_mailbox = partial).await;
        bench.post(NOTIFY, ACCOUNT).await.good();
        bench.put(NOTIFY, &[("mailUser", "notify@acme.example"), ("mailHost", "smtp.googlemail.com")]).await.good();
        bench.post(POLL, MAILBOX).await.good();
        bench.put(POLL, &[("mailUser", "support@acme.example"), ("mailHost", "pop.google.com")]).await.good();
        let (account, mailbox) = (notifications(&bench).unwrap(), mailbox(&bench));
        let expected = if kept { ["mail-secret", "smtp", "poll-secret", "gimap"] } else { [""; 4] };
        assert_eq!([account.password, account.protocol, mailbox.password, mailbox.protocol], expected);
        assert_eq!([account.host, mailbox.host], ["smtp.googlemail.com", "pop.google.com"]);
    }
}

/// Trap 5: one revision of the page says smtps, the next one that there is no such transport.
#[tokio::test]
async fn smtps_may_be_no_transport() {
    let smtps: Pairs<'_> = &[("mailUser", "a@x.com"), ("mailPass", "p-secret"), ("mailStoreProtocol", "smtps")];
    let bench = bench().await;
    assert_eq!(bench.post(NOTIFY, smtps).await.value()["mailStoreProtocol"], "smtps");
    bench.sim.reconfigure(|options| options.behaviour.accept_smtps = false);
    let refusal = refused(400, "mailStoreProtocol smtps is not a valid transport; use smtp");
    assert_eq!(bench.put(NOTIFY, smtps).await.refusal(), refusal);
    assert_eq!(bench.post(NOTIFY, ACCOUNT).await.status, 200);
}

#[tokio::test]
async fn accounts_may_be_tried_out() {
    let bench = bench_with(|options| options.behaviour.validate_mailbox = ValidateMailbox::Reject).await;
    let with = |host: &'static str, pass: &'static str| {
        [("mailUser", "a@x.com"), ("mailPass", pass), ("mailHost", host), ("mailStoreProtocol", "gimap")]
    };
    let wrong = refused(400, "mailUser and mailPass are not accepted by the mail server");
    assert_eq!(bench.post(POLL, &with("pop.googlemail.com", "wrong")).await.refusal(), wrong);
    assert_eq!(bench.post(NOTIFY, &with("smtp.gmail.com", "")[..1]).await.refusal().0, 400);
    for host in ["mail.acme.example", "notgmail.com"] {
        let refusal = bench.post(POLL, &with(host, "right")).await.refusal();
        assert_eq!(refusal, refused(400, "mailHost is not one of Gmail"));
    }
    assert!(bench.sim.domain(DOMAIN).unwrap().mailboxes.is_empty() && notifications(&bench).is_none());
    bench.post(POLL, &with("pop.googlemail.com", "right")).await.good();
    bench.put(NOTIFY, &with("GMAIL.com", "right")).await.good();
    assert_eq!(bench.put(POLL, &with("pop.googlemail.com", "wrong")).await.refusal(), wrong);
    assert_eq!(bench.sim.domain(DOMAIN).unwrap().mailbox("a@x.com").unwrap().password, "right");
}

/// A server that tries accounts out takes its time for that, and for nothing else; one that stops lets nobody wait.
#[tokio::test]
async fn trying_out_may_take_long() {
    let bench = bench_with(|options| {
        options.behaviour.validate_mailbox = ValidateMailbox::Delay;
        options.server.validation_ms = 3_600_000;
    })
    .await;
    let slow = tokio::spawn(bench.form_request(Method::POST, POLL, MAILBOX).send());
    bench.sim.journal().wait_for(|entries| entries.len() == 1).await;
    bench.get(POLL, &[]).await.good();
    bench.delete(NOTIFY, &[]).await;
    assert!(!slow.is_finished());
    bench.sim.stop().await;
    slow.await.unwrap().ok();
}

/// Trap 13: addresses are compared without case, unless the options say otherwise.
#[tokio::test]
async fn a_mailbox_is_known_by_its_user_without_case() {
    let bench = bench().await;
    bench.post(POLL, MAILBOX).await.good();
    let shouted: Pairs<'_> = &[("mailUser", "SUPPORT@acme.example")];
    assert_eq!(bench.post(POLL, shouted).await.status, 409);
    bench.sim.reconfigure(|options| options.behaviour.case_sensitive = true);
    assert_eq!(bench.delete(POLL, shouted).await.status, 404);
    bench.post(POLL, shouted).await.good();
    let listed: Value = bench.get(POLL, &[]).await.value();
    assert_eq!(listed.as_array().unwrap().len(), 2);
}
