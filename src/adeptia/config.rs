//! Config: what an AdminApi's spec has in its `adeptiaConnect` block.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where an Adeptia Connect is.
///
/// The credentials Secret needs the keys `username` and `password`: a login that may manage users and partners. The user name is to be the
/// e-mail address of that user, by which Provost knows it and keeps from locking it out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// The address of Adeptia Connect without /rest, such as `https://connect.example.com`, with the path of a reverse proxy if there is
    /// one. It must be https, because credentials travel with each call; http is accepted for loopback addresses only.
    pub url: String,
    /// The version of the API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Where the token of the log-in travels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_in: Option<TokenIn>,
    /// The status code of a partner that is not active, which the vendor documents nowhere; 200 is that of an active one. Default: 201.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = ("self != 200", "inactiveStatus must differ from 200, which is the status of an active partner"))]
    pub inactive_status: Option<u32>,
    /// The most rows that this server lists at once, whatever it is asked for; 0 where it has no limit of its own. No answer tells, so without
    /// this a list of 50, 100, 128, 200 and the like may be cut: as long as one has just so many rows, nothing new is made for want of proof
    /// that it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_limit: Option<u32>,
}

/// The status code of an inactive partner when the block does not say.
const INACTIVE: u32 = 201;

/// The version of the API, whose paths and methods changed between releases. Legacy: the early 2.x ones. Seed: those of late 2019.
/// Current: 3.x and later. Default: Seed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Profile {
    /// Early 2.x: partners are deleted with DELETE, and all templates granted without a query.
    Legacy,
    /// Late 2019.
    #[default]
    Seed,
    /// 3.x and later: the list of users has a limit.
    Current,
}

/// Where the token of the log-in travels. Header: in the header ACCESS_TOKEN. Cookie: in a cookie of that name, for proxies that drop
/// headers with an underscore. Default: Header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TokenIn {
    /// In the header `ACCESS_TOKEN`.
    #[default]
    Header,
    /// In the cookie `ACCESS_TOKEN`.
    Cookie,
}

impl Config {
    /// A block with nothing but an address.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), profile: None, token_in: None, inactive_status: None, list_limit: None }
    }

    /// The status code of a partner that is not active.
    pub fn inactive_status(&self) -> u32 {
        self.inactive_status.unwrap_or(INACTIVE)
    }
}
