//! AdminApi: which vendor API, where, and with which credentials. Its vendor blocks come from the table of vendors.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::guard::{self, Rule};
use super::kind::{SecretKey, SecretName};
use crate::base::access::Limits;

/// The finalizer that keeps an AdminApi while managed objects need it.
pub const IN_USE: &str = "provost.dev/in-use";

/// The resync interval when the spec has none.
const RESYNC: Duration = Duration::from_secs(60);

/// One admin API of one vendor: where it is, and with which credentials it is used. Everything else refers to it.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "provost.dev",
    version = "v1alpha1",
    kind = "AdminApi",
    plural = "adminapis",
    namespaced,
    category = "provost",
    status = "AdminApiStatus",
    printcolumn(name = "Vendor", type_ = "string", json_path = ".status.vendor"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "Objects", type_ = "integer", json_path = ".status.managedObjects.total"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct AdminApiSpec {
    /// Where the credentials are. Which keys the Secret needs is said at the vendor's block.
    pub credentials: Credentials,
    /// Trust for servers whose certificate no public authority signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// How hard this API may be pressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<LimitsSpec>,
    /// How often everything behind this API is read again to find changes made there, such as 30s or 10m. Default: 60s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = ("duration(self) >= duration('5s') && duration(self) <= duration('24h')", "must be between 5s and 24h"))]
    pub resync_interval: Option<kube::core::Duration>,
    /// How many deletions go through before somebody has to look. Default: 10 within 10m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<GuardSpec>,
    /// Which namespaces' objects may use this AdminApi. Default: only those of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_namespaces: Option<AllowedNamespaces>,
    /// The vendor's block. Its schema is put together from the table of vendors.
    #[serde(flatten)]
    #[schemars(skip)]
    pub vendor: BTreeMap<String, Json>,
}

/// Where the credentials are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// A Secret of this namespace.
    pub secret_ref: SecretName,
}

/// Trust beside the system's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tls {
    /// PEM certificates to trust as well.
    pub ca_bundle: CaBundle,
}

/// Where a PEM bundle is: exactly one of the two.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("has(self.configMapRef) != has(self.secretRef)", "exactly one of configMapRef and secretRef"))]
pub struct CaBundle {
    /// A key of a ConfigMap of this namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map_ref: Option<SecretKey>,
    /// A key of a Secret of this namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretKey>,
}

/// How hard an API may be pressed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LimitsSpec {
    /// Calls per second in the long run. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10000))]
    pub requests_per_second: Option<u32>,
    /// Calls that may come at once before the long run counts. Default: 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10000))]
    pub burst: Option<u32>,
    /// Calls under way at the same time. Default: 16.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 256))]
    pub concurrency: Option<u32>,
}

/// A limit for what is switched off or deleted behind an AdminApi, so that one mistake does not reach all customers. Further deletions wait
/// until earlier ones are older than the window, or until the annotation provost.dev/acknowledge-deletions lets them go.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct GuardSpec {
    /// Objects that may be switched off or deleted within the window. 0: each deletion has to be acknowledged. Default: 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100_000))]
    pub max_deletions: Option<u32>,
    /// The window, such as 10m. Default: 10m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = ("duration(self) >= duration('1s') && duration(self) <= duration('168h')", "must be between 1s and 168h"))]
    pub window: Option<kube::core::Duration>,
}

/// Which namespaces an AdminApi is granted to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("self.from == 'Selector' ? has(self.selector) : !has(self.selector)", "selector is needed with from: Selector, and only then"))]
pub struct AllowedNamespaces {
    /// Same: only the AdminApi's own. All: every namespace. Selector: its own, and those whose labels fit.
    pub from: Grant,
    /// The labels that a namespace must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

/// Whom an AdminApi is granted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Grant {
    /// Objects of its own namespace.
    Same,
    /// Objects of every namespace.
    All,
    /// Objects of its own namespace, and of those whose labels fit.
    Selector,
    /// A value of another version: treated as Same.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// What is known of an AdminApi.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdminApiStatus {
    /// The generation of the spec that this status speaks of; -1 before the first look.
    #[serde(default = "never")]
    pub observed_generation: i64,
    /// Ready; Reachable: the API answers; Authenticated: it takes the credentials. Reconciling and Stalled while they hold.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// The vendor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// A fingerprint of the vendor's account that the credentials belong to: equal for two AdminApis of one account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realm: Option<String>,
    /// The objects that use this AdminApi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_objects: Option<ManagedObjects>,
    /// The value of the annotation provost.dev/reconcile-at that was last honoured: the API was asked after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// What the guard must not forget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<GuardStatus>,
}

/// What a guard must not forget.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GuardStatus {
    /// Deletions that went through within the window. After a restart they count as just happened.
    #[serde(default)]
    pub carried_out: u32,
    /// The acknowledgements that have not run out, with what is used up of each.
    #[serde(default)]
    pub acknowledgements: Vec<AcknowledgementStatus>,
}

/// An acknowledgement, and what is used up of it. The same value is good for its count once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AcknowledgementStatus {
    /// The annotation's value.
    pub value: String,
    /// Deletions that went through by it.
    #[serde(default)]
    pub used: u32,
}

/// How many objects use an AdminApi.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagedObjects {
    /// All of them.
    pub total: i64,
    /// By kind.
    pub by_kind: BTreeMap<String, i64>,
}

fn never() -> i64 {
    -1
}

impl Default for AdminApiStatus {
    fn default() -> Self {
        Self {
            observed_generation: never(),
            conditions: Vec::new(),
            vendor: None,
            realm: None,
            managed_objects: None,
            last_handled_reconcile_at: None,
            guard: None,
        }
    }
}

impl AdminApiSpec {
    /// How often everything is read again.
    pub fn resync(&self) -> Duration {
        self.resync_interval.map_or(RESYNC, Duration::from)
    }

    /// The guard's rule in force.
    pub fn rule(&self) -> Rule {
        let spec = self.guard.clone().unwrap_or_default();
        let most = spec.max_deletions.unwrap_or(guard::MOST);
        Rule { most: most as usize, window: spec.window.map_or(guard::WINDOW, Duration::from) }
    }

    /// The limits in force.
    pub fn limits(&self) -> Limits {
        let (defaults, spec) = (Limits::default(), self.limits.clone().unwrap_or_default());
        let positive = |value: Option<u32>| value.and_then(NonZeroU32::new);
        Limits {
            requests_per_second: positive(spec.requests_per_second),
            burst: positive(spec.burst).unwrap_or(defaults.burst),
            concurrency: positive(spec.concurrency).unwrap_or(defaults.concurrency),
        }
    }
}
