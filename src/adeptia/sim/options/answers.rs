//! Switches of form: how the server writes what it answers.

use clap::{ArgAction, Args, ValueEnum};

/// The form of answers.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "How it writes its answers")]
pub struct Answers {
    /// Body of a failure
    #[arg(long, value_enum, default_value_t)]
    pub error_shape: ErrorShape,

    /// HTTP status of a failure: that of its cause, 200 or 500; that of a login or token is never changed
    #[arg(long, value_enum, default_value_t)]
    pub error_http: ErrorHttp,

    /// HTTP status for a name or an address that is taken
    #[arg(long, default_value_t = 409, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(400..500))]
    pub taken_status: u16,

    /// HTTP status of what was created: 200 or 201
    #[arg(long, default_value_t = 200, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(200..202))]
    pub created_status: u16,

    /// How lists are written: {"IndigoUser": [...]}, or as an array
    #[arg(long, value_enum, default_value_t)]
    pub list_wrap: ListWrap,

    /// What the calls answer whose answers are not documented (activate, deactivate, delete, revoke, convert, import)
    #[arg(long, value_enum, default_value_t)]
    pub deed_answer: DeedAnswer,

    /// Whether GET of a user and the list of users have a status
    #[arg(long, default_value_t = false, action = ArgAction::Set, value_name = "BOOL")]
    pub user_status: bool,

    /// Have the users of partners in the list of users
    #[arg(long)]
    pub list_partner_users: bool,

    /// Whether partners can be read, one by one and as a list
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub get_company: bool,

    /// Whether a create or change of a partner is answered with the partner; else as what is not documented
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub company_answer: bool,

    /// What GET of a partner tells of its parameters
    #[arg(long, value_enum, default_value_t)]
    pub get_parameters: Parameters,

    /// What the answer to a change of a partner tells of its parameters
    #[arg(long, value_enum, default_value_t)]
    pub changed_parameters: Parameters,

    /// How the value of a parameter of the type Password is written
    #[arg(long, value_enum, default_value_t)]
    pub password_values: PasswordValues,

    /// Whether a grant is answered with the id of the linkage
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub linkage_id_in_answer: bool,

    /// How the state of an import is told: {"status": WORD}, or as the word alone
    #[arg(long, value_enum, default_value_t)]
    pub import_status: ImportStatus,

    /// The word for: there was no import yet
    #[arg(long, default_value = "NotStarted", value_name = "WORD")]
    pub import_none: String,

    /// The word for an import under way
    #[arg(long, default_value = "InProgress", value_name = "WORD")]
    pub import_running: String,

    /// The word for an import that is done
    #[arg(long, default_value = "Success", value_name = "WORD")]
    pub import_done: String,

    /// The word for an import that failed
    #[arg(long, default_value = "Failed", value_name = "WORD")]
    pub import_failed: String,

    /// Add fields to the answers that the documentation does not have
    #[arg(long)]
    pub extra_fields: bool,
}

impl Default for Answers {
    fn default() -> Self {
        let [none, running, done, failed] = ["NotStarted", "InProgress", "Success", "Failed"].map(str::to_owned);
        Self {
            error_shape: ErrorShape::default(),
            error_http: ErrorHttp::default(),
            taken_status: 409,
            created_status: 200,
            list_wrap: ListWrap::default(),
            deed_answer: DeedAnswer::default(),
            user_status: false,
            list_partner_users: false,
            get_company: true,
            company_answer: true,
            get_parameters: Parameters::default(),
            changed_parameters: Parameters::default(),
            password_values: PasswordValues::default(),
            linkage_id_in_answer: true,
            import_status: ImportStatus::default(),
            import_none: none,
            import_running: running,
            import_done: done,
            import_failed: failed,
            extra_fields: false,
        }
    }
}

/// The body of a failure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ErrorShape {
    /// {"error": {"code": "...", "message": "..."}}
    #[default]
    Object,
    /// {"errors": [{"message": "..."}]}
    Errors,
    /// {"exception": "..."}
    Exception,
    /// {"message": "..."}
    Message,
    /// The sentence alone, as text.
    Text,
    /// A web server's page.
    Html,
}

/// The HTTP status of a failure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ErrorHttp {
    /// That of its cause.
    #[default]
    Mirror,
    /// 200
    #[value(name = "200")]
    Ok,
    /// 500
    #[value(name = "500")]
    ServerError,
}

/// The form of lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ListWrap {
    /// {"IndigoUser": [...]}
    #[default]
    Wrapped,
    /// [...]
    Bare,
}

/// The answer of calls whose answer is not documented.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum DeedAnswer {
    /// 200 without a body
    #[default]
    Empty,
    /// {}
    Object,
    /// {"status": "success"}
    Status,
    /// success, as text
    Text,
    /// 204
    NoContent,
}

/// What is told of a partner's parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Parameters {
    /// All, with the ids of their rows.
    #[default]
    WithIds,
    /// All, without the ids of their rows.
    WithoutIds,
    /// Nothing.
    Absent,
}

/// How the value of a parameter of the type Password is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum PasswordValues {
    /// "*****"
    #[default]
    Stars,
    /// Not at all.
    Absent,
    /// As it is.
    Plain,
}

/// How the state of an import is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ImportStatus {
    /// {"status": "..."}, with a message if it failed
    #[default]
    Object,
    /// The word alone, as text.
    Text,
}
