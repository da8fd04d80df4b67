//! ConnectPartner: an internal partner becomes an external one, once and for good.

use jiff::SignedDuration;
use provost::adeptia::sim::options::answers::Answers;
use provost::adeptia::sim::options::behaviour::{Behaviour, RepeatConversion};
use provost::adeptia::sim::options::server::Server;
use provost::adeptia::sim::{Options, Simulator};
use provost::sim::journal::{Entry, Outcome};
use provost::sim::trouble::{Act, Order};
use serde_json::{Value as Json, json};

use super::example;
use crate::objects::{Objects, message};
use crate::stage::Stage;

const KIND: &str = "ConnectPartner";
const NAME: &str = "Walgreens";
const DEED: &str = "provost.dev/deed";
const HEADER: &str = "First Name,Last Name,User Id,Email Id,Role Name,Password,Partner's Name";

async fn stage(options: Options) -> (Stage<Simulator>, Objects) {
    let stage = Stage::adeptia(options, &[KIND]).await;
    let partners = stage.objects(KIND);
    (stage, partners)
}

/// The example with these fields.
fn partner(fields: Json) -> Json {
    let mut manifest = example(KIND, "walgreens", json!({"parameters": null, "templateAccess": null}));
    crate::examples::change(&mut manifest["spec"], &fields);
    manifest
}

/// The conversion by the file `users.csv` of the Secret `NAME`.
fn import(name: &str) -> Json {
    json!({"selfOnboard": null, "importUsers": {"csv": {"secretRef": {"name": name, "key": "users.csv"}}}})
}

/// A partner of another name, to be converted by a file.
fn another(name: &str) -> Json {
    let mut manifest = partner(json!({"partnerName": name, "external": import(name)}));
    manifest["metadata"]["name"] = json!(name);
    manifest
}

/// A file with one user of this partner.
fn csv(user: &str, partner: &str) -> Json {
    json!({"users.csv": format!("{HEADER}\nJohn,Doe,{user},{user}@abc.com,IT User,Planted-7Q!,{partner}\n")})
}

fn is_external(stage: &Stage<Simulator>, name: &str) -> bool {
    stage.vendor.partner(name).unwrap().enable_self_onboard
}

/// A server that would convert twice without a word.
fn careless(answers: Answers) -> Options {
    let behaviour = Behaviour { repeat_conversion: RepeatConversion::Again, ..Behaviour::default() };
    Options { behaviour, answers, ..Options::default() }
}

/// Traps 1 and 2. Afterwards the block, its Secret and its removal do nothing.
#[tokio::test]
async fn a_partner_is_converted_once_whatever_becomes_of_the_block() {
    for get_company in [true, false] {
        let answers = Answers { get_company, ..Answers::default() };
        let (mut stage, partners) = stage(careless(answers)).await;
        stage.apply(&partner(json!({}))).await;
        partners.ready("walgreens").await;
        assert!(is_external(&stage, NAME) && stage.vendor.login("walgreens", "P@ssw0rd"));
        let block = partner(json!({}))["spec"]["external"].clone();
        partners.edit("walgreens", json!({"external": null})).await;
        partners.ready("walgreens").await;
        stage.write_secret("connect-people", json!({"walgreens-admin": "Another-7Q", "test-user": "P@ssw0rd"})).await;
        partners.edit("walgreens", json!({"external": block})).await;
        partners.ready("walgreens").await;
        stage.restart_operator().await;
        partners.looked_at("walgreens").await;
        partners.ready("walgreens").await;
        assert_eq!((stage.vendor.journal().count("convert_partner"), stage.vendor.effect(NAME)), (1, 1));
    }
}

/// Where the vendor shows it, a lost answer is looked for; where it does not, a person does. Nobody converts twice.
#[tokio::test]
async fn a_lost_answer_is_no_second_conversion() {
    for get_company in [true, false] {
        for act in [Act::LoseAnswer, Act::Garbage] {
            let answers = Answers { get_company, ..Answers::default() };
            let (mut stage, partners) = stage(careless(answers)).await;
            stage.vendor.trouble().place(Order::next_of("convert_partner", act.clone()));
            stage.apply(&partner(json!({}))).await;
            if !get_company && matches!(act, Act::LoseAnswer) {
                let object = partners.unready("walgreens", "DeedOutcomeUnknown").await;
                let said = message(&object, "Ready");
                assert!(said.contains("manages itself by now") && said.contains(DEED), "{said}");
                stage.restart_operator().await;
                partners.looked_at("walgreens").await;
                partners.unready("walgreens", "DeedOutcomeUnknown").await;
                let attempt = said.split('\'').nth(1).unwrap();
                partners.annotate("walgreens", DEED, Some(attempt)).await;
            }
            partners.ready("walgreens").await;
            assert_eq!((stage.vendor.journal().count("convert_partner"), stage.vendor.effect(NAME)), (1, 1));
        }
    }
}

/// The process ends while the vendor is at it.
#[tokio::test]
async fn a_crash_is_no_second_conversion() {
    let (mut stage, partners) = stage(careless(Answers::default())).await;
    stage.vendor.trouble().place(Order::next_of("convert_partner", Act::Hold));
    stage.apply(&partner(json!({}))).await;
    stage.vendor_got("convert_partner", Outcome::Held).await;
    stage.kill_operator().await;
    stage.vendor.trouble().release();
    stage.start_operator().await;
    partners.ready("walgreens").await;
    assert_eq!((stage.vendor.journal().count("convert_partner"), stage.vendor.effect(NAME)), (1, 1));
}

/// Trap 20: nobody can tell two imports apart, so the second one waits for the first; also after a restart.
#[tokio::test]
async fn imports_come_one_after_the_other() {
    let options = Options { server: Server { import_delay: 3600, ..Server::default() }, ..Options::default() };
    let (mut stage, partners) = stage(options).await;
    stage.write_secret("one", csv("john", "one")).await;
    stage.write_secret("two", csv("jane", "two")).await;
    stage.apply(&another("one")).await;
    partners.unready("one", "Underway").await;
    stage.apply(&another("two")).await;
    let object = partners.unready("two", "Throttled").await;
    assert!(message(&object, "Ready").contains("one at a time"), "{object:#?}");
    stage.restart_operator().await;
    partners.looked_at("one").await;
    assert_eq!(stage.vendor.journal().count("import_users"), 1);
    stage.vendor.advance(SignedDuration::from_secs(3600));
    partners.looked_at("one").await;
    partners.ready("one").await;
    partners.unready("two", "Underway").await;
    stage.vendor.advance(SignedDuration::from_secs(3600));
    partners.looked_at("two").await;
    partners.ready("two").await;
    assert!(is_external(&stage, "one") && is_external(&stage, "two") && stage.vendor.login("jane", "Planted-7Q!"));
    assert_eq!((stage.vendor.journal().count("import_users"), stage.vendor.effect("imports")), (2, 2));
}

/// Trap 21: a file that cannot be right is not sent, and what is wrong with it is told without its passwords.
#[tokio::test]
async fn a_file_is_checked_before_it_is_sent() {
    let (stage, partners) = stage(Options::default()).await;
    let good = csv("john", "one")["users.csv"].as_str().unwrap().to_owned();
    stage.apply(&another("one")).await;
    for (file, said) in [
        (good.replace("Partner's", "Partners"), "its first line must be the header"),
        (good.replace("IT User", "IT User, Monitor"), "line 2 has 8 cells instead of 7"),
        (good.replace("Planted-7Q!", "planted-7q!"), "line 2, Password: a password has at least 8 characters"),
        (good.replace(",one", ",other"), "line 2, Partner's Name: write the spec's partnerName"),
    ] {
        stage.write_secret("one", json!({"users.csv": file})).await;
        let object = partners.until("one", move |object| message(object, "Ready").contains(said)).await;
        let all = serde_json::to_string(&object).unwrap().to_lowercase();
        assert!(!all.contains("planted-7q"), "{all}");
    }
    assert_eq!(stage.vendor.journal().count("import_users"), 0);
    stage.write_secret("one", json!({"users.csv": good})).await;
    partners.ready("one").await;
    assert!(is_external(&stage, "one"));
}

/// An import that failed may have done a part of its work, so it is not simply begun again.
#[tokio::test]
async fn a_failed_import_waits_for_a_person() {
    let options = Options { server: Server { import_delay: 3600, ..Server::default() }, ..Options::default() };
    let (stage, partners) = stage(options).await;
    let unknown = csv("john", "one")["users.csv"].as_str().unwrap().replace("IT User", "Nobody");
    stage.write_secret("one", json!({"users.csv": unknown})).await;
    stage.apply(&another("one")).await;
    // What is said of an import is believed once it was seen to be under way; the first look is before it.
    let looks = |entries: &[Entry]| entries.iter().filter(|entry| entry.operation == "get_import_status").count();
    stage.in_time(stage.vendor.journal().wait_for(|entries| looks(entries) > 2)).await;
    stage.vendor.advance(SignedDuration::from_secs(3600));
    partners.looked_at("one").await;
    let object = partners.unready("one", "DeedOutcomeUnknown").await;
    let said = message(&object, "Ready");
    assert!(said.contains("the import of users failed") && !said.contains("Planted"), "{said}");
    // The vendor's words may tell anything of the file.
    assert!(!serde_json::to_string(&object).unwrap().contains("Nobody"), "{object:#?}");
    stage.write_secret("one", csv("john", "one")).await;
    partners.looked_at("one").await;
    partners.unready("one", "DeedOutcomeUnknown").await;
    assert_eq!(stage.vendor.journal().count("import_users"), 1);
    let attempt = said.split('\'').nth(1).and_then(|text| text.strip_suffix(" done")).unwrap();
    partners.annotate("one", DEED, Some(&format!("{attempt} again"))).await;
    partners.unready("one", "Underway").await;
    stage.vendor.advance(SignedDuration::from_secs(3600));
    partners.looked_at("one").await;
    partners.ready("one").await;
    assert_eq!(stage.vendor.journal().count("import_users"), 2);
}
