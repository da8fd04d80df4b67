//! `provost export` as a program: odd things at the vendors, references, secrets, lists that are not whole, and kinds that nobody can list.

use std::path::Path;

use kube::api::DynamicObject;
use provost::sim::simulated::Simulated;
use provost::{adeptia, crm2, intrexx, myintranetapps};
use serde_json::{Value as Json, json};

use crate::harness::{kubectl, root, scratch};
use crate::objects::converged;
use crate::plans::{Ran, provost};
use crate::stage::{API, CREDENTIALS, Stage};
use crate::testbed::scene::EXTERNAL_ID;

/// What nothing may ever say.
const PLANTED: &str = "planted-7Q";

/// Runs the program with these words, and nothing in its environment but a kubeconfig.
pub async fn export(arguments: &str, kubeconfig: Option<&Path>, input: &str) -> Ran {
    let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
    provost(root(), &arguments, kubeconfig, input).await
}

/// The AdminApi of a simulator and its Secret, as one list.
fn admin_api(vendor: &dyn Simulated, block: &str, settings: Json) -> String {
    let data = vendor.credentials();
    let data: serde_json::Map<String, Json> =
        data.iter().map(|(key, value)| (key.clone(), Json::from(value.expose()))).collect();
    let mut api = json!({
        "apiVersion": "provost.dev/v1alpha1", "kind": "AdminApi", "metadata": {"name": API},
        "spec": {block: settings, "credentials": {"secretRef": {"name": CREDENTIALS}}},
    });
    api["spec"][block]["url"] = vendor.url().into();
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": CREDENTIALS}, "stringData": data});
    json!({"apiVersion": "v1", "kind": "List", "items": [api, secret]}).to_string()
}

/// The exported objects, from JSON.
fn objects(ran: &Ran) -> Vec<Json> {
    let list: Json = serde_json::from_str(&ran.said.stdout).unwrap_or_else(|error| panic!("{error}: {:?}", ran.said));
    list["items"].as_array().unwrap().clone()
}

#[track_caller]
fn named<'o>(objects: &'o [Json], kind: &str, name: &str) -> &'o Json {
    let found = objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("no {kind} {name} in {objects:#?}"))
}

fn account(vendor: &myintranetapps::sim::Simulator, subdomain: &str, name: &str) -> String {
    let mut new = myintranetapps::sim::NewAccount::new(subdomain);
    new.name = name.to_owned();
    vendor.add_account(new).unwrap().key
}

/// kubectl reads YAML in its own way, and applies it; what was there is taken over as it is, and nothing is written at the vendor.
#[tokio::test]
async fn what_is_exported_can_be_applied_with_kubectl_and_is_taken_over() {
    let stage = Stage::connected().await;
    let odd = ["on", "0123", "1e3", "1_000", "2001-01-01", "12:30:45", "Ünïcødé 東京 & Co: \"x\" # y", "- a\u{2028}b"];
    for (place, name) in odd.iter().enumerate() {
        account(&stage.vendor, &format!("odd-{place}"), name);
    }
    account(&stage.vendor, "on", "x");
    let folder = scratch("export-");
    let path = folder.path().join("accounts");
    let namespace = &stage.namespace;
    let arguments =
        format!("export --admin-api {API} -n {namespace} --management enforce --verify -d {}", path.display());
    let ran = export(&arguments, Some(stage.kubeconfig()), "").await;
    assert_eq!(ran.status, 0, "{:?}", ran.said);
    assert!(ran.said.stderr.contains("the plan of 9 objects is empty"), "{}", ran.said.stderr);
    assert_eq!(std::fs::read_dir(&path).unwrap().count(), 9);
    kubectl(&["apply", "-f", path.to_str().unwrap()], "").await.ok();
    let accounts = stage.objects("TenantAccount");
    for (place, name) in odd.iter().enumerate() {
        let object_name = format!("odd-{place}");
        let object = accounts.taken_over(&object_name).await;
        assert_eq!(object.data["spec"]["name"], *name);
    }
    let ready = |object: &DynamicObject| converged(object);
    accounts.looked_at("on").await;
    accounts.until("on", ready).await;
    assert_eq!(stage.vendor_writes(), []);
    // What is managed by now is not exported again.
    let again = export(&format!("export --admin-api {API} -n {namespace}"), Some(stage.kubeconfig()), "").await;
    assert!(again.status == 0 && !again.said.stdout.contains("kind: TenantAccount"), "{:?}", again.said);
}

/// Observe, the default, leaves no mark anywhere, and the plan of it is empty to the letter.
#[tokio::test]
async fn what_is_exported_only_looks_unless_told_otherwise() {
    let vendor = myintranetapps::sim::Simulator::start(Default::default()).await.unwrap();
    let key = account(&vendor, "generalco", "General Company Ltd");
    account(&vendor, "a-b", "one");
    account(&vendor, "a--b", "other");
    let input = admin_api(&vendor, "myIntranetApps", json!({}));
    let ran = export("export -f - -o json --verify", None, &input).await;
    assert_eq!(ran.status, 0, "{:?}", ran.said);
    let exported = objects(&ran);
    let object = named(&exported, "TenantAccount", "generalco");
    assert_eq!(object["metadata"]["annotations"][EXTERNAL_ID], key.as_str());
    assert_eq!(object["spec"]["policy"], json!({"management": "Observe", "deletion": "Orphan"}));
    assert_eq!(object["metadata"].get("namespace"), None);
    let alike: Vec<&str> = { exported.iter() }
        .map(|object| object["metadata"]["name"].as_str().unwrap())
        .filter(|name| name.starts_with("a-b-"))
        .collect();
    assert!(alike.len() == 2 && alike[0] != alike[1], "{alike:?}");
    let yaml = export("export -f -", None, &input).await;
    let again = export("export -f -", None, &input).await;
    assert_eq!(yaml.said.stdout, again.said.stdout);
    assert!(yaml.said.stdout.contains("# never shown by the vendor, and not managed: active, adminPassword"));
    let folder = scratch("export-");
    std::fs::write(folder.path().join("api.json"), &input).unwrap();
    std::fs::write(folder.path().join("exported.yaml"), &yaml.said.stdout).unwrap();
    let plan = provost(folder.path(), &["plan", "-f", "."].map(str::to_owned), None, "").await;
    assert!(plan.status == 0 && plan.said.stdout.contains("3 unchanged"), "{:?}", plan.said);
    assert_eq!(vendor.journal().writes().len(), 0);
}

#[tokio::test]
async fn a_portal_is_exported_with_what_is_in_it_and_without_secrets() {
    let server =
        intrexx::sim::options::Server { portals: vec!["sales".to_owned(), "hr".to_owned()], ..Default::default() };
    let options = intrexx::sim::Options { server, ..Default::default() };
    let vendor = intrexx::sim::Simulator::start(options).await.unwrap();
    let job = |id: &str, name: &str, more: Json| {
        let mut fields = json!({"name": name, "active": true, "priority": 5});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({
            "id": id, "type": "DATA_TRANSFER", "fields": fields, "system": false, "paused": false, "fails": false,
            "running_until": null, "last_execution": null, "last_message": null, "executions": 0,
        })
    };
    let secret =
        json!({"properties": {"connection_id": "3F25", "password": PLANTED, "url": format!("http://a:{PLANTED}@b")}});
    let jobs = [
        job("1", "Nächtlich", secret),
        job("2", "double", json!({"active": false, "description": ""})),
        job("3", "double", json!({})),
        job("4", "never", json!({"triggers": [{"cron": "0 0 1 30 2 ?", "active": true}]})),
    ];
    let jobs: Vec<intrexx::sim::Job> = jobs.map(|job| serde_json::from_value(job).unwrap()).into();
    vendor
        .edit_portal("sales", |portal| {
            portal.jobs = jobs;
            portal.mobile_key = Some(PLANTED.to_owned());
            portal.export.insert("ftp_password".to_owned(), json!(PLANTED));
            portal.settings.insert("session_timeout_sek".to_owned(), json!("1800"));
        })
        .unwrap();
    vendor.edit_portal("hr", |portal| portal.known = false).unwrap();
    let input = admin_api(&vendor, "intrexx", json!({}));
    let ran = export("export -f - -o json --verify", None, &input).await;
    // The jobs of a portal that the Administration API does not know cannot be looked into.
    assert_eq!(ran.status, 1, "{:?}", ran.said);
    let said = &ran.said.stderr;
    assert!(!ran.said.stdout.contains(PLANTED) && !said.contains(PLANTED), "{:?}", ran.said);
    for words in [
        "IntrexxPortal hr (hr) is left out",
        "SchedulerJob: not looked into: the portal hr",
        "SchedulerJob sales/double (sales/3) is left out",
        "PortalUser: cannot be exported, because Intrexx has no call that lists or finds users; adopt one by",
        "its id as PORTAL/ID",
        "PortalAction: cannot be exported, because an action is done once",
    ] {
        assert!(said.contains(words), "{words:?} in {said}");
    }
    let exported = objects(&ran);
    let portal = named(&exported, "IntrexxPortal", "sales");
    assert_eq!(portal["spec"]["settings"]["sessionTimeoutSeconds"], 1800);
    assert!(portal["spec"].get("mobile").is_none() && portal["spec"]["export"].get("additional").is_none(), "{portal}");
    let job = named(&exported, "SchedulerJob", "sales-n-chtlich");
    assert_eq!(job["spec"]["portal"], json!({"name": "sales"}));
    assert_eq!(job["spec"]["properties"], json!({"connection_id": "3F25"}));
    assert_eq!(job["metadata"]["annotations"][EXTERNAL_ID], "sales/1");
    let never = named(&exported, "SchedulerJob", "sales-never");
    assert_eq!(never["spec"].get("triggers"), None);
    let yaml = export("export schedulerjobs -f -", None, &input).await;
    let text = &yaml.said.stdout;
    assert!(text.contains("# spec.triggers is left out") && text.contains("portalName: sales"), "{text}");
    assert!(text.contains("properties that may hold secrets are not managed: password, url"), "{text}");
    let mut beside: Json = serde_json::from_str(&input).unwrap();
    beside["items"].as_array_mut().unwrap().push(json!({
        "apiVersion": "provost.dev/v1alpha1", "kind": "IntrexxPortal",
        "metadata": {"name": "kept", "annotations": {EXTERNAL_ID: "sales"}},
        "spec": {"adminApi": {"name": API}, "portalName": "sales", "baseUrl": "https://elsewhere.example"},
    }));
    let ran = export("export intrexxportals schedulerjobs -f - -o json --verify", None, &beside.to_string()).await;
    let job = named(&objects(&ran), "SchedulerJob", "sales-n-chtlich").clone();
    assert_eq!(job["spec"]["portal"], json!({"name": "kept"}));
    assert!(ran.said.stderr.contains("verified: the plan of 3 objects is empty"), "{}", ran.said.stderr);
    let blind = export("export PortalUser -f -", None, &input).await;
    assert!(blind.status == 1 && blind.said.stderr.contains("cannot be exported"), "{:?}", blind.said);
    let other = export("export tenantaccount -f -", None, &input).await;
    assert!(other.said.stderr.contains("TenantAccount is a kind of MyIntranetApps"), "{:?}", other.said);
    assert_eq!(vendor.journal().writes().len(), 0);
}

#[tokio::test]
async fn users_name_their_partners_and_what_comes_with_the_product_is_left_out() {
    let vendor = adeptia::sim::Simulator::start(crate::adeptia::telling()).await.unwrap();
    let user = vendor.edit(|state| {
        let own = state.companies[0].clone();
        let partner = adeptia::sim::Company {
            id: 11_529_580_510_902,
            name: "Acme: \"ACME\" Ltd.".to_owned(),
            networks: vec![1],
            parameters: vec![adeptia::sim::Parameter { id: 7, definition: 77, value: PLANTED.to_owned() }],
            ..own
        };
        state.companies.push(partner);
        state.add_user("nameless@partner.example");
        let user = state.add_user("grace@partner.example");
        (user.first_name, user.last_name) = ("Grace".to_owned(), "Höpper: \"H\"".to_owned());
        user.roles = vec![
            adeptia::sim::Role { partner: 1, role: 2, default: true },
            adeptia::sim::Role { partner: 11_529_580_510_902, role: 3, default: true },
        ];
        user.id.to_string()
    });
    let input = admin_api(&vendor, "adeptiaConnect", json!({"listLimit": 0}));
    let ran = export("export -f - -o json --verify", None, &input).await;
    assert_eq!(ran.status, 0, "{:?}", ran.said);
    let exported = objects(&ran);
    let grace = named(&exported, "ConnectUser", "grace-partner-example");
    assert_eq!(grace["metadata"]["annotations"][EXTERNAL_ID], user.as_str());
    assert_eq!(
        grace["spec"]["roles"],
        json!([
            {"partnerId": "1", "roleIds": ["2"], "defaultRoleId": "2"},
            {"partner": {"name": "acme-acme-ltd"}, "roleIds": ["3"], "defaultRoleId": "3"},
        ])
    );
    for words in ["(1) is left out: the company 1 comes with", "is left out: spec.firstName"] {
        assert!(ran.said.stderr.contains(words), "{words:?} in {}", ran.said.stderr);
    }
    assert!(!ran.said.stdout.contains(PLANTED) && !ran.said.stderr.contains(PLANTED), "{:?}", ran.said);
    // A list that may be cut is no list.
    let cut = admin_api(&vendor, "adeptiaConnect", json!({"listLimit": 1}));
    let ran = export("export connectpartner -f - -o json", None, &cut).await;
    assert!(ran.status == 1 && objects(&ran).is_empty(), "{:?}", ran.said);
    assert!(ran.said.stderr.contains("looks like a limit of the server's own"), "{}", ran.said.stderr);
    assert_eq!(vendor.journal().writes().len(), 0);
}

#[tokio::test]
async fn logins_are_exported_with_their_contacts_and_a_domain_without_its_passwords() {
    let vendor = crm2::sim::Simulator::start(Default::default()).await.unwrap();
    let logins = ["grace@acme.example", "Hopper@acme.example"].map(crm2::sim::Login::google).into();
    let contact = crm2::sim::Contact { last_name: "Hopper".to_owned(), logins, ..Default::default() };
    let id = vendor.add_contact("acme.example", contact).unwrap();
    let input = admin_api(&vendor, "crm2", json!({"clientDomain": "acme.example"}));
    let ran = export("export -f - -o json --verify", None, &input).await;
    assert_eq!(ran.status, 0, "{:?}", ran.said);
    let exported = objects(&ran);
    for name in ["grace-acme-example", "hopper-acme-example"] {
        let user = named(&exported, "CrmDomainUser", name);
        assert_eq!(user["spec"]["contactId"], id.as_str());
    }
    let domain = named(&exported, "CrmDomain", "acme-example");
    assert!(domain["spec"].get("emailNotifications").is_none(), "{domain}");
    assert_eq!(vendor.journal().writes().len(), 0);
}

#[tokio::test]
async fn mistakes_on_the_command_line_are_told_with_the_way_out() {
    let vendor = myintranetapps::sim::Simulator::start(Default::default()).await.unwrap();
    let input = admin_api(&vendor, "myIntranetApps", json!({}));
    for (arguments, words) in [
        ("export", "--admin-api"),
        ("export -f - -o text", "text and wide are for --unmanaged"),
        ("export -f - --unmanaged", "add --cluster to -f"),
        ("export nonsense -f -", "\"nonsense\" is no kind that Provost manages; there are TenantAccount"),
        ("export -f - --admin-api other", "the AdminApi default/other cannot be used"),
        ("export --replace -f -", "--output-dir"),
    ] {
        let ran = export(arguments, None, &input).await;
        assert!(ran.status == 1 && ran.said.stderr.contains(words), "{arguments}: {:?}", ran.said);
    }
}
