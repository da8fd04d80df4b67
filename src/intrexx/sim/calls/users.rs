//! Users of a portal. There is no list of them and no search: an id comes from `Location` only.

use serde_json::{Value, json};

use crate::base::secret::MASK;
use crate::intrexx::sim::answer::{Cause, Done, Refusal};
use crate::intrexx::sim::calls::{Call, guid, number, over};
use crate::intrexx::sim::options::answers::{Answers, Passwords};
use crate::intrexx::sim::portal::User;
use crate::intrexx::sim::shape::{Field, Kind, Purpose, at, merge, take};
use crate::intrexx::sim::store::Fields;

const USER: [Field; 37] = [
    Field::read_only("id"),
    Field::read_only("guid"),
    Field::required("general_settings.first_name", Kind::Text),
    Field::required("general_settings.last_name", Kind::Name),
    Field::new("general_settings.object_name", Kind::Text),
    Field::new("general_settings.middle_name", Kind::Text),
    Field::new("general_settings.title", Kind::Text),
    Field::new("general_settings.description", Kind::Text),
    Field::read_only("general_settings.full_name"),
    Field::required("account.login_username", Kind::Name),
    Field::new("account.domain", Kind::Text),
    Field::new("account.password", Kind::Text),
    Field::new("account.disabled", Kind::Flag),
    Field::new("account.account_can_be_locked", Kind::Flag),
    Field::new("account.password_expires", Kind::Flag),
    Field::new("account.must_change_password", Kind::Flag),
    Field::new("account.cannot_change_password", Kind::Flag),
    Field::read_only("account.locked"),
    Field::new("contact.email.work", Kind::Text),
    Field::new("contact.email.private", Kind::Text),
    Field::new("contact.phone.work", Kind::Text),
    Field::new("contact.phone.private", Kind::Text),
    Field::new("contact.phone.mobile", Kind::Text),
    Field::new("contact.phone.fax", Kind::Text),
    Field::new("personal_information.gender", Kind::Text),
    Field::new("personal_information.date_of_birth", Kind::Text),
    Field::new("personal_information.personnel_number", Kind::Text),
    Field::new("personal_information.entry_date", Kind::Text),
    Field::new("address.po_box", Kind::Text),
    Field::new("address.street", Kind::Text),
    Field::new("address.postal_code", Kind::Text),
    Field::new("address.city", Kind::Text),
    Field::new("address.state", Kind::Text),
    Field::new("address.country", Kind::Text),
    Field::new("custom_attributes", Kind::Open),
    Field::read_only("member_of"),
    Field::read_only("last_login"),
];

pub(super) fn no_user() -> Refusal {
    Refusal::missing("there is no such user")
}

fn view(answers: &Answers, user: &User) -> Value {
    let text = |path| at(&user.fields, path).and_then(Value::as_str).unwrap_or_default();
    let names = ["general_settings.first_name", "general_settings.last_name"].map(text);
    let full_name = names.join(" ").trim().to_owned();
    let defaults = json!({
        "general_settings": {"object_name": full_name},
        "account": {
            "disabled": false,
            "account_can_be_locked": true,
            "password_expires": false,
            "must_change_password": false,
            "cannot_change_password": false,
        },
    });
    let mut shown = Value::Object(over(defaults, &user.fields));
    shown["id"] = number(answers, user.id);
    shown["guid"] = json!(guid(answers, &user.guid));
    shown["general_settings"]["full_name"] = json!(full_name);
    shown["account"]["locked"] = json!(user.locked);
    if answers.passwords == Passwords::Stars && user.password.is_some() {
        shown["account"]["password"] = json!(MASK);
    }
    shown
}

/// 39: makes a user. The login must be free in its domain. Without a password the name alone is enough to log in.
pub fn create(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let mut sent = call.checked(&USER, Purpose::Create)?;
    let password = take_password(call, &mut sent)?.flatten();
    let mut fields = Fields::new();
    merge(&mut fields, sent);
    let (id, answers) = (call.new_guid(), call.answers().clone());
    let portal = call.portal()?;
    if is_taken(&portal.users, None, &fields) {
        return Err(Refusal::taken("account.login_username is already used"));
    }
    let user = portal.add_user(id, fields, password);
    let (id, object) = (user.id, view(&answers, user));
    Ok(Done::Created { at: Some(format!("{}/users/{id}", portal.name)), object })
}

/// Whether another user has this login in the same domain. Case does not count.
fn is_taken(users: &[User], own: Option<u64>, fields: &Fields) -> bool {
    let text = |path| at(fields, path).and_then(Value::as_str).unwrap_or_default();
    let (login, domain) = (text("account.login_username"), text("account.domain"));
    users.iter().any(|user| {
        Some(user.id) != own && user.login().eq_ignore_ascii_case(login) && user.domain().eq_ignore_ascii_case(domain)
    })
}

/// The password that was sent: none when none was, and an inner none when it is to be cleared.
fn take_password(call: &Call<'_>, sent: &mut Fields) -> Result<Option<Option<String>>, Refusal> {
    let Some(password) = take(sent, "account.password") else {
        return Ok(None);
    };
    let password = password.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let least = usize::try_from(call.options().behaviour.min_password_length).unwrap_or(usize::MAX);
    if password.as_ref().is_some_and(|password| password.chars().count() < least) {
        return Err(Refusal::refused(format!("account.password must have {least} characters or more")));
    }
    Ok(Some(password))
}

/// 46
pub fn get(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let answers = call.answers().clone();
    let user = of_path(call)?;
    Ok(Done::Object(view(&answers, user)))
}

/// The user that the path names.
pub(super) fn of_path<'a>(call: &'a mut Call<'_>) -> Result<&'a mut User, Refusal> {
    let id: u64 = call.param(1).parse().map_err(|_| no_user())?;
    call.portal()?.users.iter_mut().find(|user| user.id == id).ok_or_else(no_user)
}

/// 47: changes what is sent, at any depth. The Administration API's own login is no exception, and can so be locked out.
pub fn change(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let mut sent = call.checked(&USER, Purpose::Change)?;
    let password = take_password(call, &mut sent)?;
    let answers = call.answers().clone();
    let user = of_path(call)?;
    let (id, mut fields) = (user.id, user.fields.clone());
    merge(&mut fields, sent);
    let portal = call.portal()?;
    if is_taken(&portal.users, Some(id), &fields) {
        return Err(Refusal::taken("account.login_username is already used"));
    }
    let user = of_path(call)?;
    user.fields = fields;
    if let Some(password) = password {
        user.password = password;
    }
    Ok(Done::Changed(view(&answers, user)))
}

/// 48: deletes a user, but not those that come with the portal.
pub fn delete(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let user = of_path(call).map_err(|_| Refusal::gone("there is no such user"))?;
    if user.built_in() {
        return Err(Refusal::new(Cause::Forbidden, "the user belongs to the product"));
    }
    let id = user.id;
    call.portal()?.users.retain(|user| user.id != id);
    Ok(Done::Nothing)
}
