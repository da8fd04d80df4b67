//! Tests of lists against servers that cut them in every way.

use axum::response::IntoResponse;
use serde_json::json;

use crate::adeptia::client::Listing;
use crate::adeptia::client::tests::client_with;
use crate::adeptia::config::Config;
use crate::adeptia::wire::users::{USER, User};
use crate::http::tests::Server;

/// A server with so many users that answers a list with as many as `cut` makes of them and the limit that was asked for.
async fn list(users: usize, cut: fn(usize, usize) -> usize) -> (Listing<Vec<User>>, Vec<String>) {
    list_known(users, cut, None).await
}

/// The same, where the AdminApi says what limit the server has of its own.
async fn list_known(
    users: usize,
    cut: fn(usize, usize) -> usize,
    list_limit: Option<u32>,
) -> (Listing<Vec<User>>, Vec<String>) {
    let server = Server::start(move |heard| {
        if heard.uri.path().ends_with("/login/user") {
            return json!({"ACCESS_TOKEN": "t", "tokenExpiresDays": 30}).to_string().into_response();
        }
        let limit = heard.uri.query().and_then(|query| query.strip_prefix("limit=")?.parse().ok()).unwrap_or(1);
        let rows: Vec<_> = (0..cut(users, limit)).map(|n| json!({"id": 1000 + n})).collect();
        json!({"IndigoUser": rows}).to_string().into_response()
    })
    .await;
    let listing = client_with(&Config { list_limit, ..Config::new(&server.url) })
        .list("list_users", &["rest", "users"], USER)
        .await
        .unwrap();
    let heard = server.heard();
    let asked = heard.iter().filter_map(|heard| heard.uri.query()).map(str::to_owned).collect();
    (listing, asked)
}

/// Trap 6: a list that has as many rows as were asked for is asked for again, with a larger limit.
#[tokio::test]
async fn a_list_grows_until_it_is_whole() {
    let (listing, asked) = list(7, usize::min).await;
    assert_eq!((listing.rows.len(), listing.doubt, asked), (7, None, vec!["limit=1000".to_owned()]));
    let (listing, asked) = list(1001, usize::min).await;
    assert_eq!((listing.rows.len(), listing.doubt), (1001, None));
    assert_eq!(asked, ["limit=1000", "limit=10000"]);
    // A server that knows no limit shows them all.
    let (listing, _) = list(1203, |users, _| users).await;
    assert_eq!((listing.rows.len(), listing.doubt), (1203, None));
}

/// Trap 6: a server may have a limit of its own, and nobody is told.
#[tokio::test]
async fn a_list_that_looks_cut_is_doubted() {
    let (listing, asked) = list(1700, |users, limit| users.min(limit).min(1000)).await;
    assert_eq!((listing.rows.len(), asked.len()), (1000, 2));
    assert!(listing.doubt.unwrap().contains("exactly 1000 rows"));
    for most in [50, 100, 128, 250, 512] {
        let rows = super::is_cut(most);
        assert!(rows, "{most}");
    }
    for rows in [0, 1, 2, 10, 32, 49, 51, 99, 101, 150, 350, 1001] {
        assert!(!super::is_cut(rows), "{rows}");
    }
}

/// Nobody has to guess where the AdminApi says what limit the server has.
#[tokio::test]
async fn a_limit_that_is_known_is_the_only_one_in_doubt() {
    for (users, list_limit, doubted) in
        [(100, Some(0), false), (100, Some(70), true), (70, Some(70), true), (50, Some(70), false)]
    {
        let cut =
            if list_limit == Some(70) { |users: usize, limit: usize| users.min(limit).min(70) } else { usize::min };
        let (listing, _) = list_known(users, cut, list_limit).await;
        assert_eq!(listing.doubt.is_some(), doubted, "{users} {list_limit:?}");
    }
}
