//! Contacts, and which of them are users.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::crm2::sim::answer::{Done, Refusal};
use crate::crm2::sim::calls::Call;
use crate::crm2::sim::domain::{Contact, Email, Login};
use crate::crm2::sim::options::answers::{IdName, NoContact};
use crate::crm2::sim::options::behaviour::{DeleteContactParam, Partial};

const PURPOSES: [&str; 6] = ["PRIMARY", "OTHER", "ORDER", "BILLING_AR", "PAYMENT_AR", "SHIPMENT"];

/// `GET /contact`: by its id, by an address, or by attributes.
pub fn find(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let [id, address] = ["contactId", "emailAddress"].map(|name| call.params.text(name).map(str::to_owned));
    let attributes = call.params.starting("attribute_");
    if id.is_none() && address.is_none() && attributes.is_empty() {
        return Err(Refusal::bad("contactId, emailAddress or an attribute is required"));
    }
    let behaviour = call.behaviour().clone();
    let fits = |contact: &&Contact| {
        let has = |address: &String| contact.emails.iter().any(|email| behaviour.same(&email.email, address));
        id.as_ref().is_none_or(|id| contact.id == *id)
            && address.as_ref().is_none_or(has)
            && attributes.iter().all(|(key, value)| contact.attributes.get(key) == Some(value))
    };
    let found: Vec<Contact> = call.domain()?.contacts.iter().filter(fits).cloned().collect();
    Ok(Done::Contacts { found: found.iter().map(|contact| shown(call, contact)).collect(), by_id: id.is_some() })
}

/// `POST /contact`
pub fn create(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let attributes = call.params.starting("attribute_");
    let text = |name: &str| call.params.text(name).unwrap_or_default().to_owned();
    let [first_name, last_name, company_name] = ["firstName", "lastName", "companyName"].map(text);
    let emails = emails(call)?.unwrap_or_default();
    if call.behaviour().contact_upsert && !attributes.is_empty() {
        let same = call.domain()?.contacts.iter().find(|contact| contact.attributes == attributes);
        if let Some(id) = same.map(|contact| contact.id.clone()) {
            return change(call, &id);
        }
    }
    let (id, made) = (call.store.state.new_id(), call.store.state.now());
    let contact = Contact { id, first_name, last_name, company_name, emails, attributes, made, ..Contact::default() };
    let value = shown(call, &contact);
    call.domain()?.contacts.push(contact);
    Ok(Done::Contact(value))
}

/// `PUT /contact`: attributes are replaced as a whole, addresses only when there are any.
pub fn update(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let id = call.params.required("contactId")?.to_owned();
    change(call, &id)
}

/// `DELETE /contact`: its logins and its activities go with it, for good.
pub fn delete(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let name = match call.behaviour().delete_contact_param {
        DeleteContactParam::Camel => "contactId",
        DeleteContactParam::Lower => "contactid",
    };
    let id = call.params.required(name)?.to_owned();
    let contacts = &mut call.domain()?.contacts;
    let Some(place) = contacts.iter().position(|contact| contact.id == id) else {
        return Err(Refusal::missing("there is no such contact"));
    };
    contacts.remove(place);
    call.store.state.note(&id, "deleted");
    Ok(Done::Removed)
}

/// `GET /contacts-users`: the contacts that have logins.
pub fn users(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let contacts = call.domain()?.contacts.clone();
    let answers = call.answers();
    let listed = contacts.iter().filter(|contact| answers.users_without_logins || !contact.logins.is_empty());
    let told = |contact: &Contact| {
        let mut value = json!({"fullName": contact.full_name(), "emails": addresses(contact)});
        value[answers.users_id_name.word()] = json!(contact.id);
        value
    };
    Ok(Done::Users(listed.map(told).collect()))
}

/// `GET /contact-users/{contactId}`: the logins of one contact.
pub fn logins(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let id = call.inner.clone().unwrap_or_default();
    let Some(contact) = call.domain()?.contact(&id).cloned() else {
        return match call.answers().no_users {
            NoContact::Empty => Ok(Done::Users(Vec::new())),
            NoContact::NotFound => Err(Refusal::missing("there is no such contact")),
        };
    };
    let tells = call.answers().users_tell_tokens;
    let state = &mut call.store.state;
    let told = |login: &Login| {
        let mut value = json!({"userId": login.user_id, "userIdType": login.user_id_type});
        if tells {
            value["authToken"] = json!(state.token_of(login));
        }
        value
    };
    Ok(Done::Users(contact.logins.iter().map(told).collect()))
}

/// A contact as answers have it.
pub(super) fn told(call: &mut Call<'_>, id: &str) -> Result<Value, Refusal> {
    let contact = call.domain()?.contact(id).cloned();
    let contact = contact.ok_or_else(|| Refusal::missing("there is no such contact"))?;
    Ok(shown(call, &contact))
}

fn change(call: &mut Call<'_>, id: &str) -> Result<Done, Refusal> {
    let emails = emails(call)?;
    let attributes = call.params.starting("attribute_");
    let keeps = call.behaviour().partial_contact == Partial::Keep;
    let names = ["firstName", "lastName", "companyName"].map(|name| {
        let sent = call.params.text(name).map(str::to_owned);
        if keeps { sent } else { Some(sent.unwrap_or_default()) }
    });
    let contact = call.domain()?.contact(id).ok_or_else(|| Refusal::missing("there is no such contact"))?;
    let properties = [&mut contact.first_name, &mut contact.last_name, &mut contact.company_name];
    for (property, value) in properties.into_iter().zip(names) {
        if let Some(value) = value {
            *property = value;
        }
    }
    contact.attributes = attributes;
    if let Some(emails) = emails {
        contact.emails = emails;
    }
    Ok(Done::Contact(told(call, id)?))
}

/// The addresses that were sent; none when nothing is said about them.
fn emails(call: &Call<'_>) -> Result<Option<Vec<Email>>, Refusal> {
    let Some(number) = call.params.text("emailsNumber") else {
        return Ok(None);
    };
    let number: usize = number
        .parse()
        .ok()
        .filter(|number| *number <= 100)
        .ok_or_else(|| Refusal::bad("emailsNumber is not a number"))?;
    let one = |index: usize| {
        let email = call.params.required(&format!("email{index}"))?.to_owned();
        let purpose = call.params.text(&format!("emailPurpose{index}")).unwrap_or("PRIMARY").to_owned();
        if PURPOSES.contains(&purpose.as_str()) {
            Ok(Email { email, purpose })
        } else {
            Err(Refusal::bad(format!("emailPurpose{index} must be one of {}", PURPOSES.join(", "))))
        }
    };
    (0..number).map(one).collect::<Result<_, _>>().map(Some)
}

fn shown(call: &Call<'_>, contact: &Contact) -> Value {
    let mut value = json!({ call.answers().contact_id_name.word(): contact.id, "clientDomain": call.domain });
    for (name, text) in
        [("firstName", &contact.first_name), ("lastName", &contact.last_name), ("companyName", &contact.company_name)]
    {
        if !text.is_empty() {
            value[name] = json!(text);
        }
    }
    value["emails"] = addresses(contact);
    value["attributes"] = json!(&contact.attributes as &BTreeMap<String, String>);
    value
}

fn addresses(contact: &Contact) -> Value {
    json!(contact.emails)
}

impl IdName {
    fn word(self) -> &'static str {
        match self {
            Self::ContactId => "contactId",
            Self::Id => "_id",
        }
    }
}
