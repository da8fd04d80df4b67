//! Every switch of the simulator: one for each thing that the vendor's documentation leaves open, or that an installation decides.

use std::collections::BTreeMap;
use std::fmt;

use clap::{ArgAction, Args, ValueEnum};
use serde::Serialize;

use crate::base::secret::{MASK, Secret};

const ROOT_DOMAIN: &str = "myintranetapps.com";
const USERNAME: &str = "api-admin";
const PASSWORD: &str = "correct-horse";
const API_KEY: &str = "sk_simulator000000.simulator0000000000000000";
const ACCOUNT_KEY: &str = "5a50d8fed44aa9.76285894";
const PACKAGE: &str = "1";
const MASTER: &str = "master";

/// How one simulated installation behaves. The defaults are the documented behaviour, or the likelier guess.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "How the installation behaves")]
pub struct Options {
    /// Domain under which accounts live; one per region: myintranetapps.com, myintranetapps.ca, bossinsights.uk
    #[arg(long, default_value = ROOT_DOMAIN, value_name = "DOMAIN")]
    pub root_domain: String,

    /// HTTP status of a failure: the one of the body, or always 200
    #[arg(long, value_enum, default_value_t)]
    pub error_transport: ErrorTransport,

    /// HTTP status and code for wrong credentials
    #[arg(long, value_enum, default_value_t = DeniedCode::C401)]
    pub denied_credentials: DeniedCode,

    /// HTTP status and code for right credentials with a missing or foreign Account-Key
    #[arg(long, value_enum, default_value_t = DeniedCode::C403)]
    pub denied_account_key: DeniedCode,

    /// Body of the 409 for a taken subdomain; a blank one comes with HTTP 409 whatever the error transport, or nothing would tell
    #[arg(long, value_enum, default_value_t)]
    pub conflict_body: ConflictBody,

    /// Code for an update, or an embed token, of an account that does not exist
    #[arg(long, value_enum, default_value_t)]
    pub unknown_key_update: UnknownKeyCode,

    /// Code for a custom domain that has no CNAME
    #[arg(long, value_enum, default_value_t)]
    pub missing_cname: MissingCnameCode,

    /// What an update does with properties that cannot be updated
    #[arg(long, value_enum, default_value_t)]
    pub extra_update_properties: Unexpected,

    /// What the status filter of connection health does with a value that is none of ACTIVE, PENDING, INACTIVE (upper case)
    #[arg(long, value_enum, default_value_t)]
    pub unknown_status_filter: Unexpected,

    /// Content-Type of the answers; they are JSON either way
    #[arg(long, value_enum, default_value_t)]
    pub content_type: ContentType,

    /// How status_code is written: 200 or "200"
    #[arg(long, value_enum, default_value_t)]
    pub status_code_style: NumberStyle,

    /// Whether inactive accounts stay in the list
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub list_inactive: bool,

    /// Whether the master account, whose key the caller sends, is in the list too
    #[arg(long, default_value_t = false, action = ArgAction::Set, value_name = "BOOL")]
    pub list_master: bool,

    /// How the list writes package_id: "93", 93, or "93" but null for accounts that were given no package
    #[arg(long, value_enum, default_value_t)]
    pub package_style: PackageStyle,

    /// How the list writes that an account has no custom domain: "" or null
    #[arg(long, value_enum, default_value_t)]
    pub no_domain: NoDomain,

    /// How a list without entries is written: [], {}, or its key left out
    #[arg(long, value_enum, default_value_t)]
    pub empty_list: EmptyList,

    /// How in_error_state is written: true (as in the documented example) or as a flag (as its text says)
    #[arg(long, value_enum, default_value_t)]
    pub error_state_style: ErrorStateStyle,

    /// How flags are written: "1" or 1
    #[arg(long, value_enum, default_value_t)]
    pub flag_style: FlagStyle,

    /// How last_sync_error_count is written: "3", 3 (either is null before the first error), or never: always null
    #[arg(long, value_enum, default_value_t)]
    pub count_style: CountStyle,

    /// How a time that never was is written: null or "0000-00-00 00:00:00"
    #[arg(long, value_enum, default_value_t)]
    pub never_style: NeverStyle,

    /// Add fields to the answers that the documentation does not have, such as the admin_url of a create
    #[arg(long)]
    pub extra_answer_fields: bool,

    /// Do each create, then cut the connection instead of answering; failed creates are answered
    #[arg(long)]
    pub lose_response_after_create: bool,

    /// Give each new account an ACTIVE quickbooks connection, as if its customer had consented at once
    #[arg(long, value_enum, value_name = "ENVIRONMENT")]
    pub seed_connections: Option<Environment>,

    /// Package of accounts that are created without one
    #[arg(long, default_value = PACKAGE, value_name = "ID")]
    pub default_package: String,

    /// Subdomain of the master account; taken like any other
    #[arg(long, default_value = MASTER, value_name = "NAME")]
    pub master_subdomain: String,

    /// A subdomain that belongs to another customer of the vendor: taken, and not in our list (may be repeated)
    #[arg(long = "taken-subdomain", value_name = "NAME")]
    pub taken_subdomains: Vec<String>,

    /// A custom domain whose CNAME exists; any other makes a create fail (may be repeated)
    #[arg(long = "known-cname", value_name = "DOMAIN")]
    pub known_cnames: Vec<String>,

    /// How long every request takes, in milliseconds
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub latency_ms: u64,

    /// The credentials it accepts. Last, because their help heading would go on over what follows.
    #[command(flatten)]
    pub credentials: Credentials,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            root_domain: ROOT_DOMAIN.to_owned(),
            error_transport: ErrorTransport::default(),
            denied_credentials: DeniedCode::C401,
            denied_account_key: DeniedCode::C403,
            conflict_body: ConflictBody::default(),
            unknown_key_update: UnknownKeyCode::default(),
            missing_cname: MissingCnameCode::default(),
            extra_update_properties: Unexpected::default(),
            unknown_status_filter: Unexpected::default(),
            content_type: ContentType::default(),
            status_code_style: NumberStyle::default(),
            list_inactive: true,
            list_master: false,
            package_style: PackageStyle::default(),
            no_domain: NoDomain::default(),
            empty_list: EmptyList::default(),
            error_state_style: ErrorStateStyle::default(),
            flag_style: FlagStyle::default(),
            count_style: CountStyle::default(),
            never_style: NeverStyle::default(),
            extra_answer_fields: false,
            lose_response_after_create: false,
            seed_connections: None,
            default_package: PACKAGE.to_owned(),
            master_subdomain: MASTER.to_owned(),
            taken_subdomains: Vec::new(),
            known_cnames: Vec::new(),
            latency_ms: 0,
            credentials: Credentials::default(),
        }
    }
}

impl Options {
    /// The defaults for another region's root domain. Installations share nothing.
    pub fn region(root_domain: impl Into<String>) -> Self {
        Self { root_domain: root_domain.into(), ..Self::default() }
    }
}

/// What the installation lets in: a user of its `admins` group, or an API key; always with the key of the master account.
#[derive(Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "What it lets in")]
pub struct Credentials {
    /// User name for HTTP Basic
    #[arg(long, default_value = USERNAME, value_name = "NAME")]
    pub username: String,

    /// Password of that user
    #[arg(long, default_value = PASSWORD, value_name = "PASSWORD")]
    pub password: String,

    /// API key, accepted as the user name with a blank password
    #[arg(long, default_value = API_KEY, value_name = "KEY")]
    pub api_key: String,

    /// Key of the master account, for the Account-Key header
    #[arg(long, default_value = ACCOUNT_KEY, value_name = "KEY")]
    pub account_key: String,
}

impl Default for Credentials {
    fn default() -> Self {
        let [username, password, api_key, account_key] = [USERNAME, PASSWORD, API_KEY, ACCOUNT_KEY].map(str::to_owned);
        Self { username, password, api_key, account_key }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .field("password", &MASK)
            .field("api_key", &MASK)
            .field("account_key", &MASK)
            .finish()
    }
}

impl Credentials {
    /// The user's credentials under the keys of a credentials Secret: `username`, `password`, `accountKey`.
    pub fn of_user(&self) -> BTreeMap<String, Secret> {
        secret_data([("username", &self.username), ("password", &self.password), ("accountKey", &self.account_key)])
    }
}

fn secret_data<const N: usize>(entries: [(&str, &String); N]) -> BTreeMap<String, Secret> {
    entries.map(|(key, value)| (key.to_owned(), Secret::new(value.as_str()))).into()
}

/// HTTP status of a failure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ErrorTransport {
    /// The same as the `status_code` of the body.
    #[default]
    Mirror,
    /// 200: only the body tells.
    #[value(name = "always200")]
    Always200,
}

/// The code for a caller who may not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DeniedCode {
    /// 401
    #[value(name = "401")]
    C401,
    /// 403
    #[value(name = "403")]
    C403,
}

/// Body of the answer to a create whose subdomain is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ConflictBody {
    /// The usual envelope.
    #[default]
    Json,
    /// Nothing, as in every copy of the documentation.
    Blank,
}

/// The code for an update of an account that does not exist.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum UnknownKeyCode {
    /// 404
    #[default]
    #[value(name = "404")]
    C404,
    /// 400
    #[value(name = "400")]
    C400,
}

/// The code for a create with a custom domain that has no CNAME.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum MissingCnameCode {
    /// 400
    #[default]
    #[value(name = "400")]
    C400,
    /// 422
    #[value(name = "422")]
    C422,
}

/// What to do with input that the documentation does not foresee.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Unexpected {
    /// Go on as if it were not there; as a filter, it matches nothing.
    #[default]
    Ignore,
    /// Refuse with 400.
    Refuse,
}

/// Content-Type of the answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ContentType {
    /// application/json
    #[default]
    #[value(name = "application/json")]
    Json,
    /// text/html, as PHP says when nobody sets it.
    #[value(name = "text/html")]
    Html,
}

/// How a number is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum NumberStyle {
    /// 200
    #[default]
    Number,
    /// "200"
    String,
}

/// How the list writes `package_id`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum PackageStyle {
    /// "93"
    #[default]
    String,
    /// 93
    Number,
    /// null for accounts that were given no package, "93" otherwise
    Null,
}

/// How the list writes that an account has no custom domain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum NoDomain {
    /// ""
    #[default]
    Blank,
    /// null
    Null,
}

/// How a list without entries is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum EmptyList {
    /// []
    #[default]
    Array,
    /// {}
    Object,
    /// not at all
    Missing,
}

/// How `in_error_state` is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ErrorStateStyle {
    /// true, false
    #[default]
    Boolean,
    /// 0 or 1, in the style of flags
    Flag,
}

/// How flags are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum FlagStyle {
    /// "1"
    #[default]
    String,
    /// 1
    Number,
}

/// How `last_sync_error_count` is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum CountStyle {
    /// "3"; null before the first error
    #[default]
    String,
    /// 3; null before the first error
    Number,
    /// null, whatever happened
    Null,
}

/// How a time that never was is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum NeverStyle {
    /// null
    #[default]
    Null,
    /// "0000-00-00 00:00:00"
    Zeros,
}

/// The environment of a connection, of an account or of an allowed site.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Real companies' data.
    #[default]
    Production,
    /// Made-up data of the app's vendor.
    Sandbox,
}

impl Environment {
    /// The vendor's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Sandbox => "sandbox",
        }
    }

    /// The environment of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Production, Self::Sandbox].into_iter().find(|environment| environment.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct CommandLine {
        #[command(flatten)]
        options: Options,
    }

    fn parse(arguments: &[&str]) -> Options {
        CommandLine::parse_from([&["sim"], arguments].concat()).options
    }

    #[test]
    fn an_empty_command_line_means_the_defaults() {
        assert_eq!(parse(&[]), Options::default());
    }

    #[test]
    fn switches_are_read() {
        let options = parse(&[
            "--error-transport=always200",
            "--list-inactive=false",
            "--denied-account-key=401",
            "--content-type=text/html",
            "--taken-subdomain=a",
            "--taken-subdomain=b",
            "--seed-connections=sandbox",
        ]);
        assert_eq!(options.error_transport, ErrorTransport::Always200);
        assert!(!options.list_inactive);
        assert_eq!(options.denied_account_key, DeniedCode::C401);
        assert_eq!(options.content_type, ContentType::Html);
        assert_eq!(options.taken_subdomains, ["a", "b"]);
        assert_eq!(options.seed_connections, Some(Environment::Sandbox));
    }

    #[test]
    fn secrets_stay_out_of_debug_output() {
        let text = format!("{:?}", Options::default());
        assert!([PASSWORD, API_KEY, ACCOUNT_KEY].iter().all(|secret| !text.contains(secret)));
    }
}
