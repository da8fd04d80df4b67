//! Switches of the installation: which version it is, who may come in, how long things take.

use clap::{ArgAction, Args, ValueEnum};

const COMPANY: &str = "Adeptia";

/// The installation.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "The server")]
pub struct Server {
    /// The generation of the API: which paths and methods there are
    #[arg(long, value_enum, default_value_t)]
    pub profile: Profile,

    /// Serve the paths of the other generations too
    #[arg(long)]
    pub any_paths: bool,

    /// Version that it tells; without it, one that fits the profile
    #[arg(long, value_name = "VERSION")]
    pub product_version: Option<String>,

    /// Name of the company itself, which is partner 1
    #[arg(long, default_value = COMPANY, value_name = "NAME")]
    pub company: String,

    /// A role that there is besides 1 to 6, by its id (may be repeated)
    #[arg(long = "role", value_name = "ID")]
    pub roles: Vec<u64>,

    /// How long a token is good for, in days
    #[arg(long, default_value_t = 30, value_name = "DAYS")]
    pub token_days: u32,

    /// Let each login end the tokens that the user had before
    #[arg(long)]
    pub one_token: bool,

    /// Whether the header ACCESS_TOKEN arrives; a proxy that drops names with an underscore loses it
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub accept_header: bool,

    /// Whether the token may come as a cookie
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub accept_cookie: bool,

    /// Answer to a call without a good token
    #[arg(long, value_enum, default_value_t)]
    pub denied: Denied,

    /// HTTP status for a wrong name or password
    #[arg(long, default_value_t = 401, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(400..600))]
    pub wrong_password_status: u16,

    /// Whether GET /rest/fetchproperties/aboutinformation needs a token
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub about_needs_token: bool,

    /// How many a list has without a limit in its query; 0 for all
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub default_limit: u32,

    /// How many a list has at most, whatever the limit in its query
    #[arg(long, value_name = "N")]
    pub max_limit: Option<u32>,

    /// How long an import of users takes, in seconds
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    pub import_delay: u32,

    /// Have granular access control: custom roles, and several roles in one cell of an import
    #[arg(long)]
    pub gac: bool,

    /// Authenticate in several modes, which rules out imports of users
    #[arg(long)]
    pub multi_mode_authentication: bool,

    /// Whether the edition has self-managed partners
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub self_managed_partners: bool,

    /// How long every request takes, in milliseconds
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub latency_ms: u32,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            profile: Profile::default(),
            any_paths: false,
            product_version: None,
            company: COMPANY.to_owned(),
            roles: Vec::new(),
            token_days: 30,
            one_token: false,
            accept_header: true,
            accept_cookie: true,
            denied: Denied::default(),
            wrong_password_status: 401,
            about_needs_token: true,
            default_limit: 1,
            max_limit: None,
            import_delay: 0,
            gac: false,
            multi_mode_authentication: false,
            self_managed_partners: true,
            latency_ms: 0,
        }
    }
}

impl Server {
    /// The version that it tells.
    pub fn version(&self) -> &str {
        self.product_version.as_deref().unwrap_or(match self.profile {
            Profile::Legacy => "2.7.1",
            Profile::Seed => "2.9.2",
            Profile::Current => "4.0.0",
        })
    }
}

/// A generation of the API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// Early 2.x: partners are deleted with DELETE, and no query has a resourceIdentifier.
    Legacy,
    /// Late 2019, as the vendor's page has it.
    #[default]
    Seed,
    /// 3.x and 4.0: users are listed at /rest/users.
    Current,
}

/// The answer to a call without a good token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Denied {
    /// 401
    #[default]
    Unauthorized,
    /// 200 with the login form
    LoginPage,
    /// 302 to the login form
    Redirect,
}
