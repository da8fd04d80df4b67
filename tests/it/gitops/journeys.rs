//! Journeys: objects go through what objects go through, with a real operator, and every version on the way is judged.

use kube::api::DynamicObject;
use provost::engine::admin_api::AdminApi;
use provost::myintranetapps::sim::{Change, NewAccount, Options};
use provost::sim::simulated::Simulated;
use provost::sim::trouble::{Act, Order, Target};
use serde_json::{Value as Json, json};

use super::judge::{Judge, Verdict};
use super::recorder::{Recorder, admin_apis};
use super::{Standing, hold, standing};
use crate::harness::root;
use crate::intrexx::{PORTAL, example, seeded};
use crate::objects::{Objects, converged, is};
use crate::stage::{API, CREDENTIALS, Stage};
use crate::testbed::BEDS;
use crate::testbed::scene::Scene;
use crate::workshop;

const PAUSED: &str = "provost.dev/paused";
const APPROVE: &str = "provost.dev/approve";

/// What was recorded of one object, judged version by version: what it was, one after the other, and the last word.
async fn judged(versions: &[Json], name: &str) -> (Vec<Standing>, Verdict) {
    let mut judge = Judge::start().await;
    let (mut standings, mut last) = (Vec::new(), None);
    for version in versions.iter().filter(|version| version["metadata"]["name"] == name) {
        let verdict = judge.ask(version).await;
        standings.push(hold(version, &verdict));
        last = Some(verdict);
    }
    standings.dedup();
    (standings, last.expect("nothing was recorded"))
}

/// Judges an object up to this version of it, and finds that it was all of this in this order, whatever was between, and the last in the end.
#[track_caller]
fn assert_went(standings: &[Standing], way: &[Standing]) {
    let mut left = standings.iter();
    let went = way.iter().all(|wanted| left.any(|standing| standing == wanted));
    assert!(went && standings.last() == way.last(), "{standings:?} is not {way:?}");
}

async fn assert_journey(recorder: Recorder, last: &DynamicObject, way: &[Standing]) -> Verdict {
    let version = last.metadata.resource_version.as_deref().unwrap();
    let versions = recorder.up_to(version).await;
    let until = versions.iter().position(|known| known["metadata"]["resourceVersion"] == version).unwrap();
    let (standings, verdict) = judged(&versions[..=until], last.metadata.name.as_deref().unwrap()).await;
    assert_went(&standings, way);
    verdict
}

/// Everything that was recorded of any object, judged; for journeys of many.
async fn assert_all(recorder: Recorder, last: &DynamicObject) {
    let mut judge = Judge::start().await;
    for version in recorder.up_to(last.metadata.resource_version.as_deref().unwrap()).await {
        hold(&version, &judge.ask(&version).await);
    }
}

fn api_is(reason: &'static str, status: &'static str) -> impl Fn(Option<&DynamicObject>) -> bool + Send + 'static {
    move |object: Option<&DynamicObject>| object.is_some_and(|object| is(object, "Ready", status, reason))
}

async fn api_until<V: Simulated>(stage: &Stage<V>, reason: &'static str, status: &'static str) -> DynamicObject {
    let api = admin_apis(stage.client.clone(), &stage.namespace);
    let found = crate::harness::await_object(api, API, api_is(reason, status), crate::harness::DEADLINE).await;
    found.unwrap()
}

async fn approve(objects: &Objects, waiting: &DynamicObject, name: &str) {
    let hash = waiting.data["status"]["plan"]["hash"].as_str().unwrap();
    objects.annotate(name, APPROVE, Some(hash)).await;
}

/// An account from its first day to its last, with every version of it.
async fn life() -> Vec<Json> {
    let mut stage = Stage::bare(Options::default()).await;
    stage.start_operator().await;
    let accounts = stage.objects("TenantAccount");
    let recorder = Recorder::start(&accounts.api).await;
    stage.account("generalco", json!({"packageId": "93"})).await;
    accounts.unready("generalco", "AdminApiMissing").await;
    stage.connect().await;
    accounts.ready("generalco").await;

    accounts.annotate("generalco", PAUSED, Some("true")).await;
    accounts.unready("generalco", "Paused").await;
    accounts.annotate("generalco", PAUSED, None).await;
    accounts.ready("generalco").await;

    accounts.edit("generalco", json!({"policy": {"management": "Plan"}, "packageId": "94"})).await;
    let waiting = accounts.unready("generalco", "AwaitingApproval").await;
    accounts.annotate("generalco", APPROVE, Some("0000")).await;
    accounts.unready("generalco", "PlanStale").await;
    approve(&accounts, &waiting, "generalco").await;
    accounts.ready("generalco").await;

    accounts.edit("generalco", json!({"policy": {"management": null, "drift": "Report"}})).await;
    accounts.ready("generalco").await;
    stage.vendor.edit("generalco", Change { package_id: Some("1".into()), ..Change::default() }).unwrap();
    stage.looked_at::<AdminApi>(API).await;
    accounts.looked_at("generalco").await;
    accounts.until("generalco", |object| is(object, "Ready", "True", "DriftReported")).await;

    stage.vendor.trouble().place(Order::next(Target::Writes, Act::answer(400)));
    accounts.edit("generalco", json!({"policy": {"drift": null}, "packageId": "95"})).await;
    let refused = |object: &DynamicObject| is(object, "Ready", "False", "Refused");
    accounts.until("generalco", refused).await;
    accounts.edit("generalco", json!({"packageId": "96"})).await;
    accounts.ready("generalco").await;

    accounts.annotate("generalco", PAUSED, Some("true")).await;
    accounts.unready("generalco", "Paused").await;
    accounts.delete("generalco").await;
    let deleting = |object: &DynamicObject| object.metadata.deletion_timestamp.is_some();
    let last = accounts.until("generalco", deleting).await;
    let versions = recorder.up_to(last.metadata.resource_version.as_deref().unwrap()).await;
    accounts.annotate("generalco", PAUSED, None).await;
    accounts.gone("generalco").await;
    versions
}

#[tokio::test]
async fn an_account_from_its_first_day_to_its_last() {
    use Standing::{Deleting, Paused, Ready, Stuck, Unapproved, Unseen};
    let (standings, verdict) = judged(&life().await, "generalco").await;
    let way = [Unseen, Stuck, Ready, Paused, Ready, Unapproved, Ready, Unseen, Stuck, Unseen, Ready, Paused, Deleting];
    assert_went(&standings, &way);
    assert_eq!(verdict.argo.message, "Pending deletion");
}

/// Writes what a real operator wrote into the fixtures.
#[tokio::test]
#[ignore = "it writes into the repository"]
async fn capture() {
    let (mut judge, mut steps) = (Judge::start().await, Vec::new());
    for object in life().await {
        let namespace = object["metadata"]["namespace"].as_str().unwrap();
        let object: Json = serde_json::from_str(&object.to_string().replace(namespace, "customers")).unwrap();
        let Verdict { kstatus, argo, flux, .. } = judge.ask(&object).await;
        let step = format!("{:?}", standing(&object));
        steps.push(json!({"step": step, "object": object, "kstatus": kstatus, "argo": argo.status, "flux": flux}));
    }
    let text = format!(
        "# What a real operator wrote; `cargo test --test it gitops::journeys::capture -- --ignored` writes it anew.\n{}",
        serde_yaml::to_string(&steps).unwrap()
    );
    std::fs::write(root().join("tests/it/gitops/fixtures/captured.yaml"), text).unwrap();
}

#[tokio::test]
async fn an_admin_api_that_loses_its_credentials_and_its_vendor() {
    use Standing::{Ready, Stuck, Unseen, Working};
    let mut stage = Stage::bare(Options::default()).await;
    stage.start_operator().await;
    let recorder = Recorder::start(&admin_apis(stage.client.clone(), &stage.namespace)).await;
    let accounts = stage.objects("TenantAccount");
    let users = Recorder::start(&accounts.api).await;
    stage.apply(&stage.admin_api()).await;
    api_until(&stage, "CredentialsMissing", "False").await;
    stage.write_secret(CREDENTIALS, stage.credentials()).await;
    api_until(&stage, "Connected", "True").await;
    stage.account("old", json!({})).await;
    accounts.ready("old").await;

    stage.vendor.trouble().place(Order::every(Target::Any, Act::answer(503)));
    stage.annotate::<AdminApi>(API, crate::stage::RECONCILE_AT, Some("now")).await;
    api_until(&stage, "Unavailable", "False").await;
    stage.account("new", json!({})).await;
    accounts.edit("old", json!({"packageId": "94"})).await;
    stage.vendor.trouble().clear();
    stage.annotate::<AdminApi>(API, crate::stage::RECONCILE_AT, Some("then")).await;
    accounts.ready("new").await;
    let last = accounts.ready("old").await;
    assert_all(users, &last).await;
    let last = api_until(&stage, "Connected", "True").await;
    assert_journey(recorder, &last, &[Unseen, Stuck, Ready, Working, Ready]).await;
}

#[tokio::test]
async fn who_comes_second() {
    use Standing::{Ready, Stuck, Unseen};
    let stage = Stage::connected().await;
    stage.vendor.add_account(NewAccount::new("generalco")).unwrap();
    let accounts = stage.objects("TenantAccount");
    let recorder = Recorder::start(&accounts.api).await;
    stage.account("first", json!({"subdomain": "generalco", "name": "generalco"})).await;
    accounts.unready("first", "AlreadyExists").await;
    stage.account("second", json!({"subdomain": "other", "name": "Other Ltd"})).await;
    accounts.ready("second").await;
    stage.account("third", json!({"subdomain": "other", "name": "Other Ltd"})).await;
    accounts.unready("third", "Conflict").await;
    accounts.delete("second").await;
    accounts.gone("second").await;
    let last = accounts.taken_over("third").await;
    assert_journey(recorder, &last, &[Unseen, Stuck, Ready]).await;
}

#[tokio::test]
async fn what_is_done_once() {
    use Standing::{Ready, Stuck, Unapproved, Unseen, Working};
    let options = workshop::sim::Options { letterings_hidden: true, carving_looks: 2, ..Default::default() };
    let stage = Stage::workshop(options).await;
    let (signs, errands) = (stage.objects("Sign"), stage.objects("Errand"));
    let (of_signs, of_errands) = (Recorder::start(&signs.api).await, Recorder::start(&errands.api).await);
    let manifest = |kind: &str, spec: Json| {
        let mut manifest =
            json!({"apiVersion": "provost.dev/v1alpha1", "kind": kind, "metadata": {"name": "door"}, "spec": spec});
        manifest["spec"]["adminApi"] = json!({"name": API});
        manifest
    };
    stage.apply(&manifest("Sign", json!({"place": "door", "lettering": "Mind the step"}))).await;
    signs.ready("door").await;
    stage.vendor.trouble().place(Order::next_of("carve", Act::LoseAnswer));
    signs.edit("door", json!({"lettering": "Mind the gap"})).await;
    let parked = signs.unready("door", "DeedOutcomeUnknown").await;
    let attempt = parked.data["status"]["begun"]["lettering"]["attempt"].as_str().unwrap();
    signs.annotate("door", "provost.dev/deed", Some(&format!("{attempt} done"))).await;
    signs.ready("door").await;
    signs.edit("door", json!({"policy": {"management": "Plan"}, "lettering": "Mind"})).await;
    let waiting = signs.unready("door", "AwaitingApproval").await;
    approve(&signs, &waiting, "door").await;
    let last = signs.ready("door").await;
    assert_journey(of_signs, &last, &[Unseen, Working, Ready, Unseen, Stuck, Ready, Unapproved, Working, Ready]).await;

    stage.vendor.trouble().place(Order::next_of("do_errand", Act::LoseAnswer));
    stage.apply(&manifest("Errand", json!({"label": "milk"}))).await;
    errands.unready("door", "CreateOutcomeUnknown").await;
    errands.annotate("door", "provost.dev/external-id", Some("milk")).await;
    let last = errands.ready("door").await;
    assert_journey(of_errands, &last, &[Unseen, Stuck, Ready]).await;
}

#[tokio::test]
async fn a_portal_and_what_waits_for_it() {
    use Standing::{Paused, Ready, Stuck, Unseen, Working};
    let stage = Stage::intrexx(seeded(), &["IntrexxPortal", "SchedulerJob"]).await;
    let (portals, jobs) = (stage.objects("IntrexxPortal"), stage.objects("SchedulerJob"));
    let (of_portals, of_jobs) = (Recorder::start(&portals.api).await, Recorder::start(&jobs.api).await);
    let named = json!({"portalName": null, "portal": {"name": PORTAL}});
    stage.apply(&example("SchedulerJob", "nightly", named)).await;
    jobs.unready("nightly", "ReferenceMissing").await;
    let mut portal = example(
        "IntrexxPortal",
        PORTAL,
        json!({"policy": {"adoption": "IfExists"}, "create": null, "mobile": null, "reportsEngine": null, "export": null, "licenses": null}),
    );
    portal["metadata"]["annotations"] = json!({PAUSED: "true"});
    stage.apply(&portal).await;
    // What is there, and is not done yet, is no failure of those who wait for it: Flux gives up at the first that failed.
    jobs.unready("nightly", "ReferenceNotReady").await;
    portals.unready(PORTAL, "Paused").await;
    portals.annotate(PORTAL, PAUSED, None).await;
    portals.until(PORTAL, |object| is(object, "Ready", "False", "Adopted") || converged(object)).await;
    portals.looked_at(PORTAL).await;
    portals.ready(PORTAL).await;
    let last = jobs.ready("nightly").await;
    assert_journey(of_jobs, &last, &[Unseen, Stuck, Working, Ready]).await;

    portals.edit(PORTAL, json!({"settings": {"jvmMaximalMemoryMb": 4096}})).await;
    let pending = |object: &DynamicObject| is(object, "RestartRequired", "True", "RestartPending") && converged(object);
    let last = portals.until(PORTAL, pending).await;
    let verdict = assert_journey(of_portals, &last, &[Unseen, Paused, Ready, Unseen, Ready]).await;
    assert!(verdict.argo.message.contains("RestartRequired: "), "{verdict:#?}");
}

#[tokio::test]
async fn an_action_that_is_done_and_one_that_failed() {
    use Standing::{Ready, Stuck, Unseen};
    let stage = Stage::intrexx(seeded(), &["PortalAction"]).await;
    let actions = stage.objects("PortalAction");
    let recorder = Recorder::start(&actions.api).await;
    stage.apply(&example("PortalAction", "done", json!({"ttlSecondsAfterFinished": null}))).await;
    let last = actions.ready("done").await;
    assert_journey(recorder, &last, &[Unseen, Ready]).await;

    let recorder = Recorder::start(&actions.api).await;
    let execute = json!({"rebuildSearchIndex": null, "ttlSecondsAfterFinished": null, "jobs": {"action": "EXECUTE", "jobs": [{"id": "a1"}]}});
    stage.apply(&example("PortalAction", "failed", execute)).await;
    let last = actions.unready("failed", "Rejected").await;
    let verdict = assert_journey(recorder, &last, &[Unseen, Stuck]).await;
    assert!(
        verdict.argo.message.contains("Rejected: ") && verdict.argo.message.contains("no such job"),
        "{verdict:#?}"
    );
}

/// Whatever a kind says of itself, it is judged alike.
#[tokio::test]
async fn every_kind_is_made_changed_and_deleted() {
    for bed in BEDS.iter().filter(|bed| provost::kinds::TABLES.kind(bed.kind).is_some()) {
        let scene = Scene::set(bed).await;
        let recorder = Recorder::start(&scene.api).await;
        scene.stage.apply(&scene.manifest("first", json!({}))).await;
        scene.arrived("first").await;
        if bed.can_be_edited() {
            scene.edit("first", (bed.edit)()).await;
            scene.arrived("first").await;
        }
        scene.annotate("first", PAUSED, Some("true")).await;
        let last = if bed.lasts() { scene.unready("first", "Paused").await } else { scene.looked_at("first").await };
        assert_all(recorder, &last).await;
    }
}
