//! Switches of conduct: what the server does where several things are thinkable.

use clap::{ArgAction, Args, ValueEnum};

/// The conduct of the server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "How it behaves")]
pub struct Behaviour {
    /// What a PUT, POST or PATCH does with keys that it does not know, or that cannot be written
    #[arg(long, value_enum, default_value_t)]
    pub unknown_keys: UnknownKeys,

    /// Read JSON with trailing commas, as the vendor's own sample sends it
    #[arg(long)]
    pub lenient_json: bool,

    /// Refuse JSON that is not declared as application/json; a missing Content-Type is always fine, as in the vendor's samples
    #[arg(long)]
    pub strict_content_type: bool,

    /// Let jobs of one type, mail services, groups and templates have the same name
    #[arg(long)]
    pub duplicate_names: bool,

    /// Take any job type, not only the five known ones
    #[arg(long)]
    pub open_job_types: bool,

    /// Whether a cron rule needs ? in exactly one of its two day fields
    #[arg(long, value_enum, default_value_t)]
    pub day_fields: DayFields,

    /// Whether a scheduler stays in standby when its portal restarts
    #[arg(long, default_value_t = false, action = ArgAction::Set, value_name = "BOOL")]
    pub standby_survives_restart: bool,

    /// Whether a new mail service runs
    #[arg(long, value_enum, default_value_t)]
    pub new_mail_service: NewMailService,

    /// Which licences GET /{portal}/licenses tells: the portal's own, or all of the server
    #[arg(long, value_enum, default_value_t)]
    pub license_scope: LicenseScope,

    /// The shortest password of a user that the portal takes; an empty one is no password
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub min_password_length: u32,
}

/// What to do with keys that are not known, or cannot be written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum UnknownKeys {
    /// Nothing, without a word.
    #[default]
    Ignore,
    /// Refuse the call with 400.
    Refuse,
    /// Keep unknown ones and tell them again; ignore those that cannot be written.
    Keep,
}

/// What a cron rule needs in its day fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum DayFields {
    /// ? in exactly one, as Quartz does.
    #[default]
    Strict,
    /// Anything; * in both means every day.
    Lenient,
}

/// The state of a mail service that was just added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum NewMailService {
    /// Stopped.
    #[default]
    Stopped,
    /// Running.
    Running,
}

/// Which licences a portal's list tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LicenseScope {
    /// Those that the portal has a share of.
    #[default]
    Portal,
    /// All of the server, those of other portals with count 0.
    Server,
}
