//! Invitations and users.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Bench, INVITE, bench, bench_with, invitation, new_user};
use crate::adeptia::sim::options::behaviour::{KnownInvitee, Repeat, UsedInvitation, UserUpdate};
use crate::adeptia::sim::options::server::Profile;

const NEW: &str = "new@adeptia.example";

fn delete_path(id: &str) -> String {
    format!("/rest/users/updateowner?oldUserId={id}&deleteUser=true")
}

async fn emails(bench: &Bench, path: &str) -> Vec<String> {
    let told = bench.get(path).await.good();
    let users = told["IndigoUser"].as_array().unwrap();
    users.iter().map(|user| user["email"].as_str().unwrap().to_owned()).collect()
}

/// Traps 11 and 14: the invitation's id is text out and number in, and a key of the answer is a number as text.
#[tokio::test]
async fn a_user_comes_of_an_invitation() {
    let bench = bench().await;
    let told = bench.invite(NEW).await.good();
    let id = told["invitationId"].as_str().unwrap();
    assert_eq!((told.clone(), id.len()), (json!({"invitationId": id, "303": []}), 14));
    assert_eq!((bench.sim.effect(NEW), bench.sim.user(NEW)), (1, None));

    let text = json!({"IndigoUser": {
        "firstName": "Test", "lastName": "User", "invitationId": id, "password": "P@ssw0rd", "roleId": null,
    }});
    let refused = bench.post("/rest/users/createuser", text).await.refusal();
    assert_eq!(refused, (400, "IndigoUser.invitationId must be a number, not a text".to_owned()));

    let made = bench.post("/rest/users/createuser", new_user(id.parse().unwrap())).await.good();
    let user = &made["IndigoUser"];
    let expected = json!({"IndigoUser": {
        "firstName": "Test",
        "lastName": "User",
        "email": NEW,
        "company": "Adeptia",
        "id": user["id"],
        "userPartnerRole": [
            {"partner": {"id": 1}, "role": {"id": 2}, "user": {"id": user["id"]}, "defaultRole": true},
        ],
    }});
    assert_eq!(made, expected);
    let id = user["id"].as_str().unwrap();
    assert_eq!(bench.get(&format!("/rest/user/{id}")).await.good(), expected);
    assert!(bench.sim.login(NEW, "P@ssw0rd"));
    assert_eq!(bench.sim.effect(NEW), 1);
}

/// Trap 17: every invitation sends a mail.
#[tokio::test]
async fn every_invitation_sends_a_mail() {
    let bench = bench().await;
    let first = bench.invite(NEW).await.good();
    let second = bench.invite(NEW).await.good();
    assert_ne!(first["invitationId"], second["invitationId"]);
    assert_eq!(bench.sim.effect(NEW), 2);
    let mails: Vec<String> = bench.sim.edit(|state| state.invitations.iter().map(|i| i.message.clone()).collect());
    assert_eq!(mails, ["Adeptia has invited you to use Adeptia Connect"; 2]);
}

#[tokio::test]
async fn an_invitation_is_used_once() {
    for (how, status, message) in [
        (UsedInvitation::Used, 409, "was used already"),
        (UsedInvitation::Missing, 404, "there is no invitation"),
        (UsedInvitation::Taken, 409, "a user with this e-mail address exists already"),
    ] {
        let bench = bench_with(|options| options.behaviour.used_invitation = how).await;
        let id = bench.invite(NEW).await.good()["invitationId"].as_str().unwrap().parse().unwrap();
        bench.post("/rest/users/createuser", new_user(id)).await.good();
        let refused = bench.post("/rest/users/createuser", new_user(id)).await.refusal();
        assert!(refused.0 == status && refused.1.contains(message), "{refused:?}");
    }
    let bench = bench().await;
    assert_eq!(bench.post("/rest/users/createuser", new_user(7)).await.status, 404);
}

#[tokio::test]
async fn a_user_is_not_invited_again() {
    for (how, status, told, mails) in [
        (KnownInvitee::Listed, 200, json!([NEW]), 1),
        (KnownInvitee::ListedOnly, 200, json!([NEW]), 1),
        (KnownInvitee::Refused, 409, Value::Null, 1),
        (KnownInvitee::Mailed, 200, json!([]), 2),
    ] {
        let bench = bench_with(|options| options.behaviour.known_invitee = how).await;
        bench.user(NEW).await;
        let reply = bench.invite("NEW@adeptia.example").await;
        let upper = json!(["NEW@adeptia.example"]);
        let listed = if told == json!([NEW]) { upper } else { told };
        assert_eq!((reply.status, &reply.json()["303"]), (status, &listed), "{how:?}");
        assert_eq!(
            reply.json().get("invitationId").is_some(),
            matches!(how, KnownInvitee::Listed | KnownInvitee::Mailed)
        );
        let mails_now = bench.sim.effect(NEW) + bench.sim.effect("NEW@adeptia.example");
        assert_eq!(mails_now, mails, "{how:?}");
        if let Some(id) = reply.json()["invitationId"].as_str() {
            let reply = bench.post("/rest/users/createuser", new_user(id.parse().unwrap())).await;
            assert_eq!(reply.status, 409, "{how:?}");
        }
    }
}

/// Traps 10 and 15: roles are JSON within a text, with numbers; and `companyID` ends with two capitals.
#[tokio::test]
async fn invitations_are_checked() {
    let bench = bench().await;
    for (field, value) in [
        ("companyID", json!(2)),
        ("companyID", json!("1")),
        ("companyID", Value::Null),
        ("invitationType", json!(200)),
        ("subject", json!(300)),
        ("mailRecipient", json!("a@x.example, b@x.example")),
        ("mailRecipient", json!("")),
        ("senderEmail", json!("nobody")),
        ("message", json!("")),
        ("roleInfo", json!([{"partner": 1, "roles": [2], "defaultRole": 2}])),
        ("roleInfo", json!("[{\"partner\":\"1\",\"roles\":[2],\"defaultRole\":2}]")),
        ("roleInfo", json!("[{\"partner\":1,\"roles\":[\"2\"],\"defaultRole\":2}]")),
        ("roleInfo", json!("[{\"partner\":1,\"roles\":[2],\"defaultRole\":3}]")),
        ("roleInfo", json!("[{\"partner\":1,\"roles\":[2,2],\"defaultRole\":2}]")),
        ("roleInfo", json!("[{\"partner\":1,\"roles\":[77],\"defaultRole\":77}]")),
        ("roleInfo", json!("[{\"partner\":99,\"roles\":[2],\"defaultRole\":2}]")),
        ("roleInfo", json!("[]")),
    ] {
        let mut body = invitation(NEW);
        body["Invitation"][field] = value.clone();
        assert_eq!(bench.post(INVITE, body).await.status, 400, "{field}: {value}");
    }
    assert_eq!(bench.post("/rest/invitation", invitation(NEW)).await.status, 400);
    assert_eq!(bench.post(INVITE, invitation(NEW)["Invitation"].clone()).await.status, 400);
    assert_eq!(bench.sim.effects_count(), 0);
    let mut body = invitation(NEW);
    let partner: u64 = bench.partner("Walgreens").await.parse().unwrap();
    body["Invitation"]["roleInfo"] = json!(format!(
        "[{{\"partner\":1,\"roles\":[2,3],\"defaultRole\":3}},{{\"partner\":{partner},\"roles\":[2],\"defaultRole\":2}}]"
    ));
    bench.post(INVITE, body).await.good();
}

impl crate::adeptia::sim::Simulator {
    fn effects_count(&self) -> usize {
        self.edit(|state| state.effects.len())
    }
}

#[tokio::test]
async fn early_versions_ask_for_no_resource() {
    let bench = bench_with(|options| options.server.profile = Profile::Legacy).await;
    bench.post("/rest/invitation", invitation(NEW)).await.good();
}

/// Traps 22 and 23: passwords follow a rule, and `roleId` is sent as null.
#[tokio::test]
async fn new_users_are_checked() {
    let bench = bench().await;
    let id = bench.invite(NEW).await.good()["invitationId"].as_str().unwrap().parse().unwrap();
    for (field, value) in [
        ("password", json!("P@ssw0r")),
        ("password", json!("p@ssw0rd")),
        ("password", json!("P@SSW0RD")),
        ("password", json!("P@ssword")),
        ("password", json!("Passw0rd")),
        ("firstName", json!("")),
        ("lastName", Value::Null),
        ("roleId", json!(2)),
    ] {
        let mut body = new_user(id);
        body["IndigoUser"][field] = value.clone();
        let reply = bench.post("/rest/users/createuser", body).await;
        let leaks = value.as_str().is_some_and(|text| !text.is_empty() && reply.text.contains(text));
        assert!(reply.status == 400 && !leaks, "{field}: {reply:?}");
    }
    let mut body = new_user(id);
    body["IndigoUser"].as_object_mut().unwrap().remove("roleId");
    let refused = bench.post("/rest/users/createuser", body.clone()).await.refusal();
    assert_eq!(refused, (400, "IndigoUser.roleId is missing".to_owned()));
    bench.sim.reconfigure(|options| {
        options.behaviour.role_id_required = false;
        options.behaviour.weak_passwords = true;
    });
    body["IndigoUser"]["password"] = json!("weak");
    bench.post("/rest/users/createuser", body).await.good();
}

/// Traps 5 and 6: the list is at another path in each version, and shows one user without a limit.
#[tokio::test]
async fn a_list_without_a_limit_has_one_user() {
    for (profile, path) in
        [(Profile::Legacy, "/rest/user"), (Profile::Seed, "/rest/user"), (Profile::Current, "/rest/users")]
    {
        let bench = bench_with(|options| options.server.profile = profile).await;
        bench.sim.edit(|state| state.add_user(NEW).id);
        assert_eq!(emails(&bench, path).await, ["admin@adeptia.example"]);
        let all = ["admin@adeptia.example", "adminuser@adeptia.example", NEW];
        assert_eq!(emails(&bench, &format!("{path}?limit=2")).await, all[..2]);
        assert_eq!(emails(&bench, &format!("{path}?limit=1000")).await, all);
        assert_eq!(bench.get(&format!("{path}?limit=all")).await.status, 400);
        bench.sim.reconfigure(|options| options.server.max_limit = Some(2));
        assert_eq!(emails(&bench, &format!("{path}?limit=1000")).await, all[..2]);
        bench.sim.reconfigure(|options| (options.server.default_limit, options.server.max_limit) = (0, None));
        assert_eq!(emails(&bench, path).await, all);
    }
}

#[tokio::test]
async fn the_users_of_partners_are_listed_on_demand() {
    let bench = bench().await;
    bench.sim.edit(|state| {
        let id = state.add_partner("Walgreens").id;
        state.add_user("wal@greens.example").partner = Some(id);
    });
    assert_eq!(emails(&bench, "/rest/user?limit=9").await.len(), 2);
    bench.sim.reconfigure(|options| options.answers.list_partner_users = true);
    assert_eq!(emails(&bench, "/rest/user?limit=9").await.len(), 3);
}

#[tokio::test]
async fn an_update_is_the_whole_user() {
    let bench = bench().await;
    let id = bench.user(NEW).await;
    let path = format!("/rest/users/{id}");
    let mut whole = bench.get(&format!("/rest/user/{id}")).await.good();
    whole["IndigoUser"]["lastName"] = json!("Lovelace");
    let row = |role: u64, default| json!({"partner": {"id": 1}, "role": {"id": role}, "user": {"id": id}, "defaultRole": default});
    whole["IndigoUser"]["userPartnerRole"] = json!([row(3, false), row(1, true)]);
    assert_eq!(bench.put(&path, whole.clone()).await.good(), whole);
    assert_eq!(bench.get(&format!("/rest/user/{id}")).await.good(), whole);

    for (field, value) in [
        ("id", json!("7")),
        ("id", json!(id.parse::<u64>().unwrap())),
        ("email", json!("other@adeptia.example")),
        ("userPartnerRole", json!([row(2, false)])),
        ("userPartnerRole", json!([row(2, true), row(3, true)])),
        ("userPartnerRole", json!([{"partner": {"id": "1"}, "role": {"id": 2}, "defaultRole": true}])),
        (
            "userPartnerRole",
            json!([{"partner": {"id": 1}, "role": {"id": 2}, "user": {"id": "7"}, "defaultRole": true}]),
        ),
    ] {
        let mut body = whole.clone();
        body["IndigoUser"][field] = value.clone();
        assert_eq!(bench.put(&path, body).await.status, 400, "{field}: {value}");
    }
    assert_eq!(bench.put("/rest/users/7", whole.clone()).await.status, 404);
    bench.sim.reconfigure(|options| options.behaviour.email_change = true);
    whole["IndigoUser"]["email"] = json!("adminuser@adeptia.example");
    assert_eq!(bench.put(&path, whole.clone()).await.status, 409);
    whole["IndigoUser"]["email"] = json!("other@adeptia.example");
    assert_eq!(bench.put(&path, whole.clone()).await.good(), whole);
    bench.sim.reconfigure(|options| options.behaviour.user_update_needs_inactive = true);
    assert_eq!(bench.put(&path, whole).await.status, 409);
}

#[tokio::test]
async fn what_an_update_leaves_out_goes_stays_or_is_missed() {
    for (how, status, name, roles) in
        [(UserUpdate::Replace, 200, "", 0), (UserUpdate::Merge, 200, "User", 1), (UserUpdate::Refuse, 400, "User", 1)]
    {
        let bench = bench_with(|options| options.behaviour.user_update = how).await;
        let id = bench.user(NEW).await;
        let reply = bench.put(&format!("/rest/users/{id}"), json!({"IndigoUser": {"firstName": "Ada"}})).await;
        let user = bench.sim.user(NEW).unwrap();
        assert_eq!((reply.status, user.last_name.as_str(), user.roles.len()), (status, name, roles), "{how:?}");
    }
}

#[tokio::test]
async fn users_are_switched_on_and_off() {
    let bench = bench().await;
    let id = bench.user(NEW).await;
    let [off, on] = ["deactivate", "activate"].map(|word| format!("/rest/users/{word}/{id}"));
    assert_eq!(bench.put(&off, json!({})).await.good(), Value::Null);
    assert!(!bench.sim.user(NEW).unwrap().active && !bench.sim.login(NEW, "P@ssw0rd"));
    bench.press(&off).await.good();
    bench.press(&on).await.good();
    assert!(bench.sim.user(NEW).unwrap().active);
    bench.sim.reconfigure(|options| options.behaviour.repeat_activation = Repeat::Refuse);
    assert_eq!(bench.press(&on).await.refusal(), (409, "the user is active already".to_owned()));
    assert_eq!(bench.press("/rest/users/activate/7").await.status, 404);

    assert_eq!(bench.get(&format!("/rest/user/{id}")).await.good()["IndigoUser"].get("status"), None);
    bench.sim.reconfigure(|options| options.answers.user_status = true);
    assert_eq!(bench.get(&format!("/rest/user/{id}")).await.good()["IndigoUser"]["status"], 200);
    bench.press(&off).await.good();
    assert_eq!(bench.get(&format!("/rest/user/{id}")).await.good()["IndigoUser"]["status"], 201);
    bench.sim.reconfigure(|options| options.behaviour.inactive_status = 299);
    assert_eq!(bench.get("/rest/user?limit=9").await.good()["IndigoUser"][2]["status"], 299);
}

#[tokio::test]
async fn only_the_inactive_who_own_nothing_are_deleted() {
    let bench = bench().await;
    let id = bench.user(NEW).await;
    bench.sim.edit(|state| state.users.last_mut().unwrap().objects = 3);
    let refused = bench.put(&delete_path(&id), json!({})).await.refusal();
    assert_eq!(refused, (409, "the user is active; deactivate it first".to_owned()));
    bench.press(&format!("/rest/users/deactivate/{id}")).await.good();
    let refused = bench.put(&delete_path(&id), json!({})).await.refusal();
    let message = "the user owns 3 objects; move them to another user before deleting this one";
    assert_eq!(refused, (409, message.to_owned()));
    bench.sim.edit(|state| state.users.last_mut().unwrap().objects = 0);
    bench.press(&delete_path(&id)).await.good();
    assert_eq!((bench.sim.user(NEW), bench.get(&format!("/rest/user/{id}")).await.status), (None, 404));

    assert_eq!(bench.press(&delete_path(&id)).await.status, 404);
    bench.sim.reconfigure(|options| options.behaviour.absent_deletion = Repeat::NoOp);
    bench.press(&delete_path(&id)).await.good();
    assert_eq!(bench.press(&delete_path("1")).await.status, 403);
    assert_eq!(bench.press("/rest/users/updateowner?deleteUser=true").await.status, 400);
    let id = bench.user(NEW).await;
    bench.sim.reconfigure(|options| options.behaviour.delete_user_needs_inactive = false);
    bench.press(&delete_path(&id)).await.good();
}

/// Traps 4 and 18: a deletion is a PUT, and one that loses `deleteUser=true` deletes nobody; with another user it moves objects.
#[tokio::test]
async fn a_deletion_without_its_query_only_moves_objects() {
    let bench = bench().await;
    let id = bench.user(NEW).await;
    bench.sim.edit(|state| {
        let user = state.users.last_mut().unwrap();
        (user.active, user.objects) = (false, 3);
    });
    let path = format!("/rest/users/updateowner?oldUserId={id}");
    bench.press(&path).await.good();
    assert_eq!(bench.sim.user(NEW).unwrap().objects, 3);
    assert_eq!(bench.press(&format!("{path}&newUserId=7")).await.status, 404);
    bench.press(&format!("{path}&newUserId=1")).await.good();
    assert_eq!(bench.sim.user(NEW).unwrap().objects, 0);
    assert_eq!(bench.sim.effect("admin@adeptia.example objects"), 3);
    assert_eq!((bench.sim.journal().count("move_objects"), bench.sim.journal().count("delete_user")), (3, 0));
    assert_eq!(bench.delete(&format!("/rest/users/{id}")).await.status, 405);

    bench.sim.edit(|state| state.users.last_mut().unwrap().objects = 2);
    bench.press(&format!("{}&newUserId=1", delete_path(&id))).await.good();
    assert_eq!((bench.sim.user(NEW), bench.sim.effect("admin@adeptia.example objects")), (None, 5));
    assert_eq!(bench.send(Method::GET, "/rest/users/updateowner", None).await.status, 405);
}
