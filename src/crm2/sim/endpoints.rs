//! The table of what the server serves: the 17 calls of the Administrative API, those of its later page, and the calls outside it that
//! tell what they did.

use axum::http::Method;

use crate::crm2::sim::answer::{Cause, Done, Refusal};
use crate::crm2::sim::calls::{Call, activity_types, contacts, mail, session, twitter, users};
use crate::crm2::sim::domain::{CONTACT_UPDATE, CONTACT_VIEW};
use crate::sim::exchange::Operation;

/// One call.
pub(super) struct Endpoint {
    pub method: Method,
    /// The segment in braces stands for any text.
    pub path: &'static str,
    pub operation: Operation,
    pub access: Access,
    pub takes: Takes,
    pub run: Run,
}

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Anyone: the call looks at the token itself.
    Open,
    /// Who has the domain's configuration in hand.
    Admin,
    /// The same, with a permanent token.
    Permanent,
    /// Who has this permission, unless the options do without.
    Holder(&'static str),
}

/// What a POST or PUT reads of its body, unless the options let it read anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// A form.
    Form,
    /// A JSON object.
    Json,
    /// Either.
    Both,
}

type Run = fn(&mut Call<'_>) -> Result<Done, Refusal>;

const fn admin(method: Method, path: &'static str, name: &'static str, run: Run) -> Endpoint {
    let operation = if matches!(method, Method::GET) { Operation::read(name) } else { Operation::write(name) };
    Endpoint { method, path, operation, access: Access::Admin, takes: Takes::Form, run }
}

/// They change nothing, although they come by POST.
const fn token(path: &'static str, name: &'static str, takes: Takes, run: Run) -> Endpoint {
    Endpoint { method: Method::POST, path, operation: Operation::read(name), access: Access::Open, takes, run }
}

const fn view(path: &'static str, name: &'static str, run: Run) -> Endpoint {
    let (operation, access) = (Operation::read(name), Access::Holder(CONTACT_VIEW));
    Endpoint { method: Method::GET, path, operation, access, takes: Takes::Form, run }
}

const fn change(method: Method, name: &'static str, takes: Takes, run: Run) -> Endpoint {
    let (operation, access) = (Operation::write(name), Access::Holder(CONTACT_UPDATE));
    Endpoint { method, path: "/contact", operation, access, takes, run }
}

/// The path that only the later page has.
const TWITTER: &str = "/admin/twitter";

/// All of them: first the 17 of the Administrative API.
pub(super) static ENDPOINTS: [Endpoint; 28] = [
    Endpoint {
        method: Method::POST,
        path: "/admin/reset-token",
        operation: Operation::write("reset_token"),
        access: Access::Permanent,
        takes: Takes::Form,
        run: session::reset_token,
    },
    admin(Method::POST, "/admin/user", "add_login", users::add_login),
    admin(Method::DELETE, "/admin/user", "remove_login", users::remove_login),
    admin(Method::POST, "/admin/user-contact", "create_user", users::create),
    admin(Method::POST, "/admin/user-permission", "grant_permission", users::grant),
    admin(Method::DELETE, "/admin/user-permission", "revoke_permission", users::revoke),
    admin(Method::POST, "/admin/email-notifications", "set_notifications", mail::set_notifications),
    admin(Method::PUT, "/admin/email-notifications", "set_notifications", mail::set_notifications),
    admin(Method::GET, "/admin/email-notifications", "get_notifications", mail::get_notifications),
    admin(Method::DELETE, "/admin/email-notifications", "remove_notifications", mail::remove_notifications),
    admin(Method::POST, "/admin/email-to-poll", "add_mailbox", mail::add_mailbox),
    admin(Method::PUT, "/admin/email-to-poll", "update_mailbox", mail::update_mailbox),
    admin(Method::DELETE, "/admin/email-to-poll", "remove_mailbox", mail::remove_mailbox),
    admin(Method::GET, "/admin/email-to-poll", "list_mailboxes", mail::list_mailboxes),
    admin(Method::POST, "/admin/activity-type", "add_activity_type", activity_types::add),
    admin(Method::GET, "/admin/activity-type", "list_activity_types", activity_types::list),
    admin(Method::DELETE, "/admin/activity-type", "remove_activity_type", activity_types::remove),
    admin(Method::POST, TWITTER, "add_twitter_user", twitter::add),
    admin(Method::GET, TWITTER, "list_twitter_users", twitter::list),
    admin(Method::DELETE, TWITTER, "remove_twitter_user", twitter::remove),
    token("/oauth/temp-token", "temporary_token", Takes::Form, session::temporary_token),
    token("/oauth/validate", "validate_token", Takes::Json, session::validate),
    view("/contact", "find_contacts", contacts::find),
    change(Method::POST, "create_contact", Takes::Both, contacts::create),
    change(Method::PUT, "update_contact", Takes::Form, contacts::update),
    change(Method::DELETE, "delete_contact", Takes::Form, contacts::delete),
    view("/contacts-users", "list_users", contacts::users),
    view("/contact-users/{contactId}", "list_logins", contacts::logins),
];

/// A call that was found, and the text in place of its segment in braces.
pub(super) struct Match {
    pub endpoint: &'static Endpoint,
    pub inner: Option<String>,
}

/// Finds the call for a method and a path. `twitter` says whether the calls of the later page are there.
pub(super) fn find(method: &Method, path: &str, twitter: bool) -> Result<Match, Refusal> {
    let mut others = Vec::new();
    for endpoint in ENDPOINTS.iter().filter(|endpoint| twitter || endpoint.path != TWITTER) {
        if let Some(inner) = matched(endpoint.path, path) {
            if endpoint.method == *method {
                return Ok(Match { endpoint, inner: Some(inner).filter(|inner| !inner.is_empty()) });
            }
            others.push(endpoint.method.as_str());
        }
    }
    Err(match others.is_empty() {
        true => Refusal::new(Cause::NoPath, "there is no such path"),
        false => Refusal::new(Cause::Method(others.join(", ")), "this path has no such method"),
    })
}

/// The text in place of the segment in braces, blank when the pattern has none; none when the path is another.
fn matched(pattern: &str, path: &str) -> Option<String> {
    let path = path.strip_suffix('/').unwrap_or(path);
    match pattern.split_once('{') {
        None => (pattern == path).then(String::new),
        Some((before, _)) => {
            path.strip_prefix(before).filter(|rest| !rest.is_empty() && !rest.contains('/')).map(str::to_owned)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_begins_with_the_17_calls_of_the_administrative_api() {
        let seed = ENDPOINTS.iter().filter(|endpoint| endpoint.path.starts_with("/admin/") && endpoint.path != TWITTER);
        assert_eq!(seed.count(), 17);
        assert!(ENDPOINTS[..17].iter().all(|endpoint| endpoint.path.starts_with("/admin/")));
        let pairs: BTreeSet<_> = ENDPOINTS.iter().map(|endpoint| (endpoint.path, endpoint.method.as_str())).collect();
        assert_eq!(pairs.len(), ENDPOINTS.len());
        let names: BTreeSet<_> = ENDPOINTS.iter().map(|endpoint| endpoint.operation.name).collect();
        assert_eq!(names.len(), 27, "email-notifications is set by two methods");
    }

    #[test]
    fn calls_are_found_by_method_and_path() {
        let found = |method, path: &str, twitter| {
            find(&method, path, twitter).map(|found| (found.endpoint.operation.name, found.inner))
        };
        let inner = Some("5166b967e4b0f6e6cd09e653".to_owned());
        assert_eq!(
            found(Method::GET, "/contact-users/5166b967e4b0f6e6cd09e653", true).unwrap(),
            ("list_logins", inner)
        );
        assert_eq!(found(Method::DELETE, "/admin/user/", true).unwrap(), ("remove_login", None));
        let cause = |method, path: &str, twitter| found(method, path, twitter).unwrap_err().cause;
        assert_eq!(cause(Method::GET, "/admin/user", true), Cause::Method("POST, DELETE".to_owned()));
        assert_eq!(cause(Method::GET, "/admin/admin/user", true), Cause::NoPath);
        assert_eq!(cause(Method::GET, "/contact-users/", true), Cause::NoPath);
        assert_eq!(cause(Method::GET, TWITTER, false), Cause::NoPath);
    }
}
