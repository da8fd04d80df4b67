//! Every guess about the vendor, both ways: an account's whole life with each switch of the simulator turned.

use futures::StreamExt;
use provost::engine::admin_api::AdminApi;
use provost::myintranetapps::sim::options::{
    ConflictBody, ContentType, CountStyle, Credentials, DeniedCode, EmptyList, Environment, ErrorStateStyle,
    ErrorTransport, FlagStyle, MissingCnameCode, NeverStyle, NoDomain, NumberStyle, PackageStyle, Unexpected,
    UnknownKeyCode,
};
use provost::myintranetapps::sim::{Breakage, Change, Options};
use provost::myintranetapps::tenant_account::TenantAccount;
use serde_json::json;

use crate::stage::{API, CREDENTIALS, Conditioned, Stage, account, external_id};

/// How many lives are led at the same time.
const AT_ONCE: usize = 6;

/// The default, and each switch in each other position.
fn positions() -> Vec<(&'static str, Options)> {
    // No `..`: a new switch does not compile before it has a line here and below.
    let Options {
        root_domain: _,
        error_transport: _,
        denied_credentials: _,
        denied_account_key: _,
        conflict_body: _,
        unknown_key_update: _,
        missing_cname: _,
        extra_update_properties: _,
        unknown_status_filter: _,
        content_type: _,
        status_code_style: _,
        list_inactive: _,
        list_master: _,
        package_style: _,
        no_domain: _,
        empty_list: _,
        error_state_style: _,
        flag_style: _,
        count_style: _,
        never_style: _,
        extra_answer_fields: _,
        lose_response_after_create: _,
        seed_connections: _,
        default_package: _,
        master_subdomain: _,
        taken_subdomains: _,
        known_cnames: _,
        latency_ms: _,
        credentials: _,
    } = Options::default();
    let base = Options::default;
    vec![
        ("the defaults", base()),
        ("root_domain", Options { root_domain: "bossinsights.uk".into(), ..base() }),
        ("error_transport", Options { error_transport: ErrorTransport::Always200, ..base() }),
        ("denied_credentials", Options { denied_credentials: DeniedCode::C403, ..base() }),
        ("denied_account_key", Options { denied_account_key: DeniedCode::C401, ..base() }),
        ("conflict_body", Options { conflict_body: ConflictBody::Blank, ..base() }),
        ("unknown_key_update", Options { unknown_key_update: UnknownKeyCode::C400, ..base() }),
        ("missing_cname", Options { missing_cname: MissingCnameCode::C422, ..base() }),
        ("extra_update_properties", Options { extra_update_properties: Unexpected::Refuse, ..base() }),
        ("unknown_status_filter", Options { unknown_status_filter: Unexpected::Refuse, ..base() }),
        ("content_type", Options { content_type: ContentType::Html, ..base() }),
        ("status_code_style", Options { status_code_style: NumberStyle::String, ..base() }),
        ("list_inactive", Options { list_inactive: false, ..base() }),
        ("list_master", Options { list_master: true, ..base() }),
        ("package_style: number", Options { package_style: PackageStyle::Number, ..base() }),
        ("package_style: null", Options { package_style: PackageStyle::Null, ..base() }),
        ("no_domain", Options { no_domain: NoDomain::Null, ..base() }),
        ("empty_list: object", Options { empty_list: EmptyList::Object, ..base() }),
        ("empty_list: missing", Options { empty_list: EmptyList::Missing, ..base() }),
        ("error_state_style", Options { error_state_style: ErrorStateStyle::Flag, ..base() }),
        ("flag_style", Options { flag_style: FlagStyle::Number, error_state_style: ErrorStateStyle::Flag, ..base() }),
        ("count_style: number", Options { count_style: CountStyle::Number, ..base() }),
        ("count_style: null", Options { count_style: CountStyle::Null, ..base() }),
        ("never_style", Options { never_style: NeverStyle::Zeros, ..base() }),
        ("extra_answer_fields", Options { extra_answer_fields: true, ..base() }),
        ("lose_response_after_create", Options { lose_response_after_create: true, ..base() }),
        ("seed_connections", Options { seed_connections: Some(Environment::Sandbox), ..base() }),
        ("default_package", Options { default_package: "7".into(), ..base() }),
        ("master_subdomain", Options { master_subdomain: "chief".into(), ..base() }),
        ("taken_subdomains", Options { taken_subdomains: vec!["other".into()], ..base() }),
        ("known_cnames", Options { known_cnames: vec!["accounts.example".into()], ..base() }),
        ("latency_ms", Options { latency_ms: 20, ..base() }),
        ("credentials", Options { credentials: credentials(), ..base() }),
    ]
}

fn credentials() -> Credentials {
    let [username, password] = ["another-admin", "p\u{e4}ss w\u{f6}rd:with colon "].map(str::to_owned);
    Credentials { username, password, account_key: "0123456789012.98765432".into(), ..Credentials::default() }
}

#[tokio::test]
async fn an_account_lives_its_life_in_any_position_of_any_switch() {
    let lives = futures::stream::iter(positions()).map(|(switch, options)| async move {
        // A task of its own, so that a failure tells whose it is.
        let life = tokio::spawn(live(switch, options)).await;
        assert!(life.is_ok(), "with {switch}");
    });
    lives.buffer_unordered(AT_ONCE).collect::<()>().await;
}

async fn live(switch: &str, options: Options) {
    let mut stage = Stage::connected_to(options.clone()).await;
    created_and_changed(&stage, switch).await;
    looked_after(&stage, switch, &options).await;
    switched_off_and_on(&mut stage, switch).await;
    turned_away(&stage, switch, &options).await;
    locked_out(&stage, switch).await;
}

async fn created_and_changed(stage: &Stage, switch: &str) {
    // A package of its own, the installation's, and an inactive account that the list may hide.
    stage.account("generalco", json!({"packageId": "93", "active": true})).await;
    stage.account("plain", json!({})).await;
    stage.account("asleep", json!({"active": false})).await;
    for name in ["generalco", "plain", "asleep"] {
        let account = stage.ready(name).await;
        let made = stage.vendor.account_by_subdomain(name).unwrap();
        assert_eq!(external_id(&account), Some(made.key.as_str()), "{switch}");
        assert_eq!(made.active, name != "asleep", "{switch}");
    }
    stage.edit("generalco", json!({"packageId": "94"})).await;
    stage.ready("generalco").await;
    let drift = Change { email_admin: Some("thief@evil.example".into()), ..Change::default() };
    stage.vendor.edit("generalco", drift).unwrap();
    stage.resynced("generalco").await;
    let made = stage.vendor.account_by_subdomain("generalco").unwrap();
    assert_eq!(
        (made.package_id.as_deref(), made.email_admin.as_str()),
        (Some("94"), "cfo@generalco.example"),
        "{switch}"
    );
    // From now on there is nothing to do, whatever the styles.
    let writes = stage.vendor_writes().len();
    for name in ["generalco", "plain", "asleep"] {
        let account = stage.resynced(name).await;
        assert!(account.is("Ready", "True", "Converged"), "{switch}: {account:#?}");
    }
    let again = &stage.vendor_writes()[writes..];
    // A hidden account's fields cannot be compared, and are sent once when that is found out.
    let hidden = |(operation, body): &(&str, serde_json::Value)| {
        *operation == "update_account" && body.get("email_admin").is_some()
    };
    assert!(again.len() <= usize::from(switch == "list_inactive") && again.iter().all(hidden), "{switch}: {again:#?}");
    assert_eq!(stage.vendor.journal().performed("create_account"), 3, "{switch}");
}

async fn looked_after(stage: &Stage, switch: &str, options: &Options) {
    stage.vendor.add_connection("generalco", "xero", |connection| connection.last_sync = None).unwrap();
    let verdict = |account: &TenantAccount| {
        account.verdict("ConnectionsHealthy").map(|(status, reason)| (status.to_owned(), reason.to_owned()))
    };
    let expect = |status: &str, reason: &str| Some((status.to_owned(), reason.to_owned()));
    assert_eq!(verdict(&stage.resynced("generalco").await), expect("True", "Healthy"), "{switch}");
    let breakage = Breakage { integration: Some("xero".into()), errors: Some(10), ..Breakage::default() };
    stage.vendor.break_connection("generalco", &breakage).unwrap();
    // Where the count is never shown, only the error is.
    let reason = if options.count_style == CountStyle::Null { "InErrorState" } else { "SyncPaused" };
    assert_eq!(verdict(&stage.resynced("generalco").await), expect("False", reason), "{switch}");
    stage.vendor.mend_connection("generalco", None).unwrap();
    assert_eq!(verdict(&stage.resynced("generalco").await), expect("True", "Healthy"), "{switch}");
}

async fn switched_off_and_on(stage: &mut Stage, switch: &str) {
    let key = stage.vendor.account_by_subdomain("generalco").unwrap().key;
    stage.delete::<TenantAccount>("generalco").await;
    stage.gone::<TenantAccount>("generalco").await;
    assert!(!stage.vendor.account_by_subdomain("generalco").unwrap().active, "{switch}");
    stage.restart_operator().await;
    stage.account("generalco", json!({"packageId": "95"})).await;
    let account = stage.ready("generalco").await;
    assert_eq!(external_id(&account), Some(key.as_str()), "{switch}");
    let made = stage.vendor.account_by_subdomain("generalco").unwrap();
    assert_eq!((made.active, made.package_id.as_deref()), (true, Some("95")), "{switch}");
}

async fn turned_away(stage: &Stage, switch: &str, options: &Options) {
    stage.vendor.take_subdomain("stranger");
    stage.account("stranger", json!({})).await;
    stage.unready("stranger", "KeyTaken").await;
    stage.account(&options.master_subdomain, json!({})).await;
    let master = stage.until(&options.master_subdomain, |account: &TenantAccount| {
        account.is("Ready", "False", "KeyTaken") || account.is("Ready", "False", "AlreadyExists")
    });
    // Only a list that shows the master account can tell whose the subdomain is.
    assert_eq!(master.await.is("Ready", "False", "AlreadyExists"), options.list_master, "{switch}");
    stage.account("branded", json!({"domain": "accounts.example"})).await;
    if options.known_cnames.is_empty() {
        stage.unready("branded", "Refused").await;
    } else {
        stage.ready("branded").await;
    }
    let mut lost = account("lost", json!({}));
    lost["metadata"]["annotations"] = json!({"provost.dev/external-id": "5a70d8fcd44aa9.76285892"});
    stage.apply(&lost).await;
    stage.unready("lost", "Adopted").await;
    stage.looked_at::<TenantAccount>("lost").await;
    let gone = |account: &TenantAccount| {
        account.is("Ready", "False", "ExternalObjectGone") || account.is("Ready", "False", "Refused")
    };
    stage.until("lost", gone).await;
    let made = stage.vendor.journal().performed("create_account");
    assert_eq!(made, if options.known_cnames.is_empty() { 3 } else { 4 }, "{switch}");
}

async fn locked_out(stage: &Stage, switch: &str) {
    for key in ["password", "accountKey"] {
        let mut wrong = stage.credentials();
        wrong[key] = json!("not-this-one");
        stage.write_secret(CREDENTIALS, wrong).await;
        let api = stage.api_unready("Denied").await;
        assert!(api.is("Authenticated", "False", "Denied"), "{switch}: {api:#?}");
        stage.write_secret(CREDENTIALS, stage.credentials()).await;
        stage.api_ready().await;
    }
    stage.looked_at::<AdminApi>(API).await;
}
