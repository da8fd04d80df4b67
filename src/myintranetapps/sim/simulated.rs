//! Simulated: this simulator in the shape that all simulators have.

use std::collections::BTreeMap;

use serde_json::json;

use crate::base::secret::Secret;
use crate::myintranetapps::sim::{Account, Simulator};
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
    }

    fn journal(&self) -> &Journal {
        self.journal()
    }

    fn trouble(&self) -> &Troubles {
        self.trouble()
    }

    fn keep(&self) -> PutBack {
        let (installation, kept) = (self.installation.clone(), self.store().keep());
        Box::new(move || installation.lock().put_back(&kept))
    }

    fn externals(&self) -> Vec<External> {
        self.store().accounts().map(external).collect()
    }
}

fn external(account: &Account) -> External {
    External {
        kind: "TenantAccount",
        id: account.key.clone(),
        key: account.subdomain.clone(),
        values: json!({
            "name": account.name, "domain": account.domain, "package_id": account.package_id,
            "email_admin": account.email_admin, "active": account.active, "type": account.r#type,
            "datashare": account.datashare, "first_name": account.first_name, "last_name": account.last_name,
            "environment": account.environment, "has_password": account.has_password,
        }),
    }
}
