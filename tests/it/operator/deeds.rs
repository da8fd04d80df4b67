//! Deeds: what is done once for an object that stays. Whatever gets lost, it is not done twice, and not forgotten either.

use kube::api::DynamicObject;
use provost::sim::simulated::Simulated;
use provost::sim::trouble::{Act, Order};
use serde_json::{Value as Json, json};

use crate::objects::{Objects, assert_kstatus, is, message};
use crate::stage::{API, Stage};
use crate::workshop::sim::{Options, Simulator};

const APPROVE: &str = "provost.dev/approve";
const DEED: &str = "provost.dev/deed";
const STEP: &str = "Mind the step";
const GAP: &str = "Mind the gap";

fn sign(fields: Json) -> Json {
    let mut manifest = json!({
        "apiVersion": "provost.dev/v1alpha1", "kind": "Sign", "metadata": {"name": "door"},
        "spec": {"adminApi": {"name": API}, "place": "door"},
    });
    for (field, value) in fields.as_object().unwrap() {
        manifest["spec"][field] = value.clone();
    }
    manifest
}

/// A workshop that shows nothing of what is carved, with a sign at the door.
async fn hidden() -> (Stage<Simulator>, Objects) {
    let stage = Stage::workshop(Options { letterings_hidden: true, ..Options::default() }).await;
    let signs = stage.objects("Sign");
    stage.apply(&sign(json!({}))).await;
    signs.ready("door").await;
    (stage, signs)
}

fn carved(stage: &Stage<Simulator>, lettering: &str) -> u64 {
    stage.vendor.deeds("door", lettering)
}

fn begun(object: &DynamicObject) -> &Json {
    &object.data["status"]["begun"]["lettering"]
}

fn attempt(object: &DynamicObject) -> String {
    begun(object)["attempt"].as_str().unwrap().to_owned()
}

fn lose(stage: &Stage<Simulator>, operation: &str, act: Act) {
    stage.vendor.trouble().place(Order::next_of(operation, act));
}

#[tokio::test]
async fn a_deed_is_done_step_by_step_and_once() {
    let stage = Stage::workshop(Options { letterings_hidden: true, carving_looks: 2, ..Options::default() }).await;
    let signs = stage.objects("Sign");
    stage.apply(&sign(json!({"lettering": STEP}))).await;
    // It is shown while the workshop is at it.
    let under_way = signs.until("door", |object| is(object, "Ready", "False", "Underway")).await;
    assert_kstatus(&under_way);
    assert!(message(&under_way, "Ready").contains("lettering"), "{}", message(&under_way, "Ready"));
    let object = signs.ready("door").await;
    assert_eq!((carved(&stage, STEP), begun(&object)), (1, &Json::Null));
    assert_eq!(object.data["status"]["applied"]["lettering"], format!("{STEP:?}"));
    let mut stage = stage;
    stage.restart_operator().await;
    signs.looked_at("door").await;
    assert_eq!(carved(&stage, STEP), 1);
    // Another value is another deed.
    signs.edit("door", json!({"lettering": GAP})).await;
    signs.ready("door").await;
    assert_eq!((carved(&stage, STEP), carved(&stage, GAP)), (1, 1));
}

#[tokio::test]
async fn it_is_marked_before_it_is_begun() {
    let (stage, signs) = hidden().await;
    lose(&stage, "chalk", Act::Hold);
    signs.edit("door", json!({"lettering": STEP})).await;
    let object = signs.until("door", |object| begun(object).is_object()).await;
    assert_eq!(begun(&object)["wanted"], json!({"lettering": format!("{STEP:?}")}));
    assert_eq!(begun(&object)["externalId"], "door");
    stage.vendor.trouble().release();
    signs.ready("door").await;
    assert_eq!(carved(&stage, STEP), 1);
}

#[tokio::test]
async fn a_lost_answer_is_left_to_a_person_where_the_vendor_does_not_tell() {
    for (act, word, before) in [(Act::LoseAnswer, "done", 1), (Act::CutBefore, "again", 0)] {
        let (mut stage, signs) = hidden().await;
        lose(&stage, "carve", act);
        signs.edit("door", json!({"lettering": STEP})).await;
        let parked = signs.unready("door", "DeedOutcomeUnknown").await;
        assert_kstatus(&parked);
        let (attempt, message) = (attempt(&parked), message(&parked, "Ready"));
        for part in ["lettering", STEP, DEED, &format!("'{attempt} done'"), &format!("'{attempt} again'")] {
            assert!(message.contains(part), "{message}");
        }
        // Nobody does it by looking, whoever looks.
        signs.looked_at("door").await;
        stage.restart_operator().await;
        let parked = signs.looked_at("door").await;
        assert!(is(&parked, "Ready", "False", "DeedOutcomeUnknown") && carved(&stage, STEP) == before);
        // A word about another attempt is none about this one.
        signs.annotate("door", DEED, Some(&format!("0{attempt} {word}"))).await;
        signs.looked_at("door").await;
        assert_eq!(carved(&stage, STEP), before);

        signs.annotate("door", DEED, Some(&format!("{attempt} {word}"))).await;
        let object = signs.ready("door").await;
        assert_eq!((carved(&stage, STEP), begun(&object)), (1, &Json::Null), "{word}");
        // The word was for one time.
        signs.edit("door", json!({"lettering": GAP})).await;
        signs.ready("door").await;
        assert_eq!((carved(&stage, STEP), carved(&stage, GAP)), (1, 1));
    }
}

#[tokio::test]
async fn what_the_vendor_shows_settles_a_lost_answer() {
    let stage = Stage::workshop(Options::default()).await;
    let signs = stage.objects("Sign");
    lose(&stage, "carve", Act::LoseAnswer);
    stage.apply(&sign(json!({"lettering": STEP}))).await;
    let object = signs.ready("door").await;
    assert_eq!((carved(&stage, STEP), begun(&object)), (1, &Json::Null));
}

#[tokio::test]
async fn what_the_vendor_shows_otherwise_is_not_done_again_to_see() {
    let stage = Stage::workshop(Options { other_lettering: Some("Wet paint".to_owned()), ..Options::default() }).await;
    let signs = stage.objects("Sign");
    stage.apply(&sign(json!({"lettering": STEP}))).await;
    let object = signs.unready("door", "NotKept").await;
    assert!(message(&object, "Ready").contains("Wet paint"), "{}", message(&object, "Ready"));
    signs.looked_at("door").await;
    assert_eq!(carved(&stage, STEP), 1);
}

#[tokio::test]
async fn an_answer_that_says_no_takes_the_mark_back() {
    let (stage, signs) = hidden().await;
    stage.vendor.trouble().place(Order::next_of("chalk", Act::answer(400)));
    signs.edit("door", json!({"lettering": STEP})).await;
    let refused = signs.unready("door", "Refused").await;
    assert_eq!(begun(&refused), &Json::Null);
    signs.looked_at("door").await;
    signs.ready("door").await;
    assert_eq!(carved(&stage, STEP), 1);
}

#[tokio::test]
async fn another_value_while_one_is_uncertain_is_no_excuse() {
    let (stage, signs) = hidden().await;
    lose(&stage, "carve", Act::LoseAnswer);
    signs.edit("door", json!({"lettering": STEP})).await;
    let first = attempt(&signs.unready("door", "DeedOutcomeUnknown").await);
    // Chalk is no matter, so the new one is begun, under a mark of its own.
    lose(&stage, "carve", Act::LoseAnswer);
    signs.edit("door", json!({"lettering": GAP})).await;
    let second = signs.unready("door", "DeedOutcomeUnknown").await;
    assert_ne!(attempt(&second), first);
    assert_eq!(begun(&second)["wanted"], json!({"lettering": format!("{GAP:?}")}));
    signs.annotate("door", DEED, Some(&format!("{first} again"))).await;
    signs.looked_at("door").await;
    assert_eq!((carved(&stage, STEP), carved(&stage, GAP)), (1, 1));
    // What is not wanted any more is not done, and not forgotten.
    signs.edit("door", json!({"lettering": null})).await;
    let object = signs.ready("door").await;
    assert_eq!(begun(&object)["attempt"], second.data["status"]["begun"]["lettering"]["attempt"]);
    signs.edit("door", json!({"lettering": GAP})).await;
    signs.unready("door", "DeedOutcomeUnknown").await;
    assert_eq!(carved(&stage, GAP), 1);
}

#[tokio::test]
async fn one_approval_is_for_all_of_its_steps() {
    let (mut stage, signs) = hidden().await;
    stage.vendor.reconfigure(|options| options.carving_looks = 2);
    signs.edit("door", json!({"policy": {"management": "Plan"}})).await;
    signs.ready("door").await;
    signs.edit("door", json!({"lettering": STEP, "ground": "red"})).await;
    let planned = signs.unready("door", "AwaitingApproval").await;
    let plan = &planned.data["status"]["plan"];
    let fields: Vec<&str> =
        plan["changes"].as_array().unwrap().iter().map(|change| change["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["ground", "lettering"]);
    assert_eq!(carved(&stage, STEP), 0);
    signs.annotate("door", APPROVE, plan["hash"].as_str()).await;
    // The process ends in the middle of it.
    let carving = |object: &DynamicObject| message(object, "Ready").contains("carving");
    signs.until("door", carving).await;
    stage.restart_operator().await;
    signs.ready("door").await;
    assert_eq!(carved(&stage, STEP), 1);
    // And is good for nothing else.
    signs.edit("door", json!({"lettering": GAP})).await;
    signs.unready("door", "AwaitingApproval").await;
    assert_eq!(carved(&stage, GAP), 0);
}

#[tokio::test]
async fn who_only_looks_does_not_go_on_and_says_what_was_begun() {
    let (stage, signs) = hidden().await;
    lose(&stage, "carve", Act::LoseAnswer);
    signs.edit("door", json!({"lettering": STEP})).await;
    signs.unready("door", "DeedOutcomeUnknown").await;
    let calls = stage.vendor.deeds("door", STEP);
    signs.edit("door", json!({"policy": {"management": "Observe"}})).await;
    let object = signs.until("door", |object| is(object, "Synced", "False", "Observed")).await;
    assert!(message(&object, "Synced").contains("begun before: lettering"), "{}", message(&object, "Synced"));
    assert!(begun(&object).is_object());
    assert_eq!(carved(&stage, STEP), calls);
}

#[tokio::test]
async fn an_object_that_goes_says_what_it_leaves_unknown() {
    let (stage, signs) = hidden().await;
    lose(&stage, "carve", Act::LoseAnswer);
    signs.edit("door", json!({"lettering": STEP, "policy": {"deletion": "Orphan"}})).await;
    signs.unready("door", "DeedOutcomeUnknown").await;
    signs.delete("door").await;
    signs.gone("door").await;
    let told = |call: &crate::tap::Call| call.is_event() && call.says("what became of lettering");
    stage.tap.wait_for(told).await;
}

#[tokio::test]
async fn a_mark_of_another_external_object_says_nothing() {
    let (stage, signs) = hidden().await;
    lose(&stage, "carve", Act::LoseAnswer);
    signs.edit("door", json!({"lettering": STEP})).await;
    let parked = signs.unready("door", "DeedOutcomeUnknown").await;
    // As a restore from another cluster might leave it.
    let mut mark = begun(&parked).clone();
    mark["externalId"] = json!("gate");
    let status = json!({"status": {"begun": {"lettering": mark}}});
    let patch = kube::api::Patch::Merge(status);
    signs.api.patch_status("door", &kube::api::PatchParams::default(), &patch).await.unwrap();
    stage.vendor.reconfigure(|options| options.letterings_hidden = false);
    let object = signs.looked_at("door").await;
    assert!(is(&object, "Ready", "True", "Converged") && begun(&object).is_null(), "{object:?}");
}

#[tokio::test]
async fn what_is_not_wanted_any_more_is_undone_with_what_only_answers_tell() {
    let stage = Stage::workshop(Options::default()).await;
    let signs = stage.objects("Sign");
    let marks = |stage: &Stage<Simulator>| {
        stage.vendor.sign("door").unwrap().marks.into_values().collect::<std::collections::BTreeSet<_>>()
    };
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    stage.apply(&sign(json!({"marks": ["exit", "first-aid"]}))).await;
    let object = signs.ready("door").await;
    assert_eq!(marks(&stage), set(&["exit", "first-aid"]));
    assert_eq!(object.data["status"]["rows"].as_object().unwrap().len(), 2);
    // Somebody else's mark is none of ours.
    stage.vendor.edit_sign("door", |sign| drop(sign.marks.insert(7, "wet".to_owned())));
    signs.edit("door", json!({"marks": ["exit"]})).await;
    let object = signs.ready("door").await;
    assert_eq!(marks(&stage), set(&["exit", "wet"]));
    assert_eq!(object.data["status"]["applied"], json!({"marks.exit": "\"On\""}), "what is undone is forgotten");
    assert_eq!(object.data["status"]["rows"].as_object().unwrap().len(), 1);
    let writes = stage.vendor.journal().writes().len();
    signs.looked_at("door").await;
    assert_eq!(stage.vendor.journal().writes().len(), writes);
    stage.vendor.edit_sign("door", |sign| drop(sign.marks.remove(&7)));
    // The rows that a deletion needs are those of the status.
    signs.delete("door").await;
    signs.gone("door").await;
    assert_eq!(stage.vendor.sign("door"), None);
}

#[tokio::test]
async fn what_was_told_before_a_call_failed_is_kept() {
    let stage = Stage::workshop(Options { refused_mark: Some("radioactive".to_owned()), ..Options::default() }).await;
    let signs = stage.objects("Sign");
    stage.apply(&sign(json!({"marks": ["exit", "radioactive"]}))).await;
    let object = signs.unready("door", "Refused").await;
    assert!(object.data["status"]["rows"]["exit"].is_number(), "{:?}", object.data["status"]);
}
