//! User groups of a portal, and who is in them. There is no list of groups, no change of one, and no list of members.

use serde_json::{Value, json};

use crate::intrexx::sim::answer::{Cause, Done, Refusal};
use crate::intrexx::sim::calls::users::{self, no_user};
use crate::intrexx::sim::calls::{Call, guid, number};
use crate::intrexx::sim::options::answers::Answers;
use crate::intrexx::sim::portal::{Group, Portal};
use crate::intrexx::sim::shape::{Field, Kind, Purpose, merge};
use crate::intrexx::sim::store::Fields;

const GROUP: [Field; 8] = [
    Field::required("general_settings.object_name", Kind::Name),
    Field::new("general_settings.description", Kind::Text),
    Field::new("general_settings.email", Kind::Text),
    Field::new("general_settings.priority", Kind::Int(0, 1000)),
    Field::read_only("id"),
    Field::read_only("guid"),
    Field::read_only("member_count"),
    Field::read_only("system"),
];

fn no_group() -> Refusal {
    Refusal::missing("there is no such group")
}

fn view(answers: &Answers, portal: &Portal, group: &Group) -> Value {
    let mut shown = Value::Object(group.fields.clone());
    shown["id"] = number(answers, group.id);
    shown["guid"] = json!(guid(answers, &group.guid));
    shown["member_count"] = json!(portal.users.iter().filter(|user| user.groups.contains(&group.id)).count());
    shown["system"] = json!(group.built_in());
    shown
}

/// 40: makes a group.
pub fn create(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let mut fields = Fields::new();
    merge(&mut fields, call.checked(&GROUP, Purpose::Create)?);
    let (new, answers) = (call.new_guid(), call.answers().clone());
    let duplicates = call.options().behaviour.duplicate_names;
    let portal = call.portal()?;
    let group = Group { id: 0, guid: new, fields };
    if !duplicates && portal.groups.iter().any(|known| known.name() == group.name()) {
        return Err(Refusal::taken("there is a group of this name"));
    }
    let id = portal.add_group(group.guid, group.fields);
    let made = portal.groups.iter().find(|group| group.id == id).ok_or_else(no_group)?;
    let object = view(&answers, portal, made);
    Ok(Done::Created { at: Some(format!("{}/groups/{id}", portal.name)), object })
}

/// 41
pub fn get(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let (id, answers) = (group_id(call, 1)?, call.answers().clone());
    let portal = call.portal()?;
    let group = portal.groups.iter().find(|group| group.id == id).ok_or_else(no_group)?;
    Ok(Done::Object(view(&answers, portal, group)))
}

/// The group that the path names at this place.
fn group_id(call: &mut Call<'_>, place: usize) -> Result<u64, Refusal> {
    let id: u64 = call.param(place).parse().map_err(|_| no_group())?;
    if call.portal()?.groups.iter().any(|group| group.id == id) { Ok(id) } else { Err(no_group()) }
}

/// 42: deletes a group, but not those that come with the portal. Its members stay.
pub fn delete(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let id = group_id(call, 1).map_err(|_| Refusal::gone("there is no such group"))?;
    let portal = call.portal()?;
    if portal.groups.iter().any(|group| group.id == id && group.built_in()) {
        return Err(Refusal::new(Cause::Forbidden, "the group belongs to the product"));
    }
    portal.groups.retain(|group| group.id != id);
    for user in &mut portal.users {
        user.groups.remove(&id);
    }
    Ok(Done::Nothing)
}

/// 43: the groups that a user is in.
pub fn of_user(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let answers = call.answers().clone();
    let member_of = users::of_path(call)?.groups.clone();
    let row = |group: &Group| json!({"id": number(&answers, group.id), "guid": guid(&answers, &group.guid), "object_name": group.name()});
    let groups = &call.portal()?.groups;
    Ok(Done::List("groups", groups.iter().filter(|group| member_of.contains(&group.id)).map(row).collect()))
}

/// 44: takes a user into a group; one who is in it already stays.
pub fn add_user(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let group = group_id(call, 2)?;
    users::of_path(call)?.groups.insert(group);
    Ok(Done::Nothing)
}

/// 45: takes a user out of a group.
pub fn remove_user(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let group = group_id(call, 2).map_err(|_| Refusal::gone("there is no such group"))?;
    let user = users::of_path(call).map_err(|_| Refusal::gone(no_user().message))?;
    if user.groups.remove(&group) { Ok(Done::Nothing) } else { Err(Refusal::gone("the user is not in this group")) }
}
