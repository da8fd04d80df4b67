//! What a CrmDomain says of a client domain, and what its status says.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::kind::{AdminApiReference, Managed, SecretSource};
use crate::engine::policy::Policy;
use crate::engine::status::Status;

/// The settings of a CRM-2 client domain: the account of its notifications, the mailboxes that are polled, and its activity types.
///
/// The domain itself is neither made nor deleted: it is the one that the AdminApi names, and one CrmDomain alone has charge of it. What is
/// there already and would be written over or removed makes a conflict, unless policy.adoption is IfExists. Deletion with policy.deletion: Delete removes what Provost has set, and nothing else.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "provost.dev",
    version = "v1alpha1",
    kind = "CrmDomain",
    plural = "crmdomains",
    namespaced,
    category = "provost",
    status = "CrmDomainStatus",
    printcolumn(name = "Domain", type_ = "string", json_path = ".status.externalId"),
    printcolumn(name = "Notifications", type_ = "string", json_path = ".status.observed.notifications.user"),
    printcolumn(
        name = "Replies",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"RepliesPolled\")].reason"
    )
)]
#[serde(rename_all = "camelCase")]
pub struct CrmDomainSpec {
    /// The AdminApi (with a crm2 block), which says which client domain it is.
    #[x_kube(validation = ("self == oldSelf", "adminApi cannot be changed: the client domain is its own; make another object"))]
    pub admin_api: AdminApiReference,
    /// What Provost may do to the domain's settings.
    #[serde(default)]
    #[schemars(with = "Option<Policy>")]
    pub policy: Policy,
    /// The mail account that notifications are sent with. Absent: not managed, and left as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_notifications: Option<EmailNotifications>,
    /// The mailboxes that are polled for mails. Absent: not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emails_to_poll: Option<EmailsToPoll>,
    /// The types that activities may have. Absent: not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity_types: Option<ActivityTypes>,
    /// Has the AdminApi's own permanent token replaced. The AdminApi must be of this object's namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_rotation: Option<TokenRotation>,
}

/// The mail account that notifications are sent with: all four of its fields, or remove.
///
/// Replies to a notification are lost unless its mailbox is polled too: list it under emailsToPoll. The condition RepliesPolled tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "has(self.remove) && self.remove ? !has(self.user) && !has(self.host) && !has(self.protocol) && !has(self.password) : has(self.user) && has(self.host) && has(self.protocol) && has(self.password)",
    "either user, host, protocol and password must be set, or remove: true and none of them"
))]
pub struct EmailNotifications {
    /// The user, such as `notify@acme.example`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 254))]
    pub user: Option<String>,
    /// The mail server, such as `smtp.gmail.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub host: Option<String>,
    /// The protocol: smtp, which uses SSL on port 465 by itself. The vendor's older page says smtps, which is accepted here and refused by
    /// newer servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub protocol: Option<String>,
    /// The password. The vendor never shows it, so it is sent when it changes here, with all else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretSource>,
    /// Whether the account is to be removed. Leaving the whole block out removes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remove: Option<bool>,
}

impl EmailNotifications {
    /// The account that is wanted; none when it is to be removed.
    pub fn account(&self) -> Option<(&str, &str, &str)> {
        if self.remove == Some(true) {
            return None;
        }
        Some((self.user.as_deref()?, self.host.as_deref()?, self.protocol.as_deref()?))
    }
}

/// The mailboxes that are polled for mails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailsToPoll {
    /// The mailboxes. Each is known by its user, in upper or lower case.
    #[schemars(length(max = 100))]
    pub mailboxes: Vec<Mailbox>,
    /// Whether mailboxes that are not listed are removed. Default: false; one that is listed no more is then left as it is, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authoritative: Option<bool>,
}

/// A mailbox that is polled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Mailbox {
    /// The user, such as `support@acme.example`. The vendor cannot rename a mailbox: another user is another mailbox.
    #[schemars(length(min = 1, max = 254))]
    pub user: String,
    /// The mail server, such as `pop.googlemail.com`.
    #[schemars(length(min = 1, max = 253))]
    pub host: String,
    /// The protocol, such as `gimap`, for which Gmail's host is `pop.googlemail.com`, or `imaps`.
    #[schemars(length(min = 1, max = 63))]
    pub protocol: String,
    /// The password. The vendor never shows it, so it is sent when it changes here, with all else.
    pub password: SecretSource,
}

/// The types that activities may have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActivityTypes {
    /// The types, in upper case, as the server keeps them.
    #[schemars(length(max = 200), inner(length(max = 100), regex(pattern = r"^[A-Z0-9][A-Z0-9_. -]*$")))]
    pub names: Vec<String>,
    /// Whether types that are not listed are removed, but for EMAIL, NOTE and TASK, which are in every domain. Default: false; one that is
    /// listed no more is then left as it is, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authoritative: Option<bool>,
}

/// A reset of the permanent token that the AdminApi comes in with.
///
/// The old token ends at once, for everybody who uses it; the new one is written to the AdminApi's Secret and nowhere else. Should the
/// vendor's answer get lost, nobody but the vendor knows the new token: the condition Ready says then where a person finds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenRotation {
    /// Any text, such as a date. Each new value has the token reset once, the one that this object is made with too; the same value is never
    /// fulfilled twice in a row.
    #[schemars(length(min = 1, max = 100))]
    pub request: String,
}

/// The status of a CrmDomain.
pub type CrmDomainStatus = Status<DomainFacts>;

/// What is known of a client domain.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DomainFacts {
    /// The settings as the vendor last showed them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<ObservedDomain>,
    /// What Provost has set, which is what a deletion with policy.deletion: Delete removes.
    #[serde(default, skip_serializing_if = "Written::is_nothing")]
    pub written: Written,
    /// The mail accounts that somebody else had set when Provost took charge. None of them is written over unasked.
    #[serde(default, skip_serializing_if = "Written::is_nothing")]
    pub found: Written,
    /// The reset of the permanent token that was done last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
}

/// A reset of the permanent token.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rotation {
    /// The request that it fulfilled.
    pub request: String,
    /// When the new token was proven.
    pub at: String,
}

/// The settings of a client domain as the vendor last showed them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservedDomain {
    /// The account of the notifications, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notifications: Option<ObservedAccount>,
    /// The mailboxes that are polled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mailboxes: Vec<ObservedAccount>,
    /// The activity types.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub activity_types: Vec<String>,
}

/// A mail account as the vendor last showed it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservedAccount {
    /// The user.
    pub user: String,
    /// The mail server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The protocol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
}

/// What Provost has set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Written {
    /// The user of the account that notifications are sent with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notifications: Option<String>,
    /// The users of mailboxes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mailboxes: Vec<String>,
    /// Activity types that were not there before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub activity_types: Vec<String>,
}

impl Written {
    /// Whether there is nothing.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Managed for CrmDomainSpec {
    fn admin_api(&self) -> &AdminApiReference {
        &self.admin_api
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }
}
