//! The client of the MyIntranetApps Administration API: the calls it has, and the lists that all accounts of one AdminApi share.
//!
//! A call has succeeded when HTTP says 2xx **and** the body is a JSON object **and** its `status_code` is 200; where the two codes
//! differ, the one in the body that says no is believed (contract 1.4, trap 4). An answer of an unknown shape is a fault, and never
//! reads as "there are none". What a fault means for an account is not decided here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::base::access::Access;
use crate::base::endpoint::Endpoint;
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;
use crate::http::{
    Answer, Body, Bounds, Method, Patience, Request, SetupError, Shared, Transport, Url, basic_authorization,
    credential, parse_url,
};
use crate::myintranetapps::lists::{Accounts, Connections};
use crate::myintranetapps::wire::{
    Account, AccountUpdate, AccountsAnswer, ActionBody, Connection, ConnectionsAnswer, CreateBody, CreatedAccount,
    CreatedAnswer, Envelope, NewAccount, StatusFilter,
};

/// The vendor's name in metrics and logs.
pub const VENDOR: &str = "MyIntranetApps";

const SCRIPT: &str = "/app/api.php";

/// Every operation of the API that this client has. API keys (contract 2.7) are left out: their bodies are not known.
pub const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        operation: "create_account",
        method: "POST",
        path: "/app/api.php (no action)",
        write: true,
        driven_by: "TenantAccount",
        source: "2.1",
    },
    Endpoint {
        operation: "list_accounts",
        method: "POST",
        path: "/app/api.php action=list_accounts",
        write: false,
        driven_by: "TenantAccount",
        source: "2.2",
    },
    Endpoint {
        operation: "update_account",
        method: "POST",
        path: "/app/api.php action=update_account",
        write: true,
        driven_by: "TenantAccount",
        source: "2.3",
    },
    Endpoint {
        operation: "connection_health",
        method: "GET",
        path: "/app/api.php?action=connection_health",
        write: false,
        driven_by: "TenantAccount",
        source: "2.5",
    },
];

/// Where a MyIntranetApps Administration API is.
///
/// The credentials Secret needs the key `accountKey` (your own, the master account's key) and either `username` and `password`
/// (of a user in that account's `admins` group) or `apiKey`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// The admin address of your region, such as `https://admin.myintranetapps.com` (United States), `https://admin.myintranetapps.ca`
    /// (Canada) or `https://admin.bossinsights.uk` (United Kingdom), or your custom domain. `/app/api.php` is added unless it is
    /// there. It must be https, because credentials travel with each call; http is accepted for loopback addresses only.
    pub url: String,
}

impl Config {
    fn script(&self) -> Result<Url, SetupError> {
        let mut url = parse_url(&self.url)?;
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&if path.ends_with(SCRIPT) { path } else { path + SCRIPT });
        Ok(url)
    }
}

fn root_domain(url: &Url) -> Option<String> {
    let (first, root) = url.domain()?.split_once('.')?;
    (!first.is_empty() && root.contains('.')).then(|| root.to_owned())
}

/// A client with one set of credentials. Clones share connections, limits and lists.
#[derive(Clone)]
pub struct Client {
    transport: Transport,
    own_key: Secret,
    origin: String,
    root_domain: Option<String>,
    census: Arc<Census>,
    accounts: Shared<Accounts>,
    /// One list for each filter, by [`StatusFilter::index`].
    connections: Arc<[Shared<Connections>; StatusFilter::COUNT]>,
}

impl Client {
    /// A client for the API at `config` with the credentials of `access`. Calls nobody.
    ///
    /// # Errors
    /// When the address, a credential or the CA bundle is unusable; the error names it and says what to do.
    pub fn new(config: &Config, access: Access) -> Result<Self, SetupError> {
        let url = config.script()?;
        let root_domain = root_domain(&url);
        let origin = url.origin().ascii_serialization();
        let own_key = credential(&access, "accountKey").ok_or(SetupError::MissingCredential {
            key: "accountKey",
            way_out: "add your own (master) account key; the admin portal shows it under API/Developers > Embed, tab About",
        })?;
        let headers = [("Account-Key", own_key.clone()), ("Authorization", authorization(&access)?)];
        let transport =
            Transport::new(VENDOR, url, &access, &headers, Bounds::default()).map_err(|error| match error {
                SetupError::Credential { key: "Account-Key", problem } => {
                    SetupError::Credential { key: "accountKey", problem }
                }
                other => other,
            })?;
        Ok(Self {
            transport,
            own_key,
            origin,
            root_domain,
            census: Arc::default(),
            accounts: Shared::default(),
            connections: Arc::default(),
        })
    }

    /// The domain under which this installation's accounts have their host names, as far as the address tells it: `admin.` is taken
    /// off (contract 1.1). None for an address without a domain.
    pub fn root_domain(&self) -> Option<&str> {
        self.root_domain.as_deref()
    }

    /// The account whose key these credentials have, at the address that is called.
    pub fn realm(&self) -> Secret {
        Secret::new(format!("{}\n{}", self.origin, self.own_key.expose()))
    }

    /// Proves that the API is reachable and takes the credentials, by reading the accounts now. Every reader who wants the accounts
    /// as of an earlier instant is served by the same read.
    ///
    /// # Errors
    /// As [`Client::account_by`].
    pub async fn check(&self) -> Result<(), Fault> {
        self.account_by(Instant::now(), |_| ()).await
    }

    /// What `pick` takes from the accounts as they were at `fresh_after` or later (contract 2.2). Own creations and updates show at once.
    ///
    /// # Errors
    /// The fault of the read that this caller waited for. A list that cannot be read as a whole is [`Class::Broken`].
    pub async fn account_by<R>(&self, fresh_after: Instant, pick: impl FnOnce(&Accounts) -> R) -> Result<R, Fault> {
        let (transport, census) = (self.transport.clone(), self.census.clone());
        let fetch = move || async move { census.check(list_accounts(transport).await?) };
        self.accounts.read(fresh_after, fetch, pick).await
    }

    /// What `pick` takes from the connections of all accounts in these states, as they were at `fresh_after` or later (contract 2.5).
    ///
    /// # Errors
    /// As [`Client::account_by`].
    pub async fn connections<R>(
        &self,
        statuses: &StatusFilter,
        fresh_after: Instant,
        pick: impl FnOnce(&Connections) -> R,
    ) -> Result<R, Fault> {
        let (transport, statuses) = (self.transport.clone(), *statuses);
        let fetch =
            move || async move { Ok(connection_health(transport, None, statuses).await?.into_iter().collect()) };
        self.connections[statuses.index()].read(fresh_after, fetch, pick).await
    }

    /// The connections of one account in these states, read now and by themselves (contract 2.5, both filters). What it finds goes
    /// into the shared copy. An account that the vendor does not know has none.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn connections_of(&self, account_key: &str, statuses: &StatusFilter) -> Result<Vec<Connection>, Fault> {
        let begun = Instant::now();
        let mut rows = connection_health(self.transport.clone(), Some(account_key), *statuses).await?;
        rows.sort();
        let (key, found) = (account_key.to_owned(), rows.clone());
        self.connections[statuses.index()].refine(begun, move |all| all.replace(&key, found.clone()));
        Ok(rows)
    }

    /// Creates an account (contract 2.1). The vendor has no idempotency key: whoever calls must have looked for the subdomain first,
    /// and must look again when the outcome is unknown.
    ///
    /// # Errors
    /// [`Class::Taken`] when the subdomain is in use, by us or by anybody. [`Delivery::Unknown`] when the account may exist
    /// all the same, also when the vendor says so without telling its key.
    pub async fn create_account(&self, account: &NewAccount) -> Result<CreatedAccount, Fault> {
        let body = Body::json("create_account", &CreateBody::from(account))?;
        let mut request = Request::write("create_account", Method::POST).body(body);
        request.secrets.extend(account.password.clone());
        let outcome = self.transport.send(request, read_created).await;
        let created = self.known(outcome)?.into_created(&account.subdomain);
        let row = Account {
            key: created.account_key.clone(),
            name: created.name.clone().unwrap_or_else(|| account.name.clone()),
            subdomain: created.subdomain.clone(),
            domain: account.domain.clone().filter(|domain| !domain.is_empty()),
            package_id: account.package_id.clone(),
            email_admin: Some(created.admin_email.clone().unwrap_or_else(|| account.email_admin.clone())),
        };
        self.accounts.amend(move |accounts| accounts.add(row.clone()));
        Ok(created)
    }

    /// Changes an account (contract 2.3). Repeating it does no harm.
    ///
    /// # Errors
    /// [`Class::Refused`], not sent, for the account that we log in with: switching it off would lock us out.
    /// [`Class::Missing`] or [`Class::Refused`] when the vendor does not know the key.
    pub async fn update_account(&self, update: &AccountUpdate) -> Result<(), Fault> {
        if update.account_key() == self.own_key.expose() {
            let detail = "this is the account that we log in with, which is never changed";
            return Err(Fault::new(Class::Refused, "update_account", detail).with_delivery(Delivery::NotSent));
        }
        let body = Body::json("update_account", &ActionBody::from(update))?;
        let request = Request::write("update_account", Method::POST).body(body);
        let outcome = self.transport.send(request, |answer| succeeded(answer).map(|_| ())).await;
        self.known(outcome)?;
        match update.change().active {
            // The list may hide what is inactive (contract 2.2): only a new one shows what was switched on.
            Some(true) => self.accounts.invalidate(),
            Some(false) => self.census.one_less(),
            None => {}
        }
        let update = update.clone();
        self.accounts.amend(move |accounts| accounts.apply(&update));
        Ok(())
    }

    /// Passes an outcome of a write on. After an unknown one the copy may lack what the vendor has done.
    fn known<T>(&self, outcome: Result<T, Fault>) -> Result<T, Fault> {
        if matches!(&outcome, Err(fault) if fault.delivery == Delivery::Unknown) {
            self.accounts.invalidate();
        }
        outcome
    }
}

fn authorization(access: &Access) -> Result<Secret, SetupError> {
    let (username, api_key) = (credential(access, "username"), credential(access, "apiKey"));
    // A password may begin or end with blanks; only the line end of its file does not belong to it.
    let password = access.credentials.get("password").map(|secret| secret.expose().trim_end_matches(['\r', '\n']));
    match (username, password.filter(|password| !password.is_empty()), api_key) {
        (None, None, Some(key)) => Ok(basic_authorization(key.expose(), "")),
        (_, _, Some(_)) => Err(SetupError::Credential {
            key: "apiKey",
            problem: "there is a username or a password beside it; keep one or the other",
        }),
        (Some(name), Some(_), None) if name.expose().contains(':') => Err(SetupError::Credential {
            key: "username",
            problem: "it holds a colon, which HTTP Basic authentication cannot carry",
        }),
        (Some(name), Some(password), None) => Ok(basic_authorization(name.expose(), password)),
        (None, _, None) => Err(SetupError::MissingCredential {
            key: "username",
            way_out: "add username and password of a user in the admins group, or apiKey instead",
        }),
        (Some(_), None, None) => Err(SetupError::MissingCredential {
            key: "password",
            way_out: "add the password of the user in username, or replace both by apiKey",
        }),
    }
}

fn read_created(answer: &Answer) -> Result<CreatedAnswer, Fault> {
    succeeded(answer)?.json()
}

/// How many accounts the list had when it was read last. The vendor has no paging and no total, so a list that is cut short reads like one from
/// which accounts are gone; that is believed when the vendor says it twice.
#[derive(Default)]
struct Census {
    known: AtomicUsize,
    doubted: AtomicUsize,
}

impl Census {
    /// As many may vanish at once without a doubt; or a tenth of all.
    const SOME: usize = 5;

    fn check(&self, accounts: Accounts) -> Result<Accounts, Fault> {
        let (before, now) = (self.known.load(Ordering::Relaxed), accounts.len());
        let lost = before.saturating_sub(now);
        if lost > Self::SOME.max(before / 10) && self.doubted.swap(now + 1, Ordering::Relaxed) != now + 1 {
            let detail = format!(
                "{lost} of {before} accounts are missing from the list; that is believed once the next list agrees"
            );
            return Err(Fault::new(Class::Broken, "list_accounts", detail));
        }
        self.known.store(now, Ordering::Relaxed);
        Ok(accounts)
    }

    fn one_less(&self) {
        let less = |known: usize| Some(known.saturating_sub(1));
        // The closure never declines, so neither does this.
        let _ = self.known.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

async fn list_accounts(transport: Transport) -> Result<Accounts, Fault> {
    let body = Body::json("list_accounts", &ActionBody::ListAccounts)?;
    let request = Request::read("list_accounts", Method::POST).body(body).patience(Patience::List);
    transport.send(request, read_accounts).await
}

fn read_accounts(answer: &Answer) -> Result<Accounts, Fault> {
    Ok(succeeded(answer)?.json::<AccountsAnswer>()?.accounts.into_iter().collect())
}

async fn connection_health(
    transport: Transport,
    account_key: Option<&str>,
    statuses: StatusFilter,
) -> Result<Vec<Connection>, Fault> {
    let mut request =
        Request::read("connection_health", Method::GET).query("action", "connection_health").patience(Patience::List);
    if let Some(key) = account_key {
        request = request.query("account_key", key);
    }
    if let Some(words) = statuses.parameter() {
        request = request.query("statuses", words);
    }
    transport.send(request, |answer| read_connections(answer, account_key, statuses)).await
}

fn read_connections(
    answer: &Answer,
    account_key: Option<&str>,
    statuses: StatusFilter,
) -> Result<Vec<Connection>, Fault> {
    let body: ConnectionsAnswer = succeeded(answer)?.json()?;
    if body.contradicts_itself() {
        return Err(answer.fault(Class::Broken, "the answer counts connections and has none"));
    }
    // A filter that the vendor overlooked must not show one account what belongs to another.
    let wanted =
        |row: &Connection| statuses.admits(&row.status) && account_key.is_none_or(|key| key == row.account_key);
    Ok(body.into_connections(|text, limit| answer.quote(text, limit)).filter(wanted).collect())
}

fn envelope(answer: &Answer) -> Option<Envelope> {
    if answer.is_object() { answer.json().ok() } else { None }
}

/// The same answer, when it says that the call has succeeded.
fn succeeded(answer: &Answer) -> Result<&Answer, Fault> {
    let Some(envelope) = envelope(answer) else {
        return Err(if answer.is_success() {
            answer.fault(Class::Broken, "the answer is not a JSON object; is the URL that of the Administration API?")
        } else {
            answer.rejection(answer.status(), None)
        });
    };
    match envelope.code() {
        Some(200) if answer.is_success() => Ok(answer),
        Some(200) => Err(answer.rejection(answer.status(), envelope.message())),
        Some(code) => Err(answer.rejection(code, envelope.message())),
        None if answer.is_success() => Err(answer.fault(Class::Broken, "the answer has no status_code")),
        None => Err(answer.rejection(answer.status(), envelope.message())),
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
