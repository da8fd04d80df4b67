//! Mail accounts of a domain: the one that sends its notifications, and the mailboxes that are polled for the answers.

use serde_json::{Value, json};

use crate::crm2::sim::answer::{Done, Refusal};
use crate::crm2::sim::calls::Call;
use crate::crm2::sim::domain::MailAccount;
use crate::crm2::sim::options::behaviour::{MissingPut, Partial, ValidateMailbox};

/// The password that no mail server takes.
const WRONG: &str = "wrong";

/// `POST` and `PUT /admin/email-notifications`: both set the account.
pub fn set_notifications(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let kept = call.domain()?.notifications.clone();
    let account = account(call, kept)?;
    let value = told(call, &account);
    call.domain()?.notifications = Some(account);
    Ok(Done::Written(value))
}

/// `GET /admin/email-notifications`
pub fn get_notifications(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let account = call.domain()?.notifications.clone();
    Ok(Done::Settings(account.map(|account| told(call, &account))))
}

/// `DELETE /admin/email-notifications`
pub fn remove_notifications(call: &mut Call<'_>) -> Result<Done, Refusal> {
    match call.domain()?.notifications.take() {
        Some(_) => Ok(Done::Removed),
        None => call.nothing_to_remove("nothing is set"),
    }
}

/// `POST /admin/email-to-poll`
pub fn add_mailbox(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let place = place(call)?;
    if place.is_some() && !call.may_post_again(false) {
        return Err(Refusal::taken("mailUser is polled already"));
    }
    let account = account(call, None)?;
    put(call, place, account)
}

/// `PUT /admin/email-to-poll`
pub fn update_mailbox(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let place = place(call)?;
    if place.is_none() && call.behaviour().missing_put == MissingPut::Error {
        return Err(Refusal::missing("mailUser is not polled"));
    }
    let kept = place.and_then(|place| call.domain().ok()?.mailboxes.get(place).cloned());
    let account = account(call, kept)?;
    put(call, place, account)
}

/// `DELETE /admin/email-to-poll`
pub fn remove_mailbox(call: &mut Call<'_>) -> Result<Done, Refusal> {
    match place(call)? {
        Some(place) => {
            call.domain()?.mailboxes.remove(place);
            Ok(Done::Removed)
        }
        None => call.nothing_to_remove("mailUser is not polled"),
    }
}

/// `GET /admin/email-to-poll`
pub fn list_mailboxes(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let mailboxes = call.domain()?.mailboxes.clone();
    Ok(Done::List(mailboxes.iter().map(|mailbox| told(call, mailbox)).collect()))
}

/// Where the mailbox is that the parameters name.
fn place(call: &mut Call<'_>) -> Result<Option<usize>, Refusal> {
    let (user, behaviour) = (call.params.required("mailUser")?.to_owned(), call.behaviour().clone());
    Ok(call.domain()?.mailboxes.iter().position(|mailbox| behaviour.same(&mailbox.user, &user)))
}

fn put(call: &mut Call<'_>, place: Option<usize>, account: MailAccount) -> Result<Done, Refusal> {
    let value = told(call, &account);
    let mailboxes = &mut call.domain()?.mailboxes;
    match place.and_then(|place| mailboxes.get_mut(place)) {
        Some(mailbox) => *mailbox = account,
        None => mailboxes.push(account),
    }
    Ok(Done::Written(value))
}

/// The account that the parameters make, of the one that is there or anew.
fn account(call: &mut Call<'_>, kept: Option<MailAccount>) -> Result<MailAccount, Refusal> {
    let mut account = match kept {
        Some(kept) if call.behaviour().partial_mailbox == Partial::Keep => kept,
        Some(kept) => MailAccount { id: kept.id, user: kept.user, ..MailAccount::default() },
        None => MailAccount { id: call.store.state.new_id(), ..MailAccount::default() },
    };
    for (name, property) in [
        ("mailUser", &mut account.user),
        ("mailPass", &mut account.password),
        ("mailStoreProtocol", &mut account.protocol),
        ("mailHost", &mut account.host),
    ] {
        if let Some(value) = call.params.text(name) {
            value.clone_into(property);
        }
    }
    if account.user.trim().is_empty() {
        return Err(Refusal::bad("mailUser is required"));
    }
    let behaviour = call.behaviour();
    if account.protocol.eq_ignore_ascii_case("smtps") && !behaviour.accept_smtps {
        return Err(Refusal::bad("mailStoreProtocol smtps is not a valid transport; use smtp"));
    }
    if behaviour.validate_mailbox == ValidateMailbox::Reject {
        try_out(&account)?;
    }
    Ok(account)
}

/// Comes in as the account, as the product's own pages do: it knows Gmail only.
fn try_out(account: &MailAccount) -> Result<(), Refusal> {
    let host = account.host.to_lowercase();
    let at_gmail = ["gmail.com", "googlemail.com", "google.com"]
        .iter()
        .any(|domain| host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.')));
    if !at_gmail {
        return Err(Refusal::bad("mailHost is not one of Gmail"));
    }
    if account.password.is_empty() || account.password == WRONG {
        return Err(Refusal::bad("mailUser and mailPass are not accepted by the mail server"));
    }
    Ok(())
}

/// What can be read of an account: all but the password.
fn told(call: &Call<'_>, account: &MailAccount) -> Value {
    let MailAccount { id, user, protocol, host, .. } = account;
    let mut value = json!({"mailUser": user, "mailStoreProtocol": protocol, "mailHost": host});
    if call.answers().extra_fields {
        value["_id"] = json!(id);
        value["clientDomain"] = json!(call.domain);
    }
    value
}
