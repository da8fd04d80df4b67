//! Life: convergence, drift, adoption and management.

use futures::FutureExt;
use kube::api::DynamicObject;
use provost::engine::kind::Identity;
use provost::engine::state::Access;
use serde_json::{Value as Json, json};

use super::{any, editable, on_each};
use crate::crash::step::Mark;
use crate::objects::{annotation, assert_kstatus, converged, is, message};
use crate::testbed::Bed;
use crate::testbed::scene::Scene;

/// The part of the kind's edit that the vendor shows: drift of nothing else can be seen.
fn readable(bed: &Bed) -> Json {
    let shown =
        |path: &str| bed.row().fields.iter().any(|field| field.path == path && field.access == Access::Readable);
    let edit = (bed.edit)();
    let fields = edit.as_object().unwrap().iter().filter(|(path, _)| shown(path));
    fields.map(|(path, value)| (path.clone(), value.clone())).collect::<serde_json::Map<_, _>>().into()
}

/// The optional ones of these fields, each taken away. What was written of an open map and cannot be read may be undone then, which is for
/// the tests of its kind.
fn without_optional(bed: &Bed, fields: &Json) -> Json {
    let definition = serde_json::to_value((bed.row().crd)()).unwrap();
    let spec = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    let required = |path: &String| spec["required"].as_array().into_iter().flatten().any(|name| name == path.as_str());
    let undone = |path: &String| {
        let mut rows = bed.row().fields.iter().filter(|row| row.access == Access::WriteOnly);
        rows.any(|row| row.path.strip_suffix(".*") == Some(path))
    };
    let optional = fields.as_object().unwrap().keys().filter(|path| !required(path) && !undone(path));
    optional.map(|path| (path.clone(), Json::Null)).collect::<serde_json::Map<_, _>>().into()
}

/// An object that is as its example says, and then as its edit of readable fields says; the vendor then has the example's values again.
async fn drifted(scene: &Scene, name: &str, policy: Json) -> Json {
    scene.stage.apply(&scene.manifest(name, policy)).await;
    scene.arrived(name).await;
    let put_back = scene.stage.vendor.keep();
    let before = scene.values(name);
    scene.patch(name, json!({"spec": readable(scene.bed)})).await;
    scene.arrived(name).await;
    let wanted = scene.values(name);
    assert_ne!(wanted, before, "the edit changes nothing at the vendor");
    put_back();
    assert_eq!(scene.values(name), before);
    wanted
}

#[tokio::test]
async fn the_example_converges_and_a_second_pass_is_silent() {
    on_each(any, |scene| {
        async move {
            scene.stage.apply(&scene.manifest("first", json!({}))).await;
            scene.arrived("first").await;
            scene.values("first");
            scene.assert_silent("first").await;
            scene.stage.restart_operator().await;
            scene.stage.api_ready().await;
            scene.assert_silent("first").await;
        }
        .boxed()
    })
    .await;
}

#[tokio::test]
async fn drift_is_put_back() {
    on_each(editable, |scene| {
        async move {
            let wanted = drifted(scene, "first", json!({})).await;
            scene.looked_at("first").await;
            scene.arrived("first").await;
            assert_eq!(scene.values("first"), wanted);
            scene.assert_silent("first").await;
        }
        .boxed()
    })
    .await;
}

#[tokio::test]
async fn drift_is_shown_and_kept_where_policy_says_so() {
    on_each(editable, |scene| {
        async move {
            let wanted = drifted(scene, "first", json!({"drift": "Report"})).await;
            let mark = Mark::set(scene);
            let object = scene.looked_at("first").await;
            assert_kstatus(&object);
            let drift = |object: &DynamicObject| message(object, "Drifted");
            let paths = readable(scene.bed);
            assert!(paths.as_object().unwrap().keys().all(|path| drift(&object).contains(path)), "{}", drift(&object));
            assert_ne!(scene.values("first"), wanted);
            assert_eq!(mark.vendor_writes(scene), []);
        }
        .boxed()
    })
    .await;
}

#[tokio::test]
async fn a_field_that_is_taken_out_of_the_spec_is_left_alone() {
    on_each(editable, |scene| {
        async move {
            scene.stage.apply(&scene.manifest("first", json!({}))).await;
            scene.arrived("first").await;
            let (before, mark) = (scene.values("first"), Mark::set(scene));
            let less = without_optional(scene.bed, &(scene.bed.edit)());
            assert!(!less.as_object().unwrap().is_empty());
            scene.patch("first", json!({"spec": less})).await;
            scene.arrived("first").await;
            assert_eq!((scene.values("first"), mark.vendor_writes(scene)), (before, vec![]));
        }
        .boxed()
    })
    .await;
}

#[tokio::test]
async fn an_existing_object_is_named_and_taken_over_only_where_policy_says_so() {
    // Whoever cannot search cannot meet an existing object.
    let searches = |bed: &Bed| !matches!(bed.row().identity, Identity::Blind | Identity::Run);
    on_each(searches, |scene| {
        async move {
            scene.stage.apply(&scene.manifest("first", json!({}))).await;
            scene.arrived("first").await;
            scene.let_go("first").await;
            let (before, mark) = (scene.externals("first"), Mark::set(scene));
            scene.stage.apply(&scene.manifest("first", json!({"adoption": "Never"}))).await;
            let object = scene.until("first", |object| is(object, "Ready", "False", "AlreadyExists")).await;
            assert_kstatus(&object);
            assert!(message(&object, "Ready").contains(&before[0].id), "{}", message(&object, "Ready"));
            assert_eq!((scene.externals("first"), mark.vendor_writes(scene)), (before.clone(), vec![]));

            scene.patch("first", json!({"spec": {"policy": {"adoption": "IfExists"}}})).await;
            scene.arrived("first").await;
            let object = scene.api.get("first").await.unwrap();
            assert_eq!(annotation(&object, "provost.dev/external-id"), Some(before[0].id.as_str()));
            assert_eq!(scene.externals("first").len(), 1);
            scene.assert_silent("first").await;
        }
        .boxed()
    })
    .await;
}

#[tokio::test]
async fn a_plan_is_carried_out_when_it_is_approved_and_not_before() {
    on_each(any, |scene| {
        async move {
            scene.stage.apply(&scene.manifest("first", json!({"management": "Plan"}))).await;
            let planned = |object: &DynamicObject| is(object, "Ready", "False", "AwaitingApproval");
            let edits = [json!({})].into_iter().chain(scene.bed.can_be_edited().then(scene.bed.edit));
            for edit in edits {
                scene.patch("first", json!({"spec": edit})).await;
                let mut object = scene.until("first", planned).await;
                while !converged(&object) {
                    assert_kstatus(&object);
                    let mark = Mark::set(scene);
                    scene.looked_at("first").await;
                    // A list that is late makes the plan wait for it.
                    object = scene.until("first", planned).await;
                    assert_eq!(mark.vendor_writes(scene), []);
                    let hash = object.data["status"]["plan"]["hash"].as_str().unwrap().to_owned();
                    scene.annotate("first", "provost.dev/approve", Some(&hash)).await;
                    // What a create leaves to be set is a plan of its own.
                    let next = move |object: &DynamicObject| object.data["status"]["plan"]["hash"] != hash.as_str();
                    object = scene
                        .until("first", move |object| converged(object) || (planned(object) && next(object)))
                        .await;
                }
                scene.values("first");
            }
        }
        .boxed()
    })
    .await;
}

#[tokio::test]
async fn whoever_only_observes_writes_nothing() {
    on_each(any, |scene| {
        async move {
            let mark = Mark::set(scene);
            scene.stage.apply(&scene.manifest("first", json!({"management": "Observe"}))).await;
            let generation = |object: &DynamicObject| object.data["status"]["observedGeneration"].as_i64();
            scene.until("first", move |object| generation(object) == object.metadata.generation).await;
            assert_kstatus(&scene.looked_at("first").await);
            scene.delete("first").await;
            scene.gone("first").await;
            assert_eq!(mark.vendor_writes(scene), []);
        }
        .boxed()
    })
    .await;
}
