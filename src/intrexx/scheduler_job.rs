//! SchedulerJob: a job of a portal's scheduler, and how its runs go.
//!
//! The vendor may let several jobs of one type have one name, so a name finds a job only where it is the only one. A list that leaves the
//! properties out is completed from what was read of each job by itself; one job of each portal is read again with each list.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use tokio::time::Instant;

use super::Intrexx;
use super::address::{self, Address};
use super::client::Client;
use super::listing::{in_portal, in_portals};
use super::open::{self, OpenMap, alike};
use super::portal_ref::{self, ObjectName};
use super::schedule::{self, Trigger};
use super::wire::scheduler::{Job, JobChange, Jobs, Rule};
use crate::base::clock;
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::MASK;
use crate::engine::kind::{
    AdminApiReference, Aspect, Attempt, Created, Found, Identity, Invalid, Kind, Listed, Listing, Managed, Progress,
    Seen, Sought, Wanted,
};
use crate::engine::policy::{Deletion, Deletions, Policy};
use crate::engine::sibling::{Sibling, Siblings};
use crate::engine::state::{Access, Field, State};
use crate::engine::status::Status;

/// How far a time of execution must have moved to be worth a write when nothing else changed, in seconds.
const TIME_STEP: i64 = 3600;

/// A job of the scheduler of an Intrexx portal: what it does, when it runs, and how its last run went.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "provost.dev",
    version = "v1alpha1",
    kind = "SchedulerJob",
    plural = "schedulerjobs",
    namespaced,
    category = "provost",
    status = "SchedulerJobStatus",
    printcolumn(name = "Job", type_ = "string", json_path = ".spec.jobName"),
    printcolumn(name = "Type", type_ = "string", json_path = ".spec.type"),
    printcolumn(name = "Next", type_ = "string", json_path = ".status.observed.nextExecution"),
    printcolumn(name = "Last-Result", type_ = "string", json_path = ".status.observed.lastResult")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = portal_ref::ONE_OF, validation = portal_ref::UNCHANGED)]
pub struct SchedulerJobSpec {
    /// The AdminApi (with an intrexx block) that the job is behind.
    #[x_kube(validation = ("self == oldSelf", "adminApi cannot be changed: the job lives there; make another object"))]
    pub admin_api: AdminApiReference,
    /// What Provost may do to the job.
    #[serde(default)]
    #[schemars(with = "Option<Policy>")]
    pub policy: Policy,
    /// The IntrexxPortal of this namespace that the job is in. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal: Option<ObjectName>,
    /// The technical name of the portal that the job is in, instead of an IntrexxPortal. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub portal_name: Option<String>,
    /// What sort of job it is, by the vendor's word in lower case: task, data_transfer, process_timer, user_import, portal_export, or another
    /// one that your version has. Cannot be changed after creation.
    #[serde(rename = "type")]
    #[schemars(length(max = 31), regex(pattern = "^[a-z][a-z0-9_]*$"))]
    #[x_kube(validation = ("self == oldSelf", "type cannot be changed after creation: the vendor takes it only then"))]
    pub job_type: String,
    /// The name of the job, by which it is found among those of its type. Cannot be changed after creation.
    #[schemars(length(min = 1, max = 255))]
    #[x_kube(validation = ("self == oldSelf", "jobName cannot be changed after creation: the job is found by it; make another object"))]
    pub job_name: String,
    /// A sentence about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether its triggers have it run. Absent: true at creation, then not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Which of several jobs goes first, from 1 to 10. Absent: the vendor's choice (5), not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10))]
    pub priority: Option<u32>,
    /// When it runs: all rules, in any order. Absent: not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50))]
    pub triggers: Option<Vec<Trigger>>,
    /// What a job of its type needs to know, by the vendor's names, such as connection_id for a data_transfer. Only these are managed. They
    /// are shown to whoever may see this object, so they are no place for passwords.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open::schema")]
    pub properties: Option<OpenMap>,
}

/// The status of a SchedulerJob.
pub type SchedulerJobStatus = Status<JobFacts>;

/// What is known of a job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobFacts {
    /// The job as the vendor last showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<ObservedJob>,
}

/// A job as the vendor last showed it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservedJob {
    /// WAITING, RUNNING, PAUSED, ERROR, or another word of the vendor's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// When it will run. It moves in steps of an hour at least, unless something else changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_execution: Option<String>,
    /// When it last ran, in the same steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_execution: Option<String>,
    /// OK, FAILED, or another word of the vendor's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_result: Option<String>,
    /// What the last run had to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message: Option<String>,
}

impl Managed for SchedulerJobSpec {
    fn admin_api(&self) -> &AdminApiReference {
        &self.admin_api
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// How a job is found, and what to call.
pub struct SchedulerJobs;

const fn field(path: &'static str, access: Access) -> Field {
    Field { path, access, key: false, group: "job" }
}

impl Kind for SchedulerJobs {
    type Vendor = Intrexx;
    type Spec = SchedulerJobSpec;
    type Facts = JobFacts;
    type Object = SchedulerJob;

    const IDENTITY: Identity = Identity::Listed;
    const RECREATE: bool = true;
    const ID_FORM: &'static str = address::ID_FORM;
    const LAG: Duration = Duration::from_secs(10);
    const DELETIONS: Deletions = &[Deletion::Delete, Deletion::Disable, Deletion::Orphan];
    const FIELDS: &'static [Field] = &[
        Field { key: true, ..field("jobName", Access::Immutable) },
        Field { key: true, ..field("type", Access::Immutable) },
        Field { key: true, ..field("portalName", Access::Immutable) },
        field("description", Access::Readable),
        field("active", Access::Readable),
        field("priority", Access::Readable),
        field("triggers", Access::Readable),
        field("properties.*", Access::Readable),
    ];
    const UNLISTED: Option<&'static str> = None;
    const REASONS: &'static [(&'static str, &'static str)] =
        &[("RunSucceeded", "The last run of the job went well."), ("RunFailed", "The last run of the job failed.")];

    fn natural_key(spec: &SchedulerJobSpec) -> String {
        let portal = portal_ref::spoken(spec.portal.as_ref(), spec.portal_name.as_deref());
        format!("job {} of type {} in {portal}", spec.job_name, spec.job_type)
    }

    fn siblings(spec: &SchedulerJobSpec) -> Vec<Sibling> {
        portal_ref::sibling(spec.portal.as_ref()).into_iter().collect()
    }

    fn writer(external_id: Option<&str>, spec: &SchedulerJobSpec, siblings: &Siblings) -> Option<String> {
        portal_ref::writer(external_id, spec.portal_name.as_deref(), siblings)
    }

    fn desired(spec: &SchedulerJobSpec, siblings: &Siblings) -> Result<State, Invalid> {
        let rules = rules(spec)?;
        let state = key(spec, siblings)
            .maybe("description", spec.description.as_deref())
            .maybe("active", spec.active)
            .maybe("priority", spec.priority)
            .maybe("triggers", rules.as_deref().map(schedule::told));
        let properties = spec.properties.iter().flatten();
        Ok(properties.fold(state, |state, (key, value)| state.with(&format!("properties.{key}"), value.clone())))
    }

    fn key(spec: &SchedulerJobSpec, siblings: &Siblings) -> Option<State> {
        Some(key(spec, siblings))
    }

    async fn find(
        client: &Client,
        sought: &Sought<'_, SchedulerJobSpec, JobFacts>,
    ) -> Result<Found<Seen<JobFacts>>, Fault> {
        let spec = sought.spec;
        let known = sought.external_id.map(|id| Address::of("list_jobs", id)).transpose()?;
        let portal = known.as_ref().map_or_else(|| portal(spec, sought.siblings), |known| Ok(known.portal.clone()))?;
        let pick = |jobs: &Jobs| {
            let found: Vec<Job> = match &known {
                Some(known) => jobs.by_id(&known.id).cloned().into_iter().collect(),
                None => jobs.named(&spec.job_type, &spec.job_name).cloned().collect(),
            };
            (found, jobs.tells_properties)
        };
        let (found, whole) = match client.jobs(&portal, sought.fresh_after, pick).await {
            Err(fault) if fault.class == Class::Missing => return Ok(Found::Absent),
            found => found?,
        };
        let called = || format!("jobs of type {} that are called {}", spec.job_type, spec.job_name);
        let mut job = match address::only(&portal, called, found, |job| &job.id) {
            Ok(None) => return Ok(Found::Absent),
            Ok(Some(job)) => job,
            Err(several) => return Ok(Found::Unknown(several)),
        };
        let address = Address::new(&portal, &job.id);
        if !whole && spec.properties.is_some() && (job.properties.is_none() || sought.alone) {
            job = match client.job(&address).await {
                Err(fault) if fault.class == Class::Missing => return Ok(Found::Absent),
                job => job?,
            };
        }
        let before = sought.facts.and_then(|facts| facts.observed.as_ref());
        let observed = observe(&job, before);
        let id = sought.external_id.map_or_else(|| address.to_string(), str::to_owned);
        let conditions = last_run(&observed).into_iter().collect();
        let facts = JobFacts { observed: Some(observed) };
        Ok(Found::Present(Seen { conditions, ..Seen::new(id, describe(&job, spec, &portal), facts) }))
    }

    async fn list(client: &Client, fresh_after: Instant) -> Result<Listing, Fault> {
        let look = |client: Client, portal: String| async move { list(&client, &portal, fresh_after).await };
        in_portals(client, fresh_after, look).await
    }

    async fn create(
        client: &Client,
        wanted: &Wanted<'_, SchedulerJobSpec>,
        _: Attempt<'_>,
    ) -> Result<Progress<JobFacts>, Fault> {
        let spec = wanted.spec;
        let portal = portal(spec, wanted.siblings)?;
        let job = JobChange {
            name: Some(spec.job_name.clone()),
            description: spec.description.clone(),
            active: Some(spec.active.unwrap_or(true)),
            priority: spec.priority,
            triggers: rules(spec).map_err(not_sent)?,
            properties: spec.properties.clone().map(|properties| properties.into_iter().collect()),
        };
        let id = client.create_job(&portal, &spec.job_type, &job).await?;
        let external_id = Address::new(portal, id).to_string();
        Ok(Progress::Done(Created { external_id, facts: JobFacts::default() }))
    }

    async fn update(
        client: &Client,
        external_id: &str,
        wanted: &Wanted<'_, SchedulerJobSpec>,
        _: &mut JobFacts,
    ) -> Result<(), Fault> {
        let spec = wanted.spec;
        let some = wanted.changes.iter().any(|change| change.path.starts_with("properties."));
        let properties = spec.properties.as_ref().filter(|_| some);
        let change = JobChange {
            name: None,
            description: spec.description.clone().filter(|_| wanted.changes("description")),
            active: spec.active.filter(|_| wanted.changes("active")),
            priority: spec.priority.filter(|_| wanted.changes("priority")),
            triggers: rules(spec).map_err(not_sent)?.filter(|_| wanted.changes("triggers")),
            // All of ours: that they are laid over the others is only likely.
            properties: properties.map(|properties| properties.clone().into_iter().collect::<Map<String, Json>>()),
        };
        client.change_job(&Address::of("change_job", external_id)?, &change).await
    }

    async fn disable(client: &Client, external_id: &str, _: &SchedulerJobSpec, _: &JobFacts) -> Result<(), Fault> {
        switch(client, external_id, false).await
    }

    async fn enable(client: &Client, external_id: &str, spec: &SchedulerJobSpec) -> Result<(), Fault> {
        // Absent means active at creation, and this is the nearest thing to one.
        if spec.active == Some(false) {
            return Ok(());
        }
        switch(client, external_id, true).await
    }

    async fn delete(client: &Client, external_id: &str, _: &SchedulerJobSpec, _: &JobFacts) -> Result<(), Fault> {
        client.delete_job(&Address::of("delete_job", external_id)?).await
    }
}

async fn list(client: &Client, portal: &str, fresh_after: Instant) -> Result<Vec<Listed>, Fault> {
    let (jobs, whole) = client.jobs(portal, fresh_after, |jobs| (jobs.rows.clone(), jobs.tells_properties)).await?;
    let mut listed = Vec::new();
    for job in jobs {
        // What the list leaves out, only the job's own page tells.
        let job = match job.properties {
            None if !whole => client.job(&Address::new(portal, &job.id)).await?,
            _ => job,
        };
        listed.push(listed_as(&job, portal));
    }
    Ok(listed)
}

fn listed_as(job: &Job, portal: &str) -> Listed {
    let (properties, hidden) = job.properties.as_ref().map(open::shareable).unwrap_or_default();
    let spec = json!({
        "jobName": job.name, "type": job.job_type.as_ref().map(|word| word.to_ascii_lowercase()),
        "description": job.description, "active": job.active, "priority": job.priority,
        "triggers": job.triggers.as_deref().map(schedule::told),
        "properties": Some(properties).filter(|properties| !properties.is_empty()),
    });
    let hidden = Some(hidden).filter(|hidden| !hidden.is_empty());
    let remark =
        hidden.map(|hidden| format!("properties that may hold secrets are not managed: {}", hidden.join(", ")));
    in_portal(portal, &job.id, &job.name, spec).remarked(remark)
}

async fn switch(client: &Client, external_id: &str, active: bool) -> Result<(), Fault> {
    let change = JobChange { active: Some(active), ..JobChange::default() };
    client.change_job(&Address::of("change_job", external_id)?, &change).await
}

fn key(spec: &SchedulerJobSpec, siblings: &Siblings) -> State {
    State::new()
        .with("jobName", spec.job_name.as_str())
        .with("type", spec.job_type.as_str())
        .maybe("portalName", portal_ref::portal_name(spec.portal_name.as_deref(), siblings))
}

fn portal(spec: &SchedulerJobSpec, siblings: &Siblings) -> Result<String, Fault> {
    portal_ref::known_name(spec.portal_name.as_deref(), siblings)
}

/// The rules of the spec, as the vendor takes them; none when they are not managed.
fn rules(spec: &SchedulerJobSpec) -> Result<Option<Vec<Rule>>, Invalid> {
    spec.triggers.as_deref().map(|triggers| schedule::rules(triggers, today())).transpose()
}

/// What is still today somewhere.
pub(super) fn today() -> Date {
    let yesterday = clock::now() - SignedDuration::from_hours(24);
    yesterday.to_zoned(TimeZone::UTC).date()
}

fn not_sent(invalid: Invalid) -> Fault {
    Fault::new(Class::Refused, "change_job", invalid.to_string()).with_delivery(Delivery::NotSent)
}

/// What a job is set to, in the words of the spec where the two mean the same.
fn describe(job: &Job, spec: &SchedulerJobSpec, portal: &str) -> State {
    let state = State::new()
        .with("jobName", job.name.as_str())
        .maybe("type", job.job_type.as_ref().map(|word| word.to_ascii_lowercase()))
        .with("portalName", portal)
        .with("description", job.description.as_deref().unwrap_or_default())
        .maybe("active", job.active)
        .maybe("priority", job.priority)
        .maybe("triggers", job.triggers.as_deref().map(|shown| triggers(spec, shown)));
    let Some(shown) = &job.properties else { return state };
    let mut state = shown.iter().filter(|(_, value)| **value != MASK).fold(state, |state, (key, value)| {
        let wanted = spec.properties.as_ref().and_then(|properties| properties.get(key));
        let value = wanted.filter(|wanted| alike(wanted, value)).unwrap_or(value);
        state.with(&format!("properties.{key}"), value.clone())
    });
    for key in spec.properties.iter().flat_map(OpenMap::keys).filter(|key| !shown.contains_key(*key)) {
        state = state.with(&format!("properties.{key}"), Json::Null);
    }
    state
}

/// The rules that the vendor shows: as the spec has them, when they are the same.
fn triggers(spec: &SchedulerJobSpec, shown: &[Rule]) -> Json {
    match rules(spec) {
        Ok(Some(wanted)) if schedule::is_shown(&wanted, shown) => schedule::told(&wanted),
        Ok(_) | Err(_) => schedule::told(shown),
    }
}

/// What goes into the status. That times of execution moved by less than an hour is no news.
fn observe(job: &Job, before: Option<&ObservedJob>) -> ObservedJob {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let runs = job.status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("RUNNING"));
    // While a job runs, there is no result of that run; the one before it still stands.
    let former = before.filter(|_| runs && job.last_result.is_none());
    let observed = ObservedJob {
        status: job.status.clone(),
        next_execution: time(job.next_execution),
        last_execution: time(job.last_execution),
        last_result: job.last_result.clone().or_else(|| former?.last_result.clone()),
        last_message: job.last_message.clone().or_else(|| former?.last_message.clone()),
    };
    before.filter(|before| only_times_moved(before, &observed)).cloned().unwrap_or(observed)
}

fn only_times_moved(before: &ObservedJob, after: &ObservedJob) -> bool {
    let still = |job: &ObservedJob| ObservedJob { next_execution: None, last_execution: None, ..job.clone() };
    let near = |old: &Option<String>, new: &Option<String>| {
        let second = |text: &Option<String>| Some(text.as_deref()?.parse::<Timestamp>().ok()?.as_second());
        match (second(old), second(new)) {
            (Some(old), Some(new)) => (old - new).abs() < TIME_STEP,
            (old, new) => old == new,
        }
    };
    still(before) == still(after)
        && near(&before.next_execution, &after.next_execution)
        && near(&before.last_execution, &after.last_execution)
}

/// The condition `LastRunSucceeded`, once there was a run of which the vendor says how it went.
fn last_run(observed: &ObservedJob) -> Option<Aspect> {
    let failed = match observed.last_result.as_deref()?.to_ascii_uppercase().as_str() {
        "OK" => false,
        "FAILED" => true,
        _ => return None,
    };
    let said = observed.last_message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
    let (reason, message) = match failed {
        true => ("RunFailed", format!("the last run failed{said}")),
        false => ("RunSucceeded", "the last run went well".to_owned()),
    };
    Some(Aspect { condition: "LastRunSucceeded", holds: !failed, reason, message })
}

#[cfg(test)]
mod tests;
