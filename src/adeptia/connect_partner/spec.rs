//! What a ConnectPartner says of a partner, and what its status says.

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::kind::{AdminApiReference, Managed, SecretSource};
use crate::engine::policy::Policy;
use crate::engine::status::Status;

/// A trading partner in Adeptia Connect: the company, the networks it belongs to, the values of its networks' parameters, the templates it may
/// use, and whether it manages itself.
///
/// The vendor calls it a company, and gives it an id of 14 digits, which is its external id.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "provost.dev",
    version = "v1alpha1",
    kind = "ConnectPartner",
    plural = "connectpartners",
    namespaced,
    category = "provost",
    status = "ConnectPartnerStatus",
    printcolumn(name = "Partner", type_ = "string", json_path = ".spec.partnerName"),
    printcolumn(name = "Active", type_ = "boolean", json_path = ".status.observed.active"),
    printcolumn(name = "External", type_ = "boolean", json_path = ".status.observed.external")
)]
#[serde(rename_all = "camelCase")]
pub struct ConnectPartnerSpec {
    /// The AdminApi (with an adeptiaConnect block) that the partner is behind.
    #[x_kube(validation = ("self == oldSelf", "adminApi cannot be changed: the partner lives there; make another object"))]
    pub admin_api: AdminApiReference,
    /// What Provost may do to the partner. Orphan is the default; Disable makes it inactive; Delete makes it inactive and then deletes it, and
    /// its transactions go with it.
    #[serde(default)]
    #[schemars(with = "Option<Policy>")]
    pub policy: Policy,
    /// The name, by which the partner is found. Cannot be changed here: a partner of another name would be taken for another partner.
    #[schemars(length(min = 1, max = 128))]
    #[x_kube(validation = ("self == oldSelf", "partnerName cannot be changed after creation: the partner is found by it; make another object"))]
    pub partner_name: String,
    /// The ids of the networks that the partner belongs to: these, and no other. A change moves it.
    #[schemars(
        length(min = 1, max = 100),
        inner(length(max = 19), regex(pattern = "^[0-9]+$")),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub network_ids: Vec<String>,
    /// The e-mail address of whom to turn to. Absent: blank at creation, then not managed; so it is for the other fields without a word
    /// about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 254))]
    pub primary_contact: Option<String>,
    /// The telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub phone_number: Option<String>,
    /// The postal address; "" clears it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub address: Option<String>,
    /// The country; "" clears it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub country: Option<String>,
    /// Whether the partner is active. Absent: true at creation, then not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Whether the partner is a spoke company. Absent: false at creation, then not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spoke_company: Option<bool>,
    /// Values of parameters that the partner's networks define. Only those that are listed are managed; one that is taken out stays as it is,
    /// because the vendor cannot delete a value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 100),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["paramId"])
    )]
    pub parameters: Vec<Parameter>,
    /// The templates that the partner may use. What was granted from here is revoked when it is taken out; what others granted is left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_access: Option<TemplateAccess>,
    /// Makes an internal partner, which the company manages, an external one, which manages itself: once, and for good, since the vendor knows
    /// no way back. When it is done, a change of this block and its removal do nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<Conversion>,
}

/// The value of one parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
// A rule of the whole: the API server repeats the value of a field that breaks a rule of its own.
#[x_kube(validation = ("has(self.value) != has(self.valueFrom)", "exactly one of value and valueFrom must be set"))]
pub struct Parameter {
    /// The id of the parameter's definition in the network.
    #[schemars(length(max = 19), regex(pattern = "^[0-9]+$"))]
    pub param_id: String,
    /// The value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Where the value is, for one that is secret. It is sent again when it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_from: Option<SecretSource>,
}

/// The templates that a partner may use.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("has(self.templateIds) != (has(self.all) && self.all)", "exactly one of templateIds and all: true must be set"))]
pub struct TemplateAccess {
    /// The ids of the templates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(max = 500),
        inner(length(max = 19), regex(pattern = "^[0-9]+$")),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub template_ids: Option<Vec<String>>,
    /// true: every template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
}

/// How an internal partner becomes an external one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("has(self.selfOnboard) != has(self.importUsers)", "exactly one of selfOnboard and importUsers must be set"))]
pub struct Conversion {
    /// With one first user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_onboard: Option<FirstUser>,
    /// With the users of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import_users: Option<UserImport>,
}

/// The first user of a partner that manages itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FirstUser {
    /// First name.
    #[schemars(length(min = 1))]
    pub first_name: String,
    /// Last name.
    #[schemars(length(min = 1))]
    pub last_name: String,
    /// The name to log in with.
    #[schemars(length(min = 1))]
    pub user_id: String,
    /// The e-mail address.
    #[schemars(length(min = 1, max = 254))]
    pub email: String,
    /// The password. Used once, at the conversion; a later change of it has no effect.
    pub password: SecretSource,
}

/// Users that are imported from a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserImport {
    /// The file, which holds passwords: a CSV with the columns First Name, Last Name, User Id, Email Id, Role Name, Password, Partner's Name, a
    /// header line with these words, and this partner's name in each line. Several roles of one user stand in one cell, in double quotes. It is
    /// checked before it is sent, and used once.
    pub csv: SecretSource,
}

/// The status of a ConnectPartner.
pub type ConnectPartnerStatus = Status<PartnerFacts>;

/// What is known of a partner.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartnerFacts {
    /// The partner as the vendor last showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<ObservedPartner>,
    /// It was made from here, so that it was granted nothing before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub made: bool,
    /// The ids under which the vendor keeps what was granted from here, by template id or `all`; blank where they were not told. Without one
    /// a grant cannot be revoked by itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub linkages: BTreeMap<String, String>,
    /// The ids under which the vendor keeps the values of parameters, by parameter id; blank for one that was sent and has not been told.
    /// Absent while nobody knows which there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter_rows: Option<BTreeMap<String, String>>,
    /// The import of users failed, or nobody can tell, and no other one was begun since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub import_failed: bool,
    /// It was made external, or was found to be: that is for good.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub converted: bool,
}

/// A partner as the vendor last showed it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservedPartner {
    /// Whether it is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Whether it manages itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<bool>,
    /// The ids of its networks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_ids: Option<Vec<String>>,
}

impl Managed for ConnectPartnerSpec {
    fn admin_api(&self) -> &AdminApiReference {
        &self.admin_api
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }
}

impl ConnectPartnerSpec {
    /// Whether the partner may use every template.
    pub fn grants_all(&self) -> bool {
        self.template_access.as_ref().and_then(|access| access.all) == Some(true)
    }
}
