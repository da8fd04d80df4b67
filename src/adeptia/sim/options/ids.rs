//! Switches for ids: as text or as number, field by field, for the documentation mixes the two without a rule.

use clap::{Args, ValueEnum};

/// How ids are written in answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "How it writes ids (docs: as the documentation has each)")]
pub struct Ids {
    /// invitationId; documented as text
    #[arg(id = "id-invitation", long = "id-invitation", value_enum, default_value_t)]
    pub invitation: IdStyle,

    /// Id of a user; documented as text
    #[arg(id = "id-user", long = "id-user", value_enum, default_value_t)]
    pub user: IdStyle,

    /// Partner in the roles of a user; documented as number
    #[arg(id = "id-role-partner", long = "id-role-partner", value_enum, default_value_t)]
    pub role_partner: IdStyle,

    /// Role in the roles of a user; documented as number
    #[arg(id = "id-role", long = "id-role", value_enum, default_value_t)]
    pub role: IdStyle,

    /// Id of a partner; taken to be text
    #[arg(id = "id-company", long = "id-company", value_enum, default_value_t)]
    pub company: IdStyle,

    /// Networks of a partner; documented as number
    #[arg(id = "id-network", long = "id-network", value_enum, default_value_t)]
    pub network: IdStyle,

    /// Row of a partner's parameter; documented as text
    #[arg(id = "id-row", long = "id-row", value_enum, default_value_t)]
    pub row: IdStyle,

    /// paramId of a partner's parameter; documented as text
    #[arg(id = "id-parameter", long = "id-parameter", value_enum, default_value_t)]
    pub parameter: IdStyle,

    /// Id of a linkage; taken to be text
    #[arg(id = "id-linkage", long = "id-linkage", value_enum, default_value_t)]
    pub linkage: IdStyle,

    /// Partner and template of a linkage; documented as number
    #[arg(id = "id-linked", long = "id-linked", value_enum, default_value_t)]
    pub linked: IdStyle,
}

/// How an id is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum IdStyle {
    /// As the documentation has it.
    #[default]
    Docs,
    /// "11567413236623"
    String,
    /// 11567413236623
    Number,
}
