//! Users of a domain: logins of contacts, and their permissions (contract 2.2–2.4). That POST adds and DELETE removes is inferred (trap 6).

use serde_json::Value as Json;

use super::Client;
use super::answer::{read_nothing, read_value};
use super::call::Call;
use crate::base::fault::{Class, Delivery, Fault};
use crate::crm2::login::Login;
use crate::crm2::wire::contacts::{Contact, NewUser};
use crate::http::Answer;

/// The permission without which nothing can be administered.
pub const DOMAIN_CONF: &str = "DOMAIN_CONF";
/// The permission without which no user can be found.
pub const CONTACT_VIEW: &str = "CONTACT_VIEW";

impl Client {
    /// Makes a contact that has this login, and returns the contact's id where the answer tells it (2.3). A second call makes a second
    /// contact, or is refused: whoever calls looks first.
    ///
    /// # Errors
    /// [`Class::Taken`] when somebody has the login.
    pub async fn create_user_contact(&self, user: &NewUser) -> Result<Option<String>, Fault> {
        let call = Call::post("create_user_contact", &["admin", "user-contact"])
            .with("userId", user.login.user_id.as_str())
            .with("userIdType", user.login.id_type.as_str());
        let names = user.contact.names().into_iter().chain([("emailAddress", user.contact.email_address.as_deref())]);
        let call = names.fold(call, |call, (name, value)| match value {
            Some(value) => call.with(name, value),
            None => call,
        });
        let made = self.send(&call, read_made).await;
        match &made {
            Ok(Some(contact_id)) => self.note(&user.login, contact_id, true),
            // What the objects share may lack what was just made.
            _ => {
                self.directory().rows.invalidate();
                self.directory().index.invalidate();
            }
        }
        made
    }

    /// Gives an existing contact this login (2.2). May be repeated.
    ///
    /// # Errors
    /// [`Class::Missing`] when there is no such contact; [`Class::Taken`] or [`Class::Refused`] when another one has the login.
    pub async fn add_login(&self, contact_id: &str, login: &Login) -> Result<(), Fault> {
        let call = user_call(Call::post("add_user", &["admin", "user"]), contact_id, login);
        let done = self.send(&call, read_nothing).await;
        self.settle(login, contact_id, true, done.is_ok());
        match done {
            // Whether it is no error to add what is there nobody knows; that it is there is all that is wanted.
            Err(fault) if says_no(&fault) && self.has_login(contact_id, login).await? => Ok(()),
            done => done,
        }
    }

    /// Takes a login away from its contact, which stays (2.2). One that it has not is gone.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn remove_login(&self, contact_id: &str, login: &Login) -> Result<(), Fault> {
        let call = user_call(Call::delete("remove_user", &["admin", "user"]), contact_id, login);
        let done = self.send(&call, read_nothing).await;
        self.settle(login, contact_id, false, done.is_ok());
        match done {
            Err(fault) if says_no(&fault) && !self.has_login(contact_id, login).await? => Ok(()),
            done => done,
        }
    }

    /// Gives the contact of a login a permission (2.4). Nothing shows whether it has it already, so this may be repeated: a vendor who then
    /// complains has done what is wanted.
    ///
    /// # Errors
    /// [`Class::Refused`] with the vendor's list of permissions when there is none of this name.
    pub async fn grant(&self, login: &Login, permission: &str) -> Result<(), Fault> {
        let call = permission_call(Call::post("grant_permission", PERMISSION), login, permission);
        match self.send(&call, read_nothing).await {
            Err(fault) if fault.class == Class::Taken || says(&fault, HAS_ALREADY) => Ok(()),
            done => done,
        }
    }

    /// Takes a permission away from the contact of a login (2.4). May be repeated, as [`Client::grant`].
    ///
    /// # Errors
    /// As [`Client::grant`].
    pub async fn revoke(&self, login: &Login, permission: &str) -> Result<(), Fault> {
        let call = permission_call(Call::delete("revoke_permission", PERMISSION), login, permission);
        match self.send(&call, read_nothing).await {
            Err(fault) if matches!(fault.class, Class::Taken | Class::Missing) || says(&fault, HAS_NOT) => Ok(()),
            done => done,
        }
    }

    /// Whether one of these logins is the operator's own; none when nobody can tell: the AdminApi does not say whose its token is, and one of
    /// them may have been in the domain before that token was used.
    pub fn is_own(&self, logins: &[Login]) -> Option<bool> {
        match self.own_user_id() {
            Some(own) => Some(logins.iter().any(|login| login.is_called(own))),
            None => logins.iter().all(|login| self.directory().is_newcomer(&login.key())).then_some(false),
        }
    }

    /// Other contacts whose login a call that names no type may mean as well, as far as is known (2.4).
    ///
    /// # Errors
    /// Those of the calls that make sure of it.
    pub async fn namesakes(&self, login: &Login, contact_id: &str) -> Result<Vec<String>, Fault> {
        let called = |logins: &[Login]| logins.iter().any(|other| other.is_called(&login.user_id));
        let remembered = self.directory().logins.which(|id, logins: &Vec<Login>| id != contact_id && called(logins));
        let mut namesakes = Vec::new();
        for id in remembered {
            if called(&self.logins(&id).await?) {
                namesakes.push(id);
            }
        }
        Ok(namesakes)
    }

    async fn has_login(&self, contact_id: &str, login: &Login) -> Result<bool, Fault> {
        Ok(self.logins(contact_id).await?.iter().any(|known| known.key() == login.key()))
    }

    /// What follows for the objects' shared knowledge from a call about a login, done or not.
    fn settle(&self, login: &Login, contact_id: &str, is_there: bool, is_done: bool) {
        if is_done {
            self.note(login, contact_id, is_there);
        } else {
            self.forget(contact_id);
            self.directory().index.invalidate();
        }
    }

    /// Writes down where a login is, or is not, in what the objects share; the contact itself is read anew.
    fn note(&self, login: &Login, contact_id: &str, is_there: bool) {
        self.forget(contact_id);
        let (key, contact_id) = (login.key(), contact_id.to_owned());
        self.directory().index.amend(move |index| {
            let contacts = index.entry(key.clone()).or_default();
            contacts.retain(|known| *known != contact_id);
            contacts.extend(is_there.then(|| contact_id.clone()));
        });
    }
}

const PERMISSION: &[&str] = &["admin", "user-permission"];

/// How a vendor may say that somebody has a permission already.
const HAS_ALREADY: &[&str] = &["already"];
/// How a vendor may say that somebody has not the permission that was to be revoked.
const HAS_NOT: &[&str] = &["has no permission", "does not have", "doesn't have", "not granted"];

fn user_call(call: Call, contact_id: &str, login: &Login) -> Call {
    call.with("contactId", contact_id).with("userId", login.user_id.as_str()).with("userIdType", login.id_type.as_str())
}

fn permission_call(call: Call, login: &Login, permission: &str) -> Call {
    call.with("userId", login.user_id.as_str()).with("permission", permission)
}

/// Whether a refusal says this. The only place where words decide: what is granted cannot be read, and a status of 400 is an unknown permission
/// as well as one that is held already (contract 1.4, 3). A vendor of other words is believed to refuse.
fn says(fault: &Fault, words: &[&str]) -> bool {
    let detail = fault.detail.to_lowercase();
    fault.class == Class::Refused
        && fault.delivery == Delivery::Answered
        && words.iter().any(|word| detail.contains(word))
}

/// Whether the vendor understood the call and did nothing.
fn says_no(fault: &Fault) -> bool {
    let no = matches!(fault.class, Class::Taken | Class::Refused | Class::Missing);
    no && fault.delivery == Delivery::Answered
}

/// The id of the contact that was made. What such an answer says is not documented: without an id, the contact is looked for.
fn read_made(answer: &Answer) -> Result<Option<String>, Fault> {
    let said = match read_value(answer)? {
        Json::Array(items) => items.into_iter().next().unwrap_or_default(),
        said => said,
    };
    Ok(serde_json::from_value::<Contact>(said).ok().map(|contact| contact.id))
}

#[cfg(test)]
mod tests;
