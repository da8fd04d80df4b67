//! Calls: making and deleting a portal (contract 3 and 4).

use tokio::time::Instant;

use super::Client;
use super::answer::{read_created, read_nothing};
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;
use crate::http::{Body, Method, Patience, Request};
use crate::intrexx::address::same_guid;
use crate::intrexx::wire::new_portal::{Demolition, NewPortal};
use crate::intrexx::wire::portals::Portal;

impl Client {
    /// Makes a portal, which takes minutes (contract, trap 2), and returns its GUID where the answer tells it. Success may be no more than a
    /// promise (202): the list tells when it is made. `name` is its technical name, `secrets` is what stands in the body.
    ///
    /// # Errors
    /// [`Class::Taken`] when a portal of that name is there by now; [`Class::Refused`] when the vendor objects to a path, a port or the
    /// database. [`Delivery::Unknown`] when the portal may come into being all the same.
    pub async fn create_portal(
        &self,
        name: &str,
        portal: &NewPortal<'_>,
        secrets: &[Secret],
    ) -> Result<Option<String>, Fault> {
        let make = || {
            let body = Body::json("create_portal", portal)?;
            let request = Request::write("create_portal", Method::POST).at(["portals"]).patience(Patience::Long);
            Ok(secrets.iter().fold(request.body(body), |request, secret| request.secret(secret.clone())))
        };
        let outcome = self.send(make, read_created).await;
        self.lists().portals.invalidate();
        match outcome {
            Err(fault) if fault.delivery == Delivery::Answered && is_refusal(&fault) => {
                Err(self.judge_refusal(name, fault).await)
            }
            outcome => outcome,
        }
    }

    /// Statuses are guesses here: that the name is taken is for the list to say, and a 404 means the template.
    async fn judge_refusal(&self, name: &str, fault: Fault) -> Fault {
        let there = self.portals(Instant::now(), |portals| portals.by_name(name).is_some()).await;
        let class = if there.is_ok_and(|there| there) { Class::Taken } else { Class::Refused };
        let detail = format!(
            "{}; the template of spec.create.templatePath must be on the server, and portalPath, ports and database must be free",
            fault.detail
        );
        Fault { class, detail, ..fault }
    }

    /// Deletes the portal of this technical name by its GUID, which is looked up just now (contract, trap 4). That there is none is as good.
    /// `judged` is the portal that the decision was about.
    ///
    /// # Errors
    /// [`Class::Refused`], not sent, when the portal of that name is another one by now. [`Class::Unsupported`] where portals cannot be
    /// deleted.
    pub async fn delete_portal(&self, judged: &Portal, demolition: &Demolition) -> Result<(), Fault> {
        let now = self.portals(Instant::now(), |portals| portals.by_name(&judged.name).cloned()).await?;
        let Some(portal) = now else { return Ok(()) };
        let refuse =
            |detail: String| Err(Fault::new(Class::Refused, "delete_portal", detail).with_delivery(Delivery::NotSent));
        let guid = match (&portal.guid, &judged.guid) {
            (Some(guid), Some(known)) if same_guid(guid, known) => guid,
            (None, _) => return refuse(format!("the list of portals has no GUID for {}", portal.name)),
            _ => return refuse(format!("the portal {} is another one than a moment ago", portal.name)),
        };
        let make = || {
            let request = Request::write("delete_portal", Method::DELETE).at(["portals", guid]);
            Ok(request.patience(Patience::Long).body(Body::json("delete_portal", demolition)?))
        };
        let outcome = self.send(make, read_nothing).await;
        self.lists().portals.invalidate();
        match outcome {
            Err(fault) if fault.class == Class::Missing => Ok(()),
            // Busy: it is being made, or restarted.
            Err(fault) if fault.class == Class::Taken => Err(Fault { class: Class::Transient, ..fault }),
            outcome => outcome,
        }
    }
}

fn is_refusal(fault: &Fault) -> bool {
    matches!(fault.class, Class::Taken | Class::Missing | Class::Refused)
}

#[cfg(test)]
mod tests;
