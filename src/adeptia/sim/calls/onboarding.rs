//! Making an internal partner external, which nothing takes back.

use crate::adeptia::sim::answer::{Done, Refusal};
use crate::adeptia::sim::calls::{Call, check_email, check_free, check_password};
use crate::adeptia::sim::entities::{Role, User};
use crate::adeptia::sim::fields::{IdOf, Sent};
use crate::adeptia::sim::options::behaviour::RepeatConversion;
use crate::adeptia::sim::store::{FIRST_MADE, IT_USER, Store};

/// 2.19: makes a partner external, and its first user.
pub fn convert(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let (options, body) = (call.options(), call.take_sent());
    let sent = Sent::of(&options, &body, "the body")?;
    let id = sent.needed_id("partnerId", IdOf::Converted)?;
    let (first_name, last_name) = (sent.needed_text("firstName")?, sent.needed_text("lastName")?);
    let (user_id, email) = (sent.needed_text("userId")?, check_email(&sent, "email")?);
    let password = sent.needed_text("password")?;
    if !options.server.self_managed_partners {
        return Err(Refusal::forbidden("this edition has no self-managed partners"));
    }
    let company = call.store.state.company(id).filter(|company| company.id >= FIRST_MADE);
    let company = company.ok_or_else(|| Refusal::missing(format!("there is no partner {id}")))?;
    if company.enable_self_onboard && options.behaviour.repeat_conversion == RepeatConversion::Refuse {
        return Err(Refusal::conflict("the partner is external already"));
    }
    check_password(&options, password, &sent.name("password"))?;
    check_free(call.store, &email)?;
    check_user_id(call.store, user_id)?;

    let name = company.name.clone();
    let user = User {
        partner: Some(id),
        user_id: user_id.to_owned(),
        first_name: first_name.to_owned(),
        last_name: last_name.to_owned(),
        password: Some(password.to_owned()),
        roles: vec![Role { partner: id, role: IT_USER, default: true }],
        ..User::invited(call.store.state.new_id(), &email, &name)
    };
    make_external(call.store, id, vec![user]);
    Ok(Done::Deed)
}

pub(super) fn check_user_id(store: &Store, user_id: &str) -> Result<(), Refusal> {
    match store.state.users.iter().find(|user| user.user_id.eq_ignore_ascii_case(user_id)) {
        None => Ok(()),
        Some(_) => Err(Refusal::taken(format!("a user with the user id {user_id} exists already"))),
    }
}

/// Makes users of a partner, which is external from then on.
pub(super) fn make_external(store: &mut Store, partner: u64, users: Vec<User>) {
    store.state.users.extend(users);
    let Some(company) = store.state.company_mut(partner) else {
        return;
    };
    company.enable_self_onboard = true;
    let name = company.name.clone();
    store.state.note(name, 1);
}
