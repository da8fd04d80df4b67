//! A release from its installation to its end: installed, upgraded from an earlier version, rolled back, and uninstalled when the check lets it.
//! There is no controller and no kubelet here, so the test does what they would do with the Job of the check.

use std::fs;
use std::path::Path;

use futures::StreamExt;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ListParams, Patch, PatchParams};
use kube::runtime::watcher;
use kube::{Client, ResourceExt};
use provost::cli::cluster::Cluster;
use provost::cli::demo::deployed::Deployed;
use provost::cli::kubernetes;
use serde_json::{Value as Json, json};

use super::helm::{Helm, chart};
use super::installed::{OWN, RELEASE, cluster, command, deployment, install, objects, way};
use super::proxy::Proxy;
use crate::harness::{DEADLINE, Said, await_object, say, scratch};
use crate::stage::{account, admin_api};

/// A column that the definitions of the earlier version lack.
const NEWER: &str = "External-ID";

/// Packs an earlier version of the chart: with an older number, without a block of values and its template, and with definitions that lack a
/// column.
async fn earlier(helm: &Helm<'_>) -> String {
    let folder = helm.folder().join("provost");
    copy(Path::new(chart()), &folder);
    let path = folder.join("Chart.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let older = text.lines().map(|line| match line.split_once(": ") {
        Some((key @ ("version" | "appVersion"), _)) => format!("{key}: 0.0.9\n"),
        _ => format!("{line}\n"),
    });
    fs::write(&path, older.collect::<String>()).unwrap();
    let path = folder.join("values.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let (before, block) = text.split_once("podDisruptionBudget:\n").unwrap();
    let (_, after) = block.split_once("\n\n").unwrap();
    fs::write(&path, format!("{before}{after}")).unwrap();
    fs::remove_file(folder.join("templates/poddisruptionbudget.yaml")).unwrap();
    for entry in fs::read_dir(folder.join("files/crds")).unwrap() {
        let path = entry.unwrap().path();
        let mut definition: Json = serde_yaml::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let columns = &mut definition["spec"]["versions"][0]["additionalPrinterColumns"];
        columns.as_array_mut().unwrap().retain(|column| column["name"] != NEWER);
        fs::write(&path, definition.to_string()).unwrap();
    }
    let target = helm.folder().to_str().unwrap();
    helm.run(&["package", folder.to_str().unwrap(), "-d", target]).await.ok();
    format!("{target}/provost-0.0.9.tgz")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        let target = to.join(entry.file_name().unwrap());
        if entry.is_dir() {
            copy(&entry, &target);
        } else {
            fs::copy(&entry, &target).unwrap();
        }
    }
}

/// Whether the definitions are those of this version.
async fn are_new(client: &Client) -> bool {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let definition = api.get("tenantaccounts.provost.dev").await.unwrap();
    definition.spec.versions[0].additional_printer_columns.iter().flatten().any(|column| column.name == NEWER)
}

/// What runs a Job's pod, as kubelet and Job controller do.
struct Kubelet<'c> {
    cluster: &'c Cluster,
    client: &'c Client,
    proxy: Proxy,
    folder: tempfile::TempDir,
}

impl Kubelet<'_> {
    /// Waits for a Job of the release, runs the command of its container as its service account, and says in its status how that ended.
    /// Returns what was said.
    async fn run(&self) -> Said {
        let api: Api<Job> = Api::namespaced(self.client.clone(), OWN);
        let unfinished = |job: &Job| {
            job.status.as_ref().and_then(|status| status.completion_time.as_ref()).is_none()
                && job.status.as_ref().and_then(|status| status.failed).is_none()
        };
        let mut jobs = watcher(api.clone(), watcher::Config::default()).boxed();
        let found = async {
            loop {
                let event = jobs.next().await.unwrap().unwrap();
                if let watcher::Event::Apply(job) | watcher::Event::InitApply(job) = event
                    && unfinished(&job)
                {
                    return job;
                }
            }
        };
        let job = tokio::time::timeout(DEADLINE, found).await.expect("helm makes no Job");
        let pod = job.spec.as_ref().unwrap().template.spec.as_ref().unwrap();
        let deployed = Deployed::of_pod(&format!("{}-0", job.name_any()), OWN, pod).unwrap();
        let way = way(self.cluster, self.client, &deployed, &self.proxy, self.folder.path()).await;
        let said = say(command(&deployed, &way), "").await;
        let now = provost::base::clock::now().to_string();
        let condition =
            |types: &str| json!({"type": types, "status": "True", "lastTransitionTime": now, "lastProbeTime": now});
        let status = match said.success {
            true => json!({
                "startTime": now, "completionTime": now, "succeeded": 1,
                "conditions": [condition("SuccessCriteriaMet"), condition("Complete")],
            }),
            false => {
                json!({"startTime": now, "failed": 1, "conditions": [condition("FailureTarget"), condition("Failed")]})
            }
        };
        let patch = Patch::Merge(json!({"status": status}));
        api.patch_status(&job.name_any(), &PatchParams::default(), &patch).await.unwrap();
        said
    }
}

#[tokio::test]
async fn a_release_is_installed_upgraded_rolled_back_and_uninstalled_with_its_objects_kept() {
    let Some((cluster, _dir)) = cluster().await else { return };
    let client = cluster.client().await.unwrap();
    let helm = Helm::new(&cluster);
    install(&helm, &client, &earlier(&helm).await, "{}").await;
    assert!(!are_new(&client).await);
    for manifest in [admin_api("http://127.0.0.1:1"), account("one", json!({}))] {
        kubernetes::apply(&client, "default", &manifest).await.unwrap();
    }
    let accounts = objects(&client, "default", "TenantAccount");
    let uid = accounts.get("one").await.unwrap().uid();
    let image = async || {
        let template = deployment(&client).await.spec.template.spec.unwrap();
        template.containers[0].image.clone().unwrap()
    };
    assert!(image().await.ends_with(":0.0.9"));

    // Values that this version adds come with it.
    let upgrade = ["upgrade", RELEASE, chart(), "-n", OWN, "--reset-then-reuse-values"];
    helm.run(&upgrade).await.ok();
    assert!(are_new(&client).await && image().await.ends_with(concat!(":", env!("CARGO_PKG_VERSION"))));
    assert_eq!(accounts.get("one").await.unwrap().uid(), uid);
    helm.run(&["rollback", RELEASE, "1", "-n", OWN]).await.ok();
    assert!(!are_new(&client).await && image().await.ends_with(":0.0.9"));
    assert_eq!(accounts.get("one").await.unwrap().uid(), uid);
    helm.run(&upgrade).await.ok();
    assert!(are_new(&client).await);

    let folder = scratch("kubelet-");
    let kubelet =
        Kubelet { cluster: &cluster, client: &client, proxy: Proxy::start(cluster.kubeconfig()).await, folder };
    let uninstall = ["uninstall", RELEASE, "-n", OWN];
    let (refused, checked) = tokio::join!(helm.run(&uninstall), kubelet.run());
    assert_eq!(checked.status, Some(2), "{}{}", checked.stdout, checked.stderr);
    assert!(
        checked.stdout.contains("TenantAccount") && checked.stdout.contains("uninstallCheck.allow"),
        "{}",
        checked.stdout
    );
    assert!(!refused.success, "{}", refused.stdout);
    assert_eq!(deployment(&client).await.name_any(), RELEASE);

    // The way out that it names: helm takes the release for half gone, until it is rolled back to where it is.
    helm.run(&["rollback", RELEASE, "4", "-n", OWN]).await.ok();
    helm.run(&[&upgrade[..], &["--set", "uninstallCheck.allow={objects}"]].concat()).await.ok();
    let (gone, checked) = tokio::join!(helm.run(&uninstall), kubelet.run());
    assert_eq!(checked.status, Some(0), "{}{}", checked.stdout, checked.stderr);
    gone.ok();
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), OWN);
    assert!(deployments.list(&ListParams::default()).await.unwrap().items.is_empty());
    assert!(are_new(&client).await);
    assert_eq!(accounts.get("one").await.unwrap().uid(), uid);
    // Whoever ran the check asked for nothing beyond its rights, and left nothing behind.
    let refused: Vec<String> =
        kubelet.proxy.seen().iter().filter(|asked| asked.refused).map(ToString::to_string).collect();
    assert!(refused.is_empty(), "{refused:?}");
    assert_eq!(left(&client).await, Vec::<String>::new());

    // Its successor takes over the definitions that were kept.
    install(&helm, &client, chart(), "{}").await;
    assert_eq!(accounts.get("one").await.unwrap().uid(), uid);
}

/// What there is still of the release, beside its definitions.
async fn left(client: &Client) -> Vec<String> {
    use k8s_openapi::api::core::v1::{Service, ServiceAccount};
    use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};

    async fn names<K>(api: Api<K>) -> Vec<String>
    where
        K: kube::Resource + Clone + serde::de::DeserializeOwned + std::fmt::Debug,
    {
        let ours = ListParams::default().labels(&format!("app.kubernetes.io/instance={RELEASE}"));
        api.list(&ours).await.unwrap().items.iter().map(kube::ResourceExt::name_any).collect()
    }
    let own = OWN;
    let mut left = names::<ClusterRole>(Api::all(client.clone())).await;
    left.extend(names::<ClusterRoleBinding>(Api::all(client.clone())).await);
    left.extend(names::<Role>(Api::namespaced(client.clone(), own)).await);
    left.extend(names::<RoleBinding>(Api::namespaced(client.clone(), own)).await);
    left.extend(names::<ServiceAccount>(Api::namespaced(client.clone(), own)).await);
    left.extend(names::<Service>(Api::namespaced(client.clone(), own)).await);
    left.extend(names::<Job>(Api::namespaced(client.clone(), own)).await);
    left
}

#[tokio::test]
async fn who_turns_keeping_off_loses_definitions_and_objects() {
    let Some((cluster, _dir)) = cluster().await else { return };
    let client = cluster.client().await.unwrap();
    let helm = Helm::new(&cluster);
    install(&helm, &client, chart(), "{crds: {keep: false}, uninstallCheck: {enabled: false}}").await;
    kubernetes::apply(&client, "default", &account("one", json!({}))).await.unwrap();
    helm.run(&["uninstall", RELEASE, "-n", OWN]).await.ok();
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    await_object(
        definitions,
        "tenantaccounts.provost.dev",
        |definition: Option<&CustomResourceDefinition>| definition.is_none(),
        DEADLINE,
    )
    .await;
}
