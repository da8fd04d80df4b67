//! Switches: every switch of the simulator in every position that is not its own, and in front of it all kinds' examples as they are. They
//! come to be as their specs say, an edit of each arrives, and a second look writes nothing; or the row says what follows instead.
//!
//! Switches that change nothing about the end are turned several at a time: it holds for each of them, and beside the others.

use std::collections::BTreeMap;

use kube::api::DynamicObject;
use provost::adeptia::sim::{Options, Simulator};
use provost::kinds::TABLES;
use provost::sim::simulated::Simulated;
use serde_json::{Value as Json, json};

use crate::examples;
use crate::objects::{Objects, condition};
use crate::stage::Stage;
use crate::switches::{self, is_ready, values};
use crate::testbed::BEDS;

/// Positions with which everything ends as the specs say.
const PLAIN: &[&str] = &[
    "--any-paths",
    "--product-version=3.1.0",
    "--company=Acme",
    "--role=77",
    "--token-days=1",
    "--one-token",
    "--accept-cookie=false",
    "--denied=login-page",
    "--denied=redirect",
    "--wrong-password-status=403",
    "--about-needs-token=false",
    "--default-limit=0",
    "--max-limit=2",
    "--import-delay=1",
    "--gac",
    "--multi-mode-authentication",
    "--latency-ms=5",
    "--strict-json=false",
    "--strict-content-type=false",
    "--strict-ids=false",
    "--role-id-required=false",
    "--weak-passwords",
    "--known-invitee=listed-only",
    "--known-invitee=refused",
    "--known-invitee=mailed",
    "--used-invitation=missing",
    "--used-invitation=taken",
    "--user-update=merge",
    "--user-update=refuse",
    "--email-change",
    "--user-update-needs-inactive",
    "--repeat-activation=refuse",
    "--delete-user-needs-inactive=false",
    "--delete-partner-needs-inactive=false",
    "--absent-deletion=no-op",
    "--unique-names=false",
    "--negative-id=replaces",
    "--negative-id=refused",
    "--left-out-rows=removed",
    "--grant-checks=false",
    "--repeat-grant=no-op",
    "--repeat-conversion=again",
    "--error-shape=errors",
    "--error-shape=exception",
    "--error-shape=message",
    "--error-shape=text",
    "--error-shape=html",
    "--error-http=200",
    "--error-http=500",
    "--taken-status=422",
    "--created-status=201",
    "--list-wrap=bare",
    "--deed-answer=object",
    "--deed-answer=status",
    "--deed-answer=text",
    "--deed-answer=no-content",
    "--user-status=true",
    "--list-partner-users",
    "--password-values=absent",
    "--password-values=plain",
    "--import-status=text",
    "--import-none=Idle",
    "--import-running=Busy",
    "--import-done=Done",
    "--import-failed=Error",
    "--extra-fields",
    "--id-invitation=string",
    "--id-invitation=number",
    "--id-user=string",
    "--id-user=number",
    "--id-role-partner=string",
    "--id-role-partner=number",
    "--id-role=string",
    "--id-role=number",
    "--id-company=string",
    "--id-company=number",
    "--id-network=string",
    "--id-network=number",
    "--id-row=string",
    "--id-row=number",
    "--id-parameter=string",
    "--id-parameter=number",
    "--id-linkage=string",
    "--id-linkage=number",
    "--id-linked=string",
    "--id-linked=number",
    "--grant-needs-external",
    "--linkage-id-in-answer=false",
    "--username=operator@adeptia.example",
    "--password=An0ther-word",
];

/// Positions with which something else follows, or for which somebody has to do something.
const SPECIAL: &[Case] = &[
    Case { turned: &["--profile=legacy"], block: r#"{"profile": "Legacy"}"#, ..Case::PLAIN },
    Case { turned: &["--profile=current"], block: r#"{"profile": "Current"}"#, ..Case::PLAIN },
    Case { turned: &["--accept-header=false"], block: r#"{"tokenIn": "Cookie"}"#, ..Case::PLAIN },
    Case { turned: &["--inactive-status=202"], block: r#"{"inactiveStatus": 202}"#, ..Case::PLAIN },
    // What is not told in one answer is told in another: these are not turned together.
    Case { turned: &["--get-company=false"], ..Case::PLAIN },
    Case { turned: &["--company-answer=false"], ..Case::PLAIN },
    Case { turned: &["--get-parameters=without-ids"], ..Case::PLAIN },
    Case { turned: &["--get-parameters=absent"], ..Case::PLAIN },
    Case { turned: &["--changed-parameters=without-ids"], ..Case::PLAIN },
    Case { turned: &["--changed-parameters=absent"], ..Case::PLAIN },
    // The vendor refuses what is asked for, and says why.
    Case { turned: &["--company-update=replace"], instead: &[("ConnectPartner", "Refused")], ..Case::PLAIN },
    Case { turned: &["--partner-update-needs-inactive"], instead: &[("ConnectPartner", "Refused")], ..Case::PLAIN },
    Case { turned: &["--self-managed-partners=false"], instead: &[("ConnectPartner", "Denied")], ..Case::PLAIN },
    // A list of one proves nothing (trap 6).
    Case { turned: &["--max-limit=1"], instead: &[("ConnectUser", "Unavailable")], ..Case::PLAIN },
];

/// Switches that are turned together, and what follows.
#[derive(Clone)]
struct Case {
    turned: &'static [&'static str],
    /// What the AdminApi says of the vendor beside, as JSON.
    block: &'static str,
    /// Kinds whose example is not ready in the end, and the reason.
    instead: &'static [(&'static str, &'static str)],
}

impl Case {
    const PLAIN: Self = Self { turned: &[], block: "{}", instead: &[] };

    fn reason(&self, kind: &str) -> Option<&'static str> {
        self.instead.iter().find(|(other, _)| *other == kind).map(|(_, reason)| *reason)
    }
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

/// The examples of the kinds that the program knows, with nothing changed.
fn manifests() -> Vec<Json> {
    let known =
        |document: &Json| document["apiVersion"] == "v1" || TABLES.kinds.iter().any(|row| document["kind"] == row.kind);
    let mut documents = examples::documents("40-connect.yaml", "kind");
    documents.retain(known);
    documents
}

/// The AdminApi of the examples at this address.
fn admin_api(url: &str, case: &Case) -> Json {
    let documents = examples::documents("00-admin-apis.yaml", "adeptiaConnect");
    let mut manifest = documents.into_iter().next().unwrap();
    let block = &mut manifest["spec"]["adeptiaConnect"];
    examples::change(block, &serde_json::from_str(case.block).unwrap());
    examples::change(block, &json!({"url": url}));
    manifest
}

/// Waits until an object is ready, or not ready for the reason that the case says.
async fn settled(case: &Case, kind: &str, objects: &Objects, name: &str) {
    let reason = case.reason(kind);
    let there = move |object: &DynamicObject| match reason {
        Some(reason) => condition(object, "Ready")["reason"] == reason,
        None => is_ready(object),
    };
    objects.until(name, there).await;
}

/// What is written at the vendor so far, in its order.
fn writes(stage: &Stage<Simulator>) -> Vec<String> {
    stage.vendor_writes().into_iter().map(|(operation, body)| format!("{operation} {body}")).collect()
}

async fn play(case: Case) {
    let simulator = Simulator::start(switches::options(case.turned)).await.unwrap();
    let mut stage = Stage::of(simulator, "adeptiaConnect", TABLES).await;
    stage.write_secret("connect-credentials", stage.credentials()).await;
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
    for (kind, (api, name)) in &objects {
        settled(&case, kind, api, name).await;
    }
    edit_each(&case, &stage, &objects).await;

    let before = writes(&stage);
    for (kind, (api, name)) in objects.iter().filter(|(kind, _)| case.reason(kind).is_none()) {
        assert!(is_ready(&api.looked_at(name).await), "{kind} with {:?}", case.turned);
    }
    if case.instead.is_empty() {
        assert_eq!(writes(&stage), before, "a second look writes with {:?}", case.turned);
    }
    assert!(stage.vendor.effects().values().all(|times| *times <= 1), "{:?}", stage.vendor.effects());
}

/// The testbed's edit of each kind arrives.
async fn edit_each(case: &Case, stage: &Stage<Simulator>, objects: &BTreeMap<&str, (Objects, &str)>) {
    for bed in BEDS.iter().filter(|bed| bed.can_be_edited() && case.reason(bed.kind).is_none()) {
        let Some((api, name)) = objects.get(bed.kind) else { continue };
        let before = values(stage, bed.kind);
        let generation = api.edit(name, (bed.edit)()).await.metadata.generation;
        let current = move |object: &DynamicObject| is_ready(object) && object.metadata.generation >= generation;
        api.until(name, current).await;
        assert_ne!(values(stage, bed.kind), before, "the edit of {} with {:?}", bed.kind, case.turned);
    }
}

#[tokio::test]
async fn the_examples_converge_whatever_the_switches_say() {
    let cases = bundles().into_iter().chain(SPECIAL.iter().cloned());
    switches::play_all(cases, |case| case.turned, play).await;
}
