//! The calls of the vendor's page, and those beside it that are needed to make them, by the numbers of the contract's section 2.

use crate::base::endpoint::{Endpoint, delete, get, post, put, row};

const USER: &str = "ConnectUser";
const PARTNER: &str = "ConnectPartner";

/// Every call that this client has: the 19 of the vendor's page, then the log-in, what is read back, and where other versions differ.
pub const ENDPOINTS: &[Endpoint] = &[
    post("2.2", "/rest/invitation?resourceIdentifier=users", "invite_user", USER),
    post("2.3", "/rest/users/createuser", "create_user", USER),
    put("2.4", "/rest/users/{userId}", "change_user", USER),
    get("2.5", "/rest/user/{userId}", "get_user", USER),
    get("2.6", "/rest/user", "list_portal_users", USER),
    put("2.7", "/rest/users/activate/{userId}", "activate_user", USER),
    put("2.8", "/rest/users/deactivate/{userId}", "deactivate_user", USER),
    // They delete with PUT (trap 4).
    put("2.9", "/rest/users/updateowner?oldUserId={userId}&deleteUser=true", "delete_user", USER),
    post("2.10", "/rest/company", "create_partner", PARTNER),
    put("2.11", "/rest/company/{partnerId}", "change_partner", PARTNER),
    put("2.12", "/rest/company/deletepartner/{partnerId}", "delete_partner", PARTNER),
    put("2.13", "/rest/company/{partnerId} (partnerParameter)", "set_parameters", PARTNER),
    post("2.14", "/rest/templatepartnerlinkage?resourceIdentifier=company", "grant_all_templates", PARTNER),
    delete(
        "2.15",
        "/rest/templatepartnerlinkage/{partnerId}?resourceIdentifier=company",
        "revoke_all_templates",
        PARTNER,
    ),
    post(
        "2.16",
        "/rest/templatepartnerlinkage?isTemplate=true&resourceIdentifier=transactiontemplate",
        "grant_template",
        PARTNER,
    ),
    delete(
        "2.17",
        "/rest/templatepartnerlinkage/{linkageId}?isTemplate=true&resourceIdentifier=transactiontemplate",
        "revoke_template",
        PARTNER,
    ),
    // The page has POST; its older version, and we, use PUT (trap 7).
    put("2.18", "/rest/company/{partnerId} (partnerNetworks)", "move_partner", PARTNER),
    // Misspelt in every version of the page (trap 2).
    post("2.19", "/rest/company/enableSelfOnbaord", "convert_partner", PARTNER),
    post("2.20", "/rest/users/import", "import_users", PARTNER),
    // It changes nothing, although it comes by POST.
    row("2.1", false, "POST", "/rest/login/user", "log_in", "AdminApi"),
    get("2.6", "/rest/users?limit={max}", "list_users", USER),
    delete("2.12", "/rest/company/{partnerId} (Legacy)", "delete_partner", PARTNER),
    get("2.20", "/rest/users/checkthreadstatus?isPartner=true", "get_import", PARTNER),
    get("2.21", "/rest/fetchproperties/aboutinformation", "get_product", "AdminApi"),
    get("2.22", "/rest/company/{partnerId}", "get_partner", PARTNER),
    get("2.22", "/rest/company?limit={max}", "list_partners", PARTNER),
];

#[cfg(test)]
mod tests {
    use super::ENDPOINTS;

    /// The calls of the vendor's page, in its order, as the contract has them.
    const PAGE: &str = "\
2.2 POST /rest/invitation?resourceIdentifier=users
2.3 POST /rest/users/createuser
2.4 PUT /rest/users/{userId}
2.5 GET /rest/user/{userId}
2.6 GET /rest/user
2.7 PUT /rest/users/activate/{userId}
2.8 PUT /rest/users/deactivate/{userId}
2.9 PUT /rest/users/updateowner?oldUserId={userId}&deleteUser=true
2.10 POST /rest/company
2.11 PUT /rest/company/{partnerId}
2.12 PUT /rest/company/deletepartner/{partnerId}
2.13 PUT /rest/company/{partnerId}
2.14 POST /rest/templatepartnerlinkage?resourceIdentifier=company
2.15 DELETE /rest/templatepartnerlinkage/{partnerId}?resourceIdentifier=company
2.16 POST /rest/templatepartnerlinkage?isTemplate=true&resourceIdentifier=transactiontemplate
2.17 DELETE /rest/templatepartnerlinkage/{linkageId}?isTemplate=true&resourceIdentifier=transactiontemplate
2.18 PUT /rest/company/{partnerId}
2.19 POST /rest/company/enableSelfOnbaord
2.20 POST /rest/users/import";

    /// Traps 1 to 5.
    #[test]
    fn every_call_of_the_page_is_there() {
        let rows = ENDPOINTS.iter().map(|row| {
            let (path, _) = row.path.split_once(" (").unwrap_or((row.path, ""));
            format!("{} {} {path}", row.source, row.method)
        });
        assert_eq!(rows.take(19).collect::<Vec<_>>(), PAGE.lines().collect::<Vec<_>>());
    }
}
