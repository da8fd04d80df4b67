//! The table of what the server serves, by profile.

use axum::http::Method;

use crate::adeptia::sim::answer::{Cause, Done, Refusal};
use crate::adeptia::sim::calls::{Call, imports, invitations, linkages, onboarding, partners, session, users};
use crate::adeptia::sim::options::Options;
use crate::adeptia::sim::options::server::{Profile, Server};
use crate::sim::exchange::Operation;
use crate::sim::journal::Intent;

/// One call.
pub(super) struct Endpoint {
    pub method: Method,
    /// Segments in braces stand for an id.
    pub path: &'static str,
    /// What the query must have for this to be the call that is meant: several share a path.
    pub query: Asks,
    pub profiles: &'static [Profile],
    pub operation: Operation,
    pub takes: Takes,
    pub run: fn(&mut Call<'_>) -> Result<Done, Refusal>,
}

/// What the query of a call says about which one is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    /// Nothing.
    Anything,
    /// That it is about one template: `isTemplate=true`, in the later profiles with `resourceIdentifier=transactiontemplate`.
    Template,
    /// That a user is to be deleted, and not only objects to be moved.
    Deletion,
}

/// What a call reads of its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing: a body is passed over.
    Nothing,
    /// A JSON object.
    Json,
    /// A JSON object, or nothing.
    MaybeJson,
    /// Parts of a form.
    Upload,
}

/// The query of a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(pub Vec<(String, String)>);

impl Query {
    /// The first value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.get(name) == Some(value)
    }
}

type Run = fn(&mut Call<'_>) -> Result<Done, Refusal>;

const ALL: &[Profile] = &[Profile::Legacy, Profile::Seed, Profile::Current];
const LEGACY: &[Profile] = &[Profile::Legacy];
const BEFORE_CURRENT: &[Profile] = &[Profile::Legacy, Profile::Seed];
const SINCE_SEED: &[Profile] = &[Profile::Seed, Profile::Current];
const CURRENT: &[Profile] = &[Profile::Current];

const fn read(path: &'static str, name: &'static str, run: Run) -> Endpoint {
    Endpoint {
        method: Method::GET,
        path,
        query: Asks::Anything,
        profiles: ALL,
        operation: Operation::read(name),
        takes: Takes::Nothing,
        run,
    }
}

const fn write(method: Method, path: &'static str, name: &'static str, takes: Takes, run: Run) -> Endpoint {
    Endpoint { method, path, query: Asks::Anything, profiles: ALL, operation: Operation::write(name), takes, run }
}

impl Endpoint {
    const fn of(mut self, profiles: &'static [Profile]) -> Self {
        self.profiles = profiles;
        self
    }

    const fn asking(mut self, query: Asks) -> Self {
        self.query = query;
        self
    }

    /// One that changes nothing, although its method says so.
    const fn harmless(mut self) -> Self {
        self.operation.intent = Intent::Read;
        self
    }

    fn is_served(&self, options: &Options) -> bool {
        let reads_partners = matches!(self.operation.name, "get_partner" | "list_partners");
        (options.server.any_paths || self.profiles.contains(&options.server.profile))
            && (options.answers.get_company || !reads_partners)
    }
}

const LINKAGES: &str = "/rest/templatepartnerlinkage";
const LINKAGE: &str = "/rest/templatepartnerlinkage/{id}";
const UPDATE_OWNER: &str = "/rest/users/updateowner";

/// The call that needs no token.
pub(super) const LOGIN: &str = "/rest/login/user";
/// A page that needs none either.
pub(super) const LOGIN_FORM: &str = "/login";
/// What may need none.
pub(super) const ABOUT: &str = "/rest/fetchproperties/aboutinformation";

/// All of them. Where several fit, the first one does.
pub(super) static ENDPOINTS: [Endpoint; 26] = {
    use Takes::{Json, MaybeJson, Nothing, Upload};
    const DELETE: Method = Method::DELETE;
    const POST: Method = Method::POST;
    const PUT: Method = Method::PUT;
    [
        write(POST, LOGIN, "login", Json, session::login).harmless(),
        write(POST, "/rest/invitation", "invite", Json, invitations::invite),
        write(POST, "/rest/users/createuser", "create_user", Json, invitations::create_user),
        write(POST, "/rest/users/import", "import_users", Upload, imports::start),
        read("/rest/users/checkthreadstatus", "get_import_status", imports::status),
        write(PUT, UPDATE_OWNER, "delete_user", MaybeJson, users::delete).asking(Asks::Deletion),
        write(PUT, UPDATE_OWNER, "move_objects", MaybeJson, users::move_objects),
        write(PUT, "/rest/users/activate/{id}", "activate_user", MaybeJson, users::activate),
        write(PUT, "/rest/users/deactivate/{id}", "deactivate_user", MaybeJson, users::deactivate),
        write(PUT, "/rest/users/{id}", "update_user", Json, users::update),
        read("/rest/user/{id}", "get_user", users::get),
        read("/rest/user", "list_users", users::list).of(BEFORE_CURRENT),
        read("/rest/users", "list_users", users::list).of(CURRENT),
        write(POST, "/rest/company", "create_partner", Json, partners::create),
        read("/rest/company", "list_partners", partners::list),
        write(POST, "/rest/company/enableSelfOnbaord", "convert_partner", Json, onboarding::convert),
        write(PUT, "/rest/company/deletepartner/{id}", "delete_partner", MaybeJson, partners::delete).of(SINCE_SEED),
        read("/rest/company/{id}", "get_partner", partners::get),
        write(PUT, "/rest/company/{id}", "update_partner", Json, partners::update),
        write(POST, "/rest/company/{id}", "move_partner", Json, partners::relocate).of(SINCE_SEED),
        write(DELETE, "/rest/company/{id}", "delete_partner", Nothing, partners::delete).of(LEGACY),
        write(POST, LINKAGES, "grant_template", Json, linkages::grant_one).asking(Asks::Template),
        write(POST, LINKAGES, "grant_all_templates", Json, linkages::grant_all),
        write(DELETE, LINKAGE, "revoke_template", Nothing, linkages::revoke_one).asking(Asks::Template),
        write(DELETE, LINKAGE, "revoke_all_templates", Nothing, linkages::revoke_all),
        read(ABOUT, "get_about", session::about),
    ]
};

/// The login form, which a redirect leads to.
pub(super) static FORM: Endpoint = read(LOGIN_FORM, "login_form", session::form);

/// A call that was found, and the texts in place of its segments in braces.
pub(super) struct Match {
    pub endpoint: &'static Endpoint,
    pub params: Vec<String>,
}

/// Finds the call for a method, a path and a query.
pub(super) fn find(options: &Options, method: &Method, path: &str, query: &Query) -> Result<Match, Refusal> {
    let server = &options.server;
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let mut others = Vec::new();
    for endpoint in ENDPOINTS.iter().chain([&FORM]).filter(|endpoint| endpoint.is_served(options)) {
        if let Some(params) = matched(endpoint.path, &segments) {
            if endpoint.method != *method {
                others.push(endpoint.method.as_str());
            } else if endpoint.query.fits(server, query) {
                return Ok(Match { endpoint, params });
            }
        }
    }
    others.sort_unstable();
    others.dedup();
    Err(match allow(&others) {
        None => Refusal::missing("there is no such path"),
        Some(allowed) => Refusal::new(Cause::Method(allowed), "this path has no such method"),
    })
}

impl Asks {
    fn fits(self, server: &Server, query: &Query) -> bool {
        let legacy = server.profile == Profile::Legacy;
        match self {
            Self::Anything => true,
            Self::Template if legacy => query.is("isTemplate", "true"),
            Self::Template => query.is("resourceIdentifier", "transactiontemplate"),
            Self::Deletion => query.is("deleteUser", "true"),
        }
    }
}

/// The value of `Allow`, as a text that lives long enough for a header; none for no method.
fn allow(methods: &[&str]) -> Option<&'static str> {
    Some(match methods {
        [] => return None,
        ["DELETE"] => "DELETE",
        ["GET"] => "GET",
        ["GET", "POST"] => "GET, POST",
        ["GET", "PUT"] => "GET, PUT",
        ["GET", "POST", "PUT"] => "GET, POST, PUT",
        ["DELETE", "PUT"] => "DELETE, PUT",
        ["DELETE", "POST", "PUT"] => "DELETE, POST, PUT",
        ["DELETE", "GET", "PUT"] => "DELETE, GET, PUT",
        ["DELETE", "GET", "POST", "PUT"] => "DELETE, GET, POST, PUT",
        ["POST"] => "POST",
        ["POST", "PUT"] => "POST, PUT",
        _ => "PUT",
    })
}

fn matched(pattern: &str, segments: &[&str]) -> Option<Vec<String>> {
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
            params.push((*segment).to_owned());
        } else if pattern != *segment {
            return None;
        }
    }
    Some(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(profile: Profile, any_paths: bool, get_company: bool) -> Options {
        let mut options = Options { server: Server { profile, any_paths, ..Server::default() }, ..Options::default() };
        options.answers.get_company = get_company;
        options
    }

    fn found(profile: Profile, method: Method, path: &str, query: &[(&str, &str)]) -> Result<&'static str, u16> {
        let options = options(profile, false, true);
        let query = Query(query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect());
        match find(&options, &method, path, &query) {
            Ok(found) => Ok(found.endpoint.operation.name),
            Err(Refusal { cause: Cause::Missing, .. }) => Err(404),
            Err(_) => Err(405),
        }
    }

    /// Trap 25: paths and verbs differ between the versions.
    #[test]
    fn each_profile_has_its_own_paths() {
        use Profile::{Current, Legacy, Seed};
        for (profile, user, users, delete, delete_by_put, relocate) in [
            (Legacy, Ok("list_users"), Err(404), Ok("delete_partner"), Err(404), Err(405)),
            (Seed, Ok("list_users"), Err(404), Err(405), Ok("delete_partner"), Ok("move_partner")),
            (Current, Err(404), Ok("list_users"), Err(405), Ok("delete_partner"), Ok("move_partner")),
        ] {
            let found = |method, path| found(profile, method, path, &[]);
            assert_eq!(found(Method::GET, "/rest/user"), user, "{profile:?}");
            assert_eq!(found(Method::GET, "/rest/users"), users, "{profile:?}");
            assert_eq!(found(Method::DELETE, "/rest/company/7"), delete, "{profile:?}");
            assert_eq!(found(Method::PUT, "/rest/company/deletepartner/7"), delete_by_put, "{profile:?}");
            assert_eq!(found(Method::POST, "/rest/company/7"), relocate, "{profile:?}");
            assert_eq!(found(Method::GET, "/rest/user/7"), Ok("get_user"), "{profile:?}");
        }
    }

    /// Traps 18 and 19: the query alone tells which call is meant, and without it the worse one is.
    #[test]
    fn a_lost_query_is_another_call() {
        const TEMPLATE: (&str, &str) = ("resourceIdentifier", "transactiontemplate");
        const ONE: (&str, &str) = ("isTemplate", "true");
        let seed = |method, path, query: &[_]| found(Profile::Seed, method, path, query);
        let legacy = |method, path, query: &[_]| found(Profile::Legacy, method, path, query);
        assert_eq!(seed(Method::DELETE, "/rest/templatepartnerlinkage/7", &[ONE, TEMPLATE]), Ok("revoke_template"));
        assert_eq!(seed(Method::DELETE, "/rest/templatepartnerlinkage/7", &[]), Ok("revoke_all_templates"));
        assert_eq!(seed(Method::POST, LINKAGES, &[ONE, TEMPLATE]), Ok("grant_template"));
        assert_eq!(seed(Method::POST, LINKAGES, &[]), Ok("grant_all_templates"));
        assert_eq!(legacy(Method::DELETE, "/rest/templatepartnerlinkage/7", &[ONE]), Ok("revoke_template"));
        assert_eq!(legacy(Method::POST, LINKAGES, &[TEMPLATE]), Ok("grant_all_templates"));
        assert_eq!(seed(Method::PUT, UPDATE_OWNER, &[("deleteUser", "true")]), Ok("delete_user"));
        assert_eq!(seed(Method::PUT, UPDATE_OWNER, &[]), Ok("move_objects"));
    }

    /// Trap 2: the path is misspelt, and the right spelling is another call.
    #[test]
    fn the_misspelt_path_is_the_real_one() {
        let seed = |path| found(Profile::Seed, Method::POST, path, &[]);
        assert_eq!(seed("/rest/company/enableSelfOnbaord"), Ok("convert_partner"));
        assert_eq!(seed("/rest/company/enableSelfOnboard"), Ok("move_partner"));
    }

    #[test]
    fn every_allow_is_written_out() {
        let yes_and_no = [false, true];
        for profile in [Profile::Legacy, Profile::Seed, Profile::Current] {
            for (any_paths, get_company) in yes_and_no.into_iter().flat_map(|any| yes_and_no.map(|get| (any, get))) {
                let options = options(profile, any_paths, get_company);
                for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.is_served(&options)) {
                    let found = find(&options, &Method::PATCH, endpoint.path, &Query::default());
                    let Err(Refusal { cause: Cause::Method(allowed), .. }) = found else { panic!("{}", endpoint.path) };
                    let allows = |method: &Method| allowed.split(", ").any(|allowed| allowed == method.as_str());
                    assert!(allows(&endpoint.method), "{}: {allowed}", endpoint.path);
                }
            }
        }
    }

    /// Partners that cannot be read are not missing: their path has other methods.
    #[test]
    fn partners_may_be_unreadable() {
        let options = options(Profile::Seed, false, false);
        for path in ["/rest/company", "/rest/company/7"] {
            let found = find(&options, &Method::GET, path, &Query::default());
            assert!(matches!(found, Err(Refusal { cause: Cause::Method(_), .. })), "{path}");
        }
    }
}
