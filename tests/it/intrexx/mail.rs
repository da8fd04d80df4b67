//! MailService: what is sent and shown, whether it runs, and what is left of one.

use jiff::SignedDuration;
use provost::engine::admin_api::AdminApi;
use provost::intrexx::sim::options::answers::Passwords;
use provost::intrexx::sim::options::behaviour::NewMailService;
use provost::intrexx::sim::{MailService, Options, Simulator};
use serde_json::json;

use super::{PORTAL, seeded};
use crate::objects::{Objects, is, message};
use crate::stage::{API, Stage};

const KIND: &str = "MailService";
const SECRET: &str = "sales-mail";
const PASSWORD: &str = "mail-secret";

/// A stage, and its mail services.
async fn stage(options: Options) -> (Stage<Simulator>, Objects) {
    let stage = Stage::intrexx(options, &[KIND]).await;
    let services = stage.objects(KIND);
    (stage, services)
}

/// A stage on which the service is as its example says.
async fn with_outgoing(options: Options) -> (Stage<Simulator>, Objects) {
    let (stage, services) = stage(options).await;
    stage.given(KIND, "outgoing", json!({})).await;
    (stage, services)
}

fn services_of(stage: &Stage<Simulator>) -> Vec<MailService> {
    stage.vendor.portal(PORTAL).unwrap().mail
}

fn break_it(stage: &Stage<Simulator>, error: Option<&str>) {
    let error = error.map(str::to_owned);
    stage.vendor.edit_portal(PORTAL, |portal| portal.mail[0].error = error).unwrap();
}

#[tokio::test]
async fn the_example_is_sent_once_and_runs() {
    for new_mail_service in [NewMailService::Stopped, NewMailService::Running] {
        let mut options = seeded();
        options.behaviour.new_mail_service = new_mail_service;
        let (stage, services) = with_outgoing(options).await;
        let operations: Vec<_> = stage.vendor.journal().writes().iter().map(|entry| entry.operation).collect();
        assert_eq!(operations, ["create_mail_service", "set_mail_status"]);
        let [service] = services_of(&stage).try_into().unwrap_or_else(|_| panic!("one service"));
        assert_eq!((service.name(), service.running, service.password.as_deref()), ("outgoing", true, Some(PASSWORD)));
        assert_eq!(service.fields["encryption"], "STARTTLS");
        let object = services.ready("outgoing").await;
        assert_eq!(object.data["status"]["observed"]["status"], "RUNNING");
    }
}

#[tokio::test]
async fn a_start_is_waited_for() {
    let mut options = seeded();
    options.server.mail_transition_seconds = 3600;
    let (stage, services) = stage(options).await;
    stage.apply(&super::example(KIND, "outgoing", json!({}))).await;
    let object = services.unready("outgoing", "Starting").await;
    assert!(
        is(&object, "Reconciling", "True", "Starting") && is(&object, "Synced", "True", "Converged"),
        "{object:#?}"
    );
    assert_eq!(object.data["status"]["observed"]["status"], "STARTING");
    stage.vendor.advance(SignedDuration::from_secs(3601));
    let object = services.ready("outgoing").await;
    assert_eq!(object.data["status"]["observed"]["status"], "RUNNING");
    // And so is a stop.
    services.edit("outgoing", json!({"state": "Stopped"})).await;
    services.unready("outgoing", "Stopping").await;
    stage.vendor.advance(SignedDuration::from_secs(3601));
    services.ready("outgoing").await;
    assert_eq!(stage.vendor.journal().performed("set_mail_status"), 2);
}

#[tokio::test]
async fn a_service_that_does_not_work_is_told_with_the_vendors_words() {
    let (stage, services) = with_outgoing(seeded()).await;
    break_it(&stage, Some(&format!("authentication failed for sales with {PASSWORD:?}")));
    let object = services.looked_at("outgoing").await;
    assert!(!serde_json::to_string(&object).unwrap().contains(PASSWORD), "{object:#?}");
    assert!(
        is(&object, "Ready", "False", "ServiceError") && is(&object, "Stalled", "True", "ServiceError"),
        "{object:#?}"
    );
    assert!(
        message(&object, "Ready").contains("authentication failed for sales with \"***\""),
        "{}",
        message(&object, "Ready")
    );
    // Telling it again to run would not help.
    services.looked_at("outgoing").await;
    assert_eq!(stage.vendor.journal().performed("set_mail_status"), 1);
    break_it(&stage, None);
    services.looked_at("outgoing").await;
    services.ready("outgoing").await;
}

/// A masked password is never taken for one.
#[tokio::test]
async fn a_new_password_is_sent_once_and_alone() {
    for passwords in [Passwords::Absent, Passwords::Stars] {
        let mut options = seeded();
        options.answers.passwords = passwords;
        let (stage, services) = with_outgoing(options).await;
        services.looked_at("outgoing").await;
        assert_eq!(stage.vendor.journal().performed("change_mail_service"), 0);
        stage.write_secret(SECRET, json!({"password": "another-mail-secret"})).await;
        let call = |call: &crate::tap::Call| call.is_event() && call.body["reason"] == "Updated";
        stage.tap.wait_for(call).await;
        services.looked_at("outgoing").await;
        let [service] = services_of(&stage).try_into().unwrap_or_else(|_| panic!("one service"));
        assert_eq!(service.password.as_deref(), Some("another-mail-secret"));
        let sent: Vec<_> =
            stage.vendor_writes().into_iter().filter(|(operation, _)| *operation == "change_mail_service").collect();
        let [(_, body)] = sent.try_into().unwrap();
        assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["password"]);
    }
}

/// Trap 32: stopping is not deleting.
#[tokio::test]
async fn what_is_left_of_a_service_is_told() {
    let (stage, services) = with_outgoing(seeded()).await;
    services.delete("outgoing").await;
    services.gone("outgoing").await;
    let left = |reason: &'static str| move |call: &crate::tap::Call| call.is_event() && call.body["reason"] == reason;
    let event = stage.tap.wait_for(left("Disabled")).await;
    let note = event.body["message"].as_str().or(event.body["note"].as_str()).unwrap().to_owned();
    assert!(note.contains("stays in the portal"), "{note}");
    let [service] = services_of(&stage).try_into().unwrap_or_else(|_| panic!("one service"));
    assert!(!service.running);
    // Applied again, it is taken up and started; let go, it is left as it is.
    stage.given(KIND, "outgoing", json!({"policy": {"deletion": "Orphan"}})).await;
    assert!(services_of(&stage)[0].running);
    services.delete("outgoing").await;
    services.gone("outgoing").await;
    let event = stage.tap.wait_for(left("Orphaned")).await;
    let note = event.body["message"].as_str().or(event.body["note"].as_str()).unwrap().to_owned();
    assert!(note.contains("stays in the portal"), "{note}");
    assert!(services_of(&stage)[0].running && services_of(&stage).len() == 1);
}

#[tokio::test]
async fn a_service_whose_start_nobody_asked_for_stays_as_it_is() {
    let (stage, services) = stage(seeded()).await;
    stage.given(KIND, "outgoing", json!({"state": null})).await;
    assert!(!services_of(&stage)[0].running);
    services.delete("outgoing").await;
    services.gone("outgoing").await;
    stage.given(KIND, "outgoing", json!({"state": null})).await;
    assert!(!services_of(&stage)[0].running);
}

#[tokio::test]
async fn a_resync_asks_one_service_at_most_how_it_is() {
    let (stage, services) = with_outgoing(seeded()).await;
    for number in 1..8 {
        let name = format!("mail-{number}");
        stage.given(KIND, &name, json!({"serviceName": name})).await;
    }
    let count = |operation| stage.vendor.journal().count(operation);
    let before = (count("list_mail_services"), count("get_mail_status"));
    stage.looked_at::<AdminApi>(API).await;
    // The resync's passes go before this one, which asks for its own service.
    services.looked_at("outgoing").await;
    let after = (count("list_mail_services") - before.0, count("get_mail_status") - before.1);
    assert!(after.0 <= 2 && after.1 <= 3, "{after:?}");
}

#[tokio::test]
async fn a_portal_that_is_not_known_has_not_lost_its_services() {
    let (stage, services) = with_outgoing(seeded()).await;
    let known = |known| stage.vendor.edit_portal(PORTAL, |portal| portal.known = known).unwrap();
    known(false);
    services.annotate("outgoing", "provost.dev/reconcile-at", Some("now")).await;
    let object = services.unready("outgoing", "Unavailable").await;
    assert!(message(&object, "Ready").contains("does not know the portal sales"), "{}", message(&object, "Ready"));
    known(true);
    services.ready("outgoing").await;
    assert_eq!(stage.vendor.journal().performed("create_mail_service"), 1);
    // A service that is gone with no word of ours is told, and not made anew.
    stage.vendor.edit_portal(PORTAL, |portal| portal.mail.clear()).unwrap();
    services.looked_at("outgoing").await;
    services.unready("outgoing", "ExternalObjectGone").await;
}
