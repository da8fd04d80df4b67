//! TenantAccount: an account that stores one customer's data, and the health of that customer's app connections.
//!
//! The vendor has no delete and no way to read `active` back; a known account that the list does not show is taken to be inactive and
//! hidden (contract 2.2, 3.1), which the next update of it confirms or denies.

use std::borrow::Cow;
use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::Instant;

use super::MyIntranetApps;
use super::client::Client;
use super::health::{self, ConnectionHealth, ConnectionsReport};
use super::wire::{Account, AccountChange, AccountType, AccountUpdate, NewAccount};
use crate::base::fault::Fault;
use crate::engine::kind::{
    AdminApiReference, Attempt, Created, Found, Identity, Invalid, Kind, Listed, Listing, Managed, Progress, SecretKey,
    SecretSource, SecretTarget, Seen, Sought, Wanted,
};
use crate::engine::metrics::GaugeSpec;
use crate::engine::policy::{Deletion, Deletions, Policy};
use crate::engine::sibling::Siblings;
use crate::engine::state::{Access, Field, State};
use crate::engine::status::Status;

/// An account at MyIntranetApps (Boss Insights) that stores one customer's data, and the health of that customer's app connections.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "provost.dev",
    version = "v1alpha1",
    kind = "TenantAccount",
    plural = "tenantaccounts",
    namespaced,
    category = "provost",
    status = "TenantAccountStatus",
    printcolumn(name = "Subdomain", type_ = "string", json_path = ".spec.subdomain"),
    printcolumn(name = "Connections", type_ = "integer", json_path = ".status.connections.total"),
    printcolumn(name = "In-Error", type_ = "integer", json_path = ".status.connections.inError"),
    printcolumn(
        name = "Healthy",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"ConnectionsHealthy\")].status"
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = ("has(self.type) == has(oldSelf.type) && (!has(self.type) || self.type == oldSelf.type)", "type cannot be changed after creation: the vendor takes it only then"),
    validation = ("has(self.domain) == has(oldSelf.domain) && (!has(self.domain) || self.domain == oldSelf.domain)", "domain cannot be changed after creation: the vendor takes it only then"),
    validation = ("has(self.dataShare) == has(oldSelf.dataShare) && (!has(self.dataShare) || self.dataShare == oldSelf.dataShare)", "dataShare cannot be changed after creation: the vendor takes it only then"),
    validation = ("has(self.firstName) == has(oldSelf.firstName) && (!has(self.firstName) || self.firstName == oldSelf.firstName)", "firstName cannot be changed after creation: the vendor takes it only then"),
    validation = ("has(self.lastName) == has(oldSelf.lastName) && (!has(self.lastName) || self.lastName == oldSelf.lastName)", "lastName cannot be changed after creation: the vendor takes it only then"),
    validation = ("has(self.environment) == has(oldSelf.environment) && (!has(self.environment) || self.environment == oldSelf.environment)", "environment cannot be changed after creation: the vendor takes it only then")
)]
pub struct TenantAccountSpec {
    /// The AdminApi (with a myIntranetApps block) that the account is behind.
    #[x_kube(validation = ("self == oldSelf", "adminApi cannot be changed: the account lives there; make another object"))]
    pub admin_api: AdminApiReference,
    /// What Provost may do to the account.
    #[serde(default)]
    #[schemars(with = "Option<Policy>")]
    pub policy: Policy,
    /// The company's name as its users see it, usually the legal one. Cannot be changed after creation.
    #[schemars(length(min = 1, max = 255))]
    #[x_kube(validation = ("self == oldSelf", "name cannot be changed after creation: the vendor takes it only then"))]
    pub name: String,
    /// The account's own subdomain: at most 50 letters, digits and dashes, unique over all of the vendor's customers. Cannot be
    /// changed after creation.
    #[schemars(length(min = 1, max = 50), regex(pattern = "^[A-Za-z0-9-]+$"))]
    #[x_kube(validation = ("self == oldSelf", "subdomain cannot be changed after creation: the vendor takes it only then"))]
    pub subdomain: String,
    /// Where the vendor writes to: maintenance notices and requests to authorise a connection again.
    #[schemars(length(max = 254), regex(pattern = "^[^@\\s]+@[^@\\s]+$"))]
    pub email_admin: String,
    /// The id of the vendor's package, a bundle of account settings: digits, in quotes. Absent: your default package, not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub package_id: Option<String>,
    /// Whether the account works. The vendor never shows it, so it is sent when it changes here. Absent: active at creation, then not
    /// managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// The kind of account. Absent: Standard, which is what the vendor recommends. Cannot be changed after creation.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub account_type: Option<TenantAccountType>,
    /// Whether your master account may see everything in it. Cannot be changed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_share: Option<bool>,
    /// A custom domain. Its CNAME record must exist beforehand, or the vendor refuses the whole creation. Cannot be changed after
    /// creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub domain: Option<String>,
    /// First name of the account's manager. Cannot be changed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name of the account's manager. Cannot be changed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// production or sandbox. Cannot be changed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub environment: Option<String>,
    /// The password of the account's built-in user `admin`, used at creation only: the vendor cannot change it later. Absent: that
    /// login stays off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin_password: Option<SecretSource>,
    /// Which app connections to look at, and when to call them unhealthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_health: Option<ConnectionHealth>,
    /// A Secret to write the account's key and host name to, as accountKey and accountDomain, for the workloads that need them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_connection_to: Option<SecretTarget>,
}

/// The kind of account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TenantAccountType {
    /// An ordinary account.
    Standard,
    /// An account that has accounts of its own.
    Reseller,
}

/// The status of a TenantAccount.
pub type TenantAccountStatus = Status<AccountFacts>;

/// What is known of an account and its connections.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountFacts {
    /// The account as the vendor last showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<ObservedAccount>,
    /// Its app connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<ConnectionsReport>,
}

/// An account as the vendor last showed it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservedAccount {
    /// The full host name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_domain: Option<String>,
    /// Whether the vendor's list of accounts shows it. It may hide inactive ones.
    #[serde(default)]
    pub listed: bool,
    /// The company's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package_id: Option<String>,
    /// Where the vendor writes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_admin: Option<String>,
}

impl Managed for TenantAccountSpec {
    fn admin_api(&self) -> &AdminApiReference {
        &self.admin_api
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// How an account is found, and what to call.
pub struct Accounts;

const fn field(path: &'static str, access: Access) -> Field {
    Field { path, access, key: false, group: "account" }
}

impl Kind for Accounts {
    type Vendor = MyIntranetApps;
    type Spec = TenantAccountSpec;
    type Facts = AccountFacts;
    type Object = TenantAccount;

    const IDENTITY: Identity = Identity::Chosen;
    const DELETIONS: Deletions = &[Deletion::Disable, Deletion::Orphan];
    const FIELDS: &'static [Field] = &[
        field("name", Access::Immutable),
        Field { key: true, ..field("subdomain", Access::Immutable) },
        field("domain", Access::Immutable),
        field("emailAdmin", Access::Readable),
        field("packageId", Access::Readable),
        field("active", Access::WriteOnly),
        field("type", Access::CreateOnly),
        field("dataShare", Access::CreateOnly),
        field("firstName", Access::CreateOnly),
        field("lastName", Access::CreateOnly),
        field("environment", Access::CreateOnly),
        field("adminPassword", Access::CreateOnly),
    ];
    const UNLISTED: Option<&'static str> = None;
    const GAUGES: &'static [GaugeSpec] = health::GAUGES;
    const REASONS: &'static [(&'static str, &'static str)] = health::REASONS;

    fn natural_key(spec: &TenantAccountSpec) -> String {
        format!("subdomain {}", spec.subdomain.to_ascii_lowercase())
    }

    fn secrets(spec: &TenantAccountSpec) -> Vec<(Cow<'static, str>, &SecretKey)> {
        spec.admin_password.iter().map(|source| ("adminPassword".into(), &source.secret_ref)).collect()
    }

    fn target(spec: &TenantAccountSpec) -> Option<&SecretTarget> {
        spec.write_connection_to.as_ref()
    }

    fn publish(external_id: &str, facts: &AccountFacts) -> Option<BTreeMap<&'static str, String>> {
        let mut details = BTreeMap::from([("accountKey", external_id.to_owned())]);
        let domain = facts.observed.as_ref().and_then(|observed| observed.account_domain.clone());
        details.extend(domain.map(|domain| ("accountDomain", domain)));
        Some(details)
    }

    fn desired(spec: &TenantAccountSpec, _: &Siblings) -> Result<State, Invalid> {
        Ok(State::new()
            .with("name", spec.name.as_str())
            .with("subdomain", spec.subdomain.to_ascii_lowercase())
            .maybe("domain", spec.domain.as_deref().map(str::to_ascii_lowercase))
            .with("emailAdmin", spec.email_admin.as_str())
            .maybe("packageId", spec.package_id.as_deref())
            .maybe("active", spec.active)
            .maybe("type", spec.account_type.map(|kind| format!("{kind:?}")))
            .maybe("dataShare", spec.data_share)
            .maybe("firstName", spec.first_name.as_deref())
            .maybe("lastName", spec.last_name.as_deref())
            .maybe("environment", spec.environment.as_deref()))
    }

    async fn find(
        client: &Client,
        sought: &Sought<'_, TenantAccountSpec, AccountFacts>,
    ) -> Result<Found<Seen<AccountFacts>>, Fault> {
        let pick = |accounts: &super::lists::Accounts| match sought.external_id {
            Some(key) => accounts.by_key(key).cloned(),
            None => accounts.by_subdomain(&sought.spec.subdomain).cloned(),
        };
        let account = client.account_by(sought.fresh_after, pick).await?;
        let key = match (&account, sought.external_id) {
            (Some(account), _) => account.key.clone(),
            (None, Some(key)) => key.to_owned(),
            (None, None) => return Ok(Found::Absent),
        };
        let before = sought.facts.and_then(|facts| facts.connections.as_ref());
        let settings = sought.spec.connection_health.as_ref();
        let look = health::look(client, &key, settings, sought.fresh_after, sought.alone, before).await;
        let (observed, state) = describe(client, account.as_ref(), sought);
        let facts = AccountFacts { observed: Some(observed), connections: before.cloned() };
        let mut seen = Seen::new(key, state, facts);
        match look {
            Ok(look) => {
                (seen.conditions, seen.gauges) = (vec![look.condition(settings)], look.gauges());
                seen.facts.connections = Some(look.into_report());
            }
            // The account can be managed without knowing how its connections are.
            Err(fault) => seen.incomplete = Some(fault),
        }
        Ok(Found::Present(seen))
    }

    async fn list(client: &Client, fresh_after: Instant) -> Result<Listing, Fault> {
        let accounts =
            client.account_by(fresh_after, |accounts| accounts.iter().map(listed).collect::<Vec<_>>()).await?;
        Ok(Listing::whole(accounts))
    }

    async fn create(
        client: &Client,
        wanted: &Wanted<'_, TenantAccountSpec>,
        _: Attempt<'_>,
    ) -> Result<Progress<AccountFacts>, Fault> {
        let spec = wanted.spec;
        let created = client
            .create_account(&NewAccount {
                name: spec.name.clone(),
                subdomain: spec.subdomain.clone(),
                email_admin: spec.email_admin.clone(),
                package_id: spec.package_id.clone(),
                active: spec.active.unwrap_or(true),
                password: wanted.secrets.get("adminPassword").cloned(),
                account_type: match spec.account_type {
                    None | Some(TenantAccountType::Standard) => AccountType::Standard,
                    Some(TenantAccountType::Reseller) => AccountType::Reseller,
                },
                domain: spec.domain.clone(),
                data_share: spec.data_share,
                first_name: spec.first_name.clone(),
                last_name: spec.last_name.clone(),
                environment: spec.environment.clone(),
            })
            .await?;
        let observed = ObservedAccount { account_domain: created.account_domain, ..ObservedAccount::default() };
        let facts = AccountFacts { observed: Some(observed), connections: None };
        Ok(Progress::Done(Created { external_id: created.account_key, facts }))
    }

    async fn update(
        client: &Client,
        external_id: &str,
        wanted: &Wanted<'_, TenantAccountSpec>,
        _: &mut AccountFacts,
    ) -> Result<(), Fault> {
        let spec = wanted.spec;
        let change = AccountChange {
            package_id: spec.package_id.clone().filter(|_| wanted.changes("packageId")),
            active: spec.active.filter(|_| wanted.changes("active")),
            email_admin: wanted.changes("emailAdmin").then(|| spec.email_admin.clone()),
        };
        match AccountUpdate::new(external_id, change) {
            Some(update) => client.update_account(&update).await,
            None => Ok(()),
        }
    }

    async fn disable(client: &Client, external_id: &str, _: &TenantAccountSpec, _: &AccountFacts) -> Result<(), Fault> {
        switch(client, external_id, false).await
    }

    async fn enable(client: &Client, external_id: &str, spec: &TenantAccountSpec) -> Result<(), Fault> {
        // Absent means active at creation, and this is the nearest thing to one.
        if spec.active == Some(false) {
            return Ok(());
        }
        switch(client, external_id, true).await
    }
}

fn listed(account: &Account) -> Listed {
    let Account { key, name, subdomain, domain, package_id, email_admin } = account;
    let spec = json!({
        "name": name, "subdomain": subdomain, "domain": domain, "packageId": package_id, "emailAdmin": email_admin,
    });
    Listed::new(key, subdomain, spec)
}

async fn switch(client: &Client, external_id: &str, active: bool) -> Result<(), Fault> {
    let change = AccountChange { active: Some(active), ..AccountChange::default() };
    match AccountUpdate::new(external_id, change) {
        Some(update) => client.update_account(&update).await,
        None => Ok(()),
    }
}

/// What is known of an account, for people and for the comparison with the spec.
fn describe(
    client: &Client,
    account: Option<&Account>,
    sought: &Sought<'_, TenantAccountSpec, AccountFacts>,
) -> (ObservedAccount, State) {
    let before = sought.facts.and_then(|facts| facts.observed.as_ref());
    let remembered = before.and_then(|observed| observed.account_domain.clone());
    let derived = || client.root_domain().map(|root| format!("{}.{root}", sought.spec.subdomain.to_ascii_lowercase()));
    let Some(account) = account else {
        let domain = remembered.or_else(derived);
        // Hidden, and so inactive; were it active, it would be listed.
        let state = State::new().with("active", false);
        return (ObservedAccount { account_domain: domain, ..ObservedAccount::default() }, state);
    };
    let domain = account.domain.as_ref().map(|domain| domain.to_ascii_lowercase());
    let state = State::new()
        .with("name", account.name.as_str())
        .with("subdomain", account.subdomain.to_ascii_lowercase())
        .with("domain", domain.clone().unwrap_or_default())
        .maybe("emailAdmin", account.email_admin.as_deref())
        .maybe("packageId", account.package_id.as_deref());
    let observed = ObservedAccount {
        account_domain: domain.or(remembered).or_else(derived),
        listed: true,
        name: Some(account.name.clone()),
        package_id: account.package_id.clone(),
        email_admin: account.email_admin.clone(),
    };
    (observed, state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_field_is_not_managed() {
        let spec: TenantAccountSpec = serde_json::from_value(serde_json::json!({
            "adminApi": {"name": "x"}, "name": "N", "subdomain": "Sub-1", "emailAdmin": "a@b"
        }))
        .expect("a minimal spec");
        let state = Accounts::desired(&spec, &Siblings::default()).expect("valid");
        let paths: Vec<&str> = state.iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["emailAdmin", "name", "subdomain"]);
        assert_eq!(state.get("subdomain"), Some(&crate::engine::state::Value::Plain("sub-1".into())));
    }
}
