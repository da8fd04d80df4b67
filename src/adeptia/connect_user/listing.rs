//! Listing: every user of the company.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use crate::adeptia::client::users::Users;
use crate::adeptia::client::{Client, Listing as Rows};
use crate::adeptia::wire::users::{Role, User};
use crate::base::fault::{Class, Fault};
use crate::engine::kind::{Listed, Listing, Reference};

/// How many users are asked for at once, where the list tells too little of them.
const ABREAST: usize = 8;

/// The company itself, which is a partner too, and none that an object keeps.
const HOST_COMPANY: &str = "1";

/// Every user.
///
/// # Errors
/// The fault of a call; [`Class::Broken`] for a list that may be cut.
pub async fn list(client: &Client, fresh_after: Instant) -> Result<Listing, Fault> {
    let pick = |listing: &Rows<Users>| {
        let users: Vec<User> = listing.rows.iter().cloned().collect();
        listing.doubt.clone().map_or(Ok(users), Err)
    };
    let users = client.users(fresh_after, pick).await?;
    let users = users.map_err(|doubt| Fault::new(Class::Broken, "list_users", doubt))?;
    let whole = users.into_iter().map(|user| {
        let client = client.clone();
        async move {
            // The list may tell less of a user than the user's own page.
            let silent = (user.active().is_none() || user.roles().is_none()) && !user.id.is_built_in();
            if silent { client.user(&user.id).await } else { Ok(user) }
        }
    });
    let whole: Vec<User> = stream::iter(whole).buffered(ABREAST).try_collect().await?;
    Ok(Listing::whole(whole.iter().map(|user| listed(user, user.logins().any(|login| client.is_own_login(login))))))
}

fn listed(user: &User, is_own: bool) -> Listed {
    let why = match user.roles() {
        _ if user.id.is_built_in() => Some("it comes with Adeptia Connect, and is never changed".to_owned()),
        _ if is_own => Some("it is the user that Provost logs in as, and is never changed".to_owned()),
        None => Some("Adeptia Connect does not show its roles".to_owned()),
        Some(roles) => ambiguous(&roles),
    };
    let held = user.roles().unwrap_or_default();
    let roles = grouped(&held);
    let spec = json!({
        "email": user.email, "firstName": user.first_name, "lastName": user.last_name, "active": user.active(),
        "roles": roles.iter().map(|(partner, roles)| entry(partner, roles)).collect::<Vec<_>>(),
    });
    let title = user.email.clone().unwrap_or_else(|| user.id.to_string());
    let listed = Listed::new(user.id.as_str(), title, spec).left_out(why);
    let partners = roles.keys().enumerate().filter(|(_, partner)| **partner != HOST_COMPANY);
    partners.fold(listed, |listed, (place, partner)| {
        listed.referring(Reference {
            at: format!("/roles/{place}"),
            by_id: "partnerId",
            by_name: "partner",
            kind: "ConnectPartner",
            external_id: (*partner).to_owned(),
        })
    })
}

/// Roles by partner.
fn grouped(roles: &BTreeSet<Role>) -> BTreeMap<&str, Vec<&Role>> {
    let mut grouped: BTreeMap<&str, Vec<&Role>> = BTreeMap::new();
    for role in roles {
        grouped.entry(role.partner.as_str()).or_default().push(role);
    }
    grouped
}

fn entry(partner: &str, roles: &[&Role]) -> Json {
    let ids: Vec<&str> = roles.iter().map(|role| role.role.as_str()).collect();
    let default = roles.iter().find(|role| role.default).map(|role| role.role.as_str());
    json!({"partnerId": partner, "roleIds": ids, "defaultRoleId": default})
}

/// Why a spec cannot say these roles: it has one default role for each partner.
fn ambiguous(roles: &BTreeSet<Role>) -> Option<String> {
    let odd = |(_, roles): &(&&str, &Vec<&Role>)| roles.iter().filter(|role| role.default).count() != 1;
    let grouped = grouped(roles);
    let (partner, _) = grouped.iter().find(odd)?;
    Some(format!(
        "it has not exactly one default role with the partner {partner}, which an object needs; set it in Adeptia Connect"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(more: Json) -> User {
        let mut user =
            json!({"id": 192_168, "email": "a@b.example", "firstName": "A", "lastName": "B", "active": true});
        user.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(user).unwrap()
    }

    fn row(partner: u32, role: u32, default: bool) -> Json {
        json!({"partner": {"id": partner}, "role": {"id": role}, "defaultRole": default})
    }

    #[test]
    fn roles_are_grouped_by_partner_and_partners_may_be_named() {
        let rows = json!({"userPartnerRole": [row(1, 3, false), row(11_529, 4, true), row(1, 2, true)]});
        let listed = listed(&user(rows), false);
        let roles = json!([
            {"partnerId": "1", "roleIds": ["2", "3"], "defaultRoleId": "2"},
            {"partnerId": "11529", "roleIds": ["4"], "defaultRoleId": "4"},
        ]);
        assert_eq!((listed.spec.get("roles"), &listed.left_out), (Some(&roles), &None));
        let named: Vec<_> =
            listed.references.iter().map(|named| (named.at.as_str(), named.external_id.as_str())).collect();
        assert_eq!(named, [("/roles/1", "11529")]);
    }

    #[test]
    fn who_cannot_be_kept_as_they_are_is_left_out() {
        let rows = || json!({"userPartnerRole": [row(1, 2, true)]});
        assert!(listed(&user(rows()), true).left_out.unwrap().contains("logs in as"));
        let built_in = json!({"id": 7, "userPartnerRole": [row(1, 2, true)]});
        assert!(listed(&user(built_in), false).left_out.unwrap().contains("comes with"));
        let none = json!({"userPartnerRole": [row(1, 2, true), row(9000, 2, false)]});
        assert!(listed(&user(none), false).left_out.unwrap().contains("the partner 9000"));
        assert!(listed(&user(json!({})), false).left_out.unwrap().contains("does not show its roles"));
    }
}
