//! Switches of conduct: what the server does where several things are thinkable.

use clap::{ArgAction, Args, ValueEnum};

/// The conduct of the server.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "How it behaves")]
pub struct Behaviour {
    /// Whether it refuses broken JSON, such as two examples of the vendor's page; else it mends what it can
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub strict_json: bool,

    /// Whether it refuses a body that is not declared as application/json
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub strict_content_type: bool,

    /// Whether it refuses an id as text where the documentation has a number, and the other way round
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub strict_ids: bool,

    /// Whether it refuses a new user without roleId; null is what the documentation sends
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub role_id_required: bool,

    /// Take passwords that do not follow the rule: 8 characters, with upper and lower case, digit and symbol
    #[arg(long)]
    pub weak_passwords: bool,

    /// What an invitation to somebody does who is a user already
    #[arg(long, value_enum, default_value_t)]
    pub known_invitee: KnownInvitee,

    /// What is said of an invitation that was used already
    #[arg(long, value_enum, default_value_t)]
    pub used_invitation: UsedInvitation,

    /// What PUT of a user does with what is left out
    #[arg(long, value_enum, default_value_t)]
    pub user_update: UserUpdate,

    /// Let PUT of a user change the e-mail address
    #[arg(long)]
    pub email_change: bool,

    /// Refuse PUT of a user who is active
    #[arg(long)]
    pub user_update_needs_inactive: bool,

    /// What activating the active does, and deactivating the inactive
    #[arg(long, value_enum, default_value_t = Repeat::NoOp)]
    pub repeat_activation: Repeat,

    /// Whether only a deactivated user can be deleted
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub delete_user_needs_inactive: bool,

    /// Whether only a deactivated partner can be deleted
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub delete_partner_needs_inactive: bool,

    /// What deleting or revoking something does that is not there
    #[arg(long, value_enum, default_value_t = Repeat::Refuse)]
    pub absent_deletion: Repeat,

    /// Whether a partner's name must be its own
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub unique_names: bool,

    /// What PUT of a partner does with what is left out
    #[arg(long, value_enum, default_value_t)]
    pub company_update: CompanyUpdate,

    /// Refuse changes of a partner that is active, other than its deactivation
    #[arg(long)]
    pub partner_update_needs_inactive: bool,

    /// The status of a partner or user that is deactivated; 200 is active
    #[arg(long, default_value_t = 201, value_name = "CODE")]
    pub inactive_status: u32,

    /// What a negative id does for a parameter that the partner has already
    #[arg(long, value_enum, default_value_t)]
    pub negative_id: NegativeId,

    /// What happens to a partner's parameters that are left out of the array
    #[arg(long, value_enum, default_value_t)]
    pub left_out_rows: LeftOutRows,

    /// Grant templates to external partners only
    #[arg(long)]
    pub grant_needs_external: bool,

    /// Whether a template must be active, and in a network of the partner, to be granted
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub grant_checks: bool,

    /// What granting once more does
    #[arg(long, value_enum, default_value_t = Repeat::Refuse)]
    pub repeat_grant: Repeat,

    /// What converting an external partner does: refuse it, or make one more user of the partner
    #[arg(long, value_enum, default_value_t)]
    pub repeat_conversion: RepeatConversion,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            strict_json: true,
            strict_content_type: true,
            strict_ids: true,
            role_id_required: true,
            weak_passwords: false,
            known_invitee: KnownInvitee::default(),
            used_invitation: UsedInvitation::default(),
            user_update: UserUpdate::default(),
            email_change: false,
            user_update_needs_inactive: false,
            repeat_activation: Repeat::NoOp,
            delete_user_needs_inactive: true,
            delete_partner_needs_inactive: true,
            absent_deletion: Repeat::Refuse,
            unique_names: true,
            company_update: CompanyUpdate::default(),
            partner_update_needs_inactive: false,
            inactive_status: 201,
            negative_id: NegativeId::default(),
            left_out_rows: LeftOutRows::default(),
            grant_needs_external: false,
            grant_checks: true,
            repeat_grant: Repeat::Refuse,
            repeat_conversion: RepeatConversion::default(),
        }
    }
}

/// What is done with a call that would change nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Repeat {
    /// Nothing, and it is a success.
    NoOp,
    /// It is refused.
    Refuse,
}

/// What an invitation to a user does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum KnownInvitee {
    /// The address is listed under "303", with an invitation that cannot be used; no mail goes out.
    #[default]
    Listed,
    /// The address is listed under "303", without an invitation; no mail goes out.
    ListedOnly,
    /// The call is refused.
    Refused,
    /// The mail goes out; the invitation cannot be used.
    Mailed,
}

/// What is said of an invitation that was used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum UsedInvitation {
    /// 409: it was used already.
    #[default]
    Used,
    /// 404: there is no such invitation.
    Missing,
    /// 409: the address is taken.
    Taken,
}

/// What a PUT of a user does with what is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum UserUpdate {
    /// It is blank from then on: the body is the whole user.
    #[default]
    Replace,
    /// It stays.
    Merge,
    /// The call is refused.
    Refuse,
}

/// What a PUT of a partner does with what is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum CompanyUpdate {
    /// It stays.
    #[default]
    Merge,
    /// It is blank from then on, and a name is needed; parameters and what conversion did stay.
    Replace,
}

/// What a negative id does for a parameter that has a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum NegativeId {
    /// A second row of the parameter is made.
    #[default]
    Doubles,
    /// The row is changed.
    Replaces,
    /// The call is refused.
    Refused,
}

/// What happens to rows that are left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LeftOutRows {
    /// They stay.
    #[default]
    Kept,
    /// They go.
    Removed,
}

/// What converting a partner does that is external already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum RepeatConversion {
    /// It is refused.
    #[default]
    Refuse,
    /// One more user is made, and it counts as one more conversion.
    Again,
}
