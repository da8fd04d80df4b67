//! Tests of imports, over real HTTP against the simulator.

use super::*;
use crate::base::fault::Delivery;
use crate::intrexx::client::tests::start;
use crate::intrexx::sim::options::answers::ImportAnswer;
use crate::intrexx::sim::{Condition, Portal};
use crate::intrexx::wire::applications::Warning;
use crate::sim::trouble::{Act, Order};

/// A zip file without entries.
const ZIP: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

fn zip() -> Source {
    Source::bytes(ZIP)
}

fn results(report: &Report) -> Vec<(&str, &str)> {
    fn text(text: Option<&String>) -> &str {
        text.map(String::as_str).unwrap_or_default()
    }
    report.imported.iter().map(|item| (text(item.name.as_ref()), text(item.result.as_ref()))).collect()
}

/// Trap 20: one of the two calls makes copies, and the other does not.
#[tokio::test]
async fn one_import_makes_copies_and_the_other_overwrites() {
    let (simulator, client) = start(|options| options.server.redirect = Some("/v2".to_owned())).await;
    let applications = || simulator.portal("sales").unwrap().applications.len();
    for copies in 1..3 {
        let report = client.import_package("sales", "holiday", &zip()).await.unwrap().unwrap();
        assert_eq!((results(&report), applications()), (vec![("holiday", "CREATED")], copies));
    }
    for result in ["CREATED", "UPDATED"] {
        let report = client.overwrite_package("sales", "travel", &zip()).await.unwrap().unwrap();
        assert_eq!((results(&report), applications()), (vec![("travel", result)], 3));
    }
}

/// Trap 23: that there is no report is no failure.
#[tokio::test]
async fn a_success_may_have_a_report() {
    for (answer, reports) in [(ImportAnswer::Created, true), (ImportAnswer::Ok, true), (ImportAnswer::Accepted, false)]
    {
        let (_simulator, client) = start(|options| options.answers.import_answer = answer).await;
        assert_eq!(client.import_package("sales", "holiday", &zip()).await.unwrap().is_some(), reports);
        assert_eq!(client.overwrite_package("sales", "holiday", &zip()).await.unwrap().is_some(), reports);
    }
}

#[tokio::test]
async fn a_report_tells_what_failed_and_what_to_look_at() {
    let (simulator, client) = start(|options| options.answers.extra_fields = true).await;
    let order = |portal: &mut Portal| {
        portal.import_result = Some("FAILED".to_owned());
        portal.import_warning = Some("the group Editors is missing".to_owned());
    };
    simulator.edit_portal("sales", order).unwrap();
    let report = client.overwrite_package("sales", "holiday", &zip()).await.unwrap().unwrap();
    assert!(report.imported[0].has_failed());
    assert_eq!(report.warnings, [Warning::Text("the group Editors is missing".to_owned())]);
}

/// Traps 21 and 22, and what a portal that takes no more says.
#[tokio::test]
async fn a_refusal_says_what_it_means_for_an_import() {
    let (simulator, client) = start(|_| {}).await;
    for (status, class, word) in [
        (409, Class::Refused, "patch level"),
        (422, Class::Refused, "licences"),
        (413, Class::Refused, "an upload of 22 bytes is too large"),
        (400, Class::Refused, "zip file of an export"),
        (405, Class::Unsupported, "does not take such uploads"),
    ] {
        for operation in ["import_applications", "overwrite_applications"] {
            simulator.trouble().place(Order::next_of(operation, Act::answer(status)));
            let outcome = match operation {
                "import_applications" => client.import_package("sales", "holiday", &zip()).await,
                _ => client.overwrite_package("sales", "holiday", &zip()).await,
            };
            let fault = outcome.unwrap_err();
            assert_eq!((fault.class, fault.delivery), (class, Delivery::Answered), "{fault}");
            assert!(fault.detail.contains(word), "{fault}");
        }
    }
    assert!(simulator.portal("sales").unwrap().applications.is_empty());
}

/// Trap 3: that the Administration API does not know a portal yet says nothing about the portal.
#[tokio::test]
async fn an_import_into_a_portal_that_is_not_known_yet_may_work_later() {
    let (simulator, client) = start(|_| {}).await;
    simulator.edit_portal("sales", |portal| portal.known = false).unwrap();
    let fault = client.import_package("sales", "holiday", &zip()).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Transient, Delivery::Answered), "{fault}");
    assert!(fault.detail.contains("admin-api.yaml"), "{fault}");
    let fault = client.import_package("marketing", "holiday", &zip()).await.unwrap_err();
    assert_eq!(fault.class, Class::Missing, "{fault}");
}

/// A portal that is down may have begun: nobody knows.
#[tokio::test]
async fn a_portal_that_is_down_leaves_an_import_uncertain() {
    let (simulator, client) = start(|_| {}).await;
    simulator.edit_portal("sales", |portal| portal.condition = Condition::Stopped).unwrap();
    let fault = client.import_package("sales", "holiday", &zip()).await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Transient, Delivery::Unknown), "{fault}");
}

#[tokio::test]
async fn a_large_package_arrives_whole() {
    let (simulator, client) = start(|_| {}).await;
    let large = [ZIP, &vec![7; 20 << 20]].concat();
    client.import_package("sales", "holiday", &Source::bytes(large.clone())).await.unwrap();
    assert_eq!(simulator.portal("sales").unwrap().applications[0].size, large.len());
}
