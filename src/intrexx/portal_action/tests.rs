//! Tests of the kind over real HTTP against the simulator.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::{Value as Json, json};

use super::*;
use crate::base::fault::{Class, Delivery};
use crate::base::secret::Secret;
use crate::intrexx::client::actions::tests::{Shelf, add_job};
use crate::intrexx::client::tests::start;
use crate::intrexx::sim::Simulator;
use crate::sim::trouble::{Act, Order};

const FIRST: Attempt<'_> = Attempt { recorded: None, uncertain: false };
const AGAIN: Attempt<'_> = Attempt { recorded: None, uncertain: true };

fn spec(action: Json) -> PortalActionSpec {
    let mut spec = json!({"adminApi": {"name": "intrexx"}, "portalName": "sales"});
    spec.as_object_mut().unwrap().extend(action.as_object().cloned().unwrap());
    serde_json::from_value(spec).unwrap()
}

fn named(id: &str) -> Siblings {
    [("jobs.jobs[0].job".to_owned(), id.to_owned())].into_iter().collect()
}

async fn attempt(
    client: &Client,
    spec: &PortalActionSpec,
    siblings: &Siblings,
    secret: (&str, &str),
    attempt: Attempt<'_>,
) -> Result<Progress<ActionFacts>, Fault> {
    let secrets = BTreeMap::from([(secret.0.to_owned(), Secret::new(secret.1))]);
    let wanted = Wanted { spec, changes: &[], secrets: &secrets, files: &BTreeMap::new(), siblings };
    PortalActions::create(client, &wanted, attempt).await
}

async fn run(client: &Client, action: Json, how: Attempt<'_>) -> Result<Progress<ActionFacts>, Fault> {
    attempt(client, &spec(action), &Siblings::default(), ("", ""), how).await
}

#[track_caller]
fn done(progress: Result<Progress<ActionFacts>, Fault>) -> ActionFacts {
    let Ok(Progress::Done(Created { external_id, facts })) = progress else { panic!("{progress:?}") };
    assert!(external_id.starts_with("sales/") && facts.started_at.is_some() && facts.finished_at.is_some());
    facts
}

fn executions(simulator: &Simulator) -> Vec<u64> {
    simulator.portal("sales").unwrap().jobs.iter().map(|job| job.executions).collect()
}

#[tokio::test]
async fn what_must_not_be_done_twice_is_left_to_a_person() {
    let (simulator, client) = start(|_| {}).await;
    add_job(&simulator, "A1", "nightly");
    for (action, word) in [
        (json!({"jobs": {"action": "EXECUTE", "jobs": [{"id": "A1"}]}}), "A1"),
        (json!({"jobs": {"action": "EXECUTE", "all": true}}), "every job"),
        (json!({"jobs": {"action": "INTERRUPT", "jobs": [{"id": "A1"}]}}), "INTERRUPT"),
        (json!({"rebuildSearchIndex": {"action": "SHUFFLE"}}), "SHUFFLE"),
    ] {
        let Ok(Progress::Unclear(look)) = run(&client, action, AGAIN).await else { panic!("{word}") };
        assert!(look.contains(word) && look.contains("sales"), "{look}");
    }
    assert_eq!((executions(&simulator), simulator.journal().writes().len()), (vec![0], 0));
}

#[tokio::test]
async fn what_may_be_done_twice_is_done_again() {
    let (simulator, client) = start(|_| {}).await;
    add_job(&simulator, "A1", "nightly");
    for action in [
        json!({"jobs": {"action": "PAUSE", "jobs": [{"id": "A1"}]}}),
        json!({"jobs": {"action": "DEACTIVATE", "all": true}}),
        json!({"rebuildSearchIndex": {"action": "CREATE"}}),
        json!({"logout": {}}),
    ] {
        assert_eq!(done(run(&client, action, AGAIN).await).failure, None);
    }
    let portal = simulator.portal("sales").unwrap();
    assert!(portal.jobs[0].paused && portal.jobs[0].fields["active"] == false);
    assert_eq!(portal.index_actions, ["CREATE"]);
}

#[tokio::test]
async fn jobs_are_named_by_their_objects_and_each_result_is_told() {
    let (simulator, client) = start(|_| {}).await;
    add_job(&simulator, "A1", "nightly");
    add_job(&simulator, "B2", "weekly");
    let action = spec(json!({"jobs": {"action": "EXECUTE", "jobs": [{"job": {"name": "import"}}]}}));
    let facts = done(attempt(&client, &action, &named("sales/a1"), ("", ""), FIRST).await);
    assert_eq!(executions(&simulator), [1, 0]);
    let result = ActionResult { job: Some("import".into()), id: "A1".into(), result: Some("OK".into()) };
    assert_eq!((facts.results, facts.failure), (vec![result], None));

    simulator.edit_portal("sales", |portal| portal.jobs[0].fails = true).unwrap();
    let facts = done(run(&client, json!({"jobs": {"action": "EXECUTE", "all": true}}), FIRST).await);
    assert_eq!((executions(&simulator), facts.results.len()), (vec![2, 1], 2));
    assert!(facts.failure.unwrap().contains("A1"));
}

/// None left out by mistake: that would mean all.
#[tokio::test]
async fn a_job_whose_id_is_not_known_is_not_left_out() {
    let (simulator, client) = start(|_| {}).await;
    add_job(&simulator, "A1", "nightly");
    let fault =
        run(&client, json!({"jobs": {"action": "EXECUTE", "jobs": [{"job": {"name": "import"}}]}}), FIRST).await;
    assert_eq!(fault.unwrap_err().delivery, Delivery::NotSent);
    assert_eq!(executions(&simulator), [0]);
    let action = spec(json!({"jobs": {"action": "PAUSE", "jobs": [{"job": {"name": "import"}}]}}));
    let invalid = PortalActions::desired(&action, &named("hr/A1")).unwrap_err();
    assert!(invalid.field == "jobs.jobs[0].job" && invalid.problem.contains("hr"), "{invalid}");
}

#[tokio::test]
async fn a_trial_licence_that_was_taken_before_is_this_ones_only_after_a_lost_answer() {
    let (simulator, client) = start(|_| {}).await;
    let action = spec(json!({"installTrialLicense": {"key": {"secretRef": {"name": "trial", "key": "key"}}}}));
    let install =
        async |key, how| attempt(&client, &action, &Siblings::default(), ("installTrialLicense.key", key), how).await;
    let facts = done(install("planted", FIRST).await);
    assert!(facts.failure.as_ref().unwrap().contains("licence key"), "{facts:?}");
    assert!(!serde_json::to_string(&facts).unwrap().contains("planted"));
    assert_eq!(done(install("TRIAL-0001", FIRST).await).failure, None);
    assert_eq!(done(install("TRIAL-0001", AGAIN).await).failure, None);
    assert!(done(install("TRIAL-0001", FIRST).await).failure.unwrap().contains("409"));
    assert_eq!(simulator.journal().performed("install_trial_license"), 1);
}

#[tokio::test]
async fn what_was_not_answered_with_a_no_is_not_over() {
    let (simulator, client) = start(|_| {}).await;
    simulator.edit_portal("sales", |portal| portal.standby = true).unwrap();
    let facts = done(run(&client, json!({"jobs": {"action": "EXECUTE", "all": true}}), FIRST).await);
    assert!(facts.failure.unwrap().contains("standby"));
    for (act, class, delivery) in [
        (Act::answer(503), Class::Transient, Delivery::Unknown),
        (Act::LoseAnswer, Class::Transient, Delivery::Unknown),
        (Act::busy(429, 1), Class::Throttled, Delivery::Answered),
    ] {
        simulator.trouble().place(Order::next_of("start_search_index", act));
        let fault = run(&client, json!({"rebuildSearchIndex": {"action": "UPDATE"}}), FIRST).await.unwrap_err();
        assert_eq!((fault.class, fault.delivery), (class, delivery));
    }
}

/// Trap 23.
#[tokio::test]
async fn success_of_the_call_is_not_told_as_success_of_the_work() {
    let (_simulator, client) = start(|_| {}).await;
    let action = spec(json!({"rebuildSearchIndex": {"action": "CREATE"}}));
    let facts = done(run(&client, json!({"rebuildSearchIndex": {"action": "CREATE"}}), FIRST).await);
    let (conditions, unready) = judged(&action, &facts);
    assert_eq!((conditions[0].condition, conditions[0].reason, unready), ("Complete", "Accepted", None));
    let message = &conditions[0].message;
    assert!(message.contains("in the background") && message.contains("nothing tells"), "{message}");
}

#[tokio::test]
async fn a_diagnosis_file_goes_where_a_secret_says_and_its_address_nowhere_else() {
    let (_simulator, client) = start(|_| {}).await;
    let action = spec(json!({"collectDiagnosis": {"uploadTo": {"secretRef": {"name": "upload", "key": "url"}}}}));
    let collect = async |url: &str, how| {
        attempt(&client, &action, &Siblings::default(), ("collectDiagnosis.uploadTo", url), how).await
    };
    let shelf = Shelf::start(StatusCode::OK).await;
    let facts = done(collect(&shelf.url, AGAIN).await);
    let (_, _, body) = shelf.last().unwrap();
    assert_eq!(facts.report.unwrap(), format!("the diagnosis file was delivered: {} bytes", body.len()));
    let facts = done(collect(&Shelf::start(StatusCode::FORBIDDEN).await.url, FIRST).await);
    assert!(facts.failure.as_ref().unwrap().contains("403"), "{facts:?}");
    assert!(!serde_json::to_string(&facts).unwrap().contains("planted"));
    // An address that cannot be used is for the Secret's owner to correct, and the action goes on then.
    let fault = collect("planted", FIRST).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::NotSent));
    assert!(!fault.to_string().contains("planted"), "{fault}");
}

#[test]
fn it_expires_so_long_after_it_was_finished() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let action = spec(json!({"logout": {}, "ttlSecondsAfterFinished": 60}));
    let finished = ActionFacts { finished_at: Some("2026-11-22T10:00:00Z".into()), ..ActionFacts::default() };
    assert_eq!(PortalActions::expiry(&action, &finished), Some(at("2026-11-22T10:01:00Z")));
    assert_eq!(PortalActions::expiry(&action, &ActionFacts::default()), None);
    assert_eq!(PortalActions::expiry(&spec(json!({"logout": {}})), &finished), None);
}
