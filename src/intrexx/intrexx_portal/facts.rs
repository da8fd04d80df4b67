//! Facts: what the status of an IntrexxPortal tells beside what every kind tells.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is known of a portal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PortalFacts {
    /// The portal as it was last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<ObservedPortal>,
    /// What its service started with, as far as is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_with: Option<StartedWith>,
}

/// A portal as it was last seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservedPortal {
    /// The vendor's own id of it. A portal with another one is another portal, whatever its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guid: Option<String>,
    /// The name that people see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Its directory on the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal_path: Option<String>,
    /// The version of Intrexx.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// RUNNING, STOPPED, CREATING, or another word of the vendor's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Where people reach it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Its licences, when the spec names some. Their keys are never told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<ObservedLicense>,
}

/// A licence as it was last seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservedLicense {
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The vendor's word for its kind, such as PORTAL_SERVER.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub license_type: Option<String>,
    /// Seats of this portal.
    pub count: u32,
    /// Seats of all portals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u32>,
    /// Its last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// Whether it is a trial licence.
    #[serde(default)]
    pub trial: bool,
    /// VALID, EXPIRING, EXPIRED, VIOLATED, or another word of the vendor's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// What a portal's service started with. Values that differ by now take effect when it is restarted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartedWith {
    /// Values by the path of their field.
    pub values: BTreeMap<String, String>,
    /// The spec.restartedAt that was taken account of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarted_at: Option<String>,
}
