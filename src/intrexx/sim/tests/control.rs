//! The `/_sim/` calls, and what the handle gives to tests.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Bench, Reply, ZIP, bench, bench_with, portal_body, user_body};
use crate::sim::simulated::Simulated;

/// One of everything, beside the portal that is there.
async fn furnish(bench: &Bench) {
    bench.upload(Method::POST, "/templates", "own.zip", ZIP).await.good();
    bench.post("/sales/scheduler/job/task", json!({"name": "Nightly"})).await.good();
    let mail = json!({"name": "out", "type": "SMTP", "host": "smtp.example.com", "password": "mail-secret"});
    bench.post("/sales/mailservices", mail).await.good();
    bench.post("/sales/users", user_body("ada")).await.good();
    bench.post("/sales/groups", json!({"general_settings": {"object_name": "Editors"}})).await.good();
    bench.upload(Method::PATCH, "/sales/applications", "Holiday.zip", ZIP).await.good();
    bench.post("/sales/licenses", json!({"key": "LICENCE-SECRET", "count": 1})).await.good();
    bench.patch("/sales/mobile", json!({"api_key": "mobile-secret"})).await.good();
}

async fn by_hand(bench: &Bench, method: Method, path: &str, body: Value) -> Reply {
    let request = bench.http.request(method, format!("{}/_sim/api{path}", bench.sim.origin()));
    Reply::of(request.body(body.to_string()).send().await.unwrap()).await
}

#[tokio::test]
async fn help_names_every_call() {
    let bench = bench().await;
    let help = bench.control("GET", "").await.text;
    for call in ["/_sim/state", "/_sim/api/CALL", "/_sim/portals/PORTAL/restart", "/_sim/clock", "/_sim/journal"] {
        assert!(help.contains(call), "{call}");
    }
}

#[tokio::test]
async fn any_call_can_be_made_by_hand() {
    let bench = bench_with(|options| {
        options.server.unlicensed = true;
        options.server.containers = Some(501);
        options.server.create_seconds = 600;
        options.server.base_path = "/irma".to_owned();
    })
    .await;
    let made = by_hand(&bench, Method::POST, "/portals", portal_body("hr")).await.good();
    assert_eq!(made["status"], "RUNNING");
    bench.control("POST", "portals/hr?condition=STOPPED").await.good();
    let changed = by_hand(&bench, Method::PATCH, "/hr/settings", json!({"session_timeout_sek": 60})).await.good();
    assert_eq!(changed["session_timeout_sek"], 60);
    assert_eq!(by_hand(&bench, Method::GET, "/hr/settings", json!({})).await.good(), changed);
    assert_eq!(by_hand(&bench, Method::GET, "/nowhere/settings", json!({})).await.status, 404);
    assert_eq!(by_hand(&bench, Method::PUT, "/hr/settings", json!({})).await.status, 405);
    assert_eq!(bench.sim.journal().counts().len(), 1);
}

#[tokio::test]
async fn portals_are_made_changed_and_removed_by_hand() {
    let bench = bench().await;
    bench.control("POST", "portals?name=hr&displayName=People&baseUrl=https://hr.example").await.good();
    let listed = bench.get("/portals").await.good()[1].clone();
    assert_eq!((&listed["display_name"], &listed["base_url"]), (&json!("People"), &json!("https://hr.example")));
    bench.control("POST", "portals/hr?known=false&displayName=Humans").await.good();
    assert_eq!(bench.get("/hr/settings").await.status, 404);
    assert_eq!(bench.get("/portals").await.good()[1]["display_name"], "Humans");
    bench.control("DELETE", "portals/hr").await.good();
    assert_eq!(bench.get("/portals").await.good().as_array().unwrap().len(), 1);
    for (method, path) in [
        ("DELETE", "portals/hr"),
        ("POST", "portals/hr?known=true"),
        ("POST", "portals/hr/restart"),
        ("POST", "portals/sales/jobs/none?fails=true"),
        ("DELETE", "portals/sales/mailservices/none"),
        ("POST", "portals/sales/users/none?locked=true"),
        ("DELETE", "templates/none"),
        ("POST", "licenses?key=none"),
    ] {
        assert_eq!(bench.control(method, path).await.status, 404, "{path}");
    }
    for path in ["portals", "portals/sales?condition=ODD", "portals/sales?colour=red", "clock"] {
        assert_eq!(bench.control("POST", path).await.status, 400, "{path}");
    }
}

#[tokio::test]
async fn the_state_shows_everything_but_secrets() {
    let bench = bench().await;
    furnish(&bench).await;
    bench.post("/portals", portal_body("hr")).await.good();
    let shown = bench.control("GET", "state").await.text;
    let known = ["Nightly", "smtp.example.com", "Lovelace", "Editors", "Holiday", "own", "sales/task/Nightly", "hr"];
    for known in known.into_iter().take(6).chain(["hr created"]) {
        assert!(shown.contains(known), "{known} in {shown}");
    }
    let secrets =
        ["mail-secret", "P@ssw0rd-ada", "LICENCE-SECRET", "mobile-secret", "database-secret", "IAA-LICENSE-0001"];
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    let signing = bench.sim.snapshot().unwrap()["signing_secret"].as_str().unwrap().to_owned();
    assert!(signing.len() == 40 && !shown.contains(&signing));
}

#[tokio::test]
async fn a_snapshot_brings_everything_back() {
    let bench = bench().await;
    furnish(&bench).await;
    let (kept, externals) = (bench.sim.snapshot().unwrap(), bench.sim.externals());
    bench.delete("/sales/users/5").await.good();
    bench.control("DELETE", "templates/own").await.good();
    bench.sim.advance(SignedDuration::from_hours(2));
    assert_ne!(bench.sim.externals(), externals);
    bench.sim.restore(kept.clone()).unwrap();
    assert_eq!(bench.sim.externals(), externals);
    assert_eq!(bench.get("/sales/users/5").await.status, 200);
    assert_eq!(bench.sim.snapshot().unwrap()["portals"], kept["portals"]);
    assert!(bench.sim.restore(json!({"portals": 7})).is_err());
    assert_eq!(bench.sim.externals(), externals);

    let another = super::bench().await;
    another.sim.restore(kept).unwrap();
    assert_eq!(another.sim.externals(), externals);
}

#[tokio::test]
async fn what_is_put_back_keeps_its_counts() {
    let bench = bench().await;
    let put_back = bench.sim.keep();
    furnish(&bench).await;
    put_back();
    assert_eq!(bench.sim.objects().len(), 1);
    assert_eq!(bench.sim.effect("sales/Holiday overwritten"), 1);
    assert_eq!(bench.post("/sales/users", user_body("ada")).await.id(), "7");
}

#[tokio::test]
async fn objects_are_told_with_their_natural_keys() {
    let bench = bench().await;
    furnish(&bench).await;
    let objects = bench.sim.objects();
    let keys: Vec<_> = objects.iter().map(|(kind, key, _)| (*kind, key.as_str())).collect();
    assert_eq!(
        keys,
        [
            ("IntrexxPortal", "sales"),
            ("SchedulerJob", "sales/task/Nightly"),
            ("MailService", "sales/out"),
            ("PortalUser", "sales/ada"),
            ("PortalGroup", "sales/Editors"),
            ("PortalPackage", "sales/Holiday"),
            ("PortalTemplate", "own"),
        ]
    );
    assert_eq!((objects[0].2.as_str(), objects[3].2.as_str()), ("sales", "sales/5"));
    let user = &bench.sim.externals()[3].values;
    assert_eq!((&user["account"]["password"], &user["groups"]), (&json!("P@ssw0rd-ada"), &json!([])));
}

#[tokio::test]
async fn credentials_can_be_rotated() {
    let mut bench = bench().await;
    bench.sim.rotate_credentials();
    assert_eq!(bench.get("/portals").await.status, 401);
    let login = json!({"name": "iaa-admin", "password": bench.sim.credentials()["password"].expose()});
    bench.token = bench.post("/auth", login).await.text;
    assert_eq!(bench.get("/portals").await.status, 200);
}

#[tokio::test]
async fn tests_change_anything() {
    let bench = bench().await;
    bench.sim.edit(|state| state.templates.clear());
    assert_eq!(bench.get("/templates").await.good(), json!([]));
    assert!(bench.sim.edit_portal("none", |_| ()).is_err());
    bench.sim.remove_portal("sales").unwrap();
    assert_eq!(bench.sim.remove_portal("sales").unwrap_err().to_string(), "there is no portal sales");
    assert_eq!(bench.sim.objects(), []);
}

#[tokio::test]
async fn the_clock_moves_on() {
    let bench = bench().await;
    let before = bench.sim.now();
    bench.control("POST", "clock?advanceSeconds=3600").await.good();
    assert!(bench.sim.now().duration_since(before) >= SignedDuration::from_hours(1));
    assert_eq!(bench.get("/portals").await.status, 401);
}
