//! The `/_sim/` calls, and what the handle gives to tests.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;

use super::{Bench, DOMAIN, FORM, Reply, TOKEN, bench};
use crate::base::secret::Secret;
use crate::crm2::sim::{Login, MailAccount};
use crate::sim::simulated::Simulated;

/// One of everything, beside the domain that is there.
async fn furnish(bench: &Bench) -> String {
    let account = [("mailUser", "notify@acme.example"), ("mailPass", "mail-secret"), ("mailHost", "smtp.gmail.com")];
    bench.post("/admin/email-notifications", &account).await.good();
    let mailbox = [("mailUser", "support@acme.example"), ("mailPass", "poll-secret")];
    bench.post("/admin/email-to-poll", &mailbox).await.good();
    bench.post("/admin/activity-type", &[("activityType", "PINNED")]).await.good();
    let twitter = [("userName", "ada"), ("token", "twitter-token"), ("tokenSecret", "twitter-secret")];
    bench.post("/admin/twitter", &twitter).await.good();
    let id = bench.user("grace@acme.example").await;
    bench
        .post("/admin/user-permission", &[("userId", "grace@acme.example"), ("permission", "CONTACT_VIEW")])
        .await
        .good();
    id
}

#[tokio::test]
async fn help_names_every_call() {
    let bench = bench().await;
    let help = bench.control("GET", "").await.text;
    for call in ["state", "api/CALL", "domains", "contacts/ID", "my-account/reset", "clock", "journal"] {
        assert!(help.contains(&format!("/_sim/{call}")), "{call}");
    }
}

#[tokio::test]
async fn any_call_can_be_made_by_hand() {
    let bench = bench().await;
    let made = bench.control("POST", "api/admin/activity-type?activityType=pinned").await.value();
    assert_eq!(made, "PINNED");
    let user = json!({"userId": "grace@acme.example", "userIdType": "GOOGLE_APPS", "firstName": "Grace"}).to_string();
    let id = bench.raw(Method::POST, "/_sim/api/admin/user-contact", "application/json", user).await.value();
    let id = id["contactId"].as_str().unwrap();
    let listed = bench.control("GET", &format!("api/contact-users/{id}")).await.good();
    assert_eq!(listed[0]["userId"], "grace@acme.example");
    let form = "mailUser=notify@acme.example".to_owned();
    let set = bench.raw(Method::PUT, "/_sim/api/admin/email-notifications", FORM, form);
    set.await.good();
    bench.control("POST", "domains?name=other.example").await.good();
    bench.control("DELETE", "api/admin/activity-type?clientDomain=other.example&activityType=NOTE").await.good();
    assert_eq!(bench.sim.domain("other.example").unwrap().activity_types, ["EMAIL", "TASK"]);
    assert_eq!(bench.sim.domain(DOMAIN).unwrap().activity_types, ["EMAIL", "NOTE", "TASK", "PINNED"]);
    assert_eq!(bench.control("GET", "api/admin/activity-type?clientDomain=none").await.status, 404);
    assert_eq!(bench.control("GET", "api/nothing").await.status, 404);
    assert_eq!(bench.sim.journal().counts().len(), 0);
}

#[tokio::test]
async fn a_user_finds_and_resets_its_token_under_my_account() {
    let mut bench = bench().await;
    let id = bench.user("grace@acme.example").await;
    assert_eq!(bench.control("GET", "my-account").await.good()["authToken"], TOKEN);
    let grace = bench.control("GET", "my-account?userId=grace@acme.example").await.good()["authToken"].clone();
    assert!(bench.sim.lets_in(&Secret::new(grace.as_str().unwrap())));
    let temporary = Secret::new(bench.temporary().await);
    bench.token = bench.control("POST", "my-account/reset").await.good()["authToken"].as_str().unwrap().to_owned();
    assert!(!bench.sim.lets_in(&Secret::new(TOKEN)) && bench.sim.lets_in(&temporary));
    assert_eq!(bench.get(&format!("/contact-users/{id}"), &[]).await.status, 200);
    assert_eq!(bench.sim.effect("acme.example token reset"), 0);
    for (method, path) in [
        ("GET", "my-account?userId=nobody"),
        ("POST", "my-account/reset?userId=grace@acme.example&userIdType=INTERNAL"),
        ("POST", "contacts/none?activities=1"),
    ] {
        assert_eq!(bench.control(method, path).await.status, 404, "{path}");
    }
    for path in ["domains", "contacts/none", "clock", "my-account/reset?colour=red"] {
        assert_eq!(bench.control("POST", path).await.status, 400, "{path}");
    }
}

#[tokio::test]
async fn the_state_shows_everything_but_secrets() {
    let bench = bench().await;
    furnish(&bench).await;
    let temporary = bench.temporary().await;
    let shown = bench.control("GET", "state").await.text;
    for known in ["notify@acme.example", "support@acme.example", "PINNED", "ada", "Hopper", "CONTACT_VIEW", "created"] {
        assert!(shown.contains(known), "{known} in {shown}");
    }
    let grace = bench.sim.permanent_token(&Login::google("grace@acme.example"));
    let secrets =
        ["mail-secret", "poll-secret", "twitter-token", "twitter-secret", TOKEN, temporary.as_str(), grace.expose()];
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[tokio::test]
async fn a_snapshot_brings_everything_back() {
    let bench = bench().await;
    let id = furnish(&bench).await;
    let (kept, externals) = (bench.sim.snapshot().unwrap(), bench.sim.externals());
    bench.delete("/contact", &[("contactId", &id)]).await.good();
    bench.delete("/admin/email-notifications", &[]).await.good();
    bench.post("/admin/reset-token", &[]).await.good();
    assert_ne!(bench.sim.externals(), externals);
    bench.sim.restore(kept.clone()).unwrap();
    assert_eq!(bench.sim.externals(), externals);
    assert!(bench.sim.lets_in(&Secret::new(TOKEN)));
    assert!(bench.sim.restore(json!({"domains": 7})).is_err());
    assert_eq!(bench.sim.externals(), externals);

    let another = super::bench().await;
    another.sim.restore(kept).unwrap();
    assert_eq!(another.sim.externals(), externals);
}

/// What a reset did is not undone by bringing back what people would miss: the old token stays dead.
#[tokio::test]
async fn what_is_put_back_keeps_tokens_and_counts() {
    let mut bench = bench().await;
    let put_back = bench.sim.keep();
    furnish(&bench).await;
    bench.token = bench.post("/admin/reset-token", &[]).await.value()["authToken"].as_str().unwrap().to_owned();
    put_back();
    assert_eq!(bench.sim.objects(), []);
    assert_eq!(bench.sim.effects().len(), 2);
    assert_eq!(bench.get("/admin/activity-type", &[]).await.value(), json!(["EMAIL", "NOTE", "TASK"]));
    assert!(!bench.sim.lets_in(&Secret::new(TOKEN)));
}

#[tokio::test]
async fn objects_are_told_with_their_natural_keys() {
    let bench = bench().await;
    assert_eq!(bench.sim.objects(), []);
    let id = furnish(&bench).await;
    bench.post("/admin/user", &[("contactId", &id), ("userId", "grace"), ("userIdType", "TWITTER_LOGIN")]).await.good();
    let objects = bench.sim.objects();
    let expected = [
        ("CrmDomain", "acme.example"),
        ("CrmDomainUser", "GOOGLE_APPS/grace@acme.example"),
        ("CrmDomainUser", "TWITTER_LOGIN/grace"),
    ];
    assert_eq!(objects, expected.map(|(kind, key)| (kind, key.to_owned(), key.to_owned())));
    let externals = bench.sim.externals();
    let domain = json!({
        "emailNotifications": {
            "mailUser": "notify@acme.example", "mailPass": "mail-secret", "mailStoreProtocol": "",
            "mailHost": "smtp.gmail.com",
        },
        "emailsToPoll": [
            {"mailUser": "support@acme.example", "mailPass": "poll-secret", "mailStoreProtocol": "", "mailHost": ""},
        ],
        "activityTypes": ["EMAIL", "NOTE", "TASK", "PINNED"],
    });
    assert_eq!(externals[0].values, domain);
    let person = &externals[1].values;
    assert_eq!((&person["lastName"], &person["permissions"]), (&json!("Hopper"), &json!(["CONTACT_VIEW"])));
}

/// A domain counts while anything is set in it.
#[tokio::test]
async fn a_domain_counts_while_it_is_configured() {
    let bench = bench().await;
    let counts = || bench.sim.objects().iter().any(|(kind, ..)| *kind == "CrmDomain");
    bench.delete("/admin/activity-type", &[("activityType", "NOTE")]).await.good();
    assert!(!counts());
    for path in ["/admin/email-notifications", "/admin/email-to-poll"] {
        bench.post(path, &[("mailUser", "a@x.com")]).await.good();
        assert!(counts());
        bench.delete(path, &[("mailUser", "a@x.com")]).await.good();
        assert!(!counts());
    }
    bench.post("/admin/activity-type", &[("activityType", "PINNED")]).await.good();
    assert!(counts());
}

#[tokio::test]
async fn credentials_can_be_rotated() {
    let mut bench = bench().await;
    let temporary = bench.temporary().await;
    bench.sim.rotate_credentials();
    for token in [TOKEN, &temporary] {
        bench.token = token.to_owned();
        assert_eq!(bench.get("/admin/activity-type", &[]).await.status, 401);
    }
    bench.token = bench.sim.credentials()["authToken"].expose().to_owned();
    assert_eq!(bench.get("/admin/activity-type", &[]).await.status, 200);
}

#[tokio::test]
async fn tests_change_anything() {
    let bench = bench().await;
    bench.sim.edit(|state| state.effects.clear());
    let account = MailAccount { user: "by@hand.example".to_owned(), ..MailAccount::default() };
    bench.sim.edit_domain(DOMAIN, |domain| domain.mailboxes.push(account)).unwrap();
    assert_eq!(bench.get("/admin/email-to-poll", &[]).await.value()[0]["mailUser"], "by@hand.example");
    assert_eq!(bench.sim.edit_domain("none", |_| ()).unwrap_err().to_string(), "there is no client domain none");
    assert_eq!(bench.sim.add_domain("new.example").owner, Login::google("owner@new.example"));
    assert_eq!(bench.sim.add_domain(DOMAIN).mailboxes.len(), 1);
}

#[tokio::test]
async fn the_clock_moves_on() {
    let mut bench = bench().await;
    bench.token = bench.temporary().await;
    let before = bench.sim.now();
    let reply: Reply = bench.control("POST", "clock?advanceSeconds=3600").await;
    reply.good();
    assert!(bench.sim.now().duration_since(before) >= SignedDuration::from_hours(1));
    assert_eq!(bench.get("/admin/activity-type", &[]).await.status, 401);
}
