//! Id: what names a thing at Adeptia Connect. It comes as a string or a number without rule (contract 1.5, trap 12), and is a text here.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base::value;

/// Ids below this one come with the product.
const FIRST_CREATED: u64 = 1000;

/// An id, as a text without blanks around it.
///
/// It has no form of its own to be written in: each field says which it has, by [`as_number`] or [`as_text`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(String);

impl Id {
    /// The id with this text.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(text.as_ref().trim().to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names something that comes with the product, which is never changed, switched off or deleted (contract 3).
    pub fn is_built_in(&self) -> bool {
        self.0.parse().is_ok_and(|id: u64| id < FIRST_CREATED)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        value::text(from).map(Self::new)
    }
}

/// Writes an id as a number: `#[serde(serialize_with = "id::as_number")]`. One that is no number stays a text.
///
/// # Errors
/// Those of the serializer.
pub fn as_number<S: Serializer>(id: &Id, to: S) -> Result<S::Ok, S::Error> {
    match id.0.parse::<u64>() {
        // `007` and `+7` name something else than 7.
        Ok(number) if number.to_string() == id.0 => number.serialize(to),
        _ => as_text(id, to),
    }
}

/// Writes an id as a string: `#[serde(serialize_with = "id::as_text")]`.
///
/// # Errors
/// Those of the serializer.
pub fn as_text<S: Serializer>(id: &Id, to: S) -> Result<S::Ok, S::Error> {
    id.0.serialize(to)
}

/// Some other thing, named by its id as a number: `{"id": 1}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NumberRef {
    /// The id of the thing.
    #[serde(serialize_with = "as_number")]
    pub id: Id,
}

/// Some other thing, named by its id as a string: `{"id": "11518430417328"}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TextRef {
    /// The id of the thing.
    #[serde(serialize_with = "as_text")]
    pub id: Id,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Traps 11 and 12: a string out and a number in, with all 14 digits; and the other way round.
    #[test]
    fn an_id_is_the_same_whatever_type_it_comes_as() {
        for json in [
            json!("11567494226899"),
            json!(11_567_494_226_899_u64),
            json!(1.156_749_422_689_9e13),
            json!(" 11567494226899 "),
        ] {
            let id: Id = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(id.as_str(), "11567494226899", "{json}");
        }
        for json in [json!(null), json!(true), json!([1]), json!({"id": 1})] {
            assert!(serde_json::from_value::<Id>(json.clone()).is_err(), "{json}");
        }
    }

    /// Traps 12 and 13: each field has its own type, and `-0` keeps its sign.
    #[test]
    fn an_id_is_written_as_its_field_has_it() {
        let number = |text: &str| serde_json::to_value(NumberRef { id: Id::new(text) }).unwrap();
        let text = |text: &str| serde_json::to_value(TextRef { id: Id::new(text) }).unwrap();
        assert_eq!(number("11567494226899"), json!({"id": 11_567_494_226_899_u64}));
        assert_eq!(text("11567494226899"), json!({"id": "11567494226899"}));
        for odd in ["-0", "007", "+7", "a1", "1.5"] {
            assert_eq!(number(odd), json!({"id": odd}));
            assert_eq!(text(odd), json!({"id": odd}));
        }
    }

    #[test]
    fn small_numbers_come_with_the_product() {
        for (id, built_in) in [("1", true), ("999", true), ("1000", false), ("11567413236623", false), ("x", false)] {
            assert_eq!(Id::new(id).is_built_in(), built_in, "{id}");
        }
    }
}
