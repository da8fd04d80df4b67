//! Errand: a run. It is done once, cannot be called back, and nothing finds it but its own id; the workshop may take its time over it.

use jiff::{SignedDuration, Timestamp};
use kube::{CustomResource, KubeSchema};
use provost::base::clock::now;
use provost::base::fault::{Class, Delivery, Fault};
use provost::engine::kind::{
    AdminApiReference, Attempt, Created, Found, Identity, Invalid, Kind, Managed, Progress, Seen, Sought, Unready,
    Wanted,
};
use provost::engine::policy::{Deletion, Deletions, Policy};
use provost::engine::sibling::Siblings;
use provost::engine::state::{Access, Field, State};
use provost::engine::status::Status;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Workshop;
use super::client::Client;

/// An errand that the workshop does once.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "provost.dev",
    version = "v1alpha1",
    kind = "Errand",
    plural = "errands",
    namespaced,
    category = "provost",
    status = "ErrandStatus"
)]
#[serde(rename_all = "camelCase")]
pub struct ErrandSpec {
    /// The AdminApi (with a workshop block) that does it.
    pub admin_api: AdminApiReference,
    /// What Provost may do.
    #[serde(default)]
    #[schemars(with = "Option<Policy>")]
    pub policy: Policy,
    /// What it is about.
    #[x_kube(validation = ("self == oldSelf", "label cannot be changed"))]
    pub label: String,
    /// Whether doing it twice is doing it once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeatable: Option<bool>,
    /// How long the object stays once it is done. Absent: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds_after_finished: Option<u32>,
}

/// The status of an errand.
pub type ErrandStatus = Status<ErrandFacts>;

/// What is known of an errand.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrandFacts {
    /// When it was over, or was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
    /// Why it was not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
}

impl Managed for ErrandSpec {
    fn admin_api(&self) -> &AdminApiReference {
        &self.admin_api
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// What to call.
pub struct Errands;

impl Kind for Errands {
    type Vendor = Workshop;
    type Spec = ErrandSpec;
    type Facts = ErrandFacts;
    type Object = Errand;

    const IDENTITY: Identity = Identity::Run;
    const EXPIRES: bool = true;
    const DELETIONS: Deletions = &[Deletion::Orphan];
    const FIELDS: &'static [Field] = &[Field { path: "label", access: Access::CreateOnly, key: true, group: "" }];
    const REASONS: &'static [(&'static str, &'static str)] =
        &[("UnderWay", "The workshop is still at it."), ("NotDone", "The workshop would not do it.")];

    fn natural_key(spec: &ErrandSpec) -> String {
        format!("errand {}", spec.label)
    }

    fn expiry(spec: &ErrandSpec, facts: &ErrandFacts) -> Option<Timestamp> {
        let finished: Timestamp = facts.finished_at.as_ref()?.parse().ok()?;
        Some(finished + SignedDuration::from_secs(spec.ttl_seconds_after_finished?.into()))
    }

    fn desired(spec: &ErrandSpec, _: &Siblings) -> Result<State, Invalid> {
        Ok(State::new().with("label", spec.label.as_str()))
    }

    async fn find(
        client: &Client,
        sought: &Sought<'_, ErrandSpec, ErrandFacts>,
    ) -> Result<Found<Seen<ErrandFacts>>, Fault> {
        let Some(id) = sought.external_id else { return Ok(Found::Absent) };
        let mut facts = sought.facts.cloned().unwrap_or_default();
        let mut unready = facts.refusal.clone().map(|message| Unready { reason: "NotDone", message, passing: false });
        if facts.finished_at.is_none() {
            if client.is_under_way(id).await? {
                let message = "it takes its time".to_owned();
                unready = Some(Unready { reason: "UnderWay", message, passing: true });
            } else {
                facts.finished_at = Some(now().to_string());
            }
        }
        Ok(Found::Present(Seen { unready, ..Seen::new(id, State::new(), facts) }))
    }

    async fn create(
        client: &Client,
        wanted: &Wanted<'_, ErrandSpec>,
        attempt: Attempt<'_>,
    ) -> Result<Progress<ErrandFacts>, Fault> {
        let ErrandSpec { label, repeatable, .. } = wanted.spec;
        if attempt.uncertain && *repeatable != Some(true) {
            return Ok(Progress::Unclear(format!("ask in the workshop about {label}")));
        }
        match client.do_errand(label).await {
            Ok(external_id) => Ok(Progress::Done(Created { external_id, facts: ErrandFacts::default() })),
            Err(fault) if fault.class == Class::Refused && fault.delivery == Delivery::Answered => {
                let facts = ErrandFacts { finished_at: Some(now().to_string()), refusal: Some(fault.detail) };
                Ok(Progress::Done(Created { external_id: format!("refused-{label}"), facts }))
            }
            Err(fault) => Err(fault),
        }
    }

    async fn update(_: &Client, _: &str, _: &Wanted<'_, ErrandSpec>, _: &mut ErrandFacts) -> Result<(), Fault> {
        Ok(())
    }
}
