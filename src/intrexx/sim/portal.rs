//! One portal: its settings, scheduler, mail services, users and groups.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::intrexx::sim::store::{Fields, PORTALS, State};

/// The group whose members may administer the portal.
pub const ADMINISTRATORS: u64 = 3;
/// The group that every product manual tells to put people into.
pub const USERS: u64 = 4;

/// One portal, in the vendor's words where it has some. It has secrets in it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Portal {
    /// The GUID by which it is deleted.
    pub id: String,
    /// The technical name: the last element of its path.
    pub name: String,
    /// What people see.
    pub display_name: String,
    /// Its directory on the server.
    pub portal_path: String,
    /// Two letters.
    pub default_language: String,
    /// The version of the product.
    pub version: String,
    /// The base URL.
    pub base_url: String,
    /// Its database, as `host:port/name`; blank for one that was made by hand.
    pub database: String,
    /// The password of that database, which the diagnosis file has in it.
    pub database_password: String,
    /// Ports that it listens on.
    pub ports: BTreeSet<i64>,
    /// How it is, apart from being made or restarted.
    pub condition: Condition,
    /// When it is made; calls of it get 404 before.
    pub ready_at: Option<Timestamp>,
    /// When its service is back from a restart.
    pub back_at: Option<Timestamp>,
    /// Whether the Administration API has it in its configuration.
    pub known: bool,
    /// The portal user as which the Administration API logs in.
    pub iaa_login: String,
    /// The password for that in the Administration API's configuration.
    pub iaa_password: String,
    /// The settings as they were last set.
    pub settings: Fields,
    /// The settings that are in effect: some need a restart.
    pub settings_in_effect: Fields,
    /// The key of the mobile app.
    pub mobile_key: Option<String>,
    /// The reports engine: `engine`, `enabled`, `configuration`.
    pub reports: Fields,
    /// The configuration of the portal export.
    pub export: Fields,
    /// Whether the scheduler is in standby.
    pub standby: bool,
    /// The scheduler's configuration.
    pub scheduler: Fields,
    /// The configuration of the scheduler that is in effect.
    pub scheduler_in_effect: Fields,
    /// The jobs, oldest first.
    pub jobs: Vec<Job>,
    /// The mail services, oldest first.
    pub mail: Vec<MailService>,
    /// The users, oldest first.
    pub users: Vec<User>,
    /// The groups, oldest first.
    pub groups: Vec<Group>,
    /// The shares of licences that it has: seats by key.
    pub licenses: BTreeMap<String, i64>,
    /// Whether its trial licence was used.
    pub trial_used: bool,
    /// Applications, processes and so on that were imported, oldest first.
    pub applications: Vec<Application>,
    /// What the next imports tell: the result of each object, and a warning.
    pub import_result: Option<String>,
    /// A warning that the next imports tell.
    pub import_warning: Option<String>,
    /// What was done to the search index, oldest first.
    pub index_actions: Vec<String>,
    pub(super) last_principal: u64,
}

/// How a portal is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Condition {
    /// It works.
    #[default]
    Running,
    /// Its service does not run: its calls get 503.
    Stopped,
    /// Nobody knows: its calls get 504.
    Unknown,
}

impl Condition {
    /// The vendor's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Stopped => "STOPPED",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// A job of the scheduler.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// GUID.
    pub id: String,
    /// The type, in upper case.
    pub r#type: String,
    /// name, description, active, priority, triggers, properties.
    pub fields: Fields,
    /// Whether it belongs to the product and cannot be deleted.
    pub system: bool,
    /// Whether it was paused by an action.
    pub paused: bool,
    /// Whether its executions fail.
    pub fails: bool,
    /// Until when it runs.
    pub running_until: Option<Timestamp>,
    /// When it was last executed.
    pub last_execution: Option<Timestamp>,
    /// What its last execution said.
    pub last_message: Option<String>,
    /// How often it was executed.
    pub executions: u64,
}

impl Job {
    /// Its name.
    pub fn name(&self) -> &str {
        self.fields.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    /// The natural key: portal, type as in a path, and name.
    pub fn key(&self, portal: &str) -> String {
        format!("{portal}/{}/{}", self.r#type.to_ascii_lowercase(), self.name())
    }

    /// Whether it runs at this time.
    pub fn runs(&self, now: Timestamp) -> bool {
        self.running_until.is_some_and(|until| until > now)
    }
}

/// A mail service.
#[derive(Clone, Serialize, Deserialize)]
pub struct MailService {
    /// GUID.
    pub id: String,
    /// All but the password.
    pub fields: Fields,
    /// The password; none when there is none.
    pub password: Option<String>,
    /// Whether it was told to run.
    pub running: bool,
    /// Until when it starts or stops.
    pub settles_at: Option<Timestamp>,
    /// Since when it is as it is.
    pub since: Timestamp,
    /// What is wrong with it, when something is; it is in ERROR then, as long as it is told to run.
    pub error: Option<String>,
}

impl MailService {
    /// Its name.
    pub fn name(&self) -> &str {
        self.fields.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    /// The vendor's word for its state.
    pub fn status(&self, now: Timestamp) -> &'static str {
        let settling = self.settles_at.is_some_and(|at| at > now);
        match (self.running, settling, &self.error) {
            (true, true, _) => "STARTING",
            (false, true, _) => "STOPPING",
            (true, false, Some(_)) => "ERROR",
            (true, false, None) => "RUNNING",
            (false, false, _) => "STOPPED",
        }
    }
}

/// A user of a portal.
#[derive(Clone, Serialize, Deserialize)]
pub struct User {
    /// Counts within the portal, together with the groups.
    pub id: u64,
    /// GUID.
    pub guid: String,
    /// Nested as in the API; all but the password and what is computed.
    pub fields: Fields,
    /// The password; none when the name alone is enough.
    pub password: Option<String>,
    /// Whether the portal locked it after wrong logins.
    pub locked: bool,
    /// The groups that it is in.
    pub groups: BTreeSet<u64>,
}

impl User {
    /// The login name.
    pub fn login(&self) -> &str {
        text(&self.fields, "account", "login_username")
    }

    /// The domain; blank when there is none.
    pub fn domain(&self) -> &str {
        text(&self.fields, "account", "domain")
    }

    /// Whether it may not log in.
    pub fn disabled(&self) -> bool {
        self.fields.get("account").and_then(|account| account.get("disabled")) == Some(&Value::Bool(true))
    }

    /// Whether it comes with each portal.
    pub fn built_in(&self) -> bool {
        self.id <= USERS
    }
}

/// A user group of a portal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Counts within the portal, together with the users.
    pub id: u64,
    /// GUID.
    pub guid: String,
    /// Nested as in the API; all but what is computed.
    pub fields: Fields,
}

impl Group {
    /// Its name.
    pub fn name(&self) -> &str {
        text(&self.fields, "general_settings", "object_name")
    }

    /// Whether it comes with each portal.
    pub fn built_in(&self) -> bool {
        self.id <= USERS
    }
}

/// Something that an import brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// Its GUID here.
    pub guid: String,
    /// `APPLICATION`, `PROCESS`, `LAYOUT` or `FILE`.
    pub r#type: String,
    /// Its name.
    pub name: String,
    /// How often it was imported.
    pub imports: u64,
    /// Bytes of the last package that it came in.
    pub size: usize,
    /// The SHA-256 of that package, in hexadecimal.
    pub sha256: String,
}

impl Portal {
    /// A running portal with what comes with each: two users, two groups, settings.
    pub(super) fn new(state: &mut State, name: &str, version: &str) -> Self {
        let settings = fields(json!({
            "jvm_minimal_memory_mb": 512,
            "jvm_maximal_memory_mb": 1024,
            "session_timeout_sek": 1200,
            "anonymous_session_timeout_sek": 1200,
            "workflow_event_on_login": false,
        }));
        let scheduler = fields(json!({
            "thread_count": 10,
            "thread_priority": 5,
            "misfire_threshold_sek": 60,
            "start_delay_sek": 0,
            "history_size": 100,
        }));
        let mut portal = Self {
            id: state.new_guid(),
            name: name.to_owned(),
            display_name: name.to_owned(),
            portal_path: format!("{PORTALS}{name}"),
            default_language: "en".to_owned(),
            version: version.to_owned(),
            base_url: format!("http://localhost/{name}"),
            database: String::new(),
            database_password: String::new(),
            ports: BTreeSet::new(),
            condition: Condition::Running,
            ready_at: None,
            back_at: None,
            known: true,
            iaa_login: "Administrator".to_owned(),
            iaa_password: String::new(),
            settings_in_effect: settings.clone(),
            settings,
            mobile_key: None,
            reports: fields(json!({"engine": "jasper", "enabled": false, "configuration": {}})),
            export: fields(json!({"template_name": name, "export_directory": "/opt/intrexx/export"})),
            standby: false,
            scheduler_in_effect: scheduler.clone(),
            scheduler,
            jobs: Vec::new(),
            mail: Vec::new(),
            users: Vec::new(),
            groups: Vec::new(),
            licenses: BTreeMap::new(),
            trial_used: false,
            applications: Vec::new(),
            import_result: None,
            import_warning: None,
            index_actions: Vec::new(),
            last_principal: 0,
        };
        portal.populate(state);
        portal
    }

    fn populate(&mut self, state: &mut State) {
        for login in ["Administrator", "Anonymous"] {
            let settings = json!({"first_name": "", "last_name": login, "object_name": login});
            let account = json!({"login_username": login, "disabled": login == "Anonymous"});
            let properties = fields(json!({"general_settings": settings, "account": account}));
            let groups = if login == "Administrator" { BTreeSet::from([ADMINISTRATORS]) } else { BTreeSet::new() };
            self.add_user(state.new_guid(), properties, None).groups = groups;
        }
        for name in ["Administrators", "Users"] {
            self.add_group(state.new_guid(), fields(json!({"general_settings": {"object_name": name}})));
        }
    }

    /// Adds a user.
    pub(super) fn add_user(&mut self, guid: String, fields: Fields, password: Option<String>) -> &mut User {
        let id = self.next_principal();
        let place = self.users.len();
        self.users.push(User { id, guid, fields, password, locked: false, groups: BTreeSet::new() });
        &mut self.users[place]
    }

    /// Adds a group, and returns its id.
    pub(super) fn add_group(&mut self, guid: String, fields: Fields) -> u64 {
        let id = self.next_principal();
        self.groups.push(Group { id, guid, fields });
        id
    }

    /// Users and groups share one sequence of ids.
    fn next_principal(&mut self) -> u64 {
        self.last_principal += 1;
        self.last_principal
    }

    /// The vendor's word for its state.
    pub fn status(&self, now: Timestamp) -> &'static str {
        if self.is_being_made(now) {
            "CREATING"
        } else if self.back_at.is_some_and(|at| at > now) {
            Condition::Stopped.word()
        } else {
            self.condition.word()
        }
    }

    /// Whether it is not made yet.
    pub fn is_being_made(&self, now: Timestamp) -> bool {
        self.ready_at.is_some_and(|at| at > now)
    }

    /// Whether the Administration API's own login still opens it: the user is there, may log in, has that password and administers.
    pub fn lets_iaa_in(&self) -> bool {
        self.lets_in(&self.iaa_login, &self.iaa_password).is_some_and(|user| user.groups.contains(&ADMINISTRATORS))
    }

    /// The user that a login and a password open.
    pub fn lets_in(&self, login: &str, password: &str) -> Option<&User> {
        let fits = |user: &&User| user.login().eq_ignore_ascii_case(login) && !user.disabled() && !user.locked;
        let user = self.users.iter().find(fits)?;
        (user.password.as_deref().unwrap_or_default() == password).then_some(user)
    }

    /// Stops and starts its service: until `back_at` it is away.
    pub(super) fn restart(&mut self, back_at: Timestamp, standby_survives: bool) {
        self.back_at = Some(back_at);
        self.condition = Condition::Running;
        self.settings_in_effect = self.settings.clone();
        self.scheduler_in_effect = self.scheduler.clone();
        self.standby = self.standby && standby_survives;
    }

    /// A job by its GUID, whatever its case, or by its name.
    pub fn job(&mut self, wanted: &str) -> Option<&mut Job> {
        let place = self.jobs.iter().position(|job| job.id.eq_ignore_ascii_case(wanted));
        let place = place.or_else(|| self.jobs.iter().position(|job| job.name() == wanted))?;
        self.jobs.get_mut(place)
    }

    /// A mail service by its GUID, whatever its case, or by its name.
    pub fn mail_service(&mut self, wanted: &str) -> Option<&mut MailService> {
        let place = self.mail.iter().position(|service| service.id.eq_ignore_ascii_case(wanted));
        let place = place.or_else(|| self.mail.iter().position(|service| service.name() == wanted))?;
        self.mail.get_mut(place)
    }

    /// A user by its id or its login.
    pub fn user(&mut self, wanted: &str) -> Option<&mut User> {
        let id = wanted.parse().ok();
        self.users.iter_mut().find(|user| Some(user.id) == id || user.login().eq_ignore_ascii_case(wanted))
    }
}

/// The members of a JSON object; none for anything else.
pub(super) fn fields(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

fn text<'a>(fields: &'a Fields, outer: &str, inner: &str) -> &'a str {
    fields.get(outer).and_then(|value| value.get(inner)).and_then(Value::as_str).unwrap_or_default()
}
