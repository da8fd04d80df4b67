//! Users and groups of a portal: nested properties, of whose names few are documented, so that nothing here demands one (contract 2.6).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::base::secret::MASK;
use crate::base::value;
use crate::intrexx::wire::shows;

/// The properties of a user or a group, sent or seen, nested as in the API.
///
/// Not `Debug`: they may hold a password.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Properties(Map<String, Json>);

impl Properties {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// These properties and one more, at the place that the steps lead to.
    #[must_use]
    pub fn with(mut self, steps: &[&str], value: impl Into<Json>) -> Self {
        put(&mut self.0, steps, value.into());
        self
    }

    /// The property that the steps lead to; none when it is absent or null.
    pub fn at(&self, steps: &[&str]) -> Option<&Json> {
        let (first, rest) = steps.split_first()?;
        let found = rest.iter().try_fold(self.0.get(*first)?, |value, step| value.get(step))?;
        (!found.is_null()).then_some(found)
    }

    /// Whether the property is there and hidden: `***` is no value.
    pub fn hides(&self, steps: &[&str]) -> bool {
        self.at(steps).is_some_and(|value| value == MASK)
    }

    /// The text there, also where it came as a number.
    pub fn text(&self, steps: &[&str]) -> Option<String> {
        value::text(self.at(steps)?).ok().filter(|text| text != MASK)
    }

    /// The flag there, in whatever type it came.
    pub fn flag(&self, steps: &[&str]) -> Option<bool> {
        value::flag(self.at(steps)?).ok()
    }

    /// Whether what was sent is seen here, as far as it can be: see [`shows`].
    pub fn shows(&self, sent: &Self) -> bool {
        shows(&self.0, &sent.0)
    }

    /// The number of things there.
    pub fn count(&self, steps: &[&str]) -> Option<u32> {
        value::count(self.at(steps)?).ok()
    }
}

fn put(target: &mut Map<String, Json>, steps: &[&str], value: Json) {
    match steps {
        [] => {}
        [last] => _ = target.insert((*last).to_owned(), value),
        [first, rest @ ..] => {
            let below = target.entry(*first).or_insert_with(|| Json::Object(Map::new()));
            if let Json::Object(below) = below {
                put(below, rest, value);
            }
        }
    }
}

/// A group that a user is in, as the list of these has it.
#[derive(Deserialize)]
pub struct Membership {
    #[serde(deserialize_with = "value::text")]
    id: String,
}

/// The ids of the groups that a user is in. They are integers and are written as texts (trap 28).
pub fn group_ids(rows: Vec<Membership>) -> BTreeSet<String> {
    rows.into_iter().map(|row| row.id).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn properties(json: Json) -> Properties {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn properties_are_put_where_the_api_has_them() {
        let sent = Properties::new()
            .with(&["general_settings", "first_name"], "Ada")
            .with(&["account", "disabled"], false)
            .with(&["general_settings", "last_name"], "Lovelace")
            .with(&["custom_attributes", "shoe.size"], 37);
        let expected = json!({
            "general_settings": {"first_name": "Ada", "last_name": "Lovelace"},
            "account": {"disabled": false},
            "custom_attributes": {"shoe.size": 37},
        });
        assert_eq!(serde_json::to_value(&sent).unwrap(), expected);
    }

    #[test]
    fn properties_are_read_in_whatever_type_they_come() {
        let seen =
            properties(json!({"a": {"text": "x", "number": 7, "flag": "1", "none": null}, "b": 5, "hidden": "***"}));
        assert_eq!((seen.text(&["a", "text"]), seen.text(&["a", "number"])), (Some("x".into()), Some("7".into())));
        assert_eq!((seen.flag(&["a", "flag"]), seen.flag(&["a", "text"])), (Some(true), None));
        assert_eq!((seen.count(&["b"]), seen.count(&["a"])), (Some(5), None));
        assert_eq!((seen.hides(&["hidden"]), seen.text(&["hidden"]), seen.hides(&["b"])), (true, None, false));
        for absent in [&["a", "none"][..], &["b", "c"], &["c", "d"], &[]] {
            assert!(seen.at(absent).is_none(), "{absent:?}");
        }
    }

    #[test]
    fn what_was_sent_is_shown_or_hidden() {
        let seen = properties(json!({"a": {"b": 1, "c": "***"}, "d": null}));
        for (sent, shown) in [
            (json!({"a": {"b": 1}}), true),
            (json!({"a": {"b": 2}}), false),
            (json!({"a": {"c": "secret", "e": 1}, "f": {"g": 1}, "d": null}), true),
            (json!({"a": 1}), false),
        ] {
            assert_eq!(seen.shows(&properties(sent.clone())), shown, "{sent}");
        }
    }

    /// Trap 28.
    #[test]
    fn ids_of_groups_are_texts() {
        let rows: Vec<Membership> = serde_json::from_value(json!([{"id": 4, "new": {}}, {"id": "3"}])).unwrap();
        assert_eq!(group_ids(rows), BTreeSet::from(["3".to_owned(), "4".to_owned()]));
        assert!(serde_json::from_value::<Vec<Membership>>(json!([{"guid": "3F25"}])).is_err());
    }
}
