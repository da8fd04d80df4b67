//! ConnectPartner: partial updates, rows that are never doubled, grants that are revoked one by one or all, and what a deletion takes along.

use kube::api::{DynamicObject, PostParams};
use provost::adeptia::sim::options::answers::{Answers, Parameters};
use provost::adeptia::sim::options::behaviour::{Behaviour, LeftOutRows};
use provost::adeptia::sim::options::server::{Profile, Server};
use provost::adeptia::sim::{Company, Options, Simulator, Template};
use provost::sim::trouble::{Act, Order};
use serde_json::{Value as Json, json};

use super::example;
use crate::commands::{assert_says, explain, unready};
use crate::objects::{Objects, annotation, is, message};
use crate::stage::Stage;
use crate::testbed::scene::EXTERNAL_ID;

const KIND: &str = "ConnectPartner";
const NAME: &str = "Walgreens";
const DEED: &str = "provost.dev/deed";
const TEXT: &str = "11518430417328";
const OTHER_TEXT: &str = "11518430417329";
const PASSWORD: &str = "11518430417330";
const TEMPLATE: &str = "11535091945352";
const OTHER_TEMPLATE: &str = "11535091945353";

/// A stage, and its partners. There is a second template.
async fn stage(options: Options) -> (Stage<Simulator>, Objects) {
    stage_with(options, json!({})).await
}

async fn stage_with(options: Options, settings: Json) -> (Stage<Simulator>, Objects) {
    let stage = Stage::adeptia_with(options, &[KIND], settings).await;
    let id = OTHER_TEMPLATE.parse().unwrap();
    stage.vendor.edit(|state| state.templates.push(Template { id, active: true, networks: vec![1] }));
    let partners = stage.objects(KIND);
    (stage, partners)
}

/// The example without its conversion, which has tests of its own, with these fields.
fn partner(fields: Json) -> Json {
    let mut manifest = example(KIND, "walgreens", json!({"external": null}));
    crate::examples::change(&mut manifest["spec"], &fields);
    manifest
}

/// A stage on which the partner is as its example says, with these fields.
async fn with_partner(options: Options, fields: Json) -> (Stage<Simulator>, Objects) {
    let (stage, partners) = stage(options).await;
    stage.apply(&partner(fields)).await;
    partners.ready("walgreens").await;
    (stage, partners)
}

fn answers(answers: Answers) -> Options {
    Options { answers, ..Options::default() }
}

fn company(stage: &Stage<Simulator>) -> Company {
    stage.vendor.partner(NAME).unwrap()
}

/// The values of the partner's parameters, by definition; a doubled one is there twice.
fn parameters(stage: &Stage<Simulator>) -> Vec<(String, String)> {
    let rows = company(stage).parameters.into_iter();
    let mut rows: Vec<_> = rows.map(|row| (row.definition.to_string(), row.value)).collect();
    rows.sort();
    rows
}

fn pair(definition: &str, value: &str) -> (String, String) {
    (definition.to_owned(), value.to_owned())
}

/// What the partner is granted; none for all templates.
fn granted(stage: &Stage<Simulator>) -> Vec<Option<String>> {
    company(stage).linkages.iter().map(|linkage| linkage.template.map(|id| id.to_string())).collect()
}

/// The bodies of what was sent to the partner since `mark`.
fn sent_since(stage: &Stage<Simulator>, mark: u64) -> Vec<Json> {
    let entries = stage.vendor.journal().since(mark).into_iter();
    entries
        .filter(|entry| entry.operation == "update_partner")
        .map(|entry| entry.body.unwrap()["Company"].clone())
        .collect()
}

/// Does what a parked object says, with this verdict.
async fn say(partners: &Objects, object: &DynamicObject, verdict: &str) {
    let message = message(object, "Ready");
    let attempt = message.split('\'').nth(1).and_then(|text| text.strip_suffix(" done"));
    let attempt = attempt.unwrap_or_else(|| panic!("{message}"));
    partners.annotate("walgreens", DEED, Some(&format!("{attempt} {verdict}"))).await;
}

/// Traps 7, 8 and 9: what differs is sent and nothing else, networks with PUT, and an empty text is a value.
#[tokio::test]
async fn a_change_sends_what_differs() {
    let (stage, partners) = with_partner(Options::default(), json!({"address": "1 Main St"})).await;
    let made = company(&stage);
    assert_eq!((made.networks.as_slice(), made.address.as_str(), made.active), (&[1][..], "1 Main St", true));
    for (fields, sent) in [
        (json!({"address": ""}), json!({"address": ""})),
        (json!({"networkIds": ["3", "1"]}), json!({"partnerNetworks": [{"id": 1}, {"id": 3}]})),
        (json!({"active": false}), json!({"status": 201})),
        (json!({"active": true, "country": "US"}), json!({"country": "US", "status": 200})),
    ] {
        let mark = stage.vendor.journal().last();
        partners.edit("walgreens", fields).await;
        partners.ready("walgreens").await;
        assert_eq!(sent_since(&stage, mark), [sent]);
    }
    let changed = company(&stage);
    assert_eq!((changed.id, changed.address.as_str(), changed.networks.as_slice()), (made.id, "", &[1, 3][..]));
    assert_eq!((stage.vendor.journal().count("create_partner"), stage.vendor.journal().count("move_partner")), (1, 0));
}

#[tokio::test]
async fn a_spec_says_each_thing_once() {
    let (_stage, partners) = stage(Options::default()).await;
    let refused = async |fields: Json| {
        let object: DynamicObject = serde_json::from_value(partner(fields)).unwrap();
        partners.api.create(&PostParams::default(), &object).await.unwrap_err().to_string()
    };
    let secret = json!({"secretRef": {"name": "s", "key": "k"}});
    let both = json!({"parameters": [{"paramId": "1", "value": "planted-7Q", "valueFrom": secret}]});
    let said = refused(both).await;
    assert!(said.contains("exactly one of value and valueFrom") && !said.contains("planted-7Q"), "{said}");
    assert!(refused(json!({"parameters": [{"paramId": "1"}]})).await.contains("exactly one of value and valueFrom"));
    let twice = json!({"parameters": [{"paramId": "1", "value": "a"}, {"paramId": "1", "value": "b"}]});
    assert!(refused(twice).await.contains("Duplicate value"));
    assert!(
        refused(json!({"templateAccess": {"all": true}})).await.contains("exactly one of templateIds and all: true")
    );
    assert!(refused(json!({"templateAccess": {"templateIds": null}})).await.contains("exactly one of templateIds"));
    assert!(refused(json!({"external": {}})).await.contains("exactly one of selfOnboard and importUsers"));
    assert!(refused(json!({"networkIds": ["one"]})).await.contains("networkIds"));
}

/// Trap 13: a negative id makes a row, once; what is there is changed by the id of its row, and a secret one when its Secret changes.
#[tokio::test]
async fn a_parameter_is_a_row_that_is_never_doubled() {
    let secret = json!({"secretRef": {"name": "edi", "key": "pin"}});
    let rows = json!([{"paramId": TEXT, "value": "Purchase Order"}, {"paramId": PASSWORD, "valueFrom": secret}]);
    let (mut stage, partners) = stage(Options::default()).await;
    stage.write_secret("edi", json!({"pin": "planted-pin-7Q"})).await;
    stage.apply(&partner(json!({"parameters": rows}))).await;
    partners.ready("walgreens").await;
    assert_eq!(parameters(&stage), [pair(TEXT, "Purchase Order"), pair(PASSWORD, "planted-pin-7Q")]);
    let first = sent_since(&stage, 0).into_iter().find(|body| body.get("partnerParameter").is_some()).unwrap();
    let ids: Vec<_> = first["partnerParameter"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
    assert_eq!(ids, [json!("-0"), json!("-1")]);

    stage.write_secret("edi", json!({"pin": "planted-next-7Q"})).await;
    partners.looked_at("walgreens").await;
    partners.ready("walgreens").await;
    assert_eq!(parameters(&stage), [pair(TEXT, "Purchase Order"), pair(PASSWORD, "planted-next-7Q")]);
    // The answer is lost, and the rows show what became of it.
    stage.vendor.trouble().place(Order::next_of("update_partner", Act::LoseAnswer));
    let rows = json!([{"paramId": TEXT, "value": "Invoice"}, {"paramId": OTHER_TEXT, "value": "c"}]);
    partners.edit("walgreens", json!({"parameters": rows})).await;
    partners.ready("walgreens").await;
    // One that is taken out stays: nothing deletes it.
    let expected = [pair(TEXT, "Invoice"), pair(OTHER_TEXT, "c"), pair(PASSWORD, "planted-next-7Q")];
    assert_eq!(parameters(&stage), expected);
    stage.restart_operator().await;
    let mark = stage.vendor.journal().last();
    partners.looked_at("walgreens").await;
    partners.ready("walgreens").await;
    assert_eq!((parameters(&stage), sent_since(&stage, mark)), (expected.to_vec(), vec![]));
}

/// What a person changes at a parameter is put back, and what a person adds is left alone; also where rows that are left out go.
#[tokio::test]
async fn the_rows_of_others_are_left_alone() {
    for left_out_rows in [LeftOutRows::Kept, LeftOutRows::Removed] {
        let behaviour = Behaviour { left_out_rows, ..Behaviour::default() };
        let (stage, partners) = with_partner(Options { behaviour, ..Options::default() }, json!({})).await;
        stage.vendor.edit(|state| {
            let company = state.companies.iter_mut().find(|company| company.name == NAME).unwrap();
            company.parameters[0].value = "by hand".to_owned();
            let mut other = company.parameters[0].clone();
            (other.id, other.definition) = (11_599_999_999_999, OTHER_TEXT.parse().unwrap());
            company.parameters.push(other);
        });
        partners.looked_at("walgreens").await;
        partners.ready("walgreens").await;
        assert_eq!(parameters(&stage), [pair(TEXT, "Purchase Order"), pair(OTHER_TEXT, "by hand")]);
    }
}

/// Trap 13, where nobody can read: the ids of rows come from answers; without any, a lost answer is never followed by a second row.
#[tokio::test]
async fn rows_that_nobody_shows_are_known_from_answers_or_left_to_a_person() {
    let hidden = Answers { get_parameters: Parameters::Absent, ..Answers::default() };
    let (mut stage, partners) = with_partner(answers(hidden.clone()), json!({})).await;
    stage.restart_operator().await;
    partners.edit("walgreens", json!({"parameters": [{"paramId": TEXT, "value": "Invoice"}]})).await;
    partners.ready("walgreens").await;
    assert_eq!(parameters(&stage), [pair(TEXT, "Invoice")]);

    let mute = Answers { changed_parameters: Parameters::Absent, ..hidden };
    let (stage, partners) = with_partner(answers(mute), json!({"parameters": null})).await;
    stage.vendor.trouble().place(Order::next_of("update_partner", Act::LoseAnswer));
    partners.edit("walgreens", json!({"parameters": [{"paramId": TEXT, "value": "Purchase Order"}]})).await;
    let object = partners.unready("walgreens", "DeedOutcomeUnknown").await;
    assert!(message(&object, "Ready").contains("would double it"), "{object:#?}");
    let told = unready(explain(&stage, "connectpartner/walgreens", &[]).await);
    assert_says(
        &told,
        &["is not ready: DeedOutcomeUnknown", "would double it", "provost.dev/deed", "set_parameters transient"],
    );
    partners.looked_at("walgreens").await;
    assert_eq!(parameters(&stage), [pair(TEXT, "Purchase Order")]);
    say(&partners, &object, "done").await;
    partners.ready("walgreens").await;
    // That there is a row is known, and its id is not.
    partners.edit("walgreens", json!({"parameters": [{"paramId": TEXT, "value": "Invoice"}]})).await;
    let object = partners.unready("walgreens", "Refused").await;
    assert!(message(&object, "Ready").contains("take it out of spec.parameters"), "{object:#?}");
    assert_eq!(parameters(&stage), [pair(TEXT, "Purchase Order")]);
    partners.edit("walgreens", json!({"parameters": null})).await;
    partners.ready("walgreens").await;
}

/// Trap 19: what the spec drops is revoked by the id of its grant, and nothing else is.
#[tokio::test]
async fn a_template_is_revoked_by_itself() {
    let access = |ids: &[&str]| json!({"templateAccess": {"templateIds": ids}});
    let (mut stage, partners) = with_partner(Options::default(), access(&[TEMPLATE, OTHER_TEMPLATE])).await;
    assert_eq!(granted(&stage).len(), 2);
    stage.restart_operator().await;
    partners.edit("walgreens", access(&[TEMPLATE])).await;
    partners.ready("walgreens").await;
    assert_eq!(granted(&stage), [Some(TEMPLATE.to_owned())]);
    let all = json!({"templateAccess": {"templateIds": null, "all": true}});
    partners.edit("walgreens", all).await;
    partners.ready("walgreens").await;
    assert_eq!(granted(&stage), [None]);
    assert_eq!(stage.vendor.journal().count("revoke_all_templates"), 0);
    partners.edit("walgreens", json!({"templateAccess": {"templateIds": [OTHER_TEMPLATE], "all": null}})).await;
    partners.ready("walgreens").await;
    assert_eq!(granted(&stage), [Some(OTHER_TEMPLATE.to_owned())]);
    // What others granted stays.
    stage.vendor.edit(|state| {
        let company = state.companies.iter_mut().find(|company| company.name == NAME).unwrap();
        let mut other = company.linkages[0];
        (other.id, other.template) = (11_599_999_999_999, Some(TEMPLATE.parse().unwrap()));
        company.linkages.push(other);
    });
    partners.edit("walgreens", json!({"templateAccess": null})).await;
    partners.ready("walgreens").await;
    assert_eq!(granted(&stage), [Some(TEMPLATE.to_owned())]);
    let object = partners.looked_at("walgreens").await;
    assert!(object.data["status"].get("linkages").is_none(), "{object:#?}");
}

/// A grant that is repeated after a lost answer is one grant.
#[tokio::test]
async fn a_lost_answer_to_a_grant_is_no_second_grant() {
    let (stage, partners) = stage(Options::default()).await;
    stage.vendor.trouble().place(Order::next_of("grant_template", Act::LoseAnswer));
    stage.apply(&partner(json!({}))).await;
    partners.ready("walgreens").await;
    assert_eq!((granted(&stage), stage.vendor.journal().count("grant_template")), (vec![Some(TEMPLATE.to_owned())], 2));
}

/// One template that cannot be granted keeps none of the others from it, and is told; it is granted once it can be.
#[tokio::test]
async fn a_grant_that_is_refused_is_told_and_no_other_is_repeated_in_vain() {
    for taken_status in [409, 422] {
        let (stage, partners) = stage(answers(Answers { taken_status, ..Answers::default() })).await;
        let activate = |active: bool| {
            let other: u64 = OTHER_TEMPLATE.parse().unwrap();
            stage
                .vendor
                .edit(|state| state.templates.iter_mut().find(|known| known.id == other).unwrap().active = active);
        };
        activate(false);
        stage.apply(&partner(json!({"templateAccess": {"templateIds": [TEMPLATE, OTHER_TEMPLATE]}}))).await;
        let object = partners.unready("walgreens", "Refused").await;
        assert!(message(&object, "Ready").contains("is not activated"), "{object:#?}");
        activate(true);
        partners.looked_at("walgreens").await;
        partners.ready("walgreens").await;
        assert_eq!(granted(&stage), [Some(TEMPLATE.to_owned()), Some(OTHER_TEMPLATE.to_owned())]);
    }
}

/// A grant whose id was never told cannot be revoked by itself, and nothing else is revoked instead; there are ways out.
#[tokio::test]
async fn a_grant_without_an_id_is_left_to_a_person() {
    let mute = Answers { linkage_id_in_answer: false, ..Answers::default() };
    let (stage, partners) = with_partner(answers(mute), json!({})).await;
    let none = json!({"templateAccess": {"templateIds": []}});
    partners.edit("walgreens", none.clone()).await;
    let object = partners.unready("walgreens", "DeedOutcomeUnknown").await;
    assert!(message(&object, "Ready").contains("revoke it in Adeptia Connect"), "{object:#?}");
    assert_eq!(granted(&stage), [Some(TEMPLATE.to_owned())]);
    // It is put back.
    partners.edit("walgreens", json!({"templateAccess": {"templateIds": [TEMPLATE]}})).await;
    partners.ready("walgreens").await;
    // A person revokes it.
    partners.edit("walgreens", none).await;
    let object = partners.unready("walgreens", "DeedOutcomeUnknown").await;
    stage.vendor.edit(|state| {
        state.companies.iter_mut().find(|company| company.name == NAME).unwrap().linkages.clear();
    });
    say(&partners, &object, "done").await;
    partners.ready("walgreens").await;
    let revoked = ["revoke_template", "revoke_all_templates"].map(|operation| stage.vendor.journal().count(operation));
    assert_eq!(revoked, [0, 0]);
}

/// Where nobody can read partners: known by the recorded id, changed, switched and deleted; and never made a second time.
#[tokio::test]
async fn a_partner_that_nobody_shows_is_managed_by_its_id() {
    let unseen = Answers { get_company: false, ..Answers::default() };
    let (mut stage, partners) = with_partner(answers(unseen), json!({"policy": {"deletion": "Delete"}})).await;
    stage.restart_operator().await;
    let mark = stage.vendor.journal().last();
    partners
        .edit("walgreens", json!({"phoneNumber": "1", "parameters": [{"paramId": TEXT, "value": "Invoice"}]}))
        .await;
    partners.ready("walgreens").await;
    assert_eq!(sent_since(&stage, mark)[0], json!({"phoneNumber": "1"}));
    assert_eq!(parameters(&stage), [pair(TEXT, "Invoice")]);
    partners.delete("walgreens").await;
    partners.gone("walgreens").await;
    assert!(stage.vendor.partner(NAME).is_none());
    assert_eq!(stage.vendor.journal().count("create_partner"), 1);
}

#[tokio::test]
async fn a_lost_answer_where_nobody_can_look_waits_for_a_person() {
    let unseen = Answers { get_company: false, ..Answers::default() };
    let (mut stage, partners) = stage(answers(unseen)).await;
    stage.vendor.trouble().place(Order::next_of("create_partner", Act::LoseAnswer));
    // Which values an adopted partner has already is another thing that nobody shows.
    stage.apply(&partner(json!({"parameters": null}))).await;
    let object = partners.unready("walgreens", "CreateOutcomeUnknown").await;
    assert!(message(&object, "Ready").contains("look in Adeptia Connect, under Partners"), "{object:#?}");
    stage.restart_operator().await;
    partners.looked_at("walgreens").await;
    partners.unready("walgreens", "CreateOutcomeUnknown").await;
    let id = company(&stage).id.to_string();
    partners.annotate("walgreens", EXTERNAL_ID, Some(&id)).await;
    partners.taken_over("walgreens").await;
    partners.ready("walgreens").await;
    assert_eq!(stage.vendor.journal().count("create_partner"), 1);
}

/// A name that is in use is told, with the way to take that partner over; where it can be read it is found before.
#[tokio::test]
async fn a_name_in_use_is_told_with_the_way_to_adopt_it() {
    for get_company in [true, false] {
        let (stage, partners) = stage(answers(Answers { get_company, ..Answers::default() })).await;
        let id = 11_529_580_510_902;
        stage.vendor.edit(|state| {
            let own = state.companies[0].clone();
            state.companies.push(Company { id, name: NAME.to_owned(), networks: vec![1], ..own });
        });
        stage.apply(&partner(json!({"templateAccess": null, "parameters": null}))).await;
        let reason = if get_company { "AlreadyExists" } else { "KeyTaken" };
        let object = partners.unready("walgreens", reason).await;
        let words = if get_company { "11529580510902" } else { "the partner's id, such as" };
        assert!(message(&object, "Ready").contains(words), "{object:#?}");
        partners.annotate("walgreens", EXTERNAL_ID, Some("11529580510902")).await;
        partners.taken_over("walgreens").await;
        partners.ready("walgreens").await;
        assert_eq!(company(&stage).phone_number, "2025550101");
    }
}

/// Trap 26: nothing is deleted unless the policy says so, and then after it was switched off; its transactions go with it.
#[tokio::test]
async fn a_deletion_does_what_its_policy_says() {
    for profile in [Profile::Legacy, Profile::Seed, Profile::Current] {
        let options = Options { server: Server { profile, ..Server::default() }, ..Options::default() };
        let (stage, partners) = stage_with(options, json!({"profile": format!("{profile:?}")})).await;
        for (deletion, active) in [(json!(null), Some(true)), (json!("Disable"), Some(false)), (json!("Delete"), None)]
        {
            let policy = json!({"policy": {"deletion": deletion, "adoption": "IfExists"}});
            stage.apply(&partner(policy)).await;
            partners.taken_over("walgreens").await;
            partners.ready("walgreens").await;
            stage.vendor.edit(|state| {
                state.companies.iter_mut().find(|company| company.name == NAME).unwrap().transactions = 7;
            });
            partners.delete("walgreens").await;
            partners.gone("walgreens").await;
            assert_eq!(stage.vendor.partner(NAME).map(|company| company.active), active, "{profile:?} {deletion}");
            let transactions = stage.vendor.effect("Walgreens transactions");
            assert_eq!(transactions, if active.is_none() { 7 } else { 0 });
        }
        assert_eq!(stage.vendor.journal().count("delete_partner"), 1);
    }
}

/// A status that the vendor takes for something else is not followed by a deletion.
#[tokio::test]
async fn the_code_of_an_inactive_partner_may_be_another_one() {
    let behaviour = Behaviour { inactive_status: 300, ..Behaviour::default() };
    let options = Options { behaviour, ..Options::default() };
    let (stage, partners) = stage_with(options, json!({"inactiveStatus": 300})).await;
    stage.apply(&partner(json!({"policy": {"deletion": "Delete"}, "active": false}))).await;
    partners.ready("walgreens").await;
    assert!(!company(&stage).active);
    partners.delete("walgreens").await;
    partners.gone("walgreens").await;
    assert!(stage.vendor.partner(NAME).is_none());
}

/// Contract 3: the company itself is looked at, and never written to.
#[tokio::test]
async fn the_company_itself_is_never_written_to() {
    let (stage, partners) = stage(Options::default()).await;
    let fields = json!({"partnerName": "Adeptia", "policy": {"deletion": "Delete", "adoption": "IfExists"}});
    stage.apply(&partner(fields)).await;
    let object = partners.until("walgreens", |object| is(object, "Ready", "False", "Adopted")).await;
    assert_eq!(annotation(&object, EXTERNAL_ID), Some("1"));
    partners.looked_at("walgreens").await;
    let object = partners.unready("walgreens", "Refused").await;
    assert!(message(&object, "Ready").contains("is never changed or deleted"), "{object:#?}");
    partners.delete("walgreens").await;
    partners
        .until("walgreens", |object| {
            is(object, "Ready", "False", "DeletionBlocked") || is(object, "Ready", "False", "Refused")
        })
        .await;
    assert_eq!(stage.vendor_writes(), []);
}

/// Trap 6: a list that may be cut proves no absence.
#[tokio::test]
async fn a_list_that_may_be_cut_makes_nothing_and_loses_nothing() {
    let options = Options { server: Server { max_limit: Some(50), ..Server::default() }, ..Options::default() };
    let (stage, partners) = stage(options).await;
    stage.vendor.edit(|state| {
        let own = state.companies[0].clone();
        let others =
            (0..60).map(|at| Company { id: 11_529_580_510_000 + at, name: format!("Other {at}"), ..own.clone() });
        state.companies.extend(others);
    });
    stage.apply(&partner(json!({}))).await;
    let object = partners.unready("walgreens", "Unavailable").await;
    assert!(message(&object, "Ready").contains("there may be more"), "{object:#?}");
    assert_eq!(stage.vendor_writes(), []);
}
