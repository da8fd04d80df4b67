//! What a portal is set to: base URL, settings, mobile key, reports engine, export.

use serde_json::{Value, json};

use crate::intrexx::sim::answer::{Done, Refusal};
use crate::intrexx::sim::calls::{Call, over, rules};
use crate::intrexx::sim::options::answers::UnsetKey;
use crate::intrexx::sim::portal::Portal;
use crate::intrexx::sim::shape::{Field, Kind, Purpose, merge};

const WEBSERVER: [Field; 1] = [Field::required("base_url", Kind::Url)];
const MOBILE: [Field; 1] = [Field::required("api_key", Kind::Name)];

const MEMORY: Kind = Kind::Int(1, 1 << 20);
const TIMEOUT: Kind = Kind::Int(1, 1 << 31);

const SETTINGS: [Field; 9] = [
    Field::required("jvm_minimal_memory_mb", MEMORY),
    Field::required("jvm_maximal_memory_mb", MEMORY),
    Field::required("session_timeout_sek", TIMEOUT),
    Field::required("anonymous_session_timeout_sek", TIMEOUT),
    Field::required("workflow_event_on_login", Kind::Flag),
    // Only where the server tells more than is documented.
    Field::required("display_name", Kind::Name),
    Field::required("messenger_enabled", Kind::Flag),
    Field::read_only("portal_path"),
    Field::read_only("default_language"),
];

/// How many of the settings are documented.
const DOCUMENTED: usize = 5;

/// What takes effect with the next restart of the portal only.
const AFTER_RESTART: [&str; 3] = ["jvm_minimal_memory_mb", "jvm_maximal_memory_mb", "workflow_event_on_login"];

const REPORTS: [Field; 3] = [
    Field::required("engine", Kind::Name),
    Field::required("enabled", Kind::Flag),
    Field::required("configuration", Kind::Open),
];

const EXPORT: [Field; 12] = [
    Field::required("template_name", Kind::Name),
    Field::new("display_name", Kind::Text),
    Field::new("description", Kind::Text),
    Field::new("export_directory", Kind::Text),
    Field::new("clear_mail_configuration", Kind::Flag),
    Field::new("overwrite_previous_export", Kind::Flag),
    Field::new("clear_certificate_store", Kind::Flag),
    Field::new("export_noexport_directories", Kind::Flag),
    Field::new("remove_database_passwords", Kind::Flag),
    Field::new("number_of_exports", Kind::Int(0, 1000)),
    Field::new("follow_up_job_ids", Kind::Texts),
    Field::new("schedule", Kind::Rules),
];

/// 7
pub fn get_webserver(call: &mut Call<'_>) -> Result<Done, Refusal> {
    Ok(Done::Object(webserver(call.portal()?)))
}

fn webserver(portal: &Portal) -> Value {
    json!({ "base_url": portal.base_url })
}

/// 8
pub fn set_webserver(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let sent = call.checked(&WEBSERVER, Purpose::Create)?;
    let portal = call.portal()?;
    if let Some(url) = sent.get("base_url").and_then(Value::as_str) {
        url.clone_into(&mut portal.base_url);
    }
    Ok(Done::Changed(webserver(portal)))
}

/// 9
pub fn get(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let more = call.answers().more_settings;
    Ok(Done::Object(settings(call.portal()?, more)))
}

fn settings(portal: &Portal, more: bool) -> Value {
    let mut shown = portal.settings.clone();
    if more {
        shown.insert("display_name".to_owned(), json!(portal.display_name));
        shown.insert("portal_path".to_owned(), json!(portal.portal_path));
        shown.insert("default_language".to_owned(), json!(portal.default_language));
        shown.entry("messenger_enabled").or_insert(json!(true));
    }
    Value::Object(shown)
}

/// 10: memory and the login event take effect when the portal is restarted, which no call does.
pub fn change(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let more = call.answers().more_settings;
    let shape = if more { SETTINGS.as_slice() } else { &SETTINGS[..DOCUMENTED] };
    let mut sent = call.checked(shape, Purpose::Change)?;
    let portal = call.portal()?;
    let mut settings_then = portal.settings.clone();
    merge(&mut settings_then, sent.clone());
    let memory = |key: &str| settings_then.get(key).and_then(Value::as_i64).unwrap_or_default();
    if memory("jvm_maximal_memory_mb") < memory("jvm_minimal_memory_mb") {
        return Err(Refusal::refused("jvm_maximal_memory_mb must not be less than jvm_minimal_memory_mb"));
    }
    if more && let Some(Value::String(name)) = sent.remove("display_name") {
        portal.display_name = name;
    }
    merge(&mut portal.settings, sent.clone());
    sent.retain(|key, _| !AFTER_RESTART.contains(&key.as_str()));
    merge(&mut portal.settings_in_effect, sent);
    Ok(Done::Changed(settings(portal, more)))
}

/// 11
pub fn get_mobile(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let unset = call.answers().unset_mobile_key;
    match (&call.portal()?.mobile_key, unset) {
        (Some(key), _) => Ok(Done::Object(json!({ "api_key": key }))),
        (None, UnsetKey::Null) => Ok(Done::Object(json!({ "api_key": null }))),
        (None, UnsetKey::Blank) => Ok(Done::Object(json!({ "api_key": "" }))),
        (None, UnsetKey::Absent) => Ok(Done::Object(json!({}))),
        (None, UnsetKey::NotFound) => Err(Refusal::missing("there is no API key")),
    }
}

/// 12
pub fn change_mobile(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let sent = call.checked(&MOBILE, Purpose::Create)?;
    let key = sent.get("api_key").and_then(Value::as_str).map(str::to_owned);
    call.portal()?.mobile_key.clone_from(&key);
    Ok(Done::Changed(json!({ "api_key": key })))
}

/// 13
pub fn delete_mobile(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let unset = call.answers().unset_mobile_key;
    match call.portal()?.mobile_key.take() {
        None if unset == UnsetKey::NotFound => Err(Refusal::gone("there is no API key")),
        _ => Ok(Done::Nothing),
    }
}

/// 14
pub fn get_reports(call: &mut Call<'_>) -> Result<Done, Refusal> {
    Ok(Done::Object(Value::Object(call.portal()?.reports.clone())))
}

/// 15: another engine takes its own configuration along; for the same one, what is sent is laid over what is there.
pub fn change_reports(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let sent = call.checked(&REPORTS, Purpose::Change)?;
    let reports = &mut call.portal()?.reports;
    if sent.get("engine").is_some_and(|engine| reports.get("engine") != Some(engine)) {
        reports.insert("configuration".to_owned(), json!({}));
    }
    merge(reports, sent);
    Ok(Done::Changed(Value::Object(reports.clone())))
}

/// 16
pub fn get_export(call: &mut Call<'_>) -> Result<Done, Refusal> {
    Ok(Done::Object(export(call.portal()?)))
}

fn export(portal: &Portal) -> Value {
    let defaults = json!({
        "display_name": "",
        "description": "",
        "clear_mail_configuration": false,
        "overwrite_previous_export": false,
        "clear_certificate_store": false,
        "export_noexport_directories": false,
        "follow_up_job_ids": [],
        "schedule": [],
    });
    Value::Object(over(defaults, &portal.export))
}

/// 17: configures, and exports nothing.
pub fn change_export(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let mut sent = call.checked(&EXPORT, Purpose::Change)?;
    rules::check(call.options(), &mut sent, "schedule")?;
    let portal = call.portal()?;
    merge(&mut portal.export, sent);
    Ok(Done::Changed(export(portal)))
}
