//! Tests of a portal's configuration over real HTTP; the trap numbers are those of the contract's section 4.

use serde_json::{Value as Json, json};

use super::*;
use crate::intrexx::client::tests::start;
use crate::intrexx::sim::Options;
use crate::intrexx::sim::options::answers::UnsetKey;
use crate::intrexx::sim::options::behaviour::UnknownKeys;

fn values(json: Json) -> Values {
    json.as_object().unwrap().clone()
}

/// Every part is read and written, by the verbs of the contract, whatever a write answers with.
#[tokio::test]
async fn each_part_is_read_as_it_was_written() {
    let parts = [
        (WEBSERVER, json!({"base_url": "https://sales.example.com"})),
        (SETTINGS, json!({"session_timeout_sek": 7, "workflow_event_on_login": true})),
        (REPORTS, json!({"engine": "birt", "configuration": {"url": "http://reports"}})),
        (EXPORT, json!({"template_name": "nightly", "schedule": [{"cron": "0 0 2 ? * *", "active": true}]})),
        (STANDBY, json!({"standby": true})),
        (SCHEDULER, json!({"thread_count": 3})),
    ];
    for status in [200, 204] {
        let (simulator, client) = start(|options| {
            (options.answers.write_status, options.behaviour.unknown_keys) = (status, UnknownKeys::Refuse);
        })
        .await;
        for (section, sent) in &parts {
            client.set_section("sales", *section, &values(sent.clone())).await.unwrap();
            let read = client.section("sales", *section).await.unwrap();
            for (key, value) in sent.as_object().unwrap() {
                assert!(crate::intrexx::open::alike(value, &read[key]), "{key}: {read:?}");
            }
        }
        let writes = simulator.journal().writes().into_iter().filter(|entry| entry.operation != "license_admin_api");
        let verbs: Vec<String> = writes.map(|entry| entry.method).collect();
        assert_eq!(verbs, ["PUT", "PATCH", "PATCH", "PATCH", "PUT", "PATCH"]);
    }
}

#[tokio::test]
async fn the_mobile_key_is_set_and_deleted_in_every_form() {
    for unset in [UnsetKey::Null, UnsetKey::Blank, UnsetKey::Absent, UnsetKey::NotFound] {
        let (_simulator, client) = start(|options| options.answers.unset_mobile_key = unset).await;
        let unset = |key: Result<MobileKey, Fault>| match key {
            Ok(key) => matches!(key, MobileKey::Unset),
            Err(fault) => fault.class == Class::Missing,
        };
        assert!(unset(client.mobile_key("sales").await));
        client.delete_mobile_key("sales").await.unwrap();
        client.set_mobile_key("sales", &Secret::new("mobile-0001")).await.unwrap();
        let shown = client.mobile_key("sales").await.ok().unwrap();
        assert!(matches!(shown, MobileKey::Set(key) if key.expose() == "mobile-0001"));
        client.delete_mobile_key("sales").await.unwrap();
        assert!(unset(client.mobile_key("sales").await));
    }
}

/// Trap 3: a write to a portal that the Administration API does not know is no word about the portal.
#[tokio::test]
async fn a_write_to_an_unknown_portal_may_work_later() {
    let (simulator, client) = start(|_| ()).await;
    simulator.edit_portal("sales", |portal| portal.known = false).unwrap();
    let fault = client.set_section("sales", STANDBY, &values(json!({"standby": true}))).await.unwrap_err();
    assert_eq!(fault.class, Class::Transient, "{fault}");
    let fault = client.delete_mobile_key("sales").await.unwrap_err();
    assert_eq!(fault.class, Class::Transient, "{fault}");
}

#[tokio::test]
async fn a_key_is_not_repeated() {
    let refused: fn(&mut Options) = |options| options.behaviour.unknown_keys = UnknownKeys::Refuse;
    let (simulator, client) = start(refused).await;
    client.set_mobile_key("sales", &Secret::new("planted-mobile-key")).await.unwrap();
    let journal = serde_json::to_string(&simulator.journal().all()).unwrap();
    assert!(!journal.contains("planted") && journal.contains("change_mobile_key"));
}

/// Trap 35: a change is done once the portal shows it, which one of several nodes does a little later.
#[tokio::test]
async fn a_change_is_over_when_it_is_shown() {
    let (_simulator, client) = start(|options| options.server.read_lag_ms = 700).await;
    client.set_section("sales", SETTINGS, &values(json!({"session_timeout_sek": 7}))).await.unwrap();
    assert_eq!(client.section("sales", SETTINGS).await.unwrap()["session_timeout_sek"], 7);
    client.set_mobile_key("sales", &Secret::new("mobile-0002")).await.unwrap();
    assert!(matches!(client.mobile_key("sales").await.unwrap(), MobileKey::Set(key) if key.expose() == "mobile-0002"));
}
