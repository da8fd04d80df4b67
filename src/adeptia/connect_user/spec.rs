//! What a ConnectUser says of a user, and what its status says.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::kind::{AdminApiReference, Managed, SecretSource};
use crate::engine::policy::Policy;
use crate::engine::status::Status;

/// A user of the company in Adeptia Connect.
///
/// A new user is invited by mail, once, and then made from that invitation with the password of the spec.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "provost.dev",
    version = "v1alpha1",
    kind = "ConnectUser",
    plural = "connectusers",
    namespaced,
    category = "provost",
    status = "ConnectUserStatus",
    printcolumn(name = "Email", type_ = "string", json_path = ".spec.email"),
    printcolumn(name = "Active", type_ = "boolean", json_path = ".status.observed.active")
)]
#[serde(rename_all = "camelCase")]
pub struct ConnectUserSpec {
    /// The AdminApi (with an adeptiaConnect block) that the user is behind.
    #[x_kube(validation = ("self == oldSelf", "adminApi cannot be changed: the user lives there; make another object"))]
    pub admin_api: AdminApiReference,
    /// What Provost may do to the user. Disable deactivates it. Delete deactivates and then deletes it, which Adeptia Connect refuses while
    /// the user owns objects; it stays deactivated then.
    #[serde(default)]
    #[schemars(with = "Option<Policy>")]
    pub policy: Policy,
    /// The e-mail address, in upper or lower case: the invitation goes there, and it is the name to log in with. Cannot be changed after
    /// creation.
    #[schemars(length(min = 3, max = 254), regex(pattern = "^[^\\s,;@]+@[^\\s,;@]+$"))]
    #[x_kube(validation = ("self == oldSelf", "email cannot be changed after creation: it is who the user is; make another object"))]
    pub email: String,
    /// The first name.
    #[schemars(length(min = 1, max = 254))]
    pub first_name: String,
    /// The last name.
    #[schemars(length(min = 1, max = 254))]
    pub last_name: String,
    /// Whether the user may log in. Where Adeptia Connect does not show it, it is set again only when it changes here. Absent: not managed;
    /// a new user may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// The password that a new user gets: 8 characters or more, with capital and small letters, digits and other characters. It cannot be
    /// changed afterwards from here. Needed to create a user, not to take one over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretSource>,
    /// The mail that invites a new user. Needed to create a user, not to take one over; not looked at afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<InvitationMail>,
    /// All roles of the user.
    #[schemars(length(min = 1, max = 50))]
    pub roles: Vec<PartnerRoles>,
}

/// The mail that invites a user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationMail {
    /// Its text.
    #[schemars(length(min = 1))]
    pub message: String,
    /// The e-mail address that answers go to.
    #[schemars(regex(pattern = "^[^\\s,;@]+@[^\\s,;@]+$"))]
    pub sender_email: String,
}

/// The roles that a user has with one partner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = ("has(self.partner) != has(self.partnerId)", "exactly one of partner and partnerId must be set"),
    validation = ("self.defaultRoleId in self.roleIds", "defaultRoleId must be one of roleIds")
)]
pub struct PartnerRoles {
    /// A ConnectPartner of this namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerName>,
    /// The id of a partner, in quotes: "1" is the company itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32), regex(pattern = "^[0-9]+$"))]
    pub partner_id: Option<String>,
    /// The ids of the roles, in quotes. Adeptia Connect has no call that lists roles: look there for their ids.
    #[schemars(length(min = 1, max = 20), inner(length(min = 1, max = 32), regex(pattern = "^[0-9]+$")))]
    pub role_ids: Vec<String>,
    /// The id of the one that the user acts in at first, in quotes.
    #[schemars(length(min = 1, max = 32))]
    pub default_role_id: String,
}

/// A ConnectPartner of the same namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartnerName {
    /// Its name.
    #[schemars(length(min = 1))]
    pub name: String,
}

/// The status of a ConnectUser.
pub type ConnectUserStatus = Status<ConnectUserFacts>;

/// What is known of a user.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectUserFacts {
    /// The user as Adeptia Connect last showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<ObservedConnectUser>,
}

/// A user as Adeptia Connect last showed it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservedConnectUser {
    /// The name of the company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Whether the user may log in. Absent: it is not shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// The roles. Absent: they are not shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<ObservedRole>>,
}

/// One role of a user with one partner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservedRole {
    /// The id of the partner.
    pub partner_id: String,
    /// The id of the role.
    pub role_id: String,
    /// Whether the user acts in it at first.
    pub default: bool,
}

impl Managed for ConnectUserSpec {
    fn admin_api(&self) -> &AdminApiReference {
        &self.admin_api
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }
}
