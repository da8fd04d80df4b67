//! What an installation holds many of: partners, users, invitations, and what partners are given.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::adeptia::sim::store::{IT_USER, OWN_COMPANY, SYS_ADMIN};

/// The company itself, or a partner of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Company {
    /// 1 for the company itself.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The networks that it is in.
    pub networks: Vec<u64>,
    /// An e-mail address.
    pub primary_contact: String,
    /// Its telephone.
    pub phone_number: String,
    /// Where it is.
    pub address: String,
    /// The same.
    pub country: String,
    /// Whether it is active.
    pub active: bool,
    /// Whether it is external: it manages itself.
    pub enable_self_onboard: bool,
    /// A flag of the product.
    pub spoke_company: bool,
    /// Its parameters, oldest first.
    pub parameters: Vec<Parameter>,
    /// What it may use, oldest first.
    pub linkages: Vec<Linkage>,
    /// How many transactions it has; they go with it.
    pub transactions: u64,
}

impl Company {
    /// An active one of this name.
    pub(super) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), active: true, ..Self::default() }
    }
}

/// One row: the value of a parameter for a partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// The row.
    pub id: u64,
    /// The definition.
    pub definition: u64,
    /// What it is set to; a secret when the definition is of the type Password.
    pub value: String,
}

/// That a partner may use one template, or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linkage {
    /// Its id.
    pub id: u64,
    /// The template; none for all of them.
    pub template: Option<u64>,
}

/// A user of the company, or of a partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Its id.
    pub id: u64,
    /// The partner whose user it is; none for the company's own.
    pub partner: Option<u64>,
    /// What it logs in with beside the address; blank for the company's own users.
    pub user_id: String,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// The address, which is the login too.
    pub email: String,
    /// The name of its company.
    pub company: String,
    /// The roles, each for a partner.
    pub roles: Vec<Role>,
    /// The password; none cannot log in.
    pub password: Option<String>,
    /// Whether it may log in.
    pub active: bool,
    /// How many objects it owns: as long as there are any it cannot be deleted.
    pub objects: u64,
}

impl User {
    /// A user of the company as an invitation makes it.
    pub(super) fn invited(id: u64, email: &str, company: &str) -> Self {
        Self {
            id,
            partner: None,
            user_id: String::new(),
            first_name: String::new(),
            last_name: String::new(),
            email: email.to_owned(),
            company: company.to_owned(),
            roles: vec![Role { partner: OWN_COMPANY, role: IT_USER, default: true }],
            password: None,
            active: true,
            objects: 0,
        }
    }

    pub(super) fn administrator(id: u64, email: &str, company: &str) -> Self {
        Self {
            first_name: "Admin".to_owned(),
            last_name: "User".to_owned(),
            roles: vec![Role { partner: OWN_COMPANY, role: SYS_ADMIN, default: true }],
            ..Self::invited(id, email, company)
        }
    }

    /// Whether it may use the API: Sys Admins and IT Users may.
    pub(super) fn may_call(&self) -> bool {
        self.roles.iter().any(|role| role.partner == OWN_COMPANY && matches!(role.role, SYS_ADMIN | IT_USER))
    }
}

/// A role of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Role {
    /// Where.
    pub partner: u64,
    /// Which.
    pub role: u64,
    /// Whether it is the user's first role there.
    pub default: bool,
}

/// An invitation that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Its id.
    pub id: u64,
    /// To whom.
    pub recipient: String,
    /// The text of the mail.
    pub message: String,
    /// Where answers to the mail go.
    pub sender: String,
    /// The roles that the user will have.
    pub roles: Vec<Role>,
    /// Whether a user was made with it.
    pub used: bool,
}

/// A network of partners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
}

/// A parameter that a network asks its partners for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// The paramId.
    pub id: u64,
    /// The network.
    pub network: u64,
    /// What values it takes.
    pub r#type: ParameterType,
    /// How many characters at most.
    pub max_length: Option<u32>,
    /// What a Combo takes.
    pub choices: Vec<String>,
    /// Whether no two partners may have the same value.
    pub unique: bool,
}

/// What values a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParameterType {
    /// Anything.
    Text,
    /// Anything, and nobody sees it.
    Password,
    /// One of a few.
    Combo,
    /// A date.
    Date,
    /// An e-mail address.
    Email,
    /// An http address.
    Url,
    /// A whole number.
    Number,
    /// A number.
    Decimal,
}

/// A template that partners can be granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Its id.
    pub id: u64,
    /// Whether it is activated.
    pub active: bool,
    /// The networks whose partners can have it.
    pub networks: Vec<u64>,
}

/// An import of users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// Whether of users of partners, which makes these external.
    pub of_partners: bool,
    /// The file.
    pub(super) text: String,
    /// When it ends, or ended.
    pub until: Timestamp,
    /// What came of it.
    pub state: ImportState,
}

/// What came of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportState {
    /// It goes on.
    Running,
    /// Its users are made.
    Done,
    /// Nothing was made, and this is why. Free of secrets.
    Failed(String),
}

/// Whether a text looks like an e-mail address.
pub(super) fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else {
        return false;
    };
    let odd =
        |part: &str| part.is_empty() || part.contains(|letter: char| letter.is_whitespace() || "@,;".contains(letter));
    !odd(name) && !odd(host)
}

/// Whether a password follows the rule: 8 characters, with upper and lower case, digit and symbol.
pub(super) fn is_strong(password: &str) -> bool {
    let has = |test: fn(char) -> bool| password.chars().any(test);
    password.chars().count() >= 8
        && has(char::is_uppercase)
        && has(char::is_lowercase)
        && has(|letter| letter.is_ascii_digit())
        && has(|letter| !letter.is_alphanumeric())
}
