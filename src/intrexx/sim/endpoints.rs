//! The table of what the server serves: the 53 calls of the contract by its numbers, and the pages beside them.

use axum::http::Method;

use crate::intrexx::sim::answer::{Cause, Done, Refusal};
use crate::intrexx::sim::calls::{
    Call, applications, groups, jobs, licenses, mail, pages, portals, scheduler, session, settings, templates, users,
};
use crate::sim::exchange::Operation;

/// One call.
pub(super) struct Endpoint {
    /// The contract's number; 0 for what is not among its calls.
    pub number: u8,
    pub method: Method,
    /// Segments in braces stand for any text.
    pub path: &'static str,
    pub operation: Operation,
    pub takes: Takes,
    pub run: fn(&mut Call<'_>) -> Result<Done, Refusal>,
}

/// What a call reads of its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing: a body is passed over, as samples send one with GET.
    Nothing,
    /// A JSON object.
    Json,
    /// A JSON object, or nothing.
    MaybeJson,
    /// Files.
    Upload,
}

/// First segments that are no portal's name.
const RESERVED: [&str; 4] = ["auth", "portals", "templates", "admin-api"];

type Run = fn(&mut Call<'_>) -> Result<Done, Refusal>;

const fn read(number: u8, path: &'static str, name: &'static str, run: Run) -> Endpoint {
    Endpoint { number, method: Method::GET, path, operation: Operation::read(name), takes: Takes::Nothing, run }
}

const fn write(number: u8, method: Method, path: &'static str, name: &'static str, takes: Takes, run: Run) -> Endpoint {
    Endpoint { number, method, path, operation: Operation::write(name), takes, run }
}

const fn post(number: u8, path: &'static str, name: &'static str, takes: Takes, run: Run) -> Endpoint {
    write(number, Method::POST, path, name, takes, run)
}

const fn put(number: u8, path: &'static str, name: &'static str, takes: Takes, run: Run) -> Endpoint {
    write(number, Method::PUT, path, name, takes, run)
}

const fn patch(number: u8, path: &'static str, name: &'static str, takes: Takes, run: Run) -> Endpoint {
    write(number, Method::PATCH, path, name, takes, run)
}

const fn delete(number: u8, path: &'static str, name: &'static str, takes: Takes, run: Run) -> Endpoint {
    write(number, Method::DELETE, path, name, takes, run)
}

/// The calls that work without a licence of the Administration API.
pub(super) const AUTHENTICATE: u8 = 1;
/// The same.
pub(super) const LICENSE_IAA: u8 = 53;

/// All of them.
pub(super) static ENDPOINTS: [Endpoint; 56] = {
    use Takes::{Json, MaybeJson, Nothing, Upload};
    [
        // It changes nothing, although it comes by POST.
        Endpoint {
            number: AUTHENTICATE,
            method: Method::POST,
            path: "/auth",
            operation: Operation::read("authenticate"),
            takes: Json,
            run: session::authenticate,
        },
        read(2, "/portals", "list_portals", portals::list),
        post(3, "/portals", "create_portal", Json, portals::create),
        delete(4, "/portals/{id}", "delete_portal", MaybeJson, portals::delete),
        read(5, "/templates", "list_templates", templates::list),
        post(6, "/templates", "upload_template", Upload, templates::upload),
        read(7, "/{portal}/webserver", "get_webserver", settings::get_webserver),
        put(8, "/{portal}/webserver", "set_webserver", Json, settings::set_webserver),
        read(9, "/{portal}/settings", "get_settings", settings::get),
        patch(10, "/{portal}/settings", "change_settings", Json, settings::change),
        read(11, "/{portal}/mobile", "get_mobile_key", settings::get_mobile),
        patch(12, "/{portal}/mobile", "change_mobile_key", Json, settings::change_mobile),
        delete(13, "/{portal}/mobile", "delete_mobile_key", Nothing, settings::delete_mobile),
        read(14, "/{portal}/reports/engine", "get_reports_engine", settings::get_reports),
        patch(15, "/{portal}/reports/engine", "change_reports_engine", Json, settings::change_reports),
        read(16, "/{portal}/export", "get_export", settings::get_export),
        patch(17, "/{portal}/export", "change_export", Json, settings::change_export),
        read(18, "/{portal}/diagnosis", "get_diagnosis", applications::diagnose),
        post(19, "/{portal}/search/index", "start_search_index", Json, applications::index),
        post(20, "/{portal}/applications", "import_applications", Upload, applications::import),
        patch(21, "/{portal}/applications", "overwrite_applications", Upload, applications::overwrite),
        post(22, "/{portal}/logout", "logout", MaybeJson, session::logout),
        read(23, "/{portal}/scheduler/jobs", "list_jobs", jobs::list),
        post(24, "/{portal}/scheduler/job/{type}", "create_job", Json, jobs::create),
        read(25, "/{portal}/scheduler/job/{id}", "get_job", jobs::get),
        patch(26, "/{portal}/scheduler/job/{id}", "change_job", Json, jobs::change),
        delete(27, "/{portal}/scheduler/job/{id}", "delete_job", Nothing, jobs::delete),
        read(28, "/{portal}/scheduler/standby", "get_standby", scheduler::get_standby),
        put(29, "/{portal}/scheduler/standby", "set_standby", Json, scheduler::set_standby),
        read(30, "/{portal}/scheduler/configuration", "get_scheduler", scheduler::get_configuration),
        patch(31, "/{portal}/scheduler/configuration", "change_scheduler", Json, scheduler::change_configuration),
        put(32, "/{portal}/scheduler/actions", "run_job_action", Json, scheduler::act),
        read(33, "/{portal}/mailservices", "list_mail_services", mail::list),
        post(34, "/{portal}/mailservices", "create_mail_service", Json, mail::create),
        read(35, "/{portal}/mailservices/{id}", "get_mail_service", mail::get),
        patch(36, "/{portal}/mailservices/{id}", "change_mail_service", Json, mail::change),
        read(37, "/{portal}/mailservices/{id}/status", "get_mail_status", mail::get_status),
        put(38, "/{portal}/mailservices/{id}/status", "set_mail_status", Json, mail::set_status),
        post(39, "/{portal}/users", "create_user", Json, users::create),
        post(40, "/{portal}/groups", "create_group", Json, groups::create),
        read(41, "/{portal}/groups/{group-id}", "get_group", groups::get),
        delete(42, "/{portal}/groups/{group-id}", "delete_group", Nothing, groups::delete),
        read(43, "/{portal}/users/{user-id}/groups", "list_user_groups", groups::of_user),
        put(44, "/{portal}/users/{user-id}/groups/{group-id}", "add_user_to_group", Nothing, groups::add_user),
        delete(
            45,
            "/{portal}/users/{user-id}/groups/{group-id}",
            "remove_user_from_group",
            Nothing,
            groups::remove_user,
        ),
        read(46, "/{portal}/users/{user-id}", "get_user", users::get),
        patch(47, "/{portal}/users/{user-id}", "change_user", Json, users::change),
        delete(48, "/{portal}/users/{user-id}", "delete_user", Nothing, users::delete),
        read(49, "/{portal}/licenses", "list_licenses", licenses::list),
        post(50, "/{portal}/licenses", "add_license", Json, licenses::add),
        delete(51, "/{portal}/licenses/{key}", "delete_license", Nothing, licenses::delete),
        put(52, "/{portal}/trial-license", "install_trial_license", Json, licenses::install_trial),
        put(LICENSE_IAA, "/admin-api/license", "license_admin_api", Json, session::license),
        read(0, "/", "documentation", pages::start),
        read(0, "/swagger-ui", "documentation", pages::swagger),
        read(0, "/openapi.json", "documentation", pages::openapi),
    ]
};

/// A call that was found, and the texts in place of its segments in braces.
pub(super) struct Match {
    pub endpoint: &'static Endpoint,
    pub params: Vec<String>,
}

/// Finds the call for a method and a path.
pub(super) fn find(method: &Method, path: &str) -> Result<Match, Refusal> {
    let segments: Vec<String> = path.trim_matches('/').split('/').map(decode).collect();
    let fixed = segments.first().is_some_and(|first| RESERVED.contains(&first.as_str()));
    let mut others = Vec::new();
    for endpoint in &ENDPOINTS {
        if fixed && endpoint.path.starts_with("/{") {
            continue;
        }
        if let Some(params) = matched(endpoint.path, &segments) {
            if endpoint.method == *method {
                return Ok(Match { endpoint, params });
            }
            others.push(endpoint.method.as_str());
        }
    }
    Err(match others.is_empty() {
        true => no_path(),
        false => Refusal::new(Cause::Method(allow(&others)), "this path has no such method"),
    })
}

/// The refusal for a path that leads nowhere.
pub(super) fn no_path() -> Refusal {
    Refusal::missing("there is no such path")
}

/// The part of a path that a journal may show: without the key of a licence.
pub(super) fn shown(path: &str) -> String {
    match path.split_once("/licenses/") {
        Some((before, key)) if !key.is_empty() => format!("{before}/licenses/***"),
        _ => path.to_owned(),
    }
}

/// The value of `Allow`, as a text that lives long enough for a header.
fn allow(methods: &[&str]) -> &'static str {
    match methods {
        ["GET", "PATCH", "DELETE"] => "GET, PATCH, DELETE",
        ["GET", "PATCH"] => "GET, PATCH",
        ["GET", "POST"] => "GET, POST",
        ["GET", "PUT"] => "GET, PUT",
        ["GET", "DELETE"] => "GET, DELETE",
        ["POST", "PATCH"] => "POST, PATCH",
        ["PUT", "DELETE"] => "PUT, DELETE",
        ["POST", "GET", "PATCH", "DELETE"] => "POST, GET, PATCH, DELETE",
        ["GET"] => "GET",
        ["POST"] => "POST",
        ["PUT"] => "PUT",
        _ => "DELETE",
    }
}

fn matched(pattern: &str, segments: &[String]) -> Option<Vec<String>> {
    let pattern: Vec<&str> = pattern.trim_matches('/').split('/').collect();
    if pattern.len() != segments.len() {
        return None;
    }
    let mut params = Vec::new();
    for (pattern, segment) in pattern.into_iter().zip(segments) {
        if pattern.starts_with('{') {
            if segment.is_empty() {
                return None;
            }
            params.push(segment.clone());
        } else if pattern != segment {
            return None;
        }
    }
    Some(params)
}

/// A segment without its percent signs; one that is no text stays as it is.
fn decode(segment: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = (*first == b'%').then(|| tail.get(..2)).flatten().and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(digits, 16).ok()
        });
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| segment.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn found(method: Method, path: &str) -> (u8, Vec<String>) {
        let found = find(&method, path).unwrap_or_else(|refusal| panic!("{path}: {}", refusal.message));
        (found.endpoint.number, found.params)
    }

    #[test]
    fn the_table_has_the_contracts_53_calls_in_order() {
        let numbers: Vec<u8> = ENDPOINTS.iter().map(|endpoint| endpoint.number).filter(|number| *number > 0).collect();
        assert_eq!(numbers, (1..=53).collect::<Vec<_>>());
        let names: BTreeSet<_> = ENDPOINTS.iter().map(|endpoint| endpoint.operation.name).collect();
        assert_eq!(names.len(), 54);
    }

    #[test]
    fn one_segment_can_mean_two_things() {
        let id = "3F2504E04F8911D39A0C0305E82C3301AABBCCDD";
        let params = |last: &str| vec!["p".to_owned(), last.to_owned()];
        assert_eq!(found(Method::POST, "/p/scheduler/job/task"), (24, params("task")));
        assert_eq!(found(Method::GET, &format!("/p/scheduler/job/{id}")), (25, params(id)));
        assert_eq!(found(Method::DELETE, "/p/licenses/A%2FB%20C"), (51, params("A/B C")));
        assert_eq!(found(Method::PUT, "/admin-api/license"), (53, vec![]));
    }

    #[test]
    fn every_allow_is_written_out() {
        for endpoint in &ENDPOINTS {
            let path = endpoint.path;
            let segments: Vec<String> = path.trim_matches('/').split('/').map(str::to_owned).collect();
            let same = ENDPOINTS.iter().filter(|other| matched(other.path, &segments).is_some());
            let same: Vec<&str> = same.map(|other| other.method.as_str()).collect();
            assert_eq!(allow(&same), same.join(", "), "{path}");
        }
    }

    #[test]
    fn reserved_words_are_no_portals() {
        let refused = |method, path| find(&method, path).map(|_| ()).unwrap_err().cause;
        assert_eq!(refused(Method::GET, "/portals/settings"), Cause::Method("DELETE"));
        assert_eq!(refused(Method::GET, "/templates/settings"), Cause::Missing);
        assert_eq!(refused(Method::GET, "/p/nothing"), Cause::Missing);
        assert_eq!(refused(Method::GET, "//settings"), Cause::Missing);
    }

    #[test]
    fn keys_of_licences_are_not_shown() {
        assert_eq!(shown("/p/licenses/SECRET%2F1"), "/p/licenses/***");
        assert_eq!(shown("/p/licenses"), "/p/licenses");
    }
}
