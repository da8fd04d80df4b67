//! Partners of the company.

use serde_json::{Value, json};

use crate::adeptia::sim::answer::{Done, Refusal};
use crate::adeptia::sim::calls::{Call, absent, check_email, parameters, stub};
use crate::adeptia::sim::entities::Company;
use crate::adeptia::sim::fields::{IdOf, Sent};
use crate::adeptia::sim::options::answers::Parameters;
use crate::adeptia::sim::options::behaviour::CompanyUpdate;
use crate::adeptia::sim::store::FIRST_MADE;

const CLASS: &str = "Company";
const ACTIVE: u64 = 200;
const NAME_LENGTH: usize = 128;
/// What a name may have beside letters and digits.
const NAME_SIGNS: &str = " ’',-().&_";

pub(super) fn no_partner() -> Refusal {
    Refusal::missing("there is no such partner")
}

/// A partner as answers tell it.
fn view(call: &Call<'_>, company: &Company, told: Parameters) -> Value {
    let options = &call.store.options;
    let inactive = u64::from(options.behaviour.inactive_status);
    let networks: Vec<Value> = company.networks.iter().map(|id| stub(options, IdOf::Network, *id)).collect();
    let mut shown = json!({
        "id": IdOf::Company.write(&options.ids, company.id),
        "name": company.name,
        "partnerNetworks": networks,
        "primaryContact": company.primary_contact,
        "phoneNumber": company.phone_number,
        "address": company.address,
        "country": company.country,
        "status": if company.active { ACTIVE } else { inactive },
        "enableSelfOnboard": company.enable_self_onboard,
        "spokeCompany": company.spoke_company,
    });
    if told != Parameters::Absent {
        shown["partnerParameter"] = parameters::view(call.store, company, told == Parameters::WithIds);
    }
    shown
}

/// 2.22
pub fn get(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let company = call.id().and_then(|id| call.store.state.company(id)).ok_or_else(no_partner)?;
    Ok(Done::Entity(CLASS, view(call, company, call.store.options.answers.get_parameters)))
}

/// The same: the company itself first, then its partners.
pub fn list(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let limit = call.limit()?;
    let told = call.store.options.answers.get_parameters;
    let companies = call.store.state.companies.iter().take(limit);
    Ok(Done::List(CLASS, companies.map(|company| view(call, company, told)).collect()))
}

/// 2.10: a new partner, which is internal. Parameters are documented for changes only: here they are passed over.
pub fn create(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let (options, body) = (call.options(), call.take_sent());
    let sent = Sent::wrapped(&options, &body, CLASS)?;
    sent.needed_text("name")?;
    if sent.items("partnerNetworks")?.is_none() {
        return Err(sent.missing("partnerNetworks"));
    }
    let mut company = Company::named("");
    apply(call, &sent, &mut company)?;
    company.id = call.store.state.new_id();
    call.store.state.companies.push(company.clone());
    answer(call, &company, |told| Done::Created(CLASS, told))
}

fn answer(call: &Call<'_>, company: &Company, done: fn(Value) -> Done) -> Result<Done, Refusal> {
    let answers = &call.store.options.answers;
    if !answers.company_answer {
        return Ok(Done::Deed);
    }
    Ok(done(view(call, company, answers.changed_parameters)))
}

/// 2.11, 2.13 and, with PUT, 2.18: changes what is sent.
pub fn update(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let (options, body) = (call.options(), call.take_sent());
    let behaviour = &options.behaviour;
    let mut company = call.id().and_then(|id| call.store.state.company(id)).ok_or_else(no_partner)?.clone();
    let sent = Sent::wrapped(&options, &body, CLASS)?;
    if behaviour.partner_update_needs_inactive
        && company.active
        && sent.number("status")?.is_none_or(|status| status == ACTIVE)
    {
        return Err(Refusal::conflict("the partner is active; deactivate it first"));
    }
    if behaviour.company_update == CompanyUpdate::Replace {
        sent.needed_text("name")?;
        let old = company;
        company = Company {
            id: old.id,
            networks: old.networks,
            enable_self_onboard: old.enable_self_onboard,
            parameters: old.parameters,
            linkages: old.linkages,
            transactions: old.transactions,
            ..Company::named("")
        };
    }
    apply(call, &sent, &mut company)?;
    if let Some(rows) = sent.items("partnerParameter")? {
        parameters::apply(call.store, &mut company, rows)?;
    }
    keep(call, &company);
    answer(call, &company, |told| Done::Entity(CLASS, told))
}

fn keep(call: &mut Call<'_>, company: &Company) {
    if let Some(kept) = call.store.state.company_mut(company.id) {
        kept.clone_from(company);
    }
}

/// 2.18: moves a partner into other networks, and changes nothing else. The array is the whole set.
pub fn relocate(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let (options, body) = (call.options(), call.take_sent());
    let mut company = call.id().and_then(|id| call.store.state.company(id)).ok_or_else(no_partner)?.clone();
    let sent = Sent::wrapped(&options, &body, CLASS)?;
    company.networks = networks(call, &sent)?.ok_or_else(|| sent.missing("partnerNetworks"))?;
    keep(call, &company);
    answer(call, &company, |told| Done::Entity(CLASS, told))
}

/// Lays what was sent over a partner; not its parameters.
fn apply(call: &Call<'_>, sent: &Sent<'_>, company: &mut Company) -> Result<(), Refusal> {
    if sent.value("name").is_some() {
        company.name = name(call, sent, company.id)?;
    }
    if let Some(networks) = networks(call, sent)? {
        company.networks = networks;
    }
    if sent.text("primaryContact")?.is_some_and(|text| !text.is_empty()) {
        check_email(sent, "primaryContact")?;
    }
    for (field, property) in [
        ("primaryContact", &mut company.primary_contact),
        ("phoneNumber", &mut company.phone_number),
        ("address", &mut company.address),
        ("country", &mut company.country),
    ] {
        if let Some(text) = sent.text(field)? {
            text.clone_into(property);
        }
    }
    if let Some(status) = sent.number("status")? {
        let inactive = u64::from(call.store.options.behaviour.inactive_status);
        company.active = match status {
            ACTIVE => true,
            status if status == inactive => false,
            _ => return Err(Refusal::bad(format!("Company.status must be {ACTIVE} or {inactive}"))),
        };
    }
    // What came with a conversion can be said again, and not changed.
    if sent.flag("enableSelfOnboard")?.is_some_and(|flag| flag != company.enable_self_onboard) {
        return Err(Refusal::bad("Company.enableSelfOnboard is changed by a conversion only"));
    }
    company.spoke_company = sent.flag("spokeCompany")?.unwrap_or(company.spoke_company);
    Ok(())
}

fn name(call: &Call<'_>, sent: &Sent<'_>, own: u64) -> Result<String, Refusal> {
    let name = sent.needed_text("name")?;
    if name.chars().count() > NAME_LENGTH {
        return Err(Refusal::bad(format!("Company.name must have {NAME_LENGTH} characters or less")));
    }
    let odd = |letter: &char| !letter.is_alphanumeric() && !NAME_SIGNS.contains(*letter);
    if let Some(letter) = name.chars().find(odd) {
        return Err(Refusal::bad(format!("Company.name must not have {letter:?}")));
    }
    let other = call.store.state.company_named(name).filter(|other| other.id != own);
    if call.store.options.behaviour.unique_names && other.is_some() {
        return Err(Refusal::taken(format!("a partner with the name {name} exists already")));
    }
    Ok(name.to_owned())
}

fn networks(call: &Call<'_>, sent: &Sent<'_>) -> Result<Option<Vec<u64>>, Refusal> {
    let options = &call.store.options;
    let Some(items) = sent.items("partnerNetworks")? else {
        return Ok(None);
    };
    let mut found: Vec<u64> = Vec::new();
    for item in items {
        let id = Sent::of(options, item, "Company.partnerNetworks[]")?.needed_id("id", IdOf::Network)?;
        if !call.store.state.networks.iter().any(|network| network.id == id) {
            return Err(Refusal::bad(format!("there is no network {id}")));
        }
        if !found.contains(&id) {
            found.push(id);
        }
    }
    if found.is_empty() { Err(Refusal::bad("Company.partnerNetworks must not be empty")) } else { Ok(Some(found)) }
}

/// 2.12: deletes a partner with its transactions, which nothing brings back.
pub fn delete(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let options = call.options();
    let Some(company) = call.id().and_then(|id| call.store.state.company(id)) else {
        return absent(&options, "there is no such partner");
    };
    let (id, active) = (company.id, company.active);
    if id < FIRST_MADE {
        return Err(Refusal::forbidden("the partner belongs to the product"));
    }
    if options.behaviour.delete_partner_needs_inactive && active {
        return Err(Refusal::conflict("the partner is active; deactivate it first"));
    }
    if let Some((name, transactions)) = call.store.state.remove_partner(id) {
        call.store.state.note(format!("{name} transactions"), transactions);
    }
    Ok(Done::Deed)
}
