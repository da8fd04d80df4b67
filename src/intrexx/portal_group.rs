//! PortalGroup: a group of a portal's users.
//!
//! The vendor has no list of groups, and no call that changes one: the class is Blind, and every difference is told and left
//! (contract 3, number 40–42).

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Intrexx;
use super::address::{Address, ID_FORM};
use super::client::Client;
use super::portal_ref::{self, ObjectName};
use super::wire::users::Properties;
use crate::base::fault::{Class, Fault};
use crate::engine::kind::{
    AdminApiReference, Attempt, Created, Found, Identity, Invalid, Kind, Managed, Progress, Seen, Sought, Wanted,
};
use crate::engine::policy::{Deletion, Deletions, Policy};
use crate::engine::sibling::{Sibling, Siblings};
use crate::engine::state::{Access, Field, State};
use crate::engine::status::Status;

const NAME: [&str; 2] = ["general_settings", "object_name"];
const DESCRIPTION: [&str; 2] = ["general_settings", "description"];
const EMAIL: [&str; 2] = ["general_settings", "email"];
const PRIORITY: [&str; 2] = ["general_settings", "priority"];

/// A group of an Intrexx portal's users.
///
/// The vendor can neither search for groups nor change one: provost.dev/external-id has the form PORTAL/ID, such as sales/7, and what
/// differs from the spec is reported, to be mended in the portal's Users module or in the spec.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "provost.dev",
    version = "v1alpha1",
    kind = "PortalGroup",
    plural = "portalgroups",
    namespaced,
    category = "provost",
    status = "PortalGroupStatus",
    printcolumn(name = "Group", type_ = "string", json_path = ".spec.groupName"),
    printcolumn(name = "Members", type_ = "integer", json_path = ".status.observed.memberCount")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = portal_ref::ONE_OF, validation = portal_ref::UNCHANGED)]
pub struct PortalGroupSpec {
    /// The AdminApi (with an intrexx block) that the portal is behind.
    #[x_kube(validation = ("self == oldSelf", "adminApi cannot be changed: the group lives there; make another object"))]
    pub admin_api: AdminApiReference,
    /// What Provost may do to the group.
    #[serde(default)]
    #[schemars(with = "Option<Policy>")]
    pub policy: Policy,
    /// The IntrexxPortal of this namespace that the group is in. Cannot be changed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal: Option<ObjectName>,
    /// The technical name of the portal, where no IntrexxPortal stands for it. Cannot be changed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub portal_name: Option<String>,
    /// The name. Cannot be changed after creation.
    #[schemars(length(min = 1))]
    #[x_kube(validation = ("self == oldSelf", "groupName cannot be changed after creation: the vendor has no call for it; make another object"))]
    pub group_name: String,
    /// What the group is for. Sent at creation; a later difference is reported, since the vendor has no call that changes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The group's e-mail address. Sent at creation; a later difference is reported, since the vendor has no call that changes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The group's rank among others. Sent at creation; a later difference is reported, since the vendor has no call that changes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub priority: Option<i64>,
}

/// The status of a PortalGroup.
pub type PortalGroupStatus = Status<GroupFacts>;

/// What is known of a group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupFacts {
    /// The group as the portal last showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<ObservedGroup>,
}

/// A group as the portal last showed it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservedGroup {
    /// The GUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guid: Option<String>,
    /// How many members it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_count: Option<u32>,
    /// Whether it belongs to the product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<bool>,
}

impl Managed for PortalGroupSpec {
    fn admin_api(&self) -> &AdminApiReference {
        &self.admin_api
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// How a group is found, and what to call.
pub struct Groups;

const fn fixed(path: &'static str, key: bool) -> Field {
    Field { path, access: Access::Immutable, key, group: "group" }
}

impl Kind for Groups {
    type Vendor = Intrexx;
    type Spec = PortalGroupSpec;
    type Facts = GroupFacts;
    type Object = PortalGroup;

    const IDENTITY: Identity = Identity::Blind;
    const ID_FORM: &'static str = ID_FORM;
    const UNLISTED: Option<&'static str> = Some("Intrexx has no call that lists or finds groups");
    const DELETIONS: Deletions = &[Deletion::Orphan, Deletion::Delete];
    const FIELDS: &'static [Field] = &[
        fixed("groupName", true),
        fixed("portalName", true),
        fixed("description", false),
        fixed("email", false),
        fixed("priority", false),
    ];

    fn natural_key(spec: &PortalGroupSpec) -> String {
        let portal = portal_ref::spoken(spec.portal.as_ref(), spec.portal_name.as_deref());
        format!("group {} in {portal}", spec.group_name)
    }

    fn siblings(spec: &PortalGroupSpec) -> Vec<Sibling> {
        portal_ref::sibling(spec.portal.as_ref()).into_iter().collect()
    }

    fn writer(external_id: Option<&str>, spec: &PortalGroupSpec, siblings: &Siblings) -> Option<String> {
        portal_ref::writer(external_id, spec.portal_name.as_deref(), siblings)
    }

    fn desired(spec: &PortalGroupSpec, siblings: &Siblings) -> Result<State, Invalid> {
        Ok(State::new()
            .with("groupName", spec.group_name.as_str())
            .maybe("portalName", portal_ref::portal_name(spec.portal_name.as_deref(), siblings))
            .maybe("description", spec.description.as_deref())
            .maybe("email", spec.email.as_deref())
            .maybe("priority", spec.priority))
    }

    async fn find(
        client: &Client,
        sought: &Sought<'_, PortalGroupSpec, GroupFacts>,
    ) -> Result<Found<Seen<GroupFacts>>, Fault> {
        let Some(id) = sought.external_id else { return Ok(Found::Absent) };
        let address = Address::of("get_group", id)?;
        let group = match client.group(&address).await {
            Err(fault) if fault.class == Class::Missing => return Ok(Found::Absent),
            outcome => outcome?,
        };
        let observed = ObservedGroup {
            guid: group.text(&["guid"]),
            member_count: group.count(&["member_count"]),
            system: group.flag(&["system"]),
        };
        let state = seen(sought.spec, &address, &group);
        Ok(Found::Present(Seen::new(id, state, GroupFacts { observed: Some(observed) })))
    }

    async fn create(
        client: &Client,
        wanted: &Wanted<'_, PortalGroupSpec>,
        _: Attempt<'_>,
    ) -> Result<Progress<GroupFacts>, Fault> {
        let spec = wanted.spec;
        let portal = portal_ref::known_name(spec.portal_name.as_deref(), wanted.siblings)?;
        let mut group = Properties::new().with(&NAME, spec.group_name.as_str());
        for (place, text) in [(&DESCRIPTION, &spec.description), (&EMAIL, &spec.email)] {
            group = text.iter().fold(group, |group, text| group.with(place, text.as_str()));
        }
        group = spec.priority.into_iter().fold(group, |group, priority| group.with(&PRIORITY, priority));
        let id = client.create_group(&portal, &group).await?;
        let external_id = Address::new(portal, id).to_string();
        Ok(Progress::Done(Created { external_id, facts: GroupFacts::default() }))
    }

    /// No field can be changed, so none ever is among the changes.
    async fn update(_: &Client, _: &str, _: &Wanted<'_, PortalGroupSpec>, _: &mut GroupFacts) -> Result<(), Fault> {
        Ok(())
    }

    async fn delete(client: &Client, external_id: &str, _: &PortalGroupSpec, _: &GroupFacts) -> Result<(), Fault> {
        client.delete_group(&Address::of("delete_group", external_id)?).await
    }
}

/// What the portal shows. A text that it does not show is blank; a name or a rank that it does not show is not known.
fn seen(spec: &PortalGroupSpec, address: &Address, group: &Properties) -> State {
    let text = |place, wanted: &Option<String>| wanted.as_ref().map(|_| group.text(place).unwrap_or_default());
    State::new()
        .with("portalName", address.portal.as_str())
        .maybe("groupName", group.text(&NAME))
        .maybe("description", text(&DESCRIPTION, &spec.description))
        .maybe("email", text(&EMAIL, &spec.email))
        .maybe("priority", group.count(&PRIORITY))
}

#[cfg(test)]
mod tests;
