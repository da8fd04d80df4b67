//! ConnectPartner: a trading partner, its networks and parameters, the templates that it may use, and whether it manages itself.
//!
//! Whether the vendor lets anybody read its partners is nowhere documented. Where it does not, a partner is known by its recorded id alone,
//! and each field is compared with what was last sent.

mod access;
mod conversion;
mod look;
mod parameters;
mod spec;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::json;
use tokio::time::Instant;

use super::AdeptiaConnect;
use super::client::Client;
use super::client::partners::{Part, PartnerId};
use super::wire::partners::CompanyFields;
use crate::base::fault::{Class, Fault};
use crate::engine::diff::{Change, Shown};
use crate::engine::kind::{
    Attempt, Created, Deed, DeedAttempt, Found, Identity, Invalid, Kind, Listing, Progress, SecretKey, Seen, Sought,
    Wanted,
};
use crate::engine::policy::{Deletion, Deletions};
use crate::engine::sibling::Siblings;
use crate::engine::state::{Access, Field, State, Value};

pub use spec::{
    ConnectPartner, ConnectPartnerSpec, ConnectPartnerStatus, Conversion, FirstUser, ObservedPartner, Parameter,
    PartnerFacts, TemplateAccess, UserImport,
};

/// How a partner is found, and what to call.
pub struct Partners;

/// The group of the fields that the vendor changes with one call.
const COMPANY: &str = "company";
const NETWORKS: &str = "networks";
const PARAMETERS: &str = "parameters";
const ACCESS: &str = "templateAccess";
const EXTERNAL: &str = "external";

const fn field(path: &'static str, access: Access, group: &'static str) -> Field {
    Field { path, access, key: false, group }
}

impl Kind for Partners {
    type Vendor = AdeptiaConnect;
    type Spec = ConnectPartnerSpec;
    type Facts = PartnerFacts;
    type Object = ConnectPartner;

    const IDENTITY: Identity = Identity::Listed;
    const ID_FORM: &'static str = "the partner's id, such as 11529580510902";
    const DELETIONS: Deletions = &[Deletion::Orphan, Deletion::Disable, Deletion::Delete];
    const UNLISTED: Option<&'static str> = None;
    const FIELDS: &'static [Field] = &[
        Field { key: true, ..field("partnerName", Access::Immutable, COMPANY) },
        field("primaryContact", Access::Readable, COMPANY),
        field("phoneNumber", Access::Readable, COMPANY),
        field("address", Access::Readable, COMPANY),
        field("country", Access::Readable, COMPANY),
        field("active", Access::Readable, COMPANY),
        field("spokeCompany", Access::Readable, COMPANY),
        field("networkIds", Access::Readable, NETWORKS),
        field("parameters.*", Access::Readable, PARAMETERS),
        field("templateAccess.*", Access::WriteOnly, ACCESS),
        field("external", Access::WriteOnly, EXTERNAL),
    ];
    // A partner is converted once, and a row of a parameter that is sent twice is there twice. A grant may need the conversion before it, and
    // a person where it cannot be revoked.
    const ONCE: &'static [&'static str] = &[EXTERNAL, PARAMETERS, ACCESS];

    fn natural_key(spec: &ConnectPartnerSpec) -> String {
        format!("partner {}", spec.partner_name)
    }

    fn secrets(spec: &ConnectPartnerSpec) -> Vec<(Cow<'static, str>, &SecretKey)> {
        let parameters = spec.parameters.iter().filter_map(|parameter| {
            Some((parameters::path(&parameter.param_id).into(), &parameter.value_from.as_ref()?.secret_ref))
        });
        parameters.chain(conversion::secret(spec)).collect()
    }

    fn desired(spec: &ConnectPartnerSpec, _: &Siblings) -> Result<State, Invalid> {
        let mut networks = spec.network_ids.clone();
        networks.sort();
        let state = State::new()
            .with("partnerName", spec.partner_name.as_str())
            .with("networkIds", networks)
            .maybe("primaryContact", spec.primary_contact.as_deref())
            .maybe("phoneNumber", spec.phone_number.as_deref())
            .maybe("address", spec.address.as_deref())
            .maybe("country", spec.country.as_deref())
            .maybe("active", spec.active)
            .maybe("spokeCompany", spec.spoke_company)
            .maybe("external", spec.external.as_ref().map(|_| true));
        let state = spec.parameters.iter().fold(state, |state, parameter| {
            state.maybe(&parameters::path(&parameter.param_id), parameter.value.as_deref())
        });
        Ok(access::wanted(spec).into_iter().fold(state, |state, path| state.with(&path, access::GRANTED)))
    }

    fn withdrawn(path: &str, remembered: &str) -> Option<Value> {
        access::withdrawn(path, remembered)
    }

    async fn find(
        client: &Client,
        sought: &Sought<'_, ConnectPartnerSpec, PartnerFacts>,
    ) -> Result<Found<Seen<PartnerFacts>>, Fault> {
        look::find(client, sought).await
    }

    async fn list(client: &Client, fresh_after: Instant) -> Result<Listing, Fault> {
        look::list(client, fresh_after).await
    }

    async fn create(
        client: &Client,
        wanted: &Wanted<'_, ConnectPartnerSpec>,
        attempt: Attempt<'_>,
    ) -> Result<Progress<PartnerFacts>, Fault> {
        let spec = wanted.spec;
        if attempt.uncertain {
            // It was looked for; where nobody can look, only a person can.
            match client.partners(Instant::now(), |_| ()).await {
                Err(fault) if fault.class == Class::Unsupported => {
                    let what = format!(
                        "look in Adeptia Connect, under Partners, whether there is one that is called {:?}",
                        spec.partner_name
                    );
                    return Ok(Progress::Unclear(what));
                }
                outcome => outcome?,
            }
        }
        let id = client.create_partner(&spec.partner_name, &new_company(client, spec)).await?;
        // A new partner has no rows.
        let facts = PartnerFacts { made: true, parameter_rows: Some(BTreeMap::new()), ..PartnerFacts::default() };
        Ok(Progress::Done(Created { external_id: id.to_string(), facts }))
    }

    async fn update(
        client: &Client,
        external_id: &str,
        wanted: &Wanted<'_, ConnectPartnerSpec>,
        _: &mut PartnerFacts,
    ) -> Result<(), Fault> {
        let partner = PartnerId::writable("change_partner", external_id)?;
        let part = if wanted.changes("networkIds") { Part::Networks } else { Part::Company };
        client.change_partner(&partner, part, &changed(client, wanted.changes), &[]).await.map(|_| ())
    }

    async fn perform(
        client: &Client,
        external_id: &str,
        wanted: &Wanted<'_, ConnectPartnerSpec>,
        facts: &mut PartnerFacts,
        attempt: DeedAttempt<'_>,
    ) -> Result<Deed, Fault> {
        let partner = PartnerId::writable("change_partner", external_id)?;
        if wanted.changes("external") {
            return conversion::perform(client, &partner, wanted, facts, attempt).await;
        }
        if wanted.changes.iter().any(|change| access::is_about(&change.path)) {
            return access::perform(client, &partner, wanted, facts, attempt.uncertain).await;
        }
        parameters::perform(client, &partner, wanted, facts, attempt.uncertain).await
    }

    async fn disable(
        client: &Client,
        external_id: &str,
        _: &ConnectPartnerSpec,
        _: &PartnerFacts,
    ) -> Result<(), Fault> {
        switch_off(client, &PartnerId::writable("change_partner", external_id)?).await
    }

    async fn enable(client: &Client, external_id: &str, spec: &ConnectPartnerSpec) -> Result<(), Fault> {
        let active = spec.active != Some(false);
        client.switch_partner(&PartnerId::writable("change_partner", external_id)?, active).await
    }

    async fn delete(client: &Client, external_id: &str, _: &ConnectPartnerSpec, _: &PartnerFacts) -> Result<(), Fault> {
        let partner = PartnerId::writable("delete_partner", external_id)?;
        if look::is_active(client, &partner).await? != Some(false) {
            switch_off(client, &partner).await?;
        }
        client.delete_partner(&partner).await
    }
}

/// Switches a partner off, and looks whether it is. May be repeated.
async fn switch_off(client: &Client, partner: &PartnerId) -> Result<(), Fault> {
    client.switch_partner(partner, false).await?;
    if look::is_active(client, partner).await? != Some(true) {
        return Ok(());
    }
    let detail = format!(
        "the partner {partner} is still active after it was switched off with the status {}; set spec.adeptiaConnect.inactiveStatus of the \
         AdminApi to the code of an inactive partner",
        client.status(false)
    );
    Err(Fault::new(Class::Refused, "change_partner", detail))
}

/// All that a new partner is made with; what the spec leaves out is as the vendor's page has it.
fn new_company(client: &Client, spec: &ConnectPartnerSpec) -> CompanyFields {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    CompanyFields::new()
        .with("name", spec.partner_name.as_str())
        .with_networks(spec.network_ids.iter().map(String::as_str))
        .with("primaryContact", text(&spec.primary_contact))
        .with("phoneNumber", text(&spec.phone_number))
        .with("address", text(&spec.address))
        .with("country", text(&spec.country))
        .with("status", client.status(spec.active != Some(false)))
        // All partners start as internal ones (contract 2.10).
        .with("enableSelfOnboard", false)
        .with("spokeCompany", spec.spoke_company == Some(true))
}

/// The changes, as they are sent: nothing that does not differ (contract 2.11).
fn changed(client: &Client, changes: &[Change]) -> CompanyFields {
    let put = |fields: CompanyFields, change: &Change| match (change.path.as_str(), &change.to) {
        ("networkIds", Shown::Plain(ids)) => {
            fields.with_networks(ids.as_array().into_iter().flatten().filter_map(|id| id.as_str()))
        }
        ("active", Shown::Plain(active)) => fields.with("status", client.status(*active == json!(true))),
        (key, Shown::Plain(value)) => fields.with(key, value.clone()),
        _ => fields,
    };
    changes.iter().fold(CompanyFields::new(), put)
}

#[cfg(test)]
mod tests;
