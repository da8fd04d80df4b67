//! What the chart renders, over a matrix of values: each manifest is taken by the API server's own schemas, and each pod by its Pod Security
//! Standard "restricted".

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::{Value as Json, json};

use super::helm::{Helm, chart};
use crate::harness::{cluster, kubectl, namespace, root};
use crate::stage::client_with_kinds;

/// Cases that are tried at once.
const AT_ONCE: usize = 3;

/// Values for the chart. `{a}` and `{b}` are namespaces.
struct Case {
    name: &'static str,
    values: &'static str,
    /// Sorts of objects that are there with these values, and not with the defaults.
    adds: &'static [&'static str],
    /// Sorts of objects that are there with the defaults, and not with these values.
    lacks: &'static [&'static str],
    /// A text that is in what is rendered.
    says: &'static [&'static str],
}

const NONE: Case = Case { name: "", values: "", adds: &[], lacks: &[], says: &[] };

const CASES: &[Case] = &[
    Case { name: "defaults", values: "{}", says: &["--leader-election=true", "replicas: 2"], ..NONE },
    Case {
        name: "one replica alone",
        values: "{replicas: 1, leaderElection: {enabled: false}}",
        lacks: &["PodDisruptionBudget"],
        says: &["--leader-election=false", "type: Recreate"],
        ..NONE
    },
    Case {
        name: "some namespaces",
        values: "watchNamespaces: ['{a}', '{b}']",
        lacks: &["ClusterRole", "ClusterRoleBinding"],
        says: &["--watch-namespace={a},{b}"],
        ..NONE
    },
    Case {
        name: "no definitions, kept elsewhere",
        values: "crds: {enabled: false}",
        lacks: &["CustomResourceDefinition"],
        ..NONE
    },
    Case {
        name: "definitions that go, with annotations",
        values: "crds: {keep: false, annotations: {example.com/owner: platform}}",
        says: &["example.com/owner: platform"],
        ..NONE
    },
    Case {
        name: "an account and an image of one's own",
        values: "
serviceAccount: {create: false, name: keeper}
image: {repository: registry.example.com/provost, digest: 'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', pullPolicy: Always}
imagePullSecrets: [{name: pull}]
",
        // That of the check before uninstalling stays.
        says: &["registry.example.com/provost@sha256:0123", "serviceAccountName: keeper", "name: pull"],
        ..NONE
    },
    Case {
        name: "an image by its tag, and names",
        values: "{image: {tag: 1.2.3}, fullnameOverride: keeper, nameOverride: prov, commonLabels: {team: platform}}",
        says: &[":1.2.3", "name: keeper", "team: platform"],
        ..NONE
    },
    Case {
        name: "an account with annotations, whose token is mounted otherwise",
        values: "serviceAccount: {name: somebody, annotations: {example.com/role: r}, automountToken: false}",
        says: &["serviceAccountName: somebody", "example.com/role: r", "automountServiceAccountToken: false"],
        ..NONE
    },
    Case {
        name: "rights given elsewhere",
        values: "{rbac: {create: false, aggregate: false}, uninstallCheck: {enabled: false}}",
        lacks: &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "Job"],
        ..NONE
    },
    Case { name: "no right to write Secrets", values: "rbac: {writeSecrets: false}", ..NONE },
    Case {
        name: "every switch of the process",
        values: "
concurrency: 7
drainSeconds: 11
terminationGracePeriodSeconds: 40
log: {format: text, filter: debug}
changeLog: /var/log/provost/changes.jsonl
proxy: {https: 'http://proxy.example:3128', exceptions: '.cluster.local,10.0.0.0/8'}
extraCa: {configMap: authorities}
extraEnv: [{name: PROVOST_EXTRA, value: 'yes'}]
extraArgs: [--retry-period-seconds=1]
extraVolumes: [{name: logs, emptyDir: {}}]
extraVolumeMounts: [{name: logs, mountPath: /var/log/provost}]
leaderElection: {leaseName: other, leaseDurationSeconds: 30, renewDeadlineSeconds: 20, retryPeriodSeconds: 3}
",
        says: &[
            "--concurrency=7", "--drain-seconds=11", "--log-format=text", "--log=debug", "changes.jsonl", "HTTPS_PROXY",
            "NO_PROXY", "authorities", "PROVOST_EXTRA", "mountPath: /var/log/provost", "--lease-name=other",
        ],
        ..NONE
    },
    Case {
        name: "every switch of the pod",
        values: "
replicas: 3
resources: {requests: {cpu: 1, memory: 1Gi}, limits: {memory: 2Gi}}
podLabels: {tier: control}
podAnnotations: {example.com/note: here}
deploymentAnnotations: {example.com/wave: '1'}
tmpSizeLimit: 1Gi
nodeSelector: {example.com/pool: control}
tolerations: [{key: dedicated, operator: Exists, effect: NoSchedule}]
affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {topologyKey: zone, labelSelector: {matchLabels: {a: b}}}}]}}
topologySpreadConstraints: [{topologyKey: rack, maxSkew: 2, whenUnsatisfiable: DoNotSchedule}]
priorityClassName: system-cluster-critical
runtimeClassName: sandbox
dnsPolicy: ClusterFirst
revisionHistoryLimit: 1
probes: {startup: {periodSeconds: 1, failureThreshold: 5}, liveness: {periodSeconds: 5, failureThreshold: 2}, readiness: {periodSeconds: 1, failureThreshold: 1}}
podDisruptionBudget: {enabled: true, maxUnavailable: 2}
",
        says: &[
            "tier: control", "example.com/note: here", "example.com/wave", "sizeLimit: 1Gi", "example.com/pool",
            "dedicated", "podAntiAffinity", "topologyKey: rack", "system-cluster-critical", "maxUnavailable: 2",
        ],
        ..NONE
    },
    Case {
        name: "nothing that can be left out",
        values: "
podDisruptionBudget: {enabled: false}
service: {enabled: false}
resources: {}
nodeSelector: {}
",
        lacks: &["PodDisruptionBudget", "Service"],
        ..NONE
    },
    Case {
        name: "a service that others reach",
        values: "{bindAddress: '[::]', service: {type: NodePort, port: 9090, annotations: {example.com/lb: none}, ipFamilyPolicy: SingleStack}}",
        says: &["--admin-address=[::]:8080", "type: NodePort", "port: 9090", "example.com/lb", "ipFamilyPolicy"],
        ..NONE
    },
    Case {
        name: "a network policy",
        values: "networkPolicy: {enabled: true}",
        adds: &["NetworkPolicy"],
        ..NONE
    },
    Case {
        name: "a narrow network policy",
        values: "
networkPolicy:
  enabled: true
  dns: {to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}], ports: [53, 5353]}
  apiServer: {to: [{ipBlock: {cidr: 10.0.0.1/32}}], ports: [6443]}
  vendors: {to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}], ports: [443, 4242]}
  extraEgress: [{to: [{ipBlock: {cidr: 192.0.2.0/24}}]}]
  metricsFrom: [{namespaceSelector: {matchLabels: {name: monitoring}}}]
  extraIngress: [{from: [{podSelector: {}}]}]
",
        adds: &["NetworkPolicy"],
        says: &["10.0.0.1/32", "4242", "192.0.2.0/24", "5353"],
        ..NONE
    },
    Case {
        name: "a network policy before a proxy",
        values: "
networkPolicy: {enabled: true, vendors: {ports: [443, 3128]}}
proxy: {https: 'http://proxy.example:3128'}
",
        adds: &["NetworkPolicy"],
        says: &["port: 3128"],
        ..NONE
    },
    Case {
        name: "a service monitor, alerts and the dashboard",
        values: "
serviceMonitor: {enabled: true, labels: {release: prometheus}, annotations: {a: b}, namespace: '{b}', interval: 30s, scrapeTimeout: 10s,
  relabelings: [{action: labeldrop, regex: pod}], metricRelabelings: [{action: drop, regex: go_.*, sourceLabels: [__name__]}]}
prometheusRule: {enabled: true, labels: {release: prometheus}, annotations: {a: b}, namespace: '{b}', alertLabels: {team: platform},
  runbookUrl: 'https://runbooks.example/#'}
dashboard: {enabled: true, namespace: '{b}', labels: {grafana: here}, annotations: {grafana_folder: Provost}}
",
        adds: &["ServiceMonitor", "PrometheusRule", "ConfigMap"],
        says: &[
            "release: prometheus", "interval: 30s", "grafana_folder: Provost", "absent(provost_leader{namespace={a}})",
        ],
        ..NONE
    },
    Case {
        name: "a pod monitor",
        values: "{podMonitor: {enabled: true, interval: 15s, labels: {pods: here}}, service: {enabled: false}}",
        adds: &["PodMonitor"],
        lacks: &["Service"],
        says: &["interval: 15s"],
    },
    Case {
        name: "a check that allows what is left",
        values: "uninstallCheck: {allow: [objects, deletions], activeDeadlineSeconds: 30, resources: {}}",
        says: &["objects,deletions", "activeDeadlineSeconds: 30"],
        ..NONE
    },
    Case {
        name: "all of it in some namespaces",
        values: "
watchNamespaces: ['{a}', '{b}']
networkPolicy: {enabled: true}
serviceMonitor: {enabled: true}
prometheusRule: {enabled: true}
dashboard: {enabled: true}
",
        adds: &["NetworkPolicy", "ServiceMonitor", "PrometheusRule", "ConfigMap"],
        lacks: &["ClusterRole", "ClusterRoleBinding"],
        ..NONE
    },
];

/// The namespaces of the cases, and helm.
struct Place {
    helm: Helm<'static>,
    client: Client,
    own: String,
    other: String,
    /// Takes no pod that is not restricted.
    restricted: String,
}

impl Place {
    async fn new() -> Self {
        let client = client_with_kinds().await;
        let folder = root().join("tests/it/chart/prometheus-operator");
        for definition in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if definition.extension().is_some_and(|extension| extension == "yaml") {
                // Client-side, it would not fit into the annotation.
                kubectl(&["apply", "--server-side", "-f", definition.to_str().unwrap()], "").await.ok();
            }
        }
        kubectl(&["wait", "crd", "--all", "--for=condition=Established", "--timeout=60s"], "").await.ok();
        let (own, other, restricted) = (namespace(&client).await, namespace(&client).await, namespace(&client).await);
        let labels = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
        let namespaces: Api<Namespace> = Api::all(client.clone());
        namespaces.patch(&restricted, &PatchParams::default(), &Patch::Merge(labels)).await.unwrap();
        Self { helm: Helm::new(cluster().await), client, own, other, restricted }
    }

    fn fill(&self, text: &str) -> String {
        text.replace("{a}", &self.own).replace("{b}", &self.other)
    }

    /// Renders the chart with these values.
    async fn render(&self, values: &str) -> Vec<Json> {
        let file = self.helm.values(&self.fill(values));
        let rendered = self.helm.run(&["template", "demo", chart(), "-n", &self.own, "-f", &file]).await.ok();
        documents(&rendered)
    }

    /// Whether Kubernetes takes a pod of this template where only restricted ones are.
    async fn admits(&self, template: &Json) -> Result<Pod, kube::Error> {
        let api: Api<Pod> = Api::namespaced(self.client.clone(), &self.restricted);
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
            "metadata": {"generateName": "pod-", "labels": template["metadata"]["labels"]},
        });
        api.create(&PostParams { dry_run: true, ..PostParams::default() }, &serde_json::from_value(pod).unwrap()).await
    }
}

/// The manifests in what helm renders.
pub fn documents(text: &str) -> Vec<Json> {
    let documents = text
        .split("\n---")
        .map(|document| serde_yaml::from_str::<Json>(document).unwrap_or_else(|error| panic!("{error}: {document}")));
    documents.filter(|document| !document.is_null()).collect()
}

/// The sorts of objects among manifests.
fn kinds(manifests: &[Json]) -> Vec<&str> {
    let mut kinds: Vec<&str> = manifests.iter().map(|manifest| manifest["kind"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

#[tokio::test]
async fn whatever_is_rendered_is_valid_and_its_pods_are_restricted() {
    let place = Place::new().await;
    let defaults = place.render("{}").await;
    let defaults = kinds(&defaults);
    let cases = futures::stream::iter(CASES).map(|case| tried(&place, case, &defaults));
    cases.buffer_unordered(AT_ONCE).map(Ok::<_, ()>).try_collect::<Vec<()>>().await.unwrap();
}

async fn tried(place: &Place, case: &Case, defaults: &[&str]) {
    let file = place.helm.values(&place.fill(case.values));
    let linted = place.helm.run(&["lint", "--strict", chart(), "-f", &file]).await;
    assert!(linted.success, "{}: {}{}", case.name, linted.stdout, linted.stderr);
    let rendered = place.helm.run(&["template", "demo", chart(), "-n", &place.own, "-f", &file]).await;
    assert!(rendered.success, "{}: {}", case.name, rendered.stderr);
    // Whether a word is quoted says nothing.
    let said = rendered.stdout.replace('"', "");
    for text in case.says.iter().map(|text| place.fill(text)) {
        assert!(said.contains(&text), "{}: {text:?} is not in\n{}", case.name, without_crds(&rendered.stdout));
    }
    let manifests = documents(&rendered.stdout);
    let kept = defaults.iter().copied().filter(|kind| !case.lacks.contains(kind));
    let mut expected: Vec<&str> = kept.chain(case.adds.iter().copied()).collect();
    expected.sort_unstable();
    assert_eq!(kinds(&manifests), expected, "{}", case.name);
    for template in manifests.iter().filter_map(|manifest| manifest.pointer("/spec/template")) {
        if let Err(refused) = place.admits(template).await {
            // A PriorityClass or a RuntimeClass that this cluster lacks is not what is asked here.
            let other = refused.to_string();
            assert!(other.contains("RuntimeClass") && !other.contains("PodSecurity"), "{}: {other}", case.name);
        }
    }
    let manifests =
        manifests.iter().filter(|manifest| case.name == "defaults" || manifest["kind"] != "CustomResourceDefinition");
    let text: String = manifests.map(|manifest| format!("---\n{manifest}\n")).collect();
    let dry = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-"];
    let applied = kubectl(&dry, &text).await;
    assert!(applied.success, "{}: {}", case.name, applied.stderr);
    assert!(!applied.stderr.contains("Warning"), "{}: {}", case.name, applied.stderr);
}

fn without_crds(rendered: &str) -> String {
    rendered.split("\n---").filter(|document| !document.contains("kind: CustomResourceDefinition")).collect()
}

#[tokio::test]
async fn a_pod_that_is_not_restricted_would_be_noticed() {
    let place = Place::new().await;
    let mut template = place.render("{}").await.into_iter().find(|manifest| manifest["kind"] == "Deployment").unwrap()
        ["spec"]["template"]
        .take();
    place.admits(&template).await.unwrap();
    template["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = json!(true);
    let refused = place.admits(&template).await.unwrap_err().to_string();
    assert!(refused.contains("PodSecurity"), "{refused}");
}

/// Values that are refused, with what the refusal names.
const REFUSED: &[(&str, &[&str])] = &[
    ("{replica: 2}", &["replica"]),
    ("{replicas: two}", &["replicas"]),
    ("{replicas: -1}", &["replicas"]),
    ("{log: {format: xml}}", &["format"]),
    ("{image: {pullPolicy: Sometimes}}", &["pullPolicy"]),
    ("{image: {digest: latest}}", &["digest"]),
    ("{watchNamespaces: team-a}", &["watchNamespaces"]),
    ("{watchNamespaces: [Team_A]}", &["watchNamespaces"]),
    ("{crds: {enabled: 'yes'}}", &["crds", "enabled"]),
    ("{crds: {keeps: true}}", &["crds", "keeps"]),
    ("{networkPolicy: {vendors: {ports: [99999]}}}", &["vendors", "ports"]),
    ("{uninstallCheck: {allow: [everything]}}", &["allow"]),
    ("{service: {type: Ingress}}", &["service", "type"]),
    ("{replicas: 2, leaderElection: {enabled: false}}", &["leaderElection.enabled", "replicas"]),
    ("{drainSeconds: 60, terminationGracePeriodSeconds: 60}", &["terminationGracePeriodSeconds", "drainSeconds"]),
    ("{leaderElection: {leaseDurationSeconds: 12}}", &["renewDeadlineSeconds", "leaseDurationSeconds"]),
    ("{serviceMonitor: {enabled: true}, podMonitor: {enabled: true}}", &["serviceMonitor", "podMonitor"]),
    ("{serviceMonitor: {enabled: true}, service: {enabled: false}}", &["serviceMonitor", "service.enabled"]),
    (
        "{networkPolicy: {enabled: true}, proxy: {https: 'http://me:word@proxy.example:3128/'}}",
        &["proxy.https", "3128", "networkPolicy.vendors.ports", "networkPolicy.extraEgress"],
    ),
    ("{networkPolicy: {enabled: true}, proxy: {https: 'http://proxy.example'}}", &["proxy.https", "port 80"]),
];

#[tokio::test]
async fn values_that_make_no_sense_are_refused_by_name() {
    let helm = Helm::new(cluster().await);
    for (values, named) in REFUSED {
        let file = helm.values(values);
        let refused = helm.run(&["template", "demo", chart(), "-f", &file]).await;
        assert!(!refused.success, "{values} goes through");
        for part in *named {
            assert!(refused.stderr.contains(part), "{values}: {part} is not named in: {}", refused.stderr);
        }
    }
}
