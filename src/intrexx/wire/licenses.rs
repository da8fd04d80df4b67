//! Licences of a portal (contract 49 to 51). Their keys are secrets, so nothing here can be printed.

use serde::{Deserialize, Serialize};

use super::settings::is_masked;
use crate::base::secret::Secret;
use crate::base::value;

/// A licence as the list has it.
#[derive(Clone, Deserialize)]
#[serde(from = "Row")]
pub struct License {
    /// The key; none where the vendor does not tell it.
    pub key: Option<Secret>,
    /// Seats of this portal.
    pub count: u32,
    /// Seats of all portals; 0 for a licence that is not counted.
    pub total: Option<u32>,
    /// `PORTAL_SERVER`, `SHARE`, `CONNECTOR`, `APPLICATION`, or what else there may be.
    pub license_type: Option<String>,
    /// What people call it.
    pub name: Option<String>,
    /// Its last day, as the vendor writes it.
    pub valid_until: Option<String>,
    /// Whether it is a trial licence.
    pub trial: bool,
    /// `VALID`, `EXPIRING`, `EXPIRED`, `VIOLATED`, or what else there may be.
    pub status: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(default, deserialize_with = "value::optional_text")]
    key: Option<String>,
    #[serde(default, deserialize_with = "value::count")]
    count: u32,
    #[serde(default)]
    total: Option<Count>,
    #[serde(default, rename = "type", deserialize_with = "value::optional_text")]
    license_type: Option<String>,
    #[serde(default, deserialize_with = "value::optional_text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "value::optional_text")]
    valid_until: Option<String>,
    #[serde(default, deserialize_with = "value::flag")]
    trial: bool,
    #[serde(default, deserialize_with = "value::optional_text")]
    status: Option<String>,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Count(#[serde(deserialize_with = "value::count")] u32);

impl From<Row> for License {
    fn from(row: Row) -> Self {
        Self {
            key: row.key.filter(|key| !is_masked(key)).map(Secret::new),
            count: row.count,
            total: row.total.map(|Count(total)| total),
            license_type: row.license_type,
            name: row.name,
            valid_until: row.valid_until,
            trial: row.trial,
            status: row.status.map(|status| status.to_ascii_uppercase()),
        }
    }
}

/// The body of `POST /{portal}/licenses`.
#[derive(Clone, Serialize)]
pub struct NewLicense<'a> {
    /// The key.
    pub key: &'a str,
    /// Seats for this portal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_read_in_every_form() {
        let read = |json: &str| serde_json::from_str::<License>(json).unwrap();
        let whole = read(
            r#"{"key": "LICENSE-1", "count": "25", "total": 100, "type": "SHARE", "name": "Share", "valid_until": "2027-01-31",
                "trial": 1, "status": "expiring", "new": {}}"#,
        );
        assert_eq!(
            (whole.key.as_ref().map(Secret::expose), whole.count, whole.total),
            (Some("LICENSE-1"), 25, Some(100))
        );
        assert_eq!((whole.trial, whole.status.as_deref()), (true, Some("EXPIRING")));
        let least = read(r#"{"key": "***", "valid_until": null}"#);
        assert!(least.key.is_none() && least.valid_until.is_none() && !least.trial);
    }
}
