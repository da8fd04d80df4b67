//! A portal's scheduler: standby, configuration, actions on jobs.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::intrexx::sim::answer::{Cause, Done, Refusal};
use crate::intrexx::sim::calls::{Call, guid};
use crate::intrexx::sim::portal::Job;
use crate::intrexx::sim::shape::{Field, Kind, Purpose, merge};

const STANDBY: [Field; 1] = [Field::required("standby", Kind::Flag)];

const CONFIGURATION: [Field; 5] = [
    Field::required("thread_count", Kind::Int(1, 1000)),
    Field::required("thread_priority", Kind::Int(1, 10)),
    Field::required("misfire_threshold_sek", Kind::Int(0, 1 << 31)),
    Field::required("start_delay_sek", Kind::Int(0, 1 << 31)),
    Field::required("history_size", Kind::Int(0, 1 << 31)),
];

const EXECUTE: &str = "EXECUTE";

const ACTION: [Field; 2] = [
    Field::required("action", Kind::OneOf(&[EXECUTE, "PAUSE", "RESUME", "INTERRUPT", "ACTIVATE", "DEACTIVATE"])),
    Field::new("job_ids", Kind::Texts),
];

/// 28
pub fn get_standby(call: &mut Call<'_>) -> Result<Done, Refusal> {
    Ok(Done::Object(json!({"standby": call.portal()?.standby})))
}

/// 29: in standby no rule fires, jobs stay and running ones finish.
pub fn set_standby(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let sent = call.checked(&STANDBY, Purpose::Create)?;
    let standby = sent.get("standby") == Some(&Value::Bool(true));
    call.portal()?.standby = standby;
    Ok(Done::Changed(json!({ "standby": standby })))
}

/// 30
pub fn get_configuration(call: &mut Call<'_>) -> Result<Done, Refusal> {
    Ok(Done::Object(Value::Object(call.portal()?.scheduler.clone())))
}

/// 31: takes effect when the portal is restarted.
pub fn change_configuration(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let sent = call.checked(&CONFIGURATION, Purpose::Change)?;
    let scheduler = &mut call.portal()?.scheduler;
    merge(scheduler, sent);
    Ok(Done::Changed(Value::Object(scheduler.clone())))
}

/// 32: does something to jobs, to all of them when none is named. Executing twice runs them twice.
pub fn act(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let sent = call.checked(&ACTION, Purpose::Create)?;
    let action = sent.get("action").and_then(Value::as_str).unwrap_or_default();
    let named = sent.get("job_ids").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let named: Vec<&str> = named.collect();
    let now = call.now();
    let until = now + SignedDuration::from_secs(call.options().server.job_seconds.into());
    let portal = call.portal()?;
    if named.iter().any(|id| !portal.jobs.iter().any(|job| job.id.eq_ignore_ascii_case(id))) {
        return Err(Refusal::missing("there is no such job"));
    }
    if action == EXECUTE && portal.standby {
        return Err(Refusal::new(Cause::Busy, "the scheduler is in standby"));
    }
    let meant = |job: &&mut Job| named.is_empty() || named.iter().any(|id| job.id.eq_ignore_ascii_case(id));
    let mut done = Vec::new();
    for job in portal.jobs.iter_mut().filter(meant) {
        done.push((job.key(&portal.name), job.id.clone(), apply(job, action, now, until)));
    }
    let deed = if action == EXECUTE { "executed".to_owned() } else { action.to_ascii_lowercase() };
    for (key, ..) in &done {
        call.store.state.note(key, &deed);
    }
    let answers = call.answers();
    let row = |(_, id, result): &(String, String, &str)| json!({"id": guid(answers, id), "result": result});
    Ok(Done::Results(json!({"results": done.iter().map(row).collect::<Vec<_>>()})))
}

fn apply(job: &mut Job, action: &str, now: Timestamp, until: Timestamp) -> &'static str {
    match action {
        EXECUTE => {
            job.executions += 1;
            job.last_execution = Some(now);
            job.running_until = Some(until);
        }
        "PAUSE" => job.paused = true,
        "RESUME" => job.paused = false,
        "INTERRUPT" => job.running_until = None,
        word => _ = job.fields.insert("active".to_owned(), json!(word == "ACTIVATE")),
    }
    if job.fails && action == EXECUTE { "FAILED" } else { "OK" }
}
