//! The 53 operations of the Administration API, by the numbers of the contract's section 2.

use crate::base::endpoint::{Endpoint, delete, get, patch, post, put, row};

const PORTAL: &str = "IntrexxPortal";
const TEMPLATE: &str = "PortalTemplate";
const PACKAGE: &str = "PortalPackage";
const JOB: &str = "SchedulerJob";
const MAIL: &str = "MailService";
const USER: &str = "PortalUser";
const GROUP: &str = "PortalGroup";
const ACTION: &str = "PortalAction";

/// Every operation of the API, all of which this client has.
pub const ENDPOINTS: &[Endpoint] = &[
    // It changes nothing, although it comes by POST.
    row("1", false, "POST", "/auth", "authenticate", "AdminApi"),
    get("2", "/portals", "list_portals", PORTAL),
    post("3", "/portals", "create_portal", PORTAL),
    delete("4", "/portals/{id}", "delete_portal", PORTAL),
    get("5", "/templates", "list_templates", TEMPLATE),
    post("6", "/templates", "upload_template", TEMPLATE),
    get("7", "/{portal}/webserver", "get_webserver", PORTAL),
    put("8", "/{portal}/webserver", "set_webserver", PORTAL),
    get("9", "/{portal}/settings", "get_settings", PORTAL),
    patch("10", "/{portal}/settings", "change_settings", PORTAL),
    get("11", "/{portal}/mobile", "get_mobile_key", PORTAL),
    patch("12", "/{portal}/mobile", "change_mobile_key", PORTAL),
    delete("13", "/{portal}/mobile", "delete_mobile_key", PORTAL),
    get("14", "/{portal}/reports/engine", "get_reports_engine", PORTAL),
    patch("15", "/{portal}/reports/engine", "change_reports_engine", PORTAL),
    get("16", "/{portal}/export", "get_export", PORTAL),
    patch("17", "/{portal}/export", "change_export", PORTAL),
    get("18", "/{portal}/diagnosis", "get_diagnosis", ACTION),
    post("19", "/{portal}/search/index", "start_search_index", ACTION),
    post("20", "/{portal}/applications", "import_applications", PACKAGE),
    patch("21", "/{portal}/applications", "overwrite_applications", PACKAGE),
    post("22", "/{portal}/logout", "logout", ACTION),
    get("23", "/{portal}/scheduler/jobs", "list_jobs", JOB),
    post("24", "/{portal}/scheduler/job/{type}", "create_job", JOB),
    get("25", "/{portal}/scheduler/job/{id}", "get_job", JOB),
    patch("26", "/{portal}/scheduler/job/{id}", "change_job", JOB),
    delete("27", "/{portal}/scheduler/job/{id}", "delete_job", JOB),
    get("28", "/{portal}/scheduler/standby", "get_standby", PORTAL),
    put("29", "/{portal}/scheduler/standby", "set_standby", PORTAL),
    get("30", "/{portal}/scheduler/configuration", "get_scheduler", PORTAL),
    patch("31", "/{portal}/scheduler/configuration", "change_scheduler", PORTAL),
    put("32", "/{portal}/scheduler/actions", "run_job_action", ACTION),
    get("33", "/{portal}/mailservices", "list_mail_services", MAIL),
    post("34", "/{portal}/mailservices", "create_mail_service", MAIL),
    get("35", "/{portal}/mailservices/{id}", "get_mail_service", MAIL),
    patch("36", "/{portal}/mailservices/{id}", "change_mail_service", MAIL),
    get("37", "/{portal}/mailservices/{id}/status", "get_mail_status", MAIL),
    put("38", "/{portal}/mailservices/{id}/status", "set_mail_status", MAIL),
    post("39", "/{portal}/users", "create_user", USER),
    post("40", "/{portal}/groups", "create_group", GROUP),
    get("41", "/{portal}/groups/{group-id}", "get_group", GROUP),
    delete("42", "/{portal}/groups/{group-id}", "delete_group", GROUP),
    get("43", "/{portal}/users/{user-id}/groups", "list_user_groups", USER),
    put("44", "/{portal}/users/{user-id}/groups/{group-id}", "add_user_to_group", USER),
    delete("45", "/{portal}/users/{user-id}/groups/{group-id}", "remove_user_from_group", USER),
    get("46", "/{portal}/users/{user-id}", "get_user", USER),
    patch("47", "/{portal}/users/{user-id}", "change_user", USER),
    delete("48", "/{portal}/users/{user-id}", "delete_user", USER),
    get("49", "/{portal}/licenses", "list_licenses", PORTAL),
    post("50", "/{portal}/licenses", "add_license", PORTAL),
    delete("51", "/{portal}/licenses/{key}", "delete_license", PORTAL),
    put("52", "/{portal}/trial-license", "install_trial_license", ACTION),
    put("53", "/admin-api/license", "license_admin_api", "AdminApi"),
];

#[cfg(test)]
mod tests {
    use super::ENDPOINTS;

    /// The contract's list, word for word.
    const CONTRACT: &str = "\
1. POST /auth
2. GET /portals
3. POST /portals
4. DELETE /portals/{id}
5. GET /templates
6. POST /templates
7. GET /{portal}/webserver
8. PUT /{portal}/webserver
9. GET /{portal}/settings
10. PATCH /{portal}/settings
11. GET /{portal}/mobile
12. PATCH /{portal}/mobile
13. DELETE /{portal}/mobile
14. GET /{portal}/reports/engine
15. PATCH /{portal}/reports/engine
16. GET /{portal}/export
17. PATCH /{portal}/export
18. GET /{portal}/diagnosis
19. POST /{portal}/search/index
20. POST /{portal}/applications
21. PATCH /{portal}/applications
22. POST /{portal}/logout
23. GET /{portal}/scheduler/jobs
24. POST /{portal}/scheduler/job/{type}
25. GET /{portal}/scheduler/job/{id}
26. PATCH /{portal}/scheduler/job/{id}
27. DELETE /{portal}/scheduler/job/{id}
28. GET /{portal}/scheduler/standby
29. PUT /{portal}/scheduler/standby
30. GET /{portal}/scheduler/configuration
31. PATCH /{portal}/scheduler/configuration
32. PUT /{portal}/scheduler/actions
33. GET /{portal}/mailservices
34. POST /{portal}/mailservices
35. GET /{portal}/mailservices/{id}
36. PATCH /{portal}/mailservices/{id}
37. GET /{portal}/mailservices/{id}/status
38. PUT /{portal}/mailservices/{id}/status
39. POST /{portal}/users
40. POST /{portal}/groups
41. GET /{portal}/groups/{group-id}
42. DELETE /{portal}/groups/{group-id}
43. GET /{portal}/users/{user-id}/groups
44. PUT /{portal}/users/{user-id}/groups/{group-id}
45. DELETE /{portal}/users/{user-id}/groups/{group-id}
46. GET /{portal}/users/{user-id}
47. PATCH /{portal}/users/{user-id}
48. DELETE /{portal}/users/{user-id}
49. GET /{portal}/licenses
50. POST /{portal}/licenses
51. DELETE /{portal}/licenses/{key}
52. PUT /{portal}/trial-license
53. PUT /admin-api/license";

    #[test]
    fn every_call_of_the_contract_is_there() {
        let rows = ENDPOINTS.iter().map(|row| format!("{}. {} {}", row.source, row.method, row.path));
        assert_eq!(rows.collect::<Vec<_>>(), CONTRACT.lines().collect::<Vec<_>>());
    }
}
