//! PortalTemplate: a template of the installation, from which portals are made.
//!
//! The vendor shows which templates there are and never what is in them; it takes a new one and can neither replace nor delete it
//! (contract 5, 6). In the vendor's containers there are none (trap 1).

use std::time::Duration;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::Instant;

use super::Intrexx;
use super::client::Client;
use super::package_source;
use super::wire::templates::{Template, Templates};
use crate::base::fault::Fault;
use crate::engine::kind::{
    AdminApiReference, Attempt, Created, FileSource, Found, Identity, Invalid, Kind, Listed, Listing, Managed,
    Progress, Seen, Sought, Wanted,
};
use crate::engine::policy::{Deletion, Deletions, Policy};
use crate::engine::sibling::Siblings;
use crate::engine::state::{Access, Field, State};
use crate::engine::status::Status;

/// A template of an Intrexx installation, from which portals are made: the zip of a portal export. It is uploaded once. The vendor cannot
/// delete it, so deleting this object leaves it where it is.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "provost.dev",
    version = "v1alpha1",
    kind = "PortalTemplate",
    plural = "portaltemplates",
    namespaced,
    category = "provost",
    status = "PortalTemplateStatus",
    printcolumn(name = "Template", type_ = "string", json_path = ".spec.templateName"),
    printcolumn(name = "Path", type_ = "string", json_path = ".status.observed.path"),
    printcolumn(name = "Version", type_ = "string", json_path = ".status.observed.version")
)]
#[serde(rename_all = "camelCase")]
pub struct PortalTemplateSpec {
    /// The AdminApi (with an intrexx block) that the template is behind.
    #[x_kube(validation = ("self == oldSelf", "adminApi cannot be changed: the template lives there; make another object"))]
    pub admin_api: AdminApiReference,
    /// What Provost may do to the template.
    #[serde(default)]
    #[schemars(with = "Option<Policy>")]
    pub policy: Policy,
    /// The name of the template: that of its file, without .zip. Letters, digits, dots, dashes and underscores, and unique in the
    /// installation. Cannot be changed.
    #[schemars(length(min = 1, max = 200), regex(pattern = "^[A-Za-z0-9_][A-Za-z0-9._-]*$"))]
    #[x_kube(
        validation = ("self == oldSelf", "templateName cannot be changed: the template is found by it; make another object"),
        validation = ("!self.endsWith('.zip')", "templateName has no .zip at its end: the file's name gets one")
    )]
    pub template_name: String,
    /// The zip of a portal export. The vendor takes it once: a later change has no effect, since a template can be neither replaced nor
    /// deleted. For a new content make another object with another templateName.
    pub source: FileSource,
}

/// The status of a PortalTemplate.
pub type PortalTemplateStatus = Status<TemplateFacts>;

/// What is known of a template.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateFacts {
    /// The template as the vendor last showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<ObservedTemplate>,
}

/// A template as the vendor last showed it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservedTemplate {
    /// Its directory on the server: what an IntrexxPortal names as create.templatePath.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// STANDARD for those that come with the product, OWN for others.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub template_type: Option<String>,
    /// The version of Intrexx that it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// A sentence about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl Managed for PortalTemplateSpec {
    fn admin_api(&self) -> &AdminApiReference {
        &self.admin_api
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// How a template is found, and what to call.
pub struct PortalTemplates;

impl Kind for PortalTemplates {
    type Vendor = Intrexx;
    type Spec = PortalTemplateSpec;
    type Facts = TemplateFacts;
    type Object = PortalTemplate;

    const IDENTITY: Identity = Identity::Listed;
    // A second upload of the name would be told that it is taken, so that this may be shorter than what unpacking takes.
    const LAG: Duration = Duration::from_secs(10);
    const DELETIONS: Deletions = &[Deletion::Orphan];
    const UNLISTED: Option<&'static str> = None;
    const FIELDS: &'static [Field] = &[
        Field { path: "templateName", access: Access::Immutable, key: true, group: "template" },
        Field { path: package_source::PATH, access: Access::CreateOnly, key: false, group: "template" },
    ];

    fn natural_key(spec: &PortalTemplateSpec) -> String {
        format!("template {}", spec.template_name)
    }

    fn files(spec: &PortalTemplateSpec) -> Vec<(&'static str, &FileSource)> {
        vec![(package_source::PATH, &spec.source)]
    }

    fn desired(spec: &PortalTemplateSpec, _: &Siblings) -> Result<State, Invalid> {
        Ok(State::new().with("templateName", spec.template_name.as_str()))
    }

    async fn find(
        client: &Client,
        sought: &Sought<'_, PortalTemplateSpec, TemplateFacts>,
    ) -> Result<Found<Seen<TemplateFacts>>, Fault> {
        // A template has no id beside its name.
        let name = sought.external_id.unwrap_or(&sought.spec.template_name);
        let pick = |templates: &Templates| templates.by_name(name).cloned();
        Ok(match client.templates(sought.fresh_after, pick).await? {
            Some(template) => Found::Present(seen(template)),
            None => Found::Absent,
        })
    }

    async fn list(client: &Client, fresh_after: Instant) -> Result<Listing, Fault> {
        let listed = |template: &Template| {
            let why = "the vendor shows which templates there are, and not what is in them; to keep it, write an object with its file under \
                       spec.source";
            let spec = json!({"templateName": template.name});
            Listed::new(&template.name, &template.name, spec).left_out(Some(why.to_owned()))
        };
        let pick = |templates: &Templates| templates.0.iter().map(listed).collect::<Vec<_>>();
        Ok(Listing::whole(client.templates(fresh_after, pick).await?))
    }

    async fn create(
        client: &Client,
        wanted: &Wanted<'_, PortalTemplateSpec>,
        _: Attempt<'_>,
    ) -> Result<Progress<TemplateFacts>, Fault> {
        let name = &wanted.spec.template_name;
        let file = wanted.files.get(package_source::PATH);
        let content = package_source::content(client, "upload_template", file).await?;
        let observed = client.upload_template(name, &content).await?.map(observed);
        Ok(Progress::Done(Created { external_id: name.clone(), facts: TemplateFacts { observed } }))
    }

    async fn update(
        _: &Client,
        _: &str,
        _: &Wanted<'_, PortalTemplateSpec>,
        _: &mut TemplateFacts,
    ) -> Result<(), Fault> {
        Ok(())
    }
}

fn seen(template: Template) -> Seen<TemplateFacts> {
    let state = State::new().with("templateName", template.name.as_str());
    Seen::new(template.name.clone(), state, TemplateFacts { observed: Some(observed(template)) })
}

fn observed(template: Template) -> ObservedTemplate {
    let Template { path, template_type, version, display_name, description, .. } = template;
    ObservedTemplate { path, template_type, version, display_name, description }
}
