//! Calls: the parts of a portal's configuration (contract 7 to 17, 28 to 31), each of which one call reads and another one writes.

use super::Client;
use super::answer::{read_json, read_nothing};
use super::settle::settled;
use crate::base::fault::{Class, Fault};
use crate::base::secret::Secret;
use crate::http::{Body, Method, Request};
use crate::intrexx::wire::settings::{MobileAnswer, MobileKey, Values};
use crate::intrexx::wire::shows;

/// A part of a portal's configuration, and the calls for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// The path below the portal.
    path: &'static [&'static str],
    /// The call that reads it.
    read: &'static str,
    /// The call that writes it.
    write: &'static str,
    /// Whether writing replaces it whole (PUT) rather than lays values over it (PATCH).
    whole: bool,
}

/// The base URL (contract 7, 8).
pub const WEBSERVER: Section =
    Section { path: &["webserver"], read: "get_webserver", write: "set_webserver", whole: true };
/// Memory, sessions and so on (contract 9, 10).
pub const SETTINGS: Section =
    Section { path: &["settings"], read: "get_settings", write: "change_settings", whole: false };
/// The reports engine (contract 14, 15).
pub const REPORTS: Section =
    Section { path: &["reports", "engine"], read: "get_reports_engine", write: "change_reports_engine", whole: false };
/// The configuration of exports (contract 16, 17).
pub const EXPORT: Section = Section { path: &["export"], read: "get_export", write: "change_export", whole: false };
/// Whether the scheduler is in standby (contract 28, 29).
pub const STANDBY: Section =
    Section { path: &["scheduler", "standby"], read: "get_standby", write: "set_standby", whole: true };
/// The configuration of the scheduler (contract 30, 31).
pub const SCHEDULER: Section =
    Section { path: &["scheduler", "configuration"], read: "get_scheduler", write: "change_scheduler", whole: false };

impl Section {
    fn at(self, request: Request, portal: &str) -> Request {
        request.at([portal]).at(self.path.iter().copied())
    }
}

impl Client {
    /// Reads a part of a portal's configuration, by itself and now.
    ///
    /// # Errors
    /// The fault of the call. [`Class::Missing`] does not tell whether it is the portal that the Administration API does not know.
    pub async fn section(&self, portal: &str, section: Section) -> Result<Values, Fault> {
        self.send(|| Ok(section.at(Request::read(section.read, Method::GET), portal)), read_json).await
    }

    /// Writes values of a part of a portal's configuration. Repeating it does no harm.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn set_section(&self, portal: &str, section: Section, values: &Values) -> Result<(), Fault> {
        let method = if section.whole { Method::PUT } else { Method::PATCH };
        let make = || {
            let body = Body::json(section.write, values)?;
            Ok(section.at(Request::write(section.write, method.clone()), portal).body(body))
        };
        self.known_portal(portal, self.send(make, read_nothing).await).await?;
        settled(|| self.section(portal, section), |seen| shows(seen, values)).await;
        Ok(())
    }

    /// Reads the key of the mobile app (contract 11).
    ///
    /// # Errors
    /// The fault of the call. [`Class::Missing`] may mean that there is no key, or that the Administration API does not know the portal.
    pub async fn mobile_key(&self, portal: &str) -> Result<MobileKey, Fault> {
        let make = || Ok(Request::read("get_mobile_key", Method::GET).at([portal, "mobile"]));
        self.send(make, |answer| read_json::<MobileAnswer>(answer).map(MobileAnswer::key)).await
    }

    /// Sets the key of the mobile app (contract 12).
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn set_mobile_key(&self, portal: &str, key: &Secret) -> Result<(), Fault> {
        let make = || {
            let body = Body::json("change_mobile_key", &serde_json::json!({"api_key": key.expose()}))?;
            let request = Request::write("change_mobile_key", Method::PATCH).at([portal, "mobile"]);
            Ok(request.body(body).secret(key.clone()))
        };
        self.known_portal(portal, self.send(make, read_nothing).await).await?;
        let shown = |seen: &MobileKey| match seen {
            MobileKey::Set(seen) => seen.expose() == key.expose(),
            MobileKey::Hidden => true,
            MobileKey::Unset => false,
        };
        settled(|| self.mobile_key(portal), shown).await;
        Ok(())
    }

    /// Deletes the key of the mobile app (contract 13). That there is none is as good.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn delete_mobile_key(&self, portal: &str) -> Result<(), Fault> {
        let make = || Ok(Request::write("delete_mobile_key", Method::DELETE).at([portal, "mobile"]));
        match self.known_portal(portal, self.send(make, read_nothing).await).await {
            Err(fault) if fault.class == Class::Missing => Ok(()),
            outcome => outcome,
        }
    }
}

#[cfg(test)]
mod tests;
