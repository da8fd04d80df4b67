//! What one installation holds: accounts, their connections, embed tokens and allowed sites, at the time of its own clock.

use std::collections::BTreeSet;

use aws_lc_rs::rand;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::base::clock::precisely_now;
use crate::base::secret::Secret;
use crate::myintranetapps::sim::options::{Environment, Options};

/// How long an embed token is good for.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(1);

/// One account, in the vendor's words; its `admin` user's password is known only to be there or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The vendor's handle.
    pub key: String,
    /// Company name.
    pub name: String,
    /// As it was sent; compared without regard to case.
    pub subdomain: String,
    /// Custom domain; blank when there is none.
    pub domain: String,
    /// None when it was created without one and is on the installation's default package.
    pub package_id: Option<String>,
    /// Address for notices.
    pub email_admin: String,
    /// Whether it is switched on. No answer of the vendor tells.
    pub active: bool,
    /// `standard` or `reseller`.
    pub r#type: String,
    /// Whether it shares all with the master account.
    pub datashare: bool,
    /// First name of its administrator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name of its administrator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// What it was created for, if that was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// When it was created.
    pub created: Timestamp,
    /// Whether its built-in user `admin` can log in.
    pub has_password: bool,
}

/// What a create or a person's hand says about a new account.
#[derive(Clone)]
pub struct NewAccount {
    /// Company name.
    pub name: String,
    /// Must be free.
    pub subdomain: String,
    /// Blank for none.
    pub domain: String,
    /// None for the installation's default package.
    pub package_id: Option<String>,
    /// Address for notices.
    pub email_admin: String,
    /// Whether it is switched on.
    pub active: bool,
    /// `standard` or `reseller`.
    pub r#type: String,
    /// Whether it shares all with the master account.
    pub datashare: bool,
    /// First name of its administrator.
    pub first_name: Option<String>,
    /// Last name of its administrator.
    pub last_name: Option<String>,
    /// What it is for.
    pub environment: Option<Environment>,
    /// Password of its built-in user `admin`; none when that login is off.
    pub password: Option<Secret>,
}

impl NewAccount {
    /// An active standard account with made-up particulars and without an admin login.
    pub fn new(subdomain: impl Into<String>) -> Self {
        let subdomain = subdomain.into();
        Self {
            name: subdomain.clone(),
            email_admin: format!("admin@{subdomain}.example"),
            subdomain,
            domain: String::new(),
            package_id: None,
            active: true,
            r#type: "standard".to_owned(),
            datashare: true,
            first_name: None,
            last_name: None,
            environment: None,
            password: None,
        }
    }
}

/// What changes about an account; none leaves a property alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// The package.
    pub package_id: Option<String>,
    /// Whether it is switched on.
    pub active: Option<bool>,
    /// The address for notices.
    pub email_admin: Option<String>,
    /// The company name. Not through the API: people in the vendor's portal only.
    pub name: Option<String>,
    /// The custom domain. Not through the API.
    pub domain: Option<String>,
    /// The subdomain. Not through the API.
    pub subdomain: Option<String>,
}

/// The state of an app connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ConnectionStatus {
    /// The customer consented.
    #[default]
    Active,
    /// The customer began to.
    Pending,
    /// Disconnected.
    Inactive,
}

impl ConnectionStatus {
    /// The vendor's word for it, in upper case.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Pending => "PENDING",
            Self::Inactive => "INACTIVE",
        }
    }

    /// The status of that word, in exactly that case.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Active, Self::Pending, Self::Inactive].into_iter().find(|status| status.word() == word)
    }
}

/// One app connection of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// The account it belongs to.
    pub account_key: String,
    /// Key of the app.
    pub integration: String,
    /// Which company of the credentials; blank when the app has only one.
    pub property: String,
    /// Production or sandbox.
    pub environment: Environment,
    /// Whether it is connected.
    pub status: ConnectionStatus,
    /// When its access token expires; may be long past.
    pub expires: Timestamp,
    /// When it was made.
    pub created: Timestamp,
    /// Its last full synchronisation; none before the first.
    pub last_sync: Option<Timestamp>,
    /// Its last failed synchronisation; none before the first.
    pub last_sync_error: Option<Timestamp>,
    /// Failures in a row; none before the first.
    pub last_sync_error_count: Option<u32>,
    /// The last failure's text, which stays after recovery.
    pub last_sync_error_message: Option<String>,
    /// Whether the vendor calls it in error now.
    pub in_error_state: bool,
}

impl Connection {
    /// An active connection made and synchronised at `now`.
    pub fn new(account: &Account, integration: &str, environment: Environment, now: Timestamp) -> Self {
        Self {
            account_key: account.key.clone(),
            integration: integration.to_owned(),
            property: account.name.clone(),
            environment,
            status: ConnectionStatus::Active,
            expires: now + SignedDuration::from_hours(1),
            created: now,
            last_sync: Some(now),
            last_sync_error: None,
            last_sync_error_count: None,
            last_sync_error_message: None,
            in_error_state: false,
        }
    }
}

/// How to break connections. The default is one failed synchronisation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breakage {
    /// Only this app's connections; none means all.
    pub integration: Option<String>,
    /// Failures in a row. None means 1, or none at all when `status` is given. The vendor pauses synchronisation at 10.
    pub errors: Option<u32>,
    /// The failure's text.
    pub message: Option<String>,
    /// The status that they get; none leaves it.
    pub status: Option<ConnectionStatus>,
}

#[derive(Clone)]
struct Held {
    account: Account,
    password: Option<Secret>,
}

struct Token {
    value: Secret,
    account_key: String,
    expires: Timestamp,
}

/// What an installation held at some time, for [`Store::put_back`].
pub(super) struct Kept {
    accounts: Vec<Held>,
    connections: Vec<Connection>,
}

/// The data of one installation.
#[derive(Default)]
pub(super) struct Store {
    pub options: Options,
    pub connections: Vec<Connection>,
    pub allowed_urls: BTreeSet<(String, Environment)>,
    accounts: Vec<Held>,
    tokens: Vec<Token>,
    ahead: SignedDuration,
    last_key: i64,
}

impl Store {
    pub fn new(options: Options) -> Self {
        Self { options, ..Self::default() }
    }

    /// The accounts and their connections as they are now.
    pub fn keep(&self) -> Kept {
        Kept { accounts: self.accounts.clone(), connections: self.connections.clone() }
    }

    /// The accounts and connections are again what they were.
    pub fn put_back(&mut self, kept: &Kept) {
        self.accounts.clone_from(&kept.accounts);
        self.connections.clone_from(&kept.connections);
    }

    /// The installation's time: the machine's, plus what it was advanced by.
    pub fn now(&self) -> Timestamp {
        precisely_now().checked_add(self.ahead).unwrap_or(Timestamp::MAX)
    }

    pub fn advance(&mut self, by: SignedDuration) {
        self.ahead = self.ahead.saturating_add(by);
    }

    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.iter().map(|held| &held.account)
    }

    pub fn by_key(&self, key: &str) -> Option<&Account> {
        self.accounts().find(|account| account.key == key)
    }

    /// By subdomain, whatever its case, or by key.
    pub fn find(&self, name: &str) -> Option<&Account> {
        self.accounts().find(|account| account.key == name || account.subdomain.eq_ignore_ascii_case(name))
    }

    /// Whether anyone has this subdomain: an account of ours (inactive ones too), the master, or another customer.
    pub fn is_taken(&self, subdomain: &str) -> bool {
        let others = self.options.taken_subdomains.iter().chain([&self.options.master_subdomain]);
        let ours = self.accounts().map(|account| &account.subdomain);
        ours.chain(others).any(|taken| taken.eq_ignore_ascii_case(subdomain))
    }

    /// Adds an account and, when the installation seeds them, its connection. The caller saw to it that the subdomain is free.
    pub fn add(&mut self, new: NewAccount) -> Account {
        let account = Account {
            key: self.new_key(),
            name: new.name,
            subdomain: new.subdomain,
            domain: new.domain,
            package_id: new.package_id,
            email_admin: new.email_admin,
            active: new.active,
            r#type: new.r#type,
            datashare: new.datashare,
            first_name: new.first_name,
            last_name: new.last_name,
            environment: new.environment,
            created: self.now(),
            has_password: new.password.is_some(),
        };
        if let Some(environment) = self.options.seed_connections {
            self.connections.push(Connection::new(&account, "quickbooks", environment, account.created));
        }
        self.accounts.push(Held { account: account.clone(), password: new.password });
        account
    }

    /// Changes an account found by subdomain or key, and returns it as it is then; none when there is none.
    pub fn change(&mut self, name: &str, change: Change) -> Option<Account> {
        let key = self.find(name)?.key.clone();
        let account = self.accounts.iter_mut().map(|held| &mut held.account).find(|account| account.key == key)?;
        if let Some(package) = change.package_id {
            account.package_id = Some(package);
        }
        for (property, value) in [
            (&mut account.email_admin, change.email_admin),
            (&mut account.name, change.name),
            (&mut account.domain, change.domain),
            (&mut account.subdomain, change.subdomain),
        ] {
            if let Some(value) = value {
                *property = value;
            }
        }
        account.active = change.active.unwrap_or(account.active);
        Some(account.clone())
    }

    /// Removes an account and its connections, as only the vendor's own people can.
    pub fn remove(&mut self, name: &str) -> Option<Account> {
        let key = self.find(name)?.key.clone();
        let place = self.accounts.iter().position(|held| held.account.key == key)?;
        self.connections.retain(|connection| connection.account_key != key);
        Some(self.accounts.remove(place).account)
    }

    /// Whether the account's built-in user `admin` gets in with `password`.
    pub fn admin_login(&self, name: &str, password: &str) -> bool {
        let key = self.find(name).map(|account| &account.key);
        let held = self.accounts.iter().find(|held| Some(&held.account.key) == key);
        held.and_then(|held| held.password.as_ref()).is_some_and(|secret| secret.expose() == password)
    }

    /// Breaks the connections of an account, and returns how many.
    pub fn break_connections(&mut self, account_key: &str, breakage: &Breakage) -> usize {
        let now = self.now();
        let errors = breakage.errors.or(if breakage.status.is_none() { Some(1) } else { None });
        self.each_connection(account_key, breakage.integration.as_deref(), |connection| {
            connection.status = breakage.status.unwrap_or(connection.status);
            if let Some(message) = &breakage.message {
                connection.last_sync_error_message = Some(message.clone());
            }
            let Some(errors) = errors else { return };
            connection.last_sync_error_count = Some(errors);
            connection.in_error_state = errors > 0;
            connection.last_sync_error = Some(now);
            if breakage.message.is_none() {
                let message = format!("warning: failed to make request to {}, code:500", connection.integration);
                connection.last_sync_error_message = Some(message);
            }
        })
    }

    /// Lets the connections of an account synchronise well again, and returns how many. The last failure's text and time stay.
    pub fn mend_connections(&mut self, account_key: &str, integration: Option<&str>) -> usize {
        let now = self.now();
        self.each_connection(account_key, integration, |connection| {
            connection.status = ConnectionStatus::Active;
            connection.last_sync = Some(now);
            connection.expires = now + SignedDuration::from_hours(1);
            connection.in_error_state = false;
            connection.last_sync_error_count = connection.last_sync_error_count.map(|_| 0);
        })
    }

    fn each_connection(&mut self, key: &str, integration: Option<&str>, change: impl Fn(&mut Connection)) -> usize {
        let fits = |connection: &&mut Connection| {
            connection.account_key == key && integration.is_none_or(|app| app == connection.integration)
        };
        self.connections.iter_mut().filter(fits).map(change).count()
    }

    /// Makes an embed token for one account; none when the machine has no randomness.
    pub fn new_token(&mut self, account_key: &str) -> Option<Secret> {
        let mut bytes = [0; 16];
        rand::fill(&mut bytes).ok()?;
        let value = Secret::new(bytes.map(|byte| format!("{byte:02x}")).concat());
        let expires = self.now() + TOKEN_LIFE;
        self.tokens.push(Token { value: value.clone(), account_key: account_key.to_owned(), expires });
        Some(value)
    }

    /// Uses up an embed token, and returns the key of its account; none when it is unknown, used or too old.
    pub fn use_token(&mut self, value: &str) -> Option<String> {
        let place = self.tokens.iter().position(|token| token.value.expose() == value)?;
        let token = self.tokens.swap_remove(place);
        (token.expires > self.now()).then_some(token.account_key)
    }

    /// How many embed tokens can still be used.
    pub fn live_tokens(&self) -> usize {
        let now = self.now();
        self.tokens.iter().filter(|token| token.expires > now).count()
    }

    /// A key as PHP's `uniqid('', true)` makes it: seconds and microseconds in hex, then a decimal fraction times ten.
    fn new_key(&mut self) -> String {
        let micros = self.now().as_microsecond().max(self.last_key + 1);
        self.last_key = micros;
        let mut bytes = [0; 4];
        // Without randomness keys are still unique within the installation: no two share their microsecond.
        rand::fill(&mut bytes).ok();
        let digits = u32::from_le_bytes(bytes) % 1_000_000_000;
        let (whole, fraction) = (digits / 100_000_000, digits % 100_000_000);
        format!("{:08x}{:05x}{whole}.{fraction:08}", micros / 1_000_000, micros % 1_000_000)
    }
}
