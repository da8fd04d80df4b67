//! The calls of the Administrative API, all 17 of them, and those beside it that reading back takes, by the sections of the contract.

use crate::base::endpoint::{Endpoint, delete, get, post, put, row};

const API: &str = "AdminApi";
const DOMAIN: &str = "CrmDomain";
const USER: &str = "CrmDomainUser";

/// Every operation that is called.
pub const ENDPOINTS: &[Endpoint] = &[
    // They change nothing, although they come by POST.
    row("1.3", false, "POST", "/oauth/temp-token", "trade_token", API),
    row("1.3", false, "POST", "/oauth/validate", "validate_token", API),
    post("2.1", "/admin/reset-token", "reset_token", DOMAIN),
    post("2.2", "/admin/user", "add_user", USER),
    delete("2.2", "/admin/user", "remove_user", USER),
    post("2.3", "/admin/user-contact", "create_user_contact", USER),
    post("2.4", "/admin/user-permission", "grant_permission", USER),
    delete("2.4", "/admin/user-permission", "revoke_permission", USER),
    get("2.5", "/admin/email-notifications", "get_notifications", DOMAIN),
    post("2.5", "/admin/email-notifications", "set_notifications", DOMAIN),
    put("2.5", "/admin/email-notifications", "change_notifications", DOMAIN),
    delete("2.5", "/admin/email-notifications", "remove_notifications", DOMAIN),
    get("2.6", "/admin/email-to-poll", "list_mailboxes", DOMAIN),
    post("2.6", "/admin/email-to-poll", "add_mailbox", DOMAIN),
    put("2.6", "/admin/email-to-poll", "change_mailbox", DOMAIN),
    delete("2.6", "/admin/email-to-poll", "remove_mailbox", DOMAIN),
    get("2.7", "/admin/activity-type", "list_activity_types", DOMAIN),
    post("2.7", "/admin/activity-type", "add_activity_type", DOMAIN),
    delete("2.7", "/admin/activity-type", "remove_activity_type", DOMAIN),
    get("2.9", "/contact", "get_contact", USER),
    put("2.9", "/contact", "change_contact", USER),
    delete("2.9", "/contact", "delete_contact", USER),
    get("2.9", "/contacts-users", "list_contacts", USER),
    get("2.9", "/contact-users/{contactId}", "list_users_of_contact", USER),
];

#[cfg(test)]
mod tests {
    use super::ENDPOINTS;

    /// The seed's list, by the contract's section 2.
    const CONTRACT: &str = "\
POST /admin/reset-token
POST /admin/user
DELETE /admin/user
POST /admin/user-contact
POST /admin/user-permission
DELETE /admin/user-permission
GET /admin/email-notifications
POST /admin/email-notifications
PUT /admin/email-notifications
DELETE /admin/email-notifications
GET /admin/email-to-poll
POST /admin/email-to-poll
PUT /admin/email-to-poll
DELETE /admin/email-to-poll
GET /admin/activity-type
POST /admin/activity-type
DELETE /admin/activity-type";

    #[test]
    fn every_call_of_the_administrative_api_is_there() {
        let rows = ENDPOINTS.iter().map(|row| format!("{} {}", row.method, row.path));
        let mut rows: Vec<_> = rows.filter(|row| row.contains(" /admin/")).collect();
        let mut contract: Vec<_> = CONTRACT.lines().map(str::to_owned).collect();
        rows.sort();
        contract.sort();
        assert_eq!(rows, contract);
    }
}
