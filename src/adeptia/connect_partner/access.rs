//! Access: the templates that a partner may use. Nothing of it can be read, so what was granted from here is remembered, and revoked when the
//! spec drops it; what others granted is left alone.

use super::spec::{ConnectPartnerSpec, PartnerFacts};
use crate::adeptia::client::Client;
use crate::adeptia::client::linkages::LinkageId;
use crate::adeptia::client::partners::PartnerId;
use crate::base::fault::{Class, Fault};
use crate::engine::diff::Shown;
use crate::engine::kind::{Deed, Wanted};
use crate::engine::state::Value;

const PREFIX: &str = "templateAccess.";
/// What stands for every template where the id of one would.
const ALL: &str = "all";

/// The wanted value of a grant.
pub const GRANTED: &str = "Granted";
/// The value of a grant that is to be undone.
const REVOKED: &str = "Revoked";

/// Whether a path is about a grant.
pub fn is_about(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// The paths of the grants that the spec asks for.
pub fn wanted(spec: &ConnectPartnerSpec) -> Vec<String> {
    let access = spec.template_access.iter();
    let ids = access.flat_map(|access| access.template_ids.iter().flatten().map(String::as_str));
    ids.chain(spec.grants_all().then_some(ALL)).map(|id| format!("{PREFIX}{id}")).collect()
}

/// What undoes a grant that the spec no longer asks for.
pub fn withdrawn(path: &str, remembered: &str) -> Option<Value> {
    let granted = is_about(path) && remembered == Value::Plain(GRANTED.into()).remembered();
    granted.then(|| Value::Plain(REVOKED.into()))
}

/// Revokes, and then grants: revoking all after granting one would revoke that one. Doing either twice is doing it once.
///
/// # Errors
/// The vendor's no.
pub async fn perform(
    client: &Client,
    partner: &PartnerId,
    wanted: &Wanted<'_, ConnectPartnerSpec>,
    facts: &mut PartnerFacts,
    uncertain: bool,
) -> Result<Deed, Fault> {
    let ids = |value: &str| -> Vec<&str> {
        let with_value = wanted.changes.iter().filter(|change| change.to == Shown::Plain(value.into()));
        with_value.filter_map(|change| change.path.strip_prefix(PREFIX)).collect()
    };
    let mut left = Vec::new();
    for template in ids(REVOKED) {
        left.extend(revoke(client, partner, wanted.spec, template, facts).await?);
    }
    for template in ids(GRANTED) {
        match grant(client, partner, template).await {
            Ok(linkage) => _ = facts.linkages.insert(template.to_owned(), linkage.unwrap_or_default()),
            // From here, before another one of these was refused.
            Err(fault) if is_no(&fault) && facts.linkages.contains_key(template) => {}
            // The same status may mean something else. Where nobody can have granted it before us, that it is granted is no explanation.
            Err(fault) if fault.class == Class::Taken && (uncertain || !facts.made) => {
                facts.linkages.insert(template.to_owned(), String::new());
            }
            Err(fault) if fault.class == Class::Taken => return Err(refused(template, fault)),
            // It may be refused for being granted already: no text of a refusal tells.
            Err(fault) if uncertain && fault.class == Class::Refused => left.push(format!(
                "look in Adeptia Connect whether the partner {partner} may use the template {template}, which is refused ({})",
                fault.detail
            )),
            Err(fault) => return Err(fault),
        }
    }
    Ok(if left.is_empty() { Deed::Done } else { Deed::Unclear(left.join(", and ")) })
}

fn refused(template: &str, fault: Fault) -> Fault {
    let detail = format!(
        "spec.templateAccess: {template} cannot be granted: {}; if the partner may use it already, revoke that in Adeptia Connect, so that it \
         can be granted from here",
        fault.detail
    );
    Fault { class: Class::Refused, detail, ..fault }
}

fn is_no(fault: &Fault) -> bool {
    matches!(fault.class, Class::Taken | Class::Refused)
}

/// Grants a template, or all, and tells the id of the grant where the vendor does.
async fn grant(client: &Client, partner: &PartnerId, template: &str) -> Result<Option<String>, Fault> {
    if template == ALL {
        return client.grant_all_templates(partner).await.map(|()| None);
    }
    let linkage = client.grant_template(partner, template).await?;
    Ok(linkage.map(|linkage| linkage.as_str().to_owned()))
}

/// Revokes a grant; or tells what a person has to do, because nobody knows the id of it.
async fn revoke(
    client: &Client,
    partner: &PartnerId,
    spec: &ConnectPartnerSpec,
    template: &str,
    facts: &mut PartnerFacts,
) -> Result<Option<String>, Fault> {
    if template == ALL {
        client.revoke_all_templates(partner).await?;
        facts.linkages.clear();
        return Ok(None);
    }
    let linkage = facts.linkages.get(template).filter(|linkage| !linkage.is_empty());
    match linkage {
        Some(linkage) => client.revoke_template(&LinkageId::new(linkage)).await?,
        // One of all that are granted now; it goes with them.
        None if spec.grants_all() => {}
        None => {
            // Whether it is still granted is for a person to say.
            facts.linkages.remove(template);
            return Ok(Some(format!(
                "the vendor did not tell under which id the template {template} was granted to the partner {partner}, so that this grant \
                 cannot be revoked from here: revoke it in Adeptia Connect, or put {template} back into spec.templateAccess.templateIds"
            )));
        }
    }
    facts.linkages.remove(template);
    Ok(None)
}
