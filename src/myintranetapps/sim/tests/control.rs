//! The `/_sim/` calls, as a person with curl makes them.

use serde_json::{Value, json};

use super::{Reply, bench};
use crate::myintranetapps::sim::{Change, NewAccount};

#[tokio::test]
async fn help_names_every_call() {
    let bench = bench().await;
    for path in ["", "/"] {
        let response = bench.http.get(format!("{}/_sim{path}", bench.sim.url())).send().await.unwrap();
        let help = Reply::of(response).await.text;
        for call in [
            "journal",
            "trouble",
            "state",
            "accounts",
            "strangers",
            "connections/break",
            "connections/mend",
            "clock",
            "embed",
        ] {
            assert!(help.contains(&format!("/_sim/{call}")), "{call}");
        }
    }
}

#[tokio::test]
async fn accounts_are_made_changed_and_removed_by_hand() {
    let bench = bench().await;
    let made =
        bench.control("POST", "accounts?subdomain=generalco&package_id=93&password=Initial-Passw0rd&active=1").await;
    assert_eq!(made.status, 200);
    assert_eq!((&made.json()["package_id"], &made.json()["has_password"]), (&json!("93"), &json!(true)));
    assert!(bench.sim.admin_login("generalco", "Initial-Passw0rd"));
    assert_eq!(bench.control("POST", "accounts?subdomain=GeneralCo").await.status, 409);
    assert_eq!(bench.control("POST", "accounts").await.status, 400);
    assert_eq!(bench.control("POST", "accounts?subdomain=other&colour=red").await.status, 400);

    assert_eq!(bench.control("POST", "accounts/GENERALCO?email_admin=new@example.com").await.status, 200);
    let key = made.json()["key"].as_str().unwrap().to_owned();
    let patch = bench
        .http
        .patch(format!("{}/_sim/accounts/{key}", bench.sim.url()))
        .json(&json!({"active": false, "package_id": 7}));
    assert_eq!(patch.send().await.unwrap().status(), 200);
    let listed = bench.list().await["accounts"][0].clone();
    assert_eq!((&listed["email_admin"], &listed["package_id"]), (&json!("new@example.com"), &json!("7")));
    assert!(!bench.sim.accounts()[0].active);

    assert_eq!(bench.control("DELETE", "accounts/nobody").await.status, 404);
    assert_eq!(bench.control("DELETE", "accounts/generalco").await.status, 200);
    assert_eq!(bench.list().await["accounts"], json!([]));
    assert_eq!(bench.control("POST", "accounts/generalco?active=1").await.status, 404);
}

#[tokio::test]
async fn a_connection_is_broken_and_mended_in_one_line() {
    let bench = bench().await;
    bench.created("generalco").await;
    let nothing_yet = bench.control("POST", "connections/break?account=generalco").await;
    assert_eq!(nothing_yet.status, 404);
    assert!(nothing_yet.text.contains("POST /_sim/connections?account="));
    assert_eq!(
        bench.control("POST", "connections?account=generalco&property=&status=pending").await.json()["property"],
        ""
    );

    let line =
        "connections/break?account=generalco&integration=quickbooks&errors=10&message=token+revoked&status=ACTIVE";
    assert_eq!(bench.control("POST", line).await.json(), json!({"changed": 1}));
    let row = bench.health("").await["connections"][0].clone();
    assert_eq!(
        (&row["last_sync_error_count"], &row["last_sync_error_message"]),
        (&json!("10"), &json!("token revoked"))
    );
    assert_eq!((&row["status"], &row["in_error_state"]), (&json!("ACTIVE"), &json!(true)));

    assert_eq!(bench.control("POST", "connections/mend?account=generalco").await.json(), json!({"changed": 1}));
    assert_eq!(bench.health("").await["connections"][0]["in_error_state"], json!(false));
    for wrong in
        ["break", "break?account=nobody", "break?account=generalco&status=gone", "mend?account=generalco&errors=1"]
    {
        assert!(bench.control("POST", &format!("connections/{wrong}")).await.status >= 400, "{wrong}");
    }
}

#[tokio::test]
async fn state_shows_everything_but_passwords() {
    let bench = bench().await;
    bench.created("generalco").await;
    bench.control("POST", "strangers?subdomain=taken").await;
    bench.control("POST", "connections?account=generalco&environment=sandbox").await;
    bench.get("action=embed_token").await;
    let state = bench.control("GET", "state").await.json();
    assert_eq!(
        (&state["accounts"][0]["subdomain"], &state["accounts"][0]["has_password"]),
        (&json!("generalco"), &json!(true))
    );
    assert_eq!(state["accounts"][0].get("password"), None::<&Value>);
    assert_eq!(state["connections"][0]["environment"], "sandbox");
    assert_eq!((&state["takenSubdomains"], &state["liveEmbedTokens"]), (&json!(["taken"]), &json!(1)));
    assert_eq!(bench.create(json!({"subdomain": "taken"})).await.codes(), (409, 409));
}

#[tokio::test]
async fn the_clock_moves_and_tokens_are_used_up() {
    let bench = bench().await;
    let token = bench.get("action=embed_token").await.json()["token"].as_str().unwrap().to_owned();
    let before = bench.sim.now();
    bench.control("POST", "clock?advanceSeconds=3000").await;
    assert!(bench.sim.now().duration_since(before).as_secs() >= 3000);
    assert_eq!(bench.control("POST", &format!("embed?token={token}")).await.status, 200);
    assert_eq!(bench.control("POST", &format!("embed?token={token}")).await.status, 410);
    assert_eq!(bench.control("GET", "state").await.json()["liveEmbedTokens"], 0);
}

#[tokio::test]
async fn the_same_can_be_done_in_process() {
    let bench = bench().await;
    let made = bench.sim.add_account(NewAccount::new("generalco")).unwrap();
    assert!(bench.sim.add_account(NewAccount::new("GENERALCO")).is_err());
    let change =
        Change { name: Some("Other Ltd".to_owned()), subdomain: Some("other".to_owned()), ..Change::default() };
    let changed = bench.sim.edit(&made.key, change).unwrap();
    assert_eq!((changed.name.as_str(), changed.subdomain.as_str()), ("Other Ltd", "other"));
    assert!(bench.sim.edit("generalco", Change::default()).is_err());
    assert_eq!(bench.sim.remove_account("other").unwrap().key, made.key);
    assert!(bench.sim.remove_account("other").is_err());
    assert_eq!(bench.sim.journal().all(), []);
}
