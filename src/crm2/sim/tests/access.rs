//! Who may come in, into which domain, and what the journal keeps of it.

use reqwest::Method;
use serde_json::json;

use super::{DOMAIN, Reply, TOKEN, bench, bench_with, refused};
use crate::crm2::sim::{Contact, Login, Options, Simulator};
use crate::sim::journal::Intent;
use crate::sim::server::Listen;

#[tokio::test]
async fn a_good_token_is_needed() {
    for status in [401, 403] {
        let mut bench = bench_with(|options| options.answers.denied_status = status).await;
        bench.token = "nobody's".to_owned();
        let wrong = refused(status, "authToken is not valid, or not any more");
        assert_eq!(bench.get("/admin/activity-type", &[]).await.refusal(), wrong);
        assert_eq!(bench.get("/contacts-users", &[]).await.refusal(), wrong);
        bench.token.clear();
        let missing = refused(status, "authToken is required");
        assert_eq!(bench.post("/admin/activity-type", &[("activityType", "X")]).await.refusal(), missing);
        let header = bench.request(Method::GET, "/admin/activity-type").bearer_auth(TOKEN);
        assert_eq!(Reply::of(header.send().await.unwrap()).await.refusal(), missing);
    }
}

/// Trap 16: the domain is a parameter, and only the token keeps a typo from another's domain.
#[tokio::test]
async fn a_token_opens_its_own_domains_only() {
    let mut bench = bench_with(|options| options.server.domains.push("other.example".to_owned())).await;
    let strange = refused(403, "the user does not belong to this clientDomain");
    for domain in ["other.example", "acme.exmaple"] {
        bench.domain = domain.to_owned();
        assert_eq!(bench.get("/admin/activity-type", &[]).await.refusal(), strange);
        assert_eq!(bench.post("/admin/reset-token", &[]).await.refusal(), strange);
    }
    bench.domain.clear();
    assert_eq!(bench.get("/admin/activity-type", &[]).await.refusal(), refused(400, "clientDomain is required"));

    // The token is the user's, whichever domain has a contact for it.
    bench.domain = "other.example".to_owned();
    let guest = Contact {
        logins: vec![Login::google("owner@acme.example")],
        permissions: ["DOMAIN_CONF".to_owned()].into(),
        ..Default::default()
    };
    bench.sim.add_contact("other.example", guest).unwrap();
    bench.post("/admin/activity-type", &[("activityType", "visit")]).await.good();
    let types = |name| bench.sim.domain(name).unwrap().added_types().cloned().collect::<Vec<_>>();
    assert_eq!((types(DOMAIN), types("other.example")), (vec![], vec!["VISIT".to_owned()]));
}

#[tokio::test]
async fn each_call_needs_its_permission() {
    let mut bench = bench().await;
    bench.user("grace@acme.example").await;
    bench.token = bench.sim.permanent_token(&Login::google("grace@acme.example")).expose().to_owned();
    for (method, path, permission) in [
        (Method::GET, "/admin/email-to-poll", "DOMAIN_CONF"),
        (Method::POST, "/admin/reset-token", "DOMAIN_CONF"),
        (Method::POST, "/admin/user-permission", "DOMAIN_CONF"),
        (Method::GET, "/contacts-users", "CONTACT_VIEW"),
        (Method::GET, "/contact-users/5166b967e4b0f6e6cd09e653", "CONTACT_VIEW"),
        (Method::GET, "/contact", "CONTACT_VIEW"),
        (Method::POST, "/contact", "CONTACT_UPDATE"),
        (Method::PUT, "/contact", "CONTACT_UPDATE"),
        (Method::DELETE, "/contact", "CONTACT_UPDATE"),
    ] {
        let reply = bench.form(method, path, &[]).await;
        assert_eq!(reply.refusal(), refused(403, &format!("the permission {permission} is needed")), "{path}");
    }
    bench.sim.reconfigure(|options| options.behaviour.contact_permissions = false);
    assert_eq!(bench.get("/contacts-users", &[]).await.status, 200);
    bench.sim.reconfigure(|options| options.answers.forbidden_status = 401);
    assert_eq!(bench.get("/admin/email-to-poll", &[]).await.status, 401);
}

#[tokio::test]
async fn an_owner_may_lack_permissions() {
    let bench = bench_with(|options| options.server.owner_lacks.push("CONTACT_VIEW".to_owned())).await;
    assert_eq!(bench.get("/contacts-users", &[]).await.status, 403);
    assert_eq!(bench.get("/admin/email-to-poll", &[]).await.status, 200);
}

/// The server lets its users lock themselves out.
#[tokio::test]
async fn an_owner_can_lock_itself_out() {
    let bench = bench().await;
    let params = [("userId", "owner@acme.example"), ("permission", "DOMAIN_CONF")];
    bench.delete("/admin/user-permission", &params).await.good();
    assert_eq!(bench.post("/admin/user-permission", &params).await.status, 403);
}

#[tokio::test]
async fn what_is_not_there_is_the_web_servers_answer() {
    let bench = bench().await;
    for path in ["/admin/admin/user", "/admin", "/", "/contact-users/", "/crm2/contact"] {
        let reply = bench.get(path, &[]).await;
        assert_eq!((reply.status, reply.content_type.starts_with("text/html")), (404, true), "{path}");
    }
    let reply = bench.get("/admin/user", &[]).await;
    assert_eq!((reply.status, reply.allow.as_deref()), (405, Some("POST, DELETE")));
    assert_eq!(bench.put("/admin/activity-type", &[]).await.allow.as_deref(), Some("POST, GET, DELETE"));
    bench.sim.reconfigure(|options| options.server.twitter = false);
    assert_eq!(bench.get("/admin/twitter", &[]).await.status, 404);
    let names: Vec<_> = bench.sim.journal().all().iter().map(|entry| entry.operation).collect();
    assert!(names.iter().all(|name| *name == "unknown"), "{names:?}");
    assert_eq!(bench.sim.journal().writes().len(), 1);
}

/// Trap 3: tokens stand in queries, and must not end in what is kept of them.
#[tokio::test]
async fn the_journal_tells_reads_from_writes_and_keeps_no_secret() {
    let mut bench = bench().await;
    let temporary = bench.temporary().await;
    bench.validate(&temporary).await.good();
    let mail = [("mailUser", "notify@acme.example"), ("mailPass", "mail-secret"), ("mailHost", "smtp.gmail.com")];
    bench.post("/admin/email-notifications", &mail).await.good();
    bench.get("/admin/email-notifications", &[]).await.good();
    bench.delete("/admin/email-to-poll", &[("mailUser", "mail-secret")]).await;
    let twitter = [("userName", "ada"), ("token", "twitter-token"), ("tokenSecret", "twitter-secret")];
    bench.post("/admin/twitter", &twitter).await.good();
    let reset = bench.post("/admin/reset-token", &[]).await.value()["authToken"].as_str().unwrap().to_owned();
    bench.token.clone_from(&reset);
    bench.get(&format!("/contact-users/{reset}"), &[]).await.good();

    let told = format!("{:?}", bench.sim.journal().all());
    for secret in [&temporary, &reset, "mail-secret", "twitter-token", "twitter-secret"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
    let written: Vec<_> = bench.sim.journal().writes().iter().map(|entry| entry.operation).collect();
    assert_eq!(written, ["set_notifications", "remove_mailbox", "add_twitter_user", "reset_token"]);
    let set = &bench.sim.journal().of("set_notifications")[0];
    let kept = json!({
        "clientDomain": DOMAIN, "authToken": "***", "mailUser": "notify@acme.example", "mailPass": "***",
        "mailHost": "smtp.gmail.com",
    });
    assert_eq!((set.intent, set.performed, set.body.clone()), (Intent::Write, true, Some(kept)));
    let removed = &bench.sim.journal().of("remove_mailbox")[0];
    assert_eq!((removed.code, removed.note.as_deref()), (Some(404), Some("mailUser is not polled")));
}

#[tokio::test]
async fn it_can_be_served_over_tls() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let sim = Simulator::start_on(Listen { port: 0, tls: true }, Options::default()).await.unwrap();
    let ca = reqwest::Certificate::from_pem(sim.ca_pem().unwrap().as_bytes()).unwrap();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([ca]).build().unwrap();
    let url = format!("{}/admin/activity-type?clientDomain={DOMAIN}&authToken={TOKEN}", sim.url());
    assert!(url.starts_with("https://"));
    assert_eq!(http.get(url).send().await.unwrap().status(), 200);
    sim.stop().await;
}
