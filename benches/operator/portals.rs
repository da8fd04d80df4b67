//! B13: an Intrexx server with many portals, and how many calls a look at everything takes there.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{StreamExt, stream};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::core::ApiResource;
use provost::cli::kubernetes::apply;
use provost::engine::admin_api::AdminApi;
use provost::intrexx::sim::options::Server;
use provost::intrexx::sim::{Options, Simulator};
use provost::kinds::TABLES;
use serde_json::{Value, json};

use crate::field::Field;
use crate::table::Table;
use crate::{CONCURRENCY, WATCHED};

/// The AdminApi.
const PORTALS: &str = "portals";
/// Of each portal.
const JOBS: usize = 20;
const MAIL_SERVICES: usize = 2;
const USERS: usize = 2;
/// What is read of each portal itself: its base URL and its settings, which its spec names, and how one of its mail services is, in turn, which
/// no list tells.
const OWN_READS: usize = 3;
/// How many resyncs.
const ROUNDS: usize = 3;

/// Makes `portals` portals with all that is in them, and looks at everything some times.
pub async fn measure(field: &Field, portals: usize, table: &mut Table) {
    let names: Vec<String> = (0..portals).map(|portal| format!("p{portal}")).collect();
    let server = Server { portals: names.clone(), ..Server::default() };
    let vendor = Simulator::start(Options { server, ..Options::default() }).await.unwrap();
    connect(field, &vendor).await;
    let objects: Vec<Value> = names.iter().flat_map(|portal| contents(portal)).collect();
    let count = objects.len();
    stream::iter(objects)
        .for_each_concurrent(32, |object| async move { apply(&field.client, WATCHED, &object).await.unwrap() })
        .await;
    while ready(field).await < count {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    settled(&vendor).await;

    let before = vendor.journal().last();
    for round in 0..ROUNDS {
        let token = json!({"metadata": {"annotations": {"provost.dev/reconcile-at": format!("round-{round}")}}});
        let api: Api<AdminApi> = Api::namespaced(field.client.clone(), WATCHED);
        api.patch(PORTALS, &PatchParams::default(), &Patch::Merge(token)).await.unwrap();
        settled(&vendor).await;
    }
    let mut calls: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in vendor.journal().all().into_iter().filter(|entry| entry.seq > before) {
        *calls.entry(entry.operation).or_default() += 1;
    }
    let total = calls.values().sum::<usize>() as f64 / ROUNDS as f64;
    let bound = 1 + portals * (OWN_READS + 1 + 1 + USERS);
    let what = format!("vendor calls per resync of {count} in {portals} portals");
    let ratio = total / bound as f64;
    table.aim("B13", what, format!("{total:.0} ({ratio:.2} of the bound)"), format!("≤ {bound}"), ratio <= 1.0);
    let each: Vec<String> =
        calls.iter().map(|(operation, count)| format!("{operation} {:.1}", *count as f64 / ROUNDS as f64)).collect();
    table.note("B13", "of these", each.join(", "));
}

/// Makes the AdminApi of the server.
async fn connect(field: &Field, vendor: &Simulator) {
    let secrets: Api<Secret> = Api::namespaced(field.client.clone(), WATCHED);
    let data: serde_json::Map<String, Value> =
        vendor.credentials().iter().map(|(key, value)| (key.clone(), Value::from(value.expose()))).collect();
    let secret = serde_json::from_value(json!({"metadata": {"name": PORTALS}, "stringData": data})).unwrap();
    secrets.create(&PostParams::default(), &secret).await.unwrap();
    let admin = json!({
        "apiVersion": "provost.dev/v1alpha1", "kind": "AdminApi", "metadata": {"name": PORTALS},
        "spec": {
            "intrexx": {"url": vendor.url()}, "credentials": {"secretRef": {"name": PORTALS}},
            "limits": {"concurrency": CONCURRENCY, "requestsPerSecond": 1000, "burst": 1000}, "resyncInterval": "1h",
        },
    });
    apply(&field.client, WATCHED, &admin).await.unwrap();
}

/// A portal and what is in it.
fn contents(portal: &str) -> Vec<Value> {
    let object = |kind: &str, name: &str, spec: Value| {
        let mut spec = spec;
        spec["adminApi"] = json!({"name": PORTALS});
        spec["portalName"] = json!(portal);
        let metadata = json!({"name": format!("{portal}-{name}")});
        json!({"apiVersion": "provost.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec})
    };
    let whole = json!({
        "policy": {"adoption": "IfExists"}, "baseUrl": format!("https://{portal}.example.com"),
        "settings": {"sessionTimeoutSeconds": 3600},
    });
    let jobs = (0..JOBS).map(|job| {
        let trigger = json!({"cron": "0 30 2 ? * MON-FRI", "timeZone": "UTC"});
        let spec = json!({"type": "data_transfer", "jobName": format!("Job {job}"), "triggers": [trigger]});
        object("SchedulerJob", &format!("job-{job}"), spec)
    });
    let mail = (0..MAIL_SERVICES).map(|service| {
        let name = format!("mail-{service}");
        object("MailService", &name, json!({"serviceName": name, "type": "Smtp", "host": "smtp.example.com"}))
    });
    let users = (0..USERS).map(|user| {
        let name = format!("user-{user}");
        object(
            "PortalUser",
            &name,
            json!({"loginName": name, "firstName": "Jo", "lastName": "Doe", "withoutPassword": true}),
        )
    });
    std::iter::once(object("IntrexxPortal", "portal", whole)).chain(jobs).chain(mail).chain(users).collect()
}

/// How many objects of the vendor's kinds are ready. What was taken over is looked at at once.
async fn ready(field: &Field) -> usize {
    let mut ready = 0;
    for row in TABLES.kinds.iter().filter(|row| row.vendor == "Intrexx") {
        let names = (row.crd)().spec.names;
        let resource = ApiResource {
            group: "provost.dev".to_owned(),
            version: "v1alpha1".to_owned(),
            api_version: "provost.dev/v1alpha1".to_owned(),
            kind: names.kind,
            plural: names.plural,
        };
        let api: Api<DynamicObject> = Api::namespaced_with(field.client.clone(), WATCHED, &resource);
        for object in api.list(&ListParams::default()).await.unwrap() {
            let conditions = object.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let condition = conditions.iter().find(|condition| condition["type"] == "Ready");
            if condition.is_some_and(|condition| condition["status"] == "True") {
                ready += 1;
            } else if condition.is_some_and(|condition| condition["reason"] == "Adopted") {
                let wish = json!({"metadata": {"annotations": {"provost.dev/reconcile-at": "adopted"}}});
                let name = object.metadata.name.unwrap();
                api.patch(&name, &PatchParams::default(), &Patch::Merge(wish)).await.unwrap();
            }
        }
    }
    ready
}

/// Waits until the vendor was not asked anything for a while.
async fn settled(vendor: &Simulator) {
    let mut last = None;
    while last != Some(vendor.journal().last()) {
        last = Some(vendor.journal().last());
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}
