//! What partners may use: one template by one, or all of them.

use serde_json::{Value, json};

use crate::adeptia::sim::answer::{Done, Refusal};
use crate::adeptia::sim::calls::{Call, absent, stub};
use crate::adeptia::sim::entities::{Company, Linkage};
use crate::adeptia::sim::fields::{IdOf, Sent};
use crate::adeptia::sim::options::Options;
use crate::adeptia::sim::options::behaviour::Repeat;
use crate::adeptia::sim::options::server::Profile;

const CLASS: &str = "TemplatePartnerLinkage";

fn view(options: &Options, partner: u64, linkage: Linkage) -> Value {
    let mut shown = json!({"partner": stub(options, IdOf::Linked, partner)});
    if let Some(template) = linkage.template {
        shown["transactionTemplate"] = stub(options, IdOf::Linked, template);
    }
    if options.answers.linkage_id_in_answer {
        shown["id"] = IdOf::Linkage.write(&options.ids, linkage.id);
    }
    shown
}

/// 2.14: grants all templates. Without a query it is this call too, whatever template the body names.
pub fn grant_all(call: &mut Call<'_>) -> Result<Done, Refusal> {
    if call.query.get("resourceIdentifier").is_some() {
        call.check_resource("company")?;
    }
    let (options, body) = (call.options(), call.take_sent());
    let sent = Sent::wrapped(&options, &body, CLASS)?;
    grant(call, sent.stub("partner", IdOf::Linked)?, None)
}

/// 2.16: grants one template.
pub fn grant_one(call: &mut Call<'_>) -> Result<Done, Refusal> {
    check_is_template(call)?;
    let (options, body) = (call.options(), call.take_sent());
    let sent = Sent::wrapped(&options, &body, CLASS)?;
    let (partner, template) = (sent.stub("partner", IdOf::Linked)?, sent.stub("transactionTemplate", IdOf::Linked)?);
    grant(call, partner, Some(template))
}

fn check_is_template(call: &Call<'_>) -> Result<(), Refusal> {
    match call.query.get("isTemplate") {
        Some("true") => Ok(()),
        _ => Err(Refusal::bad("isTemplate must be true")),
    }
}

fn grant(call: &mut Call<'_>, partner: u64, template: Option<u64>) -> Result<Done, Refusal> {
    let options = call.options();
    let no_partner = || Refusal::bad(format!("there is no partner {partner}"));
    let company = call.store.state.company(partner).ok_or_else(no_partner)?;
    check_grant(call, company, template)?;
    let known = company.linkages.iter().find(|linkage| linkage.template == template).copied();
    let linkage = match known {
        Some(_) if options.behaviour.repeat_grant == Repeat::Refuse => {
            return Err(Refusal::taken("the partner has this access already"));
        }
        Some(linkage) => linkage,
        None => {
            let linkage = Linkage { id: call.store.state.new_id(), template };
            call.store.state.company_mut(partner).ok_or_else(no_partner)?.linkages.push(linkage);
            linkage
        }
    };
    Ok(Done::Created(CLASS, view(&options, partner, linkage)))
}

fn check_grant(call: &Call<'_>, company: &Company, template: Option<u64>) -> Result<(), Refusal> {
    let behaviour = &call.store.options.behaviour;
    if behaviour.grant_needs_external && !company.enable_self_onboard {
        return Err(Refusal::conflict("the partner is internal; convert it first"));
    }
    let Some(id) = template else {
        return Ok(());
    };
    let template = call.store.state.templates.iter().find(|template| template.id == id);
    let template = template.ok_or_else(|| Refusal::bad(format!("there is no template {id}")))?;
    if behaviour.grant_checks && !template.active {
        return Err(Refusal::conflict(format!("the template {id} is not activated")));
    }
    if behaviour.grant_checks && !template.networks.iter().any(|network| company.networks.contains(network)) {
        return Err(Refusal::conflict(format!("the template {id} is in no network of the partner")));
    }
    Ok(())
}

/// 2.15: revokes all that a partner was granted. Without a query it is this call too, and the id in the path is taken for a partner's.
pub fn revoke_all(call: &mut Call<'_>) -> Result<Done, Refusal> {
    if call.query.get("resourceIdentifier").is_some() && call.store.options.server.profile != Profile::Legacy {
        call.check_resource("company")?;
    }
    let options = call.options();
    match call.id().and_then(|id| call.store.state.company_mut(id)) {
        Some(company) if !company.linkages.is_empty() => {
            company.linkages.clear();
            Ok(Done::Deed)
        }
        _ => absent(&options, "there is no such partner, or it was granted nothing"),
    }
}

/// 2.17: revokes one linkage.
pub fn revoke_one(call: &mut Call<'_>) -> Result<Done, Refusal> {
    check_is_template(call)?;
    let (options, id) = (call.options(), call.id());
    for company in &mut call.store.state.companies {
        if let Some(place) = company.linkages.iter().position(|linkage| Some(linkage.id) == id) {
            company.linkages.remove(place);
            return Ok(Done::Deed);
        }
    }
    absent(&options, "there is no such linkage")
}
