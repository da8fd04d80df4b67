//! Packages: imported once for each content; what happens when an answer is lost depends on what doing it twice would do.

use kube::api::{DynamicObject, Patch, PatchParams};
use provost::engine::admin_api::AdminApi;
use provost::engine::file::digest_of;
use provost::intrexx::sim::options::answers::ImportAnswer;
use provost::intrexx::sim::{Application, Options, Simulator};
use provost::sim::journal::Outcome;
use provost::sim::trouble::{Act, Order, Target};
use serde_json::{Value as Json, json};

use super::files::{at, serve, stored, zip};
use super::{PORTAL, example, seeded};
use crate::objects::{Objects, annotation, assert_kstatus, is, message};
use crate::stage::{API, Stage};
use crate::testbed::scene::{EXTERNAL_ID, PENDING_CREATE};

const KIND: &str = "PortalPackage";

fn by_map() -> Json {
    json!({"configMapRef": {"name": "files", "key": "zip"}})
}

/// A package in the ConfigMap `files`, with more in its spec.
fn package(fields: Json) -> Json {
    let mut spec = json!({"source": by_map(), "packageName": "holiday"});
    for (field, value) in fields.as_object().unwrap() {
        spec[field] = value.clone();
    }
    example(KIND, "holiday", spec)
}

fn copies() -> Json {
    json!({"mode": "Create", "allowDataLoss": null})
}

async fn stage_of(options: Options) -> (Stage<Simulator>, Objects) {
    let stage = Stage::intrexx(options, &[KIND]).await;
    stage.apply(&stored("ConfigMap", "files", &zip("one"))).await;
    let packages = stage.objects(KIND);
    (stage, packages)
}

async fn stage() -> (Stage<Simulator>, Objects) {
    stage_of(seeded()).await
}

fn applications(stage: &Stage<Simulator>) -> Vec<Application> {
    stage.vendor.portal(PORTAL).unwrap().applications
}

/// The calls of both kinds of import.
fn imports(stage: &Stage<Simulator>) -> (u64, u64) {
    let journal = stage.vendor.journal();
    (journal.count("import_applications"), journal.count("overwrite_applications"))
}

fn id_of(content: &[u8]) -> String {
    format!("{PORTAL}/{}", digest_of(content))
}

/// Waits until the import of this content is recorded, and all is well.
async fn imported(packages: &Objects, content: &[u8]) -> DynamicObject {
    let id = id_of(content);
    packages
        .until("holiday", move |object| {
            is(object, "Ready", "True", "Converged") && annotation(object, EXTERNAL_ID) == Some(&id)
        })
        .await
}

/// Has everything read again, and the package looked at after that.
async fn resynced(stage: &Stage<Simulator>, packages: &Objects) -> DynamicObject {
    stage.looked_at::<AdminApi>(API).await;
    packages.looked_at("holiday").await
}

#[tokio::test]
async fn a_package_is_imported_once_for_each_content() {
    for (fields, calls) in [(json!({}), [(0, 1), (0, 2), (0, 3)]), (copies(), [(1, 0), (2, 0), (3, 0)])] {
        let (mut stage, packages) = stage().await;
        stage.apply(&package(fields)).await;
        let object = imported(&packages, &zip("one")).await;
        assert_kstatus(&object);
        assert_eq!(object.data["status"]["report"]["items"][0]["name"], "holiday");
        assert!(is(&object, "Complete", "True", "Imported"));
        resynced(&stage, &packages).await;
        stage.restart_operator().await;
        resynced(&stage, &packages).await;
        assert_eq!(imports(&stage), calls[0]);

        stage.apply(&stored("ConfigMap", "files", &zip("two"))).await;
        imported(&packages, &zip("two")).await;
        assert_eq!(imports(&stage), calls[1]);
        // What was there before is another content again.
        stage.apply(&stored("ConfigMap", "files", &zip("one"))).await;
        imported(&packages, &zip("one")).await;
        assert_eq!(imports(&stage), calls[2]);
    }
}

#[tokio::test]
async fn only_another_content_is_another_run() {
    let (stage, packages) = stage().await;
    stage.apply(&package(json!({}))).await;
    imported(&packages, &zip("one")).await;
    let url = format!("{}/elsewhere.zip?signature=planted", serve(zip("one")).await);
    stage.apply(&stored("Secret", "files", &zip("one"))).await;
    let at_url = at(&url, &zip("one"));
    let by_secret = json!({"configMapRef": null, "secretRef": {"name": "files", "key": "zip"}});
    let by_url = json!({"configMapRef": null, "secretRef": null, "url": at_url["url"], "sha256": at_url["sha256"]});
    for edit in [json!({"mode": "Create"}), json!({"source": by_secret}), json!({"source": by_url})] {
        packages.edit("holiday", edit).await;
        packages.ready("holiday").await;
    }
    assert_eq!(imports(&stage), (0, 1));
    let (next, said) = (zip("two"), packages.ready("holiday").await);
    assert!(!said.data["status"].to_string().contains("planted"));
    let url = format!("{}/elsewhere.zip?signature=planted", serve(next.clone()).await);
    packages.edit("holiday", json!({"source": at(&url, &next)})).await;
    let object = imported(&packages, &next).await;
    assert_eq!(imports(&stage), (1, 1));
    assert!(!object.data["status"].to_string().contains("planted"));
}

/// Trap 20: what an overwriting import deletes is gone for good.
#[tokio::test]
async fn overwriting_needs_leave() {
    let (stage, packages) = stage().await;
    for fields in
        [json!({"allowDataLoss": null}), json!({"allowDataLoss": false}), json!({"mode": null, "allowDataLoss": null})]
    {
        let manifest = package(fields);
        let apply = PatchParams::apply("person");
        let refusal = packages.api.patch("holiday", &apply, &Patch::Apply(&manifest)).await.unwrap_err().to_string();
        assert!(refusal.contains("export the portal first"), "{refusal}");
    }
    stage.apply(&package(json!({"mode": null}))).await;
    imported(&packages, &zip("one")).await;
    assert_eq!(imports(&stage), (0, 1));
}

/// An import as copies whose answer was lost, and that waits for somebody.
async fn parked() -> (Stage<Simulator>, Objects) {
    let (stage, packages) = stage().await;
    stage.vendor.trouble().place(Order::next_of("import_applications", Act::LoseAnswer));
    stage.apply(&package(copies())).await;
    let object = packages.unready("holiday", "CreateOutcomeUnknown").await;
    assert_kstatus(&object);
    let said = message(&object, "Ready");
    for part in ["look in the portal sales", "holiday.zip", "would make copies", EXTERNAL_ID, PENDING_CREATE] {
        assert!(said.contains(part), "{said}");
    }
    (stage, packages)
}

/// Trap 20.
#[tokio::test]
async fn copies_are_not_made_twice_when_an_answer_is_lost() {
    let (mut stage, packages) = parked().await;
    resynced(&stage, &packages).await;
    stage.restart_operator().await;
    let object = resynced(&stage, &packages).await;
    assert!(is(&object, "Ready", "False", "CreateOutcomeUnknown"));
    assert_eq!(applications(&stage).len(), 1);

    packages.annotate("holiday", EXTERNAL_ID, Some("done")).await;
    packages.ready("holiday").await;
    resynced(&stage, &packages).await;
    assert_eq!(applications(&stage).len(), 1);
    stage.apply(&stored("ConfigMap", "files", &zip("two"))).await;
    imported(&packages, &zip("two")).await;
    assert_eq!(applications(&stage).len(), 2);
}

#[tokio::test]
async fn copies_are_made_once_more_when_a_person_says_so() {
    let (stage, packages) = parked().await;
    packages.annotate("holiday", PENDING_CREATE, None).await;
    imported(&packages, &zip("one")).await;
    assert_eq!(applications(&stage).len(), 2);
}

#[tokio::test]
async fn copies_are_not_made_twice_when_the_operator_dies() {
    let (mut stage, packages) = stage().await;
    stage.vendor.trouble().place(Order::next_of("import_applications", Act::Hold));
    stage.apply(&package(copies())).await;
    stage.vendor_got("import_applications", Outcome::Held).await;
    stage.kill_operator().await;
    stage.vendor.trouble().release();
    stage.start_operator().await;
    packages.unready("holiday", "CreateOutcomeUnknown").await;
    assert_eq!(applications(&stage).len(), 1);
}

#[tokio::test]
async fn overwriting_is_repeated_when_an_answer_is_lost() {
    let (stage, packages) = stage().await;
    stage.vendor.trouble().place(Order::next_of("overwrite_applications", Act::LoseAnswer));
    stage.apply(&package(json!({}))).await;
    let object = imported(&packages, &zip("one")).await;
    assert_eq!(annotation(&object, PENDING_CREATE), None);
    let applications = applications(&stage);
    assert_eq!((applications.len(), applications[0].imports), (1, 2));
}

#[tokio::test]
async fn what_failed_is_named_and_waits_for_another_content() {
    let (stage, packages) = stage().await;
    let order = |result: Option<&str>| {
        let result = result.map(str::to_owned);
        stage.vendor.edit_portal(PORTAL, |portal| portal.import_result = result).unwrap();
    };
    order(Some("FAILED"));
    stage.apply(&package(json!({}))).await;
    let object = packages.unready("holiday", "ImportFailed").await;
    assert_kstatus(&object);
    assert!(message(&object, "Ready").contains("application \"holiday\""), "{}", message(&object, "Ready"));
    assert!(is(&object, "Complete", "False", "ImportFailed") && is(&object, "Synced", "True", "Converged"));
    order(None);
    resynced(&stage, &packages).await;
    assert_eq!(imports(&stage), (0, 1));
    stage.apply(&stored("ConfigMap", "files", &zip("mended"))).await;
    imported(&packages, &zip("mended")).await;
}

/// Trap 22: that a group is missing is a warning and no more.
#[tokio::test]
async fn a_warning_is_told() {
    let (stage, packages) = stage().await;
    let warning = "the group Editors is missing";
    stage.vendor.edit_portal(PORTAL, |portal| portal.import_warning = Some(warning.to_owned())).unwrap();
    stage.apply(&package(json!({}))).await;
    let object = imported(&packages, &zip("one")).await;
    assert_eq!(object.data["status"]["report"]["warnings"], json!([warning]));
    assert!(message(&object, "Complete").contains(warning), "{}", message(&object, "Complete"));
}

/// Trap 23: the call is over, and the work goes on where nobody can look.
#[tokio::test]
async fn an_import_without_a_report_goes_on_in_the_background() {
    let mut options = seeded();
    options.answers.import_answer = ImportAnswer::Accepted;
    let (stage, packages) = stage_of(options).await;
    stage.apply(&package(copies())).await;
    let object = imported(&packages, &zip("one")).await;
    assert_kstatus(&object);
    assert!(is(&object, "Complete", "True", "ImportAccepted"));
    assert!(message(&object, "Complete").contains("in the background"));
    resynced(&stage, &packages).await;
    assert_eq!(imports(&stage), (1, 0));
}

/// Trap 21, and what else a portal may not take.
#[tokio::test]
async fn what_the_portal_does_not_take_says_why_and_is_not_pending() {
    let (stage, packages) = stage().await;
    stage.apply(&stored("ConfigMap", "text", b"no zip")).await;
    for (order, fields, word) in [
        (Some(409), json!({}), "patch level"),
        (Some(422), copies(), "licences"),
        (None, json!({"source": {"configMapRef": {"name": "text", "key": "zip"}}}), "the zip file of an export"),
    ] {
        if let Some(status) = order {
            stage.vendor.trouble().place(Order::every(Target::Writes, Act::answer(status)));
        }
        stage.apply(&package(fields)).await;
        let object = packages.unready("holiday", "Refused").await;
        assert_kstatus(&object);
        assert!(message(&object, "Ready").contains(word), "{}", message(&object, "Ready"));
        assert_eq!(annotation(&object, PENDING_CREATE), None);
        packages.delete("holiday").await;
        packages.gone("holiday").await;
        stage.vendor.trouble().clear();
    }
    assert_eq!(applications(&stage), []);
}

#[tokio::test]
async fn a_large_package_from_a_url_arrives_whole_and_only_as_the_one_that_is_meant() {
    let (stage, packages) = stage().await;
    let large = [zip(""), vec![7; 20 << 20]].concat();
    let url = serve(large.clone()).await;
    let source = |content: &[u8]| json!({"source": at(&format!("{url}/big.zip"), content), "packageName": null});
    stage.apply(&package(source(b"another"))).await;
    let object = packages.unready("holiday", "Refused").await;
    assert_eq!((annotation(&object, PENDING_CREATE), imports(&stage)), (None, (0, 0)));
    stage.apply(&package(source(&large))).await;
    imported(&packages, &large).await;
    let applications = applications(&stage);
    assert_eq!((applications[0].name.as_str(), applications[0].size), ("big", large.len()));
}

/// Trap 3: the portal may be there before the Administration API knows it.
#[tokio::test]
async fn a_portal_that_is_not_known_yet_is_waited_for() {
    let (stage, packages) = stage().await;
    stage.vendor.edit_portal(PORTAL, |portal| portal.known = false).unwrap();
    stage.apply(&package(copies())).await;
    let object = packages.until("holiday", |object| message(object, "Ready").contains("admin-api.yaml")).await;
    assert_eq!(annotation(&object, PENDING_CREATE), None);
    stage.vendor.edit_portal(PORTAL, |portal| portal.known = true).unwrap();
    packages.looked_at("holiday").await;
    imported(&packages, &zip("one")).await;
    assert_eq!(applications(&stage).len(), 1);
}
