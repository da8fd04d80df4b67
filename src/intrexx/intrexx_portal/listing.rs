//! Listing: each portal of an installation with its settings, as far as they have fields of their own. What is open may hold anything, so it
//! is named and not shown.

use futures::{StreamExt, stream};
use serde_json::{Map, Value as Json, json};
use tokio::time::Instant;

use super::fields::{FIELDS, PARTS, Part};
use super::look::{Reader, STOPPED_STATUS};
use crate::base::fault::{Class, Fault};
use crate::engine::kind::{Listed, Listing};
use crate::intrexx::client::Client;
use crate::intrexx::client::settings::STANDBY;
use crate::intrexx::wire::portals::Portal;
use crate::intrexx::wire::settings::{Values, is_masked};

/// How many portals are read at once.
const ABREAST: usize = 8;

/// The keys of a rule of a schedule, the vendor's and ours.
const RULE: [(&str, &str); 5] = [
    ("cron", "cron"),
    ("time_zone", "timeZone"),
    ("valid_from", "validFrom"),
    ("valid_to", "validTo"),
    ("active", "active"),
];

/// Every portal.
///
/// # Errors
/// The fault of the list.
pub async fn list(client: &Client, fresh_after: Instant) -> Result<Listing, Fault> {
    let mut portals: Vec<Portal> = client.portals(fresh_after, |portals| portals.0.clone()).await?;
    portals.sort_by(|one, other| one.name.cmp(&other.name));
    let reads: Vec<_> = portals.iter().map(|portal| one(client, portal)).collect();
    let read: Vec<_> = stream::iter(reads).buffered(ABREAST).collect().await;
    let mut listing = Listing::default();
    for (portal, read) in portals.iter().zip(read) {
        listing.add(&format!("the portal {}", portal.name), read.map(|listed| vec![listed]));
    }
    Ok(listing)
}

async fn one(client: &Client, portal: &Portal) -> Result<Listed, Fault> {
    let listed = |spec| Listed::new(&portal.name, &portal.name, spec);
    let bare = || listed(json!({"portalName": portal.name}));
    if portal.is_being_made() {
        return Ok(bare().left_out(Some("the server is still making it; export it once it is there".to_owned())));
    }
    if portal.status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case(STOPPED_STATUS)) {
        let why = "its service does not run, so that its settings cannot be read; start it, and export it again";
        return Ok(bare().left_out(Some(why.to_owned())));
    }
    let (mut spec, mut open) = (json!({"portalName": portal.name}), Vec::new());
    let mut reader = Reader::new(client, &portal.name);
    // Standby is switched by hand for maintenance, and no setting.
    for part in PARTS.iter().filter(|part| part.section != STANDBY) {
        let values = match reader.values(part).await {
            Err(fault) if fault.class == Class::Missing => {
                let why = "the Administration API answers 404 for it: name it in admin-api.yaml, restart the Administration API, and \
                           export it again";
                return Ok(bare().left_out(Some(why.to_owned())));
            }
            values => values?,
        };
        put(part, &values, &mut spec);
        open.extend(unnamed(part, &values));
    }
    let remark =
        "mobile and licenses need keys from Secrets, and are not managed; add them where they are to be".to_owned();
    let open = Some(open).filter(|open| !open.is_empty());
    let open = open.map(|open| format!("shown, not managed, and perhaps secret: {}", open.join(", ")));
    Ok(listed(spec).remarked(Some(remark)).remarked(open))
}

/// The values of a part that have fields of their own, where they belong in a spec.
fn put(part: &Part, values: &Values, spec: &mut Json) {
    let own = FIELDS.iter().filter(|field| field.group == part.group && !field.path.ends_with('*'));
    for field in own {
        let Some(shown) = part.shown(values, field.path).filter(|shown| tells(shown)) else { continue };
        let place = field.path.split('.').fold(&mut *spec, |place, key| &mut place[key]);
        *place = of_wire(shown);
    }
}

/// Whether it is a value at all.
fn tells(shown: &Json) -> bool {
    match shown {
        Json::Null => false,
        Json::String(text) => !text.is_empty() && !is_masked(text),
        _ => true,
    }
}

/// A value as a spec has it: the rules of a schedule have our words there.
fn of_wire(shown: &Json) -> Json {
    let rule = |value: &Json| match value {
        Json::Object(rule) => {
            let known = RULE.iter().filter_map(|(theirs, ours)| Some((*ours, rule.get(*theirs)?)));
            let known = known.filter(|(_, value)| !value.is_null()).map(|(key, value)| (key.to_owned(), value.clone()));
            Json::Object(known.collect::<Map<_, _>>())
        }
        other => other.clone(),
    };
    match shown {
        Json::Array(rules) => rules.iter().map(rule).collect(),
        other => other.clone(),
    }
}

/// The paths of what a part shows that has no field of its own.
fn unnamed(part: &Part, values: &Values) -> Vec<String> {
    let path = |key: &String| part.path(key);
    let named = |path: &String| FIELDS.iter().any(|field| field.path == path);
    values.iter().filter(|(_, value)| tells(value)).map(|(key, _)| path(key)).filter(|path| !named(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_where_a_spec_has_them_and_open_ones_are_only_named() {
        let shown = json!({
            "template_name": "sales", "number_of_exports": "3", "description": "", "export_directory": "***",
            "schedule": [{"id": 7, "cron": "0 0 2 ? * *", "time_zone": "UTC", "valid_to": null, "active": "true"}],
            "ftp_password": "planted", "empty": null,
        });
        let part = PARTS.iter().find(|part| part.group == "export").unwrap();
        let (mut spec, values) = (json!({}), shown.as_object().unwrap());
        put(part, values, &mut spec);
        let rule = json!({"cron": "0 0 2 ? * *", "timeZone": "UTC", "active": "true"});
        let export = json!({"templateName": "sales", "numberOfExports": "3", "schedule": [rule]});
        assert_eq!(spec, json!({"export": export}));
        assert_eq!(unnamed(part, values), ["export.additional.ftp_password"]);
    }
}
