//! Sign: a Chosen kind with deeds. Its lettering is chalked and then carved, which cannot be undone; its marks cannot be read, and are taken
//! off by the row that only the answer to each told; and one that asks for it has the token of the whole workshop renewed.

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use provost::base::fault::{Class, Fault};
use provost::engine::kind::{
    AdminApiReference, Attempt, Created, Deed, DeedAttempt, Found, Identity, Invalid, Kind, Managed, Progress, Seen,
    Sought, Wanted,
};
use provost::engine::policy::{Deletion, Deletions, Policy};
use provost::engine::sibling::Siblings;
use provost::engine::state::{Access, Field, State, Value};
use provost::engine::status::Status;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Workshop;
use super::client::Client;

/// A sign on the wall of the workshop.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "provost.dev",
    version = "v1alpha1",
    kind = "Sign",
    plural = "signs",
    namespaced,
    category = "provost",
    status = "SignStatus"
)]
#[serde(rename_all = "camelCase")]
pub struct SignSpec {
    /// The AdminApi (with a workshop block) that it is behind.
    #[x_kube(validation = ("self == oldSelf", "adminApi cannot be changed"))]
    pub admin_api: AdminApiReference,
    /// What Provost may do to it.
    #[serde(default)]
    #[schemars(with = "Option<Policy>")]
    pub policy: Policy,
    /// Where it hangs.
    #[schemars(length(min = 1))]
    #[x_kube(validation = ("self == oldSelf", "place cannot be changed after creation"))]
    pub place: String,
    /// The colour of its ground. Absent: white at creation, then not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
    /// What is carved into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lettering: Option<String>,
    /// The marks on it, which nobody can read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Option<Vec<String>>")]
    pub marks: Vec<String>,
    /// Renews the token of the workshop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
}

/// A renewal of the token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rotation {
    /// A new value has the token renewed, once.
    pub request: String,
}

/// The status of a sign.
pub type SignStatus = Status<SignFacts>;

/// What is known of a sign.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SignFacts {
    /// The row of each mark.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<String, u64>,
}

impl Managed for SignSpec {
    fn admin_api(&self) -> &AdminApiReference {
        &self.admin_api
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// How a sign is found, and what to call.
pub struct Signs;

const LETTERING: &str = "lettering";
const ROTATION: &str = "rotation";

const fn field(path: &'static str, access: Access, group: &'static str) -> Field {
    Field { path, access, key: false, group }
}

async fn carve(client: &Client, place: &str, lettering: &str, attempt: DeedAttempt<'_>) -> Result<Deed, Fault> {
    let Some((word, chalk)) = attempt.recorded.and_then(|words| words.split_once(' ')) else {
        // Chalk is wiped off.
        return Ok(Deed::Step(format!("chalked {}", client.chalk(place, lettering).await?)));
    };
    match word {
        "carving" if client.sign(place).await?.is_some_and(|sign| sign.carving) => {
            Ok(Deed::Step(format!("carving {chalk}")))
        }
        "carving" => Ok(Deed::Done),
        _ if attempt.uncertain => {
            Ok(Deed::Unclear(format!("look whether {lettering:?} stands on the sign at {place}")))
        }
        _ => {
            client.carve(place, chalk).await?;
            Ok(Deed::Step(format!("carving {chalk}")))
        }
    }
}

async fn rotate(client: &Client, place: &str, request: &str, attempt: DeedAttempt<'_>) -> Result<Deed, Fault> {
    if attempt.recorded.is_some() || attempt.renewed {
        return client.knock().await.map(|()| Deed::Done);
    }
    if attempt.uncertain {
        match client.knock().await {
            Err(fault) if fault.class == Class::Denied => {
                return Ok(Deed::Unclear("write the new token into the Secret of the AdminApi".to_owned()));
            }
            answer => answer?,
        }
    }
    let token = client.rotate(&format!("{place}/{request}")).await?;
    Ok(Deed::Renewed(BTreeMap::from([("token", token)])))
}

impl Kind for Signs {
    type Vendor = Workshop;
    type Spec = SignSpec;
    type Facts = SignFacts;
    type Object = Sign;

    const IDENTITY: Identity = Identity::Chosen;
    const RECREATE: bool = true;
    const DELETIONS: Deletions = &[Deletion::Delete, Deletion::Orphan];
    const FIELDS: &'static [Field] = &[
        Field { key: true, ..field("place", Access::Immutable, "sign") },
        field("ground", Access::Readable, "sign"),
        field("marks.*", Access::WriteOnly, "marks"),
        field("lettering", Access::Readable, LETTERING),
        field("rotation.request", Access::WriteOnly, ROTATION),
    ];
    const LATER: &'static [&'static str] = &["marks"];
    const ONCE: &'static [&'static str] = &[LETTERING];
    const RENEWS: &'static [&'static str] = &[ROTATION];
    const RENEWAL_LOST: &'static str = "ask the porter for the new token";

    fn natural_key(spec: &SignSpec) -> String {
        format!("place {}", spec.place)
    }

    fn desired(spec: &SignSpec, _: &Siblings) -> Result<State, Invalid> {
        let state = State::new()
            .with("place", spec.place.as_str())
            .maybe("ground", spec.ground.as_deref())
            .maybe("lettering", spec.lettering.as_deref())
            .maybe("rotation.request", spec.rotation.as_ref().map(|rotation| rotation.request.as_str()));
        Ok(spec.marks.iter().fold(state, |state, mark| state.with(&format!("marks.{mark}"), "On")))
    }

    fn withdrawn(path: &str, remembered: &str) -> Option<Value> {
        (path.starts_with("marks.") && remembered == "\"On\"").then(|| Value::Plain("Off".into()))
    }

    async fn find(client: &Client, sought: &Sought<'_, SignSpec, SignFacts>) -> Result<Found<Seen<SignFacts>>, Fault> {
        let place = sought.external_id.unwrap_or(&sought.spec.place);
        let Some(sign) = client.sign(place).await? else { return Ok(Found::Absent) };
        let state = State::new()
            .with("place", place)
            .with("ground", sign.ground.as_str())
            .maybe("lettering", sign.lettering.as_deref());
        Ok(Found::Present(Seen::new(place, state, sought.facts.cloned().unwrap_or_default())))
    }

    async fn create(
        client: &Client,
        wanted: &Wanted<'_, SignSpec>,
        _: Attempt<'_>,
    ) -> Result<Progress<SignFacts>, Fault> {
        let spec = wanted.spec;
        client.hang_sign(&spec.place, spec.ground.as_deref().unwrap_or("white")).await?;
        Ok(Progress::Done(Created { external_id: spec.place.clone(), facts: SignFacts::default() }))
    }

    async fn update(
        client: &Client,
        external_id: &str,
        wanted: &Wanted<'_, SignSpec>,
        facts: &mut SignFacts,
    ) -> Result<(), Fault> {
        if let Some(ground) = wanted.spec.ground.as_deref().filter(|_| wanted.changes("ground")) {
            return client.paint_sign(external_id, ground).await;
        }
        for mark in wanted.changes.iter().filter_map(|change| change.path.strip_prefix("marks.")) {
            if wanted.spec.marks.iter().any(|wanted| wanted == mark) {
                facts.rows.insert(mark.to_owned(), client.put_mark(external_id, mark).await?);
                continue;
            }
            // Its row is told by putting it on once more.
            let known = facts.rows.get(mark).copied();
            let row = match known {
                Some(row) => row,
                None => client.put_mark(external_id, mark).await?,
            };
            client.take_mark(external_id, row).await?;
            facts.rows.remove(mark);
        }
        Ok(())
    }

    async fn perform(
        client: &Client,
        external_id: &str,
        wanted: &Wanted<'_, SignSpec>,
        _: &mut SignFacts,
        attempt: DeedAttempt<'_>,
    ) -> Result<Deed, Fault> {
        let spec = wanted.spec;
        if wanted.changes(LETTERING) {
            return carve(client, external_id, spec.lettering.as_deref().unwrap_or_default(), attempt).await;
        }
        let request = spec.rotation.as_ref().map_or("", |rotation| rotation.request.as_str());
        rotate(client, external_id, request, attempt).await
    }

    async fn delete(client: &Client, external_id: &str, _: &SignSpec, facts: &SignFacts) -> Result<(), Fault> {
        // The vendor deletes no sign that has marks on it.
        for row in facts.rows.values() {
            match client.take_mark(external_id, *row).await {
                Err(fault) if fault.class == Class::Missing => {}
                outcome => outcome?,
            }
        }
        client.take_sign(external_id).await
    }
}
