//! Parameters of partners: what a network asks its partners for.

use serde_json::{Value, json};

use crate::adeptia::sim::answer::Refusal;
use crate::adeptia::sim::calls::stub;
use crate::adeptia::sim::entities::{Company, Definition, Parameter, ParameterType, is_email};
use crate::adeptia::sim::fields::{IdOf, Sent};
use crate::adeptia::sim::options::answers::PasswordValues;
use crate::adeptia::sim::options::behaviour::{LeftOutRows, NegativeId};
use crate::adeptia::sim::store::Store;

const STARS: &str = "*****";

/// The rows of a partner as answers tell them.
pub(super) fn view(store: &Store, company: &Company, with_ids: bool) -> Value {
    let options = &store.options;
    let row = |parameter: &Parameter| {
        let definition = store.state.definitions.iter().find(|definition| definition.id == parameter.definition);
        let secret = definition.is_some_and(|definition| definition.r#type == ParameterType::Password);
        let value = match options.answers.password_values {
            PasswordValues::Stars if secret => Some(STARS),
            PasswordValues::Absent if secret => None,
            _ => Some(parameter.value.as_str()),
        };
        let mut row = json!({"paramId": stub(options, IdOf::Parameter, parameter.definition)});
        if let Some(value) = value {
            row["value"] = json!(value);
        }
        if with_ids {
            row["id"] = IdOf::Row.write(&options.ids, parameter.id);
        }
        row
    };
    company.parameters.iter().map(row).collect()
}

/// 2.13: changes rows by their ids, and makes new ones of those with a negative id.
pub(super) fn apply(store: &mut Store, company: &mut Company, rows: &[Value]) -> Result<(), Refusal> {
    let options = store.options.clone();
    let mut named = Vec::new();
    for row in rows {
        let row = Sent::of(&options, row, "Company.partnerParameter[]")?;
        let id = row.needed_digits("id", IdOf::Row)?;
        let definition = row.stub("paramId", IdOf::Parameter)?;
        let value = row.text("value")?.ok_or_else(|| row.missing("value"))?;
        check(store, company, definition, value)?;
        named.push(set(store, company, &id, definition, value)?);
    }
    if options.behaviour.left_out_rows == LeftOutRows::Removed {
        company.parameters.retain(|parameter| named.contains(&parameter.id));
    }
    Ok(())
}

/// Sets one row; its id.
fn set(store: &mut Store, company: &mut Company, id: &str, definition: u64, value: &str) -> Result<u64, Refusal> {
    let new = id.strip_prefix('-').is_some_and(|digits| digits.parse::<u64>().is_ok());
    let existing = if new {
        let same = company.parameters.iter_mut().find(|parameter| parameter.definition == definition);
        match store.options.behaviour.negative_id {
            NegativeId::Doubles => None,
            NegativeId::Replaces => same,
            NegativeId::Refused if same.is_some() => {
                return Err(Refusal::conflict(format!("the partner has the parameter {definition} already")));
            }
            NegativeId::Refused => None,
        }
    } else {
        let known = company.parameters.iter_mut().find(|parameter| parameter.id.to_string() == id);
        let known = known.filter(|parameter| parameter.definition == definition);
        Some(known.ok_or_else(|| Refusal::bad(format!("the partner has no parameter {definition} with the id {id}")))?)
    };
    if let Some(parameter) = existing {
        value.clone_into(&mut parameter.value);
        return Ok(parameter.id);
    }
    let id = store.state.new_id();
    company.parameters.push(Parameter { id, definition, value: value.to_owned() });
    Ok(id)
}

/// Whether a value is one for a parameter. Messages do not tell the value, which may be a password.
fn check(store: &Store, company: &Company, id: u64, value: &str) -> Result<(), Refusal> {
    let definition = store.state.definitions.iter().find(|definition| definition.id == id);
    let definition = definition.filter(|definition| company.networks.contains(&definition.network));
    let Some(definition) = definition else {
        return Err(Refusal::bad(format!("no network of the partner has the parameter {id}")));
    };
    let at_most = definition.max_length.and_then(|length| usize::try_from(length).ok());
    if at_most.is_some_and(|length| value.chars().count() > length) {
        return Err(Refusal::bad(format!("the value of the parameter {id} is too long")));
    }
    if !fits(definition, value) {
        return Err(Refusal::bad(format!(
            "the value of the parameter {id} is not of its type, {:?}",
            definition.r#type
        )));
    }
    let others = store.state.companies.iter().filter(|other| other.id != company.id);
    let mut same = others.flat_map(|other| &other.parameters).filter(|other| other.definition == id);
    if definition.unique && same.any(|other| other.value == value) {
        return Err(Refusal::taken(format!("another partner has this value of the parameter {id}")));
    }
    Ok(())
}

fn fits(definition: &Definition, value: &str) -> bool {
    match definition.r#type {
        ParameterType::Text | ParameterType::Password => true,
        ParameterType::Combo => definition.choices.iter().any(|choice| choice == value),
        ParameterType::Date => value.parse::<jiff::civil::Date>().is_ok(),
        ParameterType::Email => is_email(value),
        ParameterType::Url => ["http://", "https://"].iter().any(|scheme| value.starts_with(scheme)),
        ParameterType::Number => value.parse::<i64>().is_ok(),
        ParameterType::Decimal => value.parse::<f64>().is_ok_and(f64::is_finite),
    }
}
