//! Calls: the portals of the installation (contract 2 to 4), and whether one is there at all.

use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::answer::{read_list, read_nothing, refusal};
use super::{Client, VENDOR};
use crate::base::fault::{Class, Fault};
use crate::http::{Answer, Method, Patience, Request};
use crate::intrexx::wire::portals::{Portal, Portals};

/// What `GET /portals` brought.
#[derive(Debug, Clone)]
pub(crate) enum Listing {
    /// The list.
    Whole(Portals),
    /// This installation has none to give, and how it said so.
    NotOffered(Fault),
}

/// How one call of `GET /portals` was answered.
enum Look {
    Whole(Vec<Portal>),
    /// With a status that may mean that there is no such list here.
    Refused(Fault),
}

impl Client {
    /// Proves that the API is reachable, takes the credentials and is licensed. That it has no list of portals, as in the vendor's
    /// containers, is no fault of the AdminApi (contract, trap 1).
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn check(&self, fresh_after: Instant) -> Result<(), Fault> {
        match self.listing(fresh_after, |_| ()).await {
            Err(fault) if fault.code == Some(403) => {
                Err(Fault { detail: self.0.session.unlicensed(&fault.detail), ..fault })
            }
            outcome => outcome,
        }
    }

    /// What `pick` takes from the portals as they were at `fresh_after` or later (contract 2).
    ///
    /// # Errors
    /// [`Class::Unsupported`] where the installation does not offer the list; else the fault of the read that this caller waited for.
    pub async fn portals<R>(&self, fresh_after: Instant, pick: impl FnOnce(&Portals) -> R) -> Result<R, Fault> {
        let pick = |listing: &Listing| match listing {
            Listing::Whole(portals) => Ok(pick(portals)),
            Listing::NotOffered(fault) => Err(fault.clone()),
        };
        self.listing(fresh_after, pick).await?
    }

    pub(super) async fn listing<R>(&self, fresh_after: Instant, pick: impl FnOnce(&Listing) -> R) -> Result<R, Fault> {
        let client = self.clone();
        self.lists().portals.read(fresh_after, move || async move { client.list_portals().await }, pick).await
    }

    /// What a 404 on something in a portal means: [`Class::Missing`] stays only when the portal itself answers just now, or is positively
    /// gone with all that was in it. Else it is [`Class::Transient`]: the Administration API may not know the portal yet, or at the moment
    /// (contract, traps 3 and 19). Other faults are given back as they are.
    pub async fn confirm_missing(&self, portal: &str, fault: Fault) -> Fault {
        if fault.class != Class::Missing {
            return fault;
        }
        let now = Instant::now();
        let (client, name) = (self.clone(), portal.to_owned());
        let fetch = move || async move {
            let make = || Ok(Request::read("get_webserver", Method::GET).at([name.as_str(), "webserver"]));
            client.send(make, read_nothing).await
        };
        match self.lists().presence.of(portal).read(now, fetch, |()| ()).await {
            Ok(()) => fault,
            Err(absent) if absent.class == Class::Missing => {
                match self.portals(now, |portals| portals.has_named(portal)).await {
                    Ok(false) => fault,
                    Ok(true) | Err(_) => {
                        let detail = format!(
                            "the Administration API does not know the portal {portal} at the moment; if it is new, name it in \
                             admin-api.yaml and restart the Administration API"
                        );
                        Fault { class: Class::Transient, detail, ..fault }
                    }
                }
            }
            Err(other) => other,
        }
    }

    /// The outcome of a call about something in a portal, with what a 404 means there: see [`Client::confirm_missing`].
    ///
    /// # Errors
    /// The fault of the outcome, or of the portal.
    pub(super) async fn known_portal<T>(&self, portal: &str, outcome: Result<T, Fault>) -> Result<T, Fault> {
        match outcome {
            Err(fault) => Err(self.confirm_missing(portal, fault).await),
            done => done,
        }
    }

    async fn list_portals(&self) -> Result<Listing, Fault> {
        let lists = self.lists();
        // Who has given the list before is down when it does not, and not of another make.
        let known = lists.portals_are_listed.load(Ordering::Relaxed);
        let make = || Ok(Request::read("list_portals", Method::GET).at(["portals"]).patience(Patience::List));
        let look = || self.0.session.send(make, |answer| read_portals(answer, known));
        let look = match look().await? {
            Look::Refused(first) if matches!(first.code, Some(500 | 503)) => {
                // A server that is down says the same: it has to let us in, and to say so again.
                self.0.session.prove().await?;
                match look().await? {
                    Look::Refused(second) if second.code != first.code => return Err(second),
                    second => second,
                }
            }
            look => look,
        };
        match look {
            Look::Whole(portals) => {
                lists.portals_are_listed.store(true, Ordering::Relaxed);
                Ok(Listing::Whole(Portals(portals)))
            }
            Look::Refused(fault) => Ok(Listing::NotOffered(unsupported(fault))),
        }
    }
}

/// The list, or the no of an installation that has none (contract, trap 1).
fn read_portals(answer: &Answer, known: bool) -> Result<Look, Fault> {
    match answer.status() {
        404 | 405 | 501 => Ok(Look::Refused(refusal(answer))),
        500 | 503 if !known && answer.retry_after().is_none() => Ok(Look::Refused(refusal(answer))),
        _ => read_list(answer).map(Look::Whole),
    }
}

fn unsupported(fault: Fault) -> Fault {
    let detail = format!(
        "this {VENDOR} does not offer its list of portals, as in the vendor's containers: {}; portals and templates can be managed on a \
         classic installation only",
        fault.detail
    );
    Fault { class: Class::Unsupported, detail, ..fault }
}

#[cfg(test)]
mod tests;
