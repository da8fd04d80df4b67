//! Listed and Blind kinds: late lists, lost answers between the steps of a create, and objects that are made anew.

use std::time::Duration;

use kube::ResourceExt;
use provost::sim::journal::Outcome;
use provost::sim::simulated::Simulated;
use provost::sim::trouble::{Act, Order};
use serde_json::{Value as Json, json};

use crate::stage::{Conditioned, Stage, fresh_token};
use crate::tap;
use crate::workshop::member::Member;
use crate::workshop::sim::{Options, Simulator};
use crate::workshop::tool::Tool;

const EXTERNAL_ID: &str = "provost.dev/external-id";
const PENDING_CREATE: &str = "provost.dev/pending-create";
const RECONCILE_AT: &str = "provost.dev/reconcile-at";

fn manifest(kind: &str, name: &str, mut spec: Json) -> Json {
    spec["adminApi"] = json!({"name": "vendor"});
    json!({"apiVersion": "provost.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec})
}

fn drill() -> Json {
    manifest("Tool", "drill", json!({"label": "drill", "material": "steel", "colour": "red"}))
}

fn anna(policy: Json) -> Json {
    manifest("Member", "anna", json!({"login": "anna", "nick": "Ann", "policy": policy}))
}

fn converged<K: Conditioned>(object: &K) -> bool {
    object.is("Ready", "True", "Converged")
}

fn stalled(member: &Member) -> bool {
    member.is("Ready", "False", "CreateOutcomeUnknown")
}

/// A member whose create waits for a person, since the answer to this operation was lost.
async fn parked(operation: &str, policy: Json) -> Stage<Simulator> {
    let stage = Stage::workshop(Options::default()).await;
    stage.vendor.trouble().place(Order::next_of(operation, Act::LoseAnswer));
    stage.apply(&anna(policy)).await;
    stage.until("anna", stalled).await;
    stage
}

#[tokio::test]
async fn a_late_list_makes_no_double() {
    let stage = Stage::workshop(Options { list_lag: Duration::from_millis(1500), ..Options::default() }).await;
    stage.vendor.trouble().place(Order::next_of("create_tool", Act::LoseAnswer));
    stage.apply(&drill()).await;
    let tool = stage.until("drill", |tool: &Tool| tool.is("Ready", "False", "AbsenceUnconfirmed")).await;
    assert!(tool.condition("Reconciling").is_some() && tool.condition("Stalled").is_none(), "{tool:#?}");
    let tool = stage.until("drill", converged::<Tool>).await;
    let tools = stage.vendor.tools();
    assert_eq!((tools.len(), &tool.annotations()[EXTERNAL_ID]), (1, &tools[0].id));
}

#[tokio::test]
async fn a_late_list_loses_nothing_to_a_deletion() {
    let mut stage = Stage::workshop(Options { list_lag: Duration::from_millis(700), ..Options::default() }).await;
    stage.vendor.trouble().place(Order::next_of("create_tool", Act::LoseAnswer));
    stage.apply(&drill()).await;
    stage.vendor_got("create_tool", Outcome::Cut).await;
    stage.kill_operator().await;
    stage.delete::<Tool>("drill").await;
    stage.start_operator().await;
    stage.gone::<Tool>("drill").await;
    assert_eq!(stage.vendor.tools(), []);
}

#[tokio::test]
async fn what_is_lost_is_made_anew_where_nothing_goes_with_it() {
    for lose_answer in [false, true] {
        let stage = Stage::workshop(Options::default()).await;
        stage.apply(&drill()).await;
        stage.until("drill", converged::<Tool>).await;
        let before = stage.vendor.tools().remove(0);
        stage.vendor.remove_tool("drill");
        if lose_answer {
            stage.vendor.trouble().place(Order::next_of("create_tool", Act::LoseAnswer));
        }
        stage.annotate::<Tool>("drill", RECONCILE_AT, Some(&fresh_token())).await;
        let id = before.id.clone();
        let recorded = |tool: &Tool| tool.status.as_ref().and_then(|status| status.external_id.clone());
        let anew = move |tool: &Tool| converged(tool) && recorded(tool).is_some_and(|known| known != id);
        let tool = stage.until("drill", anew).await;
        let tools = stage.vendor.tools();
        assert_eq!((tools.len(), tools[0].colour.as_str()), (1, "red"));
        assert_ne!(tools[0].id, before.id);
        assert_eq!(tool.annotations()[EXTERNAL_ID], tools[0].id);
    }
}

#[tokio::test]
async fn a_step_that_is_done_is_not_done_again() {
    let stage = Stage::workshop(Options::default()).await;
    stage.vendor.trouble().place(Order::next_of("create_member", Act::answer(400)));
    stage.apply(&anna(json!({}))).await;
    let member = stage.until("anna", |member: &Member| member.is("Ready", "False", "Refused")).await;
    // What the invitation returned is on record.
    assert!(member.annotations()[PENDING_CREATE].ends_with('"'), "{:?}", member.annotations());
    stage.annotate::<Member>("anna", RECONCILE_AT, Some(&fresh_token())).await;
    stage.until("anna", converged::<Member>).await;
    assert_eq!((stage.vendor.members().len(), stage.vendor.effects()["anna"]), (1, 1));
}

#[tokio::test]
async fn a_parked_create_can_be_deleted_by_saying_what_it_made() {
    let stage = parked("create_member", json!({"deletion": "Delete"})).await;
    stage.delete::<Member>("anna").await;
    let member = stage.until("anna", |member: &Member| member.is("Ready", "False", "DeletionBlocked")).await;
    let (message, uid) = (member.message("Ready"), member.uid().unwrap());
    assert!(message.contains(EXTERNAL_ID) && message.contains(&format!("provost.dev/abandon: {uid}")), "{message}");
    let id = stage.vendor.members()[0].id.clone();
    stage.annotate::<Member>("anna", EXTERNAL_ID, Some(&id)).await;
    stage.gone::<Member>("anna").await;
    assert_eq!((stage.vendor.members(), stage.vendor.effects()["anna"]), (vec![], 1));
}

#[tokio::test]
async fn who_takes_an_announcement_away_is_heard_at_once() {
    let stage = parked("invite", json!({})).await;
    assert_eq!((stage.vendor.members(), stage.vendor.effects()["anna"]), (vec![], 1));
    stage.annotate::<Member>("anna", PENDING_CREATE, None).await;
    stage.until("anna", converged::<Member>).await;
    // The second invitation is what the person asked for.
    assert_eq!((stage.vendor.members().len(), stage.vendor.effects()["anna"]), (1, 2));
}

#[tokio::test]
async fn an_id_that_a_person_sets_while_a_step_is_recorded_stays() {
    let stage = Stage::workshop(Options::default()).await;
    // The step's record comes too late: somebody wrote first.
    let records = |call: &tap::Call| call.annotates(PENDING_CREATE).is_some_and(|text| text.ends_with('"'));
    stage.tap.next(tap::Act::Hold, records);
    stage.apply(&anna(json!({}))).await;
    stage.in_time(stage.tap.wait_for(move |call| records(call) && call.fate == tap::Fate::Held)).await;
    stage.annotate::<Member>("anna", EXTERNAL_ID, Some("m-planted")).await;
    stage.tap.release();
    let member = stage.until("anna", |member: &Member| member.condition("Ready").is_some()).await;
    assert_eq!(member.annotations().get(EXTERNAL_ID).map(String::as_str), Some("m-planted"), "{member:#?}");
    assert_eq!(stage.vendor.journal().count("create_member"), 0);
}
