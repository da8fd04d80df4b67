//! Users of the company and of its partners.

use serde_json::{Value, json};

use crate::adeptia::sim::answer::{Done, Refusal};
use crate::adeptia::sim::calls::{Call, absent, check_email, check_roles, stub};
use crate::adeptia::sim::entities::{Role, User};
use crate::adeptia::sim::fields::{IdOf, Sent};
use crate::adeptia::sim::options::Options;
use crate::adeptia::sim::options::behaviour::{Repeat, UserUpdate};
use crate::adeptia::sim::store::FIRST_MADE;

pub(super) const CLASS: &str = "IndigoUser";
const ACTIVE: u32 = 200;

fn no_user() -> Refusal {
    Refusal::missing("there is no such user")
}

/// A user as answers tell it.
pub(super) fn view(options: &Options, user: &User, with_status: bool) -> Value {
    let ids = &options.ids;
    let role = |role: &Role| {
        json!({
            "partner": stub(options, IdOf::RolePartner, role.partner),
            "role": stub(options, IdOf::Role, role.role),
            "user": stub(options, IdOf::User, user.id),
            "defaultRole": role.default,
        })
    };
    let mut shown = json!({
        "firstName": user.first_name,
        "lastName": user.last_name,
        "email": user.email,
        "company": user.company,
        "id": IdOf::User.write(ids, user.id),
        "userPartnerRole": user.roles.iter().map(role).collect::<Vec<_>>(),
    });
    if with_status {
        shown["status"] = json!(if user.active { ACTIVE } else { options.behaviour.inactive_status });
    }
    shown
}

/// 2.5
pub fn get(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let options = call.options();
    let user = call.id().and_then(|id| call.store.state.user(id)).ok_or_else(no_user)?;
    Ok(Done::Entity(CLASS, view(&options, user, options.answers.user_status)))
}

/// 2.6: users of the company, those that came with the product first.
pub fn list(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let (options, limit) = (call.options(), call.limit()?);
    let answers = &options.answers;
    let users = call.store.state.users.iter().filter(|user| user.partner.is_none() || answers.list_partner_users);
    Ok(Done::List(CLASS, users.take(limit).map(|user| view(&options, user, answers.user_status)).collect()))
}

/// 2.4: sets the whole user. The address is locked, and the company's name is only shown.
pub fn update(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let (options, body) = (call.options(), call.take_sent());
    let behaviour = &options.behaviour;
    let mut user = call.id().and_then(|id| call.store.state.user(id)).ok_or_else(no_user)?.clone();
    let sent = Sent::wrapped(&options, &body, CLASS)?;
    if behaviour.user_update_needs_inactive && user.active {
        return Err(Refusal::conflict("the user is active; deactivate it first"));
    }
    if behaviour.user_update == UserUpdate::Refuse {
        let needed = ["firstName", "lastName", "email", "company", "id", "userPartnerRole"];
        if let Some(field) = needed.into_iter().find(|field| sent.value(field).is_none()) {
            return Err(sent.missing(field));
        }
    }
    if sent.has("id") && sent.needed_id("id", IdOf::User)? != user.id {
        return Err(Refusal::bad("IndigoUser.id is not that of the path"));
    }
    change_address(&sent, &mut user, call)?;
    let merge = behaviour.user_update == UserUpdate::Merge;
    for (field, property) in [("firstName", &mut user.first_name), ("lastName", &mut user.last_name)] {
        match sent.text(field)? {
            Some(text) => text.clone_into(property),
            None if merge => {}
            None => property.clear(),
        }
    }
    match sent.items("userPartnerRole")? {
        Some(rows) => user.roles = roles(&options, rows, user.id)?,
        None if merge => {}
        None => user.roles.clear(),
    }
    check_roles(call.store, &user.roles)?;
    let told = view(&options, &user, false);
    if let Some(kept) = call.store.state.user_mut(user.id) {
        *kept = user;
    }
    Ok(Done::Entity(CLASS, told))
}

fn change_address(sent: &Sent<'_>, user: &mut User, call: &Call<'_>) -> Result<(), Refusal> {
    if !sent.has("email") {
        return Ok(());
    }
    let email = check_email(sent, "email")?;
    if email == user.email {
        return Ok(());
    }
    if !call.store.options.behaviour.email_change {
        return Err(Refusal::bad("IndigoUser.email cannot be changed"));
    }
    if call.store.state.user_at(&email).is_some_and(|other| other.id != user.id) {
        return Err(Refusal::taken(format!("a user with the e-mail address {email} exists already")));
    }
    user.email = email;
    Ok(())
}

fn roles(options: &Options, rows: &[Value], user: u64) -> Result<Vec<Role>, Refusal> {
    let read = |row: &Value| {
        let row = Sent::of(options, row, "IndigoUser.userPartnerRole[]")?;
        if row.value("user").is_some() && row.stub("user", IdOf::User)? != user {
            return Err(Refusal::bad("IndigoUser.userPartnerRole[].user is another user"));
        }
        Ok(Role {
            partner: row.stub("partner", IdOf::RolePartner)?,
            role: row.stub("role", IdOf::Role)?,
            default: row.flag("defaultRole")?.ok_or_else(|| row.missing("defaultRole"))?,
        })
    };
    rows.iter().map(read).collect()
}

/// 2.7
pub fn activate(call: &mut Call<'_>) -> Result<Done, Refusal> {
    switch(call, true)
}

/// 2.8: the operator's own user is no exception, and is so locked out.
pub fn deactivate(call: &mut Call<'_>) -> Result<Done, Refusal> {
    switch(call, false)
}

fn switch(call: &mut Call<'_>, active: bool) -> Result<Done, Refusal> {
    let repeat = call.store.options.behaviour.repeat_activation;
    let user = call.id().and_then(|id| call.store.state.user_mut(id)).ok_or_else(no_user)?;
    if user.active == active && repeat == Repeat::Refuse {
        let state = if active { "active" } else { "inactive" };
        return Err(Refusal::conflict(format!("the user is {state} already")));
    }
    user.active = active;
    Ok(Done::Deed)
}

fn old_user(call: &Call<'_>) -> Result<Option<User>, Refusal> {
    let id = call.query.get("oldUserId").ok_or_else(|| Refusal::bad("oldUserId is missing"))?;
    Ok(id.parse().ok().and_then(|id| call.store.state.user(id)).cloned())
}

/// 2.9: deletes a user who owns nothing; what it owns goes to another one first, if the query names one.
pub fn delete(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let options = call.options();
    let Some(user) = old_user(call)? else {
        return absent(&options, "there is no such user");
    };
    if user.id < FIRST_MADE {
        return Err(Refusal::forbidden("the user belongs to the product"));
    }
    if options.behaviour.delete_user_needs_inactive && user.active {
        return Err(Refusal::conflict("the user is active; deactivate it first"));
    }
    if call.query.get("newUserId").is_some() {
        move_objects(call)?;
    } else if user.objects > 0 {
        return Err(Refusal::conflict(format!(
            "the user owns {} objects; move them to another user before deleting this one",
            user.objects
        )));
    }
    call.store.state.users.retain(|other| other.id != user.id);
    Ok(Done::Deed)
}

/// The same call without `deleteUser=true`: it only moves what a user owns, if it is told to whom.
pub fn move_objects(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let user = old_user(call)?.ok_or_else(no_user)?;
    let Some(new) = call.query.get("newUserId") else {
        return Ok(Done::Deed);
    };
    let state = &mut call.store.state;
    let heir = new.parse().ok().and_then(|id| state.user_mut(id)).ok_or_else(no_user)?;
    heir.objects += user.objects;
    let heir = heir.email.clone();
    state.note(format!("{heir} objects"), user.objects);
    if let Some(user) = state.user_mut(user.id) {
        user.objects = 0;
    }
    Ok(Done::Deed)
}
