//! Reading what was sent, field by field, and writing ids.

use serde_json::{Map, Value, json};

use crate::adeptia::sim::answer::Refusal;
use crate::adeptia::sim::options::Options;
use crate::adeptia::sim::options::ids::{IdStyle, Ids};

/// What an id stands for, which decides how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IdOf {
    Invitation,
    User,
    RolePartner,
    Role,
    Company,
    Network,
    Row,
    Parameter,
    Linkage,
    /// Partner and template of a linkage.
    Linked,
    /// The partner of a conversion, which no answer has.
    Converted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Number,
}

impl IdOf {
    /// How the documentation writes it in answers, and in what is sent.
    fn documented(self) -> (Form, Form) {
        match self {
            Self::Invitation => (Form::Text, Form::Number),
            Self::User | Self::Company | Self::Row | Self::Parameter | Self::Linkage | Self::Converted => {
                (Form::Text, Form::Text)
            }
            Self::RolePartner | Self::Role | Self::Network | Self::Linked => (Form::Number, Form::Number),
        }
    }

    fn style(self, ids: &Ids) -> IdStyle {
        match self {
            Self::Invitation => ids.invitation,
            Self::User => ids.user,
            Self::RolePartner => ids.role_partner,
            Self::Role => ids.role,
            Self::Company => ids.company,
            Self::Network => ids.network,
            Self::Row => ids.row,
            Self::Parameter => ids.parameter,
            Self::Linkage => ids.linkage,
            Self::Linked => ids.linked,
            Self::Converted => IdStyle::Docs,
        }
    }

    /// An id as answers write it.
    pub fn write(self, ids: &Ids, id: u64) -> Value {
        let form = match self.style(ids) {
            IdStyle::Docs => self.documented().0,
            IdStyle::String => Form::Text,
            IdStyle::Number => Form::Number,
        };
        match form {
            Form::Text => json!(id.to_string()),
            Form::Number => json!(id),
        }
    }

    /// Whether an id may be sent in this form: as documented, or as this installation writes it itself.
    fn may_be(self, options: &Options, form: Form) -> bool {
        let written = match self.style(&options.ids) {
            IdStyle::Docs => None,
            IdStyle::String => Some(Form::Text),
            IdStyle::Number => Some(Form::Number),
        };
        !options.behaviour.strict_ids || form == self.documented().1 || Some(form) == written
    }

    /// The digits of an id that was sent, with its sign.
    pub fn read(self, options: &Options, value: &Value, name: &str) -> Result<String, Refusal> {
        let (form, digits) = match value {
            Value::String(text) => (Form::Text, text.clone()),
            // A number knows no sign before a zero.
            Value::Number(number) if number.as_f64() == Some(0.0) => (Form::Number, "0".to_owned()),
            Value::Number(number) => (Form::Number, number.to_string()),
            _ => return Err(Refusal::bad(format!("{name} must be an id"))),
        };
        if !self.may_be(options, form) {
            let wanted = if form == Form::Text { "a number, not a text" } else { "a text, not a number" };
            return Err(Refusal::bad(format!("{name} must be {wanted}")));
        }
        Ok(digits)
    }
}

/// An object that was sent, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Sent<'a> {
    fields: &'a Map<String, Value>,
    within: &'a str,
    options: &'a Options,
}

impl<'a> Sent<'a> {
    /// `value` as an object; `within` is what messages call it.
    pub fn of(options: &'a Options, value: &'a Value, within: &'a str) -> Result<Self, Refusal> {
        let fields = value.as_object().ok_or_else(|| Refusal::bad(format!("{within} must be an object")))?;
        Ok(Self { fields, within, options })
    }

    /// The object in the wrapper of its class.
    pub fn wrapped(options: &'a Options, value: &'a Value, class: &'a str) -> Result<Self, Refusal> {
        let inner = value.get(class).ok_or_else(|| Refusal::bad(format!("the body has no {class}")))?;
        Self::of(options, inner, class)
    }

    /// What messages call a field.
    pub fn name(&self, field: &str) -> String {
        format!("{}.{field}", self.within)
    }

    /// Whether a field is there, be it null.
    pub fn has(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }

    /// A field that is there, and not null.
    pub fn value(&self, field: &str) -> Option<&'a Value> {
        self.fields.get(field).filter(|value| !value.is_null())
    }

    /// A text, if it is there.
    pub fn text(&self, field: &str) -> Result<Option<&'a str>, Refusal> {
        let read = |value: &'a Value| value.as_str().ok_or_else(|| self.wrong(field, "a text"));
        self.value(field).map(read).transpose()
    }

    /// A yes or no, if it is there.
    pub fn flag(&self, field: &str) -> Result<Option<bool>, Refusal> {
        let read = |value: &Value| value.as_bool().ok_or_else(|| self.wrong(field, "true or false"));
        self.value(field).map(read).transpose()
    }

    /// A number, if it is there.
    pub fn number(&self, field: &str) -> Result<Option<u64>, Refusal> {
        let read = |value: &Value| value.as_u64().ok_or_else(|| self.wrong(field, "a number"));
        self.value(field).map(read).transpose()
    }

    /// An array, if it is there.
    pub fn items(&self, field: &str) -> Result<Option<&'a [Value]>, Refusal> {
        let read = |value: &'a Value| value.as_array().ok_or_else(|| self.wrong(field, "an array"));
        self.value(field).map(read).transpose().map(|items| items.map(Vec::as_slice))
    }

    /// A text that must be there, and not blank.
    pub fn needed_text(&self, field: &str) -> Result<&'a str, Refusal> {
        self.text(field)?.filter(|text| !text.trim().is_empty()).ok_or_else(|| self.missing(field))
    }

    /// An id that must be there.
    pub fn needed_id(&self, field: &str, of: IdOf) -> Result<u64, Refusal> {
        let digits = self.needed_digits(field, of)?;
        digits.parse().map_err(|_| self.wrong(field, "an id"))
    }

    /// The same, with its sign.
    pub fn needed_digits(&self, field: &str, of: IdOf) -> Result<String, Refusal> {
        of.read(self.options, self.value(field).ok_or_else(|| self.missing(field))?, &self.name(field))
    }

    /// The id of a stub such as `"partner": {"id": 1}`, which must be there.
    pub fn stub(&self, field: &str, of: IdOf) -> Result<u64, Refusal> {
        let name = self.name(field);
        let stub = self.value(field).ok_or_else(|| self.missing(field))?;
        Sent::of(self.options, stub, &name)?.needed_id("id", of)
    }

    /// The refusal for a field that is missing.
    pub fn missing(&self, field: &str) -> Refusal {
        Refusal::bad(format!("{} is missing", self.name(field)))
    }

    fn wrong(&self, field: &str, wanted: &str) -> Refusal {
        Refusal::bad(format!("{} must be {wanted}", self.name(field)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_as_documented_or_as_told() {
        let mut ids = Ids::default();
        assert_eq!(IdOf::Invitation.write(&ids, 7), json!("7"));
        assert_eq!(IdOf::RolePartner.write(&ids, 7), json!(7));
        (ids.invitation, ids.role_partner) = (IdStyle::Number, IdStyle::String);
        assert_eq!(IdOf::Invitation.write(&ids, 7), json!(7));
        assert_eq!(IdOf::RolePartner.write(&ids, 7), json!("7"));
    }

    #[test]
    fn ids_are_taken_in_their_documented_form_only_unless_told_otherwise() {
        let mut options = Options::default();
        let read = |options: &Options, of: IdOf, value| of.read(options, &value, "x").map_err(|error| error.message);
        assert_eq!(read(&options, IdOf::Invitation, json!(7)).as_deref(), Ok("7"));
        assert_eq!(read(&options, IdOf::Invitation, json!("7")), Err("x must be a number, not a text".to_owned()));
        assert_eq!(read(&options, IdOf::Row, json!(7)), Err("x must be a text, not a number".to_owned()));
        assert_eq!(read(&options, IdOf::Row, json!("-0")).as_deref(), Ok("-0"));
        options.ids.row = IdStyle::Number;
        assert_eq!(read(&options, IdOf::Row, json!(7)).as_deref(), Ok("7"));
        options.behaviour.strict_ids = false;
        assert_eq!(read(&options, IdOf::Invitation, json!("7")).as_deref(), Ok("7"));
        let negative: Value = serde_json::from_str("-0").unwrap();
        assert_eq!(read(&options, IdOf::Row, negative).as_deref(), Ok("0"));
    }
}
