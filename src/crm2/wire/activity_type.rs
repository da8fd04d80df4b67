//! Activity types: words in upper case (contract 2.7).

use serde::{Deserialize, Deserializer};

/// The types that come with each domain.
pub const BUILT_IN: [&str; 3] = ["EMAIL", "NOTE", "TASK"];

/// A type as the list has it, whether as a text or as an object with one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActivityType(pub String);

impl<'de> Deserialize<'de> for ActivityType {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Shape {
            Text(String),
            #[serde(rename_all = "camelCase")]
            Object {
                activity_type: String,
            },
        }
        let (Shape::Text(name) | Shape::Object { activity_type: name }) = Shape::deserialize(from)?;
        Ok(Self(upper(&name)))
    }
}

/// A type's name as the server keeps it (trap 7). Every language's letters are made large alike: a Turkish server would not know `I` from `İ`.
pub fn upper(name: &str) -> String {
    name.trim().to_uppercase()
}

/// Whether it comes with each domain.
pub fn is_built_in(name: &str) -> bool {
    BUILT_IN.contains(&upper(name).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Trap 7: the server upper-cases what it is told.
    #[test]
    fn names_are_in_upper_case_in_either_shape() {
        let types: Vec<ActivityType> =
            serde_json::from_str(r#"["pinned",{"activityType":"Mail_in","_id":"1"}]"#).unwrap();
        assert_eq!(types, [ActivityType("PINNED".into()), ActivityType("MAIL_IN".into())]);
        assert!(serde_json::from_str::<Vec<ActivityType>>("[7]").is_err());
        assert!(is_built_in("note") && !is_built_in("NOTES"));
    }
}
