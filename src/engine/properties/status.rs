//! A patch turns the status that is stored into the one that is wanted, and says no more than it has to.

use proptest::prelude::*;
use serde_json::{Map, Value as Json};

use super::config;
use crate::engine::status::merge_patch;

/// JSON as a status may be: a null is not told from an absent field by a merge patch, and no status of ours has one.
fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Json::from),
        (-3i64..3).prop_map(Json::from),
        "[a-c]{0,2}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map("[a-c]", inner, 0..4).prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

/// RFC 7386, read anew.
fn apply(target: &Json, patch: &Json) -> Json {
    let Json::Object(patch) = patch else { return patch.clone() };
    let mut target = target.as_object().cloned().unwrap_or_else(Map::new);
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            let before = target.get(key).cloned().unwrap_or_default();
            target.insert(key.clone(), apply(&before, value));
        }
    }
    Json::Object(target)
}

/// Whether a patch says something that is so already.
fn repeats(target: &Json, patch: &Json) -> bool {
    let Json::Object(fields) = patch else { return target == patch };
    let Json::Object(target) = target else { return false };
    fields.iter().any(|(key, value)| match target.get(key) {
        None => value.is_null(),
        Some(before) => repeats(before, value),
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_patch_leads_from_the_old_to_the_new(old in json(), new in json()) {
        match merge_patch(&old, &new) {
            None => prop_assert_eq!(old, new),
            Some(patch) => {
                prop_assert_eq!(apply(&old, &patch), new);
                prop_assert!(!repeats(&old, &patch), "{}", patch);
            }
        }
    }
}
