//! MailService: a mail service of a portal, its settings, and whether it runs.
//!
//! The vendor cannot delete one, and no list tells how it is: that is asked of each service by itself, when it is not known, when it is on
//! its way, or when somebody wants to know; of one service of each portal, in turn, with each list.

use std::borrow::Cow;
use std::time::Duration;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use tokio::time::Instant;

use super::Intrexx;
use super::address::{self, Address};
use super::client::Client;
use super::listing::{in_portal, in_portals};
use super::open::{alike, plain};
use super::portal_ref::{self, ObjectName};
use super::wire::mail::{MailService as Service, MailServices as Services, MailStatus};
use crate::base::fault::{Class, Fault};
use crate::engine::kind::{
    AdminApiReference, Attempt, Created, Found, Identity, Invalid, Kind, Listed, Listing, Managed, Progress, SecretKey,
    SecretSource, Seen, Sought, Unready, Wanted,
};
use crate::engine::policy::{Deletion, Deletions, Policy};
use crate::engine::sibling::{Sibling, Siblings};
use crate::engine::state::{Access, Field, State};
use crate::engine::status::Status;

/// A mail service of an Intrexx portal: what it connects to, as whom, and whether it runs.
///
/// The vendor cannot delete a mail service: what policy.deletion leaves behind, stopped or not, stays visible in the portal.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "provost.dev",
    version = "v1alpha1",
    kind = "MailService",
    plural = "mailservices",
    namespaced,
    category = "provost",
    status = "MailServiceStatus",
    printcolumn(name = "Service", type_ = "string", json_path = ".spec.serviceName"),
    printcolumn(name = "Type", type_ = "string", json_path = ".spec.type"),
    printcolumn(name = "Host", type_ = "string", json_path = ".spec.host"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.observed.status")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = portal_ref::ONE_OF, validation = portal_ref::UNCHANGED)]
pub struct MailServiceSpec {
    /// The AdminApi (with an intrexx block) that the service is behind.
    #[x_kube(validation = ("self == oldSelf", "adminApi cannot be changed: the service lives there; make another object"))]
    pub admin_api: AdminApiReference,
    /// What Provost may do to the service. Disable stops it; there is no Delete, because the vendor has none.
    #[serde(default)]
    #[schemars(with = "Option<Policy>")]
    pub policy: Policy,
    /// The IntrexxPortal of this namespace that the service is in. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal: Option<ObjectName>,
    /// The technical name of the portal that the service is in, instead of an IntrexxPortal. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub portal_name: Option<String>,
    /// The name of the service, by which it is found in its portal. Cannot be changed after creation.
    #[schemars(length(min = 1, max = 255))]
    #[x_kube(validation = ("self == oldSelf", "serviceName cannot be changed after creation: the service is found by it; make another object"))]
    pub service_name: String,
    /// A sentence about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Sending (Smtp) or fetching (Imap, Pop3). Cannot be changed after creation.
    #[serde(rename = "type")]
    #[x_kube(validation = ("self == oldSelf", "type cannot be changed after creation: the vendor takes it only then"))]
    pub service_type: MailServiceType,
    /// The mail server.
    #[schemars(length(min = 1, max = 253))]
    pub host: String,
    /// Its port. Absent: the vendor's choice by type and encryption, not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<u32>,
    /// How the connection is encrypted. Absent: the vendor's choice, not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<MailEncryption>,
    /// How the service logs in at the mail server. Absent: the vendor's choice, not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication: Option<MailAuthentication>,
    /// As whom it logs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// With which password. The vendor never shows it, so it is sent when it changes here. Absent: the stored one stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretSource>,
    /// The address that mails come from. For Smtp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 254))]
    pub sender_address: Option<String>,
    /// The name that mails come from. For Smtp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_name: Option<String>,
    /// How long to wait for the mail server, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 2_147_483_647))]
    pub connection_timeout_seconds: Option<u32>,
    /// How often to fetch, in seconds. For Imap and Pop3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 2_147_483_647))]
    pub poll_interval_seconds: Option<u32>,
    /// The folder to fetch from. For Imap and Pop3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// Whether what was fetched is deleted at the mail server. For Imap and Pop3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete_after_fetch: Option<bool>,
    /// Whether it is the portal's standard service for sending. There is one: set it in one object alone, since it goes from service to
    /// service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<bool>,
    /// Whether it starts with the portal. Absent: the vendor's choice (true), not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Whether it runs. Absent: not managed, so that a new service is as the vendor makes it, and one that was stopped when an earlier
    /// object was deleted stays so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<MailServiceState>,
}

/// What a mail service does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MailServiceType {
    /// It sends.
    Smtp,
    /// It fetches, and leaves mails in their folders.
    Imap,
    /// It fetches from a mailbox without folders.
    Pop3,
}

/// How a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MailEncryption {
    /// Not at all.
    None,
    /// It begins without, and is encrypted before anything is said.
    StartTls,
    /// From the first byte on.
    Tls,
}

/// How a service logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MailAuthentication {
    /// Not at all.
    None,
    /// With a user name and a password.
    Password,
    /// With a token.
    OAuth2,
}

/// Whether a service runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MailServiceState {
    /// It does.
    Running,
    /// It does not.
    Stopped,
}

/// The status of a MailService.
pub type MailServiceStatus = Status<MailFacts>;

/// What is known of a mail service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MailFacts {
    /// The service as the vendor last showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<ObservedMail>,
}

/// A mail service as the vendor last showed it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservedMail {
    /// RUNNING, STOPPED, STARTING, STOPPING, ERROR, or another word of the vendor's.
    pub status: String,
    /// What the vendor has to say about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Since when it is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

impl Managed for MailServiceSpec {
    fn admin_api(&self) -> &AdminApiReference {
        &self.admin_api
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// How a mail service is found, and what to call.
pub struct MailServices;

const fn field(path: &'static str, access: Access, group: &'static str) -> Field {
    Field { path, access, key: false, group }
}

/// The group of all that the vendor sets with one call.
const SETTINGS: &str = "service";

/// The fields that are set with that call, and the vendor's names for them.
const WIRE: [(&str, &str); 16] = [
    ("description", "description"),
    ("type", "type"),
    ("host", "host"),
    ("port", "port"),
    ("encryption", "encryption"),
    ("authentication", "authentication"),
    ("username", "username"),
    ("senderAddress", "sender_address"),
    ("senderName", "sender_name"),
    ("connectionTimeoutSeconds", "connection_timeout_sek"),
    ("pollIntervalSeconds", "poll_interval_sek"),
    ("folder", "folder"),
    ("deleteAfterFetch", "delete_after_fetch"),
    ("default", "default"),
    ("active", "active"),
    ("serviceName", "name"),
];

/// The fields whose values are words, which the vendor writes in capitals and may write otherwise.
const WORDS: [(&str, &[&str]); 3] = [
    ("type", &["Smtp", "Imap", "Pop3"]),
    ("encryption", &["None", "StartTls", "Tls"]),
    ("authentication", &["None", "Password", "OAuth2"]),
];

impl Kind for MailServices {
    type Vendor = Intrexx;
    type Spec = MailServiceSpec;
    type Facts = MailFacts;
    type Object = MailService;

    const IDENTITY: Identity = Identity::Listed;
    const LAG: Duration = Duration::from_secs(10);
    const ID_FORM: &'static str = address::ID_FORM;
    const LEFT: Option<&'static str> = Some("it stays in the portal, because the vendor cannot delete a mail service");
    const DELETIONS: Deletions = &[Deletion::Disable, Deletion::Orphan];
    const FIELDS: &'static [Field] = &[
        Field { key: true, ..field("serviceName", Access::Immutable, SETTINGS) },
        Field { key: true, ..field("portalName", Access::Immutable, SETTINGS) },
        field("type", Access::Immutable, SETTINGS),
        field("description", Access::Readable, SETTINGS),
        field("host", Access::Readable, SETTINGS),
        field("port", Access::Readable, SETTINGS),
        field("encryption", Access::Readable, SETTINGS),
        field("authentication", Access::Readable, SETTINGS),
        field("username", Access::Readable, SETTINGS),
        field("senderAddress", Access::Readable, SETTINGS),
        field("senderName", Access::Readable, SETTINGS),
        field("connectionTimeoutSeconds", Access::Readable, SETTINGS),
        field("pollIntervalSeconds", Access::Readable, SETTINGS),
        field("folder", Access::Readable, SETTINGS),
        field("deleteAfterFetch", Access::Readable, SETTINGS),
        field("default", Access::Readable, SETTINGS),
        field("active", Access::Readable, SETTINGS),
        field("password", Access::WriteOnly, "password"),
        field("state", Access::Readable, "state"),
    ];
    const UNLISTED: Option<&'static str> = None;
    const REASONS: &'static [(&'static str, &'static str)] = &[
        ("Starting", "The mail service was told to run, and is on its way."),
        ("Stopping", "The mail service was told to stop, and is on its way."),
        ("ServiceError", "The mail service was told to run and cannot; the vendor's message says why."),
    ];

    fn natural_key(spec: &MailServiceSpec) -> String {
        let portal = portal_ref::spoken(spec.portal.as_ref(), spec.portal_name.as_deref());
        format!("mail service {} in {portal}", spec.service_name)
    }

    fn secrets(spec: &MailServiceSpec) -> Vec<(Cow<'static, str>, &SecretKey)> {
        spec.password.iter().map(|source| ("password".into(), &source.secret_ref)).collect()
    }

    fn siblings(spec: &MailServiceSpec) -> Vec<Sibling> {
        portal_ref::sibling(spec.portal.as_ref()).into_iter().collect()
    }

    fn writer(external_id: Option<&str>, spec: &MailServiceSpec, siblings: &Siblings) -> Option<String> {
        portal_ref::writer(external_id, spec.portal_name.as_deref(), siblings)
    }

    fn desired(spec: &MailServiceSpec, siblings: &Siblings) -> Result<State, Invalid> {
        let state = settings(spec).into_iter().fold(State::new(), |state, (path, value)| state.with(&path, value));
        Ok(state
            .maybe("portalName", portal_ref::portal_name(spec.portal_name.as_deref(), siblings))
            .maybe("state", spec.state.map(|wanted| format!("{wanted:?}"))))
    }

    async fn find(
        client: &Client,
        sought: &Sought<'_, MailServiceSpec, MailFacts>,
    ) -> Result<Found<Seen<MailFacts>>, Fault> {
        let spec = sought.spec;
        let known = sought.external_id.map(|id| Address::of("list_mail_services", id)).transpose()?;
        let portal = known.as_ref().map_or_else(|| portal(spec, sought.siblings), |known| Ok(known.portal.clone()))?;
        let pick = |services: &Services| match &known {
            Some(known) => services.by_id(&known.id).cloned().into_iter().collect(),
            None => services.named(&spec.service_name).cloned().collect::<Vec<_>>(),
        };
        let found = match client.mail_services(&portal, sought.fresh_after, pick).await {
            Err(fault) if fault.class == Class::Missing => return Ok(Found::Absent),
            found => found?,
        };
        let called = || format!("mail services that are called {}", spec.service_name);
        let service = match address::only(&portal, called, found, |service| &service.id) {
            Ok(None) => return Ok(Found::Absent),
            Ok(Some(service)) => service,
            Err(several) => return Ok(Found::Unknown(several)),
        };
        let address = Address::new(&portal, &service.id);
        let remembered = client.known_mail_status(&address);
        let status = match remembered.filter(|status| !sought.alone && !status.is_passing()) {
            Some(status) => Ok(status),
            None => client.mail_status(&address).await,
        };
        let id = sought.external_id.map_or_else(|| address.to_string(), str::to_owned);
        let facts = sought.facts.cloned().unwrap_or_default();
        let mut seen = Seen::new(id, describe(&service, spec, &portal), facts);
        match status {
            Ok(mut status) => {
                if spec.password.is_some() {
                    // A mail server may be quoted, and with it what it was sent.
                    status.message = status.message.and_then(|message| sought.scrub(&message));
                }
                seen.state = seen.state.with("state", state(&status, spec.state));
                seen.unready = unready(&status, spec.state);
                seen.facts.observed = Some(observe(status));
            }
            // What it is set to can be managed without knowing how it is.
            Err(fault) => seen.incomplete = Some(fault),
        }
        Ok(Found::Present(seen))
    }

    async fn list(client: &Client, fresh_after: Instant) -> Result<Listing, Fault> {
        let look = |client: Client, portal: String| async move {
            let pick = |services: &Services| services.0.iter().map(|service| listed(service, &portal)).collect();
            client.mail_services(&portal, fresh_after, pick).await
        };
        in_portals(client, fresh_after, look).await
    }

    async fn create(
        client: &Client,
        wanted: &Wanted<'_, MailServiceSpec>,
        _: Attempt<'_>,
    ) -> Result<Progress<MailFacts>, Fault> {
        let spec = wanted.spec;
        let portal = portal(spec, wanted.siblings)?;
        let (fields, password) = (sent(spec, |_| true), wanted.secrets.get("password"));
        let id = client.create_mail_service(&portal, &spec.service_name, &fields, password).await?;
        let address = Address::new(portal, id);
        if let Some(state) = spec.state {
            // It exists, whatever comes of this: what is not done here is a difference that an update mends.
            let _ = client.set_mail_status(&address, state == MailServiceState::Running).await;
        }
        let external_id = address.to_string();
        Ok(Progress::Done(Created { external_id, facts: MailFacts::default() }))
    }

    async fn update(
        client: &Client,
        external_id: &str,
        wanted: &Wanted<'_, MailServiceSpec>,
        _: &mut MailFacts,
    ) -> Result<(), Fault> {
        let (spec, address) = (wanted.spec, Address::of("change_mail_service", external_id)?);
        match spec.state.filter(|_| wanted.changes("state")) {
            Some(state) => client.set_mail_status(&address, state == MailServiceState::Running).await,
            None => {
                let password = wanted.secrets.get("password").filter(|_| wanted.changes("password"));
                client.change_mail_service(&address, &sent(spec, |path| wanted.changes(path)), password).await
            }
        }
    }

    async fn disable(client: &Client, external_id: &str, _: &MailServiceSpec, _: &MailFacts) -> Result<(), Fault> {
        client.set_mail_status(&Address::of("set_mail_status", external_id)?, false).await
    }

    async fn enable(client: &Client, external_id: &str, spec: &MailServiceSpec) -> Result<(), Fault> {
        // Without a word in the spec nobody knows whether it ran before it was stopped.
        if spec.state != Some(MailServiceState::Running) {
            return Ok(());
        }
        client.set_mail_status(&Address::of("set_mail_status", external_id)?, true).await
    }
}

fn portal(spec: &MailServiceSpec, siblings: &Siblings) -> Result<String, Fault> {
    portal_ref::known_name(spec.portal_name.as_deref(), siblings)
}

/// What the spec says of the fields of [`WIRE`], by path.
fn settings(spec: &MailServiceSpec) -> Map<String, Json> {
    let fields = match serde_json::to_value(spec) {
        Ok(Json::Object(fields)) => fields,
        Ok(_) | Err(_) => Map::new(),
    };
    fields.into_iter().filter(|(path, _)| WIRE.iter().any(|(known, _)| known == path)).collect()
}

/// The fields of the spec that are chosen, as the vendor takes them.
fn sent(spec: &MailServiceSpec, chosen: impl Fn(&str) -> bool) -> Map<String, Json> {
    let settings = settings(spec);
    let value = |path: &str| {
        let value = settings.get(path).filter(|_| chosen(path))?;
        let is_word = WORDS.iter().any(|(field, _)| *field == path);
        Some(if is_word { json!(plain(value).to_ascii_uppercase()) } else { value.clone() })
    };
    WIRE.iter().filter_map(|(path, key)| Some(((*key).to_owned(), value(path)?))).collect()
}

/// What a service is set to, in the words of the spec where the two mean the same.
fn describe(service: &Service, spec: &MailServiceSpec, portal: &str) -> State {
    let settings = settings(spec);
    let shown = |path: &str, shown: &Json| match (word(path, shown), settings.get(path)) {
        (Some(word), _) => json!(word),
        (None, Some(wanted)) if alike(wanted, shown) => wanted.clone(),
        (None, _) => shown.clone(),
    };
    let fields = WIRE.iter().filter_map(|(path, key)| Some((path, shown(path, service.field(key)?))));
    let state = State::new().with("serviceName", service.name.as_str()).with("portalName", portal);
    fields.fold(state, |state, (path, value)| state.with(path, value))
}

/// Our word for the vendor's, where it is one of ours.
fn word(path: &str, shown: &Json) -> Option<&'static str> {
    let (_, words) = WORDS.iter().find(|(field, _)| *field == path)?;
    words.iter().find(|word| word.eq_ignore_ascii_case(&plain(shown))).copied()
}

/// A service with all that it is set to. Whether it runs is how it is now, and no setting.
fn listed(service: &Service, portal: &str) -> Listed {
    let field = |(path, key): &(&str, &str)| {
        let shown = service.field(key)?;
        // There is one default service, and one object alone is to say so.
        let tells = *path != "default" || alike(&json!(true), shown);
        tells.then(|| ((*path).to_owned(), word(path, shown).map_or_else(|| shown.clone(), |word| json!(word))))
    };
    let mut spec: Map<String, Json> = WIRE.iter().filter_map(field).collect();
    spec.insert("serviceName".to_owned(), json!(service.name));
    in_portal(portal, &service.id, &service.name, Json::Object(spec))
}

/// Whether a service runs, as the spec would say it. One that is on its way is where it was told to go.
fn state(status: &MailStatus, wanted: Option<MailServiceState>) -> String {
    let word = match status.status.to_ascii_uppercase().as_str() {
        "RUNNING" | "STARTING" => "Running",
        "STOPPED" | "STOPPING" => "Stopped",
        // It was told to run, and telling it again would not help.
        "ERROR" if wanted != Some(MailServiceState::Stopped) => "Running",
        _ => &status.status,
    };
    word.to_owned()
}

fn unready(status: &MailStatus, wanted: Option<MailServiceState>) -> Option<Unready> {
    let said = status.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
    let passing = |reason, what: &str| {
        let message = format!("the mail service {what}{said}");
        wanted.map(|_| Unready { reason, message, passing: true })
    };
    match status.status.to_ascii_uppercase().as_str() {
        "STARTING" => passing("Starting", "is starting"),
        "STOPPING" => passing("Stopping", "is stopping"),
        "ERROR" if wanted != Some(MailServiceState::Stopped) => {
            let message = format!(
                "the mail service does not work{said}; see whether host, port, encryption, user name and password are what the mail \
                 server takes"
            );
            Some(Unready { reason: "ServiceError", message, passing: false })
        }
        _ => None,
    }
}

fn observe(status: MailStatus) -> ObservedMail {
    let MailStatus { status, message, since } = status;
    ObservedMail { status, message, since: since.map(|since| since.to_string()) }
}

#[cfg(test)]
mod tests;
