//! Switches of the installation: what is there at first, where it answers, who may come in, how long things take.

use clap::{ArgAction, Args, ValueEnum};

const VERSION: &str = "12.1.5";

/// The installation.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "The server")]
pub struct Server {
    /// A portal that is there from the start, by its technical name (may be repeated)
    #[arg(long = "portal", value_name = "NAME")]
    pub portals: Vec<String>,

    /// Version that the portals tell
    #[arg(long, default_value = VERSION, value_name = "VERSION")]
    pub intrexx_version: String,

    /// Answer only below this path, as behind a reverse proxy, such as /irma; it is part of the URL
    #[arg(long, default_value = "", value_name = "PATH")]
    pub base_path: String,

    /// Answer every call with 301 to the same path below this prefix, and serve it there
    #[arg(long, value_name = "PREFIX")]
    pub redirect: Option<String>,

    /// Be the vendor's container deployment, which refuses /portals and /templates, with this status
    #[arg(long, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(400..600))]
    pub containers: Option<u16>,

    /// Start without a licence of the Administration API: nothing works but POST /auth and PUT /admin-api/license
    #[arg(long)]
    pub unlicensed: bool,

    /// HTTP status of what needs that licence: 403 or 402
    #[arg(long, default_value_t = 403, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(401..500))]
    pub unlicensed_status: u16,

    /// Whether there is PUT /admin-api/license; there is from Intrexx 11
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub license_endpoint: bool,

    /// Whether portal names differ by case, as they do on Linux and not on Windows
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub case_sensitive_names: bool,

    /// How long a token is good for, in seconds
    #[arg(long, default_value_t = 3600, value_name = "SECONDS")]
    pub token_seconds: u32,

    /// How many calls of POST /auth one address may make in a minute
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub auth_limit: u32,

    /// Whether the 429 for too many of them has a Retry-After
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub retry_after: bool,

    /// When POST /portals answers, and what
    #[arg(long, value_enum, default_value_t)]
    pub create_answer: CreateAnswer,

    /// How long creating a portal takes, in seconds
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    pub create_seconds: u32,

    /// Whether the Administration API can work with a portal as soon as it is created
    #[arg(long, value_enum, default_value_t)]
    pub new_portals: NewPortals,

    /// How long GET tells the old values after a PUT or PATCH, in milliseconds, as in a distributed portal
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub read_lag_ms: u32,

    /// How long an executed job runs, in seconds
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    pub job_seconds: u32,

    /// How long a mail service takes to start or stop, in seconds
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    pub mail_transition_seconds: u32,

    /// Size of what the diagnosis zip holds, in bytes
    #[arg(long, default_value_t = 4096, value_name = "BYTES")]
    pub diagnosis_bytes: u32,

    /// The largest upload taken, in bytes; a larger one gets 413
    #[arg(long, default_value_t = 64 << 20, value_name = "BYTES")]
    pub upload_limit: u32,

    /// How long every request takes, in milliseconds
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub latency_ms: u32,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            portals: Vec::new(),
            intrexx_version: VERSION.to_owned(),
            base_path: String::new(),
            redirect: None,
            containers: None,
            unlicensed: false,
            unlicensed_status: 403,
            license_endpoint: true,
            case_sensitive_names: true,
            token_seconds: 3600,
            auth_limit: 50,
            retry_after: true,
            create_answer: CreateAnswer::default(),
            create_seconds: 0,
            new_portals: NewPortals::default(),
            read_lag_ms: 0,
            job_seconds: 0,
            mail_transition_seconds: 0,
            diagnosis_bytes: 4096,
            upload_limit: 64 << 20,
            latency_ms: 0,
        }
    }
}

impl Server {
    /// The base path as it stands in URLs: blank, or with a slash before and none behind.
    pub fn base(&self) -> String {
        prefix(&self.base_path)
    }

    /// Where calls are redirected to, as it stands in URLs; none when they are not.
    pub fn redirected(&self) -> Option<String> {
        self.redirect.as_deref().map(prefix).filter(|prefix| !prefix.is_empty())
    }
}

fn prefix(path: &str) -> String {
    let path = path.trim_matches('/');
    if path.is_empty() { String::new() } else { format!("/{path}") }
}

/// When and how `POST /portals` answers. The portal is made in each case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum CreateAnswer {
    /// With 201 when the portal is made.
    #[default]
    Created,
    /// With 202 at once; the list shows it as CREATING until it is made.
    Accepted,
    /// Never: the connection is cut when the portal is made.
    Never,
}

/// Whether the Administration API can work with a portal that was just created.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum NewPortals {
    /// At once.
    #[default]
    Known,
    /// Only after its own restart; until then its calls get 404.
    AfterRestart,
}
