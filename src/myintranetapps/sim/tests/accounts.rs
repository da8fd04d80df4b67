//! Creating, listing and updating accounts.

use serde_json::{Value, json};

use super::{Reply, bench, bench_with, create_body};
use crate::myintranetapps::sim::options::{
    ConflictBody, EmptyList, Environment, ErrorTransport, MissingCnameCode, NoDomain, PackageStyle, Unexpected,
    UnknownKeyCode,
};

#[tokio::test]
async fn a_create_answers_in_the_documented_words() {
    let bench = bench().await;
    let reply = bench.create(json!({"subdomain": "Example"})).await.json();
    let account = bench.sim.account_by_subdomain("example").unwrap();
    let documented = json!({
        "status_code": 200,
        "message": "Account successfully created",
        "account_key": account.key,
        "subdomain": "Example",
        "account_domain": "Example.myintranetapps.com",
        "name": "new client name",
        "admin_email": "newaccountadmin@email.com",
    });
    assert_eq!(reply, documented);
    assert_eq!((account.package_id.as_deref(), account.active, account.r#type.as_str()), (Some("9"), true, "standard"));
    assert!(account.datashare && account.has_password);
    assert!(bench.sim.admin_login("EXAMPLE", "newadminpassword") && !bench.sim.admin_login("example", "other"));
}

#[tokio::test]
async fn account_keys_look_like_uniqid_and_never_repeat() {
    let bench = bench().await;
    let mut keys = Vec::new();
    for number in 0..20 {
        let key = bench.created(&format!("company-{number}")).await;
        let (time, digits) = key.split_once('.').unwrap();
        assert_eq!((time.len(), digits.len()), (14, 8), "{key}");
        assert!(time.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()));
        assert!(digits.bytes().all(|byte| byte.is_ascii_digit()));
        keys.push(key);
    }
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 20);
}

#[tokio::test]
async fn optional_properties_can_be_left_out_and_newer_ones_given() {
    let bench = bench().await;
    let body = json!({"package_id": null, "type": null, "datashare": null, "password": "", "subdomain": "plain"});
    assert_eq!(bench.create(body).await.codes(), (200, 200));
    let plain = bench.sim.account_by_subdomain("plain").unwrap();
    assert_eq!(
        (plain.package_id.clone(), plain.r#type.as_str(), plain.datashare, plain.has_password),
        (None, "standard", false, false)
    );
    assert!(!bench.sim.admin_login("plain", ""));

    let body =
        json!({"first_name": "Jane", "last_name": "Doe", "environment": "sandbox", "type": "reseller", "domain": ""});
    assert_eq!(bench.create(body).await.codes(), (200, 200));
    let newer = bench.sim.account_by_subdomain("example").unwrap();
    assert_eq!((newer.first_name.as_deref(), newer.last_name.as_deref()), (Some("Jane"), Some("Doe")));
    assert_eq!((newer.environment, newer.r#type.as_str()), (Some(Environment::Sandbox), "reseller"));
}

#[tokio::test]
async fn required_properties_are_required() {
    let bench = bench().await;
    for name in ["name", "active", "email_admin", "password", "subdomain"] {
        let mut body = create_body(json!({}));
        body.as_object_mut().unwrap().remove(name);
        let reply = bench.post(body).await;
        assert_eq!(reply.codes(), (400, 400), "{name}");
        assert_eq!(reply.json()["message"], format!("{name} is required"));
    }
    assert_eq!(bench.sim.accounts(), []);
}

#[tokio::test]
async fn wrong_values_are_refused() {
    let bench = bench().await;
    let longest = "a".repeat(50);
    for (name, wrong) in [
        ("subdomain", json!("a".repeat(51))),
        ("subdomain", json!("under_score")),
        ("subdomain", json!("dot.ted")),
        ("subdomain", json!("größe")),
        ("subdomain", json!("")),
        ("subdomain", json!(7)),
        ("active", json!(true)),
        ("active", json!("yes")),
        ("active", json!(2)),
        ("datashare", json!(false)),
        ("type", json!("Standard")),
        ("package_id", json!("gold")),
        ("package_id", json!("")),
        ("package_id", json!(true)),
        ("email_admin", json!("nobody")),
        ("environment", json!("staging")),
        ("name", json!(" ")),
        ("password", json!(["x"])),
    ] {
        assert_eq!(bench.create(json!({ name: wrong })).await.codes(), (400, 400), "{name} {wrong}");
    }
    assert_eq!(bench.sim.accounts(), []);
    bench.created(&longest).await;
}

#[tokio::test]
async fn flags_and_packages_may_be_numbers() {
    let bench = bench().await;
    let reply = bench.create(json!({"active": 0, "datashare": 1, "package_id": 93})).await;
    assert_eq!(reply.codes(), (200, 200));
    let account = bench.sim.account_by_subdomain("example").unwrap();
    assert_eq!((account.active, account.datashare, account.package_id.as_deref()), (false, true, Some("93")));
}

#[tokio::test]
async fn a_subdomain_is_taken_whatever_its_case_and_whoever_has_it() {
    let bench = bench_with(|options| options.taken_subdomains = vec!["Stranger".to_owned()]).await;
    let key = bench.created("generalco").await;
    bench.update(&key, json!({"active": "0"})).await;
    bench.sim.take_subdomain("later");
    for taken in ["generalco", "GeneralCo", "stranger", "LATER", "master"] {
        let reply = bench.create(json!({ "subdomain": taken })).await;
        assert_eq!(reply.codes(), (409, 409), "{taken}");
        assert!(reply.json()["message"].is_string());
    }
    assert_eq!(bench.sim.accounts().len(), 1);
    assert_eq!(bench.list().await["accounts"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_conflict_can_come_with_http_200_or_with_a_blank_body() {
    let bench = bench_with(|options| options.error_transport = ErrorTransport::Always200).await;
    bench.created("generalco").await;
    assert_eq!(bench.create(json!({"subdomain": "generalco"})).await.codes(), (200, 409));
    bench.sim.reconfigure(|options| options.conflict_body = ConflictBody::Blank);
    for transport in [ErrorTransport::Always200, ErrorTransport::Mirror] {
        bench.sim.reconfigure(|options| options.error_transport = transport);
        let reply = bench.create(json!({"subdomain": "generalco"})).await;
        assert_eq!((reply.status, reply.text.as_str()), (409, ""));
    }
}

#[tokio::test]
async fn a_custom_domain_needs_its_cname() {
    let bench = bench_with(|options| options.known_cnames = vec!["www.redirect.com".to_owned()]).await;
    assert_eq!(bench.create(json!({"domain": "www.other.com"})).await.codes(), (400, 400));
    bench.sim.reconfigure(|options| options.missing_cname = MissingCnameCode::C422);
    assert_eq!(bench.create(json!({"domain": "www.other.com"})).await.codes(), (422, 422));
    assert_eq!(bench.sim.accounts(), []);
    assert_eq!(bench.create(json!({"domain": "WWW.redirect.com"})).await.codes(), (200, 200));
    assert_eq!(bench.list().await["accounts"][0]["domain"], "WWW.redirect.com");
}

#[tokio::test]
async fn a_post_without_action_creates() {
    let bench = bench().await;
    let key = bench.created("generalco").await;
    let misspelt = create_body(json!({"Action": "update_account", "account_key": key, "subdomain": "oops"}));
    assert_eq!(bench.post(misspelt).await.codes(), (200, 200));
    assert!(bench.sim.account_by_subdomain("oops").is_some());
    let forgotten = bench.post(json!({"account_key": key, "active": "0"})).await;
    assert_eq!(forgotten.json()["message"], "password is required");

    let query_does_not_count = format!("{}?action=update_account", bench.script());
    let request = bench.http.post(query_does_not_count).basic_auth("api-admin", Some("correct-horse"));
    let request = request.header("Account-Key", "5a50d8fed44aa9.76285894");
    let mut body = create_body(json!({"subdomain": "again"}));
    body["action"] = Value::Null;
    let reply = Reply::of(request.json(&body).send().await.unwrap()).await;
    assert_eq!(reply.codes(), (200, 200));
    assert_eq!(bench.sim.journal().performed("create_account"), 3);
}

#[tokio::test]
async fn the_list_uses_its_own_words() {
    let bench = bench().await;
    let key = bench.created("generalco").await;
    let documented = json!({
        "status_code": 200,
        "message": "Accounts list successfully generated",
        "accounts": [{
            "name": "new client name",
            "key": key,
            "subdomain": "generalco",
            "domain": "",
            "package_id": "9",
            "email_admin": "newaccountadmin@email.com",
        }],
    });
    assert_eq!(bench.list().await, documented);
}

#[tokio::test]
async fn inactive_accounts_stay_in_the_list_or_not() {
    let bench = bench().await;
    bench.create(json!({"active": "0"})).await;
    assert_eq!(bench.list().await["accounts"].as_array().unwrap().len(), 1);
    bench.sim.reconfigure(|options| options.list_inactive = false);
    assert_eq!(bench.list().await["accounts"], json!([]));
    assert_eq!(bench.create(json!({})).await.codes(), (409, 409));
}

#[tokio::test]
async fn the_master_account_is_in_the_list_or_not() {
    let bench = bench_with(|options| options.list_master = true).await;
    bench.created("generalco").await;
    let accounts = bench.list().await["accounts"].clone();
    assert_eq!((&accounts[0]["key"], &accounts[0]["subdomain"]), (&json!("5a50d8fed44aa9.76285894"), &json!("master")));
    assert_eq!(accounts.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn packages_are_listed_in_three_styles() {
    let bench = bench().await;
    bench.created("given").await;
    bench.create(json!({"subdomain": "default", "package_id": null})).await;
    for (style, given, default) in [
        (PackageStyle::String, json!("9"), json!("1")),
        (PackageStyle::Number, json!(9), json!(1)),
        (PackageStyle::Null, json!("9"), json!(null)),
    ] {
        bench.sim.reconfigure(|options| options.package_style = style);
        let accounts = bench.list().await["accounts"].clone();
        assert_eq!((&accounts[0]["package_id"], &accounts[1]["package_id"]), (&given, &default));
    }
}

#[tokio::test]
async fn a_missing_domain_and_an_empty_list_have_their_styles() {
    let bench = bench().await;
    for (style, expected) in
        [(EmptyList::Array, Some(json!([]))), (EmptyList::Object, Some(json!({}))), (EmptyList::Missing, None)]
    {
        bench.sim.reconfigure(|options| options.empty_list = style);
        assert_eq!(bench.list().await.get("accounts"), expected.as_ref());
        assert_eq!(bench.health("").await.get("connections"), expected.as_ref());
    }
    bench.created("generalco").await;
    assert_eq!(bench.list().await["accounts"][0]["domain"], "");
    bench.sim.reconfigure(|options| options.no_domain = NoDomain::Null);
    assert_eq!(bench.list().await["accounts"][0]["domain"], Value::Null);
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_leaves_the_rest() {
    let bench = bench().await;
    let key = bench.created("generalco").await;
    let before = bench.sim.accounts().remove(0);
    let reply = bench.update(&key, json!({"active": 0})).await;
    let documented = json!({"status_code": 200, "message": "Account successfully updated", "account_key": key});
    assert_eq!(reply.json(), documented);
    assert_eq!(bench.sim.accounts(), [crate::myintranetapps::sim::Account { active: false, ..before.clone() }]);

    bench.update(&key, json!({"package_id": 12, "email_admin": "cfo@example.com"})).await;
    let after = bench.sim.accounts().remove(0);
    assert_eq!(
        (after.package_id.as_deref(), after.email_admin.as_str(), after.active),
        (Some("12"), "cfo@example.com", false)
    );
    assert_eq!((after.name, after.subdomain), (before.name, before.subdomain));
}

#[tokio::test]
async fn an_update_needs_a_key_something_to_change_and_right_values() {
    let bench = bench().await;
    let key = bench.created("generalco").await;
    let before = bench.sim.accounts();
    assert_eq!(bench.update(&key, json!({})).await.codes(), (400, 400));
    assert_eq!(bench.update(&key, json!({"account_key": null, "active": "0"})).await.codes(), (400, 400));
    assert_eq!(bench.update(&key, json!({"active": false})).await.codes(), (400, 400));
    assert_eq!(bench.update(&key, json!({"package_id": "x", "active": "0"})).await.codes(), (400, 400));
    assert_eq!(bench.update(&key, json!({"email_admin": "x"})).await.codes(), (400, 400));
    assert_eq!(bench.sim.accounts(), before);
}

#[tokio::test]
async fn an_update_of_an_unknown_account_is_refused_with_either_code() {
    for (switch, code) in [(UnknownKeyCode::C404, 404), (UnknownKeyCode::C400, 400)] {
        let bench = bench_with(|options| options.unknown_key_update = switch).await;
        bench.created("generalco").await;
        // Neither the caller's own key nor a subdomain names an account here.
        for key in ["5aa2e93c0ea374.82746293", "5a50d8fed44aa9.76285894", "generalco"] {
            assert_eq!(bench.update(key, json!({"active": "0"})).await.codes(), (code, u64::from(code)), "{key}");
        }
        assert!(bench.sim.accounts()[0].active);
    }
}

#[tokio::test]
async fn what_cannot_be_updated_is_ignored_or_refused() {
    let bench = bench().await;
    let key = bench.created("generalco").await;
    assert_eq!(
        bench.update(&key, json!({"active": "1", "name": "other", "password": "other"})).await.codes(),
        (200, 200)
    );
    assert_eq!(bench.update(&key, json!({"name": "other"})).await.codes(), (400, 400));
    assert_eq!(bench.sim.accounts()[0].name, "new client name");
    assert!(bench.sim.admin_login("generalco", "newadminpassword"));
    bench.sim.reconfigure(|options| options.extra_update_properties = Unexpected::Refuse);
    let reply = bench.update(&key, json!({"active": "0", "name": "other"})).await;
    assert_eq!(reply.json()["message"], "name cannot be updated");
    assert!(bench.sim.accounts()[0].active);
}
