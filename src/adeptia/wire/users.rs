//! Users, and the invitations that they come from (contract 2.2 to 2.6).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::id::{Id, NumberRef, TextRef, as_number};
use crate::base::value;

/// The wrapper of users.
pub const USER: &str = "IndigoUser";

/// The key in the answer to an invitation that tells which invitation it is.
pub const INVITATION_ID: &str = "invitationId";

/// The key under which that answer lists whom it could not invite. It is no number (trap 14).
const NOT_INVITED: &str = "303";

/// The company itself, which is a partner too (contract 2.2).
const HOST_COMPANY: u64 = 1;

/// One role of a user with one partner.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Role {
    /// The partner in whose affairs the role counts.
    pub partner: Id,
    /// The role.
    pub role: Id,
    /// Whether the user acts in it at first.
    pub default: bool,
}

/// What is to be known of an invitation before it is sent.
pub struct Invitation<'a> {
    /// To whom it goes.
    pub email: &'a str,
    /// The text of the mail.
    pub message: &'a str,
    /// Where answers to the mail go.
    pub sender: &'a str,
    /// The roles that the user is to have.
    pub roles: &'a BTreeSet<Role>,
}

impl Invitation<'_> {
    /// As it is sent. The roles are JSON within a text, with numbers in it (trap 10).
    pub fn body(&self) -> Json {
        json!({"Invitation": {
            "companyID": HOST_COMPANY,
            "contactEmail": "",
            "invitationType": 300,
            "mailRecipient": self.email,
            "message": self.message,
            "roleInfo": self.role_info().to_string(),
            "senderEmail": self.sender,
            "subject": 400,
        }})
    }

    fn role_info(&self) -> Json {
        #[derive(Serialize)]
        struct Number<'a>(#[serde(serialize_with = "as_number")] &'a Id);

        let partners: BTreeSet<&Id> = self.roles.iter().map(|role| &role.partner).collect();
        let of = |partner: &Id| {
            let roles = || self.roles.iter().filter(|role| role.partner == *partner);
            let numbers: Vec<_> = roles().map(|role| Number(&role.role)).collect();
            let default = roles().find(|role| role.default).or_else(|| roles().next()).map(|role| Number(&role.role));
            json!({"partner": Number(partner), "roles": numbers, "defaultRole": default})
        };
        partners.into_iter().map(of).collect()
    }
}

/// What came of an invitation.
#[derive(Debug, PartialEq)]
pub enum Invited {
    /// It is on its way, and this is its id.
    Sent(Id),
    /// The vendor lists the address among those that it could not invite, so no mail went out.
    NotInvited,
}

impl Invited {
    /// What the answer says of the one address that was invited; none when it says neither.
    pub fn read(answer: &Map<String, Json>, email: &str) -> Option<Self> {
        let names_it = |entry: &Json| entry.to_string().to_lowercase().contains(&email.to_lowercase());
        // Such an answer may have an invitation as well, which cannot be used.
        if answer.get(NOT_INVITED).and_then(Json::as_array).is_some_and(|list| list.iter().any(names_it)) {
            return Some(Self::NotInvited);
        }
        let id: Id = serde_json::from_value(answer.get(INVITATION_ID)?.clone()).ok()?;
        (!id.as_str().is_empty()).then_some(Self::Sent(id))
    }
}

/// A user to be made from an invitation. It holds a password.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewUser<'a> {
    /// The first name.
    pub first_name: &'a str,
    /// The last name.
    pub last_name: &'a str,
    /// The invitation. A string in its own answer, and a number here (trap 11).
    #[serde(serialize_with = "as_number")]
    pub invitation_id: &'a Id,
    /// The password.
    pub password: &'a str,
    /// Always null, and always there (trap 23).
    pub role_id: (),
}

/// A user as it was seen.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The id.
    pub id: Id,
    /// The e-mail address, which is the login name too.
    #[serde(default, deserialize_with = "value::optional_text")]
    pub email: Option<String>,
    /// The first name.
    #[serde(default, deserialize_with = "value::optional_text")]
    pub first_name: Option<String>,
    /// The last name.
    #[serde(default, deserialize_with = "value::optional_text")]
    pub last_name: Option<String>,
    /// The name of the company.
    #[serde(default, deserialize_with = "value::optional_text")]
    pub company: Option<String>,
    // Which of these a user is shown with, if any, is nowhere documented.
    #[serde(default, deserialize_with = "value::optional_text")]
    user_id: Option<String>,
    #[serde(default, deserialize_with = "value::optional_text")]
    login_id: Option<String>,
    #[serde(default, deserialize_with = "value::optional_text")]
    user_name: Option<String>,
    #[serde(default, deserialize_with = "value::optional_text")]
    username: Option<String>,
    #[serde(default)]
    user_partner_role: Option<Vec<Row>>,
    #[serde(default, alias = "isActive", alias = "enabled")]
    active: Option<Json>,
    #[serde(default)]
    status: Option<Json>,
}

/// One row of a user's roles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    partner: NumberRef,
    role: NumberRef,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<TextRef>,
    #[serde(default, deserialize_with = "value::flag")]
    default_role: bool,
    #[serde(flatten)]
    further: Map<String, Json>,
}

impl User {
    /// The names to log in with beside the e-mail address, where they are shown.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [&self.user_id, &self.login_id, &self.user_name, &self.username].into_iter().flatten().map(String::as_str)
    }

    /// All that this user may log in with, as far as it is shown.
    pub fn logins(&self) -> impl Iterator<Item = &str> {
        self.names().chain(self.email.as_deref())
    }

    /// The roles; none where this answer does not show them.
    pub fn roles(&self) -> Option<BTreeSet<Role>> {
        let role =
            |row: &Row| Role { partner: row.partner.id.clone(), role: row.role.id.clone(), default: row.default_role };
        Some(self.user_partner_role.as_ref()?.iter().map(role).collect())
    }

    /// Whether the user may log in; none where this answer does not show it in a way that is known (contract 2.5).
    pub fn active(&self) -> Option<bool> {
        if let Some(flag) = self.active.as_ref().and_then(|shown| value::optional_flag(shown).ok()?) {
            return Some(flag);
        }
        match value::text(self.status.as_ref()?).ok()?.to_lowercase().as_str() {
            "200" | "active" | "activated" | "enabled" => Some(true),
            "201" | "inactive" | "deactivated" | "disabled" => Some(false),
            _ => None,
        }
    }
}

/// A user as the vendor has it, whole: what nobody here knows is in it too, and is sent back with the rest (contract 2.4).
pub struct WholeUser(Map<String, Json>);

/// What is to be different about a user. None leaves it as it is.
#[derive(Default)]
pub struct UserChange<'a> {
    /// The first name.
    pub first_name: Option<&'a str>,
    /// The last name.
    pub last_name: Option<&'a str>,
    /// The roles, all of them.
    pub roles: Option<&'a BTreeSet<Role>>,
}

impl WholeUser {
    /// What was read as a user; none when it is not one.
    pub fn new(fields: Map<String, Json>) -> Option<(User, Self)> {
        let user = serde_json::from_value(Json::Object(fields.clone())).ok()?;
        Some((user, Self(fields)))
    }

    /// The body that sets the user to what it is, with this change. Ids have the types that the page shows for this body, whichever they came in.
    ///
    /// A password is left out, in whatever form it was shown: no documented body has one, and it would be set to that form.
    pub fn changed(mut self, user: &User, change: &UserChange<'_>) -> Json {
        self.0.remove("password");
        self.0.insert("id".to_owned(), user.id.as_str().into());
        for (key, value) in [("firstName", change.first_name), ("lastName", change.last_name)] {
            if let Some(value) = value {
                self.0.insert(key.to_owned(), value.into());
            }
        }
        if let Some(roles) = change.roles.cloned().or_else(|| user.roles()) {
            let rows: Vec<Row> = roles.iter().map(|role| user.row(role)).collect();
            self.0.insert("userPartnerRole".to_owned(), json!(rows));
        }
        json!({USER: self.0})
    }
}

impl User {
    /// The row of this role: the one that there is, or a new one.
    fn row(&self, role: &Role) -> Row {
        let is_it = |row: &&Row| row.partner.id == role.partner && row.role.id == role.role;
        let new = || Row {
            partner: NumberRef { id: role.partner.clone() },
            role: NumberRef { id: role.role.clone() },
            user: Some(TextRef { id: self.id.clone() }),
            default_role: false,
            further: Map::new(),
        };
        let row = self.user_partner_role.iter().flatten().find(is_it).cloned().unwrap_or_else(new);
        Row { default_role: role.default, ..row }
    }
}

#[cfg(test)]
mod tests;
