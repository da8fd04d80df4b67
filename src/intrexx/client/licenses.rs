//! Calls: the licences of a portal (contract 49 to 51).

use super::Client;
use super::answer::{read_list, read_nothing};
use crate::base::fault::{Class, Fault};
use crate::base::secret::Secret;
use crate::http::{Body, Method, Request};
use crate::intrexx::wire::licenses::{License, NewLicense};

impl Client {
    /// Reads the licences that the vendor shows for a portal, by itself and now. They may be all of the server.
    ///
    /// # Errors
    /// As [`Client::section`].
    pub async fn licenses(&self, portal: &str) -> Result<Vec<License>, Fault> {
        self.send(|| Ok(Request::read("list_licenses", Method::GET).at([portal, "licenses"])), read_list).await
    }

    /// Gives a portal seats of a licence; where need be the server takes them from other portals (contract, trap 24).
    ///
    /// # Errors
    /// The fault of the call: [`Class::Taken`] when the portal has a share of it already.
    pub async fn add_license(&self, portal: &str, key: &Secret, count: Option<u32>) -> Result<(), Fault> {
        let make = || {
            let body = Body::json("add_license", &NewLicense { key: key.expose(), count })?;
            Ok(Request::write("add_license", Method::POST).at([portal, "licenses"]).body(body).secret(key.clone()))
        };
        self.known_portal(portal, self.send(make, read_nothing).await).await
    }

    /// Takes the share of a licence away from a portal. That it has none is as good. The key stands in the path, percent-encoded
    /// (contract, trap 24): it is blotted out of whatever is told about the call.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn delete_license(&self, portal: &str, key: &Secret) -> Result<(), Fault> {
        let make = || {
            let request = Request::write("delete_license", Method::DELETE).at([portal, "licenses", key.expose()]);
            Ok(request.secret(key.clone()))
        };
        match self.known_portal(portal, self.send(make, read_nothing).await).await {
            Err(fault) if fault.class == Class::Missing => Ok(()),
            outcome => outcome,
        }
    }
}

#[cfg(test)]
mod tests;
