//! What one client domain has: contacts with their logins and permissions, mail accounts, activity types, Twitter users.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The permission that `/admin/` needs.
pub const DOMAIN_CONF: &str = "DOMAIN_CONF";
/// The permission that looking at contacts needs.
pub const CONTACT_VIEW: &str = "CONTACT_VIEW";
/// The permission that changing contacts needs.
pub const CONTACT_UPDATE: &str = "CONTACT_UPDATE";

/// The permissions that the vendor names.
pub const PERMISSIONS: [&str; 5] = [CONTACT_VIEW, CONTACT_UPDATE, "ACTIVITY_VIEW", "ACTIVITY_UPDATE", DOMAIN_CONF];

/// The activity types that every domain has from the start.
pub const BUILT_IN_TYPES: [&str; 3] = ["EMAIL", "NOTE", "TASK"];

/// The types of user ids.
pub(super) const USER_ID_TYPES: [&str; 3] = ["GOOGLE_APPS", "TWITTER_LOGIN", "INTERNAL"];

/// A client domain. It has secrets in it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Domain {
    /// Its name, which every request says.
    pub name: String,
    /// The login of the one who came with it.
    pub owner: Login,
    /// Its contacts, oldest first.
    pub contacts: Vec<Contact>,
    /// The account that sends its notifications.
    pub notifications: Option<MailAccount>,
    /// The mailboxes that are polled, oldest first.
    pub mailboxes: Vec<MailAccount>,
    /// The valid activity types, oldest first.
    pub activity_types: Vec<String>,
    /// The Twitter users, oldest first.
    pub twitter: Vec<TwitterUser>,
}

/// A login, by which a user comes in: whoever has several comes in as one contact by each of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// `GOOGLE_APPS`, `TWITTER_LOGIN` or `INTERNAL`.
    pub user_id_type: String,
    /// The address, or the name there.
    pub user_id: String,
}

impl Login {
    /// A login at Google.
    pub fn google(user_id: impl Into<String>) -> Self {
        Self { user_id_type: "GOOGLE_APPS".to_owned(), user_id: user_id.into() }
    }

    /// Type and id, such as `GOOGLE_APPS/grace@acme.example`.
    pub fn key(&self) -> String {
        format!("{}/{}", self.user_id_type, self.user_id)
    }
}

/// A contact. Permissions are its own, and not those of its logins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The vendor's id.
    pub id: String,
    /// First name; blank when there is none, as with the other names.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Name of the company.
    pub company_name: String,
    /// Addresses.
    pub emails: Vec<Email>,
    /// Attributes by key.
    pub attributes: BTreeMap<String, String>,
    /// Logins, oldest first.
    pub logins: Vec<Login>,
    /// What its users may do.
    pub permissions: BTreeSet<String>,
    /// How many activities hang on it, and go with it.
    pub activities: u32,
    /// When it was made.
    pub made: Timestamp,
}

/// An address of a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    /// The address.
    pub email: String,
    /// What it is for, such as `PRIMARY`.
    pub purpose: String,
}

/// A mail account. It has a password in it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailAccount {
    /// The vendor's id.
    pub id: String,
    /// The user name there, which names it too.
    pub user: String,
    /// The password; blank when there is none.
    pub password: String,
    /// The protocol, such as `gimap`.
    pub protocol: String,
    /// The host.
    pub host: String,
}

/// A Twitter user. It has secrets in it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TwitterUser {
    /// The name there, without `@`.
    pub user_name: String,
    /// A token for it.
    pub token: String,
    /// The secret of that token.
    pub token_secret: String,
}

impl Domain {
    /// A contact by its id.
    pub fn contact(&mut self, id: &str) -> Option<&mut Contact> {
        self.contacts.iter_mut().find(|contact| contact.id == id)
    }

    /// The contact that has a login, compared as it is written.
    pub fn contact_of(&self, login: &Login) -> Option<&Contact> {
        self.contacts.iter().find(|contact| contact.logins.contains(login))
    }

    /// The polled mailbox of a user, compared as it is written.
    pub fn mailbox(&self, user: &str) -> Option<&MailAccount> {
        self.mailboxes.iter().find(|mailbox| mailbox.user == user)
    }

    /// The activity types that did not come with it.
    pub fn added_types(&self) -> impl Iterator<Item = &String> {
        self.activity_types.iter().filter(|name| !BUILT_IN_TYPES.contains(&name.as_str()))
    }

    /// The passwords of its mail accounts, and what its Twitter users come in with.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        let accounts = self.notifications.iter().chain(&self.mailboxes).map(|account| account.password.as_str());
        let twitter = self.twitter.iter().flat_map(|user| [user.token.as_str(), user.token_secret.as_str()]);
        accounts.chain(twitter)
    }

    /// Whether anything was set in it that it did not come with.
    pub fn is_configured(&self) -> bool {
        self.notifications.is_some() || !self.mailboxes.is_empty() || self.added_types().next().is_some()
    }
}

impl Contact {
    /// What people see of its names.
    pub fn full_name(&self) -> String {
        let names = [&self.first_name, &self.last_name].map(String::as_str);
        let whole = names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" ");
        if whole.is_empty() { self.company_name.clone() } else { whole }
    }
}
