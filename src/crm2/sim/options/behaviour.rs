//! Switches of conduct: what the server does where several things are thinkable.

use clap::{ArgAction, Args, ValueEnum};

/// The conduct of the server.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "How it behaves")]
pub struct Behaviour {
    /// Where DELETE reads its parameters
    #[arg(long, value_enum, default_value_t)]
    pub delete_params: DeleteParams,

    /// Where POST and PUT read their parameters; POST /contact always reads JSON too
    #[arg(long, value_enum, default_value_t)]
    pub write_params: WriteParams,

    /// Whether GET reads a form body too, as one of the vendor's scripts sends it
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub get_body: bool,

    /// Name of the parameter of DELETE /contact: as everywhere, or as it is printed there
    #[arg(long, value_enum, default_value_t)]
    pub delete_contact_param: DeleteContactParam,

    /// Whether /admin/ lets temporary tokens in; /admin/reset-token never does
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub temporary_on_admin: bool,

    /// Whether the user's temporary tokens die when the permanent one is reset
    #[arg(long, default_value_t = false, action = ArgAction::Set, value_name = "BOOL")]
    pub reset_ends_temporary: bool,

    /// Whether the calls outside /admin/ need CONTACT_VIEW or CONTACT_UPDATE
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub contact_permissions: bool,

    /// POST of a mailbox, an activity type or a Twitter user that is there already
    #[arg(long, value_enum, default_value_t)]
    pub duplicate_post: DuplicatePost,

    /// POST /admin/user of a login that the contact has already
    #[arg(long, value_enum, default_value_t)]
    pub repeated_login: Repeated,

    /// POST /admin/user of a login that another contact of the domain has
    #[arg(long, value_enum, default_value_t)]
    pub taken_login: TakenLogin,

    /// POST /admin/user-contact of a login that a contact of the domain has
    #[arg(long, value_enum, default_value_t)]
    pub taken_user: TakenUser,

    /// POST /admin/user-permission of a permission that the user has already
    #[arg(long, value_enum, default_value_t)]
    pub repeated_permission: Repeated,

    /// Whom a user id means for /admin/user-permission when logins of two types have it
    #[arg(long, value_enum, default_value_t)]
    pub ambiguous_user: AmbiguousUser,

    /// DELETE of what is not there
    #[arg(long, value_enum, default_value_t)]
    pub missing_delete: MissingDelete,

    /// PUT /admin/email-to-poll of a mailbox that is not there
    #[arg(long, value_enum, default_value_t)]
    pub missing_put: MissingPut,

    /// What becomes of parameters that a POST or PUT of a mail account leaves out, the password among them
    #[arg(long, value_enum, default_value_t)]
    pub partial_mailbox: Partial,

    /// What becomes of names that PUT /contact leaves out
    #[arg(long, value_enum, default_value_t)]
    pub partial_contact: Partial,

    /// Whether POST /contact changes a contact that has the same attributes instead of making another, as in 2013
    #[arg(long, default_value_t = false, action = ArgAction::Set, value_name = "BOOL")]
    pub contact_upsert: bool,

    /// Whether smtps is a protocol
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub accept_smtps: bool,

    /// Whether a mail account is tried out before it is taken: never, slowly, or refused unless it is at Gmail with another password
    /// than "wrong"
    #[arg(long, value_enum, default_value_t)]
    pub validate_mailbox: ValidateMailbox,

    /// How DELETE reads the name of an activity type
    #[arg(long, value_enum, default_value_t)]
    pub delete_type_case: TypeCase,

    /// Whether EMAIL, NOTE and TASK can be removed
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub removable_types: bool,

    /// Whether the ids of users, names of mailboxes and addresses differ by case
    #[arg(long, default_value_t = false, action = ArgAction::Set, value_name = "BOOL")]
    pub case_sensitive: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            delete_params: DeleteParams::default(),
            write_params: WriteParams::default(),
            get_body: true,
            delete_contact_param: DeleteContactParam::default(),
            temporary_on_admin: true,
            reset_ends_temporary: false,
            contact_permissions: true,
            duplicate_post: DuplicatePost::default(),
            repeated_login: Repeated::default(),
            taken_login: TakenLogin::default(),
            taken_user: TakenUser::default(),
            repeated_permission: Repeated::default(),
            ambiguous_user: AmbiguousUser::default(),
            missing_delete: MissingDelete::default(),
            missing_put: MissingPut::default(),
            partial_mailbox: Partial::default(),
            partial_contact: Partial::default(),
            contact_upsert: false,
            accept_smtps: true,
            validate_mailbox: ValidateMailbox::default(),
            delete_type_case: TypeCase::default(),
            removable_types: true,
            case_sensitive: false,
        }
    }
}

impl Behaviour {
    /// Whether two user ids, mailboxes or addresses are one.
    pub fn same(&self, one: &str, other: &str) -> bool {
        one == other || (!self.case_sensitive && one.to_lowercase() == other.to_lowercase())
    }
}

/// Where DELETE reads its parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum DeleteParams {
    /// In the query and in a form body.
    #[default]
    Both,
    /// In the query only.
    Query,
    /// In a form body only, as in the vendor's example.
    Body,
}

/// Where POST and PUT read their parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum WriteParams {
    /// In a form body only, as documented.
    #[default]
    Form,
    /// In the query, in a form body, and in a JSON object.
    Any,
}

/// The parameter of `DELETE /contact`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum DeleteContactParam {
    /// `contactId`.
    #[default]
    Camel,
    /// `contactid`.
    Lower,
}

/// A POST of what is there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum DuplicatePost {
    /// An activity type is no change; a mailbox and a Twitter user are refused.
    #[default]
    Mixed,
    /// Done: a mailbox or Twitter user is overwritten.
    Ok,
    /// Refused.
    Error,
}

/// What was done before, once more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Repeated {
    /// Fine, and nothing changes.
    #[default]
    Ok,
    /// Refused.
    Error,
}

/// A login that another contact has, for one that is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum TakenLogin {
    /// Refused.
    #[default]
    Error,
    /// Moves over.
    Move,
}

/// A login that a contact has, for a new one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum TakenUser {
    /// Refused.
    #[default]
    Error,
    /// A second contact with the same login.
    Second,
}

/// Whom a user id means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum AmbiguousUser {
    /// The oldest contact with such a login.
    #[default]
    First,
    /// All of them.
    All,
    /// Nobody: refused.
    Error,
}

/// Removing what is not there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum MissingDelete {
    /// Refused.
    #[default]
    Error,
    /// Fine.
    Ok,
}

/// Changing a mailbox that is not there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum MissingPut {
    /// Refused.
    #[default]
    Error,
    /// Made.
    Create,
}

/// What becomes of what is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Partial {
    /// It stays.
    #[default]
    Keep,
    /// It is cleared.
    Clear,
}

/// Whether mail accounts are tried out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ValidateMailbox {
    /// Never.
    #[default]
    None,
    /// It takes time.
    Delay,
    /// Other hosts than Gmail's, no password, and the password "wrong" are refused.
    Reject,
}

/// How the name of an activity type is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum TypeCase {
    /// In upper case.
    #[default]
    Upper,
    /// As it is.
    Exact,
}
