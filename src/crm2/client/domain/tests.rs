//! Tests of the calls about a domain over real HTTP against the simulator; the trap numbers are those of the contract's section 4.

use super::*;
use crate::crm2::client::tests::start;
use crate::crm2::sim::domain::MailAccount as Stored;
use crate::crm2::sim::options::answers::{
    ActivityTypeList, EmptyGet, EmptyList, ErrorShape, ResetTokenShape, WriteAnswer,
};
use crate::crm2::sim::options::behaviour::{DuplicatePost, MissingDelete, MissingPut, ValidateMailbox};
use crate::crm2::sim::{Domain, Simulator};

const DOMAIN: &str = "acme.example";

fn mail<'a>(user: &'a str, password: &'a Secret) -> Mail<'a> {
    Mail { user, password, host: "pop.googlemail.com", protocol: "gimap" }
}

fn domain(simulator: &Simulator) -> Domain {
    simulator.domain(DOMAIN).unwrap()
}

fn stored(user: &str, password: &str) -> Stored {
    let (user, password) = (user.to_owned(), password.to_owned());
    Stored { user, password, host: "pop.googlemail.com".to_owned(), protocol: "gimap".to_owned(), ..Stored::default() }
}

fn users(domain: &Domain) -> Vec<(&str, &str)> {
    domain.mailboxes.iter().map(|mailbox| (mailbox.user.as_str(), mailbox.password.as_str())).collect()
}

#[tokio::test]
async fn notifications_are_set_read_changed_and_removed() {
    let password = Secret::new("notify-secret");
    for empty in [EmptyGet::Null, EmptyGet::Empty, EmptyGet::Blank, EmptyGet::NotFound] {
        let (simulator, client) = start(|options| options.answers.empty_get = empty).await;
        assert_eq!(client.notifications().await.unwrap(), None, "{empty:?}");
        client.set_notifications(mail("notify+a@acme.example", &password), false).await.unwrap();
        let shown = client.notifications().await.unwrap().unwrap();
        assert!(shown.is_of("notify+a@acme.example"), "trap 8: the plus sign arrives");
        let changed = Mail { protocol: "smtp", ..mail("other@acme.example", &password) };
        client.set_notifications(changed, true).await.unwrap();
        assert!(client.notifications().await.unwrap().unwrap().is_of("other@acme.example"));
        client.remove_notifications().await.unwrap();
        client.remove_notifications().await.unwrap();
        assert_eq!(client.notifications().await.unwrap(), None);
        assert_eq!(simulator.journal().performed("set_notifications"), 2);
    }
}

/// Trap 4: what POST and PUT mean for mailboxes; and what neither may mean.
#[tokio::test]
async fn a_mailbox_is_set_whether_it_was_known_or_not() {
    let (one, two) = (Secret::new("first-secret"), Secret::new("second-secret"));
    for (duplicate, missing) in [(DuplicatePost::Error, MissingPut::Error), (DuplicatePost::Ok, MissingPut::Create)] {
        let (simulator, client) = start(|options| {
            options.behaviour.duplicate_post = duplicate;
            options.behaviour.missing_put = missing;
        })
        .await;
        client.set_mailbox(mail("a@acme.example", &one), false).await.unwrap();
        client.set_mailbox(mail("a@acme.example", &two), true).await.unwrap();
        assert_eq!(users(&domain(&simulator)), [("a@acme.example", "second-secret")]);
        // Somebody was faster, or an answer was lost.
        client.set_mailbox(mail("a@acme.example", &one), false).await.unwrap();
        client.set_mailbox(mail("b@acme.example", &two), true).await.unwrap();
        let now = domain(&simulator);
        assert_eq!(users(&now), [("a@acme.example", "first-secret"), ("b@acme.example", "second-secret")]);
    }
}

#[tokio::test]
async fn what_is_gone_already_is_removed() {
    for missing in [MissingDelete::Error, MissingDelete::Ok] {
        for status in [404, 400, 410] {
            let (simulator, client) = start(|options| {
                options.behaviour.missing_delete = missing;
                options.answers.missing_status = status;
            })
            .await;
            let mailboxes = vec![stored("a@acme.example", "x-secret"), stored("b@acme.example", "y-secret")];
            simulator.edit_domain(DOMAIN, |domain| domain.mailboxes = mailboxes).unwrap();
            client.remove_mailbox("a@acme.example").await.unwrap();
            client.remove_mailbox("a@acme.example").await.unwrap();
            client.remove_activity_type("NOWHERE").await.unwrap();
            assert_eq!(users(&domain(&simulator)), [("b@acme.example", "y-secret")], "{status}");
        }
    }
}

/// Trap 7: types are upper-cased by the server, and those that came with the domain are nobody's to remove.
#[tokio::test]
async fn activity_types_are_added_listed_and_removed_in_upper_case() {
    for (list, duplicate) in
        [(ActivityTypeList::Strings, DuplicatePost::Mixed), (ActivityTypeList::Objects, DuplicatePost::Error)]
    {
        let (simulator, client) = start(|options| {
            options.answers.activity_type_list = list;
            options.behaviour.duplicate_post = duplicate;
        })
        .await;
        client.add_activity_type("Pinned").await.unwrap();
        client.add_activity_type("PINNED").await.unwrap();
        let types: Vec<String> = client.activity_types().await.unwrap().into_iter().collect();
        assert_eq!(types, ["EMAIL", "NOTE", "PINNED", "TASK"]);
        client.remove_activity_type("pinned").await.unwrap();
        assert_eq!(domain(&simulator).added_types().count(), 0);
        let fault = client.remove_activity_type("note").await.unwrap_err();
        assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::NotSent));
        assert_eq!(simulator.journal().count("remove_activity_type"), 1, "it does not even ask");
    }
}

#[tokio::test]
async fn an_empty_list_may_be_written_in_several_ways() {
    for empty in [EmptyList::Array, EmptyList::Null, EmptyList::Absent] {
        for write in [WriteAnswer::Value, WriteAnswer::Null, WriteAnswer::Empty] {
            let (_simulator, client) = start(|options| {
                options.answers.empty_list = empty;
                options.answers.write_answer = write;
            })
            .await;
            assert!(client.mailboxes().await.unwrap().is_empty(), "{empty:?}");
            client.set_mailbox(mail("a@acme.example", &Secret::new("a-secret")), false).await.unwrap();
            assert_eq!(client.mailboxes().await.unwrap().len(), 1, "{write:?}");
        }
    }
}

/// Trap 5: `smtps`, which the vendor's page says, is refused by newer servers; and trap 12, where the refusal comes with 200.
#[tokio::test]
async fn a_refused_protocol_has_the_vendors_reason_and_advice() {
    for (with_200, shape) in [(false, ErrorShape::Error), (true, ErrorShape::Error)] {
        let (_simulator, client) = start(|options| {
            options.behaviour.accept_smtps = false;
            options.answers.failures_with_200 = with_200;
            options.answers.error_shape = shape;
        })
        .await;
        let password = Secret::new("notify-secret");
        let wanted = Mail { host: "smtp.gmail.com", protocol: "smtps", ..mail("notify@acme.example", &password) };
        let fault = client.set_notifications(wanted, false).await.unwrap_err();
        assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::Answered));
        assert!(fault.detail.contains("write smtp instead of smtps"), "{fault}");
        assert!(!fault.detail.contains("notify-secret"), "{fault}");
        assert_eq!(client.notifications().await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_password_that_is_tried_out_and_refused_is_told_without_it() {
    let (_simulator, client) = start(|options| options.behaviour.validate_mailbox = ValidateMailbox::Reject).await;
    let fault = client.set_mailbox(mail("a@acme.example", &Secret::new("wrong")), false).await.unwrap_err();
    assert_eq!(fault.class, Class::Refused);
    assert!(!format!("{fault} {fault:?}").contains("\"wrong\""), "{fault}");
}

/// Contract 2.1: the shape of the answer is a guess. The old token is at its end with the call.
#[tokio::test]
async fn a_token_is_reset_once() {
    for shape in [ResetTokenShape::Object, ResetTokenShape::String, ResetTokenShape::Bare] {
        let (simulator, client) = start(|options| options.answers.reset_token_shape = shape).await;
        let old = simulator.credentials()["authToken"].clone();
        client.check().await.unwrap();
        let new = client.reset_token().await.unwrap();
        assert_eq!(new.expose(), simulator.credentials()["authToken"].expose(), "{shape:?}");
        assert!(simulator.lets_in(&new) && !simulator.lets_in(&old));
        let fault = client.check().await.unwrap_err();
        assert_eq!((fault.class, fault.code), (Class::Denied, Some(401)));
        let again = client.reset_token().await.err().unwrap();
        assert_eq!(again.class, Class::Denied, "{shape:?}");
        assert_eq!(simulator.journal().performed("reset_token"), 1);
    }
}

/// Trap 16: another customer's domain is refused, and the AdminApi is not ready then.
#[tokio::test]
async fn a_domain_that_is_not_the_tokens_own_is_found_out() {
    let (simulator, _) = start(|options| options.server.domains.push("other.example".to_owned())).await;
    let config = crate::crm2::config::Config::new(simulator.url(), "other.example");
    let client = Client::new(&config, crate::crm2::client::tests::access_to(&simulator)).unwrap();
    let fault = client.check().await.unwrap_err();
    assert_eq!(fault.class, Class::Denied);
    assert!(fault.detail.contains("spec.crm2.clientDomain"), "{fault}");
}
