//! The spec of an IntrexxPortal: what people write.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::PortalFacts;
use crate::engine::kind::{AdminApiReference, Managed, SecretSource};
use crate::engine::policy::Policy;
use crate::engine::status::Status;
use crate::intrexx::open::{self, OpenMap};
use crate::intrexx::schedule::Trigger;

/// A portal of an Intrexx installation: its creation, its settings, its scheduler and its licences.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "provost.dev",
    version = "v1alpha1",
    kind = "IntrexxPortal",
    plural = "intrexxportals",
    namespaced,
    category = "provost",
    status = "IntrexxPortalStatus",
    printcolumn(name = "Portal", type_ = "string", json_path = ".spec.portalName"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.observed.status"),
    printcolumn(name = "Version", type_ = "string", json_path = ".status.observed.version", priority = 1),
    printcolumn(
        name = "Restart",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"RestartRequired\")].status"
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = ("!has(self.licensesAuthoritative) || has(self.licenses)", "licensesAuthoritative needs licenses: write them all, or [] to have all of them removed")
)]
pub struct IntrexxPortalSpec {
    /// The AdminApi (with an intrexx block) that the portal is behind.
    #[x_kube(validation = ("self == oldSelf", "adminApi cannot be changed: the portal lives there; make another object"))]
    pub admin_api: AdminApiReference,
    /// What Provost may do to the portal.
    #[serde(default)]
    #[schemars(with = "Option<Policy>")]
    pub policy: Policy,
    /// The technical name: the last element of the portal's directory, and the first of every path of its API. Cannot be changed.
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^[^/\\\s]*[^/\\\s.][^/\\\s]*$"))]
    #[x_kube(
        validation = ("self == oldSelf", "portalName cannot be changed: it is the portal's directory; make another object"),
        validation = ("!(self in ['auth', 'portals', 'templates', 'admin-api'])", "auth, portals, templates and admin-api are paths of the Administration API itself, so a portal of such a name cannot be reached; choose another name")
    )]
    pub portal_name: String,
    /// What making the portal needs. It is never compared afterwards. Absent: the portal must exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create: Option<PortalCreation>,
    /// The address under which people reach the portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^https?://[^/\\s]+.*$"))]
    pub base_url: Option<String>,
    /// Memory, sessions and further settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<PortalSettings>,
    /// The mobile app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile: Option<MobileApp>,
    /// The reports engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reports_engine: Option<ReportsEngine>,
    /// What a portal export writes, and where. It configures; a scheduler job exports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<PortalExport>,
    /// The scheduler as a whole; its jobs are SchedulerJobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduler: Option<PortalScheduler>,
    /// The licences that the portal has a share of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub licenses: Option<Vec<PortalLicense>>,
    /// Whether licences that are not in `licenses` are removed, trial licences excepted. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licenses_authoritative: Option<bool>,
    /// Any text, such as a time. A new value says that the portal was restarted since, so that its present settings are in effect: the
    /// Administration API cannot restart a portal, and may not show that somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub restarted_at: Option<String>,
    /// What a deletion takes along, where policy.deletion is Delete. Absent: what the vendor does by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_options: Option<DeletionOptions>,
}

/// What making a portal needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PortalCreation {
    /// The directory of the template on the server, such as `/opt/intrexx/orgtempl/blank/`.
    #[schemars(length(min = 1))]
    pub template_path: String,
    /// The directory to make on the server; its last element is spec.portalName.
    #[schemars(length(min = 1))]
    pub portal_path: String,
    /// The name that people see.
    #[schemars(length(min = 1))]
    pub display_name: String,
    /// Two letters, such as `en`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_language: Option<String>,
    /// The host name of the web server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_server_host_name: Option<String>,
    /// Where the portal's own web server listens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_connector: Option<WebConnector>,
    /// The port of the REST connector, over which the Administration API reaches the portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub rest_connector_port: Option<u16>,
    /// The address that the REST connector listens on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest_connector_bind_address: Option<String>,
    /// The search server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchServer>,
    /// The database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<PortalDatabase>,
}

/// Where a portal's own web server listens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebConnector {
    /// The host name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub port: Option<u16>,
}

/// A search server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchServer {
    /// Its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The directory of its configuration on the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_directory: Option<String>,
    /// `http` or `cloud`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_type: Option<String>,
    /// The login there. Absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication: Option<SearchLogin>,
}

/// A login at a search server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchLogin {
    /// The name.
    #[schemars(length(min = 1))]
    pub user: String,
    /// The password.
    pub password: SecretSource,
}

/// The database of a new portal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PortalDatabase {
    /// The product, such as `postgresql` or `mssql`.
    #[serde(rename = "type")]
    #[schemars(length(min = 1))]
    pub database_type: String,
    /// Its host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Its port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub port: Option<u16>,
    /// The name of the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The user that the portal has there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// That user's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretSource>,
    /// Whether to create the database; otherwise it must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create: Option<bool>,
    /// Its time zone, such as `UTC`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// The vendor's word for how the connection is encrypted, such as `DISABLED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssl: Option<String>,
    /// Its character set, such as `UTF8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub character_set: Option<String>,
    /// The user that may create databases, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin_user: Option<String>,
    /// That user's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin_password: Option<SecretSource>,
}

/// Memory, sessions and further settings of a portal. What is absent is not managed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PortalSettings {
    /// Memory that the portal's service starts with, in MiB. In effect after a restart of the portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub jvm_minimal_memory_mb: Option<u32>,
    /// Memory that it may take at most, in MiB. In effect after a restart of the portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub jvm_maximal_memory_mb: Option<u32>,
    /// After how many idle seconds a session ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub session_timeout_seconds: Option<u32>,
    /// The same for visitors who did not log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub anonymous_session_timeout_seconds: Option<u32>,
    /// Whether each login is told to processes. In effect after a restart of the portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_event_on_login: Option<bool>,
    /// Any further settings, sent and compared under the vendor's own names.
    #[serde(default, skip_serializing_if = "OpenMap::is_empty")]
    #[schemars(schema_with = "open::schema")]
    pub additional: OpenMap,
}

/// The mobile app of a portal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = ("has(self.apiKey) != (has(self.enabled) && !self.enabled)", "either apiKey or enabled: false must be set: the app is switched on by a key, and off by deleting it")
)]
pub struct MobileApp {
    /// The key that the app registers with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<SecretSource>,
    /// False: the key is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// The reports engine of a portal. What is absent is not managed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportsEngine {
    /// The vendor's word for the engine, such as `jasper`. Another engine takes none of the former one's configuration along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub engine: Option<String>,
    /// Whether it is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Its configuration, sent and compared under the vendor's own names.
    #[serde(default, skip_serializing_if = "OpenMap::is_empty")]
    #[schemars(schema_with = "open::schema")]
    pub configuration: OpenMap,
}

/// What a portal export writes, and where. What is absent is not managed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PortalExport {
    /// The file name of the export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub template_name: Option<String>,
    /// The name in the list of templates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// A sentence about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A directory on the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export_directory: Option<String>,
    /// Whether mail services are left out. A portal made from such an export starts without any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clear_mail_configuration: Option<bool>,
    /// Whether an export replaces the one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overwrite_previous_export: Option<bool>,
    /// Whether certificates are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clear_certificate_store: Option<bool>,
    /// Whether directories marked `.noexport` are exported all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export_noexport_directories: Option<bool>,
    /// Whether passwords of databases are left out (older versions of Intrexx).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remove_database_passwords: Option<bool>,
    /// How many exports are kept (older versions of Intrexx).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_of_exports: Option<u32>,
    /// The ids of jobs that are started after an export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up_job_ids: Option<Vec<String>>,
    /// When to export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50))]
    pub schedule: Option<Vec<Trigger>>,
    /// Any further options, sent and compared under the vendor's own names.
    #[serde(default, skip_serializing_if = "OpenMap::is_empty")]
    #[schemars(schema_with = "open::schema")]
    pub additional: OpenMap,
}

/// The scheduler of a portal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PortalScheduler {
    /// Whether no rule fires; jobs stay, and running ones finish. Set it only if nobody switches it by hand, for maintenance say: what is
    /// set here is put back. Absent: not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standby: Option<bool>,
    /// Threads, misfires and history. In effect after a restart of the portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<SchedulerConfiguration>,
}

/// Threads, misfires and history of a scheduler. What is absent is not managed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SchedulerConfiguration {
    /// How many jobs may run at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub thread_count: Option<u32>,
    /// The priority of those threads, 1 to 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10))]
    pub thread_priority: Option<u32>,
    /// How late a job may start before that counts as missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub misfire_threshold_seconds: Option<u32>,
    /// How long after the portal the scheduler starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_delay_seconds: Option<u32>,
    /// How many executions are remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_size: Option<u32>,
    /// Any further options, sent and compared under the vendor's own names.
    #[serde(default, skip_serializing_if = "OpenMap::is_empty")]
    #[schemars(schema_with = "open::schema")]
    pub additional: OpenMap,
}

/// A licence that a portal has a share of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PortalLicense {
    /// The licence key.
    pub key: SecretSource,
    /// Seats for this portal; they are taken from other portals of the server if need be. 0 for a licence that is not counted. Absent:
    /// whatever it has. Another number is given by removing the licence and adding it again, since the vendor cannot change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
}

/// What a deletion takes along.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeletionOptions {
    /// Whether the database is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete_database: Option<bool>,
    /// Whether the portal's directory is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete_portal_directory: Option<bool>,
}

/// The status of an IntrexxPortal.
pub type IntrexxPortalStatus = Status<PortalFacts>;

impl Managed for IntrexxPortalSpec {
    fn admin_api(&self) -> &AdminApiReference {
        &self.admin_api
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }
}
