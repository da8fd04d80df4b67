//! Linkages: which templates a partner may use (contract 2.14–2.17).
//!
//! Revoking one grant and revoking all of a partner have the same method and the same path; the query alone tells which, and without it one
//! grant's id may be taken for a partner's (trap 19). So an id says what it is the id of, and each of the four calls is built whole, with its
//! query, in one place that takes no other sort of id.

use super::partners::{PartnerId, refused};
use super::{Client, read_nothing, read_wrapped};
use crate::adeptia::config::Profile;
use crate::adeptia::wire::id::{Id, NumberRef};
use crate::adeptia::wire::partners::{Grant, Granted};
use crate::base::fault::{Class, Fault};
use crate::http::{Answer, Body, Method, Request};

const WRAPPER: &str = "TemplatePartnerLinkage";
const PATH: [&str; 2] = ["rest", "templatepartnerlinkage"];

/// The id of one grant: nothing else is revoked by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkageId(Id);

impl LinkageId {
    /// The grant with this id.
    pub fn new(id: &str) -> Self {
        Self(Id::new(id))
    }

    /// The id as a text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl Client {
    /// Lets a partner use a template, and tells the id of the grant where the answer does.
    ///
    /// # Errors
    /// [`Class::Taken`] when it is granted already, and maybe for another conflict, such as a template that is not activated;
    /// [`Class::Refused`] with the vendor's words.
    pub async fn grant_template(&self, partner: &PartnerId, template: &str) -> Result<Option<LinkageId>, Fault> {
        let template = NumberRef { id: Id::new(template) };
        let make = || grant_one(self.profile(), partner, &template);
        let read = |answer: &Answer| {
            read_nothing(answer)?;
            let granted = read_wrapped::<Granted>(answer, WRAPPER).ok().and_then(|granted| granted.id);
            Ok(granted.map(LinkageId))
        };
        self.send(make, read).await
    }

    /// Lets a partner use every template.
    ///
    /// # Errors
    /// As [`Client::grant_template`].
    pub async fn grant_all_templates(&self, partner: &PartnerId) -> Result<(), Fault> {
        self.send(|| grant_all(self.profile(), partner), read_nothing).await
    }

    /// Revokes one grant. One that is gone stays so.
    ///
    /// # Errors
    /// [`Class::Refused`] with the vendor's words.
    pub async fn revoke_template(&self, linkage: &LinkageId) -> Result<(), Fault> {
        or_gone(self.send(|| Ok(revoke_one(self.profile(), linkage)), read_nothing).await)
    }

    /// Revokes every grant of a partner.
    ///
    /// # Errors
    /// [`Class::Refused`] with the vendor's words.
    pub async fn revoke_all_templates(&self, partner: &PartnerId) -> Result<(), Fault> {
        or_gone(self.send(|| Ok(revoke_all(self.profile(), partner)), read_nothing).await)
    }
}

fn or_gone(outcome: Result<(), Fault>) -> Result<(), Fault> {
    match outcome {
        Err(fault) if fault.class == Class::Missing => Ok(()),
        outcome => outcome.map_err(refused),
    }
}

/// What tells a call about one template from one about a partner as a whole. Early versions have only the first of the two (contract 2.16).
fn about_one(profile: Profile, request: Request) -> Request {
    let request = request.query("isTemplate", "true");
    match profile {
        Profile::Legacy => request,
        Profile::Seed | Profile::Current => request.query("resourceIdentifier", "transactiontemplate"),
    }
}

fn about_all(profile: Profile, request: Request) -> Request {
    match profile {
        Profile::Legacy => request,
        Profile::Seed | Profile::Current => request.query("resourceIdentifier", "company"),
    }
}

fn grant_one(profile: Profile, partner: &PartnerId, template: &NumberRef) -> Result<Request, Fault> {
    let grant = Grant { partner: stub(partner), template: Some(template.clone()) };
    let request = Request::write("grant_template", Method::POST).at(PATH).body(body("grant_template", &grant)?);
    Ok(about_one(profile, request))
}

fn grant_all(profile: Profile, partner: &PartnerId) -> Result<Request, Fault> {
    let grant = Grant { partner: stub(partner), template: None };
    let request = Request::write("grant_all_templates", Method::POST).at(PATH);
    Ok(about_all(profile, request.body(body("grant_all_templates", &grant)?)))
}

fn revoke_one(profile: Profile, linkage: &LinkageId) -> Request {
    about_one(profile, Request::write("revoke_template", Method::DELETE).at(PATH).at([linkage.as_str()]))
}

fn revoke_all(profile: Profile, partner: &PartnerId) -> Request {
    about_all(profile, Request::write("revoke_all_templates", Method::DELETE).at(PATH).at([partner.as_str()]))
}

fn stub(partner: &PartnerId) -> NumberRef {
    NumberRef { id: partner.id().clone() }
}

fn body(operation: &'static str, grant: &Grant) -> Result<Body, Fault> {
    Body::json(operation, &serde_json::json!({ WRAPPER: grant }))
}

#[cfg(test)]
mod tests;
