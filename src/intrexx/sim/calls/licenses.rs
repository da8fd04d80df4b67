//! Licences: the server has them, and portals have shares of their seats.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::intrexx::sim::answer::{Done, Refusal};
use crate::intrexx::sim::calls::Call;
use crate::intrexx::sim::options::behaviour::LicenseScope;
use crate::intrexx::sim::shape::{Field, Kind, Purpose};
use crate::intrexx::sim::store::{License, State};

/// Seats of a licence that comes by its key alone.
const SEATS: i64 = 100;
/// Days that a trial licence is good for.
const TRIAL_DAYS: i64 = 30;
/// Days before its end in which a licence is called expiring.
const EXPIRING_DAYS: i64 = 30;
/// The shortest key that is one.
const KEY_LENGTH: usize = 8;

const LICENSE: [Field; 2] = [Field::required("key", Kind::Name), Field::new("count", Kind::Int(0, 1 << 31))];
const TRIAL: [Field; 1] = [Field::required("key", Kind::Name)];

fn view(state: &State, license: &License, portal: &str) -> Value {
    let seats = state.portals.iter().find(|known| known.name == portal);
    let count = seats.and_then(|portal| portal.licenses.get(&license.key)).copied().unwrap_or_default();
    let given = count + state.seats_elsewhere(&license.key, portal);
    json!({
        "key": license.key,
        "count": count,
        "total": license.total,
        "type": license.r#type,
        "name": license.name,
        "valid_until": license.valid_until,
        "trial": license.trial,
        "status": status(license, given, today(state.now())),
    })
}

fn status(license: &License, given: i64, today: Date) -> &'static str {
    let soon = today.checked_add(EXPIRING_DAYS.days()).unwrap_or(Date::MAX);
    match license.valid_until {
        Some(last) if last < today => "EXPIRED",
        _ if given > license.total => "VIOLATED",
        Some(last) if last < soon => "EXPIRING",
        _ => "VALID",
    }
}

fn today(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

/// 49: the licences that the portal has a share of, or all of the server.
pub fn list(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let all = call.options().behaviour.license_scope == LicenseScope::Server;
    let portal = call.portal()?;
    let (name, own) = (portal.name.clone(), portal.licenses.clone());
    let state = &call.store.state;
    let shown = state.licenses.iter().filter(|license| all || own.contains_key(&license.key));
    Ok(Done::List("licenses", shown.map(|license| view(state, license, &name)).collect()))
}

/// 50: gives the portal seats of a licence, taking them from other portals if need be. A key that the server does not know yet is a
/// new licence.
pub fn add(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let sent = call.checked(&LICENSE, Purpose::Create)?;
    let key = sent.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
    let count = sent.get("count").and_then(Value::as_i64).unwrap_or_default();
    if !is_key(&key) {
        return Err(Refusal::refused("key is not a licence key"));
    }
    let portal = call.portal()?;
    if portal.licenses.contains_key(&key) {
        return Err(Refusal::taken("the licence is already there"));
    }
    let name = portal.name.clone();
    let state = &mut call.store.state;
    if !state.licenses.iter().any(|known| known.key == key) {
        state.licenses.push(License {
            key: key.clone(),
            total: count.max(SEATS),
            r#type: "PORTAL_SERVER".to_owned(),
            name: "Intrexx Portal Server".to_owned(),
            valid_until: None,
            trial: false,
        });
    }
    let license = state.licenses.iter().find(|known| known.key == key).cloned();
    let license = license.ok_or_else(|| Refusal::refused("key is not a licence key"))?;
    if count > license.total {
        return Err(Refusal::refused("count is more than the licence has"));
    }
    take_from_others(state, &license, &name, count);
    if let Some(portal) = state.portals.iter_mut().find(|portal| portal.name == name) {
        portal.licenses.insert(key.clone(), count);
    }
    // Without a Location: the key would stand in it.
    Ok(Done::Created { at: None, object: view(state, &license, &name) })
}

fn is_key(key: &str) -> bool {
    key.len() >= KEY_LENGTH && key.chars().all(|c| c.is_ascii_graphic())
}

fn take_from_others(state: &mut State, license: &License, portal: &str, count: i64) {
    let mut missing = count + state.seats_elsewhere(&license.key, portal) - license.total;
    for other in state.portals.iter_mut().filter(|other| other.name != portal) {
        if let Some(seats) = other.licenses.get_mut(&license.key).filter(|_| missing > 0) {
            let taken = missing.min(*seats);
            (*seats, missing) = (*seats - taken, missing - taken);
        }
    }
}

/// 51: takes the portal's share away. The server forgets a licence of which no portal has a share.
pub fn delete(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let key = call.param(1).to_owned();
    if call.portal()?.licenses.remove(&key).is_none() {
        return Err(Refusal::gone("there is no such licence"));
    }
    let state = &mut call.store.state;
    if !state.portals.iter().any(|portal| portal.licenses.contains_key(&key)) {
        state.licenses.retain(|license| license.key != key);
    }
    Ok(Done::Nothing)
}

/// 52: lets the licensed time last longer, once for each portal.
pub fn install_trial(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let sent = call.checked(&TRIAL, Purpose::Create)?;
    let key = sent.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
    if !is_key(&key) {
        return Err(Refusal::refused("key is not a licence key"));
    }
    let last = today(call.now()).checked_add(TRIAL_DAYS.days()).unwrap_or(Date::MAX);
    let portal = call.portal()?;
    if portal.trial_used {
        return Err(Refusal::taken("the trial licence was already used"));
    }
    portal.trial_used = true;
    portal.licenses.insert(key.clone(), 0);
    let name = portal.name.clone();
    let state = &mut call.store.state;
    let license = License {
        key,
        total: 0,
        r#type: "PORTAL_SERVER".to_owned(),
        name: "Trial".to_owned(),
        valid_until: Some(last),
        trial: true,
    };
    state.licenses.retain(|known| known.key != license.key);
    let shown = view(state, &license, &name);
    state.licenses.push(license);
    state.note(&name, "trial licence installed");
    Ok(Done::Changed(shown))
}
