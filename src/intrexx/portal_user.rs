//! PortalUser: someone who may log in to a portal, and the groups that this user is in.
//!
//! The vendor has no list of users and no search, so an id that is lost is lost for good: the class is Blind (contract, trap 8).

mod attributes;
mod spec;

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Intrexx;
use super::address::{Address, ID_FORM};
use super::client::Client;
use super::client::users::{Account, DISABLED, LOGIN};
use super::portal_ref;
use super::wire::users::Properties;
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;
use crate::engine::diff::Shown;
use crate::engine::kind::{
    Aspect, Attempt, Created, Found, Identity, Invalid, Kind, Progress, SecretKey, Seen, Sought, Wanted,
};
use crate::engine::policy::{Deletion, Deletions};
use crate::engine::sibling::{Sibling, Siblings};
use crate::engine::state::{Access, Field, State};

pub use spec::{
    AccountRules, Contact, GroupReference, Memberships, ObservedUser, PersonalInformation, PortalUser, PortalUserSpec,
    PortalUserStatus, PostalAddress, UserFacts,
};

/// The path of the field with the user's groups.
const MEMBERS: &str = "groups.members";

/// How a user is found, and what to call.
pub struct Users;

const fn row(path: &'static str, access: Access, group: &'static str) -> Field {
    Field { path, access, key: false, group }
}

impl Kind for Users {
    type Vendor = Intrexx;
    type Spec = PortalUserSpec;
    type Facts = UserFacts;
    type Object = PortalUser;

    const IDENTITY: Identity = Identity::Blind;
    const ID_FORM: &'static str = ID_FORM;
    const UNLISTED: Option<&'static str> = Some("Intrexx has no call that lists or finds users");
    const DELETIONS: Deletions = &[Deletion::Disable, Deletion::Delete, Deletion::Orphan];
    const FIELDS: &'static [Field] = &attributes::fields([
        Field { key: true, ..row("loginName", Access::Immutable, "identity") },
        Field { key: true, ..row("domain", Access::Immutable, "identity") },
        Field { key: true, ..row("portalName", Access::Immutable, "identity") },
        row("password", Access::WriteOnly, "password"),
        row(MEMBERS, Access::Readable, "groups"),
    ]);
    const REASONS: &'static [(&'static str, &'static str)] =
        &[("LockedOut", "The portal locked the account after wrong log-ins; a person has to unlock it in the portal.")];

    fn natural_key(spec: &PortalUserSpec) -> String {
        let portal = portal_ref::spoken(spec.portal.as_ref(), spec.portal_name.as_deref());
        let domain = spec.domain.as_ref().map(|domain| format!("{}\\", domain.to_lowercase())).unwrap_or_default();
        format!("login {domain}{} in {portal}", spec.login_name.to_lowercase())
    }

    fn secrets(spec: &PortalUserSpec) -> Vec<(Cow<'static, str>, &SecretKey)> {
        spec.password.iter().map(|source| ("password".into(), &source.secret_ref)).collect()
    }

    fn siblings(spec: &PortalUserSpec) -> Vec<Sibling> {
        let members = spec.groups.iter().flat_map(|groups| &groups.members).enumerate();
        let group = |(at, member): (usize, &GroupReference)| {
            member.group.as_ref().map(|group| Sibling::new(member_path(at), "PortalGroup", &group.name))
        };
        portal_ref::sibling(spec.portal.as_ref()).into_iter().chain(members.filter_map(group)).collect()
    }

    fn writer(external_id: Option<&str>, spec: &PortalUserSpec, siblings: &Siblings) -> Option<String> {
        portal_ref::writer(external_id, spec.portal_name.as_deref(), siblings)
    }

    fn desired(spec: &PortalUserSpec, siblings: &Siblings) -> Result<State, Invalid> {
        let portal = portal_ref::portal_name(spec.portal_name.as_deref(), siblings);
        let members = spec.groups.as_ref().map(|groups| wanted_groups(groups, portal.as_deref(), siblings));
        Ok(attributes::desired(spec)?
            .with("loginName", spec.login_name.to_lowercase())
            .maybe("domain", spec.domain.as_deref().map(str::to_lowercase))
            .maybe("portalName", portal)
            .maybe(MEMBERS, members.transpose()?.map(list)))
    }

    async fn find(
        client: &Client,
        sought: &Sought<'_, PortalUserSpec, UserFacts>,
    ) -> Result<Found<Seen<UserFacts>>, Fault> {
        let Some(id) = sought.external_id else { return Ok(Found::Absent) };
        let address = Address::of("get_user", id)?;
        let user = match client.user(&address).await {
            Err(fault) if fault.class == Class::Missing => return Ok(Found::Absent),
            outcome => outcome?,
        };
        let groups = match &sought.spec.groups {
            Some(_) => match client.memberships(&address).await {
                Err(fault) if fault.class == Class::Missing => return Ok(Found::Absent),
                outcome => Some(outcome?),
            },
            None => None,
        };
        let observed = observe(&user, groups.as_ref());
        let state = seen(sought, &address, &user, groups);
        let conditions = observed.locked.filter(|locked| *locked).map(|_| locked(sought.spec)).into_iter().collect();
        Ok(Found::Present(Seen { conditions, ..Seen::new(id, state, UserFacts { observed: Some(observed) }) }))
    }

    async fn create(
        client: &Client,
        wanted: &Wanted<'_, PortalUserSpec>,
        _: Attempt<'_>,
    ) -> Result<Progress<UserFacts>, Fault> {
        let spec = wanted.spec;
        let portal = portal_ref::known_name(spec.portal_name.as_deref(), wanted.siblings)?;
        let user = attributes::whole(spec).with(&LOGIN, spec.login_name.as_str());
        let user = match &spec.domain {
            Some(domain) => user.with(&attributes::DOMAIN, domain.as_str()),
            None => user,
        };
        let password = wanted.secrets.get("password").map(|password| fit("create_user", password)).transpose()?;
        let id = client.create_user(&portal, user, password).await?;
        let external_id = Address::new(portal, id).to_string();
        Ok(Progress::Done(Created { external_id, facts: UserFacts::default() }))
    }

    async fn update(
        client: &Client,
        external_id: &str,
        wanted: &Wanted<'_, PortalUserSpec>,
        _: &mut UserFacts,
    ) -> Result<(), Fault> {
        let address = Address::of("change_user", external_id)?;
        let user = Account { address: &address, login: &wanted.spec.login_name };
        if let Some(password) = wanted.secrets.get("password").filter(|_| wanted.changes("password")) {
            return client.set_password(user, fit("change_user", password)?).await;
        }
        if let Some(change) = wanted.changes.iter().find(|change| change.path == MEMBERS) {
            return join_and_leave(client, user, &ids(&change.from), &ids(&change.to)).await;
        }
        client.change_user(user, &attributes::changed(wanted.changes)).await
    }

    async fn disable(client: &Client, external_id: &str, spec: &PortalUserSpec, _: &UserFacts) -> Result<(), Fault> {
        switch(client, external_id, spec, true).await
    }

    async fn enable(client: &Client, external_id: &str, spec: &PortalUserSpec) -> Result<(), Fault> {
        switch(client, external_id, spec, spec.disabled == Some(true)).await
    }

    async fn delete(client: &Client, external_id: &str, spec: &PortalUserSpec, _: &UserFacts) -> Result<(), Fault> {
        let address = Address::of("delete_user", external_id)?;
        client.delete_user(Account { address: &address, login: &spec.login_name }).await
    }
}

async fn switch(client: &Client, external_id: &str, spec: &PortalUserSpec, disabled: bool) -> Result<(), Fault> {
    let address = Address::of("change_user", external_id)?;
    let change = Properties::new().with(&DISABLED, disabled);
    client.change_user(Account { address: &address, login: &spec.login_name }, &change).await
}

/// Joins first: who is moved from one group to another is in neither for no moment.
async fn join_and_leave(
    client: &Client,
    user: Account<'_>,
    from: &BTreeSet<String>,
    to: &BTreeSet<String>,
) -> Result<(), Fault> {
    for group in to.difference(from) {
        client.add_to_group(user.address, group).await?;
    }
    for group in from.difference(to) {
        client.remove_from_group(user, group).await?;
    }
    Ok(())
}

/// The password, unless it is blank: the vendor takes that for none, and lets everybody in who knows the name (contract 39).
fn fit<'s>(operation: &'static str, password: &'s Secret) -> Result<&'s Secret, Fault> {
    if password.expose().trim().is_empty() {
        let detail = "spec.password: the Secret holds a blank one, with which the login name alone would be enough; put a password there";
        return Err(Fault::new(Class::Refused, operation, detail).with_delivery(Delivery::NotSent));
    }
    Ok(password)
}

fn member_path(at: usize) -> String {
    format!("groups.members[{at}].group")
}

/// The ids of the groups that the spec lists. While a plan does not know the id of one that is yet to be made, it stands there as it is.
fn wanted_groups(groups: &Memberships, portal: Option<&str>, siblings: &Siblings) -> Result<BTreeSet<String>, Invalid> {
    let mut ids = BTreeSet::new();
    for (at, member) in groups.members.iter().enumerate() {
        let path = member_path(at);
        let named = siblings.id(&path).map(|text| (text, Address::parse(text)));
        match named {
            Some((_, Some(group))) if portal.is_some_and(|portal| portal != group.portal) => {
                return Err(Invalid {
                    field: path,
                    problem: format!("the group is in portal {}, and the user is in another one", group.portal),
                    way_out: "name a PortalGroup of the user's own portal".to_owned(),
                });
            }
            Some((_, Some(group))) => ids.insert(group.id),
            Some((text, None)) => ids.insert(text.to_owned()),
            None => member.id.clone().is_some_and(|id| ids.insert(id)),
        };
    }
    Ok(ids)
}

fn list(ids: BTreeSet<String>) -> Vec<String> {
    ids.into_iter().collect()
}

fn ids(shown: &Shown) -> BTreeSet<String> {
    let Shown::Plain(list) = shown else { return BTreeSet::new() };
    list.as_array().into_iter().flatten().filter_map(|id| id.as_str().map(str::to_owned)).collect()
}

/// What the portal shows of that which the spec asks for.
fn seen(
    sought: &Sought<'_, PortalUserSpec, UserFacts>,
    address: &Address,
    user: &Properties,
    groups: Option<BTreeSet<String>>,
) -> State {
    let spec = sought.spec;
    let compared = match (&spec.groups, groups) {
        (Some(wanted), Some(groups)) if wanted.authoritative != Some(true) => {
            let listed = wanted_groups(wanted, None, sought.siblings).unwrap_or_default();
            Some(groups.intersection(&listed).cloned().collect())
        }
        (_, groups) => groups,
    };
    attributes::seen(spec, user)
        .maybe("loginName", user.text(&LOGIN).map(|login| login.to_lowercase()))
        .maybe(
            "domain",
            spec.domain.as_ref().map(|_| user.text(&attributes::DOMAIN).unwrap_or_default().to_lowercase()),
        )
        .with("portalName", address.portal.as_str())
        .maybe(MEMBERS, compared.map(list))
}

fn observe(user: &Properties, groups: Option<&BTreeSet<String>>) -> ObservedUser {
    ObservedUser {
        login_name: user.text(&LOGIN),
        full_name: user.text(&["general_settings", "full_name"]).filter(|name| !name.trim().is_empty()),
        guid: user.text(&["guid"]),
        disabled: user.flag(&DISABLED),
        locked: user.flag(&["account", "locked"]),
        groups: groups.cloned().map(list),
    }
}

fn locked(spec: &PortalUserSpec) -> Aspect {
    Aspect {
        condition: "AccountLocked",
        holds: true,
        reason: "LockedOut",
        message: format!(
            "the portal locked the account of {:?} after wrong log-ins; unlock it in the portal's Users module",
            spec.login_name
        ),
    }
}

#[cfg(test)]
mod tests;
