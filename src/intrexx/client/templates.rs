//! Calls: the templates of portals (contract 5, 6). Nothing deletes one, and nothing tells what is in it.

use tokio::time::Instant;

use super::answer::{read_list, read_optional, refusal};
use super::uploads::{self, Source};
use super::{Client, VENDOR};
use crate::base::fault::{Class, Fault};
use crate::http::{Answer, Method, Patience, Request};
use crate::intrexx::wire::templates::{Template, Templates};

/// What `GET /templates` brought.
#[derive(Debug, Clone)]
pub(crate) enum TemplateListing {
    /// The list.
    Whole(Templates),
    /// This installation has none to give, and how it said so.
    NotOffered(Fault),
}

/// How one call of `GET /templates` was answered.
enum Look {
    Whole(Vec<Template>),
    /// With a status that may mean that there is no such list here.
    Refused(Fault),
}

impl Client {
    /// What `pick` takes from the templates as they were at `fresh_after` or later.
    ///
    /// # Errors
    /// [`Class::Unsupported`] where the installation does not offer the list (contract, trap 1); else the fault of the read that this caller
    /// waited for.
    pub async fn templates<R>(&self, fresh_after: Instant, pick: impl FnOnce(&Templates) -> R) -> Result<R, Fault> {
        let pick = |listing: &TemplateListing| match listing {
            TemplateListing::Whole(templates) => Ok(pick(templates)),
            TemplateListing::NotOffered(fault) => Err(fault.clone()),
        };
        let client = self.clone();
        self.lists().templates.read(fresh_after, move || async move { client.list_templates().await }, pick).await?
    }

    /// Uploads a template, and tells about it as far as the answer does.
    ///
    /// # Errors
    /// [`Class::Taken`] when there is one of this name; else the fault of the call.
    pub async fn upload_template(&self, name: &str, content: &Source) -> Result<Option<Template>, Fault> {
        let make = || {
            let request = Request::write("upload_template", Method::POST).at(["templates"]);
            Ok(request.patience(Patience::Long).body(uploads::zip(name, content)))
        };
        // The answer may have another shape than the list's rows: the upload is done all the same.
        let read = |answer: &Answer| match read_optional(answer) {
            Err(_) if answer.is_success() => Ok(None),
            outcome => outcome,
        };
        let outcome = self.send(make, read).await;
        // Also after a lost answer: it may have been carried out.
        self.lists().templates.invalidate();
        let outcome = match outcome {
            Err(fault) if matches!(fault.code, Some(400 | 422)) => Err(self.unless_taken(name, fault).await),
            outcome => outcome,
        };
        outcome.map_err(|fault| uploads::explain(fault, content.length()))
    }

    /// A server may say that a name is taken with the status of any refusal: the list tells.
    async fn unless_taken(&self, name: &str, fault: Fault) -> Fault {
        match self.templates(Instant::now(), |templates| templates.by_name(name).is_some()).await {
            Ok(true) => Fault { class: Class::Taken, code: Some(409), ..fault },
            Ok(false) | Err(_) => fault,
        }
    }

    async fn list_templates(&self) -> Result<TemplateListing, Fault> {
        let make = || Ok(Request::read("list_templates", Method::GET).at(["templates"]).patience(Patience::List));
        let fault = match self.send(make, read_templates).await? {
            Look::Whole(templates) => return Ok(TemplateListing::Whole(Templates(templates))),
            Look::Refused(fault) => fault,
        };
        // A server that is down says the same. One that lists its portals is not, and one that does not offer them neither.
        let portals = self.portals(Instant::now(), |_| ()).await;
        let offers_portals = match portals {
            Ok(()) => true,
            Err(other) if other.class == Class::Unsupported => false,
            Err(_) => return Err(fault),
        };
        if offers_portals && matches!(fault.code, Some(500 | 503)) {
            return Err(fault);
        }
        let detail = format!(
            "this {VENDOR} does not offer its templates, as in the vendor's containers: {}; templates can be managed on a classic \
             installation only",
            fault.detail
        );
        Ok(TemplateListing::NotOffered(Fault { class: Class::Unsupported, detail, ..fault }))
    }
}

fn read_templates(answer: &Answer) -> Result<Look, Fault> {
    match answer.status() {
        404 | 405 | 500 | 501 | 503 if answer.retry_after().is_none() => Ok(Look::Refused(refusal(answer))),
        _ => read_list(answer).map(Look::Whole),
    }
}

#[cfg(test)]
mod tests;
