//! What a portal is set to.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{bench, bench_with};
use crate::intrexx::sim::options::answers::UnsetKey;

#[tokio::test]
async fn the_base_url_is_set_and_told() {
    let bench = bench().await;
    let url = json!({"base_url": "https://portal.example.com/x"});
    assert_eq!(bench.put("/sales/webserver", url.clone()).await.good(), url);
    assert_eq!(bench.get("/sales/webserver").await.good(), url);
    for wrong in ["portal.example.com", "ftp://portal.example.com", "https://", ""] {
        let reply = bench.put("/sales/webserver", json!({ "base_url": wrong })).await;
        assert_eq!(reply.refusal(), (400, "base_url must be an http or https URL".to_owned()), "{wrong}");
    }
    assert_eq!(bench.put("/sales/webserver", json!({})).await.refusal().1, "base_url is required");
    assert_eq!(bench.get("/sales/webserver").await.good(), url);
}

#[tokio::test]
async fn settings_are_changed_one_by_one() {
    let bench = bench().await;
    let sample = json!({
        "jvm_minimal_memory_mb": 512,
        "jvm_maximal_memory_mb": 2048,
        "session_timeout_sek": 3600,
        "anonymous_session_timeout_sek": "3600",
        "workflow_event_on_login": true,
    });
    let mut expected = sample.clone();
    expected["anonymous_session_timeout_sek"] = json!(3600);
    assert_eq!(bench.patch("/sales/settings", sample).await.good(), expected);
    expected["session_timeout_sek"] = json!(1800);
    assert_eq!(bench.patch("/sales/settings", json!({"session_timeout_sek": 1800})).await.good(), expected);
    assert_eq!(bench.get("/sales/settings").await.good(), expected);
}

#[tokio::test]
async fn wrong_settings_are_refused_whole() {
    let bench = bench().await;
    let before = bench.get("/sales/settings").await.good();
    for (body, status) in [
        (json!({"session_timeout_sek": 60, "jvm_minimal_memory_mb": 4096}), 422),
        (json!({"session_timeout_sek": 60, "workflow_event_on_login": "yes"}), 400),
        (json!({"session_timeout_sek": 1.5}), 400),
        (json!({"session_timeout_sek": null}), 400),
    ] {
        assert_eq!(bench.patch("/sales/settings", body).await.status, status);
    }
    assert_eq!(bench.get("/sales/settings").await.good(), before);
}

#[tokio::test]
async fn some_settings_wait_for_a_restart() {
    let bench = bench().await;
    let change = json!({"jvm_maximal_memory_mb": 4096, "workflow_event_on_login": true, "session_timeout_sek": 60});
    bench.patch("/sales/settings", change).await.good();
    bench.patch("/sales/scheduler/configuration", json!({"thread_count": 20})).await.good();
    let in_effect = || {
        let portal = bench.sim.portal("sales").unwrap();
        let setting = |key: &str| portal.settings_in_effect[key].clone();
        let event = setting("workflow_event_on_login");
        (setting("jvm_maximal_memory_mb"), event, setting("session_timeout_sek"), portal.scheduler_in_effect)
    };
    let (memory, event, timeout, scheduler) = in_effect();
    assert_eq!((memory, event, timeout), (json!(1024), json!(false), json!(60)));
    assert_eq!(scheduler["thread_count"], 10);
    bench.sim.restart_portal("sales", SignedDuration::ZERO).unwrap();
    let (memory, event, timeout, scheduler) = in_effect();
    assert_eq!((memory, event, timeout), (json!(4096), json!(true), json!(60)));
    assert_eq!(scheduler["thread_count"], 20);
}

#[tokio::test]
async fn settings_may_tell_more_than_is_documented() {
    for more in [false, true] {
        let bench = bench_with(|options| options.answers.more_settings = more).await;
        let settings = bench.get("/sales/settings").await.good();
        assert_eq!(settings.as_object().unwrap().len(), if more { 9 } else { 5 });
        bench.patch("/sales/settings", json!({"display_name": "New", "portal_path": "/x"})).await.good();
        let portal = bench.get("/portals").await.good()[0].clone();
        assert_eq!(portal["display_name"], if more { "New" } else { "sales" });
        assert_eq!(portal["portal_path"], "/opt/intrexx/org/sales");
    }
}

#[tokio::test]
async fn the_mobile_key_is_set_changed_and_deleted() {
    let bench = bench().await;
    for key in ["mobile-0001", "mobile-0002"] {
        let body = json!({ "api_key": key });
        assert_eq!(bench.patch("/sales/mobile", body.clone()).await.good(), body);
        assert_eq!(bench.get("/sales/mobile").await.good(), body);
    }
    assert_eq!(bench.patch("/sales/mobile", json!({"api_key": ""})).await.status, 400);
    for _ in 0..2 {
        assert_eq!(bench.delete("/sales/mobile").await.status, 204);
    }
    assert_eq!(bench.get("/sales/mobile").await.good(), json!({"api_key": null}));
}

#[tokio::test]
async fn that_there_is_no_mobile_key_is_told_in_four_ways() {
    for (style, body) in [
        (UnsetKey::Null, json!({"api_key": null})),
        (UnsetKey::Blank, json!({"api_key": ""})),
        (UnsetKey::Absent, json!({})),
    ] {
        let bench = bench_with(|options| options.answers.unset_mobile_key = style).await;
        assert_eq!(bench.get("/sales/mobile").await.good(), body);
        assert_eq!(bench.delete("/sales/mobile").await.status, 204);
    }
    let bench = bench_with(|options| options.answers.unset_mobile_key = UnsetKey::NotFound).await;
    assert_eq!(bench.get("/sales/mobile").await.status, 404);
    assert_eq!(bench.delete("/sales/mobile").await.status, 404);
}

#[tokio::test]
async fn another_reports_engine_replaces_the_configuration() {
    let bench = bench().await;
    let sample = json!({"engine": "jasper", "enabled": true, "configuration": {"url": "http://reports:8080", "timeout_sek": 60}});
    assert_eq!(bench.patch("/sales/reports/engine", sample.clone()).await.good(), sample);
    assert_eq!(bench.get("/sales/reports/engine").await.good(), sample);
    let change = json!({"configuration": {"timeout_sek": 90, "more": [1]}});
    let merged = bench.patch("/sales/reports/engine", change).await.good();
    assert_eq!(merged["configuration"], json!({"url": "http://reports:8080", "timeout_sek": 90, "more": [1]}));
    let change = json!({"engine": "birt", "configuration": {"home": "/opt/birt"}});
    let replaced = bench.patch("/sales/reports/engine", change).await.good();
    assert_eq!(replaced, json!({"engine": "birt", "enabled": true, "configuration": {"home": "/opt/birt"}}));
}

#[tokio::test]
async fn the_export_is_configured_with_all_it_has() {
    let bench = bench().await;
    let rule = json!({
        "active": true,
        "cron": "0 30 2 ? * MON-FRI",
        "time_zone": "Europe/Berlin",
        "valid_from": null,
        "valid_to": "2030-01-01T00:00:00Z",
    });
    let whole = json!({
        "template_name": "sales-nightly",
        "display_name": "Nightly",
        "description": "Every night",
        "export_directory": "/opt/exports",
        "clear_mail_configuration": true,
        "overwrite_previous_export": true,
        "clear_certificate_store": true,
        "export_noexport_directories": true,
        "remove_database_passwords": true,
        "number_of_exports": 7,
        "follow_up_job_ids": ["A", "B"],
        "schedule": [rule],
    });
    assert_eq!(bench.patch("/sales/export", whole.clone()).await.good(), whole);
    assert_eq!(bench.get("/sales/export").await.good(), whole);
    let changed = bench.patch("/sales/export", json!({"number_of_exports": null, "schedule": []})).await.good();
    assert_eq!((changed.get("number_of_exports"), &changed["schedule"]), (None, &json!([])));
    let wrong = json!({"template_name": "x", "schedule": [{"cron": "0 30 2 * * *"}]});
    assert_eq!(bench.patch("/sales/export", wrong).await.status, 422);
    assert_eq!(bench.get("/sales/export").await.good()["template_name"], "sales-nightly");
    assert_eq!(bench.patch("/sales/export", json!({"follow_up_job_ids": [1]})).await.status, 400);
}

#[tokio::test]
async fn a_new_portals_export_has_its_defaults() {
    let export = bench().await.get("/sales/export").await.good();
    assert_eq!((&export["template_name"], &export["clear_mail_configuration"]), (&json!("sales"), &Value::Bool(false)));
}
