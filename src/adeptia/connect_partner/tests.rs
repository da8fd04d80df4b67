//! Tests of what a ConnectPartner asks for, and of what is sent; the trap numbers are those of the contract's section 4.

use std::time::Duration;

use axum::http::StatusCode;

use super::*;
use crate::adeptia::client::tests::client_at;
use crate::adeptia::config::Profile;
use crate::base::secret::Secret;
use crate::engine::diff::Effect;
use crate::engine::kind::AdminApiReference;
use crate::engine::state::row;
use crate::http::tests::Server;

fn spec(fields: serde_json::Value) -> ConnectPartnerSpec {
    let mut spec = json!({"adminApi": {"name": "connect"}, "partnerName": "Walgreens", "networkIds": ["2", "10", "1"]});
    if let (Some(spec), Some(fields)) = (spec.as_object_mut(), fields.as_object()) {
        spec.extend(fields.clone());
    }
    serde_json::from_value(spec).unwrap()
}

fn desired(fields: serde_json::Value) -> Vec<(String, String)> {
    let state = Partners::desired(&spec(fields), &Siblings::default()).unwrap();
    state.iter().map(|(path, value)| (path.to_owned(), value.remembered())).collect()
}

fn change(path: &str, to: serde_json::Value) -> Change {
    Change { path: path.to_owned(), from: Shown::Unknown, to: Shown::Plain(to), effect: Effect::Set }
}

#[test]
fn only_what_the_spec_says_is_wanted_and_an_empty_text_is_a_value() {
    let minimal = [("networkIds", r#"["1","10","2"]"#), ("partnerName", r#""Walgreens""#)];
    assert_eq!(desired(json!({})), minimal.map(|(path, value)| (path.to_owned(), value.to_owned())));
    let wanted = desired(json!({"address": "", "active": false, "spokeCompany": true}));
    for (path, value) in [("address", r#""""#), ("active", "false"), ("spokeCompany", "true")] {
        assert!(wanted.contains(&(path.to_owned(), value.to_owned())), "{wanted:?}");
    }
}

#[test]
fn each_wanted_field_has_a_row() {
    let wanted = desired(json!({
        "primaryContact": "a@x", "phoneNumber": "1", "address": "", "country": "", "active": true, "spokeCompany": false,
        "parameters": [{"paramId": "30", "value": "x"}, {"paramId": "31", "valueFrom": {"secretRef": {"name": "s", "key": "k"}}}],
        "templateAccess": {"templateIds": ["50", "51"]},
        "external": {"importUsers": {"csv": {"secretRef": {"name": "s", "key": "users.csv"}}}},
    }));
    let paths: Vec<&str> = wanted.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths.iter().filter(|path| row(Partners::FIELDS, path).is_none()).count(), 0, "{paths:?}");
    assert!(paths.contains(&"parameters.30") && paths.contains(&"templateAccess.51") && paths.contains(&"external"));
    // A secret one is added by the engine.
    assert!(!paths.contains(&"parameters.31"));
    assert!(
        desired(json!({"templateAccess": {"all": true}}))
            .contains(&("templateAccess.all".into(), r#""Granted""#.into()))
    );
}

/// A secret that is no field is read, and a change of it changes nothing: the conversion is done once.
#[test]
fn the_secret_of_a_conversion_is_no_field() {
    let secret = json!({"secretRef": {"name": "s", "key": "k"}});
    for external in [
        json!({"selfOnboard": {"firstName": "W", "lastName": "G", "userId": "w", "email": "w@x", "password": secret}}),
        json!({"importUsers": {"csv": secret}}),
    ] {
        let parameters = json!([{"paramId": "31", "valueFrom": secret}]);
        let spec = spec(json!({"external": external, "parameters": parameters}));
        let paths: Vec<_> = Partners::secrets(&spec).into_iter().map(|(path, _)| path.into_owned()).collect();
        let fields: Vec<bool> = paths.iter().map(|path| row(Partners::FIELDS, path).is_some()).collect();
        assert_eq!((paths.len(), fields), (2, vec![true, false]), "{paths:?}");
    }
}

/// What was granted is revoked when the spec drops it, and then forgotten; nothing else is undone.
#[test]
fn a_grant_is_withdrawn_and_nothing_else() {
    let revoked = Partners::withdrawn("templateAccess.50", r#""Granted""#);
    assert_eq!(revoked, Some(Value::Plain("Revoked".into())));
    let remembered = revoked.map(|value| value.remembered()).unwrap_or_default();
    assert_eq!(Partners::withdrawn("templateAccess.50", &remembered), None);
    for path in ["parameters.30", "external", "address"] {
        assert_eq!(Partners::withdrawn(path, r#""Granted""#), None, "{path}");
    }
}

#[test]
fn what_is_written_once_or_later_is_a_group_of_fields() {
    for group in Partners::ONCE.iter().chain(Partners::LATER) {
        assert!(Partners::FIELDS.iter().any(|field| field.group == *group), "{group}");
    }
}

#[test]
fn an_object_with_nothing_but_a_name_is_read() {
    let spec = spec(json!({}));
    assert_eq!(spec.admin_api, AdminApiReference { name: "connect".into(), namespace: None });
    assert_eq!(Partners::natural_key(&spec), "partner Walgreens");
}

/// Trap 16, and the partial update of 2.11: what does not differ is not sent.
#[tokio::test]
async fn a_change_sends_the_vendors_words_for_what_differs() {
    let client = crate::adeptia::client::tests::client_at("http://127.0.0.1:9");
    let sent = |changes: &[Change]| serde_json::to_value(changed(&client, changes)).unwrap();
    assert_eq!(sent(&[change("address", json!(""))]), json!({"address": ""}));
    assert_eq!(sent(&[change("active", json!(true))]), json!({"status": 200}));
    assert_eq!(sent(&[change("active", json!(false))]), json!({"status": 201}));
    let networks = json!({"partnerNetworks": [{"id": 1}, {"id": 11_567_413_236_623_u64}]});
    assert_eq!(sent(&[change("networkIds", json!(["1", "11567413236623"]))]), networks);
}

#[tokio::test]
async fn a_new_partner_is_sent_as_the_page_has_it() {
    let client = crate::adeptia::client::tests::client_at("http://127.0.0.1:9");
    let expected = json!({
        "name": "Walgreens", "partnerNetworks": [{"id": 2}, {"id": 10}, {"id": 1}], "primaryContact": "", "phoneNumber": "",
        "address": "", "country": "", "status": 200, "enableSelfOnboard": false, "spokeCompany": false,
    });
    assert_eq!(serde_json::to_value(new_company(&client, &spec(json!({})))).unwrap(), expected);
}

const ID: &str = "11529580510902";
const TEXT: &str = "11518430417328";
const OTHER_TEXT: &str = "11518430417329";
const CSV: &str = "First Name,Last Name,User Id,Email Id,Role Name,Password,Partner's Name\n\
                   John,Doe,john_1,john.doe@abc.com,IT User,Planted-7Q,Walgreens\n";

/// A made-up server with this one partner, which says this of an import; and a client of it. It refuses parameters, and tells what it got.
async fn made_up(company: serde_json::Value, import: &'static str) -> (Server, Client) {
    let server = Server::start(move |heard| {
        let path = heard.uri.path();
        let answer = |body: String| (StatusCode::OK, body);
        match heard.method.as_str() {
            _ if path.ends_with("/login/user") => {
                answer(json!({"ACCESS_TOKEN": "t", "tokenExpiresDays": 30}).to_string())
            }
            "GET" if path.ends_with("/checkthreadstatus") => answer(import.to_owned()),
            "GET" => answer(json!({"Company": company}).to_string()),
            "PUT" if heard.body.contains("partnerParameter") => {
                let said: serde_json::Value = serde_json::from_str(&heard.body).unwrap();
                let values = said["Company"]["partnerParameter"].as_array().unwrap();
                let values: Vec<_> = values.iter().map(|row| row["value"].as_str().unwrap().to_owned()).collect();
                (StatusCode::BAD_REQUEST, json!({"message": values.join(" ")}).to_string())
            }
            _ => answer("{}".to_owned()),
        }
    })
    .await;
    let client = client_at(&server.url);
    (server, client)
}

fn heard(server: &Server, method: &str, part: &str) -> Vec<String> {
    let heard = server.heard().into_iter();
    let heard = heard.filter(|heard| heard.method.as_str() == method && heard.uri.path().contains(part));
    heard.filter(|heard| !heard.uri.path().ends_with("/login/user")).map(|heard| heard.body).collect()
}

async fn perform(
    client: &Client,
    id: &str,
    fields: serde_json::Value,
    paths: &[&str],
    facts: &mut PartnerFacts,
    attempt: DeedAttempt<'_>,
) -> Result<Deed, Fault> {
    let spec = spec(fields);
    let changes: Vec<Change> = paths.iter().map(|path| change(path, json!(true))).collect();
    let secrets = [("external.selfOnboard.password", "Planted-7Q"), ("external.importUsers.csv", CSV)]
        .map(|(path, value)| (path.to_owned(), Secret::new(value)));
    let (secrets, files, siblings) = (secrets.into(), BTreeMap::new(), Siblings::default());
    let wanted = Wanted { spec: &spec, changes: &changes, secrets: &secrets, files: &files, siblings: &siblings };
    Partners::perform(client, id, &wanted, facts, attempt).await
}

fn rows(rows: &[(&str, &str)]) -> PartnerFacts {
    let rows = rows.iter().map(|(parameter, id)| ((*parameter).to_owned(), (*id).to_owned())).collect();
    PartnerFacts { parameter_rows: Some(rows), ..PartnerFacts::default() }
}

const UNCERTAIN: DeedAttempt<'_> = DeedAttempt { recorded: None, uncertain: true, renewed: false };

/// Trap 13: one look that does not show a row is no proof that the lost call has not made it, or is not about to.
#[tokio::test]
async fn a_new_row_whose_answer_was_lost_waits_for_a_person() {
    let (simulator, client) = crate::adeptia::client::partners::tests::start(Profile::Seed, |_| {}).await;
    let id = crate::adeptia::client::partners::tests::made(&client, "Walgreens").await;
    let fields = json!({"parameters": [{"paramId": TEXT, "value": "x"}]});
    let (path, mut facts) = (parameters::path(TEXT), rows(&[]));
    let mut attempt =
        async |attempt| perform(&client, id.as_str(), fields.clone(), &[&path], &mut facts, attempt).await;
    let Ok(Deed::Unclear(what)) = attempt(UNCERTAIN).await else { panic!() };
    assert!(what.contains(TEXT) && simulator.partner("Walgreens").unwrap().parameters.is_empty(), "{what}");
    // Once a person has said that it was not done, it is.
    assert!(matches!(attempt(DeedAttempt::default()).await, Ok(Deed::Done)));
    // What is changed by the id of its row may be repeated.
    assert!(matches!(attempt(UNCERTAIN).await, Ok(Deed::Done)));
    assert_eq!(simulator.partner("Walgreens").unwrap().parameters.len(), 1);
}

/// Trap 13: a row that is known is never made again because a look does not show it.
#[tokio::test]
async fn a_row_that_is_not_shown_is_there_all_the_same() {
    let company = json!({"id": ID, "name": "Walgreens", "partnerParameter": []});
    let fields = json!({"parameters": [{"paramId": TEXT, "value": "x"}]});
    let path = parameters::path(TEXT);
    for (row, sent) in [("77", 1), ("", 0)] {
        let (server, client) = made_up(company.clone(), "").await;
        let mut facts = rows(&[(TEXT, row)]);
        let attempt = perform(&client, ID, fields.clone(), &[&path], &mut facts, DeedAttempt::default()).await;
        let Err(fault) = attempt else { panic!("{row}") };
        assert_eq!(fault.class, Class::Refused, "{fault}");
        let bodies = heard(&server, "PUT", "company");
        assert_eq!(bodies.len(), sent);
        assert!(bodies.iter().all(|body| body.contains(r#""id":"77""#)), "{bodies:?}");
    }
}

#[test]
fn rows_that_are_shown_are_laid_over_those_known() {
    let shown = json!({"id": 1, "partnerParameter": [{"id": "7", "paramId": "30"}, {"id": "-0", "paramId": "31"}, {"id": "", "paramId": "32"}]});
    let shown = serde_json::from_value::<crate::adeptia::wire::partners::Company>(shown).unwrap().rows().unwrap();
    let before = rows(&[("30", "6"), ("31", "8"), ("33", "9")]).parameter_rows;
    let known = rows(&[("30", "7"), ("31", "8"), ("32", ""), ("33", "9")]).parameter_rows;
    assert_eq!(Some(parameters::known(before.as_ref(), &shown)), known);
}

/// A difference that is not among the changes is only reported: what is there is sent back, and is in no fault.
#[tokio::test]
async fn a_value_that_is_not_to_change_is_sent_back_as_it_is_shown() {
    let shown = json!([
        {"id": "7", "paramId": {"id": TEXT}, "value": "planted by hand"}, {"id": "8", "paramId": {"id": OTHER_TEXT}, "value": "a"},
    ]);
    let (server, client) = made_up(json!({"id": ID, "name": "Walgreens", "partnerParameter": shown}), "").await;
    let fields =
        json!({"parameters": [{"paramId": TEXT, "value": "of the spec"}, {"paramId": OTHER_TEXT, "value": "wanted"}]});
    let path = parameters::path(OTHER_TEXT);
    let attempt = perform(&client, ID, fields, &[&path], &mut rows(&[]), DeedAttempt::default()).await;
    let Err(fault) = attempt else { panic!() };
    assert!(!format!("{fault:?}").contains("planted") && fault.detail.contains("wanted"), "{fault:?}");
    let body = heard(&server, "PUT", "company").remove(0);
    assert!(body.contains("planted by hand") && !body.contains("of the spec"), "{body}");
}

/// A code that the vendor takes for something else is told, with the setting that it is in; nothing is deleted.
#[tokio::test]
async fn a_partner_that_is_still_active_is_not_switched_off() {
    let (server, client) = made_up(json!({"id": ID, "name": "Walgreens", "status": 200}), "").await;
    let (spec, facts) = (spec(json!({})), PartnerFacts::default());
    for fault in [
        Partners::disable(&client, ID, &spec, &facts).await.unwrap_err(),
        Partners::delete(&client, ID, &spec, &facts).await.unwrap_err(),
    ] {
        assert_eq!(fault.class, Class::Refused);
        assert!(fault.detail.contains("spec.adeptiaConnect.inactiveStatus"), "{fault}");
    }
    assert_eq!((heard(&server, "PUT", "company").len(), heard(&server, "PUT", "deletepartner").len()), (2, 0));
}

fn external(how: &str) -> serde_json::Value {
    let secret = json!({"secretRef": {"name": "s", "key": "k"}});
    let user = json!({"firstName": "W", "lastName": "G", "userId": "w", "email": "w@x", "password": secret});
    json!({"external": if how == "selfOnboard" { json!({how: user}) } else { json!({how: {"csv": secret}}) }})
}

#[tokio::test]
async fn a_conversion_whose_answer_was_lost_waits_for_a_person() {
    for shown in [json!(false), json!(null)] {
        let company = json!({"id": ID, "name": "Walgreens", "enableSelfOnboard": shown});
        let (server, client) = made_up(company, "").await;
        let mut facts = PartnerFacts::default();
        let attempt = perform(&client, ID, external("selfOnboard"), &["external"], &mut facts, UNCERTAIN).await;
        assert!(matches!(attempt, Ok(Deed::Unclear(_))));
        assert_eq!((heard(&server, "POST", "").len(), facts.converted), (0, false));
        let certain = DeedAttempt::default();
        let attempt = perform(&client, ID, external("selfOnboard"), &["external"], &mut facts, certain).await;
        assert!(matches!(attempt, Ok(Deed::Done)));
        assert_eq!((heard(&server, "POST", "").len(), facts.converted), (1, true));
    }
}

/// Trap 20: what came of an import is believed late, in no words of the vendor's, and not against what is shown.
#[tokio::test]
async fn the_end_of_an_import_is_judged_and_not_quoted() {
    for (said, shown, expected) in [
        ("Success, planted-words", json!(null), "done"),
        ("Success, planted-words", json!(false), "the import of users failed, or nobody can tell"),
        ("Failed: planted-words", json!(false), "the import of users failed, or nobody can tell"),
        ("planted-words", json!(null), "the import of users failed, or nobody can tell"),
    ] {
        let company = json!({"id": ID, "name": "Walgreens", "enableSelfOnboard": shown});
        let (server, client) = made_up(company, said).await;
        let mut facts = PartnerFacts::default();
        let mut words = Vec::new();
        let mut recorded: Option<String> = None;
        for seconds in [0, 30, 31] {
            tokio::time::pause();
            tokio::time::advance(Duration::from_secs(seconds)).await;
            tokio::time::resume();
            let attempt = DeedAttempt { recorded: recorded.as_deref(), ..DeedAttempt::default() };
            match perform(&client, ID, external("importUsers"), &["external"], &mut facts, attempt).await {
                Ok(Deed::Step(step)) => recorded = Some(step.clone()).inspect(|step| words.push(step.clone())),
                Ok(Deed::Unclear(what)) => words.push(what),
                Ok(_) => words.push("done".to_owned()),
                Err(fault) => words.push(format!("{fault:?}")),
            }
        }
        assert!(words[0] == words[1] && words[2].contains(expected), "{said}: {words:?}");
        assert_eq!((facts.converted, facts.import_failed), (expected == "done", expected != "done"), "{said}");
        if facts.import_failed {
            // A person says that it is to be done again.
            let again = DeedAttempt { recorded: recorded.as_deref(), ..DeedAttempt::default() };
            let next = perform(&client, ID, external("importUsers"), &["external"], &mut facts, again).await;
            assert!(matches!(next, Ok(Deed::Step(_))) && !facts.import_failed, "{said}");
            assert_eq!(heard(&server, "POST", "import").len(), 2, "{said}");
        }
        assert!(!format!("{words:?} {}", json!(facts)).contains("planted"), "{words:?}");
    }
}
