//! Address: where something inside a portal is, as the external id of its object says it.

use std::fmt;

use crate::base::fault::{Class, Delivery, Fault};
use crate::engine::policy::EXTERNAL_ID;

/// First segments of the API's fixed paths: a portal of such a name cannot be reached (contract, trap 6).
pub const RESERVED: [&str; 4] = ["auth", "portals", "templates", "admin-api"];

/// How people are told to write the external id of something in a portal.
pub const ID_FORM: &str = "its id as PORTAL/ID (such as sales/6)";

/// The portal that something is in, and the vendor's id in that portal. As text, `PORTAL/ID`, such as `sales/6`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// The portal's technical name.
    pub portal: String,
    /// The id in that portal.
    pub id: String,
}

impl Address {
    /// The address of `id` in `portal`.
    pub fn new(portal: impl Into<String>, id: impl Into<String>) -> Self {
        Self { portal: portal.into(), id: id.into() }
    }

    /// The address that an external id says; none when it is no such text.
    pub fn parse(text: &str) -> Option<Self> {
        let (portal, id) = text.split_once('/')?;
        let whole = |part: &str| !part.trim().is_empty() && !part.contains('/');
        (whole(portal) && whole(id)).then(|| Self::new(portal, id))
    }

    /// The address that the external id of an object says, for `operation`.
    ///
    /// # Errors
    /// [`Class::Refused`], not sent, for an id of another form, which a person wrote.
    pub fn of(operation: &'static str, external_id: &str) -> Result<Self, Fault> {
        Self::parse(external_id).ok_or_else(|| {
            let detail = format!(
                "{external_id:?} is no external id of something in a portal; set the annotation {EXTERNAL_ID} to {ID_FORM}"
            );
            Fault::new(Class::Refused, operation, detail).with_delivery(Delivery::NotSent)
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.portal, self.id)
    }
}

/// The one thing of a portal that is meant by a name; none when `found` is empty.
///
/// # Errors
/// There are several: what is to be done about it, with their ids. `what` says what they are and are called.
pub fn only<T>(
    portal: &str,
    what: impl FnOnce() -> String,
    mut found: Vec<T>,
    id: impl Fn(&T) -> &str,
) -> Result<Option<T>, String> {
    if found.len() < 2 {
        return Ok(found.pop());
    }
    let ids: Vec<String> = found.iter().map(|one| Address::new(portal, id(one)).to_string()).collect();
    Err(format!(
        "the portal {portal} has {} {}: {}; set the annotation {EXTERNAL_ID} to the id of the one that is meant",
        ids.len(),
        what(),
        ids.join(", ")
    ))
}

/// Whether two GUIDs are the same: their case says nothing (contract, trap 27).
pub fn same_guid(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_portal_and_an_id() {
        let address = Address::new("sales", "6");
        assert_eq!(address.to_string(), "sales/6");
        assert_eq!(Address::parse("sales/6"), Some(address));
        for text in ["", "sales", "sales/", "/6", "sales/users/6", " /6", "sales/ "] {
            assert_eq!(Address::parse(text), None, "{text}");
            let fault = Address::of("get_user", text).unwrap_err();
            assert!(
                (fault.class, fault.delivery) == (Class::Refused, Delivery::NotSent)
                    && fault.detail.contains("PORTAL/ID")
            );
        }
    }

    /// Trap 27.
    #[test]
    fn guids_are_compared_without_case() {
        assert!(same_guid("3F2504E0", "3f2504e0"));
        assert!(!same_guid("3F2504E0", "3F2504E1"));
    }
}
