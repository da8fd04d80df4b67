//! Restart: whether what a portal is set to waits for a restart of its service (contract, trap 18). The Administration API shows settings as
//! they were set, in effect or not, and can restart nothing; so what the service started with is remembered.

use std::collections::BTreeMap;

use super::facts::StartedWith;
use super::fields::Part;
use crate::engine::kind::Aspect;
use crate::intrexx::open::plain;
use crate::intrexx::wire::settings::Values;

const CONDITION: &str = "RestartRequired";

/// The reasons of the condition `RestartRequired`.
pub const REASONS: [(&str, &str); 2] = [
    ("RestartPending", "Settings changed that the portal's service reads when it starts only."),
    ("SettingsInEffect", "The portal's service started with its present settings, as far as can be seen."),
];

/// Settings that are read at the start only; of the scheduler's configuration, all are.
const AT_START: [&str; 3] = ["jvm_minimal_memory_mb", "jvm_maximal_memory_mb", "workflow_event_on_login"];

/// The values of a part that take effect at the start of the service only, by path.
pub fn at_start(part: &Part, values: &Values) -> BTreeMap<String, String> {
    let counts = |key: &str| match part.group {
        "settings" => AT_START.contains(&key),
        "schedulerConfiguration" => true,
        _ => false,
    };
    let row = |(key, value): (&String, &serde_json::Value)| (part.path(key), plain(value));
    values.iter().filter(|(key, _)| counts(key)).map(row).collect()
}

impl StartedWith {
    /// What the service started with, now that it shows these values: what was known before, unless somebody says with a new
    /// `restarted_at` that it was restarted since. What is seen for the first time is taken to be in effect.
    pub fn after(before: Option<&Self>, shown: &BTreeMap<String, String>, restarted_at: Option<&str>) -> Self {
        let told = restarted_at.map(str::to_owned);
        let known = before.filter(|before| told.is_none() || before.restarted_at == told);
        let mut values = known.map(|known| known.values.clone()).unwrap_or_default();
        for (path, value) in shown {
            values.entry(path.clone()).or_insert_with(|| value.clone());
        }
        Self { values, restarted_at: told.or_else(|| before?.restarted_at.clone()) }
    }

    /// Whether the portal has to be restarted for `shown` to take effect.
    pub fn judge(&self, shown: &BTreeMap<String, String>) -> Aspect {
        let changed = |(path, value): &(&String, &String)| self.values.get(*path).is_some_and(|old| old != *value);
        let say = |(path, value): (&String, &String)| {
            format!("{path} (started with {}, now {value})", self.values.get(path).map_or("", String::as_str))
        };
        let pending: Vec<String> = shown.iter().filter(changed).map(say).collect();
        let (reason, message) = if pending.is_empty() {
            (REASONS[1].0, "nothing waits for a restart of the portal".to_owned())
        } else {
            let message = format!(
                "in effect after a restart of the portal's service: {}; restart it on the server, and if this stays then, give \
                 spec.restartedAt a new value",
                pending.join(", ")
            );
            (REASONS[0].0, message)
        };
        Aspect { condition: CONDITION, holds: !pending.is_empty(), reason, message }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fields::PARTS;
    use super::*;

    fn shown(memory: u32) -> BTreeMap<String, String> {
        [("settings.jvmMaximalMemoryMb".to_owned(), memory.to_string())].into()
    }

    /// Trap 18.
    #[test]
    fn what_changed_since_the_start_waits_for_a_restart() {
        let first = StartedWith::after(None, &shown(1024), None);
        assert!(!first.judge(&shown(1024)).holds);
        let second = StartedWith::after(Some(&first), &shown(2048), None);
        assert_eq!(second, first);
        let aspect = second.judge(&shown(2048));
        assert!(aspect.holds && aspect.message.contains("settings.jvmMaximalMemoryMb (started with 1024, now 2048)"));
        assert!(!second.judge(&shown(1024)).holds, "it was put back before anybody restarted");
    }

    #[test]
    fn a_new_token_says_that_it_was_restarted_once() {
        let first = StartedWith::after(None, &shown(1), None);
        let told = StartedWith::after(Some(&first), &shown(2), Some("monday"));
        assert!(!told.judge(&shown(2)).holds);
        let later = StartedWith::after(Some(&told), &shown(3), Some("monday"));
        assert!(later.judge(&shown(3)).holds);
        let removed = StartedWith::after(Some(&later), &shown(3), None);
        assert_eq!(removed, later);
    }

    #[test]
    fn numbers_are_the_same_as_texts_and_only_some_settings_count() {
        let values =
            json!({"jvm_minimal_memory_mb": "512", "session_timeout_sek": 5, "workflow_event_on_login": false});
        let at = at_start(&PARTS[1], values.as_object().unwrap());
        let expected = [("settings.jvmMinimalMemoryMb", "512"), ("settings.workflowEventOnLogin", "false")];
        assert_eq!(at, expected.map(|(path, value)| (path.to_owned(), value.to_owned())).into());
        let values = json!({"thread_count": 10, "other": 1});
        let at = at_start(&PARTS[5], values.as_object().unwrap());
        let paths: Vec<&str> = at.keys().map(String::as_str).collect();
        assert_eq!(paths, ["scheduler.configuration.additional.other", "scheduler.configuration.threadCount"]);
    }
}
