//! Tests of the calls of jobs, over real HTTP against the simulator.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::*;
use crate::base::fault::Delivery;
use crate::http::fuzz::fuzz_decoder;
use crate::intrexx::client::tests::start;
use crate::intrexx::sim::Simulator;
use crate::intrexx::sim::options::answers::{
    CreatedBody, GuidStyle, JobTypeStyle, ListStyle, LocationStyle, Locations,
};
use crate::sim::trouble::{Act, Order};

fn named(name: &str) -> JobChange {
    let properties = json!({"connection_id": "3F25"}).as_object().cloned();
    JobChange { name: Some(name.to_owned()), active: Some(true), properties, ..JobChange::default() }
}

async fn made(client: &Client, name: &str) -> Address {
    Address::new("sales", client.create_job("sales", "data_transfer", &named(name)).await.unwrap())
}

/// All jobs, as they are now.
async fn now(client: &Client) -> Vec<Job> {
    client.jobs("sales", Instant::now(), |jobs| jobs.rows.clone()).await.unwrap()
}

/// The shared copy as it stands.
async fn copy(client: &Client) -> Vec<Job> {
    client.lists().jobs.of("sales").peek(|jobs| jobs.rows.clone()).unwrap()
}

fn properties(job: &Job) -> Option<Json> {
    job.properties.clone().map(Json::from)
}

fn edit(simulator: &Simulator, name: &str, change: impl FnOnce(&mut crate::intrexx::sim::Job)) {
    simulator.edit_portal("sales", |portal| change(portal.job(name).unwrap())).unwrap();
}

/// Trap 7: `{type}` and `{id}` share a segment.
#[tokio::test]
async fn a_job_lives_its_life_whatever_the_answers_look_like() {
    let cases: [fn(&mut crate::intrexx::sim::Options); 7] = [
        |_| {},
        |options| options.answers.location_style = LocationStyle::Absolute,
        |options| {
            (options.answers.created_body, options.answers.location_style) =
                (CreatedBody::Empty, LocationStyle::Rooted);
        },
        |options| (options.answers.created_body, options.answers.locations) = (CreatedBody::Empty, Locations::Users),
        |options| (options.answers.write_status, options.answers.created_status) = (204, 200),
        |options| {
            (options.answers.job_type_style, options.answers.list_style) = (JobTypeStyle::Lower, ListStyle::Wrapped);
        },
        |options| (options.answers.guid_style, options.answers.extra_fields) = (GuidStyle::Lower, true),
    ];
    for change in cases {
        let (simulator, client) = start(change).await;
        let address = made(&client, "Nightly").await;
        let [job] = now(&client).await.try_into().unwrap();
        assert!(job.is_of("data_transfer") && job.id.eq_ignore_ascii_case(&address.id));
        assert_eq!(properties(&job), Some(json!({"connection_id": "3F25"})));
        let change = JobChange { active: Some(false), ..JobChange::default() };
        client.change_job(&address, &change).await.unwrap();
        assert_eq!(copy(&client).await[0].active, Some(false));
        assert_eq!(now(&client).await[0].active, Some(false));
        client.delete_job(&address).await.unwrap();
        assert_eq!(now(&client).await, []);
        assert_eq!(simulator.journal().performed("create_job"), 1);
    }
}

#[tokio::test]
async fn own_writes_are_in_the_copy_without_another_list() {
    let (simulator, client) = start(|_| {}).await;
    now(&client).await;
    let address = made(&client, "Nightly").await;
    client.change_job(&address, &JobChange { priority: Some(7), ..JobChange::default() }).await.unwrap();
    let [job] = copy(&client).await.try_into().unwrap();
    assert_eq!((job.name.as_str(), job.priority, job.status.as_deref()), ("Nightly", Some(7), Some("WAITING")));
    assert_eq!(simulator.journal().count("list_jobs"), 1);
}

#[tokio::test]
async fn a_name_that_is_taken_is_told_whatever_the_status() {
    for status in [409, 422, 400] {
        let (_simulator, client) = start(|options| options.answers.taken_status = status).await;
        made(&client, "Nightly").await;
        let fault = client.create_job("sales", "data_transfer", &named("Nightly")).await.unwrap_err();
        assert_eq!((fault.class, fault.delivery), (Class::Taken, Delivery::Answered), "{status}");
        let other = client.create_job("sales", "task", &named("Nightly")).await;
        assert!(other.is_ok(), "{other:?}");
        let fault = client.create_job("sales", "tisk", &named("x")).await.unwrap_err();
        assert_eq!(fault.class, Class::Refused);
    }
}

/// A vendor that lets two jobs have one name, and does not say which one it made.
#[tokio::test]
async fn a_new_job_whose_id_nothing_tells_is_not_guessed() {
    let (_simulator, client) = start(|options| {
        options.behaviour.duplicate_names = true;
        (options.answers.created_body, options.answers.locations) = (CreatedBody::Empty, Locations::Users);
    })
    .await;
    made(&client, "Nightly").await;
    let fault = client.create_job("sales", "data_transfer", &named("Nightly")).await.unwrap_err();
    assert_eq!(fault.delivery, Delivery::Unknown);
    let ids = client.jobs("sales", Instant::now(), |jobs| jobs.named("data_transfer", "Nightly").count()).await;
    assert_eq!(ids, Ok(2));
}

/// The list may leave the properties out: they are read once for each job that somebody needs, and then one in turn with each list.
#[tokio::test]
async fn properties_cost_no_call_for_each_job() {
    let (simulator, client) = start(|options| options.answers.list_job_properties = false).await;
    let addresses = [made(&client, "a").await, made(&client, "b").await, made(&client, "c").await];
    simulator.edit_portal("sales", |portal| portal.jobs.push(portal.jobs[0].clone())).unwrap();
    edit(&simulator, "a", |job| job.id = "AA".repeat(20));
    let single = || simulator.journal().count("get_job");
    let before = single();
    for turn in 1..=6 {
        let jobs = now(&client).await;
        assert_eq!(single() - before, turn, "one with each list");
        let known: Vec<_> = jobs.iter().filter(|job| job.properties.is_some()).map(|job| job.name.as_str()).collect();
        assert!(known.contains(&"b") && known.contains(&"c"), "{known:?}");
        assert!(jobs.iter().any(|job| job.properties.is_none()), "nobody asked for the first one");
    }
    // What somebody changes there is seen after as many lists as there are jobs.
    edit(&simulator, "c", |job| _ = job.fields.insert("properties".into(), json!({"connection_id": "other"})));
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen = now(&client).await;
    }
    let changed = seen.iter().find(|job| job.id == addresses[2].id).unwrap();
    assert_eq!(properties(changed), Some(json!({"connection_id": "other"})));
    // Who wants to know now asks for this one.
    assert_eq!(properties(&client.job(&addresses[1]).await.unwrap()), Some(json!({"connection_id": "3F25"})));
}

/// Trap 35: a portal of several nodes shows the old values for a while.
#[tokio::test]
async fn a_change_is_waited_for_until_it_shows() {
    let (simulator, client) = start(|_| {}).await;
    let address = made(&client, "Nightly").await;
    now(&client).await;
    simulator.reconfigure(|options| options.server.read_lag_ms = 700);
    client.change_job(&address, &JobChange { priority: Some(9), ..JobChange::default() }).await.unwrap();
    assert_eq!(now(&client).await[0].priority, Some(9));
    assert!(simulator.journal().count("get_job") > 1);
}

#[tokio::test]
async fn a_change_of_nothing_is_not_waited_for() {
    let (simulator, client) = start(|_| {}).await;
    let address = made(&client, "Nightly").await;
    now(&client).await;
    let before = simulator.journal().count("get_job");
    client.change_job(&address, &JobChange { active: Some(true), ..JobChange::default() }).await.unwrap();
    assert_eq!(simulator.journal().count("get_job"), before);
}

/// A job that runs is deleted later, and a job of the product never; neither says anything about the vendor or the credentials.
#[tokio::test]
async fn a_job_that_cannot_be_deleted_is_no_trouble_of_the_vendors() {
    let (simulator, client) = start(|_| {}).await;
    let address = made(&client, "Nightly").await;
    let until: Timestamp = simulator.now() + SignedDuration::from_mins(5);
    edit(&simulator, "Nightly", |job| job.running_until = Some(until));
    for _ in 0..6 {
        let fault = client.delete_job(&address).await.unwrap_err();
        assert_eq!((fault.class, fault.delivery), (Class::Transient, Delivery::Answered));
        assert!(fault.detail.contains("runs at the moment"), "{fault}");
    }
    edit(&simulator, "Nightly", |job| (job.running_until, job.system) = (None, true));
    for _ in 0..6 {
        let fault = client.delete_job(&address).await.unwrap_err();
        assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::Answered), "{fault}");
        assert!(fault.detail.contains("belongs to the product"), "{fault}");
    }
    // The breaker is closed.
    assert_eq!(now(&client).await.len(), 1);
    edit(&simulator, "Nightly", |job| job.system = false);
    client.delete_job(&address).await.unwrap();
}

/// The same status for a token that is not good any more asks for another one.
#[tokio::test]
async fn a_refused_token_is_not_taken_for_a_job_of_the_product() {
    let (simulator, client) = start(|options| options.answers.denied_status = 403).await;
    let address = made(&client, "Nightly").await;
    simulator.restart(true);
    client.delete_job(&address).await.unwrap();
}

#[tokio::test]
async fn only_a_portal_that_answers_can_say_that_a_job_is_gone() {
    for status in [404, 410, 204] {
        let (simulator, client) = start(|options| options.answers.gone_status = status).await;
        let address = made(&client, "Nightly").await;
        client.delete_job(&address).await.unwrap();
        let again = client.delete_job(&address).await;
        assert_eq!(again.err().map(|fault| fault.class), (status != 204).then_some(Class::Missing), "{status}");
        let fault = client.job(&address).await.unwrap_err();
        assert_eq!(fault.class, Class::Missing);
        let fault = client.change_job(&address, &named("x")).await.unwrap_err();
        assert_eq!(fault.class, Class::Missing);
        simulator.edit_portal("sales", |portal| portal.known = false).unwrap();
        for fault in [
            client.job(&address).await.unwrap_err(),
            client.delete_job(&address).await.unwrap_err(),
            client.jobs("sales", Instant::now(), |_| ()).await.unwrap_err(),
            client.create_job("sales", "task", &named("x")).await.unwrap_err(),
        ] {
            assert_eq!(fault.class, Class::Transient, "{fault}");
            assert!(fault.detail.contains("sales"), "{fault}");
        }
        simulator.remove_portal("sales").unwrap();
        assert_eq!(client.jobs("sales", Instant::now(), |_| ()).await.unwrap_err().class, Class::Missing);
    }
}

/// A portal that answers, but has no such list, says nothing about its jobs.
#[tokio::test]
async fn a_list_that_is_not_offered_is_not_an_empty_one() {
    let (simulator, client) = start(|_| {}).await;
    simulator.trouble().place(Order::next_of("list_jobs", Act::answer(404)));
    let fault = client.jobs("sales", Instant::now(), |_| ()).await.unwrap_err();
    assert_eq!(fault.class, Class::Broken, "{fault}");
}

#[tokio::test]
async fn a_lost_answer_is_an_unknown_outcome_and_the_next_look_a_new_one() {
    let (simulator, client) = start(|_| {}).await;
    now(&client).await;
    simulator.trouble().place(Order::next_of("create_job", Act::LoseAnswer));
    let fault = client.create_job("sales", "task", &named("Nightly")).await.unwrap_err();
    assert_eq!(fault.delivery, Delivery::Unknown);
    // A reader content with an old copy sees it all the same.
    let known = client.jobs("sales", Instant::now() - Duration::from_secs(60), |jobs| jobs.rows.len()).await;
    assert_eq!(known, Ok(1));
}

#[tokio::test]
async fn what_a_run_says_is_fit_for_a_status() {
    let (simulator, client) = start(|_| {}).await;
    made(&client, "Nightly").await;
    edit(&simulator, "Nightly", |job| job.last_message = Some(format!("<b>no</b>\u{7}{}", "x".repeat(5000))));
    let message = now(&client).await[0].last_message.clone().unwrap();
    assert!(message.starts_with("no") && message.chars().count() <= LONGEST_MESSAGE + 3, "{message}");
}

fn one(answer: &Answer) -> Result<Job, Fault> {
    read_json(answer).map(|job| presentable(answer, job))
}

fuzz_decoder!(
    list_jobs,
    read_jobs,
    [
        r#"[{"id": "3F2504E04F8911D39A0C0305E82C3301AABBCCDD", "type": "DATA_TRANSFER", "name": "Nightly", "description": "", "active": true,
            "priority": 5, "triggers": [{"active": true, "cron": "0 30 2 ? * MON-FRI", "time_zone": "Europe/Berlin", "valid_from": null,
            "valid_to": "2027-01-01T00:00:00Z"}], "status": "WAITING", "last_execution": null, "next_execution": "2026-11-23T01:30:00Z"}]"#,
        r#"{"jobs": []}"#,
    ]
);
fuzz_decoder!(
    get_job,
    one,
    [r#"{"id": 7, "name": "Nightly", "priority": "5", "status": "ERROR", "last_result": "FAILED",
        "last_message": "no such table", "last_execution": "2026-11-22 02:30:00"}"#]
);
