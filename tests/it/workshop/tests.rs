//! The workshop is as awkward as it says, and the engine gets on with it.

use kube::ResourceExt;
use provost::sim::simulated::Simulated;
use provost::sim::trouble::{Act, Order};
use serde_json::{Value as Json, json};

use super::member::Member;
use super::sim::Options;
use super::tool::Tool;
use crate::stage::{Conditioned, Stage};

/// The manifest of a tool: the smallest one, named as its label, with `fields` in its spec beside.
fn tool(label: &str, fields: Json) -> Json {
    manifest("Tool", label, json!({"adminApi": {"name": "vendor"}, "label": label, "material": "steel"}), fields)
}

fn member(login: &str, fields: Json) -> Json {
    manifest("Member", login, json!({"adminApi": {"name": "vendor"}, "login": login}), fields)
}

fn manifest(kind: &str, name: &str, mut spec: Json, fields: Json) -> Json {
    for (field, value) in fields.as_object().into_iter().flatten() {
        spec[field] = value.clone();
    }
    json!({"apiVersion": "provost.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec})
}

fn converged<K: Conditioned>(object: &K) -> bool {
    object.is("Ready", "True", "Converged")
}

#[tokio::test]
async fn a_tool_lives_and_dies() {
    let stage = Stage::workshop(Options { delete_lag: 1, ..Options::default() }).await;
    stage.write_secret("lock", json!({"pin": "0815-4711"})).await;
    let pin = json!({"secretRef": {"name": "lock", "key": "pin"}});
    stage.apply(&tool("drill", json!({"colour": "red", "pin": pin}))).await;
    let object = stage.until("drill", converged::<Tool>).await;
    let made = &stage.vendor.tools()[0];
    assert_eq!(object.annotations()["provost.dev/external-id"], made.id);
    assert_eq!((made.colour.as_str(), made.pin.as_deref()), ("red", Some("0815-4711")));

    stage.write_secret("lock", json!({"pin": "0815-0000"})).await;
    stage.patch::<Tool>("drill", json!({"spec": {"colour": "blue"}})).await;
    stage.until("drill", converged::<Tool>).await;
    stage.looked_at::<Tool>("drill").await;
    let made = &stage.vendor.tools()[0];
    assert_eq!((made.colour.as_str(), made.pin.as_deref()), ("blue", Some("0815-0000")));

    stage.delete::<Tool>("drill").await;
    stage.gone::<Tool>("drill").await;
    assert_eq!(stage.vendor.tools(), []);
}

#[tokio::test]
async fn a_member_is_invited_once_and_switched_off() {
    let stage = Stage::workshop(Options::default()).await;
    stage.apply(&member("anna", json!({"nick": "Ann"}))).await;
    stage.until("anna", converged::<Member>).await;
    assert_eq!((stage.vendor.members().len(), stage.vendor.effects()["anna"]), (1, 1));
    stage.delete::<Member>("anna").await;
    stage.gone::<Member>("anna").await;
    assert!(!stage.vendor.members()[0].enabled);

    stage.apply(&member("anna", json!({"nick": "Anna"}))).await;
    stage.until("anna", converged::<Member>).await;
    let members = stage.vendor.members();
    assert_eq!((members.len(), members[0].nick.as_str(), members[0].enabled), (1, "Anna", true));
    assert_eq!(stage.vendor.effects()["anna"], 1);
}

#[tokio::test]
async fn a_list_that_is_cut_short_is_no_list() {
    let stage = Stage::workshop(Options::default()).await;
    stage.apply(&tool("drill", json!({}))).await;
    stage.until("drill", converged::<Tool>).await;
    stage.vendor.reconfigure(|options| options.list_truncated = true);
    stage.looked_at::<provost::engine::admin_api::AdminApi>("vendor").await;
    stage.api_unready("AnswerNotUnderstood").await;
    assert_eq!(stage.vendor.tools().len(), 1);
}

#[tokio::test]
async fn what_people_do_in_the_workshop_is_seen() {
    let stage = Stage::workshop(Options::default()).await;
    stage.vendor.add_tool("saw", "red", "steel");
    stage.apply(&tool("saw", json!({}))).await;
    stage.until("saw", |tool: &Tool| tool.is("Ready", "False", "AlreadyExists")).await;

    stage.apply(&tool("drill", json!({"colour": "red"}))).await;
    stage.apply(&member("anna", json!({"nick": "Ann"}))).await;
    stage.until("drill", converged::<Tool>).await;
    stage.until("anna", converged::<Member>).await;
    stage.vendor.edit_tool("drill", |tool| tool.colour = "pink".to_owned());
    stage.vendor.edit_member("anna", |member| member.nick = "Hanna".to_owned());
    stage.looked_at::<Tool>("drill").await;
    stage.looked_at::<Member>("anna").await;
    assert_eq!((stage.vendor.tools()[1].colour.as_str(), stage.vendor.members()[0].nick.as_str()), ("red", "Ann"));

    stage.vendor.remove_tool("saw");
    stage.looked_at::<Tool>("saw").await;
    stage.until("saw", converged::<Tool>).await;
    assert_eq!(stage.vendor.journal().performed("create_tool"), 2);
}

#[tokio::test]
async fn a_parked_member_goes_on_as_a_person_says() {
    let stage = Stage::workshop(Options::default()).await;
    let parked = |member: &Member| member.is("Ready", "False", "CreateOutcomeUnknown");

    // Made, and the answer lost: the person finds the member, and says which one it is.
    stage.vendor.trouble().place(Order::next_of("create_member", Act::LoseAnswer));
    stage.apply(&member("anna", json!({"nick": "Ann"}))).await;
    let object = stage.until("anna", parked).await;
    assert!(object.message("Ready").contains("provost.dev/pending-create"), "{}", object.message("Ready"));
    stage.looked_at::<Member>("anna").await;
    let made = stage.vendor.members()[0].clone();
    stage.annotate::<Member>("anna", "provost.dev/external-id", Some(&made.id)).await;
    let object = stage.until("anna", converged::<Member>).await;
    assert!(!object.annotations().contains_key("provost.dev/pending-create"));

    // Never made: the person finds nothing, and takes the announcement away.
    stage.vendor.trouble().place(Order::next_of("create_member", Act::CutBefore));
    stage.apply(&member("bert", json!({}))).await;
    stage.until("bert", parked).await;
    stage.annotate::<Member>("bert", "provost.dev/pending-create", None).await;
    stage.until("bert", converged::<Member>).await;
    let logins: Vec<_> = stage.vendor.members().into_iter().map(|member| member.login).collect();
    assert_eq!(logins, ["anna", "bert"]);
    assert_eq!((stage.vendor.effects()["anna"], stage.vendor.journal().performed("create_member")), (1, 2));
}
