//! Tests of what a user is compared by; the trap numbers are those of the contract's section 4.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::adeptia::client::tests::start;
use crate::adeptia::sim::options::behaviour::UsedInvitation;
use crate::engine::diff::{Change, diff};

const EMAIL: &str = "new@adeptia.example";

fn spec(more: Json) -> ConnectUserSpec {
    let mut spec = json!({
        "adminApi": {"name": "x"}, "email": "new@adeptia.example", "firstName": "Test", "lastName": "User",
        "roles": [{"partnerId": "1", "roleIds": ["2"], "defaultRoleId": "2"}],
    });
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(spec).unwrap()
}

fn user(more: Json) -> User {
    let mut user = json!({
        "id": "11567413236623", "email": "New@adeptia.example", "firstName": "Test", "lastName": "User", "company": "Adeptia",
        "userPartnerRole": [{"partner": {"id": 1}, "role": {"id": "2"}, "user": {"id": 7}, "defaultRole": true}],
    });
    user.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(user).unwrap()
}

fn differing(spec: &ConnectUserSpec, user: &User, sent: &[(&str, &str)]) -> Vec<String> {
    let wanted = ConnectUsers::desired(spec, &Siblings::default()).unwrap();
    let seen = describe(user, &observe(user, None));
    let sent: BTreeMap<String, String> =
        sent.iter().map(|(path, value)| (path.to_string(), value.to_string())).collect();
    let changes: Vec<Change> = diff(ConnectUsers::FIELDS, &wanted, &seen, &sent);
    changes.into_iter().map(|change| change.path).collect()
}

/// Trap 12: whatever types ids come in, and in whatever order the rows are; and an e-mail address is one in upper and lower case.
#[test]
fn a_user_is_compared_by_what_is_meant() {
    assert_eq!(differing(&spec(json!({})), &user(json!({})), &[]), [""; 0]);
    let roles = json!([
        {"partnerId": "11535091945351", "roleIds": ["4", "3"], "defaultRoleId": "4"},
        {"partnerId": "1", "roleIds": ["2"], "defaultRoleId": "2"},
    ]);
    let row = |partner: u64, role: u64, default: bool| json!({"partner": {"id": partner}, "role": {"id": role}, "defaultRole": default});
    let shown = |rows: Json| user(json!({"userPartnerRole": rows}));
    let same = [row(1, 2, true), row(11_535_091_945_351, 3, false), row(11_535_091_945_351, 4, true)];
    assert_eq!(differing(&spec(json!({"roles": roles})), &shown(json!(same)), &[]), [""; 0]);
    for other in [
        json!([same[0], same[1]]),
        json!([same[0], row(11_535_091_945_351, 3, true), row(11_535_091_945_351, 4, false)]),
        json!([same[0], same[1], same[2], row(1, 5, false)]),
        json!([]),
    ] {
        assert_eq!(differing(&spec(json!({"roles": roles})), &shown(other), &[]), ["roles"]);
    }
    let changed = json!({"firstName": "Tess", "lastName": "Mann", "email": "old@adeptia.example"});
    assert_eq!(differing(&spec(json!({})), &user(changed), &[]), ["email", "firstName", "lastName"]);
    // A list may show no names.
    let sent = [("firstName", r#""Test""#), ("lastName", r#""User""#)];
    assert_eq!(differing(&spec(json!({})), &user(json!({"firstName": null, "lastName": null})), &sent), [""; 0]);
}

/// Contract 2.5: where no status is shown, what was last sent counts.
#[test]
fn whether_a_user_is_active_is_compared_with_what_is_known() {
    let off = spec(json!({"active": false}));
    assert_eq!(differing(&off, &user(json!({"status": 201})), &[]), [""; 0]);
    assert_eq!(differing(&off, &user(json!({"status": 200})), &[("active", "false")]), ["active"]);
    assert_eq!(differing(&off, &user(json!({})), &[("active", "false")]), [""; 0]);
    assert_eq!(differing(&off, &user(json!({})), &[("active", "true")]), ["active"]);
    assert_eq!(differing(&off, &user(json!({})), &[]), ["active"]);
    assert_eq!(differing(&spec(json!({})), &user(json!({"status": 201})), &[]), [""; 0]);
}

/// A list may tell less than the page of one user.
#[test]
fn what_is_not_shown_this_time_is_as_it_was_last_shown() {
    let whole = observe(&user(json!({"status": 201})), None);
    let silent = user(json!({"userPartnerRole": null, "company": "Other"}));
    let after = observe(&silent, Some(&whole));
    assert_eq!((after.active, after.company.as_deref()), (Some(false), Some("Other")));
    assert_eq!(after.roles, whole.roles);
    assert_eq!(observe(&silent, None).roles, None);
}

#[test]
fn roles_are_those_of_partners_by_id_or_by_name() {
    let named = spec(json!({"roles": [
        {"partnerId": "1", "roleIds": ["2"], "defaultRoleId": "2"},
        {"partner": {"name": "walgreens"}, "roleIds": ["7"], "defaultRoleId": "7"},
    ]}));
    assert_eq!(ConnectUsers::siblings(&named), [Sibling::new("roles[1].partner", "ConnectPartner", "walgreens")]);
    let siblings: Siblings = [("roles[1].partner".to_owned(), "11535091945351".to_owned())].into_iter().collect();
    let partners: Vec<String> =
        wanted_roles(&named, &siblings).unwrap().into_iter().map(|role| role.partner.to_string()).collect();
    assert_eq!(partners, ["1", "11535091945351"]);

    let twice: Siblings = [("roles[1].partner".to_owned(), "1".to_owned())].into_iter().collect();
    let invalid = ConnectUsers::desired(&named, &twice).unwrap_err();
    assert_eq!(invalid.field, "roles[1]");
    assert!(invalid.problem.contains("partner 1"), "{invalid}");
    let to_be_made = spec(json!({"roles": [
        {"partner": {"name": "walgreens"}, "roleIds": ["7"], "defaultRoleId": "7"},
        {"partner": {"name": "wallmart"}, "roleIds": ["7"], "defaultRoleId": "7"},
    ]}));
    let unknown = (0..2).map(|at| (partner_path(at), "(known after create)".to_owned())).collect();
    ConnectUsers::desired(&to_be_made, &unknown).unwrap();
    assert_eq!(ConnectUsers::key(&named, &twice).unwrap().iter().count(), 1);
}

#[test]
fn users_of_one_address_are_one_user() {
    let key = |email: &str| ConnectUsers::natural_key(&spec(json!({"email": email})));
    assert_eq!(key("New@Adeptia.example"), key("new@adeptia.example"));
    assert_ne!(key("new@adeptia.example"), key("old@adeptia.example"));
}

/// The last step of a create, after an invitation that was recorded.
async fn last_step(client: &Client, invitation: &Id) -> Result<Progress<ConnectUserFacts>, Fault> {
    let secrets = BTreeMap::from([("password".to_owned(), Secret::new("Planted-7Q"))]);
    let (spec, files, siblings) = (spec(json!({})), BTreeMap::new(), Siblings::default());
    let wanted = Wanted { spec: &spec, changes: &[], secrets: &secrets, files: &files, siblings: &siblings };
    let attempt = Attempt { recorded: Some(invitation.as_str()), uncertain: true };
    ConnectUsers::create(client, &wanted, attempt).await
}

async fn invited(client: &Client) -> Id {
    let roles = BTreeSet::from([Role { partner: Id::new("1"), role: Id::new("2"), default: true }]);
    let invitation = Invitation { email: EMAIL, message: "Welcome", sender: "a@adeptia.example", roles: &roles };
    client.invite(&invitation).await.unwrap()
}

/// Trap 17 and contract 2.3: an invitation that serves no more has made its user, whatever the vendor says of it; and when it has not,
/// there is a way out, which is a person's to take.
#[tokio::test]
async fn a_used_invitation_leads_to_its_user_or_to_a_person() {
    for used_invitation in [UsedInvitation::Used, UsedInvitation::Missing, UsedInvitation::Taken] {
        let (simulator, client) = start(|options| options.behaviour.used_invitation = used_invitation).await;
        let invitation = invited(&client).await;
        simulator.edit(|state| state.invitations.iter_mut().for_each(|invitation| invitation.used = true));
        let fault = last_step(&client, &invitation).await.unwrap_err();
        assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::Answered), "{used_invitation:?}");
        assert!(fault.detail.contains(PENDING_CREATE) && fault.detail.contains(invitation.as_str()), "{fault}");

        let id = simulator.edit(|state| state.add_user(EMAIL).id.to_string());
        let Ok(Progress::Done(created)) = last_step(&client, &invitation).await else { panic!("{used_invitation:?}") };
        assert_eq!((created.external_id, simulator.effect(EMAIL)), (id, 1));
    }
}

/// Trap 17: a first step of unknown outcome is a person's to judge, and is not made again.
#[tokio::test]
async fn an_uncertain_invitation_is_left_to_a_person() {
    let (simulator, client) = start(|_| {}).await;
    let secrets = BTreeMap::from([("password".to_owned(), Secret::new("Planted-7Q"))]);
    let (spec, files, siblings) = (
        spec(json!({"invitation": {"message": "Welcome", "senderEmail": "a@adeptia.example"}})),
        BTreeMap::new(),
        Siblings::default(),
    );
    let wanted = Wanted { spec: &spec, changes: &[], secrets: &secrets, files: &files, siblings: &siblings };
    let uncertain = Attempt { recorded: None, uncertain: true };
    let Ok(Progress::Unclear(what)) = ConnectUsers::create(&client, &wanted, uncertain).await else { panic!() };
    assert!(what.contains("sent invites") && !what.contains('\''), "{what}");
    assert_eq!(simulator.effect(EMAIL), 0);
    let Ok(Progress::Step(words)) = ConnectUsers::create(&client, &wanted, Attempt::default()).await else { panic!() };
    assert_eq!(simulator.edit(|state| state.invitations[0].id.to_string()), words);
}
