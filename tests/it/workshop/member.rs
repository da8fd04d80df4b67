//! Member: a Blind kind. The vendor assigns its id and cannot search; it is made in two calls, and the first one sends a mail.

use std::borrow::Cow;

use kube::{CustomResource, KubeSchema};
use provost::base::fault::Fault;
use provost::engine::kind::{
    AdminApiReference, Attempt, Created, Found, Identity, Invalid, Kind, Managed, Progress, SecretKey, SecretSource,
    Seen, Sought, Wanted,
};
use provost::engine::policy::{Deletion, Deletions, Policy};
use provost::engine::sibling::Siblings;
use provost::engine::state::{Access, Field, State};
use provost::engine::status::Status;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Workshop;
use super::client::Client;
use super::wire::{Change, NewMember};

/// A member of the workshop.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "provost.dev",
    version = "v1alpha1",
    kind = "Member",
    plural = "members",
    namespaced,
    category = "provost",
    status = "MemberStatus"
)]
#[serde(rename_all = "camelCase")]
pub struct MemberSpec {
    /// The AdminApi (with a workshop block) that the member is behind.
    #[x_kube(validation = ("self == oldSelf", "adminApi cannot be changed"))]
    pub admin_api: AdminApiReference,
    /// What Provost may do to the member.
    #[serde(default)]
    #[schemars(with = "Option<Policy>")]
    pub policy: Policy,
    /// The name to log in with.
    #[schemars(length(min = 1))]
    #[x_kube(validation = ("self == oldSelf", "login cannot be changed after creation"))]
    pub login: String,
    /// What the others say. Absent: the login at creation, then not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nick: Option<String>,
    /// The password, never shown again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretSource>,
}

/// The status of a member.
pub type MemberStatus = Status<MemberFacts>;

/// What is known of a member.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberFacts {
    /// Whether the member may come in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

impl Managed for MemberSpec {
    fn admin_api(&self) -> &AdminApiReference {
        &self.admin_api
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// How a member is found, and what to call.
pub struct Members;

const fn field(path: &'static str, access: Access, group: &'static str) -> Field {
    Field { path, access, key: false, group }
}

impl Kind for Members {
    type Vendor = Workshop;
    type Spec = MemberSpec;
    type Facts = MemberFacts;
    type Object = Member;

    const IDENTITY: Identity = Identity::Blind;
    const DELETIONS: Deletions = &[Deletion::Disable, Deletion::Delete, Deletion::Orphan];
    const FIELDS: &'static [Field] = &[
        Field { key: true, ..field("login", Access::Immutable, "profile") },
        field("nick", Access::Readable, "profile"),
        field("password", Access::WriteOnly, "password"),
    ];

    fn natural_key(spec: &MemberSpec) -> String {
        format!("login {}", spec.login)
    }

    fn secrets(spec: &MemberSpec) -> Vec<(Cow<'static, str>, &SecretKey)> {
        spec.password.iter().map(|source| ("password".into(), &source.secret_ref)).collect()
    }

    fn desired(spec: &MemberSpec, _: &Siblings) -> Result<State, Invalid> {
        Ok(State::new().with("login", spec.login.as_str()).maybe("nick", spec.nick.as_deref()))
    }

    async fn find(
        client: &Client,
        sought: &Sought<'_, MemberSpec, MemberFacts>,
    ) -> Result<Found<Seen<MemberFacts>>, Fault> {
        let Some(id) = sought.external_id else { return Ok(Found::Absent) };
        let Some(member) = client.member(id).await? else { return Ok(Found::Absent) };
        let state = State::new().with("login", member.login.as_str()).with("nick", member.nick.as_str());
        Ok(Found::Present(Seen::new(member.id, state, MemberFacts { enabled: Some(member.enabled) })))
    }

    async fn create(
        client: &Client,
        wanted: &Wanted<'_, MemberSpec>,
        attempt: Attempt<'_>,
    ) -> Result<Progress<MemberFacts>, Fault> {
        let spec = wanted.spec;
        let Some(invitation) = attempt.recorded else { return Ok(Progress::Step(client.invite(&spec.login).await?)) };
        let member = NewMember {
            invitation,
            login: &spec.login,
            nick: spec.nick.as_deref().unwrap_or(&spec.login),
            password: wanted.secrets.get("password").map(provost::base::secret::Secret::expose),
        };
        let external_id = client.create_member(&member).await?;
        Ok(Progress::Done(Created { external_id, facts: MemberFacts { enabled: Some(true) } }))
    }

    async fn update(
        client: &Client,
        external_id: &str,
        wanted: &Wanted<'_, MemberSpec>,
        _: &mut MemberFacts,
    ) -> Result<(), Fault> {
        if let Some(password) = wanted.secrets.get("password").filter(|_| wanted.changes("password")) {
            return client.set_password(external_id, password).await;
        }
        client.change_member(external_id, &Change { nick: wanted.spec.nick.as_deref(), ..Change::default() }).await
    }

    async fn disable(client: &Client, external_id: &str, _: &MemberSpec, _: &MemberFacts) -> Result<(), Fault> {
        client.change_member(external_id, &Change { enabled: Some(false), ..Change::default() }).await
    }

    async fn enable(client: &Client, external_id: &str, _: &MemberSpec) -> Result<(), Fault> {
        client.change_member(external_id, &Change { enabled: Some(true), ..Change::default() }).await
    }

    async fn delete(client: &Client, external_id: &str, _: &MemberSpec, _: &MemberFacts) -> Result<(), Fault> {
        client.delete_member(external_id).await
    }
}
