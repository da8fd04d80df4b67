//! Run: how each action is done, and what may be done twice.

use super::{ActionFacts, ActionResult, JobsAction, JobsDeed, PortalActionSpec, job_path};
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;
use crate::engine::kind::{Invalid, Wanted};
use crate::engine::sibling::Siblings;
use crate::intrexx::address::{Address, same_guid};
use crate::intrexx::client::Client;
use crate::intrexx::wire::actions::{JobAction, JobResult, SearchIndex};

/// What may be done to a search index over and over. Of another word nobody knows.
const REPEATABLE: [&str; 4] = ["CREATE", "UPDATE", "DELETE", "OPTIMIZE"];

/// Results that a status has room for.
const LONGEST_LIST: usize = 100;

/// Whether a fault is the vendor's last word: it understood, and will not do it.
pub fn is_final(fault: &Fault) -> bool {
    let no = matches!(fault.class, Class::Refused | Class::Taken | Class::Missing | Class::Unsupported);
    no && fault.delivery == Delivery::Answered
}

/// Does what the spec says. `again`: it may have been done already.
///
/// # Errors
/// The fault of the call.
pub async fn carry_out(
    client: &Client,
    portal: &str,
    wanted: &Wanted<'_, PortalActionSpec>,
    again: bool,
) -> Result<ActionFacts, Fault> {
    let spec = wanted.spec;
    if let Some(index) = &spec.rebuild_search_index {
        let order = SearchIndex { action: &index.action, plugins: &index.plugins };
        client.start_search_index(portal, &order).await?;
        return Ok(reported(format!(
            "the portal took {} of its search index and does it in the background; nothing tells when that is over",
            index.action
        )));
    }
    if let Some(logout) = &spec.logout {
        client.log_out(portal, logout.user_id.as_deref()).await?;
        return Ok(reported(match &logout.user_id {
            Some(user) => format!("the session of user {user} was ended, if the version of Intrexx looks at the user"),
            None => "the session of the Administration API was ended".to_owned(),
        }));
    }
    if let Some(action) = &spec.jobs {
        return act_on_jobs(client, portal, action, wanted).await;
    }
    if spec.install_trial_license.is_some() {
        return match client.install_trial_license(portal, secret(wanted, "installTrialLicense.key")?).await {
            // A portal takes one trial licence: it was the first try that did it.
            Err(fault) if !(again && fault.class == Class::Taken) => Err(fault),
            _ => Ok(reported("the trial licence is installed".to_owned())),
        };
    }
    let length = client.deliver_diagnosis(portal, secret(wanted, "collectDiagnosis.uploadTo")?).await?;
    Ok(reported(format!("the diagnosis file was delivered: {length} bytes")))
}

fn reported(report: String) -> ActionFacts {
    ActionFacts { report: Some(report), ..ActionFacts::default() }
}

fn secret<'a>(wanted: &'a Wanted<'_, PortalActionSpec>, path: &str) -> Result<&'a Secret, Fault> {
    wanted.secrets.get(path).ok_or_else(|| {
        Fault::new(Class::Refused, "create", format!("spec.{path} has no value")).with_delivery(Delivery::NotSent)
    })
}

async fn act_on_jobs(
    client: &Client,
    portal: &str,
    action: &JobsAction,
    wanted: &Wanted<'_, PortalActionSpec>,
) -> Result<ActionFacts, Fault> {
    let chosen = chosen(wanted, portal)?;
    let job_ids: Vec<String> = chosen.iter().map(|job| job.id.clone()).collect();
    let word = action.action.word();
    let results = client.act_on_jobs(portal, &JobAction { action: word, job_ids: &job_ids }).await?;
    let failed: Vec<&str> = results.iter().filter(|row| row.is_failure()).map(|row| row.id.as_str()).collect();
    let failure = (!failed.is_empty()).then(|| format!("{word} came to nothing for these jobs: {}", failed.join(", ")));
    let count = match chosen.len() {
        0 => "every job".to_owned(),
        1 => "1 job".to_owned(),
        count => format!("{count} jobs"),
    };
    let report = format!("the scheduler took {word} for {count}; how a job then runs, it tells itself");
    let results = results.into_iter().take(LONGEST_LIST).map(|row| told(row, &chosen)).collect();
    Ok(ActionFacts { failure, results, ..reported(report) })
}

fn told(JobResult { id, result }: JobResult, chosen: &[Chosen<'_>]) -> ActionResult {
    let job = chosen.iter().find(|job| same_guid(&job.id, &id)).and_then(|job| job.name);
    ActionResult { job: job.map(str::to_owned), id, result }
}

/// A job that an action names.
pub struct Chosen<'a> {
    /// The SchedulerJob.
    name: Option<&'a str>,
    /// The vendor's id.
    id: String,
}

/// The jobs that an action names, as far as their ids are known.
///
/// # Errors
/// One of them is in another portal.
pub fn jobs<'a>(spec: &'a PortalActionSpec, portal: &str, siblings: &Siblings) -> Result<Vec<Chosen<'a>>, Invalid> {
    let mut chosen = Vec::new();
    for (at, choice) in spec.jobs.iter().flat_map(|jobs| &jobs.jobs).enumerate() {
        let name = choice.job.as_ref().map(|job| job.name.as_str());
        let sibling = siblings.id(&job_path(at)).and_then(Address::parse);
        if let Some(address) = sibling.as_ref().filter(|address| address.portal != portal) {
            return Err(Invalid {
                field: job_path(at),
                problem: format!("this SchedulerJob is in the portal {}, and the action in {portal}", address.portal),
                way_out: "name a job of the same portal".to_owned(),
            });
        }
        chosen.extend(sibling.map(|address| address.id).or_else(|| choice.id.clone()).map(|id| Chosen { name, id }));
    }
    Ok(chosen)
}

/// The same with every id, for a call that sends them: none left out would mean all jobs.
fn chosen<'a>(wanted: &Wanted<'a, PortalActionSpec>, portal: &str) -> Result<Vec<Chosen<'a>>, Fault> {
    let refused = |why: String| Fault::new(Class::Refused, "run_job_action", why).with_delivery(Delivery::NotSent);
    let chosen = jobs(wanted.spec, portal, wanted.siblings).map_err(|invalid| refused(invalid.to_string()))?;
    let named = wanted.spec.jobs.as_ref().map_or(0, |jobs| jobs.jobs.len());
    let all = wanted.spec.jobs.as_ref().and_then(|jobs| jobs.all) == Some(true);
    if chosen.len() != named || (named == 0) != all {
        return Err(refused("spec.jobs: not every job that it names is known".to_owned()));
    }
    Ok(chosen)
}

/// Where a person finds out whether an action was done that must not be done twice; none for one that may be repeated.
///
/// # Errors
/// The jobs of the spec are not known.
pub fn unrepeatable(wanted: &Wanted<'_, PortalActionSpec>, portal: &str) -> Result<Option<String>, Fault> {
    let spec = wanted.spec;
    if let Some(index) = &spec.rebuild_search_index {
        let word = &index.action;
        let look =
            format!("look at the search index of the portal {portal} (nobody knows whether {word} may be done twice)");
        return Ok((!REPEATABLE.contains(&word.as_str())).then_some(look));
    }
    let Some(action) = spec.jobs.as_ref().filter(|action| is_once(action.action)) else { return Ok(None) };
    let chosen = chosen(wanted, portal)?;
    let names: Vec<&str> = chosen.iter().map(|job| job.name.unwrap_or(&job.id)).collect();
    let which = if names.is_empty() { "every job".to_owned() } else { names.join(", ") };
    let word = action.action.word();
    Ok(Some(format!(
        "look at the scheduler of the portal {portal} whether {word} was done, such as at the last execution of {which}"
    )))
}

/// Whether doing it twice is more than doing it once.
fn is_once(deed: JobsDeed) -> bool {
    matches!(deed, JobsDeed::Execute | JobsDeed::Interrupt)
}
