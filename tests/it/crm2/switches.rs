//! Switches: every switch of the simulator in every position that is not its own, and in front of it all kinds' examples as they are. They
//! come to be as their specs say, an edit of each arrives, and a second look writes nothing.
//!
//! Switches that change nothing about the end are turned several at a time: it holds for each of them, and beside the others.

use std::collections::BTreeMap;

use provost::crm2::sim::{Options, Simulator};
use provost::kinds::TABLES;
use serde_json::{Value as Json, json};

use crate::examples;
use crate::objects::Objects;
use crate::stage::Stage;
use crate::switches::{self, is_ready, values};
use crate::testbed::BEDS;

/// Positions with which everything ends as the specs say.
const PLAIN: &[&str] = &[
    "--domain=other.example",
    "--owner-lacks=ACTIVITY_VIEW",
    "--new-user-permission=ACTIVITY_VIEW",
    "--permission=REPORT_VIEW",
    "--temporary-token-seconds=1",
    "--twitter=false",
    "--validation-ms=1",
    "--latency-ms=5",
    "--delete-params=query",
    "--write-params=any",
    "--get-body=false",
    "--delete-contact-param=lower",
    "--temporary-on-admin=false",
    "--reset-ends-temporary=true",
    "--contact-permissions=false",
    "--duplicate-post=ok",
    "--duplicate-post=error",
    "--repeated-login=error",
    "--taken-login=move",
    "--taken-user=second",
    "--repeated-permission=error",
    "--ambiguous-user=all",
    "--ambiguous-user=error",
    "--missing-delete=ok",
    "--missing-put=create",
    "--partial-mailbox=clear",
    "--partial-contact=clear",
    "--contact-upsert=true",
    "--accept-smtps=false",
    "--validate-mailbox=delay",
    "--validate-mailbox=reject",
    "--delete-type-case=exact",
    "--removable-types=false",
    "--case-sensitive=true",
    "--admin-envelope=bare",
    "--contact-envelope=bare",
    "--users-envelope=wrapped",
    "--oauth-envelope=wrapped",
    "--reset-token-shape=string",
    "--reset-token-shape=bare",
    "--contact-wrap=nested",
    "--contact-by-id=object",
    "--no-contact=not-found",
    "--no-users=not-found",
    "--contact-id-name=id",
    "--users-id-name=contact-id",
    "--users-without-logins=true",
    "--users-tell-tokens",
    "--activity-type-list=objects",
    "--list-built-in-types=false",
    "--empty-get=empty",
    "--empty-get=blank",
    "--empty-get=not-found",
    "--empty-list=null",
    "--empty-list=absent",
    "--write-answer=null",
    "--write-answer=empty",
    "--error-shape=errors",
    "--error-shape=error-objects",
    "--error-shape=error-map",
    "--error-shape=empty",
    "--error-shape=html",
    "--failures-with-200",
    "--forbidden-status=401",
    "--invalid-status=422",
    "--missing-status=410",
    "--duplicate-status=400",
    "--extra-fields",
    "--auth-token=another-token",
];

/// Positions for which the AdminApi has to say something, or that stand alone.
const SPECIAL: &[Case] = &[
    Case { turned: &["--client-domain=company.example"], settings: r#"{"clientDomain": "company.example"}"# },
    Case { turned: &["--delete-params=body"], settings: r#"{"deleteParameters": "Body"}"# },
    // Not beside tokens of a second: what is no 401 is taken for the end of a token once a minute.
    Case { turned: &["--denied-status=403"], ..Case::PLAIN },
];

/// Switches that are turned together, and what follows.
#[derive(Clone)]
struct Case {
    turned: &'static [&'static str],
    /// What the AdminApi says of it, as JSON.
    settings: &'static str,
}

impl Case {
    const PLAIN: Self = Self { turned: &[], settings: "{}" };
}

/// The plain positions in as few cases as may be.
fn bundles() -> Vec<Case> {
    switches::bundles(PLAIN).into_iter().map(|turned| Case { turned, ..Case::PLAIN }).collect()
}

#[test]
fn every_switch_is_turned() {
    let special = SPECIAL.iter().flat_map(|case| case.turned);
    let turned: Vec<&str> = PLAIN.iter().chain(special).copied().collect();
    switches::assert_all::<Options>(&turned, file!());
}

/// The examples of the kinds that the program knows, as they are.
fn manifests() -> Vec<Json> {
    let known = |document: &Json| {
        document["apiVersion"] == "v1"
            || TABLES.kinds.iter().any(|row| row.vendor == "CRM-2" && document["kind"] == row.kind)
    };
    let mut documents = examples::documents("30-crm2.yaml", "kind");
    documents.retain(known);
    documents
}

/// The AdminApi of the examples at this address.
fn admin_api(url: &str, case: &Case) -> Json {
    let documents = examples::documents("00-admin-apis.yaml", "crm2");
    let mut manifest = documents.into_iter().find(|document| document["kind"] == "AdminApi").unwrap();
    examples::change(&mut manifest["spec"]["crm2"], &serde_json::from_str(case.settings).unwrap());
    examples::change(&mut manifest["spec"]["crm2"], &json!({"url": url}));
    manifest
}

/// What is written at the vendor so far, in its order.
fn writes(stage: &Stage<Simulator>) -> Vec<String> {
    stage.vendor_writes().into_iter().map(|(operation, body)| format!("{operation} {body}")).collect()
}

async fn play(case: Case) {
    let simulator = Simulator::start(switches::options(case.turned)).await.unwrap();
    let mut stage = Stage::of(simulator, "crm2", TABLES).await;
    stage.write_secret("crm2-credentials", stage.credentials()).await;
    stage.apply(&admin_api(stage.vendor.url(), &case)).await;
    let documents = manifests();
    for document in &documents {
        stage.apply(document).await;
    }
    stage.start_operator().await;
    let objects: BTreeMap<&str, (Objects, &str)> = documents
        .iter()
        .filter(|document| document["apiVersion"] != "v1")
        .map(|document| {
            let kind = document["kind"].as_str().unwrap();
            (kind, (stage.objects(kind), document["metadata"]["name"].as_str().unwrap()))
        })
        .collect();
    for (api, name) in objects.values() {
        api.until(name, is_ready).await;
    }
    edit_each(&case, &stage, &objects).await;

    let before = writes(&stage);
    for (kind, (api, name)) in &objects {
        assert!(is_ready(&api.looked_at(name).await), "{kind} with {:?}", case.turned);
    }
    assert_eq!(writes(&stage), before, "a second look writes with {:?}", case.turned);
    assert_eq!(values(&stage, "CrmDomain").len(), 1);
}

/// The testbed's edit of each kind arrives.
async fn edit_each(case: &Case, stage: &Stage<Simulator>, objects: &BTreeMap<&str, (Objects, &str)>) {
    for bed in BEDS.iter().filter(|bed| bed.can_be_edited()) {
        let Some((api, name)) = objects.get(bed.kind) else { continue };
        let before = values(stage, bed.kind);
        let generation = api.edit(name, (bed.edit)()).await.metadata.generation;
        api.until(name, move |object| is_ready(object) && object.metadata.generation >= generation).await;
        assert_ne!(values(stage, bed.kind), before, "the edit of {} with {:?}", bed.kind, case.turned);
    }
}

#[tokio::test]
async fn the_examples_converge_whatever_the_switches_say() {
    let cases = bundles().into_iter().chain(SPECIAL.iter().cloned());
    switches::play_all(cases, |case| case.turned, play).await;
}
