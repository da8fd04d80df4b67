//! Tests of the calls about partners over real HTTP; the trap numbers are those of the contract's section 4.

use super::*;
use crate::adeptia::client::answer::read_rows;
use crate::adeptia::client::tests::client_with;
use crate::adeptia::config::Config;
use crate::adeptia::sim::options::answers::{DeedAnswer, ErrorHttp, ListWrap};
use crate::adeptia::sim::options::ids::IdStyle;
use crate::adeptia::sim::options::server;
use crate::adeptia::sim::{Options, Simulator, Template};
use crate::adeptia::wire::id::TextRef;
use crate::adeptia::wire::partners::SentParameter;
use crate::http::fuzz::fuzz_decoder;
use crate::http::tests::Server;
use crate::sim::trouble::{Act, Order};

/// What is made of a partner.
fn told(answer: &Answer) -> Result<String, Fault> {
    let company = read_wrapped::<Company>(answer, WRAPPER)?;
    let rows = company.rows().map(|rows| rows.into_iter().map(|(id, row)| (id, row.id, row.value)).collect::<Vec<_>>());
    let texts = ["name", "primaryContact", "phoneNumber", "address", "country"].map(|key| company.text(key));
    Ok(format!("{:?}", (&company.id, texts, company.networks(), company.active(), company.external(), rows)))
}

fn ids(answer: &Answer) -> Result<Vec<Id>, Fault> {
    Ok(read_rows::<Company>(answer, WRAPPER)?.into_iter().map(|company| company.id).collect())
}

fuzz_decoder!(
    get_partner,
    told,
    [
        r#"{"Company": {"id": "11529580510902", "name": "Wallgreens", "partnerNetworks": [{"id": 1}], "primaryContact": "a@x",
            "phoneNumber": "2025550101", "address": "", "country": null, "status": 200, "enableSelfOnboard": false, "spokeCompany": false,
            "partnerParameter": [{"id": "7", "paramId": {"id": "11518430417328"}, "value": "Purchase Order"}]}}"#,
        r#"{"id": 11529580510902, "name": "Wallgreens"}"#,
    ]
);
fuzz_decoder!(list_partners, ids, [r#"{"Company": [{"id": 1, "name": "Adeptia"}, {"id": "11529580510902"}]}"#, "[]"]);

/// A simulator of this version with these switches, and a client of it.
pub(crate) async fn start(profile: Profile, change: impl FnOnce(&mut Options)) -> (Simulator, Client) {
    let mut options = Options::default();
    options.server.profile = match profile {
        Profile::Legacy => server::Profile::Legacy,
        Profile::Seed => server::Profile::Seed,
        Profile::Current => server::Profile::Current,
    };
    change(&mut options);
    let simulator = Simulator::start(options).await.unwrap();
    let client = client_with(&Config { profile: Some(profile), ..Config::new(simulator.url()) });
    (simulator, client)
}

/// A new partner as the vendor's page has it.
fn fields(name: &str) -> CompanyFields {
    CompanyFields::new()
        .with("name", name)
        .with_networks(["1"])
        .with("primaryContact", "admin@wallgreens.com")
        .with("phoneNumber", "2025550101")
        .with("address", "")
        .with("country", "")
        .with("status", 200)
        .with("enableSelfOnboard", false)
        .with("spokeCompany", false)
}

/// A partner of this name.
pub(crate) async fn made(client: &Client, name: &str) -> PartnerId {
    let id = client.create_partner(name, &fields(name)).await.unwrap();
    PartnerId::writable("test", id.as_str()).unwrap()
}

/// An active template in network 1.
pub(crate) fn template(id: u64) -> Template {
    Template { id, active: true, networks: vec![1] }
}

async fn names(client: &Client) -> Result<Vec<String>, Fault> {
    client.partners(Instant::now(), |listing| listing.rows.iter().filter_map(Company::name).collect()).await
}

fn called(simulator: &Simulator) -> Vec<&'static str> {
    simulator.journal().all().iter().map(|entry| entry.operation).filter(|operation| *operation != "login").collect()
}

/// Traps 8, 12 and 15: the page's broken example as it was meant, each id in the type that its field has, and the id read in any.
#[tokio::test]
async fn a_partner_is_made_as_the_page_means_it() {
    for (id, wrap) in [(IdStyle::Docs, ListWrap::Wrapped), (IdStyle::Number, ListWrap::Bare)] {
        let (simulator, client) = start(Profile::Seed, |options| {
            options.ids.company = id;
            options.answers.list_wrap = wrap;
            options.answers.created_status = 201;
            options.answers.extra_fields = true;
        })
        .await;
        let partner = made(&client, "Wallgreens").await;
        let company = simulator.partner("Wallgreens").unwrap();
        assert_eq!((company.id.to_string().as_str(), company.networks.as_slice()), (partner.as_str(), &[1][..]));
        let shown = client.partner(partner.as_str()).await.unwrap();
        assert_eq!(
            (shown.name().as_deref(), shown.active(), shown.external()),
            (Some("Wallgreens"), Some(true), Some(false))
        );
        assert!(names(&client).await.unwrap().contains(&"Wallgreens".to_owned()));
    }
}

/// Trap 9, and 2.11: the path alone names the partner, and what is not sent stays. Trap 7: networks move with PUT.
#[tokio::test]
async fn a_change_sends_what_it_names_and_nothing_else() {
    for profile in [Profile::Legacy, Profile::Seed, Profile::Current] {
        let (simulator, client) = start(profile, |_| {}).await;
        let partner = made(&client, "Wallgreens").await;
        let change = CompanyFields::new().with("address", "1 Main St").with("phoneNumber", "");
        client.change_partner(&partner, Part::Company, &change, &[]).await.unwrap();
        let networks = CompanyFields::new().with_networks(["2", "3"]);
        client.change_partner(&partner, Part::Networks, &networks, &[]).await.unwrap();
        let company = simulator.partner("Wallgreens").unwrap();
        assert_eq!((company.address.as_str(), company.phone_number.as_str()), ("1 Main St", ""));
        assert_eq!(
            (company.networks.as_slice(), company.primary_contact.as_str()),
            (&[2, 3][..], "admin@wallgreens.com")
        );
        assert!(!called(&simulator).contains(&"move_partner"));
    }
}

/// Own writes are in the shared copy without another read.
#[tokio::test]
async fn what_was_written_is_in_the_shared_copy() {
    let (simulator, client) = start(Profile::Seed, |_| {}).await;
    let before = Instant::now();
    assert_eq!(names(&client).await.unwrap(), ["Adeptia"]);
    let partner = made(&client, "Wallgreens").await;
    let change = CompanyFields::new().with("address", "1 Main St");
    client.change_partner(&partner, Part::Company, &change, &[]).await.unwrap();
    let pick = |listing: &Listing<Partners>| listing.rows.iter().last().and_then(|row| row.text("address"));
    assert_eq!(client.partners(before, pick).await.unwrap().as_deref(), Some("1 Main St"));
    client.switch_partner(&partner, false).await.unwrap();
    let pick = |listing: &Listing<Partners>| listing.rows.iter().last().and_then(Company::active);
    assert_eq!(client.partners(before, pick).await.unwrap(), Some(false));
    client.delete_partner(&partner).await.unwrap();
    assert_eq!(client.partners(before, |listing| listing.rows.iter().count()).await.unwrap(), 1);
    assert_eq!(simulator.journal().count("list_partners"), 1);
}

/// Traps 4, 25 and 26: the verb depends on the version, and only an inactive partner is deleted.
#[tokio::test]
async fn a_partner_is_deleted_as_its_version_has_it_once_it_is_inactive() {
    for profile in [Profile::Legacy, Profile::Seed, Profile::Current] {
        let (simulator, client) = start(profile, |_| {}).await;
        let partner = made(&client, "Wallgreens").await;
        let fault = client.delete_partner(&partner).await.unwrap_err();
        assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::Answered), "{fault:?}");
        client.switch_partner(&partner, false).await.unwrap();
        client.delete_partner(&partner).await.unwrap();
        assert!(simulator.partner("Wallgreens").is_none());
        let methods: Vec<_> = simulator.journal().all().iter().map(|entry| entry.method.clone()).collect();
        assert_eq!(methods.iter().any(|method| *method == "DELETE"), profile == Profile::Legacy, "{methods:?}");
        let fault = client.delete_partner(&partner).await.unwrap_err();
        assert_eq!(fault.class, Class::Missing);
    }
}

/// Contract 3: what comes with the product is never written to; and an id is an id.
#[test]
fn there_is_no_writing_to_what_comes_with_the_product() {
    for id in ["1", "999", "", " ", "x", "1/2", "11529580510902 ", "-0"] {
        let fault = PartnerId::writable("test", id).unwrap_err();
        assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::NotSent), "{id}");
    }
    assert_eq!(PartnerId::writable("test", "11529580510902").unwrap().as_str(), "11529580510902");
}

#[tokio::test]
async fn a_name_in_use_is_taken_whatever_the_status_of_the_refusal() {
    for status in [409, 400, 422] {
        let (_simulator, client) = start(Profile::Seed, |options| options.answers.taken_status = status).await;
        made(&client, "Wallgreens").await;
        let fault = client.create_partner("Wallgreens", &fields("Wallgreens")).await.unwrap_err();
        assert_eq!((fault.class, fault.delivery), (Class::Taken, Delivery::Answered), "{fault:?}");
    }
    let (_simulator, client) = start(Profile::Seed, |options| options.answers.error_http = ErrorHttp::Ok).await;
    made(&client, "Wallgreens").await;
    let fault = client.create_partner("Wallgreens", &fields("Wallgreens")).await.unwrap_err();
    assert_eq!(fault.class, Class::Taken, "{fault:?}");
    let fault = client.create_partner("Wall/greens", &fields("Wall/greens")).await.unwrap_err();
    assert_eq!(fault.class, Class::Refused, "{fault:?}");
}

/// An answer without an id is one that got lost; that the change of a partner is answered with anything at all is not needed.
#[tokio::test]
async fn answers_that_nobody_documents_are_taken_as_they_come() {
    for answer in [DeedAnswer::Empty, DeedAnswer::Object, DeedAnswer::Status, DeedAnswer::Text, DeedAnswer::NoContent] {
        let (simulator, client) = start(Profile::Seed, |options| {
            options.answers.company_answer = false;
            options.answers.deed_answer = answer;
        })
        .await;
        let fault = client.create_partner("Wallgreens", &fields("Wallgreens")).await.unwrap_err();
        assert_eq!(fault.delivery, Delivery::Unknown, "{answer:?}: {fault:?}");
        let id = simulator.partner("Wallgreens").unwrap().id.to_string();
        let partner = PartnerId::writable("test", &id).unwrap();
        client.switch_partner(&partner, false).await.unwrap();
        client.delete_partner(&partner).await.unwrap();
    }
}

/// Trap 13: a negative id makes a row, the answer tells the id of that, and with it the value changes.
#[tokio::test]
async fn a_row_is_made_with_a_negative_id_and_changed_by_its_own() {
    let (simulator, client) = start(Profile::Seed, |_| {}).await;
    let partner = made(&client, "Wallgreens").await;
    let send = async |id: &str, value: &str| {
        let parameter = TextRef { id: Id::new("11518430417328") };
        let row = SentParameter { id: Id::new(id), parameter, value: value.to_owned() };
        let fields = CompanyFields::new().with_parameters(&[row]);
        let answer = client.change_partner(&partner, Part::Parameters, &fields, &[]).await.unwrap();
        answer.and_then(|company| company.rows()).unwrap()["11518430417328"].id.to_string()
    };
    let row = send("-0", "Purchase Order").await;
    assert_eq!(send(&row, "Invoice").await, row);
    let parameters = simulator.partner("Wallgreens").unwrap().parameters;
    assert_eq!(parameters.iter().map(|row| row.value.as_str()).collect::<Vec<_>>(), ["Invoice"]);
}

#[tokio::test]
async fn an_installation_that_shows_no_partners_is_told_from_one_without() {
    let (simulator, client) = start(Profile::Seed, |options| options.answers.get_company = false).await;
    let partner = made(&client, "Wallgreens").await;
    assert_eq!(names(&client).await.unwrap_err().class, Class::Unsupported);
    assert!(client.partner(partner.as_str()).await.is_err());
    simulator.reconfigure(|options| options.answers.get_company = true);
    assert_eq!(names(&client).await.unwrap(), ["Adeptia", "Wallgreens"]);
    // From one that showed them before it is a fault like any other.
    simulator.reconfigure(|options| options.answers.get_company = false);
    assert_eq!(names(&client).await.unwrap_err().class, Class::Refused);
}

/// Trap 6: a list that is cut says so, and nobody concludes from it that a partner is gone.
#[tokio::test]
async fn a_list_is_whole_or_in_doubt() {
    let (simulator, client) = start(Profile::Seed, |options| options.server.max_limit = Some(50)).await;
    simulator.edit(|state| {
        let one = state.companies[0].clone();
        let more = (0..60).map(|at| crate::adeptia::sim::Company {
            id: 11_529_580_510_000 + at,
            name: format!("P{at}"),
            ..one.clone()
        });
        state.companies.extend(more);
    });
    let (count, doubt) =
        client.partners(Instant::now(), |listing| (listing.rows.iter().count(), listing.doubt.clone())).await.unwrap();
    assert_eq!((count, doubt.is_some()), (50, true));
}

#[tokio::test]
async fn a_lost_answer_makes_the_shared_copy_useless() {
    let (simulator, client) = start(Profile::Seed, |_| {}).await;
    let before = Instant::now();
    names(&client).await.unwrap();
    simulator.trouble().place(Order::next_of("create_partner", Act::LoseAnswer));
    let fault = client.create_partner("Wallgreens", &fields("Wallgreens")).await.unwrap_err();
    assert_eq!(fault.delivery, Delivery::Unknown);
    assert_eq!(client.partners(before, |listing| listing.rows.iter().count()).await.unwrap(), 2);
}

#[tokio::test]
async fn a_list_that_does_not_show_who_they_are_is_doubted() {
    for (row, doubted) in [
        (r#"{"id": 1500}"#, true),
        (r#"{"id": 1500, "name": " "}"#, true),
        (r#"{"id": 1500, "name": "Wallgreens"}"#, false),
        (r#"{"id": 1}"#, false),
    ] {
        let server = Server::start(move |heard| {
            if heard.uri.path().ends_with("/login/user") {
                return r#"{"ACCESS_TOKEN": "t", "tokenExpiresDays": 30}"#.to_owned();
            }
            format!(r#"{{"Company": [{row}]}}"#)
        })
        .await;
        let client = client_with(&Config::new(&server.url));
        let doubt = client.partners(Instant::now(), |listing| listing.doubt.clone()).await.unwrap();
        assert_eq!(doubt.is_some_and(|doubt| doubt.contains("provost.dev/external-id")), doubted, "{row}");
    }
}
