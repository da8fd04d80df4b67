//! Contacts, and which of them are users.

use reqwest::Method;
use serde_json::json;

use super::{DOMAIN, Pairs, TOKEN, bench, bench_with, refused};
use crate::crm2::sim::options::answers::{ContactById, ContactWrap, Envelope, IdName, NoContact};
use crate::crm2::sim::options::behaviour::Partial;

const ADA: Pairs<'_> = &[
    ("firstName", "Ada"),
    ("lastName", "Lovelace"),
    ("companyName", "Acme"),
    ("emailsNumber", "2"),
    ("email0", "ada@acme.example"),
    ("emailPurpose0", "PRIMARY"),
    ("email1", "orders@acme.example"),
    ("emailPurpose1", "ORDER"),
    ("attribute_language", "en"),
    ("attribute_rank", "1"),
];

#[tokio::test]
async fn contacts_are_made_and_found() {
    let bench = bench().await;
    let made = bench.post("/contact", ADA).await.value();
    let expected = json!({
        "contactId": made["contactId"], "clientDomain": DOMAIN,
        "firstName": "Ada", "lastName": "Lovelace", "companyName": "Acme",
        "emails": [
            {"email": "ada@acme.example", "purpose": "PRIMARY"}, {"email": "orders@acme.example", "purpose": "ORDER"},
        ],
        "attributes": {"language": "en", "rank": "1"},
    });
    assert_eq!(made, expected);
    let id = made["contactId"].as_str().unwrap();
    let queries: [Pairs<'_>; 5] = [
        &[("contactId", id)],
        &[("emailAddress", "Orders@acme.example")],
        &[("attribute_language", "en")],
        &[("attribute_language", "en"), ("attribute_rank", "1")],
        &[("contactId", id), ("emailAddress", "ada@acme.example")],
    ];
    for query in queries {
        assert_eq!(bench.get("/contact", query).await.value(), json!([expected]), "{query:?}");
    }
    for query in [[("attribute_language", "de")], [("emailAddress", "none@acme.example")], [("contactId", "none")]] {
        assert_eq!(bench.get("/contact", &query).await.value(), json!([]), "{query:?}");
    }
    let nothing = refused(400, "contactId, emailAddress or an attribute is required");
    assert_eq!(bench.get("/contact", &[]).await.refusal(), nothing);
    bench.sim.reconfigure(|options| options.answers.no_contact = NoContact::NotFound);
    let missing = bench.get("/contact", &[("contactId", "none")]).await.refusal();
    assert_eq!(missing, refused(404, "there is no such contact"));
}

/// The vendor's plugin posts JSON.
#[tokio::test]
async fn contacts_may_be_made_from_json() {
    let bench = bench().await;
    let body =
        json!({"clientDomain": DOMAIN, "authToken": TOKEN, "firstName": "Ada", "emailsNumber": 1, "email0": "a@x.com"});
    let reply = bench.raw(Method::POST, "/contact", "application/json", body.to_string()).await;
    assert_eq!(reply.value()["emails"], json!([{"email": "a@x.com", "purpose": "PRIMARY"}]));
    let changed = bench.raw(Method::PUT, "/contact", "application/json", body.to_string()).await;
    assert_eq!(changed.status, 401);
}

#[tokio::test]
async fn a_change_replaces_attributes_whole_and_addresses_when_told() {
    let bench = bench().await;
    let id = bench.post("/contact", ADA).await.value()["contactId"].as_str().unwrap().to_owned();
    bench.put("/contact", &[("contactId", &id), ("firstName", "Augusta"), ("attribute_rank", "2")]).await.good();
    let contact = bench.contact(&id);
    assert_eq!((contact.full_name().as_str(), contact.emails.len()), ("Augusta Lovelace", 2));
    assert_eq!(json!(contact.attributes), json!({"rank": "2"}));
    let number = [("contactId", id.as_str()), ("emailsNumber", "1"), ("email0", "augusta@acme.example")];
    bench.put("/contact", &number).await.good();
    assert_eq!(bench.contact(&id).emails[0].email, "augusta@acme.example");
    assert!(bench.contact(&id).attributes.is_empty());
    bench.put("/contact", &[("contactId", &id), ("emailsNumber", "0")]).await.good();
    assert!(bench.contact(&id).emails.is_empty());
    bench.sim.reconfigure(|options| options.behaviour.partial_contact = Partial::Clear);
    bench.put("/contact", &[("contactId", &id), ("lastName", "King")]).await.good();
    let contact = bench.contact(&id);
    assert_eq!([contact.first_name, contact.last_name, contact.company_name], ["", "King", ""]);
}

#[tokio::test]
async fn wrong_changes_are_refused() {
    let bench = bench().await;
    let id = bench.user("grace@acme.example").await;
    let told = async |params: Pairs<'_>| bench.put("/contact", params).await.refusal();
    let own = ("contactId", id.as_str());
    assert_eq!(told(&[]).await, refused(400, "contactId is required"));
    assert_eq!(told(&[("contactId", "none")]).await, refused(404, "there is no such contact"));
    for number in ["one", "-1", "1000000"] {
        assert_eq!(told(&[own, ("emailsNumber", number)]).await, refused(400, "emailsNumber is not a number"));
    }
    assert_eq!(told(&[own, ("emailsNumber", "1")]).await, refused(400, "email0 is required"));
    let purpose = told(&[own, ("emailsNumber", "1"), ("email0", "a@x.com"), ("emailPurpose0", "WORK")]).await;
    assert_eq!(purpose.0, 400);
    assert_eq!(bench.contact(&id).emails[0].email, "grace@acme.example");
}

/// Trap 17: all that hangs on a contact goes with it.
#[tokio::test]
async fn deleting_a_contact_deletes_its_logins_and_activities() {
    let bench = bench().await;
    let id = bench.user("grace@acme.example").await;
    bench.control("POST", &format!("contacts/{id}?activities=7")).await.good();
    assert_eq!(bench.contact(&id).activities, 7);
    bench.delete("/contact", &[("contactId", &id)]).await.good();
    let again = bench.delete("/contact", &[("contactId", &id)]).await.refusal();
    assert_eq!(again, refused(404, "there is no such contact"));
    assert_eq!(bench.get(&format!("/contact-users/{id}"), &[]).await.good(), json!([]));
    assert_eq!(bench.sim.effect(&format!("{id} deleted")), 1);
    assert_eq!(bench.sim.domain(DOMAIN).unwrap().contacts.len(), 1);
}

#[tokio::test]
async fn a_contact_with_the_same_attributes_may_be_changed_instead() {
    for (upsert, number) in [(false, 3), (true, 2)] {
        let bench = bench_with(|options| options.behaviour.contact_upsert = upsert).await;
        bench.post("/contact", ADA).await.good();
        let again = [("firstName", "Augusta"), ("attribute_language", "en"), ("attribute_rank", "1")];
        assert_eq!(bench.post("/contact", &again).await.value()["firstName"], "Augusta");
        assert_eq!(bench.sim.domain(DOMAIN).unwrap().contacts.len(), number);
    }
}

/// Trap 10: one id, called otherwise by each page.
#[tokio::test]
async fn users_are_listed_with_their_own_name_for_the_id() {
    let bench = bench().await;
    let id = bench.user("grace@acme.example").await;
    let nobody = bench.post("/contact", &[("companyName", "Acme")]).await.value()["contactId"].clone();
    let listed = bench.get("/contacts-users", &[]).await.good();
    assert_eq!(listed[0]["fullName"], "Domain Owner");
    let grace = json!({
        "_id": id, "fullName": "Grace Hopper", "emails": [{"email": "grace@acme.example", "purpose": "PRIMARY"}],
    });
    assert_eq!((&listed[1], listed.as_array().unwrap().len()), (&grace, 2));
    bench.sim.reconfigure(|options| {
        options.answers.users_without_logins = true;
        options.answers.users_id_name = IdName::ContactId;
        options.answers.contact_id_name = IdName::Id;
    });
    let listed = bench.get("/contacts-users", &[]).await.good();
    assert_eq!(listed[2], json!({"contactId": nobody, "fullName": "Acme", "emails": []}));
    assert_eq!(bench.get("/contact", &[("contactId", &id)]).await.value()[0]["_id"], json!(id));
}

#[tokio::test]
async fn logins_may_be_told_with_their_tokens_or_refused() {
    let bench = bench_with(|options| options.answers.users_tell_tokens = true).await;
    let owner = bench.sim.domain(DOMAIN).unwrap().contacts[0].id.clone();
    let logins = bench.get(&format!("/contact-users/{owner}"), &[]).await.good();
    let expected = json!([{"userId": "owner@acme.example", "userIdType": "GOOGLE_APPS", "authToken": TOKEN}]);
    assert_eq!(logins, expected);
    bench.sim.reconfigure(|options| options.answers.no_users = NoContact::NotFound);
    assert_eq!(bench.get("/contact-users/none", &[]).await.refusal(), refused(404, "there is no such contact"));
}

/// Trap 11: a contact comes in any envelope.
#[tokio::test]
async fn a_single_contact_is_wrapped_as_the_options_say() {
    let bench = bench_with(|options| {
        options.answers.contact_wrap = ContactWrap::Nested;
        options.answers.contact_by_id = ContactById::Object;
    })
    .await;
    let made = bench.post("/contact", ADA).await.value();
    let id = made["contact"]["contactId"].as_str().unwrap();
    let changed = bench.put("/contact", &[("contactId", id), ("attribute_rank", "2")]).await.value();
    assert_eq!(bench.get("/contact", &[("contactId", id)]).await.value(), changed);
    let flat = &bench.get("/contact", &[("emailAddress", "ada@acme.example")]).await.value()[0];
    assert_eq!(changed, json!({ "contact": flat }));
    bench.sim.reconfigure(|options| {
        options.answers.contact_wrap = ContactWrap::Flat;
        options.answers.contact_envelope = Envelope::Bare;
        options.answers.users_envelope = Envelope::Wrapped;
    });
    assert_eq!(bench.get("/contact", &[("contactId", id)]).await.good(), *flat);
    let login = [("contactId", id), ("userId", "ada"), ("userIdType", "TWITTER_LOGIN")];
    assert_eq!(bench.post("/admin/user", &login).await.value(), *flat);
    let listed = bench.get(&format!("/contact-users/{id}"), &[]).await.value();
    assert_eq!(listed, json!([{"userId": "ada", "userIdType": "TWITTER_LOGIN"}]));
    assert_eq!(bench.get("/contacts-users", &[]).await.value()[1]["_id"], json!(id));
}
