//! What each action of the script does, and what it answers.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::base::secret::Secret;
use crate::myintranetapps::sim::answer::{self, Done, Refusal};
use crate::myintranetapps::sim::input::{Input, missing};
use crate::myintranetapps::sim::options::{Environment, MissingCnameCode, Options, Unexpected, UnknownKeyCode};
use crate::myintranetapps::sim::store::{Account, Change, Connection, ConnectionStatus, NewAccount, Store};

/// What an update may carry; anything else is not foreseen.
const UPDATE_PROPERTIES: [&str; 5] = ["action", "account_key", "package_id", "active", "email_admin"];

/// Creates an account. Its subdomain must be free among all customers of the installation, and stays taken for good.
pub(super) fn create_account(store: &mut Store, input: &Input) -> Result<Done, Refusal> {
    let new = new_account(input)?;
    let options = &store.options;
    if !new.domain.is_empty() && !options.known_cnames.iter().any(|known| known.eq_ignore_ascii_case(&new.domain)) {
        let code = if options.missing_cname == MissingCnameCode::C400 { 400 } else { 422 };
        return Err(Refusal::new(code, "No CNAME entry was found for domain"));
    }
    if store.is_taken(&new.subdomain) {
        return Err(Refusal::new(409, "Subdomain is already in use"));
    }
    let account = store.add(new);
    let host = format!("{}.{}", account.subdomain, store.options.root_domain);
    // One of the vendor's samples reads it, and no page mentions it.
    let admin_url = store.options.extra_answer_fields.then(|| ("admin_url", json!(format!("https://{host}/admin"))));
    let answer = [
        ("account_key", json!(account.key)),
        ("subdomain", json!(account.subdomain)),
        ("account_domain", json!(host)),
        ("name", json!(account.name)),
        // The other way round than the request's property.
        ("admin_email", json!(account.email_admin)),
    ];
    Ok(Done {
        lose: store.options.lose_response_after_create,
        ..Done::new("Account successfully created", answer.into_iter().chain(admin_url))
    })
}

fn new_account(input: &Input) -> Result<NewAccount, Refusal> {
    let password = input.text("password")?.ok_or_else(|| missing("password"))?;
    Ok(NewAccount {
        name: input.required_text("name")?,
        subdomain: input.subdomain()?,
        domain: input.text("domain")?.unwrap_or_default(),
        package_id: input.package_id()?,
        email_admin: input.email_admin()?.ok_or_else(|| missing("email_admin"))?,
        active: input.flag("active")?.ok_or_else(|| missing("active"))?,
        r#type: input.account_type()?,
        datashare: input.flag("datashare")?.unwrap_or(false),
        first_name: input.text("first_name")?,
        last_name: input.text("last_name")?,
        environment: input.environment()?,
        // Blank does not mean "make one up": it means that nobody logs in with it.
        password: (!password.is_empty()).then(|| Secret::new(password)),
    })
}

/// The whole list; there is no paging.
pub(super) fn list_accounts(store: &Store) -> Done {
    let options = &store.options;
    let row = |name: &str, key: &str, subdomain: &str, domain: &str, package: Value, email: &str| {
        json!({
            "name": name,
            "key": key,
            "subdomain": subdomain,
            "domain": answer::domain(options, domain),
            "package_id": package,
            "email_admin": email,
        })
    };
    let of_account = |account: &Account| {
        let Account { name, key, subdomain, domain, email_admin, .. } = account;
        row(name, key, subdomain, domain, answer::package(options, account.package_id.as_ref()), email_admin)
    };
    let master = options.list_master.then(|| {
        let (key, email) = (&options.credentials.account_key, format!("admin@{}", options.root_domain));
        row("Master account", key, &options.master_subdomain, "", answer::package(options, None), &email)
    });
    let listed = store.accounts().filter(|account| account.active || options.list_inactive).map(of_account);
    let accounts = answer::list(options, "accounts", master.into_iter().chain(listed).collect());
    Done::new("Accounts list successfully generated", accounts)
}

/// Changes what can be changed of one account, and leaves alone what is not mentioned.
pub(super) fn update_account(store: &mut Store, input: &Input) -> Result<Done, Refusal> {
    let key = input.required_text("account_key")?;
    let extra = input.names().find(|name| !UPDATE_PROPERTIES.contains(name));
    if let Some(name) = extra
        && store.options.extra_update_properties == Unexpected::Refuse
    {
        return Err(Refusal::bad(format!("{name} cannot be updated")));
    }
    let (package_id, active, email_admin) = (input.package_id()?, input.flag("active")?, input.email_admin()?);
    let change = Change { package_id, active, email_admin, ..Change::default() };
    if change == Change::default() {
        return Err(Refusal::bad("At least one of package_id, active, email_admin is required"));
    }
    if store.by_key(&key).is_none() {
        return Err(unknown_key(&store.options));
    }
    store.change(&key, change);
    Ok(Done::new("Account successfully updated", [("account_key", json!(key))]))
}

fn unknown_key(options: &Options) -> Refusal {
    let code = if options.unknown_key_update == UnknownKeyCode::C404 { 404 } else { 400 };
    Refusal::new(code, "Account not found")
}

/// The connections of all accounts, or of those that both filters let through. An unknown account has none.
pub(super) fn connection_health(
    store: &Store,
    account_key: Option<&str>,
    statuses: Option<&str>,
) -> Result<Done, Refusal> {
    let statuses = statuses.map(|list| list.split(',').map(ConnectionStatus::of_word).collect::<Vec<_>>());
    if store.options.unknown_status_filter == Unexpected::Refuse && statuses.iter().flatten().any(Option::is_none) {
        return Err(Refusal::bad("statuses must be ACTIVE, PENDING or INACTIVE"));
    }
    let fits = |connection: &&Connection| {
        account_key.is_none_or(|key| key == connection.account_key)
            && statuses.as_ref().is_none_or(|statuses| statuses.contains(&Some(connection.status)))
    };
    // Looked up once for all: with thousands of accounts, a search for each connection would make this call crawl.
    let names: HashMap<_, _> = store.accounts().map(|account| (account.key.as_str(), account.name.as_str())).collect();
    let row = |connection: &Connection| {
        health(&store.options, connection, names.get(connection.account_key.as_str()).copied())
    };
    let connections: Vec<_> = store.connections.iter().filter(fits).map(row).collect();
    let count = ("count", json!(connections.len()));
    let list = answer::list(&store.options, "connections", connections);
    Ok(Done::new("Connection health generated", [count].into_iter().chain(list)))
}

fn health(options: &Options, connection: &Connection, name: Option<&str>) -> Value {
    let date = |time| answer::date(options, time);
    json!({
        "integration": connection.integration,
        "property": connection.property,
        "expires": date(Some(connection.expires)),
        "created": date(Some(connection.created)),
        "status": connection.status.word(),
        "environment": connection.environment.word(),
        "last_sync": date(connection.last_sync),
        "last_sync_error": date(connection.last_sync_error),
        "last_sync_error_count": answer::error_count(options, connection.last_sync_error_count),
        "last_sync_error_message": connection.last_sync_error_message,
        "active": connection.status == ConnectionStatus::Active,
        "name": name,
        "account_key": connection.account_key,
        "in_error_state": answer::error_state(options, connection.in_error_state),
    })
}

/// A token to embed one account, or the master account when none is named.
pub(super) fn embed_token(store: &mut Store, account_key: Option<&str>) -> Result<Done, Refusal> {
    let master = store.options.credentials.account_key.clone();
    let key = account_key.unwrap_or(&master);
    if key != master && store.by_key(key).is_none() {
        return Err(unknown_key(&store.options));
    }
    let token = store.new_token(key).ok_or_else(|| Refusal::new(500, "No token could be made"))?;
    Ok(Done::new("Embed token generated", [("token", json!(token.expose()))]))
}

/// Lets a site embed the widgets.
pub(super) fn allow_url(store: &mut Store, input: &Input) -> Result<Done, Refusal> {
    let url = input.required_text("url")?;
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    if host.is_none_or(str::is_empty) {
        return Err(Refusal::bad("url must be an http or https address"));
    }
    let environment = input.environment()?.unwrap_or(Environment::Production);
    store.allowed_urls.insert((url, environment));
    Ok(Done::new("URL successfully allowed", []))
}
