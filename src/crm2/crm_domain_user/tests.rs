//! Tests of what needs no vendor.

use serde_json::{Value as Json, json};

use super::*;

fn spec(fields: Json) -> CrmDomainUserSpec {
    let mut spec = json!({"adminApi": {"name": "crm2"}, "userId": "Grace@Acme.example", "userIdType": "GoogleApps"});
    for (field, value) in fields.as_object().into_iter().flatten() {
        spec[field] = value.clone();
    }
    serde_json::from_value(spec).unwrap()
}

fn desired(fields: Json) -> Vec<(String, String)> {
    let state = CrmDomainUsers::desired(&spec(fields), &Siblings::default()).unwrap();
    state.iter().map(|(path, value)| (path.to_owned(), value.remembered())).collect()
}

/// Trap 13.
#[test]
fn two_specs_of_one_login_have_one_key() {
    let key = |id_type: &str, user_id: &str| {
        CrmDomainUsers::natural_key(&spec(json!({"userIdType": id_type, "userId": user_id})))
    };
    assert_eq!(key("GoogleApps", "grace@acme.example"), "user GOOGLE_APPS/grace@acme.example");
    assert_eq!(key("GoogleApps", "Grace@Acme.Example"), key("GoogleApps", "grace@acme.example"));
    assert_ne!(key("Internal", "Grace"), key("Internal", "grace"));
    assert_ne!(key("Internal", "grace"), key("TwitterLogin", "grace"));
}

#[test]
fn an_absent_field_is_not_managed() {
    let identity = [("userId", "\"grace@acme.example\""), ("userIdType", "\"GoogleApps\"")];
    let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect()
    };
    assert_eq!(desired(json!({"contactId": "5166"})), owned(&[&[("contactId", "\"5166\"")], &identity[..]].concat()));
    let contact = desired(json!({"contact": {"lastName": "Hopper"}}));
    assert_eq!(contact, owned(&[&[("contact.lastName", "\"Hopper\"")], &identity[..]].concat()));
}

#[test]
fn each_permission_is_a_field_of_its_own() {
    let permissions = json!({"granted": ["CONTACT_VIEW"], "revoked": ["DOMAIN_CONF"]});
    let state = desired(json!({"contactId": "5166", "permissions": permissions}));
    let of = |name: &str| {
        state.iter().find(|(path, _)| path == &format!("permissions.{name}")).map(|(_, value)| value.as_str())
    };
    assert_eq!((of("CONTACT_VIEW"), of("DOMAIN_CONF"), of("OTHER")), (Some("\"Granted\""), Some("\"Revoked\""), None));
}

#[test]
fn only_what_was_granted_is_undone() {
    let withdrawn = |path: &str, sent: &str| CrmDomainUsers::withdrawn(path, sent).map(|value| value.remembered());
    assert_eq!(withdrawn("permissions.CONTACT_VIEW", "\"Granted\"").as_deref(), Some("\"Revoked\""));
    assert_eq!(withdrawn("permissions.CONTACT_VIEW", "\"Revoked\""), None);
    assert_eq!(withdrawn("contact.firstName", "\"Granted\""), None);
}

#[test]
fn words_of_the_vendor_have_ours_or_stay() {
    for id_type in [UserIdType::GoogleApps, UserIdType::TwitterLogin, UserIdType::Internal] {
        assert_eq!(UserIdType::of_token(&id_type.token().to_lowercase()), format!("{id_type:?}"));
    }
    assert_eq!(UserIdType::of_token(" SAML "), "SAML");
}
