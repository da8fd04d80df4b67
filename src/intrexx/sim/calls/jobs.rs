//! Jobs of a portal's scheduler.

use serde_json::{Value, json};

use crate::intrexx::sim::answer::{Cause, Done, Refusal};
use crate::intrexx::sim::calls::{Call, guid, over, rules};
use crate::intrexx::sim::options::answers::JobTypeStyle;
use crate::intrexx::sim::portal::{Job, Portal};
use crate::intrexx::sim::shape::{Field, Kind, Purpose, merge};
use crate::intrexx::sim::store::Store;

/// The types that the contract names; a path has them in lower case.
const TYPES: [&str; 5] = ["TASK", "DATA_TRANSFER", "PROCESS_TIMER", "USER_IMPORT", "PORTAL_EXPORT"];

const JOB: [Field; 13] = [
    Field::required("name", Kind::Name),
    Field::new("description", Kind::Text),
    Field::new("active", Kind::Flag),
    Field::new("priority", Kind::Int(1, 10)),
    Field::new("triggers", Kind::Rules),
    Field::new("properties", Kind::Open),
    Field::read_only("id"),
    Field::read_only("type"),
    Field::read_only("status"),
    Field::read_only("last_execution"),
    Field::read_only("next_execution"),
    Field::read_only("last_result"),
    Field::read_only("last_message"),
];

fn no_job() -> Refusal {
    Refusal::missing("there is no such job")
}

/// A job as answers show it.
fn view(store: &Store, portal: &Portal, job: &Job) -> Value {
    let (answers, now) = (&store.options.answers, store.state.now());
    let defaults = json!({"description": "", "active": true, "priority": 5, "triggers": [], "properties": {}});
    let mut shown = over(defaults, &job.fields);
    let waits = shown.get("active") == Some(&Value::Bool(true)) && !job.paused && !portal.standby;
    let next = shown.get("triggers").filter(|_| waits).and_then(|triggers| rules::next(triggers, now));
    let runs = job.runs(now);
    let status = match job {
        _ if runs => "RUNNING",
        Job { paused: true, .. } => "PAUSED",
        Job { fails: true, executions: 1.., .. } => "ERROR",
        _ => "WAITING",
    };
    let result = (!runs).then_some(job.last_execution).flatten().map(|_| if job.fails { "FAILED" } else { "OK" });
    let r#type = match answers.job_type_style {
        JobTypeStyle::Upper => job.r#type.clone(),
        JobTypeStyle::Lower => job.r#type.to_ascii_lowercase(),
    };
    for (key, value) in [
        ("id", json!(guid(answers, &job.id))),
        ("type", json!(r#type)),
        ("status", json!(status)),
        ("last_execution", json!(job.last_execution)),
        ("next_execution", json!(next)),
        ("last_result", json!(result)),
        ("last_message", json!(job.last_message)),
    ] {
        shown.insert(key.to_owned(), value);
    }
    Value::Object(shown)
}

/// 23: all jobs of the portal.
pub fn list(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let name = call.portal()?.name.clone();
    let with_properties = call.answers().list_job_properties;
    let store = &*call.store;
    let of_portal = |portal: &Portal| -> Vec<Value> {
        let seen = |job: &Job| store.state.seen(&path(&portal.name, &job.id), view(store, portal, job));
        portal.jobs.iter().map(seen).collect()
    };
    let mut jobs: Vec<Value> =
        store.state.portals.iter().filter(|portal| portal.name == name).flat_map(of_portal).collect();
    for job in jobs.iter_mut().filter_map(Value::as_object_mut).filter(|_| !with_properties) {
        job.remove("properties");
    }
    Ok(Done::List("jobs", jobs))
}

fn path(portal: &str, id: &str) -> String {
    format!("{portal}/scheduler/job/{}", id.to_ascii_uppercase())
}

/// 24: makes a job of the type in the path. Its name must be free among those of its type.
pub fn create(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let token = call.param(1).to_owned();
    let known = TYPES.iter().any(|known| known.to_ascii_lowercase() == token);
    if !known && !call.options().behaviour.open_job_types {
        return Err(Refusal::bad("there is no such type of job"));
    }
    let mut sent = call.checked(&JOB, Purpose::Create)?;
    rules::check(call.options(), &mut sent, "triggers")?;
    let (id, duplicates) = (call.new_guid(), call.options().behaviour.duplicate_names);
    let mut fields = sent;
    fields.retain(|_, value| !value.is_null());
    let job = Job {
        id: id.clone(),
        r#type: token.to_ascii_uppercase(),
        fields,
        system: false,
        paused: false,
        fails: false,
        running_until: None,
        last_execution: None,
        last_message: None,
        executions: 0,
    };
    let portal = call.portal()?;
    if !duplicates && portal.jobs.iter().any(|known| known.r#type == job.r#type && known.name() == job.name()) {
        return Err(Refusal::taken("there is a job of this name"));
    }
    portal.jobs.push(job);
    let name = portal.name.clone();
    let at = format!("{name}/scheduler/job/{}", guid(call.answers(), &id));
    Ok(Done::Created { at: Some(at), object: one(call, &id)? })
}

/// 25
pub fn get(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let id = call.param(1).to_owned();
    one(call, &id).map(Done::Object)
}

fn one(call: &mut Call<'_>, id: &str) -> Result<Value, Refusal> {
    let name = call.portal()?.name.clone();
    let store = &*call.store;
    let portal = store.state.portals.iter().find(|portal| portal.name == name);
    let job = portal.and_then(|portal| Some((portal, portal.jobs.iter().find(|job| job.id.eq_ignore_ascii_case(id))?)));
    job.map(|(portal, job)| view(store, portal, job)).ok_or_else(no_job)
}

/// 26: changes what is sent; triggers as a whole, properties key by key.
pub fn change(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let mut sent = call.checked(&JOB, Purpose::Change)?;
    rules::check(call.options(), &mut sent, "triggers")?;
    let (id, duplicates) = (call.param(1).to_owned(), call.options().behaviour.duplicate_names);
    let portal = call.portal()?;
    let place = place(portal, &id).ok_or_else(no_job)?;
    if let Some(name) = sent.get("name").and_then(Value::as_str)
        && !duplicates
    {
        let (r#type, id) = (&portal.jobs[place].r#type, &portal.jobs[place].id);
        let other = |job: &Job| job.id != *id && job.r#type == *r#type && job.name() == name;
        if portal.jobs.iter().any(other) {
            return Err(Refusal::taken("there is a job of this name"));
        }
    }
    merge(&mut portal.jobs[place].fields, sent);
    one(call, &id).map(Done::Changed)
}

/// 27: deletes a job, unless it runs or belongs to the product.
pub fn delete(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let (id, now) = (call.param(1).to_owned(), call.now());
    let portal = call.portal()?;
    let place = place(portal, &id).ok_or_else(|| Refusal::gone("there is no such job"))?;
    let job = &portal.jobs[place];
    if job.system {
        return Err(Refusal::new(Cause::Forbidden, "the job belongs to the product"));
    }
    if job.runs(now) {
        return Err(Refusal::new(Cause::Busy, "the job is running"));
    }
    portal.jobs.remove(place);
    Ok(Done::Nothing)
}

fn place(portal: &Portal, id: &str) -> Option<usize> {
    portal.jobs.iter().position(|job| job.id.eq_ignore_ascii_case(id))
}
