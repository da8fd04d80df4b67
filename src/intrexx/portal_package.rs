//! PortalPackage: an import of an export's zip into a portal: one run for each digest of the zip.
//!
//! Nothing at the vendor tells later that a package was imported, so the id of a run is the portal and the digest, and it is done when it
//! is recorded. `Create` makes copies each time (contract, trap 20) and is never repeated after a lost answer; `Overwrite` may be.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Intrexx;
use super::address::Address;
use super::client::Client;
use super::import_report::{self, ImportReport};
use super::package_source;
use super::portal_ref::{self, ObjectName};
use crate::base::fault::{Class, Delivery, Fault};
use crate::engine::kind::{
    AdminApiReference, Attempt, Created, FileSource, Found, Identity, Invalid, Kind, Managed, Progress, Seen, Sought,
    Wanted,
};
use crate::engine::policy::{Deletion, Deletions, Policy};
use crate::engine::sibling::{Sibling, Siblings};
use crate::engine::state::{Access, Field, State};
use crate::engine::status::Status;

/// What is wrong with a spec that overwrites without leave, and what to do about it.
const NO_LEAVE: &str = "overwriting deletes the contents of data fields that the package no longer has: export the portal first, then set \
                        allowDataLoss: true; or set mode: Create, which makes copies";

/// An import of applications, processes, layouts and files into an Intrexx portal, from the zip of an export. It is done once for each content of
/// the zip: never by a resync or a restart, and again when the source's content changes. Deleting this object leaves in the portal what was
/// imported.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "provost.dev",
    version = "v1alpha1",
    kind = "PortalPackage",
    plural = "portalpackages",
    namespaced,
    category = "provost",
    status = "PortalPackageStatus",
    printcolumn(name = "Mode", type_ = "string", json_path = ".spec.mode"),
    printcolumn(name = "Items", type_ = "integer", json_path = ".status.report.total"),
    printcolumn(name = "Failed", type_ = "integer", json_path = ".status.report.failed"),
    printcolumn(name = "Warnings", type_ = "integer", json_path = ".status.report.warned")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = portal_ref::ONE_OF,
    validation = portal_ref::UNCHANGED,
    validation = ("(has(self.mode) && self.mode == 'Create') || (has(self.allowDataLoss) && self.allowDataLoss)", NO_LEAVE)
)]
pub struct PortalPackageSpec {
    /// The AdminApi (with an intrexx block) that the portal is behind.
    #[x_kube(validation = ("self == oldSelf", "adminApi cannot be changed: the portal lives there; make another object"))]
    pub admin_api: AdminApiReference,
    /// What Provost may do to the portal.
    #[serde(default)]
    #[schemars(with = "Option<Policy>")]
    pub policy: Policy,
    /// The IntrexxPortal to import into. Exactly one of this and portalName. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal: Option<ObjectName>,
    /// The technical name of the portal to import into, instead of an IntrexxPortal. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub portal_name: Option<String>,
    /// The zip of an export. A change of its content is another run; where it comes from does not matter.
    pub source: FileSource,
    /// What the file is called when it is uploaded, without .zip. Absent: as its key, or as the end of its URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200), regex(pattern = "^[A-Za-z0-9_][A-Za-z0-9 ._-]*$"))]
    pub package_name: Option<String>,
    /// What happens to what the portal has already. A change of this alone runs nothing. Absent: Overwrite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<PackageMode>,
    /// Overwriting deletes the contents of data fields that the package no longer has, for good. It is not done without true here; export the
    /// portal first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_data_loss: Option<bool>,
}

/// What an import does to what the portal has already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PackageMode {
    /// Nothing: everything in the package becomes something new, with GUIDs of its own. The same package once more makes copies.
    Create,
    /// What has the same GUID is overwritten; what is not there is made.
    #[default]
    Overwrite,
}

/// The status of a PortalPackage.
pub type PortalPackageStatus = Status<PackageFacts>;

/// What is known of an import.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PackageFacts {
    /// The digest of the zip that was imported last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What the vendor said about the last import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<ImportReport>,
}

impl Managed for PortalPackageSpec {
    fn admin_api(&self) -> &AdminApiReference {
        &self.admin_api
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// How an import is recognised, and what to call.
pub struct PortalPackages;

impl Kind for PortalPackages {
    type Vendor = Intrexx;
    type Spec = PortalPackageSpec;
    type Facts = PackageFacts;
    type Object = PortalPackage;

    const IDENTITY: Identity = Identity::Run;
    const RECREATE: bool = true;
    const UNLISTED: Option<&'static str> =
        Some("an import of applications is done once, and leaves nothing behind that could be listed");
    const DELETIONS: Deletions = &[Deletion::Orphan];
    const FIELDS: &'static [Field] = &[
        Field { path: "packageName", access: Access::CreateOnly, key: true, group: "package" },
        Field { path: package_source::PATH, access: Access::Readable, key: false, group: "package" },
    ];
    const REASONS: &'static [(&'static str, &'static str)] = import_report::REASONS;

    fn natural_key(spec: &PortalPackageSpec) -> String {
        let portal = portal_ref::spoken(spec.portal.as_ref(), spec.portal_name.as_deref());
        format!("the import of {} into {portal}", package_source::spoken(&spec.source))
    }

    fn files(spec: &PortalPackageSpec) -> Vec<(&'static str, &FileSource)> {
        vec![(package_source::PATH, &spec.source)]
    }

    fn siblings(spec: &PortalPackageSpec) -> Vec<Sibling> {
        portal_ref::sibling(spec.portal.as_ref()).into_iter().collect()
    }

    fn writer(external_id: Option<&str>, spec: &PortalPackageSpec, siblings: &Siblings) -> Option<String> {
        portal_ref::writer(external_id, spec.portal_name.as_deref(), siblings)
    }

    fn desired(spec: &PortalPackageSpec, _: &Siblings) -> Result<State, Invalid> {
        let overwrites = spec.mode.unwrap_or_default() == PackageMode::Overwrite;
        if overwrites && spec.allow_data_loss != Some(true) {
            return Err(Invalid {
                field: "allowDataLoss".to_owned(),
                problem: "is not true, and mode is Overwrite".to_owned(),
                way_out: NO_LEAVE.to_owned(),
            });
        }
        Ok(State::new().maybe("packageName", spec.package_name.as_deref()))
    }

    async fn find(
        _: &Client,
        sought: &Sought<'_, PortalPackageSpec, PackageFacts>,
    ) -> Result<Found<Seen<PackageFacts>>, Fault> {
        let Some(external_id) = sought.external_id else { return Ok(Found::Absent) };
        let mut facts = sought.facts.cloned().unwrap_or_default();
        let wanted = sought.digests.get(package_source::PATH);
        // A person may have said that a run is done, under any name: then it is that of the digest that was wanted first.
        let done = Address::parse(external_id).filter(|address| address.id.starts_with("sha256:"));
        let done = done.map(|address| address.id).or(facts.digest.take()).or(wanted.cloned());
        if wanted.is_some() && done.as_ref() != wanted {
            return Ok(Found::Absent);
        }
        let state = State::new().maybe(package_source::PATH, done.clone());
        facts.digest = done;
        Ok(Found::Present(Seen {
            conditions: vec![import_report::condition(facts.report.as_ref())],
            unready: facts.report.as_ref().and_then(ImportReport::unready),
            ..Seen::new(external_id, state, facts)
        }))
    }

    async fn create(
        client: &Client,
        wanted: &Wanted<'_, PortalPackageSpec>,
        attempt: Attempt<'_>,
    ) -> Result<Progress<PackageFacts>, Fault> {
        let spec = wanted.spec;
        let mode = spec.mode.unwrap_or_default();
        let operation = match mode {
            PackageMode::Create => "import_applications",
            PackageMode::Overwrite => "overwrite_applications",
        };
        let portal = portal_ref::known_name(spec.portal_name.as_deref(), wanted.siblings)?;
        let Some(file) = wanted.files.get(package_source::PATH) else {
            let fault = Fault::new(Class::Broken, operation, "the file is not known");
            return Err(fault.with_delivery(Delivery::NotSent));
        };
        let name = spec.package_name.clone().unwrap_or_else(|| package_source::file_stem(&spec.source));
        if mode == PackageMode::Create && attempt.uncertain {
            let what = format!(
                "look in the portal {portal} whether it has what is in {name}.zip since the attempt; once more would make copies"
            );
            return Ok(Progress::Unclear(what));
        }
        let content = package_source::content(client, operation, Some(file)).await?;
        let report = match mode {
            PackageMode::Create => client.import_package(&portal, &name, &content).await?,
            PackageMode::Overwrite => client.overwrite_package(&portal, &name, &content).await?,
        };
        let report = report.as_ref().map_or_else(ImportReport::absent, ImportReport::of);
        let facts = PackageFacts { digest: Some(file.digest.clone()), report: Some(report) };
        let external_id = Address::new(portal, file.digest.as_str()).to_string();
        Ok(Progress::Done(Created { external_id, facts }))
    }

    async fn update(_: &Client, _: &str, _: &Wanted<'_, PortalPackageSpec>, _: &mut PackageFacts) -> Result<(), Fault> {
        Ok(())
    }
}
