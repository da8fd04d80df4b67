//! The `/_sim/` calls of this vendor: what its portal, its customers and its support staff would do.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use jiff::SignedDuration;
use serde_json::json;

use crate::base::secret::Secret;
use crate::myintranetapps::sim::options::Environment;
use crate::myintranetapps::sim::store::{Breakage, Change, ConnectionStatus, NewAccount};
use crate::myintranetapps::sim::{Installation, NoSuchAccount, Taken, key_of};
use crate::sim::control::{Complaint, Params, pretty};

/// What `GET /_sim/` says about these calls.
pub(super) const HELP: &str = "\
Calls for this vendor. ACCOUNT is a subdomain or an account key.

GET    /_sim/state                       accounts, connections, allowed sites
POST   /_sim/accounts                    make an account in the vendor's portal   subdomain=NAME [name=] [email_admin=]
                                         [package_id=] [active=] [type=] [domain=] [datashare=] [environment=] [password=]
POST   /_sim/accounts/ACCOUNT            change one behind the operator's back    [package_id=] [email_admin=] [active=]
                                         (or PATCH)                               [name=] [domain=] [subdomain=]
DELETE /_sim/accounts/ACCOUNT            remove one, as only the vendor can
POST   /_sim/strangers                   give a subdomain to another customer     subdomain=NAME
POST   /_sim/connections                 add an app connection                    account=ACCOUNT [integration=quickbooks]
                                         [property=] [environment=sandbox] [status=PENDING]
POST   /_sim/connections/break           let it fail                              account=ACCOUNT [integration=]
                                         [errors=N] [message=] [status=INACTIVE]
POST   /_sim/connections/mend            let it work again                        account=ACCOUNT [integration=]
POST   /_sim/clock                       move the clock on                        advanceSeconds=N
POST   /_sim/embed                       use up an embed token                    token=TOKEN

For instance:
  curl -X POST 'http://HOST:PORT/_sim/connections/break?account=generalco&errors=10'
  curl -X POST 'http://HOST:PORT/_sim/connections/mend?account=generalco'
";

/// The calls.
pub(super) fn router(installation: Installation) -> Router {
    Router::new()
        .route("/_sim/state", get(state))
        .route("/_sim/accounts", post(add_account))
        .route("/_sim/accounts/{account}", post(edit_account).patch(edit_account).delete(remove_account))
        .route("/_sim/strangers", post(add_stranger))
        .route("/_sim/connections", post(add_connection))
        .route("/_sim/connections/break", post(break_connections))
        .route("/_sim/connections/mend", post(mend_connections))
        .route("/_sim/clock", post(advance))
        .route("/_sim/embed", post(embed))
        .with_state(installation)
}

impl From<NoSuchAccount> for Complaint {
    fn from(error: NoSuchAccount) -> Self {
        Self::missing(error.to_string())
    }
}

impl From<Taken> for Complaint {
    fn from(error: Taken) -> Self {
        Self(StatusCode::CONFLICT, error.to_string())
    }
}

async fn state(State(installation): State<Installation>) -> Response {
    let store = installation.lock();
    let options = &store.options;
    let allowed = |(url, environment): &(String, Environment)| json!({ "url": url, "environment": environment });
    pretty(&json!({
        "rootDomain": options.root_domain,
        "now": store.now(),
        "accounts": store.accounts().collect::<Vec<_>>(),
        "connections": store.connections,
        "takenSubdomains": options.taken_subdomains,
        "allowedUrls": store.allowed_urls.iter().map(allowed).collect::<Vec<_>>(),
        "liveEmbedTokens": store.live_tokens(),
    }))
}

async fn add_account(State(installation): State<Installation>, mut params: Params) -> Result<Response, Complaint> {
    let mut new = NewAccount::new(params.required("subdomain")?);
    for (property, name) in [
        (&mut new.name, "name"),
        (&mut new.email_admin, "email_admin"),
        (&mut new.domain, "domain"),
        (&mut new.r#type, "type"),
    ] {
        if let Some(value) = params.text(name) {
            *property = value;
        }
    }
    new.package_id = params.text("package_id");
    new.active = params.flag("active")?.unwrap_or(new.active);
    new.datashare = params.flag("datashare")?.unwrap_or(new.datashare);
    new.environment = environment(&mut params)?;
    new.password = params.text("password").filter(|password| !password.is_empty()).map(Secret::new);
    params.finish()?;
    let mut store = installation.lock();
    if store.is_taken(&new.subdomain) {
        return Err(Taken(new.subdomain).into());
    }
    Ok(pretty(&store.add(new)))
}

async fn edit_account(
    State(installation): State<Installation>,
    Path(account): Path<String>,
    mut params: Params,
) -> Result<Response, Complaint> {
    let change = Change {
        package_id: params.text("package_id"),
        active: params.flag("active")?,
        email_admin: params.text("email_admin"),
        name: params.text("name"),
        domain: params.text("domain"),
        subdomain: params.text("subdomain"),
    };
    params.finish()?;
    let changed = installation.lock().change(&account, change);
    Ok(pretty(&changed.ok_or(NoSuchAccount(account))?))
}

async fn remove_account(
    State(installation): State<Installation>,
    Path(account): Path<String>,
) -> Result<Response, Complaint> {
    let removed = installation.lock().remove(&account);
    Ok(pretty(&removed.ok_or(NoSuchAccount(account))?))
}

async fn add_stranger(State(installation): State<Installation>, mut params: Params) -> Result<Response, Complaint> {
    let subdomain = params.required("subdomain")?;
    params.finish()?;
    let mut store = installation.lock();
    store.options.taken_subdomains.push(subdomain);
    Ok(pretty(&store.options.taken_subdomains))
}

async fn add_connection(State(installation): State<Installation>, mut params: Params) -> Result<Response, Complaint> {
    let account = params.required("account")?;
    let integration = params.text("integration").unwrap_or_else(|| "quickbooks".to_owned());
    let (property, environment, status) = (params.text("property"), environment(&mut params)?, status(&mut params)?);
    params.finish()?;
    let connection = installation.add_connection(&account, &integration, |connection| {
        connection.property = property.unwrap_or(std::mem::take(&mut connection.property));
        connection.environment = environment.unwrap_or(connection.environment);
        connection.status = status.unwrap_or(connection.status);
    })?;
    Ok(pretty(&connection))
}

async fn break_connections(
    State(installation): State<Installation>,
    mut params: Params,
) -> Result<Response, Complaint> {
    let account = params.required("account")?;
    let breakage = Breakage {
        integration: params.text("integration"),
        errors: params.parsed("errors")?,
        message: params.text("message"),
        status: status(&mut params)?,
    };
    params.finish()?;
    let mut store = installation.lock();
    let key = key_of(&store, &account)?;
    changed(store.break_connections(&key, &breakage))
}

async fn mend_connections(State(installation): State<Installation>, mut params: Params) -> Result<Response, Complaint> {
    let account = params.required("account")?;
    let integration = params.text("integration");
    params.finish()?;
    let mut store = installation.lock();
    let key = key_of(&store, &account)?;
    changed(store.mend_connections(&key, integration.as_deref()))
}

fn changed(count: usize) -> Result<Response, Complaint> {
    match count {
        0 => Err(Complaint::missing(
            "the account has no such connection; add one with POST /_sim/connections?account=ACCOUNT",
        )),
        count => Ok(pretty(&json!({ "changed": count }))),
    }
}

async fn advance(State(installation): State<Installation>, mut params: Params) -> Result<Response, Complaint> {
    let seconds =
        params.parsed("advanceSeconds")?.ok_or_else(|| Complaint::bad("the parameter advanceSeconds is missing"))?;
    params.finish()?;
    let mut store = installation.lock();
    store.advance(SignedDuration::from_secs(seconds));
    Ok(pretty(&json!({ "now": store.now() })))
}

async fn embed(State(installation): State<Installation>, mut params: Params) -> Result<Response, Complaint> {
    let token = params.required("token")?;
    params.finish()?;
    let opened = installation.lock().use_token(&token);
    let key = opened.ok_or_else(|| Complaint(StatusCode::GONE, "the token is unknown, used or too old".to_owned()))?;
    Ok(pretty(&json!({ "account_key": key })))
}

fn environment(params: &mut Params) -> Result<Option<Environment>, Complaint> {
    let known = |word: String| {
        Environment::of_word(&word).ok_or_else(|| Complaint::bad("environment is production or sandbox"))
    };
    params.text("environment").map(known).transpose()
}

fn status(params: &mut Params) -> Result<Option<ConnectionStatus>, Complaint> {
    let known = |word: String| {
        ConnectionStatus::of_word(&word.to_ascii_uppercase())
            .ok_or_else(|| Complaint::bad("status is ACTIVE, PENDING or INACTIVE"))
    };
    params.text("status").map(known).transpose()
}
