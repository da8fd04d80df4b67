//! Switches of the installation: which domains are there, what their users may do, how long things take.

use clap::{ArgAction, Args};

const CLIENT_DOMAIN: &str = "acme.example";

/// The installation.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "The server")]
pub struct Server {
    /// The client domain that is there from the start; its owner's login is owner@NAME
    #[arg(long, default_value = CLIENT_DOMAIN, value_name = "NAME")]
    pub client_domain: String,

    /// Another client domain that is there from the start, with an owner of its own (may be repeated)
    #[arg(long = "domain", value_name = "NAME")]
    pub domains: Vec<String>,

    /// A permission that owners of domains lack (may be repeated); they have all others
    #[arg(long = "owner-lacks", value_name = "PERMISSION")]
    pub owner_lacks: Vec<String>,

    /// A permission that new users have (may be repeated)
    #[arg(long = "new-user-permission", value_name = "PERMISSION")]
    pub new_user_permissions: Vec<String>,

    /// A permission that is valid beside the five known ones (may be repeated)
    #[arg(long = "permission", value_name = "PERMISSION")]
    pub more_permissions: Vec<String>,

    /// How long a temporary token is good for, in seconds
    #[arg(long, default_value_t = 3600, value_name = "SECONDS")]
    pub temporary_token_seconds: u32,

    /// Whether there is /admin/twitter; the page that describes it is younger than the rest
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub twitter: bool,

    /// How long trying out a mailbox takes with --validate-mailbox=delay, in milliseconds
    #[arg(long, default_value_t = 300, value_name = "MS")]
    pub validation_ms: u32,

    /// How long every request takes, in milliseconds
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub latency_ms: u32,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            client_domain: CLIENT_DOMAIN.to_owned(),
            domains: Vec::new(),
            owner_lacks: Vec::new(),
            new_user_permissions: Vec::new(),
            more_permissions: Vec::new(),
            temporary_token_seconds: 3600,
            twitter: true,
            validation_ms: 300,
            latency_ms: 0,
        }
    }
}
