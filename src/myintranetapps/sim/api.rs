//! The vendor's one script, `/app/api.php`: who may come in, and which action is asked for.

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};

use crate::myintranetapps::sim::Installation;
use crate::myintranetapps::sim::actions;
use crate::myintranetapps::sim::answer::{Done, Refusal, respond};
use crate::myintranetapps::sim::input::Input;
use crate::myintranetapps::sim::options::{DeniedCode, Options};
use crate::myintranetapps::sim::store::Store;
use crate::sim::basic;
use crate::sim::exchange::{Asked, Operation};

/// Where the script lives.
pub(super) const SCRIPT: &str = "/app/api.php";

/// The actions of the contract, and the simulator's words for what is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Create,
    List,
    Update,
    Health,
    EmbedToken,
    AllowUrl,
    /// An action that does not exist, or a body that cannot be read. A write as far as anyone can tell, when it came by POST.
    Unknown {
        write: bool,
    },
}

impl Action {
    /// The action of a call: by the body's `action` for POST, where none means create, and by the query's for GET.
    fn of(method: &Method, query: &Params, body: &[u8]) -> Self {
        if method != Method::POST {
            return match query.get("action") {
                Some("connection_health") if method == Method::GET => Self::Health,
                Some("embed_token") if method == Method::GET => Self::EmbedToken,
                _ => Self::Unknown { write: false },
            };
        }
        let Ok(input) = Input::parse(body) else {
            return Self::Unknown { write: true };
        };
        match input.action().map(|action| action.as_str().unwrap_or_default()) {
            None => Self::Create,
            Some("list_accounts") => Self::List,
            Some("update_account") => Self::Update,
            Some("allow_url") => Self::AllowUrl,
            Some(_) => Self::Unknown { write: true },
        }
    }

    fn operation(self) -> Operation {
        match self {
            Self::Create => Operation::write("create_account"),
            Self::List => Operation::read("list_accounts"),
            Self::Update => Operation::write("update_account"),
            Self::Health => Operation::read("connection_health"),
            // It makes something that opens an account to its bearer, though it comes by GET.
            Self::EmbedToken => Operation::write("embed_token"),
            Self::AllowUrl => Operation::write("allow_url"),
            Self::Unknown { write: true } => Operation::write("unknown"),
            Self::Unknown { write: false } => Operation::read("unknown"),
        }
    }
}

/// The parameters of a query string; the last one of a name counts, as in PHP.
#[derive(Default)]
struct Params(Vec<(String, String)>);

impl Params {
    fn of(uri: &Uri) -> Self {
        Query::try_from_uri(uri).map(|Query(pairs)| Self(pairs)).unwrap_or_default()
    }

    /// A parameter that is there and not blank.
    fn get(&self, name: &str) -> Option<&str> {
        let named = self.0.iter().rev().find(|(key, _)| key == name);
        named.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// Names what a request asks for.
pub(super) fn operation(asked: &Asked<'_>) -> Operation {
    let known = asked.path == SCRIPT && (asked.method == Method::GET || asked.method == Method::POST);
    if !known {
        let harmless = asked.method == Method::GET || asked.method == Method::HEAD;
        return Action::Unknown { write: !harmless }.operation();
    }
    let uri: Uri = format!("/?{}", asked.query).parse().unwrap_or_default();
    Action::of(asked.method, &Params::of(&uri), asked.body).operation()
}

/// Answers a GET or a POST of the script.
pub(super) async fn script(
    State(installation): State<Installation>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut store = installation.lock();
    let query = Params::of(&uri);
    let action = Action::of(&method, &query, &body);
    let result = admit(&store.options, &headers).and_then(|()| perform(&mut store, action, &query, &body));
    respond(&store.options, result)
}

/// Any other path: the web server answers, not the script.
pub(super) async fn not_found() -> Response {
    (StatusCode::NOT_FOUND, Html("<html><body><h1>Not Found</h1></body></html>\n")).into_response()
}

fn perform(store: &mut Store, action: Action, query: &Params, body: &[u8]) -> Result<Done, Refusal> {
    match action {
        Action::Create => actions::create_account(store, &Input::parse(body)?),
        Action::List => Ok(actions::list_accounts(store)),
        Action::Update => actions::update_account(store, &Input::parse(body)?),
        Action::AllowUrl => actions::allow_url(store, &Input::parse(body)?),
        Action::Health => actions::connection_health(store, query.get("account_key"), query.get("statuses")),
        Action::EmbedToken => actions::embed_token(store, query.get("account_key")),
        Action::Unknown { write } => {
            // A POST whose body cannot be read is told that rather than that its action is unknown.
            if write {
                Input::parse(body)?;
            }
            Err(Refusal::bad("Unknown action"))
        }
    }
}

fn admit(options: &Options, headers: &HeaderMap) -> Result<(), Refusal> {
    let accepted = &options.credentials;
    let known = basic::credentials(headers).is_some_and(|basic| {
        let pair = (basic.user.as_str(), basic.password.expose());
        pair == (&accepted.username, &accepted.password) || pair == (&accepted.api_key, "")
    });
    let code = |denied| if denied == DeniedCode::C401 { 401 } else { 403 };
    if !known {
        return Err(Refusal::new(code(options.denied_credentials), "Invalid credentials"));
    }
    let account = headers.get("account-key").map(HeaderValue::as_bytes);
    if account == Some(accepted.account_key.as_bytes()) {
        Ok(())
    } else {
        Err(Refusal::new(code(options.denied_account_key), "Invalid account key"))
    }
}
