//! The end of a namespace or of a kind: nothing is done at the vendor that nobody asked for, and nothing is stuck, in any order.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, Secret};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams};
use provost::cli::cluster::{Cluster, Settings, Source};
use provost::cli::kubernetes;
use provost::engine::admin_api::AdminApi;
use provost::kinds::TABLES;
use provost::myintranetapps::sim::Options;
use provost::myintranetapps::tenant_account::TenantAccount;
use provost::sim::server::Listen;
use provost::sim::trouble::{self, Order, Target};
use serde_json::json;

use crate::harness::{DEADLINE, await_object, scratch, source};
use crate::stage::{API, CREDENTIALS, Conditioned, Stage};
use crate::{log, tap};

const PAUSED: &str = "provost.dev/paused";

/// Asks for the namespace to be deleted. Nobody here empties it, or removes it in the end: that is left to the test.
async fn condemn(stage: &Stage) {
    let namespaces: Api<Namespace> = Api::all(stage.client.clone());
    namespaces.delete(&stage.namespace, &DeleteParams::default()).await.unwrap();
}

/// Kubernetes counts time in seconds: what is to be earlier than something has to be a second earlier.
async fn a_second_later() {
    tokio::time::sleep(Duration::from_millis(1100)).await;
}

async fn settled(names: &[&str]) -> Stage {
    let stage = Stage::connected().await;
    for name in names {
        stage.account(name, json!({})).await;
    }
    for name in names {
        stage.ready(name).await;
    }
    stage
}

async fn without_credentials(stage: &mut Stage) {
    stage.stop_operator().await;
    stage.delete::<Secret>(CREDENTIALS).await;
    stage.start_operator().await;
    stage.api_unready("CredentialsMissing").await;
}

async fn without_admin_api(stage: &mut Stage) {
    stage.stop_operator().await;
    stage.patch::<AdminApi>(API, json!({"metadata": {"finalizers": null}})).await;
    stage.delete::<AdminApi>(API).await;
    stage.gone::<AdminApi>(API).await;
    stage.start_operator().await;
}

#[tokio::test]
async fn what_goes_with_its_namespace_is_left_as_it_is_in_any_order() {
    let orders = [["account", "api", "secret"], ["secret", "api", "account"], ["api", "secret", "account"]];
    for (number, order) in orders.into_iter().enumerate() {
        let mut stage = settled(&["one", "two"]).await;
        let writes = stage.vendor_writes();
        condemn(&stage).await;
        if number == 1 {
            stage.restart_operator().await;
        }
        for what in order {
            match what {
                "secret" => stage.delete::<Secret>(CREDENTIALS).await,
                "api" => stage.delete::<AdminApi>(API).await,
                _ => {
                    stage.delete::<TenantAccount>("one").await;
                    stage.delete::<TenantAccount>("two").await;
                }
            }
        }
        for name in ["one", "two"] {
            stage.gone::<TenantAccount>(name).await;
        }
        stage.gone::<AdminApi>(API).await;
        assert_eq!(stage.vendor_writes(), writes, "{order:?}");
        let said = log::text();
        let told = said.lines().any(|line| {
            line.contains(&stage.namespace)
                && line.contains("Orphaned")
                && line.contains("nobody asked for its deletion")
        });
        assert!(told, "the log does not say why");
    }
}

#[tokio::test]
async fn what_was_deleted_before_its_namespace_follows_its_policy() {
    let stage = settled(&["one"]).await;
    stage.vendor.trouble().place(Order::every(Target::Writes, trouble::Act::answer(503)));
    stage.delete::<TenantAccount>("one").await;
    stage.unready("one", "Unavailable").await;
    a_second_later().await;
    condemn(&stage).await;
    stage.delete::<Secret>(CREDENTIALS).await;
    stage.delete::<AdminApi>(API).await;
    stage.vendor.trouble().clear();
    stage.gone::<TenantAccount>("one").await;
    stage.gone::<AdminApi>(API).await;
    assert!(!stage.only_account().active);
}

#[tokio::test]
async fn what_cannot_follow_its_policy_does_not_hold_up_its_namespace() {
    for api_gone in [true, false] {
        let mut stage = settled(&["one"]).await;
        if api_gone {
            without_admin_api(&mut stage).await;
        } else {
            without_credentials(&mut stage).await;
        }
        stage.delete::<TenantAccount>("one").await;
        stage.unready("one", "DeletionBlocked").await;
        a_second_later().await;
        condemn(&stage).await;
        // It would be looked at again by itself; this is sooner.
        stage.annotate::<TenantAccount>("one", "provost.dev/reconcile-at", Some("now")).await;
        stage.gone::<TenantAccount>("one").await;
        assert!(stage.only_account().active);
    }
}

/// Policy, pause, the state of the AdminApi, and whether the namespace goes: every combination.
#[tokio::test]
async fn every_combination_ends_as_it_should() {
    let names = ["disable", "disable-paused", "orphan", "orphan-paused"];
    for (api, swept) in
        [("fine", false), ("missing", false), ("unready", false), ("fine", true), ("missing", true), ("unready", true)]
    {
        let mut stage = settled(&names).await;
        for name in names {
            let orphan = name.starts_with("orphan").then_some("Orphan");
            stage.edit(name, json!({"policy": {"deletion": orphan}})).await;
            if name.ends_with("paused") {
                stage.annotate::<TenantAccount>(name, PAUSED, Some("true")).await;
                stage.unready(name, "Paused").await;
            }
        }
        match api {
            "missing" => without_admin_api(&mut stage).await,
            "unready" => without_credentials(&mut stage).await,
            _ => {}
        }
        if swept {
            condemn(&stage).await;
        }
        for name in names {
            stage.delete::<TenantAccount>(name).await;
        }
        let waits = |name: &str| match (name, swept, api) {
            ("disable-paused", false, _) => Some("Paused"),
            ("disable", false, "missing" | "unready") => Some("DeletionBlocked"),
            _ => None,
        };
        for name in names {
            match waits(name) {
                Some(reason) => drop(stage.unready(name, reason).await),
                None => stage.gone::<TenantAccount>(name).await,
            }
        }
        let off: Vec<_> = stage.vendor.accounts().into_iter().filter(|it| !it.active).map(|it| it.subdomain).collect();
        let expected = if api == "fine" && !swept { vec!["disable"] } else { vec![] };
        assert_eq!(off, expected, "AdminApi {api}, namespace going {swept}");
    }
}

#[tokio::test]
async fn without_the_right_to_look_a_deletion_is_a_deletion() {
    let stage = settled(&["one"]).await;
    let looks = |call: &tap::Call| {
        call.path.contains("/customresourcedefinitions/")
            || call.path.starts_with("/api/v1/namespaces/it-") && call.path.matches('/').count() == 4
    };
    stage.tap.times(2, tap::Act::Refuse(403), looks);
    stage.delete::<TenantAccount>("one").await;
    stage.gone::<TenantAccount>("one").await;
    assert!(!stage.only_account().active);
}

#[tokio::test]
async fn while_kubernetes_does_not_tell_nothing_is_concluded() {
    let stage = settled(&["one"]).await;
    let writes = stage.vendor_writes();
    stage.tap.next(tap::Act::Refuse(500), |call| call.path.contains("/customresourcedefinitions/"));
    stage.tap.next(tap::Act::Hold, |call| call.path.contains("/customresourcedefinitions/"));
    stage.delete::<TenantAccount>("one").await;
    stage.in_time(stage.tap.wait_for(|call| call.fate == tap::Fate::Held)).await;
    assert_eq!(stage.vendor_writes(), writes);
    stage.tap.release();
    stage.gone::<TenantAccount>("one").await;
    assert!(!stage.only_account().active);
}

#[tokio::test]
async fn what_goes_with_its_definition_is_left_as_it_is_and_the_operator_goes_on() {
    a_definition_goes(|_| {}).await;
}

/// As in an installation that has no rights but in its namespaces.
#[tokio::test]
async fn who_may_not_see_definitions_notices_their_end_all_the_same() {
    a_definition_goes(|tap| {
        tap.times(u32::MAX, tap::Act::Refuse(403), |call| call.path.contains("/customresourcedefinitions/"));
    })
    .await;
}

async fn a_definition_goes(prepare: impl FnOnce(&tap::Tap)) {
    let source = source();
    if matches!(source, Source::Existing(_)) {
        return;
    }
    let dir = scratch("definitions-");
    let settings = Settings { dir: dir.path().join("data"), port: 0, keep: false };
    let cluster = Cluster::start(source, settings).await.unwrap();
    let client = cluster.client().await.unwrap();
    kubernetes::install(&client, &kubernetes::definitions(&TABLES)).await.unwrap();
    let mut stage = Stage::on(cluster.kubeconfig(), client.clone(), Listen::default(), Options::default()).await;
    stage.connect().await;
    stage.start_operator().await;
    for name in ["one", "two"] {
        stage.account(name, json!({})).await;
    }
    for name in ["one", "two"] {
        stage.ready(name).await;
    }
    let writes = stage.vendor_writes();
    prepare(&stage.tap);
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let definition =
        kubernetes::definitions(&TABLES).into_iter().find(|crd| crd.name_any().starts_with("tenant")).unwrap();
    definitions.delete(&definition.name_any(), &DeleteParams::default()).await.unwrap();
    let gone = |crd: Option<&CustomResourceDefinition>| crd.is_none();
    await_object(definitions, &definition.name_any(), gone, DEADLINE).await;
    assert_eq!(stage.vendor_writes(), writes);

    kubernetes::install(&client, &[definition]).await.unwrap();
    stage.account("one", json!({})).await;
    let account = stage.unready("one", "AlreadyExists").await;
    let key = &stage.vendor.accounts().into_iter().find(|account| account.subdomain == "one").unwrap().key;
    assert!(account.message("Ready").contains(key.as_str()));
    stage.account("three", json!({})).await;
    stage.ready("three").await;
    assert_eq!(stage.vendor.accounts().iter().filter(|account| account.active).count(), 3);
    stage.stop_operator().await;
    drop(stage);
    cluster.stop().await;
}

#[tokio::test]
async fn one_refused_call_orphans_nothing_before_the_admin_api_had_its_say() {
    let stage = settled(&["one"]).await;
    stage.vendor.trouble().place(Order::every(Target::Writes, trouble::Act::answer(503)));
    stage.delete::<TenantAccount>("one").await;
    stage.unready("one", "Unavailable").await;
    a_second_later().await;
    condemn(&stage).await;
    let reads_credentials = |call: &tap::Call| call.path.ends_with(&format!("/secrets/{CREDENTIALS}"));
    stage.tap.next(tap::Act::Hold, reads_credentials);
    let mark = stage.tap.mark();
    stage.vendor.trouble().clear();
    stage.vendor.trouble().place(Order::next_of("update_account", trouble::Act::answer(401)));
    stage.annotate::<TenantAccount>("one", "provost.dev/reconcile-at", Some("now")).await;
    stage.in_time(stage.tap.wait_for_since(mark, reads_credentials)).await;

    // Looked at while the credentials' own trial is under way.
    let mark = stage.tap.mark();
    stage.annotate::<TenantAccount>("one", "provost.dev/reconcile-at", Some("now again")).await;
    let asks = |call: &tap::Call| call.path.ends_with(&format!("/namespaces/{}", stage.namespace));
    stage.in_time(stage.tap.wait_for_since(mark, asks)).await;
    stage.tap.release();
    stage.gone::<TenantAccount>("one").await;
    assert!(!stage.only_account().active);
}
