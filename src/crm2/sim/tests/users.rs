//! Logins of contacts, users with new contacts, and what users may do.

use serde_json::json;

use super::{Bench, DOMAIN, bench, bench_with, refused};
use crate::crm2::sim::options::behaviour::{AmbiguousUser, MissingDelete, Repeated, TakenLogin, TakenUser};
use crate::crm2::sim::{Contact, Login};

const USER: &str = "/admin/user";
const USER_CONTACT: &str = "/admin/user-contact";
const PERMISSION: &str = "/admin/user-permission";

fn permissions(bench: &Bench, id: &str) -> Vec<String> {
    bench.contact(id).permissions.into_iter().collect()
}

async fn contact(bench: &Bench) -> String {
    bench.post("/contact", &[("firstName", "Ada")]).await.value()["contactId"].as_str().unwrap().to_owned()
}

/// Trap 6: attached by POST, detached by DELETE. The contact stays when its last login goes.
#[tokio::test]
async fn logins_are_attached_and_detached() {
    let bench = bench().await;
    let id = contact(&bench).await;
    for (user, kind) in [("ada@acme.example", "GOOGLE_APPS"), ("ada", "TWITTER_LOGIN"), ("ada", "INTERNAL")] {
        let params = [("contactId", id.as_str()), ("userId", user), ("userIdType", kind)];
        assert_eq!(bench.post(USER, &params).await.value()["contactId"], json!(id));
    }
    let logins = json!([
        {"userId": "ada@acme.example", "userIdType": "GOOGLE_APPS"},
        {"userId": "ada", "userIdType": "TWITTER_LOGIN"},
        {"userId": "ada", "userIdType": "INTERNAL"},
    ]);
    assert_eq!(bench.get(&format!("/contact-users/{id}"), &[]).await.good(), logins);
    for (user, kind) in [("ADA@acme.example", "GOOGLE_APPS"), ("ada", "INTERNAL"), ("ada", "TWITTER_LOGIN")] {
        let params = [("contactId", id.as_str()), ("userId", user), ("userIdType", kind)];
        bench.delete(USER, &params).await.good();
        let again = bench.delete(USER, &params).await.refusal();
        assert_eq!(again, refused(404, "the contact has no such login"));
    }
    assert_eq!(bench.contact(&id).logins, []);
    assert_eq!(bench.get("/contact", &[("contactId", &id)]).await.value()[0]["contactId"], json!(id));
}

#[tokio::test]
async fn logins_must_be_whole_and_their_contact_there() {
    let bench = bench().await;
    let id = contact(&bench).await;
    let told = async |params: &[(&str, &str)]| {
        assert_eq!(bench.post(USER, params).await.refusal(), bench.delete(USER, params).await.refusal());
        bench.post(USER, params).await.refusal()
    };
    let (user, kind) = (("userId", "ada"), ("userIdType", "TWITTER_LOGIN"));
    assert_eq!(told(&[user, kind]).await, refused(400, "contactId is required"));
    assert_eq!(told(&[("contactId", &id), kind]).await, refused(400, "userId is required"));
    assert_eq!(told(&[("contactId", &id), user]).await, refused(400, "userIdType is required"));
    let other = told(&[("contactId", &id), user, ("userIdType", "TWITTER")]).await;
    assert_eq!(other, refused(400, "userIdType must be one of GOOGLE_APPS, TWITTER_LOGIN, INTERNAL"));
    let missing = told(&[("contactId", "ffffffffffffffffffffffff"), user, kind]).await;
    assert_eq!(missing, refused(404, "there is no such contact"));
}

#[tokio::test]
async fn a_login_attached_twice_is_no_change_or_an_error() {
    let bench = bench().await;
    let id = bench.user("ada@acme.example").await;
    let params = [("contactId", id.as_str()), ("userId", "Ada@acme.example"), ("userIdType", "GOOGLE_APPS")];
    bench.post(USER, &params).await.good();
    bench.sim.reconfigure(|options| options.behaviour.repeated_login = Repeated::Error);
    assert_eq!(bench.post(USER, &params).await.refusal(), refused(409, "the contact has this login already"));
    assert_eq!(bench.contact(&id).logins, [Login::google("ada@acme.example")]);
}

#[tokio::test]
async fn a_login_of_another_contact_stays_or_moves() {
    let bench = bench().await;
    let (first, second) = (bench.user("ada@acme.example").await, contact(&bench).await);
    let params = [("contactId", second.as_str()), ("userId", "ada@acme.example"), ("userIdType", "GOOGLE_APPS")];
    assert_eq!(bench.post(USER, &params).await.refusal(), refused(409, "another contact has this login"));
    bench.sim.reconfigure(|options| options.behaviour.taken_login = TakenLogin::Move);
    bench.post(USER, &params).await.good();
    assert_eq!((bench.contact(&first).logins.len(), bench.contact(&second).logins.len()), (0, 1));
}

#[tokio::test]
async fn a_user_is_made_with_a_contact() {
    let bench = bench().await;
    let params = [
        ("firstName", "Grace"),
        ("lastName", "Hopper"),
        ("companyName", "Acme"),
        ("emailAddress", "grace@acme.example"),
        ("userId", "grace@acme.example"),
        ("userIdType", "GOOGLE_APPS"),
    ];
    let made = bench.post(USER_CONTACT, &params).await.value();
    let id = made["contactId"].as_str().unwrap();
    assert!(id.len() == 24 && id.chars().all(|c| c.is_ascii_hexdigit()), "{id}");
    let expected = json!({
        "contactId": id, "clientDomain": DOMAIN, "firstName": "Grace", "lastName": "Hopper", "companyName": "Acme",
        "emails": [{"email": "grace@acme.example", "purpose": "PRIMARY"}], "attributes": {},
    });
    assert_eq!(made, expected);
    assert_eq!(bench.get("/contact", &[("emailAddress", "GRACE@acme.example")]).await.value(), json!([expected]));
    let contact = bench.contact(id);
    assert_eq!((contact.logins, contact.permissions.len()), (vec![Login::google("grace@acme.example")], 0));
    assert_eq!(bench.sim.effect("GOOGLE_APPS/grace@acme.example created"), 1);
}

#[tokio::test]
async fn a_user_needs_a_name_and_a_login_of_its_own() {
    let bench = bench().await;
    let login = [("userId", "ada"), ("userIdType", "TWITTER_LOGIN")];
    let nameless = bench.post(USER_CONTACT, &login).await.refusal();
    assert_eq!(nameless, refused(400, "firstName, lastName or companyName is required"));
    let whole = [login.as_slice(), &[("companyName", "Acme")]].concat();
    assert_eq!(bench.post(USER_CONTACT, &whole[1..]).await.refusal(), refused(400, "userId is required"));
    bench.post(USER_CONTACT, &whole).await.good();
    assert_eq!(bench.post(USER_CONTACT, &whole).await.refusal(), refused(409, "userId is taken"));
    bench.sim.reconfigure(|options| options.behaviour.taken_user = TakenUser::Second);
    bench.post(USER_CONTACT, &whole).await.good();
    assert_eq!(bench.sim.domain(DOMAIN).unwrap().contacts.len(), 3);
    assert_eq!(bench.sim.effect("TWITTER_LOGIN/ada created"), 2);
}

#[tokio::test]
async fn new_users_may_have_permissions() {
    let bench = bench_with(|options| options.server.new_user_permissions.push("CONTACT_VIEW".to_owned())).await;
    let id = bench.user("grace@acme.example").await;
    assert_eq!(permissions(&bench, &id), ["CONTACT_VIEW"]);
}

/// Traps 6 and 14: permissions are given by POST and taken by DELETE, and are the contact's and not the login's.
#[tokio::test]
async fn permissions_reach_all_logins_of_a_contact() {
    let mut bench = bench().await;
    let id = bench.user("grace@acme.example").await;
    bench.post(USER, &[("contactId", &id), ("userId", "grace"), ("userIdType", "TWITTER_LOGIN")]).await.good();
    bench.post(PERMISSION, &[("userId", "grace"), ("permission", "CONTACT_VIEW")]).await.good();
    let owner = std::mem::take(&mut bench.token);
    bench.token = bench.sim.permanent_token(&Login::google("grace@acme.example")).expose().to_owned();
    assert_eq!(bench.get("/contacts-users", &[]).await.status, 200);
    bench.token = owner;
    bench.delete(PERMISSION, &[("userId", "grace@acme.example"), ("permission", "CONTACT_VIEW")]).await.good();
    assert_eq!(permissions(&bench, &id), [""; 0]);
}

#[tokio::test]
async fn a_wrong_permission_is_told_the_valid_ones() {
    let bench = bench_with(|options| options.server.more_permissions.push("TASK_VIEW".to_owned())).await;
    let id = bench.user("grace@acme.example").await;
    let valid = "permission is not valid. Valid permissions are: CONTACT_VIEW, CONTACT_UPDATE, ACTIVITY_VIEW, \
                 ACTIVITY_UPDATE, DOMAIN_CONF, TASK_VIEW";
    for permission in ["CONTACT_DELETE", "contact_view"] {
        let params = [("userId", "grace@acme.example"), ("permission", permission)];
        assert_eq!(bench.post(PERMISSION, &params).await.refusal(), refused(400, valid));
        assert_eq!(bench.delete(PERMISSION, &params).await.refusal(), refused(400, valid));
    }
    bench.post(PERMISSION, &[("userId", "grace@acme.example"), ("permission", "TASK_VIEW")]).await.good();
    assert_eq!(permissions(&bench, &id), ["TASK_VIEW"]);
    let stranger = [("userId", "ada@acme.example"), ("permission", "TASK_VIEW")];
    assert_eq!(bench.post(PERMISSION, &stranger).await.refusal(), refused(404, "there is no user with this userId"));
}

#[tokio::test]
async fn giving_and_taking_twice_is_no_change_or_an_error() {
    let bench = bench().await;
    let id = bench.user("grace@acme.example").await;
    let params = [("userId", "Grace@acme.example"), ("permission", "CONTACT_VIEW")];
    let absent = refused(404, "the user has no permission CONTACT_VIEW");
    assert_eq!(bench.delete(PERMISSION, &params).await.refusal(), absent);
    bench.post(PERMISSION, &params).await.good();
    bench.post(PERMISSION, &params).await.good();
    bench.sim.reconfigure(|options| options.behaviour.repeated_permission = Repeated::Error);
    let there = refused(409, "the user has the permission CONTACT_VIEW already");
    assert_eq!(bench.post(PERMISSION, &params).await.refusal(), there);
    assert_eq!(permissions(&bench, &id), ["CONTACT_VIEW"]);
    bench.delete(PERMISSION, &params).await.good();
    bench.sim.reconfigure(|options| options.behaviour.missing_delete = MissingDelete::Ok);
    bench.delete(PERMISSION, &params).await.good();
}

/// Nothing says of which type a user id is that a permission is given to.
#[tokio::test]
async fn a_user_id_can_mean_two_users() {
    for (ambiguous, status, expected) in
        [(AmbiguousUser::First, 200, [1, 0]), (AmbiguousUser::All, 200, [1, 1]), (AmbiguousUser::Error, 400, [0, 0])]
    {
        let bench = bench_with(|options| options.behaviour.ambiguous_user = ambiguous).await;
        let mut ids = Vec::new();
        for kind in ["INTERNAL", "TWITTER_LOGIN"] {
            let login = Login { user_id_type: kind.to_owned(), user_id: "ada".to_owned() };
            let contact = Contact { logins: vec![login], ..Contact::default() };
            ids.push(bench.sim.add_contact(DOMAIN, contact).unwrap());
        }
        let params = [("userId", "ada"), ("permission", "ACTIVITY_VIEW")];
        assert_eq!(bench.post(PERMISSION, &params).await.status, status);
        assert_eq!([&ids[0], &ids[1]].map(|id| permissions(&bench, id).len()), expected);
    }
}
