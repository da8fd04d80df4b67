//! The launcher and the harness against the real programs.

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{Api, ObjectMeta, Patch, PatchParams, PostParams};
use provost::cli::cluster::{Cluster, Settings, Source};
use serde_json::json;

use crate::harness::{DEADLINE, await_object, client, kubectl, namespace, scratch, source};

fn config_map(name: &str) -> ConfigMap {
    ConfigMap { metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() }, ..ConfigMap::default() }
}

#[tokio::test]
async fn tests_get_namespaces_of_their_own_on_one_server() {
    let client = client().await;
    let (one, two) = (namespace(&client).await, namespace(&client).await);
    assert_ne!(one, two);
    let api = Api::namespaced(client.clone(), &one);
    let waiting = tokio::spawn(await_object(
        api.clone(),
        "a",
        |object: Option<&ConfigMap>| object.and_then(|object| object.data.as_ref()).is_some(),
        DEADLINE,
    ));
    api.create(&PostParams::default(), &config_map("a")).await.unwrap();
    let patch = Patch::Merge(json!({"data": {"x": "1"}}));
    api.patch("a", &PatchParams::default(), &patch).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().data.unwrap()["x"], "1");

    let listed = kubectl(&["get", "configmaps", "--namespace", &one, "-o", "name"], "").await.ok();
    assert!(listed.contains("configmap/a"), "{listed}");
    let listed = kubectl(&["get", "configmaps", "--namespace", &two, "-o", "name"], "").await.ok();
    assert!(!listed.contains("configmap/a"), "{listed}");
}

#[tokio::test]
async fn kubectl_tells_what_the_api_server_refuses() {
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: Not_A_Name}\n";
    let refused = kubectl(&["create", "-f", "-"], namespace).await.refused();
    assert!(refused.contains("Not_A_Name"), "{refused}");
}

#[tokio::test]
async fn a_restarted_server_has_its_data_port_and_keys() {
    let source = source();
    if matches!(source, Source::Existing(_)) {
        return;
    }
    let dir = scratch("restart-");
    let settings = Settings { dir: dir.path().join("data"), port: 0, keep: true };
    let mut cluster = Cluster::start(source.clone(), settings.clone()).await.unwrap();
    let client = cluster.client().await.unwrap();
    let api: Api<Namespace> = Api::all(client);
    let metadata = ObjectMeta { name: Some("kept".to_owned()), ..ObjectMeta::default() };
    api.create(&PostParams::default(), &Namespace { metadata, ..Namespace::default() }).await.unwrap();
    let before = std::fs::read_to_string(cluster.kubeconfig()).unwrap();

    cluster.restart().await.unwrap();
    assert_eq!(std::fs::read_to_string(cluster.kubeconfig()).unwrap(), before);
    // The client from before goes on.
    assert!(api.get("kept").await.is_ok());
    cluster.stop().await;

    let again = Cluster::start(source, settings).await.unwrap();
    let api: Api<Namespace> = Api::all(again.client().await.unwrap());
    assert!(api.get("kept").await.is_ok());
}

#[tokio::test]
async fn a_stopped_server_leaves_nothing_of_its_own_behind() {
    let source = source();
    if matches!(source, Source::Existing(_)) {
        return;
    }
    let dir = scratch("stopped-");
    let settings = Settings { dir: dir.path().join("data"), port: 0, keep: false };
    let cluster = Cluster::start(source.clone(), settings.clone()).await.unwrap();
    std::fs::write(settings.dir.join("somebody's"), "").unwrap();
    let client = cluster.client().await.unwrap();
    cluster.stop().await;
    assert!(client.apiserver_version().await.is_err());
    let left: Vec<_> = std::fs::read_dir(&settings.dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["somebody's"]);

    let settings = Settings { dir: dir.path().join("other"), ..settings };
    let dropped = Cluster::start(source.clone(), settings.clone()).await.unwrap();
    // A second server finds the folder taken, and does not remove the first one's data.
    assert!(Cluster::start(source, settings).await.is_err());
    assert!(dropped.client().await.unwrap().apiserver_version().await.is_ok());
    drop(dropped);
    assert!(!dir.path().join("other").exists());
}
