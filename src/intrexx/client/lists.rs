//! The copies that all objects of one AdminApi share: one for the installation, or one for each portal.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value as Json};

use super::details::Details;
use super::portals::Listing;
use super::templates::TemplateListing;
use crate::http::Shared;
use crate::intrexx::wire::mail::{MailServices, MailStatus};
use crate::intrexx::wire::scheduler::Jobs;

/// Every shared copy of a client.
#[derive(Default)]
pub(crate) struct Lists {
    /// The portals of the installation.
    pub portals: Shared<Listing>,
    /// The installation has given that list before.
    pub portals_are_listed: AtomicBool,
    /// The templates of the installation.
    pub templates: Shared<TemplateListing>,
    /// That a portal answers.
    pub presence: PerPortal<()>,
    /// The jobs of each portal.
    pub jobs: PerPortal<Jobs>,
    /// The properties of jobs, where the list leaves them out.
    pub job_properties: Details<Map<String, Json>>,
    /// The mail services of each portal.
    pub mail_services: PerPortal<MailServices>,
    /// How mail services are, which no list tells.
    pub mail_statuses: Details<MailStatus>,
}

/// A copy of the same thing for each portal, by its technical name. See [`Shared`] for the rules.
pub struct PerPortal<T>(Arc<Mutex<HashMap<String, Shared<T>>>>);

impl<T> Clone for PerPortal<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for PerPortal<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> PerPortal<T> {
    /// The copy of this portal.
    pub fn of(&self, portal: &str) -> Shared<T> {
        let mut copies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        copies.entry(portal.to_owned()).or_default().clone()
    }
}
