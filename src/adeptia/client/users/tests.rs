//! Tests of the calls for users over real HTTP against the simulator; the trap numbers are those of the contract's section 4.

use axum::http::StatusCode;

use super::*;
use crate::adeptia::client::tests::{client_of, start};
use crate::adeptia::config::Config;
use crate::adeptia::sim::Simulator;
use crate::adeptia::sim::options::answers::{ErrorHttp, ErrorShape, ListWrap};
use crate::adeptia::sim::options::behaviour::Repeat;
use crate::adeptia::sim::options::server::Profile as Version;
use crate::http::tests::{Server, access};
use crate::sim::trouble::{Act, Order};
use std::collections::BTreeSet;

const EMAIL: &str = "ada@adeptia.example";

/// A user who is there already.
fn given(simulator: &Simulator) -> Id {
    Id::new(simulator.edit(|state| state.add_user(EMAIL).id.to_string()))
}

async fn listing(client: &Client) -> (Vec<String>, Option<String>) {
    let emails = |listing: &Listing<Users>| {
        let mut emails: Vec<String> = listing.rows.iter().filter_map(|user| user.email.clone()).collect();
        emails.sort();
        (emails, listing.doubt.clone())
    };
    client.users(Instant::now(), emails).await.unwrap()
}

fn counts(simulator: &Simulator) -> Vec<&'static str> {
    simulator.journal().writes().into_iter().map(|entry| entry.operation).collect()
}

/// Traps 5, 6 and 25: the list is where the version has it, and is asked for with a limit.
#[tokio::test]
async fn the_list_is_found_in_every_version() {
    for (told, served) in [
        (Version::Legacy, Version::Legacy),
        (Version::Seed, Version::Seed),
        (Version::Current, Version::Current),
        (Version::Seed, Version::Current),
        (Version::Current, Version::Seed),
    ] {
        for (error_http, error_shape) in [
            (ErrorHttp::Mirror, ErrorShape::Object),
            (ErrorHttp::Ok, ErrorShape::Html),
            (ErrorHttp::ServerError, ErrorShape::Text),
        ] {
            let (simulator, client) = start(|options| {
                options.server.profile = served;
                options.answers.list_wrap = ListWrap::Bare;
                (options.answers.error_http, options.answers.error_shape) = (error_http, error_shape);
            })
            .await;
            let client = match told {
                Version::Legacy => client_of(&simulator, Some(Profile::Legacy)),
                Version::Seed => client,
                Version::Current => client_of(&simulator, Some(Profile::Current)),
            };
            let (emails, doubt) = listing(&client).await;
            assert_eq!(
                emails,
                ["admin@adeptia.example", "adminuser@adeptia.example"],
                "{told:?} {served:?} {error_http:?}"
            );
            assert_eq!(doubt, None);
        }
    }
}

/// Trap 6: the older path shows one user when it does not heed the limit, and is not believed then; one user more proves it.
#[tokio::test]
async fn a_list_of_one_is_doubted_where_the_limit_is_not_documented() {
    let (simulator, client) = start(|options| options.server.max_limit = Some(1)).await;
    let (emails, doubt) = listing(&client).await;
    assert_eq!(emails, ["admin@adeptia.example"]);
    assert!(doubt.unwrap().contains("one user at most"));
    simulator.reconfigure(|options| options.server.max_limit = None);
    assert_eq!(listing(&client).await.1, None);
}

/// Own writes are seen by whoever is content with the copy.
#[tokio::test]
async fn own_writes_are_in_the_shared_list() {
    let (simulator, client) = start(|options| options.answers.user_status = true).await;
    let id = given(&simulator);
    let before = Instant::now();
    listing(&client).await;
    let seen = async |pick: fn(&User) -> Option<String>| {
        client
            .users(before, |listing| listing.rows.by_email("ADA@adeptia.example").first().map(|user| pick(user)))
            .await
            .unwrap()
    };
    client.change_user(&id, &UserChange { first_name: Some("Ada"), ..UserChange::default() }).await.unwrap();
    assert_eq!(seen(|user| user.first_name.clone()).await, Some(Some("Ada".to_owned())));
    client.switch_user(&id, false).await.unwrap();
    assert_eq!(seen(|user| user.active().map(|active| active.to_string())).await, Some(Some("false".to_owned())));
    client.delete_user(&id).await.unwrap();
    assert_eq!(seen(|_| None).await, None);
    assert_eq!(simulator.journal().count("list_users"), 1);
}

/// Traps 4 and 18: one call deletes, with its whole query; in every version, and whatever is not there any more.
#[tokio::test]
async fn the_one_call_that_deletes_says_so() {
    for profile in [Profile::Legacy, Profile::Seed, Profile::Current] {
        let (simulator, _) = start(|options| options.behaviour.absent_deletion = Repeat::Refuse).await;
        let client = client_of(&simulator, Some(profile));
        simulator.reconfigure(|options| options.server.any_paths = true);
        let id = given(&simulator);
        let request = client.deletion(&id).unwrap();
        let expected = [("oldUserId".into(), id.to_string()), ("deleteUser".into(), "true".to_owned())];
        assert_eq!((request.method.as_str(), request.query.as_slice()), ("PUT", expected.as_slice()));
        client.delete_user(&id).await.unwrap();
        assert_eq!(counts(&simulator), ["deactivate_user", "delete_user"]);
        assert_eq!(client.delete_user(&id).await.unwrap_err().class, Class::Missing);
        assert_eq!(counts(&simulator).len(), 2);
    }
}

/// The answer is lost, and the next try finds nobody: then the copy that all share shows nobody either.
#[tokio::test]
async fn a_deletion_whose_answer_is_lost_is_seen_by_all() {
    let (simulator, client) = start(|_| {}).await;
    let id = given(&simulator);
    let before = Instant::now();
    listing(&client).await;
    simulator.trouble().place(Order::next_of("delete_user", Act::LoseAnswer));
    assert_eq!(client.delete_user(&id).await.unwrap_err().class, Class::Transient);
    assert_eq!(client.delete_user(&id).await.unwrap_err().class, Class::Missing);
    assert!(client.users(before, |listing| listing.rows.by_id(&id).is_none()).await.unwrap());
    assert_eq!(simulator.journal().count("list_users"), 1);
}

/// Contract 1.4 and 2.9: whatever form the vendor's no has, a user who owns objects stays, and it is told why.
#[tokio::test]
async fn a_refused_deletion_is_one_in_every_form() {
    for error_http in [ErrorHttp::Mirror, ErrorHttp::Ok, ErrorHttp::ServerError] {
        for error_shape in
            [ErrorShape::Object, ErrorShape::Exception, ErrorShape::Message, ErrorShape::Text, ErrorShape::Html]
        {
            let (simulator, client) = start(|options| {
                (options.answers.error_http, options.answers.error_shape) = (error_http, error_shape);
            })
            .await;
            let id = given(&simulator);
            simulator.edit(|state| state.users.iter_mut().for_each(|user| user.objects = 3));
            let fault = client.delete_user(&id).await.unwrap_err();
            assert_eq!(fault.class, Class::Refused, "{error_http:?} {error_shape:?} {fault}");
            assert!(fault.detail.contains("move them to another user"), "{fault}");
            simulator.edit(|state| state.users.iter_mut().for_each(|user| user.objects = 0));
            client.delete_user(&id).await.unwrap();
            assert_eq!(simulator.user(EMAIL), None);
        }
    }
}

/// Contract 2.8: repeating may be refused; where nothing shows how it is, "already" is what there is to go by.
#[tokio::test]
async fn switching_off_twice_is_switching_off_once() {
    for (shown, shape) in [(true, ErrorShape::Html), (false, ErrorShape::Object)] {
        let (simulator, client) = start(|options| {
            options.behaviour.repeat_activation = Repeat::Refuse;
            options.answers.user_status = shown;
            options.answers.error_shape = shape;
        })
        .await;
        let id = given(&simulator);
        for active in [false, false, true, true] {
            client.switch_user(&id, active).await.unwrap();
            assert_eq!(simulator.user(EMAIL).unwrap().active, active);
        }
    }
}

/// Contract 3: nothing leaves for those who come with the product, and for the one whom we log in as.
#[tokio::test]
async fn nobody_is_locked_out() {
    let (simulator, client) = start(|_| {}).await;
    let own = Id::new(simulator.user("adminuser@adeptia.example").unwrap().id.to_string());
    for id in [own, Id::new("1")] {
        let change = UserChange { first_name: Some("X"), ..UserChange::default() };
        for fault in [
            client.change_user(&id, &change).await.unwrap_err(),
            client.switch_user(&id, false).await.unwrap_err(),
            client.delete_user(&id).await.unwrap_err(),
        ] {
            assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::NotSent), "{fault}");
        }
    }
    assert_eq!(counts(&simulator), [""; 0]);
}

/// Traps 14 and 17: a mail went out, none did, or nobody knows.
#[tokio::test]
async fn an_invitation_is_sent_refused_or_unknown() {
    let roles = BTreeSet::from([crate::adeptia::wire::users::Role {
        partner: Id::new("1"),
        role: Id::new("2"),
        default: true,
    }]);
    let invitation = Invitation { email: EMAIL, message: "Welcome", sender: "a@adeptia.example", roles: &roles };
    let (simulator, client) = start(|_| {}).await;
    client.invite(&invitation).await.unwrap();
    assert_eq!(simulator.effect(EMAIL), 1);
    simulator.trouble().place(Order::next_of("invite", Act::Garbage));
    assert_eq!(client.invite(&invitation).await.unwrap_err().delivery, Delivery::Unknown);
    given(&simulator);
    let fault = client.invite(&invitation).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Taken, Delivery::Answered));
    assert_eq!(simulator.effect(EMAIL), 2);
}

/// An invitation serves once, and the password is in no fault.
#[tokio::test]
async fn a_user_is_made_once_from_an_invitation() {
    let (simulator, client) = start(|_| {}).await;
    let roles = BTreeSet::from([crate::adeptia::wire::users::Role {
        partner: Id::new("1"),
        role: Id::new("2"),
        default: true,
    }]);
    let id = client
        .invite(&Invitation { email: EMAIL, message: "Welcome", sender: "a@adeptia.example", roles: &roles })
        .await
        .unwrap();
    let make = async |password: &str| {
        let user = NewUser { first_name: "Ada", last_name: "King", invitation_id: &id, password, role_id: () };
        client.create_user(&user, &Secret::new(password)).await
    };
    let fault = make("planted-weak").await.unwrap_err();
    assert_eq!(fault.class, Class::Refused);
    assert!(!format!("{fault:?}").contains("planted-weak"));
    let made = make("Planted-7Q").await.unwrap();
    assert_eq!(made.to_string(), simulator.user(EMAIL).unwrap().id.to_string());
    let fault = make("Planted-7Q").await.unwrap_err();
    assert!(says_no(&fault) && fault.delivery == Delivery::Answered, "{fault}");
}

/// A made-up server with one user, which answers what is written with this status, and a client of it that logs in under this name.
async fn made_up(user: serde_json::Value, status: u16, username: &str) -> (Server, Client) {
    let server = Server::start(move |heard| {
        let path = heard.uri.path();
        let read = |body: serde_json::Value| (StatusCode::OK, body.to_string());
        match heard.method.as_str() {
            _ if path.ends_with("/login/user") => read(json!({"ACCESS_TOKEN": "t", "tokenExpiresDays": 30})),
            "GET" if path.ends_with("/1500") => read(json!({USER: user})),
            "GET" => read(json!({USER: [{"id": 1, "email": "admin@adeptia.example"}, user]})),
            _ => (StatusCode::from_u16(status).unwrap(), json!({"message": "the user is already so"}).to_string()),
        }
    })
    .await;
    let access = access(&[("username", username), ("password", "P@ssw0rd")]);
    let client = Client::new(&Config::new(&server.url), access).unwrap();
    (server, client)
}

fn written(server: &Server) -> Vec<String> {
    let heard = server.heard().into_iter().filter(|heard| heard.method.as_str() == "PUT");
    heard.map(|heard| heard.uri.path().to_owned()).collect()
}

/// Contract 2.8: "already" is what there is to go by only where no status is shown; who is shown to be active is not deleted.
#[tokio::test]
async fn no_word_is_believed_against_what_is_shown() {
    let id = Id::new("1500");
    for (shown, believed) in [(json!(null), true), (json!("Active"), false), (json!("Inactive"), true)] {
        let user = json!({"id": "1500", "email": EMAIL, "status": shown});
        let (_server, client) = made_up(user.clone(), 400, "operator@adeptia.example").await;
        assert_eq!(client.switch_user(&id, false).await.is_ok(), believed, "{shown}");
        let (server, client) = made_up(user, 400, "operator@adeptia.example").await;
        let fault = client.delete_user(&id).await.unwrap_err();
        assert_eq!(fault.class, Class::Refused, "{shown}: {fault}");
        let deleted = written(&server).iter().any(|path| path.ends_with("updateowner"));
        assert_eq!(deleted, believed, "{shown}");
    }
}

/// Contract 3: whoever cannot be told from the one whom we log in as is left alone.
#[tokio::test]
async fn who_may_be_ourselves_is_not_locked_out() {
    let id = Id::new("1500");
    let change = UserChange { first_name: Some("X"), ..UserChange::default() };
    let user = |more: (&str, &str)| json!({"id": "1500", "status": "Active", "firstName": "A", more.0: more.1});
    let mut named = Vec::new();
    for name in ["userId", "loginId", "userName", "username"] {
        let of = |login: &str| {
            let mut user = user((name, login));
            user["email"] = json!(EMAIL);
            user
        };
        named.push((of("Operator"), "operator", false, false));
        named.push((of("ada"), "operator", true, true));
    }
    let others = [
        (user(("email", "")), "operator@adeptia.example", false, false),
        (user(("userId", "ada")), "operator", false, false),
        (user(("email", EMAIL)), "operator", true, false),
        (user(("email", EMAIL)), "operator@adeptia.example", true, true),
    ];
    for (user, username, changed, switched) in named.into_iter().chain(others) {
        let (server, client) = made_up(user.clone(), 200, username).await;
        assert_eq!(client.change_user(&id, &change).await.is_ok(), changed, "{user} {username}");
        client.switch_user(&id, true).await.err();
        let before = written(&server).len();
        let faults = [client.switch_user(&id, false).await.err(), client.delete_user(&id).await.err()];
        assert_eq!(written(&server).len() > before, switched, "{user} {username}");
        for fault in faults.into_iter().flatten().filter(|_| !switched) {
            assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::NotSent), "{fault}");
            assert!(!changed || fault.detail.contains("e-mail address that Provost logs in with"), "{fault}");
        }
    }
}

#[tokio::test]
async fn a_list_that_does_not_show_who_they_are_is_doubted() {
    for (user, doubted) in [(json!({"id": "1500"}), true), (json!({"id": "1500", "email": EMAIL}), false)] {
        let (_server, client) = made_up(user, 200, "operator@adeptia.example").await;
        let (_, doubt) = listing(&client).await;
        assert_eq!(doubt.is_some_and(|doubt| doubt.contains("not who they are")), doubted);
    }
}
