//! Look: finds a partner, and tells in our words what is shown of it.

use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::parameters;
use super::spec::{ConnectPartnerSpec, ObservedPartner, PartnerFacts};
use crate::adeptia::client::Client;
use crate::adeptia::client::lists::Listing as Rows;
use crate::adeptia::client::partners::{PartnerId, Partners};
use crate::adeptia::client::users::says_no;
use crate::adeptia::wire::partners::Company;
use crate::base::fault::{Class, Delivery, Fault};
use crate::engine::kind::{Found, Listed, Listing, Seen, Sought};
use crate::engine::policy::EXTERNAL_ID;
use crate::engine::state::State;

/// Looks for a partner: by its id once that is known, and by its name before.
pub async fn find(
    client: &Client,
    sought: &Sought<'_, ConnectPartnerSpec, PartnerFacts>,
) -> Result<Found<Seen<PartnerFacts>>, Fault> {
    let asked = sought.external_id.filter(|_| sought.alone);
    if let Some(company) = ask(client, asked).await? {
        return Ok(Found::Present(seen(sought, &company)));
    }
    let pick = |listing: &Rows<Partners>| {
        let found = match sought.external_id {
            Some(id) => listing.rows.by_id(id).into_iter().collect(),
            None => listing.rows.by_name(&sought.spec.partner_name),
        };
        (found.into_iter().cloned().collect::<Vec<_>>(), listing.doubt.clone())
    };
    let (found, doubt) = match client.partners(sought.fresh_after, pick).await {
        Err(fault) if fault.class == Class::Unsupported => return Ok(unseen(client, sought)),
        found => found?,
    };
    Ok(match found.as_slice() {
        [company] => Found::Present(seen(sought, company)),
        [] => match (ask(client, sought.external_id.filter(|_| asked.is_none())).await?, doubt) {
            (Some(company), _) => Found::Present(seen(sought, &company)),
            (None, Some(doubt)) => Found::Unknown(doubt),
            (None, None) => Found::Absent,
        },
        several => Found::Unknown(ambiguous(&sought.spec.partner_name, several)),
    })
}

/// The partner with this id, asked for alone; none when it is not shown, for whatever reason: whether there is such a call is not documented.
async fn ask(client: &Client, id: Option<&str>) -> Result<Option<Company>, Fault> {
    let Some(id) = id else { return Ok(None) };
    match client.partner(id).await {
        Err(fault) if says_no(&fault) => Ok(None),
        shown => shown.map(Some),
    }
}

/// Every partner.
///
/// # Errors
/// The fault of the list; [`Class::Broken`] for one that may be cut.
pub async fn list(client: &Client, fresh_after: Instant) -> Result<Listing, Fault> {
    let pick = |listing: &Rows<Partners>| {
        let listed: Vec<Listed> = listing.rows.iter().map(listed).collect();
        listing.doubt.clone().map_or(Ok(listed), Err)
    };
    let listed = client.partners(fresh_after, pick).await?;
    Ok(Listing::whole(listed.map_err(|doubt| Fault::new(Class::Broken, "list_partners", doubt))?))
}

fn listed(company: &Company) -> Listed {
    let id = company.id.as_str();
    // What an answer leaves blank is not managed.
    let spec = json!({
        "partnerName": company.name(), "networkIds": company.networks(), "primaryContact": company.text("primaryContact"),
        "phoneNumber": company.text("phoneNumber"), "address": company.text("address"), "country": company.text("country"),
        "active": company.active(), "spokeCompany": company.flag("spokeCompany"),
    });
    // Any of the values may be a secret.
    let ids: Vec<String> = company.rows().into_iter().flatten().map(|(param_id, _)| param_id).collect();
    let rows =
        (!ids.is_empty()).then(|| format!("values that may be secret are not managed: parameters {}", ids.join(", ")));
    let why = PartnerId::writable("list_partners", id).err().map(|fault| fault.detail);
    Listed::new(id, company.name().unwrap_or_else(|| id.to_owned()), spec).remarked(rows).left_out(why)
}

/// Whether a partner is active, read now; none when nobody can tell.
pub async fn is_active(client: &Client, partner: &PartnerId) -> Result<Option<bool>, Fault> {
    Ok(now(client, partner).await?.and_then(|company| company.active()))
}

/// A partner as it is now; none when nobody can tell.
///
/// # Errors
/// [`Class::Missing`] when there is none such.
pub async fn now(client: &Client, partner: &PartnerId) -> Result<Option<Company>, Fault> {
    if let Some(company) = ask(client, Some(partner.as_str())).await? {
        return Ok(Some(company));
    }
    let pick = |listing: &Rows<Partners>| (listing.rows.by_id(partner.as_str()).cloned(), listing.doubt.is_some());
    match client.partners(Instant::now(), pick).await {
        Ok((None, false)) => {
            let detail = format!("the vendor has no partner {partner}");
            Err(Fault::new(Class::Missing, "get_partner", detail).with_delivery(Delivery::NotSent))
        }
        Ok((company, _)) => Ok(company),
        Err(fault) if fault.class == Class::Unsupported => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Where nothing is shown, the id is all there is to go by: without one there is nothing yet, and with one nothing can be compared.
fn unseen(client: &Client, sought: &Sought<'_, ConnectPartnerSpec, PartnerFacts>) -> Found<Seen<PartnerFacts>> {
    let Some(id) = sought.external_id.filter(|id| !client.has_deleted(id)) else { return Found::Absent };
    let facts = PartnerFacts { observed: None, ..sought.facts.cloned().unwrap_or_default() };
    Found::Present(Seen::new(id, converted(State::new(), &facts), facts))
}

fn seen(sought: &Sought<'_, ConnectPartnerSpec, PartnerFacts>, company: &Company) -> Seen<PartnerFacts> {
    let mut facts = sought.facts.cloned().unwrap_or_default();
    let networks = company.networks().map(|ids| ids.into_iter().collect::<Vec<_>>());
    let state = State::new()
        .maybe("partnerName", company.name().map(|shown| of_name(sought.spec, shown)))
        .maybe("primaryContact", company.text("primaryContact"))
        .maybe("phoneNumber", company.text("phoneNumber"))
        .maybe("address", company.text("address"))
        .maybe("country", company.text("country"))
        .maybe("active", company.active())
        .maybe("spokeCompany", company.flag("spokeCompany"))
        .maybe("networkIds", networks.clone());
    facts.observed =
        Some(ObservedPartner { active: company.active(), external: company.external(), network_ids: networks });
    facts.converted |= company.external() == Some(true);
    let mut state = converted(state, &facts);
    if let Some(rows) = company.rows() {
        parameters::show(sought, &rows, &mut state);
        let mut known = parameters::known(facts.parameter_rows.as_ref(), &rows);
        // One that was sent, and is not shown yet, may be shown late.
        known.retain(|parameter, id| id.is_empty() || rows.contains_key(parameter));
        facts.parameter_rows = Some(known);
    }
    Seen::new(sought.external_id.unwrap_or(company.id.as_str()), state, facts)
}

/// That a partner is still internal is no reason to convert it once more.
fn converted(state: State, facts: &PartnerFacts) -> State {
    state.maybe("external", facts.converted.then_some(true))
}

/// A name in which only blanks around it differ is the same.
fn of_name(spec: &ConnectPartnerSpec, shown: String) -> Json {
    let same = shown.trim() == spec.partner_name.trim();
    Json::from(if same { spec.partner_name.clone() } else { shown })
}

fn ambiguous(name: &str, several: &[Company]) -> String {
    let ids = several.iter().map(|company| company.id.to_string()).collect::<Vec<_>>();
    format!(
        "there are {} partners that are called {name:?}: {}; set the annotation {EXTERNAL_ID} to the id of the one that is meant",
        several.len(),
        ids.join(", ")
    )
}
