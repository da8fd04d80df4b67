//! Deletion: what each policy leaves at the vendor, and that letting go needs nobody.

use futures::FutureExt;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use provost::engine::admin_api::AdminApi;
use serde_json::json;

use super::{any, on_each};
use crate::crash::step::Mark;
use crate::stage::{API, CREDENTIALS};

#[tokio::test]
async fn each_deletion_policy_leaves_what_it_says() {
    on_each(any, |scene| {
        async move {
            for deletion in scene.bed.row().deletions {
                let (word, name) = (deletion.word(), deletion.word().to_lowercase());
                scene.clear();
                scene.stage.apply(&scene.manifest(&name, json!({"deletion": word}))).await;
                scene.arrived(&name).await;
                let (before, mark) = (scene.values(&name), Mark::set(scene));
                scene.delete(&name).await;
                scene.gone(&name).await;
                match word {
                    "Delete" => assert_eq!(scene.externals(&name), []),
                    "Disable" => assert_ne!(scene.values(&name), before),
                    _ => assert_eq!((scene.values(&name), mark.vendor_writes(scene)), (before, vec![])),
                }
            }
        }
        .boxed()
    })
    .await;
}

#[tokio::test]
async fn letting_go_needs_neither_admin_api_nor_credentials() {
    on_each(any, |scene| {
        async move {
            scene.stage.apply(&scene.manifest("first", json!({"deletion": "Orphan"}))).await;
            scene.arrived("first").await;
            scene.stage.stop_operator().await;
            let api: Api<AdminApi> = scene.stage.api();
            api.delete(API, &DeleteParams::default()).await.unwrap();
            let free = Patch::Merge(json!({"metadata": {"finalizers": null}}));
            api.patch(API, &PatchParams::default(), &free).await.unwrap();
            scene.stage.delete::<k8s_openapi::api::core::v1::Secret>(CREDENTIALS).await;
            let (before, mark) = (scene.externals("first"), Mark::set(scene));
            scene.stage.start_operator().await;
            scene.delete("first").await;
            scene.gone("first").await;
            assert_eq!((scene.externals("first"), mark.vendor_writes(scene)), (before, vec![]));
        }
        .boxed()
    })
    .await;
}
