//! Where parameters may stand, and how they are written.

use reqwest::Method;
use serde_json::json;

use super::{Bench, DOMAIN, FORM, Pairs, TOKEN, bench, bench_with, encoded, refused};
use crate::crm2::sim::options::behaviour::{DeleteContactParam, DeleteParams, WriteParams};

const TYPES: &str = "/admin/activity-type";

fn types(bench: &Bench) -> Vec<String> {
    bench.sim.domain(DOMAIN).unwrap().added_types().cloned().collect()
}

/// Trap 1: a DELETE has its parameters in a form body in the vendor's example, and may have them in the query.
#[tokio::test]
async fn delete_reads_the_query_or_a_form_or_both() {
    let params: Pairs<'_> = &[("activityType", "PINNED")];
    for places in [DeleteParams::Both, DeleteParams::Query, DeleteParams::Body] {
        let bench = bench_with(|options| options.behaviour.delete_params = places).await;
        bench.post(TYPES, params).await.good();
        let by_query = bench.delete(TYPES, params).await;
        assert_eq!(by_query.status == 200, places != DeleteParams::Body, "{places:?}");
        assert_eq!(types(&bench).is_empty(), places != DeleteParams::Body);
        bench.sim.edit_domain(DOMAIN, |domain| domain.activity_types = vec!["PINNED".to_owned()]).unwrap();
        let by_form = bench.form(Method::DELETE, TYPES, params).await;
        assert_eq!(by_form.status == 200, places != DeleteParams::Query, "{places:?}");
        assert_eq!(types(&bench).is_empty(), places != DeleteParams::Query);
    }
}

/// Trap 2: one of the vendor's scripts sends a form with GET.
#[tokio::test]
async fn get_reads_a_form_too_or_not() {
    let bench = bench().await;
    assert_eq!(bench.form(Method::GET, TYPES, &[]).await.value(), bench.get(TYPES, &[]).await.value());
    bench.sim.reconfigure(|options| options.behaviour.get_body = false);
    assert_eq!(bench.form(Method::GET, TYPES, &[]).await.status, 401);
    assert_eq!(bench.get(TYPES, &[]).await.status, 200);
}

#[tokio::test]
async fn writes_read_forms_only_or_anything() {
    let object = json!({"clientDomain": DOMAIN, "authToken": TOKEN, "activityType": "by json"}).to_string();
    for (params, status) in [(WriteParams::Form, 401), (WriteParams::Any, 200)] {
        let bench = bench_with(|options| options.behaviour.write_params = params).await;
        let query = encoded(&bench.whole(&[("activityType", "by query")]));
        let by_query = bench.raw(Method::POST, &format!("{TYPES}?{query}"), "text/plain", String::new()).await;
        assert_eq!(by_query.status, status);
        assert_eq!(bench.raw(Method::POST, TYPES, "application/json", object.clone()).await.status, status);
        assert_eq!(bench.post(TYPES, &[("activityType", "by form")]).await.status, 200);
        let expected = if status == 200 { vec!["BY QUERY", "BY JSON", "BY FORM"] } else { vec!["BY FORM"] };
        assert_eq!(types(&bench), expected);
    }
}

/// Trap 8: a plus sign is a blank unless it is written as %2B.
#[tokio::test]
async fn forms_are_decoded() {
    let bench = bench().await;
    bench.post("/admin/email-to-poll", &[("mailUser", "a+b@x.com")]).await.good();
    let raw = format!("clientDomain={DOMAIN}&authToken={TOKEN}&mailUser=c+d@x.com");
    bench.raw(Method::POST, "/admin/email-to-poll", FORM, raw).await.good();
    let mailboxes = bench.sim.domain(DOMAIN).unwrap().mailboxes;
    let users: Vec<_> = mailboxes.iter().map(|mailbox| mailbox.user.as_str()).collect();
    assert_eq!(users, ["a+b@x.com", "c d@x.com"]);
}

/// Trap 9: the quotes of the vendor's example are the shell's; who sends them gets them.
#[tokio::test]
async fn quotes_are_part_of_a_value() {
    let bench = bench().await;
    let raw = format!("clientDomain={DOMAIN}&authToken={TOKEN}&mailUser=a@x.com&mailStoreProtocol=\"imaps\"");
    bench.raw(Method::PUT, "/admin/email-notifications", FORM, raw).await.good();
    assert_eq!(bench.sim.domain(DOMAIN).unwrap().notifications.unwrap().protocol, "\"imaps\"");
}

/// Trap 10: the id of a contact is called otherwise where it is deleted.
#[tokio::test]
async fn the_id_of_a_contact_to_delete_has_two_names() {
    for (name, other, param) in
        [("contactId", "contactid", DeleteContactParam::Camel), ("contactid", "contactId", DeleteContactParam::Lower)]
    {
        let bench = bench_with(|options| options.behaviour.delete_contact_param = param).await;
        let id = bench.user("grace@acme.example").await;
        let refusal = bench.delete("/contact", &[(other, &id)]).await.refusal();
        assert_eq!(refusal, refused(400, &format!("{name} is required")));
        bench.delete("/contact", &[(name, &id)]).await.good();
    }
}
