//! Tests of the calls about users and groups over real HTTP; the trap numbers are those of the contract's section 4.

use super::*;
use crate::http::tests::access;
use crate::intrexx::client::Config;
use crate::intrexx::client::tests::{access_to, start};
use crate::intrexx::sim::options::answers::{CreatedBody, ErrorStyle, IdStyle, ListStyle, LocationStyle};
use crate::intrexx::sim::{Options, Simulator};
use crate::sim::trouble::{Act, Order};

fn ada() -> Properties {
    Properties::new()
        .with(&LOGIN, "ada")
        .with(&["general_settings", "first_name"], "Ada")
        .with(&["general_settings", "last_name"], "Lovelace")
}

fn editors() -> Properties {
    Properties::new().with(&["general_settings", "object_name"], "Editors")
}

fn at(id: &str) -> Address {
    Address::new("sales", id)
}

/// A portal with the user ada, and where she is.
async fn with_ada(change: impl FnOnce(&mut Options)) -> (Simulator, Client, Address) {
    let (simulator, client) = start(change).await;
    let id = client.create_user("sales", ada(), Some(&Secret::new("P@ssw0rd-ada"))).await.unwrap();
    (simulator, client, at(&id))
}

/// The writes that the vendor got, log-in and licence aside.
fn writes(simulator: &Simulator) -> Vec<&'static str> {
    let writes = simulator.journal().writes().into_iter().map(|entry| entry.operation);
    writes.filter(|operation| *operation != "license_admin_api").collect()
}

fn refused_unsent(fault: &Fault) -> bool {
    (fault.class, fault.delivery) == (Class::Refused, Delivery::NotSent)
}

/// Traps 8, 9 and 28: the only source of an id is `Location`, in any of its forms, below any base path; it is a text.
#[tokio::test]
async fn the_id_is_taken_from_every_form_of_location() {
    for style in [LocationStyle::Relative, LocationStyle::Rooted, LocationStyle::Absolute] {
        for (base, body, status) in [("", CreatedBody::Empty, 201), ("/irma", CreatedBody::Full, 200)] {
            let (simulator, client) = start(|options| {
                options.server.base_path = base.to_owned();
                options.answers.location_style = style;
                options.answers.created_body = body;
                options.answers.created_status = status;
                options.answers.id_style = IdStyle::String;
                options.answers.extra_fields = true;
            })
            .await;
            let id = client.create_user("sales", ada(), None).await.unwrap();
            assert_eq!((id.as_str(), client.user(&at(&id)).await.unwrap().text(&LOGIN).as_deref()), ("5", Some("ada")));
            assert_eq!(client.create_group("sales", &editors()).await.unwrap(), "6");
            assert_eq!(simulator.portal("sales").unwrap().users.len(), 3);
        }
    }
}

/// Trap 8: what was made and cannot be named again counts as unanswered.
#[tokio::test]
async fn an_id_that_is_not_told_is_an_unknown_outcome() {
    let (simulator, client) = start(|_| {}).await;
    for lost in [Act::Garbage, Act::LoseAnswer, Act::Truncate] {
        simulator.trouble().place(Order::next_of("create_group", lost.clone()));
        let fault = client.create_group("sales", &editors()).await.unwrap_err();
        assert_eq!(fault.delivery, Delivery::Unknown, "{lost:?}: {fault:?}");
        simulator.edit_portal("sales", |portal| portal.groups.retain(|group| group.name() != "Editors")).unwrap();
    }
}

#[tokio::test]
async fn a_login_name_that_is_in_use_is_taken_or_refused() {
    for (status, class) in [(409, Class::Taken), (422, Class::Refused), (400, Class::Refused)] {
        let (_simulator, client, _) = with_ada(|options| options.answers.taken_status = status).await;
        let fault = client.create_user("sales", ada(), None).await.unwrap_err();
        assert_eq!((fault.class, fault.delivery, fault.code), (class, Delivery::Answered, Some(status)));
        assert!(fault.detail.contains("already used"), "{}", fault.detail);
    }
}

#[tokio::test]
async fn the_portals_rules_for_passwords_are_told_in_its_words_and_without_the_password() {
    let (simulator, client, ada) = with_ada(|options| options.behaviour.min_password_length = 12).await;
    let user = Account { address: &ada, login: "ada" };
    let fault = client.set_password(user, &Secret::new("planted-7Q")).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::Answered));
    assert!(fault.detail.contains("12 characters") && !fault.detail.contains("planted-7Q"), "{}", fault.detail);
    client.set_password(user, &Secret::new("planted-7Q-planted-7Q")).await.unwrap();
    assert!(simulator.login("sales", "ada", "planted-7Q-planted-7Q"));
    assert!(!format!("{:?}", simulator.journal().all()).contains("planted-7Q"));
}

#[tokio::test]
async fn a_change_sends_what_it_names_and_nothing_else() {
    let (simulator, client, ada) = with_ada(|_| {}).await;
    let change = Properties::new().with(&["contact", "email", "work"], "ada@example.com").with(&DISABLED, true);
    client.change_user(Account { address: &ada, login: "ada" }, &change).await.unwrap();
    let user = client.user(&ada).await.unwrap();
    assert_eq!(user.text(&["general_settings", "first_name"]).as_deref(), Some("Ada"));
    assert_eq!(
        (user.flag(&DISABLED), user.text(&["contact", "email", "work"])),
        (Some(true), Some("ada@example.com".into()))
    );
    assert_eq!(simulator.portal("sales").unwrap().user("ada").unwrap().password.as_deref(), Some("P@ssw0rd-ada"));
}

/// Traps 16 and 17: whom the Administration API logs in as keeps password, account and rights, whatever the caller takes the user for.
#[tokio::test]
async fn the_administration_apis_own_login_is_not_locked_out() {
    let (simulator, client) = start(|_| {}).await;
    simulator
        .edit_portal("sales", |portal| {
            let login = &mut portal.user("Administrator").unwrap().fields["account"]["login_username"];
            *login = serde_json::json!("IAA-Login");
            portal.iaa_login = "IAA-Login".to_owned();
        })
        .unwrap();
    let id = client.create_user("sales", ada().with(&LOGIN, "administrator"), None).await.unwrap();
    let (built_in, zeros, named) = (at("1"), at("001"), at(&id));
    let mut config = Config::new(simulator.url());
    config.portal_administrators = Some(vec!["iaa-login".to_owned()]);
    let other = Client::new(&config, access_to(&simulator)).unwrap();
    let flag = |place: &[&str]| Properties::new().with(place, true);
    for (client, address, login) in [
        // Those that come with the portal, by their ids, although the name is another one.
        (&client, &built_in, "somebody"),
        (&client, &zeros, "somebody"),
        // The names of the AdminApi: the one that the portal shows, and the one that the caller says.
        (&client, &named, "somebody"),
        (&other, &named, "IAA-LOGIN"),
    ] {
        let user = Account { address, login };
        let rotated = client.set_password(user, &Secret::new("other")).await;
        let off = client.change_user(user, &flag(&DISABLED)).await;
        let expiring = client.change_user(user, &flag(&["account", "must_change_password"])).await;
        let deleted = client.delete_user(user).await;
        let demoted = client.remove_from_group(user, "3").await;
        for fault in [rotated, off, expiring, deleted, demoted].map(Result::unwrap_err) {
            assert!(refused_unsent(&fault) && fault.detail.contains("leave that out"), "{address} {login}: {fault:?}");
        }
    }
    assert_eq!(writes(&simulator), ["create_user"]);
    assert!(simulator.portal("sales").unwrap().lets_iaa_in());
    // Whoever is not named may be dealt with, and of who is named, all the rest.
    let user = Account { address: &named, login: "somebody" };
    other.set_password(user, &Secret::new("other")).await.unwrap();
    other.delete_user(user).await.unwrap();
    let user = Account { address: &built_in, login: "somebody" };
    client.change_user(user, &Properties::new().with(&["general_settings", "title"], "Dr")).await.unwrap();
    client.add_to_group(&built_in, "4").await.unwrap();
    client.remove_from_group(user, "4").await.unwrap();
}

#[tokio::test]
async fn memberships_are_set_one_by_one_and_again_without_harm() {
    for (gone, list) in [(404, ListStyle::Array), (410, ListStyle::Wrapped), (204, ListStyle::Array)] {
        let (_simulator, client, ada) = with_ada(|options| {
            options.answers.gone_status = gone;
            options.answers.list_style = list;
        })
        .await;
        let user = Account { address: &ada, login: "ada" };
        let group = client.create_group("sales", &editors()).await.unwrap();
        for _ in 0..2 {
            client.add_to_group(&ada, &group).await.unwrap();
            client.add_to_group(&ada, "3").await.unwrap();
        }
        assert_eq!(client.memberships(&ada).await.unwrap(), BTreeSet::from(["3".to_owned(), group.clone()]));
        for _ in 0..2 {
            client.remove_from_group(user, "3").await.unwrap();
        }
        assert_eq!(client.memberships(&ada).await.unwrap(), BTreeSet::from([group]));
        let fault = client.add_to_group(&ada, "99").await.unwrap_err();
        assert!(fault.class == Class::Refused && fault.detail.contains("no group 99"), "{fault:?}");
    }
}

/// Traps 3 and 19 for users: that one is gone is believed of a portal that answers, or is itself gone from the list.
#[tokio::test]
async fn a_user_is_gone_only_when_the_portal_can_tell() {
    for style in [ErrorStyle::Message, ErrorStyle::Html, ErrorStyle::Empty] {
        let (simulator, client, ada) = with_ada(|options| options.answers.error_style = style).await;
        let class = async |address: &Address| client.user(address).await.map(|_| ()).unwrap_err().class;
        assert_eq!(class(&at("99")).await, Class::Missing);
        simulator.edit_portal("sales", |portal| portal.known = false).unwrap();
        assert_eq!((class(&ada).await, class(&at("99")).await), (Class::Transient, Class::Transient));
        let fault = client.delete_user(Account { address: &ada, login: "ada" }).await.unwrap_err();
        assert_eq!(fault.class, Class::Transient);
        let fault = client.create_user("sales", self::ada(), None).await.unwrap_err();
        assert_eq!(fault.class, Class::Transient);
        simulator.remove_portal("sales").unwrap();
        assert_eq!(class(&ada).await, Class::Missing);
        let fault = client.create_user("sales", self::ada(), None).await.unwrap_err();
        assert!(fault.class == Class::Missing && fault.detail.contains("no portal sales"), "{fault:?}");
    }
}

#[tokio::test]
async fn what_is_deleted_is_gone_and_what_is_built_in_is_not_deleted() {
    for gone in [404, 410] {
        let (simulator, client, ada) = with_ada(|options| options.answers.gone_status = gone).await;
        let group = at(&client.create_group("sales", &editors()).await.unwrap());
        assert_eq!(client.group(&group).await.unwrap().count(&["member_count"]), Some(0));
        let user = Account { address: &ada, login: "ada" };
        client.delete_user(user).await.unwrap();
        client.delete_group(&group).await.unwrap();
        assert_eq!(client.delete_user(user).await.unwrap_err().class, Class::Missing);
        assert_eq!(client.delete_group(&group).await.unwrap_err().class, Class::Missing);
        let before = writes(&simulator);
        for id in ["3", "4", "04"] {
            assert!(refused_unsent(&client.delete_group(&at(id)).await.unwrap_err()), "{id}");
        }
        assert_eq!(writes(&simulator), before);
    }
}

/// What is no answer of the vendor's never reads as a user.
#[tokio::test]
async fn an_answer_of_another_shape_is_no_user() {
    let (simulator, client, ada) = with_ada(|_| {}).await;
    simulator.trouble().place(Order::next_of("get_user", Act::Garbage));
    assert_eq!(client.user(&ada).await.map(|_| ()).unwrap_err().class, Class::Broken);
    simulator.trouble().place(Order::next_of("list_user_groups", Act::Garbage));
    assert_eq!(client.memberships(&ada).await.unwrap_err().class, Class::Broken);
    let nobody =
        Client::new(&Config::new("http://127.0.0.1:9"), access(&[("username", "u"), ("password", "p")])).unwrap();
    assert_eq!(nobody.user(&ada).await.map(|_| ()).unwrap_err().class, Class::Transient);
}

/// Trap 35: a change is done once the portal shows it, which one of several nodes does a little later.
#[tokio::test]
async fn a_change_is_over_when_it_is_shown() {
    let (simulator, client, ada) = with_ada(|_| {}).await;
    simulator.reconfigure(|options| options.server.read_lag_ms = 700);
    let user = Account { address: &ada, login: "ada" };
    client.change_user(user, &Properties::new().with(&DISABLED, true)).await.unwrap();
    assert_eq!(client.user(&ada).await.unwrap().flag(&DISABLED), Some(true));
    client.add_to_group(&ada, "4").await.unwrap();
    assert!(client.memberships(&ada).await.unwrap().contains("4"));
}
