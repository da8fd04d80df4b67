//! Three replicas, of which the leader dies again and again while there is a lot to make.

use std::collections::BTreeSet;

use futures::future::select_all;
use provost::engine::admin_api::AdminApi;
use serde_json::json;

use super::replica::Replica;
use super::{lease, stage, transitions};
use crate::stage::{API, external_id};

const ACCOUNTS: usize = 30;
const DEATHS: usize = 3;

#[tokio::test]
async fn thirty_accounts_are_thirty_however_often_the_leader_dies() {
    let stage = stage().await;
    // Slow enough for every leader to die in the middle of it.
    stage.patch::<AdminApi>(API, json!({"spec": {"limits": {"requestsPerSecond": 8, "burst": 1}}})).await;
    let names: Vec<String> = (0..ACCOUNTS).map(|number| format!("account-{number}")).collect();
    for name in &names {
        stage.account(name, json!({})).await;
    }
    let mut replicas: Vec<Replica> = (0..3).map(|number| Replica::start(&stage, &format!("r{number}"))).collect();
    let journal = stage.vendor.journal();
    for death in 1..=DEATHS {
        let (_, place, _) = select_all(replicas.iter().map(|replica| Box::pin(replica.leads()))).await;
        let made = |entries: &[provost::sim::journal::Entry]| {
            entries.iter().filter(|entry| entry.operation == "create_account" && entry.performed).count()
        };
        stage.in_time(journal.wait_for(|entries| made(entries) >= death * 6)).await;
        replicas.remove(place).kill().await;
        replicas.push(Replica::start(&stage, &format!("r{}", 2 + death)));
    }
    let mut ids = BTreeSet::new();
    for name in &names {
        let account = stage.ready(name).await;
        let id = external_id(&account).unwrap().to_owned();
        assert_eq!(stage.vendor.account_by_subdomain(name).unwrap().key, id);
        ids.insert(id);
    }
    assert_eq!((ids.len(), stage.vendor.accounts().len()), (ACCOUNTS, ACCOUNTS));
    assert_eq!(journal.performed("create_account"), ACCOUNTS);
    assert_eq!(transitions(&lease(&stage).await), Some(1 + i32::try_from(DEATHS).unwrap()));
}
