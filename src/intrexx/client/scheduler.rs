//! Calls: the jobs of a portal's scheduler (contract 23 to 27).

use std::sync::Arc;

use tokio::time::Instant;

use super::Client;
use super::answer::{LONGEST_MESSAGE, LONGEST_WORD, read_created, read_json, read_list, read_nothing};
use super::listed::{made, without_list};
use super::settle::settled;
use crate::base::fault::{Class, Fault};
use crate::http::{Answer, Body, Method, Patience, Request};
use crate::intrexx::address::Address;
use crate::intrexx::wire::scheduler::{Job, JobChange, Jobs};

impl Client {
    /// What `pick` takes from the jobs of a portal as they were at `fresh_after` or later (23). One call serves all of them; where the list
    /// leaves the properties out, one more reads those of one job, in turn, among the jobs of which they were read before.
    ///
    /// # Errors
    /// [`Class::Missing`] when the portal is gone; else the fault of the read that this caller waited for.
    pub async fn jobs<R>(&self, portal: &str, fresh_after: Instant, pick: impl FnOnce(&Jobs) -> R) -> Result<R, Fault> {
        let (client, name): (_, Arc<str>) = (self.clone(), portal.into());
        let outcome = self.lists().jobs.of(portal).read(fresh_after, move || client.list_jobs(name), pick).await;
        match outcome {
            Err(fault) => Err(without_list(self, portal, fault).await),
            jobs => jobs,
        }
    }

    async fn list_jobs(self, portal: Arc<str>) -> Result<Jobs, Fault> {
        let make = || {
            let request = Request::read("list_jobs", Method::GET).at([&*portal, "scheduler", "jobs"]);
            Ok(request.patience(Patience::List))
        };
        let mut rows = self.send(make, read_jobs).await?;
        let tells_properties = rows.iter().all(|job| job.properties.is_some());
        if !tells_properties {
            let details = &self.lists().job_properties;
            if let Some(address) = details.turn(&portal, rows.iter().map(|job| job.id.as_str())) {
                // Whoever needs this one finds out by himself what is wrong with it.
                let _ = self.read_job(&address).await;
            }
            for job in rows.iter_mut().filter(|job| job.properties.is_none()) {
                job.properties = details.get(&portal, &job.id);
            }
        }
        Ok(Jobs { rows, tells_properties })
    }

    /// A job, read now and by itself (25). What it finds goes into the shared copy.
    ///
    /// # Errors
    /// [`Class::Missing`] when there is no such job, or no such portal any more.
    pub async fn job(&self, address: &Address) -> Result<Job, Fault> {
        let begun = Instant::now();
        let job = self.known_portal(&address.portal, self.read_job(address).await).await?;
        let found = job.clone();
        self.lists().jobs.of(&address.portal).refine(begun, move |jobs| replace(jobs, &found));
        Ok(job)
    }

    async fn read_job(&self, address: &Address) -> Result<Job, Fault> {
        let Address { portal, id } = address;
        let make = || Ok(Request::read("get_job", Method::GET).at([portal.as_str(), "scheduler", "job", id]));
        let job = self.send(make, |answer| read_json(answer).map(|job| presentable(answer, job))).await?;
        self.lists().job_properties.learn(address, job.properties.clone().unwrap_or_default());
        Ok(job)
    }

    /// Makes a job, and returns its id (24). The vendor may let several have one name: whoever calls must have looked.
    ///
    /// # Errors
    /// [`Class::Taken`] when there is a job of this type and name. The outcome is unknown also when it was made and nothing tells its id.
    pub async fn create_job(&self, portal: &str, job_type: &str, job: &JobChange) -> Result<String, Fault> {
        let make = || {
            let request = Request::write("create_job", Method::POST).at([portal, "scheduler", "job", job_type]);
            Ok(request.body(Body::json("create_job", job)?))
        };
        let outcome = self.known_portal(portal, self.send(make, read_created).await).await;
        let name = job.name.clone().unwrap_or_default();
        let named = |jobs: &Jobs| jobs.named(job_type, &name).map(|job| job.id.clone()).collect::<Vec<_>>();
        match &outcome {
            Ok(Some(id)) => self.show_new(&Address::new(portal, id)).await,
            Ok(None) => {}
            Err(_) => self.lists().jobs.of(portal).invalidate(),
        }
        let listed = self.jobs(portal, Instant::now(), named);
        made("create_job", outcome, listed).await.map_err(|fault| match fault.class {
            Class::Missing => {
                let detail = format!("{} (is {job_type} a type of job in this portal?)", fault.detail);
                Fault { class: Class::Refused, detail, ..fault }
            }
            _ => fault,
        })
    }

    /// Puts a job that was just made into the shared copy, as the vendor shows it.
    async fn show_new(&self, address: &Address) {
        let copy = self.lists().jobs.of(&address.portal);
        match self.read_job(address).await {
            Ok(job) => copy.amend(move |jobs| {
                if jobs.by_id(&job.id).is_none() {
                    jobs.rows.push(job.clone());
                }
            }),
            Err(_) => copy.invalidate(),
        }
    }

    /// Changes a job (26), and waits a little until the vendor shows it. Repeating it does no harm.
    ///
    /// # Errors
    /// [`Class::Missing`] when there is no such job. [`Class::Refused`] for one that belongs to the product.
    pub async fn change_job(&self, address: &Address, change: &JobChange) -> Result<(), Fault> {
        let Address { portal, id } = address;
        let make = || {
            let request = Request::write("change_job", Method::PATCH).at([portal.as_str(), "scheduler", "job", id]);
            Ok(request.body(Body::json("change_job", change)?))
        };
        let copy = self.lists().jobs.of(portal);
        let before = copy.peek(|jobs| jobs.by_id(id).cloned()).flatten();
        let outcome = self.send(make, read_done).await;
        if outcome.is_err() {
            copy.invalidate();
        }
        self.known_portal(portal, outcome).await?;
        let (own, sent) = (id.clone(), change.clone());
        copy.amend(move |jobs| {
            for job in jobs.rows.iter_mut().filter(|job| job.id.eq_ignore_ascii_case(&own)) {
                *job = job.clone().with(&sent);
            }
        });
        if let Some(before) = before.filter(|before| !before.is_set_as(&before.clone().with(change))) {
            let shown = settled(|| self.job(address), |job| !job.is_set_as(&before)).await;
            if shown.is_none() {
                // What else changed with it, such as the next execution, is not known.
                copy.invalidate();
            }
        }
        Ok(())
    }

    /// Deletes a job (27).
    ///
    /// # Errors
    /// [`Class::Missing`] when there is none. [`Class::Transient`] while it runs. [`Class::Refused`] for one that belongs to the product.
    pub async fn delete_job(&self, address: &Address) -> Result<(), Fault> {
        let Address { portal, id } = address;
        let make = || Ok(Request::write("delete_job", Method::DELETE).at([portal.as_str(), "scheduler", "job", id]));
        let outcome = self.send(make, read_done).await;
        self.lists().jobs.of(portal).invalidate();
        match self.known_portal(portal, outcome).await {
            // Not for the transport to see as a failure: the vendor is well.
            Err(fault) if fault.class == Class::Taken => {
                let detail = format!("the job runs at the moment and is deleted once it does not: {}", fault.detail);
                Err(Fault { class: Class::Transient, detail, ..fault })
            }
            outcome => outcome,
        }
    }
}

fn read_jobs(answer: &Answer) -> Result<Vec<Job>, Fault> {
    Ok(read_list(answer)?.into_iter().map(|job| presentable(answer, job)).collect())
}

/// A job whose words are fit for a status.
fn presentable(answer: &Answer, job: Job) -> Job {
    let quote = |text: Option<String>, limit| text.map(|text| answer.quote(&text, limit));
    let (status, last_result) = (quote(job.status, LONGEST_WORD), quote(job.last_result, LONGEST_WORD));
    Job { status, last_result, last_message: quote(job.last_message, LONGEST_MESSAGE), ..job }
}

/// Success, or why not: a job may be one of the product's own.
fn read_done(answer: &Answer) -> Result<(), Fault> {
    read_nothing(answer).map_err(|fault| of_the_product(answer, fault))
}

/// A 403 about a job, to a token that is good: the job is one that nobody may change, and the credentials are right.
fn of_the_product(answer: &Answer, fault: Fault) -> Fault {
    if answer.status() != 403 {
        return fault;
    }
    let detail = format!("{}: the job belongs to the product, which keeps it as it is; leave it alone", fault.detail);
    Fault { class: Class::Refused, detail, code: None, ..fault }
}

/// Puts a job that was read by itself into the place of the listed one.
fn replace(jobs: &mut Jobs, found: &Job) {
    for job in jobs.rows.iter_mut().filter(|job| job.id.eq_ignore_ascii_case(&found.id)) {
        *job = found.clone();
    }
}

#[cfg(test)]
mod tests;
