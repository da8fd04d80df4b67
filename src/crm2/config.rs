//! Config: what an AdminApi's spec has in its `crm2` block.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a CRM-2 is, and which of its domains the AdminApi is about.
///
/// The credentials Secret needs the key `authToken`: the permanent token of a user who has the permission DOMAIN_CONF in that domain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// The address of the server, such as `https://crm2.opentaps.com`; `/admin` is added by itself. It must be https, because tokens travel
    /// with each call; http is accepted for loopback addresses only.
    pub url: String,
    /// The domain of yours that is managed, such as `acme.example`. It travels as a parameter: a slip of the pen is another customer's
    /// domain, which the vendor refuses.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = ("self.trim() == self && !self.contains(' ')", "must be a domain name such as acme.example, without blanks"))]
    pub client_domain: String,
    /// Where the parameters of a DELETE go, on which the vendor's pages are silent but for one example with a body. Query: into the query
    /// string, which every proxy passes on. Body: into a form, as in that example. Default: Query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete_parameters: Option<DeleteParameters>,
    /// The user id of the token's own user, such as `owner@acme.example`, which the API does not tell. It is used for one thing: to refuse
    /// whatever would lock that user out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub own_user_id: Option<String>,
}

/// Where the parameters of a DELETE go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeleteParameters {
    /// Into the query string.
    #[default]
    Query,
    /// Into a form.
    Body,
}

impl Config {
    /// A block with nothing but an address and a domain.
    pub fn new(url: impl Into<String>, client_domain: impl Into<String>) -> Self {
        Self { url: url.into(), client_domain: client_domain.into(), delete_parameters: None, own_user_id: None }
    }
}
