//! Contacts, and where logins are (contract 2.9). None of it is in the Administrative API, and all reading back depends on it.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value as Json;
use tokio::time::Instant;

use super::Client;
use super::answer::{read_list, read_nothing, read_value};
use super::call::Call;
use super::directory::{Index, Memory, OTHERS_LIFE, OWN_LIFE, Rows};
use crate::base::fault::{Class, Delivery, Fault};
use crate::crm2::login::{Login, LoginKey};
use crate::crm2::wire::contacts::{Contact, ContactFields, ContactRow};
use crate::http::{Answer, Patience};

/// Contacts that a walk reads at a time.
const ABREAST: usize = 8;

/// Whose login to look for, and where to look first.
pub struct Search<'a> {
    /// The login.
    pub login: &'a LoginKey,
    /// The contact that is known to have had it. Then the others are not walked over.
    pub known: Option<&'a str>,
    /// A contact that is likely to have it.
    pub likely: Option<&'a str>,
    /// Addresses that its contact is likely to have.
    pub addresses: &'a [&'a str],
    /// The data must have been read after this instant.
    pub fresh_after: Instant,
    /// What is remembered does not do: somebody waits for news of this one.
    pub alone: bool,
}

/// Where a login is.
#[derive(Debug)]
pub enum Located {
    /// At this contact.
    At(Place),
    /// Nowhere in the domain; for a login whose contact was known: not there any more, nor at one with these addresses.
    Nowhere,
    /// At several contacts.
    AtSeveral(Vec<String>),
}

/// A contact that has the login that was looked for.
#[derive(Debug)]
pub struct Place {
    /// The contact's id.
    pub contact_id: String,
    /// All its logins.
    pub logins: Vec<Login>,
}

impl Client {
    /// Looks for a login: in the contact that had it, in those with the same address, and only then in all others.
    ///
    /// # Errors
    /// Those of the calls: that a contact cannot be read never reads as "it is not there".
    pub async fn locate(&self, search: &Search<'_>) -> Result<Located, Fault> {
        let asked: BTreeSet<String> = [search.known, search.likely].into_iter().flatten().map(str::to_owned).collect();
        if let Some(place) = self.among(&asked, search).await?.pop() {
            return Ok(Located::At(place));
        }
        let addressed = self.rows(search.fresh_after, |rows| rows.addressed(search.addresses)).await?;
        if let Some(place) = self.among(addressed.difference(&asked), search).await?.pop() {
            return Ok(Located::At(place));
        }
        if search.known.is_some() {
            return Ok(Located::Nowhere);
        }
        let contacts = self.contacts_with(search.login, search.fresh_after).await?;
        // Looked at once more: what a walk believes may be a day old.
        let mut places = self.among(&contacts, search).await?;
        match (places.pop(), places.as_slice()) {
            (None, _) => {
                self.directory().note_absence(search.login);
                Ok(Located::Nowhere)
            }
            (Some(place), []) => Ok(Located::At(place)),
            (Some(place), others) => {
                let others = others.iter().map(|other| other.contact_id.clone());
                Ok(Located::AtSeveral(others.chain([place.contact_id]).collect()))
            }
        }
    }

    /// Those of these contacts that have the login.
    async fn among<'c>(
        &self,
        contacts: impl IntoIterator<Item = &'c String> + Send,
        search: &Search<'_>,
    ) -> Result<Vec<Place>, Fault> {
        let contacts: Vec<&String> = contacts.into_iter().collect();
        let mut places = Vec::new();
        for contact_id in contacts {
            let remembered = self.remembered(&self.directory().logins, contact_id, search.fresh_after, search.alone);
            let logins = match remembered.await? {
                Some(logins) => logins,
                None => self.logins(contact_id).await?,
            };
            if logins.iter().any(|login| login.key() == *search.login) {
                places.push(Place { contact_id: contact_id.clone(), logins });
            }
        }
        Ok(places)
    }

    /// The logins of a contact, as they are now; none when there is no such contact.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn logins(&self, contact_id: &str) -> Result<Vec<Login>, Fault> {
        let begun = Instant::now();
        let row = self.directory().rows.peek(|rows| rows.state(contact_id)).flatten();
        let call = Call::get("list_users_of_contact", &["contact-users", contact_id]);
        let logins: Vec<Login> = match self.send(&call, read_list).await.map_err(may_not_view) {
            // Nobody knows how the vendor says that there is no such contact; but who has logins is listed.
            Err(fault)
                if matches!(fault.class, Class::Missing | Class::Refused)
                    && !self.is_listed(contact_id, begun).await? =>
            {
                Vec::new()
            }
            logins => logins?,
        };
        self.directory().logins.learn(contact_id, begun, row, logins.clone());
        Ok(logins)
    }

    /// What is remembered of a contact, if it was read late enough, or within the hour and the list shows the contact as before. Nothing does
    /// when it is asked for `alone`.
    async fn remembered<T: Clone + Sync>(
        &self,
        memory: &Memory<T>,
        contact_id: &str,
        fresh_after: Instant,
        alone: bool,
    ) -> Result<Option<T>, Fault> {
        if alone {
            return Ok(None);
        }
        if let Some(known) = memory.since(contact_id, fresh_after) {
            return Ok(Some(known));
        }
        if !memory.knows(contact_id) {
            return Ok(None);
        }
        let row = self.rows(fresh_after, |rows| rows.state(contact_id)).await?;
        Ok(memory.recall(contact_id, row, OWN_LIFE))
    }

    /// A contact, from what is remembered while its row in the list is the same, unless `alone`; none when there is none such.
    ///
    /// # Errors
    /// Those of the calls.
    pub async fn contact(&self, contact_id: &str, fresh_after: Instant, alone: bool) -> Result<Option<Contact>, Fault> {
        let remembered = self.remembered(&self.directory().contacts, contact_id, fresh_after, alone).await?;
        if remembered.is_some() {
            return Ok(remembered);
        }
        self.contact_now(contact_id).await
    }

    /// A contact, as it is now; none when there is none such.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn contact_now(&self, contact_id: &str) -> Result<Option<Contact>, Fault> {
        let begun = Instant::now();
        let row = self.directory().rows.peek(|rows| rows.state(contact_id)).flatten();
        let found = self.contacts_by("contactId", contact_id).await?;
        let contact = found.into_iter().find(|contact| contact.id == contact_id);
        if let Some(contact) = &contact {
            self.directory().contacts.learn(contact_id, begun, row, contact.clone());
        }
        Ok(contact)
    }

    /// The contacts with this e-mail address, with logins or without, as they are now.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn contacts_by_address(&self, address: &str) -> Result<Vec<Contact>, Fault> {
        let found = self.contacts_by("emailAddress", address).await?;
        Ok(found.into_iter().filter(|contact| contact.has(address)).collect())
    }

    async fn contacts_by(&self, parameter: &'static str, value: &str) -> Result<Vec<Contact>, Fault> {
        let call = Call::get("get_contact", &["contact"]).with(parameter, value);
        match self.send(&call, read_contacts).await.map_err(may_not_view) {
            Err(fault) if fault.class == Class::Missing => Ok(Vec::new()),
            found => found,
        }
    }

    /// Sets these fields of a contact, and keeps all others: it is read just before, since an update replaces its attributes as a whole. May
    /// be repeated.
    ///
    /// # Errors
    /// [`Class::Missing`] when there is no such contact; [`Class::Refused`], not sent, when it has something that an update would lose.
    pub async fn change_contact(&self, contact_id: &str, change: &ContactFields) -> Result<(), Fault> {
        let not_sent = |class, why: String| Fault::new(class, "change_contact", why).with_delivery(Delivery::NotSent);
        let contact = self.contact_now(contact_id).await?;
        let contact =
            contact.ok_or_else(|| not_sent(Class::Missing, format!("the domain has no contact {contact_id}")))?;
        let fields = contact.update(change).ok_or_else(|| {
            let why = format!(
                "contact {contact_id} has an attribute that is a list or a tree, which an update cannot send back and would remove; change \
                 the contact in CRM-2, and write the same into spec.contact"
            );
            not_sent(Class::Refused, why)
        })?;
        let call = Call::put("change_contact", &["contact"]).with("contactId", contact_id);
        let call = fields.into_iter().fold(call, |call, (name, value)| call.with(name, value));
        let done = self.send(&call, read_nothing).await.map_err(may_not_update);
        self.forget(contact_id);
        done
    }

    /// Deletes a contact and, with it, all that is recorded about it (trap 17). One that is not there is gone.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn delete_contact(&self, contact_id: &str) -> Result<(), Fault> {
        // The page prints the name in lower case (trap 10).
        let call =
            Call::delete("delete_contact", &["contact"]).with("contactId", contact_id).with("contactid", contact_id);
        let done = self.send(&call, read_nothing).await.map_err(may_not_update);
        self.forget(contact_id);
        self.directory().rows.invalidate();
        self.directory().index.invalidate();
        match done {
            Err(fault) if fault.class == Class::Missing => Ok(()),
            done => done,
        }
    }

    async fn is_listed(&self, contact_id: &str, fresh_after: Instant) -> Result<bool, Fault> {
        self.rows(fresh_after, |rows| rows.state(contact_id).is_some()).await
    }

    /// Forgets what was read of a contact: it may be otherwise now.
    pub fn forget(&self, contact_id: &str) {
        self.directory().logins.forget(contact_id);
        self.directory().contacts.forget(contact_id);
    }

    /// What `pick` takes from the list of contacts that have logins, read after `fresh_after`.
    async fn rows<R>(&self, fresh_after: Instant, pick: impl FnOnce(&Rows) -> R) -> Result<R, Fault> {
        let client = self.clone();
        let fetch = move || async move {
            let call = Call::get("list_contacts", &["contacts-users"]).patience(Patience::List);
            let begun = Instant::now();
            let rows: Vec<ContactRow> = client.send(&call, read_list).await.map_err(may_not_view)?;
            Ok(Rows::new(begun, rows))
        };
        self.directory().rows.read(fresh_after, fetch, pick).await
    }

    /// The contacts that have this login, by a walk over all of them that is shared.
    async fn contacts_with(&self, login: &LoginKey, fresh_after: Instant) -> Result<Vec<String>, Fault> {
        let client = self.clone();
        let pick = |index: &Index| index.get(login).cloned().unwrap_or_default();
        self.directory().index.read(fresh_after, move || client.walk(), pick).await
    }

    /// The logins of every contact that has any, read after `fresh_after`: one call for the list, and one for each of them.
    ///
    /// # Errors
    /// Those of the calls.
    pub async fn all_logins(&self, fresh_after: Instant) -> Result<BTreeMap<String, Vec<Login>>, Fault> {
        let rows = self.rows(fresh_after, Rows::states).await?;
        let read = rows.into_iter().map(|(id, _)| {
            let client = self.clone();
            async move {
                let known = client.directory().logins.since(&id, fresh_after);
                let logins = match known {
                    Some(logins) => logins,
                    None => client.logins(&id).await?,
                };
                Ok::<_, Fault>((id, logins))
            }
        });
        stream::iter(read).buffer_unordered(ABREAST).try_collect().await
    }

    async fn walk(self) -> Result<Index, Fault> {
        let rows = self.rows(Instant::now(), Rows::states).await?;
        let read = rows.into_iter().map(|(id, row)| {
            let client = self.clone();
            async move {
                let known = client.directory().logins.recall(&id, Some(row), OTHERS_LIFE);
                let logins = match known {
                    Some(logins) => logins,
                    None => client.logins(&id).await?,
                };
                Ok::<_, Fault>((id, logins))
            }
        });
        let walked: BTreeMap<String, Vec<Login>> = stream::iter(read).buffer_unordered(ABREAST).try_collect().await?;
        let mut index = Index::new();
        for (id, logins) in walked {
            for login in logins {
                let contacts = index.entry(login.key()).or_default();
                if contacts.last() != Some(&id) {
                    contacts.push(id.clone());
                }
            }
        }
        Ok(index)
    }
}

fn may_not_view(fault: Fault) -> Fault {
    lacking(fault, "CONTACT_VIEW")
}

fn may_not_update(fault: Fault) -> Fault {
    lacking(fault, "CONTACT_UPDATE")
}

/// Contacts want permissions of their own, which the Administrative API does not.
fn lacking(fault: Fault, permission: &str) -> Fault {
    if fault.class != Class::Denied || fault.code != Some(403) {
        return fault;
    }
    Fault {
        detail: format!("{}; the token's user needs the permission {permission} in the domain", fault.detail),
        ..fault
    }
}

/// The contacts of an answer: a list of them, one by itself, or none.
fn read_contacts(answer: &Answer) -> Result<Vec<Contact>, Fault> {
    let one_or_many = match read_value(answer)? {
        Json::Null => Json::Array(Vec::new()),
        Json::Object(fields) if fields.is_empty() => Json::Array(Vec::new()),
        one @ Json::Object(_) => Json::Array(vec![one]),
        many => many,
    };
    // The reason stays out of the fault: it can quote the value.
    serde_json::from_value(one_or_many)
        .map_err(|_| answer.fault(Class::Broken, "the answer is not a contact, nor a list of contacts"))
}

#[cfg(test)]
mod tests;
