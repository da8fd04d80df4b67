//! Tests of the calls about users, over real HTTP against the simulator.

use tokio::time::Instant;

use crate::crm2::client::contacts::Search;
use crate::crm2::client::tests::{access_to, start};
use crate::crm2::config::Config;
use crate::crm2::sim::options::answers::{Envelope, ErrorShape, WriteAnswer};
use crate::crm2::sim::options::behaviour::{MissingDelete, Repeated, TakenUser};
use crate::crm2::sim::{Contact as Kept, Domain, Options, Simulator};
use crate::crm2::wire::contacts::ContactFields;

use super::*;
use crate::http::fuzz::fuzz_decoder;

const DOMAIN: &str = "acme.example";

fn grace() -> Login {
    Login::new("GOOGLE_APPS", "grace+crm@acme.example")
}

fn new_user() -> NewUser {
    let contact = ContactFields {
        first_name: Some("Grace".to_owned()),
        last_name: Some("Hopper & Co".to_owned()),
        email_address: Some("grace+crm@acme.example".to_owned()),
        ..ContactFields::default()
    };
    NewUser { login: grace(), contact }
}

fn domain(simulator: &Simulator) -> Domain {
    simulator.domain(DOMAIN).unwrap()
}

/// The contact that has grace's login.
fn kept(simulator: &Simulator) -> Option<Kept> {
    let login = crate::crm2::sim::Login::google("grace+crm@acme.example");
    domain(simulator).contact_of(&login).cloned()
}

/// Trap 6: POST makes, in the documented words; trap 8: what is in them arrives as it is.
#[tokio::test]
async fn a_user_is_made_with_a_contact_whatever_is_answered() {
    let changes: [fn(&mut Options); 4] = [
        |_| {},
        |options| options.answers.admin_envelope = Envelope::Bare,
        |options| options.answers.write_answer = WriteAnswer::Null,
        |options| options.answers.write_answer = WriteAnswer::Empty,
    ];
    for change in changes {
        let (simulator, client) = start(change).await;
        let told = client.create_user_contact(&new_user()).await.unwrap();
        let made = kept(&simulator).unwrap();
        assert!(told.is_none_or(|id| id == made.id));
        assert_eq!((made.first_name.as_str(), made.last_name.as_str()), ("Grace", "Hopper & Co"));
        assert_eq!(made.emails[0].email, "grace+crm@acme.example");
    }
}

/// Contract 2.3: a second call makes a second contact, or fails.
#[tokio::test]
async fn a_login_that_somebody_has_is_refused() {
    for (status, class) in [(409, Class::Taken), (400, Class::Refused)] {
        let (simulator, client) = start(|options| options.answers.duplicate_status = status).await;
        client.create_user_contact(&new_user()).await.unwrap();
        let fault = client.create_user_contact(&new_user()).await.unwrap_err();
        assert_eq!((fault.class, fault.delivery), (class, Delivery::Answered));
        assert_eq!(domain(&simulator).contacts.len(), 2);
    }
    let (simulator, client) = start(|options| options.behaviour.taken_user = TakenUser::Second).await;
    client.create_user_contact(&new_user()).await.unwrap();
    client.create_user_contact(&new_user()).await.unwrap();
    assert_eq!(domain(&simulator).contacts.len(), 3, "so whoever calls has to look first");
}

/// Contract 2.2: whether repeating it is an error or not.
#[tokio::test]
async fn a_login_is_added_and_removed_as_often_as_one_likes() {
    for (status, repeated_login, missing_delete) in [
        (409, Repeated::Ok, MissingDelete::Ok),
        (409, Repeated::Error, MissingDelete::Error),
        (400, Repeated::Error, MissingDelete::Error),
    ] {
        let (simulator, client) = start(|options| {
            (options.behaviour.repeated_login, options.behaviour.missing_delete) = (repeated_login, missing_delete);
            (options.answers.duplicate_status, options.answers.missing_status) =
                (status, if status == 400 { 400 } else { 404 });
        })
        .await;
        let id = simulator.add_contact(DOMAIN, Kept { last_name: "Hopper".to_owned(), ..Kept::default() }).unwrap();
        for _ in 0..2 {
            client.add_login(&id, &grace()).await.unwrap();
            assert_eq!(kept(&simulator).unwrap().logins.len(), 1);
        }
        for _ in 0..2 {
            client.remove_login(&id, &grace()).await.unwrap();
            assert!(domain(&simulator).contact(&id).unwrap().logins.is_empty(), "the contact stays");
        }
    }
}

#[tokio::test]
async fn a_login_of_somebody_else_is_not_added() {
    for status in [409, 400] {
        let (simulator, client) = start(|options| options.answers.duplicate_status = status).await;
        client.create_user_contact(&new_user()).await.unwrap();
        let id = simulator.add_contact(DOMAIN, Kept { last_name: "Murray".to_owned(), ..Kept::default() }).unwrap();
        let fault = client.add_login(&id, &grace()).await.unwrap_err();
        assert!(matches!(fault.class, Class::Taken | Class::Refused), "{fault:?}");
        assert!(domain(&simulator).contact(&id).unwrap().logins.is_empty());
        assert!(client.add_login("5166b967e4b0f6e6cd09e653", &grace()).await.is_err());
    }
}

/// Contract 2.4 and 3: nothing shows permissions, so both calls may be repeated, and a complaint that it is so already is no failure.
#[tokio::test]
async fn a_permission_is_granted_and_revoked_as_often_as_one_likes() {
    let statuses = [(409, 404, false), (400, 400, false), (409, 410, false), (409, 404, true)];
    for (duplicate, missing, with_200) in statuses {
        for (repeated, missing_delete) in [(Repeated::Ok, MissingDelete::Ok), (Repeated::Error, MissingDelete::Error)] {
            let (simulator, client) = start(|options| {
                (options.answers.duplicate_status, options.answers.missing_status) = (duplicate, missing);
                options.answers.failures_with_200 = with_200;
                (options.behaviour.repeated_permission, options.behaviour.missing_delete) = (repeated, missing_delete);
            })
            .await;
            client.create_user_contact(&new_user()).await.unwrap();
            for _ in 0..2 {
                client.grant(&grace(), "CONTACT_VIEW").await.unwrap();
                assert!(kept(&simulator).unwrap().permissions.contains("CONTACT_VIEW"));
            }
            for _ in 0..2 {
                client.revoke(&grace(), "CONTACT_VIEW").await.unwrap();
                assert!(kept(&simulator).unwrap().permissions.is_empty());
            }
        }
    }
}

/// Contract 2.4: a permission that is none shows those that there are; trap 12: also with a status of success.
#[tokio::test]
async fn a_permission_that_is_none_shows_the_vendors_list() {
    let shapes = [ErrorShape::Error, ErrorShape::Errors, ErrorShape::ErrorObjects, ErrorShape::ErrorMap];
    for (error_shape, failures_with_200) in shapes.into_iter().zip([false, true, false, true]) {
        let (_simulator, client) = start(|options| {
            (options.answers.error_shape, options.answers.failures_with_200) = (error_shape, failures_with_200);
            options.server.more_permissions = vec!["MOONSHOT".to_owned()];
        })
        .await;
        client.create_user_contact(&new_user()).await.unwrap();
        for fault in [
            client.grant(&grace(), "contact_view").await.unwrap_err(),
            client.revoke(&grace(), "NONSENSE").await.unwrap_err(),
        ] {
            assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::Answered));
            assert!(fault.detail.contains("ACTIVITY_UPDATE") && fault.detail.contains("MOONSHOT"), "{fault}");
        }
    }
}

/// Contract 2.4: the call says nothing of the type.
#[tokio::test]
async fn a_namesake_at_another_contact_is_known_once_it_was_seen() {
    let (simulator, client) = start(|_| {}).await;
    let [twitter, internal] = ["TWITTER_LOGIN", "INTERNAL"].map(|id_type| Login::new(id_type, "grace"));
    let mut ids = Vec::new();
    for login in [&twitter, &internal] {
        let id = simulator.add_contact(DOMAIN, Kept { last_name: "Hopper".to_owned(), ..Kept::default() }).unwrap();
        client.add_login(&id, login).await.unwrap();
        ids.push(id);
    }
    assert!(client.namesakes(&twitter, &ids[0]).await.unwrap().is_empty(), "nobody looked yet");
    client.logins(&ids[1]).await.unwrap();
    assert_eq!(client.namesakes(&twitter, &ids[0]).await.unwrap(), [ids[1].clone()]);
    client.remove_login(&ids[1], &internal).await.unwrap();
    assert!(client.namesakes(&twitter, &ids[0]).await.unwrap().is_empty());
}

/// Contract 3: nothing tells whose the token is. Who came later than it cannot be that user.
#[tokio::test]
async fn a_newcomer_is_not_the_operator() {
    let (simulator, client) = start(|_| {}).await;
    let owner = Login::new("GOOGLE_APPS", "owner@acme.example");
    let search = |key| Search {
        login: key,
        known: None,
        likely: None,
        addresses: &[],
        fresh_after: Instant::now(),
        alone: false,
    };
    let [grace_key, owner_key] = [grace().key(), owner.key()];
    assert_eq!(client.is_own(&[grace()]), None, "nobody looked yet");
    client.locate(&search(&grace_key)).await.unwrap();
    client.locate(&search(&owner_key)).await.unwrap();
    client.create_user_contact(&new_user()).await.unwrap();
    assert_eq!((client.is_own(&[grace()]), client.is_own(std::slice::from_ref(&owner))), (Some(false), None));
    assert_eq!(client.is_own(&[grace(), owner.clone()]), None, "permissions are the contact's");
    let config = Config { own_user_id: Some("Owner@acme.example".to_owned()), ..Config::new(simulator.url(), DOMAIN) };
    let knowing = Client::new(&config, access_to(&simulator)).unwrap();
    assert_eq!((knowing.is_own(&[grace()]), knowing.is_own(&[grace(), owner])), (Some(false), Some(true)));
}

fuzz_decoder!(
    made,
    read_made,
    [
        r#"{"result":{"resultValue":{"contactId":"5166b967e4b0f6e6cd09e653","emails":[]}}}"#,
        r#"{"result":{"resultValue":null}}"#
    ]
);
