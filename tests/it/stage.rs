//! Stage: a namespace with a simulated vendor, and an operator that works in it, on the real API server.
//!
//! Whoever waits here waits for an event: a change that a watch tells, or a request that arrives. To see that something does *not*
//! happen, a test asks for a look that must come after it, and waits for the answer to that.

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use kube::{Client, Resource, ResourceExt};
use provost::cli::kubernetes;
use provost::engine::admin_api::AdminApi;
use provost::engine::registry::Tables;
use provost::kinds::TABLES;
use provost::myintranetapps::sim::{Account, Options, Simulator};
use provost::myintranetapps::tenant_account::TenantAccount;
use provost::sim::journal::{Entry, Outcome};
use provost::sim::server::Listen;
use provost::sim::simulated::Simulated;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use tokio::sync::OnceCell;

use crate::harness::{DEADLINE, await_object, client, cluster, namespace};
use crate::log;
use crate::objects::Objects;
use crate::process::Process;
use crate::tap::Tap;
use crate::workshop;

/// The name of the stage's AdminApi.
pub const API: &str = "vendor";
/// The name of the Secret with its credentials.
pub const CREDENTIALS: &str = "credentials";

/// The annotation that asks for a look now.
pub const RECONCILE_AT: &str = "provost.dev/reconcile-at";

static DEFINITIONS: OnceCell<()> = OnceCell::const_new();
static TOKENS: AtomicU64 = AtomicU64::new(0);

/// A client of the shared API server, which knows our kinds, and those of the workshop.
pub async fn client_with_kinds() -> Client {
    let client = client().await;
    let install = || async {
        kubernetes::install(&client, &kubernetes::definitions(workshop::tables())).await.unwrap();
    };
    DEFINITIONS.get_or_init(install).await;
    client
}

/// A namespace, a vendor and an operator. The vendor is MyIntranetApps unless a test says otherwise.
pub struct Stage<V = Simulator> {
    pub namespace: String,
    pub client: Client,
    pub vendor: V,
    /// What the operator says to Kubernetes.
    pub tap: Tap,
    /// The block of an AdminApi's spec that selects the vendor.
    block: &'static str,
    /// What that block says beside the address.
    pub settings: Json,
    /// What the operator knows.
    tables: Tables,
    kubeconfig: PathBuf,
    operator: Option<Process>,
    /// Namespaces that the operator looks at beside the stage's own.
    pub beside: Vec<String>,
}

/// What has conditions.
pub trait Conditioned: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope> {
    fn conditions(&self) -> &[Condition];
    /// The generation that the status speaks of.
    fn observed(&self) -> i64;
    /// The last wish for a look that was fulfilled.
    fn handled(&self) -> Option<&str>;

    /// One condition.
    fn condition(&self, condition: &str) -> Option<&Condition> {
        self.conditions().iter().find(|known| known.type_ == condition)
    }

    /// Status and reason of a condition, once they speak of the present generation.
    fn verdict(&self, condition: &str) -> Option<(&str, &str)> {
        let current = Some(self.observed()) == self.meta().generation;
        let found = self.condition(condition).filter(|_| current)?;
        Some((found.status.as_str(), found.reason.as_str()))
    }

    /// Whether a condition is so, for the present generation.
    fn is(&self, condition: &str, status: &str, reason: &str) -> bool {
        self.verdict(condition) == Some((status, reason))
    }

    /// The message of a condition.
    #[track_caller]
    fn message(&self, condition: &str) -> &str {
        &self.condition(condition).unwrap().message
    }
}

impl Conditioned for TenantAccount {
    fn conditions(&self) -> &[Condition] {
        self.status.as_ref().map_or(&[], |status| &status.conditions)
    }

    fn observed(&self) -> i64 {
        self.status.as_ref().map_or(-1, |status| status.observed_generation)
    }

    fn handled(&self) -> Option<&str> {
        self.status.as_ref()?.last_handled_reconcile_at.as_deref()
    }
}

impl Conditioned for AdminApi {
    fn conditions(&self) -> &[Condition] {
        self.status.as_ref().map_or(&[], |status| &status.conditions)
    }

    fn observed(&self) -> i64 {
        self.status.as_ref().map_or(-1, |status| status.observed_generation)
    }

    fn handled(&self) -> Option<&str> {
        self.status.as_ref()?.last_handled_reconcile_at.as_deref()
    }
}

impl Stage {
    /// A stage whose vendor behaves as documented, connected, with the operator at work.
    pub async fn connected() -> Self {
        Self::connected_to(Options::default()).await
    }

    /// The same with a vendor that behaves as `options` say.
    pub async fn connected_to(options: Options) -> Self {
        let mut stage = Self::bare(options).await;
        stage.connect().await;
        stage.start_operator().await;
        stage
    }

    /// A namespace and a vendor; no AdminApi, and no operator.
    pub async fn bare(options: Options) -> Self {
        Self::behind(Listen::default(), options).await
    }

    /// The same with a vendor that listens as `listen` says.
    pub async fn behind(listen: Listen, options: Options) -> Self {
        let client = client_with_kinds().await;
        Self::on(cluster().await.kubeconfig(), client, listen, options).await
    }

    /// The same on a cluster that the test has for itself, definitions and all.
    pub async fn on(kubeconfig: &Path, client: Client, listen: Listen, options: Options) -> Self {
        let vendor = Simulator::start_on(listen, options).await.unwrap();
        Self::set(kubeconfig, client, vendor, "myIntranetApps", TABLES).await
    }

    /// Makes a TenantAccount: the smallest one, named as its subdomain, with `fields` in its spec beside.
    pub async fn account(&self, name: &str, fields: Json) {
        self.apply(&account(name, fields)).await;
    }

    /// Changes the spec of a TenantAccount; null removes a field.
    pub async fn edit(&self, name: &str, fields: Json) -> TenantAccount {
        self.patch::<TenantAccount>(name, json!({"spec": fields})).await
    }

    /// Waits until a TenantAccount matches its present spec.
    #[track_caller]
    pub fn ready(&self, name: &str) -> impl Future<Output = TenantAccount> {
        self.until(name, |account: &TenantAccount| account.is("Ready", "True", "Converged"))
    }

    /// Waits until a TenantAccount is not ready for this reason.
    #[track_caller]
    pub fn unready(&self, name: &str, reason: &'static str) -> impl Future<Output = TenantAccount> {
        self.until(name, move |account: &TenantAccount| account.is("Ready", "False", reason))
    }

    /// Has everything behind the AdminApi read again, and waits until this account was compared with it.
    pub async fn resynced(&self, name: &str) -> TenantAccount {
        self.looked_at::<AdminApi>(API).await;
        // The resync's own pass is before this one, and one object has one pass at a time.
        self.looked_at::<TenantAccount>(name).await
    }

    /// The one account that the vendor has.
    #[track_caller]
    pub fn only_account(&self) -> Account {
        let accounts = self.vendor.accounts();
        assert_eq!(accounts.len(), 1, "{accounts:#?}");
        accounts.into_iter().next().unwrap()
    }
}

impl Stage<workshop::sim::Simulator> {
    /// A stage whose vendor is the workshop, connected, with an operator of all its kinds at work.
    pub async fn workshop(options: workshop::sim::Options) -> Self {
        let vendor = workshop::sim::Simulator::start(options).await.unwrap();
        let mut stage = Stage::of(vendor, "workshop", workshop::tables_of(&["Tool", "Member", "Errand", "Sign"])).await;
        stage.connect().await;
        stage.start_operator().await;
        stage
    }
}

impl<V: Simulated> Stage<V> {
    /// A namespace on the shared API server and this vendor; no AdminApi, and no operator. `block` selects the vendor in an AdminApi,
    /// and `tables` are what the operator will know.
    pub async fn of(vendor: V, block: &'static str, tables: Tables) -> Self {
        let client = client_with_kinds().await;
        Self::set(cluster().await.kubeconfig(), client, vendor, block, tables).await
    }

    /// The same on any cluster.
    pub async fn set(kubeconfig: &Path, client: Client, vendor: V, block: &'static str, tables: Tables) -> Self {
        log::capture();
        let namespace = namespace(&client).await;
        let (tap, kubeconfig) = (Tap::default(), kubeconfig.to_owned());
        let (settings, operator, beside) = (json!({}), None, Vec::new());
        Self { namespace, client, vendor, tap, block, settings, tables, kubeconfig, operator, beside }
    }

    /// Makes the AdminApi for the vendor, with the credentials that it accepts.
    pub async fn connect(&self) {
        self.write_secret(CREDENTIALS, self.credentials()).await;
        self.apply(&self.admin_api()).await;
    }

    /// The manifest of the AdminApi for the vendor.
    pub fn admin_api(&self) -> Json {
        let mut manifest = admin_api_of(self.block, self.vendor.url());
        for (field, value) in self.settings.as_object().into_iter().flatten() {
            manifest["spec"][self.block][field] = value.clone();
        }
        manifest
    }

    /// What the vendor accepts, as the data of a Secret.
    pub fn credentials(&self) -> Json {
        let data = self.vendor.credentials();
        data.iter().map(|(key, value)| (key.clone(), Json::from(value.expose()))).collect()
    }

    /// The kubeconfig of its cluster.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    // The operator.

    /// Starts an operator for this namespace alone.
    pub async fn start_operator(&mut self) {
        assert!(self.operator.is_none(), "one operator runs already");
        let namespaces = [std::slice::from_ref(&self.namespace), &self.beside].concat();
        self.operator = Some(Process::start(&self.kubeconfig, self.tables, &namespaces, self.tap.clone()).await);
    }

    /// Ends the operator as a power failure would: whatever it was in the middle of stays undone.
    pub async fn kill_operator(&mut self) {
        self.operator.take().unwrap().kill().await;
    }

    /// Ends the operator as SIGTERM does: what is under way is finished.
    pub async fn stop_operator(&mut self) {
        self.operator.take().unwrap().stop().await;
    }

    /// Stops the operator, and starts another one that knows only what Kubernetes and the vendor know.
    pub async fn restart_operator(&mut self) {
        self.stop_operator().await;
        self.start_operator().await;
    }

    /// Where the operator's admin server is, if it runs.
    pub fn operator_url(&self) -> Option<String> {
        self.operator.as_ref().map(Process::url)
    }

    /// The operator's metrics.
    pub async fn metrics(&self) -> String {
        self.exposition("*/*").await.1
    }

    /// The same for who accepts this: the type of the content, and the content.
    pub async fn exposition(&self, accept: &str) -> (String, String) {
        self.operator.as_ref().unwrap().exposition(accept).await
    }

    // Objects.

    /// The API for a kind in this namespace.
    pub fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// The objects of a kind, without their type.
    pub fn objects(&self, kind: &str) -> Objects {
        Objects::of(self.tables.kind(kind).unwrap(), self.client.clone(), &self.namespace)
    }

    /// Applies a manifest as `kubectl apply --server-side` does.
    pub async fn apply(&self, manifest: &Json) {
        kubernetes::apply(&self.client, &self.namespace, manifest).await.unwrap();
    }

    /// Sets an annotation, or removes it.
    pub async fn annotate<K>(&self, name: &str, annotation: &str, value: Option<&str>)
    where
        K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
    {
        self.patch::<K>(name, json!({"metadata": {"annotations": {annotation: value}}})).await;
    }

    /// Sends a merge patch.
    pub async fn patch<K>(&self, name: &str, patch: Json) -> K
    where
        K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
    {
        self.api::<K>().patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap()
    }

    /// Asks Kubernetes to delete an object.
    pub async fn delete<K>(&self, name: &str)
    where
        K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
    {
        self.api::<K>().delete(name, &DeleteParams::default()).await.unwrap();
    }

    /// Makes a Secret of these texts, or changes it to have exactly them.
    pub async fn write_secret(&self, name: &str, texts: Json) {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": texts});
        self.apply(&secret).await;
    }

    /// A Secret's data as text, by key.
    pub async fn secret(&self, name: &str) -> Option<Json> {
        self.api::<Secret>().get_opt(name).await.unwrap().map(|secret| texts(&secret))
    }

    /// Waits for a Secret's data, as text by key, to be as `wanted` says.
    #[track_caller]
    pub fn secret_until(
        &self,
        name: &str,
        wanted: impl Fn(Option<Json>) -> bool + Send + 'static,
    ) -> impl Future<Output = Option<Secret>> {
        let condition = move |secret: Option<&Secret>| wanted(secret.map(texts));
        await_object(self.api::<Secret>(), name, condition, DEADLINE)
    }

    // Waiting.

    /// Waits until an object is as `wanted` says.
    #[track_caller]
    pub fn until<K>(&self, name: &str, wanted: impl Fn(&K) -> bool + Send + 'static) -> impl Future<Output = K>
    where
        K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Serialize
            + Send
            + 'static,
    {
        let waiting =
            await_object(self.api::<K>(), name, move |object: Option<&K>| object.is_some_and(&wanted), DEADLINE);
        async move { waiting.await.unwrap() }
    }

    /// Waits until the AdminApi is connected.
    #[track_caller]
    pub fn api_ready(&self) -> impl Future<Output = AdminApi> {
        self.until(API, |api: &AdminApi| api.is("Ready", "True", "Connected"))
    }

    /// Waits until the AdminApi is not connected for this reason.
    #[track_caller]
    pub fn api_unready(&self, reason: &'static str) -> impl Future<Output = AdminApi> {
        self.until(API, move |api: &AdminApi| api.is("Ready", "False", reason))
    }

    /// Waits until an object is gone.
    #[track_caller]
    pub fn gone<K>(&self, name: &str) -> impl Future<Output = ()>
    where
        K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Serialize
            + Send
            + 'static,
    {
        let waiting = await_object(self.api::<K>(), name, |object: Option<&K>| object.is_none(), DEADLINE);
        async move {
            waiting.await;
        }
    }

    /// Asks for a look at an object, and waits until it was had. Whatever the operator did about it before is done by then.
    pub async fn looked_at<K>(&self, name: &str) -> K
    where
        K: Conditioned + Clone + Debug + DeserializeOwned + Serialize + Send + 'static,
    {
        let token = fresh_token();
        self.annotate::<K>(name, RECONCILE_AT, Some(&token)).await;
        self.until(name, move |object: &K| object.handled() == Some(token.as_str())).await
    }

    /// Waits for something else, no longer than a test may take.
    #[track_caller]
    pub fn in_time<T>(&self, future: impl Future<Output = T>) -> impl Future<Output = T> {
        let caller = std::panic::Location::caller();
        async move {
            let waited = tokio::time::timeout(DEADLINE, future).await;
            waited.unwrap_or_else(|_| panic!("waited {DEADLINE:?} at {caller}"))
        }
    }

    // The vendor.

    /// What was written at the vendor so far: the operations in their order, each with its body.
    pub fn vendor_writes(&self) -> Vec<(&'static str, Json)> {
        let writes = self.vendor.journal().writes();
        writes.into_iter().map(|entry| (entry.operation, entry.body.unwrap_or_default())).collect()
    }

    /// Waits until the vendor has got a request of this operation, and this became of it.
    pub async fn vendor_got(&self, operation: &str, outcome: Outcome) -> Entry {
        self.in_time(self.vendor.journal().wait_until(operation, outcome)).await.unwrap()
    }
}

impl<V> Drop for Stage<V> {
    fn drop(&mut self) {
        if let Some(operator) = self.operator.take() {
            operator.abandon();
        }
        if std::thread::panicking() {
            log::show(&self.namespace);
        }
    }
}

/// The manifest of an AdminApi for MyIntranetApps at `url`.
pub fn admin_api(url: &str) -> Json {
    admin_api_of("myIntranetApps", url)
}

/// The manifest of an AdminApi with this vendor's block, at `url`.
pub fn admin_api_of(block: &str, url: &str) -> Json {
    json!({
        "apiVersion": "provost.dev/v1alpha1", "kind": "AdminApi", "metadata": {"name": API},
        "spec": {
            block: {"url": url},
            "credentials": {"secretRef": {"name": CREDENTIALS}},
            // A resync by the clock would come between what a test does and what it sees.
            "resyncInterval": "1h",
        },
    })
}

/// The manifest of a TenantAccount: the smallest one, with `fields` in its spec beside.
pub fn account(name: &str, fields: Json) -> Json {
    let mut spec = json!({
        "adminApi": {"name": API}, "name": format!("{name} Ltd"), "subdomain": name,
        "emailAdmin": format!("cfo@{name}.example"),
    });
    for (field, value) in fields.as_object().into_iter().flatten() {
        spec[field] = value.clone();
    }
    json!({"apiVersion": "provost.dev/v1alpha1", "kind": "TenantAccount", "metadata": {"name": name}, "spec": spec})
}

/// A token that was not used before.
pub fn fresh_token() -> String {
    format!("look-{}", TOKENS.fetch_add(1, Ordering::Relaxed))
}

/// The vendor's id of an account, as its annotation has it.
pub fn external_id(account: &TenantAccount) -> Option<&str> {
    account.annotations().get("provost.dev/external-id").map(String::as_str)
}

fn texts(secret: &Secret) -> Json {
    let data = secret.data.iter().flatten();
    data.map(|(key, value)| (key.clone(), Json::from(String::from_utf8_lossy(&value.0)))).collect()
}

/// A ConfigMap's manifest.
pub fn config_map(name: &str, data: Json) -> Json {
    json!({"apiVersion": ConfigMap::api_version(&()), "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}

impl Conditioned for workshop::tool::Tool {
    fn conditions(&self) -> &[Condition] {
        self.status.as_ref().map_or(&[], |status| &status.conditions)
    }

    fn observed(&self) -> i64 {
        self.status.as_ref().map_or(-1, |status| status.observed_generation)
    }

    fn handled(&self) -> Option<&str> {
        self.status.as_ref()?.last_handled_reconcile_at.as_deref()
    }
}

impl Conditioned for workshop::part::Part {
    fn conditions(&self) -> &[Condition] {
        self.status.as_ref().map_or(&[], |status| &status.conditions)
    }

    fn observed(&self) -> i64 {
        self.status.as_ref().map_or(-1, |status| status.observed_generation)
    }

    fn handled(&self) -> Option<&str> {
        self.status.as_ref()?.last_handled_reconcile_at.as_deref()
    }
}

impl Conditioned for workshop::member::Member {
    fn conditions(&self) -> &[Condition] {
        self.status.as_ref().map_or(&[], |status| &status.conditions)
    }

    fn observed(&self) -> i64 {
        self.status.as_ref().map_or(-1, |status| status.observed_generation)
    }

    fn handled(&self) -> Option<&str> {
        self.status.as_ref()?.last_handled_reconcile_at.as_deref()
    }
}
