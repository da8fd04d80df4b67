//! Sibling: a reference from one managed object to another of the same namespace, and what it resolves to.

use std::collections::BTreeMap;

use super::kind::Kind;
use super::reason::Reason;
use super::report::Stop;
use super::watch::Key;

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

/// The natural key as it tells the objects of one account apart. What a spec says by the name of a sibling means something in its namespace only.
pub fn scoped_key<K: Kind>(namespace: &str, spec: &K::Spec) -> String {
    let key = K::natural_key(spec);
    if K::siblings(spec).is_empty() { key } else { format!("{key} in namespace {namespace}") }
}

/// What is known of a managed object that others refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The vendor's id, once recorded.
    pub external_id: Option<String>,
    /// It is being deleted.
    pub deleting: bool,
    /// The AdminApi that it is behind; none when the object cannot be read.
    pub admin_api: Option<Key>,
}

impl Sibling {
    /// The id behind this reference, from an object of `namespace` behind `admin_api`, when `found` is what there is.
    ///
    /// # Errors
    /// [`Stop::Waiting`]: there is no such object, it has no id yet, it is going, or it is behind another AdminApi.
    pub fn judge(&self, namespace: &str, admin_api: &Key, found: Option<&Resolved>) -> Result<String, Stop> {
        let Self { path, kind, name } = self;
        let wait = |reason, what: &str| Stop::Waiting {
            reason,
            message: format!("spec.{path}: the {kind} {namespace}/{name} {what}"),
        };
        let Some(found) = found else {
            return Err(wait(Reason::ReferenceMissing, "does not exist; create it, or name another one"));
        };
        if found.admin_api.as_ref().is_some_and(|other| other != admin_api) {
            let what = format!("is behind another AdminApi than {}; name one that is behind the same", admin_api.1);
            return Err(wait(Reason::ReferenceForbidden, &what));
        }
        match &found.external_id {
            _ if found.deleting => Err(wait(Reason::ReferenceNotReady, "is being deleted; name another one")),
            Some(id) => Ok(id.clone()),
            None => Err(wait(Reason::ReferenceNotReady, "has no external object yet; this goes on when it has one")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(found: Option<Resolved>) -> Result<String, (Reason, String)> {
        let sibling = Sibling::new("portal", "IntrexxPortal", "main");
        let result = sibling.judge("ns", &("ns".into(), "api".into()), found.as_ref());
        result.map_err(|stop| (stop.reason(), stop.to_string()))
    }

    fn portal() -> Resolved {
        Resolved { external_id: Some("7".to_owned()), deleting: false, admin_api: Some(("ns".into(), "api".into())) }
    }

    #[test]
    fn only_an_object_with_an_id_behind_the_same_admin_api_will_do() {
        assert_eq!(judged(Some(portal())), Ok("7".to_owned()));
        let cases = [
            (None, Reason::ReferenceMissing),
            (Some(Resolved { external_id: None, ..portal() }), Reason::ReferenceNotReady),
            (Some(Resolved { deleting: true, ..portal() }), Reason::ReferenceNotReady),
            (Some(Resolved { external_id: None, admin_api: None, ..portal() }), Reason::ReferenceNotReady),
            (Some(Resolved { admin_api: Some(("ns".into(), "other".into())), ..portal() }), Reason::ReferenceForbidden),
            (Some(Resolved { admin_api: Some(("else".into(), "api".into())), ..portal() }), Reason::ReferenceForbidden),
        ];
        for (found, expected) in cases {
            let (reason, message) = judged(found).expect_err("it waits");
            assert_eq!(reason, expected);
            assert!(message.starts_with("spec.portal: the IntrexxPortal ns/main "), "{message}");
        }
    }
}
