//! AdminApi: which vendor API, where, and with which credentials. Its vendor blocks come from the table of vendors.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

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
    /// The objects that use this AdminApi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_objects: Option<ManagedObjects>,
    /// The value of the annotation provost.dev/reconcile-at that was last honoured: the API was asked after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
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
            managed_objects: None,
            last_handled_reconcile_at: None,
        }
    }
}

impl AdminApiSpec {
    /// How often everything is read again.
    pub fn resync(&self) -> Duration {
        self.resync_interval.map_or(RESYNC, Duration::from)
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
