//! State: what an external object should be, or was seen to be, in our words.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::content::Printed;

/// How a field can be set and read at the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Can be changed, and read back: compared with what the vendor shows.
    Readable,
    /// Can be changed, never read back: compared with what was last sent.
    WriteOnly,
    /// Fixed when the object is created, and readable: a difference is reported, never mended.
    Immutable,
    /// Fixed when the object is created, and not readable: a later change has no effect, and we say so.
    CreateOnly,
}

/// One row of a kind's table of fields.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The path below `spec`, in dots; a last segment `*` stands for the keys of an open map.
    pub path: &'static str,
    /// How the vendor treats it.
    pub access: Access,
    /// It is (part of) the natural key: an external object in which it differs is another one, whatever its id.
    pub key: bool,
    /// Fields of one group are written by one call of [`Kind::update`](super::kind::Kind::update).
    pub group: &'static str,
}

/// The row that a path belongs to.
pub fn row<'a>(fields: &'a [Field], path: &str) -> Option<&'a Field> {
    fields.iter().find(|field| match field.path.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => field.path == path,
    })
}

/// One field's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A value that may be shown.
    Plain(Json),
    /// The keyed fingerprint of a value that may not.
    Secret(String),
}

/// Values by path, sorted. A path that is not here is not managed (in a desired state) or not known (in an observed one).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State(BTreeMap<String, Value>);

impl State {
    /// No field at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// This state with one more field.
    #[must_use]
    pub fn with(mut self, path: &str, value: impl Into<Json>) -> Self {
        self.0.insert(path.to_owned(), Value::Plain(value.into()));
        self
    }

    /// This state with one more field, unless the value is absent.
    #[must_use]
    pub fn maybe(self, path: &str, value: Option<impl Into<Json>>) -> Self {
        match value {
            Some(value) => self.with(path, value),
            None => self,
        }
    }

    /// Adds the fingerprint of a secret field.
    pub fn insert_secret(&mut self, path: &str, fingerprint: String) {
        self.0.insert(path.to_owned(), Value::Secret(fingerprint));
    }

    /// Adds what was looked at of the secrets and files that are fields.
    pub fn insert_printed(&mut self, fields: &[Field], printed: &Printed) {
        for (path, print) in printed.secrets.iter().filter(|(path, _)| row(fields, path).is_some()) {
            self.insert_secret(path, print.clone());
        }
        for (path, digest) in &printed.files {
            self.insert(path, Value::Plain(digest.as_str().into()));
        }
    }

    /// Sets a field.
    pub fn insert(&mut self, path: &str, value: Value) {
        self.0.insert(path.to_owned(), value);
    }

    /// Takes a field out.
    pub fn remove(&mut self, path: &str) {
        self.0.remove(path);
    }

    /// The value of a field.
    pub fn get(&self, path: &str) -> Option<&Value> {
        self.0.get(path)
    }

    /// All fields, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(path, value)| (path.as_str(), value))
    }
}

impl Value {
    /// What is kept of this value in `status.applied`: the value itself as JSON, or the fingerprint of a secret.
    pub fn remembered(&self) -> String {
        match self {
            Self::Plain(value) => value.to_string(),
            Self::Secret(fingerprint) => fingerprint.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_the_keys_of_a_map() {
        let fields = [
            Field { path: "name", access: Access::Immutable, key: true, group: "" },
            Field { path: "additional.*", access: Access::Readable, key: false, group: "" },
        ];
        assert_eq!(row(&fields, "additional.anything").map(|field| field.path), Some("additional.*"));
        assert_eq!(row(&fields, "name").map(|field| field.path), Some("name"));
        assert!(row(&fields, "names").is_none());
    }
}
