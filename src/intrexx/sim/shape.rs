//! The shape of what callers send: which keys there are, of what type, and who may write them; and how a change is laid over what is
//! there.

use serde_json::Value;

use crate::intrexx::sim::answer::Refusal;
use crate::intrexx::sim::options::behaviour::UnknownKeys;
use crate::intrexx::sim::portal::fields;
use crate::intrexx::sim::store::Fields;

/// One key, by its path with dots.
pub(super) struct Field {
    pub path: &'static str,
    pub kind: Kind,
    pub access: Access,
}

/// The type of a value.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A text, which may be blank.
    Text,
    /// A text that is not blank.
    Name,
    /// A whole number within these bounds, as a number or as a text.
    Int(i64, i64),
    /// true or false
    Flag,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// An http or https URL.
    Url,
    /// An object with any keys; a change is laid over it.
    Open,
    /// A list of texts.
    Texts,
    /// A list of objects, checked elsewhere.
    Rules,
}

/// Who may write a key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Anyone, at any time.
    Free,
    /// Must be there at first, and can be changed.
    Required,
    /// Must be there at first, and cannot be changed.
    Fixed,
    /// Nobody: the server computes it.
    ReadOnly,
}

impl Field {
    pub const fn new(path: &'static str, kind: Kind) -> Self {
        Self { path, kind, access: Access::Free }
    }

    pub const fn required(path: &'static str, kind: Kind) -> Self {
        Self { path, kind, access: Access::Required }
    }

    pub const fn fixed(path: &'static str, kind: Kind) -> Self {
        Self { path, kind, access: Access::Fixed }
    }

    pub const fn read_only(path: &'static str) -> Self {
        Self { path, kind: Kind::Text, access: Access::ReadOnly }
    }
}

/// What a call does with the object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Makes it: what is required must be there.
    Create,
    /// Changes it: only what is there counts, and null takes a value away.
    Change,
}

/// Checks what was sent, and returns what of it counts, in the types that are stored.
pub(super) fn check(shape: &[Field], sent: &Fields, purpose: Purpose, unknown: UnknownKeys) -> Result<Fields, Refusal> {
    let checker = Checker { shape, purpose, unknown };
    let taken = checker.level("", sent)?;
    if purpose == Purpose::Create {
        let needed = |field: &&Field| matches!(field.access, Access::Required | Access::Fixed);
        if let Some(field) = shape.iter().filter(needed).find(|field| at(&taken, field.path).is_none_or(Value::is_null))
        {
            return Err(Refusal::bad(format!("{} is required", field.path)));
        }
    }
    Ok(taken)
}

struct Checker<'a> {
    shape: &'a [Field],
    purpose: Purpose,
    unknown: UnknownKeys,
}

impl Checker<'_> {
    fn level(&self, above: &str, sent: &Fields) -> Result<Fields, Refusal> {
        let mut taken = Fields::new();
        for (key, value) in sent {
            let path = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
            if let Some(field) = self.shape.iter().find(|field| field.path == path) {
                if let Some(value) = self.leaf(field, value)? {
                    taken.insert(key.clone(), value);
                }
            } else if self.has_below(&path) {
                let Value::Object(inner) = value else {
                    return Err(Refusal::bad(format!("{path} must be an object")));
                };
                taken.insert(key.clone(), Value::Object(self.level(&path, inner)?));
            } else {
                match self.unknown {
                    UnknownKeys::Ignore => {}
                    UnknownKeys::Refuse => return Err(Refusal::bad(format!("{path} is not known"))),
                    UnknownKeys::Keep => _ = taken.insert(key.clone(), value.clone()),
                }
            }
        }
        Ok(taken)
    }

    fn has_below(&self, path: &str) -> bool {
        self.shape.iter().any(|field| field.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
    }

    /// The value as it is stored; none when it does not count.
    fn leaf(&self, field: &Field, value: &Value) -> Result<Option<Value>, Refusal> {
        let fixed = field.access == Access::Fixed && self.purpose == Purpose::Change;
        if fixed || field.access == Access::ReadOnly {
            return match self.unknown {
                UnknownKeys::Refuse => Err(Refusal::bad(format!("{} cannot be written", field.path))),
                UnknownKeys::Ignore | UnknownKeys::Keep => Ok(None),
            };
        }
        if value.is_null() {
            return match field.access {
                Access::Free => Ok(Some(Value::Null)),
                _ => Err(Refusal::bad(format!("{} must not be null", field.path))),
            };
        }
        typed(field.kind, value).map(Some).map_err(|needed| Refusal::bad(format!("{} must be {needed}", field.path)))
    }
}

/// The value in the type that is stored, or what it would have to be.
fn typed(kind: Kind, value: &Value) -> Result<Value, String> {
    let text = value.as_str();
    let fits = match kind {
        Kind::Text => text.is_some(),
        Kind::Name => text.is_some_and(|text| !text.trim().is_empty()),
        Kind::Flag => value.is_boolean(),
        Kind::OneOf(words) => text.is_some_and(|text| words.contains(&text)),
        Kind::Url => text.is_some_and(is_url),
        Kind::Open => value.is_object(),
        Kind::Texts => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
        Kind::Rules => value.as_array().is_some_and(|items| items.iter().all(Value::is_object)),
        Kind::Int(least, most) => {
            let number = value.as_i64().or_else(|| text?.parse().ok());
            return match number.filter(|number| (least..=most).contains(number)) {
                Some(number) => Ok(number.into()),
                None => Err(format!("a whole number from {least} to {most}")),
            };
        }
    };
    if fits { Ok(value.clone()) } else { Err(needed(kind)) }
}

fn needed(kind: Kind) -> String {
    match kind {
        Kind::Text => "a text".to_owned(),
        Kind::Name => "a text that is not blank".to_owned(),
        Kind::Int(..) => "a whole number".to_owned(),
        Kind::Flag => "true or false".to_owned(),
        Kind::OneOf(words) => format!("one of {}", words.join(", ")),
        Kind::Url => "an http or https URL".to_owned(),
        Kind::Open => "an object".to_owned(),
        Kind::Texts => "a list of texts".to_owned(),
        Kind::Rules => "a list of objects".to_owned(),
    }
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !rest.contains(char::is_whitespace))
}

/// The value at a path with dots.
pub(super) fn at<'a>(object: &'a Fields, path: &str) -> Option<&'a Value> {
    let mut keys = path.split('.');
    let first = object.get(keys.next()?)?;
    keys.try_fold(first, |value, key| value.get(key))
}

/// Takes the value at a path with dots out of an object.
pub(super) fn take(object: &mut Fields, path: &str) -> Option<Value> {
    match path.split_once('.') {
        None => object.remove(path),
        Some((outer, rest)) => take(object.get_mut(outer)?.as_object_mut()?, rest),
    }
}

/// Lays a change over what is there: objects key by key, null takes a key away, anything else replaces.
pub(super) fn merge(target: &mut Fields, change: Fields) {
    for (key, value) in change {
        match value {
            Value::Null => _ = target.remove(&key),
            Value::Object(inner) => {
                let mut below = target.remove(&key).map(fields).unwrap_or_default();
                merge(&mut below, inner);
                target.insert(key, Value::Object(below));
            }
            value => _ = target.insert(key, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SHAPE: [Field; 5] = [
        Field::required("name", Kind::Name),
        Field::fixed("type", Kind::OneOf(&["A", "B"])),
        Field::new("account.port", Kind::Int(1, 9)),
        Field::new("open", Kind::Open),
        Field::read_only("id"),
    ];

    fn told(sent: Value, purpose: Purpose, unknown: UnknownKeys) -> Result<Value, String> {
        check(&SHAPE, &fields(sent), purpose, unknown).map(Value::Object).map_err(|refusal| refusal.message)
    }

    #[test]
    fn takes_what_fits_and_says_what_does_not() {
        let created = |sent| told(sent, Purpose::Create, UnknownKeys::Ignore);
        let sent = json!({"name": "a", "type": "A", "account": {"port": "7", "x": 1}, "id": 5, "y": 1});
        assert_eq!(created(sent), Ok(json!({"name": "a", "type": "A", "account": {"port": 7}})));
        for (sent, message) in [
            (json!({"type": "A"}), "name is required"),
            (json!({"name": "a"}), "type is required"),
            (json!({"name": " ", "type": "A"}), "name must be a text that is not blank"),
            (json!({"name": "a", "type": "C"}), "type must be one of A, B"),
            (json!({"name": "a", "type": "A", "account": 1}), "account must be an object"),
            (
                json!({"name": "a", "type": "A", "account": {"port": 10}}),
                "account.port must be a whole number from 1 to 9",
            ),
            (json!({"name": null, "type": "A"}), "name must not be null"),
        ] {
            assert_eq!(created(sent), Err(message.to_owned()));
        }
    }

    #[test]
    fn unknown_and_fixed_keys_are_ignored_refused_or_kept() {
        let sent = json!({"type": "B", "x": 1});
        let changed = |unknown| told(sent.clone(), Purpose::Change, unknown);
        assert_eq!(changed(UnknownKeys::Ignore), Ok(json!({})));
        assert_eq!(changed(UnknownKeys::Keep), Ok(json!({"x": 1})));
        assert_eq!(changed(UnknownKeys::Refuse), Err("type cannot be written".to_owned()));
        let unknown = told(json!({"x": 1}), Purpose::Change, UnknownKeys::Refuse);
        assert_eq!(unknown, Err("x is not known".to_owned()));
    }

    #[test]
    fn a_change_is_laid_over_what_is_there() {
        let mut there = fields(json!({"a": {"b": 1, "c": 2}, "d": [1], "e": 1}));
        merge(&mut there, fields(json!({"a": {"b": 3}, "d": [2], "e": null, "f": {"g": null, "h": 1}})));
        assert_eq!(Value::Object(there), json!({"a": {"b": 3, "c": 2}, "d": [2], "f": {"h": 1}}));
    }
}
