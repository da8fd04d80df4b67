//! Users (contract 2.2 to 2.9): the list that all share, one user, and what is done to it.
//!
//! Users who come with the product, and the one whom we log in as, are guarded here before anything is sent: nothing is done to them.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;
use tokio::time::Instant;

use super::answer::{read_nothing, read_object, read_wrapped};
use super::{Client, Listing};
use crate::adeptia::config::Profile;
use crate::adeptia::wire::id::Id;
use crate::adeptia::wire::users::{INVITATION_ID, Invitation, Invited, NewUser, USER, User, UserChange, WholeUser};
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;
use crate::http::{Answer, Body, Method, Request};

/// The two paths that a list of users may be at, each with its name.
const LISTS: [(&str, &[&str]); 2] = [("list_users", &["rest", "users"]), ("list_portal_users", &["rest", "user"])];

/// Users, indexed for those who look for one of them.
#[derive(Debug, Clone, Default)]
pub struct Users {
    by_id: BTreeMap<String, User>,
    ids_by_email: HashMap<String, Vec<String>>,
}

impl Users {
    /// The user with this id.
    pub fn by_id(&self, id: &Id) -> Option<&User> {
        self.by_id.get(id.as_str())
    }

    /// The users with this e-mail address, in upper or lower case. There should be one at most.
    pub fn by_email(&self, email: &str) -> Vec<&User> {
        let ids = self.ids_by_email.get(&email.trim().to_lowercase());
        ids.into_iter().flatten().filter_map(|id| self.by_id.get(id)).collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &User> {
        self.by_id.values()
    }

    fn put(&mut self, user: User) {
        self.remove(&user.id);
        let id = user.id.to_string();
        if let Some(email) = &user.email {
            self.ids_by_email.entry(normal(email)).or_default().push(id.clone());
        }
        self.by_id.insert(id, user);
    }

    fn remove(&mut self, id: &Id) {
        let email = self.by_id.remove(id.as_str()).and_then(|user| user.email);
        if let Some(ids) = email.and_then(|email| self.ids_by_email.get_mut(&normal(&email))) {
            ids.retain(|other| other != id.as_str());
        }
    }
}

impl FromIterator<User> for Users {
    fn from_iter<I: IntoIterator<Item = User>>(users: I) -> Self {
        let mut all = Self::default();
        users.into_iter().for_each(|user| all.put(user));
        all
    }
}

/// An e-mail address as it is compared: the vendor knows it in upper and lower case.
pub fn normal(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Whether the vendor answered, and not with a yes. Which no it is may not show: its exceptions may come as 500, or with 200 (contract 1.4).
pub fn says_no(fault: &Fault) -> bool {
    let answered =
        matches!(fault.class, Class::Missing | Class::Refused | Class::Taken | Class::Unsupported | Class::Broken);
    fault.delivery != Delivery::NotSent && (answered || fault.code == Some(500))
}

impl Client {
    /// What `pick` takes from the users of the company as they were at `fresh_after` or later (2.6).
    ///
    /// # Errors
    /// The fault of the read that this caller waited for.
    pub async fn users<R>(&self, fresh_after: Instant, pick: impl FnOnce(&Listing<Users>) -> R) -> Result<R, Fault> {
        let client = self.clone();
        self.lists().users.read(fresh_after, move || async move { client.list_users().await }, pick).await
    }

    /// The list, from whichever of its two paths shows all of it: the one of this version first.
    async fn list_users(&self) -> Result<Listing<Users>, Fault> {
        let [newer, older] = LISTS;
        let paths = if self.profile() == Profile::Current { [newer, older] } else { [older, newer] };
        let first = self.list_users_at(paths[0]).await;
        match first {
            Ok(Listing { doubt: None, .. }) => return first,
            Err(fault) if !says_no(&fault) => return Err(fault),
            Ok(_) | Err(_) => {}
        }
        match (first, self.list_users_at(paths[1]).await) {
            (_, Ok(other @ Listing { doubt: None, .. })) | (Err(_), Ok(other)) => Ok(other),
            (first, _) => first,
        }
    }

    async fn list_users_at(&self, (operation, path): (&'static str, &[&'static str])) -> Result<Listing<Users>, Fault> {
        let mut listing = self.list::<User>(operation, path, USER).await?;
        // That this path heeds a limit is documented nowhere; without one it shows one user, whoever else there is (trap 6).
        if path == LISTS[1].1 && listing.rows.len() <= 1 {
            listing.doubt = Some(
                "the list shows one user at most, which is what this version shows when it does not heed a limit, so that there may be \
                 more; with a second user in it, it would prove itself"
                    .to_owned(),
            );
        }
        // Whoever is looked for may be one of those.
        if listing.doubt.is_none() && listing.rows.iter().any(|user| !user.id.is_built_in() && user.email.is_none()) {
            listing.doubt =
                Some("the list does not show the e-mail address of every user, and so not who they are".to_owned());
        }
        Ok(listing.map(Users::from_iter))
    }

    /// One user (2.5). Others who look into the list see it as it is now, too, or no longer.
    ///
    /// # Errors
    /// [`Class::Missing`] when there is none such.
    pub async fn user(&self, id: &Id) -> Result<User, Fault> {
        let begun = Instant::now();
        let found = match self.whole_user(id).await {
            Err(fault) if fault.class != Class::Missing && says_no(&fault) => self.listed_user(id, begun, fault).await,
            outcome => outcome.map(|(user, _)| user),
        };
        let users = &self.lists().users;
        match &found {
            Ok(user) => {
                let user = user.clone();
                users.refine(begun, move |listing| listing.rows.put(user.clone()));
            }
            Err(fault) if fault.class == Class::Missing => {
                let id = id.clone();
                users.refine(begun, move |listing| listing.rows.remove(&id));
            }
            Err(_) => {}
        }
        found
    }

    /// The same from the list, after a no of which nobody knows what it means.
    async fn listed_user(&self, id: &Id, fresh_after: Instant, fault: Fault) -> Result<User, Fault> {
        let look = |listing: &Listing<Users>| (listing.rows.by_id(id).cloned(), listing.doubt.is_none());
        match self.users(fresh_after, look).await? {
            (Some(user), _) => Ok(user),
            (None, true) => Err(Fault { class: Class::Missing, delivery: Delivery::Answered, ..fault }),
            (None, false) => Err(fault),
        }
    }

    async fn whole_user(&self, id: &Id) -> Result<(User, WholeUser), Fault> {
        let make = || Ok(Request::read("get_user", Method::GET).at(["rest", "user", id.as_str()]));
        let read = |answer: &Answer| {
            let read = WholeUser::new(read_wrapped(answer, USER)?).filter(|(user, _)| user.id == *id);
            read.ok_or_else(|| answer.fault(Class::Broken, "the answer is not the user who was asked for"))
        };
        self.send(make, read).await
    }

    /// Sends an invitation, by mail, and returns its id (2.2). A call that is made twice sends two mails (trap 17).
    ///
    /// # Errors
    /// [`Class::Taken`] when the vendor says that it does not invite this address: then no mail has gone out. [`Delivery::Unknown`] also when
    /// the answer tells no id.
    pub async fn invite(&self, invitation: &Invitation<'_>) -> Result<Id, Fault> {
        let body = invitation.body();
        let make = || {
            let request = Request::write("invite_user", Method::POST).at(["rest", "invitation"]);
            Ok(request.query("resourceIdentifier", "users").body(Body::json("invite_user", &body)?))
        };
        let read = |answer: &Answer| match Invited::read(&read_object(answer, INVITATION_ID)?, invitation.email) {
            Some(Invited::Sent(id)) => Ok(id),
            Some(Invited::NotInvited) => {
                Err(answer.fault(Class::Taken, "the vendor does not invite this address, which a user has already"))
            }
            None => Err(answer.fault(Class::Broken, "the answer does not tell which invitation was sent")),
        };
        self.send(make, read).await
    }

    /// Makes a user from an invitation, and returns the id (2.3). An invitation serves once, so that a repeated call makes no second one.
    ///
    /// # Errors
    /// The vendor's no; [`Delivery::Unknown`] also when the user was made and no id was told.
    pub async fn create_user(&self, user: &NewUser<'_>, password: &Secret) -> Result<Id, Fault> {
        let make = || {
            let body = Body::json("create_user", &json!({USER: user}))?;
            let request = Request::write("create_user", Method::POST).at(["rest", "users", "createuser"]);
            Ok(request.body(body).secret(password.clone()))
        };
        let made: User = self.send(make, |answer| read_wrapped(answer, USER)).await?;
        self.look_again(&made.id).await;
        Ok(made.id)
    }

    /// Changes a user, and nothing else about it: reads it whole, and writes it whole (2.4). May be repeated.
    ///
    /// # Errors
    /// [`Class::Refused`], not sent, for a user who is guarded; [`Class::Missing`] when there is none such.
    pub async fn change_user(&self, id: &Id, change: &UserChange<'_>) -> Result<(), Fault> {
        let (user, whole) = self.whole_user(id).await?;
        self.spare(Touch::Change, "change_user", &user)?;
        let body = whole.changed(&user, change);
        let make = || {
            let request = Request::write("change_user", Method::PUT).at(["rest", "users", id.as_str()]);
            Ok(request.body(Body::json("change_user", &body)?))
        };
        self.send(make, read_nothing).await?;
        self.look_again(id).await;
        Ok(())
    }

    /// Lets a user log in, or keeps it from that (2.7, 2.8). May be repeated, whatever the vendor thinks of that.
    ///
    /// # Errors
    /// As [`Client::change_user`].
    pub async fn switch_user(&self, id: &Id, active: bool) -> Result<(), Fault> {
        let (operation, verb) = if active { ("activate_user", "activate") } else { ("deactivate_user", "deactivate") };
        let user = self.user(id).await?;
        self.spare(if active { Touch::Change } else { Touch::LockOut }, operation, &user)?;
        if user.active() == Some(active) {
            return Ok(());
        }
        let make = || self.with_blank(Request::write(operation, Method::PUT).at(["rest", "users", verb, id.as_str()]));
        match self.send(make, read_nothing).await {
            Ok(()) => self.look_again(id).await,
            Err(fault) if !says_no(&fault) => return Err(fault),
            // Who is active already may not be activated (contract 2.8), and where no status is shown there are only the words to go by.
            Err(fault) => match self.user(id).await?.active() {
                Some(shown) if shown == active => {}
                None if fault.detail.contains("already") => {}
                _ => return Err(fault),
            },
        }
        Ok(())
    }

    /// Deletes a user, after keeping it from logging in, without which some versions delete nobody (2.8, 2.9).
    ///
    /// # Errors
    /// As [`Client::change_user`]; that of the switching off when the user is shown to be active after it; [`Class::Refused`] when the vendor
    /// still has the user afterwards.
    pub async fn delete_user(&self, id: &Id) -> Result<(), Fault> {
        match self.switch_user(id, false).await {
            // Where nobody shows that the user may still log in, the deletion itself will tell what stands in the way.
            Err(fault) if fault.class != Class::Missing && says_no(&fault) => {
                if self.user(id).await?.active() == Some(true) {
                    return Err(fault);
                }
            }
            outcome => outcome?,
        }
        let outcome = self.send(|| self.deletion(id), read_nothing).await;
        if outcome.as_ref().is_err_and(|fault| !says_no(fault)) {
            return outcome;
        }
        match self.user(id).await {
            Err(fault) if fault.class == Class::Missing => Ok(()),
            Err(_) => outcome,
            Ok(_) => Err(still_there(outcome.err())),
        }
    }

    /// The one call that deletes a user. Without `deleteUser=true` it may give away what the user owns instead (trap 18), so it is built in
    /// one piece and nowhere else.
    fn deletion(&self, id: &Id) -> Result<Request, Fault> {
        let request = Request::write("delete_user", Method::PUT).at(["rest", "users", "updateowner"]);
        self.with_blank(request.query("oldUserId", id.as_str()).query("deleteUser", "true"))
    }

    /// The same call with the body that says nothing: `{}`, and in newer versions none (2.7).
    fn with_blank(&self, request: Request) -> Result<Request, Fault> {
        if self.profile() == Profile::Current {
            return Ok(request);
        }
        let body = Body::json(request.operation, &json!({}))?;
        Ok(request.body(body))
    }

    /// Lets everybody see what an own write has changed.
    async fn look_again(&self, id: &Id) {
        if self.user(id).await.is_err() {
            self.lists().users.invalidate();
        }
    }

    /// Refuses what is not to be done to those who come with the product, nor to the one whom we log in as (contract 3), nor to anybody who
    /// cannot be told from that one.
    fn spare(&self, touch: Touch, operation: &'static str, user: &User) -> Result<(), Fault> {
        let detail = if user.id.is_built_in() {
            format!("user {} comes with the product, and is never changed, switched off or deleted by Provost", user.id)
        } else if user.logins().any(|login| self.is_own_login(login)) {
            format!(
                "user {} is the one whom Provost logs in as, and is never changed, switched off or deleted by it; give the AdminApi another \
                 login first",
                user.id
            )
        } else if user.email.is_none() {
            format!(
                "the vendor does not show the e-mail address of user {}, who may be the one whom Provost logs in as, and is not touched by it \
                 therefore; do this in Adeptia Connect",
                user.id
            )
        } else if touch == Touch::LockOut && user.names().next().is_none() && !self.0.session.username().contains('@') {
            format!(
                "user {} may be the one whom Provost logs in as, and is not switched off or deleted by it: the vendor shows no login name to \
                 tell them apart by; put the e-mail address that Provost logs in with into username of the AdminApi's Secret",
                user.id
            )
        } else {
            return Ok(());
        };
        Err(Fault::new(Class::Refused, operation, detail).with_delivery(Delivery::NotSent))
    }
}

/// What is done to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Touch {
    /// The user can still log in afterwards.
    Change,
    /// The user cannot.
    LockOut,
}

/// The fault of a deletion after which the user is still there.
fn still_there(fault: Option<Fault>) -> Fault {
    let said = fault.map_or_else(|| "the vendor said yes, and still has the user".to_owned(), |fault| fault.detail);
    let detail =
        format!("{said}; a user who owns objects cannot be deleted: move them to another user in Adeptia Connect");
    Fault::new(Class::Refused, "delete_user", detail)
}

#[cfg(test)]
mod tests;
