//! What a domain has: the account of its notifications, the mailboxes that are polled, its activity types, and the permanent token of the
//! caller (contract 2.1, 2.5 to 2.7).
//!
//! Each write may be repeated, but for [`Client::reset_token`].

use std::collections::BTreeSet;

use super::Client;
use super::answer::{read_list, read_nothing, read_optional, read_token};
use super::call::Call;
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;
use crate::crm2::wire::activity_type::{ActivityType, is_built_in, upper};
use crate::crm2::wire::mail::MailAccount;
use crate::http::Patience;

const NOTIFICATIONS: [&str; 2] = ["admin", "email-notifications"];
const POLLED: [&str; 2] = ["admin", "email-to-poll"];
const TYPES: [&str; 2] = ["admin", "activity-type"];

/// A mail account to be set, whole: what a part of one would do to the rest of it nobody knows (contract 2.5).
#[derive(Clone, Copy)]
pub struct Mail<'a> {
    /// The user.
    pub user: &'a str,
    /// The password.
    pub password: &'a Secret,
    /// The mail server.
    pub host: &'a str,
    /// The protocol.
    pub protocol: &'a str,
}

impl Mail<'_> {
    fn parameters(&self, call: Call) -> Call {
        let call = call.with("mailUser", self.user).with_secret("mailPass", self.password);
        // The vendor may try it before it answers.
        call.with("mailStoreProtocol", self.protocol).with("mailHost", self.host).patience(Patience::Long)
    }

    /// Trap 5: the vendor's page names a protocol that its later revision calls invalid.
    fn advise(&self, fault: Fault) -> Fault {
        if fault.class == Class::Refused && self.protocol.eq_ignore_ascii_case("smtps") {
            let detail = format!(
                "{}; if it is the protocol: write smtp instead of smtps, and SSL on port 465 is used by itself",
                fault.detail
            );
            return Fault { detail, ..fault };
        }
        fault
    }
}

impl Client {
    /// The account that notifications are sent with; none where none is set.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn notifications(&self) -> Result<Option<MailAccount>, Fault> {
        let call = Call::get("get_notifications", &NOTIFICATIONS);
        let account: Option<MailAccount> = unless_missing(self.send(&call, read_optional).await)?;
        Ok(account.filter(|account| account.mail_user.is_some()))
    }

    /// Sets that account: by PUT where there `is_one`, else by POST, which mean the same here (trap 4).
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn set_notifications(&self, mail: Mail<'_>, is_one: bool) -> Result<(), Fault> {
        let call = match is_one {
            true => Call::put("change_notifications", &NOTIFICATIONS),
            false => Call::post("set_notifications", &NOTIFICATIONS),
        };
        self.send(&mail.parameters(call), read_nothing).await.map_err(|fault| mail.advise(fault))
    }

    /// Removes that account. None to remove is a success.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn remove_notifications(&self) -> Result<(), Fault> {
        let call = Call::delete("remove_notifications", &NOTIFICATIONS);
        match self.send(&call, read_nothing).await {
            Err(fault) if is_no(&fault) && self.notifications().await?.is_none() => Ok(()),
            outcome => outcome,
        }
    }

    /// The mailboxes that are polled.
    ///
    /// # Errors
    /// The fault of the call; [`Class::Broken`] when one of them does not say whose it is.
    pub async fn mailboxes(&self) -> Result<Vec<MailAccount>, Fault> {
        let call = Call::get("list_mailboxes", &POLLED).patience(Patience::List);
        let read = |answer: &_| {
            let mailboxes: Vec<MailAccount> = read_list(answer)?;
            match mailboxes.iter().all(|mailbox| mailbox.mail_user.is_some()) {
                true => Ok(mailboxes),
                false => Err(answer.fault(Class::Broken, "a mailbox in the answer has no mailUser")),
            }
        };
        self.send(&call, read).await
    }

    /// Sets a mailbox that is polled: by PUT where it is `known`, else by POST, which do not mean the same here (trap 4).
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn set_mailbox(&self, mail: Mail<'_>, known: bool) -> Result<(), Fault> {
        let add = || Call::post("add_mailbox", &POLLED);
        let change = || Call::put("change_mailbox", &POLLED);
        let (first, second) = if known { (change(), add()) } else { (add(), change()) };
        let outcome = match self.send(&mail.parameters(first), read_nothing).await {
            // It has come or gone meanwhile, or an earlier call of ours was carried out without an answer.
            Err(fault) if is_no(&fault) && self.has_mailbox(mail.user).await? != known => {
                self.send(&mail.parameters(second), read_nothing).await
            }
            outcome => outcome,
        };
        outcome.map_err(|fault| mail.advise(fault))
    }

    /// Ends the polling of a mailbox, by the user as the vendor writes it. None such is a success.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn remove_mailbox(&self, user: &str) -> Result<(), Fault> {
        let call = Call::delete("remove_mailbox", &POLLED).with("mailUser", user);
        match self.send(&call, read_nothing).await {
            Err(fault) if is_no(&fault) && !self.has_mailbox(user).await? => Ok(()),
            outcome => outcome,
        }
    }

    async fn has_mailbox(&self, user: &str) -> Result<bool, Fault> {
        Ok(self.mailboxes().await?.iter().any(|mailbox| mailbox.is_of(user)))
    }

    /// The activity types, in upper case.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn activity_types(&self) -> Result<BTreeSet<String>, Fault> {
        let call = Call::get("list_activity_types", &TYPES).patience(Patience::List);
        let types = self.send(&call, read_list::<ActivityType>).await?;
        Ok(types.into_iter().map(|ActivityType(name)| name).collect())
    }

    /// Adds an activity type. One that is there already is a success.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn add_activity_type(&self, name: &str) -> Result<(), Fault> {
        let name = upper(name);
        let call = Call::post("add_activity_type", &TYPES).with("activityType", name.as_str());
        match self.send(&call, read_nothing).await {
            Err(fault) if is_no(&fault) && self.activity_types().await?.contains(&name) => Ok(()),
            outcome => outcome,
        }
    }

    /// Removes an activity type. None such is a success.
    ///
    /// # Errors
    /// [`Class::Refused`], not sent, for one that comes with each domain; else the fault of the call.
    pub async fn remove_activity_type(&self, name: &str) -> Result<(), Fault> {
        let name = upper(name);
        if is_built_in(&name) {
            let detail = format!("the activity type {name} comes with each domain and is never removed");
            return Err(Fault::new(Class::Refused, "remove_activity_type", detail).with_delivery(Delivery::NotSent));
        }
        let call = Call::delete("remove_activity_type", &TYPES).with("activityType", name.as_str());
        match self.send(&call, read_nothing).await {
            Err(fault) if is_no(&fault) && !self.activity_types().await?.contains(&name) => Ok(()),
            outcome => outcome,
        }
    }

    /// Ends the permanent token of this client, and returns its successor (contract 2.1). Never to be repeated: the second call would fail, for
    /// want of the token that the first one ended, and whoever loses the answer to the first has lost the new one.
    ///
    /// # Errors
    /// [`Delivery::Unknown`] when the token may be at its end all the same.
    pub async fn reset_token(&self) -> Result<Secret, Fault> {
        let call = Call::post("reset_token", &["admin", "reset-token"]);
        self.0.session.send_with_permanent(&call, read_token).await
    }
}

/// What a read says; none where it says that there is no such thing, as it may when nothing is set (contract 2.5). A list is there also when
/// nothing is in it: a 404 there comes from somebody who does not know the call.
fn unless_missing<T>(outcome: Result<Option<T>, Fault>) -> Result<Option<T>, Fault> {
    match outcome {
        Err(fault) if fault.class == Class::Missing => Ok(None),
        outcome => outcome,
    }
}

/// Whether the vendor has understood a write and does not do it, for instance because it is done already. No text tells.
fn is_no(fault: &Fault) -> bool {
    matches!(fault.class, Class::Missing | Class::Taken | Class::Refused) && fault.delivery == Delivery::Answered
}

#[cfg(test)]
mod tests;
