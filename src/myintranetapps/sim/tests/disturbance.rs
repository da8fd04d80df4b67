//! Lost answers, latency and orders, as this vendor's callers meet them.

use serde_json::json;

use super::{bench, bench_with, create_body};
use crate::sim::journal::Outcome;
use crate::sim::trouble::{Act, Canned, Order, Target};

#[tokio::test]
async fn the_answer_to_each_successful_create_can_be_lost() {
    let bench = bench_with(|options| options.lose_response_after_create = true).await;
    assert!(bench.send(create_body(json!({})).to_string()).await.is_err());
    let account = bench.sim.account_by_subdomain("example").unwrap();
    // Tried again, the conflict is answered, and the list tells whose it is.
    assert_eq!(bench.create(json!({})).await.codes(), (409, 409));
    assert_eq!(bench.list().await["accounts"][0]["key"], account.key);
    let outcomes: Vec<_> =
        bench.sim.journal().of("create_account").iter().map(|entry| (entry.outcome, entry.performed)).collect();
    assert_eq!(outcomes, [(Outcome::Cut, true), (Outcome::Answered, false)]);
}

#[tokio::test]
async fn orders_strike_operations_by_name_and_writes_as_such() {
    let bench = bench().await;
    let key = bench.created("generalco").await;
    bench.sim.trouble().place(Order::next_of("update_account", Act::LoseAnswer));
    bench.list().await;
    let lost = json!({"action": "update_account", "account_key": key, "active": "0"}).to_string();
    assert!(bench.send(lost.clone()).await.is_err());
    assert!(!bench.sim.accounts()[0].active);

    bench.sim.trouble().place(Order::next(Target::Writes, Act::CutBefore).after(1));
    assert_eq!(bench.update(&key, json!({"active": "1"})).await.codes(), (200, 200));
    bench.list().await;
    assert!(bench.send(lost).await.is_err());
    assert!(bench.sim.accounts()[0].active);
}

#[tokio::test]
async fn the_journal_shows_the_vendors_code_beside_the_http_status() {
    let bench = bench_with(|options| options.error_transport = super::super::options::ErrorTransport::Always200).await;
    bench.created("generalco").await;
    bench.create(json!({"subdomain": "generalco"})).await;
    let entry = bench.sim.journal().of("create_account").pop().unwrap();
    assert_eq!((entry.status, entry.code, entry.performed), (Some(200), Some(409), false));
}

#[tokio::test]
async fn latency_comes_before_every_request() {
    let bench = bench_with(|options| options.latency_ms = 3_600_000).await;
    let release = async {
        bench.sim.journal().wait_until("list_accounts", Outcome::Delayed).await;
        bench.sim.trouble().release();
    };
    let (list, ()) = tokio::join!(bench.list(), release);
    assert_eq!(list["accounts"], json!([]));
}

#[tokio::test]
async fn an_html_error_page_can_be_ordered() {
    let bench = bench().await;
    let act = Act::Answer(Canned { status: 502, html: true, ..Canned::default() });
    bench.sim.trouble().place(Order::every(Target::Any, act));
    for _ in 0..2 {
        let reply = bench.post(json!({"action": "list_accounts"})).await;
        assert_eq!((reply.status, reply.content_type.as_str()), (502, "text/html"));
    }
    bench.sim.trouble().clear();
    bench.list().await;
}
