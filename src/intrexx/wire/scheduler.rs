//! Jobs of a portal's scheduler (contract 2.4).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::base::value;

/// A job as the vendor shows it. What a list leaves out is none.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Job {
    /// Its GUID.
    #[serde(deserialize_with = "value::text")]
    pub id: String,
    /// What people call it.
    #[serde(deserialize_with = "value::text")]
    pub name: String,
    /// `DATA_TRANSFER`, or as in a path, `data_transfer`.
    #[serde(default, rename = "type", deserialize_with = "value::optional_text")]
    pub job_type: Option<String>,
    /// A sentence about it.
    #[serde(default, deserialize_with = "value::optional_text")]
    pub description: Option<String>,
    /// Whether its rules have it run.
    #[serde(default, deserialize_with = "value::optional_flag")]
    pub active: Option<bool>,
    /// 1 to 10.
    #[serde(default, deserialize_with = "value::optional_count")]
    pub priority: Option<u32>,
    /// When it runs.
    #[serde(default)]
    pub triggers: Option<Vec<Rule>>,
    /// What it needs to know; a list may leave it out.
    #[serde(default)]
    pub properties: Option<Map<String, Json>>,
    /// `WAITING`, `RUNNING`, `PAUSED`, `ERROR`, or what else there may be.
    #[serde(default, deserialize_with = "value::optional_text")]
    pub status: Option<String>,
    /// When it last ran.
    #[serde(default, deserialize_with = "value::time")]
    pub last_execution: Option<Timestamp>,
    /// When it will run.
    #[serde(default, deserialize_with = "value::time")]
    pub next_execution: Option<Timestamp>,
    /// `OK` or `FAILED`.
    #[serde(default, deserialize_with = "value::optional_text")]
    pub last_result: Option<String>,
    /// What that run had to say.
    #[serde(default, deserialize_with = "value::optional_text")]
    pub last_message: Option<String>,
}

/// One rule of a schedule, sent or seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Whether it counts.
    #[serde(default, deserialize_with = "value::optional_flag", skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// In Quartz's form.
    #[serde(default, deserialize_with = "value::optional_text", skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// Its IANA name.
    #[serde(default, deserialize_with = "value::optional_text", skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// From when on it counts.
    #[serde(default, deserialize_with = "value::time", skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Timestamp>,
    /// Until when it counts.
    #[serde(default, deserialize_with = "value::time", skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Timestamp>,
}

/// What of a job is sent; what is none is left as it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct JobChange {
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A sentence about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether its rules have it run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// 1 to 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u32>,
    /// All rules: they take the place of those that there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub triggers: Option<Vec<Rule>>,
    /// Properties: they are laid over those that there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub properties: Option<Map<String, Json>>,
}

impl Job {
    /// Whether it is of this type, in whichever way the vendor writes it. One that does not say is of any.
    pub fn is_of(&self, job_type: &str) -> bool {
        self.job_type.as_deref().is_none_or(|own| own.eq_ignore_ascii_case(job_type))
    }

    /// The same job with what a change sends.
    #[must_use]
    pub fn with(mut self, change: &JobChange) -> Self {
        let JobChange { name, description, active, priority, triggers, properties } = change.clone();
        self.name = name.unwrap_or(self.name);
        self.description = description.or(self.description).filter(|text| !text.trim().is_empty());
        self.active = active.or(self.active);
        self.priority = priority.or(self.priority);
        self.triggers = triggers.or(self.triggers);
        if let (Some(known), Some(sent)) = (&mut self.properties, properties) {
            known.extend(sent);
        }
        self
    }

    /// Whether both are set to the same; how they are at the moment does not count.
    pub fn is_set_as(&self, other: &Self) -> bool {
        let set = |job: &Self| {
            let Self { name, description, active, priority, triggers, properties, .. } = job.clone();
            (name, description, active, priority, triggers, properties)
        };
        set(self) == set(other)
    }
}

/// The jobs of a portal.
#[derive(Debug, Clone, Default)]
pub struct Jobs {
    /// As the vendor lists them. Properties that the list leaves out are those that were last read by themselves.
    pub rows: Vec<Job>,
    /// The list itself has the properties.
    pub tells_properties: bool,
}

impl Jobs {
    /// The job of this GUID, whatever its case.
    pub fn by_id(&self, id: &str) -> Option<&Job> {
        self.rows.iter().find(|job| job.id.eq_ignore_ascii_case(id))
    }

    /// The jobs of this type and name; the vendor may have several.
    pub fn named<'a>(&'a self, job_type: &'a str, name: &'a str) -> impl Iterator<Item = &'a Job> {
        self.rows.iter().filter(move |job| job.name == name && job.is_of(job_type))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(more: Json) -> Job {
        let mut row = json!({"id": "3F25", "name": "Nightly"});
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(row).unwrap()
    }

    #[test]
    fn a_job_needs_an_id_and_a_name_and_nothing_else() {
        let bare = job(json!({}));
        assert_eq!((bare.active, bare.triggers.clone(), bare.properties.clone()), (None, None, None));
        assert!(bare.is_of("task"));
        let odd = job(json!({"id": 7, "type": "data_transfer", "priority": "5", "active": "true", "revision": {},
            "last_execution": "2026-11-22 02:30:00", "next_execution": null, "description": ""}));
        assert_eq!((odd.id.as_str(), odd.priority, odd.active), ("7", Some(5), Some(true)));
        assert_eq!(odd.last_execution, "2026-11-22T02:30:00Z".parse().ok());
        assert!(odd.is_of("DATA_TRANSFER") && !odd.is_of("task") && odd.description.is_none());
        assert!(serde_json::from_value::<Job>(json!({"name": "Nightly"})).is_err());
    }

    #[test]
    fn a_change_replaces_the_rules_and_is_laid_over_the_properties() {
        let before =
            job(json!({"triggers": [{"cron": "0 0 1 * * ?"}], "properties": {"a": 1, "b": 2}, "active": true}));
        let rule = Rule { cron: Some("0 0 2 * * ?".to_owned()), ..Rule::default() };
        let properties = json!({"b": 3}).as_object().cloned();
        let change = JobChange { triggers: Some(vec![rule.clone()]), properties, ..JobChange::default() };
        let after = before.clone().with(&change);
        assert_eq!((after.triggers.clone(), after.active), (Some(vec![rule]), Some(true)));
        assert_eq!(after.properties.clone().map(Json::from), Some(json!({"a": 1, "b": 3})));
        assert!(!after.is_set_as(&before) && before.clone().with(&JobChange::default()).is_set_as(&before));
        let runs = Job { status: Some("RUNNING".to_owned()), ..before.clone() };
        assert!(runs.is_set_as(&before));
    }
}
