//! Users by the file.

use jiff::SignedDuration;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::{Bench, Reply, bench, bench_with};
use crate::adeptia::sim::options::answers::ImportStatus;

const HEADER: &str = "First Name,Last Name,User Id,Email Id,Role Name,Password";

fn partners(rows: &str) -> String {
    format!("{HEADER},Partner's Name\n{rows}\n")
}

const JOHN: &str = "John,Doe,john_1,john.doe@abc.com,IT User,J@hn1234,Walgreens";

async fn import(bench: &Bench, csv: impl Into<String>, is_partner: Option<&str>) -> Reply {
    let mut form = Form::new().part("csvFile", Part::text(csv.into()).file_name("users.csv"));
    if let Some(flag) = is_partner {
        form = form.text("isPartner", flag.to_owned());
    }
    let request = bench.request(reqwest::Method::POST, "/rest/users/import").multipart(form);
    Reply::of(request.send().await.unwrap()).await
}

async fn status(bench: &Bench, is_partner: bool) -> Value {
    bench.get(&format!("/rest/users/checkthreadstatus?isPartner={is_partner}")).await.good()
}

/// Trap 21: the file has an apostrophe in its header, and passwords in clear text, which nothing shows.
#[tokio::test]
async fn an_import_makes_a_partner_external_after_a_while() {
    let bench = bench_with(|options| options.server.import_delay = 60).await;
    bench.partner("Walgreens").await;
    assert_eq!(status(&bench, true).await, json!({"status": "NotStarted"}));
    assert_eq!(import(&bench, partners(JOHN), Some("true")).await.good(), Value::Null);
    assert_eq!(
        (status(&bench, true).await, status(&bench, false).await["status"].as_str()),
        (json!({"status": "InProgress"}), Some("NotStarted"))
    );
    bench.sim.advance(SignedDuration::from_secs(59));
    assert!(!bench.sim.partner("Walgreens").unwrap().enable_self_onboard);
    bench.sim.advance(SignedDuration::from_secs(1));
    assert_eq!(status(&bench, true).await, json!({"status": "Success"}));
    assert!(bench.sim.partner("Walgreens").unwrap().enable_self_onboard);
    let john = bench.sim.user("john.doe@abc.com").unwrap();
    assert!(john.active && bench.sim.login("john_1", "J@hn1234"));
    assert_eq!((bench.sim.effect("imports"), bench.sim.effect("Walgreens")), (1, 1));

    let shown = bench.control("GET", "state").await.text + &bench.control("GET", "journal").await.text;
    assert!(shown.contains("john_1") && !shown.contains("J@hn1234"), "{shown}");
}

/// Trap 20: there is no id of a job, so only one runs at a time, and the last outcome stays whoever's it was.
#[tokio::test]
async fn imports_cannot_be_told_apart() {
    let bench = bench_with(|options| options.server.import_delay = 60).await;
    bench.partner("Walgreens").await;
    bench.partner("Walmart").await;
    import(&bench, partners(JOHN), Some("true")).await.good();
    let refused = import(&bench, partners(JOHN), Some("true")).await.refusal();
    assert_eq!(refused, (409, "an import is under way".to_owned()));
    bench.sim.advance(SignedDuration::from_secs(60));
    assert_eq!(status(&bench, true).await, json!({"status": "Success"}));
    assert!(!bench.sim.partner("Walmart").unwrap().enable_self_onboard);
}

#[tokio::test]
async fn a_file_is_taken_whole_or_not_at_all() {
    let jane = "Jane,Doe,jane_1,jane.doe@abc.com,IT User,J@ne1234,Walgreens";
    for (rows, reason) in [
        ("John,Doe,john_1,john.doe@abc.com,IT User,J@hn1234,Nobody", "there is no such partner"),
        ("John,Doe,john_1,john.doe@abc.com,IT User,J@hn1234,Adeptia", "there is no such partner"),
        (
            "John,Doe,John_1,john.doe@abc.com,IT User,J@hn1234,Walgreens",
            "User Id must have small letters, digits and _ only",
        ),
        (
            "John,O'Doe,john_1,john.doe@abc.com,IT User,J@hn1234,Walgreens",
            "Last Name must have letters and digits only",
        ),
        ("John,Doe,john_1,abc.com,IT User,J@hn1234,Walgreens", "Email Id must be an e-mail address"),
        ("John,Doe,john_1,john.doe@abc.com,Sys Admin,J@hn1234,Walgreens", "a partner's user cannot be Sys Admin"),
        ("John,Doe,john_1,john.doe@abc.com,King,J@hn1234,Walgreens", "there is no role King"),
        (
            "John,Doe,john_1,john.doe@abc.com,\"IT User, Monitor\",J@hn1234,Walgreens",
            "Role Name must be one role: several need granular access control",
        ),
        ("John,Doe,john_1,adminuser@adeptia.example,IT User,J@hn1234,Walgreens", "exists already"),
        ("John,Doe,john_1,john.doe@abc.com,IT User,weak-secret,Walgreens", "Password must have 8 characters"),
        ("John,Doe,john_1,john.doe@abc.com,IT User,J@hn1234", "there are 6 columns, not 7"),
        (jane, "the user is there twice"),
    ] {
        let bench = bench().await;
        bench.partner("Walgreens").await;
        import(&bench, partners(&format!("{jane}\n{rows}")), Some("true")).await.good();
        let told = status(&bench, true).await;
        let message = told["message"].as_str().unwrap_or_default();
        assert_eq!(told["status"], "Failed", "{rows}");
        assert!(message.starts_with("line 3: ") && message.contains(reason), "{message}");
        assert!(!message.contains("weak-secret"));
        let partner = bench.sim.partner("Walgreens").unwrap();
        assert!(!partner.enable_self_onboard && bench.sim.user("jane.doe@abc.com").is_none(), "{rows}");
    }
}

#[tokio::test]
async fn files_of_another_form_fail() {
    let bench = bench().await;
    let reordered = "Last Name,First Name,User Id,Email Id,Role Name,Password,Partners Name\n";
    for (csv, reason) in [
        (String::new(), "the file is empty"),
        (partners(""), "the file has no users"),
        (format!("{HEADER}\n{JOHN}\n"), "the columns must be"),
        (format!("{reordered}{JOHN}\n"), "the columns must be"),
        (partners("\"John"), "a quote is out of place"),
    ] {
        import(&bench, csv, Some("true")).await.good();
        let told = status(&bench, true).await;
        assert!(told["message"].as_str().unwrap().contains(reason), "{told}");
    }
    assert_eq!(import(&bench, partners(JOHN), Some("perhaps")).await.status, 400);
    let request =
        bench.request(reqwest::Method::POST, "/rest/users/import").multipart(Form::new().text("isPartner", "true"));
    assert_eq!(Reply::of(request.send().await.unwrap()).await.refusal(), (400, "there is no part csvFile".to_owned()));
    assert_eq!(bench.post("/rest/users/import", json!({})).await.status, 415);
}

#[tokio::test]
async fn users_of_the_company_come_by_file_too() {
    let bench = bench_with(|options| options.server.gac = true).await;
    let row = "Ann,Lee,ann,ann@adeptia.example,\"Sys Admin, Monitor\",P@ssw0rd";
    import(&bench, format!("{HEADER}\n{row}\n"), None).await.good();
    assert_eq!(status(&bench, false).await, json!({"status": "Success"}));
    let ann = bench.sim.user("ann@adeptia.example").unwrap();
    assert_eq!((ann.partner, ann.company.as_str()), (None, "Adeptia"));
    let roles: Vec<_> = ann.roles.iter().map(|role| (role.partner, role.role, role.default)).collect();
    assert_eq!(roles, [(1, 1, true), (1, 5, false)]);
    assert_eq!(bench.sim.effect("Adeptia"), 0);
}

#[tokio::test]
async fn an_installation_may_have_no_imports_or_other_words() {
    let bench = bench().await;
    bench.sim.reconfigure(|options| {
        options.answers.import_status = ImportStatus::Text;
        options.answers.import_none = "idle".to_owned();
        options.answers.import_done = "completed".to_owned();
    });
    let word = async || bench.get("/rest/users/checkthreadstatus?isPartner=true").await.text;
    assert_eq!(word().await, "idle");
    bench.partner("Walgreens").await;
    import(&bench, partners(JOHN), Some("true")).await.good();
    assert_eq!(word().await, "completed");
    bench.sim.reconfigure(|options| options.server.self_managed_partners = false);
    assert_eq!(import(&bench, partners(JOHN), Some("true")).await.status, 403);
    bench.sim.reconfigure(|options| options.server.multi_mode_authentication = true);
    assert_eq!(import(&bench, partners(JOHN), None).await.status, 403);
}
