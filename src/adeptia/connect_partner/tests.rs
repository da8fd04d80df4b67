//! Tests of what a ConnectPartner asks for, and of what is sent; the trap numbers are those of the contract's section 4.

use super::*;
use crate::engine::diff::Effect;
use crate::engine::kind::AdminApiReference;
use crate::engine::state::row;

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
