//! Tests of what a PortalGroup's spec comes to.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::*;
use crate::engine::diff::{Effect, diff};

fn spec(fields: Json) -> PortalGroupSpec {
    let mut spec = json!({"adminApi": {"name": "x"}, "portalName": "sales", "groupName": "Editors"});
    spec.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    serde_json::from_value(spec).unwrap()
}

fn differences(spec: &PortalGroupSpec, shown: Json) -> Vec<(String, Effect)> {
    let group: Properties = serde_json::from_value(shown).unwrap();
    let wanted = Groups::desired(spec, &Siblings::default()).unwrap();
    let found = diff(Groups::FIELDS, &wanted, &seen(spec, &Address::new("sales", "7"), &group), &BTreeMap::new());
    found.into_iter().map(|change| (change.path, change.effect)).collect()
}

#[test]
fn what_differs_is_refused_and_what_is_absent_is_not_managed() {
    let shown =
        json!({"general_settings": {"object_name": "Editors", "description": "x", "priority": "5"}, "member_count": 3});
    assert_eq!(differences(&spec(json!({})), shown.clone()), []);
    assert_eq!(differences(&spec(json!({"description": "x", "priority": 5, "email": ""})), shown.clone()), []);
    let all = spec(json!({"description": "y", "priority": 6, "email": "e"}));
    let refused = ["description", "email", "priority"].map(|path| (path.to_owned(), Effect::Refused));
    assert_eq!(differences(&all, shown), refused);
    let other = json!({"general_settings": {"object_name": "Writers"}});
    assert_eq!(differences(&spec(json!({})), other), [("groupName".to_owned(), Effect::Refused)]);
}
