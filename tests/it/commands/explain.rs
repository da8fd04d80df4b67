//! `provost explain`: a state each, and what a person is told about it.

use provost::base::secret::Secret;
use provost::myintranetapps::sim::Options;
use provost::myintranetapps::tenant_account::TenantAccount;
use provost::sim::trouble::{Act, Order, Target};
use serde_json::{Value as Json, json};

use super::{assert_says, document, explain, run, unready};
use crate::examples;
use crate::stage::{API, Stage, admin_api, external_id};

const PLANTED: &str = "planted-password-2W";

#[tokio::test]
async fn one_that_is_ready() {
    let stage = Stage::connected().await;
    stage.write_secret("admin", json!({"password": PLANTED})).await;
    let password = json!({"secretRef": {"name": "admin", "key": "password"}});
    stage.account("generalco", json!({"adminPassword": password, "packageId": "93"})).await;
    let account = stage.ready("generalco").await;

    let namespace = &stage.namespace;
    let ran = explain(&stage, "tenantaccount/generalco", &[]).await;
    assert_eq!(ran.status, 0, "{:?}", ran.said);
    let wanted = [
        &format!("TenantAccount {namespace}/generalco is ready: Converged (for "),
        &format!("AdminApi {namespace}/{API}: ok, Connected"),
        &format!("Secret {namespace}/credentials: ok"),
        &format!("Secret {namespace}/admin: ok"),
        &format!("at the vendor: {}", external_id(&account).unwrap()),
        "breaker: closed",
        "budget: no limit a second, 16 under way",
        "guard: 0 of 10 deletions used within 600 s, 0 held",
        "with the next check of its AdminApi",
        "vendor's last answer: ",
        "Create done (create_account ok 200",
        "asked for by provost-cli",
        "adminPassword: ***",
    ];
    assert_says(&ran.said.stdout, &wanted);
    assert!(!ran.said.stdout.contains("What to do"), "{}", ran.said.stdout);

    // In every form, and nowhere a secret.
    let credentials: Vec<String> = stage.vendor.credentials().values().map(|value| value.expose().to_owned()).collect();
    for format in ["text", "wide", "json", "yaml"] {
        let ran = explain(&stage, "TenantAccounts.provost.dev/generalco", &["-o", format]).await;
        assert_eq!(ran.status, 0, "{format}: {:?}", ran.said);
        let told = format!("{}{}", ran.said.stdout, ran.said.stderr);
        assert!(!told.contains(PLANTED) && !told.contains("fp1:"), "{told}");
        assert!(credentials.iter().all(|secret| !told.contains(secret)), "{told}");
    }
    let report = document(explain(&stage, "tenantaccount/generalco", &["-o", "json"]).await);
    assert_eq!((&report["version"], &report["ready"], &report["current"]), (&json!(1), &json!("True"), &json!(true)));
    assert_eq!(report["operator"]["leader"], true);
    assert_eq!(report["operator"]["adminApi"]["connected"], true);
    assert_eq!(report["changes"][0]["action"], "Create");
    assert_eq!(report["dependsOn"].as_array().unwrap().len(), 3);

    // An AdminApi is an object like another.
    let ran = explain(&stage, "adminapi/vendor", &[]).await;
    assert_eq!(ran.status, 0, "{:?}", ran.said);
    assert_says(&ran.said.stdout, &["is ready: Connected", "Secret", "breaker: closed"]);
}

#[tokio::test]
async fn one_whose_admin_api_or_secret_is_missing() {
    let mut stage = Stage::bare(Options::default()).await;
    stage.start_operator().await;
    stage.account("generalco", json!({})).await;
    stage.unready("generalco", "AdminApiMissing").await;
    let text = unready(explain(&stage, "tenantaccount/generalco", &[]).await);
    let missing = format!("AdminApi {}/{API}: missing", stage.namespace);
    assert_says(
        &text,
        &["is not ready: AdminApiMissing", &missing, "The AdminApi that the spec names does not exist."],
    );
    assert_says(&text, &["provost reconcile tenantaccount/generalco -n "]);

    stage.apply(&stage.admin_api()).await;
    stage.api_unready("CredentialsMissing").await;
    stage.unready("generalco", "AdminApiNotReady").await;
    let text = unready(explain(&stage, "tenantaccount", &["generalco"]).await);
    let secret = format!("Secret {}/credentials: missing", stage.namespace);
    let wanted = ["is not ready: AdminApiNotReady", "not ready, CredentialsMissing", &secret];
    assert_says(&text, &wanted);
    // What it waits for says what to do.
    assert_says(&text, &["CredentialsMissing: The AdminApi's Secret is missing or lacks a key."]);
    assert_says(&text, &["AdminApi not connected: CredentialsMissing"]);

    stage.connect().await;
    stage.ready("generalco").await;
    stage.account("second", json!({"adminPassword": {"secretRef": {"name": "admin", "key": "password"}}})).await;
    stage.unready("second", "SecretMissing").await;
    let text = unready(explain(&stage, "tenantaccount/second", &[]).await);
    assert_says(&text, &["is not ready: SecretMissing", &format!("Secret {}/admin: missing", stage.namespace)]);
}

#[tokio::test]
async fn one_whose_vendor_refuses_everything() {
    let stage = Stage::connected().await;
    stage.account("generalco", json!({})).await;
    stage.ready("generalco").await;
    let refuse = |target| stage.vendor.trouble().place(Order::every(target, Act::answer(401)));
    [Target::Reads, Target::Writes].into_iter().for_each(refuse);
    stage.annotate::<provost::engine::admin_api::AdminApi>(API, "provost.dev/reconcile-at", Some("now")).await;
    stage.api_unready("Denied").await;
    let text = unready(explain(&stage, "adminapi/vendor", &[]).await);
    let wanted = [
        "is not ready: Denied",
        "breaker: open, opened by answers: denied, next try in ",
        "AdminApi not connected: Denied",
    ];
    assert_says(&text, &wanted);
    assert_says(&text, &["vendor's last ", " denied 401, "]);

    // The object itself was well when it was last looked at; what it depends on is not.
    let report = document(explain(&stage, "tenantaccount/generalco", &["-o", "json"]).await);
    assert_eq!(report["operator"]["adminApi"]["breaker"]["state"], "open");
    let api = report["dependsOn"].as_array().unwrap().iter().find(|link| link["kind"] == "AdminApi").unwrap();
    assert_eq!((&api["state"], &api["reason"]), (&json!("notReady"), &json!("Denied")));
}

#[tokio::test]
async fn one_that_waits_for_a_person() {
    let stage = Stage::connected().await;
    stage.account("owner", json!({"subdomain": "shared", "policy": {"management": "Plan"}})).await;
    let waiting = stage.unready("owner", "AwaitingApproval").await;
    let text = unready(explain(&stage, "tenantaccount/owner", &[]).await);
    let hash = waiting.status.unwrap().plan.unwrap().hash;
    let plan = format!("Plan {hash}, not carried out: Create");
    let command = format!("provost approve tenantaccount/owner -n {}", stage.namespace);
    assert_says(&text, &["AwaitingApproval", &plan, "  subdomain: \"shared\"", &command]);

    stage.edit("owner", json!({"policy": null})).await;
    stage.ready("owner").await;
    stage.account("other", json!({"subdomain": "shared"})).await;
    stage.unready("other", "Conflict").await;
    let text = unready(explain(&stage, "tenantaccount/other", &[]).await);
    assert_says(&text, &["is not ready: Conflict", &format!("TenantAccount {}/owner", stage.namespace)]);

    stage.annotate::<TenantAccount>("owner", "provost.dev/paused", Some("true")).await;
    stage.unready("owner", "Paused").await;
    let text = unready(explain(&stage, "tenantaccount/owner", &[]).await);
    assert_says(&text, &["is not ready: Paused", "provost resume tenantaccount/owner -n "]);
}

#[tokio::test]
async fn one_that_the_guard_holds() {
    let mut stage = Stage::bare(Options::default()).await;
    stage.connect().await;
    let mut manifest = admin_api(stage.vendor.url());
    manifest["spec"]["guard"] = json!({"maxDeletions": 0});
    stage.apply(&manifest).await;
    stage.start_operator().await;
    stage.account("generalco", json!({})).await;
    stage.ready("generalco").await;
    stage.delete::<TenantAccount>("generalco").await;
    stage.unready("generalco", "DeletionHeld").await;
    let text = unready(explain(&stage, "tenantaccount/generalco", &[]).await);
    let wanted = ["is being deleted, and is not ready: DeletionHeld", "1 held, this one among them", "acknowledge"];
    assert_says(&text, &wanted);
}

#[tokio::test]
async fn one_that_no_operator_can_be_asked_about() {
    let mut stage = Stage::connected().await;
    stage.account("generalco", json!({})).await;
    stage.ready("generalco").await;
    stage.stop_operator().await;
    // Edited since, and nobody has looked: it is not ready in the way that matters.
    stage.edit("generalco", json!({"packageId": "93"})).await;
    let text = unready(explain(&stage, "tenantaccount/generalco", &[]).await);
    assert_says(
        &text,
        &["not asked: nobody holds the Lease", "no operator has looked at the last one yet", "Connected"],
    );

    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "provost"},
        "spec": {"holderIdentity": "provost-0_00c0ffee"},
    });
    stage.apply(&lease).await;
    let text = unready(explain(&stage, "tenantaccount/generalco", &[]).await);
    let pod = format!("the operator's pod {}/provost-0 cannot be asked", stage.namespace);
    assert_says(&text, &[&pod, "pods \"provost-0\" not found", "--operator-url"]);

    let ran = explain(&stage, "tenantaccount/generalco", &["--operator-url", "http://127.0.0.1:1"]).await;
    assert_says(&unready(ran), &["the operator at http://127.0.0.1:1 does not tell"]);
}

#[tokio::test]
async fn the_operator_tells_of_an_object_what_it_alone_knows_and_no_more() {
    let stage = Stage::connected().await;
    stage.write_secret("admin", json!({"password": PLANTED})).await;
    let password = json!({"secretRef": {"name": "admin", "key": "password"}});
    stage.account("generalco", json!({"adminPassword": password})).await;
    stage.ready("generalco").await;
    let url = stage.operator_url().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async |path: &str| {
        let answer = client.get(format!("{url}/objects/{path}")).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, text) = get(&format!("tenantaccount/{}/generalco", stage.namespace)).await;
    let told: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (status, &told["kind"], &told["turn"]["state"]),
        (200, &json!("TenantAccount"), &json!("idle")),
        "{text}"
    );
    assert_eq!(told["adminApi"]["limits"]["concurrency"], 16);
    // Neither values of the spec nor secrets.
    let secrets = stage.vendor.credentials();
    let values = [PLANTED, "cfo@generalco.example", "generalco Ltd"];
    let all = secrets.values().map(Secret::expose).chain(values);
    all.for_each(|value| assert!(!text.contains(value), "{value} in {text}"));

    assert_eq!(get(&format!("tenantaccount/{}/nobody", stage.namespace)).await.0, 404);
    assert_eq!(get(&format!("pod/{}/generalco", stage.namespace)).await.0, 404);
}

#[tokio::test]
async fn a_reason_by_its_word() {
    let stage = Stage::bare(Options::default()).await;
    for words in [vec!["explain", "reason", "deletionheld"], vec!["explain", "DeletionHeld"]] {
        let ran = run(&stage, &words).await;
        assert_eq!(ran.status, 0, "{:?}", ran.said);
        assert!(ran.said.stdout.starts_with("DeletionHeld: The guard of the AdminApi"), "{}", ran.said.stdout);
    }
    let ran = run(&stage, &["explain", "DeletionHold"]).await;
    assert_says(&ran.said.refused(), &["did you mean DeletionHeld?"]);
}

/// What a person was told about a portal's user names all that is in between.
#[tokio::test]
async fn a_chain_goes_on_through_what_is_referred_to() {
    let stage = Stage::bare(Options::default()).await;
    let (mut user, _) = examples::of("PortalUser");
    user["metadata"] = json!({"name": "user"});
    stage.apply(&user).await;
    let text = unready(explain(&stage, "portaluser/user", &[]).await);
    assert_says(&text, &["may be ready or not", "no operator has looked at it yet", "IntrexxPortal"]);
    assert!(text.matches(": missing").count() >= 2, "{text}");
}
