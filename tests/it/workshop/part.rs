//! Part: a kind that refers to a sibling. At the vendor it is a tool whose material says which tool it belongs to.

use kube::{CustomResource, KubeSchema};
use provost::base::fault::Fault;
use provost::engine::kind::{
    AdminApiReference, Attempt, Created, Found, Identity, Invalid, Kind, Managed, Progress, Seen, Sought, Wanted,
};
use provost::engine::policy::{Deletion, Deletions, Policy};
use provost::engine::registry::KindRow;
use provost::engine::sibling::{Sibling, Siblings};
use provost::engine::state::{Access, Field, State};
use provost::engine::status::Status;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Workshop;
use super::client::Client;
use super::wire::{Drawer, NewTool, Tool};

/// A part of a tool of the workshop.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[kube(group = "provost.dev", version = "v1alpha1", kind = "Part", plural = "parts", namespaced, status = "PartStatus")]
#[serde(rename_all = "camelCase")]
pub struct PartSpec {
    /// The AdminApi (with a workshop block) that it is behind.
    pub admin_api: AdminApiReference,
    /// What Provost may do to it.
    #[serde(default)]
    #[schemars(with = "Option<Policy>")]
    pub policy: Policy,
    /// The Tool that it belongs to.
    pub tool: Name,
    /// What is written on it.
    pub label: String,
}

/// The name of another object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Name {
    /// The name.
    pub name: String,
}

/// The status of a part.
pub type PartStatus = Status<PartFacts>;

/// What is known of a part.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PartFacts {}

impl Managed for PartSpec {
    fn admin_api(&self) -> &AdminApiReference {
        &self.admin_api
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// How a part is found, and what to call.
pub struct Parts;

/// Its row of a table.
pub const ROW: KindRow = KindRow::of::<Parts>("Part");

fn material(siblings: &Siblings) -> String {
    format!("of {}", siblings.id("tool").unwrap_or_default())
}

impl Kind for Parts {
    type Vendor = Workshop;
    type Spec = PartSpec;
    type Facts = PartFacts;
    type Object = Part;

    const IDENTITY: Identity = Identity::Listed;
    const DELETIONS: Deletions = &[Deletion::Delete, Deletion::Orphan];
    const FIELDS: &'static [Field] = &[
        Field { path: "label", access: Access::Immutable, key: true, group: "part" },
        Field { path: "material", access: Access::Immutable, key: false, group: "part" },
    ];

    fn natural_key(spec: &PartSpec) -> String {
        format!("label {}", spec.label)
    }

    fn siblings(spec: &PartSpec) -> Vec<Sibling> {
        vec![Sibling::new("tool", "Tool", &spec.tool.name)]
    }

    fn desired(spec: &PartSpec, siblings: &Siblings) -> Result<State, Invalid> {
        let material = siblings.id("tool").map(|_| material(siblings));
        Ok(State::new().with("label", spec.label.as_str()).maybe("material", material))
    }

    async fn find(client: &Client, sought: &Sought<'_, PartSpec, PartFacts>) -> Result<Found<Seen<PartFacts>>, Fault> {
        let pick = |tools: &Vec<Tool>| {
            let fits = |tool: &&Tool| match sought.external_id {
                Some(id) => tool.id == id,
                None => tool.label == sought.spec.label && tool.material == material(sought.siblings),
            };
            tools.iter().find(fits).cloned()
        };
        let Some(tool) = client.tool_by(sought.fresh_after, pick).await? else { return Ok(Found::Absent) };
        let state = State::new().with("label", tool.label.as_str()).with("material", tool.material.as_str());
        Ok(Found::Present(Seen::new(tool.id, state, PartFacts {})))
    }

    async fn create(
        client: &Client,
        wanted: &Wanted<'_, PartSpec>,
        _: Attempt<'_>,
    ) -> Result<Progress<PartFacts>, Fault> {
        let material = material(wanted.siblings);
        let part = NewTool {
            label: &wanted.spec.label,
            colour: "grey",
            material: &material,
            drawer: Drawer::default(),
            pin: None,
        };
        let external_id = client.create_tool(&part).await?;
        Ok(Progress::Done(Created { external_id, facts: PartFacts {} }))
    }

    async fn update(_: &Client, _: &str, _: &Wanted<'_, PartSpec>, _: &mut PartFacts) -> Result<(), Fault> {
        Ok(())
    }

    async fn delete(client: &Client, external_id: &str, _: &PartSpec, _: &PartFacts) -> Result<(), Fault> {
        client.delete_tool(external_id).await
    }
}
