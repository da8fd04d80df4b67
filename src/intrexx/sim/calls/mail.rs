//! Mail services of a portal. There is no way to delete one.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::base::secret::MASK;
use crate::intrexx::sim::answer::{Done, Refusal};
use crate::intrexx::sim::calls::{Call, guid, over};
use crate::intrexx::sim::options::answers::{Answers, Passwords};
use crate::intrexx::sim::options::behaviour::NewMailService;
use crate::intrexx::sim::portal::{MailService, Portal};
use crate::intrexx::sim::shape::{Field, Kind, Purpose, merge};
use crate::intrexx::sim::store::Fields;

const SECONDS: Kind = Kind::Int(0, 1 << 31);

const SERVICE: [Field; 19] = [
    Field::required("name", Kind::Name),
    Field::fixed("type", Kind::OneOf(&["SMTP", "IMAP", "POP3"])),
    Field::required("host", Kind::Name),
    Field::new("description", Kind::Text),
    Field::new("port", Kind::Int(1, 65535)),
    Field::new("encryption", Kind::OneOf(&["NONE", "STARTTLS", "TLS"])),
    Field::new("authentication", Kind::OneOf(&["NONE", "PASSWORD", "OAUTH2"])),
    Field::new("username", Kind::Text),
    Field::new("password", Kind::Text),
    Field::new("sender_address", Kind::Text),
    Field::new("sender_name", Kind::Text),
    Field::new("connection_timeout_sek", SECONDS),
    Field::new("poll_interval_sek", SECONDS),
    Field::new("folder", Kind::Text),
    Field::new("delete_after_fetch", Kind::Flag),
    Field::new("default", Kind::Flag),
    Field::new("active", Kind::Flag),
    Field::read_only("id"),
    Field::read_only("status"),
];

const STATUS: [Field; 3] = [
    Field::required("status", Kind::OneOf(&["RUNNING", "STOPPED"])),
    Field::read_only("message"),
    Field::read_only("since"),
];

fn no_service() -> Refusal {
    Refusal::missing("there is no such mail service")
}

fn view(answers: &Answers, service: &MailService) -> Value {
    let defaults = json!({
        "description": "",
        "encryption": "NONE",
        "authentication": "NONE",
        "default": false,
        "active": true,
    });
    let mut shown = over(defaults, &service.fields);
    shown.insert("id".to_owned(), json!(guid(answers, &service.id)));
    if answers.passwords == Passwords::Stars && service.password.is_some() {
        shown.insert("password".to_owned(), json!(MASK));
    }
    Value::Object(shown)
}

fn of_path<'a>(portal: &'a mut Portal, id: &str) -> Result<&'a mut MailService, Refusal> {
    portal.mail.iter_mut().find(|service| service.id.eq_ignore_ascii_case(id)).ok_or_else(no_service)
}

/// 33: all mail services of the portal.
pub fn list(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let answers = call.answers().clone();
    let portal = call.portal()?;
    let views: Vec<(String, Value)> = portal
        .mail
        .iter()
        .map(|service| (format!("{}/mailservices/{}", portal.name, service.id), view(&answers, service)))
        .collect();
    let state = &call.store.state;
    Ok(Done::List("mail_services", views.into_iter().map(|(path, view)| state.seen(&path, view)).collect()))
}

/// 34: adds a service. Its name must be free.
pub fn create(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let mut fields = call.checked(&SERVICE, Purpose::Create)?;
    fields.retain(|_, value| !value.is_null());
    let password = take_password(&mut fields).flatten();
    let port = default_port(&fields);
    fields.entry("port").or_insert(json!(port));
    let (now, behaviour) = (call.now(), call.options().behaviour.clone());
    let service = MailService {
        id: call.new_guid(),
        fields,
        password,
        running: behaviour.new_mail_service == NewMailService::Running,
        settles_at: None,
        since: now,
        error: None,
    };
    let object = view(call.answers(), &service);
    let id = guid(call.answers(), &service.id);
    let portal = call.portal()?;
    if !behaviour.duplicate_names && portal.mail.iter().any(|known| known.name() == service.name()) {
        return Err(Refusal::taken("there is a mail service of this name"));
    }
    only_default(portal, &service);
    portal.mail.push(service);
    Ok(Done::Created { at: Some(format!("{}/mailservices/{id}", portal.name)), object })
}

/// There is one standard outgoing service: a new one takes it from the others.
fn only_default(portal: &mut Portal, service: &MailService) {
    if service.fields.get("default") == Some(&Value::Bool(true)) {
        for other in portal.mail.iter_mut().filter(|other| other.id != service.id) {
            other.fields.insert("default".to_owned(), json!(false));
        }
    }
}

/// The password that was sent: none when none was, and an inner none when it is to be cleared.
fn take_password(fields: &mut Fields) -> Option<Option<String>> {
    fields.remove("password").map(|value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned))
}

fn default_port(fields: &Fields) -> i64 {
    let text = |key: &str| fields.get(key).and_then(Value::as_str);
    match (text("type"), text("encryption")) {
        (Some("IMAP"), Some("TLS")) => 993,
        (Some("IMAP"), _) => 143,
        (Some("POP3"), Some("TLS")) => 995,
        (Some("POP3"), _) => 110,
        (_, Some("TLS")) => 465,
        (_, Some("STARTTLS")) => 587,
        _ => 25,
    }
}

/// 35
pub fn get(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let (id, answers) = (call.param(1).to_owned(), call.answers().clone());
    Ok(Done::Object(view(&answers, of_path(call.portal()?, &id)?)))
}

/// 36: changes what is sent. Without a password the stored one stays.
pub fn change(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let mut sent = call.checked(&SERVICE, Purpose::Change)?;
    let password = take_password(&mut sent);
    let (id, answers) = (call.param(1).to_owned(), call.answers().clone());
    let duplicates = call.options().behaviour.duplicate_names;
    let portal = call.portal()?;
    of_path(portal, &id)?;
    let name = sent.get("name").and_then(Value::as_str);
    let other = |service: &MailService| !service.id.eq_ignore_ascii_case(&id) && Some(service.name()) == name;
    if !duplicates && portal.mail.iter().any(other) {
        return Err(Refusal::taken("there is a mail service of this name"));
    }
    let service = of_path(portal, &id)?;
    merge(&mut service.fields, sent);
    if let Some(password) = password {
        service.password = password;
    }
    let changed = service.clone();
    only_default(portal, &changed);
    Ok(Done::Changed(view(&answers, &changed)))
}

/// 37
pub fn get_status(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let (id, now) = (call.param(1).to_owned(), call.now());
    let service = of_path(call.portal()?, &id)?;
    Ok(Done::Object(status(service, now)))
}

fn status(service: &MailService, now: jiff::Timestamp) -> Value {
    let word = service.status(now);
    let message = service.error.as_ref().filter(|_| word == "ERROR");
    json!({"status": word, "message": message, "since": service.since})
}

/// 38: starts or stops a service, which may take a while. What is so already stays so.
pub fn set_status(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let sent = call.checked(&STATUS, Purpose::Create)?;
    let run = sent.get("status") == Some(&json!("RUNNING"));
    let (id, now) = (call.param(1).to_owned(), call.now());
    let settles_at = now + SignedDuration::from_secs(call.options().server.mail_transition_seconds.into());
    let service = of_path(call.portal()?, &id)?;
    if service.running != run {
        (service.running, service.since, service.settles_at) = (run, now, Some(settles_at));
    }
    Ok(Done::Changed(status(service, now)))
}
