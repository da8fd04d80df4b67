//! PortalAction: something that is done once in a portal, as a Job is in Kubernetes: it runs, ends as Complete or Failed, and stays to be
//! read until its time is over.
//!
//! Nothing at the vendor tells afterwards whether it was done, or how it went on from there (contract, trap 23).

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Intrexx;
use super::address::Address;
use super::client::Client;
use super::portal_ref::{self, ObjectName};
use crate::base::clock::now;
use crate::base::fault::Fault;
use crate::engine::kind::{
    AdminApiReference, Aspect, Attempt, Created, Found, Identity, Invalid, Kind, Managed, Progress, SecretKey,
    SecretSource, Seen, Sought, Unready, Wanted,
};
use crate::engine::policy::{Deletion, Deletions, Policy};
use crate::engine::sibling::{Sibling, Siblings};
use crate::engine::state::{Access, Field, State};
use crate::engine::status::Status;

mod run;

/// Something that is done once in an Intrexx portal.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "provost.dev",
    version = "v1alpha1",
    kind = "PortalAction",
    plural = "portalactions",
    namespaced,
    category = "provost",
    status = "PortalActionStatus",
    printcolumn(name = "Complete", type_ = "string", json_path = ".status.conditions[?(@.type==\"Complete\")].status"),
    printcolumn(name = "Failed", type_ = "string", json_path = ".status.conditions[?(@.type==\"Failed\")].status"),
    printcolumn(name = "Finished", type_ = "date", json_path = ".status.finishedAt")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = portal_ref::ONE_OF,
    validation = portal_ref::UNCHANGED,
    validation = (
        "[has(self.rebuildSearchIndex), has(self.logout), has(self.jobs), has(self.installTrialLicense), \
         has(self.collectDiagnosis)].filter(set, set).size() == 1",
        "exactly one of rebuildSearchIndex, logout, jobs, installTrialLicense and collectDiagnosis must be set"
    ),
    validation = (
        "has(self.rebuildSearchIndex) == has(oldSelf.rebuildSearchIndex) && has(self.logout) == has(oldSelf.logout) \
         && has(self.jobs) == has(oldSelf.jobs) && has(self.installTrialLicense) == has(oldSelf.installTrialLicense) \
         && has(self.collectDiagnosis) == has(oldSelf.collectDiagnosis)",
        "an action cannot be changed: it is done once; make another object"
    )
)]
pub struct PortalActionSpec {
    /// The AdminApi (with an intrexx block) that the portal is behind.
    #[x_kube(validation = ("self == oldSelf", "adminApi cannot be changed: an action is done once; make another object"))]
    pub admin_api: AdminApiReference,
    /// What Provost may do. An action that is done cannot be undone, so there is nothing to do when it is deleted.
    #[serde(default)]
    #[schemars(with = "Option<Policy>")]
    pub policy: Policy,
    /// The IntrexxPortal of this namespace that it is done in. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal: Option<ObjectName>,
    /// The technical name of the portal that it is done in, instead of an IntrexxPortal. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub portal_name: Option<String>,
    /// Does something to the portal's search index, in the background of the portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = ("self == oldSelf", "an action cannot be changed: it is done once; make another object"))]
    pub rebuild_search_index: Option<RebuildSearchIndex>,
    /// Ends the session that the Administration API has in the portal, or that of one user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = ("self == oldSelf", "an action cannot be changed: it is done once; make another object"))]
    pub logout: Option<Logout>,
    /// Does something to jobs of the portal's scheduler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = ("self == oldSelf", "an action cannot be changed: it is done once; make another object"))]
    pub jobs: Option<JobsAction>,
    /// Installs a trial licence, so that the licensed time lasts longer. A portal takes one, once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = ("self == oldSelf", "an action cannot be changed: it is done once; make another object"))]
    pub install_trial_license: Option<InstallTrialLicense>,
    /// Collects the server's diagnosis file and puts it somewhere. It may hold secrets and personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = ("self == oldSelf", "an action cannot be changed: it is done once; make another object"))]
    pub collect_diagnosis: Option<CollectDiagnosis>,
    /// How long this object stays once the action is finished, in seconds. Absent: until somebody deletes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds_after_finished: Option<u32>,
}

/// What to do to a search index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RebuildSearchIndex {
    /// CREATE (build it anew), UPDATE, DELETE, OPTIMIZE, or another word that your version knows.
    #[schemars(length(min = 1, max = 63))]
    pub action: String,
    /// The parts of the product that it is done for, by the vendor's words. Absent: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Option<Vec<String>>", length(max = 32), inner(length(max = 63)))]
    pub plugins: Vec<String>,
}

/// Whose session to end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Logout {
    /// The id of a user. Absent: the Administration API's own session. Some versions do not look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub user_id: Option<String>,
}

/// What to do to jobs.
#[derive(KubeSchema, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "(has(self.jobs) && self.jobs.size() > 0) != (has(self.all) && self.all)",
    "name some jobs, or say all: true to mean every job of the portal"
))]
pub struct JobsAction {
    /// What to do. What is executed or interrupted is so once: it is not repeated when nobody can tell whether it was done.
    pub action: JobsDeed,
    /// The jobs that it is done to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Option<Vec<JobChoice>>", length(max = 100))]
    pub jobs: Vec<JobChoice>,
    /// True: it is done to every job of the portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
}

/// What can be done to jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum JobsDeed {
    /// Run it now.
    Execute,
    /// Let its rules rest.
    Pause,
    /// Let them count again.
    Resume,
    /// Break off its run.
    Interrupt,
    /// Switch its rules on.
    Activate,
    /// Switch them off.
    Deactivate,
}

/// One job.
#[derive(KubeSchema, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("has(self.job) != has(self.id)", "exactly one of job and id must be set"))]
pub struct JobChoice {
    /// A SchedulerJob of this namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobName>,
    /// The vendor's id of a job, instead of a SchedulerJob.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub id: Option<String>,
}

/// A SchedulerJob. Its name has a bound, without which Kubernetes would find the rule against changes too dear for so many of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JobName {
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// A trial licence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstallTrialLicense {
    /// Its key.
    pub key: SecretSource,
}

/// Where to put a diagnosis file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CollectDiagnosis {
    /// The HTTPS address that takes it by PUT, such as a presigned one of an object store. It is kept in a Secret, since whoever knows such an
    /// address may write there.
    pub upload_to: SecretSource,
}

/// The status of a PortalAction.
pub type PortalActionStatus = Status<ActionFacts>;

/// What is known of an action.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActionFacts {
    /// When the call was made that finished it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When it was finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
    /// Why it failed; absent when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// What came of it, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// What came of it for each job, where the vendor tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<ActionResult>,
}

/// What came of an action on one job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActionResult {
    /// The SchedulerJob, where the spec names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The vendor's id of the job.
    pub id: String,
    /// OK, FAILED, or another word of the vendor's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

impl Managed for PortalActionSpec {
    fn admin_api(&self) -> &AdminApiReference {
        &self.admin_api
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }
}

impl PortalActionSpec {
    /// What it does, by the name of its field.
    fn deed(&self) -> &'static str {
        match self {
            Self { rebuild_search_index: Some(_), .. } => "rebuildSearchIndex",
            Self { logout: Some(_), .. } => "logout",
            Self { jobs: Some(_), .. } => "jobs",
            Self { install_trial_license: Some(_), .. } => "installTrialLicense",
            Self { .. } => "collectDiagnosis",
        }
    }
}

impl JobsDeed {
    /// The vendor's word.
    fn word(self) -> &'static str {
        match self {
            Self::Execute => "EXECUTE",
            Self::Pause => "PAUSE",
            Self::Resume => "RESUME",
            Self::Interrupt => "INTERRUPT",
            Self::Activate => "ACTIVATE",
            Self::Deactivate => "DEACTIVATE",
        }
    }
}

/// The path of the SchedulerJob that the jobs of an action name at this place.
fn job_path(at: usize) -> String {
    format!("jobs.jobs[{at}].job")
}

/// How an action is done, once.
pub struct PortalActions;

const fn field(path: &'static str) -> Field {
    Field { path, access: Access::CreateOnly, key: false, group: "" }
}

impl Kind for PortalActions {
    type Vendor = Intrexx;
    type Spec = PortalActionSpec;
    type Facts = ActionFacts;
    type Object = PortalAction;

    const IDENTITY: Identity = Identity::Run;
    const EXPIRES: bool = true;
    const UNLISTED: Option<&'static str> =
        Some("an action is done once, and leaves nothing behind that could be listed");
    const DELETIONS: Deletions = &[Deletion::Orphan];
    const FIELDS: &'static [Field] = &[
        field("portalName"),
        field("rebuildSearchIndex.action"),
        field("rebuildSearchIndex.plugins"),
        field("logout.userId"),
        field("jobs.action"),
        field("jobs.jobs"),
        field("jobs.all"),
        field("installTrialLicense.key"),
        field("collectDiagnosis.uploadTo"),
    ];
    const REASONS: &'static [(&'static str, &'static str)] = &[
        ("Accepted", "The portal took the action and does it in the background; nothing tells when that is over."),
        ("Completed", "The action was carried out."),
        ("Rejected", "The vendor would not do the action, or not for every job; it is not tried again."),
    ];

    fn natural_key(spec: &PortalActionSpec) -> String {
        format!("{} in {}", spec.deed(), portal_ref::spoken(spec.portal.as_ref(), spec.portal_name.as_deref()))
    }

    fn secrets(spec: &PortalActionSpec) -> Vec<(Cow<'static, str>, &SecretKey)> {
        let license = spec.install_trial_license.iter().map(|license| ("installTrialLicense.key", &license.key));
        let upload = spec.collect_diagnosis.iter().map(|collect| ("collectDiagnosis.uploadTo", &collect.upload_to));
        license.chain(upload).map(|(path, source)| (path.into(), &source.secret_ref)).collect()
    }

    fn expiry(spec: &PortalActionSpec, facts: &ActionFacts) -> Option<Timestamp> {
        let finished: Timestamp = facts.finished_at.as_ref()?.parse().ok()?;
        finished.checked_add(SignedDuration::from_secs(spec.ttl_seconds_after_finished?.into())).ok()
    }

    fn siblings(spec: &PortalActionSpec) -> Vec<Sibling> {
        let jobs = spec.jobs.iter().flat_map(|jobs| &jobs.jobs).enumerate();
        let job = |(at, choice): (usize, &JobChoice)| {
            Some(Sibling::new(job_path(at), "SchedulerJob", &choice.job.as_ref()?.name))
        };
        portal_ref::sibling(spec.portal.as_ref()).into_iter().chain(jobs.filter_map(job)).collect()
    }

    fn writer(external_id: Option<&str>, spec: &PortalActionSpec, siblings: &Siblings) -> Option<String> {
        portal_ref::writer(external_id, spec.portal_name.as_deref(), siblings)
    }

    fn desired(spec: &PortalActionSpec, siblings: &Siblings) -> Result<State, Invalid> {
        let portal = portal_ref::portal_name(spec.portal_name.as_deref(), siblings);
        if let Some(portal) = &portal {
            run::jobs(spec, portal, siblings)?;
        }
        let plugins = spec.rebuild_search_index.as_ref().filter(|index| !index.plugins.is_empty());
        let named = spec.jobs.as_ref().filter(|jobs| !jobs.jobs.is_empty());
        Ok(State::new()
            .maybe("portalName", portal)
            .maybe("rebuildSearchIndex.action", spec.rebuild_search_index.as_ref().map(|index| index.action.as_str()))
            .maybe("rebuildSearchIndex.plugins", plugins.map(|index| index.plugins.clone()))
            .maybe("logout.userId", spec.logout.as_ref().and_then(|logout| logout.user_id.as_deref()))
            .maybe("jobs.action", spec.jobs.as_ref().map(|jobs| jobs.action.word()))
            .maybe("jobs.jobs", named.map(|jobs| serde_json::to_value(&jobs.jobs).unwrap_or_default()))
            .maybe("jobs.all", spec.jobs.as_ref().and_then(|jobs| jobs.all)))
    }

    /// What was done is what is on record: nobody can look for it.
    async fn find(
        _: &Client,
        sought: &Sought<'_, PortalActionSpec, ActionFacts>,
    ) -> Result<Found<Seen<ActionFacts>>, Fault> {
        let Some(id) = sought.external_id else { return Ok(Found::Absent) };
        let mut facts = sought.facts.cloned().unwrap_or_default();
        // Taken for done by a person, or restored without its status.
        facts.finished_at.get_or_insert_with(|| now().to_string());
        let (conditions, unready) = judged(sought.spec, &facts);
        Ok(Found::Present(Seen { conditions, unready, ..Seen::new(id, State::new(), facts) }))
    }

    async fn create(
        client: &Client,
        wanted: &Wanted<'_, PortalActionSpec>,
        attempt: Attempt<'_>,
    ) -> Result<Progress<ActionFacts>, Fault> {
        let portal = portal_ref::known_name(wanted.spec.portal_name.as_deref(), wanted.siblings)?;
        if attempt.uncertain
            && let Some(look) = run::unrepeatable(wanted, &portal)?
        {
            return Ok(Progress::Unclear(look));
        }
        let started_at = Some(now().to_string());
        let facts = match run::carry_out(client, &portal, wanted, attempt.uncertain).await {
            Ok(facts) => facts,
            Err(fault) if run::is_final(&fault) => {
                ActionFacts { failure: Some(fault.to_string()), ..ActionFacts::default() }
            }
            Err(fault) => return Err(fault),
        };
        let external_id = Address::new(portal, wanted.spec.deed()).to_string();
        let facts = ActionFacts { started_at, finished_at: Some(now().to_string()), ..facts };
        Ok(Progress::Done(Created { external_id, facts }))
    }

    async fn update(_: &Client, _: &str, _: &Wanted<'_, PortalActionSpec>, _: &mut ActionFacts) -> Result<(), Fault> {
        Ok(())
    }
}

fn judged(spec: &PortalActionSpec, facts: &ActionFacts) -> (Vec<Aspect>, Option<Unready>) {
    let aspect =
        |condition, reason, message: &str| Aspect { condition, holds: true, reason, message: message.to_owned() };
    if let Some(failure) = &facts.failure {
        let message = format!("{failure}; it is not tried again: to do so, make another object");
        let failed = vec![aspect("Failed", "Rejected", &message)];
        return (failed, Some(Unready { reason: "Rejected", message, passing: false }));
    }
    let background = spec.rebuild_search_index.is_some();
    let reason = if background { "Accepted" } else { "Completed" };
    let report = facts.report.as_deref().unwrap_or("it was taken for done");
    (vec![aspect("Complete", reason, report)], None)
}

#[cfg(test)]
mod tests;
