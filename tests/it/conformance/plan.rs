//! Plan: what `provost plan` says of an object of each kind is what the operator then does.

use futures::FutureExt;
use provost::kinds;
use serde_json::{Value as Json, json};

use super::on_each;
use crate::crash::step::Mark;
use crate::examples;
use crate::plans::plan_beside;
use crate::testbed::Bed;

/// The kinds that the program knows.
fn known_to_the_program(bed: &Bed) -> bool {
    kinds::TABLES.kind(bed.kind).is_some()
}

#[tokio::test]
async fn the_program_plans_what_the_operator_then_does() {
    on_each(known_to_the_program, |scene| {
        async move {
            let (namespace, mut manifest) = (scene.stage.namespace.clone(), scene.manifest("first", json!({})));
            let mark = Mark::set(scene);
            let (status, document) = plan_beside(&namespace, &manifest).await;
            let action = if scene.bed.lasts() { "create" } else { "run" };
            assert_eq!((status, &document["objects"][0]["action"]), (2, &json!(action)), "{document}");
            assert_eq!(mark.vendor_writes(scene), [], "a plan writes nothing");
            scene.stage.apply(&manifest).await;
            scene.arrived("first").await;
            let (status, document) = plan_beside(&namespace, &manifest).await;
            assert_eq!((status, &document["summary"]["unchanged"]), (0, &json!(1)), "{document}");
            if !scene.bed.can_be_edited() {
                return;
            }

            let edit = (scene.bed.edit)();
            examples::change(&mut manifest["spec"], &edit);
            let mark = Mark::set(scene);
            let (status, document) = plan_beside(&namespace, &manifest).await;
            assert_eq!((status, &document["objects"][0]["action"]), (2, &json!("update")), "{document}");
            assert_eq!(mark.vendor_writes(scene), [], "a plan writes nothing");
            let changes = document["objects"][0]["changes"].as_array().unwrap();
            let edited = |change: &Json| {
                let field = change["field"].as_str().unwrap();
                edit.as_object().unwrap().keys().any(|path| field.starts_with(path.as_str()))
            };
            assert!(!changes.is_empty() && changes.iter().all(edited), "{document}");
            scene.stage.apply(&manifest).await;
            scene.arrived("first").await;
            let (status, document) = plan_beside(&namespace, &manifest).await;
            assert_eq!((status, &document["summary"]["unchanged"]), (0, &json!(1)), "{document}");
        }
        .boxed()
    })
    .await;
}
