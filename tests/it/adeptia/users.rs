//! ConnectUser: one invitation mail, what is recorded between the steps, roles, and whom nothing may lock out.

use futures::future::join_all;
use provost::adeptia::sim::options::behaviour::{KnownInvitee, Repeat, UsedInvitation};
use provost::adeptia::sim::options::server::Profile;
use provost::adeptia::sim::{Options, Role, Simulator};
use provost::sim::journal::Entry;
use provost::sim::trouble::{Act, Order};
use serde_json::{Value as Json, json};

use super::{example, telling};
use crate::objects::{Objects, annotation, is, message};
use crate::stage::Stage;
use crate::testbed::scene::{EXTERNAL_ID, PENDING_CREATE};

const KIND: &str = "ConnectUser";
const SECRET: &str = "connect-people";
const EMAIL: &str = "new@adeptia.example";
const PASSWORD: &str = "P@ssw0rd";
const LAST_STEP: &str = "create_user";

async fn stage(options: Options) -> (Stage<Simulator>, Objects) {
    let stage = Stage::adeptia(options, &[KIND]).await;
    let users = stage.objects(KIND);
    (stage, users)
}

/// A stage on which the example's user is as it says.
async fn with_user(options: Options, fields: Json) -> (Stage<Simulator>, Objects) {
    let (stage, users) = stage(options).await;
    stage.given(KIND, "new", fields).await;
    (stage, users)
}

/// How many invitations went out to the example's user.
fn mails(stage: &Stage<Simulator>) -> u64 {
    stage.vendor.effect(EMAIL)
}

/// What was written at the vendor, without what it said.
fn written(stage: &Stage<Simulator>) -> Vec<&'static str> {
    stage.vendor_writes().into_iter().map(|(operation, _)| operation).collect()
}

/// Waits until the vendor was asked to make the user, whatever became of it.
async fn tried(stage: &Stage<Simulator>) {
    let made = |entries: &[Entry]| entries.iter().any(|entry| entry.operation == LAST_STEP && entry.outcome.is_final());
    stage.in_time(stage.vendor.journal().wait_for(made)).await;
}

/// An object for an existing user, by its id.
fn existing(name: &str, id: u64, fields: Json) -> Json {
    let mut manifest = example(KIND, name, fields);
    manifest["metadata"]["annotations"] = json!({EXTERNAL_ID: id.to_string()});
    manifest
}

/// Traps 10, 11, 12, 15, 16 and 23: the simulator takes nothing but what the page shows. The user can log in then, and is the object's.
#[tokio::test]
async fn a_user_is_invited_and_made() {
    for profile in [Profile::Legacy, Profile::Seed, Profile::Current] {
        let mut options = Options::default();
        options.server.profile = profile;
        let (mut stage, users) = with_user(options, json!({})).await;
        assert_eq!(written(&stage), ["invite", LAST_STEP], "{profile:?}");
        assert_eq!(mails(&stage), 1);
        assert!(stage.vendor.login(EMAIL, PASSWORD));
        let user = stage.vendor.user(EMAIL).unwrap();
        assert_eq!((user.first_name.as_str(), user.last_name.as_str()), ("Test", "User"));
        assert_eq!(user.roles, [Role { partner: 1, role: 2, default: true }]);
        let object = users.api.get("new").await.unwrap();
        assert_eq!(annotation(&object, EXTERNAL_ID), Some(user.id.to_string().as_str()));
        assert_eq!(object.data["status"]["observed"]["company"], "Adeptia");
        stage.restart_operator().await;
        users.looked_at("new").await;
        users.ready("new").await;
        assert_eq!(written(&stage).len(), 2);
    }
}

/// Trap 17: nobody knows whether the mail went out, and it does not go out again: not at the next look, and not after a restart. Whoever
/// got it can accept it, and is taken for the user who was wanted.
#[tokio::test]
async fn an_invitation_of_unknown_outcome_waits_for_a_person() {
    let acts = [(Act::LoseAnswer, 1), (Act::Garbage, 1), (Act::CutBefore, 0), (Act::answer(500), 0)];
    join_all(acts.map(|(act, sent)| async move {
        let (mut stage, users) = stage(Options::default()).await;
        stage.vendor.trouble().place(Order::next_of("invite", act.clone()));
        stage.apply(&example(KIND, "new", json!({}))).await;
        let object = users.unready("new", "CreateOutcomeUnknown").await;
        let said = message(&object, "Ready");
        assert!(said.contains("sent invites") && said.contains(EMAIL) && said.contains(PENDING_CREATE), "{said}");
        stage.restart_operator().await;
        users.looked_at("new").await;
        users.unready("new", "CreateOutcomeUnknown").await;
        assert_eq!((mails(&stage), stage.vendor.journal().count("invite")), (sent, 1), "{act:?}");

        stage.vendor.edit(|state| state.add_user(EMAIL).first_name = "Tess".to_owned());
        users.looked_at("new").await;
        users.taken_over("new").await;
        users.ready("new").await;
        assert_eq!(stage.vendor.user(EMAIL).unwrap().first_name, "Test");
        assert_eq!(stage.vendor.journal().count("invite"), 1);
    }))
    .await;
}

/// Trap 17: the invitation is recorded before the user is made, and used for every try.
#[tokio::test]
async fn one_invitation_serves_until_the_user_is_made() {
    let acts = [Act::LoseAnswer, Act::Garbage, Act::CutBefore, Act::answer(500), Act::answer(400)];
    join_all(acts.map(|act| async move {
        let (mut stage, users) = stage(Options::default()).await;
        stage.vendor.trouble().place(Order::next_of(LAST_STEP, act.clone()));
        stage.apply(&example(KIND, "new", json!({}))).await;
        tried(&stage).await;
        stage.restart_operator().await;
        users.taken_over("new").await;
        users.ready("new").await;
        assert_eq!((mails(&stage), stage.vendor.journal().count("invite")), (1, 1), "{act:?}");
        assert!(stage.vendor.login(EMAIL, PASSWORD));
    }))
    .await;
}

/// Traps 17 and 22: a password that the vendor does not take is found out after the mail, which serves all the same.
#[tokio::test]
async fn a_password_that_is_refused_costs_no_second_mail() {
    let (stage, users) = stage(Options::default()).await;
    stage.write_secret(SECRET, json!({"test-user": " "})).await;
    stage.apply(&example(KIND, "new", json!({}))).await;
    let object = users.unready("new", "Refused").await;
    assert!(message(&object, "Ready").contains("spec.password"), "{object:#?}");
    assert_eq!(mails(&stage), 0);

    stage.write_secret(SECRET, json!({"test-user": "planted-weak"})).await;
    let told = |object: &kube::api::DynamicObject| message(object, "Ready").contains("made from the invitation");
    let object = users.until("new", told).await;
    assert!(!message(&object, "Ready").contains("planted-weak"), "{object:#?}");
    stage.write_secret(SECRET, json!({"test-user": "Planted-5trong"})).await;
    users.ready("new").await;
    assert_eq!((mails(&stage), stage.vendor.login(EMAIL, "Planted-5trong")), (1, true));
}

#[tokio::test]
async fn a_new_user_needs_a_password_and_a_mail() {
    let (stage, users) = stage(Options::default()).await;
    for field in ["password", "invitation"] {
        stage.apply(&example(KIND, field, json!({field: null}))).await;
        let object = users.unready(field, "Refused").await;
        assert!(message(&object, "Ready").contains(&format!("spec.{field}")), "{object:#?}");
        users.delete(field).await;
        users.gone(field).await;
    }
    assert_eq!(stage.vendor_writes(), []);
}

/// Trap 14: whom the vendor lists under "303" was not invited. That is somebody whom the list of users does not show: a partner's user.
#[tokio::test]
async fn an_address_that_is_taken_is_told() {
    for known_invitee in [KnownInvitee::Listed, KnownInvitee::ListedOnly, KnownInvitee::Refused] {
        let mut options = Options::default();
        options.behaviour.known_invitee = known_invitee;
        let (stage, users) = stage(options).await;
        let id = stage.vendor.edit(|state| {
            let partner = state.add_partner("Walgreens").id;
            let user = state.add_user(EMAIL);
            user.partner = Some(partner);
            user.id
        });
        stage.apply(&example(KIND, "new", json!({}))).await;
        let object = users.unready("new", "KeyTaken").await;
        assert!(message(&object, "Ready").contains("the id of the user"), "{object:#?}");
        assert_eq!((mails(&stage), annotation(&object, PENDING_CREATE)), (0, None), "{known_invitee:?}");
        users.annotate("new", EXTERNAL_ID, Some(&id.to_string())).await;
        users.taken_over("new").await;
        users.ready("new").await;
        assert_eq!(mails(&stage), 0);
    }
}

/// Contract 2.3: whoever got the mail was faster. It is the user who was wanted, whatever the vendor says of the invitation.
#[tokio::test]
async fn an_invitation_that_was_used_leads_to_its_user() {
    for used_invitation in [UsedInvitation::Used, UsedInvitation::Missing, UsedInvitation::Taken] {
        let mut options = Options::default();
        options.behaviour.used_invitation = used_invitation;
        let (stage, users) = stage(options).await;
        // Held after the invitation was recorded and before the user is made.
        stage.vendor.trouble().place(Order::next_of(LAST_STEP, Act::answer(503)));
        stage.apply(&example(KIND, "new", json!({}))).await;
        tried(&stage).await;
        stage.vendor.edit(|state| {
            state.add_user(EMAIL);
            state.invitations.iter_mut().for_each(|invitation| invitation.used = true);
        });
        users.looked_at("new").await;
        users.taken_over("new").await;
        users.ready("new").await;
        assert_eq!(mails(&stage), 1, "{used_invitation:?}");
    }
}

/// Contract 2.4: the whole user goes back, so that nothing else of it changes; roles are a set.
#[tokio::test]
async fn a_change_sends_the_whole_user_and_leaves_the_rest() {
    let mut options = telling();
    options.answers.extra_fields = true;
    let (stage, users) = with_user(options, json!({})).await;
    let roles = json!([{"partnerId": "1", "roleIds": ["3", "2"], "defaultRoleId": "3"}]);
    users.edit("new", json!({"firstName": "Tess", "roles": roles})).await;
    users.ready("new").await;
    let user = stage.vendor.user(EMAIL).unwrap();
    let role = |role, default| Role { partner: 1, role, default };
    assert_eq!(user.roles, [role(2, false), role(3, true)]);
    assert_eq!((user.first_name.as_str(), user.last_name.as_str(), user.email.as_str()), ("Tess", "User", EMAIL));
    let sent = stage.vendor.journal().of("update_user");
    assert_eq!(sent.len(), 1);
    let sent = &sent[0].body.as_ref().unwrap()["IndigoUser"];
    assert_eq!((&sent["company"], &sent["entityVersion"]), (&json!("Adeptia"), &json!(42)));

    // Their order means nothing, and one more is a difference.
    stage.vendor.edit(|state| state.users.iter_mut().for_each(|user| user.roles.reverse()));
    users.looked_at("new").await;
    assert_eq!(stage.vendor.journal().count("update_user"), 1);
    stage.vendor.edit(|state| {
        let user = state.users.iter_mut().find(|user| user.email == EMAIL).unwrap();
        user.roles.push(role(4, false));
    });
    users.looked_at("new").await;
    users.ready("new").await;
    assert_eq!(stage.vendor.user(EMAIL).unwrap().roles, [role(2, false), role(3, true)]);
}

/// Contract 2.5, 2.7 and 2.8: where no status is shown, what was sent last counts, and is not sent again.
#[tokio::test]
async fn a_user_is_switched_off_and_on_whether_that_is_shown_or_not() {
    for (shown, repeat) in [(true, Repeat::NoOp), (false, Repeat::NoOp), (false, Repeat::Refuse)] {
        let mut options = Options::default();
        options.answers.user_status = shown;
        options.behaviour.repeat_activation = repeat;
        let (mut stage, users) = with_user(options, json!({"active": false})).await;
        let active = |stage: &Stage<Simulator>| stage.vendor.user(EMAIL).unwrap().active;
        assert!(!active(&stage));
        users.edit("new", json!({"active": true})).await;
        users.ready("new").await;
        assert!(active(&stage));
        let before = written(&stage);
        stage.restart_operator().await;
        users.looked_at("new").await;
        let object = users.ready("new").await;
        assert_eq!(written(&stage), before);
        let expected = if shown { json!(true) } else { Json::Null };
        assert_eq!(object.data["status"]["observed"]["active"], expected);

        // The answer is lost, so that it is sent once more.
        stage.vendor.trouble().place(Order::next_of("deactivate_user", Act::LoseAnswer));
        users.edit("new", json!({"active": false})).await;
        users.ready("new").await;
        assert!(!active(&stage), "{shown} {repeat:?}");
    }
}

#[tokio::test]
async fn another_password_has_no_effect_and_is_told() {
    let (stage, users) = with_user(Options::default(), json!({})).await;
    stage.write_secret(SECRET, json!({"test-user": "Planted-next-7Q"})).await;
    let told = |object: &kube::api::DynamicObject| is(object, "Synced", "True", "CreateOnlyChanged");
    let object = users.until("new", told).await;
    assert!(message(&object, "Synced").contains("password changed"), "{object:#?}");
    assert!(stage.vendor.login(EMAIL, PASSWORD));
    assert_eq!(written(&stage).len(), 2);
}

/// Trap 4 and 18: deleting is a PUT that must say `deleteUser=true`, after switching off.
#[tokio::test]
async fn a_user_is_switched_off_and_then_deleted() {
    for absent_deletion in [Repeat::NoOp, Repeat::Refuse] {
        let mut options = Options::default();
        options.behaviour.absent_deletion = absent_deletion;
        let (stage, users) = with_user(options, json!({"policy": {"deletion": "Delete"}})).await;
        stage.vendor.trouble().place(Order::next_of("delete_user", Act::LoseAnswer));
        users.delete("new").await;
        users.gone("new").await;
        assert_eq!(stage.vendor.user(EMAIL), None);
        assert_eq!(stage.vendor.journal().count("move_objects"), 0);
        assert_eq!(written(&stage)[2..4], ["deactivate_user", "delete_user"]);
    }
}

/// Contract 2.9: who owns objects is not deleted, and the message says what to do. The user is off meanwhile.
#[tokio::test]
async fn a_user_who_owns_objects_is_not_deleted() {
    let (stage, users) = with_user(Options::default(), json!({"policy": {"deletion": "Delete"}})).await;
    let own = |stage: &Stage<Simulator>, objects: u64| {
        stage.vendor.edit(|state| {
            state.users.iter_mut().find(|user| user.email == EMAIL).unwrap().objects = objects;
        });
    };
    own(&stage, 3);
    users.delete("new").await;
    let object = users.unready("new", "Refused").await;
    let said = message(&object, "Ready");
    assert!(said.contains("owns 3 objects") && said.contains("move them to another user"), "{said}");
    assert!(!stage.vendor.user(EMAIL).unwrap().active);
    own(&stage, 0);
    users.annotate("new", "provost.dev/reconcile-at", Some("now")).await;
    users.gone("new").await;
    assert_eq!((stage.vendor.user(EMAIL), stage.vendor.journal().count("move_objects")), (None, 0));
}

/// Contract 3: those who come with the product, and the one whom we log in as, are never changed, switched off or deleted.
#[tokio::test]
async fn nobody_is_locked_out() {
    let (stage, users) = stage(telling()).await;
    let own = "adminuser@adeptia.example";
    let id = stage.vendor.user(own).unwrap().id;
    for (name, email, id, why) in
        [("own", own, id, "logs in as"), ("admin", "admin@adeptia.example", 1, "comes with the product")]
    {
        let before = stage.vendor.user(email).unwrap();
        stage.apply(&existing(name, id, json!({"email": email, "firstName": "Changed"}))).await;
        users.until(name, |object| !object.data["status"]["externalId"].is_null()).await;
        users.looked_at(name).await;
        let object = users.unready(name, "Refused").await;
        assert!(message(&object, "Ready").contains(why), "{object:#?}");
        for deletion in ["Disable", "Delete"] {
            users.edit(name, json!({"policy": {"deletion": deletion}, "active": false})).await;
            users.unready(name, "Refused").await;
        }
        users.delete(name).await;
        users.unready(name, "Refused").await;
        assert_eq!(stage.vendor.user(email).unwrap(), before);
    }
    assert_eq!(stage.vendor_writes(), []);
}

/// Trap 6: a list of one proves nothing, so nobody is taken for absent, and nobody is invited.
#[tokio::test]
async fn a_list_that_is_cut_leads_to_nothing() {
    let mut options = Options::default();
    options.server.max_limit = Some(1);
    let (stage, users) = stage(options).await;
    stage.apply(&example(KIND, "new", json!({}))).await;
    let object = users.unready("new", "Unavailable").await;
    let said = message(&object, "Ready");
    assert!(said.contains("shows one user at most") && said.contains(EXTERNAL_ID), "{said}");
    assert_eq!(stage.vendor_writes(), []);

    // Whoever is known by its id is found all the same, and is not gone when the list leaves it out.
    stage.vendor.reconfigure(|options| options.server.max_limit = None);
    users.looked_at("new").await;
    users.ready("new").await;
    stage.vendor.reconfigure(|options| options.server.max_limit = Some(2));
    users.looked_at("new").await;
    users.ready("new").await;
    assert_eq!(mails(&stage), 1);
}

/// What a resync of many users costs: one list, whatever their number, and nothing where nothing changed.
#[tokio::test]
async fn many_users_are_seen_with_one_list() {
    let (mut stage, users) = stage(Options::default()).await;
    for number in 0..10 {
        let fields = json!({"email": format!("user{number}@adeptia.example")});
        stage.apply(&example(KIND, &format!("user{number}"), fields)).await;
    }
    for number in 0..10 {
        users.ready(&format!("user{number}")).await;
    }
    stage.stop_operator().await;
    let before = stage.vendor.journal().last();
    stage.start_operator().await;
    let lists = |entries: &[Entry]| entries.iter().any(|entry| entry.operation == "list_users" && entry.seq > before);
    stage.in_time(stage.vendor.journal().wait_for(lists)).await;
    users.looked_at("user9").await;
    let after = stage.vendor.journal().since(before);
    let listed = after.iter().filter(|entry| entry.operation == "list_users").count();
    assert!(listed <= 2, "{listed} lists for ten users");
    assert!(after.iter().all(|entry| entry.operation != "invite"), "{after:#?}");
}

/// Roles with a partner that is an object too: the user waits for the partner's id.
#[tokio::test]
async fn roles_with_a_partner_by_name_wait_for_it() {
    let stage = Stage::adeptia(telling(), &[KIND, "ConnectPartner"]).await;
    let users = stage.objects(KIND);
    let roles = json!([
        {"partnerId": "1", "roleIds": ["2"], "defaultRoleId": "2"},
        {"partner": {"name": "walgreens"}, "roleIds": ["2"], "defaultRoleId": "2"},
    ]);
    stage.apply(&example(KIND, "new", json!({"roles": roles}))).await;
    users.unready("new", "ReferenceMissing").await;
    assert_eq!(stage.vendor_writes(), []);
    let fields = json!({"parameters": null, "templateAccess": null, "external": null});
    stage.given("ConnectPartner", "walgreens", fields).await;
    users.ready("new").await;
    let partner = stage.vendor.partner("Walgreens").unwrap().id;
    let role = |partner| Role { partner, role: 2, default: true };
    assert_eq!(stage.vendor.user(EMAIL).unwrap().roles, [role(1), role(partner)]);
}
