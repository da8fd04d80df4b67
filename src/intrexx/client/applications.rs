//! Calls: imports of packages into a portal (contract 20, 21).

use super::Client;
use super::answer::read_nothing;
use super::uploads::{self, Source};
use crate::base::fault::{Class, Fault};
use crate::http::{Answer, Method, Patience, Request};
use crate::intrexx::wire::applications::Report;

impl Client {
    /// Imports a package as new things: the same package once more makes copies with other GUIDs (contract, trap 20). The report of what
    /// became of them; none when the portal goes on by itself, or tells nothing (trap 23).
    ///
    /// # Errors
    /// The fault of the call, with what it means for an import.
    pub async fn import_package(&self, portal: &str, name: &str, content: &Source) -> Result<Option<Report>, Fault> {
        self.import("import_applications", Method::POST, portal, name, content).await
    }

    /// Imports a package over what the portal has of it. May be repeated. Otherwise as [`Client::import_package`].
    ///
    /// # Errors
    /// As those of [`Client::import_package`].
    pub async fn overwrite_package(&self, portal: &str, name: &str, content: &Source) -> Result<Option<Report>, Fault> {
        self.import("overwrite_applications", Method::PATCH, portal, name, content).await
    }

    async fn import(
        &self,
        operation: &'static str,
        method: Method,
        portal: &str,
        name: &str,
        content: &Source,
    ) -> Result<Option<Report>, Fault> {
        let make = || {
            let request = Request::write(operation, method.clone()).at([portal, "applications"]);
            Ok(request.patience(Patience::Long).body(uploads::zip(name, content)))
        };
        match self.send(make, read_report).await {
            Ok(report) => Ok(report),
            Err(fault) => {
                let fault = self.confirm_missing(portal, fault).await;
                Err(uploads::explain(refused(fault), content.length()))
            }
        }
    }
}

/// The report, where there is one that can be read. Whatever else a success carries, the import was taken.
fn read_report(answer: &Answer) -> Result<Option<Report>, Fault> {
    read_nothing(answer)?;
    let bare = || Some(Report { imported: answer.json().ok()?, warnings: Vec::new() });
    Ok(answer.json().ok().or_else(bare))
}

/// What the refusal of a well-formed package means. Nothing has a name here that could be taken: a 409 is about versions.
fn refused(fault: Fault) -> Fault {
    let detail = match fault.code {
        Some(409) => format!(
            "{}; the version of the package, or of something in it, does not fit what the portal has: export it again from a portal of this \
             version and patch level, or bring the portal to that of the package",
            fault.detail
        ),
        Some(422) => format!(
            "{}; an import needs the licences of what is in the package, and the attributes of users that it refers to, in the portal",
            fault.detail
        ),
        Some(404) if fault.class == Class::Missing => {
            return Fault {
                detail: format!("{}; the portal is gone, or takes no packages in this version", fault.detail),
                ..fault
            };
        }
        _ => return fault,
    };
    Fault { class: Class::Refused, detail, ..fault }
}

#[cfg(test)]
mod tests;
