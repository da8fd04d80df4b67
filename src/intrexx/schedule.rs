//! Schedule: when a job runs, as a spec says it, as the vendor takes it, and whether the two are the same.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{self, TimeZone};
use kube::KubeSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::cron;
use super::wire::scheduler::Rule;
use crate::engine::kind::Invalid;

/// One rule of a job's schedule. The job runs whenever any of its rules fires.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trigger {
    /// When it fires, in Quartz's form: seconds, minutes, hours, day of the month, month, day of the week and, if you like, a year, such as
    /// `0 30 2 ? * MON-FRI`. One of the two day fields is `?`; as a number, day 1 of the week is Sunday.
    #[schemars(length(min = 1, max = 250))]
    pub cron: String,
    /// The time zone that this is in, by its IANA name, such as Europe/Berlin. Absent: the vendor's choice, not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub time_zone: Option<String>,
    /// Before this time it does not fire, such as `2026-12-01T00:00:00Z`. Absent: there is no such time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub valid_from: Option<String>,
    /// After this time it does not fire. Absent: there is no such time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub valid_to: Option<String>,
    /// Whether it counts. Absent: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

/// Checks the rules of a spec, and gives them as the vendor takes them.
///
/// # Errors
/// The vendor would not take one, or it would never fire.
pub fn rules(triggers: &[Trigger], today: Date) -> Result<Vec<Rule>, Invalid> {
    triggers.iter().enumerate().map(|(place, trigger)| trigger.rule(place, today)).collect()
}

impl Trigger {
    fn rule(&self, place: usize, today: Date) -> Result<Rule, Invalid> {
        let invalid = |field: &str, problem: String, way_out: String| Invalid {
            field: format!("triggers[{place}].{field}"),
            problem,
            way_out,
        };
        let cron = self.cron.split_whitespace().collect::<Vec<_>>().join(" ");
        cron::check(&cron, today)
            .map_err(|objection| invalid("cron", format!("{cron:?}: {}", objection.problem), objection.way_out))?;
        if let Some(name) = self.time_zone.as_ref().filter(|name| !is_time_zone(name)) {
            let way_out = "write an IANA name such as Europe/Berlin, or UTC".to_owned();
            return Err(invalid("timeZone", format!("{name:?} is not a time zone"), way_out));
        }
        let time = |field, text: &Option<String>| {
            let read = text.as_deref().map(str::parse::<Timestamp>).transpose();
            read.map_err(|_| {
                let problem = format!("{:?} is not a time", text.as_deref().unwrap_or_default());
                invalid(field, problem, "write it as in 2026-12-01T00:00:00Z".to_owned())
            })
        };
        let (valid_from, valid_to) = (time("validFrom", &self.valid_from)?, time("validTo", &self.valid_to)?);
        if valid_from.zip(valid_to).is_some_and(|(from, to)| from >= to) {
            let problem = "it is not after validFrom, so the rule never fires".to_owned();
            return Err(invalid("validTo", problem, "set a later time, or leave one of the two out".to_owned()));
        }
        let (time_zone, active) = (self.time_zone.clone(), Some(self.active.unwrap_or(true)));
        Ok(Rule { active, cron: Some(cron), time_zone, valid_from, valid_to })
    }
}

/// Whether this is the name of a time zone; true of any name on a machine that knows none, and of offsets, which Java knows too.
fn is_time_zone(name: &str) -> bool {
    tz::db().is_definitively_empty()
        || TimeZone::get(name).is_ok()
        || name.starts_with("GMT")
        || name.starts_with("UTC")
}

/// Whether the vendor shows these rules, in any order. One that names no time zone is content with any.
pub fn is_shown(wanted: &[Rule], shown: &[Rule]) -> bool {
    let mut left: Vec<&Rule> = shown.iter().collect();
    // Those that are particular choose first.
    let (particular, content): (Vec<_>, Vec<_>) = wanted.iter().partition(|rule| rule.time_zone.is_some());
    wanted.len() == shown.len()
        && particular.into_iter().chain(content).all(|rule| {
            let place = left.iter().position(|shown| is_same(rule, shown));
            place.map(|place| left.swap_remove(place)).is_some()
        })
}

fn is_same(wanted: &Rule, shown: &Rule) -> bool {
    let cron = |rule: &Rule| {
        let text = rule.cron.as_deref().unwrap_or_default();
        text.split_whitespace().map(str::to_ascii_uppercase).collect::<Vec<_>>()
    };
    let zone = |rule: &Rule| rule.time_zone.as_deref().map(str::to_ascii_lowercase);
    cron(wanted) == cron(shown)
        && (wanted.time_zone.is_none() || zone(wanted) == zone(shown))
        && wanted.active.unwrap_or(true) == shown.active.unwrap_or(true)
        && (wanted.valid_from, wanted.valid_to) == (shown.valid_from, shown.valid_to)
}

/// Rules as people may see them, in an order of their own.
pub fn told(rules: &[Rule]) -> Json {
    let tell = |rule: &Rule| {
        let mut told = json!({"cron": rule.cron, "active": rule.active.unwrap_or(true)});
        let times = [("validFrom", rule.valid_from), ("validTo", rule.valid_to)];
        let times = times.map(|(key, time)| (key, time.map(|time| time.to_string())));
        for (key, text) in times.into_iter().chain([("timeZone", rule.time_zone.clone())]) {
            if let Some(text) = text {
                told[key] = json!(text);
            }
        }
        told
    };
    let mut all: Vec<Json> = rules.iter().map(tell).collect();
    all.sort_by_cached_key(Json::to_string);
    Json::Array(all)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn trigger(json: Json) -> Trigger {
        serde_json::from_value(json).unwrap()
    }

    fn invalid(json: Json) -> Invalid {
        let valid = trigger(json!({"cron": "0 0 1 * * ?"}));
        rules(&[valid, trigger(json)], date(2026, 11, 22)).unwrap_err()
    }

    fn rule(json: Json) -> Rule {
        rules(&[trigger(json)], date(2026, 11, 22)).unwrap().remove(0)
    }

    /// Trap 30.
    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (json, field, problem) in [
            (json!({"cron": "30 2 * * MON"}), "triggers[1].cron", "it has 5 fields"),
            (json!({"cron": "0 0 1 30 2 ?"}), "triggers[1].cron", "it never fires"),
            (json!({"cron": "0 0 1 * * *"}), "triggers[1].cron", "must be ?"),
            (json!({"cron": "0 0 1 * * ?", "validFrom": "soon"}), "triggers[1].validFrom", "not a time"),
            (
                json!({"cron": "0 0 1 * * ?", "validFrom": "2027-01-01T00:00:00Z", "validTo": "2027-01-01T01:00:00+01:00"}),
                "triggers[1].validTo",
                "not after validFrom",
            ),
        ] {
            let found = invalid(json);
            assert_eq!(found.field, field);
            assert!(found.problem.contains(problem) && !found.way_out.is_empty(), "{found}");
        }
        if !tz::db().is_definitively_empty() {
            assert_eq!(invalid(json!({"cron": "0 0 1 * * ?", "timeZone": "Berlin"})).field, "triggers[1].timeZone");
        }
        let cron = "0 30  2 ? * mon-fri";
        let taken = rule(json!({"cron": cron, "timeZone": "UTC", "validTo": "2027-01-01T01:00:00+01:00"}));
        assert_eq!((taken.cron.as_deref(), taken.active), (Some("0 30 2 ? * mon-fri"), Some(true)));
        assert_eq!(taken.valid_to, "2027-01-01T00:00:00Z".parse().ok());
    }

    #[test]
    fn rules_are_a_set_in_which_an_absent_time_zone_is_any() {
        let early = || rule(json!({"cron": "0 0 1 * * ?"}));
        let berlin = || rule(json!({"cron": "0 0 1 * * ?", "timeZone": "Europe/Berlin"}));
        let shown = |zone: &str, cron: &str| Rule {
            cron: Some(cron.to_owned()),
            time_zone: Some(zone.to_owned()),
            ..Rule::default()
        };
        let (utc, local) = (shown("UTC", "0 0 1 * * ?"), shown("europe/berlin", "0  0 1 * * ?"));
        assert!(is_shown(&[early(), berlin()], &[local.clone(), utc.clone()]));
        assert!(is_shown(&[berlin(), early()], &[utc.clone(), local.clone()]));
        assert!(is_shown(&[], &[]) && !is_shown(&[], std::slice::from_ref(&utc)));
        assert!(!is_shown(&[berlin()], std::slice::from_ref(&utc)));
        assert!(!is_shown(&[early(), early()], &[utc.clone(), shown("UTC", "0 0 2 * * ?")]));
        let off = Rule { active: Some(false), ..utc.clone() };
        assert!(!is_shown(&[early()], std::slice::from_ref(&off)));
        let late = Rule { valid_from: "2027-01-01T00:00:00Z".parse().ok(), ..utc.clone() };
        assert!(!is_shown(&[early()], &[late]));
        assert_eq!(told(&[utc.clone(), local.clone()]), told(&[local, utc]));
    }
}
