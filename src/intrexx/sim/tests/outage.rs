//! Portals that do not run, do not answer, or refuse the Administration API; and trouble on order.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;

use super::{bench, user_body};
use crate::intrexx::sim::{ADMINISTRATORS, Condition};
use crate::sim::journal::Outcome;
use crate::sim::trouble::{Act, Order};

#[tokio::test]
async fn a_portal_that_does_not_run_is_still_listed() {
    let bench = bench().await;
    for (condition, status, message) in [
        (Condition::Stopped, 503, "portal 'sales' does not run"),
        (Condition::Unknown, 504, "portal 'sales' does not answer"),
    ] {
        bench.sim.edit_portal("sales", |portal| portal.condition = condition).unwrap();
        assert_eq!(bench.get("/sales/settings").await.refusal(), (status, message.to_owned()));
        assert_eq!(bench.get("/portals").await.good()[0]["status"], condition.word());
    }
    bench.sim.edit_portal("sales", |portal| portal.condition = Condition::Running).unwrap();
    assert_eq!(bench.get("/sales/settings").await.status, 200);
}

#[tokio::test]
async fn a_restarting_portal_comes_back() {
    let bench = bench().await;
    bench.control("POST", "portals/sales/restart?seconds=90").await.good();
    assert_eq!(bench.get("/sales/settings").await.status, 503);
    assert_eq!(bench.get("/portals").await.good()[0]["status"], "STOPPED");
    bench.sim.advance(SignedDuration::from_secs(90));
    assert_eq!(bench.get("/sales/settings").await.status, 200);
}

#[tokio::test]
async fn the_administration_api_locks_itself_out_by_its_own_password() {
    let bench = bench().await;
    bench.patch("/sales/users/1", json!({"account": {"password": "next-secret"}})).await.good();
    let refusal = (502, "portal 'sales' refuses the login of the Administration API".to_owned());
    assert_eq!(bench.get("/sales/users/1").await.refusal(), refusal);
    assert_eq!(bench.get("/portals").await.status, 200);
    bench.control("POST", "portals/sales?iaaPassword=next-secret").await.good();
    assert_eq!(bench.get("/sales/users/1").await.status, 200);
}

#[tokio::test]
async fn it_does_so_by_its_group_and_by_its_account_too() {
    let bench = bench().await;
    assert_eq!(bench.delete(&format!("/sales/users/1/groups/{ADMINISTRATORS}")).await.status, 204);
    assert_eq!(bench.get("/sales/settings").await.status, 502);
    let restore = bench.http.put(format!("{}/_sim/api/sales/users/1/groups/3", bench.sim.origin()));
    assert_eq!(restore.send().await.unwrap().status(), 204);
    bench.patch("/sales/users/1", json!({"account": {"disabled": true}})).await.good();
    assert_eq!(bench.get("/sales/settings").await.status, 502);
}

#[tokio::test]
async fn a_locked_account_does_not_get_in() {
    let bench = bench().await;
    bench.post("/sales/users", user_body("ada")).await.good();
    bench.control("POST", "portals/sales/users/ada?locked=true").await.good();
    assert_eq!(bench.get("/sales/users/5").await.good()["account"]["locked"], true);
    assert!(!bench.sim.login("sales", "ada", "P@ssw0rd-ada"));
    bench.control("POST", "portals/sales/users/5?locked=false").await.good();
    assert!(bench.sim.login("sales", "ada", "P@ssw0rd-ada"));
}

#[tokio::test]
async fn the_answer_to_a_create_can_be_lost() {
    let bench = bench().await;
    bench.sim.trouble().place(Order::next_of("create_user", Act::LoseAnswer));
    let request = bench.request(Method::POST, "/sales/users").body(user_body("ada").to_string());
    assert!(request.send().await.is_err());
    assert_eq!(bench.post("/sales/users", user_body("ada")).await.status, 409);
    let entries = bench.sim.journal().of("create_user");
    assert_eq!((entries[0].outcome, entries[0].performed), (Outcome::Cut, true));
    assert!(!entries[1].performed);
}

#[tokio::test]
async fn every_request_can_take_its_time() {
    let bench = bench().await;
    bench.sim.reconfigure(|options| options.server.latency_ms = 3_600_000);
    let (reply, ()) = tokio::join!(bench.get("/portals"), async {
        bench.sim.journal().wait_until("list_portals", Outcome::Delayed).await;
        bench.sim.trouble().release();
    });
    assert_eq!(reply.status, 200);
}
