//! Renewal: an object has the credentials of its own AdminApi renewed, which makes the old ones worthless. Nobody is locked out unless the
//! answer is lost, and then everybody is told what to do.

use k8s_openapi::api::core::v1::Secret;
use provost::engine::admin_api::AdminApi;
use provost::sim::simulated::Simulated;
use provost::sim::trouble::{Act, Order};
use serde_json::{Value as Json, json};

use crate::objects::{Objects, assert_kstatus, is, message};
use crate::stage::{API, CREDENTIALS, Stage};
use crate::tap;
use crate::workshop::sim::{Options, Simulator};

fn sign(name: &str, request: &str) -> Json {
    json!({
        "apiVersion": "provost.dev/v1alpha1", "kind": "Sign", "metadata": {"name": name},
        "spec": {"adminApi": {"name": API}, "place": name, "rotation": {"request": request}},
    })
}

async fn workshop() -> (Stage<Simulator>, Objects) {
    let stage = Stage::workshop(Options::default()).await;
    let signs = stage.objects("Sign");
    stage.api_ready().await;
    (stage, signs)
}

fn rotated(stage: &Stage<Simulator>, request: &str) -> u64 {
    stage.vendor.deeds("door", &format!("door/{request}"))
}

/// Whether the Secret has what the vendor takes.
async fn is_stored(stage: &Stage<Simulator>) -> bool {
    stage.secret(CREDENTIALS).await.unwrap()["token"] == stage.credentials()["token"]
}

#[tokio::test]
async fn the_new_token_is_in_the_secret_and_in_use_and_nowhere_else() {
    let (mut stage, signs) = workshop().await;
    let before = stage.credentials();
    stage.apply(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": CREDENTIALS}, "stringData": {"token": before["token"], "kept": "as it is"}})).await;
    stage.apply(&sign("door", "1")).await;
    let object = signs.ready("door").await;
    assert_kstatus(&object);
    let after = stage.credentials();
    assert_ne!(before, after);
    assert_eq!(stage.secret(CREDENTIALS).await.unwrap(), json!({"token": after["token"], "kept": "as it is"}));
    assert_eq!((rotated(&stage, "1"), &object.data["status"]["begun"]), (1, &Json::Null));
    // Once for each value, whoever looks and restarts.
    signs.looked_at("door").await;
    stage.restart_operator().await;
    signs.looked_at("door").await;
    assert_eq!(rotated(&stage, "1"), 1);
    signs.edit("door", json!({"rotation": {"request": "2"}})).await;
    signs.ready("door").await;
    assert_eq!((rotated(&stage, "1"), rotated(&stage, "2")), (1, 1));
    assert!(is_stored(&stage).await);

    let token = stage.credentials()["token"].as_str().unwrap().to_owned();
    let told = |call: &&tap::Call| !call.path.contains("/secrets/") && call.says(&token);
    assert_eq!(stage.tap.calls_since(0).iter().filter(told).count(), 0, "the token stands elsewhere");
    assert!(!crate::log::text().contains(&token), "the token is in the log");
    assert!(!stage.metrics().await.contains(&token));
}

#[tokio::test]
async fn the_destination_is_tried_before_the_vendor_is_asked() {
    let (stage, signs) = workshop().await;
    let asked = |stage: &Stage<Simulator>| rotated(stage, "1");
    // It cannot be written.
    stage.patch::<Secret>(CREDENTIALS, json!({"immutable": true})).await;
    stage.apply(&sign("door", "1")).await;
    let object = signs.unready("door", "SecretNotWritable").await;
    assert!(message(&object, "Ready").contains(CREDENTIALS), "{}", message(&object, "Ready"));
    assert!(message(&object, "Ready").contains("spec.rotation.request"), "{}", message(&object, "Ready"));
    assert_eq!((asked(&stage), &object.data["status"]["begun"]), (0, &Json::Null));
    // Somebody else keeps it.
    stage.delete::<Secret>(CREDENTIALS).await;
    let owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "vault", "uid": "0-0", "controller": true});
    let metadata = json!({"name": CREDENTIALS, "ownerReferences": [owner]});
    let credentials = stage.credentials();
    let kept = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": credentials});
    stage.apply(&kept).await;
    stage.looked_at::<AdminApi>(API).await;
    signs.annotate("door", "provost.dev/reconcile-at", Some("now")).await;
    let object = signs.unready("door", "SecretNotOurs").await;
    assert!(message(&object, "Ready").contains("ConfigMap vault"), "{}", message(&object, "Ready"));
    assert_eq!(asked(&stage), 0);
    // Or a tool puts back what it has in Git.
    let tracked = json!({"argocd.argoproj.io/tracking-id": "shop:/Secret:team/vendor"});
    stage.patch::<Secret>(CREDENTIALS, json!({"metadata": {"ownerReferences": null, "annotations": tracked}})).await;
    signs.annotate("door", "provost.dev/reconcile-at", Some("then")).await;
    signs.until("door", |object| message(object, "Ready").contains("the Argo CD application shop")).await;
    assert_eq!(asked(&stage), 0);
    let untracked = json!({"argocd.argoproj.io/tracking-id": null});
    stage.patch::<Secret>(CREDENTIALS, json!({"metadata": {"annotations": untracked}})).await;
    signs.looked_at("door").await;
    signs.ready("door").await;
    assert_eq!(asked(&stage), 1);
}

#[tokio::test]
async fn a_secret_that_is_not_written_is_tried_until_it_is() {
    let (stage, signs) = workshop().await;
    let writes =
        |call: &tap::Call| call.method == "PATCH" && call.path.contains("/secrets/") && !call.says("provost.trial");
    stage.tap.times(6, tap::Act::Refuse(500), writes);
    stage.apply(&sign("door", "1")).await;
    let waits = signs.unready("door", "RenewalUnfinished").await;
    let (message, token) = (message(&waits, "Ready"), stage.credentials()["token"].as_str().unwrap().to_owned());
    assert!(message.contains("this process alone knows") && message.contains(CREDENTIALS), "{message}");
    assert!(!message.contains(&token));
    signs.ready("door").await;
    assert!(is_stored(&stage).await);
    assert_eq!(rotated(&stage, "1"), 1);
}

#[tokio::test]
async fn a_process_that_is_told_to_stop_writes_it_first() {
    let (mut stage, signs) = workshop().await;
    let writes =
        |call: &tap::Call| call.method == "PATCH" && call.path.contains("/secrets/") && !call.says("provost.trial");
    stage.tap.times(3, tap::Act::Refuse(500), writes);
    stage.apply(&sign("door", "1")).await;
    stage.tap.wait_for(move |call| writes(call)).await;
    stage.stop_operator().await;
    assert!(is_stored(&stage).await);
    stage.start_operator().await;
    signs.ready("door").await;
    assert_eq!(rotated(&stage, "1"), 1);
}

#[tokio::test]
async fn a_lost_answer_locks_out_and_says_the_way_back_in() {
    for restarts in [false, true] {
        let (mut stage, signs) = workshop().await;
        stage.vendor.trouble().place(Order::next_of("rotate", Act::LoseAnswer));
        stage.apply(&sign("door", "1")).await;
        if restarts {
            stage.vendor.journal().wait_for(|entries| entries.iter().any(|entry| entry.operation == "rotate")).await;
            stage.kill_operator().await;
            stage.start_operator().await;
        }
        let object = signs.unready("door", "RenewalUnfinished").await;
        assert_kstatus(&object);
        let message = message(&object, "Ready");
        let secret = format!("Secret {}/{CREDENTIALS}", stage.namespace);
        for part in ["rotation.request", "ask the porter for the new token", &secret] {
            assert!(message.contains(part), "{message}");
        }
        stage.write_secret(CREDENTIALS, stage.credentials()).await;
        let object = signs.ready("door").await;
        assert_eq!((rotated(&stage, "1"), &object.data["status"]["begun"]), (1, &Json::Null));
    }
}

#[tokio::test]
async fn an_external_object_that_is_made_anew_is_no_reason_to_renew() {
    let (stage, signs) = workshop().await;
    stage.apply(&sign("door", "1")).await;
    signs.ready("door").await;
    stage.vendor.remove_sign("door");
    signs.looked_at("door").await;
    signs.ready("door").await;
    assert!(stage.vendor.sign("door").is_some());
    assert_eq!(rotated(&stage, "1"), 1);
}

#[tokio::test]
async fn a_call_that_never_left_is_made() {
    let (stage, signs) = workshop().await;
    stage.vendor.trouble().place(Order::next_of("rotate", Act::CutBefore));
    stage.apply(&sign("door", "1")).await;
    signs.ready("door").await;
    assert_eq!(rotated(&stage, "1"), 1);
    assert_eq!(stage.vendor.journal().of("rotate").len(), 2, "the first one was not carried out");
}

#[tokio::test]
async fn an_admin_api_of_another_namespace_is_not_renewed() {
    let mut stage = Stage::of(
        Simulator::start(Options::default()).await.unwrap(),
        "workshop",
        crate::workshop::tables_of(&["Sign"]),
    )
    .await;
    let owner = crate::harness::namespace(&stage.client).await;
    stage.beside = vec![owner.clone()];
    let mut api = stage.admin_api();
    api["spec"]["allowedNamespaces"] = json!({"from": "All"});
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": CREDENTIALS}, "stringData": stage.credentials(),
    });
    provost::cli::kubernetes::apply(&stage.client, &owner, &secret).await.unwrap();
    provost::cli::kubernetes::apply(&stage.client, &owner, &api).await.unwrap();
    stage.start_operator().await;
    let signs = stage.objects("Sign");
    let mut door = sign("door", "1");
    door["spec"]["adminApi"]["namespace"] = json!(owner);
    stage.apply(&door).await;
    let object = signs.unready("door", "Invalid").await;
    assert!(message(&object, "Ready").contains(&owner), "{}", message(&object, "Ready"));
    assert_eq!(rotated(&stage, "1"), 0);
}

#[tokio::test]
async fn the_others_settle_by_themselves_and_quietly() {
    let (stage, signs) = workshop().await;
    let others: Vec<String> = (0..20).map(|number| format!("window-{number}")).collect();
    for name in &others {
        let mut manifest = sign(name, "1");
        manifest["spec"].as_object_mut().unwrap().remove("rotation");
        stage.apply(&manifest).await;
    }
    for name in &others {
        signs.ready(name).await;
    }
    let mark = stage.tap.mark();
    stage.apply(&sign("door", "1")).await;
    // All of them meet the door while it changes.
    stage.annotate::<AdminApi>(API, "provost.dev/reconcile-at", Some("now")).await;
    signs.ready("door").await;
    stage.api_ready().await;
    for name in &others {
        let object = signs.looked_at(name).await;
        assert!(is(&object, "Ready", "True", "Converged"), "{name}");
    }
    let events = stage.tap.calls_since(mark);
    let warned = |call: &&tap::Call| call.is_event() && call.says("window-");
    assert_eq!(events.iter().filter(warned).count(), 0, "an Event for one that only waited");
    assert_eq!(rotated(&stage, "1"), 1);
}
