//! What a replica says when it starts: flags that do not fit together, readiness, and who leads.

use provost::sim::journal::Intent;
use serde_json::json;
use tokio::process::Command;

use super::replica::Replica;
use super::{holder, lease, stage, transitions};

async fn refusal(flags: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_provost"));
    // Nothing is listening there: the flags are looked at before anything else.
    let output = command.arg("run").args(flags).env("KUBECONFIG", "/dev/null").output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn times_that_do_not_fit_together_are_refused_with_the_way_out() {
    let said = refusal(&["--lease-duration-seconds", "10"]).await;
    assert!(said.contains("lease of 10 s") && said.contains("--renew-deadline-seconds"), "{said}");
    let said = refusal(&["--retry-period-seconds", "9"]).await;
    assert!(said.contains("retry period of 9 s") && said.contains("10 s"), "{said}");
    // Where nobody is elected they do not matter.
    let said = refusal(&["--leader-election=false", "--retry-period-seconds", "9"]).await;
    assert!(!said.contains("retry period"), "{said}");
}

#[tokio::test]
async fn one_leads_and_the_other_stands_by_ready() {
    let stage = stage().await;
    let a = Replica::start(&stage, "a");
    a.leads().await;
    let b = Replica::start(&stage, "b");
    let other = b.said("stands by: another process leads").await;
    b.said("watching, and ready to work").await;
    let lease = lease(&stage).await;
    assert_eq!(other["holder"].as_str(), holder(&lease));
    assert!(holder(&lease).unwrap().starts_with("a_"), "{lease:?}");
    assert_eq!(transitions(&lease), Some(1));

    stage.account("generalco", json!({})).await;
    stage.ready("generalco").await;
    assert_eq!(a.wrote(), ["create_account"]);
    assert_eq!((b.calls(Intent::Read).len(), b.calls(Intent::Write).len()), (0, 0));
    for (replica, leads) in [(&a, "provost_leader 1.0"), (&b, "provost_leader 0.0")] {
        assert_eq!(replica.admin("/readyz").await.0, 200, "one that can take over is ready");
        assert_eq!(replica.admin("/healthz").await.0, 200);
        let (_, metrics) = replica.admin("/metrics").await;
        assert!(metrics.lines().any(|line| line == leads), "{metrics}");
    }
}

#[tokio::test]
async fn without_an_election_there_is_no_lease() {
    let stage = stage().await;
    let _alone = Replica::start_with(&stage, stage.kubeconfig(), "alone", &["--leader-election=false"]);
    stage.account("generalco", json!({})).await;
    stage.ready("generalco").await;
    assert!(stage.api::<k8s_openapi::api::coordination::v1::Lease>().get_opt("provost").await.unwrap().is_none());
}

/// It watches and queues everything, and all of that waits for the other one: no alert must come of it.
#[tokio::test]
async fn who_stands_by_shows_no_queue() {
    let stage = stage().await;
    let a = Replica::start(&stage, "a");
    a.leads().await;
    stage.account("generalco", json!({})).await;
    stage.ready("generalco").await;
    let b = Replica::start(&stage, "b");
    b.said("stands by: another process leads").await;
    b.said("watching, and ready to work").await;
    let (status, text) = b.admin("/metrics").await;
    assert_eq!(status, 200);
    let queue = ["provost_queue_depth{", "provost_queue_oldest_wait_seconds ", "provost_admin_api_queue_"];
    let shown = text.lines().filter(|line| queue.iter().any(|name| line.starts_with(name)));
    let values: Vec<f64> = shown.map(|line| line.rsplit(' ').next().unwrap().parse().unwrap()).collect();
    assert!(values.len() >= 5 && values.iter().all(|value| *value <= 0.0), "{text}");
}
