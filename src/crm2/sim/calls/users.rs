//! Logins of contacts, users with new contacts, and what users may do.

use crate::crm2::sim::answer::{Done, Refusal};
use crate::crm2::sim::calls::Call;
use crate::crm2::sim::calls::contacts::told;
use crate::crm2::sim::domain::{Contact, Domain, Email, Login, USER_ID_TYPES};
use crate::crm2::sim::options::Behaviour;
use crate::crm2::sim::options::behaviour::{AmbiguousUser, TakenLogin, TakenUser};

/// `POST /admin/user`: attaches a login to a contact.
pub fn add_login(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let (id, login) = (call.params.required("contactId")?.to_owned(), login(call)?);
    let behaviour = call.behaviour().clone();
    let domain = call.domain()?;
    if domain.contact(&id).is_none() {
        return Err(no_contact());
    }
    match domain.contacts.iter_mut().find(|contact| place(&behaviour, contact, &login).is_some()) {
        None => {}
        Some(holder) if holder.id == id => {
            behaviour.repeated_login.check("the contact has this login already")?;
            let value = told(call, &id)?;
            return Ok(Done::WrittenContact(value));
        }
        Some(_) if behaviour.taken_login == TakenLogin::Error => {
            return Err(Refusal::taken("another contact has this login"));
        }
        Some(holder) => holder.logins.retain(|other| !is(&behaviour, other, &login)),
    }
    if let Some(contact) = domain.contact(&id) {
        contact.logins.push(login.clone());
    }
    call.store.state.token_of(&login);
    Ok(Done::WrittenContact(told(call, &id)?))
}

/// `DELETE /admin/user`: detaches a login from a contact, which stays without logins too.
pub fn remove_login(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let (id, login) = (call.params.required("contactId")?.to_owned(), login(call)?);
    let behaviour = call.behaviour().clone();
    let contact = call.domain()?.contact(&id).ok_or_else(no_contact)?;
    match place(&behaviour, contact, &login) {
        Some(place) => contact.logins.remove(place),
        None => return call.nothing_to_remove("the contact has no such login"),
    };
    Ok(Done::Removed)
}

/// `POST /admin/user-contact`: makes a contact with a login.
pub fn create(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let login = login(call)?;
    let text = |name: &str| call.params.text(name).unwrap_or_default().to_owned();
    let [first_name, last_name, company_name] = ["firstName", "lastName", "companyName"].map(text);
    if [&first_name, &last_name, &company_name].iter().all(|name| name.trim().is_empty()) {
        return Err(Refusal::bad("firstName, lastName or companyName is required"));
    }
    let address = Some(text("emailAddress")).filter(|address| !address.is_empty());
    let emails = address.map(|email| Email { email, purpose: "PRIMARY".to_owned() }).into_iter().collect();
    let behaviour = call.behaviour().clone();
    let taken = call.domain()?.contacts.iter().any(|contact| place(&behaviour, contact, &login).is_some());
    if taken && behaviour.taken_user == TakenUser::Error {
        return Err(Refusal::taken("userId is taken"));
    }
    let contact = Contact {
        id: call.store.state.new_id(),
        first_name,
        last_name,
        company_name,
        emails,
        logins: vec![login.clone()],
        permissions: call.store.options.server.new_user_permissions.iter().cloned().collect(),
        made: call.store.state.now(),
        ..Contact::default()
    };
    let id = contact.id.clone();
    call.domain()?.contacts.push(contact);
    call.store.state.token_of(&login);
    call.store.state.note(&login.key(), "created");
    Ok(Done::WrittenContact(told(call, &id)?))
}

/// `POST /admin/user-permission`
pub fn grant(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let permission = permission(call)?;
    let repeated = call.behaviour().repeated_permission;
    for contact in holders(call)? {
        if !contact.permissions.insert(permission.clone()) {
            repeated.check(&format!("the user has the permission {permission} already"))?;
        }
    }
    Ok(Done::Written(serde_json::json!({ "permission": permission })))
}

/// `DELETE /admin/user-permission`
pub fn revoke(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let permission = permission(call)?;
    let mut had = false;
    for contact in holders(call)? {
        had |= contact.permissions.remove(&permission);
    }
    if had { Ok(Done::Removed) } else { call.nothing_to_remove(&format!("the user has no permission {permission}")) }
}

fn no_contact() -> Refusal {
    Refusal::missing("there is no such contact")
}

/// The login that the parameters name.
fn login(call: &Call<'_>) -> Result<Login, Refusal> {
    let user_id = call.params.required("userId")?.to_owned();
    let user_id_type = call.params.required("userIdType")?.to_owned();
    if !USER_ID_TYPES.contains(&user_id_type.as_str()) {
        return Err(Refusal::bad(format!("userIdType must be one of {}", USER_ID_TYPES.join(", "))));
    }
    Ok(Login { user_id_type, user_id })
}

fn is(behaviour: &Behaviour, one: &Login, other: &Login) -> bool {
    one.user_id_type == other.user_id_type && behaviour.same(&one.user_id, &other.user_id)
}

fn place(behaviour: &Behaviour, contact: &Contact, login: &Login) -> Option<usize> {
    contact.logins.iter().position(|other| is(behaviour, other, login))
}

/// The permission that the parameters name. Upper case only.
fn permission(call: &Call<'_>) -> Result<String, Refusal> {
    let permission = call.params.required("permission")?;
    if call.store.permissions().any(|valid| valid == permission) {
        return Ok(permission.to_owned());
    }
    let valid = call.store.permissions().collect::<Vec<_>>().join(", ");
    Err(Refusal::bad(format!("permission is not valid. Valid permissions are: {valid}")))
}

/// The contacts whom the parameter `userId` means: permissions are theirs, and so reach all their logins.
fn holders<'a>(call: &'a mut Call<'_>) -> Result<Vec<&'a mut Contact>, Refusal> {
    let (user, behaviour) = (call.params.required("userId")?.to_owned(), call.behaviour().clone());
    let Domain { contacts, .. } = call.domain()?;
    let means = |contact: &&mut Contact| contact.logins.iter().any(|login| behaviour.same(&login.user_id, &user));
    let mut found: Vec<&mut Contact> = contacts.iter_mut().filter(means).collect();
    match (found.len(), behaviour.ambiguous_user) {
        (0, _) => Err(Refusal::missing("there is no user with this userId")),
        (1, _) | (_, AmbiguousUser::All) => Ok(found),
        (_, AmbiguousUser::First) => {
            found.truncate(1);
            Ok(found)
        }
        (_, AmbiguousUser::Error) => Err(Refusal::bad("userId means more than one user")),
    }
}
