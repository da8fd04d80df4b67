//! What travels to and from the MyIntranetApps Administration API.
//!
//! One script serves every operation, and **a POST without an `action` creates an account**. So bodies are values of types that
//! cannot lose their action, never maps. Answers are read tolerantly: the vendor shows strings, numbers and booleans for like things.
//! Sections named here are those of the vendor contract.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use crate::base::secret::Secret;
use crate::base::value;

/// The longest error message of a connection that we keep, in characters.
const LONGEST_ERROR: usize = 200;

/// What an account may do (2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AccountType {
    /// An ordinary account, which is what the vendor tells its customers to use.
    #[default]
    Standard,
    /// An account that has accounts of its own.
    Reseller,
}

/// An account to be created (2.1). Absent properties are left to the vendor.
///
/// Not `Debug`: it may hold a password.
#[derive(Clone)]
pub struct NewAccount {
    /// The company's name as its users see it.
    pub name: String,
    /// At most 50 letters, digits and dashes; unique over all of the vendor's customers.
    pub subdomain: String,
    /// Where the vendor writes to.
    pub email_admin: String,
    /// The bundle of settings; none means the caller's default one.
    pub package_id: Option<String>,
    /// Whether the account works from the start.
    pub active: bool,
    /// The password of the account's user `admin`; none switches that login off, for good.
    pub password: Option<Secret>,
    /// Standard unless said otherwise.
    pub account_type: AccountType,
    /// A custom domain. Its CNAME must exist, or the whole creation fails.
    pub domain: Option<String>,
    /// Whether the master account may see everything in it.
    pub data_share: Option<bool>,
    /// First name of the account's manager.
    pub first_name: Option<String>,
    /// Last name of the account's manager.
    pub last_name: Option<String>,
    /// `production` or `sandbox`.
    pub environment: Option<String>,
}

/// What the vendor says about an account it has just created (2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedAccount {
    /// The account's permanent handle.
    pub account_key: String,
    /// The subdomain as the vendor wrote it, or else as it was asked for.
    pub subdomain: String,
    /// The full host name.
    pub account_domain: Option<String>,
    /// The name as the vendor wrote it.
    pub name: Option<String>,
    /// The manager's address as the vendor wrote it; `admin_email` here, `email_admin` everywhere else.
    pub admin_email: Option<String>,
    /// Where people log in; only seen in the vendor's sample code.
    pub admin_url: Option<String>,
}

/// What can be changed of an account (2.3). Absent properties stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountChange {
    /// The bundle of settings.
    pub package_id: Option<String>,
    /// Whether the account works.
    pub active: Option<bool>,
    /// Where the vendor writes to.
    pub email_admin: Option<String>,
}

/// A change of one account, with something in it to change (2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountUpdate {
    account_key: String,
    change: AccountChange,
}

impl AccountUpdate {
    /// A change of the account with this key; none when there is nothing to change, which the vendor refuses.
    pub fn new(account_key: impl Into<String>, change: AccountChange) -> Option<Self> {
        (change != AccountChange::default()).then(|| Self { account_key: account_key.into(), change })
    }

    /// The key of the account to change; not the caller's own.
    pub fn account_key(&self) -> &str {
        &self.account_key
    }

    /// What to change.
    pub fn change(&self) -> &AccountChange {
        &self.change
    }
}

/// An account in the list (2.2). Whether it is active is not told, there or anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// The account's permanent handle; `account_key` everywhere but in the list.
    #[serde(deserialize_with = "account_key")]
    pub key: String,
    /// The company's name; not unique.
    #[serde(default, deserialize_with = "blank_or_text")]
    pub name: String,
    /// Its subdomain, as the vendor writes it.
    #[serde(deserialize_with = "blank_or_text")]
    pub subdomain: String,
    /// Its custom domain.
    #[serde(default, deserialize_with = "value::optional_text")]
    pub domain: Option<String>,
    /// Its bundle of settings; none when the vendor does not say, or when we created it with the default one and have not read it since.
    #[serde(default, deserialize_with = "value::optional_text")]
    pub package_id: Option<String>,
    /// Where the vendor writes to; none when the vendor does not say.
    #[serde(default, deserialize_with = "value::optional_text")]
    pub email_admin: Option<String>,
}

/// The state of a connection (2.5).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConnectionStatus {
    /// In use.
    Active,
    /// Not finished by the customer.
    Pending,
    /// Cut.
    Inactive,
    /// A word that the vendor's documentation does not have.
    Other(String),
}

impl From<&str> for ConnectionStatus {
    fn from(word: &str) -> Self {
        match word.trim().to_ascii_uppercase().as_str() {
            "ACTIVE" => Self::Active,
            "PENDING" => Self::Pending,
            "INACTIVE" => Self::Inactive,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// Which connections to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StatusFilter {
    bits: u8,
}

impl StatusFilter {
    const ALL: u8 = 0b111;

    /// How many filters there are.
    pub(crate) const COUNT: usize = Self::ALL as usize + 1;

    /// Connections in every state, also in states that the documentation does not have.
    pub fn all() -> Self {
        Self { bits: Self::ALL }
    }

    /// Connections in these states; without any, or with all three documented ones, the same as [`StatusFilter::all`].
    pub fn of<'a>(statuses: impl IntoIterator<Item = &'a ConnectionStatus>) -> Self {
        let bits = statuses.into_iter().map(Self::bit).fold(0, |bits, bit| bits | bit);
        if bits == 0 { Self::all() } else { Self { bits } }
    }

    /// Whether a connection in this state is asked for.
    pub fn admits(self, status: &ConnectionStatus) -> bool {
        self.bits == Self::ALL || self.bits & Self::bit(status) != 0
    }

    /// The value of the query parameter `statuses`; none when everything is asked for.
    pub(crate) fn parameter(self) -> Option<String> {
        let words = [
            ("ACTIVE", ConnectionStatus::Active),
            ("PENDING", ConnectionStatus::Pending),
            ("INACTIVE", ConnectionStatus::Inactive),
        ];
        let named: Vec<&str> = words.iter().filter(|(_, status)| self.admits(status)).map(|(word, _)| *word).collect();
        (self.bits != Self::ALL).then(|| named.join(","))
    }

    /// A number below [`Self::COUNT`] of its own.
    pub(crate) fn index(self) -> usize {
        usize::from(self.bits)
    }

    fn bit(status: &ConnectionStatus) -> u8 {
        match status {
            ConnectionStatus::Active => 0b001,
            ConnectionStatus::Pending => 0b010,
            ConnectionStatus::Inactive => 0b100,
            ConnectionStatus::Other(_) => 0,
        }
    }
}

/// A connection of an account to an app (2.5). The vendor gives it no id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Connection {
    /// The app, such as `quickbooks`.
    pub integration: String,
    /// Which company within the app's credentials, for apps with several.
    pub property: Option<String>,
    /// Typically `production` or `sandbox`.
    pub environment: String,
    /// Its state.
    pub status: ConnectionStatus,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// When its access token expires. The vendor renews it, so a time in the past means nothing.
    pub expires: Option<Timestamp>,
    /// The last full synchronisation; none before the first.
    pub last_sync: Option<Timestamp>,
    /// The last full synchronisation that failed.
    pub last_sync_error: Option<Timestamp>,
    /// Failures in a row. At 10 the vendor stops synchronising by itself.
    pub error_count: u32,
    /// The last failure's technical text, shortened and without secrets. It stays after recovery: [`Connection::in_error`] tells.
    pub error_message: Option<String>,
    /// Whether the vendor considers it in error now.
    pub in_error: bool,
    /// The account it belongs to.
    pub account_key: String,
    /// That account's name.
    pub account_name: String,
}

/// The body of a creation (2.1), the only one without an action.
#[derive(Serialize)]
pub(crate) struct CreateBody<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_id: Option<&'a str>,
    active: &'static str,
    email_admin: &'a str,
    password: &'a str,
    subdomain: &'a str,
    #[serde(rename = "type")]
    account_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    datashare: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'a str>,
}

impl<'a> From<&'a NewAccount> for CreateBody<'a> {
    fn from(account: &'a NewAccount) -> Self {
        let named = |text: &'a Option<String>| text.as_deref().filter(|text| !text.is_empty());
        Self {
            name: &account.name,
            package_id: named(&account.package_id),
            active: flag(account.active),
            email_admin: &account.email_admin,
            password: account.password.as_ref().map_or("", Secret::expose),
            subdomain: &account.subdomain,
            account_type: match account.account_type {
                AccountType::Standard => "standard",
                AccountType::Reseller => "reseller",
            },
            domain: named(&account.domain),
            datashare: account.data_share.map(flag),
            first_name: named(&account.first_name),
            last_name: named(&account.last_name),
            environment: named(&account.environment),
        }
    }
}

/// The bodies of all other POSTs. The tag is the action, so none can be written without it.
#[derive(Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(crate) enum ActionBody<'a> {
    ListAccounts,
    UpdateAccount {
        account_key: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        package_id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        active: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        email_admin: Option<&'a str>,
    },
}

impl<'a> From<&'a AccountUpdate> for ActionBody<'a> {
    fn from(update: &'a AccountUpdate) -> Self {
        Self::UpdateAccount {
            account_key: &update.account_key,
            package_id: update.change.package_id.as_deref(),
            active: update.change.active.map(flag),
            email_admin: update.change.email_admin.as_deref(),
        }
    }
}

fn flag(value: bool) -> &'static str {
    if value { "1" } else { "0" }
}

/// What every answer has in common (1.4).
#[derive(Deserialize)]
pub(crate) struct Envelope {
    #[serde(default, deserialize_with = "value::optional_text")]
    status_code: Option<String>,
    /// Of any type, so that an odd message does not hide a clear code.
    #[serde(default)]
    message: serde_json::Value,
}

impl Envelope {
    /// The code in the body, as a number; none when there is none, or none that is one.
    pub(crate) fn code(&self) -> Option<u16> {
        self.status_code.as_deref()?.trim().parse().ok()
    }

    /// The vendor's words, when they are a text.
    pub(crate) fn message(&self) -> Option<&str> {
        self.message.as_str()
    }
}

#[derive(Deserialize)]
pub(crate) struct CreatedAnswer {
    #[serde(deserialize_with = "account_key")]
    account_key: String,
    #[serde(default, deserialize_with = "value::optional_text")]
    subdomain: Option<String>,
    #[serde(default, deserialize_with = "value::optional_text")]
    account_domain: Option<String>,
    #[serde(default, deserialize_with = "value::optional_text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "value::optional_text")]
    admin_email: Option<String>,
    #[serde(default, deserialize_with = "value::optional_text")]
    admin_url: Option<String>,
}

impl CreatedAnswer {
    pub(crate) fn into_created(self, subdomain: &str) -> CreatedAccount {
        CreatedAccount {
            account_key: self.account_key,
            subdomain: self.subdomain.unwrap_or_else(|| subdomain.to_owned()),
            account_domain: self.account_domain,
            name: self.name,
            admin_email: self.admin_email,
            admin_url: self.admin_url,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct AccountsAnswer {
    #[serde(default, deserialize_with = "value::list")]
    pub(crate) accounts: Vec<Account>,
}

#[derive(Deserialize)]
pub(crate) struct ConnectionsAnswer {
    #[serde(default, deserialize_with = "value::count")]
    count: u32,
    #[serde(default, deserialize_with = "value::list")]
    connections: Vec<ConnectionRow>,
}

impl ConnectionsAnswer {
    /// Whether the answer announces connections and has none.
    pub(crate) fn contradicts_itself(&self) -> bool {
        self.count > 0 && self.connections.is_empty()
    }

    /// The connections, with their messages made readable by `quote` (text, longest length).
    pub(crate) fn into_connections(self, quote: impl Fn(&str, usize) -> String) -> impl Iterator<Item = Connection> {
        self.connections.into_iter().map(move |row| row.into_connection(&quote))
    }
}

#[derive(Deserialize)]
struct ConnectionRow {
    #[serde(default, deserialize_with = "blank_or_text")]
    integration: String,
    #[serde(default, deserialize_with = "value::optional_text")]
    property: Option<String>,
    #[serde(default, deserialize_with = "value::time")]
    expires: Option<Timestamp>,
    #[serde(default, deserialize_with = "value::time")]
    created: Option<Timestamp>,
    #[serde(default, deserialize_with = "blank_or_text")]
    status: String,
    #[serde(default, deserialize_with = "blank_or_text")]
    environment: String,
    #[serde(default, deserialize_with = "value::time")]
    last_sync: Option<Timestamp>,
    #[serde(default, deserialize_with = "value::time")]
    last_sync_error: Option<Timestamp>,
    #[serde(default, deserialize_with = "value::count")]
    last_sync_error_count: u32,
    #[serde(default, deserialize_with = "value::optional_text")]
    last_sync_error_message: Option<String>,
    #[serde(default, deserialize_with = "blank_or_text")]
    name: String,
    #[serde(deserialize_with = "account_key")]
    account_key: String,
    #[serde(default, deserialize_with = "value::flag")]
    in_error_state: bool,
}

impl ConnectionRow {
    fn into_connection(self, quote: &impl Fn(&str, usize) -> String) -> Connection {
        Connection {
            integration: self.integration,
            property: self.property,
            environment: self.environment,
            status: ConnectionStatus::from(self.status.as_str()),
            created: self.created,
            expires: self.expires,
            last_sync: self.last_sync,
            last_sync_error: self.last_sync_error,
            error_count: self.last_sync_error_count,
            error_message: self
                .last_sync_error_message
                .map(|text| quote(&text, LONGEST_ERROR))
                .filter(|text| !text.is_empty()),
            in_error: self.in_error_state,
            account_key: self.account_key,
            account_name: self.name,
        }
    }
}

/// A text that may be null or blank, but not missing unless the field says so.
fn blank_or_text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(value::optional_text(from)?.unwrap_or_default())
}

/// An account key: of no certain shape, but never blank and never with blanks in it (2.1).
fn account_key<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let key = value::text(from)?;
    if key.is_empty() || key.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(serde::de::Error::custom("expected an account key"));
    }
    Ok(key)
}
