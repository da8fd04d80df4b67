//! Export: what `provost export` writes of each kind that can be listed has an empty plan, has no secret in it, and is taken over without a
//! write.

use futures::FutureExt;
use kube::ResourceExt;
use provost::kinds;
use serde_json::{Value as Json, json};

use super::on_each;
use crate::crash::step::Mark;
use crate::export::export;
use crate::harness::cluster;
use crate::stage::API;
use crate::testbed::Bed;
use crate::testbed::scene::{EXTERNAL_ID, Scene};

/// The kinds that the program can list.
fn listable(bed: &Bed) -> bool {
    kinds::TABLES.kind(bed.kind).is_some_and(|row| row.unlisted.is_none())
}

/// `provost export` of the scene's kind, from its cluster.
async fn exported(scene: &Scene, more: &str) -> (i32, Json, String) {
    let namespace = &scene.stage.namespace;
    let arguments = format!(
        "export {} --admin-api {API} -n {namespace} --operator-namespace {namespace} -o json {more}",
        scene.bed.kind
    );
    let ran = export(&arguments, Some(cluster().await.kubeconfig()), "").await;
    (ran.status, serde_json::from_str(&ran.said.stdout).unwrap_or_default(), ran.said.stderr)
}

/// The values of the Secrets that the scene's example needs.
fn secrets(scene: &Scene) -> Vec<String> {
    let documents = scene.bed.example().1;
    let values = documents.iter().filter_map(|document| document["stringData"].as_object()).flatten();
    values.filter_map(|(_, value)| value.as_str().map(str::to_owned)).filter(|value| value.len() > 7).collect()
}

#[tokio::test]
async fn what_is_exported_has_an_empty_plan_and_is_taken_over_without_a_write() {
    on_each(listable, |scene| {
        async move {
            let names: &[&str] = if scene.bed.single { &["first"] } else { &["first", "second"] };
            let mut ids = Vec::new();
            for name in names {
                scene.stage.apply(&scene.manifest(name, json!({}))).await;
                scene.arrived(name).await;
                let object = scene.api.get(name).await.unwrap();
                ids.push(object.data["status"]["externalId"].as_str().unwrap().to_owned());
            }
            let is_ours = |id: &Json| ids.iter().any(|known| *id == known.as_str());
            let (_, inventory, said) = exported(scene, "--unmanaged").await;
            let all = inventory["objects"].as_array().unwrap();
            let owners: Vec<&str> = { all.iter() }
                .filter(|external| is_ours(&external["externalId"]))
                .map(|external| external["managedBy"]["name"].as_str().unwrap())
                .collect();
            assert_eq!(owners, names, "{inventory} {said}");
            for name in names {
                scene.let_go(name).await;
            }
            let mark = Mark::set(scene);
            let (status, list, said) = exported(scene, "--management Enforce --verify").await;
            assert_eq!(status, 0, "{}: {said}{list}", scene.bed.name);
            let text = format!("{list}{said}");
            assert!(secrets(scene).iter().all(|secret| !text.contains(secret)), "{text}");
            assert_eq!(mark.vendor_writes(scene), [], "an export writes nothing");
            let objects = list["items"].as_array().unwrap();
            let ours: Vec<&Json> =
                { objects.iter() }.filter(|object| is_ours(&object["metadata"]["annotations"][EXTERNAL_ID])).collect();
            if scene.bed.kind == "PortalTemplate" {
                // Nobody shows what is in one.
                assert!(
                    ours.is_empty() && ids.iter().all(|id| said.contains(&format!("({id}) is left out"))),
                    "{said}"
                );
                return;
            }
            assert_eq!(ours.len(), names.len(), "{list} {said}");
            for object in ours {
                scene.stage.apply(object).await;
                let name = object["metadata"]["name"].as_str().unwrap();
                scene.arrived(name).await;
                let object = scene.api.get(name).await.unwrap();
                assert!(is_ours(&object.data["status"]["externalId"]), "{}", object.name_any());
            }
            assert_eq!(mark.vendor_writes(scene), [], "what was exported is taken over as it is");
        }
        .boxed()
    })
    .await;
}
