//! What each call of the contract does.

pub mod applications;
pub mod groups;
pub mod jobs;
pub mod licenses;
pub mod mail;
pub mod pages;
pub mod portals;
pub mod rules;
pub mod scheduler;
pub mod session;
pub mod settings;
pub mod templates;
pub mod users;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::intrexx::sim::answer::Refusal;
use crate::intrexx::sim::options::Options;
use crate::intrexx::sim::options::answers::{Answers, GuidStyle, IdStyle};
use crate::intrexx::sim::portal::Portal;
use crate::intrexx::sim::shape::{self, Field, Purpose};
use crate::intrexx::sim::store::{Fields, Store};
use crate::intrexx::sim::upload::File;

/// One call on its way: the server's data, and what the caller sent.
pub(super) struct Call<'a> {
    pub store: &'a mut Store,
    /// The texts in place of the path's segments in braces; the first one is the portal's name where there is one.
    pub params: &'a [String],
    pub sent: Fields,
    pub files: Vec<File>,
    /// Whether a person does it in the product's own administration: at once, and without the Administration API.
    pub by_hand: bool,
}

impl Call<'_> {
    fn options(&self) -> &Options {
        &self.store.options
    }

    fn answers(&self) -> &Answers {
        &self.store.options.answers
    }

    fn now(&self) -> Timestamp {
        self.store.state.now()
    }

    /// A text of the path; blank when there is none, which no path of the table allows.
    fn param(&self, place: usize) -> &str {
        self.params.get(place).map_or("", String::as_str)
    }

    /// The portal that the path names.
    fn portal(&mut self) -> Result<&mut Portal, Refusal> {
        let name = self.params.first().cloned().unwrap_or_default();
        self.store.portal(&name).ok_or_else(|| not_configured(&name))
    }

    /// What was sent, checked.
    fn checked(&self, shape: &[Field], purpose: Purpose) -> Result<Fields, Refusal> {
        shape::check(shape, &self.sent, purpose, self.options().behaviour.unknown_keys)
    }

    fn new_guid(&mut self) -> String {
        self.store.state.new_guid()
    }
}

/// The refusal for a portal that the Administration API does not have.
pub(super) fn not_configured(name: &str) -> Refusal {
    Refusal::missing(format!("portal '{name}' is not configured"))
}

/// A GUID as answers write it.
fn guid(answers: &Answers, guid: &str) -> String {
    match answers.guid_style {
        GuidStyle::Upper => guid.to_ascii_uppercase(),
        GuidStyle::Lower => guid.to_ascii_lowercase(),
    }
}

/// The id of a user or a group as answers write it.
fn number(answers: &Answers, id: u64) -> Value {
    match answers.id_style {
        IdStyle::Number => json!(id),
        IdStyle::String => json!(id.to_string()),
    }
}

/// `defaults` with `fields` laid over them.
fn over(defaults: Value, fields: &Fields) -> Fields {
    let mut whole = crate::intrexx::sim::portal::fields(defaults);
    shape::merge(&mut whole, fields.clone());
    whole
}
