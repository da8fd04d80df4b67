//! Rules of a schedule: when something shall happen, in Quartz's cron expressions.

use jiff::Timestamp;
use jiff::tz::{self, TimeZone};
use serde_json::{Value, json};

use crate::intrexx::sim::answer::Refusal;
use crate::intrexx::sim::calls::over;
use crate::intrexx::sim::cron::Cron;
use crate::intrexx::sim::options::Options;
use crate::intrexx::sim::options::behaviour::DayFields;
use crate::intrexx::sim::shape::{self, Field, Kind, Purpose};
use crate::intrexx::sim::store::Fields;

const RULE: [Field; 5] = [
    Field::required("cron", Kind::Name),
    Field::new("active", Kind::Flag),
    Field::new("time_zone", Kind::Name),
    Field::new("valid_from", Kind::Text),
    Field::new("valid_to", Kind::Text),
];

/// Checks the rules under `key`, if any were sent, and fills in what they leave out.
pub fn check(options: &Options, sent: &mut Fields, key: &str) -> Result<(), Refusal> {
    if let Some(Value::Array(rules)) = sent.get_mut(key) {
        for rule in rules {
            let Value::Object(fields) = &*rule else { continue };
            *rule = checked(options, fields)?;
        }
    }
    Ok(())
}

fn checked(options: &Options, rule: &Fields) -> Result<Value, Refusal> {
    let behaviour = &options.behaviour;
    let rule = shape::check(&RULE, rule, Purpose::Create, behaviour.unknown_keys)?;
    let defaults = json!({"active": true, "time_zone": "UTC"});
    let mut rule = over(defaults, &rule);
    let text = |key: &str| rule.get(key).and_then(Value::as_str);
    Cron::parse(text("cron").unwrap_or_default(), behaviour.day_fields).map_err(Refusal::refused)?;
    if zone(text("time_zone").unwrap_or_default()).is_none() {
        return Err(Refusal::refused("time_zone is not known"));
    }
    for key in ["valid_from", "valid_to"] {
        if text(key).is_some_and(|time| time.parse::<Timestamp>().is_err()) {
            return Err(Refusal::bad(format!("{key} must be a time as in RFC 3339")));
        }
    }
    for key in ["valid_from", "valid_to"] {
        rule.entry(key).or_insert(Value::Null);
    }
    Ok(Value::Object(rule))
}

/// A time zone; on a machine that knows none, each is taken for UTC.
fn zone(name: &str) -> Option<TimeZone> {
    if tz::db().is_definitively_empty() { Some(TimeZone::UTC) } else { TimeZone::get(name).ok() }
}

/// When the first of these rules fires next; none when none does.
pub fn next(rules: &Value, now: Timestamp) -> Option<Timestamp> {
    rules.as_array()?.iter().filter_map(|rule| next_of(rule, now)).min()
}

fn next_of(rule: &Value, now: Timestamp) -> Option<Timestamp> {
    let text = |key: &str| rule.get(key).and_then(Value::as_str);
    let time = |key: &str| text(key).and_then(|time| time.parse::<Timestamp>().ok());
    if rule.get("active") == Some(&Value::Bool(false)) {
        return None;
    }
    let cron = Cron::parse(text("cron")?, DayFields::Lenient).ok()?;
    let next = cron.next(time("valid_from").map_or(now, |from| from.max(now)), &zone(text("time_zone")?)?)?;
    (time("valid_to").is_none_or(|to| next <= to)).then_some(next)
}
