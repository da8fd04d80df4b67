//! Config: what an AdminApi's spec has in its `intrexx` block.

use std::time::Duration;

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::engine::kind::SecretSource;

/// The path of the licence below the block.
pub const LICENSE: &str = "license";

/// How long a portal may take to be made when the block does not say.
const CREATION_TIMEOUT: Duration = Duration::from_secs(20 * 60);

/// The portal user that the vendor's own set-up gives the Administration API.
const ADMINISTRATOR: &str = "Administrator";

/// Where an Intrexx Administration API is.
///
/// The credentials Secret needs the keys `username` and `password`: the one login of the Administration API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// The address of the Administration API, such as `https://intrexx.example.com:4242`, with the path of a reverse proxy if there is
    /// one. It must be https, because credentials travel with each call; http is accepted for loopback addresses only.
    pub url: String,
    /// The licence of the Administration API itself, which it needs from Intrexx 11 on; it is installed before anything else is done.
    /// Absent: whoever runs the server installs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<SecretSource>,
    /// How long the server may take to make a portal, such as 20m: so long is an answer waited for, and a portal that the list does not show
    /// that long after its answer was lost is made again. Default: 20m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = ("duration(self) >= duration('1s') && duration(self) <= duration('2h')", "must be between 1s and 2h; a portal takes minutes"))]
    pub portal_creation_timeout: Option<kube::core::Duration>,
    /// The login names of the portal users with which the Administration API enters its portals. Nothing of theirs that would lock it out
    /// is ever changed: password, account, membership. Default: Administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    pub portal_administrators: Option<Vec<String>>,
}

impl Config {
    /// A block with nothing but an address.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), license: None, portal_creation_timeout: None, portal_administrators: None }
    }

    /// How long a portal may take to be made.
    pub fn creation_timeout(&self) -> Duration {
        self.portal_creation_timeout.map_or(CREATION_TIMEOUT, Duration::from)
    }

    /// The portal users that the Administration API logs in with.
    pub fn administrators(&self) -> Vec<String> {
        self.portal_administrators.clone().unwrap_or_else(|| vec![ADMINISTRATOR.to_owned()])
    }
}
