//! Tests of making and deleting portals over real HTTP; the trap numbers are those of the contract's section 4.

use jiff::SignedDuration;
use tokio::time::Instant;

use crate::base::fault::{Class, Delivery};
use crate::base::secret::Secret;
use crate::intrexx::client::tests::start;
use crate::intrexx::sim::Options;
use crate::intrexx::sim::options::answers::{CreatedBody, ErrorStyle, Locations};
use crate::intrexx::sim::options::server::CreateAnswer;
use crate::intrexx::wire::new_portal::{Demolition, NewDatabase, NewPortal, NewPortalSite};
use crate::intrexx::wire::portals::Portal;
use crate::sim::trouble::{Act, Canned, Order};

const PASSWORD: &str = "planted-database-password";

fn new_portal<'a>(path: &'a str, template: &'a str) -> NewPortal<'a> {
    let portal = NewPortalSite {
        display_name: "Human resources",
        default_language: Some("en"),
        web_server_host_name: None,
        web_default_base_url: Some("https://hr.example.com"),
        web_connector_host: None,
        web_connector_port: Some(1337),
        rest_connector_port: None,
        rest_connector_bind_address: None,
        search_configuration: None,
    };
    let database = NewDatabase {
        database_type: "postgresql",
        host: Some("db"),
        port: None,
        database_name: Some("hr"),
        user: None,
        password: Some(PASSWORD),
        create: Some(true),
        timezone: None,
        ssl: None,
        character_set: None,
        admin_user: None,
        admin_password: None,
    };
    NewPortal { template_path: template, portal_path: path, portal, database: Some(database) }
}

const HR: &str = "/opt/intrexx/org/hr";
const BLANK: &str = "/opt/intrexx/orgtempl/blank/";

/// Whatever an answer tells, the GUID is the list's, or none; and the list has the portal at once.
#[tokio::test]
async fn a_portal_is_made_whatever_the_answer_tells() {
    type Change = fn(&mut Options);
    let switches: [(Change, bool); 4] = [
        (|_| (), true),
        (|options| (options.answers.created_body, options.answers.created_status) = (CreatedBody::Empty, 200), true),
        (|options| options.answers.locations = Locations::Users, true),
        (|options| options.server.create_answer = CreateAnswer::Accepted, false),
    ];
    for (change, told) in switches {
        let (simulator, client) = start(change).await;
        client.portals(Instant::now(), |_| ()).await.unwrap();
        let before = Instant::now();
        let guid = client.create_portal("hr", &new_portal(HR, BLANK), &[Secret::new(PASSWORD)]).await.unwrap();
        let listed = client.portals(before, |portals| portals.by_name("hr").cloned()).await.unwrap().unwrap();
        assert_eq!(guid, listed.guid.filter(|_| told));
        assert_eq!(simulator.portal("hr").unwrap().display_name, "Human resources");
    }
}

/// Trap 2: nobody knows what became of it, so whoever looks next looks anew.
#[tokio::test]
async fn an_answer_that_never_comes_leaves_the_outcome_open() {
    let (_simulator, client) = start(|options| options.server.create_answer = CreateAnswer::Never).await;
    let before = Instant::now();
    client.portals(before, |_| ()).await.unwrap();
    let fault = client.create_portal("hr", &new_portal(HR, BLANK), &[]).await.unwrap_err();
    assert_eq!(fault.delivery, Delivery::Unknown);
    assert!(client.portals(before, |portals| portals.by_name("hr").is_some()).await.unwrap());
}

/// A status decides nothing here: the list says whether the name is taken, and what is told names the fields.
#[tokio::test]
async fn a_refusal_is_judged_by_the_list() {
    for status in [409, 422, 400] {
        let (simulator, client) = start(|options| {
            (options.answers.taken_status, options.answers.error_style) = (status, ErrorStyle::Empty);
        })
        .await;
        let sales = new_portal("/opt/intrexx/org/sales", BLANK);
        let fault = client.create_portal("sales", &sales, &[]).await.unwrap_err();
        assert_eq!(fault.class, Class::Taken, "{status}");
        // The port is another portal's.
        simulator.edit_portal("sales", |portal| portal.ports.insert(1337)).unwrap();
        let fault = client.create_portal("hr", &new_portal(HR, BLANK), &[]).await.unwrap_err();
        assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::Answered), "{status}");
        assert!(fault.detail.contains("ports and database must be free"), "{fault}");
    }
    let (_simulator, client) = start(|_| ()).await;
    let fault = client.create_portal("hr", &new_portal(HR, "/nowhere"), &[]).await.unwrap_err();
    assert_eq!(fault.class, Class::Refused);
    assert!(fault.detail.contains("template_path does not exist"), "{fault}");
}

/// A server that repeats what it was sent gets the password blotted out.
#[tokio::test]
async fn a_password_is_not_repeated() {
    let (simulator, client) = start(|_| ()).await;
    let location = Some(format!("/portals/{PASSWORD}"));
    let echo = Canned { status: 307, location, ..Canned::default() };
    simulator.trouble().place(Order::next_of("create_portal", Act::Answer(echo)));
    let fault = client.create_portal("hr", &new_portal(HR, BLANK), &[Secret::new(PASSWORD)]).await.unwrap_err();
    assert!(!fault.to_string().contains("planted"), "{fault}");
}

async fn listed(client: &crate::intrexx::client::Client, name: &str) -> Portal {
    client.portals(Instant::now(), |portals| portals.by_name(name).cloned()).await.unwrap().unwrap()
}

/// Trap 4: by the GUID that the list has just now, and only if that is the one which the decision was about.
#[tokio::test]
async fn a_portal_is_deleted_by_the_guid_that_was_meant() {
    let (simulator, client) = start(|_| ()).await;
    let judged = listed(&client, "sales").await;
    simulator.remove_portal("sales").unwrap();
    simulator.add_portal("sales");
    let fault = client.delete_portal(&judged, &Demolition::default()).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::NotSent));
    let lower = Portal { guid: listed(&client, "sales").await.guid.map(|guid| guid.to_lowercase()), ..judged };
    client.delete_portal(&lower, &Demolition::default()).await.unwrap();
    assert!(simulator.portal("sales").is_none());
    assert_eq!(simulator.journal().of("delete_portal")[0].body, Some(serde_json::json!({})));
    // Again: it is gone, which is as good.
    client.delete_portal(&lower, &Demolition::default()).await.unwrap();
    assert_eq!(simulator.journal().count("delete_portal"), 1);
}

#[tokio::test]
async fn a_portal_that_is_being_made_is_deleted_later() {
    let (simulator, client) = start(|options| {
        (options.server.create_answer, options.server.create_seconds) = (CreateAnswer::Accepted, 600);
    })
    .await;
    client.create_portal("hr", &new_portal(HR, BLANK), &[]).await.unwrap();
    let judged = listed(&client, "hr").await;
    assert!(judged.is_being_made());
    let fault = client.delete_portal(&judged, &Demolition::default()).await.unwrap_err();
    assert_eq!(fault.class, Class::Transient);
    simulator.advance(SignedDuration::from_secs(600));
    client.delete_portal(&judged, &Demolition::default()).await.unwrap();
}

/// Trap 1.
#[tokio::test]
async fn containers_have_nothing_to_delete_by() {
    let (simulator, client) = start(|_| ()).await;
    let judged = listed(&client, "sales").await;
    simulator.reconfigure(|options| options.server.containers = Some(405));
    let fault = client.delete_portal(&judged, &Demolition::default()).await.unwrap_err();
    assert_eq!(fault.class, Class::Unsupported);
}
