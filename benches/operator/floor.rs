//! Floor: bare loops that make the vendor calls and Kubernetes writes that the operator has to make, and nothing else.

use std::time::Duration;

use futures::{StreamExt, stream};
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::field::Field;
use crate::{CONCURRENCY, VENDOR};

/// The namespace of the objects that only the floors work on.
const FLOOR: &str = "floor";

impl Field {
    /// One call to the vendor, and its answer.
    pub async fn vendor_call(&self, body: &Value) -> Value {
        let credentials = self.vendor.credentials();
        let answer = self
            .http
            .post(format!("{}/app/api.php", self.vendor.url()))
            .basic_auth(credentials["username"].expose(), Some(credentials["password"].expose()))
            .header("Account-Key", credentials["accountKey"].expose())
            .json(body)
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success());
        answer.json().await.unwrap()
    }

    async fn settle(&self, name: &str, generation: i64, id: &Value) {
        let condition = |kind: &str| {
            json!({
                "type": kind, "status": "True", "reason": "Converged", "message": "the vendor matches the spec",
                "lastTransitionTime": "2026-11-22T00:00:00Z", "observedGeneration": generation,
            })
        };
        let status = json!({"status": {
            "observedGeneration": generation, "externalId": id, "conditions": [condition("Ready"), condition("Synced")],
        }});
        let api = self.accounts(FLOOR);
        api.patch_status(name, &PatchParams::default(), &Patch::Merge(status)).await.unwrap();
    }

    /// A create of each of `n` objects: announce, call, record, status.
    pub async fn floor_of_creates(&self, n: usize) -> Duration {
        self.make(FLOOR, VENDOR, n).await;
        let api = &self.accounts(FLOOR);
        let begun = Instant::now();
        let work = stream::iter(0..n)
            .for_each_concurrent(CONCURRENCY, |i| async move {
                let (name, params) = (format!("{VENDOR}-{i}"), PatchParams::default());
                let announced = json!({"metadata": {
                    "finalizers": ["provost.dev/bench"], "annotations": {"provost.dev/pending-create": "x"},
                }});
                api.patch(&name, &params, &Patch::Merge(announced)).await.unwrap();
                let body = json!({
                    "name": "n", "active": "1", "email_admin": "a@b.c", "password": "", "subdomain": format!("bare-{i}"), "type": "standard",
                });
                let id = self.vendor_call(&body).await["account_key"].clone();
                let recorded = json!({"metadata": {
                    "annotations": {"provost.dev/external-id": id, "provost.dev/pending-create": null},
                }});
                api.patch(&name, &params, &Patch::Merge(recorded)).await.unwrap();
                self.settle(&name, 1, &id).await;
            });
        // Watched as the operator is: a watch is work for the API server too.
        tokio::join!(work, self.all_ready(FLOOR, n));
        begun.elapsed()
    }

    /// One vendor call and one status for each of `n` objects whose specs have changed.
    pub async fn floor_of_updates(&self, n: usize) -> Duration {
        self.edit_all(FLOOR, n, "floor").await;
        let objects = self.accounts(FLOOR).list(&kube::api::ListParams::default()).await.unwrap();
        let begun = Instant::now();
        let work = stream::iter(objects.items).for_each_concurrent(CONCURRENCY, |object| async move {
            let id = json!(object.metadata.annotations.unwrap()["provost.dev/external-id"]);
            let body = json!({"action": "update_account", "account_key": id, "email_admin": object.spec.email_admin});
            self.vendor_call(&body).await;
            self.settle(&object.metadata.name.unwrap(), object.metadata.generation.unwrap(), &id).await;
        });
        tokio::join!(work, self.all_ready(FLOOR, n));
        begun.elapsed()
    }
}
