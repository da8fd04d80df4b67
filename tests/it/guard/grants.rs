//! Grants: an AdminApi of another namespace serves only whom its owner lets, and nobody learns from a refusal whether it exists.

use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use provost::engine::admin_api::AdminApi;
use provost::myintranetapps::sim::Options;
use provost::myintranetapps::tenant_account::TenantAccount;
use serde_json::{Value as Json, json};

use crate::harness::{DEADLINE, await_object, namespace};
use crate::stage::{API, Conditioned, Stage, account};
use crate::tap;

/// Two namespaces: the owner's, with an AdminApi, and a guest's.
struct Neighbours {
    stage: Stage,
    guest: String,
}

impl Neighbours {
    async fn new() -> Self {
        let mut stage = Stage::bare(Options::default()).await;
        let guest = namespace(&stage.client).await;
        stage.beside = vec![guest.clone()];
        stage.connect().await;
        stage.start_operator().await;
        stage.api_ready().await;
        Self { stage, guest }
    }

    /// What the owner lets others do.
    async fn grant(&self, allowed: Json) {
        self.stage.patch::<AdminApi>(API, json!({"spec": {"allowedNamespaces": allowed}})).await;
    }

    /// Labels the guest's namespace.
    async fn label(&self, labels: Json) {
        let namespaces: Api<Namespace> = Api::all(self.stage.client.clone());
        let patch = Patch::Merge(json!({"metadata": {"labels": labels}}));
        namespaces.patch(&self.guest, &PatchParams::default(), &patch).await.unwrap();
    }

    fn accounts(&self) -> Api<TenantAccount> {
        Api::namespaced(self.stage.client.clone(), &self.guest)
    }

    /// Makes a guest's account behind an AdminApi of the owner.
    async fn account(&self, name: &str, admin_api: &str, fields: Json) {
        let mut manifest = account(name, fields);
        manifest["metadata"]["namespace"] = json!(self.guest);
        manifest["spec"]["adminApi"] = json!({"name": admin_api, "namespace": self.stage.namespace});
        self.stage.apply(&manifest).await;
    }

    async fn until(&self, name: &str, status: &'static str, reason: &'static str) -> TenantAccount {
        let wanted = move |found: Option<&TenantAccount>| found.is_some_and(|it| it.is("Ready", status, reason));
        await_object(self.accounts(), name, wanted, DEADLINE).await.unwrap()
    }

    async fn ready(&self, name: &str) -> TenantAccount {
        self.until(name, "True", "Converged").await
    }

    async fn refused(&self, name: &str) -> TenantAccount {
        self.until(name, "False", "NotGranted").await
    }

    async fn delete(&self, name: &str) {
        self.accounts().delete(name, &DeleteParams::default()).await.unwrap();
    }

    async fn gone(&self, name: &str) {
        await_object(self.accounts(), name, |found: Option<&TenantAccount>| found.is_none(), DEADLINE).await;
    }

    async fn annotate(&self, name: &str, annotation: &str, value: &str) {
        let patch = Patch::Merge(json!({"metadata": {"annotations": {annotation: value}}}));
        self.accounts().patch(name, &PatchParams::default(), &patch).await.unwrap();
    }
}

#[tokio::test]
async fn without_a_grant_nothing_is_done_and_nothing_learned() {
    let both = Neighbours::new().await;
    let seen = both.stage.vendor.journal().last();
    both.account("one", API, json!({})).await;
    both.account("two", "nowhere", json!({})).await;
    let there = both.refused("one").await.message("Ready").replace(API, "X");
    let not_there = both.refused("two").await.message("Ready").replace("nowhere", "X");
    assert_eq!(there, not_there);
    assert_eq!(both.stage.vendor.journal().since(seen), []);
    // Nor does it count as a user, and so it cannot keep the AdminApi from going.
    let api = both.stage.looked_at::<AdminApi>(API).await;
    assert_eq!(api.status.unwrap().managed_objects.unwrap().total, 0);
    both.stage.delete::<AdminApi>(API).await;
    both.stage.gone::<AdminApi>(API).await;
    for name in ["one", "two"] {
        both.delete(name).await;
        both.gone(name).await;
    }
}

#[tokio::test]
async fn without_a_grant_there_is_no_claim_either() {
    let mut both = Neighbours::new().await;
    both.account("one", API, json!({})).await;
    both.refused("one").await;
    // The guest was first, and the owner's object is no less the owner of what it makes.
    both.stage.account("one", json!({})).await;
    both.stage.ready("one").await;
    both.stage.restart_operator().await;
    let account = both.stage.looked_at::<TenantAccount>("one").await;
    assert!(account.is("Ready", "True", "Converged"), "{account:#?}");
    // With a grant it stands in line behind it.
    both.grant(json!({"from": "All"})).await;
    both.until("one", "False", "Conflict").await;
    assert_eq!(both.stage.vendor.accounts().len(), 1);
}

#[tokio::test]
async fn a_grant_to_all_is_noticed_and_so_is_its_end() {
    let both = Neighbours::new().await;
    both.account("one", API, json!({})).await;
    both.refused("one").await;
    both.grant(json!({"from": "All"})).await;
    both.ready("one").await;
    let used = |api: &AdminApi| {
        api.status.as_ref().and_then(|status| status.managed_objects.as_ref()).is_some_and(|objects| objects.total == 1)
    };
    both.stage.until(API, used).await;

    both.grant(json!({"from": "Same"})).await;
    let account = both.refused("one").await;
    assert_eq!(account.finalizers(), ["provost.dev/finalizer"]);
    let seen = both.stage.vendor.journal().last();
    both.delete("one").await;
    let account = both.until("one", "False", "DeletionBlocked").await;
    assert!(account.message("Ready").contains("allowedNamespaces"), "{}", account.message("Ready"));
    assert_eq!(both.stage.vendor.journal().since(seen), []);
    both.grant(json!({"from": "All"})).await;
    both.gone("one").await;
    assert!(!both.stage.only_account().active);
}

#[tokio::test]
async fn who_lost_a_grant_can_let_go() {
    let both = Neighbours::new().await;
    both.grant(json!({"from": "All"})).await;
    both.account("orphan", API, json!({"policy": {"deletion": "Orphan"}})).await;
    both.account("stuck", API, json!({})).await;
    both.ready("orphan").await;
    both.ready("stuck").await;
    both.grant(json!(null)).await;
    both.refused("orphan").await;
    both.refused("stuck").await;
    both.delete("orphan").await;
    both.gone("orphan").await;
    both.delete("stuck").await;
    let uid = both.until("stuck", "False", "DeletionBlocked").await.uid().unwrap();
    both.annotate("stuck", "provost.dev/abandon", &uid).await;
    both.gone("stuck").await;
    assert!(both.stage.vendor.accounts().iter().all(|account| account.active));
}

#[tokio::test]
async fn a_selector_follows_the_labels_of_namespaces() {
    let mut both = Neighbours::new().await;
    both.grant(json!({"from": "Selector", "selector": {"matchLabels": {"team": "a"}}})).await;
    both.account("one", API, json!({})).await;
    both.refused("one").await;
    both.label(json!({"team": "b"})).await;
    both.label(json!({"team": "a"})).await;
    both.ready("one").await;
    // The next operator knows the labels before it works.
    both.stage.restart_operator().await;
    both.annotate("one", "provost.dev/reconcile-at", "again").await;
    let handled = |found: Option<&TenantAccount>| found.is_some_and(|it| it.handled() == Some("again"));
    let account = await_object(both.accounts(), "one", handled, DEADLINE).await.unwrap();
    assert!(account.is("Ready", "True", "Converged"));
    both.label(json!({"team": null})).await;
    both.refused("one").await;
    let expression = json!({"key": "team", "operator": "DoesNotExist"});
    both.grant(json!({"from": "Selector", "selector": {"matchLabels": null, "matchExpressions": [expression]}})).await;
    both.ready("one").await;
}

/// As in an installation that has no rights but in its namespaces.
#[tokio::test]
async fn who_may_not_watch_namespaces_looks_at_their_labels() {
    let mut both = Neighbours::new().await;
    both.grant(json!({"from": "Selector", "selector": {"matchLabels": {"team": "a"}}})).await;
    both.label(json!({"team": "a"})).await;
    both.stage.tap.times(u32::MAX, tap::Act::Refuse(403), |call| call.path == "/api/v1/namespaces");
    both.stage.restart_operator().await;
    both.account("one", API, json!({})).await;
    both.ready("one").await;
    both.label(json!({"team": null})).await;
    both.refused("one").await;
}

#[tokio::test]
async fn a_grant_that_is_away_for_a_while_costs_nobody_what_is_theirs() {
    let mut both = Neighbours::new().await;
    both.grant(json!({"from": "Selector", "selector": {"matchLabels": {"team": "a"}}})).await;
    both.label(json!({"team": "a"})).await;
    both.account("one", API, json!({})).await;
    both.ready("one").await;
    both.stage.account("one", json!({})).await;
    both.stage.unready("one", "Conflict").await;
    both.label(json!({"team": null})).await;
    both.refused("one").await;
    assert!(both.stage.looked_at::<TenantAccount>("one").await.is("Ready", "False", "Conflict"));
    both.stage.restart_operator().await;
    assert!(both.stage.looked_at::<TenantAccount>("one").await.is("Ready", "False", "Conflict"));
    both.label(json!({"team": "a"})).await;
    both.ready("one").await;
    assert_eq!(both.stage.vendor_writes().len(), 1);
}

#[tokio::test]
async fn the_guard_and_the_notes_are_the_owners() {
    let both = Neighbours::new().await;
    both.grant(json!({"from": "All"})).await;
    both.stage.patch::<AdminApi>(API, json!({"spec": {"guard": {"maxDeletions": 1, "window": "1h"}}})).await;
    both.account("one", API, json!({})).await;
    both.stage.account("two", json!({})).await;
    let before = both.ready("one").await;
    both.stage.ready("two").await;
    both.delete("one").await;
    both.gone("one").await;
    both.stage.delete::<TenantAccount>("two").await;
    both.stage.unready("two", "DeletionHeld").await;
    // What was switched off is noted beside the AdminApi, and taken up again from there.
    both.account("one", API, json!({})).await;
    let after = both.ready("one").await;
    let id = |account: &TenantAccount| account.annotations()["provost.dev/external-id"].clone();
    assert_eq!(id(&before), id(&after));
}

#[tokio::test]
async fn secrets_are_the_objects_own_and_credentials_the_admin_apis() {
    let both = Neighbours::new().await;
    both.grant(json!({"from": "All"})).await;
    // The guest's Secret of the credentials' name is nothing to the AdminApi, and the owner's Secret nothing to the guest.
    let secrets: Api<k8s_openapi::api::core::v1::Secret> = Api::namespaced(both.stage.client.clone(), &both.guest);
    let forged =
        json!({"metadata": {"name": crate::stage::CREDENTIALS}, "stringData": {"username": "x", "password": "x"}});
    secrets.create(&Default::default(), &serde_json::from_value(forged).unwrap()).await.unwrap();
    both.stage.write_secret("admin", json!({"password": "the owner's own secret word"})).await;
    let source = json!({"secretRef": {"name": "admin", "key": "password"}});
    both.account("one", API, json!({"adminPassword": source})).await;
    let account = both.until("one", "False", "SecretMissing").await;
    assert!(account.message("Ready").contains(&format!("{}/admin", both.guest)), "{}", account.message("Ready"));
    // There is no field to say another namespace with.
    let mut manifest = account_manifest(&both);
    manifest["spec"]["adminPassword"] =
        json!({"secretRef": {"name": "admin", "key": "password", "namespace": both.stage.namespace}});
    let object: TenantAccount = serde_json::from_value(manifest.clone()).unwrap();
    assert!(!serde_json::to_string(&object.spec.admin_password).unwrap().contains("namespace"));
    let refused = provost::cli::kubernetes::apply(&both.stage.client, &both.guest, &manifest).await;
    assert!(refused.is_err(), "a namespace of a Secret was taken");

    let own = json!({"metadata": {"name": "admin"}, "stringData": {"password": "the guest's own secret word"}});
    secrets.create(&Default::default(), &serde_json::from_value(own).unwrap()).await.unwrap();
    both.ready("one").await;
    let body = both.stage.vendor_writes().pop().unwrap().1.to_string();
    assert!(!body.contains("the owner's own secret word"), "{body}");
}

fn account_manifest(both: &Neighbours) -> Json {
    let mut manifest = account("two", json!({}));
    manifest["metadata"]["namespace"] = json!(both.guest);
    manifest["spec"]["adminApi"] = json!({"name": API, "namespace": both.stage.namespace});
    manifest
}
