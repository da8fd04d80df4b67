//! The portal that something is in: named as an IntrexxPortal of the same namespace, or by its technical name.
//!
//! A spec of a kind inside a portal has the two fields `portal: Option<ObjectName>` and `portalName: Option<String>`, held to the rules
//! [`ONE_OF`] and [`UNCHANGED`]:
//!
//! ```ignore
//! #[x_kube(validation = portal_ref::ONE_OF, validation = portal_ref::UNCHANGED)]
//! ```

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::fault::{Class, Delivery, Fault};
use crate::engine::sibling::{Sibling, Siblings};
use crate::intrexx::address::Address;

/// The path of the field that names an IntrexxPortal.
pub const PATH: &str = "portal";

/// The rule that a spec names its portal in one way.
pub const ONE_OF: (&str, &str) =
    ("has(self.portal) != has(self.portalName)", "exactly one of portal and portalName must be set");

/// The rule that a spec stays in its portal.
pub const UNCHANGED: (&str, &str) = (
    "has(self.portal) == has(oldSelf.portal) && (!has(self.portal) || self.portal == oldSelf.portal) \
     && has(self.portalName) == has(oldSelf.portalName) && (!has(self.portalName) || self.portalName == oldSelf.portalName)",
    "portal and portalName cannot be changed: it lives in that portal; make another object",
);

/// A managed object of the same namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ObjectName {
    /// Its name.
    #[schemars(length(min = 1))]
    pub name: String,
}

/// The reference to an IntrexxPortal, for [`Kind::siblings`](crate::engine::kind::Kind::siblings).
pub fn sibling(portal: Option<&ObjectName>) -> Option<Sibling> {
    portal.map(|portal| Sibling::new(PATH, "IntrexxPortal", &portal.name))
}

/// The technical name of the portal; none while the IntrexxPortal's id is not known.
pub fn portal_name(name: Option<&str>, siblings: &Siblings) -> Option<String> {
    name.or_else(|| siblings.id(PATH)).map(str::to_owned)
}

/// The technical name of the portal, for a call.
///
/// # Errors
/// It is not known: the IntrexxPortal has no id. Nothing was sent.
pub fn known_name(name: Option<&str>, siblings: &Siblings) -> Result<String, Fault> {
    portal_name(name, siblings).ok_or_else(|| {
        let detail = "spec.portal: the technical name of that portal is not known; this goes on when it is";
        Fault::new(Class::Transient, "find", detail).with_delivery(Delivery::NotSent)
    })
}

/// What only one may write to at a time, for [`Kind::writer`](crate::engine::kind::Kind::writer): the portal, which is in the external id
/// once there is one.
pub fn writer(external_id: Option<&str>, name: Option<&str>, siblings: &Siblings) -> Option<String> {
    let known = external_id.and_then(Address::parse).map(|address| address.portal);
    known.or_else(|| portal_name(name, siblings))
}

/// The portal as a natural key says it, before its technical name is known: `portal sales`, or `IntrexxPortal sales`.
pub fn spoken(portal: Option<&ObjectName>, name: Option<&str>) -> String {
    match (portal, name) {
        (Some(portal), _) => format!("IntrexxPortal {}", portal.name),
        (None, name) => format!("portal {}", name.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use kube::KubeSchema;

    use super::*;
    use crate::intrexx::portal_ref;

    #[derive(KubeSchema, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[x_kube(validation = portal_ref::ONE_OF, validation = portal_ref::UNCHANGED)]
    struct Spec {
        portal: Option<ObjectName>,
        portal_name: Option<String>,
    }

    #[test]
    fn the_rules_come_into_a_schema() {
        let schema = serde_json::to_value(schemars::schema_for!(Spec)).unwrap();
        let rules = schema["x-kubernetes-validations"].as_array().unwrap();
        assert_eq!((rules.len(), &rules[0]["message"]), (2, &ONE_OF.1.into()), "{schema}");
    }

    #[test]
    fn the_name_is_given_or_the_siblings() {
        let siblings: Siblings = [(PATH.to_owned(), "sales".to_owned())].into_iter().collect();
        assert_eq!(portal_name(None, &siblings).as_deref(), Some("sales"));
        assert_eq!(portal_name(Some("hr"), &Siblings::default()).as_deref(), Some("hr"));
        assert_eq!(portal_name(None, &Siblings::default()), None);
        let writers = [writer(Some("sales/6"), None, &Siblings::default()), writer(None, None, &siblings)];
        assert!(writers.iter().all(|writer| writer.as_deref() == Some("sales")), "{writers:?}");
        let object = ObjectName { name: "main".to_owned() };
        assert_eq!(sibling(Some(&object)), Some(Sibling::new("portal", "IntrexxPortal", "main")));
        assert_eq!((sibling(None), spoken(Some(&object), None)), (None, "IntrexxPortal main".to_owned()));
        assert_eq!(spoken(None, Some("sales")), "portal sales");
    }
}
