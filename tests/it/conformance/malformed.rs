//! Malformed: an object of each kind that its schema should not have let in.

use futures::future::join_all;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use provost::cli::kubernetes;
use serde_json::json;

use crate::harness::scratch;
use crate::objects::{condition, message};
use crate::operator::outage::own_cluster;
use crate::testbed::scene::Scene;
use crate::testbed::{BEDS, Bed};
use crate::workshop;

/// Our definitions as another version may have left them: any spec and status of a managed kind goes.
fn loosened() -> Vec<CustomResourceDefinition> {
    let loosen = |definition: CustomResourceDefinition| {
        let mut json = serde_json::to_value(definition).unwrap();
        if json["spec"]["names"]["kind"] != "AdminApi" {
            let schema = &mut json["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
            for part in ["spec", "status"] {
                schema["properties"][part] = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
            }
        }
        serde_json::from_value(json).unwrap()
    };
    kubernetes::definitions(workshop::tables()).into_iter().map(loosen).collect()
}

async fn told_and_mended(scene: &Scene, key: &str) {
    let mut bad = scene.manifest("bad", json!({}));
    bad["spec"][key] = json!(["not", "a", "text"]);
    scene.stage.apply(&bad).await;
    scene.stage.apply(&scene.manifest("good", json!({}))).await;
    scene.arrived("good").await;
    let malformed = |object: &kube::api::DynamicObject| condition(object, "Ready")["reason"] == "Malformed";
    let object = scene.until("bad", malformed).await;
    let said = message(&object, "Ready");
    assert_eq!(said, format!("this object cannot be read: spec.{key} is a list, and must be text; correct it"));
    assert!(scene.externals("bad").is_empty());

    scene.stage.apply(&scene.manifest("bad", json!({}))).await;
    scene.arrived("bad").await;
}

#[tokio::test]
async fn a_malformed_object_is_told_what_is_wrong_and_spoils_nothing_else() {
    let dir = scratch("malformed-kinds-");
    let Some(cluster) = own_cluster(dir.path(), &loosened()).await else { return };
    let first = |bed: &&'static Bed| BEDS.iter().find(|other| other.kind == bed.kind).unwrap().name == bed.name;
    let named = BEDS.iter().filter(first).filter_map(|bed| Some((bed, bed.key()?)));
    let tried = named.map(|(bed, key)| async {
        told_and_mended(&Scene::set_on(bed, &cluster).await, key).await;
    });
    join_all(tried).await;
}
