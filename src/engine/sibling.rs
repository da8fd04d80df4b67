//! Sibling: a reference from one managed object to another of the same namespace, and what it resolves to.

use std::collections::BTreeMap;

/// A reference to another managed object of the same namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sibling {
    /// The path below `spec` of the field that names it, such as `portal` or `groups[1]`.
    pub path: String,
    /// Its kind.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
}

impl Sibling {
    /// The reference in the field `path`.
    pub fn new(path: impl Into<String>, kind: &'static str, name: impl Into<String>) -> Self {
        Self { path: path.into(), kind, name: name.into() }
    }
}

/// The vendor's ids of an object's siblings, by the path of the field that names each.
///
/// # Guarantees
/// Complete while an object is wanted. When it is being deleted, those that are gone or have no id are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Siblings(BTreeMap<String, String>);

impl Siblings {
    /// The id of the sibling that the field `path` names.
    pub fn id(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// All of them, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, id)| (path.as_str(), id.as_str()))
    }
}

impl FromIterator<(String, String)> for Siblings {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(ids: I) -> Self {
        Self(ids.into_iter().collect())
    }
}
