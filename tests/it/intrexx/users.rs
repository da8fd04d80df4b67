//! PortalUser: ids that come once, passwords, memberships, and whom nothing may lock out.

use kube::api::{DynamicObject, PostParams};
use provost::intrexx::sim::options::Answers;
use provost::intrexx::sim::options::answers::{CreatedBody, LocationStyle};
use provost::intrexx::sim::{Condition, Options, Portal, Simulator};
use provost::sim::trouble::{Act, Order};
use serde_json::{Value as Json, json};

use super::{PORTAL, example, seeded};
use crate::objects::{Objects, annotation, is, message};
use crate::stage::Stage;
use crate::testbed::scene::EXTERNAL_ID;

const KIND: &str = "PortalUser";
const SECRET: &str = "sales-ada";
const PASSWORD: &str = "P@ssw0rd-ada";

/// A stage, and its users.
async fn stage(options: Options) -> (Stage<Simulator>, Objects) {
    let stage = Stage::intrexx(options, &[KIND, "PortalGroup"]).await;
    let users = stage.objects(KIND);
    (stage, users)
}

/// A stage on which ada is as her example says.
async fn with_ada(fields: Json) -> (Stage<Simulator>, Objects) {
    let (stage, users) = stage(seeded()).await;
    stage.given(KIND, "ada", fields).await;
    (stage, users)
}

fn portal(stage: &Stage<Simulator>) -> Portal {
    stage.vendor.portal(PORTAL).unwrap()
}

/// The ids of the groups that a user is in.
fn groups_of(stage: &Stage<Simulator>, login: &str) -> Vec<u64> {
    portal(stage).user(login).unwrap().groups.iter().copied().collect()
}

/// An object for the user that each portal has for the Administration API.
fn administrator(fields: Json) -> Json {
    let mut manifest = example(KIND, "administrator", json!({"loginName": "administrator"}));
    for (field, value) in
        [("firstName", json!("")), ("lastName", json!("Administrator")), ("withoutPassword", json!(true))]
    {
        manifest["spec"][field] = value;
    }
    let spec = manifest["spec"].as_object_mut().unwrap();
    for field in ["password", "email", "disabled", "groups"] {
        spec.remove(field);
    }
    spec.extend(fields.as_object().unwrap().clone());
    manifest["metadata"]["annotations"] = json!({EXTERNAL_ID: "sales/1"});
    manifest
}

/// Traps 8 and 9: the id comes from `Location`, in whatever form, and stands on the object from then on.
#[tokio::test]
async fn the_id_is_taken_from_location_once_and_outlives_the_operator() {
    for location_style in [LocationStyle::Relative, LocationStyle::Rooted, LocationStyle::Absolute] {
        let answers = Answers { location_style, created_body: CreatedBody::Empty, ..Answers::default() };
        let (mut stage, users) = stage(Options { answers, ..seeded() }).await;
        stage.given(KIND, "ada", json!({})).await;
        let object = users.api.get("ada").await.unwrap();
        assert_eq!(annotation(&object, EXTERNAL_ID), Some("sales/5"));
        assert!(stage.vendor.login(PORTAL, "ada", PASSWORD));
        stage.restart_operator().await;
        users.looked_at("ada").await;
        users.ready("ada").await;
        assert_eq!((stage.vendor.journal().count("create_user"), portal(&stage).users.len()), (1, 3));
    }
}

/// Trap 8: nobody can look for what was made when the answer got lost.
#[tokio::test]
async fn a_lost_answer_waits_for_a_person_and_says_what_to_write() {
    for act in [Act::LoseAnswer, Act::Garbage] {
        let (mut stage, users) = stage(seeded()).await;
        stage.vendor.trouble().place(Order::next_of("create_user", act));
        stage.apply(&example(KIND, "ada", json!({}))).await;
        let object = users.unready("ada", "CreateOutcomeUnknown").await;
        assert!(message(&object, "Ready").contains("its id as PORTAL/ID (such as sales/6)"), "{object:#?}");
        stage.restart_operator().await;
        users.looked_at("ada").await;
        users.unready("ada", "CreateOutcomeUnknown").await;
        users.annotate("ada", EXTERNAL_ID, Some("5")).await;
        let object = users.unready("ada", "Refused").await;
        assert!(message(&object, "Ready").contains("PORTAL/ID"), "{object:#?}");
        users.annotate("ada", EXTERNAL_ID, Some("sales/5")).await;
        users.taken_over("ada").await;
        users.ready("ada").await;
        assert_eq!((stage.vendor.journal().count("create_user"), portal(&stage).users.len()), (1, 3));
    }
}

#[tokio::test]
async fn a_login_name_in_use_is_told_with_the_way_to_adopt_it() {
    let (stage, users) = with_ada(json!({})).await;
    stage.apply(&example(KIND, "twin", json!({"loginName": "ADA", "portalName": PORTAL}))).await;
    users.unready("twin", "Conflict").await;
    // Without the first object, only the vendor knows.
    users.patch("ada", json!({"spec": {"policy": {"deletion": "Orphan"}}})).await;
    users.delete("twin").await;
    users.gone("twin").await;
    users.delete("ada").await;
    users.gone("ada").await;
    stage.apply(&example(KIND, "twin", json!({"loginName": "ADA"}))).await;
    let object = users.unready("twin", "KeyTaken").await;
    assert!(message(&object, "Ready").contains("its id as PORTAL/ID"), "{object:#?}");
    users.annotate("twin", EXTERNAL_ID, Some("sales/5")).await;
    users.taken_over("twin").await;
    users.ready("twin").await;
    assert_eq!(portal(&stage).users.len(), 3);
}

#[tokio::test]
async fn a_password_is_sent_again_when_its_secret_changes_and_not_else() {
    let (mut stage, users) = with_ada(json!({})).await;
    let changes = |stage: &Stage<Simulator>| stage.vendor.journal().count("change_user");
    assert_eq!(changes(&stage), 0);
    // The answer to the first try is lost: setting it twice is setting it once.
    stage.vendor.trouble().place(Order::next_of("change_user", Act::LoseAnswer));
    stage.write_secret(SECRET, json!({"password": "planted-next-7Q"})).await;
    stage.vendor_got("change_user", provost::sim::journal::Outcome::Answered).await;
    users.ready("ada").await;
    assert!(stage.vendor.login(PORTAL, "ada", "planted-next-7Q"));
    let sent = changes(&stage);
    stage.restart_operator().await;
    users.looked_at("ada").await;
    users.ready("ada").await;
    assert_eq!(changes(&stage), sent);
}

#[tokio::test]
async fn a_blank_password_is_never_sent() {
    let (stage, users) = stage(seeded()).await;
    stage.write_secret(SECRET, json!({"password": ""})).await;
    stage.apply(&example(KIND, "ada", json!({}))).await;
    let object = users.unready("ada", "Refused").await;
    assert!(message(&object, "Ready").contains("spec.password"), "{object:#?}");
    assert_eq!(stage.vendor.journal().count("create_user"), 0);
    stage.write_secret(SECRET, json!({"password": PASSWORD})).await;
    users.ready("ada").await;
    stage.write_secret(SECRET, json!({"password": " "})).await;
    users.unready("ada", "Refused").await;
    assert!(stage.vendor.login(PORTAL, "ada", PASSWORD));
}

#[tokio::test]
async fn a_spec_says_one_portal_and_how_it_is_with_the_password() {
    let (stage, users) = with_ada(json!({})).await;
    let refused = async |fields: Json| {
        let object: DynamicObject = serde_json::from_value(example(KIND, "bob", fields)).unwrap();
        users.api.create(&PostParams::default(), &object).await.unwrap_err().to_string()
    };
    assert!(refused(json!({"password": null})).await.contains("exactly one of password and withoutPassword"));
    assert!(refused(json!({"withoutPassword": true})).await.contains("exactly one of password and withoutPassword"));
    assert!(refused(json!({"portal": {"name": "sales"}})).await.contains("exactly one of portal and portalName"));
    let group = json!({"groups": {"members": [{"id": "4", "group": {"name": "editors"}}]}});
    assert!(refused(group).await.contains("exactly one of group and id"));
    stage.given(KIND, "bob", json!({"loginName": "bob", "password": null, "withoutPassword": true})).await;
    assert!(stage.vendor.login(PORTAL, "bob", ""));
}

#[tokio::test]
async fn memberships_are_added_to_or_are_all_there_are() {
    let (stage, users) = with_ada(json!({})).await;
    assert_eq!(groups_of(&stage, "ada"), [4]);
    let by_hand = |group: u64, is_in: bool| {
        let change = move |portal: &mut Portal| {
            let groups = &mut portal.user("ada").unwrap().groups;
            if is_in { groups.insert(group) } else { groups.remove(&group) }
        };
        stage.vendor.edit_portal(PORTAL, change).unwrap();
    };
    // What a person adds stays, and what a person takes away comes back.
    by_hand(3, true);
    by_hand(4, false);
    users.looked_at("ada").await;
    users.ready("ada").await;
    assert_eq!(groups_of(&stage, "ada"), [3, 4]);
    users.edit("ada", json!({"groups": {"members": [{"id": "4"}], "authoritative": true}})).await;
    let object = users.ready("ada").await;
    assert_eq!(groups_of(&stage, "ada"), [4]);
    assert_eq!(object.data["status"]["observed"]["groups"], json!(["4"]));
    // Joined before left: somebody who is moved is never in neither.
    users.edit("ada", json!({"groups": {"members": [{"id": "3"}], "authoritative": true}})).await;
    users.ready("ada").await;
    assert_eq!(groups_of(&stage, "ada"), [3]);
    users.edit("ada", json!({"groups": null})).await;
    users.ready("ada").await;
    assert_eq!(groups_of(&stage, "ada"), [3]);
    users.edit("ada", json!({"groups": {"members": [{"id": "99"}]}})).await;
    let object = users.unready("ada", "Refused").await;
    assert!(message(&object, "Ready").contains("no group 99"), "{object:#?}");
}

#[tokio::test]
async fn a_group_of_ours_is_joined_by_its_name_and_again_when_it_is_another_one() {
    let (stage, users) = stage(seeded()).await;
    stage.apply(&example(KIND, "ada", json!({"groups": {"members": [{"group": {"name": "editors"}}]}}))).await;
    users.unready("ada", "ReferenceMissing").await;
    let group = json!({"policy": {"deletion": "Delete"}});
    stage.given("PortalGroup", "editors", group.clone()).await;
    users.ready("ada").await;
    assert_eq!(groups_of(&stage, "ada"), [5]);
    let groups = stage.objects("PortalGroup");
    groups.delete("editors").await;
    groups.gone("editors").await;
    users.unready("ada", "ReferenceMissing").await;
    stage.given("PortalGroup", "editors", group).await;
    users.until("ada", |object| object.data["status"]["observed"]["groups"] == json!(["7"])).await;
    users.ready("ada").await;
    assert_eq!(groups_of(&stage, "ada"), [7]);
}

/// Trap 16: the password and the account of whom the Administration API logs in as stay as they are; all the rest may be managed.
#[tokio::test]
async fn the_administration_apis_own_user_keeps_its_password_and_its_account() {
    let (stage, users) = stage(seeded()).await;
    stage.apply(&administrator(json!({"title": "Dr"}))).await;
    users.taken_over("administrator").await;
    users.ready("administrator").await;
    let title = portal(&stage).user("1").unwrap().fields["general_settings"]["title"].clone();
    assert_eq!(title, "Dr");
    let before = portal(&stage).user("1").unwrap().clone();
    for fields in [
        json!({"disabled": true}),
        json!({"disabled": null, "account": {"mustChangePassword": true}}),
        json!({"account": null, "withoutPassword": null, "password": {"secretRef": {"name": SECRET, "key": "password"}}}),
    ] {
        users.edit("administrator", fields).await;
        let object = users.unready("administrator", "Refused").await;
        assert!(message(&object, "Ready").contains("leave that out"), "{object:#?}");
    }
    let after = portal(&stage).user("1").unwrap().clone();
    assert_eq!((after.fields, after.password), (before.fields, before.password));
    assert!(portal(&stage).lets_iaa_in());
}

/// Trap 17: that user is neither deleted nor switched off nor taken out of the administrators, also under the name that a portal gave it.
#[tokio::test]
async fn the_administration_apis_own_user_stays_and_stays_an_administrator() {
    let (stage, users) = stage(seeded()).await;
    stage.apply(&administrator(json!({"groups": {"members": [{"id": "4"}], "authoritative": true}}))).await;
    users.taken_over("administrator").await;
    let object = users.unready("administrator", "Refused").await;
    assert!(message(&object, "Ready").contains("stays in the group of administrators"), "{object:#?}");
    assert!(groups_of(&stage, "1").contains(&3));
    for deletion in ["Disable", "Delete"] {
        users.edit("administrator", json!({"groups": null, "policy": {"deletion": deletion}})).await;
        users.ready("administrator").await;
        let uid = users.api.get("administrator").await.unwrap().metadata.uid.unwrap();
        users.delete("administrator").await;
        let object = users.unready("administrator", "Refused").await;
        assert!(message(&object, "Ready").contains("provost.dev/abandon"), "{object:#?}");
        users.annotate("administrator", "provost.dev/abandon", Some(&uid)).await;
        users.gone("administrator").await;
        assert!(portal(&stage).lets_iaa_in());
        stage.apply(&administrator(json!({}))).await;
        users.taken_over("administrator").await;
        users.ready("administrator").await;
    }
    assert_eq!((stage.vendor.journal().count("delete_user"), stage.vendor.journal().count("change_user")), (0, 0));
    // An id under another login name is another user's.
    let mut stranger = example(KIND, "ada", json!({"password": null, "withoutPassword": true}));
    stranger["metadata"]["annotations"] = json!({EXTERNAL_ID: "sales/2"});
    stage.apply(&stranger).await;
    users.unready("ada", "IdentityDiffers").await;
    users.delete("ada").await;
    users.gone("ada").await;
    assert_eq!(portal(&stage).users.len(), 2);
}

/// Traps 3 and 19 for users: a portal that cannot be asked has lost nobody.
#[tokio::test]
async fn nobody_is_lost_with_a_portal_that_is_away() {
    let (stage, users) = with_ada(json!({})).await;
    stage.vendor.edit_portal(PORTAL, |portal| portal.known = false).unwrap();
    users.edit("ada", json!({"title": "Countess"})).await;
    let object = users.unready("ada", "Unavailable").await;
    assert!(message(&object, "Ready").contains("does not know the portal sales"), "{object:#?}");
    stage.vendor.edit_portal(PORTAL, |portal| (portal.known, portal.condition) = (true, Condition::Stopped)).unwrap();
    users.looked_at("ada").await;
    stage.vendor.edit_portal(PORTAL, |portal| portal.condition = Condition::Running).unwrap();
    users.looked_at("ada").await;
    users.ready("ada").await;
    assert_eq!(stage.vendor.journal().count("create_user"), 1);
    stage.vendor.remove_portal(PORTAL).unwrap();
    users.looked_at("ada").await;
    users.unready("ada", "ExternalObjectGone").await;
    users.delete("ada").await;
    users.gone("ada").await;
}

#[tokio::test]
async fn a_locked_account_is_a_condition_and_a_look_costs_two_reads() {
    let (stage, users) = with_ada(json!({})).await;
    let object = users.ready("ada").await;
    assert!(!is(&object, "AccountLocked", "True", "LockedOut"));
    stage.vendor.edit_portal(PORTAL, |portal| portal.user("ada").unwrap().locked = true).unwrap();
    let before = stage.vendor.journal().last();
    let object = users.looked_at("ada").await;
    assert!(
        is(&object, "AccountLocked", "True", "LockedOut") && is(&object, "Ready", "True", "Converged"),
        "{object:#?}"
    );
    assert_eq!(object.data["status"]["observed"]["locked"], true);
    let calls: Vec<_> = stage.vendor.journal().since(before).into_iter().map(|entry| entry.operation).collect();
    assert_eq!(calls, ["get_user", "list_user_groups"]);
    stage.vendor.edit_portal(PORTAL, |portal| portal.user("ada").unwrap().locked = false).unwrap();
    let object = users.looked_at("ada").await;
    assert!(!is(&object, "AccountLocked", "True", "LockedOut"), "{object:#?}");
}
