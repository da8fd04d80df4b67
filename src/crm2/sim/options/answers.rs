//! Switches of form: how the server writes what it answers.

use clap::{ArgAction, Args, ValueEnum};

/// The form of answers.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "How it writes its answers")]
pub struct Answers {
    /// Envelope of what /admin/ answers
    #[arg(long, value_enum, default_value_t = Envelope::Wrapped)]
    pub admin_envelope: Envelope,

    /// Envelope of what /contact answers
    #[arg(long, value_enum, default_value_t = Envelope::Wrapped)]
    pub contact_envelope: Envelope,

    /// Envelope of /contacts-users and /contact-users/{contactId}
    #[arg(long, value_enum, default_value_t = Envelope::Bare)]
    pub users_envelope: Envelope,

    /// Envelope of /oauth/
    #[arg(long, value_enum, default_value_t = Envelope::Bare)]
    pub oauth_envelope: Envelope,

    /// How POST /admin/reset-token tells the new token; the envelope of /admin/ does not matter to it
    #[arg(long, value_enum, default_value_t)]
    pub reset_token_shape: ResetTokenShape,

    /// Whether a single contact stands in an object of its own inside resultValue, as in older answers
    #[arg(long, value_enum, default_value_t)]
    pub contact_wrap: ContactWrap,

    /// What GET /contact answers for a contactId: a list of one, or the contact
    #[arg(long, value_enum, default_value_t)]
    pub contact_by_id: ContactById,

    /// What GET /contact answers when nothing fits
    #[arg(long, value_enum, default_value_t)]
    pub no_contact: NoContact,

    /// What GET /contact-users/{contactId} answers for a contact that is not there
    #[arg(long, value_enum, default_value_t)]
    pub no_users: NoContact,

    /// What the id of a contact is called in what /contact and /admin/ answer
    #[arg(long, value_enum, default_value_t = IdName::ContactId)]
    pub contact_id_name: IdName,

    /// What the id of a contact is called in /contacts-users
    #[arg(long, value_enum, default_value_t = IdName::Id)]
    pub users_id_name: IdName,

    /// Whether /contacts-users lists contacts without logins too
    #[arg(long, default_value_t = false, action = ArgAction::Set, value_name = "BOOL")]
    pub users_without_logins: bool,

    /// Whether /contact-users/{contactId} tells the users' permanent tokens
    #[arg(long)]
    pub users_tell_tokens: bool,

    /// How activity types are listed
    #[arg(long, value_enum, default_value_t)]
    pub activity_type_list: ActivityTypeList,

    /// Whether EMAIL, NOTE and TASK are listed
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub list_built_in_types: bool,

    /// What GET /admin/email-notifications answers when nothing is set
    #[arg(long, value_enum, default_value_t)]
    pub empty_get: EmptyGet,

    /// How a list of /admin/ without elements is written
    #[arg(long, value_enum, default_value_t)]
    pub empty_list: EmptyList,

    /// What a POST, PUT or DELETE of /admin/ answers beside /admin/reset-token
    #[arg(long, value_enum, default_value_t)]
    pub write_answer: WriteAnswer,

    /// Body of a failure
    #[arg(long, value_enum, default_value_t)]
    pub error_shape: ErrorShape,

    /// Answer failures with 200 when their body tells them, unless the token is at fault
    #[arg(long)]
    pub failures_with_200: bool,

    /// HTTP status of a token that is missing, unknown or too old: 401, 403 or 400
    #[arg(long, default_value_t = 401, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(400..404))]
    pub denied_status: u16,

    /// HTTP status for a permission that is lacking, or another's domain: 403 or 401
    #[arg(long, default_value_t = 403, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(401..404))]
    pub forbidden_status: u16,

    /// HTTP status of a parameter that is missing or wrong: 400, 422 or 500
    #[arg(long, default_value_t = 400, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(400..501))]
    pub invalid_status: u16,

    /// HTTP status of what is not there: 404, 400 or 410
    #[arg(long, default_value_t = 404, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(400..500))]
    pub missing_status: u16,

    /// HTTP status of what is there already: 409 or 400
    #[arg(long, default_value_t = 409, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(400..500))]
    pub duplicate_status: u16,

    /// Add fields to the answers that the documentation does not have
    #[arg(long)]
    pub extra_fields: bool,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            admin_envelope: Envelope::Wrapped,
            contact_envelope: Envelope::Wrapped,
            users_envelope: Envelope::Bare,
            oauth_envelope: Envelope::Bare,
            reset_token_shape: ResetTokenShape::default(),
            contact_wrap: ContactWrap::default(),
            contact_by_id: ContactById::default(),
            no_contact: NoContact::default(),
            no_users: NoContact::default(),
            contact_id_name: IdName::ContactId,
            users_id_name: IdName::Id,
            users_without_logins: false,
            users_tell_tokens: false,
            activity_type_list: ActivityTypeList::default(),
            list_built_in_types: true,
            empty_get: EmptyGet::default(),
            empty_list: EmptyList::default(),
            write_answer: WriteAnswer::default(),
            error_shape: ErrorShape::default(),
            failures_with_200: false,
            denied_status: 401,
            forbidden_status: 403,
            invalid_status: 400,
            missing_status: 404,
            duplicate_status: 409,
            extra_fields: false,
        }
    }
}

/// What an answer stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Envelope {
    /// `{"result": {"resultValue": …}}`.
    Wrapped,
    /// Nothing.
    Bare,
}

/// The answer of `POST /admin/reset-token`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ResetTokenShape {
    /// `{"result": {"resultValue": {"authToken": "…"}}}`.
    #[default]
    Object,
    /// `{"result": {"resultValue": "…"}}`.
    String,
    /// `{"authToken": "…"}`.
    Bare,
}

/// How a single contact is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ContactWrap {
    /// As it is.
    #[default]
    Flat,
    /// `{"contact": …}`.
    Nested,
}

/// The answer of `GET /contact` for a `contactId`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ContactById {
    /// A list.
    #[default]
    List,
    /// The contact.
    Object,
}

/// The answer when there is no contact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum NoContact {
    /// A list without elements.
    #[default]
    Empty,
    /// A failure.
    NotFound,
}

/// What an id is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum IdName {
    /// `contactId`.
    ContactId,
    /// `_id`.
    Id,
}

/// How activity types are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ActivityTypeList {
    /// As texts.
    #[default]
    Strings,
    /// As objects with `activityType`.
    Objects,
}

/// How it is told that nothing is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum EmptyGet {
    /// 200 with null.
    #[default]
    Null,
    /// 200 with an object without fields.
    Empty,
    /// 200 without a body.
    Blank,
    /// 404.
    NotFound,
}

/// A list without elements.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum EmptyList {
    /// `[]`.
    #[default]
    Array,
    /// null.
    Null,
    /// Nothing: a result without resultValue.
    Absent,
}

/// What a write answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum WriteAnswer {
    /// What was written, as far as it can be read.
    #[default]
    Value,
    /// null.
    Null,
    /// No body.
    Empty,
}

/// The body of a failure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ErrorShape {
    /// `error`, a text.
    #[default]
    Error,
    /// `errors`, a list of texts, with `message`.
    Errors,
    /// `errors`, a list of objects, with `message`.
    ErrorObjects,
    /// `errors`, an object, with `message`.
    ErrorMap,
    /// No body.
    Empty,
    /// A page for people.
    Html,
}
