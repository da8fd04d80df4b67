//! Conversion: an internal partner becomes an external one, once and for good. What says that it is done is remembered, whatever the vendor
//! shows, and what may have been done is never done again unseen.

use std::borrow::Cow;

use super::look;
use super::spec::{ConnectPartnerSpec, Conversion, FirstUser, PartnerFacts};
use crate::adeptia::client::Client;
use crate::adeptia::client::onboarding::ImportState;
use crate::adeptia::client::partners::PartnerId;
use crate::adeptia::user_csv;
use crate::adeptia::wire::partners::SelfOnboard;
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;
use crate::engine::kind::{Deed, DeedAttempt, SecretKey, Wanted};

const PASSWORD: &str = "external.selfOnboard.password";
const CSV: &str = "external.importUsers.csv";

/// What is recorded of an import that was begun.
const BEGUN: &str = "the users of the file are being imported";

/// The Secret that a conversion needs. It is no field: a change of it changes nothing.
pub fn secret(spec: &ConnectPartnerSpec) -> Option<(Cow<'static, str>, &SecretKey)> {
    let Conversion { self_onboard, import_users } = spec.external.as_ref()?;
    let password = self_onboard.as_ref().map(|user| (PASSWORD.into(), &user.password.secret_ref));
    password.or_else(|| import_users.as_ref().map(|users| (CSV.into(), &users.csv.secret_ref)))
}

/// Converts a partner, or looks how far that is.
///
/// # Errors
/// The vendor's no; [`Class::Refused`], not sent, for a file that cannot be what it should be.
pub async fn perform(
    client: &Client,
    partner: &PartnerId,
    wanted: &Wanted<'_, ConnectPartnerSpec>,
    facts: &mut PartnerFacts,
    attempt: DeedAttempt<'_>,
) -> Result<Deed, Fault> {
    let external = look::now(client, partner).await?.and_then(|company| company.external());
    if external == Some(true) {
        facts.converted = true;
        return Ok(Deed::Done);
    }
    let deed = match wanted.spec.external.as_ref() {
        Some(Conversion { self_onboard: Some(user), .. }) => {
            // That it is not shown does not prove that the call whose answer was lost is over.
            if attempt.uncertain {
                return Ok(Deed::Unclear(format!(
                    "look in Adeptia Connect whether the partner {partner} manages itself by now, with the user {:?}",
                    user.user_id
                )));
            }
            convert(client, partner, user, wanted).await?
        }
        Some(Conversion { import_users: Some(_), .. }) => import(client, partner, wanted, facts, attempt).await?,
        _ => Deed::Done,
    };
    facts.converted |= matches!(deed, Deed::Done);
    Ok(deed)
}

async fn convert(
    client: &Client,
    partner: &PartnerId,
    user: &FirstUser,
    wanted: &Wanted<'_, ConnectPartnerSpec>,
) -> Result<Deed, Fault> {
    let password = wanted.secrets.get(PASSWORD).map(Secret::expose).unwrap_or_default();
    let FirstUser { first_name, last_name, user_id, email, .. } = user;
    let user = SelfOnboard { partner_id: partner.id(), first_name, last_name, user_id, email, password };
    client.convert_partner(partner, &user).await?;
    Ok(Deed::Done)
}

async fn import(
    client: &Client,
    partner: &PartnerId,
    wanted: &Wanted<'_, ConnectPartnerSpec>,
    facts: &mut PartnerFacts,
    attempt: DeedAttempt<'_>,
) -> Result<Deed, Fault> {
    let file = wanted.secrets.get(CSV).map(Secret::expose).unwrap_or_default();
    let csv = user_csv::check(file, &wanted.spec.partner_name);
    // After one that is not known to have gone well, nothing but a person's word makes the next call a certain one.
    if !attempt.uncertain && (attempt.recorded.is_none() || facts.import_failed) {
        let csv = csv.map_err(|problem| {
            let detail = format!("spec.external.importUsers.csv: {problem}");
            Fault::new(Class::Refused, "import_users", detail).with_delivery(Delivery::NotSent)
        })?;
        client.import_users(partner, csv.text, &csv.passwords).await?;
        facts.import_failed = false;
        return Ok(Deed::Step(BEGUN.to_owned()));
    }
    if facts.import_failed {
        return Ok(failed(partner));
    }
    // The file may be another one by now; no fault of the call must tell passwords of this one either.
    let passwords = csv.map(|csv| csv.passwords).unwrap_or_default();
    let state = client.import_state(partner, &passwords).await?;
    if state == ImportState::Running || attempt.recorded.is_some() && state == ImportState::Early {
        // Of a call whose answer was lost, that something is under way now is all the evidence there can be.
        return Ok(Deed::Step(BEGUN.to_owned()));
    }
    if attempt.recorded.is_some() {
        let external = look::now(client, partner).await?.and_then(|company| company.external());
        facts.import_failed = state != ImportState::Done || external == Some(false);
        return Ok(if facts.import_failed { failed(partner) } else { Deed::Done });
    }
    Ok(Deed::Unclear(format!(
        "look in Adeptia Connect whether the users of the file were imported, and the partner {partner} manages itself by now"
    )))
}

fn failed(partner: &PartnerId) -> Deed {
    Deed::Unclear(format!(
        "the import of users failed, or nobody can tell; look in Adeptia Connect which users of the file the partner {partner} has by now, and \
         whether it manages itself, and correct the file"
    ))
}
