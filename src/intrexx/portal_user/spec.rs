//! What a PortalUser says of a user, and what its status says.

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::engine::kind::{AdminApiReference, Managed, SecretSource};
use crate::engine::policy::Policy;
use crate::engine::status::Status;
use crate::intrexx::portal_ref::{self, ObjectName};

/// A user of an Intrexx portal, and the groups that this user is in.
///
/// The vendor cannot search for users: provost.dev/external-id has the form PORTAL/ID, such as sales/6.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "provost.dev",
    version = "v1alpha1",
    kind = "PortalUser",
    plural = "portalusers",
    namespaced,
    category = "provost",
    status = "PortalUserStatus",
    printcolumn(name = "Login", type_ = "string", json_path = ".spec.loginName"),
    printcolumn(name = "Disabled", type_ = "boolean", json_path = ".status.observed.disabled"),
    printcolumn(name = "Locked", type_ = "boolean", json_path = ".status.observed.locked")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = portal_ref::ONE_OF,
    validation = portal_ref::UNCHANGED,
    validation = ("has(self.domain) == has(oldSelf.domain) && (!has(self.domain) || self.domain == oldSelf.domain)", "domain cannot be changed after creation: it is part of who the user is"),
    validation = ("has(self.password) != (has(self.withoutPassword) && self.withoutPassword)", "exactly one of password and withoutPassword: true must be set: a user who is made without a password can be logged in as by whoever knows the name")
)]
pub struct PortalUserSpec {
    /// The AdminApi (with an intrexx block) that the portal is behind.
    #[x_kube(validation = ("self == oldSelf", "adminApi cannot be changed: the user lives there; make another object"))]
    pub admin_api: AdminApiReference,
    /// What Provost may do to the user.
    #[serde(default)]
    #[schemars(with = "Option<Policy>")]
    pub policy: Policy,
    /// The IntrexxPortal of this namespace that the user is in. Cannot be changed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal: Option<ObjectName>,
    /// The technical name of the portal, where no IntrexxPortal stands for it. Cannot be changed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub portal_name: Option<String>,
    /// The name to log in with, in upper or lower case. Cannot be changed after creation.
    #[schemars(length(min = 1))]
    #[x_kube(validation = ("self == oldSelf", "loginName cannot be changed after creation: it is who the user is; make another object"))]
    pub login_name: String,
    /// The domain in which the login name is unique. Cannot be changed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// First name.
    pub first_name: String,
    /// Last name.
    #[schemars(length(min = 1))]
    pub last_name: String,
    /// The name in lists. Absent: the portal makes it from the names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_name: Option<String>,
    /// Middle name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    /// Title, such as Dr.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What there is to say about the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The e-mail address at work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the user is kept from logging in. Absent: not at creation, then not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// Rules for the account. Absent ones come from the portal's security guidelines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountRules>,
    /// Further ways to reach the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// Personal information.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal_information: Option<PersonalInformation>,
    /// Postal address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<PostalAddress>,
    /// Attributes that were added to users in the portal's schema manager, under the vendor's own names: texts, numbers or booleans. Only
    /// those that are named here are sent and compared.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "open_map")]
    pub custom_attributes: BTreeMap<String, Json>,
    /// The password. The vendor never shows it, so it is sent again when its Secret changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretSource>,
    /// true says that no password is set from here: a new user has none, and an existing one keeps the one there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_password: Option<bool>,
    /// The groups that the user is in. Absent: not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Memberships>,
}

/// Rules for a user's account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountRules {
    /// Whether the portal locks the account after wrong log-ins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub can_be_locked: Option<bool>,
    /// Whether the password expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_expires: Option<bool>,
    /// Whether the user has to change the password at the next log-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub must_change_password: Option<bool>,
    /// Whether the user is kept from changing the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cannot_change_password: Option<bool>,
}

/// Further ways to reach a user.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// The private e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_email: Option<String>,
    /// The telephone number at work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_phone: Option<String>,
    /// The private telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_phone: Option<String>,
    /// The number of the mobile phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile_phone: Option<String>,
    /// The number for faxes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fax: Option<String>,
}

/// Personal information about a user.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonalInformation {
    /// Gender, in a word of the portal's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// Date of birth, such as 1985-12-10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<String>,
    /// Number in the personnel records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personnel_number: Option<String>,
    /// The day on which the user joined, such as 2026-01-01.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_date: Option<String>,
}

/// A postal address.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PostalAddress {
    /// Post office box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub po_box: Option<String>,
    /// Street and number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street: Option<String>,
    /// Postal code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// City.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// State.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// The groups that a user is in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Memberships {
    /// Groups that the user is to be in.
    #[schemars(length(max = 100))]
    pub members: Vec<GroupReference>,
    /// Whether the user is taken out of all other groups. Absent: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authoritative: Option<bool>,
}

/// A group of the portal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("has(self.group) != has(self.id)", "exactly one of group and id must be set"))]
pub struct GroupReference {
    /// A PortalGroup of this namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<ObjectName>,
    /// The id of a group, in quotes: "3" is Administrators, "4" is Users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100), regex(pattern = "^[^/\\s]+$"))]
    pub id: Option<String>,
}

fn open_map(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

/// The status of a PortalUser.
pub type PortalUserStatus = Status<UserFacts>;

/// What is known of a user.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserFacts {
    /// The user as the portal last showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<ObservedUser>,
}

/// A user as the portal last showed it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservedUser {
    /// The login name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_name: Option<String>,
    /// First and last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// The GUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guid: Option<String>,
    /// Whether the user is kept from logging in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// Whether the portal locked the account after wrong log-ins. Only a person can unlock it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked: Option<bool>,
    /// The ids of the groups that the user is in, where the spec manages them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
}

impl Managed for PortalUserSpec {
    fn admin_api(&self) -> &AdminApiReference {
        &self.admin_api
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }
}
