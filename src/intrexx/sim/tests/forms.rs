//! The forms that answers and bodies can have: each switch in each position.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Reply, ZIP, bench_with, portal_body, user_body};
use crate::intrexx::sim::options::answers::{CreatedBody, ErrorStyle, GuidStyle, ListStyle, LocationStyle, Locations};
use crate::intrexx::sim::options::behaviour::UnknownKeys;

#[tokio::test]
async fn a_failure_has_one_of_six_bodies() {
    let message = "portal 'test02' is not configured";
    for (style, content_type, body) in [
        (
            ErrorStyle::Message,
            "application/json",
            Some(json!({"status": 404, "error": "not_found", "message": message, "details": []})),
        ),
        (ErrorStyle::Error, "application/json", Some(json!({ "error": message }))),
        (ErrorStyle::Detail, "application/json", Some(json!({"title": "not_found", "detail": message}))),
        (ErrorStyle::Text, "text/plain; charset=utf-8", None),
        (ErrorStyle::Html, "text/html; charset=utf-8", None),
        (ErrorStyle::Empty, "", None),
    ] {
        let bench = bench_with(|options| options.answers.error_style = style).await;
        let reply = bench.get("/test02/settings").await;
        assert_eq!((reply.status, reply.content_type.as_str()), (404, content_type));
        match (body, style) {
            (Some(body), _) => assert_eq!(reply.json(), body),
            (None, ErrorStyle::Text) => assert_eq!(reply.text, format!("{message}\n")),
            (None, ErrorStyle::Html) => assert!(reply.text.starts_with("<html>") && !reply.text.contains(message)),
            (None, _) => assert_eq!(reply.text, ""),
        }
        let entry = bench.sim.journal().of("get_settings").pop().unwrap();
        assert_eq!((entry.code, entry.note.as_deref()), (Some(404), Some(message)));
    }
}

#[tokio::test]
async fn statuses_of_refusals_can_be_others() {
    for (refused, taken) in [(422, 409), (400, 422), (422, 400)] {
        let bench = bench_with(|options| {
            options.answers.refused_status = refused;
            options.answers.taken_status = taken;
        })
        .await;
        let swapped = json!({"jvm_maximal_memory_mb": 1});
        assert_eq!(bench.patch("/sales/settings", swapped).await.status, refused);
        bench.post("/sales/users", user_body("ada")).await.good();
        assert_eq!(bench.post("/sales/users", user_body("ada")).await.status, taken);
        bench.upload(Method::POST, "/templates", "own.zip", ZIP).await.good();
        assert_eq!(bench.upload(Method::POST, "/templates", "own.zip", ZIP).await.status, taken);
    }
}

#[tokio::test]
async fn deleting_what_is_gone_has_a_status_of_its_own() {
    for status in [404, 410, 204] {
        let bench = bench_with(|options| options.answers.gone_status = status).await;
        for path in [
            "/portals/0",
            "/sales/scheduler/job/0",
            "/sales/users/99",
            "/sales/groups/99",
            "/sales/users/1/groups/4",
            "/sales/licenses/LICENSE-KEY-0001",
        ] {
            assert_eq!(bench.delete(path).await.status, status, "{path}");
        }
        assert_eq!(bench.get("/sales/users/99").await.status, 404);
        assert_eq!(bench.delete("/nowhere/users/1").await.status, 404);
    }
}

/// Every create, with a path for what was made.
async fn creates(bench: &super::Bench) -> Vec<(&'static str, Reply)> {
    let mail = json!({"name": "out", "type": "SMTP", "host": "smtp.example.com"});
    vec![
        ("portals/", bench.post("/portals", portal_body("hr")).await),
        ("templates/own", bench.upload(Method::POST, "/templates", "own.zip", ZIP).await),
        ("sales/scheduler/job/", bench.post("/sales/scheduler/job/task", json!({"name": "a"})).await),
        ("sales/mailservices/", bench.post("/sales/mailservices", mail).await),
        ("sales/users/5", bench.post("/sales/users", user_body("ada")).await),
        ("sales/groups/6", bench.post("/sales/groups", json!({"general_settings": {"object_name": "Editors"}})).await),
    ]
}

#[tokio::test]
async fn creates_answer_with_and_without_a_body() {
    for (status, body) in [(201, CreatedBody::Full), (200, CreatedBody::Full), (201, CreatedBody::Empty)] {
        let bench = bench_with(|options| {
            options.answers.created_status = status;
            options.answers.created_body = body;
        })
        .await;
        for (at, reply) in creates(&bench).await {
            assert_eq!((reply.status, reply.text.is_empty()), (status, body == CreatedBody::Empty), "{at}");
            assert!(reply.location.is_some_and(|location| location.starts_with(at)), "{at}");
        }
    }
}

#[tokio::test]
async fn locations_are_relative_rooted_or_absolute() {
    for style in [LocationStyle::Relative, LocationStyle::Rooted, LocationStyle::Absolute] {
        let bench = bench_with(|options| {
            options.server.base_path = "/irma".to_owned();
            options.answers.location_style = style;
        })
        .await;
        let before = match style {
            LocationStyle::Relative => String::new(),
            LocationStyle::Rooted => "/irma/".to_owned(),
            LocationStyle::Absolute => format!("{}/", bench.sim.url()),
        };
        for (at, reply) in creates(&bench).await {
            let location = reply.location.unwrap();
            assert!(location.starts_with(&format!("{before}{at}")), "{location}");
        }
    }
}

#[tokio::test]
async fn only_users_and_groups_may_have_a_location() {
    let bench = bench_with(|options| options.answers.locations = Locations::Users).await;
    for (at, reply) in creates(&bench).await {
        let only_there = at.contains("/users/") || at.contains("/groups/");
        assert_eq!(reply.location.is_some(), only_there, "{at}");
    }
}

#[tokio::test]
async fn changes_answer_with_the_object_or_not() {
    for status in [200, 204] {
        let bench = bench_with(|options| options.answers.write_status = status).await;
        let job = bench.post("/sales/scheduler/job/task", json!({"name": "a"})).await.id();
        let mail = json!({"name": "out", "type": "SMTP", "host": "smtp.example.com"});
        let mail = bench.post("/sales/mailservices", mail).await.id();
        bench.post("/sales/users", user_body("ada")).await.good();
        for (method, path, body) in [
            (Method::PUT, "/sales/webserver".to_owned(), json!({"base_url": "https://a.example"})),
            (Method::PATCH, "/sales/settings".to_owned(), json!({"session_timeout_sek": 60})),
            (Method::PATCH, "/sales/mobile".to_owned(), json!({"api_key": "mobile-0001"})),
            (Method::PATCH, "/sales/reports/engine".to_owned(), json!({"enabled": true})),
            (Method::PATCH, "/sales/export".to_owned(), json!({"description": "x"})),
            (Method::PATCH, format!("/sales/scheduler/job/{job}"), json!({"priority": 1})),
            (Method::PUT, "/sales/scheduler/standby".to_owned(), json!({"standby": true})),
            (Method::PATCH, "/sales/scheduler/configuration".to_owned(), json!({"thread_count": 1})),
            (Method::PATCH, format!("/sales/mailservices/{mail}"), json!({"port": 26})),
            (Method::PUT, format!("/sales/mailservices/{mail}/status"), json!({"status": "RUNNING"})),
            (Method::PATCH, "/sales/users/5".to_owned(), json!({"account": {"disabled": true}})),
            (Method::PUT, "/sales/trial-license".to_owned(), json!({"key": "TRIAL-KEY-0001"})),
            (Method::PUT, "/admin-api/license".to_owned(), json!({"key": "IAA-LICENSE-0001"})),
        ] {
            let reply = bench.send(method, &path, Some(body)).await;
            assert_eq!((reply.status, reply.text.is_empty()), (status, status == 204), "{path}");
        }
        let portal = bench.sim.portal("sales").unwrap();
        assert!(portal.standby && portal.trial_used && portal.mail[0].running);
        assert_eq!((&portal.jobs[0].fields["priority"], &portal.mail[0].fields["port"]), (&json!(1), &json!(26)));
    }
}

#[tokio::test]
async fn lists_are_arrays_or_objects_around_them() {
    for style in [ListStyle::Array, ListStyle::Wrapped] {
        let bench = bench_with(|options| options.answers.list_style = style).await;
        for (path, key) in [
            ("/portals", "portals"),
            ("/templates", "templates"),
            ("/sales/scheduler/jobs", "jobs"),
            ("/sales/mailservices", "mail_services"),
            ("/sales/users/1/groups", "groups"),
            ("/sales/licenses", "licenses"),
        ] {
            let list = bench.get(path).await.good();
            let list = if style == ListStyle::Array { list } else { list[key].clone() };
            assert!(list.is_array(), "{path}");
        }
    }
}

#[tokio::test]
async fn guids_are_upper_or_lower_case() {
    for (style, lower) in [(GuidStyle::Upper, false), (GuidStyle::Lower, true)] {
        let bench = bench_with(|options| options.answers.guid_style = style).await;
        for (_, reply) in creates(&bench).await {
            let object = reply.json();
            for guid in [&object["id"], &object["guid"]].into_iter().filter_map(Value::as_str) {
                assert_eq!((guid.len(), guid == guid.to_lowercase()), (40, lower), "{guid}");
            }
        }
        let listed = bench.get("/sales/scheduler/jobs").await.good()[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(bench.get(&format!("/sales/scheduler/job/{listed}")).await.good()["id"], listed);
    }
}

#[tokio::test]
async fn answers_can_have_fields_that_nobody_knows() {
    for extra in [false, true] {
        let bench = bench_with(|options| options.answers.extra_fields = extra).await;
        for path in ["/sales/webserver", "/sales/settings", "/sales/users/1", "/sales/scheduler/standby"] {
            assert_eq!(bench.get(path).await.good().get("x_internal").is_some(), extra, "{path}");
        }
        assert_eq!(bench.get("/portals").await.good()[0].get("revision").is_some(), extra);
        let changed = bench.patch("/sales/settings", json!({"session_timeout_sek": 60})).await.good();
        assert_eq!(changed.get("revision").is_some(), extra);
    }
}

#[tokio::test]
async fn unknown_keys_are_ignored_refused_or_kept() {
    for (style, status, kept) in
        [(UnknownKeys::Ignore, 200, None), (UnknownKeys::Refuse, 400, None), (UnknownKeys::Keep, 200, Some(json!(1)))]
    {
        let bench = bench_with(|options| options.behaviour.unknown_keys = style).await;
        let misspelt = json!({"session_timeout_sec": 1});
        assert_eq!(bench.patch("/sales/settings", misspelt).await.status, status);
        let settings = bench.get("/sales/settings").await.good();
        assert_eq!(
            (settings.get("session_timeout_sec"), &settings["session_timeout_sek"]),
            (kept.as_ref(), &json!(1200))
        );
        let mail = json!({"name": "out", "type": "SMTP", "host": "smtp.example.com"});
        let path = format!("/sales/mailservices/{}", bench.post("/sales/mailservices", mail).await.id());
        assert_eq!(bench.patch(&path, json!({"type": "IMAP", "id": "1"})).await.status, status);
        assert_eq!(bench.get(&path).await.good()["type"], "SMTP");
    }
}

#[tokio::test]
async fn json_may_have_to_be_declared() {
    for (strict, status) in [(false, 200), (true, 415)] {
        let bench = bench_with(|options| options.behaviour.strict_content_type = strict).await;
        let patch = |content_type: Option<&str>| {
            let request = bench.request(Method::PATCH, "/sales/settings").body("{\"session_timeout_sek\": 60}");
            match content_type {
                Some(content_type) => request.header("content-type", content_type).send(),
                None => request.send(),
            }
        };
        assert_eq!(patch(None).await.unwrap().status(), 200);
        assert_eq!(patch(Some("application/json; charset=utf-8")).await.unwrap().status(), 200);
        assert_eq!(patch(Some("application/x-www-form-urlencoded")).await.unwrap().status().as_u16(), status);
    }
}
