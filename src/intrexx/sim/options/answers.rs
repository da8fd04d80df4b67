//! Switches of form: how the server writes what it answers.

use clap::{ArgAction, Args, ValueEnum};

/// The form of answers.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "How it writes its answers")]
pub struct Answers {
    /// How POST /auth hands out the token
    #[arg(long, value_enum, default_value_t)]
    pub token_style: TokenStyle,

    /// Body of a failure
    #[arg(long, value_enum, default_value_t)]
    pub error_style: ErrorStyle,

    /// HTTP status without a good token, and for a wrong name or password: 401 or 403
    #[arg(long, default_value_t = 401, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(401..404))]
    pub denied_status: u16,

    /// HTTP status for what is well formed and refused by the portal: 422 or 400
    #[arg(long, default_value_t = 422, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(400..500))]
    pub refused_status: u16,

    /// HTTP status for a name, login or key that is taken: 409, 422 or 400
    #[arg(long, default_value_t = 409, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(400..500))]
    pub taken_status: u16,

    /// HTTP status of a DELETE whose object is not there: 404, 410 or 204
    #[arg(long, default_value_t = 404, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(204..411))]
    pub gone_status: u16,

    /// HTTP status of a POST that created something: 201 or 200
    #[arg(long, default_value_t = 201, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(200..202))]
    pub created_status: u16,

    /// Whether a POST that created something answers with the object
    #[arg(long, value_enum, default_value_t)]
    pub created_body: CreatedBody,

    /// How Location is written
    #[arg(long, value_enum, default_value_t)]
    pub location_style: LocationStyle,

    /// Which creates have a Location; documented is that of users
    #[arg(long, value_enum, default_value_t)]
    pub locations: Locations,

    /// HTTP status of a PUT or PATCH: 200 with the object, or 204
    #[arg(long, default_value_t = 200, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(200..205))]
    pub write_status: u16,

    /// HTTP status of POST /{portal}/search/index: 202, 200 or 204
    #[arg(long, default_value_t = 202, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(200..205))]
    pub index_status: u16,

    /// What an import of applications answers
    #[arg(long, value_enum, default_value_t)]
    pub import_answer: ImportAnswer,

    /// How lists are written: as an array, or as an object with the array in it
    #[arg(long, value_enum, default_value_t)]
    pub list_style: ListStyle,

    /// What GET /portals tells of each portal: all, or only what a documented call implies (id, display_name, portal_path)
    #[arg(long, value_enum, default_value_t)]
    pub portal_list: PortalList,

    /// Whether GET /{portal}/settings tells more than the five documented fields: display_name, portal_path and so on
    #[arg(long, default_value_t = false, action = ArgAction::Set, value_name = "BOOL")]
    pub more_settings: bool,

    /// How the ids of users and groups are written: 6 or "6"
    #[arg(long, value_enum, default_value_t)]
    pub id_style: IdStyle,

    /// How GUIDs are written; they are compared without case
    #[arg(long, value_enum, default_value_t)]
    pub guid_style: GuidStyle,

    /// How an answer writes a password that is set: not at all, or as ***
    #[arg(long, value_enum, default_value_t)]
    pub passwords: Passwords,

    /// How GET /{portal}/mobile tells that there is no key; with 404, DELETE says 404 then too
    #[arg(long, value_enum, default_value_t)]
    pub unset_mobile_key: UnsetKey,

    /// Whether the list of jobs has their properties
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub list_job_properties: bool,

    /// How a job's type is written in answers: DATA_TRANSFER or data_transfer, as in the path
    #[arg(long, value_enum, default_value_t)]
    pub job_type_style: JobTypeStyle,

    /// Add fields to the answers that the documentation does not have
    #[arg(long)]
    pub extra_fields: bool,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            token_style: TokenStyle::default(),
            error_style: ErrorStyle::default(),
            denied_status: 401,
            refused_status: 422,
            taken_status: 409,
            gone_status: 404,
            created_status: 201,
            created_body: CreatedBody::default(),
            location_style: LocationStyle::default(),
            locations: Locations::default(),
            write_status: 200,
            index_status: 202,
            import_answer: ImportAnswer::default(),
            list_style: ListStyle::default(),
            portal_list: PortalList::default(),
            more_settings: false,
            id_style: IdStyle::default(),
            guid_style: GuidStyle::default(),
            passwords: Passwords::default(),
            unset_mobile_key: UnsetKey::default(),
            list_job_properties: true,
            job_type_style: JobTypeStyle::default(),
            extra_fields: false,
        }
    }
}

/// The answer of `POST /auth`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum TokenStyle {
    /// The token is the body.
    #[default]
    Raw,
    /// With white space around it.
    Padded,
    /// In double quotes, as a JSON text.
    Quoted,
    /// {"token": "..."}
    Token,
    /// {"access_token": "..."}
    AccessToken,
}

/// The body of a failure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ErrorStyle {
    /// JSON, the sentence under "message"
    #[default]
    Message,
    /// JSON, the sentence under "error"
    Error,
    /// JSON, the sentence under "detail"
    Detail,
    /// The sentence alone, as text.
    Text,
    /// A web server's page.
    Html,
    /// Nothing.
    Empty,
}

/// The body of the answer to a create.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum CreatedBody {
    /// The object.
    #[default]
    Full,
    /// Nothing.
    Empty,
}

/// The form of Location.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LocationStyle {
    /// sales/users/7
    #[default]
    Relative,
    /// /sales/users/7
    Rooted,
    /// http://host:port/sales/users/7
    Absolute,
}

/// Which creates have a Location.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Locations {
    /// All.
    #[default]
    All,
    /// Those of users and groups, whose ids nothing else tells.
    Users,
}

/// The answer to an import of applications. The import is done in each case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ImportAnswer {
    /// The status of a create, with a report.
    #[default]
    Created,
    /// 200 with a report.
    Ok,
    /// 202 without one: the portal goes on by itself.
    Accepted,
}

/// The form of lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ListStyle {
    /// [...]
    #[default]
    Array,
    /// {"jobs": [...]}
    Wrapped,
}

/// What the list of portals tells of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum PortalList {
    /// All that is thinkable.
    #[default]
    Full,
    /// id, display_name and portal_path
    Sparse,
}

/// How the ids of users and groups are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum IdStyle {
    /// 6
    #[default]
    Number,
    /// "6"
    String,
}

/// How GUIDs are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum GuidStyle {
    /// In upper case.
    #[default]
    Upper,
    /// In lower case.
    Lower,
}

/// How a password that is set is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Passwords {
    /// Not at all.
    #[default]
    Absent,
    /// "***"
    Stars,
}

/// How it is told that there is no mobile key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum UnsetKey {
    /// {"api_key": null}
    #[default]
    Null,
    /// {"api_key": ""}
    Blank,
    /// {}
    Absent,
    /// 404
    NotFound,
}

/// How a job's type is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum JobTypeStyle {
    /// DATA_TRANSFER
    #[default]
    Upper,
    /// data_transfer
    Lower,
}
