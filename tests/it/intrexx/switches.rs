//! Switches: every switch of the simulator in every position that is not its own, and in front of it all kinds' examples as they are. They
//! come to be as their specs say, an edit of each arrives, and a second look writes nothing; or the row says what follows instead.
//!
//! Switches that change nothing about the end are turned several at a time: it holds for each of them, and beside the others.

use std::collections::BTreeMap;

use kube::api::DynamicObject;
use provost::intrexx::sim::{Options, Simulator};
use provost::kinds::TABLES;
use serde_json::{Value as Json, json};

use super::PORTAL;
use crate::examples;
use crate::objects::{Objects, condition};
use crate::stage::Stage;
use crate::switches::{self, is_ready, values};
use crate::testbed::BEDS;

/// Positions with which everything ends as the specs say.
const PLAIN: &[&str] = &[
    "--portal=intranet",
    "--intrexx-version=10.12.3",
    "--base-path=/irma",
    "--redirect=/moved",
    "--license-endpoint=false",
    "--case-sensitive-names=false",
    "--token-seconds=2",
    "--retry-after=false",
    "--create-answer=accepted",
    "--create-answer=never",
    "--create-seconds=1",
    "--job-seconds=1",
    "--mail-transition-seconds=1",
    "--diagnosis-bytes=1",
    "--latency-ms=5",
    "--unknown-keys=refuse",
    "--unknown-keys=keep",
    "--lenient-json",
    "--strict-content-type",
    "--duplicate-names",
    "--open-job-types",
    "--day-fields=lenient",
    "--standby-survives-restart=true",
    "--new-mail-service=running",
    "--license-scope=server",
    "--token-style=padded",
    "--token-style=quoted",
    "--token-style=token",
    "--token-style=access-token",
    "--error-style=error",
    "--error-style=detail",
    "--error-style=text",
    "--error-style=html",
    "--error-style=empty",
    "--denied-status=403",
    "--refused-status=400",
    "--taken-status=422",
    "--taken-status=400",
    "--gone-status=410",
    "--gone-status=204",
    "--created-status=200",
    "--created-body=empty",
    "--location-style=rooted",
    "--location-style=absolute",
    "--locations=users",
    "--write-status=204",
    "--index-status=200",
    "--index-status=204",
    "--import-answer=ok",
    "--import-answer=accepted",
    "--list-style=wrapped",
    "--portal-list=sparse",
    "--more-settings=true",
    "--id-style=string",
    "--guid-style=lower",
    "--passwords=stars",
    "--unset-mobile-key=blank",
    "--unset-mobile-key=absent",
    "--unset-mobile-key=not-found",
    "--list-job-properties=false",
    "--job-type-style=lower",
    "--extra-fields",
    "--username=administrator",
    "--password=another-word",
    "--auth-limit=5",
];

/// Positions with which something else follows, or for which somebody has to do something.
const SPECIAL: &[Case] = &[
    Case { turned: &["--unlicensed"], ..Case::PLAIN },
    Case { turned: &["--unlicensed", "--unlicensed-status=402"], ..Case::PLAIN },
    Case { turned: &["--unlicensed", "--license=another-key"], ..Case::PLAIN },
    Case { turned: &["--new-portals=after-restart"], restarts: true, ..Case::PLAIN },
    // What is sent twice while the old value is still told is taken for not kept, until a later look shows the new one (trap 35).
    Case { turned: &["--read-lag-ms=300"], lags: true, ..Case::PLAIN },
    // Nothing can be created in containers, but a portal that is there can be taken over.
    Case {
        turned: &["--containers=501", "--portal=sales"],
        adopts: true,
        instead: &[("PortalTemplate", "Unsupported")],
        ..Case::PLAIN
    },
    Case {
        turned: &["--upload-limit=1"],
        instead: &[("PortalTemplate", "Refused"), ("PortalPackage", "Refused")],
        ..Case::PLAIN
    },
    Case { turned: &["--min-password-length=64"], instead: &[("PortalUser", "Refused")], ..Case::PLAIN },
];

/// Switches that are turned together, and what follows.
#[derive(Clone)]
struct Case {
    turned: &'static [&'static str],
    /// The portal is there already, and the example's may be taken over.
    adopts: bool,
    /// The Administration API has to be started anew once the portal is there.
    restarts: bool,
    /// Old values are told for a while, so that an edit may need another look.
    lags: bool,
    /// Kinds whose example is not ready in the end, and the reason.
    instead: &'static [(&'static str, &'static str)],
}

impl Case {
    const PLAIN: Self = Self { turned: &[], adopts: false, restarts: false, lags: false, instead: &[] };

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

/// The kinds of the vendor that the program knows.
fn kinds() -> Vec<&'static str> {
    TABLES.kinds.iter().filter(|row| row.vendor == "Intrexx").map(|row| row.kind).collect()
}

/// The examples, with nothing changed but what the case says.
fn manifests(case: &Case) -> Vec<Json> {
    let known =
        |document: &Json| document["apiVersion"] == "v1" || kinds().iter().any(|kind| document["kind"] == *kind);
    let mut documents = examples::documents("20-intrexx-portal.yaml", "kind");
    documents.retain(known);
    for document in documents.iter_mut().filter(|document| document["kind"] == "IntrexxPortal" && case.adopts) {
        examples::change(&mut document["spec"], &json!({"policy": {"adoption": "IfExists"}}));
    }
    documents
}

/// The AdminApi of the examples at this address.
fn admin_api(url: &str) -> Json {
    let documents = examples::documents("00-admin-apis.yaml", "intrexx");
    let mut manifest = documents.into_iter().find(|document| document["kind"] == "AdminApi").unwrap();
    // A creation whose answer is lost is believed in when it was seen twice, this far apart.
    examples::change(&mut manifest["spec"]["intrexx"], &json!({"url": url, "portalCreationTimeout": "1s"}));
    manifest
}

/// Waits until an object is ready, or not ready for the reason that the case says. What was just taken over waits for another look.
async fn settled(case: &Case, kind: &str, objects: &Objects, name: &str) {
    let reason = case.reason(kind);
    let there = move |object: &DynamicObject| match reason {
        Some(reason) => condition(object, "Ready")["reason"] == reason,
        None => is_ready(object),
    };
    let adopted = |object: &DynamicObject| condition(object, "Ready")["reason"] == "Adopted";
    let object = objects.until(name, move |object| there(object) || adopted(object)).await;
    if adopted(&object) {
        objects.looked_at(name).await;
        objects.until(name, there).await;
    }
}

/// What is written at the vendor so far, in its order. A request that is sent elsewhere comes again there.
fn writes(stage: &Stage<Simulator>) -> Vec<String> {
    let carried_out = stage.vendor_writes().into_iter().filter(|(operation, _)| *operation != "redirected");
    carried_out.map(|(operation, body)| format!("{operation} {body}")).collect()
}

async fn play(case: Case) {
    let simulator = Simulator::start(switches::options(case.turned)).await.unwrap();
    let mut stage = Stage::of(simulator, "intrexx", TABLES).await;
    stage.write_secret("intrexx-credentials", stage.credentials()).await;
    stage.apply(&admin_api(stage.vendor.url())).await;
    let documents = manifests(&case);
    for document in &documents {
        stage.apply(document).await;
    }
    stage.start_operator().await;
    if case.restarts {
        let made = |entries: &[provost::sim::journal::Entry]| {
            entries.iter().any(|entry| entry.operation == "create_portal" && entry.outcome.is_final())
        };
        stage.in_time(stage.vendor.journal().wait_for(made)).await;
        stage.vendor.restart(false);
    }
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
    assert!(stage.vendor.portal(PORTAL).is_some());
}

/// The testbed's edit of each kind arrives.
async fn edit_each(case: &Case, stage: &Stage<Simulator>, objects: &BTreeMap<&str, (Objects, &str)>) {
    for bed in BEDS.iter().filter(|bed| bed.can_be_edited() && case.reason(bed.kind).is_none()) {
        let Some((api, name)) = objects.get(bed.kind) else { continue };
        let before = values(stage, bed.kind);
        let object = api.edit(name, (bed.edit)()).await;
        let (generation, lags) = (object.metadata.generation, case.lags);
        let current = move |object: &DynamicObject| is_ready(object) && object.metadata.generation >= generation;
        let not_kept = move |object: &DynamicObject| lags && condition(object, "Ready")["reason"] == "NotKept";
        if not_kept(&api.until(name, move |object| current(object) || not_kept(object)).await) {
            api.looked_at(name).await;
            api.until(name, current).await;
        }
        assert_ne!(values(stage, bed.kind), before, "the edit of {} with {:?}", bed.kind, case.turned);
    }
}

#[tokio::test]
async fn the_examples_converge_whatever_the_switches_say() {
    let cases = bundles().into_iter().chain(SPECIAL.iter().cloned());
    switches::play_all(cases, |case| case.turned, play).await;
}
