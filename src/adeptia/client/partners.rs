//! Partners, which the vendor calls companies (contract 2.10–2.13, 2.18, 2.22). Whether it lets anybody read them is nowhere documented: an
//! installation that does not is told from one that has none.
//!
//! What comes with the product is never written to: a call that writes needs a [`PartnerId`], and there is none of those.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};

use tokio::time::Instant;

use super::lists::Listing;
use super::{Client, VENDOR, read_nothing, read_wrapped};
use crate::adeptia::config::Profile;
use crate::adeptia::wire::id::Id;
use crate::adeptia::wire::partners::{ACTIVE, Company, CompanyFields};
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;
use crate::http::{Answer, Body, Method, Request};

/// The vendor's word for a partner, around what is sent and shown.
const WRAPPER: &str = "Company";

/// The id of a partner that may be written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerId(Id);

impl PartnerId {
    /// The partner with this id, for this operation.
    ///
    /// # Errors
    /// [`Class::Refused`], not sent, for what comes with the product (contract 3) and for what is no id.
    pub fn writable(operation: &'static str, id: &str) -> Result<Self, Fault> {
        let partner = Id::new(id);
        let why = if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            format!(
                "{id:?} is not the id of a partner, which has digits only; correct the annotation provost.dev/external-id"
            )
        } else if partner.is_built_in() {
            format!(
                "the company {id} comes with {VENDOR}, and is never changed or deleted; manage another partner with this object"
            )
        } else {
            return Ok(Self(partner));
        };
        Err(Fault::new(Class::Refused, operation, why).with_delivery(Delivery::NotSent))
    }

    /// The id itself.
    pub fn id(&self) -> &Id {
        &self.0
    }

    /// The id as a text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for PartnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Partners, indexed for those who look for one of them.
#[derive(Clone, Default)]
pub struct Partners {
    by_id: BTreeMap<String, Company>,
    ids_by_name: HashMap<String, BTreeSet<String>>,
}

impl Partners {
    /// The partner with this id.
    pub fn by_id(&self, id: &str) -> Option<&Company> {
        self.by_id.get(id)
    }

    /// The partners with this name. There should be one at most.
    pub fn by_name(&self, name: &str) -> Vec<&Company> {
        let ids = self.ids_by_name.get(name.trim()).into_iter().flatten();
        ids.filter_map(|id| self.by_id.get(id)).collect()
    }

    /// All of them, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Company> {
        self.by_id.values()
    }

    fn put(&mut self, company: Company) {
        self.remove(company.id.as_str());
        let id = company.id.to_string();
        if let Some(name) = company.name() {
            self.ids_by_name.entry(name.trim().to_owned()).or_default().insert(id.clone());
        }
        self.by_id.insert(id, company);
    }

    fn remove(&mut self, id: &str) -> Option<Company> {
        let company = self.by_id.remove(id)?;
        if let Some(ids) = company.name().and_then(|name| self.ids_by_name.get_mut(name.trim())) {
            ids.remove(id);
        }
        Some(company)
    }
}

impl FromIterator<Company> for Partners {
    fn from_iter<I: IntoIterator<Item = Company>>(companies: I) -> Self {
        let mut all = Self::default();
        companies.into_iter().for_each(|company| all.put(company));
        all
    }
}

/// What the list of partners brought.
pub(crate) enum PartnerListing {
    /// The list.
    Given(Listing<Partners>),
    /// This installation has none to give, and how it said so.
    NotOffered(Fault),
}

impl PartnerListing {
    fn amend(&mut self, change: impl FnOnce(&mut Partners)) {
        if let Self::Given(listing) = self {
            change(&mut listing.rows);
        }
    }
}

/// What a change of a partner is about: each is a call of its own on the vendor's page, of the same method and path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Its own fields.
    Company,
    /// The networks that it belongs to.
    Networks,
    /// The values of its parameters.
    Parameters,
}

impl Part {
    fn operation(self) -> &'static str {
        match self {
            Self::Company => "change_partner",
            Self::Networks => "move_partner",
            Self::Parameters => "set_parameters",
        }
    }
}

impl Client {
    /// What `pick` takes from the partners as they were at `fresh_after` or later.
    ///
    /// # Errors
    /// [`Class::Unsupported`] where this installation does not show its partners; else the fault of the read that this caller waited for.
    pub async fn partners<R>(
        &self,
        fresh_after: Instant,
        pick: impl FnOnce(&Listing<Partners>) -> R,
    ) -> Result<R, Fault> {
        let pick = |listing: &PartnerListing| match listing {
            PartnerListing::Given(listing) => Ok(pick(listing)),
            PartnerListing::NotOffered(fault) => Err(fault.clone()),
        };
        let client = self.clone();
        self.lists().partners.read(fresh_after, move || async move { client.list_partners().await }, pick).await?
    }

    /// One partner as it is now, asked for alone.
    ///
    /// # Errors
    /// [`Class::Missing`] where there is none such, or no such call.
    pub async fn partner(&self, id: &str) -> Result<Company, Fault> {
        let begun = Instant::now();
        let make = || Ok(Request::read("get_partner", Method::GET).at(["rest", "company", id]));
        let company = self.send(make, |answer| read_wrapped::<Company>(answer, WRAPPER)).await?;
        if company.id.as_str() != id {
            let detail = format!("asked for the partner {id}, the vendor shows the partner {}", company.id);
            return Err(Fault::new(Class::Broken, "get_partner", detail));
        }
        let shown = company.clone();
        self.lists().partners.refine(begun, move |listing| listing.amend(|rows| rows.put(shown.clone())));
        Ok(company)
    }

    /// Makes a partner, and returns its id.
    ///
    /// # Errors
    /// [`Class::Taken`] when the name is in use; [`Delivery::Unknown`] also when it was made and no id was told.
    pub async fn create_partner(&self, name: &str, fields: &CompanyFields) -> Result<Id, Fault> {
        let make = || {
            let request = Request::write("create_partner", Method::POST).at(["rest", "company"]);
            Ok(request.body(body("create_partner", fields)?))
        };
        let outcome = self.send(make, |answer| read_wrapped::<Company>(answer, WRAPPER)).await;
        match outcome {
            Ok(shown) => {
                let id = shown.id.clone();
                let company = Company::sent(id.clone(), fields).overlaid(&shown);
                self.lists().partners.amend(move |listing| listing.amend(|rows| rows.put(company.clone())));
                Ok(id)
            }
            Err(fault) => {
                // It may have been made, also when the answer is no more than unreadable.
                self.lists().partners.invalidate();
                Err(self.unless_taken(name, fault).await)
            }
        }
    }

    /// Changes these fields of a partner and no other. May be repeated, unless it makes new rows of parameters. Returns what the answer shows
    /// of the partner, if anything.
    ///
    /// # Errors
    /// [`Class::Refused`] with the vendor's words.
    pub async fn change_partner(
        &self,
        partner: &PartnerId,
        part: Part,
        fields: &CompanyFields,
        secrets: &[&Secret],
    ) -> Result<Option<Company>, Fault> {
        let operation = part.operation();
        let make = || {
            let request = Request::write(operation, Method::PUT).at(["rest", "company", partner.as_str()]);
            let request = request.body(body(operation, fields)?);
            Ok(secrets.iter().fold(request, |request, secret| request.secret((*secret).clone())))
        };
        // What a success says beside is nowhere documented, and the change is done whatever it is.
        let read = |answer: &Answer| {
            read_nothing(answer)?;
            Ok(read_wrapped::<Company>(answer, WRAPPER).ok())
        };
        let outcome = self.send(make, read).await.map(|shown| shown.filter(|shown| shown.id == *partner.id()));
        match &outcome {
            Ok(shown) => self.amend_partner(partner, fields.clone(), shown.clone()),
            Err(_) => self.lists().partners.invalidate(),
        }
        outcome.map_err(refused)
    }

    /// Makes a partner active or inactive.
    ///
    /// # Errors
    /// As [`Client::change_partner`].
    pub async fn switch_partner(&self, partner: &PartnerId, active: bool) -> Result<(), Fault> {
        let fields = CompanyFields::new().with("status", self.status(active));
        self.change_partner(partner, Part::Company, &fields, &[]).await.map(|_| ())
    }

    /// The code of an active or an inactive partner.
    pub fn status(&self, active: bool) -> u32 {
        if active { ACTIVE } else { self.inactive_status() }
    }

    /// Deletes a partner, and its transactions with it. The vendor may want it to be inactive (contract, trap 26).
    ///
    /// # Errors
    /// [`Class::Missing`] when there is none such; [`Class::Refused`] with the vendor's words.
    pub async fn delete_partner(&self, partner: &PartnerId) -> Result<(), Fault> {
        let make = || {
            let (method, path) = match self.profile() {
                Profile::Legacy => (Method::DELETE, vec!["rest", "company", partner.as_str()]),
                // It deletes with PUT (trap 4).
                Profile::Seed | Profile::Current => {
                    (Method::PUT, vec!["rest", "company", "deletepartner", partner.as_str()])
                }
            };
            Ok(Request::write("delete_partner", method).at(path))
        };
        let outcome = self.send(make, read_nothing).await;
        let id = partner.id().clone();
        if outcome.as_ref().map_or_else(|fault| fault.class == Class::Missing, |()| true) {
            self.deleted_partners().insert(id.to_string());
        }
        match &outcome {
            Ok(()) => self.lists().partners.amend(move |listing| listing.amend(|rows| drop(rows.remove(id.as_str())))),
            Err(_) => self.lists().partners.invalidate(),
        }
        outcome.map_err(refused)
    }

    /// Whether a partner was deleted from here.
    pub fn has_deleted(&self, id: &str) -> bool {
        self.deleted_partners().contains(id)
    }

    fn deleted_partners(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.lists().deleted_partners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts into the shared copy what was sent, and what the answer shows of it, which is surer.
    pub(super) fn amend_partner(&self, partner: &PartnerId, sent: CompanyFields, shown: Option<Company>) {
        let id = partner.id().clone();
        let apply = move |rows: &mut Partners| {
            if let Some(mut company) = rows.remove(id.as_str()) {
                company.apply(&sent);
                rows.put(match &shown {
                    Some(shown) => company.overlaid(shown),
                    None => company,
                });
            }
        };
        self.lists().partners.amend(move |listing| listing.amend(&apply));
    }

    /// A server may say that a name is taken with the status of any refusal: the list tells.
    async fn unless_taken(&self, name: &str, fault: Fault) -> Fault {
        if fault.class != Class::Refused {
            return fault;
        }
        match self.partners(Instant::now(), |listing| listing.rows.by_name(name).is_empty()).await {
            Ok(false) => Fault { class: Class::Taken, ..fault },
            Ok(true) | Err(_) => fault,
        }
    }

    async fn list_partners(&self) -> Result<PartnerListing, Fault> {
        match self.list::<Company>("list_partners", &["rest", "company"], WRAPPER).await {
            Ok(mut listing) => {
                let nameless =
                    |one: &Company| !one.id.is_built_in() && one.name().is_none_or(|name| name.trim().is_empty());
                if listing.doubt.is_none() && listing.rows.iter().any(nameless) {
                    listing.doubt = Some(
                        "the list does not show the name of every partner, and so not who they are; set the annotation \
                         provost.dev/external-id to the id of the one that is meant"
                            .to_owned(),
                    );
                }
                self.lists().partners_are_listed.store(true, Ordering::Relaxed);
                Ok(PartnerListing::Given(listing.map(Partners::from_iter)))
            }
            // One that has shown them before is out of order, rather than without them.
            Err(fault)
                if matches!(fault.code, Some(404 | 405 | 501))
                    && !self.lists().partners_are_listed.load(Ordering::Relaxed) =>
            {
                let detail = format!("this {VENDOR} does not show its partners: {}", fault.detail);
                Ok(PartnerListing::NotOffered(Fault { class: Class::Unsupported, detail, ..fault }))
            }
            Err(fault) => Err(fault),
        }
    }
}

/// Only what is made can be told that its name is taken: any other conflict is a refusal.
pub(super) fn refused(fault: Fault) -> Fault {
    match fault.class {
        Class::Taken => Fault { class: Class::Refused, ..fault },
        _ => fault,
    }
}

fn body(operation: &'static str, fields: &CompanyFields) -> Result<Body, Fault> {
    Body::json(operation, &serde_json::json!({ WRAPPER: fields }))
}

#[cfg(test)]
pub(crate) mod tests;
