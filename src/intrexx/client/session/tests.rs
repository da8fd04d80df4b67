//! Tests of the session: log-in, token, licence, the way to the server, and whose trouble a failure is.

use std::sync::Arc;

use axum::response::IntoResponse;
use jiff::SignedDuration;
use serde_json::json;
use tokio::time::Instant;

use crate::base::access::{Access, ReadOnly};
use crate::base::breaker::State as Turn;
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;
use crate::engine::kind::Vendor;
use crate::http::tests::{Server, access};
use crate::http::{Method, SetupError};
use crate::intrexx::Intrexx;
use crate::intrexx::client::tests::{access_to, call, called, config, portals, start, user};
use crate::intrexx::client::{Client, Config};
use crate::intrexx::config::LICENSE;
use crate::intrexx::sim::options::answers::{ErrorStyle, TokenStyle};
use crate::intrexx::sim::{Condition, Options, Simulator};
use crate::sim::server::Listen;
use crate::sim::trouble::{Act, Order, Target};

/// Trap 12, 13 and 25: one log-in, by `name`, then the licence, then everything else with the same token, however many wait for it.
#[tokio::test]
async fn a_session_logs_in_once_installs_the_licence_and_goes_on() {
    let (simulator, client) = start(|options| options.server.unlicensed = true).await;
    client.check(Instant::now()).await.unwrap();
    let many = (0..50).map(|_| call(&client, Method::GET, "sales/settings", None));
    assert!(futures::future::join_all(many).await.iter().all(Result::is_ok));
    assert_eq!(called(&simulator)[..3], ["authenticate", "license_admin_api", "list_portals"]);
    let counts = simulator.journal().counts();
    assert_eq!((counts["authenticate"], counts["license_admin_api"], counts["get_settings"]), (1, 1, 50));
    let bodies = |operation| simulator.journal().of(operation)[0].body.clone().unwrap();
    assert_eq!(bodies("authenticate"), json!({"name": "iaa-admin", "password": "***"}));
    assert_eq!(bodies("license_admin_api"), json!({"key": "***"}));
}

#[tokio::test]
async fn every_form_of_a_token_is_read() {
    for style in [TokenStyle::Raw, TokenStyle::Padded, TokenStyle::Quoted, TokenStyle::Token, TokenStyle::AccessToken] {
        let (_simulator, client) = start(|options| options.answers.token_style = style).await;
        assert_eq!(portals(&client).await.unwrap(), ["sales"], "{style:?}");
    }
    for body in ["", "  ", "<html>Welcome</html>", r#"{"tokens": 1}"#, "[1]", "please log in"] {
        let server = Server::start(move |_| body).await;
        let client =
            Client::new(&Config::new(&server.url), access(&[("username", "a"), ("password", "bcde")])).unwrap();
        let fault = portals(&client).await.unwrap_err();
        assert_eq!(fault.class, Class::Broken, "{body}");
        assert!(fault.detail.contains("is the URL that of"), "{fault}");
    }
}

/// Trap 14: a token ends with its hour, or with the secret that it was signed with; the call that finds out is made again, a write too.
#[tokio::test]
async fn a_token_that_is_refused_is_renewed_and_the_call_made_again() {
    for status in [401, 403] {
        let (simulator, client) = start(|options| options.answers.denied_status = status).await;
        portals(&client).await.unwrap();
        simulator.restart(true);
        call(&client, Method::POST, "sales/users", Some(user("ada"))).await.unwrap();
        assert_eq!(simulator.journal().performed("create_user"), 1, "{status}");
        assert_eq!(simulator.journal().count("authenticate"), 2, "{status}");
        if status == 401 {
            simulator.advance(SignedDuration::from_hours(1));
            let many = (0..20).map(|_| call(&client, Method::GET, "sales/settings", None));
            assert!(futures::future::join_all(many).await.iter().all(Result::is_ok));
            assert_eq!(simulator.journal().count("authenticate"), 3);
        }
    }
}

/// Trap 14 where 403 is the word for a bad token: many calls that hear it at the same time ask for one new one.
#[tokio::test]
async fn many_403s_ask_for_one_new_token() {
    let (simulator, client) = start(|options| options.answers.denied_status = 403).await;
    portals(&client).await.unwrap();
    simulator.restart(true);
    let many = (0..20).map(|_| call(&client, Method::GET, "sales/settings", None));
    assert!(futures::future::join_all(many).await.iter().all(Result::is_ok));
    assert_eq!(simulator.journal().count("authenticate"), 2);
}

/// Trap 13: what may not be done to one object is refused with 403 too, and must not log in again each time.
#[tokio::test]
async fn a_403_for_one_object_is_no_reason_to_log_in_again_and_again() {
    let (simulator, client) = start(|_| {}).await;
    for _ in 0..10 {
        let fault = call(&client, Method::DELETE, "sales/groups/3", None).await.unwrap_err();
        assert_eq!((fault.class, fault.code), (Class::Denied, Some(403)));
        call(&client, Method::GET, "sales/settings", None).await.unwrap();
    }
    assert_eq!(simulator.journal().count("authenticate"), 2);
}

/// Trap 13 and 14: the token is replaced before its hour is over.
#[tokio::test]
async fn a_token_is_renewed_after_fifty_minutes() {
    let (simulator, client) = start(|_| {}).await;
    portals(&client).await.unwrap();
    for (minutes, log_ins) in [(49, 1), (2, 2)] {
        tokio::time::pause();
        tokio::time::advance(std::time::Duration::from_secs(60 * minutes)).await;
        tokio::time::resume();
        portals(&client).await.unwrap();
        assert_eq!(simulator.journal().count("authenticate"), log_ins);
    }
}

#[tokio::test]
async fn wrong_credentials_are_denied_whatever_the_status_and_not_repeated() {
    for status in [401, 403] {
        let (simulator, _) = start(|options| options.answers.denied_status = status).await;
        let mut access = access_to(&simulator);
        access.credentials.insert("password".to_owned(), Secret::new("wrong-horse"));
        let client = Client::new(&config(simulator.url()), access).unwrap();
        for _ in 0..10 {
            let fault = portals(&client).await.unwrap_err();
            assert_eq!(fault.class, Class::Denied);
            assert!(!format!("{fault:?}").contains("wrong-horse"));
        }
        assert!(simulator.journal().count("authenticate") <= 2, "{}", simulator.journal().count("authenticate"));
    }
}

/// Trap 13: too many log-ins from one address.
#[tokio::test]
async fn a_limit_of_log_ins_is_waited_for() {
    for told in [true, false] {
        let (_simulator, client) = start(|options| {
            options.server.auth_limit = 0;
            options.server.retry_after = told;
        })
        .await;
        let fault = portals(&client).await.unwrap_err();
        assert_eq!(
            (fault.class, fault.retry_after.map(|pause| pause.as_secs())),
            (Class::Throttled, told.then_some(60))
        );
    }
}

/// Trap 25: without a licence nothing works, and what to do about it is said.
#[tokio::test]
async fn an_unlicensed_api_says_what_to_do() {
    for status in [403, 402] {
        let (simulator, _) = start(|options| {
            options.server.unlicensed = true;
            options.server.unlicensed_status = status;
        })
        .await;
        let client = Client::new(&Config::new(simulator.url()), access_to(&simulator)).unwrap();
        let fault = client.check(Instant::now()).await.unwrap_err();
        assert_eq!(fault.class, Class::Denied, "{status}");
        assert!(fault.detail.contains("name its key in spec.intrexx.license"), "{fault}");
    }
}

/// Trap 25: a licence that is not the API's is refused, named and never shown.
#[tokio::test]
async fn a_wrong_licence_is_named_and_not_shown() {
    let (simulator, _) = start(|options| options.server.unlicensed = true).await;
    let mut access = access_to(&simulator);
    access.named.insert(LICENSE, Secret::new("IAA-LICENSE-WRONG"));
    let client = Client::new(&config(simulator.url()), access).unwrap();
    let fault = client.check(Instant::now()).await.unwrap_err();
    assert_eq!(fault.class, Class::Denied);
    assert!(fault.detail.starts_with("the licence of spec.intrexx.license is not taken: "), "{fault}");
    assert!(!format!("{fault:?}").contains("WRONG"));
}

/// Trap 25: before Intrexx 11 there is no call for it, and no need.
#[tokio::test]
async fn before_version_11_no_licence_is_needed() {
    let (simulator, client) = start(|options| {
        options.server.license_endpoint = false;
        options.server.unlicensed = true;
    })
    .await;
    client.check(Instant::now()).await.unwrap();
    client.check(Instant::now()).await.unwrap();
    assert_eq!(called(&simulator), ["authenticate", "license_admin_api", "list_portals", "list_portals"]);
}

/// Trap 25: a licence that the API has lost is installed again, with either status.
#[tokio::test]
async fn a_lost_licence_is_installed_again() {
    for status in [403, 402] {
        let (simulator, client) = start(|options| options.server.unlicensed_status = status).await;
        client.check(Instant::now()).await.unwrap();
        simulator.edit(|state| state.iaa_license = None);
        call(&client, Method::PUT, "sales/webserver", Some(json!({"base_url": "https://new.example"}))).await.unwrap();
        assert_eq!(simulator.journal().performed("license_admin_api"), 2);
        assert_eq!(simulator.portal("sales").unwrap().base_url, "https://new.example");
    }
}

/// A plan writes nothing, the licence included, and looks all the same where that is in place.
#[tokio::test]
async fn a_plan_installs_no_licence() {
    for unlicensed in [false, true] {
        let (simulator, _) = start(|options| options.server.unlicensed = unlicensed).await;
        let client =
            Client::new(&config(simulator.url()), Access { gate: Arc::new(ReadOnly), ..access_to(&simulator) });
        let outcome = client.unwrap().check(Instant::now()).await;
        assert_eq!(outcome.map_err(|fault| fault.class), if unlicensed { Err(Class::Denied) } else { Ok(()) });
        assert_eq!(simulator.journal().writes(), []);
    }
}

/// Trap 10: a call that was moved goes to the new place with its method, its body and its token.
#[tokio::test]
async fn redirects_are_followed_by_every_method() {
    for base in ["", "/irma"] {
        let (simulator, client) = start(|options| {
            options.server.base_path = base.to_owned();
            options.server.redirect = Some("/v2".to_owned());
        })
        .await;
        assert_eq!(portals(&client).await.unwrap(), ["sales"]);
        call(&client, Method::POST, "sales/users", Some(user("ada"))).await.unwrap();
        let off = json!({"account": {"disabled": true}});
        call(&client, Method::PATCH, "sales/users/5", Some(off)).await.unwrap();
        call(&client, Method::PUT, "sales/users/5/groups/3", None).await.unwrap();
        let user = simulator.portal("sales").unwrap().user("5").unwrap().clone();
        assert_eq!(user.fields["account"]["disabled"], true);
        call(&client, Method::DELETE, "sales/users/5", None).await.unwrap();
        assert!(simulator.portal("sales").unwrap().user("5").is_none());
        let counts = simulator.journal().counts();
        assert_eq!(counts["redirected"], counts.values().sum::<u64>() / 2, "each call once at each place");
    }
}

/// Trap 9: a reverse proxy's path stays before every call.
#[tokio::test]
async fn a_base_path_is_kept() {
    for path in ["/irma", "/a/b/"] {
        let (simulator, client) = start(|options| options.server.base_path = path.to_owned()).await;
        assert_eq!(portals(&client).await.unwrap(), ["sales"]);
        let slash = Client::new(&config(&format!("{}/", simulator.url())), access_to(&simulator)).unwrap();
        assert_eq!(portals(&slash).await.unwrap(), ["sales"]);
        assert_eq!(slash.realm().expose(), client.realm().expose(), "one account");
    }
}

/// Trap 33: the certificate of a server's own authority is trusted when that authority is named, and not otherwise.
#[tokio::test]
async fn a_servers_own_authority_has_to_be_named() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let simulator = Simulator::start_on(Listen { tls: true, port: 0 }, Options::default()).await.unwrap();
    let ca_bundle = simulator.ca_pem().map(|pem| pem.as_bytes().to_vec());
    let client = Client::new(&config(simulator.url()), Access { ca_bundle, ..access_to(&simulator) }).unwrap();
    client.check(Instant::now()).await.unwrap();
    let stranger = Client::new(&config(simulator.url()), access_to(&simulator)).unwrap();
    assert_eq!(stranger.check(Instant::now()).await.unwrap_err().class, Class::Untrusted);
}

/// Trap 19: a portal that is restarting, stopped or closed to the API is named, and keeps nobody else from anything.
#[tokio::test]
async fn a_closed_portal_is_its_own_trouble() {
    let (simulator, _) = start(|options| options.server.portals.push("hr".to_owned())).await;
    let access = access_to(&simulator);
    let breaker = access.breaker.clone();
    let client = Client::new(&config(simulator.url()), access).unwrap();
    simulator.restart_portal("sales", SignedDuration::from_secs(90)).unwrap();
    let closed = async || call(&client, Method::GET, "sales/settings", None).await.unwrap_err();
    for status in [503, 504, 502] {
        for _ in 0..10 {
            let fault = closed().await;
            assert_eq!((fault.class, fault.code, fault.contained), (Class::Transient, Some(status), true));
            assert!(fault.detail.starts_with("portal sales: "), "{fault}");
        }
        call(&client, Method::GET, "hr/settings", None).await.unwrap();
        client.check(Instant::now()).await.unwrap();
        assert_eq!(breaker.state(), Turn::Closed);
        let condition = if status == 503 { Condition::Unknown } else { Condition::Running };
        simulator.advance(SignedDuration::from_secs(90));
        let locked = |portal: &mut crate::intrexx::sim::Portal| {
            portal.condition = condition;
            portal.iaa_password = "changed elsewhere".to_owned();
        };
        simulator.edit_portal("sales", locked).unwrap();
    }
    let fault = call(&client, Method::DELETE, "sales/users/5", None).await.unwrap_err();
    assert_eq!(fault.delivery, Delivery::Unknown, "a write that a closing portal answers may be done");
}

/// Trap 19, the other way round: when nothing answers, it is the API that is down, and the breaker finds out by calls into portals too.
#[tokio::test]
async fn an_api_that_is_down_is_not_taken_for_a_closed_portal() {
    let (simulator, _) = start(|_| {}).await;
    let access = access_to(&simulator);
    let breaker = access.breaker.clone();
    let client = Client::new(&config(simulator.url()), access).unwrap();
    client.check(Instant::now()).await.unwrap();
    simulator.trouble().place(Order::every(Target::Any, Act::answer(503)));
    tokio::time::pause();
    tokio::time::advance(super::EVIDENCE).await;
    tokio::time::resume();
    for _ in 0..10 {
        call(&client, Method::GET, "sales/settings", None).await.unwrap_err();
    }
    assert_eq!(breaker.state(), Turn::Open);
}

#[tokio::test]
async fn what_is_missing_in_the_credentials_is_named() {
    let new =
        |credentials: &[(&str, &str)]| Client::new(&Config::new("https://iaa.example"), access(credentials)).err();
    assert!(matches!(new(&[("password", "x")]), Some(SetupError::MissingCredential { key: "username", .. })));
    assert!(matches!(
        new(&[("username", "x"), ("password", "\n")]),
        Some(SetupError::MissingCredential { key: "password", .. })
    ));
    assert!(new(&[("username", "x"), ("password", " x \n")]).is_none());
    let unlicensed = Client::new(&config("https://iaa.example"), access(&[("username", "x"), ("password", "y")]));
    assert!(matches!(unlicensed.err(), Some(SetupError::MissingCredential { key: LICENSE, .. })));
}

/// Trap 15.
#[test]
fn a_password_that_everybody_knows_is_recognised() {
    for (password, public) in
        [("P4$$w0rD", true), ("changeit\n", true), ("iaa-admin", true), ("battery-staple", false), ("p4$$w0rd", false)]
    {
        let access = access(&[("username", "iaa-admin"), ("password", password)]);
        let client = Client::new(&Config::new("https://iaa.example"), access).unwrap();
        assert_eq!(client.has_public_password(), public, "{password}");
        assert_eq!(Intrexx::caution(&client).is_some(), public);
        assert!(!Intrexx::caution(&client).unwrap_or_default().contains(password.trim()));
    }
}

/// A server that repeats what it was sent, in every style of refusal, tells nobody else.
#[tokio::test]
async fn no_secret_comes_back_in_a_fault() {
    let server = Server::start(|heard| match heard.uri.path() {
        "/auth" if heard.body.contains("battery-staple") => "token-0123456789".into_response(),
        _ => {
            let said = format!("no {} {}", heard.header("authorization"), heard.body);
            (axum::http::StatusCode::BAD_REQUEST, said).into_response()
        }
    })
    .await;
    let named = [(LICENSE, Secret::new("IAA-LICENSE-0001"))].into();
    let credentials = access(&[("username", "iaa-admin"), ("password", "battery-staple")]);
    let client = Client::new(&config(&server.url), Access { named, ..credentials.clone() }).unwrap();
    let unlicensed = Client::new(&Config::new(&server.url), credentials).unwrap();
    for fault in [portals(&client).await.unwrap_err(), portals(&unlicensed).await.unwrap_err()] {
        let shown = format!("{fault} {fault:?}");
        assert!(shown.contains("***"), "{shown}");
        for secret in ["battery-staple", "IAA-LICENSE-0001", "token-0123456789"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

/// Contract 1.5: the sentence of a refusal is told in whatever form it comes, and none is needed.
#[tokio::test]
async fn the_reason_of_a_refusal_is_told_in_every_form() {
    let styles = [
        ErrorStyle::Message,
        ErrorStyle::Error,
        ErrorStyle::Detail,
        ErrorStyle::Text,
        ErrorStyle::Html,
        ErrorStyle::Empty,
    ];
    for style in styles {
        let (_simulator, client) = start(|options| options.answers.error_style = style).await;
        let fault: Fault = call(&client, Method::GET, "sales/users/99", None).await.unwrap_err();
        assert_eq!((fault.class, fault.code), (Class::Missing, Some(404)), "{style:?}");
        let told = match style {
            ErrorStyle::Empty => fault.detail.ends_with("gave no reason"),
            ErrorStyle::Html => fault.detail.contains("not_found"),
            _ => fault.detail.contains("no such user"),
        };
        assert!(told, "{style:?}: {fault}");
    }
}

/// Trap 29 and the vendor's own samples: what we send is JSON without extras, declared as such, so the strict read it and the lenient.
#[tokio::test]
async fn strict_and_lenient_servers_read_what_we_send() {
    for (lenient, strict) in [(false, true), (true, false)] {
        let (simulator, client) = start(|options| {
            options.behaviour.lenient_json = lenient;
            options.behaviour.strict_content_type = strict;
        })
        .await;
        call(&client, Method::POST, "sales/users", Some(user("ada"))).await.unwrap();
        assert_eq!(simulator.journal().performed("create_user"), 1);
    }
}
