//! Tests of the calls about templates, over real HTTP against the simulator.

use super::*;
use crate::base::fault::Delivery;
use crate::intrexx::client::tests::start;
use crate::intrexx::sim::options::answers::{CreatedBody, ListStyle};
use crate::intrexx::sim::{Options, Simulator};
use crate::sim::simulated::Simulated;
use crate::sim::trouble::{Act, Order};

/// A zip file without entries.
pub(crate) const ZIP: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

fn zip() -> Source {
    Source::bytes(ZIP)
}

async fn names(client: &Client) -> Vec<String> {
    let own = |template: &&Template| template.template_type.as_deref() == Some("OWN");
    let names = |all: &Templates| all.0.iter().filter(own).map(|template| template.name.clone()).collect();
    client.templates(Instant::now(), names).await.unwrap()
}

fn uploaded(simulator: &Simulator) -> Vec<String> {
    simulator.externals().into_iter().filter(|known| known.kind == "PortalTemplate").map(|known| known.key).collect()
}

/// Trap 10 with a body that is streamed: the redirected upload is sent again whole.
#[tokio::test]
async fn an_upload_arrives_and_is_listed() {
    let changes: [fn(&mut Options); 4] = [
        |_| {},
        |options| options.server.redirect = Some("/v2".to_owned()),
        |options| {
            options.server.base_path = "/irma".to_owned();
            options.answers.list_style = ListStyle::Wrapped;
        },
        |options| {
            options.answers.created_status = 200;
            options.answers.created_body = CreatedBody::Empty;
        },
    ];
    for change in changes {
        let (simulator, client) = start(change).await;
        assert!(names(&client).await.is_empty());
        client.upload_template("blank-2026", &zip()).await.unwrap();
        assert_eq!(
            (names(&client).await, uploaded(&simulator)),
            (vec!["blank-2026".into()], vec!["blank-2026".into()])
        );
        let path = |all: &Templates| all.by_name("blank-2026").unwrap().path.clone();
        let path = client.templates(Instant::now(), path).await.unwrap();
        assert_eq!(path.as_deref(), Some("/opt/intrexx/orgtempl/blank-2026/"));
    }
}

/// Whatever status says so.
#[tokio::test]
async fn a_name_that_is_taken_is_told() {
    for status in [409, 422, 400] {
        let (_simulator, client) = start(|options| options.answers.taken_status = status).await;
        client.upload_template("blank-2026", &zip()).await.unwrap();
        let fault = client.upload_template("blank-2026", &zip()).await.unwrap_err();
        assert_eq!((fault.class, fault.delivery), (Class::Taken, Delivery::Answered), "{status}: {fault}");
    }
}

/// Trap 1: the vendor's containers have no templates, however they say so, and one probe is enough for all who ask.
#[tokio::test]
async fn containers_do_not_offer_templates() {
    for status in [404, 405, 500, 501, 503] {
        let (simulator, client) = start(|options| options.server.containers = Some(status)).await;
        let now = Instant::now();
        let calls = || simulator.journal().count("list_templates");
        let first = client.templates(now, |_| ()).await.unwrap_err();
        assert_eq!(first.class, Class::Unsupported, "{status}: {first}");
        assert!(first.detail.contains("classic installation"), "{first}");
        let probes = calls();
        assert_eq!((client.templates(now, |_| ()).await.unwrap_err(), calls()), (first, probes));
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_not_taken_for_a_container() {
    let (simulator, client) = start(|_| {}).await;
    simulator.trouble().place(Order::next_of("list_templates", Act::answer(503)));
    let fault = client.templates(Instant::now(), |_| ()).await.unwrap_err();
    assert_eq!(fault.class, Class::Transient, "{fault}");
    assert!(names(&client).await.is_empty());
}

#[tokio::test]
async fn what_the_server_does_not_take_says_what_to_do() {
    let (simulator, client) = start(|options| options.server.upload_limit = 400).await;
    let large = Source::bytes([ZIP, &[0; 500]].concat());
    for (content, word) in [(large, "an upload of 522 bytes is too large"), (Source::bytes("text"), "the zip file")] {
        let fault = client.upload_template("blank-2026", &content).await.unwrap_err();
        assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::Answered), "{fault}");
        assert!(fault.detail.contains(word), "{fault}");
    }
    assert!(uploaded(&simulator).is_empty());
    let (_containers, client) = start(|options| options.server.containers = Some(405)).await;
    assert_eq!(client.upload_template("blank-2026", &zip()).await.unwrap_err().class, Class::Unsupported);
}

#[tokio::test]
async fn an_upload_whose_answer_is_lost_is_seen_by_the_next_look() {
    let (simulator, client) = start(|_| {}).await;
    let before = Instant::now();
    assert!(names(&client).await.is_empty());
    simulator.trouble().place(Order::next_of("upload_template", Act::LoseAnswer));
    let fault = client.upload_template("blank-2026", &zip()).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Transient, Delivery::Unknown));
    assert!(client.templates(before, |all| all.by_name("blank-2026").is_some()).await.unwrap());
}

#[test]
fn a_template_without_a_name_makes_no_list() {
    let answer = Answer::made_up(crate::http::Intent::Read, 200, r#"[{"name": "a"}, {"display_name": "B"}]"#);
    let Err(fault) = read_templates(&answer) else { panic!("not whole") };
    assert_eq!(fault.class, Class::Broken);
}
