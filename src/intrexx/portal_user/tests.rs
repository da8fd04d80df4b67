//! Tests of what a PortalUser's spec comes to.

use serde_json::{Value as Json, json};

use super::*;
use crate::engine::diff::{Change, Effect};
use crate::engine::state::Value;

fn spec(fields: Json) -> PortalUserSpec {
    let mut spec = json!({"adminApi": {"name": "x"}, "portalName": "sales", "loginName": "Ada", "firstName": "Ada", "lastName": "L"});
    spec.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    serde_json::from_value(spec).unwrap()
}

fn siblings(ids: &[(&str, &str)]) -> Siblings {
    ids.iter().map(|(path, id)| ((*path).to_owned(), (*id).to_owned())).collect()
}

fn value(state: &State, path: &str) -> Option<Json> {
    match state.get(path)? {
        Value::Plain(value) => Some(value.clone()),
        Value::Secret(_) => panic!("{path} is a secret"),
    }
}

fn user(json: Json) -> Properties {
    serde_json::from_value(json).unwrap()
}

#[test]
fn an_absent_field_is_not_managed() {
    let state = Users::desired(&spec(json!({})), &Siblings::default()).unwrap();
    let paths: Vec<&str> = state.iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["firstName", "lastName", "loginName", "portalName"]);
    assert_eq!(value(&state, "loginName"), Some(json!("ada")));
}

#[test]
fn every_attribute_is_a_field_and_has_its_place() {
    let full = spec(json!({
        "domain": "example", "objectName": "o", "middleName": "m", "title": "t", "description": "d", "email": "e", "disabled": false,
        "account": {"canBeLocked": true, "passwordExpires": false, "mustChangePassword": true, "cannotChangePassword": false},
        "contact": {"privateEmail": "p", "workPhone": "1", "privatePhone": "2", "mobilePhone": "3", "fax": "4"},
        "personalInformation": {"gender": "f", "dateOfBirth": "1815-12-10", "personnelNumber": "7", "entryDate": "1843-01-01"},
        "address": {"poBox": "1", "street": "s", "postalCode": "c", "city": "London", "state": "-", "country": "GB"},
        "customAttributes": {"shoe.size": 38},
    }));
    let state = Users::desired(&full, &Siblings::default()).unwrap();
    let known = |path: &str| crate::engine::state::row(Users::FIELDS, path).is_some();
    assert!(state.iter().all(|(path, _)| known(path)));
    // Password and groups aside, whatever has a row in the table is there.
    assert_eq!(state.iter().count(), Users::FIELDS.len() - 2);
    let sent = attributes::whole(&full);
    let expected = json!({
        "general_settings": {"first_name": "Ada", "last_name": "L", "object_name": "o", "middle_name": "m", "title": "t", "description": "d"},
        "account": {"disabled": false, "account_can_be_locked": true, "password_expires": false, "must_change_password": true,
            "cannot_change_password": false},
        "contact": {"email": {"work": "e", "private": "p"}, "phone": {"work": "1", "private": "2", "mobile": "3", "fax": "4"}},
        "personal_information": {"gender": "f", "date_of_birth": "1815-12-10", "personnel_number": "7", "entry_date": "1843-01-01"},
        "address": {"po_box": "1", "street": "s", "postal_code": "c", "city": "London", "state": "-", "country": "GB"},
        "custom_attributes": {"shoe.size": 38},
    });
    assert_eq!(serde_json::to_value(&sent).unwrap(), expected);
    // What is sent reads back as what was wanted.
    let seen = attributes::seen(&full, &sent);
    assert!(seen.iter().all(|(path, value)| state.get(path) == Some(value)), "{seen:?}");
    assert_eq!(seen.iter().count(), state.iter().count() - 3);
}

#[test]
fn a_change_is_sent_alone() {
    let change = |path: &str, to: Json| Change {
        path: path.to_owned(),
        from: Shown::Unknown,
        to: Shown::Plain(to),
        effect: Effect::Set,
    };
    let sent = attributes::changed(&[change("email", json!("a@b")), change("customAttributes.x.y", json!(1))]);
    let expected = json!({"contact": {"email": {"work": "a@b"}}, "custom_attributes": {"x.y": 1}});
    assert_eq!(serde_json::to_value(sent).unwrap(), expected);
}

#[test]
fn values_mean_the_same_in_every_type_and_what_is_not_shown_is_blank() {
    let wanted = spec(json!({
        "disabled": true, "title": "", "email": "a@b", "description": "d", "objectName": "o",
        "personalInformation": {"personnelNumber": "7"}, "account": {"passwordExpires": false},
        "customAttributes": {"size": 38, "vip": true, "note": "n"},
    }));
    let shown = user(json!({
        "general_settings": {"first_name": "Ada", "last_name": null, "description": "***"},
        "account": {"disabled": "1"}, "personal_information": {"personnel_number": 7},
        "custom_attributes": {"size": "38", "vip": "true"},
    }));
    let seen = attributes::seen(&wanted, &shown);
    for (path, expected) in [
        ("disabled", Some(json!(true))),
        ("title", Some(json!(""))),
        ("email", Some(json!(""))),
        ("lastName", Some(json!(""))),
        ("personalInformation.personnelNumber", Some(json!("7"))),
        ("account.passwordExpires", Some(json!(false))),
        ("customAttributes.size", Some(json!(38))),
        ("customAttributes.vip", Some(json!(true))),
        ("customAttributes.note", Some(json!(""))),
        // A mask is no value.
        ("description", None),
    ] {
        assert_eq!(value(&seen, path), expected, "{path}");
    }
}

#[test]
fn a_custom_attribute_is_one_value() {
    for odd in [json!(null), json!([1]), json!({"a": 1})] {
        let invalid = Users::desired(&spec(json!({"customAttributes": {"x": odd}})), &Siblings::default()).unwrap_err();
        assert_eq!(invalid.field, "customAttributes.x");
    }
}

#[test]
fn groups_are_ids_of_the_users_own_portal() {
    let groups = json!({"groups": {"members": [{"group": {"name": "editors"}}, {"id": "4"}, {"id": "4"}]}});
    let wanted = spec(groups);
    let paths: Vec<String> = Users::siblings(&wanted).into_iter().map(|sibling| sibling.path).collect();
    assert_eq!(paths, ["groups.members[0].group"]);
    let desired = |id: &str| Users::desired(&wanted, &siblings(&[("groups.members[0].group", id)]));
    assert_eq!(value(&desired("sales/7").unwrap(), MEMBERS), Some(json!(["4", "7"])));
    // A plan shows what is yet to be made in these words.
    assert_eq!(value(&desired("(known after create)").unwrap(), MEMBERS), Some(json!(["(known after create)", "4"])));
    let invalid = desired("hr/7").unwrap_err();
    assert_eq!(invalid.field, "groups.members[0].group");
    assert!(invalid.problem.contains("portal hr"), "{invalid}");
}

#[test]
fn one_login_of_one_portal_is_one_user() {
    let key = |fields: Json| Users::natural_key(&spec(fields));
    assert_eq!(key(json!({"loginName": "ADA"})), key(json!({"loginName": "ada"})));
    assert_ne!(key(json!({"portalName": "hr"})), key(json!({})));
    assert_ne!(key(json!({"domain": "d"})), key(json!({})));
}
