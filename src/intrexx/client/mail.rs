//! Calls: the mail services of a portal (contract 33 to 38). There is none that deletes one.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use tokio::time::Instant;

use super::Client;
use super::answer::{LONGEST_MESSAGE, LONGEST_WORD, read_created, read_json, read_list, read_nothing};
use super::listed::{made, without_list};
use super::settle::settled;
use crate::base::fault::Fault;
use crate::base::secret::Secret;
use crate::http::{Answer, Body, Method, Patience, Request};
use crate::intrexx::address::Address;
use crate::intrexx::wire::mail::{MailService, MailServices, MailStatus};

impl Client {
    /// What `pick` takes from the mail services of a portal as they were at `fresh_after` or later (33). One call serves all of them; one
    /// more reads the status of one service, in turn, among those whose status was read before.
    ///
    /// # Errors
    /// [`Class::Missing`](crate::base::fault::Class::Missing) when the portal is gone; else the fault of the read that this caller waited for.
    pub async fn mail_services<R>(
        &self,
        portal: &str,
        fresh_after: Instant,
        pick: impl FnOnce(&MailServices) -> R,
    ) -> Result<R, Fault> {
        let (client, name): (_, Arc<str>) = (self.clone(), portal.into());
        let fetch = move || client.list_mail_services(name);
        match self.lists().mail_services.of(portal).read(fresh_after, fetch, pick).await {
            Err(fault) => Err(without_list(self, portal, fault).await),
            services => services,
        }
    }

    async fn list_mail_services(self, portal: Arc<str>) -> Result<MailServices, Fault> {
        let make = || {
            let request = Request::read("list_mail_services", Method::GET).at([&*portal, "mailservices"]);
            Ok(request.patience(Patience::List))
        };
        let services: Vec<MailService> = self.send(make, read_list).await?;
        let ids = services.iter().map(|service| service.id.as_str());
        if let Some(address) = self.lists().mail_statuses.turn(&portal, ids) {
            // Whoever needs this one finds out by himself what is wrong with it.
            let _ = self.read_mail_status(&address).await;
        }
        Ok(MailServices(services))
    }

    /// Adds a mail service, and returns its id (34). Whoever calls must have looked whether there is one of this name.
    ///
    /// # Errors
    /// [`Class::Taken`](crate::base::fault::Class::Taken) when there is. The outcome is unknown also when it was made and nothing tells its id.
    pub async fn create_mail_service(
        &self,
        portal: &str,
        name: &str,
        fields: &Map<String, Json>,
        password: Option<&Secret>,
    ) -> Result<String, Fault> {
        let mut body = fields.clone();
        body.insert("name".to_owned(), json!(name));
        let make = || {
            let request = Request::write("create_mail_service", Method::POST).at([portal, "mailservices"]);
            carrying(request, &body, password)
        };
        let outcome = self.known_portal(portal, self.send(make, read_created).await).await;
        let copy = self.lists().mail_services.of(portal);
        let named =
            |services: &MailServices| services.named(name).map(|service| service.id.clone()).collect::<Vec<_>>();
        match &outcome {
            Ok(Some(id)) => {
                let new = MailService::new(id, name, fields);
                copy.amend(move |services| {
                    if services.by_id(&new.id).is_none() {
                        services.0.push(new.clone());
                    }
                });
            }
            Ok(None) => {}
            Err(_) => copy.invalidate(),
        }
        made("create_mail_service", outcome, self.mail_services(portal, Instant::now(), named)).await
    }

    /// Changes these fields of a mail service, and its password if one is given (36), and waits a little until the vendor shows it. Repeating
    /// it does no harm.
    ///
    /// # Errors
    /// [`Class::Missing`](crate::base::fault::Class::Missing) when there is no such service, or no such portal any more.
    pub async fn change_mail_service(
        &self,
        address: &Address,
        fields: &Map<String, Json>,
        password: Option<&Secret>,
    ) -> Result<(), Fault> {
        let Address { portal, id } = address;
        let make = || {
            let request = Request::write("change_mail_service", Method::PATCH);
            carrying(request.at([portal.as_str(), "mailservices", id]), fields, password)
        };
        let copy = self.lists().mail_services.of(portal);
        let before = copy.peek(|services| services.by_id(id).cloned()).flatten();
        let outcome = self.send(make, read_nothing).await;
        // A new standard service takes that from another one.
        if outcome.is_err() || fields.get("default") == Some(&Json::Bool(true)) {
            copy.invalidate();
        }
        self.known_portal(portal, outcome).await?;
        let (own, sent) = (id.clone(), fields.clone());
        copy.amend(move |services| {
            for service in services.0.iter_mut().filter(|service| service.id.eq_ignore_ascii_case(&own)) {
                *service = service.clone().with(&sent);
            }
        });
        if let Some(before) = before.filter(|before| *before != before.clone().with(fields)) {
            self.await_mail_service(address, &before).await;
        }
        Ok(())
    }

    /// Waits until a service (35) is not set as before any more, and puts what it is then into the shared copy.
    async fn await_mail_service(&self, Address { portal, id }: &Address, before: &MailService) {
        let make = || Ok(Request::read("get_mail_service", Method::GET).at([portal.as_str(), "mailservices", id]));
        let read = async || {
            let begun = Instant::now();
            self.send(make, read_json::<MailService>).await.map(|found| (begun, found))
        };
        let Some((begun, found)) = settled(read, |(_, found)| found != before).await else { return };
        self.lists().mail_services.of(portal).refine(begun, move |services: &mut MailServices| {
            let same = |service: &&mut MailService| service.id.eq_ignore_ascii_case(&found.id);
            services.0.iter_mut().filter(same).for_each(|service| service.clone_from(&found));
        });
    }

    /// How a mail service was when somebody last asked.
    pub fn known_mail_status(&self, Address { portal, id }: &Address) -> Option<MailStatus> {
        self.lists().mail_statuses.get(portal, id)
    }

    /// How a mail service is now (37).
    ///
    /// # Errors
    /// [`Class::Missing`](crate::base::fault::Class::Missing) when there is no such service, or no such portal any more.
    pub async fn mail_status(&self, address: &Address) -> Result<MailStatus, Fault> {
        self.known_portal(&address.portal, self.read_mail_status(address).await).await
    }

    async fn read_mail_status(&self, address: &Address) -> Result<MailStatus, Fault> {
        let Address { portal, id } = address;
        let path = [portal.as_str(), "mailservices", id, "status"];
        let make = || Ok(Request::read("get_mail_status", Method::GET).at(path));
        let status = self.send(make, read_status).await?;
        self.lists().mail_statuses.learn(address, status.clone());
        Ok(status)
    }

    /// Starts or stops a mail service (38), which may take it a while. Repeating it does no harm.
    ///
    /// # Errors
    /// [`Class::Missing`](crate::base::fault::Class::Missing) when there is no such service, or no such portal any more.
    pub async fn set_mail_status(&self, address: &Address, runs: bool) -> Result<(), Fault> {
        let Address { portal, id } = address;
        let path = [portal.as_str(), "mailservices", id, "status"];
        let body = json!({"status": if runs { "RUNNING" } else { "STOPPED" }});
        let make = || {
            let request = Request::write("set_mail_status", Method::PUT).at(path);
            Ok(request.body(Body::json("set_mail_status", &body)?))
        };
        let outcome = self.send(make, read_nothing).await;
        self.lists().mail_statuses.forget(address);
        self.known_portal(portal, outcome).await?;
        let before = if runs { "STOPPED" } else { "RUNNING" };
        settled(|| self.read_mail_status(address), |status| !status.is(before)).await;
        Ok(())
    }
}

fn read_status(answer: &Answer) -> Result<MailStatus, Fault> {
    let status: MailStatus = read_json(answer)?;
    let message = status.message.as_deref().map(|text| answer.quote(text, LONGEST_MESSAGE));
    Ok(MailStatus { status: answer.quote(&status.status, LONGEST_WORD), message, ..status })
}

/// The request with these fields and this password as its body.
fn carrying(request: Request, fields: &Map<String, Json>, password: Option<&Secret>) -> Result<Request, Fault> {
    let mut body = fields.clone();
    if let Some(password) = password {
        body.insert("password".to_owned(), json!(password.expose()));
    }
    let body = Body::json(request.operation, &body)?;
    Ok(password.into_iter().fold(request.body(body), |request, password| request.secret(password.clone())))
}

#[cfg(test)]
mod tests;
