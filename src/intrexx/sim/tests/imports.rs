//! Uploads, imports and other errands.

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Reply, ZIP, bench, bench_with, form, portal_body};
use crate::intrexx::sim::options::answers::ImportAnswer;

#[tokio::test]
async fn imports_make_copies_with_guids_of_their_own() {
    let bench = bench().await;
    let mut guids = Vec::new();
    for _ in 0..2 {
        let reply = bench.upload(Method::POST, "/sales/applications", "Holiday.zip", ZIP).await;
        assert_eq!(reply.status, 201);
        let report = reply.json();
        let guid = report["imported"][0]["guid"].as_str().unwrap().to_owned();
        let object = json!({"guid": guid, "type": "APPLICATION", "name": "Holiday", "result": "CREATED"});
        assert_eq!(report, json!({"imported": [object], "warnings": []}));
        assert!(guid.len() == 40 && !guids.contains(&guid));
        guids.push(guid);
    }
    assert_eq!(bench.sim.portal("sales").unwrap().applications.len(), 2);
    assert_eq!(bench.sim.effect("sales/Holiday imported"), 2);
}

#[tokio::test]
async fn an_overwriting_import_keeps_the_guid() {
    let bench = bench().await;
    let overwrite = || bench.upload(Method::PATCH, "/sales/applications", "Holiday.zip", ZIP);
    let first = overwrite().await;
    let second = overwrite().await;
    assert_eq!((first.status, second.status), (200, 200));
    let (first, second) = (&first.json()["imported"][0], &second.json()["imported"][0]);
    assert_eq!((&first["result"], &second["result"]), (&json!("CREATED"), &json!("UPDATED")));
    assert_eq!(first["guid"], second["guid"]);
    let applications = bench.sim.portal("sales").unwrap().applications;
    assert_eq!((applications.len(), applications[0].imports), (1, 2));
    assert_eq!(bench.sim.effect("sales/Holiday overwritten"), 2);
}

#[tokio::test]
async fn an_import_is_answered_in_three_ways() {
    for (answer, posted, patched) in
        [(ImportAnswer::Created, 201, 200), (ImportAnswer::Ok, 200, 200), (ImportAnswer::Accepted, 202, 202)]
    {
        let bench = bench_with(|options| options.answers.import_answer = answer).await;
        for (method, status) in [(Method::POST, posted), (Method::PATCH, patched)] {
            let reply = bench.upload(method, "/sales/applications", "Holiday.zip", ZIP).await;
            assert_eq!((reply.status, reply.text.is_empty()), (status, answer == ImportAnswer::Accepted));
        }
    }
}

#[tokio::test]
async fn a_report_can_tell_of_failures() {
    let bench = bench().await;
    let order = "portals/sales?importResult=FAILED&importWarning=the%20group%20Editors%20is%20missing";
    bench.control("POST", order).await.good();
    for method in [Method::POST, Method::PATCH] {
        let report = bench.upload(method, "/sales/applications", "Holiday.zip", ZIP).await.good();
        assert_eq!(report["imported"][0]["result"], "FAILED");
        assert_eq!(report["warnings"], json!(["the group Editors is missing"]));
    }
    assert_eq!(bench.sim.portal("sales").unwrap().applications, []);
    bench.control("POST", "portals/sales?importResult=&importWarning=").await.good();
    let report = bench.upload(Method::POST, "/sales/applications", "Holiday.zip", ZIP).await.good();
    assert_eq!((&report["imported"][0]["result"], &report["warnings"]), (&json!("CREATED"), &json!([])));
}

#[tokio::test]
async fn several_files_come_in_one_upload() {
    let bench = bench().await;
    let (first, second) = (form("a.zip", ZIP), form("b.zip", ZIP));
    let end = first.len() - "--xyz--\r\n".len();
    let body = [&first[..end], &second].concat();
    let request = bench.request(Method::POST, "/sales/applications");
    let request = request.header("content-type", "multipart/form-data; boundary=xyz").body(body);
    let report = Reply::of(request.send().await.unwrap()).await.good();
    assert_eq!((&report["imported"][0]["name"], &report["imported"][1]["name"]), (&json!("a"), &json!("b")));
}

#[tokio::test]
async fn what_is_no_package_is_refused() {
    let bench = bench_with(|options| options.server.upload_limit = 1000).await;
    let upload = |file, content| bench.upload(Method::PATCH, "/sales/applications", file, content);
    assert_eq!(upload("a.zip", b"no zip").await.refusal(), (400, "a.zip is not a zip file".to_owned()));
    assert_eq!(upload("a.jar", ZIP).await.refusal(), (400, "the file name must end with .zip".to_owned()));
    assert_eq!(upload("a.zip", &ZIP.repeat(100)).await.refusal(), (413, "the upload is too large".to_owned()));
    assert_eq!(bench.patch("/sales/applications", json!({})).await.status, 415);
    assert_eq!(bench.sim.portal("sales").unwrap().applications, []);
}

#[tokio::test]
async fn uploads_may_be_streamed_without_a_length() {
    let bench = bench().await;
    let host = bench.sim.origin().strip_prefix("http://").unwrap().to_owned();
    let mut line = TcpStream::connect(&host).await.unwrap();
    let head = format!(
        "POST /sales/applications HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\
         Content-Type: multipart/form-data; boundary=xyz\r\nTransfer-Encoding: chunked\r\n\r\n",
        bench.token
    );
    line.write_all(head.as_bytes()).await.unwrap();
    let content = [b"PK\x03\x04".as_slice(), &vec![7; 300_000]].concat();
    for chunk in form("Big.zip", &content).chunks(10_000) {
        line.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).await.unwrap();
        line.write_all(chunk).await.unwrap();
        line.write_all(b"\r\n").await.unwrap();
    }
    line.write_all(b"0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    line.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(bench.sim.portal("sales").unwrap().applications[0].size, content.len());
}

#[tokio::test]
async fn the_search_index_is_worked_on_in_the_background() {
    for status in [202, 200, 204] {
        let bench = bench_with(|options| options.answers.index_status = status).await;
        let reply = bench.post("/sales/search/index", json!({"action": "CREATE"})).await;
        assert_eq!((reply.status, reply.text.as_str()), (status, ""));
        let body = json!({"action": "UPDATE", "plugins": ["FILEWALKER", "SHARE"]});
        assert_eq!(bench.post("/sales/search/index", body).await.status, status);
        for wrong in [json!({}), json!({"action": "REBUILD"}), json!({"action": "CREATE", "plugins": ["X"]})] {
            assert_eq!(bench.post("/sales/search/index", wrong).await.status, 400);
        }
        assert_eq!(bench.sim.portal("sales").unwrap().index_actions, ["CREATE", "UPDATE"]);
        assert_eq!(bench.sim.effect("sales indexed"), 2);
    }
}

#[tokio::test]
async fn the_diagnosis_is_a_zip_with_secrets_in_it() {
    let bench = bench_with(|options| options.server.diagnosis_bytes = 200_000).await;
    bench.post("/portals", portal_body("hr")).await.good();
    let response = bench.request(Method::GET, "/hr/diagnosis").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/zip");
    assert_eq!(response.headers()["content-disposition"], "attachment; filename=\"diagnosis-hr.zip\"");
    let file = response.bytes().await.unwrap();
    assert!(file.len() > 200_000 && file.starts_with(b"PK\x03\x04"));
    assert!(file.windows(15).any(|window| window == b"database-secret"));
    assert_eq!(bench.sim.effect("hr diagnosed"), 1);
    assert!(!bench.control("GET", "journal").await.text.contains("database-secret"));
}

#[tokio::test]
async fn a_logout_needs_no_body_and_may_name_a_user() {
    let bench = bench().await;
    for _ in 0..2 {
        assert_eq!(bench.send(Method::POST, "/sales/logout", None).await.status, 204);
    }
    assert_eq!(bench.post("/sales/logout", json!({"user_id": 1})).await.status, 204);
    assert_eq!(bench.post("/sales/logout", json!({"user_id": 99})).await.status, 404);
    assert_eq!(bench.sim.effect("sales logged out"), 3);
}
