//! The change record: one line for every write that left for the vendor, with the object that it was for.

use kube::ResourceExt;
use provost::myintranetapps::sim::Change;
use provost::myintranetapps::tenant_account::TenantAccount;
use provost::sim::journal::Outcome;
use provost::sim::trouble::{Act, Order};
use serde_json::{Value as Json, json};

use crate::stage::{API, Stage, external_id};

const KEY: &str = "provost.dev/external-id";

/// A line without what differs from run to run, which is checked to be there.
#[track_caller]
fn steady(mut line: Json) -> Json {
    let fields = line.as_object_mut().unwrap();
    let time: jiff::Timestamp = fields.remove("time").unwrap().as_str().unwrap().parse().unwrap();
    assert!(time > "2024-01-01T00:00:00Z".parse().unwrap());
    assert!(fields.remove("durationMs").unwrap().is_u64());
    assert!(fields.remove("epoch").unwrap().is_u64());
    // Who edited the spec that the object has now; one that was edited again since tells nobody.
    let edit = fields.remove("editedBy").unwrap();
    assert!(edit["time"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{edit}");
    assert!(!edit["manager"].as_str().unwrap().is_empty(), "{edit}");
    line
}

fn field(line: &Json, path: &str) -> Json {
    let changes = line["changes"].as_array().unwrap();
    changes.iter().find(|change| change["field"] == path).cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_life_has_a_line_for_each_write() {
    let stage = Stage::connected().await;
    stage.write_secret("admin", json!({"password": "planted-password-5T"})).await;
    let password = json!({"secretRef": {"name": "admin", "key": "password"}});
    stage.account("generalco", json!({"packageId": "93", "adminPassword": password})).await;
    let account = stage.ready("generalco").await;
    let (id, uid) = (external_id(&account).unwrap().to_owned(), account.uid().unwrap());

    let mut line = stage.tap.changes.all().remove(0);
    let attempt = line.as_object_mut().unwrap().remove("attempt").unwrap();
    assert!(attempt.as_str().unwrap().contains('.'), "{attempt}");
    let common = json!({
        "stream": "changes", "kind": "TenantAccount", "namespace": stage.namespace, "name": "generalco", "uid": uid,
        "adminApi": format!("{}/{API}", stage.namespace), "vendor": "MyIntranetApps", "externalId": id,
        "outcome": "ok", "effect": "done", "code": 200,
    });
    let expected = |more: Json| {
        let mut expected = common.clone();
        expected.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        expected
    };
    let created = json!({
        "generation": 1, "action": "Create", "step": 1, "operation": "create_account",
        "changes": [
            {"field": "adminPassword", "to": "***"}, {"field": "emailAdmin", "to": "cfo@generalco.example"},
            {"field": "name", "to": "generalco Ltd"}, {"field": "packageId", "to": "93"},
            {"field": "subdomain", "to": "generalco"},
        ],
    });
    assert_eq!(steady(line), expected(created));

    stage.edit("generalco", json!({"emailAdmin": "new@generalco.example", "active": true})).await;
    stage.ready("generalco").await;
    let updated = json!({
        "generation": 2, "action": "Update", "operation": "update_account",
        "changes": [
            {"field": "active", "to": true},
            {"field": "emailAdmin", "from": "cfo@generalco.example", "to": "new@generalco.example"},
        ],
    });
    assert_eq!(steady(stage.tap.changes.all().remove(1)), expected(updated));

    stage.delete::<TenantAccount>("generalco").await;
    stage.gone::<TenantAccount>("generalco").await;
    // A deletion is a generation of its own.
    let disabled = json!({"generation": 3, "action": "Disable", "operation": "update_account", "changes": []});
    assert_eq!(steady(stage.tap.changes.all().remove(2)), expected(disabled));

    // Applied again, it is switched on: another object, the same account.
    stage.account("generalco", json!({})).await;
    stage.ready("generalco").await;
    let lines = stage.tap.changes.all();
    assert_eq!((&lines[3]["action"], &lines[3]["externalId"]), (&json!("Enable"), &json!(id)));
    assert_ne!(lines[3]["uid"], json!(uid));
    assert_eq!(lines.len(), stage.vendor_writes().len());
    let text = serde_json::to_string(&lines).unwrap();
    assert!(!text.contains("planted-password-5T") && !text.contains("fp1:"), "{text}");
}

#[tokio::test]
async fn a_write_has_its_line_whatever_became_of_its_answer() {
    let stage = Stage::connected().await;
    stage.vendor.trouble().place(Order::next_of("create_account", Act::LoseAnswer));
    stage.account("lost", json!({})).await;
    stage.ready("lost").await;
    let line = stage.tap.changes.all().remove(0);
    let told = |line: &Json| (line["outcome"].clone(), line["effect"].clone(), line["code"].clone());
    assert_eq!(told(&line), (json!("transient"), json!("unknown"), json!(null)));
    assert_eq!((&line["externalId"], &line["name"]), (&json!(null), &json!("lost")));
    assert!(line["message"].as_str().unwrap().contains("broke"), "{line}");

    // A half answer has a code, a refusal a reason, and what follows it another line.
    stage.vendor.trouble().place(Order::next_of("update_account", Act::Truncate));
    stage.vendor.trouble().place(Order::next_of("update_account", Act::answer(422)).after(1));
    stage.edit("lost", json!({"packageId": "94"})).await;
    stage.ready("lost").await;
    stage.edit("lost", json!({"packageId": "95"})).await;
    stage.unready("lost", "Refused").await;
    let lines = stage.tap.changes.all();
    assert_eq!(told(&lines[1]), (json!("transient"), json!("unknown"), json!(200)));
    assert_eq!(told(lines.last().unwrap()), (json!("refused"), json!("none"), json!(422)));
    assert_eq!(field(lines.last().unwrap(), "packageId")["to"], "95");
    assert_eq!(lines.len(), stage.vendor.journal().writes().len());
}

#[tokio::test]
async fn what_never_left_has_no_line() {
    let mut stage = Stage::connected().await;
    stage.account("held", json!({"policy": {"management": "Observe"}})).await;
    stage.unready("held", "NotFound").await;
    stage.account("good", json!({"packageId": "93"})).await;
    stage.ready("good").await;
    assert_eq!(stage.tap.changes.all().len(), 1);

    // Nor has what is only taken over, or only seen.
    stage.account("again", json!({"subdomain": "good"})).await;
    stage.unready("again", "Conflict").await;
    stage.resynced("good").await;
    stage.restart_operator().await;
    stage.looked_at::<TenantAccount>("good").await;
    assert_eq!(stage.tap.changes.all().len(), 1);

    // Drift that is put back is a write like any other, and says what was found.
    stage.vendor.edit("good", Change { package_id: Some("1".into()), ..Change::default() }).unwrap();
    stage.resynced("good").await;
    let lines = stage.tap.changes.all();
    assert_eq!(lines.len(), 2);
    assert_eq!(field(&lines[1], "packageId"), json!({"field": "packageId", "from": "1", "to": "93"}));
}

#[tokio::test]
async fn a_call_under_way_when_the_operator_dies_is_told() {
    let mut stage = Stage::connected().await;
    stage.vendor.trouble().place(Order::next_of("create_account", Act::Hold));
    stage.account("cut", json!({})).await;
    stage.vendor_got("create_account", Outcome::Held).await;
    stage.kill_operator().await;
    let line = stage.tap.changes.wait_for(1).await.remove(0);
    assert_eq!((&line["name"], &line["effect"]), (&json!("cut"), &json!("unknown")));
    assert!(line["message"].as_str().unwrap().contains("ended before the answer"), "{line}");

    stage.vendor.trouble().release();
    stage.start_operator().await;
    let account = stage.ready("cut").await;
    assert!(account.annotations().contains_key(KEY));
    assert_eq!(stage.tap.changes.all().len(), 1);
}

#[tokio::test]
async fn an_approved_plan_is_named() {
    let stage = Stage::connected().await;
    stage.account("planned", json!({"policy": {"management": "Plan"}})).await;
    let waiting = stage.unready("planned", "AwaitingApproval").await;
    let hash = waiting.status.unwrap().plan.unwrap().hash;
    stage.annotate::<TenantAccount>("planned", "provost.dev/approve", Some(&hash)).await;
    stage.ready("planned").await;
    let lines = stage.tap.changes.all();
    assert_eq!((lines.len(), &lines[0]["approved"]), (1, &json!(hash)));
}

#[tokio::test]
async fn the_status_has_the_last_ten_writes() {
    let mut stage = Stage::connected().await;
    stage.write_secret("admin", json!({"password": "planted-password-8Q"})).await;
    let password = json!({"secretRef": {"name": "admin", "key": "password"}});
    stage.account("busy", json!({"packageId": "0", "adminPassword": password})).await;
    let account = stage.ready("busy").await;
    let changes = account.status.unwrap().changes;
    assert_eq!((changes.len(), changes[0].action.as_str(), changes[0].effect.as_str()), (1, "Create", "done"));
    let edit = changes[0].edited_by.clone().unwrap();
    assert_eq!((edit.manager.as_str(), edit.time.is_some()), ("provost-cli", true));
    let text = json!(changes).to_string();
    assert!(text.contains(r#""field":"adminPassword","to":"***""#) && !text.contains("planted-password-8Q"), "{text}");
    assert!(!text.contains("fp1:"), "{text}");

    for number in 1..=10 {
        stage.edit("busy", json!({"packageId": number.to_string()})).await;
        stage.ready("busy").await;
    }
    // An operator that knows only what stands there goes on with it.
    stage.restart_operator().await;
    let patches = stage.looked_at::<TenantAccount>("busy").await.status.unwrap().changes;
    assert_eq!(patches.len(), 10);
    stage.edit("busy", json!({"packageId": "11"})).await;
    let changes = stage.ready("busy").await.status.unwrap().changes;
    let told: Vec<_> = changes.iter().map(|change| json!(change.changes)).collect();
    let wanted = |number: i32| json!([{"field": "packageId", "from": format!("\"{}\"", number - 1), "to": format!("\"{number}\"")}]);
    assert_eq!(told, (2..=11).map(wanted).collect::<Vec<_>>());
    assert_eq!(changes[9].generation, 12);

    // A write that changes nothing else is shown as well.
    stage.vendor.edit("busy", Change { package_id: Some("1".into()), ..Change::default() }).unwrap();
    let changes = stage.resynced("busy").await.status.unwrap().changes;
    assert_eq!(json!(changes[9].changes), json!([{"field": "packageId", "from": "\"1\"", "to": "\"11\""}]));
}
