//! The activity types that a domain takes: always in upper case.

use serde_json::{Value, json};

use crate::crm2::sim::answer::{Done, Refusal};
use crate::crm2::sim::calls::Call;
use crate::crm2::sim::domain::BUILT_IN_TYPES;
use crate::crm2::sim::options::Answers;
use crate::crm2::sim::options::answers::ActivityTypeList;
use crate::crm2::sim::options::behaviour::TypeCase;

/// `POST /admin/activity-type`
pub fn add(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let name = call.params.required("activityType")?.to_uppercase();
    let may_again = call.may_post_again(true);
    let value = element(call.answers(), &name);
    let domain = call.domain()?;
    if !domain.activity_types.contains(&name) {
        domain.activity_types.push(name);
    } else if !may_again {
        return Err(Refusal::taken(format!("the activity type {name} exists")));
    }
    Ok(Done::Written(value))
}

/// `GET /admin/activity-type`
pub fn list(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let names = call.domain()?.activity_types.clone();
    let answers = call.answers();
    let shown = |name: &&String| answers.list_built_in_types || !BUILT_IN_TYPES.contains(&name.as_str());
    Ok(Done::List(names.iter().filter(shown).map(|name| element(answers, name)).collect()))
}

/// `DELETE /admin/activity-type`: activities of that type stay.
pub fn remove(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let sent = call.params.required("activityType")?;
    let name = match call.behaviour().delete_type_case {
        TypeCase::Upper => sent.to_uppercase(),
        TypeCase::Exact => sent.to_owned(),
    };
    if BUILT_IN_TYPES.contains(&name.as_str()) && !call.behaviour().removable_types {
        return Err(Refusal::bad(format!("the activity type {name} cannot be removed")));
    }
    let types = &mut call.domain()?.activity_types;
    let Some(place) = types.iter().position(|other| *other == name) else {
        return call.nothing_to_remove("there is no such activity type");
    };
    types.remove(place);
    Ok(Done::Removed)
}

fn element(answers: &Answers, name: &str) -> Value {
    match answers.activity_type_list {
        ActivityTypeList::Strings => json!(name),
        ActivityTypeList::Objects => json!({ "activityType": name }),
    }
}
