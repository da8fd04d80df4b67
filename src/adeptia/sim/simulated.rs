//! Simulated: this simulator in the shape that all simulators have.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::adeptia::sim::Simulator;
use crate::adeptia::sim::entities::{Company, Role, User};
use crate::adeptia::sim::store::{FIRST_MADE, Store};
use crate::base::secret::Secret;
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

    fn rotate_credentials(&self) {
        self.reconfigure(|options| options.credentials.password.push_str("-next"));
        // Tokens of the old login go with it.
        self.end_sessions();
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
        self.store().externals()
    }

    fn effects(&self) -> BTreeMap<String, u64> {
        self.store().state.effects.clone()
    }
}

impl Store {
    /// The partners, and the users of the company. Left out are the company itself, users that came with the product, the operator's own,
    /// and those of partners, which are told with their partner.
    fn externals(&self) -> Vec<External> {
        let partners = self.state.companies.iter().filter(|company| company.id >= FIRST_MADE).map(|company| External {
            kind: "ConnectPartner",
            id: company.id.to_string(),
            key: company.name.clone(),
            values: self.of_partner(company),
        });
        let own = |user: &&User| user.partner.is_none() && user.id >= FIRST_MADE && !self.is_operator(user);
        let users = self.state.users.iter().filter(own).map(|user| External {
            kind: "ConnectUser",
            id: user.id.to_string(),
            key: user.email.clone(),
            values: of_user(user),
        });
        let mut all: Vec<External> = partners.chain(users).collect();
        // Ids tell the age; there are no two of one age.
        all.sort_by_key(|external| external.id.parse::<u64>().unwrap_or_default());
        all
    }

    fn of_partner(&self, company: &Company) -> Value {
        let parameters: Vec<Value> = company
            .parameters
            .iter()
            .map(|parameter| json!({"paramId": parameter.definition.to_string(), "value": parameter.value}))
            .collect();
        let templates: BTreeSet<String> =
            company.linkages.iter().filter_map(|linkage| linkage.template).map(|id| id.to_string()).collect();
        let users = self.state.users.iter().filter(|user| user.partner == Some(company.id));
        json!({
            "partnerNetworks": company.networks,
            "primaryContact": company.primary_contact,
            "phoneNumber": company.phone_number,
            "address": company.address,
            "country": company.country,
            "active": company.active,
            "enableSelfOnboard": company.enable_self_onboard,
            "spokeCompany": company.spoke_company,
            "partnerParameter": parameters,
            "templates": templates,
            "allTemplates": company.linkages.iter().any(|linkage| linkage.template.is_none()),
            "users": users.map(|user| (user.email.clone(), of_user(user))).collect::<serde_json::Map<_, _>>(),
            "transactions": company.transactions,
        })
    }
}

fn of_user(user: &User) -> Value {
    let roles: BTreeSet<Role> = user.roles.iter().copied().collect();
    json!({
        "firstName": user.first_name,
        "lastName": user.last_name,
        "userId": user.user_id,
        "company": user.company,
        "roles": roles,
        "password": user.password,
        "active": user.active,
        "objects": user.objects,
    })
}
