//! Simulated: this simulator in the shape that all simulators have.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::base::secret::Secret;
use crate::crm2::sim::Simulator;
use crate::crm2::sim::domain::{Contact, Domain, MailAccount};
use crate::sim::journal::Journal;
use crate::sim::simulated::{External, PutBack, Simulated};
use crate::sim::trouble::Troubles;

impl Simulated for Simulator {
    fn url(&self) -> &str {
        self.url()
    }

    fn ca_pem(&self) -> Option<&str> {
        self.ca_pem()
    }

    fn credentials(&self) -> BTreeMap<String, Secret> {
        self.credentials()
    }

    /// Somebody fears that the token got about: it is reset by hand, and what was made with it ends too.
    fn rotate_credentials(&self) {
        let mut store = self.store();
        if let Some(owner) = store.owner().cloned() {
            store.reset(&owner, true);
        }
    }

    fn journal(&self) -> &Journal {
        self.journal()
    }

    fn trouble(&self) -> &Troubles {
        self.trouble()
    }

    fn keep(&self) -> PutBack {
        let (installation, kept) = (self.installation.clone(), self.store().state.clone());
        Box::new(move || installation.lock().state.put_back(kept.clone()))
    }

    fn externals(&self) -> Vec<External> {
        self.store().state.domains.iter().flat_map(of_domain).collect()
    }

    fn effects(&self) -> BTreeMap<String, u64> {
        self.store().state.effects.clone()
    }
}

impl Simulator {
    /// What exists, as (kind, natural key, id): [`Simulated::externals`] without their values.
    pub fn objects(&self) -> Vec<(&'static str, String, String)> {
        self.externals().into_iter().map(|external| (external.kind, external.key, external.id)).collect()
    }
}

/// A domain counts while something is set in it that it did not come with, and of its users its owner does not.
fn of_domain(domain: &Domain) -> Vec<External> {
    let configured = domain.is_configured().then(|| External {
        kind: "CrmDomain",
        id: domain.name.clone(),
        key: domain.name.clone(),
        values: json!({
            "emailNotifications": domain.notifications.as_ref().map(account),
            "emailsToPoll": domain.mailboxes.iter().map(account).collect::<Vec<_>>(),
            "activityTypes": domain.activity_types,
        }),
    });
    let logins = domain.contacts.iter().flat_map(|contact| contact.logins.iter().map(move |login| (contact, login)));
    let users = logins.filter(|(_, login)| **login != domain.owner).map(|(contact, login)| External {
        kind: "CrmDomainUser",
        id: login.key(),
        key: login.key(),
        values: person(contact),
    });
    configured.into_iter().chain(users).collect()
}

fn account(account: &MailAccount) -> Value {
    let MailAccount { id: _, user, password, protocol, host } = account;
    json!({"mailUser": user, "mailPass": password, "mailStoreProtocol": protocol, "mailHost": host})
}

fn person(contact: &Contact) -> Value {
    json!({
        "firstName": contact.first_name,
        "lastName": contact.last_name,
        "companyName": contact.company_name,
        "emails": contact.emails,
        "attributes": contact.attributes,
        "permissions": contact.permissions,
    })
}
