//! Tests of the calls about linkages, by themselves and over real HTTP; the trap numbers are those of the contract's section 4.

use super::*;
use crate::adeptia::client::partners::tests::{made, start, template};
use crate::adeptia::sim::Options;
use crate::adeptia::sim::options::behaviour::Repeat;
use crate::base::fault::Delivery;
use crate::http::fuzz::fuzz_decoder;
use crate::sim::trouble::{Act, Order};

fn told(answer: &Answer) -> Result<Option<Id>, Fault> {
    Ok(read_wrapped::<Granted>(answer, WRAPPER)?.id)
}

fuzz_decoder!(
    grant_template,
    told,
    [
        r#"{"TemplatePartnerLinkage": {"id": "11535091945360", "partner": {"id": 1}, "transactionTemplate": {"id": 11535091945352}}}"#,
        r#"{"TemplatePartnerLinkage": {"partner": {"id": 1}}}"#,
    ]
);

const PROFILES: [Profile; 3] = [Profile::Legacy, Profile::Seed, Profile::Current];

/// Trap 19: what revokes one and what revokes all is told apart by the query, which each call has from where it is built.
#[test]
fn no_call_that_revokes_is_like_another() {
    let linkage = LinkageId::new("11535091945360");
    let partner = PartnerId::writable("test", "11535091945360").unwrap();
    let told = |request: &Request| {
        let query = request.query.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        (format!("{} /{}", request.method, request.path.join("/")), query.join("&"))
    };
    let one = "isTemplate=true&resourceIdentifier=transactiontemplate";
    for (profile, of_one, of_all) in [
        (Profile::Legacy, "isTemplate=true", ""),
        (Profile::Seed, one, "resourceIdentifier=company"),
        (Profile::Current, one, "resourceIdentifier=company"),
    ] {
        let path = "DELETE /rest/templatepartnerlinkage/11535091945360".to_owned();
        assert_eq!(told(&revoke_one(profile, &linkage)), (path.clone(), of_one.to_owned()));
        assert_eq!(told(&revoke_all(profile, &partner)), (path, of_all.to_owned()));
        let path = "POST /rest/templatepartnerlinkage".to_owned();
        let template = NumberRef { id: Id::new("11535091945352") };
        assert_eq!(told(&grant_one(profile, &partner, &template).unwrap()), (path.clone(), of_one.to_owned()));
        assert_eq!(told(&grant_all(profile, &partner).unwrap()), (path, of_all.to_owned()));
    }
}

/// Traps 3 and 19: in each version, what one grant gave is taken back and the other grants stay.
#[tokio::test]
async fn one_grant_is_revoked_and_the_others_stay() {
    for profile in PROFILES {
        let (simulator, client) = start(profile, |_| {}).await;
        let partner = made(&client, "Walgreens").await;
        simulator.edit(|state| state.templates.push(template(11_535_091_945_353)));
        let one = client.grant_template(&partner, "11535091945352").await.unwrap().unwrap();
        client.grant_template(&partner, "11535091945353").await.unwrap().unwrap();
        client.grant_all_templates(&partner).await.unwrap();
        let granted = || -> Vec<Option<u64>> {
            simulator.partner("Walgreens").unwrap().linkages.iter().map(|linkage| linkage.template).collect()
        };
        client.revoke_template(&one).await.unwrap();
        assert_eq!(granted(), [Some(11_535_091_945_353), None], "{profile:?}");
        client.revoke_all_templates(&partner).await.unwrap();
        assert_eq!(granted(), [], "{profile:?}");
    }
}

#[tokio::test]
async fn revoking_twice_is_doing_it_once_and_granting_twice_is_told() {
    for repeat in [Repeat::Refuse, Repeat::NoOp] {
        let (_simulator, client) = start(Profile::Seed, |options: &mut Options| {
            options.behaviour.repeat_grant = repeat;
            options.behaviour.absent_deletion = repeat;
        })
        .await;
        let partner = made(&client, "Walgreens").await;
        let one = client.grant_template(&partner, "11535091945352").await.unwrap().unwrap();
        client.grant_all_templates(&partner).await.unwrap();
        let again = client.grant_template(&partner, "11535091945352").await.map(|_| ());
        for again in [again, client.grant_all_templates(&partner).await] {
            assert_eq!(again.map_err(|fault| fault.class).err(), (repeat == Repeat::Refuse).then_some(Class::Taken));
        }
        client.revoke_template(&one).await.unwrap();
        client.revoke_template(&one).await.unwrap();
        client.revoke_all_templates(&partner).await.unwrap();
    }
}

#[tokio::test]
async fn a_grant_may_tell_no_id_and_a_refusal_is_quoted() {
    let (simulator, client) = start(Profile::Seed, |options| options.answers.linkage_id_in_answer = false).await;
    let partner = made(&client, "Walgreens").await;
    assert_eq!(client.grant_template(&partner, "11535091945352").await.unwrap(), None);
    let fault = client.grant_template(&partner, "11535091949999").await.unwrap_err();
    assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::Answered), "{fault:?}");
    simulator.trouble().place(Order::next_of("grant_all_templates", Act::LoseAnswer));
    let fault = client.grant_all_templates(&partner).await.unwrap_err();
    assert_eq!(fault.delivery, Delivery::Unknown);
}
