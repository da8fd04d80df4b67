//! Users and groups of a portal (contract 39–48). Nothing lists them: whoever loses an id cannot find it again (trap 8).
//!
//! Users with which the Administration API may log in are guarded here, before anything is sent: a portal whose administrator has
//! another password, is off, gone, or no administrator any more, cannot be managed again (traps 16, 17).

use std::collections::BTreeSet;

use super::Client;
use super::answer::{read_created, read_json, read_list, read_nothing};
use super::settle::settled;
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;
use crate::http::{Answer, Body, Method, Request};
use crate::intrexx::address::Address;
use crate::intrexx::wire::users::{Properties, group_ids};

/// Users that come with each portal: Administrator and Anonymous.
const BUILT_IN_USERS: [u64; 2] = [1, 2];
/// Groups that come with each portal: Administrators and Users.
const BUILT_IN_GROUPS: [u64; 2] = [ADMINISTRATORS, 4];
/// The group whose members may administer the portal.
const ADMINISTRATORS: u64 = 3;

/// Where a user's login name is.
pub const LOGIN: [&str; 2] = ["account", "login_username"];
/// Where it is said that a user may not log in.
pub const DISABLED: [&str; 2] = ["account", "disabled"];
const PASSWORD: [&str; 2] = ["account", "password"];
/// What ends a log-in that nobody sits in front of, when it is set.
const ENDANGERING: [[&str; 2]; 3] = [DISABLED, ["account", "must_change_password"], ["account", "password_expires"]];

/// A user to whom something is to be done: the address, and the login name that the caller takes the user to have.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    /// Where the user is.
    pub address: &'a Address,
    /// The login name.
    pub login: &'a str,
}

impl Client {
    /// Makes a user, and returns the id (39). Whoever calls cannot look whether an earlier call did it.
    ///
    /// # Errors
    /// [`Class::Taken`] when the login name is in use; [`Delivery::Unknown`] also when the user was made and no id was told.
    pub async fn create_user(
        &self,
        portal: &str,
        user: Properties,
        password: Option<&Secret>,
    ) -> Result<String, Fault> {
        let user = match password {
            Some(password) => user.with(&PASSWORD, password.expose()),
            None => user,
        };
        let make = || {
            let request = Request::write("create_user", Method::POST).at([portal, "users"]);
            let request = request.body(Body::json("create_user", &user)?);
            Ok(password.into_iter().fold(request, |request, password| request.secret(password.clone())))
        };
        let id = self.send(make, read_made).await;
        self.known_portal(portal, id).await.map_err(|fault| without_portal(portal, fault))
    }

    /// A user (46).
    ///
    /// # Errors
    /// [`Class::Missing`] when there is no such user, or no such portal any more.
    pub async fn user(&self, address: &Address) -> Result<Properties, Fault> {
        let Address { portal, id } = address;
        let make = || Ok(Request::read("get_user", Method::GET).at([portal.as_str(), "users", id]));
        let user = self.send(make, read_json).await;
        self.known_portal(portal, user).await
    }

    /// Changes these properties of a user and no other (47). May be repeated.
    ///
    /// # Errors
    /// [`Class::Refused`], not sent, when it would keep the Administration API out.
    pub async fn change_user(&self, user: Account<'_>, change: &Properties) -> Result<(), Fault> {
        if ENDANGERING.iter().any(|flag| change.flag(flag) == Some(true)) {
            self.spare("change_user", user, "is not switched off, nor is its password made to expire").await?;
        }
        self.patch_user(user.address, change, None).await
    }

    /// Gives a user another password (47).
    ///
    /// # Errors
    /// As [`Client::change_user`]; [`Class::Refused`] with the vendor's words when the portal's rules do not allow it.
    pub async fn set_password(&self, user: Account<'_>, password: &Secret) -> Result<(), Fault> {
        self.spare("change_user", user, "keeps its password, which the Administration API's own file has").await?;
        let change = Properties::new().with(&PASSWORD, password.expose());
        self.patch_user(user.address, &change, Some(password)).await
    }

    async fn patch_user(&self, address: &Address, change: &Properties, secret: Option<&Secret>) -> Result<(), Fault> {
        let Address { portal, id } = address;
        let make = || {
            let request = Request::write("change_user", Method::PATCH).at([portal.as_str(), "users", id]);
            let request = request.body(Body::json("change_user", change)?);
            Ok(secret.into_iter().fold(request, |request, secret| request.secret(secret.clone())))
        };
        let done = self.send(make, read_nothing).await;
        self.known_portal(portal, done).await?;
        settled(|| self.user(address), |user| user.shows(change)).await;
        Ok(())
    }

    /// Deletes a user (48).
    ///
    /// # Errors
    /// As [`Client::change_user`]; [`Class::Missing`] when there is none such.
    pub async fn delete_user(&self, user: Account<'_>) -> Result<(), Fault> {
        self.spare("delete_user", user, "is never deleted").await?;
        let Address { portal, id } = user.address;
        let make = || Ok(Request::write("delete_user", Method::DELETE).at([portal.as_str(), "users", id]));
        let done = self.send(make, read_nothing).await;
        self.known_portal(portal, done).await
    }

    /// The ids of the groups that a user is in (43).
    ///
    /// # Errors
    /// As [`Client::user`].
    pub async fn memberships(&self, address: &Address) -> Result<BTreeSet<String>, Fault> {
        let Address { portal, id } = address;
        let make = || Ok(Request::read("list_user_groups", Method::GET).at([portal.as_str(), "users", id, "groups"]));
        let groups = self.send(make, |answer| Ok(group_ids(read_list(answer)?))).await;
        self.known_portal(portal, groups).await
    }

    /// Takes a user into a group (44). May be repeated.
    ///
    /// # Errors
    /// [`Class::Refused`] when the portal has no such group.
    pub async fn add_to_group(&self, address: &Address, group: &str) -> Result<(), Fault> {
        let Address { portal, id } = address;
        let path = [portal.as_str(), "users", id, "groups", group];
        let make = || Ok(Request::write("add_user_to_group", Method::PUT).at(path));
        let done = self.send(make, read_nothing).await;
        match self.known_portal(portal, done).await {
            Ok(()) => {
                settled(|| self.memberships(address), |groups| groups.contains(group)).await;
                Ok(())
            }
            Err(fault) if fault.class == Class::Missing => {
                let detail = format!(
                    "portal {portal} has no group {group}, or no user {id} any more; correct spec.groups.members"
                );
                Err(Fault { class: Class::Refused, detail, ..fault })
            }
            Err(fault) => Err(fault),
        }
    }

    /// Takes a user out of a group (45). One who is not in it stays so.
    ///
    /// # Errors
    /// As [`Client::change_user`].
    pub async fn remove_from_group(&self, user: Account<'_>, group: &str) -> Result<(), Fault> {
        if is_among(group, &[ADMINISTRATORS]) {
            self.spare("remove_user_from_group", user, "stays in the group of administrators (3)").await?;
        }
        let Address { portal, id } = user.address;
        let path = [portal.as_str(), "users", id, "groups", group];
        let make = || Ok(Request::write("remove_user_from_group", Method::DELETE).at(path));
        let done = self.send(make, read_nothing).await;
        match self.known_portal(portal, done).await {
            Ok(()) => {
                settled(|| self.memberships(user.address), |groups| !groups.contains(group)).await;
                Ok(())
            }
            Err(fault) if fault.class == Class::Missing => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    /// Makes a group, and returns its id (40). Whoever calls cannot look whether an earlier call did it.
    ///
    /// # Errors
    /// [`Class::Taken`] when there is one of this name; [`Delivery::Unknown`] also when the group was made and no id was told.
    pub async fn create_group(&self, portal: &str, group: &Properties) -> Result<String, Fault> {
        let make = || {
            let request = Request::write("create_group", Method::POST).at([portal, "groups"]);
            Ok(request.body(Body::json("create_group", group)?))
        };
        let id = self.send(make, read_made).await;
        self.known_portal(portal, id).await.map_err(|fault| without_portal(portal, fault))
    }

    /// A group (41).
    ///
    /// # Errors
    /// [`Class::Missing`] when there is no such group, or no such portal any more.
    pub async fn group(&self, address: &Address) -> Result<Properties, Fault> {
        let Address { portal, id } = address;
        let make = || Ok(Request::read("get_group", Method::GET).at([portal.as_str(), "groups", id]));
        let group = self.send(make, read_json).await;
        self.known_portal(portal, group).await
    }

    /// Deletes a group (42). Its members stay.
    ///
    /// # Errors
    /// [`Class::Refused`], not sent, for those that come with each portal; [`Class::Missing`] when there is none such.
    pub async fn delete_group(&self, address: &Address) -> Result<(), Fault> {
        let Address { portal, id } = address;
        if is_among(id, &BUILT_IN_GROUPS) {
            let detail = format!("group {id} comes with each portal and is never deleted");
            return Err(Fault::new(Class::Refused, "delete_group", detail).with_delivery(Delivery::NotSent));
        }
        let make = || Ok(Request::write("delete_group", Method::DELETE).at([portal.as_str(), "groups", id]));
        let done = self.send(make, read_nothing).await;
        self.known_portal(portal, done).await
    }

    /// Refuses what may lock the Administration API out of a portal: for the users that come with it, and for those as whom it may log in,
    /// by the name that the portal shows for them as well as by the one that the caller expects.
    async fn spare(&self, operation: &'static str, user: Account<'_>, rule: &str) -> Result<(), Fault> {
        let Account { address, login } = user;
        let detail = if is_among(&address.id, &BUILT_IN_USERS) {
            format!("{address} comes with each portal: it {rule}; leave that out of this object")
        } else {
            let shown = self.user(address).await?.text(&LOGIN);
            let mut names = [Some(login), shown.as_deref()].into_iter().flatten();
            let Some(name) = names.find(|name| self.is_administrator(name)) else { return Ok(()) };
            format!(
                "{address} is {name:?}, as whom the Administration API enters the portal: it {rule}; leave that out of this object, or \
                 correct intrexx.portalAdministrators of the AdminApi"
            )
        };
        Err(Fault::new(Class::Refused, operation, detail).with_delivery(Delivery::NotSent))
    }
}

/// The id of what was made. Without it, it is lost to us, and so its making counts as unanswered.
fn read_made(answer: &Answer) -> Result<String, Fault> {
    let lost = || answer.fault(Class::Broken, "it was made, and neither Location nor the body tells its id");
    read_created(answer)?.ok_or_else(lost)
}

/// What a create finds missing can only be the portal.
fn without_portal(portal: &str, fault: Fault) -> Fault {
    match fault.class {
        Class::Missing => Fault { detail: format!("this server has no portal {portal}; name another one"), ..fault },
        _ => fault,
    }
}

/// Whether an id is one of these, however it is written.
fn is_among(id: &str, ids: &[u64]) -> bool {
    id.trim().parse().is_ok_and(|id| ids.contains(&id))
}

#[cfg(test)]
mod tests;
