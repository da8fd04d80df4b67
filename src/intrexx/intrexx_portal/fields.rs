//! Fields: the paths of a spec, the part of a portal's configuration that each is in, and the vendor's word for it.
//!
//! The vendor's words are ours in snake case, with `_sek` for seconds (contract 1.4, trap 11); so there is no table of them to keep.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::spec::{IntrexxPortalSpec, PortalCreation};
use crate::engine::kind::{Invalid, Wanted};
use crate::engine::state::{Access, Field};
use crate::intrexx::address::RESERVED;
use crate::intrexx::client::settings::{EXPORT, REPORTS, SCHEDULER, SETTINGS, STANDBY, Section, WEBSERVER};
use crate::intrexx::schedule;
use crate::intrexx::scheduler_job::today;
use crate::intrexx::wire::portals::name_of_path;
use crate::intrexx::wire::settings::Values;

const fn field(path: &'static str, group: &'static str) -> Field {
    Field { path, access: Access::Readable, key: false, group }
}

/// The group of the mobile app's key.
pub const MOBILE_GROUP: &str = "mobile";
/// The group of the licences.
pub const LICENSES_GROUP: &str = "licenses";

/// Every field.
pub const FIELDS: &[Field] = &[
    Field { access: Access::Immutable, key: true, ..field("portalName", "portal") },
    Field { access: Access::CreateOnly, ..field("create.*", "create") },
    field("baseUrl", "webserver"),
    field("settings.jvmMinimalMemoryMb", "settings"),
    field("settings.jvmMaximalMemoryMb", "settings"),
    field("settings.sessionTimeoutSeconds", "settings"),
    field("settings.anonymousSessionTimeoutSeconds", "settings"),
    field("settings.workflowEventOnLogin", "settings"),
    field("settings.additional.*", "settings"),
    field("mobile.apiKey", MOBILE_GROUP),
    field("mobile.enabled", MOBILE_GROUP),
    field("reportsEngine.engine", "reportsEngine"),
    field("reportsEngine.enabled", "reportsEngine"),
    field("reportsEngine.configuration.*", "reportsEngine"),
    field("export.templateName", "export"),
    field("export.displayName", "export"),
    field("export.description", "export"),
    field("export.exportDirectory", "export"),
    field("export.clearMailConfiguration", "export"),
    field("export.overwritePreviousExport", "export"),
    field("export.clearCertificateStore", "export"),
    field("export.exportNoexportDirectories", "export"),
    field("export.removeDatabasePasswords", "export"),
    field("export.numberOfExports", "export"),
    field("export.followUpJobIds", "export"),
    field("export.schedule", "export"),
    field("export.additional.*", "export"),
    field("scheduler.standby", "standby"),
    field("scheduler.configuration.threadCount", "schedulerConfiguration"),
    field("scheduler.configuration.threadPriority", "schedulerConfiguration"),
    field("scheduler.configuration.misfireThresholdSeconds", "schedulerConfiguration"),
    field("scheduler.configuration.startDelaySeconds", "schedulerConfiguration"),
    field("scheduler.configuration.historySize", "schedulerConfiguration"),
    field("scheduler.configuration.additional.*", "schedulerConfiguration"),
    field("licenses.*", LICENSES_GROUP),
];

/// A part of a portal's configuration that is read and written as values by name.
pub struct Part {
    /// The group of its fields.
    pub group: &'static str,
    /// What its paths begin with.
    prefix: &'static str,
    /// The calls for it.
    pub section: Section,
}

/// All such parts. The base URL is first: reading it shows that the Administration API knows the portal.
pub const PARTS: [Part; 6] = [
    Part { group: "webserver", prefix: "", section: WEBSERVER },
    Part { group: "settings", prefix: "settings.", section: SETTINGS },
    Part { group: "reportsEngine", prefix: "reportsEngine.", section: REPORTS },
    Part { group: "export", prefix: "export.", section: EXPORT },
    Part { group: "standby", prefix: "scheduler.", section: STANDBY },
    Part { group: "schedulerConfiguration", prefix: "scheduler.configuration.", section: SCHEDULER },
];

/// The map of keys that are the vendor's own, below the prefix of a part.
const ADDITIONAL: &str = "additional.";
/// The same of a reports engine, which is a map at the vendor too.
const CONFIGURATION: &str = "configuration.";

impl Part {
    /// What the spec wants of it, by path.
    pub fn wanted(&self, spec: &IntrexxPortalSpec) -> BTreeMap<String, Json> {
        let scheduler = spec.scheduler.as_ref();
        let values = match self.group {
            "webserver" => {
                spec.base_url.as_ref().map(|url| Map::from_iter([("baseUrl".to_owned(), Json::from(url.as_str()))]))
            }
            "settings" => object(&spec.settings),
            "reportsEngine" => object(&spec.reports_engine),
            "export" => object(&spec.export),
            "standby" => scheduler
                .and_then(|scheduler| scheduler.standby)
                .map(|standby| Map::from_iter([("standby".to_owned(), Json::from(standby))])),
            _ => object(&scheduler.and_then(|scheduler| scheduler.configuration.as_ref())),
        };
        let mut wanted = BTreeMap::new();
        for (key, value) in values.unwrap_or_default() {
            match value {
                Json::Object(open) if matches!(key.as_str(), "additional" | "configuration") => {
                    wanted.extend(open.into_iter().map(|(own, value)| (format!("{}{key}.{own}", self.prefix), value)));
                }
                value => _ = wanted.insert(format!("{}{key}", self.prefix), value),
            }
        }
        wanted
    }

    /// Where the vendor has the value of a path: the keys from outside to inside.
    fn keys(&self, path: &str) -> Vec<String> {
        let rest = path.strip_prefix(self.prefix).unwrap_or(path);
        if let Some(own) = rest.strip_prefix(ADDITIONAL) {
            vec![own.to_owned()]
        } else if let Some(own) = rest.strip_prefix(CONFIGURATION) {
            vec!["configuration".to_owned(), own.to_owned()]
        } else {
            vec![wire_name(rest)]
        }
    }

    /// The value that the vendor shows at a path.
    pub fn shown<'v>(&self, values: &'v Values, path: &str) -> Option<&'v Json> {
        let keys = self.keys(path);
        let (last, outer) = keys.split_last()?;
        outer.iter().try_fold(values, |values, key| values.get(key)?.as_object())?.get(last)
    }

    /// The body that sets these values.
    pub fn body(&self, values: impl IntoIterator<Item = (String, Json)>) -> Values {
        let mut body = Values::new();
        for (path, value) in values {
            match self.keys(&path).as_slice() {
                [outer, inner] => {
                    let below = body.entry(outer.as_str()).or_insert_with(|| Json::Object(Map::new()));
                    if let Some(below) = below.as_object_mut() {
                        below.insert(inner.clone(), to_wire(value));
                    }
                }
                keys => body.extend(keys.first().map(|key| (key.clone(), to_wire(value)))),
            }
        }
        body
    }

    /// The body of an update: what changed. Another reports engine starts without a configuration, so it gets all of it.
    pub fn changed(&self, wanted: &Wanted<'_, IntrexxPortalSpec>) -> Values {
        let another = wanted.changes("reportsEngine.engine");
        let sent = |(path, _): &(String, Json)| {
            wanted.changes(path) || another && path.starts_with("reportsEngine.configuration.")
        };
        self.body(self.wanted(wanted.spec).into_iter().filter(sent))
    }

    /// The path of a value that the vendor shows under this name.
    pub fn path(&self, wire: &str) -> String {
        let named = |field: &&Field| field.group == self.group && self.keys(field.path) == [wire];
        let known = FIELDS.iter().find(named).map(|field| field.path.to_owned());
        known.unwrap_or_else(|| format!("{}{ADDITIONAL}{wire}", self.prefix))
    }

    /// That no open map names what has a field of its own: the two could want different things.
    fn check(&self, spec: &IntrexxPortalSpec) -> Result<(), Invalid> {
        for path in self.wanted(spec).into_keys() {
            let Some(own) = path.strip_prefix(self.prefix).and_then(|rest| rest.strip_prefix(ADDITIONAL)) else {
                continue;
            };
            let field = self.path(own);
            if field != path {
                return Err(invalid(&path, "has a field of its own", format!("use spec.{field}")));
            }
        }
        Ok(())
    }
}

/// The vendor's word for one of ours.
fn wire_name(field: &str) -> String {
    let mut name = String::with_capacity(field.len() + 4);
    for c in field.chars() {
        if c.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    match name.strip_suffix("_seconds") {
        Some(stem) => format!("{stem}_sek"),
        None => name,
    }
}

/// A value as the vendor writes it: the rules of a schedule have our words in them.
pub fn to_wire(value: Json) -> Json {
    let rule = |value: Json| match value {
        Json::Object(rule) => rule.into_iter().map(|(key, value)| (wire_name(&key), value)).collect(),
        other => other,
    };
    match value {
        Json::Array(rules) => Json::Array(rules.into_iter().map(rule).collect()),
        other => other,
    }
}

fn object(value: &impl Serialize) -> Option<Map<String, Json>> {
    match serde_json::to_value(value) {
        Ok(Json::Object(fields)) => Some(fields),
        _ => None,
    }
}

/// What making the portal needs, by path; without what is in Secrets.
pub fn creation(create: &PortalCreation) -> Vec<(String, Json)> {
    let mut leaves = Vec::new();
    collect("create", Json::Object(object(create).unwrap_or_default()), &mut leaves);
    leaves
}

fn collect(path: &str, value: Json, leaves: &mut Vec<(String, Json)>) {
    match value {
        Json::Object(fields) if fields.contains_key("secretRef") => {}
        Json::Object(fields) => {
            fields.into_iter().for_each(|(key, value)| collect(&format!("{path}.{key}"), value, leaves));
        }
        leaf => leaves.push((path.to_owned(), leaf)),
    }
}

/// What the schema lets through and the vendor would not take, or not as it is meant.
pub fn check(spec: &IntrexxPortalSpec) -> Result<(), Invalid> {
    let name = spec.portal_name.as_str();
    if RESERVED.contains(&name) {
        let problem =
            format!("{name} is a path of the Administration API itself, so a portal of that name cannot be reached");
        return Err(invalid("portalName", problem, "choose another name"));
    }
    if let Some(create) = &spec.create
        && name_of_path(&create.portal_path) != Some(name)
    {
        let problem = format!("its last element is not {name}");
        return Err(invalid("create.portalPath", problem, format!("let it end in /{name}, or change spec.portalName")));
    }
    let settings = spec.settings.clone().unwrap_or_default();
    if let (Some(least), Some(most)) = (settings.jvm_minimal_memory_mb, settings.jvm_maximal_memory_mb)
        && most < least
    {
        let problem = format!("{most} is less than settings.jvmMinimalMemoryMb, which is {least}");
        return Err(invalid("settings.jvmMaximalMemoryMb", problem, "give it as much at least"));
    }
    PARTS.iter().try_for_each(|part| part.check(spec))?;
    if let Some(times) = spec.export.as_ref().and_then(|export| export.schedule.as_ref()) {
        let here =
            |invalid: Invalid| Invalid { field: invalid.field.replacen("triggers", "export.schedule", 1), ..invalid };
        schedule::rules(times, today()).map_err(here)?;
    }
    let mut seen = Vec::new();
    for (place, license) in spec.licenses.iter().flatten().enumerate() {
        let key = &license.key.secret_ref;
        if seen.contains(&key) {
            let problem = format!("the key {} of the Secret {} is there twice", key.key, key.name);
            return Err(invalid(&format!("licenses[{place}].key"), problem, "name each licence once"));
        }
        seen.push(key);
    }
    Ok(())
}

fn invalid(field: &str, problem: impl Into<String>, way_out: impl Into<String>) -> Invalid {
    Invalid { field: field.to_owned(), problem: problem.into(), way_out: way_out.into() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::state::row;

    fn part(group: &str) -> &'static Part {
        PARTS.iter().find(|part| part.group == group).unwrap()
    }

    /// Trap 11: the contract's names, word for word.
    #[test]
    fn the_vendors_words_are_those_of_the_contract() {
        let words = |group: &str| -> Vec<String> {
            let fields = FIELDS.iter().filter(|field| field.group == group && !field.path.ends_with('*'));
            fields.map(|field| part(group).keys(field.path).join(".")).collect()
        };
        assert_eq!(words("webserver"), ["base_url"]);
        assert_eq!(
            words("settings"),
            [
                "jvm_minimal_memory_mb",
                "jvm_maximal_memory_mb",
                "session_timeout_sek",
                "anonymous_session_timeout_sek",
                "workflow_event_on_login"
            ]
        );
        assert_eq!(words("reportsEngine"), ["engine", "enabled"]);
        assert_eq!(
            words("export"),
            [
                "template_name",
                "display_name",
                "description",
                "export_directory",
                "clear_mail_configuration",
                "overwrite_previous_export",
                "clear_certificate_store",
                "export_noexport_directories",
                "remove_database_passwords",
                "number_of_exports",
                "follow_up_job_ids",
                "schedule"
            ]
        );
        assert_eq!(words("standby"), ["standby"]);
        assert_eq!(
            words("schedulerConfiguration"),
            ["thread_count", "thread_priority", "misfire_threshold_sek", "start_delay_sek", "history_size"]
        );
    }

    #[test]
    fn a_body_has_the_vendors_words_and_its_own_keys_as_they_are() {
        let values = |values: Json| values.as_object().unwrap().clone();
        let body =
            part("settings").body(values(json!({"settings.sessionTimeoutSeconds": 5, "settings.additional.a.B": 1})));
        assert_eq!(Json::Object(body.clone()), json!({"session_timeout_sek": 5, "a.B": 1}));
        assert_eq!(part("settings").shown(&body, "settings.additional.a.B"), Some(&json!(1)));
        let engine = json!({"reportsEngine.engine": "jasper", "reportsEngine.configuration.timeOut": 60});
        let body = part("reportsEngine").body(values(engine));
        assert_eq!(Json::Object(body.clone()), json!({"engine": "jasper", "configuration": {"timeOut": 60}}));
        assert_eq!(part("reportsEngine").shown(&body, "reportsEngine.configuration.timeOut"), Some(&json!(60)));
        let schedule = json!({"export.schedule": [{"cron": "0 0 2 ? * *", "timeZone": "UTC"}]});
        let body = part("export").body(values(schedule));
        assert_eq!(Json::Object(body), json!({"schedule": [{"cron": "0 0 2 ? * *", "time_zone": "UTC"}]}));
        assert_eq!(part("schedulerConfiguration").path("start_delay_sek"), "scheduler.configuration.startDelaySeconds");
        assert_eq!(part("settings").path("new_key"), "settings.additional.new_key");
    }

    #[test]
    fn every_wanted_path_has_a_row() {
        let spec: IntrexxPortalSpec = serde_json::from_value(json!({
            "adminApi": {"name": "x"}, "portalName": "sales", "baseUrl": "https://x",
            "settings": {"jvmMinimalMemoryMb": 1, "additional": {"x": 1}},
            "reportsEngine": {"engine": "jasper", "configuration": {"a": {"b": 1}}},
            "export": {"schedule": [{"cron": "0 0 2 ? * *"}], "additional": {"y": [1]}},
            "scheduler": {"standby": true, "configuration": {"threadCount": 3, "additional": {"z": null}}},
        }))
        .unwrap();
        for part in &PARTS {
            let wanted = part.wanted(&spec);
            assert!(!wanted.is_empty(), "{}", part.group);
            for path in wanted.keys() {
                assert_eq!(row(FIELDS, path).map(|field| field.group), Some(part.group), "{path}");
            }
        }
        assert_eq!(part("reportsEngine").wanted(&spec)["reportsEngine.configuration.a"], json!({"b": 1}));
        assert_eq!(check(&spec), Ok(()));
    }

    /// Trap 6, and what else the schema does not see.
    #[test]
    fn what_cannot_be_carried_out_is_told_by_its_field() {
        let create = json!({"templatePath": "/t", "displayName": "S", "portalPath": "/opt/intrexx/org/other/"});
        let license = json!({"key": {"secretRef": {"name": "a", "key": "b"}}});
        for (change, field) in [
            (json!({"portalName": "auth"}), "portalName"),
            (json!({"portalName": "admin-api"}), "portalName"),
            (json!({"create": create}), "create.portalPath"),
            (json!({"settings": {"jvmMinimalMemoryMb": 2, "jvmMaximalMemoryMb": 1}}), "settings.jvmMaximalMemoryMb"),
            (
                json!({"settings": {"additional": {"session_timeout_sek": 1}}}),
                "settings.additional.session_timeout_sek",
            ),
            (json!({"export": {"additional": {"schedule": []}}}), "export.additional.schedule"),
            (json!({"export": {"schedule": [{"cron": "0 0 2 * * *"}]}}), "export.schedule[0].cron"),
            (json!({"licenses": [license, license]}), "licenses[1].key"),
        ] {
            let mut spec = json!({"adminApi": {"name": "x"}, "portalName": "sales"});
            spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let invalid = check(&serde_json::from_value(spec).unwrap()).unwrap_err();
            assert_eq!(invalid.field, field, "{invalid}");
        }
    }
}
