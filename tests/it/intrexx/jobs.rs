//! SchedulerJob: what is sent and shown, which job is meant, and what stands in the way of deleting one.

use jiff::SignedDuration;
use kube::api::DynamicObject;
use provost::engine::admin_api::AdminApi;
use provost::intrexx::sim::{Job, Options, Simulator};
use serde_json::{Value as Json, json};

use super::{PORTAL, example, seeded};
use crate::objects::{Objects, annotation, is, message};
use crate::stage::{API, Conditioned, Stage};
use crate::testbed::scene::EXTERNAL_ID;

const KIND: &str = "SchedulerJob";

/// A stage, and its jobs.
async fn stage(options: Options) -> (Stage<Simulator>, Objects) {
    let stage = Stage::intrexx(options, &[KIND]).await;
    let jobs = stage.objects(KIND);
    (stage, jobs)
}

/// A stage on which the job is as its example says.
async fn with_nightly(options: Options) -> (Stage<Simulator>, Objects) {
    let (stage, jobs) = stage(options).await;
    stage.given(KIND, "nightly", json!({})).await;
    (stage, jobs)
}

fn jobs_of(stage: &Stage<Simulator>) -> Vec<Job> {
    stage.vendor.portal(PORTAL).unwrap().jobs
}

fn edit(stage: &Stage<Simulator>, change: impl FnOnce(&mut Job)) {
    stage.vendor.edit_portal(PORTAL, |portal| change(&mut portal.jobs[0])).unwrap();
}

fn condition(object: &DynamicObject, name: &str) -> Json {
    let mut known = object.data["status"]["conditions"].as_array().into_iter().flatten();
    known.find(|known| known["type"] == name).cloned().unwrap_or_default()
}

#[tokio::test]
async fn the_example_is_sent_once_and_its_next_run_is_shown() {
    let (stage, jobs) = with_nightly(seeded()).await;
    let sent = json!({
        "name": "Nightly import", "description": "Imports the day's orders", "active": true, "priority": 5,
        "triggers": [{"active": true, "cron": "0 30 2 ? * MON-FRI", "time_zone": "Europe/Berlin"}],
        "properties": {"connection_id": "3F2504E04F8911D39A0C0305E82C3301AABBCCDD"},
    });
    assert_eq!(stage.vendor_writes(), [("create_job", sent)]);
    let [job] = jobs_of(&stage).try_into().unwrap();
    assert_eq!((job.r#type.as_str(), job.name()), ("DATA_TRANSFER", "Nightly import"));
    let object = jobs.ready("nightly").await;
    assert_eq!(annotation(&object, EXTERNAL_ID), Some(format!("sales/{}", job.id).as_str()));
    let observed = &object.data["status"]["observed"];
    assert_eq!(observed["status"], "WAITING");
    assert!(observed["nextExecution"].as_str().unwrap() > stage.vendor.now().to_string().as_str(), "{observed}");
}

/// Trap 30.
#[tokio::test]
async fn a_rule_that_never_runs_reaches_nobody() {
    let (stage, jobs) = stage(seeded()).await;
    let triggers = json!([{"cron": "0 30 2 ? * MON-FRI"}, {"cron": "0 0 1 30 2 ?"}]);
    stage.apply(&example(KIND, "nightly", json!({"triggers": triggers}))).await;
    let object = jobs.unready("nightly", "Invalid").await;
    let told = message(&object, "Ready");
    assert!(told.starts_with("spec.triggers[1].cron:") && told.contains("it never fires"), "{told}");
    assert!(told.contains("L is the last day"), "{told}");
    jobs.edit("nightly", json!({"triggers": [{"cron": "30 2 * * MON"}]})).await;
    let object = jobs.until("nightly", |object| message(object, "Ready").contains("it has 5 fields")).await;
    assert!(message(&object, "Ready").contains("put the seconds first"), "{}", message(&object, "Ready"));
    assert_eq!(stage.vendor.journal().count("create_job"), 0);
    jobs.edit("nightly", json!({"triggers": [{"cron": "0 30 2 ? * 2-6"}]})).await;
    jobs.ready("nightly").await;
}

/// A year that has gone by makes a rule one that never fires; that must keep nobody from deleting the job.
#[tokio::test]
async fn a_rule_that_is_wrong_by_now_does_not_keep_the_job() {
    let (stage, jobs) = with_nightly(seeded()).await;
    jobs.edit("nightly", json!({"triggers": [{"cron": "0 0 1 1 1 ? 2020"}]})).await;
    jobs.unready("nightly", "Invalid").await;
    jobs.delete("nightly").await;
    jobs.gone("nightly").await;
    assert_eq!(jobs_of(&stage), []);
}

#[tokio::test]
async fn a_job_that_is_gone_is_made_anew() {
    let (stage, jobs) = with_nightly(seeded()).await;
    let before = jobs_of(&stage)[0].id.clone();
    stage.vendor.edit_portal(PORTAL, |portal| portal.jobs.clear()).unwrap();
    jobs.looked_at("nightly").await;
    let object = jobs.ready("nightly").await;
    let [job] = jobs_of(&stage).try_into().unwrap();
    assert_ne!(job.id, before);
    assert_eq!(annotation(&object, EXTERNAL_ID), Some(format!("sales/{}", job.id).as_str()));
}

/// A portal that the Administration API does not know at the moment says nothing about what is in it.
#[tokio::test]
async fn a_portal_that_is_not_known_has_not_lost_its_jobs() {
    let (stage, jobs) = with_nightly(seeded()).await;
    let known = |known| stage.vendor.edit_portal(PORTAL, |portal| portal.known = known).unwrap();
    known(false);
    jobs.annotate("nightly", "provost.dev/reconcile-at", Some("now")).await;
    let object = jobs.unready("nightly", "Unavailable").await;
    assert!(message(&object, "Ready").contains("does not know the portal sales"), "{}", message(&object, "Ready"));
    jobs.delete("nightly").await;
    jobs.until("nightly", |object| object.metadata.deletion_timestamp.is_some()).await;
    known(true);
    jobs.gone("nightly").await;
    assert_eq!((jobs_of(&stage), stage.vendor.journal().performed("create_job")), (Vec::new(), 1));
}

#[tokio::test]
async fn of_two_jobs_of_one_name_none_is_guessed() {
    let mut options = seeded();
    options.behaviour.duplicate_names = true;
    let (stage, jobs) = with_nightly(options).await;
    // Somebody makes another one of that name, and forgets ours.
    let ids = stage.vendor.edit_portal(PORTAL, |portal| {
        let mut twin = portal.jobs[0].clone();
        twin.id = "AB".repeat(20);
        portal.jobs.push(twin);
        portal.jobs.iter().map(|job| format!("sales/{}", job.id)).collect::<Vec<_>>()
    });
    let ids = ids.unwrap();
    // With an id there is no doubt.
    jobs.looked_at("nightly").await;
    jobs.ready("nightly").await;
    let mut other = example(KIND, "other", json!({"jobName": "Nightly import"}));
    other["spec"]["policy"] = json!({"deletion": "Orphan"});
    jobs.edit("nightly", json!({"policy": {"deletion": "Orphan"}})).await;
    jobs.delete("nightly").await;
    jobs.gone("nightly").await;
    stage.apply(&other).await;
    let object = jobs.unready("other", "Unavailable").await;
    let told = message(&object, "Ready");
    assert!(ids.iter().all(|id| told.contains(id.as_str())) && told.contains(EXTERNAL_ID), "{told}");
    jobs.annotate("other", EXTERNAL_ID, Some(&ids[1])).await;
    jobs.ready("other").await;
    assert_eq!((jobs_of(&stage).len(), stage.vendor.journal().performed("create_job")), (2, 1));
}

#[tokio::test]
async fn a_job_that_runs_is_deleted_when_it_is_done() {
    let (stage, jobs) = with_nightly(seeded()).await;
    let until = stage.vendor.now() + SignedDuration::from_hours(1);
    edit(&stage, |job| job.running_until = Some(until));
    jobs.delete("nightly").await;
    let object = jobs.unready("nightly", "Unavailable").await;
    assert!(message(&object, "Ready").contains("the job runs at the moment"), "{}", message(&object, "Ready"));
    assert!(is(&object, "Reconciling", "True", "Unavailable"));
    stage.vendor.advance(SignedDuration::from_hours(2));
    jobs.gone("nightly").await;
    assert_eq!(jobs_of(&stage), []);
}

/// A 403 about one job is no word about the credentials.
#[tokio::test]
async fn a_job_of_the_product_stays_and_the_admin_api_is_well() {
    let (stage, jobs) = with_nightly(seeded()).await;
    edit(&stage, |job| job.system = true);
    jobs.delete("nightly").await;
    let object = jobs.unready("nightly", "Refused").await;
    let told = message(&object, "Ready");
    assert!(told.contains("belongs to the product") && told.contains("provost.dev/abandon"), "{told}");
    let api = stage.looked_at::<AdminApi>(API).await;
    assert!(api.is("Ready", "True", "Connected"));
    jobs.edit("nightly", json!({"policy": {"deletion": "Orphan"}})).await;
    jobs.gone("nightly").await;
    assert_eq!(jobs_of(&stage).len(), 1);
}

#[tokio::test]
async fn how_the_last_run_went_is_a_condition_and_its_time_alone_no_news() {
    let (stage, jobs) = with_nightly(seeded()).await;
    assert!(condition(&jobs.ready("nightly").await, "LastRunSucceeded").is_null());
    let first = stage.vendor.now();
    edit(&stage, |job| {
        (job.fails, job.executions, job.last_execution) = (true, 1, Some(first));
        job.last_message = Some("no such table".to_owned());
    });
    let object = jobs.looked_at("nightly").await;
    assert!(is(&object, "Ready", "True", "Converged") && is(&object, "LastRunSucceeded", "False", "RunFailed"));
    assert!(message(&object, "LastRunSucceeded").contains("no such table"));
    let observed = object.data["status"]["observed"].clone();
    assert_eq!((&observed["lastResult"], &observed["lastExecution"]), (&json!("FAILED"), &json!(first.to_string())));

    edit(&stage, |job| job.last_execution = Some(first + SignedDuration::from_mins(5)));
    assert_eq!(jobs.looked_at("nightly").await.data["status"]["observed"], observed);
    edit(&stage, |job| (job.fails, job.last_execution) = (false, Some(first + SignedDuration::from_mins(10))));
    let object = jobs.looked_at("nightly").await;
    assert!(is(&object, "LastRunSucceeded", "True", "RunSucceeded"));
    assert_ne!(object.data["status"]["observed"]["lastExecution"], observed["lastExecution"]);
}

/// A list without properties costs one more call for each portal, and not one for each job.
#[tokio::test]
async fn a_resync_reads_one_job_at_most() {
    let mut options = seeded();
    options.answers.list_job_properties = false;
    let (stage, jobs) = with_nightly(options).await;
    for number in 1..8 {
        let name = format!("job-{number}");
        stage.given(KIND, &name, json!({"jobName": name})).await;
    }
    let count = |operation| stage.vendor.journal().count(operation);
    let before = (count("list_jobs"), count("get_job"));
    stage.looked_at::<AdminApi>(API).await;
    // The resync's passes go before this one, which asks for its own job.
    jobs.looked_at("nightly").await;
    let after = (count("list_jobs") - before.0, count("get_job") - before.1);
    assert!(after.0 <= 2 && after.1 <= 3, "{after:?}");
    // What a person changes in one of them is put back all the same.
    edit(&stage, |job| _ = job.fields.insert("properties".to_owned(), json!({"connection_id": "other"})));
    jobs.looked_at("nightly").await;
    jobs.ready("nightly").await;
    assert_eq!(jobs_of(&stage)[0].fields["properties"]["connection_id"], "3F2504E04F8911D39A0C0305E82C3301AABBCCDD");
}

/// The vendor may write a type as a constant or as in a path; trap 7 has the path.
#[tokio::test]
async fn a_type_that_nobody_knows_is_refused_by_the_vendor_and_told() {
    let (stage, jobs) = stage(seeded()).await;
    stage.apply(&example(KIND, "odd", json!({"type": "moon_phase"}))).await;
    let object = jobs.unready("odd", "Refused").await;
    assert!(message(&object, "Ready").contains("type of job"), "{}", message(&object, "Ready"));
    stage.vendor.reconfigure(|options| options.behaviour.open_job_types = true);
    jobs.looked_at("odd").await;
    jobs.ready("odd").await;
    assert_eq!(jobs_of(&stage)[0].r#type, "MOON_PHASE");
}
