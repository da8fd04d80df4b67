//! What partners may use, and partners that become external.

use serde_json::{Value, json};

use super::{Bench, GRANT_ALL, GRANT_ONE, TEMPLATE, bench, linkage};
use crate::adeptia::sim::Template;
use crate::adeptia::sim::options::behaviour::{Repeat, RepeatConversion};
use crate::adeptia::sim::options::server::Profile;

const LINKAGES: &str = "/rest/templatepartnerlinkage";

fn revoke_one(linkage: &str) -> String {
    format!("{LINKAGES}/{linkage}?isTemplate=true&resourceIdentifier=transactiontemplate")
}

fn revoke_all(partner: &str) -> String {
    format!("{LINKAGES}/{partner}?resourceIdentifier=company")
}

/// The templates that a partner was granted; none for all.
fn granted(bench: &Bench) -> Vec<Option<u64>> {
    bench.sim.partner("Walgreens").unwrap().linkages.iter().map(|linkage| linkage.template).collect()
}

fn conversion(partner: &str) -> Value {
    json!({
        "partnerId": partner,
        "firstName": "Walmart",
        "lastName": "Corporation",
        "userId": "Walmart",
        "email": "admin@walmart.com",
        "password": "P@ssw0rd",
    })
}

#[tokio::test]
async fn templates_are_granted_one_by_one() {
    let bench = bench().await;
    let id = bench.partner("Walgreens").await;
    let told = bench.grant(&id, TEMPLATE).await.good();
    let of = told["TemplatePartnerLinkage"]["id"].as_str().unwrap();
    let mut expected = linkage(&id, Some(TEMPLATE));
    expected["TemplatePartnerLinkage"]["id"] = json!(of);
    assert_eq!((told.clone(), granted(&bench)), (expected, vec![Some(TEMPLATE)]));
    assert_eq!(bench.grant(&id, TEMPLATE).await.status, 409);
    bench.sim.reconfigure(|options| options.behaviour.repeat_grant = Repeat::NoOp);
    assert_eq!(bench.grant(&id, TEMPLATE).await.good(), told);
    bench.sim.reconfigure(|options| options.answers.linkage_id_in_answer = false);
    assert_eq!(bench.grant(&id, TEMPLATE).await.good(), linkage(&id, Some(TEMPLATE)));

    bench.delete(&revoke_one(of)).await.good();
    assert_eq!(granted(&bench), []);
    assert_eq!(bench.delete(&revoke_one(of)).await.status, 404);
    bench.sim.reconfigure(|options| options.behaviour.absent_deletion = Repeat::NoOp);
    bench.delete(&revoke_one(of)).await.good();
}

#[tokio::test]
async fn all_templates_are_granted_and_revoked_at_once() {
    let bench = bench().await;
    let id = bench.partner("Walgreens").await;
    let told = bench.post(GRANT_ALL, linkage(&id, None)).await.good();
    assert_eq!(told["TemplatePartnerLinkage"]["partner"]["id"], json!(id.parse::<u64>().unwrap()));
    bench.grant(&id, TEMPLATE).await.good();
    assert_eq!(granted(&bench), [None, Some(TEMPLATE)]);
    bench.delete(&revoke_all(&id)).await.good();
    assert_eq!((granted(&bench), bench.delete(&revoke_all(&id)).await.status), (vec![], 404));
}

/// Trap 19: both revocations share a path, and without a query an id is taken for a partner's; and a grant without one grants all.
#[tokio::test]
async fn a_lost_query_grants_or_revokes_everything() {
    let bench = bench().await;
    let id = bench.partner("Walgreens").await;
    bench.post(LINKAGES, linkage(&id, Some(TEMPLATE))).await.good();
    assert_eq!(granted(&bench), [None]);
    bench.grant(&id, TEMPLATE).await.good();
    bench.delete(&format!("{LINKAGES}/{id}")).await.good();
    assert_eq!(granted(&bench), []);

    bench.grant(&id, TEMPLATE).await.good();
    let of = bench.sim.partner("Walgreens").unwrap().linkages[0].id.to_string();
    assert_eq!(bench.delete(&revoke_all(&of)).await.status, 404);
    for query in
        ["resourceIdentifier=transactiontemplate", "isTemplate=true&resourceIdentifier=other", "resourceIdentifier=x"]
    {
        assert_eq!(bench.delete(&format!("{LINKAGES}/{of}?{query}")).await.status, 400, "{query}");
        assert_eq!(
            bench.post(&format!("{LINKAGES}?{query}"), linkage(&id, Some(TEMPLATE))).await.status,
            400,
            "{query}"
        );
    }
    assert_eq!(granted(&bench), [Some(TEMPLATE)]);
}

/// Trap 25: the early versions know no resourceIdentifier.
#[tokio::test]
async fn early_versions_tell_by_is_template_alone() {
    let bench = bench().await;
    bench.sim.reconfigure(|options| options.server.profile = Profile::Legacy);
    let id = bench.partner("Walgreens").await;
    let one = format!("{LINKAGES}?isTemplate=true");
    let told = bench.post(&one, linkage(&id, Some(TEMPLATE))).await.good();
    let of = told["TemplatePartnerLinkage"]["id"].as_str().unwrap();
    bench.post(LINKAGES, linkage(&id, None)).await.good();
    assert_eq!(granted(&bench), [Some(TEMPLATE), None]);
    bench.delete(&format!("{LINKAGES}/{of}?isTemplate=true")).await.good();
    assert_eq!(granted(&bench), [None]);
    bench.delete(&format!("{LINKAGES}/{id}?resourceIdentifier=company")).await.good();
    assert_eq!(granted(&bench), []);
}

#[tokio::test]
async fn grants_have_conditions() {
    let bench = bench().await;
    let id = bench.partner("Walgreens").await;
    bench.sim.edit(|state| {
        state.templates.push(Template { id: 5, active: false, networks: vec![1] });
        state.templates.push(Template { id: 6, active: true, networks: vec![2] });
    });
    assert_eq!(bench.grant(&id, 4).await.refusal(), (400, "there is no template 4".to_owned()));
    assert_eq!(bench.grant(&id, 5).await.refusal(), (409, "the template 5 is not activated".to_owned()));
    assert_eq!(bench.grant(&id, 6).await.refusal(), (409, "the template 6 is in no network of the partner".to_owned()));
    assert_eq!(bench.grant("7", TEMPLATE).await.refusal(), (400, "there is no partner 7".to_owned()));
    assert_eq!(bench.post(GRANT_ONE, linkage(&id, None)).await.status, 400);
    let mut text = linkage(&id, Some(TEMPLATE));
    text["TemplatePartnerLinkage"]["partner"]["id"] = json!(id);
    assert_eq!(bench.post(GRANT_ONE, text).await.status, 400);
    bench.sim.reconfigure(|options| options.behaviour.grant_checks = false);
    bench.grant(&id, 5).await.good();
    bench.sim.reconfigure(|options| options.behaviour.grant_needs_external = true);
    let refused = (409, "the partner is internal; convert it first".to_owned());
    assert_eq!(bench.grant(&id, TEMPLATE).await.refusal(), refused);
    bench.sim.edit(|state| state.companies.last_mut().unwrap().enable_self_onboard = true);
    bench.grant(&id, TEMPLATE).await.good();
}

/// Trap 2: the path is misspelt.
#[tokio::test]
async fn a_partner_is_converted_once() {
    let bench = bench().await;
    let id = bench.partner("Walgreens").await;
    assert_eq!(bench.post("/rest/company/enableSelfOnboard", conversion(&id)).await.status, 404);
    assert_eq!(bench.post("/rest/company/enableSelfOnbaord", conversion(&id)).await.good(), Value::Null);
    let partner = bench.sim.partner("Walgreens").unwrap();
    assert_eq!((partner.enable_self_onboard, bench.sim.effect("Walgreens")), (true, 1));
    let user = bench.sim.user("admin@walmart.com").unwrap();
    assert_eq!(
        (user.partner, user.company.as_str(), user.user_id.as_str()),
        (Some(partner.id), "Walgreens", "Walmart")
    );
    assert!(bench.sim.login("Walmart", "P@ssw0rd") && bench.sim.login("admin@walmart.com", "P@ssw0rd"));
    let told = bench.get(&format!("/rest/company/{id}")).await.good();
    assert_eq!(told["Company"]["enableSelfOnboard"], json!(true));

    let mut again = conversion(&id);
    (again["userId"], again["email"]) = (json!("other"), json!("other@walmart.com"));
    let refused = bench.post("/rest/company/enableSelfOnbaord", again.clone()).await.refusal();
    assert_eq!(refused, (409, "the partner is external already".to_owned()));
    let back = json!({"Company": {"enableSelfOnboard": false}});
    assert_eq!(bench.put(&format!("/rest/company/{id}"), back).await.status, 400);
    bench.sim.reconfigure(|options| options.behaviour.repeat_conversion = RepeatConversion::Again);
    bench.post("/rest/company/enableSelfOnbaord", again).await.good();
    assert_eq!(bench.sim.effect("Walgreens"), 2);
}

#[tokio::test]
async fn conversions_are_checked() {
    let bench = bench().await;
    let id = bench.partner("Walgreens").await;
    for (field, value, status) in [
        ("partnerId", json!(id.parse::<u64>().unwrap()), 400),
        ("partnerId", json!("7"), 404),
        ("partnerId", json!("1"), 404),
        ("firstName", json!(""), 400),
        ("lastName", Value::Null, 400),
        ("userId", json!(""), 400),
        ("email", json!("walmart"), 400),
        ("email", json!("adminuser@adeptia.example"), 409),
        ("password", json!("weak-secret"), 400),
    ] {
        let mut body = conversion(&id);
        body[field] = value.clone();
        let reply = bench.post("/rest/company/enableSelfOnbaord", body).await;
        assert!(reply.status == status && !reply.text.contains("weak-secret"), "{field}: {reply:?}");
    }
    bench.sim.edit(|state| state.users[1].user_id = "walmart".to_owned());
    assert_eq!(bench.post("/rest/company/enableSelfOnbaord", conversion(&id)).await.status, 409);
    bench.sim.reconfigure(|options| options.server.self_managed_partners = false);
    assert_eq!(bench.post("/rest/company/enableSelfOnbaord", conversion(&id)).await.status, 403);
}
