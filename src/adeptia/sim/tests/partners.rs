//! Partners, their networks and their parameters.

use serde_json::{Value, json};

use super::{Bench, bench, bench_with, company, parameter};
use crate::adeptia::sim::options::answers::{Parameters, PasswordValues};
use crate::adeptia::sim::options::behaviour::{CompanyUpdate, LeftOutRows, NegativeId, Repeat};
use crate::adeptia::sim::options::server::Profile;
use crate::adeptia::sim::{Definition, ParameterType};

const TEXT: &str = "11518430417328";
const OTHER_TEXT: &str = "11518430417329";
const PASSWORD: &str = "11518430417330";

fn path(id: &str) -> String {
    format!("/rest/company/{id}")
}

async fn set(bench: &Bench, id: &str, rows: &[Value]) -> super::Reply {
    bench.put(&path(id), json!({"Company": {"partnerParameter": rows}})).await
}

/// The values of a partner's parameters by their definitions, in order.
fn values(bench: &Bench) -> Vec<(String, String)> {
    let partner = bench.sim.partner("Walgreens").unwrap();
    partner.parameters.into_iter().map(|row| (row.definition.to_string(), row.value)).collect()
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(definition, value)| (definition.to_owned(), value.to_owned())).into()
}

#[tokio::test]
async fn a_new_partner_is_internal() {
    let bench = bench().await;
    let made = bench.post("/rest/company", company("Walgreens")).await.good();
    let id = made["Company"]["id"].as_str().unwrap();
    let mut expected = company("Walgreens");
    expected["Company"]["id"] = json!(id);
    expected["Company"]["partnerParameter"] = json!([]);
    assert_eq!((made.clone(), id.len()), (expected.clone(), 14));
    assert_eq!(bench.get(&path(id)).await.good(), expected);
    assert_eq!(bench.post("/rest/company", company("WALGREENS")).await.status, 409);
    bench.sim.reconfigure(|options| options.behaviour.unique_names = false);
    bench.post("/rest/company", company("Walgreens")).await.good();
}

/// Traps 12 and 16: ids are numbers or texts as the documentation has them, and a status is a code of the product.
#[tokio::test]
async fn partners_are_checked() {
    let bench = bench().await;
    for (field, value) in [
        ("name", json!("")),
        ("name", Value::Null),
        ("name", json!("x".repeat(129))),
        ("name", json!("Wal/greens")),
        ("partnerNetworks", json!([])),
        ("partnerNetworks", Value::Null),
        ("partnerNetworks", json!([{"id": "1"}])),
        ("partnerNetworks", json!([1])),
        ("partnerNetworks", json!([{"id": 99}])),
        ("primaryContact", json!("nobody")),
        ("status", json!("200")),
        ("status", json!(404)),
        ("enableSelfOnboard", json!(true)),
        ("spokeCompany", json!("false")),
    ] {
        let mut body = company("Walgreens");
        body["Company"][field] = value.clone();
        assert_eq!(bench.post("/rest/company", body).await.status, 400, "{field}: {value}");
    }
    let mut body = company("Smith & Sons, Ltd. (UK)_1-2’s");
    body["Company"]["primaryContact"] = json!("");
    body["Company"]["partnerParameter"] = json!([parameter("-0", TEXT, "passed over")]);
    assert_eq!(bench.post("/rest/company", body).await.good()["Company"]["partnerParameter"], json!([]));
    assert_eq!(bench.post("/rest/company", company("Walgreens")["Company"].clone()).await.status, 400);
}

/// Trap 9: an update has no id in its body, and says only what changes.
#[tokio::test]
async fn an_update_says_only_what_changes() {
    let bench = bench().await;
    let id = bench.partner("Wallgreens").await;
    bench.put(&path(&id), json!({"Company": {"name": "Walmart Corporate"}})).await.good();
    let mut expected = company("Walmart Corporate");
    expected["Company"]["id"] = json!(id);
    expected["Company"]["partnerParameter"] = json!([]);
    assert_eq!(bench.get(&path(&id)).await.good(), expected);
    assert_eq!(bench.put(&path("7"), json!({"Company": {"name": "X"}})).await.status, 404);
    assert_eq!(bench.put(&path(&id), json!({"Company": {"enableSelfOnboard": true}})).await.status, 400);
    bench.put(&path(&id), json!({"Company": {"enableSelfOnboard": false, "country": "US"}})).await.good();

    bench.sim.reconfigure(|options| options.behaviour.company_update = CompanyUpdate::Replace);
    assert_eq!(bench.put(&path(&id), json!({"Company": {"country": "US"}})).await.status, 400);
    let told = bench.put(&path(&id), json!({"Company": {"name": "Walgreens"}})).await.good();
    assert_eq!((&told["Company"]["phoneNumber"], &told["Company"]["country"]), (&json!(""), &json!("")));
    assert_eq!(told["Company"]["partnerNetworks"], json!([{"id": 1}]));
}

#[tokio::test]
async fn a_partner_is_switched_off_by_its_status() {
    let bench = bench_with(|options| options.behaviour.inactive_status = 299).await;
    let id = bench.partner("Walgreens").await;
    assert_eq!(bench.put(&path(&id), json!({"Company": {"status": 201}})).await.status, 400);
    let told = bench.put(&path(&id), json!({"Company": {"status": 299}})).await.good();
    assert_eq!((&told["Company"]["status"], bench.sim.partner("Walgreens").unwrap().active), (&json!(299), false));

    bench.put(&path(&id), json!({"Company": {"status": 200}})).await.good();
    bench.sim.reconfigure(|options| options.behaviour.partner_update_needs_inactive = true);
    assert_eq!(bench.put(&path(&id), json!({"Company": {"country": "US"}})).await.status, 409);
    bench.put(&path(&id), json!({"Company": {"status": 299, "country": "US"}})).await.good();
    bench.put(&path(&id), json!({"Company": {"country": "CA"}})).await.good();
}

/// Trap 7: partners are moved by POST, and by PUT in earlier versions; the array is the whole set.
#[tokio::test]
async fn partners_are_moved_by_post_or_put() {
    let bench = bench().await;
    let id = bench.partner("Walgreens").await;
    let to = |networks: &[u64]| {
        let networks: Vec<Value> = networks.iter().map(|id| json!({ "id": id })).collect();
        json!({"Company": {"partnerNetworks": networks, "name": "Walmart"}})
    };
    let networks = || bench.sim.edit(|state| state.companies.last().unwrap().networks.clone());
    bench.post(&path(&id), to(&[3, 2])).await.good();
    assert_eq!((networks(), bench.sim.partner("Walmart")), (vec![3, 2], None));
    bench.put(&path(&id), to(&[1])).await.good();
    assert_eq!((networks(), bench.sim.partner("Walmart").is_some()), (vec![1], true));
    assert_eq!(bench.post(&path(&id), json!({"Company": {}})).await.status, 400);
    bench.sim.reconfigure(|options| options.server.profile = Profile::Legacy);
    assert_eq!(bench.post(&path(&id), to(&[2])).await.status, 405);
    bench.put(&path(&id), to(&[2])).await.good();
}

/// Trap 13 and the rows: a negative id makes a row, a row is changed by its own id, and the others stay.
#[tokio::test]
async fn parameters_are_rows() {
    let bench = bench().await;
    let id = bench.partner("Walgreens").await;
    let told =
        set(&bench, &id, &[parameter("-0", TEXT, "Purchase Order"), parameter("-1", OTHER_TEXT, "c")]).await.good();
    let rows = told["Company"]["partnerParameter"].as_array().unwrap();
    let row = |place: usize| rows[place]["id"].as_str().unwrap();
    let expected = json!([parameter(row(0), TEXT, "Purchase Order"), parameter(row(1), OTHER_TEXT, "c")]);
    assert_eq!(told["Company"]["partnerParameter"], expected);
    assert_eq!(bench.get(&path(&id)).await.good()["Company"]["partnerParameter"], expected);

    set(&bench, &id, &[parameter(row(1), OTHER_TEXT, "d")]).await.good();
    assert_eq!(values(&bench), pairs([(TEXT, "Purchase Order"), (OTHER_TEXT, "d")]));
    for (wrong, why) in [
        (parameter(row(0), OTHER_TEXT, "x"), "the row of another parameter"),
        (parameter("7", TEXT, "x"), "no row"),
        (json!({"id": -1, "paramId": {"id": TEXT}, "value": "x"}), "a number"),
        (json!({"id": "-1", "paramId": {"id": 11_518_430_417_328_u64}, "value": "x"}), "a number"),
        (parameter("-1", "99", "x"), "no parameter"),
        (json!({"id": "-1", "paramId": {"id": TEXT}}), "no value"),
        (json!({"paramId": {"id": TEXT}, "value": "x"}), "no id"),
    ] {
        assert_eq!(set(&bench, &id, &[wrong]).await.status, 400, "{why}");
    }
    // As a number, "-0" has no sign any more, and is no row.
    bench.sim.reconfigure(|options| options.behaviour.strict_ids = false);
    let number: Value =
        serde_json::from_str(r#"{"id": -0, "paramId": {"id": "11518430417328"}, "value": "x"}"#).unwrap();
    assert_eq!(set(&bench, &id, &[number]).await.status, 400);
    assert_eq!(values(&bench).len(), 2);
}

#[tokio::test]
async fn a_negative_id_doubles_replaces_or_is_refused() {
    for (how, status, expected) in [
        (NegativeId::Doubles, 200, vec!["a", "b"]),
        (NegativeId::Replaces, 200, vec!["b"]),
        (NegativeId::Refused, 409, vec!["a"]),
    ] {
        let bench = bench_with(|options| options.behaviour.negative_id = how).await;
        let id = bench.partner("Walgreens").await;
        set(&bench, &id, &[parameter("-0", TEXT, "a")]).await.good();
        assert_eq!(set(&bench, &id, &[parameter("-0", TEXT, "b")]).await.status, status);
        let values: Vec<String> = values(&bench).into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, expected, "{how:?}");
    }
}

#[tokio::test]
async fn rows_that_are_left_out_stay_or_go() {
    for (how, expected) in [(LeftOutRows::Kept, 2), (LeftOutRows::Removed, 1)] {
        let bench = bench_with(|options| options.behaviour.left_out_rows = how).await;
        let id = bench.partner("Walgreens").await;
        set(&bench, &id, &[parameter("-0", TEXT, "a")]).await.good();
        set(&bench, &id, &[parameter("-0", OTHER_TEXT, "b")]).await.good();
        assert_eq!(values(&bench).len(), expected, "{how:?}");
    }
}

#[tokio::test]
async fn values_fit_their_parameters() {
    let bench = bench().await;
    let id = bench.partner("Walgreens").await;
    bench.sim.edit(|state| {
        let types = [
            ParameterType::Combo,
            ParameterType::Date,
            ParameterType::Email,
            ParameterType::Url,
            ParameterType::Number,
            ParameterType::Decimal,
        ];
        for (number, r#type) in (100..).zip(types) {
            let choices = vec!["A".to_owned(), "B".to_owned()];
            let definition =
                Definition { id: number, network: 1, r#type, max_length: Some(20), choices, unique: false };
            state.definitions.push(definition);
        }
        state.definitions.push(Definition {
            id: 200,
            network: 1,
            r#type: ParameterType::Text,
            max_length: None,
            choices: vec![],
            unique: true,
        });
        let other = state.add_partner("Other");
        other.parameters.push(crate::adeptia::sim::Parameter { id: 5, definition: 200, value: "mine".to_owned() });
    });
    for (definition, good, bad) in [
        ("100", "B", "Zebra"),
        ("101", "2026-02-28", "2026-02-30"),
        ("102", "a@b.example", "nowhere"),
        ("103", "https://b.example", "b.example"),
        ("104", "12", "1.5"),
        ("105", "1.5", "one"),
        ("103", "http://b.example", "https://much-too-long.example"),
        ("200", "yours", "mine"),
    ] {
        set(&bench, &id, &[parameter("-0", definition, good)]).await.good();
        let reply = set(&bench, &id, &[parameter("-0", definition, bad)]).await;
        assert!(matches!(reply.status, 400 | 409) && !reply.refusal().1.contains(bad), "{definition}: {reply:?}");
    }
    bench.post(&path(&id), json!({"Company": {"partnerNetworks": [{"id": 2}]}})).await.good();
    let refused = set(&bench, &id, &[parameter("-0", TEXT, "a")]).await.refusal();
    assert_eq!(refused, (400, format!("no network of the partner has the parameter {TEXT}")));
}

#[tokio::test]
async fn what_is_told_of_parameters_is_switched() {
    let bench = bench().await;
    let id = bench.partner("Walgreens").await;
    set(&bench, &id, &[parameter("-0", PASSWORD, "parameter-secret")]).await.good();
    let told = async || bench.get(&path(&id)).await.good()["Company"]["partnerParameter"].clone();
    assert_eq!(told().await[0]["value"], "*****");
    bench.sim.reconfigure(|options| options.answers.password_values = PasswordValues::Absent);
    assert_eq!(told().await[0].get("value"), None);
    bench.sim.reconfigure(|options| options.answers.password_values = PasswordValues::Plain);
    assert_eq!(told().await[0]["value"], "parameter-secret");
    bench.sim.reconfigure(|options| options.answers.get_parameters = Parameters::WithoutIds);
    assert!(told().await[0].get("id").is_none());
    bench.sim.reconfigure(|options| options.answers.get_parameters = Parameters::Absent);
    assert_eq!(told().await, Value::Null);

    let changed = async || bench.put(&path(&id), json!({"Company": {}})).await.good();
    assert!(changed().await["Company"]["partnerParameter"][0]["id"].is_string());
    bench.sim.reconfigure(|options| options.answers.changed_parameters = Parameters::Absent);
    assert!(changed().await["Company"].get("partnerParameter").is_none());
    bench.sim.reconfigure(|options| options.answers.company_answer = false);
    assert_eq!(changed().await, Value::Null);
    assert_eq!(bench.post("/rest/company", company("Other")).await.good(), Value::Null);
}

/// Trap 6, for partners: without a limit there is one, and that is the company itself.
#[tokio::test]
async fn the_list_of_partners_has_the_same_limit() {
    let bench = bench().await;
    bench.partner("Walgreens").await;
    let names = async |path| {
        let told = bench.get(path).await.good();
        let names = told["Company"].as_array().unwrap().iter().map(|company| company["name"].clone());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names("/rest/company").await, ["Adeptia"]);
    assert_eq!(names("/rest/company?limit=10").await, ["Adeptia", "Walgreens"]);
    bench.sim.reconfigure(|options| options.answers.get_company = false);
    assert_eq!((bench.get("/rest/company").await.status, bench.get("/rest/company/1").await.status), (405, 405));
}

/// Traps 4 and 26: a deletion is a PUT, needs an inactive partner, and takes the transactions along.
#[tokio::test]
async fn a_partner_goes_with_its_transactions() {
    let bench = bench().await;
    let id = bench.partner("Walgreens").await;
    bench.sim.edit(|state| {
        state.companies.last_mut().unwrap().transactions = 3;
        let partner: u64 = id.parse().unwrap();
        state.add_user("wal@greens.example").partner = Some(partner);
    });
    let delete = format!("/rest/company/deletepartner/{id}");
    assert_eq!(bench.press(&delete).await.refusal(), (409, "the partner is active; deactivate it first".to_owned()));
    assert_eq!(bench.delete(&path(&id)).await.status, 405);
    bench.put(&path(&id), json!({"Company": {"status": 201}})).await.good();
    bench.press(&delete).await.good();
    assert_eq!((bench.sim.partner("Walgreens"), bench.sim.user("wal@greens.example")), (None, None));
    assert_eq!(bench.sim.effect("Walgreens transactions"), 3);
    assert_eq!(bench.press(&delete).await.status, 404);
    assert_eq!(bench.press("/rest/company/deletepartner/1").await.status, 403);
    bench.sim.reconfigure(|options| options.behaviour.absent_deletion = Repeat::NoOp);
    bench.press(&delete).await.good();

    bench.sim.reconfigure(|options| {
        options.server.profile = Profile::Legacy;
        options.behaviour.delete_partner_needs_inactive = false;
    });
    let id = bench.partner("Walmart").await;
    assert_eq!(bench.press(&format!("/rest/company/deletepartner/{id}")).await.status, 404);
    bench.delete(&path(&id)).await.good();
    assert_eq!(bench.sim.partner("Walmart"), None);
}
