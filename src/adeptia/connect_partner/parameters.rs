//! Parameters: values in rows that have ids of their own. A row is changed by its id; a negative id makes a new one, and makes a second one
//! where there is one already (contract 2.13, trap 13).

use std::collections::{BTreeMap, BTreeSet};

use super::look;
use super::spec::{ConnectPartnerSpec, Parameter, PartnerFacts};
use crate::adeptia::client::Client;
use crate::adeptia::client::partners::{Part, PartnerId};
use crate::adeptia::wire::id::{Id, TextRef};
use crate::adeptia::wire::partners::{CompanyFields, Row, SentParameter};
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;
use crate::engine::kind::{Deed, Sought, Wanted};
use crate::engine::state::{State, Value};

const PREFIX: &str = "parameters.";

/// The path of a parameter's value.
pub fn path(param_id: &str) -> String {
    format!("{PREFIX}{param_id}")
}

/// Adds what is shown of the parameters that the spec lists. One without a row has no value.
pub fn show(sought: &Sought<'_, ConnectPartnerSpec, PartnerFacts>, rows: &BTreeMap<String, Row>, state: &mut State) {
    for parameter in &sought.spec.parameters {
        let path = path(&parameter.param_id);
        let value = match rows.get(&parameter.param_id) {
            Some(row) => row.value.as_deref(),
            None => Some(""),
        };
        match (value, &parameter.value_from) {
            (None, _) => {}
            (Some(value), None) => state.insert(&path, Value::Plain(value.into())),
            (Some(value), Some(_)) => state.insert_secret(&path, sought.seal(value)),
        }
    }
}

/// Sends the values that differ, by the ids of their rows; a new row is made only where it is certain that there is none.
///
/// # Errors
/// [`Class::Refused`], not sent, when there is a row and nobody knows its id.
pub async fn perform(
    client: &Client,
    partner: &PartnerId,
    wanted: &Wanted<'_, ConnectPartnerSpec>,
    facts: &mut PartnerFacts,
    uncertain: bool,
) -> Result<Deed, Fault> {
    let shown = look::now(client, partner).await?.and_then(|company| company.rows());
    let before = facts.parameter_rows.as_ref();
    let known = shown.as_ref().map(|rows| known(before, rows)).or_else(|| before.cloned());
    let values: BTreeMap<&str, &str> = values(wanted);
    let fresh: Vec<&str> = { values.keys() }.copied().filter(|id| !has_row(known.as_ref(), id)).collect();
    if uncertain && !fresh.is_empty() {
        // Where nobody shows rows, they are not sent as new ones again, whatever a person says of them.
        if let Some(rows) = facts.parameter_rows.as_mut().filter(|_| shown.is_none()) {
            rows.extend(unnamed(&fresh));
        }
        return Ok(Deed::Unclear(format!(
            "look in Adeptia Connect for the values of the parameters {} of the partner {partner}, and set them there: sending one again \
             would double it",
            fresh.join(", ")
        )));
    }
    let Some(known) = known else { return Err(unknown(partner, values.keys().copied())) };
    if let Some(param_id) = { values.keys() }.find(|id| known.get(**id).is_some_and(String::is_empty)) {
        return Err(unknown(partner, std::iter::once(*param_id)));
    }
    let sent = sent(wanted.spec, &values, &known, shown.as_ref());
    // What is sent back as it was shown may be anybody's secret.
    let others = sent.iter().filter(|one| !values.contains_key(one.parameter.id.as_str()));
    let others: Vec<Secret> = others.map(|one| Secret::new(one.value.as_str())).collect();
    let secrets: Vec<&Secret> = wanted.secrets.values().chain(&others).collect();
    let answer = client
        .change_partner(partner, Part::Parameters, &CompanyFields::new().with_parameters(&sent), &secrets)
        .await?;
    // Where no answer tells the id of a new row, that there is one is remembered all the same.
    let mut rows = known;
    rows.extend(unnamed(&fresh));
    let told = answer.and_then(|company| company.rows()).unwrap_or_default();
    facts.parameter_rows = Some(self::known(Some(&rows), &told));
    Ok(Deed::Done)
}

/// The ids of rows by parameter: those that are shown, laid over those that were known. A row that is known and not shown is there all the
/// same, and so is one whose id is not told.
pub fn known(before: Option<&BTreeMap<String, String>>, shown: &BTreeMap<String, Row>) -> BTreeMap<String, String> {
    let mut known = before.cloned().unwrap_or_default();
    for (param_id, row) in shown {
        let id = known.entry(param_id.clone()).or_default();
        if !row.id.as_str().is_empty() {
            *id = row.id.to_string();
        }
    }
    known
}

/// Rows that there are, or may be, of which nobody knows the ids.
fn unnamed<'p>(param_ids: &'p [&str]) -> impl Iterator<Item = (String, String)> + use<'p> {
    param_ids.iter().map(|param_id| ((*param_id).to_owned(), String::new()))
}

fn has_row(known: Option<&BTreeMap<String, String>>, param_id: &str) -> bool {
    known.is_some_and(|rows| rows.contains_key(param_id))
}

/// The values to send, by parameter.
fn values<'w>(wanted: &'w Wanted<'_, ConnectPartnerSpec>) -> BTreeMap<&'w str, &'w str> {
    let differs = |parameter: &&Parameter| wanted.changes(&path(&parameter.param_id));
    let value = |parameter: &'w Parameter| {
        let secret = || wanted.secrets.get(&path(&parameter.param_id)).map(Secret::expose);
        Some((parameter.param_id.as_str(), parameter.value.as_deref().or_else(secret)?))
    };
    wanted.spec.parameters.iter().filter(differs).filter_map(value).collect()
}

/// What is sent: the values, and every other row as far as its value is known, because nobody knows whether rows that are left out stay.
fn sent(
    spec: &ConnectPartnerSpec,
    values: &BTreeMap<&str, &str>,
    known: &BTreeMap<String, String>,
    shown: Option<&BTreeMap<String, Row>>,
) -> Vec<SentParameter> {
    let parameter = |id: &str, param_id: &str, value: &str| SentParameter {
        id: Id::new(id),
        parameter: TextRef { id: Id::new(param_id) },
        value: value.to_owned(),
    };
    let mut fresh = 0;
    let mut sent: Vec<SentParameter> = { values.iter() }
        .map(|(param_id, value)| match known.get(*param_id) {
            Some(row) => parameter(row, param_id, value),
            None => {
                fresh += 1;
                parameter(&format!("-{}", fresh - 1), param_id, value)
            }
        })
        .collect();
    let listed = { spec.parameters.iter() }.filter_map(|one| Some((one.param_id.as_str(), one.value.as_deref()?)));
    let visible = shown.into_iter().flatten().filter_map(|(id, row)| Some((id.as_str(), row.value.as_deref()?)));
    // What is shown goes before what the spec says: a difference that is only reported is not to be put right on the way.
    let others: BTreeMap<&str, &str> = listed.chain(visible).collect();
    let done: BTreeSet<&str> = values.keys().copied().collect();
    for (param_id, value) in others.into_iter().filter(|(param_id, _)| !done.contains(param_id)) {
        if let Some(row) = known.get(param_id).filter(|row| !row.is_empty()) {
            sent.push(parameter(row, param_id, value));
        }
    }
    sent
}

fn unknown<'a>(partner: &PartnerId, param_ids: impl Iterator<Item = &'a str>) -> Fault {
    let detail = format!(
        "spec.parameters: the vendor does not tell under which id the partner {partner} has its value of {}, and sending it as a new one \
         would double it; set it in Adeptia Connect, and take it out of spec.parameters",
        param_ids.collect::<Vec<_>>().join(", ")
    );
    Fault::new(Class::Refused, "set_parameters", detail).with_delivery(Delivery::NotSent)
}
