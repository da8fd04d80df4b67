//! Templates: uploaded once, from wherever, and never again.

use kube::api::DynamicObject;
use provost::engine::file::digest_of;
use provost::intrexx::sim::Simulator;
use provost::sim::simulated::Simulated;
use provost::sim::trouble::{Act, Order};
use serde_json::{Value as Json, json};

use super::files::{at, serve, stored, zip};
use super::{example, seeded};
use crate::objects::{Objects, annotation, assert_kstatus, is, message};
use crate::stage::Stage;
use crate::testbed::scene::{EXTERNAL_ID, PENDING_CREATE};

const KIND: &str = "PortalTemplate";

fn template(name: &str, source: Json) -> Json {
    example(KIND, name, json!({"templateName": name, "source": source}))
}

async fn stage() -> (Stage<Simulator>, Objects) {
    let stage = Stage::intrexx(seeded(), &[KIND]).await;
    let templates = stage.objects(KIND);
    (stage, templates)
}

/// The names and sizes of the templates that were uploaded.
fn uploaded(stage: &Stage<Simulator>) -> Vec<(String, Json)> {
    let externals = stage.vendor.externals().into_iter().filter(|external| external.kind == KIND);
    externals.map(|external| (external.key, external.values["size"].clone())).collect()
}

fn uploads(stage: &Stage<Simulator>) -> u64 {
    stage.vendor.journal().count("upload_template")
}

#[tokio::test]
async fn a_template_comes_from_a_config_map_a_secret_or_a_url() {
    let (stage, templates) = stage().await;
    let content = zip("of three");
    for kind in ["ConfigMap", "Secret"] {
        stage.apply(&stored(kind, "files", &content)).await;
    }
    let url = format!("{}/own.zip?signature=planted", serve(content.clone()).await);
    let key = json!({"name": "files", "key": "zip"});
    for (name, source) in [
        ("by-map", json!({"configMapRef": key})),
        ("by-secret", json!({"secretRef": key})),
        ("by-url", at(&url, &content)),
    ] {
        stage.apply(&template(name, source)).await;
        let object = templates.ready(name).await;
        assert_kstatus(&object);
        assert_eq!(annotation(&object, EXTERNAL_ID), Some(name));
        let observed = &object.data["status"]["observed"];
        assert_eq!(observed["path"], format!("/opt/intrexx/orgtempl/{name}/"));
        assert_eq!((&observed["type"], &observed["displayName"]), (&json!("OWN"), &json!(name)));
        assert!(!object.data["status"].to_string().contains("planted"));
    }
    let size = json!(content.len());
    assert_eq!(uploaded(&stage), ["by-map", "by-secret", "by-url"].map(|name| (name.to_owned(), size.clone())));
    templates.delete("by-url").await;
    templates.gone("by-url").await;
    assert_eq!(uploaded(&stage).len(), 3);
}

#[tokio::test]
async fn a_file_with_another_digest_is_not_uploaded() {
    let (stage, templates) = stage().await;
    let (content, other) = (zip("right"), zip("wrong"));
    let url = format!("{}/own.zip?signature=planted", serve(content.clone()).await);
    stage.apply(&template("own", at(&url, &other))).await;
    let object = templates.unready("own", "Refused").await;
    assert_kstatus(&object);
    let said = message(&object, "Ready");
    assert!(said.contains(&digest_of(&content)) && said.contains(&digest_of(&other)), "{said}");
    assert!(!object.data["status"].to_string().contains("planted"), "{:#}", object.data["status"]);
    assert_eq!((annotation(&object, PENDING_CREATE), uploads(&stage)), (None, 0));
    templates.edit("own", json!({"source": at(&url, &content)})).await;
    templates.ready("own").await;
    assert_eq!(uploads(&stage), 1);
}

#[tokio::test]
async fn a_changed_source_is_told_and_not_uploaded() {
    let (stage, templates) = stage().await;
    stage.apply(&stored("ConfigMap", "files", &zip("old"))).await;
    stage.apply(&template("own", json!({"configMapRef": {"name": "files", "key": "zip"}}))).await;
    templates.ready("own").await;
    stage.apply(&stored("ConfigMap", "files", &zip("new"))).await;
    let told = |object: &DynamicObject| is(object, "Synced", "True", "CreateOnlyChanged");
    let object = templates.until("own", told).await;
    assert_kstatus(&object);
    assert!(message(&object, "Synced").contains("source changed"), "{}", message(&object, "Synced"));
    assert_eq!(uploads(&stage), 1);
}

#[tokio::test]
async fn a_template_of_the_product_is_somebody_elses() {
    let (stage, templates) = stage().await;
    stage.apply(&stored("ConfigMap", "files", &zip(""))).await;
    stage.apply(&template("blank", json!({"configMapRef": {"name": "files", "key": "zip"}}))).await;
    let object = templates.unready("blank", "AlreadyExists").await;
    assert_kstatus(&object);
    assert_eq!((annotation(&object, EXTERNAL_ID), uploads(&stage)), (None, 0));
}

/// Trap 1.
#[tokio::test]
async fn containers_have_no_templates() {
    for status in [404, 503] {
        let mut options = seeded();
        options.server.containers = Some(status);
        let stage = Stage::intrexx(options, &[KIND]).await;
        let templates = stage.objects(KIND);
        stage.apply(&stored("ConfigMap", "files", &zip(""))).await;
        stage.apply(&template("own", json!({"configMapRef": {"name": "files", "key": "zip"}}))).await;
        let object = templates.unready("own", "Unsupported").await;
        assert_kstatus(&object);
        assert!(message(&object, "Ready").contains("classic installation"), "{}", message(&object, "Ready"));
        assert_eq!(uploads(&stage), 0);
        templates.delete("own").await;
        templates.gone("own").await;
    }
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_template() {
    let (stage, templates) = stage().await;
    stage.vendor.trouble().place(Order::next_of("upload_template", Act::LoseAnswer));
    stage.apply(&stored("ConfigMap", "files", &zip(""))).await;
    stage.apply(&template("own", json!({"configMapRef": {"name": "files", "key": "zip"}}))).await;
    let object = templates.ready("own").await;
    assert_eq!((annotation(&object, PENDING_CREATE), uploaded(&stage).len(), uploads(&stage)), (None, 1, 1));
}

#[tokio::test]
async fn an_upload_that_is_too_large_says_what_to_do() {
    let mut options = seeded();
    options.server.upload_limit = 100;
    let stage = Stage::intrexx(options, &[KIND]).await;
    stage.apply(&stored("ConfigMap", "files", &zip(""))).await;
    stage.apply(&template("own", json!({"configMapRef": {"name": "files", "key": "zip"}}))).await;
    let object = stage.objects(KIND).unready("own", "Refused").await;
    assert!(message(&object, "Ready").contains("too large for the server"), "{}", message(&object, "Ready"));
    assert_eq!(annotation(&object, PENDING_CREATE), None);
}
