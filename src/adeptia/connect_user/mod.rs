//! ConnectUser: a user of the company, from the invitation to the deletion.
//!
//! One list of users serves all objects of an AdminApi. Making a user takes two calls with a mail in between: the id of the invitation is
//! recorded before the user is made from it, so that there is one mail, ever (contract, trap 17).

mod listing;
mod spec;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value as Json;
use tokio::time::Instant;

use super::AdeptiaConnect;
use super::client::users::{Users, normal, says_no};
use super::client::{Client, Listing};
use super::wire::id::Id;
use super::wire::users::{Invitation, NewUser, Role, User, UserChange};
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;
use crate::engine::kind::{
    self, Attempt, Created, Found, Identity, Invalid, Kind, Progress, SecretKey, Seen, Sought, Wanted,
};
use crate::engine::policy::{Deletion, Deletions, EXTERNAL_ID, PENDING_CREATE};
use crate::engine::sibling::{Sibling, Siblings};
use crate::engine::state::{Access, Field, State};

pub use spec::{
    ConnectUser, ConnectUserFacts, ConnectUserSpec, ConnectUserStatus, InvitationMail, ObservedConnectUser,
    ObservedRole, PartnerName, PartnerRoles,
};

/// How a user is found, and what to call.
pub struct ConnectUsers;

const fn field(path: &'static str, access: Access, group: &'static str) -> Field {
    Field { path, access, key: false, group }
}

/// The group of all that the vendor sets with one call.
const USER: &str = "user";

impl Kind for ConnectUsers {
    type Vendor = AdeptiaConnect;
    type Spec = ConnectUserSpec;
    type Facts = ConnectUserFacts;
    type Object = ConnectUser;

    const IDENTITY: Identity = Identity::Listed;
    const LAG: Duration = Duration::from_secs(10);
    const ID_FORM: &'static str = "the id of the user";
    const DELETIONS: Deletions = &[Deletion::Disable, Deletion::Delete, Deletion::Orphan];
    const UNLISTED: Option<&'static str> = None;
    const FIELDS: &'static [Field] = &[
        Field { key: true, ..field("email", Access::Immutable, "identity") },
        field("firstName", Access::Readable, USER),
        field("lastName", Access::Readable, USER),
        field("roles", Access::Readable, USER),
        field("active", Access::Readable, "active"),
        field("password", Access::CreateOnly, "password"),
    ];

    fn natural_key(spec: &ConnectUserSpec) -> String {
        format!("e-mail address {}", normal(&spec.email))
    }

    fn secrets(spec: &ConnectUserSpec) -> Vec<(Cow<'static, str>, &SecretKey)> {
        spec.password.iter().map(|source| ("password".into(), &source.secret_ref)).collect()
    }

    fn siblings(spec: &ConnectUserSpec) -> Vec<Sibling> {
        let sibling = |(at, roles): (usize, &PartnerRoles)| {
            roles.partner.as_ref().map(|partner| Sibling::new(partner_path(at), "ConnectPartner", &partner.name))
        };
        spec.roles.iter().enumerate().filter_map(sibling).collect()
    }

    fn desired(spec: &ConnectUserSpec, siblings: &Siblings) -> Result<State, Invalid> {
        Ok(State::new()
            .with("email", normal(&spec.email))
            .with("firstName", spec.first_name.as_str())
            .with("lastName", spec.last_name.as_str())
            .with("roles", told(&wanted_roles(spec, siblings)?))
            .maybe("active", spec.active))
    }

    fn key(spec: &ConnectUserSpec, _: &Siblings) -> Option<State> {
        Some(State::new().with("email", normal(&spec.email)))
    }

    async fn find(
        client: &Client,
        sought: &Sought<'_, ConnectUserSpec, ConnectUserFacts>,
    ) -> Result<Found<Seen<ConnectUserFacts>>, Fault> {
        let found = match sought.external_id {
            Some(id) => by_id(client, &Id::new(id), sought.fresh_after, sought.alone).await?,
            None => by_email(client, &sought.spec.email, sought.fresh_after).await?,
        };
        let user = match found {
            Found::Present(user) | Found::Unreadable(user) => user,
            Found::Absent => return Ok(Found::Absent),
            Found::Unknown(why) => return Ok(Found::Unknown(why)),
        };
        let before = sought.facts.and_then(|facts| facts.observed.as_ref());
        let silent = user.active().is_none() || user.roles().is_none();
        // The list may tell less of a user than the user's own page.
        let user = if silent && before.is_none() && !sought.alone { client.user(&user.id).await? } else { user };
        let observed = observe(&user, before);
        let state = describe(&user, &observed);
        let external_id = sought.external_id.map_or_else(|| user.id.to_string(), str::to_owned);
        Ok(Found::Present(Seen::new(external_id, state, ConnectUserFacts { observed: Some(observed) })))
    }

    async fn list(client: &Client, fresh_after: Instant) -> Result<kind::Listing, Fault> {
        listing::list(client, fresh_after).await
    }

    async fn create(
        client: &Client,
        wanted: &Wanted<'_, ConnectUserSpec>,
        attempt: Attempt<'_>,
    ) -> Result<Progress<ConnectUserFacts>, Fault> {
        let spec = wanted.spec;
        let password = password(wanted)?;
        let Some(recorded) = attempt.recorded else { return invite(client, wanted, attempt.uncertain).await };
        let invitation_id = &Id::new(recorded);
        let (first_name, last_name) = (&spec.first_name, &spec.last_name);
        let user = NewUser { first_name, last_name, invitation_id, password: password.expose(), role_id: () };
        let id = match client.create_user(&user, password).await {
            Err(fault) if says_no(&fault) => made_before(client, spec, invitation_id, fault).await?,
            outcome => outcome?,
        };
        if spec.active == Some(false) {
            // The user exists by now, whatever comes of this: the next look finds it, and what is left to do.
            let done = client.switch_user(&id, false).await;
            done.map_err(|fault| fault.with_delivery(Delivery::Unknown))?;
        }
        Ok(Progress::Done(Created { external_id: id.to_string(), facts: ConnectUserFacts::default() }))
    }

    async fn update(
        client: &Client,
        external_id: &str,
        wanted: &Wanted<'_, ConnectUserSpec>,
        facts: &mut ConnectUserFacts,
    ) -> Result<(), Fault> {
        let (spec, id) = (wanted.spec, Id::new(external_id));
        let shown = facts.observed.as_mut();
        if let Some(active) = spec.active.filter(|_| wanted.changes("active")) {
            client.switch_user(&id, active).await?;
            if let Some(shown) = shown.and_then(|shown| shown.active.as_mut()) {
                *shown = active;
            }
            return Ok(());
        }
        let roles = wanted_roles(spec, wanted.siblings).map_err(|invalid| {
            Fault::new(Class::Refused, "change_user", invalid.to_string()).with_delivery(Delivery::NotSent)
        })?;
        let changes = |path: &str| wanted.changes(path);
        let change = UserChange {
            first_name: changes("firstName").then_some(&spec.first_name),
            last_name: changes("lastName").then_some(&spec.last_name),
            roles: changes("roles").then_some(&roles),
        };
        client.change_user(&id, &change).await?;
        if let Some(shown) = shown.and_then(|shown| shown.roles.as_mut()).filter(|_| changes("roles")) {
            *shown = observed_roles(&roles);
        }
        Ok(())
    }

    async fn disable(
        client: &Client,
        external_id: &str,
        _: &ConnectUserSpec,
        _: &ConnectUserFacts,
    ) -> Result<(), Fault> {
        client.switch_user(&Id::new(external_id), false).await
    }

    async fn enable(client: &Client, external_id: &str, spec: &ConnectUserSpec) -> Result<(), Fault> {
        // Who is to be off stays so.
        if spec.active == Some(false) { Ok(()) } else { client.switch_user(&Id::new(external_id), true).await }
    }

    async fn delete(
        client: &Client,
        external_id: &str,
        _: &ConnectUserSpec,
        _: &ConnectUserFacts,
    ) -> Result<(), Fault> {
        client.delete_user(&Id::new(external_id)).await
    }
}

async fn by_id(client: &Client, id: &Id, fresh_after: Instant, alone: bool) -> Result<Found<User>, Fault> {
    if !alone && let Some(user) = client.users(fresh_after, |listing| listing.rows.by_id(id).cloned()).await? {
        return Ok(Found::Present(user));
    }
    // A list that leaves out whom we know is not whole, whatever it looks like.
    match client.user(id).await {
        Err(fault) if fault.class == Class::Missing => Ok(Found::Absent),
        outcome => outcome.map(Found::Present),
    }
}

async fn by_email(client: &Client, email: &str, fresh_after: Instant) -> Result<Found<User>, Fault> {
    let look = |listing: &Listing<Users>| {
        let users: Vec<User> = listing.rows.by_email(email).into_iter().cloned().collect();
        (users, listing.doubt.clone())
    };
    let (mut users, doubt) = client.users(fresh_after, look).await?;
    Ok(match (users.pop(), users.as_slice(), doubt) {
        (Some(user), [], _) => Found::Present(user),
        (Some(user), others, _) => Found::Unknown(ambiguous(email, &user, others)),
        (None, _, None) => Found::Absent,
        (None, _, Some(doubt)) => Found::Unknown(format!(
            "{doubt}: whether there is a user with the e-mail address {email} cannot be told; if there is, set the annotation {EXTERNAL_ID} to \
             its id"
        )),
    })
}

fn ambiguous(email: &str, one: &User, others: &[User]) -> String {
    let ids: Vec<String> = others.iter().chain([one]).map(|user| user.id.to_string()).collect();
    format!(
        "there are {} users with the e-mail address {email}: {}; set the annotation {EXTERNAL_ID} to the id of the one that is meant",
        ids.len(),
        ids.join(", ")
    )
}

/// The first step: the mail goes out, and the id of the invitation is what is to be recorded.
async fn invite(
    client: &Client,
    wanted: &Wanted<'_, ConnectUserSpec>,
    uncertain: bool,
) -> Result<Progress<ConnectUserFacts>, Fault> {
    let spec = wanted.spec;
    if uncertain {
        return Ok(Progress::Unclear(format!(
            "look into the sent invites of Adeptia Connect (Users); an invitation to {} that is there can be accepted by whoever got the mail, \
             and the user is taken for this one then",
            spec.email
        )));
    }
    let mail = spec.invitation.as_ref().ok_or_else(|| {
        not_sent("spec.invitation: the mail to a new user needs a text and a sender; say what they are, or take an existing user over")
    })?;
    let roles = wanted_roles(spec, wanted.siblings).map_err(|invalid| not_sent(&invalid.to_string()))?;
    let invitation =
        Invitation { email: spec.email.trim(), message: &mail.message, sender: &mail.sender_email, roles: &roles };
    client.invite(&invitation).await.map(|id| Progress::Step(id.to_string()))
}

/// The id of the user who was made from this invitation before, by a call whose answer was lost, or by the person who got the mail.
async fn made_before(client: &Client, spec: &ConnectUserSpec, invitation: &Id, fault: Fault) -> Result<Id, Fault> {
    let look = |listing: &Listing<Users>| match listing.rows.by_email(&spec.email).as_slice() {
        [user] => Some(user.id.clone()),
        _ => None,
    };
    if let Some(id) = client.users(Instant::now(), look).await? {
        return Ok(id);
    }
    let detail = format!(
        "{}; the user is made from the invitation {invitation} as soon as that can be: if it is not good any more, remove the annotation \
         {PENDING_CREATE} to have another one sent",
        fault.detail
    );
    // Neither word is about this user: who has the address would have been found.
    let class = if matches!(fault.class, Class::Taken | Class::Missing) { Class::Refused } else { fault.class };
    Err(Fault { class, detail, ..fault })
}

/// The password of a new user. It is asked for before the mail goes out, which cannot be called back.
fn password<'s>(wanted: &'s Wanted<'_, ConnectUserSpec>) -> Result<&'s Secret, Fault> {
    match wanted.secrets.get("password") {
        Some(password) if password.expose().trim().is_empty() => {
            Err(not_sent("spec.password: the Secret holds a blank one; put the password of the new user there"))
        }
        Some(password) => Ok(password),
        None => Err(not_sent(
            "spec.password: a new user needs one; name a Secret that holds it, or take an existing user over",
        )),
    }
}

fn not_sent(detail: &str) -> Fault {
    Fault::new(Class::Refused, "create_user", detail).with_delivery(Delivery::NotSent)
}

fn partner_path(at: usize) -> String {
    format!("roles[{at}].partner")
}

/// All roles that the spec asks for. While a plan does not know the id of a partner that is yet to be made, what stands for it is in its place.
fn wanted_roles(spec: &ConnectUserSpec, siblings: &Siblings) -> Result<BTreeSet<Role>, Invalid> {
    let mut partners = BTreeSet::new();
    let mut all = BTreeSet::new();
    for (at, roles) in spec.roles.iter().enumerate() {
        let path = partner_path(at);
        let Some(partner) = roles.partner_id.as_deref().or_else(|| siblings.id(&path)).map(Id::new) else { continue };
        // What stands for the ids of partners that are yet to be made is the same for all of them.
        let is_known = partner.as_str().bytes().all(|byte| byte.is_ascii_digit());
        if !partners.insert(partner.clone()) && is_known {
            return Err(Invalid {
                field: format!("roles[{at}]"),
                problem: format!("the partner {partner} has its roles in an entry before this one"),
                way_out: "list all roles with one partner in one entry, which has one default".to_owned(),
            });
        }
        all.extend(roles.role_ids.iter().map(|role| Role {
            partner: partner.clone(),
            role: Id::new(role),
            default: *role == roles.default_role_id,
        }));
    }
    Ok(all)
}

fn observed_roles(roles: &BTreeSet<Role>) -> Vec<ObservedRole> {
    let observed = |role: &Role| ObservedRole {
        partner_id: role.partner.to_string(),
        role_id: role.role.to_string(),
        default: role.default,
    };
    roles.iter().map(observed).collect()
}

/// Roles as a field has them: a list in an order of its own, since theirs means nothing.
fn told(roles: &BTreeSet<Role>) -> Json {
    listed(&observed_roles(roles))
}

fn listed(roles: &[ObservedRole]) -> Json {
    serde_json::to_value(roles).unwrap_or_default()
}

/// The state of a user.
fn describe(user: &User, observed: &ObservedConnectUser) -> State {
    State::new()
        .maybe("email", user.email.as_deref().map(normal))
        .maybe("firstName", user.first_name.as_deref())
        .maybe("lastName", user.last_name.as_deref())
        .maybe("roles", observed.roles.as_deref().map(listed))
        .maybe("active", observed.active)
}

/// What is shown of a user; what is not shown this time is as it was last shown, or set since.
fn observe(user: &User, before: Option<&ObservedConnectUser>) -> ObservedConnectUser {
    ObservedConnectUser {
        company: user.company.clone(),
        active: user.active().or_else(|| before?.active),
        roles: user.roles().map(|roles| observed_roles(&roles)).or_else(|| before?.roles.clone()),
    }
}

#[cfg(test)]
mod tests;
