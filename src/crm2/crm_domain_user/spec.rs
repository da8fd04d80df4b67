//! What a CrmDomainUser says of a user, and what its status says.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::crm2::login::Login;
use crate::crm2::wire::contacts::ContactFields;
use crate::engine::kind::{AdminApiReference, Managed};
use crate::engine::policy::Policy;
use crate::engine::status::Status;

/// A user of a CRM-2 domain: a login of a contact, and what that contact may do.
///
/// Permissions belong to the contact, not to the login: all logins of a contact have them. CRM-2 does not show them, so what somebody else
/// grants or revokes stays unseen. provost.dev/external-id has the form TYPE/USERID, such as GOOGLE_APPS/grace@acme.example.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "provost.dev",
    version = "v1alpha1",
    kind = "CrmDomainUser",
    plural = "crmdomainusers",
    namespaced,
    category = "provost",
    status = "CrmDomainUserStatus",
    printcolumn(name = "User", type_ = "string", json_path = ".spec.userId"),
    printcolumn(name = "Type", type_ = "string", json_path = ".spec.userIdType"),
    printcolumn(name = "Contact", type_ = "string", json_path = ".status.contactId")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = ("has(self.contact) != has(self.contactId)", "exactly one of contact (made together with the user) and contactId (one that exists) must be set"),
    validation = ("has(self.contactId) == has(oldSelf.contactId) && (!has(self.contactId) || self.contactId == oldSelf.contactId)", "contactId cannot be changed after creation, nor exchanged for contact: the login belongs to that contact; make another object"),
    validation = ("self.userIdType != 'GoogleApps' || self.userId.contains('@')", "userId must be the whole address for GoogleApps, such as grace@acme.example"),
    validation = ("self.userIdType != 'TwitterLogin' || !self.userId.startsWith('@')", "userId must be the Twitter handle without the leading @"),
    validation = ("!has(self.deleteContact) || !self.deleteContact || (has(self.policy) && has(self.policy.deletion) && self.policy.deletion == 'Delete')", "deleteContact: true needs policy.deletion: Delete: a contact goes with all its activities, and only when the spec says so twice")
)]
pub struct CrmDomainUserSpec {
    /// The AdminApi (with a crm2 block) whose domain the user is in.
    #[x_kube(validation = ("self == oldSelf", "adminApi cannot be changed: the user lives there; make another object"))]
    pub admin_api: AdminApiReference,
    /// What Provost may do to the user. Deletion Disable (the default) takes away the permissions that were granted here, and leaves the login;
    /// Delete takes away the login as well, and leaves its contact.
    #[serde(default)]
    #[schemars(with = "Option<Policy>")]
    pub policy: Policy,
    /// Who logs in: the whole address of a Google account, a Twitter handle without @, or the name of an opentaps 1.x login. Cannot be changed
    /// after creation.
    #[schemars(length(min = 1, max = 254), regex(pattern = "^\\S+$"))]
    #[x_kube(validation = ("self == oldSelf", "userId cannot be changed after creation: it is who the user is; make another object"))]
    pub user_id: String,
    /// What the user id is. Cannot be changed after creation.
    #[x_kube(validation = ("self == oldSelf", "userIdType cannot be changed after creation: it is who the user is; make another object"))]
    pub user_id_type: UserIdType,
    /// The contact that is made together with the user, and kept so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactDetails>,
    /// The id of the contact that is to have the login, and which exists already. Nothing of the contact itself is managed. Cannot be changed
    /// after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100), regex(pattern = "^[^/\\s]+$"))]
    pub contact_id: Option<String>,
    /// What the user may do. Only what is named here is granted or revoked; what is named no more, and was granted, is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
    /// Whether the contact is deleted together with the login, and with it all its activities, for ever. It needs policy.deletion: Delete.
    /// A contact that has other logins is not deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete_contact: Option<bool>,
}

/// What a user id is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum UserIdType {
    /// The address of a Google account (GOOGLE_APPS).
    GoogleApps,
    /// A Twitter handle (TWITTER_LOGIN).
    TwitterLogin,
    /// A login of opentaps 1.x (INTERNAL).
    Internal,
}

/// What is kept of a contact. Absent fields are not managed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("has(self.firstName) || has(self.lastName) || has(self.companyName)", "at least one of firstName, lastName and companyName must be set"))]
pub struct ContactDetails {
    /// First name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub last_name: Option<String>,
    /// The company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub company_name: Option<String>,
    /// An e-mail address that the contact is to have; when it has it not, this one takes the place of its primary address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub email_address: Option<String>,
}

/// What a user may do, such as CONTACT_VIEW, CONTACT_UPDATE, ACTIVITY_VIEW, ACTIVITY_UPDATE and DOMAIN_CONF. CRM-2 says which permissions there
/// are when it is given one that is none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("!has(self.granted) || !has(self.revoked) || !self.granted.exists(name, name in self.revoked)", "a permission cannot be both in granted and in revoked"))]
pub struct Permissions {
    /// Permissions that the user is given. One that is taken out of this list is revoked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub granted: Vec<PermissionName>,
    /// Permissions that are taken away from the user, whoever gave them. One that is taken out of this list stays as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub revoked: Vec<PermissionName>,
}

/// The name of a permission, in upper case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct PermissionName(#[schemars(length(min = 1, max = 100), regex(pattern = "^[A-Z][A-Z0-9_]*$"))] pub String);

/// The status of a CrmDomainUser.
pub type CrmDomainUserStatus = Status<DomainUserFacts>;

/// What is known of a user.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DomainUserFacts {
    /// The id of the contact that has the login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<String>,
    /// The contact was made for this object.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub contact_made: bool,
    /// Permissions that were granted for this object, and not revoked since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub granted: Vec<String>,
    /// Permissions that were revoked for this object, and not granted since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revoked: Vec<String>,
    /// The user as the vendor last showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<ObservedDomainUser>,
}

/// A user as the vendor last showed it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservedDomainUser {
    /// First name, where the contact is managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name, where the contact is managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The company, where the contact is managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    /// The primary e-mail address, where the contact is managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_address: Option<String>,
    /// Other logins of the same contact, as TYPE/USERID.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_logins: Vec<String>,
}

impl UserIdType {
    /// The vendor's word for it.
    pub fn token(self) -> &'static str {
        match self {
            Self::GoogleApps => "GOOGLE_APPS",
            Self::TwitterLogin => "TWITTER_LOGIN",
            Self::Internal => "INTERNAL",
        }
    }

    /// Our word for one of the vendor's; its own where there is none.
    pub fn of_token(token: &str) -> String {
        let known = [Self::GoogleApps, Self::TwitterLogin, Self::Internal];
        let ours = known.into_iter().find(|known| known.token().eq_ignore_ascii_case(token.trim()));
        ours.map_or_else(|| token.trim().to_owned(), |ours| format!("{ours:?}"))
    }
}

impl CrmDomainUserSpec {
    /// The login that it is about.
    pub fn login(&self) -> Login {
        Login::new(self.user_id_type.token(), self.user_id.as_str())
    }

    /// The permissions that it grants.
    pub fn granted(&self) -> impl Iterator<Item = &str> {
        self.permissions.iter().flat_map(|permissions| &permissions.granted).map(|name| name.0.as_str())
    }

    /// The permissions that it revokes.
    pub fn revoked(&self) -> impl Iterator<Item = &str> {
        self.permissions.iter().flat_map(|permissions| &permissions.revoked).map(|name| name.0.as_str())
    }
}

impl ContactDetails {
    /// The same in the words of the wire.
    pub fn fields(&self) -> ContactFields {
        ContactFields {
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            company_name: self.company_name.clone(),
            email_address: self.email_address.clone(),
        }
    }
}

impl Managed for CrmDomainUserSpec {
    fn admin_api(&self) -> &AdminApiReference {
        &self.admin_api
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }
}
