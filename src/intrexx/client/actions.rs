//! Calls: what is done once in a portal (contract 18, 19, 22, 32, 52).

use serde::Serialize;
use tokio::io::AsyncWrite;

use super::Client;
use super::answer::{read_nothing, read_optional};
use crate::base::fault::Fault;
use crate::base::secret::Secret;
use crate::http::{Body, Method, Patience, Request};
use crate::intrexx::wire::actions::{JobAction, JobResult, Logout, SearchIndex, TrialLicense};

/// What the vendor's diagnosis file is.
const ZIP: &str = "application/zip";

impl Client {
    /// Starts something on a portal's search index (19). That it was taken says nothing of how it ends (contract, trap 23).
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn start_search_index(&self, portal: &str, order: &SearchIndex<'_>) -> Result<(), Fault> {
        let request = || {
            let request = Request::write("start_search_index", Method::POST).at([portal, "search", "index"]);
            with_json(request, order)
        };
        self.known_portal(portal, self.send(request, read_nothing).await).await
    }

    /// Ends the Administration API's own session in a portal, or that of one user (22). May be repeated.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn log_out(&self, portal: &str, user: Option<&str>) -> Result<(), Fault> {
        let request = || {
            let request = Request::write("logout", Method::POST).at([portal, "logout"]);
            match user {
                Some(user_id) => with_json(request, &Logout { user_id }),
                None => Ok(request),
            }
        };
        self.known_portal(portal, self.send(request, read_nothing).await).await
    }

    /// Does something to jobs, and returns what became of it where the vendor tells (32). Executing a job again has it run again.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn act_on_jobs(&self, portal: &str, order: &JobAction<'_>) -> Result<Vec<JobResult>, Fault> {
        let request = || {
            let request = Request::write("run_job_action", Method::PUT).at([portal, "scheduler", "actions"]);
            with_json(request, order)
        };
        let answer = self.send(request, read_optional::<serde_json::Value>).await;
        self.lists().jobs.of(portal).invalidate();
        Ok(JobResult::all_in(self.known_portal(portal, answer).await?.as_ref()))
    }

    /// Installs a trial licence in a portal, which takes one only (52).
    ///
    /// # Errors
    /// [`Class::Taken`](crate::base::fault::Class::Taken) when it has had one; else the fault of the call.
    pub async fn install_trial_license(&self, portal: &str, key: &Secret) -> Result<(), Fault> {
        let request = || {
            let request = Request::write("install_trial_license", Method::PUT).at([portal, "trial-license"]);
            Ok(with_json(request, &TrialLicense { key: key.expose() })?.secret(key.clone()))
        };
        self.known_portal(portal, self.send(request, read_nothing).await).await
    }

    /// Writes a portal's diagnosis file into `sink` as it comes (18). It may be large, and hold what is confidential.
    ///
    /// # Errors
    /// The fault of the call; the sink may then have a part.
    pub async fn diagnosis(&self, portal: &str, sink: &mut (impl AsyncWrite + Send + Unpin)) -> Result<(), Fault> {
        let request = || {
            let request = Request::read("get_diagnosis", Method::GET).at([portal, "diagnosis"]);
            Ok(request.patience(Patience::Long))
        };
        let outcome = self.0.session.send_into(sink, request, read_nothing).await;
        self.known_portal(portal, outcome).await
    }

    /// Has a portal's diagnosis file made, puts it at an address (HTTP `PUT`), and tells how large it was. May be repeated.
    ///
    /// # Errors
    /// The fault of either call.
    pub async fn deliver_diagnosis(&self, portal: &str, url: &Secret) -> Result<u64, Fault> {
        let courier = &self.0.courier;
        let mut spool = courier.spool("get_diagnosis").await?;
        self.diagnosis(portal, &mut spool).await?;
        let (file, _) = spool.finish("get_diagnosis").await?;
        let length = file.length();
        courier.deliver("deliver_diagnosis", url, ZIP, file).await?;
        Ok(length)
    }
}

fn with_json(request: Request, content: &impl Serialize) -> Result<Request, Fault> {
    let body = Body::json(request.operation, content)?;
    Ok(request.body(body))
}

#[cfg(test)]
pub(crate) mod tests;
