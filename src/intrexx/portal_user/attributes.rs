//! Attributes: where each field of the spec has its place among the vendor's nested properties (contract 2.6), as one table.

use serde_json::Value as Json;

use super::spec::PortalUserSpec;
use crate::base::value;
use crate::engine::diff::{Change, Shown};
use crate::engine::kind::Invalid;
use crate::engine::state::{Access, Field, State};
use crate::intrexx::wire::users::Properties;

/// Where a user's domain is.
pub const DOMAIN: [&str; 2] = ["account", "domain"];

/// A path in the spec, the group in which it is written, and its place at the vendor.
struct Attribute(&'static str, &'static str, &'static [&'static str]);

const PROFILE: &str = "profile";
const ACCOUNT: &str = "account";

/// Every attribute that can be written and read. Of those, names and the e-mail address at work are documented; the others are likely.
const ATTRIBUTES: [Attribute; 28] = [
    Attribute("firstName", PROFILE, &["general_settings", "first_name"]),
    Attribute("lastName", PROFILE, &["general_settings", "last_name"]),
    Attribute("objectName", PROFILE, &["general_settings", "object_name"]),
    Attribute("middleName", PROFILE, &["general_settings", "middle_name"]),
    Attribute("title", PROFILE, &["general_settings", "title"]),
    Attribute("description", PROFILE, &["general_settings", "description"]),
    Attribute("email", PROFILE, &["contact", "email", "work"]),
    Attribute("contact.privateEmail", PROFILE, &["contact", "email", "private"]),
    Attribute("contact.workPhone", PROFILE, &["contact", "phone", "work"]),
    Attribute("contact.privatePhone", PROFILE, &["contact", "phone", "private"]),
    Attribute("contact.mobilePhone", PROFILE, &["contact", "phone", "mobile"]),
    Attribute("contact.fax", PROFILE, &["contact", "phone", "fax"]),
    Attribute("personalInformation.gender", PROFILE, &["personal_information", "gender"]),
    Attribute("personalInformation.dateOfBirth", PROFILE, &["personal_information", "date_of_birth"]),
    Attribute("personalInformation.personnelNumber", PROFILE, &["personal_information", "personnel_number"]),
    Attribute("personalInformation.entryDate", PROFILE, &["personal_information", "entry_date"]),
    Attribute("address.poBox", PROFILE, &["address", "po_box"]),
    Attribute("address.street", PROFILE, &["address", "street"]),
    Attribute("address.postalCode", PROFILE, &["address", "postal_code"]),
    Attribute("address.city", PROFILE, &["address", "city"]),
    Attribute("address.state", PROFILE, &["address", "state"]),
    Attribute("address.country", PROFILE, &["address", "country"]),
    Attribute("disabled", ACCOUNT, &["account", "disabled"]),
    Attribute("account.canBeLocked", ACCOUNT, &["account", "account_can_be_locked"]),
    Attribute("account.passwordExpires", ACCOUNT, &["account", "password_expires"]),
    Attribute("account.mustChangePassword", ACCOUNT, &["account", "must_change_password"]),
    Attribute("account.cannotChangePassword", ACCOUNT, &["account", "cannot_change_password"]),
    Attribute("customAttributes.*", PROFILE, &[CUSTOM]),
];

const CUSTOM: &str = "custom_attributes";
const CUSTOM_PATH: &str = "customAttributes.";

const OTHERS: usize = 5;

/// The kind's table of fields: `others`, and after them these.
pub const fn fields(others: [Field; OTHERS]) -> [Field; OTHERS + ATTRIBUTES.len()] {
    let mut table = [others[0]; OTHERS + ATTRIBUTES.len()];
    let mut at = 0;
    while at < table.len() {
        table[at] = if at < OTHERS {
            others[at]
        } else {
            let Attribute(path, group, _) = ATTRIBUTES[at - OTHERS];
            Field { path, access: Access::Readable, key: false, group }
        };
        at += 1;
    }
    table
}

/// What the spec asks for, by path.
///
/// # Errors
/// A custom attribute that is neither text nor number nor boolean.
pub fn desired(spec: &PortalUserSpec) -> Result<State, Invalid> {
    let odd = spec.custom_attributes.iter().find(|(_, value)| value.is_null() || value.is_array() || value.is_object());
    if let Some((key, _)) = odd {
        return Err(Invalid {
            field: format!("{CUSTOM_PATH}{key}"),
            problem: "it is neither a text nor a number nor a boolean".to_owned(),
            way_out: "write one of these, or \"\" to clear the attribute".to_owned(),
        });
    }
    Ok(wanted(spec).into_iter().fold(State::new(), |state, (path, value)| state.with(&path, value)))
}

fn wanted(spec: &PortalUserSpec) -> Vec<(String, Json)> {
    // A spec came from JSON, so it has a JSON form.
    let json = serde_json::to_value(spec).unwrap_or_default();
    let plain = ATTRIBUTES.iter().filter_map(|Attribute(path, ..)| {
        let value = path.split('.').try_fold(&json, |value, step| value.get(step))?;
        Some(((*path).to_owned(), value.clone()))
    });
    let custom = spec.custom_attributes.iter().map(|(key, value)| (format!("{CUSTOM_PATH}{key}"), value.clone()));
    plain.chain(custom).collect()
}

/// The place of a path at the vendor.
fn place(path: &str) -> Option<Vec<&str>> {
    match path.strip_prefix(CUSTOM_PATH) {
        Some(key) => Some(vec![CUSTOM, key]),
        None => ATTRIBUTES.iter().find(|attribute| attribute.0 == path).map(|attribute| attribute.2.to_vec()),
    }
}

/// All that the spec asks for, as it is sent.
pub fn whole(spec: &PortalUserSpec) -> Properties {
    let put = |properties: Properties, (path, value): &(String, Json)| match place(path) {
        Some(place) => properties.with(&place, value.clone()),
        None => properties,
    };
    wanted(spec).iter().fold(Properties::new(), put)
}

/// These changes, as they are sent.
pub fn changed(changes: &[Change]) -> Properties {
    let put = |properties: Properties, change: &Change| match (place(&change.path), &change.to) {
        (Some(place), Shown::Plain(value)) => properties.with(&place, value.clone()),
        _ => properties,
    };
    changes.iter().fold(Properties::new(), put)
}

/// What the portal shows of what the spec asks for.
pub fn seen(spec: &PortalUserSpec, user: &Properties) -> State {
    let shown = |(path, wanted): (String, Json)| {
        let place = place(&path).filter(|place| !user.hides(place))?;
        let value = reading(&wanted, user.at(&place));
        Some((path, value))
    };
    wanted(spec).into_iter().filter_map(shown).fold(State::new(), |state, (path, value)| state.with(&path, value))
}

/// What is shown, in the type that is wanted where it means the same. What is not shown is blank or off: so a name that the vendor passes
/// over when it is sent is found out.
fn reading(wanted: &Json, shown: Option<&Json>) -> Json {
    match (wanted, shown) {
        (Json::Bool(_), None) => Json::Bool(false),
        (Json::Bool(_), Some(shown)) => value::flag(shown).map_or_else(|_| shown.clone(), Json::Bool),
        (Json::String(_), None) => Json::String(String::new()),
        (Json::String(_), Some(shown)) => value::text(shown).map_or_else(|_| shown.clone(), Json::String),
        (_, Some(shown)) if value::text(shown).ok() == value::text(wanted).ok() => wanted.clone(),
        (_, shown) => shown.cloned().unwrap_or_default(),
    }
}
