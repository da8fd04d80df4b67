//! The rights that the chart gives: enough for everything that the operator does, and nothing that it does not use. The real program runs with a
//! token of the chart's service account, and a proxy notes what it asks Kubernetes for.

use std::collections::BTreeSet;

use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use provost::cli::demo::deployed::Deployed;
use provost::cli::demo::vendors::{VENDORS, Vendor};
use provost::cli::{demo, kubernetes};
use provost::kinds::TABLES;
use provost::sim::simulated::Simulated;
use serde_json::json;

use super::helm::{Helm, chart};
use super::installed::{OWN, Running, cluster, command, deployment, edit, gone, install, objects, ready, way};
use super::proxy::{Asked, Proxy};
use crate::harness::{DEADLINE, await_object, kubectl_on, root, say};

/// The namespace of the examples.
const NAMESPACE: &str = "default";

/// One thing that a role allows: somewhere, or everywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Right {
    namespace: Option<String>,
    group: String,
    resource: String,
    verb: String,
    names: Vec<String>,
}

impl Right {
    fn covers(&self, asked: &Asked) -> bool {
        let place = self.namespace.is_none() || self.namespace == asked.namespace || {
            // A namespace that is named counts as being in itself.
            asked.resource == "namespaces" && self.namespace == asked.name
        };
        let named = self.names.is_empty() || asked.name.as_ref().is_some_and(|name| self.names.contains(name));
        place && named && self.group == asked.group && self.resource == asked.resource && self.verb == asked.verb
    }
}

/// What a service account may do, by the roles that are bound to it.
async fn rights(client: &Client, account: &str) -> BTreeSet<Right> {
    let (mut rights, everything) = (BTreeSet::new(), ListParams::default());
    let is_ours = |subjects: &Option<Vec<Subject>>| {
        subjects.iter().flatten().any(|subject| {
            subject.kind == "ServiceAccount" && subject.name == account && subject.namespace.as_deref() == Some(OWN)
        })
    };
    let bindings: Api<ClusterRoleBinding> = Api::all(client.clone());
    for binding in bindings.list(&everything).await.unwrap().items.iter().filter(|binding| is_ours(&binding.subjects)) {
        let role: ClusterRole = Api::all(client.clone()).get(&binding.role_ref.name).await.unwrap();
        split(&mut rights, None, role.rules);
    }
    let bindings: Api<RoleBinding> = Api::all(client.clone());
    for binding in bindings.list(&everything).await.unwrap().items.iter().filter(|binding| is_ours(&binding.subjects)) {
        let namespace = binding.namespace().unwrap();
        assert_eq!(binding.role_ref.kind, "Role", "{binding:?}");
        let role: Role = Api::namespaced(client.clone(), &namespace).get(&binding.role_ref.name).await.unwrap();
        split(&mut rights, Some(&namespace), role.rules);
    }
    rights
}

fn split(rights: &mut BTreeSet<Right>, namespace: Option<&str>, rules: Option<Vec<PolicyRule>>) {
    for rule in rules.into_iter().flatten() {
        for group in rule.api_groups.iter().flatten() {
            for resource in rule.resources.iter().flatten() {
                for verb in &rule.verbs {
                    let everything = [group, resource, verb].into_iter().any(|word| word == "*");
                    assert!(!everything, "a rule for everything: {rule:?}");
                    rights.insert(Right {
                        namespace: namespace.map(str::to_owned),
                        group: group.clone(),
                        resource: resource.clone(),
                        verb: verb.clone(),
                        names: rule.resource_names.clone().unwrap_or_default(),
                    });
                }
            }
        }
    }
}

/// Rights that an ordinary life does not use, by group, resource (`*`: all) and verb; and why they are there all the same.
const UNUSED: &[(&str, &str, &str, &str)] = &[
    ("provost.dev", "*", "get", "what others wrote at the same time, or what cannot be read, is read once more"),
    ("events.k8s.io", "events", "patch", "an Event that comes again is counted up, which depends on what happens when"),
];

/// What is asked for and refused in a namespaced installation, which goes on without it.
const DONE_WITHOUT: &[(&str, &str, &str)] = &[
    ("", "namespaces", "list"),
    ("", "namespaces", "watch"),
    ("apiextensions.k8s.io", "customresourcedefinitions", "get"),
];

/// The examples' vendors, simulated.
async fn vendors() -> Vec<(&'static Vendor, Box<dyn Simulated>)> {
    let mut vendors = Vec::new();
    for vendor in VENDORS {
        vendors.push((vendor, (vendor.start)().await.unwrap()));
    }
    vendors
}

async fn apply_examples(client: &Client, vendors: &[(&'static Vendor, Box<dyn Simulated>)]) {
    demo::apply_examples(client, &root().join("deploy/examples"), vendors).await.unwrap();
}

/// Has the operator do everything that it does in an ordinary life.
async fn live(client: &Client, vendors: &[(&'static Vendor, Box<dyn Simulated>)]) {
    apply_examples(client, vendors).await;
    for kind in ["AdminApi"].into_iter().chain(TABLES.kinds.iter().map(|row| row.kind)) {
        let api = objects(client, NAMESPACE, kind);
        for object in api.list(&ListParams::default()).await.unwrap() {
            ready(&api, &object.name_any()).await;
        }
    }
    let accounts = objects(client, NAMESPACE, "TenantAccount");
    edit(&accounts, "generalco", json!({"emailAdmin": "board@example.com"})).await;
    ready(&accounts, "generalco").await;
    // The Secret with connection details is made anew, and changed back.
    let secrets: Api<Secret> = Api::namespaced(client.clone(), NAMESPACE);
    let uid = secrets.get("generalco-account").await.unwrap().uid();
    secrets.delete("generalco-account", &DeleteParams::default()).await.unwrap();
    let anew = move |secret: Option<&Secret>| secret.is_some_and(|secret| secret.uid() != uid);
    await_object(secrets.clone(), "generalco-account", anew, DEADLINE).await;
    let spoiled = Patch::Merge(json!({"stringData": {"accountKey": "spoiled"}}));
    secrets.patch("generalco-account", &PatchParams::default(), &spoiled).await.unwrap();
    let mended = |secret: Option<&Secret>| {
        let key = secret.and_then(|secret| secret.data.as_ref()?.get("accountKey"));
        key.is_some_and(|key| key.0 != b"spoiled")
    };
    await_object(secrets.clone(), "generalco-account", mended, DEADLINE).await;
    switched_off_and_revived(client, vendors).await;
    // Credentials are renewed.
    let before = secrets.get("crm2-credentials").await.unwrap().data;
    let domains = objects(client, NAMESPACE, "CrmDomain");
    let domain = domains.list(&ListParams::default()).await.unwrap().items[0].name_any();
    edit(&domains, &domain, json!({"tokenRotation": {"request": "2026-11-21"}})).await;
    let renewed = move |secret: Option<&Secret>| secret.is_some_and(|secret| secret.data != before);
    await_object(secrets, "crm2-credentials", renewed, DEADLINE).await;
    ready(&domains, &domain).await;
    // What has served goes by itself.
    let actions = objects(client, NAMESPACE, "PortalAction");
    let mut action = actions.list(&ListParams::default()).await.unwrap().items[0].clone();
    action.metadata = kube::api::ObjectMeta { name: Some("brief".to_owned()), ..Default::default() };
    action.data["spec"]["ttlSecondsAfterFinished"] = json!(1);
    actions.create(&PostParams::default(), &action).await.unwrap();
    gone(&actions, "brief").await;
}

/// Deletes the account, and what goes with it: nobody collects garbage here.
async fn delete_account(client: &Client) {
    let accounts = objects(client, NAMESPACE, "TenantAccount");
    accounts.delete("generalco", &DeleteParams::default()).await.unwrap();
    gone(&accounts, "generalco").await;
    let secrets: Api<Secret> = Api::namespaced(client.clone(), NAMESPACE);
    secrets.delete("generalco-account", &DeleteParams::default()).await.unwrap();
}

/// An account is switched off, which is noted in a ConfigMap, revived, let go, and taken over.
async fn switched_off_and_revived(client: &Client, vendors: &[(&'static Vendor, Box<dyn Simulated>)]) {
    let accounts = objects(client, NAMESPACE, "TenantAccount");
    delete_account(client).await;
    let notes: Api<ConfigMap> = Api::namespaced(client.clone(), NAMESPACE);
    assert!(notes.get("myintranetapps.provost-disabled").await.unwrap().data.is_some_and(|data| !data.is_empty()));
    apply_examples(client, vendors).await;
    ready(&accounts, "generalco").await;
    edit(&accounts, "generalco", json!({"policy": {"deletion": "Orphan"}})).await;
    ready(&accounts, "generalco").await;
    let mut again = accounts.get("generalco").await.unwrap();
    delete_account(client).await;
    again.metadata = kube::api::ObjectMeta { name: Some("taken-over".to_owned()), ..Default::default() };
    again.data.as_object_mut().unwrap().remove("status");
    again.data["spec"]["policy"]["adoption"] = json!("IfExists");
    accounts.create(&PostParams::default(), &again).await.unwrap();
    ready(&accounts, "taken-over").await;
}

/// Installs the chart with these values, has the operator live, and returns what it asked for, what it may, and what it logged.
async fn observed(values: &str, beside: &[&str]) -> Option<(BTreeSet<Asked>, BTreeSet<Right>, String)> {
    let (cluster, dir) = cluster().await?;
    let client = cluster.client().await.unwrap();
    for name in beside {
        let manifest = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(client.clone());
        namespaces.create(&PostParams::default(), &serde_json::from_value(manifest).unwrap()).await.unwrap();
    }
    let helm = Helm::new(&cluster);
    install(&helm, &client, chart(), values).await;
    let deployment = deployment(&client).await;
    let deployed = Deployed::of(&deployment).unwrap();
    let proxy = Proxy::start(cluster.kubeconfig()).await;
    let way = way(&cluster, &client, &deployed, &proxy, dir.path()).await;
    let running = Running::start(&deployed, &way, dir.path());
    let vendors = vendors().await;
    live(&client, &vendors).await;
    // Another replica finds the key that the first one made, and waits for the Lease.
    let second = Deployed::of_pod("provost-1", OWN, deployment.spec.template.spec.as_ref().unwrap()).unwrap();
    let standby = Running::start(&second, &way, dir.path());
    proxy.until(|asked| asked.resource == "leases" && asked.verb == "watch").await;
    let log = running.log();
    standby.stop().await;
    running.stop().await;
    Some((proxy.seen(), rights(&client, &deployed.service_account).await, log))
}

/// Everything that was asked was granted, but for what may be done without, and everything that is granted was asked for, but for what the
/// table excuses.
fn judge(asked: &BTreeSet<Asked>, rights: &BTreeSet<Right>, without: &[(&str, &str, &str)]) {
    let may_be_refused =
        |asked: &&Asked| without.contains(&(asked.group.as_str(), asked.resource.as_str(), asked.verb));
    let refused: Vec<String> =
        asked.iter().filter(|asked| asked.refused && !may_be_refused(asked)).map(ToString::to_string).collect();
    assert!(refused.is_empty(), "refused: {refused:#?}");
    let is = |right: &Right, (group, resource, verb): (&str, &str, &str)| {
        right.group == group && [right.resource.as_str(), "*"].contains(&resource) && right.verb == verb
    };
    let is_excused =
        |right: &&Right| UNUSED.iter().any(|(group, resource, verb, _)| is(right, (group, resource, verb)));
    let unused: Vec<&Right> = rights
        .iter()
        .filter(|right| !asked.iter().any(|asked| !asked.refused && right.covers(asked)) && !is_excused(right))
        .collect();
    assert!(unused.is_empty(), "granted and never used: {unused:#?}");
    for (group, resource, verb, _) in UNUSED {
        let granted = rights.iter().any(|right| is(right, (group, resource, verb)));
        assert!(granted, "{verb} {resource}.{group} is excused, and not granted any more");
    }
}

#[tokio::test]
async fn the_rights_in_the_cluster_are_enough_and_no_more() {
    let Some((asked, rights, _)) = observed("{}", &[]).await else { return };
    judge(&asked, &rights, &[]);
}

#[tokio::test]
async fn the_rights_in_some_namespaces_are_enough_and_no_more() {
    let values = "watchNamespaces: [default, team-b]";
    let Some((asked, rights, log)) = observed(values, &["team-b"]).await else { return };
    assert!(rights.iter().all(|right| right.namespace.is_some()), "{rights:#?}");
    // Nothing is managed in the other namespace, so only what the operator does everywhere is used there.
    let idle = |right: &&Right| {
        right.namespace.as_deref() != Some("team-b") || matches!(right.verb.as_str(), "list" | "watch")
    };
    let used: BTreeSet<Right> = rights.iter().filter(idle).cloned().collect();
    judge(&asked, &used, DONE_WITHOUT);
    let strip = |right: &Right| Right { namespace: None, names: Vec::new(), ..right.clone() };
    let of = |namespace: &str| {
        let there = rights.iter().filter(|right| right.namespace.as_deref() == Some(namespace));
        there.map(strip).collect::<BTreeSet<Right>>()
    };
    assert_eq!(of("default"), of("team-b"));
    // What is lost by that is told once.
    for told in ["cannot watch namespaces", "cannot see definitions"] {
        assert_eq!(log.lines().filter(|line| line.contains(told)).count(), 1, "{told:?}:\n{log}");
    }
}

#[tokio::test]
async fn the_check_before_uninstalling_has_the_rights_that_it_uses() {
    for values in ["{}", "watchNamespaces: [default, team-b]"] {
        let Some((cluster, dir)) = cluster().await else { return };
        let client = cluster.client().await.unwrap();
        let team = json!({"metadata": {"name": "team-b"}});
        let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(client.clone());
        namespaces.create(&PostParams::default(), &serde_json::from_value(team).unwrap()).await.unwrap();
        let helm = Helm::new(&cluster);
        install(&helm, &client, chart(), values).await;
        // Helm makes these only when it uninstalls.
        let file = helm.values(values);
        let rendered = helm.run(&["template", "provost", chart(), "-n", OWN, "-f", &file]).await.ok();
        let hooks = super::render::documents(&rendered);
        let hooks = hooks.iter().filter(|manifest| manifest.pointer("/metadata/annotations/helm.sh~1hook").is_some());
        let mut job = None;
        for hook in hooks {
            kubectl_on(&cluster, &["apply", "-f", "-"], &hook.to_string()).await.ok();
            if hook["kind"] == "Job" {
                job = Some(serde_json::from_value::<Job>(hook.clone()).unwrap());
            }
        }
        let pod = job.unwrap().spec.unwrap().template.spec.unwrap();
        let deployed = Deployed::of_pod("check-0", OWN, &pod).unwrap();
        let proxy = Proxy::start(cluster.kubeconfig()).await;
        let way = way(&cluster, &client, &deployed, &proxy, dir.path()).await;
        let said = say(command(&deployed, &way), "").await;
        assert_eq!(said.status, Some(0), "{}{}", said.stdout, said.stderr);
        let rights = rights(&client, &deployed.service_account).await;
        let asked = proxy.seen();
        let refused: Vec<&Asked> = asked.iter().filter(|asked| asked.refused).collect();
        let unused: Vec<&Right> =
            rights.iter().filter(|right| !asked.iter().any(|asked| right.covers(asked))).collect();
        assert!(!rights.is_empty() && refused.is_empty() && unused.is_empty(), "{refused:#?} {unused:#?}");
    }
}

/// Unites the rules of those roles that a role's aggregation rule selects, as a controller does that is not here.
async fn aggregate(client: &Client, name: &str) {
    let roles: Api<ClusterRole> = Api::all(client.clone());
    let role = roles.get(name).await.unwrap();
    let selectors = role.aggregation_rule.unwrap().cluster_role_selectors.unwrap();
    let mut rules = Vec::new();
    for selector in selectors {
        let labels = selector.match_labels.unwrap();
        let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let found = roles.list(&ListParams::default().labels(&labels.join(","))).await.unwrap();
        rules.extend(found.items.into_iter().filter_map(|role| role.rules).flatten());
    }
    let patch = Patch::Merge(json!({"rules": rules}));
    roles.patch(name, &PatchParams::default(), &patch).await.unwrap();
}

async fn may(client: &Client, user: &str, verb: &str, resource: &str) -> bool {
    let (resource, subresource) =
        resource.split_once('/').map_or((resource, None), |(resource, sub)| (resource, Some(sub)));
    let attributes = ResourceAttributes {
        group: Some("provost.dev".to_owned()),
        namespace: Some(NAMESPACE.to_owned()),
        resource: Some(resource.to_owned()),
        subresource: subresource.map(str::to_owned),
        verb: Some(verb.to_owned()),
        ..ResourceAttributes::default()
    };
    let spec = SubjectAccessReviewSpec {
        resource_attributes: Some(attributes),
        user: Some(user.to_owned()),
        ..SubjectAccessReviewSpec::default()
    };
    let review = SubjectAccessReview { spec, ..SubjectAccessReview::default() };
    let api: Api<SubjectAccessReview> = Api::all(client.clone());
    api.create(&PostParams::default(), &review).await.unwrap().status.unwrap().allowed
}

#[tokio::test]
async fn viewers_read_editors_write_and_only_admins_say_where_credentials_go() {
    let Some((cluster, _dir)) = cluster().await else { return };
    let client = cluster.client().await.unwrap();
    install(&Helm::new(&cluster), &client, chart(), "{}").await;
    for role in ["view", "edit", "admin"] {
        aggregate(&client, role).await;
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": role},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": format!("some-{role}")}],
        });
        kubernetes::apply(&client, NAMESPACE, &binding).await.unwrap();
    }
    for resource in kubernetes::resources(&TABLES) {
        let is_admin_api = resource.kind == "AdminApi";
        for (user, reads, writes) in [
            ("some-view", true, false),
            ("some-edit", true, !is_admin_api),
            ("some-admin", true, true),
            ("nobody", false, false),
        ] {
            for verb in ["get", "list", "watch"] {
                assert_eq!(
                    may(&client, user, verb, &resource.plural).await,
                    reads,
                    "{user} {verb} {}",
                    resource.plural
                );
            }
            for verb in ["create", "update", "patch", "delete"] {
                assert_eq!(
                    may(&client, user, verb, &resource.plural).await,
                    writes,
                    "{user} {verb} {}",
                    resource.plural
                );
            }
            let status = format!("{}/status", resource.plural);
            for verb in ["update", "patch"] {
                assert!(!may(&client, user, verb, &status).await, "{user} {verb} {status}");
            }
        }
    }
    // The rest of the cluster is as open as it was.
    assert!(!may(&client, "some-view", "get", "secrets").await);
}

#[tokio::test]
async fn two_releases_live_beside_each_other() {
    let Some((cluster, _dir)) = cluster().await else { return };
    let client = cluster.client().await.unwrap();
    let helm = Helm::new(&cluster);
    install(&helm, &client, chart(), "watchNamespaces: [default]").await;
    let values = helm.values("{watchNamespaces: [kube-public], crds: {enabled: false}}");
    let second = ["install", "second", chart(), "-n", "second", "--create-namespace", "-f", &values];
    helm.run(&second).await.ok();
    let said = helm.run(&["list", "--all-namespaces", "-q"]).await.ok();
    assert_eq!(said.lines().collect::<Vec<_>>(), ["provost", "second"]);
}
