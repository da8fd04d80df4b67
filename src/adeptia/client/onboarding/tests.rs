//! Tests of conversions over real HTTP; the trap numbers are those of the contract's section 4.

use jiff::SignedDuration;

use super::*;
use crate::adeptia::client::partners::tests::{made, start};
use crate::adeptia::config::Profile;
use crate::adeptia::sim::options::answers::ImportStatus;
use crate::http::Intent;
use crate::http::fuzz::fuzz_decoder;
use crate::sim::trouble::{Act, Order};

fuzz_decoder!(get_import, read_state, [r#"{"status": "InProgress"}"#, r#"{"status": "Success"}"#]);

const CSV: &str = "First Name,Last Name,User Id,Email Id,Role Name,Password,Partner's Name\n\
                   John,Doe,john_1,john.doe@abc.com,IT User,J@hn1234,Walgreens\n";

fn user(partner: &PartnerId) -> SelfOnboard<'_> {
    SelfOnboard {
        partner_id: partner.id(),
        first_name: "Wal",
        last_name: "Greens",
        user_id: "walgreens",
        email: "admin@walgreens.example",
        password: "P@ssw0rd-planted",
    }
}

/// Traps 1 and 2: the misspelt path, and a body without a wrapper in which the partner is a text.
#[tokio::test]
async fn a_partner_is_converted_with_its_first_user() {
    let (simulator, client) = start(Profile::Seed, |_| {}).await;
    let partner = made(&client, "Walgreens").await;
    client.convert_partner(&partner, &user(&partner)).await.unwrap();
    assert!(simulator.partner("Walgreens").unwrap().enable_self_onboard);
    assert!(simulator.login("walgreens", "P@ssw0rd-planted"));
    let fault = client.convert_partner(&partner, &user(&partner)).await.unwrap_err();
    assert!(!format!("{fault:?}").contains("planted"), "{fault:?}");
    assert!(!format!("{:?}", simulator.journal().all()).contains("planted"));
    assert_eq!(simulator.effect("Walgreens"), 1);
}

/// Trap 20: nothing tells of which import the state is, so the next one waits for this one.
#[tokio::test]
async fn imports_come_one_after_the_other() {
    let (simulator, client) = start(Profile::Seed, |options| options.server.import_delay = 60).await;
    let (one, other) = (made(&client, "Walgreens").await, made(&client, "Other").await);
    assert_eq!(client.import_state(&one, &[]).await.unwrap(), ImportState::Early);
    client.import_users(&one, CSV, &[]).await.unwrap();
    let waits = |fault: &Fault| (fault.class, fault.delivery) == (Class::Throttled, Delivery::NotSent);
    let fault = client.import_users(&other, CSV, &[]).await.unwrap_err();
    assert!(waits(&fault), "{fault:?}");
    let fault = client.import_state(&other, &[]).await.unwrap_err();
    assert!(waits(&fault), "{fault:?}");
    assert_eq!(client.import_state(&one, &[]).await.unwrap(), ImportState::Running);
    simulator.advance(SignedDuration::from_secs(60));
    // Where nobody can see that it is over, its turn lasts until that was told.
    simulator.reconfigure(|options| options.answers.get_company = false);
    assert!(waits(&client.import_users(&other, CSV, &[]).await.unwrap_err()));
    assert_eq!(client.import_state(&one, &[]).await.unwrap(), ImportState::Done);
    assert!(simulator.partner("Walgreens").unwrap().enable_self_onboard);
    client.import_users(&other, &CSV.replace("Walgreens", "Other").replace("john", "jane"), &[]).await.unwrap();
    assert_eq!(simulator.journal().count("import_users"), 2);
}

/// Nobody asks for the state of an import once the partner is seen to be external, and the next one goes on all the same.
#[tokio::test]
async fn an_import_that_was_seen_to_be_over_holds_nobody_up() {
    let (_simulator, client) = start(Profile::Seed, |_| {}).await;
    let (one, other) = (made(&client, "Walgreens").await, made(&client, "Other").await);
    client.import_users(&one, CSV, &[]).await.unwrap();
    client.import_users(&other, &CSV.replace("Walgreens", "Other").replace("john", "jane"), &[]).await.unwrap();
}

/// Trap 20: what is said right after an import was begun may be about the one before.
#[tokio::test]
async fn the_end_of_an_import_is_believed_once_it_can_be_no_others() {
    let (_simulator, client) = start(Profile::Seed, |_| {}).await;
    let one = made(&client, "Walgreens").await;
    client.import_users(&one, CSV, &[]).await.unwrap();
    for (seconds, state) in [(0, ImportState::Early), (50, ImportState::Early), (11, ImportState::Done)] {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(seconds)).await;
        tokio::time::resume();
        assert_eq!(client.import_state(&one, &[]).await.unwrap(), state, "{seconds}");
    }
}

/// Where there is no import to tell of, a no may be what is told.
#[tokio::test]
async fn a_vendor_without_a_status_has_no_import_under_way() {
    for status in [404, 400] {
        let (simulator, client) = start(Profile::Seed, |_| {}).await;
        let one = made(&client, "Walgreens").await;
        simulator.trouble().place(Order::next_of("get_import_status", Act::answer(status)));
        client.import_users(&one, CSV, &[]).await.unwrap();
        assert_eq!(simulator.journal().count("import_users"), 1);
    }
}

/// Trap 20: an import that another client began is waited for too.
#[tokio::test]
async fn an_import_of_somebody_else_is_waited_for() {
    let (simulator, client) = start(Profile::Seed, |options| options.server.import_delay = 60).await;
    let (one, other) = (made(&client, "Walgreens").await, made(&client, "Other").await);
    client.import_users(&one, CSV, &[]).await.unwrap();
    let later = crate::adeptia::client::tests::client_at(simulator.url());
    let fault = later.import_users(&other, CSV, &[]).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Throttled, Delivery::NotSent), "{fault:?}");
    assert_eq!(simulator.journal().count("import_users"), 1);
}

#[tokio::test]
async fn an_import_that_is_over_or_not_understood_gives_its_turn_back() {
    for (shape, role, expected) in [
        (ImportStatus::Object, "Nobody", ImportState::Failed),
        (ImportStatus::Text, "Nobody", ImportState::Failed),
        (ImportStatus::Text, "IT User", ImportState::Unclear),
    ] {
        let (simulator, client) = start(Profile::Seed, |options| {
            options.answers.import_status = shape;
            options.server.import_delay = 60;
        })
        .await;
        let (one, other) = (made(&client, "Walgreens").await, made(&client, "Other").await);
        client.import_users(&one, &CSV.replace("IT User", role), &[]).await.unwrap();
        assert_eq!(client.import_state(&one, &[]).await.unwrap(), ImportState::Running);
        simulator.advance(SignedDuration::from_secs(60));
        simulator.reconfigure(|options| {
            options.answers.import_done = "Banana".to_owned();
            options.answers.get_company = false;
        });
        assert_eq!(client.import_state(&one, &[]).await.unwrap(), expected);
        client.import_users(&other, &CSV.replace("Walgreens", "Other").replace("john", "jane"), &[]).await.unwrap();
    }
}

/// Nobody knows the words of the state, so each has one meaning only where it can have no other.
#[test]
fn the_state_is_read_from_whatever_words_it_comes_in() {
    let state = |body: &str| read_state(&Answer::made_up(Intent::Read, 200, body)).unwrap();
    for body in [r#"{"status":"InProgress"}"#, "RUNNING", r#"{"thread":{"state":"processing","success":3}}"#] {
        assert_eq!(state(body), ImportState::Running, "{body}");
    }
    for body in [r#"{"status":"Success"}"#, "Completed", "true", r#"["done"]"#, r#""Finished""#] {
        assert_eq!(state(body), ImportState::Done, "{body}");
    }
    for body in [r#"{"status":"completed","message":"2 rows failed"}"#, "ABORTED", "incomplete", "Unsuccessful"] {
        assert_eq!(state(body), ImportState::Failed, "{body}");
    }
    for body in ["", "{}", r#"{"status":"NotStarted"}"#, "7", "null", "hunter22"] {
        assert_eq!(state(body), ImportState::Unclear, "{body}");
    }
    for body in ["NotRunning", "no import is in progress", "There is no import running", "not completed"] {
        assert_eq!(state(body), ImportState::Unclear, "{body}");
    }
    for body in [r#"{"error":{"message":"no"}}"#, "<html></html>"] {
        assert!(read_state(&Answer::made_up(Intent::Read, 200, body)).is_err(), "{body}");
    }
}
