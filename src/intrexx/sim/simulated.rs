//! Simulated: this simulator in the shape that all simulators have.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde_json::{Value, json};

use crate::base::secret::Secret;
use crate::intrexx::sim::portal::Portal;
use crate::intrexx::sim::store::State;
use crate::intrexx::sim::{Fields, Simulator};
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
        self.restart(true);
    }

    fn journal(&self) -> &Journal {
        self.journal()
    }

    fn trouble(&self) -> &Troubles {
        self.trouble()
    }

    fn keep(&self) -> PutBack {
        let (installation, kept) = (self.installation.clone(), self.store().state.clone());
        Box::new(move || {
            installation.lock().state.put_back(kept.clone());
            installation.wake();
        })
    }

    fn externals(&self) -> Vec<External> {
        self.store().state.externals()
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

impl State {
    /// Every object that a spec may mean. What comes with each portal (two users, two groups) and with the product (its templates) is
    /// left out. Keys are paths: the portal's name, the type where there is one, and the object's name. Ids are paths too: a portal's is its
    /// name, which is what every call but one takes, and that of what is in a portal is the portal's name and the vendor's own id, or for
    /// what came in a package the package's digest. A template has nothing but its name.
    fn externals(&self) -> Vec<External> {
        let portals = self.portals.iter().flat_map(of_portal);
        let templates = self.templates.iter().filter(|template| template.r#type == "OWN").map(|template| External {
            kind: "PortalTemplate",
            id: template.name.clone(),
            key: template.name.clone(),
            values: json!({"size": template.size}),
        });
        portals.chain(templates).collect()
    }
}

fn of_portal(portal: &Portal) -> Vec<External> {
    let mut found = vec![whole(portal)];
    let name = &portal.name;
    let mut tell =
        |kind, key, id: &dyn Display, values| found.push(External { kind, id: format!("{name}/{id}"), key, values });
    for job in &portal.jobs {
        tell("SchedulerJob", job.key(name), &job.id, without_name(&job.fields));
    }
    for service in &portal.mail {
        let mut values = without_name(&service.fields);
        values["password"] = json!(service.password);
        values["running"] = json!(service.running);
        tell("MailService", format!("{name}/{}", service.name()), &service.id, values);
    }
    for user in portal.users.iter().filter(|user| !user.built_in()) {
        let mut values = without(&user.fields, "account", "login_username");
        values["account"]["password"] = json!(user.password);
        values["groups"] = json!(user.groups);
        tell("PortalUser", format!("{name}/{}", user.login()), &user.id, values);
    }
    for group in portal.groups.iter().filter(|group| !group.built_in()) {
        tell(
            "PortalGroup",
            format!("{name}/{}", group.name()),
            &group.id,
            without(&group.fields, "general_settings", "object_name"),
        );
    }
    for application in &portal.applications {
        let values = json!({"type": application.r#type, "size": application.size});
        let digest = format!("sha256:{}", application.sha256);
        tell("PortalPackage", format!("{name}/{}", application.name), &digest, values);
    }
    found
}

fn whole(portal: &Portal) -> External {
    let values = json!({
        "display_name": portal.display_name,
        "base_url": portal.base_url,
        "settings": portal.settings,
        "mobile_key": portal.mobile_key,
        "reports": portal.reports,
        "export": portal.export,
        "standby": portal.standby,
        "scheduler": portal.scheduler,
        "licenses": portal.licenses,
    });
    External { kind: "IntrexxPortal", id: portal.name.clone(), key: portal.name.clone(), values }
}

/// All but the part of a natural key that is inside something else.
fn without(fields: &Fields, outer: &str, inner: &str) -> Value {
    let mut fields = fields.clone();
    if let Some(below) = fields.get_mut(outer).and_then(Value::as_object_mut) {
        below.remove(inner);
    }
    Value::Object(fields)
}

fn without_name(fields: &Fields) -> Value {
    let mut fields = fields.clone();
    fields.remove("name");
    Value::Object(fields)
}
