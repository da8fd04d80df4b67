//! Tests of the calls about contacts, over real HTTP against the simulator.

use crate::crm2::client::tests::start;
use crate::crm2::sim::options::answers::{ContactById, ContactWrap, Envelope, IdName, NoContact};
use crate::crm2::sim::options::behaviour::{DeleteContactParam, Partial};
use crate::crm2::sim::{Contact as Kept, Email as KeptEmail, Login as KeptLogin, Options, Simulator};

use super::*;
use crate::http::fuzz::fuzz_decoder;
use crate::sim::trouble::{Act, Order};

const DOMAIN: &str = "acme.example";

fn kept(simulator: &Simulator, contact_id: &str) -> Kept {
    simulator.domain(DOMAIN).unwrap().contact(contact_id).unwrap().clone()
}

/// A contact with a login, made by hand.
fn add(simulator: &Simulator, user_id: &str, address: Option<&str>) -> String {
    let emails = address.map(|email| KeptEmail { email: email.to_owned(), purpose: "PRIMARY".to_owned() });
    let contact = Kept {
        last_name: user_id.to_owned(),
        emails: emails.into_iter().collect(),
        logins: vec![KeptLogin { user_id_type: "INTERNAL".to_owned(), user_id: user_id.to_owned() }],
        ..Kept::default()
    };
    simulator.add_contact(DOMAIN, contact).unwrap()
}

fn key(user_id: &str) -> LoginKey {
    Login::new("INTERNAL", user_id).key()
}

/// A search that nothing is known for.
fn search<'a>(login: &'a LoginKey, addresses: &'a [&'a str]) -> Search<'a> {
    Search { login, known: None, likely: None, addresses, fresh_after: Instant::now(), alone: false }
}

/// How often each contact's logins were read.
fn reads(simulator: &Simulator) -> u64 {
    simulator.journal().count("list_logins")
}

/// A 404 on the way to the logins of a contact that is listed with some is no proof that it has none.
#[tokio::test]
async fn a_contact_that_is_listed_has_not_lost_its_logins() {
    let (simulator, client) = start(|_| {}).await;
    let contact = add(&simulator, "grace", None);
    simulator.trouble().place(Order::next_of("list_logins", Act::answer(404)));
    assert_eq!(client.logins(&contact).await.unwrap_err().class, Class::Missing);
    assert_eq!(client.logins(&contact).await.unwrap().len(), 1);
    let gone = "5166b967e4b0f6e6cd09e653";
    assert!(client.logins(gone).await.unwrap().is_empty());
}

async fn place(client: &Client, search: &Search<'_>) -> Option<String> {
    match client.locate(search).await.unwrap() {
        Located::At(place) => Some(place.contact_id),
        Located::Nowhere => None,
        Located::AtSeveral(contacts) => panic!("{contacts:?}"),
    }
}

/// Traps 10 and 11: whatever an answer stands in, and whatever an id is called there.
#[tokio::test]
async fn contacts_and_logins_are_read_from_every_shape() {
    let changes: [fn(&mut Options); 7] = [
        |_| {},
        |options| {
            (options.answers.contact_envelope, options.answers.users_envelope) = (Envelope::Bare, Envelope::Wrapped);
        },
        |options| {
            (options.answers.contact_by_id, options.answers.contact_wrap) = (ContactById::Object, ContactWrap::Nested);
        },
        |options| options.answers.contact_by_id = ContactById::Object,
        |options| (options.answers.contact_id_name, options.answers.users_id_name) = (IdName::Id, IdName::ContactId),
        |options| (options.answers.no_contact, options.answers.no_users) = (NoContact::NotFound, NoContact::NotFound),
        |options| {
            options.answers.extra_fields = true;
            options.answers.users_tell_tokens = true;
            options.answers.users_without_logins = true;
        },
    ];
    for change in changes {
        let (simulator, client) = start(change).await;
        let id = add(&simulator, "grace", Some("grace+crm@acme.example"));
        assert_eq!(place(&client, &search(&key("grace"), &[])).await, Some(id.clone()));
        let contact = client.contact_now(&id).await.unwrap().unwrap();
        assert_eq!((contact.last_name.as_deref(), contact.primary()), (Some("grace"), Some("grace+crm@acme.example")));
        // Trap 8: an address with a plus is found by the whole of it.
        assert_eq!(client.contacts_by_address("grace+crm@acme.example").await.unwrap(), [contact]);
        let nobody = "5166b967e4b0f6e6cd09e653";
        assert_eq!(client.contact_now(nobody).await.unwrap(), None);
        assert!(client.logins(nobody).await.unwrap().is_empty());
        assert_eq!(place(&client, &search(&key("nobody"), &[])).await, None);
    }
}

/// That a contact is not there may be told as any no; the list of those that have logins decides.
#[tokio::test]
async fn a_contact_that_is_refused_and_not_listed_has_no_logins() {
    let (simulator, client) = start(|options| {
        options.answers.no_users = NoContact::NotFound;
        options.answers.missing_status = 400;
    })
    .await;
    let id = add(&simulator, "grace", None);
    assert!(client.logins("5166b967e4b0f6e6cd09e653").await.unwrap().is_empty());
    assert_eq!(client.logins(&id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_search_asks_the_likely_ones_first_and_all_of_them_once() {
    let (simulator, client) = start(|_| {}).await;
    for number in 0..5 {
        add(&simulator, &format!("user{number}"), None);
    }
    let id = add(&simulator, "grace", Some("Grace@acme.example"));
    let begun = Instant::now();
    assert_eq!(place(&client, &search(&key("grace"), &["grace@ACME.example"])).await, Some(id.clone()));
    assert_eq!(reads(&simulator), 1, "the contact with that address");
    assert_eq!(place(&client, &search(&key("nobody"), &[])).await, None);
    assert_eq!(reads(&simulator), 7, "the six others, among them the owner");
    // One walk serves all for whom it is fresh enough.
    let somebody = key("somebody");
    let earlier = Search { fresh_after: begun, ..search(&somebody, &[]) };
    assert_eq!(place(&client, &earlier).await, None);
    assert_eq!(
        (reads(&simulator), simulator.journal().count("list_users")),
        (7, 3),
        "one list for each search, and one for the walk"
    );
    // A walk reads nobody again whose row is the same.
    let late = add(&simulator, "late", None);
    assert_eq!(place(&client, &search(&key("late"), &[])).await, Some(late));
    assert_eq!(reads(&simulator), 8);
}

#[tokio::test]
async fn two_contacts_with_one_login_are_told() {
    let (simulator, client) = start(|_| {}).await;
    let mut ids = [add(&simulator, "grace", None), add(&simulator, "grace", None)];
    let Located::AtSeveral(found) = client.locate(&search(&key("grace"), &[])).await.unwrap() else { panic!() };
    ids.sort();
    assert_eq!(found, ids);
}

/// What a resync of many objects costs: one list, as long as the list shows them as before.
#[tokio::test]
async fn a_known_contact_costs_nothing_while_its_row_is_the_same() {
    let (simulator, client) = start(|_| {}).await;
    let id = add(&simulator, "grace", None);
    let login = key("grace");
    let look = async |alone: bool| {
        let known = Search { known: Some(&id), fresh_after: Instant::now(), alone, ..search(&login, &[]) };
        let place = place(&client, &known).await;
        client.contact(&id, Instant::now(), alone).await.unwrap();
        place
    };
    let calls =
        || (reads(&simulator), simulator.journal().count("find_contacts"), simulator.journal().count("list_users"));
    look(false).await;
    look(false).await;
    let before = calls();
    look(false).await;
    let after = calls();
    assert_eq!((after.0, after.1), (before.0, before.1));
    // A new name is a new row.
    simulator.edit_domain(DOMAIN, |domain| domain.contact(&id).unwrap().last_name = "Murray".to_owned()).unwrap();
    look(false).await;
    assert_eq!((reads(&simulator), simulator.journal().count("find_contacts")), (after.0 + 1, after.1 + 1));
    // Who waits for news gets them, also of what the list does not show.
    let before = calls();
    look(true).await;
    assert_eq!(calls(), (before.0 + 1, before.1 + 1, before.2));
}

/// Contract 2.9: an update replaces attributes, and perhaps names; addresses only when some are named.
#[tokio::test]
async fn an_update_keeps_what_it_does_not_change() {
    for partial_contact in [Partial::Keep, Partial::Clear] {
        let (simulator, client) = start(|options| options.behaviour.partial_contact = partial_contact).await;
        let id = add(&simulator, "grace", Some("grace@acme.example"));
        let by_hand = |domain: &mut crate::crm2::sim::Domain| {
            let contact = domain.contact(&id).unwrap();
            contact.first_name = "Grace".to_owned();
            contact.attributes.insert("badge no.".to_owned(), "7 & 8".to_owned());
            contact.emails.push(KeptEmail { email: "g@home.example".to_owned(), purpose: "OTHER".to_owned() });
        };
        simulator.edit_domain(DOMAIN, by_hand).unwrap();
        let before = kept(&simulator, &id);
        let company = ContactFields { company_name: Some("Navy".to_owned()), ..ContactFields::default() };
        client.change_contact(&id, &company).await.unwrap();
        assert_eq!(kept(&simulator, &id), Kept { company_name: "Navy".to_owned(), ..before.clone() });
        let address =
            ContactFields { email_address: Some("grace+x@navy.example".to_owned()), ..ContactFields::default() };
        client.change_contact(&id, &address).await.unwrap();
        let after = kept(&simulator, &id);
        let emails: Vec<_> = after.emails.iter().map(|email| (email.email.as_str(), email.purpose.as_str())).collect();
        assert_eq!(emails, [("grace+x@navy.example", "PRIMARY"), ("g@home.example", "OTHER")]);
        assert_eq!((after.first_name, after.attributes), (before.first_name, before.attributes));
    }
    let (_simulator, client) = start(|_| {}).await;
    let fault = client.change_contact("5166b967e4b0f6e6cd09e653", &ContactFields::default()).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Missing, Delivery::NotSent));
}

/// Trap 10: the page that deletes a contact prints the parameter in lower case.
#[tokio::test]
async fn a_contact_is_deleted_under_either_name_of_the_parameter() {
    for delete_contact_param in [DeleteContactParam::Camel, DeleteContactParam::Lower] {
        let (simulator, client) = start(|options| options.behaviour.delete_contact_param = delete_contact_param).await;
        let id = add(&simulator, "grace", None);
        assert_eq!(place(&client, &search(&key("grace"), &[])).await, Some(id.clone()));
        client.delete_contact(&id).await.unwrap();
        assert!(simulator.domain(DOMAIN).unwrap().contact(&id).is_none());
        assert_eq!(place(&client, &search(&key("grace"), &[])).await, None);
        client.delete_contact(&id).await.unwrap();
    }
}

/// Contract 2.9: looking at contacts, and changing them, takes permissions that the rest does not.
#[tokio::test]
async fn a_permission_that_the_tokens_user_lacks_is_named() {
    let lacking = |name: &str| vec![name.to_owned()];
    let (_simulator, client) = start(|options| options.server.owner_lacks = lacking("CONTACT_VIEW")).await;
    let login = key("grace");
    for fault in [
        client.locate(&search(&login, &[])).await.unwrap_err(),
        client.logins("5166b967e4b0f6e6cd09e653").await.unwrap_err(),
        client.contact_now("5166b967e4b0f6e6cd09e653").await.unwrap_err(),
    ] {
        assert_eq!(fault.class, Class::Denied);
        assert!(fault.detail.contains("needs the permission CONTACT_VIEW"), "{fault}");
    }
    let (simulator, client) = start(|options| options.server.owner_lacks = lacking("CONTACT_UPDATE")).await;
    let id = add(&simulator, "grace", None);
    let change = ContactFields { first_name: Some("Grace".to_owned()), ..ContactFields::default() };
    for fault in [client.change_contact(&id, &change).await.unwrap_err(), client.delete_contact(&id).await.unwrap_err()]
    {
        assert_eq!(fault.class, Class::Denied);
        assert!(fault.detail.contains("needs the permission CONTACT_UPDATE"), "{fault}");
    }
}

fuzz_decoder!(
    contacts,
    read_contacts,
    [
        r#"{"result":{"resultValue":[{"contactId":"5166b967e4b0f6e6cd09e653","firstName":"test","clientDomain":"mydomain.com","emails":[{"email":"test@example.com","purpose":"PRIMARY"}],"attributes":{}}]}}"#,
        r#"{"result":{"resultValue":{"contact":{"contactId":"5166b967e4b0f6e6cd09e653"}}}}"#,
        r#"[]"#,
    ]
);

/// Without their digests, which differ with what is new in a row.
fn read_rows(answer: &Answer) -> Result<Vec<String>, Fault> {
    Ok(read_list::<ContactRow>(answer)?.into_iter().map(|row| row.id).collect())
}

fuzz_decoder!(
    rows,
    read_rows,
    [r#"[{"_id":"5166b967e4b0f6e6cd09e653","fullName":"Grace Hopper","emails":[{"email":"grace@acme.example"}]}]"#]
);

fuzz_decoder!(logins, read_list::<Login>, [r#"[{"userId":"grace@acme.example","userIdType":"GOOGLE_APPS"}]"#, "[]"]);
