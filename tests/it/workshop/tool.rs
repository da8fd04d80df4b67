//! Tool: a Listed kind. The vendor assigns its id and makes doubles; the list finds it by its label. Two calls write it: one for its
//! looks and what lies in its drawer, one for its pin, which cannot be read back.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::{CustomResource, KubeSchema};
use provost::base::fault::{Class, Fault};
use provost::base::secret::Secret;
use provost::engine::kind::{
    AdminApiReference, Attempt, Content, Created, FileSource, Found, Identity, Invalid, Kind, Managed, Progress,
    SecretKey, SecretSource, Seen, Sought, Wanted,
};
use provost::engine::policy::{Deletion, Deletions, Policy};
use provost::engine::sibling::Siblings;
use provost::engine::state::{Access, Field, State};
use provost::engine::status::Status;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::Workshop;
use super::client::Client;
use super::wire::{Change, Drawer, NewTool};

/// A tool of the workshop.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "provost.dev",
    version = "v1alpha1",
    kind = "Tool",
    plural = "tools",
    namespaced,
    category = "provost",
    status = "ToolStatus"
)]
#[serde(rename_all = "camelCase")]
pub struct ToolSpec {
    /// The AdminApi (with a workshop block) that it is behind.
    #[x_kube(validation = ("self == oldSelf", "adminApi cannot be changed"))]
    pub admin_api: AdminApiReference,
    /// What Provost may do to it.
    #[serde(default)]
    #[schemars(with = "Option<Policy>")]
    pub policy: Policy,
    /// What is written on it. It finds the tool.
    #[schemars(length(min = 1))]
    #[x_kube(validation = ("self == oldSelf", "label cannot be changed after creation"))]
    pub label: String,
    /// What it is made of.
    #[x_kube(validation = ("self == oldSelf", "material cannot be changed after creation"))]
    pub material: String,
    /// Its colour. Absent: grey at creation, then not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<String>,
    /// The bench on which it is worked on: one at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bench: Option<String>,
    /// The pin of its lock, never shown again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<SecretSource>,
    /// The code of its case, which the list shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<SecretSource>,
    /// The codes of its spare keys, which the list shows, in any order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Option<Vec<SecretSource>>")]
    pub spares: Vec<SecretSource>,
    /// Its manual, never shown again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manual: Option<FileSource>,
}

/// The status of a tool.
pub type ToolStatus = Status<ToolFacts>;

/// What is known of a tool.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolFacts {
    /// Whether it is switched on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

impl Managed for ToolSpec {
    fn admin_api(&self) -> &AdminApiReference {
        &self.admin_api
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// How a tool is found, and what to call.
pub struct Tools;

const fn field(path: &'static str, access: Access, group: &'static str) -> Field {
    Field { path, access, key: false, group }
}

/// The number of the spare keys when they are as they should be, and else what is wrong with them.
fn spares(tool: &super::wire::Tool, sought: &Sought<'_, ToolSpec, ToolFacts>) -> Json {
    let shown: BTreeSet<String> = tool.spares.iter().map(|code| sought.seal(code)).collect();
    let wanted = sought.prints.iter().filter(|(path, _)| path.starts_with("spares."));
    let wanted: BTreeSet<String> = wanted.map(|(_, print)| print.clone()).collect();
    if shown == wanted {
        return shown.len().into();
    }
    format!("{} as wanted, {} others", shown.intersection(&wanted).count(), shown.difference(&wanted).count()).into()
}

fn drawer<'a>(wanted: &'a Wanted<'_, ToolSpec>) -> Result<Drawer<'a>, Fault> {
    let spares: Vec<&str> =
        wanted.secrets.iter().filter(|(path, _)| path.starts_with("spares.")).map(|(_, code)| code.expose()).collect();
    let manual = match wanted.files.get("manual").map(|file| &file.content) {
        Some(Content::Bytes(bytes)) => Some(STANDARD.encode(bytes)),
        Some(Content::Url(_)) => {
            return Err(Fault::new(Class::Refused, "drawer", "the workshop has no way to the internet"));
        }
        None => None,
    };
    let code = wanted.secrets.get("code").map(Secret::expose);
    Ok(Drawer { manual, code, spares: (!spares.is_empty()).then_some(spares) })
}

impl Kind for Tools {
    type Vendor = Workshop;
    type Spec = ToolSpec;
    type Facts = ToolFacts;
    type Object = Tool;

    const IDENTITY: Identity = Identity::Listed;
    const RECREATE: bool = true;
    const LAG: Duration = Duration::from_secs(1);
    const DELETIONS: Deletions = &[Deletion::Delete, Deletion::Disable, Deletion::Orphan];
    const FIELDS: &'static [Field] = &[
        Field { key: true, ..field("label", Access::Immutable, "looks") },
        field("material", Access::Immutable, "looks"),
        field("colour", Access::Readable, "looks"),
        field("code", Access::Readable, "looks"),
        field("spares", Access::Readable, "looks"),
        field("manual", Access::WriteOnly, "looks"),
        field("pin", Access::WriteOnly, "lock"),
    ];

    fn natural_key(spec: &ToolSpec) -> String {
        format!("label {}", spec.label)
    }

    fn secrets(spec: &ToolSpec) -> Vec<(Cow<'static, str>, &SecretKey)> {
        let named = [("pin", &spec.pin), ("code", &spec.code)].into_iter();
        let mut secrets: Vec<(Cow<'static, str>, _)> =
            named.filter_map(|(path, source)| Some((path.into(), &source.as_ref()?.secret_ref))).collect();
        for (at, source) in spec.spares.iter().enumerate() {
            secrets.push((format!("spares.{at}").into(), &source.secret_ref));
        }
        secrets
    }

    fn files(spec: &ToolSpec) -> Vec<(&'static str, &FileSource)> {
        spec.manual.iter().map(|manual| ("manual", manual)).collect()
    }

    fn writer(_: Option<&str>, spec: &ToolSpec, _: &Siblings) -> Option<String> {
        spec.bench.clone()
    }

    fn desired(spec: &ToolSpec, _: &Siblings) -> Result<State, Invalid> {
        Ok(State::new()
            .with("label", spec.label.as_str())
            .with("material", spec.material.as_str())
            .maybe("colour", spec.colour.as_deref())
            .maybe("spares", (!spec.spares.is_empty()).then_some(spec.spares.len())))
    }

    async fn find(client: &Client, sought: &Sought<'_, ToolSpec, ToolFacts>) -> Result<Found<Seen<ToolFacts>>, Fault> {
        let pick = |tools: &Vec<super::wire::Tool>| {
            let fits = |tool: &&super::wire::Tool| match sought.external_id {
                Some(id) => tool.id == id,
                None => tool.label == sought.spec.label,
            };
            tools.iter().find(fits).cloned()
        };
        let Some(tool) = client.tool_by(sought.fresh_after, pick).await? else { return Ok(Found::Absent) };
        let mut state = State::new()
            .with("label", tool.label.as_str())
            .with("material", tool.material.as_str())
            .with("colour", tool.colour.as_str())
            .with("spares", spares(&tool, sought));
        state.insert_secret("code", sought.seal(tool.code.as_deref().unwrap_or_default()));
        Ok(Found::Present(Seen::new(tool.id, state, ToolFacts { enabled: Some(tool.enabled) })))
    }

    async fn create(
        client: &Client,
        wanted: &Wanted<'_, ToolSpec>,
        _: Attempt<'_>,
    ) -> Result<Progress<ToolFacts>, Fault> {
        let spec = wanted.spec;
        let tool = NewTool {
            label: &spec.label,
            colour: spec.colour.as_deref().unwrap_or("grey"),
            material: &spec.material,
            drawer: drawer(wanted)?,
            pin: wanted.secrets.get("pin").map(Secret::expose),
        };
        let external_id = client.create_tool(&tool).await?;
        Ok(Progress::Done(Created { external_id, facts: ToolFacts { enabled: Some(true) } }))
    }

    async fn update(
        client: &Client,
        external_id: &str,
        wanted: &Wanted<'_, ToolSpec>,
        _: &mut ToolFacts,
    ) -> Result<(), Fault> {
        if let Some(pin) = wanted.secrets.get("pin").filter(|_| wanted.changes("pin")) {
            return client.set_pin(external_id, pin).await;
        }
        let change = Change { colour: wanted.spec.colour.as_deref(), drawer: drawer(wanted)?, ..Change::default() };
        client.change_tool(external_id, &change).await
    }

    async fn disable(client: &Client, external_id: &str, _: &ToolSpec, _: &ToolFacts) -> Result<(), Fault> {
        client.change_tool(external_id, &Change { enabled: Some(false), ..Change::default() }).await
    }

    async fn enable(client: &Client, external_id: &str, _: &ToolSpec) -> Result<(), Fault> {
        client.change_tool(external_id, &Change { enabled: Some(true), ..Change::default() }).await
    }

    async fn delete(client: &Client, external_id: &str, _: &ToolSpec, _: &ToolFacts) -> Result<(), Fault> {
        client.delete_tool(external_id).await
    }
}
