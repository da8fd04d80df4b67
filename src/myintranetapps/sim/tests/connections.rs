//! Connection health, embed tokens and allowed sites.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Bench, bench};
use crate::myintranetapps::sim::options::{
    CountStyle, Environment, ErrorStateStyle, FlagStyle, NeverStyle, Unexpected,
};
use crate::myintranetapps::sim::{Breakage, ConnectionStatus, NewAccount};

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

async fn with_three_connections() -> Bench {
    let bench = bench().await;
    for subdomain in ["first", "second"] {
        bench.sim.add_account(NewAccount::new(subdomain)).unwrap();
    }
    bench.sim.add_connection("first", "quickbooks", |_| {}).unwrap();
    bench.sim.add_connection("first", "xero", |connection| connection.status = ConnectionStatus::Pending).unwrap();
    bench
        .sim
        .add_connection("second", "quickbooks", |connection| connection.status = ConnectionStatus::Inactive)
        .unwrap();
    bench
}

/// Which app of which account, in the order given.
fn rows(health: &Value) -> Vec<(String, String)> {
    let rows = health["connections"].as_array().unwrap();
    assert_eq!(health["count"], json!(rows.len()));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    rows.iter().map(|row| (text(&row["name"]), text(&row["integration"]))).collect()
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(account, app)| (account.to_owned(), app.to_owned())).to_vec()
}

#[tokio::test]
async fn health_answers_in_the_documented_words() {
    let bench = bench().await;
    let key = bench.created("testborrower").await;
    let connection = bench.sim.add_connection("testborrower", "quickbooks", |connection| {
        connection.property = "Boss Widgets Inc".to_owned();
        connection.expires = time("2021-11-05T19:02:23Z");
        connection.created = time("2021-11-05T18:02:23Z");
        connection.last_sync = Some(time("2022-05-02T04:05:59Z"));
        connection.last_sync_error = Some(time("2022-01-20T04:05:50Z"));
        connection.last_sync_error_count = Some(0);
        connection.last_sync_error_message = Some("warning: failed".to_owned());
    });
    assert_eq!(connection.unwrap().status, ConnectionStatus::Active);
    let documented = json!({
        "status_code": 200,
        "message": "Connection health generated",
        "count": 1,
        "connections": [{
            "integration": "quickbooks",
            "property": "Boss Widgets Inc",
            "expires": "2021-11-05 19:02:23",
            "created": "2021-11-05 18:02:23",
            "status": "ACTIVE",
            "environment": "production",
            "last_sync": "2022-05-02 04:05:59",
            "last_sync_error": "2022-01-20 04:05:50",
            "last_sync_error_count": "0",
            "last_sync_error_message": "warning: failed",
            "active": true,
            "name": "new client name",
            "account_key": key,
            "in_error_state": false,
        }],
    });
    assert_eq!(bench.health("").await, documented);
}

#[tokio::test]
async fn filters_limit_the_answer_and_limit_it_together() {
    let bench = with_three_connections().await;
    let first = bench.sim.account_by_subdomain("first").unwrap().key;
    let all = pairs([("first", "quickbooks"), ("first", "xero"), ("second", "quickbooks")]);
    assert_eq!(rows(&bench.health("").await), all);
    assert_eq!(rows(&bench.health("&account_key=&statuses=").await), all);
    assert_eq!(rows(&bench.health(&format!("&account_key={first}")).await), all[..2]);
    assert_eq!(rows(&bench.health("&statuses=PENDING,INACTIVE").await), all[1..]);
    assert_eq!(rows(&bench.health("&statuses=PENDING%2CINACTIVE").await), all[1..]);
    assert_eq!(rows(&bench.health(&format!("&statuses=ACTIVE,INACTIVE&account_key={first}")).await), all[..1]);
    assert_eq!(rows(&bench.health("&account_key=unknown").await), []);
}

#[tokio::test]
async fn an_unknown_status_matches_nothing_or_is_refused() {
    let bench = with_three_connections().await;
    assert_eq!(rows(&bench.health("&statuses=active").await), []);
    assert_eq!(rows(&bench.health("&statuses=BROKEN,PENDING").await), pairs([("first", "xero")]));
    bench.sim.reconfigure(|options| options.unknown_status_filter = Unexpected::Refuse);
    assert_eq!(bench.get("action=connection_health&statuses=active,PENDING").await.codes(), (400, 400));
    assert_eq!(rows(&bench.health("&statuses=PENDING").await), pairs([("first", "xero")]));
}

#[tokio::test]
async fn a_broken_connection_shows_it_and_a_mended_one_keeps_only_the_text() {
    let bench = with_three_connections().await;
    let breakage = Breakage { integration: Some("quickbooks".to_owned()), errors: Some(10), ..Breakage::default() };
    assert_eq!(bench.sim.break_connection("first", &breakage), Ok(1));
    let broken = bench.health("&statuses=ACTIVE").await["connections"][0].clone();
    assert_eq!((&broken["in_error_state"], &broken["last_sync_error_count"]), (&json!(true), &json!("10")));
    assert_eq!(broken["last_sync_error_message"], "warning: failed to make request to quickbooks, code:500");
    assert!(broken["last_sync_error"].is_string());

    assert_eq!(bench.sim.mend_connection("first", Some("quickbooks")), Ok(1));
    let mended = bench.health("&statuses=ACTIVE").await["connections"][0].clone();
    assert_eq!((&mended["in_error_state"], &mended["last_sync_error_count"]), (&json!(false), &json!("0")));
    assert_eq!(mended["last_sync_error_message"], broken["last_sync_error_message"]);
    assert!(bench.sim.break_connection("nobody", &Breakage::default()).is_err());
}

#[tokio::test]
async fn a_connection_can_be_broken_by_its_status_alone() {
    let bench = with_three_connections().await;
    let breakage = Breakage { status: Some(ConnectionStatus::Inactive), ..Breakage::default() };
    assert_eq!(bench.sim.break_connection("first", &breakage), Ok(2));
    for connection in bench.sim.connections(Some("first")).unwrap() {
        assert_eq!((connection.status, connection.in_error_state), (ConnectionStatus::Inactive, false));
    }
    let inactive = bench.health("&statuses=INACTIVE").await["connections"][0].clone();
    assert_eq!((&inactive["active"], &inactive["last_sync_error_count"]), (&json!(false), &Value::Null));
}

#[tokio::test]
async fn error_counts_are_written_in_three_styles() {
    let bench = with_three_connections().await;
    bench.sim.break_connection("second", &Breakage { errors: Some(3), ..Breakage::default() }).unwrap();
    for (style, never, three) in [
        (CountStyle::String, json!(null), json!("3")),
        (CountStyle::Number, json!(null), json!(3)),
        (CountStyle::Null, json!(null), json!(null)),
    ] {
        bench.sim.reconfigure(|options| options.count_style = style);
        let rows = bench.health("").await["connections"].clone();
        assert_eq!((&rows[0]["last_sync_error_count"], &rows[2]["last_sync_error_count"]), (&never, &three));
    }
}

#[tokio::test]
async fn the_error_state_is_a_boolean_or_a_flag_of_either_style() {
    let bench = with_three_connections().await;
    bench.sim.break_connection("second", &Breakage::default()).unwrap();
    for (state, flag, fine, broken) in [
        (ErrorStateStyle::Boolean, FlagStyle::String, json!(false), json!(true)),
        (ErrorStateStyle::Boolean, FlagStyle::Number, json!(false), json!(true)),
        (ErrorStateStyle::Flag, FlagStyle::String, json!("0"), json!("1")),
        (ErrorStateStyle::Flag, FlagStyle::Number, json!(0), json!(1)),
    ] {
        bench.sim.reconfigure(|options| (options.error_state_style, options.flag_style) = (state, flag));
        let rows = bench.health("").await["connections"].clone();
        assert_eq!((&rows[0]["in_error_state"], &rows[2]["in_error_state"]), (&fine, &broken));
    }
}

#[tokio::test]
async fn times_that_never_were_are_null_or_zeros() {
    let bench = bench().await;
    bench.created("generalco").await;
    bench.sim.add_connection("generalco", "xero", |connection| connection.last_sync = None).unwrap();
    for (style, expected) in [(NeverStyle::Null, json!(null)), (NeverStyle::Zeros, json!("0000-00-00 00:00:00"))] {
        bench.sim.reconfigure(|options| options.never_style = style);
        let row = bench.health("").await["connections"][0].clone();
        assert_eq!((&row["last_sync"], &row["last_sync_error"]), (&expected, &expected));
        assert_eq!(row["last_sync_error_message"], Value::Null);
    }
}

#[tokio::test]
async fn new_accounts_get_a_connection_only_when_they_are_seeded() {
    let bench = bench().await;
    bench.created("without").await;
    bench.sim.reconfigure(|options| options.seed_connections = Some(Environment::Sandbox));
    let key = bench.created("with").await;
    let connections = bench.sim.connections(None).unwrap();
    assert_eq!(connections.len(), 1);
    let seeded = &connections[0];
    assert_eq!(
        (&seeded.account_key, seeded.integration.as_str(), seeded.environment),
        (&key, "quickbooks", Environment::Sandbox)
    );
    assert_eq!((seeded.status, seeded.in_error_state), (ConnectionStatus::Active, false));
}

#[tokio::test]
async fn an_embed_token_opens_its_account_once() {
    let bench = bench().await;
    let key = bench.created("generalco").await;
    let token = async |query: &str| {
        let reply = bench.get(&format!("action=embed_token{query}")).await;
        assert_eq!(reply.codes(), (200, 200));
        reply.json()["token"].as_str().unwrap().to_owned()
    };
    let (own, named) = (token("").await, token(&format!("&account_key={key}")).await);
    assert_eq!(bench.sim.use_embed_token(&own).as_deref(), Some("5a50d8fed44aa9.76285894"));
    assert_eq!(bench.sim.use_embed_token(&named), Some(key));
    assert_eq!(bench.sim.use_embed_token(&named), None);
    assert_eq!(bench.sim.use_embed_token("made up"), None);
    assert_eq!(bench.get("action=embed_token&account_key=unknown").await.codes(), (404, 404));
}

#[tokio::test]
async fn an_embed_token_is_good_for_an_hour() {
    let bench = bench().await;
    let mut tokens = Vec::new();
    for _ in 0..2 {
        tokens.push(bench.get("action=embed_token").await.json()["token"].as_str().unwrap().to_owned());
    }
    bench.sim.advance(SignedDuration::from_mins(59));
    assert!(bench.sim.use_embed_token(&tokens[0]).is_some());
    bench.sim.advance(SignedDuration::from_mins(1));
    assert_eq!(bench.sim.use_embed_token(&tokens[1]), None);
}

#[tokio::test]
async fn sites_are_allowed_for_production_unless_said() {
    let bench = bench().await;
    let allow = |over: Value| {
        let mut body = json!({"action": "allow_url", "url": "https://a.example"});
        super::lay_over(&mut body, over);
        bench.post(body)
    };
    assert_eq!(allow(json!({})).await.codes(), (200, 200));
    assert_eq!(allow(json!({"environment": "sandbox"})).await.codes(), (200, 200));
    let url = "https://a.example".to_owned();
    assert_eq!(bench.sim.allowed_urls(), [(url.clone(), "production"), (url, "sandbox")]);
    for wrong in [json!({"url": null}), json!({"url": "a.example"}), json!({"environment": "elsewhere"})] {
        assert_eq!(allow(wrong).await.codes(), (400, 400));
    }
}
