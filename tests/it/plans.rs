//! `provost plan` as a program: each folder of `tests/it/plans/` is a case, and adding one costs no code.
//!
//! | file | |
//! | --- | --- |
//! | `*.yaml` | the manifests; the example address is replaced by the simulator's, `KEY(subdomain)` by that account's key |
//! | `vendor.yaml` | [`World`]: which accounts there are, how the vendor behaves, how often it may be asked |
//! | `stored.yaml` | what the cluster has, status and all; with it the command gets `--cluster` |
//! | `args` | further arguments |
//! | `expected.txt` | what is printed, and the exit status |
//! | `expected.json` | the same with `-o json`, where that is of interest |
//!
//! `UPDATE_GOLDEN=1` writes the last two. After each case: nothing was written, neither at the vendor nor in the cluster.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Parser;
use futures::StreamExt;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::core::ApiResource;
use kube::{Client, ResourceExt};
use provost::myintranetapps::sim::{NewAccount, Options, Simulator};
use provost::myintranetapps::tenant_account::TenantAccount;
use provost::sim::simulated::Simulated;
use provost::sim::trouble::{Act, Order, Target};
use provost::{adeptia, crm2, intrexx};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::harness::{Said, cluster, namespace, root, say, scratch};
use crate::stage::{Stage as Operator, account, client_with_kinds};

/// The vendors' addresses in manifests.
const EXAMPLE: &str = "https://admin.myintranetapps.com";
const INTREXX: &str = "https://intrexx.example.com:4242";
const CRM2: &str = "https://crm2.opentaps.com";
const CONNECT: &str = "https://connect.example.com";

/// The vendor of a case.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct World {
    /// Switches of the simulator, as on its command line.
    switches: Vec<String>,
    accounts: Vec<Account>,
    /// The portals of an Intrexx server, which is the vendor when there are any.
    portals: Vec<String>,
    /// The contacts of a CRM-2 domain beside its owner, which is the vendor when they are spoken of; `CONTACT(last name)` is one's id.
    contacts: Option<Vec<Contact>>,
    /// The users of mailboxes that it polls.
    mailboxes: Vec<String>,
    /// The e-mail addresses of users of an Adeptia Connect, which is the vendor when this is there; `ID(address)` is a user's id.
    connect_users: Option<Vec<String>>,
    /// The names of its partners, the first of which has the id 11529580510902, and the others the next ones; likewise.
    connect_partners: Option<Vec<String>>,
    /// It does not answer at all.
    down: bool,
    /// An operation that it does not get done.
    fails: Option<String>,
    /// How often it is asked what; anything, when this says nothing.
    calls: Option<BTreeMap<String, u64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Account {
    subdomain: String,
    name: Option<String>,
    email_admin: Option<String>,
    package_id: Option<String>,
    active: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Contact {
    last_name: String,
    /// The address of a Google login.
    login: Option<String>,
}

#[derive(Parser)]
struct Switches<O: clap::Args> {
    #[command(flatten)]
    options: O,
}

/// What the switches of a case make of a simulator.
fn switches<O: clap::Args>(world: &World) -> O {
    let switches = std::iter::once("sim").chain(world.switches.iter().map(String::as_str));
    Switches::parse_from(switches).options
}

/// A case under way.
struct Stage {
    vendor: Box<dyn Simulated>,
    calls: Option<BTreeMap<String, u64>>,
    /// What stands for what in the case's files.
    words: Vec<(String, String)>,
    folder: tempfile::TempDir,
    arguments: Vec<String>,
    cluster: Option<(Client, String)>,
}

/// The vendor of a case, and what stands for what in its files, the address first.
async fn vendor(case: &Path) -> (Box<dyn Simulated>, Vec<(String, String)>, World) {
    let world: World = match std::fs::read_to_string(case.join("vendor.yaml")) {
        Ok(text) => serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", case.display())),
        Err(_) => World::default(),
    };
    if !world.portals.is_empty() {
        let server = intrexx::sim::options::Server { portals: world.portals.clone(), ..Default::default() };
        let options = intrexx::sim::Options { server, ..Default::default() };
        let vendor = intrexx::sim::Simulator::start(options).await.unwrap();
        let words = vec![(INTREXX.to_owned(), vendor.url().to_owned())];
        return (Box::new(vendor), words, world);
    }
    if let Some(contacts) = &world.contacts {
        let (vendor, words) = crm2(contacts).await;
        let mailbox = |user: &String| crm2::sim::MailAccount { user: user.clone(), ..Default::default() };
        let mailboxes = world.mailboxes.iter().map(mailbox).collect();
        vendor.edit_domain("acme.example", |domain| domain.mailboxes = mailboxes).unwrap();
        return (Box::new(vendor), words, world);
    }
    if world.connect_users.is_some() || world.connect_partners.is_some() {
        let vendor = adeptia::sim::Simulator::start(switches(&world)).await.unwrap();
        vendor.edit(|state| {
            let own = state.companies[0].clone();
            let partner = |(id, name): (u64, &String)| adeptia::sim::Company {
                id,
                name: name.clone(),
                networks: vec![1],
                ..own.clone()
            };
            let names = world.connect_partners.iter().flatten();
            state.companies.extend((11_529_580_510_902..).zip(names).map(partner));
        });
        let users = world.connect_users.iter().flatten();
        let ids =
            users.map(|email| (format!("ID({email})"), vendor.edit(|state| state.add_user(email).id.to_string())));
        let words = [(CONNECT.to_owned(), vendor.url().to_owned())].into_iter().chain(ids).collect();
        return (Box::new(vendor), words, world);
    }
    let vendor = Simulator::start(switches(&world)).await.unwrap();
    for account in &world.accounts {
        let mut new = NewAccount::new(&account.subdomain);
        new.name = account.name.clone().unwrap_or(new.name);
        new.email_admin = account.email_admin.clone().unwrap_or(new.email_admin);
        new.package_id.clone_from(&account.package_id);
        new.active = account.active.unwrap_or(true);
        vendor.add_account(new).unwrap();
    }
    let mut words = vec![(EXAMPLE.to_owned(), vendor.url().to_owned())];
    words.extend(vendor.accounts().into_iter().map(|account| (format!("KEY({})", account.subdomain), account.key)));
    (Box::new(vendor), words, world)
}

async fn crm2(contacts: &[Contact]) -> (crm2::sim::Simulator, Vec<(String, String)>) {
    let vendor = crm2::sim::Simulator::start(crm2::sim::Options::default()).await.unwrap();
    let mut words = vec![(CRM2.to_owned(), vendor.url().to_owned())];
    for Contact { last_name, login } in contacts {
        let logins = login.iter().map(crm2::sim::Login::google).collect();
        let contact = crm2::sim::Contact { last_name: last_name.clone(), logins, ..Default::default() };
        words.push((format!("CONTACT({last_name})"), vendor.add_contact("acme.example", contact).unwrap()));
    }
    (vendor, words)
}

async fn set(case: &Path) -> Stage {
    let (vendor, mut words, world) = vendor(case).await;
    let folder = scratch("plan-");
    let manifests = folder.path().join("manifests");
    std::fs::create_dir(&manifests).unwrap();
    for path in yaml_files(case) {
        let text = spell(&words, &std::fs::read_to_string(&path).unwrap());
        std::fs::write(manifests.join(path.file_name().unwrap()), text).unwrap();
    }
    let mut arguments: Vec<String> = ["plan", "-f", "manifests"].map(str::to_owned).into();
    let more = std::fs::read_to_string(case.join("args")).unwrap_or_default();
    arguments.extend(more.split_whitespace().map(str::to_owned));
    let mut cluster = None;
    if let Ok(stored) = std::fs::read_to_string(case.join("stored.yaml")) {
        let client = client_with_kinds().await;
        let namespace = namespace(&client).await;
        words.push(("NAMESPACE".to_owned(), namespace.clone()));
        store(&client, &namespace, &spell(&words, &stored)).await;
        let given = ["--cluster", "--namespace", &namespace, "--operator-namespace", &namespace];
        arguments.extend(given.map(str::to_owned));
        cluster = Some((client, namespace));
    }
    if world.down {
        vendor.trouble().place(Order::every(Target::Any, Act::CutBefore));
    }
    if let Some(operation) = world.fails {
        vendor.trouble().place(Order::every(Target::Operation(operation), Act::answer(500)));
    }
    Stage { vendor, calls: world.calls, words, folder, arguments, cluster }
}

/// The manifests of a case.
fn yaml_files(case: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(case).unwrap().map(|entry| entry.unwrap().path());
    let manifest = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.ends_with(".yaml") && !matches!(name, "vendor.yaml" | "stored.yaml")
    };
    entries.filter(manifest).collect()
}

fn spell(words: &[(String, String)], text: &str) -> String {
    words.iter().fold(text.to_owned(), |text, (word, meaning)| text.replace(word, meaning))
}

fn api(client: &Client, namespace: &str, object: &Value) -> Api<DynamicObject> {
    let text = |field: &str| object[field].as_str().unwrap().to_owned();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let resource = ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version: api_version.clone(),
        plural: format!("{}s", kind.to_lowercase()),
        kind,
    };
    Api::namespaced_with(client.clone(), namespace, &resource)
}

/// Makes the cluster's objects: with their status, and deleted (but held by their finalizers) when they say so.
async fn store(client: &Client, namespace: &str, text: &str) {
    for object in serde_yaml::from_multiple::<Value>(text).unwrap() {
        let api = api(client, namespace, &object);
        let made: DynamicObject = serde_json::from_value(object.clone()).unwrap();
        let name = api.create(&PostParams::default(), &made).await.unwrap().name_any();
        if let Some(status) = object.get("status") {
            let patch = Patch::Merge(json!({"status": status}));
            api.patch_status(&name, &PatchParams::default(), &patch).await.unwrap();
        }
        if object["metadata"].get("deletionTimestamp").is_some() {
            api.delete(&name, &DeleteParams::default()).await.unwrap();
        }
    }
}

/// The version of everything in the namespace.
async fn versions(client: &Client, namespace: &str) -> BTreeMap<String, String> {
    let mut versions = BTreeMap::new();
    for (api_version, kind) in [
        ("v1", "Secret"),
        ("v1", "ConfigMap"),
        ("v1", "Event"),
        ("provost.dev/v1alpha1", "AdminApi"),
        ("provost.dev/v1alpha1", "TenantAccount"),
    ] {
        let api = api(client, namespace, &json!({"apiVersion": api_version, "kind": kind}));
        for object in api.list(&ListParams::default()).await.unwrap() {
            versions.insert(format!("{kind}/{}", object.name_any()), object.resource_version().unwrap());
        }
    }
    versions
}

/// What the program said, and how it ended.
pub struct Ran {
    pub said: Said,
    pub status: i32,
}

/// Runs the program in `folder`, with nothing in its environment but a kubeconfig.
pub async fn provost(folder: &Path, arguments: &[String], kubeconfig: Option<&Path>, input: &str) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_provost"));
    command.args(arguments).current_dir(folder).env_clear().kill_on_drop(true);
    command.envs(kubeconfig.map(|path| ("KUBECONFIG", path)));
    let said = say(command, input).await;
    Ran { status: said.status.unwrap(), said }
}

impl Stage {
    async fn run(&self, more: &[&str]) -> Ran {
        let arguments: Vec<String> =
            self.arguments.iter().cloned().chain(more.iter().map(|&word| word.into())).collect();
        let kubeconfig = match &self.cluster {
            Some(_) => Some(cluster().await.kubeconfig()),
            None => None,
        };
        provost(self.folder.path(), &arguments, kubeconfig, "").await
    }

    /// What was printed, in the words of the case's files.
    fn normal(&self, text: &str) -> String {
        let text = self.words.iter().fold(text.to_owned(), |text, (word, meaning)| text.replace(meaning, word));
        let host = self.vendor.url().trim_start_matches("http://");
        let text = text.replace(host, self.words[0].0.trim_start_matches("https://"));
        // The hash of a plan binds the uid, which is another one each time.
        let hash = "provost.dev/approve: ";
        let mut parts = text.split(hash);
        let mut normal = parts.next().unwrap().to_owned();
        for part in parts {
            let rest = part.trim_start_matches(|character: char| character.is_ascii_hexdigit());
            normal.push_str(&format!("{hash}{}{rest}", if rest.len() == part.len() { "" } else { "HASH" }));
        }
        normal
    }
}

/// Runs one case; returns what is wrong.
async fn check(case: PathBuf, update: bool) -> Vec<String> {
    let stage = set(&case).await;
    let before = match &stage.cluster {
        Some((client, namespace)) => versions(client, namespace).await,
        None => BTreeMap::new(),
    };
    let mut wrong = Vec::new();
    let ran = stage.run(&[]).await;
    if let Some(calls) = &stage.calls {
        let counts = stage.vendor.journal().counts();
        let counts: BTreeMap<String, u64> = counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
        if counts != *calls {
            wrong.push(format!("the vendor was asked {counts:?}, and not {calls:?}"));
        }
    }
    let mut text = stage.normal(&ran.said.stdout);
    if !ran.said.stderr.is_empty() {
        text.push_str(&format!("--- standard error\n{}", stage.normal(&ran.said.stderr)));
    }
    text.push_str(&format!("--- exit status {}\n", ran.status));
    wrong.extend(compare(&case.join("expected.txt"), &text, update));
    let json = stage.run(&["-o", "json"]).await;
    if let Err(error) = serde_json::from_str::<Value>(&json.said.stdout) {
        wrong.push(format!("what should be JSON is not: {error}: {}", json.said.stdout));
    }
    if json.status != ran.status || !json.said.stderr.is_empty() {
        wrong.push(format!("as JSON it ends with {} and says {:?}", json.status, json.said.stderr));
    }
    if case.join("expected.json").exists() {
        wrong.extend(compare(&case.join("expected.json"), &stage.normal(&json.said.stdout), update));
    }
    let writes = stage.vendor.journal().writes();
    if !writes.is_empty() {
        wrong.push(format!("a plan wrote: {writes:?}"));
    }
    if let Some((client, namespace)) = &stage.cluster {
        let after = versions(client, namespace).await;
        if after != before {
            wrong.push(format!("a plan wrote to the cluster: {before:?} became {after:?}"));
        }
    }
    let name = case.file_name().unwrap().to_string_lossy().into_owned();
    wrong.into_iter().map(|wrong| format!("--------- {name}\n{wrong}")).collect()
}

fn compare(file: &Path, text: &str, update: bool) -> Option<String> {
    if update {
        std::fs::write(file, text).unwrap();
        return None;
    }
    let expected = std::fs::read_to_string(file).unwrap_or_default();
    let name = file.file_name().unwrap().to_string_lossy();
    (expected != text)
        .then(|| format!("{name} differs (UPDATE_GOLDEN=1 takes the new one). Expected:\n{expected}\nIs:\n{text}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::disallowed_methods, reason = "tests have no command line to be configured by")]
async fn every_case_prints_what_is_expected_and_writes_nothing() {
    let update = std::env::var("UPDATE_GOLDEN").is_ok_and(|value| value == "1");
    let folders = std::fs::read_dir(root().join("tests/it/plans")).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = folders.filter(|path| path.is_dir()).collect();
    cases.sort();
    assert!(!cases.is_empty());
    let wrong: Vec<Vec<String>> =
        futures::stream::iter(cases).map(|case| check(case, update)).buffered(4).collect().await;
    let wrong = wrong.concat();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A folder with manifests for a simulator, with these values of Secrets.
fn folder(vendor: &str, credentials: &Value, password: &str) -> tempfile::TempDir {
    let folder = scratch("plan-");
    let manifests = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "credentials"}, "stringData": credentials},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "admin"}, "stringData": {"password": password}},
        {"apiVersion": "provost.dev/v1alpha1", "kind": "AdminApi", "metadata": {"name": "vendor"}, "spec": {
            "myIntranetApps": {"url": vendor}, "credentials": {"secretRef": {"name": "credentials"}},
        }},
        {"apiVersion": "provost.dev/v1alpha1", "kind": "TenantAccount", "metadata": {"name": "generalco"}, "spec": {
            "adminApi": {"name": "vendor"}, "name": "General Company Ltd", "subdomain": "generalco", "emailAdmin": "cfo@example.com",
            "adminPassword": {"secretRef": {"name": "admin", "key": "password"}},
        }},
    ]});
    std::fs::write(folder.path().join("all.json"), manifests.to_string()).unwrap();
    folder
}

async fn run(folder: &Path, arguments: &str, input: &str) -> Ran {
    let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
    provost(folder, &arguments, None, input).await
}

/// A server that answers every request with the request itself, as a vendor's message.
async fn echo() -> String {
    use axum::http::{HeaderMap, StatusCode};
    let say = |headers: HeaderMap, body: String| async move {
        let headers: Vec<String> =
            headers.iter().map(|(name, value)| format!("{name}={}", value.to_str().unwrap())).collect();
        let message = format!("cannot take {body} with {}", headers.join(" "));
        (StatusCode::BAD_REQUEST, axum::Json(json!({"status_code": 400, "message": message})))
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(say)).await });
    url
}

#[tokio::test]
async fn a_planted_secret_appears_nowhere() {
    let planted =
        json!({"username": "planted-user", "password": "planted-password", "accountKey": "planted-account-key"});
    let vendor = Simulator::start(Options::default()).await.unwrap();
    vendor.reconfigure(|options| {
        options.credentials.username = "planted-user".to_owned();
        options.credentials.password = "planted-password".to_owned();
        options.credentials.account_key = "planted-account-key".to_owned();
    });
    let echo = echo().await;
    // "planted-user:planted-password" in base64, as it stands in the header.
    let basic = "cGxhbnRlZC11c2VyOnBsYW50ZWQtcGFzc3dvcmQ";
    for (url, status, word) in [(vendor.url(), 2, "adminPassword"), (&echo, 1, "cannot take")] {
        let folder = folder(url, &planted, "planted-admin-password");
        for output in ["text", "json"] {
            let ran = run(folder.path(), &format!("plan -v -f all.json -o {output}"), "").await;
            let all = ran.said.stdout + &ran.said.stderr;
            assert_eq!(ran.status, status, "{all}");
            assert!(all.contains(word) && !all.contains("planted") && !all.contains(basic), "{all}");
        }
    }
    // A mistake beside a secret, and one in it.
    for (text, line) in [("stringData: {password: planted", 1), ("data: {password: planted-password}", 1)] {
        let text = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\n{text}\n");
        let ran = run(root(), "plan -f - -o text", &text).await;
        let all = ran.said.stdout + &ran.said.stderr;
        assert!(ran.status == line && !all.contains("planted"), "{all}");
    }
    vendor.stop().await;
}

#[tokio::test]
async fn manifests_come_from_standard_input_and_paths_need_no_flag() {
    let vendor = Simulator::start(Options::default()).await.unwrap();
    let credentials: serde_json::Map<String, Value> =
        vendor.credentials().into_iter().map(|(key, value)| (key, value.expose().into())).collect();
    let folder = folder(vendor.url(), &credentials.into(), "Initial-Passw0rd");
    let text = std::fs::read_to_string(folder.path().join("all.json")).unwrap();
    let (by_flag, by_path, by_input) = tokio::join!(
        run(folder.path(), "plan -f all.json", ""),
        run(folder.path(), "plan all.json", ""),
        run(folder.path(), "plan -f -", &text),
    );
    assert_eq!((by_flag.status, by_path.status, by_input.status), (2, 2, 2));
    assert_eq!(by_flag.said.stdout, by_path.said.stdout);
    assert_eq!(by_flag.said.stdout.replace("all.json:", "-:"), by_input.said.stdout);
    vendor.stop().await;
}

#[tokio::test]
async fn colours_are_for_terminals() {
    let vendor = Simulator::start(Options::default()).await.unwrap();
    let credentials: serde_json::Map<String, Value> =
        vendor.credentials().into_iter().map(|(key, value)| (key, value.expose().into())).collect();
    let folder = folder(vendor.url(), &credentials.into(), "Initial-Passw0rd");
    let coloured = |name: &'static str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_provost"));
        command.args(["plan", "all.json"]).current_dir(folder.path()).env_clear().env(name, "1").kill_on_drop(true);
        async move { String::from_utf8(command.output().await.unwrap().stdout).unwrap() }
    };
    let (forced, plain) = tokio::join!(coloured("CLICOLOR_FORCE"), coloured("NO_COLOR"));
    assert!(forced.contains("\u{1b}[32m+ ") && !plain.contains('\u{1b}'), "{forced}{plain}");
    vendor.stop().await;
}

#[tokio::test]
async fn mistakes_on_the_command_line_do_not_look_like_changes() {
    for (arguments, status) in [("plan", 1), ("plan --no-such-flag x", 1), ("plan nowhere", 1), ("plan --help", 0)] {
        let ran = run(root(), arguments, "").await;
        assert_eq!(ran.status, status, "{arguments}: {}{}", ran.said.stdout, ran.said.stderr);
    }
    let help = run(root(), "plan --help", "").await.said.stdout;
    assert!(help.contains("Exit status") && help.contains("Examples"), "{help}");
}

#[tokio::test]
async fn a_cluster_that_does_not_answer_is_told_in_the_document() {
    let ran = run(root(), "plan --cluster -o json -f deploy/examples", "").await;
    let document: Value = serde_json::from_str(&ran.said.stdout).unwrap();
    assert_eq!((ran.status, &document["errors"][0]["reason"]), (1, &json!("KubernetesUnavailable")), "{document}");
}

/// `provost plan --cluster -o json` for one manifest, where an operator is at work.
pub async fn plan_beside(namespace: &str, manifest: &Value) -> (i32, Value) {
    let arguments = format!("plan -f - -o json --cluster -n {namespace} --operator-namespace {namespace}");
    let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
    let ran = provost(root(), &arguments, Some(cluster().await.kubeconfig()), &manifest.to_string()).await;
    (ran.status, serde_json::from_str(&ran.said.stdout).unwrap_or_else(|error| panic!("{error}: {:?}", ran.said)))
}

#[tokio::test]
async fn the_operator_does_what_the_plan_said() {
    let operator = Operator::connected().await;
    operator.write_secret("admin", json!({"password": "Initial-Passw0rd"})).await;
    let fields = |email: &str| {
        let password = json!({"secretRef": {"name": "admin", "key": "password"}});
        json!({"emailAdmin": email, "active": true, "dataShare": true, "adminPassword": password})
    };
    let manifest = account("generalco", fields("cfo@example.com"));
    let (status, document) = plan_beside(&operator.namespace, &manifest).await;
    assert_eq!((status, &document["objects"][0]["action"]), (2, &json!("create")), "{document}");
    assert_eq!(operator.vendor_writes(), []);

    operator.apply(&manifest).await;
    operator.ready("generalco").await;
    let (status, document) = plan_beside(&operator.namespace, &manifest).await;
    assert_eq!((status, &document["summary"]["unchanged"]), (0, &json!(1)), "{document}");
    assert_eq!(document["objects"][0].get("kept"), None, "{document}");

    let edited = account("generalco", fields("finance@example.com"));
    let (status, document) = plan_beside(&operator.namespace, &edited).await;
    let change =
        json!({"field": "emailAdmin", "from": "cfo@example.com", "to": "finance@example.com", "secret": false});
    assert_eq!((status, &document["objects"][0]["changes"]), (2, &json!([change])), "{document}");
    operator.apply(&edited).await;
    operator.ready("generalco").await;
    let writes = operator.vendor_writes();
    let [_, (operation, body)] = writes.as_slice() else { panic!("{writes:?}") };
    let key = operator.only_account().key;
    let sent = json!({"action": "update_account", "account_key": key, "email_admin": "finance@example.com"});
    assert_eq!((*operation, body), ("update_account", &sent));

    operator.write_secret("admin", json!({"password": "Changed-Passw0rd"})).await;
    let (status, document) = plan_beside(&operator.namespace, &edited).await;
    let kept = &document["objects"][0]["kept"][0];
    assert_eq!((status, &kept["field"], &kept["reason"]), (0, &json!("adminPassword"), &json!("CreateOnlyChanged")));
}

#[tokio::test]
async fn an_approval_can_be_taken_from_the_plan() {
    let operator = Operator::connected().await;
    let manifest = account("generalco", json!({"policy": {"management": "Plan"}}));
    operator.apply(&manifest).await;
    operator.unready("generalco", "AwaitingApproval").await;
    let (status, document) = plan_beside(&operator.namespace, &manifest).await;
    let hold = &document["objects"][0]["hold"];
    assert_eq!((status, &hold["reason"]), (2, &json!("AwaitingApproval")), "{document}");
    let (_, hash) = hold["message"].as_str().unwrap().rsplit_once("provost.dev/approve: ").unwrap();
    operator.annotate::<TenantAccount>("generalco", "provost.dev/approve", Some(hash)).await;
    operator.ready("generalco").await;
    assert_eq!(operator.only_account().subdomain, "generalco");
}
