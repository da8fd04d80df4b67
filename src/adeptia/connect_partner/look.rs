//! Look: finds a partner, and tells in our words what is shown of it.

use serde_json::Value as Json;
use tokio::time::Instant;

use super::parameters;
use super::spec::{ConnectPartnerSpec, ObservedPartner, PartnerFacts};
use crate::adeptia::client::Client;
use crate::adeptia::client::lists::Listing;
use crate::adeptia::client::partners::{PartnerId, is_called};
use crate::adeptia::wire::partners::Company;
use crate::base::fault::{Class, Fault};
use crate::engine::kind::{Found, Seen, Sought};
use crate::engine::policy::EXTERNAL_ID;
use crate::engine::state::State;

/// Looks for a partner: by its id once that is known, and by its name before.
pub async fn find(
    client: &Client,
    sought: &Sought<'_, ConnectPartnerSpec, PartnerFacts>,
) -> Result<Found<Seen<PartnerFacts>>, Fault> {
    if let Some(id) = sought.external_id.filter(|_| sought.alone) {
        // Whether the call is there is not known, so that it does not answer says nothing yet.
        match client.partner(id).await {
            Err(fault) if matches!(fault.class, Class::Missing | Class::Refused | Class::Unsupported) => {}
            shown => return shown.map(|company| Found::Present(seen(sought, &company))),
        }
    }
    let name = &sought.spec.partner_name;
    let pick = |listing: &Listing<Vec<Company>>| {
        let is_meant = |row: &&Company| match sought.external_id {
            Some(id) => row.id.as_str() == id,
            None => is_called(row, name),
        };
        (listing.rows.iter().filter(is_meant).cloned().collect::<Vec<_>>(), listing.doubt.clone())
    };
    match client.partners(sought.fresh_after, pick).await {
        Ok((found, doubt)) => Ok(match (found.as_slice(), doubt) {
            ([company], _) => Found::Present(seen(sought, company)),
            ([], None) => Found::Absent,
            ([], Some(doubt)) => Found::Unknown(doubt),
            (several, _) => Found::Unknown(ambiguous(name, several)),
        }),
        Err(fault) if fault.class == Class::Unsupported => Ok(unseen(sought)),
        Err(fault) => Err(fault),
    }
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
    let missing = match client.partner(partner.as_str()).await {
        Err(fault) if matches!(fault.class, Class::Missing | Class::Refused | Class::Unsupported) => fault,
        shown => return shown.map(Some),
    };
    let pick = |listing: &Listing<Vec<Company>>| {
        let row = listing.rows.iter().find(|row| row.id == *partner.id());
        (row.cloned(), listing.doubt.is_some())
    };
    match client.partners(Instant::now(), pick).await {
        Ok((None, false)) => Err(Fault { class: Class::Missing, ..missing }),
        Ok((company, _)) => Ok(company),
        Err(fault) if fault.class == Class::Unsupported => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Where nothing is shown, the id is all there is to go by: without one there is nothing yet, and with one nothing can be compared.
fn unseen(sought: &Sought<'_, ConnectPartnerSpec, PartnerFacts>) -> Found<Seen<PartnerFacts>> {
    let Some(id) = sought.external_id else { return Found::Absent };
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
        facts.parameter_rows = Some(rows.into_iter().map(|(parameter, row)| (parameter, row.id.to_string())).collect());
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
