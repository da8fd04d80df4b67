//! CrmDomainUser: one contact for one user, permissions that nobody can read, and whom nothing may lock out.

use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use provost::crm2::sim::options::answers::WriteAnswer;
use provost::crm2::sim::options::behaviour::{AmbiguousUser, Partial, Repeated, TakenUser};
use provost::crm2::sim::options::{Answers, Behaviour};
use provost::crm2::sim::{Contact, Login, Options, Simulator};
use provost::sim::simulated::Simulated;
use provost::sim::trouble::{Act, Order};
use serde_json::{Value as Json, json};

use super::{DOMAIN, example};
use crate::objects::{Objects, annotation, condition, is, message};
use crate::stage::Stage;
use crate::testbed::scene::EXTERNAL_ID;

const KIND: &str = "CrmDomainUser";
const GRACE: &str = "grace@acme.example";
const OWNER: &str = "owner@acme.example";

/// A stage, and its users.
async fn stage(options: Options, settings: Json) -> (Stage<Simulator>, Objects) {
    let stage = Stage::crm2_with(options, &[KIND], settings).await;
    let users = stage.objects(KIND);
    (stage, users)
}

/// A stage of a vendor that behaves as documented, where grace is as her example says.
async fn with_grace(fields: Json) -> (Stage<Simulator>, Objects) {
    let stage = Stage::crm2(Options::default(), &[KIND]).await;
    stage.given(KIND, "grace", fields).await;
    let users = stage.objects(KIND);
    (stage, users)
}

/// Whose user id says so in the AdminApi.
fn known_owner() -> Json {
    json!({"ownUserId": OWNER})
}

/// The contact that has this login.
fn contact_of(stage: &Stage<Simulator>, user_id: &str) -> Option<Contact> {
    stage.vendor.domain(DOMAIN).unwrap().contact_of(&Login::google(user_id)).cloned()
}

fn permissions(stage: &Stage<Simulator>, user_id: &str) -> Vec<String> {
    contact_of(stage, user_id).unwrap().permissions.into_iter().collect()
}

fn contacts(stage: &Stage<Simulator>) -> usize {
    stage.vendor.domain(DOMAIN).unwrap().contacts.len()
}

/// Changes the contact of a login by hand.
fn by_hand(stage: &Stage<Simulator>, user_id: &str, change: impl FnOnce(&mut Contact)) {
    let id = contact_of(stage, user_id).unwrap().id;
    stage.vendor.edit_domain(DOMAIN, |domain| change(domain.contact(&id).unwrap())).unwrap();
}

/// A contact without a login, made by hand.
fn add_contact(stage: &Stage<Simulator>, contact: Contact) -> String {
    stage.vendor.add_contact(DOMAIN, contact).unwrap()
}

fn named(last_name: &str) -> Contact {
    Contact { last_name: last_name.to_owned(), ..Contact::default() }
}

fn writes(stage: &Stage<Simulator>) -> Vec<&'static str> {
    stage.vendor_writes().into_iter().map(|(operation, _)| operation).collect()
}

async fn refused(users: &Objects, fields: Json) -> String {
    let object: DynamicObject = serde_json::from_value(example(KIND, "bob", fields)).unwrap();
    users.api.create(&PostParams::default(), &object).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_user_is_made_with_a_contact_and_given_permissions_once() {
    let (mut stage, users) = with_grace(json!({})).await;
    let contact = contact_of(&stage, GRACE).unwrap();
    assert_eq!(
        [contact.first_name.as_str(), &contact.last_name, &contact.company_name, &contact.emails[0].email],
        ["Grace", "Hopper", "Acme", GRACE]
    );
    assert_eq!(permissions(&stage, GRACE), ["CONTACT_UPDATE", "CONTACT_VIEW"]);
    let object = users.ready("grace").await;
    assert_eq!(annotation(&object, EXTERNAL_ID), Some("GOOGLE_APPS/grace@acme.example"));
    let status = &object.data["status"];
    assert_eq!((&status["contactId"], &status["contactMade"]), (&json!(contact.id), &json!(true)));
    assert_eq!(
        (&status["granted"], &status["revoked"]),
        (&json!(["CONTACT_UPDATE", "CONTACT_VIEW"]), &json!(["DOMAIN_CONF"]))
    );
    assert_eq!(status["observed"]["companyName"], "Acme");
    assert_eq!(condition(&object, "PermissionsShared"), Json::Null);
    let before = writes(&stage);
    assert_eq!(before, ["create_user", "grant_permission", "grant_permission", "revoke_permission"]);
    stage.restart_operator().await;
    users.looked_at("grace").await;
    users.ready("grace").await;
    assert_eq!(writes(&stage), before, "nothing is sent again that cannot be read");
}

#[tokio::test]
async fn a_spec_says_one_contact_and_each_permission_once() {
    let (_stage, users) = with_grace(json!({})).await;
    let says = async |fields: Json, words: &str| {
        let message = refused(&users, fields).await;
        assert!(message.contains(words), "{message}");
    };
    says(json!({"contactId": "5166"}), "exactly one of contact").await;
    says(json!({"contact": null}), "exactly one of contact").await;
    says(json!({"contact": {"emailAddress": "b@acme.example"}}), "at least one of firstName").await;
    says(json!({"permissions": {"granted": ["A", "B"], "revoked": ["B"]}}), "both in granted and in revoked").await;
    says(json!({"permissions": {"granted": ["contact_view"]}}), "permissions.granted").await;
    // Traps 13 and 17.
    says(json!({"userId": "grace"}), "the whole address").await;
    says(json!({"userId": "@grace", "userIdType": "TwitterLogin"}), "without the leading @").await;
    says(json!({"deleteContact": true}), "deleteContact: true needs policy.deletion: Delete").await;
    let other = Patch::Merge(json!({"spec": {"userId": "ada@acme.example"}}));
    let message = users.api.patch("grace", &PatchParams::default(), &other).await.unwrap_err().to_string();
    assert!(message.contains("userId cannot be changed"), "{message}");
}

#[tokio::test]
async fn an_existing_contact_is_given_the_login_and_left_as_it_is() {
    let (stage, users) = stage(Options::default(), json!({})).await;
    let id = add_contact(&stage, named("Hopper"));
    stage
        .given(KIND, "grace", json!({"contact": null, "contactId": id, "permissions": {"granted": ["ACTIVITY_VIEW"]}}))
        .await;
    let contact = contact_of(&stage, GRACE).unwrap();
    assert_eq!(
        (contact.id.as_str(), contact.last_name.as_str(), contact.first_name.as_str()),
        (id.as_str(), "Hopper", "")
    );
    assert_eq!((contacts(&stage), permissions(&stage, GRACE)), (2, vec!["ACTIVITY_VIEW".to_owned()]));
    let object = users.ready("grace").await;
    assert_eq!((&object.data["status"]["contactId"], &object.data["status"]["contactMade"]), (&json!(id), &Json::Null));
    // The login is somebody else's contact's.
    let other = add_contact(&stage, named("Murray"));
    users.patch("grace", json!({"spec": {"policy": {"deletion": "Orphan"}}})).await;
    users.delete("grace").await;
    users.gone("grace").await;
    stage
        .apply(&example(
            KIND,
            "grace",
            json!({"contact": null, "contactId": other, "policy": {"adoption": "IfExists"}}),
        ))
        .await;
    let object = users.unready("grace", "IdentityDiffers").await;
    assert!(message(&object, "Ready").contains("its contactId is"), "{object:#?}");
    assert_eq!(permissions(&stage, GRACE), ["ACTIVITY_VIEW"], "nothing is granted to another contact");
}

#[tokio::test]
async fn a_contact_that_is_not_there_is_told_and_nothing_is_sent() {
    let (stage, users) = stage(Options::default(), json!({})).await;
    let fields = json!({"contact": null, "contactId": "5166b967e4b0f6e6cd09e653"});
    stage.apply(&example(KIND, "grace", fields)).await;
    let object = users.unready("grace", "Refused").await;
    assert!(
        message(&object, "Ready").contains("spec.contactId: the domain has no contact 5166b967e4b0f6e6cd09e653"),
        "{object:#?}"
    );
    assert!(writes(&stage).is_empty());
}

/// Contract 2.3: a second call makes a second contact, so that after a lost answer the first one is looked for.
#[tokio::test]
async fn a_lost_answer_makes_no_second_contact() {
    for (act, write_answer) in
        [(Act::LoseAnswer, WriteAnswer::Value), (Act::Garbage, WriteAnswer::Value), (Act::Truncate, WriteAnswer::Empty)]
    {
        let behaviour = Behaviour { taken_user: TakenUser::Second, ..Behaviour::default() };
        let options =
            Options { behaviour, answers: Answers { write_answer, ..Answers::default() }, ..Options::default() };
        let (stage, users) = stage(options, known_owner()).await;
        stage.vendor.trouble().place(Order::next_of("create_user", act));
        stage.given(KIND, "grace", json!({})).await;
        let object = users.ready("grace").await;
        assert_eq!(object.data["status"]["contactId"], json!(contact_of(&stage, GRACE).unwrap().id));
        assert_eq!((stage.vendor.journal().count("create_user"), contacts(&stage)), (1, 2));
        assert_eq!(permissions(&stage, GRACE), ["CONTACT_UPDATE", "CONTACT_VIEW"]);
    }
}

/// The vendor got half-way: the contact is there, and its login is not.
#[tokio::test]
async fn a_contact_that_was_half_made_is_given_the_login() {
    let (stage, users) = stage(Options::default(), known_owner()).await;
    stage.vendor.trouble().place(Order::next_of("create_user", Act::CutBefore));
    let half = Contact {
        first_name: "Grace".to_owned(),
        company_name: "Acme".to_owned(),
        emails: vec![provost::crm2::sim::Email { email: GRACE.to_owned(), purpose: "PRIMARY".to_owned() }],
        ..named("Hopper")
    };
    let id = add_contact(&stage, half);
    stage.given(KIND, "grace", json!({})).await;
    assert_eq!((contact_of(&stage, GRACE).unwrap().id, contacts(&stage)), (id, 2));
    assert_eq!(users.ready("grace").await.data["status"]["contactMade"], Json::Null);
}

/// Trap 13: an address is found however it is written, and who exists already is told and not made again.
#[tokio::test]
async fn a_user_who_exists_is_taken_over_only_when_asked() {
    let (stage, users) = with_grace(json!({"policy": {"deletion": "Orphan"}})).await;
    users.delete("grace").await;
    users.gone("grace").await;
    stage.apply(&example(KIND, "grace", json!({"userId": "Grace@Acme.example"}))).await;
    let object = users.unready("grace", "AlreadyExists").await;
    assert!(message(&object, "Ready").contains("GOOGLE_APPS/grace@acme.example"), "{object:#?}");
    users.annotate("grace", EXTERNAL_ID, Some(GRACE)).await;
    let object = users.unready("grace", "Refused").await;
    assert!(message(&object, "Ready").contains("TYPE/USERID"), "{object:#?}");
    users.annotate("grace", EXTERNAL_ID, Some("GOOGLE_APPS/owner@acme.example")).await;
    users.unready("grace", "IdentityDiffers").await;
    users.annotate("grace", EXTERNAL_ID, Some("google_apps/GRACE@acme.example")).await;
    users.edit("grace", json!({"permissions": {"revoked": null, "granted": ["ACTIVITY_VIEW"]}})).await;
    users.taken_over("grace").await;
    users.ready("grace").await;
    assert_eq!((stage.vendor.journal().count("create_user"), contacts(&stage)), (1, 2));
    assert!(permissions(&stage, GRACE).contains(&"ACTIVITY_VIEW".to_owned()));
}

#[tokio::test]
async fn what_is_granted_no_more_is_revoked_and_all_else_stays() {
    let (stage, users) = with_grace(json!({})).await;
    by_hand(&stage, GRACE, |contact| contact.permissions.extend(["ACTIVITY_UPDATE".to_owned()]));
    users.edit("grace", json!({"permissions": {"granted": ["CONTACT_VIEW"], "revoked": null}})).await;
    let object = users.ready("grace").await;
    assert_eq!(permissions(&stage, GRACE), ["ACTIVITY_UPDATE", "CONTACT_VIEW"]);
    assert_eq!(object.data["status"]["granted"], json!(["CONTACT_VIEW"]));
    users.edit("grace", json!({"permissions": null})).await;
    users.ready("grace").await;
    assert_eq!(permissions(&stage, GRACE), ["ACTIVITY_UPDATE"]);
    let before = writes(&stage).len();
    users.looked_at("grace").await;
    users.ready("grace").await;
    assert_eq!(writes(&stage).len(), before, "what is undone is forgotten");
}

/// Contract 2.4: the vendor's list of permissions is shown, and one bad name keeps none of the others back.
#[tokio::test]
async fn a_permission_that_is_none_shows_those_that_there_are() {
    let (stage, users) = with_grace(json!({})).await;
    let names = json!(["ACTIVITY_VIEW", "CONTACT_SEE", "CONTACT_UPDATE", "CONTACT_VIEW"]);
    users.edit("grace", json!({"permissions": {"granted": names, "revoked": ["DOMAIN_CONF"]}})).await;
    let object = users.unready("grace", "Refused").await;
    let said = message(&object, "Ready");
    assert!(
        said.contains("spec.permissions.granted: CONTACT_SEE") && said.contains("ACTIVITY_UPDATE, DOMAIN_CONF"),
        "{said}"
    );
    assert!(permissions(&stage, GRACE).contains(&"ACTIVITY_VIEW".to_owned()));
    assert!(!object.data["status"]["granted"].to_string().contains("CONTACT_SEE"), "{object:#?}");
    users.edit("grace", json!({"permissions": {"granted": ["ACTIVITY_VIEW"]}})).await;
    users.ready("grace").await;
    assert_eq!(permissions(&stage, GRACE), ["ACTIVITY_VIEW"]);
    // Nor does it keep anybody from going.
    users.edit("grace", json!({"permissions": {"granted": ["ACTIVITY_VIEW", "CONTACT_SEE"]}})).await;
    users.unready("grace", "Refused").await;
    users.delete("grace").await;
    users.gone("grace").await;
    assert!(permissions(&stage, GRACE).is_empty());
}

/// What was granted beside a refusal is known as granted, and revoked when the spec drops it all.
#[tokio::test]
async fn what_was_granted_beside_a_refusal_is_revoked_too() {
    let (stage, users) = with_grace(json!({})).await;
    users.edit("grace", json!({"permissions": {"granted": ["ACTIVITY_VIEW", "CONTACT_SEE"], "revoked": null}})).await;
    users.unready("grace", "Refused").await;
    assert!(permissions(&stage, GRACE).contains(&"ACTIVITY_VIEW".to_owned()));
    users.edit("grace", json!({"permissions": null})).await;
    users.ready("grace").await;
    assert_eq!(permissions(&stage, GRACE), [""; 0]);
}

/// The answer to a grant is lost, and the vendor complains when it is granted once more.
#[tokio::test]
async fn what_was_granted_already_is_granted() {
    let behaviour = Behaviour { repeated_permission: Repeated::Error, ..Behaviour::default() };
    let (stage, _) = stage(Options { behaviour, ..Options::default() }, json!({})).await;
    stage.vendor.trouble().place(Order::next_of("grant_permission", Act::LoseAnswer));
    stage.given(KIND, "grace", json!({})).await;
    assert_eq!(permissions(&stage, GRACE), ["CONTACT_UPDATE", "CONTACT_VIEW"]);
}

/// Trap 14: permissions are the contact's, and so those of all its logins.
#[tokio::test]
async fn other_logins_of_the_contact_are_told() {
    let (stage, users) = with_grace(json!({})).await;
    let twitter = json!({"userIdType": "TwitterLogin", "userId": "hopper", "contact": null, "permissions": null});
    let mut twitter = example(KIND, "hopper", twitter);
    twitter["spec"]["contactId"] = json!(contact_of(&stage, GRACE).unwrap().id);
    stage.apply(&twitter).await;
    users.ready("hopper").await;
    let object = users.looked_at("grace").await;
    assert!(is(&object, "PermissionsShared", "True", "OtherLogins"), "{object:#?}");
    assert!(message(&object, "PermissionsShared").contains("TWITTER_LOGIN/hopper"), "{object:#?}");
    assert_eq!(object.data["status"]["observed"]["otherLogins"], json!(["TWITTER_LOGIN/hopper"]));
    assert_eq!(condition(&users.ready("hopper").await, "PermissionsShared"), Json::Null, "nothing is granted there");
}

/// Contract 2.4: the call names the user id and not its type.
#[tokio::test]
async fn nobody_is_granted_anything_while_it_may_reach_a_namesake() {
    let behaviour = Behaviour { ambiguous_user: AmbiguousUser::All, ..Behaviour::default() };
    let (stage, users) = stage(Options { behaviour, ..Options::default() }, json!({})).await;
    let login = Login { user_id_type: "INTERNAL".to_owned(), user_id: "hopper".to_owned() };
    let id = add_contact(&stage, Contact { logins: vec![login], ..named("Murray") });
    let fields =
        json!({"userIdType": "TwitterLogin", "userId": "Hopper", "permissions": {"granted": ["CONTACT_VIEW"]}});
    stage.apply(&example(KIND, "grace", fields)).await;
    let object = users.unready("grace", "Refused").await;
    assert!(
        message(&object, "Ready").contains(&format!("contact {id} has a login with the user id Hopper too")),
        "{object:#?}"
    );
    assert_eq!(stage.vendor.journal().count("grant_permission"), 0);
    stage.vendor.edit_domain(DOMAIN, |domain| domain.contact(&id).unwrap().logins.clear()).unwrap();
    users.looked_at("grace").await;
    users.ready("grace").await;
}

#[tokio::test]
async fn names_are_put_back_and_nothing_else_of_the_contact_is_touched() {
    for partial_contact in [Partial::Keep, Partial::Clear] {
        let behaviour = Behaviour { partial_contact, ..Behaviour::default() };
        let (stage, users) = stage(Options { behaviour, ..Options::default() }, json!({})).await;
        stage
            .given(
                KIND,
                "grace",
                json!({"contact": {"firstName": "Grace", "lastName": "Hopper", "emailAddress": GRACE}}),
            )
            .await;
        let before = contact_of(&stage, GRACE).unwrap();
        by_hand(&stage, GRACE, |contact| {
            contact.last_name = "Murray".to_owned();
            contact.company_name = "Navy".to_owned();
            contact.attributes.insert("badge".to_owned(), "7".to_owned());
            contact
                .emails
                .push(provost::crm2::sim::Email { email: "g@home.example".to_owned(), purpose: "OTHER".to_owned() });
        });
        users.looked_at("grace").await;
        users.ready("grace").await;
        let after = contact_of(&stage, GRACE).unwrap();
        assert_eq!((after.last_name.as_str(), after.company_name.as_str()), ("Hopper", "Navy"));
        assert_eq!((after.attributes.len(), after.emails.len(), &after.permissions), (1, 2, &before.permissions));
        // Whichever of its addresses it is: it has it.
        by_hand(&stage, GRACE, |contact| contact.emails.swap(0, 1));
        let puts = stage.vendor.journal().count("update_contact");
        users.looked_at("grace").await;
        users.ready("grace").await;
        assert_eq!(stage.vendor.journal().count("update_contact"), puts);
        users.edit("grace", json!({"contact": {"emailAddress": "hopper@navy.example"}})).await;
        users.ready("grace").await;
        let emails: Vec<_> = contact_of(&stage, GRACE).unwrap().emails.into_iter().map(|email| email.email).collect();
        assert_eq!(emails, ["hopper@navy.example", "g@home.example"]);
    }
}

/// A contact may be merged with another one; a login that is nowhere is gone, and makes no second contact.
#[tokio::test]
async fn a_login_is_followed_to_the_contact_that_has_it_now() {
    let (stage, users) = with_grace(json!({})).await;
    let logins = contact_of(&stage, GRACE).unwrap().logins;
    by_hand(&stage, GRACE, |contact| contact.logins.clear());
    let emails = vec![provost::crm2::sim::Email { email: GRACE.to_owned(), purpose: "OTHER".to_owned() }];
    let id = add_contact(&stage, Contact { first_name: "Grace".to_owned(), emails, logins, ..named("Hopper") });
    let object = users.looked_at("grace").await;
    assert_eq!((&object.data["status"]["contactId"], &object.data["status"]["contactMade"]), (&json!(id), &Json::Null));
    users.ready("grace").await;
    by_hand(&stage, GRACE, |contact| contact.logins.clear());
    users.looked_at("grace").await;
    users.unready("grace", "ExternalObjectGone").await;
    assert_eq!((stage.vendor.journal().count("create_user"), stage.vendor.journal().count("add_login")), (1, 0));
}

#[tokio::test]
async fn disable_revokes_what_was_granted_and_nothing_else() {
    let (stage, users) = with_grace(json!({})).await;
    by_hand(&stage, GRACE, |contact| contact.permissions.extend(["ACTIVITY_UPDATE".to_owned()]));
    users.delete("grace").await;
    users.gone("grace").await;
    assert_eq!(permissions(&stage, GRACE), ["ACTIVITY_UPDATE"]);
    // Applied again, it is taken up and given what it had.
    stage.given(KIND, "grace", json!({})).await;
    assert_eq!(permissions(&stage, GRACE), ["ACTIVITY_UPDATE", "CONTACT_UPDATE", "CONTACT_VIEW"]);
    assert_eq!(contacts(&stage), 2);
}

#[tokio::test]
async fn delete_takes_the_login_away_and_leaves_the_contact() {
    let (stage, users) = with_grace(json!({"policy": {"deletion": "Delete"}})).await;
    let id = contact_of(&stage, GRACE).unwrap().id;
    // The answer is lost: it is done again, or found to be done.
    stage.vendor.trouble().place(Order::next_of("remove_login", Act::LoseAnswer));
    users.delete("grace").await;
    users.gone("grace").await;
    let contact = stage.vendor.domain(DOMAIN).unwrap().contact(&id).unwrap().clone();
    assert!(contact.logins.is_empty() && contact.permissions.is_empty(), "{contact:#?}");
}

/// Trap 17: a contact goes with its activities, so only when the spec says so twice, and only when it is this user's alone.
#[tokio::test]
async fn a_contact_is_deleted_when_the_spec_says_so_twice() {
    let twice = json!({"policy": {"deletion": "Delete"}, "deleteContact": true});
    let (stage, users) = with_grace(twice).await;
    let id = contact_of(&stage, GRACE).unwrap().id;
    let twitter = Login { user_id_type: "TWITTER_LOGIN".to_owned(), user_id: "hopper".to_owned() };
    by_hand(&stage, GRACE, |contact| contact.logins.push(twitter.clone()));
    users.delete("grace").await;
    let object = users.unready("grace", "Refused").await;
    let said = message(&object, "Ready");
    assert!(said.contains("other logins (TWITTER_LOGIN/hopper)") && said.contains("provost.dev/abandon"), "{said}");
    assert!(contact_of(&stage, GRACE).is_some());
    by_hand(&stage, GRACE, |contact| contact.logins.retain(|login| *login != twitter));
    users.annotate("grace", crate::stage::RECONCILE_AT, Some("now")).await;
    users.gone("grace").await;
    assert!(stage.vendor.domain(DOMAIN).unwrap().contact(&id).is_none());
    assert_eq!(contacts(&stage), 1);
}

/// Trap 17 for a contact that was there before: said once, it stays.
#[tokio::test]
async fn an_existing_contact_stays_unless_the_spec_says_so_twice() {
    let (stage, users) = stage(Options::default(), known_owner()).await;
    for (fields, stays) in [(json!({}), true), (json!({"deleteContact": true}), false)] {
        let id = add_contact(&stage, named("Hopper"));
        let mut manifest =
            example(KIND, "grace", json!({"contact": null, "contactId": id, "policy": {"deletion": "Delete"}}));
        manifest["spec"].as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        stage.apply(&manifest).await;
        users.ready("grace").await;
        users.delete("grace").await;
        users.gone("grace").await;
        assert_eq!(stage.vendor.domain(DOMAIN).unwrap().contact(&id).is_some(), stays);
    }
}

/// The owner, whose token the AdminApi has, as an object.
fn owner(fields: Json) -> Json {
    let mut manifest =
        example(KIND, "owner", json!({"userId": OWNER, "contact": {"lastName": "Owner"}, "permissions": null}));
    manifest["metadata"]["annotations"] = json!({EXTERNAL_ID: format!("GOOGLE_APPS/{OWNER}")});
    manifest["spec"].as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    manifest
}

/// Contract 3: the token's user keeps DOMAIN_CONF and the login, whether or not the AdminApi says who that is.
#[tokio::test]
async fn the_operator_is_never_locked_out() {
    for settings in [known_owner(), json!({"ownUserId": "Owner@ACME.example"}), json!({})] {
        let known = settings != json!({});
        let (stage, users) = stage(Options::default(), settings).await;
        let names_the_way = |object: &DynamicObject| {
            let said = message(object, "Ready");
            assert!(said.contains("ownUserId"), "{said}");
        };
        stage.apply(&owner(json!({"permissions": {"revoked": ["DOMAIN_CONF"]}}))).await;
        users.taken_over("owner").await;
        names_the_way(&users.unready("owner", "Refused").await);
        // Neither by what is granted no more.
        users.edit("owner", json!({"permissions": {"revoked": null, "granted": ["DOMAIN_CONF"]}})).await;
        users.ready("owner").await;
        users.edit("owner", json!({"permissions": null})).await;
        names_the_way(&users.unready("owner", "Refused").await);
        users.edit("owner", json!({"permissions": {"granted": ["DOMAIN_CONF"]}})).await;
        users.ready("owner").await;
        for (deletion, with_contact) in [("Disable", false), ("Delete", false), ("Delete", true)] {
            users.edit("owner", json!({"policy": {"deletion": deletion}, "deleteContact": with_contact})).await;
            users.ready("owner").await;
            let uid = users.api.get("owner").await.unwrap().metadata.uid.unwrap();
            users.delete("owner").await;
            names_the_way(&users.unready("owner", "Refused").await);
            users.annotate("owner", "provost.dev/abandon", Some(&uid)).await;
            users.gone("owner").await;
            stage.apply(&owner(json!({"permissions": {"granted": ["DOMAIN_CONF"]}}))).await;
            users.taken_over("owner").await;
            users.ready("owner").await;
        }
        let kept = contact_of(&stage, OWNER).unwrap();
        assert!(kept.permissions.contains("DOMAIN_CONF") && kept.logins.len() == 1, "known: {known}: {kept:#?}");
        assert_eq!(
            (stage.vendor.journal().count("remove_login"), stage.vendor.journal().count("delete_contact")),
            (0, 0)
        );
    }
}

/// Without knowing who the operator is, a user is dealt with who cannot be it: made here, or rid of DOMAIN_CONF here.
#[tokio::test]
async fn whoever_cannot_be_the_operator_is_dealt_with() {
    let (stage, users) = with_grace(json!({"permissions": null, "policy": {"deletion": "Delete"}})).await;
    users.edit("grace", json!({"permissions": {"revoked": ["DOMAIN_CONF"]}})).await;
    users.ready("grace").await;
    users.delete("grace").await;
    users.gone("grace").await;
    assert!(contact_of(&stage, GRACE).is_none());
}

/// What a resync of many users costs: one list for all, and nothing for each whose contact it shows as before.
#[tokio::test]
async fn a_resync_costs_one_list() {
    let (stage, users) = stage(Options::default(), json!({})).await;
    for number in 0..4 {
        let user_id = format!("user{number}@acme.example");
        let contact = json!({"lastName": format!("User {number}"), "emailAddress": user_id});
        stage.given(KIND, &format!("user{number}"), json!({"userId": user_id, "contact": contact})).await;
    }
    let resync = async || {
        stage.looked_at::<provost::engine::admin_api::AdminApi>(crate::stage::API).await;
        for number in 0..4 {
            // Behind the resync's own pass; it wants news of this one, which costs two calls.
            users.looked_at(&format!("user{number}")).await;
        }
    };
    resync().await;
    let before = stage.vendor.journal().last();
    resync().await;
    let after = stage.vendor.journal().since(before);
    let count = |operation: &str| after.iter().filter(|entry| entry.operation == operation).count();
    assert_eq!((count("list_users"), count("list_logins"), count("find_contacts")), (1, 4, 4), "{after:#?}");
}

/// Contract 2.9: what a login's row holds beside its names may be the user's token.
#[tokio::test]
async fn a_token_that_the_vendor_tells_is_shown_nowhere() {
    let answers = Answers { users_tell_tokens: true, ..Answers::default() };
    let (stage, users) = stage(Options { answers, ..Options::default() }, json!({})).await;
    stage.given(KIND, "grace", json!({})).await;
    let token = stage.vendor.permanent_token(&Login::google(GRACE));
    let object = serde_json::to_string(&users.looked_at("grace").await).unwrap();
    assert!(!object.contains(token.expose()));
    assert!(!stage.metrics().await.contains(token.expose()));
    assert_eq!(stage.vendor.externals().len(), 1);
}
