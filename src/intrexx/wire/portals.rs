//! Portals of the installation, as the list of portals has them (contract 2).

use serde::Deserialize;

use crate::base::value;
use crate::intrexx::address::same_guid;

/// A portal. Of its fields only a GUID, a display name and a path may be there (contract, trap 5).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Row")]
pub struct Portal {
    /// The GUID: what a deletion wants (trap 4).
    pub guid: Option<String>,
    /// The technical name: what every other call wants. The last element of the path, where the vendor does not say it.
    pub name: String,
    /// What people call it.
    pub display_name: Option<String>,
    /// Its directory on the server.
    pub portal_path: Option<String>,
    /// Where it is on the web.
    pub base_url: Option<String>,
    /// The version of Intrexx.
    pub version: Option<String>,
    /// RUNNING, STOPPED, CREATING, UNKNOWN, or what else there may be.
    pub status: Option<String>,
}

impl Portal {
    /// Whether the server is still making it.
    pub fn is_being_made(&self) -> bool {
        self.status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("CREATING"))
    }
}

#[derive(Deserialize)]
struct Row {
    #[serde(default, deserialize_with = "value::optional_text")]
    id: Option<String>,
    #[serde(default, deserialize_with = "value::optional_text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "value::optional_text")]
    display_name: Option<String>,
    #[serde(default, deserialize_with = "value::optional_text")]
    portal_path: Option<String>,
    #[serde(default, deserialize_with = "value::optional_text")]
    base_url: Option<String>,
    #[serde(default, deserialize_with = "value::optional_text")]
    version: Option<String>,
    #[serde(default, deserialize_with = "value::optional_text")]
    status: Option<String>,
}

/// A row that does not say which portal it is: a list with it is not whole.
#[derive(Debug, thiserror::Error)]
#[error("a portal without a name and a path")]
struct Nameless;

impl TryFrom<Row> for Portal {
    type Error = Nameless;

    fn try_from(row: Row) -> Result<Self, Nameless> {
        let last = row.portal_path.as_deref().and_then(name_of_path).map(str::to_owned);
        Ok(Self {
            guid: row.id,
            name: row.name.or(last).ok_or(Nameless)?,
            display_name: row.display_name,
            portal_path: row.portal_path,
            base_url: row.base_url,
            version: row.version,
            status: row.status,
        })
    }
}

/// The technical name of a portal in this directory: the last element of the path, with `/` or `\` between them.
pub fn name_of_path(path: &str) -> Option<&str> {
    path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().filter(|name| !name.trim().is_empty())
}

/// All portals of an installation, as the vendor listed them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Portals(pub Vec<Portal>);

impl Portals {
    /// The portal of this technical name: the one that is written so, else the only one that differs by case alone (trap 27).
    pub fn by_name(&self, name: &str) -> Option<&Portal> {
        let mut alike = self.0.iter().filter(|portal| portal.name.eq_ignore_ascii_case(name));
        let exact = self.0.iter().find(|portal| portal.name == name);
        exact.or_else(|| alike.next().filter(|_| alike.next().is_none()))
    }

    /// Whether any portal may be the one of this technical name.
    pub fn has_named(&self, name: &str) -> bool {
        self.0.iter().any(|portal| portal.name.eq_ignore_ascii_case(name))
    }

    /// The portal of this GUID.
    pub fn by_guid(&self, guid: &str) -> Option<&Portal> {
        self.0.iter().find(|portal| portal.guid.as_deref().is_some_and(|own| same_guid(own, guid)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portal(json: &str) -> Option<Portal> {
        serde_json::from_str(json).ok()
    }

    /// Trap 5: the list may tell the path instead of the name, and the display name is neither.
    #[test]
    fn the_name_is_the_last_element_of_the_path() {
        for path in ["/opt/intrexx/org/sales", "/opt/intrexx/org/sales/", r"C:\\intrexx\\org\\sales", "sales"] {
            let read =
                portal(&format!(r#"{{"id": "3F25", "display_name": "Vertrieb", "portal_path": "{path}"}}"#)).unwrap();
            assert_eq!((read.name.as_str(), read.guid.as_deref()), ("sales", Some("3F25")), "{path}");
        }
        let named = portal(r#"{"id": 7, "name": "sales", "portal_path": "/opt/elsewhere", "new": [1]}"#).unwrap();
        assert_eq!((named.name.as_str(), named.guid.as_deref()), ("sales", Some("7")));
        assert_eq!(portal(r#"{"id": "3F25", "display_name": "Vertrieb"}"#), None);
    }

    /// Trap 27.
    #[test]
    fn case_decides_only_between_two() {
        let row = |name: &str| portal(&format!(r#"{{"id": "ab{name}", "name": "{name}"}}"#)).unwrap();
        let one = Portals(vec![row("Sales"), row("hr")]);
        assert_eq!(one.by_name("sales").map(|portal| portal.name.as_str()), Some("Sales"));
        assert_eq!(one.by_name("SALE"), None);
        assert_eq!(one.by_guid("ABHR").map(|portal| portal.name.as_str()), Some("hr"));
        let two = Portals(vec![row("Sales"), row("sales")]);
        assert_eq!(two.by_name("sales").map(|portal| portal.name.as_str()), Some("sales"));
        assert_eq!(two.by_name("SALES"), None);
    }
}
