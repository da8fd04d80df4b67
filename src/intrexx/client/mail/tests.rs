//! Tests of the calls of mail services, over real HTTP against the simulator.

use jiff::SignedDuration;

use super::*;
use crate::base::fault::{Class, Delivery};
use crate::http::fuzz::fuzz_decoder;
use crate::intrexx::client::tests::start;
use crate::intrexx::sim::options::answers::{CreatedBody, GuidStyle, ListStyle, Locations, Passwords};
use crate::sim::trouble::{Act, Order};

const PASSWORD: &str = "planted-mail-secret";

fn fields(more: Json) -> Map<String, Json> {
    let mut fields = json!({"type": "SMTP", "host": "smtp.example.com", "encryption": "STARTTLS"});
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fields.as_object().unwrap().clone()
}

async fn made(client: &Client, name: &str) -> Address {
    let password = Secret::new(PASSWORD);
    let id = client.create_mail_service("sales", name, &fields(json!({})), Some(&password)).await.unwrap();
    Address::new("sales", id)
}

async fn now(client: &Client) -> Vec<MailService> {
    client.mail_services("sales", Instant::now(), |services| services.0.clone()).await.unwrap()
}

#[tokio::test]
async fn a_service_lives_its_life_whatever_the_answers_look_like() {
    let cases: [fn(&mut crate::intrexx::sim::Options); 6] = [
        |_| {},
        |options| options.answers.passwords = Passwords::Stars,
        |options| (options.answers.created_body, options.answers.locations) = (CreatedBody::Empty, Locations::Users),
        |options| (options.answers.write_status, options.answers.created_status) = (204, 200),
        |options| options.answers.list_style = ListStyle::Wrapped,
        |options| (options.answers.guid_style, options.answers.extra_fields) = (GuidStyle::Lower, true),
    ];
    for change in cases {
        let (simulator, client) = start(change).await;
        let address = made(&client, "outgoing").await;
        let [service] = now(&client).await.try_into().unwrap();
        assert_eq!(
            (service.field("host"), service.field("port")),
            (Some(&json!("smtp.example.com")), Some(&json!(587)))
        );
        assert_eq!(service.field("password"), None);
        client.change_mail_service(&address, &fields(json!({"port": 2525})), None).await.unwrap();
        assert_eq!(now(&client).await[0].field("port"), Some(&json!(2525)));
        let stored = || simulator.portal("sales").unwrap().mail[0].password.clone();
        assert_eq!(stored().as_deref(), Some(PASSWORD), "absent keeps it");
        client.change_mail_service(&address, &Map::new(), Some(&Secret::new("next"))).await.unwrap();
        assert_eq!(stored().as_deref(), Some("next"));
        assert!(client.mail_status(&address).await.unwrap().is("STOPPED"));
        client.set_mail_status(&address, true).await.unwrap();
        assert!(client.known_mail_status(&address).is_some_and(|status| status.is("RUNNING")));
    }
}

#[tokio::test]
async fn a_name_that_is_taken_is_told_whatever_the_status() {
    for status in [409, 422, 400] {
        let (_simulator, client) = start(|options| options.answers.taken_status = status).await;
        made(&client, "outgoing").await;
        let fault = client.create_mail_service("sales", "outgoing", &fields(json!({})), None).await.unwrap_err();
        assert_eq!((fault.class, fault.delivery), (Class::Taken, Delivery::Answered), "{status}");
        let odd = fields(json!({"encryption": "QUANTUM"}));
        let fault = client.create_mail_service("sales", "other", &odd, None).await.unwrap_err();
        assert_eq!(fault.class, Class::Refused);
    }
}

/// No list tells how a service is: that is asked once of each that somebody needs, and then of one in turn with each list.
#[tokio::test]
async fn statuses_cost_no_call_for_each_service() {
    let (simulator, client) = start(|_| {}).await;
    let mut addresses = Vec::new();
    for name in ["a", "b", "c", "unknown"] {
        addresses.push(made(&client, name).await);
    }
    for address in &addresses[..3] {
        client.mail_status(address).await.unwrap();
    }
    let before = simulator.journal().count("get_mail_status");
    for turn in 1..=6 {
        now(&client).await;
        assert_eq!(simulator.journal().count("get_mail_status") - before, turn);
    }
    assert_eq!(client.known_mail_status(&addresses[3]), None);
    // What happens there is seen after as many lists as there are services.
    simulator.edit_portal("sales", |portal| portal.mail_service("b").unwrap().running = true).unwrap();
    for _ in 0..3 {
        now(&client).await;
    }
    assert!(client.known_mail_status(&addresses[1]).is_some_and(|status| status.is("RUNNING")));
}

#[tokio::test]
async fn a_start_takes_its_time_and_may_go_wrong() {
    let (simulator, client) = start(|options| options.server.mail_transition_seconds = 60).await;
    let address = made(&client, "outgoing").await;
    client.set_mail_status(&address, true).await.unwrap();
    let status = client.mail_status(&address).await.unwrap();
    assert!(status.is("STARTING") && status.is_passing());
    let broken = "<b>auth failed</b>".to_owned();
    simulator.edit_portal("sales", |portal| portal.mail_service("outgoing").unwrap().error = Some(broken)).unwrap();
    simulator.advance(SignedDuration::from_secs(61));
    let status = client.mail_status(&address).await.unwrap();
    assert_eq!((status.is("ERROR"), status.message.as_deref()), (true, Some("auth failed")));
}

/// A standard service takes that from another one, which the shared copy must not deny.
#[tokio::test]
async fn a_new_standard_service_is_seen_in_the_former_one() {
    let (_simulator, client) = start(|_| {}).await;
    let standard = fields(json!({"default": true}));
    client.create_mail_service("sales", "a", &standard, None).await.unwrap();
    let address = made(&client, "b").await;
    now(&client).await;
    let only = json!({"default": true}).as_object().unwrap().clone();
    client.change_mail_service(&address, &only, None).await.unwrap();
    let long_ago = Instant::now() - std::time::Duration::from_secs(60);
    let services = client.mail_services("sales", long_ago, |services| services.0.clone()).await.unwrap();
    let defaults: Vec<_> = services.iter().map(|service| service.field("default").cloned()).collect();
    assert_eq!(defaults, [Some(json!(false)), Some(json!(true))]);
}

/// Trap 35.
#[tokio::test]
async fn a_change_is_waited_for_until_it_shows() {
    let (simulator, client) = start(|_| {}).await;
    let address = made(&client, "outgoing").await;
    now(&client).await;
    simulator.reconfigure(|options| options.server.read_lag_ms = 700);
    client.change_mail_service(&address, &fields(json!({"port": 2525})), None).await.unwrap();
    assert_eq!(now(&client).await[0].field("port"), Some(&json!(2525)));
    assert!(simulator.journal().count("get_mail_service") > 1);
}

#[tokio::test]
async fn only_a_portal_that_answers_can_say_that_a_service_is_gone() {
    let (simulator, client) = start(|_| {}).await;
    let address = made(&client, "outgoing").await;
    simulator.edit_portal("sales", |portal| portal.mail.clear()).unwrap();
    for fault in [
        client.mail_status(&address).await.unwrap_err(),
        client.set_mail_status(&address, true).await.unwrap_err(),
        client.change_mail_service(&address, &fields(json!({})), None).await.unwrap_err(),
    ] {
        assert_eq!(fault.class, Class::Missing, "{fault}");
    }
    assert_eq!(now(&client).await, []);
    simulator.edit_portal("sales", |portal| portal.known = false).unwrap();
    for fault in [
        client.mail_status(&address).await.unwrap_err(),
        client.set_mail_status(&address, false).await.unwrap_err(),
        client.mail_services("sales", Instant::now(), |_| ()).await.unwrap_err(),
    ] {
        assert_eq!(fault.class, Class::Transient, "{fault}");
    }
    simulator.remove_portal("sales").unwrap();
    let fault = client.mail_services("sales", Instant::now(), |_| ()).await.unwrap_err();
    assert_eq!(fault.class, Class::Missing);
}

#[tokio::test]
async fn a_password_is_in_no_fault() {
    let (simulator, client) = start(|_| {}).await;
    let (password, address) = (Secret::new(PASSWORD), made(&client, "outgoing").await);
    for operation in ["create_mail_service", "change_mail_service"] {
        simulator.trouble().place(Order::next_of(operation, Act::answer(500)));
    }
    let made = client.create_mail_service("sales", "b", &fields(json!({})), Some(&password)).await.unwrap_err();
    let odd = json!({"host": PASSWORD, "encryption": PASSWORD}).as_object().unwrap().clone();
    let refused = client.create_mail_service("sales", "b", &odd, Some(&password)).await.unwrap_err();
    let changed = client.change_mail_service(&address, &odd, Some(&password)).await.unwrap_err();
    assert_eq!((made.delivery, changed.delivery), (Delivery::Unknown, Delivery::Unknown));
    assert!(!format!("{made} {made:?} {refused:?} {changed:?}").contains(PASSWORD));
}

fn services(answer: &Answer) -> Result<Vec<(String, String, Option<Json>)>, Fault> {
    let services: Vec<MailService> = read_list(answer)?;
    Ok(services
        .into_iter()
        .map(|service| (service.id.clone(), service.name.clone(), service.field("port").cloned()))
        .collect())
}

fuzz_decoder!(
    list_mail_services,
    services,
    [
        r#"[{"id": "3F2504E04F8911D39A0C0305E82C3301AABBCCDD", "name": "outgoing", "type": "SMTP", "host": "smtp.example.com", "port": 587,
            "password": "***", "default": false, "active": true, "description": null}]"#,
        r#"{"mail_services": [{"id": 7, "name": "incoming"}]}"#,
    ]
);
fuzz_decoder!(
    get_mail_status,
    read_status,
    [
        r#"{"status": "ERROR", "message": "no route to host", "since": "2026-01-01T00:00:00Z"}"#,
        r#"{"status": "RUNNING"}"#
    ]
);
